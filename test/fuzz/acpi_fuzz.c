/* Fuzz ACPI's tables: the input is a stretch of memory; the root pointer is at its beginning.  Sums are put right for the tables
 * found by their names, so that damage gets past them. */
#include <stdlib.h>
#include <string.h>

#include "kernel/acpi/acpi.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void fix_sum(uint8_t *at, size_t size, size_t sum_at)
{
    uint8_t sum = 0;
    at[sum_at] = 0;
    for (size_t i = 0; i < size; i++) sum = (uint8_t)(sum + at[i]);
    at[sum_at] = (uint8_t)-sum;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char names[][5] = {"XSDT", "RSDT", "APIC", "MCFG", "HPET", "FACP", "DSDT"};
    struct acpi_platform p;
    uint8_t *copy = malloc(size > 0 ? size : 1);
    memcpy(copy, data, size);
    if (size >= 36) {
        memcpy(copy, "RSD PTR ", 8);
        fix_sum(copy, 20, 8);
        fix_sum(copy, 36, 32);
    }
    for (size_t i = 36; i + 36 <= size; i++)
        for (unsigned n = 0; n < sizeof names / sizeof names[0]; n++) {
            uint32_t length;
            memcpy(&length, copy + i + 4, 4);
            if (memcmp(copy + i, names[n], 4) == 0 && length >= 36 && length <= size - i)
                fix_sum(copy + i, length, 9);
        }
    struct acpi_memory memory = {copy, 0, size};
    acpi_read(&p, &memory, 0);
    if (p.cpu_count > ACPI_CPUS || p.override_count > ACPI_OVERRIDES) abort();
    free(copy);
    return 0;
}
