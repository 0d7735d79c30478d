#include "loader/wasm/error.h"

const char *wasm_rule_message(enum wasm_rule rule)
{
    static const char *const text[] = {
        "no error",
#define WASM_RULE(name, kind, message) message,
#include "spec/wasm_rules.def"
#undef WASM_RULE
    };
    return (unsigned)rule < COUNT_OF(text) ? text[rule] : "unknown rule";
}

const char *wasm_rule_name(enum wasm_rule rule)
{
    static const char *const text[] = {
        "NONE",
#define WASM_RULE(name, kind, message) #name,
#include "spec/wasm_rules.def"
#undef WASM_RULE
    };
    return (unsigned)rule < COUNT_OF(text) ? text[rule] : "?";
}

enum wasm_error_kind wasm_rule_kind(enum wasm_rule rule)
{
    static const uint8_t kinds[] = {
        WASM_MALFORMED,
#define WASM_RULE(name, kind, message) WASM_##kind,
#include "spec/wasm_rules.def"
#undef WASM_RULE
    };
    return (unsigned)rule < COUNT_OF(kinds) ? kinds[rule] : WASM_MALFORMED;
}

const char *wasm_error_kind_name(enum wasm_error_kind kind)
{
    static const char *const text[] = {"malformed", "invalid", "unlinkable", "too large", "out of memory"};
    return (unsigned)kind < COUNT_OF(text) ? text[kind] : "?";
}

const char *wasm_section_name(enum wasm_section section)
{
    static const char *const text[] = {"custom", "type",   "import",     "function", "table",
                                       "memory", "global", "export",     "start",    "element",
                                       "code",   "data",   "data count", "tag",      "header"};
    return (unsigned)section < COUNT_OF(text) ? text[section] : "?";
}
