#include "loader/bytecode/disasm.h"

#include "loader/bytecode/ops.h"
#include "spec/limits.h"

#define NONE UINT32_MAX
#define LITERAL_TEXT_MAX 80

struct printer {
    const uint8_t *bytes;
    struct unit_header h;
    bytecode_sink *sink;
    void *context;
    uint64_t written;
    uint32_t column; /* written since the last line end */
    uint32_t room;   /* of a literal's text */
};

static void put(struct printer *o, const char *text, size_t size)
{
    o->sink(o->context, text, size);
    o->written += size;
    o->column = text[size - 1] == '\n' ? 0 : o->column + (uint32_t)size;
}
static void text(struct printer *o, const char *s)
{
    size_t n = 0;
    while (s[n]) n++;
    if (n) put(o, s, n);
}
static void number(struct printer *o, int64_t i)
{
    char digits[24], *at = digits + sizeof digits;
    uint64_t u = i < 0 ? -(uint64_t)i : (uint64_t)i;
    do *--at = (char)('0' + u % 10);
    while (u /= 10);
    if (i < 0) *--at = '-';
    put(o, at, (size_t)(digits + sizeof digits - at));
}
static void pad_to(struct printer *o, uint32_t column)
{
    do put(o, " ", 1);
    while (o->column < column);
}
static void reg(struct printer *o, uint32_t r)
{
    text(o, " r");
    number(o, r);
}
static void field(struct printer *o, const char *name, uint64_t n)
{
    text(o, ", ");
    number(o, (int64_t)n);
    text(o, " ");
    text(o, name);
    if (n != 1) text(o, "s");
}

static struct proto_record get_proto(struct printer *o, uint32_t i)
{
    struct proto_record r;
    __builtin_memcpy(&r, o->bytes + o->h.protos + (uint64_t)i * sizeof r, sizeof r);
    return r;
}
static uint32_t get32(struct printer *o, uint64_t at)
{
    uint32_t u;
    __builtin_memcpy(&u, o->bytes + at, 4);
    return u;
}

/* ---- literals ---- */
static void cut(struct printer *o, const uint8_t *bytes, uint64_t size)
{
    uint64_t n = size < o->room ? size : o->room;
    while (n < size && n > 0 && (bytes[n] & 0xc0) == 0x80) n--; /* not inside a character */
    if (n) put(o, (const char *)bytes, n);
    o->room -= (uint32_t)n;
    if (n < size) {
        if (o->room != 0 || size != 0) text(o, "...");
        o->room = 0;
    }
}
static void cut_text(struct printer *o, const char *s)
{
    size_t n = 0;
    while (s[n]) n++;
    cut(o, (const uint8_t *)s, n);
}

static uint64_t varint(const uint8_t **at)
{
    uint64_t u = 0;
    for (unsigned shift = 0;; shift += 7) {
        uint8_t b = *(*at)++;
        u |= (uint64_t)(b & 0x7f) << shift;
        if (b < 0x80) return u;
    }
}
static int64_t signed_varint(const uint8_t **at)
{
    uint64_t u = varint(at);
    return (int64_t)(u >> 1 ^ -(u & 1));
}
static void counted(struct printer *o, const uint8_t **at)
{
    uint64_t size = varint(at);
    cut(o, *at, size);
    *at += size;
}
static void name(struct printer *o, const uint8_t **at)
{
    if (*(*at)++) {
        counted(o, at);
        cut_text(o, "/");
    }
    counted(o, at);
}

static void hex(struct printer *o, const char *tag, const uint8_t *bytes, uint64_t size)
{
    cut_text(o, tag);
    for (uint64_t i = 0; i < size && o->room; i++) {
        const char digits[2] = {"0123456789abcdef"[bytes[i] >> 4], "0123456789abcdef"[bytes[i] & 15]};
        cut(o, (const uint8_t *)digits, 2);
    }
    cut_text(o, "\"");
}

static void decimal(struct printer *o, int64_t i)
{
    uint32_t before = o->column;
    number(o, i);
    o->room -= o->column - before < o->room ? o->column - before : o->room;
}

static void double_text(struct printer *o, const uint8_t *bytes)
{
    double d;
    __builtin_memcpy(&d, bytes, 8);
    if (d > -1e15 && d < 1e15 && d == (double)(int64_t)d) {
        decimal(o, (int64_t)d);
        cut_text(o, ".0");
    } else {
        uint8_t big_endian[8];
        for (unsigned i = 0; i < 8; i++) big_endian[i] = bytes[7 - i];
        hex(o, "#double \"", big_endian, 8);
    }
}

/* Text of the values from *at on, until `room` is used up; nesting shows as brackets without their ends beyond it. */
static void value_text(struct printer *o, const uint8_t *at)
{
    struct {
        uint64_t left;
        const char *close;
    } stack[16];
    unsigned depth = 0;
    uint64_t n;
    bool blank = false; /* something stands before on this level */
    do {
        if (depth && stack[depth - 1].left == 0) {
            cut_text(o, stack[--depth].close);
            blank = true;
            continue;
        }
        if (depth) stack[depth - 1].left--;
        if (blank) cut_text(o, " ");
        blank = true;
        const char *open = NULL, *close = "";
        unsigned values = 1, tag = *at++;
        switch ((enum serial_tag)tag) {
        case SER_NIL: cut_text(o, "nil"); break;
        case SER_TRUE: cut_text(o, "true"); break;
        case SER_FALSE: cut_text(o, "false"); break;
        case SER_INT: decimal(o, signed_varint(&at)); break;
        case SER_INSTANT:
            cut_text(o, "#inst ");
            decimal(o, signed_varint(&at));
            break;
        case SER_DOUBLE:
            double_text(o, at);
            at += 8;
            break;
        case SER_UUID:
            hex(o, "#uuid \"", at, 16);
            at += 16;
            break;
        case SER_BIGINT:
            at++;
            n = varint(&at);
            hex(o, "#bigint \"", at, n * 8);
            at += n * 8;
            break;
        case SER_CHAR:
            cut_text(o, "\\u+");
            decimal(o, (int64_t)varint(&at));
            break;
        case SER_REGEX:
            cut_text(o, "#"); /* and then as a string */
            __attribute__((fallthrough));
        case SER_STRING:
            cut_text(o, "\"");
            counted(o, &at);
            cut_text(o, "\"");
            break;
        case SER_BINARY:
            n = varint(&at);
            hex(o, "#bytes \"", at, n);
            at += n;
            break;
        case SER_KEYWORD: cut_text(o, ":"); __attribute__((fallthrough));
        case SER_SYMBOL: name(o, &at); break;
        case SER_LIST: open = "(", close = ")"; break;
        case SER_VECTOR: open = "[", close = "]"; break;
        case SER_MAP: open = "{", close = "}", values = 2; break;
        case SER_SET: open = "#{", close = "}"; break;
        case SER_SORTED_MAP: open = "#sorted{", close = "}", values = 2; break;
        case SER_SORTED_SET: open = "#sorted#{", close = "}"; break;
        case SER_RATIO: open = "#ratio(", close = ")", values = 0; break;
        case SER_TAGGED: open = "#", values = 0; break;
        case SER_META: open = "^", values = 0; break;
        case SER_VAR: open = "#'", values = 0; break;
        default: return;
        }
        if (!open) continue;
        cut_text(o, open);
        n = values ? varint(&at) * values : tag == SER_VAR ? 1 : 2;
        if (depth == COUNT_OF(stack)) {
            cut_text(o, "...");
            return;
        }
        stack[depth].left = n;
        stack[depth++].close = close;
        blank = false;
    } while (o->room && depth);
}

static void literal(struct printer *o, uint32_t index)
{
    o->room = LITERAL_TEXT_MAX;
    value_text(o, o->bytes + o->h.data + get32(o, o->h.literals + (uint64_t)index * 4));
}
static void global(struct printer *o, uint32_t index)
{
    literal(o, get32(o, o->h.globals + (uint64_t)index * 4));
}

/* ---- instructions ---- */
static void special(struct printer *o, uint32_t bits)
{
    if (bits == 2)
        text(o, " nil");
    else if (bits == 6)
        text(o, " false");
    else if (bits == 14)
        text(o, " true");
    else {
        text(o, " \\u+");
        number(o, bits >> 8);
    }
}

static void operand(struct printer *o, struct insn i, unsigned kind, uint16_t x)
{
    switch (kind) {
    case OPERAND_DEF2:
        reg(o, x);
        reg(o, x + 1u);
        return;
    case OPERAND_DEF:
    case OPERAND_USE:
    case OPERAND_BOTH:
    case OPERAND_WINDOW:
    case OPERAND_WINDOWG:
    case OPERAND_RANGE: reg(o, x); return;
    case OPERAND_IMM:
        text(o, " ");
        number(o, (int16_t)x);
        return;
    case OPERAND_IMM32:
        text(o, " ");
        number(o, insn_bc(i));
        return;
    case OPERAND_SPECIAL: special(o, (uint32_t)insn_bc(i)); return;
    case OPERAND_LIT32:
        text(o, " ");
        literal(o, (uint32_t)insn_bc(i));
        return;
    case OPERAND_LIT:
        text(o, " ");
        literal(o, x);
        return;
    case OPERAND_GLOBAL32:
        text(o, " ");
        global(o, (uint32_t)insn_bc(i));
        return;
    case OPERAND_GLOBAL:
        text(o, " ");
        global(o, x);
        return;
    case OPERAND_PROTO: text(o, " proto"); __attribute__((fallthrough));
    case OPERAND_UPVAL:
    case OPERAND_COUNT:
        text(o, " ");
        number(o, x);
        return;
    default: return;
    }
}

static void live_text(struct printer *o, const struct proto_record *r, uint32_t index)
{
    uint32_t stride = (r->register_count + 7u) / 8;
    const uint8_t *live = o->bytes + o->h.live + r->live_offset + (uint64_t)index * stride;
    bool any = false;
    for (uint32_t i = 0; i < r->register_count; i++) {
        if (!(live[i / 8] >> (i % 8) & 1)) continue;
        if (!any) text(o, ";");
        any = true;
        reg(o, i);
    }
}

static void instruction(struct printer *o, const struct proto_record *r, uint32_t index)
{
    struct insn i;
    int32_t offset;
    __builtin_memcpy(&i, o->bytes + o->h.code + ((uint64_t)r->first_insn + index) * sizeof i, sizeof i);
    const struct op_info *info = &op_info[i.op];
    text(o, index < 10 ? "   " : index < 100 ? "  " : " ");
    number(o, index);
    text(o, "  ");
    text(o, info->name);
    pad_to(o, 16);
    operand(o, i, info->a, i.a);
    operand(o, i, info->b, i.b);
    if (info->b < OPERAND_IMM32 || info->c != OPERAND_NONE) operand(o, i, info->c, i.c);
    if (op_jump(i, &offset)) {
        text(o, " -> ");
        number(o, (int64_t)index + 1 + offset);
    }
    pad_to(o, 48);
    live_text(o, r, index);
    text(o, "\n");
}

static void region(struct printer *o, const struct proto_record *p, uint32_t i)
{
    struct region_record r;
    __builtin_memcpy(&r, o->bytes + o->h.regions + ((uint64_t)p->first_region + i) * sizeof r, sizeof r);
    text(o, r.kind == REGION_CATCH ? "   catch " : "   cleanup ");
    number(o, r.first);
    text(o, " .. ");
    number(o, (int64_t)r.last - 1);
    text(o, " -> ");
    number(o, r.handler);
    reg(o, r.reg);
    text(o, "\n");
}

static void heading(struct printer *o, const struct proto_record *r, uint32_t index)
{
    text(o, "proto ");
    number(o, index);
    if (r->name_literal != NONE) {
        text(o, " ");
        literal(o, r->name_literal);
    }
    field(o, "parameter", r->fixed_count);
    if (r->flags & PROTO_VARIADIC) text(o, " and more");
    field(o, "register", r->register_count);
    field(o, "capture", r->upvalue_count);
    if (r->flags & PROTO_LATER_ARITY) text(o, ", another arity of the function above");
    if (r->flags & PROTO_DEBUG) text(o, ", keeps locals");
    text(o, "\n");
}

/* Line `line` of a prototype: its heading, instructions, regions.  False: it has no such line. */
static bool proto_line(struct printer *o, const struct proto_record *r, uint32_t index, uint32_t line)
{
    if (line == 0)
        heading(o, r, index);
    else if (line - 1 < r->insn_count)
        instruction(o, r, line - 1);
    else if (line - 1 - r->insn_count < r->region_count)
        region(o, r, line - 1 - r->insn_count);
    else
        return false;
    return true;
}

bool bytecode_disassemble_some(struct disassembly *at, const uint8_t *bytes, size_t size,
                               uint64_t bytes_wanted, bytecode_sink *sink, void *context)
{
    struct printer o = {.bytes = bytes, .sink = sink, .context = context};
    __builtin_memcpy(&o.h, bytes, sizeof o.h);
    while (at->proto < o.h.proto_count) {
        struct proto_record r = get_proto(&o, at->proto);
        while (proto_line(&o, &r, at->proto, at->line)) {
            at->line++;
            if (o.written >= bytes_wanted) return true;
        }
        at->line = 0;
        at->proto = at->whole_unit ? at->proto + 1 : r.next_arity;
    }
    return false;
}

void bytecode_disassemble(const uint8_t *bytes, size_t size, bytecode_sink *sink, void *context)
{
    struct disassembly at = {.whole_unit = true};
    bytecode_disassemble_some(&at, bytes, size, UINT64_MAX, sink, context);
}

void bytecode_disassemble_proto(const uint8_t *bytes, size_t size, uint32_t index, bytecode_sink *sink,
                                void *context)
{
    struct disassembly at = {.proto = index};
    bytecode_disassemble_some(&at, bytes, size, UINT64_MAX, sink, context);
}
