/* Domains in their hosted form: a dispatch table, a budget, a name, metadata, children.
 *
 * The dispatch table maps qualified symbols to cells.  A child starts with its parent's contents at the same cell
 * indices; from then on they are apart.  Cells never move while their domain lives.
 *
 * Invariants:
 *  D1  used + carved = what the budget has given out; used + carved <= limit, always.
 *  D2  A domain outlives its children; a parent that is killed takes them with it.
 *  D3  Cells, names and interned symbols of a domain are SHARED values or immediates. */
#ifndef RUNTIME_SCHED_DOMAIN_H
#define RUNTIME_SCHED_DOMAIN_H

#include "runtime/sched/lock.h"
#include "runtime/sched/system.h"
#include "runtime/vm/vm.h"

/* Memory that processes of one or more domains may use.  A domain made without a limit uses its parent's budget. */
struct budget {
    struct budget *parent;
    uint64_t limit_bytes;
    uint64_t used_bytes;   /* atomic; by domains on this budget */
    uint64_t carved_bytes; /* atomic; limits of child budgets */
};

enum domain_state { DOMAIN_LIVE, DOMAIN_DYING, DOMAIN_GONE };

struct domain {
    struct vm_domain vm; /* first: the interpreter's part */
    struct system *system;
    uint32_t state; /* enum domain_state; atomic */
    uint32_t flags; /* DOMAIN_ */

    /* -- memory -- */
    struct budget *budget; /* &own_budget, or an ancestor's */
    struct budget own_budget;
    uint64_t used_bytes; /* atomic; of this domain alone */

    /* -- tree; under the system's domain lock -- */
    struct domain *parent, *child, *sibling, **link_at; /* link_at: what points here */
    struct domain *name_next;                           /* same bucket of names */
    uint64_t id;                                        /* generation << 24 | index */
    uint32_t child_count;
    uint32_t process_count; /* atomic */
    value name;             /* string (SHARED), or NIL */
    value meta;             /* map (SHARED), or NIL */

    /* -- names of this domain's own making; see sched/domain.c, sched/intern.c, sched/names.c -- */
    struct cell_space *cells;
    struct intern_table *symbols, *keywords; /* the root domain's serve all */
    struct name_table *names;                /* registered processes */
    uint64_t atom_count;                     /* atomic */
    uint64_t
        name_bytes; /* atomic; of interned names that this domain made: its parent pays for them afterwards */
    struct lock define_lock; /* definitions one after the other; the table of names while it changes */
    uint32_t
        references; /* atomic; 1 for its life, and whatever is charged to it from outside (timers, atoms) */
    struct deferred deferred;
};
#define DOMAIN_NO_CHILDREN 1u /* may not make domains */
#define DOMAIN_FILES 2u       /* may use the host's files */

/* ---- budgets.  Any thread.  Charge: false if the limit would be passed, nothing changed. ---- */
bool domain_charge(struct domain *d, uint64_t bytes);
void domain_uncharge(struct domain *d, uint64_t bytes);

/* ---- dispatch table ---- */
/* The cell of a qualified symbol; created (VAL_UNBOUND) if asked to, else NULL.  Thread safe.  O(depth of the domain). */
struct cell *domain_cell(struct domain *d, value qualified_symbol, bool create);
struct cell *domain_cell_named(struct domain *d, const char *qualified_name, bool create);
/* The cell with an index, or NULL. */
struct cell *domain_cell_at(struct domain *d, uint32_t index);
uint32_t domain_cell_count(struct domain *d);
/* Set a cell's content (SHARED or immediate), waking nothing: readers see it at their next access.  Tells the interpreter
 * if the name is one that an instruction stands for (spec/intrinsics.def), so that its dispatch table is changed. */
bool domain_define(struct domain *d, struct cell *c, value content, value meta, value definition,
                   uint32_t flags); /* false: no memory */
/* The same for some parts of a cell (NULL: stays as it is; flags go with meta), and only if the part that `compare` names is
 * still the value `expected` (nil also stands for an unbound content): so two processes that change one cell lose nothing. */
enum cell_part { CELL_NONE, CELL_CONTENT, CELL_META, CELL_DEFINITION };
struct cell_change {
    const value *content, *meta, *definition;
    uint32_t flags;
    enum cell_part compare;
    value expected;
};
enum cell_changed { CELL_CHANGED, CELL_DIFFERENT, CELL_NO_MEMORY };
enum cell_changed domain_change(struct domain *d, struct cell *c, const struct cell_change *change);
/* Interned symbol or keyword of the domain, by bytes; ns_size 0: none.  SHARED.  Never fails: NIL only when the arena is full. */
value domain_intern_symbol(struct domain *d, const char *ns, size_t ns_size, const char *name,
                           size_t name_size);
value domain_intern_keyword(struct domain *d, const char *ns, size_t ns_size, const char *name,
                            size_t name_size);
/* The same without making one: NIL if the name is not interned.  For text from elsewhere, which must leave nothing behind. */
value domain_find_name(struct domain *d, bool keyword, const char *ns, size_t ns_size, const char *name,
                       size_t name_size);
/* The link vector of a unit in a domain, made on demand (runtime/vm/load.c). */
struct link *domain_link(struct domain *d, struct unit *u);

/* ---- life ---- */
struct domain_options {
    value name, meta;     /* SHARED, or NIL */
    uint64_t limit_bytes; /* 0: the parent's budget */
    bool no_children;
};
/* A child domain with the parent's names; NULL: the parent's budget does not hold it, or the parent is dying.  A few us. */
struct domain *domain_new(struct system *s, struct domain *parent, const struct domain_options *o);
struct domain *domain_by_id(struct system *s,
                            uint64_t id); /* NULL: gone.  Valid until the caller's turn ends. */
struct domain *domain_next(struct system *s, uint32_t *index); /* the next living one; NULL: no more */
struct domain *domain_child_named(struct system *s, struct domain *parent, value name); /* NULL: none */
bool domain_within(const struct domain *d, const struct domain *above); /* d is it, or below it */
/* It, its children, every process in them.  From the first scheduler's context. */
void domain_kill(struct system *s, struct domain *d);
/* Keep the struct (and its accounts) beyond the domain's life. */
void domain_retain(struct domain *d);
void domain_release(struct domain *d);

#endif
