/* Blocks of all sizes, from one cache to another; segments of the arena; nothing overlaps, nothing is lost. */
#include "test/runtime/gc/fixture.h"

#define BLOCKS 2000

static struct {
    unsigned char *at;
    size_t bytes;
    unsigned char fill;
} blocks[BLOCKS];

static bool intact(unsigned i)
{
    for (size_t k = 0; k < blocks[i].bytes; k += blocks[i].bytes > 5000 ? 997 : 1)
        if (blocks[i].at[k] != blocks[i].fill) return false;
    return blocks[i].at[blocks[i].bytes - 1] == blocks[i].fill;
}

static size_t random_size(void)
{
    switch (random_below(10)) {
    case 0: return 1 + random_below(200000);
    case 1: return POOL_SMALL_MAX - 2 + random_below(5);
    case 2: return 1 + random_below(40000);
    default: return 1 + random_below(600);
    }
}

static void test_blocks(void)
{
    struct fixture *f = fixture_new();
    struct heap_cache other;
    CHECK(pool_init(&other, &f->system.arena->memory));
    struct heap_cache *caches[2] = {f->scheduler.heap, &other};
    bool good = true;
    for (unsigned n = 0; n < 300000; n++) {
        unsigned i = random_below(BLOCKS);
        if (blocks[i].at == NULL) {
            size_t bytes = random_size();
            blocks[i].at = pool_alloc(caches[random_below(2)], bytes);
            blocks[i].bytes = bytes;
            blocks[i].fill = (unsigned char)random_u64();
            good = good && blocks[i].at != NULL && (uintptr_t)blocks[i].at % 16 == 0;
            good = good && pool_block_bytes(bytes) >= bytes &&
                   pool_block_bytes(pool_block_bytes(bytes)) == pool_block_bytes(bytes);
            memset(blocks[i].at, blocks[i].fill, bytes);
        } else {
            good = good && intact(i);
            size_t bytes = random_below(2) ? blocks[i].bytes : pool_block_bytes(blocks[i].bytes);
            if (random_below(20) == 0)
                memory_free(&f->system.arena->memory, blocks[i].at, bytes);
            else
                pool_free(caches[random_below(2)], blocks[i].at, bytes);
            blocks[i].at = NULL;
        }
        if (!good) break;
    }
    CHECK(good);
    for (unsigned i = 0; i < BLOCKS; i++)
        if (blocks[i].at != NULL) pool_free(caches[0], blocks[i].at, blocks[i].bytes);
    memset(blocks, 0, sizeof blocks);
    pool_destroy(&other);
    fixture_free(f);
}

/* What was used for one size must serve another. */
static void test_reuse(void)
{
    struct fixture *f = fixture_new();
    struct memory *m = &f->system.arena->memory;
    static void *many[100000];
    uint64_t held = 0;
    for (unsigned size = 64; size <= 1024; size *= 2) {
        for (unsigned i = 0; i < 100000 * 64 / size; i++) many[i] = pool_alloc(f->scheduler.heap, size);
        for (unsigned i = 0; i < 100000 * 64 / size; i++) pool_free(f->scheduler.heap, many[i], size);
        if (held == 0) held = m->port_bytes;
    }
    CHECK(m->port_bytes <= held + (9u << 20));
    for (unsigned i = 0; i < 1000; i++) {
        void *big = pool_alloc(f->scheduler.heap, 10u << 20);
        memset(big, 1, 100);
        memory_trim(m, big, 10u << 20, pool_block_bytes(100000));
        pool_free(f->scheduler.heap, big, 100000);
    }
    CHECK(m->port_bytes <= held + (80u << 20));
    CHECK(pool_alloc(f->scheduler.heap, (size_t)1 << 60) == NULL);
    fixture_free(f);
}

/* A1 to A3 of arena.h. */
static bool arena_is_sound(const struct arena *a)
{
    uint64_t used = 0;
    bool free_before = false;
    for (uint64_t g = ARENA_TABLE_BYTES / ARENA_GRANULE; g < a->top;) {
        const struct segment *s = (const struct segment *)(ARENA_BASE + g * ARENA_GRANULE);
        if (a->table[g].first & TABLE_FREE) {
            uint64_t n = ((const struct free_run *)s)->granules;
            if (free_before || n == 0 || g + n >= a->top) return false;
            if (a->table[g].first != (g | TABLE_FREE) || a->table[g + n - 1].first != (g | TABLE_FREE))
                return false;
            for (uint64_t k = 1; k + 1 < n; k++)
                if (a->table[g + k].first != 0) return false;
            free_before = true;
            g += n;
        } else {
            for (uint64_t k = 0; k < s->granules; k++)
                if (a->table[g + k].first != g) return false;
            free_before = false;
            used += s->granules;
            g += s->granules;
        }
    }
    return used == a->used_granules;
}

static void test_segments(void)
{
    struct fixture *f = fixture_new();
    struct arena *a = f->system.arena;
    bool good = true;
    for (unsigned n = 0; n < 40000 && good; n++) {
        unsigned i = random_below(BLOCKS);
        if (blocks[i].at == NULL) {
            blocks[i].bytes = random_below(30) == 0 ? 1 + random_below(3 << 20) : 1 + random_below(3000);
            blocks[i].fill = (unsigned char)random_u64();
            blocks[i].at = arena_alloc(&f->system, blocks[i].bytes);
            good = good && blocks[i].at != NULL && (uintptr_t)blocks[i].at % 8 == 0;
            memset(blocks[i].at, blocks[i].fill, blocks[i].bytes);
        } else {
            good = good && intact(i) &&
                   segment_start(arena_segment(a, blocks[i].at + random_below((uint32_t)blocks[i].bytes))) ==
                       blocks[i].at;
            arena_free(&f->system, blocks[i].at);
            blocks[i].at = NULL;
        }
        if (n % 400 == 0) good = good && arena_is_sound(a);
    }
    CHECK(good);
    for (unsigned i = 0; i < BLOCKS; i++)
        if (blocks[i].at != NULL) arena_free(&f->system, blocks[i].at);
    memset(blocks, 0, sizeof blocks);
    CHECK(arena_is_sound(a));
    CHECK_EQ_U64(a->used_granules, 0);
    CHECK_EQ_U64(a->top, ARENA_TABLE_BYTES / ARENA_GRANULE);
    CHECK(arena_alloc(&f->system, ARENA_SIZE) == NULL);
    CHECK(arena_alloc(&f->system, UINT64_MAX) == NULL);
    char *small = arena_alloc_pinned(&f->system, 40), *next = arena_alloc_pinned(&f->system, 40);
    CHECK(next == small + 40);
    char *large = arena_alloc_pinned(&f->system, 100000);
    memset(large, 1, 100000);
    CHECK(arena_is_sound(a));
    fixture_free(f);
}

int main(void)
{
    test_blocks();
    test_reuse();
    test_segments();
    return check_report();
}
