#include "runtime/sched/lock.h"

#include "runtime/port/port.h"
#include "runtime/sched/scheduler.h"

#define SPINS 100

static inline void pause_cpu(void)
{
#if defined(__x86_64__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    __asm__ volatile("yield");
#endif
}

void lock_acquire_slow(struct lock *l)
{
    for (unsigned i = 0;; i++) {
        if (lock_try(l)) return;
        if (i < SPINS)
            pause_cpu();
        else
            port_context_yield();
    }
}

void process_lock_slow(struct process *p)
{
    for (unsigned i = 0;; i++) {
        if ((__atomic_load_n(&p->state, __ATOMIC_RELAXED) & PS_LOCKED) == 0 &&
            (__atomic_fetch_or(&p->state, PS_LOCKED, __ATOMIC_ACQUIRE) & PS_LOCKED) == 0)
            return;
        if (i < SPINS)
            pause_cpu();
        else
            port_context_yield();
    }
}
