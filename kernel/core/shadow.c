/* Shadows: what the owner of a region writes between begin and commit, page by page, in frames of their own.
 *
 * While a region is shadowed its owner's view maps the old frames read-only; the first write to a page faults, and a copy takes its place
 * in that view.  All that the copies can cost is charged at begin, so that a write cannot fail. */
#include "kernel/core/pebbles.h"
#include "kernel/core/frames.h"
#include "kernel/core/page_map.h"
#include "kernel/core/object.h"
#include "kernel/core/region.h"

/*@ requires \valid(k) && region < CORE_REGIONS;
    assigns \nothing; */
static uint64_t shadow_charge(const struct kernel *k, uint32_t region)
{
    return k->region[region].committed * PAGE_BYTES +
           page_map_nodes_bound(k->region[region].pages, k->region[region].shadow.levels) * COST_NODE;
}

uint32_t shadow_begin(struct kernel *k, uint32_t region)
{
    uint32_t owner = k->object[BASE_REGION + region].owner, v = k->region[region].views;
    if (k->region[region].backing != BACKING_FRAMES || region_is_large(k, region) ||
        k->region[region].executable != 0)
        return STATUS_STATE;
    if (v >= CORE_VIEWS || owner >= CORE_DOMAINS) return STATUS_STATE;
    uint64_t charge = shadow_charge(k, region),
             nodes = page_map_nodes_bound(k->region[region].pages, k->region[region].shadow.levels);
    if (k->domain[owner].free < charge || !frames_available(k, k->region[region].committed) ||
        !nodes_ready(k, nodes))
        return STATUS_BUDGET;
    pebbles_charge(k, owner, charge);
    k->region[region].charged += charge;
    k->region[region].shadow_charged = charge;
    k->region[region].shadowed = 1;
    view_set_access(k, v, ACCESS_READ);
    return STATUS_OK;
}

/* The owner's view that maps a shadowed region at this address, among the domain's first views; NONE. */
/*@ requires \valid(k) && d < CORE_DOMAINS;
    assigns \nothing;
    ensures \result == NONE || \result < CORE_VIEWS; */
static uint32_t view_at(const struct kernel *k, uint32_t d, page_number page)
{
    uint32_t v = k->domain[d].views;
    /*@ loop invariant 0 <= i <= VIEW_SEARCH;
        loop assigns i, v;
        loop variant VIEW_SEARCH - i; */
    for (uint32_t i = 0; i < VIEW_SEARCH && v < CORE_VIEWS; i++) {
        uint32_t region = k->view[v].region;
        if (region < CORE_REGIONS && page >= k->region[region].page &&
            page - k->region[region].page < k->region[region].pages)
            return v;
        v = k->view[v].domain_next;
    }
    return NONE;
}

uint32_t view_find(const struct kernel *k, uint32_t d, page_number page)
{
    return d < CORE_DOMAINS ? view_at(k, d, page) : NONE;
}

bool shadow_fault(struct kernel *k, uint32_t d, uint64_t address)
{
    page_number page = address / PAGE_BYTES;
    uint32_t v = d < CORE_DOMAINS ? view_at(k, d, page) : NONE;
    if (v >= CORE_VIEWS) return false;
    uint32_t region = k->view[v].region;
    if (region >= CORE_REGIONS || k->region[region].shadowed == 0 || k->view[v].owner == 0 ||
        k->region[region].busy != 0)
        return false;
    uint64_t at = page - k->region[region].page;
    frame_number old = page_map_get(k, region, MAP_FRAMES, at);
    if (old == FRAME_NONE) return false;
    /* another CPU of the domain may have been faster */
    frame_number copy = page_map_get(k, region, MAP_SHADOW, at);
    if (copy == FRAME_NONE) {
        copy = frame_take(k);
        if (copy == FRAME_NONE) return false;
        if (!page_map_set(k, region, MAP_SHADOW, at, copy)) {
            frame_give(k, copy);
            return false;
        }
        arch_frame_copy(k->machine, copy, old);
        k->region[region].shadow_count++;
    }
    arch_map(k->machine, d, page, copy, ACCESS_READ | ACCESS_WRITE);
    arch_shootdown(k->machine, d, page, 1);
    return true;
}

bool shadow_step(struct kernel *k, uint32_t context, bool commit)
{
    uint32_t region = k->context[context].pending_slot;
    if (region >= CORE_REGIONS || !object_alive(k, BASE_REGION + region, k->context[context].pending_life)) {
        k->context[context].pending = PENDING_NONE;
        return true;
    }
    uint64_t page = 0;
    /*@ loop invariant 0 <= i <= SHADOW_PAGES;
        loop assigns i, page, *k;
        loop variant SHADOW_PAGES - i; */
    for (uint32_t i = 0; i < SHADOW_PAGES; i++) {
        frame_number copy = page_map_take(k, region, MAP_SHADOW, &page);
        if (copy == FRAME_NONE) {
            if (!page_map_empty(k, region, MAP_SHADOW)) continue;
            uint32_t v = k->region[region].views;
            pebbles_release(k, k->object[BASE_REGION + region].owner, k->region[region].shadow_charged);
            k->region[region].charged -= k->region[region].shadow_charged;
            k->region[region].shadow_charged = 0;
            k->region[region].shadow_count = 0;
            k->region[region].shadowed = 0;
            k->region[region].busy = 0;
            if (v < CORE_VIEWS) {
                /* stale entries may name frames that are free */
                view_set_access(k, v, ACCESS_NONE);
                view_set_access(k, v, ACCESS_READ | ACCESS_WRITE);
            }
            k->context[context].pending = PENDING_NONE;
            return true;
        }
        frame_number old = page_map_get(k, region, MAP_FRAMES, page);
        frame_number kept = commit ? copy : old, gone = commit ? old : copy;
        uint32_t owner = k->object[BASE_REGION + region].owner;
        if (commit) page_map_set(k, region, MAP_FRAMES, page, copy);
        if (owner < CORE_DOMAINS) {
            arch_map(k->machine, owner, k->region[region].page + page, kept, ACCESS_READ);
            arch_shootdown(k->machine, owner, k->region[region].page + page, 1);
        }
        frame_give(k, gone);
    }
    return false;
}
