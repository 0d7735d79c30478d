/* Calls of primitives from C, in turns of any size. */
#ifndef TEST_RUNTIME_PRIMS_CALLS_H
#define TEST_RUNTIME_PRIMS_CALLS_H

#include "test/runtime/reader/harness.h"
#include "runtime/value/number.h"

#define RUN(f, ...) run(f, (value[]){__VA_ARGS__}, sizeof((value[]){__VA_ARGS__}) / sizeof(value))
#define I(n) from_fixnum(n)

/* The result, printed; the same in the smallest turns. */
#define GIVES(wanted, f, ...)                                                                                \
    do {                                                                                                     \
        CHECK_TEXT(printed(RUN(f, __VA_ARGS__)), wanted);                                                    \
        turn = 1;                                                                                            \
        CHECK_TEXT(printed(RUN(f, __VA_ARGS__)), wanted);                                                    \
        turn = 1 << 20;                                                                                      \
    } while (0)

static const char *printed(value v)
{
    if (v == VAL_ERROR) return "error";
    return c_string(print_with(v, NIL));
}

#endif
