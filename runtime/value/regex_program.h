/* The compiled form of a regular expression, kept in a binary: header, instructions, classes.  Private to regex_*.c.
 *
 * Invariants (the compiler keeps them, the matchers rely on them):
 *  R1  Every jump stays inside the program; the last instruction is MATCH and nothing falls off the end.
 *  R2  Slots and class offsets are in range.
 *  R3  A class is four words of bitmap for ASCII; a word with the number of ranges and RX_CLASS_ flags; pairs low, high,
 *      ascending, from 128 on; with RX_CLASS_CATEGORIES a set of categories. */
#ifndef RUNTIME_VALUE_REGEX_PROGRAM_H
#define RUNTIME_VALUE_REGEX_PROGRAM_H

#include "base/category.h"

enum regex_op {
    RX_CHAR,       /* y: code point */
    RX_FOLD,       /* y: lower-case ASCII letter; either case */
    RX_ANY,        /* anything but a line terminator */
    RX_ALL,        /* anything */
    RX_NOT_LF,     /* anything but \n: `.` under (?d) */
    RX_CLASS,      /* y: offset in the class words */
    RX_SPLIT_NEXT, /* try the next instruction first, then the one y further */
    RX_SPLIT_JUMP, /* the other way round */
    RX_JUMP,       /* y */
    RX_SAVE,       /* x: slot */
    RX_ASSERT,     /* x: enum regex_assert */
    RX_MATCH
};

enum regex_assert {
    RX_TEXT_START,
    RX_TEXT_END,
    RX_LAST_LINE_END,
    RX_LINE_START,
    RX_LINE_END,
    RX_WORD,
    RX_NOT_WORD
};
/* Added to LAST_LINE_END, LINE_START, LINE_END under (?d): only \n ends a line. */
#define RX_UNIX_LINES 0x100u

struct regex_insn {
    uint16_t op, x;
    int32_t y;
};

struct regex_program {
    uint32_t insn_count, slot_count, class_words, flags;
    uint64_t first[4];   /* bytes that a match can begin with, if RX_HAS_FIRST */
    uint8_t prefix_size; /* bytes that every match begins with, if RX_ONE_BYTE */
    char prefix[15];
    struct regex_insn code[];
};
#define RX_HAS_FIRST 1u
#define RX_ANCHORED 2u /* a match can only begin at the start of the text */
#define RX_ONE_BYTE 4u /* first has one member, the first byte of prefix */

static inline const uint32_t *regex_classes(const struct regex_program *r)
{
    return (const uint32_t *)(r->code + r->insn_count);
}

#define RX_CLASS_CATEGORIES 0x40000000u /* beyond ASCII, code points belong by their category, too */
#define RX_CLASS_INVERTED 0x80000000u   /* beyond ASCII, those belong that are not listed */
#define RX_CLASS_COUNT 0xffffu

static inline bool regex_class_has(const uint32_t *class, uint32_t c)
{
    if (c < 128) return class[c >> 5] >> (c & 31) & 1;
    const uint32_t *range = class + 5, count = class[4] & RX_CLASS_COUNT;
    bool inverted = class[4] & RX_CLASS_INVERTED;
    for (uint32_t low = 0, high = count; low < high;) {
        uint32_t middle = (low + high) / 2;
        if (c < range[2 * middle])
            high = middle;
        else if (c > range[2 * middle + 1])
            low = middle + 1;
        else
            return !inverted;
    }
    bool listed = (class[4] & RX_CLASS_CATEGORIES) && (range[2 * count] >> category_of(c) & 1);
    return listed != inverted;
}

/* \n \r NEL LS PS */
static inline bool regex_line_end(uint32_t c)
{
    return c == '\n' || c == '\r' || c == 0x85 || c == 0x2028 || c == 0x2029;
}
/* What \b takes for a part of a word: as in Java up to 18, letters, digits and marks of every script, though \w is ASCII. */
static inline bool regex_word_char(uint32_t c)
{
    if (c < 128)
        return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '_';
    uint32_t word = 1u << CATEGORY_LU | 1u << CATEGORY_LL | 1u << CATEGORY_LT | 1u << CATEGORY_LM |
                    1u << CATEGORY_LO | 1u << CATEGORY_ND | 1u << CATEGORY_MN;
    return word >> category_of(c) & 1;
}

#endif
