#include "kernel/core/domain.h"
#include "kernel/core/arbiter.h"
#include "kernel/core/pebbles.h"
#include "kernel/core/capability.h"
#include "kernel/core/channel.h"
#include "kernel/core/frames.h"
#include "kernel/core/page_map.h"
#include "kernel/core/object.h"
#include "kernel/core/page.h"
#include "kernel/core/reaper.h"
#include "kernel/core/region.h"
#include "kernel/core/signal.h"
#include "kernel/core/words.h"

/*@ requires \valid(k) && d < CORE_DOMAINS;
    assigns *k; */
static void domain_clear(struct kernel *k, uint32_t d)
{
    pebbles_found(k, d, 0);
    k->domain[d].child = NONE;
    k->domain[d].next = NONE;
    k->domain[d].prev = NONE;
    k->domain[d].capabilities = NONE;
    k->domain[d].capability_count = 0;
    k->domain[d].views = NONE;
    k->domain[d].objects = NONE;
    k->domain[d].monitors = NONE;
    k->domain[d].tables = 0;
    k->domain[d].supervisor = NONE;
    /*@ loop invariant 0 <= i <= CORE_CPUS;
        loop assigns i, *k;
        loop variant CORE_CPUS - i; */
    for (uint32_t i = 0; i < CORE_CPUS; i++) k->domain[d].context[i] = NONE;
    k->domain[d].suspended = 0;
    k->domain[d].verified = 0;
    k->domain[d].phase = PHASE_LIVE;
    k->domain[d].handler_entry = 0;
    k->domain[d].handler_stack = 0;
    k->domain[d].budget_ns = 0;
    k->domain[d].period_ns = 0;
    k->domain[d].period_end_ns = 0;
    k->domain[d].period_used_ns = 0;
    k->domain[d].cpu_ns = 0;
    k->domain[d].words = 0;
    k->domain[d].messages = 0;
    k->domain[d].faults = 0;
    k->domain[d].touched_ns = 0;
}

void domain_make(struct kernel *k, uint32_t d, uint32_t parent, uint64_t bytes)
{
    if (d >= CORE_DOMAINS) return;
    object_make(k, BASE_DOMAIN + d, OBJECT_DOMAIN, NONE);
    domain_clear(k, d);
    k->domain[d].parent = parent;
    k->domain[d].state = DOMAIN_LIVE;
    if (parent < CORE_DOMAINS) {
        uint32_t first = k->domain[parent].child;
        k->domain[d].next = first;
        if (first < CORE_DOMAINS) k->domain[first].prev = d;
        k->domain[parent].child = d;
        k->domain[d].depth = k->domain[parent].depth + 1;
        k->domain[d].band = k->domain[parent].band;
        pebbles_carve(k, parent, d, bytes);
    } else {
        pebbles_found(k, d, bytes);
        k->domain[d].depth = 0;
        k->domain[d].band = CORE_BANDS / 2;
    }
    pebbles_charge(k, d, COST_DOMAIN + PAGE_BYTES);
    frame_number root = frame_take(k);
    if (root != FRAME_NONE) arch_root_open(k->machine, d, root);
    k->domain[d].tables = 1;
    uint32_t self =
        capability_root(k, d, OBJECT_DOMAIN, BASE_DOMAIN + d, k->object[BASE_DOMAIN + d].generation,
                        parent < CORE_DOMAINS ? RIGHT_read | RIGHT_manage : RIGHT_all, 0, 0);
    k->domain[d].self = self;
    if (self >= CORE_CAPABILITIES) return;
    pebbles_charge(k, d, COST_CAPABILITY);
    k->object[BASE_DOMAIN + d].capabilities++;
}

bool domain_runs(const struct kernel *k, uint32_t d)
{
    /*@ loop invariant 0 <= i <= CORE_CPUS;
        loop assigns i;
        loop variant CORE_CPUS - i; */
    for (uint32_t i = 0; i < CORE_CPUS; i++) {
        uint32_t c = k->cpu[i].current;
        if (c < CORE_CONTEXTS && k->context[c].domain == d) return true;
    }
    return false;
}

void domain_suspend(struct kernel *k, uint32_t d)
{
    if (k->domain[d].suspended != 0) return;
    k->domain[d].suspended = 1;
    monitors_tell(k, d, MONITOR_SUSPEND);
    /*@ loop invariant 0 <= i <= CORE_CPUS;
        loop assigns i, *k;
        loop variant CORE_CPUS - i; */
    for (uint32_t i = 0; i < CORE_CPUS; i++) {
        uint32_t c = k->domain[d].context[i];
        if (c < CORE_CONTEXTS) context_rest(k, c);
    }
}

void domain_resume(struct kernel *k, uint32_t d)
{
    if (k->domain[d].suspended == 0) return;
    k->domain[d].suspended = 0;
    /*@ loop invariant 0 <= i <= CORE_CPUS;
        loop assigns i, *k;
        loop variant CORE_CPUS - i; */
    for (uint32_t i = 0; i < CORE_CPUS; i++) {
        uint32_t c = k->domain[d].context[i];
        if (c < CORE_CONTEXTS && k->context[c].state == CONTEXT_READY) context_ready(k, c);
    }
}

/* ---- contexts ---- */

uint32_t context_check(struct kernel *k, uint32_t d, uint32_t to)
{
    uint32_t region = region_ready(k, 1);
    uint32_t id = object_ready(k, OBJECT_CONTEXT);
    if (id < BASE_CONTEXT || id >= BASE_CONTEXT + CORE_CONTEXTS || region >= CORE_REGIONS ||
        !capability_ready(k, 1))
        return STATUS_FULL;
    uint32_t status = region_create_check(k, d, region, 1, true);
    if (status != STATUS_OK) return status;
    if (!view_affordable(k, d, region, COST_CONTEXT + COST_CONTEXT_PAGE)) return STATUS_BUDGET;
    return k->domain[to].free < COST_CAPABILITY ? STATUS_BUDGET : STATUS_OK;
}

uint32_t context_make(struct kernel *k, uint32_t d, uint32_t cpu, uint64_t entry, uint64_t stack,
                      uint64_t argument)
{
    uint32_t id = object_ready(k, OBJECT_CONTEXT);
    uint32_t region = region_ready(k, 1);
    if (id < BASE_CONTEXT || id >= BASE_CONTEXT + CORE_CONTEXTS || region >= CORE_REGIONS) return NONE;
    uint32_t c = id - BASE_CONTEXT;
    object_make(k, id, OBJECT_CONTEXT, d);
    pebbles_charge(k, d, COST_CONTEXT);
    region_make(k, region, d, 1);
    k->context[c].domain = d;
    k->context[c].cpu = cpu;
    region_commit_begin(k, c, region, 0, 1);
    region_commit_step(k, c);
    view_make(k, d, region, NONE, ACCESS_READ | ACCESS_WRITE, true);
    frame_number frame = page_map_get(k, region, MAP_FRAMES, 0);
    k->context[c].page_region = region;
    k->context[c].page_address = k->region[region].page * PAGE_BYTES;
    k->context[c].page_frame = frame;
    k->context[c].run_prev = NONE;
    k->context[c].run_next = NONE;
    k->context[c].wait_object = NONE;
    k->context[c].heap = 0;
    k->context[c].call = 0;
    k->context[c].serving = NONE;
    k->context[c].pending = PENDING_NONE;
    k->context[c].donor = NONE;
    k->context[c].state = CONTEXT_STOPPED;
    k->context[c].wait = WAIT_NONE;
    k->context[c].queued = 0;
    k->context[c].diverted = 0;
    k->context[c].frame.word = STATUS_OK;
    k->context[c].frame.arg[0] = argument;
    /*@ loop invariant 1 <= i <= WORD_ARGUMENTS;
        loop assigns i, *k;
        loop variant WORD_ARGUMENTS - i; */
    for (uint32_t i = 1; i < WORD_ARGUMENTS; i++) k->context[c].frame.arg[i] = 0;
    k->domain[d].context[cpu] = c;
    if (frame != FRAME_NONE) page_begin(k, frame, c, capability_handle(k, k->domain[d].self));
    arch_context_init(k->machine, c, entry, stack);
    return c;
}

/* ---- faults ---- */

void domain_fault(struct kernel *k, uint32_t c, uint32_t kind, uint64_t address, uint64_t at)
{
    uint32_t d = k->context[c].domain;
    if (d >= CORE_DOMAINS) return;
    k->domain[d].faults++;
    if (kind == FAULT_WRITE && shadow_fault(k, d, address)) return;
    trace_add(k, TRACE_FAULT, (uint64_t)d << 32 | kind, address);
    if (kind == FAULT_WRITE && k->domain[d].handler_entry != 0 && k->context[c].diverted == 0) {
        uint32_t v = view_find(k, d, address / PAGE_BYTES);
        if (v < CORE_VIEWS && k->view[v].access != ACCESS_NONE && (k->view[v].access & ACCESS_WRITE) == 0) {
            k->context[c].diverted = 1;
            arch_context_divert(k->machine, c, k->domain[d].handler_entry, k->domain[d].handler_stack,
                                &k->context[c].frame);
            k->context[c].frame.arg[0] = address;
            k->context[c].frame.arg[1] = at;
            return;
        }
    }
    monitors_tell(k, d, MONITOR_FAULT);
    uint32_t supervisor = k->domain[d].supervisor;
    if (supervisor < CORE_OBJECTS) {
        context_halt(k, c, CONTEXT_FAULTED);
        if (channel_report(k, supervisor, k->domain[d].supervisor_life, d, BASE_CONTEXT + c, kind, address,
                           at))
            return;
    }
    domain_end(k, d);
}

/* ---- monitors ---- */

bool monitor_ready(struct kernel *k, uint32_t d)
{
    uint32_t m = k->domain[d].monitors, before = NONE, count = 0;
    /* on the way, those whose signal is dead make room */
    /*@ loop invariant 0 <= i <= MONITORS_PER_DOMAIN && count <= i;
        loop assigns i, count, m, before, *k;
        loop variant MONITORS_PER_DOMAIN - i; */
    for (uint32_t i = 0; i < MONITORS_PER_DOMAIN && m < CORE_MONITORS; i++) {
        uint32_t next = k->monitor[m].next;
        if (object_alive(k, k->monitor[m].signal, k->monitor[m].signal_life)) {
            before = m;
            count++;
        } else {
            if (before < CORE_MONITORS)
                k->monitor[before].next = next;
            else
                k->domain[d].monitors = next;
            k->monitor[m].next = k->monitor_free;
            k->monitor_free = m;
        }
        m = next;
    }
    if (count >= MONITORS_PER_DOMAIN) return false;
    return k->monitor_free < CORE_MONITORS ||
           (k->monitor_high < CORE_MONITORS && STATE_BACK(k, monitor, k->monitor_high, 1));
}

void monitor_make(struct kernel *k, uint32_t d, uint32_t signal, uint32_t life, uint32_t bit)
{
    uint32_t m = k->monitor_free;
    if (m < CORE_MONITORS) {
        k->monitor_free = k->monitor[m].next;
    } else {
        m = k->monitor_high;
        if (m >= CORE_MONITORS) return;
        k->monitor_high = m + 1;
    }
    k->monitor[m].signal = signal;
    k->monitor[m].signal_life = life;
    k->monitor[m].bit = bit;
    k->monitor[m].next = k->domain[d].monitors;
    k->domain[d].monitors = m;
}

/* ---- the trace ring ---- */

void trace_add(struct kernel *k, uint32_t event, uint64_t a, uint64_t b)
{
    uint32_t i = (uint32_t)(k->trace_next % CORE_TRACE);
    k->trace[i].time_ns = arch_clock_ns(k->machine);
    k->trace[i].event = event;
    k->trace[i].a = a;
    k->trace[i].b = b;
    k->trace_next++;
}
