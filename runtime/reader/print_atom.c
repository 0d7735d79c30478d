/* Texts of what has no parts, and the long ones in steps. */
#include "runtime/reader/print_internal.h"
#include "runtime/reader/chars.h"
#include "runtime/value/collection.h"
#include "runtime/value/instant.h"
#include "runtime/value/number.h"
#include "runtime/value/record.h"
#include "runtime/vm/code.h"
#include "runtime/vm/prim.h"
#include "base/utf8.h"

#define STEP_BYTES 4096u

/* ---- strings and binaries ---- */

/* What a byte of a string becomes between quotes; 0: itself; 'u': \u00XX. */
static char escape_of(uint8_t c)
{
    switch (c) {
    case '"': return '"';
    case '\\': return '\\';
    case '\n': return 'n';
    case '\t': return 't';
    case '\r': return 'r';
    case '\b': return 'b';
    case '\f': return 'f';
    default: return c < 0x20 || c == 0x7f ? 'u' : 0;
    }
}

static void put_hex_byte(struct text *t, uint8_t b)
{
    const char digits[2] = {"0123456789abcdef"[b >> 4], "0123456789abcdef"[b & 15]};
    text_put(t, digits, 2);
}

/* index: bytes done. */
void print_string_step(struct printer *w)
{
    size_t size;
    const char *s = string_bytes(w->f.cur, &size);
    size_t stop = min_u64(size, w->f.index + STEP_BYTES), from = w->f.index, i = from;
    w->work -= (int64_t)(stop - from) / 16;
    for (; i < stop; i++) {
        char e = escape_of((uint8_t)s[i]);
        if (LIKELY(!e)) continue;
        text_put(&w->out, s + from, i - from);
        from = i + 1;
        if (e == 'u') {
            text_c(&w->out, "\\u00");
            put_hex_byte(&w->out, (uint8_t)s[i]);
        } else {
            text_byte(&w->out, '\\');
            text_byte(&w->out, e);
        }
    }
    text_put(&w->out, s + from, stop - from);
    w->f.index = stop;
    if (stop < size) return;
    text_byte(&w->out, '"');
    w->f.kind = P_DONE;
}

void print_raw_step(struct printer *w)
{
    size_t size;
    const char *s =
        is_string(w->f.cur) ? string_bytes(w->f.cur, &size) : (const char *)binary_bytes(w->f.cur, &size);
    size_t n = min_u64(size - w->f.index, 8 * STEP_BYTES);
    w->work -= (int64_t)n / 64;
    text_put(&w->out, s + w->f.index, n);
    w->f.index += n;
    if (w->f.index == size) w->f.kind = P_DONE;
}

void print_bytes_step(struct printer *w)
{
    size_t size;
    const uint8_t *b = binary_bytes(w->f.cur, &size);
    size_t stop = min_u64(size, w->f.index + STEP_BYTES);
    w->work -= (int64_t)(stop - w->f.index) / 4;
    for (; w->f.index < stop; w->f.index++) put_hex_byte(&w->out, b[w->f.index]);
    if (stop < size) return;
    text_byte(&w->out, '"');
    w->f.kind = P_DONE;
}

/* ---- characters and names ---- */

void print_char(struct printer *w, uint32_t c)
{
    if (!print_readable(w)) {
        text_char(&w->out, c);
        return;
    }
    text_byte(&w->out, '\\');
    for (unsigned i = 0; i < char_name_count; i++)
        if (char_names[i].code == c) {
            text_c(&w->out, char_names[i].name);
            return;
        }
    if (c < 0x20 || c == 0x7f || (c >= 0x80 && char_is_space(c))) {
        text_byte(&w->out, 'u');
        put_hex_byte(&w->out, (uint8_t)(c >> 8));
        put_hex_byte(&w->out, (uint8_t)c);
        return;
    }
    text_char(&w->out, c);
}

/* Does it read back as it prints?  ns and name are joined by a slash, so a slash in ns would move the border. */
bool print_name_reads_back(value v)
{
    size_t ns_size = 0, size;
    const char *ns = name_ns(v) == NIL ? NULL : string_bytes(name_ns(v), &ns_size),
               *name = string_bytes(name_name(v), &size);
    char joined[256];
    if (ns_size + size + 1 > sizeof joined) return false;
    if (ns) {
        if (__builtin_memchr(ns, '/', ns_size)) return false;
        __builtin_memcpy(joined, ns, ns_size);
        joined[ns_size++] = '/';
    }
    __builtin_memcpy(joined + ns_size, name, size);
    struct name_parts parts;
    if (!name_split(joined, ns_size + size, is_keyword(v), &parts) || (parts.ns != NULL) != (ns != NULL))
        return false;
    if (is_keyword(v) || ns) return true;
    return !name_is(v, NULL, "nil") && !name_is(v, NULL, "true") && !name_is(v, NULL, "false");
}

static void put_name_parts(struct printer *w, value name)
{
    if (name_ns(name) != NIL) {
        text_string(&w->out, name_ns(name));
        text_byte(&w->out, '/');
    }
    text_string(&w->out, name_name(name));
}

void print_name(struct printer *w, value name)
{
    if (w->mode == PRINT_READABLY && !print_name_reads_back(name)) {
        value parts[] = {name_ns(name), name_name(name)};
        text_c(&w->out, is_keyword(name) ? "#lona/keyword " : "#lona/symbol ");
        print_push(w, P_ONE, vector_make(w->p, parts, 2));
        return;
    }
    if (is_keyword(name)) text_byte(&w->out, ':');
    put_name_parts(w, name);
}

/* ---- numbers ---- */

void print_number_step(struct printer *w)
{
    print_charge(w);
    int32_t before = w->p->reductions;
    value s = number_to_string(w->p, w->f.cur, 10, &w->f.aux);
    int64_t used = (int64_t)before - w->p->reductions;
    w->work = w->charged = s == VAL_YIELD || used > w->work ? 0 : w->work - used;
    if (s == VAL_YIELD) return;
    if (s == VAL_ERROR) {
        w->out.failed = true;
        w->f.kind = P_DONE;
        return;
    }
    w->f = (struct print_frame){.kind = P_RAW, .cur = s, .aux = NIL};
}

static void print_double(struct printer *w, double d)
{
    char b[NUMBER_TEXT_MAX];
    text_put(&w->out, b, print_readable(w) ? double_format_readable(d, b) : double_format(d, b));
}

/* ---- unreadable forms ---- */

void print_type_name(struct printer *w, value rtype)
{
    value name = to_obj(rtype)->p[RTYPE_NAME];
    if (!is_symbol(name)) return;
    if (name_ns(name) != NIL) {
        text_string(&w->out, name_ns(name));
        text_byte(&w->out, '.');
    }
    text_string(&w->out, name_name(name));
}

static void print_function(struct printer *w, const struct object *o)
{
    if (obj_type(o) == T_PRIM) {
        /* Unit tests of the printer link without the table. */
        extern const struct prim prims[] __attribute__((weak));
        if (prims)
            text_format(&w->out, "#<function %s>", prims[(uint32_t)o->p[0]].name);
        else
            text_format(&w->out, "#<function %u>", o->p[0]);
        return;
    }
    value name = ((const struct proto *)(uintptr_t)o->p[0])->name;
    text_c(&w->out, "#<function");
    if (name != NIL) text_byte(&w->out, ' ');
    if (is_symbol(name))
        put_name_parts(w, name);
    else if (is_string(name))
        text_string(&w->out, name);
    text_byte(&w->out, '>');
}

static void print_pid(struct printer *w, uint64_t id)
{
    text_format(&w->out, "#<pid %u", id & 0xffffff);
    if (id >> 24) text_format(&w->out, ".%u", id >> 24);
    text_byte(&w->out, '>');
}

static void print_regex(struct printer *w, value source)
{
    size_t size;
    const char *s = string_bytes(source, &size);
    if (w->mode == PRINT_STR && w->depth == 0) { /* (str #"a") is the pattern */
        text_put(&w->out, s, size);
        return;
    }
    text_c(&w->out, "#\"");
    for (size_t i = 0; i < size; i++) {
        if (s[i] == '"') text_byte(&w->out, '\\'); /* inside a regular expression \" is " */
        text_byte(&w->out, s[i]);
        if (s[i] == '\\' && i + 1 < size) text_byte(&w->out, s[++i]);
    }
    w->work -= (int64_t)(size / 16);
    text_byte(&w->out, '"');
}

static void print_instant(struct printer *w, value v)
{
    char b[INSTANT_TEXT_MAX];
    size_t size = instant_format(instant_us(v), b);
    if (print_readable(w)) text_c(&w->out, "#inst \"");
    text_put(&w->out, b, size);
    if (print_readable(w)) text_byte(&w->out, '"');
}

static void print_uuid(struct printer *w, const struct object *o)
{
    char b[UUID_TEXT_SIZE];
    uuid_format(o->p[0], o->p[1], b);
    if (print_readable(w)) text_c(&w->out, "#uuid \"");
    text_put(&w->out, b, sizeof b);
    if (print_readable(w)) text_byte(&w->out, '"');
}

static void print_ref(struct printer *w, const struct object *o)
{
    text_c(&w->out, "#<ref ");
    for (unsigned i = 0; i < 16; i++) put_hex_byte(&w->out, (uint8_t)(o->p[i / 8] >> (56 - i % 8 * 8)));
    text_byte(&w->out, '>');
}

static void print_object(struct printer *w, value v)
{
    const struct object *o = to_obj(v);
    struct text *t = &w->out;
    switch (obj_type(o)) {
    case T_FN:
    case T_PRIM: print_function(w, o); return;
    case T_VAR:
        text_c(t, "#'");
        put_name_parts(w, o->p[1]);
        return;
    case T_NAMESPACE:
        text_c(t, "#<namespace ");
        put_name_parts(w, o->p[0]);
        text_byte(t, '>');
        return;
    case T_PID: print_pid(w, o->p[0]); return;
    case T_REF: print_ref(w, o); return;
    case T_DOMAIN: text_format(t, "#<domain %u>", o->p[0] & 0xffffff); return;
    case T_CAPABILITY: text_format(t, "#<capability %u>", o->p[0]); return;
    case T_REGION_REF: text_format(t, "#<region-ref %u %u>", o->p[0], o->p[1]); return;
    case T_ARRAY: text_format(t, "#<array of %u>", (uint64_t)obj_size(o)); return;
    case T_REGEX: print_regex(w, o->p[0]); return;
    case T_INSTANT: print_instant(w, v); return;
    case T_UUID: print_uuid(w, o); return;
    case T_RTYPE:
        text_c(t, "#<type ");
        print_type_name(w, v);
        text_byte(t, '>');
        return;
    case T_RECORD:
        text_c(t, "#<");
        print_type_name(w, o->p[RECORD_TYPE]);
        text_byte(t, '>');
        return;
    case T_LAZY: text_c(t, obj_has(o, OBJ_A) ? "#<delay>" : "..."); return;
    default: text_format(t, "#<%s>", object_info[obj_type(o)].name);
    }
}

void print_atom(struct printer *w, value v)
{
    struct text *t = &w->out;
    if (is_fixnum(v))
        text_number(t, to_fixnum(v));
    else if (is_double(v))
        print_double(w, to_double(v));
    else if (is_char(v))
        print_char(w, to_char(v));
    else if (v == NIL)
        text_c(t, "nil");
    else if (v == TRUE_)
        text_c(t, "true");
    else if (v == FALSE_)
        text_c(t, "false");
    else if (is_symbol(v) || is_keyword(v))
        print_name(w, v);
    else if (is_ptr(v))
        print_object(w, v);
    else
        text_c(t, "#<unbound>");
}
