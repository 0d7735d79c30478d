/* The dispatch table as the language sees it: defining, looking up, walking a namespace. */
#include "runtime/prims/declare.h"
#include "runtime/sched/domain.h"
#include "runtime/value/collection.h"
#include "runtime/value/string.h"

static bool qualified(value v)
{
    return is_symbol(v) && to_obj(v)->p[1] != NIL;
}

static value not_qualified(struct process *p, const char *function, value v)
{
    return fail_type(p, function, 1, v, "a qualified symbol");
}

static value no_memory(struct process *p)
{
    return process_fail(p, ERR_OUT_OF_MEMORY, NIL,
                        "the domain's memory limit leaves no room for the definition");
}

static bool flag_in(struct process *p, value meta, enum well_known k)
{
    value v = map_get_keyword(meta, p->domain->system->keywords[k]);
    return v != VAL_ABSENT && truthy(v);
}

static uint32_t flags_of(struct process *p, value meta)
{
    if (!is_map(meta)) return 0;
    return (flag_in(p, meta, KW_MACRO) ? CELL_MACRO : 0) | (flag_in(p, meta, KW_DYNAMIC) ? CELL_DYNAMIC : 0) |
           (flag_in(p, meta, KW_PRIVATE) ? CELL_PRIVATE : 0);
}

/* A name counts as defined when it has a value or was declared; a cell alone may come from code that refers to it. */
static bool defined(const struct cell *c)
{
    return c != NULL && (__atomic_load_n(&c->content, __ATOMIC_ACQUIRE) != VAL_UNBOUND || c->meta != NIL);
}

static value var_of(struct process *p, struct cell *c)
{
    struct object *o = heap_alloc(p, T_VAR, 0, 2);
    o->p[0] = c->index;
    o->p[1] = c->symbol;
    return from_obj(o);
}

/* Values that go into a cell are published first: nothing is changed if that is refused.  expected: NULL, or what the part
 * `compare` must still be; nil is the answer if it is not. */
static value define(struct process *p, value symbol, const value *parts[3], enum cell_part compare,
                    const value *expected)
{
    struct cell *c = domain_cell(p->domain, symbol, true);
    if (c == NULL) return no_memory(p);
    value published[3];
    struct cell_change x = {.compare = expected == NULL ? CELL_NONE : compare,
                            .expected = expected == NULL ? NIL : *expected};
    const value **places[3] = {&x.content, &x.meta, &x.definition};
    for (unsigned i = 0; i < 3; i++) {
        if (parts[i] == NULL) continue;
        if ((published[i] = arena_publish(p, *parts[i])) == VAL_ERROR) return VAL_ERROR;
        *places[i] = &published[i];
    }
    if (x.meta != NULL) x.flags = flags_of(p, *x.meta);
    switch (domain_change(p->domain, c, &x)) {
    case CELL_CHANGED: return var_of(p, c);
    case CELL_DIFFERENT: return NIL;
    default: return no_memory(p);
    }
}

value prim_def(struct process *p, value *a, unsigned argc)
{
    if (!qualified(a[0])) return not_qualified(p, "-def", a[0]);
    if (a[2] != NIL && !is_map(a[2])) return fail_type(p, "-def", 3, a[2], "a map or nil");
    const value *parts[3] = {&a[1], &a[2], argc > 3 ? &a[3] : NULL};
    return define(p, a[0], parts, CELL_DEFINITION, argc > 4 ? &a[4] : NULL);
}

value prim_set_cell_value(struct process *p, value *a, unsigned argc)
{
    if (!qualified(a[0])) return not_qualified(p, "-set-cell-value!", a[0]);
    const value *parts[3] = {&a[1], NULL, NULL};
    return define(p, a[0], parts, CELL_CONTENT, argc > 2 ? &a[2] : NULL);
}

value prim_set_cell_meta(struct process *p, value *a, unsigned argc)
{
    if (!qualified(a[0])) return not_qualified(p, "-set-cell-meta!", a[0]);
    if (a[1] != NIL && !is_map(a[1])) return fail_type(p, "-set-cell-meta!", 2, a[1], "a map or nil");
    const value *parts[3] = {NULL, &a[1], NULL};
    return define(p, a[0], parts, CELL_META, argc > 2 ? &a[2] : NULL);
}

value prim_set_cell_definition(struct process *p, value *a, unsigned argc)
{
    if (!qualified(a[0])) return not_qualified(p, "-set-cell-definition!", a[0]);
    const value *parts[3] = {NULL, NULL, &a[1]};
    return define(p, a[0], parts, CELL_NONE, NULL);
}

value prim_undef(struct process *p, value *a, unsigned argc)
{
    if (!qualified(a[0])) return not_qualified(p, "-undef", a[0]);
    struct cell *c = domain_cell(p->domain, a[0], false);
    if (c != NULL && !domain_define(p->domain, c, VAL_UNBOUND, NIL, NIL, 0)) return no_memory(p);
    return NIL;
}

/* The cell of an argument that is a qualified symbol or a var; NULL: none. */
static struct cell *cell_of(struct process *p, value v)
{
    if (is_type(v, T_VAR)) v = to_obj(v)->p[1];
    return domain_cell(p->domain, v, false);
}

static bool names_cell(value v)
{
    return qualified(v) || is_type(v, T_VAR);
}

value prim_cell_value(struct process *p, value *a, unsigned argc)
{
    if (!names_cell(a[0])) return not_qualified(p, "-cell-value", a[0]);
    struct cell *c = cell_of(p, a[0]);
    value v = c == NULL ? VAL_UNBOUND : __atomic_load_n(&c->content, __ATOMIC_ACQUIRE);
    return v != VAL_UNBOUND ? v : argc > 1 ? a[1] : NIL;
}

/* What is known of a primitive stands in its table; the map is made when it is asked for.  :primitive is [fewest most]
 * arguments, most nil for any number. */
static value primitive_meta(struct process *p, const struct prim *prim)
{
    const value *kw = p->domain->system->keywords;
    value doc = string_make_unchecked(p, prim->doc, __builtin_strlen(prim->doc));
    value arglists = string_make_unchecked(p, prim->arglists, __builtin_strlen(prim->arglists));
    if (doc == VAL_ERROR || arglists == VAL_ERROR) return VAL_ERROR;
    value counts[2] = {from_fixnum(prim->min_args), prim->max_args < 0 ? NIL : from_fixnum(prim->max_args)};
    value arity = vector_make(p, counts, 2);
    value items[6] = {kw[KW_DOC], doc, kw[KW_ARGLISTS], arglists, kw[KW_PRIMITIVE], arity};
    return map_make(p, items, 3);
}

value prim_cell_meta(struct process *p, value *a, unsigned argc)
{
    if (!names_cell(a[0])) return not_qualified(p, "-cell-meta", a[0]);
    struct cell *c = cell_of(p, a[0]);
    if (c == NULL) return NIL;
    if (c->meta == NIL && is_type(c->content, T_PRIM))
        return primitive_meta(p, &prims[to_obj(c->content)->p[0]]);
    return c->meta;
}

value prim_cell_definition(struct process *p, value *a, unsigned argc)
{
    if (!names_cell(a[0])) return not_qualified(p, "-cell-definition", a[0]);
    struct cell *c = cell_of(p, a[0]);
    return c == NULL ? NIL : c->definition;
}

value prim_cell_defined(struct process *p, value *a, unsigned argc)
{
    if (!names_cell(a[0])) return not_qualified(p, "-cell-defined?", a[0]);
    return from_bool(defined(cell_of(p, a[0])));
}

value prim_cell_bound(struct process *p, value *a, unsigned argc)
{
    if (!names_cell(a[0])) return not_qualified(p, "-cell-bound?", a[0]);
    struct cell *c = cell_of(p, a[0]);
    return from_bool(c != NULL && __atomic_load_n(&c->content, __ATOMIC_ACQUIRE) != VAL_UNBOUND);
}

static value cons(struct process *p, value first, value rest)
{
    struct object *o = heap_alloc(p, T_CONS, 0, 2);
    o->p[0] = first;
    o->p[1] = rest;
    return from_obj(o);
}

/* Walks the table from index a fixnum in prim_state on: [index, names so far] as a pair. */
#define CELLS_A_TURN 2000

value prim_ns_cells(struct process *p, value *a, unsigned argc)
{
    value ns = is_symbol(a[0]) ? to_obj(a[0])->p[2] : a[0];
    if (!is_string(ns)) return fail_type(p, "-ns-cells", 1, a[0], "the name of a namespace");
    value found = NIL;
    uint32_t index = 0, count = domain_cell_count(p->domain);
    if (p->prim_state != NIL) {
        index = (uint32_t)to_fixnum(to_obj(p->prim_state)->p[0]);
        found = to_obj(p->prim_state)->p[1];
    }
    for (uint32_t n = 0; index < count && n < CELLS_A_TURN; index++, n++) {
        struct cell *c = domain_cell_at(p->domain, index);
        if (!defined(c) || !string_equal(to_obj(c->symbol)->p[1], ns)) continue;
        size_t size;
        const char *name = string_bytes(to_obj(c->symbol)->p[2], &size);
        value symbol = domain_intern_symbol(p->domain, NULL, 0, name, size);
        if (symbol == NIL) symbol = symbol_make(p, NIL, to_obj(c->symbol)->p[2]);
        found = cons(p, symbol, found);
    }
    p->reductions -= 300;
    if (index < count) {
        p->prim_state = cons(p, from_fixnum(index), found);
        return VAL_YIELD;
    }
    p->prim_state = NIL;
    return found;
}

value prim_intern(struct process *p, value *a, unsigned argc)
{
    if (!is_symbol(a[0]) && !is_keyword(a[0])) return fail_type(p, "-intern", 1, a[0], "a symbol or keyword");
    size_t ns_size = 0, name_size;
    const char *ns = NULL, *name = string_bytes(to_obj(a[0])->p[2], &name_size);
    if (to_obj(a[0])->p[1] != NIL) ns = string_bytes(to_obj(a[0])->p[1], &ns_size);
    value v = is_symbol(a[0]) ? domain_intern_symbol(p->domain, ns, ns_size, name, name_size)
                              : domain_intern_keyword(p->domain, ns, ns_size, name, name_size);
    return v == NIL ? a[0] : v;
}

value prim_dynamic(struct process *p, value *a, unsigned argc)
{
    return p->dynamic;
}

value prim_set_dynamic(struct process *p, value *a, unsigned argc)
{
    if (a[0] != NIL && !is_map(a[0])) return fail_type(p, "-set-dynamic", 1, a[0], "a map or nil");
    p->dynamic = a[0];
    return NIL;
}
