#include "loader/bytecode/ops.h"

const struct op_info op_info[OP_COUNT] = {
#define OP(NAME, name, a, b, c, flow, doc) {name, OPERAND_##a, OPERAND_##b, OPERAND_##c, FLOW_##flow},
#include "spec/opcodes.def"
#undef OP
};
