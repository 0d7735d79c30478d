/* The major collection of large old spaces: mark from a snapshot of the beginning, then sweep, both in slices.
 *
 * Marking starts right after a minor collection: whatever the process can reach is then found from the roots, the few young
 * objects and, through old objects, the graph as it is at that moment.  Later writes to old objects mark what they overwrite
 * (heap_remember), and what is promoted is promoted marked; so nothing reachable at the end is unmarked.  What died since
 * the beginning is found the next time.
 *
 * Phases: MARK (gray objects left) -> OFFHEAP (drop what dead objects hold outside) -> SWEEP (blocks, also on demand when
 * the collector looks for holes) -> IDLE. */
#include "runtime/gc/gc.h"

#if defined(LONA_STRESS)
#define SLICE_OBJECTS 64
#else
#define SLICE_OBJECTS UINT32_MAX
#endif
#define SLICE_NS 1500000
#define CLOCK_EVERY 512 /* objects */
#define CACHE_LINE 64
#define SWEEP_AHEAD_BYTES 4096

struct budget_left {
    struct port *port;
    uint64_t end_ns;
    uint32_t until_clock, objects;
    bool endless;
};

static bool spend(struct budget_left *b, uint32_t objects)
{
    if (b->endless) return true;
    if (b->objects <= objects) return false;
    b->objects -= objects;
    if (b->until_clock > objects) {
        b->until_clock -= objects;
        return true;
    }
    b->until_clock = CLOCK_EVERY;
    return port_clock_ns(b->port) < b->end_ns;
}

/* ---- gray objects ---- */

COLD static bool gray_grow(struct process *p)
{
    struct old_space *old = p->old;
    uint32_t size = old->gray == NULL ? 120 : old->gray->size >= 4000 ? 4000 : old->gray->size * 4;
    struct gray_block *more = pool_alloc(heap_cache_of(p), sizeof *more + size * sizeof more->items[0]);
    if (more == NULL) {
        old->gray_lost = true;
        return false;
    }
    more->next = old->gray;
    more->count = 0;
    more->size = size;
    old->gray = more;
    return true;
}

void mark_push(struct process *p, struct object *o)
{
    struct gray_block *b = p->old->gray;
    if (UNLIKELY(b == NULL || b->count == b->size)) {
        if (!gray_grow(p)) return;
        b = p->old->gray;
    }
    b->items[b->count++] = o;
}

static struct object *gray_pop(struct process *p)
{
    struct old_space *old = p->old;
    for (;;) {
        struct gray_block *b = old->gray;
        if (b == NULL) return NULL;
        if (b->count > 0) return b->items[--b->count];
        old->gray = b->next;
        pool_free(heap_cache_of(p), b, sizeof *b + b->size * sizeof b->items[0]);
    }
}

void gray_free_all(struct process *p, struct old_space *old)
{
    for (struct gray_block *b = old->gray, *next = NULL; b != NULL; b = next) {
        next = b->next;
        pool_free(heap_cache_of(p), b, sizeof *b + b->size * sizeof b->items[0]);
    }
    old->gray = NULL;
}

static uint32_t mark_children(struct process *p, struct object *o)
{
    uint32_t size = obj_size(o);
    for (uint32_t i = layout_raw_words(obj_type(o), size); i < size; i++) mark_old(p, o->p[i]);
    return 1 + size / 16;
}

static void mark_root(void *context, value *slot)
{
    mark_old(context, *slot);
}

/* Some marked object was not pushed for want of memory: look at all marked ones again. */
static void mark_again(struct process *p)
{
    p->old->gray_lost = false;
    for (struct old_block *b = p->old->blocks; b != NULL; b = b->next)
        for (value *at = old_block_start(b), *end = old_block_end(b); at < end;) {
            struct object *o = (struct object *)at;
            at += obj_size(o) + 1;
            if (obj_has(o, OBJ_MARK)) mark_children(p, o);
            for (struct object *gray = NULL; (gray = gray_pop(p)) != NULL;) mark_children(p, gray);
        }
}

/* What marking will look at soon is on its way to the cache meanwhile: first the headers of objects that were met, then the
 * contents of those that are to be looked through.  Between slices both queues are empty: they may hold young objects. */
#define AHEAD 16
struct ahead {
    struct object *met[AHEAD];  /* may be of any kind, NULL: none */
    struct object *gray[AHEAD]; /* marked; NULL: none */
    unsigned met_at, gray_at;
};

static inline void meet_object(struct process *p, struct ahead *a, struct object *o)
{
    struct object *before = a->met[a->met_at];
    a->met[a->met_at] = o;
    a->met_at = (a->met_at + 1) % AHEAD;
    if (o != NULL) __builtin_prefetch(o, 1);
    if (before != NULL) mark_old(p, from_obj(before));
}

/* The next object to look through, in exchange for o. */
static inline struct object *next_gray(struct ahead *a, struct object *o)
{
    struct object *before = a->gray[a->gray_at];
    a->gray[a->gray_at] = o;
    a->gray_at = (a->gray_at + 1) % AHEAD;
    if (o == NULL) return before;
    uint32_t bytes = obj_size(o) * 8;
    for (uint32_t at = CACHE_LINE; at <= bytes && at < 8 * CACHE_LINE; at += CACHE_LINE)
        __builtin_prefetch((const char *)o + at, 0);
    return before;
}

static uint32_t meet_children(struct process *p, struct ahead *a, struct object *o)
{
    uint32_t size = obj_size(o);
    for (uint32_t i = layout_raw_words(obj_type(o), size); i < size; i++)
        if (is_ptr(o->p[i])) meet_object(p, a, to_obj(o->p[i]));
    return 1 + size / 16;
}

/* Empty the queues into the stack of gray objects. */
static void ahead_flush(struct process *p, struct ahead *a)
{
    for (unsigned i = 0; i < AHEAD; i++) meet_object(p, a, NULL);
    for (unsigned i = 0; i < AHEAD; i++) {
        struct object *o = next_gray(a, NULL);
        if (o != NULL) mark_push(p, o);
    }
}

/* ---- end of marking ---- */

static void drop_dead_remembered(struct process *p)
{
    for (struct remembered *r = (struct remembered *)p->remembered; r != NULL; r = r->next) {
        uint32_t kept = 0;
        for (uint32_t i = 0; i < r->count; i++)
            if (obj_has(r->items[i], OBJ_MARK)) r->items[kept++] = r->items[i];
        r->count = kept;
    }
}

static bool sweep_offheap(struct process *p, struct budget_left *budget)
{
    struct old_space *old = p->old;
    while (old->offheap_todo != 0) {
        struct object *o = to_obj(old->offheap_todo);
        old->offheap_todo = *offheap_next(o);
        if (obj_has(o, OBJ_MARK)) {
            *offheap_next(o) = old->offheap_done;
            old->offheap_done = from_obj(o);
        } else {
            offheap_release(p->domain->system, o);
        }
        if (!spend(budget, 4)) return false;
    }
    return true;
}

static void sweep_begin(struct old_space *old)
{
    old->offheap = old->offheap_done;
    old->offheap_done = 0;
    old->phase = MAJOR_SWEEP;
    old->unswept = old->blocks;
    old->blocks = NULL;
    for (struct old_block *b = old->unswept; b != NULL; b = b->next) b->swept = false;
    old->narrow = old->wide = (struct holes){NULL, NULL, NULL};
    old->fresh = NULL;
    old->fresh_hp = old->fresh_end = NULL;
    old->used_words = 0;
    old->promoted_words = 0;
}

/* ---- sweeping ---- */

/* Join what is dead to fillers and unmark what lives; the block goes back to the list, or away. */
static uint32_t sweep_block(struct process *p, struct old_block *b)
{
    struct old_space *old = p->old;
    uint32_t live = 0, objects = 0;
    value *gap = NULL, *end = old_block_end(b);
    const char *ahead = (const char *)old_block_start(b);
    shared_leave_block(p, b);
    for (value *at = old_block_start(b); at < end;) {
        if (ahead < (const char *)at) ahead = (const char *)at;
        for (const char *until = (const char *)at + SWEEP_AHEAD_BYTES; ahead < until; ahead += CACHE_LINE)
            __builtin_prefetch(ahead, 1);
        struct object *o = (struct object *)at;
        uint32_t words = obj_size(o) + 1;
        objects++;
        if (obj_has(o, OBJ_MARK)) {
            o->header &= ~((uint64_t)OBJ_MARK << 32);
            live += words;
            if (gap != NULL) old_hole_add(old, gap, at);
            gap = NULL;
        } else if (gap == NULL) {
            gap = at;
        }
        at += words;
    }
    if (live == 0) {
        old->block_words -= b->size_words;
        old_block_free(p, b);
        return objects;
    }
    if (gap != NULL) old_hole_add(old, gap, end);
    old->used_words += live;
    b->swept = true;
    b->next = old->blocks;
    old->blocks = b;
    return objects;
}

static bool sweep_next(struct process *p, uint32_t *objects)
{
    struct old_space *old = p->old;
    struct old_block *b = old->unswept;
    if (b == NULL) return false;
    old->unswept = b->next;
    *objects = sweep_block(p, b);
    return true;
}

bool sweep_one(struct process *p)
{
    uint32_t objects = 0;
    return p->old->phase == MAJOR_SWEEP && sweep_next(p, &objects);
}

/* ---- the whole ---- */

void major_start(struct process *p)
{
    struct old_space *old = p->old;
    old->phase = MAJOR_MARK;
    old->gray_lost = false;
    roots_visit(p, mark_root, p);
    for (struct heap_chunk *c = p->young; c != NULL; c = c->next)
        for (value *at = heap_chunk_start(c), *end = c == p->young ? p->hp : c->top; at < end;) {
            struct object *o = (struct object *)at;
            mark_children(p, o);
            at += obj_size(o) + 1;
        }
}

static bool mark_some(struct process *p, struct budget_left *budget)
{
    struct ahead a = {.met_at = 0};
    for (unsigned idle = 0;
         idle <= 2 * AHEAD;) { /* both queues are empty after so many steps with nothing to do */
        struct object *gray = gray_pop(p), *o = next_gray(&a, gray);
        if (gray == NULL) meet_object(p, &a, NULL);
        idle = gray == NULL && o == NULL ? idle + 1 : 0;
        if (o != NULL && !spend(budget, meet_children(p, &a, o))) {
            ahead_flush(p, &a);
            return false;
        }
    }
    while (p->old->gray_lost) mark_again(p);
    return true;
}

void major_slice(struct process *p, bool finish)
{
    struct old_space *old = p->old;
    struct port *port = heap_cache_of(p)->memory->port;
    struct budget_left budget = {port, 0, CLOCK_EVERY, SLICE_OBJECTS, finish};
    if (!finish) budget.end_ns = port_clock_ns(port) + SLICE_NS;
    if (old->phase == MAJOR_MARK) {
        if (!mark_some(p, &budget)) return;
        drop_dead_remembered(p);
        old->phase = MAJOR_OFFHEAP;
        old->offheap_todo = old->offheap;
        old->offheap = 0;
    }
    if (old->phase == MAJOR_OFFHEAP) {
        if (!sweep_offheap(p, &budget)) return;
        sweep_begin(old);
    }
    if (old->phase == MAJOR_SWEEP) {
        uint32_t objects = 0;
        while (sweep_next(p, &objects))
            if (!spend(&budget, objects / 4)) return;
        old->phase = MAJOR_IDLE;
        old->live_words = old->used_words;
    }
}
