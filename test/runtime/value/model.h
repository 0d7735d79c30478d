/* Support for tests of collections: random numbers that repeat, keys with forged hashes, checkers of invariants. */
#ifndef TEST_RUNTIME_VALUE_MODEL_H
#define TEST_RUNTIME_VALUE_MODEL_H

#include "runtime/value/node.h"
#include "runtime/value/seq.h"
#include "runtime/value/sorted.h"
#include "runtime/value/string.h"
#include "runtime/value/vector.h"
#include "test/stub/stub.h"
#include "test/support/check.h"

#include <stdlib.h>

static uint64_t random_state = 88172645463325252ull;
static inline uint64_t random_next(void)
{
    random_state ^= random_state << 13;
    random_state ^= random_state >> 7;
    random_state ^= random_state << 17;
    return random_state * 0x2545f4914f6cdd1dull;
}
static inline uint64_t random_below(uint64_t n)
{
    return (random_next() >> 11) % n;
}

static inline value num(int64_t i)
{
    return from_fixnum(i);
}

/* A keyword with any hash one likes. */
static inline value forged_keyword(struct process *p, unsigned number, uint32_t hash)
{
    char name[24];
    int n = snprintf(name, sizeof name, "k%06u", number);
    struct object *o = heap_alloc(p, T_KEYWORD, 0, 3);
    o->p[0] = hash;
    o->p[1] = NIL;
    o->p[2] = string_make_unchecked(p, name, (size_t)n);
    return from_obj(o);
}

/* ---- invariants ---- */

/* Depth-first over a vector's trie: leaves full, inner nodes packed.  Number of elements, or -1. */
static inline int64_t trie_check(value node, unsigned shift, bool rightmost)
{
    const struct object *n = to_obj(node);
    if (obj_type(n) != T_VNODE) return -1;
    uint32_t size = obj_size(n);
    if (size < 1 || size > 32 || (!rightmost && size != 32)) return -1;
    if (shift == 0) return size == 32 ? 32 : -1;
    int64_t sum = 0;
    for (uint32_t i = 0; i < size; i++) {
        int64_t below = trie_check(n->p[i], shift - 5, rightmost && i + 1 == size);
        if (below < 0) return -1;
        sum += below;
    }
    return sum;
}
static inline bool vector_check(value v)
{
    const struct object *o = to_obj(v);
    if (obj_type(o) == T_SVECTOR) return object_words(o) <= SVECTOR_MAX;
    if (obj_type(o) == T_SUBVECTOR) return vector_check(o->p[1]) && vector_count(v) > SVECTOR_MAX;
    uint64_t count = trie_count(o), start = trie_tail_start(count);
    if (count <= SVECTOR_MAX || obj_size(to_obj(o->p[2])) != count - start) return false;
    if (trie_shift(o) > 0 && obj_size(to_obj(o->p[1])) < 2) return false;
    return trie_check(o->p[1], trie_shift(o), true) == (int64_t)start;
}

/* Size of a balanced tree, -1 if an invariant is broken. */
static inline int64_t tree_check(value t)
{
    if (t == NIL) return 0;
    const value *n = to_obj(t)->p;
    int64_t l = tree_check(n[TREE_LEFT]), r = tree_check(n[TREE_RIGHT]);
    if (l < 0 || r < 0 || (int64_t)n[TREE_SIZE] != l + r + 1) return -1;
    if (l + 1 > 3 * (r + 1) || r + 1 > 3 * (l + 1)) return -1;
    return l + r + 1;
}

/* Entries of a hash node, -1 if it is not in canonical form. */
static inline int64_t hnode_check(value node, unsigned shift, uint32_t prefix)
{
    const struct object *n = to_obj(node);
    struct key_op op = KEY_OP(NULL);
    if (hnode_is_collision(n)) {
        if (shift < 32 || n->p[0] < 2 || tree_check(n->p[1]) != (int64_t)n->p[0]) return -1;
        for (uint64_t i = 0; i < n->p[0]; i++) {
            uint32_t h;
            if (!key_hash(&op, tree_at(n->p[1], i)->p[TREE_KEY], &h) || h != prefix) return -1;
            if (i &&
                key_order(&op, tree_at(n->p[1], i - 1)->p[TREE_KEY], tree_at(n->p[1], i)->p[TREE_KEY]) > 0)
                return -1;
        }
        return (int64_t)n->p[0];
    }
    uint32_t data = hnode_data(n), children = hnode_children(n);
    unsigned stride = hnode_stride(n), at = 1;
    if (shift >= 32 || (data & children)) return -1;
    if (obj_size(n) !=
        1 + stride * (unsigned)__builtin_popcount(data) + (unsigned)__builtin_popcount(children))
        return -1;
    uint32_t below_mask = shift == 0 ? 0 : (1u << shift) - 1;
    int64_t sum = 0;
    for (unsigned slot = 0; slot < 32; slot++) {
        if (!(data >> slot & 1)) continue;
        uint32_t h;
        if (!key_hash(&op, n->p[at], &h) || (h & below_mask) != prefix || (h >> shift & 31) != slot)
            return -1;
        at += stride;
        sum++;
    }
    for (unsigned slot = 0; slot < 32; slot++) {
        if (!(children >> slot & 1)) continue;
        int64_t below = hnode_check(n->p[at++], shift + 5, prefix | slot << shift);
        if (below < 2) return -1;
        sum += below;
    }
    return sum;
}
static inline bool table_check(value t)
{
    const struct object *o = to_obj(t);
    switch (obj_type(o)) {
    case T_AMAP: return map_count(t) <= AMAP_MAX;
    case T_HSET:
        if (o->p[1] == NIL) return o->p[0] == 0;
        return hnode_check(o->p[1], 0, 0) == (int64_t)o->p[0];
    case T_HMAP: return hnode_check(o->p[1], 0, 0) == (int64_t)o->p[0];
    default: return tree_check(o->p[SORTED_ROOT]) == (int64_t)o->p[SORTED_COUNT];
    }
}

/* The same entries in the same order. */
static inline bool same_walk(value a, value b)
{
    struct walk x, y;
    value k, v, k2, v2;
    walk_start(&x, a);
    walk_start(&y, b);
    for (;;) {
        bool more = walk_next(&x, &k, &v), other = walk_next(&y, &k2, &v2);
        if (more != other) return false;
        if (!more) return true;
        if (k != k2 || v != v2) return false;
    }
}

#endif
