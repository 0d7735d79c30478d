/* Questions that bounded operations leave, and the answers that the resumable way found.  See node.h. */
#include "runtime/value/node.h"

enum { ANSWER_KIND, ANSWER_A, ANSWER_B, ANSWER_VALUE, ANSWER_NEXT, ANSWER_WORDS };

value question_answer(const struct key_op *op, enum question q, value a, value b)
{
    for (value at = op->memo; at != NIL; at = to_obj(at)->p[ANSWER_NEXT]) {
        const value *m = to_obj(at)->p;
        if (m[ANSWER_KIND] == from_fixnum(q) && m[ANSWER_A] == a && m[ANSWER_B] == b) return m[ANSWER_VALUE];
    }
    return VAL_ABSENT;
}

value question_ask(struct key_op *op, enum question q, value a, value b)
{
    op->question = (uint8_t)q;
    op->qa = a;
    op->qb = b;
    return VAL_SLOW;
}

value question_remember(struct process *p, value memo, enum question q, value a, value b, value answer)
{
    struct object *o = heap_alloc(p, T_STATE, 0, ANSWER_WORDS);
    o->p[ANSWER_KIND] = from_fixnum(q);
    o->p[ANSWER_A] = a;
    o->p[ANSWER_B] = b;
    o->p[ANSWER_VALUE] = answer;
    o->p[ANSWER_NEXT] = memo;
    return from_obj(o);
}

uint32_t edit_token_new(struct process *p)
{
    if (p->edit_token < EDIT_TOKEN_MAX) return ++p->edit_token;
    p->flags |= PROC_CLEAR_TOKENS | PROC_COLLECT;
    return 0;
}
