/* A stack of values for iterative walks: in C memory while it is small, then in chunks in the process heap.
 *
 * A resumable primitive keeps one in its C frame during a turn; stack_save() moves it to the heap for the time between
 * turns.  Pushing and popping cost O(1); nothing is ever copied twice; no depth is too deep but for the process's memory.
 *
 * Chunk: a STATE object; word 0 the chunk below (or NIL), then the slots.  Every chunk below the top one is full. */
#ifndef RUNTIME_READER_STACK_H
#define RUNTIME_READER_STACK_H

#include "runtime/gc/heap.h"

#define STACK_LOCAL 96u
#define STACK_CHUNK 1000u

struct stack {
    struct process *p;
    struct object *chunk;    /* NULL: the slots are in local */
    struct object *spare;    /* an emptied chunk, so that a walk on the edge does not thrash */
    uint32_t used, capacity; /* of the top chunk */
    value local[STACK_LOCAL];
};

void stack_init(struct stack *s, struct process *p);
void stack_grow(struct stack *s);
void stack_shrink(struct stack *s);
/* To the heap and back: the chunk (NIL for an empty stack) and the number of its slots in use. */
value stack_save(struct stack *s, uint32_t *used);
void stack_load(struct stack *s, struct process *p, value chunk, uint32_t used);

static inline void stack_push(struct stack *s, value v)
{
    if (UNLIKELY(s->used == s->capacity)) stack_grow(s);
    if (LIKELY(!s->chunk))
        s->local[s->used++] = v;
    else
        heap_write(s->p, s->chunk, 1 + s->used++, v);
}

/* Pre: not empty. */
static inline value stack_pop(struct stack *s)
{
    if (UNLIKELY(s->used == 0)) stack_shrink(s);
    s->used--;
    return s->chunk ? s->chunk->p[1 + s->used] : s->local[s->used];
}

static inline bool stack_empty(const struct stack *s)
{
    return s->used == 0 && (!s->chunk || s->chunk->p[0] == NIL);
}

#endif
