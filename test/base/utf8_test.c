#include "base/utf8.h"
#include "test/support/check.h"

/* The plain reading of RFC 3629, against which the fast code is compared. */
static size_t slow_validate(const uint8_t *s, size_t size, size_t *chars)
{
    size_t i = 0;
    *chars = 0;
    while (i < size) {
        size_t n;
        if (s[i] <= 0x7f)
            n = 1;
        else if (s[i] >= 0xc2 && s[i] <= 0xdf)
            n = 2;
        else if (s[i] >= 0xe0 && s[i] <= 0xef)
            n = 3;
        else if (s[i] >= 0xf0 && s[i] <= 0xf4)
            n = 4;
        else
            return i;
        if (i + n > size) return i;
        for (size_t k = 1; k < n; k++)
            if (s[i + k] < 0x80 || s[i + k] > 0xbf) return i;
        if (s[i] == 0xe0 && s[i + 1] < 0xa0) return i;
        if (s[i] == 0xed && s[i + 1] > 0x9f) return i;
        if (s[i] == 0xf0 && s[i + 1] < 0x90) return i;
        if (s[i] == 0xf4 && s[i + 1] > 0x8f) return i;
        i += n;
        ++*chars;
    }
    return i;
}

static void every_code_point(void)
{
    char b[4];
    uint32_t bad = 0, c = 0, back = 0;
    for (c = 0; c <= 0x10ffff; c++) {
        if (!utf8_is_scalar(c)) continue;
        unsigned n = utf8_encode(c, b);
        const char *at = b;
        if (utf8_decode(b, n, &back) != n || back != c || utf8_next(&at) != c || at != b + n) bad++;
        if (utf8_decode(b, n - 1, &back) != 0) bad++;
        if (utf8_size(c) != n) bad++;
    }
    CHECK(bad == 0);
    CHECK(!utf8_is_scalar(0xd800) && !utf8_is_scalar(0xdfff) && !utf8_is_scalar(0x110000));
}

static void rejects(void)
{
    static const char *const bad[] = {"\xc0\x80",
                                      "\xc1\xbf",
                                      "\xe0\x80\x80",
                                      "\xe0\x9f\xbf",
                                      "\xed\xa0\x80",
                                      "\xed\xbf\xbf",
                                      "\xf0\x80\x80\x80",
                                      "\xf4\x90\x80\x80",
                                      "\xf5\x80\x80\x80",
                                      "\x80",
                                      "\xff",
                                      "\xc3",
                                      "\xe2\x82",
                                      "\xf0\x9f\x98",
                                      "\xc3(",
                                      "\xfe"};
    for (size_t i = 0; i < COUNT_OF(bad); i++) CHECK_EQ_U64(utf8_validate(bad[i], strlen(bad[i]), NULL), 0);
}

static uint64_t random_state = 88172645463325252ull;
static uint64_t random_next(void)
{
    random_state ^= random_state << 13;
    random_state ^= random_state >> 7;
    return random_state ^= random_state << 17;
}

static void random_bytes(void)
{
    unsigned bad = 0;
    for (unsigned round = 0; round < 200000; round++) {
        char s[300];
        size_t size = random_next() % (round % 16 ? 40 : 300), chars, wanted;
        for (size_t i = 0; i < size; i++) {
            uint64_t r = random_next();
            s[i] = (char)(r % 3 == 0   ? r >> 8 & 0x7f
                          : r % 3 == 1 ? 0x80 | (r >> 8 & 0x3f)
                                       : 0xc0 | (r >> 8 & 0x3f));
        }
        /* every sixteenth text is valid, and long enough for the steps of 64 bytes */
        for (size_t i = 0; round % 16 == 0 && i + 4 <= size;) {
            uint32_t c = (uint32_t)(random_next() % (random_next() % 2 ? 0x110000 : 0x500));
            i += utf8_encode(utf8_is_scalar(c) ? c : 'x', s + i);
            if (i + 4 > size) size = i;
        }
        size_t got = utf8_validate(s, size, &chars), expect = slow_validate((uint8_t *)s, size, &wanted);
        if (got != expect || chars != wanted) bad++;
        if (utf8_count(s, got) != chars) bad++;
        size_t at = 0;
        for (size_t k = 0; k <= chars; k++) {
            if (utf8_offset(s, got, k) != at) bad++;
            uint32_t c;
            if (at < got) at += utf8_decode(s + at, got - at, &c);
        }
        if (utf8_offset(s, got, chars + 1) != got) bad++;
    }
    CHECK(bad == 0);
}

int main(void)
{
    every_code_point();
    rejects();
    random_bytes();
    return check_report();
}
