/* The host module "spectest" that the specification's test scripts import. */
#ifndef LOADER_PORT_HOSTED_SPECTEST_H
#define LOADER_PORT_HOSTED_SPECTEST_H

#include "loader/wasm/link.h"

struct spectest {
    const struct loader_host *host;
    struct wasm_memory memory;
    struct wasm_table table, table64;
    union wasm_value i32, i64, f32, f64;
};

bool spectest_open(struct spectest *t, struct wasm_store *store);
void spectest_close(struct spectest *t);
/* false: not of this module, or no such name in it. */
bool spectest_resolve(struct spectest *t, const struct wasm_import *import, struct wasm_extern *found);

#endif
