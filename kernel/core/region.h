/* Regions: addresses, memory, ownership, views.  docs/design/kernel.md has the rules of charging. */
#ifndef KERNEL_CORE_REGION_H
#define KERNEL_CORE_REGION_H

#include "kernel/core/state.h"

enum region_operation {
    OPERATION_CREATE,
    OPERATION_SHARE,
    OPERATION_STREAM,
    OPERATION_COMMON,
    OPERATION_RECLAIM,
    OPERATION_LEND,
    OPERATION_RETURN,
    OPERATION_PREPARE,
    OPERATION_ACCEPT,
    OPERATION_CANCEL,
    OPERATION_DESTROY,
    OPERATIONS
};

/* spec/ownership.def once more, in the language of the provers; a test of the unit suite compares the two through region_next_state. */
/*@ predicate transition(integer from, integer operation, integer to) =
      (from == REGION_FREE && operation == OPERATION_CREATE && to == REGION_EXCLUSIVE) ||
      (from == REGION_EXCLUSIVE && operation == OPERATION_SHARE && to == REGION_SHARED) ||
      (from == REGION_EXCLUSIVE && operation == OPERATION_STREAM && to == REGION_STREAM) ||
      (from == REGION_EXCLUSIVE && operation == OPERATION_COMMON && to == REGION_COMMON) ||
      (from == REGION_SHARED && operation == OPERATION_RECLAIM && to == REGION_EXCLUSIVE) ||
      (from == REGION_STREAM && operation == OPERATION_RECLAIM && to == REGION_EXCLUSIVE) ||
      (from == REGION_COMMON && operation == OPERATION_RECLAIM && to == REGION_EXCLUSIVE) ||
      (from == REGION_STREAM && operation == OPERATION_SHARE && to == REGION_SHARED) ||
      (from == REGION_EXCLUSIVE && operation == OPERATION_LEND && to == REGION_LENT) ||
      (from == REGION_LENT && operation == OPERATION_RETURN && to == REGION_EXCLUSIVE) ||
      (from == REGION_EXCLUSIVE && operation == OPERATION_PREPARE && to == REGION_OFFERED) ||
      (from == REGION_OFFERED && operation == OPERATION_ACCEPT && to == REGION_EXCLUSIVE) ||
      (from == REGION_OFFERED && operation == OPERATION_CANCEL && to == REGION_EXCLUSIVE) ||
      (from == REGION_EXCLUSIVE && operation == OPERATION_DESTROY && to == REGION_FREE) ||
      (from == REGION_SHARED && operation == OPERATION_DESTROY && to == REGION_FREE) ||
      (from == REGION_STREAM && operation == OPERATION_DESTROY && to == REGION_FREE) ||
      (from == REGION_COMMON && operation == OPERATION_DESTROY && to == REGION_FREE) ||
      (from == REGION_LENT && operation == OPERATION_DESTROY && to == REGION_FREE) ||
      (from == REGION_OFFERED && operation == OPERATION_DESTROY && to == REGION_FREE);
*/

/* The state that an operation leads to by spec/ownership.def; REGION_STATES if there is no such transition. */
/*@ assigns \nothing;
    ensures \result == REGION_STATES || transition(from, operation, \result);
    ensures \forall integer to; transition(from, operation, to) ==> \result == to; */
uint32_t region_next_state(uint32_t from, uint32_t operation);

/* The only place where the state of a region changes.  Pre: region_next_state allows it. */
/*@ requires \valid(k) && region < CORE_REGIONS;
    assigns k->region[region].state;
    ensures k->region[region].state == \old(k->region[region].state) ||
            transition(\old(k->region[region].state), operation, k->region[region].state); */
bool region_change(struct kernel *k, uint32_t region, uint32_t operation);

/* Slot for a region of so many pages, with memory behind it; NONE: none. */
/*@ requires \valid(k);
    assigns *k;
    ensures \result == NONE || \result < CORE_REGIONS; */
uint32_t region_ready(struct kernel *k, uint64_t pages);

/* Whether domain d can have it made and mapped, and committed if so wanted: OK, FULL, BUDGET.  `region` is what region_ready answered. */
/*@ requires \valid(k) && region < CORE_REGIONS && d < CORE_DOMAINS;
    assigns *k; */
uint32_t region_create_check(struct kernel *k, uint32_t d, uint32_t region, uint64_t pages, bool commit);

/* Begins its life: EXCLUSIVE, empty, owned by the domain.  Pre: region_ready answered it for as many pages. */
/*@ requires \valid(k) && region < CORE_REGIONS;
    assigns *k; */
void region_make(struct kernel *k, uint32_t region, uint32_t owner, uint64_t pages);

/* A region at an address that the caller chose (boot image). */
/*@ requires \valid(k);
    assigns *k;
    ensures \result == NONE || \result < CORE_REGIONS; */
uint32_t region_place(struct kernel *k, page_number page, uint64_t pages, frame_number first);

/* Bytes that a view of the region reserves in the budget of a viewer that does not own it. */
/*@ requires \valid(k) && region < CORE_REGIONS;
    assigns \nothing; */
uint64_t region_view_charge(const struct kernel *k, uint32_t region);

/* Whether it is mapped by shared tables. */
/*@ requires \valid(k) && region < CORE_REGIONS;
    assigns \nothing; */
bool region_is_large(const struct kernel *k, uint32_t region);

/* The frame behind a page, of whatever backing. */
/*@ requires \valid(k) && region < CORE_REGIONS;
    assigns \nothing; */
frame_number region_frame(const struct kernel *k, uint32_t region, uint64_t page);

/* Whether a commit of pages can begin: budget, frames and nodes are there.  OK, RANGE, BUDGET.  Nothing changes. */
/*@ requires \valid(k) && region < CORE_REGIONS;
    assigns *k; */
uint32_t region_commit_check(struct kernel *k, uint32_t region, uint64_t page, uint64_t pages);
/* Charges what it can cost at most; the steps follow. */
/*@ requires \valid(k) && region < CORE_REGIONS && context < CORE_CONTEXTS;
    assigns *k; */
void region_commit_begin(struct kernel *k, uint32_t context, uint32_t region, uint64_t page, uint64_t pages);
/* Some pages more, zeroed and mapped for the owner.  true: all done, and what was charged too much is released. */
/*@ requires \valid(k) && context < CORE_CONTEXTS;
    assigns *k; */
bool region_commit_step(struct kernel *k, uint32_t context);
/* The context will not go on with it. */
/*@ requires \valid(k) && context < CORE_CONTEXTS;
    assigns *k; */
void region_commit_end(struct kernel *k, uint32_t context);

/* Takes memory from behind at most STEP_UNITS pages, from *page on; *page is where to go on. */
/*@ requires \valid(k) && region < CORE_REGIONS && \valid(page) && \separated(k, page);
    assigns *k, *page; */
bool region_decommit_step(struct kernel *k, uint32_t region, uint64_t *page, uint64_t end);

/* The owner is gone or lets go: true if viewers keep the region, false if it ends now. */
/*@ requires \valid(k) && region < CORE_REGIONS;
    assigns *k; */
bool region_abandon(struct kernel *k, uint32_t region);

/* A step of giving everything back; true: done, the slot is free. */
/*@ requires \valid(k) && region < CORE_REGIONS;
    assigns *k; */
bool region_reap(struct kernel *k, uint32_t region);

/* ---- views ---- */

/* Whether domain d could get a view of the region by the capability: OK, BUDGET, FULL, BUSY. */
/*@ requires \valid(k) && region < CORE_REGIONS && d < CORE_DOMAINS;
    assigns *k; */
uint32_t view_check(struct kernel *k, uint32_t d, uint32_t region, bool owner);
/* Whether the domain can pay `bytes` and the tables that a view of the region needs. */
/*@ requires \valid(k) && region < CORE_REGIONS && d < CORE_DOMAINS;
    assigns \nothing; */
bool view_affordable(const struct kernel *k, uint32_t d, uint32_t region, uint64_t bytes);
/* Makes it. */
/*@ requires \valid(k) && region < CORE_REGIONS && d < CORE_DOMAINS;
    assigns *k; */
void view_make(struct kernel *k, uint32_t d, uint32_t region, uint32_t slot, uint32_t access, bool owner);
/* Ends it: unmapped, released, off the lists.  The region itself stays. */
/*@ requires \valid(k);
    assigns *k; */
void view_end(struct kernel *k, uint32_t view);
/* Maps the region in the view's domain with other access. */
/*@ requires \valid(k) && view < CORE_VIEWS;
    assigns *k; */
void view_set_access(struct kernel *k, uint32_t view, uint32_t access);

/* The view of the domain that covers a page, among its VIEW_SEARCH youngest; NONE. */
/*@ requires \valid(k);
    assigns \nothing;
    ensures \result == NONE || \result < CORE_VIEWS; */
uint32_t view_find(const struct kernel *k, uint32_t d, page_number page);

/* ---- shadows (shadow.c) ---- */

/* Charges all that the copies can cost: OK, STATE, BUDGET. */
/*@ requires \valid(k) && region < CORE_REGIONS;
    assigns *k; */
uint32_t shadow_begin(struct kernel *k, uint32_t region);
/* A write that was refused: true if it was to a shadowed region of the domain and can be tried again. */
/*@ requires \valid(k);
    assigns *k; */
bool shadow_fault(struct kernel *k, uint32_t d, uint64_t address);
/* A step of commit or abort for the context that waits for it; true: done. */
/*@ requires \valid(k) && context < CORE_CONTEXTS;
    assigns *k; */
bool shadow_step(struct kernel *k, uint32_t context, bool commit);
/* A step of decommit; true: done. */
/*@ requires \valid(k) && context < CORE_CONTEXTS;
    assigns *k; */
bool region_decommit_go_on(struct kernel *k, uint32_t context);

#endif
