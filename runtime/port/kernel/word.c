#include "base/mem.h"
#include "runtime/port/kernel/kernel.h"

uint64_t word(uint64_t *result, uint64_t number, uint64_t a, uint64_t b, uint64_t c, uint64_t d, uint64_t e)
{
    struct word_frame f = {number, {a, b, c, d, e, 0}};
    word_call(&f);
    if (result != NULL) *result = f.arg[0];
    return f.word;
}

void port_lock(struct port *p)
{
    while (__atomic_exchange_n(&p->lock, 1, __ATOMIC_ACQUIRE) != 0)
        while (__atomic_load_n(&p->lock, __ATOMIC_RELAXED) != 0) port_context_yield();
}

void port_unlock(struct port *p)
{
    __atomic_store_n(&p->lock, 0, __ATOMIC_RELEASE);
}

bool port_kernel_word(struct port *p, struct port_word *w)
{
    struct context_page *page = (struct context_page *)context_self()->page_address;
    struct word_frame f = {.word = w->number};
    memcpy(f.arg, w->argument, sizeof f.arg);
    if (w->out_bytes > 0) memcpy(page->out_bytes, w->out, w->out_bytes);
    memcpy(page->out_handle, w->out_handles, sizeof page->out_handle);
    word_call(&f);
    w->number = f.word;
    memcpy(w->argument, f.arg, sizeof f.arg);
    memcpy(w->in, page->in_bytes, sizeof w->in);
    memcpy(w->in_handles, page->in_handle, sizeof w->in_handles);
    return true;
}
