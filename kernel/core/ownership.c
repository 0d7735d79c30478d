/* The state machine of regions, as spec/ownership.def has it. */
#include "kernel/core/region.h"

/* A state and an operation as one number: a switch over it is one step for the provers. */
#define PAIR(from, operation) ((from) * 16u + (operation))

uint32_t region_next_state(uint32_t from, uint32_t operation)
{
    if (from >= REGION_STATES || operation >= OPERATIONS) return REGION_STATES;
    switch (PAIR(from, operation)) {
#define REGION_STATE(number, NAME, doc)
#define TRANSITION(from_, operation_, to_)                                                                   \
    case PAIR(REGION_##from_, OPERATION_##operation_): return REGION_##to_;
#include "spec/ownership.def"
#undef REGION_STATE
#undef TRANSITION
    default: return REGION_STATES;
    }
}

bool region_change(struct kernel *k, uint32_t region, uint32_t operation)
{
    uint32_t to = region_next_state(k->region[region].state, operation);
    if (to >= REGION_STATES) return false;
    k->region[region].state = (uint8_t)to;
    return true;
}
