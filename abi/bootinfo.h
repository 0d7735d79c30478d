/* What the boot loader tells the kernel.  The loader fills it in memory of its own (kind BOOTINFO_LOADED) and passes its
 * address in the direct map; the kernel reads it once and trusts it, as it trusts the loader.
 * All addresses are physical unless they say otherwise; sizes are in bytes. */
#ifndef ABI_BOOTINFO_H
#define ABI_BOOTINFO_H

#include "base/types.h"

#define BOOTINFO_MAGIC 0x4f464e49414e4f4cull /* "LONAINFO" */
#define BOOTINFO_VERSION 1

/* Where the loader's page tables put things: all memory at DIRECT_MAP + physical address, not executable; the kernel at the
 * addresses it is linked to; and, until the kernel drops it, low memory at its physical address. */
#define DIRECT_MAP 0xffff800000000000ull
#define KERNEL_BASE 0xffffffff80000000ull
#define KERNEL_SPAN                                                                                          \
    (16ull << 20) /* the kernel lies in KERNEL_BASE .. KERNEL_BASE + KERNEL_SPAN, zeroed data included */

enum bootinfo_memory {
    BOOTINFO_FREE = 1, /* nobody's once the kernel runs */
    BOOTINFO_LOADED,   /* this structure, the images, the kernel, its page tables */
    BOOTINFO_ACPI,     /* tables of the firmware: readable; may be kept */
    BOOTINFO_FIRMWARE, /* the firmware's for ever */
    BOOTINFO_DEVICE    /* registers */
};

struct bootinfo_range {
    uint64_t start, size;
    uint32_t kind; /* enum bootinfo_memory */
    uint32_t pad;
};

enum bootinfo_role {
    BOOTINFO_KERNEL = 1,
    BOOTINFO_RUNTIME,
    BOOTINFO_LIBRARY,
    BOOTINFO_PROGRAM,
    BOOTINFO_DATA
};

#define BOOTINFO_NAME_BYTES 16
struct bootinfo_image {
    char name[BOOTINFO_NAME_BYTES]; /* ends with 0 */
    uint32_t role;                  /* enum bootinfo_role */
    uint32_t is_root;               /* the manifest names it as the root domain */
    uint64_t start, size;           /* page-aligned; the file as it is, the rest of its last page zero */
    uint8_t sha256[32];
};

enum bootinfo_pixels { BOOTINFO_NO_SCREEN, BOOTINFO_RGBX, BOOTINFO_BGRX };
struct bootinfo_screen {
    uint64_t start, size;
    uint32_t width, height, stride; /* pixels of 4 bytes */
    uint32_t pixels;                /* enum bootinfo_pixels */
};

#define BOOTINFO_IMAGES 16
struct bootinfo {
    uint64_t magic;
    uint32_t version, bytes;
    uint64_t memory,
        memory_count; /* struct bootinfo_range [], ascending, not overlapping, neighbours of one kind joined */
    uint64_t acpi_rsdp; /* 0: none */
    struct bootinfo_screen screen;
    uint64_t kernel_start, kernel_bytes; /* the kernel as it runs */
    uint64_t page_tables;                /* what CR3 holds at entry */
    uint64_t event_log, event_log_bytes; /* of the TPM (TCG 2 format); 0: no TPM */
    uint8_t manifest_sha256[32];
    uint8_t seed[32];   /* entropy; the kernel wipes it */
    uint64_t tsc_start; /* when the loader began */
    uint32_t image_count, pad;
    struct bootinfo_image images[BOOTINFO_IMAGES];
};

#endif
