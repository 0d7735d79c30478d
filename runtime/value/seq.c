#include "runtime/value/seq.h"
#include "runtime/value/node.h"
#include "runtime/value/number.h"
#include "runtime/value/record.h"
#include "runtime/value/sorted.h"
#include "runtime/value/string.h"
#include "runtime/value/vector.h"

enum { LAZY_HOPS = 256 };
enum { INDEXED_AT, INDEXED_COLL };
enum { WALK_AT, WALK_NODE, WALK_REST };
enum { TREE_SEQ_NODE, TREE_SEQ_REST };
enum { RANGE_START, RANGE_END, RANGE_STEP };

static const uint32_t kind_mask = SEQ_KEYS | SEQ_DOWN | SEQ_VALUES;

bool is_seq(value v)
{
    switch (type_of(v)) {
    case T_CONS:
    case T_EMPTY_LIST:
    case T_INDEXED_SEQ:
    case T_MAP_SEQ:
    case T_TREE_SEQ:
    case T_RANGE: return true;
    case T_LAZY: return !obj_has(to_obj(v), OBJ_A);
    default: return false;
    }
}

bool is_sequential(value v)
{
    return is_seq(v) || is_vector(v);
}

value lazy_follow(value v)
{
    for (int hops = 0; hops < LAZY_HOPS; hops++) {
        if (!is_lazy_seq(v)) return v;
        if (to_obj(v)->p[0] != NIL) return VAL_SLOW;
        v = to_obj(v)->p[1];
    }
    return VAL_SLOW;
}

enum { CHAIN_STEPS = 64 };

value lazy_end(struct process *p, value v)
{
    value at = v;
    int32_t steps = 0;
    for (; is_lazy_seq(at) && to_obj(at)->p[LAZY_THUNK] == NIL; steps++) at = to_obj(at)->p[LAZY_VALUE];
    p->reductions -= steps / CHAIN_STEPS;
    if (steps > 1 && !obj_has(to_obj(v), OBJ_SHARED)) heap_write(p, to_obj(v), LAZY_VALUE, at);
    return at;
}

value lazy_settle(struct process *p, value v)
{
    value end = lazy_end(p, v);
    return is_lazy_seq(end) ? VAL_SLOW : end;
}

value lazy_pending(struct process *p, value v)
{
    value end = lazy_end(p, v);
    return is_type(end, T_LAZY) && to_obj(end)->p[LAZY_THUNK] != NIL ? end : NIL;
}

static value item_of(struct process *p, uint32_t kind, value key, value val)
{
    if (kind & SEQ_KEYS) return key;
    if (kind & SEQ_VALUES) return val;
    return p ? entry_make(p, key, val) : VAL_SLOW;
}

/* ---- indexed ---- */

bool is_indexed(value v)
{
    switch (type_of(v)) {
    case T_SVECTOR:
    case T_VECTOR:
    case T_SUBVECTOR:
    case T_STRING:
    case T_STRING_BLOB:
    case T_AMAP:
    case T_ARRAY:
    case T_BINARY:
    case T_BINARY_BLOB: return true;
    default: return false;
    }
}

uint64_t indexed_count(value coll)
{
    size_t bytes;
    switch (type_of(coll)) {
    case T_STRING:
    case T_STRING_BLOB: return string_chars(coll);
    case T_AMAP: return map_count(coll);
    case T_ARRAY: return obj_size(to_obj(coll));
    case T_BINARY:
    case T_BINARY_BLOB: binary_bytes(coll, &bytes); return bytes;
    default: return vector_count(coll);
    }
}

static value indexed_item(struct process *p, value coll, uint64_t i, uint32_t kind)
{
    const struct object *o = to_obj(coll);
    size_t bytes;
    switch (obj_type(o)) {
    case T_STRING:
    case T_STRING_BLOB: return from_char(string_char_at(coll, (uint32_t)i));
    case T_AMAP: return item_of(p, kind, o->p[2 * i], o->p[2 * i + 1]);
    case T_ARRAY: return o->p[i];
    case T_BINARY:
    case T_BINARY_BLOB: return from_fixnum(binary_bytes(coll, &bytes)[i]);
    default: return vector_nth(coll, i);
    }
}

value indexed_at(struct process *p, value coll, uint64_t i)
{
    return indexed_item(p, coll, i, 0);
}

/* Code point that starts at a byte of a valid string, and its length. */
static uint32_t decode_at(const char *bytes, size_t at, unsigned *length)
{
    const uint8_t *s = (const uint8_t *)bytes + at;
    if (s[0] < 0x80) return *length = 1, s[0];
    if (s[0] < 0xe0) return *length = 2, (s[0] & 0x1fu) << 6 | (s[1] & 0x3fu);
    if (s[0] < 0xf0) return *length = 3, (s[0] & 0xfu) << 12 | (s[1] & 0x3fu) << 6 | (s[2] & 0x3fu);
    return *length = 4, (s[0] & 7u) << 18 | (s[1] & 0x3fu) << 12 | (s[2] & 0x3fu) << 6 | (s[3] & 0x3fu);
}

/* The raw word is the index; of strings it also holds the byte offset (high half), so that a walk is linear. */
static value indexed_new(struct process *p, value coll, uint64_t raw, uint32_t kind)
{
    struct object *o = heap_alloc(p, T_INDEXED_SEQ, kind, 2);
    o->p[INDEXED_AT] = raw;
    o->p[INDEXED_COLL] = coll;
    return from_obj(o);
}

value indexed_seq_new(struct process *p, value coll, uint64_t index, uint32_t kind)
{
    if (is_string(coll) && index > 0) {
        size_t size, at = 0;
        const char *bytes = string_bytes(coll, &size);
        unsigned length = 1;
        if (size == string_chars(coll)) {
            at = index;
        } else {
            for (uint64_t i = 0; i < index; i++, at += length) decode_at(bytes, at, &length);
        }
        index |= (uint64_t)at << 32;
    }
    return indexed_new(p, coll, index, kind);
}

static uint64_t indexed_position(const struct object *o)
{
    return is_string(o->p[INDEXED_COLL]) ? (uint32_t)o->p[INDEXED_AT] : o->p[INDEXED_AT];
}

static value indexed_first(struct process *p, const struct object *o)
{
    value coll = o->p[INDEXED_COLL];
    if (is_string(coll)) {
        size_t size;
        unsigned length;
        const char *bytes = string_bytes(coll, &size);
        return from_char(decode_at(bytes, o->p[INDEXED_AT] >> 32, &length));
    }
    return indexed_item(p, coll, o->p[INDEXED_AT], header_flags(o->header) & kind_mask);
}

static value indexed_rest(struct process *p, const struct object *o)
{
    value coll = o->p[INDEXED_COLL];
    uint32_t kind = header_flags(o->header) & kind_mask;
    uint64_t at = o->p[INDEXED_AT], step = 1;
    if ((kind & SEQ_DOWN) && is_vector(coll))
        return at == 0 ? NIL : p ? indexed_new(p, coll, at - 1, kind) : VAL_SLOW;
    if (indexed_position(o) + 1 >= indexed_count(coll)) return NIL;
    if (is_string(coll)) {
        size_t size;
        unsigned length;
        decode_at(string_bytes(coll, &size), at >> 32, &length);
        step |= (uint64_t)length << 32;
    }
    return p ? indexed_new(p, coll, at + step, kind) : VAL_SLOW;
}

/* ---- hash maps and sets ---- */

static value walk_new(struct process *p, uint64_t at, value node, value rest, uint32_t kind)
{
    struct object *o = heap_alloc(p, T_MAP_SEQ, kind, 3);
    o->p[WALK_AT] = at;
    o->p[WALK_NODE] = node;
    o->p[WALK_REST] = rest;
    return from_obj(o);
}

/* The seq that stands at the first entry from position `at` of a node on.  Positions count entries, then children; in the
 * tree of a collision node, ranks.  Rests may stand at children; a seq that a program sees stands at an entry. */
static value walk_from(struct process *p, uint64_t at, value node, value rest, uint32_t kind)
{
    for (;;) {
        const struct object *n = to_obj(node);
        if (obj_type(n) == T_TNODE) {
            if (at < n->p[TREE_SIZE]) return walk_new(p, at, node, rest, kind);
        } else if (hnode_is_collision(n)) {
            node = n->p[1];
            at = 0;
            continue;
        } else {
            unsigned entries = (unsigned)__builtin_popcount(hnode_data(n));
            unsigned children = (unsigned)__builtin_popcount(hnode_children(n));
            if (at < entries) return walk_new(p, at, node, rest, kind);
            if (at < entries + children) {
                if (at + 1 < entries + children) rest = walk_new(p, at + 1, node, rest, kind);
                node = n->p[1 + entries * hnode_stride(n) + (at - entries)];
                at = 0;
                continue;
            }
        }
        if (rest == NIL) return NIL;
        const value *r = to_obj(rest)->p;
        at = r[WALK_AT];
        node = r[WALK_NODE];
        rest = r[WALK_REST];
    }
}

value map_seq_new(struct process *p, value root, uint32_t kind)
{
    return root == NIL ? NIL : walk_from(p, 0, root, NIL, kind);
}

static value walk_first(struct process *p, const struct object *o)
{
    uint32_t kind = header_flags(o->header) & kind_mask;
    const struct object *n = to_obj(o->p[WALK_NODE]);
    if (obj_type(n) == T_TNODE) {
        const struct object *t = tree_at(from_obj(n), o->p[WALK_AT]);
        return item_of(p, kind, t->p[TREE_KEY], t->p[TREE_VALUE]);
    }
    unsigned stride = hnode_stride(n);
    const value *entry = n->p + 1 + o->p[WALK_AT] * stride;
    return item_of(p, kind, entry[0], entry[stride - 1]);
}

/* ---- sorted maps and sets ---- */

static value tree_walk_new(struct process *p, value node, value rest, uint32_t kind)
{
    struct object *o = heap_alloc(p, T_TREE_SEQ, kind, 2);
    o->p[TREE_SEQ_NODE] = node;
    o->p[TREE_SEQ_REST] = rest;
    return from_obj(o);
}

value tree_seq_new(struct process *p, value root, uint64_t rank, uint32_t kind)
{
    value rest = NIL;
    bool down = kind & SEQ_DOWN;
    if (rank >= tree_size(root)) return NIL;
    for (value t = root;;) {
        const value *n = to_obj(t)->p;
        uint64_t left = tree_size(n[TREE_LEFT]);
        if (down ? rank >= left : rank <= left) rest = tree_walk_new(p, t, rest, kind);
        if (rank == left) return rest;
        if (rank < left) {
            t = n[TREE_LEFT];
        } else {
            rank -= left + 1;
            t = n[TREE_RIGHT];
        }
    }
}

static value tree_walk_rest(struct process *p, const struct object *o)
{
    uint32_t kind = header_flags(o->header) & kind_mask;
    unsigned ahead = kind & SEQ_DOWN ? TREE_LEFT : TREE_RIGHT,
             back = kind & SEQ_DOWN ? TREE_RIGHT : TREE_LEFT;
    value rest = o->p[TREE_SEQ_REST];
    value t = to_obj(o->p[TREE_SEQ_NODE])->p[ahead];
    if (t != NIL && !p) return VAL_SLOW;
    for (; t != NIL; t = to_obj(t)->p[back]) rest = tree_walk_new(p, t, rest, kind);
    return rest;
}

value map_seq_of(struct process *p, value map, uint32_t kind)
{
    const struct object *o = to_obj(map);
    switch (obj_type(o)) {
    case T_AMAP: return object_words(o) == 0 ? NIL : indexed_new(p, map, 0, kind);
    case T_HMAP: return map_seq_new(p, o->p[1], kind);
    default: return tree_seq_new(p, o->p[SORTED_ROOT], 0, kind);
    }
}

/* ---- ranges ---- */

value range_element(struct process *p, const struct object *range, uint64_t i)
{
    value start = range->p[RANGE_START], step = range->p[RANGE_STEP];
    if (i == 0) return start;
    int64_t offset, sum;
    if (both_fixnum(start, step) && i < (1ull << 62) &&
        !__builtin_mul_overflow((int64_t)i, to_fixnum(step), &offset) &&
        !__builtin_add_overflow(offset, to_fixnum(start), &sum) && fits_fixnum(sum))
        return from_fixnum(sum);
    if (!p) return VAL_SLOW;
    return number_add(p, start, number_mul(p, number_from_u64(p, i), step));
}

/* -1: endless. */
static int64_t range_count(const struct object *range)
{
    value end = range->p[RANGE_END];
    if (end == NIL) return -1;
    int64_t start = to_fixnum(range->p[RANGE_START]), step = to_fixnum(range->p[RANGE_STEP]);
    int64_t span = to_fixnum(end) - start;
    return step > 0 ? (span + step - 1) / step : (span + step + 1) / step;
}

static value range_rest(struct process *p, const struct object *o)
{
    if (o->p[RANGE_END] != NIL && range_count(o) <= 1) return NIL;
    value start = p ? range_element(p, o, 1) : VAL_SLOW;
    if (is_sentinel(start)) return VAL_SLOW;
    struct object *n = heap_alloc(p, T_RANGE, 0, 3);
    n->p[RANGE_START] = start;
    n->p[RANGE_END] = o->p[RANGE_END];
    n->p[RANGE_STEP] = o->p[RANGE_STEP];
    return from_obj(n);
}

/* ---- any ---- */

value seq_of(struct process *p, value coll)
{
    if (is_lazy_seq(coll)) {
        value end = lazy_follow(coll);
        if (end == VAL_SLOW && p) end = lazy_settle(p, coll);
        if (end == VAL_SLOW) return end;
        coll = end;
    }
    if (coll == NIL) return NIL;
    switch (type_of(coll)) {
    case T_EMPTY_LIST: return NIL;
    case T_CONS:
    case T_INDEXED_SEQ:
    case T_MAP_SEQ:
    case T_TREE_SEQ:
    case T_RANGE: return coll;
    case T_HMAP: return map_seq_new(p, to_obj(coll)->p[1], 0);
    case T_HSET: return map_seq_new(p, to_obj(coll)->p[1], SEQ_KEYS);
    case T_SMAP: return tree_seq_new(p, to_obj(coll)->p[SORTED_ROOT], 0, 0);
    case T_SSET: return tree_seq_new(p, to_obj(coll)->p[SORTED_ROOT], 0, SEQ_KEYS);
    case T_RECORD: return record_is_map(to_obj(coll)) ? record_seq(p, to_obj(coll)) : VAL_SLOW;
    default: break;
    }
    if (!is_indexed(coll)) return VAL_ABSENT;
    return indexed_count(coll) == 0 ? NIL : indexed_new(p, coll, 0, 0);
}

value seq_first(struct process *p, value seq)
{
    const struct object *o = to_obj(seq);
    switch (obj_type(o)) {
    case T_CONS: return o->p[0];
    case T_INDEXED_SEQ: return indexed_first(p, o);
    case T_MAP_SEQ: return walk_first(p, o);
    case T_TREE_SEQ: {
        const value *n = to_obj(o->p[TREE_SEQ_NODE])->p;
        return item_of(p, header_flags(o->header) & kind_mask, n[TREE_KEY], n[TREE_VALUE]);
    }
    default: return o->p[RANGE_START];
    }
}

value seq_rest(struct process *p, value seq)
{
    const struct object *o = to_obj(seq);
    switch (obj_type(o)) {
    case T_CONS: return o->p[1];
    case T_INDEXED_SEQ: return indexed_rest(p, o);
    case T_MAP_SEQ:
        if (!p) return VAL_SLOW;
        return walk_from(p, o->p[WALK_AT] + 1, o->p[WALK_NODE], o->p[WALK_REST],
                         header_flags(o->header) & kind_mask);
    case T_TREE_SEQ: return tree_walk_rest(p, o);
    default: return range_rest(p, o);
    }
}

/* Elements of a vector lie side by side in its leaves. */
static unsigned take_vector(struct process *p, value *seq, const struct object *o, value *to, unsigned max)
{
    value coll = o->p[INDEXED_COLL];
    uint64_t at = o->p[INDEXED_AT], count = vector_count(coll);
    unsigned n = 0;
    while (n < max && at < count) {
        uint64_t run;
        const value *items = vector_run(coll, at, &run);
        if (run > max - n) run = max - n;
        __builtin_memcpy(to + n, items, run * 8);
        n += (unsigned)run;
        at += run;
    }
    *seq = at < count ? indexed_new(p, coll, at, 0) : NIL;
    return n;
}

/* Entries of a hash node lie side by side, too: one step of the walk for all of them. */
static unsigned take_walk(struct process *p, value *seq, const struct object *o, value *to, unsigned max,
                          bool pairs)
{
    uint32_t kind = header_flags(o->header) & kind_mask;
    const struct object *n = to_obj(o->p[WALK_NODE]);
    uint64_t at = o->p[WALK_AT];
    unsigned stride = hnode_stride(n), entries = (unsigned)__builtin_popcount(hnode_data(n)), got = 0;
    for (; at < entries && got + pairs < max; at++) {
        const value *entry = n->p + 1 + at * stride;
        if (pairs)
            to[got++] = entry[0], to[got++] = entry[1];
        else
            to[got++] = item_of(p, kind, entry[0], entry[stride - 1]);
    }
    *seq = walk_from(p, at, o->p[WALK_NODE], o->p[WALK_REST], kind);
    return got;
}

static bool is_node_walk(const struct object *o)
{
    return obj_type(o) == T_MAP_SEQ && is_type(o->p[WALK_NODE], T_HNODE);
}

unsigned seq_take_pairs(struct process *p, value *seq, value *to, unsigned max)
{
    unsigned n = 0;
    while (n + 1 < max && *seq != NIL) {
        value s = seq_of(p, *seq);
        if (s == NIL) *seq = NIL;
        if (s == NIL || is_sentinel(s)) break;
        const struct object *o = to_obj(s);
        if (is_node_walk(o) && (header_flags(o->header) & kind_mask) == 0) {
            n += take_walk(p, seq, o, to + n, max - n, true);
            continue;
        }
        value e = seq_first(p, s);
        if (!is_vector(e) || vector_count(e) != 2) break;
        to[n++] = vector_nth(e, 0);
        to[n++] = vector_nth(e, 1);
        *seq = seq_rest(p, s);
    }
    return n;
}

unsigned seq_take(struct process *p, value *seq, value *to, unsigned max)
{
    unsigned n = 0;
    while (n < max && *seq != NIL) {
        value s = seq_of(p, *seq);
        if (s == NIL) *seq = NIL;
        if (s == NIL || is_sentinel(s)) return n;
        const struct object *o = to_obj(s);
        if (obj_type(o) == T_INDEXED_SEQ && !obj_has(o, SEQ_DOWN) && is_vector(o->p[INDEXED_COLL])) {
            unsigned got = take_vector(p, &s, o, to + n, max - n);
            n += got;
            *seq = s;
            continue;
        }
        if (obj_type(o) == T_CONS) {
            to[n++] = o->p[0];
            *seq = o->p[1];
            continue;
        }
        if (is_node_walk(o)) {
            n += take_walk(p, seq, o, to + n, max - n, false);
            continue;
        }
        to[n++] = seq_first(p, s);
        *seq = seq_rest(p, s);
    }
    if (*seq != NIL && is_type(*seq, T_EMPTY_LIST)) *seq = NIL;
    return n;
}

/* ---- cursors ---- */

int cursor_next(struct process *p, struct cursor *c, value *out)
{
    for (int hops = 0; hops < LAZY_HOPS; hops++) {
        if (c->coll == NIL) return 0;
        if (!is_ptr(c->coll)) return -1;
        const struct object *o = to_obj(c->coll);
        switch (obj_type(o)) {
        case T_EMPTY_LIST: return 0;
        case T_CONS:
            *out = o->p[0];
            c->coll = o->p[1];
            c->i = 0;
            return 1;
        case T_SVECTOR:
        case T_VECTOR:
        case T_SUBVECTOR:
            *out = vector_nth(c->coll, c->i);
            if (*out == VAL_ABSENT) return 0;
            c->i++;
            return 1;
        case T_INDEXED_SEQ:
            if (!obj_has(o, SEQ_DOWN) && is_vector(o->p[INDEXED_COLL])) {
                *out = vector_nth(o->p[INDEXED_COLL], o->p[INDEXED_AT] + c->i);
                if (*out == VAL_ABSENT) return 0;
                c->i++;
                return 1;
            }
            break;
        case T_RANGE:
            if (o->p[RANGE_END] != NIL && (int64_t)c->i >= range_count(o)) return 0;
            *out = range_element(p, o, c->i);
            if (is_sentinel(*out)) return -1;
            c->i++;
            return 1;
        case T_LAZY: {
            if (obj_has(o, OBJ_A) || o->p[LAZY_THUNK] != NIL) return -1;
            value end = lazy_follow(c->coll);
            if (end == VAL_SLOW && p) {
                end = lazy_settle(p, c->coll);
                if (end == VAL_SLOW) c->coll = o->p[LAZY_VALUE];
            }
            if (end == VAL_SLOW) return -1;
            c->coll = end;
            c->i = 0;
            continue;
        }
        case T_MAP_SEQ:
        case T_TREE_SEQ: break;
        default: { /* the value of a lazy sequence may be any seqable */
            if (!p) return -1;
            value s = seq_of(p, c->coll);
            if (is_sentinel(s)) return -1;
            c->coll = s;
            c->i = 0;
            continue;
        }
        }
        value first = seq_first(p, c->coll);
        value rest = is_sentinel(first) ? VAL_SLOW : seq_rest(p, c->coll);
        if (is_sentinel(rest)) return -1;
        *out = first;
        c->coll = rest;
        c->i = 0;
        return 1;
    }
    return -1;
}

int64_t cursor_count(const struct cursor *c)
{
    if (c->coll == NIL) return 0;
    if (!is_ptr(c->coll)) return -1;
    const struct object *o = to_obj(c->coll);
    switch (obj_type(o)) {
    case T_EMPTY_LIST: return 0;
    case T_SVECTOR:
    case T_VECTOR:
    case T_SUBVECTOR: return (int64_t)(vector_count(c->coll) - c->i);
    case T_INDEXED_SEQ: {
        uint64_t at = indexed_position(o);
        if (obj_has(o, SEQ_DOWN)) return (int64_t)(at + 1 - c->i);
        return (int64_t)(indexed_count(o->p[INDEXED_COLL]) - at - c->i);
    }
    case T_RANGE: {
        int64_t n = range_count(o);
        return n < 0 ? -1 : n - (int64_t)c->i;
    }
    default: return -1;
    }
}

value cursor_rest(struct process *p, value coll, uint64_t i)
{
    if (coll == NIL) return empty_list();
    if (i == 0) return coll;
    struct cursor c = {coll, i};
    if (cursor_count(&c) == 0) return empty_list();
    const struct object *o = to_obj(coll);
    if (is_vector(coll)) return indexed_new(p, coll, i, 0);
    if (obj_type(o) == T_INDEXED_SEQ) return indexed_new(p, o->p[INDEXED_COLL], o->p[INDEXED_AT] + i, 0);
    struct object *n = heap_alloc(p, T_RANGE, 0, 3);
    n->p[RANGE_START] = range_element(p, o, i);
    n->p[RANGE_END] = o->p[RANGE_END];
    n->p[RANGE_STEP] = o->p[RANGE_STEP];
    return from_obj(n);
}
