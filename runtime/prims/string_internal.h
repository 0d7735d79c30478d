/* Private to the primitives over text. */
#ifndef RUNTIME_PRIMS_STRING_INTERNAL_H
#define RUNTIME_PRIMS_STRING_INTERNAL_H

#include "runtime/reader/text.h"
#include "runtime/vm/prim.h"

/* The work of one call of a primitive, paid from the turn. */
struct job {
    struct process *p;
    int64_t had, work; /* steps left of `had` */
};
static inline void job_start(struct job *j, struct process *p)
{
    j->p = p;
    j->had = j->work = p->reductions > 100 ? p->reductions : 100;
}
static inline void job_end(struct job *j)
{
    j->p->reductions -= (int32_t)(j->had - j->work);
}

/* First place of needle in text at or after `from`; FIND_NONE; or FIND_MORE with the place to go on: work is used up. */
#define FIND_STEP 4096u
#define FIND_NONE SIZE_MAX
#define FIND_MORE ((size_t)1 << 62)
size_t find_bytes(const char *text, size_t size, size_t from, const char *needle, size_t needle_size,
                  int64_t *work);

/* A text that is made over several turns, with the place reached in what it is made from. */
struct text_job {
    struct job job;
    struct text out;
    uint64_t at, extra;
};
void text_job_start(struct text_job *t, struct process *p); /* takes up p->prim_state if there is one */
/* The finished string if `done`; else VAL_YIELD with the state saved. */
value text_job_end(struct text_job *t, bool done);

#endif
