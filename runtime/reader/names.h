/* Symbols and keywords from text: the interned one if there is one (so that it is equal by pointer to the one in code), else
 * a new one in the process heap.  Nothing is interned here: text from elsewhere must leave nothing behind. */
#ifndef RUNTIME_READER_NAMES_H
#define RUNTIME_READER_NAMES_H

#include "runtime/gc/heap.h"

/* ns NULL: none.  VAL_ERROR when memory is refused. */
value name_from_bytes(struct process *p, bool keyword, const char *ns, size_t ns_size, const char *name,
                      size_t name_size);
value name_from_strings(struct process *p, bool keyword, value ns_or_nil, value name);

#endif
