/* libFuzzer harness of the translator: whatever validates is translated, in every way, and nothing stays behind.  The code is not run.
 * A .wasm file is a good first input; an allocation fails where the last byte says. */
#include "loader/port/hosted/host.h"
#include "loader/translate/translate.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

struct failing {
    struct wasm_allocator real;
    unsigned left;
    size_t held;
};

static void *take(void *context, size_t bytes)
{
    struct failing *f = context;
    if (f->left && --f->left == 0) return NULL;
    void *block = f->real.alloc(f->real.context, bytes);
    if (block) f->held += bytes;
    return block;
}

static void give(void *context, void *block, size_t bytes)
{
    struct failing *f = context;
    f->held -= bytes;
    f->real.free(f->real.context, block, bytes);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    const struct loader_host *real = loader_hosted_host();
    struct loader_host host = *real;
    struct failing f = {.real = real->allocator};
    struct wasm_module m;
    struct wasm_error error;
    host.allocator = (struct wasm_allocator){take, give, &f};
    if (!wasm_module_decode(&m, bytes, size, &host.allocator, &error)) {
        if (f.held) abort();
        return 0;
    }
    for (unsigned way = 0; way < 4; way++) {
        struct wasm_translate_options o = {.checked_memory0 = way & 1,
                                           .metered = way & 2,
                                           .deterministic = way == 3,
                                           .without_features = way == 2 ? UINT32_MAX : 0};
        struct wasm_code code;
        size_t before = f.held;
        f.left = size && way == 1 && bytes[size - 1] > 240 ? bytes[size - 1] - 240u : 0;
        if (wasm_translate(&code, &m, &o, &host, &error)) wasm_code_release(&code);
        if (f.held != before) abort();
    }
    f.left = 0;
    wasm_module_release(&m);
    if (f.held) abort();
    return 0;
}
