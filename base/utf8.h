/* UTF-8: validating, counting, walking.  Code points are 0 .. 10FFFF without the surrogates D800 .. DFFF; overlong forms
 * are invalid (RFC 3629). */
#ifndef BASE_UTF8_H
#define BASE_UTF8_H

#include "base/types.h"

/* Checks size bytes.  Result: size if all is valid, else the offset of the first byte that does not belong to a valid
 * sequence.  *chars (may be NULL) becomes the number of code points before that offset.  O(size); ASCII goes eight bytes
 * at a time. */
size_t utf8_validate(const char *bytes, size_t size, size_t *chars);

/* Length in bytes (1 .. 4) of the sequence at bytes and its code point in *c; 0 if it is invalid or cut off. */
unsigned utf8_decode(const char *bytes, size_t size, uint32_t *c);

/* Number of code points.  Pre: valid UTF-8. */
size_t utf8_count(const char *bytes, size_t size);

/* Byte offset of the code point with the given index, at most size.  Pre: valid UTF-8.  O(offset). */
size_t utf8_offset(const char *bytes, size_t size, size_t index);

/* Writes c (pre: utf8_is_scalar) to `to` (room for 4 bytes); length in bytes. */
unsigned utf8_encode(uint32_t c, char *to);

static inline bool utf8_is_scalar(uint32_t c)
{
    return c < 0xd800 || (c >= 0xe000 && c <= 0x10ffff);
}
static inline unsigned utf8_size(uint32_t c)
{
    return c < 0x80 ? 1 : c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;
}
static inline bool utf8_is_continuation(char b)
{
    return ((uint8_t)b & 0xc0) == 0x80;
}

/* The sequence at a place that is known to be valid, not at the end; advances *at. */
static inline uint32_t utf8_next(const char **at)
{
    const uint8_t *s = (const uint8_t *)*at;
    if (LIKELY(s[0] < 0x80)) {
        *at += 1;
        return s[0];
    }
    if (s[0] < 0xe0) {
        *at += 2;
        return (uint32_t)(s[0] & 0x1f) << 6 | (s[1] & 0x3f);
    }
    if (s[0] < 0xf0) {
        *at += 3;
        return (uint32_t)(s[0] & 0x0f) << 12 | (uint32_t)(s[1] & 0x3f) << 6 | (s[2] & 0x3f);
    }
    *at += 4;
    return (uint32_t)(s[0] & 0x07) << 18 | (uint32_t)(s[1] & 0x3f) << 12 | (uint32_t)(s[2] & 0x3f) << 6 |
           (s[3] & 0x3f);
}

#endif
