/* Mathematics: special values, exact cases, and the error in units of the last place against libm in 64-bit long doubles (whose
 * own error is below a thousandth of our unit).  Prints the worst error of each function when asked to (LONA_TEST_VERBOSE). */
#include <math.h>
#include <stdlib.h>
#include "base/math.h"
#include "test/support/check.h"

static uint64_t seed = 0x2545f4914f6cdd1dull;
static uint64_t next_random(void)
{
    seed ^= seed << 13;
    seed ^= seed >> 7;
    seed ^= seed << 17;
    return seed * 0x2545f4914f6cdd1dull;
}

/* Error in units of the last place of the correctly rounded result. */
static double error_ulp(double got, long double wanted)
{
    double w = (double)wanted;
    if (w != w) return got != got ? 0 : 1e9;
    if (isinf(w) || w == 0) {
        if (got == w && signbit(got) == signbit(w)) return 0;
        return fabsl(wanted) > 0 && fabsl(wanted) < 1e-320L ? (double)(fabsl(got - wanted) / 0x1p-1074L)
                                                            : 1e9;
    }
    int e;
    frexp(w, &e);
    long double unit = ldexpl(1, e - 53 < -1074 ? -1074 : e - 53);
    return (double)(fabsl((long double)got - wanted) / unit);
}

struct case1 {
    const char *name;
    double (*ours)(double);
    long double (*libm)(long double);
    double low, high; /* range of interest, beside all doubles */
    double bound;
};
static const struct case1 cases[] = {
    {"cbrt", math_cbrt, cbrtl, -100, 100, 0.6},   {"exp", math_exp, expl, -745, 709, 0.51},
    {"expm1", math_expm1, expm1l, -2, 2, 0.8},    {"log", math_log, logl, 0, 10, 0.52},
    {"log10", math_log10, log10l, 0, 1000, 0.52}, {"log1p", math_log1p, log1pl, -1, 1, 0.55},
    {"sin", math_sin, sinl, -10, 10, 0.6},        {"cos", math_cos, cosl, -10, 10, 0.6},
    {"tan", math_tan, tanl, -10, 10, 0.6},        {"asin", math_asin, asinl, -1, 1, 0.55},
    {"acos", math_acos, acosl, -1, 1, 0.55},      {"atan", math_atan, atanl, -5, 5, 0.55},
    {"sinh", math_sinh, sinhl, -3, 3, 0.8},       {"cosh", math_cosh, coshl, -3, 3, 0.55},
    {"tanh", math_tanh, tanhl, -3, 3, 0.8},
};

static void test_errors(unsigned rounds)
{
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        const struct case1 *c = &cases[i];
        double worst = 0, where = 0;
        for (unsigned k = 0; k < rounds; k++) {
            double x;
            switch (k % 4) {
            case 0: x = math_from_bits(next_random()); break;
            case 1:
                x = ldexp((double)(next_random() >> 11), -53 - (int)(next_random() % 40)) *
                    (next_random() & 1 ? 1 : -1);
                break;
            case 2: x = (double)(int64_t)(next_random() % 4096) / 64 - 32; break;
            default: x = c->low + (c->high - c->low) * ((double)(next_random() >> 11) * 0x1p-53); break;
            }
            double e = error_ulp(c->ours(x), c->libm(x));
            if (e > worst) worst = e, where = x;
        }
        if (getenv("LONA_TEST_VERBOSE") || worst > c->bound)
            printf("%s: %.4f at %a (%g)\n", c->name, worst, where, where);
        CHECK(worst <= c->bound);
    }
}

static void test_errors_2(unsigned rounds)
{
    double pow_worst = 0, atan_worst = 0, hypot_worst = 0;
    double pa = 0, pb = 0, aa = 0, ab = 0, ha = 0, hb = 0;
    for (unsigned k = 0; k < rounds; k++) {
        double x = math_from_bits(next_random()), y = math_from_bits(next_random());
        if (k & 1)
            x = (double)(next_random() % 100000) / 1000, y = ((double)(next_random() % 100000) - 50000) / 700;
        if (k % 5 == 0)
            x = 1 + (double)(int64_t)next_random() * 0x1p-90, y = (double)(int64_t)next_random() * 0x1p-30;
        long double wanted = powl(x, y);
        double e = k % 5 == 0 && fabsl(logl(x) * y) > 600
                       ? 0
                       : error_ulp(math_pow(x, y), wanted); /* powl is not exact enough there */
        if (x == 1 || x == -1 || isinf(y))
            e = 0; /* Java's rule for infinite exponents is checked by itself */
        if (e > pow_worst) pow_worst = e, pa = x, pb = y;
        e = error_ulp(math_atan2(y, x), atan2l(y, x));
        if (e > atan_worst) atan_worst = e, aa = y, ab = x;
        e = error_ulp(math_hypot(y, x), hypotl(y, x));
        if (e > hypot_worst) hypot_worst = e, ha = y, hb = x;
        double r = math_remainder(x, y), s = remainder(x, y);
        if (!(r == s || (r != r && s != s))) printf("remainder %a %a: %a, wanted %a\n", x, y, r, s);
        CHECK(r == s || (r != r && s != s));
        CHECK(signbit(r) == signbit(s) || r != r);
    }
    if (getenv("LONA_TEST_VERBOSE") || pow_worst > 0.6 || atan_worst > 0.6 || hypot_worst > 0.6)
        printf("pow %.4f at %a %a, atan2 %.4f at %a %a, hypot %.4f at %a %a\n", pow_worst, pa, pb, atan_worst,
               aa, ab, hypot_worst, ha, hb);
    CHECK(pow_worst <= 0.6);
    CHECK(atan_worst <= 0.6);
    CHECK(hypot_worst <= 0.6);
}

static void test_rounding(void)
{
    static const double values[] = {0,
                                    -0.0,
                                    0.3,
                                    -0.3,
                                    0.5,
                                    -0.5,
                                    1.5,
                                    2.5,
                                    -2.5,
                                    0.49999999999999994,
                                    4503599627370495.5,
                                    4503599627370497,
                                    -1e300,
                                    1e-300,
                                    2.0000000000000004,
                                    -1.9999999999999998};
    for (size_t i = 0; i < COUNT_OF(values); i++) {
        double x = values[i];
        CHECK_EQ_U64(math_bits(math_rint(x)), math_bits(rint(x)));
        CHECK_EQ_U64(math_bits(math_floor(x)), math_bits(floor(x)));
        CHECK_EQ_U64(math_bits(math_ceil(x)), math_bits(ceil(x)));
    }
    for (unsigned i = 0; i < 100000; i++) {
        double x = math_from_bits(next_random());
        int e = (int)(next_random() % 4400) - 2200;
        if (x != x) continue;
        CHECK_EQ_U64(math_bits(math_floor(x)), math_bits(floor(x)));
        CHECK_EQ_U64(math_bits(math_ceil(x)), math_bits(ceil(x)));
        CHECK_EQ_U64(math_bits(math_rint(x)), math_bits(rint(x)));
        CHECK_EQ_U64(math_bits(math_scale(x, e)), math_bits(ldexp(x, e)));
    }
}

static void test_exact(void)
{
    double inf = INFINITY;
    CHECK(math_pow(10, 2) == 100 && math_pow(2, 0.5) == sqrt(2) && math_pow(10, 22) == 1e22 &&
          math_pow(-2, 3) == -8 && math_pow(-2, -2) == 0.25);
    CHECK(isnan(math_pow(1, inf)) && isnan(math_pow(-8, 1.0 / 3)) && math_pow(NAN, 0) == 1 &&
          isnan(math_pow(1, NAN)));
    CHECK(math_pow(0.5, inf) == 0 && math_pow(2, -inf) == 0 && math_pow(-inf, 3) == -inf &&
          math_pow(-0.0, -3) == -inf && signbit(math_pow(-0.0, 3)));
    CHECK(math_pow(2, -1074) == 0x1p-1074 && math_pow(2, 1023) == 0x1p1023 && math_pow(2, 1024) == inf &&
          math_pow(2, -1080) == 0);
    CHECK(math_log10(1000) == 3 && math_log10(1e15) == 15 && math_log(1) == 0 && math_log10(1e-5) == -5 &&
          math_exp(0) == 1);
    CHECK(math_cbrt(27) == 3 && math_cbrt(-8) == -2 && math_hypot(3, 4) == 5 && math_hypot(inf, NAN) == inf);
    CHECK(math_atan2(0.0, -0.0) == M_PI && math_atan2(-0.0, 1) == 0 && signbit(math_atan2(-0.0, 1)) &&
          math_atan2(inf, -inf) == 3 * M_PI_4);
    CHECK(math_cos(0) == 1 && math_tan(0) == 0 && signbit(math_sin(-0.0)) && isnan(math_sin(inf)) &&
          math_asin(1) == M_PI_2 && math_acos(-1) == M_PI && math_acos(1) == 0);
    CHECK(isnan(math_asin(1.0000000000000002)) && isnan(math_log(-1)) && math_log(0) == -inf &&
          math_log1p(-1) == -inf && isnan(math_log1p(-1.5)));
    CHECK(math_tanh(1000) == 1 && math_cosh(-1000) == inf && math_sinh(-1000) == -inf &&
          math_expm1(-1000) == -1 && math_exp(-1000) == 0);
    CHECK(math_sin(0x1.921fb54442d18p+1) == 0x1.1a62633145c07p-53 && math_sin(1e22) == -0.8522008497671888 &&
          math_cos(0x1.6ac5b262ca1ffp+849) == -0x1.14ae72e6ba22fp-61 /* the hardest argument */);
}

int main(void)
{
    const char *r = getenv("LONA_TEST_ROUNDS");
    unsigned rounds = r ? (unsigned)atoi(r) : 200000;
    test_exact();
    test_rounding();
    test_errors(rounds);
    test_errors_2(rounds);
    return check_report();
}
