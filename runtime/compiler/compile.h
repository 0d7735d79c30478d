/* Core forms to bytecode.  Input is fully macro-expanded (lib/lona/expand.lona-s does it): docs/design/bytecode.md lists the
 * core forms.  The compiler knows nothing of domains or namespaces: an unqualified symbol is a local, a qualified one a global.
 *
 * The primitive (prims/code.def):
 *   (lona.core/-compile form {:file s :source s :name sym :line n :debug bool}) -> binary: a unit (loader/bytecode/format.h)
 *   (lona.core/-load-unit binary) -> function of no arguments: the verified unit's prototype 0, ready to call
 *   (lona.core/-disassemble binary-or-function) -> string */
#ifndef RUNTIME_COMPILER_COMPILE_H
#define RUNTIME_COMPILER_COMPILE_H

#include "runtime/gc/heap.h"

struct compile_options {
    value file, source; /* strings or NIL */
    bool keep_locals;   /* PROTO_DEBUG on every prototype */
};
/* A binary value holding the unit, or VAL_ERROR with a condition that has :line and :column. */
value compile_form(struct process *p, value form, const struct compile_options *o);

#endif
