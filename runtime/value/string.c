#include "runtime/value/string.h"
#include "base/utf8.h"
#include "spec/limits.h"

/* Payload of a STRING: word 0 sizes, then bytes.  Of a STRING_BLOB: blob, offset, sizes, off-heap chain. */
enum { INLINE_SIZES = 0, BLOB_POINTER = 0, BLOB_OFFSET = 1, BLOB_SIZES = 2, BLOB_WORDS = 4 };

static uint64_t string_sizes(value s)
{
    const struct object *o = to_obj(s);
    return obj_type(o) == T_STRING ? o->p[INLINE_SIZES] : o->p[BLOB_SIZES];
}

const char *string_bytes(value s, size_t *size_bytes)
{
    const struct object *o = to_obj(s);
    if (obj_type(o) == T_STRING) {
        *size_bytes = (uint32_t)o->p[INLINE_SIZES];
        return (const char *)&o->p[1];
    }
    *size_bytes = (uint32_t)o->p[BLOB_SIZES];
    return (const char *)((struct blob *)o->p[BLOB_POINTER])->bytes + o->p[BLOB_OFFSET];
}

uint32_t string_chars(value s)
{
    return (uint32_t)(string_sizes(s) >> 32);
}

bool string_is_ascii(value s)
{
    uint64_t sizes = string_sizes(s);
    return (uint32_t)sizes == sizes >> 32;
}

static value blob_string(struct process *p, struct blob *b, uint64_t offset, size_t size, size_t chars)
{
    struct object *o = heap_alloc(p, T_STRING_BLOB, 0, BLOB_WORDS);
    o->p[BLOB_POINTER] = (uint64_t)(uintptr_t)b;
    o->p[BLOB_OFFSET] = offset;
    o->p[BLOB_SIZES] = (uint64_t)size | (uint64_t)chars << 32;
    o->p[3] = 0;
    heap_link_offheap(p, o);
    return from_obj(o);
}

char *string_new(struct process *p, size_t size, size_t chars, value *s)
{
    if (size > LIMIT_STRING_BYTES) {
        *s = process_fail(p, ERR_TOO_LARGE, NIL, "a string of %u bytes is beyond the limit", (uint64_t)size);
        return NULL;
    }
    if (size < BLOB_THRESHOLD_BYTES) {
        uint32_t words = (uint32_t)((size + 7) / 8);
        struct object *o = heap_alloc(p, T_STRING, 0, 1 + words);
        o->p[INLINE_SIZES] = (uint64_t)size | (uint64_t)chars << 32;
        if (words) o->p[words] = 0;
        *s = from_obj(o);
        return (char *)&o->p[1];
    }
    struct blob *b = blob_new(p, size);
    if (!b) {
        *s = VAL_ERROR;
        return NULL;
    }
    *s = blob_string(p, b, 0, size, chars);
    return (char *)b->bytes;
}

static value make_counted(struct process *p, const char *bytes, size_t size, size_t chars)
{
    value s;
    char *to = string_new(p, size, chars, &s);
    if (to) __builtin_memcpy(to, bytes, size);
    return s;
}

value string_make_unchecked(struct process *p, const char *bytes, size_t size)
{
    return make_counted(p, bytes, size, utf8_count(bytes, size));
}

value string_make(struct process *p, const char *bytes, size_t size)
{
    size_t chars, valid = utf8_validate(bytes, size, &chars);
    if (valid < size)
        return process_fail(p, ERR_ARGUMENT, from_fixnum((int64_t)valid), "invalid UTF-8 at byte offset %u",
                            (uint64_t)valid);
    return make_counted(p, bytes, size, chars);
}

value string_slice_bytes(struct process *p, value s, size_t from, size_t to, size_t chars)
{
    size_t size;
    const char *bytes = string_bytes(s, &size);
    if (from == 0 && to == size) return s;
    if (to - from < BLOB_THRESHOLD_BYTES || obj_type(to_obj(s)) == T_STRING)
        return make_counted(p, bytes + from, to - from, chars);
    struct object *o = to_obj(s);
    struct blob *b = (struct blob *)o->p[BLOB_POINTER];
    blob_retain(b);
    return blob_string(p, b, o->p[BLOB_OFFSET] + from, to - from, chars);
}

size_t string_byte_offset(value s, uint32_t index)
{
    size_t size;
    const char *bytes = string_bytes(s, &size);
    if (string_is_ascii(s)) return index;
    uint32_t chars = string_chars(s);
    return index >= chars ? size : utf8_offset(bytes, size, index);
}

value string_slice(struct process *p, value s, uint32_t from_char, uint32_t to_char)
{
    if (string_is_ascii(s)) return string_slice_bytes(p, s, from_char, to_char, to_char - from_char);
    size_t size;
    const char *bytes = string_bytes(s, &size);
    size_t from = string_byte_offset(s, from_char);
    size_t to = to_char == string_chars(s)
                    ? size
                    : from + utf8_offset(bytes + from, size - from, to_char - from_char);
    return string_slice_bytes(p, s, from, to, to_char - from_char);
}

uint32_t string_char_at(value s, uint32_t index)
{
    size_t size;
    const char *bytes = string_bytes(s, &size);
    if (string_is_ascii(s)) return (uint8_t)bytes[index];
    const char *at = bytes + utf8_offset(bytes, size, index);
    return utf8_next(&at);
}

value string_from_blob(struct process *p, value binary, size_t size, size_t chars)
{
    size_t have;
    const uint8_t *bytes = binary_bytes(binary, &have);
    if (size < BLOB_THRESHOLD_BYTES || obj_type(to_obj(binary)) != T_BINARY_BLOB)
        return make_counted(p, (const char *)bytes, size, chars);
    struct blob *b = (struct blob *)to_obj(binary)->p[BLOB_POINTER];
    blob_retain(b);
    return blob_string(p, b, to_obj(binary)->p[BLOB_OFFSET], size, chars);
}

bool string_equal(value a, value b)
{
    if (a == b) return true;
    if (string_sizes(a) != string_sizes(b)) return false;
    size_t size;
    const char *x = string_bytes(a, &size), *y = string_bytes(b, &size);
    return x == y || __builtin_memcmp(x, y, size) == 0;
}

int string_compare(value a, value b)
{
    size_t a_size, b_size;
    const char *x = string_bytes(a, &a_size), *y = string_bytes(b, &b_size);
    /* UTF-8 keeps the order of code points. */
    int order = __builtin_memcmp(x, y, min_u64(a_size, b_size));
    if (order == 0) return a_size < b_size ? -1 : a_size > b_size;
    return order < 0 ? -1 : 1;
}
