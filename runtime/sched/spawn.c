#include "runtime/sched/spawn.h"

#include "runtime/sched/region.h"
#include "runtime/sched/tree.h"
#include "runtime/value/collection.h"
#include "runtime/value/number.h"
#include "runtime/value/string.h"

value domain_value(struct process *p, struct domain *d)
{
    struct object *o = heap_alloc(p, T_DOMAIN, 0, 1);
    o->p[0] = d->id;
    return from_obj(o);
}

/* Anywhere below, for looking at things; a child of one's own has precedence. */
static struct domain *named_below(struct domain *top, value name)
{
    uint32_t index = 0;
    for (struct domain *d; (d = domain_next(top->system, &index)) != NULL;)
        if (d->name != NIL && domain_within(d, top) && string_equal(d->name, name)) return d;
    return NULL;
}

struct domain *domain_of_value(struct process *p, const char *function, unsigned arg, value v)
{
    struct system *s = p->domain->system;
    struct domain *d = NULL;
    if (is_type(v, T_DOMAIN)) {
        d = domain_by_id(s, to_obj(v)->p[0]);
    } else if (is_string(v)) {
        if (p->domain->name != NIL && string_equal(p->domain->name, v)) return p->domain;
        d = domain_child_named(s, p->domain, v);
        if (d == NULL) d = named_below(p->domain, v);
    } else {
        fail_type(p, function, arg, v, "a domain or the name of one");
        return NULL;
    }
    if (d == NULL) process_fail(p, ERR_NO_DOMAIN, v, "%s: there is no domain %v", function, v);
    return d;
}

static value option(struct process *p, value options, enum well_known k)
{
    value v = map_get_keyword(options, p->domain->system->keywords[k]);
    return v == VAL_ABSENT ? NIL : v;
}

static bool is_kw(struct process *p, value v, enum well_known k)
{
    return is_keyword(v) && name_equal(v, p->domain->system->keywords[k]);
}

static bool bytes_option(struct process *p, value v, const char *what, uint64_t *out)
{
    if (v == NIL || (number_to_u64(v, out) && *out > 0)) return true;
    process_fail(p, ERR_ARGUMENT, v, "spawn: %s takes a positive number of bytes, not %v", what, v);
    return false;
}

static value published(struct process *p, value v)
{
    return v == NIL ? NIL : arena_publish(p, v);
}

static struct domain *new_domain(struct process *p, value name, value options)
{
    struct domain_options o = {.name = NIL, .meta = NIL};
    if (p->domain->flags & DOMAIN_NO_CHILDREN) {
        process_fail(p, ERR_NO_CAPABILITY, name, "this domain may not make domains");
        return NULL;
    }
    if (!bytes_option(p, option(p, options, KW_MEMORY_LIMIT), ":memory-limit", &o.limit_bytes)) return NULL;
    value meta = option(p, options, KW_META);
    if (meta != NIL && !is_map(meta)) {
        process_fail(p, ERR_TYPE, meta, "spawn: :meta takes a map, not %v", meta);
        return NULL;
    }
    o.name = published(p, name);
    o.meta = published(p, meta);
    if (o.name == VAL_ERROR || o.meta == VAL_ERROR) return NULL;
    o.no_children = map_get_keyword(options, p->domain->system->keywords[KW_CAN_SPAWN_DOMAINS]) == FALSE_;
    struct domain *d = domain_new(p->domain->system, p->domain, &o);
    if (d != NULL) return d;
    if (__atomic_load_n(&p->domain->state, __ATOMIC_SEQ_CST) != DOMAIN_LIVE)
        process_fail(p, ERR_NO_DOMAIN, NIL, "this domain is being taken down");
    else
        process_fail(p, ERR_OUT_OF_MEMORY, NIL, "the domain's memory does not allow for the new domain");
    return d;
}

static bool domain_option(struct process *p, value v, value options, struct spawn_options *o)
{
    if (v == NIL) return true;
    if (is_string(v)) {
        struct lock *lock = &p->domain->system->domains->spawn_lock; /* two at once shall not make it twice */
        lock_acquire(lock);
        o->domain = domain_child_named(p->domain->system, p->domain, v);
        if (o->domain == NULL) o->domain = new_domain(p, v, options);
        lock_release(lock);
        return o->domain != NULL;
    }
    o->domain = domain_of_value(p, "spawn", 3, v);
    if (o->domain == NULL) return false;
    if (domain_within(o->domain, p->domain)) return true;
    process_fail(p, ERR_NO_CAPABILITY, v, "spawn: %v is not this domain or one of its own", v);
    return false;
}

/* Hand the domain what the caller holds, with the rights that the values carry. */
static bool give_capabilities(struct process *p, value list, struct domain *d)
{
    struct walk w;
    value cap, same;
    if (list == NIL) return true;
    if (!is_vector(list) && !is_set(list)) {
        process_fail(p, ERR_TYPE, list, "spawn: :capabilities takes a vector or set, not %v", list);
        return false;
    }
    for (walk_start(&w, list); walk_next(&w, &cap, &same);) {
        uint32_t rights = is_type(cap, T_REGION) ? region_rights(p, cap) : 0;
        if (rights == 0) {
            process_fail(p, ERR_NO_CAPABILITY, cap, "spawn: %v is not a capability that this domain holds",
                         cap);
            return false;
        }
        if (d == NULL || d == p->domain) continue;
        struct region_grant g = {.domain = d->id, .by = p->domain->id, .rights = rights};
        if (!region_grant(d->system, (struct region *)(uintptr_t)to_obj(cap)->p[0], g)) {
            process_fail(p, ERR_OUT_OF_MEMORY, NIL, "no memory for the grant");
            return false;
        }
    }
    return true;
}

bool spawn_options_read(struct process *p, value options, struct spawn_options *o)
{
    value max_heap = option(p, options, KW_MAX_HEAP), name = option(p, options, KW_NAME);
    value priority = option(p, options, KW_PRIORITY);
    uint64_t bytes = 0;
    if (!bytes_option(p, max_heap, ":max-heap", &bytes)) return false;
    o->max_heap_words = bytes / 8;
    o->link = truthy(option(p, options, KW_LINK));
    o->monitor = truthy(option(p, options, KW_MONITOR));
    if (o->monitor) o->monitor_number = unique_number(p->scheduler);
    o->priority = is_kw(p, priority, KW_LOW)    ? PRIORITY_LOW
                  : is_kw(p, priority, KW_HIGH) ? PRIORITY_HIGH
                                                : PRIORITY_NORMAL;
    if (name != NIL) {
        if (!is_symbol(name) && !is_keyword(name)) {
            process_fail(p, ERR_TYPE, name, "spawn: :name takes a symbol or keyword, not %v", name);
            return false;
        }
        o->name = published(p, name);
        if (o->name == VAL_ERROR) return false;
    }
    return domain_option(p, option(p, options, KW_DOMAIN), options, o) &&
           give_capabilities(p, option(p, options, KW_CAPABILITIES), o->domain);
}
