#include "runtime/sched/atom.h"

#include "runtime/gc/shared.h"
#include "runtime/prims/declare.h"
#include "runtime/sched/scheduler.h"

/* What a collection of the arena has to know of a store into an atom. */
static void shade_change(struct process *p, value before, value after)
{
    shared_shade(p->domain->system->arena, before);
    shared_shade(p->domain->system->arena, after);
}

static struct atom_cell *atom_of(struct process *p, const char *function, value v)
{
    if (is_type(v, T_ATOM)) return (struct atom_cell *)(uintptr_t)to_obj(v)->p[0];
    fail_type(p, function, 1, v, "an atom");
    return NULL;
}

value prim_atom(struct process *p, value *a, unsigned argc)
{
    value content = arena_publish(p, a[0]);
    if (content == VAL_ERROR) return VAL_ERROR;
    struct atom_cell *cell = atom_make(p->domain, content);
    if (cell == NULL)
        return process_fail(p, ERR_OUT_OF_MEMORY, NIL,
                            "the domain's memory limit leaves no room for an atom");
    struct object *o = heap_alloc(p, T_ATOM, 0, 2);
    o->p[0] = (value)(uintptr_t)cell;
    heap_link_offheap(p, o);
    return from_obj(o);
}

value prim_is_atom(struct process *p, value *a, unsigned argc)
{
    return from_bool(is_type(a[0], T_ATOM));
}

value prim_atom_get(struct process *p, value *a, unsigned argc)
{
    struct atom_cell *cell = atom_of(p, "-atom-get", a[0]);
    return cell == NULL ? VAL_ERROR : __atomic_load_n(&cell->content, __ATOMIC_ACQUIRE);
}

value prim_atom_reset(struct process *p, value *a, unsigned argc)
{
    struct atom_cell *cell = atom_of(p, "-atom-reset!", a[0]);
    value content = cell == NULL ? VAL_ERROR : arena_publish(p, a[1]);
    if (content == VAL_ERROR) return VAL_ERROR;
    shade_change(p, __atomic_exchange_n(&cell->content, content, __ATOMIC_SEQ_CST), content);
    return content;
}

value prim_atom_compare_and_set(struct process *p, value *a, unsigned argc)
{
    struct atom_cell *cell = atom_of(p, "compare-and-set!", a[0]);
    if (cell == NULL) return VAL_ERROR;
    value before = __atomic_load_n(&cell->content, __ATOMIC_ACQUIRE);
    if (!atom_same(before, a[1])) return FALSE_;
    value content = arena_publish(p, a[2]);
    if (content == VAL_ERROR) return VAL_ERROR;
    shade_change(p, before, content);
    return from_bool(__atomic_compare_exchange_n(&cell->content, &before, content, false, __ATOMIC_SEQ_CST,
                                                 __ATOMIC_SEQ_CST));
}

value prim_atom_info(struct process *p, value *a, unsigned argc)
{
    struct atom_cell *cell = atom_of(p, "-atom-info", a[0]);
    return cell == NULL ? VAL_ERROR : __atomic_load_n(&cell->info, __ATOMIC_ACQUIRE);
}

value prim_atom_set_info(struct process *p, value *a, unsigned argc)
{
    struct atom_cell *cell = atom_of(p, "-atom-set-info!", a[0]);
    value info = cell == NULL ? VAL_ERROR : arena_publish(p, a[1]);
    if (info == VAL_ERROR) return VAL_ERROR;
    value before = __atomic_load_n(&cell->info, __ATOMIC_ACQUIRE);
    for (;;) {
        if (argc > 2 && before != a[2]) return NIL;
        shade_change(p, before, info);
        if (__atomic_compare_exchange_n(&cell->info, &before, info, false, __ATOMIC_SEQ_CST,
                                        __ATOMIC_SEQ_CST))
            return TRUE_;
    }
}
