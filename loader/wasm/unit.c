#include "loader/wasm/unit.h"

/* Without a proof section, and with a wrong one that may be ignored, nothing is proved. */
static bool check_proof(struct wasm_unit *u, struct wasm_error *error)
{
    struct wasm_module *m = &u->module;
    const struct wasm_allocator *a = &u->host->allocator;
    const struct wasm_custom *section = wasm_module_custom(m, PROOF_SECTION);
    struct proof proof;
    struct proof_error why;
    if (section == NULL || u->options.without_proof) return true;
    bool good = proof_read(&proof, m, section, a, &why);
    if (good) {
        good = proof_check(&proof, m, a, &u->proof, NULL, &why);
        proof_release(&proof, a);
    }
    m->proved = u->proof.proved;
    m->proved_count = u->proof.proved_count;
    if (good || u->options.ignore_wrong_proof) return true;
    *error = (struct wasm_error){why.offset, WASM_SECTION_CUSTOM, WASM_RULE_PROOF, why.function};
    return false;
}

bool wasm_unit_open(struct wasm_unit *u, const uint8_t *bytes, size_t size,
                    const struct wasm_translate_options *options, const struct loader_host *host,
                    struct wasm_error *error)
{
    *u = (struct wasm_unit){.options = *options, .host = host};
    if (!wasm_module_decode(&u->module, bytes, size, &host->allocator, error)) return false;
    if (check_proof(u, error)) return true;
    wasm_module_release(&u->module);
    return false;
}

void wasm_unit_close(struct wasm_unit *u)
{
    for (unsigned i = 0; i < 2; i++)
        if (u->translated[i]) wasm_code_release(&u->code[i]);
    proof_result_release(&u->proof, &u->host->allocator);
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
