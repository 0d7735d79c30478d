/* Registered processes: a domain's names, each for one process; a process may have several. */
#include "base/mem.h"
#include "runtime/gc/pool.h"
#include "runtime/sched/tree.h"
#include "runtime/value/string.h"

struct name_entry {
    struct name_entry *next;  /* same bucket */
    struct name_entry *other; /* another name of the same process */
    value name;               /* SHARED symbol or keyword */
    uint64_t id;
};

struct name_table {
    struct lock lock;
    uint32_t capacity, used;
    struct name_entry **buckets;
};

static struct name_entry **bucket_of(struct name_table *t, value name)
{
    return &t->buckets[(uint32_t)to_obj(name)->p[0] & (t->capacity - 1)];
}

static struct name_entry *find(struct name_table *t, value name)
{
    if (t->capacity == 0) return NULL;
    struct name_entry *e = *bucket_of(t, name);
    while (e != NULL && !name_equal(e->name, name)) e = e->next;
    return e;
}

static bool grow(struct system *s, struct name_table *t)
{
    if (t->used < t->capacity) return true;
    struct name_table bigger = {.capacity = t->capacity == 0 ? 16 : t->capacity * 2};
    bigger.buckets = system_alloc(s, bigger.capacity * sizeof *bigger.buckets);
    if (bigger.buckets == NULL) return false;
    for (uint32_t i = 0; i < t->capacity; i++)
        for (struct name_entry *e = t->buckets[i], *next = NULL; e != NULL; e = next) {
            next = e->next;
            struct name_entry **to = bucket_of(&bigger, e->name);
            e->next = *to;
            *to = e;
        }
    if (t->buckets != NULL) system_release(s, t->buckets, t->capacity * sizeof *t->buckets);
    t->buckets = bigger.buckets;
    t->capacity = bigger.capacity;
    return true;
}

bool names_init(struct domain *d)
{
    d->names = system_alloc(d->system, sizeof *d->names);
    return d->names != NULL;
}

/* Lock order: a process, then the names of its domain. */
enum name_result name_register(struct scheduler *s, struct process *p, value name)
{
    struct name_table *t = p->domain->names;
    enum name_result result = NAME_DEAD;
    process_lock(p);
    if (process_state(p) != PS_DEAD) {
        struct process_ext *x = process_ext(s, p);
        struct name_entry *e = x == NULL ? NULL : pool_alloc(s->heap, sizeof *e);
        lock_acquire(&t->lock);
        if (e == NULL || !grow(s->system, t)) {
            result = NAME_NO_MEMORY;
        } else if (find(t, name) != NULL) {
            result = NAME_TAKEN;
        } else {
            struct name_entry **bucket = bucket_of(t, name);
            *e = (struct name_entry){*bucket, x->names, name, p->id};
            *bucket = e;
            x->names = e;
            t->used++;
            result = NAME_DONE;
        }
        lock_release(&t->lock);
        if (result != NAME_DONE && e != NULL) pool_free(s->heap, e, sizeof *e);
    }
    process_unlock(p);
    return result;
}

/* Out of the table; under its lock. */
static void unlink_entry(struct name_table *t, struct name_entry *e)
{
    struct name_entry **at = bucket_of(t, e->name);
    while (*at != e) at = &(*at)->next;
    *at = e->next;
    t->used--;
}

bool name_unregister(struct scheduler *s, struct domain *d, value name)
{
    uint64_t id = name_find(d, name);
    struct process *p = process_by_id(s->system, id);
    if (p == NULL) return false;
    struct name_entry *e = NULL;
    process_lock(p);
    if (process_state(p) != PS_DEAD && process_added(p) != NULL) {
        struct name_entry **at = &process_added(p)->names;
        while (*at != NULL && !name_equal((*at)->name, name)) at = &(*at)->other;
        e = *at;
        if (e != NULL) {
            *at = e->other;
            lock_acquire(&d->names->lock);
            unlink_entry(d->names, e);
            lock_release(&d->names->lock);
        }
    }
    process_unlock(p);
    if (e != NULL) pool_free(s->heap, e, sizeof *e);
    return e != NULL;
}

uint64_t name_find(struct domain *d, value name)
{
    lock_acquire(&d->names->lock);
    struct name_entry *e = find(d->names, name);
    uint64_t id = e == NULL ? 0 : e->id;
    lock_release(&d->names->lock);
    return id;
}

value name_of(struct process *p)
{
    value name = NIL;
    process_lock(p);
    if (process_state(p) != PS_DEAD && process_added(p) != NULL)
        name = process_added(p)->names != NULL ? process_added(p)->names->name : process_added(p)->label;
    process_unlock(p);
    return name;
}

value names_list(struct process *p, struct domain *d)
{
    value list = NIL;
    lock_acquire(&d->names->lock);
    for (uint32_t i = 0; i < d->names->capacity; i++)
        for (struct name_entry *e = d->names->buckets[i]; e != NULL; e = e->next) {
            struct object *o = heap_alloc(p, T_CONS, 0, 2);
            o->p[0] = e->name;
            o->p[1] = list;
            list = from_obj(o);
        }
    lock_release(&d->names->lock);
    return list;
}

void names_release(struct scheduler *s, struct process *p, struct name_entry *e)
{
    struct name_table *t = p->domain->names;
    lock_acquire(&t->lock);
    for (struct name_entry *at = e; at != NULL; at = at->other) unlink_entry(t, at);
    lock_release(&t->lock);
    for (struct name_entry *next = NULL; e != NULL; e = next) {
        next = e->other;
        pool_free(s->heap, e, sizeof *e);
    }
}

void names_destroy(struct domain *d)
{
    if (d->names == NULL) return;
    if (d->names->buckets != NULL)
        system_release(d->system, d->names->buckets, d->names->capacity * sizeof *d->names->buckets);
    system_release(d->system, d->names, sizeof *d->names);
    d->names = NULL;
}
