/* The verifier of Forth's intermediate code: the only door through which a definition reaches an engine.  It shares nothing
 * with the compiler that made the code and believes nothing of it.
 *
 * What holds of code that passed:
 *  1. every unit reached is an instruction of the table, and no jump goes into the value of a LITX or out of the definition;
 *  2. no path runs off the end;
 *  3. words, primitives and places of locals exist; the number of locals alive is the same on every path to an instruction;
 *  4. a definition is left with no locals alive.
 * Depths of the data and return stacks are the engines' business: they check them as the code runs. */
#ifndef LOADER_FORTH_VERIFY_H
#define LOADER_FORTH_VERIFY_H

#include "loader/forth/code.h"

struct forth_tables {
    uint32_t words, prims; /* how many there are */
};

enum forth_verdict {
    FORTH_GOOD,
    FORTH_BAD_OP,
    FORTH_BAD_TARGET,
    FORTH_BAD_OPERAND,
    FORTH_BAD_LOCALS,
    FORTH_RUNS_OFF,
    FORTH_TOO_LONG
};

struct forth_report {
    enum forth_verdict verdict;
    uint32_t at; /* unit, relative to the array, of what is wrong */
    bool loops;  /* has a jump backwards */
    bool calls;  /* has calls of other words */
};

/* Verify code[start..end).  scratch: one byte a unit of that range, any content; FORTH_VERIFY_MAX units at most.
 * Cost: linear in the units, times one more than the longest chain of jumps backwards to code that nothing before them
 * reaches; structured code has none, and a chain longer than FORTH_VERIFY_ROUNDS is refused. */
#define FORTH_VERIFY_MAX (1u << 20)
#define FORTH_VERIFY_ROUNDS 64
bool forth_verify(const uint64_t *code, uint32_t start, uint32_t end, const struct forth_tables *tables,
                  uint8_t *scratch, struct forth_report *report);

#endif
