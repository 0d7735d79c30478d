/* The tree of domains: made, found, taken down. */
#include "runtime/sched/domain.h"

#include "base/mem.h"
#include "runtime/gc/pool.h"
#include "runtime/sched/tree.h"
#include "runtime/value/collection.h"
#include "runtime/value/string.h"

#define SLOTS_BYTES (LIMIT_DOMAINS * sizeof(struct domain *))
#define GENERATIONS_BYTES (LIMIT_DOMAINS * sizeof(uint32_t))
#define FREE_BYTES (LIMIT_DOMAINS * sizeof(uint32_t))

bool domains_init(struct system *s)
{
    struct domain_table *t = system_alloc(s, sizeof *t);
    if (t == NULL) return false;
    s->domains = t;
    t->limit = 1; /* index 0 is none */
    t->slots = port_memory_allocate(s->port, SLOTS_BYTES);
    t->generations = port_memory_allocate(s->port, GENERATIONS_BYTES);
    t->free = port_memory_allocate(s->port, FREE_BYTES);
    return t->slots != NULL && t->generations != NULL && t->free != NULL;
}

void domains_free(struct system *s)
{
    struct domain_table *t = s->domains;
    if (t == NULL) return;
    if (t->slots != NULL) port_memory_free(s->port, t->slots, SLOTS_BYTES);
    if (t->generations != NULL) port_memory_free(s->port, t->generations, GENERATIONS_BYTES);
    if (t->free != NULL) port_memory_free(s->port, t->free, FREE_BYTES);
    if (t->by_name != NULL) system_release(s, t->by_name, t->name_capacity * sizeof *t->by_name);
    system_release(s, t, sizeof *t);
    s->domains = NULL;
}

struct domain *domain_by_id(struct system *s, uint64_t id)
{
    uint32_t index = (uint32_t)id & ((1u << ID_INDEX_BITS) - 1);
    if (index >= LIMIT_DOMAINS) return NULL;
    struct domain *d = __atomic_load_n(&s->domains->slots[index], __ATOMIC_ACQUIRE);
    return d != NULL && d->id == id ? d : NULL;
}

struct domain *domain_next(struct system *s, uint32_t *index)
{
    uint32_t limit = __atomic_load_n(&s->domains->limit, __ATOMIC_ACQUIRE);
    while (*index < limit) {
        struct domain *d = __atomic_load_n(&s->domains->slots[(*index)++], __ATOMIC_ACQUIRE);
        if (d != NULL && __atomic_load_n(&d->state, __ATOMIC_SEQ_CST) == DOMAIN_LIVE) return d;
    }
    return NULL;
}

/* ---- made ---- */

static bool take_slot(struct system *s, struct domain *d)
{
    struct domain_table *t = s->domains;
    uint32_t index;
    if (t->free_count > 0)
        index = t->free[--t->free_count];
    else if (t->limit < LIMIT_DOMAINS)
        index = t->limit++;
    else
        return false;
    d->id = (uint64_t)t->generations[index] << ID_INDEX_BITS | index;
    __atomic_store_n(&t->slots[index], d, __ATOMIC_RELEASE);
    return true;
}

static void give_slot(struct system *s, struct domain *d)
{
    struct domain_table *t = s->domains;
    uint32_t index = (uint32_t)d->id & ((1u << ID_INDEX_BITS) - 1);
    __atomic_store_n(&t->slots[index], NULL, __ATOMIC_RELEASE);
    t->generations[index]++;
    t->free[t->free_count++] = index;
}

/* ---- children by name ---- */

static struct domain **name_bucket(struct domain_table *t, const struct domain *parent, value name)
{
    return &t->by_name[(string_hash(name) ^ (uint32_t)parent->id * 0x9e3779b9u) & (t->name_capacity - 1)];
}

/* Twice the buckets when there are as many names; without memory the chains get longer. */
static void grow_names(struct system *s)
{
    struct domain_table *t = s->domains;
    if (t->name_count < t->name_capacity) return;
    struct domain_table bigger = {.name_capacity = t->name_capacity == 0 ? 16 : t->name_capacity * 2};
    bigger.by_name = system_alloc(s, bigger.name_capacity * sizeof *bigger.by_name);
    if (bigger.by_name == NULL) return;
    for (uint32_t i = 0; i < t->name_capacity; i++)
        for (struct domain *d = t->by_name[i], *next = NULL; d != NULL; d = next) {
            next = d->name_next;
            struct domain **bucket = name_bucket(&bigger, d->parent, d->name);
            d->name_next = *bucket;
            *bucket = d;
        }
    if (t->by_name != NULL) system_release(s, t->by_name, t->name_capacity * sizeof *t->by_name);
    t->by_name = bigger.by_name;
    t->name_capacity = bigger.name_capacity;
}

static void name_add(struct domain *d)
{
    struct domain_table *t = d->system->domains;
    if (d->name == NIL) return;
    grow_names(d->system);
    if (t->name_capacity == 0) return;
    struct domain **bucket = name_bucket(t, d->parent, d->name);
    d->name_next = *bucket;
    *bucket = d;
    t->name_count++;
}

static void name_remove(struct domain *d)
{
    struct domain_table *t = d->system->domains;
    if (d->name == NIL || t->name_capacity == 0) return;
    struct domain **at = name_bucket(t, d->parent, d->name);
    while (*at != NULL && *at != d) at = &(*at)->name_next;
    if (*at == NULL) return;
    *at = d->name_next;
    t->name_count--;
}

/* Into the tree, with the parent's names as they are now. */
static bool attach(struct domain *d, struct domain *parent, const struct domain_options *o)
{
    struct system *s = d->system;
    bool ok = parent == NULL || parent->state == DOMAIN_LIVE;
    d->budget = &d->own_budget;
    d->own_budget.limit_bytes = o->limit_bytes;
    bool carved = false;
    if (ok && parent != NULL) {
        if (o->limit_bytes != 0)
            ok = carved = budget_carve(parent->budget, &d->own_budget, o->limit_bytes);
        else
            d->budget = parent->budget;
    }
    bool charged = ok && domain_charge(d, sizeof *d);
    if (charged && cells_init(d, parent) && take_slot(s, d)) {
        d->parent = parent;
        if (parent == NULL) return true;
        domain_retain(parent);
        d->sibling = parent->child;
        d->link_at = &parent->child;
        if (d->sibling != NULL) d->sibling->link_at = &d->sibling;
        parent->child = d;
        parent->child_count++;
        name_add(d);
        return true;
    }
    cells_free(d);
    if (charged) domain_uncharge(d, sizeof *d);
    if (carved) budget_return(&d->own_budget);
    return false;
}

struct domain *domain_new(struct system *s, struct domain *parent, const struct domain_options *o)
{
    struct domain *d = system_alloc(s, sizeof *d);
    if (d == NULL) return NULL;
    d->system = s;
    d->state = DOMAIN_LIVE;
    d->references = 1;
    d->name = o->name;
    d->meta = o->meta;
    d->flags = o->no_children ? DOMAIN_NO_CHILDREN : 0;
    lock_acquire(&s->domains->lock);
    bool ok = names_init(d);
    if (ok && parent == NULL) {
        s->root = d;
        ok = intern_init(d);
    }
    ok = ok && attach(d, parent, o);
    lock_release(&s->domains->lock);
    if (!ok) {
        names_destroy(d);
        system_release(s, d, sizeof *d);
        return NULL;
    }
    if (vm_domain_init(s, d)) return d;
    domain_kill(s, d);
    return NULL;
}

/* ---- gone ---- */

void domain_retain(struct domain *d)
{
    __atomic_fetch_add(&d->references, 1, __ATOMIC_RELAXED);
}

static void destroy(struct system *s, struct deferred *deferred)
{
    struct domain *d = (struct domain *)((char *)deferred - offsetof(struct domain, deferred));
    struct domain *parent = d->parent;
    vm_domain_destroy(s, d);
    cells_free(d);
    names_destroy(d);
    if (parent != NULL) {
        /* the names it made stay; they are its parent's now */
        __atomic_fetch_add(&parent->name_bytes, d->name_bytes, __ATOMIC_RELAXED);
        __atomic_fetch_add(&parent->used_bytes, d->name_bytes, __ATOMIC_RELAXED);
        if (d->budget != parent->budget)
            __atomic_fetch_add(&parent->budget->used_bytes, d->name_bytes, __ATOMIC_RELAXED);
        domain_uncharge(d, sizeof *d);
        domain_release(parent);
    } else {
        intern_free(d);
    }
    system_release(s, d, sizeof *d);
}

void domain_release(struct domain *d)
{
    if (__atomic_fetch_sub(&d->references, 1, __ATOMIC_ACQ_REL) == 1)
        system_defer(d->system, &d->deferred, destroy);
}

/* Nobody looks at its table any more, but by way of what still refers to the domain. */
static void leave(struct system *s, struct deferred *deferred)
{
    struct domain *d = (struct domain *)((char *)deferred - offsetof(struct domain, deferred));
    cells_drop_atoms(d);
    domain_release(d);
}

/* Out of the tree, if it is dying and nothing is left in it.  Under the lock. */
static bool reap(struct domain *d)
{
    if (d->state != DOMAIN_DYING || d->child != NULL ||
        __atomic_load_n(&d->process_count, __ATOMIC_SEQ_CST) != 0)
        return false;
    __atomic_store_n(&d->state, DOMAIN_GONE, __ATOMIC_SEQ_CST);
    if (d->parent != NULL) {
        *d->link_at = d->sibling;
        if (d->sibling != NULL) d->sibling->link_at = d->link_at;
        d->parent->child_count--;
        name_remove(d);
        if (d->budget == &d->own_budget) budget_return(&d->own_budget);
    }
    give_slot(d->system, d);
    system_defer(d->system, &d->deferred, leave);
    return true;
}

void domain_process_ended(struct system *s, struct domain *d)
{
    if (__atomic_fetch_sub(&d->process_count, 1, __ATOMIC_SEQ_CST) != 1) return;
    if (__atomic_load_n(&d->state, __ATOMIC_SEQ_CST) != DOMAIN_DYING) return;
    lock_acquire(&s->domains->lock);
    for (struct domain *parent; d != NULL; d = parent) { /* then its parent, if that waited for it */
        parent = d->parent;
        if (!reap(d)) break;
    }
    lock_release(&s->domains->lock);
}

static struct domain *next_in_tree(struct domain *d, struct domain *top)
{
    if (d->child != NULL) return d->child;
    while (d != top && d->sibling == NULL) d = d->parent;
    return d == top ? NULL : d->sibling;
}

static struct domain *first_leaf(struct domain *d)
{
    while (d->child != NULL) d = d->child;
    return d;
}

/* The domain and all below take no more processes; what is empty goes at once. */
static void doom(struct system *s, struct domain *d)
{
    lock_acquire(&s->domains->lock);
    if (d->state == DOMAIN_LIVE) {
        for (struct domain *at = d; at != NULL; at = next_in_tree(at, d))
            if (at->state == DOMAIN_LIVE) __atomic_store_n(&at->state, DOMAIN_DYING, __ATOMIC_SEQ_CST);
        for (struct domain *at = first_leaf(d), *next; at != NULL; at = next) {
            next = at == d ? NULL : at->sibling != NULL ? first_leaf(at->sibling) : at->parent;
            reap(at);
        }
    }
    lock_release(&s->domains->lock);
}

bool domain_kill_some(struct scheduler *sched, struct domain *d, uint32_t *index, uint32_t limit)
{
    struct system *s = sched->system;
    if (*index == 0) doom(s, d);
    if (__atomic_load_n(&d->state, __ATOMIC_SEQ_CST) == DOMAIN_GONE) return false; /* it was empty */
    uint32_t end = process_slot_limit(s);
    for (; *index < end && limit > 0; limit--) {
        struct process *p = process_next(s, index);
        if (p == NULL) return false;
        uint32_t state = __atomic_load_n(&p->domain->state, __ATOMIC_SEQ_CST);
        if (state != DOMAIN_LIVE)
            process_signal_exit(sched, NULL, p, MESSAGE_KILL, s->keywords[KW_DOMAIN_KILLED]);
    }
    return *index < end;
}

void domain_kill(struct system *s, struct domain *d)
{
    uint32_t index = 0;
    while (domain_kill_some(&s->schedulers[0], d, &index, 1000)) {
    }
}

/* ---- asked about; what is returned is valid until the caller's turn ends ---- */

struct domain *domain_child_named(struct system *s, struct domain *parent, value name)
{
    lock_acquire(&s->domains->lock);
    struct domain *d = s->domains->name_capacity == 0 ? NULL : *name_bucket(s->domains, parent, name);
    while (d != NULL && !(d->parent == parent && d->state == DOMAIN_LIVE && string_equal(d->name, name)))
        d = d->name_next;
    lock_release(&s->domains->lock);
    return d;
}

/* True if d is `above` or lies below it. */
bool domain_within(const struct domain *d, const struct domain *above)
{
    while (d != NULL && d != above) d = d->parent;
    return d != NULL;
}
