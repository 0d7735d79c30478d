/* Atoms: cells of a domain that its processes share.  The content is a published (SHARED) value or an immediate, so reading
 * is one load and changing is one compare-and-swap; whoever reads keeps what it read.  They never leave their domain.
 *
 * An atom lives as long as an object refers to it; all living ones are on one list, whose contents are roots of the arena's
 * collection. */
#ifndef RUNTIME_SCHED_ATOM_H
#define RUNTIME_SCHED_ATOM_H

#include "runtime/sched/domain.h"

struct atom_cell {
    uint32_t references;               /* atomic */
    value content;                     /* atomic */
    value info;                        /* atomic; SHARED map: metadata, validator, watches; or NIL */
    struct domain *domain;             /* retained */
    struct atom_cell *next, **link_at; /* of all atoms; under shared->atoms_lock */
};

/* Identity as compare-and-set! means it; names are identical when they are equal. */
bool atom_same(value a, value b);
struct atom_cell *atom_make(struct domain *d, value content); /* one reference; NULL: no memory */
/* Visit every slot that holds a SHARED value on behalf of atoms.  The slots may change meanwhile. */
void atoms_visit(struct system *s, void (*visit)(void *context, value *slot), void *context);

#endif
