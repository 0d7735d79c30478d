#include "loader/emit/x86_64/encode.h"

void emit_begin(struct emit *e, void *buffer, size_t size, uint32_t features)
{
    e->begin = e->at = buffer;
    e->end = (uint8_t *)buffer + size;
    e->features = features;
    e->overflow = false;
    e->pool = 0;
    if (size >= 32) return;
    e->begin = e->at = e->sink;
    e->end = e->sink + sizeof e->sink;
    e->overflow = true;
}

void emit_align(struct emit *e, unsigned alignment)
{
    /* Intel's recommended forms, SDM volume 2, NOP. */
    static const uint8_t nop[9][9] = {
        {0x90},
        {0x66, 0x90},
        {0x0f, 0x1f, 0x00},
        {0x0f, 0x1f, 0x40, 0x00},
        {0x0f, 0x1f, 0x44, 0x00, 0x00},
        {0x66, 0x0f, 0x1f, 0x44, 0x00, 0x00},
        {0x0f, 0x1f, 0x80, 0x00, 0x00, 0x00, 0x00},
        {0x0f, 0x1f, 0x84, 0x00, 0x00, 0x00, 0x00, 0x00},
        {0x66, 0x0f, 0x1f, 0x84, 0x00, 0x00, 0x00, 0x00, 0x00},
    };
    unsigned missing = -emit_offset(e) & (alignment - 1);
    while (missing && !e->overflow) {
        unsigned n = missing < 9 ? missing : 9;
        uint8_t *p = x86_room(e);
        __builtin_memcpy(p, nop[n - 1], n);
        e->at = p + n;
        missing -= n;
    }
}

void emit_data(struct emit *e, const void *bytes, size_t size)
{
    if ((size_t)(e->end - e->at) < size) {
        e->overflow = true;
        return;
    }
    memcpy(e->at, bytes, size);
    e->at += size;
}

/* ---- labels ---- */

static uint32_t read32(const struct emit *e, uint32_t at)
{
    uint32_t v;
    __builtin_memcpy(&v, e->begin + at, 4);
    return v;
}

/* The last four bytes of what was just emitted refer to l.  Until it is bound they hold the previous reference (1 + offset). */
static void refer(struct emit *e, struct emit_label *l)
{
    uint32_t at = emit_offset(e);
    if (l->bound) {
        e->at = x86_put32(e->at, l->at - (at + 4));
        return;
    }
    e->at = x86_put32(e->at, l->chain);
    l->chain = at + 1;
}

void emit_bind(struct emit *e, struct emit_label *l)
{
    l->at = emit_offset(e);
    l->bound = true;
    if (e->overflow) return;
    for (uint32_t at = l->chain; at;) {
        uint32_t next = read32(e, at - 1);
        x86_put32(e->begin + at - 1, l->at - (at + 3));
        at = next;
    }
}

void emit_jump(struct emit *e, struct emit_label *l)
{
    uint8_t *p = x86_room(e);
    if (l->bound) {
        int64_t distance = (int64_t)l->at - (emit_offset(e) + 2);
        if (distance >= -128 && distance <= 127) {
            *p++ = 0xeb;
            *p++ = (uint8_t)distance;
            e->at = p;
            return;
        }
    }
    *p++ = 0xe9;
    e->at = p;
    refer(e, l);
}

static void branch(struct emit *e, unsigned c, struct emit_label *l)
{
    uint8_t *p = x86_room(e);
    if (l->bound) {
        int64_t distance = (int64_t)l->at - (emit_offset(e) + 2);
        if (distance >= -128 && distance <= 127) {
            *p++ = (uint8_t)(0x70 | c);
            *p++ = (uint8_t)distance;
            e->at = p;
            return;
        }
    }
    *p++ = 0x0f;
    *p++ = (uint8_t)(0x80 | c);
    e->at = p;
    refer(e, l);
}

void emit_branch(struct emit *e, enum emit_cond c, struct emit_label *l)
{
    if (c == EMIT_FNE) {
        branch(e, EMIT_UNORDERED, l);
        branch(e, EMIT_NE, l);
    } else if (c == EMIT_FEQ) {
        struct emit_label no = EMIT_LABEL;
        branch(e, EMIT_UNORDERED, &no);
        branch(e, EMIT_EQ, l);
        emit_bind(e, &no);
    } else {
        branch(e, c, l);
    }
}

void emit_call(struct emit *e, struct emit_label *l)
{
    uint8_t *p = x86_room(e);
    *p++ = 0xe8;
    e->at = p;
    refer(e, l);
}

void emit_call_reg(struct emit *e, emit_reg r)
{
    x86_rr(e, 0xff, 0, 2, r);
}
void emit_call_mem(struct emit *e, struct emit_mem m)
{
    x86_rm(e, 0xff, 0, 2, m);
}
void emit_call_through(struct emit *e, struct emit_label *l)
{
    uint8_t *p = x86_room(e);
    *p++ = 0xff;
    *p++ = 0x15;
    e->at = p;
    refer(e, l);
}
void emit_jump_reg(struct emit *e, emit_reg r)
{
    x86_rr(e, 0xff, 0, 4, r);
}
void emit_jump_mem(struct emit *e, struct emit_mem m)
{
    x86_rm(e, 0xff, 0, 4, m);
}

void emit_return(struct emit *e)
{
    *x86_room(e) = 0xc3;
    e->at++;
}

void emit_stop(struct emit *e)
{
    uint8_t *p = x86_room(e);
    *p++ = 0x0f;
    *p++ = 0x0b;
    e->at = p;
}

void emit_address(struct emit *e, emit_reg d, struct emit_label *l)
{
    uint8_t *p = x86_room(e);
    *p++ = (uint8_t)(0x48 | (d >> 3) << 2);
    *p++ = 0x8d;
    *p++ = (uint8_t)((d & 7) << 3 | 5);
    e->at = p;
    refer(e, l);
}

void emit_table_jump(struct emit *e, emit_reg index)
{
    struct emit_label table = EMIT_LABEL;
    emit_address(e, X86_R11, &table);
    emit_lea(e, true, X86_R11, emit_at_index(X86_R11, index, 2, 4));
    emit_load(e, EMIT_LOAD_S32_64, index, emit_at(X86_R11, -4));
    emit_alu(e, EMIT_ADD, true, X86_R11, X86_R11, index);
    emit_jump_reg(e, X86_R11);
    emit_bind(e, &table);
}

void emit_table_entry(struct emit *e, struct emit_label *l)
{
    x86_room(e);
    refer(e, l);
}

void emit_adjust_stack(struct emit *e, int32_t bytes)
{
    if (bytes) emit_lea(e, true, X86_RSP, emit_at(X86_RSP, bytes));
}

void emit_push(struct emit *e, emit_reg r)
{
    uint8_t *p = x86_room(e);
    if (r >= 8) *p++ = 0x41;
    *p++ = (uint8_t)(0x50 | (r & 7));
    e->at = p;
}

void emit_pop(struct emit *e, emit_reg r)
{
    uint8_t *p = x86_room(e);
    if (r >= 8) *p++ = 0x41;
    *p++ = (uint8_t)(0x58 | (r & 7));
    e->at = p;
}
