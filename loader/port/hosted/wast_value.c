#include "loader/port/hosted/wast_value.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static uint8_t type_of(const struct json *j)
{
    static const struct {
        const char *name;
        uint8_t type;
    } names[] = {{"i32", WASM_I32},
                 {"i64", WASM_I64},
                 {"f32", WASM_F32},
                 {"f64", WASM_F64},
                 {"v128", WASM_V128},
                 {"funcref", WASM_FUNCREF},
                 {"externref", WASM_EXTERNREF},
                 {"exnref", WASM_EXNREF}};
    const char *type = json_text(j, "type");
    for (unsigned i = 0; i < COUNT_OF(names); i++)
        if (strcmp(type, names[i].name) == 0) return names[i].type;
    return 0;
}

/* A host's reference: the number the script gives, made different from null. */
static void *external(uint64_t number)
{
    return (void *)(uintptr_t)(number + 1);
}

/* Bytes of a lane, 0 if the lane type is unknown. */
static unsigned lane_bytes(const char *lane_type)
{
    return strcmp(lane_type, "i8") == 0                                     ? 1
           : strcmp(lane_type, "i16") == 0                                  ? 2
           : strcmp(lane_type, "i32") == 0 || strcmp(lane_type, "f32") == 0 ? 4
           : strcmp(lane_type, "i64") == 0 || strcmp(lane_type, "f64") == 0 ? 8
                                                                            : 0;
}

static bool read_vector(const struct json *j, union wasm_value *out)
{
    const struct json *lanes = json_get(j, "value");
    unsigned bytes = lane_bytes(json_text(j, "lane_type")), at = 0;
    if (bytes == 0 || lanes == NULL) return false;
    for (const struct json *lane = lanes->first; lane != NULL && at < 16; lane = lane->next, at += bytes) {
        uint64_t bits = strtoull(lane->text, NULL, 10);
        memcpy(out->v128 + at, &bits, bytes);
    }
    return at == 16;
}

bool wast_value_read(const struct json *j, uint8_t type, union wasm_value *out)
{
    const char *text = json_text(j, "value");
    if (type_of(j) != type) return false;
    memset(out, 0, sizeof *out);
    switch (type) {
    case WASM_I32:
    case WASM_F32: out->i32 = (uint32_t)strtoull(text, NULL, 10); return true;
    case WASM_I64:
    case WASM_F64: out->i64 = strtoull(text, NULL, 10); return true;
    case WASM_V128: return read_vector(j, out);
    default:
        if (strcmp(text, "null") == 0) return true;
        out->ref = external(strtoull(text, NULL, 10));
        return type == WASM_EXTERNREF;
    }
}

/* Canonical: only the top bit of the payload is set; arithmetic: that one and any others. */
static bool float_fits(const char *text, uint64_t bits, unsigned bytes)
{
    uint64_t quiet = bytes == 4 ? 0x7fc00000u : 0x7ff8000000000000ull;
    uint64_t sign = bytes == 4 ? 1u << 31 : 1ull << 63;
    if (strcmp(text, "nan:canonical") == 0) return (bits & ~sign) == quiet;
    if (strcmp(text, "nan:arithmetic") == 0) return (bits & quiet) == quiet;
    return bits == strtoull(text, NULL, 10);
}

static bool vector_fits(const struct json *expected, const union wasm_value *value)
{
    const struct json *lanes = json_get(expected, "value");
    unsigned bytes = lane_bytes(json_text(expected, "lane_type")), at = 0;
    bool is_float = json_text(expected, "lane_type")[0] == 'f';
    if (bytes == 0 || lanes == NULL) return false;
    for (const struct json *lane = lanes->first; lane != NULL && at < 16; lane = lane->next, at += bytes) {
        uint64_t bits = 0, wanted;
        memcpy(&bits, value->v128 + at, bytes);
        wanted = strtoull(lane->text, NULL, 10);
        if (!is_float && bytes < 8) wanted &= (1ull << (8 * bytes)) - 1;
        if (is_float ? !float_fits(lane->text, bits, bytes) : bits != wanted) return false;
    }
    return at == 16;
}

bool wast_value_fits(const struct json *expected, uint8_t type, const union wasm_value *value)
{
    const struct json *text = json_get(expected, "value");
    if (type_of(expected) != type) return false;
    if (type == WASM_V128) return vector_fits(expected, value);
    switch (type) {
    case WASM_I32: return value->i32 == (uint32_t)strtoull(text->text, NULL, 10);
    case WASM_I64: return value->i64 == strtoull(text->text, NULL, 10);
    case WASM_F32: return float_fits(text->text, value->i32, 4);
    case WASM_F64: return float_fits(text->text, value->i64, 8);
    default:
        if (text == NULL) return value->ref != NULL; /* any reference of that type */
        if (strcmp(text->text, "null") == 0) return value->ref == NULL;
        return type != WASM_EXTERNREF || value->ref == external(strtoull(text->text, NULL, 10));
    }
}

void wast_value_print(uint8_t type, const union wasm_value *value, char *text, size_t size)
{
    switch (type) {
    case WASM_I32:
    case WASM_F32: snprintf(text, size, "%" PRIu32, value->i32); break;
    case WASM_I64:
    case WASM_F64: snprintf(text, size, "%" PRIu64, value->i64); break;
    case WASM_V128: snprintf(text, size, "%016" PRIx64 "%016" PRIx64, value->bits[1], value->bits[0]); break;
    default: snprintf(text, size, "reference %p", value->ref);
    }
}
