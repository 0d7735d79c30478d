/* Bytes and other things outside the heaps, counted by the objects that refer to them. */
#include "runtime/gc/gc.h"

struct blob *blob_new(struct process *p, uint64_t size_bytes)
{
    struct blob *b = NULL;
    size_t bytes = sizeof *b + size_bytes;
    if (size_bytes <= (uint64_t)1 << 40 && domain_charge(p->domain, pool_block_bytes(bytes))) {
        b = pool_alloc(heap_cache_of(p), bytes);
        if (b == NULL) domain_uncharge(p->domain, pool_block_bytes(bytes));
    }
    if (b == NULL) {
        process_fail(p, ERR_OUT_OF_MEMORY, NIL, "%u bytes are more than the memory limit leaves", size_bytes);
        return NULL;
    }
    b->references = 1;
    b->size_bytes = size_bytes;
    b->charged = p->domain;
    return b;
}

void blob_retain(struct blob *b)
{
    __atomic_fetch_add(&b->references, 1, __ATOMIC_RELAXED);
}

void blob_release(struct system *s, struct blob *b)
{
    if (__atomic_fetch_sub(&b->references, 1, __ATOMIC_ACQ_REL) != 1) return;
    size_t bytes = sizeof *b + b->size_bytes;
    if (b->charged != NULL) domain_uncharge(b->charged, pool_block_bytes(bytes));
    memory_free(arena_memory(s), b, bytes);
}

void heap_link_offheap(struct process *p, struct object *o)
{
    *offheap_next(o) = p->offheap;
    p->offheap = from_obj(o);
}

void offheap_retain(struct object *o)
{
    void *thing = (void *)(uintptr_t)o->p[0];
    switch (obj_type(o)) {
    case T_STRING_BLOB:
    case T_BINARY_BLOB: blob_retain(thing); break;
    case T_ATOM: atom_retain(thing); break;
    case T_REGION: region_retain(thing); break;
    default: break;
    }
}

void offheap_release(struct system *s, struct object *o)
{
    void *thing = (void *)(uintptr_t)o->p[0];
    switch (obj_type(o)) {
    case T_STRING_BLOB:
    case T_BINARY_BLOB: blob_release(s, thing); break;
    case T_ATOM: atom_release(s, thing); break;
    case T_REGION: region_release(s, thing); break;
    case T_HANDLE: handle_release(s, o->p[0], o->p[1]); break;
    default: break;
    }
}

void offheap_release_all(struct system *s, value chain)
{
    for (value next = 0; chain != 0; chain = next) {
        next = *offheap_next(to_obj(chain));
        offheap_release(s, to_obj(chain));
    }
}
