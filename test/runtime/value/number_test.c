/* The numeric tower: expectations written out, then identities on random operands of every kind and size. */
#include <stdlib.h>
#include "runtime/value/number.h"
#include "runtime/value/string.h"
#include "test/stub/stub.h"
#include "test/support/check.h"

static struct process *p;
static uint64_t seed = 0x123456789abcdefull;
static uint64_t next_random(void)
{
    seed ^= seed << 13;
    seed ^= seed >> 7;
    seed ^= seed << 17;
    return seed * 0x2545f4914f6cdd1dull;
}

static value read(const char *text)
{
    value state = NIL, v = number_parse(p, text, strlen(text));
    while (v == VAL_SLOW || v == VAL_YIELD) v = number_parse_resume(p, text, strlen(text), &state);
    return v;
}

static const char *show(value v)
{
    static char texts[4][8000];
    static unsigned turn;
    char *t = texts[turn++ & 3];
    if (v == VAL_ERROR) return "error";
    if (v == VAL_SLOW) return "slow";
    if (v == VAL_ABSENT) return "absent";
    if (is_double(v)) {
        t[double_format_readable(to_double(v), t)] = 0;
        return t;
    }
    value state = NIL, s;
    do s = number_to_string(p, v, 10, &state);
    while (s == VAL_YIELD);
    size_t n;
    const char *bytes = string_bytes(s, &n);
    snprintf(t, sizeof texts[0], "%.*s", (int)n, bytes);
    return t;
}

typedef value fn2(struct process *, value, value);
static value complete(fn2 *f, enum number_op op, value a, value b)
{
    value state = NIL, v = f(p, a, b);
    if (v == VAL_SLOW) do
            v = number_resume(p, op, a, b, &state);
        while (v == VAL_YIELD);
    return v;
}
static value add(value a, value b)
{
    return complete(number_add, NUMBER_ADD, a, b);
}
static value sub(value a, value b)
{
    return complete(number_sub, NUMBER_SUB, a, b);
}
static value mul(value a, value b)
{
    return complete(number_mul, NUMBER_MUL, a, b);
}
static value divide(value a, value b)
{
    return complete(number_div, NUMBER_DIV, a, b);
}
static value quot(value a, value b)
{
    return complete(number_quot, NUMBER_QUOT, a, b);
}
static value rem_(value a, value b)
{
    return complete(number_rem, NUMBER_REM, a, b);
}
static value mod(value a, value b)
{
    return complete(number_mod, NUMBER_MOD, a, b);
}

static void is_text(const char *file, int line, value got, const char *wanted)
{
    const char *t = show(got);
    if (strcmp(t, wanted) != 0) printf("%s:%d: %s, wanted %s\n", file, line, t, wanted);
    CHECK(strcmp(t, wanted) == 0);
}
#define IS(got, wanted) is_text(__FILE__, __LINE__, got, wanted)

static void test_expected(void)
{
    IS(add(read("1125899906842623"), read("1")), "1125899906842624"); /* fixnum to bigint */
    IS(sub(read("-1125899906842624"), read("1")), "-1125899906842625");
    CHECK(is_fixnum(sub(read("1125899906842624"), read("1"))));
    IS(mul(read("9223372036854775807"), read("9223372036854775807")),
       "85070591730234615847396907784232501249");
    IS(divide(read("6"), read("4")), "3/2");
    IS(divide(read("6"), read("-4")), "-3/2");
    IS(divide(read("6"), read("3")), "2");
    IS(divide(read("1"), read("0")), "error");
    CHECK(stub_error_kind == ERR_ARITHMETIC);
    IS(divide(read("1.0"), read("0")), "##Inf");
    IS(divide(read("-1"), read("0.0")), "##-Inf");
    IS(add(read("1/3"), read("2/3")), "1");
    IS(sub(read("1/3"), read("1/2")), "-1/6");
    IS(mul(read("2/3"), read("3/2")), "1");
    IS(add(read("1/2"), read("3")), "7/2");
    IS(add(read("1/2"), read("0.5")), "1.0");
    IS(quot(read("-7"), read("2")), "-3");
    IS(rem_(read("-7"), read("2")), "-1");
    IS(mod(read("-7"), read("2")), "1");
    IS(mod(read("7"), read("-2")), "-1");
    IS(mod(read("-6"), read("3")), "0");
    IS(quot(read("7.5"), read("2")), "3.0");
    IS(rem_(read("5.5"), read("2")), "1.5");
    IS(mod(read("-5.5"), read("2")), "0.5");
    IS(quot(read("7/2"), read("2")), "1");
    IS(rem_(read("7/2"), read("2")), "3/2");
    IS(mod(read("-7/2"), read("2")), "1/2");
    IS(quot(read("1"), read("0")), "error");
    IS(rem_(read("1.0"), read("0.0")), "error");
    IS(quot(read("-1125899906842624"), read("-1")), "1125899906842624");
    IS(number_neg(p, read("-1125899906842624")), "1125899906842624");
    IS(number_add(p, read("1"), NIL), "error");
    CHECK(stub_error_kind == ERR_TYPE);
    CHECK(number_add(p, TRUE_, read("1.0")) == VAL_ERROR);
    CHECK(number_mul(p, read("1/2"), from_char('a')) == VAL_ERROR);
    IS(number_bitand(p, read("-1"), read("123456789012345678901234567890")),
       "123456789012345678901234567890");
    IS(number_bitor(p, read("-123456789012345678901234567890"), read("1")),
       "-123456789012345678901234567889");
    IS(number_bitxor(p, read("-1"), read("18446744073709551616")), "-18446744073709551617");
    IS(number_shl(p, read("1"), read("64")), "18446744073709551616");
    IS(number_shl(p, read("-3"), read("100")), "-3802951800684688204490109616128");
    IS(number_shr(p, read("-18446744073709551617"), read("64")), "-2");
    IS(number_shr(p, read("-1"), read("1000")), "-1");
    IS(number_shl(p, read("5"), read("-1")), "2");
    IS(number_shl(p, read("1"), read("100000000000")), "error");
    IS(number_bitand(p, read("1.0"), read("1")), "error");
}

static void test_text(void)
{
    static const char *const same[] = {
        "0",   "-1",  "1125899906842624", "-340282366920938463463374607431768211456", "1/3", "-22/7",
        "1.5", "-0.0"};
    for (size_t i = 0; i < COUNT_OF(same); i++) IS(read(same[i]), same[i]);
    static const char *const pairs[][2] = {
        {"0x1F", "31"},      {"-0xff", "-255"},   {"017", "15"},
        {"2r101", "5"},      {"36rZZ", "1295"},   {"16rFFFFFFFFFFFFFFFFF", "295147905179352825855"},
        {"+7", "7"},         {"12N", "12"},       {"0N", "0"},
        {"4/2", "2"},        {"-4/6", "-2/3"},    {"1e3", "1000.0"},
        {"1.", "1.0"},       {"1.5M", "1.5"},     {"2M", "2.0"},
        {"36rN", "23"},      {"1E400", "##Inf"},  {"-1e-400", "-0.0"},
        {"", "absent"},      {"-", "absent"},     {"08", "absent"},
        {"0x", "absent"},    {"1r0", "absent"},   {"37r1", "absent"},
        {"2r2", "absent"},   {"12a", "absent"},   {"1/", "absent"},
        {"/2", "absent"},    {"1/-2", "absent"},  {"1//2", "absent"},
        {"1.2.3", "absent"}, {"1e", "absent"},    {".5", "absent"},
        {"0xN", "absent"},   {"1/2/3", "absent"}, {"N", "absent"},
        {"--1", "absent"},   {"1/0", "error"},    {"0/5", "0"},
    };
    for (size_t i = 0; i < COUNT_OF(pairs); i++) {
        const char *t = show(read(pairs[i][0]));
        if (strcmp(t, pairs[i][1]) != 0) printf("%s read as %s\n", pairs[i][0], t);
        CHECK(strcmp(t, pairs[i][1]) == 0);
    }
    char text[NUMBER_TEXT_MAX];
    CHECK(fixnum_format(FIXNUM_MIN, 2, text) == 52);
    CHECK(fixnum_format(-255, 16, text) == 3 && memcmp(text, "-ff", 3) == 0);
}

static void test_compare(void)
{
    static const char *const ascending[] = {"-1e300",
                                            "-1000000000000000000000000",
                                            "-9007199254740993",
                                            "-9007199254740992.0",
                                            "-3/2",
                                            "-1",
                                            "-0.5",
                                            "0",
                                            "4.9E-324",
                                            "1/3",
                                            "0.5",
                                            "1",
                                            "3/2",
                                            "9007199254740992.0",
                                            "9007199254740993",
                                            "18446744073709551616",
                                            "1e30",
                                            "1e300"};
    for (size_t i = 0; i < COUNT_OF(ascending); i++)
        for (size_t k = 0; k < COUNT_OF(ascending); k++) {
            value a = read(ascending[i]), b = read(ascending[k]);
            CHECK(number_compare(a, b) == (i > k) - (i < k));
            CHECK(number_equal(a, b) == (i == k));
        }
    CHECK(number_compare(read("0.1"), read("1/10")) == 1); /* the double is a little more */
    CHECK(number_compare(read("1/2"), read("0.5")) == 0);
    CHECK(!number_equal(read("1/2"), read("0.5")) && number_same(read("1/2"), read("0.5")));
    CHECK(!number_equal(read("1"), read("1.0")) && number_same(read("1"), read("1.0")));
    CHECK(number_equal(read("0.0"), read("-0.0")) && number_hash(read("0.0")) == number_hash(read("-0.0")));
    value nan = from_double(__builtin_nan("")), inf = from_double(__builtin_inf());
    CHECK(number_compare(nan, nan) == 2 && number_compare(nan, read("1/2")) == 2 &&
          number_compare(read("5"), nan) == 2);
    CHECK(number_compare(inf, read("1000000000000000000000000")) == 1 &&
          number_compare(read("-1/2"), inf) == -1);
    CHECK(number_compare(read("18446744073709551616"), read("18446744073709551616.0")) == 0);
    CHECK(number_compare(read("18446744073709551617"), read("18446744073709551616.0")) == 1);
    CHECK(number_to_double(read("1/3")) == 1.0 / 3);
    CHECK(number_to_double(read("9007199254740993")) == 9007199254740992.0);
    CHECK(number_to_double(read("9007199254740995")) == 9007199254740996.0);
    int64_t i;
    CHECK(number_to_i64(read("-9223372036854775808"), &i) && i == INT64_MIN &&
          !number_to_i64(read("9223372036854775808"), &i));
    CHECK(number_from_i64(p, INT64_MIN) != VAL_ERROR &&
          number_compare(number_from_i64(p, INT64_MIN), read("-9223372036854775808")) == 0);
}

/* A random integer of up to `limbs` limbs, with runs of ones and zeros more often than chance. */
static value random_integer(unsigned limbs)
{
    unsigned n = (unsigned)(next_random() % limbs) + 1;
    value v = from_fixnum(0);
    unsigned style = next_random() & 3;
    for (unsigned i = 0; i < n; i++) {
        uint64_t w = style == 0   ? (next_random() & 1 ? ~0ull : 0)
                     : style == 1 ? next_random() >> (next_random() & 63)
                                  : next_random();
        v = number_bitor(p, number_shl(p, v, from_fixnum(64)), number_from_u64(p, w));
    }
    return next_random() & 1 ? number_neg(p, v) : v;
}
static value random_exact(unsigned limbs)
{
    value n = random_integer(limbs);
    if (next_random() % 3) return n;
    value d = random_integer(limbs);
    return d == from_fixnum(0) ? n : divide(n, d);
}

#define SAME(a, b)                                                                                           \
    do {                                                                                                     \
        value x_ = (a), y_ = (b);                                                                            \
        bool same_ = !is_sentinel(x_) && !is_sentinel(y_) && number_equal(x_, y_);                           \
        if (!same_) printf("line %d: %.300s is not %.300s\n", __LINE__, show(x_), show(y_));                 \
        CHECK(same_);                                                                                        \
    } while (0)

static void test_identities(unsigned rounds, unsigned limbs)
{
    for (unsigned i = 0; i < rounds; i++) {
        value a = random_exact(limbs), b = random_exact(limbs), c = random_exact(limbs);
        SAME(mul(a, add(b, c)), add(mul(a, b), mul(a, c)));
        SAME(sub(add(a, b), b), a);
        SAME(mul(add(a, b), sub(a, b)), sub(mul(a, a), mul(b, b)));
        CHECK(number_compare(a, b) == number_sign(sub(a, b)));
        CHECK(number_hash(add(a, b)) == number_hash(add(b, a)));
        if (number_sign(b) != 0) {
            value q = quot(a, b), r = rem_(a, b), m = mod(a, b);
            CHECK(is_integer(q));
            SAME(add(mul(q, b), r), a);
            CHECK(number_sign(r) == 0 || number_sign(r) == number_sign(a));
            CHECK(number_sign(m) == 0 || number_sign(m) == number_sign(b));
            CHECK(number_compare(mul(r, r), mul(b, b)) < 0 && number_compare(mul(m, m), mul(b, b)) < 0);
            CHECK(is_integer(divide(sub(m, r), b)));
            SAME(mul(divide(a, b), b), a);
        }
        value x = random_integer(limbs), y = random_integer(limbs),
              s = from_fixnum((int64_t)(next_random() % 200));
        SAME(add(number_bitand(p, x, y), number_bitor(p, x, y)), add(x, y));
        SAME(number_bitxor(p, x, y), sub(number_bitor(p, x, y), number_bitand(p, x, y)));
        SAME(number_shr(p, number_shl(p, x, s), s), x);
        value power = number_shl(p, from_fixnum(1), s);
        SAME(number_shr(p, x, s), quot(sub(x, mod(x, power)), power));
        if (limbs < 400) {
            char copy[8000];
            snprintf(copy, sizeof copy, "%s", show(a));
            SAME(read(copy), a);
        }
        double d = number_to_double(a), near = __builtin_fabs(d) * 0x1p-52 + 5e-324;
        if (d - d == 0 && d != 0) {
            CHECK(number_compare(a, from_double(d + near)) <= 0 &&
                  number_compare(a, from_double(d - near)) >= 0);
        }
    }
}

/* Ratios and doubles that agree in many bits: a/b against (a b + 1)/b^2 and the like. */
static void test_close(unsigned rounds)
{
    for (unsigned i = 0; i < rounds; i++) {
        value a = random_integer(6), b = random_integer(6), one = from_fixnum(1);
        if (number_sign(a) == 0 || number_sign(b) == 0) continue;
        value x = divide(a, b), bb = mul(b, b), y = divide(add(mul(a, b), one), bb),
              z = divide(sub(mul(a, b), one), bb);
        CHECK(number_compare(x, y) == -1 && number_compare(y, x) == 1 && number_compare(z, x) == -1 &&
              number_compare(x, z) == 1);
        CHECK(number_compare(x, x) == 0 && number_compare(z, y) == -1);
        double d = number_to_double(x);
        value exact = read("1"); /* the double as a ratio, by arithmetic on its parts */
        int e;
        if (d - d != 0 || d == 0 || __builtin_fabs(d) < 1e-290) continue;
        double m = __builtin_frexp(d, &e);
        exact = number_from_i64(p, (int64_t)(m * 0x1p53));
        exact = e - 53 >= 0 ? mul(exact, number_shl(p, one, from_fixnum(e - 53)))
                            : divide(exact, number_shl(p, one, from_fixnum(53 - e)));
        CHECK(number_compare(from_double(d), exact) == 0);
        CHECK(number_compare(x, from_double(d)) == number_compare(x, exact));
        CHECK(number_compare(add(exact, divide(one, bb)), from_double(d)) == 1);
    }
    char text[NUMBER_SHORT_TEXT_MAX];
    CHECK(exact_format_short(read("-22/7"), text) == 5 && memcmp(text, "-22/7", 5) == 0);
    CHECK(exact_format_short(number_shl(p, from_fixnum(1), from_fixnum(511)), text) == 154);
    CHECK(exact_format_short(number_shl(p, from_fixnum(-1), from_fixnum(512)), text) == 5 &&
          memcmp(text, "-_513", 5) == 0);
}

static void test_small(unsigned rounds)
{
    for (unsigned i = 0; i < rounds; i++) {
        int64_t a = (int64_t)next_random() >> (next_random() & 63),
                b = (int64_t)next_random() >> (next_random() & 63);
        value x = number_from_i64(p, a), y = number_from_i64(p, b);
        char text[64];
        __int128 product = (__int128)a * b;
        snprintf(text, sizeof text, "%lld", (long long)a);
        CHECK(number_equal(read(text), x) && strcmp(show(x), text) == 0);
        uint64_t low;
        value m = number_bitand(p, mul(x, y), number_from_u64(p, ~0ull)),
              h = number_bitand(p, number_shr(p, mul(x, y), from_fixnum(64)), number_from_u64(p, ~0ull));
        CHECK(number_to_u64(m, &low) && low == (uint64_t)product);
        CHECK(number_to_u64(h, &low) && low == (uint64_t)(product >> 64));
        if (b != 0 && !(a == INT64_MIN && b == -1)) {
            CHECK(number_equal(quot(x, y), number_from_i64(p, a / b)) &&
                  number_equal(rem_(x, y), number_from_i64(p, a % b)));
        }
        CHECK(number_compare(x, y) == (a > b) - (a < b));
        CHECK(number_to_double(x) == (double)a);
        CHECK(number_compare(x, from_double((double)b)) ==
              ((__float128)a > (__float128)(double)b) - ((__float128)a < (__float128)(double)b));
    }
}

/* Very long ones, by jobs in short turns. */
static uint64_t turns;
static value in_turns(fn2 *f, enum number_op op, value a, value b)
{
    value state = NIL, v = f(p, a, b);
    if (v != VAL_SLOW) return v;
    do {
        p->reductions = 50;
        v = number_resume(p, op, a, b, &state);
        turns++;
    } while (v == VAL_YIELD);
    CHECK(state == NIL);
    p->reductions = 1 << 30;
    return v;
}

static value exactly(unsigned limbs)
{
    value v = from_fixnum(0);
    size_t bytes = (size_t)limbs * 16;
    char *text = malloc(bytes);
    for (size_t i = 0; i < bytes; i++) text[i] = "0123456789abcdef"[next_random() & 15];
    text[0] = "8f1"[next_random() % 3];
    unsigned style = next_random() % 4; /* long runs of zeros or ones now and then */
    if (style == 0) memset(text + bytes / 3, '0', bytes / 2);
    if (style == 1) memset(text + bytes / 4, 'f', bytes / 2);
    value state = NIL;
    do {
        p->reductions = 100;
        v = integer_parse_resume(p, text, bytes, 16, next_random() & 0, &state);
    } while (v == VAL_YIELD);
    free(text);
    p->reductions = 1 << 30;
    return next_random() & 1 ? number_neg(p, v) : v;
}

static void test_long(unsigned rounds)
{
    static const unsigned sizes[] = {1,   3,   63,  64,  65,  100, 127,  128,  129,  130,  255, 257,
                                     300, 511, 512, 513, 514, 700, 1024, 1025, 1500, 2100, 4000};
    for (unsigned i = 0; i < rounds; i++) {
        value a = exactly(sizes[next_random() % COUNT_OF(sizes)]),
              b = exactly(sizes[next_random() % COUNT_OF(sizes)]);
        value c = exactly(sizes[next_random() % COUNT_OF(sizes)]);
        value ab = in_turns(number_mul, NUMBER_MUL, a, b);
        SAME(in_turns(number_mul, NUMBER_MUL, a, number_add(p, b, c)),
             number_add(p, ab, in_turns(number_mul, NUMBER_MUL, a, c)));
        SAME(in_turns(number_quot, NUMBER_QUOT, ab, b), a);
        SAME(in_turns(number_rem, NUMBER_REM, ab, a), from_fixnum(0));
        value one = from_fixnum(1),
              near = number_sub(p, ab,
                                number_sign(ab) > 0 ? one : number_neg(p, one)); /* just below a multiple */
        value q = in_turns(number_quot, NUMBER_QUOT, near, b);
        SAME(q, number_sub(p, a, number_sign(a) > 0 ? one : number_neg(p, one)));
        q = in_turns(number_quot, NUMBER_QUOT, a, b);
        value r = in_turns(number_rem, NUMBER_REM, a, b), m = in_turns(number_mod, NUMBER_MOD, a, b);
        SAME(number_add(p, in_turns(number_mul, NUMBER_MUL, q, b), r), a);
        CHECK(number_sign(r) == 0 || number_sign(r) == number_sign(a));
        CHECK(number_sign(m) == 0 || number_sign(m) == number_sign(b));
        value rs = number_sign(r) < 0 ? number_neg(p, r) : r, bs = number_sign(b) < 0 ? number_neg(p, b) : b;
        CHECK(number_compare(rs, bs) < 0);
    }
    CHECK(turns > rounds);
}

static void test_long_ratios(unsigned rounds)
{
    for (unsigned i = 0; i < rounds; i++) {
        unsigned size = i % 4 == 0 ? 300 : 60;
        value g = exactly(size), a = exactly(size), b = exactly(size / 2), c = exactly(size),
              d = exactly(size / 3);
        value ag = in_turns(number_mul, NUMBER_MUL, a, g), bg = in_turns(number_mul, NUMBER_MUL, b, g);
        value x = in_turns(number_div, NUMBER_DIV, ag, bg), y = in_turns(number_div, NUMBER_DIV, c, d);
        SAME(x, in_turns(number_div, NUMBER_DIV, a, b));
        value s = in_turns(number_add, NUMBER_ADD, x, y);
        SAME(in_turns(number_sub, NUMBER_SUB, s, y), x);
        value pr = in_turns(number_mul, NUMBER_MUL, x, y);
        SAME(in_turns(number_div, NUMBER_DIV, pr, y), x);
        value q = in_turns(number_quot, NUMBER_QUOT, x, y), r = in_turns(number_rem, NUMBER_REM, x, y);
        SAME(in_turns(number_add, NUMBER_ADD, in_turns(number_mul, NUMBER_MUL, q, y), r), x);
        value m = in_turns(number_mod, NUMBER_MOD, x, y);
        CHECK(number_sign(m) == number_sign(y));
        CHECK(number_compare(x, s) == -number_sign(y));
    }
}

/* Printing and reading in several radices, by turns; and against a slow conversion of our own. */
static void test_long_text(unsigned rounds)
{
    static const unsigned sizes[] = {128, 129, 130, 131, 190, 256, 300, 1000, 3000};
    for (unsigned i = 0; i < rounds; i++) {
        value v = exactly(sizes[i % COUNT_OF(sizes)]), state = NIL, s;
        unsigned radix = i % 3 == 0 ? 10 : 2 + (unsigned)(next_random() % 35);
        if (i % 5 == 0) { /* powers of ten and their neighbours: runs of zeros and nines */
            value state2 = NIL;
            char *zeros = malloc(5000);
            memset(zeros, '0', 5000);
            zeros[0] = '1';
            do v = integer_parse_resume(p, zeros, 3000 + next_random() % 2000, 10, false, &state2);
            while (v == VAL_YIELD);
            free(zeros);
            v = number_add(p, v, from_fixnum((int64_t)(next_random() % 3) - 1));
            radix = 10;
        }
        do {
            p->reductions = 200;
            s = number_to_string(p, v, radix, &state);
        } while (s == VAL_YIELD);
        size_t n;
        const char *text = string_bytes(s, &n);
        bool negative = text[0] == '-';
        CHECK(text[negative] != '0');
        CHECK(negative == (number_sign(v) < 0));
        /* Low digits by repeated division, high ones by reading all back. */
        value rest = negative ? number_neg(p, v) : v, back;
        for (size_t k = 0; k < 5; k++) {
            value digit = in_turns(number_rem, NUMBER_REM, rest, from_fixnum(radix));
            CHECK(text[n - 1 - k] == "0123456789abcdefghijklmnopqrstuvwxyz"[to_fixnum(digit)]);
            rest = in_turns(number_quot, NUMBER_QUOT, rest, from_fixnum(radix));
        }
        do {
            p->reductions = 200;
            back = integer_parse_resume(p, text + negative, n - negative, radix, negative, &state);
        } while (back == VAL_YIELD);
        SAME(back, v);
        p->reductions = 1 << 30;
    }
    value state = NIL, v;
    char bad[3000];
    memset(bad, '1', sizeof bad);
    bad[1500] = 'x';
    do v = integer_parse_resume(p, bad, sizeof bad, 10, false, &state);
    while (v == VAL_YIELD);
    CHECK(v == VAL_ABSENT && state == NIL);
    CHECK(number_parse(p, bad, sizeof bad) == VAL_ABSENT);
    bad[1500] = '.';
    CHECK(is_double(number_parse(p, bad, sizeof bad)));
    bad[1500] = '/';
    v = read("1/3");
    do v = number_parse_resume(p, bad, sizeof bad, &state);
    while (v == VAL_YIELD);
    CHECK(!is_sentinel(v) && number_sign(v) > 0 && state == NIL);
}

int main(void)
{
    p = stub_process();
    test_expected();
    test_text();
    test_compare();
    test_small(20000);
    test_close(3000);
    test_identities(2000, 1);
    test_identities(2000, 3);
    test_identities(500, 15);
    test_identities(30, 100);
    test_long(150);
    test_long_ratios(24);
    test_long_text(40);
    return check_report();
}
