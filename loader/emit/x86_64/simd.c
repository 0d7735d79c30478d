/* Vector instructions from SSE4.1, encoded with VEX where there is AVX. */
#include "loader/emit/simd.h"
#include "loader/emit/x86_64/encode.h"
#include "loader/wasm/ops.h"

#define S EMIT_V_SCRATCH
#define I(op) (MAP_0F | PREFIX_66 | (op))   /* integer instructions of the 0f map */
#define J(op) (MAP_0F38 | PREFIX_66 | (op)) /* of 0f38 */
#define K(op) (MAP_0F3A | PREFIX_66 | (op)) /* of 0f3a, with an immediate */
#define PS(op) (MAP_0F | (op))
#define PD(op) (MAP_0F | PREFIX_66 | (op))

enum {
    PADDD = I(0xfe),
    PSUBB = I(0xf8),
    PSUBW = I(0xf9),
    PSUBD = I(0xfa),
    PSUBQ = I(0xfb),
    PADDQ = I(0xd4),
    PADDB = I(0xfc),
    PAND = I(0xdb),
    PANDN = I(0xdf),
    POR = I(0xeb),
    PXOR = I(0xef),
    PCMPEQB = I(0x74),
    PCMPEQW = I(0x75),
    PCMPEQD = I(0x76),
    PCMPEQQ = J(0x29),
    PCMPGTD = I(0x66),
    PSHUFB = J(0x00),
    PSHUFD = I(0x70),
    PMADDWD = I(0xf5),
    PMADDUBSW = J(0x04),
    PMULUDQ = I(0xf4),
    PMULDQ = J(0x28),
    PMULLW = I(0xd5),
    PMULLD = J(0x40),
    PMAXSD = J(0x3d),
    PTEST = J(0x17),
    PACKUSWB = I(0x67),
    PACKSSWB = I(0x63),
    PUNPCKLBW = I(0x60),
    PUNPCKHBW = I(0x68),
    PUNPCKLQDQ = I(0x6c),
    MOVAPS = PS(0x28),
};

/* op d, a, b */
static void v3(struct emit *e, uint32_t op, emit_reg d, emit_reg a, emit_reg b)
{
    x86_vector(e, op, false, d, a, b);
}
static void v3i(struct emit *e, uint32_t op, emit_reg d, emit_reg a, emit_reg b, unsigned immediate)
{
    x86_vector(e, op, false, d, a, b);
    x86_imm8(e, (int)immediate);
}
/* op d, a */
static void v2(struct emit *e, uint32_t op, emit_reg d, emit_reg a)
{
    if (x86_avx(e)) {
        x86_vrr(e, op, 0, d, 0, a);
    } else {
        x86_rr(e, op, 0, d, a);
    }
}
static void v2i(struct emit *e, uint32_t op, emit_reg d, emit_reg a, unsigned immediate)
{
    v2(e, op, d, a);
    x86_imm8(e, (int)immediate);
}
/* op d, a, constant of the pool */
static void v3pool(struct emit *e, uint32_t op, emit_reg d, emit_reg a, unsigned constant)
{
    if (x86_avx(e)) {
        x86_vrip(e, op, d, a, e->pool + constant, 0);
    } else {
        emit_fmove(e, d, a);
        x86_rip(e, op, d, e->pool + constant, 0);
    }
}
static void load_pool(struct emit *e, emit_reg d, unsigned constant)
{
    if (x86_avx(e)) {
        x86_vrip(e, MOVAPS, d, 0, e->pool + constant, 0);
    } else {
        x86_rip(e, MOVAPS, d, e->pool + constant, 0);
    }
}
static void zero(struct emit *e, emit_reg d)
{
    v3(e, PXOR, d, d, d);
}
static void ones(struct emit *e, emit_reg d)
{
    v3(e, PCMPEQD, d, d, d);
}
static void invert(struct emit *e, emit_reg d)
{
    ones(e, S);
    v3(e, PXOR, d, d, S);
}

/* Shift by a constant: size 1, 2, 3 for words, doublewords, quadwords; the instruction's extension says which shift. */
enum { SHIFT_LEFT = 6, SHIFT_ARITHMETIC = 4, SHIFT_RIGHT = 2 };
static void shift_imm(struct emit *e, unsigned size, unsigned how, emit_reg d, emit_reg a, unsigned count)
{
    uint32_t op = I(0x70u + size);
    if (x86_avx(e)) {
        x86_vrr(e, op, 0, how, d, a);
    } else {
        emit_fmove(e, d, a);
        x86_rr(e, op, 0, how, d);
    }
    x86_imm8(e, (int)count);
}
/* By the count in the scratch vector. */
static void shift_by_scratch(struct emit *e, unsigned size, unsigned how, emit_reg d, emit_reg a)
{
    unsigned base = how == SHIFT_LEFT ? 0xf0 : how == SHIFT_ARITHMETIC ? 0xe0 : 0xd0;
    v3(e, I(base + size), d, a, S);
}

/* ---- single instructions ---- */

struct simple {
    uint16_t op;
    bool swapped;      /* operands in the other order */
    uint8_t immediate; /* 1 + the immediate, if there is one */
};

#define SIMPLE(name, code) [WASM_OP_##name - 0x200] = {code, false, 0}
#define SWAPPED(name, code) [WASM_OP_##name - 0x200] = {code, true, 0}
#define COMPARE(name, code, condition) [WASM_OP_##name - 0x200] = {code, false, condition + 1}
#define COMPARE_SWAPPED(name, code, condition) [WASM_OP_##name - 0x200] = {code, true, condition + 1}

static const struct simple simples[256] = {
    SIMPLE(I8X16_EQ, I(0x74)),
    SIMPLE(I16X8_EQ, I(0x75)),
    SIMPLE(I32X4_EQ, I(0x76)),
    SIMPLE(I64X2_EQ, J(0x29)),
    SIMPLE(I8X16_GT_S, I(0x64)),
    SIMPLE(I16X8_GT_S, I(0x65)),
    SIMPLE(I32X4_GT_S, I(0x66)),
    SWAPPED(I8X16_LT_S, I(0x64)),
    SWAPPED(I16X8_LT_S, I(0x65)),
    SWAPPED(I32X4_LT_S, I(0x66)),
    SIMPLE(V128_AND, I(0xdb)),
    SWAPPED(V128_ANDNOT, I(0xdf)),
    SIMPLE(V128_OR, I(0xeb)),
    SIMPLE(V128_XOR, I(0xef)),
    SIMPLE(I8X16_NARROW_I16X8_S, I(0x63)),
    SIMPLE(I8X16_NARROW_I16X8_U, I(0x67)),
    SIMPLE(I16X8_NARROW_I32X4_S, I(0x6b)),
    SIMPLE(I16X8_NARROW_I32X4_U, J(0x2b)),
    SIMPLE(I8X16_ADD, I(0xfc)),
    SIMPLE(I8X16_ADD_SAT_S, I(0xec)),
    SIMPLE(I8X16_ADD_SAT_U, I(0xdc)),
    SIMPLE(I8X16_SUB, I(0xf8)),
    SIMPLE(I8X16_SUB_SAT_S, I(0xe8)),
    SIMPLE(I8X16_SUB_SAT_U, I(0xd8)),
    SIMPLE(I8X16_MIN_S, J(0x38)),
    SIMPLE(I8X16_MIN_U, I(0xda)),
    SIMPLE(I8X16_MAX_S, J(0x3c)),
    SIMPLE(I8X16_MAX_U, I(0xde)),
    SIMPLE(I8X16_AVGR_U, I(0xe0)),
    SIMPLE(I16X8_ADD, I(0xfd)),
    SIMPLE(I16X8_ADD_SAT_S, I(0xed)),
    SIMPLE(I16X8_ADD_SAT_U, I(0xdd)),
    SIMPLE(I16X8_SUB, I(0xf9)),
    SIMPLE(I16X8_SUB_SAT_S, I(0xe9)),
    SIMPLE(I16X8_SUB_SAT_U, I(0xd9)),
    SIMPLE(I16X8_MUL, I(0xd5)),
    SIMPLE(I16X8_MIN_S, I(0xea)),
    SIMPLE(I16X8_MIN_U, J(0x3a)),
    SIMPLE(I16X8_MAX_S, I(0xee)),
    SIMPLE(I16X8_MAX_U, J(0x3e)),
    SIMPLE(I16X8_AVGR_U, I(0xe3)),
    SIMPLE(I32X4_ADD, I(0xfe)),
    SIMPLE(I32X4_SUB, I(0xfa)),
    SIMPLE(I32X4_MUL, J(0x40)),
    SIMPLE(I32X4_MIN_S, J(0x39)),
    SIMPLE(I32X4_MIN_U, J(0x3b)),
    SIMPLE(I32X4_MAX_S, J(0x3d)),
    SIMPLE(I32X4_MAX_U, J(0x3f)),
    SIMPLE(I32X4_DOT_I16X8_S, I(0xf5)),
    SIMPLE(I64X2_ADD, I(0xd4)),
    SIMPLE(I64X2_SUB, I(0xfb)),
    SIMPLE(F32X4_ADD, PS(0x58)),
    SIMPLE(F32X4_SUB, PS(0x5c)),
    SIMPLE(F32X4_MUL, PS(0x59)),
    SIMPLE(F32X4_DIV, PS(0x5e)),
    SIMPLE(F64X2_ADD, PD(0x58)),
    SIMPLE(F64X2_SUB, PD(0x5c)),
    SIMPLE(F64X2_MUL, PD(0x59)),
    SIMPLE(F64X2_DIV, PD(0x5e)),
    SWAPPED(F32X4_PMIN, PS(0x5d)),
    SWAPPED(F32X4_PMAX, PS(0x5f)),
    SWAPPED(F64X2_PMIN, PD(0x5d)),
    SWAPPED(F64X2_PMAX, PD(0x5f)),
    COMPARE(F32X4_EQ, PS(0xc2), 0),
    COMPARE(F32X4_LT, PS(0xc2), 1),
    COMPARE(F32X4_LE, PS(0xc2), 2),
    COMPARE(F32X4_NE, PS(0xc2), 4),
    COMPARE_SWAPPED(F32X4_GT, PS(0xc2), 1),
    COMPARE_SWAPPED(F32X4_GE, PS(0xc2), 2),
    COMPARE(F64X2_EQ, PD(0xc2), 0),
    COMPARE(F64X2_LT, PD(0xc2), 1),
    COMPARE(F64X2_LE, PD(0xc2), 2),
    COMPARE(F64X2_NE, PD(0xc2), 4),
    COMPARE_SWAPPED(F64X2_GT, PD(0xc2), 1),
    COMPARE_SWAPPED(F64X2_GE, PD(0xc2), 2),
};

bool emit_vector_is_simple(uint32_t op)
{
    return simples[(op - 0x200) & 255].op;
}

bool emit_vector_simple(struct emit *e, uint32_t op, emit_reg d, emit_reg a, emit_reg b)
{
    const struct simple *s = &simples[(op - 0x200) & 255];
    if (!s->op) return false;
    if (s->swapped) {
        v3(e, s->op, d, b, a);
    } else {
        v3(e, s->op, d, a, b);
    }
    if (s->immediate) x86_imm8(e, s->immediate - 1);
    return true;
}

/* ---- two operands ---- */

/* a >= b: the lesser of both is b.  a > b: the greater of both is not b. */
static void at_least(struct emit *e, uint32_t minimum, uint32_t equal, emit_reg d, emit_reg a, emit_reg b)
{
    v3(e, minimum, d, a, b);
    v3(e, equal, d, d, b);
}
static void above(struct emit *e, uint32_t maximum, uint32_t equal, emit_reg d, emit_reg a, emit_reg b)
{
    at_least(e, maximum, equal, d, a, b);
    invert(e, d);
}

/* The high halves decide, or if they are equal the borrow of the difference. */
static void greater_64(struct emit *e, emit_reg d, emit_reg a, emit_reg b, emit_reg t)
{
    v3(e, PSUBQ, d, b, a);
    v3(e, PCMPEQD, t, a, b);
    v3(e, PAND, d, d, t);
    v3(e, PCMPGTD, t, a, b);
    v3(e, POR, d, d, t);
    v2i(e, PSHUFD, d, d, 0xf5);
    shift_imm(e, 2, SHIFT_ARITHMETIC, d, d, 31);
}

static void multiply_64(struct emit *e, emit_reg d, emit_reg a, emit_reg b, emit_reg t)
{
    shift_imm(e, 3, SHIFT_RIGHT, t, a, 32);
    v3(e, PMULUDQ, t, t, b);
    shift_imm(e, 3, SHIFT_RIGHT, S, b, 32);
    v3(e, PMULUDQ, S, S, a);
    v3(e, PADDQ, t, t, S);
    shift_imm(e, 3, SHIFT_LEFT, t, t, 32);
    v3(e, PMULUDQ, d, a, b);
    v3(e, PADDQ, d, d, t);
}

static void extended_product(struct emit *e, uint32_t extend, uint32_t multiply, bool high, emit_reg d,
                             emit_reg a, emit_reg b, emit_reg t)
{
    if (high) {
        v2i(e, PSHUFD, d, a, 0xee);
        v2i(e, PSHUFD, t, b, 0xee);
        v2(e, extend, d, d);
        v2(e, extend, t, t);
    } else {
        v2(e, extend, d, a);
        v2(e, extend, t, b);
    }
    v3(e, multiply, d, d, t);
}

static void extended_product_64(struct emit *e, uint32_t multiply, bool high, emit_reg d, emit_reg a,
                                emit_reg b, emit_reg t)
{
    v2i(e, PSHUFD, d, a, high ? 0xfa : 0x50);
    v2i(e, PSHUFD, t, b, high ? 0xfa : 0x50);
    v3(e, multiply, d, d, t);
}

/* The instruction gives its second operand for equal and unordered lanes: both orders together have both signs and every NaN. */
static void minimum(struct emit *e, bool wide, emit_reg d, emit_reg a, emit_reg b, emit_reg t)
{
    uint32_t p = wide ? (uint32_t)PREFIX_66 : 0;
    v3(e, PS(0x5d) | p, t, a, b);
    v3(e, PS(0x5d) | p, d, b, a);
    v3(e, PS(0x56) | p, t, t, d);
    v3i(e, PS(0xc2) | p, d, d, t, 3);
    v3(e, PS(0x56) | p, t, t, d);
    shift_imm(e, wide ? 3 : 2, SHIFT_RIGHT, d, d, wide ? 13 : 10);
    v3(e, PS(0x55) | p, d, d, t);
}
static void maximum(struct emit *e, bool wide, emit_reg d, emit_reg a, emit_reg b, emit_reg t)
{
    uint32_t p = wide ? (uint32_t)PREFIX_66 : 0;
    v3(e, PS(0x5f) | p, t, a, b);
    v3(e, PS(0x5f) | p, d, b, a);
    v3(e, PS(0x57) | p, d, d, t);
    v3(e, PS(0x56) | p, t, t, d);
    v3(e, PS(0x5c) | p, t, t, d);
    v3i(e, PS(0xc2) | p, d, d, t, 3);
    shift_imm(e, wide ? 3 : 2, SHIFT_RIGHT, d, d, wide ? 13 : 10);
    v3(e, PS(0x55) | p, d, d, t);
}

void emit_vector_binary(struct emit *e, uint32_t op, emit_reg d, emit_reg a, emit_reg b, emit_reg t)
{
    if (emit_vector_simple(e, op, d, a, b)) return;
    switch (op) {
    case WASM_OP_I8X16_NE: v3(e, PCMPEQB, d, a, b), invert(e, d); break;
    case WASM_OP_I16X8_NE: v3(e, PCMPEQW, d, a, b), invert(e, d); break;
    case WASM_OP_I32X4_NE: v3(e, PCMPEQD, d, a, b), invert(e, d); break;
    case WASM_OP_I64X2_NE: v3(e, PCMPEQQ, d, a, b), invert(e, d); break;
    case WASM_OP_I8X16_GE_S: at_least(e, J(0x38), PCMPEQB, d, a, b); break;
    case WASM_OP_I8X16_LE_S: at_least(e, J(0x38), PCMPEQB, d, b, a); break;
    case WASM_OP_I8X16_GE_U: at_least(e, I(0xda), PCMPEQB, d, a, b); break;
    case WASM_OP_I8X16_LE_U: at_least(e, I(0xda), PCMPEQB, d, b, a); break;
    case WASM_OP_I8X16_GT_U: above(e, I(0xde), PCMPEQB, d, a, b); break;
    case WASM_OP_I8X16_LT_U: above(e, I(0xde), PCMPEQB, d, b, a); break;
    case WASM_OP_I16X8_GE_S: at_least(e, I(0xea), PCMPEQW, d, a, b); break;
    case WASM_OP_I16X8_LE_S: at_least(e, I(0xea), PCMPEQW, d, b, a); break;
    case WASM_OP_I16X8_GE_U: at_least(e, J(0x3a), PCMPEQW, d, a, b); break;
    case WASM_OP_I16X8_LE_U: at_least(e, J(0x3a), PCMPEQW, d, b, a); break;
    case WASM_OP_I16X8_GT_U: above(e, J(0x3e), PCMPEQW, d, a, b); break;
    case WASM_OP_I16X8_LT_U: above(e, J(0x3e), PCMPEQW, d, b, a); break;
    case WASM_OP_I32X4_GE_S: at_least(e, J(0x39), PCMPEQD, d, a, b); break;
    case WASM_OP_I32X4_LE_S: at_least(e, J(0x39), PCMPEQD, d, b, a); break;
    case WASM_OP_I32X4_GE_U: at_least(e, J(0x3b), PCMPEQD, d, a, b); break;
    case WASM_OP_I32X4_LE_U: at_least(e, J(0x3b), PCMPEQD, d, b, a); break;
    case WASM_OP_I32X4_GT_U: above(e, J(0x3f), PCMPEQD, d, a, b); break;
    case WASM_OP_I32X4_LT_U: above(e, J(0x3f), PCMPEQD, d, b, a); break;
    case WASM_OP_I64X2_GT_S: greater_64(e, d, a, b, t); break;
    case WASM_OP_I64X2_LT_S: greater_64(e, d, b, a, t); break;
    case WASM_OP_I64X2_LE_S: greater_64(e, d, a, b, t), invert(e, d); break;
    case WASM_OP_I64X2_GE_S: greater_64(e, d, b, a, t), invert(e, d); break;
    case WASM_OP_I64X2_MUL: multiply_64(e, d, a, b, t); break;
    case WASM_OP_I8X16_SWIZZLE:
        v3pool(e, I(0xdc), t, b, POOL_SWIZZLE); /* indices past 15 saturate to a set top bit */
        v3(e, PSHUFB, d, a, t);
        break;
    case WASM_OP_I16X8_Q15MULR_SAT_S: /* only -1 times -1 does not fit */
        v3(e, J(0x0b), d, a, b);
        v3pool(e, PCMPEQW, t, d, POOL_WORD_SIGN);
        v3(e, PXOR, d, d, t);
        break;
    case WASM_OP_I16X8_EXTMUL_LOW_I8X16_S: extended_product(e, J(0x20), PMULLW, false, d, a, b, t); break;
    case WASM_OP_I16X8_EXTMUL_HIGH_I8X16_S: extended_product(e, J(0x20), PMULLW, true, d, a, b, t); break;
    case WASM_OP_I16X8_EXTMUL_LOW_I8X16_U: extended_product(e, J(0x30), PMULLW, false, d, a, b, t); break;
    case WASM_OP_I16X8_EXTMUL_HIGH_I8X16_U: extended_product(e, J(0x30), PMULLW, true, d, a, b, t); break;
    case WASM_OP_I32X4_EXTMUL_LOW_I16X8_S: extended_product(e, J(0x23), PMULLD, false, d, a, b, t); break;
    case WASM_OP_I32X4_EXTMUL_HIGH_I16X8_S: extended_product(e, J(0x23), PMULLD, true, d, a, b, t); break;
    case WASM_OP_I32X4_EXTMUL_LOW_I16X8_U: extended_product(e, J(0x33), PMULLD, false, d, a, b, t); break;
    case WASM_OP_I32X4_EXTMUL_HIGH_I16X8_U: extended_product(e, J(0x33), PMULLD, true, d, a, b, t); break;
    case WASM_OP_I64X2_EXTMUL_LOW_I32X4_S: extended_product_64(e, PMULDQ, false, d, a, b, t); break;
    case WASM_OP_I64X2_EXTMUL_HIGH_I32X4_S: extended_product_64(e, PMULDQ, true, d, a, b, t); break;
    case WASM_OP_I64X2_EXTMUL_LOW_I32X4_U: extended_product_64(e, PMULUDQ, false, d, a, b, t); break;
    case WASM_OP_I64X2_EXTMUL_HIGH_I32X4_U: extended_product_64(e, PMULUDQ, true, d, a, b, t); break;
    case WASM_OP_F32X4_MIN: minimum(e, false, d, a, b, t); break;
    case WASM_OP_F64X2_MIN: minimum(e, true, d, a, b, t); break;
    case WASM_OP_F32X4_MAX: maximum(e, false, d, a, b, t); break;
    case WASM_OP_F64X2_MAX: maximum(e, true, d, a, b, t); break;
    default: break;
    }
}

/* ---- one operand ---- */

static void extend_high(struct emit *e, uint32_t op, emit_reg d, emit_reg a)
{
    v2i(e, PSHUFD, d, a, 0xee);
    v2(e, op, d, d);
}

static void population(struct emit *e, emit_reg d, emit_reg a, emit_reg t)
{
    v3pool(e, PAND, t, a, POOL_NIBBLES);
    load_pool(e, d, POOL_BIT_COUNTS);
    v3(e, PSHUFB, d, d, t);
    shift_imm(e, 1, SHIFT_RIGHT, t, a, 4);
    v3pool(e, PAND, t, t, POOL_NIBBLES);
    load_pool(e, S, POOL_BIT_COUNTS);
    v3(e, PSHUFB, S, S, t);
    v3(e, PADDB, d, d, S);
}

static void truncate_f32_signed(struct emit *e, emit_reg d, emit_reg a, emit_reg t)
{
    v3i(e, PS(0xc2), t, a, a, 0);
    v3(e, PAND, d, a, t); /* NaN becomes 0 */
    v3(e, PXOR, t, t, d); /* top bit: not negative */
    v2(e, MAP_0F | PREFIX_F3 | 0x5b, d, d);
    v3(e, PAND, t, t, d); /* and yet the result is */
    shift_imm(e, 2, SHIFT_ARITHMETIC, t, t, 31);
    v3(e, PXOR, d, d, t);
}

/* The part above 2^31 is converted apart and added. */
static void truncate_f32_unsigned(struct emit *e, emit_reg d, emit_reg a, emit_reg t)
{
    zero(e, t);
    v3(e, PS(0x5f), d, a, t); /* NaN and negative numbers become 0 */
    load_pool(e, S, POOL_F32_2_31);
    v3(e, PS(0x5c), t, d, S);
    v3i(e, PS(0xc2), S, S, t, 2); /* 2^32 and beyond */
    v2(e, MAP_0F | PREFIX_F3 | 0x5b, t, t);
    v3(e, PXOR, t, t, S);
    zero(e, S);
    v3(e, PMAXSD, t, t, S);
    v2(e, MAP_0F | PREFIX_F3 | 0x5b, d, d);
    v3(e, PADDD, d, d, t);
}

static void convert_unsigned(struct emit *e, emit_reg d, emit_reg a, emit_reg t)
{
    zero(e, t);
    v3i(e, K(0x0e), t, t, a, 0x55); /* the low halves, exact */
    v3(e, PSUBD, d, a, t);
    v2(e, PS(0x5b), t, t);
    shift_imm(e, 2, SHIFT_RIGHT, d, d, 1);
    v2(e, PS(0x5b), d, d);
    v3(e, PS(0x58), d, d, d);
    v3(e, PS(0x58), d, d, t);
}

static void truncate_f64(struct emit *e, bool is_signed, emit_reg d, emit_reg a, emit_reg t)
{
    if (is_signed) {
        v3i(e, PD(0xc2), t, a, a, 0);
        v3pool(e, PAND, t, t, POOL_F64_I32_MAX); /* 0 for NaN */
        v3(e, PD(0x5d), d, a, t);
        v2(e, PD(0xe6), d, d);
        return;
    }
    zero(e, t);
    v3(e, PD(0x5f), d, a, t);
    v3pool(e, PD(0x5d), d, d, POOL_F64_U32_MAX);
    v2i(e, K(0x09), d, d, 3 | 8);
    v3pool(e, PD(0x58), d, d, POOL_F64_2_52); /* the integer is the low half now */
    v3i(e, PS(0xc6), d, d, t, 0x88);
}

static void negate(struct emit *e, uint32_t op, emit_reg d, emit_reg a)
{
    zero(e, d);
    v3(e, op, d, d, a);
}

void emit_vector_unary(struct emit *e, uint32_t op, emit_reg d, emit_reg a, emit_reg t)
{
    switch (op) {
    case WASM_OP_V128_NOT: ones(e, d), v3(e, PXOR, d, d, a); break;
    case WASM_OP_I8X16_ABS: v2(e, J(0x1c), d, a); break;
    case WASM_OP_I16X8_ABS: v2(e, J(0x1d), d, a); break;
    case WASM_OP_I32X4_ABS: v2(e, J(0x1e), d, a); break;
    case WASM_OP_I64X2_ABS:
        v2i(e, PSHUFD, t, a, 0xf5);
        shift_imm(e, 2, SHIFT_ARITHMETIC, t, t, 31);
        v3(e, PXOR, d, a, t);
        v3(e, PSUBQ, d, d, t);
        break;
    case WASM_OP_I8X16_NEG: negate(e, PSUBB, d, a); break;
    case WASM_OP_I16X8_NEG: negate(e, PSUBW, d, a); break;
    case WASM_OP_I32X4_NEG: negate(e, PSUBD, d, a); break;
    case WASM_OP_I64X2_NEG: negate(e, PSUBQ, d, a); break;
    case WASM_OP_I8X16_POPCNT: population(e, d, a, t); break;
    case WASM_OP_I16X8_EXTEND_LOW_I8X16_S: v2(e, J(0x20), d, a); break;
    case WASM_OP_I16X8_EXTEND_LOW_I8X16_U: v2(e, J(0x30), d, a); break;
    case WASM_OP_I16X8_EXTEND_HIGH_I8X16_S: extend_high(e, J(0x20), d, a); break;
    case WASM_OP_I16X8_EXTEND_HIGH_I8X16_U: extend_high(e, J(0x30), d, a); break;
    case WASM_OP_I32X4_EXTEND_LOW_I16X8_S: v2(e, J(0x23), d, a); break;
    case WASM_OP_I32X4_EXTEND_LOW_I16X8_U: v2(e, J(0x33), d, a); break;
    case WASM_OP_I32X4_EXTEND_HIGH_I16X8_S: extend_high(e, J(0x23), d, a); break;
    case WASM_OP_I32X4_EXTEND_HIGH_I16X8_U: extend_high(e, J(0x33), d, a); break;
    case WASM_OP_I64X2_EXTEND_LOW_I32X4_S: v2(e, J(0x25), d, a); break;
    case WASM_OP_I64X2_EXTEND_LOW_I32X4_U: v2(e, J(0x35), d, a); break;
    case WASM_OP_I64X2_EXTEND_HIGH_I32X4_S: extend_high(e, J(0x25), d, a); break;
    case WASM_OP_I64X2_EXTEND_HIGH_I32X4_U: extend_high(e, J(0x35), d, a); break;
    case WASM_OP_I16X8_EXTADD_PAIRWISE_I8X16_S:
        load_pool(e, d, POOL_ONE_BYTES);
        v3(e, PMADDUBSW, d, d, a);
        break;
    case WASM_OP_I16X8_EXTADD_PAIRWISE_I8X16_U: v3pool(e, PMADDUBSW, d, a, POOL_ONE_BYTES); break;
    case WASM_OP_I32X4_EXTADD_PAIRWISE_I16X8_S: v3pool(e, PMADDWD, d, a, POOL_ONE_WORDS); break;
    case WASM_OP_I32X4_EXTADD_PAIRWISE_I16X8_U: /* 2^15 less, and twice that added again */
        v3pool(e, PXOR, d, a, POOL_WORD_SIGN);
        load_pool(e, t, POOL_ONE_WORDS);
        v3(e, PMADDWD, d, d, t);
        shift_imm(e, 2, SHIFT_LEFT, t, t, 16);
        v3(e, PADDD, d, d, t);
        break;
    case WASM_OP_F32X4_ABS: v3pool(e, PS(0x54), d, a, POOL_F32_ABS); break;
    case WASM_OP_F32X4_NEG: v3pool(e, PS(0x57), d, a, POOL_F32_SIGN); break;
    case WASM_OP_F32X4_SQRT: v2(e, PS(0x51), d, a); break;
    case WASM_OP_F64X2_ABS: v3pool(e, PD(0x54), d, a, POOL_F64_ABS); break;
    case WASM_OP_F64X2_NEG: v3pool(e, PD(0x57), d, a, POOL_F64_SIGN); break;
    case WASM_OP_F64X2_SQRT: v2(e, PD(0x51), d, a); break;
    case WASM_OP_F32X4_CEIL: v2i(e, K(0x08), d, a, 8 | EMIT_ROUND_CEIL); break;
    case WASM_OP_F32X4_FLOOR: v2i(e, K(0x08), d, a, 8 | EMIT_ROUND_FLOOR); break;
    case WASM_OP_F32X4_TRUNC: v2i(e, K(0x08), d, a, 8 | EMIT_ROUND_TRUNC); break;
    case WASM_OP_F32X4_NEAREST: v2i(e, K(0x08), d, a, 8 | EMIT_ROUND_NEAREST); break;
    case WASM_OP_F64X2_CEIL: v2i(e, K(0x09), d, a, 8 | EMIT_ROUND_CEIL); break;
    case WASM_OP_F64X2_FLOOR: v2i(e, K(0x09), d, a, 8 | EMIT_ROUND_FLOOR); break;
    case WASM_OP_F64X2_TRUNC: v2i(e, K(0x09), d, a, 8 | EMIT_ROUND_TRUNC); break;
    case WASM_OP_F64X2_NEAREST: v2i(e, K(0x09), d, a, 8 | EMIT_ROUND_NEAREST); break;
    case WASM_OP_F32X4_DEMOTE_F64X2_ZERO: v2(e, PD(0x5a), d, a); break;
    case WASM_OP_F64X2_PROMOTE_LOW_F32X4: v2(e, PS(0x5a), d, a); break;
    case WASM_OP_I32X4_TRUNC_SAT_F32X4_S: truncate_f32_signed(e, d, a, t); break;
    case WASM_OP_I32X4_TRUNC_SAT_F32X4_U: truncate_f32_unsigned(e, d, a, t); break;
    case WASM_OP_F32X4_CONVERT_I32X4_S: v2(e, PS(0x5b), d, a); break;
    case WASM_OP_F32X4_CONVERT_I32X4_U: convert_unsigned(e, d, a, t); break;
    case WASM_OP_I32X4_TRUNC_SAT_F64X2_S_ZERO: truncate_f64(e, true, d, a, t); break;
    case WASM_OP_I32X4_TRUNC_SAT_F64X2_U_ZERO: truncate_f64(e, false, d, a, t); break;
    case WASM_OP_F64X2_CONVERT_LOW_I32X4_S: v2(e, MAP_0F | PREFIX_F3 | 0xe6, d, a); break;
    case WASM_OP_F64X2_CONVERT_LOW_I32X4_U: /* 2^52 plus the integer, less 2^52 */
        v3pool(e, PS(0x14), d, a, POOL_U32_HIGH);
        v3pool(e, PD(0x5c), d, d, POOL_F64_2_52);
        break;
    default: break;
    }
}

/* ---- shifts ---- */

static void set_count(struct emit *e, emit_reg count, unsigned constant, unsigned mask, unsigned more)
{
    if (count == EMIT_NONE) {
        emit_move_imm(e, X86_R11, (constant & mask) + more);
    } else {
        emit_alu_imm(e, EMIT_AND, false, X86_R11, count, (int32_t)mask);
        if (more) emit_alu_imm(e, EMIT_ADD, false, X86_R11, X86_R11, (int32_t)more);
    }
    emit_fbits(e, false, S, X86_R11);
}

/* 255 >> count in every byte. */
static void byte_mask(struct emit *e, emit_reg t)
{
    ones(e, t);
    shift_by_scratch(e, 1, SHIFT_RIGHT, t, t);
    v3(e, PACKUSWB, t, t, t);
}

void emit_vector_shift(struct emit *e, uint32_t op, emit_reg d, emit_reg a, emit_reg count, unsigned constant,
                       emit_reg t)
{
    switch (op) {
    case WASM_OP_I8X16_SHL:
    case WASM_OP_I8X16_SHR_U:
        set_count(e, count, constant, 7, 8);
        byte_mask(e, t);
        set_count(e, count, constant, 7, 0);
        if (op == WASM_OP_I8X16_SHL) {
            v3(e, PAND, d, a, t);
            shift_by_scratch(e, 1, SHIFT_LEFT, d, d);
        } else {
            shift_by_scratch(e, 1, SHIFT_RIGHT, d, a);
            v3(e, PAND, d, d, t);
        }
        break;
    case WASM_OP_I8X16_SHR_S: /* as the high bytes of words */
        set_count(e, count, constant, 7, 8);
        v3(e, PUNPCKHBW, t, t, a);
        v3(e, PUNPCKLBW, d, d, a);
        shift_by_scratch(e, 1, SHIFT_ARITHMETIC, t, t);
        shift_by_scratch(e, 1, SHIFT_ARITHMETIC, d, d);
        v3(e, PACKSSWB, d, d, t);
        break;
    case WASM_OP_I64X2_SHR_S: /* the sign bit, shifted too, makes the rest by a subtraction */
        set_count(e, count, constant, 63, 0);
        ones(e, t);
        shift_imm(e, 3, SHIFT_LEFT, t, t, 63);
        shift_by_scratch(e, 3, SHIFT_RIGHT, t, t);
        shift_by_scratch(e, 3, SHIFT_RIGHT, d, a);
        v3(e, PXOR, d, d, t);
        v3(e, PSUBQ, d, d, t);
        break;
    default: {
        static const struct {
            uint8_t size, how;
        } shifts[] = {
            [WASM_OP_I16X8_SHL - WASM_OP_I16X8_SHL] = {1, SHIFT_LEFT},
            [WASM_OP_I16X8_SHR_S - WASM_OP_I16X8_SHL] = {1, SHIFT_ARITHMETIC},
            [WASM_OP_I16X8_SHR_U - WASM_OP_I16X8_SHL] = {1, SHIFT_RIGHT},
            [WASM_OP_I32X4_SHL - WASM_OP_I16X8_SHL] = {2, SHIFT_LEFT},
            [WASM_OP_I32X4_SHR_S - WASM_OP_I16X8_SHL] = {2, SHIFT_ARITHMETIC},
            [WASM_OP_I32X4_SHR_U - WASM_OP_I16X8_SHL] = {2, SHIFT_RIGHT},
            [WASM_OP_I64X2_SHL - WASM_OP_I16X8_SHL] = {3, SHIFT_LEFT},
            [WASM_OP_I64X2_SHR_U - WASM_OP_I16X8_SHL] = {3, SHIFT_RIGHT},
        };
        unsigned size = shifts[op - WASM_OP_I16X8_SHL].size, how = shifts[op - WASM_OP_I16X8_SHL].how;
        unsigned mask = (8u << size) - 1;
        if (count == EMIT_NONE) {
            shift_imm(e, size, how, d, a, constant & mask);
        } else {
            set_count(e, count, 0, mask, 0);
            shift_by_scratch(e, size, how, d, a);
        }
    }
    }
}

/* ---- to and from general registers ---- */

static void general_from_vector(struct emit *e, uint32_t op, emit_reg d, emit_reg a)
{
    v2(e, op, d, a);
}

static void all_true(struct emit *e, uint32_t equal, emit_reg d, emit_reg a)
{
    zero(e, S);
    v3(e, equal, S, S, a);
    v2(e, PTEST, S, S);
    emit_set(e, EMIT_EQ, d);
}

void emit_vector_test(struct emit *e, uint32_t op, emit_reg d, emit_reg a)
{
    switch (op) {
    case WASM_OP_V128_ANY_TRUE: v2(e, PTEST, a, a), emit_set(e, EMIT_NE, d); break;
    case WASM_OP_I8X16_ALL_TRUE: all_true(e, PCMPEQB, d, a); break;
    case WASM_OP_I16X8_ALL_TRUE: all_true(e, PCMPEQW, d, a); break;
    case WASM_OP_I32X4_ALL_TRUE: all_true(e, PCMPEQD, d, a); break;
    case WASM_OP_I64X2_ALL_TRUE: all_true(e, PCMPEQQ, d, a); break;
    case WASM_OP_I8X16_BITMASK: general_from_vector(e, I(0xd7), d, a); break;
    case WASM_OP_I16X8_BITMASK:
        v3(e, PACKSSWB, S, a, a);
        general_from_vector(e, I(0xd7), d, S);
        emit_extend_zero(e, 0, d, d);
        break;
    case WASM_OP_I32X4_BITMASK: general_from_vector(e, PS(0x50), d, a); break;
    case WASM_OP_I64X2_BITMASK: general_from_vector(e, PD(0x50), d, a); break;
    default: break;
    }
}

void emit_vector_select(struct emit *e, emit_reg d, emit_reg a, emit_reg b, emit_reg mask, emit_reg t)
{
    v3(e, PAND, d, a, mask);
    v3(e, PANDN, t, mask, b);
    v3(e, POR, d, d, t);
}

static void insert(struct emit *e, unsigned size, emit_reg d, emit_reg a, emit_reg s, unsigned lane)
{
    static const uint32_t op[] = {K(0x20), I(0xc4), K(0x22), K(0x22)};
    if (x86_avx(e)) {
        x86_vrr(e, op[size], size == 3, d, a, s);
    } else {
        emit_fmove(e, d, a);
        x86_rr(e, op[size], size == 3, d, s);
    }
    x86_imm8(e, (int)lane);
}

void emit_vector_imm(struct emit *e, emit_reg d, uint64_t low, uint64_t high)
{
    if (!low && !high) {
        zero(e, d);
    } else if (low == UINT64_MAX && high == UINT64_MAX) {
        ones(e, d);
    } else {
        emit_move_imm(e, X86_R11, low);
        emit_fbits(e, true, d, X86_R11);
        if (low == high) {
            v3(e, PUNPCKLQDQ, d, d, d);
        } else if (high) {
            emit_move_imm(e, X86_R11, high);
            insert(e, 3, d, d, X86_R11, 1);
        }
    }
}

/* Four-byte lanes of one operand in any order: the immediate of pshufd, or -1. */
static int doublewords(const uint8_t lanes[16])
{
    int immediate = 0;
    for (unsigned i = 0; i < 4; i++) {
        uint8_t first = lanes[4 * i];
        if (first & 3) return -1;
        for (unsigned k = 1; k < 4; k++)
            if (lanes[4 * i + k] != first + k) return -1;
        immediate |= (first & 15) >> 2 << 2 * i;
    }
    return immediate;
}

static void shuffle_mask(struct emit *e, const uint8_t lanes[16], uint8_t from)
{
    uint8_t bytes[16];
    uint64_t halves[2];
    for (unsigned i = 0; i < 16; i++) bytes[i] = (lanes[i] & 16) == from ? lanes[i] & 15 : 0x80;
    __builtin_memcpy(halves, bytes, 16);
    emit_vector_imm(e, S, halves[0], halves[1]);
}

void emit_vector_shuffle(struct emit *e, emit_reg d, emit_reg a, emit_reg b, const uint8_t lanes[16],
                         emit_reg t)
{
    unsigned second = 0;
    for (unsigned i = 0; i < 16; i++) second += lanes[i] >> 4;
    if (a == b) {
        second = 0;
    } else if (second && second < 16) {
        shuffle_mask(e, lanes, 0);
        v3(e, PSHUFB, d, a, S);
        shuffle_mask(e, lanes, 16);
        v3(e, PSHUFB, t, b, S);
        v3(e, POR, d, d, t);
        return;
    }
    uint8_t one[16];
    for (unsigned i = 0; i < 16; i++) one[i] = lanes[i] & 15;
    emit_reg source = second ? b : a;
    int immediate = doublewords(one);
    if (immediate >= 0) {
        v2i(e, PSHUFD, d, source, (unsigned)immediate);
    } else {
        shuffle_mask(e, one, 0);
        v3(e, PSHUFB, d, source, S);
    }
}

static void splat_low(struct emit *e, unsigned size, emit_reg d)
{
    if (size == 0) {
        zero(e, S);
        v3(e, PSHUFB, d, d, S);
    } else if (size == 1) {
        v2i(e, MAP_0F | PREFIX_F2 | 0x70, d, d, 0);
        v2i(e, PSHUFD, d, d, 0);
    } else {
        v2i(e, PSHUFD, d, d, size == 2 ? 0 : 0x44);
    }
}

void emit_vector_splat(struct emit *e, uint32_t op, emit_reg d, emit_reg a)
{
    if (op == WASM_OP_F32X4_SPLAT) {
        v2i(e, PSHUFD, d, a, 0);
    } else if (op == WASM_OP_F64X2_SPLAT) {
        v2i(e, PSHUFD, d, a, 0x44);
    } else {
        emit_fbits(e, op == WASM_OP_I64X2_SPLAT, d, a);
        splat_low(e, op - WASM_OP_I8X16_SPLAT, d);
    }
}

/* The general register is the rm operand. */
static void extract(struct emit *e, uint32_t op, unsigned w, emit_reg d, emit_reg a, unsigned lane)
{
    if (x86_avx(e)) {
        x86_vrr(e, op, w, a, 0, d);
    } else {
        x86_rr(e, op, w, a, d);
    }
    x86_imm8(e, (int)lane);
}

void emit_vector_extract(struct emit *e, uint32_t op, emit_reg d, emit_reg a, unsigned lane)
{
    switch (op) {
    case WASM_OP_I8X16_EXTRACT_LANE_S:
    case WASM_OP_I8X16_EXTRACT_LANE_U:
        extract(e, K(0x14), 0, d, a, lane);
        if (op == WASM_OP_I8X16_EXTRACT_LANE_S) emit_extend_signed(e, 0, false, d, d);
        break;
    case WASM_OP_I16X8_EXTRACT_LANE_S:
    case WASM_OP_I16X8_EXTRACT_LANE_U:
        extract(e, K(0x15), 0, d, a, lane);
        if (op == WASM_OP_I16X8_EXTRACT_LANE_S) emit_extend_signed(e, 1, false, d, d);
        break;
    case WASM_OP_I32X4_EXTRACT_LANE: extract(e, K(0x16), 0, d, a, lane); break;
    case WASM_OP_I64X2_EXTRACT_LANE: extract(e, K(0x16), 1, d, a, lane); break;
    case WASM_OP_F32X4_EXTRACT_LANE: v2i(e, PSHUFD, d, a, lane); break;
    case WASM_OP_F64X2_EXTRACT_LANE: v2i(e, PSHUFD, d, a, lane ? 0xee : 0x44); break;
    default: break;
    }
}

void emit_vector_replace(struct emit *e, uint32_t op, emit_reg d, emit_reg a, emit_reg b, unsigned lane)
{
    switch (op) {
    case WASM_OP_I8X16_REPLACE_LANE: insert(e, 0, d, a, b, lane); break;
    case WASM_OP_I16X8_REPLACE_LANE: insert(e, 1, d, a, b, lane); break;
    case WASM_OP_I32X4_REPLACE_LANE: insert(e, 2, d, a, b, lane); break;
    case WASM_OP_I64X2_REPLACE_LANE: insert(e, 3, d, a, b, lane); break;
    case WASM_OP_F32X4_REPLACE_LANE: v3i(e, K(0x21), d, a, b, lane << 4); break;
    case WASM_OP_F64X2_REPLACE_LANE:
        v3(e, lane ? (uint32_t)PUNPCKLQDQ : MAP_0F | PREFIX_F2 | 0x10u, d, a, b);
        break;
    default: break;
    }
}

/* ---- memory ---- */

void emit_vector_load(struct emit *e, uint32_t op, emit_reg d, struct emit_mem m)
{
    switch (op) {
    case WASM_OP_V128_LOAD: emit_vload(e, d, m); break;
    case WASM_OP_V128_LOAD8X8_S: x86_vector_memory(e, J(0x20), d, m); break;
    case WASM_OP_V128_LOAD8X8_U: x86_vector_memory(e, J(0x30), d, m); break;
    case WASM_OP_V128_LOAD16X4_S: x86_vector_memory(e, J(0x23), d, m); break;
    case WASM_OP_V128_LOAD16X4_U: x86_vector_memory(e, J(0x33), d, m); break;
    case WASM_OP_V128_LOAD32X2_S: x86_vector_memory(e, J(0x25), d, m); break;
    case WASM_OP_V128_LOAD32X2_U: x86_vector_memory(e, J(0x35), d, m); break;
    case WASM_OP_V128_LOAD8_SPLAT:
    case WASM_OP_V128_LOAD16_SPLAT:
        emit_load(e, op == WASM_OP_V128_LOAD8_SPLAT ? EMIT_LOAD_U8 : EMIT_LOAD_U16, X86_R11, m);
        emit_fbits(e, false, d, X86_R11);
        splat_low(e, op - WASM_OP_V128_LOAD8_SPLAT, d);
        break;
    case WASM_OP_V128_LOAD32_SPLAT:
    case WASM_OP_V128_LOAD64_SPLAT:
        emit_fload(e, op == WASM_OP_V128_LOAD64_SPLAT, d, m);
        splat_low(e, op - WASM_OP_V128_LOAD8_SPLAT, d);
        break;
    case WASM_OP_V128_LOAD32_ZERO: emit_fload(e, false, d, m); break;
    case WASM_OP_V128_LOAD64_ZERO: emit_fload(e, true, d, m); break;
    default: break;
    }
}

void emit_vector_load_lane(struct emit *e, unsigned size, emit_reg d, emit_reg a, struct emit_mem m,
                           unsigned lane)
{
    static const uint32_t op[] = {K(0x20), I(0xc4), K(0x22), K(0x22)};
    if (x86_avx(e)) {
        x86_vrm(e, op[size], size == 3, d, a, m);
    } else {
        emit_fmove(e, d, a);
        x86_rm(e, op[size], size == 3, d, m);
    }
    x86_imm8(e, (int)lane);
}

void emit_vector_store_lane(struct emit *e, unsigned size, emit_reg a, struct emit_mem m, unsigned lane)
{
    static const uint32_t op[] = {K(0x14), K(0x15), K(0x16), K(0x16)};
    if (x86_avx(e)) {
        x86_vrm(e, op[size], size == 3, a, 0, m);
    } else {
        x86_rm(e, op[size], size == 3, a, m);
    }
    x86_imm8(e, (int)lane);
}

void emit_vector_canonical(struct emit *e, bool wide, emit_reg d, emit_reg t)
{
    uint64_t nan = wide ? 0x7ff8000000000000 : 0x7fc000007fc00000;
    v3i(e, PS(0xc2) | (wide ? (uint32_t)PREFIX_66 : 0), S, d, d, 3);
    emit_vector_imm(e, t, nan, nan);
    v3(e, PAND, t, t, S);
    v3(e, PANDN, S, S, d);
    v3(e, POR, d, S, t);
}
