#include "kernel/core/arbiter.h"
#include "kernel/core/channel.h"
#include "kernel/core/page.h"
#include "kernel/core/reaper.h"
#include "kernel/core/region.h"
#include "kernel/core/signal.h"
#include "kernel/core/timer.h"

bool context_may_run(const struct kernel *k, uint32_t c)
{
    if (c >= CORE_CONTEXTS) return false;
    uint32_t d = k->context[c].domain;
    return d < CORE_DOMAINS && k->domain[d].state == DOMAIN_LIVE && k->domain[d].suspended == 0;
}

/* ---- run queues ---- */

/*@ requires \valid(k);
    assigns *k; */
static void queue_add(struct kernel *k, uint32_t c, bool front)
{
    if (c >= CORE_CONTEXTS || k->context[c].queued != 0) return;
    uint32_t cpu = k->context[c].cpu, d = k->context[c].domain;
    if (cpu >= CORE_CPUS || d >= CORE_DOMAINS) return;
    uint32_t band = k->domain[d].band < CORE_BANDS ? k->domain[d].band : CORE_BANDS - 1;
    uint32_t first = k->cpu[cpu].first[band], last = k->cpu[cpu].last[band];
    k->context[c].queued = 1;
    k->context[c].band = (uint8_t)band;
    k->context[c].run_prev = NONE;
    k->context[c].run_next = NONE;
    if (first >= CORE_CONTEXTS || last >= CORE_CONTEXTS) {
        k->cpu[cpu].first[band] = c;
        k->cpu[cpu].last[band] = c;
    } else if (front) {
        k->context[c].run_next = first;
        k->context[first].run_prev = c;
        k->cpu[cpu].first[band] = c;
    } else {
        k->context[c].run_prev = last;
        k->context[last].run_next = c;
        k->cpu[cpu].last[band] = c;
    }
    k->cpu[cpu].bands |= 1u << band;
}

/*@ requires \valid(k);
    assigns *k; */
static void queue_remove(struct kernel *k, uint32_t c)
{
    if (c >= CORE_CONTEXTS || k->context[c].queued == 0) return;
    uint32_t cpu = k->context[c].cpu, band = k->context[c].band;
    if (cpu >= CORE_CPUS || band >= CORE_BANDS) return;
    uint32_t prev = k->context[c].run_prev, next = k->context[c].run_next;
    if (prev < CORE_CONTEXTS)
        k->context[prev].run_next = next;
    else
        k->cpu[cpu].first[band] = next;
    if (next < CORE_CONTEXTS)
        k->context[next].run_prev = prev;
    else
        k->cpu[cpu].last[band] = prev;
    k->context[c].queued = 0;
    if (k->cpu[cpu].first[band] >= CORE_CONTEXTS) k->cpu[cpu].bands &= ~(1u << band);
}

/* The best band that has somebody ready; CORE_BANDS: none. */
/*@ requires \valid(k) && cpu < CORE_CPUS;
    assigns \nothing;
    ensures \result <= CORE_BANDS; */
static uint32_t best_band(const struct kernel *k, uint32_t cpu)
{
    /*@ loop invariant 0 <= i <= CORE_BANDS;
        loop assigns i;
        loop variant CORE_BANDS - i; */
    for (uint32_t i = 0; i < CORE_BANDS; i++)
        if (k->cpu[cpu].first[i] < CORE_CONTEXTS) return i;
    return CORE_BANDS;
}

/* Looks at the queues again soon. */
/*@ requires \valid(k);
    assigns *k; */
static void reschedule(struct kernel *k, uint32_t cpu)
{
    if (cpu >= CORE_CPUS || k->cpu[cpu].resched != 0) return;
    k->cpu[cpu].resched = 1;
    if (cpu != k->active) arch_cpu_wake(k->machine, cpu);
}

/* ---- states ---- */

void context_ready(struct kernel *k, uint32_t c)
{
    if (c >= CORE_CONTEXTS) return;
    k->context[c].state = CONTEXT_READY;
    k->context[c].wait = WAIT_NONE;
    if (!context_may_run(k, c)) return;
    queue_add(k, c, false);
    uint32_t cpu = k->context[c].cpu;
    if (cpu >= CORE_CPUS) return;
    uint32_t current = k->cpu[cpu].current;
    /* of the same band, the quantum has to begin to run; of a better one, it takes over */
    if (current >= CORE_CONTEXTS || k->context[c].band < k->context[current].band ||
        (k->context[c].band == k->context[current].band && k->cpu[cpu].quantum_armed == 0))
        reschedule(k, cpu);
}

void context_wake(struct kernel *k, uint32_t c, uint32_t status)
{
    if (c >= CORE_CONTEXTS || k->context[c].state != CONTEXT_WAITING) return;
    if (k->context[c].heap != 0) timer_set(k, TIMER_OF_CONTEXT(c), DEADLINE_NEVER);
    k->context[c].frame.word = status;
    context_ready(k, c);
}

void context_block(struct kernel *k, uint32_t c, uint32_t wait, uint32_t object, uint64_t deadline_ns)
{
    if (c >= CORE_CONTEXTS) return;
    k->context[c].state = CONTEXT_WAITING;
    k->context[c].wait = (uint8_t)wait;
    k->context[c].wait_object = object;
    if (deadline_ns != DEADLINE_NEVER) timer_set(k, TIMER_OF_CONTEXT(c), deadline_ns);
}

void context_rest(struct kernel *k, uint32_t c)
{
    if (c >= CORE_CONTEXTS) return;
    uint32_t cpu = k->context[c].cpu;
    queue_remove(k, c);
    if (cpu < CORE_CPUS && k->cpu[cpu].current == c) reschedule(k, cpu);
}

void context_halt(struct kernel *k, uint32_t c, uint32_t state)
{
    if (c >= CORE_CONTEXTS) return;
    uint32_t cpu = k->context[c].cpu;
    queue_remove(k, c);
    if (k->context[c].heap != 0) timer_set(k, TIMER_OF_CONTEXT(c), DEADLINE_NEVER);
    k->context[c].state = (uint8_t)state;
    if (cpu < CORE_CPUS && k->cpu[cpu].current == c) reschedule(k, cpu);
}

/* ---- running ---- */

/* Books the time since the current context was last looked at. */
/*@ requires \valid(k) && cpu < CORE_CPUS;
    assigns *k; */
static void account(struct kernel *k, uint32_t cpu, uint64_t now)
{
    uint32_t c = k->cpu[cpu].current;
    if (c >= CORE_CONTEXTS) return;
    uint64_t ran = now >= k->cpu[cpu].began_ns ? now - k->cpu[cpu].began_ns : 0;
    k->cpu[cpu].began_ns = now;
    uint32_t d = k->context[c].domain;
    if (d >= CORE_DOMAINS) return;
    k->domain[d].cpu_ns += ran;
    /* who runs on another's quantum spends that one's budget */
    uint32_t donor = k->context[c].donor;
    if (donor < CORE_CONTEXTS && k->context[donor].domain < CORE_DOMAINS) d = k->context[donor].domain;
    k->domain[d].period_used_ns += ran;
}

/* Whether the domain has used up its time; begins a new period when the old one is over. */
/*@ requires \valid(k) && d < CORE_DOMAINS;
    assigns *k; */
static bool throttled(struct kernel *k, uint32_t d, uint64_t now)
{
    if (k->domain[d].budget_ns == 0) return false;
    if (now >= k->domain[d].period_end_ns) {
        k->domain[d].period_end_ns = now + k->domain[d].period_ns;
        k->domain[d].period_used_ns = 0;
    }
    return k->domain[d].period_used_ns >= k->domain[d].budget_ns;
}

/*@ requires \valid(k) && cpu < CORE_CPUS;
    assigns *k; */
static void set_preemption_flag(struct kernel *k, uint32_t cpu, uint32_t flag)
{
    uint32_t c = k->cpu[cpu].current;
    k->cpu[cpu].grace_end_ns = 0;
    if (c < CORE_CONTEXTS && k->context[c].page_frame != FRAME_NONE)
        page_flag(k, k->context[c].page_frame, flag);
}

/* The current context stops running and waits for its turn, if it is to run on. */
/*@ requires \valid(k) && cpu < CORE_CPUS;
    assigns *k; */
static void put_back(struct kernel *k, uint32_t cpu, bool front)
{
    uint32_t c = k->cpu[cpu].current;
    if (c >= CORE_CONTEXTS) return;
    if (k->cpu[cpu].grace_end_ns != 0) set_preemption_flag(k, cpu, 0);
    k->cpu[cpu].current = NONE;
    k->context[c].donor = NONE;
    if (k->context[c].state != CONTEXT_RUNNING) return;
    k->context[c].state = CONTEXT_READY;
    if (context_may_run(k, c)) queue_add(k, c, front);
}

/*@ requires \valid(k) && cpu < CORE_CPUS && c < CORE_CONTEXTS;
    assigns *k; */
static void run(struct kernel *k, uint32_t cpu, uint32_t c, uint64_t now, bool quantum)
{
    queue_remove(k, c);
    k->cpu[cpu].current = c;
    k->cpu[cpu].began_ns = now;
    if (quantum) {
        k->cpu[cpu].quantum_end_ns = now + (k->dying_first < CORE_OBJECTS ? SHORT_QUANTUM_NS : QUANTUM_NS);
        k->cpu[cpu].grace_end_ns = 0;
    }
    k->context[c].state = CONTEXT_RUNNING;
    k->context[c].wait = WAIT_NONE;
}

/* The next context of the CPU; those whose domain has used up its time wait for its next period. */
/*@ requires \valid(k) && cpu < CORE_CPUS;
    assigns *k; */
static void pick(struct kernel *k, uint32_t cpu, uint64_t now)
{
    /*@ loop invariant 0 <= i <= STEP_UNITS;
        loop assigns i, *k;
        loop variant STEP_UNITS - i; */
    for (uint32_t i = 0; i < STEP_UNITS; i++) {
        uint32_t band = best_band(k, cpu);
        if (band >= CORE_BANDS) return;
        uint32_t c = k->cpu[cpu].first[band];
        if (c >= CORE_CONTEXTS) return;
        uint32_t d = k->context[c].domain;
        if (d >= CORE_DOMAINS) return;
        if (!throttled(k, d, now)) {
            run(k, cpu, c, now, true);
            return;
        }
        queue_remove(k, c);
        timer_set(k, TIMER_OF_CONTEXT(c), k->domain[d].period_end_ns);
    }
}

bool arbiter_hand_over(struct kernel *k, uint32_t cpu, uint32_t to)
{
    if (cpu >= CORE_CPUS || to >= CORE_CONTEXTS || !context_may_run(k, to) || k->context[to].cpu != cpu)
        return false;
    uint32_t from = k->cpu[cpu].current;
    if (to == from || (k->context[to].state != CONTEXT_READY && k->context[to].state != CONTEXT_WAITING))
        return false;
    /* no clock: time is sampled once a quantum, and who runs on another's quantum spends that one's budget anyway */
    uint32_t donor =
        from < CORE_CONTEXTS && k->context[from].donor < CORE_CONTEXTS ? k->context[from].donor : from;
    put_back(k, cpu, true);
    run(k, cpu, to, k->cpu[cpu].began_ns, false);
    k->context[to].donor = donor == to ? NONE : donor;
    return true;
}

void context_wake_into(struct kernel *k, uint32_t c, uint32_t cpu)
{
    if (c >= CORE_CONTEXTS || k->context[c].state != CONTEXT_WAITING) return;
    k->context[c].frame.word = STATUS_OK;
    if (k->context[c].heap != 0) timer_set(k, TIMER_OF_CONTEXT(c), DEADLINE_NEVER);
    if (!arbiter_hand_over(k, cpu, c)) context_ready(k, c);
}

void arbiter_yield(struct kernel *k, uint32_t cpu)
{
    if (cpu >= CORE_CPUS) return;
    account(k, cpu, arch_clock_ns(k->machine));
    if (k->cpu[cpu].grace_end_ns != 0) set_preemption_flag(k, cpu, 0);
    put_back(k, cpu, false);
    k->cpu[cpu].resched = 1;
}

/* When the CPU has to be interrupted next. */
/*@ requires \valid(k) && cpu < CORE_CPUS;
    assigns *k; */
static void arm(struct kernel *k, uint32_t cpu, uint64_t now)
{
    uint64_t at = timer_first(k);
    uint32_t c = k->cpu[cpu].current;
    k->cpu[cpu].quantum_armed = 0;
    if (c < CORE_CONTEXTS) {
        uint32_t d = k->context[c].domain;
        uint64_t end = k->cpu[cpu].grace_end_ns != 0 ? k->cpu[cpu].grace_end_ns : k->cpu[cpu].quantum_end_ns;
        if (best_band(k, cpu) <= k->context[c].band || k->dying_first < CORE_OBJECTS) {
            k->cpu[cpu].quantum_armed = 1;
            if (end < at) at = end;
        }
        if (d < CORE_DOMAINS && k->domain[d].budget_ns != 0) {
            uint64_t used = k->domain[d].period_used_ns, budget = k->domain[d].budget_ns;
            end = now + (used < budget ? budget - used : 0);
            if (end < at) at = end;
        }
    }
    if (at == k->cpu[cpu].armed_ns) return;
    k->cpu[cpu].armed_ns = at;
    arch_timer_set(k->machine, cpu, at);
}

/* A step of what the current context's word still has to do. */
/*@ requires \valid(k) && cpu < CORE_CPUS && c < CORE_CONTEXTS;
    assigns *k; */
static uint32_t go_on(struct kernel *k, uint32_t cpu, uint32_t c)
{
    bool done;
    switch (k->context[c].pending) {
    case PENDING_COMMIT: done = region_commit_step(k, c); break;
    case PENDING_DECOMMIT: done = region_decommit_go_on(k, c); break;
    case PENDING_SHADOW_COMMIT: done = shadow_step(k, c, true); break;
    case PENDING_SHADOW_ABORT: done = shadow_step(k, c, false); break;
    default: done = reaper_revoke_step(k, c); break;
    }
    if (!done) return KERNEL_AGAIN;
    return k->dying_first < CORE_OBJECTS || k->cpu[cpu].resched != 0 ? KERNEL_AGAIN : c;
}

uint32_t arbiter_next(struct kernel *k, uint32_t cpu)
{
    if (cpu >= CORE_CPUS) return KERNEL_IDLE;
    uint32_t c = k->cpu[cpu].current;
    if (c < CORE_CONTEXTS && k->context[c].state == CONTEXT_RUNNING && k->cpu[cpu].resched == 0 &&
        k->context[c].pending == PENDING_NONE && k->cpu[cpu].last_heap == timer_first(k))
        return c;
    uint64_t now = arch_clock_ns(k->machine);
    account(k, cpu, now);
    k->cpu[cpu].resched = 0;
    if (c < CORE_CONTEXTS && (k->context[c].state != CONTEXT_RUNNING || !context_may_run(k, c)))
        put_back(k, cpu, false);
    c = k->cpu[cpu].current;
    if (c < CORE_CONTEXTS && best_band(k, cpu) < k->context[c].band) put_back(k, cpu, true);
    if (k->cpu[cpu].current >= CORE_CONTEXTS) {
        /* whoever switches does a step of tearing down */
        reaper_step(k);
        pick(k, cpu, now);
    }
    k->cpu[cpu].last_heap = timer_first(k);
    arm(k, cpu, now);
    c = k->cpu[cpu].current;
    if (c >= CORE_CONTEXTS)
        return k->dying_first < CORE_OBJECTS || best_band(k, cpu) < CORE_BANDS ? KERNEL_AGAIN : KERNEL_IDLE;
    if (k->context[c].pending != PENDING_NONE) return go_on(k, cpu, c);
    return c;
}

void arbiter_tick(struct kernel *k, uint32_t cpu)
{
    if (cpu >= CORE_CPUS) return;
    uint64_t now = arch_clock_ns(k->machine);
    k->cpu[cpu].armed_ns = DEADLINE_NEVER;
    k->cpu[cpu].resched = 1;
    /*@ loop invariant 0 <= i <= STEP_UNITS;
        loop assigns i, *k;
        loop variant STEP_UNITS - i; */
    for (uint32_t i = 0; i < STEP_UNITS; i++) {
        uint32_t what = timer_take(k, now);
        if (what >= HEAP_SIZE) break;
        if (what >= CORE_CONTEXTS) {
            signal_timer_due(k, what - CORE_CONTEXTS);
        } else if (k->context[what].state == CONTEXT_WAITING) {
            channel_stop_waiting(k, what);
            signal_stop_waiting(k, what);
            context_wake(k, what, STATUS_TIMEOUT);
        } else if (k->context[what].state == CONTEXT_READY) {
            context_ready(k, what);
        }
    }
    uint32_t c = k->cpu[cpu].current;
    if (c >= CORE_CONTEXTS) return;
    account(k, cpu, now);
    uint32_t d = k->context[c].domain;
    if (d < CORE_DOMAINS && throttled(k, d, now)) {
        put_back(k, cpu, false);
        return;
    }
    if (now < k->cpu[cpu].quantum_end_ns || best_band(k, cpu) > k->context[c].band) {
        /* nobody waits, or there is time left; a better band takes over in arbiter_next */
        if (now >= k->cpu[cpu].quantum_end_ns) k->cpu[cpu].quantum_end_ns = now + QUANTUM_NS;
        return;
    }
    if (k->cpu[cpu].grace_end_ns == 0 && k->context[c].page_frame != FRAME_NONE &&
        k->context[c].pending == PENDING_NONE) {
        set_preemption_flag(k, cpu, 1);
        k->cpu[cpu].grace_end_ns = now + GRACE_NS;
    } else if (k->cpu[cpu].grace_end_ns <= now) {
        put_back(k, cpu, false);
    }
}
