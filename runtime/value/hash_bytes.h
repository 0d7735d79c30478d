/* The one hash over bytes, the same everywhere and for ever (images and other domains keep its results).
 *
 * Words of eight bytes, little-endian, the last one padded with zeros, folded in by a 64 x 64 -> 128 bit multiplication.
 * Of more than HASH_WHOLE_BYTES only the two ends count (with the size), so that the cost has a bound: equal hashes are
 * resolved by comparison, in collision nodes that are ordered trees. */
#ifndef RUNTIME_VALUE_HASH_BYTES_H
#define RUNTIME_VALUE_HASH_BYTES_H

#include "base/types.h"

#define HASH_WHOLE_BYTES 16384u
#define HASH_SEED_STRING 0x9ae16a3b2f90404full
#define HASH_SEED_BINARY 0xb492b66fbe98f273ull
#define HASH_SEED_SYMBOL 0xc3a5c85c97cb3127ull
#define HASH_SEED_KEYWORD 0x8648dbdb4ec2d7a1ull

static inline uint64_t hash_bytes_fold(uint64_t a, uint64_t b)
{
    unsigned __int128 product = (unsigned __int128)a * b;
    return (uint64_t)product ^ (uint64_t)(product >> 64);
}

static inline uint64_t hash_bytes_run(uint64_t h, const char *at, size_t size)
{
    uint64_t w;
    for (; size >= 8; at += 8, size -= 8) {
        __builtin_memcpy(&w, at, 8);
        h = hash_bytes_fold(h ^ w, 0xd6e8feb86659fd93ull) + 0x2545f4914f6cdd1dull;
    }
    if (size) {
        w = 0;
        __builtin_memcpy(&w, at, size);
        h = hash_bytes_fold(h ^ w, 0xd6e8feb86659fd93ull) + 0x2545f4914f6cdd1dull;
    }
    return h;
}

static inline uint64_t hash_bytes(uint64_t seed, const char *bytes, size_t size)
{
    uint64_t h = hash_bytes_fold(seed ^ size, 0xa0761d6478bd642full);
    if (size <= HASH_WHOLE_BYTES) return hash_bytes_run(h, bytes, size);
    h = hash_bytes_run(h, bytes, HASH_WHOLE_BYTES / 2);
    return hash_bytes_run(h, bytes + size - HASH_WHOLE_BYTES / 2, HASH_WHOLE_BYTES / 2);
}

static inline uint32_t hash_bytes_finish(uint64_t h)
{
    h = hash_bytes_fold(h, 0xe7037ed1a0b428dbull);
    return (uint32_t)(h ^ h >> 32);
}

#endif
