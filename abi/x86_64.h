/* What is particular to x86-64 in the kernel's contract: the numbers of registers for debug-register. */
#ifndef ABI_X86_64_H
#define ABI_X86_64_H

enum x86_64_register {
    X86_64_RAX,
    X86_64_RBX,
    X86_64_RCX,
    X86_64_RDX,
    X86_64_RSI,
    X86_64_RDI,
    X86_64_RBP,
    X86_64_RSP,
    X86_64_R8,
    X86_64_R9,
    X86_64_R10,
    X86_64_R11,
    X86_64_R12,
    X86_64_R13,
    X86_64_R14,
    X86_64_R15,
    X86_64_RIP,
    X86_64_RFLAGS,
    X86_64_REGISTERS
};

#endif
