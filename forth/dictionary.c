/* The dictionary: words by number, names folded to one case when they are compared, one table of buckets for all word lists.
 * Words leave only in the order in which they came (MARKER, FORGET), so each bucket is a stack. */
#include "forth/internal.h"

static inline uint8_t fold(uint8_t c)
{
    return c >= 'a' && c <= 'z' ? c - 32 : c;
}

bool text_equal(const char *a, const char *b, size_t size)
{
    for (size_t i = 0; i < size; i++)
        if (fold((uint8_t)a[i]) != fold((uint8_t)b[i])) return false;
    return true;
}

static uint32_t *bucket(struct forth *f, uint32_t list, const char *name, size_t size)
{
    uint64_t h = 0xcbf29ce484222325u ^ list;
    for (size_t i = 0; i < size; i++) h = (h ^ fold((uint8_t)name[i])) * 0x100000001b3u;
    return &f->buckets[(h ^ h >> 32) & (BUCKETS - 1)];
}

uint32_t from_xt(struct forth *f, cell xt)
{
    ucell word = (ucell)xt - XT_TAG;
    return word < f->word_count ? (uint32_t)word : 0;
}

uint32_t name_keep(struct forth *f, const char *text, size_t size)
{
    if (size > f->names_max - f->names_size) return 0;
    uint32_t where = f->names_size;
    memcpy(f->names + where, text, size);
    f->names_size += (uint32_t)size;
    return where;
}

uint32_t word_new(struct forth *f, const char *name, size_t size, enum word_kind kind, unsigned flags,
                  cell value)
{
    uint32_t where = name_keep(f, name, size);
    if (f->word_count >= f->config.words || (where == 0 && size != 0)) return 0;
    uint32_t word = f->word_count++;
    const struct source *s = &f->sources[f->source_depth];
    f->words[word] = (struct word){.name = where,
                                   .name_size = (uint8_t)size,
                                   .kind = (uint8_t)kind,
                                   .flags = (uint16_t)(flags | F_HIDDEN),
                                   .list = f->current,
                                   .file = s->name,
                                   .line = s->line,
                                   .value = value};
    f->last = f->last_made = word;
    if ((flags & F_HIDDEN) == 0) word_reveal(f, word);
    return word;
}

/* In its bucket and list from now on; nameless words stay outside. */
void word_reveal(struct forth *f, uint32_t word)
{
    struct word *w = &f->words[word];
    if ((w->flags & F_HIDDEN) == 0 || w->name_size == 0) return;
    uint32_t *b = bucket(f, w->list, word_name(f, word), w->name_size);
    w->flags &= (uint16_t)~F_HIDDEN;
    w->bucket_next = *b;
    *b = word;
    w->list_next = f->list_head[w->list];
    f->list_head[w->list] = word;
}

uint32_t word_find_in(struct forth *f, uint32_t list, const char *name, size_t size)
{
    for (uint32_t w = *bucket(f, list, name, size); w != 0; w = f->words[w].bucket_next)
        if (f->words[w].name_size == size && f->words[w].list == list &&
            text_equal(word_name(f, w), name, size))
            return w;
    return 0;
}

uint32_t word_find(struct forth *f, const char *name, size_t size)
{
    for (uint32_t i = 0; i < f->order_size; i++) {
        uint32_t w = word_find_in(f, f->order[i], name, size);
        if (w != 0) return w;
    }
    return 0;
}

/* A definition made later may have been revealed earlier (by DOES> parts between), so links are cut by number, not popped. */
void words_forget(struct forth *f, uint32_t from)
{
    for (uint32_t word = f->word_count; word-- > from;) {
        struct word *w = &f->words[word];
        if ((w->flags & F_HIDDEN) != 0) continue;
        uint32_t *link = bucket(f, w->list, word_name(f, word), w->name_size);
        while (*link != word) link = &f->words[*link].bucket_next;
        *link = w->bucket_next;
        link = &f->list_head[w->list];
        while (*link != word) link = &f->words[*link].list_next;
        *link = w->list_next;
    }
    f->word_count = from;
    if (f->last >= from) f->last = 0;
    if (f->last_made >= from) f->last_made = 0;
}

uint32_t word_real(struct forth *f, uint32_t word)
{
    while (f->words[word].kind == W_SYNONYM) word = (uint32_t)f->words[word].value;
    return word;
}

/* The definition whose code has that unit, 0: none.  Code of later words lies behind that of earlier ones. */
uint32_t word_at_unit(struct forth *f, uint32_t unit)
{
    for (uint32_t word = f->word_count; word-- > 1;)
        if (f->words[word].code_end > unit && f->words[word].code <= unit) return word;
    return 0;
}

size_t forth_complete(struct forth *f, const char *prefix, size_t size, unsigned n, char to[64])
{
    for (uint32_t word = f->word_count; word-- > 1;) {
        const struct word *w = &f->words[word];
        if ((w->flags & F_HIDDEN) != 0 || w->name_size < size || w->name_size > 64) continue;
        if (!text_equal(word_name(f, word), prefix, size) || n-- > 0) continue;
        memcpy(to, word_name(f, word), w->name_size);
        return w->name_size;
    }
    return 0;
}
