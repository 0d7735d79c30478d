/* Making collections: vector, hash-map, hash-set, sorted-map, vec, set ...; transients. */
#include "runtime/prims/collection.h"

PLAIN(prim_vector)
{
    if (argc > 4096 && heap_reserve(p, (uint64_t)argc * 2) != NIL) return VAL_ERROR;
    return vector_make(p, a, argc);
}
PLAIN(prim_list)
{
    if (argc > 2048 && heap_reserve(p, (uint64_t)argc * 3) != NIL) return VAL_ERROR;
    return list_make(p, a, argc);
}
PLAIN(prim_entry)
{
    return entry_make(p, a[0], a[1]);
}

/* ---- from arguments, entry by entry; own words: the collection so far, the next argument ---- */

typedef value add_fn(struct key_op *op, value coll, value *a);

static value from_arguments(struct key_op *op, value *a, unsigned argc, unsigned stride, value empty,
                            unsigned limit, add_fn *add)
{
    struct process *p = op->p;
    value coll = empty;
    unsigned i = 0;
    if (p->prim_state != NIL && to_obj(p->prim_state)->p[RESUME_OWN2] != NIL) {
        coll = to_obj(p->prim_state)->p[RESUME_OWN];
        i = (unsigned)to_fixnum(to_obj(p->prim_state)->p[RESUME_OWN2]);
    }
    for (unsigned steps = 0; i < argc; i += stride, steps++) {
        value r = steps < limit ? add(op, coll, a + i) : VAL_YIELD;
        if (!is_sentinel(r)) {
            coll = r;
            continue;
        }
        if (r == VAL_YIELD) p->reductions -= (int32_t)limit;
        if (r != VAL_ERROR) {
            struct object *s = resume_state(op);
            heap_write(p, s, RESUME_OWN, coll);
            heap_write(p, s, RESUME_OWN2, from_fixnum(i));
        }
        return r;
    }
    return coll;
}

static value odd(struct process *p, value *a, unsigned argc)
{
    return process_fail(p, ERR_ARGUMENT, a[argc - 1], "no value supplied for key %v", a[argc - 1]);
}

static value add_entry(struct key_op *op, value coll, value *a)
{
    return map_assoc_op(op, coll, a[0], a[1]);
}
static value add_item(struct key_op *op, value coll, value *a)
{
    return set_conj_op(op, coll, a[0]);
}
static value add_transient_entry(struct key_op *op, value t, value *a)
{
    return transient_map_assoc(op, to_obj(t), a[0], a[1]) == VAL_SLOW ? VAL_SLOW : t;
}
static value add_transient_item(struct key_op *op, value t, value *a)
{
    return transient_set_conj(op, to_obj(t), a[0]) == VAL_SLOW ? VAL_SLOW : t;
}

static value do_hash_map(struct key_op *op, value *a, unsigned argc)
{
    struct process *p = op->p;
    if (argc % 2) return odd(p, a, argc);
    value t = p->prim_state == NIL ? transient_new(p, empty_map()) : NIL;
    t = from_arguments(op, a, argc, 2, t, TRANSIENT_ITEMS, add_transient_entry);
    return is_sentinel(t) ? t : transient_persistent(p, to_obj(t));
}
PLAIN(prim_hash_map)
{
    if (argc <= 2 * AMAP_MAX && argc % 2 == 0 && p->prim_state == NIL) {
        value m = map_make(p, a, argc / 2);
        if (m != VAL_SLOW) return m;
    }
    return resume(p, a, argc, do_hash_map, "lona.core/hash-map", TRAP_RETRY);
}

static value do_hash_set(struct key_op *op, value *a, unsigned argc)
{
    struct process *p = op->p;
    value t = p->prim_state == NIL ? transient_new(p, empty_set()) : NIL;
    t = from_arguments(op, a, argc, 1, t, TRANSIENT_ITEMS, add_transient_item);
    return is_sentinel(t) ? t : transient_persistent(p, to_obj(t));
}
PLAIN(prim_hash_set)
{
    return argc == 0 ? empty_set() : resume(p, a, argc, do_hash_set, "lona.core/hash-set", TRAP_RETRY);
}

static value do_sorted_map(struct key_op *op, value *a, unsigned argc)
{
    if (argc % 2) return odd(op->p, a, argc);
    return from_arguments(op, a, argc, 2, sorted_new(op->p, false, NIL, NIL, NIL), PERSISTENT_ITEMS,
                          add_entry);
}
RESUMABLE(prim_sorted_map, do_sorted_map, "lona.core/sorted-map", TRAP_RETRY)
static value do_sorted_set(struct key_op *op, value *a, unsigned argc)
{
    return from_arguments(op, a, argc, 1, sorted_new(op->p, true, NIL, NIL, NIL), PERSISTENT_ITEMS, add_item);
}
RESUMABLE(prim_sorted_set, do_sorted_set, "lona.core/sorted-set", TRAP_RETRY)

/* ---- from a collection; own words: transient, what is left ---- */

static value do_vec(struct key_op *op, value *a, unsigned argc)
{
    struct process *p = op->p;
    value t, rest, items[32];
    if (p->prim_state == NIL) {
        t = transient_new(p, empty_vector());
        rest = a[0];
        value s = seq_of(p, rest);
        if (s == VAL_ABSENT) return fail_type(p, "vec", 1, a[0], "a collection");
    } else {
        t = to_obj(p->prim_state)->p[RESUME_OWN];
        rest = to_obj(p->prim_state)->p[RESUME_OWN2];
    }
    for (unsigned sum = 0; sum < 2 * TURN_ITEMS && rest != NIL;) {
        unsigned n = seq_take(p, &rest, items, 32);
        for (unsigned i = 0; i < n; i++) transient_vector_conj(p, to_obj(t), items[i]);
        if (n < 32 &&
            rest !=
                NIL) { /* Lonala forces what comes next; nothing is lost, the sequence keeps what it realised */
            return VAL_SLOW;
        }
        sum += 32;
    }
    if (rest == NIL) return transient_persistent(p, to_obj(t));
    struct object *s = resume_state(op);
    heap_write(p, s, RESUME_OWN, t);
    heap_write(p, s, RESUME_OWN2, rest);
    p->reductions -= TURN_ITEMS / 2;
    return VAL_YIELD;
}

PLAIN(prim_vec)
{
    if (p->prim_state == NIL) {
        if (a[0] == NIL) return empty_vector();
        if (is_vector(a[0])) {
            bool entry = is_type(a[0], T_SVECTOR) && obj_has(to_obj(a[0]), OBJ_A);
            if (entry) return vector_make(p, to_obj(a[0])->p, 2);
            return obj_meta(a[0]) == NIL ? a[0] : with_meta(p, a[0], NIL);
        }
        if (is_type(a[0], T_ARRAY) && obj_size(to_obj(a[0])) <= 4096)
            return vector_make(p, to_obj(a[0])->p, obj_size(to_obj(a[0])));
    }
    return resume(p, a, argc, do_vec, "lona.core/vec", TRAP_VEC);
}

static value do_set(struct key_op *op, value *a, unsigned argc)
{
    struct process *p = op->p;
    value t, rest;
    if (p->prim_state == NIL || to_obj(p->prim_state)->p[RESUME_OWN] == NIL) {
        t = transient_new(p, empty_set());
        rest = seq_of(p, a[0]);
        if (rest == VAL_ABSENT) return fail_type(p, "set", 1, a[0], "a collection");
        if (rest == VAL_SLOW) return rest;
    } else {
        t = to_obj(p->prim_state)->p[RESUME_OWN];
        rest = to_obj(p->prim_state)->p[RESUME_OWN2];
    }
    value r = TRUE_;
    for (unsigned n = 0; rest != NIL && r == TRUE_; n++) {
        value s = seq_of(p, rest);
        if (is_sentinel(s)) return VAL_SLOW;
        rest = s;
        if (s == NIL) break;
        r = n < TRANSIENT_ITEMS ? transient_set_conj(op, to_obj(t), seq_first(p, s)) : VAL_YIELD;
        if (r == TRUE_) rest = seq_rest(p, s);
    }
    if (r == TRUE_) return transient_persistent(p, to_obj(t));
    struct object *state = resume_state(op);
    heap_write(p, state, RESUME_OWN, t);
    heap_write(p, state, RESUME_OWN2, rest);
    if (r == VAL_YIELD) p->reductions -= TRANSIENT_ITEMS;
    return r;
}
PLAIN(prim_set)
{
    if (p->prim_state == NIL && is_set(a[0])) return obj_meta(a[0]) == NIL ? a[0] : with_meta(p, a[0], NIL);
    return resume(p, a, argc, do_set, "lona.core/set", TRAP_SET);
}

/* ---- transients ---- */

static struct object *live(struct process *p, const char *name, value v)
{
    if (!is_transient(v)) {
        fail_type(p, name, 1, v, "a transient collection");
        return NULL;
    }
    if (!transient_live(to_obj(v))) {
        process_fail(p, ERR_STATE, NIL, "%s: the transient was made persistent already", name);
        return NULL;
    }
    return to_obj(v);
}

PLAIN(prim_transient)
{
    value t = transient_new(p, a[0]);
    return t == VAL_ABSENT ? fail_type(p, "transient", 1, a[0], "a vector, hash map or hash set") : t;
}
PLAIN(prim_persistent)
{
    struct object *t = live(p, "persistent!", a[0]);
    return t ? transient_persistent(p, t) : VAL_ERROR;
}

/* A map's entries, one after the other; doing one again does no harm. */
static value conj_map_transient(struct key_op *op, struct object *t, value x)
{
    struct process *p = op->p;
    bool begun = p->prim_state != NIL && to_obj(p->prim_state)->p[RESUME_OWN2] == TRUE_;
    value rest = begun ? to_obj(p->prim_state)->p[RESUME_OWN] : entries_of(op, x);
    for (int n = 0; rest != NIL; n++) {
        if (rest == VAL_SLOW) return rest;
        value e = seq_first(p, rest);
        if (!is_vector(e) || vector_count(e) != 2) return fail_type(p, "conj!", 2, e, "a map entry");
        value r =
            n < TRANSIENT_ITEMS ? transient_map_assoc(op, t, vector_nth(e, 0), vector_nth(e, 1)) : VAL_YIELD;
        if (r != TRUE_) {
            heap_write(p, resume_state(op), RESUME_OWN, rest);
            heap_write(p, resume_state(op), RESUME_OWN2, TRUE_);
            if (r == VAL_YIELD) p->reductions -= TRANSIENT_ITEMS;
            return r;
        }
        rest = entries_of(op, seq_rest(p, rest));
        if (rest == VAL_ABSENT) rest = NIL;
    }
    return TRUE_;
}

/* Transients are changed in place, so a step that has to start over after a question has changed nothing yet. */
static value conj_transient(struct key_op *op, struct object *t, value x)
{
    if (obj_has(t, TRANSIENT_VECTOR)) return transient_vector_conj(op->p, t, x), TRUE_;
    if (obj_has(t, TRANSIENT_SET)) return transient_set_conj(op, t, x);
    if (is_vector(x)) {
        if (vector_count(x) != 2)
            return process_fail(op->p, ERR_ARGUMENT, x, "a map entry has two elements: %v", x);
        return transient_map_assoc(op, t, vector_nth(x, 0), vector_nth(x, 1));
    }
    if (x == NIL) return TRUE_;
    if (!is_map(x) && !is_seq(x) && !is_set(x) && !is_type(x, T_RECORD))
        return fail_type(op->p, "conj!", 2, x, "a map entry or a map");
    return conj_map_transient(op, t, x);
}

static value do_conj_transient(struct key_op *op, value *a, unsigned argc)
{
    if (argc == 0) return transient_new(op->p, empty_vector());
    if (argc == 1) return a[0];
    struct object *t = live(op->p, "conj!", a[0]);
    if (!t) return VAL_ERROR;
    value r = conj_transient(op, t, a[1]);
    return is_sentinel(r) ? r : a[0];
}
PLAIN(prim_conj_transient)
{
    if (argc == 2 && is_transient(a[0]) && obj_has(to_obj(a[0]), TRANSIENT_VECTOR) &&
        transient_live(to_obj(a[0]))) {
        transient_vector_conj(p, to_obj(a[0]), a[1]);
        return a[0];
    }
    return resume(p, a, argc, do_conj_transient, "lona.core/conj!", TRAP_RETRY);
}

static value do_assoc_transient(struct key_op *op, value *a, unsigned argc)
{
    struct process *p = op->p;
    struct object *t = live(p, "assoc!", a[0]);
    if (!t) return VAL_ERROR;
    if (argc % 2 == 0) return odd(p, a, argc);
    for (unsigned i = 1; i < argc; i += 2) {
        if (obj_has(t, TRANSIENT_SET)) return fail_type(p, "assoc!", 1, a[0], "a transient map or vector");
        if (obj_has(t, TRANSIENT_VECTOR)) {
            uint64_t at;
            if (!index_argument(a[i], &at) || at > transient_count(t))
                return fail_range(p, "assoc!", a[i], transient_count(t) + 1);
            transient_vector_assoc(p, t, at, a[i + 1]);
        } else {
            value r = transient_map_assoc(op, t, a[i], a[i + 1]);
            if (r == VAL_SLOW) return r; /* starting over repeats what was done, which is no harm */
        }
    }
    return a[0];
}
RESUMABLE(prim_assoc_transient, do_assoc_transient, "lona.core/assoc!", TRAP_RETRY)

static value do_dissoc_transient(struct key_op *op, value *a, unsigned argc)
{
    struct object *t = live(op->p, "dissoc!", a[0]);
    if (!t) return VAL_ERROR;
    if (!obj_has(t, TRANSIENT_MAP)) return fail_type(op->p, "dissoc!", 1, a[0], "a transient map");
    for (unsigned i = 1; i < argc; i++)
        if (transient_map_dissoc(op, t, a[i]) == VAL_SLOW) return VAL_SLOW;
    return a[0];
}
RESUMABLE(prim_dissoc_transient, do_dissoc_transient, "lona.core/dissoc!", TRAP_RETRY)

static value do_disj_transient(struct key_op *op, value *a, unsigned argc)
{
    struct object *t = live(op->p, "disj!", a[0]);
    if (!t) return VAL_ERROR;
    if (!obj_has(t, TRANSIENT_SET)) return fail_type(op->p, "disj!", 1, a[0], "a transient set");
    for (unsigned i = 1; i < argc; i++)
        if (transient_set_disj(op, t, a[i]) == VAL_SLOW) return VAL_SLOW;
    return a[0];
}
RESUMABLE(prim_disj_transient, do_disj_transient, "lona.core/disj!", TRAP_RETRY)

PLAIN(prim_pop_transient)
{
    struct object *t = live(p, "pop!", a[0]);
    if (!t) return VAL_ERROR;
    if (!obj_has(t, TRANSIENT_VECTOR)) return fail_type(p, "pop!", 1, a[0], "a transient vector");
    if (transient_count(t) == 0) return process_fail(p, ERR_STATE, NIL, "cannot pop an empty vector");
    transient_vector_pop(p, t);
    return a[0];
}
