/* BOOTX64.EFI: brings checked images into memory and starts the kernel.  docs/design/boot.md. */
#include "boot/boot.h"

efi_status efi_main(efi_handle self, struct efi_system_table *system);

efi_status efi_main(efi_handle self, struct efi_system_table *system)
{
    struct boot b = {.self = self, .system = system, .services = system->boot};
    uint64_t start = cycles();
    b.services->set_watchdog(0, 0, 0, NULL);
    say_start(&b);
    say(&b, "\nboot: Lona's loader\n");
    b.info = (struct bootinfo *)pages_allocate(&b, sizeof *b.info, "the boot information");
    *b.info = (struct bootinfo){
        .magic = BOOTINFO_MAGIC, .version = BOOTINFO_VERSION, .bytes = sizeof *b.info, .tsc_start = start};
    tpm_start(&b);
    images_load(&b);
    platform_describe(&b);
    kernel_place(&b);
    tpm_keep_log(&b);
    say(&b, "boot: starting the kernel\n");
    platform_exit(&b);
    kernel_enter(&b);
}
