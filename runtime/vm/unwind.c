/* Non-local exits: find the frame whose catch region holds the token, stop on the way at every cleanup region.
 *
 * The walk changes nothing; the one step that does (the frame found becomes the top one) is O(1).  A walk over more than
 * FRAMES_PER_TURN frames yields: p->prim_state then is the place reached, as a number. */
#include "runtime/vm/interp.h"

#include "runtime/value/collection.h"

#define FRAMES_PER_TURN 20000

/* A token is a catch token (positive), or for the return from a frame the complement of its distance from the bottom of
 * the stack (negative). */
static bool frame_is(const struct process *p, const struct frame *f, value tok)
{
    return to_fixnum(tok) < 0 && ~to_fixnum(tok) == f->base - p->stack;
}

/* The region at which an exit to tok stops in this frame: its catch region, or (unless only the former is asked for) the
 * innermost cleanup region. */
static const struct region_record *stopping_region(const struct frame *f, value tok, bool catch_only)
{
    uint32_t at = (uint32_t)(f->ip - f->arity->entry);
    for (uint32_t i = 0; i < f->arity->region_count; i++) {
        const struct region_record *r = &f->arity->regions[i];
        if (at < r->first || at >= r->last) continue;
        if (r->kind == REGION_CATCH ? f->base[r->reg] == tok : !catch_only) return r;
    }
    return NULL;
}

value vm_save_place(const struct process *p, const struct frame *f, bool bit)
{
    return from_fixnum((f->base - p->stack) << 2 | (f->kind == FRAME_SHIM) << 1 | bit);
}

bool vm_load_place(struct process *p, struct frame *f)
{
    int64_t place = to_fixnum(p->prim_state);
    f->base = p->stack + (place >> 2);
    f->kind = place & 2 ? FRAME_SHIM : FRAME_CODE;
    p->prim_state = NIL;
    return place & 1;
}

static void stop_in_region(struct process *p, const struct frame *f, const struct region_record *r, value tok,
                           value v)
{
    p->base = f->base;
    p->link = f->link;
    p->ip = f->arity->entry + r->handler;
    if (r->kind == REGION_CLEANUP) {
        struct object *exit = heap_alloc(p, T_STATE, 0, 2);
        exit->p[0] = tok;
        exit->p[1] = v;
        v = from_obj(exit);
    }
    p->base[r->reg] = v;
}

/* What becomes of the exit at a frame: NIL, it goes on; else the answer of the pass. */
static value at_frame(struct process *p, const struct frame *f, value tok, value v, bool second)
{
    if (f->kind != FRAME_CODE) return NIL;
    const struct region_record *r = stopping_region(f, tok, !second);
    bool found = r == NULL && frame_is(p, f, tok);
    if (r == NULL && !found) return NIL;
    if (!second) return TRUE_;
    if (found)
        frame_return(p, f->base, v);
    else
        stop_in_region(p, f, r, tok, v);
    p->trap = TRAP_DO_CONTINUE;
    return VAL_TRAP;
}

/* One pass from f on.  NIL: no frame stops the exit. */
static value pass(struct process *p, struct frame *f, value tok, value v, bool second)
{
    for (unsigned n = 1; f->kind != FRAME_END; frame_next(f), n++) {
        value answer = at_frame(p, f, tok, v, second);
        if (answer != NIL) return answer;
        if (n < FRAMES_PER_TURN) continue;
        p->prim_state = vm_save_place(p, f, second);
        p->reductions = p->flags & PROC_ATTENTION ? -ATTENTION_BIAS : 0;
        return VAL_YIELD;
    }
    return NIL;
}

__attribute__((noinline)) value vm_unwind(struct process *p, value tok, value v, bool check)
{
    struct frame f;
    bool second = !check;
    if (p->prim_state == NIL) {
        frame_top(p, &f);
    } else {
        second = vm_load_place(p, &f);
        frame_next(&f);
    }
    if (!second) {
        value found = pass(p, &f, tok, v, false);
        if (found == VAL_YIELD) return VAL_YIELD;
        if (found == NIL) return process_fail(p, ERR_STATE, tok, "the exit is no longer there to be taken");
        frame_top(p, &f);
    }
    return pass(p, &f, tok, v, true);
}

value prim_throw_to(struct process *p, value *a, unsigned argc)
{
    if (!is_fixnum(a[0])) return fail_type(p, "-throw-to", 1, a[0], "a token");
    return vm_unwind(p, a[0], a[1], true);
}

VM_HANDLER enum vm_exit vm_reunwind(HANDLER_ARGS)
{
    SAVE();
    value exit = base[ip->a];
    if (!is_type(exit, T_STATE)) {
        fail_type(p, "reunwind", 1, exit, "the description of an exit");
        vm_raise(p, false);
        GO(vm_continue);
    }
    value r = vm_unwind(p, to_obj(exit)->p[0], to_obj(exit)->p[1], false);
    if (r == VAL_YIELD) return VM_YIELD;
    if (r == NIL) vm_exit(p, to_obj(exit)->p[1]);
    GO(vm_continue);
}
