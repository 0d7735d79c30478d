/* Segments, the task state and the interrupt vectors.  Source: Intel SDM 3A chapters 3, 6 and 8. */
#include "kernel/arch/x86_64/machine.h"

struct __attribute__((packed)) descriptor_pointer {
    uint16_t limit;
    uint64_t base;
};

struct gate {
    uint16_t offset_low, selector;
    uint8_t ist, type;
    uint16_t offset_middle;
    uint32_t offset_high, reserved;
};

#define GATES 256
extern const uint64_t trap_stubs[GATES]; /* trap.S */
extern char syscall_entry[];

#define GATE_INTERRUPT 0x8e /* present, ring 0, interrupts off */
#define GATE_USER 0xee      /* the same, for int3 from ring 3 */
#define BREAKPOINT 3

static struct gate idt[GATES]; /* written once, before other processors start */

static void fill_idt(void)
{
    for (unsigned i = 0; i < GATES; i++) {
        uint64_t at = trap_stubs[i];
        uint8_t ist = i == 2 ? IST_NMI : i == 8 ? IST_DOUBLE_FAULT : i == 18 ? IST_MACHINE_CHECK : 0;
        idt[i] = (struct gate){
            (uint16_t)at,         SELECTOR_KERNEL_CODE, ist, i == BREAKPOINT ? GATE_USER : GATE_INTERRUPT,
            (uint16_t)(at >> 16), (uint32_t)(at >> 32), 0};
    }
}

static void fill_gdt(struct cpu *c)
{
    uint64_t tss = (uint64_t)&c->tss;
    c->gdt[1] = 0x00af9b000000ffff; /* kernel code */
    c->gdt[2] = 0x00cf93000000ffff; /* kernel data */
    c->gdt[3] = 0;                  /* sysret's base: 32-bit code, which there is none of */
    c->gdt[4] = 0x00cff3000000ffff; /* user data */
    c->gdt[5] = 0x00affb000000ffff; /* user code */
    c->gdt[6] = (sizeof c->tss - 1) | (tss & 0xffffff) << 16 | 0x89ull << 40 | (tss >> 24 & 0xff) << 56;
    c->gdt[7] = tss >> 32;
}

void tables_load(struct cpu *c)
{
    if (c->index == 0) fill_idt();
    fill_gdt(c);
    for (unsigned i = 0; i < IST_COUNT; i++) c->tss.ist[i] = (uint64_t)c->ist[i] + IST_BYTES;
    c->tss.io_map = sizeof c->tss;
    c->tss.rsp[0] = c->stack_top;
    struct descriptor_pointer gdt = {sizeof c->gdt - 1, (uint64_t)c->gdt},
                              vectors = {sizeof idt - 1, (uint64_t)idt};
    __asm__ volatile("lgdt %0\n\t"
                     "pushq %1\n\t"
                     "leaq 1f(%%rip), %%rax\n\t"
                     "pushq %%rax\n\t"
                     "lretq\n"
                     "1:\n\t"
                     "movl %2, %%eax\n\t"
                     "movl %%eax, %%ds\n\t"
                     "movl %%eax, %%es\n\t"
                     "movl %%eax, %%ss\n\t"
                     "xorl %%eax, %%eax\n\t"
                     "movl %%eax, %%fs\n\t"
                     "movl %%eax, %%gs\n\t"
                     "movl %3, %%eax\n\t"
                     "ltr %%ax\n\t"
                     "lidt %4"
                     :
                     : "m"(gdt), "i"(SELECTOR_KERNEL_CODE), "i"(SELECTOR_KERNEL_DATA), "i"(SELECTOR_TSS),
                       "m"(vectors)
                     : "rax", "memory");
    write_msr(MSR_GS_BASE, (uint64_t)c);
    write_msr(MSR_KERNEL_GS_BASE, 0);
    write_msr(MSR_FS_BASE, 0);
    write_msr(MSR_EFER, read_msr(MSR_EFER) | 1); /* syscall */
    write_msr(MSR_STAR, (uint64_t)SELECTOR_KERNEL_CODE << 32 | 0x18ull << 48);
    write_msr(MSR_LSTAR, (uint64_t)syscall_entry);
    write_msr(MSR_CSTAR, 0);
    write_msr(MSR_SFMASK, 0x47700); /* TF IF DF IOPL NT AC off in the kernel */
}
