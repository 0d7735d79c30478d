/* Doubles to text and back: shortest digits that read back to the same double, and correctly rounded reading.
 * Sources: R. Giulietti, "The Schubfach way to render doubles" (2020); D. Lemire, "Number parsing at a gigabyte per
 * second" (2021), here with an interval argument of our own in place of its case analysis.  Cost: some 30 ns either way. */
#ifndef BASE_FLOAT_TEXT_H
#define BASE_FLOAT_TEXT_H

#include "base/types.h"

/* The shortest decimal that reads back to d, the one nearest to d where several are shortest: digits (no trailing zeros; at
 * most 17) and the exponent of ten of the first digit, d = D.DDD * 10^exponent.  The two smallest subnormals give
 * 4.9E-324 and 9.9E-324, as Java's specification has it.  Returns the number of digits.  Pre: d finite and > 0. */
unsigned float_shortest_digits(double d, char digits[17], int *exponent);

/* Text as Java and Clojure print it: 1.0, 1.0E10, 1.0E-5, Infinity, -Infinity, NaN.  At most FLOAT_TEXT_MAX bytes; no
 * terminating zero; returns the size. */
#define FLOAT_TEXT_MAX 26
size_t float_format(double d, char *to);

/* The double nearest to digits (n decimal digits, no sign, no point) * 10^exponent, ties to even.  Any n. */
double float_from_decimal(const char *digits, size_t n, int64_t exponent);

/* Read digits [. digits] [e [+-] digits] (at least one digit before or after the point) at the start of text; *used: bytes
 * read, 0 if that is not there. */
double float_parse(const char *text, size_t size, size_t *used);

#endif
