/* A runtime with primitives only, for tests of schedulers and processes: programs are written in core forms. */
#ifndef TEST_RUNTIME_SCHED_FIXTURE_H
#define TEST_RUNTIME_SCHED_FIXTURE_H

#include <stdio.h>
#include <string.h>

#include "runtime/port/hosted/hosted.h"
#include "runtime/sched/domain.h"
#include "runtime/sched/scheduler.h"
#include "runtime/value/collection.h"
#include "runtime/value/string.h"
#include "runtime/vm/prim.h"
#include "test/support/check.h"

struct fixture {
    struct port *port;
    struct system *s;
    struct process *p; /* never runs: reads and compiles */
};

static inline void fixture_open(struct fixture *f, unsigned schedulers)
{
    struct system_options o = {.schedulers = schedulers};
    f->port = port_hosted_new();
    f->s = system_new(f->port, &o);
    f->s->lib_root = "";
    f->p = process_new(&f->s->schedulers[0], f->s->root);
}

static inline void fixture_close(struct fixture *f)
{
    process_end(&f->s->schedulers[0], f->p);
    system_free(f->s);
    port_hosted_free(f->port);
}

static inline value fixture_call(struct fixture *f, const char *name, value *args, unsigned argc)
{
    int index = prim_find(name, strlen(name));
    value v;
    do {
        f->p->reductions = REDUCTIONS_PER_TURN;
        v = prims[index].fn(f->p, args, argc);
    } while (v == VAL_YIELD);
    f->p->prim_state = NIL;
    return v;
}

static inline void fixture_complain(struct fixture *f, const char *text)
{
    value m = is_map(f->p->error) ? map_get_keyword(f->p->error, f->s->keywords[KW_MESSAGE]) : NIL;
    size_t size = 0;
    const char *bytes = is_string(m) ? string_bytes(m, &size) : "";
    printf("%.60s...: %.*s\n", text, (int)size, bytes);
}

/* Start a process that evaluates a core form; its id. */
static inline uint64_t fixture_start(struct fixture *f, const char *text, bool watch)
{
    value items[2] = {keyword_c(f->p, NULL, "ns"), symbol_c(f->p, NULL, "lona.core")};
    value options = map_make(f->p, items, 1);
    value read[5] = {string_make(f->p, text, strlen(text)), from_fixnum(0), from_fixnum(1), from_fixnum(1),
                     options};
    value r = fixture_call(f, "lona.core/-read", read, 5);
    value boot[4] = {keyword_c(f->p, NULL, "ns"), symbol_c(f->p, NULL, "lona.core"),
                     keyword_c(f->p, NULL, "boot"), TRUE_};
    value compile[2] = {r == VAL_ERROR ? NIL : vector_nth(r, 0), map_make(f->p, boot, 2)};
    value unit = r == VAL_ERROR ? r : fixture_call(f, "lona.core/-compile", compile, 2);
    value fn = unit == VAL_ERROR ? unit : fixture_call(f, "lona.core/-load-unit", &unit, 1);
    struct spawn_options o = {.name = NIL, .watch = watch};
    uint64_t id = fn == VAL_ERROR ? 0 : process_spawn(f->p, fn, NULL, 0, &o);
    if (id == 0) fixture_complain(f, text);
    return id;
}

/* Run a core form to the end of its process; the reason of the end, in f->p's heap. */
static inline value fixture_run(struct fixture *f, const char *text)
{
    uint64_t id = fixture_start(f, text, true);
    if (id == 0) return VAL_ERROR;
    struct message *m = system_run_watched(f->s);
    if (m == NULL) return VAL_ERROR;
    value v = m->content;
    heap_adopt_message(f->p, m);
    return v;
}

static inline int64_t to_fixnum_or(value v);
static inline bool fixture_is_keyword(value v, const char *name)
{
    return is_keyword(v) && name_is(v, NULL, name);
}

/* The form's process ends with the integer. */
#define CHECK_INT(f, wanted, text)                                                                           \
    CHECK_EQ_U64((uint64_t)to_fixnum_or(fixture_run(f, "(-process-exit " text ")")),                         \
                 (uint64_t)(int64_t)(wanted))
#define CHECK_KEYWORD(f, wanted, text)                                                                       \
    CHECK(fixture_is_keyword(fixture_run(f, "(-process-exit " text ")"), wanted))

static inline int64_t to_fixnum_or(value v)
{
    if (is_fixnum(v)) return to_fixnum(v);
    if (is_keyword(v)) {
        size_t size;
        const char *bytes = string_bytes(to_obj(v)->p[2], &size);
        printf("a keyword instead of an integer: %.*s\n", (int)size, bytes);
    }
    if (is_vector(v)) {
        printf("a vector instead of an integer\n");
        for (uint64_t i = 0; i < vector_count(v); i++) to_fixnum_or(vector_nth(v, i));
    }
    if (is_map(v)) {
        value m = VAL_ABSENT, key, val;
        struct walk w;
        for (walk_start(&w, v); walk_next(&w, &key, &val);)
            if (is_keyword(key) && name_is(key, NULL, "message")) m = val;
        size_t size = 0;
        const char *bytes = is_string(m) ? string_bytes(m, &size) : "";
        printf("a condition instead of an integer: %.*s\n", (int)size, bytes);
    }
    printf("value %llx %s\n", (unsigned long long)v, is_ptr(v) ? object_info[type_of(v)].name : "");
    return INT64_MIN;
}

#endif
