/* Sequences: cons, first, next, rest, seq, chunks, ranges, lazy sequences and delays. */
#include "runtime/prims/collection.h"

static value not_a_seq(struct process *p, const char *name, value v)
{
    return fail_type(p, name, 1, v, "a collection");
}

static bool is_seqable_tail(value v)
{
    if (v == NIL || is_seq(v) || is_indexed(v)) return true;
    switch (type_of(v)) {
    case T_HMAP:
    case T_HSET:
    case T_SMAP:
    case T_SSET:
    case T_RECORD: return true;
    default: return false;
    }
}

PLAIN(prim_cons)
{
    value rest = a[1];
    if (rest == NIL || is_seq(rest)) return list_cons(p, a[0], rest);
    if (!is_seqable_tail(rest)) return fail_type(p, "cons", 2, rest, "a collection");
    value s = seq_of(p, rest);
    if (s == VAL_SLOW)
        return list_cons(p, a[0], rest); /* a type with protocols: its seq is taken when it is reached */
    return list_cons(p, a[0], s == NIL ? empty_list() : s);
}

PLAIN(prim_seq)
{
    value s = seq_of(p, a[0]);
    if (s == VAL_SLOW) return vm_trap(p, TRAP_SEQ);
    return s == VAL_ABSENT ? not_a_seq(p, "seq", a[0]) : s;
}

PLAIN(prim_first)
{
    value v = a[0];
    if (is_vector(v)) {
        value r = vector_nth(v, 0);
        return r == VAL_ABSENT ? NIL : r;
    }
    value s = seq_of(p, v);
    if (s == VAL_SLOW) return vm_trap(p, TRAP_FIRST);
    if (s == VAL_ABSENT) return not_a_seq(p, "first", v);
    return s == NIL ? NIL : seq_first(p, s);
}

PLAIN(prim_rest)
{
    value s = seq_of(p, a[0]);
    if (s == VAL_SLOW) return vm_trap(p, TRAP_REST);
    if (s == VAL_ABSENT) return not_a_seq(p, "rest", a[0]);
    if (s == NIL) return empty_list();
    value rest = seq_rest(p, s);
    if (rest == NIL) return empty_list();
    if (is_seq(rest)) return rest;
    rest = seq_of(p, rest); /* the tail of a cons may be any collection */
    return rest == VAL_SLOW ? seq_rest(p, s) : rest == NIL ? empty_list() : rest;
}

PLAIN(prim_next)
{
    value s = seq_of(p, a[0]);
    if (s == VAL_SLOW) return vm_trap(p, TRAP_NEXT);
    if (s == VAL_ABSENT) return not_a_seq(p, "next", a[0]);
    if (s == NIL) return NIL;
    value next = seq_of(p, seq_rest(p, s));
    return next == VAL_SLOW ? vm_trap(p, TRAP_NEXT) : next;
}

/* (list* x y coll): the last argument is the tail. */
PLAIN(prim_list_star)
{
    value s = a[argc - 1];
    if (!is_seqable_tail(s)) return fail_type(p, "list*", argc, s, "a collection");
    if (argc == 1) {
        value seq = seq_of(p, s);
        return seq == VAL_SLOW ? vm_trap(p, TRAP_SEQ) : seq;
    }
    if (s != NIL && !is_seq(s)) {
        value seq = seq_of(p, s);
        if (seq != VAL_SLOW) s = seq == NIL ? empty_list() : seq;
    }
    for (unsigned i = argc - 1; i-- > 0;) s = list_cons(p, a[i], s);
    return s;
}

/* ---- reverse: own words: what is left, the list so far ---- */

static value do_reverse(struct key_op *op, value *a, unsigned argc)
{
    struct process *p = op->p;
    value rest = a[0], list = empty_list(), items[32];
    if (p->prim_state != NIL) {
        rest = to_obj(p->prim_state)->p[RESUME_OWN];
        list = to_obj(p->prim_state)->p[RESUME_OWN2];
    } else if (seq_of(p, rest) == VAL_ABSENT) {
        return not_a_seq(p, "reverse", rest);
    }
    for (unsigned sum = 0; rest != NIL; sum += 32) {
        if (sum >= TURN_ITEMS) {
            heap_write(p, resume_state(op), RESUME_OWN, rest);
            heap_write(p, resume_state(op), RESUME_OWN2, list);
            p->reductions -= TURN_ITEMS / 2;
            return VAL_YIELD;
        }
        unsigned n = seq_take(p, &rest, items, 32);
        for (unsigned i = 0; i < n; i++) list = list_prepend(p, list, items[i]);
        if (n < 32 && rest != NIL) return VAL_SLOW;
    }
    return list;
}
RESUMABLE(prim_reverse, do_reverse, "lona.core/reverse", TRAP_REVERSE)

/* ---- chunks: up to 32 elements at a time, so that a reduction does not allocate for each ---- */

enum { CHUNK = 32 };

PLAIN(prim_chunk)
{
    value items[CHUNK], rest = a[0];
    unsigned n = seq_take(p, &rest, items, CHUNK);
    return n == 0 ? NIL : vector_make(p, items, n);
}

PLAIN(prim_chunk_rest)
{
    value items[CHUNK], rest = a[0];
    bool upwards = is_type(rest, T_INDEXED_SEQ) && !obj_has(to_obj(rest), SEQ_DOWN);
    if ((upwards && is_vector(to_obj(rest)->p[1])) || is_vector(rest) || is_type(rest, T_RANGE)) {
        struct cursor c = {rest, 0};
        int64_t n = cursor_count(&c);
        return n >= 0 && n <= CHUNK ? NIL : cursor_rest(p, rest, CHUNK);
    }
    seq_take(p, &rest, items, CHUNK);
    return rest;
}

/* Keys and values in turn, up to 16 entries of a map. */
PLAIN(prim_chunk_kv)
{
    value items[CHUNK], rest = a[0];
    unsigned n = seq_take_pairs(p, &rest, items, CHUNK);
    return n == 0 ? NIL : vector_make(p, items, n);
}
PLAIN(prim_chunk_kv_rest)
{
    value items[CHUNK], rest = a[0];
    seq_take_pairs(p, &rest, items, CHUNK);
    return rest;
}

/* Cells for the first n items of a vector or array, before a rest that may be lazy. */
PLAIN(prim_chunk_cons)
{
    uint64_t n;
    value s = a[2];
    if (!is_vector(a[0]) && !is_type(a[0], T_ARRAY))
        return fail_type(p, "-chunk-cons", 1, a[0], "a vector or array");
    if (!index_argument(a[1], &n) || n > indexed_count(a[0]) || n > TURN_ITEMS)
        return fail_range(p, "-chunk-cons", a[1], indexed_count(a[0]) + 1);
    if (s != NIL && !is_seq(s)) return fail_type(p, "-chunk-cons", 3, s, "a sequence");
    uint32_t flags = 0;
    while (n-- > 0) {
        struct object *o = heap_alloc(p, T_CONS, flags, 2);
        o->p[0] = indexed_at(p, a[0], n);
        o->p[1] = s;
        s = from_obj(o);
        flags = OBJ_B;
    }
    return s;
}

/* As Clojure has it: how far ahead map and its like work shows in what they do besides. */
PLAIN(prim_is_chunked_seq)
{
    if (!is_ptr(a[0])) return FALSE_;
    const struct object *o = to_obj(a[0]);
    switch (obj_type(o)) {
    case T_CONS: return from_bool(obj_has(o, OBJ_B));
    case T_INDEXED_SEQ: return from_bool(is_vector(o->p[1]) && !obj_has(o, SEQ_DOWN));
    case T_RANGE: return from_bool(o->p[1] != NIL);
    default: return FALSE_;
    }
}
PLAIN(prim_is_chunkable)
{
    enum object_type t = type_of(a[0]);
    if (t == T_CONS) return from_bool(obj_has(to_obj(a[0]), OBJ_B));
    return from_bool(t == T_INDEXED_SEQ || t == T_MAP_SEQ || t == T_TREE_SEQ || t == T_RANGE);
}

/* ---- ranges ---- */

PLAIN(prim_range)
{
    if (!both_fixnum(a[0], a[2]) || a[2] == from_fixnum(0) || (a[1] != NIL && !is_fixnum(a[1]))) return NIL;
    if (a[1] != NIL) {
        int64_t start = to_fixnum(a[0]), end = to_fixnum(a[1]), step = to_fixnum(a[2]);
        if (step > 0 ? start >= end : start <= end) return empty_list();
    }
    struct object *o = heap_alloc(p, T_RANGE, 0, 3);
    for (unsigned i = 0; i < 3; i++) o->p[i] = a[i];
    return from_obj(o);
}

/* ---- lazy sequences and delays ---- */

static value lazy_new(struct process *p, uint32_t flags, value thunk)
{
    struct object *o = heap_alloc(p, T_LAZY, flags, 2);
    o->p[LAZY_THUNK] = thunk;
    o->p[LAZY_VALUE] = NIL;
    return from_obj(o);
}
PLAIN(prim_lazy_seq)
{
    return lazy_new(p, 0, a[0]);
}
PLAIN(prim_delay)
{
    return lazy_new(p, OBJ_A, a[0]);
}

static value not_lazy(struct process *p, const char *name, value v)
{
    return fail_type(p, name, 1, v, "a lazy sequence or delay");
}
PLAIN(prim_is_lazy_realized)
{
    if (!is_type(a[0], T_LAZY)) return not_lazy(p, "-lazy-realized?", a[0]);
    return from_bool(to_obj(a[0])->p[LAZY_THUNK] == NIL);
}
PLAIN(prim_lazy_thunk)
{
    if (!is_type(a[0], T_LAZY)) return not_lazy(p, "-lazy-thunk", a[0]);
    return to_obj(a[0])->p[LAZY_THUNK];
}
PLAIN(prim_lazy_value)
{
    if (!is_type(a[0], T_LAZY)) return not_lazy(p, "-lazy-value", a[0]);
    return to_obj(a[0])->p[LAZY_VALUE];
}

/* A realised lazy sequence as value is replaced by its own: chains stay short.  They must not become rings. */
PLAIN(prim_lazy_set)
{
    if (!is_type(a[0], T_LAZY)) return not_lazy(p, "-lazy-set!", a[0]);
    struct object *o = to_obj(a[0]);
    value v = a[1];
    if (!obj_has(o, OBJ_A)) {
        v = lazy_end(p, v);
        if (v == a[0]) return process_fail(p, ERR_STATE, NIL, "a lazy sequence is its own value");
    }
    if (obj_has(o, OBJ_SHARED)) return v;
    heap_write(p, o, LAZY_VALUE, v);
    heap_write(p, o, LAZY_THUNK, NIL);
    return v;
}

PLAIN(prim_lazy_pending)
{
    return lazy_pending(p, a[0]);
}
