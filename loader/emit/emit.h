/* The machine-code emitter: one interface for every translator (WebAssembly tiers, Lonala's compiler, Forth), one implementation an
 * architecture (loader/emit/x86_64; registers and their roles: loader/emit/x86_64/target.h through loader/emit/target.h).
 *
 * Use: emit_begin() on a buffer, then instructions in order, then look at overflow once.  Nothing is allocated; nothing is ever written
 * outside the buffer; after an overflow the contents mean nothing.  The code is position-independent: it may be copied as a whole.
 *
 *     struct emit e;
 *     struct emit_label loop = EMIT_LABEL;
 *     emit_begin(&e, buffer, sizeof buffer, emit_detect_features());
 *     emit_move_imm(&e, EMIT_R_RESULT, 0);
 *     emit_bind(&e, &loop);
 *     emit_alu(&e, EMIT_ADD, true, EMIT_R_RESULT, EMIT_R_RESULT, reg);      result += reg
 *     emit_alu_imm(&e, EMIT_SUB, true, reg, reg, 1);
 *     emit_cmp_imm(&e, true, reg, 0);
 *     emit_branch(&e, EMIT_NE, &loop);
 *     emit_return(&e);
 *     if (e.overflow) ...
 *
 * Conventions.  wide: 64 bits, otherwise 32, and a 32-bit result clears the register's upper half.  d is written, a and b are read, any of them
 * may be the same register unless a comment says otherwise.  No function changes a register that it does not name, except EMIT_R_SCRATCH and
 * EMIT_V_SCRATCH (never pass those unless a comment allows it).  Flags: only emit_cmp*, emit_test* and emit_fcmp leave flags to be used;
 * moves, loads, stores, emit_lea and the vector moves keep them; everything else destroys them.
 * Cost: constant for each call. */
#ifndef LOADER_EMIT_EMIT_H
#define LOADER_EMIT_EMIT_H

#include "base/types.h"
#include "loader/emit/target.h"

typedef uint8_t emit_reg; /* general or vector register by number; which of both follows from the function */
#define EMIT_NONE 0xff    /* no base or index */

struct emit {
    uint8_t *begin, *at, *end;
    uint32_t features; /* EMIT_FEATURE_* */
    bool overflow;
    uint32_t pool;    /* offset of the constants, after emit_pool() */
    uint8_t sink[64]; /* what an impossible buffer is replaced by */
};

/* A place in the code.  Forward references are chained through the code itself. */
struct emit_label {
    uint32_t at;    /* offset, if bound */
    uint32_t chain; /* 1 + offset of the last reference, if not; 0: none */
    bool bound;
};
#define EMIT_LABEL ((struct emit_label){0, 0, false})

/* base + (index << scale) + disp */
struct emit_mem {
    emit_reg base, index;
    uint8_t scale; /* 0 to 3 */
    int32_t disp;
};
static inline struct emit_mem emit_at(emit_reg base, int32_t disp)
{
    return (struct emit_mem){base, EMIT_NONE, 0, disp};
}
static inline struct emit_mem emit_at_index(emit_reg base, emit_reg index, unsigned scale, int32_t disp)
{
    return (struct emit_mem){base, index, (uint8_t)scale, disp};
}

/* Extensions that may be missing; the emitter has other ways for each. */
enum {
    EMIT_FEATURE_POPCNT = 1,
    EMIT_FEATURE_LZCNT = 2,
    EMIT_FEATURE_BMI1 = 4,
    EMIT_FEATURE_BMI2 = 8,
    EMIT_FEATURE_AVX = 16,
};
/* What this processor has. */
uint32_t emit_detect_features(void);

void emit_begin(struct emit *e, void *buffer, size_t size, uint32_t features);
/* Constants that some floating-point and vector instructions need: call it once, where control does not pass, near the begin. */
void emit_pool(struct emit *e);
static inline uint32_t emit_offset(const struct emit *e)
{
    return (uint32_t)(e->at - e->begin);
}
/* Fill up to a multiple of alignment (a power of two, at most 64) with instructions that do nothing. */
void emit_align(struct emit *e, unsigned alignment);
void emit_data(struct emit *e, const void *bytes, size_t size);

/* ---- moves ---- */
void emit_move(struct emit *e, bool wide, emit_reg d, emit_reg s);
void emit_move_imm(struct emit *e, emit_reg d, uint64_t value);
enum emit_load {
    EMIT_LOAD_U8,
    EMIT_LOAD_S8_32,
    EMIT_LOAD_S8_64,
    EMIT_LOAD_U16,
    EMIT_LOAD_S16_32,
    EMIT_LOAD_S16_64,
    EMIT_LOAD_32, /* zero-extended */
    EMIT_LOAD_S32_64,
    EMIT_LOAD_64
};
void emit_load(struct emit *e, enum emit_load kind, emit_reg d, struct emit_mem m);
/* size: logarithm of the bytes, 0 to 3.  The immediate of a store of 8 bytes is sign-extended. */
void emit_store(struct emit *e, unsigned size, emit_reg s, struct emit_mem m);
void emit_store_imm(struct emit *e, unsigned size, int32_t value, struct emit_mem m);
void emit_lea(struct emit *e, bool wide, emit_reg d, struct emit_mem m);

/* ---- integers ---- */
enum emit_alu { EMIT_ADD, EMIT_OR, EMIT_AND, EMIT_SUB, EMIT_XOR };
void emit_alu(struct emit *e, enum emit_alu op, bool wide, emit_reg d, emit_reg a, emit_reg b);
void emit_alu_imm(struct emit *e, enum emit_alu op, bool wide, emit_reg d, emit_reg a, int32_t b);
void emit_alu_mem(struct emit *e, enum emit_alu op, bool wide, emit_reg d,
                  struct emit_mem m); /* d = d op [m]; d not in m */
void emit_alu_to_mem(struct emit *e, enum emit_alu op, bool wide, struct emit_mem m,
                     emit_reg s); /* [m] = [m] op s */
void emit_alu_imm_to_mem(struct emit *e, enum emit_alu op, bool wide, struct emit_mem m, int32_t b);
void emit_mul(struct emit *e, bool wide, emit_reg d, emit_reg a, emit_reg b);
void emit_mul_imm(struct emit *e, bool wide, emit_reg d, emit_reg a, int32_t b);
void emit_mul_mem(struct emit *e, bool wide, emit_reg d, struct emit_mem m); /* d = d * [m] */
/* High half of the 128-bit product of EMIT_R_DIVIDEND and b, into EMIT_R_REMAINDER; the low half goes to EMIT_R_DIVIDEND. */
void emit_mul_high(struct emit *e, bool is_signed, emit_reg b);
enum emit_shift { EMIT_SHL, EMIT_SHR_U, EMIT_SHR_S, EMIT_ROTL, EMIT_ROTR };
/* The count is taken modulo the width.  Unless emit_shift_is_free(), the count goes through EMIT_R_COUNT, which loses its value: then
 * d and a are other registers (count may be EMIT_R_COUNT). */
static inline bool emit_shift_is_free(const struct emit *e, enum emit_shift op)
{
    return op <= EMIT_SHR_S && (e->features & EMIT_FEATURE_BMI2);
}
void emit_shift(struct emit *e, enum emit_shift op, bool wide, emit_reg d, emit_reg a, emit_reg count);
void emit_shift_imm(struct emit *e, enum emit_shift op, bool wide, emit_reg d, emit_reg a, unsigned count);
/* EMIT_R_DIVIDEND divided by b: quotient in EMIT_R_DIVIDEND, remainder in EMIT_R_REMAINDER (both are lost).  b is neither.
 * b zero, and the most negative number by -1, are the caller's to exclude. */
void emit_divide(struct emit *e, bool is_signed, bool wide, emit_reg b);
void emit_neg(struct emit *e, bool wide, emit_reg d, emit_reg a);
void emit_not(struct emit *e, bool wide, emit_reg d, emit_reg a);
/* Sign extension of the low 8, 16 or 32 bits (size 0, 1, 2); zero extension. */
void emit_extend_signed(struct emit *e, unsigned size, bool wide, emit_reg d, emit_reg a);
void emit_extend_zero(struct emit *e, unsigned size, emit_reg d, emit_reg a);
/* Of zero: the width. */
void emit_clz(struct emit *e, bool wide, emit_reg d, emit_reg a);
void emit_ctz(struct emit *e, bool wide, emit_reg d, emit_reg a);
/* d is not a. */
void emit_popcnt(struct emit *e, bool wide, emit_reg d, emit_reg a);

/* ---- conditions ---- */
/* Of integers after emit_cmp(a, b): a LT b.  Of floats after emit_fcmp(a, b): FEQ, FNE (true if unordered), FGT, FGE (false if unordered)
 * and their inverses. */
enum emit_cond {
    EMIT_O = 0,
    EMIT_NO = 1,
    EMIT_LT_U = 2,
    EMIT_GE_U = 3,
    EMIT_EQ = 4,
    EMIT_NE = 5,
    EMIT_LE_U = 6,
    EMIT_GT_U = 7,
    EMIT_NEGATIVE = 8,
    EMIT_NOT_NEGATIVE = 9,
    EMIT_UNORDERED = 10,
    EMIT_ORDERED = 11,
    EMIT_LT_S = 12,
    EMIT_GE_S = 13,
    EMIT_LE_S = 14,
    EMIT_GT_S = 15,
    EMIT_FEQ = 16,
    EMIT_FNE = 17,
    EMIT_FGT = EMIT_GT_U,
    EMIT_FGE = EMIT_GE_U,
};

/* The condition with its operands exchanged: a < b is b > a. */
static inline enum emit_cond emit_swapped(enum emit_cond c)
{
    switch (c) {
    case EMIT_LT_S: return EMIT_GT_S;
    case EMIT_GT_S: return EMIT_LT_S;
    case EMIT_LE_S: return EMIT_GE_S;
    case EMIT_GE_S: return EMIT_LE_S;
    case EMIT_LT_U: return EMIT_GT_U;
    case EMIT_GT_U: return EMIT_LT_U;
    case EMIT_LE_U: return EMIT_GE_U;
    case EMIT_GE_U: return EMIT_LE_U;
    default: return c;
    }
}
static inline enum emit_cond emit_invert(enum emit_cond c)
{
    return (enum emit_cond)(c ^ 1);
}
void emit_cmp(struct emit *e, bool wide, emit_reg a, emit_reg b);
void emit_cmp_imm(struct emit *e, bool wide, emit_reg a, int32_t b);
void emit_cmp_mem(struct emit *e, bool wide, emit_reg a, struct emit_mem b);
void emit_cmp_mem_imm(struct emit *e, bool wide, struct emit_mem a, int32_t b);
void emit_test(struct emit *e, bool wide, emit_reg a, emit_reg b); /* flags of a & b */
void emit_test_imm(struct emit *e, bool wide, emit_reg a, int32_t b);
void emit_set(struct emit *e, enum emit_cond c,
              emit_reg d); /* d = 0 or 1; keeps the flags but for FEQ and FNE */
void emit_move_if(struct emit *e, enum emit_cond c, bool wide, emit_reg d,
                  emit_reg s); /* d = s if c; keeps the flags */

/* ---- control ---- */
void emit_bind(struct emit *e, struct emit_label *l);
void emit_jump(struct emit *e, struct emit_label *l);
void emit_branch(struct emit *e, enum emit_cond c, struct emit_label *l);
void emit_call(struct emit *e, struct emit_label *l);
void emit_call_reg(struct emit *e, emit_reg r);
void emit_call_mem(struct emit *e, struct emit_mem m);
/* Call through the 8 bytes at l, which hold an address. */
void emit_call_through(struct emit *e, struct emit_label *l);
void emit_jump_reg(struct emit *e, emit_reg r);
void emit_jump_mem(struct emit *e, struct emit_mem m);
void emit_return(struct emit *e);
void emit_stop(struct emit *e);                                      /* an instruction that faults */
void emit_address(struct emit *e, emit_reg d, struct emit_label *l); /* d = address of l */
/* Jump to the entry of that number (not checked; all 64 bits count; index loses its value) of the entries that must follow at once. */
void emit_table_jump(struct emit *e, emit_reg index);
void emit_table_entry(struct emit *e, struct emit_label *l);
/* Add to the stack pointer. */
void emit_adjust_stack(struct emit *e, int32_t bytes);
void emit_push(struct emit *e, emit_reg r);
void emit_pop(struct emit *e, emit_reg r);

/* ---- floating point: wide is f64, otherwise f32 ---- */
void emit_fmove(struct emit *e, emit_reg d, emit_reg s); /* the whole vector register */
void emit_fload(struct emit *e, bool wide, emit_reg d, struct emit_mem m);
void emit_fstore(struct emit *e, bool wide, emit_reg s, struct emit_mem m);
void emit_fzero(struct emit *e, emit_reg d);
void emit_fimm(struct emit *e, bool wide, emit_reg d, uint64_t bits); /* d may be EMIT_V_SCRATCH */
void emit_fbits(struct emit *e, bool wide, emit_reg d,
                emit_reg s); /* vector from general register, bit by bit */
void emit_ibits(struct emit *e, bool wide, emit_reg d, emit_reg s); /* general from vector register */
enum emit_fop { EMIT_FADD, EMIT_FMUL, EMIT_FSUB, EMIT_FDIV };
void emit_fop(struct emit *e, enum emit_fop op, bool wide, emit_reg d, emit_reg a, emit_reg b);
void emit_fop_mem(struct emit *e, enum emit_fop op, bool wide, emit_reg d, emit_reg a, struct emit_mem b);
void emit_fmin(struct emit *e, bool wide, emit_reg d, emit_reg a,
               emit_reg b); /* as WebAssembly: -0 below 0, NaN if one is */
void emit_fmax(struct emit *e, bool wide, emit_reg d, emit_reg a, emit_reg b);
void emit_fsqrt(struct emit *e, bool wide, emit_reg d, emit_reg a);
enum emit_round { EMIT_ROUND_NEAREST, EMIT_ROUND_FLOOR, EMIT_ROUND_CEIL, EMIT_ROUND_TRUNC };
void emit_fround(struct emit *e, enum emit_round mode, bool wide, emit_reg d, emit_reg a);
void emit_fabs(struct emit *e, bool wide, emit_reg d, emit_reg a); /* these three need emit_pool() */
void emit_fneg(struct emit *e, bool wide, emit_reg d, emit_reg a);
void emit_fcopysign(struct emit *e, bool wide, emit_reg d, emit_reg a, emit_reg b);
void emit_fcmp(struct emit *e, bool wide, emit_reg a, emit_reg b);
void emit_fcmp_mem(struct emit *e, bool wide, emit_reg a, struct emit_mem b);
void emit_fpromote(struct emit *e, emit_reg d, emit_reg a);
void emit_fdemote(struct emit *e, emit_reg d, emit_reg a);
/* If d is a NaN it becomes the canonical one. */
void emit_fcanonical(struct emit *e, bool wide, emit_reg d);
/* Integer (iwide, is_signed) to float (wide). */
void emit_from_int(struct emit *e, bool is_signed, bool iwide, bool wide, emit_reg d, emit_reg a);
/* Float (wide) to integer, towards zero.  The trapping form goes to overflow or nan when there is no such integer. */
void emit_to_int(struct emit *e, bool is_signed, bool iwide, bool wide, emit_reg d, emit_reg a,
                 struct emit_label *overflow, struct emit_label *nan);
void emit_to_int_saturated(struct emit *e, bool is_signed, bool iwide, bool wide, emit_reg d, emit_reg a);

/* ---- vectors of 16 bytes, unaligned in memory; arithmetic on them: loader/emit/simd.h ---- */
void emit_vload(struct emit *e, emit_reg d, struct emit_mem m);
void emit_vstore(struct emit *e, emit_reg s, struct emit_mem m);

#endif
