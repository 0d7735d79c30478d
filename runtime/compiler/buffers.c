#include "runtime/compiler/internal.h"

/* Scratch memory is STATE_RAW objects: garbage as soon as the primitive returns. */
#define FIRST_BYTES 512
#define QUICK_COPY (1u << 16) /* elements */

static void grow(struct compiler *c, struct buffer *b, uint32_t element_size, uint64_t wanted)
{
    /* what is copied at once is a quarter, so that it takes no more than some milliseconds */
    uint64_t factor = b->capacity < QUICK_COPY ? 2 : 4;
    uint64_t capacity =
        max_u64(b->capacity ? (uint64_t)b->capacity * factor : 4 + FIRST_BYTES / element_size, wanted);
    if (capacity > wanted * 2 && capacity * element_size > 2ull * LIMIT_UNIT_BYTES) capacity = wanted * 2;
    uint64_t words = (capacity * element_size + 7) / 8;
    if (capacity * element_size > 2ull * LIMIT_UNIT_BYTES) {
        compile_fail(c, ERR_TOO_LARGE, NIL, "the form is too large to compile%s", "");
        return;
    }
    if (words > 64 * 1024 / 8 && heap_reserve(c->p, words) == VAL_ERROR) {
        c->failed = true;
        return;
    }
    struct object *o = heap_alloc(c->p, T_STATE_RAW, 0, (uint32_t)words);
    if (b->count) __builtin_memcpy(o->p, b->at, (size_t)b->count * element_size);
    b->at = o->p;
    b->capacity = (uint32_t)capacity;
}

void *buffer_push(struct compiler *c, struct buffer *b, uint32_t element_size, uint32_t n)
{
    if (UNLIKELY(b->capacity - b->count < n)) {
        if (!c->failed) grow(c, b, element_size, (uint64_t)b->count + n);
        if (c->failed && b->capacity - b->count < n) return c->sink;
    }
    void *at = (char *)b->at + (size_t)b->count * element_size;
    b->count += n;
    return at;
}

void compile_fail(struct compiler *c, enum error_kind kind, value form, const char *fmt, const char *text)
{
    if (c->failed) return;
    c->failed = true;
    struct process *p = c->p;
    process_fail(p, kind, form, fmt, text);
    if (!is_map(p->error)) return;
    if (c->line) {
        p->error = map_assoc(p, p->error, c->key_line, from_fixnum(c->line));
        p->error = map_assoc(p, p->error, c->key_column, from_fixnum(c->column));
    }
    if (c->options.file != NIL)
        p->error = map_assoc(p, p->error, keyword_c(p, NULL, "file"), c->options.file);
}
