/* Dispatch tables.
 *
 * Cells lie in chunks that never move.  A child begins with no chunk of its own: a chunk that it inherits is copied from
 * its parent when it is first looked at, or just before the parent changes a cell in it, whichever comes first.  So making
 * a domain costs next to nothing, and what it sees is its parent's table as it was when it was made.
 *
 * Names are found through a hash table of a domain's own cells, then through its ancestors' tables, where only the cells
 * count that were there when the child was made.  Reading takes no lock: tables only grow, and a table that was outgrown is
 * freed when nobody can be reading it any more. */
#include "base/mem.h"
#include "runtime/gc/pool.h"
#include "runtime/gc/shared.h"
#include "runtime/sched/atom.h"
#include "runtime/sched/tree.h"
#include "runtime/value/string.h"

#define CHUNK_BITS 6
#define CHUNK_CELLS (1u << CHUNK_BITS)
#define LIMIT_CELLS (1u << 22)
#define CHUNKS_FIRST 64
#define CLONE_BUCKETS 256

struct cell_slot {
    value symbol; /* atomic; 0: empty */
    uint32_t index;
};

struct cell_names {
    struct deferred deferred;
    uint32_t capacity, used;
    struct cell_slot slots[];
};

struct cell_chunks {
    struct deferred deferred;
    uint32_t capacity;
    struct cell *chunks[]; /* atomic; NULL: still the parent's */
};

struct atom_clone {
    struct atom_clone *next, *same_bucket;
    struct atom_cell *from; /* retained: whose place it takes */
    bool filled;            /* its content is there */
    value object[3];        /* header, cell, 0 */
};

struct cell_space {
    struct cell_space *parent;
    struct domain *domain;
    uint32_t base;               /* cells below were there when the domain was made */
    uint32_t count;              /* atomic */
    struct cell_names *names;    /* atomic; of cells from base on; NULL: none */
    struct cell_chunks *chunks;  /* atomic */
    struct atom_clone *clones;   /* the newest first */
    struct atom_clone **buckets; /* CLONE_BUCKETS of them, by the atom they stand for; NULL: no clones */
};

static size_t names_bytes(uint32_t capacity)
{
    return sizeof(struct cell_names) + capacity * sizeof(struct cell_slot);
}
static size_t chunks_bytes(uint32_t capacity)
{
    return sizeof(struct cell_chunks) + capacity * sizeof(struct cell *);
}

static void release_names(struct system *s, struct deferred *d)
{
    struct cell_names *n = (struct cell_names *)d;
    system_release(s, n, names_bytes(n->capacity));
}

static void release_chunks(struct system *s, struct deferred *d)
{
    struct cell_chunks *c = (struct cell_chunks *)d;
    system_release(s, c, chunks_bytes(c->capacity));
}

/* ---- chunks; changes under the tree's lock ---- */

static struct cell *chunk_at(struct cell_space *c, uint32_t k)
{
    struct cell_chunks *all = __atomic_load_n(&c->chunks, __ATOMIC_ACQUIRE);
    return k < all->capacity ? __atomic_load_n(&all->chunks[k], __ATOMIC_ACQUIRE) : NULL;
}

static bool chunks_reach(struct cell_space *c, uint32_t k)
{
    struct system *s = c->domain->system;
    struct cell_chunks *old = c->chunks;
    if (k < old->capacity) return true;
    uint32_t capacity = old->capacity;
    while (capacity <= k) capacity *= 2;
    struct cell_chunks *new = system_alloc(s, chunks_bytes(capacity));
    if (new == NULL) return false;
    new->capacity = capacity;
    memcpy(new->chunks, old->chunks, old->capacity * sizeof old->chunks[0]);
    __atomic_store_n(&c->chunks, new, __ATOMIC_RELEASE);
    system_defer(s, &old->deferred, release_chunks);
    return true;
}

/* Atoms stay in their domain: what a child inherits gets atoms of its own in their place, one for each, with the contents of
 * the moment in which the child first looks.  Contents come later: they may lead back. */
static value own_atom(void *context, value inherited)
{
    struct cell_space *c = context;
    struct domain *d = c->domain;
    struct atom_cell *from = (struct atom_cell *)(uintptr_t)to_obj(inherited)->p[0];
    if (c->buckets == NULL &&
        (c->buckets = system_alloc(d->system, CLONE_BUCKETS * sizeof *c->buckets)) == NULL)
        return VAL_ERROR;
    struct atom_clone **bucket = &c->buckets[(uintptr_t)from / sizeof *from % CLONE_BUCKETS];
    for (struct atom_clone *known = *bucket; known != NULL; known = known->same_bucket)
        if (known->from == from) return from_obj(known->object);
    struct atom_clone *clone = system_alloc(d->system, sizeof *clone);
    struct atom_cell *cell = clone == NULL ? NULL : atom_make(d, NIL);
    if (cell == NULL) {
        if (clone != NULL) system_release(d->system, clone, sizeof *clone);
        return VAL_ERROR;
    }
    atom_retain(from);
    clone->from = from;
    clone->next = c->clones;
    c->clones = clone;
    clone->same_bucket = *bucket;
    *bucket = clone;
    clone->object[0] = make_header(T_ATOM, OBJ_SHARED, 2);
    clone->object[1] = (value)(uintptr_t)cell;
    clone->object[2] = 0;
    return from_obj(clone->object);
}

/* New clones are at the head of the list, and filling them may put others before. */
static void fill_clones(struct cell_space *c)
{
    struct arena *a = c->domain->system->arena;
    for (bool again = true; again;) {
        again = false;
        for (struct atom_clone *clone = c->clones; clone != NULL && !clone->filled; clone = clone->next) {
            struct atom_cell *cell = (struct atom_cell *)(uintptr_t)clone->object[1];
            const struct atom_clone *head = c->clones;
            clone->filled = true;
            value content =
                arena_rehome(a, __atomic_load_n(&clone->from->content, __ATOMIC_ACQUIRE), own_atom, c);
            value info = arena_rehome(a, __atomic_load_n(&clone->from->info, __ATOMIC_ACQUIRE), own_atom, c);
            cell->info = info == VAL_ERROR ? NIL : info;
            __atomic_store_n(&cell->content, content == VAL_ERROR ? NIL : content, __ATOMIC_RELEASE);
            shared_shade(a, cell->content);
            shared_shade(a, cell->info);
            again |= c->clones != head;
        }
    }
}

/* An inherited value without atoms of others; `lost` if there is no memory for that. */
static value own_value(struct cell_space *c, value inherited, value lost)
{
    value v = arena_rehome(c->domain->system->arena, inherited, own_atom, c);
    return v == VAL_ERROR ? lost : v;
}

/* The chunk as the domain's own.  NULL: no memory. */
static struct cell *own_chunk(struct cell_space *c, uint32_t k)
{
    struct cell *own = chunk_at(c, k);
    if (own != NULL) return own;
    if (!chunks_reach(c, k)) return NULL;
    size_t bytes = CHUNK_CELLS * sizeof(struct cell);
    if (!domain_charge(c->domain, bytes)) return NULL;
    own = system_alloc(c->domain->system, bytes);
    if (own == NULL) {
        domain_uncharge(c->domain, bytes);
        return NULL;
    }
    uint32_t first = k << CHUNK_BITS;
    if (first < c->base) {
        struct cell_space *from = c->parent;
        while (chunk_at(from, k) == NULL)
            from = from->parent; /* an unchanged chunk of an ancestor; the root has all of its own */
        uint32_t n = c->base - first < CHUNK_CELLS ? c->base - first : CHUNK_CELLS;
        memcpy(own, chunk_at(from, k), n * sizeof *own);
        /* cells of an ancestor in between that came after the one that `from` had: they are in own chunks by then, so the
         * chunk found is the nearest and has them all */
    }
    for (uint32_t i = 0; i < CHUNK_CELLS && first + i < c->base; i++) {
        own[i].content = own_value(c, own[i].content, VAL_UNBOUND);
        own[i].meta = own_value(c, own[i].meta, NIL);
        own[i].definition = own_value(c, own[i].definition, NIL);
    }
    fill_clones(c);
    __atomic_store_n(&c->chunks->chunks[k], own, __ATOMIC_RELEASE);
    return own;
}

/* Before a cell of chunk k changes: children that still look at it get their own copies. */
static bool detach_children(struct domain *d, uint32_t k)
{
    for (struct domain *child = d->child; child != NULL; child = child->sibling) {
        if (child->cells == NULL || k << CHUNK_BITS >= child->cells->base ||
            chunk_at(child->cells, k) != NULL)
            continue;
        if (own_chunk(child->cells, k) == NULL) return false;
    }
    return true;
}

/* ---- names ---- */

static uint32_t hash_of(value symbol)
{
    return (uint32_t)to_obj(symbol)->p[0];
}

static struct cell_slot *slot_of(struct cell_names *n, value symbol)
{
    for (uint32_t i = hash_of(symbol) & (n->capacity - 1);; i = (i + 1) & (n->capacity - 1)) {
        value there = __atomic_load_n(&n->slots[i].symbol, __ATOMIC_ACQUIRE);
        if (there == 0 || there == symbol || name_equal(there, symbol)) return &n->slots[i];
    }
}

/* Index of a name, looking up the ancestors; UINT32_MAX: none. */
static uint32_t index_of(struct cell_space *c, value symbol)
{
    for (uint32_t limit = UINT32_MAX; c != NULL; c = c->parent) {
        struct cell_names *n = __atomic_load_n(&c->names, __ATOMIC_ACQUIRE);
        if (n != NULL) {
            struct cell_slot *slot = slot_of(n, symbol);
            if (__atomic_load_n(&slot->symbol, __ATOMIC_ACQUIRE) != 0 && slot->index < limit)
                return slot->index;
        }
        if (c->base < limit) limit = c->base;
    }
    return UINT32_MAX;
}

static bool names_room(struct cell_space *c)
{
    struct cell_names *old = c->names;
    if (old != NULL && (old->used + 1) * 4 <= old->capacity * 3) return true;
    uint32_t capacity = old == NULL ? 64 : old->capacity * 2;
    struct cell_names *new = system_alloc(c->domain->system, names_bytes(capacity));
    if (new == NULL) return false;
    new->capacity = capacity;
    for (uint32_t i = 0; old != NULL && i < old->capacity; i++)
        if (old->slots[i].symbol != 0) {
            *slot_of(new, old->slots[i].symbol) = old->slots[i];
            new->used++;
        }
    __atomic_store_n(&c->names, new, __ATOMIC_RELEASE);
    if (old != NULL) system_defer(c->domain->system, &old->deferred, release_names);
    return true;
}

/* ---- the interface ---- */

struct cell *domain_cell_at(struct domain *d, uint32_t index)
{
    struct cell_space *c = d->cells;
    if (index >= __atomic_load_n(&c->count, __ATOMIC_ACQUIRE)) return NULL;
    struct cell *chunk = chunk_at(c, index >> CHUNK_BITS);
    if (UNLIKELY(chunk == NULL)) {
        struct lock *lock = &d->system->domains->lock;
        lock_acquire(lock);
        chunk = own_chunk(c, index >> CHUNK_BITS);
        lock_release(lock);
    }
    return chunk == NULL ? NULL : &chunk[index & (CHUNK_CELLS - 1)];
}

uint32_t domain_cell_count(struct domain *d)
{
    return __atomic_load_n(&d->cells->count, __ATOMIC_ACQUIRE);
}

/* A new cell; symbol is SHARED.  Under the lock. */
static struct cell *add_cell(struct domain *d, value symbol)
{
    struct cell_space *c = d->cells;
    uint32_t index = c->count;
    if (index >= LIMIT_CELLS || !names_room(c)) return NULL;
    struct cell *chunk = own_chunk(c, index >> CHUNK_BITS);
    if (chunk == NULL) return NULL;
    struct cell *cell = &chunk[index & (CHUNK_CELLS - 1)];
    *cell = (struct cell){
        .content = VAL_UNBOUND, .symbol = symbol, .meta = NIL, .definition = NIL, .index = index};
    __atomic_store_n(&c->count, index + 1, __ATOMIC_RELEASE);
    struct cell_slot *slot = slot_of(c->names, symbol);
    slot->index = index;
    __atomic_store_n(&slot->symbol, symbol, __ATOMIC_RELEASE);
    c->names->used++;
    return cell;
}

static value shared_symbol(struct domain *d, value symbol)
{
    size_t ns_size = 0, name_size;
    const char *ns = NULL, *name = string_bytes(to_obj(symbol)->p[2], &name_size);
    if (to_obj(symbol)->p[1] != NIL) ns = string_bytes(to_obj(symbol)->p[1], &ns_size);
    return domain_intern_symbol(d, ns, ns_size, name, name_size);
}

struct cell *domain_cell(struct domain *d, value symbol, bool create)
{
    uint32_t index = index_of(d->cells, symbol);
    if (index != UINT32_MAX) return domain_cell_at(d, index);
    if (!create) return NULL;
    value shared = shared_symbol(d, symbol);
    if (shared == NIL) return NULL;
    struct lock *lock = &d->system->domains->lock;
    lock_acquire(lock);
    index = index_of(d->cells, shared); /* somebody may have been faster */
    struct cell *cell = NULL;
    if (index == UINT32_MAX) cell = add_cell(d, shared);
    lock_release(lock);
    return index == UINT32_MAX ? cell : domain_cell_at(d, index);
}

struct cell *domain_cell_named(struct domain *d, const char *qualified_name, bool create)
{
    size_t size = __builtin_strlen(qualified_name), slash = 0;
    while (slash < size && qualified_name[slash] != '/') slash++;
    value symbol =
        domain_intern_symbol(d, qualified_name, slash, qualified_name + slash + 1, size - slash - 1);
    return symbol == NIL ? NULL : domain_cell(d, symbol, create);
}

static bool as_expected(const struct cell *c, const struct cell_change *x)
{
    value now = x->compare == CELL_CONTENT      ? c->content
                : x->compare == CELL_META       ? c->meta
                : x->compare == CELL_DEFINITION ? c->definition
                                                : x->expected;
    return atom_same(now == VAL_UNBOUND ? NIL : now, x->expected);
}

/* Under the lock, the children detached. */
static void change_cell(struct domain *d, struct cell *c, const struct cell_change *x)
{
    struct arena *a = d->system->arena;
    value content = x->content != NULL ? *x->content : c->content;
    value meta = x->meta != NULL ? *x->meta : c->meta;
    value definition = x->definition != NULL ? *x->definition : c->definition;
    if (UNLIKELY(shared_shading(a))) {
        value flows[] = {c->content, c->meta, c->definition, content, meta, definition};
        for (unsigned i = 0; i < COUNT_OF(flows); i++) shared_shade(a, flows[i]);
    }
    c->definition = definition;
    if (x->meta != NULL) {
        c->meta = meta;
        c->flags = (c->flags & CELL_VM_MASK) | x->flags;
    }
    __atomic_store_n(&c->content, content, __ATOMIC_RELEASE);
    vm_cell_changed(d, c);
}

enum cell_changed domain_change(struct domain *d, struct cell *c, const struct cell_change *x)
{
    struct lock *lock = &d->system->domains->lock;
    enum cell_changed result = CELL_DIFFERENT;
    lock_acquire(lock);
    if (as_expected(c, x)) {
        result = detach_children(d, c->index >> CHUNK_BITS) ? CELL_CHANGED : CELL_NO_MEMORY;
        if (result == CELL_CHANGED) change_cell(d, c, x);
    }
    lock_release(lock);
    return result;
}

bool domain_define(struct domain *d, struct cell *c, value content, value meta, value definition,
                   uint32_t flags)
{
    struct cell_change x = {.content = &content, .meta = &meta, .definition = &definition, .flags = flags};
    return domain_change(d, c, &x) == CELL_CHANGED;
}

static void visit_cells(struct cell_space *c, void (*visit)(void *context, value v), void *context)
{
    for (uint32_t k = 0; k < c->chunks->capacity; k++) {
        const struct cell *chunk = c->chunks->chunks[k];
        for (uint32_t i = 0; chunk != NULL && i < CHUNK_CELLS; i++) {
            visit(context, chunk[i].content);
            visit(context, chunk[i].meta);
            visit(context, chunk[i].definition);
        }
    }
}

void domains_visit_shared(struct system *s, void (*visit)(void *context, value v), void *context)
{
    struct domain_table *t = s->domains;
    lock_acquire(&t->lock);
    for (uint32_t i = 0; i < t->limit; i++) {
        struct domain *d = t->slots[i];
        if (d == NULL) continue;
        visit(context, d->name);
        visit(context, d->meta);
        for (unsigned k = 0; k < INTRINSIC_COUNT; k++) visit(context, d->vm.originals[k]);
        if (d->cells != NULL) visit_cells(d->cells, visit, context);
    }
    lock_release(&t->lock);
}

bool cells_init(struct domain *d, struct domain *parent)
{
    struct cell_space *c = system_alloc(d->system, sizeof *c);
    if (c == NULL) return false;
    c->domain = d;
    c->chunks = system_alloc(d->system, chunks_bytes(CHUNKS_FIRST));
    if (c->chunks == NULL) {
        system_release(d->system, c, sizeof *c);
        return false;
    }
    c->chunks->capacity = CHUNKS_FIRST;
    if (parent != NULL) {
        c->parent = parent->cells;
        c->base = c->count = parent->cells->count;
    }
    d->cells = c;
    return true;
}

/* Its atoms keep the domain: they go first, when nothing runs in it any more. */
void cells_drop_atoms(struct domain *d)
{
    struct cell_space *c = d->cells;
    for (struct atom_clone *a = c->clones, *next = NULL; a != NULL; a = next) {
        next = a->next;
        atom_release(d->system, (struct atom_cell *)(uintptr_t)a->object[1]);
        atom_release(d->system, a->from);
        system_release(d->system, a, sizeof *a);
    }
    if (c->buckets != NULL) system_release(d->system, c->buckets, CLONE_BUCKETS * sizeof *c->buckets);
    c->clones = NULL;
    c->buckets = NULL;
}

void cells_free(struct domain *d)
{
    struct cell_space *c = d->cells;
    if (c == NULL) return;
    for (uint32_t k = 0; k < c->chunks->capacity; k++)
        if (c->chunks->chunks[k] != NULL) {
            domain_uncharge(d, CHUNK_CELLS * sizeof(struct cell));
            system_release(d->system, c->chunks->chunks[k], CHUNK_CELLS * sizeof(struct cell));
        }
    cells_drop_atoms(d);
    system_release(d->system, c->chunks, chunks_bytes(c->chunks->capacity));
    if (c->names != NULL) system_release(d->system, c->names, names_bytes(c->names->capacity));
    system_release(d->system, c, sizeof *c);
    d->cells = NULL;
}
