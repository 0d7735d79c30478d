/* Bit operations on integers of any size, as if in two's complement with endless sign bits. */
#include "runtime/value/number_internal.h"

/* Limb i of the two's complement; *borrow carries the negation on from limb to limb (start: 1). */
static limb twos(const struct integer *x, size_t i, limb *carry)
{
    limb m = i < x->n ? x->d[i] : 0;
    if (!x->negative) return m;
    limb r = ~m + *carry;
    *carry = *carry != 0 && r == 0;
    return r;
}

enum bit_op { BIT_AND, BIT_OR, BIT_XOR };

static value bits(struct process *p, value a, value b, enum bit_op op, const char *name)
{
    if (both_fixnum(a, b)) {
        int64_t x = to_fixnum(a), y = to_fixnum(b);
        return from_fixnum(op == BIT_AND ? x & y : op == BIT_OR ? x | y : x ^ y);
    }
    if (!is_integer(a)) return fail_type(p, name, 1, a, "an integer");
    if (!is_integer(b)) return fail_type(p, name, 2, b, "an integer");
    struct integer x, y;
    integer_view(a, &x);
    integer_view(b, &y);
    size_t n = (x.n > y.n ? x.n : y.n) + 1;
    struct object *o = integer_new(p, n);
    if (o == NULL) return VAL_ERROR;
    limb cx = 1, cy = 1, top = 0;
    for (size_t i = 0; i < n; i++) {
        limb u = twos(&x, i, &cx), v = twos(&y, i, &cy);
        o->p[i] = top = op == BIT_AND ? u & v : op == BIT_OR ? u | v : u ^ v;
    }
    bool negative = top >> 63;
    if (negative) {
        for (size_t i = 0; i < n; i++) o->p[i] = ~o->p[i];
        limbs_add_1(o->p, o->p, n, 1);
    }
    return integer_finish(p, o, negative);
}

value number_bitand(struct process *p, value a, value b)
{
    return bits(p, a, b, BIT_AND, "bit-and");
}
value number_bitor(struct process *p, value a, value b)
{
    return bits(p, a, b, BIT_OR, "bit-or");
}
value number_bitxor(struct process *p, value a, value b)
{
    return bits(p, a, b, BIT_XOR, "bit-xor");
}

value integer_shl(struct process *p, value a, uint64_t count)
{
    struct integer x;
    integer_view(a, &x);
    if (x.n == 0) return a;
    if (count > (uint64_t)LIMIT_BIGINT_LIMBS * 2 * 64)
        return process_fail(p, ERR_TOO_LARGE, NIL,
                            "a shift by %u bits gives an integer larger than the limit", count);
    size_t words = count / 64;
    struct object *o = integer_new(p, x.n + words + 1);
    if (o == NULL) return VAL_ERROR;
    __builtin_memset(o->p, 0, words * sizeof(limb));
    o->p[words + x.n] = limbs_shl(o->p + words, x.d, x.n, count % 64);
    return integer_finish(p, o, x.negative);
}

/* Towards minus infinity, as two's complement shifts do. */
value integer_shr(struct process *p, value a, uint64_t count)
{
    struct integer x;
    integer_view(a, &x);
    if (count >= (uint64_t)x.n * 64) return from_fixnum(x.negative ? -1 : 0);
    size_t words = count / 64, n = x.n - words;
    bool round = x.negative && limbs_any_below(x.d, count);
    struct object *o = integer_new(p, n + 1);
    if (o == NULL) return VAL_ERROR;
    limbs_shr(o->p, x.d + words, n, count % 64);
    o->p[n] = round ? limbs_add_1(o->p, o->p, n, 1) : 0;
    return integer_finish(p, o, x.negative);
}

static value shift(struct process *p, value a, value count, bool left, const char *name)
{
    if (!is_integer(a)) return fail_type(p, name, 1, a, "an integer");
    if (!is_integer(count)) return fail_type(p, name, 2, count, "an integer");
    int64_t n;
    if (!number_to_i64(count, &n)) n = integer_negative(count) ? INT64_MIN : INT64_MAX;
    if (n < 0) {
        left = !left;
        n = n == INT64_MIN ? INT64_MAX : -n;
    }
    if (is_fixnum(a)) {
        int64_t i = to_fixnum(a);
        if (!left) return from_fixnum(i >> (n > 63 ? 63 : n));
        if (n < 63 && (i << n) >> n == i) return number_from_i64(p, i << n);
    }
    return left ? integer_check(p, integer_shl(p, a, (uint64_t)n)) : integer_shr(p, a, (uint64_t)n);
}

value number_shl(struct process *p, value a, value count)
{
    return shift(p, a, count, true, "bit-shift-left");
}
value number_shr(struct process *p, value a, value count)
{
    return shift(p, a, count, false, "bit-shift-right");
}
