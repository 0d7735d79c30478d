/* Primitives over keys and whole values: bounded as long as that is enough, resumable beyond (P2 in vm/prim.h). */
#ifndef RUNTIME_VALUE_RESUME_H
#define RUNTIME_VALUE_RESUME_H

#include "runtime/value/node.h"
#include "runtime/vm/prim.h"

/* ---- the machine: hash, =, compare of anything (deep_machine.c) ---- */
value deep_new(struct process *p); /* a STATE */
/* Go on with the question (the same at every call).  The answer as question_remember() keeps it; VAL_YIELD; VAL_SLOW:
 * something lazy has to be forced; VAL_ERROR. */
value deep_run(struct process *p, value state, enum question q, value a, value b);
/* After VAL_SLOW on the equality of two sequences: what is left to compare of them; false: not of that shape. */
bool deep_sequences_left(struct process *p, value state, value *a, value *b);

/* ---- primitives that ask ---- */
enum {
    RESUME_MEMO,
    RESUME_MACHINE,
    RESUME_QUESTION,
    RESUME_QA,
    RESUME_QB,
    RESUME_OWN,
    RESUME_OWN2,
    RESUME_OWN3,
    RESUME_OWN4,
    RESUME_WORDS
};

/* What a primitive does, as a function that can be started over: it changes nothing until it has all answers, or keeps how
 * far it got in its own words of op->state (see resume_state()).  VAL_SLOW without a question: Lonala must go on. */
typedef value resumable_fn(struct key_op *op, value *a, unsigned argc);
/* Run f; name is the primitive's, trap where Lonala goes on when f cannot. */
value resume(struct process *p, value *a, unsigned argc, resumable_fn *f, const char *name, enum trap trap);
/* The STATE of the primitive that runs, made at the first call; words from RESUME_OWN on are its own, NIL at first. */
struct object *resume_state(struct key_op *op);
/* Continue in lona.core/-retry, which realises everything lazy in `what`, and then calls the primitive again. */
value resume_retry(struct process *p, value *a, unsigned argc, const char *name, value what);

#endif
