/* Bytes and other things outside the heaps, counted by the objects that refer to them. */
#include "runtime/gc/gc.h"

/* Bytes outside count like words in the nursery, at an eighth: a process that makes blobs collects in time. */
static void press(struct process *p, uint64_t size_bytes)
{
    uint64_t words = size_bytes / 64, room = (uint64_t)(p->hp_limit - p->hp);
    if (words < room)
        p->hp_limit -= words;
    else
        process_attention(p, PROC_COLLECT);
}

struct blob *blob_new(struct process *p, uint64_t size_bytes)
{
    struct blob *b = NULL;
    size_t bytes = pool_block_bytes(sizeof *b + (size_bytes <= (uint64_t)1 << 40 ? size_bytes : 0));
    bool possible = size_bytes <= (uint64_t)1 << 40;
    bool charged = possible && domain_charge(p->domain, bytes);
    if (charged || (possible && may_overdraw(p, bytes))) b = pool_alloc(heap_cache_of(p), bytes);
    if (b == NULL) {
        if (charged) domain_uncharge(p->domain, bytes);
        process_fail(p, ERR_OUT_OF_MEMORY, NIL, "%u bytes are more than the memory limit leaves", size_bytes);
        return NULL;
    }
    b->references = 1;
    b->size_bytes = size_bytes;
    b->charged = charged ? p->domain : NULL;
    if (charged) domain_retain(p->domain); /* the bytes may outlive it, in a message to another */
    press(p, size_bytes);
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
    if (b->charged != NULL) {
        domain_uncharge(b->charged, pool_block_bytes(bytes));
        domain_release(b->charged);
    }
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
