/* Random graphs of mutable objects against a shadow copy that the collector knows nothing of. */
#include "test/runtime/gc/fixture.h"

#define ROOTS 40
#if defined(LONA_STRESS) /* a collection at every step */
#define SCALE 100
#else
#define SCALE 1
#endif

/* Shadow of the object with an id: what its slots hold. */
struct shadow {
    uint32_t count;
    int64_t *slots; /* >= 0: the object of that id; < 0: the fixnum -1 - n */
    value seen;     /* where it was found in the running check */
    uint32_t seen_at;
    bool blob;
};
static struct shadow *shadows;
static uint32_t shadow_count, shadow_size, check_number;
static int64_t shadow_roots[ROOTS];

static uint32_t shadow_new(uint32_t count)
{
    if (shadow_count == shadow_size) {
        shadow_size = shadow_size == 0 ? 1024 : shadow_size * 2;
        shadows = realloc(shadows, shadow_size * sizeof *shadows);
    }
    struct shadow *s = &shadows[shadow_count];
    memset(s, 0, sizeof *s);
    s->count = count;
    s->slots = calloc(count + 1, sizeof *s->slots);
    return shadow_count++;
}

static value as_value(int64_t shadow, value object)
{
    return shadow >= 0 ? object : from_fixnum(-1 - shadow);
}

/* Types with the same shape, so that copying, headers and raw words of several kinds are exercised: slot 0 holds the id. */
static value new_object(struct process *p, uint32_t id, uint32_t count)
{
    static const enum object_type types[] = {T_ARRAY, T_VNODE, T_RECORD, T_STATE};
    enum object_type t = count < 30 ? types[id % 4] : T_ARRAY;
    struct object *o = heap_alloc(p, t, 0, count + 1);
    o->p[0] = from_fixnum(id);
    for (uint32_t i = 0; i < count; i++) o->p[i + 1] = NIL;
    return from_obj(o);
}

static struct {
    value v;
    int64_t shadow;
} todo[1 << 20];
static uint32_t todo_count;

static bool expect(value v, int64_t shadow)
{
    if (shadow < 0) return v == from_fixnum(-1 - shadow);
    todo[todo_count].v = v;
    todo[todo_count++].shadow = shadow;
    return true;
}

/* Walk both graphs; true if they are the same, sharing included. */
static bool graphs_match(struct process *p, unsigned *blobs)
{
    check_number++;
    todo_count = 0;
    *blobs = 0;
    for (unsigned i = 0; i < ROOTS; i++)
        if (!expect(p->base[i], shadow_roots[i])) return false;
    while (todo_count > 0) {
        value v = todo[--todo_count].v;
        struct shadow *s = &shadows[todo[todo_count].shadow];
        if (s->seen_at == check_number) {
            if (s->seen != v) return false;
            continue;
        }
        s->seen_at = check_number;
        s->seen = v;
        if (!is_ptr(v) || !is_header(to_obj(v)->header)) return false;
        struct object *o = to_obj(v);
        if (s->blob) {
            if (obj_type(o) != T_BINARY_BLOB) return false;
            struct blob *b = (struct blob *)(uintptr_t)o->p[0];
            if (b->references != 1 || b->bytes[o->p[2] - 1] != (uint8_t)o->p[2]) return false;
            ++*blobs;
            continue;
        }
        if (obj_size(o) != s->count + 1 || o->p[0] != from_fixnum(s - shadows)) return false;
        for (uint32_t i = 0; i < s->count; i++)
            if (!expect(o->p[i + 1], s->slots[i])) return false;
    }
    return true;
}

static void random_step(struct process *p)
{
    unsigned r = random_below(ROOTS), q = random_below(ROOTS);
    switch (random_below(12)) {
    case 0:
    case 1:
    case 2:
    case 3: { /* a new object that refers to others */
        uint32_t count = random_below(50) == 0 ? random_below(3000) : random_below(8);
        uint32_t id = shadow_new(count);
        value v = new_object(p, id, count);
        for (uint32_t i = 0; i < count; i++) {
            unsigned from = random_below(ROOTS);
            shadows[id].slots[i] =
                random_below(3) == 0 ? -1 - (int64_t)random_below(1000) : shadow_roots[from];
            to_obj(v)->p[i + 1] = as_value(shadows[id].slots[i], p->base[from]);
        }
        p->base[r] = v;
        shadow_roots[r] = id;
        break;
    }
    case 4: { /* a blob */
        uint32_t id = shadow_new(0);
        shadows[id].blob = true;
        uint64_t size = 300 + random_below(500);
        p->base[r] = blob_value(p, size);
        if (p->base[r] == VAL_ERROR) p->base[r] = blob_value(p, size);
        shadow_roots[r] = id;
        break;
    }
    case 5:
    case 6:
    case 7:
    case 8: { /* change an object */
        int64_t id = shadow_roots[r];
        if (id < 0 || shadows[id].count == 0 || shadows[id].blob) break;
        uint32_t slot = random_below(shadows[id].count);
        shadows[id].slots[slot] = shadow_roots[q];
        heap_write(p, to_obj(p->base[r]), slot + 1, as_value(shadow_roots[q], p->base[q]));
        break;
    }
    case 9:
    case 10: { /* go down one step */
        int64_t id = shadow_roots[r];
        if (id < 0 || shadows[id].count == 0 || shadows[id].blob) break;
        uint32_t slot = random_below(shadows[id].count);
        p->base[q] = to_obj(p->base[r])->p[slot + 1];
        shadow_roots[q] = shadows[id].slots[slot];
        break;
    }
    default: /* forget */
        if (random_below(4) != 0) break;
        shadow_roots[r] = -1 - (int64_t)r;
        p->base[r] = from_fixnum(r);
    }
}

static void test_random(uint64_t seed, unsigned steps, uint64_t fail_after)
{
    random_state = seed * 0x9e3779b97f4a7c15ull + 1;
    struct fixture *f = fixture_new();
    struct process *p = fixture_process(f, ROOTS);
    f->system.arena->memory.fail_after = fail_after;
    for (unsigned i = 0; i < ROOTS; i++) {
        shadow_roots[i] = -1 - (int64_t)i;
        p->base[i] = from_fixnum(i);
    }
    unsigned blobs = 0;
    for (unsigned n = 0; n < steps; n++) {
        random_step(p);
        fixture_safepoint(p);
        if (random_below(1000) == 0) {
            if (random_below(8) == 0)
                heap_hibernate(p);
            else if (random_below(4) == 0)
                heap_collect_full(p);
            else
                heap_safepoint(p, random_below(100));
        }
        if (n % (steps / 16) == 0) CHECK(graphs_match(p, &blobs));
    }
    CHECK(graphs_match(p, &blobs));
    heap_collect_full(p);
    heap_collect_full(p);
    CHECK(graphs_match(p, &blobs));
    unsigned chained = 0;
    for (value o = p->offheap; o != 0; o = *offheap_next(to_obj(o))) chained++;
    for (value o = p->old != NULL ? p->old->offheap : 0; o != 0; o = *offheap_next(to_obj(o))) chained++;
    CHECK_EQ_U64(chained, blobs);
    fixture_process_free(p);
    fixture_free(f);
    for (uint32_t i = 0; i < shadow_count; i++) free(shadows[i].slots);
    shadow_count = 0;
}

/* A list of a million elements under churn: nothing may pause for long, nothing may be lost. */
static void test_large(void)
{
    struct fixture *f = fixture_new();
    struct process *p = fixture_process(f, 2);
    unsigned elements = 1000000 / SCALE / SCALE;
    uint64_t longest = 0, minor = 0, count = 0;
    for (unsigned round = 0; round < 3; round++) {
        value list = NIL;
        for (unsigned i = 0; i < elements; i++) {
            list = cons(p, from_fixnum(i), list);
            p->base[0] = list;
            if (p->flags & PROC_ATTENTION) {
                uint64_t from = now_ns();
                fixture_safepoint(p);
                uint64_t took = now_ns() - from;
                if (took > longest) longest = took;
                minor += took;
                count++;
                list = p->base[0];
            }
        }
        p->base[1] = p->base[0];
    }
    unsigned length = 0;
    for (value l = p->base[1]; l != NIL; l = to_obj(l)->p[1]) length++;
    CHECK_EQ_U64(length, elements);
    heap_collect_full(p);
    length = 0;
    for (value l = p->base[1]; l != NIL; l = to_obj(l)->p[1]) length++;
    CHECK_EQ_U64(length, elements);
    CHECK(heap_used_words(p) < 3u * elements + 100000);
    printf("longest pause %.2f ms, mean %.2f ms of %u\n", (double)longest / 1e6,
           (double)minor / 1e6 / (double)count, (unsigned)count);
    p->base[0] = p->base[1] = NIL;
    heap_collect_full(p);
    CHECK(heap_used_words(p) < 100);
    heap_hibernate(p);
    CHECK(heap_held_words(p) < 200);
    fixture_process_free(p);
    fixture_free(f);
}

/* ---- a table of lists that grows and changes: eager promotion, holes, slices, messages that wait in the queue ---- */

#define TABLE_PARTS 64 /* arrays of the table: changes are remembered one array at a time */
#define WAITING 5
struct list_shadow {
    uint64_t length, sum;
};

static struct list_shadow list_measure(value list)
{
    struct list_shadow s = {0, 0};
    for (; list != NIL; list = to_obj(list)->p[1]) {
        s.length++;
        s.sum = s.sum * 31 + (uint64_t)to_fixnum(to_obj(list)->p[0]);
    }
    return s;
}

static bool list_is(value list, struct list_shadow expected)
{
    struct list_shadow s = list_measure(list);
    return s.length == expected.length && s.sum == expected.sum;
}

static value *table_slot(struct process *p, uint32_t i, struct object **part)
{
    *part = to_obj(to_obj(p->base[0])->p[i % TABLE_PARTS]);
    return &(*part)->p[i / TABLE_PARTS];
}

/* The newest message joins the queue, looked at and left there; the oldest leaves it. */
static void queue_step(struct fixture *f, struct process *p, uint32_t i, struct list_shadow expected,
                       struct list_shadow *waiting, unsigned *waits, unsigned *wrong)
{
    struct object *part;
    struct message *m = message_make(p, &f->domain, *table_slot(p, i, &part), 0), **last = &p->queue;
    if (m == NULL) return;
    while (*last != NULL) last = &(*last)->next;
    m->flags |= MESSAGE_EXAMINED;
    m->next = NULL;
    *last = m;
    waiting[(*waits)++] = expected;
    if (*waits < WAITING) return;
    m = p->queue;
    p->queue = m->next;
    if (!list_is(m->content, waiting[0])) ++*wrong;
    p->base[1] = m->content;
    heap_adopt_message(p, m);
    if (!list_is(p->base[1], waiting[0])) ++*wrong;
    --*waits;
    memmove(waiting, waiting + 1, *waits * sizeof *waiting);
}

static void test_table(uint64_t seed, uint32_t size, unsigned steps)
{
    random_state = seed * 0x9e3779b97f4a7c15ull + 3;
    struct fixture *f = fixture_new();
    struct process *p = fixture_process(f, 3);
    struct list_shadow *expected = calloc(size, sizeof *expected), waiting[WAITING];
    unsigned waits = 0, wrong = 0, eager = 0, normal = 0;
    struct object *top = heap_alloc(p, T_ARRAY, 0, TABLE_PARTS), *part;
    for (unsigned i = 0; i < TABLE_PARTS; i++) {
        part = heap_alloc(p, T_ARRAY, 0, size / TABLE_PARTS + 1);
        for (uint32_t k = 0; k <= size / TABLE_PARTS; k++) part->p[k] = NIL;
        top->p[i] = from_obj(part);
    }
    p->base[0] = from_obj(top);
    for (unsigned n = 0; n < steps; n++) {
        uint32_t to = random_below(n < steps / 2 ? 1 + n * 2 * (size - 1) / steps : size),
                 from = random_below(size);
        struct list_shadow s = expected[from];
        p->base[2] = *table_slot(p, from, &part);
        if (s.length > 100 || random_below(2) == 0) {
            p->base[2] = NIL;
            s = (struct list_shadow){0, 0};
        }
        value list = p->base[2];
        for (uint32_t cells = random_below(30); cells > 0; cells--)
            list = cons(p, from_fixnum(random_below(1000)), list);
        value *slot = table_slot(p, to, &part);
        heap_write(p, part, (uint32_t)(slot - part->p), list);
        expected[to] = list_measure(list);
        if (random_below(20) == 0) queue_step(f, p, to, expected[to], waiting, &waits, &wrong);
        bool was_eager = p->old != NULL && p->old->eager_left > 0;
        if (p->flags & PROC_ATTENTION) was_eager ? eager++ : normal++;
        fixture_safepoint(p);
        if (random_below(20000) == 0) heap_collect_full(p);
        if (n % (steps / 8) == 0 || n + 1 == steps)
            for (uint32_t i = 0; i < size; i++)
                if (!list_is(*table_slot(p, i, &part), expected[i])) wrong++;
    }
    CHECK_EQ_U64(wrong, 0);
    CHECK(eager > 0 && normal > 0);
    while (p->queue != NULL) {
        struct message *m = p->queue;
        p->queue = m->next;
        message_free(&f->system, &f->domain, m);
    }
    free(expected);
    fixture_process_free(p);
    fixture_free(f);
}

/* Garbage alone must not make the heap grow. */
static void test_garbage(void)
{
    struct fixture *f = fixture_new();
    struct process *p = fixture_process(f, 1);
    uint64_t from = now_ns();
    for (unsigned i = 0; i < 20000000 / SCALE; i++) {
        cons(p, NIL, NIL);
        fixture_safepoint(p);
    }
    printf("allocation: %.2f ns a cons\n", (double)(now_ns() - from) / 2e7 * SCALE);
    CHECK(heap_held_words(p) < 100000);
    fixture_process_free(p);
    fixture_free(f);
}

static void test_limit(void)
{
    struct fixture *f = fixture_new();
    struct process *p = fixture_process(f, 1);
    fixture_limit_bytes = 1 << 20;
    unsigned n = 0;
    for (; n < 10000000; n++) {
        p->base[0] = cons(p, NIL, p->base[0]);
        fixture_safepoint(p);
        if (p->flags & PROC_OUT_OF_MEMORY) break;
    }
    CHECK(n > 10000 && n < 60000);
    p->base[0] = NIL;
    p->flags &= ~PROC_OUT_OF_MEMORY;
    heap_collect_full(p);
    CHECK(heap_reserve(p, 1 << 10) == NIL);
    CHECK(heap_reserve(p, 1 << 20) == VAL_ERROR && fixture_error == ERR_OUT_OF_MEMORY);
    CHECK(heap_reserve(p, 1ull << 40) == VAL_ERROR && fixture_error == ERR_TOO_LARGE);
    fixture_process_free(p);
    fixture_free(f);
}

int main(void)
{
    for (uint64_t seed = 1; seed <= 12; seed++) test_random(seed, 60000 / SCALE * (SCALE > 1 ? 5 : 1), 0);
#if defined(LONA_FAIL_ALLOC)
    for (uint64_t n = 1; n <= 60; n++) test_random(n, 20000, n);
#endif
#if defined(LONA_STRESS)
    for (uint64_t seed = 1; seed <= 4; seed++) test_table(seed, 200, 4000);
#else
    for (uint64_t seed = 1; seed <= 3; seed++) test_table(seed, 30000, 200000);
#endif
    test_large();
    test_garbage();
    test_limit();
    return check_report();
}
