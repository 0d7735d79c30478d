/* Roots, rounding, remainders. */
#include "base/math_pair.h"

#pragma STDC FP_CONTRACT OFF

#define NAN_ math_from_bits(0x7ff8000000000000ull)

static double with_sign(double magnitude, double sign)
{
    return math_from_bits((math_bits(magnitude) & ~(1ull << 63)) | (math_bits(sign) & 1ull << 63));
}

double math_rint(double x)
{
    double a = __builtin_fabs(x);
    if (!(a < 0x1p52)) return x;
    return with_sign((a + 0x1p52) - 0x1p52, x); /* the addition rounds to an integer, ties to even */
}

double math_floor(double x)
{
    double r = math_rint(x);
    return r > x ? r - 1 : r;
}

double math_ceil(double x)
{
    double r = math_rint(x);
    return r < x ? with_sign(r + 1, x) : r; /* -0.3 gives -0.0 */
}

double math_cbrt(double x)
{
    double a = __builtin_fabs(x);
    if (a == 0 || x - x != 0) return x;
    /* a = m * 2^(3 e), 1 <= m < 8 */
    uint64_t bits = math_bits(a);
    int64_t e = (int64_t)(bits >> 52) - 1023;
    if (e == -1023) e = (int64_t)(math_bits(a * 0x1p54) >> 52) - 1023 - 54;
    e = (e + 3000) / 3 - 1000;
    double m = math_scale(a, -3 * e);
    double r = 0.9 + m * (0.18 - m * 0.0078); /* within 15 % */
    for (int i = 0; i < 4; i++) r = (2 * r + m / (r * r)) / 3;
    /* One step with the residual in full precision. */
    struct pair square = pair_product(r, r), cube = pair_mul_1(square, r);
    double residual = (m - cube.high) - cube.low;
    r += residual / (3 * square.high);
    return with_sign(math_scale(r, e), x);
}

double math_hypot(double x, double y)
{
    double a = __builtin_fabs(x), b = __builtin_fabs(y);
    if (a == __builtin_inf() || b == __builtin_inf()) return __builtin_inf();
    if (x != x || y != y) return NAN_;
    if (a < b) {
        double t = a;
        a = b;
        b = t;
    }
    if (b == 0 || b < a * 0x1p-60) return a + b;
    int64_t e = 0;
    if (a > 0x1p480 || b < 0x1p-480) {
        e = (int64_t)(math_bits(a) >> 52) - 1023;
        a = math_scale(a, -e);
        b = math_scale(b, -e);
    }
    struct pair s = pair_sqrt(pair_add(pair_product(a, a), pair_product(b, b)));
    return e == 0 ? s.high + s.low : math_scale(s.high + s.low, e);
}

double math_remainder(double x, double y)
{
    double a = __builtin_fabs(x), b = __builtin_fabs(y);
    if (x - x != 0 || y != y || b == 0) return NAN_;
    if (b == __builtin_inf()) return x;
    /* a mod 2b by exact subtractions of b * 2^k, then once or twice b. */
    if (b < 0x1p1022) {
        double twice = 2 * b;
        if (a >= twice) {
            int64_t k = (int64_t)(math_bits(a) >> 52) - (int64_t)(math_bits(twice) >> 52);
            if (math_bits(twice) >> 52 == 0) k += 53; /* subnormal: its exponent is lower than it says */
            for (k++; k >= 0; k--) {
                double step = math_scale(twice, k);
                if (step <= a) a -= step;
            }
        }
    }
    double half = 0.5 * b;
    if (b < 0x1p-1021) { /* half of b may not exist: double the other side */
        if (2 * a > b) {
            a -= b;
            if (2 * a >= b) a -= b;
        }
    } else if (a > half) {
        a -= b;
        if (a >= half) a -= b;
    }
    if (a == 0) return with_sign(0, x);
    return math_bits(x) >> 63 ? -a : a;
}
