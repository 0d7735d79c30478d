/* Division: ratios, quotients and remainders. */
#include "runtime/value/number_internal.h"

static value fail_zero(struct process *p)
{
    return process_fail(p, ERR_ARITHMETIC, NIL, "Divide by zero");
}

/* ---- integers ---- */

static value divide_by_word(struct process *p, const struct integer *x, const struct integer *y,
                            value *quotient, value *remainder, bool no_quotient)
{
    limb r;
    p->reductions -= (int32_t)(x->n / 8);
    if (no_quotient) {
        r = limbs_div_1(NULL, x->d, x->n, y->d[0]);
    } else {
        struct object *q = integer_new(p, x->n);
        if (q == NULL) return VAL_ERROR;
        r = limbs_div_1(q->p, x->d, x->n, y->d[0]);
        *quotient = integer_finish(p, q, x->negative != y->negative);
    }
    *remainder = integer_make(p, &r, 1, x->negative);
    return NIL;
}

value integer_divide(struct process *p, value a, value b, value *quotient, value *remainder)
{
    value ignored;
    if (quotient == NULL) quotient = &ignored;
    if (remainder == NULL) remainder = &ignored;
    if (both_fixnum(a, b)) {
        *quotient = number_from_i64(p, to_fixnum(a) / to_fixnum(b));
        *remainder = from_fixnum(to_fixnum(a) % to_fixnum(b));
        return NIL;
    }
    struct integer x, y;
    integer_view(a, &x);
    integer_view(b, &y);
    if (limbs_compare(x.d, x.n, y.d, y.n) < 0) {
        *quotient = from_fixnum(0);
        *remainder = a;
        return NIL;
    }
    if (y.n == 1 && x.n <= SLOW_WORD_LIMBS)
        return divide_by_word(p, &x, &y, quotient, remainder, quotient == &ignored);
    if (x.n > 2 * SLOW_MUL_LIMBS || (x.n - y.n + 1) * y.n > SLOW_MUL_LIMBS * SLOW_MUL_LIMBS / 4)
        return VAL_SLOW;
    limb q[2 * SLOW_MUL_LIMBS + 1], u[2 * SLOW_MUL_LIMBS + 1], v[2 * SLOW_MUL_LIMBS];
    size_t qn = x.n - y.n + 1, rn = y.n;
    p->reductions -= (int32_t)(qn * y.n / 64);
    unsigned s = (unsigned)__builtin_clzll(y.d[y.n - 1]);
    limbs_shl(v, y.d, y.n, s);
    u[x.n] = limbs_shl(u, x.d, x.n, s);
    limbs_div(q, u, x.n + 1, v, y.n);
    limbs_shr(u, u, y.n, s);
    if (quotient != &ignored) *quotient = integer_make(p, q, qn, x.negative != y.negative);
    if (remainder != &ignored) *remainder = integer_make(p, u, rn, x.negative);
    return NIL;
}

/* ---- ratios ---- */

value ratio_of(struct process *p, value n, value d)
{
    if (is_sentinel(n)) return n;
    if (is_sentinel(d)) return d;
    if (d == from_fixnum(1)) return n;
    if (integer_limbs(n) > LIMIT_RATIO_LIMBS || integer_limbs(d) > LIMIT_RATIO_LIMBS)
        return process_fail(p, ERR_TOO_LARGE, NIL, "a ratio with parts over %u bits is larger than the limit",
                            (uint64_t)LIMIT_RATIO_LIMBS * 64);
    struct object *o = heap_alloc(p, T_RATIO, 0, 2);
    o->p[0] = n;
    o->p[1] = d;
    return from_obj(o);
}

static value fixnum_ratio(struct process *p, int64_t n, int64_t d)
{
    int64_t a = n < 0 ? -n : n, b = d < 0 ? -d : d;
    while (b != 0) {
        int64_t t = a % b;
        a = b;
        b = t;
    }
    if (d < 0) a = -a;
    return ratio_of(p, number_from_i64(p, n / a), number_from_i64(p, d / a));
}

value ratio_make(struct process *p, value n, value d)
{
    if (is_sentinel(n)) return n;
    if (is_sentinel(d)) return d;
    if (both_fixnum(n, d)) return fixnum_ratio(p, to_fixnum(n), to_fixnum(d));
    struct integer x, y;
    integer_view(n, &x);
    integer_view(d, &y);
    if (x.n > 2 * SLOW_GCD_LIMBS || y.n > 2 * SLOW_GCD_LIMBS) return VAL_SLOW;
    limb a[2 * SLOW_GCD_LIMBS], b[2 * SLOW_GCD_LIMBS], *g;
    size_t an = x.n, bn = y.n;
    __builtin_memcpy(a, x.d, an * sizeof *a);
    __builtin_memcpy(b, y.d, bn * sizeof *b);
    size_t gn = limbs_compare(a, an, b, bn) >= 0 ? limbs_gcd_steps(a, &an, b, &bn, &g, UINT32_MAX)
                                                 : limbs_gcd_steps(b, &bn, a, &an, &g, UINT32_MAX);
    p->reductions -= (int32_t)(x.n * y.n / 8);
    value divisor = integer_make(p, g, gn, y.negative);
    value qn, qd;
    integer_divide(p, n, divisor, &qn, NULL);
    integer_divide(p, d, divisor, &qd, NULL);
    return ratio_of(p, qn, qd);
}

value number_div(struct process *p, value a, value b)
{
    if (!is_number(a) || !is_number(b)) return fail_number(p, "/", a, b);
    if (is_double(a) || is_double(b)) return from_double(number_to_double(a) / number_to_double(b));
    if (integer_is_zero(b)) return fail_zero(p);
    if (is_integer(a) && is_integer(b)) return ratio_make(p, a, b);
    value an = ratio_numerator(a), ad = ratio_denominator(a), bn = ratio_numerator(b),
          bd = ratio_denominator(b);
    if (integer_limbs(an) + integer_limbs(ad) > SLOW_GCD_LIMBS ||
        integer_limbs(bn) + integer_limbs(bd) > SLOW_GCD_LIMBS)
        return VAL_SLOW;
    return ratio_make(p, integer_mul(p, an, bd), integer_mul(p, ad, bn));
}

/* ---- quot, rem, mod ---- */

static value double_quot(struct process *p, double x, double y, bool remainder)
{
    if (y == 0) return fail_zero(p);
    double q = x / y;
    if (!(q - q == 0))
        return process_fail(p, ERR_ARITHMETIC, NIL, "the quotient is infinite or not a number");
    q = __builtin_fabs(q) < 0x1p52 ? (double)(int64_t)q : q;
    return from_double(remainder ? x - q * y : q);
}

/* quot or rem with a ratio on one side: q = (an * bd) quot (ad * bn), r = a - q * b. */
static value ratio_quot(struct process *p, value a, value b, bool remainder)
{
    value n = integer_mul(p, ratio_numerator(a), ratio_denominator(b));
    value d = integer_mul(p, ratio_denominator(a), ratio_numerator(b));
    if (is_sentinel(n)) return n;
    if (is_sentinel(d)) return d;
    value q, status = integer_divide(p, n, d, &q, NULL);
    if (is_sentinel(status)) return status;
    if (is_sentinel(q) || !remainder) return q;
    value product = number_mul(p, q, b);
    return is_sentinel(product) ? product : number_sub(p, a, product);
}

static value quot_or_rem(struct process *p, value a, value b, bool remainder, const char *name)
{
    if (!is_number(a) || !is_number(b)) return fail_number(p, name, a, b);
    if (is_double(a) || is_double(b))
        return double_quot(p, number_to_double(a), number_to_double(b), remainder);
    if (integer_is_zero(b)) return fail_zero(p);
    if (is_ratio(a) || is_ratio(b)) return ratio_quot(p, a, b, remainder);
    value result = NIL,
          status = integer_divide(p, a, b, remainder ? NULL : &result, remainder ? &result : NULL);
    return is_sentinel(status) ? status : result;
}

value number_quot(struct process *p, value a, value b)
{
    return quot_or_rem(p, a, b, false, "quot");
}
value number_rem(struct process *p, value a, value b)
{
    return quot_or_rem(p, a, b, true, "rem");
}

value number_mod(struct process *p, value a, value b)
{
    value r = quot_or_rem(p, a, b, true, "mod");
    if (is_sentinel(r)) return r;
    int sign = number_sign(r);
    return sign == 0 || sign == number_sign(b) ? r : number_add(p, r, b);
}
