/* What the collector's own files know of each other.  Private to runtime/gc. */
#ifndef RUNTIME_GC_GC_H
#define RUNTIME_GC_GC_H

#include "base/mem.h"
#include "runtime/gc/heap.h"
#include "runtime/gc/pool.h"
#include "runtime/sched/domain.h"
#include "runtime/sched/message.h"
#include "runtime/sched/scheduler.h"
#include "runtime/vm/frames.h"

/* ---- policy (words are 8 bytes) ---- */
#define FIRST_CHUNK_WORDS 17 /* fills a block of 160 bytes */
#define NURSERY_MIN_LOG 8    /* a process that never used more than this never collects */
#define NURSERY_QUICK_LOG 12 /* grown to this without asking whether it pays */
#define NURSERY_MAX_LOG 15   /* 256 KiB: stays in a second-level cache */
#define NURSERY_LARGE_LOG 17 /* for heaps of many MiB: 1 MiB a collection, about 1 ms if all of it lives */
#define NURSERY_HUGE_LOG 18  /* and more of it the larger the heap, up to 2 MiB: */
#define NURSERY_SHARE_LOG 2  /* a quarter of the old objects */
#define LARGE_HEAP_WORDS (1u << 19) /* from here on, of old objects or of stack, the nursery is large */
#define OVERFLOW_WORDS 4096         /* chunks that bridge the time to the next safepoint */
#define TINY_HEAP_WORDS 1024        /* live data up to here needs no old space */
#define HOLE_MIN_WORDS 16           /* smaller gaps wait until a neighbour dies */
#define HOLE_NARROW_OBJECT_WORDS 12 /* objects that fit into any hole, */
#define HOLE_OBJECT_WORDS 64        /* and into a wide one; larger ones go to fresh memory */
#if defined(LONA_STRESS)            /* small heaps behave like large ones */
#define COPYING_MAJOR_WORDS 512
#define OLD_BLOCK_WORDS 256
#define MAJOR_MIN_WORDS 64
#else
#define COPYING_MAJOR_WORDS (1u << 16) /* up to here copied at once, larger old spaces marked in slices */
#define OLD_BLOCK_WORDS (1u << 15)     /* usual size of a block of a large old space */
#define MAJOR_MIN_WORDS (1u << 13)     /* promoted between two major collections, at least */
#endif

/* What never leaves its process, neither in a message nor in a definition. */
static inline bool type_stays(enum object_type t)
{
    return t == T_BOX || t == T_ARRAY || t == T_TRANSIENT || t == T_HANDLE || t == T_STATE ||
           t == T_STATE_RAW;
}

static inline struct heap_cache *heap_cache_of(const struct process *p)
{
    return p->scheduler->heap;
}

/* ---- chunks ---- */
static inline uint32_t nursery_log(const struct process *p)
{
    uint32_t log = p->young == NULL ? 0 : p->young->flags >> 8;
    return log < NURSERY_MIN_LOG ? NURSERY_MIN_LOG : log;
}
static inline uint32_t nursery_words(const struct process *p)
{
    return 1u << nursery_log(p);
}
static inline uint64_t chunk_bytes(const struct heap_chunk *c)
{
    return ((uint64_t)c->head_words + c->size_words) * 8;
}
/* A chunk with at least `words` of room, charged to d; NULL: refused by the port, or by d unless `force`. */
struct heap_chunk *chunk_new(struct heap_cache *cache, struct domain *d, uint64_t words, uint32_t head_words,
                             bool force);
void chunk_free(struct heap_cache *cache, struct domain *d, struct heap_chunk *c);

bool may_overdraw(struct process *p, uint64_t bytes);

/* Set memory aside again for what must not fail, if there is none. */
void heap_refill_reserve(struct heap_cache *cache);

/* ---- stacks ---- */
bool stack_charge(
    struct process *p); /* the stack that had to be taken beyond the limit; false: it still is */

/* ---- off-heap objects ---- */
static inline bool type_is_offheap(enum object_type t)
{
    return t == T_STRING_BLOB || t == T_BINARY_BLOB || t == T_ATOM || t == T_REGION || t == T_HANDLE;
}
/* The link to the next object of the chain: the last raw word. */
static inline value *offheap_next(struct object *o)
{
    return &o->p[object_info[obj_type(o)].raw_words - 1];
}
void offheap_retain(struct object *o);
void offheap_release(struct system *s, struct object *o);
void offheap_release_all(struct system *s, value chain);

/* ---- old space ---- */
enum major_phase { MAJOR_IDLE, MAJOR_MARK, MAJOR_OFFHEAP, MAJOR_SWEEP };

struct old_block {
    struct old_block *next;
    uint32_t size_words;
    uint32_t scan_epoch; /* of the cycle of the shared arena that has looked through it */
    bool swept;          /* by the last MAJOR_SWEEP */
    bool charged;        /* to the process's domain */
};
static inline value *old_block_start(const struct old_block *b)
{
    return (value *)(b + 1);
}
static inline value *old_block_end(const struct old_block *b)
{
    return old_block_start(b) + b->size_words;
}

struct remembered { /* buffer of the remembered set: p->remembered */
    struct remembered *next;
    uint32_t count, size;
    struct object *items[];
};

struct gray_block {
    struct gray_block *next;
    uint32_t count, size;
    struct object *items[];
};

/* Gaps to promote into.  Narrow ones take the smallest objects only: whatever goes into a wide one fits, so no gap is given up
 * because something larger than usual came. */
struct holes {
    value *hp, *end;     /* in use */
    struct object *list; /* the others: fillers linked through p[0] */
};

/* Invariants of the old space:
 *  O1  Every word of a block belongs to an object or a filler (STATE_RAW, never referred to).
 *  O2  hp .. end of the holes in use and fresh_hp .. fresh_end are covered by a filler between collections.
 *  O3  Outside MAJOR_MARK, MAJOR_OFFHEAP and unswept blocks, no object has OBJ_MARK. */
struct old_space {
    struct old_block *blocks;    /* swept, or no sweep is running */
    struct old_block *unswept;   /* still to be swept */
    struct old_block *fresh;     /* the block that fresh_hp is in */
    value *fresh_hp, *fresh_end; /* objects of any size */
    struct holes narrow, wide;
    value offheap;                    /* chain of old off-heap objects */
    value offheap_todo, offheap_done; /* MAJOR_OFFHEAP: still to look at; kept */
    uint64_t block_words;             /* of all blocks */
    uint64_t used_words;              /* promoted and not known to be dead */
    uint64_t live_words;              /* used_words after the last major collection */
    uint64_t promoted_words;          /* since then */
    struct gray_block *gray;
    uint32_t scan_epoch; /* the cycle of the shared arena that has looked through stack and young objects */
    uint32_t eager_left; /* so many collections promote everything */
    uint32_t uncharged;  /* blocks taken beyond the domain's limit */
    enum major_phase phase;
    bool gray_lost;     /* an object was marked and could not be pushed: look through all blocks */
    bool remember_lost; /* the remembered set is incomplete: the next collection must be a full one */
};

struct old_space *old_space_new(struct process *p);
void old_free_all(struct process *p, struct old_space *old);
struct old_block *old_block_new(struct process *p, uint64_t words);
void old_block_free(struct process *p, struct old_block *b);
void old_blocks_free(struct process *p, struct old_block *blocks);
bool old_blocks_charge(struct process *p);
bool old_reserve_fresh(struct process *p, uint64_t words);
void old_hole_add(struct old_space *old, value *at, value *end);

static inline void filler(value *at, value *end)
{
    if (at < end) *at = make_header(T_STATE_RAW, OBJ_OLD, (uint32_t)(end - at - 1));
}

/* ---- marking (mark.c) ---- */
void mark_push(struct process *p, struct object *o);
static inline void mark_old(struct process *p, value v)
{
    if (!is_ptr(v)) return;
    struct object *o = to_obj(v);
    if ((o->header & ((uint64_t)(OBJ_OLD | OBJ_MARK) << 32)) != (uint64_t)OBJ_OLD << 32) return;
    o->header |= (uint64_t)OBJ_MARK << 32;
    mark_push(p, o);
}
void gray_free_all(struct process *p, struct old_space *old);
bool sweep_one(struct process *p);   /* a block; false outside MAJOR_SWEEP, or when all are swept */
void major_start(struct process *p); /* right after a minor collection */
void major_slice(struct process *p,
                 bool finish); /* a bounded piece of the running major collection, or all of it */

/* ---- roots (roots.c): every slot that holds a value the process still needs, once each.  pre: adopt_examined() ---- */
void roots_visit(struct process *p, void (*visit)(void *context, value *slot), void *context);
/* The objects of messages that the process has looked at become young ones. */
#define MESSAGE_HIDDEN_WORDS 2 /* of words[], before the objects: off-heap chain, further chunks */
void adopt_examined(struct process *p);
uint64_t examined_words(const struct process *p); /* of those objects, at most */
void message_detach_objects(struct process *p, struct message *m);

/* ---- collections (collect.c) ---- */
enum collect_kind { COLLECT_MINOR, COLLECT_FULL, COLLECT_COMPACT };
/* False: no memory to collect in; nothing changed. */
bool collect(struct process *p, enum collect_kind kind, uint32_t need_words);

/* ---- shared arena (shared.c) ---- */
/* An old block of a process that is being looked through is about to be swept or left behind. */
void shared_leave_block(struct process *p, struct old_block *b);
void shared_leave_old(struct process *p); /* all of them */
bool shared_scan_running(
    const struct process *p); /* some of the old blocks of p are still to be looked through */

/* ---- edit tokens (tokens.c): pre: right after a collection, so that the heap has no gaps.  O(heap). ---- */
void tokens_renumber(struct process *p);

/* ---- checker (check.c) ---- */
void heap_check(struct process *p); /* panics with the invariant that is broken */

/* A young, old or copied cons of two words: not SHARED, not moved away. */
static inline bool is_plain_cons(uint64_t header)
{
    uint64_t mask = 0xffffff0000000000ull | (uint64_t)OBJ_SHARED << 32 | 0xffffffffull;
    return (header & mask) == (HEADER_TAG | (uint64_t)T_CONS << 40 | 2);
}

static inline uint32_t layout_raw_words(enum object_type t, uint32_t size)
{
    return object_info[t].layout == LAYOUT_RAW ? size : object_info[t].raw_words;
}

#endif
