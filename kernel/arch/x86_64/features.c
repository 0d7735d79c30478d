/* What the processor can do, and turning it on. */
#include "kernel/arch/x86_64/machine.h"

static bool bit(uint32_t word, unsigned n)
{
    return (word >> n & 1) != 0;
}

void features_find(void)
{
    struct features *f = &machine.features;
    uint32_t last = cpuid(0, 0).a, last_extended = cpuid(0x80000000u, 0).a;
    struct cpuid basic = cpuid(1, 0);
    f->pcid = bit(basic.c, 17);
    f->x2apic = bit(basic.c, 21);
    f->deadline = bit(basic.c, 24);
    f->rdrand = bit(basic.c, 30);
    if (last >= 7) {
        struct cpuid more = cpuid(7, 0);
        f->smep = bit(more.b, 7);
        f->smap = bit(more.b, 20);
        f->rdseed = bit(more.b, 18);
        f->umip = bit(more.c, 2);
    }
    if (last_extended >= 0x80000007u) f->invariant_tsc = bit(cpuid(0x80000007u, 0).d, 8);
}

/* The kernel reads no user memory through user addresses, so AC is never set in it and SMAP costs nothing. */
void features_enable(void)
{
    const struct features *f = &machine.features;
    uint64_t cr4 = read_cr4() & ~(CR4_FSGSBASE | CR4_OSXSAVE | CR4_PCIDE);
    cr4 |= CR4_PGE | CR4_OSFXSR | CR4_OSXMMEXCPT;
    if (f->smep) cr4 |= CR4_SMEP;
    if (f->smap) cr4 |= CR4_SMAP;
    if (f->umip) cr4 |= CR4_UMIP;
    write_cr4(cr4);
    write_cr0((read_cr0() & ~(CR0_EM | CR0_TS)) | CR0_MP | CR0_WP);
}
