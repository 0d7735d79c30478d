/* What the machine calls: bring-up and events. */
#include "kernel/include/kernel.h"
#include "kernel/core/arbiter.h"
#include "kernel/core/pebbles.h"
#include "kernel/core/capability.h"
#include "kernel/core/domain.h"
#include "kernel/core/frames.h"
#include "kernel/core/object.h"
#include "kernel/core/region.h"
#include "kernel/core/signal.h"
#include "kernel/core/words.h"

uint64_t kernel_bytes(void)
{
    return sizeof(struct kernel);
}

uint64_t kernel_initial_bytes(void)
{
    return __builtin_offsetof(struct kernel, heap);
}

/*@ requires \valid(k) && cpu < CORE_CPUS;
    assigns *k; */
static void cpu_init(struct kernel *k, uint32_t cpu)
{
    k->cpu[cpu].current = NONE;
    k->cpu[cpu].armed_ns = DEADLINE_NEVER;
    k->cpu[cpu].last_heap = DEADLINE_NEVER;
    /*@ loop invariant 0 <= i <= CORE_BANDS;
        loop assigns i, *k;
        loop variant CORE_BANDS - i; */
    for (uint32_t i = 0; i < CORE_BANDS; i++) {
        k->cpu[cpu].first[i] = NONE;
        k->cpu[cpu].last[i] = NONE;
    }
}

void kernel_init(struct kernel *k, struct machine *m, uint32_t cpus)
{
    k->machine = m;
    k->cpus = cpus < CORE_CPUS ? cpus : CORE_CPUS;
    k->root = NONE;
    k->frame_first = FRAME_NONE;
    k->dma_first = 0;
    k->dma_frames = 0;
    /*@ loop invariant 0 <= i <= OBJECT_KINDS;
        loop assigns i, *k;
        loop variant OBJECT_KINDS - i; */
    for (uint32_t i = 0; i < OBJECT_KINDS; i++) k->kind_free[i] = NONE;
    /*@ loop invariant 0 <= i <= ZONES;
        loop assigns i, *k;
        loop variant ZONES - i; */
    for (uint32_t i = 0; i < ZONES; i++) k->region_free[i] = NONE;
    k->capability_free = NONE;
    k->capability_high = 1;
    k->view_free = NONE;
    k->node_free = NONE;
    k->flow_free = NONE;
    k->message_free = NONE;
    k->monitor_free = NONE;
    k->dying_first = NONE;
    k->dying_last = NONE;
    /*@ loop invariant 0 <= i <= 3;
        loop assigns i, *k;
        loop variant 3 - i; */
    for (uint32_t i = 0; i < 3; i++) k->report[i].channel = NONE;
    /*@ loop invariant 0 <= i <= CORE_CPUS;
        loop assigns i, *k;
        loop variant CORE_CPUS - i; */
    for (uint32_t i = 0; i < CORE_CPUS; i++) cpu_init(k, i);
}

void kernel_add_memory(struct kernel *k, frame_number first, uint32_t frames)
{
    frames_add(k, first, frames);
}

void kernel_add_dma(struct kernel *k, frame_number first, uint32_t frames)
{
    k->dma_first = first;
    k->dma_frames = frames;
    frames_protect(k, first, frames);
}

bool kernel_protect(struct kernel *k, frame_number first, uint32_t frames)
{
    return frames_protect(k, first, frames);
}

/* A capability of the root to the one object behind all authorities. */
/*@ requires \valid(k);
    assigns *k; */
static void authority(struct kernel *k, uint32_t d, uint32_t kind, uint64_t base, uint64_t length)
{
    word_root(k, d, kind, BASE_MACHINE, base, length);
}

bool kernel_add_root(struct kernel *k)
{
    if (!STATE_BACK(k, object, BASE_MACHINE, 1) || !STATE_BACK(k, heap, 0, HEAP_SIZE) ||
        !capability_ready(k, BOOT_SLOT_REGIONS + 1))
        return false;
    uint32_t id = object_ready(k, OBJECT_DOMAIN);
    if (id >= CORE_DOMAINS || k->frames_free < 16) return false;
    k->object[BASE_MACHINE].generation = 1;
    k->object[BASE_MACHINE].kind = OBJECT_POLICY;
    k->object[BASE_MACHINE].owner = NONE;
    k->root = id;
    domain_make(k, id, NONE, (uint64_t)k->frames_free * PAGE_BYTES);
    trace_add(k, TRACE_BOOT, k->frames_free, k->cpus);
    if (k->domain[id].self != BOOT_SLOT_DOMAIN || k->capability_high != BOOT_SLOT_CONTEXT) return false;
    /* the place of the first context's capability is kept */
    k->capability_high = BOOT_SLOT_CONTEXT + 1;
    authority(k, id, OBJECT_SPAWN, 0, 0);
    authority(k, id, OBJECT_CODE, 0, 0);
    authority(k, id, OBJECT_POWER, 0, 0);
    authority(k, id, OBJECT_TIME, 0, 0);
    authority(k, id, OBJECT_LOG, 0, 0);
    authority(k, id, OBJECT_POLICY, 0, 0);
    authority(k, id, OBJECT_INTERRUPT, 0, CORE_INTERRUPTS);
    authority(k, id, OBJECT_PORTS, 0, CORE_PORTS);
    authority(k, id, OBJECT_MEMORY, 0, 1ull << 32);
    authority(k, id, OBJECT_DMA, k->dma_first, k->dma_frames);
    return k->capability_high == BOOT_SLOT_REGIONS;
}

bool kernel_add_context(struct kernel *k, uint64_t entry, uint64_t stack, uint64_t argument)
{
    uint32_t d = k->root;
    if (d >= CORE_DOMAINS || k->domain[d].context[0] < CORE_CONTEXTS || context_check(k, d, d) != STATUS_OK)
        return false;
    uint32_t c = context_make(k, d, 0, entry, stack, argument);
    if (c >= CORE_CONTEXTS) return false;
    k->capability[BOOT_SLOT_CONTEXT].generation = 1;
    k->capability[BOOT_SLOT_CONTEXT].next = k->capability_free;
    k->capability_free = BOOT_SLOT_CONTEXT;
    word_root(k, d, OBJECT_CONTEXT, BASE_CONTEXT + c, 0, 0);
    context_ready(k, c);
    return true;
}

bool kernel_add_region(struct kernel *k, page_number page, frame_number first, uint32_t pages,
                       uint32_t access)
{
    uint32_t d = k->root;
    if (d >= CORE_DOMAINS || k->capability_high != BOOT_SLOT_REGIONS + k->boot_regions ||
        !capability_ready(k, 1))
        return false;
    uint32_t region = region_place(k, page, pages, first);
    if (region >= CORE_REGIONS) return false;
    k->region[region].executable = (access & ACCESS_EXECUTE) != 0 ? 1 : 0;
    /* others may see it, write it only if it says so */
    region_change(k, region, (access & ACCESS_WRITE) != 0 ? OPERATION_COMMON : OPERATION_SHARE);
    if (view_check(k, d, region, false) != STATUS_OK) return false;
    uint32_t slot = word_root(k, d, OBJECT_REGION, BASE_REGION + region, 0, pages);
    if (slot >= CORE_CAPABILITIES) return false;
    view_make(k, d, region, slot, access, false);
    k->boot_regions++;
    return true;
}

/* ---- events ---- */

uint32_t kernel_begin(struct kernel *k, uint32_t cpu)
{
    k->active = cpu;
    if (cpu < CORE_CPUS) {
        k->cpu[cpu].online = 1;
        k->cpu[cpu].resched = 1;
    }
    return arbiter_next(k, cpu);
}

uint32_t kernel_word(struct kernel *k, uint32_t cpu)
{
    k->active = cpu;
    if (cpu < CORE_CPUS) word_run(k, k->cpu[cpu].current);
    return arbiter_next(k, cpu);
}

uint32_t kernel_fault(struct kernel *k, uint32_t cpu, uint32_t kind, uint64_t address, uint64_t at)
{
    k->active = cpu;
    if (cpu < CORE_CPUS && k->cpu[cpu].current < CORE_CONTEXTS)
        domain_fault(k, k->cpu[cpu].current, kind, address, at);
    return arbiter_next(k, cpu);
}

uint32_t kernel_interrupt(struct kernel *k, uint32_t cpu, uint32_t line)
{
    k->active = cpu;
    if (line < CORE_INTERRUPTS) {
        arch_interrupt_mask(k->machine, line);
        if (k->interrupt[line].bits != 0)
            signal_raise_object(k, k->interrupt[line].signal, k->interrupt[line].signal_life,
                                k->interrupt[line].bits);
    }
    return arbiter_next(k, cpu);
}

uint32_t kernel_timer(struct kernel *k, uint32_t cpu)
{
    k->active = cpu;
    arbiter_tick(k, cpu);
    return arbiter_next(k, cpu);
}

uint32_t kernel_wake(struct kernel *k, uint32_t cpu)
{
    k->active = cpu;
    if (cpu < CORE_CPUS) k->cpu[cpu].resched = 1;
    return arbiter_next(k, cpu);
}

uint32_t kernel_continue(struct kernel *k, uint32_t cpu)
{
    k->active = cpu;
    if (cpu < CORE_CPUS && k->cpu[cpu].current >= CORE_CONTEXTS) k->cpu[cpu].resched = 1;
    return arbiter_next(k, cpu);
}

/* ---- what a context is ---- */

struct word_frame *kernel_frame(struct kernel *k, uint32_t context)
{
    return &k->context[context < CORE_CONTEXTS ? context : 0].frame;
}

uint32_t kernel_domain(struct kernel *k, uint32_t context)
{
    return context < CORE_CONTEXTS ? k->context[context].domain : NONE;
}

uint64_t kernel_context_page_address(struct kernel *k, uint32_t context)
{
    return context < CORE_CONTEXTS ? k->context[context].page_address : 0;
}
