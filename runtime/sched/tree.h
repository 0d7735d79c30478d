/* What the files about domains share.  Private to runtime/sched. */
#ifndef RUNTIME_SCHED_TREE_H
#define RUNTIME_SCHED_TREE_H

#include "runtime/sched/domain.h"
#include "runtime/sched/scheduler.h"

#define LIMIT_DOMAINS (1u << 20)

/* All domains.  The lock guards the tree, the names of children, and every change to a dispatch table: definitions are
 * rare, and with one lock a child can take over its parent's cells as they were when it was made. */
struct domain_table {
    struct lock lock;
    struct lock spawn_lock; /* finding a domain by name and making it if it is not there */
    uint32_t limit, free_count;
    uint32_t *free; /* indexes */
    uint32_t free_capacity;
    struct domain **slots; /* LIMIT_DOMAINS, lazily committed; atomic */
    uint32_t *generations;
    struct domain **by_name; /* chains of named children, by parent and name */
    uint32_t name_capacity, name_count;
};

/* ---- domains (sched/domain.c) ---- */
bool domains_init(struct system *s);
void domains_free(struct system *s);
/* A bounded piece of domain_kill; *index starts at 0.  True: call again. */
bool domain_kill_some(struct scheduler *s, struct domain *d, uint32_t *index, uint32_t limit);

/* ---- cells (sched/cells.c) ---- */
bool cells_init(struct domain *d, struct domain *parent); /* under the tree's lock if there is a parent */
void cells_drop_atoms(struct domain *d);
void cells_free(struct domain *d);

/* ---- budgets (sched/budget.c) ---- */
bool budget_carve(struct budget *from, struct budget *child, uint64_t bytes);
void budget_return(struct budget *child);

/* ---- registered processes (sched/names.c) ---- */
enum name_result { NAME_DONE, NAME_TAKEN, NAME_DEAD, NAME_NO_MEMORY };
bool names_init(struct domain *d);
enum name_result name_register(struct scheduler *s, struct process *p,
                               value name); /* SHARED symbol or keyword */
bool name_unregister(struct scheduler *s, struct domain *d, value name);
uint64_t name_find(struct domain *d, value name);      /* 0: nobody */
value name_of(struct process *p);                      /* the newest, or its label, or NIL */
value names_list(struct process *p, struct domain *d); /* of d, as a list in p's heap */

/* ---- interned names (sched/intern.c) ---- */
bool intern_init(struct domain *d);
void intern_free(struct domain *d);
value domain_shared_string(struct domain *d,
                           const char *text); /* a SHARED string that is never freed; NIL: no memory */

#endif
