/* Memory from the host: data spaces, and code that is never writable and executable at once. */
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "forth/port.h"

void *forth_port_reserve(struct forth_port *p, size_t bytes)
{
    void *at = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    return at == MAP_FAILED ? NULL : at;
}
void forth_port_release(struct forth_port *p, void *at, size_t bytes)
{
    if (at != NULL) munmap(at, bytes);
}
void *forth_port_code_reserve(struct forth_port *p, size_t bytes)
{
    void *at = mmap(NULL, bytes, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    return at == MAP_FAILED ? NULL : at;
}
/* Writable for the copy, and not executable then. */
void forth_port_code_write(struct forth_port *p, void *at, const void *from, size_t bytes)
{
    uintptr_t begin = (uintptr_t)at & ~(uintptr_t)4095,
              end = ((uintptr_t)at + bytes + 4095) & ~(uintptr_t)4095;
    if (mprotect((void *)begin, end - begin, PROT_READ | PROT_WRITE) != 0) abort();
    memcpy(at, from, bytes);
    if (mprotect((void *)begin, end - begin, PROT_READ | PROT_EXEC) != 0) abort();
    __builtin___clear_cache((char *)at, (char *)at + bytes);
}
void forth_port_code_release(struct forth_port *p, void *at, size_t bytes)
{
    munmap(at, bytes);
}
