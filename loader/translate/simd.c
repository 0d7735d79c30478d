/* Vector instructions. */
#include "loader/translate/tier1.h"
#include "loader/emit/simd.h"

static bool is_float_arithmetic(uint32_t op, bool *wide)
{
    switch (op) {
    case WASM_OP_F32X4_ADD:
    case WASM_OP_F32X4_SUB:
    case WASM_OP_F32X4_MUL:
    case WASM_OP_F32X4_DIV:
    case WASM_OP_F32X4_MIN:
    case WASM_OP_F32X4_MAX:
    case WASM_OP_F32X4_SQRT:
    case WASM_OP_F32X4_CEIL:
    case WASM_OP_F32X4_FLOOR:
    case WASM_OP_F32X4_TRUNC:
    case WASM_OP_F32X4_NEAREST:
    case WASM_OP_F32X4_DEMOTE_F64X2_ZERO: *wide = false; return true;
    case WASM_OP_F64X2_ADD:
    case WASM_OP_F64X2_SUB:
    case WASM_OP_F64X2_MUL:
    case WASM_OP_F64X2_DIV:
    case WASM_OP_F64X2_MIN:
    case WASM_OP_F64X2_MAX:
    case WASM_OP_F64X2_SQRT:
    case WASM_OP_F64X2_CEIL:
    case WASM_OP_F64X2_FLOOR:
    case WASM_OP_F64X2_TRUNC:
    case WASM_OP_F64X2_NEAREST:
    case WASM_OP_F64X2_PROMOTE_LOW_F32X4: *wide = true; return true;
    default: return false;
    }
}

static void finish(struct tier *t, uint32_t op, emit_reg d)
{
    bool wide;
    if (t->options.deterministic && is_float_arithmetic(op, &wide)) {
        emit_reg temp = tier_take(t, WASM_V128);
        emit_vector_canonical(&t->e, wide, d, temp);
        tier_give(t, true, temp);
    }
    tier_finish(t, WASM_V128, d);
}

static void binary(struct tier *t, uint32_t op)
{
    struct operand b = tier_pop(t), a = tier_pop(t);
    emit_reg ra = tier_reg(t, &a), rb = tier_reg(t, &b), d;
    if (emit_vector_is_simple(op)) {
        d = tier_dest(t, WASM_V128, &a, &b);
        emit_vector_simple(&t->e, op, d, ra, rb);
    } else {
        emit_reg temp = tier_take(t, WASM_V128);
        d = tier_take(t, WASM_V128);
        emit_vector_binary(&t->e, op, d, ra, rb, temp);
        tier_give(t, true, temp);
    }
    tier_drop(t, &a);
    tier_drop(t, &b);
    finish(t, op, d);
}

static void unary(struct tier *t, uint32_t op)
{
    struct operand a = tier_pop(t);
    emit_reg ra = tier_reg(t, &a), temp = tier_take(t, WASM_V128), d = tier_take(t, WASM_V128);
    emit_vector_unary(&t->e, op, d, ra, temp);
    tier_give(t, true, temp);
    tier_drop(t, &a);
    finish(t, op, d);
}

static void shift(struct tier *t, uint32_t op)
{
    struct operand n = tier_pop(t), a = tier_pop(t);
    emit_reg count = n.kind == OPERAND_CONST ? EMIT_NONE : tier_reg(t, &n);
    emit_reg ra = tier_reg(t, &a), temp = tier_take(t, WASM_V128), d = tier_take(t, WASM_V128);
    emit_vector_shift(&t->e, op, d, ra, count, (unsigned)n.bits, temp);
    tier_give(t, true, temp);
    tier_drop(t, &n);
    tier_drop(t, &a);
    tier_finish(t, WASM_V128, d);
}

static void test(struct tier *t, uint32_t op)
{
    struct operand a = tier_pop(t);
    emit_reg ra = tier_reg(t, &a), d = tier_dest(t, WASM_I32, NULL, NULL);
    emit_vector_test(&t->e, op, d, ra);
    tier_drop(t, &a);
    tier_finish(t, WASM_I32, d);
}

static void bitselect(struct tier *t)
{
    struct operand c = tier_pop(t), b = tier_pop(t), a = tier_pop(t);
    emit_reg ra = tier_reg(t, &a), rb = tier_reg(t, &b), rc = tier_reg(t, &c);
    emit_reg temp = tier_take(t, WASM_V128), d = tier_take(t, WASM_V128);
    emit_vector_select(&t->e, d, ra, rb, rc, temp);
    tier_give(t, true, temp);
    tier_drop(t, &a);
    tier_drop(t, &b);
    tier_drop(t, &c);
    tier_finish(t, WASM_V128, d);
}

static void shuffle(struct tier *t)
{
    const uint8_t *lanes = t->pc;
    t->pc += 16;
    struct operand b = tier_pop(t), a = tier_pop(t);
    emit_reg ra = tier_reg(t, &a), rb = tier_reg(t, &b), temp = tier_take(t, WASM_V128),
             d = tier_take(t, WASM_V128);
    emit_vector_shuffle(&t->e, d, ra, rb, lanes, temp);
    tier_give(t, true, temp);
    tier_drop(t, &a);
    tier_drop(t, &b);
    tier_finish(t, WASM_V128, d);
}

static void splat(struct tier *t, uint32_t op)
{
    struct operand a = tier_pop(t);
    emit_reg ra = tier_reg(t, &a), d = tier_dest(t, WASM_V128, NULL, NULL);
    emit_vector_splat(&t->e, op, d, ra);
    tier_drop(t, &a);
    tier_finish(t, WASM_V128, d);
}

static uint8_t lane_type(uint32_t op)
{
    switch (op) {
    case WASM_OP_I64X2_EXTRACT_LANE: return WASM_I64;
    case WASM_OP_F32X4_EXTRACT_LANE: return WASM_F32;
    case WASM_OP_F64X2_EXTRACT_LANE: return WASM_F64;
    default: return WASM_I32;
    }
}

static void extract(struct tier *t, uint32_t op)
{
    unsigned lane = *t->pc++;
    struct operand a = tier_pop(t);
    emit_reg ra = tier_reg(t, &a), d = tier_dest(t, lane_type(op), NULL, NULL);
    emit_vector_extract(&t->e, op, d, ra, lane);
    tier_drop(t, &a);
    tier_finish(t, lane_type(op), d);
}

static void replace(struct tier *t, uint32_t op)
{
    unsigned lane = *t->pc++;
    struct operand b = tier_pop(t), a = tier_pop(t);
    emit_reg ra = tier_reg(t, &a), rb = tier_reg(t, &b), d = tier_take(t, WASM_V128);
    emit_vector_replace(&t->e, op, d, ra, rb, lane);
    tier_drop(t, &a);
    tier_drop(t, &b);
    tier_finish(t, WASM_V128, d);
}

/* ---- memory ---- */

static void load(struct tier *t, uint32_t op, unsigned bytes)
{
    uint32_t memory;
    uint64_t offset;
    tier_memarg(t, &memory, &offset);
    struct operand index = tier_pop(t), held;
    emit_reg d = tier_take(t, WASM_V128);
    emit_vector_load(&t->e, op, d, tier_address(t, &index, memory, offset, bytes, &held));
    tier_drop(t, &held);
    tier_drop(t, &index);
    tier_finish(t, WASM_V128, d);
}

static void store(struct tier *t)
{
    uint32_t memory;
    uint64_t offset;
    tier_memarg(t, &memory, &offset);
    struct operand value = tier_pop(t), index = tier_pop(t), held;
    emit_reg s = tier_reg(t, &value);
    emit_vstore(&t->e, s, tier_address(t, &index, memory, offset, 16, &held));
    tier_drop(t, &held);
    tier_drop(t, &index);
    tier_drop(t, &value);
}

static void lane_access(struct tier *t, uint32_t op)
{
    uint32_t memory;
    uint64_t offset;
    bool is_load = op < WASM_OP_V128_STORE8_LANE;
    unsigned size = op - (is_load ? WASM_OP_V128_LOAD8_LANE : WASM_OP_V128_STORE8_LANE);
    tier_memarg(t, &memory, &offset);
    unsigned lane = *t->pc++;
    struct operand value = tier_pop(t), index = tier_pop(t), held;
    emit_reg v = is_load ? tier_temp(t, &value) : tier_reg(t, &value);
    struct emit_mem m = tier_address(t, &index, memory, offset, 1u << size, &held);
    if (is_load) {
        emit_vector_load_lane(&t->e, size, v, v, m, lane);
    } else {
        emit_vector_store_lane(&t->e, size, v, m, lane);
    }
    tier_drop(t, &held);
    tier_drop(t, &index);
    if (is_load) {
        tier_push_reg(t, WASM_V128, v);
    } else {
        tier_drop(t, &value);
    }
}

static void constant(struct tier *t)
{
    uint64_t halves[2];
    __builtin_memcpy(halves, t->pc, 16);
    t->pc += 16;
    emit_reg d = tier_dest(t, WASM_V128, NULL, NULL);
    emit_vector_imm(&t->e, d, halves[0], halves[1]);
    tier_finish(t, WASM_V128, d);
}

struct row {
    uint8_t immediate, extra, signature;
};

static const struct row *row_of(uint32_t op)
{
    static const struct row rows[WASM_OP_LIMIT] = {
#define WASM_OP(name, text, code, immediate, extra, signature)                                               \
    [code] = {WASM_IMM_##immediate, extra, WASM_SIGNATURE_##signature},
#include "spec/wasm_ops.def"
    };
    return &rows[op];
}

void tier_simd(struct tier *t, uint32_t op)
{
    const struct row *row = row_of(op);
    switch (row->immediate) {
    case WASM_IMM_MEMORY_ACCESS:
        if (op == WASM_OP_V128_STORE) {
            store(t);
        } else {
            load(t, op, 1u << row->extra);
        }
        return;
    case WASM_IMM_MEMORY_LANE: lane_access(t, op); return;
    case WASM_IMM_LANE:
        if (row->signature == WASM_SIGNATURE_v_i || row->signature == WASM_SIGNATURE_v_I ||
            row->signature == WASM_SIGNATURE_v_f || row->signature == WASM_SIGNATURE_v_F) {
            extract(t, op);
        } else {
            replace(t, op);
        }
        return;
    case WASM_IMM_SHUFFLE: shuffle(t); return;
    case WASM_IMM_V128: constant(t); return;
    default: break;
    }
    switch (row->signature) {
    case WASM_SIGNATURE_vv_v: binary(t, op); break;
    case WASM_SIGNATURE_v_v: unary(t, op); break;
    case WASM_SIGNATURE_vi_v: shift(t, op); break;
    case WASM_SIGNATURE_v_i: test(t, op); break;
    case WASM_SIGNATURE_vvv_v: bitselect(t); break;
    default: splat(t, op); break;
    }
}
