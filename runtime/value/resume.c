#include "runtime/value/resume.h"
#include "runtime/sched/system.h"
#include "runtime/vm/vm.h"

struct object *resume_state(struct key_op *op)
{
    struct process *p = op->p;
    if (p->prim_state == NIL) {
        struct object *s = heap_alloc(p, T_STATE, 0, RESUME_WORDS);
        for (unsigned i = 0; i < RESUME_WORDS; i++) s->p[i] = NIL;
        p->prim_state = from_obj(s);
    }
    return to_obj(p->prim_state);
}

value resume_retry(struct process *p, value *a, unsigned argc, const char *name, value what)
{
    int index = prim_find(name, __builtin_strlen(name));
    value call = empty_vector();
    call = vector_conj(p, call, what);
    call = vector_conj(p, call, vm_primitive(process_system(p), (unsigned)index));
    for (unsigned i = 0; i < argc; i++) call = vector_conj(p, call, a[i]);
    p->prim_state = NIL;
    a[0] = call;
    return vm_trap_n(p, TRAP_RETRY, 1);
}

/* Equality met something lazy.  What was equal so far need not be looked at again: -equal gets the two rests. */
static value equal_pending(struct process *p, value *a, unsigned argc)
{
    value machine = to_obj(p->prim_state)->p[RESUME_MACHINE];
    if (argc == 2) deep_sequences_left(p, machine, &a[0], &a[1]);
    p->prim_state = NIL;
    return vm_trap(p, TRAP_EQUAL);
}

value resume(struct process *p, value *a, unsigned argc, resumable_fn *f, const char *name, enum trap trap)
{
    struct key_op op = KEY_OP(p);
    bool asking = false;
    if (p->prim_state != NIL) {
        struct object *s = to_obj(p->prim_state);
        op.memo = s->p[RESUME_MEMO];
        asking = s->p[RESUME_QUESTION] != NIL;
    }
    for (;;) {
        if (!asking) {
            op.question = QUESTION_NONE;
            value r = f(&op, a, argc);
            if (LIKELY(r != VAL_SLOW)) {
                if (r != VAL_YIELD) p->prim_state = NIL;
                return r;
            }
            if (op.question == QUESTION_NONE) {
                p->prim_state = NIL;
                return vm_trap(p, trap);
            }
            struct object *s = resume_state(&op);
            heap_write(p, s, RESUME_MACHINE, deep_new(p));
            heap_write(p, s, RESUME_QUESTION, from_fixnum(op.question));
            heap_write(p, s, RESUME_QA, op.qa);
            heap_write(p, s, RESUME_QB, op.qb);
        }
        struct object *s = to_obj(p->prim_state);
        enum question q = (enum question)to_fixnum(s->p[RESUME_QUESTION]);
        value answer = deep_run(p, s->p[RESUME_MACHINE], q, s->p[RESUME_QA], s->p[RESUME_QB]);
        if (answer == VAL_YIELD) return answer;
        if (answer == VAL_ERROR) {
            p->prim_state = NIL;
            return answer;
        }
        if (answer == VAL_SLOW && trap == TRAP_EQUAL) return equal_pending(p, a, argc);
        if (answer == VAL_SLOW) {
            value what =
                s->p[RESUME_QB] == NIL ? s->p[RESUME_QA] : entry_make(p, s->p[RESUME_QA], s->p[RESUME_QB]);
            return resume_retry(p, a, argc, name, what);
        }
        op.memo = question_remember(p, op.memo, q, s->p[RESUME_QA], s->p[RESUME_QB], answer);
        heap_write(p, s, RESUME_MEMO, op.memo);
        heap_write(p, s, RESUME_QUESTION, NIL);
        asking = false;
    }
}
