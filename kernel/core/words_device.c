/* Words about interrupts, ports, the machine, and what the kernel reports. */
#include "kernel/core/capability.h"
#include "kernel/core/object.h"
#include "kernel/core/page.h"
#include "kernel/core/signal.h"
#include "kernel/core/words.h"

/* The line that the second argument means within the capability's range; NONE: outside. */
/*@ requires \valid(k) && c < CORE_CONTEXTS;
    assigns \nothing;
    ensures \result == NONE || \result < CORE_INTERRUPTS; */
static uint32_t line_of(const struct kernel *k, uint32_t c, uint32_t slot)
{
    uint64_t line = k->context[c].frame.arg[1];
    if (slot >= CORE_CAPABILITIES || line >= k->capability[slot].length) return NONE;
    line = k->capability[slot].base + line;
    return line < CORE_INTERRUPTS ? (uint32_t)line : NONE;
}

uint32_t word_INTERRUPT_BIND(struct kernel *k, uint32_t c, uint32_t d, uint32_t slot)
{
    uint32_t line = line_of(k, c, slot), s = NONE;
    if (line >= CORE_INTERRUPTS) return STATUS_RANGE;
    if (k->context[c].frame.arg[2] == HANDLE_NONE) {
        arch_interrupt_mask(k->machine, line);
        k->interrupt[line].bits = 0;
        return STATUS_OK;
    }
    uint32_t status = word_capability(k, d, k->context[c].frame.arg[2], OBJECT_SIGNAL, RIGHT_send, &s);
    if (status != STATUS_OK) return status;
    if (k->context[c].frame.arg[3] >= 64) return STATUS_RANGE;
    if (k->interrupt[line].bits != 0 &&
        object_alive(k, k->interrupt[line].signal, k->interrupt[line].signal_life))
        return STATUS_BUSY;
    k->interrupt[line].signal = k->capability[s].object;
    k->interrupt[line].signal_life = k->capability[s].life;
    k->interrupt[line].bits = 1ull << k->context[c].frame.arg[3];
    arch_interrupt_unmask(k->machine, line);
    return STATUS_OK;
}

uint32_t word_INTERRUPT_DONE(struct kernel *k, uint32_t c, uint32_t d, uint32_t slot)
{
    uint32_t line = line_of(k, c, slot);
    if (line >= CORE_INTERRUPTS) return STATUS_RANGE;
    if (k->interrupt[line].bits != 0) arch_interrupt_unmask(k->machine, line);
    return STATUS_OK;
}

/* Whether `bytes` bytes at the port of the second argument lie within the range; *port is where. */
/*@ requires \valid(k) && c < CORE_CONTEXTS && \valid(port) && \separated(k, port);
    assigns *port; */
static uint32_t check_port(const struct kernel *k, uint32_t c, uint32_t slot, uint32_t *port)
{
    uint64_t at = k->context[c].frame.arg[1], bytes = k->context[c].frame.arg[2];
    if (bytes != 1 && bytes != 2 && bytes != 4) return STATUS_RANGE;
    if (slot >= CORE_CAPABILITIES || at >= k->capability[slot].length ||
        bytes > k->capability[slot].length - at)
        return STATUS_RANGE;
    at = k->capability[slot].base + at;
    if (at + bytes > CORE_PORTS) return STATUS_RANGE;
    *port = (uint32_t)(at & 0xffffu);
    return STATUS_OK;
}

uint32_t word_PORT_READ(struct kernel *k, uint32_t c, uint32_t d, uint32_t slot)
{
    uint32_t port = 0;
    uint32_t status = check_port(k, c, slot, &port);
    if (status == STATUS_OK)
        k->context[c].frame.arg[0] =
            arch_port_read(k->machine, port, (uint32_t)(k->context[c].frame.arg[2] & 7u));
    return status;
}

uint32_t word_PORT_WRITE(struct kernel *k, uint32_t c, uint32_t d, uint32_t slot)
{
    uint32_t port = 0;
    uint32_t status = check_port(k, c, slot, &port);
    if (status == STATUS_OK)
        arch_port_write(k->machine, port, (uint32_t)(k->context[c].frame.arg[2] & 7u),
                        (uint32_t)(k->context[c].frame.arg[3] & 0xffffffffu));
    return status;
}

uint32_t word_POWER(struct kernel *k, uint32_t c, uint32_t d, uint32_t slot)
{
    uint64_t kind = k->context[c].frame.arg[1];
    if (kind != POWER_OFF && kind != POWER_RESET) return STATUS_RANGE;
    arch_power(k->machine, (uint32_t)kind);
    return STATUS_OK;
}

uint32_t word_LOG(struct kernel *k, uint32_t c, uint32_t d, uint32_t slot)
{
    uint64_t bytes = k->context[c].frame.arg[1];
    if (bytes > MESSAGE_BYTES) return STATUS_RANGE;
    /*@ loop invariant 0 <= i <= bytes;
        loop assigns i;
        loop variant bytes - i; */
    for (uint32_t i = 0; i < bytes; i++)
        arch_log_byte(k->machine, page_out_byte(k, k->context[c].page_frame, i));
    return STATUS_OK;
}

uint32_t word_TRACE_READ(struct kernel *k, uint32_t c, uint32_t d, uint32_t slot)
{
    uint64_t sequence = k->context[c].frame.arg[1];
    if (k->trace_next > CORE_TRACE && sequence < k->trace_next - CORE_TRACE)
        sequence = k->trace_next - CORE_TRACE;
    if (sequence >= k->trace_next) return STATUS_EMPTY;
    uint32_t i = (uint32_t)(sequence % CORE_TRACE);
    k->context[c].frame.arg[0] = sequence;
    k->context[c].frame.arg[1] = k->trace[i].time_ns;
    k->context[c].frame.arg[2] = k->trace[i].event;
    k->context[c].frame.arg[3] = k->trace[i].a;
    k->context[c].frame.arg[4] = k->trace[i].b;
    return STATUS_OK;
}

uint32_t word_REPORT_SET(struct kernel *k, uint32_t c, uint32_t d, uint32_t slot)
{
    uint32_t channel = NONE;
    uint64_t kind = k->context[c].frame.arg[1];
    if (kind >= 3) return STATUS_RANGE;
    if (k->context[c].frame.arg[2] == HANDLE_NONE) {
        k->report[kind].channel = NONE;
        return STATUS_OK;
    }
    uint32_t status =
        word_capability(k, d, k->context[c].frame.arg[2], OBJECT_CHANNEL, RIGHT_receive, &channel);
    if (status != STATUS_OK) return status;
    k->report[kind].channel = k->capability[channel].object;
    k->report[kind].channel_life = k->capability[channel].life;
    return STATUS_OK;
}
