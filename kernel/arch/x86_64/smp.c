/* The other processors: started one by one, then each a CPU of the core. */
#include "base/mem.h"
#include "kernel/arch/x86_64/machine.h"

#define START_LIMIT_US 200000

extern char trampoline[], trampoline_end[], trampoline_gdt[], trampoline_long[];
extern uint32_t trampoline_gdt_base, trampoline_far;
extern uint64_t trampoline_cr3, trampoline_stack, trampoline_cpu;
extern uint32_t machine_panicking;

NORETURN void machine_cpu_start(struct cpu *c);

NORETURN void machine_cpu_start(struct cpu *c)
{
    tables_load(c);
    features_enable();
    apic_start();
    __atomic_store_n(&c->started, 1, __ATOMIC_SEQ_CST);
    while (__atomic_load_n(&machine.released, __ATOMIC_ACQUIRE) == 0) pause_cpu();
    write_cr3(machine.kernel_root); /* without the low half, by now */
    machine_begin();
}

/* A free page below 1 MiB; 0: none. */
static uint64_t low_page(void)
{
    const struct bootinfo_range *r = physical(machine.info.memory);
    for (uint64_t i = 0; i < machine.info.memory_count; i++) {
        uint64_t start = max_u64(r[i].start, PAGE_BYTES), end = min_u64(r[i].start + r[i].size, 0x9f000);
        if (r[i].kind == BOOTINFO_FREE && start + PAGE_BYTES <= end) return start;
    }
    return 0;
}

/* Where a part of the trampoline lies in its copy. */
static void *copied(uint64_t page, const void *part)
{
    return physical(page + (uint64_t)((const char *)part - trampoline));
}

static bool start(struct cpu *c, uint64_t page)
{
    memcpy(physical(page), trampoline, (size_t)(trampoline_end - trampoline));
    *(uint32_t *)copied(page, &trampoline_gdt_base) =
        (uint32_t)(page + (uint64_t)(trampoline_gdt - trampoline));
    *(uint32_t *)copied(page, &trampoline_far) = (uint32_t)(page + (uint64_t)(trampoline_long - trampoline));
    *(uint64_t *)copied(page, &trampoline_cr3) = machine.kernel_root;
    *(uint64_t *)copied(page, &trampoline_stack) = c->stack_top;
    *(uint64_t *)copied(page, &trampoline_cpu) = (uint64_t)c;
    apic_start_cpu(c->apic_id, (uint32_t)(page >> PAGE_SHIFT));
    for (unsigned i = 0; i < START_LIMIT_US / 100; i++) {
        if (__atomic_load_n(&c->started, __ATOMIC_ACQUIRE) != 0) return true;
        wait_us(100);
    }
    return false;
}

/* Start all, in order; a processor that does not come up, and those behind it, are not used. */
void cpus_start(void)
{
    uint64_t page = low_page();
    for (uint32_t i = 1; i < machine.cpu_count; i++) {
        if (page != 0 && machine.kernel_root < 1ull << 32 && start(machine.cpus[i], page)) continue;
        log_line("cpu: number %u (APIC %u) does not start", (uint64_t)i, (uint64_t)machine.cpus[i]->apic_id);
        machine.cpu_count = i;
    }
    machine.cpus[0]->started = 1;
}

/* They wait until everything is ready; then low memory, which only the start needed, is unmapped. */
void cpus_release(void)
{
    memset(physical(machine.kernel_root), 0, PAGE_BYTES / 2);
    write_cr3(machine.kernel_root);
    __atomic_store_n(&machine.released, 1, __ATOMIC_SEQ_CST);
}

void machine_stop_others(void)
{
    __atomic_store_n(&machine_panicking, 1, __ATOMIC_SEQ_CST);
    apic_send_nmi_to_others();
}

void arch_cpu_wake(struct machine *m, uint32_t cpu)
{
    apic_send(m->cpus[cpu]->apic_id, VECTOR_WAKE);
}
