/* Copying collections: minor (young objects only) and, for small heaps, full ones.
 *
 * Young objects move to one fresh chunk; those that had already survived a collection move to the old space, and so do all of
 * them while a large heap grows (eager).  All memory
 * that can be needed is taken before anything moves, so a collection either happens or changes nothing.  The walk is
 * breadth first: what was moved and not looked at yet lies in a few ranges (struct range). */
#include "runtime/gc/gc.h"

#define RANGES 256
#define SWEEPS 4 /* blocks swept for one collection to find holes, at most */
#define SWEEPS_EAGER 32
#define EAGER_EIGHTHS 5 /* of the aged objects live: promote all at once */
#define EAGER_COLLECTIONS 12

struct range {
    value *scan, *end;
};

/* Addresses of objects that may move.  A value that is none of them is left alone without a look at its object: it would be
 * a cache miss for each reference to an old object. */
struct region_of {
    uint64_t from, bytes;
};

struct gc {
    struct process *p;
    uint64_t keep;                   /* header flags of objects that stay where they are */
    struct region_of largest, other; /* the largest young chunk; a range that holds all others */
    value *young_hp, *young_scan;
    uint64_t young_from, young_bytes; /* where survivors go that stay young */
    value *aged_from, *aged_end;      /* young objects here go to the old space */
    struct old_space *old;
    uint64_t old_flags; /* header flags of objects that go there */
    value *narrow_scan, *wide_scan, *fresh_scan;
    struct range closed[RANGES]; /* holes that are full and not looked through yet */
    uint32_t closed_count;
    uint64_t promoted_words;
    uint32_t sweeps_left; /* blocks that may still be swept to find holes */
    bool only_fresh;      /* leave holes alone: blocks are being walked */
    bool compact;         /* everything goes to the young chunk */
};

#define FLAG(f) ((uint64_t)(f) << 32)
#define MOVING_FLAGS FLAG(OBJ_OLD | OBJ_MARK | OBJ_REMEMBERED)

/* ---- where promoted objects go ---- */

/* Go on with the next hole; false: there is none, or too many wait to be looked through. */
static bool hole_next(struct gc *g, struct holes *h, value **scan)
{
    struct old_space *old = g->old;
    if (g->closed_count == RANGES) return false;
    while (h->list == NULL && g->sweeps_left > 0 && sweep_one(g->p)) g->sweeps_left--;
    struct object *hole = h->list;
    if (hole == NULL) return false;
    if (*scan != h->hp) g->closed[g->closed_count++] = (struct range){*scan, h->hp};
    h->list = (struct object *)(uintptr_t)hole->p[0];
    old_hole_add(old, h->hp, h->end); /* what is left of it may be a narrow one */
    h->hp = *scan = (value *)hole;
    h->end = (value *)hole + 1 + obj_size(hole);
    return true;
}

static inline value *hole_place(struct gc *g, struct holes *h, value **scan, uint32_t words)
{
    if (UNLIKELY(h->end - h->hp < words) && !hole_next(g, h, scan)) return NULL;
    value *at = h->hp;
    h->hp += words;
    return at;
}

static value *old_place(struct gc *g, uint32_t words)
{
    struct old_space *old = g->old;
    value *at = NULL;
    g->promoted_words += words;
    if (words <= HOLE_OBJECT_WORDS && !g->only_fresh) {
        if (words <= HOLE_NARROW_OBJECT_WORDS) at = hole_place(g, &old->narrow, &g->narrow_scan, words);
        if (at == NULL) at = hole_place(g, &old->wide, &g->wide_scan, words);
        if (at != NULL) return at;
    }
    at = old->fresh_hp; /* there is room: old_reserve_fresh() */
    old->fresh_hp += words;
    return at;
}

/* ---- moving ---- */

static value move(struct gc *g, struct object *o, uint64_t header)
{
    uint32_t words = obj_size(o) + 1;
    value *at = NULL;
    if (((header & FLAG(OBJ_OLD)) || ((value *)o >= g->aged_from && (value *)o < g->aged_end)) &&
        !g->compact) {
        at = old_place(g, words);
        header = (header & ~MOVING_FLAGS) | g->old_flags;
    } else {
        at = g->young_hp;
        g->young_hp += words;
        header &= ~MOVING_FLAGS;
    }
    at[0] = header;
    for (uint32_t i = 1; i < words; i++) at[i] = ((value *)o)[i];
    o->header = (uint64_t)(uintptr_t)at;
    return (value)(uintptr_t)at;
}

/* A list's cells go one behind the other where that is possible: then the rest of each is done at once. */
static value move_list(struct gc *g, struct object *o, uint64_t header)
{
    value first = move(g, o, header);
    for (struct object *cell = to_obj(first);;) {
        value rest = cell->p[1];
        if (!is_ptr(rest)) return first;
        header = to_obj(rest)->header;
        if ((header & g->keep) || !is_plain_cons(header)) return first;
        value next = move(g, to_obj(rest), header);
        if (next != (value)(uintptr_t)(cell->p + 2))
            return first; /* the cell's rest is looked up when it is scanned */
        cell->p[1] = next;
        cell = to_obj(next);
    }
}

static inline bool within(struct region_of r, value v)
{
    return v - r.from < r.bytes;
}

/* Pre: v lies where objects may move. */
static inline value evacuate_there(struct gc *g, value v)
{
    if (!is_ptr(v)) return v;
    struct object *o = to_obj(v);
    uint64_t header = o->header;
    if (!is_header(header)) return header;
    if (header & g->keep) return v;
    return is_plain_cons(header) ? move_list(g, o, header) : move(g, o, header);
}

static inline value evacuate(struct gc *g, value v)
{
    return within(g->largest, v) || within(g->other, v) ? evacuate_there(g, v) : v;
}

static void visit_root(void *context, value *slot)
{
    *slot = evacuate(context, *slot);
}

static value *scan_young(struct gc *g, value *at)
{
    struct object *o = (struct object *)at;
    if (is_plain_cons(o->header)) {
        o->p[0] = evacuate(g, o->p[0]);
        if (o->p[1] != (value)(uintptr_t)(at + 3)) o->p[1] = evacuate(g, o->p[1]);
        return at + 3;
    }
    uint32_t size = obj_size(o);
    for (uint32_t i = layout_raw_words(obj_type(o), size); i < size; i++) o->p[i] = evacuate(g, o->p[i]);
    return at + size + 1;
}

/* Pre: v is what evacuate() gave. */
static inline bool is_young(const struct gc *g, value v)
{
    return v - g->young_from < g->young_bytes && is_ptr(v);
}

/* True if o refers to young objects. */
static bool scan_old(struct gc *g, struct object *o)
{
    if (is_plain_cons(o->header)) {
        o->p[0] = evacuate(g, o->p[0]);
        if (o->p[1] == (value)(uintptr_t)(o->p + 2)) return is_young(g, o->p[0]);
        o->p[1] = evacuate(g, o->p[1]);
        return is_young(g, o->p[0]) || is_young(g, o->p[1]);
    }
    const struct region_of largest = g->largest, other = g->other;
    uint32_t size = obj_size(o);
    bool young = false;
    for (value *at = o->p + layout_raw_words(obj_type(o), size), *end = o->p + size; at < end; at++) {
        value v = *at;
        if (LIKELY(!within(largest, v) && !within(other, v))) continue;
        *at = v = evacuate_there(g, v);
        young |= is_young(g, v);
    }
    return young;
}

static value *scan_promoted(struct gc *g, value *at, value *end)
{
    while (at < end) {
        struct object *o = (struct object *)at;
        if (scan_old(g, o)) heap_remember(g->p, o, NIL);
        at += obj_size(o) + 1;
    }
    return at;
}

/* Look through everything that was moved, until nothing is left. */
static void drain(struct gc *g)
{
    for (;;) {
        while (g->young_scan < g->young_hp) g->young_scan = scan_young(g, g->young_scan);
        if (g->old == NULL) return;
        if (g->closed_count > 0) {
            struct range r = g->closed[--g->closed_count];
            scan_promoted(g, r.scan, r.end);
        } else if (g->narrow_scan < g->old->narrow.hp) {
            value *from = g->narrow_scan; /* a scan may go on to another hole */
            g->narrow_scan = g->old->narrow.hp;
            scan_promoted(g, from, g->narrow_scan);
        } else if (g->wide_scan < g->old->wide.hp) {
            value *from = g->wide_scan;
            g->wide_scan = g->old->wide.hp;
            scan_promoted(g, from, g->wide_scan);
        } else if (g->fresh_scan < g->old->fresh_hp) {
            g->fresh_scan = scan_promoted(g, g->fresh_scan, g->old->fresh_hp);
        } else if (g->young_scan == g->young_hp) {
            return;
        }
    }
}

/* ---- remembered set ---- */

static void scan_remembered(struct gc *g)
{
    struct remembered *first = (struct remembered *)g->p->remembered;
    for (struct remembered *r = first; r != NULL; r = r->next) {
        uint32_t count = r->count, kept = 0;
        for (uint32_t i = 0; i < count; i++) {
            struct object *o = r->items[i];
            if (scan_old(g, o))
                r->items[kept++] = o;
            else
                o->header &= ~FLAG(OBJ_REMEMBERED);
        }
        r->count = kept;
    }
    while (first != NULL && first->count == 0 && first->next != NULL) { /* keep one buffer */
        g->p->remembered = (value *)first->next;
        pool_free(heap_cache_of(g->p), first, sizeof *first + first->size * sizeof first->items[0]);
        first = (struct remembered *)g->p->remembered;
    }
}

/* The set is incomplete: every old object may refer to young ones.  What is promoted meanwhile goes behind the place where the
 * walk through the fresh block ends: drain() looks at it, and blocks stay as they are. */
static void scan_all_old(struct gc *g)
{
    value *fresh_hp = g->old->fresh_hp;
    g->old->remember_lost = false;
    g->only_fresh = true;
    for (unsigned list = 0; list < 2; list++)
        for (struct old_block *b = list == 0 ? g->old->blocks : g->old->unswept; b != NULL; b = b->next) {
            value *end = b == g->old->fresh ? fresh_hp : old_block_end(b);
            for (value *at = old_block_start(b); at < end;) {
                struct object *o = (struct object *)at;
                at += obj_size(o) + 1;
                if (list == 1 && !obj_has(o, OBJ_MARK)) continue; /* dead: its slots may dangle */
                if (obj_type(o) != T_STATE_RAW && scan_old(g, o)) heap_remember(g->p, o, NIL);
            }
        }
    g->only_fresh = false;
}

static void forget_all(struct process *p)
{
    for (struct remembered *r = (struct remembered *)p->remembered, *next = NULL; r != NULL; r = next) {
        next = r->next;
        pool_free(heap_cache_of(p), r, sizeof *r + r->size * sizeof r->items[0]);
    }
    p->remembered = NULL;
}

/* ---- off-heap objects ---- */

static void sort_offheap(struct gc *g, value chain)
{
    struct process *p = g->p;
    for (value next = 0; chain != 0; chain = next) {
        struct object *o = to_obj(chain);
        uint64_t header = o->header;
        struct object *now = is_header(header) ? o : to_obj(header);
        next = *offheap_next(now);
        if (is_header(header)) {
            offheap_release(p->domain->system, o);
        } else if (header_flags(now->header) & OBJ_OLD) {
            value *into = g->old->phase == MAJOR_OFFHEAP ? &g->old->offheap_done : &g->old->offheap;
            *offheap_next(now) = *into;
            *into = header;
            enum object_type t = obj_type(now);
            if (t == T_STRING_BLOB || t == T_BINARY_BLOB)
                g->promoted_words += ((struct blob *)(uintptr_t)now->p[0])->size_bytes / 32;
        } else {
            *offheap_next(now) = p->offheap;
            p->offheap = header;
        }
    }
}

/* ---- sizes ---- */

static uint64_t aged_words(const struct process *p)
{
    for (const struct heap_chunk *c = p->young; c != NULL; c = c->next)
        if (c->flags & CHUNK_AGED) return (uint64_t)(p->high_water - heap_chunk_start(c));
    return 0;
}

static uint64_t young_words(const struct process *p)
{
    uint64_t words = 0;
    for (const struct heap_chunk *c = p->young; c != NULL; c = c->next)
        words += (uint64_t)((c == p->young ? p->hp : c->top) - heap_chunk_start(c));
    return words;
}

static uint32_t next_nursery_log(const struct process *p, uint64_t survived, uint64_t was)
{
    uint32_t log = nursery_log(p);
    bool large =
        (p->old != NULL && p->old->used_words > LARGE_HEAP_WORDS) ||
        (uint64_t)(p->stack_end - p->stack) > LARGE_HEAP_WORDS; /* all of a stack is looked at every time */
    uint32_t max = large ? NURSERY_LARGE_LOG : NURSERY_MAX_LOG;
    if (large)
        while (max < NURSERY_HUGE_LOG && p->old != NULL &&
               p->old->used_words >> (max + 1 + NURSERY_SHARE_LOG) != 0)
            max++;
    uint64_t limit = process_added(p) == NULL ? 0 : process_added(p)->max_heap_words;
    while (limit != 0 && max > NURSERY_MIN_LOG && (2ull << max) > limit)
        max--; /* the nursery alone is no reason to end */
    if (log < NURSERY_QUICK_LOG || (log < max && (survived > was / 8 || large))) return log + 1;
    return log > max ? max : log;
}

/* A fresh chunk for survivors; charged when the old ones are gone. */
static struct heap_chunk *survivor_chunk(struct process *p, uint64_t words)
{
    struct heap_chunk *c = chunk_new(heap_cache_of(p), NULL, words, sizeof *c / 8, true);
    return c;
}

/* Give back the end of a large chunk that turned out larger than `words`. */
static void chunk_trim(struct process *p, struct heap_chunk *c, uint64_t words)
{
    uint64_t bytes = chunk_bytes(c), want = pool_block_bytes((words + c->head_words) * 8);
    if (want >= bytes / 2 || want <= POOL_SMALL_MAX) return;
    memory_trim(heap_cache_of(p)->memory, c, bytes, want);
    c->size_words = (uint32_t)(want / 8) - c->head_words;
}

/* ---- a collection ---- */

static void movable_add(struct gc *g, const value *from, const value *end)
{
    struct region_of r = {(uintptr_t)from, (uint64_t)((const char *)end - (const char *)from)};
    if (r.bytes > g->largest.bytes) {
        struct region_of t = g->largest;
        g->largest = r;
        r = t;
    }
    if (r.bytes == 0) return;
    if (g->other.bytes != 0) {
        uint64_t last = g->other.from + g->other.bytes, r_last = r.from + r.bytes;
        if (g->other.from < r.from) r.from = g->other.from;
        r.bytes = (last > r_last ? last : r_last) - r.from;
    }
    g->other = r;
}

/* What may move: everything, or the young objects, those of messages that were looked at included. */
static void find_movable(struct gc *g, enum collect_kind kind)
{
    const struct process *p = g->p;
    g->largest = g->other = (struct region_of){0, 0};
    if (kind != COLLECT_MINOR) {
        g->largest.bytes = (uint64_t)1 << 48; /* all pointers */
        return;
    }
    for (const struct heap_chunk *c = p->young; c != NULL; c = c->next)
        movable_add(g, heap_chunk_start(c), c == p->young ? p->hp : c->top);
    for (const struct message *m = p->queue; m != NULL && (m->flags & MESSAGE_EXAMINED); m = m->next)
        if (m->size_words != 0) {
            movable_add(g, m->words + MESSAGE_HIDDEN_WORDS, m->words + m->size_words);
            for (const struct heap_chunk *c = (void *)(uintptr_t)m->words[1]; c != NULL; c = c->next)
                movable_add(g, heap_chunk_start(c), c->top);
        }
}

/* Pre: before adopt_examined().  to: where survivors go that stay young; NULL: none does. */
static void gc_start(struct gc *g, struct process *p, enum collect_kind kind, struct heap_chunk *to,
                     bool eager)
{
    g->p = p;
    g->young_hp = g->young_scan = to == NULL ? NULL : heap_chunk_start(to);
    g->young_from = to == NULL ? 0 : (uintptr_t)heap_chunk_start(to);
    g->young_bytes = to == NULL || eager ? 0 : to->size_words * (uint64_t)8;
    g->keep = FLAG(OBJ_SHARED) | (kind == COLLECT_MINOR ? FLAG(OBJ_OLD) : 0);
    g->compact = kind == COLLECT_COMPACT;
    g->aged_from = g->aged_end = NULL;
    g->closed_count = 0;
    g->only_fresh = false;
    g->sweeps_left = eager ? SWEEPS_EAGER : SWEEPS;
    g->promoted_words = 0;
    find_movable(g, kind);
    for (struct heap_chunk *c = p->young; c != NULL; c = c->next)
        if (c->flags & CHUNK_AGED) {
            g->aged_from = heap_chunk_start(c);
            g->aged_end = p->high_water;
        }
    if (eager) {
        g->aged_from = NULL;
        g->aged_end = (value *)UINTPTR_MAX;
    }
    g->old = g->compact ? NULL : p->old;
    if (g->old != NULL) {
        bool black = g->old->phase == MAJOR_MARK || g->old->phase == MAJOR_OFFHEAP;
        g->old_flags = FLAG(OBJ_OLD) | (black ? FLAG(OBJ_MARK) : 0);
        g->narrow_scan = g->old->narrow.hp;
        g->wide_scan = g->old->wide.hp;
        g->fresh_scan = g->old->fresh_hp;
    }
}

static void gc_run(struct gc *g, enum collect_kind kind)
{
    struct process *p = g->p;
    if (kind == COLLECT_MINOR && g->old != NULL) {
        if (g->old->remember_lost) {
            for (struct remembered *r = (struct remembered *)p->remembered; r != NULL; r = r->next)
                for (uint32_t i = 0; i < r->count; i++) r->items[i]->header &= ~FLAG(OBJ_REMEMBERED);
            forget_all(p);
            scan_all_old(g);
        } else {
            scan_remembered(g);
        }
    }
    roots_visit(p, visit_root, g);
    drain(g);
}

#if defined(LONA_STRESS)
/* A collection at every allocation would take the square of the heap: from here on only after a part of it. */
#define STRESS_EXACT_WORDS 8192
static value *stress_limit(const struct process *p, struct heap_chunk *c)
{
    uint64_t held = heap_used_words(p), room = (uint64_t)(heap_chunk_end(c) - p->hp);
    uint64_t wait = held <= STRESS_EXACT_WORDS ? 0 : held / 64;
    return p->hp + (wait < room ? wait : room);
}
#endif

/* The chunk to allocate from, with survivors up to hp; all others go. */
static void young_replace(struct process *p, struct heap_chunk *to, value *hp, uint32_t log)
{
    struct heap_cache *cache = heap_cache_of(p);
    bool again = false;
    for (struct heap_chunk *c = p->young, *next = NULL; c != NULL; c = next) {
        next = c->next;
        if (c == to)
            again = true;
        else
            chunk_free(cache, p->domain, c);
    }
    to->next = NULL;
    to->flags = (uint16_t)((to->flags & ~CHUNK_NURSERY_LOG) | CHUNK_AGED | log << 8);
    p->young = to;
    p->hp = p->high_water = hp;
    p->heap_words = to->size_words;
#if defined(LONA_STRESS)
    p->hp_limit = stress_limit(p, to);
#else
    p->hp_limit = heap_chunk_end(to);
#endif
#if defined(LONA_STRESS) || defined(LONA_ASAN)
    if (again)
        memset(heap_chunk_start(to), 0xdb, to->size_words * (size_t)8); /* to find what should have moved */
#endif
    if (!again && domain_charge(p->domain, chunk_bytes(to))) to->flags &= (uint16_t)~CHUNK_UNCHARGED;
}

/* ---- eager promotion ----
 *
 * While a large structure grows, most of what survives one collection survives the next as well, and is copied twice for nothing.
 * So when most of the aged objects turn out to live, the next collections promote everything at once; then the ages are looked
 * at again.  No young object is left after such a collection, and the nursery is used again where it is, still in the cache. */

/* The chunk of the nursery, if it can be used again for 2^log words; NULL: no. */
static struct heap_chunk *nursery_again(const struct process *p, uint32_t log, uint32_t need_words)
{
    uint64_t wanted = ((uint64_t)1 << log) + need_words;
    for (struct heap_chunk *c = p->young; c != NULL; c = c->next)
        if (c->head_words == sizeof *c / 8 && !(c->flags & (CHUNK_RESERVE | CHUNK_UNCHARGED)) &&
            c->size_words >= wanted && c->size_words <= 2 * wanted)
            return c;
    return NULL;
}

/* Would the memory set aside for survivors, most of it in vain, come near a limit? */
static bool near_limit(const struct process *p, uint64_t words)
{
    uint64_t own = process_added(p) == NULL ? 0 : process_added(p)->max_heap_words;
    if (own != 0 && heap_held_words(p) + 2 * words > own) return true;
    const struct budget *b = p->domain->budget;
    return b != NULL && b->limit_bytes != 0 &&
           __atomic_load_n(&b->used_bytes, __ATOMIC_RELAXED) +
                   __atomic_load_n(&b->carved_bytes, __ATOMIC_RELAXED) + 16 * words >
               b->limit_bytes;
}

static void eager_decide(struct old_space *old, bool eager, uint64_t young, uint64_t aged, uint64_t promoted)
{
    if (eager)
        old->eager_left--;
    else if (old->used_words > COPYING_MAJOR_WORDS && aged > young / 16 &&
             promoted > aged / 8 * EAGER_EIGHTHS)
        old->eager_left = EAGER_COLLECTIONS;
}

/* The old space as it is before a full copying collection, to be freed after it; p->old gets a new block. */
static bool old_begin_copy(struct process *p, uint64_t words, struct old_space *before)
{
    struct old_space *old = p->old;
    struct old_block *b = old_block_new(p, words);
    if (b == NULL) return false;
    *before = *old;
    gray_free_all(p, old);
    memset(old, 0, sizeof *old);
    old->scan_epoch = before->scan_epoch;
    old->uncharged = b->charged ? 0 : 1;
    old->blocks = old->fresh = b;
    old->fresh_hp = old_block_start(b);
    old->fresh_end = old_block_end(b);
    old->block_words = b->size_words;
    return true;
}

bool collect(struct process *p, enum collect_kind kind, uint32_t need_words)
{
    uint64_t young = young_words(p) + examined_words(p), aged = aged_words(p);
    uint64_t old_used = p->old != NULL ? p->old->used_words : 0;
    if (kind == COLLECT_FULL && p->old == NULL && young <= TINY_HEAP_WORDS) kind = COLLECT_COMPACT;
    bool eager = kind == COLLECT_MINOR && p->old != NULL && p->old->eager_left > 0 && !near_limit(p, young);
    if (eager) aged = young;
    bool needs_old = kind != COLLECT_COMPACT && (aged > 0 || p->old != NULL);
    if (needs_old && p->old == NULL && (p->old = old_space_new(p)) == NULL) return false;

    uint64_t room = kind == COLLECT_COMPACT ? young + old_used : young - aged;
    uint32_t log = nursery_log(p);
    if (kind == COLLECT_COMPACT)
        log = NURSERY_MIN_LOG;
    else if (room + need_words < (1ull << log))
        room = (1ull << log) - need_words;
    struct heap_chunk *again = eager ? nursery_again(p, log, need_words) : NULL;
    struct heap_chunk *to = again != NULL ? again : survivor_chunk(p, room + need_words);
    if (to == NULL) return false;
    struct old_space before;
    bool ok = kind == COLLECT_FULL    ? !needs_old || old_begin_copy(p, old_used + aged, &before)
              : kind == COLLECT_MINOR ? !needs_old || old_reserve_fresh(p, aged)
                                      : true;
    if (!ok) {
        if (again == NULL) chunk_free(heap_cache_of(p), p->domain, to);
        return false;
    }

    struct gc g;
    gc_start(&g, p, kind, again == NULL ? to : NULL, eager);
    adopt_examined(p);
    if (kind != COLLECT_MINOR) shared_leave_old(p);
    if (kind != COLLECT_MINOR) forget_all(p);
    value offheap = p->offheap;
    p->offheap = 0;
    gc_run(&g, kind);
    uint64_t promoted = g.promoted_words;
    sort_offheap(&g, offheap);
    if (kind == COLLECT_FULL && needs_old) {
        sort_offheap(&g, before.offheap);
        old_blocks_free(p, before.blocks);
    }
    if (kind == COLLECT_COMPACT && p->old != NULL) {
        sort_offheap(&g, p->old->offheap);
        p->old->offheap = 0;
        old_free_all(p, p->old);
        p->old = NULL;
    }
    if (p->old != NULL) {
        struct old_space *old = p->old;
        filler(old->narrow.hp, old->narrow.end);
        filler(old->wide.hp, old->wide.end);
        filler(old->fresh_hp, old->fresh_end);
        old->used_words += g.promoted_words;
        old->promoted_words += g.promoted_words;
        if (kind == COLLECT_FULL) {
            old->live_words = old->used_words;
            old->promoted_words = 0;
        } else {
            eager_decide(old, eager, young, aged, promoted);
        }
    }
    uint64_t survived = again != NULL ? 0 : (uint64_t)(g.young_hp - heap_chunk_start(to));
    if (kind != COLLECT_COMPACT) log = next_nursery_log(p, eager ? promoted : survived, young);
    if (again == NULL) {
        uint64_t wanted = survived + need_words + (1ull << log);
        if (to->size_words > 2 * wanted) chunk_trim(p, to, wanted);
    }
    young_replace(p, to, heap_chunk_start(to) + survived, log);
    return true;
}
