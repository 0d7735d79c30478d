/* Marking segments of the shared arena: single references, processes, what is marked already. */
#include "runtime/debug/debug.h"
#include "runtime/gc/gc.h"
#include "runtime/gc/shared.h"

#define FIRST_GRANULE (ARENA_TABLE_BYTES / ARENA_GRANULE)
#define SCAN_AT_ONCE_WORDS (1u << 17) /* of old objects, about 0.2 ms */

/* ---- marking ---- */

/* The segment that a word points into, if it does; words that only look like pointers do no harm. */
static struct segment *segment_of_word(const struct arena *a, uint64_t word)
{
    uint64_t granule = (word - ARENA_BASE) / ARENA_GRANULE;
    if (word - ARENA_BASE >= ARENA_SIZE || granule < FIRST_GRANULE ||
        granule >= __atomic_load_n(&a->top, __ATOMIC_RELAXED))
        return NULL;
    uint32_t first = __atomic_load_n(&a->table[granule], __ATOMIC_ACQUIRE);
    if (first == 0 || (first & TABLE_FREE)) return NULL;
    return (struct segment *)(ARENA_BASE + (uint64_t)first * ARENA_GRANULE);
}

static void mark_word(struct arena *a, uint32_t epoch, uint64_t word)
{
    if (LIKELY(word - ARENA_BASE >= ARENA_SIZE)) return;
    struct segment *s = segment_of_word(a, word);
    if (s == NULL || __atomic_load_n(&s->kind, __ATOMIC_RELAXED) == SEGMENT_LINK) return;
    if (__atomic_load_n(&s->mark_epoch, __ATOMIC_RELAXED) == epoch) return;
    if (__atomic_exchange_n(&s->mark_epoch, epoch, __ATOMIC_RELAXED) == epoch) return;
    struct segment *head = __atomic_load_n(&a->gray, __ATOMIC_RELAXED);
    do s->gray_next = head;
    while (!__atomic_compare_exchange_n(&a->gray, &head, s, true, __ATOMIC_RELEASE, __ATOMIC_RELAXED));
}

static void mark_words(struct arena *a, uint32_t epoch, const value *at, const value *end)
{
    for (; at < end; at++) mark_word(a, epoch, *at);
}

static void mark_message(struct arena *a, uint32_t epoch, const struct message *m)
{
    mark_word(a, epoch, m->content);
    if (m->size_words == 0) return;
    mark_words(a, epoch, m->words, m->words + m->size_words);
    for (const struct heap_chunk *c = (void *)(uintptr_t)m->words[1]; c != NULL; c = c->next)
        mark_words(a, epoch, heap_chunk_start(c), c->top);
}

void shared_shade_slow(struct arena *a, value v)
{
    uint32_t epoch = __atomic_load_n(&a->shade_epoch, __ATOMIC_SEQ_CST);
    if (epoch != 0) mark_word(a, epoch, v);
}

void shared_shade_words(struct arena *a, const value *at, uint64_t words)
{
    uint32_t epoch = __atomic_load_n(&a->shade_epoch, __ATOMIC_SEQ_CST);
    if (epoch != 0) mark_words(a, epoch, at, at + words);
}

void shared_shade_message(struct arena *a, const struct message *m)
{
    uint32_t epoch = __atomic_load_n(&a->shade_epoch, __ATOMIC_SEQ_CST);
    if (epoch != 0) mark_message(a, epoch, m);
}

/* Look through what is marked, transitively; false: there is more. */
bool shared_drain(struct arena *a, uint64_t until_ns)
{
    struct segment *s = NULL;
    while ((s = __atomic_exchange_n(&a->gray, NULL, __ATOMIC_ACQUIRE)) != NULL) {
        for (struct segment *next = NULL; s != NULL; s = next) {
            next = s->gray_next;
            const value *at = segment_start(s);
            uint64_t words = s->kind == SEGMENT_OBJECTS
                                 ? s->words
                                 : ((uint64_t)s->granules * ARENA_GRANULE - sizeof *s) / 8;
            mark_words(a, a->epoch, at, at + words);
        }
        if (port_clock_ns(a->memory.port) >= until_ns)
            return __atomic_load_n(&a->gray, __ATOMIC_RELAXED) == NULL;
    }
    return true;
}

/* ---- processes ---- */

static void scan_block(struct arena *a, struct old_block *b)
{
    mark_words(a, a->epoch, old_block_start(b), old_block_end(b));
    b->scan_epoch = a->epoch;
}

/* Everything but the old objects: bounded by the nursery, the stack and the messages. */
static void scan_near(struct arena *a, struct process *p)
{
    uint32_t epoch = a->epoch;
    const uint64_t fields[] = {p->prim_state,  p->error,         p->dynamic,
                               p->exit_reason, (uintptr_t)p->ip, (uintptr_t)p->link};
    for (unsigned i = 0; i < COUNT_OF(fields); i++) mark_word(a, epoch, fields[i]);
    if (p->base != NULL) mark_words(a, epoch, p->stack, p->stack + frame_words_used(p));
    for (const struct heap_chunk *c = p->young; c != NULL; c = c->next)
        mark_words(a, epoch, heap_chunk_start(c), c == p->young ? p->hp : c->top);
    for (const struct message *m = p->queue; m != NULL; m = m->next) mark_message(a, epoch, m);
    for (const struct message *m = __atomic_load_n(&p->inbox, __ATOMIC_ACQUIRE);
         m != NULL && m != INBOX_CLOSED; m = m->next)
        mark_message(a, epoch, m);
    if (p->ext != NULL) mark_word(a, epoch, p->ext->label);
    const struct process_debug *d = debug_state(p);
    if (d != NULL) mark_words(a, epoch, (const value *)d, (const value *)(d + 1));
}

/* Some old blocks; true when all are done. */
static bool scan_blocks(struct arena *a, struct process *p, uint64_t words)
{
    struct old_space *old = p->old;
    for (unsigned list = 0; list < 2; list++)
        for (struct old_block *b = list == 0 ? old->blocks : old->unswept; b != NULL; b = b->next) {
            if (b->scan_epoch == a->epoch) continue;
            if (words < b->size_words && words != SCAN_AT_ONCE_WORDS) return false;
            scan_block(a, b);
            words -= words < b->size_words ? words : b->size_words;
        }
    return true;
}

void shared_scan_process(struct scheduler *s, struct process *p)
{
    struct arena *a = s->system->arena;
    uint32_t epoch = __atomic_load_n(&a->scan_epoch, __ATOMIC_ACQUIRE);
    bool running = __atomic_load_n(&a->shade_epoch, __ATOMIC_SEQ_CST) == epoch;
    if (running && p->shared_epoch != epoch) {
        if (p->old == NULL || p->old->scan_epoch != epoch) scan_near(a, p);
        if (p->old != NULL) {
            p->old->scan_epoch = epoch;
            if (!scan_blocks(a, p, SCAN_AT_ONCE_WORDS)) return;
        }
    }
    __atomic_store_n(&p->shared_epoch, epoch, __ATOMIC_RELEASE);
}

bool shared_scan_running(const struct process *p)
{
    const struct arena *a = p->domain->system->arena;
    uint32_t epoch = __atomic_load_n(&a->shade_epoch, __ATOMIC_SEQ_CST);
    return UNLIKELY(epoch != 0) && p->old != NULL && p->old->scan_epoch == epoch && p->shared_epoch != epoch;
}

void shared_leave_block(struct process *p, struct old_block *b)
{
    if (UNLIKELY(shared_scan_running(p)) && b->scan_epoch != p->old->scan_epoch)
        scan_block(p->domain->system->arena, b);
}

void shared_leave_old(struct process *p)
{
    if (LIKELY(!shared_scan_running(p))) return;
    scan_blocks(p->domain->system->arena, p, UINT64_MAX);
    __atomic_store_n(&p->shared_epoch, p->old->scan_epoch, __ATOMIC_RELEASE);
}
