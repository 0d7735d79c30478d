/* Serialised values (SER_ tags, loader/bytecode/format.h) back to values. */
#ifndef RUNTIME_VM_LITERAL_H
#define RUNTIME_VM_LITERAL_H

#include "runtime/gc/heap.h"
#include "spec/limits.h"

/* A collection that is being read. */
struct literal_frame {
    value coll;      /* its elements in an ARRAY, or the transient that they go into */
    value key;       /* of a map's entry whose value is next, or VAL_ABSENT */
    uint64_t n, i;   /* values it has, and how many are there */
    uint64_t placed; /* LIST: elements that are in the list already, from the end */
    value list;
    uint32_t tag;
};
struct literal_decoder {
    struct process *p;
    const uint8_t *at, *end;
    uint32_t depth;
    struct literal_frame stack[LIMIT_LITERAL_DEPTH + 2];
};

/* Literal number index of the unit, built in p's heap; names are the domain's interned ones.  In slices: start, then continue
 * until it is not VAL_YIELD; the heap is pinned meanwhile.  *steps, of some 20 ns each, are taken down.  VAL_ERROR with the
 * condition for data that says nothing sensible, though the verifier should have refused it. */
void literal_decode_start(struct literal_decoder *d, struct process *p, const uint8_t *unit, uint32_t index);
value literal_decode_continue(struct literal_decoder *d, int64_t *steps);

#endif
