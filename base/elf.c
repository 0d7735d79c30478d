#include "base/elf.h"

#include "base/mem.h"

#define PAGE 4096u
#define PT_LOAD 1

struct elf_header {
    uint8_t ident[16];
    uint16_t type, machine;
    uint32_t version;
    uint64_t entry, program_headers, section_headers;
    uint32_t flags;
    uint16_t header_bytes, program_header_bytes, program_header_count, section_header_bytes, section_count,
        names;
};

struct elf_program_header {
    uint32_t type, flags;
    uint64_t offset, address, physical, file_bytes, memory_bytes, alignment;
};

static const char *read_segment(struct elf_program *out, const struct elf_program_header *h, uint64_t size,
                                uint64_t lowest, uint64_t limit)
{
    if (out->count == ELF_SEGMENTS) return "it has too many segments";
    if (h->address % PAGE != 0) return "a segment does not begin at a page";
    if (h->address < lowest || h->address >= limit || h->memory_bytes > limit - h->address)
        return "a segment lies outside its place";
    if (h->file_bytes > h->memory_bytes || h->offset > size || h->file_bytes > size - h->offset)
        return "a segment reaches beyond the file";
    if ((h->flags & ELF_WRITE) != 0 && (h->flags & ELF_EXECUTE) != 0)
        return "a segment is writable and executable";
    if (out->count > 0) {
        const struct elf_segment *last = &out->segments[out->count - 1];
        uint64_t end = (last->address + last->memory_bytes + PAGE - 1) & ~(uint64_t)(PAGE - 1);
        if (h->address < end) return "segments overlap or are out of order";
    }
    out->segments[out->count++] =
        (struct elf_segment){h->address, h->memory_bytes, h->offset, h->file_bytes, h->flags & 7u, 0};
    return NULL;
}

static bool entry_is_code(const struct elf_program *p)
{
    for (unsigned i = 0; i < p->count; i++) {
        const struct elf_segment *s = &p->segments[i];
        if ((s->flags & ELF_EXECUTE) != 0 && p->entry - s->address < s->memory_bytes) return true;
    }
    return false;
}

const char *elf_read(struct elf_program *out, const void *file, uint64_t size, enum elf_machine machine,
                     uint64_t lowest, uint64_t limit)
{
    struct elf_header h;
    memset(out, 0, sizeof *out);
    if (size < sizeof h) return "it is too short";
    memcpy(&h, file, sizeof h);
    if (memcmp(h.ident, "\177ELF\2\1\1", 7) != 0 || h.type != 2 ||
        h.program_header_bytes != sizeof(struct elf_program_header))
        return "it is no executable";
    if (h.machine != machine) return "it is for another kind of processor";
    if (h.program_headers > size ||
        h.program_header_count > (size - h.program_headers) / sizeof(struct elf_program_header))
        return "its headers reach beyond the file";
    for (unsigned i = 0; i < h.program_header_count; i++) {
        struct elf_program_header p;
        memcpy(&p, (const uint8_t *)file + h.program_headers + i * sizeof p, sizeof p);
        if (p.type != PT_LOAD || p.memory_bytes == 0) continue;
        const char *wrong = read_segment(out, &p, size, lowest, limit);
        if (wrong != NULL) return wrong;
    }
    out->entry = h.entry;
    if (out->count == 0) return "it has no segments";
    return entry_is_code(out) ? NULL : "its entry point is no code";
}
