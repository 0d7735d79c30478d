#include "loader/emit/x86_64/encode.h"

/* The prefix that makes a scalar instruction of the 0f map one of f32 or f64. */
static uint32_t scalar(bool wide)
{
    return MAP_0F | (wide ? PREFIX_F2 : PREFIX_F3);
}
/* And one of whole registers. */
static uint32_t packed(bool wide)
{
    return MAP_0F | (wide ? PREFIX_66 : 0);
}

void x86_vector(struct emit *e, uint32_t op, bool commutative, emit_reg d, emit_reg a, emit_reg b)
{
    if (x86_avx(e)) {
        if (commutative && b >= 8 && a < 8 && (op >> 8 & 3) == 1) { /* the short prefix */
            emit_reg swap = a;
            a = b;
            b = swap;
        }
        x86_vrr(e, op, 0, d, a, b);
        return;
    }
    if (d == b && d != a) {
        if (commutative) {
            b = a;
        } else {
            emit_fmove(e, EMIT_V_SCRATCH, b);
            emit_fmove(e, d, a);
            b = EMIT_V_SCRATCH;
        }
    } else if (d != a) {
        emit_fmove(e, d, a);
    }
    x86_rr(e, op, 0, d, b);
}

/* An instruction with one operand whose VEX form has a second source that the upper lanes come from. */
static void unary(struct emit *e, uint32_t op, unsigned w, emit_reg d, emit_reg a)
{
    if (x86_avx(e)) {
        x86_vrr(e, op, w, d, a, a);
    } else {
        x86_rr(e, op, w, d, a);
    }
}

/* ---- moves ---- */

void emit_fmove(struct emit *e, emit_reg d, emit_reg s)
{
    if (d == s) return;
    if (x86_avx(e)) {
        x86_vrr(e, MAP_0F | 0x28, 0, d, 0, s);
    } else {
        x86_rr(e, MAP_0F | 0x28, 0, d, s);
    }
}

void emit_fload(struct emit *e, bool wide, emit_reg d, struct emit_mem m)
{
    x86_vector_memory(e, scalar(wide) | 0x10, d, m);
}
void emit_fstore(struct emit *e, bool wide, emit_reg s, struct emit_mem m)
{
    x86_vector_memory(e, scalar(wide) | 0x11, s, m);
}
void emit_vload(struct emit *e, emit_reg d, struct emit_mem m)
{
    x86_vector_memory(e, MAP_0F | 0x10, d, m);
}
void emit_vstore(struct emit *e, emit_reg s, struct emit_mem m)
{
    x86_vector_memory(e, MAP_0F | 0x11, s, m);
}

void emit_fzero(struct emit *e, emit_reg d)
{
    x86_vector(e, MAP_0F | 0x57, false, d, d, d);
}

void emit_fbits(struct emit *e, bool wide, emit_reg d, emit_reg s)
{
    if (x86_avx(e)) {
        x86_vrr(e, MAP_0F | PREFIX_66 | 0x6e, wide, d, 0, s);
    } else {
        x86_rr(e, MAP_0F | PREFIX_66 | 0x6e, wide, d, s);
    }
}
void emit_ibits(struct emit *e, bool wide, emit_reg d, emit_reg s)
{
    if (x86_avx(e)) {
        x86_vrr(e, MAP_0F | PREFIX_66 | 0x7e, wide, s, 0, d);
    } else {
        x86_rr(e, MAP_0F | PREFIX_66 | 0x7e, wide, s, d);
    }
}

void emit_fimm(struct emit *e, bool wide, emit_reg d, uint64_t bits)
{
    if (!bits) {
        emit_fzero(e, d);
        return;
    }
    emit_move_imm(e, X86_R11, bits);
    emit_fbits(e, wide, d, X86_R11);
}

/* ---- arithmetic ---- */

static const uint8_t fop_code[] = {
    [EMIT_FADD] = 0x58, [EMIT_FMUL] = 0x59, [EMIT_FSUB] = 0x5c, [EMIT_FDIV] = 0x5e};

/* Addition and multiplication do not commute in which NaN they hand on: the specification leaves that open. */
void emit_fop(struct emit *e, enum emit_fop op, bool wide, emit_reg d, emit_reg a, emit_reg b)
{
    x86_vector(e, scalar(wide) | fop_code[op], op <= EMIT_FMUL, d, a, b);
}

void emit_fop_mem(struct emit *e, enum emit_fop op, bool wide, emit_reg d, emit_reg a, struct emit_mem b)
{
    if (x86_avx(e)) {
        x86_vrm(e, scalar(wide) | fop_code[op], 0, d, a, b);
    } else {
        emit_fmove(e, d, a);
        x86_rm(e, scalar(wide) | fop_code[op], 0, d, b);
    }
}

/* The instruction gives its second operand for equal or unordered ones: equal ones differ in sign at most, unordered ones are added. */
static void minmax(struct emit *e, bool wide, unsigned code, unsigned merge, emit_reg d, emit_reg a,
                   emit_reg b)
{
    struct emit_label differ = EMIT_LABEL, unordered = EMIT_LABEL, done = EMIT_LABEL;
    emit_fmove(e, EMIT_V_SCRATCH, a);
    emit_fcmp(e, wide, a, b);
    emit_branch(e, EMIT_NE, &differ);
    emit_branch(e, EMIT_UNORDERED, &unordered);
    x86_vector(e, packed(wide) | merge, true, EMIT_V_SCRATCH, EMIT_V_SCRATCH, b);
    emit_jump(e, &done);
    emit_bind(e, &unordered);
    emit_fop(e, EMIT_FADD, wide, EMIT_V_SCRATCH, EMIT_V_SCRATCH, b);
    emit_jump(e, &done);
    emit_bind(e, &differ);
    x86_vector(e, scalar(wide) | code, false, EMIT_V_SCRATCH, EMIT_V_SCRATCH, b);
    emit_bind(e, &done);
    emit_fmove(e, d, EMIT_V_SCRATCH);
}

void emit_fmin(struct emit *e, bool wide, emit_reg d, emit_reg a, emit_reg b)
{
    minmax(e, wide, 0x5d, 0x56, d, a, b);
}
void emit_fmax(struct emit *e, bool wide, emit_reg d, emit_reg a, emit_reg b)
{
    minmax(e, wide, 0x5f, 0x54, d, a, b);
}

void emit_fsqrt(struct emit *e, bool wide, emit_reg d, emit_reg a)
{
    unary(e, scalar(wide) | 0x51, 0, d, a);
}

void emit_fround(struct emit *e, enum emit_round mode, bool wide, emit_reg d, emit_reg a)
{
    unary(e, MAP_0F3A | PREFIX_66 | (wide ? 0x0b : 0x0a), 0, d, a);
    x86_imm8(e, 8 | (int)mode); /* 8: no inexact exception */
}

/* op d, a, constant of the pool */
static void pooled(struct emit *e, uint32_t op, emit_reg d, emit_reg a, unsigned constant)
{
    if (x86_avx(e)) {
        x86_vrip(e, op, d, a, e->pool + constant, 0);
    } else {
        emit_fmove(e, d, a);
        x86_rip(e, op, d, e->pool + constant, 0);
    }
}

void emit_fabs(struct emit *e, bool wide, emit_reg d, emit_reg a)
{
    pooled(e, packed(wide) | 0x54, d, a, wide ? POOL_F64_ABS : POOL_F32_ABS);
}
void emit_fneg(struct emit *e, bool wide, emit_reg d, emit_reg a)
{
    pooled(e, packed(wide) | 0x57, d, a, wide ? POOL_F64_SIGN : POOL_F32_SIGN);
}
void emit_fcopysign(struct emit *e, bool wide, emit_reg d, emit_reg a, emit_reg b)
{
    pooled(e, packed(wide) | 0x54, EMIT_V_SCRATCH, b, wide ? POOL_F64_SIGN : POOL_F32_SIGN);
    pooled(e, packed(wide) | 0x54, d, a, wide ? POOL_F64_ABS : POOL_F32_ABS);
    x86_vector(e, packed(wide) | 0x56, true, d, d, EMIT_V_SCRATCH);
}

void emit_fcmp(struct emit *e, bool wide, emit_reg a, emit_reg b)
{
    if (x86_avx(e)) {
        x86_vrr(e, packed(wide) | 0x2e, 0, a, 0, b);
    } else {
        x86_rr(e, packed(wide) | 0x2e, 0, a, b);
    }
}
void emit_fcmp_mem(struct emit *e, bool wide, emit_reg a, struct emit_mem b)
{
    x86_vector_memory(e, packed(wide) | 0x2e, a, b);
}

void emit_fpromote(struct emit *e, emit_reg d, emit_reg a)
{
    unary(e, scalar(false) | 0x5a, 0, d, a);
}
void emit_fdemote(struct emit *e, emit_reg d, emit_reg a)
{
    unary(e, scalar(true) | 0x5a, 0, d, a);
}

void emit_fcanonical(struct emit *e, bool wide, emit_reg d)
{
    struct emit_label done = EMIT_LABEL;
    emit_fcmp(e, wide, d, d);
    emit_branch(e, EMIT_ORDERED, &done);
    emit_fimm(e, wide, d, wide ? 0x7ff8000000000000 : 0x7fc00000);
    emit_bind(e, &done);
}

/* ---- conversions ---- */

/* The destination is cleared first: the instruction would wait for its old value. */
static void convert(struct emit *e, bool iwide, bool wide, emit_reg d, emit_reg a)
{
    emit_fzero(e, d);
    if (x86_avx(e)) {
        x86_vrr(e, scalar(wide) | 0x2a, iwide, d, d, a);
    } else {
        x86_rr(e, scalar(wide) | 0x2a, iwide, d, a);
    }
}

void emit_from_int(struct emit *e, bool is_signed, bool iwide, bool wide, emit_reg d, emit_reg a)
{
    if (is_signed) {
        convert(e, iwide, wide, d, a);
        return;
    }
    if (!iwide) {
        emit_move(e, false, X86_R11, a);
        convert(e, true, wide, d, X86_R11);
        return;
    }
    /* With the top bit set: half of it, the lost bit kept so that rounding is right, then doubled. */
    struct emit_label high = EMIT_LABEL, even = EMIT_LABEL, done = EMIT_LABEL;
    emit_cmp_imm(e, true, a, 0);
    emit_branch(e, EMIT_NEGATIVE, &high);
    convert(e, true, wide, d, a);
    emit_jump(e, &done);
    emit_bind(e, &high);
    emit_move(e, true, X86_R11, a);
    emit_shift_imm(e, EMIT_SHR_U, true, X86_R11, X86_R11, 1);
    emit_branch(e, EMIT_GE_U, &even); /* the carry is the bit that went out */
    emit_alu_imm(e, EMIT_OR, true, X86_R11, X86_R11, 1);
    emit_bind(e, &even);
    convert(e, true, wide, d, X86_R11);
    emit_fop(e, EMIT_FADD, wide, d, d, d);
    emit_bind(e, &done);
}

static void truncate(struct emit *e, bool iwide, bool wide, emit_reg d, emit_reg a)
{
    if (x86_avx(e)) {
        x86_vrr(e, scalar(wide) | 0x2c, iwide, d, 0, a);
    } else {
        x86_rr(e, scalar(wide) | 0x2c, iwide, d, a);
    }
}

/* -2^63 as a float. */
static uint64_t minus_2_63(bool wide)
{
    return wide ? 0xc3e0000000000000 : 0xdf000000;
}

/* a in [2^63, 2^64): subtract 2^63, convert, set the top bit again.  Otherwise flags are NEGATIVE. */
static void truncate_high(struct emit *e, bool wide, emit_reg d, emit_reg a)
{
    emit_fimm(e, wide, EMIT_V_SCRATCH, minus_2_63(wide));
    emit_fop(e, EMIT_FADD, wide, EMIT_V_SCRATCH, EMIT_V_SCRATCH, a);
    truncate(e, true, wide, d, EMIT_V_SCRATCH);
    emit_cmp_imm(e, true, d, 0);
}

static void flip_top_bit(struct emit *e, emit_reg d)
{
    x86_rr(e, MAP_0F | 0xba, 1, 7, d);
    x86_imm8(e, 63);
}

/* The fast path of signed conversion: the instruction gives the least integer for whatever does not fit. */
static void truncate_signed(struct emit *e, bool iwide, bool wide, emit_reg d, emit_reg a,
                            struct emit_label *done)
{
    truncate(e, iwide, wide, d, a);
    x86_rr(e, 0x83, iwide, 7, d);
    x86_imm8(e, 1);
    emit_branch(e, EMIT_NO, done);
}

/* The fast path of conversion to u32: by way of 64 bits, which must have no high half. */
static void truncate_u32(struct emit *e, bool wide, emit_reg d, emit_reg a, struct emit_label *done)
{
    truncate(e, true, wide, d, a);
    emit_move(e, false, X86_R11, d);
    emit_cmp(e, true, X86_R11, d);
    emit_branch(e, EMIT_EQ, done);
}

void emit_to_int(struct emit *e, bool is_signed, bool iwide, bool wide, emit_reg d, emit_reg a,
                 struct emit_label *overflow, struct emit_label *nan)
{
    struct emit_label done = EMIT_LABEL;
    if (is_signed) {
        truncate_signed(e, iwide, wide, d, a, &done);
    } else if (!iwide) {
        truncate_u32(e, wide, d, a, &done);
    } else {
        truncate(e, true, wide, d, a);
        emit_cmp_imm(e, true, d, 0);
        emit_branch(e, EMIT_NOT_NEGATIVE, &done);
    }
    emit_fcmp(e, wide, a, a);
    emit_branch(e, EMIT_UNORDERED, nan);
    if (!is_signed && !iwide) {
        emit_jump(e, overflow);
    } else if (!is_signed) {
        truncate_high(e, wide, d, a);
        emit_branch(e, EMIT_NEGATIVE, overflow);
        flip_top_bit(e, d);
    } else if (iwide) { /* only -2^63 itself is right */
        emit_fimm(e, wide, EMIT_V_SCRATCH, minus_2_63(wide));
        emit_fcmp(e, wide, a, EMIT_V_SCRATCH);
        emit_branch(e, EMIT_NE, overflow);
    } else { /* down to -2^31, and for f64 the fractions below it */
        emit_fimm(e, wide, EMIT_V_SCRATCH, wide ? 0xc1e0000000200000 : 0xcf000000);
        emit_fcmp(e, wide, a, EMIT_V_SCRATCH);
        emit_branch(e, wide ? EMIT_LE_U : EMIT_LT_U, overflow);
        emit_fzero(e, EMIT_V_SCRATCH);
        emit_fcmp(e, wide, EMIT_V_SCRATCH, a);
        emit_branch(e, EMIT_LE_U, overflow);
    }
    emit_bind(e, &done);
}

void emit_to_int_saturated(struct emit *e, bool is_signed, bool iwide, bool wide, emit_reg d, emit_reg a)
{
    struct emit_label done = EMIT_LABEL, zero = EMIT_LABEL;
    if (is_signed) {
        truncate_signed(e, iwide, wide, d, a, &done);
        emit_fzero(e, EMIT_V_SCRATCH);
        emit_fcmp(e, wide, a, EMIT_V_SCRATCH);
        emit_branch(e, EMIT_UNORDERED, &zero);
        emit_branch(e, EMIT_LT_U, &done);
        emit_move_imm(e, d, iwide ? INT64_MAX : INT32_MAX);
        emit_jump(e, &done);
        emit_bind(e, &zero);
        emit_move_imm(e, d, 0);
        emit_bind(e, &done);
        return;
    }
    if (!iwide) {
        truncate_u32(e, wide, d, a, &done);
    } else {
        truncate(e, true, wide, d, a);
        emit_cmp_imm(e, true, d, 0);
        emit_branch(e, EMIT_NOT_NEGATIVE, &done);
    }
    emit_fzero(e, EMIT_V_SCRATCH);
    emit_fcmp(e, wide, a, EMIT_V_SCRATCH);
    emit_move_imm(e, d, 0);
    emit_branch(e, EMIT_LE_U, &done); /* below zero, or NaN */
    if (!iwide) {
        emit_move_imm(e, d, UINT32_MAX);
    } else {
        struct emit_label fits = EMIT_LABEL;
        truncate_high(e, wide, d, a);
        emit_branch(e, EMIT_NOT_NEGATIVE, &fits);
        emit_move_imm(e, d, UINT64_MAX);
        emit_jump(e, &done);
        emit_bind(e, &fits);
        flip_top_bit(e, d);
    }
    emit_bind(e, &done);
}

/* ---- constants ---- */

#define EACH2(x) x, x
#define EACH4(x) x, x, x, x
void emit_pool(struct emit *e)
{
    static const uint32_t pool[] = {
        EACH4(0x80000000),
        EACH4(0x7fffffff),
        EACH2(0),
        EACH2(0),
        EACH2(0),
        EACH2(0),
        EACH4(0x0f0f0f0f),
        0x02010100,
        0x03020201,
        0x03020201,
        0x04030302,
        EACH4(0x01010101),
        EACH4(0x00010001),
        EACH4(0x70707070),
        EACH4(0x80008000),
        0x43300000,
        0x43300000,
        0,
        0,
        0,
        0x43300000,
        0,
        0x43300000,
        0xffc00000,
        0x41dfffff,
        0xffc00000,
        0x41dfffff,
        0xffe00000,
        0x41efffff,
        0xffe00000,
        0x41efffff,
        EACH4(0x4f000000),
    };
    static const uint64_t doubles[] = {EACH2(0x8000000000000000), EACH2(0x7fffffffffffffff)};
    _Static_assert(sizeof pool == POOL_BYTES, "every constant has its place");
    while ((emit_offset(e) & 15) && !e->overflow) {
        uint8_t *p = x86_room(e);
        *p = 0x90;
        e->at = p + 1;
    }
    e->pool = emit_offset(e);
    emit_data(e, pool, POOL_F64_SIGN);
    emit_data(e, doubles, sizeof doubles);
    emit_data(e, (const uint8_t *)pool + POOL_NIBBLES, POOL_BYTES - POOL_NIBBLES);
}

uint32_t emit_detect_features(void)
{
    uint32_t features = 0;
#if defined(__x86_64__)
    uint32_t a, b, c, d;
    __asm__ volatile("cpuid" : "=a"(a), "=b"(b), "=c"(c), "=d"(d) : "a"(1), "c"(0));
    if (c & 1u << 23) features |= EMIT_FEATURE_POPCNT;
    if ((c & 1u << 28) && (c & 1u << 27)) { /* AVX, and XGETBV says that the system saves the registers */
        uint32_t low, high;
        __asm__ volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
        if ((low & 6) == 6) features |= EMIT_FEATURE_AVX;
    }
    __asm__ volatile("cpuid" : "=a"(a), "=b"(b), "=c"(c), "=d"(d) : "a"(7), "c"(0));
    if (b & 1u << 3) features |= EMIT_FEATURE_BMI1;
    if (b & 1u << 8) features |= EMIT_FEATURE_BMI2;
    __asm__ volatile("cpuid" : "=a"(a), "=b"(b), "=c"(c), "=d"(d) : "a"(0x80000001), "c"(0));
    if (c & 1u << 5) features |= EMIT_FEATURE_LZCNT;
#endif
    return features;
}
