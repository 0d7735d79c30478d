/* Words about capabilities, budgets, grants and tokens. */
#include "kernel/core/arbiter.h"
#include "kernel/core/pebbles.h"
#include "kernel/core/capability.h"
#include "kernel/core/object.h"
#include "kernel/core/reaper.h"
#include "kernel/core/words.h"

uint32_t word_NOTHING(struct kernel *k, uint32_t c, uint32_t d, uint32_t slot)
{
    return STATUS_OK;
}

uint32_t word_IDENTIFY(struct kernel *k, uint32_t c, uint32_t d, uint32_t slot)
{
    if (slot >= CORE_CAPABILITIES) return STATUS_HANDLE;
    k->context[c].frame.arg[0] = k->capability[slot].kind;
    k->context[c].frame.arg[1] = capability_rights(k, slot);
    /* a channel's range is the kernel's own: which flow */
    bool open = k->capability[slot].kind != OBJECT_CHANNEL && k->capability[slot].kind != OBJECT_REPLY;
    k->context[c].frame.arg[2] = open ? k->capability[slot].base : 0;
    k->context[c].frame.arg[3] = open ? k->capability[slot].length : 0;
    k->context[c].frame.arg[4] = k->capability[slot].object;
    return STATUS_OK;
}

uint32_t word_DERIVE(struct kernel *k, uint32_t c, uint32_t d, uint32_t slot)
{
    if (slot >= CORE_CAPABILITIES) return STATUS_HANDLE;
    uint32_t made = NONE;
    uint32_t status = word_derive(k, slot, d, k->context[c].frame.arg[1], k->context[c].frame.arg[2],
                                  k->context[c].frame.arg[3], &made);
    if (status == STATUS_OK) k->context[c].frame.arg[0] = capability_handle(k, made);
    return status;
}

uint32_t word_COPY(struct kernel *k, uint32_t c, uint32_t d, uint32_t slot)
{
    if (slot >= CORE_CAPABILITIES) return STATUS_HANDLE;
    uint32_t domain = NONE, made = NONE;
    uint32_t status = word_capability(k, d, k->context[c].frame.arg[1], OBJECT_DOMAIN, RIGHT_manage, &domain);
    if (status != STATUS_OK) return status;
    status = word_derive(k, slot, word_object(k, domain, OBJECT_DOMAIN), k->context[c].frame.arg[2],
                         k->context[c].frame.arg[3], k->context[c].frame.arg[4], &made);
    if (status == STATUS_OK) k->context[c].frame.arg[0] = capability_handle(k, made);
    return status;
}

uint32_t word_MOVE(struct kernel *k, uint32_t c, uint32_t d, uint32_t slot)
{
    if (slot >= CORE_CAPABILITIES) return STATUS_HANDLE;
    uint32_t domain = NONE;
    uint32_t status = word_capability(k, d, k->context[c].frame.arg[1], OBJECT_DOMAIN, RIGHT_manage, &domain);
    if (status != STATUS_OK) return status;
    uint32_t to = word_object(k, domain, OBJECT_DOMAIN);
    if (to >= CORE_DOMAINS) return STATUS_DEAD;
    if (k->capability[slot].view < CORE_VIEWS || slot == k->domain[d].self) return STATUS_STATE;
    if (k->capability[slot].generation >= GENERATION_LAST) return STATUS_STATE;
    if (k->domain[to].free < COST_CAPABILITY && to != d) return STATUS_BUDGET;
    pebbles_release(k, d, COST_CAPABILITY);
    pebbles_charge(k, to, COST_CAPABILITY);
    capability_give(k, slot, to);
    k->context[c].frame.arg[0] = capability_handle(k, slot);
    return STATUS_OK;
}

uint32_t word_DELETE(struct kernel *k, uint32_t c, uint32_t d, uint32_t slot)
{
    if (slot >= CORE_CAPABILITIES || slot == k->domain[d].self) return STATUS_STATE;
    capability_drop(k, slot);
    return STATUS_OK;
}

uint32_t word_REVOKE(struct kernel *k, uint32_t c, uint32_t d, uint32_t slot)
{
    if (slot >= CORE_CAPABILITIES) return STATUS_HANDLE;
    uint32_t object = k->capability[slot].object;
    if (object >= CORE_OBJECTS) return STATUS_DEAD;
    if (k->object[object].revoking != 0) return STATUS_BUSY;
    k->object[object].revoking++;
    k->context[c].pending = PENDING_REVOKE;
    k->context[c].pending_slot = slot;
    k->context[c].pending_life = k->capability[slot].generation;
    k->context[c].pending_object = object;
    k->context[c].pending_count = 0;
    return STATUS_OK;
}

/* ---- budgets ---- */

uint32_t word_BUDGET(struct kernel *k, uint32_t c, uint32_t d, uint32_t slot)
{
    uint32_t target = word_object(k, slot, OBJECT_DOMAIN);
    if (target >= CORE_DOMAINS) return STATUS_KIND;
    k->context[c].frame.arg[0] = k->domain[target].limit;
    k->context[c].frame.arg[1] = k->domain[target].used;
    k->context[c].frame.arg[2] = k->domain[target].carved;
    k->context[c].frame.arg[3] = k->domain[target].free;
    return STATUS_OK;
}

uint32_t word_CARVE(struct kernel *k, uint32_t c, uint32_t d, uint32_t slot)
{
    uint32_t child = word_object(k, slot, OBJECT_DOMAIN);
    if (child >= CORE_DOMAINS) return STATUS_KIND;
    if (k->domain[child].parent != d || k->domain[child].state != DOMAIN_LIVE) return STATUS_STATE;
    return pebbles_carve(k, d, child, k->context[c].frame.arg[1]) ? STATUS_OK : STATUS_BUDGET;
}

uint32_t word_UNCARVE(struct kernel *k, uint32_t c, uint32_t d, uint32_t slot)
{
    return pebbles_uncarve(k, k->domain[d].parent, d, k->context[c].frame.arg[0]) ? STATUS_OK : STATUS_BUDGET;
}

uint32_t word_GRANT_CREATE(struct kernel *k, uint32_t c, uint32_t d, uint32_t slot)
{
    uint64_t bytes = k->context[c].frame.arg[0];
    uint64_t free = k->domain[d].free;
    if (free < COST_GRANT + COST_CAPABILITY || free - COST_GRANT - COST_CAPABILITY < bytes)
        return STATUS_BUDGET;
    uint32_t id = object_ready(k, OBJECT_GRANT);
    if (id < BASE_GRANT || id >= BASE_GRANT + CORE_GRANTS || !capability_ready(k, 1)) return STATUS_FULL;
    object_make(k, id, OBJECT_GRANT, d);
    pebbles_charge(k, d, COST_GRANT + bytes);
    k->grant[id - BASE_GRANT].bytes = bytes;
    k->context[c].frame.arg[0] = capability_handle(k, word_root(k, d, OBJECT_GRANT, id, 0, 0));
    return STATUS_OK;
}

uint32_t word_GRANT_REDEEM(struct kernel *k, uint32_t c, uint32_t d, uint32_t slot)
{
    uint32_t g = word_object(k, slot, OBJECT_GRANT);
    if (g >= CORE_GRANTS || slot >= CORE_CAPABILITIES) return STATUS_KIND;
    uint64_t bytes = k->grant[g].bytes;
    if (!pebbles_transfer(k, k->object[BASE_GRANT + g].owner, d, bytes)) return STATUS_STATE;
    k->grant[g].bytes = 0;
    capability_drop(k, slot);
    k->context[c].frame.arg[0] = bytes;
    return STATUS_OK;
}

/* ---- tokens: the object is their minter, the range their number ---- */

uint32_t word_TOKEN_MINT(struct kernel *k, uint32_t c, uint32_t d, uint32_t slot)
{
    if (k->domain[d].free < COST_CAPABILITY) return STATUS_BUDGET;
    if (!capability_ready(k, 1)) return STATUS_FULL;
    k->context[c].frame.arg[0] =
        capability_handle(k, word_root(k, d, OBJECT_TOKEN, BASE_DOMAIN + d, k->context[c].frame.arg[0], 0));
    return STATUS_OK;
}

uint32_t word_TOKEN_VERIFY(struct kernel *k, uint32_t c, uint32_t d, uint32_t slot)
{
    if (slot >= CORE_CAPABILITIES) return STATUS_HANDLE;
    k->context[c].frame.arg[0] = k->capability[slot].object;
    k->context[c].frame.arg[1] = k->capability[slot].base;
    return STATUS_OK;
}

uint32_t word_TOKEN_HELD(struct kernel *k, uint32_t c, uint32_t d, uint32_t slot)
{
    uint32_t target = NONE, token = NONE;
    uint32_t status = word_domain_behind(k, d, k->context[c].frame.arg[0], &target);
    if (status != STATUS_OK) return status;
    status = word_capability(k, d, k->context[c].frame.arg[1], OBJECT_TOKEN, 0, &token);
    if (status != STATUS_OK) return status;
    uint32_t s = k->domain[target].capabilities;
    uint64_t held = 0;
    /*@ loop invariant 0 <= i <= TOKEN_SEARCH;
        loop assigns i, s, held;
        loop variant TOKEN_SEARCH - i; */
    for (uint32_t i = 0; i < TOKEN_SEARCH && s < CORE_CAPABILITIES; i++) {
        if (k->capability[s].kind == OBJECT_TOKEN && k->capability[s].object == k->capability[token].object &&
            k->capability[s].life == k->capability[token].life &&
            k->capability[s].base == k->capability[token].base) {
            held = 1;
            break;
        }
        s = k->capability[s].domain_next;
    }
    k->context[c].frame.arg[0] = held;
    return STATUS_OK;
}
