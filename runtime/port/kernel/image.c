/* The image of the language, brought up by tools/prelink on the build machine, at its old addresses.  The loader has checked it
 * against the manifest; the checks here are against a build that does not fit together. */
#include "base/mem.h"
#include "runtime/port/image_format.h"
#include "runtime/port/kernel/kernel.h"

static const struct rootinfo_region *find_region(struct port *p, const char *name)
{
    for (uint32_t i = 0; i < p->info->region_count; i++) {
        const struct rootinfo_region *r = &p->info->regions[i];
        unsigned n = 0;
        while (name[n] != 0 && name[n] == r->name[n]) n++;
        if (name[n] == 0 && r->name[n] == 0) return r;
    }
    return NULL;
}

static bool in_region(uint64_t at, uint64_t bytes)
{
    return at % PORT_PAGE == 0 && bytes % PORT_PAGE == 0 && bytes > 0 && at >= ARENA_BASE &&
           at < BLOCKS_END && bytes <= BLOCKS_END - at;
}

static bool place_range(struct port *p, const struct image_range *r)
{
    if (!in_region(r->at, r->bytes)) return false;
    if (r->at >= BLOCKS_BASE && !blocks_take(p, r->at, r->bytes)) return false;
    return !r->writable || port_memory_commit(p, (void *)r->at, r->bytes);
}

static bool place_piece(const struct image_header *h, const struct image_piece *piece)
{
    uint64_t data = h->file_bytes - h->data_offset;
    if (!in_region(piece->at, piece->bytes) || piece->offset > data || piece->bytes > data - piece->offset)
        return false;
    memcpy((void *)piece->at, (const char *)h + h->data_offset + piece->offset, piece->bytes);
    return true;
}

void *image_open(struct port *p, const char *name)
{
    const struct rootinfo_region *region = find_region(p, name);
    if (region == NULL || region->bytes < sizeof(struct image_header)) return NULL;
    const struct image_header *h = (const struct image_header *)region->address;
    const struct image_range *ranges = (const struct image_range *)(h + 1);
    if (h->magic != IMAGE_MAGIC || h->file_bytes != region->bytes || h->range_count > LIMIT_PIECES ||
        h->piece_count > LIMIT_PIECES || h->data_offset > h->file_bytes)
        return NULL;
    const struct image_piece *pieces = (const struct image_piece *)(ranges + h->range_count);
    if ((const char *)(pieces + h->piece_count) > (const char *)h + h->data_offset) return NULL;
    for (uint32_t i = 0; i < h->range_count; i++)
        if (!place_range(p, &ranges[i])) return NULL;
    for (uint32_t i = 0; i < h->piece_count; i++)
        if (!place_piece(h, &pieces[i])) return NULL;
    p->clock_offset_ns = h->clock_ns - port_clock_ns(p);
    return (void *)h->root;
}

void port_image_begin(struct port *p) {}

bool port_image_write(struct port *p, const char *path, void *root, uint64_t fingerprint)
{
    return false;
}

void *port_image_map(struct port *p, const char *path, uint64_t fingerprint)
{
    return image_open(p, path);
}
