/* Well-formedness of one serialised literal (enum serial_tag in format.h): iterative, linear, bounded nesting. */
#ifndef LOADER_BYTECODE_LITERALS_H
#define LOADER_BYTECODE_LITERALS_H

#include "loader/bytecode/format.h"
#include "spec/limits.h"

struct literal_level {
    uint32_t left; /* values still to come */
    uint8_t next;  /* what they must be: enum wanted in literals.c */
    uint8_t then;  /* what those after the next must be */
};
struct literal_reader {
    const uint8_t *bytes;
    uint64_t size, at;
    const char *wrong;
    uint32_t depth;
    struct literal_level stack[LIMIT_LITERAL_DEPTH + 2];
};

/* NULL if the bytes are exactly one literal, else what is wrong with it; reader->at is where. */
enum literal_check { LITERAL_BAD, LITERAL_GOOD, LITERAL_UNFINISHED };
/* The same in slices. */
void literal_check_start(struct literal_reader *reader, const uint8_t *bytes, uint64_t size);
enum literal_check literal_check_continue(struct literal_reader *reader, int64_t *steps);
const char *literal_check(struct literal_reader *reader, const uint8_t *bytes, uint64_t size);

#endif
