/* Physical memory before the core owns it: taken from the top of the largest free range; the rest goes to the core. */
#include "base/mem.h"
#include "kernel/arch/x86_64/machine.h"

#define LOW_LIMIT 0x100000 /* below it: left for the start of other processors */
#define DMA_BYTES (2ull << 20)

static const struct bootinfo_range *ranges(void)
{
    return physical(machine.info.memory);
}

void memory_start(void)
{
    const struct bootinfo_range *best = NULL, *r = ranges();
    for (uint64_t i = 0; i < machine.info.memory_count; i++) {
        if (r[i].kind != BOOTINFO_FREE || r[i].start < LOW_LIMIT) continue;
        machine.memory_bytes += r[i].size;
        if (best == NULL || r[i].size > best->size) best = &r[i];
    }
    if (best == NULL) machine_panic("there is no free memory");
    machine.bump = best->start;
    machine.bump_end = best->start + best->size;
}

uint64_t early_pages(uint64_t bytes)
{
    bytes = (bytes + PAGE_BYTES - 1) & ~(uint64_t)(PAGE_BYTES - 1);
    if (bytes > machine.bump_end - machine.bump) machine_panic("not enough memory to start: %u bytes", bytes);
    machine.bump_end -= bytes;
    memset(physical(machine.bump_end), 0, bytes);
    return machine.bump_end;
}

void memory_hand_over(void)
{
    const struct bootinfo_range *r = ranges();
    uint64_t dma = 0, total = 0;
    for (uint64_t i = 0; i < machine.info.memory_count; i++) {
        uint64_t start = r[i].start, end = start + r[i].size;
        if (r[i].kind != BOOTINFO_FREE || start < LOW_LIMIT) continue;
        if (start == machine.bump) {
            end = machine.bump_end;
            if (end - start >
                4 * DMA_BYTES) { /* the low end of the largest range, where every device reaches */
                dma = start;
                start += DMA_BYTES;
            }
        }
        if (end <= start) continue;
        kernel_add_memory(machine.kernel, (frame_number)(start / PAGE_BYTES),
                          (uint32_t)((end - start) / PAGE_BYTES));
        total += end - start;
    }
    if (dma != 0) kernel_add_dma(machine.kernel, (frame_number)(dma / PAGE_BYTES), DMA_BYTES / PAGE_BYTES);
    machine.bump = machine.bump_end;
    log_line("memory: %u KiB of %u KiB free", total / 1024, machine.memory_bytes / 1024);
}

/* Registers are reached through the direct map, which covers the first 4 GiB whatever lies there. */
void *map_device(uint64_t address, uint64_t bytes)
{
    if (address + bytes > 4ull << 30) machine_panic("device registers at %x are out of reach", address);
    return physical(address);
}
