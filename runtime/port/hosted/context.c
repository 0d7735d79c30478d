/* Contexts are threads; signals are futexes. */
#include <errno.h>
#include <linux/futex.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "runtime/port/hosted/hosted.h"

unsigned port_cpu_count(struct port *p)
{
    cpu_set_t set;
    if (sched_getaffinity(0, sizeof set, &set) != 0) return 1;
    int n = CPU_COUNT(&set);
    return n < 1 ? 1 : n > PORT_CONTEXTS ? PORT_CONTEXTS : (unsigned)n;
}

static void *context_main(void *argument)
{
    struct port_context *c = argument;
    c->run(c->argument);
    return NULL;
}

bool port_context_start(struct port *p, unsigned index, void (*run)(void *), void *argument)
{
    if (index >= PORT_CONTEXTS || p->contexts[index].started) return false;
    struct port_context *c = &p->contexts[index];
    c->run = run;
    c->argument = argument;
    c->started = pthread_create(&c->thread, NULL, context_main, c) == 0;
    return c->started;
}

void port_context_join(struct port *p, unsigned index)
{
    struct port_context *c = &p->contexts[index];
    if (!c->started) return;
    pthread_join(c->thread, NULL);
    c->started = false;
}

void port_context_yield(void)
{
    sched_yield();
}

void port_signal_raise(struct port *p, struct port_signal *s, uint64_t bits)
{
    __atomic_fetch_or(&s->bits, bits, __ATOMIC_SEQ_CST);
    if (__atomic_exchange_n(&s->waiters, 0, __ATOMIC_SEQ_CST) != 0)
        syscall(SYS_futex, &s->waiters, FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0);
}

/* The waiter announces itself in `waiters`, then looks at the bits; who raises stores the bits, then looks at `waiters`:
 * with both in one total order, one of them sees the other. */
uint64_t port_signal_wait(struct port *p, struct port_signal *s, uint64_t deadline_ns)
{
    for (;;) {
        uint64_t bits = __atomic_exchange_n(&s->bits, 0, __ATOMIC_SEQ_CST);
        if (bits != 0) return bits;
        __atomic_store_n(&s->waiters, 1, __ATOMIC_SEQ_CST);
        if (__atomic_load_n(&s->bits, __ATOMIC_SEQ_CST) != 0) {
            __atomic_store_n(&s->waiters, 0, __ATOMIC_RELAXED);
            continue;
        }
        struct timespec until, *timeout = NULL;
        if (deadline_ns != UINT64_MAX) {
            if (port_clock_ns(p) >= deadline_ns) {
                __atomic_store_n(&s->waiters, 0, __ATOMIC_RELAXED);
                return __atomic_exchange_n(&s->bits, 0, __ATOMIC_SEQ_CST);
            }
            uint64_t real_ns = deadline_ns - p->clock_offset_ns;
            until.tv_sec = (time_t)(real_ns / 1000000000u);
            until.tv_nsec = (long)(real_ns % 1000000000u);
            timeout = &until;
        }
        /* FUTEX_WAIT_BITSET takes an absolute time of the monotonic clock, the one that port_clock_ns reads
         * (but for the offset of an image) */
        syscall(SYS_futex, &s->waiters, FUTEX_WAIT_BITSET_PRIVATE, 1, timeout, NULL, FUTEX_BITSET_MATCH_ANY);
    }
}

uint64_t port_clock_ns(struct port *p)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec + p->clock_offset_ns;
}

int64_t port_wall_clock_us(struct port *p)
{
    struct timespec t;
    clock_gettime(CLOCK_REALTIME, &t);
    return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

void port_entropy(struct port *p, void *to, size_t bytes)
{
    uint8_t *at = to;
    while (bytes > 0) {
        ssize_t n = getrandom(at, bytes, 0);
        if (n < 0 && errno != EINTR) port_panic(p, "no entropy");
        if (n <= 0) continue;
        at += n;
        bytes -= (size_t)n;
    }
}

NORETURN void port_exit(struct port *p, int code)
{
    fflush(NULL);
    port_hosted_restore_terminal(p);
    exit(code);
}

NORETURN void port_panic(struct port *p, const char *message)
{
    if (p != NULL) port_hosted_restore_terminal(p);
    fprintf(stderr, "lona: internal error: %s\n", message);
    abort();
}
