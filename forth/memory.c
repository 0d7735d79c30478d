/* The data space: HERE from below, the heap from above, transient strings between use and use.  What the heap knows of its blocks
 * lies outside of the data space, so that no store can mislead it. */
#include "forth/internal.h"

static bool here_can_grow(struct forth *f, cell bytes)
{
    ucell room = f->heap_low - (ucell)f->here;
    return bytes < 0 ? (ucell)(f->here - ORIGIN - DICT_START) >= -(ucell)bytes : (ucell)bytes <= room;
}

cell allot(struct forth *f, cell bytes)
{
    if (!here_can_grow(f, bytes)) return THROW_DICTIONARY_FULL;
    f->here += bytes;
    return 0;
}

cell comma(struct forth *f, cell x)
{
    cell where = f->here, status = allot(f, CELL);
    if (status == 0) store_cell(f->bias + where, x);
    return status;
}

cell comma_byte(struct forth *f, uint8_t b)
{
    cell where = f->here, status = allot(f, 1);
    if (status == 0) f->bias[where] = b;
    return status;
}

cell align_here(struct forth *f, cell to)
{
    return allot(f, -f->here & (to - 1));
}

cell transient(struct forth *f, const char *text, size_t size)
{
    if (size > STRING_BYTES) size = STRING_BYTES;
    cell where = AT_STRINGS + (cell)(f->string_turn++ % STRINGS) * STRING_BYTES;
    memmove(f->bias + where, text, size);
    return where;
}

/* ---- the heap: blocks side by side from heap_low to the end; free ones in lists by size, neighbours merged ---- */
static unsigned class_of(ucell size)
{
    return 63 - (unsigned)__builtin_clzll(size | 1);
}
static uint32_t *bucket_of(struct forth *f, ucell address)
{
    return &f->heap_buckets[(address * 0x9e3779b97f4a7c15u) >> 50 & (HEAP_BUCKETS - 1)];
}

static uint32_t record_new(struct forth *f)
{
    if (f->heap_unused != 0) {
        uint32_t r = f->heap_unused;
        f->heap_unused = f->heap[r].next;
        return r;
    }
    return f->heap_count < HEAP_BLOCKS_MAX ? f->heap_count++ : 0;
}
static void record_drop(struct forth *f, uint32_t r)
{
    f->heap[r] = (struct heap_block){.next = f->heap_unused};
    f->heap_unused = r;
}

static void free_link(struct forth *f, uint32_t r)
{
    struct heap_block *b = &f->heap[r];
    uint32_t *head = &f->heap_free[class_of(b->size)];
    b->used = false;
    b->free_prev = 0;
    b->free_next = *head;
    if (*head != 0) f->heap[*head].free_prev = r;
    *head = r;
}
static void free_unlink(struct forth *f, uint32_t r)
{
    struct heap_block *b = &f->heap[r];
    if (b->free_prev != 0)
        f->heap[b->free_prev].free_next = b->free_next;
    else
        f->heap_free[class_of(b->size)] = b->free_next;
    if (b->free_next != 0) f->heap[b->free_next].free_prev = b->free_prev;
}
static void use_link(struct forth *f, uint32_t r)
{
    uint32_t *bucket = bucket_of(f, f->heap[r].at);
    f->heap[r].used = true;
    f->heap[r].bucket_next = *bucket;
    *bucket = r;
}
static uint32_t use_find(struct forth *f, ucell address)
{
    uint32_t r = *bucket_of(f, address);
    while (r != 0 && f->heap[r].at != address) r = f->heap[r].bucket_next;
    return r;
}
static void use_unlink(struct forth *f, uint32_t r)
{
    uint32_t *link = bucket_of(f, f->heap[r].at);
    while (*link != r) link = &f->heap[*link].bucket_next;
    *link = f->heap[r].bucket_next;
}

/* Cut what is beyond size off a block, as a free block of its own. */
static void trim(struct forth *f, uint32_t r, ucell size)
{
    ucell left = f->heap[r].size - size;
    uint32_t rest = left < 32 ? 0 : record_new(f);
    if (rest == 0) return;
    f->heap[rest] =
        (struct heap_block){.at = f->heap[r].at + size, .size = left, .prev = r, .next = f->heap[r].next};
    if (f->heap[rest].next != 0) f->heap[f->heap[rest].next].prev = rest;
    f->heap[r].next = rest;
    f->heap[r].size = size;
    free_link(f, rest);
}

static uint32_t find_free(struct forth *f, ucell size)
{
    for (unsigned c = class_of(size); c < HEAP_CLASSES; c++)
        for (uint32_t r = f->heap_free[c], tries = 0; r != 0 && tries < 64; r = f->heap[r].free_next, tries++)
            if (f->heap[r].size >= size) return r;
    return 0;
}

static uint32_t extend(struct forth *f, ucell size)
{
    if (f->heap_low - (ucell)f->here < size + 4096) return 0; /* leaves the dictionary some room */
    uint32_t r = record_new(f);
    if (r == 0) return 0;
    f->heap_low -= size;
    f->heap[r] = (struct heap_block){.at = f->heap_low, .size = size, .next = f->heap_first};
    if (f->heap_first != 0) f->heap[f->heap_first].prev = r;
    f->heap_first = r;
    return r;
}

cell heap_allocate(struct forth *f, ucell size, cell *address)
{
    if (size > f->data_bytes) return THROW_ALLOCATE;
    size = size == 0 ? 16 : (size + 15) & ~(ucell)15;
    uint32_t r = find_free(f, size);
    if (r != 0) {
        free_unlink(f, r);
        trim(f, r, size);
    } else if ((r = extend(f, size)) == 0)
        return THROW_ALLOCATE;
    use_link(f, r);
    f->heap_used += f->heap[r].size;
    *address = (cell)f->heap[r].at;
    return 0;
}

/* Take the free neighbour behind a block into it. */
static void merge_next(struct forth *f, uint32_t r)
{
    uint32_t next = f->heap[r].next;
    if (next == 0 || f->heap[next].used) return;
    free_unlink(f, next);
    f->heap[r].size += f->heap[next].size;
    f->heap[r].next = f->heap[next].next;
    if (f->heap[r].next != 0) f->heap[f->heap[r].next].prev = r;
    record_drop(f, next);
}

cell heap_release(struct forth *f, cell address)
{
    uint32_t r = use_find(f, (ucell)address);
    if (r == 0) return THROW_FREE;
    use_unlink(f, r);
    f->heap_used -= f->heap[r].size;
    f->heap[r].used = false;
    merge_next(f, r);
    uint32_t before = f->heap[r].prev;
    if (before != 0 && !f->heap[before].used) {
        free_unlink(f, before);
        f->heap[r].used = true; /* not in a list yet: merge_next must not see it as free */
        f->heap[before].size += f->heap[r].size;
        f->heap[before].next = f->heap[r].next;
        if (f->heap[before].next != 0) f->heap[f->heap[before].next].prev = before;
        record_drop(f, r);
        r = before;
    }
    if (r == f->heap_first) { /* at the low end: give it back to the dictionary */
        f->heap_low += f->heap[r].size;
        f->heap_first = f->heap[r].next;
        if (f->heap_first != 0) f->heap[f->heap_first].prev = 0;
        record_drop(f, r);
    } else
        free_link(f, r);
    return 0;
}

cell heap_resize(struct forth *f, cell address, ucell size, cell *moved)
{
    uint32_t r = use_find(f, (ucell)address);
    if (r == 0 || size > f->data_bytes) return THROW_RESIZE;
    ucell wanted = size == 0 ? 16 : (size + 15) & ~(ucell)15, had = f->heap[r].size;
    *moved = address;
    if (wanted <= had) return 0;
    cell to;
    if (heap_allocate(f, wanted, &to) != 0) return THROW_RESIZE;
    memcpy(f->bias + to, f->bias + address, had);
    heap_release(f, address);
    *moved = to;
    return 0;
}
