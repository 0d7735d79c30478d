/* The kernel's first instructions: a stack, then C.  The loader left interrupts off and the boot information in rdi. */
    .section .text.entry, "ax"
    .globl kernel_entry
kernel_entry:
    leaq boot_stack_end(%rip), %rsp
    xorl %ebp, %ebp
    cld
    call machine_start
1:  hlt
    jmp 1b

    .section .bss.boot_stack, "aw", @nobits
    .balign 64
    .globl boot_stack
boot_stack:
    .skip 16384
boot_stack_end:
