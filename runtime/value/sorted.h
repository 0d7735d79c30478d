/* Sorted maps and sets (SMAP, SSET) with the order of `compare`.  With a comparator of their own the functions here answer
 * VAL_SLOW without a question: the search is then made in Lonala, over the primitives that work by rank. */
#ifndef RUNTIME_VALUE_SORTED_H
#define RUNTIME_VALUE_SORTED_H

#include "runtime/value/node.h"

enum { SORTED_COUNT, SORTED_ROOT, SORTED_COMPARATOR };

static inline bool is_sorted(value v)
{
    enum object_type t = type_of(v);
    return t == T_SMAP || t == T_SSET;
}
static inline bool has_comparator(const struct object *o)
{
    return o->p[SORTED_COMPARATOR] != NIL;
}

value sorted_new(struct process *p, bool set, value root, value comparator, value meta);
/* The same kind, comparator and metadata with another tree. */
value sorted_with_root(struct process *p, const struct object *o, value root);
/* The tree node of the key; NULL: absent, or *slow.  A key that cannot be compared is absent; if there is a
 * process to tell, op->failed is set. */
const struct object *sorted_find(struct key_op *op, const struct object *o, value key, bool *slow);
value sorted_put(struct key_op *op, const struct object *o, value key, value val); /* VAL_SLOW, VAL_ERROR */
value sorted_remove(struct key_op *op, const struct object *o, value key);         /* VAL_SLOW, VAL_ERROR */

#endif
