/* Equality, hashing and order of whole values: bounded and resumable forms against each other and against a plain model. */
#include "runtime/value/deep.h"
#include "runtime/value/number.h"
#include "runtime/value/resume.h"
#include "test/runtime/value/model.h"
#include "test/stub/stub.h"

/* The interpreter's part, which these tests do not need. */
int prim_find(const char *name, size_t size);
int prim_find(const char *name, size_t size)
{
    return 0;
}
value vm_primitive(struct system *s, unsigned index);
value vm_primitive(struct system *s, unsigned index)
{
    return NIL;
}
struct system *process_system(const struct process *p);
struct system *process_system(const struct process *p)
{
    return NULL;
}

static value run(struct process *p, enum question q, value a, value b)
{
    value state = deep_new(p), r;
    for (int turns = 0; (r = deep_run(p, state, q, a, b)) == VAL_YIELD; turns++)
        if (turns > 100000) return NIL;
    return r;
}

static value lazy(struct process *p, value v, bool realised)
{
    struct object *o = heap_alloc(p, T_LAZY, 0, 2);
    o->p[0] = realised ? NIL : TRUE_;
    o->p[1] = realised ? v : NIL;
    return from_obj(o);
}

static value range(struct process *p, int64_t start, value end, int64_t step)
{
    struct object *o = heap_alloc(p, T_RANGE, 0, 3);
    o->p[0] = num(start), o->p[1] = end, o->p[2] = num(step);
    return from_obj(o);
}

/* The same elements as a sequence of some kind. */
static value as_sequence(struct process *p, value v, uint64_t kind)
{
    uint64_t n = vector_count(v);
    value r = NIL;
    switch (kind) {
    case 0: return v;
    case 1:
        r = empty_list();
        for (uint64_t i = n; i-- > 0;) r = list_prepend(p, r, vector_nth(v, i));
        return r;
    case 2:
        for (uint64_t i = n; i-- > 0;) r = lazy(p, list_cons(p, vector_nth(v, i), r), true);
        return lazy(p, r, true);
    case 3: {
        value w = vector_conj(p, empty_vector(), TRUE_);
        for (uint64_t i = 0; i < n; i++) w = vector_conj(p, w, vector_nth(v, i));
        return vector_sub(p, w, 1, n + 1);
    }
    default: {
        value s = seq_of(p, v);
        return s == NIL ? empty_list() : s;
    }
    }
}

/* A random value; `twin` makes the same choices and differs in representation only. */
struct twins {
    value a, b;
};
static struct twins random_value(struct process *p, int depth)
{
    uint64_t kind = random_below(depth > 0 ? 12 : 7), n = random_below(6);
    if (random_below(20) == 0) n = 30 + random_below(60);
    char text[32];
    switch (kind) {
    case 0: return (struct twins){num((int64_t)n), num((int64_t)n)};
    case 1: {
        value d = from_double((double)n / 2);
        return (struct twins){d, n == 0 ? from_double(-0.0) : d};
    }
    case 2:
        snprintf(text, sizeof text, "s%d", (int)n);
        return (struct twins){string_make_unchecked(p, text, strlen(text)),
                              string_make_unchecked(p, text, strlen(text))};
    case 3:
        return (struct twins){keyword_c(p, n & 1 ? "ns" : NULL, "name"),
                              keyword_c(p, n & 1 ? "ns" : NULL, "name")};
    case 4: return (struct twins){NIL, NIL};
    case 5: return (struct twins){from_char((uint32_t)n + 'a'), from_char((uint32_t)n + 'a')};
    case 6: {
        value big = number_mul(p, num(FIXNUM_MAX), num((int64_t)n + 7));
        return (struct twins){big, number_mul(p, num((int64_t)n + 7), num(FIXNUM_MAX))};
    }
    case 7:
    case 8: {
        value a = empty_vector(), b = empty_vector();
        for (uint64_t i = 0; i < n; i++) {
            struct twins t = random_value(p, depth - 1);
            a = vector_conj(p, a, t.a), b = vector_conj(p, b, t.b);
        }
        return (struct twins){as_sequence(p, a, random_below(5)), as_sequence(p, b, random_below(5))};
    }
    case 9:
    case 10: {
        value ab[256], ba[256];
        for (uint64_t i = 0; i < n; i++) {
            struct twins k = random_value(p, depth - 2), v = random_value(p, depth - 1);
            ab[2 * i] = k.a, ab[2 * i + 1] = v.a;
            ba[2 * (n - 1 - i)] = k.b, ba[2 * (n - 1 - i) + 1] = v.b;
        }
        value a = map_make(p, ab, n), b = empty_map();
        if (a == VAL_SLOW) return (struct twins){NIL, NIL};
        /* the other one in the other order, by single steps; the first of equal keys wins to agree with the last of a */
        for (uint64_t i = 0; i < n; i++)
            if (map_get(b, ba[2 * i]) == VAL_ABSENT) b = map_assoc(p, b, ba[2 * i], ba[2 * i + 1]);
        return (struct twins){a, b};
    }
    default: {
        value a = empty_set(), b = empty_set();
        for (uint64_t i = 0; i < n; i++) {
            struct twins t = random_value(p, depth - 1);
            value a2 = set_conj(p, a, t.a), b2 = set_conj(p, b, t.b);
            if (a2 == VAL_SLOW || b2 == VAL_SLOW) continue;
            a = a2, b = b2;
        }
        return (struct twins){a, b};
    }
    }
}

static void test_random(struct process *p)
{
    bool good = true;
    for (int i = 0; i < 3000 && good; i++) {
        struct twins t = random_value(p, 4), u = random_value(p, 4);
        int budget = 1 << 28;
        value same = value_equal(t.a, t.b, &budget);
        good = good && (same == TRUE_ || (same == VAL_SLOW && run(p, QUESTION_EQUAL, t.a, t.b) == TRUE_));
        good = good && run(p, QUESTION_EQUAL, t.a, t.b) == TRUE_ && run(p, QUESTION_EQUAL, t.b, t.a) == TRUE_;
        value h = run(p, QUESTION_HASH, t.a, NIL);
        good = good && h == run(p, QUESTION_HASH, t.b, NIL);
        budget = 1 << 28;
        value h2 = value_hash(t.a, &budget);
        good = good && (h2 == h || h2 == VAL_SLOW);
        good = good && run(p, QUESTION_DIGEST, t.a, NIL) == run(p, QUESTION_DIGEST, t.b, NIL);
        value other = run(p, QUESTION_EQUAL, t.a, u.b), turned = run(p, QUESTION_EQUAL, u.a, t.b);
        good = good && other == turned;
        if (other == FALSE_) {
            /* different hashes, but for the rare chance */
            budget = 1 << 28;
            int order = value_order(t.a, u.a, &budget);
            if (budget > 0) {
                int again = 1 << 28;
                good = good && order != 0 && value_order(u.b, t.b, &again) == -order;
            }
        }
        if (!good) printf("round %d\n", i);
    }
    CHECK(good);
}

/* Values far beyond any bound: wide, deep, and as keys of tables within. */
static void test_large(struct process *p)
{
    value wide = empty_vector(), list = empty_list(), other = empty_vector();
    for (int64_t i = 0; i < 100000; i++) wide = vector_conj(p, wide, num(i));
    for (int64_t i = 100000; i-- > 0;) list = list_prepend(p, list, num(i));
    other = vector_assoc(p, wide, 99999, num(-1));
    int budget = EQUAL_BUDGET;
    CHECK(value_equal(wide, list, &budget) == VAL_SLOW);
    CHECK(run(p, QUESTION_EQUAL, wide, list) == TRUE_);
    CHECK(run(p, QUESTION_EQUAL, wide, range(p, 0, num(100000), 1)) == TRUE_);
    CHECK(run(p, QUESTION_EQUAL, wide, range(p, 0, num(100001), 1)) == FALSE_);
    CHECK(run(p, QUESTION_EQUAL, wide, range(p, 0, NIL, 1)) == FALSE_);
    CHECK(run(p, QUESTION_EQUAL, list, other) == FALSE_);
    CHECK(run(p, QUESTION_HASH, wide, NIL) == run(p, QUESTION_HASH, list, NIL));
    CHECK(run(p, QUESTION_HASH, wide, NIL) != run(p, QUESTION_HASH, other, NIL));
    CHECK(run(p, QUESTION_COMPARE, wide, other) == num(1) &&
          run(p, QUESTION_COMPARE, other, wide) == num(-1));
    CHECK(run(p, QUESTION_COMPARE, wide, wide) == num(0));

    value deep = NIL, twin = NIL;
    for (int i = 0; i < 100000; i++) {
        deep = vector_make(p, &deep, 1);
        twin = list_prepend(p, empty_list(), twin);
    }
    CHECK(run(p, QUESTION_EQUAL, deep, twin) == TRUE_);
    CHECK(run(p, QUESTION_EQUAL, deep, vector_make(p, &twin, 1)) == FALSE_);
    CHECK(run(p, QUESTION_HASH, deep, NIL) == run(p, QUESTION_HASH, twin, NIL));

    value m = empty_map(), m2 = empty_map();
    for (int64_t i = 0; i < 50000; i++) m = map_assoc(p, m, num(i), num(i));
    for (int64_t i = 50000; i-- > 0;) m2 = map_assoc(p, m2, num(i), num(i));
    CHECK(run(p, QUESTION_EQUAL, m, m2) == TRUE_);
    CHECK(run(p, QUESTION_HASH, m, NIL) == run(p, QUESTION_HASH, m2, NIL));
    value m3 = map_assoc(p, m, num(5), num(6));
    budget = EQUAL_BUDGET;
    CHECK(value_equal(m, m3, &budget) == FALSE_); /* what they share costs nothing */
    budget = EQUAL_BUDGET;
    CHECK(value_equal(m, map_assoc(p, m3, num(5), num(5)), &budget) == TRUE_);

    /* large keys: the question of the table's own lookups */
    struct key_op op = KEY_OP(p);
    op.budget = 1 << 28;
    value a = map_assoc_op(&op, empty_map(), wide, num(1)), b = map_assoc_op(&op, empty_map(), list, num(1));
    for (int64_t i = 0; i < 10; i++) {
        a = map_assoc_op(&op, a, vector_conj(p, wide, num(i)), num(i));
        b = map_assoc_op(&op, b, vector_conj(p, vector_assoc(p, wide, 0, num(0)), num(9 - i)), num(9 - i));
    }
    CHECK(map_count(a) == 11 && map_count(b) == 11);
    CHECK(run(p, QUESTION_EQUAL, a, b) == TRUE_);
    CHECK(run(p, QUESTION_HASH, a, NIL) == run(p, QUESTION_HASH, b, NIL));
    CHECK(run(p, QUESTION_EQUAL, a, map_assoc_op(&op, b, wide, num(2))) == FALSE_);
    CHECK(map_get(a, wide) == VAL_SLOW);
}

static void test_sorted(struct process *p)
{
    value s = sorted_new(p, true, NIL, NIL, NIL), h = empty_set();
    value sm = sorted_new(p, false, NIL, NIL, NIL), hm = empty_map();
    value backwards = NIL, up = NIL;
    for (int64_t i = 0; i < 1000; i++) {
        s = set_conj(p, s, num(i)), h = set_conj(p, h, num(i));
        sm = map_assoc(p, sm, num(i), num(i)), hm = map_assoc(p, hm, num(i), num(i));
        backwards = tree_insert_at(p, backwards, 0, num(i), num(i));
        up = tree_insert_at(p, up, (uint64_t)i, num(i), num(i));
    }
    value own = sorted_new(p, false, backwards, TRUE_, NIL), own2 = sorted_new(p, false, up, FALSE_, NIL);
    CHECK(run(p, QUESTION_EQUAL, s, h) == TRUE_ && run(p, QUESTION_EQUAL, h, s) == TRUE_);
    CHECK(run(p, QUESTION_EQUAL, sm, hm) == TRUE_ && run(p, QUESTION_EQUAL, hm, sm) == TRUE_);
    CHECK(run(p, QUESTION_EQUAL, own, hm) == TRUE_ && run(p, QUESTION_EQUAL, hm, own) == TRUE_);
    CHECK(run(p, QUESTION_EQUAL, own, sm) == TRUE_ && run(p, QUESTION_EQUAL, sm, own) == TRUE_);
    CHECK(run(p, QUESTION_EQUAL, own, own2) == TRUE_);
    CHECK(run(p, QUESTION_HASH, own, NIL) == run(p, QUESTION_HASH, hm, NIL));
    CHECK(run(p, QUESTION_EQUAL, sm, map_assoc(p, hm, num(3), NIL)) == FALSE_);
    CHECK(run(p, QUESTION_EQUAL, own,
              sorted_with_root(p, to_obj(own2), tree_replace_at(p, up, 3, num(3), NIL))) == FALSE_);
}

static void test_lazy(struct process *p)
{
    value pending = lazy(p, NIL, false), one = num(1);
    value a = list_cons(p, one, pending), b = vector_make(p, &one, 1);
    CHECK(run(p, QUESTION_EQUAL, a, b) == VAL_SLOW);
    value state = deep_new(p), x, y;
    CHECK(deep_run(p, state, QUESTION_EQUAL, a, b) == VAL_SLOW);
    CHECK(deep_sequences_left(p, state, &x, &y));
    CHECK(x == pending && y == empty_list());
    CHECK(run(p, QUESTION_EQUAL, list_cons(p, num(2), pending), b) ==
          FALSE_); /* decided before the lazy part */
    CHECK(run(p, QUESTION_EQUAL, pending, num(1)) == FALSE_);
    CHECK(run(p, QUESTION_HASH, a, NIL) == VAL_SLOW);
    CHECK(run(p, QUESTION_EQUAL, lazy(p, NIL, true), empty_vector()) == TRUE_);
    CHECK(run(p, QUESTION_EQUAL, lazy(p, b, true), b) == TRUE_);
}

static void test_numbers(struct process *p)
{
    int budget = 1000;
    value nan = from_double(0.0 / 0.0);
    CHECK(value_equal(num(1), from_double(1.0), &budget) == FALSE_);
    CHECK(value_equal(from_double(0.0), from_double(-0.0), &budget) == TRUE_);
    CHECK(value_hash(from_double(0.0), &budget) == value_hash(from_double(-0.0), &budget));
    CHECK(value_equal(nan, nan, &budget) == FALSE_);
    CHECK(set_count(set_conj(p, set_conj(p, empty_set(), nan), nan)) == 1);
    CHECK(value_equal(NIL, FALSE_, &budget) == FALSE_ && value_equal(empty_list(), NIL, &budget) == FALSE_);
    CHECK(value_equal(empty_map(), empty_set(), &budget) == FALSE_);
    CHECK(value_equal(empty_map(), empty_vector(), &budget) == FALSE_);
    CHECK(value_compare(p, NIL, num(1), &budget) == num(-1));
    CHECK(value_compare(p, FALSE_, TRUE_, &budget) == num(-1));
    CHECK(value_compare(p, num(1), from_double(1.0), &budget) == num(0));
    CHECK(value_compare(p, num(1), from_char('a'), &budget) == VAL_ERROR);
    CHECK(value_compare(p, empty_map(), empty_map(), &budget) == VAL_ERROR);
    value one = num(1), two[2] = {num(0), num(0)};
    CHECK(value_compare(p, vector_make(p, &one, 1), vector_make(p, two, 2), &budget) == num(-1));
}

/* Many keys with one hash: the cost of each stays near the logarithm. */
static void test_collisions(struct process *p)
{
    enum { MANY = 20000 };
    value m = empty_map();
    value *keys = malloc(MANY * 8);
    for (unsigned i = 0; i < MANY; i++) {
        keys[i] = forged_keyword(p, i * 7919 % 99991, 7);
        m = map_assoc(p, m, keys[i], num(i));
    }
    CHECK(map_count(m) == MANY && table_check(m));
    bool good = true;
    for (unsigned i = 0; i < MANY; i++) good = good && map_get(m, keys[i]) == num(i);
    for (unsigned i = 0; i < MANY; i += 2) m = map_dissoc(p, m, keys[i]);
    for (unsigned i = 0; i < MANY; i++) good = good && map_get(m, keys[i]) == (i % 2 ? num(i) : VAL_ABSENT);
    CHECK(good && table_check(m));
    for (unsigned i = 1; i < MANY; i += 2) m = map_dissoc(p, m, keys[i]);
    CHECK(m == empty_map());
    /* things with identity only: found again, though no order tells them apart */
    value s = empty_set(), boxes[50];
    for (int i = 0; i < 50; i++) {
        struct object *o = heap_alloc(p, T_BOX, 0, 1);
        o->p[0] = NIL;
        s = set_conj(p, s, boxes[i] = from_obj(o));
    }
    CHECK(set_count(s) == 50);
    for (int i = 0; i < 50; i++) CHECK(set_get(s, boxes[i]) == boxes[i]);
    for (int i = 0; i < 50; i++) s = set_disj(p, s, boxes[i]);
    CHECK(s == empty_set());
    free(keys);
}

int main(void)
{
    struct process *p = stub_process();
    test_numbers(p);
    test_lazy(p);
    test_random(p);
    test_large(p);
    test_sorted(p);
    test_collisions(p);
    return check_report();
}
