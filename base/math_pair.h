/* Sums of two doubles: a number as high + low with |low| at most half a unit of high.  Private to base/math*.c.
 * Sources: T. J. Dekker, "A floating-point technique for extending the available precision" (1971); Knuth 4.2.2. */
#ifndef BASE_MATH_PAIR_H
#define BASE_MATH_PAIR_H

#include "base/math.h"

#pragma STDC FP_CONTRACT OFF

struct pair {
    double high, low;
};

/* a + b exactly; fast: pre |a| >= |b| or a == 0. */
static inline struct pair pair_sum_fast(double a, double b)
{
    double s = a + b;
    return (struct pair){s, b - (s - a)};
}
static inline struct pair pair_sum(double a, double b)
{
    double s = a + b, t = s - a;
    return (struct pair){s, (a - (s - t)) + (b - t)};
}

/* a * b exactly, by halves of 26 bits.  Pre: neither beyond 2^990, the product not below 2^-960. */
static inline struct pair pair_product(double a, double b)
{
    double p = a * b, t = a * 134217729.0, u = b * 134217729.0;
    double ah = t - (t - a), al = a - ah, bh = u - (u - b), bl = b - bh;
    return (struct pair){p, ((ah * bh - p) + ah * bl + al * bh) + al * bl};
}

static inline struct pair pair_add(struct pair a, struct pair b)
{
    struct pair s = pair_sum(a.high, b.high), t = pair_sum(a.low, b.low);
    s = pair_sum_fast(s.high, s.low + t.high);
    return pair_sum_fast(s.high, s.low + t.low);
}
static inline struct pair pair_negate(struct pair a)
{
    return (struct pair){-a.high, -a.low};
}

static inline struct pair pair_mul(struct pair a, struct pair b)
{
    struct pair p = pair_product(a.high, b.high);
    return pair_sum_fast(p.high, p.low + (a.high * b.low + a.low * b.high));
}
static inline struct pair pair_mul_1(struct pair a, double b)
{
    struct pair p = pair_product(a.high, b);
    return pair_sum_fast(p.high, p.low + a.low * b);
}

static inline struct pair pair_div(struct pair a, struct pair b)
{
    double q = a.high / b.high;
    struct pair p = pair_product(q, b.high);
    double rest = (a.high - p.high) - p.low + a.low - q * b.low;
    return pair_sum_fast(q, rest / b.high);
}

static inline struct pair pair_sqrt(struct pair a)
{
    double s = math_sqrt(a.high);
    if (s == 0) return (struct pair){0, 0};
    struct pair p = pair_product(s, s);
    return pair_sum_fast(s, ((a.high - p.high) - p.low + a.low) / (2 * s));
}

/* Functions that other files need in full precision (some 2^-62 relative). */
struct pair math_exp_pair(struct pair x, int64_t *exponent); /* e^x = result * 2^*exponent; |x| < 2^15 */
struct pair math_log_pair(double x);                         /* pre: x positive, finite, normal or not */

#endif
