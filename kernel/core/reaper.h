/* Giving things back: capabilities, dying objects, domains, all in bounded steps. */
#ifndef KERNEL_CORE_REAPER_H
#define KERNEL_CORE_REAPER_H

#include "kernel/core/state.h"

/* The capability goes: its view ends, its domain gets its bytes back, an object that nobody can name any more ends. */
/*@ requires \valid(k) && slot < CORE_CAPABILITIES;
    assigns *k; */
void capability_drop(struct kernel *k, uint32_t slot);

/* Some descendants of the slot that the context revokes; true: all are gone. */
/*@ requires \valid(k) && c < CORE_CONTEXTS;
    assigns *k; */
bool reaper_revoke_step(struct kernel *k, uint32_t c);

/* A step of what is dying.  true: something was done. */
/*@ requires \valid(k);
    assigns *k; */
bool reaper_step(struct kernel *k);

/* The domain and all that descend from it are dead from now on. */
/*@ requires \valid(k);
    assigns *k; */
void domain_end(struct kernel *k, uint32_t d);

#endif
