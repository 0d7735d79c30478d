#include "base/mem.h"

#if !__STDC_HOSTED__

/* Byte loops must not be turned into calls of the very functions that they define. */
#define NO_IDIOM __attribute__((no_builtin))

#if defined(__x86_64__)
/* Words one by one while there are few, since starting a string move takes some 30 cycles; then string moves of words. */
#define STRING_MOVE_BYTES 128

NO_IDIOM void *memcpy(void *restrict to, const void *restrict from, size_t bytes)
{
    uint8_t *d = to;
    const uint8_t *s = from;
    size_t words = bytes / 8;
    if (bytes >= STRING_MOVE_BYTES) {
        __asm__ volatile("rep movsq" : "+D"(d), "+S"(s), "+c"(words)::"memory");
    } else {
        for (; words != 0; words--, d += 8, s += 8) {
            uint64_t w = 0;
            __builtin_memcpy(&w, s, 8);
            __builtin_memcpy(d, &w, 8);
        }
    }
    for (bytes &= 7; bytes != 0; bytes--) *d++ = *s++;
    return to;
}

NO_IDIOM void *memset(void *to, int byte, size_t bytes)
{
    uint8_t *d = to;
    uint64_t w = 0x0101010101010101ull * (uint8_t)byte;
    size_t words = bytes / 8;
    if (bytes >= STRING_MOVE_BYTES)
        __asm__ volatile("rep stosq" : "+D"(d), "+c"(words) : "a"(w) : "memory");
    else
        for (; words != 0; words--, d += 8) __builtin_memcpy(d, &w, 8);
    for (bytes &= 7; bytes != 0; bytes--) *d++ = (uint8_t)byte;
    return to;
}
#else
NO_IDIOM void *memcpy(void *restrict to, const void *restrict from, size_t bytes)
{
    uint8_t *d = to;
    const uint8_t *s = from;
    for (; bytes >= 8; bytes -= 8, d += 8, s += 8) {
        uint64_t w = 0;
        __builtin_memcpy(&w, s, 8);
        __builtin_memcpy(d, &w, 8);
    }
    while (bytes-- != 0) *d++ = *s++;
    return to;
}

NO_IDIOM void *memset(void *to, int byte, size_t bytes)
{
    uint8_t *d = to;
    uint64_t w = 0x0101010101010101ull * (uint8_t)byte;
    for (; bytes >= 8; bytes -= 8, d += 8) __builtin_memcpy(d, &w, 8);
    while (bytes-- != 0) *d++ = (uint8_t)byte;
    return to;
}
#endif

NO_IDIOM void *memmove(void *to, const void *from, size_t bytes)
{
    uint8_t *d = to;
    const uint8_t *s = from;
    if ((uintptr_t)d - (uintptr_t)s >= bytes) return memcpy(to, from, bytes);
    while (bytes-- != 0) d[bytes] = s[bytes];
    return to;
}

NO_IDIOM int memcmp(const void *a, const void *b, size_t bytes)
{
    const uint8_t *x = a, *y = b;
    for (; bytes >= 8; bytes -= 8, x += 8, y += 8) {
        uint64_t v = 0, w = 0;
        __builtin_memcpy(&v, x, 8);
        __builtin_memcpy(&w, y, 8);
        if (v != w) break;
    }
    for (; bytes != 0; bytes--, x++, y++)
        if (*x != *y) return *x < *y ? -1 : 1;
    return 0;
}

/* The compiler calls these for its builtins of the same names. */
size_t strlen(const char *s);
int strcmp(const char *a, const char *b);
void *memchr(const void *in, int byte, size_t bytes);

NO_IDIOM size_t strlen(const char *s)
{
    size_t n = 0;
    while (s[n] != 0) n++;
    return n;
}

NO_IDIOM int strcmp(const char *a, const char *b)
{
    while (*a != 0 && *a == *b) {
        a++;
        b++;
    }
    return (uint8_t)*a - (uint8_t)*b;
}

NO_IDIOM void *memchr(const void *in, int byte, size_t bytes)
{
    for (const uint8_t *at = in; bytes != 0; bytes--, at++)
        if (*at == (uint8_t)byte) return (void *)at;
    return NULL;
}

#else
typedef int base_mem_is_libc; /* a translation unit must not be empty */
#endif
