/* Upper and lower case of code points, as Unicode has it (full mappings: one code point may become up to three). */
#ifndef BASE_LETTER_CASE_H
#define BASE_LETTER_CASE_H

#include "base/types.h"

/* Number of code points written to `to`.  Without regard to the surroundings: a final sigma is the caller's affair.
 * O(log of the table) beyond ASCII. */
unsigned letter_upper(uint32_t c, uint32_t to[3]);
unsigned letter_lower(uint32_t c, uint32_t to[3]);
bool letter_is_cased(uint32_t c);

#endif
