/* The form of the intermediate code of Forth definitions (spec/forth_ops.def): what its maker, verifier and engines agree on. */
#ifndef LOADER_FORTH_CODE_H
#define LOADER_FORTH_CODE_H

#include "base/types.h"

enum forth_op {
#define FORTH_OP(name, operand, in, out, flow) OP_##name,
#include "spec/forth_ops.def"
    FORTH_OPS, /* what is fused comes behind, and is no input */
    FORTH_FUSED_BASE = FORTH_OPS - 1,
#define FORTH_OP(name, operand, in, out, flow)
#define FORTH_FUSED(name, first, second) OP_##name,
#include "spec/forth_ops.def"
    FORTH_ALL_OPS
};

enum forth_operand {
    OPERAND_NONE,
    OPERAND_VALUE,
    OPERAND_UNIT,
    OPERAND_TARGET,
    OPERAND_WORD,
    OPERAND_PRIM,
    OPERAND_LOCAL,
    OPERAND_COUNT
};
enum forth_flow { FLOW_NEXT, FLOW_JUMP, FLOW_BRANCH, FLOW_END, FLOW_UNKNOWN };

struct forth_op_info {
    const char *name;
    uint8_t operand, in, out, flow;
};
extern const struct forth_op_info forth_op_info[FORTH_OPS];

#define FORTH_LOCALS_MAX 64

static inline unsigned unit_op(uint64_t unit)
{
    return (uint16_t)unit;
}
static inline int64_t unit_arg(uint64_t unit)
{
    return (int64_t)unit >> 16;
}
static inline uint64_t unit_make(unsigned op, int64_t arg)
{
    return (uint64_t)arg << 16 | op;
}
static inline bool unit_fits(int64_t value)
{
    return value == (int64_t)((uint64_t)value << 16) >> 16;
}
/* The operation that a unit had before the engine fused it. */
unsigned unit_base_op(uint64_t unit);
/* How many units an instruction of that operation takes. */
static inline unsigned op_units(unsigned op)
{
    return op == OP_LITX ? 2 : 1;
}

#endif
