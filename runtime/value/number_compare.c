/* Order, equality, hashing, and the way to and from doubles.  All exact. */
#include "runtime/value/number_internal.h"

int number_sign(value v)
{
    if (is_fixnum(v)) return (to_fixnum(v) > 0) - (to_fixnum(v) < 0);
    if (is_double(v)) return (to_double(v) > 0) - (to_double(v) < 0);
    return integer_negative(ratio_numerator(v)) ? -1 : 1;
}

int integer_compare(value a, value b)
{
    if (both_fixnum(a, b)) return ((int64_t)to_fixnum(a) > to_fixnum(b)) - (to_fixnum(a) < to_fixnum(b));
    struct integer x, y;
    integer_view(a, &x);
    integer_view(b, &y);
    if (x.negative != y.negative) return x.negative ? -1 : 1;
    int c = limbs_compare(x.d, x.n, y.d, y.n);
    return x.negative ? -c : c;
}

/* ---- doubles ---- */

size_t double_limbs(double d, limb to[17])
{
    uint64_t bits;
    __builtin_memcpy(&bits, &d, 8);
    int e = (int)(bits >> 52 & 0x7ff) - 1075;
    if (e < -52) return 0;
    uint64_t m = (bits & 0xfffffffffffffull) | 1ull << 52;
    if (e <= 0) {
        to[0] = m >> -e;
        return 1;
    }
    size_t words = (size_t)e / 64;
    __builtin_memset(to, 0, 17 * sizeof *to);
    to[words] = m << (e % 64);
    if (e % 64 > 11) to[words + 1] = m >> (64 - e % 64);
    return limbs_len(to, words + 1 + (e % 64 > 11));
}

value double_truncate(struct process *p, double d)
{
    limb l[17];
    size_t n = double_limbs(d, l);
    return integer_make(p, l, n, d < 0);
}

value double_to_exact(struct process *p, double d)
{
    uint64_t bits;
    __builtin_memcpy(&bits, &d, 8);
    int e = (int)(bits >> 52 & 0x7ff);
    uint64_t m = bits & 0xfffffffffffffull;
    if (e != 0) m |= 1ull << 52;
    e = (e == 0 ? 1 : e) - 1075;
    if (m == 0) return from_fixnum(0);
    int zeros = __builtin_ctzll(m);
    m >>= zeros;
    e += zeros;
    if (e >= 0) return double_truncate(p, d);
    limb power[18] = {0};
    power[-e / 64] = 1ull << (-e % 64);
    return ratio_of(p, integer_make(p, &m, 1, d < 0), integer_make(p, power, (size_t)(-e / 64) + 1, false));
}

double number_to_double(value v)
{
    if (is_fixnum(v)) return (double)to_fixnum(v);
    if (is_double(v)) return to_double(v);
    struct integer n, d;
    double r;
    if (!is_ratio(v)) {
        integer_view(v, &n);
        r = limbs_to_double(n.d, n.n, 0, false);
        return n.negative ? -r : r;
    }
    integer_view(ratio_numerator(v), &n);
    integer_view(ratio_denominator(v), &d);
    /* Beyond 512 limbs the tails are cut: the result is then off only if within 2^-32000 of the middle of two doubles. */
    enum { KEEP = 512 };
    limb scratch[2 * KEEP + 8];
    size_t dcut = d.n > KEEP ? d.n - KEEP : 0, ncut = n.n > KEEP ? n.n - KEEP : 0;
    r = limbs_quotient_to_double(n.d + ncut, n.n - ncut, d.d + dcut, d.n - dcut,
                                 ((int64_t)ncut - (int64_t)dcut) * 64, scratch);
    return n.negative ? -r : r;
}

/* ---- comparison ---- */

/* The leading 60 bits of a number, which is between top * 2^exponent and (top + 1) * 2^exponent. */
static uint64_t leading(const struct integer *a, int64_t *exponent)
{
    unsigned s = (unsigned)__builtin_clzll(a->d[a->n - 1]);
    uint64_t top = a->d[a->n - 1] << s;
    if (s != 0 && a->n > 1) top |= a->d[a->n - 2] >> (64 - s);
    *exponent += (int64_t)limbs_bit_length(a->d, a->n) - 60;
    return top >> 4;
}

/* Sign of a*b - c*d if the leading bits tell, else 0. */
static int compare_leading(const struct integer *a, const struct integer *b, const struct integer *c,
                           const struct integer *d)
{
    int64_t left = 0, right = 0;
    uint64_t at = leading(a, &left), bt = leading(b, &left), ct = leading(c, &right), dt = leading(d, &right);
    unsigned __int128 low = (unsigned __int128)at * bt, high = (unsigned __int128)(at + 1) * (bt + 1);
    unsigned __int128 other_low = (unsigned __int128)ct * dt,
                      other_high = (unsigned __int128)(ct + 1) * (dt + 1);
    int64_t shift = left - right; /* at most 3 either way: the products have as many bits, give or take one */
    if (shift > 6 || shift < -6) return shift > 0 ? 1 : -1;
    if (shift > 0) low <<= shift, high <<= shift;
    if (shift < 0) other_low <<= -shift, other_high <<= -shift;
    return low >= other_high ? 1 : high <= other_low ? -1 : 0;
}

/* Sign of a*b - c*d, exactly: column by column from the lowest, without memory. */
static int compare_products(const struct integer *a, const struct integer *b, const struct integer *c,
                            const struct integer *d)
{
    int quick = compare_leading(a, b, c, d);
    if (quick != 0) return quick;
    unsigned __int128 low = 0;
    int64_t high = 0;
    bool any = false;
    size_t columns = (a->n + b->n > c->n + d->n ? a->n + b->n : c->n + d->n);
    for (size_t k = 0; k < columns; k++) {
        for (size_t i = k >= b->n ? k - b->n + 1 : 0; i < a->n && i <= k; i++)
            high += __builtin_add_overflow(low, (unsigned __int128)a->d[i] * b->d[k - i], &low);
        for (size_t i = k >= d->n ? k - d->n + 1 : 0; i < c->n && i <= k; i++)
            high -= __builtin_sub_overflow(low, (unsigned __int128)c->d[i] * d->d[k - i], &low);
        any = any || (limb)low != 0;
        low = low >> 64 | (unsigned __int128)(uint64_t)high << 64;
        high = high < 0 ? -1 : 0;
    }
    return high < 0 ? -1 : low != 0 || any;
}

/* Two numbers of the same, nonzero sign as fractions; result for the magnitudes. */
static int compare_ratios(value a, value b)
{
    struct integer an, ad, bn, bd;
    integer_view(ratio_numerator(a), &an);
    integer_view(ratio_denominator(a), &ad);
    integer_view(ratio_numerator(b), &bn);
    integer_view(ratio_denominator(b), &bd);
    return compare_products(&an, &bd, &bn, &ad);
}

/* |v| against |d|: both nonzero, of one sign, d finite. */
static int compare_with_double(value v, double d)
{
    uint64_t bits;
    __builtin_memcpy(&bits, &d, 8);
    int e = (int)(bits >> 52 & 0x7ff);
    limb m = bits & 0xfffffffffffffull;
    if (e != 0) m |= 1ull << 52;
    e = (e == 0 ? 1 : e) - 1075;
    limb up[18] = {0}, down[18] = {0}; /* |d| = up / down */
    struct integer n, q, num = {up, 1, false, 0}, den = {down, 1, false, 0};
    integer_view(ratio_numerator(v), &n);
    integer_view(ratio_denominator(v), &q);
    down[0] = 1;
    up[0] = m;
    if (e > 0) {
        num.n = double_limbs(d, up);
    } else {
        down[0] = 0;
        down[-e / 64] = 1ull << (-e % 64);
        den.n = (size_t)(-e / 64) + 1;
    }
    return compare_products(&n, &den, &num, &q);
}

static int compare_double(value v, double d)
{
    if (d != d) return 2;
    if (is_fixnum(v)) { /* exact: fewer bits than a double has */
        double x = (double)to_fixnum(v);
        return (x > d) - (x < d);
    }
    int sv = number_sign(v), sd = (d > 0) - (d < 0);
    if (sv != sd) return sv < sd ? -1 : 1;
    if (d - d != 0) return -sd;
    return sv * compare_with_double(v, d);
}

int number_compare(value a, value b)
{
    if (is_double(a) && is_double(b)) {
        double x = to_double(a), y = to_double(b);
        return x < y ? -1 : x > y ? 1 : x == y ? 0 : 2;
    }
    if (is_double(b)) return compare_double(a, to_double(b));
    if (is_double(a)) {
        int c = compare_double(b, to_double(a));
        return c == 2 ? 2 : -c;
    }
    if (!is_ratio(a) && !is_ratio(b)) return integer_compare(a, b);
    int sa = number_sign(a), sb = number_sign(b);
    if (sa != sb) return sa < sb ? -1 : 1;
    return sa * compare_ratios(a, b);
}

bool number_equal(value a, value b)
{
    if (is_double(a) || is_double(b)) return is_double(a) && is_double(b) && to_double(a) == to_double(b);
    if (a == b) return true;
    if (is_ratio(a) != is_ratio(b)) return false;
    return integer_compare(ratio_numerator(a), ratio_numerator(b)) == 0 &&
           integer_compare(ratio_denominator(a), ratio_denominator(b)) == 0;
}

bool number_same(value a, value b)
{
    return number_compare(a, b) == 0;
}

/* ---- hashing ---- */

static uint64_t mix(uint64_t h, uint64_t w)
{
    h = (h ^ w) * 0x9fb21c651e98df25ull;
    return h ^ h >> 32;
}

static uint64_t integer_hash(value v)
{
    if (is_fixnum(v)) return mix(0x51, (uint64_t)to_fixnum(v));
    /* Long ones by both ends, so that the cost is bounded. */
    enum { END = 32 };
    size_t n = obj_size(to_obj(v));
    const limb *d = to_obj(v)->p;
    uint64_t h = mix(integer_negative(v) ? 0x53 : 0x52, n);
    for (size_t i = 0; i < n; i++) {
        if (i == END && n > 2 * END) i = n - END;
        h = mix(h, d[i]);
    }
    return h;
}

uint32_t number_hash(value a)
{
    uint64_t h;
    if (is_double(a))
        h = mix(0x54, to_double(a) == 0 ? 0 : a);
    else if (is_ratio(a))
        h = mix(integer_hash(ratio_numerator(a)), integer_hash(ratio_denominator(a)));
    else
        h = integer_hash(a);
    h = mix(h, 0x2545f4914f6cdd1dull);
    return (uint32_t)(h ^ h >> 32);
}
