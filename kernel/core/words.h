/* The words.  Each decodes (which may fail and changes nothing) and then commits (which cannot fail).
 *
 * All have one form: context c of domain d asks; `slot` is the capability that the first argument names, checked for kind, right and life
 * as spec/words.def says.  Further arguments lie in k->context[c].frame.  The answer is a status; results are written to the frame
 * only when it is STATUS_OK.  WORD_BLOCKED: the context waits, or its frame is complete already. */
#ifndef KERNEL_CORE_WORDS_H
#define KERNEL_CORE_WORDS_H

#include "kernel/core/state.h"

#define WORD_BLOCKED 0xffffu

/* What the context wants is in its frame: do it, answer in the frame. */
/*@ requires \valid(k);
    assigns *k; */
void word_run(struct kernel *k, uint32_t c);

/* A capability of domain d by handle, of this kind and with at least these rights: OK and *slot, or HANDLE, DEAD, KIND, RIGHT. */
/*@ requires \valid(k) && \valid(slot) && \separated(k, slot);
    assigns *slot;
    ensures \result == STATUS_OK ==> *slot < CORE_CAPABILITIES && k->capability[*slot].object < CORE_OBJECTS; */
uint32_t word_capability(const struct kernel *k, uint32_t d, handle h, uint32_t kind, uint32_t rights,
                         uint32_t *slot);

/* The domain behind a capability to a domain, a context or a channel: OK and *target, else KIND and the like. */
/*@ requires \valid(k) && \valid(target) && \separated(k, target);
    assigns *target;
    ensures \result == STATUS_OK ==> *target < CORE_DOMAINS; */
uint32_t word_domain_behind(const struct kernel *k, uint32_t d, handle h, uint32_t *target);

/* Index in the kind's own table of the object that a slot names; NONE if it is of another kind. */
/*@ requires \valid(k);
    assigns \nothing; */
uint32_t word_object(const struct kernel *k, uint32_t slot, uint32_t kind);

/* A capability derived from `slot`, for domain `to`, charged there: OK and *made. */
/*@ requires \valid(k) && slot < CORE_CAPABILITIES && \valid(made) && \separated(k, made);
    assigns *k, *made; */
uint32_t word_derive(struct kernel *k, uint32_t slot, uint32_t to, uint64_t rights, uint64_t base,
                     uint64_t length, uint32_t *made);

/* A first capability to a new object, charged to domain d.  Pre: capability_ready, and the budget was checked.  Answers the slot. */
/*@ requires \valid(k);
    assigns *k;
    ensures \result < CORE_CAPABILITIES || \result == NONE; */
uint32_t word_root(struct kernel *k, uint32_t d, uint32_t kind, uint32_t object, uint64_t base,
                   uint64_t length);

/*@ requires \valid(k) && c < CORE_CONTEXTS && d < CORE_DOMAINS && (slot < CORE_CAPABILITIES || slot == NONE);
    assigns *k; */
uint32_t word_NOTHING(struct kernel *k, uint32_t c, uint32_t d, uint32_t slot);
/*@ requires \valid(k) && c < CORE_CONTEXTS && d < CORE_DOMAINS && (slot < CORE_CAPABILITIES || slot == NONE);
    assigns *k; */
uint32_t word_IDENTIFY(struct kernel *k, uint32_t c, uint32_t d, uint32_t slot);
/*@ requires \valid(k) && c < CORE_CONTEXTS && d < CORE_DOMAINS && (slot < CORE_CAPABILITIES || slot == NONE);
    assigns *k; */
uint32_t word_DERIVE(struct kernel *k, uint32_t c, uint32_t d, uint32_t slot);
/*@ requires \valid(k) && c < CORE_CONTEXTS && d < CORE_DOMAINS && (slot < CORE_CAPABILITIES || slot == NONE);
    assigns *k; */
uint32_t word_COPY(struct kernel *k, uint32_t c, uint32_t d, uint32_t slot);
/*@ requires \valid(k) && c < CORE_CONTEXTS && d < CORE_DOMAINS && (slot < CORE_CAPABILITIES || slot == NONE);
    assigns *k; */
uint32_t word_MOVE(struct kernel *k, uint32_t c, uint32_t d, uint32_t slot);
/*@ requires \valid(k) && c < CORE_CONTEXTS && d < CORE_DOMAINS && (slot < CORE_CAPABILITIES || slot == NONE);
    assigns *k; */
uint32_t word_DELETE(struct kernel *k, uint32_t c, uint32_t d, uint32_t slot);
/*@ requires \valid(k) && c < CORE_CONTEXTS && d < CORE_DOMAINS && (slot < CORE_CAPABILITIES || slot == NONE);
    assigns *k; */
uint32_t word_REVOKE(struct kernel *k, uint32_t c, uint32_t d, uint32_t slot);
/*@ requires \valid(k) && c < CORE_CONTEXTS && d < CORE_DOMAINS && (slot < CORE_CAPABILITIES || slot == NONE);
    assigns *k; */
uint32_t word_BUDGET(struct kernel *k, uint32_t c, uint32_t d, uint32_t slot);
/*@ requires \valid(k) && c < CORE_CONTEXTS && d < CORE_DOMAINS && (slot < CORE_CAPABILITIES || slot == NONE);
    assigns *k; */
uint32_t word_CARVE(struct kernel *k, uint32_t c, uint32_t d, uint32_t slot);
/*@ requires \valid(k) && c < CORE_CONTEXTS && d < CORE_DOMAINS && (slot < CORE_CAPABILITIES || slot == NONE);
    assigns *k; */
uint32_t word_UNCARVE(struct kernel *k, uint32_t c, uint32_t d, uint32_t slot);
/*@ requires \valid(k) && c < CORE_CONTEXTS && d < CORE_DOMAINS && (slot < CORE_CAPABILITIES || slot == NONE);
    assigns *k; */
uint32_t word_GRANT_CREATE(struct kernel *k, uint32_t c, uint32_t d, uint32_t slot);
/*@ requires \valid(k) && c < CORE_CONTEXTS && d < CORE_DOMAINS && (slot < CORE_CAPABILITIES || slot == NONE);
    assigns *k; */
uint32_t word_GRANT_REDEEM(struct kernel *k, uint32_t c, uint32_t d, uint32_t slot);
/*@ requires \valid(k) && c < CORE_CONTEXTS && d < CORE_DOMAINS && (slot < CORE_CAPABILITIES || slot == NONE);
    assigns *k; */
uint32_t word_REGION_CREATE(struct kernel *k, uint32_t c, uint32_t d, uint32_t slot);
/*@ requires \valid(k) && c < CORE_CONTEXTS && d < CORE_DOMAINS && (slot < CORE_CAPABILITIES || slot == NONE);
    assigns *k; */
uint32_t word_REGION_COMMIT(struct kernel *k, uint32_t c, uint32_t d, uint32_t slot);
/*@ requires \valid(k) && c < CORE_CONTEXTS && d < CORE_DOMAINS && (slot < CORE_CAPABILITIES || slot == NONE);
    assigns *k; */
uint32_t word_REGION_DECOMMIT(struct kernel *k, uint32_t c, uint32_t d, uint32_t slot);
/*@ requires \valid(k) && c < CORE_CONTEXTS && d < CORE_DOMAINS && (slot < CORE_CAPABILITIES || slot == NONE);
    assigns *k; */
uint32_t word_REGION_DESTROY(struct kernel *k, uint32_t c, uint32_t d, uint32_t slot);
/*@ requires \valid(k) && c < CORE_CONTEXTS && d < CORE_DOMAINS && (slot < CORE_CAPABILITIES || slot == NONE);
    assigns *k; */
uint32_t word_REGION_SHARE(struct kernel *k, uint32_t c, uint32_t d, uint32_t slot);
/*@ requires \valid(k) && c < CORE_CONTEXTS && d < CORE_DOMAINS && (slot < CORE_CAPABILITIES || slot == NONE);
    assigns *k; */
uint32_t word_REGION_STREAM(struct kernel *k, uint32_t c, uint32_t d, uint32_t slot);
/*@ requires \valid(k) && c < CORE_CONTEXTS && d < CORE_DOMAINS && (slot < CORE_CAPABILITIES || slot == NONE);
    assigns *k; */
uint32_t word_REGION_COMMON(struct kernel *k, uint32_t c, uint32_t d, uint32_t slot);
/*@ requires \valid(k) && c < CORE_CONTEXTS && d < CORE_DOMAINS && (slot < CORE_CAPABILITIES || slot == NONE);
    assigns *k; */
uint32_t word_REGION_RECLAIM(struct kernel *k, uint32_t c, uint32_t d, uint32_t slot);
/*@ requires \valid(k) && c < CORE_CONTEXTS && d < CORE_DOMAINS && (slot < CORE_CAPABILITIES || slot == NONE);
    assigns *k; */
uint32_t word_REGION_INFO(struct kernel *k, uint32_t c, uint32_t d, uint32_t slot);
/*@ requires \valid(k) && c < CORE_CONTEXTS && d < CORE_DOMAINS && (slot < CORE_CAPABILITIES || slot == NONE);
    assigns *k; */
uint32_t word_VIEW_MAP(struct kernel *k, uint32_t c, uint32_t d, uint32_t slot);
/*@ requires \valid(k) && c < CORE_CONTEXTS && d < CORE_DOMAINS && (slot < CORE_CAPABILITIES || slot == NONE);
    assigns *k; */
uint32_t word_VIEW_UNMAP(struct kernel *k, uint32_t c, uint32_t d, uint32_t slot);
/*@ requires \valid(k) && c < CORE_CONTEXTS && d < CORE_DOMAINS && (slot < CORE_CAPABILITIES || slot == NONE);
    assigns *k; */
uint32_t word_VIEW_PROTECT(struct kernel *k, uint32_t c, uint32_t d, uint32_t slot);
/*@ requires \valid(k) && c < CORE_CONTEXTS && d < CORE_DOMAINS && (slot < CORE_CAPABILITIES || slot == NONE);
    assigns *k; */
uint32_t word_LEND(struct kernel *k, uint32_t c, uint32_t d, uint32_t slot);
/*@ requires \valid(k) && c < CORE_CONTEXTS && d < CORE_DOMAINS && (slot < CORE_CAPABILITIES || slot == NONE);
    assigns *k; */
uint32_t word_RETURN(struct kernel *k, uint32_t c, uint32_t d, uint32_t slot);
/*@ requires \valid(k) && c < CORE_CONTEXTS && d < CORE_DOMAINS && (slot < CORE_CAPABILITIES || slot == NONE);
    assigns *k; */
uint32_t word_PREPARE(struct kernel *k, uint32_t c, uint32_t d, uint32_t slot);
/*@ requires \valid(k) && c < CORE_CONTEXTS && d < CORE_DOMAINS && (slot < CORE_CAPABILITIES || slot == NONE);
    assigns *k; */
uint32_t word_ACCEPT(struct kernel *k, uint32_t c, uint32_t d, uint32_t slot);
/*@ requires \valid(k) && c < CORE_CONTEXTS && d < CORE_DOMAINS && (slot < CORE_CAPABILITIES || slot == NONE);
    assigns *k; */
uint32_t word_CANCEL(struct kernel *k, uint32_t c, uint32_t d, uint32_t slot);
/*@ requires \valid(k) && c < CORE_CONTEXTS && d < CORE_DOMAINS && (slot < CORE_CAPABILITIES || slot == NONE);
    assigns *k; */
uint32_t word_SHADOW_BEGIN(struct kernel *k, uint32_t c, uint32_t d, uint32_t slot);
/*@ requires \valid(k) && c < CORE_CONTEXTS && d < CORE_DOMAINS && (slot < CORE_CAPABILITIES || slot == NONE);
    assigns *k; */
uint32_t word_SHADOW_COMMIT(struct kernel *k, uint32_t c, uint32_t d, uint32_t slot);
/*@ requires \valid(k) && c < CORE_CONTEXTS && d < CORE_DOMAINS && (slot < CORE_CAPABILITIES || slot == NONE);
    assigns *k; */
uint32_t word_SHADOW_ABORT(struct kernel *k, uint32_t c, uint32_t d, uint32_t slot);
/*@ requires \valid(k) && c < CORE_CONTEXTS && d < CORE_DOMAINS && (slot < CORE_CAPABILITIES || slot == NONE);
    assigns *k; */
uint32_t word_REGION_EXECUTABLE(struct kernel *k, uint32_t c, uint32_t d, uint32_t slot);
/*@ requires \valid(k) && c < CORE_CONTEXTS && d < CORE_DOMAINS && (slot < CORE_CAPABILITIES || slot == NONE);
    assigns *k; */
uint32_t word_REGION_DEVICE(struct kernel *k, uint32_t c, uint32_t d, uint32_t slot);
/*@ requires \valid(k) && c < CORE_CONTEXTS && d < CORE_DOMAINS && (slot < CORE_CAPABILITIES || slot == NONE);
    assigns *k; */
uint32_t word_REGION_PHYSICAL(struct kernel *k, uint32_t c, uint32_t d, uint32_t slot);
/*@ requires \valid(k) && c < CORE_CONTEXTS && d < CORE_DOMAINS && (slot < CORE_CAPABILITIES || slot == NONE);
    assigns *k; */
uint32_t word_REGION_DMA(struct kernel *k, uint32_t c, uint32_t d, uint32_t slot);
/*@ requires \valid(k) && c < CORE_CONTEXTS && d < CORE_DOMAINS && (slot < CORE_CAPABILITIES || slot == NONE);
    assigns *k; */
uint32_t word_DOMAIN_CREATE(struct kernel *k, uint32_t c, uint32_t d, uint32_t slot);
/*@ requires \valid(k) && c < CORE_CONTEXTS && d < CORE_DOMAINS && (slot < CORE_CAPABILITIES || slot == NONE);
    assigns *k; */
uint32_t word_DOMAIN_VIEW(struct kernel *k, uint32_t c, uint32_t d, uint32_t slot);
/*@ requires \valid(k) && c < CORE_CONTEXTS && d < CORE_DOMAINS && (slot < CORE_CAPABILITIES || slot == NONE);
    assigns *k; */
uint32_t word_DOMAIN_SUSPEND(struct kernel *k, uint32_t c, uint32_t d, uint32_t slot);
/*@ requires \valid(k) && c < CORE_CONTEXTS && d < CORE_DOMAINS && (slot < CORE_CAPABILITIES || slot == NONE);
    assigns *k; */
uint32_t word_DOMAIN_RESUME(struct kernel *k, uint32_t c, uint32_t d, uint32_t slot);
/*@ requires \valid(k) && c < CORE_CONTEXTS && d < CORE_DOMAINS && (slot < CORE_CAPABILITIES || slot == NONE);
    assigns *k; */
uint32_t word_DOMAIN_KILL(struct kernel *k, uint32_t c, uint32_t d, uint32_t slot);
/*@ requires \valid(k) && c < CORE_CONTEXTS && d < CORE_DOMAINS && (slot < CORE_CAPABILITIES || slot == NONE);
    assigns *k; */
uint32_t word_DOMAIN_MONITOR(struct kernel *k, uint32_t c, uint32_t d, uint32_t slot);
/*@ requires \valid(k) && c < CORE_CONTEXTS && d < CORE_DOMAINS && (slot < CORE_CAPABILITIES || slot == NONE);
    assigns *k; */
uint32_t word_DOMAIN_SUPERVISE(struct kernel *k, uint32_t c, uint32_t d, uint32_t slot);
/*@ requires \valid(k) && c < CORE_CONTEXTS && d < CORE_DOMAINS && (slot < CORE_CAPABILITIES || slot == NONE);
    assigns *k; */
uint32_t word_DOMAIN_INFO(struct kernel *k, uint32_t c, uint32_t d, uint32_t slot);
/*@ requires \valid(k) && c < CORE_CONTEXTS && d < CORE_DOMAINS && (slot < CORE_CAPABILITIES || slot == NONE);
    assigns *k; */
uint32_t word_DOMAIN_SCHEDULE(struct kernel *k, uint32_t c, uint32_t d, uint32_t slot);
/*@ requires \valid(k) && c < CORE_CONTEXTS && d < CORE_DOMAINS && (slot < CORE_CAPABILITIES || slot == NONE);
    assigns *k; */
uint32_t word_DOMAIN_VERIFIED(struct kernel *k, uint32_t c, uint32_t d, uint32_t slot);
/*@ requires \valid(k) && c < CORE_CONTEXTS && d < CORE_DOMAINS && (slot < CORE_CAPABILITIES || slot == NONE);
    assigns *k; */
uint32_t word_DOMAIN_STATUS(struct kernel *k, uint32_t c, uint32_t d, uint32_t slot);
/*@ requires \valid(k) && c < CORE_CONTEXTS && d < CORE_DOMAINS && (slot < CORE_CAPABILITIES || slot == NONE);
    assigns *k; */
uint32_t word_DOMAIN_HANDLER(struct kernel *k, uint32_t c, uint32_t d, uint32_t slot);
/*@ requires \valid(k) && c < CORE_CONTEXTS && d < CORE_DOMAINS && (slot < CORE_CAPABILITIES || slot == NONE);
    assigns *k; */
uint32_t word_HANDLER_RETURN(struct kernel *k, uint32_t c, uint32_t d, uint32_t slot);
/*@ requires \valid(k) && c < CORE_CONTEXTS && d < CORE_DOMAINS && (slot < CORE_CAPABILITIES || slot == NONE);
    assigns *k; */
uint32_t word_EXIT(struct kernel *k, uint32_t c, uint32_t d, uint32_t slot);
/*@ requires \valid(k) && c < CORE_CONTEXTS && d < CORE_DOMAINS && (slot < CORE_CAPABILITIES || slot == NONE);
    assigns *k; */
uint32_t word_CONTEXT_CREATE(struct kernel *k, uint32_t c, uint32_t d, uint32_t slot);
/*@ requires \valid(k) && c < CORE_CONTEXTS && d < CORE_DOMAINS && (slot < CORE_CAPABILITIES || slot == NONE);
    assigns *k; */
uint32_t word_CONTEXT_START(struct kernel *k, uint32_t c, uint32_t d, uint32_t slot);
/*@ requires \valid(k) && c < CORE_CONTEXTS && d < CORE_DOMAINS && (slot < CORE_CAPABILITIES || slot == NONE);
    assigns *k; */
uint32_t word_CONTEXT_STOP(struct kernel *k, uint32_t c, uint32_t d, uint32_t slot);
/*@ requires \valid(k) && c < CORE_CONTEXTS && d < CORE_DOMAINS && (slot < CORE_CAPABILITIES || slot == NONE);
    assigns *k; */
uint32_t word_CPU_COUNT(struct kernel *k, uint32_t c, uint32_t d, uint32_t slot);
/*@ requires \valid(k) && c < CORE_CONTEXTS && d < CORE_DOMAINS && (slot < CORE_CAPABILITIES || slot == NONE);
    assigns *k; */
uint32_t word_CHANNEL_CREATE(struct kernel *k, uint32_t c, uint32_t d, uint32_t slot);
/*@ requires \valid(k) && c < CORE_CONTEXTS && d < CORE_DOMAINS && (slot < CORE_CAPABILITIES || slot == NONE);
    assigns *k; */
uint32_t word_CHANNEL_MINT(struct kernel *k, uint32_t c, uint32_t d, uint32_t slot);
/*@ requires \valid(k) && c < CORE_CONTEXTS && d < CORE_DOMAINS && (slot < CORE_CAPABILITIES || slot == NONE);
    assigns *k; */
uint32_t word_CHANNEL_LISTEN(struct kernel *k, uint32_t c, uint32_t d, uint32_t slot);
/*@ requires \valid(k) && c < CORE_CONTEXTS && d < CORE_DOMAINS && (slot < CORE_CAPABILITIES || slot == NONE);
    assigns *k; */
uint32_t word_CHANNEL_NOTIFY(struct kernel *k, uint32_t c, uint32_t d, uint32_t slot);
/*@ requires \valid(k) && c < CORE_CONTEXTS && d < CORE_DOMAINS && (slot < CORE_CAPABILITIES || slot == NONE);
    assigns *k; */
uint32_t word_CHANNEL_INFO(struct kernel *k, uint32_t c, uint32_t d, uint32_t slot);
/*@ requires \valid(k) && c < CORE_CONTEXTS && d < CORE_DOMAINS && (slot < CORE_CAPABILITIES || slot == NONE);
    assigns *k; */
uint32_t word_SEND(struct kernel *k, uint32_t c, uint32_t d, uint32_t slot);
/*@ requires \valid(k) && c < CORE_CONTEXTS && d < CORE_DOMAINS && (slot < CORE_CAPABILITIES || slot == NONE);
    assigns *k; */
uint32_t word_SEND_DONATE(struct kernel *k, uint32_t c, uint32_t d, uint32_t slot);
/*@ requires \valid(k) && c < CORE_CONTEXTS && d < CORE_DOMAINS && (slot < CORE_CAPABILITIES || slot == NONE);
    assigns *k; */
uint32_t word_RECEIVE(struct kernel *k, uint32_t c, uint32_t d, uint32_t slot);
/*@ requires \valid(k) && c < CORE_CONTEXTS && d < CORE_DOMAINS && (slot < CORE_CAPABILITIES || slot == NONE);
    assigns *k; */
uint32_t word_CALL(struct kernel *k, uint32_t c, uint32_t d, uint32_t slot);
/*@ requires \valid(k) && c < CORE_CONTEXTS && d < CORE_DOMAINS && (slot < CORE_CAPABILITIES || slot == NONE);
    assigns *k; */
uint32_t word_REPLY(struct kernel *k, uint32_t c, uint32_t d, uint32_t slot);
/*@ requires \valid(k) && c < CORE_CONTEXTS && d < CORE_DOMAINS && (slot < CORE_CAPABILITIES || slot == NONE);
    assigns *k; */
uint32_t word_REPLY_RECEIVE(struct kernel *k, uint32_t c, uint32_t d, uint32_t slot);
/*@ requires \valid(k) && c < CORE_CONTEXTS && d < CORE_DOMAINS && (slot < CORE_CAPABILITIES || slot == NONE);
    assigns *k; */
uint32_t word_SIGNAL_CREATE(struct kernel *k, uint32_t c, uint32_t d, uint32_t slot);
/*@ requires \valid(k) && c < CORE_CONTEXTS && d < CORE_DOMAINS && (slot < CORE_CAPABILITIES || slot == NONE);
    assigns *k; */
uint32_t word_SIGNAL_RAISE(struct kernel *k, uint32_t c, uint32_t d, uint32_t slot);
/*@ requires \valid(k) && c < CORE_CONTEXTS && d < CORE_DOMAINS && (slot < CORE_CAPABILITIES || slot == NONE);
    assigns *k; */
uint32_t word_SIGNAL_WAIT(struct kernel *k, uint32_t c, uint32_t d, uint32_t slot);
/*@ requires \valid(k) && c < CORE_CONTEXTS && d < CORE_DOMAINS && (slot < CORE_CAPABILITIES || slot == NONE);
    assigns *k; */
uint32_t word_SIGNAL_TIMER(struct kernel *k, uint32_t c, uint32_t d, uint32_t slot);
/*@ requires \valid(k) && c < CORE_CONTEXTS && d < CORE_DOMAINS && (slot < CORE_CAPABILITIES || slot == NONE);
    assigns *k; */
uint32_t word_CLOCK(struct kernel *k, uint32_t c, uint32_t d, uint32_t slot);
/*@ requires \valid(k) && c < CORE_CONTEXTS && d < CORE_DOMAINS && (slot < CORE_CAPABILITIES || slot == NONE);
    assigns *k; */
uint32_t word_WALL_CLOCK(struct kernel *k, uint32_t c, uint32_t d, uint32_t slot);
/*@ requires \valid(k) && c < CORE_CONTEXTS && d < CORE_DOMAINS && (slot < CORE_CAPABILITIES || slot == NONE);
    assigns *k; */
uint32_t word_WALL_CLOCK_SET(struct kernel *k, uint32_t c, uint32_t d, uint32_t slot);
/*@ requires \valid(k) && c < CORE_CONTEXTS && d < CORE_DOMAINS && (slot < CORE_CAPABILITIES || slot == NONE);
    assigns *k; */
uint32_t word_ENTROPY(struct kernel *k, uint32_t c, uint32_t d, uint32_t slot);
/*@ requires \valid(k) && c < CORE_CONTEXTS && d < CORE_DOMAINS && (slot < CORE_CAPABILITIES || slot == NONE);
    assigns *k; */
uint32_t word_YIELD(struct kernel *k, uint32_t c, uint32_t d, uint32_t slot);
/*@ requires \valid(k) && c < CORE_CONTEXTS && d < CORE_DOMAINS && (slot < CORE_CAPABILITIES || slot == NONE);
    assigns *k; */
uint32_t word_YIELD_TO(struct kernel *k, uint32_t c, uint32_t d, uint32_t slot);
/*@ requires \valid(k) && c < CORE_CONTEXTS && d < CORE_DOMAINS && (slot < CORE_CAPABILITIES || slot == NONE);
    assigns *k; */
uint32_t word_INTERRUPT_BIND(struct kernel *k, uint32_t c, uint32_t d, uint32_t slot);
/*@ requires \valid(k) && c < CORE_CONTEXTS && d < CORE_DOMAINS && (slot < CORE_CAPABILITIES || slot == NONE);
    assigns *k; */
uint32_t word_INTERRUPT_DONE(struct kernel *k, uint32_t c, uint32_t d, uint32_t slot);
/*@ requires \valid(k) && c < CORE_CONTEXTS && d < CORE_DOMAINS && (slot < CORE_CAPABILITIES || slot == NONE);
    assigns *k; */
uint32_t word_PORT_READ(struct kernel *k, uint32_t c, uint32_t d, uint32_t slot);
/*@ requires \valid(k) && c < CORE_CONTEXTS && d < CORE_DOMAINS && (slot < CORE_CAPABILITIES || slot == NONE);
    assigns *k; */
uint32_t word_PORT_WRITE(struct kernel *k, uint32_t c, uint32_t d, uint32_t slot);
/*@ requires \valid(k) && c < CORE_CONTEXTS && d < CORE_DOMAINS && (slot < CORE_CAPABILITIES || slot == NONE);
    assigns *k; */
uint32_t word_DEBUG_READ(struct kernel *k, uint32_t c, uint32_t d, uint32_t slot);
/*@ requires \valid(k) && c < CORE_CONTEXTS && d < CORE_DOMAINS && (slot < CORE_CAPABILITIES || slot == NONE);
    assigns *k; */
uint32_t word_DEBUG_WRITE(struct kernel *k, uint32_t c, uint32_t d, uint32_t slot);
/*@ requires \valid(k) && c < CORE_CONTEXTS && d < CORE_DOMAINS && (slot < CORE_CAPABILITIES || slot == NONE);
    assigns *k; */
uint32_t word_DEBUG_REGISTER(struct kernel *k, uint32_t c, uint32_t d, uint32_t slot);
/*@ requires \valid(k) && c < CORE_CONTEXTS && d < CORE_DOMAINS && (slot < CORE_CAPABILITIES || slot == NONE);
    assigns *k; */
uint32_t word_DEBUG_SET_REGISTER(struct kernel *k, uint32_t c, uint32_t d, uint32_t slot);
/*@ requires \valid(k) && c < CORE_CONTEXTS && d < CORE_DOMAINS && (slot < CORE_CAPABILITIES || slot == NONE);
    assigns *k; */
uint32_t word_TOKEN_MINT(struct kernel *k, uint32_t c, uint32_t d, uint32_t slot);
/*@ requires \valid(k) && c < CORE_CONTEXTS && d < CORE_DOMAINS && (slot < CORE_CAPABILITIES || slot == NONE);
    assigns *k; */
uint32_t word_TOKEN_VERIFY(struct kernel *k, uint32_t c, uint32_t d, uint32_t slot);
/*@ requires \valid(k) && c < CORE_CONTEXTS && d < CORE_DOMAINS && (slot < CORE_CAPABILITIES || slot == NONE);
    assigns *k; */
uint32_t word_TOKEN_HELD(struct kernel *k, uint32_t c, uint32_t d, uint32_t slot);
/*@ requires \valid(k) && c < CORE_CONTEXTS && d < CORE_DOMAINS && (slot < CORE_CAPABILITIES || slot == NONE);
    assigns *k; */
uint32_t word_REPORT_SET(struct kernel *k, uint32_t c, uint32_t d, uint32_t slot);
/*@ requires \valid(k) && c < CORE_CONTEXTS && d < CORE_DOMAINS && (slot < CORE_CAPABILITIES || slot == NONE);
    assigns *k; */
uint32_t word_POWER(struct kernel *k, uint32_t c, uint32_t d, uint32_t slot);
/*@ requires \valid(k) && c < CORE_CONTEXTS && d < CORE_DOMAINS && (slot < CORE_CAPABILITIES || slot == NONE);
    assigns *k; */
uint32_t word_LOG(struct kernel *k, uint32_t c, uint32_t d, uint32_t slot);
/*@ requires \valid(k) && c < CORE_CONTEXTS && d < CORE_DOMAINS && (slot < CORE_CAPABILITIES || slot == NONE);
    assigns *k; */
uint32_t word_TRACE_READ(struct kernel *k, uint32_t c, uint32_t d, uint32_t slot);

#endif
