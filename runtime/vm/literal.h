/* Serialised values (SER_ tags, loader/bytecode/format.h) back to values. */
#ifndef RUNTIME_VM_LITERAL_H
#define RUNTIME_VM_LITERAL_H

#include "runtime/gc/heap.h"

/* Literal number index of the unit, built in p's heap; names are the domain's interned ones.  VAL_ERROR with the condition
 * for data that says nothing sensible, though the verifier should have refused it, and for nesting beyond the limit. */
value literal_decode(struct process *p, const uint8_t *unit, uint32_t index);

#endif
