/* Options of spawn, as the language gives them, and the domain that they ask for. */
#ifndef RUNTIME_SCHED_SPAWN_H
#define RUNTIME_SCHED_SPAWN_H

#include "runtime/sched/domain.h"

/* False: p->error is set.  May make a domain. */
bool spawn_options_read(struct process *p, value options, struct spawn_options *o);
value domain_value(struct process *p, struct domain *d);
/* The domain that a value names: a domain, or the name of a child of the caller's.  NULL: p->error is set. */
struct domain *domain_of_value(struct process *p, const char *function, unsigned arg, value v);

#endif
