/* A unit as text: one line an instruction, with what it names and which registers are live before it. */
#ifndef LOADER_BYTECODE_DISASM_H
#define LOADER_BYTECODE_DISASM_H

#include "loader/bytecode/format.h"

typedef void bytecode_sink(void *context, const char *text, size_t size);

/* Pre: bytecode_verify() accepted the bytes.  O(size).  Literals are cut at 80 characters. */
void bytecode_disassemble(const uint8_t *bytes, size_t size, bytecode_sink *sink, void *context);

/* Only prototype `proto` and those of its function's other arities; without header lines for the unit. */
void bytecode_disassemble_proto(const uint8_t *bytes, size_t size, uint32_t proto, bytecode_sink *sink,
                                void *context);

/* The same in pieces: start with cursor {proto, 0}; some lines, as many as bytes allows; true when there are more. */
struct disassembly {
    uint32_t proto, line;
    bool whole_unit; /* go on with the next prototype, not with the next arity */
};
bool bytecode_disassemble_some(struct disassembly *cursor, const uint8_t *bytes, size_t size,
                               uint64_t bytes_wanted, bytecode_sink *sink, void *context);

#endif
