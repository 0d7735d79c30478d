/* The interpreter as its neighbours see it: what starts a process, what a domain keeps for it, how it is told of changes.
 * docs/design/interpreter.md explains it; frames.h says how stacks are walked. */
#ifndef RUNTIME_VM_VM_H
#define RUNTIME_VM_VM_H

#include "runtime/sched/system.h"
#include "runtime/vm/frames.h"
#include "runtime/vm/prim.h"

enum intrinsic {
#define INTRINSIC(name, argc, OP) INTRINSIC_##OP,
#include "spec/intrinsics.def"
#undef INTRINSIC
    INTRINSIC_COUNT
};

/* State of the interpreter: see interp.c.  Fields in the order in which handlers need them. */
#define VM_HANDLER __attribute__((preserve_none))
typedef VM_HANDLER enum vm_exit vm_handler(struct process *p, const struct insn *ip, value *base,
                                           struct link *link, const struct dispatch *d, uint64_t w);

/* Instructions of the runtime's own that no unit can contain: frames.h. */
enum { OP_START = OP_COUNT, OP_FINISH, OP_SHIM_CALL, OP_SHIM_RESUME, DISPATCH_SIZE };
struct dispatch {
    vm_handler *op[DISPATCH_SIZE];
};

/* What a domain keeps for the interpreter.  It is the FIRST MEMBER of struct domain. */
struct vm_domain {
    struct dispatch
        dispatch; /* its operators: changed in place when an intrinsic is redefined, so that it acts at once */
    struct link **links; /* LIMIT_UNITS entries of lazily committed zero memory, by unit index; never moves */
    struct cell *traps[TRAPS];
    struct cell *intrinsics[INTRINSIC_COUNT];
    value originals[INTRINSIC_COUNT];              /* of those without a primitive: their first definition */
    const struct prim *operators[INTRINSIC_COUNT]; /* the primitives of these names; NULL: none */
};

/* Once per system, before the first domain.  False: no memory. */
bool vm_system_init(struct system *s);
/* Once per domain, when its cells can be created (domain_cell() works) and, for a child, hold its parent's contents.
 * False: no memory. */
bool vm_domain_init(struct system *s, struct domain *d);
void vm_domain_destroy(struct system *s, struct domain *d);

/* domain_define() calls this after every change of a cell's content.  CELL_VM_MASK bits of cell->flags are the
 * interpreter's: domain_define() keeps them.  Cost O(1); a load and a test for ordinary cells. */
void vm_cell_changed(struct domain *d, struct cell *c);

/* Make p ready to call f with argc arguments (all of p's heap, SHARED or immediate) when vm_run() is first called.
 * Sets base, ip, link, dispatch, links.  Pre: p->stack .. p->stack_end and p->domain are set and the stack has at least
 * VM_ENTRY_WORDS + argc words.  When f returns, vm_run() answers VM_EXIT and leaves p->exit_reason alone; its result is
 * vm_result(p).  An error without a Lonala handler (early boot) ends the process with the condition as p->exit_reason. */
#define VM_ENTRY_WORDS (FRAME_HIDDEN + SHIM_ARGS)
void vm_enter(struct process *p, value f, const value *args, unsigned argc);

static inline value vm_result(const struct process *p)
{
    return p->stack[FRAME_HIDDEN + SHIM_CALL];
}

/* Between two turns: the next one begins with signalling :interrupted where the process stands. */
void vm_interrupt(struct process *p);

/* The PRIM object of a primitive (SHARED, made once), or VAL_ABSENT for a name that no primitive has. */
value vm_primitive(struct system *s, unsigned index);
int prim_find(const char *name, size_t size); /* index in prims[], or -1; a linear search */

#endif
