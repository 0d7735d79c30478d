/* Regular expressions in Java's syntax without what cannot be matched in linear time (back-references, lookaround, possessive
 * and atomic groups).  Matching costs O(text * program), whatever the pattern; docs/design/regex.md tells how. */
#ifndef RUNTIME_VALUE_REGEX_H
#define RUNTIME_VALUE_REGEX_H

#include "runtime/gc/heap.h"

/* The REGEX value of a pattern (a string), or VAL_ERROR: :syntax-error, the message gives the offset (in characters) and
 * what is wrong; :too-large when the program would be longer than LIMIT_REGEX_PROGRAM.  Cost O(pattern + program). */
value regex_make(struct process *p, value source);

static inline bool is_regex(value v)
{
    return is_type(v, T_REGEX);
}

unsigned regex_groups(value regex); /* capturing groups, the whole match not counted */

/* Match from byte offset `start` (a character boundary) on.  SEARCH: the first match at or after start; PREFIX: only at start;
 * FULL: only from start to the end of the text.  Result: TRUE_ and slots[0 .. 2 * groups + 1] filled with byte offsets of
 * starts and ends (UINT32_MAX: group took no part), NIL for no match, VAL_YIELD (call again with the same arguments; *state,
 * NIL at first, is a GC root between calls), VAL_ERROR (no memory).
 * slots must have room for 2 * (regex_groups + 1). */
enum regex_mode { REGEX_SEARCH, REGEX_PREFIX, REGEX_FULL };
value regex_exec(struct process *p, value regex, value text, uint32_t start, enum regex_mode mode,
                 uint32_t *slots, value *state);
/* The same by the second engine alone, for tests. */
value regex_exec_pike(struct process *p, value regex, value text, uint32_t start, enum regex_mode mode,
                      uint32_t *slots, value *state);

#endif
