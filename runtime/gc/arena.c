#include "runtime/gc/arena.h"

#include "base/mem.h"
#include "runtime/gc/gc.h"
#include "runtime/gc/shared.h"

#define COMMIT_GRANULES (1u << 14)      /* 4 MiB at a time */
#define TABLE_COMMIT_ENTRIES (1u << 15) /* 256 KiB at a time */
#define ARENA_LEAST_BYTES (1ull << 30)  /* half of it is the side table's */
#define PINNED_CHUNK_BYTES (64u << 10)
#define DECOMMIT_GRANULES 4096 /* free runs of a MiB or more give their memory back */

static char *granule_address(uint64_t granule)
{
    return (char *)(uintptr_t)(ARENA_BASE + granule * ARENA_GRANULE);
}
static uint64_t granule_of(const void *at)
{
    return ((uintptr_t)at - ARENA_BASE) / ARENA_GRANULE;
}

bool arena_init(struct system *s)
{
    struct arena *a = port_memory_allocate(s->port, (sizeof *a + PORT_PAGE - 1) & ~(uint64_t)(PORT_PAGE - 1));
    if (a == NULL) return false;
    memset(a, 0, sizeof *a);
    memory_init(&a->memory, s->port);
    a->reserved_bytes = ARENA_SIZE;
    while (a->reserved_bytes >= ARENA_LEAST_BYTES &&
           port_memory_reserve(s->port, (void *)ARENA_BASE, a->reserved_bytes) == NULL)
        a->reserved_bytes /= 2; /* the host limits addresses, too: less will do for long */
    if (a->reserved_bytes < ARENA_LEAST_BYTES) {
        port_memory_free(s->port, a, (sizeof *a + PORT_PAGE - 1) & ~(uint64_t)(PORT_PAGE - 1));
        return false;
    }
    a->table = (struct granule *)ARENA_BASE;
    a->top = a->committed = ARENA_TABLE_BYTES / ARENA_GRANULE;
    a->table_committed = a->top & ~(TABLE_COMMIT_ENTRIES - 1);
    s->arena = a;
    return true;
}

void arena_drop_offheap(struct system *s)
{
    struct arena *a = s->arena;
    for (uint64_t g = ARENA_TABLE_BYTES / ARENA_GRANULE; g < a->top;) {
        if (a->table[g].first & TABLE_FREE) {
            g += ((struct free_run *)granule_address(g))->granules;
            continue;
        }
        struct segment *seg = (struct segment *)granule_address(g);
        if (seg->offheap != 0) offheap_release_all(s, seg->offheap);
        seg->offheap = 0;
        g += seg->granules;
    }
}

void arena_destroy(struct system *s)
{
    struct arena *a = s->arena;
    port_memory_free(s->port, (void *)ARENA_BASE, a->reserved_bytes);
    shared_gray_drop(a);
    memory_destroy(&a->memory);
    port_memory_free(s->port, a, (sizeof *a + PORT_PAGE - 1) & ~(uint64_t)(PORT_PAGE - 1));
    s->arena = NULL;
}

struct memory *arena_memory(struct system *s)
{
    return &s->arena->memory;
}

bool heap_scheduler_init(struct scheduler *s)
{
    struct memory *m = arena_memory(s->system);
    struct heap_cache *c = memory_alloc(m, sizeof *c);
    if (c == NULL) return false;
    if (!pool_init(c, m)) {
        memory_free(m, c, sizeof *c);
        return false;
    }
    s->heap = c;
    return true;
}

void heap_scheduler_destroy(struct scheduler *s)
{
    if (s->heap == NULL) return;
    struct memory *m = s->heap->memory;
    pool_destroy(s->heap);
    memory_free(m, s->heap, sizeof *s->heap);
    s->heap = NULL;
}

/* ---- free runs; under the lock ---- */

/* Markers read the table without the lock. */
static void table_set(struct arena *a, uint64_t granule, uint32_t entry)
{
    __atomic_store_n(&a->table[granule].first, entry, __ATOMIC_RELEASE);
}

static unsigned bin_of(uint64_t granules)
{
    unsigned log = 63 - (unsigned)__builtin_clzll(granules);
    return log < ARENA_BINS ? log : ARENA_BINS - 1;
}

static void run_link(struct arena *a, uint64_t first, uint64_t granules)
{
    struct free_run *r = (struct free_run *)granule_address(first);
    struct free_run **bin = &a->bins[bin_of(granules)];
    r->granules = granules;
    r->next = *bin;
    r->prev = bin;
    if (r->next != NULL) r->next->prev = &r->next;
    *bin = r;
    table_set(a, first, (uint32_t)first | TABLE_FREE);
    table_set(a, first + granules - 1, (uint32_t)first | TABLE_FREE);
}

static void run_unlink(struct free_run *r)
{
    *r->prev = r->next;
    if (r->next != NULL) r->next->prev = r->prev;
}

/* Take `granules` from a run; the rest stays free. */
static uint64_t run_take(struct arena *a, struct free_run *r, uint64_t granules)
{
    uint64_t first = granule_of(r), have = r->granules;
    run_unlink(r);
    if (have > granules) run_link(a, first + granules, have - granules);
    return first;
}

static bool commit_to(struct arena *a, uint64_t top)
{
    struct port *port = a->memory.port;
    uint64_t limit = a->reserved_bytes / ARENA_GRANULE;
    if (top > limit) return false;
    if (top > a->table_committed) {
        uint64_t to = (top + TABLE_COMMIT_ENTRIES - 1) & ~(uint64_t)(TABLE_COMMIT_ENTRIES - 1);
        if (!port_memory_commit(port, a->table + a->table_committed,
                                (to - a->table_committed) * sizeof a->table[0]))
            return false;
        a->table_committed = (uint32_t)to;
    }
    if (top > a->committed) {
        uint64_t to = (top + COMMIT_GRANULES - 1) & ~(uint64_t)(COMMIT_GRANULES - 1);
        if (to > limit) to = limit;
        if (!port_memory_commit(port, granule_address(a->committed), (to - a->committed) * ARENA_GRANULE))
            return false;
        a->committed = (uint32_t)to;
    }
    return true;
}

/* The first of `granules` free granules, now in use; 0: full. */
static uint64_t take(struct arena *a, uint64_t granules)
{
    unsigned bin = bin_of(granules), tries = 0;
    for (struct free_run *r = a->bins[bin]; r != NULL && tries < 16; r = r->next, tries++)
        if (r->granules >= granules) return run_take(a, r, granules);
    for (bin++; bin < ARENA_BINS; bin++)
        if (a->bins[bin] != NULL) return run_take(a, a->bins[bin], granules);
    uint64_t first = a->top;
    if (!commit_to(a, first + granules)) return 0;
    __atomic_store_n(&a->top, (uint32_t)(first + granules), __ATOMIC_RELAXED);
    return first;
}

struct segment *segment_new(struct arena *a, uint64_t bytes, enum segment_kind kind)
{
    if (bytes > ARENA_SIZE || memory_fails(&a->memory)) return NULL;
    uint64_t granules = (bytes + sizeof(struct segment) + ARENA_GRANULE - 1) / ARENA_GRANULE;
    struct segment *s = NULL;
    lock_acquire(&a->lock);
    uint64_t first = take(a, granules);
    if (first != 0) {
        s = (struct segment *)granule_address(first);
        uint32_t epoch = __atomic_load_n(&a->epoch, __ATOMIC_SEQ_CST);
        *s = (struct segment){
            .granules = (uint32_t)granules, .kind = (uint16_t)kind, .mark_epoch = epoch, .born_epoch = epoch};
        for (uint64_t g = first; g < first + granules; g++) {
            __atomic_store_n(&a->table[g].marks, epoch & 1 ? UINT32_MAX : 0, __ATOMIC_RELAXED);
            table_set(a, g, (uint32_t)first);
        }
        a->used_granules += granules;
        __atomic_fetch_add(&a->allocated_granules, granules, __ATOMIC_RELAXED);
    }
    lock_release(&a->lock);
    return s;
}

void segment_free(struct arena *a, struct segment *s)
{
    uint64_t first = granule_of(s), granules = s->granules;
#if defined(LONA_STRESS) || defined(LONA_ASAN)
    memset(segment_start(s), 0xdb, granules * ARENA_GRANULE - sizeof *s);
#endif
    lock_acquire(&a->lock);
    a->used_granules -= granules;
    for (uint64_t g = 0; g < granules; g++) table_set(a, first + g, 0);
    if (first > ARENA_TABLE_BYTES / ARENA_GRANULE && (a->table[first - 1].first & TABLE_FREE)) {
        uint64_t before = a->table[first - 1].first & ~TABLE_FREE;
        run_unlink((struct free_run *)granule_address(before));
        table_set(a, first - 1, 0);
        granules += first - before;
        first = before;
    }
    if (first + granules < a->top && (a->table[first + granules].first & TABLE_FREE)) {
        struct free_run *after = (struct free_run *)granule_address(first + granules);
        run_unlink(after);
        table_set(a, first + granules, 0);
        granules += after->granules;
    }
    bool last = first + granules == a->top;
    if (a->sweep_at > first &&
        a->sweep_at < first + granules + last) /* the sweeper goes from segment to segment */
        a->sweep_at = last ? first : first + granules;
    if (last)
        __atomic_store_n(&a->top, (uint32_t)first, __ATOMIC_RELAXED);
    else
        run_link(a, first, granules);
    lock_release(&a->lock);
}

/* ---- raw memory ---- */

void *arena_alloc(struct system *s, uint64_t bytes)
{
    struct segment *g = segment_new(s->arena, bytes, SEGMENT_RAW);
    return g == NULL ? NULL : segment_start(g);
}

void arena_free(struct system *s, void *at)
{
    segment_free(s->arena, arena_segment(s->arena, at));
}

void *arena_alloc_pinned(struct system *s, uint64_t bytes)
{
    struct arena *a = s->arena;
    bytes = (bytes + 7) & ~7ull;
    if (bytes > PINNED_CHUNK_BYTES / 4) {
        struct segment *own = segment_new(a, bytes, SEGMENT_RAW);
        if (own == NULL) return NULL;
        own->flags |= SEGMENT_PINNED;
        return segment_start(own);
    }
    for (;;) {
        lock_acquire(&a->lock);
        char *at = a->pinned_at;
        bool fits = (uint64_t)(a->pinned_end - at) >= bytes;
        if (fits) a->pinned_at += bytes;
        lock_release(&a->lock);
        if (fits) return at;
        struct segment *more = segment_new(a, PINNED_CHUNK_BYTES - sizeof *more, SEGMENT_RAW);
        if (more == NULL) return NULL;
        more->flags |= SEGMENT_PINNED;
        lock_acquire(&a->lock);
        a->pinned_at = segment_start(more);
        a->pinned_end = (char *)more + PINNED_CHUNK_BYTES;
        lock_release(&a->lock);
    }
}

void arena_set_kind(struct system *s, void *at, enum segment_kind kind)
{
    __atomic_store_n(&arena_segment(s->arena, at)->kind, (uint16_t)kind, __ATOMIC_RELEASE);
}

uint64_t arena_used_bytes(struct system *s)
{
    struct arena *a = s->arena;
    lock_acquire(&a->lock);
    uint64_t granules = a->used_granules;
    lock_release(&a->lock);
    return granules * ARENA_GRANULE;
}
