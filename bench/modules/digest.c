/* Integer code: rotations, additions and tables; SHA-256 (FIPS 180-4) of a long text. */
#include "bench.h"

static uint32_t round_constant[64], state[8];

static uint32_t rotate(uint32_t x, int n)
{
    return x >> n | x << (32 - n);
}

static void block(const uint8_t *p)
{
    uint32_t w[64], h[8];
    for (int i = 0; i < 16; i++)
        w[i] = (uint32_t)p[4 * i] << 24 | (uint32_t)p[4 * i + 1] << 16 | (uint32_t)p[4 * i + 2] << 8 |
               p[4 * i + 3];
    for (int i = 16; i < 64; i++)
        w[i] = w[i - 16] + w[i - 7] + (rotate(w[i - 15], 7) ^ rotate(w[i - 15], 18) ^ w[i - 15] >> 3) +
               (rotate(w[i - 2], 17) ^ rotate(w[i - 2], 19) ^ w[i - 2] >> 10);
    memcpy(h, state, sizeof h);
    for (int i = 0; i < 64; i++) {
        uint32_t t = h[7] + (rotate(h[4], 6) ^ rotate(h[4], 11) ^ rotate(h[4], 25)) +
                     ((h[4] & h[5]) ^ (~h[4] & h[6])) + round_constant[i] + w[i];
        uint32_t u = (rotate(h[0], 2) ^ rotate(h[0], 13) ^ rotate(h[0], 22)) +
                     ((h[0] & h[1]) ^ (h[0] & h[2]) ^ (h[1] & h[2]));
        memmove(h + 1, h, 7 * sizeof h[0]);
        h[4] += t, h[0] = t + u;
    }
    for (int i = 0; i < 8; i++) state[i] += h[i];
}

static uint64_t work(void)
{
    static uint8_t text[1 << 20];
    for (int i = 0; i < 64; i++) round_constant[i] = random_number();
    for (int i = 0; i < 8; i++) state[i] = random_number();
    for (unsigned i = 0; i < sizeof text; i++) text[i] = (uint8_t)random_number();
    for (int round = 0; round < 24; round++)
        for (unsigned i = 0; i < sizeof text; i += 64) block(text + i);
    return (uint64_t)state[0] << 32 | state[7];
}
