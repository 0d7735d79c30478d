/* What the passes ask of forms. */
#include "runtime/compiler/internal.h"

bool form_is_list(value v)
{
    switch (type_of(v)) {
    case T_CONS:
    case T_EMPTY_LIST:
    case T_LAZY:
    case T_INDEXED_SEQ: return true;
    default: return false;
    }
}

/* A lazy sequence that was realised stands for what it holds. */
static value realised(value v)
{
    while (is_type(v, T_LAZY) && to_obj(v)->p[0] == NIL) v = to_obj(v)->p[1];
    return v;
}

bool form_next(struct compiler *c, value *list, value *item)
{
    value v = realised(*list);
    switch (type_of(v)) {
    case T_CONS:
        *item = cons_first(v);
        *list = cons_rest(v);
        return true;
    case T_INDEXED_SEQ: {
        uint64_t index = to_obj(v)->p[0];
        value coll = to_obj(v)->p[1];
        if (!is_vector(coll)) break;
        *item = vector_nth(coll, index);
        if (*item == VAL_ABSENT) return false;
        struct object *o = heap_alloc(c->p, T_INDEXED_SEQ, 0, 2);
        o->p[0] = index + 1;
        o->p[1] = coll;
        *list = from_obj(o);
        return true;
    }
    case T_EMPTY_LIST: return false;
    default:
        if (v == NIL) return false;
        if (is_vector(v)) {
            *item = vector_nth(v, 0);
            if (*item == VAL_ABSENT) return false;
            struct object *o = heap_alloc(c->p, T_INDEXED_SEQ, 0, 2);
            o->p[0] = 1;
            o->p[1] = v;
            *list = from_obj(o);
            return true;
        }
    }
    compile_fail(c, ERR_COMPILE, NIL,
                 "the form holds a sequence that is not realised; expected lists, vectors, maps and sets%s",
                 "");
    return false;
}

static uint32_t position_entry(struct compiler *c, value meta, value key)
{
    value v = map_get_keyword(meta, key);
    return is_fixnum(v) && to_fixnum(v) >= 0 && to_fixnum(v) < (int64_t)UINT32_MAX ? (uint32_t)to_fixnum(v)
                                                                                   : 0;
}

uint32_t form_position(struct compiler *c, value form)
{
    value meta = obj_meta(form);
    if (meta == NIL || !is_map(meta)) return 0;
    uint32_t line = position_entry(c, meta, c->key_line);
    if (line == 0) return 0;
    struct position_record *r = PUSH(c, positions, struct position_record);
    if (c->failed) return 0;
    *r = (struct position_record){.line = line, .column = position_entry(c, meta, c->key_column)};
    int64_t start = (int64_t)position_entry(c, meta, c->key_start) - c->base_offset;
    int64_t end = (int64_t)position_entry(c, meta, c->key_end) - c->base_offset;
    if (start >= 0 && end >= start) {
        r->start = (uint32_t)start;
        r->end = (uint32_t)end;
    }
    c->line = line;
    c->column = r->column;
    return c->positions.count;
}

value form_meta(struct compiler *c, value form)
{
    value meta = obj_meta(form);
    if (meta == NIL || !is_map(meta)) return NIL;
    const value keys[] = {c->key_line, c->key_column, c->key_start, c->key_end};
    for (unsigned i = 0; i < COUNT_OF(keys); i++)
        if (map_get_keyword(meta, keys[i]) != VAL_ABSENT) meta = map_dissoc(c->p, meta, keys[i]);
    return map_count(meta) ? meta : NIL;
}

static bool name_equals(value name, const char *text, size_t size)
{
    size_t n;
    const char *bytes = string_bytes(name, &n);
    return n == size && __builtin_memcmp(bytes, text, n) == 0;
}

enum head form_head(value symbol)
{
    static const struct {
        const char name[10];
        uint8_t size, head;
    } heads[] = {{"quote", 5, HEAD_QUOTE},
                 {"if", 2, HEAD_IF},
                 {"do", 2, HEAD_DO},
                 {"let*", 4, HEAD_LET},
                 {"letfn*", 6, HEAD_LETFN},
                 {"loop*", 5, HEAD_LOOP},
                 {"recur", 5, HEAD_RECUR},
                 {"fn*", 3, HEAD_FN},
                 {"var", 3, HEAD_VAR},
                 {"catch*", 6, HEAD_CATCH},
                 {"cleanup*", 8, HEAD_CLEANUP},
                 {"receive*", 8, HEAD_RECEIVE},
                 {"take*", 5, HEAD_TAKE},
                 {"skip*", 5, HEAD_SKIP},
                 {"alt*", 4, HEAD_ALT},
                 {"fail*", 5, HEAD_FAIL}};
    if (name_ns(symbol) != NIL) return HEAD_NONE;
    size_t size;
    const char *bytes = string_bytes(name_name(symbol), &size);
    for (unsigned i = 0; i < COUNT_OF(heads); i++)
        if (heads[i].size == size && heads[i].name[0] == bytes[0] &&
            __builtin_memcmp(bytes, heads[i].name, size) == 0)
            return (enum head)heads[i].head;
    return HEAD_NONE;
}

int intrinsic_of(value symbol, const char *ns_or_null, uint32_t argc)
{
    static const char core[] = "lona.core/";
    static const struct {
        const char *name;
        uint8_t size, argc, op;
    } table[] = {
#define INTRINSIC(name, argc, OP) {&name[sizeof core - 1], sizeof name - sizeof core, argc, OP_##OP},
#include "spec/intrinsics.def"
#undef INTRINSIC
    };
    if (argc < 1 || argc > 2) return -1;
    if (ns_or_null) {
        if (__builtin_strcmp(ns_or_null, "lona.core") != 0) return -1;
    } else if (name_ns(symbol) == NIL || !name_equals(name_ns(symbol), core, sizeof core - 2)) {
        return -1;
    }
    size_t size;
    const char *bytes = string_bytes(name_name(symbol), &size);
    for (unsigned i = 0; i < COUNT_OF(table); i++)
        if (table[i].size == size && table[i].argc == argc &&
            __builtin_memcmp(bytes, table[i].name, size) == 0)
            return table[i].op;
    return -1;
}
