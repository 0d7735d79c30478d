/* libFuzzer harness of the verifier and of what walks verified units: make fuzz.  Any unit is a good first input, such as
 * one that (spit "unit" (lona.core/-compile form)) writes. */
#include "loader/bytecode/disasm.h"
#include "loader/bytecode/verify.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

static void swallow(void *context, const char *text, size_t size)
{
    *(size_t *)context += size + (uint8_t)text[0];
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    struct verify_error error;
    size_t total = 0;
    if (bytecode_verify(bytes, size, &error)) bytecode_disassemble(bytes, size, swallow, &total);
    return 0;
}
