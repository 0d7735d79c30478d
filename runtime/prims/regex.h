/* The primitives of regular expressions, named by string.def. */
#ifndef RUNTIME_PRIMS_REGEX_H
#define RUNTIME_PRIMS_REGEX_H

#include "runtime/vm/prim.h"

prim_fn prim_re_pattern, prim_is_regex, prim_regex_source, prim_re_exec, prim_re_next, prim_bytes_sub;

#endif
