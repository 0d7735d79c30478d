#include "loader/wasm/reader.h"

#include "loader/wasm/module.h"

bool wasm_reader_fail_at(struct wasm_reader *r, const uint8_t *at, enum wasm_rule rule, uint32_t index)
{
    *r->error = (struct wasm_error){
        .offset = (size_t)(at - r->begin), .section = r->section, .rule = rule, .index = index};
    return false;
}

const uint8_t *wasm_leb(const uint8_t *p, const uint8_t *end, unsigned bits, bool is_signed, uint64_t *out,
                        enum wasm_rule *rule)
{
    uint64_t value = 0;
    unsigned shift = 0;
    for (;; shift += 7) {
        if (p >= end) {
            *rule = WASM_RULE_END;
            return NULL;
        }
        uint8_t byte = *p++;
        if (shift + 7 < bits) {
            value |= (uint64_t)(byte & 0x7f) << shift;
            if (byte < 0x80) {
                shift += 7;
                if (is_signed && (byte & 0x40)) value |= ~0ull << shift;
                break;
            }
            continue;
        }
        /* The last byte that there may be: bits - shift of its bits count, the rest must extend them. */
        if (byte >= 0x80) {
            *rule = WASM_RULE_LEB_LONG;
            return NULL;
        }
        unsigned counted = bits - shift;
        uint8_t high = (uint8_t)(byte >> (is_signed ? counted - 1 : counted));
        uint8_t ones = (uint8_t)(0x7f >> (is_signed ? counted - 1 : counted));
        if (high != 0 && !(is_signed && high == ones)) {
            *rule = WASM_RULE_LEB_LARGE;
            return NULL;
        }
        value |= (uint64_t)byte << shift;
        if (is_signed && (byte & 0x40) && shift + 7 < 64) value |= ~0ull << (shift + 7);
        break;
    }
    *out = value;
    return p;
}

static bool read_leb(struct wasm_reader *r, unsigned bits, bool is_signed, uint64_t *out)
{
    enum wasm_rule rule;
    const uint8_t *next = wasm_leb(r->p, r->end, bits, is_signed, out, &rule);
    if (next == NULL) return wasm_reader_fail(r, rule);
    r->p = next;
    return true;
}

bool wasm_read_u32_slow(struct wasm_reader *r, uint32_t *out)
{
    uint64_t value;
    if (!read_leb(r, 32, false, &value)) return false;
    *out = (uint32_t)value;
    return true;
}

bool wasm_read_u64(struct wasm_reader *r, uint64_t *out)
{
    return read_leb(r, 64, false, out);
}

bool wasm_read_signed(struct wasm_reader *r, unsigned bits, int64_t *out)
{
    return read_leb(r, bits, true, (uint64_t *)out);
}

bool wasm_read_bytes(struct wasm_reader *r, uint32_t size, const uint8_t **out)
{
    if ((size_t)(r->end - r->p) < size) return wasm_reader_fail(r, WASM_RULE_LENGTH);
    *out = r->p;
    r->p += size;
    return true;
}

bool wasm_read_value_type(struct wasm_reader *r, uint8_t *out)
{
    uint8_t byte;
    if (!wasm_read_byte(r, &byte)) return false;
    if (!wasm_type_is_value(byte)) {
        r->p--;
        return wasm_reader_fail(r, WASM_RULE_VALUE_TYPE);
    }
    *out = byte;
    return true;
}

bool wasm_read_reference_type(struct wasm_reader *r, uint8_t *out)
{
    uint8_t byte;
    if (!wasm_read_byte(r, &byte)) return false;
    if (!wasm_type_is_reference(byte)) {
        r->p--;
        return wasm_reader_fail(r, WASM_RULE_REFERENCE_TYPE);
    }
    *out = byte;
    return true;
}
