/* Arithmetic, comparison and predicates of numbers as primitives.  number_bits.c and number_math.c hold the rest. */
#include "runtime/prims/number.h"

#include "base/float_text.h"
#include "runtime/sched/system.h"
#include "runtime/value/number_internal.h"
#include "runtime/value/string.h"

/* ---- folds: (+ a b c ...), resumable between and within the steps ---- */

typedef value number_fn(struct process *, value, value);

static number_fn *const direct[] = {
    [NUMBER_ADD] = number_add, [NUMBER_SUB] = number_sub,   [NUMBER_MUL] = number_mul,
    [NUMBER_DIV] = number_div, [NUMBER_QUOT] = number_quot, [NUMBER_REM] = number_rem,
    [NUMBER_MOD] = number_mod};

static value fold_pause(struct process *p, value acc, unsigned next, value inner)
{
    struct object *o = heap_alloc(p, T_STATE, 0, 3);
    o->p[0] = acc;
    o->p[1] = from_fixnum(next);
    o->p[2] = inner;
    p->prim_state = from_obj(o);
    return VAL_YIELD;
}

/* acc op a[first] op a[first + 1] ... */
static value fold(struct process *p, value acc, value *a, unsigned first, unsigned argc, enum number_op op)
{
    value inner = NIL;
    if (p->prim_state != NIL) {
        struct object *o = to_obj(p->prim_state);
        acc = o->p[0];
        first = (unsigned)to_fixnum(o->p[1]);
        inner = o->p[2];
        p->prim_state = NIL;
    }
    for (unsigned i = first; i < argc; i++) {
        value r = inner == NIL ? direct[op](p, acc, a[i]) : VAL_SLOW;
        if (r == VAL_SLOW) r = number_resume(p, op, acc, a[i], &inner);
        if (r == VAL_YIELD) return fold_pause(p, acc, i, inner);
        if (r == VAL_ERROR) return r;
        acc = r;
        if ((i & 7) == 7 && --p->reductions <= 0 && i + 1 < argc) return fold_pause(p, acc, i + 1, NIL);
    }
    return acc;
}

value prim_add(struct process *p, value *a, unsigned argc)
{
    return fold(p, from_fixnum(0), a, 0, argc, NUMBER_ADD);
}
value prim_mul(struct process *p, value *a, unsigned argc)
{
    return fold(p, from_fixnum(1), a, 0, argc, NUMBER_MUL);
}
value prim_sub(struct process *p, value *a, unsigned argc)
{
    return argc == 1 ? number_neg(p, a[0]) : fold(p, a[0], a, 1, argc, NUMBER_SUB);
}
value prim_div(struct process *p, value *a, unsigned argc)
{
    return argc == 1 ? fold(p, from_fixnum(1), a, 0, 1, NUMBER_DIV) : fold(p, a[0], a, 1, argc, NUMBER_DIV);
}
value prim_quot(struct process *p, value *a, unsigned argc)
{
    return fold(p, a[0], a, 1, argc, NUMBER_QUOT);
}
value prim_rem(struct process *p, value *a, unsigned argc)
{
    return fold(p, a[0], a, 1, argc, NUMBER_REM);
}
value prim_mod(struct process *p, value *a, unsigned argc)
{
    return fold(p, a[0], a, 1, argc, NUMBER_MOD);
}
value prim_inc(struct process *p, value *a, unsigned argc)
{
    return number_add(p, a[0], from_fixnum(1));
}
value prim_dec(struct process *p, value *a, unsigned argc)
{
    return number_sub(p, a[0], from_fixnum(1));
}

value prim_abs(struct process *p, value *a, unsigned argc)
{
    if (is_double(a[0])) return from_double(__builtin_fabs(to_double(a[0])));
    if (!is_number(a[0])) return fail_type(p, "abs", 1, a[0], "a number");
    return number_sign(a[0]) < 0 ? number_neg(p, a[0]) : a[0];
}

/* ---- comparison ---- */

static value chain(struct process *p, value *a, unsigned argc, const char *name, unsigned accepted)
{
    if (argc == 1) return TRUE_;
    for (unsigned i = 0; i + 1 < argc; i++) {
        if (!is_number(a[i])) return fail_type(p, name, i + 1, a[i], "a number");
        if (!is_number(a[i + 1])) return fail_type(p, name, i + 2, a[i + 1], "a number");
        if (!(accepted >> (number_compare(a[i], a[i + 1]) + 1) & 1)) return FALSE_;
        if ((i & 7) == 7) p->reductions--;
    }
    return TRUE_;
}

/* Bits: 1 less, 2 equal, 4 greater; an unordered pair is none of them. */
value prim_lt(struct process *p, value *a, unsigned argc)
{
    return chain(p, a, argc, "<", 1);
}
value prim_le(struct process *p, value *a, unsigned argc)
{
    return chain(p, a, argc, "<=", 3);
}
value prim_gt(struct process *p, value *a, unsigned argc)
{
    return chain(p, a, argc, ">", 4);
}
value prim_ge(struct process *p, value *a, unsigned argc)
{
    return chain(p, a, argc, ">=", 6);
}
value prim_num_eq(struct process *p, value *a, unsigned argc)
{
    return chain(p, a, argc, "==", 2);
}

static value extreme(struct process *p, value *a, unsigned argc, int wanted, const char *name)
{
    value best = a[0];
    for (unsigned i = 0; i < argc; i++) {
        if (!is_number(a[i])) return fail_type(p, name, i + 1, a[i], "a number");
        if (i == 0) continue;
        if (is_double(a[i]) && to_double(a[i]) != to_double(a[i])) best = a[i];
        if (is_double(best) && to_double(best) != to_double(best)) continue; /* NaN stays */
        if (number_compare(a[i], best) == wanted) best = a[i];
        if ((i & 7) == 7) p->reductions--;
    }
    return best;
}
value prim_max(struct process *p, value *a, unsigned argc)
{
    return extreme(p, a, argc, 1, "max");
}
value prim_min(struct process *p, value *a, unsigned argc)
{
    return extreme(p, a, argc, -1, "min");
}

/* ---- predicates ---- */

static value sign_test(struct process *p, value v, const char *name, int wanted)
{
    if (!is_number(v)) return fail_type(p, name, 1, v, "a number");
    if (is_double(v) && to_double(v) != to_double(v)) return FALSE_;
    return from_bool(number_sign(v) == wanted);
}
value prim_is_zero(struct process *p, value *a, unsigned argc)
{
    return sign_test(p, a[0], "zero?", 0);
}
value prim_is_pos(struct process *p, value *a, unsigned argc)
{
    return sign_test(p, a[0], "pos?", 1);
}
value prim_is_neg(struct process *p, value *a, unsigned argc)
{
    return sign_test(p, a[0], "neg?", -1);
}

static value parity(struct process *p, value v, const char *name, bool odd)
{
    if (!is_integer(v)) return fail_type(p, name, 1, v, "an integer");
    bool is_odd = is_fixnum(v) ? to_fixnum(v) & 1 : to_obj(v)->p[0] & 1;
    return from_bool(is_odd == odd);
}
value prim_is_even(struct process *p, value *a, unsigned argc)
{
    return parity(p, a[0], "even?", false);
}
value prim_is_odd(struct process *p, value *a, unsigned argc)
{
    return parity(p, a[0], "odd?", true);
}

value prim_is_number(struct process *p, value *a, unsigned argc)
{
    return from_bool(is_number(a[0]));
}
value prim_is_integer(struct process *p, value *a, unsigned argc)
{
    return from_bool(is_integer(a[0]));
}
value prim_is_double(struct process *p, value *a, unsigned argc)
{
    return from_bool(is_double(a[0]));
}
value prim_is_ratio(struct process *p, value *a, unsigned argc)
{
    return from_bool(is_ratio(a[0]));
}
value prim_is_rational(struct process *p, value *a, unsigned argc)
{
    return from_bool(is_number(a[0]) && !is_double(a[0]));
}
value prim_is_decimal(struct process *p, value *a, unsigned argc)
{
    return FALSE_;
}

/* The fixed-precision integers of Clojure are those that fit 64 bits. */
static value fixed_test(value v, int low, int high)
{
    int64_t i;
    if (!number_to_i64(v, &i)) return FALSE_;
    int sign = (i > 0) - (i < 0);
    return from_bool(sign >= low && sign <= high);
}
value prim_is_int(struct process *p, value *a, unsigned argc)
{
    return fixed_test(a[0], -1, 1);
}
value prim_is_nat_int(struct process *p, value *a, unsigned argc)
{
    return fixed_test(a[0], 0, 1);
}
value prim_is_pos_int(struct process *p, value *a, unsigned argc)
{
    return fixed_test(a[0], 1, 1);
}
value prim_is_neg_int(struct process *p, value *a, unsigned argc)
{
    return fixed_test(a[0], -1, -1);
}

value prim_is_nan(struct process *p, value *a, unsigned argc)
{
    if (!is_number(a[0])) return fail_type(p, "NaN?", 1, a[0], "a number");
    return from_bool(is_double(a[0]) && to_double(a[0]) != to_double(a[0]));
}
value prim_is_infinite(struct process *p, value *a, unsigned argc)
{
    if (!is_number(a[0])) return fail_type(p, "infinite?", 1, a[0], "a number");
    return from_bool(is_double(a[0]) && __builtin_fabs(to_double(a[0])) == __builtin_inf());
}

/* ---- ratios ---- */

value prim_numerator(struct process *p, value *a, unsigned argc)
{
    if (!is_ratio(a[0])) return fail_type(p, "numerator", 1, a[0], "a ratio");
    return ratio_numerator(a[0]);
}
value prim_denominator(struct process *p, value *a, unsigned argc)
{
    if (!is_ratio(a[0])) return fail_type(p, "denominator", 1, a[0], "a ratio");
    return ratio_denominator(a[0]);
}

/* The number that a finite double's text shows, exactly: 0.1 gives 1/10. */
static value shown_number(struct process *p, double d)
{
    if (d == 0) return from_fixnum(0);
    char digits[17], power[400];
    int e;
    unsigned n = float_shortest_digits(__builtin_fabs(d), digits, &e);
    e -= (int)n - 1;
    value m = integer_parse(p, digits, n, 10, d < 0);
    int zeros = e < 0 ? -e : e;
    power[0] = '1';
    __builtin_memset(power + 1, '0', (size_t)zeros);
    value scale = integer_parse(p, power, (size_t)zeros + 1, 10, false);
    return e < 0 ? number_div(p, m, scale) : number_mul(p, m, scale);
}

value prim_rationalize(struct process *p, value *a, unsigned argc)
{
    if (!is_number(a[0])) return fail_type(p, "rationalize", 1, a[0], "a number");
    if (!is_double(a[0])) return a[0];
    double d = to_double(a[0]);
    if (d - d != 0) return process_fail(p, ERR_ARITHMETIC, a[0], "%v has no exact value", a[0]);
    return shown_number(p, d);
}

/* ---- conversions ---- */

/* A number without its fraction, towards zero. */
static value truncate(struct process *p, value v)
{
    if (is_integer(v)) return v;
    if (is_ratio(v)) return number_quot(p, ratio_numerator(v), ratio_denominator(v));
    double d = to_double(v);
    if (d - d != 0) return process_fail(p, ERR_ARITHMETIC, v, "%v is not an integer", v);
    return double_truncate(p, d);
}

value prim_bigint(struct process *p, value *a, unsigned argc)
{
    if (is_string(a[0])) {
        size_t size;
        const char *text = string_bytes(a[0], &size);
        bool negative = size > 0 && *text == '-';
        value v = integer_parse_resume(p, text + negative, size - negative, 10, negative, &p->prim_state);
        if (v != VAL_YIELD) p->prim_state = NIL;
        return v == VAL_ABSENT ? process_fail(p, ERR_ARGUMENT, a[0], "%v is not an integer", a[0]) : v;
    }
    if (!is_number(a[0])) return fail_type(p, "bigint", 1, a[0], "a number");
    if (is_ratio(a[0])) {
        value n[2] = {ratio_numerator(a[0]), ratio_denominator(a[0])};
        return prim_quot(p, n, 2);
    }
    if (!is_double(a[0]) || to_double(a[0]) - to_double(a[0]) != 0) return truncate(p, a[0]);
    return truncate(
        p, shown_number(p, to_double(a[0]))); /* as in Clojure: (bigint 1e23) has zeros behind the 1 */
}

static value coerce(struct process *p, value v, const char *name, int64_t low, int64_t high)
{
    int64_t i;
    if (is_char(v)) v = from_fixnum(to_char(v));
    if (!is_number(v)) return fail_type(p, name, 1, v, "a number");
    if (high >= INT32_MAX && is_double(v) && to_double(v) != to_double(v))
        return from_fixnum(0); /* as in Clojure */
    value t = truncate(p, v);
    if (t == VAL_ERROR) return t;
    if (t == VAL_SLOW || !number_to_i64(t, &i) || i < low || i > high)
        return process_fail(p, ERR_RANGE, v, "Value out of range for %s: %v", name, v);
    return t;
}
value prim_long(struct process *p, value *a, unsigned argc)
{
    return coerce(p, a[0], "long", INT64_MIN, INT64_MAX);
}
value prim_int(struct process *p, value *a, unsigned argc)
{
    return coerce(p, a[0], "int", INT32_MIN, INT32_MAX);
}
value prim_short(struct process *p, value *a, unsigned argc)
{
    return coerce(p, a[0], "short", -32768, 32767);
}
value prim_byte(struct process *p, value *a, unsigned argc)
{
    return coerce(p, a[0], "byte", -128, 127);
}

value prim_char(struct process *p, value *a, unsigned argc)
{
    if (is_char(a[0])) return a[0];
    value v = coerce(p, a[0], "char", 0, 0x10ffff);
    if (v == VAL_ERROR) return v;
    int64_t c = to_fixnum(v);
    if (c >= 0xd800 && c < 0xe000) return process_fail(p, ERR_RANGE, v, "Value out of range for char: %v", v);
    return from_char((uint32_t)c);
}

value prim_double(struct process *p, value *a, unsigned argc)
{
    if (!is_number(a[0])) return fail_type(p, "double", 1, a[0], "a number");
    return from_double(number_to_double(a[0]));
}
/* All floats are doubles; `float` only checks the range of single precision. */
value prim_float(struct process *p, value *a, unsigned argc)
{
    if (!is_number(a[0])) return fail_type(p, "float", 1, a[0], "a number");
    double d = number_to_double(a[0]);
    if (__builtin_fabs(d) > 0x1.fffffep127)
        return process_fail(p, ERR_RANGE, a[0], "Value out of range for float: %v", a[0]);
    return from_double(d);
}
value prim_num(struct process *p, value *a, unsigned argc)
{
    return is_number(a[0]) ? a[0] : fail_type(p, "num", 1, a[0], "a number");
}

/* ---- text ---- */

value prim_parse_long(struct process *p, value *a, unsigned argc)
{
    if (!is_string(a[0])) return fail_type(p, "parse-long", 1, a[0], "a string");
    size_t size;
    int64_t i;
    const char *text = string_bytes(a[0], &size);
    bool negative = size > 0 && *text == '-', sign = negative || (size > 0 && *text == '+');
    value v = integer_parse(p, text + sign, size - sign, 10, negative);
    return !is_sentinel(v) && number_to_i64(v, &i) ? v : NIL;
}

static bool is_space(char c)
{
    return c >= 0 && c <= ' ';
}

value prim_parse_double(struct process *p, value *a, unsigned argc)
{
    if (!is_string(a[0])) return fail_type(p, "parse-double", 1, a[0], "a string");
    size_t size, used;
    const char *text = string_bytes(a[0], &size);
    while (size > 0 && is_space(*text)) text++, size--;
    while (size > 0 && is_space(text[size - 1])) size--;
    bool negative = size > 0 && *text == '-';
    if (negative || (size > 0 && *text == '+')) text++, size--;
    double d;
    if (size == 3 && __builtin_memcmp(text, "NaN", 3) == 0) {
        d = __builtin_nan("");
    } else if (size == 8 && __builtin_memcmp(text, "Infinity", 8) == 0) {
        d = __builtin_inf();
    } else {
        char last = size > 0 ? text[size - 1] | 0x20 : 0;
        if (last == 'd' || last == 'f') size--; /* Java's type suffixes */
        d = float_parse(text, size, &used);
        if (used == 0 || used != size) return NIL;
    }
    p->reductions -= (int32_t)(size / 64);
    return from_double(negative ? -d : d);
}

value prim_number_string(struct process *p, value *a, unsigned argc)
{
    char text[NUMBER_TEXT_MAX];
    if (!is_number(a[0])) return fail_type(p, "-number-string", 1, a[0], "a number");
    int64_t radix = 10;
    if (argc > 1 && (!number_to_i64(a[1], &radix) || radix < 2 || radix > 36))
        return process_fail(p, ERR_RANGE, a[1], "a radix is from 2 to 36, not %v", a[1]);
    if (is_double(a[0])) return string_make_unchecked(p, text, double_format(to_double(a[0]), text));
    if (is_fixnum(a[0]))
        return string_make_unchecked(p, text, fixnum_format(to_fixnum(a[0]), (unsigned)radix, text));
    value v = number_to_string(p, a[0], (unsigned)radix, &p->prim_state);
    if (v != VAL_YIELD) p->prim_state = NIL;
    return v;
}

/* ---- random numbers: straight from the system's entropy, so that no process can tell another's ---- */

static uint64_t random_word(struct process *p)
{
    uint64_t word = 0;
    port_entropy(process_system(p)->port, &word, sizeof word);
    return word;
}

value prim_rand(struct process *p, value *a, unsigned argc)
{
    double d = (double)(random_word(p) >> 11) * 0x1p-53;
    if (argc == 0) return from_double(d);
    if (!is_number(a[0])) return fail_type(p, "rand", 1, a[0], "a number");
    return from_double(d * number_to_double(a[0]));
}

/* A uniform integer in [0, n), or (n, 0] for a negative n, towards zero as (int (* n (rand))) does; exact for 64 bits. */
value prim_rand_int(struct process *p, value *a, unsigned argc)
{
    int64_t n;
    value t = is_number(a[0]) ? truncate(p, a[0]) : VAL_ABSENT;
    if (t == VAL_ABSENT) return fail_type(p, "rand-int", 1, a[0], "a number");
    if (!number_to_i64(t, &n))
        return process_fail(p, ERR_RANGE, a[0], "rand-int takes numbers of up to 64 bits, not %v", a[0]);
    if (n == 0) return from_fixnum(0);
    uint64_t bound = n < 0 ? -(uint64_t)n : (uint64_t)n, rejected = -bound % bound;
    unsigned __int128 product;
    do {
        product = (unsigned __int128)random_word(p) *
                  bound; /* Lemire: the high half is uniform where the low is not rejected */
    } while ((uint64_t)product < rejected);
    int64_t r = (int64_t)(uint64_t)(product >> 64);
    return number_from_i64(p, n < 0 ? -r : r);
}
