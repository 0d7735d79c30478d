#include "runtime/value/string.h"
#include "spec/limits.h"

/* Payload of a BINARY: byte size, bytes.  Of a BINARY_BLOB: blob, offset, byte size, off-heap chain. */
enum { INLINE_SIZE = 0, BLOB_POINTER = 0, BLOB_OFFSET = 1, BLOB_SIZE = 2, BLOB_WORDS = 4 };

const uint8_t *binary_bytes(value b, size_t *size_bytes)
{
    const struct object *o = to_obj(b);
    if (obj_type(o) == T_BINARY) {
        *size_bytes = o->p[INLINE_SIZE];
        return (const uint8_t *)&o->p[1];
    }
    *size_bytes = o->p[BLOB_SIZE];
    return ((struct blob *)o->p[BLOB_POINTER])->bytes + o->p[BLOB_OFFSET];
}

static value blob_binary(struct process *p, struct blob *b, uint64_t offset, uint64_t size)
{
    struct object *o = heap_alloc(p, T_BINARY_BLOB, 0, BLOB_WORDS);
    o->p[BLOB_POINTER] = (uint64_t)(uintptr_t)b;
    o->p[BLOB_OFFSET] = offset;
    o->p[BLOB_SIZE] = size;
    o->p[3] = 0;
    heap_link_offheap(p, o);
    return from_obj(o);
}

uint8_t *binary_new(struct process *p, size_t size, value *b)
{
    if (size < BLOB_THRESHOLD_BYTES) {
        uint32_t words = (uint32_t)((size + 7) / 8);
        struct object *o = heap_alloc(p, T_BINARY, 0, 1 + words);
        o->p[INLINE_SIZE] = size;
        if (words) o->p[words] = 0;
        *b = from_obj(o);
        return (uint8_t *)&o->p[1];
    }
    struct blob *blob = blob_new(p, size);
    if (!blob) {
        *b = VAL_ERROR;
        return NULL;
    }
    *b = blob_binary(p, blob, 0, size);
    return blob->bytes;
}

value binary_make(struct process *p, const void *bytes, size_t size)
{
    value b;
    uint8_t *to = binary_new(p, size, &b);
    if (to) __builtin_memcpy(to, bytes, size);
    return b;
}

value binary_slice(struct process *p, value b, uint64_t from, uint64_t to)
{
    size_t size;
    const uint8_t *bytes = binary_bytes(b, &size);
    if (from == 0 && to == size) return b;
    struct object *o = to_obj(b);
    if (to - from < BLOB_THRESHOLD_BYTES || obj_type(o) == T_BINARY)
        return binary_make(p, bytes + from, to - from);
    struct blob *blob = (struct blob *)o->p[BLOB_POINTER];
    blob_retain(blob);
    return blob_binary(p, blob, o->p[BLOB_OFFSET] + from, to - from);
}

/* Whoever may take another's bytes without a copy: the string's, which are valid for as long as the blob lives. */
value binary_of_string(struct process *p, value s)
{
    size_t size;
    const char *bytes = string_bytes(s, &size);
    struct object *o = to_obj(s);
    if (obj_type(o) == T_STRING) return binary_make(p, bytes, size);
    struct blob *blob = (struct blob *)o->p[BLOB_POINTER];
    blob_retain(blob);
    return blob_binary(p, blob, o->p[BLOB_OFFSET], size);
}
