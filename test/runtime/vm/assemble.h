/* An assembler of bytecode units for tests: instructions by hand, collector maps by a small liveness analysis. */
#ifndef TEST_RUNTIME_VM_ASSEMBLE_H
#define TEST_RUNTIME_VM_ASSEMBLE_H

#include <stdlib.h>
#include <string.h>

#include "loader/bytecode/format.h"
#include "loader/bytecode/ops.h"

#define ASM_MAX 4000
#define ASM_WORDS (1024 / 64)
struct assembly {
    struct insn code[ASM_MAX];
    struct proto_record protos[200];
    struct region_record regions[100];
    struct local_record locals[100];
    struct position_record positions[200];
    uint32_t globals[200], literals[1000];
    uint8_t data[100000], live[200000];
    uint32_t code_count, proto_count, region_count, local_count, position_count, global_count, literal_count,
        data_size, live_size;
    uint32_t current; /* prototype being written */
};

static void asm_bytes(struct assembly *u, const void *bytes, size_t n)
{
    memcpy(u->data + u->data_size, bytes, n);
    u->data_size += (uint32_t)n;
}
static void asm_byte(struct assembly *u, unsigned byte)
{
    asm_bytes(u, &(uint8_t){(uint8_t)byte}, 1);
}
static void asm_varint(struct assembly *u, uint64_t v)
{
    for (; v >= 0x80; v >>= 7) asm_byte(u, (unsigned)(v & 0x7f) | 0x80);
    asm_byte(u, (unsigned)v);
}
static void asm_text(struct assembly *u, const char *s, size_t n)
{
    asm_varint(u, n);
    asm_bytes(u, s, n);
}
/* The payload of a name: ns/name or name. */
static void asm_name(struct assembly *u, const char *s)
{
    const char *slash = s[0] == '/' ? NULL : strchr(s, '/');
    asm_byte(u, slash != NULL);
    if (slash != NULL) asm_text(u, s, (size_t)(slash - s));
    s = slash != NULL ? slash + 1 : s;
    asm_text(u, s, strlen(s));
}
/* Begin a literal: its index.  What follows goes into the data. */
static uint32_t asm_literal(struct assembly *u, enum serial_tag tag)
{
    u->literals[u->literal_count] = u->data_size;
    asm_byte(u, tag);
    return u->literal_count++;
}
static uint32_t asm_symbol(struct assembly *u, const char *s)
{
    uint32_t i = asm_literal(u, SER_SYMBOL);
    asm_name(u, s);
    return i;
}
static uint32_t asm_keyword(struct assembly *u, const char *s)
{
    uint32_t i = asm_literal(u, SER_KEYWORD);
    asm_name(u, s);
    return i;
}
static uint32_t asm_string(struct assembly *u, const char *s)
{
    uint32_t i = asm_literal(u, SER_STRING);
    asm_text(u, s, strlen(s));
    return i;
}
static uint32_t asm_double(struct assembly *u, double d)
{
    uint32_t i = asm_literal(u, SER_DOUBLE);
    asm_bytes(u, &d, 8);
    return i;
}
static uint16_t asm_global(struct assembly *u, const char *s)
{
    u->globals[u->global_count] = asm_symbol(u, s);
    return (uint16_t)u->global_count++;
}

static struct assembly *asm_new(void)
{
    return calloc(1, sizeof(struct assembly));
}

/* Begin a prototype: its index. */
static uint32_t asm_proto(struct assembly *u, const char *name, unsigned fixed, unsigned registers,
                          unsigned upvalues, unsigned flags)
{
    struct proto_record *r = &u->protos[u->proto_count];
    *r = (struct proto_record){.name_literal = name != NULL ? asm_symbol(u, name) : UINT32_MAX,
                               .first_insn = u->code_count,
                               .first_region = u->region_count,
                               .first_position = u->position_count,
                               .first_local = u->local_count,
                               .register_count = (uint16_t)registers,
                               .fixed_count = (uint16_t)fixed,
                               .upvalue_count = (uint16_t)upvalues,
                               .flags = (uint16_t)flags,
                               .next_arity = UINT32_MAX};
    u->current = u->proto_count;
    return u->proto_count++;
}
static uint32_t asm_here(struct assembly *u)
{
    return u->code_count - u->protos[u->current].first_insn;
}
static uint32_t emit(struct assembly *u, unsigned op, int a, int b, int c)
{
    u->code[u->code_count] = (struct insn){(uint16_t)op, (uint16_t)a, (uint16_t)b, (uint16_t)c};
    return u->code_count++ - u->protos[u->current].first_insn;
}
static uint32_t emit_bc(struct assembly *u, unsigned op, int a, int64_t bc)
{
    return emit(u, op, a, (int)(bc & 0xffff), (int)(bc >> 16 & 0xffff));
}
/* Let the jump at from go to the instruction at to. */
static void asm_patch(struct assembly *u, uint32_t from, uint32_t to)
{
    struct insn *i = &u->code[u->protos[u->current].first_insn + from];
    int32_t offset = (int32_t)to - (int32_t)from - 1;
    if (op_info[i->op].b == OPERAND_JUMP32) {
        i->b = (uint16_t)offset;
        i->c = (uint16_t)(offset >> 16);
    } else {
        i->c = (uint16_t)offset;
    }
}
static void asm_region(struct assembly *u, unsigned kind, uint32_t first, uint32_t last, uint32_t handler,
                       unsigned reg)
{
    u->regions[u->region_count++] =
        (struct region_record){first, last, handler, (uint16_t)reg, (uint16_t)kind};
}
static void asm_local(struct assembly *u, const char *name, uint32_t first, uint32_t last, uint32_t reg)
{
    u->locals[u->local_count++] = (struct local_record){asm_symbol(u, name), first, last, reg};
}
static void asm_position(struct assembly *u, uint32_t insn, uint32_t line, uint32_t column)
{
    u->positions[u->position_count++] = (struct position_record){insn, line, column, 0, 0};
}

/* ---- liveness ---- */
struct live_set {
    uint64_t w[ASM_WORDS];
};
static void live_add(struct live_set *s, unsigned r)
{
    s->w[r / 64] |= 1ull << r % 64;
}
static void live_drop(struct live_set *s, unsigned r)
{
    s->w[r / 64] &= ~(1ull << r % 64);
}
static bool live_merge(struct live_set *to, const struct live_set *from)
{
    bool changed = false;
    for (unsigned i = 0; i < ASM_WORDS; i++) {
        changed |= (from->w[i] & ~to->w[i]) != 0;
        to->w[i] |= from->w[i];
    }
    return changed;
}
/* Registers before the instruction, from those after it. */
static void live_before(struct insn i, struct live_set *s)
{
    const struct op_info *o = &op_info[i.op];
    unsigned kinds[3] = {o->a, o->b, o->c}, words[3] = {i.a, i.b, i.c};
    if (i.op == OP_CALL || i.op == OP_CALLG || i.op == OP_TAIL || i.op == OP_TAILG)
        for (unsigned r = i.a; r < 1024; r++) live_drop(s, r);
    for (unsigned k = 0; k < 3; k++)
        if (kinds[k] == OPERAND_DEF || kinds[k] == OPERAND_DEF2) live_drop(s, words[k]);
    if (o->a == OPERAND_DEF2) live_drop(s, i.a + 1u);
    for (unsigned k = 0; k < 3; k++) {
        if (kinds[k] == OPERAND_USE || kinds[k] == OPERAND_BOTH) live_add(s, words[k]);
        if (kinds[k] == OPERAND_WINDOW) live_add(s, i.a);
        if (kinds[k] == OPERAND_WINDOW || kinds[k] == OPERAND_WINDOWG)
            for (unsigned n = 0; n < i.b; n++) live_add(s, i.a + 3u + n);
        if (kinds[k] == OPERAND_RANGE)
            for (unsigned n = 0; n < i.c; n++) live_add(s, i.b + n);
    }
    if (i.op == OP_CLOSURE)
        for (unsigned n = 0; n < i.c; n++) live_add(s, i.a + 1u + n);
}
/* End the prototype. */
static void asm_end(struct assembly *u)
{
    struct proto_record *r = &u->protos[u->current];
    r->insn_count = u->code_count - r->first_insn;
    r->region_count = u->region_count - r->first_region;
    r->position_count = u->position_count - r->first_position;
    r->local_count = u->local_count - r->first_local;
    struct live_set *before = calloc(r->insn_count + 1, sizeof *before);
    for (bool changed = true; changed;) {
        changed = false;
        for (uint32_t n = r->insn_count; n-- > 0;) {
            struct insn i = u->code[r->first_insn + n];
            struct live_set s = {0};
            int32_t jump;
            unsigned flow = op_info[i.op].flow;
            if (flow != FLOW_JUMP && flow != FLOW_END) live_merge(&s, &before[n + 1]);
            if (op_jump(i, &jump)) live_merge(&s, &before[n + 1 + (uint32_t)jump]);
            live_before(i, &s);
            for (uint32_t k = 0; k < r->region_count; k++) {
                const struct region_record *g = &u->regions[r->first_region + k];
                if (n < g->first || n >= g->last) continue;
                struct live_set h = before[g->handler];
                live_drop(&h, g->reg);
                live_merge(&s, &h);
                if (g->kind == REGION_CATCH) live_add(&s, g->reg);
            }
            changed |= live_merge(&before[n], &s);
        }
    }
    r->live_offset = u->live_size;
    for (uint32_t n = 0; n < r->insn_count; n++) {
        memcpy(u->live + u->live_size, before[n].w, (r->register_count + 7u) / 8);
        u->live_size += (r->register_count + 7u) / 8;
    }
    free(before);
}

static uint32_t asm_section(uint8_t *to, uint32_t *at, const void *from, size_t bytes)
{
    uint32_t place = *at;
    memcpy(to + place, from, bytes);
    *at += (uint32_t)(bytes + 7) & ~7u;
    return place;
}
/* The unit; the assembly is gone. */
static uint8_t *asm_finish(struct assembly *u, size_t *size)
{
    uint8_t *to = calloc(1, 600000);
    uint32_t at = sizeof(struct unit_header);
    u->literals[u->literal_count] = u->data_size;
    struct unit_header h = {.magic = UNIT_MAGIC,
                            .version = UNIT_VERSION,
                            .proto_count = u->proto_count,
                            .code_count = u->code_count,
                            .region_count = u->region_count,
                            .position_count = u->position_count,
                            .local_count = u->local_count,
                            .global_count = u->global_count,
                            .literal_count = u->literal_count,
                            .source_literal = UINT32_MAX,
                            .file_literal = UINT32_MAX};
    h.protos = asm_section(to, &at, u->protos, u->proto_count * sizeof u->protos[0]);
    h.code = asm_section(to, &at, u->code, u->code_count * sizeof u->code[0]);
    h.live = asm_section(to, &at, u->live, u->live_size);
    h.regions = asm_section(to, &at, u->regions, u->region_count * sizeof u->regions[0]);
    h.positions = asm_section(to, &at, u->positions, u->position_count * sizeof u->positions[0]);
    h.locals = asm_section(to, &at, u->locals, u->local_count * sizeof u->locals[0]);
    h.globals = asm_section(to, &at, u->globals, u->global_count * 4);
    h.literals = asm_section(to, &at, u->literals, (u->literal_count + 1) * 4);
    h.data = at;
    memcpy(to + at, u->data, u->data_size);
    h.total_bytes = at + u->data_size;
    memcpy(to, &h, sizeof h);
    free(u);
    *size = h.total_bytes;
    return to;
}

#endif
