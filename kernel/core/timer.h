/* Deadlines: a binary heap of the contexts and signals that wait for a time. */
#ifndef KERNEL_CORE_TIMER_H
#define KERNEL_CORE_TIMER_H

#include "kernel/core/state.h"

#define TIMER_OF_CONTEXT(c) (c)
#define TIMER_OF_SIGNAL(s) (CORE_CONTEXTS + (s))

/* Set or change a deadline; DEADLINE_NEVER takes it out.  O(log n). */
/*@ requires \valid(k);
    assigns *k; */
void timer_set(struct kernel *k, uint32_t what, uint64_t deadline_ns);

/* The earliest deadline; DEADLINE_NEVER if there is none. */
/*@ requires \valid(k);
    assigns \nothing; */
uint64_t timer_first(const struct kernel *k);

/* Takes out what is due at `now`: the earliest; NONE if nothing is. */
/*@ requires \valid(k);
    assigns *k;
    ensures \result == NONE || \result < HEAP_SIZE; */
uint32_t timer_take(struct kernel *k, uint64_t now_ns);

#endif
