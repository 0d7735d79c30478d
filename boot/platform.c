/* What the firmware knows about the machine, and the farewell to it. */
#include "base/mem.h"
#include "base/sha256.h"
#include "boot/boot.h"

static const struct efi_guid acpi2_guid = {
    0x8868e871, 0xe4f1, 0x11d3, {0xbc, 0x22, 0x00, 0x80, 0xc7, 0x3c, 0x88, 0x81}};
static const struct efi_guid acpi1_guid = {
    0xeb9d2d30, 0x2d88, 0x11d3, {0x9a, 0x16, 0x00, 0x90, 0x27, 0x3f, 0xc1, 0x4d}};
static const struct efi_guid graphics_guid = {
    0x9042a9de, 0x23dc, 0x4a38, {0x96, 0xfb, 0x7a, 0xde, 0xd0, 0x80, 0x51, 0x6a}};
static const struct efi_guid rng_guid = {
    0x3152bca5, 0xeade, 0x433d, {0x86, 0x2e, 0xc0, 0x1c, 0xdc, 0x29, 0x1f, 0x44}};

#define MAP_SLACK_RANGES 64 /* room for what allocations add between asking and leaving */

static uint64_t configuration_find(const struct boot *b, const struct efi_guid *guid)
{
    for (uint64_t i = 0; i < b->system->configuration_count; i++)
        if (memcmp(&b->system->configuration[i].guid, guid, sizeof *guid) == 0)
            return (uint64_t)b->system->configuration[i].table;
    return 0;
}

static void find_screen(struct boot *b)
{
    struct efi_graphics *g;
    if (efi_failed(b->services->locate_protocol(&graphics_guid, NULL, (void **)&g)) || g->mode == NULL)
        return;
    const struct efi_graphics_mode_info *m = g->mode->info;
    if (m == NULL || m->pixel_format > 1 || g->mode->base == 0) return;
    b->info->screen = (struct bootinfo_screen){
        g->mode->base, g->mode->bytes, m->width,
        m->height,     m->stride,      m->pixel_format == 0 ? BOOTINFO_RGBX : BOOTINFO_BGRX};
}

/* Everything that differs from boot to boot, hashed: the firmware's generator, the processor's, the time that things took. */
static void make_seed(struct boot *b)
{
    struct sha256 s;
    uint8_t bytes[64];
    struct efi_rng *rng;
    memset(bytes, 0, sizeof bytes);
    sha256_start(&s);
    if (!efi_failed(b->services->locate_protocol(&rng_guid, NULL, (void **)&rng)) &&
        !efi_failed(rng->get(rng, NULL, sizeof bytes, bytes)))
        sha256_add(&s, bytes, sizeof bytes);
    sha256_add(&s, bytes, hardware_entropy(bytes, sizeof bytes));
    for (unsigned i = 0; i < 256; i++) {
        uint64_t now = cycles();
        sha256_add(&s, &now, sizeof now);
        if (i % 16 == 0) b->services->stall(1);
    }
    sha256_add(&s, b->info->manifest_sha256, sizeof b->info->manifest_sha256);
    sha256_end(&s, b->info->seed);
    memset(bytes, 0, sizeof bytes);
}

void platform_describe(struct boot *b)
{
    b->info->acpi_rsdp = configuration_find(b, &acpi2_guid);
    if (b->info->acpi_rsdp == 0) b->info->acpi_rsdp = configuration_find(b, &acpi1_guid);
    find_screen(b);
    make_seed(b);
}

/* ---- the memory map ---- */

static uint32_t kind_of(uint32_t type)
{
    switch (type) {
    case EFI_LOADER_CODE:
    case EFI_BOOT_SERVICES_CODE:
    case EFI_BOOT_SERVICES_DATA:
    case EFI_CONVENTIONAL: return BOOTINFO_FREE;
    case EFI_LOADER_DATA: return BOOTINFO_LOADED;
    case EFI_ACPI_RECLAIM: return BOOTINFO_ACPI;
    case EFI_MMIO:
    case EFI_MMIO_PORTS: return BOOTINFO_DEVICE;
    default: return BOOTINFO_FIRMWARE;
    }
}

/* Insert in ascending order.  Firmware gives a few hundred ranges at most, mostly in order. */
static void add_range(struct bootinfo *info, struct bootinfo_range r)
{
    struct bootinfo_range *all = (struct bootinfo_range *)info->memory;
    uint64_t i = info->memory_count++;
    for (; i > 0 && all[i - 1].start > r.start; i--) all[i] = all[i - 1];
    all[i] = r;
}

static void join_ranges(struct bootinfo *info)
{
    struct bootinfo_range *all = (struct bootinfo_range *)info->memory;
    uint64_t kept = 0;
    for (uint64_t i = 0; i < info->memory_count; i++) {
        struct bootinfo_range *last = kept > 0 ? &all[kept - 1] : NULL;
        if (last != NULL && last->kind == all[i].kind && last->start + last->size == all[i].start)
            last->size += all[i].size;
        else
            all[kept++] = all[i];
    }
    info->memory_count = kept;
}

void platform_exit(struct boot *b)
{
    uint64_t bytes = 0, key, each = 0;
    uint32_t version;
    b->services->get_memory_map(&bytes, NULL, &key, &each, &version);
    if (each < sizeof(struct efi_memory_descriptor))
        refuse(b, "the firmware's memory map cannot be read", "", "");
    uint64_t room = bytes + MAP_SLACK_RANGES * each;
    uint64_t map = pages_allocate(b, room, "the memory map");
    b->info->memory = pages_allocate(b, room / each * sizeof(struct bootinfo_range), "the memory map");
    for (unsigned attempt = 0;; attempt++) { /* the first try may change the map (UEFI 7.4) */
        bytes = room;
        if (efi_failed(b->services->get_memory_map(&bytes, (void *)map, &key, &each, &version)))
            refuse(b, "the firmware's memory map cannot be read", "", "");
        if (!efi_failed(b->services->exit_boot_services(b->self, key))) break;
        if (attempt == 4) stop();
    }
    for (uint64_t at = 0; at + each <= bytes; at += each) {
        const struct efi_memory_descriptor *d = (const struct efi_memory_descriptor *)(map + at);
        if (d->pages != 0)
            add_range(b->info, (struct bootinfo_range){d->start, d->pages * PAGE_BYTES, kind_of(d->type), 0});
    }
    join_ranges(b->info);
}
