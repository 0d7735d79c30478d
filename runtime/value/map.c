/* Maps: AMAP (up to AMAP_MAX entries in insertion order), HMAP (hash trie), SMAP (sorted). */
#include "runtime/value/node.h"
#include "runtime/value/sorted.h"
#include "runtime/value/string.h"

static const struct object empty_map_object = {
    HEADER_TAG | (uint64_t)T_AMAP << 40 | (uint64_t)OBJ_SHARED << 32,
};

value empty_map(void)
{
    return from_obj(&empty_map_object);
}

bool is_map(value v)
{
    enum object_type t = type_of(v);
    return t == T_AMAP || t == T_HMAP || t == T_SMAP;
}

uint64_t map_count(value m)
{
    const struct object *o = to_obj(m);
    return obj_type(o) == T_AMAP ? object_words(o) / 2 : o->p[0];
}

/* ---- finding ---- */

/* Index of the key in an AMAP's payload, -1 if absent, -2 for VAL_SLOW. */
static int amap_index(struct key_op *op, const struct object *m, value key)
{
    int words = (int)(object_words(m) & ~1u);
    for (int i = 0; i < words; i += 2)
        if (m->p[i] == key) return i;
    if (!is_ptr(key) && !is_double(key)) return -1;
    for (int i = 0; i < words; i += 2) {
        int same = key_equal(op, m->p[i], key);
        if (same != 0) return same < 0 ? -2 : i;
    }
    return -1;
}

const value *map_find_op(struct key_op *op, value m, value key, bool *slow)
{
    const struct object *o = to_obj(m);
    switch (obj_type(o)) {
    case T_AMAP: {
        int i = amap_index(op, o, key);
        if (i == -2) *slow = true;
        return i < 0 ? NULL : o->p + i;
    }
    case T_HMAP: {
        uint32_t hash;
        if (!key_hash(op, key, &hash)) {
            *slow = true;
            return NULL;
        }
        return hnode_find(op, to_obj(o->p[1]), hash, key, slow);
    }
    default: {
        const struct object *n = sorted_find(op, o, key, slow);
        return n ? &n->p[TREE_KEY] : NULL;
    }
    }
}

value map_get_op(struct key_op *op, value m, value key)
{
    bool slow = false;
    const value *entry = map_find_op(op, m, key, &slow);
    return entry ? entry[1] : slow ? VAL_SLOW : op->failed ? VAL_ERROR : VAL_ABSENT;
}

value map_get(value m, value key)
{
    struct key_op op = KEY_OP(NULL);
    return map_get_op(&op, m, key);
}

value map_get_keyword(value m, value keyword)
{
    const struct object *o = to_obj(m);
    if (obj_type(o) != T_AMAP) return map_get(m, keyword);
    uint32_t words = object_words(o) & ~1u;
    for (uint32_t i = 0; i < words; i += 2)
        if (o->p[i] == keyword) return o->p[i + 1];
    uint64_t hash = to_obj(keyword)->p[0];
    for (uint32_t i = 0; i < words; i += 2) {
        value k = o->p[i];
        if (is_keyword(k) && to_obj(k)->p[0] == hash && name_equal(k, keyword)) return o->p[i + 1];
    }
    return VAL_ABSENT;
}

/* ---- changing ---- */

static value hmap_new(struct process *p, uint64_t count, value root, value meta)
{
    bool has_meta = meta != NIL;
    struct object *o = heap_alloc(p, T_HMAP, has_meta ? OBJ_META : 0, 2 + has_meta);
    o->p[0] = count;
    o->p[1] = root;
    if (has_meta) o->p[2] = meta;
    return from_obj(o);
}

value hmap_from_amap(struct key_op *op, const struct object *m)
{
    uint32_t token = op->token;
    if (token == 0) op->token = edit_token_new(op->p);
    value root = hnode_empty(op->p, false, op->token);
    uint32_t words = object_words(m) & ~1u;
    for (uint32_t i = 0; i < words && root != VAL_SLOW; i += 2) {
        uint32_t hash;
        root = key_hash(op, m->p[i], &hash) ? hnode_assoc(op, root, 0, hash, m->p[i], m->p[i + 1]) : VAL_SLOW;
    }
    op->token = token;
    return root == VAL_SLOW ? VAL_SLOW : hmap_new(op->p, words / 2, root, NIL);
}

static value amap_assoc(struct key_op *op, const struct object *m, value key, value val)
{
    int i = amap_index(op, m, key);
    if (i == -2) return VAL_SLOW;
    if (i >= 0) {
        if (m->p[i + 1] == val) return from_obj(m);
        struct object *r = object_copy(op->p, m);
        r->p[i + 1] = val;
        return from_obj(r);
    }
    uint32_t words = object_words(m), size = obj_size(m);
    value meta = obj_meta(from_obj(m));
    if (words < 2 * AMAP_MAX) {
        struct object *r = heap_alloc(op->p, T_AMAP, meta == NIL ? 0 : OBJ_META, size + 2);
        if (words) __builtin_memcpy(r->p, m->p, (size_t)words * 8);
        r->p[words] = key;
        r->p[words + 1] = val;
        if (meta != NIL) r->p[words + 2] = meta;
        op->added = true;
        return from_obj(r);
    }
    value h = hmap_from_amap(op, m);
    if (h == VAL_SLOW) return h;
    uint32_t hash;
    if (!key_hash(op, key, &hash)) return VAL_SLOW;
    value root = hnode_assoc(op, to_obj(h)->p[1], 0, hash, key, val);
    return root == VAL_SLOW ? root : hmap_new(op->p, to_obj(h)->p[0] + 1, root, meta);
}

value map_assoc_op(struct key_op *op, value m, value key, value val)
{
    const struct object *o = to_obj(m);
    op->added = false;
    op->token = 0; /* the context may come from work on a transient */
    switch (obj_type(o)) {
    case T_AMAP: return amap_assoc(op, o, key, val);
    case T_HMAP: {
        uint32_t hash;
        if (!key_hash(op, key, &hash)) return VAL_SLOW;
        value root = hnode_assoc(op, o->p[1], 0, hash, key, val);
        if (root == VAL_SLOW) return root;
        if (root == o->p[1]) return m;
        return hmap_new(op->p, o->p[0] + op->added, root, obj_meta(m));
    }
    default: return sorted_put(op, o, key, val);
    }
}

value map_assoc(struct process *p, value m, value key, value val)
{
    struct key_op op = KEY_OP(p);
    return map_assoc_op(&op, m, key, val);
}

static value empty_map_with(struct process *p, value meta)
{
    if (meta == NIL) return empty_map();
    struct object *o = heap_alloc(p, T_AMAP, OBJ_META, 1);
    o->p[0] = meta;
    return from_obj(o);
}

static value amap_dissoc(struct key_op *op, const struct object *m, value key)
{
    int i = amap_index(op, m, key);
    if (i < 0) return i == -2 ? VAL_SLOW : from_obj(m);
    uint32_t size = obj_size(m);
    value meta = obj_meta(from_obj(m));
    op->added = true;
    if (object_words(m) == 2) return empty_map_with(op->p, meta);
    struct object *r = heap_alloc(op->p, T_AMAP, meta == NIL ? 0 : OBJ_META, size - 2);
    __builtin_memcpy(r->p, m->p, (size_t)i * 8);
    __builtin_memcpy(r->p + i, m->p + i + 2, (size_t)(size - (uint32_t)i - 2) * 8);
    return from_obj(r);
}

value map_dissoc_op(struct key_op *op, value m, value key)
{
    const struct object *o = to_obj(m);
    op->added = false;
    op->token = 0; /* the context may come from work on a transient */
    switch (obj_type(o)) {
    case T_AMAP: return amap_dissoc(op, o, key);
    case T_HMAP: {
        uint32_t hash;
        if (!key_hash(op, key, &hash)) return VAL_SLOW;
        value root = hnode_dissoc(op, o->p[1], 0, hash, key);
        if (root == VAL_SLOW) return root;
        if (!op->added) return m;
        if (o->p[0] == 1) return empty_map_with(op->p, obj_meta(m));
        return hmap_new(op->p, o->p[0] - 1, root, obj_meta(m));
    }
    default: return sorted_remove(op, o, key);
    }
}

value map_dissoc(struct process *p, value m, value key)
{
    struct key_op op = KEY_OP(p);
    return map_dissoc_op(&op, m, key);
}

value map_make(struct process *p, const value *keys_and_values, size_t entries)
{
    struct key_op op = KEY_OP(p);
    value m = empty_map();
    size_t i = 0;
    for (; i < entries && obj_type(to_obj(m)) == T_AMAP && m != VAL_SLOW; i++) {
        m = map_assoc_op(&op, m, keys_and_values[2 * i], keys_and_values[2 * i + 1]);
        if (m == VAL_SLOW) return m;
    }
    if (i == entries) return m;
    op.token = edit_token_new(p);
    uint64_t count = to_obj(m)->p[0];
    value root = to_obj(m)->p[1];
    for (; i < entries; i++) {
        uint32_t hash;
        op.budget = EQUAL_BUDGET;
        op.added = false;
        if (!key_hash(&op, keys_and_values[2 * i], &hash)) return VAL_SLOW;
        root = hnode_assoc(&op, root, 0, hash, keys_and_values[2 * i], keys_and_values[2 * i + 1]);
        if (root == VAL_SLOW) return root;
        count += op.added;
    }
    return hmap_new(p, count, root, NIL);
}
