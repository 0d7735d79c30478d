/* Memory budgets.  A charge goes to the domain's own count and to the budget it lives on. */
#include "runtime/sched/tree.h"

static bool take(struct budget *b, uint64_t *count, uint64_t bytes)
{
    if (b->limit_bytes == 0) {
        __atomic_fetch_add(count, bytes, __ATOMIC_RELAXED);
        return true;
    }
    /* used and carved are two words: whoever adds looks at the sum afterwards and takes back what was too much, so the
     * limit holds whenever nobody is in here */
    __atomic_fetch_add(count, bytes, __ATOMIC_SEQ_CST);
    uint64_t used = __atomic_load_n(&b->used_bytes, __ATOMIC_SEQ_CST);
    uint64_t carved = __atomic_load_n(&b->carved_bytes, __ATOMIC_SEQ_CST);
    if (LIKELY(used + carved <= b->limit_bytes && bytes <= b->limit_bytes)) return true;
    __atomic_fetch_sub(count, bytes, __ATOMIC_SEQ_CST);
    return false;
}

bool domain_charge(struct domain *d, uint64_t bytes)
{
    if (UNLIKELY(!take(d->budget, &d->budget->used_bytes, bytes))) return false;
    __atomic_fetch_add(&d->used_bytes, bytes, __ATOMIC_RELAXED);
    return true;
}

void domain_uncharge(struct domain *d, uint64_t bytes)
{
    __atomic_fetch_sub(&d->budget->used_bytes, bytes, __ATOMIC_RELAXED);
    __atomic_fetch_sub(&d->used_bytes, bytes, __ATOMIC_RELAXED);
}

bool budget_carve(struct budget *from, struct budget *child, uint64_t bytes)
{
    if (!take(from, &from->carved_bytes, bytes)) return false;
    *child = (struct budget){.parent = from, .limit_bytes = bytes};
    return true;
}

void budget_return(struct budget *child)
{
    __atomic_fetch_sub(&child->parent->carved_bytes, child->limit_bytes, __ATOMIC_SEQ_CST);
}
