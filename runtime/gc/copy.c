/* Copies of value graphs, from the heap of a running process into a message or another heap.
 *
 * Breadth first, so nothing recurses: the target is its own queue.  While the copy runs, an object that was copied has the
 * address of its copy in its header, so what is shared stays shared and nothing is copied twice; a journal of one word an
 * object puts the headers back.  SHARED objects and immediates are taken as they are.
 *
 * Cost: about 5 ns an object of two words. */
#include "runtime/gc/arena.h"
#include "runtime/gc/gc.h"
#include "runtime/gc/shared.h"

#define SMALL_OBJECTS 32 /* a graph of so few objects is measured first and gets a block that fits */
#define GROWTH_MAX_WORDS (1u << 17)
#define JOURNAL_FIRST 120
#define COLLECTOR_FLAGS ((uint64_t)(OBJ_OLD | OBJ_MARK | OBJ_REMEMBERED) << 32)
#define NODE_TOKEN_BITS 0xffffff00ull
#define RUN_MAX_CELLS (1u << 16) /* of a journal entry */
#define CLEAN_MIN_CELLS 8        /* fewer are looked at again rather than remembered */
#define SMALL_RUN_CELLS 20000    /* lists up to here are measured */

struct journal_block {
    struct journal_block *next;
    uint32_t count, size;
    /* Address of the original | collector's flags, in the low three bits | in the high 16: how many more cells of a list, copied
     * in the same way, lie right behind it in memory. */
    uint64_t items[];
};

struct copy {
    struct heap_cache *cache;
    struct domain *to;
    value *hp, *end; /* in the last chunk */
    struct heap_chunk *first, *last;
    uint64_t total_words;
    value offheap;
    struct journal_block *journal;
    uint32_t flags; /* COPY_ */
    bool no_memory;
    value *clean_from, *clean_end; /* copied cells that need no second look; NULL: none */
    value refused;                 /* an object that may not be copied; 0: none */
    uint64_t inline_journal[sizeof(struct journal_block) / 8 + JOURNAL_FIRST];
};

struct run {
    value *last; /* original cell */
    uint64_t cells;
    bool clean; /* no item refers to an object */
};

/* ---- how large: for small graphs only ---- */

/* Cells of a list mostly lie one behind the other: in its order where a collector or a copy has laid them out, in the opposite
 * one where a loop has put one cell before the other.  The distance in words from a cell to its neighbour that is its rest. */
static inline ptrdiff_t run_step(const value *cell)
{
    return cell[2] == (value)(uintptr_t)(cell - 3) ? -3 : 3;
}

/* How many cells from o on lie so, and hold immediates but for the last: at most SMALL_RUN_CELLS. */
static uint32_t run_cells(const struct object *o)
{
    const value *at = (const value *)o;
    uint64_t header = o->header;
    ptrdiff_t step = run_step(at);
    uint32_t cells = 1;
    for (; cells < SMALL_RUN_CELLS && !is_ptr(at[1]) && at[2] == (value)(uintptr_t)(at + step) &&
           at[step] == header;
         cells++)
        at += step;
    return cells;
}

/* Words that a copy of v takes at most, objects met twice counted twice; UINT32_MAX: more than SMALL_OBJECTS.  A run of
 * cells is one object. */
static uint32_t small_size(value v)
{
    value todo[SMALL_OBJECTS];
    uint32_t depth = 0, objects = 0, words = 0;
    for (;;) {
        if (is_ptr(v) && !obj_has(to_obj(v), OBJ_SHARED)) {
            struct object *o = to_obj(v);
            if (++objects > SMALL_OBJECTS) return UINT32_MAX;
            if (is_plain_cons(o->header)) {
                uint32_t more = run_cells(o) - 1; /* no pointers in these but to the next */
                words += 3 * more;
                o = (struct object *)((value *)o + run_step((value *)o) * (ptrdiff_t)more);
            }
            uint32_t size = obj_size(o);
            words += size + 1;
            for (uint32_t i = layout_raw_words(obj_type(o), size); i < size; i++)
                if (is_ptr(o->p[i]) && !obj_has(to_obj(o->p[i]), OBJ_SHARED)) {
                    if (depth == SMALL_OBJECTS) return UINT32_MAX;
                    todo[depth++] = o->p[i];
                }
        }
        if (depth == 0) return words;
        v = todo[--depth];
    }
}

/* ---- target ---- */

static bool grow(struct copy *c, uint64_t words)
{
    uint64_t want = c->total_words * 2;
    if (want > GROWTH_MAX_WORDS) want = GROWTH_MAX_WORDS;
    if (want < words) want = words;
    struct heap_chunk *more =
        chunk_new(c->cache, c->to, want, sizeof *more / 8, (c->flags & COPY_UNLIMITED) != 0);
    if (more == NULL) {
        c->no_memory = true;
        return false;
    }
    c->last->top = c->hp;
    c->last->next = more;
    c->last = more;
    c->hp = heap_chunk_start(more);
    c->end = heap_chunk_end(more);
    c->total_words += more->size_words;
    return true;
}

static bool journal_grow(struct copy *c)
{
    uint32_t size = c->journal->size * 4;
    if (size > 1 << 16) size = 1 << 16;
    struct journal_block *more = pool_alloc(c->cache, sizeof *more + size * sizeof more->items[0]);
    if (more == NULL) {
        c->no_memory = true;
        return false;
    }
    more->next = c->journal;
    more->count = 0;
    more->size = size;
    c->journal = more;
    return true;
}

static bool may_copy(struct copy *c, const struct object *o)
{
    enum object_type t = obj_type(o);
    if (t == T_ATOM) return !(c->flags & COPY_CROSS_DOMAIN);
    if (t == T_LAZY && (c->flags & COPY_REALISED)) return obj_has(o, OBJ_A) || o->p[0] == NIL;
    return !type_stays(t);
}

static inline uint64_t journal_entry(const struct object *o, uint64_t header)
{
    uint64_t flags = header >> 32;
    return (uint64_t)(uintptr_t)o | (flags & OBJ_OLD) | (flags & (OBJ_MARK | OBJ_REMEMBERED)) >> 1;
}

/* The copy of an object not met before, or 0. */
static value copy_object(struct copy *c, struct object *o, uint64_t header)
{
    uint32_t size = obj_size(o);
    enum object_type t = header_type(header);
    if (t != T_CONS && t != T_SVECTOR && !may_copy(c, o)) {
        if (c->refused == 0) c->refused = from_obj(o);
        return 0;
    }
    if (UNLIKELY((size_t)(c->end - c->hp) < (size_t)size + 1) && !grow(c, (uint64_t)size + 1)) return 0;
    struct journal_block *j = c->journal;
    if (UNLIKELY(j->count == j->size)) {
        if (!journal_grow(c)) return 0;
        j = c->journal;
    }
    j->items[j->count++] = journal_entry(o, header);
    struct object *copy = (struct object *)c->hp;
    c->hp += size + 1;
    header &= ~COLLECTOR_FLAGS;
    if (t == T_VNODE || t == T_HNODE)
        header &= ~NODE_TOKEN_BITS; /* no transient of another heap may edit it */
    copy->header = header;
    for (uint32_t i = 0; i < size; i++) copy->p[i] = o->p[i];
    o->header = (uint64_t)(uintptr_t)copy;
    if (UNLIKELY(type_is_offheap(t))) {
        offheap_retain(copy);
        *offheap_next(copy) = c->offheap;
        c->offheap = from_obj(copy);
    }
    return from_obj(copy);
}

/* A run of cells from `from` on, at most `cells`, to hp.  The rest of the last copy is the original's. */
static inline __attribute__((always_inline)) struct run copy_cells(value *hp, value *from,
                                                                   const ptrdiff_t step, uint64_t cells)
{
    const uint64_t header = from[0], plain = header & ~COLLECTOR_FLAGS;
    const value *run = from;
    bool clean = true;
    for (;;) {
        value item = from[1], rest = from[2];
        hp[0] = plain;
        hp[1] = item;
        from[0] = (uint64_t)(uintptr_t)hp;
        clean &= !is_ptr(item);
        if (rest != (value)(uintptr_t)(from + step) || from[step] != header || --cells == 0) {
            hp[2] = rest;
            return (struct run){from, (uint64_t)((from - run) / step) + 1, clean};
        }
        hp[2] = (value)(uintptr_t)(hp + 3);
        hp += 3;
        from += step;
    }
}

static __attribute__((noinline)) struct run copy_forward(value *hp, value *from, uint64_t cells)
{
    return copy_cells(hp, from, 3, cells);
}

static __attribute__((noinline)) struct run copy_backward(value *hp, value *from, uint64_t cells)
{
    return copy_cells(hp, from, -3, cells);
}

/* Copy o, a plain cons, and the conses that follow it, as far as there is room; 0: there is none.  Copies of cells lie one behind
 * the other: a rest that points right behind its own cell is done.  Originals that lie so need one journal entry. */
static value copy_list(struct copy *c, struct object *o, uint64_t header)
{
    struct journal_block *j = c->journal;
    value *hp = c->hp, *first = hp, *from = (value *)o;
    uint64_t room = (uint64_t)(c->end - hp) / 3;
    if (room == 0 || j->count == j->size) return 0;
    bool clean = true;
    for (;;) {
        uint64_t most = room < RUN_MAX_CELLS ? room : RUN_MAX_CELLS;
        bool backward = run_step(from) < 0;
        struct run r = backward ? copy_backward(hp, from, most) : copy_forward(hp, from, most);
        j->items[j->count++] =
            journal_entry((struct object *)(backward ? r.last : from), header) | (r.cells - 1) << 48;
        hp += 3 * r.cells;
        room -= r.cells;
        clean &= r.clean;
        value rest = hp[-1];
        if (room == 0 || j->count == j->size || !is_ptr(rest) ||
            !is_plain_cons(header = to_obj(rest)->header))
            break;
        from = (value *)to_obj(rest);
        hp[-1] = (value)(uintptr_t)hp;
    }
    c->hp = hp;
    if (clean && c->clean_from == NULL && hp - first >= 3 * CLEAN_MIN_CELLS) {
        c->clean_from = first;
        c->clean_end = hp - 3;
    }
    return (value)(uintptr_t)first;
}

/* What is SHARED is taken as it is, unless it holds an atom of the domain. */
static bool may_cross(struct copy *c, value v)
{
    if (!shared_is_bound(c->to->system->arena, v)) return true;
    if (c->refused == 0) c->refused = v;
    return false;
}

static inline bool copy_slot(struct copy *c, value *slot)
{
    value v = *slot;
    if (!is_ptr(v)) return true;
    struct object *o = to_obj(v);
    uint64_t header = o->header;
    if (!is_header(header)) {
        *slot = header;
        return true;
    }
    if (header_flags(header) & OBJ_SHARED)
        return LIKELY(!(c->flags & COPY_CROSS_DOMAIN)) || may_cross(c, *slot);
    value copy = is_plain_cons(header) ? copy_list(c, o, header) : 0;
    if (copy == 0) copy = copy_object(c, o, header);
    if (UNLIKELY(copy == 0)) return false;
    *slot = copy;
    return true;
}

static bool scan(struct copy *c, value *from)
{
    for (struct heap_chunk *chunk = c->first; chunk != NULL; chunk = chunk->next) {
        value *at = chunk == c->first ? from : heap_chunk_start(chunk);
        while (at < (chunk == c->last ? c->hp : chunk->top)) {
            if (at == c->clean_from) {
                at = c->clean_end;
                c->clean_from = NULL;
            }
            struct object *o = (struct object *)at;
            if (is_plain_cons(o->header)) {
                if (is_ptr(o->p[0]) && !copy_slot(c, &o->p[0])) return false;
                at += 3;
                if (o->p[1] != (value)(uintptr_t)at && !copy_slot(c, &o->p[1])) return false;
                continue;
            }
            uint32_t size = obj_size(o);
            for (uint32_t i = layout_raw_words(obj_type(o), size); i < size; i++)
                if (UNLIKELY(!copy_slot(c, &o->p[i]))) return false;
            at += size + 1;
        }
    }
    return true;
}

/* Give every original its header back. */
static void restore(struct copy *c)
{
    for (struct journal_block *j = c->journal, *next = NULL; j != NULL; j = next) {
        next = j->next;
        for (uint32_t i = 0; i < j->count; i++) {
            uint64_t item = j->items[i], more = item >> 48;
            struct object *o = (struct object *)(uintptr_t)(item & 0xfffffffffff8ull);
            uint64_t flags = (item & OBJ_OLD) | (item << 1 & (OBJ_MARK | OBJ_REMEMBERED));
            uint64_t header = to_obj(o->header)->header | flags << 32;
            o->header = header;
            for (value *cell = (value *)o + 3; more > 0; more--, cell += 3) *cell = header;
        }
        if (next != NULL) pool_free(c->cache, j, sizeof *j + j->size * sizeof j->items[0]);
    }
}

_Static_assert(OBJ_OLD == 1 && OBJ_MARK == 4 && OBJ_REMEMBERED == 8, "journal flags fit three bits");

/* Copy into the room behind hp of c->first.  False: refused; the originals are as before, the chunks the caller's. */
static bool copy_run(struct copy *c, value *values, unsigned count)
{
    c->journal = (struct journal_block *)c->inline_journal;
    c->journal->next = NULL;
    c->journal->count = 0;
    c->journal->size = JOURNAL_FIRST;
    c->offheap = 0;
    c->no_memory = false;
    c->clean_from = NULL;
    c->refused = 0;
    value *from = c->hp;
    bool ok = true;
    for (unsigned i = 0; i < count && ok; i++) ok = copy_slot(c, &values[i]);
    ok = ok && scan(c, from);
    restore(c);
    c->last->top = c->hp;
    struct arena *a = c->to->system->arena;
    if (UNLIKELY(shared_shading(a))) {
        for (unsigned i = 0; i < count; i++) shared_shade(a, values[i]);
        for (struct heap_chunk *k = c->first; k != NULL; k = k->next)
            shared_shade_objects(a, heap_chunk_start(k), k->top);
    }
    return ok;
}

static void copy_fail(struct copy *c, struct process *from)
{
    if (from == NULL) return;
    if (c->no_memory) {
        process_fail(from, ERR_OUT_OF_MEMORY, NIL,
                     "the receiver's memory limit leaves no room for the message");
        return;
    }
    const char *name = object_info[type_of(c->refused)].name;
    if (c->flags & COPY_CROSS_DOMAIN)
        process_fail(from, ERR_CANNOT_CROSS, c->refused, "%s %v may not leave its domain", name, c->refused);
    else
        process_fail(from, ERR_ARGUMENT, c->refused, "%s %v belongs to one process and cannot be sent", name,
                     c->refused);
}

static void refuse_bound(struct process *from, value v)
{
    if (from != NULL)
        process_fail(from, ERR_CANNOT_CROSS, v, "%s %v may not leave its domain: it is an atom, or holds one",
                     object_info[type_of(v)].name, v);
}

static bool needs_no_copy(value v)
{
    return !is_ptr(v) || obj_has(to_obj(v), OBJ_SHARED);
}

/* ---- messages ----
 * Before the objects of a block with objects lie two words: the chain of its off-heap objects, and further chunks. */

#define MESSAGE_HEAD_WORDS (sizeof(struct message) / 8 + MESSAGE_HIDDEN_WORDS)

/* While a message is being filled, and once it has been taken, its block is a chunk. */
_Static_assert(sizeof(struct heap_chunk) <= sizeof(struct message), "a message's block becomes a chunk");

static void message_init(struct message *m, value content, uint64_t block_bytes, uint32_t size_words)
{
    m->next = NULL;
    m->content = content;
    m->sender = 0;
    m->size_words = size_words;
    m->kind = MESSAGE_ORDINARY;
    m->flags = 0;
    m->block_bytes = block_bytes;
    m->flow = NULL;
}

static struct message *message_of_chunk(struct heap_chunk *chunk, value content, value offheap)
{
    uint64_t bytes = chunk_bytes(chunk);
    uint32_t used = (uint32_t)(chunk->top - heap_chunk_start(chunk));
    struct heap_chunk *more = chunk->next;
    uint16_t flags = chunk->flags;
    struct message *m = (struct message *)chunk;
    message_init(m, content, bytes, used + MESSAGE_HIDDEN_WORDS);
    if (flags & CHUNK_UNCHARGED) m->flags |= MESSAGE_UNCHARGED;
    m->words[0] = offheap;
    m->words[1] = (value)(uintptr_t)more;
    return m;
}

/* The scheduler's reserve, for a signal: those are never lost. */
static void *reserve_take(struct heap_cache *cache, uint32_t copy_flags)
{
    if (!(copy_flags & COPY_UNLIMITED) || cache == NULL) return NULL;
    void *block = cache->reserve;
    cache->reserve = NULL;
    heap_refill_reserve(cache); /* for the next one */
    return block;
}

static struct heap_chunk *reserve_chunk(struct heap_cache *cache, uint32_t copy_flags)
{
    struct heap_chunk *c = reserve_take(cache, copy_flags);
    if (c == NULL) return NULL;
    c->next = NULL;
    c->head_words = MESSAGE_HEAD_WORDS;
    c->size_words = POOL_RESERVE_BYTES / 8 - MESSAGE_HEAD_WORDS;
    c->flags = CHUNK_UNCHARGED;
    c->top = heap_chunk_start(c);
    return c;
}

struct message *message_make(struct process *from, struct domain *to, value v, uint32_t copy_flags)
{
    struct heap_cache *cache = from != NULL ? heap_cache_of(from) : NULL;
    bool plain = needs_no_copy(v);
    if ((copy_flags & COPY_CROSS_DOMAIN) && plain && is_ptr(v) && shared_is_bound(to->system->arena, v)) {
        refuse_bound(from, v);
        return NULL;
    }
    if (plain) {
        size_t bytes = pool_block_bytes(sizeof(struct message));
        bool charged = domain_charge(to, bytes);
        struct message *m = NULL;
        if (charged || (copy_flags & COPY_UNLIMITED))
            m = cache != NULL ? pool_alloc(cache, bytes) : memory_alloc(arena_memory(to->system), bytes);
        if (m == NULL) {
            if (charged) domain_uncharge(to, bytes);
            charged = false;
            bytes = POOL_RESERVE_BYTES;
            m = reserve_take(cache, copy_flags);
        }
        if (m == NULL) {
            if (from != NULL)
                process_fail(from, ERR_OUT_OF_MEMORY, NIL,
                             "the receiver's memory limit leaves no room for the message");
            return NULL;
        }
        message_init(m, v, bytes, 0);
        shared_shade(to->system->arena, v);
        if (!charged) m->flags |= MESSAGE_UNCHARGED;
        return m;
    }
    struct copy c;
    c.cache = cache;
    c.to = to;
    c.flags = copy_flags;
    uint32_t words = small_size(v);
    if (words == UINT32_MAX) words = 8 * SMALL_OBJECTS;
    c.first = c.last = chunk_new(cache, to, words, MESSAGE_HEAD_WORDS, (copy_flags & COPY_UNLIMITED) != 0);
    if (c.first == NULL) c.first = c.last = reserve_chunk(cache, copy_flags);
    c.no_memory = c.first == NULL;
    if (c.first != NULL) {
        c.total_words = c.first->size_words;
        c.hp = heap_chunk_start(c.first);
        c.end = heap_chunk_end(c.first);
        if (copy_run(&c, &v, 1)) return message_of_chunk(c.first, v, c.offheap);
        if (c.offheap != 0) offheap_release_all(to->system, c.offheap);
        for (struct heap_chunk *chunk = c.first, *next = NULL; chunk != NULL; chunk = next) {
            next = chunk->next;
            chunk_free(cache, to, chunk);
        }
    }
    if (!c.no_memory && c.refused != 0 && is_type(c.refused, T_LAZY)) return MESSAGE_LAZY;
    copy_fail(&c, from);
    return NULL;
}

struct message *message_from_reserve(struct scheduler *s, value content)
{
    struct message *m = reserve_take(s->heap, COPY_UNLIMITED);
    if (m == NULL) return NULL;
    message_init(m, content, POOL_RESERVE_BYTES, 0);
    m->flags |= MESSAGE_UNCHARGED;
    return m;
}

void message_free(struct system *s, struct domain *charged, struct message *m)
{
    struct memory *memory = arena_memory(s);
    if (m->size_words != 0) {
        if (m->words[0] != 0) offheap_release_all(s, m->words[0]);
        for (struct heap_chunk *chunk = (void *)(uintptr_t)m->words[1], *next = NULL; chunk != NULL;
             chunk = next) {
            next = chunk->next;
            uint64_t bytes = chunk_bytes(chunk);
            if (!(chunk->flags & CHUNK_UNCHARGED)) domain_uncharge(charged, bytes);
            memory_free(memory, chunk, bytes);
        }
    }
    uint64_t bytes = m->block_bytes;
    if (!(m->flags & MESSAGE_UNCHARGED)) domain_uncharge(charged, bytes);
    memory_free(memory, m, bytes);
}

static void offheap_join(struct process *p, value chain)
{
    if (chain == 0) return;
    value last = chain;
    while (*offheap_next(to_obj(last)) != 0) last = *offheap_next(to_obj(last));
    *offheap_next(to_obj(last)) = p->offheap;
    p->offheap = chain;
}

/* Put a full chunk behind the one that hp is in. */
static void chunk_join(struct process *p, struct heap_chunk *c)
{
    if (p->young == NULL) {
        c->next = NULL;
        p->young = c;
        p->hp = c->top;
        p->hp_limit = heap_chunk_end(c);
    } else {
        c->next = p->young->next;
        p->young->next = c;
    }
    p->heap_words += c->size_words;
}

static void join_all(struct process *p, struct heap_chunk *chunk)
{
    for (struct heap_chunk *next = NULL; chunk != NULL; chunk = next) {
        next = chunk->next;
        chunk_join(p, chunk);
    }
    if (p->heap_words > 2 * nursery_words(p)) process_attention(p, PROC_COLLECT);
}

void message_detach_objects(struct process *p, struct message *m)
{
    offheap_join(p, m->words[0]);
    struct heap_chunk *more = (struct heap_chunk *)(uintptr_t)m->words[1];
    m->words[0] = m->words[1] = 0;
    join_all(p, more);
}

void heap_adopt_message(struct process *p, struct message *m)
{
    if (m->size_words <= MESSAGE_HIDDEN_WORDS) { /* no objects, or a collection has moved them out */
        if (!(m->flags & MESSAGE_UNCHARGED)) domain_uncharge(p->domain, m->block_bytes);
        pool_free(heap_cache_of(p), m, m->block_bytes);
        return;
    }
    offheap_join(p, m->words[0]);
    struct heap_chunk *more = (struct heap_chunk *)(uintptr_t)m->words[1];
    uint32_t used = m->size_words - MESSAGE_HIDDEN_WORDS;
    uint64_t bytes = m->block_bytes;
    uint16_t flags = m->flags & MESSAGE_UNCHARGED ? CHUNK_UNCHARGED : 0;
    struct heap_chunk *c = (struct heap_chunk *)m;
    c->next = more;
    c->head_words = MESSAGE_HEAD_WORDS;
    c->size_words = (uint32_t)(bytes / 8) - MESSAGE_HEAD_WORDS;
    c->flags = flags;
    c->top = heap_chunk_start(c) + used;
    join_all(p, c);
}

/* ---- spawn ---- */

bool heap_copy_values(struct process *from, struct process *to, value *values, unsigned count,
                      uint32_t copy_flags)
{
    uint64_t words = 0;
    for (unsigned i = 0; i < count; i++) {
        uint32_t size = small_size(values[i]);
        words += size == UINT32_MAX ? 8 * SMALL_OBJECTS : size;
    }
    for (unsigned i = 0; i < count; i++) shared_shade(to->domain->system->arena, values[i]);
    for (unsigned i = 0; i < count && (copy_flags & COPY_CROSS_DOMAIN); i++)
        if (is_ptr(values[i]) && obj_has(to_obj(values[i]), OBJ_SHARED) &&
            shared_is_bound(to->domain->system->arena, values[i])) {
            refuse_bound(from, values[i]);
            return false;
        }
    if (words == 0) return true;
    struct copy c;
    c.cache = heap_cache_of(from);
    c.to = to->domain;
    c.flags = copy_flags;
    c.first = c.last = chunk_new(c.cache, to->domain, words, sizeof(struct heap_chunk) / 8, false);
    c.no_memory = c.first == NULL;
    if (c.first != NULL) {
        c.total_words = c.first->size_words;
        c.hp = heap_chunk_start(c.first);
        c.end = heap_chunk_end(c.first);
        if (copy_run(&c, values, count)) {
            offheap_join(to, c.offheap);
            for (struct heap_chunk *chunk = c.first, *next = NULL; chunk != NULL; chunk = next) {
                next = chunk->next;
                chunk_join(to, chunk);
            }
            return true;
        }
        if (c.offheap != 0) offheap_release_all(to->domain->system, c.offheap);
        for (struct heap_chunk *chunk = c.first, *next = NULL; chunk != NULL; chunk = next) {
            next = chunk->next;
            chunk_free(c.cache, to->domain, chunk);
        }
    }
    copy_fail(&c, from);
    return false;
}
