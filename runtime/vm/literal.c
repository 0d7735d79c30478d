#include "runtime/vm/literal.h"

#include "loader/bytecode/format.h"
#include "runtime/sched/domain.h"
#include "runtime/value/collection.h"
#include "runtime/value/number.h"
#include "runtime/value/string.h"
#include "runtime/value/transient.h"
#include "runtime/vm/vm.h"

static value malformed(struct literal_decoder *s)
{
    return process_fail(s->p, ERR_COMPILE, NIL, "a literal is malformed");
}

static bool read_varint(struct literal_decoder *s, uint64_t *out)
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

static bool read_signed(struct literal_decoder *s, int64_t *out)
{
    uint64_t u;
    if (!read_varint(s, &u)) return false;
    *out = (int64_t)(u >> 1) ^ -(int64_t)(u & 1);
    return true;
}

/* size bytes in place; false if there are fewer. */
static bool read_bytes(struct literal_decoder *s, uint64_t size, const uint8_t **out)
{
    if ((uint64_t)(s->end - s->at) < size) return false;
    *out = s->at;
    s->at += size;
    return true;
}

static bool read_text(struct literal_decoder *s, const char **text, size_t *size)
{
    uint64_t n;
    if (!read_varint(s, &n) || !read_bytes(s, n, (const uint8_t **)text)) return false;
    *size = n;
    return true;
}

prim_fn prim_hash_map, prim_hash_set, prim_sorted_map, prim_sorted_set, prim_with_meta, prim_re_pattern;

static value decode_name(struct literal_decoder *s, bool keyword)
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

/* What a primitive makes of the arguments, if it can do so at once. */
static value through(struct literal_decoder *s, prim_fn *primitive, value *args, unsigned argc)
{
    value v = primitive(s->p, args, argc);
    if (v == VAL_ERROR || !is_sentinel(v)) return v;
    s->p->prim_state = NIL;
    return process_fail(s->p, ERR_TOO_LARGE, NIL, "a literal takes too long to build");
}

/* From here on a vector, map or set grows in place; smaller ones are made at once of their elements. */
#define LARGE 64

static bool grows_in_place(const struct literal_frame *f)
{
    return f->n > LARGE && (f->tag == SER_VECTOR || f->tag == SER_MAP || f->tag == SER_SET);
}

/* A collection, or something else that has n values in it: they are read next. */
static value open_frame(struct literal_decoder *s, enum serial_tag tag, uint64_t n)
{
    if (n > (uint64_t)(s->end - s->at)) return malformed(s); /* each takes a byte at least */
    if (s->depth == COUNT_OF(s->stack))
        return process_fail(s->p, ERR_TOO_DEEP, NIL, "a literal is nested deeper than %d",
                            (int64_t)LIMIT_LITERAL_DEPTH);
    struct literal_frame *f = &s->stack[s->depth++];
    *f = (struct literal_frame){.key = VAL_ABSENT, .n = n, .list = VAL_ABSENT, .tag = tag};
    if (grows_in_place(f)) {
        value empty = tag == SER_VECTOR ? empty_vector() : tag == SER_MAP ? empty_map() : empty_set();
        f->coll = transient_new(s->p, empty);
        return f->coll == VAL_ERROR ? VAL_ERROR : VAL_YIELD;
    }
    struct object *o = heap_alloc(s->p, T_ARRAY, 0, (uint32_t)n);
    for (uint64_t i = 0; i < n; i++) o->p[i] = NIL;
    f->coll = from_obj(o);
    return VAL_YIELD;
}
static value open_collection(struct literal_decoder *s, enum serial_tag tag)
{
    uint64_t n;
    if (!read_varint(s, &n) || n > UINT32_MAX / 2) return malformed(s);
    bool pairs = tag == SER_MAP || tag == SER_SORTED_MAP;
    return open_frame(s, tag, pairs ? 2 * n : n);
}

static bool put_in_transient(struct literal_decoder *s, struct literal_frame *f, value v)
{
    struct object *t = to_obj(f->coll);
    struct key_op op = KEY_OP(s->p);
    value r = TRUE_;
    if (f->tag == SER_VECTOR)
        transient_vector_conj(s->p, t, v);
    else if (f->tag == SER_SET)
        r = transient_set_conj(&op, t, v);
    else if (f->key == VAL_ABSENT)
        f->key = v;
    else {
        r = transient_map_assoc(&op, t, f->key, v);
        f->key = VAL_ABSENT;
    }
    if (r == VAL_SLOW)
        process_fail(s->p, ERR_TOO_LARGE, NIL, "a key of a large literal is too large to compare in place");
    return r == TRUE_;
}

/* v is the next value of the innermost collection. */
static bool put_value(struct literal_decoder *s, value v)
{
    struct literal_frame *f = &s->stack[s->depth - 1];
    if (grows_in_place(f)) {
        if (!put_in_transient(s, f, v)) return false;
    } else {
        to_obj(f->coll)->p[f->i] = v;
    }
    f->i++;
    return true;
}

/* Lists are made from their end. */
static value finish_list(struct literal_decoder *s, struct literal_frame *f, int64_t *steps)
{
    const value *items = to_obj(f->coll)->p;
    if (f->list == VAL_ABSENT) f->list = empty_list();
    for (; f->placed < f->n; f->placed++) {
        if (*steps <= 0) return VAL_YIELD;
        if (f->placed % 4 == 0) --*steps;
        f->list = list_prepend(s->p, f->list, items[f->n - 1 - f->placed]);
    }
    return f->list;
}

static value finish_pair(struct literal_decoder *s, const struct literal_frame *f)
{
    value *args = to_obj(f->coll)->p;
    if (f->tag == SER_META) {
        value swapped[2] = {args[1], args[0]};
        return through(s, prim_with_meta, swapped, 2);
    }
    if (f->tag == SER_RATIO) {
        if (!is_integer(args[0]) || !is_integer(args[1])) return malformed(s);
        value v = number_div(s->p, args[0], args[1]);
        return v == VAL_ERROR || !is_sentinel(v) ? v : malformed(s);
    }
    bool var = f->tag == SER_VAR;
    if (var && !is_symbol(args[0])) return malformed(s);
    struct object *o = heap_alloc(s->p, var ? T_VAR : T_TAGGED, 0, 2);
    o->p[0] = var ? 0 : args[0];
    o->p[1] = var ? args[0] : args[1];
    return from_obj(o);
}

/* All values of the innermost collection are there.  VAL_YIELD: there is more to do. */
static value finish_frame(struct literal_decoder *s, int64_t *steps)
{
    struct literal_frame *f = &s->stack[s->depth - 1];
    if (grows_in_place(f)) return transient_persistent(s->p, to_obj(f->coll));
    value *items = to_obj(f->coll)->p, v = VAL_SLOW;
    uint64_t n = f->n;
    switch (f->tag) {
    case SER_LIST: return finish_list(s, f, steps);
    case SER_VECTOR: v = vector_make(s->p, items, n); break;
    case SER_MAP:
        v = map_make(s->p, items, n / 2);
        if (v == VAL_SLOW) return through(s, prim_hash_map, items, (unsigned)n);
        break;
    case SER_SET:
        v = empty_set();
        for (uint64_t i = 0; i < n && !is_sentinel(v); i++) v = set_conj(s->p, v, items[i]);
        if (v == VAL_SLOW) return through(s, prim_hash_set, items, (unsigned)n);
        break;
    case SER_SORTED_MAP: return through(s, prim_sorted_map, items, (unsigned)n);
    case SER_SORTED_SET: return through(s, prim_sorted_set, items, (unsigned)n);
    default: return finish_pair(s, f);
    }
    return v == VAL_ERROR || !is_sentinel(v) ? v : malformed(s);
}

static value decode_bigint(struct literal_decoder *s)
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

static value decode_words(struct literal_decoder *s, enum object_type t, uint32_t words)
{
    const uint8_t *bytes;
    if (!read_bytes(s, words * 8, &bytes)) return malformed(s);
    struct object *o = heap_alloc(s->p, t, 0, words);
    __builtin_memcpy(o->p, bytes, words * 8);
    return from_obj(o);
}

static value decode_instant(struct literal_decoder *s)
{
    int64_t us;
    if (!read_signed(s, &us)) return malformed(s);
    struct object *o = heap_alloc(s->p, T_INSTANT, 0, 1);
    o->p[0] = (value)us;
    return from_obj(o);
}

static value decode_text(struct literal_decoder *s, enum serial_tag tag)
{
    const char *text;
    size_t size;
    if (!read_text(s, &text, &size)) return malformed(s);
    if (tag == SER_BINARY) return binary_make(s->p, text, size);
    value string = string_make(s->p, text, size);
    if (tag == SER_STRING || string == VAL_ERROR) return string;
    return through(s, prim_re_pattern, &string, 1);
}

static value decode_small(struct literal_decoder *s, enum serial_tag tag)
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

static value decode_tag(struct literal_decoder *s, enum serial_tag tag)
{
    switch (tag) {
    case SER_NIL:
    case SER_TRUE:
    case SER_FALSE:
    case SER_INT:
    case SER_CHAR:
    case SER_DOUBLE: return decode_small(s, tag);
    case SER_BIGINT: return decode_bigint(s);
    case SER_RATIO: return open_frame(s, tag, 2);
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
    case SER_SORTED_SET: return open_collection(s, tag);
    case SER_INSTANT: return decode_instant(s);
    case SER_UUID: return decode_words(s, T_UUID, 2);
    case SER_TAGGED:
    case SER_META: return open_frame(s, tag, 2);
    case SER_VAR: return open_frame(s, tag, 1);
    default: return malformed(s);
    }
}

static uint32_t word_at(const uint8_t *at)
{
    uint32_t u;
    __builtin_memcpy(&u, at, sizeof u);
    return u;
}

void literal_decode_start(struct literal_decoder *d, struct process *p, const uint8_t *unit, uint32_t index)
{
    uint32_t literals = word_at(unit + offsetof(struct unit_header, literals));
    const uint8_t *data = unit + word_at(unit + offsetof(struct unit_header, data));
    const uint8_t *offset = unit + literals + (uint64_t)index * 4;
    d->p = p;
    d->at = data + word_at(offset);
    d->end = data + word_at(offset + 4);
    d->depth = 0;
}

value literal_decode_continue(struct literal_decoder *d, int64_t *steps)
{
    for (;;) {
        if (--*steps < 0) return VAL_YIELD;
        struct literal_frame *f = d->depth ? &d->stack[d->depth - 1] : NULL;
        value v;
        if (f != NULL && f->i == f->n) {
            v = finish_frame(d, steps);
            if (v == VAL_YIELD) return v;
            d->depth--;
        } else {
            const uint8_t *at = d->at;
            if (at == d->end) return malformed(d);
            d->at++;
            v = decode_tag(d, *at);
            *steps -= (d->at - at) / 64;
            if (v == VAL_YIELD) continue; /* opened */
        }
        if (v == VAL_ERROR) return v;
        if (d->depth == 0) return v;
        if (!put_value(d, v)) return VAL_ERROR;
    }
}
