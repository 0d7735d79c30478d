/* Text under construction: in C memory while short, then in a chain of chunks outside the heap; resumable.
 *
 * Memory that is refused makes the text `failed`: further bytes are dropped and text_finish() answers VAL_ERROR. */
#ifndef RUNTIME_READER_TEXT_H
#define RUNTIME_READER_TEXT_H

#include "runtime/value/string.h"

#define TEXT_LOCAL 512u
#define TEXT_CHUNK 65536u

struct text {
    struct process *p;
    char *at, *end; /* free part of the current chunk */
    uint64_t full;  /* bytes in the chunks before it */
    uint64_t chars; /* code points in those */
    value chunk;    /* binary that `at` points into; NIL: local */
    value chunks;   /* list of the full ones, newest first; NIL: none */
    value result;   /* string being put together from the chunks; NIL before */
    bool failed;
    bool bounded; /* never leaves the local buffer: what does not fit is dropped and sets `cut` */
    bool cut;
    char local[TEXT_LOCAL];
};
#define TEXT_SAVED_VALUES 3 /* chunk, chunks, result */
#define TEXT_SAVED_WORDS 3  /* used, full, chars: raw */

void text_init(struct text *t, struct process *p);
void text_put_slow(struct text *t, const char *bytes, size_t size);
/* The finished string; VAL_YIELD: *work steps (of about 64 bytes) are used up, call again later; VAL_ERROR. */
value text_finish(struct text *t, int64_t *work);
value text_finish_binary(struct text *t, int64_t *work); /* the bytes, whatever they are, as a binary */
/* Between turns.  After text_save() the text must be loaded again before use. */
void text_save(struct text *t, value values[TEXT_SAVED_VALUES], uint64_t words[TEXT_SAVED_WORDS]);
void text_load(struct text *t, struct process *p, const value values[TEXT_SAVED_VALUES],
               const uint64_t words[TEXT_SAVED_WORDS]);

static inline void text_put(struct text *t, const char *bytes, size_t size)
{
    if (LIKELY((size_t)(t->end - t->at) >= size)) {
        __builtin_memcpy(t->at, bytes, size);
        t->at += size;
    } else {
        text_put_slow(t, bytes, size);
    }
}
static inline void text_byte(struct text *t, char c)
{
    if (LIKELY(t->at != t->end))
        *t->at++ = c;
    else
        text_put_slow(t, &c, 1);
}
void text_c(struct text *t, const char *s); /* a C string */
void text_char(struct text *t, uint32_t code_point);
void text_string(struct text *t, value string);
void text_number(struct text *t, int64_t i);
#define DECIMAL_MAX 20
size_t decimal_format(int64_t i, char *to); /* bytes written, at most DECIMAL_MAX */
/* %s C string, %u uint64_t, %d int64_t, %c code point, %S string value, %v value (as print_to_buffer), %% */
void text_format(struct text *t, const char *fmt, ...);
void text_format_v(struct text *t, const char *fmt, __builtin_va_list args);

static inline uint64_t text_size(const struct text *t)
{
    const char *start = t->local;
    size_t size;
    if (t->chunk != NIL) start = (const char *)binary_bytes(t->chunk, &size);
    return t->full + (uint64_t)(t->at - start);
}

#endif
