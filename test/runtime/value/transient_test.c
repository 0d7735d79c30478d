#include "runtime/value/transient.h"
#include "test/runtime/value/model.h"
#include "test/stub/stub.h"

static bool holds(value v, int64_t n, int64_t first)
{
    if (vector_count(v) != (uint64_t)n || !vector_check(v)) return false;
    for (int64_t i = 0; i < n; i++)
        if (vector_nth(v, (uint64_t)i) != num(first + i)) return false;
    return true;
}

static value filled(struct process *p, int64_t n)
{
    struct object *t = to_obj(transient_new(p, empty_vector()));
    for (int64_t i = 0; i < n; i++) transient_vector_conj(p, t, num(i));
    return transient_persistent(p, t);
}

static void test_vector_edges(struct process *p)
{
    static const int64_t edges[] = {0,    1,    31,   32,   33,    63,    64,    65,    1023,
                                    1024, 1025, 1056, 1057, 32767, 32768, 32769, 32800, 32801};
    for (size_t e = 0; e < COUNT_OF(edges); e++) {
        int64_t n = edges[e];
        value v = filled(p, n);
        CHECK(holds(v, n, 0));
        struct object *t = to_obj(transient_new(p, v));
        for (int64_t i = 0; i < n; i++) transient_vector_assoc(p, t, (uint64_t)i, num(i + 1));
        transient_vector_assoc(p, t, (uint64_t)n, num(n + 1));
        value w = transient_persistent(p, t);
        CHECK(holds(w, n + 1, 1));
        CHECK(holds(v, n, 0));
        CHECK(!transient_live(t));
        t = to_obj(transient_new(p, w));
        for (int64_t i = 0; i < n; i++) transient_vector_pop(p, t);
        CHECK(transient_count(t) == 1 && transient_nth(t, 0) == num(1) && transient_nth(t, 1) == VAL_ABSENT);
        for (int64_t i = 1; i < n; i++) transient_vector_conj(p, t, num(i + 1));
        if (n) CHECK(holds(transient_persistent(p, t), n, 1));
        CHECK(holds(w, n + 1, 1) && holds(v, n, 0));
    }
}

/* Two transients of one vector, changed in turn: neither sees the other, nor does the vector. */
static void test_independent(struct process *p)
{
    value v = filled(p, 3000);
    struct object *a = to_obj(transient_new(p, v)), *b = to_obj(transient_new(p, v));
    for (int i = 0; i < 20000; i++) {
        uint64_t at = random_below(3000);
        transient_vector_assoc(p, i & 1 ? a : b, at, num(i & 1 ? (int64_t)at + 1 : -1));
    }
    for (uint64_t i = 0; i < 3000; i++) transient_vector_assoc(p, a, i, num((int64_t)i + 1));
    CHECK(holds(v, 3000, 0));
    value w = transient_persistent(p, a), again = w;
    CHECK(holds(w, 3000, 1));
    struct object *c = to_obj(transient_new(p, w));
    for (uint64_t i = 0; i < 3000; i += 7) transient_vector_assoc(p, c, i, NIL);
    CHECK(holds(again, 3000, 1));
}

static void test_subvector(struct process *p)
{
    value v = filled(p, 5000), s = vector_sub(p, v, 100, 4100);
    struct object *t = to_obj(transient_new(p, s));
    transient_vector_conj(p, t, num(4100));
    CHECK(holds(transient_persistent(p, t), 4001, 100));
    CHECK(holds(s, 4000, 100));
}

enum { KEYS = 500 };
static value keys[KEYS];

/* The same random steps on a transient and on a persistent table; sources and results never change afterwards. */
static void test_tables(struct process *p, value start, bool set)
{
    bool good = true;
    value before = start;
    for (int round = 0; round < 200 && good; round++) {
        struct object *t = to_obj(transient_new(p, before));
        value plain = before, snapshot = before;
        int steps = (int)random_below(round < 100 ? 20 : 400);
        uint64_t grow = random_below(100);
        for (int i = 0; i < steps; i++) {
            value key = keys[random_below(KEYS)];
            struct key_op op = KEY_OP(p);
            if (random_below(100) < grow) {
                if (set)
                    transient_set_conj(&op, t, key), plain = set_conj(p, plain, key);
                else
                    transient_map_assoc(&op, t, key, num(i)), plain = map_assoc(p, plain, key, num(i));
            } else {
                if (set)
                    transient_set_disj(&op, t, key), plain = set_disj(p, plain, key);
                else
                    transient_map_dissoc(&op, t, key), plain = map_dissoc(p, plain, key);
            }
            value at = keys[random_below(KEYS)];
            if (transient_get(&op, t, at) != (set ? set_get(plain, at) : map_get(plain, at))) good = false;
        }
        value r = transient_persistent(p, t);
        int budget = 1 << 30;
        if (value_equal(r, plain, &budget) != TRUE_ || !table_check(r)) good = false;
        if (is_type(r, T_HSET) && !same_walk(r, plain)) good = false;
        budget = 1 << 30;
        if (!table_check(snapshot) || value_equal(before, snapshot, &budget) != TRUE_) good = false;
        before = r;
        if (random_below(10) == 0) before = start;
    }
    CHECK(good);
}

/* When tokens are used up, everything works, without changing nodes in place; the collector is told. */
static void test_used_up(struct process *p)
{
    p->edit_token = EDIT_TOKEN_MAX - 1;
    CHECK(edit_token_new(p) == EDIT_TOKEN_MAX);
    CHECK((p->flags & PROC_CLEAR_TOKENS) == 0);
    CHECK(edit_token_new(p) == 0);
    CHECK((p->flags & PROC_CLEAR_TOKENS) && (p->flags & PROC_COLLECT));
    CHECK(holds(filled(p, 2000), 2000, 0));
    test_tables(p, empty_map(), false);
    test_tables(p, empty_set(), true);
    p->flags = 0;
    p->edit_token = 0;
}

static void test_array_order(struct process *p)
{
    struct object *t = to_obj(transient_new(p, empty_map()));
    struct key_op op = KEY_OP(p);
    for (int i = 0; i < 8; i++) transient_map_assoc(&op, t, num(100 - i), num(i));
    transient_map_dissoc(&op, t, num(97));
    value m = transient_persistent(p, t);
    CHECK(is_type(m, T_AMAP) && map_count(m) == 7);
    CHECK(to_obj(m)->p[0] == num(100) && to_obj(m)->p[4] == num(98) && to_obj(m)->p[6] == num(96));
    t = to_obj(transient_new(p, m));
    transient_map_assoc(&op, t, num(1), num(1));
    CHECK(is_type(t->p[TRANSIENT_ROOT], T_ARRAY));
    transient_map_assoc(&op, t, num(2), num(1));
    CHECK(is_type(t->p[TRANSIENT_ROOT], T_HNODE) && transient_count(t) == 9);
}

int main(void)
{
    struct process *p = stub_process();
    test_vector_edges(p);
    test_independent(p);
    test_subvector(p);
    for (int i = 0; i < KEYS; i++) keys[i] = num(i);
    test_tables(p, empty_map(), false);
    test_tables(p, empty_set(), true);
    for (int i = 0; i < KEYS; i++) keys[i] = forged_keyword(p, (unsigned)i, (uint32_t)(i % 7));
    test_tables(p, empty_map(), false);
    test_tables(p, empty_set(), true);
    test_array_order(p);
    test_used_up(p);
    return check_report();
}
