/* The headers of objects: taking and freeing slots, lives, lists of what a domain pays for. */
#ifndef KERNEL_CORE_OBJECT_H
#define KERNEL_CORE_OBJECT_H

#include "kernel/core/state.h"

/* First id of a kind, and how many there can be; 0 for kinds without a table. */
/*@ assigns \nothing;
    ensures \result <= BASE_MACHINE; */
uint32_t object_base(uint32_t kind);
/*@ assigns \nothing;
    ensures \result <= CORE_REGIONS; */
uint32_t object_limit(uint32_t kind);

/* The next slot of the kind that object_make will take; NONE: the table is full.  It is backed by memory, so object_make cannot fail.
 * Not for regions, which have slots by address (region.c). */
/*@ requires \valid(k);
    assigns *k;
    ensures \result == NONE || \result < CORE_OBJECTS; */
uint32_t object_ready(struct kernel *k, uint32_t kind);

/* Begin a life of slot `id`, which object_ready answered. */
/*@ requires \valid(k);
    assigns *k; */
void object_make(struct kernel *k, uint32_t id, uint32_t kind, uint32_t owner);

/* The object is dead from now on: what names it names nothing.  What it holds is given back by the reaper. */
/*@ requires \valid(k);
    assigns *k; */
void object_end(struct kernel *k, uint32_t id);

/* The reaper is done with it. */
/*@ requires \valid(k);
    assigns *k; */
void object_free(struct kernel *k, uint32_t id);

/* Hand what the object costs to another domain's list (NONE: nobody's).  Does not touch budgets. */
/*@ requires \valid(k);
    assigns *k; */
void object_set_owner(struct kernel *k, uint32_t id, uint32_t owner);

/* Whether the life of the object that (id, life) names goes on. */
/*@ requires \valid(k);
    assigns \nothing;
    ensures \result == \true ==> id < CORE_OBJECTS && k->object[id].generation == life && k->object[id].kind != OBJECT_NONE &&
            k->object[id].dying == 0; */
bool object_alive(const struct kernel *k, uint32_t id, uint32_t life);

#endif
