/* Manifest and images: read whole into memory, then checked there, so that what was checked is what will run. */
#include "base/mem.h"
#include "base/sha256.h"
#include "boot/boot.h"

/* The hash of the one manifest that this loader accepts: written by the image builder. */
#include "boot/manifest_hash.h"

static const struct efi_guid loaded_image_guid = {
    0x5b1b31a1, 0x9562, 0x11d2, {0x8e, 0x3f, 0x00, 0xa0, 0xc9, 0x69, 0x72, 0x3b}};
static const struct efi_guid file_system_guid = {
    0x964e5b22, 0x6459, 0x11d2, {0x8e, 0x39, 0x00, 0xa0, 0xc9, 0x69, 0x72, 0x3b}};
static const struct efi_guid file_info_guid = {
    0x09576e92, 0x6d3f, 0x11d2, {0x8e, 0x39, 0x00, 0xa0, 0xc9, 0x69, 0x72, 0x3b}};

uint64_t pages_allocate(struct boot *b, uint64_t bytes, const char *what_for)
{
    uint64_t at = 0, pages = (bytes + PAGE_BYTES - 1) / PAGE_BYTES;
    if (efi_failed(b->services->allocate_pages(EFI_ALLOCATE_ANY, EFI_LOADER_DATA, pages, &at)))
        refuse(b, "there is not enough memory for", what_for, "");
    memset((void *)at, 0, pages * PAGE_BYTES);
    return at;
}

static void open_volume(struct boot *b)
{
    struct efi_loaded_image *self;
    struct efi_file_system *fs;
    if (efi_failed(b->services->handle_protocol(b->self, &loaded_image_guid, (void **)&self)) ||
        efi_failed(b->services->handle_protocol(self->device, &file_system_guid, (void **)&fs)) ||
        efi_failed(fs->open_volume(fs, &b->root)))
        refuse(b, "the partition it was started from cannot be read", "", "");
}

/* The file EFI\LONA\name, in upper case as FAT keeps it. */
static struct efi_file *open_file(struct boot *b, const char *name)
{
    static const char folder[] = "\\EFI\\LONA\\";
    uint16_t path[sizeof folder + BOOTINFO_NAME_BYTES];
    unsigned n = 0;
    for (unsigned i = 0; folder[i] != 0; i++) path[n++] = (uint16_t)folder[i];
    for (unsigned i = 0; name[i] != 0; i++)
        path[n++] = (uint16_t)(name[i] >= 'a' && name[i] <= 'z' ? name[i] - 'a' + 'A' : name[i]);
    path[n] = 0;
    struct efi_file *f = NULL;
    if (efi_failed(b->root->open(b->root, &f, path, EFI_FILE_READ, 0)))
        refuse(b, "the file", name, "it is missing");
    return f;
}

static uint64_t file_size(struct boot *b, struct efi_file *f, const char *name)
{
    union {
        struct efi_file_info info;
        uint8_t space[sizeof(struct efi_file_info) + 512];
    } u;
    uint64_t bytes = sizeof u;
    if (efi_failed(f->get_info(f, &file_info_guid, &bytes, &u)))
        refuse(b, "the file", name, "it cannot be read");
    return u.info.file_bytes;
}

static void read_whole(struct boot *b, struct efi_file *f, const char *name, uint64_t at, uint64_t size)
{
    for (uint64_t done = 0, n; done < size; done += n) {
        n = min_u64(size - done, 1 << 20);
        if (efi_failed(f->read(f, &n, (void *)(at + done))) || n == 0)
            refuse(b, "the file", name, "it cannot be read to its end");
    }
    f->close(f);
}

static void load_manifest(struct boot *b)
{
    static const uint8_t expected[32] = MANIFEST_SHA256;
    struct efi_file *f = open_file(b, "manifest");
    uint64_t size = file_size(b, f, "manifest");
    if (size == 0 || size > MANIFEST_MAX_BYTES) refuse(b, "the boot manifest", "", "it is empty or too long");
    uint64_t at = pages_allocate(b, size, "the boot manifest");
    read_whole(b, f, "manifest", at, size);
    sha256((void *)at, size, b->info->manifest_sha256);
    if (memcmp(expected, b->info->manifest_sha256, sizeof expected) != 0)
        refuse(b, "the boot manifest", "", "it has been changed since this loader was built");
    const char *wrong = manifest_parse(&b->manifest, (const char *)at, size);
    if (wrong != NULL) refuse(b, "the boot manifest", "", wrong);
    tpm_measure(b, PCR_MANIFEST, "manifest", "manifest", (void *)at, size);
}

static void load_image(struct boot *b, const struct manifest_entry *e, struct bootinfo_image *out)
{
    struct efi_file *f = open_file(b, e->name);
    uint64_t size = file_size(b, f, e->name);
    if (size < e->size)
        refuse(b, manifest_role_name(e->role), e->name, "it is shorter than the manifest says");
    if (size > e->size)
        refuse(b, manifest_role_name(e->role), e->name, "it is longer than the manifest says");
    out->start = pages_allocate(b, size, e->name);
    out->size = size;
    read_whole(b, f, e->name, out->start, size);
    sha256((void *)out->start, size, out->sha256);
    if (memcmp(out->sha256, e->sha256, sizeof out->sha256) != 0)
        refuse(b, manifest_role_name(e->role), e->name,
               "it has been changed (its SHA-256 is not the manifest's)");
    tpm_measure(b, PCR_IMAGES, manifest_role_name(e->role), e->name, (void *)out->start, size);
    memcpy(out->name, e->name, sizeof out->name);
    out->role = e->role;
}

void images_load(struct boot *b)
{
    open_volume(b);
    load_manifest(b);
    for (unsigned i = 0; i < b->manifest.count; i++) {
        load_image(b, &b->manifest.entries[i], &b->info->images[i]);
        b->info->images[i].is_root = i == b->manifest.root;
    }
    b->info->image_count = b->manifest.count;
    say(b, "boot: ");
    say_number(b, b->manifest.count);
    say(b, b->tpm != NULL ? " images checked and measured\n" : " images checked (no TPM to measure them)\n");
}
