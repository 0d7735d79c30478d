/* What the hosted programs of the loader share: memory from libc, whole files, messages. */
#ifndef LOADER_PORT_HOSTED_SUPPORT_H
#define LOADER_PORT_HOSTED_SUPPORT_H

#include "loader/wasm/module.h"

extern const struct wasm_allocator wasm_hosted_allocator;

/* The whole file in memory from malloc, *size its bytes; NULL: errno says why. */
uint8_t *wasm_read_file(const char *path, size_t *size);
/* A file read and decoded; the caller releases module and bytes.  false: why was said on stderr. */
bool wasm_read_module(const char *path, uint8_t **bytes, struct wasm_module *m);

/* "FILE: offset 0x1a2, code section: invalid: unknown function 7 (rule UNKNOWN_FUNCTION)" */
void wasm_print_error(const char *path, const struct wasm_error *error);
/* The message alone, with the index if the rule is about an unknown one. */
void wasm_error_text(const struct wasm_error *error, char *text, size_t size);

#endif
