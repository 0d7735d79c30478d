/* Blocks of memory for heaps, stacks, messages and blobs.
 *
 * Small blocks (up to POOL_SMALL_MAX) come in size classes out of 64 KiB slabs.  Every scheduler keeps some free blocks of
 * each class at hand (struct heap_cache); what exceeds its bound goes back to the slabs, in batches, under one lock.  A slab
 * with no block in use serves any class again, or goes back to the port.  Larger blocks come from the port by pages; some
 * freed ones are kept, so that a nursery that is swapped at every collection costs no page faults.
 *
 * A block may be freed on another scheduler's thread than it was allocated on.  Whoever frees it knows its size.
 *
 * Invariants:
 *  M1  A slab is aligned to its size; its header says which class it serves and how many blocks are not in it.
 *  M2  A block in a cache counts as in use for its slab. */
#ifndef RUNTIME_GC_POOL_H
#define RUNTIME_GC_POOL_H

#include "runtime/port/port.h"
#include "runtime/sched/lock.h"

#define POOL_CLASSES 56
#define POOL_SMALL_MAX 32704u /* two of them fill a slab */
#define POOL_SLAB_BYTES 65536u
#define POOL_LARGE_BINS 64 /* four sizes to a power of two, from 32 KiB on */
#define POOL_RESERVE_BYTES (256u << 10)

struct pool_slab;
struct pool_large;

/* What all schedulers of a system share. */
struct memory {
    struct port *port;
    struct lock lock;
    struct pool_slab *partial[POOL_CLASSES]; /* slabs with blocks to give */
    struct pool_slab *empty;                 /* slabs with no block in use */
    uint32_t empty_count;
    char *fresh, *fresh_end; /* part of the last superblock that was never a slab */
    struct pool_large *large[POOL_LARGE_BINS];
    uint64_t large_kept_bytes;
    uint64_t port_bytes; /* held from the port */
    struct pool_super *supers;
    uint64_t used_blocks; /* given out, to caches too */
    uint64_t
        fail_after; /* LONA_FAIL_ALLOC: so many allocations succeed, less one, then one fails; 0: off; atomic */
};

/* True for the one allocation that shall fail (memory_fail_after). */
static inline bool memory_fails(struct memory *m)
{
#if defined(LONA_FAIL_ALLOC)
    uint64_t left = __atomic_load_n(&m->fail_after, __ATOMIC_RELAXED);
    while (left != 0)
        if (__atomic_compare_exchange_n(&m->fail_after, &left, left - 1, false, __ATOMIC_RELAXED,
                                        __ATOMIC_RELAXED))
            return left == 1;
#endif
    return false;
}

/* What one scheduler keeps at hand.  Owner only. */
struct heap_cache {
    struct {
        void *first; /* free blocks, linked by their first word */
        uint32_t count;
    } free[POOL_CLASSES];
    struct memory *memory;
    void *reserve; /* POOL_RESERVE_BYTES for a process that must not fail; NULL when given out */
    uint32_t collections;
    uint32_t scan_epoch; /* the cycle of the shared arena that has looked through this scheduler's timers */
};

void memory_init(struct memory *m, struct port *port);
void memory_destroy(struct memory *m);                  /* all that was ever given out becomes invalid */
bool pool_init(struct heap_cache *c, struct memory *m); /* false: no memory for the reserve */
void pool_destroy(struct heap_cache *c);

/* The size that a request really gets. */
size_t pool_block_bytes(size_t bytes);
void *pool_alloc_slow(struct heap_cache *c, size_t bytes);
void pool_free_slow(struct heap_cache *c, void *block, size_t bytes);
/* The same for threads without a cache; any thread. */
void *memory_alloc(struct memory *m, size_t bytes);
void memory_free(struct memory *m, void *block, size_t bytes);
/* Make a block of more than POOL_SMALL_MAX bytes smaller, in place.  Both sizes are of pool_block_bytes. */
void memory_trim(struct memory *m, void *block, size_t bytes, size_t keep_bytes);
struct system;
struct memory *arena_memory(struct system *s); /* runtime/gc/arena.c */

/* Class of a small size: steps of 16 bytes up to 512, then four to a power of two. */
static inline unsigned pool_class(size_t bytes)
{
    if (bytes <= 512) return bytes == 0 ? 0 : (unsigned)((bytes - 1) >> 4);
    unsigned log = 63 - (unsigned)__builtin_clzll(bytes - 1); /* 2^log < bytes <= 2^(log + 1) */
    return 32 + (log - 9) * 4 + (unsigned)((bytes - 1) >> (log - 2) & 3);
}

#if defined(LONA_ASAN)
void __asan_poison_memory_region(const volatile void *at, size_t bytes);
void __asan_unpoison_memory_region(const volatile void *at, size_t bytes);
#define POISON(at, bytes) __asan_poison_memory_region(at, bytes)
#define UNPOISON(at, bytes) __asan_unpoison_memory_region(at, bytes)
#else
#define POISON(at, bytes) ((void)0)
#define UNPOISON(at, bytes) ((void)0)
#endif

/* A block of at least `bytes`, 16-byte aligned, contents undefined; NULL: the port has no more. */
static inline void *pool_alloc(struct heap_cache *c, size_t bytes)
{
#if !defined(LONA_ASAN)
    if (LIKELY(bytes <= POOL_SMALL_MAX)) {
        unsigned class = pool_class(bytes);
        void *block = c->free[class].first;
        if (LIKELY(block != NULL)) {
            c->free[class].first = *(void **)block;
            c->free[class].count--;
            return block;
        }
    }
#endif
    return pool_alloc_slow(c, bytes);
}

#define POOL_CACHE_MAX 128 /* blocks of one class */
static inline void pool_free(struct heap_cache *c, void *block, size_t bytes)
{
#if !defined(LONA_ASAN)
    if (LIKELY(bytes <= 1024)) {
        unsigned class = pool_class(bytes);
        if (LIKELY(c->free[class].count < POOL_CACHE_MAX)) {
            *(void **)block = c->free[class].first;
            c->free[class].first = block;
            c->free[class].count++;
            return;
        }
    }
#endif
    pool_free_slow(c, block, bytes);
}

#endif
