#include "test/stub/stub.h"
#include "test/runtime/prims/calls.h"
#include "base/utf8.h"
#include "runtime/value/number.h"

prim_fn prim_subs, prim_keyword, prim_symbol, prim_name, prim_namespace, prim_gensym, prim_index_of,
    prim_last_index_of, prim_includes, prim_starts_with, prim_ends_with, prim_upper_case, prim_lower_case,
    prim_string_reverse, prim_trim, prim_triml, prim_trimr, prim_trim_newline, prim_blank,
    prim_replace_string, prim_split_lines, prim_string_join;

#define S(text) string_of(text)
#define NAME(text) read_value(string_of(text), NIL)

static void parts(void)
{
    GIVES("\"bc\"", prim_subs, S("abc"), I(1));
    GIVES("\"b\"", prim_subs, S("abc"), I(1), I(2));
    GIVES("\"\"", prim_subs, S("abc"), I(3));
    GIVES("\"éλ\"", prim_subs, S("xéλ\U0001F600y"), I(1), I(3));
    GIVES("error", prim_subs, S("abc"), I(4));
    GIVES("error", prim_subs, S("abc"), I(-1));
    GIVES("error", prim_subs, S("abc"), I(2), I(1));
    GIVES("error", prim_subs, S("abc"), I(0), I(4));
    GIVES("error", prim_subs, NIL, I(0));
}

static void names(void)
{
    GIVES(":a", prim_keyword, S("a"));
    GIVES(":a/b", prim_keyword, S("a/b"));
    GIVES(":a/b", prim_keyword, S("a"), S("b"));
    GIVES(":a/b", prim_keyword, NAME("a/b"));
    GIVES("nil", prim_keyword, NIL);
    GIVES("nil", prim_keyword, I(1));
    GIVES(":b", prim_keyword, NIL, S("b"));
    GIVES("error", prim_keyword, S("a"), NIL);
    GIVES("a/b", prim_symbol, S("a/b"));
    GIVES("/", prim_symbol, S("/"));
    GIVES("a", prim_symbol, NAME(":a"));
    GIVES("error", prim_symbol, I(1));
    GIVES("error", prim_symbol, NIL);
    GIVES("\"b\"", prim_name, NAME(":a/b"));
    GIVES("\"x\"", prim_name, S("x"));
    GIVES("error", prim_name, NIL);
    GIVES("\"a\"", prim_namespace, NAME("a/b"));
    GIVES("nil", prim_namespace, NAME(":b"));
    GIVES("error", prim_namespace, S("x"));
    value a = run(prim_gensym, NULL, 0), b = RUN(prim_gensym, S("p"));
    CHECK_TEXT(printed(a), "G__1");
    CHECK_TEXT(printed(b), "p2");
}

static void search(void)
{
    GIVES("0", prim_index_of, S("abcabc"), S("abc"));
    GIVES("3", prim_index_of, S("abcabc"), S("abc"), I(1));
    GIVES("nil", prim_index_of, S("abc"), S("x"));
    GIVES("2", prim_index_of, S("éλx"), from_char('x'));
    GIVES("1", prim_index_of, S("éλx"), S("λ"), I(-5));
    GIVES("nil", prim_index_of, S("abc"), S("a"), I(9));
    GIVES("0", prim_index_of, S("abc"), S(""));
    GIVES("3", prim_index_of, S("abc"), S(""), I(7));
    GIVES("error", prim_index_of, S("a"), I(1));
    GIVES("error", prim_index_of, NIL, S("a"));
    GIVES("3", prim_last_index_of, S("abcabc"), S("abc"));
    GIVES("0", prim_last_index_of, S("abcabc"), S("abc"), I(2));
    GIVES("nil", prim_last_index_of, S("abc"), S("abcd"));
    GIVES("6", prim_last_index_of, S("abcabc"), S(""));
    GIVES("nil", prim_last_index_of, S("abc"), S("a"), I(-1));
    GIVES("2", prim_last_index_of, S("λλλ"), from_char(0x3bb));
    GIVES("true", prim_includes, S("abc"), S("bc"));
    GIVES("false", prim_includes, S("abc"), S("cb"));
    GIVES("true", prim_includes, S(""), S(""));
    GIVES("true", prim_starts_with, S("abc"), S("ab"));
    GIVES("false", prim_starts_with, S("abc"), S("abcd"));
    GIVES("true", prim_ends_with, S("abc"), S("bc"));
    GIVES("false", prim_ends_with, S("abc"), S("b"));
}

static void letter_case(void)
{
    GIVES("\"ABC É Λ SS Я Ა Ĳ\"", prim_upper_case, S("abc é λ ß я ა ĳ"));
    GIVES("\"abc é λ ß я ǆ\"", prim_lower_case, S("ABC É Λ ß Я Ǆ"));
    GIVES("\"ὀδυσσεύς σ.\"", prim_lower_case, S("ὈΔΥΣΣΕΎΣ Σ."));
    GIVES("\"\"", prim_upper_case, S(""));
    GIVES("error", prim_upper_case, NIL);
    GIVES("\"ŉ1ᾗ\"", prim_lower_case, S("ŉ1ᾟ"));
    GIVES("\"\u02bcN\u0399\u0308\u0301\"", prim_upper_case, S("\u0149\u0390"));
    GIVES("\"𐐨\"", prim_lower_case, S("𐐀"));
    GIVES("\"😀λba\"", prim_string_reverse, S("abλ😀"));
    GIVES("\"\"", prim_string_reverse, S(""));
}

static void trimming(void)
{
    GIVES("\"a b\"", prim_trim, S(" \t\na b\r\n "));
    GIVES("\"\"", prim_trim, S("   "));
    GIVES("\"a \"", prim_triml, S("\u2003 a "));
    GIVES("\" a\"", prim_trimr, S(" a\u2028 \u3000"));
    GIVES("\"\u00a0a\"", prim_trim, S("\u00a0a"));
    GIVES("\" a \"", prim_trim_newline, S(" a \n\r\n"));
    GIVES("\"\\na\"", prim_trim_newline, S("\na\n"));
    GIVES("true", prim_blank, NIL);
    GIVES("true", prim_blank, S(" \n"));
    GIVES("false", prim_blank, S(" x"));
    GIVES("true", prim_blank, S(""));
}

static void replacing(void)
{
    GIVES("\"xbxb\"", prim_replace_string, S("abab"), S("a"), S("x"), FALSE_);
    GIVES("\"xbab\"", prim_replace_string, S("abab"), from_char('a'), from_char('x'), TRUE_);
    GIVES("\"-a-b-c-\"", prim_replace_string, S("abc"), S(""), S("-"), FALSE_);
    GIVES("\"-abc\"", prim_replace_string, S("abc"), S(""), S("-"), TRUE_);
    GIVES("\"-\"", prim_replace_string, S(""), S(""), S("-"), FALSE_);
    GIVES("\"xa\"", prim_replace_string, S("aaa"), S("aa"), S("x"), FALSE_);
    GIVES("\"abc\"", prim_replace_string, S("abc"), S("d"), S("x"), FALSE_);
    GIVES("error", prim_replace_string, S("abc"), I(1), S("x"), FALSE_);
    GIVES("[\"a\" \"b\" \"\" \"c\"]", prim_split_lines, S("a\nb\r\n\nc\n\n"));
    GIVES("[\"\"]", prim_split_lines, S(""));
    GIVES("[]", prim_split_lines, S("\n\n"));
    GIVES("[\"a\\r\"]", prim_split_lines, S("a\r"));
}

static void joining(void)
{
    GIVES("\"1, a, :b, , [\\\"x\\\"]\"", prim_string_join, S(", "), NAME("[1 \"a\" :b nil [\"x\"]]"));
    GIVES("\"12\"", prim_string_join, NAME("(1 2)"));
    GIVES("\"\"", prim_string_join, S("-"), NIL);
    GIVES("\"a-b\"", prim_string_join, from_char('-'), NAME("(\"a\" \"b\")"));
    GIVES("\"a.b\"", prim_string_join, S("."), S("ab"));
    GIVES("error", prim_string_join, S("."), I(1));
    GIVES("\"\"", prim_string_join, NIL, NIL);
    GIVES("\"213\"", prim_string_join, I(2), NAME("[\"\" 13]"));
    GIVES("\":A\"", prim_upper_case, NAME(":a"));
}

/* Long texts, against plain C, in turns of the usual length. */
static void long_texts(void)
{
    static char text[3000000], wanted[3000000];
    size_t n = sizeof text, count = 0, used = 0;
    turn = 4000;
    for (size_t i = 0; i < n; i++) text[i] = (char)(i % 1000 == 999 ? '\n' : 'a' + i * i % 26);
    value s = string_make(p, text, n);
    for (size_t i = 0; i < n; i++) wanted[i] = (char)(text[i] == '\n' ? '\n' : text[i] - 32);
    CHECK(string_equal(RUN(prim_upper_case, s), string_make(p, wanted, n)) && turns > 1);
    CHECK(string_equal(RUN(prim_lower_case, RUN(prim_upper_case, s)), s));
    CHECK(string_equal(RUN(prim_string_reverse, RUN(prim_string_reverse, s)), s) && turns > 1);
    for (size_t i = 0; i < n; i++) {
        wanted[used++] = text[i];
        if (text[i] == '\n') count++, used--;
    }
    CHECK(string_equal(RUN(prim_replace_string, s, S("\n"), S(""), FALSE_), string_make(p, wanted, used)) &&
          turns > 1);
    value lines = RUN(prim_split_lines, s);
    CHECK(turns > 1);
    CHECK_EQ_U64(vector_count(lines), count);
    CHECK(string_equal(RUN(prim_string_join, S("\n"), lines), string_slice(p, s, 0, (uint32_t)n - 1)) &&
          turns > 1);
    memset(text, ' ', n);
    s = string_make(p, text, n);
    CHECK(string_chars(RUN(prim_trim, s)) == 0 && turns > 1);
    CHECK(RUN(prim_blank, s) == TRUE_ && turns > 1);
    CHECK(RUN(prim_index_of, s, S("x")) == NIL && turns > 1);
    CHECK(RUN(prim_last_index_of, s, S("x")) == NIL && turns > 1);
    memset(text, 'a', n);
    text[n - 1] = 'b';
    s = string_make(p, text, n);
    value needle = string_make(p, text + n - 1000, 1000);
    CHECK(RUN(prim_index_of, s, needle) == I((int64_t)n - 1000) && turns > 1);
    turn = 1 << 20;
}

/* Random texts: search and replacement against the simplest way. */
static void random_search(void)
{
    uint64_t seed = 7;
    unsigned bad = 0;
    for (unsigned round = 0; round < 20000; round++) {
        char text[40], needle[4];
        seed = seed * 6364136223846793005ull + 1442695040888963407ull;
        size_t n = seed >> 33 & 31, m = seed >> 40 & 3, first = SIZE_MAX, last = SIZE_MAX;
        for (size_t i = 0; i < n; i++) text[i] = (char)('a' + (seed >> (20 + i % 40) & 1));
        for (size_t i = 0; i < m; i++) needle[i] = (char)('a' + (seed >> (50 + i) & 1));
        for (size_t i = 0; i + m <= n; i++)
            if (memcmp(text + i, needle, m) == 0) {
                if (first == SIZE_MAX) first = i;
                last = i;
            }
        turn = seed & 1 ? 1 : 1 << 20;
        value s = string_make(p, text, n), w = string_make(p, needle, m);
        if (RUN(prim_index_of, s, w) != (first == SIZE_MAX ? NIL : I((int64_t)first))) bad++;
        if (RUN(prim_last_index_of, s, w) != (last == SIZE_MAX ? NIL : I((int64_t)last))) bad++;
        if (m && !string_equal(RUN(prim_replace_string, s, w, w, FALSE_), s)) bad++;
    }
    turn = 1 << 20;
    CHECK(bad == 0);
}

int main(void)
{
    p = stub_process();
    parts();
    names();
    search();
    letter_case();
    trimming();
    replacing();
    joining();
    long_texts();
    random_search();
    return check_report();
}
