/* The functions of mathematics on doubles: our own, so that every machine gives the same bits.  No library, no fused
 * multiplication; the order of every operation is fixed by the source.  Special values as in C99 annex F and Java.
 * Errors stay under one unit in the last place (test/base/math_test.c measures some 0.51 to 0.8); sqrt, floor and their like
 * are exact.  Cost: 10 to 100 ns. */
#ifndef BASE_MATH_H
#define BASE_MATH_H

#include "base/types.h"

static inline double math_sqrt(double x)
{
    return __builtin_elementwise_sqrt(
        x); /* an instruction, correctly rounded everywhere; never a call of libm */
}
double math_cbrt(double x);
double math_hypot(double x, double y);
double math_exp(double x);
double math_expm1(double x);
double math_log(double x);
double math_log10(double x);
double math_log1p(double x);
double math_pow(double x, double y);
double math_sin(double x);
double math_cos(double x);
double math_tan(double x);
double math_asin(double x);
double math_acos(double x);
double math_atan(double x);
double math_atan2(double y, double x);
double math_sinh(double x);
double math_cosh(double x);
double math_tanh(double x);
double math_floor(double x);
double math_ceil(double x);
double math_rint(double x);                    /* ties to even */
double math_remainder(double x, double y);     /* IEEE 754: x - n y with n nearest, exact */
double math_scale(double x, int64_t exponent); /* x * 2^exponent, rounded once */

static inline uint64_t math_bits(double d)
{
    uint64_t b;
    __builtin_memcpy(&b, &d, 8);
    return b;
}
static inline double math_from_bits(uint64_t b)
{
    double d;
    __builtin_memcpy(&d, &b, 8);
    return d;
}

#endif
