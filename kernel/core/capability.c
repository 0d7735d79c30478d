#include "kernel/core/capability.h"
#include "kernel/core/frames.h"

uint32_t capability_find(const struct kernel *k, uint32_t domain, handle h)
{
    uint32_t slot = (uint32_t)(h & 0xffffffffu);
    uint32_t generation = (uint32_t)(h >> 32);
    if (domain >= CORE_DOMAINS || slot >= CORE_CAPABILITIES || slot >= k->capability_high) return NONE;
    if (k->capability[slot].domain != domain || k->capability[slot].generation != generation ||
        k->capability[slot].kind == OBJECT_NONE)
        return NONE;
    return slot;
}

uint32_t capability_look_up(const struct kernel *k, uint32_t domain, handle h, uint32_t *slot)
{
    uint32_t found = capability_find(k, domain, h);
    if (found >= CORE_CAPABILITIES) return STATUS_HANDLE;
    uint32_t object = k->capability[found].object;
    if (object >= CORE_OBJECTS) return STATUS_DEAD;
    if (k->object[object].generation != k->capability[found].life || k->object[object].kind == OBJECT_NONE ||
        k->object[object].dying != 0)
        return STATUS_DEAD;
    *slot = found;
    return STATUS_OK;
}

bool capability_ready(struct kernel *k, uint32_t n)
{
    /* one more for the slot that was never used, which is not counted */
    if (n > CORE_CAPABILITIES || k->capability_high > CORE_CAPABILITIES ||
        k->capabilities_used > k->capability_high)
        return false;
    uint32_t listed = k->capability_high - k->capabilities_used;
    if (k->capability_free < CORE_CAPABILITIES && listed > n) return true;
    if (CORE_CAPABILITIES - k->capability_high < n) return false;
    return STATE_BACK(k, capability, k->capability_high, n);
}

handle capability_handle(const struct kernel *k, uint32_t slot)
{
    if (slot >= CORE_CAPABILITIES) return HANDLE_NONE;
    return ((uint64_t)k->capability[slot].generation << 32) | slot;
}

uint32_t capability_rights(const struct kernel *k, uint32_t slot)
{
    if (slot >= CORE_CAPABILITIES) return 0;
    uint32_t mask = 0;
#define RIGHT(bit, name, doc)                                                                                \
    if (k->capability[slot].rights.name != 0) mask |= RIGHT_##name;
#include "spec/rights.def"
#undef RIGHT
    return mask;
}

/* Bit n of a mask, if there may be one at all. */
/*@ requires n < 64;
    assigns \nothing;
    ensures 0 <= \result <= 1;
    ensures allowed == 0 ==> \result == 0;
*/
static uint8_t right_of(uint64_t mask, uint32_t n, uint8_t allowed)
{
    return allowed != 0 && ((mask >> n) & 1u) != 0 ? 1 : 0;
}

/*@ requires \valid(k) && slot < CORE_CAPABILITIES;
    assigns k->capability[slot].rights.read, k->capability[slot].rights.write, k->capability[slot].rights.execute,
            k->capability[slot].rights.send, k->capability[slot].rights.receive, k->capability[slot].rights.transfer,
            k->capability[slot].rights.control, k->capability[slot].rights.monitor, k->capability[slot].rights.debug,
            k->capability[slot].rights.manage; */
static void rights_set(struct kernel *k, uint32_t slot, uint64_t rights)
{
#define RIGHT(bit, name, doc) k->capability[slot].rights.name = right_of(rights, bit, 1);
#include "spec/rights.def"
#undef RIGHT
}

/* The rights of another slot that are in the mask. */
/*@ requires \valid(k) && slot < CORE_CAPABILITIES && parent < CORE_CAPABILITIES && slot != parent;
    assigns k->capability[slot].rights.read, k->capability[slot].rights.write, k->capability[slot].rights.execute,
            k->capability[slot].rights.send, k->capability[slot].rights.receive, k->capability[slot].rights.transfer,
            k->capability[slot].rights.control, k->capability[slot].rights.monitor, k->capability[slot].rights.debug,
            k->capability[slot].rights.manage;
    ensures rights_within(&k->capability[slot].rights, &k->capability[parent].rights); */
static void rights_narrow(struct kernel *k, uint32_t slot, uint32_t parent, uint64_t rights)
{
#define RIGHT(bit, name, doc)                                                                                \
    k->capability[slot].rights.name = right_of(rights, bit, k->capability[parent].rights.name);
#include "spec/rights.def"
#undef RIGHT
}

/* ---- the table of a domain: a list ---- */

/*@ requires \valid(k) && slot < CORE_CAPABILITIES && domain < CORE_DOMAINS;
    assigns k->capability[0 .. CORE_CAPABILITIES - 1].domain_prev, k->capability[0 .. CORE_CAPABILITIES - 1].domain_next,
            k->capability[slot].domain, k->domain[domain].capabilities, k->domain[domain].capability_count;
    ensures k->capability[slot].domain == domain;
*/
static void table_add(struct kernel *k, uint32_t slot, uint32_t domain)
{
    uint32_t first = k->domain[domain].capabilities;
    k->capability[slot].domain = domain;
    k->capability[slot].domain_prev = NONE;
    k->capability[slot].domain_next = first;
    if (first < CORE_CAPABILITIES) k->capability[first].domain_prev = slot;
    k->domain[domain].capabilities = slot;
    k->domain[domain].capability_count++;
}

/*@ requires \valid(k) && slot < CORE_CAPABILITIES;
    assigns k->capability[0 .. CORE_CAPABILITIES - 1].domain_prev, k->capability[0 .. CORE_CAPABILITIES - 1].domain_next,
            k->domain[0 .. CORE_DOMAINS - 1].capabilities, k->domain[0 .. CORE_DOMAINS - 1].capability_count;
*/
static void table_remove(struct kernel *k, uint32_t slot)
{
    uint32_t domain = k->capability[slot].domain;
    uint32_t prev = k->capability[slot].domain_prev, next = k->capability[slot].domain_next;
    if (prev < CORE_CAPABILITIES)
        k->capability[prev].domain_next = next;
    else if (domain < CORE_DOMAINS)
        k->domain[domain].capabilities = next;
    if (next < CORE_CAPABILITIES) k->capability[next].domain_prev = prev;
    if (domain < CORE_DOMAINS) k->domain[domain].capability_count--;
}

/* ---- the tree of derivation ---- */

/*@ requires \valid(k) && slot < CORE_CAPABILITIES && parent < CORE_CAPABILITIES;
    assigns k->capability[0 .. CORE_CAPABILITIES - 1].child, k->capability[0 .. CORE_CAPABILITIES - 1].last,
            k->capability[0 .. CORE_CAPABILITIES - 1].prev, k->capability[0 .. CORE_CAPABILITIES - 1].next,
            k->capability[0 .. CORE_CAPABILITIES - 1].first, k->capability[0 .. CORE_CAPABILITIES - 1].end;
*/
static void tree_insert(struct kernel *k, uint32_t slot, uint32_t parent)
{
    uint32_t first = k->capability[parent].child;
    k->capability[slot].prev = parent;
    k->capability[slot].first = 1;
    if (first < CORE_CAPABILITIES) {
        k->capability[slot].next = first;
        k->capability[slot].end = 0;
        k->capability[first].prev = slot;
        k->capability[first].first = 0;
    } else {
        k->capability[slot].next = parent;
        k->capability[slot].end = 1;
        k->capability[parent].last = slot;
    }
    k->capability[parent].child = slot;
}

/* What stands left of x (or its parent, if x is a first) sees y there from now on, at y's left end. */
/*@ requires \valid(k) && x < CORE_CAPABILITIES;
    assigns k->capability[0 .. CORE_CAPABILITIES - 1].child, k->capability[0 .. CORE_CAPABILITIES - 1].next;
*/
static void tree_join_left(struct kernel *k, uint32_t x, uint32_t y)
{
    uint32_t left = k->capability[x].prev;
    if (left >= CORE_CAPABILITIES) return;
    if (k->capability[x].first != 0)
        k->capability[left].child = y;
    else
        k->capability[left].next = y;
}

/*@ requires \valid(k) && x < CORE_CAPABILITIES;
    assigns k->capability[0 .. CORE_CAPABILITIES - 1].last, k->capability[0 .. CORE_CAPABILITIES - 1].prev;
*/
static void tree_join_right(struct kernel *k, uint32_t x, uint32_t y)
{
    uint32_t right = k->capability[x].next;
    if (right >= CORE_CAPABILITIES) return;
    if (k->capability[x].end != 0)
        k->capability[right].last = y;
    else
        k->capability[right].prev = y;
}

/*@ requires \valid(k) && x < CORE_CAPABILITIES;
    assigns k->capability[0 .. CORE_CAPABILITIES - 1].child, k->capability[0 .. CORE_CAPABILITIES - 1].last,
            k->capability[0 .. CORE_CAPABILITIES - 1].prev, k->capability[0 .. CORE_CAPABILITIES - 1].next,
            k->capability[0 .. CORE_CAPABILITIES - 1].first, k->capability[0 .. CORE_CAPABILITIES - 1].end;
    ensures k->capability[x].child == NONE;
*/
static void tree_remove(struct kernel *k, uint32_t x)
{
    uint32_t a = k->capability[x].child, b = k->capability[x].last;
    uint32_t left = k->capability[x].prev, right = k->capability[x].next;
    uint8_t first = k->capability[x].first, end = k->capability[x].end;
    if (a < CORE_CAPABILITIES && b < CORE_CAPABILITIES) {
        tree_join_left(k, x, a);
        tree_join_right(k, x, b);
        k->capability[a].prev = left;
        k->capability[a].first = first;
        k->capability[b].next = right;
        k->capability[b].end = end;
    } else if (first != 0 && end != 0) {
        tree_join_left(k, x, NONE);
        tree_join_right(k, x, NONE);
    } else if (first != 0) {
        tree_join_left(k, x, right);
        if (right < CORE_CAPABILITIES) {
            k->capability[right].prev = left;
            k->capability[right].first = 1;
        }
    } else if (end != 0) {
        tree_join_right(k, x, left);
        if (left < CORE_CAPABILITIES) {
            k->capability[left].next = right;
            k->capability[left].end = 1;
        }
    } else {
        tree_join_left(k, x, right);
        tree_join_right(k, x, left);
    }
    k->capability[x].child = NONE;
    k->capability[x].last = NONE;
}

/* ---- slots ---- */

/*@ requires \valid(k);
    assigns k->capability_free, k->capability_high, k->capabilities_used, k->capability[0 .. CORE_CAPABILITIES - 1].generation;
    ensures \result < CORE_CAPABILITIES || \result == NONE;
    ensures \result < CORE_CAPABILITIES ==> k->capability[\result].kind == OBJECT_NONE;
*/
static uint32_t slot_take(struct kernel *k)
{
    uint32_t slot = k->capability_free;
    if (slot < CORE_CAPABILITIES) {
        if (k->capability[slot].kind != OBJECT_NONE) return NONE;
        k->capability_free = k->capability[slot].next;
    } else {
        slot = k->capability_high;
        if (slot >= CORE_CAPABILITIES || k->capability[slot].kind != OBJECT_NONE) return NONE;
        k->capability[slot].generation = 1;
        k->capability_high = slot + 1;
    }
    k->capabilities_used++;
    return slot;
}

/* A tree of its own. */
/*@ requires \valid(k) && slot < CORE_CAPABILITIES;
    assigns k->capability[slot].view, k->capability[slot].child, k->capability[slot].last, k->capability[slot].prev,
            k->capability[slot].next, k->capability[slot].first, k->capability[slot].end;
*/
static void slot_clear(struct kernel *k, uint32_t slot)
{
    k->capability[slot].view = NONE;
    k->capability[slot].child = NONE;
    k->capability[slot].last = NONE;
    k->capability[slot].prev = NONE;
    k->capability[slot].next = NONE;
    k->capability[slot].first = 1;
    k->capability[slot].end = 1;
}

/* What it names. */
/*@ requires \valid(k) && slot < CORE_CAPABILITIES;
    assigns k->capability[slot].object, k->capability[slot].life, k->capability[slot].base, k->capability[slot].length,
            k->capability[slot].kind;
    ensures k->capability[slot].object == object && k->capability[slot].life == life && k->capability[slot].base == base &&
            k->capability[slot].length == length && k->capability[slot].kind == kind;
*/
static void slot_name(struct kernel *k, uint32_t slot, uint8_t kind, uint32_t object, uint32_t life,
                      uint64_t base, uint64_t length)
{
    k->capability[slot].object = object;
    k->capability[slot].life = life;
    k->capability[slot].base = base;
    k->capability[slot].length = length;
    k->capability[slot].kind = kind;
}

uint32_t capability_root(struct kernel *k, uint32_t domain, uint32_t kind, uint32_t object, uint32_t life,
                         uint64_t rights, uint64_t base, uint64_t length)
{
    if (domain >= CORE_DOMAINS || kind == OBJECT_NONE || kind >= OBJECT_KINDS) return NONE;
    uint32_t slot = slot_take(k);
    if (slot >= CORE_CAPABILITIES) return NONE;
    slot_clear(k, slot);
    table_add(k, slot, domain);
    slot_name(k, slot, (uint8_t)kind, object, life, base, length);
    rights_set(k, slot, rights);
    return slot;
}

uint32_t capability_derive(struct kernel *k, uint32_t parent, uint32_t domain, uint64_t rights, uint64_t base,
                           uint64_t length, uint32_t *slot)
{
    uint64_t whole = k->capability[parent].length, from = k->capability[parent].base;
    uint32_t object = k->capability[parent].object, life = k->capability[parent].life;
    uint8_t kind = k->capability[parent].kind;
    if (base > whole || length > whole - base || from > UINT64_MAX - whole) return STATUS_RANGE;
    if (domain >= CORE_DOMAINS || kind == OBJECT_NONE) return STATUS_FULL;
    uint32_t s = slot_take(k);
    if (s >= CORE_CAPABILITIES || s == parent) return STATUS_FULL;
    slot_clear(k, s);
    tree_insert(k, s, parent);
    table_add(k, s, domain);
    slot_name(k, s, kind, object, life, from + base, length != 0 ? length : whole - base);
    rights_narrow(k, s, parent, rights);
    *slot = s;
    return STATUS_OK;
}

void capability_free(struct kernel *k, uint32_t slot)
{
    uint32_t generation = k->capability[slot].generation;
    tree_remove(k, slot);
    table_remove(k, slot);
    if (generation < GENERATION_LAST) {
        k->capability[slot].next = k->capability_free;
        k->capability_free = slot;
        if (k->capabilities_used > 0) k->capabilities_used--;
        generation++;
    }
    k->capability[slot].generation = generation;
    k->capability[slot].domain = NONE;
    k->capability[slot].kind = OBJECT_NONE;
}

void capability_give(struct kernel *k, uint32_t slot, uint32_t domain)
{
    uint32_t generation = k->capability[slot].generation;
    table_remove(k, slot);
    table_add(k, slot, domain);
    k->capability[slot].generation = generation + 1;
}
