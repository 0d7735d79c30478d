#include "kernel/core/channel.h"
#include "kernel/core/arbiter.h"
#include "kernel/core/pebbles.h"
#include "kernel/core/capability.h"
#include "kernel/core/frames.h"
#include "kernel/core/object.h"
#include "kernel/core/page.h"
#include "kernel/core/reaper.h"
#include "kernel/core/signal.h"

/* ---- places ---- */

bool messages_ready(struct kernel *k, uint32_t n)
{
    if (n > CORE_MESSAGES || k->message_high > CORE_MESSAGES || k->messages_used > k->message_high)
        return false;
    uint32_t listed = k->message_high - k->messages_used;
    if (listed >= n) return true;
    if (CORE_MESSAGES - k->message_high < n - listed) return false;
    return STATE_BACK(k, message, k->message_high, n - listed);
}

/*@ requires \valid(k);
    assigns *k;
    ensures \result == NONE || \result < CORE_MESSAGES; */
static uint32_t message_take(struct kernel *k)
{
    uint32_t m = k->message_free;
    if (m < CORE_MESSAGES) {
        k->message_free = k->message[m].next;
    } else {
        m = k->message_high;
        if (m >= CORE_MESSAGES) return NONE;
        k->message_high = m + 1;
    }
    k->messages_used++;
    return m;
}

void channel_make(struct kernel *k, uint32_t channel, uint32_t capacity)
{
    k->channel[channel].capacity = capacity;
    k->channel[channel].credit_left = capacity;
    k->channel[channel].waiting = 0;
    k->channel[channel].head = NONE;
    k->channel[channel].tail = NONE;
    k->channel[channel].spare = NONE;
    k->channel[channel].flows = NONE;
    k->channel[channel].receivers = NONE;
    k->channel[channel].receivers_last = NONE;
    k->channel[channel].signal = NONE;
    k->channel[channel].signal_bits = 0;
    k->channel[channel].listening = 0;
    /*@ loop invariant 0 <= i <= capacity;
        loop assigns i, *k;
        loop variant capacity - i; */
    for (uint32_t i = 0; i < capacity; i++) {
        uint32_t m = message_take(k);
        if (m >= CORE_MESSAGES) break;
        k->message[m].next = k->channel[channel].spare;
        k->channel[channel].spare = m;
    }
}

/* ---- flows ---- */

bool flow_ready(struct kernel *k)
{
    return k->flow_free < CORE_FLOWS || (k->flow_high < CORE_FLOWS && STATE_BACK(k, flow, k->flow_high, 1));
}

uint32_t flow_make(struct kernel *k, uint32_t channel, uint32_t credit, uint64_t badge)
{
    uint32_t f = k->flow_free;
    if (f < CORE_FLOWS) {
        k->flow_free = k->flow[f].next;
    } else {
        f = k->flow_high;
        if (f >= CORE_FLOWS) return NONE;
        k->flow_high = f + 1;
    }
    uint32_t first = k->channel[channel].flows;
    k->flow[f].channel = channel;
    k->flow[f].limit = credit;
    k->flow[f].used = 0;
    k->flow[f].references = 0;
    k->flow[f].badge = badge;
    k->flow[f].prev = NONE;
    k->flow[f].next = first;
    if (first < CORE_FLOWS) k->flow[first].prev = f;
    k->channel[channel].flows = f;
    k->channel[channel].credit_left -= credit;
    return f;
}

/* The flow ends when nothing names it and none of its messages waits. */
/*@ requires \valid(k) && f < CORE_FLOWS;
    assigns *k; */
static void flow_check_end(struct kernel *k, uint32_t f)
{
    if (k->flow[f].references != 0 || k->flow[f].used != 0) return;
    uint32_t channel = k->flow[f].channel, prev = k->flow[f].prev, next = k->flow[f].next;
    if (channel >= CORE_CHANNELS) return;
    if (prev < CORE_FLOWS)
        k->flow[prev].next = next;
    else
        k->channel[channel].flows = next;
    if (next < CORE_FLOWS) k->flow[next].prev = prev;
    k->channel[channel].credit_left += k->flow[f].limit;
    pebbles_release(k, k->object[BASE_CHANNEL + channel].owner, COST_FLOW);
    k->flow[f].channel = NONE;
    k->flow[f].next = k->flow_free;
    k->flow_free = f;
}

void flow_hold(struct kernel *k, uint32_t flow)
{
    if (flow < CORE_FLOWS) k->flow[flow].references++;
}

void flow_drop(struct kernel *k, uint32_t flow)
{
    if (flow >= CORE_FLOWS || k->flow[flow].references == 0) return;
    k->flow[flow].references--;
    flow_check_end(k, flow);
}

bool flow_has_credit(const struct kernel *k, uint32_t channel, uint32_t flow)
{
    if (flow >= CORE_FLOWS)
        return k->channel[channel].credit_left > 0 && k->channel[channel].spare < CORE_MESSAGES;
    return k->flow[flow].channel == channel && k->flow[flow].used < k->flow[flow].limit;
}

/* ---- the queue ---- */

uint32_t channel_enqueue(struct kernel *k, uint32_t channel, uint32_t flow)
{
    uint32_t m = k->channel[channel].spare;
    if (m >= CORE_MESSAGES || !flow_has_credit(k, channel, flow)) return NONE;
    k->channel[channel].spare = k->message[m].next;
    if (flow < CORE_FLOWS)
        k->flow[flow].used++;
    else
        k->channel[channel].credit_left--;
    k->message[m].next = NONE;
    k->message[m].flow = flow;
    k->message[m].badge = flow < CORE_FLOWS ? k->flow[flow].badge : 0;
    k->message[m].bytes = 0;
    k->message[m].handles = 0;
    k->message[m].caller = NONE;
    uint32_t tail = k->channel[channel].tail;
    if (tail < CORE_MESSAGES)
        k->message[tail].next = m;
    else
        k->channel[channel].head = m;
    k->channel[channel].tail = m;
    k->channel[channel].waiting++;
    return m;
}

/* Takes the first message off the queue: its place is free again, its contents stay readable until the next enqueue. */
/*@ requires \valid(k) && channel < CORE_CHANNELS;
    assigns *k;
    ensures \result == NONE || \result < CORE_MESSAGES; */
static uint32_t dequeue(struct kernel *k, uint32_t channel)
{
    uint32_t m = k->channel[channel].head;
    if (m >= CORE_MESSAGES) return NONE;
    uint32_t next = k->message[m].next, f = k->message[m].flow;
    k->channel[channel].head = next;
    if (next >= CORE_MESSAGES) k->channel[channel].tail = NONE;
    if (k->channel[channel].waiting > 0) k->channel[channel].waiting--;
    k->message[m].next = k->channel[channel].spare;
    k->channel[channel].spare = m;
    if (f < CORE_FLOWS) {
        if (k->flow[f].used > 0) k->flow[f].used--;
        flow_check_end(k, f);
    } else {
        k->channel[channel].credit_left++;
    }
    return m;
}

uint32_t channel_receiver(const struct kernel *k, uint32_t channel)
{
    uint32_t c = k->channel[channel].receivers;
    return c < CORE_CONTEXTS ? c : NONE;
}

void channel_wait(struct kernel *k, uint32_t channel, uint32_t c, uint32_t wait, uint64_t deadline_ns)
{
    uint32_t last = k->channel[channel].receivers_last;
    k->context[c].wait_prev = last;
    k->context[c].wait_next = NONE;
    if (last < CORE_CONTEXTS)
        k->context[last].wait_next = c;
    else
        k->channel[channel].receivers = c;
    k->channel[channel].receivers_last = c;
    context_block(k, c, wait, channel, deadline_ns);
}

void channel_stop_waiting(struct kernel *k, uint32_t c)
{
    if (c >= CORE_CONTEXTS ||
        (k->context[c].wait != WAIT_RECEIVE && k->context[c].wait != WAIT_REPLY_RECEIVE))
        return;
    uint32_t channel = k->context[c].wait_object;
    if (channel >= CORE_CHANNELS) return;
    uint32_t prev = k->context[c].wait_prev, next = k->context[c].wait_next;
    if (prev < CORE_CONTEXTS)
        k->context[prev].wait_next = next;
    else
        k->channel[channel].receivers = next;
    if (next < CORE_CONTEXTS)
        k->context[next].wait_prev = prev;
    else
        k->channel[channel].receivers_last = prev;
    k->context[c].wait = WAIT_NONE;
}

/* ---- calls ---- */

uint32_t call_caller(const struct kernel *k, uint32_t object, uint32_t life, uint64_t call)
{
    if (object < BASE_CONTEXT || object >= BASE_CONTEXT + CORE_CONTEXTS || !object_alive(k, object, life))
        return NONE;
    uint32_t c = object - BASE_CONTEXT;
    if (k->context[c].state != CONTEXT_WAITING || k->context[c].wait != WAIT_REPLY ||
        k->context[c].call != call)
        return NONE;
    return c;
}

void call_fail(struct kernel *k, uint32_t object, uint32_t life, uint64_t call)
{
    uint32_t c = call_caller(k, object, life, call);
    if (c < CORE_CONTEXTS) context_wake(k, c, STATUS_PEER);
}

void call_hand(struct kernel *k, uint32_t c, uint32_t caller, uint64_t badge)
{
    k->context[c].frame.arg[0] = k->context[caller].frame.arg[1];
    k->context[c].frame.arg[1] = k->context[caller].frame.arg[2];
    k->context[c].frame.arg[2] = k->context[caller].frame.arg[3];
    k->context[c].frame.arg[3] = k->context[caller].frame.arg[4];
    k->context[c].frame.arg[4] = badge;
    k->context[c].frame.arg[5] = ~0ull;
    k->context[c].serving = BASE_CONTEXT + caller;
    k->context[c].serving_life = k->object[BASE_CONTEXT + caller].generation;
    k->context[c].serving_call = k->context[caller].call;
}

/* Makes a capability to answer the call in the receiver's domain; HANDLE_NONE if it cannot be charged. */
/*@ requires \valid(k) && d < CORE_DOMAINS && caller < CORE_CONTEXTS;
    assigns *k; */
static handle reply_right(struct kernel *k, uint32_t d, uint32_t caller)
{
    if (!capability_ready(k, 1) || !pebbles_charge(k, d, COST_CAPABILITY)) return HANDLE_NONE;
    uint32_t id = BASE_CONTEXT + caller;
    if (id >= CORE_OBJECTS) return HANDLE_NONE;
    uint32_t slot = capability_root(k, d, OBJECT_REPLY, id, k->object[id].generation,
                                    RIGHT_send | RIGHT_transfer, k->context[caller].call, 0);
    if (slot >= CORE_CAPABILITIES) return HANDLE_NONE;
    k->object[id].capabilities++;
    return capability_handle(k, slot);
}

bool channel_receive(struct kernel *k, uint32_t channel, uint32_t c, uint32_t wait)
{
    uint32_t m = dequeue(k, channel);
    if (m >= CORE_MESSAGES) return false;
    uint32_t d = k->context[c].domain, bytes = k->message[m].bytes, handles = k->message[m].handles;
    frame_number page = k->context[c].page_frame;
    uint64_t badge = k->message[m].badge;
    if (d < CORE_DOMAINS) k->domain[d].messages++;
    uint32_t caller = call_caller(k, k->message[m].caller, k->message[m].caller_life, k->message[m].call);
    if (caller < CORE_CONTEXTS && wait == WAIT_REPLY_RECEIVE) {
        call_hand(k, c, caller, badge);
        return true;
    }
    if (bytes <= MESSAGE_BYTES) page_from_message(k, page, m, bytes);
    uint32_t installed = 0;
    /*@ loop invariant 0 <= i <= MESSAGE_HANDLES && installed <= i;
        loop assigns i, installed, *k;
        loop variant MESSAGE_HANDLES - i; */
    for (uint32_t i = 0; i < MESSAGE_HANDLES && i < handles; i++) {
        uint32_t slot = k->message[m].capability[i];
        /* a revocation may have been faster */
        bool there = slot < CORE_CAPABILITIES && k->capability[slot].domain == d &&
                     k->capability[slot].generation == k->message[m].life[i];
        page_in_handle(k, page, i, there ? capability_handle(k, slot) : HANDLE_NONE);
        installed++;
    }
    if (wait == WAIT_REPLY_RECEIVE) {
        k->context[c].frame.arg[0] = installed;
        k->context[c].frame.arg[4] = badge;
        k->context[c].frame.arg[5] = bytes;
        k->context[c].serving = NONE;
        return true;
    }
    k->context[c].frame.arg[0] = bytes;
    k->context[c].frame.arg[1] = installed;
    k->context[c].frame.arg[2] = badge;
    k->context[c].frame.arg[3] = HANDLE_NONE;
    if (caller < CORE_CONTEXTS && d < CORE_DOMAINS) {
        k->context[c].frame.arg[0] = MESSAGE_WORDS * sizeof(uint64_t);
        page_in_words(k, page, k->context[caller].frame.arg[1], k->context[caller].frame.arg[2],
                      k->context[caller].frame.arg[3], k->context[caller].frame.arg[4]);
        handle reply = reply_right(k, d, caller);
        k->context[c].frame.arg[3] = reply;
        if (reply == HANDLE_NONE) context_wake(k, caller, STATUS_PEER);
    }
    return true;
}

void channel_deliver(struct kernel *k, uint32_t channel)
{
    if (k->channel[channel].signal_bits != 0)
        signal_raise_object(k, k->channel[channel].signal, k->channel[channel].signal_life,
                            k->channel[channel].signal_bits);
    uint32_t c = channel_receiver(k, channel);
    if (c >= CORE_CONTEXTS || k->channel[channel].head >= CORE_MESSAGES) return;
    uint32_t wait = k->context[c].wait;
    channel_stop_waiting(k, c);
    channel_receive(k, channel, c, wait);
    context_wake(k, c, STATUS_OK);
}

bool channel_report(struct kernel *k, uint32_t object, uint32_t life, uint64_t a, uint64_t b, uint64_t c,
                    uint64_t d, uint64_t e)
{
    if (object < BASE_CHANNEL || object >= BASE_CHANNEL + CORE_CHANNELS || !object_alive(k, object, life))
        return false;
    uint32_t channel = object - BASE_CHANNEL;
    uint32_t m = channel_enqueue(k, channel, NONE);
    if (m >= CORE_MESSAGES) return false;
    const uint64_t words[5] = {a, b, c, d, e};
    message_words(k, m, words);
    k->message[m].bytes = sizeof(struct fault_report);
    channel_deliver(k, channel);
    return true;
}

/* ---- the end ---- */

bool channel_reap(struct kernel *k, uint32_t channel)
{
    uint32_t id = BASE_CHANNEL + channel, owner = k->object[id].owner;
    /*@ loop invariant 0 <= i <= STEP_UNITS;
        loop assigns i, *k;
        loop variant STEP_UNITS - i; */
    for (uint32_t i = 0; i < STEP_UNITS; i++) {
        uint32_t c = channel_receiver(k, channel);
        if (c < CORE_CONTEXTS) {
            channel_stop_waiting(k, c);
            context_wake(k, c, STATUS_DEAD);
            continue;
        }
        uint32_t m = dequeue(k, channel);
        if (m < CORE_MESSAGES) {
            call_fail(k, k->message[m].caller, k->message[m].caller_life, k->message[m].call);
            /* capabilities that nobody will receive */
            /*@ loop invariant 0 <= j <= MESSAGE_HANDLES;
                loop assigns j, *k;
                loop variant MESSAGE_HANDLES - j; */
            for (uint32_t j = 0; j < MESSAGE_HANDLES && j < k->message[m].handles; j++) {
                uint32_t slot = k->message[m].capability[j];
                if (slot < CORE_CAPABILITIES && k->capability[slot].kind != OBJECT_NONE &&
                    k->capability[slot].generation == k->message[m].life[j])
                    capability_drop(k, slot);
            }
            continue;
        }
        uint32_t f = k->channel[channel].flows;
        if (f < CORE_FLOWS) {
            k->flow[f].references = 0;
            k->flow[f].used = 0;
            flow_check_end(k, f);
            continue;
        }
        m = k->channel[channel].spare;
        if (m < CORE_MESSAGES) {
            k->channel[channel].spare = k->message[m].next;
            k->message[m].next = k->message_free;
            k->message_free = m;
            if (k->messages_used > 0) k->messages_used--;
            continue;
        }
        pebbles_release(k, owner, COST_CHANNEL + (uint64_t)k->channel[channel].capacity * COST_MESSAGE);
        object_free(k, id);
        return true;
    }
    return false;
}
