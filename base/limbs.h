/* Natural numbers as arrays of 64-bit limbs, least significant first.  Pure functions over the caller's memory: none of
 * them allocates, none keeps state.  Sizes count limbs.  Results may be the operand itself (r == a) where it says so;
 * partial overlap is never allowed.  Sources: Knuth, The Art of Computer Programming 2, 4.3; Moeller and Granlund,
 * "Improved division by invariant integers" (2011). */
#ifndef BASE_LIMBS_H
#define BASE_LIMBS_H

#include "base/types.h"

typedef uint64_t limb;

/* Length without leading zero limbs; 0 for zero. */
size_t limbs_len(const limb *a, size_t n);
/* -1, 0, 1.  Pre: no leading zeros in either. */
int limbs_compare(const limb *a, size_t an, const limb *b, size_t bn);
uint64_t limbs_bit_length(const limb *a, size_t n);     /* 0 for zero; pre: no leading zeros */
bool limbs_any_below(const limb *a, uint64_t bits);     /* is one of the lowest `bits` bits set? */
uint64_t limbs_trailing_zeros(const limb *a, size_t n); /* pre: not zero */

/* r = a + b, an limbs, returns the carry; r = a - b, returns the borrow.  Pre: an >= bn.  r may be a or b. */
limb limbs_add(limb *r, const limb *a, size_t an, const limb *b, size_t bn);
limb limbs_sub(limb *r, const limb *a, size_t an, const limb *b, size_t bn);
limb limbs_add_1(limb *r, const limb *a, size_t n, limb b);
limb limbs_sub_1(limb *r, const limb *a, size_t n, limb b);

/* r = a * m + carry; returns the limb above.  r may be a. */
limb limbs_mul_1(limb *r, const limb *a, size_t n, limb m, limb carry);
limb limbs_addmul_1(limb *r, const limb *a, size_t n, limb m); /* r += a * m */
limb limbs_submul_1(limb *r, const limb *a, size_t n, limb m); /* r -= a * m */

/* Shift by 0 .. 63 bits; return what falls out (shr: at the top of the limb).  r may be a. */
limb limbs_shl(limb *r, const limb *a, size_t n, unsigned bits);
limb limbs_shr(limb *r, const limb *a, size_t n, unsigned bits);

/* r = a * b, an + bn limbs.  Pre: an >= bn >= 1; r apart from a and b.  Karatsuba from LIMBS_KARATSUBA on;
 * scratch: LIMBS_MUL_SCRATCH(bn) limbs (none below the threshold).  Cost: O(an * bn^0.585). */
#define LIMBS_KARATSUBA 32
#define LIMBS_MUL_SCRATCH(bn) (6 * (size_t)(bn) + 128)
void limbs_mul(limb *r, const limb *a, size_t an, const limb *b, size_t bn, limb *scratch);

/* q = a / d, returns the remainder.  Pre: d != 0.  q may be a; q may be NULL. */
limb limbs_div_1(limb *q, const limb *a, size_t n, limb d);
/* Quotient of (hi, lo) by d, remainder to *rem, given inverse = limbs_reciprocal(d).  Pre: hi < d, top bit of d set. */
limb limbs_reciprocal(limb d);
limb limbs_div_2by1(limb hi, limb lo, limb d, limb inverse, limb *rem);
/* Schoolbook division, in place: u (un limbs) becomes the remainder (vn limbs, the rest zero), q gets un - vn limbs.
 * Pre: vn >= 2, top bit of v set, the top vn limbs of u (as a number) less than v.  q may be NULL.  Cost O((un - vn) * vn). */
void limbs_div(limb *q, limb *u, size_t un, const limb *v, size_t vn);
/* One step of the above: the quotient limb for u[0 .. vn], u becomes the remainder. */
limb limbs_div_step(limb *u, const limb *v, size_t vn, limb inverse);

/* Greatest common divisor, in place: both are destroyed, the result is in *which (a or b) with the length returned.
 * Pre: an >= bn, no leading zeros.  Lehmer's algorithm; at most `steps` rounds of about 32 bits each: returns SIZE_MAX
 * when there is more to do (*an, *bn updated; a >= b still).  Cost O(n) a round. */
size_t limbs_gcd_steps(limb *a, size_t *an, limb *b, size_t *bn, limb **which, unsigned steps);

/* The double nearest to a * 2^exponent (ties to even); sticky: a bit more than a is meant.  Infinity when too large. */
double limbs_to_double(const limb *a, size_t n, int64_t exponent, bool sticky);
/* The double nearest to n / d * 2^exponent.  Pre: no leading zeros, both nonzero; scratch: 2 * dn + 8 limbs.
 * Cost O(dn). */
double limbs_quotient_to_double(const limb *n, size_t nn, const limb *d, size_t dn, int64_t exponent,
                                limb *scratch);

/* Digits.  limbs_from_digits: value of n digit characters (checked by the caller) in radix, into r; returns the length.
 * Capacity of r: n * bits_per_digit / 64 + 2.  Cost O(n^2).
 * limbs_to_digits: destroys a, writes exactly the digits needed (none for zero) or, with width > 0, exactly width digits,
 * zero-padded; ends at `end` (exclusive), returns the start.  Cost O(n^2). */
size_t limbs_from_digits(limb *r, const char *digits, size_t n, unsigned radix);
char *limbs_to_digits(limb *a, size_t n, unsigned radix, char *end, size_t width);
/* The largest power of radix that fits a limb, and its exponent. */
limb limbs_radix_power(unsigned radix, unsigned *exponent);

#endif
