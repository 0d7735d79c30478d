/* Copies for messages: shape, sharing, what is refused, depth, and that the originals are as before. */
#include "test/runtime/gc/fixture.h"

static void take(struct process *p, struct message *m, value *into)
{
    *into = m->content;
    heap_adopt_message(p, m);
}

static void test_small(struct fixture *f)
{
    struct process *a = fixture_process(f, 4), *b = fixture_process(f, 4);
    value shared = cons(a, from_fixnum(1), NIL);
    a->base[0] = cons(a, shared, shared);
    struct message *m = message_make(a, &f->domain, a->base[0], 0);
    CHECK(m != NULL && m->content != a->base[0]);
    CHECK(is_header(to_obj(a->base[0])->header) && is_header(to_obj(shared)->header));
    take(b, m, &b->base[0]);
    value got = b->base[0];
    CHECK(to_obj(got)->p[0] == to_obj(got)->p[1] && to_obj(got)->p[0] != shared);
    CHECK(to_obj(to_obj(got)->p[0])->p[0] == from_fixnum(1));
    heap_check(b);
    heap_safepoint(b, 0);
    CHECK(to_obj(b->base[0])->p[0] == to_obj(b->base[0])->p[1]);
    m = message_make(a, &f->domain, from_fixnum(7), 0);
    take(b, m, &b->base[1]);
    CHECK(b->base[1] == from_fixnum(7));
    m = message_make(NULL, &f->domain, from_fixnum(7), COPY_UNLIMITED);
    message_free(&f->system, &f->domain, m);
    m = message_make(a, &f->domain, a->base[0], 0);
    message_free(&f->system, &f->domain, m);
    fixture_process_free(a);
    fixture_process_free(b);
}

/* n conses, each referring twice to the next: 2^n paths. */
static void test_diamonds(struct fixture *f)
{
    struct process *a = fixture_process(f, 1), *b = fixture_process(f, 1);
    value v = NIL;
    for (unsigned i = 0; i < 10000; i++) v = cons(a, v, v);
    a->base[0] = v;
    struct message *m = message_make(a, &f->domain, v, 0);
    CHECK(m != NULL);
    take(b, m, &b->base[0]);
    unsigned depth = 0;
    for (v = b->base[0]; v != NIL; v = to_obj(v)->p[1], depth++)
        if (to_obj(v)->p[0] != to_obj(v)->p[1]) break;
    CHECK_EQ_U64(depth, 10000);
    v = arena_publish(a, a->base[0]);
    depth = 0;
    for (; v != NIL; v = to_obj(v)->p[1], depth++)
        if (to_obj(v)->p[0] != to_obj(v)->p[1] || !obj_has(to_obj(v), OBJ_SHARED)) break;
    CHECK_EQ_U64(depth, 10000);
    fixture_process_free(a);
    fixture_process_free(b);
}

static void test_long(struct fixture *f, unsigned n)
{
    struct process *a = fixture_process(f, 1), *b = fixture_process(f, 1);
    value car = NIL, cdr = NIL; /* deep in both directions */
    for (unsigned i = 0; i < n; i++) cdr = cons(a, from_fixnum(i), cdr);
    for (unsigned i = 0; i < n; i++) car = cons(a, car, from_fixnum(i));
    a->base[0] = cons(a, car, cdr);
    uint64_t from = now_ns();
    struct message *m = message_make(a, &f->domain, a->base[0], 0);
    printf("copy: %.2f ns a cons\n", (double)(now_ns() - from) / (2.0 * n));
    CHECK(m != NULL);
    take(b, m, &b->base[0]);
    heap_safepoint(b, 0);
    heap_safepoint(b, 0);
    unsigned count = 0;
    for (value v = to_obj(b->base[0])->p[1]; v != NIL; v = to_obj(v)->p[1])
        if (to_obj(v)->p[0] != from_fixnum(n - 1 - count++)) break;
    CHECK_EQ_U64(count, n);
    count = 0;
    for (value v = to_obj(b->base[0])->p[0]; v != NIL; v = to_obj(v)->p[0])
        if (to_obj(v)->p[1] != from_fixnum(n - 1 - count++)) break;
    CHECK_EQ_U64(count, n);
    fixture_process_free(a);
    fixture_process_free(b);
}

static void test_thousand(struct fixture *f)
{
    struct process *a = fixture_process(f, 1), *b = fixture_process(f, 1);
    value list = NIL;
    for (unsigned i = 0; i < 1000; i++) list = cons(a, from_fixnum(i), list);
    a->base[0] = list;
    uint64_t from = now_ns();
    for (unsigned i = 0; i < 2000; i++) {
        struct message *m = message_make(a, &f->domain, list, 0);
        take(b, m, &b->base[0]);
        fixture_safepoint(b);
    }
    printf("send of 1000 elements: %.2f us\n", (double)(now_ns() - from) / 2000 / 1000);
    from = now_ns();
    value small = cons(a, from_fixnum(1), cons(a, from_fixnum(2), NIL));
    for (unsigned i = 0; i < 1000000; i++) {
        struct message *m = message_make(a, &f->domain, small, 0);
        take(b, m, &b->base[0]);
        fixture_safepoint(b);
    }
    printf("send of 2 conses: %.1f ns\n", (double)(now_ns() - from) / 1e6);
    from = now_ns();
    for (unsigned i = 0; i < 1000000; i++) {
        struct message *m = message_make(a, &f->domain, from_fixnum(1), 0);
        take(b, m, &b->base[0]);
        fixture_safepoint(b);
    }
    printf("send of a number: %.1f ns\n", (double)(now_ns() - from) / 1e6);
    fixture_process_free(a);
    fixture_process_free(b);
}

/* ---- lists in runs: random ones that share tails, items and middles; laid out contiguously or not ---- */

#define RUN_ROOTS 8
#define RUN_PAIRS 40000
struct pair {
    value original, copy;
};

/* Are the graphs under a and b the same, shared places included, and is no object in both? */
static bool same_graph(value a, value b)
{
    static struct pair seen[RUN_PAIRS];
    static value todo[8 * RUN_PAIRS][2];
    memset(seen, 0, sizeof seen);
    size_t depth = 0, pairs = 0;
    todo[depth][0] = a;
    todo[depth++][1] = b;
    while (depth > 0) {
        a = todo[--depth][0];
        b = todo[depth][1];
        if (!is_ptr(a) || obj_has(to_obj(a), OBJ_SHARED)) {
            if (a != b) return false;
            continue;
        }
        if (!is_ptr(b) || a == b) return false;
        struct object *x = to_obj(a), *y = to_obj(b);
        size_t at = (size_t)(a * 0x9e3779b97f4a7c15ull >> 32) % RUN_PAIRS;
        while (seen[at].original != 0 && seen[at].original != a) at = (at + 1) % RUN_PAIRS;
        if (seen[at].original == a) {
            if (seen[at].copy != b) return false;
            continue;
        }
        if (++pairs > RUN_PAIRS / 2) return false; /* the test's own limit */
        seen[at] = (struct pair){a, b};
        const uint64_t gone = (uint64_t)(OBJ_OLD | OBJ_MARK | OBJ_REMEMBERED) << 32;
        if ((x->header & ~gone) != (y->header & ~gone) || (y->header & gone) != 0) return false;
        for (uint32_t i = 0; i < obj_size(x); i++) {
            todo[depth][0] = x->p[i];
            todo[depth++][1] = y->p[i];
        }
    }
    return true;
}

/* Something in the lists under root: a middle cell more often than not. */
static value random_inside(value v)
{
    for (uint32_t n = random_below(60); n > 0 && is_type(to_obj(v)->p[1], T_CONS); n--) v = to_obj(v)->p[1];
    return v;
}

static value random_list(struct process *p)
{
    value list = random_below(2) ? NIL : p->base[random_below(RUN_ROOTS)];
    if (list != NIL) list = random_inside(list);
    uint32_t kinds = random_below(4);
    for (uint32_t n = random_below(random_below(8) ? 40 : 700); n > 0; n--) {
        value item = from_fixnum(n), other = p->base[random_below(RUN_ROOTS)];
        if (kinds == 1 && random_below(20) == 0 && other != NIL) item = random_inside(other);
        if (kinds == 2 && random_below(3) == 0) item = cons(p, from_fixnum(n), NIL);
        list = cons(p, item, list);
        if (kinds == 3 && random_below(10) == 0) to_obj(list)->header |= (uint64_t)OBJ_B << 32;
        if (kinds == 3 && random_below(10) == 0) heap_alloc(p, T_SVECTOR, 0, 1)->p[0] = NIL;
    }
    return list;
}

static void test_runs(struct fixture *f)
{
    struct process *a = fixture_process(f, RUN_ROOTS), *b = fixture_process(f, 1);
    unsigned wrong = 0;
    for (unsigned round = 0; round < 1500; round++) {
        a->base[random_below(RUN_ROOTS)] = random_list(a);
        if (random_below(3) == 0) heap_safepoint(a, 0); /* lays lists out, makes some old */
        if (random_below(60) == 0)
            for (unsigned i = 0; i < RUN_ROOTS; i++) a->base[i] = NIL;
        struct object *all = heap_alloc(a, T_SVECTOR, 0, RUN_ROOTS);
        for (unsigned i = 0; i < RUN_ROOTS; i++)
            all->p[i] = a->base[random_below(random_below(2) ? 2 : RUN_ROOTS)];
        struct message *m = message_make(a, &f->domain, from_obj(all), 0);
        take(b, m, &b->base[0]);
        heap_check(a);
        heap_check(b);
        if (!same_graph(from_obj(all), b->base[0])) wrong++;
        heap_safepoint(b, 0);
        if (!same_graph(from_obj(all), b->base[0])) wrong++;
        b->base[0] = NIL;
        fixture_safepoint(a);
    }
    CHECK_EQ_U64(wrong, 0);
    fixture_process_free(a);
    fixture_process_free(b);
}

static void test_refused(struct fixture *f)
{
    static const enum object_type types[] = {T_BOX, T_ARRAY, T_STATE, T_STATE_RAW};
    struct process *a = fixture_process(f, 2);
    for (unsigned i = 0; i < COUNT_OF(types); i++) {
        struct object *o = heap_alloc(a, types[i], 0, 1);
        o->p[0] = NIL;
        value blob = blob_value(a, 1000);
        struct blob *b = (struct blob *)(uintptr_t)to_obj(blob)->p[0];
        a->base[0] = cons(a, blob, cons(a, from_obj(o), NIL));
        uint64_t used = f->domain.used_bytes;
        unsigned errors = fixture_errors;
        CHECK(message_make(a, &f->domain, a->base[0], 0) == NULL && fixture_error == ERR_ARGUMENT);
        CHECK(message_make(a, &f->domain, a->base[0], COPY_CROSS_DOMAIN) == NULL &&
              fixture_error == ERR_CANNOT_CROSS);
        CHECK(arena_publish(a, a->base[0]) == VAL_ERROR && fixture_error == ERR_ARGUMENT);
        CHECK_EQ_U64(fixture_errors, errors + 3);
        CHECK_EQ_U64(f->domain.used_bytes, used);
        CHECK_EQ_U64(b->references, 1);
        heap_check(a);
        CHECK(is_type(a->base[0], T_CONS) && obj_type(o) == types[i]);
    }
    struct object *atom = heap_alloc(a, T_ATOM, 0, 2);
    atom->p[0] = 4096;
    heap_link_offheap(a, atom);
    fixture_atoms = 1;
    CHECK(message_make(a, &f->domain, from_obj(atom), COPY_CROSS_DOMAIN) == NULL &&
          fixture_error == ERR_CANNOT_CROSS);
    CHECK_EQ_U64(fixture_atoms, 1);
    struct message *m = message_make(a, &f->domain, from_obj(atom), 0);
    CHECK_EQ_U64(fixture_atoms, 2);
    message_free(&f->system, &f->domain, m);
    CHECK_EQ_U64(fixture_atoms, 1);
    fixture_process_free(a);
    CHECK_EQ_U64(fixture_atoms, 0);
}

static void test_limit(struct fixture *f)
{
    struct process *a = fixture_process(f, 1);
    value list = NIL;
    for (unsigned i = 0; i < 100000; i++) list = cons(a, from_fixnum(i), list);
    a->base[0] = list;
    uint64_t used = f->domain.used_bytes;
    fixture_limit_bytes = used + 500000;
    CHECK(message_make(a, &f->domain, list, 0) == NULL && fixture_error == ERR_OUT_OF_MEMORY);
    CHECK_EQ_U64(f->domain.used_bytes, used);
    heap_check(a);
    struct message *m = message_make(a, &f->domain, list, COPY_UNLIMITED);
    CHECK(m != NULL);
    message_free(&f->system, &f->domain, m);
    CHECK_EQ_U64(f->domain.used_bytes, used);
    fixture_limit_bytes = UINT64_MAX;
    fixture_process_free(a);
}

/* A message that was looked at and left in the queue: registers point into it. */
static void test_examined(struct fixture *f)
{
    struct process *a = fixture_process(f, 1), *b = fixture_process(f, 2);
    value blob = blob_value(a, 500);
    struct blob *raw = (struct blob *)(uintptr_t)to_obj(blob)->p[0];
    value big = NIL;
    for (unsigned i = 0; i < 5000; i++) big = cons(a, from_fixnum(i), big);
    a->base[0] = cons(a, blob, big);
    struct message *m = message_make(a, &f->domain, a->base[0], 0),
                   *n = message_make(a, &f->domain, a->base[0], 0);
    b->queue = m;
    m->next = n;
    n->next = NULL;
    m->flags |= MESSAGE_EXAMINED;
    b->base[0] = to_obj(m->content)->p[1];
    for (unsigned i = 0; i < 3; i++) heap_safepoint(b, 0);
    CHECK(to_obj(m->content)->p[1] == b->base[0]);
    CHECK(to_obj(b->base[0])->p[0] == from_fixnum(4999));
    CHECK_EQ_U64(raw->references, 3);
    b->queue = n;
    b->base[1] = m->content;
    heap_adopt_message(b, m);
    CHECK(to_obj(b->base[1])->p[1] == b->base[0]);
    heap_collect_full(b);
    CHECK(to_obj(b->base[1])->p[1] == b->base[0]);
    b->queue = NULL;
    message_free(&f->system, &f->domain, n);
    CHECK_EQ_U64(raw->references, 2);
    b->base[1] = NIL;
    heap_collect_full(b);
    CHECK_EQ_U64(raw->references, 1);
    fixture_process_free(b);
    fixture_process_free(a);
}

static void test_spawn(struct fixture *f)
{
    struct process *a = fixture_process(f, 3), *b = fixture_process(f, 3);
    a->base[0] = cons(a, from_fixnum(1), NIL);
    value args[3] = {a->base[0], from_fixnum(2), a->base[0]};
    CHECK(heap_copy_values(a, b, args, 3, 0));
    CHECK(args[0] == args[2] && args[0] != a->base[0] && args[1] == from_fixnum(2));
    for (unsigned i = 0; i < 3; i++) b->base[i] = args[i];
    heap_check(b);
    fixture_process_free(a);
    fixture_process_free(b);
}

static void test_publish(struct fixture *f)
{
    struct process *a = fixture_process(f, 1);
    uint64_t before = arena_used_bytes(&f->system);
    value blob = blob_value(a, 1000), huge = blob_value(a, 2 << 20);
    struct blob *b = (struct blob *)(uintptr_t)to_obj(huge)->p[0];
    value v = arena_publish(a, cons(a, blob, cons(a, huge, NIL)));
    CHECK(is_type(to_obj(v)->p[0], T_BINARY) && obj_has(to_obj(v), OBJ_SHARED));
    CHECK_EQ_U64(to_obj(to_obj(v)->p[0])->p[0], 1000);
    CHECK(((uint8_t *)&to_obj(to_obj(v)->p[0])->p[1])[999] == (uint8_t)1000);
    CHECK_EQ_U64(b->references, 2);
    CHECK(arena_publish(a, v) == v);
    value w = arena_publish(a, cons(a, v, NIL));
    CHECK(to_obj(w)->p[0] == v);
    CHECK(arena_used_bytes(&f->system) - before < 2048);
    heap_check(a);
    struct segment *s = arena_segment(f->system.arena, to_obj(v));
    CHECK(arena_segment(f->system.arena, to_obj(to_obj(v)->p[0])) == s &&
          arena_segment(f->system.arena, to_obj(w)) != s);
    heap_write(a, to_obj(v), 0, NIL); /* has no effect on a SHARED object */
    CHECK(is_type(to_obj(v)->p[0], T_BINARY));
    blob_release(&f->system, b);
    fixture_process_free(a);
}

int main(void)
{
    struct fixture *f = fixture_new();
    test_small(f);
    test_diamonds(f);
    test_long(f, 100000);
    test_long(f, 5000000);
    test_thousand(f);
    test_runs(f);
    test_refused(f);
    test_limit(f);
    test_examined(f);
    test_spawn(f);
    test_publish(f);
    fixture_free(f);
    return check_report();
}
