/* Sequences that C can walk.  What only Lonala can (a lazy sequence not yet realised, a type with its own protocols)
 * shows as VAL_SLOW ("stuck"). */
#ifndef RUNTIME_VALUE_SEQ_H
#define RUNTIME_VALUE_SEQ_H

#include "runtime/gc/heap.h"

/* What INDEXED_SEQ, MAP_SEQ and TREE_SEQ yield.  ORDER: the flags of spec/objects.def. */
#define SEQ_KEYS OBJ_A   /* keys, or elements of a set */
#define SEQ_DOWN OBJ_B   /* from the end to the beginning (not MAP_SEQ) */
#define SEQ_VALUES OBJ_C /* values only */

enum { LAZY_THUNK, LAZY_VALUE };

/* seq: NIL if empty; VAL_SLOW stuck; VAL_ABSENT not seqable.  O(1), records O(fields). */
value seq_of(struct process *p, value coll);
/* Of a seq (not nil) that seq_of() gave.  With p NULL: VAL_SLOW if memory would be needed. */
value seq_first(struct process *p, value seq);
/* What comes behind the first element, as it is: NIL, (), a seq, or a lazy sequence. */
value seq_rest(struct process *p, value seq);
/* A realised lazy sequence's value in the end, anything else as it is; VAL_SLOW: not realised, or a very long chain. */
value lazy_follow(value v);
/* Where a chain ends, however long: a value, or the lazy sequence that has to be forced.  The first cell is made to point
 * there, so the cost, O(chain), falls due once. */
value lazy_end(struct process *p, value v);
/* As lazy_follow(), for long chains. */
value lazy_settle(struct process *p, value v);
/* The unrealised lazy sequence (or delay) at the end of a chain; NIL if there is none. */
value lazy_pending(struct process *p, value v);
static inline bool is_lazy_seq(value v)
{
    return is_type(v, T_LAZY) && !obj_has(to_obj(v), OBJ_A);
}

/* Up to max elements from *seq (any seqable) into to; *seq becomes what is left, NIL at the end.  Less than max with
 * *seq not nil: stuck there.  Cost O(max). */
unsigned seq_take(struct process *p, value *seq, value *to, unsigned max);

/* The same for entries: keys and values in turn, max / 2 of them; stops at what is no entry, too. */
unsigned seq_take_pairs(struct process *p, value *seq, value *to, unsigned max);

value indexed_seq_new(struct process *p, value coll, uint64_t index, uint32_t kind);
value map_seq_new(struct process *p, value root, uint32_t kind); /* of an HNODE, or NIL */
value tree_seq_new(struct process *p, value root, uint64_t rank,
                   uint32_t kind); /* from the rank-th entry on (SEQ_DOWN: and down) */
value map_seq_of(struct process *p, value map, uint32_t kind); /* seq, keys, vals of a map */
value range_element(struct process *p, const struct object *range,
                    uint64_t i);    /* VAL_SLOW without p where needed */
uint64_t indexed_count(value coll); /* of a collection with constant-time count and nth */
bool is_indexed(value v);
/* The i-th element of such a collection; AMAP: an entry (VAL_SLOW without p). */
value indexed_at(struct process *p, value coll, uint64_t i);

/* Elements of what is sequential (lists, vectors, seqs), without conversion.  Two words that can be kept in a STATE. */
struct cursor {
    value coll;
    uint64_t i;
};
/* 1: *out is the next element; 0: the end; -1: stuck, c->coll (if lazy) has to be forced. */
int cursor_next(struct process *p, struct cursor *c, value *out);
/* What a cursor has not passed yet, as a seq; () at the end. */
value cursor_rest(struct process *p, value coll, uint64_t i);
/* Number of elements left if that is known without a walk, else -1. */
int64_t cursor_count(const struct cursor *c);
bool is_sequential(value v);
bool is_seq(value v);

#endif
