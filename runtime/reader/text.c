#include "runtime/reader/text.h"
#include "runtime/reader/print.h"
#include "runtime/value/collection.h"
#include "runtime/value/number.h"
#include "base/utf8.h"

void text_init(struct text *t, struct process *p)
{
    t->p = p;
    t->at = t->local;
    t->end = t->local + TEXT_LOCAL;
    t->full = t->chars = 0;
    t->chunk = t->chunks = t->result = NIL;
    t->failed = t->bounded = t->cut = false;
}

static char *chunk_start(const struct text *t)
{
    size_t size;
    return t->chunk == NIL ? (char *)t->local : (char *)(uintptr_t)binary_bytes(t->chunk, &size);
}

static void fail(struct text *t)
{
    t->failed = true;
    t->chunk = t->chunks = NIL;
    t->at = t->local;
    t->end = t->local;
}

/* Make a new chunk current; the one before must be full (or local, which is moved into the new one). */
static void chunk_next(struct text *t, size_t capacity)
{
    value b;
    uint8_t *to = binary_new(t->p, capacity, &b);
    if (!to) {
        fail(t);
        return;
    }
    size_t moved = 0;
    if (t->chunk == NIL) {
        moved = (size_t)(t->at - t->local);
        __builtin_memcpy(to, t->local, moved);
    } else {
        size_t size = (size_t)(t->at - chunk_start(t));
        t->full += size;
        t->chars += utf8_count(chunk_start(t), size);
        t->chunks = list_cons(t->p, t->chunk, t->chunks);
    }
    t->chunk = b;
    t->at = (char *)to + moved;
    t->end = (char *)to + capacity;
}

void text_put_slow(struct text *t, const char *bytes, size_t size)
{
    if (t->failed) return;
    if (t->bounded) {
        /* Keep whole code points only. */
        size_t fits = (size_t)(t->end - t->at);
        while (fits && utf8_is_continuation(bytes[fits])) fits--;
        __builtin_memcpy(t->at, bytes, fits);
        t->at += fits;
        t->end = t->at;
        t->cut = true;
        return;
    }
    while (size) {
        if (t->at == t->end) {
            chunk_next(t, t->chunk == NIL ? 8 * TEXT_LOCAL : TEXT_CHUNK);
            if (t->failed) return;
        }
        size_t n = min_u64(size, (uint64_t)(t->end - t->at));
        __builtin_memcpy(t->at, bytes, n);
        t->at += n;
        bytes += n;
        size -= n;
    }
}

static value put_together(struct text *t, int64_t *work, bool binary)
{
    size_t tail = (size_t)(t->at - chunk_start(t)), size, total;
    if (t->result == NIL) {
        total = t->full + tail;
        void *to =
            binary ? (void *)binary_new(t->p, total, &t->result)
                   : (void *)string_new(t->p, total, t->chars + utf8_count(chunk_start(t), tail), &t->result);
        if (!to) {
            t->failed = true;
            return VAL_ERROR;
        }
        __builtin_memcpy((char *)to + t->full, chunk_start(t), tail);
    }
    char *to = (char *)(uintptr_t)(binary ? (const char *)binary_bytes(t->result, &total)
                                          : string_bytes(t->result, &total));
    while (t->chunks != NIL) {
        if (*work <= 0) return VAL_YIELD;
        const uint8_t *from = binary_bytes(cons_first(t->chunks), &size);
        t->full -= size;
        __builtin_memcpy(to + t->full, from, size);
        *work -= (int64_t)(size / 64);
        t->chunks = cons_rest(t->chunks);
    }
    return t->result;
}

static value finish(struct text *t, int64_t *work, bool binary)
{
    if (t->failed) return VAL_ERROR;
    if (t->chunks != NIL || t->result != NIL) return put_together(t, work, binary);
    size_t size = (size_t)(t->at - chunk_start(t));
    return binary ? binary_make(t->p, chunk_start(t), size)
                  : string_make_unchecked(t->p, chunk_start(t), size);
}

value text_finish(struct text *t, int64_t *work)
{
    return finish(t, work, false);
}
value text_finish_binary(struct text *t, int64_t *work)
{
    return finish(t, work, true);
}

void text_save(struct text *t, value values[TEXT_SAVED_VALUES], uint64_t words[TEXT_SAVED_WORDS])
{
    if (t->chunk == NIL && t->at != t->local && !t->failed) chunk_next(t, 8 * TEXT_LOCAL);
    values[0] = t->chunk;
    values[1] = t->chunks;
    values[2] = t->failed ? FALSE_ : t->result;
    words[0] = (uint64_t)(t->at - chunk_start(t));
    words[1] = t->full;
    words[2] = t->chars;
}

void text_load(struct text *t, struct process *p, const value values[TEXT_SAVED_VALUES],
               const uint64_t words[TEXT_SAVED_WORDS])
{
    text_init(t, p);
    if (values[2] == FALSE_) {
        fail(t);
        return;
    }
    t->chunk = values[0];
    t->chunks = values[1];
    t->result = values[2];
    t->full = words[1];
    t->chars = words[2];
    if (t->chunk == NIL) return;
    size_t size;
    char *start = (char *)(uintptr_t)binary_bytes(t->chunk, &size);
    t->at = start + words[0];
    t->end = start + size;
}

void text_c(struct text *t, const char *s)
{
    text_put(t, s, __builtin_strlen(s));
}

void text_char(struct text *t, uint32_t c)
{
    char b[4];
    text_put(t, b, utf8_encode(c, b));
}

void text_string(struct text *t, value string)
{
    size_t size;
    const char *bytes = string_bytes(string, &size);
    text_put(t, bytes, size);
}

/* Two digits a step; the last byte goes to end[-1]; the first one's place. */
static char *digits_before(char *end, uint64_t u)
{
    static const char pairs[] =
        "00010203040506070809101112131415161718192021222324252627282930313233343536373839"
        "40414243444546474849505152535455565758596061626364656667686970717273747576777879"
        "8081828384858687888990919293949596979899";
    while (u >= 100) {
        end -= 2;
        __builtin_memcpy(end, pairs + u % 100 * 2, 2);
        u /= 100;
    }
    if (u >= 10) {
        end -= 2;
        __builtin_memcpy(end, pairs + u * 2, 2);
    } else {
        *--end = (char)('0' + u);
    }
    return end;
}

size_t decimal_format(int64_t i, char *to)
{
    char digits[20], *start = digits_before(digits + sizeof digits, i < 0 ? -(uint64_t)i : (uint64_t)i);
    size_t n = (size_t)(digits + sizeof digits - start);
    if (i < 0) *to++ = '-';
    __builtin_memcpy(to, start, n);
    return n + (i < 0);
}

static void put_unsigned(struct text *t, uint64_t u)
{
    char digits[20], *start = digits_before(digits + sizeof digits, u);
    text_put(t, start, (size_t)(digits + sizeof digits - start));
}

void text_number(struct text *t, int64_t i)
{
    char b[DECIMAL_MAX];
    text_put(t, b, decimal_format(i, b));
}

#define VALUE_BYTES 200 /* of a message, for one value */
static void put_value(struct text *t, value v)
{
    char b[VALUE_BYTES];
    text_put(t, b, print_to_buffer(t->p, v, b, sizeof b));
}

void text_format_v(struct text *t, const char *fmt, __builtin_va_list args)
{
    for (; *fmt; fmt++) {
        if (*fmt != '%') {
            text_byte(t, *fmt);
            continue;
        }
        switch (*++fmt) {
        case 's': text_c(t, __builtin_va_arg(args, const char *)); break;
        case 'u': put_unsigned(t, __builtin_va_arg(args, uint64_t)); break;
        case 'd': text_number(t, __builtin_va_arg(args, int64_t)); break;
        case 'c': text_char(t, __builtin_va_arg(args, uint32_t)); break;
        case 'v': put_value(t, __builtin_va_arg(args, value)); break;
        case 'S': text_string(t, __builtin_va_arg(args, value)); break;
        default: text_byte(t, *fmt);
        }
    }
}

void text_format(struct text *t, const char *fmt, ...)
{
    __builtin_va_list args;
    __builtin_va_start(args, fmt);
    text_format_v(t, fmt, args);
    __builtin_va_end(args);
}
