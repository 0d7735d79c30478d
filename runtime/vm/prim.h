/* Primitives: functions of the language written in C.
 *
 * Contract, which keeps everything preemptible and the collector simple:
 *  P1  A primitive never calls into Lonala.  It may return vm_trap(p, TRAP_X) to continue there with its own arguments
 *      (which it may have rewritten in a[0 .. argc)).
 *  P2  It does a bounded amount of work (about REDUCTIONS_PER_TURN simple steps) and takes p->reductions down by what it
 *      did beyond some ten steps.  With more to do it stores its state in p->prim_state (a value, e.g. a STATE object) and
 *      returns VAL_YIELD; it is called again with the same arguments when its turn comes.  p->prim_state is NIL at the
 *      first call and must be NIL again when it returns anything but VAL_YIELD or VAL_SUSPEND.
 *  P3  Allocation (heap_alloc) never fails, never moves anything and never collects: values held in C variables stay
 *      valid for the whole call.  Before allocating more than 64 KiB in one call it asks heap_reserve() and returns its
 *      error.  Recursion in C is bounded by a small constant.
 *  P4  Errors: return process_fail(...).  The outputs are then as if it had not been called. */
#ifndef RUNTIME_VM_PRIM_H
#define RUNTIME_VM_PRIM_H

#include "runtime/sched/process.h"
#include "runtime/gc/heap.h"

typedef value prim_fn(struct process *p, value *a, unsigned argc);

/* One table for all: each runtime/prims/ *.def file holds lines
 *   PRIM("namespace/name", c_function, min_args, max_args (-1: any number), "([x y] [x y & more])", "Docstring.")
 * and runtime/vm/prims.def includes them all. */
struct prim {
    const char *name;
    prim_fn *fn;
    int16_t min_args, max_args;
    const char *arglists, *doc;
};
extern const struct prim prims[];
extern const unsigned prim_count;

/* Continue in a Lonala function, with all of the primitive's arguments ... */
#define TRAP_SAME_ARGS 0xffffu
static inline value vm_trap(struct process *p, enum trap t)
{
    p->trap = (uint16_t)t;
    p->trap_argc = TRAP_SAME_ARGS;
    return VAL_TRAP;
}
/* ... or with the first argc of them.  (a[] has room for no more than the primitive was given.) */
static inline value vm_trap_n(struct process *p, enum trap t, unsigned argc)
{
    p->trap = (uint16_t)t;
    p->trap_argc = (uint16_t)argc;
    return VAL_TRAP;
}

/* Error helpers (runtime/vm/fail.c). */
value fail_type(struct process *p, const char *function, unsigned arg_number, value got, const char *wanted);
value fail_range(struct process *p, const char *function, value index, uint64_t limit);

#endif
