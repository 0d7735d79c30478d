#include "base/limbs.h"

typedef unsigned __int128 limb2;

size_t limbs_len(const limb *a, size_t n)
{
    while (n > 0 && a[n - 1] == 0) n--;
    return n;
}

int limbs_compare(const limb *a, size_t an, const limb *b, size_t bn)
{
    if (an != bn) return an < bn ? -1 : 1;
    for (size_t i = an; i-- > 0;)
        if (a[i] != b[i]) return a[i] < b[i] ? -1 : 1;
    return 0;
}

uint64_t limbs_bit_length(const limb *a, size_t n)
{
    return n == 0 ? 0 : (uint64_t)n * 64 - (uint64_t)__builtin_clzll(a[n - 1]);
}

bool limbs_any_below(const limb *a, uint64_t bits)
{
    size_t i = 0;
    for (; bits >= 64; bits -= 64, i++)
        if (a[i] != 0) return true;
    return bits != 0 && a[i] << (64 - bits) != 0;
}

uint64_t limbs_trailing_zeros(const limb *a, size_t n)
{
    size_t i = 0;
    while (a[i] == 0 && i < n - 1) i++;
    return (uint64_t)i * 64 + (a[i] != 0 ? (uint64_t)__builtin_ctzll(a[i]) : 64);
}

/* ---- addition ---- */

limb limbs_add_1(limb *r, const limb *a, size_t n, limb b)
{
    for (size_t i = 0; i < n; i++) b = __builtin_add_overflow(a[i], b, &r[i]);
    return b;
}

limb limbs_sub_1(limb *r, const limb *a, size_t n, limb b)
{
    for (size_t i = 0; i < n; i++) b = __builtin_sub_overflow(a[i], b, &r[i]);
    return b;
}

limb limbs_add(limb *r, const limb *a, size_t an, const limb *b, size_t bn)
{
    unsigned long long carry = 0;
    for (size_t i = 0; i < bn; i++) r[i] = __builtin_addcll(a[i], b[i], carry, &carry);
    return limbs_add_1(r + bn, a + bn, an - bn, carry);
}

limb limbs_sub(limb *r, const limb *a, size_t an, const limb *b, size_t bn)
{
    unsigned long long borrow = 0;
    for (size_t i = 0; i < bn; i++) r[i] = __builtin_subcll(a[i], b[i], borrow, &borrow);
    return limbs_sub_1(r + bn, a + bn, an - bn, borrow);
}

/* ---- multiplication ---- */

limb limbs_mul_1(limb *r, const limb *a, size_t n, limb m, limb carry)
{
    for (size_t i = 0; i < n; i++) {
        limb2 t = (limb2)a[i] * m + carry;
        r[i] = (limb)t;
        carry = (limb)(t >> 64);
    }
    return carry;
}

limb limbs_addmul_1(limb *r, const limb *a, size_t n, limb m)
{
    limb carry = 0;
    for (size_t i = 0; i < n; i++) {
        limb2 t = (limb2)a[i] * m + r[i] + carry;
        r[i] = (limb)t;
        carry = (limb)(t >> 64);
    }
    return carry;
}

limb limbs_submul_1(limb *r, const limb *a, size_t n, limb m)
{
    limb carry = 0;
    for (size_t i = 0; i < n; i++) {
        limb2 t = (limb2)a[i] * m + carry;
        carry = (limb)(t >> 64) + __builtin_sub_overflow(r[i], (limb)t, &r[i]);
    }
    return carry;
}

limb limbs_shl(limb *r, const limb *a, size_t n, unsigned bits)
{
    if (bits == 0) {
        __builtin_memmove(r, a, n * sizeof *r);
        return 0;
    }
    limb out = 0;
    for (size_t i = n; i-- > 0;) {
        if (i == n - 1) out = a[i] >> (64 - bits);
        r[i] = a[i] << bits | (i > 0 ? a[i - 1] >> (64 - bits) : 0);
    }
    return out;
}

limb limbs_shr(limb *r, const limb *a, size_t n, unsigned bits)
{
    if (bits == 0) {
        __builtin_memmove(r, a, n * sizeof *r);
        return 0;
    }
    limb out = n > 0 ? a[0] << (64 - bits) : 0;
    for (size_t i = 0; i < n; i++) r[i] = a[i] >> bits | (i + 1 < n ? a[i + 1] << (64 - bits) : 0);
    return out;
}

static void mul_school(limb *r, const limb *a, size_t an, const limb *b, size_t bn)
{
    r[an] = limbs_mul_1(r, a, an, b[0], 0);
    for (size_t i = 1; i < bn; i++) r[an + i] = limbs_addmul_1(r + i, a, an, b[i]);
}

/* r = |a - b| over n limbs, where b has bn <= n; true if a < b. */
static bool sub_absolute(limb *r, const limb *a, size_t n, const limb *b, size_t bn)
{
    size_t al = limbs_len(a, n), bl = limbs_len(b, bn);
    bool less = limbs_compare(a, al, b, bl) < 0;
    size_t used = less ? bl : al;
    if (less)
        limbs_sub(r, b, bl, a, al);
    else
        limbs_sub(r, a, al, b, bl);
    __builtin_memset(r + used, 0, (n - used) * sizeof *r);
    return less;
}

/* r = a * b, n limbs each.  Subtractive Karatsuba: the middle is a0*b0 + a1*b1 - (a0-a1)*(b0-b1), so nothing overflows
 * a half.  Depth: log2(n / LIMBS_KARATSUBA). */
static void mul_karatsuba(limb *r, const limb *a, const limb *b, size_t n, limb *t)
{
    if (n < LIMBS_KARATSUBA) {
        mul_school(r, a, n, b, n);
        return;
    }
    size_t low = (n + 1) / 2, high = n - low;
    bool sign = sub_absolute(r, a, low, a + low, high) != sub_absolute(r + low, b, low, b + low, high);
    limb *middle = t, *sum = t + 2 * low;
    mul_karatsuba(middle, r, r + low, low, sum);
    mul_karatsuba(r, a, b, low, sum);
    mul_karatsuba(r + 2 * low, a + low, b + low, high, sum);
    sum[2 * low] = limbs_add(sum, r, 2 * low, r + 2 * low, 2 * high);
    if (sign)
        sum[2 * low] += limbs_add(sum, sum, 2 * low, middle, 2 * low);
    else
        sum[2 * low] -= limbs_sub(sum, sum, 2 * low, middle, 2 * low);
    size_t sum_len = limbs_len(sum, 2 * low + 1);
    limbs_add(r + low, r + low, 2 * n - low, sum, sum_len);
}

void limbs_mul(limb *r, const limb *a, size_t an, const limb *b, size_t bn, limb *scratch)
{
    if (bn < LIMBS_KARATSUBA) {
        mul_school(r, a, an, b, bn);
        return;
    }
    mul_karatsuba(r, a, b, bn, scratch);
    __builtin_memset(r + 2 * bn, 0, (an - bn) * sizeof *r);
    limb *part = scratch, *rest = scratch + 2 * bn;
    for (size_t at = bn; at < an; at += bn) {
        size_t len = an - at < bn ? an - at : bn;
        if (len == bn)
            mul_karatsuba(part, a + at, b, bn, rest);
        else
            mul_school(part, b, bn, a + at, len);
        limbs_add(r + at, r + at, an + bn - at, part, bn + len);
    }
}

/* ---- division ---- */

/* (hi, lo) / d by halves (Knuth 4.3.1 D with two half-limb digits); only to make reciprocals, so that no 128-bit division
 * (a library call on every machine) is needed.  Pre: hi < d, top bit of d set. */
static limb div_by_halves(limb hi, limb lo, limb d)
{
    limb d1 = d >> 32, d0 = d & 0xffffffff, q = 0;
    for (int i = 0; i < 2; i++) {
        limb next = i == 0 ? lo >> 32 : lo & 0xffffffff;
        limb digit = hi / d1, rest = hi % d1;
        while (digit >> 32 != 0 || digit * d0 > (rest << 32 | next)) {
            digit--;
            rest += d1;
            if (rest >> 32 != 0) break;
        }
        hi = (hi << 32 | next) - digit * d;
        q = q << 32 | digit;
    }
    return q;
}

limb limbs_reciprocal(limb d)
{
    return div_by_halves(~d, ~(limb)0, d);
}

limb limbs_div_2by1(limb hi, limb lo, limb d, limb inverse, limb *rem)
{
    limb2 t = (limb2)hi * inverse + ((limb2)hi << 64 | lo);
    limb q = (limb)(t >> 64) + 1, r = lo - q * d;
    if (r > (limb)t) {
        q--;
        r += d;
    }
    if (UNLIKELY(r >= d)) {
        q++;
        r -= d;
    }
    *rem = r;
    return q;
}

limb limbs_div_1(limb *q, const limb *a, size_t n, limb d)
{
    if (n == 0) return 0;
    unsigned shift = (unsigned)__builtin_clzll(d);
    d <<= shift;
    limb inverse = limbs_reciprocal(d);
    limb rem = shift != 0 ? a[n - 1] >> (64 - shift) : 0;
    for (size_t i = n; i-- > 0;) {
        limb low = shift != 0 ? a[i] << shift | (i > 0 ? a[i - 1] >> (64 - shift) : 0) : a[i];
        limb digit = limbs_div_2by1(rem, low, d, inverse, &rem);
        if (q != NULL) q[i] = digit;
    }
    return rem >> shift;
}

limb limbs_div_step(limb *u, const limb *v, size_t vn, limb inverse)
{
    limb v1 = v[vn - 1], v0 = v[vn - 2], digit, rem;
    bool rem_fits = true;
    if (UNLIKELY(u[vn] >= v1)) { /* equal, by the precondition */
        digit = ~(limb)0;
        rem_fits = !__builtin_add_overflow(u[vn - 1], v1, &rem);
    } else {
        digit = limbs_div_2by1(u[vn], u[vn - 1], v1, inverse, &rem);
    }
    while (rem_fits && (limb2)digit * v0 > ((limb2)rem << 64 | u[vn - 2])) {
        digit--;
        rem_fits = !__builtin_add_overflow(rem, v1, &rem);
    }
    if (UNLIKELY(limbs_submul_1(u, v, vn, digit) >
                 u[vn])) { /* the estimate was one too large: rare (2 in 2^64) */
        digit--;
        limbs_add(u, u, vn, v, vn);
    }
    u[vn] = 0;
    return digit;
}

void limbs_div(limb *q, limb *u, size_t un, const limb *v, size_t vn)
{
    limb inverse = limbs_reciprocal(v[vn - 1]);
    for (size_t i = un - vn; i-- > 0;) {
        limb digit = limbs_div_step(u + i, v, vn, inverse);
        if (q != NULL) q[i] = digit;
    }
}
