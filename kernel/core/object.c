#include "kernel/core/object.h"
#include "kernel/core/frames.h"

uint32_t object_base(uint32_t kind)
{
    switch (kind) {
    case OBJECT_DOMAIN: return BASE_DOMAIN;
    case OBJECT_CONTEXT: return BASE_CONTEXT;
    case OBJECT_REGION: return BASE_REGION;
    case OBJECT_GRANT: return BASE_GRANT;
    case OBJECT_CHANNEL: return BASE_CHANNEL;
    case OBJECT_SIGNAL: return BASE_SIGNAL;
    default: return BASE_MACHINE;
    }
}

uint32_t object_limit(uint32_t kind)
{
    switch (kind) {
    case OBJECT_DOMAIN: return CORE_DOMAINS;
    case OBJECT_CONTEXT: return CORE_CONTEXTS;
    case OBJECT_REGION: return CORE_REGIONS;
    case OBJECT_GRANT: return CORE_GRANTS;
    case OBJECT_CHANNEL: return CORE_CHANNELS;
    case OBJECT_SIGNAL: return CORE_SIGNALS;
    default: return 0;
    }
}

/* Memory behind the kind's own table. */
/*@ requires \valid(k);
    assigns *k; */
static bool body_back(struct kernel *k, uint32_t kind, uint32_t index)
{
    switch (kind) {
    case OBJECT_DOMAIN: return STATE_BACK(k, domain, index, 1);
    case OBJECT_CONTEXT: return STATE_BACK(k, context, index, 1);
    case OBJECT_GRANT: return STATE_BACK(k, grant, index, 1);
    case OBJECT_CHANNEL: return STATE_BACK(k, channel, index, 1);
    case OBJECT_SIGNAL: return STATE_BACK(k, signal, index, 1);
    default: return false;
    }
}

uint32_t object_ready(struct kernel *k, uint32_t kind)
{
    if (kind >= OBJECT_KINDS) return NONE;
    uint32_t id = k->kind_free[kind];
    if (id < CORE_OBJECTS) return id;
    uint32_t index = k->kind_high[kind];
    if (index >= object_limit(kind)) return NONE;
    id = object_base(kind) + index;
    if (id >= CORE_OBJECTS || !STATE_BACK(k, object, id, 1) || !body_back(k, kind, index)) return NONE;
    return id;
}

void object_make(struct kernel *k, uint32_t id, uint32_t kind, uint32_t owner)
{
    if (id >= CORE_OBJECTS || kind >= OBJECT_KINDS) return;
    if (k->object[id].generation == 0) {
        k->object[id].generation = 1;
        if (kind != OBJECT_REGION) k->kind_high[kind]++;
    } else if (kind != OBJECT_REGION) {
        k->kind_free[kind] = k->object[id].next;
    }
    k->kind_used[kind]++;
    k->object[id].kind = (uint8_t)kind;
    k->object[id].dying = 0;
    k->object[id].capabilities = 0;
    k->object[id].revoking = 0;
    k->object[id].owner = NONE;
    k->object[id].next = NONE;
    k->object[id].prev = NONE;
    object_set_owner(k, id, owner);
}

void object_set_owner(struct kernel *k, uint32_t id, uint32_t owner)
{
    if (id >= CORE_OBJECTS) return;
    uint32_t old = k->object[id].owner, next = k->object[id].next, prev = k->object[id].prev;
    if (old < CORE_DOMAINS) {
        if (prev < CORE_OBJECTS)
            k->object[prev].next = next;
        else
            k->domain[old].objects = next;
        if (next < CORE_OBJECTS) k->object[next].prev = prev;
    }
    k->object[id].owner = owner;
    k->object[id].prev = NONE;
    k->object[id].next = NONE;
    if (owner >= CORE_DOMAINS) return;
    uint32_t first = k->domain[owner].objects;
    k->object[id].next = first;
    if (first < CORE_OBJECTS) k->object[first].prev = id;
    k->domain[owner].objects = id;
}

void object_end(struct kernel *k, uint32_t id)
{
    if (id >= CORE_OBJECTS || k->object[id].dying != 0) return;
    k->object[id].dying = 1;
    if (k->object[id].generation < GENERATION_LAST) k->object[id].generation++;
    k->object[id].dying_next = NONE;
    if (k->dying_last < CORE_OBJECTS)
        k->object[k->dying_last].dying_next = id;
    else
        k->dying_first = id;
    k->dying_last = id;
}

void object_free(struct kernel *k, uint32_t id)
{
    if (id >= CORE_OBJECTS) return;
    uint32_t kind = k->object[id].kind;
    if (kind >= OBJECT_KINDS) return;
    object_set_owner(k, id, NONE);
    k->object[id].kind = OBJECT_NONE;
    k->object[id].dying = 0;
    if (k->kind_used[kind] > 0) k->kind_used[kind]--;
    if (kind == OBJECT_REGION || k->object[id].generation == GENERATION_LAST) return;
    k->object[id].next = k->kind_free[kind];
    k->kind_free[kind] = id;
}

bool object_alive(const struct kernel *k, uint32_t id, uint32_t life)
{
    return id < CORE_OBJECTS && k->object[id].generation == life && k->object[id].kind != OBJECT_NONE &&
           k->object[id].dying == 0;
}
