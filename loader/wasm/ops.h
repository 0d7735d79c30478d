/* The WebAssembly instructions of spec/wasm_ops.def as an enumeration.  Data only: the verifier and the translator both use it. */
#ifndef LOADER_WASM_OPS_H
#define LOADER_WASM_OPS_H

#include "base/types.h"

/* The number is the table's code: opcode byte, 0x100 + sub-opcode of 0xfc, 0x200 + sub-opcode of 0xfd. */
enum wasm_op {
#define WASM_OP(name, text, code, immediate, extra, signature) WASM_OP_##name = code,
#include "spec/wasm_ops.def"
    WASM_OP_LIMIT = 0x300
};

enum wasm_immediate {
    WASM_IMM_NONE,
    WASM_IMM_BLOCK,
    WASM_IMM_LABEL,
    WASM_IMM_LABELS,
    WASM_IMM_FUNCTION,
    WASM_IMM_LOCAL,
    WASM_IMM_GLOBAL,
    WASM_IMM_TABLE,
    WASM_IMM_MEMORY,
    WASM_IMM_TAG,
    WASM_IMM_DATA,
    WASM_IMM_ELEMENT,
    WASM_IMM_TYPE_TABLE,
    WASM_IMM_TYPES,
    WASM_IMM_TABLES,
    WASM_IMM_MEMORIES,
    WASM_IMM_DATA_MEMORY,
    WASM_IMM_ELEMENT_TABLE,
    WASM_IMM_MEMORY_ACCESS,
    WASM_IMM_MEMORY_LANE,
    WASM_IMM_LANE,
    WASM_IMM_SHUFFLE,
    WASM_IMM_I32,
    WASM_IMM_I64,
    WASM_IMM_F32,
    WASM_IMM_F64,
    WASM_IMM_V128,
    WASM_IMM_HEAP_TYPE,
    WASM_IMM_TRY_TABLE,
};

/* Signatures by number; WASM_SIGNATURE_special is 0. */
enum wasm_op_signature {
    WASM_SIGNATURE_special,
#define WASM_SIG(name, pop_count, pop1, pop2, pop3, push_count, push) WASM_SIGNATURE_##name,
#include "spec/wasm_ops.def"
    WASM_SIGNATURE_COUNT
};

#endif
