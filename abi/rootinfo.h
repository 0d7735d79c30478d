/* What the root domain finds at ROOT_INFO, the address in its first argument register: read-only. */
#ifndef ABI_ROOTINFO_H
#define ABI_ROOTINFO_H

#include "abi/bootinfo.h"

/* Fixed addresses of the root domain, all below the end of boot images. */
#define ROOT_INFO 0x10000ull
#define ROOT_STACK 0x100000ull
#define ROOT_STACK_BYTES 0x180000ull /* 1.5 MiB: the compiler needs one; the page below is not mapped */
#define ROOT_PROGRAM 0x1000000ull /* where programs are linked */
#define ROOT_IMAGES 0x40000000ull   /* the other images of the manifest, in its order */

#define ROOTINFO_MAGIC 0x464e49544f4f52ull
#define ROOTINFO_NAME_BYTES 16
#define ROOTINFO_REGIONS 24
struct rootinfo_region {
    char name[ROOTINFO_NAME_BYTES];
    uint64_t address, bytes;
};

struct rootinfo {
    uint64_t magic;
    uint32_t cpus, region_count;
    uint32_t uart_port, uart_line; /* of the console */
    uint64_t acpi_rsdp;            /* physical */
    uint64_t context_page;         /* of the first context */
    struct bootinfo_screen screen;
    struct rootinfo_region regions[ROOTINFO_REGIONS]; /* region i: capability slot BOOT_SLOT_REGIONS + i */
};

#endif
