#include "loader/wasm/arena.h"

enum { BLOCK_BYTES = 1 << 14 };

struct wasm_arena_block {
    struct wasm_arena_block *next;
    size_t size, used; /* bytes, this header included */
    size_t pad;
};

void *wasm_arena_alloc(struct wasm_module *m, size_t count, size_t size)
{
    size_t bytes = (count * size + 15) & ~(size_t)15;
    struct wasm_arena_block *block = m->arena;
    if (block == NULL || block->size - block->used < bytes) {
        size_t wanted = bytes + sizeof *block > BLOCK_BYTES ? bytes + sizeof *block : BLOCK_BYTES;
        block = m->allocator.alloc(m->allocator.context, wanted);
        if (block == NULL) return NULL;
        *block = (struct wasm_arena_block){.next = m->arena, .size = wanted, .used = sizeof *block};
        m->arena = block;
    }
    void *result = (uint8_t *)block + block->used;
    block->used += bytes;
    return result;
}

void wasm_arena_release(struct wasm_module *m)
{
    struct wasm_arena_block *block = m->arena;
    while (block != NULL) {
        struct wasm_arena_block *next = block->next;
        m->allocator.free(m->allocator.context, block, block->size);
        block = next;
    }
    m->arena = NULL;
}
