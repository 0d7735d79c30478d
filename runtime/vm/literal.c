#include "runtime/vm/literal.h"

#include "loader/bytecode/format.h"
#include "runtime/sched/domain.h"
#include "runtime/value/collection.h"
#include "runtime/value/number.h"
#include "runtime/value/string.h"
#include "runtime/vm/vm.h"

struct source {
    struct process *p;
    const uint8_t *at, *end;
    unsigned depth;
};

static value malformed(struct source *s)
{
    return process_fail(s->p, ERR_COMPILE, NIL, "a literal is malformed");
}

static bool read_varint(struct source *s, uint64_t *out)
{
    uint64_t v = 0;
    for (unsigned shift = 0; shift < 64; shift += 7) {
        if (s->at == s->end) return false;
        uint8_t byte = *s->at++;
        v |= (uint64_t)(byte & 0x7f) << shift;
        if (!(byte & 0x80)) {
            *out = v;
            return true;
        }
    }
    return false;
}

static bool read_signed(struct source *s, int64_t *out)
{
    uint64_t u;
    if (!read_varint(s, &u)) return false;
    *out = (int64_t)(u >> 1) ^ -(int64_t)(u & 1);
    return true;
}

/* size bytes in place; false if there are fewer. */
static bool read_bytes(struct source *s, uint64_t size, const uint8_t **out)
{
    if ((uint64_t)(s->end - s->at) < size) return false;
    *out = s->at;
    s->at += size;
    return true;
}

static bool read_text(struct source *s, const char **text, size_t *size)
{
    uint64_t n;
    if (!read_varint(s, &n) || !read_bytes(s, n, (const uint8_t **)text)) return false;
    *size = n;
    return true;
}

prim_fn prim_hash_map, prim_hash_set, prim_sorted_map, prim_sorted_set, prim_with_meta, prim_re_pattern;

static value decode(struct source *s);

static value decode_name(struct source *s, bool keyword)
{
    const uint8_t *flag;
    const char *ns = NULL, *name;
    size_t ns_size = 0, name_size;
    if (!read_bytes(s, 1, &flag)) return malformed(s);
    if (*flag == 1 && !read_text(s, &ns, &ns_size)) return malformed(s);
    if (!read_text(s, &name, &name_size)) return malformed(s);
    struct domain *d = s->p->domain;
    return keyword ? domain_intern_keyword(d, ns, ns_size, name, name_size)
                   : domain_intern_symbol(d, ns, ns_size, name, name_size);
}

/* count values in a row, in a block of the heap that nobody keeps.  NULL: failed. */
static value *decode_items(struct source *s, uint64_t count)
{
    if (count > (uint64_t)(s->end - s->at)) { /* each takes a byte at least */
        malformed(s);
        return NULL;
    }
    struct object *o = heap_alloc(s->p, T_ARRAY, 0, (uint32_t)count);
    for (uint64_t i = 0; i < count; i++) o->p[i] = NIL;
    for (uint64_t i = 0; i < count; i++) {
        value v = decode(s);
        if (v == VAL_ERROR) return NULL;
        o->p[i] = v;
    }
    return o->p;
}

/* What a primitive makes of the arguments, if it can do so at once. */
static value through(struct source *s, prim_fn *primitive, value *args, unsigned argc)
{
    value v = primitive(s->p, args, argc);
    if (v == VAL_ERROR || !is_sentinel(v)) return v;
    s->p->prim_state = NIL;
    return process_fail(s->p, ERR_TOO_LARGE, NIL, "a literal takes too long to build");
}

static value decode_collection(struct source *s, enum serial_tag tag)
{
    uint64_t n;
    if (!read_varint(s, &n) || n > UINT32_MAX / 2) return malformed(s);
    bool pairs = tag == SER_MAP || tag == SER_SORTED_MAP;
    value *items = decode_items(s, pairs ? 2 * n : n);
    if (items == NULL) return VAL_ERROR;
    value v = VAL_SLOW;
    switch (tag) {
    case SER_LIST: v = list_make(s->p, items, n); break;
    case SER_VECTOR: v = vector_make(s->p, items, n); break;
    case SER_MAP:
        v = map_make(s->p, items, n);
        if (v == VAL_SLOW) return through(s, prim_hash_map, items, (unsigned)(2 * n));
        break;
    case SER_SET:
        v = empty_set();
        for (uint64_t i = 0; i < n && !is_sentinel(v); i++) v = set_conj(s->p, v, items[i]);
        if (v == VAL_SLOW) return through(s, prim_hash_set, items, (unsigned)n);
        break;
    case SER_SORTED_MAP: return through(s, prim_sorted_map, items, (unsigned)(2 * n));
    default: return through(s, prim_sorted_set, items, (unsigned)n);
    }
    return v == VAL_ERROR || !is_sentinel(v) ? v : malformed(s);
}

static value decode_bigint(struct source *s)
{
    const uint8_t *sign, *limbs;
    uint64_t n;
    if (!read_bytes(s, 1, &sign) || !read_varint(s, &n) || n == 0 || n > LIMIT_BIGINT_LIMBS ||
        !read_bytes(s, n * 8, &limbs))
        return malformed(s);
    struct object *o = heap_alloc(s->p, T_BIGINT, *sign ? OBJ_A : 0, (uint32_t)n);
    __builtin_memcpy(o->p, limbs, n * 8);
    bool fixnum = n == 1 && o->p[0] <= (uint64_t)FIXNUM_MAX + (*sign ? 1 : 0);
    return o->p[n - 1] == 0 || fixnum ? malformed(s) : from_obj(o);
}

static value decode_ratio(struct source *s)
{
    value numerator = decode(s);
    value denominator = numerator == VAL_ERROR ? VAL_ERROR : decode(s);
    if (denominator == VAL_ERROR) return VAL_ERROR;
    if (!is_integer(numerator) || !is_integer(denominator)) return malformed(s);
    value v = number_div(s->p, numerator, denominator);
    return v == VAL_ERROR || !is_sentinel(v) ? v : malformed(s);
}

static value decode_words(struct source *s, enum object_type t, uint32_t words)
{
    const uint8_t *bytes;
    if (!read_bytes(s, words * 8, &bytes)) return malformed(s);
    struct object *o = heap_alloc(s->p, t, 0, words);
    __builtin_memcpy(o->p, bytes, words * 8);
    return from_obj(o);
}

static value decode_instant(struct source *s)
{
    int64_t us;
    if (!read_signed(s, &us)) return malformed(s);
    struct object *o = heap_alloc(s->p, T_INSTANT, 0, 1);
    o->p[0] = (value)us;
    return from_obj(o);
}

static value decode_pair(struct source *s, enum serial_tag tag)
{
    value args[2];
    args[0] = decode(s);
    args[1] = args[0] == VAL_ERROR ? VAL_ERROR : decode(s);
    if (args[1] == VAL_ERROR) return VAL_ERROR;
    if (tag == SER_META) {
        value swapped[2] = {args[1], args[0]};
        return through(s, prim_with_meta, swapped, 2);
    }
    struct object *o = heap_alloc(s->p, T_TAGGED, 0, 2);
    o->p[0] = args[0];
    o->p[1] = args[1];
    return from_obj(o);
}

static value decode_var(struct source *s)
{
    value symbol = decode(s);
    if (symbol == VAL_ERROR) return symbol;
    if (!is_symbol(symbol)) return malformed(s);
    struct object *o = heap_alloc(s->p, T_VAR, 0, 2);
    o->p[0] = 0;
    o->p[1] = symbol;
    return from_obj(o);
}

static value decode_text(struct source *s, enum serial_tag tag)
{
    const char *text;
    size_t size;
    if (!read_text(s, &text, &size)) return malformed(s);
    if (tag == SER_BINARY) return binary_make(s->p, text, size);
    value string = string_make(s->p, text, size);
    if (tag == SER_STRING || string == VAL_ERROR) return string;
    return through(s, prim_re_pattern, &string, 1);
}

static value decode_small(struct source *s, enum serial_tag tag)
{
    int64_t i;
    uint64_t u;
    const uint8_t *bytes;
    switch (tag) {
    case SER_NIL: return NIL;
    case SER_TRUE: return TRUE_;
    case SER_FALSE: return FALSE_;
    case SER_INT: return read_signed(s, &i) ? number_from_i64(s->p, i) : malformed(s);
    case SER_CHAR: return read_varint(s, &u) && u <= 0x10ffff ? from_char((uint32_t)u) : malformed(s);
    default: {
        double d;
        if (!read_bytes(s, 8, &bytes)) return malformed(s);
        __builtin_memcpy(&d, bytes, 8);
        return from_double(d);
    }
    }
}

static value decode_tag(struct source *s, enum serial_tag tag)
{
    switch (tag) {
    case SER_NIL:
    case SER_TRUE:
    case SER_FALSE:
    case SER_INT:
    case SER_CHAR:
    case SER_DOUBLE: return decode_small(s, tag);
    case SER_BIGINT: return decode_bigint(s);
    case SER_RATIO: return decode_ratio(s);
    case SER_STRING:
    case SER_BINARY:
    case SER_REGEX: return decode_text(s, tag);
    case SER_SYMBOL: return decode_name(s, false);
    case SER_KEYWORD: return decode_name(s, true);
    case SER_LIST:
    case SER_VECTOR:
    case SER_MAP:
    case SER_SET:
    case SER_SORTED_MAP:
    case SER_SORTED_SET: return decode_collection(s, tag);
    case SER_INSTANT: return decode_instant(s);
    case SER_UUID: return decode_words(s, T_UUID, 2);
    case SER_TAGGED:
    case SER_META: return decode_pair(s, tag);
    case SER_VAR: return decode_var(s);
    default: return malformed(s);
    }
}

static value decode(struct source *s)
{
    if (s->at == s->end) return malformed(s);
    if (s->depth == LIMIT_COMPILE_DEPTH)
        return process_fail(s->p, ERR_TOO_DEEP, NIL, "a literal is nested deeper than %d",
                            (int64_t)LIMIT_COMPILE_DEPTH);
    s->depth++;
    value v = decode_tag(s, *s->at++);
    s->depth--;
    return v;
}

value literal_decode(struct process *p, const uint8_t *unit, uint32_t index)
{
    const struct unit_header *h = (const struct unit_header *)unit;
    const uint32_t *offsets = (const uint32_t *)(unit + h->literals);
    const uint8_t *data = unit + h->data;
    struct source s = {p, data + offsets[index], data + offsets[index + 1], 0};
    return decode(&s);
}
