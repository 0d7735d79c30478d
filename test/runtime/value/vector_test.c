#include "test/runtime/value/model.h"
#include "test/stub/stub.h"

static value numbers(struct process *p, int64_t n)
{
    value v = empty_vector();
    for (int64_t i = 0; i < n; i++) v = vector_conj(p, v, num(i));
    return v;
}

static bool holds(value v, int64_t n, int64_t first)
{
    if (vector_count(v) != (uint64_t)n || !vector_check(v)) return false;
    for (int64_t i = 0; i < n; i++)
        if (vector_nth(v, (uint64_t)i) != num(first + i)) return false;
    return vector_nth(v, (uint64_t)n) == VAL_ABSENT;
}

static const int64_t edges[] = {0,    1,     2,     31,    32,    33,    34,    63,    64,   65,
                                95,   96,    97,    1023,  1024,  1025,  1055,  1056,  1057, 1058,
                                2048, 32767, 32768, 32769, 32799, 32800, 32801, 32832, 32833};

static void test_edges(struct process *p)
{
    for (size_t e = 0; e < COUNT_OF(edges); e++) {
        int64_t n = edges[e];
        value v = numbers(p, n);
        CHECK(holds(v, n, 0));
        value *items = malloc((size_t)(n + 1) * 8);
        for (int64_t i = 0; i <= n; i++) items[i] = num(i);
        value made = vector_make(p, items, (size_t)n);
        CHECK(holds(made, n, 0));
        CHECK(holds(vector_conj(p, made, num(n)), n + 1, 0));
        CHECK(holds(made, n, 0));
        if (n > 0) {
            CHECK(holds(vector_pop(p, v), n - 1, 0));
            CHECK(holds(vector_pop(p, made), n - 1, 0));
            CHECK(holds(v, n, 0));
            value w = vector_assoc(p, v, (uint64_t)n - 1, num(-5));
            CHECK(vector_nth(w, (uint64_t)n - 1) == num(-5) && vector_nth(v, (uint64_t)n - 1) == num(n - 1));
            w = vector_assoc(p, v, 0, num(-6));
            CHECK(vector_nth(w, 0) == num(-6) && vector_nth(v, 0) == num(0) && vector_check(w));
        }
        CHECK(holds(vector_assoc(p, v, (uint64_t)n, num(n)), n + 1, 0));
        CHECK(vector_assoc(p, v, (uint64_t)n + 1, num(n)) == VAL_ABSENT);
        free(items);
    }
}

static void test_pop_all(struct process *p)
{
    int64_t n = 33000;
    value v = numbers(p, n);
    bool good = true;
    for (; n > 0; n--) {
        v = vector_pop(p, v);
        if (n % 97 == 0 || n < 70 || (n > 1000 && n < 1100)) good = good && holds(v, n - 1, 0);
    }
    CHECK(good);
    CHECK(v == empty_vector());
}

/* Random operations on many versions at once against plain arrays; every version stays what it was. */
static void test_random(struct process *p)
{
    enum { VERSIONS = 40, LONGEST = 2500 };
    static int64_t model[VERSIONS][LONGEST + 8];
    static int64_t counts[VERSIONS];
    value v[VERSIONS];
    for (int i = 0; i < VERSIONS; i++) {
        counts[i] = (int64_t)random_below(1200);
        for (int64_t k = 0; k < counts[i]; k++) model[i][k] = k;
        v[i] = numbers(p, counts[i]);
    }
    bool good = true;
    for (int step = 0; step < 60000; step++) {
        int from = (int)random_below(VERSIONS), to = (int)random_below(VERSIONS);
        value r = v[from];
        int64_t n = counts[from];
        if (from != to) memcpy(model[to], model[from], sizeof model[to]);
        counts[to] = n;
        int64_t item = (int64_t)random_below(1 << 30);
        switch (random_below(5)) {
        case 0:
        case 1:
            for (int k = 0; k < 5 && n < LONGEST; k++) {
                r = vector_conj(p, r, num(item));
                model[to][n] = item;
                counts[to] = ++n;
            }
            break;
        case 2:
            if (n == 0) break;
            r = vector_pop(p, r);
            counts[to]--;
            break;
        case 3:
            if (n == 0) break;
            {
                int64_t i = (int64_t)random_below((uint64_t)n);
                r = vector_assoc(p, r, (uint64_t)i, num(item));
                model[to][i] = item;
            }
            break;
        default: {
            if (n == 0 || random_below(4)) break;
            int64_t a = (int64_t)random_below((uint64_t)n),
                    b = a + (int64_t)random_below((uint64_t)(n - a + 1));
            if (b - a < n / 2) break;
            r = vector_sub(p, r, (uint64_t)a, (uint64_t)b);
            memmove(model[to], model[to] + a, (size_t)(b - a) * 8);
            counts[to] = b - a;
        }
        }
        v[to] = r;
        int check = (int)random_below(VERSIONS);
        if (vector_count(v[check]) != (uint64_t)counts[check]) good = false;
        for (int64_t k = 0; k < counts[check] && good; k += 1 + (int64_t)random_below(9))
            if (vector_nth(v[check], (uint64_t)k) != num(model[check][k])) good = false;
        if (step % 50 == 0 && !vector_check(v[check])) good = false;
        if (!good) {
            printf("step %d\n", step);
            break;
        }
    }
    CHECK(good);
}

static void test_meta(struct process *p)
{
    value v = numbers(p, 40), meta = vector_make(p, &v, 1);
    value m = with_vector_meta(p, v, meta);
    CHECK(obj_meta(vector_conj(p, m, num(1))) == meta);
    CHECK(obj_meta(vector_assoc(p, m, 3, num(1))) == meta);
    for (int i = 0; i < 40; i++) m = vector_pop(p, m);
    CHECK(vector_count(m) == 0 && obj_meta(m) == meta);
    for (int i = 0; i < 40; i++) m = vector_conj(p, m, num(i));
    CHECK(obj_meta(m) == meta && holds(m, 40, 0));
    CHECK(obj_meta(v) == NIL);
}

int main(void)
{
    struct process *p = stub_process();
    test_edges(p);
    test_pop_all(p);
    test_random(p);
    test_meta(p);
    return check_report();
}
