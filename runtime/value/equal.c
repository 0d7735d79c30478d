#include "runtime/value/deep.h"
#include "runtime/value/record.h"
#include "runtime/value/seq.h"
#include "runtime/value/sorted.h"
#include "runtime/value/string.h"

static int sequences_equal(struct key_op *op, value a, value b, int *budget, int depth)
{
    struct cursor x = {a, 0}, y = {b, 0};
    int64_t n = cursor_count(&x), m = cursor_count(&y);
    if (n >= 0 && m >= 0 && n != m) return 0;
    for (;;) {
        value v, w;
        int more = cursor_next(op->p, &x, &v), other = cursor_next(op->p, &y, &w);
        if (more < 0 || other < 0 || --*budget < 0) return -1;
        if (more != other) return 0;
        if (!more) return 1;
        int same = equal_deep(op, v, w, budget, depth + 1);
        if (same != 1) return same;
        if (x.coll == y.coll && x.i == y.i) return 1; /* a common tail */
    }
}

/* Tries in canonical form: equal contents, equal nodes.  Common subtrees cost nothing. */
static int nodes_equal(struct key_op *op, const struct object *a, const struct object *b, int *budget,
                       int depth)
{
    if (a == b) return 1;
    if (a->p[0] != b->p[0] || hnode_is_collision(a) != hnode_is_collision(b)) return 0;
    if (hnode_is_collision(a)) {
        for (uint64_t i = 0; i < a->p[0]; i++) {
            const value *x = tree_at(a->p[1], i)->p;
            uint64_t rank;
            if (--*budget < 0) return -1;
            value found = tree_search(op, b->p[1], x[TREE_KEY], false, &rank);
            if (found != TRUE_) return found == VAL_SLOW ? -1 : 0;
            if (hnode_is_set(a)) continue;
            int same =
                equal_deep(op, x[TREE_VALUE], tree_at(b->p[1], rank)->p[TREE_VALUE], budget, depth + 1);
            if (same != 1) return same;
        }
        return 1;
    }
    uint32_t entries_end = 1 + (uint32_t)__builtin_popcount(hnode_data(a)) * hnode_stride(a),
             size = obj_size(a);
    for (uint32_t i = 1; i < size; i++) {
        if (a->p[i] == b->p[i] && !is_double(a->p[i])) continue;
        if (--*budget < 0) return -1;
        int same = i < entries_end ? equal_deep(op, a->p[i], b->p[i], budget, depth + 1)
                                   : nodes_equal(op, to_obj(a->p[i]), to_obj(b->p[i]), budget, depth);
        if (same != 1) return same;
    }
    return 1;
}

/* The entry of a map or set, looked up for equality: 1 found, 0 absent, -1. */
static int entry_of(struct key_op *op, value coll, value key, value *val)
{
    bool slow = false;
    *val = NIL;
    if (is_set(coll)) {
        value found = set_get_op(op, coll, key);
        return found == VAL_SLOW ? -1 : found != VAL_ABSENT;
    }
    const value *entry = map_find_op(op, coll, key, &slow);
    if (entry) *val = entry[1];
    return entry ? 1 : slow ? -1 : 0;
}

static int entries_equal(struct key_op *op, value a, value b, int *budget, int depth)
{
    struct walk w;
    value key, val, other;
    if (is_sorted(b)) { /* look up by hash where possible */
        value t = a;
        a = b;
        b = t;
    }
    if (is_sorted(b)) { /* both sorted: side by side, which decides if the orders are the same */
        struct walk w2;
        value key2, val2;
        walk_start(&w, a);
        walk_start(&w2, b);
        while (walk_next(&w, &key, &val) && walk_next(&w2, &key2, &val2)) {
            if (--*budget < 0) return -1;
            int same = equal_deep(op, key, key2, budget, depth + 1);
            if (same == 0 && to_obj(a)->p[SORTED_COMPARATOR] != to_obj(b)->p[SORTED_COMPARATOR]) return -1;
            if (same == 1) same = equal_deep(op, val, val2, budget, depth + 1);
            if (same != 1) return same;
        }
        return 1;
    }
    walk_start(&w, a);
    while (walk_next(&w, &key, &val)) {
        if ((*budget -= 4) < 0) return -1;
        int same = entry_of(op, b, key, &other);
        if (same == 1 && !is_set(a)) same = equal_deep(op, val, other, budget, depth + 1);
        if (same != 1) return same;
    }
    return 1;
}

static int tables_equal(struct key_op *op, value a, value b, int *budget, int depth)
{
    const struct object *x = to_obj(a), *y = to_obj(b);
    uint64_t n = is_map(a) ? map_count(a) : set_count(a), m = is_map(b) ? map_count(b) : set_count(b);
    if (n != m) return 0;
    if (n == 0) return 1;
    if (obj_type(x) == obj_type(y) && (obj_type(x) == T_HMAP || obj_type(x) == T_HSET))
        return nodes_equal(op, to_obj(x->p[1]), to_obj(y->p[1]), budget, depth);
    return entries_equal(op, a, b, budget, depth);
}

static int records_equal(struct key_op *op, value a, value b, int *budget, int depth)
{
    const struct object *x = to_obj(a), *y = to_obj(b);
    if (!record_same_type(x, y)) return 0;
    uint64_t fields = record_field_count(x);
    for (uint64_t i = 0; i <= fields; i++) {
        value v = x->p[RECORD_EXT + i], w = y->p[RECORD_EXT + i];
        if (i == 0 && (v == NIL) != (w == NIL)) return 0;
        int same = equal_deep(op, v, w, budget, depth + 1);
        if (same != 1) return same;
    }
    return 1;
}

static int parts_equal(struct key_op *op, value a, value b, int *budget, int depth)
{
    if (obj_type(to_obj(a)) != obj_type(to_obj(b)) || value_part_seed(a) != value_part_seed(b)) return 0;
    if (is_type(a, T_FN) && to_obj(a)->p[0] != to_obj(b)->p[0]) return 0;
    unsigned n = value_part_count(a);
    if (n != value_part_count(b)) return 0;
    for (unsigned i = 0; i < n; i++) {
        int same = equal_deep(op, value_part(a, i), value_part(b, i), budget, depth + 1);
        if (same != 1) return same;
    }
    return 1;
}

int equal_deep(struct key_op *op, value a, value b, int *budget, int depth)
{
    if (a == b) return !is_double(a) || to_double(a) == to_double(a);
    enum value_kind kind = value_kind(a), kind_b = value_kind(b);
    if (kind != kind_b) return 0;
    if (kind < KIND_PARTS || kind == KIND_IDENTITY) return leaf_equal(a, b);
    if (--*budget < 0 || depth >= DEEP_LEVELS) return -1;
    switch (kind) {
    case KIND_SEQUENCE: return sequences_equal(op, a, b, budget, depth);
    case KIND_MAP:
    case KIND_SET: return tables_equal(op, a, b, budget, depth);
    case KIND_RECORD: return records_equal(op, a, b, budget, depth);
    default: return parts_equal(op, a, b, budget, depth);
    }
}

value value_equal(value a, value b, int *budget)
{
    struct key_op op = KEY_OP(NULL);
    int same = equal_deep(&op, a, b, budget, 0);
    return same < 0 ? VAL_SLOW : from_bool(same);
}

int key_equal_slow(struct key_op *op, value a, value b)
{
    enum object_type t = obj_type(to_obj(a)), u = obj_type(to_obj(b));
    if (t == u) {
        if (t == T_KEYWORD || t == T_SYMBOL) return to_obj(a)->p[0] == to_obj(b)->p[0] && name_equal(a, b);
        if (t == T_STRING) {
            const struct object *x = to_obj(a), *y = to_obj(b);
            return x->p[0] == y->p[0] && __builtin_memcmp(x->p + 1, y->p + 1, (uint32_t)x->p[0]) == 0;
        }
    }
    int budget = op->budget;
    int same = equal_deep(op, a, b, &budget, 0);
    if (same >= 0) return same;
    value answer = question_answer(op, QUESTION_EQUAL, a, b);
    if (answer != VAL_ABSENT) return answer == TRUE_;
    question_ask(op, QUESTION_EQUAL, a, b);
    return -1;
}
