#include "test/stub/stub.h"
#include "test/runtime/reader/harness.h"
#include "runtime/value/instant.h"

static value options;

/* text reads, and prints as `printed`; the same in the smallest turns. */
static void reads(const char *text, const char *printed)
{
    value v = read_value(string_of(text), options);
    if (v == VAL_ERROR) printf("in %s: %s\n", text, c_string(error_field("message")));
    CHECK_TEXT(c_string(print_with(v, NIL)), printed);
    turn = 1;
    v = read_value(string_of(text), options);
    CHECK_TEXT(c_string(print_with(v, NIL)), printed);
    turn = 1 << 20;
}

static void same(const char *text)
{
    reads(text, text);
}

static void fails(const char *text, int line, int column, bool incomplete)
{
    stub_error[0] = 0;
    p->error = NIL;
    value v = read_value(string_of(text), options);
    if (v != VAL_ERROR) printf("in %s: read %s\n", text, c_string(print_with(v, NIL)));
    CHECK(v == VAL_ERROR);
    if (v != VAL_ERROR) return;
    CHECK(is_string(error_field("message")) && is_string(error_field("expected")));
    bool at = error_field("line") == from_fixnum(line) && error_field("column") == from_fixnum(column);
    if (!at) printf("in %s: %s\n", text, c_string(error_field("message")));
    CHECK(at);
    if (error_field("incomplete") != from_bool(incomplete)) printf("in %s: incomplete?\n", text);
    CHECK(error_field("incomplete") == from_bool(incomplete));
}

static void atoms(void)
{
    same("nil");
    same("true");
    same("false");
    same("a");
    same("a/b");
    same("/");
    same("a//");
    same("+");
    same("-");
    same("..");
    same("->x");
    same("a'b");
    same("a#");
    same("*x*");
    same("λ");
    same("a.b.c/d");
    same("%");
    same("%1");
    same("-a");
    same("&");
    same(":a");
    same(":a/b");
    same(":1");
    same(":a.b/c");
    same(":/");
    same(":+");
    same(":a:b");
    same("a:b");
    reads("::a", ":user.ns/a");
    reads("::s/a", ":lona.string/a");
    same("1");
    same("-1");
    reads("+1", "1");
    reads("0x1F", "31");
    reads("2r101", "5");
    reads("017", "15");
    reads("1N", "1");
    same("1/2");
    reads("2/4", "1/2");
    same("1.5");
    same("1.0E10");
    reads("1e3", "1000.0");
    reads("-0.0", "-0.0");
    same("123456789012345678901234567890");
    same("##Inf");
    same("##-Inf");
    same("##NaN");
    same("\\a");
    same("\\newline");
    same("\\space");
    same("\\tab");
    same("\\return");
    same("\\backspace");
    same("\\formfeed");
    reads("\\u03BB", "\\λ");
    reads("\\o101", "\\A");
    same("\\(");
    same("\\\\");
    same("\\u");
    same("\\o");
    same("\\λ");
    same("\\;");
    reads("\\u{1F600}", "\\\xF0\x9F\x98\x80");
    reads("\\u0000", "\\u0000");
    reads("[\\( \\)]", "[\\( \\)]");
    reads("\\u2028", "\\u2028");
    reads("\\,", "\\,");
    reads("\\ ", "\\space");
    reads("[\\a]", "[\\a]");
}

static void strings(void)
{
    same("\"\"");
    same("\"abc\"");
    same("\"a\\nb\\t\\r\\b\\f\\\"\\\\\"");
    reads("\"a\nb\"", "\"a\\nb\"");
    reads("\"\\u03bb\"", "\"λ\"");
    reads("\"\\u{1f600}\"", "\"\xF0\x9F\x98\x80\"");
    reads("\"\\ud83d\\ude00\"", "\"\xF0\x9F\x98\x80\"");
    reads("\"\\101\\0\"", "\"A\\u0000\"");
    reads("\"\\1018\"", "\"A8\"");
    fails("\"abc", 1, 5, true);
    fails("\"a\n b", 2, 3, true);
    fails("\"\\", 1, 3, true);
    fails("\"\\q\"", 1, 3, false);
    fails("\"\\u12", 1, 6, true);
    fails("\"\\u12\"", 1, 3, false);
    fails("\"\\u12zz\"", 1, 3, false);
    fails("\"\\ud800\"", 1, 3, false);
    fails("\"\\777\"", 1, 3, false);
    fails("\"\\u{110000}\"", 1, 3, false);
    fails("\"\\u{12", 1, 7, true);
}

static void collections(void)
{
    same("()");
    same("(1 2 3)");
    same("[]");
    same("[1 [2 [3]]]");
    same("{}");
    same("{:a 1, :b 2}");
    same("#{}");
    same("#{1}");
    reads("{:a,1 , , :b 2}", "{:a 1, :b 2}");
    reads("( 1 ;c\n 2)", "(1 2)");
    reads("(1 #_2 3)", "(1 3)");
    reads("(1 #_#_2 3 4)", "(1 4)");
    reads("[#_1]", "[]");
    reads("#_ 1 2", "2");
    reads("#! x\n3", "3");
    fails("#_{:a #inst \"x\"} 5", 1, 7, false);
    fails("(1 2", 1, 5, true);
    fails("[1", 1, 3, true);
    fails("{:a 1", 1, 6, true);
    fails("#{", 1, 3, true);
}

static void unbalanced(void)
{
    fails(")", 1, 1, false);
    fails("(1]", 1, 3, false);
    fails("[1)", 1, 3, false);
    fails("\n\n  {:a)", 3, 6, false);
    fails("{:a}", 1, 1, false);
    fails("{:a 1 :a 2}", 1, 1, false);
    fails("#{1 2 1}", 1, 1, false);
    fails("')", 1, 2, false);
    fails("(λλ ]", 1, 5, false);
    fails("#", 1, 1, true);
    fails("#<pid 1>", 1, 1, false);
    fails("#^ 1 a", 1, 1, false);
    fails("^:a 1", 1, 1, false);
    fails("^:a", 1, 4, true);
    fails("\\abc", 1, 2, false);
    fails("\\", 1, 2, true);
    fails("\\ud800", 1, 2, false);
    fails("1a", 1, 1, false);
    fails("1/0", 1, 1, false);
    fails("::x/y", 1, 1, false);
    fails(":", 1, 1, true);
    fails("a/", 1, 1, false);
    fails("/a", 1, 1, false);
    fails("a:", 1, 1, false);
    fails(":a/", 1, 1, false);
    fails("a::b", 1, 1, false);
    fails("##Foo", 1, 3, false);
    fails("#?(:a)", 1, 1, false);
    fails("#?(1 2)", 1, 5, false);
    fails("#?@(:lona [1])", 1, 1, false);
    fails("#?[:a 1]", 1, 1, false);
    fails("(#?@(:lona 1))", 1, 2, false);
    fails("#:{:a 1}", 1, 3, false);
    fails("#:a 1", 1, 4, false);
    fails("#:a", 1, 4, true);
    fails("#λλ )", 1, 5, false);
    fails("#:λ 1", 1, 4, false);
    fails("#inst \"x\"", 1, 1, false);
    fails("#uuid 1", 1, 1, false);
    fails("#bytes \"abc\"", 1, 1, false);
    fails("#bytes \"zz\"", 1, 1, false);
    fails("#(#())", 1, 3, false);
    fails("#(%0)", 1, 3, false);
    fails("#(%x)", 1, 3, false);
    fails("#(%256)", 1, 3, false);
    fails("`~@a", 1, 5, false);
}

static void prefixes(void)
{
    reads("'a", "(quote a)");
    reads("@a", "(lona.core/deref a)");
    reads("#'a", "(var a)");
    reads("~a", "(lona.core/unquote a)");
    reads("~@a", "(lona.core/unquote-splicing a)");
    reads("''a", "(quote (quote a))");
    reads("' #_b a", "(quote a)");
    reads("#:a{:b 1 c 2 :x/d 3 :_/e 4 5 6}", "{:a/b 1, a/c 2, :x/d 3, :e 4, 5 6}");
    reads("#::{:b 1}", "{:user.ns/b 1}");
    reads("#::s{:b 1}", "{:lona.string/b 1}");
    reads("#foo 1", "#foo 1");
    reads("#a/b [1 #c 2]", "#a/b [1 #c 2]");
    reads("[#foo #_1 2]", "[#foo 2]");
    same("#inst \"2025-12-15T10:00:00\"");
    reads("#inst \"2025-12-15T10:00:00.000-00:00\"", "#inst \"2025-12-15T10:00:00\"");
    same("#uuid \"f81d4fae-7dec-11d0-a765-00a0c91e6bf6\"");
    same("#\"a\\d\"");
    same("#bytes \"deadbeef\"");
    same("#\"a\\d\"");
    same("#bytes \"\"");
    reads("#bytes \"DEAD\"", "#bytes \"dead\"");
    same("#lona/keyword [nil \"a b\"]");
    same("#lona/symbol [\"x y\" \"\"]");
    reads("#lona/symbol [nil \"a\"]", "a");
}

static void conditionals(void)
{
    reads("#?(:clj 1 :lona 2 :default 3)", "2");
    reads("#?(:clj 1 :default 3)", "3");
    reads("[#?(:clj 1)]", "[]");
    reads("[#?@(:lona [1 2] :default [3]) 4]", "[1 2 4]");
    reads("[#?@(:lona ()) 4]", "[4]");
    fails("'#?@(:lona [1])", 1, 2, false);
    reads("['#?@(:lona [1 2])]", "[(quote 1) 2]");
    reads("#?(:default 1 :lona 2)", "1");
    reads("[#?(:cljs #js {:a 1}) 2]", "[2]");
    reads("#?(:lona #?(:lona 5))", "5");
    reads("(#?(:clj a) b)", "(b)");
    reads("#?(:clj 1) 2", "2");
}

/* Names made up by the reader hold a number: it is replaced by N. */
static const char *generalise(const char *s)
{
    static char buffer[10000];
    char *to = buffer;
    while (*s) {
        if (s[0] == '_' && s[1] == '_' && s[2] >= '0' && s[2] <= '9') {
            memcpy(to, "__N", 3);
            to += 3;
            s += 2;
            while (*s >= '0' && *s <= '9') s++;
        } else {
            *to++ = *s++;
        }
    }
    *to = 0;
    return buffer;
}

static void expands(const char *text, const char *printed)
{
    CHECK_TEXT(generalise(c_string(print_with(read_value(string_of(text), options), NIL))), printed);
    turn = 1;
    CHECK_TEXT(generalise(c_string(print_with(read_value(string_of(text), options), NIL))), printed);
    turn = 1 << 20;
}

static void functions(void)
{
    expands("#(+ %1 %2)", "(fn* ([p1__N# p2__N#] (+ p1__N# p2__N#)))");
    expands("#(f % %)", "(fn* ([p1__N#] (f p1__N# p1__N#)))");
    expands("#()", "(fn* ([] ()))");
    expands("#(f %&)", "(fn* ([& rest__N#] (f rest__N#)))");
    expands("#(f %3)", "(fn* ([p1__N# p2__N# p3__N#] (f p3__N#)))");
    expands("[#(a) #(b %)]", "[(fn* ([] (a))) (fn* ([p1__N#] (b p1__N#)))]");
    expands("#(f %12)", "(fn* ([p1__N# p2__N# p3__N# p4__N# p5__N# p6__N# p7__N# p8__N# p9__N# p10__N# "
                        "p11__N# p12__N#] (f p12__N#)))");
}

static void syntax_quotes(void)
{
    expands("`a", "(quote user.ns/a)");
    expands("`if", "(quote if)");
    expands("`:a", ":a");
    expands("`1", "1");
    expands("`nil", "nil");
    expands("`map", "(quote lona.core/map)");
    expands("`s/a", "(quote lona.string/a)");
    expands("`x/a", "(quote x/a)");
    expands("`x#", "(quote x__N__auto__)");
    expands("`~x", "x");
    expands("`()", "(quote ())");
    expands("`(a ~b)", "(lona.core/list (quote user.ns/a) b)");
    expands("`(a b)", "(quote (user.ns/a user.ns/b))");
    expands("`[a ~@b]", "(lona.core/apply lona.core/vector (lona.core/seq (lona.core/concat (lona.core/list "
                        "(quote user.ns/a)) b)))");
    expands("`(a ~@b c ~d)", "(lona.core/seq (lona.core/concat (lona.core/list (quote user.ns/a)) b "
                             "(lona.core/list (quote user.ns/c) d)))");
    expands("`(~@a)", "(lona.core/seq (lona.core/concat a))");
    expands("`{:a ~b}", "(lona.core/hash-map :a b)");
    expands("`{:a 1}", "(quote {:a 1})");
    expands("`#{~a}", "(lona.core/hash-set a)");
    expands("`[1 2]", "(quote [1 2])");
    expands("`[~a]", "(lona.core/vector a)");
    expands("`{~@a ~@b}", "(lona.core/apply lona.core/hash-map (lona.core/seq (lona.core/concat a b)))");
    expands("`(let* [x# 1] x#)", "(quote (let* [x__N__auto__ 1] x__N__auto__))");
    expands("`^{:a ~b} c", "(lona.core/with-meta (quote user.ns/c) (lona.core/hash-map :a b))");
    expands("`(f ~(g {:a 1}))", "(lona.core/list (quote user.ns/f) (g {:a 1}))");
    expands("`(a `(b ~~c))", "(lona.core/list (quote user.ns/a) (lona.core/list (quote lona.core/list) "
                             "(quote (quote user.ns/b)) c))");
    expands("``~~x", "x");
    expands("``~x", "(quote user.ns/x)");
    expands("`#foo ~x", "(lona.core/tagged-literal (quote foo) x)");
    expands("`(fn* ~@x)", "(lona.core/seq (lona.core/concat (lona.core/list (quote fn*)) x))");
    expands("`'~x", "(lona.core/list (quote quote) x)");
    expands("`#(f % ~x)", "(lona.core/list (quote fn*) (lona.core/list (quote [p1__N__N__auto__]) "
                          "(lona.core/list (quote user.ns/f) (quote p1__N__N__auto__) x)))");
    expands("`(a & _)", "(quote (user.ns/a & _))");
    expands("`{:a 1 :b [c]}", "(quote {:a 1, :b [user.ns/c]})");
    expands("`#?(:lona (a ~b))", "(lona.core/list (quote user.ns/a) b)");
    expands("`(a #_~b c)", "(quote (user.ns/a user.ns/c))");
}

static value meta_field(value v, const char *name)
{
    return map_get_keyword(obj_meta(v), keyword_c(p, NULL, name));
}

static void metadata(void)
{
    value v = read_value(string_of("^:a ^{:b 2} ^String ^{:c \"x\"} [1]"), options);
    CHECK_TEXT(c_string(print_with(obj_meta(v), NIL)), "{:c \"x\", :tag String, :b 2, :a true}");
    v = read_value(string_of("^{:line 9} (a)"), options);
    CHECK(meta_field(v, "line") == from_fixnum(9) && meta_field(v, "column") == from_fixnum(12));
    CHECK(meta_field(read_value(string_of("^\"s\" x"), options), "tag") != VAL_ABSENT);
    CHECK(obj_meta(read_value(string_of("[1]"), options)) == NIL &&
          obj_meta(read_value(string_of("x"), options)) == NIL);
    CHECK(obj_meta(read_value(string_of("^:k #{1}"), options)) != NIL &&
          obj_meta(read_value(string_of("#^:k {1 2}"), options)) != NIL);
    CHECK(is_type(read_value(string_of("^:k ()"), options), T_EMPTY_LIST));
}

static void positions(void)
{
    value r = read_at(string_of(" ;; c\n ;; d\n (a\n  (b λ (c)))  rest"), 0, options);
    value form = vector_nth(r, 0), inner = cons_first(cons_rest(form)),
          c = cons_first(cons_rest(cons_rest(inner)));
    CHECK(meta_field(form, "line") == from_fixnum(3) && meta_field(form, "column") == from_fixnum(2));
    CHECK(meta_field(form, "start") == from_fixnum(13) && meta_field(form, "end") == from_fixnum(29));
    CHECK(meta_field(inner, "line") == from_fixnum(4) && meta_field(inner, "column") == from_fixnum(3));
    CHECK(meta_field(c, "column") == from_fixnum(8));
    CHECK(vector_nth(r, 1) == from_fixnum(29) && vector_nth(r, 2) == from_fixnum(4) &&
          vector_nth(r, 3) == from_fixnum(13));
    CHECK(vector_nth(r, 4) == from_fixnum(13) && vector_nth(r, 5) == from_fixnum(1));
}

/* Where the comments of a form begin; -1: none belong to it. */
static int64_t comment_of(const char *text, uint64_t offset, int64_t column)
{
    value a[] = {string_of(text), from_fixnum((int64_t)offset), from_fixnum(1), from_fixnum(column), options};
    value r = run(prim_read, a, 5);
    int64_t start = to_fixnum(vector_nth(r, 4)), comment = to_fixnum(vector_nth(r, 5));
    return comment == start ? -1 : comment;
}

static void comments(void)
{
    CHECK(comment_of("; a\nx", 0, 1) == 0);
    CHECK(comment_of("; a\n; b\nx", 0, 1) == 0);
    CHECK(comment_of("; a\n\n; b\nx", 0, 1) == 5);
    CHECK(comment_of("; a\n  \nx", 0, 1) == -1);
    CHECK(comment_of("x", 0, 1) == -1);
    CHECK(comment_of("y ; of y\nx", 1, 2) == -1);
    CHECK(comment_of("y ; of y\n; of x\nx", 1, 2) == 9);
    CHECK(comment_of("; a\n#_z x", 0, 1) == -1);
}

static void end_of_text(void)
{
    CHECK_TEXT(c_string(print_with(read_at(string_of("  ; x\n "), 0, NIL), NIL)),
               "[:lona.core/eof 7 2 2 7 7]");
    value kv[] = {keyword_c(p, NULL, "eof"), from_fixnum(7)};
    CHECK(read_value(string_of(""), map_of(kv, 1)) == from_fixnum(7));
    value text = string_of("(a) [b] 12 :c");
    int64_t at = 0;
    const char *const wanted[] = {"(a)", "[b]", "12", ":c", ":lona.core/eof"};
    for (unsigned i = 0; i < COUNT_OF(wanted); i++) {
        value r = read_at(text, (uint64_t)at, NIL);
        CHECK_TEXT(c_string(print_with(vector_nth(r, 0), NIL)), wanted[i]);
        at = to_fixnum(vector_nth(r, 1));
    }
}

static void large(void)
{
    for (unsigned kind = 0; kind < 5; kind++)
        for (unsigned n = 60; n < 70; n++) {
            static const char *const open[] = {"(", "[", "#{", "{", "#:x{"}, *const close[] = {")", "]", "}",
                                                                                               "}", "}"};
            char text[4000];
            int used = sprintf(text, "%s", open[kind]);
            for (unsigned i = 0; i < n; i++)
                used += sprintf(text + used, kind >= 3 ? ":k%u %u " : "%u ", i, i);
            sprintf(text + used, "%s", close[kind]);
            value v = read_value(string_of(text), options);
            turn = 1;
            value w = read_value(string_of(text), options);
            turn = 1 << 20;
            int budget = 100000;
            CHECK(value_equal(v, w, &budget) == TRUE_);
            uint64_t count = kind == 1   ? vector_count(v)
                             : kind == 2 ? set_count(v)
                             : kind >= 3 ? map_count(v)
                                         : n;
            CHECK_EQ_U64(count, n);
            if (kind == 0)
                CHECK(cons_first(cons_rest(v)) == from_fixnum(1) && meta_field(v, "start") == from_fixnum(0));
            if (kind == 4) CHECK(map_get_keyword(v, keyword_c(p, "x", "k9")) == from_fixnum(9));
        }
}

/* Templates of more items than one call takes: every item is there, in order, whatever the turn. */
static void large_templates(void)
{
    static const char *const open[] = {"`(", "`[", "`{", "`#{"}, *const close[] = {")", "]", "}", "}"};
    for (unsigned kind = 0; kind < 4; kind++)
        for (unsigned open_items = 0; open_items < 3; open_items++) {
            static char text[20000];
            unsigned n = 1000;
            int used = sprintf(text, "%s", open[kind]);
            for (unsigned i = 0; i < n; i++) {
                static const char *const forms[] = {"k%u ", "~k%u ", "~@k%u "};
                used += sprintf(text + used, forms[i % 7 == 3 ? open_items : 0], i);
            }
            sprintf(text + used, "%s", close[kind]);
            value printed = print_with(read_value(string_of(text), NIL), NIL);
            turn = 1;
            CHECK(string_equal(print_with(read_value(string_of(text), NIL), NIL), printed));
            turn = 1 << 20;
            const char *at = c_string(printed), *head = "(lona.core/apply lona.core/";
            if (kind > 0) CHECK(strncmp(at, head, strlen(head)) == 0);
            for (unsigned i = 0; at && i < n; i++) {
                char name[20];
                sprintf(name, i % 7 == 3 && open_items ? "k%u" : "user/k%u", i);
                at = strstr(at, name);
                CHECK(at != NULL);
                if (at) at += strlen(name);
                CHECK(at != NULL && (*at == ' ' || *at == ')'));
            }
        }
}

/* A text of n repetitions of a unit, then another. */
static value repeated(const char *unit, size_t n, const char *middle, const char *end)
{
    size_t size = strlen(unit), tail = strlen(end), mid = strlen(middle);
    char *text = malloc(n * (size + tail) + mid), *at = text;
    for (size_t i = 0; i < n; i++, at += size) memcpy(at, unit, size);
    memcpy(at, middle, mid);
    at += mid;
    for (size_t i = 0; i < n; i++, at += tail) memcpy(at, end, tail);
    value s = string_make_unchecked(p, text, (size_t)(at - text));
    free(text);
    return s;
}

static void deep(void)
{
    static const char *const units[][2] = {{"(", ")"},  {"[", "]"},  {"{1 ", "}"},
                                           {"'", ""},   {"#{", "}"}, {"^:a [", "]"},
                                           {"#a ", ""}, {"`", ""},   {"#?(:lona ", ")"}};
    turn = 4000;
    for (unsigned i = 0; i < COUNT_OF(units); i++) {
        size_t n = i == 2 ? 100 : i == 4 ? 5 : 300000; /* keys that deep cannot be hashed in C */
        value text = repeated(units[i][0], n, "1", units[i][1]);
        value v = read_value(text, options);
        if (is_sentinel(v))
            printf("%s: %s\n", units[i][0], v == VAL_TRAP ? "trap" : c_string(error_field("message")));
        CHECK(!is_sentinel(v));
        if (i < 2) CHECK(string_equal(print_with(v, NIL), text));
    }
    CHECK(read_value(repeated("[", 1000000, "", ""), options) == VAL_ERROR &&
          error_field("incomplete") == TRUE_);
    CHECK(read_value(repeated("[", 10000001, "", ""), options) == VAL_ERROR &&
          stub_error_kind == ERR_TOO_DEEP);
    turn = 1 << 20;
}

static void long_tokens(void)
{
    turn = 4000;
    value text = repeated("7", 100000, "", ""), v = read_value(text, options);
    CHECK(string_equal(print_with(v, NIL), text));
    CHECK(read_value(repeated("a", 100000, "", ""), options) == VAL_ERROR);
    v = read_value(repeated(";;;;;;;;;;;\n", 200000, "x", ""), options);
    CHECK(turns > 1);
    CHECK_TEXT(c_string(print_with(v, NIL)), "x");
    value s = repeated("ab\\n\xce\xbb", 300000, "", "");
    size_t size;
    const char *bytes = string_bytes(s, &size);
    char *quoted = malloc(size + 2);
    memcpy(quoted + 1, bytes, size);
    quoted[0] = quoted[size + 1] = '"';
    text = string_make(p, quoted, size + 2);
    v = read_value(text, options);
    CHECK(is_string(v) && string_chars(v) == 1200000 && turns > 1);
    CHECK(string_equal(print_with(v, NIL), text));
    free(quoted);
    turn = 1 << 20;
}

static void requests(void)
{
    value readers[] = {symbol_c(p, NULL, "my"), TRUE_},
          kv[] = {keyword_c(p, NULL, "readers"), map_of(readers, 1)};
    value a[] = {string_of("[1 #my {:a 2} #other 3 'x]"), from_fixnum(0), from_fixnum(1), from_fixnum(1),
                 map_of(kv, 1)};
    CHECK(run(prim_read, a, 5) == VAL_TRAP && p->trap == TRAP_READ && p->trap_argc == 1);
    value state = a[0];
    CHECK_TEXT(c_string(print_with(run(prim_read_request, &state, 1), NIL)), "[:tag my {:a 2}]");
    value b[] = {state, from_fixnum(42)};
    CHECK_TEXT(c_string(print_with(vector_nth(run(prim_read_resume, b, 2), 0), NIL)),
               "[1 42 #other 3 (quote x)]");
    value again[] = {state, from_fixnum(42)};
    CHECK(run(prim_read_resume, again, 2) == VAL_ERROR);
    CHECK(run(prim_read_resume, (value[]){from_fixnum(1), NIL}, 2) == VAL_ERROR);
}

static void bad_arguments(void)
{
    value text = string_of("aλ");
    CHECK(read_at(text, 4, NIL) == VAL_ERROR);
    CHECK(read_at(text, 2, NIL) == VAL_ERROR);
    CHECK(read_at(from_fixnum(1), 0, NIL) == VAL_ERROR);
    CHECK(read_at(text, 0, from_fixnum(1)) == VAL_ERROR);
}

int main(void)
{
    p = stub_process();
    value aliases[] = {symbol_c(p, NULL, "s"), symbol_c(p, NULL, "lona.string")};
    value refers[] = {symbol_c(p, NULL, "map"), symbol_c(p, "lona.core", "map")};
    value feature = set_conj(p, empty_set(), keyword_c(p, NULL, "lona"));
    value kv[] = {keyword_c(p, NULL, "ns"),       symbol_c(p, NULL, "user.ns"),
                  keyword_c(p, NULL, "aliases"),  map_of(aliases, 1),
                  keyword_c(p, NULL, "refers"),   map_of(refers, 1),
                  keyword_c(p, NULL, "features"), feature,
                  keyword_c(p, NULL, "file"),     string_of("test.lona-s")};
    options = map_of(kv, 5);
    atoms();
    strings();
    collections();
    unbalanced();
    prefixes();
    conditionals();
    functions();
    syntax_quotes();
    metadata();
    positions();
    comments();
    end_of_text();
    large();
    large_templates();
    requests();
    bad_arguments();
    deep();
    long_tokens();
    return check_report();
}
