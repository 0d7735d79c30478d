/* Memory by mmap. */
#include <stdio.h>
#include <sys/mman.h>

#include "runtime/port/hosted/hosted.h"

void *port_memory_reserve(struct port *p, void *at, uint64_t bytes)
{
    int flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | (at != NULL ? MAP_FIXED_NOREPLACE : 0);
    void *got = mmap(at, bytes, PROT_NONE, flags, -1, 0);
    if (got == MAP_FAILED) return NULL;
    if (at != NULL && got != at) { /* an older kernel takes the address as a hint */
        munmap(got, bytes);
        return NULL;
    }
    return got;
}

bool port_memory_commit(struct port *p, void *at, uint64_t bytes)
{
    return mprotect(at, bytes, PROT_READ | PROT_WRITE) == 0;
}

void port_memory_decommit(struct port *p, void *at, uint64_t bytes)
{
    madvise(at, bytes, MADV_DONTNEED); /* anonymous memory reads as zero when it is committed again */
    mprotect(at, bytes, PROT_NONE);
}

/* Images hold addresses: what goes into one lies in a range that is free whenever the program starts. */
static void *allocate_for_image(struct port *p, uint64_t bytes)
{
    uintptr_t at = __atomic_fetch_add(&p->image_next, bytes, __ATOMIC_RELAXED);
    void *got = mmap((void *)at, bytes, PROT_READ | PROT_WRITE,
                     MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED_NOREPLACE, -1, 0);
    return got == MAP_FAILED ? NULL : got;
}

void *port_memory_allocate(struct port *p, uint64_t bytes)
{
    if (p->image_next != 0) return allocate_for_image(p, bytes);
    void *got = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    return got == MAP_FAILED ? NULL : got;
}

void port_memory_free(struct port *p, void *at, uint64_t bytes)
{
    munmap(at, bytes);
}

uint64_t port_memory_resident(struct port *p)
{
    unsigned long long size, resident = 0;
    FILE *f = fopen("/proc/self/statm", "r");
    if (f == NULL) return 0;
    if (fscanf(f, "%llu %llu", &size, &resident) != 2) resident = 0;
    fclose(f);
    return resident * PORT_PAGE;
}
