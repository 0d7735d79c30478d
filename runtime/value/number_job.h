/* Jobs: arithmetic on numbers too long for one call, as a stack of frames in the process heap.
 *
 * A frame is a STATE object; its function does one bounded step and says how to go on: it answers a value when it is done,
 * VAL_YIELD when there is more to do (after job_call: in the callee, whose result will be in p[JOB_RESULT]), or VAL_ERROR.
 * Everything a step needs lies in the frame, so the collector may move it all between two steps. */
#ifndef RUNTIME_VALUE_NUMBER_JOB_H
#define RUNTIME_VALUE_NUMBER_JOB_H

#include "runtime/value/number_internal.h"

enum job_op {
    JOB_MUL,
    JOB_DIVIDE,
    JOB_RECIPROCAL,
    JOB_DIVISOR,
    JOB_DIVIDE_BY,
    JOB_GCD,
    JOB_RATIO,
    JOB_ARITHMETIC,
    JOB_DIGITS,
    JOB_STRING,
    JOB_PARSE
};

enum { JOB_PARENT, JOB_PC, JOB_RESULT, JOB_A, JOB_B, JOB_C, JOB_LOCAL, JOB_WORDS = JOB_LOCAL + 8 };

struct job {
    struct process *p;
    value top;
    const char *text; /* JOB_PARSE: the digits, which the caller gives anew at every turn */
    size_t size;
};

typedef value job_fn(struct job *j, struct object *f);
job_fn job_mul, job_divide, job_reciprocal, job_divisor, job_divide_by, job_gcd, job_ratio, job_arithmetic,
    job_digits, job_string, job_parse;

static inline int64_t job_pc(const struct object *f)
{
    return to_fixnum(f->p[JOB_PC]) & 0xff;
}
static inline void job_set(struct job *j, struct object *f, unsigned i, value v)
{
    heap_write(j->p, f, i, v);
}
static inline value job_goto(struct object *f, int pc)
{
    f->p[JOB_PC] = from_fixnum((to_fixnum(f->p[JOB_PC]) & ~(int64_t)0xff) | pc);
    return VAL_YIELD;
}

value job_frame(struct process *p, enum job_op op, value parent, value a, value b, value c);
/* Have op(a, b, c) done next, then go on in f at pc.  VAL_YIELD, or VAL_ERROR. */
value job_call(struct job *j, struct object *f, int pc, enum job_op op, value a, value b, value c);
/* Run until the turn ends or the outermost frame has its result. */
value job_run(struct job *j, value *state);

/* Results of divisions: a pair (quotient, remainder). */
value job_pair(struct process *p, value quotient, value remainder);
static inline value pair_quotient(value pair)
{
    return to_obj(pair)->p[0];
}
static inline value pair_remainder(value pair)
{
    return to_obj(pair)->p[1];
}

/* Raw memory of a job, zeroed or not; NULL with p->error set when refused. */
struct object *job_raw(struct process *p, uint64_t bytes);

/* Shifts by whole limbs. */
value job_shift_limbs(struct process *p, value v, int64_t limbs);

#endif
