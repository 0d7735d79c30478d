/* Words about channels, signals and time. */
#include "kernel/core/arbiter.h"
#include "kernel/core/pebbles.h"
#include "kernel/core/capability.h"
#include "kernel/core/channel.h"
#include "kernel/core/object.h"
#include "kernel/core/page.h"
#include "kernel/core/reaper.h"
#include "kernel/core/signal.h"
#include "kernel/core/timer.h"
#include "kernel/core/words.h"

/*@ requires \valid(k);
    assigns \nothing;
    ensures \result == NONE || \result < CORE_CHANNELS; */
static uint32_t channel_of(const struct kernel *k, uint32_t slot)
{
    uint32_t channel = word_object(k, slot, OBJECT_CHANNEL);
    return channel < CORE_CHANNELS ? channel : NONE;
}

/*@ requires \valid(k);
    assigns \nothing;
    ensures \result == NONE || \result < CORE_SIGNALS; */
static uint32_t signal_of(const struct kernel *k, uint32_t slot)
{
    uint32_t signal = word_object(k, slot, OBJECT_SIGNAL);
    return signal < CORE_SIGNALS ? signal : NONE;
}

/* ---- channels ---- */

uint32_t word_CHANNEL_CREATE(struct kernel *k, uint32_t c, uint32_t d, uint32_t slot)
{
    uint64_t capacity = k->context[c].frame.arg[0];
    if (capacity == 0 || capacity > CHANNEL_CAPACITY) return STATUS_RANGE;
    uint64_t cost = COST_CHANNEL + capacity * COST_MESSAGE;
    if (k->domain[d].free < cost + COST_CAPABILITY) return STATUS_BUDGET;
    uint32_t id = object_ready(k, OBJECT_CHANNEL);
    if (id < BASE_CHANNEL || id >= BASE_CHANNEL + CORE_CHANNELS || !capability_ready(k, 1))
        return STATUS_FULL;
    if (!messages_ready(k, (uint32_t)capacity)) return STATUS_FULL;
    object_make(k, id, OBJECT_CHANNEL, d);
    pebbles_charge(k, d, cost);
    channel_make(k, id - BASE_CHANNEL, (uint32_t)capacity);
    k->context[c].frame.arg[0] = capability_handle(k, word_root(k, d, OBJECT_CHANNEL, id, NONE, 0));
    return STATUS_OK;
}

uint32_t word_CHANNEL_MINT(struct kernel *k, uint32_t c, uint32_t d, uint32_t slot)
{
    uint32_t channel = channel_of(k, slot), made = NONE;
    if (channel >= CORE_CHANNELS || slot >= CORE_CAPABILITIES) return STATUS_KIND;
    uint64_t credit = k->context[c].frame.arg[1];
    if (credit == 0 || credit > CHANNEL_CAPACITY) return STATUS_RANGE;
    if (credit > k->channel[channel].credit_left || !flow_ready(k)) return STATUS_FULL;
    uint32_t owner = k->object[BASE_CHANNEL + channel].owner;
    if (owner != d || k->domain[d].free < COST_CAPABILITY + COST_FLOW) return STATUS_BUDGET;
    uint32_t status = word_derive(k, slot, d, RIGHT_send | RIGHT_transfer, 0, 0, &made);
    if (status != STATUS_OK || made >= CORE_CAPABILITIES) return status;
    uint32_t f = flow_make(k, channel, (uint32_t)credit, k->context[c].frame.arg[2]);
    pebbles_charge(k, d, COST_FLOW);
    flow_hold(k, f);
    k->capability[made].base = f;
    k->context[c].frame.arg[0] = capability_handle(k, made);
    return STATUS_OK;
}

uint32_t word_CHANNEL_LISTEN(struct kernel *k, uint32_t c, uint32_t d, uint32_t slot)
{
    uint32_t channel = channel_of(k, slot);
    if (channel >= CORE_CHANNELS) return STATUS_KIND;
    k->channel[channel].listening = k->context[c].frame.arg[1] != 0 ? 1 : 0;
    return STATUS_OK;
}

uint32_t word_CHANNEL_NOTIFY(struct kernel *k, uint32_t c, uint32_t d, uint32_t slot)
{
    uint32_t channel = channel_of(k, slot), s = NONE;
    if (channel >= CORE_CHANNELS) return STATUS_KIND;
    if (k->context[c].frame.arg[1] == HANDLE_NONE) {
        k->channel[channel].signal_bits = 0;
        return STATUS_OK;
    }
    uint32_t status = word_capability(k, d, k->context[c].frame.arg[1], OBJECT_SIGNAL, RIGHT_send, &s);
    if (status != STATUS_OK) return status;
    if (k->context[c].frame.arg[2] >= 64) return STATUS_RANGE;
    k->channel[channel].signal = k->capability[s].object;
    k->channel[channel].signal_life = k->capability[s].life;
    k->channel[channel].signal_bits = 1ull << k->context[c].frame.arg[2];
    return STATUS_OK;
}

uint32_t word_CHANNEL_INFO(struct kernel *k, uint32_t c, uint32_t d, uint32_t slot)
{
    uint32_t channel = channel_of(k, slot);
    if (channel >= CORE_CHANNELS) return STATUS_KIND;
    k->context[c].frame.arg[0] = k->channel[channel].waiting;
    k->context[c].frame.arg[1] = k->channel[channel].capacity;
    k->context[c].frame.arg[2] = k->channel[channel].credit_left;
    return STATUS_OK;
}

/* ---- messages ---- */

/* Whether the handles of the context's page can travel: each found, alive, with the right of transfer, and free to be derived.  slots[i]
 * are they. */
/*@ requires \valid(k) && c < CORE_CONTEXTS && handles <= MESSAGE_HANDLES && \valid(slots + (0 .. 3)) && \separated(k, slots + (0 .. 3));
    assigns slots[0 .. 3]; */
static uint32_t check_handles(struct kernel *k, uint32_t c, uint32_t d, uint32_t handles, uint32_t *slots)
{
    /*@ loop invariant 0 <= i <= handles;
        loop assigns i, slots[0 .. 3];
        loop variant handles - i; */
    for (uint32_t i = 0; i < handles; i++) {
        uint32_t found = NONE;
        uint32_t status = capability_look_up(k, d, page_out_handle(k, k->context[c].page_frame, i), &found);
        if (status != STATUS_OK) return status;
        if (found >= CORE_CAPABILITIES || k->capability[found].rights.transfer == 0) return STATUS_RIGHT;
        if (k->capability[found].object < CORE_OBJECTS &&
            k->object[k->capability[found].object].revoking != 0)
            return STATUS_BUSY;
        slots[i] = found;
    }
    return STATUS_OK;
}

/* One of them into the receiver's table: derived; one-shot rights move.  What the receiver cannot pay is disposed of. */
/*@ requires \valid(k) && message < CORE_MESSAGES && i < MESSAGE_HANDLES && to < CORE_DOMAINS;
    assigns *k; */
static void carry(struct kernel *k, uint32_t message, uint32_t i, uint32_t slot, uint32_t to)
{
    k->message[message].capability[i] = NONE;
    if (slot >= CORE_CAPABILITIES) return;
    uint32_t kind = k->capability[slot].kind, made = NONE;
    if (kind == OBJECT_REPLY || kind == OBJECT_GRANT) {
        if (k->domain[to].free < COST_CAPABILITY || k->capability[slot].generation >= GENERATION_LAST) return;
        pebbles_release(k, k->capability[slot].domain, COST_CAPABILITY);
        pebbles_charge(k, to, COST_CAPABILITY);
        capability_give(k, slot, to);
        made = slot;
    } else if (word_derive(k, slot, to, capability_rights(k, slot), 0, 0, &made) != STATUS_OK) {
        return;
    }
    if (made >= CORE_CAPABILITIES) return;
    k->message[message].capability[i] = made;
    k->message[message].life[i] = k->capability[made].generation;
}

/*@ requires \valid(k) && c < CORE_CONTEXTS && d < CORE_DOMAINS;
    assigns *k; */
static uint32_t send(struct kernel *k, uint32_t c, uint32_t d, uint32_t slot)
{
    uint32_t channel = channel_of(k, slot);
    if (channel >= CORE_CHANNELS || slot >= CORE_CAPABILITIES) return STATUS_KIND;
    uint64_t bytes = k->context[c].frame.arg[1], handles = k->context[c].frame.arg[2];
    if (bytes > MESSAGE_BYTES || handles > MESSAGE_HANDLES) return STATUS_RANGE;
    uint64_t flow = k->capability[slot].base;
    if (flow >= CORE_FLOWS || !flow_has_credit(k, channel, (uint32_t)flow)) return STATUS_FULL;
    uint32_t slots[MESSAGE_HANDLES] = {NONE, NONE, NONE, NONE};
    uint32_t status = check_handles(k, c, d, (uint32_t)handles, slots);
    if (status != STATUS_OK) return status;
    uint32_t to = k->object[BASE_CHANNEL + channel].owner;
    uint32_t m = channel_enqueue(k, channel, (uint32_t)flow);
    if (m >= CORE_MESSAGES || to >= CORE_DOMAINS) return STATUS_FULL;
    k->message[m].bytes = (uint32_t)bytes;
    page_to_message(k, k->context[c].page_frame, m, (uint32_t)bytes);
    if (k->channel[channel].listening != 0) {
        k->message[m].handles = (uint32_t)handles;
        /*@ loop invariant 0 <= i <= handles;
            loop assigns i, *k;
            loop variant handles - i; */
        for (uint32_t i = 0; i < handles; i++) carry(k, m, i, slots[i], to);
    }
    channel_deliver(k, channel);
    return STATUS_OK;
}

uint32_t word_SEND(struct kernel *k, uint32_t c, uint32_t d, uint32_t slot)
{
    return send(k, c, d, slot);
}

uint32_t word_SEND_DONATE(struct kernel *k, uint32_t c, uint32_t d, uint32_t slot)
{
    uint32_t status = send(k, c, d, slot);
    uint32_t channel = channel_of(k, slot), cpu = k->context[c].cpu;
    if (status != STATUS_OK || channel >= CORE_CHANNELS || cpu >= CORE_CPUS) return status;
    uint32_t to = k->object[BASE_CHANNEL + channel].owner;
    uint32_t receiver = to < CORE_DOMAINS ? k->domain[to].context[cpu] : NONE;
    if (receiver >= CORE_CONTEXTS || k->context[receiver].state != CONTEXT_READY || receiver == c)
        return STATUS_OK;
    k->context[c].frame.word = STATUS_OK;
    return arbiter_hand_over(k, cpu, receiver) ? WORD_BLOCKED : STATUS_OK;
}

uint32_t word_RECEIVE(struct kernel *k, uint32_t c, uint32_t d, uint32_t slot)
{
    uint32_t channel = channel_of(k, slot);
    if (channel >= CORE_CHANNELS) return STATUS_KIND;
    if (k->object[BASE_CHANNEL + channel].owner != d) return STATUS_STATE;
    uint64_t deadline = k->context[c].frame.arg[1];
    if (channel_receive(k, channel, c, WAIT_RECEIVE)) return STATUS_OK;
    if (deadline == DEADLINE_POLL) return STATUS_EMPTY;
    channel_wait(k, channel, c, WAIT_RECEIVE, deadline);
    return WORD_BLOCKED;
}

uint32_t word_CALL(struct kernel *k, uint32_t c, uint32_t d, uint32_t slot)
{
    uint32_t channel = channel_of(k, slot);
    if (channel >= CORE_CHANNELS || slot >= CORE_CAPABILITIES) return STATUS_KIND;
    uint64_t flow = k->capability[slot].base;
    if (flow >= CORE_FLOWS) return STATUS_FULL;
    uint32_t receiver = channel_receiver(k, channel);
    if (receiver < CORE_CONTEXTS && k->context[receiver].wait == WAIT_REPLY_RECEIVE) {
        channel_stop_waiting(k, receiver);
        k->context[c].call++;
        context_block(k, c, WAIT_REPLY, channel, DEADLINE_NEVER);
        call_hand(k, receiver, c, k->flow[flow].badge);
        context_wake_into(k, receiver, k->context[c].cpu);
        return WORD_BLOCKED;
    }
    if (!flow_has_credit(k, channel, (uint32_t)flow)) return STATUS_FULL;
    uint32_t m = channel_enqueue(k, channel, (uint32_t)flow);
    if (m >= CORE_MESSAGES) return STATUS_FULL;
    k->context[c].call++;
    k->message[m].caller = BASE_CONTEXT + c;
    k->message[m].caller_life = k->object[BASE_CONTEXT + c].generation;
    k->message[m].call = k->context[c].call;
    context_block(k, c, WAIT_REPLY, channel, DEADLINE_NEVER);
    channel_deliver(k, channel);
    return WORD_BLOCKED;
}

/* Hands the answer's words, at arg[1 ..] of the answering context, to the caller. */
/*@ requires \valid(k) && c < CORE_CONTEXTS && caller < CORE_CONTEXTS;
    assigns *k; */
static void answer(struct kernel *k, uint32_t c, uint32_t caller)
{
    k->context[caller].frame.arg[0] = k->context[c].frame.arg[1];
    k->context[caller].frame.arg[1] = k->context[c].frame.arg[2];
    k->context[caller].frame.arg[2] = k->context[c].frame.arg[3];
    k->context[caller].frame.arg[3] = k->context[c].frame.arg[4];
    k->context[caller].frame.word = STATUS_OK;
}

uint32_t word_REPLY(struct kernel *k, uint32_t c, uint32_t d, uint32_t slot)
{
    if (slot >= CORE_CAPABILITIES) return STATUS_HANDLE;
    uint32_t caller =
        call_caller(k, k->capability[slot].object, k->capability[slot].life, k->capability[slot].base);
    if (caller >= CORE_CONTEXTS) {
        capability_drop(k, slot);
        return STATUS_PEER;
    }
    answer(k, c, caller);
    context_wake(k, caller, STATUS_OK);
    capability_drop(k, slot);
    return STATUS_OK;
}

uint32_t word_REPLY_RECEIVE(struct kernel *k, uint32_t c, uint32_t d, uint32_t slot)
{
    uint32_t channel = channel_of(k, slot);
    if (channel >= CORE_CHANNELS) return STATUS_KIND;
    if (k->object[BASE_CHANNEL + channel].owner != d) return STATUS_STATE;
    uint32_t caller =
        call_caller(k, k->context[c].serving, k->context[c].serving_life, k->context[c].serving_call);
    k->context[c].serving = NONE;
    if (caller < CORE_CONTEXTS) answer(k, c, caller);
    bool more = k->channel[channel].head < CORE_MESSAGES;
    if (more) {
        if (caller < CORE_CONTEXTS) context_wake(k, caller, STATUS_OK);
        channel_receive(k, channel, c, WAIT_REPLY_RECEIVE);
        return STATUS_OK;
    }
    channel_wait(k, channel, c, WAIT_REPLY_RECEIVE, DEADLINE_NEVER);
    if (caller < CORE_CONTEXTS) context_wake_into(k, caller, k->context[c].cpu);
    return WORD_BLOCKED;
}

/* ---- signals ---- */

uint32_t word_SIGNAL_CREATE(struct kernel *k, uint32_t c, uint32_t d, uint32_t slot)
{
    if (k->domain[d].free < COST_SIGNAL + COST_CAPABILITY) return STATUS_BUDGET;
    uint32_t id = object_ready(k, OBJECT_SIGNAL);
    if (id < BASE_SIGNAL || id >= BASE_SIGNAL + CORE_SIGNALS || !capability_ready(k, 1)) return STATUS_FULL;
    object_make(k, id, OBJECT_SIGNAL, d);
    pebbles_charge(k, d, COST_SIGNAL);
    signal_make(k, id - BASE_SIGNAL);
    k->context[c].frame.arg[0] = capability_handle(k, word_root(k, d, OBJECT_SIGNAL, id, 0, 0));
    return STATUS_OK;
}

uint32_t word_SIGNAL_RAISE(struct kernel *k, uint32_t c, uint32_t d, uint32_t slot)
{
    uint32_t signal = signal_of(k, slot);
    if (signal >= CORE_SIGNALS) return STATUS_KIND;
    signal_raise(k, signal, k->context[c].frame.arg[1]);
    return STATUS_OK;
}

uint32_t word_SIGNAL_WAIT(struct kernel *k, uint32_t c, uint32_t d, uint32_t slot)
{
    uint32_t signal = signal_of(k, slot);
    if (signal >= CORE_SIGNALS) return STATUS_KIND;
    uint64_t mask = k->context[c].frame.arg[1], deadline = k->context[c].frame.arg[2];
    uint64_t taken = k->signal[signal].bits & mask;
    if (taken != 0) {
        k->signal[signal].bits &= ~taken;
        k->context[c].frame.arg[0] = taken;
        return STATUS_OK;
    }
    if (deadline == DEADLINE_POLL) return STATUS_EMPTY;
    if (k->signal[signal].waiter < CORE_CONTEXTS) return STATUS_BUSY;
    k->signal[signal].waiter = c;
    k->context[c].wait_mask = mask;
    context_block(k, c, WAIT_SIGNAL, signal, deadline);
    return WORD_BLOCKED;
}

uint32_t word_SIGNAL_TIMER(struct kernel *k, uint32_t c, uint32_t d, uint32_t slot)
{
    uint32_t signal = signal_of(k, slot);
    if (signal >= CORE_SIGNALS) return STATUS_KIND;
    k->signal[signal].timer_bits = k->context[c].frame.arg[2];
    timer_set(k, TIMER_OF_SIGNAL(signal), k->context[c].frame.arg[1]);
    return STATUS_OK;
}

uint32_t word_CLOCK(struct kernel *k, uint32_t c, uint32_t d, uint32_t slot)
{
    k->context[c].frame.arg[0] = arch_clock_ns(k->machine);
    return STATUS_OK;
}

uint32_t word_WALL_CLOCK(struct kernel *k, uint32_t c, uint32_t d, uint32_t slot)
{
    k->context[c].frame.arg[0] = arch_wall_clock_us(k->machine);
    return STATUS_OK;
}

uint32_t word_WALL_CLOCK_SET(struct kernel *k, uint32_t c, uint32_t d, uint32_t slot)
{
    arch_wall_clock_set(k->machine, k->context[c].frame.arg[1]);
    return STATUS_OK;
}

uint32_t word_ENTROPY(struct kernel *k, uint32_t c, uint32_t d, uint32_t slot)
{
    k->context[c].frame.arg[0] = arch_entropy(k->machine);
    k->context[c].frame.arg[1] = arch_entropy(k->machine);
    k->context[c].frame.arg[2] = arch_entropy(k->machine);
    k->context[c].frame.arg[3] = arch_entropy(k->machine);
    return STATUS_OK;
}
