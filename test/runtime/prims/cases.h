/* Cases of primitives: core forms run in a runtime without a library, and what their values print as. */
#ifndef TEST_RUNTIME_PRIMS_CASES_H
#define TEST_RUNTIME_PRIMS_CASES_H

#include "test/runtime/sched/fixture.h"

static value printed(struct fixture *f, const char *form)
{
    char text[1024];
    snprintf(text, sizeof text, "(-process-exit (-pr-str %s nil))", form);
    return fixture_run(f, text);
}

static void check_case(struct fixture *f, const char *form, const char *wanted)
{
    value r = printed(f, form);
    bool error = !is_string(r);
    size_t size = 0;
    const char *bytes = error ? "ERROR" : string_bytes(r, &size);
    if (error) size = 5;
    bool good = size == strlen(wanted) && memcmp(bytes, wanted, size) == 0;
    if (!good) {
        printf("%s => %.*s, wanted %s\n", form, (int)size, bytes, wanted);
        if (error) to_fixnum_or(r);
    }
    CHECK(good);
}

#endif
