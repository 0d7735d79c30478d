/* Images: a snapshot of memory with its addresses.
 *
 * While one is being made, memory comes from a range above the arena that nothing else uses.  Writing walks the host's list
 * of mappings there; pages of zeros are not stored.  Reading maps anonymous memory at the same places and then the stored
 * pages over it, privately, so that nothing is read before it is touched.
 *
 * Images hold addresses of code and constants, too.  That is right because the program is linked to a fixed address and the
 * image is refused by any other build of it. */
#include <elf.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <link.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "runtime/port/hosted/hosted.h"
#include "runtime/port/image_format.h"

#define IMAGE_END (ARENA_BASE + (1ull << 40))
#define GAP_PAGES 8 /* so few pages of zeros are stored along: every piece costs a mapping */

struct image_plan {
    struct image_header header;
    struct image_range *ranges;
    struct image_piece *pieces;
    uint32_t range_limit, piece_limit;
    uint64_t data_bytes;
};

void port_image_begin(struct port *p)
{
    p->image_next = IMAGE_BASE;
}

/* ---- which program this is ---- */

static int find_build_id(struct dl_phdr_info *info, size_t size, void *context)
{
    for (int i = 0; i < info->dlpi_phnum; i++) {
        const ElfW(Phdr) *h = &info->dlpi_phdr[i];
        if (h->p_type != PT_NOTE) continue;
        const char *at = (const char *)(info->dlpi_addr + h->p_vaddr), *end = at + h->p_memsz;
        while (at + sizeof(ElfW(Nhdr)) <= end) {
            const ElfW(Nhdr) *n = (const ElfW(Nhdr) *)at;
            const char *name = at + sizeof *n, *id = name + ((n->n_namesz + 3u) & ~3u);
            if (n->n_type == NT_GNU_BUILD_ID && n->n_namesz == 4 && memcmp(name, "GNU", 4) == 0 &&
                n->n_descsz == BUILD_ID_BYTES) {
                memcpy(context, id, BUILD_ID_BYTES);
                return 1;
            }
            at = id + ((n->n_descsz + 3u) & ~3u);
        }
    }
    return -1; /* the first object is the program; no other counts */
}

/* False: linked without a build id, or to no fixed address. */
static bool build_id(uint8_t id[BUILD_ID_BYTES])
{
    extern const char __executable_start[];
    if ((uintptr_t)__executable_start > 0x10000000) return false;
    return dl_iterate_phdr(find_build_id, id) == 1;
}

/* ---- writing ---- */

static bool add_range(struct image_plan *plan, uint64_t at, uint64_t end, bool writable)
{
    if (plan->header.range_count == plan->range_limit) {
        plan->range_limit = plan->range_limit == 0 ? 64 : plan->range_limit * 2;
        struct image_range *more = realloc(plan->ranges, plan->range_limit * sizeof *more);
        if (more == NULL) return false;
        plan->ranges = more;
    }
    plan->ranges[plan->header.range_count++] = (struct image_range){at, end - at, writable};
    return true;
}

static bool add_page(struct image_plan *plan, uint64_t at)
{
    struct image_piece *last =
        plan->header.piece_count > 0 ? &plan->pieces[plan->header.piece_count - 1] : NULL;
    const struct image_range *range = &plan->ranges[plan->header.range_count - 1];
    if (last != NULL && last->at >= range->at && at - (last->at + last->bytes) <= GAP_PAGES * PORT_PAGE) {
        plan->data_bytes += at + PORT_PAGE - (last->at + last->bytes);
        last->bytes = at + PORT_PAGE - last->at;
        return true;
    }
    if (plan->header.piece_count == plan->piece_limit) {
        plan->piece_limit = plan->piece_limit == 0 ? 64 : plan->piece_limit * 2;
        struct image_piece *more = realloc(plan->pieces, plan->piece_limit * sizeof *more);
        if (more == NULL) return false;
        plan->pieces = more;
    }
    plan->pieces[plan->header.piece_count++] = (struct image_piece){at, PORT_PAGE, plan->data_bytes};
    plan->data_bytes += PORT_PAGE;
    return true;
}

static bool is_zero(const uint64_t *page)
{
    uint64_t any = 0;
    for (unsigned i = 0; i < PORT_PAGE / 8; i++) any |= page[i];
    return any == 0;
}

static bool plan_memory(struct image_plan *plan)
{
    FILE *maps = fopen("/proc/self/maps", "r");
    if (maps == NULL) return false;
    char line[PATH_MAX + 200];
    bool ok = true;
    while (ok && fgets(line, sizeof line, maps) != NULL) {
        uint64_t at, end;
        char read, write;
        if (sscanf(line, "%" SCNx64 "-%" SCNx64 " %c%c", &at, &end, &read, &write) != 4) continue;
        if (at < ARENA_BASE || end > IMAGE_END) continue;
        ok = add_range(plan, at, end, write == 'w');
        for (; ok && write == 'w' && at < end; at += PORT_PAGE)
            if (!is_zero((const uint64_t *)(uintptr_t)at)) ok = add_page(plan, at);
    }
    fclose(maps);
    return ok;
}

static bool write_all(int fd, const void *from, uint64_t bytes)
{
    for (const char *at = from; bytes > 0;) {
        ssize_t n = write(fd, at, bytes);
        if (n <= 0) return false;
        at += n;
        bytes -= (uint64_t)n;
    }
    return true;
}

static bool write_plan(int fd, struct image_plan *plan)
{
    struct image_header *h = &plan->header;
    uint64_t tables =
        sizeof *h + h->range_count * sizeof plan->ranges[0] + h->piece_count * sizeof plan->pieces[0];
    h->data_offset = (tables + PORT_PAGE - 1) & ~(uint64_t)(PORT_PAGE - 1);
    h->file_bytes = h->data_offset + plan->data_bytes;
    bool ok = write_all(fd, h, sizeof *h) &&
              write_all(fd, plan->ranges, h->range_count * sizeof plan->ranges[0]) &&
              write_all(fd, plan->pieces, h->piece_count * sizeof plan->pieces[0]) &&
              lseek(fd, (off_t)h->data_offset, SEEK_SET) >= 0;
    for (uint32_t i = 0; ok && i < h->piece_count; i++)
        ok = write_all(fd, (const void *)(uintptr_t)plan->pieces[i].at, plan->pieces[i].bytes);
    return ok;
}

bool port_image_write(struct port *p, const char *path, void *root, uint64_t fingerprint)
{
    char temporary[PATH_MAX];
    struct image_plan plan = {
        .header = {.magic = IMAGE_MAGIC, .root = (uintptr_t)root, .fingerprint = fingerprint}};
    plan.header.clock_ns = port_clock_ns(p);
    if (p->image_next == 0 || !build_id(plan.header.build_id)) return false;
    if (snprintf(temporary, sizeof temporary, "%s.new", path) >= (int)sizeof temporary) return false;
    bool ok = plan_memory(&plan) && plan.header.range_count <= LIMIT_PIECES &&
              plan.header.piece_count <= LIMIT_PIECES;
    int fd = ok ? open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644) : -1;
    ok = fd >= 0 && write_plan(fd, &plan);
    if (fd >= 0 && close(fd) != 0) ok = false;
    ok = ok && rename(temporary, path) == 0;
    if (!ok && fd >= 0) unlink(temporary);
    free(plan.ranges);
    free(plan.pieces);
    return ok;
}

/* ---- mapping ---- */

static bool header_fits(const struct image_header *h, const struct stat *st, uint64_t fingerprint)
{
    uint8_t id[BUILD_ID_BYTES];
    if (h->magic != IMAGE_MAGIC || h->fingerprint != fingerprint || !build_id(id)) return false;
    if (memcmp(h->build_id, id, sizeof id) != 0) return false;
    uint64_t tables = sizeof *h + (uint64_t)h->range_count * sizeof(struct image_range) +
                      (uint64_t)h->piece_count * sizeof(struct image_piece);
    return h->range_count <= LIMIT_PIECES && h->piece_count <= LIMIT_PIECES &&
           h->data_offset % PORT_PAGE == 0 && h->data_offset >= tables && h->data_offset <= h->file_bytes &&
           h->file_bytes == (uint64_t)st->st_size;
}

static bool in_window(uint64_t at, uint64_t bytes)
{
    return at % PORT_PAGE == 0 && bytes % PORT_PAGE == 0 && bytes > 0 && at >= ARENA_BASE && at < IMAGE_END &&
           bytes <= IMAGE_END - at;
}

static bool map_range(const struct image_range *r)
{
    int protection = r->writable ? PROT_READ | PROT_WRITE : PROT_NONE;
    return in_window(r->at, r->bytes) &&
           mmap((void *)r->at, r->bytes, protection,
                MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED_NOREPLACE, -1, 0) == (void *)r->at;
}

static bool map_piece(int fd, const struct image_header *h, const struct image_piece *piece)
{
    if (!in_window(piece->at, piece->bytes) || piece->offset % PORT_PAGE != 0 ||
        piece->offset > h->file_bytes - h->data_offset ||
        piece->bytes > h->file_bytes - h->data_offset - piece->offset)
        return false;
    return mmap((void *)piece->at, piece->bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_FIXED, fd,
                (off_t)(h->data_offset + piece->offset)) == (void *)piece->at;
}

static bool map_all(int fd, const struct image_header *h)
{
    const struct image_range *ranges = (const struct image_range *)(h + 1);
    const struct image_piece *pieces = (const struct image_piece *)(ranges + h->range_count);
    uint32_t mapped = 0;
    while (mapped < h->range_count && map_range(&ranges[mapped])) mapped++;
    bool ok = mapped == h->range_count;
    for (uint32_t i = 0; ok && i < h->piece_count; i++) ok = map_piece(fd, h, &pieces[i]);
    for (uint32_t i = 0; !ok && i < mapped; i++) munmap((void *)ranges[i].at, ranges[i].bytes);
    return ok;
}

void *port_image_map(struct port *p, const char *path, uint64_t fingerprint)
{
    struct stat st;
    void *root = NULL;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) return NULL;
    if (fstat(fd, &st) == 0 && st.st_size > (off_t)sizeof(struct image_header)) {
        struct image_header first;
        bool ok = pread(fd, &first, sizeof first, 0) == sizeof first && header_fits(&first, &st, fingerprint);
        struct image_header *h =
            ok ? mmap(NULL, first.data_offset, PROT_READ, MAP_PRIVATE, fd, 0) : MAP_FAILED;
        if (h != MAP_FAILED) {
            if (map_all(fd, h)) {
                root = (void *)(uintptr_t)first.root;
                p->clock_offset_ns = first.clock_ns - port_clock_ns(p);
            }
            munmap(h, first.data_offset);
        }
    }
    close(fd);
    return root;
}
