/* Cache files: what was packed comes out; any damage reads as nothing. */
#include <stdlib.h>

#include "runtime/value/collection.h"
#include "runtime/value/string.h"
#include "runtime/vm/prim.h"
#include "test/stub/stub.h"
#include "test/support/check.h"

value prim_sha256(struct process *p, value *a, unsigned argc);
value prim_cache_pack(struct process *p, value *a, unsigned argc);
value prim_cache_unpack(struct process *p, value *a, unsigned argc);

static struct process *p;
static unsigned turns;

static value run(prim_fn *f, value *a, unsigned argc)
{
    value v;
    turns = 0;
    do {
        p->reductions = REDUCTIONS_PER_TURN;
        v = f(p, a, argc);
        turns++;
        CHECK(v == VAL_YIELD || p->prim_state == NIL);
    } while (v == VAL_YIELD);
    return v;
}
static bool same_binary(value a, value b)
{
    size_t n, m;
    const uint8_t *x = binary_bytes(a, &n), *y = binary_bytes(b, &m);
    return n == m && memcmp(x, y, n) == 0;
}
static value key(uint8_t seed)
{
    uint8_t bytes[32];
    memset(bytes, seed, sizeof bytes);
    return binary_make(p, bytes, sizeof bytes);
}
static value file_of(value k, value units)
{
    return run(prim_cache_pack, (value[]){k, units}, 2);
}
static value units_of(value k, value file)
{
    return run(prim_cache_unpack, (value[]){k, file}, 2);
}

static void test_round_trip(void)
{
    static const size_t sizes[] = {0, 1, 7, 8, 9, 300, 100000, 5};
    value units = empty_vector();
    uint8_t *bytes = (uint8_t *)malloc(100000);
    for (unsigned i = 0; i < COUNT_OF(sizes); i++) {
        for (size_t k = 0; k < sizes[i]; k++) bytes[k] = (uint8_t)(k * 31 + i);
        units = vector_conj(p, units, binary_make(p, bytes, sizes[i]));
    }
    free(bytes);
    value file = file_of(key(1), units);
    CHECK(turns > 1); /* a hundred thousand bytes are too many for a turn */
    value back = units_of(key(1), file);
    CHECK(is_vector(back) && vector_count(back) == COUNT_OF(sizes));
    for (unsigned i = 0; i < COUNT_OF(sizes); i++)
        CHECK(same_binary(vector_nth(back, i), vector_nth(units, i)));
    CHECK(units_of(key(2), file) == NIL);
    value none = units_of(key(3), file_of(key(3), empty_vector()));
    CHECK(is_vector(none) && vector_count(none) == 0);
}

static void test_damage(void)
{
    value units =
        vector_make(p, (value[]){binary_make(p, "first", 5), binary_make(p, "the second unit", 15)}, 2);
    value file = file_of(key(9), units);
    size_t size;
    const uint8_t *good = binary_bytes(file, &size);
    uint8_t *copy = (uint8_t *)malloc(size + 8);
    for (size_t i = 0; i < size; i++)
        for (unsigned bit = 0; bit < 8; bit++) {
            memcpy(copy, good, size);
            copy[i] ^= (uint8_t)(1u << bit);
            CHECK(units_of(key(9), binary_make(p, copy, size)) == NIL);
        }
    for (size_t cut = 0; cut < size; cut++) CHECK(units_of(key(9), binary_make(p, good, cut)) == NIL);
    memcpy(copy, good, size);
    memset(copy + size, 0, 8);
    CHECK(units_of(key(9), binary_make(p, copy, size + 8)) == NIL);
    free(copy);
    CHECK(is_vector(units_of(key(9), file)));
}

static void test_arguments(void)
{
    CHECK(run(prim_cache_pack, (value[]){NIL, empty_vector()}, 2) == VAL_ERROR);
    CHECK(run(prim_cache_pack, (value[]){key(1), NIL}, 2) == VAL_ERROR);
    CHECK(run(prim_cache_pack, (value[]){key(1), vector_make(p, (value[]){NIL}, 1)}, 2) == VAL_ERROR);
    CHECK(run(prim_cache_unpack, (value[]){key(1), NIL}, 2) == VAL_ERROR);
    CHECK(run(prim_cache_unpack, (value[]){binary_make(p, "short", 5), file_of(key(1), empty_vector())}, 2) ==
          VAL_ERROR);
    CHECK(run(prim_sha256, (value[]){NIL}, 1) == VAL_ERROR);
}

static void test_digest(void)
{
    static const uint8_t abc[] = {0xba, 0x78, 0x16, 0xbf, 0x8f, 0x01, 0xcf, 0xea, 0x41, 0x41, 0x40,
                                  0xde, 0x5d, 0xae, 0x22, 0x23, 0xb0, 0x03, 0x61, 0xa3, 0x96, 0x17,
                                  0x7a, 0x9c, 0xb4, 0x10, 0xff, 0x61, 0xf2, 0x00, 0x15, 0xad};
    value wanted = binary_make(p, abc, sizeof abc);
    CHECK(same_binary(run(prim_sha256, (value[]){binary_make(p, "abc", 3)}, 1), wanted));
    CHECK(same_binary(run(prim_sha256, (value[]){string_make(p, "abc", 3)}, 1), wanted));
    char *many = (char *)malloc(1000000);
    memset(many, 'a', 1000000);
    value v = run(prim_sha256, (value[]){string_make(p, many, 1000000)}, 1);
    size_t size;
    CHECK(turns > 10 && binary_bytes(v, &size)[0] == 0xcd && binary_bytes(v, &size)[31] == 0xd0);
    free(many);
}

int main(void)
{
    p = stub_process();
    test_digest();
    test_round_trip();
    test_damage();
    test_arguments();
    return check_report();
}
