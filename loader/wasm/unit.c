#include "loader/wasm/unit.h"

bool wasm_unit_open(struct wasm_unit *u, const uint8_t *bytes, size_t size,
                    const struct wasm_translate_options *options, const struct loader_host *host,
                    struct wasm_error *error)
{
    *u = (struct wasm_unit){.options = *options, .host = host};
    return wasm_module_decode(&u->module, bytes, size, &host->allocator, error);
}

void wasm_unit_close(struct wasm_unit *u)
{
    for (unsigned i = 0; i < 2; i++)
        if (u->translated[i]) wasm_code_release(&u->code[i]);
    wasm_module_release(&u->module);
}

const struct wasm_code *wasm_unit_code(struct wasm_unit *u, bool guarded, struct wasm_error *error)
{
    bool checked = u->options.checked_memory0 || !guarded;
    if (!u->translated[checked]) {
        struct wasm_translate_options options = u->options;
        options.checked_memory0 = checked;
        if (!wasm_translate(&u->code[checked], &u->module, &options, u->host, error)) return NULL;
        u->translated[checked] = true;
    }
    return &u->code[checked];
}
