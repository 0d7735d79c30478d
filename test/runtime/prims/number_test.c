/* Primitives of numbers and regular expressions, called from core forms in a runtime without a library. */
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

int main(void)
{
    struct fixture f;
    fixture_open(&f, 1);
#define CASE(form, wanted) check_case(&f, form, wanted);
#include "test/runtime/prims/number_cases.def"
#include "test/runtime/prims/number_own_cases.def"
    fixture_close(&f);
    return check_report();
}
