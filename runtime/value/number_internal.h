/* What the files of the numeric tower share: integers seen as sign and magnitude, whatever their representation. */
#ifndef RUNTIME_VALUE_NUMBER_INTERNAL_H
#define RUNTIME_VALUE_NUMBER_INTERNAL_H

#include "base/limbs.h"
#include "runtime/value/number.h"
#include "runtime/vm/prim.h"
#include "spec/limits.h"

/* Bounds of what one call does, in limbs: some 100 us each. */
#define SLOW_MUL_LIMBS 512    /* products (or as much work with unequal factors), quotients */
#define SLOW_WORD_LIMBS 16384 /* division by one limb */
#define SLOW_GCD_LIMBS 64     /* anything that reduces a ratio */
#define SLOW_TEXT_LIMBS 128   /* conversion to and from digits */

/* Sign and magnitude of an integer.  Not to be copied: d may point to small.  n == 0 for zero. */
struct integer {
    const limb *d;
    size_t n;
    bool negative;
    limb small;
};

static inline void integer_view(value v, struct integer *to)
{
    if (is_fixnum(v)) {
        int64_t i = to_fixnum(v);
        to->negative = i < 0;
        to->small = (limb)(i < 0 ? -i : i);
        to->n = i != 0;
        to->d = &to->small;
    } else {
        to->negative = obj_has(to_obj(v), OBJ_A);
        to->n = obj_size(to_obj(v));
        to->d = to_obj(v)->p;
    }
}

static inline size_t integer_limbs(value v)
{
    return is_fixnum(v) ? 1 : obj_size(to_obj(v));
}

/* Room for n limbs, to be filled and then finished; NULL with p->error set when n is beyond the limit or memory is refused. */
struct object *integer_new(struct process *p, size_t n);
/* The normalised value of o's limbs; o itself is used unless a fixnum will do. */
value integer_finish(struct process *p, struct object *o, bool negative);
/* v, or VAL_ERROR (:too-large) when it is longer than LIMIT_BIGINT_LIMBS: for everything a program gets to see. */
value integer_check(struct process *p, value v);
/* v * 2^count, floor(v / 2^count); may be longer than the limit. */
value integer_shl(struct process *p, value v, uint64_t count);
value integer_shr(struct process *p, value v, uint64_t count);
/* As integer_parse, for any number of digits whose value takes at most SLOW_TEXT_LIMBS limbs. */
value integer_parse_piece(struct process *p, const char *digits, size_t size, unsigned radix, bool negative);
/* A value for limbs that lie elsewhere (copied). */
value integer_make(struct process *p, const limb *d, size_t n, bool negative);

static inline bool is_ratio(value v)
{
    return is_type(v, T_RATIO);
}
static inline value ratio_numerator(value v)
{
    return is_ratio(v) ? to_obj(v)->p[0] : v;
}
static inline value ratio_denominator(value v)
{
    return is_ratio(v) ? to_obj(v)->p[1] : from_fixnum(1);
}
/* n / d in lowest terms.  Pre: integers, d not zero.  VAL_SLOW when a gcd of long numbers is needed. */
value ratio_make(struct process *p, value n, value d);
/* The same for parts that have no common factor already and d > 0. */
value ratio_of(struct process *p, value n, value d);

bool integer_is_zero(value v);
bool integer_negative(value v);
/* -1, 0, 1 */
int integer_compare(value a, value b);
value integer_add(struct process *p, value a, value b, bool subtract);
value integer_mul(struct process *p, value a, value b);
/* Truncating division; either result may be NULL.  Pre: b not zero.  Returns NIL, VAL_SLOW or VAL_ERROR. */
value integer_divide(struct process *p, value a, value b, value *quotient, value *remainder);
/* d as an exact integer or ratio, and truncated to an integer.  Pre: finite. */
value double_to_exact(struct process *p, double d);
value double_truncate(struct process *p, double d);
/* Limbs of |d| truncated: at most 17; returns the length. */
size_t double_limbs(double d, limb to[17]);

value fail_number(struct process *p, const char *function, value a, value b);

#endif
