/* Vectors of 16 bytes.  Operations are numbered as WebAssembly's instructions are (loader/wasm/ops.h); those on a target that has no single
 * instruction are sequences.  All need emit_pool(). */
#ifndef LOADER_EMIT_SIMD_H
#define LOADER_EMIT_SIMD_H

#include "loader/emit/emit.h"

/* One instruction, so that d may be a or b: emit_vector_simple() emits it, or is false if it is not one. */
bool emit_vector_is_simple(uint32_t op);
bool emit_vector_simple(struct emit *e, uint32_t op, emit_reg d, emit_reg a, emit_reg b);
/* Two operands, vector result; d and t (lost) are neither a nor b nor each other. */
void emit_vector_binary(struct emit *e, uint32_t op, emit_reg d, emit_reg a, emit_reg b, emit_reg t);
/* One operand, vector result; the same. */
void emit_vector_unary(struct emit *e, uint32_t op, emit_reg d, emit_reg a, emit_reg t);
/* Shifts: count in a general register, or if that is EMIT_NONE the constant. */
void emit_vector_shift(struct emit *e, uint32_t op, emit_reg d, emit_reg a, emit_reg count, unsigned constant,
                       emit_reg t);
/* any_true, all_true, bitmask: general result. */
void emit_vector_test(struct emit *e, uint32_t op, emit_reg d, emit_reg a);
void emit_vector_select(struct emit *e, emit_reg d, emit_reg a, emit_reg b, emit_reg mask, emit_reg t);
void emit_vector_imm(struct emit *e, emit_reg d, uint64_t low, uint64_t high);
void emit_vector_shuffle(struct emit *e, emit_reg d, emit_reg a, emit_reg b, const uint8_t lanes[16],
                         emit_reg t);
/* a is a general register for integer lanes, a vector register for float lanes. */
void emit_vector_splat(struct emit *e, uint32_t op, emit_reg d, emit_reg a);
void emit_vector_extract(struct emit *e, uint32_t op, emit_reg d, emit_reg a, unsigned lane);
void emit_vector_replace(struct emit *e, uint32_t op, emit_reg d, emit_reg a, emit_reg b,
                         unsigned lane); /* d is not b */
/* Loads that widen, splat or zero; the memory operand may name the scratch register. */
void emit_vector_load(struct emit *e, uint32_t op, emit_reg d, struct emit_mem m);
/* Lanes of 1 << size bytes.  d may be a. */
void emit_vector_load_lane(struct emit *e, unsigned size, emit_reg d, emit_reg a, struct emit_mem m,
                           unsigned lane);
void emit_vector_store_lane(struct emit *e, unsigned size, emit_reg a, struct emit_mem m, unsigned lane);
/* Lanes of d that are NaN become the canonical one; t is lost. */
void emit_vector_canonical(struct emit *e, bool wide, emit_reg d, emit_reg t);

#endif
