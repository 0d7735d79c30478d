/* Sets: HSET (hash trie, one word an entry), SSET (sorted). */
#include "runtime/value/sorted.h"

static const struct {
    uint64_t header;
    value p[2];
} empty_set_object = {HEADER_TAG | (uint64_t)T_HSET << 40 | (uint64_t)OBJ_SHARED << 32 | 2, {0, NIL}};

value empty_set(void)
{
    return from_obj(&empty_set_object);
}

bool is_set(value v)
{
    enum object_type t = type_of(v);
    return t == T_HSET || t == T_SSET;
}

uint64_t set_count(value s)
{
    return to_obj(s)->p[0];
}

value set_get_op(struct key_op *op, value s, value key)
{
    const struct object *o = to_obj(s);
    bool slow = false;
    if (obj_type(o) == T_SSET) {
        const struct object *n = sorted_find(op, o, key, &slow);
        return n ? n->p[TREE_KEY] : slow ? VAL_SLOW : op->failed ? VAL_ERROR : VAL_ABSENT;
    }
    if (o->p[1] == NIL) return VAL_ABSENT;
    uint32_t hash;
    if (!key_hash(op, key, &hash)) return VAL_SLOW;
    const value *entry = hnode_find(op, to_obj(o->p[1]), hash, key, &slow);
    return entry ? *entry : slow ? VAL_SLOW : VAL_ABSENT;
}

static value hset_new(struct process *p, uint64_t count, value root, value meta)
{
    bool has_meta = meta != NIL;
    if (count == 0 && !has_meta) return empty_set();
    struct object *o = heap_alloc(p, T_HSET, has_meta ? OBJ_META : 0, 2 + has_meta);
    o->p[0] = count;
    o->p[1] = count == 0 ? NIL : root;
    if (has_meta) o->p[2] = meta;
    return from_obj(o);
}

value set_conj_op(struct key_op *op, value s, value key)
{
    const struct object *o = to_obj(s);
    op->added = false;
    op->token = 0; /* the context may come from work on a transient */
    if (obj_type(o) == T_SSET) return sorted_put(op, o, key, NIL);
    uint32_t hash;
    if (!key_hash(op, key, &hash)) return VAL_SLOW;
    value root = o->p[1] == NIL ? hnode_empty(op->p, true, op->token) : o->p[1];
    root = hnode_assoc(op, root, 0, hash, key, NIL);
    if (root == VAL_SLOW) return root;
    return op->added ? hset_new(op->p, o->p[0] + 1, root, obj_meta(s)) : s;
}

value set_disj_op(struct key_op *op, value s, value key)
{
    const struct object *o = to_obj(s);
    op->added = false;
    op->token = 0; /* the context may come from work on a transient */
    if (obj_type(o) == T_SSET) return sorted_remove(op, o, key);
    if (o->p[1] == NIL) return s;
    uint32_t hash;
    if (!key_hash(op, key, &hash)) return VAL_SLOW;
    value root = hnode_dissoc(op, o->p[1], 0, hash, key);
    if (root == VAL_SLOW) return root;
    return op->added ? hset_new(op->p, o->p[0] - 1, root, obj_meta(s)) : s;
}

value set_get(value s, value key)
{
    struct key_op op = KEY_OP(NULL);
    return set_get_op(&op, s, key);
}

value set_conj(struct process *p, value s, value key)
{
    struct key_op op = KEY_OP(p);
    return set_conj_op(&op, s, key);
}

value set_disj(struct process *p, value s, value key)
{
    struct key_op op = KEY_OP(p);
    return set_disj_op(&op, s, key);
}
