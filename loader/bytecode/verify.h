/* The verifier of bytecode units.  Shares the opcode table with the compiler and nothing else.  Trusts no byte. */
#ifndef LOADER_BYTECODE_VERIFY_H
#define LOADER_BYTECODE_VERIFY_H

#include "loader/bytecode/format.h"

struct verify_error {
    const char *rule; /* short name of the rule broken, such as "B2 use of a dead register" */
    uint32_t offset;  /* byte offset in the unit of what broke it */
    uint32_t proto, insn;
};
/* True if the unit may be run.  One pass, linear time, constant stack; no memory of its own but `error`. */
bool bytecode_verify(const uint8_t *bytes, size_t size, struct verify_error *error);

#endif
