/* A process for unit tests of values: memory that only grows, errors kept as text.  Not for tests of processes. */
#ifndef TEST_STUB_STUB_H
#define TEST_STUB_STUB_H

#include "runtime/gc/heap.h"

struct process *stub_process(void);
extern char stub_error[256];         /* text of the last process_fail */
extern enum error_kind stub_error_kind;

#endif
