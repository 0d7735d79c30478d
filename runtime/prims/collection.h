/* Private to the collection primitives. */
#ifndef RUNTIME_PRIMS_COLLECTION_H
#define RUNTIME_PRIMS_COLLECTION_H

#include "runtime/value/record.h"
#include "runtime/value/resume.h"
#include "runtime/value/seq.h"
#include "runtime/value/sorted.h"
#include "runtime/value/string.h"
#include "runtime/value/transient.h"

/* A primitive that is f, started over as often as it takes; see value/resume.h. */
#define RESUMABLE(primitive, f, name, TRAP_)                                                                 \
    value primitive(struct process *p, value *a, unsigned argc);                                             \
    value primitive(struct process *p, value *a, unsigned argc)                                              \
    {                                                                                                        \
        return resume(p, a, argc, f, name, TRAP_);                                                           \
    }
#define PLAIN(primitive)                                                                                     \
    value primitive(struct process *p, value *a, unsigned argc);                                             \
    value primitive(struct process *p, value *a, unsigned argc)

/* Elements that a primitive handles in one turn: so many that a turn is short, and that it allocates less than 64 KiB
 * (P3): a walk allocates little, a transient a node of some 250 bytes an entry, a persistent table about a kibibyte. */
enum { TURN_ITEMS = 2000, TRANSIENT_ITEMS = 250, PERSISTENT_ITEMS = 60 };

/* An index argument: fixnum >= 0 (else false). */
static inline bool index_argument(value v, uint64_t *i)
{
    if (!is_fixnum(v) || to_fixnum(v) < 0) return false;
    *i = (uint64_t)to_fixnum(v);
    return true;
}

/* The entries that conj onto a map takes from x: a seq of a map, set or sequence; VAL_SLOW with a question if they have to
 * be realised first; VAL_ABSENT if x is nothing of the kind. */
value entries_of(struct key_op *op, value x);
/* coll with x joined, one step of conj: VAL_SLOW (with or without a question), VAL_ERROR.  Not for maps onto maps. */
value conj_one(struct key_op *op, value coll, value x);
value assoc_one(struct key_op *op, value coll, value key, value val);
bool is_opaque(value v); /* an instance of deftype */

#endif
