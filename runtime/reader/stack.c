#include "runtime/reader/stack.h"

void stack_init(struct stack *s, struct process *p)
{
    s->p = p;
    s->chunk = s->spare = NULL;
    s->used = 0;
    s->capacity = STACK_LOCAL;
}

static struct object *chunk_new(struct stack *s, uint32_t slots)
{
    struct object *o = heap_alloc(s->p, T_STATE, 0, 1 + slots);
    for (uint32_t i = 0; i <= slots; i++) o->p[i] = NIL;
    return o;
}

/* Pre: in local memory. */
static void spill(struct stack *s)
{
    struct object *o = chunk_new(s, STACK_LOCAL);
    for (uint32_t i = 0; i < s->used; i++) o->p[1 + i] = s->local[i];
    s->chunk = o;
}

void stack_grow(struct stack *s)
{
    if (!s->chunk) spill(s);
    struct object *o = s->spare ? s->spare : chunk_new(s, STACK_CHUNK);
    s->spare = NULL;
    heap_write(s->p, o, 0, from_obj(s->chunk));
    s->chunk = o;
    s->used = 0;
    s->capacity = obj_size(o) - 1;
}

void stack_shrink(struct stack *s)
{
    struct object *below = to_obj(s->chunk->p[0]);
    s->spare = s->chunk;
    s->chunk = below;
    s->used = s->capacity = obj_size(below) - 1;
}

value stack_save(struct stack *s, uint32_t *used)
{
    *used = s->used;
    if (stack_empty(s)) return NIL;
    if (!s->chunk) spill(s);
    return from_obj(s->chunk);
}

void stack_load(struct stack *s, struct process *p, value chunk, uint32_t used)
{
    stack_init(s, p);
    if (chunk == NIL) return;
    s->chunk = to_obj(chunk);
    s->used = used;
    s->capacity = obj_size(s->chunk) - 1;
}
