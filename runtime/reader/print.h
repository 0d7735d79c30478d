/* Values to text.  Iterative and resumable like the reader; what prints readably reads back equal.
 *
 * Unreadable forms: #<pid 42>, #<function ns/name>, #<atom>, ... : what is authority or identity. */
#ifndef RUNTIME_READER_PRINT_H
#define RUNTIME_READER_PRINT_H

#include "runtime/gc/heap.h"

/* A short text of v for messages: printed readably, at most `size` bytes (cut at a character, then "..." at the end),
 * at most PRINT_SHORT_ITEMS items of a collection, PRINT_SHORT_LEVEL levels.  Nothing lazy is forced.  Bounded cost.
 * Result: bytes written. */
#define PRINT_SHORT_ITEMS 12
#define PRINT_SHORT_LEVEL 5
size_t print_to_buffer(struct process *p, value v, char *to, size_t size);

#endif
