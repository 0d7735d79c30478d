#include "base/mem.h"

#if !__STDC_HOSTED__

/* Byte loops must not be turned into calls of the very functions that they define. */
#define NO_IDIOM __attribute__((no_builtin))

#if defined(__x86_64__)
/* Fast string moves are as good as anything on every x86-64 of the last decade (ERMSB), and tiny. */
NO_IDIOM void *memcpy(void *restrict to, const void *restrict from, size_t bytes)
{
    void *d = to;
    __asm__ volatile("rep movsb" : "+D"(d), "+S"(from), "+c"(bytes)::"memory");
    return to;
}

NO_IDIOM void *memset(void *to, int byte, size_t bytes)
{
    void *d = to;
    __asm__ volatile("rep stosb" : "+D"(d), "+c"(bytes) : "a"(byte) : "memory");
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
    for (; bytes != 0; bytes--, x++, y++)
        if (*x != *y) return *x < *y ? -1 : 1;
    return 0;
}

#else
typedef int base_mem_is_libc; /* a translation unit must not be empty */
#endif
