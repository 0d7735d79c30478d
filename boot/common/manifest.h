/* The boot manifest: a text file that names every image of the system.
 *
 *     lona-manifest 1
 *     root NAME
 *     NAME ROLE SIZE SHA-256
 *     ...
 *
 * One space between words, one line feed behind every line, nothing else; sizes in decimal bytes, digests in lower-case
 * hexadecimal.  NAME is a file in EFI/LONA: 1 to 12 of a-z 0-9 - and at most one dot, as FAT's short names have it. */
#ifndef BOOT_COMMON_MANIFEST_H
#define BOOT_COMMON_MANIFEST_H

#include "abi/bootinfo.h"

struct manifest_entry {
    char name[BOOTINFO_NAME_BYTES];
    uint32_t role; /* enum bootinfo_role */
    uint64_t size;
    uint8_t sha256[32];
};

struct manifest {
    uint32_t count;
    uint32_t root;   /* index of the root domain's image */
    uint32_t kernel; /* index of the kernel */
    struct manifest_entry entries[BOOTINFO_IMAGES];
};

#define MANIFEST_MAX_BYTES 4096
#define IMAGE_MAX_BYTES (256ull << 20)

/* NULL: *m is filled.  Otherwise what is wrong, in words. */
const char *manifest_parse(struct manifest *m, const char *text, size_t size);
const char *manifest_role_name(uint32_t role); /* "kernel" ...; "" for others */

#endif
