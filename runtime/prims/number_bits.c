/* Bit operations and wrapping arithmetic as primitives. */
#include "runtime/prims/number.h"
#include "runtime/value/number_internal.h"

/* ---- bits of integers of any size ---- */

typedef value bit_fn(struct process *, value, value);

static value bit_fold(struct process *p, value *a, unsigned argc, bit_fn *f)
{
    value acc = a[0];
    for (unsigned i = 1; i < argc && !is_sentinel(acc); i++) {
        acc = f(p, acc, a[i]);
        if ((i & 7) == 7) p->reductions--;
    }
    return acc;
}

static value bit_not(struct process *p, value v)
{
    return is_integer(v) ? integer_add(p, from_fixnum(-1), v, true)
                         : fail_type(p, "bit-not", 1, v, "an integer");
}
static value and_not(struct process *p, value a, value b)
{
    value n = bit_not(p, b);
    return is_sentinel(n) ? n : number_bitand(p, a, n);
}

value prim_bit_and(struct process *p, value *a, unsigned argc)
{
    return bit_fold(p, a, argc, number_bitand);
}
value prim_bit_or(struct process *p, value *a, unsigned argc)
{
    return bit_fold(p, a, argc, number_bitor);
}
value prim_bit_xor(struct process *p, value *a, unsigned argc)
{
    return bit_fold(p, a, argc, number_bitxor);
}
value prim_bit_and_not(struct process *p, value *a, unsigned argc)
{
    return bit_fold(p, a, argc, and_not);
}
value prim_bit_not(struct process *p, value *a, unsigned argc)
{
    return bit_not(p, a[0]);
}
value prim_bit_shl(struct process *p, value *a, unsigned argc)
{
    return number_shl(p, a[0], a[1]);
}
value prim_bit_shr(struct process *p, value *a, unsigned argc)
{
    return number_shr(p, a[0], a[1]);
}

/* The 64-bit word of an integer that fits signed or unsigned. */
static bool word_of(value v, uint64_t *out)
{
    int64_t i;
    if (number_to_i64(v, &i)) {
        *out = (uint64_t)i;
        return true;
    }
    return number_to_u64(v, out);
}

value prim_bit_ushr(struct process *p, value *a, unsigned argc)
{
    uint64_t w, count;
    if (!is_integer(a[1])) return fail_type(p, "unsigned-bit-shift-right", 2, a[1], "an integer");
    if (!word_of(a[0], &w)) return fail_type(p, "unsigned-bit-shift-right", 1, a[0], "a 64-bit integer");
    if (!word_of(a[1], &count)) return fail_type(p, "unsigned-bit-shift-right", 2, a[1], "a 64-bit integer");
    return number_from_i64(p, (int64_t)(w >> (count & 63)));
}

/* (bit-test x n) and its kin: n counts from 0. */
static value bit_index(struct process *p, value *a, const char *name, uint64_t *index)
{
    if (!is_integer(a[0])) return fail_type(p, name, 1, a[0], "an integer");
    if (!is_integer(a[1])) return fail_type(p, name, 2, a[1], "an integer");
    if (!number_to_u64(a[1], index) || *index > (uint64_t)LIMIT_BIGINT_LIMBS * 64)
        return fail_range(p, name, a[1], (uint64_t)LIMIT_BIGINT_LIMBS * 64);
    return NIL;
}
value prim_bit_test(struct process *p, value *a, unsigned argc)
{
    uint64_t n;
    value s = bit_index(p, a, "bit-test", &n);
    if (s == VAL_ERROR) return s;
    struct integer x;
    integer_view(a[0], &x);
    bool bit = n / 64 < x.n && (x.d[n / 64] >> (n % 64) & 1);
    /* Two's complement of a negative number: bits above its lowest one are inverted. */
    if (x.negative && n > limbs_trailing_zeros(x.d, x.n)) bit = !bit;
    return from_bool(bit);
}
static value with_bit(struct process *p, value *a, const char *name, bit_fn *f)
{
    uint64_t n;
    value s = bit_index(p, a, name, &n);
    if (s == VAL_ERROR) return s;
    value mask = number_shl(p, from_fixnum(1), a[1]);
    return is_sentinel(mask) ? mask : f(p, a[0], mask);
}
value prim_bit_set(struct process *p, value *a, unsigned argc)
{
    return with_bit(p, a, "bit-set", number_bitor);
}
value prim_bit_clear(struct process *p, value *a, unsigned argc)
{
    return with_bit(p, a, "bit-clear", and_not);
}
value prim_bit_flip(struct process *p, value *a, unsigned argc)
{
    return with_bit(p, a, "bit-flip", number_bitxor);
}

/* ---- wrapping arithmetic: two's complement of 64 (or 32) bits; doubles as usual ---- */

/* The low 64 bits of a number in two's complement; a double or ratio is truncated first.  False: no number. */
static bool wrap(struct process *p, value v, uint64_t *out)
{
    if (is_fixnum(v)) {
        *out = (uint64_t)to_fixnum(v);
    } else if (is_char(v)) {
        *out = to_char(v);
    } else if (is_double(v)) { /* as Java casts: NaN gives 0, the rest saturates */
        double d = to_double(v);
        *out = d != d         ? 0
               : d >= 0x1p63  ? (uint64_t)INT64_MAX
               : d <= -0x1p63 ? (uint64_t)INT64_MIN
                              : (uint64_t)(int64_t)d;
    } else if (is_ratio(v)) {
        value q = number_quot(p, ratio_numerator(v), ratio_denominator(v));
        if (q == VAL_SLOW || q == VAL_ERROR) return false;
        return wrap(p, q, out);
    } else if (is_type(v, T_BIGINT)) {
        *out = integer_negative(v) ? -to_obj(v)->p[0] : to_obj(v)->p[0];
    } else {
        return false;
    }
    return true;
}

enum unchecked { U_ADD, U_SUB, U_MUL, U_QUOT, U_REM };

static value unchecked(struct process *p, value *a, const char *name, enum unchecked op, unsigned bits)
{
    uint64_t x, y, r;
    if (bits == 64 && (is_double(a[0]) || is_double(a[1])))
        return op == U_ADD   ? number_add(p, a[0], a[1])
               : op == U_SUB ? number_sub(p, a[0], a[1])
                             : number_mul(p, a[0], a[1]);
    if (!wrap(p, a[0], &x)) return fail_type(p, name, 1, a[0], "a number");
    if (!wrap(p, a[1], &y)) return fail_type(p, name, 2, a[1], "a number");
    if (bits == 32) {
        x = (uint64_t)(int32_t)x;
        y = (uint64_t)(int32_t)y;
    }
    if (op >= U_QUOT && y == 0) return process_fail(p, ERR_ARITHMETIC, NIL, "Divide by zero");
    switch (op) {
    case U_ADD: r = x + y; break;
    case U_SUB: r = x - y; break;
    case U_MUL: r = x * y; break;
    case U_QUOT: r = (int64_t)y == -1 ? -x : (uint64_t)((int64_t)x / (int64_t)y); break;
    default: r = (int64_t)y == -1 ? 0 : (uint64_t)((int64_t)x % (int64_t)y); break;
    }
    return number_from_i64(p, bits == 32 ? (int32_t)r : (int64_t)r);
}

static value unchecked_with(struct process *p, value x, int64_t y, const char *name, enum unchecked op,
                            unsigned bits)
{
    value a[2] = {x, from_fixnum(y)};
    return unchecked(p, a, name, op, bits);
}
static value unchecked_negate(struct process *p, value x, const char *name, unsigned bits)
{
    if (is_double(x) && bits == 64) return number_neg(p, x);
    value a[2] = {from_fixnum(0), x};
    return unchecked(p, a, name, U_SUB, bits);
}

#define UNCHECKED(name, text, op, bits)                                                                      \
    value prim_unchecked_##name(struct process *p, value *a, unsigned n)                                     \
    {                                                                                                        \
        return unchecked(p, a, "unchecked-" text, op, bits);                                                 \
    }
#define UNCHECKED_BY_ONE(name, text, op, bits)                                                               \
    value prim_unchecked_##name(struct process *p, value *a, unsigned n)                                     \
    {                                                                                                        \
        return unchecked_with(p, a[0], 1, "unchecked-" text, op, bits);                                      \
    }
#define UNCHECKED_NEGATE(name, text, bits)                                                                   \
    value prim_unchecked_##name(struct process *p, value *a, unsigned n)                                     \
    {                                                                                                        \
        return unchecked_negate(p, a[0], "unchecked-" text, bits);                                           \
    }
UNCHECKED(add, "add", U_ADD, 64)
UNCHECKED(sub, "subtract", U_SUB, 64)
UNCHECKED(mul, "multiply", U_MUL, 64)
UNCHECKED(add_int, "add-int", U_ADD, 32)
UNCHECKED(sub_int, "subtract-int", U_SUB, 32)
UNCHECKED(mul_int, "multiply-int", U_MUL, 32)
UNCHECKED(div_int, "divide-int", U_QUOT, 32)
UNCHECKED(rem_int, "remainder-int", U_REM, 32)
UNCHECKED_BY_ONE(inc, "inc", U_ADD, 64)
UNCHECKED_BY_ONE(dec, "dec", U_SUB, 64)
UNCHECKED_BY_ONE(inc_int, "inc-int", U_ADD, 32)
UNCHECKED_BY_ONE(dec_int, "dec-int", U_SUB, 32)
UNCHECKED_NEGATE(neg, "negate", 64)
UNCHECKED_NEGATE(neg_int, "negate-int", 32)

static value unchecked_cast(struct process *p, value v, const char *name, unsigned bits)
{
    uint64_t w;
    if (!wrap(p, v, &w)) return fail_type(p, name, 1, v, "a number");
    return number_from_i64(p, (int64_t)(w << (64 - bits)) >> (64 - bits));
}
value prim_unchecked_long(struct process *p, value *a, unsigned n)
{
    return unchecked_cast(p, a[0], "unchecked-long", 64);
}
value prim_unchecked_int(struct process *p, value *a, unsigned n)
{
    return unchecked_cast(p, a[0], "unchecked-int", 32);
}
value prim_unchecked_short(struct process *p, value *a, unsigned n)
{
    return unchecked_cast(p, a[0], "unchecked-short", 16);
}
value prim_unchecked_byte(struct process *p, value *a, unsigned n)
{
    return unchecked_cast(p, a[0], "unchecked-byte", 8);
}
value prim_unchecked_char(struct process *p, value *a, unsigned n)
{
    uint64_t w;
    if (!wrap(p, a[0], &w)) return fail_type(p, "unchecked-char", 1, a[0], "a number");
    return from_char((uint32_t)(w & 0xffff) - ((w & 0xf800) == 0xd800 ? 0xd800 : 0));
}
