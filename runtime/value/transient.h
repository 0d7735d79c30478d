/* Transients: vectors, maps and sets that are changed in place.  One exists in one process and is never shared.
 *
 * p[TRANSIENT_TOKEN]  edit token of the nodes that are its own; 0 once made persistent; TOKEN_NONE when tokens were used up
 *                     (it works, without changing nodes in place)
 * vector: root of the trie or NIL; tail, a node of 32 words of which the last elements use the first
 * map:    ARRAY of 2 * AMAP_MAX words while small, else HNODE; NIL
 * set:    HNODE; NIL */
#ifndef RUNTIME_VALUE_TRANSIENT_H
#define RUNTIME_VALUE_TRANSIENT_H

#include "runtime/value/node.h"

enum { TRANSIENT_TOKEN, TRANSIENT_COUNT, TRANSIENT_ROOT, TRANSIENT_TAIL };
#define TRANSIENT_VECTOR OBJ_A
#define TRANSIENT_MAP OBJ_B
#define TRANSIENT_SET OBJ_C
#define TOKEN_NONE ((uint64_t)EDIT_TOKEN_MAX + 1)

static inline bool is_transient(value v)
{
    return is_type(v, T_TRANSIENT);
}
static inline bool transient_live(const struct object *t)
{
    return t->p[TRANSIENT_TOKEN] != 0;
}
static inline uint64_t transient_count(const struct object *t)
{
    return (uint32_t)t->p[TRANSIENT_COUNT];
}

/* Of a vector, AMAP, HMAP or HSET; O(1) but for subvectors.  VAL_ABSENT: has no transient form.  VAL_ERROR: memory. */
value transient_new(struct process *p, value coll);
value transient_persistent(struct process *p, struct object *t);

void transient_vector_conj(struct process *p, struct object *t, value item);
void transient_vector_assoc(struct process *p, struct object *t, uint64_t i,
                            value item);                        /* pre: i <= count */
void transient_vector_pop(struct process *p, struct object *t); /* pre: not empty */
value transient_nth(const struct object *t, uint64_t i);        /* VAL_ABSENT */

/* TRUE_, or VAL_SLOW with the question left and nothing changed. */
value transient_map_assoc(struct key_op *op, struct object *t, value key, value val);
value transient_map_dissoc(struct key_op *op, struct object *t, value key);
value transient_set_conj(struct key_op *op, struct object *t, value key);
value transient_set_disj(struct key_op *op, struct object *t, value key);
/* Map: the value; set: the element; VAL_ABSENT, VAL_SLOW. */
value transient_get(struct key_op *op, const struct object *t, value key);

#endif
