/* SHA-256 (FIPS 180-4), for data that comes in pieces. */
#ifndef BASE_SHA256_H
#define BASE_SHA256_H

#include "base/types.h"

#define SHA256_BYTES 32

struct sha256 {
    uint32_t state[8];
    uint64_t size_bytes; /* so far */
    uint8_t block[64];   /* what is not hashed yet: size_bytes % 64 bytes */
};

void sha256_start(struct sha256 *s);
void sha256_add(struct sha256 *s, const void *bytes, size_t size);
void sha256_end(struct sha256 *s, uint8_t digest[SHA256_BYTES]); /* s is used up */

void sha256(const void *bytes, size_t size, uint8_t digest[SHA256_BYTES]);

#endif
