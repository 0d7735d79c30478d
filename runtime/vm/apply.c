/* (apply f x ... coll): spread a collection into a call.
 *
 * A function with a rest parameter gets only as many elements spread as it has fixed parameters; what is left of the
 * collection is its rest list as it stands, so that applying costs nothing for the length, and an endless sequence may be
 * applied.  What is lazy and not realised is left to lona.core/-apply, which realises as much as -apply-count says. */
#include "runtime/vm/interp.h"

#include "runtime/value/collection.h"
#include "runtime/value/seq.h"

/* A position in a collection that C can walk without running code. */
struct spread {
    value at;       /* a seq; or a vector */
    uint64_t index; /* in a vector */
};

/* The next element of what is not worth a case of its own. */
static value spread_other(struct process *p, struct spread *s)
{
    value seq = seq_of(p, s->at);
    if (seq == NIL) return VAL_ABSENT;
    if (is_sentinel(seq)) return VAL_SLOW;
    value v = seq_first(p, seq);
    s->at = seq_rest(p, seq);
    s->index = 0;
    return v;
}

/* The next element: VAL_ABSENT at the end, VAL_SLOW where Lonala has to look. */
static value spread_next(struct process *p, struct spread *s)
{
    for (;;) {
        switch (type_of(s->at)) {
        case T_CONS: {
            value v = cons_first(s->at);
            s->at = cons_rest(s->at);
            return v;
        }
        case T_EMPTY_LIST: return VAL_ABSENT;
        case T_SVECTOR:
        case T_VECTOR:
        case T_SUBVECTOR: return vector_nth(s->at, s->index++);
        case T_LAZY:
            if (obj_has(to_obj(s->at), OBJ_A) || to_obj(s->at)->p[0] != NIL) return VAL_SLOW;
            s->at = to_obj(s->at)->p[1];
            break;
        case T_INDEXED_SEQ: {
            struct object *o = to_obj(s->at);
            if (!is_vector(o->p[1]) || obj_has(o, SEQ_DOWN)) return spread_other(p, s);
            s->index = o->p[0];
            s->at = o->p[1];
            break;
        }
        default: return s->at == NIL ? VAL_ABSENT : spread_other(p, s);
        }
    }
}

/* What is left of a collection, as something a list can end with. */
static value spread_rest(struct process *p, const struct spread *s)
{
    if (!is_vector(s->at)) return s->at;
    if (s->index >= vector_count(s->at)) return NIL;
    struct object *o = heap_alloc(p, T_INDEXED_SEQ, 0, 2);
    o->p[0] = s->index;
    o->p[1] = s->at;
    return from_obj(o);
}

/* Elements after which the outcome of the choice of arity is known: the most fixed parameters, and one. UINT32_MAX: all
 * that there are. */
static uint32_t wanted_count(value f, const struct proto **proto)
{
    *proto = NULL;
    if (is_type(f, T_PRIM)) {
        int16_t max = prims[to_obj(f)->p[0]].max_args;
        return max < 0 ? UINT32_MAX : (uint32_t)max + 1;
    }
    if (!is_type(f, T_FN)) return UINT32_MAX;
    *proto = (const struct proto *)(uintptr_t)to_obj(f)->p[0];
    uint32_t most = 0;
    for (unsigned i = 0; i < (*proto)->arity_count; i++)
        if ((*proto)->arities[i].fixed_count > most) most = (*proto)->arities[i].fixed_count;
    return most + 1;
}

value prim_apply(struct process *p, value *a, unsigned argc)
{
    p->trap = TRAP_DO_APPLY;
    return VAL_TRAP;
}

value prim_apply_count(struct process *p, value *a, unsigned argc)
{
    const struct proto *proto;
    uint32_t n = wanted_count(a[0], &proto);
    return n == UINT32_MAX ? NIL : from_fixnum(n);
}

/* The call goes to the rest parameter of v with argc arguments and the rest of s: all but the fixed ones become a list. */
static void make_rest(struct process *p, value *args, uint32_t *argc, const struct arity *v,
                      const struct spread *s)
{
    value rest = spread_rest(p, s);
    while (*argc > v->fixed_count) rest = list_cons(p, args[--*argc], rest);
    args[v->fixed_count] = rest;
}

static int64_t leave_to_lonala(struct process *p, uint32_t a, uint32_t argc)
{
    value *window = p->base + a, f = vm_trap_function(p, TRAP_APPLY);
    if (f == VAL_ABSENT) {
        vm_shim_trap(p, TRAP_APPLY, window + FRAME_HIDDEN, argc, false);
        return -1;
    }
    window[0] = f;
    return argc;
}

/* Count the elements that C can see, up to limit; VAL_SLOW in *end if it could not go on, VAL_ABSENT at the end. */
static uint32_t count_seen(struct process *p, struct spread s, uint32_t limit, value *end)
{
    uint32_t n = 0;
    *end = NIL;
    while (n < limit) {
        *end = spread_next(p, &s);
        if (is_sentinel(*end)) return n;
        n++;
    }
    return n;
}

int64_t vm_apply(struct process *p, uint32_t a, uint32_t argc)
{
    value *window = p->base + a;
    const struct proto *proto;
    uint32_t given = argc - 2, wanted = wanted_count(window[FRAME_HIDDEN], &proto);
    struct spread s = {window[FRAME_HIDDEN + argc - 1], 0};
    value end;
    uint32_t limit = wanted <= given ? 1 : wanted - given;
    uint32_t seen = count_seen(p, s, limit < LIMIT_STACK_WORDS ? limit : LIMIT_STACK_WORDS, &end);
    if (end == VAL_SLOW) return leave_to_lonala(p, a, argc);
    p->reductions -= (int32_t)(seen / 16);
    /* Room for the shim of a primitive, too: growing the stack once more would lose arguments beyond the frame. */
    uint64_t room = (uint64_t)vm_frame_words(p) + 2 * FRAME_HIDDEN + SHIM_ARGS + given + seen + 1;
    if (!vm_stack_room(p, room)) {
        vm_raise(p, false);
        return -1;
    }
    window = p->base + a;
    window[0] = window[FRAME_HIDDEN];
    value *args = window + FRAME_HIDDEN;
    __builtin_memmove(args, args + 1, given * sizeof(value));
    for (uint32_t i = 0; i < seen; i++) args[given + i] = spread_next(p, &s);
    argc = given + seen;
    if (is_type(window[0], T_PRIM)) {
        /* It may yield: then its arguments have to stand where the collector and the resumption find them. */
        vm_shim(p, window[0], args, argc, SHIM_RESULT);
        return -1;
    }
    if (end == VAL_ABSENT || proto == NULL || proto->variadic == NULL) return argc;
    make_rest(p, args, &argc, proto->variadic, &s);
    vm_enter_variadic(p, a);
    return -1;
}
