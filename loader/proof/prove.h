/* An untrusted prover: guesses facts about loops and keeps those that the checker cannot refute (Flanagan and Leino's Houdini, FME 2001).
 * Whatever it writes is checked again by whoever loads the module. */
#ifndef LOADER_PROOF_PROVE_H
#define LOADER_PROOF_PROVE_H

#include "loader/proof/check.h"

/* Facts by which the checker proves as many accesses as this prover can; the result's arrays are the caller's (proof_release).
 * false: no memory. */
bool proof_find(struct proof *p, const struct wasm_module *m, const struct wasm_allocator *a);

/* The section's contents: bytes from a, *size of them.  NULL: no memory. */
uint8_t *proof_write(const struct proof *p, const struct wasm_module *m, const struct wasm_allocator *a,
                     size_t *size);

#endif
