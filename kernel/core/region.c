#include "kernel/core/region.h"
#include "kernel/core/pebbles.h"
#include "kernel/core/frames.h"
#include "kernel/core/page_map.h"
#include "kernel/core/object.h"

/* ---- addresses ---- */

/* The order n of a region of so many pages: 2^n pages hold it. */
/*@ assigns \nothing;
    ensures 0 <= \result <= ZONES; */
static uint32_t order_of(uint64_t pages)
{
    uint32_t order = 0;
    uint64_t size = 1;
    /*@ loop invariant 0 <= order <= ZONES;
        loop assigns order, size;
        loop variant ZONES - order; */
    while (order < ZONES && size < pages) {
        order++;
        size = size * 2;
    }
    return order;
}

/* A slot whose address can be forgotten, when no slot was never used: the first freed one of any order. */
/*@ requires \valid(k);
    assigns *k;
    ensures \result == NONE || \result < CORE_REGIONS; */
static uint32_t steal_slot(struct kernel *k)
{
    /*@ loop invariant 0 <= i <= ZONES;
        loop assigns i, *k;
        loop variant ZONES - i; */
    for (uint32_t i = 0; i < ZONES; i++) {
        uint32_t slot = k->region_free[i];
        if (slot >= CORE_REGIONS) continue;
        k->region_free[i] = k->object[BASE_REGION + slot].next;
        k->region[slot].page = 0;
        k->object[BASE_REGION + slot].next = NONE;
        return slot;
    }
    return NONE;
}

uint32_t region_ready(struct kernel *k, uint64_t pages)
{
    uint32_t order = order_of(pages);
    if (order >= ZONES || pages == 0) return NONE;
    uint32_t slot = k->region_free[order];
    if (slot < CORE_REGIONS) return slot;
    uint64_t size = 1ull << order;
    if (k->zone_next[order] > ZONE_PAGES - size) return NONE;
    slot = k->kind_high[OBJECT_REGION];
    if (slot < CORE_REGIONS) {
        if (!STATE_BACK(k, object, BASE_REGION + slot, 1) || !STATE_BACK(k, region, slot, 1)) return NONE;
        k->kind_high[OBJECT_REGION] = slot + 1;
    } else {
        slot = steal_slot(k);
        if (slot >= CORE_REGIONS) return NONE;
    }
    k->region[slot].page = (order + 1ull) * ZONE_PAGES + k->zone_next[order];
    k->region[slot].order = (uint8_t)order;
    k->zone_next[order] += size;
    k->object[BASE_REGION + slot].next = NONE;
    k->region_free[order] = slot;
    return slot;
}

/*@ requires \valid(k) && region < CORE_REGIONS;
    assigns *k; */
static void region_clear(struct kernel *k, uint32_t region, uint64_t pages)
{
    k->region[region].pages = pages;
    k->region[region].committed = 0;
    k->region[region].charged = 0;
    k->region[region].frames.root = NONE;
    k->region[region].frames.levels = page_map_levels(pages);
    k->region[region].frames.nodes = 0;
    k->region[region].tables.root = NONE;
    k->region[region].tables.levels = page_map_levels(pages / PAGES_PER_TABLE + 1);
    k->region[region].tables.nodes = 0;
    k->region[region].shadow.root = NONE;
    k->region[region].shadow.levels = page_map_levels(pages);
    k->region[region].shadow.nodes = 0;
    k->region[region].table_count = 0;
    k->region[region].shadow_count = 0;
    k->region[region].first = FRAME_NONE;
    k->region[region].views = NONE;
    k->region[region].view_count = 0;
    k->region[region].other = NONE;
    k->region[region].backing = BACKING_FRAMES;
    k->region[region].shadowed = 0;
    k->region[region].executable = 0;
    k->region[region].boot = 0;
    k->region[region].busy = 0;
}

void region_make(struct kernel *k, uint32_t region, uint32_t owner, uint64_t pages)
{
    uint32_t order = k->region[region].order;
    if (order < ZONES && k->region_free[order] == region)
        k->region_free[order] = k->object[BASE_REGION + region].next;
    object_make(k, BASE_REGION + region, OBJECT_REGION, owner);
    region_clear(k, region, pages);
    region_change(k, region, OPERATION_CREATE);
    pebbles_charge(k, owner, COST_REGION);
    k->region[region].charged = COST_REGION;
}

uint32_t region_place(struct kernel *k, page_number page, uint64_t pages, frame_number first)
{
    uint32_t slot = k->kind_high[OBJECT_REGION];
    if (slot >= CORE_REGIONS || pages == 0 || page == 0 || page >= BOOT_END || pages > BOOT_END - page)
        return NONE;
    if (!STATE_BACK(k, object, BASE_REGION + slot, 1) || !STATE_BACK(k, region, slot, 1)) return NONE;
    k->kind_high[OBJECT_REGION] = slot + 1;
    object_make(k, BASE_REGION + slot, OBJECT_REGION, NONE);
    region_clear(k, slot, pages);
    k->region[slot].page = page;
    k->region[slot].order = ZONES;
    k->region[slot].first = first;
    k->region[slot].backing = BACKING_RUN;
    k->region[slot].committed = pages;
    k->region[slot].boot = 1;
    region_change(k, slot, OPERATION_CREATE);
    return slot;
}

/* ---- what is behind it ---- */

bool region_is_large(const struct kernel *k, uint32_t region)
{
    return k->region[region].pages >= PAGES_PER_TABLE && k->region[region].boot == 0;
}

uint64_t region_view_charge(const struct kernel *k, uint32_t region)
{
    if (k->region[region].boot != 0) return COST_VIEW;
    uint64_t nodes = (uint64_t)k->region[region].frames.nodes + k->region[region].tables.nodes;
    uint64_t bytes = COST_VIEW + COST_REGION + nodes * COST_NODE + k->region[region].table_count * PAGE_BYTES;
    if (k->region[region].backing == BACKING_FRAMES) bytes += k->region[region].committed * PAGE_BYTES;
    return bytes;
}

frame_number region_frame(const struct kernel *k, uint32_t region, uint64_t page)
{
    if (page >= k->region[region].pages) return FRAME_NONE;
    if (k->region[region].backing != BACKING_FRAMES) return (frame_number)(k->region[region].first + page);
    return page_map_get(k, region, MAP_FRAMES, page);
}

/* The owner's view; NONE if it has none. */
/*@ requires \valid(k) && region < CORE_REGIONS;
    assigns \nothing;
    ensures \result == NONE || \result < CORE_VIEWS; */
static uint32_t owner_view(const struct kernel *k, uint32_t region)
{
    uint32_t v = k->region[region].views;
    /* the only view of an exclusive region */
    return v < CORE_VIEWS && k->view[v].owner != 0 ? v : NONE;
}

/* What a shared table allows at most: everything but what the region itself forbids. */
/*@ requires \valid(k) && region < CORE_REGIONS;
    assigns \nothing; */
static uint32_t widest(const struct kernel *k, uint32_t region)
{
    if (k->region[region].executable != 0) return ACCESS_READ | ACCESS_EXECUTE;
    if (k->region[region].backing == BACKING_DEVICE) return ACCESS_READ | ACCESS_WRITE | ACCESS_DEVICE;
    return ACCESS_READ | ACCESS_WRITE;
}

/* Enters a frame in the shared table of its 2 MiB, making the table if it is missing.  false: no frame for it. */
/*@ requires \valid(k) && region < CORE_REGIONS;
    assigns *k; */
static bool table_enter(struct kernel *k, uint32_t region, uint64_t page, frame_number frame)
{
    uint64_t at = page / PAGES_PER_TABLE;
    uint32_t table = page_map_get(k, region, MAP_TABLES, at);
    if (table == FRAME_NONE) {
        table = frame_take(k);
        if (table == FRAME_NONE) return false;
        if (!page_map_set(k, region, MAP_TABLES, at, table)) {
            frame_give(k, table);
            return false;
        }
        arch_table_clear(k->machine, table);
        k->region[region].table_count++;
        uint32_t v = owner_view(k, region);
        if (v < CORE_VIEWS)
            arch_link(k->machine, k->view[v].domain, k->region[region].page + at * PAGES_PER_TABLE, table,
                      k->view[v].access);
    }
    arch_table_set(k->machine, table, (uint32_t)(page % PAGES_PER_TABLE), frame, widest(k, region));
    return true;
}

/* One page of memory, zeroed, mapped for the owner.  false: something is missing. */
/*@ requires \valid(k) && region < CORE_REGIONS;
    assigns *k; */
static bool commit_page(struct kernel *k, uint32_t region, uint64_t page)
{
    frame_number frame = frame_take(k);
    if (frame == FRAME_NONE) return false;
    arch_frame_zero(k->machine, frame);
    if (!page_map_set(k, region, MAP_FRAMES, page, frame)) {
        frame_give(k, frame);
        return false;
    }
    if (region_is_large(k, region)) return table_enter(k, region, page, frame);
    uint32_t v = owner_view(k, region);
    if (v < CORE_VIEWS)
        arch_map(k->machine, k->view[v].domain, k->region[region].page + page, frame, k->view[v].access);
    return true;
}

/*@ requires \valid(k) && region < CORE_REGIONS;
    assigns \nothing; */
static uint64_t nodes_for(const struct kernel *k, uint32_t region, uint64_t pages)
{
    uint64_t nodes = page_map_nodes_bound(pages, k->region[region].frames.levels);
    if (region_is_large(k, region))
        nodes += page_map_nodes_bound(pages / PAGES_PER_TABLE + 2, k->region[region].tables.levels);
    return nodes;
}

/*@ requires \valid(k) && region < CORE_REGIONS;
    assigns \nothing; */
static uint64_t tables_for(const struct kernel *k, uint32_t region, uint64_t pages)
{
    return region_is_large(k, region) ? pages / PAGES_PER_TABLE + 2 : 0;
}

uint32_t region_commit_check(struct kernel *k, uint32_t region, uint64_t page, uint64_t pages)
{
    if (page > k->region[region].pages || pages > k->region[region].pages - page) return STATUS_RANGE;
    if (k->region[region].backing != BACKING_FRAMES) return STATUS_STATE;
    uint64_t nodes = nodes_for(k, region, pages), tables = tables_for(k, region, pages);
    uint32_t owner = k->object[BASE_REGION + region].owner;
    if (owner >= CORE_DOMAINS) return STATUS_STATE;
    if (k->domain[owner].free < (pages + tables) * PAGE_BYTES + nodes * COST_NODE) return STATUS_BUDGET;
    if (!frames_available(k, pages + tables) || !nodes_ready(k, nodes) ||
        !frames_available(k, pages + tables))
        return STATUS_BUDGET;
    return STATUS_OK;
}

void region_commit_begin(struct kernel *k, uint32_t context, uint32_t region, uint64_t page, uint64_t pages)
{
    uint64_t nodes = nodes_for(k, region, pages), tables = tables_for(k, region, pages);
    uint64_t bytes = (pages + tables) * PAGE_BYTES + nodes * COST_NODE;
    pebbles_charge(k, k->object[BASE_REGION + region].owner, bytes);
    k->region[region].charged += bytes;
    k->region[region].busy = 1;
    k->frames_reserved += (uint32_t)(pages + tables);
    k->context[context].pending = PENDING_COMMIT;
    k->context[context].pending_slot = region;
    k->context[context].pending_life = k->object[BASE_REGION + region].generation;
    k->context[context].pending_page = page;
    k->context[context].pending_pages = pages;
    k->context[context].pending_count = pages + tables;
    k->context[context].pending_nodes = nodes;
    k->context[context].pending_tables = tables;
}

/* Gives back what was charged and reserved but not used: `pages` pages and the given nodes and tables. */
/*@ requires \valid(k) && region < CORE_REGIONS;
    assigns *k; */
static void commit_refund(struct kernel *k, uint32_t region, uint64_t pages, uint64_t nodes, uint64_t tables)
{
    uint64_t bytes = (pages + tables) * PAGE_BYTES + nodes * COST_NODE;
    pebbles_release(k, k->object[BASE_REGION + region].owner, bytes);
    k->region[region].charged -= bytes;
}

bool region_commit_step(struct kernel *k, uint32_t context)
{
    uint32_t region = k->context[context].pending_slot;
    if (region >= CORE_REGIONS || !object_alive(k, BASE_REGION + region, k->context[context].pending_life)) {
        region_commit_end(k, context);
        return true;
    }
    uint64_t page = k->context[context].pending_page, left = k->context[context].pending_pages;
    /*@ loop invariant 0 <= i <= STEP_PAGES;
        loop assigns i, page, left, *k;
        loop variant STEP_PAGES - i; */
    for (uint32_t i = 0; i < STEP_PAGES && left > 0; i++) {
        if (page_map_get(k, region, MAP_FRAMES, page) == FRAME_NONE) {
            uint32_t nodes = k->region[region].frames.nodes + k->region[region].tables.nodes;
            uint64_t tables = k->region[region].table_count;
            uint32_t frames = k->frames_free;
            if (!commit_page(k, region, page)) break;
            k->region[region].committed++;
            k->context[context].pending_nodes -=
                k->region[region].frames.nodes + k->region[region].tables.nodes - nodes;
            k->context[context].pending_tables -= k->region[region].table_count - tables;
            k->context[context].pending_count -= frames - k->frames_free;
            k->frames_reserved -= frames - k->frames_free;
        } else {
            commit_refund(k, region, 1, 0, 0);
            k->context[context].pending_count--;
            k->frames_reserved--;
        }
        page++;
        left--;
    }
    k->context[context].pending_page = page;
    k->context[context].pending_pages = left;
    if (left > 0) return false;
    region_commit_end(k, context);
    return true;
}

void region_commit_end(struct kernel *k, uint32_t context)
{
    uint32_t region = k->context[context].pending_slot;
    uint64_t reserved = k->context[context].pending_count;
    k->frames_reserved = k->frames_reserved >= reserved ? (uint32_t)(k->frames_reserved - reserved) : 0;
    if (region < CORE_REGIONS && object_alive(k, BASE_REGION + region, k->context[context].pending_life)) {
        commit_refund(k, region, k->context[context].pending_pages, k->context[context].pending_nodes,
                      k->context[context].pending_tables);
        k->region[region].busy = 0;
    }
    k->context[context].pending = PENDING_NONE;
    k->context[context].pending_count = 0;
}

bool region_decommit_step(struct kernel *k, uint32_t region, uint64_t *page, uint64_t end)
{
    uint64_t begin = *page;
    uint64_t stop = end - begin > DECOMMIT_PAGES ? begin + DECOMMIT_PAGES : end;
    uint32_t v = owner_view(k, region);
    bool large = region_is_large(k, region);
    if (!large && v < CORE_VIEWS)
        arch_unmap(k->machine, k->view[v].domain, k->region[region].page + begin, stop - begin);
    if (large) {
        /*@ loop invariant begin <= p;
            loop assigns p;
            loop variant stop - p; */
        for (uint64_t p = begin; p < stop; p++) {
            uint32_t table = page_map_get(k, region, MAP_TABLES, p / PAGES_PER_TABLE);
            if (table != FRAME_NONE)
                arch_table_set(k->machine, table, (uint32_t)(p % PAGES_PER_TABLE), FRAME_NONE, ACCESS_NONE);
        }
    }
    if (v < CORE_VIEWS)
        arch_shootdown(k->machine, k->view[v].domain, k->region[region].page + begin, stop - begin);
    /*@ loop invariant begin <= p;
        loop assigns p, *k;
        loop variant stop - p; */
    for (uint64_t p = begin; p < stop; p++) {
        frame_number frame = page_map_get(k, region, MAP_FRAMES, p);
        if (frame == FRAME_NONE) continue;
        page_map_set(k, region, MAP_FRAMES, p, FRAME_NONE);
        frame_give(k, frame);
        k->region[region].committed--;
        commit_refund(k, region, 1, 0, 0);
    }
    *page = stop;
    return stop >= end;
}

bool region_decommit_go_on(struct kernel *k, uint32_t context)
{
    uint32_t region = k->context[context].pending_slot;
    uint64_t page = k->context[context].pending_page;
    if (region < CORE_REGIONS && object_alive(k, BASE_REGION + region, k->context[context].pending_life)) {
        bool done = region_decommit_step(k, region, &page, k->context[context].pending_pages);
        k->context[context].pending_page = page;
        if (!done) return false;
        k->region[region].busy = 0;
    }
    k->context[context].pending = PENDING_NONE;
    return true;
}

/* ---- views ---- */

/* Page tables that the domain needs in addition to see so many pages there. */
/*@ requires \valid(k) && d < CORE_DOMAINS;
    assigns \nothing; */
static uint32_t tables_at(const struct kernel *k, uint32_t d, page_number page, uint64_t pages, bool large)
{
    if (!large) return arch_tables_needed(k->machine, d, page, pages, false);
    return arch_tables_needed(k->machine, d, page,
                              (pages + PAGES_PER_TABLE - 1) / PAGES_PER_TABLE * PAGES_PER_TABLE, true);
}

/*@ requires \valid(k) && region < CORE_REGIONS && d < CORE_DOMAINS;
    assigns \nothing; */
static uint32_t tables_needed(const struct kernel *k, uint32_t d, uint32_t region)
{
    return tables_at(k, d, k->region[region].page, k->region[region].pages, region_is_large(k, region));
}

/* Puts the domain's spare tables where a view of the region needs them. */
/*@ requires \valid(k) && region < CORE_REGIONS && d < CORE_DOMAINS;
    assigns \nothing; */
static void make_tables(struct kernel *k, uint32_t d, uint32_t region)
{
    uint64_t pages = k->region[region].pages;
    bool large = region_is_large(k, region);
    if (large) pages = (pages + PAGES_PER_TABLE - 1) / PAGES_PER_TABLE * PAGES_PER_TABLE;
    arch_tables_make(k->machine, d, k->region[region].page, pages, large);
}

/* A view can be taken, with memory behind it. */
/*@ requires \valid(k);
    assigns *k; */
static bool view_ready(struct kernel *k)
{
    return k->view_free < CORE_VIEWS || (k->view_high < CORE_VIEWS && STATE_BACK(k, view, k->view_high, 1));
}

bool view_affordable(const struct kernel *k, uint32_t d, uint32_t region, uint64_t bytes)
{
    uint64_t tables = tables_needed(k, d, region);
    return k->domain[d].free >= bytes && k->domain[d].free - bytes >= tables * PAGE_BYTES &&
           frames_available(k, tables);
}

uint32_t region_create_check(struct kernel *k, uint32_t d, uint32_t region, uint64_t pages, bool commit)
{
    if (!view_ready(k)) return STATUS_FULL;
    bool large = pages >= PAGES_PER_TABLE;
    uint64_t tables = tables_at(k, d, k->region[region].page, pages, large);
    uint64_t bytes = COST_REGION + COST_CAPABILITY + COST_VIEW + tables * PAGE_BYTES, frames = tables;
    if (commit) {
        uint64_t shared = large ? pages / PAGES_PER_TABLE + 2 : 0;
        uint64_t nodes = page_map_nodes_bound(pages, page_map_levels(pages));
        if (large)
            nodes += page_map_nodes_bound(pages / PAGES_PER_TABLE + 2,
                                          page_map_levels(pages / PAGES_PER_TABLE + 1));
        bytes += (pages + shared) * PAGE_BYTES + nodes * COST_NODE;
        frames += pages + shared;
        if (!frames_available(k, frames) || !nodes_ready(k, nodes)) return STATUS_BUDGET;
    }
    return k->domain[d].free >= bytes && frames_available(k, frames) ? STATUS_OK : STATUS_BUDGET;
}

/* Whether the domain has a view of the region: more than one would share its page table entries. */
/*@ requires \valid(k) && region < CORE_REGIONS;
    assigns \nothing; */
static bool has_view(const struct kernel *k, uint32_t d, uint32_t region)
{
    uint32_t v = k->region[region].views;
    /*@ loop invariant 0 <= i <= CORE_DOMAINS;
        loop assigns i, v;
        loop variant CORE_DOMAINS - i; */
    for (uint32_t i = 0; i < CORE_DOMAINS && v < CORE_VIEWS; i++) {
        if (k->view[v].domain == d) return true;
        v = k->view[v].region_next;
    }
    return false;
}

uint32_t view_check(struct kernel *k, uint32_t d, uint32_t region, bool owner)
{
    if (k->region[region].busy != 0) return STATUS_BUSY;
    if (has_view(k, d, region)) return STATUS_STATE;
    if (!view_ready(k)) return STATUS_FULL;
    return view_affordable(k, d, region, owner ? COST_VIEW : region_view_charge(k, region)) ? STATUS_OK
                                                                                            : STATUS_BUDGET;
}

/* Maps what is behind the region for the domain. */
/*@ requires \valid(k) && region < CORE_REGIONS && d < CORE_DOMAINS;
    assigns \nothing; */
static void map_region(struct kernel *k, uint32_t d, uint32_t region, uint32_t access)
{
    page_number page = k->region[region].page;
    uint64_t pages = k->region[region].pages;
    uint32_t how = k->region[region].backing == BACKING_DEVICE ? access | ACCESS_DEVICE : access;
    if (region_is_large(k, region)) {
        uint64_t tables = (pages + PAGES_PER_TABLE - 1) / PAGES_PER_TABLE;
        /*@ loop invariant 0 <= i;
            loop assigns i;
            loop variant tables - i; */
        for (uint64_t i = 0; i < tables; i++) {
            uint32_t table = page_map_get(k, region, MAP_TABLES, i);
            if (table != FRAME_NONE) arch_link(k->machine, d, page + i * PAGES_PER_TABLE, table, how);
        }
        return;
    }
    /*@ loop invariant 0 <= i;
        loop assigns i;
        loop variant pages - i; */
    for (uint64_t i = 0; i < pages; i++) {
        frame_number frame = region_frame(k, region, i);
        if (frame != FRAME_NONE) arch_map(k->machine, d, page + i, frame, how);
    }
}

/*@ requires \valid(k) && region < CORE_REGIONS && d < CORE_DOMAINS;
    assigns \nothing; */
static void unmap_region(struct kernel *k, uint32_t d, uint32_t region)
{
    page_number page = k->region[region].page;
    uint64_t pages = k->region[region].pages;
    if (region_is_large(k, region)) {
        uint64_t tables = (pages + PAGES_PER_TABLE - 1) / PAGES_PER_TABLE;
        /*@ loop invariant 0 <= i;
            loop assigns i;
            loop variant tables - i; */
        for (uint64_t i = 0; i < tables; i++)
            if (page_map_get(k, region, MAP_TABLES, i) != FRAME_NONE)
                arch_unlink(k->machine, d, page + i * PAGES_PER_TABLE);
    } else {
        arch_unmap(k->machine, d, page, pages);
    }
    arch_shootdown(k->machine, d, page, pages);
}

/*@ requires \valid(k);
    assigns *k;
    ensures \result == NONE || \result < CORE_VIEWS; */
static uint32_t view_take(struct kernel *k)
{
    uint32_t v = k->view_free;
    if (v < CORE_VIEWS) {
        k->view_free = k->view[v].domain_next;
        return v;
    }
    v = k->view_high;
    if (v >= CORE_VIEWS) return NONE;
    k->view_high = v + 1;
    return v;
}

void view_make(struct kernel *k, uint32_t d, uint32_t region, uint32_t slot, uint32_t access, bool owner)
{
    uint32_t tables = tables_needed(k, d, region);
    uint32_t v = view_take(k);
    if (v >= CORE_VIEWS) return;
    uint64_t charge = owner ? COST_VIEW : region_view_charge(k, region);
    pebbles_charge(k, d, charge + (uint64_t)tables * PAGE_BYTES);
    /*@ loop invariant 0 <= i <= tables;
        loop assigns i, *k;
        loop variant tables - i; */
    for (uint32_t i = 0; i < tables; i++) {
        frame_number frame = frame_take(k);
        if (frame != FRAME_NONE) arch_table_give(k->machine, d, frame);
    }
    k->domain[d].tables += tables;
    make_tables(k, d, region);
    k->view[v].region = region;
    k->view[v].domain = d;
    k->view[v].capability = slot;
    k->view[v].access = (uint8_t)access;
    k->view[v].owner = owner ? 1 : 0;
    k->view[v].charged = charge;
    uint32_t first = k->region[region].views;
    k->view[v].region_prev = NONE;
    k->view[v].region_next = first;
    if (first < CORE_VIEWS) k->view[first].region_prev = v;
    k->region[region].views = v;
    k->region[region].view_count++;
    first = k->domain[d].views;
    k->view[v].domain_prev = NONE;
    k->view[v].domain_next = first;
    if (first < CORE_VIEWS) k->view[first].domain_prev = v;
    k->domain[d].views = v;
    if (slot < CORE_CAPABILITIES) k->capability[slot].view = v;
    if (access != ACCESS_NONE) map_region(k, d, region, access);
}

void view_end(struct kernel *k, uint32_t view)
{
    if (view >= CORE_VIEWS) return;
    uint32_t region = k->view[view].region, d = k->view[view].domain, slot = k->view[view].capability;
    uint32_t prev = k->view[view].region_prev, next = k->view[view].region_next;
    if (region >= CORE_REGIONS || d >= CORE_DOMAINS) return;
    if (k->view[view].access != ACCESS_NONE && k->domain[d].phase < PHASE_ROOT) unmap_region(k, d, region);
    if (prev < CORE_VIEWS)
        k->view[prev].region_next = next;
    else
        k->region[region].views = next;
    if (next < CORE_VIEWS) k->view[next].region_prev = prev;
    if (k->region[region].view_count > 0) k->region[region].view_count--;
    prev = k->view[view].domain_prev;
    next = k->view[view].domain_next;
    if (prev < CORE_VIEWS)
        k->view[prev].domain_next = next;
    else
        k->domain[d].views = next;
    if (next < CORE_VIEWS) k->view[next].domain_prev = prev;
    pebbles_release(k, d, k->view[view].charged);
    if (slot < CORE_CAPABILITIES && k->capability[slot].view == view) k->capability[slot].view = NONE;
    k->view[view].region = NONE;
    k->view[view].domain_next = k->view_free;
    k->view_free = view;
    /* the last viewer of a region without owner takes it along */
    if (k->region[region].view_count == 0 && k->object[BASE_REGION + region].owner >= CORE_DOMAINS &&
        k->region[region].boot == 0)
        object_end(k, BASE_REGION + region);
}

void view_set_access(struct kernel *k, uint32_t view, uint32_t access)
{
    uint32_t region = k->view[view].region, d = k->view[view].domain;
    if (region >= CORE_REGIONS || d >= CORE_DOMAINS || k->view[view].access == access) return;
    if (k->view[view].access != ACCESS_NONE) unmap_region(k, d, region);
    k->view[view].access = (uint8_t)access;
    if (access != ACCESS_NONE) map_region(k, d, region, access);
}

/* ---- the end ---- */

bool region_abandon(struct kernel *k, uint32_t region)
{
    uint32_t id = BASE_REGION + region, owner = k->object[id].owner;
    uint32_t v = owner_view(k, region);
    uint8_t state = k->region[region].state;
    bool kept = k->region[region].view_count > (v < CORE_VIEWS ? 1u : 0u) && state != REGION_EXCLUSIVE &&
                state != REGION_OFFERED && k->object[id].dying == 0;
    pebbles_release(k, owner, k->region[region].charged);
    k->region[region].charged = 0;
    object_set_owner(k, id, NONE);
    if (kept) {
        if (v < CORE_VIEWS) view_end(k, v);
        return true;
    }
    object_end(k, id);
    return false;
}

bool region_reap(struct kernel *k, uint32_t region)
{
    uint32_t id = BASE_REGION + region;
    if (k->region[region].views < CORE_VIEWS) {
        view_end(k, k->region[region].views);
        return false;
    }
    uint64_t page = 0;
    /*@ loop invariant 0 <= i <= STEP_UNITS;
        loop assigns i, page, *k;
        loop variant STEP_UNITS - i; */
    for (uint32_t i = 0; i < STEP_UNITS; i++) {
        frame_number frame = page_map_take(k, region, MAP_SHADOW, &page);
        if (frame == FRAME_NONE) frame = page_map_take(k, region, MAP_TABLES, &page);
        if (frame == FRAME_NONE && k->region[region].backing == BACKING_FRAMES)
            frame = page_map_take(k, region, MAP_FRAMES, &page);
        if (frame == FRAME_NONE) {
            if (!page_map_empty(k, region, MAP_SHADOW) || !page_map_empty(k, region, MAP_TABLES) ||
                !page_map_empty(k, region, MAP_FRAMES))
                continue;
            pebbles_release(k, k->object[id].owner, k->region[region].charged);
            k->region[region].charged = 0;
            region_change(k, region, OPERATION_DESTROY);
            object_free(k, id);
            uint32_t order = k->region[region].order;
            if (order < ZONES && k->object[id].generation < GENERATION_LAST) {
                k->object[id].next = k->region_free[order];
                k->region_free[order] = region;
            }
            return true;
        }
        frame_give(k, frame);
    }
    return false;
}
