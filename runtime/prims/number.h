/* The primitives of numbers, named by number.def. */
#ifndef RUNTIME_PRIMS_NUMBER_H
#define RUNTIME_PRIMS_NUMBER_H

#include "runtime/vm/prim.h"

#define PRIM(name, function, min, max, arglists, doc) prim_fn function;
#include "runtime/prims/number.def"
#undef PRIM

#endif
