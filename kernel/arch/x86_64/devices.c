/* Ports, the log and power. */
#include "kernel/arch/x86_64/machine.h"

#define SLEEP_ENABLE 0x2000u

uint32_t arch_port_read(struct machine *m, uint32_t port, uint32_t bytes)
{
    if (bytes == 1) return in8((uint16_t)port);
    return bytes == 2 ? in16((uint16_t)port) : in32((uint16_t)port);
}

void arch_port_write(struct machine *m, uint32_t port, uint32_t bytes, uint32_t value)
{
    if (bytes == 1)
        out8((uint16_t)port, (uint8_t)value);
    else if (bytes == 2)
        out16((uint16_t)port, (uint16_t)value);
    else
        out32((uint16_t)port, value);
}

void arch_log_byte(struct machine *m, uint8_t byte)
{
    log_bytes((const char *)&byte, 1);
}

static void power_off(void)
{
    const struct acpi_platform *p = &machine.platform;
    if (!p->has_sleep) return;
    if (p->pm1a_control != 0) out16((uint16_t)p->pm1a_control, (uint16_t)(p->sleep_a << 10 | SLEEP_ENABLE));
    if (p->pm1b_control != 0) out16((uint16_t)p->pm1b_control, (uint16_t)(p->sleep_b << 10 | SLEEP_ENABLE));
    wait_us(100000);
}

/* Each way that a PC may have, until one works. */
static void reset(void)
{
    const struct acpi_platform *p = &machine.platform;
    if (p->reset.address != 0 && p->reset.in_memory)
        *(volatile uint8_t *)map_device(p->reset.address, 1) = p->reset_value;
    else if (p->reset.address != 0)
        out8((uint16_t)p->reset.address, p->reset_value);
    wait_us(10000);
    out8(0xcf9, 6);
    wait_us(10000);
    out8(0x64, 0xfe);
    wait_us(10000);
}

void arch_power(struct machine *m, uint32_t kind)
{
    if (kind == POWER_OFF)
        power_off();
    else
        reset();
    log_line("power: the machine does not obey; it can be switched off now");
    machine_stop_others();
    for (;;) {
        interrupts_off();
        halt();
    }
}
