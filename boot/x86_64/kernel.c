/* The kernel in memory and the page tables that it starts with.
 *
 * Memory is mapped twice through the same tables: at its physical address, which the loader's last instructions run at, and
 * at DIRECT_MAP, not executable.  The kernel's segments get 4 KiB pages with exactly their rights. */
#include "base/mem.h"
#include "boot/boot.h"

#define PRESENT 1ull
#define WRITABLE 2ull
#define HUGE 0x80ull
#define GLOBAL 0x100ull
#define NO_EXECUTE (1ull << 63)
#define ENTRIES 512u
#define SPAN_PD (1ull << 30) /* of one page directory */
#define SPAN_PDPT (1ull << 39)
#define SPAN_MAX (64ull << 40)

static void cpuid(uint32_t leaf, uint32_t r[4])
{
    __asm__ volatile("cpuid" : "=a"(r[0]), "=b"(r[1]), "=c"(r[2]), "=d"(r[3]) : "a"(leaf), "c"(0));
}

static bool has_gigabyte_pages(void)
{
    uint32_t r[4];
    cpuid(0x80000000u, r);
    if (r[0] < 0x80000001u) return false;
    cpuid(0x80000001u, r);
    return (r[3] & 1u << 26) != 0;
}

/* What every image is compiled for, and what protection rests on. */
static void require_processor(struct boot *b)
{
    uint32_t r[4];
    cpuid(0x80000001u, r);
    if ((r[3] & 1u << 20) == 0) refuse(b, "this processor cannot protect data from being executed", "", "");
    cpuid(1, r);
    if ((r[2] & 1u << 23) == 0) refuse(b, "this processor has no POPCNT instruction", "", "");
}

static uint64_t table_new(struct boot *b)
{
    return pages_allocate(b, PAGE_BYTES, "page tables");
}

/* The root: below 4 GiB, since other processors load it while they are still in 32-bit mode. */
static uint64_t root_new(struct boot *b)
{
    uint64_t at = 0xffffffffu;
    if (efi_failed(b->services->allocate_pages(EFI_ALLOCATE_MAX, EFI_LOADER_DATA, 1, &at)))
        refuse(b, "there is not enough memory for", "page tables", "");
    memset((void *)at, 0, PAGE_BYTES);
    return at;
}

/* End of what the direct map must cover: all memory the firmware tells of, and at least the first 4 GiB with the devices. */
static uint64_t memory_end(struct boot *b)
{
    uint64_t bytes = 0, key, each = 0, end = 4ull << 30;
    uint32_t version;
    b->services->get_memory_map(&bytes, NULL, &key, &each, &version);
    bytes += 16 * PAGE_BYTES;
    uint64_t map = pages_allocate(b, bytes, "the memory map");
    if (efi_failed(b->services->get_memory_map(&bytes, (void *)map, &key, &each, &version)))
        refuse(b, "the firmware's memory map cannot be read", "", "");
    for (uint64_t at = 0; at + each <= bytes; at += each) {
        const struct efi_memory_descriptor *d = (const struct efi_memory_descriptor *)(map + at);
        if (d->type != EFI_MMIO && d->type != EFI_MMIO_PORTS && d->type != EFI_RESERVED)
            end = max_u64(end, d->start + d->pages * PAGE_BYTES);
    }
    return min_u64((end + SPAN_PD - 1) & ~(SPAN_PD - 1), SPAN_MAX);
}

static void map_all_memory(struct boot *b, uint64_t *top)
{
    uint64_t end = memory_end(b);
    bool huge = has_gigabyte_pages();
    for (uint64_t base = 0; base < end; base += SPAN_PDPT) {
        uint64_t *pdpt = (uint64_t *)table_new(b);
        for (unsigned i = 0; i < ENTRIES && base + i * SPAN_PD < end; i++) {
            uint64_t at = base + i * SPAN_PD;
            if (huge) {
                pdpt[i] = at | PRESENT | WRITABLE | HUGE;
                continue;
            }
            uint64_t *pd = (uint64_t *)table_new(b);
            for (unsigned j = 0; j < ENTRIES; j++)
                pd[j] = (at + j * (SPAN_PD / ENTRIES)) | PRESENT | WRITABLE | HUGE;
            pdpt[i] = (uint64_t)pd | PRESENT | WRITABLE;
        }
        top[base / SPAN_PDPT] = (uint64_t)pdpt | PRESENT | WRITABLE;
        top[ENTRIES / 2 + base / SPAN_PDPT] = (uint64_t)pdpt | PRESENT | WRITABLE | NO_EXECUTE;
    }
}

static void map_kernel_page(struct boot *b, uint64_t *pd, uint64_t virtual, uint64_t physical, uint32_t flags)
{
    uint64_t offset = virtual - KERNEL_BASE;
    uint64_t *slot = &pd[offset / (PAGE_BYTES * ENTRIES)];
    if (*slot == 0) *slot = table_new(b) | PRESENT | WRITABLE;
    uint64_t *pt = (uint64_t *)(*slot & ~0xfffull);
    pt[offset / PAGE_BYTES % ENTRIES] = physical | PRESENT | GLOBAL |
                                        ((flags & ELF_WRITE) != 0 ? WRITABLE : 0) |
                                        ((flags & ELF_EXECUTE) != 0 ? 0 : NO_EXECUTE);
}

static void place_segments(struct boot *b, const struct elf_program *p, const uint8_t *file, uint64_t *pd)
{
    const struct elf_segment *last = &p->segments[p->count - 1];
    uint64_t low = p->segments[0].address, bytes = last->address + last->memory_bytes - low;
    uint64_t physical = pages_allocate(b, bytes, "the kernel");
    for (unsigned i = 0; i < p->count; i++) {
        const struct elf_segment *s = &p->segments[i];
        memcpy((void *)(physical + (s->address - low)), file + s->offset, s->file_bytes);
        for (uint64_t at = 0; at < s->memory_bytes; at += PAGE_BYTES)
            map_kernel_page(b, pd, s->address + at, physical + (s->address - low) + at, s->flags);
    }
    b->info->kernel_start = physical;
    b->info->kernel_bytes = (bytes + PAGE_BYTES - 1) & ~(PAGE_BYTES - 1);
}

void kernel_place(struct boot *b)
{
    const struct bootinfo_image *image = &b->info->images[b->manifest.kernel];
    struct elf_program p;
    const char *wrong =
        elf_read(&p, (void *)image->start, image->size, ELF_X86_64, KERNEL_BASE, KERNEL_BASE + KERNEL_SPAN);
    if (wrong != NULL) refuse(b, "the kernel", image->name, wrong);
    require_processor(b);
    uint64_t *top = (uint64_t *)root_new(b), *pdpt = (uint64_t *)table_new(b), *pd = (uint64_t *)table_new(b);
    map_all_memory(b, top);
    top[KERNEL_BASE >> 39 & 511] = (uint64_t)pdpt | PRESENT | WRITABLE;
    pdpt[KERNEL_BASE >> 30 & 511] = (uint64_t)pd | PRESENT | WRITABLE;
    place_segments(b, &p, (const uint8_t *)image->start, pd);
    b->info->page_tables = (uint64_t)top;
    b->entry = p.entry;
}

/* NX on, write protection on, global pages; then the tables; then the kernel with the boot information in its first
 * argument register.  It brings its own stack. */
NORETURN void kernel_enter(struct boot *b)
{
    uint64_t info = DIRECT_MAP + (uint64_t)b->info;
    __asm__ volatile("cli\n\t"
                     "movl $0xc0000080, %%ecx\n\t"
                     "rdmsr\n\t"
                     "orl $0x800, %%eax\n\t"
                     "wrmsr\n\t"
                     "movq %%cr0, %%rax\n\t"
                     "orl $0x10000, %%eax\n\t"
                     "movq %%rax, %%cr0\n\t"
                     "movq %2, %%cr3\n\t"
                     "movq %1, %%rdi\n\t"
                     "jmp *%0"
                     :
                     : "r"(b->entry), "r"(info), "r"(b->info->page_tables)
                     : "rax", "rcx", "rdx", "rdi", "memory");
    __builtin_unreachable();
}
