/* What is wrong with a module: where, in which section, and which rule it breaks.  One truth: spec/wasm_rules.def. */
#ifndef LOADER_WASM_ERROR_H
#define LOADER_WASM_ERROR_H

#include "base/types.h"

/* What a broken rule means: the bytes are no module; it is one but not a valid one; it does not fit what it is linked with; it asks for
 * more than spec/limits.h or the caller's allocator gives; starting an instance trapped. */
enum wasm_error_kind {
    WASM_MALFORMED,
    WASM_INVALID,
    WASM_UNLINKABLE,
    WASM_TOO_LARGE,
    WASM_NO_MEMORY,
};

enum wasm_rule {
    WASM_RULE_NONE, /* nothing is broken */
#define WASM_RULE(name, kind, text) WASM_RULE_##name,
#include "spec/wasm_rules.def"
#undef WASM_RULE
    WASM_RULE_COUNT
};

/* The binary format's section numbers; WASM_SECTION_HEADER stands for the eight bytes before the first one. */
enum wasm_section {
    WASM_SECTION_CUSTOM = 0,
    WASM_SECTION_TYPE = 1,
    WASM_SECTION_IMPORT = 2,
    WASM_SECTION_FUNCTION = 3,
    WASM_SECTION_TABLE = 4,
    WASM_SECTION_MEMORY = 5,
    WASM_SECTION_GLOBAL = 6,
    WASM_SECTION_EXPORT = 7,
    WASM_SECTION_START = 8,
    WASM_SECTION_ELEMENT = 9,
    WASM_SECTION_CODE = 10,
    WASM_SECTION_DATA = 11,
    WASM_SECTION_DATA_COUNT = 12,
    WASM_SECTION_TAG = 13,
    WASM_SECTION_HEADER = 14,
};

struct wasm_error {
    size_t offset; /* in the binary: of the byte at which the rule was seen to be broken */
    enum wasm_section section;
    enum wasm_rule rule;
    uint32_t index; /* of the function, import, export, segment ... concerned; WASM_NO_INDEX if none */
};

#define WASM_NO_INDEX UINT32_MAX

/* The message is the text that the specification's test scripts give for the rule. */
const char *wasm_rule_message(enum wasm_rule rule);
const char *wasm_rule_name(enum wasm_rule rule);
enum wasm_error_kind wasm_rule_kind(enum wasm_rule rule);
const char *wasm_error_kind_name(enum wasm_error_kind kind);
const char *wasm_section_name(enum wasm_section section);

#endif
