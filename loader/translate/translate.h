/* From a validated module to machine code (tier 1).  docs/design/translation.md says how.
 *
 * Cost: time and space linear in the module's code. */
#ifndef LOADER_TRANSLATE_TRANSLATE_H
#define LOADER_TRANSLATE_TRANSLATE_H

#include "loader/host.h"
#include "loader/wasm/instance.h"

struct wasm_translate_options {
    bool
        checked_memory0; /* memory 0 has no guard: check each access.  Must be set if the instance's memory 0 is not guarded. */
    bool metered;              /* charge context->fuel, one unit an instruction, per basic block */
    bool deterministic;        /* results that are NaN have the canonical pattern */
    bool without_proof;        /* leave a proof section unread: every access is checked */
    bool ignore_wrong_proof;   /* a wrong proof section does not refuse the module: it runs checked */
    uint32_t without_features; /* EMIT_FEATURE_* that may not be used, for tests */
};

/* Where an exception goes that is thrown by a call whose return address is in (begin, end]: offsets in text.  Inner ones come first. */
struct wasm_handler {
    uint32_t begin, end;
    uint32_t landing;  /* WASM_HANDLER_DELEGATE: on to the handlers of blocks no deeper than depth */
    uint32_t function; /* number among the functions that are not imported */
    uint32_t block;    /* depth of the try block itself */
    uint32_t depth;    /* of the block that is delegated to */
};
#define WASM_HANDLER_DELEGATE UINT32_MAX

struct wasm_code {
    const struct loader_host *host;
    struct wasm_translate_options options;
    struct wasm_layout layout; /* of its instances */
    uint8_t *text;             /* sealed */
    size_t text_bytes, reserved_bytes;
    uint32_t *entries;    /* of each function that is not imported: offset of its entry in text, ascending */
    uint32_t *frames;     /* bytes of its frame, the return address not counted: its maximum */
    uint32_t *enters;     /* for each type: offset of the code by which C calls functions of that type */
    uint32_t *host_stubs; /* for each type: offset of the code by which generated code calls C */
    uint32_t trap_exit;   /* offset: ends the run with the trap in the return register */
    uint32_t function_count, type_count;
    struct wasm_handler *handlers; /* in the order of functions */
    uint32_t handler_count, handler_room;
};

/* false: *error says why (too large, no memory); nothing remains.  m must outlive *code. */
bool wasm_translate(struct wasm_code *code, const struct wasm_module *m,
                    const struct wasm_translate_options *options, const struct loader_host *host,
                    struct wasm_error *error);
void wasm_code_release(struct wasm_code *code);

/* function: index in the module's index space, not an imported one. */
static inline const void *wasm_code_entry(const struct wasm_code *c, const struct wasm_module *m,
                                          uint32_t function)
{
    return c->text + c->entries[function - m->imported_functions];
}
static inline const void *wasm_code_enter(const struct wasm_code *c, uint32_t type)
{
    return c->text + c->enters[type];
}
static inline const void *wasm_code_host_stub(const struct wasm_code *c, uint32_t type)
{
    return c->text + c->host_stubs[type];
}

#endif
