/* Channels: queues of messages, senders' credit, calls. */
#ifndef KERNEL_CORE_CHANNEL_H
#define KERNEL_CORE_CHANNEL_H

#include "kernel/core/state.h"

/* Places for n messages can be taken, with memory behind them. */
/*@ requires \valid(k);
    assigns *k; */
bool messages_ready(struct kernel *k, uint32_t n);
/*@ requires \valid(k) && channel < CORE_CHANNELS && capacity <= CHANNEL_CAPACITY;
    assigns *k; */
void channel_make(struct kernel *k, uint32_t channel, uint32_t capacity);

/* A flow can be taken, with memory behind it. */
/*@ requires \valid(k);
    assigns *k; */
bool flow_ready(struct kernel *k);
/* A sender with so much credit, set aside from the channel's. */
/*@ requires \valid(k) && channel < CORE_CHANNELS;
    assigns *k;
    ensures \result == NONE || \result < CORE_FLOWS; */
uint32_t flow_make(struct kernel *k, uint32_t channel, uint32_t credit, uint64_t badge);
/* One capability more, one less that names the flow. */
/*@ requires \valid(k);
    assigns *k; */
void flow_hold(struct kernel *k, uint32_t flow);
/*@ requires \valid(k);
    assigns *k; */
void flow_drop(struct kernel *k, uint32_t flow);

/* Whether the flow has credit for a message: a place is there then. */
/*@ requires \valid(k) && channel < CORE_CHANNELS;
    assigns \nothing; */
bool flow_has_credit(const struct kernel *k, uint32_t channel, uint32_t flow);

/* A place at the end of the queue for a message of the flow (NONE: the kernel's own, on the channel's credit); NONE: no credit. */
/*@ requires \valid(k) && channel < CORE_CHANNELS;
    assigns *k;
    ensures \result == NONE || \result < CORE_MESSAGES; */
uint32_t channel_enqueue(struct kernel *k, uint32_t channel, uint32_t flow);

/* Whoever waits gets the first message; the bound signal is raised.  Call after channel_enqueue has been filled. */
/*@ requires \valid(k) && channel < CORE_CHANNELS;
    assigns *k; */
void channel_deliver(struct kernel *k, uint32_t channel);

/* Hands the first message of the queue to the context, which is of the owner's domain.  false: the queue is empty. */
/*@ requires \valid(k) && channel < CORE_CHANNELS && c < CORE_CONTEXTS;
    assigns *k; */
bool channel_receive(struct kernel *k, uint32_t channel, uint32_t c, uint32_t wait);

/* The first context that waits at the channel; NONE. */
/*@ requires \valid(k) && channel < CORE_CHANNELS;
    assigns \nothing;
    ensures \result == NONE || \result < CORE_CONTEXTS; */
uint32_t channel_receiver(const struct kernel *k, uint32_t channel);

/* The context waits at the channel from now on. */
/*@ requires \valid(k) && channel < CORE_CHANNELS && c < CORE_CONTEXTS;
    assigns *k; */
void channel_wait(struct kernel *k, uint32_t channel, uint32_t c, uint32_t wait, uint64_t deadline_ns);
/* And no longer, if it did. */
/*@ requires \valid(k);
    assigns *k; */
void channel_stop_waiting(struct kernel *k, uint32_t c);

/* A call's words come straight to a context that waits in reply-receive, and it serves the caller from now on. */
/*@ requires \valid(k) && c < CORE_CONTEXTS && caller < CORE_CONTEXTS;
    assigns *k; */
void call_hand(struct kernel *k, uint32_t c, uint32_t caller, uint64_t badge);

/* The context that made the call and still waits for the answer; NONE. */
/*@ requires \valid(k);
    assigns \nothing;
    ensures \result == NONE || \result < CORE_CONTEXTS; */
uint32_t call_caller(const struct kernel *k, uint32_t object, uint32_t life, uint64_t call);

/* The right to reply is gone unused. */
/*@ requires \valid(k);
    assigns *k; */
void call_fail(struct kernel *k, uint32_t object, uint32_t life, uint64_t call);

/* A step of giving back; true: the slot is free. */
/*@ requires \valid(k) && channel < CORE_CHANNELS;
    assigns *k; */
bool channel_reap(struct kernel *k, uint32_t channel);

/* A message of the kernel's own, of at most 6 words; false: no place. */
/*@ requires \valid(k);
    assigns *k; */
bool channel_report(struct kernel *k, uint32_t object, uint32_t life, uint64_t a, uint64_t b, uint64_t c,
                    uint64_t d, uint64_t e);

#endif
