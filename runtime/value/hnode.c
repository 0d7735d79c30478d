/* Hash tries of maps and sets: compressed, 32-wide, in one canonical form (CHAMP, Steindorfer and Vinju 2015).
 *
 * Invariants:
 *  1  Level d takes bits 5d .. 5d+4 of the hash.  A slot holds an entry (bit in data), a child (bit in children), or nothing.
 *  2  Payload: maps word; entries by slot; children by slot.
 *  3  A child holds at least two entries below it; so equal contents give equal nodes, however they came about.
 *  4  Below level 6 the hash is used up: a collision node there holds its entries in a tree of canonical order. */
#include "runtime/value/node.h"

enum { HASH_BITS = 32, NODE_LINES = 5 };

static inline uint32_t slot_bit(uint32_t hash, unsigned shift)
{
    return 1u << (hash >> shift & 31);
}
static inline unsigned below(uint32_t map, uint32_t bit)
{
    return (unsigned)__builtin_popcount(map & (bit - 1));
}

/* Which line of a node is needed after its first depends on the bitmaps there.  In a large map each is a cache miss: have them
 * all come together. */
static inline void fetch_node(const struct object *n)
{
    for (unsigned line = 1; line < NODE_LINES; line++) __builtin_prefetch((const char *)n + 64 * line);
}

value hnode_empty(struct process *p, bool set, uint32_t token)
{
    struct object *n = node_alloc(p, T_HNODE, set ? OBJ_A : 0, 1, token);
    n->p[0] = 0;
    return from_obj(n);
}

const value *hnode_find(struct key_op *op, const struct object *n, uint32_t hash, value key, bool *slow)
{
    unsigned stride = hnode_stride(n);
    for (unsigned shift = 0; shift < HASH_BITS; shift += 5) {
        uint32_t bit = slot_bit(hash, shift), data = hnode_data(n), children = hnode_children(n);
        if (data & bit) {
            const value *entry = n->p + 1 + stride * below(data, bit);
            if (entry[0] == key) return entry;
            int same = key_equal(op, entry[0], key);
            if (same < 0) *slow = true;
            return same > 0 ? entry : NULL;
        }
        if (!(children & bit)) return NULL;
        n = to_obj(n->p[1 + stride * (unsigned)__builtin_popcount(data) + below(children, bit)]);
        fetch_node(n);
    }
    uint64_t rank;
    value found = tree_search(op, n->p[1], key, false, &rank);
    if (found == VAL_SLOW) *slow = true;
    return found == TRUE_ ? &tree_at(n->p[1], rank)->p[TREE_KEY] : NULL;
}

/* ---- building nodes ---- */

/* A copy of n whose payload from word `at` on has `removed` words less and `added` words (for the caller to fill) more. */
static struct object *splice(struct key_op *op, const struct object *n, uint32_t at, uint32_t removed,
                             uint32_t added)
{
    uint32_t size = obj_size(n);
    struct object *r = node_alloc(op->p, T_HNODE, header_flags(n->header) & (OBJ_A | OBJ_B),
                                  size - removed + added, op->token);
    __builtin_memcpy(r->p, n->p, (size_t)at * 8);
    __builtin_memcpy(r->p + at + added, n->p + at + removed, (size_t)(size - at - removed) * 8);
    return r;
}

/* n with payload word i replaced, in place if the operation may. */
static value with_word(struct key_op *op, struct object *n, uint32_t i, value v)
{
    if (node_editable(n, op->token)) {
        heap_write(op->p, n, i, v);
        return from_obj(n);
    }
    struct object *r = splice(op, n, 0, 0, 0);
    r->p[i] = v;
    return from_obj(r);
}

static struct object *entries_node(struct key_op *op, unsigned stride, uint32_t words)
{
    return node_alloc(op->p, T_HNODE, stride == 1 ? OBJ_A : 0, words, op->token);
}

static value collision_node(struct key_op *op, unsigned stride, value tree)
{
    struct object *n = node_alloc(op->p, T_HNODE, OBJ_B | (stride == 1 ? OBJ_A : 0), 2, op->token);
    n->p[0] = tree_size(tree);
    n->p[1] = tree;
    return from_obj(n);
}

/* Two entries with equal hashes. */
static value collision_pair(struct key_op *op, unsigned stride, const value *a, value key, value val)
{
    value tree = tree_insert_at(op->p, NIL, 0, a[0], stride == 2 ? a[1] : NIL);
    uint64_t rank;
    value found = tree_search(op, tree, key, false, &rank);
    if (found == VAL_SLOW) return found;
    return collision_node(op, stride, tree_insert_at(op->p, tree, rank, key, val));
}

/* The smallest trie with two entries whose keys differ. */
static value pair_node(struct key_op *op, unsigned stride, unsigned shift, const value *a, uint32_t hash_a,
                       uint32_t hash, value key, value val)
{
    if (shift >= HASH_BITS) return collision_pair(op, stride, a, key, val);
    uint32_t bit_a = slot_bit(hash_a, shift), bit = slot_bit(hash, shift);
    if (bit_a == bit) {
        value child = pair_node(op, stride, shift + 5, a, hash_a, hash, key, val);
        if (child == VAL_SLOW) return child;
        struct object *n = entries_node(op, stride, 2);
        n->p[0] = (uint64_t)bit << 32;
        n->p[1] = child;
        return from_obj(n);
    }
    struct object *n = entries_node(op, stride, 1 + 2 * stride);
    n->p[0] = bit_a | bit;
    value *first = n->p + 1, *second = first + stride;
    if (bit_a > bit) {
        value *t = first;
        first = second;
        second = t;
    }
    first[0] = a[0];
    second[0] = key;
    if (stride == 2) {
        first[1] = a[1];
        second[1] = val;
    }
    return from_obj(n);
}

/* ---- assoc ---- */

static value collision_assoc(struct key_op *op, struct object *n, value key, value val)
{
    uint64_t rank;
    value found = tree_search(op, n->p[1], key, false, &rank);
    if (found == VAL_SLOW) return found;
    unsigned stride = hnode_stride(n);
    if (found == TRUE_) {
        const struct object *t = tree_at(n->p[1], rank);
        if (stride == 1 || t->p[TREE_VALUE] == val) return from_obj(n);
        return collision_node(op, stride, tree_replace_at(op->p, n->p[1], rank, t->p[TREE_KEY], val));
    }
    op->added = true;
    return collision_node(op, stride, tree_insert_at(op->p, n->p[1], rank, key, stride == 2 ? val : NIL));
}

static value assoc_in_entry(struct key_op *op, struct object *n, unsigned shift, uint32_t hash, value key,
                            value val)
{
    unsigned stride = hnode_stride(n);
    uint32_t bit = slot_bit(hash, shift), data = hnode_data(n), children = hnode_children(n);
    uint32_t at = 1 + stride * below(data, bit);
    int same = key_equal(op, n->p[at], key);
    if (same < 0) return VAL_SLOW;
    if (same) return stride == 1 || n->p[at + 1] == val ? from_obj(n) : with_word(op, n, at + 1, val);
    uint32_t hash_there;
    if (!key_hash(op, n->p[at], &hash_there)) return VAL_SLOW;
    value child = pair_node(op, stride, shift + 5, n->p + at, hash_there, hash, key, val);
    if (child == VAL_SLOW) return child;
    /* The entry leaves its place, the child goes behind the entries. */
    uint32_t size = obj_size(n);
    uint32_t child_at = 1 + stride * (unsigned)__builtin_popcount(data) + below(children, bit);
    struct object *r = entries_node(op, stride, size - stride + 1);
    r->p[0] = (data ^ bit) | (uint64_t)(children | bit) << 32;
    __builtin_memcpy(r->p + 1, n->p + 1, (size_t)(at - 1) * 8);
    __builtin_memcpy(r->p + at, n->p + at + stride, (size_t)(child_at - at - stride) * 8);
    r->p[child_at - stride] = child;
    __builtin_memcpy(r->p + child_at - stride + 1, n->p + child_at, (size_t)(size - child_at) * 8);
    op->added = true;
    return from_obj(r);
}

value hnode_assoc(struct key_op *op, value node, unsigned shift, uint32_t hash, value key, value val)
{
    struct object *n = to_obj(node);
    if (shift >= HASH_BITS) return collision_assoc(op, n, key, val);
    uint32_t bit = slot_bit(hash, shift), data = hnode_data(n), children = hnode_children(n);
    unsigned stride = hnode_stride(n);
    if (data & bit) return assoc_in_entry(op, n, shift, hash, key, val);
    if (children & bit) {
        uint32_t at = 1 + stride * (unsigned)__builtin_popcount(data) + below(children, bit);
        fetch_node(to_obj(n->p[at]));
        value child = hnode_assoc(op, n->p[at], shift + 5, hash, key, val);
        if (child == n->p[at]) return node;
        return child == VAL_SLOW ? child : with_word(op, n, at, child);
    }
    uint32_t at = 1 + stride * below(data, bit);
    struct object *r = splice(op, n, at, 0, stride);
    r->p[0] |= bit;
    r->p[at] = key;
    if (stride == 2) r->p[at + 1] = val;
    op->added = true;
    return from_obj(r);
}

/* ---- dissoc ---- */

/* A node that holds one entry and no child: what its parent has to take in. */
static inline bool is_single(const struct object *n)
{
    if (hnode_is_collision(n)) return n->p[0] == 1;
    return hnode_children(n) == 0 && (hnode_data(n) & (hnode_data(n) - 1)) == 0;
}

static value collision_dissoc(struct key_op *op, struct object *n, value key)
{
    uint64_t rank;
    value found = tree_search(op, n->p[1], key, false, &rank);
    if (found != TRUE_) return found == VAL_SLOW ? found : from_obj(n);
    op->added = true;
    return collision_node(op, hnode_stride(n), tree_delete_at(op->p, n->p[1], rank));
}

/* Child `at` of n has shrunk to one entry: it moves up into n. */
static value take_in(struct key_op *op, struct object *n, uint32_t at, uint32_t bit,
                     const struct object *single)
{
    unsigned stride = hnode_stride(n);
    uint32_t data = hnode_data(n), children = hnode_children(n), size = obj_size(n);
    const value *entry = hnode_is_collision(single) ? to_obj(single->p[1])->p + TREE_KEY : single->p + 1;
    uint32_t entry_at = 1 + stride * below(data, bit);
    struct object *r = entries_node(op, stride, size - 1 + stride);
    r->p[0] = (data | bit) | (uint64_t)(children ^ bit) << 32;
    __builtin_memcpy(r->p + 1, n->p + 1, (size_t)(entry_at - 1) * 8);
    r->p[entry_at] = entry[0];
    if (stride == 2) r->p[entry_at + 1] = entry[1];
    __builtin_memcpy(r->p + entry_at + stride, n->p + entry_at, (size_t)(at - entry_at) * 8);
    __builtin_memcpy(r->p + at + stride, n->p + at + 1, (size_t)(size - at - 1) * 8);
    return from_obj(r);
}

value hnode_dissoc(struct key_op *op, value node, unsigned shift, uint32_t hash, value key)
{
    struct object *n = to_obj(node);
    if (shift >= HASH_BITS) return collision_dissoc(op, n, key);
    uint32_t bit = slot_bit(hash, shift), data = hnode_data(n), children = hnode_children(n);
    unsigned stride = hnode_stride(n);
    if (data & bit) {
        uint32_t at = 1 + stride * below(data, bit);
        int same = key_equal(op, n->p[at], key);
        if (same <= 0) return same < 0 ? VAL_SLOW : node;
        struct object *r = splice(op, n, at, stride, 0);
        r->p[0] ^= bit;
        op->added = true;
        return from_obj(r);
    }
    if (!(children & bit)) return node;
    uint32_t at = 1 + stride * (unsigned)__builtin_popcount(data) + below(children, bit);
    value child = hnode_dissoc(op, n->p[at], shift + 5, hash, key);
    if (child == VAL_SLOW || child == n->p[at]) return child == VAL_SLOW ? child : node;
    if (is_single(to_obj(child))) return take_in(op, n, at, bit, to_obj(child));
    return with_word(op, n, at, child);
}
