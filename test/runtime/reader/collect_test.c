/* Reading and printing with a collection after every turn, the turns being as small as they get: what lies in C variables,
 * stacks and texts between turns has to survive it. */
#include "test/runtime/gc/fixture.h"
#include "runtime/reader/reader.h"
#include "runtime/sched/domain.h"
#include "runtime/value/collection.h"
#include "runtime/value/string.h"

prim_fn prim_read, prim_pr_str, prim_str, prim_string_join, prim_binary, prim_upper_case, prim_replace_string,
    prim_split_lines;

uint64_t unique_number(struct scheduler *s);
uint64_t unique_number(struct scheduler *s)
{
    return 1;
}
value domain_find_name(struct domain *d, bool keyword, const char *ns, size_t ns_size, const char *name,
                       size_t name_size)
{
    return NIL;
}
struct cell *domain_cell(struct domain *d, value s, bool create)
{
    return NULL;
}

value fail_type(struct process *q, const char *function, unsigned arg_number, value got, const char *wanted)
{
    return VAL_ERROR;
}
value fail_range(struct process *q, const char *function, value index, uint64_t limit)
{
    return VAL_ERROR;
}

static struct process *p;

/* Roots: the arguments in base[0 ..), then two for the caller. */
enum { KEPT = 6, ROOTS = 8 };

static value run(prim_fn *f, const value *arguments, unsigned argc)
{
    value v;
    for (unsigned i = 0; i < argc; i++) p->base[i] = arguments[i];
    p->prim_state = NIL;
    for (unsigned turns = 0;; turns++) {
        p->reductions = 1;
        v = f(p, p->base, argc);
        if (v != VAL_YIELD) break;
        p->flags &= ~PROC_ATTENTION;
        if (turns % 3 == 0)
            heap_collect_full(p);
        else
            heap_safepoint(p, 100);
    }
    for (unsigned i = 0; i < argc; i++) p->base[i] = NIL;
    return v;
}

static value read_text(value text)
{
    value a[] = {text, from_fixnum(0), from_fixnum(1), from_fixnum(1), NIL};
    value v = run(prim_read, a, 5);
    return is_sentinel(v) ? v : vector_nth(v, 0);
}

static value print_value(value v)
{
    value a[] = {v, NIL};
    return run(prim_pr_str, a, 2);
}

static void put_form(char **at, int depth, uint64_t *seed)
{
    *seed = *seed * 6364136223846793005ull + 1442695040888963407ull;
    unsigned kind = *seed >> 40 & 7, n = *seed >> 50 & 7;
    if (depth == 0) kind = kind % 4;
    static const char *const open[] = {"(", "[", "{", "(a [b "}, *const close[] = {")", "]", "}", "] c)"};
    switch (kind) {
    case 0: *at += sprintf(*at, "%llu", (unsigned long long)(*seed >> 44)); break;
    case 1: *at += sprintf(*at, "\"text %u \\n \u03bb\"", n); break;
    case 2: *at += sprintf(*at, ":key/k%u", n); break;
    case 3: *at += sprintf(*at, "sym%u", n); break;
    default:
        *at += sprintf(*at, "%s", open[kind - 4]);
        for (unsigned i = 0; i < n * 2 + (depth > 3 ? 80 : 0); i++) {
            if (kind == 6 && i % 2 == 0)
                *at += sprintf(*at, "k%u", i);
            else
                put_form(at, depth - 1, seed);
            *(*at)++ = ' ';
        }
        if (kind == 6) *at -= 0;
        *at += sprintf(*at, "%s", close[kind - 4]);
    }
}

/* What is read prints as a text that reads and prints as the same. */
static void round_trips(void)
{
    static char text[4 << 20];
    uint64_t seed = 11;
    for (int i = 0; i < 60; i++) {
        char *at = text;
        put_form(&at, 1 + i % 4, &seed);
        value form = read_text(string_make(p, text, (size_t)(at - text)));
        CHECK(!is_sentinel(form));
        p->base[KEPT] = print_value(form);
        value again = print_value(read_text(p->base[KEPT]));
        CHECK(string_equal(again, p->base[KEPT]));
        heap_collect_full(p);
    }
    p->base[KEPT] = NIL;
}

static void long_strings(void)
{
    static char text[400000];
    for (size_t i = 0; i < sizeof text; i++) text[i] = i % 100 == 99 ? '\n' : (char)('a' + i % 26);
    p->base[KEPT] = string_make(p, text, sizeof text);
    p->base[KEPT + 1] = print_value(p->base[KEPT]);
    CHECK(string_equal(read_text(p->base[KEPT + 1]), p->base[KEPT]));
    value lines = run(prim_split_lines, &p->base[KEPT], 1);
    CHECK_EQ_U64(vector_count(lines), sizeof text / 100);
    value b[] = {string_make(p, "\n", 1), lines};
    value joined = run(prim_string_join, b, 2);
    CHECK_EQ_U64(string_chars(joined), sizeof text - 1);
    CHECK(string_equal(joined, string_slice(p, p->base[KEPT], 0, sizeof text - 1)));
    value c[] = {p->base[KEPT], string_make(p, "\n", 1), string_make(p, "--", 2), FALSE_};
    CHECK_EQ_U64(string_chars(run(prim_replace_string, c, 4)), sizeof text + sizeof text / 100);
    CHECK_EQ_U64(string_chars(run(prim_upper_case, &p->base[KEPT], 1)), sizeof text);
    value d[] = {p->base[KEPT], p->base[KEPT]};
    CHECK_EQ_U64(string_chars(run(prim_str, d, 2)), 2 * sizeof text);
    size_t size;
    d[0] = d[1] = p->base[KEPT]; /* it was moved */
    value e[] = {p->base[KEPT], list_make(p, d, 2)};
    binary_bytes(run(prim_binary, e, 2), &size);
    CHECK_EQ_U64(size, 3 * sizeof text);
    p->base[KEPT] = p->base[KEPT + 1] = NIL;
}

static void deep(void)
{
    static char text[100001];
    memset(text, '[', 50000);
    memset(text + 50000, ']', 50000);
    value v = read_text(string_make(p, text, 100000));
    CHECK(!is_sentinel(v));
    CHECK_EQ_U64(string_chars(print_value(v)), 100000);
}

/* With less and less memory: the right result or an error, nothing in between. */
static void refusals(void)
{
    static char text[30000];
    for (size_t i = 0; i < sizeof text; i++) text[i] = i % 100 == 99 ? '\n' : (char)('a' + i % 26);
    unsigned refused = 0, done = 0;
    for (uint64_t more = 0; more < 400000; more += 3001) {
        fixture_limit_bytes = UINT64_MAX;
        heap_collect_full(p);
        p->base[KEPT] = string_make(p, text, sizeof text);
        p->base[KEPT + 1] = string_make(p, "\n", 1);
        fixture_limit_bytes = p->domain->used_bytes + more;
        value v = print_value(p->base[KEPT]);
        if (!is_sentinel(v)) v = read_text(v);
        if (v == VAL_ERROR)
            refused++;
        else if (string_equal(v, p->base[KEPT]))
            done++;
        value c[] = {p->base[KEPT], p->base[KEPT + 1], p->base[KEPT], FALSE_};
        v = run(prim_replace_string, c, 4);
        CHECK(v == VAL_ERROR || string_chars(v) == sizeof text / 100 * (sizeof text + 99));
        value lines = run(prim_split_lines, &p->base[KEPT], 1);
        CHECK(lines == VAL_ERROR || vector_count(lines) == sizeof text / 100);
        value d[] = {p->base[KEPT], p->base[KEPT], from_fixnum(7)};
        v = run(prim_binary, d, 3);
        size_t size = 0;
        if (v != VAL_ERROR) binary_bytes(v, &size);
        CHECK(v == VAL_ERROR || size == 2 * sizeof text + 1);
    }
    fixture_limit_bytes = UINT64_MAX;
    p->base[KEPT] = p->base[KEPT + 1] = NIL;
    CHECK(refused > 0 && done > 0);
}

int main(void)
{
    struct fixture *f = fixture_new();
    p = fixture_process(f, ROOTS);
    round_trips();
    long_strings();
    deep();
    refusals();
    heap_collect_full(p);
    fixture_process_free(p);
    fixture_free(f);
    return check_report();
}
