#include "runtime/reader/names.h"
#include "runtime/sched/domain.h"
#include "runtime/value/string.h"

static value interned(struct process *p, bool keyword, const char *ns, size_t ns_size, const char *name,
                      size_t name_size)
{
    if (!p->domain || !p->domain->system || !p->domain->system->root) return NIL;
    return domain_find_name(p->domain, keyword, ns, ns_size, name, name_size);
}

value name_from_bytes(struct process *p, bool keyword, const char *ns, size_t ns_size, const char *name,
                      size_t name_size)
{
    value v = interned(p, keyword, ns, ns_size, name, name_size);
    if (v != NIL) return v;
    value ns_string = ns ? string_make_unchecked(p, ns, ns_size) : NIL;
    value name_string = string_make_unchecked(p, name, name_size);
    if (is_sentinel(ns_string) || is_sentinel(name_string)) return VAL_ERROR;
    return keyword ? keyword_make(p, ns_string, name_string) : symbol_make(p, ns_string, name_string);
}

value name_from_strings(struct process *p, bool keyword, value ns, value name)
{
    size_t ns_size = 0, name_size;
    const char *n = ns == NIL ? NULL : string_bytes(ns, &ns_size), *s = string_bytes(name, &name_size);
    value v = ns != NIL && ns_size == 0 ? NIL : interned(p, keyword, n, ns_size, s, name_size);
    if (v != NIL) return v;
    return keyword ? keyword_make(p, ns, name) : symbol_make(p, ns, name);
}
