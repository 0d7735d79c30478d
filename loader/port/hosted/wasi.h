/* WASI preview 1 for command-line programs, each call admitted by capability.
 *
 * A program sees the folders that it was given and nothing outside them: paths are taken apart, may not leave the folder and are walked
 * component by component without following symbolic links. */
#ifndef LOADER_PORT_HOSTED_WASI_H
#define LOADER_PORT_HOSTED_WASI_H

#include "loader/wasm/link.h"

enum wasi_capability {
    WASI_CAN_NONE = 0,
    WASI_CAN_ARGUMENTS = 1, /* and environment */
    WASI_CAN_CLOCK = 2,     /* and sleeping */
    WASI_CAN_RANDOM = 4,
    WASI_CAN_CONSOLE = 8, /* standard input, output and error */
    WASI_CAN_FOLDERS = 16,
};

#define WASI_FILES 256

struct wasi_file {
    int fd; /* -1: closed */
    bool is_folder, is_preopened;
    bool appends;
    const char *name; /* of a preopened folder, as the program sees it */
};

struct wasi {
    uint32_t capabilities;
    bool deterministic; /* calls whose outcome depends on the outside do not link */
    char **arguments, **environment;
    uint32_t argument_count, environment_count;
    struct wasi_file files[WASI_FILES];
};

/* argv, environment: NULL-terminated; both must outlive w. */
void wasi_open(struct wasi *w, uint32_t capabilities, char **arguments, char **environment);
/* Give the program a folder.  false: it cannot be opened, or there are too many. */
bool wasi_add_folder(struct wasi *w, const char *host_path, const char *name);
void wasi_close(struct wasi *w);
/* A wasm_resolver's work for the module wasi_snapshot_preview1; instances must have w as their user. */
bool wasi_resolve(struct wasi *w, const struct wasm_import *import, struct wasm_extern *found);

#endif
