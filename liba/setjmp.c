/* setjmp and longjmp for modules, over WebAssembly's exceptions: what clang's -wasm-enable-sjlj calls (LLVM,
 * lib/Target/WebAssembly/WebAssemblyLowerEmscriptenEHSjLj.cpp documents the three functions).
 *
 * A function that calls setjmp gets an invocation id (an address of its frame); each setjmp in it a label.  longjmp throws; the
 * function asks setjmp_test whether the thrown buffer is one of its own, and goes on at that label, or throws on. */
#include <stdint.h>

struct jump {
    void *invocation;
    uint32_t label;
    struct { /* what travels with the exception */
        void *buffer;
        int value;
    } thrown;
};

enum { TAG_LONGJMP = 1 }; /* clang's number of the tag __c_longjmp */

void __wasm_setjmp(void *buffer, uint32_t label, void *invocation)
{
    struct jump *j = buffer;
    j->invocation = invocation;
    j->label = label;
}

uint32_t __wasm_setjmp_test(void *buffer, void *invocation)
{
    struct jump *j = buffer;
    return j->invocation == invocation ? j->label : 0;
}

void __wasm_longjmp(void *buffer, int value)
{
    struct jump *j = buffer;
    j->thrown.buffer = buffer;
    j->thrown.value = value != 0 ? value : 1;
    __builtin_wasm_throw(TAG_LONGJMP, &j->thrown);
}
