/* The course of a cycle. */
#include "runtime/gc/gc.h"
#include "runtime/gc/shared.h"
#include "runtime/sched/atom.h"

enum shared_phase { SHARED_IDLE, SHARED_SHADING, SHARED_SCANNING, SHARED_CLOSING, SHARED_SWEEPING };

#if defined(LONA_STRESS)
#define CYCLE_MIN_GRANULES 64
#else
#define CYCLE_MIN_GRANULES (1u << 15) /* 8 MiB allocated between two cycles, at least */
#endif
#define SLICE_NS 1000000
#define WAKE_SLICE 1000  /* processes */
#define SWEEP_SLICE 4096 /* segments and free runs */
#define FIRST_GRANULE (ARENA_TABLE_BYTES / ARENA_GRANULE)

static void set_phase(struct arena *a, enum shared_phase phase)
{
    __atomic_store_n(&a->phase, phase, __ATOMIC_SEQ_CST);
}

static void mark_root(void *context, value v)
{
    struct arena *a = context;
    shared_shade(a, v);
}

static void mark_slot(void *context, value *slot)
{
    mark_root(context, __atomic_load_n(slot, __ATOMIC_RELAXED));
}

/* Every scheduler has begun a new turn since the phase was entered.  Cells and atoms are looked through before the first
 * process is: so what a process that is done reads from them is marked. */
static void grace_over(struct system *s, struct deferred *d)
{
    struct arena *a = s->arena;
    if (a->phase == SHARED_SHADING) {
        a->wake_index = a->waiting = 0;
        domains_visit_shared(s, mark_root, a);
        atoms_visit(s, mark_slot, a);
        __atomic_store_n(&a->scan_epoch, a->epoch, __ATOMIC_SEQ_CST);
        set_phase(a, SHARED_SCANNING);
    } else {
        lock_acquire(&a->lock);
        a->sweep_at = FIRST_GRANULE;
        lock_release(&a->lock);
        shared_gray_drop(a);
        set_phase(a, SHARED_SWEEPING);
    }
}

static bool cycle_is_due(const struct arena *a)
{
    uint64_t wait = __atomic_load_n(&a->live_granules, __ATOMIC_RELAXED) / 2;
    if (wait < CYCLE_MIN_GRANULES) wait = CYCLE_MIN_GRANULES;
    return __atomic_load_n(&a->allocated_granules, __ATOMIC_RELAXED) > wait ||
           __atomic_load_n(&a->requested, __ATOMIC_RELAXED) != a->cycles_begun;
}

/* Shading comes first: whoever sees the new epoch at a segment's birth must shade what goes into it. */
static void cycle_begin(struct system *s)
{
    struct arena *a = s->arena;
    uint32_t epoch = a->epoch + 1;
    a->cycles_begun = __atomic_load_n(&a->requested, __ATOMIC_RELAXED);
    __atomic_store_n(&a->allocated_granules, 0, __ATOMIC_RELAXED);
    a->gray_lost = false;
    set_phase(a, SHARED_SHADING);
    __atomic_store_n(&a->shade_epoch, epoch, __ATOMIC_SEQ_CST);
    __atomic_store_n(&a->epoch, epoch, __ATOMIC_SEQ_CST);
    system_defer(s, &a->grace, grace_over);
}

static void mark_timer(void *context, struct message *m)
{
    struct arena *a = context;
    shared_shade_message(a, m);
}

static bool schedulers_done(struct system *s)
{
    bool done = true;
    for (unsigned i = 0; i < s->scheduler_count; i++)
        if (__atomic_load_n(&s->schedulers[i].heap->scan_epoch, __ATOMIC_ACQUIRE) != s->arena->epoch) {
            done = false;
            port_signal_raise(s->port, &s->schedulers[i].signal, SIGNAL_WORK);
        }
    return done;
}

/* Ask processes to look through themselves; true when a whole pass found none that had not. */
static bool processes_done(struct scheduler *s)
{
    struct arena *a = s->system->arena;
    for (unsigned n = 0; n < WAKE_SLICE; n++) {
        struct process *p = process_next(s->system, &a->wake_index);
        if (p == NULL) {
            bool all = a->waiting == 0;
            a->wake_index = a->waiting = 0;
            return all;
        }
        if (__atomic_load_n(&p->shared_epoch, __ATOMIC_ACQUIRE) == a->epoch) continue;
        a->waiting++;
        if (process_state(p) != PS_NEW)
            process_alert(s, p);
        else if (s->index == 0 && p->scheduler == s) /* the host's own, made on this thread: it never runs */
            shared_scan_process(s, p);
        else
            port_signal_raise(s->system->port, &s->system->schedulers[0].signal, SIGNAL_WORK);
    }
    return false;
}

static void scanning(struct scheduler *s)
{
    struct system *sys = s->system;
    struct arena *a = sys->arena;
    bool all = processes_done(s);
    if (!schedulers_done(sys)) all = false;
    if (!shared_drain(a, port_clock_ns(sys->port) + SLICE_NS) || !all) return;
    __atomic_store_n(&a->shade_epoch, 0, __ATOMIC_SEQ_CST);
    set_phase(a, SHARED_CLOSING);
    system_defer(sys, &a->grace, grace_over);
}

static bool is_dead(const struct arena *a, const struct segment *s)
{
    uint16_t kind = __atomic_load_n(&s->kind, __ATOMIC_ACQUIRE);
    if (a->gray_lost) return false;
    return (kind == SEGMENT_OBJECTS || kind == SEGMENT_UNIT) && !(s->flags & SEGMENT_PINNED) &&
           __atomic_load_n(&s->mark_epoch, __ATOMIC_RELAXED) != a->epoch;
}

/* The next dead segment, at or behind sweep_at; NULL: the slice is used up, or everything is swept (then *end). */
static struct segment *next_dead(struct arena *a, uint32_t *steps, bool *end)
{
    struct segment *found = NULL;
    lock_acquire(&a->lock);
    for (; found == NULL && *steps > 0; --*steps) {
        if (a->sweep_at >= a->top) {
            *end = true;
            break;
        }
        struct segment *s = (struct segment *)(ARENA_BASE + a->sweep_at * ARENA_GRANULE);
        if (a->table[a->sweep_at].first & TABLE_FREE) {
            a->sweep_at += ((struct free_run *)s)->granules;
            continue;
        }
        a->sweep_at += s->granules;
        if (is_dead(a, s)) found = s;
    }
    lock_release(&a->lock);
    return found;
}

static void sweeping(struct system *s)
{
    struct arena *a = s->arena;
    uint32_t steps = SWEEP_SLICE;
    bool end = false;
    for (struct segment *dead = NULL; (dead = next_dead(a, &steps, &end)) != NULL;) {
        if (dead->kind == SEGMENT_UNIT) unit_retire(s, segment_start(dead));
        if (dead->offheap != 0) offheap_release_all(s, dead->offheap);
        segment_free(a, dead);
    }
    if (!end) return;
    __atomic_store_n(&a->live_granules, arena_used_bytes(s) / ARENA_GRANULE, __ATOMIC_RELAXED);
    __atomic_fetch_add(&a->cycles, 1, __ATOMIC_RELAXED);
    set_phase(a, SHARED_IDLE);
}

void shared_upkeep(struct scheduler *s)
{
    struct arena *a = s->system->arena;
    uint32_t phase = __atomic_load_n(&a->phase, __ATOMIC_SEQ_CST);
    if (LIKELY(phase == SHARED_IDLE) && !cycle_is_due(a)) return;
    if (phase == SHARED_SCANNING && s->heap->scan_epoch != a->epoch) {
        timers_visit_messages(s, mark_timer, a);
        __atomic_store_n(&s->heap->scan_epoch, a->epoch, __ATOMIC_RELEASE);
    }
    uint32_t free = 0;
    if (!__atomic_compare_exchange_n(&a->busy, &free, 1, false, __ATOMIC_ACQUIRE, __ATOMIC_RELAXED)) return;
    switch (__atomic_load_n(&a->phase, __ATOMIC_SEQ_CST)) {
    case SHARED_IDLE:
        if (cycle_is_due(a)) cycle_begin(s->system);
        break;
    case SHARED_SCANNING: scanning(s); break;
    case SHARED_SWEEPING: sweeping(s->system); break;
    default: break;
    }
    __atomic_store_n(&a->busy, 0, __ATOMIC_RELEASE);
}

void shared_request(struct system *s)
{
    __atomic_fetch_add(&s->arena->requested, 1, __ATOMIC_RELAXED);
}

uint32_t shared_cycles(struct system *s)
{
    return __atomic_load_n(&s->arena->cycles, __ATOMIC_RELAXED);
}
