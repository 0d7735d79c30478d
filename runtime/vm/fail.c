/* Conditions that the runtime itself signals. */
#include <stdarg.h>

#include "runtime/sched/domain.h"
#include "runtime/value/collection.h"
#include "runtime/value/number.h"
#include "runtime/value/string.h"
#include "runtime/vm/prim.h"

#define MESSAGE_BYTES 600
#define VALUE_BYTES 200 /* of a message, for one value */
#define VALUE_DEPTH 4
#define VALUE_ITEMS 10

struct text {
    char bytes[MESSAGE_BYTES];
    size_t size, limit;
};

/* Bytes beyond the limit are dropped, at a character's boundary. */
static void put(struct text *t, const char *bytes, size_t n)
{
    size_t room = t->limit - t->size;
    if (n > room) {
        n = room;
        while (n > 0 && ((uint8_t)bytes[n] & 0xc0) == 0x80) n--;
        t->limit = t->size + n;
    }
    __builtin_memcpy(t->bytes + t->size, bytes, n);
    t->size += n;
}
static void put_text(struct text *t, const char *s)
{
    put(t, s, __builtin_strlen(s));
}

static void put_integer(struct text *t, int64_t i)
{
    char digits[NUMBER_TEXT_MAX];
    put(t, digits, fixnum_format(i, 10, digits));
}

static void put_unsigned(struct text *t, uint64_t u)
{
    if (u >= 10) put_unsigned(t, u / 10);
    put(t, &"0123456789"[u % 10], 1);
}

static void put_code_point(struct text *t, uint32_t c)
{
    char b[4];
    size_t n = c < 0x80 ? 1 : c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;
    for (size_t i = n - 1; i > 0; i--, c >>= 6) b[i] = (char)(0x80 | (c & 0x3f));
    b[0] = (char)(n == 1 ? c : (0xf00u >> n & 0xf0) | c);
    put(t, b, n);
}

static void put_quoted(struct text *t, value s)
{
    size_t n;
    const char *bytes = string_bytes(s, &n);
    put(t, "\"", 1);
    for (size_t i = 0, from = 0; i <= n && t->size < t->limit; i++) {
        const char *escape = i == n             ? ""
                             : bytes[i] == '"'  ? "\\\""
                             : bytes[i] == '\\' ? "\\\\"
                             : bytes[i] == '\n' ? "\\n"
                                                : NULL;
        if (escape == NULL) continue;
        put(t, bytes + from, i - from);
        put_text(t, escape);
        from = i + 1;
    }
    put(t, "\"", 1);
}

static void put_name(struct text *t, value name)
{
    size_t n;
    value ns = to_obj(name)->p[1];
    if (is_keyword(name)) put(t, ":", 1);
    if (ns != NIL) {
        const char *bytes = string_bytes(ns, &n);
        put(t, bytes, n);
        put(t, "/", 1);
    }
    const char *bytes = string_bytes(to_obj(name)->p[2], &n);
    put(t, bytes, n);
}

static void put_value(struct text *t, value v, unsigned depth);

/* The first elements of something that can be walked in C. */
static void put_items(struct text *t, value coll, unsigned depth)
{
    bool map = is_map(coll);
    struct walk w;
    value key, val;
    put_text(t, map ? "{" : is_set(coll) ? "#{" : "[");
    walk_start(&w, coll);
    for (unsigned i = 0; walk_next(&w, &key, &val); i++) {
        if (i > 0) put_text(t, map ? ", " : " ");
        if (i == VALUE_ITEMS) {
            put_text(t, "...");
            break;
        }
        put_value(t, key, depth + 1);
        if (!map) continue;
        put(t, " ", 1);
        put_value(t, val, depth + 1);
    }
    put_text(t, map || is_set(coll) ? "}" : "]");
}

static void put_list(struct text *t, value v, unsigned depth)
{
    put(t, "(", 1);
    for (unsigned i = 0; is_cons(v); i++, v = cons_rest(v)) {
        if (i > 0) put(t, " ", 1);
        if (i == VALUE_ITEMS) break;
        put_value(t, cons_first(v), depth + 1);
    }
    put_text(t, v == NIL || is_type(v, T_EMPTY_LIST) ? ")" : " ...)");
}

static void put_function(struct text *t, value f)
{
    put_text(t, "#<function");
    value name = NIL;
    if (is_type(f, T_FN)) name = ((const struct proto *)(uintptr_t)to_obj(f)->p[0])->name;
    if (name != NIL) put(t, " ", 1);
    if (is_symbol(name))
        put_name(t, name);
    else if (is_string(name))
        put(t, string_bytes(name, &(size_t){0}), string_chars(name));
    if (is_type(f, T_PRIM)) {
        put(t, " ", 1);
        put_text(t, prims[to_obj(f)->p[0]].name);
    }
    put(t, ">", 1);
}

static void put_immediate(struct text *t, value v)
{
    char digits[NUMBER_TEXT_MAX];
    if (v == NIL)
        put_text(t, "nil");
    else if (v == TRUE_ || v == FALSE_)
        put_text(t, v == TRUE_ ? "true" : "false");
    else if (is_fixnum(v))
        put_integer(t, to_fixnum(v));
    else if (is_double(v))
        put(t, digits, double_format(to_double(v), digits));
    else if (is_char(v))
        put(t, "\\", 1), put_code_point(t, to_char(v));
    else
        put_text(t, "#<unbound>");
}

static void put_value(struct text *t, value v, unsigned depth)
{
    if (!is_ptr(v)) {
        put_immediate(t, v);
        return;
    }
    if (depth > VALUE_DEPTH) {
        put(t, "#", 1);
        return;
    }
    char digits[NUMBER_SHORT_TEXT_MAX];
    switch (type_of(v)) {
    case T_BIGINT:
    case T_RATIO: put(t, digits, exact_format_short(v, digits)); return;
    case T_STRING:
    case T_STRING_BLOB: put_quoted(t, v); return;
    case T_SYMBOL:
    case T_KEYWORD: put_name(t, v); return;
    case T_EMPTY_LIST:
    case T_CONS: put_list(t, v, depth); return;
    case T_SVECTOR:
    case T_VECTOR:
    case T_SUBVECTOR:
    case T_AMAP:
    case T_HMAP:
    case T_HSET: put_items(t, v, depth); return;
    case T_FN:
    case T_PRIM: put_function(t, v); return;
    case T_VAR: put_text(t, "#'"), put_name(t, to_obj(v)->p[1]); return;
    default:
        put_text(t, "#<");
        put_text(t, object_info[type_of(v)].name);
        put(t, ">", 1);
    }
}

static void put_cut(struct text *t, value v)
{
    size_t whole = t->limit, from = t->size;
    t->limit = min_u64(whole, from + VALUE_BYTES);
    put_value(t, v, 0);
    bool cut = t->limit < min_u64(whole, from + VALUE_BYTES) || t->size == t->limit;
    t->limit = whole;
    if (cut) put_text(t, "...");
}

static void format(struct text *t, const char *fmt, va_list args)
{
    for (const char *at = fmt; *at != 0; at++) {
        const char *end = at;
        while (*end != 0 && *end != '%') end++;
        put(t, at, (size_t)(end - at));
        if (*end == 0) return;
        at = end + 1;
        switch (*at) {
        case 's': put_text(t, va_arg(args, const char *)); break;
        case 'd': put_integer(t, va_arg(args, int64_t)); break;
        case 'u': put_unsigned(t, va_arg(args, uint64_t)); break;
        case 'v': put_cut(t, va_arg(args, value)); break;
        case 'c': put_code_point(t, va_arg(args, uint32_t)); break;
        default: put(t, at, 1);
        }
    }
}

static const char *const error_names[ERR_COUNT] = {
#define ERR(NAME, keyword, doc) keyword,
#include "spec/errors.def"
#undef ERR
};

static value keyword(struct process *p, const char *name)
{
    return domain_intern_keyword(p->domain, NULL, 0, name, __builtin_strlen(name));
}

value process_fail(struct process *p, enum error_kind kind, value irritant, const char *fmt, ...)
{
    struct text t = {.limit = MESSAGE_BYTES - 4};
    va_list args;
    va_start(args, fmt);
    format(&t, fmt, args);
    va_end(args);
    value entries[6] = {keyword(p, "type"),    keyword(p, error_names[kind]),
                        keyword(p, "message"), string_make_unchecked(p, t.bytes, t.size),
                        keyword(p, "value"),   irritant};
    if (is_sentinel(entries[3])) entries[3] = NIL;
    p->error = map_make(p, entries, irritant == NIL ? 2 : 3);
    return VAL_ERROR;
}

value fail_type(struct process *p, const char *function, unsigned arg_number, value got, const char *wanted)
{
    return process_fail(p, ERR_TYPE, got, "%s: argument %u must be %s, not %v", function,
                        (uint64_t)arg_number, wanted, got);
}

value fail_range(struct process *p, const char *function, value index, uint64_t limit)
{
    return process_fail(p, ERR_RANGE, index, "%s: %v is not in the range from 0 to %u", function, index,
                        limit);
}
