/* Events to the core, and what it answers into action. */
#include "kernel/arch/x86_64/machine.h"

/* Read and written by trap.S as well. */
uint32_t machine_lock, machine_panicking;

NORETURN void context_resume(void);
uint32_t machine_word(void);
NORETURN void machine_act(uint32_t next);
NORETURN void machine_trap(struct save *s);
NORETURN void machine_idle_interrupt(uint64_t vector);
NORETURN void machine_kernel_trap(struct save *s);

#define PAGE_FAULT 14

/* Waiting CPUs answer shootdowns: whoever holds the lock may be waiting for them. */
static COLD void lock_wait(void)
{
    do {
        while (__atomic_load_n(&machine_lock, __ATOMIC_RELAXED) != 0) {
            shootdown_answer();
            pause_cpu();
        }
    } while (__atomic_exchange_n(&machine_lock, 1, __ATOMIC_ACQUIRE) != 0);
}

void kernel_lock(void)
{
    if (UNLIKELY(__atomic_exchange_n(&machine_lock, 1, __ATOMIC_ACQUIRE) != 0)) lock_wait();
}

void kernel_unlock(void)
{
    __atomic_store_n(&machine_lock, 0, __ATOMIC_RELEASE);
}

/* Called by syscall_entry, which leaves the lock. */
uint32_t machine_word(void)
{
    kernel_lock();
    return kernel_word(machine.kernel, this_cpu()->index);
}

/* ---- contexts on and off a CPU ---- */

static void leave(struct cpu *c)
{
    if (c->context == CONTEXT_NONE) return;
    __asm__ volatile("fxsave64 %0" : "=m"(context_at(c->context)->fpu));
    c->context = CONTEXT_NONE;
    c->save = &c->nowhere;
}

static void enter(struct cpu *c, uint32_t context)
{
    struct context *x = context_at(context);
    uint32_t domain = kernel_domain(machine.kernel, context);
    __asm__ volatile("fxrstor64 %0" : : "m"(x->fpu));
    if (domain != c->domain) {
        __atomic_store_n(&c->domain, domain, __ATOMIC_RELAXED);
        write_cr3((uint64_t)machine.roots[domain] << PAGE_SHIFT);
    }
    c->context = context;
    c->save = &x->save;
    c->frame = kernel_frame(machine.kernel, context);
    c->tss.rsp[0] = (uint64_t)(&x->save + 1);
    write_msr(MSR_KERNEL_GS_BASE, kernel_context_page_address(machine.kernel, context));
}

/* Let what is pending in for a moment.  If something comes, this stack is dropped. */
static void let_interrupts_in(void)
{
    __asm__ volatile("sti; nop; nop; cli" : : : "memory");
}

static NORETURN void idle(void)
{
    for (;;) __asm__ volatile("sti; hlt; cli" : : : "memory");
}

/* Pre: the lock is held; the running context's registers are saved, but for the FPU's. */
NORETURN void machine_act(uint32_t next)
{
    struct cpu *c = this_cpu();
    while (next != c->context) {
        leave(c);
        if (next == KERNEL_IDLE) {
            kernel_unlock();
            idle();
        }
        if (next == KERNEL_AGAIN) {
            kernel_unlock();
            let_interrupts_in();
            kernel_lock();
            next = kernel_continue(machine.kernel, c->index);
            continue;
        }
        enter(c, next);
    }
    kernel_unlock();
    context_resume();
}

NORETURN void machine_begin(void)
{
    struct cpu *c = this_cpu();
    c->save = &c->nowhere;
    kernel_lock();
    machine_act(kernel_begin(machine.kernel, c->index));
}

/* ---- interrupts and faults ---- */

static uint32_t interrupt(struct cpu *c, uint32_t vector)
{
    uint32_t next;
    kernel_lock();
    if (vector == VECTOR_TIMER) {
        next = kernel_timer(machine.kernel, c->index);
    } else if (vector >= VECTOR_LINE && vector < VECTOR_TIMER) {
        next = kernel_interrupt(machine.kernel, c->index, vector - VECTOR_LINE);
    } else {
        next = kernel_wake(machine.kernel, c->index);
    }
    apic_end_of_interrupt();
    return next;
}

static enum fault_kind fault_kind(const struct save *s)
{
    switch (s->vector) {
    case 0:
    case 16:
    case 19: return FAULT_ARITHMETIC;
    case 1: return FAULT_STEP;
    case 3: return FAULT_BREAKPOINT;
    case 6: return FAULT_INSTRUCTION;
    case PAGE_FAULT:
        return (s->error & 16) != 0 ? FAULT_EXECUTE : (s->error & 2) != 0 ? FAULT_WRITE : FAULT_READ;
    default: return FAULT_OTHER;
    }
}

/* From a context: s is its save area. */
NORETURN void machine_trap(struct save *s)
{
    struct cpu *c = this_cpu();
    if (s->vector == VECTOR_SHOOTDOWN) {
        shootdown_answer();
        apic_end_of_interrupt();
        context_resume();
    }
    if (s->vector == VECTOR_SPURIOUS) context_resume();
    if (s->vector >= 32) machine_act(interrupt(c, (uint32_t)s->vector));
    uint64_t address = s->vector == PAGE_FAULT ? read_cr2() : 0;
    kernel_lock();
    machine_act(kernel_fault(machine.kernel, c->index, fault_kind(s), address, s->rip));
}

NORETURN void machine_idle_interrupt(uint64_t vector)
{
    struct cpu *c = this_cpu();
    if (vector == VECTOR_SHOOTDOWN) {
        shootdown_answer();
        apic_end_of_interrupt();
        idle();
    }
    if (vector == VECTOR_SPURIOUS) idle();
    machine_act(interrupt(c, (uint32_t)vector));
}

NORETURN void machine_kernel_trap(struct save *s)
{
    machine_panic("the kernel trapped: vector %u, error %x, at %x, address %x, stack %x, rbx %x, rbp %x",
                  s->vector, s->error, s->rip, read_cr2(), s->rsp, s->rbx, s->rbp);
}
