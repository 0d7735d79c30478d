/* Numbers: fixnum, bigint, ratio, double; one numeric tower, exact until a double takes part.
 * Each takes any two values; a non-number gives process_fail(ERR_TYPE).  Results are normalised (V2).
 * The fast paths are in the interpreter; these are the complete forms.  Work beyond LIMIT of one turn: the primitives in
 * prims/number.def are the resumable forms; the functions here answer VAL_SLOW when an operand has over 512 limbs. */
#ifndef RUNTIME_VALUE_NUMBER_H
#define RUNTIME_VALUE_NUMBER_H

#include "runtime/value/value.h"

struct process;

bool is_number(value v);
bool is_integer(value v); /* fixnum or bigint */

value number_add(struct process *p, value a, value b);
value number_sub(struct process *p, value a, value b);
value number_mul(struct process *p, value a, value b);
value number_div(struct process *p, value a, value b); /* exact for integers: a ratio; :arithmetic-error on exact zero */
value number_quot(struct process *p, value a, value b);
value number_rem(struct process *p, value a, value b);
value number_mod(struct process *p, value a, value b);
value number_neg(struct process *p, value a);
value number_bitand(struct process *p, value a, value b); /* integers of any size, two's complement */
value number_bitor(struct process *p, value a, value b);
value number_bitxor(struct process *p, value a, value b);
value number_shl(struct process *p, value a, value count); /* arithmetic; a negative count shifts the other way */
value number_shr(struct process *p, value a, value count);

/* -1, 0, 1; 2: unordered (a NaN); numbers only (pre), exact across types. */
int number_compare(value a, value b);
bool number_equal(value a, value b); /* `=`: same category (exact or double) and same number */
bool number_same(value a, value b);  /* `==`: same number, whatever the representation */
uint32_t number_hash(value a);       /* equal numbers (`=`), equal hashes; as Clojure: 1 and 1.0 are different */

value number_from_i64(struct process *p, int64_t i);
value number_from_u64(struct process *p, uint64_t u);
bool number_to_i64(value v, int64_t *out); /* false: not an integer in range */
bool number_to_u64(value v, uint64_t *out);
double number_to_double(value v);          /* nearest even; pre: is_number */

/* Text to number: integers (decimal, 0x, 0 octal, NrDDD radix, trailing N), ratios, floats (also ##Inf written elsewhere;
 * trailing M reads as the exact decimal's double).  VAL_ABSENT: not a number; VAL_ERROR: e.g. zero denominator. */
value number_parse(struct process *p, const char *text, size_t size);
value integer_parse(struct process *p, const char *digits, size_t size, unsigned radix, bool negative);
/* Number to text: bytes written to `to` (at least NUMBER_TEXT_MAX for fixnum and double); integers of any size go through
 * the resumable primitive.  Doubles: the shortest text that reads back, "1.0", "1.0E10" forms as Clojure prints them. */
#define NUMBER_TEXT_MAX 40
size_t fixnum_format(int64_t i, unsigned radix, char *to);
size_t double_format(double d, char *to);

#endif
