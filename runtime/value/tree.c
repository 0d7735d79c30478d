/* Weight-balanced trees: sorted maps and sets, and the entries of collision nodes.  Changes go by rank, so that a search
 * by any order (the canonical one, `compare`, or a comparator written in Lonala) comes first and separately.
 *
 * Invariants (Hirai and Yamamoto 2011, parameters 3 and 2):
 *  1  With weight = size + 1, no subtree weighs more than DELTA times its sibling.
 *  2  TREE_SIZE counts the entries of the subtree.  Depth is at most 2.5 log2(size). */
#include "runtime/value/node.h"

enum { DELTA = 3, GAMMA = 2 };

static inline uint64_t weight(value t)
{
    return tree_size(t) + 1;
}

static value tree_node(struct process *p, value key, value val, value left, value right)
{
    struct object *n = heap_alloc(p, T_TNODE, 0, TREE_WORDS);
    n->p[TREE_SIZE] = tree_size(left) + tree_size(right) + 1;
    n->p[TREE_KEY] = key;
    n->p[TREE_VALUE] = val;
    n->p[TREE_LEFT] = left;
    n->p[TREE_RIGHT] = right;
    return from_obj(n);
}

static inline const value *words(value t)
{
    return to_obj(t)->p;
}

/* The right side has become too heavy. */
static value rotate_left(struct process *p, value key, value val, value left, value right)
{
    const value *r = words(right);
    if (weight(r[TREE_LEFT]) < GAMMA * weight(r[TREE_RIGHT]))
        return tree_node(p, r[TREE_KEY], r[TREE_VALUE], tree_node(p, key, val, left, r[TREE_LEFT]),
                         r[TREE_RIGHT]);
    const value *m = words(r[TREE_LEFT]);
    return tree_node(p, m[TREE_KEY], m[TREE_VALUE], tree_node(p, key, val, left, m[TREE_LEFT]),
                     tree_node(p, r[TREE_KEY], r[TREE_VALUE], m[TREE_RIGHT], r[TREE_RIGHT]));
}

static value rotate_right(struct process *p, value key, value val, value left, value right)
{
    const value *l = words(left);
    if (weight(l[TREE_RIGHT]) < GAMMA * weight(l[TREE_LEFT]))
        return tree_node(p, l[TREE_KEY], l[TREE_VALUE], l[TREE_LEFT],
                         tree_node(p, key, val, l[TREE_RIGHT], right));
    const value *m = words(l[TREE_RIGHT]);
    return tree_node(p, m[TREE_KEY], m[TREE_VALUE],
                     tree_node(p, l[TREE_KEY], l[TREE_VALUE], l[TREE_LEFT], m[TREE_LEFT]),
                     tree_node(p, key, val, m[TREE_RIGHT], right));
}

/* A node of two trees that are balanced, at most one insertion or deletion away from balance with each other. */
static value balanced(struct process *p, value key, value val, value left, value right)
{
    uint64_t l = weight(left), r = weight(right);
    if (r > DELTA * l) return rotate_left(p, key, val, left, right);
    if (l > DELTA * r) return rotate_right(p, key, val, left, right);
    return tree_node(p, key, val, left, right);
}

const struct object *tree_at(value t, uint64_t rank)
{
    for (;;) {
        const value *n = words(t);
        uint64_t left = tree_size(n[TREE_LEFT]);
        if (rank == left) return to_obj(t);
        if (rank < left) {
            t = n[TREE_LEFT];
        } else {
            rank -= left + 1;
            t = n[TREE_RIGHT];
        }
    }
}

/* Recursion here and below: to the depth of the tree, which invariant 2 bounds (80 levels at 2^32 entries). */
value tree_insert_at(struct process *p, value t, uint64_t rank, value key, value val)
{
    if (t == NIL) return tree_node(p, key, val, NIL, NIL);
    const value *n = words(t);
    uint64_t left = tree_size(n[TREE_LEFT]);
    if (rank <= left)
        return balanced(p, n[TREE_KEY], n[TREE_VALUE], tree_insert_at(p, n[TREE_LEFT], rank, key, val),
                        n[TREE_RIGHT]);
    return balanced(p, n[TREE_KEY], n[TREE_VALUE], n[TREE_LEFT],
                    tree_insert_at(p, n[TREE_RIGHT], rank - left - 1, key, val));
}

value tree_replace_at(struct process *p, value t, uint64_t rank, value key, value val)
{
    const value *n = words(t);
    uint64_t left = tree_size(n[TREE_LEFT]);
    if (rank == left) return tree_node(p, key, val, n[TREE_LEFT], n[TREE_RIGHT]);
    if (rank < left)
        return tree_node(p, n[TREE_KEY], n[TREE_VALUE], tree_replace_at(p, n[TREE_LEFT], rank, key, val),
                         n[TREE_RIGHT]);
    return tree_node(p, n[TREE_KEY], n[TREE_VALUE], n[TREE_LEFT],
                     tree_replace_at(p, n[TREE_RIGHT], rank - left - 1, key, val));
}

/* The children of a deleted node become one tree: the neighbour from the heavier side takes its place. */
static value joined(struct process *p, value left, value right)
{
    if (left == NIL) return right;
    if (right == NIL) return left;
    if (tree_size(left) > tree_size(right)) {
        const value *m = tree_at(left, tree_size(left) - 1)->p;
        return balanced(p, m[TREE_KEY], m[TREE_VALUE], tree_delete_at(p, left, tree_size(left) - 1), right);
    }
    const value *m = tree_at(right, 0)->p;
    return balanced(p, m[TREE_KEY], m[TREE_VALUE], left, tree_delete_at(p, right, 0));
}

value tree_delete_at(struct process *p, value t, uint64_t rank)
{
    const value *n = words(t);
    uint64_t left = tree_size(n[TREE_LEFT]);
    if (rank == left) return joined(p, n[TREE_LEFT], n[TREE_RIGHT]);
    if (rank < left)
        return balanced(p, n[TREE_KEY], n[TREE_VALUE], tree_delete_at(p, n[TREE_LEFT], rank), n[TREE_RIGHT]);
    return balanced(p, n[TREE_KEY], n[TREE_VALUE], n[TREE_LEFT],
                    tree_delete_at(p, n[TREE_RIGHT], rank - left - 1));
}

value tree_build(struct process *p, const value *items, uint64_t n, bool pairs)
{
    if (n == 0) return NIL;
    uint64_t middle = n / 2, stride = pairs ? 2 : 1;
    const value *item = items + middle * stride;
    value left = tree_build(p, items, middle, pairs);
    value right = tree_build(p, item + stride, n - middle - 1, pairs);
    return tree_node(p, item[0], pairs ? item[1] : NIL, left, right);
}

/* ---- search ---- */

/* Keys that the canonical order cannot tell apart although they differ (objects with identity only) may stand on either
 * side of each other: look at all of them. */
static value search_ties(struct key_op *op, value t, value key, uint64_t *rank)
{
    if (t == NIL) {
        *rank = 0;
        return FALSE_;
    }
    const value *n = words(t);
    uint64_t left = tree_size(n[TREE_LEFT]);
    int same = key_equal(op, n[TREE_KEY], key);
    if (same != 0) {
        *rank = left;
        return same < 0 ? VAL_SLOW : TRUE_;
    }
    int order = key_order(op, key, n[TREE_KEY]);
    if (order == ORDER_SLOW) return VAL_SLOW;
    value found = FALSE_;
    if (order <= 0) {
        found = search_ties(op, n[TREE_LEFT], key, rank);
        if (found != FALSE_ || order < 0) return found;
    }
    found = search_ties(op, n[TREE_RIGHT], key, rank);
    *rank += left + 1;
    return found;
}

value tree_search(struct key_op *op, value t, value key, bool compare, uint64_t *rank)
{
    uint64_t before = 0;
    *rank = 0;
    while (t != NIL) {
        const value *n = words(t);
        uint64_t left = tree_size(n[TREE_LEFT]);
        int order;
        if (compare) {
            value c = key_compare(op, key, n[TREE_KEY]);
            if (is_sentinel(c)) return c;
            order = (int)to_fixnum(c);
        } else {
            order = key_order(op, key, n[TREE_KEY]);
            if (order == ORDER_SLOW) return VAL_SLOW;
            if (order == 0) {
                value found = search_ties(op, t, key, rank);
                *rank += before;
                return found;
            }
        }
        if (order == 0) {
            *rank = before + left;
            return TRUE_;
        }
        if (order < 0) {
            t = n[TREE_LEFT];
        } else {
            before += left + 1;
            t = n[TREE_RIGHT];
        }
    }
    *rank = before;
    return FALSE_;
}
