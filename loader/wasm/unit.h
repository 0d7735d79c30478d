/* A loaded module: decoded, and translated as its instances need it.  Any number of instances of any number of stores share it. */
#ifndef LOADER_WASM_UNIT_H
#define LOADER_WASM_UNIT_H

#include "loader/proof/check.h"
#include "loader/translate/translate.h"

struct wasm_unit {
    struct wasm_module module;
    struct wasm_translate_options options;
    struct wasm_code code[2]; /* [1]: with checks at each access to memory 0 */
    bool translated[2];
    const struct loader_host *host;
    struct proof_result proof; /* what the module's proof section showed; module.proved points into it */
};

/* Decodes and validates; translation comes with the first instance.  The bytes must outlive the unit.
 * A proof section is checked: what it shows needs no checks at run time; a wrong one is refused (WASM_RULE_PROOF) unless
 * options->ignore_wrong_proof is set: then the module runs checked.
 * false: *error says why and nothing remains. */
bool wasm_unit_open(struct wasm_unit *u, const uint8_t *bytes, size_t size,
                    const struct wasm_translate_options *options, const struct loader_host *host,
                    struct wasm_error *error);
void wasm_unit_close(struct wasm_unit *u);

/* The code for instances whose memory 0 is guarded, or not; NULL: *error says why. */
const struct wasm_code *wasm_unit_code(struct wasm_unit *u, bool guarded, struct wasm_error *error);

#endif
