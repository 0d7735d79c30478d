/* Numbers: fixnum, bigint, ratio, double; one numeric tower, exact until a double takes part.
 * Each takes any two values; a non-number gives process_fail(ERR_TYPE).  Results are normalised (V2).
 * The fast paths are in the interpreter; these are the complete forms, each a bounded step (some 100 us at most): with more
 * to do (products and quotients of over 512 limbs, ratios of over 64) they answer VAL_SLOW, and number_resume() below does it
 * in turns.  The primitives in prims/number.def do both. */
#ifndef RUNTIME_VALUE_NUMBER_H
#define RUNTIME_VALUE_NUMBER_H

#include "runtime/value/value.h"

struct process;

bool is_number(value v);
bool is_integer(value v); /* fixnum or bigint */

value number_add(struct process *p, value a, value b);
value number_sub(struct process *p, value a, value b);
value number_mul(struct process *p, value a, value b);
value number_div(struct process *p, value a,
                 value b); /* exact for integers: a ratio; :arithmetic-error on exact zero */
value number_quot(struct process *p, value a, value b);
value number_rem(struct process *p, value a, value b);
value number_mod(struct process *p, value a, value b);
value number_neg(struct process *p, value a);
value number_bitand(struct process *p, value a, value b); /* integers of any size, two's complement */
value number_bitor(struct process *p, value a, value b);
value number_bitxor(struct process *p, value a, value b);
value number_shl(struct process *p, value a,
                 value count); /* arithmetic; a negative count shifts the other way */
value number_shr(struct process *p, value a, value count);

/* -1, 0, 1; 2: unordered (a NaN); numbers only (pre), exact across types. */
int number_compare(value a, value b);
int number_sign(value v);            /* -1, 0 (also for a NaN), 1; pre: is_number */
bool number_equal(value a, value b); /* `=`: same category (exact or double) and same number */
bool number_same(value a, value b);  /* `==`: same number, whatever the representation */
uint32_t number_hash(value a); /* equal numbers (`=`), equal hashes; as Clojure: 1 and 1.0 are different */

value number_from_i64(struct process *p, int64_t i);
value number_from_u64(struct process *p, uint64_t u);
bool number_to_i64(value v, int64_t *out); /* false: not an integer in range */
bool number_to_u64(value v, uint64_t *out);
double number_to_double(value v); /* nearest even; pre: is_number */

/* The resumable forms, for when the functions above answer VAL_SLOW: the result, VAL_ERROR, or VAL_YIELD when the turn's
 * reductions are used up; then call again with the same arguments.  *state: NIL at first; the caller keeps it as a GC root
 * between calls (p->prim_state, or inside it). */
enum number_op { NUMBER_ADD, NUMBER_SUB, NUMBER_MUL, NUMBER_DIV, NUMBER_QUOT, NUMBER_REM, NUMBER_MOD };
value number_resume(struct process *p, enum number_op op, value a, value b, value *state);

/* Text to number: integers (decimal, 0x, 0 octal, NrDDD radix, trailing N), ratios, floats (##Inf is the reader's;
 * trailing M reads as the double nearest to the decimal).  VAL_ABSENT: not a number; VAL_ERROR: e.g. zero denominator.
 * VAL_SLOW: an integer or ratio with more digits than one call may read (over NUMBER_PARSE_DIRECT bytes); then call
 * number_parse_resume until it answers something else than VAL_YIELD; *state is NIL at first, a GC root between calls. */
#define NUMBER_PARSE_DIRECT 2000
value number_parse(struct process *p, const char *text, size_t size);
value number_parse_resume(struct process *p, const char *text, size_t size, value *state);
/* Digits only.  VAL_ABSENT: a character that is no digit of the radix, or no digits; VAL_SLOW as above. */
value integer_parse(struct process *p, const char *digits, size_t size, unsigned radix, bool negative);
value integer_parse_resume(struct process *p, const char *digits, size_t size, unsigned radix, bool negative,
                           value *state);

/* Number to text: bytes written to `to` (at least NUMBER_TEXT_MAX), no terminating zero.
 * Doubles: the shortest text that reads back, "1.0", "1.0E10", "Infinity", "NaN" as `str` gives them; the readable form
 * writes ##Inf, ##-Inf, ##NaN. */
#define NUMBER_TEXT_MAX 72
size_t fixnum_format(int64_t i, unsigned radix, char *to);
size_t double_format(double d, char *to);
size_t double_format_readable(double d, char *to);
/* Exact numbers in decimal, for messages: up to 8 limbs a part in full; longer parts as an underscore with the number of
 * their bits. */
#define NUMBER_SHORT_TEXT_MAX 360
size_t exact_format_short(value v, char *to);
/* Any exact number (integer or ratio) as a string value, radix 2 .. 36.  VAL_YIELD: call again, as above. */
value number_to_string(struct process *p, value v, unsigned radix, value *state);

#endif
