#include "runtime/sched/atom.h"

#include "runtime/gc/shared.h"
#include "runtime/sched/scheduler.h"
#include "runtime/value/string.h"

bool atom_same(value a, value b)
{
    return a == b ||
           (((is_keyword(a) && is_keyword(b)) || (is_symbol(a) && is_symbol(b))) && name_equal(a, b));
}

void atom_retain(struct atom_cell *a)
{
    __atomic_fetch_add(&a->references, 1, __ATOMIC_RELAXED);
}

void atom_release(struct system *s, struct atom_cell *a)
{
    if (__atomic_fetch_sub(&a->references, 1, __ATOMIC_ACQ_REL) != 1) return;
    lock_acquire(&s->shared->atoms_lock);
    *a->link_at = a->next;
    if (a->next != NULL) a->next->link_at = a->link_at;
    lock_release(&s->shared->atoms_lock);
    domain_uncharge(a->domain, sizeof *a);
    __atomic_fetch_sub(&a->domain->atom_count, 1, __ATOMIC_RELAXED);
    domain_release(a->domain);
    system_release(s, a, sizeof *a);
}

void atoms_visit(struct system *s, void (*visit)(void *context, value *slot), void *context)
{
    lock_acquire(&s->shared->atoms_lock);
    for (struct atom_cell *a = s->shared->atoms; a != NULL; a = a->next) {
        visit(context, &a->content);
        visit(context, &a->info);
    }
    lock_release(&s->shared->atoms_lock);
}

struct atom_cell *atom_make(struct domain *d, value content)
{
    if (!domain_charge(d, sizeof(struct atom_cell))) return NULL;
    struct atom_cell *a = system_alloc(d->system, sizeof *a);
    if (a == NULL) {
        domain_uncharge(d, sizeof *a);
        return NULL;
    }
    *a = (struct atom_cell){.references = 1, .content = content, .info = NIL, .domain = d};
    shared_shade(d->system->arena, content);
    domain_retain(d);
    __atomic_fetch_add(&d->atom_count, 1, __ATOMIC_RELAXED);
    struct scheduler_shared *shared = d->system->shared;
    lock_acquire(&shared->atoms_lock);
    a->next = shared->atoms;
    a->link_at = &shared->atoms;
    if (a->next != NULL) a->next->link_at = &a->next;
    shared->atoms = a;
    lock_release(&shared->atoms_lock);
    return a;
}
