/* Memory of a process: allocation, write barrier, collection.  docs/design/collector.md explains the collector.
 *
 * Allocation never fails and never collects (see P3 in vm/prim.h): beyond the current chunk it goes to an overflow chunk
 * and sets PROC_COLLECT; beyond the domain's limit it goes to the scheduler's reserve and sets PROC_OUT_OF_MEMORY; the
 * interpreter acts on either at the next safepoint.
 *
 * Invariants:
 *  H1  A young object may point anywhere; an old object points to young ones only if it is in the remembered set.
 *  H2  An object that is neither OBJ_OLD nor OBJ_SHARED lies in a young chunk of exactly one process, or in a message.
 *  H3  Roots are: the live registers of every frame (by the collector maps), prim_state, error, dynamic, exit_reason, the
 *      arguments of a primitive that runs again, examined messages, and what ext lists. */
#ifndef RUNTIME_GC_HEAP_H
#define RUNTIME_GC_HEAP_H

#include "runtime/sched/process.h"

/* A block of young objects: the first of p->young is the one that hp and hp_limit are in (its own `top` is stale).  Objects
 * lie one behind the other from heap_chunk_start() to top.  Messages that were taken are such chunks, too, with a longer
 * head. */
struct heap_chunk {
    struct heap_chunk *next;
    value *top;
    uint32_t size_words; /* room for objects */
    uint16_t head_words; /* before the objects, this struct included */
    uint16_t flags;      /* CHUNK_ */
};
#define CHUNK_AGED 1u      /* objects below p->high_water have survived a collection */
#define CHUNK_RESERVE 2u   /* the scheduler's reserve */
#define CHUNK_UNCHARGED 4u /* given beyond the domain's limit: charged to nobody */
#define CHUNK_NURSERY_LOG                                                                                    \
    0xff00u /* log2 of the words to allocate between two collections, << 8; 0: none yet */

static inline value *heap_chunk_start(const struct heap_chunk *c)
{
    return (value *)c + c->head_words;
}
static inline value *heap_chunk_end(const struct heap_chunk *c)
{
    return heap_chunk_start(c) + c->size_words;
}

/* The slow way of heap_alloc.  Never returns NULL. */
struct object *heap_alloc_slow(struct process *p, enum object_type t, uint32_t flags, uint32_t size_words);

/* A new object with size_words of payload, uninitialised: the caller fills every word before the next safepoint. */
static inline struct object *heap_alloc(struct process *p, enum object_type t, uint32_t flags,
                                        uint32_t size_words)
{
    value *at = p->hp;
    if (UNLIKELY((size_t)(p->hp_limit - at) < (size_t)size_words + 1))
        return heap_alloc_slow(p, t, flags, size_words);
    p->hp = at + size_words + 1;
    struct object *o = (struct object *)at;
    o->header = make_header(t, flags, size_words);
    return o;
}

/* A STATE or STATE_RAW with this flag, while it is p->prim_state, pins the heap: a primitive that will run again has pointers into it,
 * so nothing is collected until it is done. */
#define OBJ_PINS OBJ_A
static inline bool heap_pinned(const struct process *p)
{
    return (is_type(p->prim_state, T_STATE_RAW) || is_type(p->prim_state, T_STATE)) &&
           obj_has(to_obj(p->prim_state), OBJ_PINS);
}

/* Ask before allocating more than 64 KiB in one primitive call.  Returns NIL, or VAL_ERROR (:out-of-memory or
 * :too-large).  Cost O(1). */
value heap_reserve(struct process *p, uint64_t words);

/* Store v into payload word i of a mutable object (LAZY, BOX, ARRAY, TRANSIENT, STATE, an edited node).  Keeps H1.
 * A SHARED object (a lazy sequence in a definition) stays as it is: every process that forces it computes it for itself. */
static inline void heap_write(struct process *p, struct object *o, uint32_t i, value v);
void heap_remember(struct process *p, struct object *o, value overwritten);
static inline void heap_write(struct process *p, struct object *o, uint32_t i, value v)
{
    value before = o->p[i];
    if (UNLIKELY(header_flags(o->header) & (OBJ_OLD | OBJ_SHARED))) {
        if (header_flags(o->header) & OBJ_SHARED) return;
        o->p[i] = v;
        heap_remember(p, o, before);
        return;
    }
    o->p[i] = v;
}

/* Off-heap things that objects refer to: reference counted, atomic.  An object of type STRING_BLOB, BINARY_BLOB, ATOM,
 * REGION, HANDLE is put on its process's chain right after it is filled. */
struct blob {
    uint64_t references; /* atomic */
    uint64_t size_bytes;
    struct domain *charged; /* NULL: the system */
    uint8_t bytes[];
};
struct blob *blob_new(struct process *p,
                      uint64_t size_bytes); /* one reference; NULL with p->error set when refused */
void blob_retain(struct blob *b);
void blob_release(struct system *s, struct blob *b);
void heap_link_offheap(struct process *p, struct object *o);
/* What the owners of the other kinds provide: one more reference, one less.  Any thread. */
struct atom_cell;
struct region;
void atom_retain(struct atom_cell *a);
void atom_release(struct system *s, struct atom_cell *a);
void region_retain(struct region *r);
void region_release(struct system *s, struct region *r);
void handle_release(struct system *s, uint64_t port_handle, uint64_t kind);

/* Collect.  heap_safepoint() does what PROC_COLLECT asks for (a slice, for large heaps).  Called with p->ip, base, link
 * saved; need_words is what the caller wants to allocate next. */
void heap_safepoint(struct process *p, uint32_t need_words);
void heap_collect_full(struct process *p);
/* Collect fully and keep as little as possible: for a process that will wait long. */
void heap_hibernate(struct process *p);
/* Words held by live and dead objects, young and old; and by blocks. */
uint64_t heap_used_words(const struct process *p);
uint64_t heap_held_words(const struct process *p);
/* Give the process its first memory / give all of it back. */
void heap_init(struct process *p);
void heap_destroy(struct process *p);

/* Stacks beyond the first, which lies behind struct process.  Charged to the process's domain.
 * NULL: refused (p->error is not set).  Pre for free: from stack_allocate, with the same words. */
value *stack_allocate(struct process *p, uint32_t words);
void stack_free(struct process *p, value *stack, uint32_t words);

/* Copies for messages and spawn: sched/message.h has the interface, gc/copy.c the code. */

/* Shared arena: immutable segments (gc/arena.h).  An object copied there has OBJ_SHARED; atoms and lazy sequences may be in
 * it.  Result: v, made SHARED; VAL_ERROR if it holds what belongs to one process (BOX, ARRAY, ...) or the arena is full.
 * Cost: one pass over what is not SHARED yet; 256 bytes at least.  Off-heap bytes up to 1 MiB are copied in. */
value arena_publish(struct process *p, value v);
/* Lazy sequences in v, outside what is SHARED, that are not realised: a vector of some of them, or NIL. */
value arena_lazy_seqs(struct process *p, value v);
/* A segment of raw bytes, 8-byte aligned, not zeroed; NULL when full.  It lives until it is freed, or until a collection of
 * the arena finds that nothing refers into it (gc/shared.h). */
void *arena_alloc(struct system *s, uint64_t bytes);
void arena_free(struct system *s, void *at);
/* A piece of memory in the arena that is never freed and costs no more than its size: names, cells. */
void *arena_alloc_pinned(struct system *s, uint64_t bytes);
uint64_t arena_used_bytes(struct system *s);

#endif
