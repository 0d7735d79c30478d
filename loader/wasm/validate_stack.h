/* The validator's two stacks: operands and open blocks.  Private to the validator.
 *
 * All of it takes v with its state stored (v->top, v->frame, v->r->p); a function that returns false has recorded the error. */
#ifndef LOADER_WASM_VALIDATE_STACK_H
#define LOADER_WASM_VALIDATE_STACK_H

#include "base/mem.h"
#include "loader/wasm/ops.h"
#include "loader/wasm/validate.h"
#include "spec/limits.h"

enum { SENTINEL = 0, BOTTOM = 1 };
enum { STACK_PAD = 8 }; /* bytes below the stack that comparisons of operands may read */

enum frame_kind {
    FRAME_BLOCK,
    FRAME_LOOP,
    FRAME_IF,
    FRAME_ELSE,
    FRAME_TRY,
    FRAME_CATCH,
    FRAME_CATCH_ALL,
    FRAME_FUNCTION
};

#define BLOCK_EMPTY (-64)

struct wasm_frame {
    uint32_t base;    /* of its operands on the stack */
    int32_t type;     /* block type: type index, or negative: one result, or none (BLOCK_EMPTY) */
    uint32_t checked; /* serial of the last br_table that checked it as a target */
    uint8_t kind;
    uint8_t unreachable;
    uint8_t result; /* of a block type that is one value type */
};

struct wasm_local_run {
    uint32_t end;
    uint8_t type;
};

/* The same for a call, as far as it takes few operands and leaves one at most. */
struct wasm_call_effect {
    uint64_t wanted, mask;
    uint8_t pops, pushes, push;
    bool is_small;
};

/* What an instruction takes and how it is encoded.  immediate: enum wasm_immediate + 1; 0: there is no such instruction. */
struct wasm_op_info {
    uint8_t immediate, extra, signature;
};
extern const struct wasm_op_info wasm_op_infos[WASM_OP_LIMIT];

/* Any instruction, r->p being after its first byte.  validate_op.c */
bool wasm_validate_instruction(struct wasm_validator *v, unsigned op);
/* The instructions of a body up to its last end.  validate_loop.c */
bool wasm_validate_code(struct wasm_validator *v);

/* Room for `more` operands besides those that V1 promises. */
bool wasm_validator_room(struct wasm_validator *v, size_t more);
bool wasm_validator_more_frames(struct wasm_validator *v);

/* ---- failing, memory ---- */

static COLD bool fail_index(struct wasm_validator *v, enum wasm_rule rule, uint32_t index)
{
    return wasm_reader_fail_at(v->r, v->at, rule, index);
}

static COLD bool fail(struct wasm_validator *v, enum wasm_rule rule)
{
    return wasm_reader_fail_at(v->r, v->at, rule, (uint32_t)(v->function - v->m->functions));
}

static COLD bool mismatch(struct wasm_validator *v)
{
    return fail(v, WASM_RULE_TYPE_MISMATCH);
}

/* ---- operands ---- */

static inline void push(struct wasm_validator *v, uint8_t type)
{
    *v->top++ = type;
    if (v->top > v->most) v->most = v->top;
}

static inline bool pop_slow(struct wasm_validator *v, uint8_t wanted)
{
    uint8_t found = v->top[-1];
    if (found == SENTINEL) return v->frame->unreachable || mismatch(v);
    if (found != BOTTOM) return mismatch(v);
    v->top--;
    return true;
}

static inline bool pop(struct wasm_validator *v, uint8_t wanted)
{
    if (UNLIKELY(v->top[-1] != wanted)) return pop_slow(v, wanted);
    v->top--;
    return true;
}

/* Whatever is on top; BOTTOM if nothing is, in unreachable code. */
static inline bool pop_any(struct wasm_validator *v, uint8_t *type)
{
    *type = v->top[-1];
    if (*type != SENTINEL) {
        v->top--;
        return true;
    }
    *type = BOTTOM;
    return v->frame->unreachable || mismatch(v);
}

static inline bool pop_all(struct wasm_validator *v, const uint8_t *types, uint32_t count)
{
    size_t there = (size_t)(v->top - v->stack) - v->frame->base;
    if (LIKELY(there >= count && memcmp(v->top - count, types, count) == 0)) {
        v->top -= count;
        return true;
    }
    while (count > 0)
        if (!pop(v, types[--count])) return false;
    return true;
}

static inline bool push_all(struct wasm_validator *v, const uint8_t *types, uint32_t count)
{
    if (UNLIKELY(count > 1) && !wasm_validator_room(v, count)) return false;
    memcpy(v->top, types, count);
    v->top += count;
    if (v->top > v->most) v->most = v->top;
    return true;
}

/* The operands on top are of these types, and stay. */
static inline bool operands_are(struct wasm_validator *v, const uint8_t *types, uint32_t count)
{
    size_t there = (size_t)(v->top - v->stack) - v->frame->base;
    if (LIKELY(there >= count && memcmp(v->top - count, types, count) == 0)) return true;
    for (uint32_t i = 1; i <= count; i++) {
        if (i > there) return v->frame->unreachable || mismatch(v);
        if (v->top[-(ptrdiff_t)i] != types[count - i] && v->top[-(ptrdiff_t)i] != BOTTOM) return mismatch(v);
    }
    return true;
}

static inline void set_unreachable(struct wasm_validator *v)
{
    v->top = v->stack + v->frame->base;
    v->frame->unreachable = true;
}

/* ---- blocks and labels ---- */

struct shape {
    const uint8_t *types;
    uint32_t count;
};

static inline struct shape frame_params(struct wasm_validator *v, const struct wasm_frame *f)
{
    if (f->type < 0) return (struct shape){NULL, 0};
    const struct wasm_func_type *t = &v->m->types[f->type];
    return (struct shape){t->types, t->param_count};
}

static inline struct shape frame_results(struct wasm_validator *v, const struct wasm_frame *f)
{
    if (f->type == BLOCK_EMPTY) return (struct shape){NULL, 0};
    if (f->type < 0) return (struct shape){&f->result, 1};
    const struct wasm_func_type *t = &v->m->types[f->type];
    return (struct shape){wasm_results(t), t->result_count};
}

/* What a branch to the frame carries. */
static inline struct shape label_types(struct wasm_validator *v, const struct wasm_frame *f)
{
    return f->kind == FRAME_LOOP ? frame_params(v, f) : frame_results(v, f);
}

static inline bool read_block_type(struct wasm_validator *v, int32_t *type)
{
    if (v->r->p < v->r->end && (*v->r->p == 0x40 || wasm_type_is_value(*v->r->p))) {
        *type = (int32_t)*v->r->p++ - 128;
        return true;
    }
    int64_t number;
    if (!wasm_read_signed(v->r, 33, &number)) return false;
    if (number < 0) return fail(v, WASM_RULE_BLOCK_TYPE);
    if (number >= v->m->type_count) return fail_index(v, WASM_RULE_UNKNOWN_TYPE, (uint32_t)number);
    *type = (int32_t)number;
    return true;
}

/* Opens a frame whose parameters, already taken, become its first operands. */
static inline bool open_frame(struct wasm_validator *v, enum frame_kind kind, int32_t type)
{
    if (UNLIKELY(v->frame + 1 == v->frames_end) && !wasm_validator_more_frames(v)) return false;
    *v->top++ = SENTINEL;
    struct wasm_frame *f = ++v->frame;
    *f = (struct wasm_frame){
        .base = (uint32_t)(v->top - v->stack), .type = type, .kind = kind, .result = (uint8_t)(type + 128)};
    uint32_t depth = (uint32_t)(f - v->frames);
    if (depth > v->deepest) v->deepest = depth;
    struct shape params = frame_params(v, f);
    return push_all(v, params.types, params.count);
}

static inline bool begin_block(struct wasm_validator *v, enum frame_kind kind)
{
    int32_t type;
    if (!read_block_type(v, &type)) return false;
    if (kind == FRAME_IF && !pop(v, WASM_I32)) return false;
    if (type >= 0) {
        const struct wasm_func_type *t = &v->m->types[type];
        if (!pop_all(v, t->types, t->param_count)) return false;
    }
    return open_frame(v, kind, type);
}

/* The operands are the frame's results and nothing more; takes them. */
static inline bool finish_arm(struct wasm_validator *v)
{
    struct shape results = frame_results(v, v->frame);
    if (!pop_all(v, results.types, results.count)) return false;
    if (v->top != v->stack + v->frame->base) return mismatch(v);
    return true;
}

/* Goes on with the other arm of an if or the handler of a try. */
static inline bool begin_arm(struct wasm_validator *v, enum frame_kind kind, const uint8_t *types,
                             uint32_t count)
{
    v->frame->kind = kind;
    v->frame->unreachable = false;
    return push_all(v, types, count);
}

/* Closes the innermost frame and leaves its results.  After the function's own there is no frame. */
static inline bool end_block(struct wasm_validator *v)
{
    struct wasm_frame *f = v->frame;
    if (!finish_arm(v)) return false;
    struct shape results = frame_results(v, f);
    if (f->kind == FRAME_IF) {
        struct shape params = frame_params(v, f);
        if (params.count != results.count || memcmp(params.types, results.types, params.count) != 0)
            return mismatch(v);
    }
    v->top--; /* the sentinel */
    v->frame--;
    if (f->kind == FRAME_FUNCTION) return true;
    return push_all(v, results.types, results.count);
}

/* depth counts from the frame `from`. */
static inline bool find_label(struct wasm_validator *v, struct wasm_frame *from, uint32_t depth,
                              struct wasm_frame **target)
{
    if (depth > (size_t)(from - v->frames) - 1) return fail_index(v, WASM_RULE_UNKNOWN_LABEL, depth);
    *target = from - depth;
    return true;
}

static inline bool read_label(struct wasm_validator *v, struct wasm_frame **target)
{
    uint32_t depth;
    return wasm_read_u32(v->r, &depth) && find_label(v, v->frame, depth, target);
}

/* ---- locals ---- */

/* The type of local `index`, which exists.  Only as many as the body could name in passing are laid out in an array, so that five
 * bytes that declare 50,000 locals cost five bytes' time. */
static COLD uint8_t far_local_type(struct wasm_validator *v, uint32_t index)
{
    uint32_t low = 0, high = v->run_count - 1;
    while (low < high) {
        uint32_t middle = (low + high) / 2;
        if (index < v->runs[middle].end)
            high = middle;
        else
            low = middle + 1;
    }
    return v->runs[low].type;
}

static inline uint8_t local_type(struct wasm_validator *v, uint32_t index)
{
    return LIKELY(index < v->locals_known) ? v->locals[index] : far_local_type(v, index);
}

#endif
