/* Changing collections: assoc, dissoc, conj, disj, pop, empty.  The steps of one call are kept between turns. */
#include "runtime/prims/collection.h"

value assoc_one(struct key_op *op, value coll, value key, value val)
{
    uint64_t i;
    struct process *p = op->p;
    switch (type_of(coll)) {
    case T_AMAP:
    case T_HMAP:
    case T_SMAP: return map_assoc_op(op, coll, key, val);
    case T_SVECTOR:
    case T_VECTOR:
    case T_SUBVECTOR: {
        if (!is_fixnum(key)) return fail_type(p, "assoc", 2, key, "an integer");
        value r = index_argument(key, &i) ? vector_assoc(p, coll, i, val) : VAL_ABSENT;
        return r == VAL_ABSENT ? fail_range(p, "assoc", key, vector_count(coll) + 1) : r;
    }
    case T_RECORD: return record_is_map(to_obj(coll)) ? record_assoc(op, to_obj(coll), key, val) : VAL_SLOW;
    default: break;
    }
    if (coll == NIL) return map_assoc_op(op, empty_map(), key, val);
    return fail_type(p, "assoc", 1, coll, "a map or vector");
}

static value map_conj(struct key_op *op, value m, value x)
{
    if (is_vector(x)) {
        if (vector_count(x) != 2)
            return process_fail(op->p, ERR_ARGUMENT, x, "a map entry has two elements: %v", x);
        return assoc_one(op, m, vector_nth(x, 0), vector_nth(x, 1));
    }
    return x == NIL ? m : fail_type(op->p, "conj", 2, x, "a map entry or a map");
}

value conj_one(struct key_op *op, value coll, value x)
{
    struct process *p = op->p;
    switch (type_of(coll)) {
    case T_SVECTOR:
    case T_VECTOR:
    case T_SUBVECTOR: return vector_conj(p, coll, x);
    case T_CONS:
        if (is_list(coll)) return list_prepend(p, coll, x);
        return list_cons(p, x, coll);
    case T_EMPTY_LIST: return list_prepend(p, coll, x);
    case T_INDEXED_SEQ:
    case T_MAP_SEQ:
    case T_TREE_SEQ:
    case T_RANGE: return list_cons(p, x, coll);
    case T_LAZY:
        return obj_has(to_obj(coll), OBJ_A) ? fail_type(p, "conj", 1, coll, "a collection")
                                            : list_cons(p, x, coll);
    case T_AMAP:
    case T_HMAP:
    case T_SMAP: return map_conj(op, coll, x);
    case T_HSET:
    case T_SSET: return set_conj_op(op, coll, x);
    case T_RECORD: return record_is_map(to_obj(coll)) ? map_conj(op, coll, x) : VAL_SLOW;
    default: break;
    }
    if (coll == NIL) return list_prepend(p, empty_list(), x);
    return fail_type(p, "conj", 1, coll, "a collection");
}

/* ---- how far a call with many arguments got: the collection so far, the next argument ---- */

struct progress {
    value coll;
    unsigned next;
};

static struct progress progress_start(struct key_op *op, value coll, unsigned first)
{
    if (op->p->prim_state == NIL) return (struct progress){coll, first};
    const value *own = to_obj(op->p->prim_state)->p + RESUME_OWN;
    if (own[1] == NIL) return (struct progress){coll, first};
    return (struct progress){own[0], (unsigned)to_fixnum(own[1])};
}

static void progress_keep(struct key_op *op, struct progress g)
{
    struct object *s = resume_state(op);
    heap_write(op->p, s, RESUME_OWN, g.coll);
    heap_write(op->p, s, RESUME_OWN2, from_fixnum(g.next));
}

/* Has the turn had its share of steps?  Then the progress is kept. */
static bool progress_pause(struct key_op *op, struct progress g, int *steps)
{
    if (++*steps < PERSISTENT_ITEMS) return false;
    progress_keep(op, g);
    op->p->reductions -= PERSISTENT_ITEMS;
    return true;
}

/* What came of a step that did not succeed: with a question, the progress is kept for when the answer is there. */
static value progress_stop(struct key_op *op, struct progress g, value r)
{
    if (r == VAL_SLOW && op->question != QUESTION_NONE) progress_keep(op, g);
    return r;
}

static value do_assoc(struct key_op *op, value *a, unsigned argc)
{
    if (argc % 2 == 0)
        return process_fail(op->p, ERR_ARGUMENT, NIL,
                            "assoc expects an even number of arguments after the collection");
    struct progress g = progress_start(op, a[0], 1);
    for (int steps = 0; g.next < argc; g.next += 2) {
        if (progress_pause(op, g, &steps)) return VAL_YIELD;
        value r = assoc_one(op, g.coll, a[g.next], a[g.next + 1]);
        if (is_sentinel(r)) return progress_stop(op, g, r);
        g.coll = r;
    }
    return g.coll;
}
PLAIN(prim_assoc)
{
    if (argc == 3 && p->prim_state == NIL) {
        struct key_op op = KEY_OP(p);
        value r = assoc_one(&op, a[0], a[1], a[2]);
        if (r != VAL_SLOW) return r;
    }
    return resume(p, a, argc, do_assoc, "lona.core/assoc", TRAP_ASSOC);
}

static value dissoc_one(struct key_op *op, value coll, value key)
{
    if (is_map(coll)) return map_dissoc_op(op, coll, key);
    if (coll == NIL) return NIL;
    if (is_type(coll, T_RECORD))
        return record_is_map(to_obj(coll)) ? record_dissoc(op, to_obj(coll), key) : VAL_SLOW;
    return fail_type(op->p, "dissoc", 1, coll, "a map");
}

static value disj_one(struct key_op *op, value coll, value key)
{
    if (is_set(coll)) return set_disj_op(op, coll, key);
    if (falsy(coll)) return NIL;
    return is_opaque(coll) ? VAL_SLOW : fail_type(op->p, "disj", 1, coll, "a set");
}

static value each_argument(struct key_op *op, value *a, unsigned argc,
                           value (*f)(struct key_op *, value, value))
{
    struct progress g = progress_start(op, a[0], 1);
    for (int steps = 0; g.next < argc; g.next++) {
        if (progress_pause(op, g, &steps)) return VAL_YIELD;
        value r = f(op, g.coll, a[g.next]);
        if (is_sentinel(r)) return progress_stop(op, g, r);
        g.coll = r;
    }
    return g.coll;
}
static value do_dissoc(struct key_op *op, value *a, unsigned argc)
{
    return each_argument(op, a, argc, dissoc_one);
}
RESUMABLE(prim_dissoc, do_dissoc, "lona.core/dissoc", TRAP_DISSOC)
static value do_disj(struct key_op *op, value *a, unsigned argc)
{
    return each_argument(op, a, argc, disj_one);
}
RESUMABLE(prim_disj, do_disj, "lona.core/disj", TRAP_DISJ)

/* ---- conj ---- */

static bool is_mapping(value v)
{
    return is_map(v) || (is_type(v, T_RECORD) && record_is_map(to_obj(v)));
}

static value conj_entry(struct key_op *op, value coll, value transient, value entry)
{
    if (transient == NIL) return conj_one(op, coll, entry);
    return transient_map_assoc(op, to_obj(transient), vector_nth(entry, 0), vector_nth(entry, 1));
}

value entries_of(struct key_op *op, value x)
{
    if (is_vector(x) || (!is_mapping(x) && !is_seq(x) && !is_set(x))) return VAL_ABSENT;
    value s = seq_of(op->p, x);
    if (s == VAL_SLOW)
        return question_ask(op, QUESTION_HASH, x, NIL); /* who looks for that has it realised */
    return s;
}

/* A map onto a map, entry by entry; many onto a hash map by way of a transient.  The third own word is what is left, the
 * fourth the transient. */
static value conj_entries(struct key_op *op, struct progress *g, value x)
{
    struct process *p = op->p;
    value rest = NIL, t = NIL;
    if (p->prim_state != NIL) {
        rest = to_obj(p->prim_state)->p[RESUME_OWN3];
        t = to_obj(p->prim_state)->p[RESUME_OWN4];
    }
    if (rest == NIL) {
        rest = entries_of(op, x);
        if (rest == VAL_SLOW) return progress_stop(op, *g, rest);
        bool many = is_type(x, T_HMAP) || is_type(x, T_SMAP);
        if (many && (is_type(g->coll, T_AMAP) || is_type(g->coll, T_HMAP))) t = transient_new(p, g->coll);
    }
    int limit = t == NIL ? PERSISTENT_ITEMS : TRANSIENT_ITEMS;
    for (int n = 0; rest != NIL; n++) {
        value r = n < limit ? conj_entry(op, g->coll, t, seq_first(p, rest)) : VAL_YIELD;
        if (is_sentinel(r)) {
            if (r == VAL_YIELD || (r == VAL_SLOW && op->question != QUESTION_NONE)) {
                progress_keep(op, *g);
                heap_write(p, resume_state(op), RESUME_OWN3, rest);
                heap_write(p, resume_state(op), RESUME_OWN4, t);
            }
            if (r == VAL_YIELD) p->reductions -= limit;
            return r;
        }
        if (t == NIL) g->coll = r;
        rest = seq_of(p, seq_rest(p, rest));
        if (is_sentinel(rest)) return rest == VAL_SLOW ? question_ask(op, QUESTION_HASH, x, NIL) : rest;
    }
    if (t != NIL) g->coll = with_meta(p, transient_persistent(p, to_obj(t)), obj_meta(g->coll));
    if (p->prim_state != NIL) {
        heap_write(p, to_obj(p->prim_state), RESUME_OWN3, NIL);
        heap_write(p, to_obj(p->prim_state), RESUME_OWN4, NIL);
    }
    return g->coll;
}

static value do_conj(struct key_op *op, value *a, unsigned argc)
{
    if (argc == 0) return empty_vector();
    struct progress g = progress_start(op, a[0], 1);
    for (int steps = 0; g.next < argc; g.next++) {
        if (progress_pause(op, g, &steps)) return VAL_YIELD;
        value x = a[g.next];
        bool entries = is_mapping(g.coll) && (is_mapping(x) || is_seq(x) || is_set(x));
        value r = entries ? conj_entries(op, &g, x) : conj_one(op, g.coll, x);
        if (is_sentinel(r)) return progress_stop(op, g, r);
        g.coll = r;
    }
    return g.coll;
}
PLAIN(prim_conj)
{
    if (argc == 2 && p->prim_state == NIL && is_vector(a[0])) return vector_conj(p, a[0], a[1]);
    return resume(p, a, argc, do_conj, "lona.core/conj", TRAP_CONJ);
}

/* ---- pop, empty ---- */

PLAIN(prim_pop)
{
    value v = a[0];
    if (v == NIL) return NIL;
    if (is_vector(v)) {
        if (vector_count(v) == 0) return process_fail(p, ERR_STATE, v, "cannot pop an empty vector");
        return vector_pop(p, v);
    }
    switch (type_of(v)) {
    case T_EMPTY_LIST: return process_fail(p, ERR_STATE, v, "cannot pop an empty list");
    case T_CONS:
        if (is_list(v)) return to_obj(v)->p[1] == NIL ? empty_list() : to_obj(v)->p[1];
        return fail_type(p, "pop", 1, v, "a list or vector");
    case T_RECORD: return vm_trap(p, TRAP_POP);
    default: return fail_type(p, "pop", 1, v, "a list or vector");
    }
}

PLAIN(prim_empty)
{
    value v = a[0], r;
    switch (type_of(v)) {
    case T_SVECTOR:
        if (obj_has(to_obj(v), OBJ_A)) return NIL; /* a map entry has no empty form */
        __attribute__((fallthrough));
    case T_VECTOR:
    case T_SUBVECTOR: r = empty_vector(); break;
    case T_AMAP:
    case T_HMAP: r = empty_map(); break;
    case T_HSET: r = empty_set(); break;
    case T_SMAP:
    case T_SSET: return sorted_with_root(p, to_obj(v), NIL);
    case T_CONS:
        if (!obj_has(to_obj(v), OBJ_A)) return empty_list();
        __attribute__((fallthrough));
    case T_EMPTY_LIST: r = empty_list(); break;
    case T_INDEXED_SEQ:
    case T_MAP_SEQ:
    case T_TREE_SEQ:
    case T_RANGE: return empty_list();
    case T_LAZY: return obj_has(to_obj(v), OBJ_A) ? NIL : empty_list();
    case T_RECORD:
        if (!record_is_map(to_obj(v))) return vm_trap(p, TRAP_EMPTY);
        return process_fail(p, ERR_TYPE, v, "a record cannot be emptied");
    default: return NIL;
    }
    return obj_meta(v) == NIL ? r : with_meta(p, r, obj_meta(v));
}
