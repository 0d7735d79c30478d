/* The unit loader. */
#ifndef RUNTIME_VM_LOAD_H
#define RUNTIME_VM_LOAD_H

#include "runtime/sched/system.h"

bool unit_table_init(struct system *s);
/* Verify a unit and lay it out in the arena.  NULL: p->error holds the condition (:compile-error with the verifier's rule,
 * :out-of-memory).  Cost: linear in size. */
struct unit *unit_load(struct process *p, const uint8_t *bytes, size_t size);
/* A closure of the unit's prototype 0. */
value unit_function(struct process *p, struct unit *u);
/* For whoever walks all code: living units have indices below the limit; NULL for an index that is free. */
uint32_t unit_index_limit(struct system *s);
struct unit *unit_by_index(struct system *s, uint32_t index);

#endif
