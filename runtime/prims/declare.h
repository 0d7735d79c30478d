/* Prototypes of all primitives, for the files that define them. */
#ifndef RUNTIME_PRIMS_DECLARE_H
#define RUNTIME_PRIMS_DECLARE_H

#include "runtime/vm/prim.h"

#define PRIM(name, fn, min, max, arglists, doc) prim_fn fn;
#include "runtime/vm/prims.def"
#undef PRIM

#endif
