/* The unit loader. */
#ifndef RUNTIME_VM_LOAD_H
#define RUNTIME_VM_LOAD_H

#include "runtime/sched/system.h"

bool unit_table_init(struct system *s);
/* Verify a unit and lay it out in the arena.  NULL: p->error holds the condition (:compile-error with the verifier's rule,
 * :out-of-memory).  Cost: linear in size. */
struct unit *unit_load(struct process *p, const uint8_t *bytes, size_t size);
/* The same in slices: a state for p->prim_state, which pins the heap, or VAL_ERROR; then continue until it is not VAL_YIELD:
 * VAL_ERROR, or a closure as unit_function() makes it.  The bytes stay where they are.  *steps, of some 20 ns each, are taken
 * down; the last slice copies the unit as a whole. */
value unit_load_start(struct process *p, const uint8_t *bytes, size_t size);
value unit_load_continue(struct process *p, value state, int64_t *steps);
/* A closure of the unit's prototype 0. */
value unit_function(struct process *p, struct unit *u);
/* For whoever walks all code: living units have indices below the limit; NULL for an index that is free. */
uint32_t unit_index_limit(struct system *s);
struct unit *unit_by_index(struct system *s, uint32_t index);

#endif
