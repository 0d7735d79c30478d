/* lona.math: the functions of clojure.math over base/math.h. */
#include "base/math.h"
#include "runtime/prims/number.h"
#include "runtime/value/number.h"

/* The i-th argument as a double; false: the error is set. */
static bool argument(struct process *p, const char *name, value *a, unsigned i, double *to)
{
    if (!is_number(a[i])) {
        fail_type(p, name, i + 1, a[i], "a number");
        return false;
    }
    *to = number_to_double(a[i]);
    return true;
}

static value apply_1(struct process *p, const char *name, value *a, double (*f)(double))
{
    double x;
    return argument(p, name, a, 0, &x) ? from_double(f(x)) : VAL_ERROR;
}
static value apply_2(struct process *p, const char *name, value *a, double (*f)(double, double))
{
    double x, y;
    return argument(p, name, a, 0, &x) && argument(p, name, a, 1, &y) ? from_double(f(x, y)) : VAL_ERROR;
}

static double square_root(double x)
{
    return math_sqrt(x);
}
static double sign(double x)
{
    return x > 0 ? 1 : x < 0 ? -1 : x;
}
static double to_radians(double x)
{
    return x * 0x1.1df46a2529d39p-6;
} /* pi / 180, as Java multiplies */
static double to_degrees(double x)
{
    return x * 0x1.ca5dc1a63c1f8p+5;
} /* 180 / pi */

static double next_up(double x)
{
    if (x != x || x == __builtin_inf()) return x;
    if (x == 0) return 0x1p-1074;
    return math_from_bits(math_bits(x) + (x > 0 ? 1 : -1ull));
}
static double next_down(double x)
{
    return -next_up(-x);
}
static double next_after(double x, double towards)
{
    if (x != x || towards != towards) return x + towards;
    return x == towards ? towards : x < towards ? next_up(x) : next_down(x);
}
static double unit(double x)
{
    double a = __builtin_fabs(x);
    if (a - a != 0) return a;
    return a == 0x1.fffffffffffffp1023 ? 0x1p971 : next_up(a) - a;
}
static double copy_sign(double x, double y)
{
    return math_from_bits((math_bits(x) & ~(1ull << 63)) | (math_bits(y) & 1ull << 63));
}
static double scale(double x, double n)
{
    return math_scale(x, n != n ? 0 : n >= 4000 ? 4000 : n <= -4000 ? -4000 : (int64_t)n);
}

#define FUNCTION_1(name, text, f)                                                                            \
    value prim_math_##name(struct process *p, value *a, unsigned argc)                                       \
    {                                                                                                        \
        return apply_1(p, text, a, f);                                                                       \
    }
#define FUNCTION_2(name, text, f)                                                                            \
    value prim_math_##name(struct process *p, value *a, unsigned argc)                                       \
    {                                                                                                        \
        return apply_2(p, text, a, f);                                                                       \
    }
FUNCTION_1(sqrt, "sqrt", square_root)
FUNCTION_1(cbrt, "cbrt", math_cbrt)
FUNCTION_1(exp, "exp", math_exp)
FUNCTION_1(expm1, "expm1", math_expm1)
FUNCTION_1(log, "log", math_log)
FUNCTION_1(log10, "log10", math_log10)
FUNCTION_1(log1p, "log1p", math_log1p)
FUNCTION_1(sin, "sin", math_sin)
FUNCTION_1(cos, "cos", math_cos)
FUNCTION_1(tan, "tan", math_tan)
FUNCTION_1(asin, "asin", math_asin)
FUNCTION_1(acos, "acos", math_acos)
FUNCTION_1(atan, "atan", math_atan)
FUNCTION_1(sinh, "sinh", math_sinh)
FUNCTION_1(cosh, "cosh", math_cosh)
FUNCTION_1(tanh, "tanh", math_tanh)
FUNCTION_1(floor, "floor", math_floor)
FUNCTION_1(ceil, "ceil", math_ceil)
FUNCTION_1(rint, "rint", math_rint)
FUNCTION_1(signum, "signum", sign)
FUNCTION_1(to_radians, "to-radians", to_radians)
FUNCTION_1(to_degrees, "to-degrees", to_degrees)
FUNCTION_1(ulp, "ulp", unit)
FUNCTION_1(next_up, "next-up", next_up)
FUNCTION_1(next_down, "next-down", next_down)
FUNCTION_2(pow, "pow", math_pow)
FUNCTION_2(atan2, "atan2", math_atan2)
FUNCTION_2(hypot, "hypot", math_hypot)
FUNCTION_2(ieee_remainder, "IEEE-remainder", math_remainder)
FUNCTION_2(copy_sign, "copy-sign", copy_sign)
FUNCTION_2(next_after, "next-after", next_after)
FUNCTION_2(scalb, "scalb", scale)

/* The nearest 64-bit integer, ties upward; saturates, 0 for NaN, as Java's Math.round. */
value prim_math_round(struct process *p, value *a, unsigned argc)
{
    double x;
    if (!argument(p, "round", a, 0, &x)) return VAL_ERROR;
    if (x != x) return from_fixnum(0);
    if (x >= 0x1p63) return number_from_i64(p, INT64_MAX);
    if (x <= -0x1p63) return number_from_i64(p, INT64_MIN);
    double whole = math_floor(x);
    return number_from_i64(p, (int64_t)whole + (x - whole >= 0.5));
}

value prim_math_get_exponent(struct process *p, value *a, unsigned argc)
{
    double x;
    if (!argument(p, "get-exponent", a, 0, &x)) return VAL_ERROR;
    return from_fixnum((int64_t)(math_bits(x) >> 52 & 0x7ff) - 1023);
}

value prim_math_floor_div(struct process *p, value *a, unsigned argc)
{
    if (!is_integer(a[0])) return fail_type(p, "floor-div", 1, a[0], "an integer");
    if (!is_integer(a[1])) return fail_type(p, "floor-div", 2, a[1], "an integer");
    value q = number_quot(p, a[0], a[1]);
    if (q == VAL_SLOW)
        return process_fail(p, ERR_TOO_LARGE, NIL, "floor-div takes integers of up to 512 limbs");
    if (q == VAL_ERROR) return q;
    value r = number_rem(p, a[0], a[1]);
    bool down = number_sign(r) != 0 && number_sign(r) != number_sign(a[1]);
    return down ? number_sub(p, q, from_fixnum(1)) : q;
}
