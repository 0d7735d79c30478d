/* The stack of a process as data: how the collector, the debugger and non-local exits walk it.
 *
 * Invariants (whenever the process is not inside the interpreter: at a safepoint, between turns, in a primitive):
 *  F1  p->ip is the instruction to run next; p->base, p->link belong to its frame.  An instruction that has to wait, to
 *      yield or to make room runs again from its start: its operands are still in place.  (PROC_REEXECUTE is not needed.)
 *  F2  The roots of the top frame are the registers in live(p->ip), and its closure.
 *  F3  The roots of a frame that waits for a call at i are the registers in live(i + 1) without the result register R[i.a],
 *      and its closure.
 *  F4  A frame whose instruction i failed, or runs through the global of a redefined operator, is followed by a *shim*: a
 *      frame of the runtime's own, above all registers of the failed one, that calls the Lonala function and carries its
 *      result back.  The roots of the failed frame are the registers in live(i).
 *  F5  Nothing on the stack points into the stack: it is moved by copying its words and adding the difference to p->base.
 *      Above the top frame's registers there is nothing of value.
 *
 * Shim, S being its base (the frame that it serves has its base at S - to_fixnum(S[0])):
 *      S[-3]  mode      S[-2]  link of the frame served, raw       S[-1]  the instruction that it stands at, raw
 *      S[0]   distance in words, fixnum     S[1]  argument count, fixnum     S[2]  function called, later its result
 *      S[3] S[4]  hidden words of the call        S[5] ...  arguments
 * The bottom of every stack is a shim, too, that serves nobody: S[-1] is NULL.  It calls what vm_enter() was given.
 *
 * The collector's walk, newest frame first:
 *
 *      struct frame f;
 *      for (frame_top(p, &f); f.kind != FRAME_END; frame_next(&f)) frame_roots(&f, visit, context);
 *
 * Then p->error, prim_state, dynamic, exit_reason: see heap.h.  The walk reads payload word 0 of FN objects (their struct
 * proto *) through slots that were not visited yet; the object may have been moved already, by way of another slot: its
 * old copy must keep its payload (not its header) until the walk is over. */
#ifndef RUNTIME_VM_FRAMES_H
#define RUNTIME_VM_FRAMES_H

#include "runtime/sched/process.h"

enum frame_kind { FRAME_CODE, FRAME_SHIM, FRAME_END };

struct frame {
    value *base; /* &R[0] */
    const struct insn
        *ip; /* the instruction at which it stands: the next (top), the call, the one that failed */
    struct link *link;
    const struct arity *arity; /* of a FRAME_CODE */
    enum frame_kind kind;
    int32_t result;      /* register that waits for a result and is no root, or -1 */
    const uint8_t *live; /* FRAME_CODE: bitmap of registers that are roots, before taking `result` away */
    uint32_t first_root, root_count; /* FRAME_SHIM: the registers from first_root on that are roots */
};

void frame_top(const struct process *p, struct frame *f);
void frame_next(struct frame *f);
/* The arity of the closure that runs at base with ip in its code. */
const struct arity *frame_arity(const value *base, const struct insn *ip);

/* Call visit for every slot of the frame that is a root.  visit may replace the value. */
static inline void frame_roots(const struct frame *f, void (*visit)(void *context, value *slot),
                               void *context)
{
    if (f->kind == FRAME_SHIM) {
        for (uint32_t i = 0; i < f->root_count; i++) visit(context, f->base + f->first_root + i);
        return;
    }
    visit(context, f->base + FRAME_CLOSURE);
    for (uint32_t byte = 0; byte < f->arity->live_stride; byte++)
        for (unsigned bits = f->live[byte]; bits != 0; bits &= bits - 1) {
            uint32_t reg = byte * 8 + (uint32_t)__builtin_ctz(bits);
            if ((int32_t)reg != f->result) visit(context, f->base + reg);
        }
}

/* Words of the stack in use (for shrinking it): from p->stack to the end of the top frame's registers. */
uint32_t frame_words_used(const struct process *p);

/* Modes of a shim, in S[-3]: its result stands in for that of the instruction served; or the instruction runs afterwards. */
#define SHIM_RESULT NIL
#define SHIM_AGAIN TRUE_

/* Registers of a shim. */
#define SHIM_DISTANCE 0
#define SHIM_ARGC 1
#define SHIM_CALL 2
#define SHIM_ARGS 5

/* Where shims stand: addresses of these are return addresses. */
enum { STUB_START, STUB_FINISH, STUB_CALL, STUB_RESUME, STUB_COUNT };
extern const struct insn vm_stubs[STUB_COUNT];

/* Ask the process that runs on this thread to come to heap_safepoint() at its next call or loop turn: the allocator
 * does this when it sets PROC_COLLECT or PROC_OUT_OF_MEMORY.  One test of p->reductions then covers everything. */
#define ATTENTION_BIAS (1 << 30)
#define PROC_ATTENTION 0x80u
static inline void process_attention(struct process *p, uint32_t flags)
{
    if (!(p->flags & PROC_ATTENTION)) p->reductions -= ATTENTION_BIAS;
    p->flags |= flags | PROC_ATTENTION;
}
/* Reductions left, without the bias. */
static inline int32_t process_reductions(const struct process *p)
{
    return p->flags & PROC_ATTENTION ? p->reductions + ATTENTION_BIAS : p->reductions;
}

/* Move the stack to a block of new_words words (>= frame_words_used).  False: no memory; nothing changed.
 * The block comes from and goes back to stack_allocate() and stack_free() of runtime/gc, but for the first one, which lies
 * behind struct process.  The interpreter uses it to grow, the collector to shrink. */
bool frames_move_stack(struct process *p, uint32_t new_words);
/* Give back the block of a process that ends, unless it is the first one. */
void frames_free_stack(struct process *p);

#endif
