/* Stepping: the dispatch table of a process with PROC_STEPPING sends every instruction here.  Where the source has a new
 * position, lona.debug/-step is called, at full speed; if it answers true, stepping goes on. */
#include "runtime/vm/interp.h"

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

VM_HANDLER enum vm_exit vm_step(HANDLER_ARGS)
{
    const struct arity *a = frame_arity(base, ip);
    value f = vm_trap_function(p, TRAP_STEP);
    if (f != VAL_ABSENT && starts_position(a, (uint32_t)(ip - a->entry))) {
        SAVE();
        p->flags &= ~PROC_STEPPING;
        vm_choose_dispatch(p);
        vm_shim(p, f, NULL, 0, SHIM_STEP);
        GO(vm_continue);
    }
    MUSTTAIL vm_of(p)->dispatch.op[w & 0xffff](p, ip, base, link, d, w);
}
