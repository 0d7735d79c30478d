/* The one hash function of the system: mixing steps.  Collections are used in place by other domains and results must be
 * the same everywhere, so nothing here may change without changing every image.  docs/design/collections.md has the rules.
 *
 * A hash has 32 bits; compound values are folded in 64 bits and cut at the end. */
#ifndef RUNTIME_VALUE_HASH_H
#define RUNTIME_VALUE_HASH_H

#include "runtime/value/value.h"

static inline uint64_t hash_mix64(uint64_t x)
{
    x ^= x >> 32;
    x *= 0x9e3779b97f4a7c15ull;
    x ^= x >> 29;
    x *= 0xbf58476d1ce4e5b9ull;
    x ^= x >> 32;
    return x;
}

/* Integers in fixnum range.  One multiplication: it stands in every map access with a small integer key. */
static inline uint32_t hash_fixnum(int64_t i)
{
    uint64_t x = (uint64_t)i;
    x ^= x >> 32;
    return (uint32_t)(x * 0x9e3779b97f4a7c15ull >> 32);
}

/* Folding steps.  Ordered: lists, vectors, sequences.  Unordered: maps and sets (the sum does not depend on the order). */
static inline uint64_t hash_ordered(uint64_t h, uint64_t element)
{
    return hash_mix64(h * 31 + element);
}
static inline uint64_t hash_entry(uint64_t key, uint64_t val)
{
    return hash_mix64(hash_mix64(key) + val);
}
static inline uint64_t hash_unordered(uint64_t h, uint64_t element)
{
    return h + hash_mix64(element);
}
static inline uint64_t hash_close(uint64_t h, uint64_t count, uint64_t seed)
{
    return hash_mix64(h + count * 0x2545f491ull + seed);
}

#define HASH_SEED_SEQUENCE 1u
#define HASH_SEED_MAP 2u
#define HASH_SEED_SET 3u
#define HASH_SEED_RECORD 4u
#define HASH_SEED_OTHER 5u

#endif
