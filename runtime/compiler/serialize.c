/* Literals: values to the bytes of the data section (enum serial_tag in loader/bytecode/format.h).  Iterative. */
#include "runtime/compiler/internal.h"

enum frame_kind_s { WALK_COUNT, WALK_LIST, WALK_VECTOR, WALK_ENTRIES, WALK_PAIR };
struct serial_frame {
    uint32_t kind, mode;
    value coll;    /* list: what is left of it; PAIR: the first */
    value rest;    /* COUNT: what is not counted yet, index elements are */
    value pending; /* second of a pair or entry, or VAL_ABSENT */
    uint32_t pending_mode;
    uint64_t index;
    struct walk walk;
};

static void put_bytes(struct compiler *c, const void *bytes, size_t size)
{
    if (size > LIMIT_UNIT_BYTES) {
        compile_fail(c, ERR_TOO_LARGE, NIL, "a literal is too large to compile%s", "");
        return;
    }
    void *to = buffer_push(c, &c->data, 1, (uint32_t)size);
    if (!c->failed && size) __builtin_memcpy(to, bytes, size);
}
static void put_byte(struct compiler *c, unsigned b)
{
    *(uint8_t *)buffer_push(c, &c->data, 1, 1) = (uint8_t)b;
}
static void put_varint(struct compiler *c, uint64_t u)
{
    for (; u >= 0x80; u >>= 7) put_byte(c, (unsigned)(u & 0x7f) | 0x80);
    put_byte(c, (unsigned)u);
}
static void put_signed(struct compiler *c, int64_t i)
{
    put_varint(c, (uint64_t)i << 1 ^ (uint64_t)(i >> 63));
}
static void put_string(struct compiler *c, value s)
{
    size_t size;
    const char *bytes = string_bytes(s, &size);
    put_varint(c, size);
    put_bytes(c, bytes, size);
}
static void put_name(struct compiler *c, unsigned tag, value name)
{
    put_byte(c, tag);
    put_byte(c, name_ns(name) != NIL);
    if (name_ns(name) != NIL) put_string(c, name_ns(name));
    put_string(c, name_name(name));
}

bool value_is_constant(value v)
{
    if (!is_ptr(v)) return !is_sentinel(v);
    switch (type_of(v)) {
    case T_STRING:
    case T_STRING_BLOB:
    case T_KEYWORD:
    case T_BIGINT:
    case T_RATIO:
    case T_BINARY:
    case T_BINARY_BLOB:
    case T_REGEX:
    case T_INSTANT:
    case T_UUID:
    case T_VAR:
    case T_TAGGED:
    case T_EMPTY_LIST: return true;
    default: return false;
    }
}

static struct serial_frame *push_frame(struct compiler *c, uint32_t kind, value coll, uint32_t mode)
{
    if (c->serial_stack.count >= LIMIT_LITERAL_DEPTH)
        compile_fail(c, ERR_TOO_DEEP, NIL, "a literal is nested too deep%s", "");
    if (c->failed) return NULL;
    struct serial_frame *f = PUSH(c, serial_stack, struct serial_frame);
    if (c->failed) return NULL;
    f->kind = kind;
    f->mode = mode;
    f->coll = coll;
    f->pending = VAL_ABSENT;
    f->index = 0;
    return f;
}
static struct serial_frame *push_pair(struct compiler *c, value first, uint32_t mode, value second,
                                      uint32_t second_mode)
{
    struct serial_frame *f = push_frame(c, WALK_PAIR, first, mode);
    if (!f) return NULL;
    f->pending = second;
    f->pending_mode = second_mode;
    return f;
}

/* First its elements are counted. */
static void put_list(struct compiler *c, value list, uint32_t mode)
{
    struct serial_frame *f = push_frame(c, WALK_COUNT, list, mode);
    if (f) f->rest = list;
}
#define COUNT_SLICE 1000
static void count_on(struct compiler *c, struct serial_frame *f)
{
    value item;
    for (unsigned i = 0; i < COUNT_SLICE; i++, f->index++)
        if (!form_next(c, &f->rest, &item)) {
            put_byte(c, SER_LIST);
            put_varint(c, f->index);
            f->kind = WALK_LIST;
            return;
        }
    c->budget -= COUNT_SLICE / 16;
}
static void put_entries(struct compiler *c, unsigned tag, uint64_t n, value coll, uint32_t mode)
{
    put_byte(c, tag);
    put_varint(c, n);
    if (n == 0) return;
    struct serial_frame *f = push_frame(c, WALK_ENTRIES, coll, mode);
    if (f) walk_start(&f->walk, coll);
}

/* `(quote x)`: its x. */
static bool quoted_form(struct compiler *c, value list, value *x)
{
    value head, rest = list, end;
    return form_next(c, &rest, &head) && is_symbol(head) && form_head(head) == HEAD_QUOTE &&
           form_next(c, &rest, x) && !form_next(c, &rest, &end);
}

static void put_number(struct compiler *c, value v)
{
    struct object *o = to_obj(v);
    if (is_fixnum(v)) {
        put_byte(c, SER_INT);
        put_signed(c, to_fixnum(v));
    } else if (is_double(v)) {
        double d = to_double(v);
        put_byte(c, SER_DOUBLE);
        put_bytes(c, &d, 8);
    } else if (obj_type(o) == T_BIGINT) {
        put_byte(c, SER_BIGINT);
        put_byte(c, obj_has(o, OBJ_A));
        put_varint(c, obj_size(o));
        put_bytes(c, o->p, (size_t)obj_size(o) * 8);
    } else {
        put_byte(c, SER_RATIO);
        put_number(c, o->p[0]);
        put_number(c, o->p[1]);
    }
}

/* False: v is not a constant expression (mode EXPRESSION only). */
static bool put_object(struct compiler *c, value v, uint32_t mode)
{
    struct object *o = to_obj(v);
    switch (obj_type(o)) {
    case T_STRING:
    case T_STRING_BLOB:
        put_byte(c, SER_STRING);
        put_string(c, v);
        return true;
    case T_SYMBOL:
        if (mode == SERIAL_EXPRESSION) return false;
        put_name(c, SER_SYMBOL, v);
        return true;
    case T_KEYWORD: put_name(c, SER_KEYWORD, v); return true;
    case T_BIGINT:
    case T_RATIO: put_number(c, v); return true;
    case T_BINARY:
    case T_BINARY_BLOB: {
        size_t size;
        const uint8_t *bytes = binary_bytes(v, &size);
        put_byte(c, SER_BINARY);
        put_varint(c, size);
        put_bytes(c, bytes, size);
        return true;
    }
    case T_REGEX:
        put_byte(c, SER_REGEX);
        put_string(c, o->p[0]);
        return true;
    case T_INSTANT:
        put_byte(c, SER_INSTANT);
        put_signed(c, (int64_t)o->p[0]);
        return true;
    case T_UUID:
        put_byte(c, SER_UUID);
        put_bytes(c, o->p, 16);
        return true;
    case T_TAGGED:
        put_byte(c, SER_TAGGED);
        push_pair(c, o->p[0], SERIAL_BARE, o->p[1], SERIAL_QUOTED);
        return true;
    case T_VAR:
        put_byte(c, SER_VAR);
        put_name(c, SER_SYMBOL, o->p[1]);
        return true;
    case T_HMAP:
    case T_AMAP: put_entries(c, SER_MAP, map_count(v), v, mode); return true;
    case T_HSET: put_entries(c, SER_SET, set_count(v), v, mode); return true;
    case T_SMAP:
    case T_SSET:
        if (o->p[2] != NIL) break;
        if (obj_type(o) == T_SMAP)
            put_entries(c, SER_SORTED_MAP, map_count(v), v, mode);
        else
            put_entries(c, SER_SORTED_SET, set_count(v), v, mode);
        return true;
    default:
        if (is_vector(v)) {
            uint64_t n = vector_count(v);
            put_byte(c, SER_VECTOR);
            put_varint(c, n);
            if (n) push_frame(c, WALK_VECTOR, v, mode);
            return true;
        }
        if (!form_is_list(v)) break;
        value x;
        if (mode == SERIAL_EXPRESSION && obj_type(o) != T_EMPTY_LIST) {
            if (!quoted_form(c, v, &x)) return false;
            push_pair(c, x, SERIAL_QUOTED, VAL_ABSENT, 0);
            return true;
        }
        put_list(c, v, mode);
        return true;
    }
    if (mode == SERIAL_EXPRESSION) return false;
    compile_fail(c, ERR_COMPILE, v, "a %s cannot stand in code", object_info[obj_type(o)].name);
    return true;
}

static bool put_value(struct compiler *c, value v, uint32_t mode)
{
    if (v == NIL || v == TRUE_ || v == FALSE_) {
        put_byte(c, v == NIL ? SER_NIL : v == TRUE_ ? SER_TRUE : SER_FALSE);
    } else if (is_char(v)) {
        put_byte(c, SER_CHAR);
        put_varint(c, to_char(v));
    } else if (is_fixnum(v) || is_double(v)) {
        put_number(c, v);
    } else if (!is_ptr(v)) {
        compile_fail(c, ERR_INTERNAL, NIL, "a sentinel stands in code%s", "");
    } else {
        bool quote = mode == SERIAL_EXPRESSION && form_is_list(v);
        value meta = mode == SERIAL_BARE || quote ? NIL : form_meta(c, v);
        if (mode == SERIAL_BARE) mode = SERIAL_QUOTED;
        if (meta == NIL) return put_object(c, v, mode);
        put_byte(c, SER_META);
        /* the second is put without its metadata, but its elements with theirs */
        struct serial_frame *f =
            push_pair(c, meta, mode, v, mode == SERIAL_EXPRESSION ? SERIAL_EXPRESSION : SERIAL_BARE);
        if (f) f->index = 1;
    }
    return true;
}

/* The next child of the innermost collection; false at its end. */
static bool next_child(struct compiler *c, struct serial_frame *f, value *v, uint32_t *mode)
{
    value val;
    *mode = f->mode;
    switch (f->kind) {
    case WALK_LIST: return form_next(c, &f->coll, v);
    case WALK_VECTOR: return (*v = vector_nth(f->coll, f->index++)) != VAL_ABSENT;
    case WALK_ENTRIES:
        if (f->pending != VAL_ABSENT) {
            *v = f->pending;
            f->pending = VAL_ABSENT;
            return true;
        }
        if (!walk_next(&f->walk, v, &val)) return false;
        if (is_map(f->coll)) f->pending = val;
        return true;
    default:
        *v = f->coll;
        if (*v == VAL_ABSENT) return false;
        f->coll = f->pending;
        f->mode = f->pending_mode;
        f->pending = VAL_ABSENT;
        return true;
    }
}

/* The collections on the stack, as far as c->budget goes. */
static enum literal_state put_rest(struct compiler *c)
{
    uint32_t child_mode;
    value v;
    bool constant = c->serial_constant;
    while (constant && !c->failed && c->serial_stack.count > 0) {
        if (--c->budget < 0) return LITERAL_MORE;
        struct serial_frame *f = &AT(c, serial_stack, struct serial_frame, c->serial_stack.count - 1);
        if (f->kind == WALK_COUNT) {
            count_on(c, f);
            continue;
        }
        if (!next_child(c, f, &v, &child_mode)) {
            c->serial_stack.count--;
            continue;
        }
        /* the carrier of a metadata pair: its metadata is out already */
        bool carrier = f->kind == WALK_PAIR && f->index == 1 && f->coll == VAL_ABSENT;
        if (c->data.count > LIMIT_UNIT_BYTES)
            compile_fail(c, ERR_TOO_LARGE, NIL, "a literal is too large to compile%s", "");
        if (c->failed) break;
        if (carrier)
            constant = put_object(c, v, child_mode == SERIAL_BARE ? SERIAL_QUOTED : child_mode);
        else
            constant = put_value(c, v, child_mode);
    }
    c->serial_stack.count = 0;
    return constant ? LITERAL_DONE : LITERAL_NONE;
}

static uint32_t hash_bytes(const uint8_t *bytes, uint32_t size)
{
    uint64_t h = 0xcbf29ce484222325ull ^ size, w;
    for (; size >= 8; size -= 8, bytes += 8) {
        __builtin_memcpy(&w, bytes, 8);
        h = (h ^ w) * 0x9e3779b97f4a7c15ull;
        h ^= h >> 32;
    }
    for (; size; size--) h = (h ^ *bytes++) * 0x100000001b3ull;
    return (uint32_t)(h ^ h >> 29);
}

/* Open addressing; entries are literal + 1. */
static void index_insert(uint32_t *table, uint32_t mask, uint32_t hash, uint32_t entry)
{
    uint32_t at = hash & mask;
    while (table[at]) at = (at + 1) & mask;
    table[at] = entry;
}
static void index_grow(struct compiler *c)
{
    uint32_t size = c->literal_index.count ? c->literal_index.count * 2 : 64;
    struct buffer bigger = {0};
    uint32_t *table = buffer_push(c, &bigger, sizeof *table, size);
    if (c->failed) return;
    __builtin_memset(table, 0, (size_t)size * sizeof *table);
    for (uint32_t i = 0; i < c->literals.count; i++)
        index_insert(table, size - 1, AT(c, literals, struct literal, i).hash, i + 1);
    c->literal_index = bigger;
}

/* The bytes from `start` on become a literal, or are given up for an equal one. */
static uint32_t intern_literal(struct compiler *c, uint32_t start)
{
    if (c->failed) return NONE;
    if ((c->literals.count + 1) * 2 > c->literal_index.count) index_grow(c);
    if (c->failed) return NONE;
    const uint8_t *bytes = (const uint8_t *)c->data.at;
    uint32_t size = c->data.count - start, hash = hash_bytes(bytes + start, size);
    uint32_t mask = c->literal_index.count - 1, at = hash & mask, entry;
    while ((entry = AT(c, literal_index, uint32_t, at)) != 0) {
        struct literal *l = &AT(c, literals, struct literal, entry - 1);
        if (l->hash == hash && l->size == size &&
            __builtin_memcmp(bytes + l->offset, bytes + start, size) == 0) {
            c->data.count = start;
            return entry - 1;
        }
        at = (at + 1) & mask;
    }
    struct literal *l = PUSH(c, literals, struct literal);
    if (c->failed) return NONE;
    *l = (struct literal){start, size, hash, NONE};
    AT(c, literal_index, uint32_t, at) = c->literals.count;
    return c->literals.count - 1;
}

void literal_start(struct compiler *c, value v, enum serial_mode mode)
{
    c->serial_constant = put_value(c, v, mode);
}

enum literal_state literal_continue(struct compiler *c, uint32_t start, uint32_t *literal)
{
    enum literal_state state = put_rest(c);
    if (state == LITERAL_DONE) *literal = intern_literal(c, start);
    if (state == LITERAL_NONE) c->data.count = start;
    return state;
}

uint32_t literal_of(struct compiler *c, value v, enum serial_mode mode)
{
    uint32_t start = c->data.count, literal = NONE;
    literal_start(c, v, mode);
    int64_t budget = c->budget;
    enum literal_state state;
    do {
        c->budget = INT64_MAX;
        state = literal_continue(c, start, &literal);
    } while (state == LITERAL_MORE);
    c->budget = budget;
    return state == LITERAL_DONE ? literal : NONE;
}

uint32_t literal_var(struct compiler *c, value symbol)
{
    uint32_t start = c->data.count;
    put_byte(c, SER_VAR);
    put_name(c, SER_SYMBOL, symbol);
    return intern_literal(c, start);
}

static uint32_t global_of_literal(struct compiler *c, uint32_t literal)
{
    if (c->failed) return 0;
    struct literal *l = &AT(c, literals, struct literal, literal);
    if (l->global == NONE) {
        l->global = c->globals.count;
        *PUSH(c, globals, uint32_t) = literal;
    }
    return l->global;
}
uint32_t global_of(struct compiler *c, value symbol)
{
    return global_of_literal(c, literal_of(c, symbol, SERIAL_BARE));
}
uint32_t global_named(struct compiler *c, value ns, value name)
{
    uint32_t start = c->data.count;
    put_byte(c, SER_SYMBOL);
    put_byte(c, 1);
    put_string(c, ns);
    put_string(c, name);
    return global_of_literal(c, intern_literal(c, start));
}
