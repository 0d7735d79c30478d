/* What the kernel needs of ACPI's static tables: processors, interrupt controllers, timers, power, PCI configuration space.
 * The tables are the firmware's, hence measured, but often wrong: every access is bounds-checked and bad parts are skipped.
 * Source: ACPI specification 6.5; IA-PC HPET 1.0a; PCI firmware specification 3.3 (MCFG). */
#ifndef KERNEL_ACPI_ACPI_H
#define KERNEL_ACPI_ACPI_H

#include "base/types.h"

/* A window on physical memory: bytes[i] is at address start + i. */
struct acpi_memory {
    const uint8_t *bytes;
    uint64_t start, size;
};

#define ACPI_CPUS 64
#define ACPI_IOAPICS 8
#define ACPI_OVERRIDES 24
#define ACPI_SEGMENTS 8

struct acpi_ioapic {
    uint64_t address;
    uint32_t first_line;
};
struct acpi_override { /* an ISA interrupt that arrives elsewhere */
    uint8_t isa;
    bool low, level;
    uint32_t line;
};
struct acpi_segment { /* PCI configuration space of a range of buses */
    uint64_t address;
    uint16_t segment;
    uint8_t first_bus, last_bus;
};
struct acpi_register { /* 0: not there */
    uint64_t address;
    bool in_memory;
};

struct acpi_platform {
    uint32_t cpu_count, ioapic_count, override_count, segment_count;
    uint32_t cpus[ACPI_CPUS]; /* local APIC numbers of usable processors */
    uint64_t local_apic;      /* 0: not told */
    struct acpi_ioapic ioapics[ACPI_IOAPICS];
    struct acpi_override overrides[ACPI_OVERRIDES];
    struct acpi_segment segments[ACPI_SEGMENTS];
    uint64_t hpet;
    uint32_t pm_timer; /* port; 0: none */
    bool pm_timer_32;
    struct acpi_register reset;
    uint8_t reset_value;
    uint32_t pm1a_control, pm1b_control; /* ports; 0: none */
    uint8_t sleep_a, sleep_b;            /* values of the off state, from the DSDT's _S5 */
    bool has_sleep;
};

/* Read everything that hangs off the root pointer.  False: there is no usable root pointer; *out is all zero then. */
bool acpi_read(struct acpi_platform *out, const struct acpi_memory *memory, uint64_t rsdp);

#endif
