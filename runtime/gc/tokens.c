/* Edit tokens of transients are numbers of 24 bits (value.h, node_token()).  When a process has used them all up, its heap
 * is walked once: no node belongs to a transient any more, and the living transients get the first numbers again. */
#include "runtime/gc/gc.h"
#include "runtime/value/transient.h"

static void renumber(struct process *p, value *at, const value *end)
{
    while (at < end) {
        struct object *o = (struct object *)at;
        o->header = header_without_token(o->header);
        if (obj_type(o) == T_TRANSIENT && transient_live(o))
            o->p[TRANSIENT_TOKEN] = p->edit_token < EDIT_TOKEN_MAX ? ++p->edit_token : TOKEN_NONE;
        at += obj_size(o) + 1;
    }
}

void tokens_renumber(struct process *p)
{
    p->edit_token = 0;
    for (struct heap_chunk *c = p->young; c != NULL; c = c->next)
        renumber(p, heap_chunk_start(c), c == p->young ? p->hp : c->top);
    if (p->old != NULL)
        for (unsigned list = 0; list < 2; list++)
            for (struct old_block *b = list == 0 ? p->old->blocks : p->old->unswept; b != NULL; b = b->next)
                renumber(p, old_block_start(b), old_block_end(b));
    p->flags &= ~PROC_CLEAR_TOKENS;
}
