/* Schedulers: one a context, each with its run queues, timers and caches.  docs/design/scheduler.md has the protocol. */
#ifndef RUNTIME_SCHED_SCHEDULER_H
#define RUNTIME_SCHED_SCHEDULER_H

#include "runtime/sched/lock.h"
#include "runtime/sched/system.h"

struct run_queue {
    struct process *head, **tail;
    uint32_t count; /* read by thieves without the lock */
};

struct scheduler {
    struct system *system;
    struct process *current;
    unsigned index;
    uint32_t turns;

    /* -- run queues; under queue_lock -- */
    struct lock queue_lock;
    int32_t
        woken_credit; /* reductions that woken processes may take before a waiting turn of the others is due */
    struct run_queue woken;  /* processes that were waiting: short turns, soon */
    struct run_queue others; /* processes whose turn was used up */

    struct timer_wheel *timers;
    struct heap_cache *heap; /* runtime/gc/: chunks at hand, the reserve */

    /* -- epochs: see system_defer -- */
    uint64_t epoch; /* atomic; the last one seen, or EPOCH_IDLE */
    struct deferred *deferred[3];
    uint64_t deferred_epoch[3];
    uint32_t deferred_count;

    struct process *free; /* descriptors at hand */
    uint32_t free_count;
    uint64_t unique_next, unique_end;
    struct port_signal signal; /* what this scheduler sleeps on */
};
#define EPOCH_IDLE UINT64_MAX

/* Make a process runnable that is not: put it on the queue of the scheduler the caller runs on. */
void scheduler_enqueue(struct scheduler *s, struct process *p, bool woken);

#endif
