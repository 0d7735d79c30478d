/* Last pass: the tables to one flat binary, in the order that format.h gives. */
#include "runtime/compiler/internal.h"

/* The sections in order, each with the place in the header that says where it is. */
enum {
    SECTION_HEADER,
    SECTION_PROTOS,
    SECTION_CODE,
    SECTION_LIVE,
    SECTION_REGIONS,
    SECTION_POSITIONS,
    SECTION_LOCALS,
    SECTION_GLOBALS,
    SECTION_LITERALS,
    SECTION_DATA,
    SECTIONS
};
struct section {
    const void *from; /* or NULL: made element by element */
    uint32_t element; /* bytes */
    uint64_t count;
    uint32_t *at;
};
static struct section section(struct compiler *c, unsigned which)
{
    struct unit_header *h = &c->header;
    switch (which) {
    case SECTION_HEADER: return (struct section){h, sizeof *h, 1, NULL};
    case SECTION_PROTOS:
        return (struct section){NULL, sizeof(struct proto_record), c->arities.count, &h->protos};
    case SECTION_CODE: return (struct section){c->code.at, sizeof(struct insn), c->code.count, &h->code};
    case SECTION_LIVE: return (struct section){c->live.at, 1, c->live.count, &h->live};
    case SECTION_REGIONS:
        return (struct section){c->regions.at, sizeof(struct region_record), c->regions.count, &h->regions};
    case SECTION_POSITIONS:
        return (struct section){c->out_positions.at, sizeof(struct position_record), c->out_positions.count,
                                &h->positions};
    case SECTION_LOCALS:
        return (struct section){c->locals.at, sizeof(struct local_record), c->locals.count, &h->locals};
    case SECTION_GLOBALS: return (struct section){c->globals.at, 4, c->globals.count, &h->globals};
    case SECTION_LITERALS: return (struct section){NULL, 4, (uint64_t)c->literals.count + 1, &h->literals};
    default: return (struct section){c->data.at, 1, c->data.count, &h->data};
    }
}

static void put_element(struct compiler *c, unsigned which, uint64_t i, uint8_t *to)
{
    if (which == SECTION_PROTOS) {
        __builtin_memcpy(to, &AT(c, arities, struct arity_info, i).record, sizeof(struct proto_record));
        return;
    }
    uint32_t offset = i < c->literals.count ? AT(c, literals, struct literal, i).offset : c->data.count;
    __builtin_memcpy(to, &offset, sizeof offset);
}

void unit_start(struct compiler *c)
{
    struct unit_header *h = &c->header;
    *h = (struct unit_header){
        .magic = UNIT_MAGIC, .version = UNIT_VERSION, .source_literal = NONE, .file_literal = NONE};
    if (c->options.source != NIL) h->source_literal = literal_of(c, c->options.source, SERIAL_BARE);
    if (c->options.file != NIL) h->file_literal = literal_of(c, c->options.file, SERIAL_BARE);
    h->proto_count = c->arities.count;
    h->code_count = c->code.count;
    h->region_count = c->regions.count;
    h->position_count = c->out_positions.count;
    h->local_count = c->locals.count;
    h->global_count = c->globals.count;
    h->literal_count = c->literals.count;
    uint64_t at = 0;
    for (unsigned i = 0; i < SECTIONS; i++) {
        struct section s = section(c, i);
        if (s.at) *s.at = (uint32_t)at;
        at = ((at + s.count * s.element) + 7) & ~7ull;
        if (at > LIMIT_UNIT_BYTES)
            compile_fail(c, ERR_TOO_LARGE, NIL, "the form is too large to compile%s", "");
    }
    h->total_bytes = (uint32_t)at;
    if (c->failed) return;
    c->bytes = binary_new(c->p, at, &c->unit);
    if (!c->bytes) c->failed = true;
    c->section = 0;
    c->section_done = 0;
}

#define COPY_SLICE 65536 /* bytes */

value unit_bytes(struct compiler *c)
{
    for (; c->section < SECTIONS; c->section++, c->section_done = 0) {
        struct section s = section(c, c->section);
        uint8_t *to = c->bytes + (s.at ? *s.at : 0);
        while (c->section_done < s.count) {
            uint64_t slice = min_u64(s.count - c->section_done, COPY_SLICE / s.element);
            if (c->budget <= 0) return VAL_YIELD;
            c->budget -= 200;
            uint8_t *at = to + (uint64_t)c->section_done * s.element;
            if (s.from)
                __builtin_memcpy(at, (const uint8_t *)s.from + (uint64_t)c->section_done * s.element,
                                 slice * s.element);
            else
                for (uint64_t i = 0; i < slice; i++)
                    put_element(c, c->section, c->section_done + i, at + i * s.element);
            c->section_done += (uint32_t)slice;
        }
        uint64_t size = s.count * s.element;
        __builtin_memset(to + size, 0, -size & 7);
    }
    return c->unit;
}
