/* In and out of the kernel.  machine.h has the invariants, layout.h the offsets.
 *
 * A word takes the short way: what C may change goes to the word frame, the rest stays in registers and on the kernel's stack, and is
 * saved only when another context is to run.  Everything else takes the long way: the hardware has pushed its frame at the end
 * of the context's save area, the stubs push the rest below it.
 *
 * The last page below 2^47 is never mapped, so the address behind a `syscall` is canonical and sysret cannot fault in the
 * kernel; contexts whose registers were set from outside leave by iretq. */
#include "kernel/arch/x86_64/layout.h"

    .text

/* Behind what the hardware and the stub have pushed: the registers from SAVE_RCX down to SAVE_R15. */
    .macro push_registers
    pushq %rcx
    pushq %r11
    pushq %rbx
    pushq %rbp
    pushq %r12
    pushq %r13
    pushq %r14
    pushq %r15
    .endm

/* A trap in the kernel itself that is never resumed: a report of what is on the stack. */
    .macro kernel_trap
    push_registers
    subq $8, %rsp
    movq %rsp, %rdi
    andq $-16, %rsp
    call machine_kernel_trap
    .endm

    .globl syscall_entry
    .balign 64
syscall_entry:
    swapgs
    movq %rsp, %gs:CPU_SCRATCH
    movq %gs:CPU_FRAME, %rsp
    movq %rax, FRAME_RAX(%rsp)
    movq %rdi, FRAME_RDI(%rsp)
    movq %rsi, FRAME_RSI(%rsp)
    movq %rdx, FRAME_RDX(%rsp)
    movq %r10, FRAME_R10(%rsp)
    movq %r8, FRAME_R8(%rsp)
    movq %r9, FRAME_R9(%rsp)
    movq %gs:CPU_STACK_TOP, %rsp
    pushq %rcx
    pushq %r11
    call machine_word
    cmpl %eax, %gs:CPU_CONTEXT
    jne switch_after_word
    movl $0, machine_lock(%rip)
    popq %r11
    popq %rcx
    movq %gs:CPU_FRAME, %rax
    movq FRAME_RDI(%rax), %rdi
    movq FRAME_RSI(%rax), %rsi
    movq FRAME_RDX(%rax), %rdx
    movq FRAME_R10(%rax), %r10
    movq FRAME_R8(%rax), %r8
    movq FRAME_R9(%rax), %r9
    movq FRAME_RAX(%rax), %rax
    movq %gs:CPU_SCRATCH, %rsp
    swapgs
    sysretq

/* eax: what the core answered.  The lock is held. */
switch_after_word:
    movq %gs:CPU_SAVE, %rdx
    popq SAVE_FLAGS(%rdx)
    popq SAVE_RIP(%rdx)
    movq %gs:CPU_SCRATCH, %rcx
    movq %rcx, SAVE_RSP(%rdx)
    movq %rbx, SAVE_RBX(%rdx)
    movq %rbp, SAVE_RBP(%rdx)
    movq %r12, SAVE_R12(%rdx)
    movq %r13, SAVE_R13(%rdx)
    movq %r14, SAVE_R14(%rdx)
    movq %r15, SAVE_R15(%rdx)
    movq $SAVE_WORD, SAVE_VECTOR(%rdx)
    movl %eax, %edi
    call machine_act

/* Run the context that cpu->frame and cpu->save describe. */
    .globl context_resume
    .balign 16
context_resume:
    movq %gs:CPU_SAVE, %rsp
    movq %gs:CPU_FRAME, %rdi
    movq FRAME_RAX(%rdi), %rax
    movq FRAME_RSI(%rdi), %rsi
    movq FRAME_RDX(%rdi), %rdx
    movq FRAME_R10(%rdi), %r10
    movq FRAME_R8(%rdi), %r8
    movq FRAME_R9(%rdi), %r9
    movq FRAME_RDI(%rdi), %rdi
    addq $SAVE_R15, %rsp
    popq %r15
    popq %r14
    popq %r13
    popq %r12
    popq %rbp
    popq %rbx
    cmpq $SAVE_WORD, SAVE_VECTOR - SAVE_R11(%rsp)
    jne 1f
    movq SAVE_FLAGS - SAVE_R11(%rsp), %r11
    movq SAVE_RIP - SAVE_R11(%rsp), %rcx
    movq SAVE_RSP - SAVE_R11(%rsp), %rsp
    swapgs
    sysretq
1:  popq %r11
    popq %rcx
    addq $16, %rsp
    swapgs
    iretq

/* ---- traps: the stub has pushed an error code and the vector ---- */
trap_common:
    testb $3, 24(%rsp)
    jz trap_in_kernel
    swapgs
    push_registers
    movq %gs:CPU_FRAME, %rcx
    movq %rax, FRAME_RAX(%rcx)
    movq %rdi, FRAME_RDI(%rcx)
    movq %rsi, FRAME_RSI(%rcx)
    movq %rdx, FRAME_RDX(%rcx)
    movq %r10, FRAME_R10(%rcx)
    movq %r8, FRAME_R8(%rcx)
    movq %r9, FRAME_R9(%rcx)
    movq %gs:CPU_SAVE, %rdi
    movq %gs:CPU_STACK_TOP, %rsp
    xorl %ebp, %ebp
    cld
    call machine_trap

/* From the kernel: an interrupt of an idle CPU, which begins anew on an empty stack; or a defect of the kernel's own. */
trap_in_kernel:
    cld
    cmpq $32, (%rsp)
    jb 1f
    movq (%rsp), %rdi
    movq %gs:CPU_STACK_TOP, %rsp
    xorl %ebp, %ebp
    call machine_idle_interrupt
1:  kernel_trap

/* The panicking CPU stops the others by NMI. */
trap_nmi:
    cmpl $0, machine_panicking(%rip)
    je 1f
2:  cli
    hlt
    jmp 2b
1:  addq $16, %rsp
    iretq

    .macro stub vector
    .balign 16
stub_\vector:
    .if \vector == 8 || (\vector >= 10 && \vector <= 14) || \vector == 17 || \vector == 21 || \vector == 29 || \vector == 30
    .else
    pushq $0
    .endif
    pushq $\vector
    .if \vector == 2
    jmp trap_nmi
    .elseif \vector == 8 || \vector == 18
    jmp 1b
    .else
    jmp trap_common
    .endif
    .endm

1:  cld /* double fault, machine check: never resumed */
    kernel_trap

    .altmacro
    .set i, 0
    .rept 256
    stub %i
    .set i, i + 1
    .endr

    .macro address vector
    .quad stub_\vector
    .endm

    .section .rodata
    .balign 8
    .globl trap_stubs
trap_stubs:
    .set i, 0
    .rept 256
    address %i
    .set i, i + 1
    .endr

/* ---- the start of another processor: copied to a page below 1 MiB, entered in real mode at its beginning ---- */
    .globl trampoline, trampoline_end, trampoline_cr3, trampoline_stack, trampoline_cpu, trampoline_gdt_base, trampoline_far, trampoline_long
    .globl trampoline_gdt
    .balign 16
    .code16
trampoline:
    cli
    cld
    movw %cs, %ax
    movw %ax, %ds
    lgdtl trampoline_gdt_pointer - trampoline
    movl $0xa0, %eax
    movl %eax, %cr4
    movl trampoline_cr3 - trampoline, %eax
    movl %eax, %cr3
    movl $0xc0000080, %ecx
    rdmsr
    orl $0x900, %eax
    wrmsr
    movl $0x80010033, %eax
    movl %eax, %cr0
    ljmpl *(trampoline_far - trampoline)
    .code64
trampoline_long:
    movq trampoline_stack(%rip), %rsp
    movq trampoline_cpu(%rip), %rdi
    xorl %ebp, %ebp
    movq $machine_cpu_start, %rax
    call *%rax
    .balign 8
trampoline_gdt:
    .quad 0
    .quad 0x00af9b000000ffff
    .quad 0x00cf93000000ffff
trampoline_gdt_pointer:
    .word 23
trampoline_gdt_base:
    .long 0
    .balign 8
trampoline_far:
    .long 0
    .word 8
    .balign 8
trampoline_cr3: .quad 0
trampoline_stack: .quad 0
trampoline_cpu: .quad 0
trampoline_end:
