#include "runtime/value/string.h"
#include "base/utf8.h"
#include "test/stub/stub.h"
#include "test/support/check.h"

static struct process *p;
static value str(const char *s)
{
    return string_make(p, s, strlen(s));
}

static bool has_bytes(value s, const char *wanted, size_t wanted_size)
{
    size_t size;
    const char *at = string_bytes(s, &size);
    return size == wanted_size && memcmp(at, wanted, size) == 0 &&
           string_chars(s) == utf8_count(wanted, wanted_size);
}

static void make(void)
{
    char buffer[600];
    memset(buffer, 'x', sizeof buffer);
    /* around the limit between inline and shared bytes */
    for (size_t size = 0; size < 600; size++) {
        value s = string_make(p, buffer, size);
        CHECK(is_string(s) && has_bytes(s, buffer, size));
        CHECK(type_of(s) == (size < 256 ? T_STRING : T_STRING_BLOB));
    }
    CHECK(string_make(p, "ab\xff", 3) == VAL_ERROR && stub_error_kind == ERR_ARGUMENT);
    CHECK(string_chars(str("a\u03bb\U0001F600")) == 3);
    CHECK(string_char_at(str("a\u03bb\U0001F600"), 2) == 0x1f600);
    CHECK(string_char_at(str("a\u03bb\U0001F600"), 1) == 0x3bb);
    CHECK(!string_is_ascii(str("\u00e9")) && string_is_ascii(str("e")) && string_is_ascii(str("")));
}

static void slice(void)
{
    static const char *const units[] = {"x", "\u00e9", "\u20ac", "\U0001F600"};
    for (unsigned u = 0; u < 5; u++) {
        char text[2000];
        size_t size = 0, chars = 0, offsets[1001];
        while (chars < 300) { /* u == 4: all of them in turn */
            const char *unit = units[u == 4 ? chars % 4 : u];
            offsets[chars++] = size;
            memcpy(text + size, unit, strlen(unit));
            size += strlen(unit);
        }
        offsets[chars] = size;
        value s = string_make(p, text, size);
        for (uint32_t from = 0; from <= chars; from += 7)
            for (uint32_t to = from; to <= chars; to += 11) {
                value part = string_slice(p, s, from, to);
                CHECK(has_bytes(part, text + offsets[from], offsets[to] - offsets[from]));
                CHECK(string_equal(part, string_make(p, text + offsets[from], offsets[to] - offsets[from])));
                CHECK(string_hash(part) ==
                      string_hash(string_make(p, text + offsets[from], offsets[to] - offsets[from])));
            }
        CHECK(string_slice(p, s, 0, (uint32_t)chars) == s);
    }
}

static void compare(void)
{
    static const char *const ordered[] = {"",       "a",      "aa",     "ab",        "b",
                                          "\u00e9", "\ud7ff", "\ue000", "\U00010000"};
    for (size_t i = 0; i < COUNT_OF(ordered); i++)
        for (size_t k = 0; k < COUNT_OF(ordered); k++) {
            CHECK(string_compare(str(ordered[i]), str(ordered[k])) == (i < k ? -1 : i > k));
            CHECK(string_equal(str(ordered[i]), str(ordered[k])) == (i == k));
        }
    CHECK(!string_equal(str("a"), string_make(p, "a\0", 2)));
    CHECK(string_hash(str("a")) != string_hash(string_make(p, "a\0", 2)));
}

static void long_hash(void)
{
    static char text[50000];
    memset(text, 'q', sizeof text);
    uint32_t h = string_hash(string_make(p, text, sizeof text));
    text[0] = 'r';
    CHECK(string_hash(string_make(p, text, sizeof text)) != h);
    text[0] = 'q';
    text[sizeof text - 1] = 'r';
    CHECK(string_hash(string_make(p, text, sizeof text)) != h);
    CHECK(string_hash(string_make(p, text, sizeof text - 1)) != h);
}

static void names(void)
{
    value a = symbol_make(p, NIL, str("a")), na = symbol_make(p, str("n"), str("a")),
          k = keyword_make(p, NIL, str("a"));
    CHECK(name_equal(a, symbol_make(p, NIL, str("a"))) && name_equal(na, symbol_make(p, str("n"), str("a"))));
    CHECK(!name_equal(a, na) && !name_equal(a, k) && !name_equal(na, symbol_make(p, str("m"), str("a"))));
    CHECK(!name_equal(symbol_make(p, str("ab"), str("c")), symbol_make(p, str("a"), str("bc"))));
    CHECK(name_hash(a) == name_hash_bytes(false, NULL, 0, "a", 1) &&
          name_hash(na) == name_hash_bytes(false, "n", 1, "a", 1));
    CHECK(name_hash(k) != name_hash(a));
    CHECK(name_compare(a, na) == -1 && name_compare(na, a) == 1 && name_compare(a, a) == 0);
    CHECK(name_is(na, "n", "a") && !name_is(na, NULL, "a") && !name_is(a, "n", "a") && name_is(a, NULL, "a"));
    value m = symbol_with_meta(p, na, TRUE_);
    CHECK(name_equal(m, na) && obj_meta(m) == TRUE_ && obj_meta(symbol_with_meta(p, m, NIL)) == NIL);
}

static void binaries(void)
{
    uint8_t bytes[700];
    for (unsigned i = 0; i < sizeof bytes; i++) bytes[i] = (uint8_t)(i * 7);
    for (size_t size = 0; size <= 700; size += 50) {
        value b = binary_make(p, bytes, size);
        for (size_t from = 0; from <= size; from += 33)
            for (size_t to = from; to <= size; to += 41) {
                size_t got;
                const uint8_t *at = binary_bytes(binary_slice(p, b, from, to), &got);
                CHECK(got == to - from && memcmp(at, bytes + from, got) == 0);
            }
    }
    value s = str("h\u00e9llo"), b = binary_of_string(p, s);
    CHECK(string_equal(string_from_blob(p, b, 6, 5), s));
    CHECK(binary_hash(binary_make(p, "ab", 2)) ==
          binary_hash(binary_slice(p, binary_make(p, "xaby", 4), 1, 3)));
}

int main(void)
{
    p = stub_process();
    make();
    slice();
    compare();
    long_hash();
    names();
    binaries();
    return check_report();
}
