/* Transforms: there and back, cyclic convolution against the definition, the same in slices of any size. */
#include <stdlib.h>
#include "base/ntt.h"
#include "test/support/check.h"

static uint64_t seed = 0x853c49e6748fea9bull;
static uint64_t next_random(void)
{
    seed ^= seed << 13;
    seed ^= seed >> 7;
    seed ^= seed << 17;
    return seed * 0x2545f4914f6cdd1dull;
}
static uint64_t slow_mul(uint64_t a, uint64_t b)
{
    return (uint64_t)((unsigned __int128)a * b % NTT_PRIME);
}

static void whole(bool (*f)(uint64_t *, unsigned, const struct ntt_plan *, struct ntt_cursor *, uint32_t),
                  uint64_t *a, unsigned log, const struct ntt_plan *plan, uint32_t work)
{
    struct ntt_cursor c = {0};
    while (!f(a, log, plan, &c, work)) continue;
}

int main(void)
{
    struct ntt_plan plan;
    ntt_plan_make(&plan);
    for (unsigned i = 0; i < 200000; i++) {
        uint64_t a = next_random(), b = next_random();
        if (i % 3 == 0) a |= 0xffffffff00000000ull, b >>= 60;
        CHECK_EQ_U64(ntt_mul(a, b), slow_mul(a, b));
    }
    CHECK_EQ_U64(ntt_mul(~0ull, ~0ull), slow_mul(~0ull, ~0ull));
    for (unsigned log = 0; log <= 13; log++) {
        size_t n = 1u << log;
        uint64_t *a = malloc(n * 8), *b = malloc(n * 8), *x = malloc(n * 8), *y = malloc(n * 8),
                 *sum = calloc(n, 8);
        for (size_t i = 0; i < n; i++) {
            x[i] = a[i] = next_random() % NTT_PRIME;
            y[i] = b[i] = i % 7 == 0 ? NTT_PRIME - 1 : next_random() & 0xffff;
        }
        for (size_t i = 0; i < n && log <= 9; i++)
            for (size_t k = 0; k < n; k++) {
                unsigned __int128 s = (unsigned __int128)sum[(i + k) % n] + slow_mul(x[i], y[k]);
                sum[(i + k) % n] = (uint64_t)(s % NTT_PRIME);
            }
        whole(ntt_forward, a, log, &plan, 1u << 30);
        whole(ntt_forward, b, log, &plan, 1 + (uint32_t)(next_random() % 50));
        uint64_t scale = ntt_inverse_of_power(log);
        uint64_t *back = malloc(n * 8);
        memcpy(back, a, n * 8);
        whole(ntt_inverse, back, log, &plan, 37);
        for (size_t i = 0; i < n; i++) CHECK_EQ_U64(ntt_mul(back[i], scale), x[i]);
        for (size_t i = 0; i < n; i++) a[i] = ntt_mul(a[i], b[i]);
        whole(ntt_inverse, a, log, &plan, 1u << 20);
        for (size_t i = 0; i < n && log <= 9; i++) CHECK_EQ_U64(ntt_mul(a[i], scale), sum[i]);
        free(a), free(b), free(x), free(y), free(sum), free(back);
    }
    return check_report();
}
