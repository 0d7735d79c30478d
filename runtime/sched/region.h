#ifndef RUNTIME_SCHED_REGION_H
#define RUNTIME_SCHED_REGION_H

#include "runtime/gc/heap.h"
#include "runtime/sched/domain.h"

struct region {
    uint32_t references; /* atomic */
    uint64_t id;
    uint64_t size_bytes, mapped_bytes;
    struct domain *charged; /* retained */
    uint8_t *bytes;
};

#endif
