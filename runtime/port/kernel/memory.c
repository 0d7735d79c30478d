/* Memory out of one large region: addresses are given out here, pages by the kernel. */
#include "runtime/port/kernel/kernel.h"

static bool commit(struct port *p, uint64_t at, uint64_t bytes)
{
    return word(NULL, KERNEL_WORD_REGION_COMMIT, p->memory, (at - ARENA_BASE) / PORT_PAGE, bytes / PORT_PAGE,
                0, 0) == STATUS_OK;
}

static void decommit(struct port *p, uint64_t at, uint64_t bytes)
{
    word(NULL, KERNEL_WORD_REGION_DECOMMIT, p->memory, (at - ARENA_BASE) / PORT_PAGE, bytes / PORT_PAGE, 0,
         0);
}

bool memory_start(struct port *p)
{
    struct word_frame f = {KERNEL_WORD_REGION_CREATE, {MEMORY_BYTES / PORT_PAGE, 0}};
    if (word_call(&f) != STATUS_OK || f.arg[1] != ARENA_BASE) return false;
    p->memory = f.arg[0];
    p->extents[0] = (struct extent){BLOCKS_BASE, BLOCKS_END - BLOCKS_BASE};
    p->extent_count = 1;
    return true;
}

/* ---- addresses ---- */

static void extent_remove(struct port *p, uint32_t i)
{
    p->extent_count--;
    for (; i < p->extent_count; i++) p->extents[i] = p->extents[i + 1];
}

static bool extent_insert(struct port *p, uint32_t i, struct extent e)
{
    if (p->extent_count == FREE_EXTENTS) return false;
    for (uint32_t j = p->extent_count++; j > i; j--) p->extents[j] = p->extents[j - 1];
    p->extents[i] = e;
    return true;
}

/* First fit. */
static uint64_t addresses_take(struct port *p, uint64_t bytes)
{
    uint64_t at = 0;
    port_lock(p);
    for (uint32_t i = 0; i < p->extent_count && at == 0; i++) {
        struct extent *e = &p->extents[i];
        if (e->bytes < bytes) continue;
        at = e->at;
        e->at += bytes;
        e->bytes -= bytes;
        if (e->bytes == 0) extent_remove(p, i);
    }
    port_unlock(p);
    return at;
}

/* With the table full, the addresses are lost; there are 16 GiB of them. */
static void addresses_give(struct port *p, uint64_t at, uint64_t bytes)
{
    uint32_t i = 0;
    port_lock(p);
    while (i < p->extent_count && p->extents[i].at < at) i++;
    struct extent *before = i > 0 ? &p->extents[i - 1] : NULL,
                  *after = i < p->extent_count ? &p->extents[i] : NULL;
    bool joins_before = before != NULL && before->at + before->bytes == at;
    bool joins_after = after != NULL && at + bytes == after->at;
    if (joins_before && joins_after) {
        before->bytes += bytes + after->bytes;
        extent_remove(p, i);
    } else if (joins_before) {
        before->bytes += bytes;
    } else if (joins_after) {
        after->at = at;
        after->bytes += bytes;
    } else {
        extent_insert(p, i, (struct extent){at, bytes});
    }
    port_unlock(p);
}

bool blocks_take(struct port *p, uint64_t at, uint64_t bytes)
{
    for (uint32_t i = 0; i < p->extent_count; i++) {
        struct extent e = p->extents[i];
        if (at < e.at || at - e.at > e.bytes || bytes > e.bytes - (at - e.at)) continue;
        uint64_t rest = e.at + e.bytes - (at + bytes);
        p->extents[i].bytes = at - e.at;
        if (rest > 0 && !extent_insert(p, i + 1, (struct extent){at + bytes, rest})) return false;
        if (p->extents[i].bytes == 0) extent_remove(p, i);
        return true;
    }
    return false;
}

/* ---- the port's functions ---- */

void *port_memory_reserve(struct port *p, void *at, uint64_t bytes)
{
    if (at == NULL) return (void *)addresses_take(p, bytes);
    return (uint64_t)at == ARENA_BASE && bytes <= ARENA_SIZE ? at : NULL;
}

bool port_memory_commit(struct port *p, void *at, uint64_t bytes)
{
    return commit(p, (uint64_t)at, bytes);
}

void port_memory_decommit(struct port *p, void *at, uint64_t bytes)
{
    decommit(p, (uint64_t)at, bytes);
}

void *port_memory_allocate(struct port *p, uint64_t bytes)
{
    uint64_t at = addresses_take(p, bytes);
    if (at == 0 || commit(p, at, bytes)) return (void *)at;
    addresses_give(p, at, bytes);
    return NULL;
}

void port_memory_free(struct port *p, void *at, uint64_t bytes)
{
    decommit(p, (uint64_t)at, bytes);
    if ((uint64_t)at >= BLOCKS_BASE) addresses_give(p, (uint64_t)at, bytes);
}

uint64_t port_memory_resident(struct port *p)
{
    struct word_frame f = {KERNEL_WORD_BUDGET, {BOOT_HANDLE(BOOT_SLOT_DOMAIN)}};
    return word_call(&f) == STATUS_OK ? f.arg[1] : 0;
}
