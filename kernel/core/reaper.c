#include "kernel/core/reaper.h"
#include "kernel/core/arbiter.h"
#include "kernel/core/pebbles.h"
#include "kernel/core/capability.h"
#include "kernel/core/channel.h"
#include "kernel/core/domain.h"
#include "kernel/core/frames.h"
#include "kernel/core/object.h"
#include "kernel/core/region.h"
#include "kernel/core/signal.h"

/* ---- capabilities ---- */

/* What ends when nobody can name it. */
/*@ assigns \nothing; */
static bool ends_unnamed(uint32_t kind)
{
    return kind == OBJECT_REGION || kind == OBJECT_GRANT || kind == OBJECT_CHANNEL || kind == OBJECT_SIGNAL;
}

void capability_drop(struct kernel *k, uint32_t slot)
{
    uint32_t object = k->capability[slot].object, life = k->capability[slot].life,
             kind = k->capability[slot].kind;
    uint64_t base = k->capability[slot].base;
    view_end(k, k->capability[slot].view);
    pebbles_release(k, k->capability[slot].domain, COST_CAPABILITY);
    capability_free(k, slot);
    if (!object_alive(k, object, life)) return;
    if (kind == OBJECT_REPLY) call_fail(k, object, life, base);
    if (kind == OBJECT_CHANNEL && base < CORE_FLOWS) flow_drop(k, (uint32_t)base);
    if (k->object[object].capabilities > 0) k->object[object].capabilities--;
    if (k->object[object].capabilities == 0 && ends_unnamed(k->object[object].kind) &&
        !(kind == OBJECT_REGION && object >= BASE_REGION && object < BASE_REGION + CORE_REGIONS &&
          k->region[object - BASE_REGION].boot != 0))
        object_end(k, object);
}

bool reaper_revoke_step(struct kernel *k, uint32_t c)
{
    uint32_t slot = k->context[c].pending_slot;
    uint32_t object = slot < CORE_CAPABILITIES ? k->capability[slot].object : NONE;
    bool there = slot < CORE_CAPABILITIES && k->capability[slot].kind != OBJECT_NONE &&
                 k->capability[slot].generation == k->context[c].pending_life;
    /*@ loop invariant 0 <= i <= STEP_UNITS;
        loop assigns i, *k;
        loop variant STEP_UNITS - i; */
    for (uint32_t i = 0; there && i < STEP_UNITS; i++) {
        uint32_t child = k->capability[slot].child;
        if (child >= CORE_CAPABILITIES) break;
        capability_drop(k, child);
        k->context[c].pending_count++;
    }
    if (there && k->capability[slot].child < CORE_CAPABILITIES) return false;
    k->context[c].pending = PENDING_NONE;
    k->context[c].frame.arg[0] = k->context[c].pending_count;
    object = k->context[c].pending_object;
    if (object < CORE_OBJECTS && k->object[object].revoking > 0) k->object[object].revoking--;
    return true;
}

/* ---- domains ---- */

/* Ends what the context was about. */
/*@ requires \valid(k) && c < CORE_CONTEXTS;
    assigns *k; */
static void context_cut(struct kernel *k, uint32_t c)
{
    channel_stop_waiting(k, c);
    signal_stop_waiting(k, c);
    if (k->context[c].pending == PENDING_COMMIT) region_commit_end(k, c);
    if (k->context[c].pending == PENDING_REVOKE) {
        uint32_t object = k->context[c].pending_object;
        if (object < CORE_OBJECTS && k->object[object].revoking > 0) k->object[object].revoking--;
        k->context[c].pending = PENDING_NONE;
    }
    if (k->context[c].serving < CORE_OBJECTS)
        call_fail(k, k->context[c].serving, k->context[c].serving_life, k->context[c].serving_call);
    k->context[c].serving = NONE;
    context_halt(k, c, CONTEXT_STOPPED);
}

void domain_end(struct kernel *k, uint32_t d)
{
    if (d >= CORE_DOMAINS || k->domain[d].state != DOMAIN_LIVE) return;
    if (d == k->root) arch_power(k->machine, POWER_RESET);
    k->domain[d].state = DOMAIN_DYING;
    k->domain[d].phase = PHASE_CONTEXTS;
    object_end(k, BASE_DOMAIN + d);
    /*@ loop invariant 0 <= i <= CORE_CPUS;
        loop assigns i, *k;
        loop variant CORE_CPUS - i; */
    for (uint32_t i = 0; i < CORE_CPUS; i++) {
        uint32_t c = k->domain[d].context[i];
        if (c < CORE_CONTEXTS) context_cut(k, c);
    }
}

/* An object that the dying domain paid for goes.  true: it is off the domain's list or on its way. */
/*@ requires \valid(k) && id < CORE_OBJECTS && d < CORE_DOMAINS;
    assigns *k; */
static void end_owned(struct kernel *k, uint32_t id, uint32_t d)
{
    if (k->object[id].dying != 0) return;
    if (id >= BASE_REGION && id < BASE_REGION + CORE_REGIONS) {
        uint32_t region = id - BASE_REGION, parent = k->domain[d].parent;
        if (k->region[region].state == REGION_LENT && parent < CORE_DOMAINS &&
            k->domain[parent].state == DOMAIN_LIVE) {
            /* the borrower keeps it until it returns it; then it is the parent's, and so is its cost */
            uint64_t bytes = k->region[region].charged;
            pebbles_release(k, d, bytes);
            if (pebbles_uncarve(k, parent, d, bytes) && pebbles_charge(k, parent, bytes)) {
                object_set_owner(k, id, parent);
                return;
            }
            k->region[region].charged = 0;
            object_set_owner(k, id, NONE);
            object_end(k, id);
            return;
        }
        region_abandon(k, region);
        return;
    }
    object_end(k, id);
}

/* The dying domain's own phases; true: it is gone. */
/*@ requires \valid(k) && d < CORE_DOMAINS;
    assigns *k; */
static bool domain_reap(struct kernel *k, uint32_t d)
{
    switch (k->domain[d].phase) {
    case PHASE_CONTEXTS: {
        uint32_t child = k->domain[d].child;
        if (child < CORE_DOMAINS) {
            /* children first: they are killed one a step, and wait in the queue behind */
            if (k->domain[child].state == DOMAIN_LIVE) {
                domain_end(k, child);
                return false;
            }
            uint32_t next = k->domain[child].next;
            /*@ loop invariant 0 <= i <= STEP_UNITS;
                loop assigns i, next, *k;
                loop variant STEP_UNITS - i; */
            for (uint32_t i = 0; i < STEP_UNITS && next < CORE_DOMAINS; i++) {
                if (k->domain[next].state == DOMAIN_LIVE) {
                    domain_end(k, next);
                    return false;
                }
                next = k->domain[next].next;
            }
            return false;
        }
        if (domain_runs(k, d)) return false;
        k->domain[d].phase = PHASE_ROOT;
        return false;
    }
    case PHASE_ROOT:
        arch_root_close(k->machine, d);
        k->domain[d].phase = PHASE_CAPABILITIES;
        return false;
    case PHASE_CAPABILITIES: {
        /*@ loop invariant 0 <= i <= STEP_UNITS;
            loop assigns i, *k;
            loop variant STEP_UNITS - i; */
        for (uint32_t i = 0; i < STEP_UNITS; i++) {
            uint32_t slot = k->domain[d].capabilities;
            if (slot >= CORE_CAPABILITIES) {
                k->domain[d].phase = PHASE_OBJECTS;
                return false;
            }
            /* what it was the last to name is given up with an owner who is dying: keep the end to end_owned */
            uint32_t object = k->capability[slot].object;
            if (object < CORE_OBJECTS && k->object[object].owner == d &&
                k->object[object].generation == k->capability[slot].life) {
                end_owned(k, object, d);
                if (k->capability[slot].kind == OBJECT_NONE) continue;
            }
            capability_drop(k, slot);
        }
        return false;
    }
    case PHASE_OBJECTS: {
        uint32_t id = k->domain[d].objects;
        /*@ loop invariant 0 <= i <= STEP_UNITS;
            loop assigns i, id, *k;
            loop variant STEP_UNITS - i; */
        for (uint32_t i = 0; i < STEP_UNITS && id < CORE_OBJECTS; i++) {
            uint32_t next = k->object[id].next;
            end_owned(k, id, d);
            id = next;
        }
        if (k->domain[d].objects < CORE_OBJECTS) return false;
        k->domain[d].phase = PHASE_TABLES;
        return false;
    }
    case PHASE_TABLES: {
        /*@ loop invariant 0 <= i <= STEP_UNITS;
            loop assigns i, *k;
            loop variant STEP_UNITS - i; */
        for (uint32_t i = 0; i < STEP_UNITS; i++) {
            frame_number frame = arch_table_take(k->machine, d);
            if (frame == FRAME_NONE) {
                k->domain[d].phase = PHASE_CHILDREN;
                return false;
            }
            frame_give(k, frame);
            if (k->domain[d].tables > 0) {
                k->domain[d].tables--;
                pebbles_release(k, d, PAGE_BYTES);
            }
        }
        return false;
    }
    default: {
        uint32_t parent = k->domain[d].parent, prev = k->domain[d].prev, next = k->domain[d].next;
        if (prev < CORE_DOMAINS)
            k->domain[prev].next = next;
        else if (parent < CORE_DOMAINS)
            k->domain[parent].child = next;
        if (next < CORE_DOMAINS) k->domain[next].prev = prev;
        pebbles_release(k, d, COST_DOMAIN);
        if (parent < CORE_DOMAINS) pebbles_uncarve(k, parent, d, k->domain[d].limit);
        monitors_tell(k, d, MONITOR_END);
        k->domain[d].state = DOMAIN_NONE;
        monitors_reap(k, d);
        object_free(k, BASE_DOMAIN + d);
        return true;
    }
    }
}

/* ---- contexts and grants ---- */

/*@ requires \valid(k) && c < CORE_CONTEXTS;
    assigns *k; */
static bool context_reap(struct kernel *k, uint32_t c)
{
    uint32_t d = k->context[c].domain, cpu = k->context[c].cpu;
    if (cpu < CORE_CPUS && k->cpu[cpu].current == c) return false;
    arch_context_end(k->machine, c);
    uint32_t page = k->context[c].page_region;
    if (page < CORE_REGIONS && k->object[BASE_REGION + page].dying == 0) region_abandon(k, page);
    k->context[c].page_region = NONE;
    if (d < CORE_DOMAINS && cpu < CORE_CPUS && k->domain[d].context[cpu] == c)
        k->domain[d].context[cpu] = NONE;
    k->context[c].state = CONTEXT_NONE;
    k->context[c].domain = NONE;
    k->context[c].page_frame = FRAME_NONE;
    pebbles_release(k, k->object[BASE_CONTEXT + c].owner, COST_CONTEXT);
    object_free(k, BASE_CONTEXT + c);
    return true;
}

/*@ requires \valid(k) && g < CORE_GRANTS;
    assigns *k; */
static bool grant_reap(struct kernel *k, uint32_t g)
{
    uint32_t id = BASE_GRANT + g;
    pebbles_release(k, k->object[id].owner, COST_GRANT + k->grant[g].bytes);
    k->grant[g].bytes = 0;
    object_free(k, id);
    return true;
}

/* ---- the queue ---- */

/*@ requires \valid(k) && id < CORE_OBJECTS;
    assigns *k; */
static bool reap_one(struct kernel *k, uint32_t id)
{
    if (id < BASE_CONTEXT) return domain_reap(k, id);
    if (id < BASE_REGION) return context_reap(k, id - BASE_CONTEXT);
    if (id < BASE_GRANT) return region_reap(k, id - BASE_REGION);
    if (id < BASE_CHANNEL) return grant_reap(k, id - BASE_GRANT);
    if (id < BASE_SIGNAL) return channel_reap(k, id - BASE_CHANNEL);
    if (id < BASE_MACHINE) return signal_reap(k, id - BASE_SIGNAL);
    return true;
}

bool reaper_step(struct kernel *k)
{
    uint32_t id = k->dying_first;
    if (id >= CORE_OBJECTS) return false;
    k->dying_first = k->object[id].dying_next;
    if (k->dying_first >= CORE_OBJECTS) k->dying_last = NONE;
    if (reap_one(k, id)) return true;
    /* the others get their turn: what it waits for may be among them */
    k->object[id].dying_next = NONE;
    if (k->dying_last < CORE_OBJECTS)
        k->object[k->dying_last].dying_next = id;
    else
        k->dying_first = id;
    k->dying_last = id;
    return true;
}
