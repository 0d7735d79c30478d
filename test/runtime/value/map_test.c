#include "test/runtime/value/model.h"
#include "test/stub/stub.h"

enum { KEYS = 600 };

struct model {
    bool there[KEYS];
    int64_t val[KEYS];
    int count;
};

static value keys[KEYS];

static bool agrees(value m, const struct model *model)
{
    bool set = is_set(m);
    if ((set ? set_count(m) : map_count(m)) != (uint64_t)model->count || !table_check(m)) return false;
    for (int i = 0; i < KEYS; i++) {
        value got = set ? set_get(m, keys[i]) : map_get(m, keys[i]);
        if (!model->there[i] ? got != VAL_ABSENT : set ? got != keys[i] : got != num(model->val[i]))
            return false;
    }
    int n = 0;
    struct walk w;
    value k, v;
    for (walk_start(&w, m); walk_next(&w, &k, &v);) n++;
    return n == model->count;
}

static value change(struct process *p, value m, struct model *model, int i, bool add, int64_t val)
{
    if (model->there[i] != add) model->count += add ? 1 : -1;
    model->there[i] = add;
    model->val[i] = val;
    if (is_set(m)) return add ? set_conj(p, m, keys[i]) : set_disj(p, m, keys[i]);
    return add ? map_assoc(p, m, keys[i], num(val)) : map_dissoc(p, m, keys[i]);
}

static void test_random(struct process *p, value empty, unsigned range)
{
    enum { VERSIONS = 20 };
    static struct model model[VERSIONS];
    value m[VERSIONS];
    memset(model, 0, sizeof model);
    for (int i = 0; i < VERSIONS; i++) m[i] = empty;
    bool good = true;
    for (int step = 0; step < 40000 && good; step++) {
        int from = (int)random_below(VERSIONS), to = (int)random_below(VERSIONS);
        if (from != to) model[to] = model[from];
        value r = m[from];
        bool grow = random_below(100) < 52;
        for (unsigned k = 0; k < 1 + random_below(6); k++)
            r = change(p, r, &model[to], (int)random_below(range), grow, (int64_t)random_below(1000));
        m[to] = r;
        if (step % 20 == 0) {
            int check = (int)random_below(VERSIONS);
            good = agrees(m[check], &model[check]);
        }
    }
    CHECK(good);
    for (int i = 0; i < VERSIONS; i++) CHECK(agrees(m[i], &model[i]));
}

/* The same content, put in and taken out in any order, gives the same structure and the same order. */
static void test_canonical(struct process *p, value empty)
{
    if (is_map(empty) && is_type(empty, T_AMAP)) {
        value h = empty;
        for (int i = 0; i < 9; i++) h = map_assoc(p, h, keys[i], NIL);
        for (int i = 0; i < 8; i++) h = map_dissoc(p, h, keys[i]);
        empty = h; /* an HMAP with one entry, keys[8] */
    }
    for (int round = 0; round < 60; round++) {
        int n = 1 + (int)random_below(KEYS - 20);
        value a = empty, b = empty;
        static int order[KEYS];
        for (int i = 0; i < KEYS; i++) order[i] = i;
        for (int i = KEYS - 1; i > 0; i--) {
            int j = (int)random_below((uint64_t)i + 1), t = order[i];
            order[i] = order[j];
            order[j] = t;
        }
        for (int i = 0; i < n; i++)
            a = is_set(a) ? set_conj(p, a, keys[order[i]]) : map_assoc(p, a, keys[order[i]], num(order[i]));
        for (int i = KEYS - 1; i >= 0; i--) /* all keys, backwards, and then those beyond n out again */
            b = is_set(b) ? set_conj(p, b, keys[order[i]]) : map_assoc(p, b, keys[order[i]], num(order[i]));
        for (int i = n; i < KEYS; i++) {
            if (is_map(empty) && is_type(empty, T_HMAP) && order[i] == 8) {
                b = map_assoc(p, b, keys[8], NIL);
                continue;
            }
            b = is_set(b) ? set_disj(p, b, keys[order[i]]) : map_dissoc(p, b, keys[order[i]]);
        }
        int budget = 1 << 30;
        CHECK(same_walk(a, b));
        CHECK(value_equal(a, b, &budget) == TRUE_);
        budget = 1 << 30;
        value h = value_hash(a, &budget);
        CHECK(h == value_hash(b, &budget));
        value c = is_set(a) ? set_disj(p, a, keys[order[0]]) : map_assoc(p, a, keys[order[0]], num(-1));
        CHECK(value_equal(a, c, &budget) == FALSE_);
    }
}

static void test_array_map(struct process *p)
{
    value m = empty_map();
    for (int i = 0; i < 8; i++) m = map_assoc(p, m, keys[i], num(i));
    CHECK(is_type(m, T_AMAP) && map_count(m) == 8);
    struct walk w;
    value k, v;
    int at = 0;
    for (walk_start(&w, m); walk_next(&w, &k, &v); at++) CHECK(k == keys[at] && v == num(at));
    value again = map_assoc(p, m, keys[3], num(33));
    CHECK(is_type(again, T_AMAP) && map_get(again, keys[3]) == num(33) && map_get(m, keys[3]) == num(3));
    CHECK(map_assoc(p, m, keys[3], num(3)) == m);
    value nine = map_assoc(p, m, keys[8], num(8));
    CHECK(is_type(nine, T_HMAP) && map_count(nine) == 9);
    for (int i = 0; i < 9; i++) CHECK(map_get(nine, keys[i]) == num(i));
    CHECK(map_dissoc(p, m, keys[20]) == m);
    for (int i = 0; i < 8; i++) m = map_dissoc(p, m, keys[i]);
    CHECK(m == empty_map());
}

static void test_make(struct process *p)
{
    static value kv[2 * KEYS + 4];
    for (int n = 0; n < KEYS; n += 1 + n / 7) {
        for (int i = 0; i < n; i++) kv[2 * i] = keys[i], kv[2 * i + 1] = num(i);
        kv[2 * n] = keys[0], kv[2 * n + 1] = num(77);
        value m = map_make(p, kv, (size_t)n + 1), a = empty_map();
        for (int i = 0; i <= n; i++) a = map_assoc(p, a, kv[2 * i], kv[2 * i + 1]);
        CHECK(map_get(m, keys[0]) == num(77) && table_check(m) && same_walk(m, a));
    }
}

static void with_keys(struct process *p)
{
    value h = map_assoc(p, empty_map(), keys[0], NIL);
    for (int i = 0; i < 9; i++) h = map_assoc(p, h, keys[i], NIL);
    value sorted_map = sorted_new(p, false, NIL, NIL, NIL), sorted_set = sorted_new(p, true, NIL, NIL, NIL);
    test_random(p, empty_map(), 12);
    test_random(p, empty_map(), KEYS);
    test_random(p, empty_set(), KEYS);
    test_random(p, sorted_map, KEYS);
    test_random(p, sorted_set, KEYS);
    test_canonical(p, empty_map());
    test_canonical(p, empty_set());
    test_canonical(p, sorted_map);
    test_canonical(p, sorted_set);
    test_array_map(p);
    test_make(p);
}

int main(void)
{
    struct process *p = stub_process();
    for (int i = 0; i < KEYS; i++) keys[i] = num(i * 7 - 1000);
    with_keys(p);
    for (int i = 0; i < KEYS; i++) keys[i] = forged_keyword(p, (unsigned)i, (uint32_t)random_next());
    with_keys(p);
    /* hashes that agree far down, and wholly */
    for (int i = 0; i < KEYS; i++) keys[i] = forged_keyword(p, (unsigned)i, (uint32_t)(i % 5) << 30 | 0x2a);
    with_keys(p);
    for (int i = 0; i < KEYS; i++)
        keys[i] = forged_keyword(p, (unsigned)(i * 7919 % 100003), i % 3 ? 42 : 42u << 25);
    with_keys(p);
    return check_report();
}
