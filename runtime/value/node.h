/* Private to the collections: access to their nodes, and the context that operations on keys work in. */
#ifndef RUNTIME_VALUE_NODE_H
#define RUNTIME_VALUE_NODE_H

#include "runtime/value/collection.h"
#include "runtime/value/hash.h"
#include "spec/limits.h"

/* ---- what an operation on keys needs to know, and what it asks when it cannot go on ----
 *
 * Hashing or comparing a large key may exceed the bound.  The operation then changes nothing, leaves its question here and
 * answers VAL_SLOW.  A primitive finds the answer the resumable way (deep.h), adds it to the memo, and starts over. */
enum question { QUESTION_NONE, QUESTION_HASH, QUESTION_EQUAL, QUESTION_DIGEST, QUESTION_COMPARE };

struct key_op {
    struct process *p; /* NULL: nothing may be allocated */
    value memo;        /* answers: chain of STATE {kind a b answer next}, or NIL */
    int budget;
    uint32_t token; /* edit token: nodes that carry it are changed in place; 0: none are */
    bool failed;    /* out: the key has no place in the order of a sorted collection; p->error says so */
    bool added;     /* out: the key was not there before (assoc), was there (dissoc) */
    uint8_t question;
    value qa, qb;
};
#define KEY_OP(process) ((struct key_op){.p = (process), .memo = NIL, .budget = EQUAL_BUDGET})

/* The hash of a key into *hash; false: VAL_SLOW, with the question left in op. */
bool key_hash_slow(struct key_op *op, value key, uint32_t *hash);
static inline bool key_hash(struct key_op *op, value key, uint32_t *hash)
{
    if (is_fixnum(key)) {
        *hash = hash_fixnum(to_fixnum(key));
        return true;
    }
    if (is_ptr(key)) {
        enum object_type t = obj_type(to_obj(key));
        if (t == T_KEYWORD || t == T_SYMBOL) {
            *hash = (uint32_t)to_obj(key)->p[0];
            return true;
        }
    }
    return key_hash_slow(op, key, hash);
}

/* Are two keys the same key?  1, 0, or -1 for VAL_SLOW.  As `=`, but a NaN is the same key as itself. */
int key_equal_slow(struct key_op *op, value a, value b);
static inline int key_equal(struct key_op *op, value a, value b)
{
    if (a == b) return 1;
    if (!is_ptr(a) || !is_ptr(b)) return is_double(a) && is_double(b) && to_double(a) == to_double(b);
    return key_equal_slow(op, a, b);
}

/* Canonical order of keys with equal hashes: -1 0 1, or ORDER_SLOW.  0 also for different keys that have identity only. */
#define ORDER_SLOW 2
int key_order(struct key_op *op, value a, value b);
/* The order of `compare`: fixnum -1 0 1, VAL_SLOW, VAL_ERROR. */
value key_compare(struct key_op *op, value a, value b);

/* An answer found earlier, or VAL_ABSENT; question_ask leaves the question and answers VAL_SLOW. */
value question_answer(const struct key_op *op, enum question q, value a, value b);
value question_ask(struct key_op *op, enum question q, value a, value b);
value question_remember(struct process *p, value memo, enum question q, value a, value b,
                        value answer); /* -> memo */

/* ---- hash nodes (hnode.c); set: one word an entry instead of two ---- */
static inline uint32_t hnode_data(const struct object *n)
{
    return (uint32_t)n->p[0];
}
static inline uint32_t hnode_children(const struct object *n)
{
    return (uint32_t)(n->p[0] >> 32);
}
static inline bool hnode_is_set(const struct object *n)
{
    return obj_has(n, OBJ_A);
}
static inline bool hnode_is_collision(const struct object *n)
{
    return obj_has(n, OBJ_B);
}
static inline unsigned hnode_stride(const struct object *n)
{
    return hnode_is_set(n) ? 1 : 2;
}

value hnode_empty(struct process *p, bool set, uint32_t token);
/* A pointer to the entry (its key; for maps the value behind it), NULL if absent or, with *slow set, undecided. */
const value *hnode_find(struct key_op *op, const struct object *n, uint32_t hash, value key, bool *slow);
/* The new root (the same when nothing changed), or VAL_SLOW.  A key that is there keeps its own key object. */
value hnode_assoc(struct key_op *op, value n, unsigned shift, uint32_t hash, value key, value val);
value hnode_dissoc(struct key_op *op, value n, unsigned shift, uint32_t hash, value key);

/* ---- ordered trees (tree.c), weight balanced; NIL is the empty one.  Ranks count from 0 in order. ---- */
enum { TREE_SIZE, TREE_KEY, TREE_VALUE, TREE_LEFT, TREE_RIGHT, TREE_WORDS };
static inline uint64_t tree_size(value t)
{
    return t == NIL ? 0 : to_obj(t)->p[TREE_SIZE];
}
const struct object *tree_at(value t, uint64_t rank); /* pre: rank < size */
value tree_insert_at(struct process *p, value t, uint64_t rank, value key, value val);
value tree_replace_at(struct process *p, value t, uint64_t rank, value key, value val);
value tree_delete_at(struct process *p, value t, uint64_t rank);
/* Balanced tree over items[0 .. n): keys, each followed by its value if pairs. */
value tree_build(struct process *p, const value *items, uint64_t n, bool pairs);
/* Search by the canonical order (compare false) or by `compare`.  TRUE_: *rank is the key's; FALSE_: *rank is where it
 * belongs; VAL_SLOW, VAL_ERROR (no order between the keys). */
value tree_search(struct key_op *op, value t, value key, bool compare, uint64_t *rank);

/* ---- collections behind the public functions: the same with a context ---- */
value map_get_op(struct key_op *op, value m, value key);
const value *map_find_op(struct key_op *op, value m, value key,
                         bool *slow); /* -> key, value; no SMAP with a comparator */
value map_assoc_op(struct key_op *op, value m, value key, value val);
value map_dissoc_op(struct key_op *op, value m, value key);
value set_get_op(struct key_op *op, value s, value key);
value set_conj_op(struct key_op *op, value s, value key);
value set_disj_op(struct key_op *op, value s, value key);
value hmap_from_amap(struct key_op *op, const struct object *m); /* an HMAP without metadata, or VAL_SLOW */

/* ---- small things ---- */
/* Edit token for a new transient: never 0 unless the counter is used up; then PROC_CLEAR_TOKENS has been set. */
uint32_t edit_token_new(struct process *p);
static inline bool node_editable(const struct object *n, uint32_t token)
{
    return token != 0 && node_token(n) == token && !obj_has(n, OBJ_SHARED);
}
static inline struct object *node_alloc(struct process *p, enum object_type t, uint32_t flags, uint32_t words,
                                        uint32_t token)
{
    struct object *n = heap_alloc(p, t, flags, words);
    n->header |= (uint64_t)token << 8;
    return n;
}

/* A copy of a collection's top object (VALUES layout), same type, flags and metadata; the caller changes words. */
static inline struct object *object_copy(struct process *p, const struct object *o)
{
    uint32_t size = obj_size(o);
    struct object *n =
        heap_alloc(p, obj_type(o), header_flags(o->header) & (OBJ_META | OBJ_A | OBJ_B | OBJ_C), size);
    __builtin_memcpy(n->p, o->p, (size_t)size * 8);
    return n;
}
static inline uint32_t object_words(const struct object *o)
{
    return obj_size(o) - obj_has(o, OBJ_META);
}

#endif
