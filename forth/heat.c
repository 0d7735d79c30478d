/* Heat: which words run, seen by looking at the end of each quantum, never by counting in the words themselves.
 * docs/design/forth.md has the formulas. */
#include "forth/internal.h"

#define SAMPLE 65536u /* the heat of one sample, fixed point with 16 bits */
#define TRANSITIONS 4096
struct transition {
    uint32_t from, to, count;
};

/* 0.99^n in 16 bits, by squaring: what is left of heat after n samples of anything. */
static uint32_t decayed(uint32_t heat, uint64_t samples)
{
    uint64_t factor = 64881; /* 0.99 * 65536 */
    uint64_t h = heat;
    for (; samples != 0 && h != 0; samples >>= 1, factor = factor * factor >> 16)
        if ((samples & 1) != 0) h = h * factor >> 16;
    return (uint32_t)h;
}
static uint32_t heat_of(const struct forth *f, uint32_t word)
{
    const struct word *w = &f->words[word];
    return decayed(w->heat, (uint32_t)f->samples - w->heat_time);
}
static struct transition *transition(struct forth *f, uint32_t from, uint32_t to, bool make)
{
    uint32_t h = (from * 0x9e3779b1u ^ to * 0x85ebca6bu) >> 7;
    for (unsigned i = 0; i < 16; i++) {
        struct transition *t = &f->transitions[(h + i) % TRANSITIONS];
        if (t->count != 0 && t->from == from && t->to == to) return t;
        if (t->count == 0) {
            if (make) *t = (struct transition){from, to, 0};
            return make ? t : NULL;
        }
    }
    return NULL;
}
void heat_start(struct forth *f)
{
    f->transitions = forth_port_reserve(f->port, TRANSITIONS * sizeof *f->transitions);
}
void heat_end(struct forth *f)
{
    forth_port_release(f->port, f->transitions, TRANSITIONS * sizeof *f->transitions);
}
void heat_forget(struct forth *f)
{
    for (uint32_t i = 0; i < WINDOW; i++)
        if (f->window[i] >= f->word_count) f->window[i] = 0;
    if (f->running >= f->word_count) f->running = 0;
    if (f->transitions != NULL) memset(f->transitions, 0, TRANSITIONS * sizeof *f->transitions);
}
void heat_sample(struct forth *f, uint32_t word)
{
    if (word == 0 || word >= f->word_count) return;
    struct word *w = &f->words[word];
    f->samples++;
    w->heat = decayed(w->heat, (uint32_t)f->samples - w->heat_time) + SAMPLE;
    w->heat_time = (uint32_t)f->samples;
    uint32_t before = f->window[(f->window_next + WINDOW - 1) % WINDOW];
    f->window[f->window_next] = word;
    f->window_next = (f->window_next + 1) % WINDOW;
    if (before == 0 || f->transitions == NULL) return;
    struct transition *t = transition(f, before, word, true);
    if (t != NULL) t->count++;
}

cell p_heat(struct forth *f)
{
    uint32_t word = from_xt(f, *f->sp);
    if (word == 0) return THROW_UNDEFINED;
    *f->sp = (cell)((uint64_t)heat_of(f, word) * 1000 >> 16);
    return 0;
}
cell p_heat_dot(struct forth *f)
{
    uint32_t top[16] = {0}, n = 0;
    for (uint32_t word = 1; word < f->word_count; word++) {
        uint32_t h = heat_of(f, word), i = n;
        if (h == 0) continue;
        while (i > 0 && heat_of(f, top[i - 1]) < h) {
            if (i < COUNT_OF(top)) top[i] = top[i - 1];
            i--;
        }
        if (i < COUNT_OF(top)) top[i] = word;
        if (n < COUNT_OF(top)) n++;
    }
    for (uint32_t i = 0; i < n; i++) {
        char digits[65];
        size_t size = digits_text((uint64_t)heat_of(f, top[i]) * 1000 >> 16, 10, digits);
        for (size_t j = size; j < 8; j++) say(f, " ", 1);
        say(f, digits, size);
        say_string(f, "  ");
        say_string(f, f->words[top[i]].name_size == 0 ? ":NONAME" : "");
        say(f, word_name(f, top[i]), f->words[top[i]].name_size);
        say_string(f, f->words[top[i]].native != 0 ? "\n" : "  (threaded)\n");
    }
    return 0;
}
cell p_window(struct forth *f)
{
    ucell n = (ucell)pop(f);
    cell to = pop(f);
    if (n > WINDOW) n = WINDOW;
    uint8_t *p = at(f, to, n * CELL);
    if (p == NULL && n != 0) return THROW_ADDRESS;
    ucell stored = 0;
    for (; stored < n; stored++) {
        uint32_t word = f->window[(f->window_next + 2 * WINDOW - 1 - stored) % WINDOW];
        if (word == 0) break;
        store_cell(p + stored * CELL, to_xt(word));
    }
    push(f, (cell)stored);
    return 0;
}
cell p_transitions(struct forth *f)
{
    uint32_t to = from_xt(f, pop(f)), from = from_xt(f, pop(f));
    if (to == 0 || from == 0) return THROW_UNDEFINED;
    struct transition *t = transition(f, from, to, false);
    push(f, t == NULL ? 0 : t->count);
    return 0;
}
