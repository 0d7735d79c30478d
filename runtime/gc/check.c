/* Walks a heap and checks its invariants; in debug and stress builds after every collection. */
#include "runtime/gc/gc.h"

#if defined(LONA_STRESS) || defined(LONA_ASAN)

static void broken(struct process *p, const char *what)
{
    port_panic(heap_cache_of(p)->memory->port, what);
}

static bool in_old_blocks(const struct old_block *b, const value *at)
{
    for (; b != NULL; b = b->next)
        if (at >= old_block_start(b) && at < old_block_end(b)) return true;
    return false;
}

static bool in_young(const struct process *p, const value *at)
{
    for (const struct heap_chunk *c = p->young; c != NULL; c = c->next)
        if (at >= heap_chunk_start(c) && at < (c == p->young ? p->hp : c->top)) return true;
    return false;
}

/* H1, H2 for one slot; true if it refers to a young object. */
static bool check_value(struct process *p, value v)
{
    if (!is_ptr(v)) return false;
    if (v < 4096) broken(p, "heap check: null or tiny pointer");
    struct object *o = to_obj(v);
    if (!is_header(o->header)) broken(p, "heap check: pointer to something without a header");
    if (obj_type(o) >= T_COUNT) broken(p, "heap check: object of no type");
    if (obj_has(o, OBJ_SHARED)) return false;
    if (obj_has(o, OBJ_OLD)) {
        if (p->old == NULL ||
            !(in_old_blocks(p->old->blocks, &o->header) || in_old_blocks(p->old->unswept, &o->header)))
            broken(p, "heap check: old object outside the old space");
        return false;
    }
    if (!in_young(p, &o->header)) broken(p, "heap check: young object in no chunk of the process (H2)");
    return true;
}

static bool check_object(struct process *p, struct object *o)
{
    uint32_t size = obj_size(o);
    bool young = false;
    for (uint32_t i = layout_raw_words(obj_type(o), size); i < size; i++) young |= check_value(p, o->p[i]);
    return young;
}

static void check_root(void *context, value *slot)
{
    check_value(context, *slot);
}

static void check_old(struct process *p)
{
    struct old_space *old = p->old;
    for (unsigned list = 0; list < 2; list++)
        for (struct old_block *b = list == 0 ? old->blocks : old->unswept; b != NULL; b = b->next) {
            value *at = old_block_start(b), *end = old_block_end(b);
            while (at < end) {
                struct object *o = (struct object *)at;
                if (!is_header(*at)) broken(p, "heap check: gap in the old space (O1)");
                at += obj_size(o) + 1;
                if (old->phase == MAJOR_IDLE && obj_has(o, OBJ_MARK))
                    broken(p, "heap check: mark left over (O3)");
                bool dead = list == 1 && !obj_has(o, OBJ_MARK);
                if (obj_type(o) == T_STATE_RAW || dead) continue;
                if (old->phase == MAJOR_IDLE && check_object(p, o) && !obj_has(o, OBJ_REMEMBERED) &&
                    !old->remember_lost)
                    broken(p, "heap check: old object with young pointer is not remembered (H1)");
            }
            if (at != end) broken(p, "heap check: object beyond its block (O1)");
        }
}

#define CHECK_MAX_WORDS 30000 /* the check is quadratic in the number of blocks */

void heap_check(struct process *p)
{
    if (heap_held_words(p) > CHECK_MAX_WORDS) return;
    for (struct heap_chunk *c = p->young; c != NULL; c = c->next) {
        value *at = heap_chunk_start(c), *end = c == p->young ? p->hp : c->top;
        while (at < end) {
            struct object *o = (struct object *)at;
            if (!is_header(*at)) broken(p, "heap check: gap in a young chunk");
            if (obj_has(o, OBJ_OLD | OBJ_SHARED | OBJ_MARK | OBJ_REMEMBERED))
                broken(p, "heap check: flags of a young object");
            check_object(p, o);
            at += obj_size(o) + 1;
        }
        if (at != end) broken(p, "heap check: object beyond its chunk");
    }
    if (p->old != NULL) check_old(p);
    roots_visit(p, check_root, p);
}

#else
void heap_check(struct process *p) {}
#endif
