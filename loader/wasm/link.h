/* Linking and instantiation: one module's exports meet another's imports here and nowhere else.
 *
 * A store holds what is linked together: instances, and function types interned so that two types are equal exactly if they are the same
 * pointer.  All of it runs in one context.  An instance stays until the store is closed, or until it is released by a caller who knows
 * that nothing refers to it any more. */
#ifndef LOADER_WASM_LINK_H
#define LOADER_WASM_LINK_H

#include "loader/host.h"
#include "loader/wasm/instance.h"
#include "loader/wasm/unit.h"

/* Sets of interned types: run i is empty or has 2^i types in order; adding one merges full runs as a binary counter carries. */
struct wasm_signature_set {
    const struct wasm_signature **runs[32];
    uint32_t count; /* bit i is set if run i is full */
};

struct wasm_linked;

struct wasm_store {
    const struct loader_host *host;
    struct wasm_context *context;
    struct wasm_signature_set signatures;
    struct wasm_linked *instances;
};

void wasm_store_open(struct wasm_store *s, const struct loader_host *host, struct wasm_context *context);
/* Ends all instances.  Units, context and what resolvers gave stay the caller's. */
void wasm_store_close(struct wasm_store *s);

/* What an import resolves to, and what an export is. */
struct wasm_extern {
    uint8_t kind; /* enum wasm_extern_kind */
    union {
        struct wasm_func *function; /* NULL: the host's, described below */
        struct wasm_table *table;
        struct wasm_memory *memory;
        union wasm_value *global;
        struct wasm_tag *tag;
    };
    struct wasm_global_type global_type;
    wasm_host_function host;
    void *host_context;
    struct wasm_func_type host_type;
};

/* Finds what stands for an import.  false: nothing does.  Whether its type fits is the linker's business. */
typedef bool (*wasm_resolver)(void *context, const struct wasm_import *import, struct wasm_extern *found);

/* Makes an instance: imports resolved and their types checked, then memories, tables, globals and functions made.  No code of it has run
 * and no segment has been applied; user becomes instance->user.  NULL: *error says why and nothing has changed.
 * The unit must outlive the instance.  Cost: linear in what the module declares. */
struct wasm_instance *wasm_link(struct wasm_store *s, struct wasm_unit *unit, wasm_resolver resolve,
                                void *context, void *user, struct wasm_error *error);

/* Applies active segments in order and calls the start function.  What a trap leaves undone stays so; what was written, written. */
enum wasm_trap wasm_start(struct wasm_store *s, struct wasm_instance *instance);

void wasm_instance_release(struct wasm_store *s, struct wasm_instance *instance);

/* false: there is no such export. */
bool wasm_instance_export(struct wasm_instance *instance, struct wasm_name name, struct wasm_extern *found);

/* The one signature of the store for a type; NULL: no memory. */
const struct wasm_signature *wasm_signature_of(struct wasm_store *s, const struct wasm_func_type *type);

#endif
