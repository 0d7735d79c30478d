/* Reading the binary format: a cursor over bytes that never goes past its end.  Private to loader/wasm. */
#ifndef LOADER_WASM_READER_H
#define LOADER_WASM_READER_H

#include "base/types.h"
#include "loader/wasm/error.h"

/* p <= end always.  A read that fails records the rule in *error (with the offset of p from begin) and returns false; then the
 * cursor stays where it was. */
struct wasm_reader {
    const uint8_t *p, *end;
    const uint8_t *begin; /* of the binary: offsets count from here */
    enum wasm_section section;
    uint32_t index; /* of the entry being read, for messages */
    struct wasm_error *error;
};

COLD bool wasm_reader_fail_at(struct wasm_reader *r, const uint8_t *at, enum wasm_rule rule, uint32_t index);
static inline bool wasm_reader_fail(struct wasm_reader *r, enum wasm_rule rule)
{
    return wasm_reader_fail_at(r, r->p, rule, r->index);
}

/* The general LEB128 decoder: bits is the width of the number, at most 64.  Result: the byte after it, or NULL with *rule set. */
const uint8_t *wasm_leb(const uint8_t *p, const uint8_t *end, unsigned bits, bool is_signed, uint64_t *out,
                        enum wasm_rule *rule);

bool wasm_read_u32_slow(struct wasm_reader *r, uint32_t *out);

static inline bool wasm_read_u32(struct wasm_reader *r, uint32_t *out)
{
    if (LIKELY(r->p < r->end && *r->p < 0x80)) {
        *out = *r->p++;
        return true;
    }
    return wasm_read_u32_slow(r, out);
}

bool wasm_read_u64(struct wasm_reader *r, uint64_t *out);
bool wasm_read_signed(struct wasm_reader *r, unsigned bits, int64_t *out);

static inline bool wasm_read_byte(struct wasm_reader *r, uint8_t *out)
{
    if (r->p >= r->end) return wasm_reader_fail(r, WASM_RULE_END);
    *out = *r->p++;
    return true;
}

/* size bytes in place. */
bool wasm_read_bytes(struct wasm_reader *r, uint32_t size, const uint8_t **out);

/* A value type, a reference type: its byte, checked. */
bool wasm_read_value_type(struct wasm_reader *r, uint8_t *out);
bool wasm_read_reference_type(struct wasm_reader *r, uint8_t *out);

#endif
