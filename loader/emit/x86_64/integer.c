#include "loader/emit/x86_64/encode.h"

/* ---- moves ---- */

void emit_move(struct emit *e, bool wide, emit_reg d, emit_reg s)
{
    if (d == s && wide) return;
    x86_rr(e, 0x8b, wide, d, s);
}

void emit_move_imm(struct emit *e, emit_reg d, uint64_t value)
{
    uint8_t *p = x86_room(e);
    if (value <= UINT32_MAX) {
        if (d >= 8) *p++ = 0x41;
        *p++ = (uint8_t)(0xb8 | (d & 7));
        e->at = x86_put32(p, (uint32_t)value);
    } else if ((int64_t)value == (int32_t)value) {
        x86_rr(e, 0xc7, 1, 0, d);
        x86_imm32(e, (uint32_t)value);
    } else {
        *p++ = (uint8_t)(0x48 | d >> 3);
        *p++ = (uint8_t)(0xb8 | (d & 7));
        __builtin_memcpy(p, &value, 8);
        e->at = p + 8;
    }
}

void emit_load(struct emit *e, enum emit_load kind, emit_reg d, struct emit_mem m)
{
    static const struct {
        uint16_t op;
        uint8_t wide;
    } how[] = {
        [EMIT_LOAD_U8] = {MAP_0F | 0xb6, 0},
        [EMIT_LOAD_S8_32] = {MAP_0F | 0xbe, 0},
        [EMIT_LOAD_S8_64] = {MAP_0F | 0xbe, 1},
        [EMIT_LOAD_U16] = {MAP_0F | 0xb7, 0},
        [EMIT_LOAD_S16_32] = {MAP_0F | 0xbf, 0},
        [EMIT_LOAD_S16_64] = {MAP_0F | 0xbf, 1},
        [EMIT_LOAD_32] = {0x8b, 0},
        [EMIT_LOAD_S32_64] = {0x63, 1},
        [EMIT_LOAD_64] = {0x8b, 1},
    };
    x86_rm(e, how[kind].op, how[kind].wide, d, m);
}

/* The prefix of 16-bit operands stands before REX, as a mandatory prefix does. */
void emit_store(struct emit *e, unsigned size, emit_reg s, struct emit_mem m)
{
    static const uint32_t op[] = {0x88 | BYTE_REG, 0x89 | PREFIX_66, 0x89, 0x89};
    x86_rm(e, op[size], size == 3, s, m);
}

void emit_store_imm(struct emit *e, unsigned size, int32_t value, struct emit_mem m)
{
    static const uint32_t op[] = {0xc6, 0xc7 | PREFIX_66, 0xc7, 0xc7};
    x86_rm(e, op[size], size == 3, 0, m);
    if (size == 0) {
        x86_imm8(e, value);
    } else if (size == 1) {
        x86_imm8(e, value);
        x86_imm8(e, value >> 8);
    } else {
        x86_imm32(e, (uint32_t)value);
    }
}

void emit_lea(struct emit *e, bool wide, emit_reg d, struct emit_mem m)
{
    x86_rm(e, 0x8d, wide, d, m);
}

/* ---- arithmetic ---- */

static const uint8_t alu_number[] = {
    [EMIT_ADD] = 0, [EMIT_OR] = 1, [EMIT_AND] = 4, [EMIT_SUB] = 5, [EMIT_XOR] = 6};

void emit_alu(struct emit *e, enum emit_alu op, bool wide, emit_reg d, emit_reg a, emit_reg b)
{
    uint32_t code = (uint32_t)alu_number[op] << 3 | 3;
    if (d == a) {
        x86_rr(e, code, wide, d, b);
    } else if (op == EMIT_ADD && d != b) {
        emit_lea(e, wide, d, emit_at_index(a, b, 0, 0));
    } else if (d != b) {
        emit_move(e, wide, d, a);
        x86_rr(e, code, wide, d, b);
    } else if (op != EMIT_SUB) {
        x86_rr(e, code, wide, d, a);
    } else { /* d = a - d */
        x86_rr(e, 0xf7, wide, 3, d);
        x86_rr(e, 0x03, wide, d, a);
    }
}

static void alu_imm(struct emit *e, unsigned number, bool wide, emit_reg d, int32_t b)
{
    if (b == (int8_t)b) {
        x86_rr(e, 0x83, wide, number, d);
        x86_imm8(e, b);
    } else {
        x86_rr(e, 0x81, wide, number, d);
        x86_imm32(e, (uint32_t)b);
    }
}

void emit_alu_imm(struct emit *e, enum emit_alu op, bool wide, emit_reg d, emit_reg a, int32_t b)
{
    if (d != a && op == EMIT_ADD) {
        emit_lea(e, wide, d, emit_at(a, b));
        return;
    }
    if (d != a && op == EMIT_SUB && b != INT32_MIN) {
        emit_lea(e, wide, d, emit_at(a, -b));
        return;
    }
    if (d != a) emit_move(e, wide, d, a);
    alu_imm(e, alu_number[op], wide, d, b);
}

void emit_alu_mem(struct emit *e, enum emit_alu op, bool wide, emit_reg d, struct emit_mem m)
{
    x86_rm(e, (uint32_t)alu_number[op] << 3 | 3, wide, d, m);
}

void emit_alu_to_mem(struct emit *e, enum emit_alu op, bool wide, struct emit_mem m, emit_reg s)
{
    x86_rm(e, (uint32_t)alu_number[op] << 3 | 1, wide, s, m);
}

static void alu_mem_imm(struct emit *e, unsigned number, bool wide, struct emit_mem m, int32_t b)
{
    if (b == (int8_t)b) {
        x86_rm(e, 0x83, wide, number, m);
        x86_imm8(e, b);
    } else {
        x86_rm(e, 0x81, wide, number, m);
        x86_imm32(e, (uint32_t)b);
    }
}

void emit_alu_imm_to_mem(struct emit *e, enum emit_alu op, bool wide, struct emit_mem m, int32_t b)
{
    alu_mem_imm(e, alu_number[op], wide, m, b);
}

void emit_mul(struct emit *e, bool wide, emit_reg d, emit_reg a, emit_reg b)
{
    if (d == b) {
        b = a;
    } else if (d != a) {
        emit_move(e, wide, d, a);
    }
    x86_rr(e, MAP_0F | 0xaf, wide, d, b);
}

void emit_mul_imm(struct emit *e, bool wide, emit_reg d, emit_reg a, int32_t b)
{
    if (b == (int8_t)b) {
        x86_rr(e, 0x6b, wide, d, a);
        x86_imm8(e, b);
    } else {
        x86_rr(e, 0x69, wide, d, a);
        x86_imm32(e, (uint32_t)b);
    }
}

void emit_mul_mem(struct emit *e, bool wide, emit_reg d, struct emit_mem m)
{
    x86_rm(e, MAP_0F | 0xaf, wide, d, m);
}

void emit_mul_high(struct emit *e, bool is_signed, emit_reg b)
{
    x86_rr(e, 0xf7, 1, is_signed ? 5 : 4, b);
}

static const uint8_t shift_number[] = {
    [EMIT_SHL] = 4, [EMIT_SHR_U] = 5, [EMIT_SHR_S] = 7, [EMIT_ROTL] = 0, [EMIT_ROTR] = 1};

void emit_shift(struct emit *e, enum emit_shift op, bool wide, emit_reg d, emit_reg a, emit_reg count)
{
    if (emit_shift_is_free(e, op)) {
        static const uint16_t prefix[] = {
            [EMIT_SHL] = PREFIX_66, [EMIT_SHR_U] = PREFIX_F2, [EMIT_SHR_S] = PREFIX_F3};
        x86_vrr(e, MAP_0F38 | 0xf7 | prefix[op], wide, d, count, a);
        return;
    }
    if (count != X86_RCX) emit_move(e, true, X86_RCX, count);
    if (d != a) emit_move(e, wide, d, a);
    x86_rr(e, 0xd3, wide, shift_number[op], d);
}

void emit_shift_imm(struct emit *e, enum emit_shift op, bool wide, emit_reg d, emit_reg a, unsigned count)
{
    count &= wide ? 63 : 31;
    if (d != a) emit_move(e, wide, d, a);
    if (!count) {
        if (d == a && !wide) emit_move(e, false, d, d);
        return;
    }
    if (count == 1) {
        x86_rr(e, 0xd1, wide, shift_number[op], d);
        return;
    }
    x86_rr(e, 0xc1, wide, shift_number[op], d);
    x86_imm8(e, (int)count);
}

void emit_divide(struct emit *e, bool is_signed, bool wide, emit_reg b)
{
    if (is_signed) {
        uint8_t *p = x86_room(e);
        if (wide) *p++ = 0x48;
        *p++ = 0x99;
        e->at = p;
    } else {
        x86_rr(e, 0x33, 0, X86_RDX, X86_RDX);
    }
    x86_rr(e, 0xf7, wide, is_signed ? 7 : 6, b);
}

void emit_neg(struct emit *e, bool wide, emit_reg d, emit_reg a)
{
    if (d != a) emit_move(e, wide, d, a);
    x86_rr(e, 0xf7, wide, 3, d);
}

void emit_not(struct emit *e, bool wide, emit_reg d, emit_reg a)
{
    if (d != a) emit_move(e, wide, d, a);
    x86_rr(e, 0xf7, wide, 2, d);
}

void emit_extend_signed(struct emit *e, unsigned size, bool wide, emit_reg d, emit_reg a)
{
    if (size == 2 && !wide) {
        emit_move(e, false, d, a);
        return;
    }
    static const uint32_t op[] = {MAP_0F | 0xbe | BYTE_RM, MAP_0F | 0xbf, 0x63};
    x86_rr(e, op[size], wide, d, a);
}

void emit_extend_zero(struct emit *e, unsigned size, emit_reg d, emit_reg a)
{
    static const uint32_t op[] = {MAP_0F | 0xb6 | BYTE_RM, MAP_0F | 0xb7, 0x8b};
    x86_rr(e, op[size], 0, d, a);
}

/* ---- counting bits ---- */

void emit_clz(struct emit *e, bool wide, emit_reg d, emit_reg a)
{
    if (e->features & EMIT_FEATURE_LZCNT) {
        x86_rr(e, MAP_0F | 0xbd | PREFIX_F3, wide, d, a);
        return;
    }
    /* bsr leaves its destination undefined for zero: then 2 * width - 1, which the exclusive or turns into the width. */
    x86_rr(e, MAP_0F | 0xbd, wide, X86_R11, a);
    emit_move_imm(e, d, wide ? 127 : 63);
    x86_rr(e, MAP_0F | 0x45, wide, d, X86_R11);
    alu_imm(e, 6, wide, d, wide ? 63 : 31);
}

void emit_ctz(struct emit *e, bool wide, emit_reg d, emit_reg a)
{
    if (e->features & EMIT_FEATURE_BMI1) {
        x86_rr(e, MAP_0F | 0xbc | PREFIX_F3, wide, d, a);
        return;
    }
    x86_rr(e, MAP_0F | 0xbc, wide, X86_R11, a);
    emit_move_imm(e, d, wide ? 64 : 32);
    x86_rr(e, MAP_0F | 0x45, wide, d, X86_R11);
}

/* Without the instruction: sums of pairs, of fours, of bytes, then a product that adds the bytes up. */
void emit_popcnt(struct emit *e, bool wide, emit_reg d, emit_reg a)
{
    if (e->features & EMIT_FEATURE_POPCNT) {
        x86_rr(e, MAP_0F | 0xb8 | PREFIX_F3, wide, d, a);
        return;
    }
    /* Two temporaries are needed besides d and the scratch register: masks are folded in by halves of 32 bits, on the stack. */
    emit_push(e, a);
    if (!wide) x86_rr(e, 0x8b, 0, a, a);
    emit_move(e, true, d, a);
    emit_shift_imm(e, EMIT_SHR_U, true, d, d, 1);
    emit_move_imm(e, X86_R11, 0x5555555555555555);
    emit_alu(e, EMIT_AND, true, d, d, X86_R11);
    emit_alu(e, EMIT_SUB, true, a, a, d);
    emit_move_imm(e, X86_R11, 0x3333333333333333);
    emit_move(e, true, d, a);
    emit_alu(e, EMIT_AND, true, d, d, X86_R11);
    emit_shift_imm(e, EMIT_SHR_U, true, a, a, 2);
    emit_alu(e, EMIT_AND, true, a, a, X86_R11);
    emit_alu(e, EMIT_ADD, true, d, d, a);
    emit_move(e, true, a, d);
    emit_shift_imm(e, EMIT_SHR_U, true, a, a, 4);
    emit_alu(e, EMIT_ADD, true, d, d, a);
    emit_move_imm(e, X86_R11, 0x0f0f0f0f0f0f0f0f);
    emit_alu(e, EMIT_AND, true, d, d, X86_R11);
    emit_move_imm(e, X86_R11, 0x0101010101010101);
    emit_mul(e, true, d, d, X86_R11);
    emit_shift_imm(e, EMIT_SHR_U, true, d, d, 56);
    emit_pop(e, a);
}

/* ---- conditions ---- */

void emit_cmp(struct emit *e, bool wide, emit_reg a, emit_reg b)
{
    x86_rr(e, 0x3b, wide, a, b);
}
void emit_cmp_imm(struct emit *e, bool wide, emit_reg a, int32_t b)
{
    if (b == 0) {
        x86_rr(e, 0x85, wide, a, a);
    } else {
        alu_imm(e, 7, wide, a, b);
    }
}
void emit_cmp_mem(struct emit *e, bool wide, emit_reg a, struct emit_mem b)
{
    x86_rm(e, 0x3b, wide, a, b);
}
void emit_cmp_mem_imm(struct emit *e, bool wide, struct emit_mem a, int32_t b)
{
    alu_mem_imm(e, 7, wide, a, b);
}
void emit_test(struct emit *e, bool wide, emit_reg a, emit_reg b)
{
    x86_rr(e, 0x85, wide, b, a);
}
void emit_test_imm(struct emit *e, bool wide, emit_reg a, int32_t b)
{
    x86_rr(e, 0xf7, wide, 0, a);
    x86_imm32(e, (uint32_t)b);
}

static void set(struct emit *e, unsigned c, emit_reg d)
{
    x86_rr(e, MAP_0F | 0x90 | c | BYTE_RM, 0, 0, d);
}

void emit_set(struct emit *e, enum emit_cond c, emit_reg d)
{
    if (c < EMIT_FEQ) {
        set(e, c, d);
        emit_extend_zero(e, 0, d, d);
        return;
    }
    set(e, c == EMIT_FEQ ? EMIT_EQ : EMIT_NE, d);
    set(e, c == EMIT_FEQ ? EMIT_ORDERED : EMIT_UNORDERED, X86_R11);
    emit_extend_zero(e, 0, X86_R11, X86_R11);
    emit_extend_zero(e, 0, d, d);
    emit_alu(e, c == EMIT_FEQ ? EMIT_AND : EMIT_OR, false, d, d, X86_R11);
}

void emit_move_if(struct emit *e, enum emit_cond c, bool wide, emit_reg d, emit_reg s)
{
    if (c == EMIT_FEQ) { /* neither unequal nor unordered: keep d in either case */
        emit_move(e, true, X86_R11, d);
        x86_rr(e, MAP_0F | 0x40 | EMIT_EQ, wide, d, s);
        x86_rr(e, MAP_0F | 0x40 | EMIT_UNORDERED, wide, d, X86_R11);
        return;
    }
    if (c == EMIT_FNE) {
        x86_rr(e, MAP_0F | 0x40 | EMIT_UNORDERED, wide, d, s);
        c = EMIT_NE;
    }
    x86_rr(e, MAP_0F | 0x40 | c, wide, d, s);
}
