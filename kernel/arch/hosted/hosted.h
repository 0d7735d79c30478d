/* The machine as a process sees it: frames are memory of its own, address spaces are tables that tests can ask, time is a number or the
 * system's clock.  Any number of instances; each drives a kernel of its own. */
#ifndef KERNEL_ARCH_HOSTED_H
#define KERNEL_ARCH_HOSTED_H

#include "kernel/include/kernel.h"

struct hosted_config {
    uint32_t frames; /* of memory */
    uint32_t cpus;
    bool real_time; /* arch_clock_ns is the system's clock; else hosted_set_clock moves it */
};

/* A machine and a kernel on it, with a root domain whose first context is ready on CPU 0; NULL: no memory. */
struct kernel *hosted_create(const struct hosted_config *config, struct machine **machine);
void hosted_destroy(struct machine *m);

/* ---- what tests ask ---- */
/* Frame and access of a page in a domain's address space, FRAME_NONE if it is not mapped. */
frame_number hosted_mapping(const struct machine *m, uint32_t domain, page_number page, uint32_t *access);
void *hosted_frame(struct machine *m, frame_number frame);
/* Frames that serve as page tables of the domain or behind struct kernel. */
uint64_t hosted_tables(const struct machine *m, uint32_t domain);
uint64_t hosted_backed(const struct machine *m);
void hosted_set_clock(struct machine *m, uint64_t ns);
uint64_t hosted_deadline(const struct machine *m, uint32_t cpu);
/* CPUs that were told to call kernel_wake since they were last asked about. */
bool hosted_take_wake(struct machine *m, uint32_t cpu);
bool hosted_line_masked(const struct machine *m, uint32_t line);
/* The last request of arch_power, plus 1; 0: none. */
uint32_t hosted_power(const struct machine *m);
const char *hosted_log(const struct machine *m);
uint64_t hosted_shootdowns(const struct machine *m);
/* Number of calls that broke a promise of arch.h: mapping without tables, a context twice, and the like. */
uint64_t hosted_violations(const struct machine *m);

#endif
