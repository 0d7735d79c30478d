#include "runtime/value/transient.h"
#include "runtime/value/vector.h"

static uint64_t token_new(struct process *p)
{
    uint32_t token = edit_token_new(p);
    return token ? token : TOKEN_NONE;
}
static inline uint32_t token_of(const struct object *t)
{
    uint64_t token = t->p[TRANSIENT_TOKEN];
    return token == TOKEN_NONE ? 0 : (uint32_t)token;
}

static value wide_node(struct process *p, const value *items, uint32_t n, uint32_t token)
{
    value v = vnode_from(p, items, n, 32 - n, token);
    for (uint32_t i = n; i < 32; i++) to_obj(v)->p[i] = NIL;
    return v;
}

static value transient_alloc(struct process *p, uint32_t kind, uint64_t count, uint64_t token)
{
    struct object *t = heap_alloc(p, T_TRANSIENT, kind, 4);
    t->p[TRANSIENT_TOKEN] = token;
    t->p[TRANSIENT_COUNT] = count;
    t->p[TRANSIENT_ROOT] = t->p[TRANSIENT_TAIL] = NIL;
    return from_obj(t);
}

/* ---- vectors ---- */

static value from_vector(struct process *p, value v)
{
    const struct object *o = to_obj(v);
    uint64_t token = token_new(p), count = vector_count(v);
    struct object *t = to_obj(transient_alloc(p, TRANSIENT_VECTOR, count, token));
    if (obj_type(o) == T_VECTOR) {
        uint64_t start = trie_tail_start(count);
        t->p[TRANSIENT_COUNT] |= (uint64_t)trie_shift(o) << 32;
        t->p[TRANSIENT_ROOT] = o->p[1];
        t->p[TRANSIENT_TAIL] = wide_node(p, to_obj(o->p[2])->p, (uint32_t)(count - start), token_of(t));
        return from_obj(t);
    }
    if (obj_type(o) == T_SVECTOR) {
        t->p[TRANSIENT_TAIL] = wide_node(p, o->p, (uint32_t)count, token_of(t));
        return from_obj(t);
    }
    if (heap_reserve(p, count + count / 8) != NIL) return VAL_ERROR;
    t->p[TRANSIENT_COUNT] = 0;
    t->p[TRANSIENT_TAIL] = wide_node(p, NULL, 0, token_of(t));
    for (uint64_t i = 0; i < count; i++) transient_vector_conj(p, t, vector_nth(v, i));
    return from_obj(t);
}

static inline unsigned shift_of(const struct object *t)
{
    return (unsigned)(t->p[TRANSIENT_COUNT] >> 32);
}
static inline uint64_t tail_start(uint64_t count)
{
    return count == 0 ? 0 : trie_tail_start(count);
}
static inline void put_count(struct object *t, uint64_t count, unsigned shift)
{
    t->p[TRANSIENT_COUNT] = count | (uint64_t)shift << 32;
}

void transient_vector_conj(struct process *p, struct object *t, value item)
{
    uint64_t count = transient_count(t), used = count - tail_start(count);
    unsigned shift = shift_of(t);
    if (used == 32) {
        value root =
            trie_push_leaf(p, t->p[TRANSIENT_ROOT], count - 32, &shift, t->p[TRANSIENT_TAIL], token_of(t));
        heap_write(p, t, TRANSIENT_ROOT, root);
        heap_write(p, t, TRANSIENT_TAIL, wide_node(p, NULL, 0, token_of(t)));
        used = 0;
    }
    heap_write(p, to_obj(t->p[TRANSIENT_TAIL]), (uint32_t)used, item);
    put_count(t, count + 1, shift);
}

void transient_vector_assoc(struct process *p, struct object *t, uint64_t i, value item)
{
    uint64_t count = transient_count(t);
    if (i == count) {
        transient_vector_conj(p, t, item);
    } else if (i >= tail_start(count)) {
        heap_write(p, to_obj(t->p[TRANSIENT_TAIL]), (uint32_t)(i & 31), item);
    } else {
        value root = trie_assoc(p, t->p[TRANSIENT_ROOT], shift_of(t), i, item, token_of(t));
        heap_write(p, t, TRANSIENT_ROOT, root);
    }
}

void transient_vector_pop(struct process *p, struct object *t)
{
    uint64_t count = transient_count(t), start = tail_start(count);
    unsigned shift = shift_of(t);
    heap_write(p, to_obj(t->p[TRANSIENT_TAIL]), (uint32_t)(count - 1 - start), NIL);
    if (count - start == 1 && count > 1) {
        value leaf, root = trie_pop_leaf(p, t->p[TRANSIENT_ROOT], start, &shift, &leaf);
        heap_write(p, t, TRANSIENT_ROOT, root);
        heap_write(p, t, TRANSIENT_TAIL, wide_node(p, to_obj(leaf)->p, 32, token_of(t)));
    }
    put_count(t, count - 1, shift);
}

value transient_nth(const struct object *t, uint64_t i)
{
    uint64_t count = transient_count(t);
    if (i >= count) return VAL_ABSENT;
    if (i >= tail_start(count)) return to_obj(t->p[TRANSIENT_TAIL])->p[i & 31];
    const struct object *n = to_obj(t->p[TRANSIENT_ROOT]);
    for (unsigned shift = shift_of(t); shift > 0; shift -= 5) n = to_obj(n->p[i >> shift & 31]);
    return n->p[i & 31];
}

static value persistent_vector(struct process *p, struct object *t)
{
    uint64_t count = transient_count(t);
    value tail = t->p[TRANSIENT_TAIL];
    if (count <= SVECTOR_MAX) return vector_make(p, to_obj(tail)->p, count);
    uint32_t used = (uint32_t)(count - tail_start(count));
    if (used < 32) tail = vnode_from(p, to_obj(tail)->p, used, 0, 0);
    return trie_vector(p, count, shift_of(t), t->p[TRANSIENT_ROOT], tail, NIL);
}

/* ---- maps and sets ---- */

static value from_map(struct process *p, value m)
{
    const struct object *o = to_obj(m);
    struct object *t = to_obj(transient_alloc(p, TRANSIENT_MAP, map_count(m), token_new(p)));
    if (obj_type(o) == T_HMAP) {
        t->p[TRANSIENT_ROOT] = o->p[1];
        return from_obj(t);
    }
    uint32_t words = object_words(o);
    struct object *entries = heap_alloc(p, T_ARRAY, 0, 2 * AMAP_MAX);
    for (uint32_t i = 0; i < 2 * AMAP_MAX; i++) entries->p[i] = i < words ? o->p[i] : NIL;
    t->p[TRANSIENT_ROOT] = from_obj(entries);
    return from_obj(t);
}

static struct object *small_entries(const struct object *t)
{
    return is_type(t->p[TRANSIENT_ROOT], T_ARRAY) ? to_obj(t->p[TRANSIENT_ROOT]) : NULL;
}

/* Index of the key's word, -1 absent, -2 VAL_SLOW. */
static int small_index(struct key_op *op, const struct object *t, value key)
{
    const struct object *entries = small_entries(t);
    int words = 2 * (int)transient_count(t);
    for (int i = 0; i < words; i += 2) {
        int same = key_equal(op, entries->p[i], key);
        if (same != 0) return same < 0 ? -2 : i;
    }
    return -1;
}

/* From AMAP_MAX entries on: hashed. */
static value grow(struct key_op *op, struct object *t)
{
    const struct object *entries = small_entries(t);
    value root = hnode_empty(op->p, false, op->token);
    for (uint32_t i = 0; i < 2 * AMAP_MAX; i += 2) {
        uint32_t hash;
        if (!key_hash(op, entries->p[i], &hash)) return VAL_SLOW;
        root = hnode_assoc(op, root, 0, hash, entries->p[i], entries->p[i + 1]);
        if (root == VAL_SLOW) return root;
    }
    heap_write(op->p, t, TRANSIENT_ROOT, root);
    return TRUE_;
}

value transient_map_assoc(struct key_op *op, struct object *t, value key, value val)
{
    struct object *entries = small_entries(t);
    uint64_t count = transient_count(t);
    op->token = token_of(t);
    if (entries) {
        int i = small_index(op, t, key);
        if (i == -2) return VAL_SLOW;
        if (i >= 0) {
            heap_write(op->p, entries, (uint32_t)i + 1, val);
            return TRUE_;
        }
        if (count < AMAP_MAX) {
            heap_write(op->p, entries, (uint32_t)(2 * count), key);
            heap_write(op->p, entries, (uint32_t)(2 * count) + 1, val);
            put_count(t, count + 1, 0);
            return TRUE_;
        }
        if (grow(op, t) == VAL_SLOW) return VAL_SLOW;
    }
    uint32_t hash;
    if (!key_hash(op, key, &hash)) return VAL_SLOW;
    op->added = false;
    value root = hnode_assoc(op, t->p[TRANSIENT_ROOT], 0, hash, key, val);
    if (root == VAL_SLOW) return root;
    if (root != t->p[TRANSIENT_ROOT]) heap_write(op->p, t, TRANSIENT_ROOT, root);
    put_count(t, count + op->added, 0);
    return TRUE_;
}

static value small_dissoc(struct key_op *op, struct object *t, value key)
{
    struct object *entries = small_entries(t);
    int at = small_index(op, t, key);
    if (at < 0) return at == -2 ? VAL_SLOW : TRUE_;
    uint32_t words = 2 * (uint32_t)transient_count(t);
    for (uint32_t i = (uint32_t)at; i < words; i++)
        heap_write(op->p, entries, i, i + 2 < words ? entries->p[i + 2] : NIL);
    put_count(t, words / 2 - 1, 0);
    return TRUE_;
}

static value hashed_dissoc(struct key_op *op, struct object *t, value key)
{
    uint32_t hash;
    op->token = token_of(t);
    if (!key_hash(op, key, &hash)) return VAL_SLOW;
    op->added = false;
    value root = hnode_dissoc(op, t->p[TRANSIENT_ROOT], 0, hash, key);
    if (root == VAL_SLOW) return root;
    heap_write(op->p, t, TRANSIENT_ROOT, root);
    put_count(t, transient_count(t) - op->added, 0);
    return TRUE_;
}

value transient_map_dissoc(struct key_op *op, struct object *t, value key)
{
    return small_entries(t) ? small_dissoc(op, t, key) : hashed_dissoc(op, t, key);
}

value transient_set_conj(struct key_op *op, struct object *t, value key)
{
    uint32_t hash;
    op->token = token_of(t);
    if (!key_hash(op, key, &hash)) return VAL_SLOW;
    op->added = false;
    value root = hnode_assoc(op, t->p[TRANSIENT_ROOT], 0, hash, key, NIL);
    if (root == VAL_SLOW) return root;
    heap_write(op->p, t, TRANSIENT_ROOT, root);
    put_count(t, transient_count(t) + op->added, 0);
    return TRUE_;
}

value transient_set_disj(struct key_op *op, struct object *t, value key)
{
    return hashed_dissoc(op, t, key);
}

value transient_get(struct key_op *op, const struct object *t, value key)
{
    if (small_entries(t)) {
        int i = small_index(op, t, key);
        return i >= 0 ? small_entries(t)->p[i + 1] : i == -2 ? VAL_SLOW : VAL_ABSENT;
    }
    uint32_t hash;
    bool slow = false;
    if (!key_hash(op, key, &hash)) return VAL_SLOW;
    const value *entry = hnode_find(op, to_obj(t->p[TRANSIENT_ROOT]), hash, key, &slow);
    if (!entry) return slow ? VAL_SLOW : VAL_ABSENT;
    return obj_has(t, TRANSIENT_SET) ? entry[0] : entry[1];
}

/* ---- any ---- */

value transient_new(struct process *p, value coll)
{
    if (is_vector(coll)) return from_vector(p, coll);
    switch (type_of(coll)) {
    case T_AMAP:
    case T_HMAP: return from_map(p, coll);
    case T_HSET: {
        struct object *t = to_obj(transient_alloc(p, TRANSIENT_SET, to_obj(coll)->p[0], token_new(p)));
        value root = to_obj(coll)->p[1];
        t->p[TRANSIENT_ROOT] = root == NIL ? hnode_empty(p, true, token_of(t)) : root;
        return from_obj(t);
    }
    default: return VAL_ABSENT;
    }
}

value transient_persistent(struct process *p, struct object *t)
{
    uint64_t count = transient_count(t);
    value r;
    if (obj_has(t, TRANSIENT_VECTOR)) {
        r = persistent_vector(p, t);
    } else if (small_entries(t)) {
        struct object *m = count ? heap_alloc(p, T_AMAP, 0, (uint32_t)(2 * count)) : to_obj(empty_map());
        if (count) __builtin_memcpy(m->p, small_entries(t)->p, count * 16);
        r = from_obj(m);
    } else if (count == 0) {
        r = obj_has(t, TRANSIENT_SET) ? empty_set() : empty_map();
    } else {
        struct object *m = heap_alloc(p, obj_has(t, TRANSIENT_SET) ? T_HSET : T_HMAP, 0, 2);
        m->p[0] = count;
        m->p[1] = t->p[TRANSIENT_ROOT];
        r = from_obj(m);
    }
    t->p[TRANSIENT_TOKEN] = 0;
    return r;
}
