/* Copies of shared structures that hold atoms, for another domain: atoms stay in their domain, so it gets others in their place.
 *
 * Only objects in segments marked SEGMENT_BOUND can lead to an atom; what else a structure refers to is shared as it is.  The
 * originals are in use meanwhile, so nothing is written into them: a table leads from each to the place of its copy. */
#include "base/mem.h"
#include "runtime/gc/arena.h"
#include "runtime/gc/gc.h"
#include "runtime/gc/shared.h"

struct place {
    const struct object *original; /* NULL: empty */
    value copy; /* while places are given: in words behind the segment's start, plus one; else the value */
};

struct rehome {
    struct arena *arena;
    struct place *table; /* by hash of the original's address */
    uint32_t capacity, used;
    const struct object *
        *order; /* originals to copy, in the order of their places; capacity / 2 of them fit */
    uint32_t count;
    uint64_t words;
    value (*atom)(void *context, value atom);
    void *context;
};

static size_t table_bytes(uint32_t capacity)
{
    return capacity * sizeof(struct place);
}
static size_t order_bytes(uint32_t capacity)
{
    return capacity / 2 * sizeof(struct object *);
}

static struct place *place_of(const struct rehome *r, const struct object *o)
{
    uint64_t hash = ((uintptr_t)o >> 3) * 0x9e3779b97f4a7c15u;
    for (uint32_t i = (uint32_t)(hash >> 32);; i++) {
        struct place *p = &r->table[i & (r->capacity - 1)];
        if (p->original == o || p->original == NULL) return p;
    }
}

static bool grow(struct rehome *r)
{
    struct rehome bigger = *r;
    bigger.capacity = r->capacity == 0 ? 64 : r->capacity * 2;
    bigger.table = memory_alloc(&r->arena->memory, table_bytes(bigger.capacity));
    bigger.order = memory_alloc(&r->arena->memory, order_bytes(bigger.capacity));
    if (bigger.table == NULL || bigger.order == NULL) {
        if (bigger.table != NULL) memory_free(&r->arena->memory, bigger.table, table_bytes(bigger.capacity));
        if (bigger.order != NULL)
            memory_free(&r->arena->memory, (void *)bigger.order, order_bytes(bigger.capacity));
        return false;
    }
    memset(bigger.table, 0, table_bytes(bigger.capacity));
    for (uint32_t i = 0; i < r->capacity; i++)
        if (r->table[i].original != NULL) *place_of(&bigger, r->table[i].original) = r->table[i];
    if (r->capacity != 0) {
        memcpy((void *)bigger.order, (const void *)r->order, r->count * sizeof r->order[0]);
        memory_free(&r->arena->memory, r->table, table_bytes(r->capacity));
        memory_free(&r->arena->memory, (void *)r->order, order_bytes(r->capacity));
    }
    *r = bigger;
    return true;
}

/* Give v a place, or an atom in its stead, unless it has one or needs none. */
static bool meet(struct rehome *r, value v)
{
    if (!is_ptr(v) || !shared_is_bound(r->arena, v)) return true;
    const struct object *o = to_obj(v);
    if ((r->used + 1) * 2 > r->capacity && !grow(r)) return false;
    struct place *p = place_of(r, o);
    if (p->original != NULL) return true;
    value copy;
    if (obj_type(o) == T_ATOM) {
        copy = r->atom(r->context, v);
        if (copy == VAL_ERROR) return false;
    } else {
        copy = r->words + 1;
        r->words += (uint64_t)obj_size(o) + 1;
        r->order[r->count++] = o;
    }
    *p = (struct place){o, copy};
    r->used++;
    return true;
}

static value placed(const struct rehome *r, value *base, value v)
{
    if (!is_ptr(v) || !shared_is_bound(r->arena, v)) return v;
    value copy = place_of(r, to_obj(v))->copy;
    return obj_type(to_obj(v)) == T_ATOM ? copy : from_obj(base + (copy - 1));
}

static value copy_all(struct rehome *r)
{
    struct segment *s = segment_new(r->arena, r->words * 8, SEGMENT_OBJECTS);
    if (s == NULL) return VAL_ERROR;
    value *base = segment_start(s), *at = base;
    s->flags |= SEGMENT_BOUND;
    for (uint32_t n = 0; n < r->count; n++) {
        const struct object *o = r->order[n];
        enum object_type t = obj_type(o);
        uint32_t size = obj_size(o), raw = layout_raw_words(t, size);
        struct object *copy = (struct object *)at;
        copy->header = o->header;
        for (uint32_t i = 0; i < raw; i++) copy->p[i] = o->p[i];
        for (uint32_t i = raw; i < size; i++) copy->p[i] = placed(r, base, o->p[i]);
        if (type_is_offheap(t)) {
            offheap_retain(copy);
            *offheap_next(copy) = s->offheap;
            s->offheap = from_obj(copy);
        }
        at += size + 1;
    }
    s->words = r->words;
    if (UNLIKELY(shared_shading(r->arena))) shared_shade_objects(r->arena, base, at);
    return from_obj(base);
}

value arena_rehome(struct arena *a, value v, value (*atom)(void *context, value atom), void *context)
{
    if (!is_ptr(v) || !shared_is_bound(a, v)) return v;
    if (obj_type(to_obj(v)) == T_ATOM) return atom(context, v);
    struct rehome r = {.arena = a, .atom = atom, .context = context};
    bool ok = meet(&r, v);
    for (uint32_t n = 0; ok && n < r.count; n++) {
        const struct object *o = r.order[n];
        uint32_t size = obj_size(o);
        for (uint32_t i = layout_raw_words(obj_type(o), size); ok && i < size; i++) ok = meet(&r, o->p[i]);
    }
    value copy = ok ? copy_all(&r) : VAL_ERROR;
    if (r.capacity != 0) {
        memory_free(&a->memory, r.table, table_bytes(r.capacity));
        memory_free(&a->memory, (void *)r.order, order_bytes(r.capacity));
    }
    return copy;
}
