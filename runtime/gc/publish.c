/* Publishing: a copy of a value graph in a segment of the shared arena, as immutable objects.
 *
 * Pass 1 walks the graph breadth first, gives every object its place and leaves the place (in words, plus one) in its header;
 * the journal keeps the original headers.  Then the segment is taken, of the right size, and pass 2 copies and puts the
 * headers back.  Nothing recurses; what is shared stays shared.
 *
 * Objects that are SHARED already are kept by reference.  Bytes of strings and binaries up to INLINE_BLOB_BYTES go into the
 * segment, larger ones stay in their blob. */
#include "runtime/gc/arena.h"
#include "runtime/gc/gc.h"
#include "runtime/value/collection.h"
#include "runtime/gc/shared.h"

#define INLINE_BLOB_BYTES (1u << 20)
#define JOURNAL_FIRST 64
#define LAZY_SEQS_MAX 256

struct entry {
    struct object *object;
    uint64_t header; /* the original one */
};

struct entries {
    struct entries *next;
    uint32_t count, size;
    struct entry items[];
};

struct publish {
    struct heap_cache *cache;
    struct entries *first, *last;
    uint64_t words;
    value refused;
    bool no_memory;
    bool bound; /* an atom is in it */
    const struct arena *arena;
    bool scan_only; /* nothing is refused: the graph is only looked at */
    uint64_t inline_entries[sizeof(struct entries) / 8 + JOURNAL_FIRST * sizeof(struct entry) / 8];
};

static struct entry *entry_new(struct publish *u)
{
    struct entries *e = u->last;
    if (e->count == e->size) {
        uint32_t size = e->size * 4 > 1 << 16 ? 1 << 16 : e->size * 4;
        struct entries *more = pool_alloc(u->cache, sizeof *more + size * sizeof more->items[0]);
        if (more == NULL) {
            u->no_memory = true;
            return NULL;
        }
        more->next = NULL;
        more->count = 0;
        more->size = size;
        e->next = more;
        e = u->last = more;
    }
    return &e->items[e->count++];
}

static bool blob_goes_inline(enum object_type t, const struct object *o)
{
    return (t == T_STRING_BLOB || t == T_BINARY_BLOB) && (uint32_t)o->p[2] <= INLINE_BLOB_BYTES &&
           (t == T_STRING_BLOB || o->p[2] <= INLINE_BLOB_BYTES);
}

/* Payload words of the copy of an object whose header is `header`. */
static uint32_t published_size(uint64_t header, const struct object *o)
{
    enum object_type t = header_type(header);
    if (blob_goes_inline(t, o)) return 1 + ((uint32_t)o->p[2] + 7) / 8;
    return (uint32_t)header & (t == T_VNODE || t == T_HNODE ? 0xffu : 0xffffffffu);
}

/* Give v a place, unless it has one or needs none. */
static bool meet(struct publish *u, value v)
{
    if (!is_ptr(v)) return true;
    struct object *o = to_obj(v);
    uint64_t header = o->header;
    if (!is_header(header)) return true;
    if (header_type(header) == T_ATOM) u->bound = true;
    if (header_flags(header) & OBJ_SHARED) {
        if (!u->bound) u->bound = shared_is_bound(u->arena, v);
        return true;
    }
    if (!u->scan_only && type_stays(header_type(header))) {
        u->refused = v;
        return false;
    }
    struct entry *e = entry_new(u);
    if (e == NULL) return false;
    e->object = o;
    e->header = header;
    o->header = u->words + 1;
    u->words += (uint64_t)published_size(header, o) + 1;
    return true;
}

static uint32_t header_size(uint64_t header)
{
    enum object_type t = header_type(header);
    return (uint32_t)header & (t == T_VNODE || t == T_HNODE ? 0xffu : 0xffffffffu);
}

static bool place_all(struct publish *u, value v)
{
    if (!meet(u, v)) return false;
    for (struct entries *e = u->first; e != NULL; e = e->next)
        for (uint32_t n = 0; n < e->count; n++) {
            struct object *o = e->items[n].object;
            uint32_t size = header_size(e->items[n].header);
            for (uint32_t i = layout_raw_words(header_type(e->items[n].header), size); i < size; i++)
                if (!meet(u, o->p[i])) return false;
        }
    return true;
}

static void restore_all(struct publish *u)
{
    for (struct entries *e = u->first, *next = NULL; e != NULL; e = next) {
        next = e->next;
        for (uint32_t n = 0; n < e->count; n++) e->items[n].object->header = e->items[n].header;
        if (e != (struct entries *)u->inline_entries)
            pool_free(u->cache, e, sizeof *e + e->size * sizeof e->items[0]);
    }
}

static value placed(value *base, value v)
{
    if (!is_ptr(v)) return v;
    uint64_t header = to_obj(v)->header;
    return is_header(header) ? v : (value)(uintptr_t)(base + (header - 1));
}

/* Write the copy of one object to `at`. */
static void write_copy(struct segment *s, value *base, value *at, const struct object *o, uint64_t header)
{
    enum object_type t = header_type(header);
    uint32_t flags = (header_flags(header) & ~(OBJ_OLD | OBJ_MARK | OBJ_REMEMBERED)) | OBJ_SHARED;
    uint32_t size = published_size(header, o);
    struct object *copy = (struct object *)at;
    if (blob_goes_inline(t, o)) {
        const struct blob *b = (const struct blob *)(uintptr_t)o->p[0];
        copy->header = make_header(t == T_STRING_BLOB ? T_STRING : T_BINARY, flags, size);
        copy->p[0] = o->p[2];
        if (size > 1) copy->p[size - 1] = 0;
        memcpy(&copy->p[1], b->bytes + o->p[1], (uint32_t)o->p[2]);
        return;
    }
    copy->header = make_header(t, flags, size); /* a node's edit token is left behind */
    uint32_t raw = layout_raw_words(t, size);
    for (uint32_t i = 0; i < raw; i++) copy->p[i] = o->p[i];
    for (uint32_t i = raw; i < size; i++) copy->p[i] = placed(base, o->p[i]);
    if (type_is_offheap(t)) {
        offheap_retain(copy);
        *offheap_next(copy) = s->offheap;
        s->offheap = from_obj(copy);
    }
}

static value publish_fail(struct process *p, struct publish *u)
{
    if (u->no_memory) return process_fail(p, ERR_OUT_OF_MEMORY, NIL, "the shared arena is full");
    return process_fail(p, ERR_ARGUMENT, u->refused,
                        "%s %v belongs to one process and cannot be part of a definition",
                        object_info[type_of(u->refused)].name, u->refused);
}

static void publish_start(struct publish *u, struct process *p, bool scan_only)
{
    u->cache = heap_cache_of(p);
    u->first = u->last = (struct entries *)u->inline_entries;
    u->first->next = NULL;
    u->first->count = 0;
    u->first->size = JOURNAL_FIRST;
    u->words = 0;
    u->refused = NIL;
    u->no_memory = u->bound = false;
    u->scan_only = scan_only;
    u->arena = p->domain->system->arena;
}

static bool is_pending_lazy_seq(const struct entry *e)
{
    return header_type(e->header) == T_LAZY && !(header_flags(e->header) & OBJ_A) && e->object->p[0] != NIL;
}

value arena_lazy_seqs(struct process *p, value v)
{
    if (!is_ptr(v) || obj_has(to_obj(v), OBJ_SHARED)) return NIL;
    struct publish u;
    value found[LAZY_SEQS_MAX];
    unsigned count = 0;
    publish_start(&u, p, true);
    (void)place_all(&u, v); /* out of memory: what was seen so far has to do */
    for (struct entries *e = u.first; e != NULL; e = e->next)
        for (uint32_t n = 0; n < e->count && count < LAZY_SEQS_MAX; n++)
            if (is_pending_lazy_seq(&e->items[n])) found[count++] = from_obj(e->items[n].object);
    restore_all(&u);
    return count == 0 ? NIL : vector_make(p, found, count);
}

value arena_publish(struct process *p, value v)
{
    if (!is_ptr(v) || obj_has(to_obj(v), OBJ_SHARED)) return v;
    struct publish u;
    struct arena *a = p->domain->system->arena;
    publish_start(&u, p, false);
    struct segment *s = NULL;
    value result = VAL_ERROR;
    if (place_all(&u, v)) {
        s = segment_new(a, u.words * 8, SEGMENT_OBJECTS);
        if (s == NULL) u.no_memory = true;
    }
    if (s != NULL) {
        if (u.bound) s->flags |= SEGMENT_BOUND;
        value *base = segment_start(s), *at = base;
        for (struct entries *e = u.first; e != NULL; e = e->next)
            for (uint32_t n = 0; n < e->count; n++) {
                write_copy(s, base, at, e->items[n].object, e->items[n].header);
                at += obj_size((struct object *)at) + 1;
            }
        s->words = u.words;
        result = from_obj(base);
    }
    restore_all(&u);
    if (s == NULL) return publish_fail(p, &u);
    if (UNLIKELY(shared_shading(a)))
        shared_shade_objects(a, segment_start(s), (value *)segment_start(s) + s->words);
    return result;
}
