/* Domains as the language sees them. */
#include "runtime/gc/arena.h"
#include "runtime/prims/declare.h"
#include "runtime/sched/spawn.h"
#include "runtime/sched/tree.h"
#include "runtime/value/collection.h"
#include "runtime/value/number.h"
#include "runtime/value/string.h"

/* The domain of a process, or a domain given as such or by name.  NULL: p->error is set. */
static struct domain *domain_argument(struct process *p, const char *function, unsigned arg, value v)
{
    if (!is_type(v, T_PID)) return domain_of_value(p, function, arg, v);
    struct process *target = process_by_id(p->domain->system, to_obj(v)->p[0]);
    if (target == NULL) process_fail(p, ERR_NO_PROCESS, v, "%s: %v is not alive", function, v);
    return target == NULL ? NULL : target->domain;
}

/* How programs name a domain: by its name, if it has one. */
static value domain_name(struct process *p, struct domain *d)
{
    return d->name != NIL ? d->name : domain_value(p, d);
}

value prim_domain_of(struct process *p, value *a, unsigned argc)
{
    struct domain *d = domain_argument(p, "domain-of", 1, a[0]);
    return d == NULL ? VAL_ERROR : domain_name(p, d);
}

value prim_domain_meta(struct process *p, value *a, unsigned argc)
{
    struct domain *d = domain_argument(p, "domain-meta", 1, a[0]);
    return d == NULL ? VAL_ERROR : d->meta;
}

value prim_same_domain(struct process *p, value *a, unsigned argc)
{
    struct domain *x = domain_argument(p, "same-domain?", 1, a[0]);
    struct domain *y = x == NULL ? NULL : domain_argument(p, "same-domain?", 2, a[1]);
    return y == NULL ? VAL_ERROR : from_bool(x == y);
}

value prim_current_domain(struct process *p, value *a, unsigned argc)
{
    return domain_value(p, p->domain);
}
value prim_is_domain(struct process *p, value *a, unsigned argc)
{
    return from_bool(is_type(a[0], T_DOMAIN));
}

value prim_domain_ref(struct process *p, value *a, unsigned argc)
{
    struct domain *d = domain_argument(p, "domain-ref", 1, a[0]);
    return d == NULL ? VAL_ERROR : domain_value(p, d);
}

/* ---- walks: prim_state [index, vector so far] ---- */

#define DOMAINS_A_TURN 200

static void state_begin(struct process *p, uint32_t *index, value *list)
{
    *index = p->prim_state == NIL ? 0 : (uint32_t)to_fixnum(vector_nth(p->prim_state, 0));
    *list = p->prim_state == NIL ? vector_make(p, NULL, 0) : vector_nth(p->prim_state, 1);
    p->prim_state = NIL;
}

static value state_yield(struct process *p, uint32_t index, value list)
{
    value state[2] = {from_fixnum(index), list};
    p->prim_state = vector_make(p, state, 2);
    p->reductions -= DOMAINS_A_TURN * 4;
    return VAL_YIELD;
}

static bool matches(value meta, value wanted)
{
    struct walk w;
    value key, val;
    if (wanted == NIL) return true;
    if (meta == NIL) return map_count(wanted) == 0;
    for (walk_start(&w, wanted); walk_next(&w, &key, &val);) {
        int budget = EQUAL_BUDGET;
        value there = map_get(meta, key);
        if (there == VAL_ABSENT || there == VAL_SLOW || value_equal(there, val, &budget) != TRUE_)
            return false;
    }
    return true;
}

value prim_find_domains(struct process *p, value *a, unsigned argc)
{
    uint32_t index;
    value list;
    if (!is_map(a[0])) return fail_type(p, "find-domains", 1, a[0], "a map");
    state_begin(p, &index, &list);
    for (unsigned n = 0; n < DOMAINS_A_TURN; n++) {
        struct domain *d = domain_next(p->domain->system, &index);
        if (d == NULL) return list;
        if (domain_within(d, p->domain) && matches(d->meta, a[0]))
            list = vector_conj(p, list, domain_name(p, d));
    }
    return state_yield(p, index, list);
}

static value domain_summary(struct process *p, struct domain *d)
{
    const value *kw = p->domain->system->keywords;
    value items[8] = {
        kw[KW_NAME],      domain_name(p, d),
        kw[KW_PARENT],    d->parent == NULL ? NIL : domain_name(p, d->parent),
        kw[KW_PROCESSES], number_from_u64(p, __atomic_load_n(&d->process_count, __ATOMIC_RELAXED)),
        kw[KW_CHILDREN],  number_from_u64(p, d->child_count)};
    return map_make(p, items, 4);
}

value prim_list_domains(struct process *p, value *a, unsigned argc)
{
    uint32_t index;
    value list;
    state_begin(p, &index, &list);
    for (unsigned n = 0; n < DOMAINS_A_TURN; n++) {
        struct domain *d = domain_next(p->domain->system, &index);
        if (d == NULL) return list;
        if (domain_within(d, p->domain)) list = vector_conj(p, list, domain_summary(p, d));
    }
    return state_yield(p, index, list);
}

value prim_domain_info(struct process *p, value *a, unsigned argc)
{
    const value *kw = p->domain->system->keywords;
    struct domain *d = domain_argument(p, "domain-info", 1, a[0]);
    if (d == NULL) return VAL_ERROR;
    if (!domain_within(d, p->domain))
        return process_fail(p, ERR_NO_CAPABILITY, a[0], "domain-info: this domain has no authority over %v",
                            a[0]);
    bool own = d->budget == &d->own_budget && d->own_budget.limit_bytes != 0;
    value items[] = {
        kw[KW_NAME],          domain_name(p, d),
        kw[KW_PARENT],        d->parent == NULL ? NIL : domain_name(p, d->parent),
        kw[KW_MEMORY_USED],   number_from_u64(p, __atomic_load_n(&d->used_bytes, __ATOMIC_RELAXED)),
        kw[KW_MEMORY_LIMIT],  own ? number_from_u64(p, d->own_budget.limit_bytes) : NIL,
        kw[KW_MEMORY_CARVED], own ? number_from_u64(p, d->own_budget.carved_bytes) : NIL,
        kw[KW_PROCESSES],     number_from_u64(p, __atomic_load_n(&d->process_count, __ATOMIC_RELAXED)),
        kw[KW_CHILDREN],      number_from_u64(p, d->child_count),
        kw[KW_META],          d->meta,
    };
    return map_make(p, items, COUNT_OF(items) / 2);
}

/* ---- the end of a domain: prim_state [domain id, index]; then it waits until the domain is gone ---- */

#define KILLED_A_TURN 500

value prim_kill_domain(struct process *p, value *a, unsigned argc)
{
    struct system *s = p->domain->system;
    struct domain *d;
    uint32_t index = 0;
    if (p->prim_state == NIL) {
        d = domain_argument(p, "kill-domain", 1, a[0]);
        if (d == NULL) return VAL_ERROR;
        if (!domain_within(d, p->domain))
            return process_fail(p, ERR_NO_CAPABILITY, a[0],
                                "kill-domain: this domain has no authority over %v", a[0]);
        if (d == s->root) return process_fail(p, ERR_ARGUMENT, a[0], "the root domain ends with the system");
    } else {
        uint64_t id;
        number_to_u64(vector_nth(p->prim_state, 0), &id);
        index = (uint32_t)to_fixnum(vector_nth(p->prim_state, 1));
        d = domain_by_id(s, id);
        p->prim_state = NIL;
        if (d == NULL) return TRUE_;
    }
    uint64_t id = d->id;
    domain_kill_some(p->scheduler, d, &index, KILLED_A_TURN);
    value state[2] = {number_from_u64(p, id), from_fixnum(index)};
    p->prim_state = vector_make(p, state, 2);
    process_end_turn(p);
    return VAL_YIELD;
}

/* ---- code from one domain to another ---- */

/* Authority over both sides, or over the giving side by being below it: a child may take what its parent has. */
value prim_copy_cell(struct process *p, value *a, unsigned argc)
{
    struct domain *from = domain_argument(p, "copy-cell", 1, a[0]);
    struct domain *to = from == NULL ? NULL : domain_argument(p, "copy-cell", 2, a[1]);
    if (to == NULL) return VAL_ERROR;
    if (!is_symbol(a[2]) || to_obj(a[2])->p[1] == NIL)
        return fail_type(p, "copy-cell", 3, a[2], "a qualified symbol");
    bool may_take = domain_within(from, p->domain) || domain_within(p->domain, from);
    if (!may_take || !domain_within(to, p->domain))
        return process_fail(p, ERR_NO_CAPABILITY, a[2],
                            "this domain has no authority to move code between %v and %v", a[0], a[1]);
    struct cell *source = domain_cell(from, a[2], false);
    value content = source == NULL ? VAL_UNBOUND : __atomic_load_n(&source->content, __ATOMIC_ACQUIRE);
    if (content == VAL_UNBOUND)
        return process_fail(p, ERR_UNDEFINED, a[2], "%v is not defined in %v", a[2], a[0]);
    if (is_ptr(content) && shared_is_bound(p->domain->system->arena, content))
        return process_fail(p, ERR_CANNOT_CROSS, a[2], "%v holds an atom and may not leave its domain", a[2]);
    struct cell *target = domain_cell(to, a[2], true);
    if (target == NULL ||
        !domain_define(to, target, content, source->meta, source->definition, source->flags & ~CELL_VM_MASK))
        return process_fail(p, ERR_OUT_OF_MEMORY, NIL,
                            "the memory limit of %v leaves no room for the definition", a[1]);
    return TRUE_;
}

value prim_domain_whereis(struct process *p, value *a, unsigned argc)
{
    struct domain *d = domain_argument(p, "-domain-whereis", 1, a[0]);
    if (d == NULL) return VAL_ERROR;
    if (!is_symbol(a[1]) && !is_keyword(a[1]))
        return fail_type(p, "-domain-whereis", 2, a[1], "a symbol or keyword");
    if (!domain_within(d, p->domain))
        return process_fail(p, ERR_NO_CAPABILITY, a[0], "this domain has no authority over %v", a[0]);
    uint64_t id = name_find(d, a[1]);
    return id == 0 ? NIL : pid_value(p, id, PID_SEND | PID_MONITOR);
}

value prim_parent_domain(struct process *p, value *a, unsigned argc)
{
    return p->domain->parent == NULL ? NIL : domain_value(p, p->domain->parent);
}
