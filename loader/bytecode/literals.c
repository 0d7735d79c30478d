#include "loader/bytecode/literals.h"

#include "base/utf8.h"

enum wanted { ANY, INTEGER, DENOMINATOR, SYMBOL, MAP, CARRIER /* of metadata */ };

static uint64_t get_varint(struct literal_reader *r)
{
    uint64_t u = 0;
    for (unsigned shift = 0; shift < 64; shift += 7) {
        if (r->at >= r->size) break;
        uint8_t b = r->bytes[r->at++];
        if (shift == 63 && b > 1) break;
        u |= (uint64_t)(b & 0x7f) << shift;
        if (b < 0x80) return u;
    }
    r->wrong = "literal: number";
    return 0;
}
static unsigned get_byte(struct literal_reader *r, unsigned max)
{
    if (r->at < r->size && r->bytes[r->at] <= max) return r->bytes[r->at++];
    r->wrong = "literal: flag";
    return 0;
}
static void skip(struct literal_reader *r, uint64_t size)
{
    if (size > r->size - r->at)
        r->wrong = "literal: cut off";
    else
        r->at += size;
}
static void skip_string(struct literal_reader *r)
{
    uint64_t size = get_varint(r), at = r->at;
    skip(r, size);
    if (!r->wrong && utf8_validate((const char *)r->bytes + at, size, NULL) != size)
        r->wrong = "literal: UTF-8";
}
static void skip_name(struct literal_reader *r)
{
    if (get_byte(r, 1)) skip_string(r);
    skip_string(r);
}
static void skip_bigint(struct literal_reader *r, bool positive)
{
    unsigned sign = get_byte(r, 1);
    uint64_t limbs = get_varint(r), top = 0;
    if (limbs == 0 || limbs > LIMIT_BIGINT_LIMBS || (positive && sign)) r->wrong = "literal: big integer";
    if (r->wrong) return;
    skip(r, limbs * 8);
    if (r->wrong) return;
    __builtin_memcpy(&top, r->bytes + r->at - 8, 8);
    if (top == 0) r->wrong = "literal: big integer";
}
static void skip_char(struct literal_reader *r)
{
    uint64_t c = get_varint(r);
    if (c > 0x10ffff || !utf8_is_scalar((uint32_t)c)) r->wrong = "literal: character";
}
/* Every value takes a byte at least, so a count beyond what is left is wrong (and cannot cost time). */
static uint32_t get_count(struct literal_reader *r, unsigned values_each)
{
    uint64_t n = get_varint(r);
    if (n > (r->size - r->at) / values_each) r->wrong = "literal: count";
    return r->wrong ? 0 : (uint32_t)n * values_each;
}

static bool acceptable(unsigned tag, unsigned wanted)
{
    switch (wanted) {
    case INTEGER:
    case DENOMINATOR: return tag == SER_INT || tag == SER_BIGINT;
    case SYMBOL: return tag == SER_SYMBOL;
    case MAP: return tag == SER_MAP;
    case CARRIER:
        return tag == SER_SYMBOL || tag == SER_LIST || tag == SER_VECTOR || tag == SER_MAP ||
               tag == SER_SET || tag == SER_SORTED_MAP || tag == SER_SORTED_SET;
    default: return true;
    }
}

/* One value without its children; these are described in *children. */
static void check_value(struct literal_reader *r, unsigned wanted, struct literal_level *children)
{
    *children = (struct literal_level){0, ANY, ANY};
    unsigned tag = get_byte(r, SER_NEST_END - 1);
    if (r->wrong || !acceptable(tag, wanted)) {
        r->wrong = "literal: tag";
        return;
    }
    switch ((enum serial_tag)tag) {
    case SER_NIL:
    case SER_TRUE:
    case SER_FALSE: return;
    case SER_INT: {
        uint64_t zigzag = get_varint(r);
        if (wanted == DENOMINATOR && (zigzag & 1 || zigzag < 4)) r->wrong = "literal: denominator";
        return;
    }
    case SER_INSTANT: get_varint(r); return;
    case SER_BIGINT: skip_bigint(r, wanted == DENOMINATOR); return;
    case SER_RATIO: *children = (struct literal_level){2, INTEGER, DENOMINATOR}; return;
    case SER_DOUBLE: skip(r, 8); return;
    case SER_UUID: skip(r, 16); return;
    case SER_CHAR: skip_char(r); return;
    case SER_REGEX:
    case SER_STRING: skip_string(r); return;
    case SER_SYMBOL:
    case SER_KEYWORD: skip_name(r); return;
    case SER_BINARY: skip(r, get_varint(r)); return;
    case SER_LIST:
    case SER_VECTOR:
    case SER_SET:
    case SER_SORTED_SET: children->left = get_count(r, 1); return;
    case SER_MAP:
    case SER_SORTED_MAP: children->left = get_count(r, 2); return;
    case SER_TAGGED: *children = (struct literal_level){2, SYMBOL, ANY}; return;
    case SER_META: *children = (struct literal_level){2, MAP, CARRIER}; return;
    case SER_VAR: *children = (struct literal_level){1, SYMBOL, ANY}; return;
    default: r->wrong = "literal: tag";
    }
}

void literal_check_start(struct literal_reader *r, const uint8_t *bytes, uint64_t size)
{
    r->depth = 1;
    r->bytes = bytes;
    r->size = size;
    r->at = 0;
    r->wrong = NULL;
    r->stack[0] = (struct literal_level){1, ANY, ANY};
}

enum literal_check literal_check_continue(struct literal_reader *r, int64_t *steps)
{
    while (r->depth) {
        struct literal_level *level = &r->stack[r->depth - 1], children;
        if (--*steps < 0) return LITERAL_UNFINISHED;
        if (level->left == 0) {
            r->depth--;
            continue;
        }
        level->left--;
        unsigned wanted = level->next;
        uint64_t at = r->at;
        level->next = level->then;
        check_value(r, wanted, &children);
        *steps -= (int64_t)((r->at - at) / 16);
        if (r->wrong) return LITERAL_BAD;
        if (children.left == 0) continue;
        if (r->depth == COUNT_OF(r->stack)) {
            r->wrong = "literal: nested too deep";
            return LITERAL_BAD;
        }
        r->stack[r->depth++] = children;
    }
    if (r->at == r->size) return LITERAL_GOOD;
    r->wrong = "literal: longer than its value";
    return LITERAL_BAD;
}

const char *literal_check(struct literal_reader *r, const uint8_t *bytes, uint64_t size)
{
    int64_t steps = INT64_MAX;
    literal_check_start(r, bytes, size);
    return literal_check_continue(r, &steps) == LITERAL_GOOD ? NULL : r->wrong;
}
