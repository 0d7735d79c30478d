/* Vector instructions. */
#include "loader/translate/tier1.h"

void tier_simd(struct tier *t, uint32_t op)
{
    tier_skip_immediate(t, op);
    t->failed = true;
}
