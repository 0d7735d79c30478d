/* The table of primitives, made from the .def files, and the search in it. */
#include "runtime/vm/vm.h"

#define PRIM(name, fn, min, max, arglists, doc) prim_fn fn;
#include "runtime/vm/prims.def"
#undef PRIM

const struct prim prims[] = {
#define PRIM(name, fn, min, max, arglists, doc) {name, fn, min, max, arglists, doc},
#include "runtime/vm/prims.def"
#undef PRIM
};
const unsigned prim_count = COUNT_OF(prims);

int prim_find(const char *name, size_t size)
{
    for (unsigned i = 0; i < prim_count; i++)
        if (__builtin_strlen(prims[i].name) == size && __builtin_memcmp(prims[i].name, name, size) == 0)
            return (int)i;
    return -1;
}
