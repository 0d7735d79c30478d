#include "kernel/core/page_map.h"
#include "kernel/core/frames.h"

uint32_t page_map_levels(uint64_t pages)
{
    if (pages <= 1ull << NODE_BITS) return 1;
    if (pages <= 1ull << (2 * NODE_BITS)) return 2;
    if (pages <= 1ull << (3 * NODE_BITS)) return 3;
    if (pages <= 1ull << (4 * NODE_BITS)) return 4;
    if (pages <= 1ull << (5 * NODE_BITS)) return 5;
    return NODE_LEVELS;
}

uint64_t page_map_nodes_bound(uint64_t pages, uint32_t levels)
{
    return pages / 15 + 2ull * levels;
}

bool nodes_ready(struct kernel *k, uint64_t n)
{
    if (n > CORE_NODES || k->nodes_used > CORE_NODES || k->node_high > CORE_NODES ||
        k->nodes_used > k->node_high)
        return false;
    uint64_t listed = k->node_high - k->nodes_used;
    if (listed >= n) return true;
    if (CORE_NODES - k->node_high < n - listed) return false;
    return STATE_BACK(k, node, k->node_high, n - listed);
}

/*@ requires \valid(k);
    assigns *k;
    ensures \result == NONE || \result < CORE_NODES; */
static uint32_t node_take(struct kernel *k)
{
    uint32_t n = k->node_free;
    if (n < CORE_NODES) {
        k->node_free = k->node[n].entry[0];
    } else {
        n = k->node_high;
        if (n >= CORE_NODES) return NONE;
        k->node_high = n + 1;
    }
    k->nodes_used++;
    /*@ loop invariant 0 <= i <= NODE_ENTRIES;
        loop assigns i, *k;
        loop variant NODE_ENTRIES - i; */
    for (uint32_t i = 0; i < NODE_ENTRIES; i++) k->node[n].entry[i] = NONE;
    return n;
}

/*@ requires \valid(k);
    assigns *k; */
static void node_give(struct kernel *k, uint32_t n)
{
    if (n >= CORE_NODES) return;
    k->node[n].entry[0] = k->node_free;
    k->node_free = n;
    if (k->nodes_used > 0) k->nodes_used--;
}

/*@ requires \valid(k) && region < CORE_REGIONS;
    assigns \nothing; */
static uint32_t root_of(const struct kernel *k, uint32_t region, uint32_t which)
{
    if (which == MAP_FRAMES) return k->region[region].frames.root;
    if (which == MAP_TABLES) return k->region[region].tables.root;
    return k->region[region].shadow.root;
}

/*@ requires \valid(k) && region < CORE_REGIONS;
    assigns \nothing;
    ensures 1 <= \result <= NODE_LEVELS; */
static uint32_t levels_of(const struct kernel *k, uint32_t region, uint32_t which)
{
    uint32_t levels = which == MAP_FRAMES   ? k->region[region].frames.levels
                      : which == MAP_TABLES ? k->region[region].tables.levels
                                            : k->region[region].shadow.levels;
    return levels < 1 ? 1 : levels > NODE_LEVELS ? NODE_LEVELS : levels;
}

/*@ requires \valid(k) && region < CORE_REGIONS;
    assigns *k; */
static void set_root(struct kernel *k, uint32_t region, uint32_t which, uint32_t root)
{
    if (which == MAP_FRAMES)
        k->region[region].frames.root = root;
    else if (which == MAP_TABLES)
        k->region[region].tables.root = root;
    else
        k->region[region].shadow.root = root;
}

/*@ requires \valid(k) && region < CORE_REGIONS;
    assigns *k; */
static void count_nodes(struct kernel *k, uint32_t region, uint32_t which, uint32_t more)
{
    if (which == MAP_FRAMES)
        k->region[region].frames.nodes += more;
    else if (which == MAP_TABLES)
        k->region[region].tables.nodes += more;
    else
        k->region[region].shadow.nodes += more;
}

/* Which entry of a node at `level` (0: lowest) leads to the page. */
/*@ requires level < NODE_LEVELS;
    assigns \nothing;
    ensures \result < NODE_ENTRIES; */
static uint32_t entry_of(uint64_t page, uint32_t level)
{
    uint64_t part = page;
    /*@ loop invariant 0 <= i <= level;
        loop assigns i, part;
        loop variant level - i; */
    for (uint32_t i = 0; i < level; i++) part = part / NODE_ENTRIES;
    return (uint32_t)(part % NODE_ENTRIES);
}

uint32_t page_map_get(const struct kernel *k, uint32_t region, uint32_t which, uint64_t page)
{
    uint32_t n = root_of(k, region, which);
    uint32_t level = levels_of(k, region, which);
    /*@ loop invariant 0 <= level <= NODE_LEVELS;
        loop assigns level, n;
        loop variant level; */
    while (level > 0) {
        level--;
        if (n >= CORE_NODES) return FRAME_NONE;
        n = k->node[n].entry[entry_of(page, level)];
    }
    return n;
}

bool page_map_set(struct kernel *k, uint32_t region, uint32_t which, uint64_t page, uint32_t value)
{
    uint32_t n = root_of(k, region, which);
    uint32_t level = levels_of(k, region, which);
    if (n >= CORE_NODES) {
        n = node_take(k);
        if (n >= CORE_NODES) return false;
        set_root(k, region, which, n);
        count_nodes(k, region, which, 1);
    }
    /*@ loop invariant 1 <= level <= NODE_LEVELS && n < CORE_NODES;
        loop assigns level, n, *k;
        loop variant level; */
    while (level > 1) {
        level--;
        uint32_t e = entry_of(page, level);
        uint32_t below = k->node[n].entry[e];
        if (below >= CORE_NODES) {
            below = node_take(k);
            if (below >= CORE_NODES) return false;
            k->node[n].entry[e] = below;
            count_nodes(k, region, which, 1);
        }
        n = below;
    }
    k->node[n].entry[entry_of(page, 0)] = value;
    return true;
}

/* The first entry of a node that is not empty; NODE_ENTRIES: none. */
/*@ requires \valid(k) && n < CORE_NODES;
    assigns \nothing;
    ensures \result <= NODE_ENTRIES; */
static uint32_t first_entry(const struct kernel *k, uint32_t n)
{
    /*@ loop invariant 0 <= i <= NODE_ENTRIES;
        loop assigns i;
        loop variant NODE_ENTRIES - i; */
    for (uint32_t i = 0; i < NODE_ENTRIES; i++)
        if (k->node[n].entry[i] != NONE) return i;
    return NODE_ENTRIES;
}

/* One way down from the root: answers an entry and takes it out, or takes out an empty node; `found` tells. */
/*@ requires \valid(k) && region < CORE_REGIONS && \valid(page) && \valid(found) && \separated(k, page, found);
    assigns *k, *page, *found; */
static void take_step(struct kernel *k, uint32_t region, uint32_t which, uint64_t *page, uint32_t *found)
{
    uint32_t above = NONE, above_entry = 0, n = root_of(k, region, which),
             level = levels_of(k, region, which);
    uint64_t at = 0;
    *found = FRAME_NONE;
    /*@ loop invariant 0 <= level <= NODE_LEVELS;
        loop assigns level, n, above, above_entry, at, *k, *page, *found;
        loop variant level; */
    while (level > 0) {
        level--;
        if (n >= CORE_NODES) return;
        uint32_t e = first_entry(k, n);
        if (e >= NODE_ENTRIES) {
            node_give(k, n);
            count_nodes(k, region, which, NONE);
            if (above < CORE_NODES && above_entry < NODE_ENTRIES)
                k->node[above].entry[above_entry] = NONE;
            else
                set_root(k, region, which, NONE);
            return;
        }
        at = at * NODE_ENTRIES + e;
        above = n;
        above_entry = e;
        n = k->node[n].entry[e];
    }
    if (above < CORE_NODES && above_entry < NODE_ENTRIES) k->node[above].entry[above_entry] = NONE;
    *page = at;
    *found = n;
}

uint32_t page_map_take(struct kernel *k, uint32_t region, uint32_t which, uint64_t *page)
{
    uint32_t found = FRAME_NONE;
    /* An empty path has at most one empty node a level. */
    /*@ loop invariant 0 <= i <= NODE_LEVELS + 1;
        loop assigns i, found, *k, *page;
        loop variant NODE_LEVELS + 1 - i; */
    for (uint32_t i = 0; i <= NODE_LEVELS; i++) {
        if (root_of(k, region, which) >= CORE_NODES) return FRAME_NONE;
        take_step(k, region, which, page, &found);
        if (found != FRAME_NONE) return found;
    }
    return FRAME_NONE;
}

bool page_map_empty(const struct kernel *k, uint32_t region, uint32_t which)
{
    return root_of(k, region, which) >= CORE_NODES;
}

uint32_t page_map_next(const struct kernel *k, uint32_t region, uint32_t which, uint64_t *page, uint64_t end,
                       uint32_t tries)
{
    uint64_t at = *page;
    /*@ loop invariant 0 <= i <= tries;
        loop assigns i, at;
        loop variant tries - i; */
    for (uint32_t i = 0; i < tries && at < end; i++) {
        uint32_t found = page_map_get(k, region, which, at);
        if (found != FRAME_NONE) {
            *page = at;
            return found;
        }
        at++;
    }
    *page = at;
    return FRAME_NONE;
}
