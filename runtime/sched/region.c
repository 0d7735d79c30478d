/* Regions: memory that domains share by capability.  Hosted, all domains see the same addresses; what a domain may do is in
 * the rights of the value that names the region. */
#include "runtime/sched/region.h"

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
