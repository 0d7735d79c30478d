/* The root domain: the image that the manifest names, at its fixed addresses, with the boot image beside it. */
#include "abi/rootinfo.h"
#include "base/mem.h"
#include "base/elf.h"
#include "kernel/arch/x86_64/machine.h"

static page_number page_of(uint64_t address)
{
    return address >> PAGE_SHIFT;
}

static void add_region(struct rootinfo *info, const char *name, uint64_t address, uint64_t physical_address,
                       uint64_t bytes, uint32_t access)
{
    uint64_t pages = (bytes + PAGE_BYTES - 1) / PAGE_BYTES;
    if (info->region_count == ROOTINFO_REGIONS ||
        !kernel_add_region(machine.kernel, page_of(address), (frame_number)(physical_address >> PAGE_SHIFT),
                           (uint32_t)pages, access))
        machine_panic("the boot image's %s does not fit at %x", name, address);
    struct rootinfo_region *r = &info->regions[info->region_count++];
    for (unsigned i = 0; name[i] != 0 && i < ROOTINFO_NAME_BYTES - 1; i++) r->name[i] = name[i];
    r->address = address;
    r->bytes = bytes;
}

static uint32_t access_of(const struct elf_segment *s)
{
    return ACCESS_READ | ((s->flags & ELF_WRITE) != 0 ? ACCESS_WRITE : 0) |
           ((s->flags & ELF_EXECUTE) != 0 ? ACCESS_EXECUTE : 0);
}

/* What the file holds page by page and nobody writes stays where it was loaded. */
static uint64_t segment_place(const struct bootinfo_image *image, const struct elf_segment *s)
{
    bool whole = s->file_bytes == s->memory_bytes && s->offset % PAGE_BYTES == 0;
    if (whole && (s->flags & ELF_WRITE) == 0) return image->start + s->offset;
    uint64_t at = early_pages(s->memory_bytes);
    memcpy(physical(at), physical(image->start + s->offset), s->file_bytes);
    return at;
}

/* The root's program and where its segments lie: all found before the core owns the memory. */
struct plan {
    const struct bootinfo_image *image;
    struct elf_program program;
    uint64_t places[ELF_SEGMENTS];
    uint64_t info, stack;
};

static void make_plan(struct plan *p)
{
    for (uint32_t i = 0; i < machine.info.image_count; i++)
        if (machine.info.images[i].is_root) p->image = &machine.info.images[i];
    if (p->image == NULL) machine_panic("the boot image has no root domain");
    const char *wrong = elf_read(&p->program, physical(p->image->start), p->image->size, ELF_X86_64,
                                 PAGE_BYTES, (uint64_t)BOOT_END << PAGE_SHIFT);
    if (wrong != NULL) machine_panic("the root image %s: %s", p->image->name, wrong);
    for (unsigned i = 0; i < p->program.count; i++)
        p->places[i] = segment_place(p->image, &p->program.segments[i]);
    p->info = early_pages(sizeof(struct rootinfo));
    p->stack = early_pages(ROOT_STACK_BYTES);
}

static void place_program(struct rootinfo *info, const struct plan *p)
{
    for (unsigned i = 0; i < p->program.count; i++) {
        const struct elf_segment *s = &p->program.segments[i];
        add_region(info, p->image->name, s->address, p->places[i], s->memory_bytes, access_of(s));
    }
}

/* Everything else that the manifest names is mapped for reading, one after the other. */
static void place_others(struct rootinfo *info)
{
    uint64_t at = ROOT_IMAGES;
    for (uint32_t i = 0; i < machine.info.image_count; i++) {
        const struct bootinfo_image *image = &machine.info.images[i];
        if (image->is_root || image->role == BOOTINFO_KERNEL) continue;
        add_region(info, image->name, at, image->start, image->size, ACCESS_READ);
        at += (image->size + 2 * PAGE_BYTES - 1) & ~(uint64_t)(PAGE_BYTES - 1);
    }
}

void root_start(void)
{
    struct plan plan = {.image = NULL};
    make_plan(&plan);
    struct rootinfo *info = physical(plan.info);
    info->magic = ROOTINFO_MAGIC;
    info->cpus = machine.cpu_count;
    info->uart_port = 0x3f8;
    info->uart_line = 4;
    info->acpi_rsdp = machine.info.acpi_rsdp;
    info->screen = machine.info.screen;
    memory_hand_over();
    if (!kernel_add_root(machine.kernel)) machine_panic("there is no room for the root domain");
    if (!kernel_add_context(machine.kernel, plan.program.entry, ROOT_STACK + ROOT_STACK_BYTES - 8, ROOT_INFO))
        machine_panic("there is no room for the root's context");
    add_region(info, "rootinfo", ROOT_INFO, plan.info, sizeof *info, ACCESS_READ);
    add_region(info, "stack", ROOT_STACK, plan.stack, ROOT_STACK_BYTES, ACCESS_READ | ACCESS_WRITE);
    place_program(info, &plan);
    place_others(info);
    info->context_page = kernel_context_page_address(machine.kernel, 0);
    log_line("root: %s, entry %x", plan.image->name, plan.program.entry);
}
