/* Strings (UTF-8, counted in code points), symbols, keywords, binaries. */
#ifndef RUNTIME_VALUE_STRING_H
#define RUNTIME_VALUE_STRING_H

#include "runtime/gc/heap.h"

static inline bool is_string(value v)
{
    enum object_type t = type_of(v);
    return t == T_STRING || t == T_STRING_BLOB;
}
static inline bool is_symbol(value v)
{
    return is_type(v, T_SYMBOL);
}
static inline bool is_keyword(value v)
{
    return is_type(v, T_KEYWORD);
}
static inline bool is_binary(value v)
{
    enum object_type t = type_of(v);
    return t == T_BINARY || t == T_BINARY_BLOB;
}

/* Bytes of a string or binary, where they lie (valid until the next safepoint); *size_bytes in bytes. */
const char *string_bytes(value s, size_t *size_bytes);
uint32_t string_chars(value s); /* code points; O(1) */
const uint8_t *binary_bytes(value b, size_t *size_bytes);

/* New ones.  string_make checks UTF-8: VAL_ERROR (:bad-argument) with the offset.  string_make_unchecked: bytes are known
 * to be valid.  From BLOB_THRESHOLD_BYTES on the bytes lie in a blob.  VAL_ERROR when memory is refused. */
value string_make(struct process *p, const char *bytes, size_t size);
value string_make_unchecked(struct process *p, const char *bytes, size_t size);
value string_slice(struct process *p, value s, uint32_t from_char,
                   uint32_t to_char);             /* pre: in range; shares blobs */
uint32_t string_char_at(value s, uint32_t index); /* pre: in range; O(1) for ASCII, else O(index) */
value binary_make(struct process *p, const void *bytes, size_t size);
value binary_slice(struct process *p, value b, uint64_t from, uint64_t to); /* pre: in range; shares blobs */

/* Symbols and keywords.  *_make builds one in the process heap, or finds the domain's interned one. */
value symbol_make(struct process *p, value ns_string_or_nil, value name_string);
value keyword_make(struct process *p, value ns_string_or_nil, value name_string);
bool name_equal(value a,
                value b); /* two symbols or two keywords: pointer, else hash, else bytes; metadata ignored */
uint32_t name_hash_bytes(bool keyword, const char *ns, size_t ns_size, const char *name, size_t name_size);

uint32_t string_hash(value s); /* bounded: of long strings the two ends count */
bool string_equal(value a, value b);
int string_compare(value a, value b); /* by code points: -1 0 1 */
uint32_t binary_hash(value b);

/* ---- for C code that builds or takes apart text ---- */
bool string_is_ascii(value s);                      /* as many code points as bytes; O(1) */
size_t string_byte_offset(value s, uint32_t index); /* of a code point; the size in bytes from the end on */
/* Part of s given in bytes; chars: how many code points that is.  Pre: both offsets stand between code points. */
value string_slice_bytes(struct process *p, value s, size_t from, size_t to, size_t chars);
/* A new string (binary) whose bytes the caller writes at once: exactly `size` of them, valid UTF-8 of `chars` code points.
 * NULL when refused; *s is VAL_ERROR then. */
char *string_new(struct process *p, size_t size, size_t chars, value *s);
uint8_t *binary_new(struct process *p, size_t size, value *b);
/* The first `size` bytes of a binary, known to be valid UTF-8, as a string; and the other way.  Blobs are shared. */
value string_from_blob(struct process *p, value binary, size_t size, size_t chars);
value binary_of_string(struct process *p, value s);

/* Parts of a symbol or keyword. */
static inline value name_ns(value v)
{
    return to_obj(v)->p[1];
} /* string or NIL */
static inline value name_name(value v)
{
    return to_obj(v)->p[2];
} /* string */
static inline uint32_t name_hash(value v)
{
    return (uint32_t)to_obj(v)->p[0];
}
bool name_is(value v, const char *ns_or_null, const char *name);
int name_compare(value a, value b); /* as `compare`: no namespace first, then namespace, then name */
value symbol_c(struct process *p, const char *ns_or_null, const char *name);
value keyword_c(struct process *p, const char *ns_or_null, const char *name);
value symbol_with_meta(struct process *p, value symbol, value meta); /* a copy; meta NIL: without */

#endif
