/* Floating point: 64-bit floats on a stack of their own.  Functions are base/math.h's, the same bits everywhere. */
#include "base/float_text.h"
#include "base/math.h"
#include "forth/internal.h"

#define F_NEED(n)                                                                                            \
    if (f->f0 - f->fp < (n)) return THROW_FLOAT_UNDERFLOW
#define F_ROOM(n)                                                                                            \
    if (f->fp - f->float_low < (n)) return THROW_FLOAT_OVERFLOW

#define F_BINARY(name, expression)                                                                           \
    cell p_##name(struct forth *f)                                                                           \
    {                                                                                                        \
        F_NEED(2);                                                                                           \
        double y = f->fp[0], x = f->fp[1];                                                                   \
        *++f->fp = (expression);                                                                             \
        return 0;                                                                                            \
    }
#define F_UNARY(name, expression)                                                                            \
    cell p_##name(struct forth *f)                                                                           \
    {                                                                                                        \
        F_NEED(1);                                                                                           \
        double x = f->fp[0];                                                                                 \
        f->fp[0] = (expression);                                                                             \
        return 0;                                                                                            \
    }
F_BINARY(f_plus, x + y)
F_BINARY(f_minus, x - y)
F_BINARY(f_star, x *y)
F_BINARY(f_slash, x / y)
F_BINARY(f_star_star, math_pow(x, y))
F_BINARY(fatan2, math_atan2(x, y))
F_BINARY(fmax, x > y || y != y ? x : y)
F_BINARY(fmin, x < y || y != y ? x : y)
F_UNARY(fnegate, -x)
F_UNARY(fabs, __builtin_fabs(x))
F_UNARY(floor, math_floor(x))
F_UNARY(fround, math_rint(x))
F_UNARY(ftrunc, x < 0 ? math_ceil(x) : math_floor(x))
F_UNARY(fsqrt, math_sqrt(x))
F_UNARY(fexp, math_exp(x))
F_UNARY(fexpm1, math_expm1(x))
F_UNARY(falog, math_pow(10, x))
F_UNARY(fln, math_log(x))
F_UNARY(flnp1, math_log1p(x))
F_UNARY(flog, math_log10(x))
F_UNARY(fsin, math_sin(x))
F_UNARY(fcos, math_cos(x))
F_UNARY(ftan, math_tan(x))
F_UNARY(fasin, math_asin(x))
F_UNARY(facos, math_acos(x))
F_UNARY(fatan, math_atan(x))
F_UNARY(fsinh, math_sinh(x))
F_UNARY(fcosh, math_cosh(x))
F_UNARY(ftanh, math_tanh(x))

/* Of |x| first, so that small and negative numbers keep their digits. */
static double asinh_of(double x)
{
    double a = __builtin_fabs(x);
    double r = a > 1e8 ? math_log(a) + math_log(2) : math_log1p(a + a * a / (1 + math_sqrt(a * a + 1)));
    return __builtin_copysign(r, x);
}
static double acosh_of(double x)
{
    return x > 1e8 ? math_log(x) + math_log(2) : math_log1p(x - 1 + math_sqrt((x - 1) * (x + 1)));
}
static double atanh_of(double x)
{
    return 0.5 * math_log1p(2 * x / (1 - x));
}
F_UNARY(fasinh, asinh_of(x))
F_UNARY(facosh, acosh_of(x))
F_UNARY(fatanh, atanh_of(x))

cell p_fsincos(struct forth *f)
{
    F_NEED(1);
    F_ROOM(1);
    double x = *f->fp;
    *f->fp = math_sin(x);
    *--f->fp = math_cos(x);
    return 0;
}

/* ---- the stack ---- */
cell p_fdup(struct forth *f)
{
    F_NEED(1);
    F_ROOM(1);
    f->fp--;
    f->fp[0] = f->fp[1];
    return 0;
}
cell p_fdrop(struct forth *f)
{
    F_NEED(1);
    f->fp++;
    return 0;
}
cell p_fswap(struct forth *f)
{
    F_NEED(2);
    double x = f->fp[0];
    f->fp[0] = f->fp[1];
    f->fp[1] = x;
    return 0;
}
cell p_fover(struct forth *f)
{
    F_NEED(2);
    F_ROOM(1);
    f->fp--;
    f->fp[0] = f->fp[2];
    return 0;
}
cell p_frot(struct forth *f)
{
    F_NEED(3);
    double x = f->fp[2];
    f->fp[2] = f->fp[1];
    f->fp[1] = f->fp[0];
    f->fp[0] = x;
    return 0;
}
cell p_fdepth(struct forth *f)
{
    push(f, f->f0 - f->fp);
    return 0;
}

/* ---- comparison, conversion ---- */
cell p_f_zero_equal(struct forth *f)
{
    F_NEED(1);
    push(f, FLAG(*f->fp == 0));
    f->fp++;
    return 0;
}
cell p_f_zero_less(struct forth *f)
{
    F_NEED(1);
    push(f, FLAG(*f->fp < 0));
    f->fp++;
    return 0;
}
cell p_f_less(struct forth *f)
{
    F_NEED(2);
    push(f, FLAG(f->fp[1] < f->fp[0]));
    f->fp += 2;
    return 0;
}
cell p_f_proximate(struct forth *f)
{
    F_NEED(3);
    double how = f->fp[0], y = f->fp[1], x = f->fp[2];
    f->fp += 3;
    double apart = __builtin_fabs(x - y);
    bool near = how > 0    ? apart < how
                : how == 0 ? math_bits(x) == math_bits(y)
                           : apart < -how * (__builtin_fabs(x) + __builtin_fabs(y));
    push(f, FLAG(near));
    return 0;
}
cell p_d_to_f(struct forth *f)
{
    F_ROOM(1);
    *--f->fp = (double)(int64_t)f->sp[0] * 18446744073709551616.0 + (double)(ucell)f->sp[1];
    if (f->sp[0] == f->sp[1] >> 63) *f->fp = (double)f->sp[1];
    f->sp += 2;
    return 0;
}
cell p_f_to_d(struct forth *f)
{
    F_NEED(1);
    double d = *f->fp++, a = __builtin_fabs(d);
    if (!(a < 170141183460469231731687303715884105728.0)) return THROW_RANGE;
    a = math_floor(a);
    double high = math_floor(a / 18446744073709551616.0);
    unsigned __int128 u = (unsigned __int128)(ucell)high << 64 | (ucell)(a - high * 18446744073709551616.0);
    push_double(f, (__int128)(d < 0 ? -u : u));
    return 0;
}
cell p_s_to_f(struct forth *f)
{
    F_ROOM(1);
    *--f->fp = (double)pop(f);
    return 0;
}
cell p_f_to_s(struct forth *f)
{
    F_NEED(1);
    double d = *f->fp++;
    if (!(d < 9223372036854775808.0 && d >= -9223372036854775808.0)) return THROW_RANGE;
    push(f, (cell)d);
    return 0;
}

/* ---- memory ---- */
cell p_df_fetch(struct forth *f)
{
    F_ROOM(1);
    void *p = at(f, pop(f), 8);
    if (p == NULL) return THROW_ADDRESS;
    memcpy(--f->fp, p, 8);
    return 0;
}
cell p_df_store(struct forth *f)
{
    F_NEED(1);
    void *p = at(f, pop(f), 8);
    if (p == NULL) return THROW_ADDRESS;
    memcpy(p, f->fp++, 8);
    return 0;
}
cell p_f_fetch(struct forth *f)
{
    return p_df_fetch(f);
}
cell p_f_store(struct forth *f)
{
    return p_df_store(f);
}
cell p_sf_fetch(struct forth *f)
{
    F_ROOM(1);
    void *p = at(f, pop(f), 4);
    if (p == NULL) return THROW_ADDRESS;
    float x;
    memcpy(&x, p, 4);
    *--f->fp = (double)x;
    return 0;
}
cell p_sf_store(struct forth *f)
{
    F_NEED(1);
    void *p = at(f, pop(f), 4);
    if (p == NULL) return THROW_ADDRESS;
    float x = (float)*f->fp++;
    memcpy(p, &x, 4);
    return 0;
}
#define SCALE(name, factor, sum)                                                                             \
    cell p_##name(struct forth *f)                                                                           \
    {                                                                                                        \
        *f->sp = (cell)((ucell) * f->sp * (factor) + (sum));                                                 \
        return 0;                                                                                            \
    }
SCALE(floats, 8, 0)
SCALE(dfloats, 8, 0)
SCALE(sfloats, 4, 0)
SCALE(float_plus, 1, 8)
SCALE(dfloat_plus, 1, 8)
SCALE(sfloat_plus, 1, 4)
#define ALIGNMENT(name, size)                                                                                \
    cell p_##name(struct forth *f)                                                                           \
    {                                                                                                        \
        return align_here(f, size);                                                                          \
    }                                                                                                        \
    cell p_##name##ed(struct forth *f)                                                                       \
    {                                                                                                        \
        *f->sp = (cell)(((ucell) * f->sp + (size) - 1) & ~(ucell)((size) - 1));                              \
        return 0;                                                                                            \
    }
ALIGNMENT(falign, 8)
ALIGNMENT(dfalign, 8)
ALIGNMENT(sfalign, 4)

/* ---- literals and text ---- */
cell p_fliteral(struct forth *f)
{
    F_NEED(1);
    cell bits;
    memcpy(&bits, f->fp++, 8);
    cell status = emit_literal(f, bits);
    return status != 0 ? status : emit_op(f, OP_PRIM, P_fliteral_run);
}
cell p_fliteral_run(struct forth *f)
{
    F_ROOM(1);
    cell bits = pop(f);
    memcpy(--f->fp, &bits, 8);
    return 0;
}
/* >FLOAT takes more than the interpreter: no E, an exponent sign alone, D for E, blanks for zero. */
cell p_to_float(struct forth *f)
{
    F_ROOM(1);
    ucell size = (ucell)pop(f);
    const char *text = at(f, pop(f), size);
    if (text == NULL && size != 0) return THROW_ADDRESS;
    char copy[256];
    size_t n = 0;
    while (size > 0 && text[0] == ' ') text++, size--;
    while (size > 0 && text[size - 1] == ' ') size--;
    if (size > 200) {
        push(f, 0);
        return 0;
    }
    bool exponent = false, digit = false, ok = true;
    for (ucell i = 0; i < size && ok; i++) {
        char c = text[i];
        bool sign = c == '+' || c == '-', mark = (c | 32) == 'e' || (c | 32) == 'd';
        if (c == '.' && !digit && i + 1 < size && text[i + 1] >= '0' && text[i + 1] <= '9')
            copy[n++] = '0'; /* .5 */
        if (c >= '0' && c <= '9') digit = true;
        if (mark) {
            ok = !exponent && digit;
            exponent = true;
            c = 'e';
        } else if (sign && digit && !exponent) {
            copy[n++] = 'e';
            exponent = true;
        }
        copy[n++] = c;
    }
    if (!exponent) copy[n++] = 'e';
    double d = 0;
    ok = ok && (size == 0 || float_text(copy, n, &d));
    if (ok) *--f->fp = d;
    push(f, FLAG(ok));
    return 0;
}

/* The first `count` digits of d > 0, correctly rounded from its shortest form; *exponent of ten with the point before them. */
static void digits_of(double d, char *to, unsigned count, int *exponent)
{
    char shortest[17];
    int e;
    unsigned n = float_shortest_digits(d, shortest, &e);
    for (unsigned i = 0; i < count; i++) to[i] = i < n ? shortest[i] : '0';
    *exponent = e + 1;
    if (n <= count || shortest[count] < '5') return;
    unsigned i = count;
    while (i > 0 && to[i - 1] == '9') to[--i] = '0';
    if (i > 0)
        to[i - 1]++;
    else {
        to[0] = '1';
        ++*exponent;
    }
}
static bool finite(double d)
{
    return d - d == 0;
}
cell p_represent(struct forth *f)
{
    F_NEED(1);
    ucell count = (ucell)pop(f);
    char *to = at(f, pop(f), count);
    if (to == NULL && count != 0) return THROW_ADDRESS;
    double d = *f->fp++;
    bool negative = (math_bits(d) >> 63) != 0, good = finite(d);
    int exponent = 0;
    if (count != 0) memset(to, good ? '0' : '*', count);
    if (good && d != 0 && count != 0) digits_of(__builtin_fabs(d), to, (unsigned)count, &exponent);
    push(f, exponent);
    push(f, FLAG(negative));
    push(f, FLAG(good));
    return 0;
}
static bool type_special(struct forth *f, double d)
{
    if (finite(d)) return false;
    say_string(f, d != d ? "NaN " : d < 0 ? "-Inf " : "Inf ");
    return true;
}
static void type_exponent(struct forth *f, int exponent)
{
    char digits[65];
    say_string(f, exponent < 0 ? "E-" : "E");
    say(f, digits, digits_text((ucell)(exponent < 0 ? -exponent : exponent), 10, digits));
    say(f, " ", 1);
}
static unsigned trimmed(const char *digits, unsigned count, unsigned least)
{
    while (count > least && digits[count - 1] == '0') count--;
    return count;
}
cell p_f_dot(struct forth *f)
{
    F_NEED(1);
    double d = *f->fp++;
    if (type_special(f, d)) return 0;
    char digits[64];
    int exponent = 1;
    unsigned n = f->precision;
    memset(digits, '0', sizeof digits);
    if (d != 0) digits_of(__builtin_fabs(d), digits, n, &exponent);
    if (math_bits(d) >> 63) say(f, "-", 1);
    n = trimmed(digits, n, 1);
    if (exponent <= 0) {
        say_string(f, "0.");
        for (int i = exponent; i < 0; i++) say(f, "0", 1);
        say(f, digits, n);
    } else {
        for (int i = 0; i < exponent; i++) say(f, i < (int)n ? &digits[i] : "0", 1);
        say(f, ".", 1);
        if ((int)n > exponent) say(f, digits + exponent, n - (unsigned)exponent);
    }
    say(f, " ", 1);
    return 0;
}
static cell type_scientific(struct forth *f, int multiple)
{
    F_NEED(1);
    double d = *f->fp++;
    if (type_special(f, d)) return 0;
    char digits[64];
    int exponent = 1;
    memset(digits, '0', sizeof digits);
    if (d != 0) digits_of(__builtin_fabs(d), digits, f->precision, &exponent);
    int e = exponent - 1, before = 1;
    if (multiple == 3) {
        int down = ((e % 3) + 3) % 3;
        e -= down;
        before += down;
    }
    if (math_bits(d) >> 63) say(f, "-", 1);
    unsigned n = trimmed(digits, f->precision, (unsigned)before);
    say(f, digits, (size_t)before);
    say(f, ".", 1);
    if (n > (unsigned)before) say(f, digits + before, n - (unsigned)before);
    type_exponent(f, e);
    return 0;
}
cell p_fs_dot(struct forth *f)
{
    return type_scientific(f, 1);
}
cell p_fe_dot(struct forth *f)
{
    return type_scientific(f, 3);
}
cell p_precision(struct forth *f)
{
    push(f, f->precision);
    return 0;
}
cell p_set_precision(struct forth *f)
{
    cell u = pop(f);
    f->precision = u < 1 ? 1 : u > 17 ? 17 : (uint32_t)u;
    return 0;
}
