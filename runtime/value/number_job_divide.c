/* Division of very long numbers: by schoolbook where one side is short, else by Newton's reciprocal and Barrett's reduction. */
#include "runtime/value/number_job.h"

#define SHORT 128 /* limbs up to which schoolbook division is used */

/* ---- schoolbook, in slices ---- */

/* Raw memory: quotient limbs still to make, shift, inverse; then the divisor, the dividend (becoming the remainder), the
 * quotient. */
struct long_division {
    uint64_t left, shift, inverse, un, vn;
    limb numbers[];
};

static value school_start(struct job *j, struct object *f, const struct integer *x, const struct integer *y)
{
    size_t un = x->n + 1, vn = y->n;
    struct object *o = job_raw(j->p, sizeof(struct long_division) + (vn + un + (un - vn)) * sizeof(limb));
    if (o == NULL) return VAL_ERROR;
    struct long_division *d = (struct long_division *)o->p;
    *d = (struct long_division){
        .left = un - vn, .shift = (uint64_t)__builtin_clzll(y->d[vn - 1]), .un = un, .vn = vn};
    limb *v = d->numbers, *u = v + vn;
    limbs_shl(v, y->d, vn, (unsigned)d->shift);
    u[un - 1] = limbs_shl(u, x->d, x->n, (unsigned)d->shift);
    d->inverse = limbs_reciprocal(v[vn - 1]);
    job_set(j, f, JOB_LOCAL, from_obj(o));
    return job_goto(f, 1);
}

static value school_step(struct job *j, struct object *f, bool qnegative, bool rnegative)
{
    struct process *p = j->p;
    struct long_division *d = (struct long_division *)to_obj(f->p[JOB_LOCAL])->p;
    limb *v = d->numbers, *u = v + d->vn, *q = u + d->un;
    size_t slice = 32768 / (d->vn + 8) + 1;
    for (; slice > 0 && d->left > 0; slice--) {
        d->left--;
        if (d->vn == 1)
            q[d->left] = limbs_div_2by1(u[d->left + 1], u[d->left], v[0], d->inverse, &u[d->left]);
        else
            q[d->left] = limbs_div_step(u + d->left, v, d->vn, d->inverse);
    }
    p->reductions -= 1000;
    if (d->left > 0) return VAL_YIELD;
    limbs_shr(u, u, d->vn, (unsigned)d->shift);
    value quotient = integer_make(p, q, d->un - d->vn, qnegative),
          remainder = integer_make(p, u, d->vn, rnegative);
    return is_sentinel(quotient)    ? quotient
           : is_sentinel(remainder) ? remainder
                                    : job_pair(p, quotient, remainder);
}

/* ---- reciprocals ---- */

static value power_of_limb(struct process *p, size_t n)
{
    return integer_shl(p, from_fixnum(1), (uint64_t)n * 64);
}

/* About B^(2n) / a for a of n limbs with its top bit set, B = 2^64; off by a few units.  From the half as precise one I of
 * the leading h limbs: I B^(n-h) + I (B^(n+h) - I a) / B^2h. */
value job_reciprocal(struct job *j, struct object *f)
{
    struct process *p = j->p;
    value a = f->p[JOB_A];
    size_t n = integer_limbs(a), h = n / 2 + 1;
    switch (job_pc(f)) {
    case 0:
        if (n <= SHORT) return job_call(j, f, 9, JOB_DIVIDE, power_of_limb(p, 2 * n), a, NIL);
        return job_call(j, f, 1, JOB_RECIPROCAL, job_shift_limbs(p, a, -(int64_t)(n - h)), NIL, NIL);
    case 1:
        job_set(j, f, JOB_LOCAL, f->p[JOB_RESULT]);
        return job_call(j, f, 2, JOB_MUL, f->p[JOB_LOCAL], a, NIL);
    case 2:
        return job_call(j, f, 3, JOB_MUL, f->p[JOB_LOCAL],
                        integer_add(p, power_of_limb(p, n + h), f->p[JOB_RESULT], true), NIL);
    case 3: {
        value better = job_shift_limbs(p, f->p[JOB_RESULT], -(int64_t)(2 * h));
        return integer_add(p, job_shift_limbs(p, f->p[JOB_LOCAL], (int64_t)(n - h)), better, false);
    }
    default: return pair_quotient(f->p[JOB_RESULT]);
    }
}

/* A divisor made ready for many divisions: STATE (b, b shifted to have its top bit set, shift, reciprocal or nil). */
enum { DIVISOR_PLAIN, DIVISOR_NORMAL, DIVISOR_SHIFT, DIVISOR_RECIPROCAL, DIVISOR_WORDS };

value job_divisor(struct job *j, struct object *f)
{
    struct process *p = j->p;
    value b = f->p[JOB_A];
    if (job_pc(f) == 0) {
        struct integer y;
        integer_view(b, &y);
        value shift = from_fixnum(__builtin_clzll(y.d[y.n - 1]));
        struct object *d = heap_alloc(p, T_STATE, 0, DIVISOR_WORDS);
        d->p[DIVISOR_PLAIN] = b;
        d->p[DIVISOR_SHIFT] = shift;
        d->p[DIVISOR_NORMAL] = d->p[DIVISOR_RECIPROCAL] = NIL;
        job_set(j, f, JOB_LOCAL, from_obj(d));
        if (y.n <= SHORT) return from_obj(d);
        value normal = integer_shl(p, b, (uint64_t)to_fixnum(shift));
        if (is_sentinel(normal)) return normal;
        heap_write(p, d, DIVISOR_NORMAL, normal);
        return job_call(j, f, 1, JOB_RECIPROCAL, normal, NIL, NIL);
    }
    heap_write(p, to_obj(f->p[JOB_LOCAL]), DIVISOR_RECIPROCAL, f->p[JOB_RESULT]);
    return f->p[JOB_LOCAL];
}

/* Limbs [from, from + n) of a natural number. */
static value limbs_between(struct process *p, value v, size_t from, size_t n)
{
    struct integer x;
    integer_view(v, &x);
    if (from >= x.n) return from_fixnum(0);
    return integer_make(p, x.d + from, x.n - from < n ? x.n - from : n, false);
}

/* a (natural) by a prepared divisor in C: blocks of n limbs from the top; each time u = remainder B^n + block, and Barrett's
 * q = (u / B^(n-1)) I / B^(n+1) is at most a few too small or, since I may be too large by a little, too large. */
value job_divide_by(struct job *j, struct object *f)
{
    struct process *p = j->p;
    struct object *d = to_obj(f->p[JOB_C]);
    value a = f->p[JOB_A], b = d->p[DIVISOR_NORMAL], shift = d->p[DIVISOR_SHIFT];
    if (d->p[DIVISOR_RECIPROCAL] == NIL) {
        if (job_pc(f) == 0) return job_call(j, f, 1, JOB_DIVIDE, a, d->p[DIVISOR_PLAIN], NIL);
        return f->p[JOB_RESULT];
    }
    enum { SHIFTED = JOB_LOCAL, QUOTIENT, REMAINDER, BLOCK, U, Q };
    size_t n = integer_limbs(b);
    switch (job_pc(f)) {
    case 0: {
        value u = integer_shl(p, a, (uint64_t)to_fixnum(shift));
        if (is_sentinel(u)) return u;
        size_t blocks = (integer_limbs(u) + n - 1) / n;
        struct object *q = job_raw(p, blocks * n * sizeof(limb));
        if (q == NULL) return VAL_ERROR;
        job_set(j, f, SHIFTED, u);
        job_set(j, f, QUOTIENT, from_obj(q));
        job_set(j, f, REMAINDER, from_fixnum(0));
        job_set(j, f, BLOCK, from_fixnum((int64_t)blocks));
        return job_goto(f, 1);
    }
    case 1: { /* the next block */
        int64_t block = to_fixnum(f->p[BLOCK]) - 1;
        if (block < 0) {
            struct object *q = to_obj(f->p[QUOTIENT]);
            value quotient = integer_make(p, q->p, obj_size(q), false);
            value remainder = integer_shr(p, f->p[REMAINDER], (uint64_t)to_fixnum(shift));
            return is_sentinel(quotient)    ? quotient
                   : is_sentinel(remainder) ? remainder
                                            : job_pair(p, quotient, remainder);
        }
        job_set(j, f, BLOCK, from_fixnum(block));
        value u = integer_add(p, job_shift_limbs(p, f->p[REMAINDER], (int64_t)n),
                              limbs_between(p, f->p[SHIFTED], (size_t)block * n, n), false);
        if (is_sentinel(u)) return u;
        job_set(j, f, U, u);
        return job_call(j, f, 2, JOB_MUL, job_shift_limbs(p, u, -(int64_t)(n - 1)), d->p[DIVISOR_RECIPROCAL],
                        NIL);
    }
    case 2: {
        value q = job_shift_limbs(p, f->p[JOB_RESULT], -(int64_t)(n + 1));
        job_set(j, f, Q, q);
        return job_call(j, f, 3, JOB_MUL, q, b, NIL);
    }
    default: {
        value r = integer_add(p, f->p[U], f->p[JOB_RESULT], true), q = f->p[Q];
        while (integer_negative(r)) {
            r = integer_add(p, r, b, false);
            q = integer_add(p, q, from_fixnum(1), true);
        }
        while (integer_compare(r, b) >= 0) {
            r = integer_add(p, r, b, true);
            q = integer_add(p, q, from_fixnum(1), false);
        }
        struct integer x;
        integer_view(q, &x);
        limb *to = to_obj(f->p[QUOTIENT])->p + (size_t)to_fixnum(f->p[BLOCK]) * n;
        __builtin_memcpy(to, x.d, x.n * sizeof(limb));
        __builtin_memset(to + x.n, 0, (n - x.n) * sizeof(limb));
        job_set(j, f, REMAINDER, r);
        return job_goto(f, 1);
    }
    }
}

/* ---- the choice ---- */

static value magnitude(struct process *p, value v)
{
    return integer_negative(v) ? number_neg(p, v) : v;
}

static value with_signs(struct process *p, value pair, bool qnegative, bool rnegative)
{
    value q = pair_quotient(pair), r = pair_remainder(pair);
    return job_pair(p, qnegative ? number_neg(p, q) : q, rnegative ? number_neg(p, r) : r);
}

/* Truncating division of a by b: a pair. */
value job_divide(struct job *j, struct object *f)
{
    struct process *p = j->p;
    struct integer x, y;
    value a = f->p[JOB_A], b = f->p[JOB_B];
    integer_view(a, &x);
    integer_view(b, &y);
    bool qnegative = x.negative != y.negative;
    enum { MA = JOB_LOCAL + 1, MB, QUOTIENT };
    switch (job_pc(f)) {
    case 0: {
        if (limbs_compare(x.d, x.n, y.d, y.n) < 0) return job_pair(p, from_fixnum(0), a);
        size_t qn = x.n - y.n + 1;
        if (y.n <= SHORT || (qn <= SHORT && y.n <= 2 * qn + 2)) return school_start(j, f, &x, &y);
        job_set(j, f, MA, magnitude(p, a));
        job_set(j, f, MB, magnitude(p, b));
        if (y.n > 2 * qn + 2) { /* a short quotient: the leading limbs give it, but for one or two */
            int64_t cut = (int64_t)(y.n - (qn + 1));
            return job_call(j, f, 3, JOB_DIVIDE, job_shift_limbs(p, f->p[MA], -cut),
                            job_shift_limbs(p, f->p[MB], -cut), NIL);
        }
        return job_call(j, f, 2, JOB_DIVISOR, f->p[MB], NIL, NIL);
    }
    case 1: return school_step(j, f, qnegative, x.negative);
    case 2: return job_call(j, f, 5, JOB_DIVIDE_BY, f->p[MA], NIL, f->p[JOB_RESULT]);
    case 3:
        job_set(j, f, QUOTIENT, pair_quotient(f->p[JOB_RESULT]));
        return job_call(j, f, 4, JOB_MUL, f->p[QUOTIENT], f->p[MB], NIL);
    case 4: {
        value r = integer_add(p, f->p[MA], f->p[JOB_RESULT], true), q = f->p[QUOTIENT];
        if (is_sentinel(r)) return r;
        while (integer_negative(r)) {
            r = integer_add(p, r, f->p[MB], false);
            q = integer_add(p, q, from_fixnum(1), true);
        }
        return with_signs(p, job_pair(p, q, r), qnegative, x.negative);
    }
    default: return with_signs(p, f->p[JOB_RESULT], qnegative, x.negative);
    }
}
