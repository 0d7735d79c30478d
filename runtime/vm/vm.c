/* What a system and a domain keep for the interpreter. */
#include "runtime/vm/interp.h"

#include "runtime/sched/domain.h"
#include "runtime/vm/load.h"

struct vm_system {
    struct {
        uint64_t header, index;
    } primitives[1]; /* prim_count PRIM objects */
};

bool vm_system_init(struct system *s)
{
    if (!unit_table_init(s)) return false;
    struct vm_system *vm = arena_alloc(s, sizeof *vm + prim_count * sizeof vm->primitives[0]);
    if (vm == NULL) return false;
    for (unsigned i = 0; i < prim_count; i++) {
        vm->primitives[i].header = make_header(T_PRIM, OBJ_SHARED, 1);
        vm->primitives[i].index = i;
    }
    s->vm = vm;
    return true;
}

value vm_primitive(struct system *s, unsigned index)
{
    return index < prim_count ? from_obj(&s->vm->primitives[index]) : VAL_ABSENT;
}

/* ---- domains ---- */
static const char *const trap_names[TRAPS] = {
#define TRAP(NAME, symbol) symbol,
#include "runtime/vm/traps.def"
#undef TRAP
};
static const char *const intrinsic_names[INTRINSIC_COUNT] = {
#define INTRINSIC(name, argc, OP) name,
#include "spec/intrinsics.def"
#undef INTRINSIC
};

#define LINKS_BYTES ((uint64_t)LIMIT_UNITS * sizeof(struct link *))

static const struct prim *operator_of(const char *name)
{
    int index = prim_find(name, __builtin_strlen(name));
    return index < 0 ? NULL : &prims[index];
}

bool vm_domain_init(struct system *s, struct domain *d)
{
    struct vm_domain *vm = &d->vm;
    vm_dispatch_init(&vm->dispatch);
    vm->links = port_memory_allocate(s->port, LINKS_BYTES);
    if (vm->links == NULL) return false;
    /* a child has the parent's cells at the same indices: no name needs to be looked up */
    const struct vm_domain *above = d->parent != NULL ? &d->parent->vm : NULL;
    for (unsigned t = 0; t < TRAPS; t++) {
        vm->traps[t] = above != NULL ? domain_cell_at(d, above->traps[t]->index)
                                     : domain_cell_named(d, trap_names[t], true);
        if (vm->traps[t] == NULL) return false;
    }
    for (unsigned i = 0; i < INTRINSIC_COUNT; i++) {
        struct cell *c = above != NULL ? domain_cell_at(d, above->intrinsics[i]->index)
                                       : domain_cell_named(d, intrinsic_names[i], true);
        if (c == NULL) return false;
        vm->intrinsics[i] = c;
        vm->operators[i] = above != NULL ? above->operators[i] : operator_of(intrinsic_names[i]);
        vm->originals[i] = d->parent != NULL ? d->parent->vm.originals[i] : VAL_UNBOUND;
        c->flags = (c->flags & ~CELL_VM_MASK) | (i + 1) << 16;
        vm_cell_changed(d, c);
    }
    return true;
}

void vm_domain_destroy(struct system *s, struct domain *d)
{
    if (d->vm.links == NULL) return;
    for (uint32_t i = 0, limit = unit_index_limit(s); i < limit; i++)
        if (d->vm.links[i] != NULL) arena_free(s, d->vm.links[i]);
    port_memory_free(s->port, d->vm.links, LINKS_BYTES);
    d->vm.links = NULL;
}

/* The function that an intrinsic's instruction stands for: the primitive of its name, else what was defined first. */
static bool is_original(struct vm_domain *vm, unsigned i, value content)
{
    if (content == VAL_UNBOUND) return true;
    if (vm->operators[i] != NULL)
        return is_type(content, T_PRIM) && &prims[to_obj(content)->p[0]] == vm->operators[i];
    if (vm->originals[i] == VAL_UNBOUND) vm->originals[i] = content;
    return content == vm->originals[i];
}

void vm_cell_changed(struct domain *d, struct cell *c)
{
    if (LIKELY((c->flags & CELL_VM_MASK) == 0)) return;
    unsigned i = (c->flags >> 16) - 1;
    bool original = is_original(&d->vm, i, c->content);
    for (unsigned op = 0; op < OP_COUNT; op++) {
        if (vm_operator(op) != i) continue;
        if (original)
            vm_dispatch_restore(&d->vm.dispatch, op);
        else
            __atomic_store_n(&d->vm.dispatch.op[op], vm_call_redefined, __ATOMIC_RELAXED);
    }
}
