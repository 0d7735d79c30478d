/* Domains in their hosted form: a dispatch table, a budget, a name, metadata, children.
 *
 * The dispatch table maps qualified symbols to cells.  A child starts with a copy of its parent's contents and the same
 * cell indices; from then on they are apart.  Cells never move while their domain lives. */
#ifndef RUNTIME_SCHED_DOMAIN_H
#define RUNTIME_SCHED_DOMAIN_H

#include "runtime/sched/system.h"

/* The cell of a qualified symbol; created (VAL_UNBOUND) if asked to, else NULL.  Thread safe.  O(1). */
struct cell *domain_cell(struct domain *d, value qualified_symbol, bool create);
/* Set a cell's content (SHARED or immediate), waking nothing: readers see it at their next access.  Tells the interpreter
 * if the name is one that an instruction stands for (spec/intrinsics.def), so that its dispatch table is changed. */
void domain_define(struct domain *d, struct cell *c, value content, value meta, value definition, uint32_t flags);
/* Interned symbol or keyword of the domain, by bytes; ns_size 0: none.  SHARED. */
value domain_intern_symbol(struct domain *d, const char *ns, size_t ns_size, const char *name, size_t name_size);
value domain_intern_keyword(struct domain *d, const char *ns, size_t ns_size, const char *name, size_t name_size);
/* The link vector of a unit in a domain, made on demand (runtime/vm/load.c). */
struct link *domain_link(struct domain *d, struct unit *u);

#endif
