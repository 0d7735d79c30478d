#include "base/utf8.h"

#define HIGH_BITS 0x8080808080808080ull

static uint64_t load_word(const char *at)
{
    uint64_t w;
    __builtin_memcpy(&w, at, 8);
    return w;
}

unsigned utf8_decode(const char *bytes, size_t size, uint32_t *c)
{
    const uint8_t *s = (const uint8_t *)bytes;
    if (size == 0) return 0;
    if (s[0] < 0x80) {
        *c = s[0];
        return 1;
    }
    unsigned length = s[0] < 0xc2 ? 0 : s[0] < 0xe0 ? 2 : s[0] < 0xf0 ? 3 : s[0] < 0xf5 ? 4 : 0;
    if (length == 0 || length > size) return 0;
    uint32_t code = s[0] & (0xffu >> (length + 1));
    for (unsigned i = 1; i < length; i++) {
        if ((s[i] & 0xc0) != 0x80) return 0;
        code = code << 6 | (s[i] & 0x3f);
    }
    if (!utf8_is_scalar(code) || utf8_size(code) != length) return 0;
    *c = code;
    return length;
}

size_t utf8_validate(const char *bytes, size_t size, size_t *chars)
{
    size_t i = 0, count = 0;
    while (i < size) {
        if (size - i >= 8 && (load_word(bytes + i) & HIGH_BITS) == 0) {
            i += 8;
            count += 8;
            continue;
        }
        uint32_t c;
        unsigned length = utf8_decode(bytes + i, size - i, &c);
        if (length == 0) break;
        i += length;
        count++;
    }
    if (chars) *chars = count;
    return i;
}

size_t utf8_count(const char *bytes, size_t size)
{
    size_t continuations = 0;
    for (size_t i = 0; i < size; i++)
        continuations += utf8_is_continuation(bytes[i]); /* vectorised by the compiler */
    return size - continuations;
}

/* Continuation bytes among the eight of w. */
static unsigned continuations_in(uint64_t w)
{
    uint64_t high = w & HIGH_BITS, second = w << 1 & HIGH_BITS;
    return (unsigned)__builtin_popcountll(high & ~second);
}

/* First bytes of sequences among BLOCK bytes; a byte counter, so that the compiler's vectors stay narrow. */
#define BLOCK 64u
static unsigned starts_in_block(const char *bytes)
{
    uint8_t starts = 0;
    for (unsigned i = 0; i < BLOCK; i++) starts += (int8_t)bytes[i] >= -64;
    return starts;
}

size_t utf8_offset(const char *bytes, size_t size, size_t index)
{
    size_t i = 0;
    while (index >= BLOCK && size - i >= BLOCK) {
        index -= starts_in_block(bytes + i);
        i += BLOCK;
    }
    while (index >= 8 && size - i >= 8) {
        index -= 8 - continuations_in(load_word(bytes + i));
        i += 8;
    }
    /* i may stand inside a sequence whose first byte has been counted. */
    while (i < size && utf8_is_continuation(bytes[i])) i++;
    while (i < size && index > 0) {
        i++;
        while (i < size && utf8_is_continuation(bytes[i])) i++;
        index--;
    }
    return i;
}

unsigned utf8_encode(uint32_t c, char *to)
{
    unsigned length = utf8_size(c);
    switch (length) {
    case 1: to[0] = (char)c; break;
    case 2:
        to[0] = (char)(0xc0 | c >> 6);
        to[1] = (char)(0x80 | (c & 0x3f));
        break;
    case 3:
        to[0] = (char)(0xe0 | c >> 12);
        to[1] = (char)(0x80 | (c >> 6 & 0x3f));
        to[2] = (char)(0x80 | (c & 0x3f));
        break;
    default:
        to[0] = (char)(0xf0 | c >> 18);
        to[1] = (char)(0x80 | (c >> 12 & 0x3f));
        to[2] = (char)(0x80 | (c >> 6 & 0x3f));
        to[3] = (char)(0x80 | (c & 0x3f));
    }
    return length;
}
