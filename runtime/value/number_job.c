/* Numbers too long for one call. */
#include "runtime/value/number_internal.h"
#include "runtime/value/string.h"

value number_resume(struct process *p, enum number_op op, value a, value b, value *state)
{
    return process_fail(p, ERR_TOO_LARGE, NIL, "the operands are larger than the limit");
}
value integer_parse_resume(struct process *p, const char *digits, size_t size, unsigned radix, bool negative,
                           value *state)
{
    value v = integer_parse(p, digits, size, radix, negative);
    return v == VAL_SLOW ? process_fail(p, ERR_TOO_LARGE, NIL, "the number is larger than the limit") : v;
}
value number_to_string(struct process *p, value v, unsigned radix, value *state)
{
    char text[2 * SLOW_TEXT_LIMBS * 64 + 8], *end = text + sizeof text, *at = end;
    for (int part = is_ratio(v) ? 1 : 0; part >= 0; part--) {
        struct integer x;
        limb copy[SLOW_TEXT_LIMBS];
        integer_view(part ? ratio_denominator(v) : ratio_numerator(v), &x);
        if (x.n > SLOW_TEXT_LIMBS)
            return process_fail(p, ERR_TOO_LARGE, NIL, "the number is larger than the limit");
        __builtin_memcpy(copy, x.d, x.n * sizeof *copy);
        at = limbs_to_digits(copy, x.n, radix, at, 1);
        if (x.negative) *--at = '-';
        if (part) *--at = '/';
    }
    return string_make_unchecked(p, at, (size_t)(end - at));
}
