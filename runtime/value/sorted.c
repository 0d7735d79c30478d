#include "runtime/value/sorted.h"

value sorted_new(struct process *p, bool set, value root, value comparator, value meta)
{
    bool has_meta = meta != NIL;
    struct object *o = heap_alloc(p, set ? T_SSET : T_SMAP, has_meta ? OBJ_META : 0, 3 + has_meta);
    o->p[SORTED_COUNT] = tree_size(root);
    o->p[SORTED_ROOT] = root;
    o->p[SORTED_COMPARATOR] = comparator;
    if (has_meta) o->p[3] = meta;
    return from_obj(o);
}

value sorted_with_root(struct process *p, const struct object *o, value root)
{
    return sorted_new(p, obj_type(o) == T_SSET, root, o->p[SORTED_COMPARATOR], obj_meta(from_obj(o)));
}

static value search(struct key_op *op, const struct object *o, value key, uint64_t *rank)
{
    if (has_comparator(o)) return VAL_SLOW;
    return tree_search(op, o->p[SORTED_ROOT], key, true, rank);
}

const struct object *sorted_find(struct key_op *op, const struct object *o, value key, bool *slow)
{
    uint64_t rank;
    value found = search(op, o, key, &rank);
    if (found == VAL_SLOW) *slow = true;
    if (found == VAL_ERROR && op->p) op->failed = true;
    return found == TRUE_ ? tree_at(o->p[SORTED_ROOT], rank) : NULL;
}

value sorted_put(struct key_op *op, const struct object *o, value key, value val)
{
    uint64_t rank;
    value root = o->p[SORTED_ROOT], found = search(op, o, key, &rank);
    if (found == TRUE_) {
        const struct object *n = tree_at(root, rank);
        if (n->p[TREE_VALUE] == val) return from_obj(o);
        return sorted_with_root(op->p, o, tree_replace_at(op->p, root, rank, n->p[TREE_KEY], val));
    }
    if (found != FALSE_) return found;
    if (root == NIL) { /* a key that has no order at all is refused at once, not when the second one comes */
        value c = key_compare(op, key, key);
        if (is_sentinel(c)) return c;
    }
    op->added = true;
    return sorted_with_root(op->p, o, tree_insert_at(op->p, root, rank, key, val));
}

value sorted_remove(struct key_op *op, const struct object *o, value key)
{
    uint64_t rank;
    value found = search(op, o, key, &rank);
    if (found == FALSE_) return from_obj(o);
    if (found != TRUE_) return found;
    op->added = true;
    return sorted_with_root(op->p, o, tree_delete_at(op->p, o->p[SORTED_ROOT], rank));
}
