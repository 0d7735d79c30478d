/* Sine, cosine, tangent and their inverses. */
#include "base/math_pair.h"
#include "base/math_tables.h"

#pragma STDC FP_CONTRACT OFF

#define NAN_ math_from_bits(0x7ff8000000000000ull)

typedef unsigned __int128 u128;

/* Reduction of any |x| >= 2^19 (Payne and Hanek): x = m * 2^e; the bits of 2/pi that make multiples of 4 quadrants are left
 * out, the product with the next 256 gives the quadrant and 190 bits of the fraction. */
static unsigned reduce_large(double x, struct pair *r)
{
    uint64_t bits = math_bits(x), m = (bits & 0xfffffffffffffull) | 1ull << 52;
    int e = (int)(bits >> 52 & 0x7ff) - 1075; /* >= -33 */
    /* Window: bits [at, at + 256) behind the point of 2/pi, so that m * window * 2^(e - at - 256) is wanted modulo 4. */
    int at = e > 2 ? e - 2 : 0;
    uint64_t window[5], product[5] = {0};
    for (int i = 0; i < 5; i++) window[i] = two_over_pi[at / 64 + i];
    unsigned shift = (unsigned)at % 64;
    for (int i = 0; i < 4 && shift != 0; i++) window[i] = window[i] << shift | window[i + 1] >> (64 - shift);
    uint64_t carry = 0;
    for (int i = 3; i >= 0; i--) { /* product[4] is the lowest word */
        u128 t = (u128)m * window[i] + carry;
        product[i + 1] = (uint64_t)t;
        carry = (uint64_t)(t >> 64);
    }
    product[0] = carry;
    /* The point lies (e - at) bits above the top of the lower 256 bits; e - at is 2 or e (-33 .. 2): bring it to the top. */
    int up = e - at;
    uint64_t f[3];
    unsigned quadrant;
    if (up >= 0) {
        uint64_t whole = product[0] << up | (up > 0 ? product[1] >> (64 - up) : 0);
        quadrant = (unsigned)whole;
        for (int i = 0; i < 3; i++) f[i] = product[i + 1] << up | (up > 0 ? product[i + 2] >> (64 - up) : 0);
    } else {
        quadrant = (unsigned)(product[0] >> -up);
        for (int i = 0; i < 3; i++) f[i] = product[i] << (64 + up) | product[i + 1] >> -up;
    }
    /* Nearest quadrant: a fraction over a half counts down from the next. */
    bool next = f[0] >> 63;
    if (next) {
        quadrant++;
        for (int i = 0; i < 3; i++) f[i] = ~f[i];
    }
    struct pair a =
        pair_sum((double)(f[0] >> 11) * 0x1p-53, (double)((f[0] & 0x7ff) << 42 | f[1] >> 22) * 0x1p-106);
    a = pair_sum(a.high, a.low + (double)((f[1] & 0x3fffff) << 31 | f[2] >> 33) * 0x1p-159);
    a = pair_mul(a, (struct pair){HALF_PI_HIGH, HALF_PI_LOW});
    *r = next ? pair_negate(a) : a;
    return quadrant;
}

/* x = n pi/2 + r, |r| <= pi/4 (a little more in rounding); returns n modulo 4.  Pre: finite. */
static unsigned reduce(double x, struct pair *r)
{
    double a = __builtin_fabs(x);
    *r = (struct pair){a, 0};
    if (a < 0.785) {
        *r = (struct pair){x, 0};
        return 0;
    }
    unsigned quadrant;
    if (a < 0x1p19) {
        double n = math_rint(a * INV_HALF_PI);
        quadrant = (unsigned)(int64_t)n;
        struct pair s = pair_sum(a - n * HALF_PI_1, -(n * HALF_PI_2));
        struct pair t = pair_sum(-(n * HALF_PI_3), -(n * HALF_PI_4) - n * HALF_PI_5);
        *r = pair_add(s, t);
    } else {
        quadrant = reduce_large(a, r);
    }
    if (x < 0) {
        *r = pair_negate(*r);
        quadrant = -quadrant;
    }
    return quadrant & 3;
}

/* Series on |r| <= pi/4. */
static struct pair sine(struct pair r)
{
    double x = r.high, z = x * x;
    double sum =
        z * (-1.0 / 20 +
             z * (1.0 / 840 +
                  z * (-1.0 / 60480 +
                       z * (1.0 / 6652800 + z * (-1.0 / 1037836800 +
                                                 z * (1.0 / 217945728000 + z * (-1.0 / 59281238016000)))))));
    struct pair cube =
        pair_product(z, x); /* z is rounded: its error, a 2^-53 of the term, is put right below */
    double z_error = pair_product(x, x).low;
    double low = cube.low + z_error * x;
    double tail = -(cube.high / 6) * sum - low / 6 + r.low * (1 - z / 2);
    struct pair sixth = pair_product(cube.high, 1.0 / 6);
    tail -= sixth.low + cube.high * 0x1.5555555555555p-57; /* 1/6 is 2^-57 * 1.33 more than its double */
    struct pair s = pair_sum_fast(x, -sixth.high);
    return pair_sum_fast(s.high, s.low + tail);
}

static struct pair cosine(struct pair r)
{
    double x = r.high;
    struct pair z = pair_product(x, x);
    double h = z.high;
    double sum =
        h * h *
        (1.0 / 24 +
         h * (-1.0 / 720 +
              h * (1.0 / 40320 + h * (-1.0 / 3628800 +
                                      h * (1.0 / 479001600 + h * (-1.0 / 87178291200.0 +
                                                                  h * (1.0 / 20922789888000.0 -
                                                                       h * (1.0 / 6402373705728000.0))))))));
    struct pair s = pair_sum_fast(1, -0.5 * h);
    return pair_sum_fast(s.high, s.low + (sum - 0.5 * z.low - x * r.low));
}

static double circular(double x, unsigned offset)
{
    struct pair r;
    if (x - x != 0) return NAN_;
    unsigned quadrant = (reduce(x, &r) + offset) & 3;
    struct pair v = quadrant & 1 ? cosine(r) : sine(r);
    double s = v.high + v.low;
    return quadrant & 2 ? -s : s;
}

double math_sin(double x)
{
    return __builtin_fabs(x) < 0x1p-27 ? x : circular(x, 0);
}
double math_cos(double x)
{
    return __builtin_fabs(x) < 0x1p-27 ? 1 : circular(x, 1);
}

double math_tan(double x)
{
    struct pair r;
    if (__builtin_fabs(x) < 0x1p-27) return x;
    if (x - x != 0) return NAN_;
    unsigned quadrant = reduce(x, &r);
    struct pair s = sine(r), c = cosine(r);
    struct pair q = quadrant & 1 ? pair_div(pair_negate(c), s) : pair_div(s, c);
    return q.high + q.low;
}

/* ---- inverses ---- */

/* Arc tangent of a pair in [0, 1]: nearest c = j/32, then atan t = atan c + atan((t - c) / (1 + c t)). */
static struct pair atan_unit(struct pair t)
{
    int j = (int)(t.high * 32 + 0.5);
    double c = j / 32.0;
    struct pair z = t;
    if (j > 0) {
        struct pair ct = pair_mul_1(t, c);
        z = pair_div(pair_add(t, (struct pair){-c, 0}), pair_add((struct pair){1, 0}, ct));
    }
    double h = z.high, h2 = h * h;
    double tail = -h * h2 * (1.0 / 3 + h2 * (-1.0 / 5 + h2 * (1.0 / 7 + h2 * (-1.0 / 9 + h2 * (1.0 / 11)))));
    struct pair s = pair_sum_fast(h, z.low + tail);
    return j == 0 ? s : pair_add((struct pair){atan_table[j][0], atan_table[j][1]}, s);
}

/* Angle of (x, y) with x >= 0, y >= 0, not both zero, both moderate. */
static struct pair angle(struct pair y, struct pair x)
{
    if (y.high <= x.high) return atan_unit(pair_div(y, x));
    return pair_add((struct pair){HALF_PI_HIGH, HALF_PI_LOW}, pair_negate(atan_unit(pair_div(x, y))));
}

double math_atan(double x)
{
    double a = __builtin_fabs(x), r;
    if (x != x) return NAN_;
    if (a < 0x1p-27) return x;
    if (a > 0x1p60) {
        r = HALF_PI_HIGH;
    } else {
        struct pair v = angle((struct pair){a, 0}, (struct pair){1, 0});
        r = v.high + v.low;
    }
    return x < 0 ? -r : r;
}

double math_atan2(double y, double x)
{
    if (x != x || y != y) return NAN_;
    double a = __builtin_fabs(y), b = __builtin_fabs(x);
    bool left = math_bits(x) >> 63, down = math_bits(y) >> 63;
    struct pair v;
    if (a == b && a - a != 0)
        v = (struct pair){HALF_PI_HIGH / 2, HALF_PI_LOW / 2};
    else if (a == 0 || b - b != 0)
        v = (struct pair){0, 0};
    else if (b == 0 || a - a != 0)
        v = (struct pair){HALF_PI_HIGH, HALF_PI_LOW};
    else {
        /* Bring the larger one near 1; the quotient does not change. */
        double large = a > b ? a : b;
        int64_t e = (int64_t)(math_bits(large) >> 52) - 1023;
        double ys = math_scale(a, -e), xs = math_scale(b, -e);
        if (ys < 0x1p-60 * xs) { /* so flat that the angle is the quotient, perhaps a subnormal */
            if (!left) {
                double q = a / b;
                return down ? -q : q;
            }
            v = (struct pair){ys / xs, 0};
        } else if (xs < 0x1p-60 * ys) {
            v = pair_sum_fast(HALF_PI_HIGH, HALF_PI_LOW - xs / ys);
        } else {
            v = angle((struct pair){ys, 0}, (struct pair){xs, 0});
        }
    }
    if (left) v = pair_add((struct pair){PI_HIGH, PI_LOW}, pair_negate(v));
    double r = v.high + v.low;
    return down ? -r : r;
}

/* sqrt(1 - x^2) as a pair. */
static struct pair other_side(double x)
{
    struct pair square = pair_product(x, x);
    return pair_sqrt(pair_add((struct pair){1, 0}, pair_negate(square)));
}

double math_asin(double x)
{
    double a = __builtin_fabs(x);
    if (!(a <= 1)) return NAN_;
    if (a < 0x1p-27) return x;
    struct pair v = angle((struct pair){a, 0}, other_side(a));
    double r = v.high + v.low;
    return x < 0 ? -r : r;
}

double math_acos(double x)
{
    double a = __builtin_fabs(x);
    if (!(a <= 1)) return NAN_;
    struct pair v =
        a < 0x1p-60 ? (struct pair){HALF_PI_HIGH, HALF_PI_LOW} : angle(other_side(a), (struct pair){a, 0});
    if (x < 0) v = pair_add((struct pair){PI_HIGH, PI_LOW}, pair_negate(v));
    return v.high + v.low;
}
