/* Regions: memory that domains share by capability.  Hosted, all domains see the same addresses; what a domain may do is in
 * the rights of the value that names the region. */
#include "runtime/sched/region.h"

#include "base/mem.h"

void region_retain(struct region *r)
{
    __atomic_fetch_add(&r->references, 1, __ATOMIC_RELAXED);
}

void region_release(struct system *s, struct region *r)
{
    if (__atomic_fetch_sub(&r->references, 1, __ATOMIC_ACQ_REL) != 1) return;
    port_memory_free(s->port, r->bytes, r->mapped_bytes);
    if (r->grants != NULL) system_release(s, r->grants, r->grant_capacity * sizeof *r->grants);
    domain_uncharge(r->charged, r->mapped_bytes);
    domain_release(r->charged);
    system_release(s, r, sizeof *r);
}

/* ---- grants; under the region's lock ---- */

static uint32_t granted(struct region *r, uint64_t domain)
{
    if (r->owner == domain) return REGION_READ | REGION_WRITE;
    uint32_t rights = 0;
    lock_acquire(&r->lock);
    for (uint32_t i = 0; i < r->grant_count; i++)
        if (r->grants[i].domain == domain) rights |= r->grants[i].rights;
    lock_release(&r->lock);
    return rights;
}

uint32_t region_rights(struct process *p, value region)
{
    return header_flags(to_obj(region)->header) &
           granted(((struct region *)(uintptr_t)to_obj(region)->p[0]), p->domain->id);
}

bool region_grant(struct system *s, struct region *r, struct region_grant g)
{
    bool ok = true;
    lock_acquire(&r->lock);
    uint32_t i = 0;
    while (i < r->grant_count && !(r->grants[i].domain == g.domain && r->grants[i].by == g.by)) i++;
    if (i == r->grant_capacity) {
        uint32_t more = r->grant_capacity == 0 ? 4 : r->grant_capacity * 2;
        struct region_grant *grants = system_alloc(s, more * sizeof *grants);
        ok = grants != NULL;
        if (ok && r->grants != NULL) {
            memcpy(grants, r->grants, r->grant_count * sizeof *grants);
            system_release(s, r->grants, r->grant_capacity * sizeof *grants);
        }
        if (ok) {
            r->grants = grants;
            r->grant_capacity = more;
        }
    }
    if (ok) {
        r->grants[i] = g;
        if (i == r->grant_count) r->grant_count++;
    }
    lock_release(&r->lock);
    return ok;
}
