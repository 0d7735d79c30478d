/* Memory primitives with the names that the compiler itself calls.  Hosted they are libc's; for the machine, base/mem.c
 * has them. */
#ifndef BASE_MEM_H
#define BASE_MEM_H

#include "base/types.h"

void *memcpy(void *restrict to, const void *restrict from, size_t bytes);
void *memmove(void *to, const void *from, size_t bytes);
void *memset(void *to, int byte, size_t bytes);
int memcmp(const void *a, const void *b, size_t bytes);

#endif
