/* Core forms to bytecode.  Input is fully macro-expanded (lib/lona/expand.lona-s does it): docs/design/bytecode.md lists the
 * core forms.  The compiler knows nothing of domains or namespaces: an unqualified symbol is a local, a qualified one a global.
 *
 * The primitives (prims/code.def):
 *   (lona.core/-compile form options) -> binary: a unit (loader/bytecode/format.h)
 *   (lona.core/-load-unit binary) -> function of no arguments: the verified unit's prototype 0, ready to call
 *   (lona.core/-disassemble binary) -> string
 *
 * Options, a map or nil:
 *   :file    string, kept in the unit
 *   :source  string: the form's source text, kept in the unit
 *   :name    symbol or string: the name of the top-level function in frames
 *   :debug   true: every function keeps its locals until their scope ends
 *   :breakpoints  map of line to number: the first expression on that line is preceded by a `break` instruction
 *   :entry   number: the same at the start of the functions that stand in the form itself, not inside others
 *   :ns      symbol: boot mode; an unqualified symbol that is no local is taken as ns/symbol */
#ifndef RUNTIME_COMPILER_COMPILE_H
#define RUNTIME_COMPILER_COMPILE_H

#include "runtime/gc/heap.h"

struct compile_options {
    value file, source; /* strings or NIL */
    value name;         /* symbol, string or NIL */
    value ns;           /* symbol or NIL */
    value breakpoints;  /* map or NIL */
    value entry;        /* fixnum or NIL */
    bool keep_locals;   /* PROTO_DEBUG on every prototype */
};
struct compiler;
/* In slices: start, then continue until the answer is not VAL_YIELD: a binary value that holds the unit, or VAL_ERROR with a
 * condition that has :line and :column.  *steps, of some 50 ns each, are taken down by what was done.  The state lies in an object of the process's heap that
 * pins the heap (gc/heap.h) while it is p->prim_state. */
struct compiler *compile_start(struct process *p, value form, const struct compile_options *o);
value compile_continue(struct compiler *c, int64_t *steps);
value compile_state(struct compiler *c);       /* as a value for p->prim_state */
struct compiler *compile_resumed(value state); /* and back */
/* In one go. */
value compile_form(struct process *p, value form, const struct compile_options *o);

#endif
