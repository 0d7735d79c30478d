/* A lock for short critical sections: spins, then lets the CPU go.  Not fair, not recursive.
 * Order when two are held: domain tree, then names, then processes (by ascending address), then run queue or timers. */
#ifndef RUNTIME_SCHED_LOCK_H
#define RUNTIME_SCHED_LOCK_H

#include "base/types.h"

struct lock {
    uint32_t held; /* atomic */
};

void lock_acquire_slow(struct lock *l);

static inline bool lock_try(struct lock *l)
{
    return __atomic_load_n(&l->held, __ATOMIC_RELAXED) == 0 &&
           __atomic_exchange_n(&l->held, 1, __ATOMIC_ACQUIRE) == 0;
}
static inline void lock_acquire(struct lock *l)
{
    if (UNLIKELY(__atomic_exchange_n(&l->held, 1, __ATOMIC_ACQUIRE) != 0)) lock_acquire_slow(l);
}
static inline void lock_release(struct lock *l)
{
    __atomic_store_n(&l->held, 0, __ATOMIC_RELEASE);
}

#endif
