/* Vars and namespaces as values: names for what lies in cells. */
#include "runtime/prims/declare.h"
#include "runtime/sched/domain.h"
#include "runtime/value/string.h"

value prim_make_var(struct process *p, value *a, unsigned argc)
{
    if (!is_symbol(a[0]) || to_obj(a[0])->p[1] == NIL)
        return fail_type(p, "-make-var", 1, a[0], "a qualified symbol");
    struct cell *c = domain_cell(p->domain, a[0], false);
    struct object *o = heap_alloc(p, T_VAR, 0, 2);
    o->p[0] = c != NULL ? c->index : 0;
    o->p[1] = c != NULL ? c->symbol : a[0];
    return from_obj(o);
}

value prim_var_symbol(struct process *p, value *a, unsigned argc)
{
    return is_type(a[0], T_VAR) ? to_obj(a[0])->p[1] : fail_type(p, "-var-symbol", 1, a[0], "a var");
}

value prim_make_namespace(struct process *p, value *a, unsigned argc)
{
    if (!is_symbol(a[0])) return fail_type(p, "-make-namespace", 1, a[0], "a symbol");
    struct object *o = heap_alloc(p, T_NAMESPACE, 0, 1);
    o->p[0] = a[0];
    return from_obj(o);
}

value prim_ns_name(struct process *p, value *a, unsigned argc)
{
    if (is_symbol(a[0])) return a[0];
    return is_type(a[0], T_NAMESPACE) ? to_obj(a[0])->p[0] : fail_type(p, "ns-name", 1, a[0], "a namespace");
}

value prim_pending_lazy_seqs(struct process *p, value *a, unsigned argc)
{
    return arena_lazy_seqs(p, a[0]);
}
