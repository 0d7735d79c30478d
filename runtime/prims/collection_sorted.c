/* Sorted collections by rank: what Lonala builds custom comparators, subseq and rsubseq on. */
#include "runtime/prims/collection.h"

static struct object *sorted_argument(struct process *p, const char *name, value v)
{
    if (is_sorted(v)) return to_obj(v);
    fail_type(p, name, 1, v, "a sorted map or set");
    return NULL;
}

static bool rank_argument(struct process *p, const char *name, const struct object *o, value v,
                          uint64_t limit, uint64_t *rank)
{
    if (index_argument(v, rank) && *rank < limit) return true;
    fail_range(p, name, v, limit);
    return false;
}

PLAIN(prim_sorted_empty)
{
    return sorted_new(p, truthy(a[0]), NIL, a[1], NIL);
}

PLAIN(prim_sorted_comparator)
{
    struct object *o = sorted_argument(p, "-sorted-comparator", a[0]);
    return o ? o->p[SORTED_COMPARATOR] : VAL_ERROR;
}

static value node_part(struct process *p, value *a, const char *name, unsigned part)
{
    uint64_t rank;
    struct object *o = sorted_argument(p, name, a[0]);
    if (!o || !rank_argument(p, name, o, a[1], o->p[SORTED_COUNT], &rank)) return VAL_ERROR;
    return tree_at(o->p[SORTED_ROOT], rank)->p[part];
}
PLAIN(prim_sorted_key_at)
{
    return node_part(p, a, "-sorted-key-at", TREE_KEY);
}
PLAIN(prim_sorted_value_at)
{
    return node_part(p, a, "-sorted-value-at", TREE_VALUE);
}

PLAIN(prim_sorted_insert_at)
{
    uint64_t rank;
    struct object *o = sorted_argument(p, "-sorted-insert-at", a[0]);
    if (!o || !rank_argument(p, "-sorted-insert-at", o, a[1], o->p[SORTED_COUNT] + 1, &rank))
        return VAL_ERROR;
    return sorted_with_root(p, o, tree_insert_at(p, o->p[SORTED_ROOT], rank, a[2], a[3]));
}

PLAIN(prim_sorted_replace_at)
{
    uint64_t rank;
    struct object *o = sorted_argument(p, "-sorted-replace-at", a[0]);
    if (!o || !rank_argument(p, "-sorted-replace-at", o, a[1], o->p[SORTED_COUNT], &rank)) return VAL_ERROR;
    const struct object *n = tree_at(o->p[SORTED_ROOT], rank);
    if (n->p[TREE_VALUE] == a[2]) return a[0];
    return sorted_with_root(p, o, tree_replace_at(p, o->p[SORTED_ROOT], rank, n->p[TREE_KEY], a[2]));
}

PLAIN(prim_sorted_delete_at)
{
    uint64_t rank;
    struct object *o = sorted_argument(p, "-sorted-delete-at", a[0]);
    if (!o || !rank_argument(p, "-sorted-delete-at", o, a[1], o->p[SORTED_COUNT], &rank)) return VAL_ERROR;
    return sorted_with_root(p, o, tree_delete_at(p, o->p[SORTED_ROOT], rank));
}

/* The entries from a rank on, upwards or downwards; nil when the rank is outside. */
PLAIN(prim_sorted_seq_from)
{
    uint64_t rank;
    struct object *o = sorted_argument(p, "-sorted-seq-from", a[0]);
    if (!o) return VAL_ERROR;
    uint32_t kind = (obj_type(o) == T_SSET ? SEQ_KEYS : 0) | (truthy(a[2]) ? SEQ_DOWN : 0);
    return index_argument(a[1], &rank) ? tree_seq_new(p, o->p[SORTED_ROOT], rank, kind) : NIL;
}

/* [rank found?] of a key by the default order. */
static value do_rank(struct key_op *op, value *a, unsigned argc)
{
    uint64_t rank;
    struct object *o = sorted_argument(op->p, "-sorted-rank", a[0]);
    if (!o) return VAL_ERROR;
    if (has_comparator(o))
        return process_fail(op->p, ERR_ARGUMENT, NIL, "the collection has a comparator of its own");
    value found = tree_search(op, o->p[SORTED_ROOT], a[1], true, &rank);
    if (is_sentinel(found)) return found;
    value pair[2] = {from_fixnum((int64_t)rank), found};
    return vector_make(op->p, pair, 2);
}
RESUMABLE(prim_sorted_rank, do_rank, "lona.core/-sorted-rank", TRAP_RETRY)
