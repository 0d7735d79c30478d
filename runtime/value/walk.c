#include "runtime/value/node.h"
#include "runtime/value/sorted.h"

void walk_start(struct walk *w, value coll)
{
    w->coll = coll;
    w->position = 0;
    w->depth = -1;
    enum object_type t = type_of(coll);
    if ((t != T_HMAP && t != T_HSET) || to_obj(coll)->p[1] == NIL) return;
    w->depth = 0;
    w->stack[0] = to_obj(coll)->p[1];
    w->index[0] = 0;
}

static bool walk_tree(struct walk *w, value root, value *key, value *val)
{
    const struct object *n = tree_at(root, w->position++);
    *key = n->p[TREE_KEY];
    *val = n->p[TREE_VALUE];
    return true;
}

static bool walk_node(struct walk *w, value *key, value *val)
{
    while (w->depth >= 0) {
        const struct object *n = to_obj(w->stack[w->depth]);
        uint32_t i = w->index[w->depth];
        if (hnode_is_collision(n)) {
            if (i == 0) w->position = 0;
            w->index[w->depth] = 1;
            if (w->position < n->p[0]) return walk_tree(w, n->p[1], key, val);
            w->depth--;
            continue;
        }
        unsigned stride = hnode_stride(n), entries = (unsigned)__builtin_popcount(hnode_data(n));
        if (i < entries) {
            w->index[w->depth]++;
            *key = n->p[1 + i * stride];
            *val = n->p[i * stride + stride];
            return true;
        }
        uint32_t at = 1 + entries * stride + (i - entries);
        if (at >= obj_size(n)) {
            w->depth--;
            continue;
        }
        w->index[w->depth++]++;
        w->stack[w->depth] = n->p[at];
        w->index[w->depth] = 0;
    }
    return false;
}

bool walk_next(struct walk *w, value *key, value *val)
{
    const struct object *o = to_obj(w->coll);
    switch (obj_type(o)) {
    case T_HMAP: return walk_node(w, key, val);
    case T_HSET:
        if (!walk_node(w, key, val)) return false;
        *val = *key;
        return true;
    case T_AMAP:
        if (2 * w->position + 1 >= object_words(o)) return false;
        *key = o->p[2 * w->position];
        *val = o->p[2 * w->position + 1];
        w->position++;
        return true;
    case T_SMAP:
    case T_SSET:
        if (w->position >= o->p[SORTED_COUNT]) return false;
        walk_tree(w, o->p[SORTED_ROOT], key, val);
        if (obj_type(o) == T_SSET) *val = *key;
        return true;
    default:
        *key = *val = vector_nth(w->coll, w->position);
        w->position++;
        return *key != VAL_ABSENT;
    }
}
