#include "runtime/gc/gc.h"

void adopt_examined(struct process *p)
{
    for (struct message *m = p->queue; m != NULL && (m->flags & MESSAGE_EXAMINED); m = m->next)
        if (m->size_words != 0) {
            message_detach_objects(p, m);
            m->size_words = 0;
        }
}

uint64_t examined_words(const struct process *p)
{
    uint64_t words = 0;
    for (struct message *m = p->queue; m != NULL && (m->flags & MESSAGE_EXAMINED); m = m->next)
        if (m->size_words != 0) {
            words += m->size_words;
            for (struct heap_chunk *c = (void *)(uintptr_t)m->words[1]; c != NULL; c = c->next)
                words += c->size_words;
        }
    return words;
}

void roots_visit(struct process *p, void (*visit)(void *context, value *slot), void *context)
{
    if (p->base != NULL) {
        struct frame f;
        for (frame_top(p, &f); f.kind != FRAME_END; frame_next(&f)) frame_roots(&f, visit, context);
    }
    visit(context, &p->prim_state);
    visit(context, &p->error);
    visit(context, &p->dynamic);
    visit(context, &p->exit_reason);
    for (struct message *m = p->queue; m != NULL && (m->flags & MESSAGE_EXAMINED); m = m->next)
        visit(context, &m->content);
}
