/* Number-theoretic transform modulo p = 2^64 - 2^32 + 1, in slices: the way to multiply very long numbers that can stop at
 * any point.  Digits of 16 bits: a convolution of up to 2^31 of them stays below p.
 * Source: J. M. Pollard, "The fast Fourier transform in a finite field" (1971). */
#ifndef BASE_NTT_H
#define BASE_NTT_H

#include "base/types.h"

#define NTT_PRIME 0xffffffff00000001ull
#define NTT_MAX_LOG 31

/* Factors from one block to the next, for stages of radix 2 and 4: made once for many transforms. */
struct ntt_plan {
    uint64_t forward[2][NTT_MAX_LOG], inverse[2][NTT_MAX_LOG];
};
void ntt_plan_make(struct ntt_plan *plan);

/* Where a transform stands; all zero at the beginning. */
struct ntt_cursor {
    uint32_t stage, block, at, started;
    uint64_t factor;
};

/* Transform a (2^log numbers) in place, about `work` butterflies at a time.  Returns true when it is done; otherwise call
 * again.  The result of the forward transform is in bit-reversed order, which the inverse one expects; the inverse one leaves
 * everything multiplied by 2^log.  Numbers are below 2^64, not always below p:
 * ntt_canonical() brings them there. */
bool ntt_forward(uint64_t *a, unsigned log, const struct ntt_plan *plan, struct ntt_cursor *c, uint32_t work);
bool ntt_inverse(uint64_t *a, unsigned log, const struct ntt_plan *plan, struct ntt_cursor *c, uint32_t work);

static inline uint64_t ntt_canonical(uint64_t a)
{
    return a >= NTT_PRIME ? a - NTT_PRIME : a;
}
uint64_t ntt_mul(uint64_t a, uint64_t b);    /* a * b mod p, below p, for any a and b */
uint64_t ntt_inverse_of_power(unsigned log); /* 2^-log mod p */

#endif
