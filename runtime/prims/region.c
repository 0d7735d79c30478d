/* Shared regions: memory that domains reach by capability.  A domain may do what both the value it holds and the grant that
 * it was given allow; the domain that made the region may do everything. */
#include "runtime/sched/region.h"

#include "base/mem.h"
#include "runtime/prims/declare.h"
#include "runtime/sched/scheduler.h"
#include "runtime/sched/spawn.h"
#include "runtime/value/number.h"
#include "runtime/value/string.h"

#define LIMIT_REGION_BYTES (1ull << 36)
#define COPY_BYTES (16u << 20)

static struct region *region_of(value v)
{
    return (struct region *)(uintptr_t)to_obj(v)->p[0];
}

static value region_value(struct process *p, struct region *r, uint32_t rights)
{
    struct object *o = heap_alloc(p, T_REGION, rights, 2);
    o->p[0] = (value)(uintptr_t)r;
    heap_link_offheap(p, o);
    return from_obj(o);
}

value prim_region_create(struct process *p, value *a, unsigned argc)
{
    uint64_t bytes;
    struct domain *d = p->domain;
    if (!number_to_u64(a[0], &bytes) || bytes == 0 || bytes > LIMIT_REGION_BYTES)
        return process_fail(p, ERR_ARGUMENT, a[0],
                            "create-shared-region takes a number of bytes from 1 to %u",
                            (uint64_t)LIMIT_REGION_BYTES);
    uint64_t mapped = (bytes + PORT_PAGE - 1) / PORT_PAGE * PORT_PAGE;
    if (!domain_charge(d, mapped))
        return process_fail(p, ERR_OUT_OF_MEMORY, a[0],
                            "the domain's memory limit does not allow a region of %u bytes", bytes);
    struct region *r = system_alloc(d->system, sizeof *r);
    uint8_t *memory = r == NULL ? NULL : port_memory_allocate(d->system->port, mapped);
    if (memory == NULL) {
        if (r != NULL) system_release(d->system, r, sizeof *r);
        domain_uncharge(d, mapped);
        return process_fail(p, ERR_OUT_OF_MEMORY, a[0], "no memory for a region of %u bytes", bytes);
    }
    *r = (struct region){.references = 1,
                         .id = unique_number(p->scheduler),
                         .size_bytes = bytes,
                         .mapped_bytes = mapped,
                         .charged = d,
                         .owner = d->id,
                         .bytes = memory};
    domain_retain(d);
    return region_value(p, r, REGION_READ | REGION_WRITE);
}

value prim_is_region(struct process *p, value *a, unsigned argc)
{
    return from_bool(is_type(a[0], T_REGION));
}
value prim_is_region_ref(struct process *p, value *a, unsigned argc)
{
    return from_bool(is_type(a[0], T_REGION_REF));
}

/* A grant taken away takes along those that its holder gave, unless it holds the region from somebody else, too. */
static void revoke(struct region *r, uint64_t domain, uint64_t by)
{
    bool changed = false;
    lock_acquire(&r->lock);
    for (uint32_t i = 0; i < r->grant_count; i++)
        if (r->grants[i].domain == domain && r->grants[i].by == by) {
            r->grants[i--] = r->grants[--r->grant_count];
            changed = true;
        }
    while (changed) {
        changed = false;
        for (uint32_t i = 0; i < r->grant_count; i++) {
            bool held = r->grants[i].by == r->owner;
            for (uint32_t k = 0; k < r->grant_count && !held; k++)
                held = r->grants[k].domain == r->grants[i].by;
            if (held) continue;
            r->grants[i--] = r->grants[--r->grant_count];
            changed = true;
        }
    }
    lock_release(&r->lock);
}

static bool rights_argument(struct process *p, const char *function, unsigned arg, value v, uint32_t *rights)
{
    *rights = 0;
    if (is_keyword(v) && name_is(v, NULL, "read-only")) *rights = REGION_READ;
    if (is_keyword(v) && name_is(v, NULL, "write-only")) *rights = REGION_WRITE;
    if (is_keyword(v) && name_is(v, NULL, "read-write")) *rights = REGION_READ | REGION_WRITE;
    if (*rights == 0) fail_type(p, function, arg, v, ":read-only, :read-write or :write-only");
    return *rights != 0;
}

value prim_grant_region(struct process *p, value *a, unsigned argc)
{
    uint32_t rights;
    if (!is_type(a[1], T_REGION)) return fail_type(p, "grant-capability", 2, a[1], "a region");
    struct domain *d = domain_of_value(p, "grant-capability", 1, a[0]);
    if (d == NULL || !rights_argument(p, "grant-capability", 3, a[2], &rights)) return VAL_ERROR;
    if ((region_rights(p, a[1]) & rights) != rights)
        return process_fail(p, ERR_NO_CAPABILITY, a[1],
                            "grant-capability: this domain does not hold %v itself", a[2]);
    struct region_grant g = {.domain = d->id, .by = p->domain->id, .rights = rights};
    if (!region_grant(p->domain->system, region_of(a[1]), g))
        return process_fail(p, ERR_OUT_OF_MEMORY, NIL, "no memory for the grant");
    return TRUE_;
}

value prim_revoke_region(struct process *p, value *a, unsigned argc)
{
    if (!is_type(a[1], T_REGION)) return fail_type(p, "revoke-capability", 2, a[1], "a region");
    struct domain *d = domain_of_value(p, "revoke-capability", 1, a[0]);
    if (d == NULL) return VAL_ERROR;
    revoke(region_of(a[1]), d->id, p->domain->id);
    return TRUE_;
}

value prim_attenuate_region(struct process *p, value *a, unsigned argc)
{
    uint32_t rights;
    if (!is_type(a[0], T_REGION)) return fail_type(p, "attenuate", 1, a[0], "a region");
    if (!rights_argument(p, "attenuate", 2, a[1], &rights)) return VAL_ERROR;
    struct region *r = region_of(a[0]);
    region_retain(r);
    return region_value(p, r, rights & header_flags(to_obj(a[0])->header));
}

/* What the value alone allows, as :read-only and so on; nil: nothing. */
value prim_region_rights(struct process *p, value *a, unsigned argc)
{
    if (!is_type(a[0], T_REGION)) return fail_type(p, "-region-rights", 1, a[0], "a region");
    uint32_t rights = region_rights(p, a[0]);
    const char *name = rights == (REGION_READ | REGION_WRITE) ? "read-write"
                       : rights == REGION_READ                ? "read-only"
                                                              : "write-only";
    return rights == 0 ? NIL : keyword_c(p, NULL, name);
}

value prim_region_size(struct process *p, value *a, unsigned argc)
{
    if (is_type(a[0], T_REGION_REF)) return number_from_u64(p, to_obj(a[0])->p[1]);
    if (!is_type(a[0], T_REGION)) return fail_type(p, "region-size", 1, a[0], "a region or region reference");
    return number_from_u64(p, region_of(a[0])->size_bytes);
}

/* ---- references and access ---- */

value prim_region_ref(struct process *p, value *a, unsigned argc)
{
    uint64_t offset, length, base = 0, size;
    value region = a[0];
    if (is_type(a[0], T_REGION)) {
        size = region_of(a[0])->size_bytes;
    } else if (is_type(a[0], T_REGION_REF)) { /* a part of a part */
        region = to_obj(a[0])->p[2];
        base = to_obj(a[0])->p[0];
        size = to_obj(a[0])->p[1];
    } else {
        return fail_type(p, "region-ref", 1, a[0], "a region or region reference");
    }
    if (!number_to_u64(a[1], &offset) || offset > size) return fail_range(p, "region-ref", a[1], size);
    if (!number_to_u64(a[2], &length) || length > size - offset)
        return fail_range(p, "region-ref", a[2], size - offset);
    struct object *o = heap_alloc(p, T_REGION_REF, 0, 3);
    o->p[0] = base + offset;
    o->p[1] = length;
    o->p[2] = region;
    return from_obj(o);
}

/* The bytes [offset, offset + *length) of a reference, if the caller has the right.  NULL: p->error is set. */
static uint8_t *reach(struct process *p, const char *function, value ref, value at, uint64_t length,
                      uint32_t right)
{
    uint64_t offset, base = 0, size;
    value region = ref;
    if (is_type(ref, T_REGION_REF)) {
        region = to_obj(ref)->p[2];
        base = to_obj(ref)->p[0];
        size = to_obj(ref)->p[1];
    } else if (is_type(ref, T_REGION)) {
        size = region_of(ref)->size_bytes;
    } else {
        fail_type(p, function, 1, ref, "a region or region reference");
        return NULL;
    }
    if ((region_rights(p, region) & right) != right) {
        process_fail(p, ERR_NO_CAPABILITY, ref, "%s: this domain does not hold the right to %s the region",
                     function, right == REGION_READ ? "read" : "write");
        return NULL;
    }
    if (!number_to_u64(at, &offset) || offset > size) {
        fail_range(p, function, at, size);
        return NULL;
    }
    if (length > size - offset) {
        process_fail(p, ERR_RANGE, at, "%s: %u bytes from %u on are more than the %u there", function, length,
                     offset, size);
        return NULL;
    }
    return region_of(region)->bytes + base + offset;
}

value prim_read_ref(struct process *p, value *a, unsigned argc)
{
    uint64_t n;
    if (!number_to_u64(a[2], &n) || n > COPY_BYTES) return fail_range(p, "read-ref", a[2], COPY_BYTES);
    uint8_t *at = reach(p, "read-ref", a[0], a[1], n, REGION_READ);
    p->reductions -= (int32_t)(n >> 8);
    return at == NULL ? VAL_ERROR : binary_make(p, at, n);
}

value prim_write_ref(struct process *p, value *a, unsigned argc)
{
    size_t size;
    const void *bytes;
    if (is_binary(a[2]))
        bytes = binary_bytes(a[2], &size);
    else if (is_string(a[2]))
        bytes = string_bytes(a[2], &size);
    else
        return fail_type(p, "write-ref", 3, a[2], "a binary or string");
    uint8_t *at = reach(p, "write-ref", a[0], a[1], size, REGION_WRITE);
    if (at == NULL) return VAL_ERROR;
    memcpy(at, bytes, size);
    p->reductions -= (int32_t)(size >> 8);
    return number_from_u64(p, size);
}

/* One integer of 1, 2, 4 or 8 bytes: aligned accesses are atomic, as the machine orders them. */
value prim_region_get(struct process *p, value *a, unsigned argc)
{
    uint64_t n;
    if (!number_to_u64(a[2], &n) || (n != 1 && n != 2 && n != 4 && n != 8))
        return process_fail(p, ERR_ARGUMENT, a[2], "region-get reads 1, 2, 4 or 8 bytes");
    uint8_t *at = reach(p, "region-get", a[0], a[1], n, REGION_READ);
    if (at == NULL) return VAL_ERROR;
    if (((uintptr_t)at & (n - 1)) != 0)
        return process_fail(p, ERR_ARGUMENT, a[1], "region-get: the address is not aligned");
    switch (n) {
    case 1: return number_from_u64(p, __atomic_load_n(at, __ATOMIC_SEQ_CST));
    case 2: return number_from_u64(p, __atomic_load_n((uint16_t *)at, __ATOMIC_SEQ_CST));
    case 4: return number_from_u64(p, __atomic_load_n((uint32_t *)at, __ATOMIC_SEQ_CST));
    default: return number_from_u64(p, __atomic_load_n((uint64_t *)at, __ATOMIC_SEQ_CST));
    }
}

value prim_region_put(struct process *p, value *a, unsigned argc)
{
    uint64_t n, v;
    if (!number_to_u64(a[2], &n) || (n != 1 && n != 2 && n != 4 && n != 8))
        return process_fail(p, ERR_ARGUMENT, a[2], "region-put! writes 1, 2, 4 or 8 bytes");
    if (!number_to_u64(a[3], &v) || (n < 8 && v >> (n * 8) != 0))
        return process_fail(p, ERR_RANGE, a[3], "region-put!: %v does not fit into %u bytes", a[3], n);
    uint8_t *at = reach(p, "region-put!", a[0], a[1], n, REGION_WRITE);
    if (at == NULL) return VAL_ERROR;
    if (((uintptr_t)at & (n - 1)) != 0)
        return process_fail(p, ERR_ARGUMENT, a[1], "region-put!: the address is not aligned");
    switch (n) {
    case 1: __atomic_store_n(at, (uint8_t)v, __ATOMIC_SEQ_CST); break;
    case 2: __atomic_store_n((uint16_t *)at, (uint16_t)v, __ATOMIC_SEQ_CST); break;
    case 4: __atomic_store_n((uint32_t *)at, (uint32_t)v, __ATOMIC_SEQ_CST); break;
    default: __atomic_store_n((uint64_t *)at, v, __ATOMIC_SEQ_CST); break;
    }
    return a[3];
}
