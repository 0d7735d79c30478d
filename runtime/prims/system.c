/* Time, chance, the console, the end of the system. */
#include "base/mem.h"
#include "runtime/gc/pool.h"
#include "runtime/prims/declare.h"
#include "runtime/sched/domain.h"
#include "runtime/gc/pool.h"
#include "runtime/sched/scheduler.h"
#include "runtime/value/collection.h"
#include "runtime/value/number.h"
#include "runtime/value/string.h"
#include "runtime/vm/frames.h"

static struct port *port_of(struct process *p)
{
    return p->domain->system->port;
}

/* ---- time and chance ---- */

value prim_now_ms(struct process *p, value *a, unsigned argc)
{
    return number_from_i64(p, port_wall_clock_us(port_of(p)) / 1000);
}

value prim_now(struct process *p, value *a, unsigned argc)
{
    struct object *o = heap_alloc(p, T_INSTANT, 0, 1);
    o->p[0] = (value)port_wall_clock_us(port_of(p));
    return from_obj(o);
}

value prim_now_ns(struct process *p, value *a, unsigned argc)
{
    return number_from_u64(p, port_clock_ns(port_of(p)));
}

value prim_entropy(struct process *p, value *a, unsigned argc)
{
    if (!is_fixnum(a[0]) || to_fixnum(a[0]) < 0 || to_fixnum(a[0]) > 65536)
        return process_fail(p, ERR_ARGUMENT, a[0], "-entropy takes a count of bytes from 0 to 65536");
    uint8_t bytes[256];
    size_t n = (size_t)to_fixnum(a[0]);
    if (n <= sizeof bytes) {
        port_entropy(port_of(p), bytes, n);
        return binary_make(p, bytes, n);
    }
    void *block = pool_alloc(p->scheduler->heap, n);
    if (block == NULL) return process_fail(p, ERR_OUT_OF_MEMORY, NIL, "no memory for %u bytes", (uint64_t)n);
    port_entropy(port_of(p), block, n);
    value v = binary_make(p, block, n);
    pool_free(p->scheduler->heap, block, n);
    return v;
}

value prim_unique_id(struct process *p, value *a, unsigned argc)
{
    return number_from_u64(p, unique_number(p->scheduler));
}

/* ---- memory ---- */

/* The collection happens at the safepoint before this instruction runs again. */
value prim_garbage_collect(struct process *p, value *a, unsigned argc)
{
    if (p->prim_state != NIL) {
        p->prim_state = NIL;
        return NIL;
    }
    p->prim_state = TRUE_;
    process_attention(p, PROC_COLLECT | PROC_COLLECT_ALL);
    return VAL_YIELD;
}

value prim_resident_bytes(struct process *p, value *a, unsigned argc)
{
    return number_from_u64(p, port_memory_resident(port_of(p)));
}

/* ---- the end ---- */

value prim_halt(struct process *p, value *a, unsigned argc)
{
    if (!is_fixnum(a[0]) || to_fixnum(a[0]) < 0 || to_fixnum(a[0]) > 255)
        return process_fail(p, ERR_ARGUMENT, a[0], "-halt takes an exit code from 0 to 255");
    struct system *s = p->domain->system;
    if (p->domain != s->root)
        return process_fail(p, ERR_NO_CAPABILITY, NIL, "only the root domain may stop the system");
    system_halt(s, (int)to_fixnum(a[0]));
    p->exit_reason = s->keywords[KW_NORMAL];
    return VAL_EXIT;
}

/* ---- console ---- */

static value io_fail(struct process *p, const char *what)
{
    return process_fail(p, ERR_IO, NIL, "%s", what);
}

#define OUTPUT_RETRY_NS 1000000

/* Wait a moment for whoever reads our output, holding up nobody else. */
static value wait_for_output(struct process *p)
{
    struct scheduler *s = p->scheduler;
    process_lock(p);
    struct process_ext *e = process_ext(s, p);
    process_unlock(p);
    if (e == NULL) return VAL_YIELD;
    timer_set_wake(s, &e->timer, p, port_clock_ns(s->system->port) + OUTPUT_RETRY_NS);
    return VAL_SUSPEND;
}

/* Output is written as far as it goes; what is left is written at a later turn.  prim_state: bytes written so far. */
value prim_console_write(struct process *p, value *a, unsigned argc)
{
    size_t size, done = p->prim_state == NIL ? 0 : (size_t)to_fixnum(p->prim_state);
    const char *bytes;
    if (is_string(a[1]))
        bytes = string_bytes(a[1], &size);
    else if (is_binary(a[1]))
        bytes = (const char *)binary_bytes(a[1], &size);
    else
        return fail_type(p, "-console-write", 2, a[1], "a string or binary");
    int stream = a[0] == from_fixnum(2) ? 2 : 1;
    size_t piece = size - done < 16384 ? size - done : 16384;
    int64_t n = piece == 0 ? 0 : port_console_write(port_of(p), stream, bytes + done, piece);
    p->prim_state = NIL;
    p->reductions -= 50;
    if (n < 0 && n != -PORT_WOULD_BLOCK) return io_fail(p, "the console does not take output");
    if (n > 0) done += (size_t)n;
    if (done == size) {
        receive_rearm(p); /* it may have waited, with the timer of a receive that it is part of */
        return NIL;
    }
    p->prim_state = from_fixnum((int64_t)done);
    return n == -PORT_WOULD_BLOCK ? wait_for_output(p) : VAL_YIELD;
}

value prim_fail_allocation(struct process *p, value *a, unsigned argc)
{
    if (!is_fixnum(a[0]) || to_fixnum(a[0]) < 0)
        return fail_type(p, "-fail-allocation", 1, a[0], "a number of allocations");
    if (p->domain != p->domain->system->root)
        return process_fail(p, ERR_NO_CAPABILITY, NIL, "only the root domain may make allocations fail");
#if defined(LONA_FAIL_ALLOC)
    struct memory *m = arena_memory(p->domain->system);
    return from_fixnum(
        (int64_t)__atomic_exchange_n(&m->fail_after, (uint64_t)to_fixnum(a[0]), __ATOMIC_RELAXED));
#else
    return NIL;
#endif
}

/* Waits until somebody outside wants to interrupt the program. */
value prim_await_interrupt(struct process *p, value *a, unsigned argc)
{
    struct system *s = p->domain->system;
    if (p->domain != s->root)
        return process_fail(p, ERR_NO_CAPABILITY, NIL, "only the root domain hears of interrupts");
    __atomic_store_n(&s->shared->interrupt_waiter, p->id, __ATOMIC_SEQ_CST);
    port_interrupt_watch(s->port, &s->schedulers[0].signal, SIGNAL_INTERRUPT);
    if (__atomic_exchange_n(&s->shared->interrupted, 0, __ATOMIC_SEQ_CST) == 0) return VAL_SUSPEND;
    return TRUE_;
}

static bool has_console(struct process *p)
{
    if (p->domain == p->domain->system->root) return true;
    process_fail(p, ERR_NO_CAPABILITY, NIL, "only the root domain has the console's input");
    return false;
}

/* Waits without holding a scheduler: the port raises a signal when there is something to read. */
value prim_console_read(struct process *p, value *a, unsigned argc)
{
    struct system *s = p->domain->system;
    char bytes[4096];
    if (!has_console(p)) return VAL_ERROR;
    int64_t n = port_console_read(s->port, bytes, sizeof bytes);
    if (n > 0) return binary_make(p, bytes, (size_t)n);
    if (n == 0) return NIL;
    if (n != -PORT_WOULD_BLOCK) return io_fail(p, "the console cannot be read");
    __atomic_store_n(&s->shared->console_reader, p->id, __ATOMIC_SEQ_CST);
    port_console_watch(s->port, &s->schedulers[0].signal, SIGNAL_CONSOLE);
    return VAL_SUSPEND;
}

value prim_console_raw(struct process *p, value *a, unsigned argc)
{
    if (!has_console(p)) return VAL_ERROR;
    return from_bool(port_console_raw(port_of(p), truthy(a[0])));
}

value prim_console_size(struct process *p, value *a, unsigned argc)
{
    unsigned columns, rows;
    port_console_size(port_of(p), &columns, &rows);
    value items[2] = {from_fixnum(columns), from_fixnum(rows)};
    return vector_make(p, items, 2);
}

value prim_console_terminal(struct process *p, value *a, unsigned argc)
{
    return from_bool(port_console_terminal(port_of(p)));
}

/* ---- the kernel's words, for drivers and services of the root domain ---- */

/* -word: number and up to six arguments, all integers; a vector of the status and six results, nil where there is no kernel.
 * Numbers are taken and given as 64 bits with sign.  Words that wait would hold up the scheduler: they are not for this. */
value prim_word(struct process *p, value *a, unsigned argc)
{
    uint64_t words[6] = {0};
    if (p->domain != p->domain->system->root)
        return process_fail(p, ERR_NO_CAPABILITY, NIL, "only the root domain may use the kernel's words");
    for (unsigned i = 0; i < argc; i++) {
        if (!is_fixnum(a[i])) return fail_type(p, "-word", i + 1, a[i], "a small integer");
        if (i > 0) words[i - 1] = (uint64_t)to_fixnum(a[i]);
    }
    int64_t status = port_word(port_of(p), (uint64_t)to_fixnum(a[0]), words);
    if (status < 0) return NIL;
    value items[7] = {from_fixnum(status)};
    for (unsigned i = 0; i < 6; i++) {
        items[i + 1] = number_from_i64(p, (int64_t)words[i]);
        if (items[i + 1] == VAL_ERROR) return VAL_ERROR;
    }
    return vector_make(p, items, 7);
}

/* Waits until the console's device wants service; the caller drives it from the first call on. */
value prim_await_device(struct process *p, value *a, unsigned argc)
{
    struct system *s = p->domain->system;
    if (p->domain != s->root)
        return process_fail(p, ERR_NO_CAPABILITY, NIL, "only the root domain may drive the console's device");
    port_device_claim(s->port);
    if (port_device_event(s->port)) return TRUE_;
    __atomic_store_n(&s->shared->console_reader, p->id, __ATOMIC_SEQ_CST);
    port_console_watch(s->port, &s->schedulers[0].signal, SIGNAL_CONSOLE);
    return VAL_SUSPEND;
}
