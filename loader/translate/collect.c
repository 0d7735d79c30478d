/* Exceptions that nothing refers to are freed: programs that jump by exceptions (setjmp compiled for modules) make millions.
 *
 * References are looked for conservatively: whatever word of the context's stack, or of a reachable exception's values, equals an exception's
 * address keeps it.  References elsewhere (tables, globals, the host) set keeps_exceptions, and then none is freed before the context ends.
 * Cost: linear in the stack and the exceptions; it comes again when twice what remained has been made, 1 MiB at least. */
#include "loader/translate/tier1.h"

#define COLLECT_BYTES_MIN ((uint64_t)1 << 20)

/* A set of addresses by open addressing; what is marked goes to the list as well. */
struct marking {
    struct wasm_exception **slots, **list;
    bool *marked;
    uint32_t mask, listed, count;
};

static uint32_t hash(const struct marking *k, uintptr_t address)
{
    return (uint32_t)((address >> 4) * 0x9e3779b97f4a7c15u >> 32) & k->mask;
}

static void add(struct marking *k, struct wasm_exception *x)
{
    uint32_t i = hash(k, (uintptr_t)x);
    while (k->slots[i]) i = (i + 1) & k->mask;
    k->slots[i] = x;
}

static void mark(struct marking *k, uintptr_t address)
{
    if (address & 15) return;
    for (uint32_t i = hash(k, address); k->slots[i]; i = (i + 1) & k->mask) {
        if ((uintptr_t)k->slots[i] != address) continue;
        if (!k->marked[i]) k->list[k->listed++] = k->slots[i];
        k->marked[i] = true;
        return;
    }
}

static bool is_marked(const struct marking *k, const struct wasm_exception *x)
{
    uint32_t i = hash(k, (uintptr_t)x);
    while (k->slots[i] != x) i = (i + 1) & k->mask;
    return k->marked[i];
}

/* The words from here to the stack's top, registers that calls keep included. */
__attribute__((noinline, no_sanitize("address"))) static void mark_stack(struct marking *k,
                                                                         const struct wasm_context *c)
{
    __builtin_unwind_init();
    uintptr_t from = (uintptr_t)__builtin_frame_address(0) - 128;
    if (from < (uintptr_t)c->stack || from >= c->stack_top) return;
    for (const uintptr_t *p = (const uintptr_t *)(from & ~(uintptr_t)7); (uintptr_t)p < c->stack_top; p++)
        mark(k, *p);
}

static void sweep(struct marking *k, struct wasm_context *c)
{
    const struct wasm_allocator *a = &c->host->allocator;
    for (struct wasm_exception **at = &c->exceptions; *at;) {
        struct wasm_exception *x = *at;
        if (is_marked(k, x)) {
            at = &x->next;
            continue;
        }
        size_t bytes = sizeof *x + x->count * sizeof(union wasm_value);
        *at = x->next;
        c->exception_bytes -= bytes;
        a->free(a->context, x, bytes);
    }
}

void wasm_exceptions_collect(struct wasm_context *c)
{
    const struct wasm_allocator *a = &c->host->allocator;
    if (c->exception_bytes < c->exceptions_due || c->exception_bytes < COLLECT_BYTES_MIN ||
        c->keeps_exceptions)
        return;
    struct marking k = {0};
    for (struct wasm_exception *x = c->exceptions; x; x = x->next) k.count++;
    uint32_t room = 64;
    while (room < 2 * k.count) room *= 2;
    k.mask = room - 1;
    k.slots = a->alloc(a->context, room * sizeof *k.slots);
    k.list = a->alloc(a->context, k.count * sizeof *k.list);
    k.marked = a->alloc(a->context, room * sizeof *k.marked);
    if (k.slots && k.list && k.marked) {
        for (struct wasm_exception *x = c->exceptions; x; x = x->next) add(&k, x);
        mark(&k, (uintptr_t)c->exception);
        mark_stack(&k, c);
        for (uint32_t i = 0; i < k.listed; i++)
            for (uint32_t v = 0; v < k.list[i]->count; v++) mark(&k, (uintptr_t)k.list[i]->values[v].ref);
        sweep(&k, c);
    }
    c->exceptions_due =
        2 * c->exception_bytes > COLLECT_BYTES_MIN ? 2 * c->exception_bytes : COLLECT_BYTES_MIN;
    if (k.slots) a->free(a->context, k.slots, room * sizeof *k.slots);
    if (k.list) a->free(a->context, k.list, k.count * sizeof *k.list);
    if (k.marked) a->free(a->context, k.marked, room * sizeof *k.marked);
}
