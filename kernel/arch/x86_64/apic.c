/* Local APIC, in its memory-mapped and its register form, and IO-APIC.  Source: Intel SDM 3A chapter 11; 82093AA data sheet. */
#include "kernel/arch/x86_64/machine.h"

enum {
    APIC_ID = 0x20,
    APIC_EOI = 0xb0,
    APIC_SPURIOUS = 0xf0,
    APIC_COMMAND = 0x300,
    APIC_COMMAND_HIGH = 0x310,
    APIC_LVT_TIMER = 0x320,
    APIC_LVT_LINT0 = 0x350,
    APIC_LVT_LINT1 = 0x360,
    APIC_LVT_ERROR = 0x370,
    APIC_TIMER_INITIAL = 0x380,
    APIC_TIMER_CURRENT = 0x390,
    APIC_TIMER_DIVIDE = 0x3e0
};
#define MASKED 0x10000u
#define TIMER_DEADLINE_MODE 0x40000u
#define DIVIDE_BY_1 0xbu
#define COMMAND_NMI 0x400u
#define COMMAND_INIT 0x4500u
#define COMMAND_STARTUP 0x4600u
#define COMMAND_BUSY 0x1000u
#define ALL_BUT_SELF 0xc0000u
#define CALIBRATION_US 5000

static uint32_t apic_read(uint32_t at)
{
    return machine.features.x2apic ? (uint32_t)read_msr(MSR_X2APIC + at / 16) : machine.apic[at / 4];
}

static void apic_write(uint32_t at, uint32_t v)
{
    if (machine.features.x2apic)
        write_msr(MSR_X2APIC + at / 16, v);
    else
        machine.apic[at / 4] = v;
}

void apic_start(void)
{
    uint64_t base = read_msr(MSR_APIC_BASE);
    if (machine.features.x2apic)
        write_msr(MSR_APIC_BASE, base | 0xc00);
    else if (machine.apic == NULL)
        machine.apic = map_device(base & 0xffffff000, PAGE_BYTES);
    apic_write(APIC_SPURIOUS, 0x100 | VECTOR_SPURIOUS);
    apic_write(APIC_LVT_LINT0, MASKED);
    apic_write(APIC_LVT_LINT1, COMMAND_NMI);
    apic_write(APIC_LVT_ERROR, MASKED);
    apic_write(APIC_TIMER_DIVIDE, DIVIDE_BY_1);
    apic_write(APIC_LVT_TIMER, VECTOR_TIMER | (machine.features.deadline ? TIMER_DEADLINE_MODE : 0));
    this_cpu()->apic_id = machine.features.x2apic ? apic_read(APIC_ID) : apic_read(APIC_ID) >> 24;
}

void apic_end_of_interrupt(void)
{
    apic_write(APIC_EOI, 0);
}

static void command(uint32_t apic_id, uint32_t what)
{
    if (machine.features.x2apic) {
        write_msr(MSR_X2APIC + APIC_COMMAND / 16, (uint64_t)apic_id << 32 | what);
        return;
    }
    apic_write(APIC_COMMAND_HIGH, apic_id << 24);
    apic_write(APIC_COMMAND, what);
    while ((apic_read(APIC_COMMAND) & COMMAND_BUSY) != 0) pause_cpu();
}

void apic_send(uint32_t apic_id, uint32_t vector)
{
    command(apic_id, 0x4000 | vector);
}

void apic_send_nmi_to_others(void)
{
    if (machine.features.x2apic || machine.apic != NULL) command(0, ALL_BUT_SELF | 0x4000 | COMMAND_NMI);
}

/* INIT, then two start-ups: SDM 3A 9.4.4.1. */
void apic_start_cpu(uint32_t apic_id, uint32_t page)
{
    command(apic_id, COMMAND_INIT);
    wait_us(10000);
    for (unsigned i = 0; i < 2; i++) {
        command(apic_id, COMMAND_STARTUP | page);
        wait_us(200);
    }
}

/* ---- timer ---- */

/* The timer's count and the TSC at one moment: see clock.c. */
#define READINGS 16
static uint32_t look(uint64_t *tsc)
{
    uint64_t least = UINT64_MAX;
    uint32_t best = 0;
    for (unsigned i = 0; i < READINGS; i++) {
        uint64_t before = cycles();
        uint32_t count = apic_read(APIC_TIMER_CURRENT);
        uint64_t after = cycles();
        if (after - before >= least) continue;
        least = after - before;
        best = count;
        *tsc = before + least / 2;
    }
    return best;
}

static uint64_t measure_timer(void)
{
    uint64_t start, end, span = machine.tsc_hz / 1000000 * CALIBRATION_US;
    apic_write(APIC_LVT_TIMER, MASKED | VECTOR_TIMER);
    apic_write(APIC_TIMER_INITIAL, 0xffffffffu);
    uint32_t first = look(&start), last;
    do {
        last = look(&end);
    } while (end - start < span);
    apic_write(APIC_TIMER_INITIAL, 0);
    apic_write(APIC_LVT_TIMER, VECTOR_TIMER);
    return multiply_divide(first - last, machine.tsc_hz, end - start);
}

void apic_timer_calibrate(void)
{
    machine.apic_timer_hz = machine.features.deadline ? machine.tsc_hz : measure_timer();
    if (machine.apic_timer_hz == 0) machine_panic("the local timer does not run");
    machine.ns_to_tick = multiply_divide(machine.apic_timer_hz, 1ull << 32, 1000000000u);
}

/* With a deadline timer, ticks is a moment of the TSC, 0 for never; otherwise a distance, 0 for never. */
void apic_timer_arm(uint64_t ticks)
{
    if (machine.features.deadline)
        write_msr(MSR_TSC_DEADLINE, ticks);
    else
        apic_write(APIC_TIMER_INITIAL, ticks > 0xffffffffu ? 0xffffffffu : (uint32_t)ticks);
}

/* ---- IO-APIC: line n of the system raises vector VECTOR_LINE + n on the first processor ---- */

#define LINE_LOW 0x2000u
#define LINE_LEVEL 0x8000u
#define LINE_MASKED 0x10000u
#define ISA_LINES 16

static volatile uint32_t *ioapic_of(uint32_t line, uint32_t *pin)
{
    const struct acpi_platform *p = &machine.platform;
    const struct acpi_ioapic *best = NULL;
    for (uint32_t i = 0; i < p->ioapic_count; i++)
        if (p->ioapics[i].first_line <= line && (best == NULL || p->ioapics[i].first_line > best->first_line))
            best = &p->ioapics[i];
    if (best == NULL) return NULL;
    volatile uint32_t *io = map_device(best->address, PAGE_BYTES);
    *pin = line - best->first_line;
    io[0] = 1;
    return *pin <= (io[4] >> 16 & 0xff) ? io : NULL;
}

static void line_write(uint32_t line, uint32_t bits)
{
    uint32_t pin;
    volatile uint32_t *io = line < MACHINE_LINES ? ioapic_of(line, &pin) : NULL;
    if (io == NULL) return;
    io[0] = 0x11 + 2 * pin;
    io[4] = machine.cpus[0]->apic_id << 24;
    io[0] = 0x10 + 2 * pin;
    io[4] = bits | (VECTOR_LINE + line);
}

/* ISA lines are rising edges unless the firmware says otherwise; the others are PCI's: level, active low. */
static uint32_t line_shape(uint32_t line)
{
    const struct acpi_platform *p = &machine.platform;
    for (uint32_t i = 0; i < p->override_count; i++)
        if (p->overrides[i].line == line)
            return (p->overrides[i].low ? LINE_LOW : 0) | (p->overrides[i].level ? LINE_LEVEL : 0);
    return line < ISA_LINES ? 0 : LINE_LOW | LINE_LEVEL;
}

void arch_interrupt_mask(struct machine *m, uint32_t line)
{
    line_write(line, LINE_MASKED | line_shape(line));
}

void arch_interrupt_unmask(struct machine *m, uint32_t line)
{
    line_write(line, line_shape(line));
}

void ioapic_start(void)
{
    out8(0x21, 0xff); /* the old controllers stay silent */
    out8(0xa1, 0xff);
    for (uint32_t line = 0; line < MACHINE_LINES; line++) arch_interrupt_mask(&machine, line);
}
