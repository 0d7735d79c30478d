/* What a value is for equality, hashing and canonical order, and the values that hold no others. */
#include "runtime/value/deep.h"
#include "runtime/value/number.h"
#include "runtime/value/record.h"
#include "runtime/value/string.h"

static const uint8_t kind_by_type[T_COUNT] = {
    [T_CONS] = KIND_SEQUENCE,
    [T_EMPTY_LIST] = KIND_SEQUENCE,
    [T_STRING] = KIND_STRING,
    [T_STRING_BLOB] = KIND_STRING,
    [T_SYMBOL] = KIND_SYMBOL,
    [T_KEYWORD] = KIND_KEYWORD,
    [T_BIGINT] = KIND_EXACT,
    [T_RATIO] = KIND_EXACT,
    [T_BINARY] = KIND_BINARY,
    [T_BINARY_BLOB] = KIND_BINARY,
    [T_SVECTOR] = KIND_SEQUENCE,
    [T_VECTOR] = KIND_SEQUENCE,
    [T_VNODE] = KIND_IDENTITY,
    [T_SUBVECTOR] = KIND_SEQUENCE,
    [T_AMAP] = KIND_MAP,
    [T_HMAP] = KIND_MAP,
    [T_HSET] = KIND_SET,
    [T_HNODE] = KIND_IDENTITY,
    [T_SMAP] = KIND_MAP,
    [T_SSET] = KIND_SET,
    [T_TNODE] = KIND_IDENTITY,
    [T_RECORD] = KIND_RECORD,
    [T_RTYPE] = KIND_PARTS,
    [T_FN] = KIND_PARTS,
    [T_PRIM] = KIND_WORDS,
    [T_VAR] = KIND_PARTS,
    [T_NAMESPACE] = KIND_PARTS,
    [T_LAZY] = KIND_SEQUENCE,
    [T_BOX] = KIND_IDENTITY,
    [T_ARRAY] = KIND_IDENTITY,
    [T_ATOM] = KIND_WORDS,
    [T_PID] = KIND_WORDS,
    [T_REF] = KIND_WORDS,
    [T_DOMAIN] = KIND_WORDS,
    [T_CAPABILITY] = KIND_WORDS,
    [T_REGION] = KIND_WORDS,
    [T_REGION_REF] = KIND_PARTS,
    [T_REGEX] = KIND_PARTS,
    [T_INSTANT] = KIND_WORDS,
    [T_UUID] = KIND_WORDS,
    [T_TAGGED] = KIND_PARTS,
    [T_REDUCED] = KIND_IDENTITY,
    [T_INDEXED_SEQ] = KIND_SEQUENCE,
    [T_MAP_SEQ] = KIND_SEQUENCE,
    [T_TREE_SEQ] = KIND_SEQUENCE,
    [T_RANGE] = KIND_SEQUENCE,
    [T_TRANSIENT] = KIND_IDENTITY,
    [T_HANDLE] = KIND_WORDS,
    [T_STATE] = KIND_IDENTITY,
    [T_STATE_RAW] = KIND_IDENTITY,
};

enum value_kind value_kind(value v)
{
    if (is_fixnum(v)) return KIND_EXACT;
    if (is_double(v)) return KIND_DOUBLE;
    if (!is_ptr(v)) return KIND_SPECIAL;
    enum object_type t = obj_type(to_obj(v));
    if (t == T_LAZY && obj_has(to_obj(v), OBJ_A)) return KIND_IDENTITY;
    return (enum value_kind)kind_by_type[t];
}

/* ---- raw words ---- */

/* How many of the first payload words make up the identity; later ones are chains and caches. */
static unsigned word_count(enum object_type t)
{
    return t == T_REF || t == T_UUID || t == T_CAPABILITY || t == T_HANDLE ? 2 : 1;
}

static void bytes_of(value v, const uint8_t **bytes, size_t *size)
{
    *bytes = is_string(v) ? (const uint8_t *)string_bytes(v, size) : binary_bytes(v, size);
}

static bool bytes_equal(value a, value b)
{
    const uint8_t *x, *y;
    size_t n, m;
    bytes_of(a, &x, &n);
    bytes_of(b, &y, &m);
    return n == m && __builtin_memcmp(x, y, n) == 0;
}

bool leaf_equal(value a, value b)
{
    switch (value_kind(a)) {
    case KIND_DOUBLE: return to_double(a) == to_double(b);
    case KIND_EXACT: return a == b || (is_ptr(a) && is_ptr(b) && number_equal(a, b));
    case KIND_STRING:
    case KIND_BINARY: return a == b || bytes_equal(a, b);
    case KIND_SYMBOL:
    case KIND_KEYWORD: return name_equal(a, b);
    case KIND_WORDS: {
        enum object_type t = obj_type(to_obj(a));
        if (t != obj_type(to_obj(b)) || to_obj(a)->p[0] != to_obj(b)->p[0]) return false;
        return word_count(t) == 1 || to_obj(a)->p[1] == to_obj(b)->p[1];
    }
    default: return a == b;
    }
}

/* ---- digests of leaves ---- */

static uint64_t bytes_digest(const uint8_t *bytes, size_t size)
{
    uint64_t h = hash_mix64(size + 0x51ull), word;
    for (; size >= 8; size -= 8, bytes += 8) {
        __builtin_memcpy(&word, bytes, 8);
        h = hash_ordered(h, word);
    }
    word = 0;
    for (size_t i = 0; i < size; i++) word |= (uint64_t)bytes[i] << 8 * i;
    return hash_ordered(h, word);
}

static uint64_t words_digest(value v)
{
    const struct object *o = to_obj(v);
    uint64_t h = hash_mix64(obj_type(o) + HASH_SEED_OTHER);
    h = hash_ordered(h, o->p[0]);
    return word_count(obj_type(o)) == 1 ? h : hash_ordered(h, o->p[1]);
}

uint64_t digest_leaf(value v, enum digest_mode mode)
{
    const uint8_t *bytes;
    size_t size;
    enum value_kind kind = value_kind(v);
    switch (kind) {
    case KIND_EXACT:
        if (is_fixnum(v)) return mode == DIGEST_HASH ? hash_fixnum(to_fixnum(v)) : hash_mix64(v);
        return number_hash(v);
    case KIND_DOUBLE: return number_hash(v);
    case KIND_STRING:
        if (mode == DIGEST_HASH) return string_hash(v);
        bytes_of(v, &bytes, &size);
        return bytes_digest(bytes, size);
    case KIND_BINARY: bytes_of(v, &bytes, &size); return bytes_digest(bytes, size);
    case KIND_SYMBOL:
    case KIND_KEYWORD: {
        uint64_t hash = (uint32_t)to_obj(v)->p[0];
        if (mode == DIGEST_HASH) return hash;
        value ns = to_obj(v)->p[1];
        return hash_entry(ns == NIL ? kind : digest_leaf(ns, mode), digest_leaf(to_obj(v)->p[2], mode));
    }
    case KIND_WORDS: return words_digest(v);
    case KIND_IDENTITY: return hash_mix64(obj_type(to_obj(v)) + 0x1d00ull);
    default: return hash_mix64(v);
    }
}

/* ---- parts ---- */

unsigned value_part_count(value v)
{
    const struct object *o = to_obj(v);
    switch (obj_type(o)) {
    case T_REGEX: return 1; /* the program follows from the source */
    case T_RTYPE: return 0; /* the id says all */
    default: return object_words(o) - object_info[obj_type(o)].raw_words;
    }
}

value value_part(value v, unsigned i)
{
    return to_obj(v)->p[object_info[obj_type(to_obj(v))].raw_words + i];
}

uint64_t value_part_seed(value v)
{
    const struct object *o = to_obj(v);
    uint64_t h = hash_mix64(obj_type(o) + 0x9a00ull);
    switch (obj_type(o)) {
    case T_RTYPE: return hash_ordered(h, o->p[RTYPE_ID]);
    case T_REGION_REF: return hash_ordered(hash_ordered(h, o->p[0]), o->p[1]);
    case T_FN: {
        const struct proto *proto = (const struct proto *)(uintptr_t)o->p[0];
        uint64_t name = proto->name == NIL ? 1 : digest_leaf(proto->name, DIGEST_HASH);
        return hash_ordered(hash_ordered(h, name), proto->index);
    }
    default: return h;
    }
}

/* ---- canonical order of leaves of one kind: -1 0 1 ---- */

static int word_order(uint64_t a, uint64_t b)
{
    return a < b ? -1 : a > b;
}

int leaf_order(value a, value b)
{
    if (a == b) return 0;
    switch (value_kind(a)) {
    case KIND_EXACT: return number_compare(a, b);
    case KIND_DOUBLE: {
        int c = number_compare(a, b);
        return c == 2 ? word_order(a, b) : c;
    }
    case KIND_STRING: return string_compare(a, b);
    case KIND_SYMBOL:
    case KIND_KEYWORD: return name_compare(a, b);
    case KIND_BINARY: {
        const uint8_t *x, *y;
        size_t n, m;
        bytes_of(a, &x, &n);
        bytes_of(b, &y, &m);
        int c = __builtin_memcmp(x, y, n < m ? n : m);
        return c ? (c < 0 ? -1 : 1) : word_order(n, m);
    }
    case KIND_WORDS: {
        const struct object *x = to_obj(a), *y = to_obj(b);
        int c = word_order(obj_type(x), obj_type(y));
        if (c == 0) c = word_order(x->p[0], y->p[0]);
        return c || word_count(obj_type(x)) == 1 ? c : word_order(x->p[1], y->p[1]);
    }
    case KIND_IDENTITY: return word_order(obj_type(to_obj(a)), obj_type(to_obj(b)));
    default: return word_order(a, b);
    }
}
