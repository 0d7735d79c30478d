#include "runtime/value/regex_set.h"

#include "base/category.h"

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

static void too_complex(struct regex_set *s)
{
    s->n = REGEX_SET_MAX + 1;
}
static bool plain(const struct regex_set *s)
{
    return s->categories == 0 && !s->inverted;
}
static bool empty(const struct regex_set *s)
{
    return s->n == 0 && plain(s);
}
/* Beyond ASCII there are only categories. */
static bool by_category(const struct regex_set *s)
{
    return !s->inverted && (s->n == 0 || (s->n <= REGEX_SET_MAX && s->range[s->n - 1][1] < 128));
}

void regex_set_add_set(struct regex_set *s, const struct regex_set *other)
{
    if (other->n > REGEX_SET_MAX || empty(s)) {
        *s = *other;
    } else if (!empty(other)) {
        for (uint32_t i = 0; i < other->n; i++) regex_set_add(s, other->range[i][0], other->range[i][1]);
        s->categories |= other->categories;
        if (s->inverted || other->inverted) too_complex(s);
    }
}

/* What lies in from .. to and not in s. */
static void complement(struct regex_set *s, uint32_t from, uint32_t to)
{
    struct regex_set r = {.n = 0};
    for (uint32_t i = 0; i < s->n && s->range[i][0] <= to; i++) {
        if (s->range[i][0] > from) regex_set_add(&r, from, s->range[i][0] - 1);
        from = s->range[i][1] + 1;
    }
    if (from <= to) regex_set_add(&r, from, to);
    __builtin_memcpy(s->range, r.range, r.n * sizeof r.range[0]);
    s->n = r.n;
}

void regex_set_negate(struct regex_set *s)
{
    if (s->n > REGEX_SET_MAX) return;
    if (plain(s)) {
        complement(s, 0, TOP);
    } else if (by_category(s)) {
        complement(s, 0, 127);
        s->categories = ~s->categories & ((1u << CATEGORY_COUNT) - 1);
    } else {
        struct regex_set beyond = *s;
        complement(s, 0, 127);
        for (uint32_t i = 0; i < beyond.n; i++)
            if (beyond.range[i][1] >= 128)
                regex_set_add(s, beyond.range[i][0] < 128 ? 128 : beyond.range[i][0], beyond.range[i][1]);
        s->inverted = !s->inverted;
    }
}

void regex_set_intersect(struct regex_set *s, const struct regex_set *other)
{
    struct regex_set r = {.n = 0};
    bool categories = by_category(s) && by_category(other);
    if (s->n > REGEX_SET_MAX || other->n > REGEX_SET_MAX || !(categories || (plain(s) && plain(other)))) {
        too_complex(s);
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
    r.categories = s->categories & other->categories;
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
    const uint32_t cased = 1u << CATEGORY_LU | 1u << CATEGORY_LL | 1u << CATEGORY_LT;
    if (s->n > REGEX_SET_MAX) return;
    if (s->categories & cased) s->categories |= cased;
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
    *s = (struct regex_set){.n = 0};
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

/* POSIX classes, which are ASCII as in Java, and what Java calls by longer names. */
static const struct {
    const char *name, *pairs;
} posix[] = {
    {"Lower", "az"},
    {"Upper", "AZ"},
    {"Alpha", "AZaz"},
    {"Digit", "09"},
    {"Alnum", "09AZaz"},
    {"Punct", "!/:@[`{~"},
    {"Graph", "!~"},
    {"Print", " ~"},
    {"Blank", "\t\t  "},
    {"XDigit", "09AFaf"},
    {"Space", "\t\r  "},
    {"ASCII", "\x01\x7f"},
    {"Cntrl", "\x01\x1f\x7f\x7f"},
};
#define BIT(name) (1u << CATEGORY_##name)
#define LETTERS (BIT(LU) | BIT(LL) | BIT(LT) | BIT(LM) | BIT(LO))
static const struct {
    const char *name;
    uint32_t categories;
} properties[] = {
    {"IsAlphabetic", LETTERS | BIT(NL)},
    {"IsLetter", LETTERS},
    {"IsDigit", BIT(ND)},
    {"IsUppercase", BIT(LU)},
    {"IsLowercase", BIT(LL)},
    {"IsTitlecase", BIT(LT)},
    {"javaLetter", LETTERS},
    {"javaDigit", BIT(ND)},
    {"javaUpperCase", BIT(LU)},
    {"javaLowerCase", BIT(LL)},
    {"javaLetterOrDigit", LETTERS | BIT(ND)},
    {"javaAlphabetic", LETTERS | BIT(NL)},
    {"IsPunctuation", BIT(PC) | BIT(PD) | BIT(PS) | BIT(PE) | BIT(PI) | BIT(PF) | BIT(PO)},
    {"javaSpaceChar", BIT(ZS) | BIT(ZL) | BIT(ZP)},
};

static bool named(const char *wanted, const char *name, size_t size)
{
    return __builtin_strlen(wanted) == size && __builtin_memcmp(wanted, name, size) == 0;
}

bool regex_set_property(struct regex_set *s, const char *name, size_t size)
{
    *s = (struct regex_set){.n = 0};
    for (size_t i = 0; i < COUNT_OF(posix); i++)
        if (named(posix[i].name, name, size)) {
            add_pairs(s, posix[i].pairs);
            if (s->range[0][0] == 1) regex_set_add(s, 0, 0); /* NUL cannot stand in the text of pairs */
            return true;
        }
    for (size_t i = 0; i < COUNT_OF(properties) && s->categories == 0; i++)
        if (named(properties[i].name, name, size)) s->categories = properties[i].categories;
    if (s->categories == 0 && size > 2 && name[0] == 'I' && name[1] == 's')
        s->categories = category_mask(name + 2, size - 2);
    if (s->categories == 0) s->categories = category_mask(name, size);
    if (s->categories == 0) return false;
    for (uint32_t c = 0; c < 128; c++)
        if (s->categories >> category_of(c) & 1) regex_set_add(s, c, c);
    return true;
}
