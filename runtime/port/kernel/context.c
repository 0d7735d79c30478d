/* Contexts, signals, time, power. */
#include "base/mem.h"
#include "runtime/port/kernel/kernel.h"

unsigned port_cpu_count(struct port *p)
{
    return p->cpus;
}

bool context_signal_make(struct port *p, struct port_context *c)
{
    return word(&c->signal, KERNEL_WORD_SIGNAL_CREATE, 0, 0, 0, 0, 0) == STATUS_OK;
}

static NORETURN void context_main(struct port_context *c)
{
    context_set_local(c);
    c->run(c->argument);
    __atomic_store_n(&c->done, 1, __ATOMIC_SEQ_CST);
    port_signal_raise(c->port, &c->joined, 1);
    struct port_signal never = {0};
    for (;;) port_signal_wait(c->port, &never, UINT64_MAX);
}

bool port_context_start(struct port *p, unsigned index, void (*run)(void *), void *argument)
{
    if (index == 0 || index >= p->cpus) return false;
    struct port_context *c = &p->contexts[index];
    if (c->run != NULL) return false;
    uint64_t stack = (uint64_t)port_memory_allocate(p, PORT_STACK_BYTES);
    if (stack == 0) return false;
    *c = (struct port_context){.run = run, .argument = argument, .port = p, .index = index, .stack = stack};
    struct word_frame f = {KERNEL_WORD_CONTEXT_CREATE,
                           {BOOT_HANDLE(BOOT_SLOT_DOMAIN), index, (uint64_t)context_main,
                            stack + PORT_STACK_BYTES - 8, (uint64_t)c}};
    if (context_signal_make(p, c) && word_call(&f) == STATUS_OK) {
        c->page_address = f.arg[1];
        if (word(NULL, KERNEL_WORD_CONTEXT_START, f.arg[0], 0, 0, 0, 0) == STATUS_OK) return true;
    }
    port_memory_free(p, (void *)stack, PORT_STACK_BYTES);
    c->run = NULL;
    return false;
}

void port_context_join(struct port *p, unsigned index)
{
    struct port_context *c = &p->contexts[index];
    if (c->run == NULL) return;
    while (__atomic_load_n(&c->done, __ATOMIC_ACQUIRE) == 0) port_signal_wait(p, &c->joined, UINT64_MAX);
}

void port_context_yield(void)
{
    word(NULL, KERNEL_WORD_YIELD, 0, 0, 0, 0, 0);
}

/* ---- signals ---- */

void port_signal_raise(struct port *p, struct port_signal *s, uint64_t bits)
{
    __atomic_fetch_or(&s->bits, bits, __ATOMIC_SEQ_CST);
    uint32_t waiter = __atomic_exchange_n(&s->waiters, 0, __ATOMIC_SEQ_CST);
    if (waiter != 0)
        word(NULL, KERNEL_WORD_SIGNAL_RAISE, p->contexts[waiter - 1].signal, WAKE_RAISED, 0, 0, 0);
}

/* The waiter announces itself in `waiters`, then looks at the bits; who raises stores the bits, then looks at `waiters`. */
uint64_t port_signal_wait(struct port *p, struct port_signal *s, uint64_t deadline_ns)
{
    struct port_context *c = context_self();
    for (;;) {
        uint64_t woken = 0, bits = __atomic_exchange_n(&s->bits, 0, __ATOMIC_SEQ_CST);
        if (bits != 0) return bits;
        __atomic_store_n(&s->waiters, c->index + 1, __ATOMIC_SEQ_CST);
        if (__atomic_load_n(&s->bits, __ATOMIC_SEQ_CST) != 0) continue;
        uint64_t deadline =
            deadline_ns == UINT64_MAX ? DEADLINE_NEVER : max_u64(deadline_ns - p->clock_offset_ns, 1);
        uint64_t status =
            word(&woken, KERNEL_WORD_SIGNAL_WAIT, c->signal, WAKE_RAISED | WAKE_INPUT, deadline, 0, 0);
        __atomic_store_n(&s->waiters, 0, __ATOMIC_SEQ_CST);
        if (status == STATUS_OK && (woken & WAKE_INPUT) != 0) console_event(p);
        if (status == STATUS_TIMEOUT) return __atomic_exchange_n(&s->bits, 0, __ATOMIC_SEQ_CST);
        if (status != STATUS_OK) port_panic(p, "a signal cannot be waited for");
    }
}

/* ---- time, entropy, power ---- */

uint64_t port_clock_ns(struct port *p)
{
    uint64_t ns = 0;
    word(&ns, KERNEL_WORD_CLOCK, 0, 0, 0, 0, 0);
    return ns + p->clock_offset_ns;
}

int64_t port_wall_clock_us(struct port *p)
{
    uint64_t us = 0;
    word(&us, KERNEL_WORD_WALL_CLOCK, 0, 0, 0, 0, 0);
    return (int64_t)us;
}

void port_entropy(struct port *p, void *to, size_t bytes)
{
    uint8_t *at = to;
    while (bytes > 0) {
        struct word_frame f = {KERNEL_WORD_ENTROPY, {0}};
        if (word_call(&f) != STATUS_OK) port_panic(p, "no entropy");
        size_t n = min_u64(bytes, 4 * sizeof f.arg[0]);
        memcpy(at, f.arg, n);
        at += n;
        bytes -= n;
    }
}

NORETURN void port_exit(struct port *p, int code)
{
    word(NULL, KERNEL_WORD_POWER, BOOT_HANDLE(BOOT_SLOT_POWER), POWER_OFF, 0, 0, 0);
    word(NULL, KERNEL_WORD_EXIT, (uint64_t)code, 0, 0, 0, 0);
    __builtin_trap();
}

NORETURN void port_panic(struct port *p, const char *message)
{
    size_t size = 0;
    while (message[size] != 0) size++;
    log_write(p, "lona: internal error: ", 22);
    log_write(p, message, size);
    log_write(p, "\n", 1);
    word(NULL, KERNEL_WORD_EXIT, 70, 0, 0, 0, 0);
    __builtin_trap();
}
