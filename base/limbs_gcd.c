/* Greatest common divisor: Lehmer's algorithm (Knuth 4.5.2 L) with 62-bit leading parts. */
#include "base/limbs.h"

typedef __int128 wide;

/* Bits [at, at + 64) of a; zeros above its end. */
static limb bits_at(const limb *a, size_t n, uint64_t at)
{
    size_t i = at / 64;
    unsigned s = at % 64;
    limb low = i < n ? a[i] >> s : 0;
    return s == 0 ? low : low | (i + 1 < n ? a[i + 1] << (64 - s) : 0);
}

/* a -= q * b * 2^shift.  Pre: the result is not negative. */
static void subtract_shifted(limb *a, size_t an, const limb *b, size_t bn, limb q, uint64_t shift)
{
    limb *at = a + shift / 64;
    size_t room = an - shift / 64;
    unsigned s = shift % 64;
    limb low = q << s, high = s == 0 ? 0 : q >> (64 - s);
    limb borrow = limbs_submul_1(at, b, bn, low);
    if (room > bn) limbs_sub_1(at + bn, at + bn, room - bn, borrow);
    if (high != 0) {
        borrow = limbs_submul_1(at + 1, b, bn, high);
        if (room > bn + 1) limbs_sub_1(at + bn + 1, at + bn + 1, room - bn - 1, borrow);
    }
}

/* a = a mod b, or at least some 30 bits shorter. */
static size_t reduce(limb *a, size_t an, const limb *b, size_t bn)
{
    uint64_t abits = limbs_bit_length(a, an), bbits = limbs_bit_length(b, bn);
    /* q <= a / (b * 2^shift), since the leading part of a is cut and that of b rounded up. */
    if (bbits >= 32 && abits >= 64) {
        limb atop = bits_at(a, an, abits - 64), btop = (bits_at(b, bn, bbits - 32) & 0xffffffff) + 1;
        int64_t shift = (int64_t)(abits - 64) - (int64_t)(bbits - 32);
        limb q = atop / btop;
        if (shift < 0) q >>= -shift < 64 ? -shift : 63;
        if (q != 0) subtract_shifted(a, an, b, bn, q, shift < 0 ? 0 : (uint64_t)shift);
        an = limbs_len(a, an);
        if (shift > 0) return an;
    } else if (bn == 1) {
        a[0] = limbs_div_1(NULL, a, an, b[0]);
        return a[0] != 0;
    }
    while (limbs_compare(a, an, b, bn) >= 0) {
        limbs_sub(a, a, an, b, bn);
        an = limbs_len(a, an);
    }
    return an;
}

static limb gcd_word(limb a, limb b)
{
    while (b != 0) {
        limb t = a % b;
        a = b;
        b = t;
    }
    return a;
}

/* (a, b) = (A a + B b, C a + D b) over n limbs; both results are known to be natural and to fit. */
static void combine(limb *a, limb *b, size_t n, int64_t A, int64_t B, int64_t C, int64_t D)
{
    wide t = 0, w = 0;
    for (size_t i = 0; i < n; i++) {
        limb x = a[i], y = b[i];
        t += (wide)A * (wide)x + (wide)B * (wide)y;
        w += (wide)C * (wide)x + (wide)D * (wide)y;
        a[i] = (limb)t;
        b[i] = (limb)w;
        t >>= 64;
        w >>= 64;
    }
}

/* Pre: a >= b, both longer than one limb, bit lengths less than 32 apart.  False: no progress possible by single words. */
static bool lehmer_step(limb *a, size_t an, limb *b, size_t bn)
{
    uint64_t at = limbs_bit_length(a, an) - 62;
    int64_t x = (int64_t)(bits_at(a, an, at) & 0x3fffffffffffffff);
    int64_t y = (int64_t)(bits_at(b, bn, at) & 0x3fffffffffffffff);
    int64_t A = 1, B = 0, C = 0, D = 1;
    while (y + C != 0 && y + D != 0) {
        int64_t q = (x + A) / (y + C);
        if (q != (x + B) / (y + D)) break;
        int64_t nc = A - q * C, nd = B - q * D, ny = x - q * y;
        if (nc > 0x7fffffff || nc < -0x7fffffff || nd > 0x7fffffff || nd < -0x7fffffff) break;
        A = C, C = nc, B = D, D = nd, x = y, y = ny;
    }
    if (B == 0) return false;
    __builtin_memset(b + bn, 0, (an - bn) * sizeof *b);
    combine(a, b, an, A, B, C, D);
    return true;
}

size_t limbs_gcd_steps(limb *a, size_t *an, limb *b, size_t *bn, limb **which, unsigned steps)
{
    size_t n = *an, m = *bn;
    while (steps-- > 0) {
        if (m == 0) {
            *which = a;
            return n;
        }
        if (n == 1) {
            a[0] = gcd_word(a[0], b[0]);
            *which = a;
            return 1;
        }
        bool done = m > 1 && limbs_bit_length(a, n) - limbs_bit_length(b, m) < 31 && lehmer_step(a, n, b, m);
        if (done) {
            m = limbs_len(b, n);
            n = limbs_len(a, n);
        } else {
            n = reduce(a, n, b, m);
        }
        if (limbs_compare(a, n, b, m) < 0) {
            limb *t = a;
            size_t k = n;
            a = b, b = t;
            n = m, m = k;
        }
    }
    *an = n, *bn = m;
    *which = a;
    return SIZE_MAX;
}
