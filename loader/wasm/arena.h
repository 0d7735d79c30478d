/* Memory of a module's tables: given out in order, given back at once.  Private to loader/wasm. */
#ifndef LOADER_WASM_ARENA_H
#define LOADER_WASM_ARENA_H

#include "loader/wasm/module.h"

/* Zeroed, aligned to 16; NULL if the allocator gives none.  count * size must not exceed 2^48. */
void *wasm_arena_alloc(struct wasm_module *m, size_t count, size_t size);
void wasm_arena_release(struct wasm_module *m);

#endif
