/* Marking in the shared arena: single references, processes, and what is marked already.
 *
 * Objects are marked one by one, since a segment can hold a node that is still part of a collection beside an old root of it
 * that refers to everything there ever was.  A segment lives if one of its objects does.  The marks lie in the side table: an
 * object is marked if its bit is the lowest bit of the cycle's epoch, so nothing has to be unmarked; objects are born marked.
 * Code units are marked as wholes, by mark_epoch. */
#include "runtime/debug/debug.h"
#include "runtime/gc/gc.h"
#include "runtime/gc/shared.h"
#include "runtime/vm/code.h"

#define SCAN_AT_ONCE_WORDS (1u << 17) /* of old objects, about 0.2 ms */
#define UNIT_TAG 1u                   /* on a gray entry: a struct unit, not an object */
#define GRAY_BATCH 128

/* ---- gray entries ---- */

static void push_gray(struct arena *a, uintptr_t entry)
{
    lock_acquire(&a->gray_lock);
    struct shared_gray *g = a->gray;
    if (g == NULL || g->count == SHARED_GRAY_ENTRIES) {
        struct shared_gray *more = memory_alloc(&a->memory, sizeof *more);
        if (more == NULL) {
            a->gray_lost = true; /* this cycle frees nothing */
            lock_release(&a->gray_lock);
            return;
        }
        more->next = g;
        more->count = 0;
        g = a->gray = more;
    }
    g->entries[g->count++] = entry;
    lock_release(&a->gray_lock);
}

static unsigned pop_gray(struct arena *a, uintptr_t *entries)
{
    unsigned n = 0;
    struct shared_gray *empty = NULL;
    lock_acquire(&a->gray_lock);
    while (n < GRAY_BATCH && a->gray != NULL && empty == NULL) {
        struct shared_gray *g = a->gray;
        while (n < GRAY_BATCH && g->count > 0) entries[n++] = g->entries[--g->count];
        if (g->count > 0) break;
        empty = g;
        a->gray = g->next;
    }
    lock_release(&a->gray_lock);
    if (empty != NULL) memory_free(&a->memory, empty, sizeof *empty);
    return n;
}

void shared_gray_drop(struct arena *a)
{
    for (struct shared_gray *g = a->gray, *next = NULL; g != NULL; g = next) {
        next = g->next;
        memory_free(&a->memory, g, sizeof *g);
    }
    a->gray = NULL;
}

/* ---- marking ---- */

static void mark_value(struct arena *a, uint32_t epoch, value v)
{
    if (v - ARENA_BASE >= ARENA_SIZE) return;
    struct granule *g = &a->table[(v - ARENA_BASE) / ARENA_GRANULE];
    uint32_t bit = 1u << (v % ARENA_GRANULE / 8), wanted = epoch & 1 ? bit : 0;
    if ((__atomic_load_n(&g->marks, __ATOMIC_RELAXED) & bit) == wanted) return;
    struct segment *s = arena_segment(a, to_obj(v));
    if (__atomic_load_n(&s->kind, __ATOMIC_RELAXED) != SEGMENT_OBJECTS) return;
    uint32_t before = wanted != 0 ? __atomic_fetch_or(&g->marks, bit, __ATOMIC_RELAXED)
                                  : __atomic_fetch_and(&g->marks, ~bit, __ATOMIC_RELAXED);
    if ((before & bit) == wanted) return; /* somebody was faster */
    if (__atomic_load_n(&s->mark_epoch, __ATOMIC_RELAXED) != epoch)
        __atomic_store_n(&s->mark_epoch, epoch, __ATOMIC_RELAXED);
    push_gray(a, (uintptr_t)v);
}

static void mark_code(struct arena *a, uint32_t epoch, uint64_t proto)
{
    if (proto - ARENA_BASE >= ARENA_SIZE) return;
    struct segment *s = arena_segment(a, (void *)(uintptr_t)proto);
    if (__atomic_load_n(&s->kind, __ATOMIC_RELAXED) != SEGMENT_UNIT) return;
    if (__atomic_load_n(&s->mark_epoch, __ATOMIC_RELAXED) == epoch) return;
    if (__atomic_exchange_n(&s->mark_epoch, epoch, __ATOMIC_RELAXED) == epoch) return;
    push_gray(a, (uintptr_t)segment_start(s) | UNIT_TAG);
}

static void mark_children(struct arena *a, uint32_t epoch, const struct object *o)
{
    enum object_type t = obj_type(o);
    uint32_t size = obj_size(o);
    if (t == T_FN) mark_code(a, epoch, o->p[0]);
    for (uint32_t i = layout_raw_words(t, size); i < size; i++) mark_value(a, epoch, o->p[i]);
}

static void mark_unit(struct arena *a, uint32_t epoch, const struct unit *u)
{
    for (uint32_t i = 0; i < u->literal_count; i++) mark_value(a, epoch, u->literals[i]);
}

/* Objects that lie one behind the other. */
static void mark_objects(struct arena *a, uint32_t epoch, const value *at, const value *end)
{
    while (at < end) {
        const struct object *o = (const struct object *)at;
        mark_children(a, epoch, o);
        at += obj_size(o) + 1;
    }
}

static void mark_message(struct arena *a, uint32_t epoch, const struct message *m)
{
    mark_value(a, epoch, m->content);
    if (m->size_words == 0) return;
    mark_objects(a, epoch, m->words + MESSAGE_HIDDEN_WORDS, m->words + m->size_words);
    for (const struct heap_chunk *c = (void *)(uintptr_t)m->words[1]; c != NULL; c = c->next)
        mark_objects(a, epoch, heap_chunk_start(c), c->top);
}

void shared_shade_slow(struct arena *a, value v)
{
    uint32_t epoch = __atomic_load_n(&a->shade_epoch, __ATOMIC_SEQ_CST);
    if (epoch != 0 && is_ptr(v)) mark_value(a, epoch, v);
}

void shared_shade_objects(struct arena *a, const value *at, const value *end)
{
    uint32_t epoch = __atomic_load_n(&a->shade_epoch, __ATOMIC_SEQ_CST);
    if (epoch != 0) mark_objects(a, epoch, at, end);
}

void shared_shade_message(struct arena *a, const struct message *m)
{
    uint32_t epoch = __atomic_load_n(&a->shade_epoch, __ATOMIC_SEQ_CST);
    if (epoch != 0) mark_message(a, epoch, m);
}

bool shared_drain(struct arena *a, uint64_t until_ns)
{
    uintptr_t entries[GRAY_BATCH];
    for (unsigned n = 0; (n = pop_gray(a, entries)) > 0;) {
        for (unsigned i = 0; i < n; i++)
            if (entries[i] & UNIT_TAG)
                mark_unit(a, a->epoch, (const struct unit *)(entries[i] & ~(uintptr_t)UNIT_TAG));
            else
                mark_children(a, a->epoch, (const struct object *)entries[i]);
        if (port_clock_ns(a->memory.port) >= until_ns) return false;
    }
    return true;
}

/* ---- processes ---- */

static void mark_root(void *context, value *slot)
{
    struct arena *a = context;
    if (is_ptr(*slot)) mark_value(a, a->epoch, *slot);
}

static void scan_block(struct arena *a, struct old_block *b)
{
    mark_objects(a, a->epoch, old_block_start(b), old_block_end(b));
    b->scan_epoch = a->epoch;
}

/* Everything but the old objects: bounded by the nursery, the stack and the messages.  Dead young objects count, too: a later
 * cycle will look at them again. */
static void scan_near(struct arena *a, struct process *p)
{
    uint32_t epoch = a->epoch;
    roots_visit(p, mark_root, a);
    for (const struct heap_chunk *c = p->young; c != NULL; c = c->next)
        mark_objects(a, epoch, heap_chunk_start(c), c == p->young ? p->hp : c->top);
    for (const struct message *m = p->queue; m != NULL; m = m->next) mark_message(a, epoch, m);
    for (const struct message *m = __atomic_load_n(&p->inbox, __ATOMIC_ACQUIRE);
         m != NULL && m != INBOX_CLOSED; m = m->next)
        mark_message(a, epoch, m);
    if (process_added(p) != NULL) mark_value(a, epoch, process_added(p)->label);
    const struct process_debug *d = debug_state(p);
    for (unsigned i = 0; d != NULL && i < ELIDED_FRAMES; i++) {
        const void *const code[] = {d->ring[i].arity, d->ring[i].ip, d->ring[i].callee, d->ring[i].back};
        for (unsigned k = 0; k < COUNT_OF(code); k++) mark_code(a, epoch, (uintptr_t)code[k]);
    }
}

/* Some old blocks; true when all are done. */
static bool scan_blocks(struct arena *a, struct process *p, uint64_t words)
{
    struct old_space *old = p->old;
    for (unsigned list = 0; list < 2; list++)
        for (struct old_block *b = list == 0 ? old->blocks : old->unswept; b != NULL; b = b->next) {
            if (b->scan_epoch == a->epoch) continue;
            if (words < b->size_words && words != SCAN_AT_ONCE_WORDS) return false;
            scan_block(a, b);
            words -= words < b->size_words ? words : b->size_words;
        }
    return true;
}

void shared_scan_process(struct scheduler *s, struct process *p)
{
    struct arena *a = s->system->arena;
    uint32_t epoch = __atomic_load_n(&a->scan_epoch, __ATOMIC_ACQUIRE);
    bool running = __atomic_load_n(&a->shade_epoch, __ATOMIC_SEQ_CST) == epoch;
    if (running && p->shared_epoch != epoch) {
        if (p->old == NULL || p->old->scan_epoch != epoch) scan_near(a, p);
        if (p->old != NULL) {
            p->old->scan_epoch = epoch;
            if (!scan_blocks(a, p, SCAN_AT_ONCE_WORDS)) return;
        }
    }
    __atomic_store_n(&p->shared_epoch, epoch, __ATOMIC_RELEASE);
}

bool shared_scan_running(const struct process *p)
{
    const struct arena *a = p->domain->system->arena;
    uint32_t epoch = __atomic_load_n(&a->shade_epoch, __ATOMIC_SEQ_CST);
    return UNLIKELY(epoch != 0) && p->old != NULL && p->old->scan_epoch == epoch && p->shared_epoch != epoch;
}

void shared_leave_block(struct process *p, struct old_block *b)
{
    if (UNLIKELY(shared_scan_running(p)) && b->scan_epoch != p->old->scan_epoch)
        scan_block(p->domain->system->arena, b);
}

void shared_leave_old(struct process *p)
{
    if (LIKELY(!shared_scan_running(p))) return;
    scan_blocks(p->domain->system->arena, p, UINT64_MAX);
    __atomic_store_n(&p->shared_epoch, p->old->scan_epoch, __ATOMIC_RELEASE);
}
