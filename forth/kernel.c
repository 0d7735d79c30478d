/* Kernel words: they take what they need from the stack, check what is theirs to check (that memory named lies in the data space),
 * and hand the rest to the port, that stands for the kernel.  Numbers of words: enum kernel_word. */
#include "forth/kernel.h"
#include "forth/internal.h"

static cell call(struct forth *f, unsigned word, unsigned in, unsigned out)
{
    int64_t args[4] = {0};
    for (unsigned i = in; i-- > 0;) args[i] = pop(f);
    int64_t status = forth_port_kernel(f->port, f, word, args);
    if (status != 0) return status;
    for (unsigned i = 0; i < out; i++) push(f, args[i]);
    return 0;
}
cell p_ticks(struct forth *f)
{
    push(f, (cell)forth_port_ns(f->port));
    return 0;
}
cell p_yield(struct forth *f)
{
    return call(f, KERNEL_YIELD, 0, 0);
}
/* The port comes back early when there is something to attend to. */
cell sleep_for(struct forth *f, ucell ns)
{
    uint64_t begin = forth_port_ns(f->port), passed = 0;
    forth_port_flush(f->port);
    while (passed < ns) {
        cell status = forth_port_sleep(f->port, f, ns - passed);
        if (status == 0 && f->attention) status = attend_now(f, 0);
        if (status != 0) return status;
        passed = forth_port_ns(f->port) - begin;
    }
    return 0;
}
cell p_sleep(struct forth *f)
{
    return sleep_for(f, (ucell)pop(f));
}
cell p_kill_vm(struct forth *f)
{
    return call(f, KERNEL_KILL, 1, 0);
}
cell p_vm_status(struct forth *f)
{
    return call(f, KERNEL_STATUS, 1, 1);
}
cell p_msg_from(struct forth *f)
{
    return call(f, KERNEL_FROM, 0, 1);
}
cell p_self_vm(struct forth *f)
{
    return call(f, KERNEL_SELF, 0, 1);
}
cell p_parent_vm(struct forth *f)
{
    return call(f, KERNEL_PARENT, 0, 1);
}
cell p_event_question(struct forth *f)
{
    int64_t args[4] = {0};
    cell status = forth_port_kernel(f->port, f, KERNEL_EVENT, args);
    for (unsigned i = 0; i < 4; i++) push(f, args[i]);
    return status;
}
cell p_grant_cap(struct forth *f)
{
    return call(f, KERNEL_GRANT, 2, 0);
}
cell p_revoke_cap(struct forth *f)
{
    return call(f, KERNEL_REVOKE, 2, 0);
}
cell p_has_cap(struct forth *f)
{
    return call(f, KERNEL_HAS, 1, 1);
}
cell p_mmio_read(struct forth *f)
{
    return call(f, KERNEL_MMIO_READ, 1, 1);
}
cell p_mmio_write(struct forth *f)
{
    return call(f, KERNEL_MMIO_WRITE, 2, 0);
}
cell p_irq_register(struct forth *f)
{
    if (from_xt(f, f->sp[0]) == 0) return THROW_UNDEFINED;
    return call(f, KERNEL_IRQ, 2, 0);
}

/* Messages and images are counted by a cell: length, then bytes. */
static cell counted(struct forth *f, cell address, ucell *size)
{
    const void *p = at(f, address, CELL);
    if (p == NULL) return THROW_ADDRESS;
    *size = (ucell)load_cell(p);
    return *size <= f->data_bytes && at(f, address + CELL, *size) != NULL ? 0 : THROW_ADDRESS;
}
cell p_spawn_vm(struct forth *f)
{
    ucell size;
    cell status = counted(f, f->sp[1], &size);
    if (status != 0) return status;
    int64_t args[4] = {f->sp[1] + CELL, (int64_t)size, f->sp[0]};
    f->sp += 2;
    status = forth_port_kernel(f->port, f, KERNEL_SPAWN, args);
    if (status == 0) push(f, args[0]);
    return status;
}
cell p_send(struct forth *f)
{
    ucell size;
    cell status = counted(f, f->sp[0], &size);
    if (status != 0) return status;
    int64_t args[4] = {f->sp[1], f->sp[0] + CELL, (int64_t)size};
    f->sp += 2;
    return forth_port_kernel(f->port, f, KERNEL_SEND, args);
}
/* A message received lies in one of the transient strings, so it lasts until seven more have come. */
static cell receive(struct forth *f, bool wait, bool *got)
{
    cell to = AT_STRINGS + (cell)(f->string_turn % STRINGS) * STRING_BYTES;
    int64_t args[4] = {to + CELL, STRING_BYTES - CELL, wait};
    cell status = forth_port_kernel(f->port, f, KERNEL_RECV, args);
    *got = status == 0 && args[0] >= 0;
    if (*got) {
        f->string_turn++;
        set_fixed(f, to, args[0]);
    }
    push(f, *got ? to : 0);
    return status;
}
cell p_recv(struct forth *f)
{
    bool got;
    forth_port_flush(f->port);
    for (;;) {
        cell status = receive(f, true, &got);
        if (status != 0 || got) return status;
        pop(f);
        if ((status = attend_now(f, 0)) != 0) return status; /* an interrupt woke it */
    }
}
cell p_recv_question(struct forth *f)
{
    bool got;
    cell status = receive(f, false, &got);
    push(f, FLAG(got));
    return status;
}

/* ---- memory: regions come from the instance's own envelope, whole pages ---- */
cell p_map_mem(struct forth *f)
{
    cell flags = pop(f), size = pop(f), address;
    if (size <= 0 || (flags & ~(cell)3) != 0) return THROW_NUMERIC_ARGUMENT;
    if (heap_allocate(f, (ucell)size, &address) != 0) return THROW_ENVELOPE;
    memset(f->bias + address, 0, (size_t)size);
    push(f, address);
    return 0;
}
cell p_unmap_mem(struct forth *f)
{
    pop(f);
    return heap_release(f, pop(f)) == 0 ? 0 : THROW_ADDRESS;
}
cell p_share_mem(struct forth *f)
{
    if (f->sp[1] < 0 || at(f, f->sp[2], (ucell)f->sp[1]) == NULL) return THROW_ADDRESS;
    return call(f, KERNEL_SHARE, 3, 0);
}
cell p_protect(struct forth *f)
{
    if (f->sp[1] < 0 || at(f, f->sp[2], (ucell)f->sp[1]) == NULL) return THROW_ADDRESS;
    return call(f, KERNEL_PROTECT, 3, 0);
}
