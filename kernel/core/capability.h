/* Capabilities: the slots, the table of each domain, the tree of derivation.  This file knows nothing of what the objects are; what has to
 * happen to them when a capability goes is in reaper.h.
 *
 * The tree threads its lists through the parents (state.h, C3), so that taking a slot out, its children moving up into its
 * place, is a constant number of steps, and revoking is taking out the first child until there is none. */
#ifndef KERNEL_CORE_CAPABILITY_H
#define KERNEL_CORE_CAPABILITY_H

#include "kernel/core/state.h"

/*@ predicate rights_within(struct rights *a, struct rights *b) =
      a->read <= b->read && a->write <= b->write && a->execute <= b->execute && a->send <= b->send && a->receive <= b->receive &&
      a->transfer <= b->transfer && a->control <= b->control && a->monitor <= b->monitor && a->debug <= b->debug && a->manage <= b->manage;

    predicate range_within(struct kernel *k, integer a, integer b) =
      k->capability[b].base <= k->capability[a].base &&
      k->capability[a].base + k->capability[a].length <= k->capability[b].base + k->capability[b].length;
*/

/* The slot that a handle of the domain names; NONE if it names none.  A slot freed since the handle was made has another generation,
 * and a generation never comes back: a slot whose generations are used up is not used again. */
/*@ requires \valid(k);
    assigns \nothing;
    ensures \result == NONE || (\result < CORE_CAPABILITIES && \result < k->capability_high && k->capability[\result].domain == domain &&
            domain < CORE_DOMAINS && k->capability[\result].kind != OBJECT_NONE);
*/
uint32_t capability_find(const struct kernel *k, uint32_t domain, handle h);

/* The same, and the object that it names is alive: not dead, not dying.  Status and, if OK, *slot. */
/*@ requires \valid(k) && \valid(slot) && \separated(k, slot);
    assigns *slot;
    ensures \result == STATUS_OK ==> *slot < CORE_CAPABILITIES && k->capability[*slot].domain == domain && domain < CORE_DOMAINS &&
            k->capability[*slot].object < CORE_OBJECTS &&
            k->object[k->capability[*slot].object].generation == k->capability[*slot].life &&
            k->object[k->capability[*slot].object].kind != OBJECT_NONE && k->object[k->capability[*slot].object].dying == 0;
    ensures \result == STATUS_OK || \result == STATUS_HANDLE || \result == STATUS_DEAD;
*/
uint32_t capability_look_up(const struct kernel *k, uint32_t domain, handle h, uint32_t *slot);

/* n slots can be taken, with memory behind them. */
/*@ requires \valid(k);
    assigns *k; */
bool capability_ready(struct kernel *k, uint32_t n);

/* Handle of a used slot. */
/*@ requires \valid(k);
    assigns \nothing;
*/
handle capability_handle(const struct kernel *k, uint32_t slot);

/* Rights as a mask, and back. */
/*@ requires \valid(k);
    assigns \nothing;
*/
uint32_t capability_rights(const struct kernel *k, uint32_t slot);

/* Take a free slot for a capability of the domain that is the root of a tree of its own.  NONE if there is none (capability_ready tells
 * beforehand).  Does not charge. */
/*@ requires \valid(k);
    assigns *k;
    ensures \result < CORE_CAPABILITIES || \result == NONE;
    ensures \result < CORE_CAPABILITIES ==> k->capability[\result].domain == domain && k->capability[\result].object == object &&
            k->capability[\result].life == life && k->capability[\result].base == base && k->capability[\result].length == length &&
            k->capability[\result].kind == kind;
*/
uint32_t capability_root(struct kernel *k, uint32_t domain, uint32_t kind, uint32_t object, uint32_t life,
                         uint64_t rights, uint64_t base, uint64_t length);

/* Derive: a new capability of `domain` to the same object, with the rights of `parent` that are in `rights`, and the part of its range that
 * begins at `base` and is `length` long (0: all the rest).  Errors: RANGE (outside the parent's range), FULL.  Nothing changed then. */
/*@ requires \valid(k) && \valid(slot) && \separated(k, slot);
    requires parent < CORE_CAPABILITIES;
    assigns *k, *slot;
    ensures \result == STATUS_OK ==> *slot < CORE_CAPABILITIES && *slot != parent &&
            rights_within(&k->capability[*slot].rights, &k->capability[parent].rights) && range_within(k, *slot, parent) &&
            k->capability[*slot].object == \old(k->capability[parent].object) && k->capability[*slot].life == \old(k->capability[parent].life) &&
            k->capability[*slot].domain == domain && k->capability[*slot].kind == \old(k->capability[parent].kind);
*/
uint32_t capability_derive(struct kernel *k, uint32_t parent, uint32_t domain, uint64_t rights, uint64_t base,
                           uint64_t length, uint32_t *slot);

/* Take the slot out of its tree (its children move up into its place) and out of its domain's table, and free it. */
/*@ requires \valid(k);
    requires slot < CORE_CAPABILITIES;
    assigns *k;
    ensures k->capability[slot].domain == NONE;
    ensures k->capability[slot].kind == OBJECT_NONE;
    ensures \old(k->capability[slot].generation) < GENERATION_LAST ==> k->capability[slot].generation == \old(k->capability[slot].generation) + 1;
*/
void capability_free(struct kernel *k, uint32_t slot);

/* Hands the slot to another domain: it keeps its place in the tree and gets a new generation, so that old handles name nothing. */
/*@ requires \valid(k);
    requires slot < CORE_CAPABILITIES && domain < CORE_DOMAINS;
    requires k->capability[slot].generation < GENERATION_LAST;
    assigns *k;
    ensures k->capability[slot].domain == domain && k->capability[slot].generation == \old(k->capability[slot].generation) + 1;
*/
void capability_give(struct kernel *k, uint32_t slot, uint32_t domain);

#endif
