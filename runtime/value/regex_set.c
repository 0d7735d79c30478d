#include "runtime/value/regex_set.h"

#define TOP 0x10ffffu

/* Insert a range, merging what it touches.  O(n). */
void regex_set_add(struct regex_set *s, uint32_t low, uint32_t high)
{
    uint32_t i = 0;
    if (s->n > REGEX_SET_MAX) return;
    while (i < s->n && s->range[i][1] + 1 < low) i++;
    uint32_t k = i;
    for (; k < s->n && s->range[k][0] <= high + 1; k++) {
        if (s->range[k][0] < low) low = s->range[k][0];
        if (s->range[k][1] > high) high = s->range[k][1];
    }
    if (i == k && s->n == REGEX_SET_MAX) {
        s->n = REGEX_SET_MAX + 1;
        return;
    }
    __builtin_memmove(s->range[i + 1], s->range[k], (s->n - k) * sizeof s->range[0]);
    s->range[i][0] = low;
    s->range[i][1] = high;
    s->n = s->n - (k - i) + 1;
}

void regex_set_add_set(struct regex_set *s, const struct regex_set *other)
{
    if (other->n > REGEX_SET_MAX) {
        s->n = other->n;
        return;
    }
    for (uint32_t i = 0; i < other->n; i++) regex_set_add(s, other->range[i][0], other->range[i][1]);
}

void regex_set_negate(struct regex_set *s)
{
    struct regex_set r = {.n = 0};
    uint32_t from = 0;
    if (s->n > REGEX_SET_MAX) return;
    for (uint32_t i = 0; i < s->n; i++) {
        if (s->range[i][0] > from) regex_set_add(&r, from, s->range[i][0] - 1);
        from = s->range[i][1] + 1;
    }
    if (from <= TOP) regex_set_add(&r, from, TOP);
    *s = r;
}

void regex_set_intersect(struct regex_set *s, const struct regex_set *other)
{
    struct regex_set r = {.n = 0};
    if (s->n > REGEX_SET_MAX || other->n > REGEX_SET_MAX) {
        s->n = REGEX_SET_MAX + 1;
        return;
    }
    for (uint32_t i = 0, k = 0; i < s->n && k < other->n;) {
        uint32_t low = s->range[i][0] > other->range[k][0] ? s->range[i][0] : other->range[k][0];
        uint32_t high = s->range[i][1] < other->range[k][1] ? s->range[i][1] : other->range[k][1];
        if (low <= high) regex_set_add(&r, low, high);
        if (s->range[i][1] < other->range[k][1])
            i++;
        else
            k++;
    }
    *s = r;
}

static void add_shifted(struct regex_set *to, const struct regex_set *from, uint32_t low, uint32_t high,
                        int32_t shift)
{
    for (uint32_t i = 0; i < from->n; i++) {
        uint32_t a = from->range[i][0] > low ? from->range[i][0] : low;
        uint32_t b = from->range[i][1] < high ? from->range[i][1] : high;
        if (a <= b) regex_set_add(to, a + (uint32_t)shift, b + (uint32_t)shift);
    }
}

void regex_set_fold(struct regex_set *s)
{
    if (s->n > REGEX_SET_MAX) return;
    struct regex_set before = *s;
    add_shifted(s, &before, 'a', 'z', 'A' - 'a');
    add_shifted(s, &before, 'A', 'Z', 'a' - 'A');
}

/* Sets written as ranges: pairs of characters, in text order. */
static void add_pairs(struct regex_set *s, const char *pairs)
{
    for (; *pairs != 0; pairs += 2) regex_set_add(s, (uint8_t)pairs[0], (uint8_t)pairs[1]);
}

bool regex_set_escape(struct regex_set *s, char letter)
{
    s->n = 0;
    switch (letter | 0x20) {
    case 'd': add_pairs(s, "09"); break;
    case 'w': add_pairs(s, "09AZ__az"); break;
    case 's': add_pairs(s, "\t\r  "); break;
    case 'v':
        add_pairs(s, "\n\r");
        regex_set_add(s, 0x85, 0x85);
        regex_set_add(s, 0x2028, 0x2029);
        break;
    case 'h':
        add_pairs(s, "\t\t  ");
        regex_set_add(s, 0xa0, 0xa0);
        regex_set_add(s, 0x1680, 0x1680);
        regex_set_add(s, 0x180e, 0x180e);
        regex_set_add(s, 0x2000, 0x200a);
        regex_set_add(s, 0x202f, 0x202f);
        regex_set_add(s, 0x205f, 0x205f);
        regex_set_add(s, 0x3000, 0x3000);
        break;
    default: return false;
    }
    if (letter < 'a') regex_set_negate(s);
    return true;
}

/* POSIX classes (ASCII, as in Java) and the general categories restricted to what the table below knows. */
static const struct {
    const char *name, *pairs;
} properties[] = {
    {"Lower", "az"},         {"Upper", "AZ"},
    {"Alpha", "AZaz"},       {"Digit", "09"},
    {"Alnum", "09AZaz"},     {"Punct", "!/:@[`{~"},
    {"Graph", "!~"},         {"Print", " ~"},
    {"Blank", "\t\t  "},     {"XDigit", "09AFaf"},
    {"Space", "\t\r  "},     {"javaLowerCase", "az"},
    {"javaUpperCase", "AZ"}, {"javaWhitespace", "\t\r\x1c\x1f  "},
};

bool regex_set_property(struct regex_set *s, const char *name, size_t size)
{
    s->n = 0;
    for (size_t i = 0; i < COUNT_OF(properties); i++)
        if (__builtin_strlen(properties[i].name) == size &&
            __builtin_memcmp(properties[i].name, name, size) == 0) {
            add_pairs(s, properties[i].pairs);
            return true;
        }
    if (size == 5 && __builtin_memcmp(name, "ASCII", 5) == 0) {
        regex_set_add(s, 0, 0x7f);
        return true;
    }
    if (size == 5 && __builtin_memcmp(name, "Cntrl", 5) == 0) {
        regex_set_add(s, 0, 0x1f);
        regex_set_add(s, 0x7f, 0x7f);
        return true;
    }
    return false;
}
