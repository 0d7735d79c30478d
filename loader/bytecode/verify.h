/* The verifier of bytecode units.  Shares the opcode table with the compiler and nothing else.  Trusts no byte. */
#ifndef LOADER_BYTECODE_VERIFY_H
#define LOADER_BYTECODE_VERIFY_H

#include "loader/bytecode/format.h"
#include "loader/bytecode/literals.h"

struct verify_error {
    const char *rule; /* short name of the rule broken, such as "B2 use of a dead register" */
    uint32_t offset;  /* byte offset in the unit of what broke it */
    uint32_t proto, insn;
};
/* Where the verifier is; private, but for error. */
struct verifier {
    const uint8_t *bytes;
    struct unit_header h;
    struct verify_error error;
    uint64_t live_bytes; /* size of the live section */
    uint32_t proto, insn;
    struct proto_record r; /* of the prototype looked at */
    uint32_t stride, words;
    int64_t budget;
    unsigned stage;
    uint32_t index; /* in what the stage goes through */
    struct {
        uint64_t code, live, regions, positions, locals;
    } totals;
    struct {       /* what the arities of one function, which follow one another, must agree on */
        bool open; /* the record before named this one as its next arity */
        bool variadic;
        uint32_t upvalues;
        uint64_t exact[(LIMIT_PARAMETERS + 64) / 64];
    } chain;
    uint64_t literal_at, position_next;
    bool literal_open, region_open;
    uint32_t region_depth, region_stack[LIMIT_REGION_DEPTH][2];
    struct literal_reader reader;
};
enum verify_result { VERIFY_BAD, VERIFY_GOOD, VERIFY_MORE };

/* May the unit be run?  In slices: start, then continue until it is not MORE; the bytes stay where they are.  *steps, of some
 * 10 ns each, are taken down.  Linear time in all, no memory but *v. */
void bytecode_verify_start(struct verifier *v, const uint8_t *bytes, size_t size);
enum verify_result bytecode_verify_continue(struct verifier *v, int64_t *steps);
/* The same in one go; true if it may be run. */
bool bytecode_verify(const uint8_t *bytes, size_t size, struct verify_error *error);

#endif
