#include "kernel/core/words.h"
#include "kernel/core/pebbles.h"
#include "kernel/core/capability.h"
#include "kernel/core/channel.h"
#include "kernel/core/object.h"

uint32_t word_capability(const struct kernel *k, uint32_t d, handle h, uint32_t kind, uint32_t rights,
                         uint32_t *slot)
{
    uint32_t found = NONE;
    uint32_t status = capability_look_up(k, d, h, &found);
    if (status != STATUS_OK) return status;
    if (k->capability[found].kind != kind) return STATUS_KIND;
    if ((capability_rights(k, found) & rights) != rights) return STATUS_RIGHT;
    *slot = found;
    return STATUS_OK;
}

uint32_t word_object(const struct kernel *k, uint32_t slot, uint32_t kind)
{
    if (slot >= CORE_CAPABILITIES) return NONE;
    uint32_t id = k->capability[slot].object, base = object_base(kind);
    return id >= base && id - base < object_limit(kind) ? id - base : NONE;
}

uint32_t word_domain_behind(const struct kernel *k, uint32_t d, handle h, uint32_t *target)
{
    uint32_t slot = NONE;
    uint32_t status = capability_look_up(k, d, h, &slot);
    if (status != STATUS_OK) return status;
    uint32_t kind = k->capability[slot].kind, id = k->capability[slot].object, found = NONE;
    if (kind == OBJECT_DOMAIN) found = id;
    if (kind == OBJECT_CHANNEL) found = k->object[id].owner;
    if (kind == OBJECT_CONTEXT && id >= BASE_CONTEXT && id < BASE_CONTEXT + CORE_CONTEXTS)
        found = k->context[id - BASE_CONTEXT].domain;
    if (found >= CORE_DOMAINS) return STATUS_KIND;
    *target = found;
    return STATUS_OK;
}

/* Whether capabilities of the kind have a range that can be narrowed. */
/*@ assigns \nothing; */
static bool has_range(uint32_t kind)
{
    return kind == OBJECT_INTERRUPT || kind == OBJECT_PORTS || kind == OBJECT_MEMORY || kind == OBJECT_DMA;
}

uint32_t word_derive(struct kernel *k, uint32_t slot, uint32_t to, uint64_t rights, uint64_t base,
                     uint64_t length, uint32_t *made)
{
    uint32_t kind = k->capability[slot].kind, id = k->capability[slot].object;
    if (to >= CORE_DOMAINS || id >= CORE_OBJECTS) return STATUS_DEAD;
    /* one-shot rights stay single */
    if (kind == OBJECT_REPLY || kind == OBJECT_GRANT) return STATUS_KIND;
    if ((rights & ~(uint64_t)capability_rights(k, slot)) != 0) return STATUS_RIGHT;
    if (!has_range(kind) && (base != 0 || length != 0)) return STATUS_RANGE;
    if (base > k->capability[slot].length || length > k->capability[slot].length - base) return STATUS_RANGE;
    if (has_range(kind) && base == k->capability[slot].length) return STATUS_RANGE;
    if (k->object[id].revoking != 0) return STATUS_BUSY;
    if (k->domain[to].free < COST_CAPABILITY) return STATUS_BUDGET;
    if (!capability_ready(k, 1)) return STATUS_FULL;
    uint32_t status = capability_derive(k, slot, to, rights, base, length, made);
    if (status != STATUS_OK) return status;
    pebbles_charge(k, to, COST_CAPABILITY);
    k->object[id].capabilities++;
    if (kind == OBJECT_CHANNEL && k->capability[slot].base < CORE_FLOWS)
        flow_hold(k, (uint32_t)k->capability[slot].base);
    return STATUS_OK;
}

uint32_t word_root(struct kernel *k, uint32_t d, uint32_t kind, uint32_t object, uint64_t base,
                   uint64_t length)
{
    if (object >= CORE_OBJECTS) return NONE;
    uint32_t slot =
        capability_root(k, d, kind, object, k->object[object].generation, RIGHT_all, base, length);
    if (slot >= CORE_CAPABILITIES) return NONE;
    pebbles_charge(k, d, COST_CAPABILITY);
    k->object[object].capabilities++;
    return slot;
}

/* The first argument's capability: found, alive, of the kind (NONE and ANY: see words.def). */
/*@ requires \valid(k) && c < CORE_CONTEXTS && d < CORE_DOMAINS && \valid(slot) && \separated(k, slot);
    assigns *slot;
    ensures \result == STATUS_OK ==> *slot < CORE_CAPABILITIES; */
static uint32_t first_capability(const struct kernel *k, uint32_t c, uint32_t d, uint32_t kind,
                                 uint32_t *slot)
{
    uint32_t found = NONE;
    uint32_t status = capability_look_up(k, d, k->context[c].frame.arg[0], &found);
    if (status == STATUS_DEAD && k->context[c].frame.word == KERNEL_WORD_DELETE) {
        /* what names nothing any more can still be given up */
        found = capability_find(k, d, k->context[c].frame.arg[0]);
        status = found < CORE_CAPABILITIES ? STATUS_OK : STATUS_HANDLE;
    }
    if (status != STATUS_OK) return status;
    if (kind != OBJECT_KINDS && k->capability[found].kind != kind) return STATUS_KIND;
    *slot = found;
    return STATUS_OK;
}

#define OBJECT_ANY OBJECT_KINDS
#define HAS_none 1
#define HAS_read k->capability[slot].rights.read
#define HAS_write k->capability[slot].rights.write
#define HAS_execute k->capability[slot].rights.execute
#define HAS_send k->capability[slot].rights.send
#define HAS_receive k->capability[slot].rights.receive
#define HAS_transfer k->capability[slot].rights.transfer
#define HAS_control k->capability[slot].rights.control
#define HAS_monitor k->capability[slot].rights.monitor
#define HAS_debug k->capability[slot].rights.debug
#define HAS_manage k->capability[slot].rights.manage

/*@ requires \valid(k) && c < CORE_CONTEXTS && d < CORE_DOMAINS;
    assigns *k; */
static uint32_t dispatch(struct kernel *k, uint32_t c, uint32_t d)
{
    uint32_t slot = NONE, status;
    switch (k->context[c].frame.word) {
#define KERNEL_WORD(number, NAME, name, arguments, results, object, right, errors, doc)                      \
    case number:                                                                                             \
        if (OBJECT_##object != OBJECT_NONE) {                                                                \
            status = first_capability(k, c, d, OBJECT_##object, &slot);                                      \
            if (status != STATUS_OK) return status;                                                          \
            if (HAS_##right == 0) return STATUS_RIGHT;                                                       \
        }                                                                                                    \
        return word_##NAME(k, c, d, slot);
#include "spec/words.def"
    default: return STATUS_WORD;
    }
}

void word_run(struct kernel *k, uint32_t c)
{
    if (c >= CORE_CONTEXTS) return;
    uint32_t d = k->context[c].domain;
    if (d >= CORE_DOMAINS) return;
    k->domain[d].words++;
    uint32_t status = dispatch(k, c, d);
    if (status != WORD_BLOCKED) k->context[c].frame.word = status;
}
