#include "runtime/gc/pool.h"

#include "base/mem.h"

#define SUPER_BYTES (4u << 20)
#define EMPTY_SLABS_KEPT 64 /* 4 MiB */
#define LARGE_KEPT_BYTES (64ull << 20)
#define BATCH_BYTES 8192

struct pool_slab {
    struct pool_slab *next, *prev; /* in partial[class] or empty */
    void *free;                    /* blocks of this slab, linked by their first word */
    uint32_t class, block_bytes;
    uint32_t used;  /* blocks outside, caches included */
    uint32_t never; /* offset of the first byte that was never a block */
};

struct pool_large {
    struct pool_large *next;
};

/* Where slabs come from; the header lies in the first bytes of the memory from the port. */
struct pool_super {
    struct pool_super *next;
    uint64_t bytes;
};

static size_t class_bytes(unsigned class)
{
    if (class < 32) return ((size_t)class + 1) * 16;
    unsigned log = (class - 32) / 4 + 9, quarter = (class - 32) % 4 + 1;
    size_t bytes = ((size_t)1 << log) + ((size_t)quarter << (log - 2));
    return bytes == 32768 ? POOL_SMALL_MAX : bytes;
}

/* Large sizes: quarter steps of powers of two, in whole pages. */
static unsigned large_bin(size_t bytes)
{
    unsigned log = 63 - (unsigned)__builtin_clzll(bytes - 1);
    return (log - 14) * 4 + (unsigned)((bytes - 1) >> (log - 2) & 3);
}

static size_t large_bytes(size_t bytes)
{
    unsigned log = 63 - (unsigned)__builtin_clzll(bytes - 1);
    size_t step = (size_t)1 << (log - 2);
    return (bytes + step - 1) & ~(step - 1);
}

size_t pool_block_bytes(size_t bytes)
{
    if (bytes > POOL_SMALL_MAX) return large_bytes(bytes);
    return class_bytes(pool_class(bytes));
}

/* ---- the port ---- */

static void *from_port(struct memory *m, size_t bytes)
{
    void *at = port_memory_allocate(m->port, bytes);
    if (at != NULL) m->port_bytes += bytes;
    return at;
}

static void to_port(struct memory *m, void *at, size_t bytes)
{
    m->port_bytes -= bytes;
    port_memory_free(m->port, at, bytes);
}

/* ---- slabs; under the lock ---- */

static void slab_link(struct pool_slab **list, struct pool_slab *s)
{
    s->prev = NULL;
    s->next = *list;
    if (*list != NULL) (*list)->prev = s;
    *list = s;
}

static void slab_unlink(struct pool_slab **list, struct pool_slab *s)
{
    if (s->prev != NULL)
        s->prev->next = s->next;
    else
        *list = s->next;
    if (s->next != NULL) s->next->prev = s->prev;
}

static struct pool_slab *slab_of(void *block)
{
    return (struct pool_slab *)((uintptr_t)block & ~(uintptr_t)(POOL_SLAB_BYTES - 1));
}

static bool super_add(struct memory *m)
{
    size_t bytes = SUPER_BYTES + POOL_SLAB_BYTES;
    char *at = from_port(m, bytes);
    if (at == NULL) return false;
    struct pool_super *super = (struct pool_super *)at;
    super->next = m->supers;
    super->bytes = bytes;
    m->supers = super;
    m->fresh =
        (char *)(((uintptr_t)at + sizeof *super + POOL_SLAB_BYTES - 1) & ~(uintptr_t)(POOL_SLAB_BYTES - 1));
    m->fresh_end = at + bytes;
    return true;
}

static struct pool_slab *slab_new(struct memory *m, unsigned class)
{
    struct pool_slab *s = m->empty;
    if (s != NULL) {
        slab_unlink(&m->empty, s);
        m->empty_count--;
    } else {
        if ((size_t)(m->fresh_end - m->fresh) < POOL_SLAB_BYTES && !super_add(m)) return NULL;
        s = (struct pool_slab *)m->fresh;
        m->fresh += POOL_SLAB_BYTES;
    }
    s->free = NULL;
    s->class = class;
    s->block_bytes = (uint32_t)class_bytes(class);
    s->used = 0;
    s->never = sizeof(struct pool_slab) + 16 - sizeof(struct pool_slab) % 16;
    slab_link(&m->partial[class], s);
    return s;
}

static bool slab_full(const struct pool_slab *s)
{
    return s->free == NULL && s->never + s->block_bytes > POOL_SLAB_BYTES;
}

static void *slab_take(struct memory *m, unsigned class)
{
    struct pool_slab *s = m->partial[class];
    if (s == NULL && (s = slab_new(m, class)) == NULL) return NULL;
    void *block = s->free;
    if (block != NULL) {
        UNPOISON(block, s->block_bytes);
        s->free = *(void **)block;
    } else {
        block = (char *)s + s->never;
        s->never += s->block_bytes;
        UNPOISON(block, s->block_bytes);
    }
    s->used++;
    m->used_blocks++;
    if (slab_full(s)) slab_unlink(&m->partial[class], s);
    return block;
}

static void slab_give(struct memory *m, void *block)
{
    struct pool_slab *s = slab_of(block);
    if (slab_full(s)) slab_link(&m->partial[s->class], s);
    *(void **)block = s->free;
    s->free = block;
    POISON(block, s->block_bytes);
    m->used_blocks--;
    if (--s->used != 0) return;
    slab_unlink(&m->partial[s->class], s);
    if (m->empty_count >= EMPTY_SLABS_KEPT) { /* keep the address range, give the memory back */
        UNPOISON(s, POOL_SLAB_BYTES);
        port_memory_decommit(m->port, (char *)s + PORT_PAGE, POOL_SLAB_BYTES - PORT_PAGE);
        port_memory_commit(m->port, (char *)s + PORT_PAGE, POOL_SLAB_BYTES - PORT_PAGE);
    }
    slab_link(&m->empty, s);
    m->empty_count++;
}

/* ---- large blocks; under the lock ---- */

static void *large_find(struct memory *m, size_t bytes)
{
    unsigned bin = large_bin(bytes);
    struct pool_large *kept = bin < POOL_LARGE_BINS ? m->large[bin] : NULL;
    if (kept == NULL) return from_port(m, bytes);
    UNPOISON(kept, bytes);
    m->large[bin] = kept->next;
    m->large_kept_bytes -= bytes;
    return kept;
}

static void large_give(struct memory *m, void *block, size_t bytes)
{
    m->used_blocks--;
    unsigned bin = large_bin(bytes);
    if (bin >= POOL_LARGE_BINS || bytes > LARGE_KEPT_BYTES / 4 ||
        m->large_kept_bytes + bytes > LARGE_KEPT_BYTES) {
        to_port(m, block, bytes);
        return;
    }
    struct pool_large *kept = block;
    kept->next = m->large[bin];
    m->large[bin] = kept;
    m->large_kept_bytes += bytes;
    POISON(block, bytes);
}

/* If the port has no more, give back what is only kept, then try again. */
static void *large_find_hard(struct memory *m, size_t bytes)
{
    void *block = large_find(m, bytes);
    if (block != NULL) return block;
    for (unsigned bin = 0; bin < POOL_LARGE_BINS; bin++) {
        struct pool_large *kept = m->large[bin], *next = NULL;
        for (; kept != NULL; kept = next) {
            unsigned log = bin / 4 + 14, quarter = bin % 4 + 1;
            size_t kept_bytes = ((size_t)1 << log) + ((size_t)quarter << (log - 2));
            UNPOISON(kept, kept_bytes);
            next = kept->next;
            to_port(m, kept, kept_bytes);
        }
        m->large[bin] = NULL;
    }
    m->large_kept_bytes = 0;
    return from_port(m, bytes);
}

static void *large_take(struct memory *m, size_t bytes)
{
    void *block = large_find_hard(m, bytes);
    if (block != NULL) m->used_blocks++;
    return block;
}

/* ---- for any thread ---- */

void memory_init(struct memory *m, struct port *port)
{
    memset(m, 0, sizeof *m);
    m->port = port;
}

void memory_destroy(struct memory *m)
{
#if defined(LONA_ASAN)
    if (m->used_blocks != 0) port_panic(m->port, "memory blocks were left behind");
#endif
    for (unsigned bin = 0; bin < POOL_LARGE_BINS; bin++) {
        struct pool_large *kept = m->large[bin], *next = NULL;
        unsigned log = bin / 4 + 14, quarter = bin % 4 + 1;
        size_t bytes = ((size_t)1 << log) + ((size_t)quarter << (log - 2));
        for (; kept != NULL; kept = next) {
            UNPOISON(kept, bytes);
            next = kept->next;
            to_port(m, kept, bytes);
        }
    }
    for (struct pool_super *super = m->supers, *next = NULL; super != NULL; super = next) {
        next = super->next;
        UNPOISON(super, super->bytes);
        to_port(m, super, super->bytes);
    }
}

void *memory_alloc(struct memory *m, size_t bytes)
{
    if (bytes > (size_t)1 << 46 || memory_fails(m)) return NULL;
    lock_acquire(&m->lock);
    void *block =
        bytes > POOL_SMALL_MAX ? large_take(m, large_bytes(bytes)) : slab_take(m, pool_class(bytes));
    lock_release(&m->lock);
    return block;
}

void memory_free(struct memory *m, void *block, size_t bytes)
{
    lock_acquire(&m->lock);
    if (bytes > POOL_SMALL_MAX)
        large_give(m, block, large_bytes(bytes));
    else
        slab_give(m, block);
    lock_release(&m->lock);
}

void memory_trim(struct memory *m, void *block, size_t bytes, size_t keep_bytes)
{
    lock_acquire(&m->lock);
    to_port(m, (char *)block + keep_bytes, bytes - keep_bytes);
    lock_release(&m->lock);
}

/* ---- caches ---- */

static unsigned batch_count(size_t bytes)
{
    unsigned n = (unsigned)(BATCH_BYTES / bytes);
    return n < 1 ? 1 : n > POOL_CACHE_MAX / 2 ? POOL_CACHE_MAX / 2 : n;
}

void *pool_alloc_slow(struct heap_cache *c, size_t bytes)
{
    struct memory *m = c->memory;
    if (bytes > POOL_SMALL_MAX) return memory_alloc(m, bytes);
    if (memory_fails(m)) return NULL;
    unsigned class = pool_class(bytes);
#if !defined(LONA_ASAN)
    void *kept = c->free[class].first;
    if (kept != NULL) {
        c->free[class].first = *(void **)kept;
        c->free[class].count--;
        return kept;
    }
#endif
    lock_acquire(&m->lock);
    void *block = slab_take(m, class);
#if !defined(LONA_ASAN)
    for (unsigned n = batch_count(class_bytes(class)); n > 1 && block != NULL; n--) {
        void *more = slab_take(m, class);
        if (more == NULL) break;
        *(void **)more = c->free[class].first;
        c->free[class].first = more;
        c->free[class].count++;
    }
#endif
    lock_release(&m->lock);
    return block;
}

void pool_free_slow(struct heap_cache *c, void *block, size_t bytes)
{
    struct memory *m = c->memory;
#if !defined(LONA_ASAN)
    if (bytes <= POOL_SMALL_MAX) {
        unsigned class = pool_class(bytes);
        unsigned batch = batch_count(class_bytes(class));
        *(void **)block = c->free[class].first;
        c->free[class].first = block;
        if (++c->free[class].count <= 2 * batch) return;
        lock_acquire(&m->lock);
        for (unsigned n = 0; n < batch; n++) {
            void *b = c->free[class].first;
            c->free[class].first = *(void **)b;
            c->free[class].count--;
            slab_give(m, b);
        }
        lock_release(&m->lock);
        return;
    }
#endif
    memory_free(m, block, bytes);
}

bool pool_init(struct heap_cache *c, struct memory *m)
{
    memset(c, 0, sizeof *c);
    c->memory = m;
    c->reserve = memory_alloc(m, POOL_RESERVE_BYTES);
    return c->reserve != NULL;
}

void pool_destroy(struct heap_cache *c)
{
    for (unsigned class = 0; class < POOL_CLASSES; class ++)
        while (c->free[class].first != NULL) {
            void *block = c->free[class].first;
            c->free[class].first = *(void **)block;
            memory_free(c->memory, block, class_bytes(class));
        }
    if (c->reserve != NULL) memory_free(c->memory, c->reserve, POOL_RESERVE_BYTES);
}
