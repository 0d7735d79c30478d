#include "kernel/acpi/acpi.h"

#include "base/mem.h"

#define HEADER_BYTES 36u
#define TABLE_MAX_BYTES (1u << 20)

/* A table as a range of its own: reads beyond it give 0. */
struct table {
    const uint8_t *bytes;
    uint32_t size;
};

static const uint8_t *window(const struct acpi_memory *m, uint64_t address, uint64_t size)
{
    if (address < m->start || address - m->start > m->size || size > m->size - (address - m->start))
        return NULL;
    return m->bytes + (address - m->start);
}

static uint64_t get(const struct table *t, uint64_t at, unsigned bytes)
{
    uint64_t v = 0;
    if (at > t->size || bytes > t->size - at) return 0;
    memcpy(&v, t->bytes + at, bytes);
    return v;
}

static bool sums_to_zero(const uint8_t *bytes, uint64_t size)
{
    uint8_t sum = 0;
    for (uint64_t i = 0; i < size; i++) sum = (uint8_t)(sum + bytes[i]);
    return sum == 0;
}

static bool open_table(struct table *t, const struct acpi_memory *m, uint64_t address)
{
    uint32_t size;
    const uint8_t *head = window(m, address, HEADER_BYTES);
    if (head == NULL) return false;
    memcpy(&size, head + 4, sizeof size);
    if (size < HEADER_BYTES || size > TABLE_MAX_BYTES) return false;
    t->bytes = window(m, address, size);
    t->size = size;
    return t->bytes != NULL && sums_to_zero(t->bytes, size);
}

/* ---- MADT ---- */

enum { MADT_CPU = 0, MADT_IOAPIC = 1, MADT_OVERRIDE = 2, MADT_LOCAL_ADDRESS = 5, MADT_X2APIC = 9 };

static void add_cpu(struct acpi_platform *out, uint32_t id, uint32_t flags)
{
    if ((flags & 1) == 0 || out->cpu_count == ACPI_CPUS) return;
    for (uint32_t i = 0; i < out->cpu_count; i++)
        if (out->cpus[i] == id) return;
    out->cpus[out->cpu_count++] = id;
}

static void add_override(struct acpi_platform *out, const struct table *t, uint32_t at)
{
    uint32_t flags = (uint32_t)get(t, at + 8, 2);
    if (out->override_count == ACPI_OVERRIDES) return;
    out->overrides[out->override_count++] = (struct acpi_override){
        (uint8_t)get(t, at + 3, 1), (flags & 3) == 3, (flags >> 2 & 3) == 3, (uint32_t)get(t, at + 4, 4)};
}

static void read_madt(struct acpi_platform *out, const struct table *t)
{
    out->local_apic = get(t, 36, 4);
    for (uint32_t at = 44, size; at + 2 <= t->size; at += size) {
        size = (uint32_t)get(t, at + 1, 1);
        if (size < 2 || size > t->size - at) break;
        switch (get(t, at, 1)) {
        case MADT_CPU:
            if (size >= 8) add_cpu(out, (uint32_t)get(t, at + 3, 1), (uint32_t)get(t, at + 4, 4));
            break;
        case MADT_IOAPIC:
            if (size >= 12 && out->ioapic_count < ACPI_IOAPICS)
                out->ioapics[out->ioapic_count++] =
                    (struct acpi_ioapic){get(t, at + 4, 4), (uint32_t)get(t, at + 8, 4)};
            break;
        case MADT_OVERRIDE:
            if (size >= 10) add_override(out, t, at);
            break;
        case MADT_LOCAL_ADDRESS:
            if (size >= 12) out->local_apic = get(t, at + 4, 8);
            break;
        case MADT_X2APIC:
            if (size >= 16) add_cpu(out, (uint32_t)get(t, at + 4, 4), (uint32_t)get(t, at + 8, 4));
            break;
        default: break;
        }
    }
}

/* ---- MCFG, HPET ---- */

static void read_mcfg(struct acpi_platform *out, const struct table *t)
{
    for (uint32_t at = 44; at + 16 <= t->size && out->segment_count < ACPI_SEGMENTS; at += 16) {
        struct acpi_segment s = {get(t, at, 8), (uint16_t)get(t, at + 8, 2), (uint8_t)get(t, at + 10, 1),
                                 (uint8_t)get(t, at + 11, 1)};
        if (s.address != 0 && s.address % 4096 == 0 && s.first_bus <= s.last_bus)
            out->segments[out->segment_count++] = s;
    }
}

static void read_hpet(struct acpi_platform *out, const struct table *t)
{
    if (t->size >= 56 && get(t, 40, 1) == 0) out->hpet = get(t, 44, 8);
}

/* ---- FADT, and the off state in the DSDT ---- */

/* A small integer of AML: ZeroOp, OneOp, a byte or a word. */
static bool aml_integer(const struct table *t, uint32_t *at, uint32_t *v)
{
    uint8_t op = (uint8_t)get(t, *at, 1);
    if (op == 0x0a) {
        *v = (uint32_t)get(t, *at + 1, 1);
        *at += 2;
    } else if (op == 0x0b) {
        *v = (uint32_t)get(t, *at + 1, 2);
        *at += 3;
    } else if (op <= 1) {
        *v = op;
        *at += 1;
    } else {
        return false;
    }
    return *at <= t->size;
}

/* Name(_S5, Package { a, b, ... }): found by its bytes, as nothing here interprets AML. */
static void read_sleep(struct acpi_platform *out, const struct table *t)
{
    for (uint32_t i = HEADER_BYTES; i + 8 < t->size; i++) {
        uint32_t a, b, at = i + 4;
        if (memcmp(t->bytes + i, "_S5_", 4) != 0 || get(t, at, 1) != 0x12) continue;
        at += 1;
        at += 1 + (uint32_t)(get(t, at, 1) >> 6); /* the package's length */
        at += 1;                                  /* number of elements */
        if (!aml_integer(t, &at, &a) || !aml_integer(t, &at, &b)) continue;
        out->sleep_a = a & 7;
        out->sleep_b = b & 7;
        out->has_sleep = true;
        return;
    }
}

static void read_fadt(struct acpi_platform *out, const struct acpi_memory *m, const struct table *t)
{
    struct table dsdt;
    uint32_t flags = (uint32_t)get(t, 112, 4);
    out->pm1a_control = (uint32_t)get(t, 64, 4);
    out->pm1b_control = (uint32_t)get(t, 68, 4);
    out->pm_timer = (uint32_t)get(t, 76, 4);
    out->pm_timer_32 = (flags & 1u << 8) != 0;
    if ((flags & 1u << 10) != 0 && get(t, 116, 1) <= 1) {
        out->reset = (struct acpi_register){get(t, 120, 8), get(t, 116, 1) == 0};
        out->reset_value = (uint8_t)get(t, 128, 1);
    }
    uint64_t at = get(t, 140, 8) != 0 ? get(t, 140, 8) : get(t, 40, 4);
    if (open_table(&dsdt, m, at)) read_sleep(out, &dsdt);
}

static void read_table(struct acpi_platform *out, const struct acpi_memory *m, uint64_t address)
{
    struct table t;
    if (!open_table(&t, m, address)) return;
    if (memcmp(t.bytes, "APIC", 4) == 0) read_madt(out, &t);
    if (memcmp(t.bytes, "MCFG", 4) == 0) read_mcfg(out, &t);
    if (memcmp(t.bytes, "HPET", 4) == 0) read_hpet(out, &t);
    if (memcmp(t.bytes, "FACP", 4) == 0) read_fadt(out, m, &t);
}

bool acpi_read(struct acpi_platform *out, const struct acpi_memory *memory, uint64_t rsdp)
{
    struct table root, pointer = {window(memory, rsdp, 20), 20};
    memset(out, 0, sizeof *out);
    if (pointer.bytes == NULL || memcmp(pointer.bytes, "RSD PTR ", 8) != 0 ||
        !sums_to_zero(pointer.bytes, 20))
        return false;
    unsigned each = 4;
    uint64_t at = get(&pointer, 16, 4);
    if (get(&pointer, 15, 1) >= 2) {
        struct table longer = {window(memory, rsdp, 36), 36};
        if (longer.bytes != NULL && sums_to_zero(longer.bytes, 36) && get(&longer, 24, 8) != 0) {
            at = get(&longer, 24, 8);
            each = 8;
        }
    }
    if (!open_table(&root, memory, at)) return false;
    for (uint32_t i = HEADER_BYTES; i + each <= root.size; i += each)
        read_table(out, memory, get(&root, i, each));
    return true;
}
