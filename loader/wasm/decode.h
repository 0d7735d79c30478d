/* What the readers of sections share.  Private to loader/wasm. */
#ifndef LOADER_WASM_DECODE_H
#define LOADER_WASM_DECODE_H

#include "loader/wasm/module.h"
#include "loader/wasm/reader.h"

struct wasm_decoder {
    struct wasm_reader r; /* over the current section's contents */
    struct wasm_module *m;
    uint32_t data_count; /* WASM_NO_INDEX until the data count section is seen */
    uint32_t bodies;     /* entries of the code section */
    uint32_t custom_capacity;
    uint32_t section_begin; /* offset of the current section's id byte */
};

/* Reads a vector's length: each of its entries takes at least entry_bytes.  More than limit: `rule`. */
bool wasm_decode_count(struct wasm_decoder *d, uint32_t *count, uint32_t entry_bytes, uint32_t limit,
                       enum wasm_rule rule);
/* Zeroed room in the module's arena; NULL and an error if there is none. */
void *wasm_decode_room(struct wasm_decoder *d, size_t count, size_t size);
bool wasm_decode_name(struct wasm_decoder *d, struct wasm_name *name);

bool wasm_decode_elements(struct wasm_decoder *d);
bool wasm_decode_data(struct wasm_decoder *d);
bool wasm_decode_code(struct wasm_decoder *d);
bool wasm_decode_custom(struct wasm_decoder *d);

#endif
