/* Frames that tail calls replaced: recorded, if somebody wants to know, in a ring of the process. */
#include "runtime/debug/debug.h"
#include "runtime/vm/interp.h"

static __attribute__((noinline)) void note(struct process *p, value callee)
{
    struct process_debug *d = debug_state(p);
    const struct arity *a = frame_arity(p->base, p->ip);
    struct elided *e = &d->ring[d->count++ % ELIDED_FRAMES];
    *e = (struct elided){.arity = a, .ip = p->ip, .place = (uint64_t)(p->base - p->stack)};
    e->back = (const struct insn *)(uintptr_t)p->base[FRAME_RETURN];
    if (is_type(callee, T_FN)) e->callee = (const struct proto *)(uintptr_t)to_obj(callee)->p[0];
}

VM_HANDLER enum vm_exit vm_note_tail(HANDLER_ARGS)
{
    value f = base[OPERAND_A(w)];
    SAVE();
    if (ip->op == OP_TAILG) {
        f = __atomic_load_n(&link->globals[OPERAND_C(w)].cell->content, __ATOMIC_RELAXED);
        if (f == VAL_UNBOUND) GO(vm_undefined);
        base[OPERAND_A(w)] = f;
    }
    if (debug_state(p) != NULL) note(p, f);
    w = CALL_WORD(OPERAND_A(w), OPERAND_B(w));
    GO(vm_call_any);
}

value prim_record_tail_calls(struct process *p, value *a, unsigned argc)
{
    if (truthy(a[0]) && debug_of(p) == NULL) return VAL_ERROR;
    p->flags = truthy(a[0]) ? p->flags | PROC_DEBUGGED : p->flags & ~PROC_DEBUGGED;
    return a[0];
}
