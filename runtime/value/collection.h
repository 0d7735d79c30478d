/* Persistent collections.  Every operation is bounded (O(log n) or O(32)); equality or hashing of large keys that exceed
 * the bound makes an operation answer VAL_SLOW, and its primitive then takes the resumable way (P2, TRAP).
 *
 * Iteration order: AMAP insertion order; HMAP, HSET by hash (the same everywhere for equal content built any way:
 * collision nodes are in canonical order); sorted ones by their order. */
#ifndef RUNTIME_VALUE_COLLECTION_H
#define RUNTIME_VALUE_COLLECTION_H

#include "runtime/gc/heap.h"

/* ---- metadata ---- */
bool takes_meta(value v); /* what carries metadata; an unrealised lazy sequence only once it is forced */
/* A copy of v with other metadata; NIL: without.  Pre: v takes metadata and is no unrealised lazy sequence. */
value with_meta(struct process *p, value v, value meta);

/* ---- lists ---- */
value list_cons(struct process *p, value first, value rest); /* a bare cons; rest: any seq, list or nil */
value list_make(struct process *p, const value *items, size_t n); /* a list; () for n == 0 */
value list_prepend(struct process *p, value list, value item);    /* conj on a list */
value empty_list(void); /* the shared one (a constant object, SHARED) */
static inline bool is_cons(value v)
{
    return is_type(v, T_CONS);
}
/* A list as conj makes it; a cons onto nil is one, too. */
static inline bool is_list(value v)
{
    if (is_type(v, T_EMPTY_LIST)) return true;
    return is_cons(v) && (obj_has(to_obj(v), OBJ_A) || to_obj(v)->p[1] == NIL);
}
static inline value cons_first(value v)
{
    return to_obj(v)->p[0];
}
static inline value cons_rest(value v)
{
    return to_obj(v)->p[1];
}

/* ---- vectors (SVECTOR, VECTOR, SUBVECTOR alike) ---- */
bool is_vector(value v);
uint64_t vector_count(value v);
value vector_nth(value v, uint64_t i);                              /* VAL_ABSENT beyond the end */
value vector_make(struct process *p, const value *items, size_t n); /* any n */
value vector_conj(struct process *p, value v, value item);
value vector_assoc(struct process *p, value v, uint64_t i, value item);   /* i <= count; else VAL_ABSENT */
value vector_pop(struct process *p, value v);                             /* pre: not empty */
value vector_sub(struct process *p, value v, uint64_t from, uint64_t to); /* pre: in range */
value entry_make(struct process *p, value key, value val);                /* a map entry: a vector of two */

/* ---- maps (AMAP, HMAP; SMAP with the default comparator; with another one: VAL_SLOW) ---- */
bool is_map(value v);
uint64_t map_count(value m);
value map_get(value m, value key);             /* VAL_ABSENT, VAL_SLOW */
value map_get_keyword(value m, value keyword); /* the fast way for keyword keys */
value map_assoc(struct process *p, value m, value key, value val);
value map_dissoc(struct process *p, value m, value key);
value map_make(struct process *p, const value *keys_and_values,
               size_t entries); /* later keys win; AMAP up to AMAP_MAX */
value empty_map(void);          /* shared constants */
value empty_set(void);
value empty_vector(void);

/* ---- sets (HSET, SSET) ---- */
bool is_set(value v);
uint64_t set_count(value s);
value set_get(value s, value key); /* the element, VAL_ABSENT, VAL_SLOW */
value set_conj(struct process *p, value s, value key);
value set_disj(struct process *p, value s, value key);

/* Walk the entries of a map, set or vector from C, without allocation; bounded depth. */
struct walk {
    value stack[16];
    uint32_t index[16];
    int depth;
    value coll;
    uint64_t position;
};
void walk_start(struct walk *w, value coll);
bool walk_next(struct walk *w, value *key, value *val); /* sets and vectors: val = key = the element */

/* ---- equality, hashing, order: bounded forms; *budget goes down with the work; VAL_SLOW when it is used up or when a
 * lazy sequence has to be forced ---- */
value value_equal(value a, value b, int *budget); /* TRUE_, FALSE_, VAL_SLOW */
value value_hash(value v, int *budget);           /* fixnum of 32 bits, or VAL_SLOW */
#define EQUAL_BUDGET 200
/* Canonical total order over all values, for collision nodes: consistent with equality. */
int value_order(value a, value b, int *budget); /* budget < 0 afterwards: undecided */

/* The order of `compare` for what it accepts (numbers, strings, symbols, keywords, characters, booleans, nil, vectors,
 * instants, uuids): VAL fixnum -1 0 1, VAL_SLOW, or VAL_ERROR for things without an order. */
value value_compare(struct process *p, value a, value b, int *budget);

#endif
