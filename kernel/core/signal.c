#include "kernel/core/signal.h"
#include "kernel/core/arbiter.h"
#include "kernel/core/pebbles.h"
#include "kernel/core/object.h"
#include "kernel/core/timer.h"

void signal_raise(struct kernel *k, uint32_t signal, uint64_t bits)
{
    if (signal >= CORE_SIGNALS) return;
    k->signal[signal].bits |= bits;
    uint32_t c = k->signal[signal].waiter;
    if (c >= CORE_CONTEXTS || k->context[c].state != CONTEXT_WAITING || k->context[c].wait != WAIT_SIGNAL)
        return;
    uint64_t taken = k->signal[signal].bits & k->context[c].wait_mask;
    if (taken == 0) return;
    k->signal[signal].bits &= ~taken;
    k->signal[signal].waiter = NONE;
    k->context[c].frame.arg[0] = taken;
    context_wake(k, c, STATUS_OK);
}

void signal_raise_object(struct kernel *k, uint32_t object, uint32_t life, uint64_t bits)
{
    if (object < BASE_SIGNAL || object >= BASE_SIGNAL + CORE_SIGNALS || !object_alive(k, object, life))
        return;
    signal_raise(k, object - BASE_SIGNAL, bits);
}

void signal_timer_due(struct kernel *k, uint32_t signal)
{
    if (signal >= CORE_SIGNALS) return;
    signal_raise(k, signal, k->signal[signal].timer_bits);
}

void signal_stop_waiting(struct kernel *k, uint32_t c)
{
    if (c >= CORE_CONTEXTS || k->context[c].wait != WAIT_SIGNAL) return;
    uint32_t signal = k->context[c].wait_object;
    if (signal < CORE_SIGNALS && k->signal[signal].waiter == c) k->signal[signal].waiter = NONE;
}

void signal_make(struct kernel *k, uint32_t signal)
{
    if (signal >= CORE_SIGNALS) return;
    k->signal[signal].bits = 0;
    k->signal[signal].timer_bits = 0;
    k->signal[signal].waiter = NONE;
    k->signal[signal].heap = 0;
}

bool signal_reap(struct kernel *k, uint32_t signal)
{
    if (signal >= CORE_SIGNALS) return true;
    uint32_t c = k->signal[signal].waiter;
    k->signal[signal].waiter = NONE;
    if (c < CORE_CONTEXTS) context_wake(k, c, STATUS_DEAD);
    if (k->signal[signal].heap != 0) timer_set(k, TIMER_OF_SIGNAL(signal), DEADLINE_NEVER);
    pebbles_release(k, k->object[BASE_SIGNAL + signal].owner, COST_SIGNAL);
    object_free(k, BASE_SIGNAL + signal);
    return true;
}

void monitors_tell(struct kernel *k, uint32_t domain, uint32_t event)
{
    if (domain >= CORE_DOMAINS || event >= MONITOR_EVENTS) return;
    uint32_t m = k->domain[domain].monitors;
    /*@ loop invariant 0 <= i <= MONITORS_PER_DOMAIN;
        loop assigns i, m, *k;
        loop variant MONITORS_PER_DOMAIN - i; */
    for (uint32_t i = 0; i < MONITORS_PER_DOMAIN && m < CORE_MONITORS; i++) {
        uint32_t bit = k->monitor[m].bit + event;
        if (bit < 64) signal_raise_object(k, k->monitor[m].signal, k->monitor[m].signal_life, 1ull << bit);
        m = k->monitor[m].next;
    }
}

bool monitors_reap(struct kernel *k, uint32_t domain)
{
    if (domain >= CORE_DOMAINS) return true;
    /*@ loop invariant 0 <= i <= STEP_UNITS;
        loop assigns i, *k;
        loop variant STEP_UNITS - i; */
    for (uint32_t i = 0; i < STEP_UNITS; i++) {
        uint32_t m = k->domain[domain].monitors;
        if (m >= CORE_MONITORS) return true;
        k->domain[domain].monitors = k->monitor[m].next;
        k->monitor[m].next = k->monitor_free;
        k->monitor_free = m;
    }
    return false;
}
