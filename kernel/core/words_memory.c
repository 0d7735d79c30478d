/* Words about regions and views. */
#include "kernel/core/arbiter.h"
#include "kernel/core/pebbles.h"
#include "kernel/core/capability.h"
#include "kernel/core/frames.h"
#include "kernel/core/page_map.h"
#include "kernel/core/object.h"
#include "kernel/core/reaper.h"
#include "kernel/core/region.h"
#include "kernel/core/words.h"

#define ACCESS_ALL 7u /* read, write, execute: the bits of the rights of the same names */

/*@ requires \valid(k);
    assigns \nothing;
    ensures \result == NONE || \result < CORE_REGIONS; */
static uint32_t region_of(const struct kernel *k, uint32_t slot)
{
    return word_object(k, slot, OBJECT_REGION) < CORE_REGIONS ? word_object(k, slot, OBJECT_REGION) : NONE;
}

/*@ requires \valid(k) && region < CORE_REGIONS;
    assigns \nothing; */
static uint32_t owner_of(const struct kernel *k, uint32_t region)
{
    return k->object[BASE_REGION + region].owner;
}

/* The view of the owner; NONE. */
/*@ requires \valid(k) && region < CORE_REGIONS;
    assigns \nothing;
    ensures \result == NONE || \result < CORE_VIEWS; */
static uint32_t view_of_owner(const struct kernel *k, uint32_t region)
{
    uint32_t v = k->region[region].views;
    /*@ loop invariant 0 <= i <= STEP_UNITS;
        loop assigns i, v;
        loop variant STEP_UNITS - i; */
    for (uint32_t i = 0; i < STEP_UNITS && v < CORE_VIEWS; i++) {
        if (k->view[v].owner != 0) return v;
        v = k->view[v].region_next;
    }
    return NONE;
}

/* What the state of a region lets the domain do with it. */
/*@ requires \valid(k) && region < CORE_REGIONS;
    assigns \nothing; */
static uint32_t access_allowed(const struct kernel *k, uint32_t region, uint32_t d)
{
    bool owner = owner_of(k, region) == d;
    uint32_t most =
        k->region[region].executable != 0 ? ACCESS_READ | ACCESS_EXECUTE : ACCESS_READ | ACCESS_WRITE;
    switch (k->region[region].state) {
    case REGION_EXCLUSIVE: return owner ? most : ACCESS_NONE;
    case REGION_SHARED: return most & (ACCESS_READ | ACCESS_EXECUTE);
    case REGION_STREAM: return owner ? most : most & ACCESS_READ;
    case REGION_COMMON: return most;
    case REGION_LENT:
        return k->region[region].other == d && object_alive(k, BASE_DOMAIN + d, k->region[region].other_life)
                   ? most
                   : ACCESS_NONE;
    default: return ACCESS_NONE;
    }
}

uint32_t word_REGION_CREATE(struct kernel *k, uint32_t c, uint32_t d, uint32_t slot)
{
    uint64_t pages = k->context[c].frame.arg[0];
    bool commit = k->context[c].frame.arg[1] != 0;
    if (pages == 0 || pages > REGION_PAGES) return STATUS_RANGE;
    uint64_t base = COST_REGION + COST_CAPABILITY + COST_VIEW;
    if (k->domain[d].free < base || (commit && k->domain[d].free - base < pages * PAGE_BYTES))
        return STATUS_BUDGET;
    uint32_t region = region_ready(k, pages);
    if (region >= CORE_REGIONS || !capability_ready(k, 1)) return STATUS_FULL;
    uint32_t status = region_create_check(k, d, region, pages, commit);
    if (status != STATUS_OK) return status;
    region_make(k, region, d, pages);
    uint32_t made = word_root(k, d, OBJECT_REGION, BASE_REGION + region, 0, pages);
    if (made >= CORE_CAPABILITIES) return STATUS_FULL;
    view_make(k, d, region, made, ACCESS_READ | ACCESS_WRITE, true);
    k->context[c].frame.arg[0] = capability_handle(k, made);
    k->context[c].frame.arg[1] = k->region[region].page * PAGE_BYTES;
    if (commit) region_commit_begin(k, c, region, 0, pages);
    return STATUS_OK;
}

/* Whether the caller may change what is behind the region: its own, exclusive, nothing under way. */
/*@ requires \valid(k) && region < CORE_REGIONS;
    assigns \nothing; */
static uint32_t check_own(const struct kernel *k, uint32_t region, uint32_t d)
{
    if (k->region[region].busy != 0) return STATUS_BUSY;
    if (owner_of(k, region) != d || k->region[region].state != REGION_EXCLUSIVE ||
        k->region[region].shadowed != 0)
        return STATUS_STATE;
    return STATUS_OK;
}

uint32_t word_REGION_COMMIT(struct kernel *k, uint32_t c, uint32_t d, uint32_t slot)
{
    uint32_t region = region_of(k, slot);
    if (region >= CORE_REGIONS) return STATUS_KIND;
    uint32_t status = check_own(k, region, d);
    if (status == STATUS_OK)
        status = region_commit_check(k, region, k->context[c].frame.arg[1], k->context[c].frame.arg[2]);
    if (status != STATUS_OK) return status;
    region_commit_begin(k, c, region, k->context[c].frame.arg[1], k->context[c].frame.arg[2]);
    return STATUS_OK;
}

uint32_t word_REGION_DECOMMIT(struct kernel *k, uint32_t c, uint32_t d, uint32_t slot)
{
    uint32_t region = region_of(k, slot);
    if (region >= CORE_REGIONS) return STATUS_KIND;
    uint32_t status = check_own(k, region, d);
    if (status != STATUS_OK) return status;
    uint64_t page = k->context[c].frame.arg[1], pages = k->context[c].frame.arg[2];
    if (k->region[region].backing != BACKING_FRAMES) return STATUS_STATE;
    if (page > k->region[region].pages || pages > k->region[region].pages - page) return STATUS_RANGE;
    k->region[region].busy = 1;
    k->context[c].pending = PENDING_DECOMMIT;
    k->context[c].pending_slot = region;
    k->context[c].pending_life = k->object[BASE_REGION + region].generation;
    k->context[c].pending_page = page;
    k->context[c].pending_pages = page + pages;
    k->context[c].pending_count = 0;
    return STATUS_OK;
}

uint32_t word_REGION_DESTROY(struct kernel *k, uint32_t c, uint32_t d, uint32_t slot)
{
    uint32_t region = region_of(k, slot);
    if (region >= CORE_REGIONS) return STATUS_KIND;
    if (owner_of(k, region) != d || k->region[region].busy != 0) return STATUS_STATE;
    if (k->region[region].state == REGION_LENT && k->region[region].view_count > 0) return STATUS_STATE;
    region_abandon(k, region);
    return STATUS_OK;
}

/* A change of ownership that leaves the owner's view with what the new state allows. */
/*@ requires \valid(k);
    assigns *k; */
static uint32_t change(struct kernel *k, uint32_t d, uint32_t slot, uint32_t operation)
{
    uint32_t region = region_of(k, slot);
    if (region >= CORE_REGIONS) return STATUS_KIND;
    if (k->region[region].busy != 0) return STATUS_BUSY;
    if (owner_of(k, region) != d || k->region[region].shadowed != 0) return STATUS_STATE;
    if (!region_change(k, region, operation)) return STATUS_STATE;
    uint32_t v = view_of_owner(k, region);
    if (v < CORE_VIEWS) view_set_access(k, v, access_allowed(k, region, d));
    return STATUS_OK;
}

uint32_t word_REGION_SHARE(struct kernel *k, uint32_t c, uint32_t d, uint32_t slot)
{
    return change(k, d, slot, OPERATION_SHARE);
}

uint32_t word_REGION_STREAM(struct kernel *k, uint32_t c, uint32_t d, uint32_t slot)
{
    return change(k, d, slot, OPERATION_STREAM);
}

uint32_t word_REGION_COMMON(struct kernel *k, uint32_t c, uint32_t d, uint32_t slot)
{
    return change(k, d, slot, OPERATION_COMMON);
}

uint32_t word_REGION_RECLAIM(struct kernel *k, uint32_t c, uint32_t d, uint32_t slot)
{
    uint32_t region = region_of(k, slot);
    if (region >= CORE_REGIONS) return STATUS_KIND;
    uint32_t v = view_of_owner(k, region);
    if (owner_of(k, region) == d && k->region[region].view_count > (v < CORE_VIEWS ? 1u : 0u))
        return STATUS_BUSY;
    return change(k, d, slot, OPERATION_RECLAIM);
}

uint32_t word_REGION_INFO(struct kernel *k, uint32_t c, uint32_t d, uint32_t slot)
{
    uint32_t region = region_of(k, slot);
    if (region >= CORE_REGIONS) return STATUS_KIND;
    k->context[c].frame.arg[0] = k->region[region].page * PAGE_BYTES;
    k->context[c].frame.arg[1] = k->region[region].pages;
    k->context[c].frame.arg[2] = k->region[region].state;
    k->context[c].frame.arg[3] = k->region[region].committed;
    k->context[c].frame.arg[4] = k->region[region].view_count;
    return STATUS_OK;
}

uint32_t word_VIEW_MAP(struct kernel *k, uint32_t c, uint32_t d, uint32_t slot)
{
    uint32_t region = region_of(k, slot);
    if (region >= CORE_REGIONS || slot >= CORE_CAPABILITIES) return STATUS_KIND;
    uint64_t wanted = k->context[c].frame.arg[1];
    if (wanted == 0 || (wanted & ~(uint64_t)ACCESS_ALL) != 0) return STATUS_RIGHT;
    if ((wanted & ~(uint64_t)capability_rights(k, slot)) != 0) return STATUS_RIGHT;
    if ((wanted & ~(uint64_t)access_allowed(k, region, d)) != 0 || k->capability[slot].view < CORE_VIEWS)
        return STATUS_STATE;
    bool owner = owner_of(k, region) == d && view_of_owner(k, region) >= CORE_VIEWS;
    uint32_t status = view_check(k, d, region, owner);
    if (status != STATUS_OK) return status;
    view_make(k, d, region, slot, (uint32_t)(wanted & ACCESS_ALL), owner);
    k->context[c].frame.arg[0] = k->region[region].page * PAGE_BYTES;
    return STATUS_OK;
}

uint32_t word_VIEW_UNMAP(struct kernel *k, uint32_t c, uint32_t d, uint32_t slot)
{
    if (slot >= CORE_CAPABILITIES) return STATUS_HANDLE;
    uint32_t region = region_of(k, slot);
    if (k->capability[slot].view >= CORE_VIEWS) return STATUS_STATE;
    if (region < CORE_REGIONS && k->region[region].busy != 0) return STATUS_STATE;
    view_end(k, k->capability[slot].view);
    return STATUS_OK;
}

uint32_t word_VIEW_PROTECT(struct kernel *k, uint32_t c, uint32_t d, uint32_t slot)
{
    uint32_t region = region_of(k, slot);
    if (region >= CORE_REGIONS || slot >= CORE_CAPABILITIES) return STATUS_KIND;
    uint32_t status = check_own(k, region, d);
    if (status != STATUS_OK) return status;
    uint64_t wanted = k->context[c].frame.arg[1];
    uint32_t v = k->capability[slot].view;
    if ((wanted & ~(uint64_t)ACCESS_ALL) != 0 || (wanted & ~(uint64_t)capability_rights(k, slot)) != 0)
        return STATUS_RIGHT;
    if (v >= CORE_VIEWS || (wanted & ~(uint64_t)access_allowed(k, region, d)) != 0) return STATUS_STATE;
    view_set_access(k, v, (uint32_t)(wanted & ACCESS_ALL));
    return STATUS_OK;
}

/* ---- lending and exchange ---- */

/* The domain behind the second argument, for a region of the caller's own. */
/*@ requires \valid(k) && c < CORE_CONTEXTS && region < CORE_REGIONS && \valid(target) && \separated(k, target);
    assigns *target;
    ensures \result == STATUS_OK ==> *target < CORE_DOMAINS; */
static uint32_t check_target(const struct kernel *k, uint32_t c, uint32_t d, uint32_t region,
                             uint32_t *target)
{
    uint32_t status = check_own(k, region, d);
    if (status != STATUS_OK) return status;
    status = word_domain_behind(k, d, k->context[c].frame.arg[1], target);
    if (status != STATUS_OK) return status;
    uint32_t v = view_of_owner(k, region);
    if (*target == d || k->region[region].view_count > (v < CORE_VIEWS ? 1u : 0u)) return STATUS_STATE;
    return k->domain[*target].state == DOMAIN_LIVE ? STATUS_OK : STATUS_DEAD;
}

/*@ requires \valid(k) && c < CORE_CONTEXTS;
    assigns *k; */
static uint32_t hand_to(struct kernel *k, uint32_t c, uint32_t d, uint32_t slot, uint32_t operation)
{
    uint32_t region = region_of(k, slot), target = NONE;
    if (region >= CORE_REGIONS) return STATUS_KIND;
    uint32_t status = check_target(k, c, d, region, &target);
    if (status != STATUS_OK) return status;
    if (!region_change(k, region, operation)) return STATUS_STATE;
    k->region[region].other = target;
    k->region[region].other_life = k->object[BASE_DOMAIN + target].generation;
    uint32_t v = view_of_owner(k, region);
    if (v < CORE_VIEWS) view_set_access(k, v, ACCESS_NONE);
    return STATUS_OK;
}

uint32_t word_LEND(struct kernel *k, uint32_t c, uint32_t d, uint32_t slot)
{
    return hand_to(k, c, d, slot, OPERATION_LEND);
}

uint32_t word_PREPARE(struct kernel *k, uint32_t c, uint32_t d, uint32_t slot)
{
    return hand_to(k, c, d, slot, OPERATION_PREPARE);
}

/* The owner has it again. */
/*@ requires \valid(k) && region < CORE_REGIONS;
    assigns *k; */
static uint32_t take_back(struct kernel *k, uint32_t region, uint32_t operation)
{
    if (!region_change(k, region, operation)) return STATUS_STATE;
    k->region[region].other = NONE;
    uint32_t v = view_of_owner(k, region);
    if (v < CORE_VIEWS) view_set_access(k, v, access_allowed(k, region, owner_of(k, region)));
    return STATUS_OK;
}

uint32_t word_RETURN(struct kernel *k, uint32_t c, uint32_t d, uint32_t slot)
{
    uint32_t region = region_of(k, slot);
    if (region >= CORE_REGIONS || slot >= CORE_CAPABILITIES) return STATUS_KIND;
    if (k->region[region].state != REGION_LENT) return STATUS_STATE;
    uint32_t other = k->region[region].other;
    bool lives = other < CORE_DOMAINS && object_alive(k, BASE_DOMAIN + other, k->region[region].other_life);
    if (lives ? other != d : owner_of(k, region) != d) return STATUS_STATE;
    uint32_t v = view_of_owner(k, region);
    if (lives && k->capability[slot].view < CORE_VIEWS) view_end(k, k->capability[slot].view);
    /* the borrower may have mapped it by another capability: that has to go first */
    if (k->region[region].view_count > (v < CORE_VIEWS ? 1u : 0u)) return STATUS_STATE;
    return take_back(k, region, OPERATION_RETURN);
}

uint32_t word_CANCEL(struct kernel *k, uint32_t c, uint32_t d, uint32_t slot)
{
    uint32_t region = region_of(k, slot);
    if (region >= CORE_REGIONS) return STATUS_KIND;
    if (owner_of(k, region) != d) return STATUS_STATE;
    return take_back(k, region, OPERATION_CANCEL);
}

uint32_t word_ACCEPT(struct kernel *k, uint32_t c, uint32_t d, uint32_t slot)
{
    uint32_t region = region_of(k, slot);
    if (region >= CORE_REGIONS || slot >= CORE_CAPABILITIES) return STATUS_KIND;
    uint32_t id = BASE_REGION + region;
    if (k->region[region].state != REGION_OFFERED) return STATUS_STATE;
    if (k->region[region].other != d || !object_alive(k, BASE_DOMAIN + d, k->region[region].other_life))
        return STATUS_DENIED;
    if (k->object[id].generation >= GENERATION_LAST - 1 || k->object[id].revoking != 0) return STATUS_BUSY;
    uint64_t charged = k->region[region].charged;
    uint32_t status = view_check(k, d, region, true);
    if (status != STATUS_OK) return status;
    if (!view_affordable(k, d, region, charged + COST_VIEW)) return STATUS_BUDGET;
    /* from here on nothing fails */
    uint32_t v = view_of_owner(k, region), old = owner_of(k, region);
    if (v < CORE_VIEWS) view_end(k, v);
    region_change(k, region, OPERATION_ACCEPT);
    k->object[id].generation++;
    k->object[id].capabilities = 0;
    pebbles_release(k, old, charged);
    pebbles_charge(k, d, charged);
    object_set_owner(k, id, d);
    k->region[region].other = NONE;
    capability_drop(k, slot);
    uint32_t made = word_root(k, d, OBJECT_REGION, id, 0, k->region[region].pages);
    if (made >= CORE_CAPABILITIES) return STATUS_FULL;
    view_make(k, d, region, made, access_allowed(k, region, d), true);
    k->context[c].frame.arg[0] = capability_handle(k, made);
    k->context[c].frame.arg[1] = k->region[region].page * PAGE_BYTES;
    return STATUS_OK;
}

/* ---- shadows ---- */

uint32_t word_SHADOW_BEGIN(struct kernel *k, uint32_t c, uint32_t d, uint32_t slot)
{
    uint32_t region = region_of(k, slot);
    if (region >= CORE_REGIONS) return STATUS_KIND;
    uint32_t status = check_own(k, region, d);
    return status != STATUS_OK ? status : shadow_begin(k, region);
}

/*@ requires \valid(k) && c < CORE_CONTEXTS;
    assigns *k; */
static uint32_t shadow_end(struct kernel *k, uint32_t c, uint32_t d, uint32_t slot, uint32_t pending)
{
    uint32_t region = region_of(k, slot);
    if (region >= CORE_REGIONS) return STATUS_KIND;
    if (k->region[region].busy != 0) return STATUS_BUSY;
    if (owner_of(k, region) != d || k->region[region].shadowed == 0) return STATUS_STATE;
    k->region[region].busy = 1;
    k->context[c].pending = (uint8_t)pending;
    k->context[c].pending_slot = region;
    k->context[c].pending_life = k->object[BASE_REGION + region].generation;
    k->context[c].pending_count = 0;
    return STATUS_OK;
}

uint32_t word_SHADOW_COMMIT(struct kernel *k, uint32_t c, uint32_t d, uint32_t slot)
{
    return shadow_end(k, c, d, slot, PENDING_SHADOW_COMMIT);
}

uint32_t word_SHADOW_ABORT(struct kernel *k, uint32_t c, uint32_t d, uint32_t slot)
{
    return shadow_end(k, c, d, slot, PENDING_SHADOW_ABORT);
}

/* ---- code and devices ---- */

uint32_t word_REGION_EXECUTABLE(struct kernel *k, uint32_t c, uint32_t d, uint32_t slot)
{
    uint32_t region = region_of(k, slot), code = NONE;
    if (region >= CORE_REGIONS) return STATUS_KIND;
    uint32_t status = check_own(k, region, d);
    if (status != STATUS_OK) return status;
    status = word_capability(k, d, k->context[c].frame.arg[1], OBJECT_CODE, RIGHT_manage, &code);
    if (status != STATUS_OK) return status;
    if (k->region[region].backing != BACKING_FRAMES || region_is_large(k, region)) return STATUS_STATE;
    k->region[region].executable = 1;
    uint32_t v = view_of_owner(k, region);
    if (v < CORE_VIEWS) view_set_access(k, v, ACCESS_READ);
    return STATUS_OK;
}

/* A region over `pages` frames from `first` on. */
/*@ requires \valid(k) && c < CORE_CONTEXTS && d < CORE_DOMAINS;
    assigns *k; */
static uint32_t create_run(struct kernel *k, uint32_t c, uint32_t d, uint32_t slot, uint32_t backing)
{
    if (slot >= CORE_CAPABILITIES) return STATUS_HANDLE;
    uint64_t page = k->context[c].frame.arg[1], pages = k->context[c].frame.arg[2],
             length = k->capability[slot].length;
    if (pages == 0 || pages >= PAGES_PER_TABLE || page > length || pages > length - page) return STATUS_RANGE;
    uint64_t first = k->capability[slot].base + page;
    if (first > 0xffff0000u) return STATUS_RANGE;
    if (backing == BACKING_DEVICE && !frames_are_device(k, first, first + pages)) return STATUS_DENIED;
    uint32_t region = region_ready(k, pages);
    if (region >= CORE_REGIONS || !capability_ready(k, 1)) return STATUS_FULL;
    uint32_t status = region_create_check(k, d, region, pages, false);
    if (status != STATUS_OK) return status;
    region_make(k, region, d, pages);
    k->region[region].backing = (uint8_t)backing;
    k->region[region].first = (frame_number)first;
    k->region[region].committed = pages;
    uint32_t made = word_root(k, d, OBJECT_REGION, BASE_REGION + region, 0, pages);
    if (made >= CORE_CAPABILITIES) return STATUS_FULL;
    view_make(k, d, region, made, ACCESS_READ | ACCESS_WRITE, true);
    k->context[c].frame.arg[0] = capability_handle(k, made);
    k->context[c].frame.arg[1] = k->region[region].page * PAGE_BYTES;
    return STATUS_OK;
}

uint32_t word_REGION_DEVICE(struct kernel *k, uint32_t c, uint32_t d, uint32_t slot)
{
    return create_run(k, c, d, slot, BACKING_DEVICE);
}

uint32_t word_REGION_DMA(struct kernel *k, uint32_t c, uint32_t d, uint32_t slot)
{
    return create_run(k, c, d, slot, BACKING_RUN);
}

uint32_t word_REGION_PHYSICAL(struct kernel *k, uint32_t c, uint32_t d, uint32_t slot)
{
    uint32_t region = region_of(k, slot);
    if (region >= CORE_REGIONS) return STATUS_KIND;
    uint64_t page = k->context[c].frame.arg[1];
    if (k->region[region].backing == BACKING_FRAMES || k->region[region].boot != 0) return STATUS_DENIED;
    if (page >= k->region[region].pages) return STATUS_RANGE;
    k->context[c].frame.arg[0] = region_frame(k, region, page);
    return STATUS_OK;
}
