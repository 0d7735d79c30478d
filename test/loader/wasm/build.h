/* Writing modules byte by byte, for tests. */
#ifndef TEST_LOADER_WASM_BUILD_H
#define TEST_LOADER_WASM_BUILD_H

#include <stdlib.h>
#include <string.h>

#include "loader/wasm/module.h"

struct bytes {
    uint8_t *data;
    size_t size, room;
};

static inline void put(struct bytes *b, const void *data, size_t size)
{
    while (b->size + size > b->room) b->data = realloc(b->data, b->room = b->room * 2 + 64);
    memcpy(b->data + b->size, data, size);
    b->size += size;
}

static inline void put_byte(struct bytes *b, unsigned byte)
{
    uint8_t one = (uint8_t)byte;
    put(b, &one, 1);
}

static inline void put_u32(struct bytes *b, uint32_t value)
{
    for (; value >= 0x80; value >>= 7) put_byte(b, value | 0x80);
    put_byte(b, value);
}

static inline void put_many(struct bytes *b, unsigned byte, size_t count)
{
    for (size_t i = 0; i < count; i++) put_byte(b, byte);
}

static inline void put_header(struct bytes *b)
{
    put(b, "\0asm\1\0\0\0", 8);
}

/* Takes the contents over. */
static inline void put_section(struct bytes *b, unsigned id, struct bytes contents)
{
    put_byte(b, id);
    put_u32(b, (uint32_t)contents.size);
    put(b, contents.data, contents.size);
    free(contents.data);
}

static inline struct bytes section_of(const char *data, size_t size)
{
    struct bytes b = {0};
    put(&b, data, size);
    return b;
}

/* A literal's bytes without the zero at its end. */
#define PUT_SECTION(b, id, literal) put_section(b, id, section_of(literal, sizeof(literal) - 1))
#define PUT(b, literal) put(b, literal, sizeof(literal) - 1)

/* A module with one function of type [] -> [] and this body (locals included); takes the body over. */
static inline struct bytes module_with_body(struct bytes body)
{
    struct bytes b = {0}, code = {0};
    put_header(&b);
    PUT_SECTION(&b, 1, "\1\x60\0\0");
    PUT_SECTION(&b, 3, "\1\0");
    put_u32(&code, 1);
    put_u32(&code, (uint32_t)body.size);
    put(&code, body.data, body.size);
    free(body.data);
    put_section(&b, 10, code);
    return b;
}

/* ---- an allocator that counts and can fail ---- */

struct counting {
    size_t held, most, calls, fail_at; /* fail_at: number of the call that fails; 0: none */
};

static inline void *counting_alloc(void *context, size_t bytes)
{
    struct counting *c = context;
    if (++c->calls == c->fail_at) return NULL;
    c->held += bytes;
    if (c->held > c->most) c->most = c->held;
    return calloc(1, bytes == 0 ? 1 : bytes);
}

static inline void counting_free(void *context, void *block, size_t bytes)
{
    struct counting *c = context;
    c->held -= bytes;
    free(block);
}

/* Decodes and releases; the rule broken, WASM_RULE_NONE if it is valid.  The bytes lie in a block of their own size, so that a sanitizer
 * sees every read beyond them. */
static inline enum wasm_rule decode_rule(const struct bytes *b, struct wasm_error *error, struct counting *c)
{
    struct wasm_module m;
    struct counting own = {0};
    if (c == NULL) c = &own;
    struct wasm_allocator a = {counting_alloc, counting_free, c};
    uint8_t *copy = malloc(b->size == 0 ? 1 : b->size);
    memcpy(copy, b->data, b->size);
    memset(error, 0, sizeof *error);
    bool valid = wasm_module_decode(&m, copy, b->size, &a, error);
    if (valid) wasm_module_release(&m);
    free(copy);
    if (c->held != 0) abort(); /* something leaked */
    return valid ? WASM_RULE_NONE : error->rule;
}

#endif
