#include "base/letter_case.h"
#include "base/case_table.h"

static const struct case_range *find_range(const struct case_range *table, size_t n, uint32_t c)
{
    size_t low = 0, high = n; /* the last range that starts at or before c */
    while (low < high) {
        size_t middle = (low + high) / 2;
        if (table[middle].first <= c)
            low = middle + 1;
        else
            high = middle;
    }
    if (low == 0) return NULL;
    const struct case_range *r = &table[low - 1];
    uint32_t distance = c - r->first;
    return distance % r->stride == 0 && distance / r->stride < r->count ? r : NULL;
}

static unsigned special(const struct case_special *table, size_t n, uint32_t c, uint32_t to[3])
{
    for (size_t i = 0; i < n && table[i].code <= c; i++) {
        if (table[i].code != c) continue;
        unsigned used = 0;
        while (used < 3 && table[i].to[used]) {
            to[used] = table[i].to[used];
            used++;
        }
        return used;
    }
    return 0;
}

unsigned letter_upper(uint32_t c, uint32_t to[3])
{
    to[0] = c;
    if (c < 0x80) {
        if (c >= 'a' && c <= 'z') to[0] = c - 32;
        return 1;
    }
    const struct case_range *r = find_range(upper_ranges, COUNT_OF(upper_ranges), c);
    if (r) {
        to[0] = (uint32_t)((int32_t)c + r->delta);
        return 1;
    }
    unsigned n = special(upper_specials, COUNT_OF(upper_specials), c, to);
    return n ? n : 1;
}

unsigned letter_lower(uint32_t c, uint32_t to[3])
{
    to[0] = c;
    if (c < 0x80) {
        if (c >= 'A' && c <= 'Z') to[0] = c + 32;
        return 1;
    }
    const struct case_range *r = find_range(lower_ranges, COUNT_OF(lower_ranges), c);
    if (r) {
        to[0] = (uint32_t)((int32_t)c + r->delta);
        return 1;
    }
    unsigned n = special(lower_specials, COUNT_OF(lower_specials), c, to);
    return n ? n : 1;
}

bool letter_is_cased(uint32_t c)
{
    uint32_t to[3];
    return letter_upper(c, to) > 1 || to[0] != c || letter_lower(c, to) > 1 || to[0] != c;
}
