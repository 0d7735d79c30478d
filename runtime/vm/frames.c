#include "runtime/vm/frames.h"

#include "runtime/gc/heap.h"
#include "runtime/vm/vm.h"

const struct insn vm_stubs[STUB_COUNT] = {
    [STUB_START] = {OP_START, SHIM_CALL, 0, 0},
    [STUB_FINISH] = {OP_FINISH, 0, 0, 0},
    [STUB_CALL] = {OP_SHIM_CALL, SHIM_CALL, 0, 0},
    [STUB_RESUME] = {OP_SHIM_RESUME, 0, 0, 0},
};

static bool is_stub(const struct insn *ip)
{
    return (uintptr_t)ip - (uintptr_t)vm_stubs < sizeof vm_stubs;
}

static bool arity_holds(const struct arity *a, const struct insn *ip)
{
    return (uintptr_t)ip - (uintptr_t)a->entry < (uintptr_t)a->insn_count * sizeof *ip;
}

const struct arity *frame_arity(const value *base, const struct insn *ip)
{
    const struct proto *proto = (const struct proto *)(uintptr_t)to_obj(base[FRAME_CLOSURE])->p[0];
    const struct arity *a = proto->arities;
    while (!arity_holds(a, ip)) a++;
    return a;
}

static const uint8_t *live_at(const struct arity *a, const struct insn *ip)
{
    return a->live + (size_t)(ip - a->entry) * a->live_stride;
}

static void frame_set(struct frame *f, const struct insn *ip, const struct insn *live_ip)
{
    f->ip = ip;
    f->result = -1;
    f->first_root = f->root_count = 0;
    if (!is_stub(ip)) {
        f->kind = FRAME_CODE;
        f->arity = frame_arity(f->base, ip);
        f->live = live_at(f->arity, live_ip);
        return;
    }
    f->kind = FRAME_SHIM;
    f->arity = NULL;
    f->live = NULL;
}

/* The roots of a shim whose call has not begun (or failed at once), or whose result is there. */
static void set_shim_roots(struct frame *f)
{
    if (f->kind != FRAME_SHIM) return;
    f->first_root = SHIM_CALL;
    if (f->ip == &vm_stubs[STUB_START] || f->ip == &vm_stubs[STUB_CALL])
        f->root_count = SHIM_ARGS - SHIM_CALL + (uint32_t)to_fixnum(f->base[SHIM_ARGC]);
    else
        f->root_count = 1;
}

void frame_top(const struct process *p, struct frame *f)
{
    f->base = p->base;
    f->link = p->link;
    frame_set(f, p->ip, p->ip);
    set_shim_roots(f);
}

/* The frame that a shim serves, or the end. */
static void next_of_shim(struct frame *f)
{
    const struct insn *served = (const struct insn *)(uintptr_t)f->base[FRAME_RETURN];
    if (served == NULL) {
        f->kind = FRAME_END;
        return;
    }
    f->link = frame_link(f->base[FRAME_LINK]);
    f->base -= to_fixnum(f->base[SHIM_DISTANCE]);
    frame_set(f, served, served);
    set_shim_roots(f);
}

void frame_next(struct frame *f)
{
    if (f->kind == FRAME_SHIM) {
        next_of_shim(f);
        return;
    }
    const struct insn *back = (const struct insn *)(uintptr_t)f->base[FRAME_RETURN];
    value word = f->base[FRAME_LINK];
    f->link = frame_link(word);
    f->base -= FRAME_HIDDEN + frame_window(word);
    frame_set(f, back - 1, back);
    if (f->kind == FRAME_CODE) f->result = (int32_t)frame_window(word);
}

/* The end of the stack is kept short of the block's by the reserve for handlers of :stack-overflow. */
static uint32_t block_words(const struct process *p)
{
    uint32_t words = (uint32_t)(p->stack_end - p->stack);
    return words >= LIMIT_STACK_WORDS ? LIMIT_STACK_WORDS + STACK_RESERVE_WORDS : words;
}

uint32_t frame_words_used(const struct process *p)
{
    uint32_t below = (uint32_t)(p->base - p->stack);
    if (!is_stub(p->ip)) return below + frame_arity(p->base, p->ip)->register_count;
    return below + SHIM_ARGS + (uint32_t)to_fixnum(p->base[SHIM_ARGC]);
}

void frames_free_stack(struct process *p)
{
    if (p->stack != (value *)(p + 1)) stack_free(p, p->stack, block_words(p));
}

bool frames_move_stack(struct process *p, uint32_t new_words)
{
    if (new_words >= LIMIT_STACK_WORDS) new_words = LIMIT_STACK_WORDS + STACK_RESERVE_WORDS;
    value *block = stack_allocate(p, new_words);
    if (block == NULL) return false;
    /* All that fits, not only what the frames use: apply lays arguments out beyond the frame that calls. */
    size_t old_words = (size_t)(p->stack_end - p->stack);
    __builtin_memcpy(block, p->stack, (old_words < new_words ? old_words : new_words) * sizeof(value));
    ptrdiff_t used_base = p->base - p->stack;
    frames_free_stack(p);
    p->stack = block;
    p->stack_end = block + (new_words > LIMIT_STACK_WORDS ? LIMIT_STACK_WORDS : new_words);
    p->base = block + used_base;
    return true;
}
