/* Domains and contexts: how they come into being, stand still and go on; faults; the trace ring. */
#ifndef KERNEL_CORE_DOMAIN_H
#define KERNEL_CORE_DOMAIN_H

#include "kernel/core/state.h"

/* A domain with a budget carved out of its parent's (NONE: the root, whose budget is `bytes`).  Pre: object_ready answered id,
 * capability_ready, a frame is there, the budget was checked. */
/*@ requires \valid(k);
    assigns *k; */
void domain_make(struct kernel *k, uint32_t d, uint32_t parent, uint64_t bytes);

/*@ requires \valid(k) && d < CORE_DOMAINS;
    assigns *k; */
void domain_suspend(struct kernel *k, uint32_t d);
/*@ requires \valid(k) && d < CORE_DOMAINS;
    assigns *k; */
void domain_resume(struct kernel *k, uint32_t d);
/* Whether some CPU is in it. */
/*@ requires \valid(k);
    assigns \nothing; */
bool domain_runs(const struct kernel *k, uint32_t d);

/* Whether a context can be made in domain d, its capability going to domain `to`: OK, BUDGET, FULL. */
/*@ requires \valid(k) && d < CORE_DOMAINS && to < CORE_DOMAINS;
    assigns *k; */
uint32_t context_check(struct kernel *k, uint32_t d, uint32_t to);
/* Makes it, stopped, with a page of its own; its number. */
/*@ requires \valid(k) && d < CORE_DOMAINS && cpu < CORE_CPUS;
    assigns *k;
    ensures \result == NONE || \result < CORE_CONTEXTS; */
uint32_t context_make(struct kernel *k, uint32_t d, uint32_t cpu, uint64_t entry, uint64_t stack,
                      uint64_t argument);

/* The context did what the hardware refused: a shadow takes it, a handler, a supervisor, or the domain ends. */
/*@ requires \valid(k) && c < CORE_CONTEXTS;
    assigns *k; */
void domain_fault(struct kernel *k, uint32_t c, uint32_t kind, uint64_t address, uint64_t at);

/* ---- monitors ---- */
/*@ requires \valid(k) && d < CORE_DOMAINS;
    assigns *k; */
bool monitor_ready(struct kernel *k, uint32_t d);
/*@ requires \valid(k) && d < CORE_DOMAINS;
    assigns *k; */
void monitor_make(struct kernel *k, uint32_t d, uint32_t signal, uint32_t life, uint32_t bit);

/* ---- the trace ring ---- */
enum trace_kind { TRACE_BOOT = 1, TRACE_FAULT, TRACE_EXIT, TRACE_KILL, TRACE_SUPERVISE };
/*@ requires \valid(k);
    assigns *k; */
void trace_add(struct kernel *k, uint32_t event, uint64_t a, uint64_t b);

#endif
