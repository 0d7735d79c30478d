/* The numeric tower: making integers, sums and products.  number_div.c, number_compare.c, number_bits.c and number_text.c
 * hold the rest. */
#include "runtime/value/number_internal.h"

bool is_integer(value v)
{
    return is_fixnum(v) || is_type(v, T_BIGINT);
}

bool is_number(value v)
{
    enum object_type t;
    return is_fixnum(v) || is_double(v) || (t = type_of(v)) == T_BIGINT || t == T_RATIO;
}

value fail_number(struct process *p, const char *function, value a, value b)
{
    bool first = !is_number(a);
    return fail_type(p, function, first ? 1 : 2, first ? a : b, "a number");
}

/* ---- making integers ---- */

value number_from_i64(struct process *p, int64_t i)
{
    if (LIKELY(fits_fixnum(i))) return from_fixnum(i);
    struct object *o = heap_alloc(p, T_BIGINT, i < 0 ? OBJ_A : 0, 1);
    o->p[0] = (limb)(i < 0 ? -(limb)i : (limb)i);
    return from_obj(o);
}

value number_from_u64(struct process *p, uint64_t u)
{
    if (u <= (uint64_t)FIXNUM_MAX) return from_fixnum((int64_t)u);
    struct object *o = heap_alloc(p, T_BIGINT, 0, 1);
    o->p[0] = u;
    return from_obj(o);
}

bool number_to_i64(value v, int64_t *out)
{
    if (is_fixnum(v)) {
        *out = to_fixnum(v);
        return true;
    }
    if (!is_type(v, T_BIGINT) || obj_size(to_obj(v)) != 1) return false;
    bool negative = obj_has(to_obj(v), OBJ_A);
    uint64_t m = to_obj(v)->p[0];
    if (m > (uint64_t)INT64_MAX + negative) return false;
    *out = (int64_t)(negative ? -m : m);
    return true;
}

bool number_to_u64(value v, uint64_t *out)
{
    if (is_fixnum(v)) {
        *out = (uint64_t)to_fixnum(v);
        return to_fixnum(v) >= 0;
    }
    if (!is_type(v, T_BIGINT) || obj_size(to_obj(v)) != 1 || obj_has(to_obj(v), OBJ_A)) return false;
    *out = to_obj(v)->p[0];
    return true;
}

struct object *integer_new(struct process *p, size_t n)
{
    if (n > 2 * (size_t)LIMIT_BIGINT_LIMBS + 64) { /* steps on the way may be twice as long as a result */
        process_fail(p, ERR_TOO_LARGE, NIL, "an integer of %u bits is larger than the limit",
                     (uint64_t)n * 64);
        return NULL;
    }
    if (n > 4096) {
        if (heap_reserve(p, n) == VAL_ERROR) return NULL;
        p->reductions -= (int32_t)(n / 64);
    }
    return heap_alloc(p, T_BIGINT, 0, (uint32_t)n);
}

static bool limbs_fit_fixnum(const limb *d, size_t n, bool negative)
{
    return n == 0 || (n == 1 && d[0] <= (limb)FIXNUM_MAX + negative);
}

static value limbs_fixnum(const limb *d, size_t n, bool negative)
{
    if (n == 0) return from_fixnum(0);
    return from_fixnum(negative ? -(int64_t)d[0] : (int64_t)d[0]);
}

value integer_finish(struct process *p, struct object *o, bool negative)
{
    size_t room = obj_size(o), n = limbs_len(o->p, room);
    bool small = limbs_fit_fixnum(o->p, n, negative);
    value result = small ? limbs_fixnum(o->p, n, negative) : from_obj(o);
    if (!small) o->header = make_header(T_BIGINT, negative ? OBJ_A : 0, (uint32_t)n);
    /* Give back what is left over; where something else was allocated behind it, an unreachable object fills the gap. */
    value *keep = small ? (value *)o : o->p + n;
    if (o->p + room == p->hp)
        p->hp = keep;
    else if (keep < o->p + room)
        *keep = make_header(T_STATE_RAW, 0, (uint32_t)(o->p + room - keep - 1));
    return result;
}

value integer_check(struct process *p, value v)
{
    if (is_type(v, T_BIGINT) && obj_size(to_obj(v)) > LIMIT_BIGINT_LIMBS)
        return process_fail(p, ERR_TOO_LARGE, NIL, "an integer of %u bits is larger than the limit",
                            (uint64_t)obj_size(to_obj(v)) * 64);
    return v;
}

value integer_make(struct process *p, const limb *d, size_t n, bool negative)
{
    n = limbs_len(d, n);
    if (limbs_fit_fixnum(d, n, negative)) return limbs_fixnum(d, n, negative);
    struct object *o = integer_new(p, n);
    if (o == NULL) return VAL_ERROR;
    __builtin_memcpy(o->p, d, n * sizeof *d);
    return integer_finish(p, o, negative);
}

bool integer_is_zero(value v)
{
    return v == from_fixnum(0);
}
bool integer_negative(value v)
{
    return is_fixnum(v) ? to_fixnum(v) < 0 : obj_has(to_obj(v), OBJ_A);
}

/* ---- sums ---- */

value integer_add(struct process *p, value a, value b, bool subtract)
{
    if (both_fixnum(a, b))
        return number_from_i64(p, subtract ? to_fixnum(a) - to_fixnum(b) : to_fixnum(a) + to_fixnum(b));
    struct integer x, y;
    integer_view(a, &x);
    integer_view(b, &y);
    bool xn = x.negative, yn = y.negative != subtract;
    const struct integer *big = &x, *little = &y;
    bool swap = x.n < y.n || (xn != yn && limbs_compare(x.d, x.n, y.d, y.n) < 0);
    if (swap) big = &y, little = &x;
    struct object *o = integer_new(p, big->n + 1);
    if (o == NULL) return VAL_ERROR;
    if (xn == yn) {
        o->p[big->n] = limbs_add(o->p, big->d, big->n, little->d, little->n);
    } else {
        limbs_sub(o->p, big->d, big->n, little->d, little->n);
        o->p[big->n] = 0;
    }
    return integer_finish(p, o, swap ? yn : xn);
}

/* a op b for ratios (and integers beside them). */
static value ratio_add(struct process *p, value a, value b, bool subtract)
{
    value an = ratio_numerator(a), ad = ratio_denominator(a), bn = ratio_numerator(b),
          bd = ratio_denominator(b);
    if (integer_limbs(an) + integer_limbs(ad) > SLOW_GCD_LIMBS ||
        integer_limbs(bn) + integer_limbs(bd) > SLOW_GCD_LIMBS)
        return VAL_SLOW;
    value n = integer_add(p, integer_mul(p, an, bd), integer_mul(p, bn, ad), subtract);
    if (ad == from_fixnum(1) || bd == from_fixnum(1)) return ratio_of(p, n, ad == from_fixnum(1) ? bd : ad);
    return ratio_make(p, n, integer_mul(p, ad, bd));
}

static value add(struct process *p, value a, value b, bool subtract, const char *name)
{
    if (is_integer(a) && is_integer(b)) return integer_check(p, integer_add(p, a, b, subtract));
    if (!is_number(a) || !is_number(b)) return fail_number(p, name, a, b);
    if (is_double(a) || is_double(b)) {
        double x = number_to_double(a), y = number_to_double(b);
        return from_double(subtract ? x - y : x + y);
    }
    return ratio_add(p, a, b, subtract);
}

value number_add(struct process *p, value a, value b)
{
    return add(p, a, b, false, "+");
}
value number_sub(struct process *p, value a, value b)
{
    return add(p, a, b, true, "-");
}

value number_neg(struct process *p, value a)
{
    if (is_fixnum(a)) return number_from_i64(p, -to_fixnum(a));
    if (is_double(a)) return from_double(-to_double(a));
    if (is_ratio(a)) {
        value n = number_neg(p, ratio_numerator(a));
        return n == VAL_ERROR ? n : ratio_of(p, n, ratio_denominator(a));
    }
    if (!is_type(a, T_BIGINT)) return fail_number(p, "-", a, a);
    struct integer x;
    integer_view(a, &x);
    return integer_make(p, x.d, x.n, !x.negative);
}

/* ---- products ---- */

value integer_mul(struct process *p, value a, value b)
{
    int64_t small;
    if (both_fixnum(a, b) && !__builtin_mul_overflow(to_fixnum(a), to_fixnum(b), &small))
        return number_from_i64(p, small);
    struct integer x, y;
    integer_view(a, &x);
    integer_view(b, &y);
    if (x.n == 0 || y.n == 0) return from_fixnum(0);
    const struct integer *big = x.n >= y.n ? &x : &y, *little = x.n >= y.n ? &y : &x;
    size_t work = big->n * little->n, most = SLOW_MUL_LIMBS * SLOW_MUL_LIMBS;
    if (little->n > SLOW_MUL_LIMBS || work > (little->n < LIMBS_KARATSUBA ? most / 2 : most)) return VAL_SLOW;
    struct object *o = integer_new(p, x.n + y.n);
    if (o == NULL) return VAL_ERROR;
    limb scratch[LIMBS_MUL_SCRATCH(SLOW_MUL_LIMBS)];
    limbs_mul(o->p, big->d, big->n, little->d, little->n, scratch);
    p->reductions -= (int32_t)(big->n * little->n / 64);
    return integer_finish(p, o, x.negative != y.negative);
}

static value ratio_mul(struct process *p, value a, value b)
{
    value an = ratio_numerator(a), ad = ratio_denominator(a), bn = ratio_numerator(b),
          bd = ratio_denominator(b);
    if (integer_limbs(an) + integer_limbs(ad) > SLOW_GCD_LIMBS ||
        integer_limbs(bn) + integer_limbs(bd) > SLOW_GCD_LIMBS)
        return VAL_SLOW;
    return ratio_make(p, integer_mul(p, an, bn), integer_mul(p, ad, bd));
}

value number_mul(struct process *p, value a, value b)
{
    if (is_integer(a) && is_integer(b)) return integer_mul(p, a, b);
    if (!is_number(a) || !is_number(b)) return fail_number(p, "*", a, b);
    if (is_double(a) || is_double(b)) return from_double(number_to_double(a) * number_to_double(b));
    return ratio_mul(p, a, b);
}
