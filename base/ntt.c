#include "base/ntt.h"

typedef unsigned __int128 u128;
#define EPSILON 0xffffffffull /* 2^64 mod p */

static inline uint64_t add(uint64_t a, uint64_t b)
{
    uint64_t s;
    bool over = __builtin_add_overflow(a, b, &s);
    return over || s >= NTT_PRIME ? s - NTT_PRIME : s;
}
static inline uint64_t sub(uint64_t a, uint64_t b)
{
    return a >= b ? a - b : a + (NTT_PRIME - b);
}

/* 2^96 = -1 and 2^64 = 2^32 - 1 modulo p. */
static inline uint64_t mul(uint64_t a, uint64_t b)
{
    u128 t = (u128)a * b;
    uint64_t low = (uint64_t)t, high = (uint64_t)(t >> 64), r, s;
    if (__builtin_sub_overflow(low, high >> 32, &r)) r -= EPSILON;
    if (__builtin_add_overflow(r, (high & EPSILON) * EPSILON, &s)) s += EPSILON;
    return s >= NTT_PRIME ? s - NTT_PRIME : s;
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

/* root[i] of order 2^i; going from block s to s + 1 (numbered in bit-reversed order) multiplies the twiddle factor by a number
 * that depends on the count of trailing ones of s only. */
void ntt_plan_make(struct ntt_plan *plan)
{
    uint64_t root[33], inverse[33];
    root[32] = power(7, (NTT_PRIME - 1) >> 32); /* 7 generates the multiplicative group */
    inverse[32] = power(root[32], NTT_PRIME - 2);
    for (int i = 31; i >= 0; i--) {
        root[i] = mul(root[i + 1], root[i + 1]);
        inverse[i] = mul(inverse[i + 1], inverse[i + 1]);
    }
    uint64_t before = 1, before_inverse = 1;
    for (int i = 0; i < NTT_MAX_LOG; i++) {
        plan->forward[i] = mul(root[i + 2 > 32 ? 32 : i + 2], before);
        plan->inverse[i] = mul(inverse[i + 2 > 32 ? 32 : i + 2], before_inverse);
        before = mul(before, inverse[i + 2 > 32 ? 32 : i + 2]);
        before_inverse = mul(before_inverse, root[i + 2 > 32 ? 32 : i + 2]);
    }
}

static void butterflies(uint64_t *low, uint64_t *high, uint32_t n, uint64_t factor)
{
    if (factor == 1) {
        for (uint32_t i = 0; i < n; i++) {
            uint64_t l = low[i], h = high[i];
            low[i] = add(l, h);
            high[i] = sub(l, h);
        }
        return;
    }
    for (uint32_t i = 0; i < n; i++) {
        uint64_t l = low[i], h = mul(high[i], factor);
        low[i] = add(l, h);
        high[i] = sub(l, h);
    }
}

static void butterflies_inverse(uint64_t *low, uint64_t *high, uint32_t n, uint64_t factor)
{
    for (uint32_t i = 0; i < n; i++) {
        uint64_t l = low[i], h = high[i];
        low[i] = add(l, h);
        high[i] = mul(sub(l, h), factor);
    }
}

/* One transform: stages of 2^stage blocks, each of two halves of 2^(log - stage - 1). */
static inline bool transform(uint64_t *a, unsigned log, const uint64_t *rates, struct ntt_cursor *c,
                             uint32_t work, bool inverse)
{
    if (!c->started) *c = (struct ntt_cursor){.stage = inverse ? log : 0, .started = 1, .factor = 1};
    while (inverse ? c->stage > 0 : c->stage < log) {
        unsigned blocks_log = inverse ? c->stage - 1 : c->stage;
        uint32_t half = 1u << (log - blocks_log - 1);
        for (; c->block < 1u << blocks_log; c->block++) {
            uint64_t *low = a + ((uint64_t)c->block << (log - blocks_log)) + c->at;
            uint32_t n = half - c->at < work ? half - c->at : work;
            if (inverse)
                butterflies_inverse(low, low + half, n, c->factor);
            else
                butterflies(low, low + half, n, c->factor);
            c->at += n;
            work -= n;
            if (c->at < half) return false;
            c->at = 0;
            c->factor = mul(c->factor, rates[__builtin_ctzll(~(uint64_t)c->block)]);
            if (work == 0) {
                c->block++;
                return false;
            }
        }
        c->block = 0;
        c->factor = 1;
        c->stage += inverse ? -1u : 1u;
    }
    return true;
}

bool ntt_forward(uint64_t *a, unsigned log, const struct ntt_plan *plan, struct ntt_cursor *c, uint32_t work)
{
    return transform(a, log, plan->forward, c, work, false);
}

bool ntt_inverse(uint64_t *a, unsigned log, const struct ntt_plan *plan, struct ntt_cursor *c, uint32_t work)
{
    return transform(a, log, plan->inverse, c, work, true);
}
