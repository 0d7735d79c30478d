/* Constant expressions: reading, checking, evaluating.  reading is private to loader/wasm. */
#ifndef LOADER_WASM_CONSTANT_H
#define LOADER_WASM_CONSTANT_H

#include "loader/wasm/module.h"
#include "loader/wasm/reader.h"

/* Reads an expression that must have the given type.  globals: how many globals it may name (all of them imported or before it).
 * Functions that it refers to become declared. */
bool wasm_read_constant(struct wasm_reader *r, struct wasm_module *m, uint8_t type, uint32_t globals,
                        struct wasm_const *out);

/* The value of an i32 or i64 expression of any kind; the low bits of bits[0].  global gives the value of an immutable global. */
uint64_t wasm_constant_integer(const struct wasm_module *m, const struct wasm_const *c,
                               uint64_t (*global)(void *context, uint32_t index), void *context);

#endif
