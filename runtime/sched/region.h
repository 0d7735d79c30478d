/* Regions: memory that domains share by capability.  Hosted, all domains see the same addresses; what a domain may do is in
 * the rights of the value that it holds and in the grants that the region keeps. */
#ifndef RUNTIME_SCHED_REGION_H
#define RUNTIME_SCHED_REGION_H

#include "runtime/gc/heap.h"
#include "runtime/sched/domain.h"

struct region_grant {
    uint64_t domain, by; /* ids: who may, who said so */
    uint32_t rights;
};

#define REGION_READ OBJ_A
#define REGION_WRITE OBJ_B

struct region {
    uint32_t references; /* atomic */
    struct lock lock;
    uint64_t id, owner; /* owner: id of the domain that made it */
    uint64_t size_bytes, mapped_bytes;
    struct domain *charged; /* retained */
    uint8_t *bytes;
    struct region_grant *grants;
    uint32_t grant_count, grant_capacity;
};

/* What p's domain may do with a region value: what both the value and the grants allow. */
uint32_t region_rights(struct process *p, value region);
bool region_grant(struct system *s, struct region *r, struct region_grant g); /* false: no memory */

#endif
