/* Primitives over collections, sequences and metadata, called from core forms in a runtime without a library. */
#include "test/runtime/prims/cases.h"

int main(void)
{
    struct fixture f;
    fixture_open(&f, 1);
#define CASE(form, wanted) check_case(&f, form, wanted);
#include "test/runtime/prims/collection_cases.def"
#include "test/runtime/prims/collection_own_cases.def"
    fixture_close(&f);
    return check_report();
}
