/* ACPI tables: made by hand, then damaged byte by byte. */
#include "kernel/acpi/acpi.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "test/support/check.h"

#define BASE 0x7000000u
#define SIZE 8192

static uint8_t memory[SIZE];
static struct acpi_memory window = {memory, BASE, SIZE};
static struct acpi_platform p;

static void put(unsigned at, uint64_t v, unsigned bytes)
{
    memcpy(memory + at, &v, bytes);
}

static void finish(unsigned at, unsigned size, unsigned sum_at)
{
    uint8_t sum = 0;
    memory[at + sum_at] = 0;
    for (unsigned i = 0; i < size; i++) sum = (uint8_t)(sum + memory[at + i]);
    memory[at + sum_at] = (uint8_t)-sum;
}

static void table(unsigned at, const char *name, unsigned size)
{
    memcpy(memory + at, name, 4);
    put(at + 4, size, 4);
}

enum { RSDP = 16, XSDT = 64, MADT = 256, MCFG = 512, HPET = 640, FADT = 768, DSDT = 1280 };

static void make_madt(void)
{
    static const uint8_t entries[] = {
        0, 8,  0, 0, 1,    0, 0,    0,                               /* processor 0 */
        0, 8,  1, 4, 1,    0, 0,    0,                               /* processor with APIC 4 */
        0, 8,  2, 6, 0,    0, 0,    0,                               /* not usable */
        1, 12, 0, 0, 0,    0, 0xc0, 0xfe, 0,    0, 0, 0,             /* IO-APIC at fec00000 */
        2, 10, 0, 0, 2,    0, 0,    0,    0,    0,                   /* the timer's line is 2 */
        2, 10, 0, 9, 9,    0, 0,    0,    0x0f, 0,                   /* line 9: low, level */
        9, 16, 0, 0, 0x00, 1, 0,    0,    1,    0, 0, 0, 7, 0, 0, 0, /* x2APIC 256 */
        5, 12, 0, 0, 0,    0, 0xe0, 0xfe, 1,    0, 0, 0,             /* local APIC at 1fee00000 */
    };
    table(MADT, "APIC", 44 + sizeof entries);
    put(MADT + 36, 0xfee00000, 4);
    memcpy(memory + MADT + 44, entries, sizeof entries);
    finish(MADT, 44 + sizeof entries, 9);
}

static void make_fadt(void)
{
    static const uint8_t sleep[] = {0x08, '_',  'S',  '5',  '_',  0x12, 0x08,
                                    0x04, 0x0a, 0x05, 0x0a, 0x05, 0x00, 0x00};
    table(FADT, "FACP", 244);
    put(FADT + 40, BASE + DSDT, 4);
    put(FADT + 64, 0x604, 4);
    put(FADT + 76, 0x608, 4);
    put(FADT + 112, 1u << 10 | 1u << 8, 4);
    put(FADT + 116, 1, 1);
    put(FADT + 120, 0xcf9, 8);
    put(FADT + 128, 0x0f, 1);
    finish(FADT, 244, 9);
    table(DSDT, "DSDT", 36 + sizeof sleep);
    memcpy(memory + DSDT + 36, sleep, sizeof sleep);
    finish(DSDT, 36 + sizeof sleep, 9);
}

static void make(void)
{
    memset(memory, 0, sizeof memory);
    memcpy(memory + RSDP, "RSD PTR ", 8);
    put(RSDP + 15, 2, 1);
    put(RSDP + 20, 36, 4);
    put(RSDP + 24, BASE + XSDT, 8);
    finish(RSDP, 20, 8);
    finish(RSDP, 36, 32);
    table(XSDT, "XSDT", 36 + 4 * 8);
    put(XSDT + 36, BASE + MADT, 8);
    put(XSDT + 44, BASE + MCFG, 8);
    put(XSDT + 52, BASE + HPET, 8);
    put(XSDT + 60, BASE + FADT, 8);
    finish(XSDT, 36 + 4 * 8, 9);
    make_madt();
    table(MCFG, "MCFG", 44 + 16);
    put(MCFG + 44, 0xb0000000, 8);
    put(MCFG + 55, 255, 1);
    finish(MCFG, 44 + 16, 9);
    table(HPET, "HPET", 56);
    put(HPET + 44, 0xfed00000, 8);
    finish(HPET, 56, 9);
    make_fadt();
}

static void good(void)
{
    make();
    CHECK(acpi_read(&p, &window, BASE + RSDP));
    CHECK(p.cpu_count == 3 && p.cpus[0] == 0 && p.cpus[1] == 4 && p.cpus[2] == 256);
    CHECK(p.ioapic_count == 1 && p.ioapics[0].address == 0xfec00000 && p.local_apic == 0x1fee00000);
    CHECK(p.override_count == 2 && p.overrides[0].isa == 0 && p.overrides[0].line == 2 &&
          !p.overrides[0].level);
    CHECK(p.overrides[1].low && p.overrides[1].level);
    CHECK(p.segment_count == 1 && p.segments[0].address == 0xb0000000 && p.segments[0].last_bus == 255);
    CHECK(p.hpet == 0xfed00000 && p.pm_timer == 0x608 && p.pm_timer_32);
    CHECK(p.reset.address == 0xcf9 && !p.reset.in_memory && p.reset_value == 0x0f);
    CHECK(p.has_sleep && p.sleep_a == 5 && p.sleep_b == 5 && p.pm1a_control == 0x604);
}

static void bad(void)
{
    make();
    CHECK(!acpi_read(&p, &window, 0) && !acpi_read(&p, &window, BASE + SIZE - 10) &&
          !acpi_read(&p, &window, ~0ull));
    memory[RSDP + 9] ^= 1;
    CHECK(!acpi_read(&p, &window, BASE + RSDP));
    make();
    memory[MADT + 60] ^= 1; /* its sum is wrong: the table is skipped, the others are read */
    CHECK(acpi_read(&p, &window, BASE + RSDP) && p.cpu_count == 0 && p.hpet != 0);
    make();
    put(MADT + 4, 0xffffffff, 4);
    CHECK(acpi_read(&p, &window, BASE + RSDP) && p.cpu_count == 0 && p.hpet != 0);
    make();
    memory[MADT + 45] = 0; /* an entry of no size must not loop */
    finish(MADT, 44 + 82, 9);
    CHECK(acpi_read(&p, &window, BASE + RSDP));
}

/* Every table ends where memory ends, and random bytes are changed with the sums put right: nothing is read outside. */
static void damaged(void)
{
    bool limits = true;
    srand(1);
    for (unsigned i = 0; i < 20000; i++) {
        make();
        for (unsigned j = 0; j < 4; j++) memory[(unsigned)rand() % 1400] = (uint8_t)rand();
        finish(RSDP, 20, 8);
        finish(RSDP, 36, 32);
        finish(XSDT, 68, 9);
        finish(MADT, 44 + 82, 9);
        finish(FADT, 244, 9);
        uint64_t size = 300 + (unsigned)rand() % 1200;
        uint8_t *copy = malloc(size); /* so that a sanitizer sees what goes beyond */
        memcpy(copy, memory, size);
        struct acpi_memory part = {copy, BASE, size};
        acpi_read(&p, &part, BASE + RSDP);
        limits = limits && p.cpu_count <= ACPI_CPUS && p.ioapic_count <= ACPI_IOAPICS &&
                 p.segment_count <= ACPI_SEGMENTS;
        free(copy);
    }
    CHECK(limits);
}

int main(void)
{
    good();
    bad();
    damaged();
    return check_report();
}
