/* Regular expressions: expectations taken from Java's rules, errors, linear time, and random patterns against a naive
 * backtracking matcher that shares no code with ours. */
#include <stdlib.h>
#include <time.h>
#include "runtime/value/regex.h"
#include "runtime/value/string.h"
#include "test/stub/stub.h"
#include "test/support/check.h"

static struct process *p;
static uint64_t seed = 0x9e3779b97f4a7c15ull;
static unsigned next_random(unsigned below)
{
    seed ^= seed << 13;
    seed ^= seed >> 7;
    seed ^= seed << 17;
    return (unsigned)((seed * 0x2545f4914f6cdd1dull) >> 33) % below;
}

static value string(const char *s)
{
    return string_make(p, s, strlen(s));
}

/* Runs to the end, counting turns; with few reductions a turn the machine has to stop often. */
static unsigned turns;
static value run(value regex, value text, uint32_t start, enum regex_mode mode, uint32_t *slots,
                 int reductions)
{
    value state = NIL, r;
    turns = 0;
    do {
        p->reductions = reductions;
        r = regex_exec(p, regex, text, start, mode, slots, &state);
        turns++;
    } while (r == VAL_YIELD);
    CHECK(state == NIL);
    p->reductions = 1 << 30;
    return r;
}

/* "start-end start-end ..." of the match and its groups, "-" for a group that took no part, "no" or "error". */
static const char *matched(const char *pattern, const char *text, enum regex_mode mode)
{
    static char out[400];
    uint32_t slots[200];
    value regex = regex_make(p, string(pattern));
    if (regex == VAL_ERROR) return "error";
    if (run(regex, string(text), 0, mode, slots, 1 << 30) == NIL) return "no";
    char *at = out;
    *at = 0;
    for (unsigned i = 0; i <= regex_groups(regex); i++) {
        if (slots[2 * i] == UINT32_MAX)
            at += sprintf(at, "%s-", i ? " " : "");
        else
            at += sprintf(at, "%s%u-%u", i ? " " : "", slots[2 * i], slots[2 * i + 1]);
    }
    return out;
}

static void expect(const char *pattern, const char *text, enum regex_mode mode, const char *wanted)
{
    const char *got = matched(pattern, text, mode);
    if (strcmp(got, wanted) != 0) printf("/%s/ on \"%s\": %s, wanted %s\n", pattern, text, got, wanted);
    CHECK(strcmp(got, wanted) == 0);
}

static void test_expected(void)
{
    static const struct {
        const char *pattern, *text, *wanted;
    } find[] = {
        {"abc", "xxabcx", "2-5"},
        {"a*", "baa", "0-0"},
        {"a+", "baa", "1-3"},
        {"a+?", "baa", "1-2"},
        {"a{2}", "aaa", "0-2"},
        {"a{2,}", "baaaa", "1-5"},
        {"a{1,2}?", "aaa", "0-1"},
        {"a{0}b", "aab", "2-3"},
        {"(a)|(b)", "b", "0-1 - 0-1"},
        {"(a|ab)(c|bcd)(d*)", "abcd", "0-4 0-1 1-4 4-4"},
        {"(?:a|b)+", "xabba", "1-5"},
        {"(?<x>a)(?<y1>b)", "ab", "0-2 0-1 1-2"},
        {"^a", "ba", "no"},
        {"a$", "ba", "1-2"},
        {"a$", "ba\n", "1-2"},
        {"a\\z", "ba\n", "no"},
        {"a\\Z", "ba\n", "1-2"},
        {"(?m)^b$", "a\nb\nc", "2-3"},
        {"(?m)$", "a\nb", "1-1"},
        {"(?m)^", "\n", "0-0"},
        {".", "\n", "no"},
        {"(?s).", "\n", "0-1"},
        {"a.c",
         "a\xc3\xa9"
         "c",
         "0-4"},
        {"[^a]", "a\xf0\x9f\x98\x80", "1-5"},
        {"\\u00e9", "x\xc3\xa9", "1-3"},
        {"\\uD83D\\uDE00", "\xf0\x9f\x98\x80", "0-4"},
        {"\\x{1F600}", "\xf0\x9f\x98\x80", "0-4"},
        {"\\x41", "A", "0-1"},
        {"\\0101", "A", "0-1"},
        {"\\t\\n\\r\\f\\a\\e\\cA", "\t\n\r\f\a\x1b\x01", "0-7"},
        {"\\Qa.b\\E+", "a.bbb", "0-5"},
        {"\\Qa.b", "xa.b", "1-4"},
        {"\\bfoo\\b", "a foo b", "2-5"},
        {"\\Boo", "foo", "1-3"},
        {"\\d+", "ab123", "2-5"},
        {"\\D+", "12ab", "2-4"},
        {"\\w+", "  a_1 ", "2-5"},
        {"\\W", "a b", "1-2"},
        {"\\s+", "a \t\nb", "1-4"},
        {"\\S+", "  xy", "2-4"},
        {"\\h", "a\xc2\xa0", "1-3"},
        {"a\\Rb", "a\r\nb", "0-4"},
        {"a\\R", "a\r\n", "0-3"},
        {"[a-c]+", "xabcd", "1-4"},
        {"[^a-c]+", "abxyc", "2-4"},
        {"[]a]+", "a]a", "0-3"},
        {"[^]a]", "]ab", "2-3"},
        {"[a-]+", "-a-", "0-3"},
        {"[-a]+", "-a-", "0-3"},
        {"[a-z&&[^b-y]]+", "bazb", "1-3"},
        {"[a-c[x-z]]+", "1axz", "1-4"},
        {"[\\d\\s]+", "a1 2", "1-4"},
        {"[\\Q^-]\\E]+", "^]-", "0-3"},
        {"[a&&b]", "ab", "no"},
        {"[\\]\\\\]+", "a]\\", "1-3"},
        {"(?i)AbC", "xaBc", "1-4"},
        {"(?i)[a-c]+", "ABC", "0-3"},
        {"(?i:a)b", "AB", "no"},
        {"(?i)a(?-i)b", "Ab", "0-2"},
        {"((?i)a)b", "AB", "no"},
        {"a|(?i)b|c", "C", "0-1"},
        {"(?x) a b # c\n c", "abc", "0-3"},
        {"(?x)a\\ b", "a b", "0-3"},
        {"\\p{Lower}+", "Aab", "1-3"},
        {"\\P{Alpha}", "a1", "1-2"},
        {"[\\p{Punct}]+", "a!?b", "1-3"},
        {"\\p{L}+", "1a\xce\xbb\xe4\xb8\xad.", "1-7"},
        {"\\pL", "1\xce\xbb", "1-3"},
        {"\\p{Lu}", "a\xce\xbb\xce\x9b", "3-5"},
        {"\\P{L}+",
         "a\xce\xbb\xe2\x82\xac"
         "1b",
         "3-7"},
        {"[\\p{L}\\d]+", ".a1\xce\xbb.", "1-5"},
        {"[^\\p{L}\\d]+", "a.\xe2\x82\xac\xce\xbb", "1-5"},
        {"[^\\p{L}\xe2\x82\xac]+", "\xce\xbb\xe2\x82\xac.\xc2\xa3", "5-8"},
        {"[\\p{L}&&[^a\\p{Lu}]]+", "aAb\xce\x9b\xce\xbb", "2-3"},
        {"\\p{IsAlphabetic}+", " \xc3\xa9", "1-3"},
        {"\\p{Sc}", "a$", "1-2"},
        {"\\p{N}+",
         "a\xd9\xa3"
         "3",
         "1-4"},
        {"[\\P{L}]", "\xce\xbb ", "2-3"},
        {"\\p{ASCII}",
         "\xce\xbb"
         "a",
         "2-3"},
        {"\\p{Cntrl}", "a\x7f", "1-2"},
        {"needle", "needneedle", "4-10"},
        {"\\b", "\xc3\xa9", "0-0"},
        {"a\\b", "a\xc3\xa9 a\xe2\x82\xac", "4-5"},
        {"\\B.", "a\xc3\xa9", "1-3"},
        {"(ne(ed))le", "neneedle", "2-8 2-6 4-6"},
        {"abcdefghijklmnopqrst", "abcdefghijklmnopqrsabcdefghijklmnopqrst", "19-39"},
        {"\xce\xbb\xe4\xb8\xad"
         "a",
         "\xce\xbb\xce\xbb\xe4\xb8\xad"
         "a",
         "2-8"},
        {"ab?c", "abac", "2-4"},
        {"abc", "ab", "no"},
        {"aaaa", "xaaa", "no"},
        {"", "abc", "0-0"},
        {"|a", "a", "0-0"},
        {"(|a)+", "aa", "0-0 0-0"},
        {"a||b", "b", "0-0"},
        {"()", "", "0-0 0-0"},
        {"(a*)*", "b", "0-0 0-0"},
        {"(a*)+b", "aab", "0-3 0-2"},
        {"(a?)*?b", "aab", "0-3 1-2"},
        {"x*", "", "0-0"},
        {"(foo|foobar)$", "foobar", "0-6 0-6"},
        {"(a+)(a+)", "aaa", "0-3 0-2 2-3"},
        {"(a+?)(a*)", "aaa", "0-3 0-1 1-3"},
        {"(?d).", "\r", "0-1"},
        {"(?d)a$", "a\r", "no"},
        {"\\.", "a.b", "1-2"},
        {"\\-\\/\\_", "-/_", "0-3"},
        {"a{2}{3}", "aaa", "0-2"},
        {"(?i)\\p{Lu}+",
         "1\xce\xbb"
         "B",
         "1-4"},
        {"{2}", "a", "0-0"},
        {"(|{1,2}?)a", "a", "0-1 0-0"},
        {"}", "a}", "1-2"},
        {"]", "a]", "1-2"},
        {"^^a", "a", "0-1"},
        {"(?:)", "", "0-0"},
        {"(?:)*a", "a", "0-1"},
        {"^*a", "ba", "1-2"},
        {"(^a|b)+", "ab", "0-2 1-2"},
        {"\\Aa|b", "cb", "1-2"},
        {"$", "abc", "3-3"},
        {"c?$", "abc", "2-3"},
    };
    for (size_t i = 0; i < COUNT_OF(find); i++)
        expect(find[i].pattern, find[i].text, REGEX_SEARCH, find[i].wanted);
    expect("a|ab", "ab", REGEX_FULL, "0-2");
    expect("a*?", "aaa", REGEX_FULL, "0-3");
    expect("a", "ba", REGEX_FULL, "no");
    expect("a", "ba", REGEX_PREFIX, "no");
    expect("a*", "aab", REGEX_PREFIX, "0-2");
    expect("(\\w+)\\s(\\w+)", "hello world", REGEX_FULL, "0-11 0-5 6-11");
}

static void test_errors(void)
{
    static const char *const bad[] = {
        "(",
        ")",
        "a)",
        "(?:",
        "[",
        "[a",
        "[]",
        "[^]",
        "[b-a]",
        "[a-\\d]",
        "*",
        "+a",
        "a**",
        "a{",
        "a{x}",
        "a{1",
        "a{2,1}",
        "a{1,2",
        "{2}+",
        "{2}*",
        "\\",
        "[\\",
        "\\q",
        "\\1",
        "(a)\\1",
        "\\k<x>",
        "(?=a)",
        "(?!a)",
        "(?<=a)",
        "(?<!a)",
        "(?>a)",
        "a*+",
        "a++",
        "a?+",
        "(?u)a",
        "(?",
        "(?i",
        "(?<>a)",
        "(?<1>a)",
        "(?<a",
        "\\x",
        "\\xg",
        "\\x{",
        "\\x{110000}",
        "\\u12",
        "\\uD83Dx",
        "\\p",
        "\\p{",
        "\\p{Nope}",
        "\\p{Lx}",
        "[a[^\\p{L}\xe2\x82\xac]]",
        "\\0",
        "\\08",
        "\\c",
        "\\G",
        "(?P<x>a)",
        "x{100001}",
        "x{99999999999}",
        "(x{1000}){1000}",
        "[[[[[[[[a]]]]]]]]",
        "|*",
    };
    for (size_t i = 0; i < COUNT_OF(bad); i++) {
        value r = regex_make(p, string(bad[i]));
        if (r != VAL_ERROR && strcmp(bad[i], "\\uD83Dx") != 0) printf("/%s/ was accepted\n", bad[i]);
        CHECK(r == VAL_ERROR || strcmp(bad[i], "\\uD83Dx") == 0);
    }
    CHECK(regex_make(p, string("(x{1000}){1000}")) == VAL_ERROR && stub_error_kind == ERR_TOO_LARGE);
    CHECK(regex_make(p, from_fixnum(1)) == VAL_ERROR && stub_error_kind == ERR_TYPE);
    CHECK(regex_make(p, string("(a")) == VAL_ERROR && stub_error_kind == ERR_SYNTAX);
    char deep[1000];
    memset(deep, '(', 500);
    memset(deep + 500, ')', 500 - 1);
    deep[999] = 0;
    CHECK(regex_make(p, string(deep)) == VAL_ERROR);
}

static double seconds(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static void test_linear(void)
{
    static const char *const patterns[] = {
        "(a*)*b",   "(a|aa)+$", "(a|a)*b", "(a+)+b", "x{0,1000}y", "(?:a?){100}a{100}b", "(.*)(.*)(.*)(.*)z",
        "(a*a*)*b", "(x+x+)+y"};
    size_t n = 100000;
    char *text = malloc(n + 1);
    uint32_t slots[32];
    for (size_t i = 0; i < COUNT_OF(patterns); i++) {
        memset(text, strchr(patterns[i], 'x') ? 'x' : 'a', n);
        text[n] = 0;
        value regex = regex_make(p, string(patterns[i]));
        if (regex == VAL_ERROR) continue;
        double start = seconds();
        value s = string(text);
        value r = run(regex, s, 0, REGEX_SEARCH, slots, 4000);
        double took = seconds() - start;
        CHECK(r == (strchr(patterns[i], '$') ? TRUE_ : NIL));
        CHECK(turns > 10);
        if (took > 20) printf("/%s/ took %.1f s\n", patterns[i], took);
        CHECK(took < 20);
    }
    free(text);
}

/* Far matches, long skips, multi-byte text, all in small turns: the same answer as in one. */
static void test_turns(void)
{
    size_t n = 300000;
    char *text = malloc(n + 1);
    uint32_t slots[8];
    static const char *const patterns[] = {"needle", "[n]e+dle", "\\w*needle", "e.d",
                                           "(?:\xc3\xa9|n)eed(le)"};
    for (int style = 0; style < 2; style++) {
        for (size_t i = 0; i + 1 < n; i += 2) memcpy(text + i, style ? "\xc3\xa9" : "ab", 2);
        text[n] = 0;
        size_t at = 280000;
        memcpy(text + at, "needle", 6);
        value s = string(text);
        for (size_t k = 0; k < COUNT_OF(patterns); k++) {
            value regex = regex_make(p, string(patterns[k]));
            CHECK(run(regex, s, 0, REGEX_SEARCH, slots, 300) == TRUE_);
            CHECK(turns >= 4);
            CHECK(slots[1] >= at && slots[1] <= at + 6 &&
                  (slots[0] >= at || patterns[k][1] == 'w' || patterns[k][0] == '('));
            uint32_t begin = slots[0], end = slots[1];
            CHECK(run(regex, s, begin, REGEX_PREFIX, slots, 100) == TRUE_ && slots[0] == begin &&
                  slots[1] == end);
            CHECK(run(regex, s, (uint32_t)at + 6, REGEX_SEARCH, slots, 300) == NIL);
        }
    }
    free(text);
}

/* ---- the naive matcher: syntax trees, continuations, exponential time ---- */

enum kind { CHAR, ANY, SET, EMPTY, SEQ, ALT, STAR, PLUS, OPT, GROUP, START, END, WORD };
struct node {
    enum kind kind;
    bool lazy;
    int c, index;
    struct node *l, *r;
};
struct next {
    enum { THEN, LOOP, CLOSE } kind;
    const struct node *node;
    int at;
    const struct next *next;
};
static struct node pool[200];
static int pool_count, group_count, steps;
static int naive_slots[40], naive_end;
static const char *naive_text;
static int naive_size;
static bool naive_full;

static bool go(const struct node *n, int at, const struct next *k);
static bool resume(int at, const struct next *k);

static bool iterate(const struct node *n, int at, const struct next *k)
{
    struct next loop = {LOOP, n, at, k};
    if (n->lazy) return resume(at, k) || go(n->l, at, &loop);
    return go(n->l, at, &loop) || resume(at, k);
}

static bool resume(int at, const struct next *k)
{
    if (k == NULL) {
        naive_end = at;
        return !naive_full || at == naive_size;
    }
    if (k->kind == THEN) return go(k->node, at, k->next);
    if (k->kind == LOOP) return at == k->at ? resume(at, k->next) : iterate(k->node, at, k->next);
    int *slot = &naive_slots[2 * k->node->index], start = slot[0], end = slot[1];
    slot[0] = k->at;
    slot[1] = at;
    if (resume(at, k->next)) return true;
    slot[0] = start;
    slot[1] = end;
    return false;
}

static bool word_at(int i)
{
    return i >= 0 && i < naive_size && (naive_text[i] == 'a' || naive_text[i] == 'b');
}

static bool go(const struct node *n, int at, const struct next *k)
{
    struct next then;
    if (++steps > 200000) return false;
    switch (n->kind) {
    case CHAR: return at < naive_size && naive_text[at] == n->c && resume(at + 1, k);
    case ANY: return at < naive_size && naive_text[at] != '\n' && resume(at + 1, k);
    case SET: return at < naive_size && (naive_text[at] == 'a' || naive_text[at] == ' ') && resume(at + 1, k);
    case EMPTY: return resume(at, k);
    case SEQ: then = (struct next){THEN, n->r, 0, k}; return go(n->l, at, &then);
    case ALT: return go(n->l, at, k) || go(n->r, at, k);
    case STAR: return iterate(n, at, k);
    case PLUS: then = (struct next){LOOP, n, at, k}; return go(n->l, at, &then);
    case OPT: return n->lazy ? resume(at, k) || go(n->l, at, k) : go(n->l, at, k) || resume(at, k);
    case GROUP: then = (struct next){CLOSE, n, at, k}; return go(n->l, at, &then);
    case START: return at == 0 && resume(at, k);
    case END: return at == naive_size && resume(at, k);
    default: return word_at(at - 1) != word_at(at) && resume(at, k);
    }
}

static struct node *random_tree(int depth)
{
    struct node *n = &pool[pool_count++];
    unsigned r = next_random(depth == 0 ? 9 : 20);
    *n = (struct node){.kind = r < 6    ? CHAR
                               : r == 6 ? ANY
                               : r == 7 ? SET
                                        : EMPTY,
                       .c = "aab "[next_random(4)],
                       .lazy = next_random(3) == 0};
    if (r == 8 && next_random(2)) n->kind = START + next_random(3);
    if (r < 9) return n;
    n->kind = r < 13 ? SEQ : r < 15 ? ALT : r == 15 ? STAR : r == 16 ? PLUS : r == 17 ? OPT : GROUP;
    if (n->kind == GROUP) n->index = ++group_count;
    n->l = random_tree(depth - 1);
    if (n->kind <= ALT) n->r = random_tree(depth - 1);
    return n;
}

static char *write_tree(const struct node *n, char *to)
{
    static const char *const simple[] = {
        [ANY] = ".", [SET] = "[a ]", [EMPTY] = "(?:)", [START] = "\\A", [END] = "\\z", [WORD] = "\\b"};
    switch (n->kind) {
    case CHAR: *to++ = (char)n->c; return to;
    case SEQ: return write_tree(n->r, write_tree(n->l, to));
    case ALT:
        to = write_tree(n->l, to + sprintf(to, "(?:"));
        to = write_tree(n->r, to + sprintf(to, "|"));
        return to + sprintf(to, ")");
    case GROUP: to = write_tree(n->l, to + sprintf(to, "(")); return to + sprintf(to, ")");
    case STAR:
    case PLUS:
    case OPT:
        to = write_tree(n->l, to + sprintf(to, "(?:"));
        return to + sprintf(to, ")%c%s",
                            n->kind == STAR   ? '*'
                            : n->kind == PLUS ? '+'
                                              : '?',
                            n->lazy ? "?" : "");
    default: return to + sprintf(to, "%s", simple[n->kind]);
    }
}

/* May a loop's body match nothing?  There a backtracking matcher may end the loop at an empty iteration where ours goes on
 * with a less preferred alternative (docs/design/regex.md), so only whether there is a match is compared. */
static bool nullable(const struct node *n)
{
    switch (n->kind) {
    case CHAR:
    case ANY:
    case SET: return false;
    case SEQ: return nullable(n->l) && nullable(n->r);
    case ALT: return nullable(n->l) || nullable(n->r);
    case PLUS:
    case GROUP: return nullable(n->l);
    default: return true;
    }
}
static bool has_nullable_loop(const struct node *n)
{
    if ((n->kind == STAR || n->kind == PLUS) && nullable(n->l)) return true;
    return (n->l != NULL && has_nullable_loop(n->l)) || (n->r != NULL && has_nullable_loop(n->r));
}

static void test_random(unsigned rounds)
{
    unsigned compared = 0;
    for (unsigned i = 0; i < rounds; i++) {
        char pattern[2000], text[24];
        pool_count = group_count = 0;
        struct node *tree = random_tree(5);
        *write_tree(tree, pattern) = 0;
        naive_size = (int)next_random(10);
        for (int k = 0; k < naive_size; k++) text[k] = "aaabb \n"[next_random(7)];
        text[naive_size] = 0;
        naive_text = text;
        enum regex_mode mode = next_random(3);
        naive_full = mode == REGEX_FULL;
        int found = -1;
        steps = 0;
        for (int s = 0; s <= (mode == REGEX_SEARCH ? naive_size : 0) && found < 0; s++) {
            memset(naive_slots, 0xff, sizeof naive_slots);
            if (group_count < 19 && go(tree, s, NULL)) found = s;
        }
        if (steps > 200000 || group_count >= 19) continue;
        value regex = regex_make(p, string(pattern)), s = string(text);
        CHECK(regex != VAL_ERROR);
        if (regex == VAL_ERROR) continue;
        for (int engine = 0; engine < 2; engine++) {
            uint32_t slots[60];
            value state = NIL, r;
            r = engine == 0 ? regex_exec(p, regex, s, 0, mode, slots, &state)
                            : regex_exec_pike(p, regex, s, 0, mode, slots, &state);
            bool ok = (r == TRUE_) == (found >= 0);
            if (ok && found >= 0) {
                ok = slots[0] == (uint32_t)found &&
                     (slots[1] == (uint32_t)naive_end || has_nullable_loop(tree));
                if (!has_nullable_loop(tree))
                    for (int g = 1; g <= group_count; g++)
                        ok = ok && slots[2 * g] == (uint32_t)naive_slots[2 * g] &&
                             slots[2 * g + 1] == (uint32_t)naive_slots[2 * g + 1];
            }
            if (!ok)
                printf("/%s/ on \"%s\" mode %d engine %d: %d %u-%u, wanted %d-%d\n", pattern, text, mode,
                       engine, r == TRUE_, slots[0], slots[1], found, naive_end);
            CHECK(ok);
            compared++;
        }
    }
    CHECK(compared > rounds);
}

int main(void)
{
    p = stub_process();
    test_expected();
    test_errors();
    test_turns();
    test_random(100000);
    test_linear();
    return check_report();
}
