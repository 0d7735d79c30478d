/* The opcode table as data, made from spec/opcodes.def: for the verifier, the compiler's liveness and the disassembler. */
#ifndef LOADER_BYTECODE_OPS_H
#define LOADER_BYTECODE_OPS_H

#include "loader/bytecode/format.h"

enum operand_kind {
    OPERAND_NONE,
    OPERAND_DEF,
    OPERAND_DEF2,
    OPERAND_USE,
    OPERAND_BOTH,
    OPERAND_IMM,
    OPERAND_IMM32,
    OPERAND_SPECIAL,
    OPERAND_LIT32,
    OPERAND_LIT,
    OPERAND_GLOBAL32,
    OPERAND_GLOBAL,
    OPERAND_PROTO,
    OPERAND_UPVAL,
    OPERAND_COUNT,
    OPERAND_JUMP32,
    OPERAND_JUMP,
    OPERAND_WINDOW,
    OPERAND_WINDOWG,
    OPERAND_RANGE
};
enum op_flow { FLOW_NEXT, FLOW_JUMP, FLOW_BRANCH, FLOW_BACK, FLOW_END, FLOW_SUSPEND };

struct op_info {
    const char *name;
    uint8_t a, b, c; /* enum operand_kind */
    uint8_t flow;    /* enum op_flow */
};
extern const struct op_info op_info[OP_COUNT];

static inline bool op_is_call(unsigned op)
{
    return op == OP_CALL || op == OP_CALLG || op == OP_BREAK;
}
/* True if the instruction jumps; *offset is relative to the next instruction. */
static inline bool op_jump(struct insn i, int32_t *offset)
{
    if (op_info[i.op].b == OPERAND_JUMP32) {
        *offset = insn_bc(i);
        return true;
    }
    if (op_info[i.op].c == OPERAND_JUMP) {
        *offset = (int16_t)i.c;
        return true;
    }
    return false;
}

#endif
