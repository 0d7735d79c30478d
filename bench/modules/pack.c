/* Bytes, matches and tables: a text is packed by references to what came before, and unpacked again. */
#include "bench.h"

#define BYTES (1 << 20)
static uint8_t text[BYTES], packed[BYTES * 2], unpacked[BYTES];
static int32_t last[1 << 15];

static uint32_t pack(void)
{
    uint32_t size = 0;
    memset(last, 0xff, sizeof last);
    for (uint32_t at = 0; at < BYTES;) {
        uint32_t hash = 0, length = 0;
        int32_t from = -1;
        if (at + 4 <= BYTES) {
            uint32_t four;
            memcpy(&four, text + at, 4);
            hash = four * 2654435761u >> 17;
            from = last[hash];
            last[hash] = (int32_t)at;
        }
        if (from >= 0 && at - (uint32_t)from < 65536)
            while (length < 250 && at + length < BYTES && text[(uint32_t)from + length] == text[at + length])
                length++;
        if (length >= 4) {
            packed[size++] = (uint8_t)length;
            packed[size++] = (uint8_t)(at - (uint32_t)from),
            packed[size++] = (uint8_t)((at - (uint32_t)from) >> 8);
            at += length;
        } else {
            packed[size++] = 0, packed[size++] = text[at++];
        }
    }
    return size;
}

static uint32_t unpack(uint32_t size)
{
    uint32_t to = 0;
    for (uint32_t at = 0; at < size;) {
        uint32_t length = packed[at++];
        if (length == 0) {
            unpacked[to++] = packed[at++];
            continue;
        }
        uint32_t back = packed[at] | (uint32_t)packed[at + 1] << 8;
        at += 2;
        for (; length > 0; length--, to++) unpacked[to] = unpacked[to - back];
    }
    return to;
}

static uint64_t work(void)
{
    static const char *const syllables[8] = {"ka", "lo", "na ", "re", "ti", "mu ", "s", "o"};
    uint64_t result = 0;
    for (uint32_t i = 0; i < BYTES;)
        for (const char *s = syllables[random_number() % 8]; *s != 0 && i < BYTES; s++)
            text[i++] = (uint8_t)*s;
    for (int round = 0; round < 12; round++) {
        uint32_t size = pack();
        if (unpack(size) != BYTES || memcmp(text, unpacked, BYTES) != 0) return 0;
        result = result * 31 + size;
        text[random_number() % BYTES] ^= 1;
    }
    return result;
}
