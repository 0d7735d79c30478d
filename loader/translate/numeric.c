/* Integer and floating-point instructions. */
#include "loader/translate/tier1.h"

static bool is_i32(int64_t v)
{
    return v == (int32_t)v;
}

/* A constant as the immediate of an instruction of its width. */
static bool immediate(const struct operand *o, bool wide, int32_t *value)
{
    if (o->kind != OPERAND_CONST) return false;
    if (!wide) {
        *value = (int32_t)o->bits;
        return true;
    }
    *value = (int32_t)o->bits;
    return is_i32((int64_t)o->bits);
}

static uint8_t integer_type(bool wide)
{
    return wide ? WASM_I64 : WASM_I32;
}

static void push_integer(struct tier *t, bool wide, uint64_t v)
{
    tier_push_const(t, integer_type(wide), wide ? v : (uint32_t)v);
}

static void swap(struct operand *a, struct operand *b)
{
    struct operand c = *a;
    *a = *b;
    *b = c;
}

static uint64_t fold_alu(enum emit_alu op, uint64_t a, uint64_t b)
{
    switch (op) {
    case EMIT_ADD: return a + b;
    case EMIT_SUB: return a - b;
    case EMIT_AND: return a & b;
    case EMIT_OR: return a | b;
    case EMIT_XOR: return a ^ b;
    }
    return 0;
}

static void alu(struct tier *t, enum emit_alu op, bool wide)
{
    struct operand b = tier_pop(t), a = tier_pop(t);
    uint8_t type = integer_type(wide);
    int32_t value;
    if (a.kind == OPERAND_CONST && b.kind == OPERAND_CONST) {
        push_integer(t, wide, fold_alu(op, a.bits, b.bits));
        return;
    }
    if (op != EMIT_SUB && (a.kind == OPERAND_CONST || (b.kind == OPERAND_TEMP && a.kind != OPERAND_TEMP) ||
                           a.kind == OPERAND_MEMORY))
        swap(&a, &b);
    emit_reg ra = tier_reg(t, &a);
    if (immediate(&b, wide, &value)) {
        emit_reg d = tier_dest(t, type, &a, NULL);
        emit_alu_imm(&t->e, op, wide, d, ra, value);
        tier_drop(t, &a);
        tier_finish(t, type, d);
        return;
    }
    if (b.kind == OPERAND_MEMORY) {
        emit_reg d = tier_dest(t, type, &a, NULL);
        tier_move(t, type, d, ra);
        emit_alu_mem(&t->e, op, wide, d, tier_frame(b.disp));
        tier_drop(t, &a);
        tier_finish(t, type, d);
        return;
    }
    emit_reg rb = tier_reg(t, &b), d = tier_dest(t, type, &a, &b);
    emit_alu(&t->e, op, wide, d, ra, rb);
    tier_drop(t, &a);
    tier_drop(t, &b);
    tier_finish(t, type, d);
}

static void multiply(struct tier *t, bool wide)
{
    struct operand b = tier_pop(t), a = tier_pop(t);
    uint8_t type = integer_type(wide);
    int32_t value;
    if (a.kind == OPERAND_CONST && b.kind == OPERAND_CONST) {
        push_integer(t, wide, a.bits * b.bits);
        return;
    }
    if (a.kind == OPERAND_CONST || (b.kind == OPERAND_TEMP && a.kind != OPERAND_TEMP)) swap(&a, &b);
    emit_reg ra = tier_reg(t, &a);
    if (immediate(&b, wide, &value)) {
        emit_reg d = tier_dest(t, type, &a, NULL);
        if (value > 0 && !(value & (value - 1))) {
            emit_shift_imm(&t->e, EMIT_SHL, wide, d, ra, (unsigned)__builtin_ctz((unsigned)value));
        } else {
            emit_mul_imm(&t->e, wide, d, ra, value);
        }
        tier_drop(t, &a);
        tier_finish(t, type, d);
        return;
    }
    emit_reg rb = tier_reg(t, &b), d = tier_dest(t, type, &a, &b);
    emit_mul(&t->e, wide, d, ra, rb);
    tier_drop(t, &a);
    tier_drop(t, &b);
    tier_finish(t, type, d);
}

static uint64_t fold_shift(enum emit_shift op, bool wide, uint64_t a, unsigned n)
{
    n &= wide ? 63 : 31;
    unsigned width = wide ? 64 : 32;
    uint64_t mask = wide ? UINT64_MAX : UINT32_MAX;
    switch (op) {
    case EMIT_SHL: return a << n & mask;
    case EMIT_SHR_U: return a >> n;
    case EMIT_SHR_S: return wide ? (uint64_t)((int64_t)a >> n) : (uint32_t)((int32_t)a >> n);
    case EMIT_ROTL: return n ? (a << n | a >> (width - n)) & mask : a;
    case EMIT_ROTR: return n ? (a >> n | a << (width - n)) & mask : a;
    }
    return 0;
}

static void shift(struct tier *t, enum emit_shift op, bool wide)
{
    struct operand b = tier_pop(t), a = tier_pop(t);
    uint8_t type = integer_type(wide);
    if (b.kind == OPERAND_CONST) {
        if (a.kind == OPERAND_CONST) {
            push_integer(t, wide, fold_shift(op, wide, a.bits, (unsigned)b.bits));
            return;
        }
        emit_reg ra = tier_reg(t, &a), d = tier_dest(t, type, &a, NULL);
        emit_shift_imm(&t->e, op, wide, d, ra, (unsigned)b.bits);
        tier_drop(t, &a);
        tier_finish(t, type, d);
        return;
    }
    if (emit_shift_is_free(&t->e, op)) {
        emit_reg rb = tier_reg(t, &b), ra = tier_reg(t, &a), d = tier_dest(t, type, &a, &b);
        emit_shift(&t->e, op, wide, d, ra, rb);
        tier_drop(t, &a);
        tier_drop(t, &b);
        tier_finish(t, type, d);
        return;
    }
    /* The count's register: whatever is in it goes elsewhere, the first operand included. */
    if (b.kind == OPERAND_TEMP && b.reg == EMIT_R_COUNT) {
        emit_reg ra = tier_temp(t, &a);
        emit_shift(&t->e, op, wide, ra, ra, EMIT_R_COUNT);
        tier_drop(t, &b);
        tier_push_reg(t, type, ra);
        return;
    }
    if (a.kind == OPERAND_TEMP && a.reg == EMIT_R_COUNT) {
        emit_reg other = tier_take(t, type);
        emit_move(&t->e, true, other, EMIT_R_COUNT);
        a.reg = other; /* and the count's register is held for the count */
    } else {
        tier_take_this(t, false, EMIT_R_COUNT);
    }
    tier_operand_to(t, &b, EMIT_R_COUNT);
    tier_drop(t, &b);
    emit_reg ra = tier_temp(t, &a);
    emit_shift(&t->e, op, wide, ra, ra, EMIT_R_COUNT);
    tier_give(t, false, EMIT_R_COUNT);
    tier_push_reg(t, type, ra);
}

/* Division by a constant power of two, without sign. */
static bool divide_by_power(struct tier *t, bool remainder, bool wide, struct operand *a,
                            const struct operand *b)
{
    if (b->kind != OPERAND_CONST || !b->bits || (b->bits & (b->bits - 1)) || a->kind == OPERAND_CONST)
        return false;
    if (remainder && !is_i32((int64_t)b->bits - 1)) return false;
    uint8_t type = integer_type(wide);
    emit_reg ra = tier_reg(t, a), d = tier_dest(t, type, a, NULL);
    if (remainder) {
        emit_alu_imm(&t->e, EMIT_AND, wide, d, ra, (int32_t)(b->bits - 1));
    } else {
        emit_shift_imm(&t->e, EMIT_SHR_U, wide, d, ra, (unsigned)__builtin_ctzll(b->bits));
    }
    tier_drop(t, a);
    tier_finish(t, type, d);
    return true;
}

static void take_for_division(struct tier *t, struct operand *o, emit_reg r)
{
    if (o->kind == OPERAND_TEMP && o->reg == r) return;
    tier_take_this(t, false, r);
}

static void divide(struct tier *t, bool is_signed, bool remainder, bool wide)
{
    struct operand b = tier_pop(t), a = tier_pop(t);
    uint8_t type = integer_type(wide);
    bool constant = b.kind == OPERAND_CONST && b.bits;
    bool minus_one = constant && b.bits == (wide ? UINT64_MAX : UINT32_MAX);
    if (!is_signed && divide_by_power(t, remainder, wide, &a, &b)) return;
    /* The divisor outside the two registers that the instruction uses. */
    emit_reg divisor;
    if (b.kind == OPERAND_PINNED ||
        (b.kind == OPERAND_TEMP && b.reg != EMIT_R_DIVIDEND && b.reg != EMIT_R_REMAINDER)) {
        divisor = b.reg;
    } else {
        if (a.kind != OPERAND_TEMP || a.reg != EMIT_R_COUNT) {
            take_for_division(t, &b, EMIT_R_COUNT);
            divisor = EMIT_R_COUNT;
        } else {
            divisor = X86_RSI;
            tier_take_this(t, false, divisor);
        }
        tier_operand_to(t, &b, divisor);
        tier_drop(t, &b);
        b = (struct operand){.kind = OPERAND_TEMP, .type = type, .reg = divisor};
    }
    take_for_division(t, &a, EMIT_R_DIVIDEND);
    if (!(a.kind == OPERAND_TEMP && a.reg == EMIT_R_REMAINDER)) tier_take_this(t, false, EMIT_R_REMAINDER);
    tier_operand_to(t, &a, EMIT_R_DIVIDEND);
    if (a.kind == OPERAND_TEMP && a.reg != EMIT_R_DIVIDEND && a.reg != EMIT_R_REMAINDER) tier_drop(t, &a);
    if (!constant) {
        emit_cmp_imm(&t->e, wide, divisor, 0);
        tier_trap_if(t, EMIT_EQ, WASM_TRAP_DIVIDE_BY_ZERO);
    }
    struct emit_label special = EMIT_LABEL, done = EMIT_LABEL;
    if (is_signed && (!constant || minus_one)) {
        emit_cmp_imm(&t->e, wide, divisor, -1);
        emit_branch(&t->e, EMIT_EQ, &special);
    }
    emit_divide(&t->e, is_signed, wide, divisor);
    if (is_signed && (!constant || minus_one)) {
        emit_jump(&t->e, &done);
        emit_bind(&t->e, &special);
        if (remainder) {
            emit_move_imm(&t->e, EMIT_R_REMAINDER, 0);
        } else { /* the negation overflows for the one number whose negation does not exist */
            emit_neg(&t->e, wide, EMIT_R_DIVIDEND, EMIT_R_DIVIDEND);
            tier_trap_if(t, EMIT_O, WASM_TRAP_OVERFLOW);
        }
        emit_bind(&t->e, &done);
    }
    tier_drop(t, &b);
    tier_give(t, false, remainder ? EMIT_R_DIVIDEND : EMIT_R_REMAINDER);
    tier_push_reg(t, type, remainder ? EMIT_R_REMAINDER : EMIT_R_DIVIDEND);
}

/* ---- comparisons ---- */

static void compare(struct tier *t, bool wide, enum emit_cond c)
{
    struct operand b = tier_pop(t), a = tier_pop(t);
    int32_t value;
    if (a.kind == OPERAND_CONST && b.kind != OPERAND_CONST) {
        swap(&a, &b);
        c = emit_swapped(c);
    }
    if (immediate(&b, wide, &value) && a.kind == OPERAND_MEMORY) {
        emit_cmp_mem_imm(&t->e, wide, tier_frame(a.disp), value);
    } else if (immediate(&b, wide, &value)) {
        emit_cmp_imm(&t->e, wide, tier_reg(t, &a), value);
    } else if (b.kind == OPERAND_MEMORY) {
        emit_cmp_mem(&t->e, wide, tier_reg(t, &a), tier_frame(b.disp));
    } else {
        emit_reg ra = tier_reg(t, &a);
        emit_cmp(&t->e, wide, ra, tier_reg(t, &b));
    }
    tier_drop(t, &a);
    tier_drop(t, &b);
    tier_push_flags(t, c);
}

static void eqz(struct tier *t, bool wide)
{
    struct value *v = &t->stack[t->height - 1];
    if (v->kind == VALUE_FLAGS) {
        enum emit_cond c = v->reg;
        t->height--;
        tier_push_flags(t, emit_invert(c));
        return;
    }
    struct operand a = tier_pop(t);
    if (a.kind == OPERAND_CONST) {
        tier_push_const(t, WASM_I32, a.bits == 0);
        return;
    }
    if (a.kind == OPERAND_MEMORY) {
        emit_cmp_mem_imm(&t->e, wide, tier_frame(a.disp), 0);
    } else {
        emit_cmp_imm(&t->e, wide, a.reg, 0);
    }
    tier_drop(t, &a);
    tier_push_flags(t, EMIT_EQ);
}

static void fcompare(struct tier *t, bool wide, enum emit_cond c, bool reversed)
{
    struct operand b = tier_pop(t), a = tier_pop(t);
    if (reversed) swap(&a, &b);
    emit_reg ra = tier_reg(t, &a);
    if (b.kind == OPERAND_MEMORY) {
        emit_fcmp_mem(&t->e, wide, ra, tier_frame(b.disp));
    } else {
        emit_fcmp(&t->e, wide, ra, tier_reg(t, &b));
    }
    tier_drop(t, &a);
    tier_drop(t, &b);
    tier_push_flags(t, c);
}

/* ---- one operand ---- */

enum unary { CLZ, CTZ, POPCNT, EXTEND8, EXTEND16, EXTEND32 };

static void unary(struct tier *t, enum unary op, bool wide)
{
    struct operand a = tier_pop(t);
    uint8_t type = integer_type(wide);
    emit_reg ra = tier_reg(t, &a), d;
    if (op == POPCNT) {
        d = tier_take(t, type);
    } else {
        d = tier_dest(t, type, &a, NULL);
    }
    switch (op) {
    case CLZ: emit_clz(&t->e, wide, d, ra); break;
    case CTZ: emit_ctz(&t->e, wide, d, ra); break;
    case POPCNT: emit_popcnt(&t->e, wide, d, ra); break;
    default: emit_extend_signed(&t->e, op - EXTEND8, wide, d, ra); break;
    }
    tier_drop(t, &a);
    tier_finish(t, type, d);
}

static void wrap(struct tier *t)
{
    struct operand a = tier_pop(t);
    if (a.kind == OPERAND_CONST) {
        tier_push_const(t, WASM_I32, (uint32_t)a.bits);
    } else if (a.kind == OPERAND_MEMORY) { /* the low half of the slot */
        emit_reg d = tier_dest(t, WASM_I32, NULL, NULL);
        tier_load(t, WASM_I32, d, a.disp);
        tier_finish(t, WASM_I32, d);
    } else {
        emit_reg ra = a.reg, d = tier_dest(t, WASM_I32, &a, NULL);
        emit_move(&t->e, false, d, ra);
        tier_drop(t, &a);
        tier_finish(t, WASM_I32, d);
    }
}

static void extend(struct tier *t, bool is_signed)
{
    struct operand a = tier_pop(t);
    if (a.kind == OPERAND_CONST) {
        tier_push_const(t, WASM_I64, is_signed ? (uint64_t)(int32_t)a.bits : a.bits);
        return;
    }
    emit_reg ra = tier_reg(t, &a), d = tier_dest(t, WASM_I64, &a, NULL);
    if (is_signed) {
        emit_extend_signed(&t->e, 2, true, d, ra);
    } else if (d != ra) {
        emit_move(&t->e, false, d, ra);
    }
    tier_drop(t, &a);
    tier_finish(t, WASM_I64, d);
}

/* ---- floating point ---- */

static uint8_t float_type(bool wide)
{
    return wide ? WASM_F64 : WASM_F32;
}

static void finish_float(struct tier *t, bool wide, emit_reg d)
{
    if (t->options.deterministic) emit_fcanonical(&t->e, wide, d);
    tier_finish(t, float_type(wide), d);
}

static void fop(struct tier *t, enum emit_fop op, bool wide)
{
    struct operand b = tier_pop(t), a = tier_pop(t);
    uint8_t type = float_type(wide);
    emit_reg ra = tier_reg(t, &a);
    if (b.kind == OPERAND_MEMORY) {
        emit_reg d = tier_dest(t, type, &a, NULL);
        emit_fop_mem(&t->e, op, wide, d, ra, tier_frame(b.disp));
        tier_drop(t, &a);
        finish_float(t, wide, d);
        return;
    }
    emit_reg rb = tier_reg(t, &b), d = tier_dest(t, type, &a, &b);
    emit_fop(&t->e, op, wide, d, ra, rb);
    tier_drop(t, &a);
    tier_drop(t, &b);
    finish_float(t, wide, d);
}

enum fbinary { FMIN, FMAX, COPYSIGN };

static void fbinary(struct tier *t, enum fbinary op, bool wide)
{
    struct operand b = tier_pop(t), a = tier_pop(t);
    uint8_t type = float_type(wide);
    emit_reg ra = tier_reg(t, &a), rb = tier_reg(t, &b), d = tier_dest(t, type, &a, &b);
    switch (op) {
    case FMIN: emit_fmin(&t->e, wide, d, ra, rb); break;
    case FMAX: emit_fmax(&t->e, wide, d, ra, rb); break;
    case COPYSIGN: emit_fcopysign(&t->e, wide, d, ra, rb); break;
    }
    tier_drop(t, &a);
    tier_drop(t, &b);
    if (op == COPYSIGN) {
        tier_finish(t, type, d);
    } else {
        finish_float(t, wide, d);
    }
}

enum funary { FABS, FNEG, FCEIL, FFLOOR, FTRUNC, FNEAREST, FSQRT, FDEMOTE, FPROMOTE };

static void funary(struct tier *t, enum funary op, bool wide)
{
    struct operand a = tier_pop(t);
    bool to = op == FDEMOTE ? false : op == FPROMOTE ? true : wide;
    emit_reg ra = tier_reg(t, &a), d = tier_dest(t, float_type(to), &a, NULL);
    switch (op) {
    case FABS: emit_fabs(&t->e, wide, d, ra); break;
    case FNEG: emit_fneg(&t->e, wide, d, ra); break;
    case FCEIL: emit_fround(&t->e, EMIT_ROUND_CEIL, wide, d, ra); break;
    case FFLOOR: emit_fround(&t->e, EMIT_ROUND_FLOOR, wide, d, ra); break;
    case FTRUNC: emit_fround(&t->e, EMIT_ROUND_TRUNC, wide, d, ra); break;
    case FNEAREST: emit_fround(&t->e, EMIT_ROUND_NEAREST, wide, d, ra); break;
    case FSQRT: emit_fsqrt(&t->e, wide, d, ra); break;
    case FDEMOTE: emit_fdemote(&t->e, d, ra); break;
    case FPROMOTE: emit_fpromote(&t->e, d, ra); break;
    }
    tier_drop(t, &a);
    if (op <= FNEG) {
        tier_finish(t, float_type(to), d);
    } else {
        finish_float(t, to, d);
    }
}

static void from_int(struct tier *t, bool is_signed, bool iwide, bool wide)
{
    struct operand a = tier_pop(t);
    emit_reg ra = tier_reg(t, &a), d = tier_dest(t, float_type(wide), NULL, NULL);
    emit_from_int(&t->e, is_signed, iwide, wide, d, ra);
    tier_drop(t, &a);
    tier_finish(t, float_type(wide), d);
}

static void to_int(struct tier *t, bool saturated, bool is_signed, bool iwide, bool wide)
{
    struct operand a = tier_pop(t);
    emit_reg ra = tier_reg(t, &a), d = tier_dest(t, integer_type(iwide), NULL, NULL);
    if (saturated) {
        emit_to_int_saturated(&t->e, is_signed, iwide, wide, d, ra);
    } else {
        emit_to_int(&t->e, is_signed, iwide, wide, d, ra, &t->traps[WASM_TRAP_OVERFLOW],
                    &t->traps[WASM_TRAP_CONVERSION]);
    }
    tier_drop(t, &a);
    tier_finish(t, integer_type(iwide), d);
}

static void reinterpret(struct tier *t, uint8_t to, bool wide)
{
    struct operand a = tier_pop(t);
    if (a.kind == OPERAND_CONST) {
        tier_push_const(t, to, a.bits);
    } else if (a.kind == OPERAND_MEMORY) {
        emit_reg d = tier_dest(t, to, NULL, NULL);
        tier_load(t, to, d, a.disp);
        tier_finish(t, to, d);
    } else {
        emit_reg d = tier_dest(t, to, NULL, NULL);
        if (tier_is_vector(to)) {
            emit_fbits(&t->e, wide, d, a.reg);
        } else {
            emit_ibits(&t->e, wide, d, a.reg);
        }
        tier_drop(t, &a);
        tier_finish(t, to, d);
    }
}

static void constant(struct tier *t, uint32_t op)
{
    uint64_t bits = 0;
    if (op == WASM_OP_I32_CONST) {
        tier_push_const(t, WASM_I32, (uint32_t)tier_s64(t));
    } else if (op == WASM_OP_I64_CONST) {
        tier_push_const(t, WASM_I64, (uint64_t)tier_s64(t));
    } else if (op == WASM_OP_F32_CONST) {
        __builtin_memcpy(&bits, t->pc, 4);
        t->pc += 4;
        tier_push_const(t, WASM_F32, bits);
    } else {
        __builtin_memcpy(&bits, t->pc, 8);
        t->pc += 8;
        tier_push_const(t, WASM_F64, bits);
    }
}

void tier_numeric(struct tier *t, uint32_t op)
{
    switch (op) {
#define INTEGER(prefix, wide)                                                                                \
    case WASM_OP_##prefix##_EQZ: eqz(t, wide); break;                                                        \
    case WASM_OP_##prefix##_EQ: compare(t, wide, EMIT_EQ); break;                                            \
    case WASM_OP_##prefix##_NE: compare(t, wide, EMIT_NE); break;                                            \
    case WASM_OP_##prefix##_LT_S: compare(t, wide, EMIT_LT_S); break;                                        \
    case WASM_OP_##prefix##_LT_U: compare(t, wide, EMIT_LT_U); break;                                        \
    case WASM_OP_##prefix##_GT_S: compare(t, wide, EMIT_GT_S); break;                                        \
    case WASM_OP_##prefix##_GT_U: compare(t, wide, EMIT_GT_U); break;                                        \
    case WASM_OP_##prefix##_LE_S: compare(t, wide, EMIT_LE_S); break;                                        \
    case WASM_OP_##prefix##_LE_U: compare(t, wide, EMIT_LE_U); break;                                        \
    case WASM_OP_##prefix##_GE_S: compare(t, wide, EMIT_GE_S); break;                                        \
    case WASM_OP_##prefix##_GE_U: compare(t, wide, EMIT_GE_U); break;                                        \
    case WASM_OP_##prefix##_CLZ: unary(t, CLZ, wide); break;                                                 \
    case WASM_OP_##prefix##_CTZ: unary(t, CTZ, wide); break;                                                 \
    case WASM_OP_##prefix##_POPCNT: unary(t, POPCNT, wide); break;                                           \
    case WASM_OP_##prefix##_EXTEND8_S: unary(t, EXTEND8, wide); break;                                       \
    case WASM_OP_##prefix##_EXTEND16_S: unary(t, EXTEND16, wide); break;                                     \
    case WASM_OP_##prefix##_ADD: alu(t, EMIT_ADD, wide); break;                                              \
    case WASM_OP_##prefix##_SUB: alu(t, EMIT_SUB, wide); break;                                              \
    case WASM_OP_##prefix##_AND: alu(t, EMIT_AND, wide); break;                                              \
    case WASM_OP_##prefix##_OR: alu(t, EMIT_OR, wide); break;                                                \
    case WASM_OP_##prefix##_XOR: alu(t, EMIT_XOR, wide); break;                                              \
    case WASM_OP_##prefix##_MUL: multiply(t, wide); break;                                                   \
    case WASM_OP_##prefix##_DIV_S: divide(t, true, false, wide); break;                                      \
    case WASM_OP_##prefix##_DIV_U: divide(t, false, false, wide); break;                                     \
    case WASM_OP_##prefix##_REM_S: divide(t, true, true, wide); break;                                       \
    case WASM_OP_##prefix##_REM_U: divide(t, false, true, wide); break;                                      \
    case WASM_OP_##prefix##_SHL: shift(t, EMIT_SHL, wide); break;                                            \
    case WASM_OP_##prefix##_SHR_S: shift(t, EMIT_SHR_S, wide); break;                                        \
    case WASM_OP_##prefix##_SHR_U: shift(t, EMIT_SHR_U, wide); break;                                        \
    case WASM_OP_##prefix##_ROTL: shift(t, EMIT_ROTL, wide); break;                                          \
    case WASM_OP_##prefix##_ROTR: shift(t, EMIT_ROTR, wide); break;                                          \
    case WASM_OP_##prefix##_TRUNC_F32_S: to_int(t, false, true, wide, false); break;                         \
    case WASM_OP_##prefix##_TRUNC_F32_U: to_int(t, false, false, wide, false); break;                        \
    case WASM_OP_##prefix##_TRUNC_F64_S: to_int(t, false, true, wide, true); break;                          \
    case WASM_OP_##prefix##_TRUNC_F64_U: to_int(t, false, false, wide, true); break;                         \
    case WASM_OP_##prefix##_TRUNC_SAT_F32_S: to_int(t, true, true, wide, false); break;                      \
    case WASM_OP_##prefix##_TRUNC_SAT_F32_U: to_int(t, true, false, wide, false); break;                     \
    case WASM_OP_##prefix##_TRUNC_SAT_F64_S: to_int(t, true, true, wide, true); break;                       \
    case WASM_OP_##prefix##_TRUNC_SAT_F64_U: to_int(t, true, false, wide, true); break;                      \
    case WASM_OP_##prefix##_CONST: constant(t, op); break;
#define FLOAT(prefix, wide)                                                                                  \
    case WASM_OP_##prefix##_CONST: constant(t, op); break;                                                   \
    case WASM_OP_##prefix##_EQ: fcompare(t, wide, EMIT_FEQ, false); break;                                   \
    case WASM_OP_##prefix##_NE: fcompare(t, wide, EMIT_FNE, false); break;                                   \
    case WASM_OP_##prefix##_LT: fcompare(t, wide, EMIT_FGT, true); break;                                    \
    case WASM_OP_##prefix##_GT: fcompare(t, wide, EMIT_FGT, false); break;                                   \
    case WASM_OP_##prefix##_LE: fcompare(t, wide, EMIT_FGE, true); break;                                    \
    case WASM_OP_##prefix##_GE: fcompare(t, wide, EMIT_FGE, false); break;                                   \
    case WASM_OP_##prefix##_ABS: funary(t, FABS, wide); break;                                               \
    case WASM_OP_##prefix##_NEG: funary(t, FNEG, wide); break;                                               \
    case WASM_OP_##prefix##_CEIL: funary(t, FCEIL, wide); break;                                             \
    case WASM_OP_##prefix##_FLOOR: funary(t, FFLOOR, wide); break;                                           \
    case WASM_OP_##prefix##_TRUNC: funary(t, FTRUNC, wide); break;                                           \
    case WASM_OP_##prefix##_NEAREST: funary(t, FNEAREST, wide); break;                                       \
    case WASM_OP_##prefix##_SQRT: funary(t, FSQRT, wide); break;                                             \
    case WASM_OP_##prefix##_ADD: fop(t, EMIT_FADD, wide); break;                                             \
    case WASM_OP_##prefix##_SUB: fop(t, EMIT_FSUB, wide); break;                                             \
    case WASM_OP_##prefix##_MUL: fop(t, EMIT_FMUL, wide); break;                                             \
    case WASM_OP_##prefix##_DIV: fop(t, EMIT_FDIV, wide); break;                                             \
    case WASM_OP_##prefix##_MIN: fbinary(t, FMIN, wide); break;                                              \
    case WASM_OP_##prefix##_MAX: fbinary(t, FMAX, wide); break;                                              \
    case WASM_OP_##prefix##_COPYSIGN: fbinary(t, COPYSIGN, wide); break;                                     \
    case WASM_OP_##prefix##_CONVERT_I32_S: from_int(t, true, false, wide); break;                            \
    case WASM_OP_##prefix##_CONVERT_I32_U: from_int(t, false, false, wide); break;                           \
    case WASM_OP_##prefix##_CONVERT_I64_S: from_int(t, true, true, wide); break;                             \
    case WASM_OP_##prefix##_CONVERT_I64_U: from_int(t, false, true, wide); break;
        INTEGER(I32, false)
        INTEGER(I64, true)
        FLOAT(F32, false)
        FLOAT(F64, true)
    case WASM_OP_I64_EXTEND32_S: unary(t, EXTEND32, true); break;
    case WASM_OP_I32_WRAP_I64: wrap(t); break;
    case WASM_OP_I64_EXTEND_I32_S: extend(t, true); break;
    case WASM_OP_I64_EXTEND_I32_U: extend(t, false); break;
    case WASM_OP_F32_DEMOTE_F64: funary(t, FDEMOTE, true); break;
    case WASM_OP_F64_PROMOTE_F32: funary(t, FPROMOTE, false); break;
    case WASM_OP_I32_REINTERPRET_F32: reinterpret(t, WASM_I32, false); break;
    case WASM_OP_I64_REINTERPRET_F64: reinterpret(t, WASM_I64, true); break;
    case WASM_OP_F32_REINTERPRET_I32: reinterpret(t, WASM_F32, false); break;
    case WASM_OP_F64_REINTERPRET_I64: reinterpret(t, WASM_F64, true); break;
    default: break;
    }
}
