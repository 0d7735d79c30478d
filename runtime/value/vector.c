/* Persistent vectors.  Up to SVECTOR_MAX elements lie in one object; beyond, a 32-wide trie with a tail.
 *
 * Invariants of VECTOR:
 *  1  count > 32; the tail holds the last 1 .. 32 elements, the trie the others, so the trie's count is a multiple of 32.
 *  2  Leaves of the trie hold exactly 32 elements; inner nodes 1 .. 32 children, all but the last ones of a level full.
 *  3  The root has at least two children, or is a leaf (shift 0). */
#include "runtime/value/node.h"
#include "runtime/value/vector.h"

static const struct object empty_vector_object = {
    HEADER_TAG | (uint64_t)T_SVECTOR << 40 | (uint64_t)OBJ_SHARED << 32,
};

value empty_vector(void)
{
    return from_obj(&empty_vector_object);
}

bool is_vector(value v)
{
    if (!is_ptr(v)) return false;
    enum object_type t = obj_type(to_obj(v));
    return t == T_SVECTOR || t == T_VECTOR || t == T_SUBVECTOR;
}

static inline uint64_t subvector_start(const struct object *o)
{
    return (uint32_t)o->p[0];
}
static inline uint64_t subvector_end(const struct object *o)
{
    return o->p[0] >> 32;
}

uint64_t vector_count(value v)
{
    const struct object *o = to_obj(v);
    switch (obj_type(o)) {
    case T_SVECTOR: return object_words(o);
    case T_VECTOR: return trie_count(o);
    default: return subvector_end(o) - subvector_start(o);
    }
}

/* The leaf that holds element i; pre: i < count. */
static inline const struct object *trie_leaf(const struct object *o, uint64_t i)
{
    if (i >= trie_tail_start(trie_count(o))) return to_obj(o->p[2]);
    const struct object *n = to_obj(o->p[1]);
    for (unsigned shift = trie_shift(o); shift > 0; shift -= 5) n = to_obj(n->p[i >> shift & 31]);
    return n;
}

value vector_nth(value v, uint64_t i)
{
    const struct object *o = to_obj(v);
    if (obj_type(o) == T_SUBVECTOR) {
        if (i >= subvector_end(o) - subvector_start(o)) return VAL_ABSENT;
        i += subvector_start(o);
        o = to_obj(o->p[1]);
    }
    if (obj_type(o) == T_VECTOR) return i < trie_count(o) ? trie_leaf(o, i)->p[i & 31] : VAL_ABSENT;
    return i < object_words(o) ? o->p[i] : VAL_ABSENT;
}

const value *vector_run(value v, uint64_t i, uint64_t *length)
{
    const struct object *o = to_obj(v);
    uint64_t end = UINT64_MAX;
    if (obj_type(o) == T_SUBVECTOR) {
        end = subvector_end(o);
        i += subvector_start(o);
        o = to_obj(o->p[1]);
    }
    if (obj_type(o) == T_SVECTOR) {
        *length = min_u64(end, object_words(o)) - i;
        return o->p + i;
    }
    uint64_t leaf_end = min_u64((i | 31) + 1, trie_count(o));
    *length = min_u64(end, leaf_end) - i;
    return trie_leaf(o, i)->p + (i & 31);
}

/* ---- making ---- */

static value svector_from(struct process *p, const value *items, uint32_t n, uint32_t extra, value meta)
{
    bool has_meta = meta != NIL;
    struct object *o = heap_alloc(p, T_SVECTOR, has_meta ? OBJ_META : 0, n + extra + has_meta);
    if (n) __builtin_memcpy(o->p, items, (size_t)n * 8);
    if (has_meta) o->p[n + extra] = meta;
    return from_obj(o);
}

value trie_vector(struct process *p, uint64_t count, unsigned shift, value root, value tail, value meta)
{
    bool has_meta = meta != NIL;
    struct object *o = heap_alloc(p, T_VECTOR, has_meta ? OBJ_META : 0, 3 + has_meta);
    o->p[0] = count | (uint64_t)shift << 32;
    o->p[1] = root;
    o->p[2] = tail;
    if (has_meta) o->p[3] = meta;
    return from_obj(o);
}

value vnode_from(struct process *p, const value *items, uint32_t n, uint32_t extra, uint32_t token)
{
    struct object *o = node_alloc(p, T_VNODE, 0, n + extra, token);
    if (n) __builtin_memcpy(o->p, items, (size_t)n * 8);
    return from_obj(o);
}

value trie_push_leaf(struct process *p, value root, uint64_t count, unsigned *shift, value leaf,
                     uint32_t token)
{
    if (root == NIL) return leaf;
    if (count == 32ull << *shift) { /* full: one level more */
        struct object *top = node_alloc(p, T_VNODE, 0, 2, token);
        top->p[0] = root;
        value branch = leaf;
        for (unsigned s = 0; s < *shift; s += 5) {
            struct object *n = node_alloc(p, T_VNODE, 0, 1, token);
            n->p[0] = branch;
            branch = from_obj(n);
        }
        top->p[1] = branch;
        *shift += 5;
        return from_obj(top);
    }
    /* Nodes on the right edge grow by one child where the path to the new leaf leaves them; the ones above are copied, or
     * changed in place if they belong to the transient. */
    value new_root = NIL;
    struct object *parent = NULL;
    uint32_t parent_slot = 0;
    value at = root;
    for (unsigned s = *shift;; s -= 5) {
        struct object *n = to_obj(at);
        uint32_t slot = (uint32_t)(count >> s & 31), size = obj_size(n);
        bool grows = slot == size;
        struct object *copy = n;
        if (grows || !node_editable(n, token)) copy = to_obj(vnode_from(p, n->p, size, grows, token));
        if (parent)
            heap_write(p, parent, parent_slot, from_obj(copy));
        else
            new_root = from_obj(copy);
        if (grows) {
            value branch = leaf;
            for (unsigned below = 5; below < s; below += 5) {
                struct object *b = node_alloc(p, T_VNODE, 0, 1, token);
                b->p[0] = branch;
                branch = from_obj(b);
            }
            copy->p[slot] = branch;
            return new_root;
        }
        parent = copy;
        parent_slot = slot;
        at = n->p[slot];
    }
}

value vector_make(struct process *p, const value *items, size_t n)
{
    if (n == 0) return empty_vector();
    if (n <= SVECTOR_MAX) return svector_from(p, items, (uint32_t)n, 0, NIL);
    size_t tail_start = trie_tail_start(n);
    value root = NIL;
    unsigned shift = 0;
    uint32_t token = n > 1024 ? edit_token_new(p) : 0;
    for (size_t i = 0; i < tail_start; i += 32)
        root = trie_push_leaf(p, root, i, &shift, vnode_from(p, items + i, 32, 0, 0), token);
    return trie_vector(p, n, shift, root, vnode_from(p, items + tail_start, (uint32_t)(n - tail_start), 0, 0),
                       NIL);
}

value entry_make(struct process *p, value key, value val)
{
    struct object *o = heap_alloc(p, T_SVECTOR, OBJ_A, 2);
    o->p[0] = key;
    o->p[1] = val;
    return from_obj(o);
}

/* ---- conj, assoc, pop ---- */

static value trie_conj(struct process *p, const struct object *o, value item)
{
    uint64_t count = trie_count(o);
    const struct object *tail = to_obj(o->p[2]);
    uint32_t tail_size = (uint32_t)(count - trie_tail_start(count));
    unsigned shift = trie_shift(o);
    value root = o->p[1];
    struct object *new_tail;
    if (tail_size < 32) {
        new_tail = to_obj(vnode_from(p, tail->p, tail_size, 1, 0));
        new_tail->p[tail_size] = item;
    } else {
        root = trie_push_leaf(p, root, count - 32, &shift, o->p[2], 0);
        new_tail = to_obj(vnode_from(p, NULL, 0, 1, 0));
        new_tail->p[0] = item;
    }
    return trie_vector(p, count + 1, shift, root, from_obj(new_tail), obj_meta(from_obj(o)));
}

static value subvector_new(struct process *p, value of, uint64_t start, uint64_t end, value meta)
{
    bool has_meta = meta != NIL;
    struct object *o = heap_alloc(p, T_SUBVECTOR, has_meta ? OBJ_META : 0, 2 + has_meta);
    o->p[0] = start | end << 32;
    o->p[1] = of;
    if (has_meta) o->p[2] = meta;
    return from_obj(o);
}

value vector_conj(struct process *p, value v, value item)
{
    const struct object *o = to_obj(v);
    if (obj_type(o) == T_VECTOR) return trie_conj(p, o, item);
    if (obj_type(o) == T_SUBVECTOR) {
        value of = vector_assoc(p, o->p[1], subvector_end(o), item);
        return subvector_new(p, of, subvector_start(o), subvector_end(o) + 1, obj_meta(v));
    }
    uint32_t n = object_words(o);
    if (n < SVECTOR_MAX) {
        value r = svector_from(p, o->p, n, 1, obj_meta(v));
        to_obj(r)->p[n] = item;
        return r;
    }
    value tail = vnode_from(p, &item, 1, 0, 0);
    return trie_vector(p, SVECTOR_MAX + 1, 0, vnode_from(p, o->p, SVECTOR_MAX, 0, 0), tail, obj_meta(v));
}

value trie_assoc(struct process *p, value root, unsigned shift, uint64_t i, value item, uint32_t token)
{
    value new_root = NIL;
    struct object *parent = NULL;
    uint32_t parent_slot = 0;
    for (;; shift -= 5) {
        struct object *n = to_obj(root);
        if (!node_editable(n, token)) n = to_obj(vnode_from(p, n->p, obj_size(n), 0, token));
        if (parent)
            heap_write(p, parent, parent_slot, from_obj(n));
        else
            new_root = from_obj(n);
        uint32_t slot = (uint32_t)(i >> shift & 31);
        if (shift == 0) {
            heap_write(p, n, slot, item);
            return new_root;
        }
        parent = n;
        parent_slot = slot;
        root = n->p[slot];
    }
}

value vector_assoc(struct process *p, value v, uint64_t i, value item)
{
    const struct object *o = to_obj(v);
    uint64_t count = vector_count(v);
    if (i > count) return VAL_ABSENT;
    if (i == count) return vector_conj(p, v, item);
    value meta = obj_meta(v);
    if (obj_type(o) == T_SVECTOR) {
        value r = svector_from(p, o->p, (uint32_t)count, 0, meta);
        to_obj(r)->p[i] = item;
        return r;
    }
    if (obj_type(o) == T_SUBVECTOR) {
        value of = vector_assoc(p, o->p[1], subvector_start(o) + i, item);
        return subvector_new(p, of, subvector_start(o), subvector_end(o), meta);
    }
    uint64_t tail_start = trie_tail_start(count);
    if (i < tail_start) {
        value root = trie_assoc(p, o->p[1], trie_shift(o), i, item, 0);
        return trie_vector(p, count, trie_shift(o), root, o->p[2], meta);
    }
    value tail = vnode_from(p, to_obj(o->p[2])->p, (uint32_t)(count - tail_start), 0, 0);
    to_obj(tail)->p[i - tail_start] = item;
    return trie_vector(p, count, trie_shift(o), o->p[1], tail, meta);
}

value trie_pop_leaf(struct process *p, value root, uint64_t count, unsigned *shift, value *leaf)
{
    if (*shift == 0) {
        *leaf = root;
        return NIL;
    }
    /* The path to the last leaf; nodes that hold nothing else go. */
    uint64_t last = count - 1;
    const struct object *path[16];
    unsigned depth = 0;
    value at = root;
    for (unsigned s = *shift; s > 0; s -= 5) {
        path[depth++] = to_obj(at);
        at = to_obj(at)->p[last >> s & 31];
    }
    *leaf = at;
    value below = NIL;
    unsigned s = 5;
    while (depth-- > 0) {
        const struct object *n = path[depth];
        uint32_t slot = (uint32_t)(last >> s & 31);
        uint32_t size = slot + (below != NIL);
        if (size == 0) {
            below = NIL;
        } else {
            value copy = vnode_from(p, n->p, slot, below != NIL, 0);
            if (below != NIL) to_obj(copy)->p[slot] = below;
            below = copy;
        }
        s += 5;
    }
    if (obj_size(to_obj(below)) == 1) { /* invariant 3 */
        below = to_obj(below)->p[0];
        *shift -= 5;
    }
    return below;
}

value vector_pop(struct process *p, value v)
{
    const struct object *o = to_obj(v);
    value meta = obj_meta(v);
    uint64_t count = vector_count(v);
    if (obj_type(o) == T_SUBVECTOR)
        return with_vector_meta(p, vector_sub(p, o->p[1], subvector_start(o), subvector_end(o) - 1), meta);
    if (obj_type(o) == T_SVECTOR) {
        if (count == 1 && meta == NIL) return empty_vector();
        return svector_from(p, o->p, (uint32_t)count - 1, 0, meta);
    }
    uint64_t tail_start = trie_tail_start(count);
    const struct object *tail = to_obj(o->p[2]);
    if (count == SVECTOR_MAX + 1) return svector_from(p, to_obj(o->p[1])->p, SVECTOR_MAX, 0, meta);
    if (count - tail_start > 1) {
        value new_tail = vnode_from(p, tail->p, (uint32_t)(count - tail_start) - 1, 0, 0);
        return trie_vector(p, count - 1, trie_shift(o), o->p[1], new_tail, meta);
    }
    unsigned shift = trie_shift(o);
    value leaf;
    value root = trie_pop_leaf(p, o->p[1], tail_start, &shift, &leaf);
    return trie_vector(p, count - 1, shift, root, leaf, meta);
}

value with_vector_meta(struct process *p, value v, value meta)
{
    if (meta == NIL) return v;
    const struct object *o = to_obj(v);
    uint32_t words = object_words(o);
    struct object *n = heap_alloc(p, obj_type(o), OBJ_META, words + 1);
    __builtin_memcpy(n->p, o->p, (size_t)words * 8);
    n->p[words] = meta;
    return from_obj(n);
}

/* Small slices are copied, so that they do not hold on to the whole vector. */
value vector_sub(struct process *p, value v, uint64_t from, uint64_t to)
{
    const struct object *o = to_obj(v);
    if (from == to) return empty_vector();
    if (to - from > SVECTOR_MAX) {
        if (from == 0 && to == vector_count(v) && obj_type(o) == T_VECTOR && !obj_has(o, OBJ_META)) return v;
        if (obj_type(o) == T_SUBVECTOR)
            return subvector_new(p, o->p[1], subvector_start(o) + from, subvector_start(o) + to, NIL);
        return subvector_new(p, v, from, to, NIL);
    }
    value r = svector_from(p, NULL, 0, (uint32_t)(to - from), NIL);
    for (uint64_t i = from; i < to;) {
        uint64_t run;
        const value *items = vector_run(v, i, &run);
        if (run > to - i) run = to - i;
        __builtin_memcpy(to_obj(r)->p + (i - from), items, run * 8);
        i += run;
    }
    return r;
}
