/* The shared arena: immutable objects and code outside every process heap, at a fixed range of addresses.
 *
 * It is handed out in segments of whole granules (ARENA_GRANULE bytes).  A side table, one entry a granule, leads from any
 * address to its segment.  Segments that nothing refers to any more are found by gc/shared.c.
 *
 * Address range: [ARENA_BASE, + ARENA_TABLE_BYTES) the side table; behind it the granules.
 *
 * Invariants:
 *  A1  Every granule below `top` belongs to one segment or one free run.
 *  A2  table[g].first is the first granule of the segment that g belongs to; for the first and last granule of a free run it is the
 *      run's first granule | TABLE_FREE, for those between 0.
 *  A3  Two free runs never touch each other, and none touches top. */
#ifndef RUNTIME_GC_ARENA_H
#define RUNTIME_GC_ARENA_H

#include "runtime/gc/heap.h"
#include "runtime/gc/pool.h"
#include "runtime/sched/system.h"
#include "spec/limits.h"

#define ARENA_GRANULES (ARENA_SIZE / ARENA_GRANULE)
#define ARENA_TABLE_BYTES (ARENA_GRANULES * sizeof(struct granule))
#define ARENA_BINS 27
#define TABLE_FREE 0x80000000u

struct granule {
    uint32_t first; /* A2; atomic */
    uint32_t
        marks; /* one bit a word: an object that begins there is marked if it is the lowest bit of the epoch; atomic */
};

enum segment_kind { SEGMENT_RAW, SEGMENT_OBJECTS, SEGMENT_UNIT, SEGMENT_LINK };

/* Header of a segment, at its first byte. */
struct segment {
    uint32_t granules;
    uint16_t kind;       /* enum segment_kind */
    uint16_t flags;      /* SEGMENT_ */
    uint32_t mark_epoch; /* last cycle that saw it, or an object in it, in use (atomic) */
    uint32_t born_epoch;
    uint64_t words; /* of objects, behind the header */
    value offheap;  /* chain of its objects that refer outside */
};
#define SEGMENT_PINNED 1u /* never freed */
#define SEGMENT_BOUND 2u  /* holds an atom, or refers to a segment that does: may not leave its domain */

struct free_run { /* in the first bytes of a free run */
    struct free_run *next, **prev;
    uint64_t granules;
};

#define SHARED_GRAY_ENTRIES 1020
struct shared_gray {
    struct shared_gray *next;
    uint32_t count;
    uintptr_t entries[SHARED_GRAY_ENTRIES];
};

struct arena {
    struct memory memory; /* of the whole system: pool.h */
    struct lock lock;
    uint64_t reserved_bytes; /* ARENA_SIZE, or what the port had */
    struct granule *table;
    uint32_t top;                      /* granules from here on were never used */
    uint32_t committed;                /* granules with memory behind them */
    uint32_t table_committed;          /* entries with memory behind them */
    struct free_run *bins[ARENA_BINS]; /* by log2 of the size in granules */
    char *pinned_at, *pinned_end;      /* arena_alloc_pinned */
    uint64_t used_granules;
    uint64_t allocated_granules; /* since the last cycle began */
    uint64_t live_granules;      /* used after the last cycle */

    /* -- gc/shared.c -- */
    uint32_t epoch;       /* of the running or last cycle; under no lock: changed by whoever began it */
    uint32_t shade_epoch; /* atomic; = epoch while flows mark, else 0 */
    uint32_t scan_epoch;  /* atomic; processes of another epoch look through themselves */
    uint32_t phase;       /* atomic; enum shared_phase */
    uint32_t busy;        /* atomic; a scheduler is at work for the cycle */
    uint32_t cycles;
    uint32_t requested, cycles_begun;
    uint32_t wake_index; /* processes below were asked to look through themselves */
    uint32_t waiting;    /* processes that had not done it, in the running pass */
    uint64_t sweep_at;   /* granule at which a segment or free run begins; under the lock */
    struct lock gray_lock;
    struct shared_gray *gray; /* marked and not looked through */
    bool gray_lost;           /* there was no memory for an entry: the cycle frees nothing */
    struct deferred grace;
};

static inline bool arena_contains(const void *at)
{
    return (uintptr_t)at - ARENA_BASE < ARENA_SIZE;
}
/* The segment that an address lies in.  Pre: it lies in one. */
static inline struct segment *arena_segment(const struct arena *a, const void *at)
{
    uint64_t granule = ((uintptr_t)at - ARENA_BASE) / ARENA_GRANULE;
    return (struct segment *)(ARENA_BASE + (uint64_t)a->table[granule].first * ARENA_GRANULE);
}
/* True if a SHARED value may not leave its domain. */
static inline bool shared_is_bound(const struct arena *a, value v)
{
    if (obj_type(to_obj(v)) == T_ATOM) return true;
    return arena_contains(to_obj(v)) && (arena_segment(a, to_obj(v))->flags & SEGMENT_BOUND) != 0;
}
static inline void *segment_start(struct segment *s)
{
    return s + 1;
}

struct segment *segment_new(struct arena *a, uint64_t bytes, enum segment_kind kind); /* NULL: full */
void segment_free(struct arena *a, struct segment *s); /* off-heap references are the caller's affair */

#endif
