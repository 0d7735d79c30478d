#include "loader/forth/code.h"

const struct forth_op_info forth_op_info[FORTH_OPS] = {
#define FORTH_OP(name, operand, in, out, flow) {#name, OPERAND_##operand, in, out, FLOW_##flow},
#include "spec/forth_ops.def"
};

static const uint8_t fused_first[] = {
#define FORTH_OP(name, operand, in, out, flow)
#define FORTH_FUSED(name, first, second) OP_##first,
#include "spec/forth_ops.def"
};

unsigned unit_base_op(uint64_t unit)
{
    unsigned op = unit_op(unit);
    return op >= FORTH_OPS && op < FORTH_ALL_OPS ? fused_first[op - FORTH_OPS] : op;
}
