/* Time: the TSC, calibrated against the HPET or the ACPI timer; the real-time clock for the date. */
#include "kernel/arch/x86_64/machine.h"

#define PM_HZ 3579545u
#define CALIBRATION_MS 10
#define FEMTO_PER_MS 1000000000000ull

/* A counter that runs at a known rate: its value, masked to its width. */
struct counter {
    uint64_t hz;
    uint64_t mask;
    volatile uint64_t *hpet; /* or NULL: the ACPI timer */
};

static uint64_t counter_read(const struct counter *c)
{
    return c->hpet != NULL ? c->hpet[0xf0 / 8] : in32((uint16_t)machine.platform.pm_timer);
}

static bool find_counter(struct counter *c)
{
    if (machine.platform.hpet != 0 && machine.platform.hpet < 4ull << 30) {
        volatile uint64_t *h = map_device(machine.platform.hpet, 1024);
        uint64_t period = h[0] >> 32; /* femtoseconds */
        if (period >= 100000 && period <= 100000000) {
            h[0x10 / 8] |= 1; /* let it run */
            *c = (struct counter){FEMTO_PER_MS * 1000 / period, 0xffffffffu, h};
            return true;
        }
    }
    *c = (struct counter){PM_HZ, 0xffffff, NULL};
    return machine.platform.pm_timer != 0;
}

/* The counter and the TSC at one moment: of several readings the one in which the least time passed, since a virtual machine's
 * processor can be away between any two instructions. */
#define READINGS 16
struct moment {
    uint64_t counter, tsc;
};

static struct moment look(const struct counter *c)
{
    struct moment best = {0, 0};
    uint64_t least = UINT64_MAX;
    for (unsigned i = 0; i < READINGS; i++) {
        uint64_t before = cycles(), counter = counter_read(c), after = cycles();
        if (after - before >= least) continue;
        least = after - before;
        best = (struct moment){counter, before + least / 2};
    }
    return best;
}

static uint64_t measure_tsc(void)
{
    struct counter c;
    if (!find_counter(&c)) machine_panic("there is no timer to calibrate the clock against");
    uint64_t span = c.hz * CALIBRATION_MS / 1000;
    struct moment first = look(&c), last;
    do {
        last = look(&c);
    } while (((last.counter - first.counter) & c.mask) < span);
    return multiply_divide(last.tsc - first.tsc, c.hz, (last.counter - first.counter) & c.mask);
}

/* ---- the date ---- */

static uint8_t cmos(uint8_t at)
{
    out8(0x70, at);
    return in8(0x71);
}

static uint64_t days_before(uint64_t year, uint64_t month, uint64_t day)
{
    uint64_t y = month <= 2 ? year - 1 : year, era = y / 400, of_era = y % 400;
    uint64_t of_year = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1;
    return era * 146097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719468;
}

struct date {
    uint8_t field[6]; /* seconds, minutes, hours, day, month, year */
};

static struct date read_date(void)
{
    static const uint8_t at[6] = {0, 2, 4, 7, 8, 9};
    struct date d;
    for (unsigned i = 0; i < 1000000 && (cmos(0x0a) & 0x80) != 0; i++) {
    }
    for (unsigned i = 0; i < 6; i++) d.field[i] = cmos(at[i]);
    return d;
}

/* Microseconds since 1970, as the real-time clock has it, read twice until it did not change meanwhile. */
static uint64_t read_wall_clock(void)
{
    struct date d = read_date(), again = read_date();
    for (unsigned i = 0; i < 10 && __builtin_memcmp(&d, &again, sizeof d) != 0; i++) {
        d = again;
        again = read_date();
    }
    uint8_t form = cmos(0x0b);
    bool afternoon = (d.field[2] & 0x80) != 0;
    d.field[2] &= 0x7f;
    uint64_t v[6];
    for (unsigned i = 0; i < 6; i++)
        v[i] = (form & 4) != 0 ? d.field[i] : (uint64_t)(d.field[i] >> 4) * 10 + (d.field[i] & 15);
    if ((form & 2) == 0) v[2] = v[2] % 12 + (afternoon ? 12 : 0);
    if (v[4] < 1 || v[4] > 12) return 0;
    return (((days_before(2000 + v[5], v[4], v[3]) * 24 + v[2]) * 60 + v[1]) * 60 + v[0]) * 1000000;
}

void clock_start(void)
{
    machine.tsc_hz = measure_tsc();
    machine.tsc_to_ns = multiply_divide(1000000000u, 1ull << 32, machine.tsc_hz);
    machine.tsc_base = cycles();
    machine.wall_offset_us = read_wall_clock();
}

void wait_us(uint64_t us)
{
    uint64_t start = cycles(), span = machine.tsc_hz / 1000000 * us;
    while (cycles() - start < span) pause_cpu();
}

uint64_t arch_clock_ns(struct machine *m)
{
    uint64_t passed = cycles() - m->tsc_base;
    if ((int64_t)passed < 0) passed = 0; /* another processor's TSC may be a little behind */
    return (uint64_t)((unsigned __int128)passed * m->tsc_to_ns >> 32);
}

uint64_t arch_wall_clock_us(struct machine *m)
{
    return m->wall_offset_us + arch_clock_ns(m) / 1000;
}

void arch_wall_clock_set(struct machine *m, uint64_t us)
{
    m->wall_offset_us = us - arch_clock_ns(m) / 1000;
}

void arch_timer_set(struct machine *m, uint32_t cpu, uint64_t deadline_ns)
{
    if (deadline_ns == DEADLINE_NEVER) {
        apic_timer_arm(0);
        return;
    }
    uint64_t now = arch_clock_ns(m), distance = deadline_ns > now ? deadline_ns - now : 0;
    distance = min_u64(distance, 1ull << 40); /* a quarter of an hour; the core sets it again */
    uint64_t ticks = (uint64_t)((unsigned __int128)distance * m->ns_to_tick >> 32) + 1;
    apic_timer_arm(m->features.deadline ? cycles() + ticks : ticks);
}
