/* Last pass: the tables to one flat binary, in the order that format.h gives. */
#include "runtime/compiler/internal.h"

static uint32_t align8(uint64_t at)
{
    return (uint32_t)((at + 7) & ~7ull);
}

struct writer {
    uint8_t *bytes;
    uint64_t at;
};
/* The place of the next section; copies it there when there is something to copy to. */
static uint32_t section(struct writer *w, const void *from, uint64_t size)
{
    uint32_t at = (uint32_t)w->at;
    if (w->bytes && size) __builtin_memcpy(w->bytes + at, from, size);
    uint64_t end = align8(w->at + size);
    if (w->bytes) __builtin_memset(w->bytes + at + size, 0, end - at - size);
    w->at = end;
    return at;
}

/* Called twice: to measure, and to write. */
static void lay_out(struct compiler *c, struct unit_header *h, struct writer *w)
{
    section(w, h, sizeof *h);
    h->protos = (uint32_t)w->at;
    for (uint32_t i = 0; i < c->arities.count; i++)
        section(w, &AT(c, arities, struct arity_info, i).record, sizeof(struct proto_record));
    h->code = section(w, c->code.at, (uint64_t)c->code.count * sizeof(struct insn));
    h->live = section(w, c->live.at, c->live.count);
    h->regions = section(w, c->regions.at, (uint64_t)c->regions.count * sizeof(struct region_record));
    h->positions =
        section(w, c->out_positions.at, (uint64_t)c->out_positions.count * sizeof(struct position_record));
    h->locals = section(w, c->locals.at, (uint64_t)c->locals.count * sizeof(struct local_record));
    h->globals = section(w, c->globals.at, (uint64_t)c->globals.count * 4);
    h->literals = (uint32_t)w->at;
    if (w->bytes)
        for (uint32_t i = 0; i <= c->literals.count; i++) {
            uint32_t offset =
                i < c->literals.count ? AT(c, literals, struct literal, i).offset : c->data.count;
            __builtin_memcpy(w->bytes + w->at + (uint64_t)i * 4, &offset, 4);
        }
    uint64_t table = ((uint64_t)c->literals.count + 1) * 4, padded = align8(table);
    if (w->bytes) __builtin_memset(w->bytes + w->at + table, 0, padded - table);
    w->at += padded;
    h->data = section(w, c->data.at, c->data.count);
    h->total_bytes = (uint32_t)w->at;
}

value unit_bytes(struct compiler *c)
{
    struct unit_header h = {
        .magic = UNIT_MAGIC, .version = UNIT_VERSION, .source_literal = NONE, .file_literal = NONE};
    if (c->options->source != NIL) h.source_literal = literal_of(c, c->options->source, SERIAL_BARE);
    if (c->options->file != NIL) h.file_literal = literal_of(c, c->options->file, SERIAL_BARE);
    h.proto_count = c->arities.count;
    h.code_count = c->code.count;
    h.region_count = c->regions.count;
    h.position_count = c->out_positions.count;
    h.local_count = c->locals.count;
    h.global_count = c->globals.count;
    h.literal_count = c->literals.count;
    struct writer w = {NULL, 0};
    if (!c->failed) lay_out(c, &h, &w);
    if (w.at > LIMIT_UNIT_BYTES)
        compile_fail(c, ERR_TOO_LARGE, NIL, "the form is too large to compile%s", "");
    if (c->failed) return VAL_ERROR;
    value binary;
    uint8_t *bytes = binary_new(c->p, w.at, &binary);
    if (!bytes) return VAL_ERROR;
    w = (struct writer){bytes, 0};
    lay_out(c, &h, &w);
    return binary;
}
