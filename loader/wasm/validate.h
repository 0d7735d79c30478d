/* Validation of function bodies in one pass.  Private to loader/wasm.
 *
 * The operand stack is a stack of bytes, one for each operand's type.  Below the first operand of each open block lies a SENTINEL byte,
 * which equals no type: an instruction compares the operands it takes with what it wants, all at once, and only when they differ asks
 * why (wrong type, empty block, or code after an unconditional branch, whose stack is polymorphic).
 *
 * V1. Between instructions there is room on the operand stack for one more operand for each byte left of the body.
 * V2. stack[frame.base - 1] is SENTINEL for each open frame, and no other byte of the stack is.
 * Cost: linear in the body, with the arity of the types that its branches and calls name as the factor. */
#ifndef LOADER_WASM_VALIDATE_H
#define LOADER_WASM_VALIDATE_H

#include "loader/wasm/module.h"
#include "loader/wasm/reader.h"

struct wasm_frame;
struct wasm_local_run;
struct wasm_call_effect;

/* Scratch memory that is kept from body to body. */
struct wasm_validator {
    struct wasm_module *m;
    struct wasm_function *function;
    struct wasm_reader *r; /* r->p is behind what the main loop has read only while that runs */
    const uint8_t *at;     /* the instruction being checked, for messages */

    uint8_t *stack, *top, *limit;
    uint8_t *most; /* the highest that top was */
    struct wasm_frame *frames, *frame, *frames_end;
    uint32_t deepest;

    uint8_t *locals; /* the types of the first locals_known locals */
    uint32_t locals_known, locals_capacity;
    struct wasm_local_run *runs; /* all of them, as declared; index of the first local beyond each run */
    uint32_t run_count, run_capacity;

    struct wasm_call_effect *calls; /* by type */
    uint32_t data_count;            /* as the data count section says; WASM_NO_INDEX: there is none */
    uint32_t serial; /* of br_table instructions: marks the frames that one of them has checked */
};

/* false: no memory.  Close it in any case. */
bool wasm_validator_open(struct wasm_validator *v, struct wasm_module *m, uint32_t data_count);
void wasm_validator_close(struct wasm_validator *v);

/* Checks the body from r->p to r->end and fills in the function's code_offset, local_count, max_stack, max_depth, flags. */
bool wasm_validate_body(struct wasm_validator *v, struct wasm_reader *r, uint32_t function);

#endif
