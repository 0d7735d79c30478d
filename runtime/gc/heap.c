#include "runtime/gc/heap.h"

#include "runtime/gc/gc.h"
#include "runtime/gc/shared.h"

/* ---- chunks ---- */

struct heap_chunk *chunk_new(struct heap_cache *cache, struct domain *d, uint64_t words, uint32_t head_words,
                             bool force)
{
    if (words >= UINT32_MAX - 8192) return NULL;
    size_t bytes = pool_block_bytes((words + head_words) * 8);
    if (bytes / 8 - head_words > UINT32_MAX) return NULL;
    bool charged = d != NULL && domain_charge(d, bytes);
    if (!charged && !force) return NULL;
    struct heap_chunk *c = pool_alloc(cache, bytes);
    if (c == NULL) {
        if (charged) domain_uncharge(d, bytes);
        return NULL;
    }
    c->next = NULL;
    c->size_words = (uint32_t)(bytes / 8) - head_words;
    c->head_words = (uint16_t)head_words;
    c->flags = charged ? 0 : CHUNK_UNCHARGED;
    c->top = heap_chunk_start(c);
    return c;
}

void chunk_free(struct heap_cache *cache, struct domain *d, struct heap_chunk *c)
{
    if (c->flags & CHUNK_RESERVE) {
        if (cache->reserve == NULL)
            cache->reserve = c;
        else
            memory_free(cache->memory, c, POOL_RESERVE_BYTES);
        return;
    }
    uint64_t bytes = chunk_bytes(c);
    if (!(c->flags & CHUNK_UNCHARGED)) domain_uncharge(d, bytes);
    pool_free(cache, c, bytes);
}

/* Make c the chunk that hp is in. */
static void chunk_enter(struct process *p, struct heap_chunk *c)
{
    if (p->young != NULL) {
        p->young->top = p->hp;
        c->flags |= p->young->flags & CHUNK_NURSERY_LOG;
    }
    c->next = p->young;
    p->young = c;
    p->hp = heap_chunk_start(c);
    p->hp_limit = heap_chunk_end(c);
    p->heap_words += c->size_words;
}

/* The last resort: memory set aside for processes that cannot be told to stop just now. */
static struct heap_chunk *chunk_from_reserve(struct process *p, uint64_t words)
{
    struct heap_cache *cache = heap_cache_of(p);
    struct heap_chunk *c = cache->reserve;
    uint32_t head = sizeof *c / 8;
    if (c == NULL) {
        heap_refill_reserve(cache); /* somebody may have given memory back */
        c = cache->reserve;
    }
    if (c == NULL || words > POOL_RESERVE_BYTES / 8 - head)
        port_panic(cache->memory->port, "out of memory, the reserve included");
    cache->reserve = NULL;
    c->next = NULL;
    c->head_words = (uint16_t)head;
    c->size_words = POOL_RESERVE_BYTES / 8 - head;
    c->flags = CHUNK_RESERVE;
    return c;
}

/* ---- allocation ---- */

COLD struct object *heap_alloc_slow(struct process *p, enum object_type t, uint32_t flags,
                                    uint32_t size_words)
{
    struct heap_cache *cache = heap_cache_of(p);
    uint64_t words = (uint64_t)size_words + 1;
    uint64_t want = FIRST_CHUNK_WORDS;
#if defined(LONA_STRESS)
    process_attention(p, PROC_COLLECT); /* every allocation leads to a collection at the next safepoint */
    if (p->young != NULL && p->hp_limit != heap_chunk_end(p->young)) {
        p->hp_limit = heap_chunk_end(p->young);
        return heap_alloc(p, t, flags, size_words);
    }
#endif
    if (p->young != NULL) {
        want = p->heap_words < 512 ? p->heap_words : p->heap_words / 8; /* small heaps double */
        if (want > OVERFLOW_WORDS) want = OVERFLOW_WORDS;
        if (p->heap_words + want > nursery_words(p)) process_attention(p, PROC_COLLECT);
    }
    if (want < words) want = words;
    struct heap_chunk *c = chunk_new(cache, p->domain, want, sizeof *c / 8, false);
    if (c == NULL) {
        process_attention(p, PROC_COLLECT | PROC_OUT_OF_MEMORY);
        c = chunk_new(cache, p->domain, want > OVERFLOW_WORDS ? want : OVERFLOW_WORDS, sizeof *c / 8, true);
        if (c == NULL) c = chunk_from_reserve(p, words);
    }
    chunk_enter(p, c);
    return heap_alloc(p, t, flags, size_words);
}

/* What the limit refuses may still be given for now, if garbage may make room for it: the next safepoint sees to that. */
bool may_overdraw(struct process *p, uint64_t bytes)
{
    const struct budget *b = p->domain->budget;
    if (b == NULL || bytes > b->limit_bytes / 4) return false;
    process_attention(p, PROC_COLLECT | PROC_OUT_OF_MEMORY);
    return true;
}

value heap_reserve(struct process *p, uint64_t words)
{
    if ((uint64_t)(p->hp_limit - p->hp) >= words) return NIL;
    if (words >= UINT32_MAX - 8192)
        return process_fail(p, ERR_TOO_LARGE, NIL, "the result would take %u bytes", words * 8);
    struct heap_cache *cache = heap_cache_of(p);
    struct heap_chunk *c = chunk_new(cache, p->domain, words, sizeof *c / 8, false);
    if (c == NULL && may_overdraw(p, words * 8)) c = chunk_new(cache, p->domain, words, sizeof *c / 8, true);
    if (c == NULL)
        return process_fail(p, ERR_OUT_OF_MEMORY, NIL, "%u bytes are more than the memory limit leaves",
                            words * 8);
    chunk_enter(p, c);
    if (p->heap_words > nursery_words(p)) process_attention(p, PROC_COLLECT);
    return NIL;
}

/* ---- write barrier ---- */

static bool remembered_grow(struct process *p)
{
    struct remembered *r = (struct remembered *)p->remembered;
    uint32_t size = r == NULL ? 12 : r->size < 1000 ? r->size * 2 : r->size;
    size_t bytes = pool_block_bytes(sizeof *r + size * sizeof r->items[0]);
    struct remembered *more = pool_alloc(heap_cache_of(p), bytes);
    if (more == NULL) return false;
    more->next = r;
    more->count = 0;
    more->size = (uint32_t)((bytes - sizeof *r) / sizeof r->items[0]);
    p->remembered = (value *)more;
    return true;
}

void heap_remember(struct process *p, struct object *o, value overwritten)
{
    if (p->old->phase == MAJOR_MARK) mark_old(p, overwritten); /* it was reachable when marking began */
    if (UNLIKELY(shared_scan_running(p))) shared_shade(p->domain->system->arena, overwritten);
    if (obj_has(o, OBJ_REMEMBERED)) return;
    struct remembered *r = (struct remembered *)p->remembered;
    if (r == NULL || r->count == r->size) {
        if (!remembered_grow(p)) {
            p->old->remember_lost = true;
            process_attention(p, PROC_COLLECT);
            return;
        }
        r = (struct remembered *)p->remembered;
    }
    o->header |= (uint64_t)OBJ_REMEMBERED << 32;
    r->items[r->count++] = o;
}

/* ---- life ---- */

void heap_init(struct process *p)
{
    p->hp = p->hp_limit = NULL;
    p->young = NULL;
    p->old = NULL;
    p->high_water = NULL;
    p->remembered = NULL;
    p->offheap = 0;
    p->heap_words = 0;
}

void heap_destroy(struct process *p)
{
    struct heap_cache *cache = heap_cache_of(p);
    if (p->offheap != 0) offheap_release_all(p->domain->system, p->offheap);
    for (struct heap_chunk *c = p->young, *next = NULL; c != NULL; c = next) {
        next = c->next;
        chunk_free(cache, p->domain, c);
    }
    for (struct remembered *r = (struct remembered *)p->remembered, *next = NULL; r != NULL; r = next) {
        next = r->next;
        pool_free(cache, r, sizeof *r + r->size * sizeof r->items[0]);
    }
    if (p->old != NULL) old_free_all(p, p->old);
    heap_init(p);
}

uint64_t heap_used_words(const struct process *p)
{
    uint64_t words = p->old != NULL ? p->old->used_words : 0;
    for (const struct heap_chunk *c = p->young; c != NULL; c = c->next)
        words += (uint64_t)((c == p->young ? p->hp : c->top) - heap_chunk_start(c));
    return words;
}

uint64_t heap_held_words(const struct process *p)
{
    return p->heap_words + (p->old != NULL ? p->old->block_words : 0);
}

/* ---- stacks ----
 * A stack must grow at once or not at all, when there may be garbage enough to give back instead.  So it may grow beyond the
 * domain's limit; the next safepoint collects, and signals :out-of-memory if that did not help. */

struct stack_head {
    uint64_t bytes; /* of the block */
    uint64_t charged;
};

value *stack_allocate(struct process *p, uint32_t words)
{
    size_t bytes = pool_block_bytes(sizeof(struct stack_head) + (size_t)words * 8);
    struct stack_head *h = pool_alloc(heap_cache_of(p), bytes);
    if (h == NULL) return NULL;
    h->bytes = bytes;
    h->charged = domain_charge(p->domain, bytes);
    if (!h->charged) process_attention(p, PROC_COLLECT | PROC_OUT_OF_MEMORY);
    return (value *)(h + 1);
}

void stack_free(struct process *p, value *stack, uint32_t words)
{
    struct stack_head *h = (struct stack_head *)stack - 1;
    if (h->charged) domain_uncharge(p->domain, h->bytes);
    pool_free(heap_cache_of(p), h, h->bytes);
}

bool stack_charge(struct process *p)
{
    struct stack_head *h = (struct stack_head *)p->stack - 1;
    if (p->stack == (value *)(p + 1)) return true;
    if (!h->charged) h->charged = domain_charge(p->domain, h->bytes);
    return h->charged;
}
