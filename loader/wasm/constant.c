#include "loader/wasm/constant.h"

#include "base/mem.h"
#include "loader/wasm/ops.h"
#include "spec/limits.h"

/* The expression being read: its operands' types, and what it is if it stays a single instruction. */
struct state {
    struct wasm_reader *r;
    struct wasm_module *m;
    uint32_t globals;
    uint32_t depth, length;
    uint8_t types[LIMIT_WASM_CONST_DEPTH];
    struct wasm_const value;
};

static bool push(struct state *s, uint8_t type)
{
    if (s->depth == LIMIT_WASM_CONST_DEPTH) return wasm_reader_fail(s->r, WASM_RULE_OPERANDS);
    s->types[s->depth++] = type;
    return true;
}

static bool binary(struct state *s, uint8_t type)
{
    if (s->depth < 2 || s->types[s->depth - 1] != type || s->types[s->depth - 2] != type)
        return wasm_reader_fail(s->r, WASM_RULE_TYPE_MISMATCH);
    s->depth--;
    return true;
}

static bool read_number(struct state *s, uint8_t type, unsigned bits)
{
    int64_t number;
    if (!wasm_read_signed(s->r, bits, &number)) return false;
    s->value.kind = WASM_CONST_BITS;
    s->value.bits[0] = bits == 32 ? (uint32_t)number : (uint64_t)number;
    return push(s, type);
}

static bool read_raw(struct state *s, uint8_t type, uint32_t size)
{
    const uint8_t *bytes;
    if ((size_t)(s->r->end - s->r->p) < size) return wasm_reader_fail(s->r, WASM_RULE_END);
    if (!wasm_read_bytes(s->r, size, &bytes)) return false;
    s->value.kind = WASM_CONST_BITS;
    memcpy(s->value.bits, bytes, size);
    return push(s, type);
}

static bool read_global(struct state *s, const uint8_t *at)
{
    uint32_t index;
    if (!wasm_read_u32(s->r, &index)) return false;
    if (index >= s->globals) return wasm_reader_fail_at(s->r, at, WASM_RULE_UNKNOWN_GLOBAL, index);
    const struct wasm_global_type *g = &s->m->globals[index].type;
    if (g->is_mutable) return wasm_reader_fail_at(s->r, at, WASM_RULE_CONSTANT, index);
    s->value.kind = WASM_CONST_GLOBAL;
    s->value.index = index;
    return push(s, g->type);
}

static bool read_function(struct state *s, const uint8_t *at)
{
    uint32_t index;
    if (!wasm_read_u32(s->r, &index)) return false;
    if (index >= s->m->function_count)
        return wasm_reader_fail_at(s->r, at, WASM_RULE_UNKNOWN_FUNCTION, index);
    s->m->functions[index].flags |= WASM_FUNCTION_DECLARED;
    s->value.kind = WASM_CONST_FUNCTION;
    s->value.index = index;
    return push(s, WASM_FUNCREF);
}

/* An instruction of the language that may not stand here is another error than none. */
static bool refuse(struct state *s, const uint8_t *at, uint8_t op)
{
    static const uint8_t known[256] = {
#define WASM_OP(name, text, code, immediate, extra, signature) [(code) < 0x100 ? (code) : 0xfc] = 1,
#pragma clang diagnostic push
#pragma clang diagnostic ignored "-Winitializer-overrides"
#include "spec/wasm_ops.def"
#pragma clang diagnostic pop
    };
    bool is_instruction = known[op] || op == 0xfd;
    return wasm_reader_fail_at(s->r, at, is_instruction ? WASM_RULE_CONSTANT : WASM_RULE_OPCODE,
                               WASM_NO_INDEX);
}

static bool read_vector(struct state *s, const uint8_t *at)
{
    uint32_t code;
    if (!wasm_read_u32(s->r, &code)) return false;
    if (code + 0x200 != WASM_OP_V128_CONST)
        return wasm_reader_fail_at(s->r, at, WASM_RULE_CONSTANT, WASM_NO_INDEX);
    return read_raw(s, WASM_V128, 16);
}

static bool read_null(struct state *s)
{
    uint8_t type;
    if (!wasm_read_reference_type(s->r, &type)) return false;
    s->value.kind = WASM_CONST_NULL;
    return push(s, type);
}

static bool read_instruction(struct state *s, const uint8_t *at, uint8_t op)
{
    switch (op) {
    case WASM_OP_I32_CONST: return read_number(s, WASM_I32, 32);
    case WASM_OP_I64_CONST: return read_number(s, WASM_I64, 64);
    case WASM_OP_F32_CONST: return read_raw(s, WASM_F32, 4);
    case WASM_OP_F64_CONST: return read_raw(s, WASM_F64, 8);
    case 0xfd: return read_vector(s, at);
    case WASM_OP_REF_NULL: return read_null(s);
    case WASM_OP_REF_FUNC: return read_function(s, at);
    case WASM_OP_GLOBAL_GET: return read_global(s, at);
    case WASM_OP_I32_ADD:
    case WASM_OP_I32_SUB:
    case WASM_OP_I32_MUL: return binary(s, WASM_I32);
    case WASM_OP_I64_ADD:
    case WASM_OP_I64_SUB:
    case WASM_OP_I64_MUL: return binary(s, WASM_I64);
    default: return refuse(s, at, op);
    }
}

bool wasm_read_constant(struct wasm_reader *r, struct wasm_module *m, uint8_t type, uint32_t globals,
                        struct wasm_const *out)
{
    struct state s;
    s.r = r;
    s.m = m;
    s.globals = globals;
    s.depth = s.length = 0;
    s.value = (struct wasm_const){.type = type, .offset = (uint32_t)(r->p - r->begin)};
    for (;;) {
        const uint8_t *at = r->p;
        uint8_t op;
        if (!wasm_read_byte(r, &op)) return false;
        if (op == WASM_OP_END) break;
        if (!read_instruction(&s, at, op)) return false;
        s.length++;
    }
    if (s.depth != 1 || s.types[0] != type)
        return wasm_reader_fail_at(r, r->begin + s.value.offset, WASM_RULE_TYPE_MISMATCH, r->index);
    if (s.length > 1) s.value.kind = WASM_CONST_EXPRESSION;
    *out = s.value;
    return true;
}

/* ---- evaluating what has been checked ---- */

static uint64_t evaluate(const struct wasm_module *m, uint32_t offset, uint64_t (*global)(void *, uint32_t),
                         void *context)
{
    uint64_t stack[LIMIT_WASM_CONST_DEPTH] = {0}, number;
    uint32_t depth = 0;
    enum wasm_rule rule;
    const uint8_t *p = m->bytes + offset, *end = m->bytes + m->size;
    for (;;) {
        uint8_t op = *p++;
        switch (op) {
        case WASM_OP_I32_CONST: p = wasm_leb(p, end, 32, true, &stack[depth++], &rule); break;
        case WASM_OP_I64_CONST: p = wasm_leb(p, end, 64, true, &stack[depth++], &rule); break;
        case WASM_OP_GLOBAL_GET:
            p = wasm_leb(p, end, 32, false, &number, &rule);
            stack[depth++] = global(context, (uint32_t)number);
            break;
        case WASM_OP_I32_ADD:
        case WASM_OP_I64_ADD: depth--, stack[depth - 1] += stack[depth]; break;
        case WASM_OP_I32_SUB:
        case WASM_OP_I64_SUB: depth--, stack[depth - 1] -= stack[depth]; break;
        case WASM_OP_I32_MUL:
        case WASM_OP_I64_MUL: depth--, stack[depth - 1] *= stack[depth]; break;
        default: return stack[0];
        }
    }
}

uint64_t wasm_constant_integer(const struct wasm_module *m, const struct wasm_const *c,
                               uint64_t (*global)(void *context, uint32_t index), void *context)
{
    uint64_t value = 0;
    switch (c->kind) {
    case WASM_CONST_BITS: value = c->bits[0]; break;
    case WASM_CONST_GLOBAL: value = global(context, c->index); break;
    case WASM_CONST_EXPRESSION: value = evaluate(m, c->offset, global, context); break;
    default: break;
    }
    return c->type == WASM_I32 ? (uint32_t)value : value;
}
