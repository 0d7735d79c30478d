/* Reading and printing for tests: whole, and in the smallest turns that the primitives take. */
#ifndef TEST_RUNTIME_READER_HARNESS_H
#define TEST_RUNTIME_READER_HARNESS_H

#include "runtime/reader/reader.h"
#include "runtime/reader/print.h"
#include "runtime/sched/domain.h"
#include "runtime/value/collection.h"
#include "runtime/value/string.h"
#include "runtime/vm/prim.h"
#include "test/stub/stub.h"
#include "test/support/check.h"
#include <stdlib.h>

prim_fn prim_read, prim_read_request, prim_read_resume, prim_pr_str, prim_pr_strs, prim_str,
    prim_print_request, prim_print_resume;

static struct process *p;
static int turn = 1 << 20; /* reductions that each turn gets */
static unsigned turns;     /* that the last run took */

/* Interned names, of which a process without a domain has none. */
__attribute__((weak)) value domain_find_name(struct domain *d, bool keyword, const char *ns, size_t ns_size,
                                             const char *name, size_t name_size)
{
    return NIL;
}
/* What the system around a process provides, for one without a system. */
uint64_t unique_number(struct scheduler *s);
__attribute__((weak)) uint64_t unique_number(struct scheduler *s)
{
    static uint64_t last;
    return ++last;
}
__attribute__((weak)) struct cell *domain_cell(struct domain *d, value s, bool create)
{
    return NULL;
}

static value string_of(const char *s)
{
    return string_make(p, s, strlen(s));
}

static value run(prim_fn *f, value *a, unsigned argc)
{
    value v;
    turns = 0;
    p->prim_state = NIL;
    do {
        p->reductions = turn;
        v = f(p, a, argc);
        turns++;
    } while (v == VAL_YIELD);
    CHECK(p->prim_state == NIL);
    return v;
}

static value read_at(value text, uint64_t offset, value options)
{
    value a[] = {text, from_fixnum((int64_t)offset), from_fixnum(1), from_fixnum(1), options};
    return run(prim_read, a, 5);
}

/* The first form of a text, or VAL_ERROR. */
static value read_value(value text, value options)
{
    value r = read_at(text, 0, options);
    return is_sentinel(r) ? r : vector_nth(r, 0);
}

static value map_of(const value *kv, unsigned entries)
{
    return map_make(p, kv, entries);
}

static value print_with(value v, value options)
{
    value a[] = {v, options};
    value text = run(prim_pr_str, a, 2);
    /* A record's type is asked for a text of its own; here none has one. */
    while (text == VAL_TRAP && is_type(run(prim_print_request, a, 1), T_RECORD)) {
        a[1] = NIL;
        text = run(prim_print_resume, a, 2);
    }
    return text;
}

static const char *c_string(value s)
{
    static char buffers[4][100000];
    static int next;
    char *to = buffers[next++ % 4];
    size_t size = 0;
    const char *bytes = is_string(s) ? string_bytes(s, &size) : NULL;
    if (size > 99999) size = 99999;
    if (bytes) memcpy(to, bytes, size);
    to[size] = 0;
    return is_string(s) ? to : s == VAL_ERROR ? "<error>" : s == VAL_TRAP ? "<trap>" : "<not a string>";
}

static value error_field(const char *name)
{
    value v = map_get_keyword(p->error, keyword_c(p, NULL, name));
    return v == VAL_ABSENT ? NIL : v;
}

#define CHECK_TEXT(got_expression, wanted)                                                                   \
    do {                                                                                                     \
        const char *got_ = (got_expression);                                                                 \
        if (strcmp(got_, (wanted)) == 0) {                                                                   \
            check_counts.passed++;                                                                           \
        } else {                                                                                             \
            check_counts.failed++;                                                                           \
            printf("%s:%d: got    %s\n    wanted %s\n", __FILE__, __LINE__, got_, (wanted));                 \
        }                                                                                                    \
    } while (0)

#endif
