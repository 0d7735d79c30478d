#include "base/ntt.h"

typedef unsigned __int128 u128;
#define EPSILON 0xffffffffull /* 2^64 mod p */

/* Numbers are kept below 2^64, not always below p ("canonical"): sums and differences take one operand of any kind and one
 * canonical one, products take any and give a canonical one. */
static inline uint64_t add(uint64_t a, uint64_t b_canonical)
{
    uint64_t s;
    return __builtin_add_overflow(a, b_canonical, &s) ? s + EPSILON : s;
}
static inline uint64_t sub(uint64_t a, uint64_t b_canonical)
{
    uint64_t s;
    return __builtin_sub_overflow(a, b_canonical, &s) ? s - EPSILON : s;
}

/* high * 2^64 + low, with 2^64 = 2^32 - 1 and 2^96 = -1. */
static inline uint64_t reduce(uint64_t low, uint64_t high)
{
    uint64_t r, s;
    if (__builtin_sub_overflow(low, high >> 32, &r)) r -= EPSILON;
    if (__builtin_add_overflow(r, (high & EPSILON) * EPSILON, &s)) s += EPSILON;
    return ntt_canonical(s);
}
static inline uint64_t mul(uint64_t a, uint64_t b)
{
    u128 t = (u128)a * b;
    return reduce((uint64_t)t, (uint64_t)(t >> 64));
}
/* By the square root of -1, which is 2^48. */
static inline uint64_t mul_i(uint64_t a)
{
    return reduce(a << 48, a >> 16);
}

uint64_t ntt_mul(uint64_t a, uint64_t b)
{
    return mul(a, b);
}

static uint64_t power(uint64_t x, uint64_t n)
{
    uint64_t r = 1;
    for (; n != 0; n >>= 1, x = mul(x, x))
        if (n & 1) r = mul(r, x);
    return r;
}

uint64_t ntt_inverse_of_power(unsigned log)
{
    return power(power(2, log), NTT_PRIME - 2);
}

/* Block s (in bit-reversed order) has the twiddle factor F(s); F(s + 1) / F(s) depends on the number of trailing ones of s
 * only.  skip: 2 for radix 2, 3 for radix 4. */
static void make_rates(uint64_t *rates, const uint64_t *root, const uint64_t *inverse, int skip)
{
    uint64_t before = 1;
    for (int i = 0; i < NTT_MAX_LOG; i++) {
        int at = i + skip > 32 ? 32 : i + skip;
        rates[i] = mul(root[at], before);
        before = mul(before, inverse[at]);
    }
}

void ntt_plan_make(struct ntt_plan *plan)
{
    uint64_t root[33], inverse[33];             /* of order 2^i */
    root[32] = power(7, (NTT_PRIME - 1) >> 32); /* 7 generates the multiplicative group */
    if (power(root[32], 1ull << 30) != 1ull << 48) root[32] = power(root[32], NTT_PRIME - 2);
    inverse[32] = power(root[32], NTT_PRIME - 2);
    for (int i = 31; i >= 0; i--) {
        root[i] = mul(root[i + 1], root[i + 1]);
        inverse[i] = mul(inverse[i + 1], inverse[i + 1]);
    }
    make_rates(plan->forward[0], root, inverse, 2);
    make_rates(plan->forward[1], root, inverse, 3);
    make_rates(plan->inverse[0], inverse, root, 2);
    make_rates(plan->inverse[1], inverse, root, 3);
}

/* ---- butterflies: n of them, the parts of a block lie `part` apart ---- */

typedef void butterflies(uint64_t *a, uint64_t part, uint32_t n, uint64_t factor);

static void forward_2(uint64_t *a, uint64_t part, uint32_t n, uint64_t f)
{
    for (uint32_t i = 0; i < n; i++) {
        uint64_t l = a[i], h = mul(a[i + part], f);
        a[i] = add(l, h);
        a[i + part] = sub(l, h);
    }
}

static void inverse_2(uint64_t *a, uint64_t part, uint32_t n, uint64_t f)
{
    for (uint32_t i = 0; i < n; i++) {
        uint64_t l = a[i], h = ntt_canonical(a[i + part]);
        a[i] = add(l, h);
        a[i + part] = mul(sub(l, h), f);
    }
}

static inline void forward_4_step(uint64_t *a, uint64_t part, uint64_t a1, uint64_t a2, uint64_t a3)
{
    uint64_t a0 = a[0], even = add(a0, a2), odd = sub(a0, a2);
    uint64_t both = ntt_canonical(add(a1, a3)), turned = mul_i(sub(a1, a3));
    a[0] = add(even, both);
    a[part] = sub(even, both);
    a[2 * part] = add(odd, turned);
    a[3 * part] = sub(odd, turned);
}

static void forward_4(uint64_t *a, uint64_t part, uint32_t n, uint64_t f)
{
    if (f == 1) {
        for (uint32_t i = 0; i < n; i++, a++)
            forward_4_step(a, part, ntt_canonical(a[part]), ntt_canonical(a[2 * part]),
                           ntt_canonical(a[3 * part]));
        return;
    }
    uint64_t f2 = mul(f, f), f3 = mul(f2, f);
    for (uint32_t i = 0; i < n; i++, a++)
        forward_4_step(a, part, mul(a[part], f), mul(a[2 * part], f2), mul(a[3 * part], f3));
}

static void inverse_4(uint64_t *a, uint64_t part, uint32_t n, uint64_t f)
{
    uint64_t f2 = mul(f, f), f3 = mul(f2, f);
    for (uint32_t i = 0; i < n; i++, a++) {
        uint64_t a0 = a[0], a1 = ntt_canonical(a[part]), a2 = a[2 * part], a3 = ntt_canonical(a[3 * part]);
        uint64_t low = add(a0, a1), low_difference = sub(a0, a1);
        uint64_t high = ntt_canonical(add(a2, a3)), turned = mul_i(ntt_canonical(sub(a2, a3)));
        a[0] = add(low, high);
        a[part] = mul(sub(low_difference, turned), f);
        a[2 * part] = mul(sub(low, high), f2);
        a[3 * part] = mul(add(low_difference, turned), f3);
    }
}

/* ---- slices ---- */

/* The blocks of one stage, from where the cursor stands: 2^blocks_log of them, each of `radix` parts.  True: all done. */
static bool stage(uint64_t *a, unsigned log, unsigned blocks_log, unsigned radix_log, butterflies *f,
                  const uint64_t *rates, struct ntt_cursor *c, uint32_t *work)
{
    uint32_t part = 1u << (log - blocks_log - radix_log), weight = radix_log == 2 ? 4 : 1;
    for (; c->block < 1u << blocks_log; c->block++) {
        if (*work == 0) return false;
        uint32_t most = *work / weight + 1, n = part - c->at < most ? part - c->at : most;
        f(a + ((uint64_t)c->block << (log - blocks_log)) + c->at, part, n, c->factor);
        c->at += n;
        *work = *work > n * weight ? *work - n * weight : 0;
        if (c->at < part) return false;
        c->at = 0;
        c->factor = mul(c->factor, rates[__builtin_ctzll(~(uint64_t)c->block)]);
    }
    c->block = 0;
    c->factor = 1;
    return true;
}

bool ntt_forward(uint64_t *a, unsigned log, const struct ntt_plan *plan, struct ntt_cursor *c, uint32_t work)
{
    if (!c->started) *c = (struct ntt_cursor){.started = 1, .factor = 1};
    while (c->stage < log) {
        unsigned radix_log = log - c->stage == 1 ? 1 : 2;
        if (!stage(a, log, c->stage, radix_log, radix_log == 1 ? forward_2 : forward_4,
                   plan->forward[radix_log - 1], c, &work))
            return false;
        c->stage += radix_log;
    }
    return true;
}

bool ntt_inverse(uint64_t *a, unsigned log, const struct ntt_plan *plan, struct ntt_cursor *c, uint32_t work)
{
    if (!c->started) *c = (struct ntt_cursor){.stage = log, .started = 1, .factor = 1};
    while (c->stage > 0) {
        unsigned radix_log = c->stage == 1 ? 1 : 2;
        if (!stage(a, log, c->stage - radix_log, radix_log, radix_log == 1 ? inverse_2 : inverse_4,
                   plan->inverse[radix_log - 1], c, &work))
            return false;
        c->stage -= radix_log;
    }
    return true;
}
