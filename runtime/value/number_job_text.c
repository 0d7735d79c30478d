/* Very long numbers to digits and back, by dividing and conquering over the powers radix^(d 2^k). */
#include "runtime/value/number_job.h"
#include "runtime/value/string.h"

/* A piece of PIECE_LIMBS limbs is converted directly; its digits are those of as many full limbs' chunks. */
enum { PIECE_LIMBS = 64, LEVELS = 24 };

static size_t piece_digits(unsigned radix)
{
    unsigned chunk;
    limbs_radix_power(radix, &chunk);
    return (size_t)chunk * PIECE_LIMBS;
}

/* radix^piece_digits: the power of level 0. */
static value first_power(struct process *p, unsigned radix)
{
    unsigned chunk;
    limb power = limbs_radix_power(radix, &chunk), r[PIECE_LIMBS] = {1};
    size_t n = 1;
    for (unsigned i = 0; i < PIECE_LIMBS; i++) {
        limb carry = limbs_mul_1(r, r, n, power, 0);
        if (carry != 0) r[n++] = carry;
    }
    return integer_make(p, r, n, false);
}

/* The powers by level, then (for printing) the prepared divisors. */
static value tower_make(struct process *p, unsigned radix)
{
    struct object *o = heap_alloc(p, T_STATE, 0, 2 * LEVELS);
    for (unsigned i = 0; i < 2 * LEVELS; i++) o->p[i] = NIL;
    o->p[0] = first_power(p, radix);
    return from_obj(o);
}
static value tower_power(value tower, int64_t level)
{
    return to_obj(tower)->p[level];
}
static value tower_divisor(value tower, int64_t level)
{
    return to_obj(tower)->p[LEVELS + level];
}

/* A stack of (value, level, width): STATE objects linked through p[3]. */
static value entry(struct process *p, value v, int64_t level, uint64_t width, value next)
{
    struct object *o = heap_alloc(p, T_STATE, 0, 4);
    o->p[0] = v;
    o->p[1] = from_fixnum(level);
    o->p[2] = from_fixnum((int64_t)width);
    o->p[3] = next;
    return from_obj(o);
}

/* ---- to digits ---- */

/* Growing text: its size, then the bytes. */
static char *text_of(struct object *out)
{
    return (char *)(out->p + 1);
}

static void append(struct object *out, value v, unsigned radix, size_t width)
{
    char digits[SLOW_TEXT_LIMBS * 64], *end = digits + sizeof digits;
    limb copy[SLOW_TEXT_LIMBS];
    struct integer x;
    integer_view(v, &x);
    __builtin_memcpy(copy, x.d, x.n * sizeof *copy);
    char *start = limbs_to_digits(copy, x.n, radix, end, 0), *to = text_of(out) + out->p[0];
    size_t n = (size_t)(end - start), pad = width > n ? width - n : 0;
    __builtin_memset(to, '0', pad);
    __builtin_memcpy(to + pad, start, n);
    out->p[0] += pad + n;
}

/* Digits of |A| in radix B as raw text. */
value job_digits(struct job *j, struct object *f)
{
    struct process *p = j->p;
    unsigned radix = (unsigned)to_fixnum(f->p[JOB_B]);
    enum { TOWER = JOB_LOCAL, OUT, STACK, LEVEL };
    switch (job_pc(f)) {
    case 0: {
        value v = integer_negative(f->p[JOB_A]) ? number_neg(p, f->p[JOB_A]) : f->p[JOB_A];
        unsigned chunk;
        limbs_radix_power(radix, &chunk);
        struct object *out =
            job_raw(p, integer_limbs(v) * (chunk + 1) + chunk + 16); /* chunk + 1 digits a limb are enough */
        if (out == NULL) return VAL_ERROR;
        out->p[0] = 0;
        job_set(j, f, OUT, from_obj(out));
        job_set(j, f, TOWER, tower_make(p, radix));
        job_set(j, f, STACK, v);
        job_set(j, f, LEVEL, from_fixnum(0));
        return job_goto(f, 1);
    }
    case 1: { /* square up while the power is not much longer than half of the number */
        int64_t level = to_fixnum(f->p[LEVEL]);
        value power = tower_power(f->p[TOWER], level);
        if (integer_limbs(power) * 2 <= integer_limbs(f->p[STACK]) && level + 1 < LEVELS)
            return job_call(j, f, 2, JOB_MUL, power, power, NIL);
        job_set(j, f, STACK, entry(p, f->p[STACK], level, 0, NIL));
        return job_goto(f, 3);
    }
    case 2: {
        int64_t level = to_fixnum(f->p[LEVEL]) + 1;
        heap_write(p, to_obj(f->p[TOWER]), (uint32_t)level, f->p[JOB_RESULT]);
        job_set(j, f, LEVEL, from_fixnum(level));
        return job_goto(f, 1);
    }
    case 3: { /* the next entry: short ones are written, long ones split by the power of their level */
        if (f->p[STACK] == NIL) return f->p[OUT];
        struct object *e = to_obj(f->p[STACK]);
        int64_t level = to_fixnum(e->p[1]);
        if (integer_limbs(e->p[0]) <= SLOW_TEXT_LIMBS) {
            append(to_obj(f->p[OUT]), e->p[0], radix, (size_t)to_fixnum(e->p[2]));
            p->reductions -= 1500;
            job_set(j, f, STACK, e->p[3]);
            return VAL_YIELD;
        }
        if (tower_divisor(f->p[TOWER], level) == NIL)
            return job_call(j, f, 4, JOB_DIVISOR, tower_power(f->p[TOWER], level), NIL, NIL);
        return job_call(j, f, 5, JOB_DIVIDE_BY, e->p[0], NIL, tower_divisor(f->p[TOWER], level));
    }
    case 4: {
        int64_t level = to_fixnum(to_obj(f->p[STACK])->p[1]);
        heap_write(p, to_obj(f->p[TOWER]), (uint32_t)(LEVELS + level), f->p[JOB_RESULT]);
        return job_goto(f, 3);
    }
    default: {
        struct object *e = to_obj(f->p[STACK]);
        int64_t level = to_fixnum(e->p[1]), width = to_fixnum(e->p[2]);
        int64_t low = (int64_t)(piece_digits(radix) << level);
        value q = pair_quotient(f->p[JOB_RESULT]), r = pair_remainder(f->p[JOB_RESULT]);
        bool leading = width == 0 && integer_is_zero(q);
        value rest = entry(p, r, level - 1, leading ? 0 : (uint64_t)low, e->p[3]);
        job_set(j, f, STACK, entry(p, q, level - 1, (uint64_t)(width > low ? width - low : 0), rest));
        return job_goto(f, 3);
    }
    }
}

/* The string of an exact number A in radix B. */
value job_string(struct job *j, struct object *f)
{
    struct process *p = j->p;
    value n = ratio_numerator(f->p[JOB_A]);
    switch (job_pc(f)) {
    case 0: return job_call(j, f, 1, JOB_DIGITS, n, f->p[JOB_B], NIL);
    case 1:
        job_set(j, f, JOB_LOCAL, f->p[JOB_RESULT]);
        if (!is_ratio(f->p[JOB_A])) return job_goto(f, 2);
        return job_call(j, f, 2, JOB_DIGITS, ratio_denominator(f->p[JOB_A]), f->p[JOB_B], NIL);
    default: {
        struct object *a = to_obj(f->p[JOB_LOCAL]),
                      *b = is_ratio(f->p[JOB_A]) ? to_obj(f->p[JOB_RESULT]) : NULL;
        bool negative = integer_negative(n);
        size_t an = a->p[0], bn = b != NULL ? b->p[0] : 0;
        if (!negative && b == NULL) return string_make_unchecked(p, text_of(a), an);
        struct object *joined = job_raw(p, an + bn + 16);
        if (joined == NULL) return VAL_ERROR;
        char *to = (char *)joined->p;
        if (negative) *to++ = '-';
        __builtin_memcpy(to, text_of(a), an);
        to += an;
        if (b != NULL) {
            *to++ = '/';
            __builtin_memcpy(to, text_of(b), bn);
            to += bn;
        }
        return string_make_unchecked(p, (char *)joined->p, (size_t)(to - (char *)joined->p));
    }
    }
}

/* Short ones at once: both parts on the stack, from the right. */
static value short_string(struct process *p, value v, unsigned radix)
{
    char text[2 * SLOW_TEXT_LIMBS * 64 + 8], *end = text + sizeof text, *at = end;
    for (int part = is_ratio(v) ? 1 : 0; part >= 0; part--) {
        struct integer x;
        limb copy[SLOW_TEXT_LIMBS];
        integer_view(part ? ratio_denominator(v) : ratio_numerator(v), &x);
        __builtin_memcpy(copy, x.d, x.n * sizeof *copy);
        at = limbs_to_digits(copy, x.n, radix, at, 1);
        if (x.negative) *--at = '-';
        if (part) *--at = '/';
    }
    p->reductions -= (int32_t)((end - at) / 4);
    return string_make_unchecked(p, at, (size_t)(end - at));
}

value number_to_string(struct process *p, value v, unsigned radix, value *state)
{
    if (*state == NIL) {
        if (integer_limbs(ratio_numerator(v)) <= SLOW_TEXT_LIMBS &&
            integer_limbs(ratio_denominator(v)) <= SLOW_TEXT_LIMBS)
            return short_string(p, v, radix);
        *state = job_frame(p, JOB_STRING, NIL, v, from_fixnum(radix), NIL);
    }
    struct job j = {.p = p};
    return job_run(&j, state);
}

/* ---- from digits ---- */

/* The integer of the digits j->text in radix A: pieces from the right, two neighbours of one level joined as soon as there
 * are two, as a binary counter carries; at the end what is left is joined from the most significant on. */
value job_parse(struct job *j, struct object *f)
{
    struct process *p = j->p;
    unsigned radix = (unsigned)to_fixnum(f->p[JOB_A]);
    size_t piece = piece_digits(radix);
    enum { TOWER = JOB_LOCAL, STACK, LEFT };
    struct object *top = f->p[STACK] == NIL ? NULL : to_obj(f->p[STACK]);
    struct object *below = top == NULL || top->p[3] == NIL ? NULL : to_obj(top->p[3]);
    switch (job_pc(f)) {
    case 0:
        job_set(j, f, TOWER, tower_make(p, radix));
        job_set(j, f, LEFT, from_fixnum((int64_t)j->size));
        return job_goto(f, 1);
    case 1: {
        size_t left = (size_t)to_fixnum(f->p[LEFT]);
        bool join = below != NULL && (left == 0 || top->p[1] == below->p[1]);
        if (join) {
            int64_t level = to_fixnum(below->p[1]);
            value power = tower_power(f->p[TOWER], level);
            if (power != NIL) return job_call(j, f, 2, JOB_MUL, top->p[0], power, NIL);
            value lower = tower_power(f->p[TOWER], level - 1);
            return job_call(j, f, 3, JOB_MUL, lower, lower, NIL);
        }
        if (left == 0) return top->p[0];
        size_t n = left < piece ? left : piece;
        value v = integer_parse_piece(p, j->text + left - n, n, radix, false);
        p->reductions -= 300;
        if (is_sentinel(v)) return v;
        job_set(j, f, STACK, entry(p, v, 0, 0, f->p[STACK]));
        job_set(j, f, LEFT, from_fixnum((int64_t)(left - n)));
        return VAL_YIELD;
    }
    case 2: {
        value sum = integer_add(p, f->p[JOB_RESULT], below->p[0], false);
        if (is_sentinel(sum)) return sum;
        job_set(j, f, STACK, entry(p, sum, to_fixnum(below->p[1]) + 1, 0, below->p[3]));
        return job_goto(f, 1);
    }
    default: {
        int64_t level = to_fixnum(below->p[1]);
        heap_write(p, to_obj(f->p[TOWER]), (uint32_t)level, f->p[JOB_RESULT]);
        return job_goto(f, 1);
    }
    }
}

value integer_parse_resume(struct process *p, const char *digits, size_t size, unsigned radix, bool negative,
                           value *state)
{
    if (*state == NIL) {
        value direct = integer_parse(p, digits, size, radix, negative);
        if (direct != VAL_SLOW) return direct;
        if (size / 64 > LIMIT_BIGINT_LIMBS)
            return process_fail(p, ERR_TOO_LARGE, NIL, "a number of %u digits is larger than the limit",
                                (uint64_t)size);
        *state = job_frame(p, JOB_PARSE, NIL, from_fixnum(radix), NIL, NIL);
    }
    struct job j = {.p = p, .text = digits, .size = size};
    value v = job_run(&j, state);
    if (is_sentinel(v)) return v;
    v = integer_check(p, v);
    return negative && !is_sentinel(v) ? number_neg(p, v) : v;
}
