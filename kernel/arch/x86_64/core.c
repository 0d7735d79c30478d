/* struct kernel: a large sparse range of kernel addresses whose page tables are there from the beginning. */
#include "kernel/arch/x86_64/machine.h"

#define PRESENT 1ull
#define WRITABLE 2ull
#define GLOBAL 0x100ull
#define NO_EXECUTE (1ull << 63)
#define ENTRIES 512u

static uint64_t *entry_of(struct machine *m, uint64_t index)
{
    return &m->state_tables[index];
}

/* The lowest tables lie side by side, so that a page's entry is found by its index. */
static void make_tables(uint64_t bytes)
{
    uint64_t tables = (bytes / PAGE_BYTES + ENTRIES - 1) / ENTRIES;
    uint64_t lowest = early_pages(tables * PAGE_BYTES);
    uint64_t *root = physical(machine.kernel_root);
    uint64_t directories = (tables + ENTRIES - 1) / ENTRIES,
             directory = early_pages(directories * PAGE_BYTES);
    uint64_t pointers = early_pages(PAGE_BYTES);
    if (directories > ENTRIES) machine_panic("the kernel's state is too large: %u bytes", bytes);
    machine.state_tables = physical(lowest);
    for (uint64_t i = 0; i < tables; i++)
        ((uint64_t *)physical(directory))[i] = (lowest + i * PAGE_BYTES) | PRESENT | WRITABLE;
    for (uint64_t i = 0; i < directories; i++)
        ((uint64_t *)physical(pointers))[i] = (directory + i * PAGE_BYTES) | PRESENT | WRITABLE;
    root[KERNEL_STATE >> 39 & (ENTRIES - 1)] = pointers | PRESENT | WRITABLE;
}

bool arch_state_backed(struct machine *m, uint64_t index)
{
    return *entry_of(m, index) != 0;
}

void arch_state_back(struct machine *m, uint64_t index, frame_number frame)
{
    arch_frame_zero(m, frame);
    *entry_of(m, index) = (uint64_t)frame << PAGE_SHIFT | PRESENT | WRITABLE | GLOBAL | NO_EXECUTE;
}

void core_start(void)
{
    uint64_t initial = (kernel_initial_bytes() + PAGE_BYTES - 1) / PAGE_BYTES;
    machine.contexts = physical(early_pages(CORE_CONTEXTS * sizeof(struct context)));
    make_tables((kernel_bytes() + PAGE_BYTES - 1) & ~(uint64_t)(PAGE_BYTES - 1));
    uint64_t first = early_pages(initial * PAGE_BYTES);
    for (uint64_t i = 0; i < initial; i++)
        arch_state_back(&machine, i, (frame_number)(first / PAGE_BYTES + i));
    machine.kernel = (struct kernel *)KERNEL_STATE;
    kernel_init(machine.kernel, &machine, machine.cpu_count);
    log_line("core: %u KiB of state backed, %u contexts", initial * 4, (uint64_t)CORE_CONTEXTS);
}
