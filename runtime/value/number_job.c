#include "runtime/value/number_job.h"

#include "base/ntt.h"

static job_fn *const steps[] = {[JOB_MUL] = job_mul,
                                [JOB_DIVIDE] = job_divide,
                                [JOB_RECIPROCAL] = job_reciprocal,
                                [JOB_DIVISOR] = job_divisor,
                                [JOB_DIVIDE_BY] = job_divide_by,
                                [JOB_GCD] = job_gcd,
                                [JOB_RATIO] = job_ratio,
                                [JOB_ARITHMETIC] = job_arithmetic,
                                [JOB_DIGITS] = job_digits,
                                [JOB_STRING] = job_string,
                                [JOB_PARSE] = job_parse};

value job_frame(struct process *p, enum job_op op, value parent, value a, value b, value c)
{
    struct object *f = heap_alloc(p, T_STATE, 0, JOB_WORDS);
    for (unsigned i = 0; i < JOB_WORDS; i++) f->p[i] = NIL;
    f->p[JOB_PARENT] = parent;
    f->p[JOB_PC] = from_fixnum((int64_t)op << 8);
    f->p[JOB_A] = a;
    f->p[JOB_B] = b;
    f->p[JOB_C] = c;
    return from_obj(f);
}

value job_pair(struct process *p, value quotient, value remainder)
{
    struct object *o = heap_alloc(p, T_STATE, 0, 2);
    o->p[0] = quotient;
    o->p[1] = remainder;
    return from_obj(o);
}

struct object *job_raw(struct process *p, uint64_t bytes)
{
    uint64_t words = (bytes + 7) / 8;
    if (words > 4096 && heap_reserve(p, words) == VAL_ERROR) return NULL;
    return heap_alloc(p, T_STATE_RAW, 0, (uint32_t)words);
}

value job_shift_limbs(struct process *p, value v, int64_t limbs)
{
    return limbs >= 0 ? integer_shl(p, v, (uint64_t)limbs * 64) : integer_shr(p, v, (uint64_t)-limbs * 64);
}

value job_call(struct job *j, struct object *f, int pc, enum job_op op, value a, value b, value c)
{
    value quick = VAL_SLOW, q, r;
    if (op == JOB_MUL) {
        quick = integer_mul(j->p, a, b);
    } else if (op == JOB_DIVIDE) {
        quick = integer_divide(j->p, a, b, &q, &r);
        if (quick == NIL) quick = is_sentinel(q) ? q : is_sentinel(r) ? r : job_pair(j->p, q, r);
    }
    if (quick == VAL_ERROR) return quick;
    job_goto(f, pc);
    if (quick == VAL_SLOW)
        j->top = job_frame(j->p, op, from_obj(f), a, b, c);
    else
        job_set(j, f, JOB_RESULT, quick);
    return VAL_YIELD;
}

value job_run(struct job *j, value *state)
{
    j->top = *state;
    for (;;) {
        struct object *f = to_obj(j->top);
        value r = steps[to_fixnum(f->p[JOB_PC]) >> 8](j, f);
        if (r != VAL_YIELD) {
            value parent = f->p[JOB_PARENT];
            if (r == VAL_ERROR || parent == NIL) {
                *state = NIL;
                return r;
            }
            job_set(j, to_obj(parent), JOB_RESULT, r);
            j->top = parent;
        }
        if (--j->p->reductions <= 0) {
            *state = j->top;
            return VAL_YIELD;
        }
    }
}

value number_resume(struct process *p, enum number_op op, value a, value b, value *state)
{
    if (*state == NIL) *state = job_frame(p, JOB_ARITHMETIC, NIL, a, b, from_fixnum(op));
    struct job j = {.p = p};
    value v = job_run(&j, state);
    return is_sentinel(v) ? v : integer_check(p, v);
}

/* ---- products ---- */

/* A product by transforms: this header, the first factor's digits, the second's. */
struct transform {
    uint32_t phase, log;
    uint64_t at, carry;
    struct ntt_cursor cursor;
    struct ntt_plan plan;
    uint64_t digits[];
};
enum { FILL_A, FILL_B, FORWARD_A, FORWARD_B, POINTWISE, INVERSE, CARRY, DONE };
enum { SLICE = 1 << 14 }; /* digits or butterflies a step */

static void fill(struct transform *t, uint64_t *digits, const struct integer *x)
{
    uint64_t size = 1ull << t->log, end = size - t->at < SLICE ? size : t->at + SLICE;
    for (; t->at < end; t->at += 4) {
        limb w = t->at / 4 < x->n ? x->d[t->at / 4] : 0;
        for (unsigned k = 0; k < 4; k++) digits[t->at + k] = w >> (16 * k) & 0xffff;
    }
}

static void pointwise(struct transform *t, uint64_t *a, const uint64_t *b)
{
    uint64_t size = 1ull << t->log, end = size - t->at < SLICE ? size : t->at + SLICE;
    uint64_t scale = ntt_inverse_of_power(t->log);
    for (; t->at < end; t->at++) a[t->at] = ntt_mul(ntt_mul(a[t->at], b[t->at]), scale);
}

/* Digits with carries to limbs, in place: limb i lies where digit i was. */
static void carry_over(struct transform *t, uint64_t *a)
{
    uint64_t size = 1ull << t->log, end = size - t->at < SLICE ? size : t->at + SLICE;
    for (; t->at < end; t->at += 4) {
        limb w = 0;
        for (unsigned k = 0; k < 4; k++) {
            t->carry += ntt_canonical(a[t->at + k]);
            w |= (t->carry & 0xffff) << (16 * k);
            t->carry >>= 16;
        }
        a[t->at / 4] = w;
    }
}

/* One slice of phase t->phase; the next phase begins when it is through. */
static void transform_step(struct transform *t, const struct integer *x, const struct integer *y, bool square)
{
    uint64_t size = 1ull << t->log, *a = t->digits, *b = square ? a : a + size;
    bool done;
    switch (t->phase) {
    case FILL_A:
        fill(t, a, x);
        done = t->at == size;
        break;
    case FILL_B:
        if (!square) fill(t, b, y);
        done = square || t->at == size;
        break;
    case FORWARD_A: done = ntt_forward(a, t->log, &t->plan, &t->cursor, SLICE); break;
    case FORWARD_B: done = square || ntt_forward(b, t->log, &t->plan, &t->cursor, SLICE); break;
    case POINTWISE:
        pointwise(t, a, b);
        done = t->at == size;
        break;
    case INVERSE: done = ntt_inverse(a, t->log, &t->plan, &t->cursor, SLICE); break;
    default:
        carry_over(t, a);
        done = t->at == size;
        break;
    }
    if (!done) return;
    t->phase++;
    t->at = 0;
    t->cursor = (struct ntt_cursor){0};
}

static value mul_by_transform(struct job *j, struct object *f, const struct integer *x,
                              const struct integer *y)
{
    bool square = f->p[JOB_A] == f->p[JOB_B];
    if (f->p[JOB_LOCAL] == NIL) {
        unsigned log = 64 - (unsigned)__builtin_clzll(4 * (x->n + y->n) - 1);
        struct object *o = job_raw(j->p, sizeof(struct transform) + (sizeof(uint64_t) << log << !square));
        if (o == NULL) return VAL_ERROR;
        struct transform *t = (struct transform *)o->p;
        *t = (struct transform){.log = log};
        ntt_plan_make(&t->plan);
        job_set(j, f, JOB_LOCAL, from_obj(o));
        return VAL_YIELD;
    }
    struct transform *t = (struct transform *)to_obj(f->p[JOB_LOCAL])->p;
    transform_step(t, x, y, square);
    j->p->reductions -= SLICE / 8;
    return t->phase == DONE ? integer_make(j->p, t->digits, x->n + y->n, x->negative != y->negative)
                            : VAL_YIELD;
}

/* The long factor in pieces of up to 512 limbs, each times the short one, added up in raw memory: its first word is the limb
 * of the long factor that comes next. */
static value mul_by_pieces(struct job *j, struct object *f, const struct integer *x, const struct integer *y)
{
    if (f->p[JOB_LOCAL] == NIL) {
        struct object *o = job_raw(j->p, (x->n + y->n + 1) * sizeof(limb));
        if (o == NULL) return VAL_ERROR;
        __builtin_memset(o->p, 0, (y->n + 1) * sizeof(limb));
        job_set(j, f, JOB_LOCAL, from_obj(o));
        return VAL_YIELD;
    }
    limb *raw = to_obj(f->p[JOB_LOCAL])->p, *sum = raw + 1, product[2 * SLOW_MUL_LIMBS],
         scratch[LIMBS_MUL_SCRATCH(SLOW_MUL_LIMBS)];
    size_t at = raw[0], len = x->n - at < SLOW_MUL_LIMBS ? x->n - at : SLOW_MUL_LIMBS;
    if (len >= y->n)
        limbs_mul(product, x->d + at, len, y->d, y->n, scratch);
    else
        limbs_mul(product, y->d, y->n, x->d + at, len, scratch);
    __builtin_memset(sum + at + y->n, 0, len * sizeof(limb));
    limbs_add(sum + at, sum + at, len + y->n, product, len + y->n);
    j->p->reductions -= (int32_t)(len * y->n / 64 + 1);
    raw[0] = at + len;
    return raw[0] == x->n ? integer_make(j->p, sum, x->n + y->n, x->negative != y->negative) : VAL_YIELD;
}

value job_mul(struct job *j, struct object *f)
{
    struct integer x, y;
    integer_view(f->p[JOB_A], &x);
    integer_view(f->p[JOB_B], &y);
    const struct integer *big = x.n >= y.n ? &x : &y, *little = x.n >= y.n ? &y : &x;
    if (little->n == 0) return from_fixnum(0);
    return little->n <= SLOW_MUL_LIMBS ? mul_by_pieces(j, f, big, little)
                                       : mul_by_transform(j, f, big, little);
}

/* ---- greatest common divisor and ratios ---- */

/* Raw memory of job_gcd: lengths of both numbers, whether the second array holds the larger one, capacity, the arrays. */
value job_gcd(struct job *j, struct object *f)
{
    struct process *p = j->p;
    value a = f->p[JOB_A], b = f->p[JOB_B];
    switch (job_pc(f)) {
    case 0: /* bring the lengths together first */
        if (integer_is_zero(b)) return integer_negative(a) ? number_neg(p, a) : a;
        return job_call(j, f, 1, JOB_DIVIDE, a, b, NIL);
    case 1: {
        struct integer x, y;
        value r = pair_remainder(f->p[JOB_RESULT]);
        integer_view(b, &x);
        integer_view(r, &y);
        struct object *o = job_raw(p, (4 + 2 * x.n) * sizeof(limb));
        if (o == NULL) return VAL_ERROR;
        o->p[0] = x.n;
        o->p[1] = y.n;
        o->p[2] = 0;
        o->p[3] = x.n;
        __builtin_memcpy(o->p + 4, x.d, x.n * sizeof(limb));
        __builtin_memcpy(o->p + 4 + x.n, y.d, y.n * sizeof(limb));
        job_set(j, f, JOB_LOCAL, from_obj(o));
        return job_goto(f, 2);
    }
    default: {
        limb *raw = to_obj(f->p[JOB_LOCAL])->p, *one = raw + 4, *two = one + raw[3], *which;
        size_t an = raw[0], bn = raw[1];
        bool swapped = raw[2];
        unsigned rounds = (unsigned)(16384 / (an + 1)) + 1;
        size_t n = limbs_gcd_steps(swapped ? two : one, &an, swapped ? one : two, &bn, &which, rounds);
        p->reductions -= (int32_t)(rounds * (an + 8) / 8);
        if (n != SIZE_MAX) return integer_make(p, which, n, false);
        raw[0] = an;
        raw[1] = bn;
        raw[2] = which == two;
        return VAL_YIELD;
    }
    }
}

/* a / b in lowest terms. */
value job_ratio(struct job *j, struct object *f)
{
    struct process *p = j->p;
    value a = f->p[JOB_A], b = f->p[JOB_B];
    switch (job_pc(f)) {
    case 0: return job_call(j, f, 1, JOB_GCD, a, b, NIL);
    case 1: {
        value g = f->p[JOB_RESULT];
        if (integer_negative(b)) g = number_neg(p, g);
        job_set(j, f, JOB_LOCAL, g);
        return job_call(j, f, 2, JOB_DIVIDE, a, g, NIL);
    }
    case 2:
        job_set(j, f, JOB_LOCAL + 1, pair_quotient(f->p[JOB_RESULT]));
        return job_call(j, f, 3, JOB_DIVIDE, b, f->p[JOB_LOCAL], NIL);
    default: return ratio_of(p, f->p[JOB_LOCAL + 1], pair_quotient(f->p[JOB_RESULT]));
    }
}

/* ---- the operators ---- */

static value integer_operation(struct job *j, struct object *f, enum number_op op)
{
    struct process *p = j->p;
    value a = f->p[JOB_A], b = f->p[JOB_B];
    if (job_pc(f) == 0) {
        if (op == NUMBER_ADD || op == NUMBER_SUB) return integer_add(p, a, b, op == NUMBER_SUB);
        return job_call(j, f, 1,
                        op == NUMBER_MUL   ? JOB_MUL
                        : op == NUMBER_DIV ? JOB_RATIO
                                           : JOB_DIVIDE,
                        a, b, NIL);
    }
    value r = f->p[JOB_RESULT];
    if (op == NUMBER_MUL || op == NUMBER_DIV) return r;
    if (op == NUMBER_QUOT) return pair_quotient(r);
    r = pair_remainder(r);
    if (op == NUMBER_REM || integer_is_zero(r) || integer_negative(r) == integer_negative(b)) return r;
    return integer_add(p, r, b, false);
}

/* Ratios: the numerator of the result is made first, in LOCAL; then the denominator. */
static value ratio_operation(struct job *j, struct object *f, enum number_op op)
{
    struct process *p = j->p;
    value a = f->p[JOB_A], b = f->p[JOB_B];
    value an = ratio_numerator(a), ad = ratio_denominator(a), bn = ratio_numerator(b),
          bd = ratio_denominator(b);
    switch (job_pc(f)) {
    case 0: return job_call(j, f, 1, JOB_MUL, an, op == NUMBER_MUL ? bn : bd, NIL);
    case 1:
        job_set(j, f, JOB_LOCAL, f->p[JOB_RESULT]);
        if (op != NUMBER_ADD && op != NUMBER_SUB) return job_goto(f, 3);
        return job_call(j, f, 2, JOB_MUL, bn, ad, NIL);
    case 2: {
        value n = integer_add(p, f->p[JOB_LOCAL], f->p[JOB_RESULT], op == NUMBER_SUB);
        if (is_sentinel(n)) return n;
        job_set(j, f, JOB_LOCAL, n);
        return job_goto(f, 3);
    }
    case 3:
        return job_call(j, f, 4, JOB_MUL, ad,
                        op == NUMBER_ADD || op == NUMBER_SUB || op == NUMBER_MUL ? bd : bn, NIL);
    case 4: {
        bool whole = op >= NUMBER_QUOT;
        return job_call(j, f, whole ? 6 : 5, whole ? JOB_DIVIDE : JOB_RATIO, f->p[JOB_LOCAL],
                        f->p[JOB_RESULT], NIL);
    }
    case 5: return f->p[JOB_RESULT];
    case 6: { /* rem: a - q b; mod: as rem, plus b where the signs differ */
        value q = pair_quotient(f->p[JOB_RESULT]);
        if (op == NUMBER_QUOT) return q;
        return job_call(j, f, 7, JOB_ARITHMETIC, q, b, from_fixnum(NUMBER_MUL));
    }
    case 7: return job_call(j, f, 8, JOB_ARITHMETIC, a, f->p[JOB_RESULT], from_fixnum(NUMBER_SUB));
    case 8: {
        value r = f->p[JOB_RESULT];
        if (op == NUMBER_REM || number_sign(r) == 0 || number_sign(r) == number_sign(b)) return r;
        return job_call(j, f, 5, JOB_ARITHMETIC, r, b, from_fixnum(NUMBER_ADD));
    }
    default: return VAL_ERROR;
    }
}

/* Pre: exact numbers, a divisor is not zero (the direct forms have seen to it). */
value job_arithmetic(struct job *j, struct object *f)
{
    enum number_op op = (enum number_op)to_fixnum(f->p[JOB_C]);
    bool integers = is_integer(f->p[JOB_A]) && is_integer(f->p[JOB_B]);
    return integers ? integer_operation(j, f, op) : ratio_operation(j, f, op);
}
