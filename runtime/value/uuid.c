#include "runtime/value/instant.h"

value uuid_make(struct process *p, uint64_t high, uint64_t low)
{
    struct object *o = heap_alloc(p, T_UUID, 0, 2);
    o->p[0] = high;
    o->p[1] = low;
    return from_obj(o);
}

static bool dash_at(unsigned i)
{
    return i == 8 || i == 13 || i == 18 || i == 23;
}

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return -1;
}

bool uuid_parse(const char *text, size_t size, uint64_t *high, uint64_t *low)
{
    uint64_t half[2] = {0, 0};
    unsigned digit = 0;
    if (size != UUID_TEXT_SIZE) return false;
    for (unsigned i = 0; i < UUID_TEXT_SIZE; i++) {
        if (dash_at(i)) {
            if (text[i] != '-') return false;
            continue;
        }
        int d = hex_digit(text[i]);
        if (d < 0) return false;
        half[digit / 16] = half[digit / 16] << 4 | (uint64_t)d;
        digit++;
    }
    *high = half[0];
    *low = half[1];
    return true;
}

void uuid_format(uint64_t high, uint64_t low, char *to)
{
    unsigned digit = 0;
    for (unsigned i = 0; i < UUID_TEXT_SIZE; i++) {
        if (dash_at(i)) {
            to[i] = '-';
            continue;
        }
        uint64_t half = digit < 16 ? high : low;
        to[i] = "0123456789abcdef"[half >> (60 - digit % 16 * 4) & 15];
        digit++;
    }
}
