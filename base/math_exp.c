/* Exponentials and logarithms.  Table-driven, in sums of two doubles, so that the last rounding is nearly the only one. */
#include "base/math_pair.h"
#include "base/math_tables.h"

#pragma STDC FP_CONTRACT OFF

#define INFINITY_ __builtin_inf()
#define NAN_ math_from_bits(0x7ff8000000000000ull)

double math_scale(double x, int64_t exponent)
{
    if (x == 0 || x - x != 0) return x;
    if (exponent > 4000) exponent = 4000;
    if (exponent < -4000) exponent = -4000;
    if ((math_bits(x) >> 52 & 0x7ff) == 0) {
        x *= 0x1p54;
        exponent -= 54;
    }
    uint64_t rest = math_bits(x) & 0x800fffffffffffffull;
    int64_t target = (int64_t)(math_bits(x) >> 52 & 0x7ff) + exponent; /* biased */
    if (target > 2046) return math_from_bits(rest | 1ull << 62) * 0x1p1023;
    if (target >= 1) return math_from_bits(rest | (uint64_t)target << 52);
    if (target < -60) target = -60;
    return math_from_bits(rest | 1ull << 52) *
           math_from_bits((uint64_t)(target - 1 + 1023) << 52); /* the one rounding */
}

/* x = (64 k + j) ln2/64 + r, |r| < 0.0055: e^x = 2^k * 2^(j/64) * e^r. */
struct pair math_exp_pair(struct pair x, int64_t *exponent)
{
    double n = math_rint(x.high * INV_LN2_64);
    struct pair r = pair_sum(x.high - n * LN2_64_1, -(n * LN2_64_2));
    r = pair_sum_fast(r.high, r.low - n * LN2_64_3 + x.low);
    int64_t i = (int64_t)n;
    *exponent = i >> 6;
    const double *t = exp_table[i & 63];
    double h = r.high,
           tail = h * h * (0.5 + h * (1.0 / 6 + h * (1.0 / 24 + h * (1.0 / 120 + h * (1.0 / 720)))));
    struct pair e = pair_sum_fast(h, r.low + tail); /* e^r - 1 */
    struct pair p = pair_mul((struct pair){t[0], t[1]}, e);
    struct pair s = pair_sum_fast(t[0], p.high);
    return pair_sum_fast(s.high, s.low + (p.low + t[1]));
}

/* A subnormal result is cut to its last place before it is scaled, so that the pair is rounded only once. */
static double finish(struct pair e, int64_t exponent)
{
    if (exponent >= -1022 || exponent < -1080) return math_scale(e.high + e.low, exponent);
    double unit = math_scale(1, -1074 - exponent), big = 0x1.8p52 * unit;
    double kept = (big + e.high) - big, rest = (e.high - kept) + e.low;
    if (rest > unit / 2) kept += unit;
    if (rest < -unit / 2) kept -= unit;
    return math_scale(kept, exponent);
}

double math_exp(double x)
{
    if (x != x) return NAN_;
    if (x > 710) return INFINITY_;
    if (x < -746) return 0;
    int64_t k;
    struct pair e = math_exp_pair((struct pair){x, 0}, &k);
    return finish(e, k);
}

double math_expm1(double x)
{
    if (x != x) return NAN_;
    if (x > 710) return INFINITY_;
    if (x < -45) return -1;
    double a = __builtin_fabs(x);
    if (a < 0x1p-54) return x;
    if (a < 0.25) {
        double sum = 0;
        for (int i = 16; i >= 3; i--) sum = (sum + 1) * x / i;
        struct pair square = pair_product(x, x / 2); /* exact but for tiny x, where it does not matter */
        if (a < 0x1p-400) square = (struct pair){x * x / 2, 0};
        struct pair s = pair_sum_fast(x, square.high);
        return s.high + (s.low + square.low + square.high * sum);
    }
    int64_t k;
    struct pair e = math_exp_pair((struct pair){x, 0}, &k);
    if (k > 100) return finish(e, k);
    double scale = math_from_bits((uint64_t)(k + 1023) << 52);
    e = pair_add((struct pair){e.high * scale, e.low * scale}, (struct pair){-1, 0});
    return e.high + e.low;
}

/* x = 2^k m; m = (1 + z) / c with c from the table: ln x = k ln2 - ln c + ln(1 + z), |z| < 2^-7. */
struct pair math_log_pair(double x)
{
    int64_t k = -1023;
    uint64_t bits = math_bits(x);
    if (bits >> 52 == 0) {
        bits = math_bits(x * 0x1p54);
        k -= 54;
    }
    k += (int64_t)(bits >> 52);
    double m = math_from_bits((bits & 0xfffffffffffffull) | 0x3ff0000000000000ull);
    unsigned i = bits >> 45 & 127;
    double c = log_inverse[i];
    struct pair z = pair_product(m, c);
    struct pair base = {log_table[i][0], log_table[i][1]};
    if (i >= 53) { /* the upper part of [1, 2) counts from 2 down */
        k++;
        base = pair_add(base, (struct pair){-LN2_HIGH, -LN2_LOW});
        if (i == 127) base = (struct pair){0, 0};
    }
    z = pair_sum_fast(z.high - 1, z.low);
    double h = z.high, h2 = h * h;
    double tail =
        h * h2 *
        (1.0 / 3 +
         h * (-1.0 / 4 +
              h * (1.0 / 5 +
                   h * (-1.0 / 6 + h * (1.0 / 7 + h * (-1.0 / 8 + h * (1.0 / 9 + h * (-1.0 / 10))))))));
    struct pair square = pair_product(h, h);
    struct pair small = pair_sum_fast(h, -0.5 * square.high);
    small = pair_sum_fast(small.high, small.low + (z.low - h * z.low - 0.5 * square.low + tail));
    struct pair whole = pair_product((double)k, LN2_HIGH);
    whole = pair_sum_fast(whole.high, whole.low + (double)k * LN2_LOW);
    return pair_add(pair_add(whole, base), small);
}

static bool log_special(double x, double *result)
{
    if (x > 0 && x < INFINITY_) return false;
    *result = x == 0 ? -INFINITY_ : x > 0 ? x : NAN_;
    return true;
}

double math_log(double x)
{
    double special;
    if (log_special(x, &special)) return special;
    struct pair l = math_log_pair(x);
    return l.high + l.low;
}

double math_log10(double x)
{
    double special;
    if (log_special(x, &special)) return special;
    struct pair l = pair_mul(math_log_pair(x), (struct pair){INV_LN10_HIGH, INV_LN10_LOW});
    return l.high + l.low;
}

double math_log1p(double x)
{
    double special;
    if (x == -1) return -INFINITY_;
    if (log_special(1 + x, &special)) return special;
    if (__builtin_fabs(x) < 0x1p-54) return x;
    if (__builtin_fabs(x) < 0x1p-27) return x - x * x * (0.5 - x / 3);
    struct pair s = pair_sum(1, x), l = math_log_pair(s.high);
    l = pair_add(l, (struct pair){s.low / s.high, 0});
    return l.high + l.low;
}

/* Is y an odd integer (1), an even one (2) or none (0)? */
static int integer_kind(double y)
{
    double a = __builtin_fabs(y);
    if (a >= 0x1p53) return a - a != 0 ? 0 : 2;
    int64_t i = (int64_t)a;
    return (double)i != a ? 0 : i & 1 ? 1 : 2;
}

double math_pow(double x, double y)
{
    if (y == 0) return 1;
    if (x != x || y != y) return NAN_;
    double a = __builtin_fabs(x);
    if (y - y != 0) { /* infinite; Java: 1 to an infinite power is not a number */
        if (a == 1) return NAN_;
        return (a > 1) == (y > 0) ? INFINITY_ : 0;
    }
    int kind = integer_kind(y);
    bool negative = kind == 1 && (math_bits(x) >> 63) != 0;
    if (a == 0 || a == INFINITY_) {
        double r = (a == 0) == (y > 0) ? 0 : INFINITY_;
        return negative ? -r : r;
    }
    if (x < 0 && kind == 0) return NAN_;
    double r;
    if (a == 1) {
        r = 1;
    } else if (__builtin_fabs(y) > 0x1p64) {
        r = (a > 1) == (y > 0) ? INFINITY_ : 0;
    } else if (__builtin_fabs(y) < 0x1p-64) {
        r = 1;
    } else {
        struct pair l = pair_mul_1(math_log_pair(a), y);
        int64_t k;
        if (l.high > 710) {
            r = INFINITY_;
        } else if (l.high < -746) {
            r = 0;
        } else {
            struct pair e = math_exp_pair(l, &k);
            r = finish(e, k);
        }
    }
    return negative ? -r : r;
}

/* ---- hyperbolic functions ---- */

/* (e^a, e^-a) / 2 for 0.25 <= a < 45. */
static void halves(double a, struct pair *up, struct pair *down)
{
    int64_t k;
    struct pair e = math_exp_pair((struct pair){a, 0}, &k);
    double scale = math_from_bits((uint64_t)(k + 1022) << 52);
    *up = (struct pair){e.high * scale, e.low * scale};
    *down = pair_div((struct pair){0.25, 0}, *up);
}

/* sinh of |x| < 0.25 as a pair. */
static struct pair sinh_small(double x)
{
    double square = x * x, sum = 0;
    for (int i = 15; i >= 5; i -= 2) sum = (sum + 1) * square / (i * (i - 1));
    return pair_sum_fast(x, x * square / 6 * (1 + sum));
}

double math_sinh(double x)
{
    double a = __builtin_fabs(x);
    if (a < 0x1p-28) return x;
    if (a < 0.25) {
        struct pair s = sinh_small(x);
        return s.high + s.low;
    }
    double r;
    if (a < 45) {
        struct pair up, down;
        halves(a, &up, &down);
        up = pair_add(up, pair_negate(down));
        r = up.high + up.low;
    } else if (a < 711) {
        int64_t k;
        struct pair e = math_exp_pair((struct pair){a, 0}, &k);
        r = finish(e, k - 1);
    } else {
        r = a * INFINITY_;
    }
    return x < 0 ? -r : r;
}

double math_cosh(double x)
{
    double a = __builtin_fabs(x);
    if (a < 0x1p-28) return 1;
    if (a < 45) {
        struct pair up, down;
        halves(a, &up, &down);
        up = pair_add(up, down);
        return up.high + up.low;
    }
    if (!(a < 711)) return a * INFINITY_;
    int64_t k;
    struct pair e = math_exp_pair((struct pair){a, 0}, &k);
    return finish(e, k - 1);
}

double math_tanh(double x)
{
    double a = __builtin_fabs(x), r;
    if (x != x) return NAN_;
    if (a < 0x1p-28) return x;
    struct pair up, down;
    if (a > 22) {
        r = 1;
    } else {
        halves(a, &up, &down);
        struct pair s = a < 0.25 ? sinh_small(a) : pair_add(up, pair_negate(down));
        s = pair_div(s, pair_add(up, down));
        r = s.high + s.low;
    }
    return x < 0 ? -r : r;
}
