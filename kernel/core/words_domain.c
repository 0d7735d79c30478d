/* Words about domains, contexts, debugging and the arbiter. */
#include "kernel/core/arbiter.h"
#include "kernel/core/pebbles.h"
#include "kernel/core/capability.h"
#include "kernel/core/channel.h"
#include "kernel/core/domain.h"
#include "kernel/core/frames.h"
#include "kernel/core/page_map.h"
#include "kernel/core/object.h"
#include "kernel/core/reaper.h"
#include "kernel/core/region.h"
#include "kernel/core/signal.h"
#include "kernel/core/words.h"

/*@ requires \valid(k);
    assigns \nothing;
    ensures \result == NONE || \result < CORE_DOMAINS; */
static uint32_t domain_of(const struct kernel *k, uint32_t slot)
{
    uint32_t target = word_object(k, slot, OBJECT_DOMAIN);
    return target < CORE_DOMAINS ? target : NONE;
}

uint32_t word_DOMAIN_CREATE(struct kernel *k, uint32_t c, uint32_t d, uint32_t slot)
{
    uint64_t bytes = k->context[c].frame.arg[1];
    uint64_t least = COST_DOMAIN + COST_CAPABILITY + PAGE_BYTES;
    if (bytes < least || k->domain[d].free < COST_CAPABILITY || k->domain[d].free - COST_CAPABILITY < bytes)
        return STATUS_BUDGET;
    if (k->domain[d].depth + 1 >= DOMAIN_DEPTH) return STATUS_FULL;
    uint32_t id = object_ready(k, OBJECT_DOMAIN);
    if (id >= CORE_DOMAINS || !capability_ready(k, 2)) return STATUS_FULL;
    if (!frames_available(k, 1)) return STATUS_BUDGET;
    domain_make(k, id, d, bytes);
    k->context[c].frame.arg[0] = capability_handle(k, word_root(k, d, OBJECT_DOMAIN, id, 0, 0));
    return STATUS_OK;
}

uint32_t word_DOMAIN_VIEW(struct kernel *k, uint32_t c, uint32_t d, uint32_t slot)
{
    uint32_t target = domain_of(k, slot), from = NONE, made = NONE;
    if (target >= CORE_DOMAINS) return STATUS_KIND;
    uint64_t rights = k->context[c].frame.arg[2], access = rights & 7u;
    uint32_t status = word_capability(k, d, k->context[c].frame.arg[1], OBJECT_REGION, 0, &from);
    if (status != STATUS_OK) return status;
    uint32_t region = word_object(k, from, OBJECT_REGION);
    if (region >= CORE_REGIONS) return STATUS_DEAD;
    if (access == 0 || (rights & ~(uint64_t)capability_rights(k, from)) != 0) return STATUS_RIGHT;
    uint8_t state = k->region[region].state;
    bool open = k->region[region].boot != 0 || state == REGION_COMMON ||
                ((state == REGION_SHARED || state == REGION_STREAM) && (access & ACCESS_WRITE) == 0);
    if (!open) return STATUS_STATE;
    if (k->region[region].executable != 0 ? (access & ACCESS_WRITE) != 0 : (access & ACCESS_EXECUTE) != 0)
        return STATUS_STATE;
    status = view_check(k, target, region, false);
    if (status != STATUS_OK) return status;
    if (!view_affordable(k, target, region, region_view_charge(k, region) + COST_CAPABILITY))
        return STATUS_BUDGET;
    status = word_derive(k, from, target, rights, 0, 0, &made);
    if (status != STATUS_OK || made >= CORE_CAPABILITIES) return status;
    view_make(k, target, region, made, (uint32_t)access, false);
    k->context[c].frame.arg[0] = capability_handle(k, made);
    return STATUS_OK;
}

uint32_t word_DOMAIN_SUSPEND(struct kernel *k, uint32_t c, uint32_t d, uint32_t slot)
{
    uint32_t target = domain_of(k, slot);
    if (target >= CORE_DOMAINS) return STATUS_KIND;
    domain_suspend(k, target);
    return STATUS_OK;
}

uint32_t word_DOMAIN_RESUME(struct kernel *k, uint32_t c, uint32_t d, uint32_t slot)
{
    uint32_t target = domain_of(k, slot);
    if (target >= CORE_DOMAINS) return STATUS_KIND;
    domain_resume(k, target);
    return STATUS_OK;
}

uint32_t word_DOMAIN_KILL(struct kernel *k, uint32_t c, uint32_t d, uint32_t slot)
{
    uint32_t target = domain_of(k, slot);
    if (target >= CORE_DOMAINS) return STATUS_KIND;
    domain_end(k, target);
    return STATUS_OK;
}

uint32_t word_EXIT(struct kernel *k, uint32_t c, uint32_t d, uint32_t slot)
{
    trace_add(k, TRACE_EXIT, d, k->context[c].frame.arg[0]);
    domain_end(k, d);
    return STATUS_OK;
}

uint32_t word_DOMAIN_MONITOR(struct kernel *k, uint32_t c, uint32_t d, uint32_t slot)
{
    uint32_t target = domain_of(k, slot), s = NONE;
    if (target >= CORE_DOMAINS) return STATUS_KIND;
    uint64_t bit = k->context[c].frame.arg[2];
    uint32_t status = word_capability(k, d, k->context[c].frame.arg[1], OBJECT_SIGNAL, RIGHT_send, &s);
    if (status != STATUS_OK) return status;
    if (bit + MONITOR_EVENTS > 64) return STATUS_RANGE;
    if (!monitor_ready(k, target)) return STATUS_FULL;
    monitor_make(k, target, k->capability[s].object, k->capability[s].life, (uint32_t)bit);
    return STATUS_OK;
}

uint32_t word_DOMAIN_SUPERVISE(struct kernel *k, uint32_t c, uint32_t d, uint32_t slot)
{
    uint32_t target = domain_of(k, slot), channel = NONE;
    if (target >= CORE_DOMAINS) return STATUS_KIND;
    if (k->context[c].frame.arg[1] == HANDLE_NONE) {
        k->domain[target].supervisor = NONE;
        return STATUS_OK;
    }
    uint32_t status =
        word_capability(k, d, k->context[c].frame.arg[1], OBJECT_CHANNEL, RIGHT_receive, &channel);
    if (status != STATUS_OK) return status;
    k->domain[target].supervisor = k->capability[channel].object;
    k->domain[target].supervisor_life = k->capability[channel].life;
    return STATUS_OK;
}

uint32_t word_DOMAIN_INFO(struct kernel *k, uint32_t c, uint32_t d, uint32_t slot)
{
    uint32_t target = domain_of(k, slot);
    if (target >= CORE_DOMAINS) return STATUS_KIND;
    k->context[c].frame.arg[0] = (uint64_t)k->domain[target].state | (uint64_t)k->domain[target].suspended
                                                                         << 8;
    k->context[c].frame.arg[1] = k->domain[target].parent;
    k->context[c].frame.arg[2] = k->domain[target].cpu_ns;
    k->context[c].frame.arg[3] = k->domain[target].words;
    k->context[c].frame.arg[4] = k->domain[target].messages;
    k->context[c].frame.arg[5] = k->domain[target].faults;
    return STATUS_OK;
}

uint32_t word_DOMAIN_SCHEDULE(struct kernel *k, uint32_t c, uint32_t d, uint32_t slot)
{
    uint32_t s = NONE;
    uint64_t band = k->context[c].frame.arg[2], budget = k->context[c].frame.arg[3],
             period = k->context[c].frame.arg[4];
    uint32_t status = word_capability(k, d, k->context[c].frame.arg[1], OBJECT_DOMAIN, RIGHT_manage, &s);
    if (status != STATUS_OK) return status;
    uint32_t target = domain_of(k, s);
    if (target >= CORE_DOMAINS) return STATUS_DEAD;
    if (band >= CORE_BANDS || budget > period || (budget != 0 && period < 1000) || period > 1ull << 50)
        return STATUS_RANGE;
    k->domain[target].band = (uint8_t)band;
    k->domain[target].budget_ns = budget;
    k->domain[target].period_ns = period;
    k->domain[target].period_end_ns = 0;
    k->domain[target].period_used_ns = 0;
    return STATUS_OK;
}

uint32_t word_DOMAIN_VERIFIED(struct kernel *k, uint32_t c, uint32_t d, uint32_t slot)
{
    uint32_t s = NONE;
    uint32_t status = word_capability(k, d, k->context[c].frame.arg[1], OBJECT_DOMAIN, 0, &s);
    if (status != STATUS_OK) return status;
    uint32_t target = domain_of(k, s);
    if (target >= CORE_DOMAINS) return STATUS_DEAD;
    k->domain[target].verified = k->context[c].frame.arg[2] != 0 ? 1 : 0;
    return STATUS_OK;
}

uint32_t word_DOMAIN_STATUS(struct kernel *k, uint32_t c, uint32_t d, uint32_t slot)
{
    uint32_t target = NONE;
    uint32_t status = word_domain_behind(k, d, k->context[c].frame.arg[0], &target);
    if (status != STATUS_OK) return status;
    k->context[c].frame.arg[0] = target;
    k->context[c].frame.arg[1] = k->domain[target].verified;
    k->context[c].frame.arg[2] = k->domain[target].state;
    return STATUS_OK;
}

/* ---- faults ---- */

uint32_t word_DOMAIN_HANDLER(struct kernel *k, uint32_t c, uint32_t d, uint32_t slot)
{
    k->domain[d].handler_entry = k->context[c].frame.arg[0];
    k->domain[d].handler_stack = k->context[c].frame.arg[1];
    return STATUS_OK;
}

uint32_t word_HANDLER_RETURN(struct kernel *k, uint32_t c, uint32_t d, uint32_t slot)
{
    if (k->context[c].diverted == 0) return STATUS_STATE;
    k->context[c].diverted = 0;
    arch_context_return(k->machine, c, &k->context[c].frame);
    return WORD_BLOCKED;
}

/* ---- contexts ---- */

uint32_t word_CONTEXT_CREATE(struct kernel *k, uint32_t c, uint32_t d, uint32_t slot)
{
    uint32_t target = domain_of(k, slot);
    uint64_t cpu = k->context[c].frame.arg[1];
    if (target >= CORE_DOMAINS) return STATUS_KIND;
    if (cpu >= k->cpus || cpu >= CORE_CPUS || k->domain[target].context[cpu] < CORE_CONTEXTS)
        return STATUS_RANGE;
    uint32_t made = NONE;
    uint32_t status = context_check(k, target, d);
    if (status != STATUS_OK) return status;
    made = context_make(k, target, (uint32_t)cpu, k->context[c].frame.arg[2], k->context[c].frame.arg[3],
                        k->context[c].frame.arg[4]);
    if (made >= CORE_CONTEXTS) return STATUS_FULL;
    k->context[c].frame.arg[0] =
        capability_handle(k, word_root(k, d, OBJECT_CONTEXT, BASE_CONTEXT + made, 0, 0));
    k->context[c].frame.arg[1] = k->context[made].page_address;
    return STATUS_OK;
}

uint32_t word_CONTEXT_START(struct kernel *k, uint32_t c, uint32_t d, uint32_t slot)
{
    uint32_t target = word_object(k, slot, OBJECT_CONTEXT);
    if (target >= CORE_CONTEXTS) return STATUS_KIND;
    if (k->context[target].state != CONTEXT_STOPPED && k->context[target].state != CONTEXT_FAULTED)
        return STATUS_STATE;
    uint32_t cpu = k->context[target].cpu;
    if (cpu < CORE_CPUS && k->cpu[cpu].current == target) return STATUS_STATE;
    context_ready(k, target);
    return STATUS_OK;
}

uint32_t word_CONTEXT_STOP(struct kernel *k, uint32_t c, uint32_t d, uint32_t slot)
{
    uint32_t target = word_object(k, slot, OBJECT_CONTEXT);
    if (target >= CORE_CONTEXTS) return STATUS_KIND;
    uint8_t state = k->context[target].state;
    if ((state != CONTEXT_READY && state != CONTEXT_RUNNING) || k->context[target].pending != PENDING_NONE)
        return STATUS_STATE;
    if (target == c) k->context[c].frame.word = STATUS_OK;
    context_halt(k, target, CONTEXT_STOPPED);
    return target == c ? WORD_BLOCKED : STATUS_OK;
}

uint32_t word_CPU_COUNT(struct kernel *k, uint32_t c, uint32_t d, uint32_t slot)
{
    k->context[c].frame.arg[0] = k->cpus;
    return STATUS_OK;
}

/* ---- the arbiter ---- */

uint32_t word_YIELD(struct kernel *k, uint32_t c, uint32_t d, uint32_t slot)
{
    k->context[c].frame.word = STATUS_OK;
    arbiter_yield(k, k->context[c].cpu);
    return WORD_BLOCKED;
}

uint32_t word_YIELD_TO(struct kernel *k, uint32_t c, uint32_t d, uint32_t slot)
{
    uint32_t target = NONE, cpu = k->context[c].cpu;
    uint32_t status = word_domain_behind(k, d, k->context[c].frame.arg[0], &target);
    if (status != STATUS_OK) return status;
    uint32_t to = word_object(k, slot, OBJECT_CONTEXT);
    if (to >= CORE_CONTEXTS) to = cpu < CORE_CPUS ? k->domain[target].context[cpu] : NONE;
    if (to >= CORE_CONTEXTS || k->context[to].state != CONTEXT_READY || to == c) return STATUS_STATE;
    k->context[c].frame.word = STATUS_OK;
    return arbiter_hand_over(k, cpu, to) ? WORD_BLOCKED : STATUS_STATE;
}

/* ---- debugging ---- */

/* The frame behind an address of a suspended domain that stands still, for access of 8 aligned bytes. */
/*@ requires \valid(k) && d < CORE_DOMAINS && \valid(frame) && \separated(k, frame);
    assigns *frame; */
static uint32_t debug_frame(const struct kernel *k, uint32_t d, uint64_t address, bool write,
                            frame_number *frame)
{
    if (k->domain[d].suspended == 0 || domain_runs(k, d)) return STATUS_STATE;
    if (address % 8 != 0) return STATUS_RANGE;
    uint32_t v = view_find(k, d, address / PAGE_BYTES);
    uint32_t region = v < CORE_VIEWS ? k->view[v].region : NONE;
    if (region >= CORE_REGIONS || k->region[region].backing == BACKING_DEVICE) return STATUS_RANGE;
    if (write && (k->view[v].access & ACCESS_WRITE) == 0) return STATUS_RANGE;
    uint64_t page = address / PAGE_BYTES - k->region[region].page;
    frame_number found =
        k->region[region].shadowed != 0 ? page_map_get(k, region, MAP_SHADOW, page) : FRAME_NONE;
    if (found == FRAME_NONE) found = region_frame(k, region, page);
    if (found == FRAME_NONE) return STATUS_RANGE;
    *frame = found;
    return STATUS_OK;
}

uint32_t word_DEBUG_READ(struct kernel *k, uint32_t c, uint32_t d, uint32_t slot)
{
    uint32_t target = domain_of(k, slot);
    if (target >= CORE_DOMAINS) return STATUS_KIND;
    uint64_t address = k->context[c].frame.arg[1];
    frame_number frame = FRAME_NONE;
    uint32_t status = debug_frame(k, target, address, false, &frame);
    if (status == STATUS_OK)
        k->context[c].frame.arg[0] = arch_frame_read(k->machine, frame, (uint32_t)(address % PAGE_BYTES / 8));
    return status;
}

uint32_t word_DEBUG_WRITE(struct kernel *k, uint32_t c, uint32_t d, uint32_t slot)
{
    uint32_t target = domain_of(k, slot);
    if (target >= CORE_DOMAINS) return STATUS_KIND;
    uint64_t address = k->context[c].frame.arg[1];
    frame_number frame = FRAME_NONE;
    uint32_t status = debug_frame(k, target, address, true, &frame);
    if (status != STATUS_OK) return status;
    k->domain[target].verified = 0;
    arch_frame_write(k->machine, frame, (uint32_t)(address % PAGE_BYTES / 8), k->context[c].frame.arg[2]);
    return STATUS_OK;
}

/* The context of a suspended domain on a CPU; NONE. */
/*@ requires \valid(k) && d < CORE_DOMAINS;
    assigns \nothing;
    ensures \result == NONE || \result < CORE_CONTEXTS; */
static uint32_t debug_context(const struct kernel *k, uint32_t d, uint64_t cpu)
{
    if (cpu >= CORE_CPUS) return NONE;
    uint32_t found = k->domain[d].context[cpu];
    return found < CORE_CONTEXTS ? found : NONE;
}

uint32_t word_DEBUG_REGISTER(struct kernel *k, uint32_t c, uint32_t d, uint32_t slot)
{
    uint32_t target = domain_of(k, slot);
    if (target >= CORE_DOMAINS) return STATUS_KIND;
    if (k->domain[target].suspended == 0 || domain_runs(k, target)) return STATUS_STATE;
    uint32_t context = debug_context(k, target, k->context[c].frame.arg[1]);
    uint64_t index = k->context[c].frame.arg[2];
    if (context >= CORE_CONTEXTS || index > 0xffffu) return STATUS_RANGE;
    k->context[c].frame.arg[0] = arch_context_register(k->machine, context, (uint32_t)index);
    return STATUS_OK;
}

uint32_t word_DEBUG_SET_REGISTER(struct kernel *k, uint32_t c, uint32_t d, uint32_t slot)
{
    uint32_t target = domain_of(k, slot);
    if (target >= CORE_DOMAINS) return STATUS_KIND;
    if (k->domain[target].suspended == 0 || domain_runs(k, target)) return STATUS_STATE;
    uint32_t context = debug_context(k, target, k->context[c].frame.arg[1]);
    uint64_t index = k->context[c].frame.arg[2];
    if (context >= CORE_CONTEXTS || index > 0xffffu) return STATUS_RANGE;
    k->domain[target].verified = 0;
    arch_context_set_register(k->machine, context, (uint32_t)index, k->context[c].frame.arg[3]);
    return STATUS_OK;
}
