/* Stepping: the dispatch table of a process with PROC_STEPPING sends every instruction here.  Where the source has a new
 * position, lona.debug/-step is called, with stepping off; the instruction runs when it returns.
 *
 * A debugger runs on top of the frame that it is about.  When it asks for stepping, that begins only when the stack is back
 * at that frame: the debugger itself is not stepped through. */
#include "runtime/debug/debug.h"

#include "runtime/sched/domain.h"
#include "runtime/value/string.h"
#include "runtime/vm/interp.h"

struct process_debug *debug_of(struct process *p)
{
    process_lock(p);
    struct process_ext *e = process_ext(p->scheduler, p);
    process_unlock(p);
    if (e != NULL && e->debug == NULL) e->debug = system_alloc(p->domain->system, sizeof *e->debug);
    if (e != NULL && e->debug != NULL) return e->debug;
    process_fail(p, ERR_OUT_OF_MEMORY, NIL, "no memory to debug the process");
    return NULL;
}

void debug_release(struct system *s, struct process_debug *d)
{
    system_release(s, d, sizeof *d);
}

static bool starts_position(const struct arity *a, uint32_t insn)
{
    uint32_t low = 0, high = a->position_count;
    while (low < high) {
        uint32_t middle = (low + high) / 2;
        if (a->positions[middle].insn < insn)
            low = middle + 1;
        else
            high = middle;
    }
    return low < a->position_count && a->positions[low].insn == insn;
}

/* Whether to stop before the instruction at p->ip. */
static bool stops_here(struct process *p)
{
    struct process_debug *d = debug_state(p);
    if (d == NULL) return false;
    uint64_t place = (uint64_t)(p->base - p->stack);
    if (d->waiting && place > d->depth) return false;
    d->waiting = false;
    if (d->stepping == STEPPING_NEXT ? place > d->depth : d->stepping == STEPPING_OUT && place >= d->depth)
        return false;
    const struct arity *a = frame_arity(p->base, p->ip);
    return starts_position(a, (uint32_t)(p->ip - a->entry));
}

VM_HANDLER enum vm_exit vm_step(HANDLER_ARGS)
{
    value f = vm_trap_function(p, TRAP_STEP);
    SAVE();
    if (f == VAL_ABSENT || !stops_here(p))
        MUSTTAIL vm_of(p)->dispatch.op[w & 0xffff](p, ip, base, link, d, w);
    p->flags &= ~PROC_STEPPING;
    vm_choose_dispatch(p);
    vm_shim(p, f, NULL, 0, SHIM_AGAIN);
    GO(vm_continue);
}

/* The frame that a debugger running on top of the stack is about: the one served by the newest shim; without one, the
 * running frame. */
static uint64_t debugged_place(const struct process *p)
{
    struct frame f;
    for (frame_top(p, &f); f.kind == FRAME_CODE; frame_next(&f)) continue;
    bool bottom = f.kind == FRAME_END || f.base == p->stack + FRAME_HIDDEN;
    return (uint64_t)((bottom ? p->base : f.base - to_fixnum(f.base[SHIM_DISTANCE])) - p->stack);
}

value prim_set_stepping(struct process *p, value *a, unsigned argc)
{
    static const char *const names[] = {NULL, "step", "next", "out"};
    unsigned mode = STEPPING_OFF;
    for (unsigned i = 1; i < COUNT_OF(names); i++)
        if (is_keyword(a[0]) && name_equal(a[0], keyword_c(p, NULL, names[i]))) mode = i;
    if (mode == STEPPING_OFF && a[0] != NIL)
        return fail_type(p, "-set-stepping!", 1, a[0], ":step, :next, :out or nil");
    if (argc > 1 && a[1] != NIL && !is_fixnum(a[1]))
        return fail_type(p, "-set-stepping!", 2, a[1], "the :id of a frame");
    p->flags &= ~PROC_STEPPING;
    if (mode != STEPPING_OFF) {
        struct process_debug *d = debug_of(p);
        if (d == NULL) return VAL_ERROR;
        d->stepping = (uint8_t)mode;
        d->waiting = true;
        d->depth = argc > 1 && a[1] != NIL ? (uint64_t)to_fixnum(a[1]) : debugged_place(p);
        p->flags |= PROC_STEPPING;
    }
    vm_choose_dispatch(p);
    return a[0];
}
