/* The proof checker: which accesses to memories of a validated module are in bounds, as its proof section says why.
 *
 * docs/design/proof.md defines facts, what they mean and the rules.  One pass over each function, no fixpoint: where control flow joins, a
 * fact holds only if the section states it there and every way in implies it.  Nothing here is shared with the translator or the prover, and
 * nothing of the section is believed that is not checked; the module itself has been validated.
 *
 * Cost: time linear in the code and the section (a function's blocks times the facts stated there); memory linear in locals and nesting. */
#ifndef LOADER_PROOF_CHECK_H
#define LOADER_PROOF_CHECK_H

#include "loader/wasm/module.h"

#define PROOF_SECTION "lona.proof"
#define PROOF_VERSION 1

/* Facts: about an i32 local x, read as unsigned and as a mathematical integer. */
enum proof_fact_kind {
    PROOF_INTERVAL, /* a <= x <= b */
    PROOF_LENGTH,   /* scale * x + add <= length in bytes of memory `target` */
    PROOF_LOCAL,    /* scale * x + add <= local `target` */
};

struct proof_fact {
    uint8_t kind;
    uint32_t local, target, scale;
    int64_t add;
    uint32_t low, high; /* PROOF_INTERVAL */
};

/* Facts that hold whenever control is at a label: the head of a loop, the end of another block. */
struct proof_label {
    uint32_t block;        /* the how-manieth block, loop, if, try or try_table of the function, from 0 */
    uint32_t first, count; /* facts */
};

struct proof_function {
    uint32_t function;
    uint32_t first, count; /* labels, in ascending order of block */
};

struct proof {
    struct proof_function *functions; /* ascending */
    struct proof_label *labels;
    struct proof_fact *facts;
    uint32_t function_count, label_count, fact_count;
};

struct proof_error {
    const char *rule; /* what is wrong */
    uint32_t function;
    uint32_t offset; /* in the binary: of the instruction, or of the byte of the section */
    uint32_t fact;   /* index in proof->facts, WASM_NO_INDEX if none */
};

/* Reads a proof section's bytes.  false: *error; nothing remains. */
bool proof_read(struct proof *p, const struct wasm_module *m, const struct wasm_custom *section,
                const struct wasm_allocator *a, struct proof_error *error);
void proof_release(struct proof *p, const struct wasm_allocator *a);

/* The accesses that need no check: offset in the binary of the first byte after the access's memory argument, ascending. */
struct proof_result {
    uint32_t *proved;
    uint32_t proved_count, proved_room;
    uint32_t accesses; /* that were looked at: loads and stores of scalars with 32-bit addresses */
};

/* Checks every stated fact and finds what follows.  false: a fact does not hold (*error).
 * broken: NULL, or an array of a byte for each fact: then a fact that does not follow is marked there and checking goes on as if it held
 * (that is what a prover asks; the result is then no proof). */
bool proof_check(const struct proof *p, const struct wasm_module *m, const struct wasm_allocator *a,
                 struct proof_result *result, uint8_t *broken, struct proof_error *error);
void proof_result_release(struct proof_result *r, const struct wasm_allocator *a);

#endif
