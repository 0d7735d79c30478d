#include "base/float_text.h"
#include "base/limbs.h"
#include "base/pow10_table.h"

typedef unsigned __int128 u128;

static inline int floor_log2_pow10(int e)
{
    return (e * 1741647) >> 19;
}

static inline bool pow10_is_exact(int k)
{
    return k >= 0 && k <= 55;
}

/* ---- printing: Schubfach ---- */

/* High 64 bits of g * cp / 2^128 with the lowest bit telling whether something was cut (round to odd). */
static inline uint64_t round_to_odd(uint64_t high, uint64_t low, uint64_t cp)
{
    u128 x = (u128)low * cp, y = (u128)high * cp + (uint64_t)(x >> 64);
    return (uint64_t)(y >> 64) | ((uint64_t)y > 1);
}

/* The shortest decimal s * 10^*exponent for c * 2^q; may have trailing zeros. */
static uint64_t schubfach(uint64_t c, int q, bool lower_is_closer, int *exponent)
{
    bool odd = c & 1;
    uint64_t cbl = 4 * c - 2 + lower_is_closer, cb = 4 * c, cbr = 4 * c + 2;
    int k = (q * 1262611 - (lower_is_closer ? 524031 : 0)) >> 22;
    int h = q + floor_log2_pow10(-k) + 1;
    uint64_t high = pow10_table[-k - POW10_LOW][0], low = pow10_table[-k - POW10_LOW][1];
    if (!pow10_is_exact(-k)) { /* the paper wants the power rounded up */
        low++;
        high += low == 0;
    }
    uint64_t vbl = round_to_odd(high, low, cbl << h), vb = round_to_odd(high, low, cb << h),
             vbr = round_to_odd(high, low, cbr << h);
    uint64_t lower = vbl + odd, upper = vbr - odd, s = vb / 4;
    *exponent = k;
    if (s >= 10) {
        uint64_t sp = s / 10;
        bool up = lower <= 40 * sp, wp = 40 * sp + 40 <= upper;
        if (up != wp) {
            *exponent = k + 1;
            return sp + wp;
        }
    }
    bool u = lower <= 4 * s, w = 4 * s + 4 <= upper;
    if (u != w) return s + w;
    uint64_t middle = 4 * s + 2;
    return s + (vb > middle || (vb == middle && (s & 1)));
}

unsigned float_shortest_digits(double d, char digits[17], int *exponent)
{
    uint64_t bits, s;
    __builtin_memcpy(&bits, &d, 8);
    uint64_t fraction = bits & 0xfffffffffffffull;
    int biased = (int)(bits >> 52 & 0x7ff), e10;
    if (biased == 0 && fraction <= 2) {
        s = fraction == 1 ? 49 : 99;
        e10 = -325;
    } else if (biased == 0) {
        s = schubfach(fraction, -1074, false, &e10);
    } else {
        s = schubfach(fraction | 1ull << 52, biased - 1075, fraction == 0 && biased > 1, &e10);
    }
    while (s % 10 == 0) {
        s /= 10;
        e10++;
    }
    unsigned n = 0;
    for (uint64_t t = s; t != 0; t /= 10) n++;
    for (unsigned i = n; i-- > 0; s /= 10) digits[i] = (char)('0' + s % 10);
    *exponent = e10 + (int)n - 1;
    return n;
}

static char *put(char *to, const char *text, size_t n)
{
    __builtin_memcpy(to, text, n);
    return to + n;
}

static char *put_zeros(char *to, int n)
{
    for (int i = 0; i < n; i++) *to++ = '0';
    return to;
}

static char *put_exponent(char *to, int e)
{
    *to++ = 'E';
    if (e < 0) {
        *to++ = '-';
        e = -e;
    }
    if (e >= 100) *to++ = (char)('0' + e / 100);
    if (e >= 10) *to++ = (char)('0' + e / 10 % 10);
    *to++ = (char)('0' + e % 10);
    return to;
}

size_t float_format(double d, char *to)
{
    char *at = to, digits[17];
    int e;
    if (d != d) return (size_t)(put(to, "NaN", 3) - to);
    if (__builtin_signbit(d)) {
        *at++ = '-';
        d = -d;
    }
    if (d == 0) return (size_t)(put(at, "0.0", 3) - to);
    if (d == __builtin_inf()) return (size_t)(put(at, "Infinity", 8) - to);
    int n = (int)float_shortest_digits(d, digits, &e);
    if (e >= -3 && e < 0) {
        at = put_zeros(put(at, "0.", 2), -e - 1);
        at = put(at, digits, (size_t)n);
    } else if (e >= 0 && e < 7) {
        int whole = n < e + 1 ? n : e + 1;
        at = put_zeros(put(at, digits, (size_t)whole), e + 1 - whole);
        *at++ = '.';
        at = n > whole ? put(at, digits + whole, (size_t)(n - whole)) : put_zeros(at, 1);
    } else {
        *at++ = digits[0];
        *at++ = '.';
        at = n > 1 ? put(at, digits + 1, (size_t)(n - 1)) : put_zeros(at, 1);
        at = put_exponent(at, e);
    }
    return (size_t)(at - to);
}

/* ---- reading ---- */

/* More digits than this cannot change the result once a last nonzero one stands for the rest: a midpoint of two doubles
 * has at most 767 significant digits. */
#define SIGNIFICANT_DIGITS 770
#define POWER_LIMBS 64 /* 5^1112 has 2583 bits */

/* r = 5^e; returns the length. */
static size_t pow5(limb *r, unsigned e)
{
    size_t n = 1;
    r[0] = 1;
    while (e > 0) {
        unsigned step = e < 27 ? e : 27;
        limb m = 1;
        for (unsigned i = 0; i < step; i++) m *= 5;
        limb carry = limbs_mul_1(r, r, n, m, 0);
        if (carry != 0) r[n++] = carry;
        e -= step;
    }
    return n;
}

/* Always right, some microseconds.  Pre: first digit not zero, n <= SIGNIFICANT_DIGITS + 1, -1112 <= exponent <= 310. */
static COLD double decimal_exact(const char *digits, size_t n, int exponent)
{
    limb number[SIGNIFICANT_DIGITS / 19 + 8], power[POWER_LIMBS];
    size_t nn = limbs_from_digits(number, digits, n, 10);
    size_t pn = pow5(power, (unsigned)(exponent < 0 ? -exponent : exponent));
    if (exponent < 0) {
        limb scratch[2 * POWER_LIMBS + 8];
        return limbs_quotient_to_double(number, nn, power, pn, exponent, scratch);
    }
    limb product[SIGNIFICANT_DIGITS / 19 + 8 + POWER_LIMBS], scratch[LIMBS_MUL_SCRATCH(POWER_LIMBS)];
    if (nn >= pn)
        limbs_mul(product, number, nn, power, pn, scratch);
    else
        limbs_mul(product, power, pn, number, nn, scratch);
    return limbs_to_double(product, nn + pn, exponent, false);
}

/* w * 10^q when that can be decided by 128 bits of the power; `cut`: the true number lies in [w, w + 1).
 * The product of w and the cut power is below the true one by less than `error`; rounding is monotonic, so if both ends
 * round to the same double, that is the result. */
static bool decimal_fast(uint64_t w, int q, bool cut, double *result)
{
    const uint64_t *t = pow10_table[q - POW10_LOW];
    int64_t scale = floor_log2_pow10(q) - 127;
    u128 low = (u128)w * t[1], high = (u128)w * t[0] + (uint64_t)(low >> 64);
    limb product[3] = {(limb)low, (limb)high, (limb)(high >> 64)}, error[3] = {0, 0, 0};
    *result = limbs_to_double(product, 3, scale, false);
    if (!pow10_is_exact(q)) error[0] = w;
    if (cut) {
        const limb power[3] = {t[1], t[0], 0};
        limbs_add(error, error, 3, power, 3);
        limbs_add_1(error, error, 3, 1);
    }
    if (limbs_len(error, 3) == 0) return true;
    if (limbs_add(product, product, 3, error, 3) != 0) return false;
    return *result == limbs_to_double(product, 3, scale, false);
}

double float_from_decimal(const char *digits, size_t n, int64_t exponent)
{
    while (n > 0 && *digits == '0') digits++, n--;
    while (n > 0 && digits[n - 1] == '0') {
        n--;
        exponent++;
    }
    if (n == 0 || exponent < -400 - (int64_t)n) return 0;
    if (exponent > 400 - (int64_t)n) return __builtin_inf();
    uint64_t w = 0;
    size_t taken = n < 19 ? n : 19;
    for (size_t i = 0; i < taken; i++) w = w * 10 + (uint64_t)(digits[i] - '0');
    int64_t q = exponent + (int64_t)(n - taken);
    double result;
    if (q < POW10_LOW) return 0; /* below 10^19 * 10^-343: under half of the smallest double */
    if (q <= 310 && decimal_fast(w, (int)q, n > taken, &result)) return result;
    if (q > 310) return __builtin_inf();
    if (n <= SIGNIFICANT_DIGITS) return decimal_exact(digits, n, (int)exponent);
    char kept[SIGNIFICANT_DIGITS + 1];
    __builtin_memcpy(kept, digits, SIGNIFICANT_DIGITS);
    kept[SIGNIFICANT_DIGITS] = '1'; /* the last digit cut is not zero */
    return decimal_exact(kept, SIGNIFICANT_DIGITS + 1,
                         (int)(exponent + (int64_t)(n - SIGNIFICANT_DIGITS) - 1));
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

double float_parse(const char *text, size_t size, size_t *used)
{
    size_t i = 0, whole, fraction = 0;
    *used = 0;
    while (i < size && is_digit(text[i])) i++;
    whole = i;
    if (i < size && text[i] == '.') {
        size_t start = ++i;
        while (i < size && is_digit(text[i])) i++;
        fraction = i - start;
    }
    if (whole + fraction == 0) return 0;
    *used = i;
    int64_t exponent = 0;
    if (i < size && (text[i] | 0x20) == 'e') {
        bool negative = i + 1 < size && text[i + 1] == '-';
        size_t k = i + 1 + (negative || (i + 1 < size && text[i + 1] == '+'));
        size_t start = k;
        for (; k < size && is_digit(text[k]); k++)
            if (exponent < (int64_t)1 << 40) exponent = exponent * 10 + (text[k] - '0');
        if (k > start) *used = k;
        if (negative) exponent = -exponent;
    }
    /* Digits around the point, joined; beyond the significant ones only whether they are zero matters. */
    char digits[SIGNIFICANT_DIGITS + 1];
    size_t n = 0;
    bool rest = false;
    exponent -= (int64_t)fraction;
    for (size_t k = 0; k < whole + fraction; k++) {
        char c = k < whole ? text[k] : text[k + 1];
        if (n == 0 && c == '0') continue;
        if (n < SIGNIFICANT_DIGITS) {
            digits[n++] = c;
        } else {
            exponent++;
            rest = rest || c != '0';
        }
    }
    if (rest) {
        digits[n++] = '1';
        exponent--;
    }
    return float_from_decimal(digits, n, exponent);
}
