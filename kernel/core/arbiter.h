/* The arbiter: which context runs on which CPU, and for how long. */
#ifndef KERNEL_CORE_ARBITER_H
#define KERNEL_CORE_ARBITER_H

#include "kernel/core/state.h"

/* The context can run: it waits for its CPU from now on, if its domain may. */
/*@ requires \valid(k);
    assigns *k; */
void context_ready(struct kernel *k, uint32_t c);

/* What it waited for has come: the word that it waited in answers the status. */
/*@ requires \valid(k);
    assigns *k; */
void context_wake(struct kernel *k, uint32_t c, uint32_t status);

/* The same with STATUS_OK, and the CPU goes over to it at once if it can. */
/*@ requires \valid(k);
    assigns *k; */
void context_wake_into(struct kernel *k, uint32_t c, uint32_t cpu);

/* Its domain may not run: out of the run queue; if it runs, its CPU is told.  What it waits for goes on. */
/*@ requires \valid(k);
    assigns *k; */
void context_rest(struct kernel *k, uint32_t c);

/* The running context waits from now on: for a deadline, at an object (NONE: neither). */
/*@ requires \valid(k);
    assigns *k; */
void context_block(struct kernel *k, uint32_t c, uint32_t wait, uint32_t object, uint64_t deadline_ns);

/* Out of the run queue, whatever it is in; the CPU on which it runs is told.  state: what it is from now on. */
/*@ requires \valid(k);
    assigns *k; */
void context_halt(struct kernel *k, uint32_t c, uint32_t state);

/* Whether its domain lets it run. */
/*@ requires \valid(k);
    assigns \nothing; */
bool context_may_run(const struct kernel *k, uint32_t c);

/* The CPU goes over from its current context, which waits now or stays ready, to `to`, which is ready or waits for it, within the
 * same quantum.  false: `to` cannot run on this CPU now. */
/*@ requires \valid(k);
    assigns *k; */
bool arbiter_hand_over(struct kernel *k, uint32_t cpu, uint32_t to);

/* The current context gives way to others of its band. */
/*@ requires \valid(k);
    assigns *k; */
void arbiter_yield(struct kernel *k, uint32_t cpu);

/* What a CPU does at the end of every event: the answer for the machine. */
/*@ requires \valid(k);
    assigns *k; */
uint32_t arbiter_next(struct kernel *k, uint32_t cpu);

/* Time has passed: deadlines, quanta, grace. */
/*@ requires \valid(k);
    assigns *k; */
void arbiter_tick(struct kernel *k, uint32_t cpu);

#endif
