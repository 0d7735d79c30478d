/* The validator's main loop. */
#include "loader/wasm/validate_stack.h"

/* For the main loop, by opcode: the type of the last operand (of both, where there are two alike) and of the result. */
#define TYPE_NONE 0
#define TYPE_I32 WASM_I32
#define TYPE_I64 WASM_I64
#define TYPE_F32 WASM_F32
#define TYPE_F64 WASM_F64
#define TYPE_V128 WASM_V128
#define TYPE_ADDRESS WASM_I32
#define LAST_0(a, b, c) TYPE_NONE
#define LAST_1(a, b, c) a
#define LAST_2(a, b, c) b
#define LAST_3(a, b, c) c
enum {
    LAST_special = TYPE_NONE,
    RESULT_special = TYPE_NONE,
#define WASM_SIG(name, pop_count, p1, p2, p3, push_count, push)                                              \
    LAST_##name = LAST_##pop_count(TYPE_##p1, TYPE_##p2, TYPE_##p3), RESULT_##name = TYPE_##push,
#include "spec/wasm_ops.def"
};

static const uint8_t operand_types[WASM_OP_LIMIT] = {
#define WASM_OP(name, text, code, imm, extra, sig) [code] = LAST_##sig,
#include "spec/wasm_ops.def"
};
static const uint8_t result_types[WASM_OP_LIMIT] = {
#define WASM_OP(name, text, code, imm, extra, sig) [code] = RESULT_##sig,
#include "spec/wasm_ops.def"
};

/* Eight bytes at p, the first in the low byte. */
static inline uint64_t load_u64(const uint8_t *p)
{
    uint64_t word;
    memcpy(&word, p, 8);
    return word;
}

/* In a word that begins with a LEB128 number of at most `bytes` bytes: a bit pattern whose lowest bit is the top bit of the number's last
 * byte; 0: it is longer.  No branches: compilers pad numbers that the linker fills in to five bytes, next to short ones. */
static inline uint64_t leb_end(uint64_t word, unsigned bytes)
{
    return ~word & (0x8080808080808080ull >> (64 - 8 * bytes));
}
static inline unsigned leb_size(uint64_t end)
{
    return (unsigned)__builtin_ctzll(end) / 8 + 1;
}
/* Of a number of 32 bits: its fifth byte, if there is one, holds no bits beyond. */
static inline bool leb_u32_fits(uint64_t word, uint64_t end)
{
    return ((word & (end ^ (end - 1))) & 0xf000000000ull) == 0;
}
static inline bool leb_s32_fits(uint64_t word, uint64_t end)
{
    uint64_t high = (word & (end ^ (end - 1))) & 0x7800000000ull;
    return (high == 0) | (high == 0x7800000000ull);
}
static inline uint32_t leb_u32(uint64_t word, uint64_t end)
{
    word &= end ^ (end - 1);
    return (uint32_t)((word & 0x7f) | (word >> 1 & 0x3f80) | (word >> 2 & 0x1fc000) |
                      (word >> 3 & 0xfe00000) | (word >> 4 & 0xf0000000));
}

/* Goes on with the next instruction.  Beyond `safe` a handler might read past the binary's end: one by one there. */
#define NEXT                                                                                                 \
    do {                                                                                                     \
        if (UNLIKELY(p >= safe)) goto edge;                                                                  \
        op = *p++;                                                                                           \
        goto *handlers[op];                                                                                  \
    } while (0)

/* The frequent instructions in their frequent forms, with the state in registers; the rest, and whatever looks wrong, one by one above.
 * A handler may read up to 16 bytes; it may run over the body's end, which the next step notices. */
bool wasm_validate_code(struct wasm_validator *v)
{
#pragma clang diagnostic push
#pragma clang diagnostic ignored "-Winitializer-overrides"
    static const void *const handlers[256] = {
        [0 ... 255] = &&slow,
        [WASM_OP_BLOCK] = &&block,
        [WASM_OP_LOOP] = &&loop,
        [WASM_OP_IF] = &&if_,
        [WASM_OP_END] = &&end,
        [WASM_OP_BR] = &&br,
        [WASM_OP_BR_IF] = &&br_if,
        [WASM_OP_CALL] = &&call,
        [WASM_OP_DROP] = &&drop,
        [WASM_OP_SELECT] = &&select,
        [WASM_OP_LOCAL_GET] = &&local_get,
        [WASM_OP_LOCAL_SET] = &&local_set,
        [WASM_OP_LOCAL_TEE] = &&local_tee,
        [WASM_OP_GLOBAL_GET] = &&global_get,
        [WASM_OP_GLOBAL_SET] = &&global_set,
        [WASM_OP_I32_LOAD... WASM_OP_I64_LOAD32_U] = &&load,
        [WASM_OP_I32_STORE... WASM_OP_I64_STORE32] = &&store,
        [WASM_OP_I32_CONST] = &&i32_const,
        [WASM_OP_I64_CONST] = &&i64_const,
        [WASM_OP_F64_CONST] = &&f64_const,
        [WASM_OP_I32_EQZ] = &&unary,
        [WASM_OP_I32_EQ... WASM_OP_I32_GE_U] = &&binary,
        [WASM_OP_I64_EQZ] = &&unary,
        [WASM_OP_I64_EQ... WASM_OP_F64_GE] = &&binary,
        [WASM_OP_I32_CLZ... WASM_OP_I32_POPCNT] = &&unary,
        [WASM_OP_I32_ADD... WASM_OP_I32_ROTR] = &&binary,
        [WASM_OP_I64_CLZ... WASM_OP_I64_POPCNT] = &&unary,
        [WASM_OP_I64_ADD... WASM_OP_I64_ROTR] = &&binary,
        [WASM_OP_F32_ABS... WASM_OP_F32_SQRT] = &&unary,
        [WASM_OP_F32_ADD... WASM_OP_F32_COPYSIGN] = &&binary,
        [WASM_OP_F64_ABS... WASM_OP_F64_SQRT] = &&unary,
        [WASM_OP_F64_ADD... WASM_OP_F64_COPYSIGN] = &&binary,
        [WASM_OP_I32_WRAP_I64... WASM_OP_I64_EXTEND32_S] = &&unary,
    };
#pragma clang diagnostic pop
    const struct wasm_module *const m = v->m;
    const uint8_t *p = v->r->p, *const body_end = v->r->end, *const all_end = m->bytes + m->size;
    const uint8_t *const safe = all_end - body_end >= 16 ? body_end : m->size > 16 ? all_end - 16 : m->bytes;
    uint8_t *top = v->top, *most = v->most;
    const uint8_t *const locals = v->locals;
    const uint32_t near_locals = v->locals_known < 128 ? v->locals_known : 128;
    const bool plain_memory = m->memory_count > 0 && !m->memories[0].is64;
    unsigned op;
    NEXT;

block:
loop:
if_: {
    uint8_t type = *p;
    struct wasm_frame *f = v->frame + 1;
    if (UNLIKELY(type != 0x40 && !wasm_type_is_value(type)) || UNLIKELY(f == v->frames_end)) goto slow;
    if (op == WASM_OP_IF) {
        if (UNLIKELY(top[-1] != WASM_I32)) goto slow;
        top--;
    }
    p++;
    *top++ = SENTINEL;
    static const uint8_t kinds[] = {FRAME_BLOCK, FRAME_LOOP, FRAME_IF};
    *f = (struct wasm_frame){.base = (uint32_t)(top - v->stack),
                             .type = (int32_t)type - 128,
                             .kind = kinds[op - WASM_OP_BLOCK],
                             .result = type};
    v->frame = f;
    if (op == WASM_OP_LOOP) v->function->flags |= WASM_FUNCTION_LOOPS;
    uint32_t depth = (uint32_t)(f - v->frames);
    if (depth > v->deepest) v->deepest = depth;
    NEXT;
}
end: {
    const struct wasm_frame *f = v->frame;
    const uint8_t *base = v->stack + f->base;
    if (f->type == BLOCK_EMPTY && top == base) {
        top--;
    } else {
        if (f->type >= 0 || f->kind == FRAME_IF || top != base + 1 || top[-1] != f->result) goto slow;
        top--;
        top[-1] = f->result;
    }
    v->frame--;
    NEXT;
}
br: {
    struct wasm_frame *f = v->frame;
    if (UNLIKELY(*p >= 0x80 || *p >= f - v->frames) || f[-(ptrdiff_t)*p].type != BLOCK_EMPTY) goto slow;
    p++;
    f->unreachable = true;
    top = v->stack + f->base;
    NEXT;
}
br_if: {
    struct wasm_frame *f = v->frame;
    if (UNLIKELY(*p >= 0x80 || *p >= f - v->frames) || f[-(ptrdiff_t)*p].type != BLOCK_EMPTY ||
        UNLIKELY(top[-1] != WASM_I32))
        goto slow;
    p++;
    top--;
    NEXT;
}
call: {
    uint64_t word = load_u64(p), ends = leb_end(word, 5);
    if (UNLIKELY(ends == 0 || !leb_u32_fits(word, ends))) goto slow;
    uint32_t index = leb_u32(word, ends);
    if (UNLIKELY(index >= m->function_count)) goto slow;
    const struct wasm_call_effect *e = &v->calls[m->functions[index].type];
    if (UNLIKELY(!e->is_small || ((load_u64(top - 8) ^ e->wanted) & e->mask) != 0)) goto slow;
    v->function->flags |= WASM_FUNCTION_CALLS;
    p += leb_size(ends);
    top -= e->pops;
    *top = e->push;
    top += e->pushes;
    most = top > most ? top : most;
    NEXT;
}
drop:
    if (UNLIKELY(top[-1] == SENTINEL)) goto slow;
    top--;
    NEXT;
select:
    if (UNLIKELY(top[-1] != WASM_I32 || top[-2] < WASM_V128 || top[-2] != top[-3])) goto slow;
    top -= 2;
    NEXT;
local_get:
    if (UNLIKELY(*p >= near_locals)) goto slow;
    *top++ = locals[*p++];
    most = top > most ? top : most;
    NEXT;
local_set:
    if (UNLIKELY(*p >= near_locals || top[-1] != locals[*p])) goto slow;
    p++;
    top--;
    NEXT;
local_tee:
    if (UNLIKELY(*p >= near_locals || top[-1] != locals[*p])) goto slow;
    p++;
    NEXT;
global_get:
global_set: {
    uint64_t word = load_u64(p), ends = leb_end(word, 5);
    if (UNLIKELY(ends == 0 || !leb_u32_fits(word, ends))) goto slow;
    uint32_t index = leb_u32(word, ends);
    if (UNLIKELY(index >= m->global_count)) goto slow;
    const struct wasm_global_type *g = &m->globals[index].type;
    if (op == WASM_OP_GLOBAL_GET) {
        *top++ = g->type;
        most = top > most ? top : most;
    } else {
        if (UNLIKELY(!g->is_mutable || top[-1] != g->type)) goto slow;
        top--;
    }
    p += leb_size(ends);
    NEXT;
}
load:
    if (UNLIKELY(top[-1] != WASM_I32)) goto slow;
    top[-1] = result_types[op];
    goto access;
store:
    if (UNLIKELY(top[-1] != operand_types[op] || top[-2] != WASM_I32)) goto slow;
    top -= 2;
access: {
    if (UNLIKELY(p[0] > wasm_op_infos[op].extra || !plain_memory)) goto undo_access;
    if (LIKELY(p[1] < 0x80)) {
        p += 2;
        NEXT;
    }
    uint64_t word = load_u64(p + 1), ends = leb_end(word, 5);
    if (UNLIKELY(ends == 0 || !leb_u32_fits(word, ends))) goto undo_access;
    p += 1 + leb_size(ends);
    NEXT;
}
undo_access: /* the operands as they were, for the message */
    if (op < WASM_OP_I32_STORE) {
        top[-1] = WASM_I32;
    } else {
        top += 2;
    }
    goto slow;
i32_const:
    *top++ = WASM_I32;
    most = top > most ? top : most;
    if (LIKELY(*p < 0x80)) {
        p++;
        NEXT;
    }
    {
        uint64_t word = load_u64(p), ends = leb_end(word, 5);
        if (UNLIKELY(ends == 0 || !leb_s32_fits(word, ends))) {
            top--;
            goto slow;
        }
        p += leb_size(ends);
        NEXT;
    }
i64_const: {
    uint64_t ends = leb_end(load_u64(p), 8);
    if (UNLIKELY(ends == 0)) goto slow;
    p += leb_size(ends);
    *top++ = WASM_I64;
    most = top > most ? top : most;
    NEXT;
}
f64_const:
    p += 8;
    *top++ = WASM_F64;
    most = top > most ? top : most;
    NEXT;
unary:
    if (UNLIKELY(top[-1] != operand_types[op])) goto slow;
    top[-1] = result_types[op];
    NEXT;
binary:
    if (UNLIKELY(top[-1] != operand_types[op] || top[-2] != operand_types[op])) goto slow;
    top--;
    top[-1] = result_types[op];
    NEXT;

edge:
    if (p >= body_end) {
        v->at = body_end;
        return fail(v, WASM_RULE_END);
    }
    op = *p++;
slow:
    v->r->p = p;
    v->at = p - 1;
    v->top = top;
    v->most = most;
    if (UNLIKELY(!wasm_validate_instruction(v, op))) return false;
    if (v->frame == v->frames) return true;
    p = v->r->p;
    top = v->top;
    most = v->most;
    NEXT;
}

#undef NEXT
