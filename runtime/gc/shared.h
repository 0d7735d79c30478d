/* Collection of the shared arena: segments that nothing refers to any more are found and freed while everything runs.
 * docs/design/collector.md has the argument why it is right.
 *
 * A cycle: SHADING begins (every flow of a reference marks what flows); when all schedulers have begun a new turn, each
 * process is looked through at the beginning of a turn of its own, each scheduler looks through its timers, and one looks
 * through the cells of all domains and the atoms.  What is marked is looked through in turn.  When nothing is left, shading
 * ends, and when again all schedulers have begun a new turn, what is not marked is freed.
 *
 * Where a program's reference to a segment may newly come to lie in a place that was looked through, or vanish from one that
 * was not, the code there calls shared_shade(): messages and spawn (gc/copy.c), publishing, definitions, atoms. */
#ifndef RUNTIME_GC_SHARED_H
#define RUNTIME_GC_SHARED_H

#include "runtime/gc/arena.h"
#include "runtime/sched/message.h"
#include "runtime/sched/scheduler.h"

/* What a process or cell refers to is about to change, or to be stored: v is old or new.  Any thread.  O(1). */
void shared_shade_slow(struct arena *a, value v);
static inline bool shared_shading(const struct arena *a)
{
    return __atomic_load_n(&a->shade_epoch, __ATOMIC_SEQ_CST) != 0;
}
static inline void shared_shade(struct arena *a, value v)
{
    if (UNLIKELY(shared_shading(a))) shared_shade_slow(a, v);
}

void shared_shade_message(struct arena *a, const struct message *m);
/* The same for all that objects refer to which lie one behind the other. */
void shared_shade_objects(struct arena *a, const value *at, const value *end);

/* Look through what is marked, transitively; false: there is more, but the time is up.  The cycle's only. */
void shared_gray_drop(struct arena *a);
bool shared_drain(struct arena *a, uint64_t until_ns);

/* At the beginning of a turn of p, which the caller runs: look through it if it is due. */
void shared_scan_process(struct scheduler *s, struct process *p);
static inline void shared_turn(struct scheduler *s, struct process *p)
{
    const struct arena *a = s->system->arena;
    if (UNLIKELY(__atomic_load_n(&a->scan_epoch, __ATOMIC_ACQUIRE) != p->shared_epoch))
        shared_scan_process(s, p);
}
/* For a new process, before it is given anything: while processes are looked through, all it is given is marked on the way,
 * so it counts as looked through. */
static inline void shared_process_init(struct scheduler *s, struct process *p)
{
    p->shared_epoch = __atomic_load_n(&s->system->arena->scan_epoch, __ATOMIC_SEQ_CST);
}

/* A SHARED value for another domain: a copy of what leads to atoms, with atom(context, a) in place of each atom a (once for each),
 * VAL_ERROR if that fails or there is no memory.  What leads to none is shared as it is.  O(what leads to atoms). */
value arena_rehome(struct arena *a, value v, value (*atom)(void *context, value atom), void *context);

/* Between turns, now and then, by every scheduler: a bounded piece of what a cycle needs. */
void shared_upkeep(struct scheduler *s);
/* Ask for a cycle now, whatever was allocated; for tests and (gc).  It runs by shared_upkeep(). */
void shared_request(struct system *s);
uint32_t shared_cycles(struct system *s); /* cycles ended so far */

/* Say what lies in a segment of arena_alloc(): code units are unlinked by unit_retire() before they are freed; links are
 * freed with their unit or domain, and not looked for. */
void arena_set_kind(struct system *s, void *at, enum segment_kind kind);

/* ---- provided by others ---- */
void domains_visit_shared(struct system *s, void (*visit)(void *context, value v),
                          void *context); /* sched/cells.c */
void timers_visit_messages(struct scheduler *s, void (*visit)(void *context, struct message *m),
                           void *context);
void unit_retire(struct system *s, void *unit); /* vm/load.c: nothing refers to the unit any more */

#endif
