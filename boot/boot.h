/* The loader's parts.  Everything lives on the stack of efi_main() or in pages from the firmware; nothing is global. */
#ifndef BOOT_BOOT_H
#define BOOT_BOOT_H

#include "abi/bootinfo.h"
#include "base/elf.h"
#include "boot/common/manifest.h"
#include "boot/uefi.h"

#define PAGE_BYTES 4096ull
#define PCR_MANIFEST 8u
#define PCR_IMAGES 9u

struct boot {
    efi_handle self;
    struct efi_system_table *system;
    struct efi_boot_services *services;
    struct efi_tcg2 *tpm; /* NULL: none */
    struct efi_file *root;
    struct manifest manifest;
    struct bootinfo *info;
    uint64_t entry; /* of the kernel */
    bool serial;
};

/* ---- boot/say.c ---- */
void say_start(struct boot *b);             /* find the serial port */
void say(struct boot *b, const char *text); /* to the serial port */
void say_number(struct boot *b, uint64_t n);
/* Say on serial and screen why the machine does not start, and stop.  Any of the texts may be "". */
NORETURN void refuse(struct boot *b, const char *what, const char *name, const char *why);

/* ---- boot/files.c ---- */
uint64_t pages_allocate(struct boot *b, uint64_t bytes,
                        const char *what_for); /* zeroed; refuses when there are none */
void images_load(struct boot *b);              /* manifest and images: read, checked, measured; or refused */

/* ---- boot/tpm.c ---- */
void tpm_start(struct boot *b);
void tpm_measure(struct boot *b, uint32_t pcr, const char *role, const char *name, const void *data,
                 uint64_t bytes);
void tpm_keep_log(struct boot *b); /* into info */

/* ---- boot/platform.c ---- */
void platform_describe(struct boot *b); /* ACPI, screen, seed: into info */
/* Leave the firmware behind, with the memory map in info.  Nothing may be said or allocated afterwards. */
void platform_exit(struct boot *b);

/* ---- boot/x86_64/: per architecture ---- */
void kernel_place(struct boot *b); /* segments in memory, page tables: into info and b->entry */
NORETURN void kernel_enter(struct boot *b);
void serial_start(struct boot *b);
void serial_write(struct boot *b, char c);
uint64_t cycles(void);
NORETURN void stop(void);
size_t hardware_entropy(uint8_t *to, size_t bytes); /* how many bytes there were */

static inline bool efi_failed(efi_status s)
{
    return s != EFI_SUCCESS;
}

#endif
