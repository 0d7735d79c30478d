/* What the loader asks of the system it runs in: memory, address space, executable memory, and to be told of faults.
 * Hosted: loader/port/hosted/host.c.  On the machine: kernel words. */
#ifndef LOADER_HOST_H
#define LOADER_HOST_H

#include "loader/wasm/module.h"

struct wasm_code;

struct loader_host {
    struct wasm_allocator allocator; /* small things */

    /* Address space without access, in pages of 4 KiB, aligned to 64 KiB; NULL if there is none. */
    void *(*reserve)(void *context, size_t bytes);
    /* Make a part of a reservation readable and writable, zeroed at first; pages come as they are touched.  false: no memory. */
    bool (*commit)(void *context, void *at, size_t bytes);
    void (*release)(void *context, void *at, size_t bytes);

    /* A part of a reservation that was committed becomes readable and executable and stays unwritable. */
    bool (*seal)(void *context, void *at, size_t bytes);
    /* From now on a memory fault of an instruction in [code, code + bytes) goes on at trap_exit with WASM_TRAP_MEMORY in the result register;
     * at most one call for each region.  forget ends it.  code_at: the owner of the region that pc lies in, or NULL. */
    bool (*catch_faults)(void *context, const void *code, size_t bytes, const void *trap_exit,
                         const struct wasm_code *owner);
    void (*forget_faults)(void *context, const void *code);
    const struct wasm_code *(*code_at)(void *context, uintptr_t pc);

    /* How many guarded memories (8 GiB of addresses each) may exist at once: take gives false when there is none left. */
    bool (*take_guard)(void *context);
    void (*give_guard)(void *context);

    void *context;
};

#endif
