/* What a process does about its memory at a safepoint. */
#include "runtime/gc/gc.h"

static bool old_is_small(const struct process *p)
{
    return p->old == NULL || p->old->used_words <= COPYING_MAJOR_WORDS;
}

static bool major_is_due(const struct old_space *old)
{
    uint64_t wait =
        old->live_words < MAJOR_MIN_WORDS ? MAJOR_MIN_WORDS : old->live_words + old->live_words / 2;
    return old->phase == MAJOR_IDLE && old->promoted_words > wait;
}

/* Everything that is dead goes, however long it takes. */
static bool collect_everything(struct process *p, uint32_t need_words)
{
    if (p->old != NULL && p->old->phase != MAJOR_IDLE) major_slice(p, true);
    if (old_is_small(p)) return collect(p, COLLECT_FULL, need_words);
    if (!collect(p, COLLECT_MINOR, need_words)) return false;
    major_start(p);
    major_slice(p, true);
    return true;
}

static bool collect_as_due(struct process *p, uint32_t need_words)
{
    if (p->old == NULL) return collect(p, COLLECT_MINOR, need_words);
    bool due = major_is_due(p->old);
    if (due && old_is_small(p)) return collect(p, COLLECT_FULL, need_words);
    if (!collect(p, COLLECT_MINOR, need_words)) return false;
    if (due) major_start(p);
    if (p->old->phase != MAJOR_IDLE) major_slice(p, false);
    return true;
}

static bool within_limit(struct process *p)
{
    bool ok = old_blocks_charge(p);
    if (p->base != NULL && !stack_charge(p)) ok = false;
    if (process_added(p) != NULL && process_added(p)->max_heap_words != 0 &&
        heap_held_words(p) > process_added(p)->max_heap_words)
        ok = false;
    for (struct heap_chunk *c = p->young; c != NULL; c = c->next)
        if (c->flags & (CHUNK_UNCHARGED | CHUNK_RESERVE)) ok = false;
    return ok;
}

/* After everything was collected: is there room for what is worth another collection?  Else a process that creeps towards the
 * limit would spend its time collecting. */
static bool has_room(const struct process *p)
{
    const struct budget *b = p->domain->budget;
    if (b == NULL || b->limit_bytes == 0) return true;
    uint64_t taken = __atomic_load_n(&b->used_bytes, __ATOMIC_RELAXED) +
                     __atomic_load_n(&b->carved_bytes, __ATOMIC_RELAXED);
    uint64_t room = b->limit_bytes > taken ? b->limit_bytes - taken : 0;
    return room > heap_held_words(p) * 8 / 32;
}

void heap_refill_reserve(struct heap_cache *cache)
{
    if (cache->reserve == NULL) cache->reserve = memory_alloc(cache->memory, POOL_RESERVE_BYTES);
}

#define STACK_SHRINK_WORDS 1024 /* smaller ones are not worth it */

static void stack_shrink(struct process *p)
{
    if (p->base == NULL) return;
    uint64_t words = (uint64_t)(p->stack_end - p->stack);
    if (words <= STACK_SHRINK_WORDS) return;
    uint32_t used = frame_words_used(p);
    if ((uint64_t)used * 8 < words)
        frames_move_stack(p, used * 2 < STACK_SHRINK_WORDS / 2 ? STACK_SHRINK_WORDS / 2 : used * 2);
}

void heap_safepoint(struct process *p, uint32_t need_words)
{
    if (heap_pinned(p)) return;
    bool pressed = (p->flags & PROC_OUT_OF_MEMORY) != 0;
    bool everything = pressed || (p->flags & PROC_COLLECT_ALL) != 0;
#if defined(LONA_STRESS)
    if (heap_cache_of(p)->collections++ % 4 == 3) everything = true;
#endif
    bool ok = everything ? collect_everything(p, need_words) : collect_as_due(p, need_words);
    stack_shrink(p);
    p->flags &= ~(PROC_COLLECT | PROC_COLLECT_ALL | PROC_OUT_OF_MEMORY);
    heap_refill_reserve(heap_cache_of(p));
    if (!ok || !within_limit(p)) {
        if (!everything) ok = collect_everything(p, need_words);
        pressed = true;
    }
    if (pressed && (!ok || !within_limit(p) || !has_room(p))) p->flags |= PROC_OUT_OF_MEMORY;
    if (p->flags & PROC_CLEAR_TOKENS) tokens_renumber(p);
    heap_check(p);
}

void heap_collect_full(struct process *p)
{
    if (heap_pinned(p)) return;
    collect_everything(p, 0);
    p->flags &= ~PROC_COLLECT;
    heap_check(p);
}

void heap_hibernate(struct process *p)
{
    if (p->young == NULL || heap_pinned(p)) return;
    if (p->old != NULL && p->old->phase != MAJOR_IDLE) major_slice(p, true);
    if (old_is_small(p)) {
        collect(p, COLLECT_COMPACT,
                0); /* into room for all that may have been alive, then into what is enough */
        if (heap_held_words(p) > 2 * heap_used_words(p)) collect(p, COLLECT_COMPACT, 0);
    } else {
        collect_everything(p, 0);
    }
    p->flags &= ~PROC_COLLECT;
    stack_shrink(p);
}
