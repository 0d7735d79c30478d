/* Numbers that C and assembly share. */
#ifndef KERNEL_ARCH_X86_64_LAYOUT_H
#define KERNEL_ARCH_X86_64_LAYOUT_H

#define KERNEL_STACK_BYTES 16384

#define SELECTOR_KERNEL_CODE 0x08
#define SELECTOR_KERNEL_DATA 0x10
#define SELECTOR_USER_DATA 0x23
#define SELECTOR_USER_CODE 0x2b
#define SELECTOR_TSS 0x30

/* struct cpu */
#define CPU_SELF 0
#define CPU_FRAME 8
#define CPU_SAVE 16
#define CPU_STACK_TOP 24
#define CPU_SCRATCH 32
#define CPU_CONTEXT 40

/* struct word_frame */
#define FRAME_RAX 0
#define FRAME_RDI 8
#define FRAME_RSI 16
#define FRAME_RDX 24
#define FRAME_R10 32
#define FRAME_R8 40
#define FRAME_R9 48

/* struct save */
#define SAVE_R15 8
#define SAVE_R14 16
#define SAVE_R13 24
#define SAVE_R12 32
#define SAVE_RBP 40
#define SAVE_RBX 48
#define SAVE_R11 56
#define SAVE_RCX 64
#define SAVE_VECTOR 72
#define SAVE_ERROR 80
#define SAVE_RIP 88
#define SAVE_CS 96
#define SAVE_FLAGS 104
#define SAVE_RSP 112
#define SAVE_SS 120
#define SAVE_END 128

#define SAVE_WORD 0x100 /* in vector */
#define USER_FLAGS_MASK                                                                                      \
    0x240dd5 /* what a debugger may set of a context's flags: arithmetic, TF, DF, AC, ID */

#endif
