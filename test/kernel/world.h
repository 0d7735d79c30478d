/* Tests drive a hosted kernel: the context that runs asks for words. */
#ifndef TEST_KERNEL_WORLD_H
#define TEST_KERNEL_WORLD_H

#include "kernel/arch/hosted/hosted.h"
#include "kernel/core/state.h"
#include "test/support/check.h"

struct world {
    struct kernel *k;
    struct machine *m;
    uint32_t running[CORE_CPUS]; /* what each CPU was told to do */
};

static inline struct world world_create(uint32_t frames, uint32_t cpus)
{
    struct world w = {0};
    w.k = hosted_create(&(struct hosted_config){.frames = frames, .cpus = cpus}, &w.m);
    for (uint32_t i = 0; w.k != NULL && i < cpus; i++) w.running[i] = kernel_begin(w.k, i);
    return w;
}

/* As long as the core asks to be called again. */
static inline uint32_t world_settle(struct world *w, uint32_t cpu)
{
    for (uint32_t i = 0; i < 1000000 && w->running[cpu] == KERNEL_AGAIN; i++)
        w->running[cpu] = kernel_continue(w->k, cpu);
    return w->running[cpu];
}

/* The current context of the CPU asks for a word; its status, or ~0 if it is not the one that runs on. */
static inline uint64_t ask6(struct world *w, uint32_t cpu, uint64_t word, uint64_t a, uint64_t b, uint64_t c,
                            uint64_t d, uint64_t e, uint64_t f)
{
    uint32_t who = world_settle(w, cpu);
    if (who >= CORE_CONTEXTS) return ~1ull;
    struct word_frame *frame = kernel_frame(w->k, who);
    *frame = (struct word_frame){word, {a, b, c, d, e, f}};
    w->running[cpu] = kernel_word(w->k, cpu);
    return world_settle(w, cpu) == who ? frame->word : ~0ull;
}
#define ASK_(w, word, a, b, c, d, e, f, ...)                                                                 \
    ask6(w, 0, KERNEL_WORD_##word, (uint64_t)(a), (uint64_t)(b), (uint64_t)(c), (uint64_t)(d),               \
         (uint64_t)(e), (uint64_t)(f))
/* ASK(&w, WORD, arguments ...) on CPU 0 */
#define ASK(w, ...) ASK_(w, __VA_ARGS__, 0, 0, 0, 0, 0, 0, 0)

/* Result i of the word that the running context asked for last. */
static inline uint64_t result(struct world *w, uint32_t i)
{
    return w->running[0] < CORE_CONTEXTS ? kernel_frame(w->k, w->running[0])->arg[i] : 0;
}

/* The page of a context. */
static inline struct context_page *page_of(struct world *w, uint32_t context)
{
    return hosted_frame(w->m, w->k->context[context].page_frame);
}

/* Lets the reaper work until nothing is dying. */
static inline void world_reap(struct world *w)
{
    for (uint32_t i = 0; i < 10000000 && w->k->dying_first != NONE; i++) {
        for (uint32_t cpu = 0; cpu < w->k->cpus; cpu++) {
            w->running[cpu] = kernel_wake(w->k, cpu);
            if (w->running[cpu] < CORE_CONTEXTS && w->k->dying_first != NONE) {
                /* a switch does a step: yield */
                kernel_frame(w->k, w->running[cpu])->word = KERNEL_WORD_YIELD;
                w->running[cpu] = kernel_word(w->k, cpu);
            }
        }
    }
}

/* A child of the running domain with a budget and a stopped context on the CPU; its handle, and that of the context. */
static inline uint64_t make_child(struct world *w, uint64_t spawn, uint64_t bytes, uint32_t cpu,
                                  uint64_t *context)
{
    if (ASK(w, DOMAIN_CREATE, spawn, bytes) != STATUS_OK) return HANDLE_NONE;
    uint64_t child = result(w, 0);
    if (ASK(w, CONTEXT_CREATE, child, cpu, 0x1000, 0x2000, 7) != STATUS_OK) return HANDLE_NONE;
    *context = result(w, 0);
    return child;
}

#endif
