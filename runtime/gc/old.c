/* The old space: blocks of objects that survived two collections.  They move only when a small old space is collected by
 * copying; large ones are marked and swept in place. */
#include "runtime/gc/gc.h"

struct old_space *old_space_new(struct process *p)
{
    struct old_space *old = pool_alloc(heap_cache_of(p), sizeof *old);
    if (old == NULL) return NULL;
    memset(old, 0, sizeof *old);
    return old;
}

/* A block whose room is one filler.  Not charged and not counted yet: old_block_account(). */
struct old_block *old_block_new(struct process *p, uint64_t words)
{
    if (words > UINT32_MAX - 8192) return NULL;
    size_t bytes = pool_block_bytes(sizeof(struct old_block) + words * 8);
    struct old_block *b = pool_alloc(heap_cache_of(p), bytes);
    if (b == NULL) return NULL;
    b->next = NULL;
    b->size_words = (uint32_t)((bytes - sizeof *b) / 8);
    b->swept = true;
    b->scan_epoch = p->old == NULL ? 0 : p->old->scan_epoch;
    b->charged = domain_charge(p->domain, bytes);
    if (!b->charged && p->old != NULL) p->old->uncharged++;
    filler(old_block_start(b), old_block_end(b));
    return b;
}

void old_block_free(struct process *p, struct old_block *b)
{
    uint64_t bytes = sizeof *b + (uint64_t)b->size_words * 8;
    if (b->charged) domain_uncharge(p->domain, bytes);
    pool_free(heap_cache_of(p), b, bytes);
}

/* Blocks that a collection had to take beyond the domain's limit: false if they still are. */
bool old_blocks_charge(struct process *p)
{
    struct old_space *old = p->old;
    if (old == NULL || old->uncharged == 0) return true;
    old->uncharged = 0;
    for (unsigned list = 0; list < 2; list++)
        for (struct old_block *b = list == 0 ? old->blocks : old->unswept; b != NULL; b = b->next)
            if (!b->charged &&
                !(b->charged = domain_charge(p->domain, sizeof *b + (uint64_t)b->size_words * 8)))
                old->uncharged++;
    return old->uncharged == 0;
}

void old_blocks_free(struct process *p, struct old_block *blocks)
{
    for (struct old_block *b = blocks, *next = NULL; b != NULL; b = next) {
        next = b->next;
        old_block_free(p, b);
    }
}

void old_free_all(struct process *p, struct old_space *old)
{
    if (old->offheap != 0) offheap_release_all(p->domain->system, old->offheap);
    if (old->offheap_todo != 0) offheap_release_all(p->domain->system, old->offheap_todo);
    if (old->offheap_done != 0) offheap_release_all(p->domain->system, old->offheap_done);
    old_blocks_free(p, old->blocks);
    old_blocks_free(p, old->unswept);
    gray_free_all(p, old);
    pool_free(heap_cache_of(p), old, sizeof *old);
}

/* Put the gap [at, end) where small objects can be promoted to. */
void old_hole_add(struct old_space *old, value *at, value *end)
{
    filler(at, end);
    if (end - at < HOLE_MIN_WORDS) return;
    struct holes *h = end - at < HOLE_OBJECT_WORDS ? &old->narrow : &old->wide;
    ((struct object *)at)->p[0] = (value)(uintptr_t)h->list;
    h->list = (struct object *)at;
}

/* Make sure that `words` words, of objects of any sizes, fit behind fresh_hp. */
bool old_reserve_fresh(struct process *p, uint64_t words)
{
    struct old_space *old = p->old;
    if ((uint64_t)(old->fresh_end - old->fresh_hp) >= words) return true;
    uint64_t want = old->block_words;
    if (want > OLD_BLOCK_WORDS) want = OLD_BLOCK_WORDS;
    if (want < words) want = words;
    struct old_block *b = old_block_new(p, want);
    if (b == NULL) return false;
    if (old->fresh_hp != old->fresh_end && old->fresh->swept)
        old_hole_add(old, old->fresh_hp, old->fresh_end);
    b->next = old->blocks;
    old->blocks = old->fresh = b;
    old->fresh_hp = old_block_start(b);
    old->fresh_end = old_block_end(b);
    old->block_words += b->size_words;
    return true;
}
