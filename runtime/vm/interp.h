/* What the interpreter's own files share; nobody else includes this.
 *
 * A handler runs one instruction.  Its arguments are the state of the machine and stay in machine registers: p, the
 * instruction at ip with its word w, the frame at base, the link of the running function, the dispatch table d.
 * It ends by calling the next handler in tail position.  What is rare is done by plain C functions that work on the state
 * saved in p (SAVE) and leave the state to go on with in p (vm_continue). */
#ifndef RUNTIME_VM_INTERP_H
#define RUNTIME_VM_INTERP_H

#include "runtime/vm/vm.h"

#define HANDLER_ARGS                                                                                         \
    struct process *p, const struct insn *ip, value *base, struct link *link, const struct dispatch *d,      \
        uint64_t w
#define MUSTTAIL __attribute__((musttail)) return
#define GO(handler) MUSTTAIL handler(p, ip, base, link, d, w)

#define OPERAND_A(w) ((uint32_t)((w) >> 16) & 0xffffu)
#define OPERAND_B(w) ((uint32_t)((w) >> 32) & 0xffffu)
#define OPERAND_C(w) ((uint32_t)((w) >> 48))
#define OPERAND_SB(w) ((int64_t)(int16_t)((w) >> 32))
#define OPERAND_SC(w) ((int64_t)(int16_t)((w) >> 48))
#define OPERAND_BC(w) ((uint32_t)((w) >> 32))
#define OPERAND_SBC(w) ((int64_t)(int32_t)((w) >> 32))
/* The word that handlers of calls outside the fast way take: the window, the argument count in 32 bits. */
#define CALL_WORD(a, argc) ((uint64_t)(a) << 16 | (uint64_t)(argc) << 32)

static inline uint64_t insn_word(const struct insn *i)
{
    uint64_t w;
    __builtin_memcpy(&w, i, 8);
    return w;
}

#define DISPATCH()                                                                                           \
    do {                                                                                                     \
        w = insn_word(ip);                                                                                   \
        MUSTTAIL d->op[w & 0xffff](p, ip, base, link, d, w);                                                 \
    } while (0)
#define NEXT()                                                                                               \
    do {                                                                                                     \
        ip++;                                                                                                \
        DISPATCH();                                                                                          \
    } while (0)
#define SAVE()                                                                                               \
    do {                                                                                                     \
        p->ip = ip;                                                                                          \
        p->base = base;                                                                                      \
        p->link = link;                                                                                      \
    } while (0)

/* Return v from the frame. */
#define RETURN(v)                                                                                            \
    do {                                                                                                     \
        value word = base[FRAME_LINK];                                                                       \
        ip = (const struct insn *)(uintptr_t)base[FRAME_RETURN];                                             \
        base[FRAME_CLOSURE] = (v);                                                                           \
        base -= FRAME_HIDDEN + frame_window(word);                                                           \
        link = frame_link(word);                                                                             \
        DISPATCH();                                                                                          \
    } while (0)
static inline void frame_return(struct process *p, value *base, value v)
{
    p->ip = (const struct insn *)(uintptr_t)base[FRAME_RETURN];
    p->link = frame_link(base[FRAME_LINK]);
    p->base = base - FRAME_HIDDEN - frame_window(base[FRAME_LINK]);
    base[FRAME_CLOSURE] = v;
}

/* Take the state from p and go on there. */
vm_handler vm_continue;
/* The reductions are used up or somebody wants attention: the instruction at ip runs again afterwards. */
vm_handler vm_safepoint;
/* Call R[a] with argc arguments, whatever it is; w: CALL_WORD.  The instruction at ip tells what becomes of the result:
 * of a TAIL it is returned. */
vm_handler vm_call_any;
/* The instruction at ip, of an operator that was redefined: a call of the global. */
vm_handler vm_call_redefined;
/* An operator's full form: numbers of all kinds, then the primitive. */
vm_handler vm_operator_slow;
/* A tail call of a process whose tail calls are recorded. */
vm_handler vm_note_tail;
vm_handler vm_get, vm_getl, vm_keyget, vm_closure, vm_collection, vm_receive, vm_reunwind, vm_break, vm_step,
    vm_undefined, vm_shim_op;
/* Go on with a primitive that had yielded in the instruction at ip. */
vm_handler vm_resume_primitive;

/* What a primitive may answer through p->trap besides the numbers of trap functions. */
enum { TRAP_DO_APPLY = TRAPS, TRAP_DO_CONTINUE /* the state in p is where to go on */ };

/* ---- call.c: on saved state; all leave p->ip, base, link where to go on ---- */
/* Call f with args on top of the frame at p->base, through a shim of that mode (frames.h): its result stands in for what the
 * instruction at p->ip computes, or that instruction runs afterwards. */
void vm_shim(struct process *p, value f, const value *args, uint32_t argc, value mode);
/* Signal the condition in p->error: calls the trap function through a shim. */
void vm_raise(struct process *p, bool again);
/* Same for a trap function by number. */
void vm_shim_trap(struct process *p, enum trap t, const value *args, uint32_t argc, bool again);
/* Finish the instruction at p->ip with v as what it computes. */
void vm_complete(struct process *p, value v);
/* Enter the function window[0] at p->base + a with argc arguments. */
void vm_call_function(struct process *p, uint32_t a, uint32_t argc);
/* Enter the variadic arity of the function in the window, its fixed arguments and rest list being in place. */
void vm_enter_variadic(struct process *p, uint32_t a);
/* Replace (apply f x ... coll) in the window by the call that it means: its argument count, in place; or -1: the state in p
 * is where to go on. */
int64_t vm_apply(struct process *p, uint32_t a, uint32_t argc);
/* Room for words words from p->base on.  False: p->error holds the condition, and raising it has room. */
bool vm_stack_room(struct process *p, uint64_t words);
/* End the process. */
void vm_exit(struct process *p, value reason);
/* Words from p->base to the end of the registers of the frame that is there. */
uint32_t vm_frame_words(const struct process *p);

/* ---- operators ---- */
/* The arguments that the operator's function would be called with. */
unsigned vm_operator_args(const struct process *p, value args[2]); /* of the instruction at p->ip */
enum intrinsic vm_operator(unsigned op);                           /* INTRINSIC_COUNT: none */
const struct prim *vm_operator_prim(struct process *p, unsigned op);

/* ---- unwind.c ---- */
/* The exit to token tok with value v: VAL_TRAP when p is where to go on, VAL_YIELD (p->prim_state) when there is more to
 * do, VAL_ERROR when check is set and no frame has the token. */
value vm_unwind(struct process *p, value tok, value v, bool check);

/* A place in a walk as a value for p->prim_state, with one bit more; and back, as a frame for frame_next(). */
value vm_save_place(const struct process *p, const struct frame *f, bool bit);
bool vm_load_place(struct process *p, struct frame *f); /* takes it from p->prim_state, which is NIL then */

/* ---- interp.c ---- */
void vm_dispatch_init(struct dispatch *d);
void vm_dispatch_restore(struct dispatch *d, unsigned op);
void vm_choose_dispatch(struct process *p);

/* The domain's part. */
value vm_trap_function(struct process *p, enum trap t); /* VAL_ABSENT: not defined */
static inline bool is_tail(const struct insn *i)
{
    return i->op == OP_TAIL || i->op == OP_TAILG;
}
static inline struct vm_domain *vm_of(const struct process *p)
{
    return (struct vm_domain *)p->domain;
}

prim_fn prim_apply, prim_apply_count, prim_throw_to;
prim_fn prim_frames, prim_set_frame_local, prim_return_from_frame, prim_set_stepping, prim_stack_depth,
    prim_record_tail_calls;

#endif
