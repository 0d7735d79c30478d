/* libFuzzer harness of the module decoder and validator: make fuzz.  Any .wasm file is a good first input.  The allocator fails after a
 * number of calls that the input's last byte chooses, and nothing may be left allocated. */
#include "test/loader/wasm/build.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    struct wasm_error error;
    struct counting c = {0};
    struct bytes b = {(uint8_t *)bytes, size, 0};
    if (size > 0 && bytes[size - 1] > 240) c.fail_at = bytes[size - 1] - 240u;
    enum wasm_rule rule = decode_rule(&b, &error, &c);
    if (rule != WASM_RULE_NONE && error.offset > size) abort();
    if (c.most > 64 * size + (1u << 20)) abort(); /* memory in proportion to the input */
    return 0;
}
