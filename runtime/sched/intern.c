/* Interned symbols and keywords: two names with the same text are one object, so that comparing is comparing pointers.
 *
 * Names travel between domains in place, so a name cannot be freed with the domain that was the first to use it.  Hosted,
 * one table serves all domains; what a name takes is charged to the domain that made it and, when that ends, to its parent.
 * Looking up takes no lock; adding takes the table's. */
#include "base/mem.h"
#include "base/utf8.h"
#include "runtime/gc/pool.h"
#include "runtime/sched/tree.h"
#include "runtime/value/string.h"

#define BLOCK_BYTES 8192u

struct intern_slots {
    struct deferred deferred;
    uint32_t capacity;
    value slots[]; /* atomic; 0: empty */
};

struct intern_block {
    struct intern_block *next;
    uint64_t bytes;
    value words[];
};

struct intern_table {
    struct lock lock;
    uint32_t used;
    struct intern_slots *slots; /* atomic */
    struct intern_block *blocks;
    value *free, *free_end;
    bool keywords;
};

struct name_text {
    const char *ns, *name;
    size_t ns_size, name_size;
    uint32_t hash;
};

static size_t slots_bytes(uint32_t capacity)
{
    return sizeof(struct intern_slots) + capacity * sizeof(value);
}

static void release_slots(struct system *s, struct deferred *d)
{
    struct intern_slots *old = (struct intern_slots *)d;
    system_release(s, old, slots_bytes(old->capacity));
}

static bool string_is(value s, const char *bytes, size_t size)
{
    size_t there;
    const char *at = string_bytes(s, &there);
    return there == size && memcmp(at, bytes, size) == 0;
}

static bool matches(value v, const struct name_text *t)
{
    const struct object *o = to_obj(v);
    if (o->p[0] != t->hash || (o->p[1] == NIL) != (t->ns_size == 0)) return false;
    return (t->ns_size == 0 || string_is(o->p[1], t->ns, t->ns_size)) &&
           string_is(o->p[2], t->name, t->name_size);
}

/* The slot of the name, or the empty one where it belongs. */
static value *slot_of(struct intern_slots *s, const struct name_text *t)
{
    for (uint32_t i = t->hash & (s->capacity - 1);; i = (i + 1) & (s->capacity - 1)) {
        value there = __atomic_load_n(&s->slots[i], __ATOMIC_ACQUIRE);
        if (there == 0 || matches(there, t)) return &s->slots[i];
    }
}

static bool grow(struct system *s, struct intern_table *t)
{
    struct intern_slots *old = t->slots;
    if ((t->used + 1) * 4 <= old->capacity * 3) return true;
    struct intern_slots *new = system_alloc(s, slots_bytes(old->capacity * 2));
    if (new == NULL) return false;
    new->capacity = old->capacity * 2;
    for (uint32_t i = 0; i < old->capacity; i++) {
        if (old->slots[i] == 0) continue;
        uint32_t at = (uint32_t)to_obj(old->slots[i])->p[0] & (new->capacity - 1);
        while (new->slots[at] != 0) at = (at + 1) & (new->capacity - 1);
        new->slots[at] = old->slots[i];
    }
    __atomic_store_n(&t->slots, new, __ATOMIC_RELEASE);
    system_defer(s, &old->deferred, release_slots);
    return true;
}

static uint32_t string_words(size_t size)
{
    return 1 + (uint32_t)((size + 7) / 8);
}

static struct object *object_at(value **at, enum object_type type, uint32_t words)
{
    struct object *o = (struct object *)*at;
    o->header = make_header(type, OBJ_SHARED, words);
    *at += words + 1;
    return o;
}

static value put_string(value **at, const char *bytes, size_t size)
{
    uint32_t words = string_words(size);
    struct object *o = object_at(at, T_STRING, words);
    o->p[words - 1] = 0;
    o->p[0] = size | (uint64_t)utf8_count(bytes, size) << 32;
    memcpy(&o->p[1], bytes, size);
    return from_obj(o);
}

/* A new name, in a block of the table.  Under the lock. */
static value put_name(struct domain *d, struct intern_table *t, const struct name_text *n)
{
    size_t words = 4 + string_words(n->name_size) + 1 + (n->ns_size == 0 ? 0 : string_words(n->ns_size) + 1);
    if (!domain_charge(d, words * 8)) return NIL;
    if ((size_t)(t->free_end - t->free) < words) {
        size_t bytes = sizeof(struct intern_block) + words * 8;
        if (bytes < BLOCK_BYTES) bytes = BLOCK_BYTES;
        struct intern_block *b = system_alloc(d->system, bytes);
        if (b == NULL) {
            domain_uncharge(d, words * 8);
            return NIL;
        }
        b->bytes = bytes;
        b->next = t->blocks;
        t->blocks = b;
        t->free = b->words;
        t->free_end = (value *)((char *)b + bytes);
    }
    __atomic_fetch_add(&d->name_bytes, words * 8, __ATOMIC_RELAXED);
    struct object *o = object_at(&t->free, t->keywords ? T_KEYWORD : T_SYMBOL, 3);
    o->p[0] = n->hash;
    o->p[1] = n->ns_size == 0 ? NIL : put_string(&t->free, n->ns, n->ns_size);
    o->p[2] = put_string(&t->free, n->name, n->name_size);
    return from_obj(o);
}

static value intern(struct domain *d, struct intern_table *t, const struct name_text *n)
{
    value there = __atomic_load_n(slot_of(__atomic_load_n(&t->slots, __ATOMIC_ACQUIRE), n), __ATOMIC_ACQUIRE);
    if (there != 0) return there;
    lock_acquire(&t->lock);
    value v = NIL;
    if (grow(d->system, t)) {
        value *slot = slot_of(t->slots, n);
        v = *slot;
        if (v == 0) {
            v = put_name(d, t, n);
            if (v != NIL) {
                t->used++;
                __atomic_store_n(slot, v, __ATOMIC_RELEASE);
            }
        }
    }
    lock_release(&t->lock);
    return v;
}

value domain_intern_symbol(struct domain *d, const char *ns, size_t ns_size, const char *name,
                           size_t name_size)
{
    struct name_text n = {ns, name, ns_size, name_size, name_hash_bytes(false, ns, ns_size, name, name_size)};
    return intern(d, d->system->root->symbols, &n);
}

value domain_intern_keyword(struct domain *d, const char *ns, size_t ns_size, const char *name,
                            size_t name_size)
{
    struct name_text n = {ns, name, ns_size, name_size, name_hash_bytes(true, ns, ns_size, name, name_size)};
    return intern(d, d->system->root->keywords, &n);
}

value domain_find_name(struct domain *d, bool keyword, const char *ns, size_t ns_size, const char *name,
                       size_t name_size)
{
    struct intern_table *t = keyword ? d->system->root->keywords : d->system->root->symbols;
    struct name_text n = {ns, name, ns_size, name_size,
                          name_hash_bytes(keyword, ns, ns_size, name, name_size)};
    value v = __atomic_load_n(slot_of(__atomic_load_n(&t->slots, __ATOMIC_ACQUIRE), &n), __ATOMIC_ACQUIRE);
    return v == 0 ? NIL : v;
}

value domain_shared_string(struct domain *d, const char *text)
{
    value v = domain_intern_keyword(d, NULL, 0, text, __builtin_strlen(text));
    return v == NIL ? NIL : to_obj(v)->p[2];
}

static struct intern_table *table_new(struct system *s, bool keywords)
{
    struct intern_table *t = system_alloc(s, sizeof *t);
    if (t == NULL) return NULL;
    t->keywords = keywords;
    t->slots = system_alloc(s, slots_bytes(1024));
    if (t->slots != NULL) {
        t->slots->capacity = 1024;
        return t;
    }
    system_release(s, t, sizeof *t);
    return NULL;
}

static void table_free(struct system *s, struct intern_table *t)
{
    if (t == NULL) return;
    for (struct intern_block *b = t->blocks, *next = NULL; b != NULL; b = next) {
        next = b->next;
        system_release(s, b, b->bytes);
    }
    system_release(s, t->slots, slots_bytes(t->slots->capacity));
    system_release(s, t, sizeof *t);
}

bool intern_init(struct domain *root)
{
    root->symbols = table_new(root->system, false);
    root->keywords = table_new(root->system, true);
    return root->symbols != NULL && root->keywords != NULL;
}

void intern_free(struct domain *root)
{
    table_free(root->system, root->symbols);
    table_free(root->system, root->keywords);
    root->symbols = root->keywords = NULL;
}
