/* Limbs to doubles and to digits, and back. */
#include "base/limbs.h"

/* m * 2^exponent, nearest even.  Pre: top bit of m set. */
static double round_to_double(uint64_t m, int64_t exponent, bool sticky)
{
    int64_t top = exponent + 63; /* exponent of the leading bit */
    uint64_t bits;
    if (top > 1023) {
        bits = 0x7ff0000000000000ull;
    } else if (top < -1075) {
        bits = 0;
    } else {
        unsigned drop = top >= -1022 ? 11 : (unsigned)(11 - 1022 - top);
        uint64_t kept = drop >= 64 ? 0 : m >> drop;
        uint64_t rest = drop >= 64 ? m : m << (64 - drop); /* as a fraction of 2^64 (drop == 64: m itself) */
        bool up = rest > 1ull << 63 || (rest == 1ull << 63 && (sticky || (kept & 1)));
        bits = (top >= -1022 ? (uint64_t)(top + 1022) << 52 : 0) + kept +
               up; /* the leading bit adds 1 to the exponent */
    }
    double d;
    __builtin_memcpy(&d, &bits, 8);
    return d;
}

double limbs_to_double(const limb *a, size_t n, int64_t exponent, bool sticky)
{
    n = limbs_len(a, n);
    if (n == 0) return 0;
    unsigned s = (unsigned)__builtin_clzll(a[n - 1]);
    uint64_t m = a[n - 1] << s;
    if (n > 1) {
        if (s != 0) m |= a[n - 2] >> (64 - s);
        sticky = sticky || limbs_any_below(a, (uint64_t)(n - 1) * 64 - s);
    }
    return round_to_double(m, exponent + (int64_t)(n - 1) * 64 - (int64_t)s, sticky);
}

/* r = floor(a * 2^s), rn limbs; the caller knows that it fits. */
static void shift_into(limb *r, size_t rn, const limb *a, size_t an, int64_t s)
{
    uint64_t distance = (uint64_t)(s < 0 ? -s : s);
    size_t whole = distance / 64;
    unsigned part = distance % 64;
    __builtin_memset(r, 0, rn * sizeof *r);
    if (s >= 0) {
        limb out = limbs_shl(r + whole, a, an, part);
        if (whole + an < rn) r[whole + an] = out;
    } else if (whole < an) {
        limbs_shr(r, a + whole, an - whole, part);
    }
}

double limbs_quotient_to_double(const limb *n, size_t nn, const limb *d, size_t dn, int64_t exponent,
                                limb *scratch)
{
    int64_t shift = (int64_t)limbs_bit_length(d, dn) + 66 - (int64_t)limbs_bit_length(n, nn);
    bool sticky = shift < 0 && limbs_any_below(n, (uint64_t)-shift);
    unsigned normal = (unsigned)__builtin_clzll(d[dn - 1]);
    /* The quotient has 66 or 67 bits: two limbs. */
    size_t un = dn + 3;
    limb *u = scratch, *v = u + un, *q = v + dn;
    shift_into(u, un, n, nn, shift);
    if (dn == 1) {
        sticky |= limbs_div_1(u, u, un, d[0]) != 0;
        return limbs_to_double(u, un, exponent - shift, sticky);
    }
    limbs_shl(u, u, un, normal);
    limbs_shl(v, d, dn, normal);
    limbs_div(q, u, un, v, dn);
    sticky |= limbs_len(u, dn) != 0;
    return limbs_to_double(q, un - dn, exponent - shift, sticky);
}

limb limbs_radix_power(unsigned radix, unsigned *exponent)
{
    limb power = radix, next;
    unsigned e = 1;
    while (!__builtin_mul_overflow(power, (limb)radix, &next)) {
        power = next;
        e++;
    }
    *exponent = e;
    return power;
}

static unsigned digit_of(char c)
{
    return c <= '9' ? (unsigned)(c - '0') : (unsigned)((c | 0x20) - 'a') + 10;
}

size_t limbs_from_digits(limb *r, const char *digits, size_t n, unsigned radix)
{
    unsigned chunk;
    limb power = limbs_radix_power(radix, &chunk);
    size_t len = 0;
    for (size_t i = 0; i < n;) {
        size_t take =
            (n - i) % chunk != 0 ? (n - i) % chunk : chunk; /* a short piece first, then full ones */
        limb part = 0;
        for (size_t k = 0; k < take; k++) part = part * radix + digit_of(digits[i + k]);
        i += take;
        limb carry = limbs_mul_1(r, r, len, power, part);
        if (carry != 0) r[len++] = carry;
    }
    return len;
}

static char *word_to_digits(limb word, unsigned radix, char *end, unsigned width)
{
    char *at = end;
    if (radix == 10) /* the common case, where division by a constant is a multiplication */
        for (; word != 0; word /= 10) *--at = (char)('0' + word % 10);
    else
        for (; word != 0; word /= radix) *--at = "0123456789abcdefghijklmnopqrstuvwxyz"[word % radix];
    while (at > end - width) *--at = '0';
    return at;
}

char *limbs_to_digits(limb *a, size_t n, unsigned radix, char *end, size_t width)
{
    unsigned chunk;
    limb power = limbs_radix_power(radix, &chunk);
    char *at = end;
    while ((n = limbs_len(a, n)) > 1) at = word_to_digits(limbs_div_1(a, a, n, power), radix, at, chunk);
    if (n == 1 && a[0] >= power) at = word_to_digits(limbs_div_1(a, a, n, power), radix, at, chunk);
    if (n == 1) at = word_to_digits(a[0], radix, at, 0);
    while (width > (size_t)(end - at)) *--at = '0';
    return at;
}
