/* libFuzzer harness of the proof section's reader and checker: make fuzz.  The input's first part is the section, for a module in which one
 * access can be proved and the other, whose index is a parameter, never. */
#include "loader/proof/check.h"
#include "test/loader/wasm/build.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

/* (memory 1) (func (param i32) (local i32) (loop (drop (i32.load8_u (local.get 1)))  (drop (i32.load8_u (local.get 0)))
 *   (local.set 1 (i32.add (local.get 1) (i32.const 1))) (br_if 0 (i32.lt_u (local.get 1) (i32.const 100))))) */
static const uint8_t module_bytes[] = {
    0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00, 0x01, 0x05, 0x01, 0x60, 0x01, 0x7f, 0x00, 0x03,
    0x02, 0x01, 0x00, 0x05, 0x03, 0x01, 0x00, 0x01, 0x0a, 0x24, 0x01, 0x22, 0x01, 0x01, 0x7f, 0x03,
    0x40, 0x20, 0x01, 0x2d, 0x00, 0x00, 0x1a, 0x20, 0x00, 0x2d, 0x00, 0x00, 0x1a, 0x20, 0x01, 0x41,
    0x01, 0x6a, 0x21, 0x01, 0x20, 0x01, 0x41, 0xe4, 0x00, 0x49, 0x0d, 0x00, 0x0b, 0x0b,
};
enum { NEVER = 0x2c };

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    struct wasm_module m;
    struct wasm_error error;
    struct proof p;
    struct proof_result r;
    struct proof_error why;
    struct counting c = {0};
    struct wasm_allocator a = {counting_alloc, counting_free, &c};
    struct wasm_custom section = {.bytes = bytes, .size = (uint32_t)size};
    if (!wasm_module_decode(&m, module_bytes, sizeof module_bytes, &a, &error)) abort();
    if (size > 0 && bytes[size - 1] > 245) c.fail_at = c.calls + bytes[size - 1] - 245u;
    if (proof_read(&p, &m, &section, &a, &why)) {
        if (proof_check(&p, &m, &a, &r, NULL, &why)) {
            for (uint32_t i = 0; i < r.proved_count; i++)
                if (r.proved[i] == NEVER) abort();
            proof_result_release(&r, &a);
        }
        proof_release(&p, &a);
    }
    wasm_module_release(&m);
    if (c.held != 0) abort();
    return 0;
}
