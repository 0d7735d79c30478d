/* Reading collections: get, nth, count, contains?, find, peek, key, val, keys, vals. */
#include "runtime/prims/collection.h"

bool is_opaque(value v)
{
    return is_type(v, T_RECORD) && !record_is_map(to_obj(v));
}

/* ---- get, contains?, find ---- */

static value array_at(value array, value index)
{
    uint64_t i;
    const struct object *o = to_obj(array);
    return index_argument(index, &i) && i < obj_size(o) ? o->p[i] : VAL_ABSENT;
}

/* The value under a key: VAL_ABSENT, VAL_SLOW. */
static value lookup(struct key_op *op, value coll, value key)
{
    uint64_t i;
    switch (type_of(coll)) {
    case T_AMAP:
    case T_HMAP:
    case T_SMAP: return map_get_op(op, coll, key);
    case T_HSET:
    case T_SSET: return set_get_op(op, coll, key);
    case T_SVECTOR:
    case T_VECTOR:
    case T_SUBVECTOR: return index_argument(key, &i) ? vector_nth(coll, i) : VAL_ABSENT;
    case T_STRING:
    case T_STRING_BLOB:
        return index_argument(key, &i) && i < string_chars(coll)
                   ? from_char(string_char_at(coll, (uint32_t)i))
                   : VAL_ABSENT;
    case T_BINARY:
    case T_BINARY_BLOB:
        return index_argument(key, &i) && i < indexed_count(coll) ? indexed_at(op->p, coll, i) : VAL_ABSENT;
    case T_ARRAY: return array_at(coll, key);
    case T_RECORD: return record_is_map(to_obj(coll)) ? record_get(op, to_obj(coll), key) : VAL_SLOW;
    case T_TRANSIENT:
        if (obj_has(to_obj(coll), TRANSIENT_VECTOR))
            return index_argument(key, &i) ? transient_nth(to_obj(coll), i) : VAL_ABSENT;
        return transient_get(op, to_obj(coll), key);
    default: return VAL_ABSENT;
    }
}

static value do_get(struct key_op *op, value *a, unsigned argc)
{
    value r = lookup(op, a[0], a[1]);
    return r == VAL_ABSENT ? (argc > 2 ? a[2] : NIL) : r;
}

/* The common cases without the cost of what may follow. */
PLAIN(prim_get)
{
    if (p->prim_state == NIL && is_ptr(a[0]) && is_type(a[1], T_KEYWORD)) {
        enum object_type t = obj_type(to_obj(a[0]));
        if (t == T_AMAP || t == T_HMAP) {
            value r = map_get_keyword(a[0], a[1]);
            if (r != VAL_SLOW) return r == VAL_ABSENT ? (argc > 2 ? a[2] : NIL) : r;
        }
    }
    return resume(p, a, argc, do_get, "lona.core/get", TRAP_GET);
}

static value do_contains(struct key_op *op, value *a, unsigned argc)
{
    if (is_string(a[0]) && !is_fixnum(a[1])) return fail_type(op->p, "contains?", 2, a[1], "an integer");
    switch (type_of(a[0])) {
    case T_COUNT: break;
    case T_AMAP:
    case T_HMAP:
    case T_SMAP:
    case T_HSET:
    case T_SSET:
    case T_SVECTOR:
    case T_VECTOR:
    case T_SUBVECTOR:
    case T_STRING:
    case T_STRING_BLOB:
    case T_ARRAY:
    case T_RECORD:
    case T_TRANSIENT: {
        value r = lookup(op, a[0], a[1]);
        return r == VAL_SLOW || r == VAL_ERROR ? r : from_bool(r != VAL_ABSENT);
    }
    default: break;
    }
    return a[0] == NIL ? FALSE_ : fail_type(op->p, "contains?", 1, a[0], "a map, set, vector or string");
}
RESUMABLE(prim_contains, do_contains, "lona.core/contains?", TRAP_CONTAINS)

static value do_find(struct key_op *op, value *a, unsigned argc)
{
    bool slow = false;
    switch (type_of(a[0])) {
    case T_AMAP:
    case T_HMAP:
    case T_SMAP: {
        const value *entry = map_find_op(op, a[0], a[1], &slow);
        if (entry) return entry_make(op->p, entry[0], entry[1]);
        return slow ? VAL_SLOW : op->failed ? VAL_ERROR : NIL;
    }
    case T_SVECTOR:
    case T_VECTOR:
    case T_SUBVECTOR:
    case T_RECORD:
    case T_TRANSIENT: {
        value r = lookup(op, a[0], a[1]);
        return is_sentinel(r) ? (r == VAL_ABSENT ? NIL : r) : entry_make(op->p, a[1], r);
    }
    default: return a[0] == NIL ? NIL : fail_type(op->p, "find", 1, a[0], "a map or vector");
    }
}
RESUMABLE(prim_find_entry, do_find, "lona.core/find", TRAP_FIND)

/* ---- count ---- */

/* Of everything that knows its size; VAL_ABSENT for the rest. */
static value known_count(value coll)
{
    switch (type_of(coll)) {
    case T_EMPTY_LIST: return from_fixnum(0);
    case T_HMAP:
    case T_HSET:
    case T_SMAP:
    case T_SSET: return from_fixnum((int64_t)to_obj(coll)->p[0]);
    case T_RECORD:
        return record_is_map(to_obj(coll)) ? from_fixnum((int64_t)record_count(to_obj(coll))) : VAL_ABSENT;
    case T_TRANSIENT: return from_fixnum((int64_t)transient_count(to_obj(coll)));
    case T_COUNT: return coll == NIL ? from_fixnum(0) : VAL_ABSENT;
    default: break;
    }
    if (is_indexed(coll)) return from_fixnum((int64_t)indexed_count(coll));
    struct cursor c = {coll, 0};
    int64_t n = is_seq(coll) ? cursor_count(&c) : -1;
    return n < 0 ? VAL_ABSENT : from_fixnum(n);
}

static value do_count(struct key_op *op, value *a, unsigned argc)
{
    struct process *p = op->p;
    value n = known_count(a[0]);
    if (n != VAL_ABSENT) return n;
    if (is_opaque(a[0])) return VAL_SLOW;
    if (!is_seq(a[0])) return fail_type(p, "count", 1, a[0], "a collection");
    /* A walk; what is left of it, and the count so far, are kept between turns. */
    struct cursor c = {a[0], 0};
    int64_t sum = 0;
    if (p->prim_state != NIL) {
        c.coll = to_obj(p->prim_state)->p[RESUME_OWN];
        sum = to_fixnum(to_obj(p->prim_state)->p[RESUME_OWN2]);
    }
    for (int steps = 0; steps < 5 * TURN_ITEMS; steps++) {
        value item, rest = c.coll;
        if (c.i == 0 && rest != NIL && (n = known_count(rest)) != VAL_ABSENT)
            return from_fixnum(sum + to_fixnum(n));
        if (is_type(rest, T_RANGE))
            return process_fail(p, ERR_TOO_LARGE, NIL, "an endless range has no count");
        int more = cursor_next(p, &c, &item);
        if (more == 0) return from_fixnum(sum);
        if (more < 0) return VAL_SLOW;
        sum++;
    }
    struct object *s = resume_state(op);
    heap_write(p, s, RESUME_OWN, c.coll);
    heap_write(p, s, RESUME_OWN2, from_fixnum(sum));
    p->reductions -= TURN_ITEMS;
    return VAL_YIELD;
}
RESUMABLE(prim_coll_count, do_count, "lona.core/count", TRAP_COUNT)

PLAIN(prim_bounded_count_known)
{
    value n = known_count(a[0]);
    return n == VAL_ABSENT ? NIL : n;
}

/* ---- nth ---- */

static value beyond(struct process *p, value *a, unsigned argc, uint64_t limit)
{
    return argc > 2 ? a[2] : fail_range(p, "nth", a[1], limit);
}

static value nth_of_seq(struct key_op *op, value *a, unsigned argc, uint64_t i)
{
    struct process *p = op->p;
    value s = a[0];
    if (p->prim_state != NIL) {
        s = to_obj(p->prim_state)->p[RESUME_OWN];
        i = (uint64_t)to_fixnum(to_obj(p->prim_state)->p[RESUME_OWN2]);
    }
    struct cursor c = {s, 0};
    for (int steps = 0; steps < 5 * TURN_ITEMS; steps++, i--) {
        value item;
        int64_t known = cursor_count(&c);
        if (known >= 0 && i >= (uint64_t)known)
            return beyond(p, a, argc, (uint64_t)to_fixnum(a[1]) - i + (uint64_t)known);
        if (is_ptr(c.coll) && (is_type(c.coll, T_RANGE) || (is_vector(c.coll) && c.i == 0))) {
            value r = is_vector(c.coll) ? vector_nth(c.coll, i) : range_element(p, to_obj(c.coll), c.i + i);
            if (!is_sentinel(r)) return r;
        }
        int more = cursor_next(p, &c, &item);
        if (more == 0) return beyond(p, a, argc, (uint64_t)to_fixnum(a[1]) - i);
        if (more < 0) return VAL_SLOW;
        if (i == 0) return item;
    }
    struct object *s2 = resume_state(op);
    heap_write(p, s2, RESUME_OWN, cursor_rest(p, c.coll, c.i));
    heap_write(p, s2, RESUME_OWN2, from_fixnum((int64_t)i));
    p->reductions -= TURN_ITEMS;
    return VAL_YIELD;
}

static value do_nth(struct key_op *op, value *a, unsigned argc)
{
    struct process *p = op->p;
    uint64_t i = 0;
    if (!is_fixnum(a[1])) return fail_type(p, "nth", 2, a[1], "an integer");
    if (a[0] == NIL) return argc > 2 ? a[2] : NIL;
    if (!index_argument(a[1], &i)) return argc > 2 ? a[2] : fail_range(p, "nth", a[1], 0);
    if (is_indexed(a[0]) && !is_type(a[0], T_AMAP))
        return i < indexed_count(a[0]) ? indexed_at(p, a[0], i) : beyond(p, a, argc, indexed_count(a[0]));
    if (is_seq(a[0])) return nth_of_seq(op, a, argc, i);
    if (is_type(a[0], T_TRANSIENT) && obj_has(to_obj(a[0]), TRANSIENT_VECTOR)) {
        value r = transient_nth(to_obj(a[0]), i);
        return r == VAL_ABSENT ? beyond(p, a, argc, transient_count(to_obj(a[0]))) : r;
    }
    if (is_opaque(a[0])) return VAL_SLOW;
    return fail_type(p, "nth", 1, a[0], "a vector, string, array or sequence");
}
PLAIN(prim_nth)
{
    if (is_fixnum(a[1]) && is_ptr(a[0]) && to_fixnum(a[1]) >= 0 && is_vector(a[0])) {
        value r = vector_nth(a[0], (uint64_t)to_fixnum(a[1]));
        if (r != VAL_ABSENT) return r;
    }
    return resume(p, a, argc, do_nth, "lona.core/nth", TRAP_NTH);
}

/* ---- peek, entries ---- */

PLAIN(prim_peek)
{
    value v = a[0];
    if (v == NIL) return NIL;
    if (is_vector(v)) {
        uint64_t n = vector_count(v);
        return n ? vector_nth(v, n - 1) : NIL;
    }
    switch (type_of(v)) {
    case T_EMPTY_LIST: return NIL;
    case T_RECORD: return vm_trap(p, TRAP_PEEK);
    default: break;
    }
    return is_list(v) ? to_obj(v)->p[0] : fail_type(p, "peek", 1, v, "a list or vector");
}

static bool is_pair(value v)
{
    return is_vector(v) && vector_count(v) == 2;
}

PLAIN(prim_key)
{
    return is_pair(a[0]) ? vector_nth(a[0], 0) : fail_type(p, "key", 1, a[0], "a map entry");
}

PLAIN(prim_val)
{
    return is_pair(a[0]) ? vector_nth(a[0], 1) : fail_type(p, "val", 1, a[0], "a map entry");
}

/* A seq of the fields' names or values of a record without further keys. */
static value field_parts(struct process *p, const struct object *r, uint32_t kind)
{
    value s = NIL;
    for (uint64_t i = record_field_count(r); i-- > 0;) {
        value item =
            kind == SEQ_KEYS ? vector_nth(record_type(r)->p[RTYPE_FIELDS], i) : r->p[RECORD_FIELDS + i];
        s = list_cons(p, item, s);
    }
    return s;
}

/* Of a map; of anything else that has entries, in Lonala. */
static value parts(struct process *p, value *a, uint32_t kind, const char *name, enum trap trap)
{
    value m = a[0];
    if (m == NIL) return NIL;
    if (is_map(m)) return map_seq_of(p, m, kind);
    if (is_type(m, T_RECORD)) {
        const struct object *r = to_obj(m);
        return record_is_map(r) && r->p[RECORD_EXT] == NIL ? field_parts(p, r, kind) : vm_trap(p, trap);
    }
    if (is_seq(m) || is_vector(m) || is_set(m)) return vm_trap(p, trap);
    return fail_type(p, name, 1, m, "a map");
}
PLAIN(prim_keys)
{
    return parts(p, a, SEQ_KEYS, "keys", TRAP_KEYS);
}
PLAIN(prim_vals)
{
    return parts(p, a, SEQ_VALUES, "vals", TRAP_VALS);
}

PLAIN(prim_rseq)
{
    value v = a[0];
    if (is_vector(v)) {
        uint64_t n = vector_count(v);
        return n ? indexed_seq_new(p, v, n - 1, SEQ_DOWN) : NIL;
    }
    if (is_sorted(v)) {
        uint64_t n = to_obj(v)->p[SORTED_COUNT];
        uint32_t kind = SEQ_DOWN | (is_type(v, T_SSET) ? SEQ_KEYS : 0);
        return n ? tree_seq_new(p, to_obj(v)->p[SORTED_ROOT], n - 1, kind) : NIL;
    }
    if (is_opaque(v)) return vm_trap(p, TRAP_RSEQ);
    return fail_type(p, "rseq", 1, v, "a vector or sorted collection");
}

PLAIN(prim_subvec)
{
    uint64_t from, to;
    if (!is_vector(a[0])) return fail_type(p, "subvec", 1, a[0], "a vector");
    uint64_t count = vector_count(a[0]);
    to = count;
    if (!is_fixnum(a[1])) return fail_type(p, "subvec", 2, a[1], "an integer");
    if (argc > 2 && !is_fixnum(a[2])) return fail_type(p, "subvec", 3, a[2], "an integer");
    if (argc > 2 && (!index_argument(a[2], &to) || to > count)) return fail_range(p, "subvec", a[2], count);
    if (!index_argument(a[1], &from) || from > to) return fail_range(p, "subvec", a[1], to);
    return vector_sub(p, a[0], from, to);
}
