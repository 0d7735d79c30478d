/* A reader for tests of the compiler: text to forms, with :line on lists.  Enough of the syntax to write core forms. */
#ifndef TEST_RUNTIME_COMPILER_FORMS_H
#define TEST_RUNTIME_COMPILER_FORMS_H

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include "runtime/value/collection.h"
#include "runtime/value/string.h"

struct source {
    struct process *p;
    const char *at;
    int line;
};

static value read_form(struct source *s);

static void skip_blank(struct source *s)
{
    for (; *s->at && (isspace((unsigned char)*s->at) || *s->at == ',' || *s->at == ';'); s->at++) {
        if (*s->at == ';')
            while (s->at[1] && s->at[1] != '\n') s->at++;
        if (*s->at == '\n') s->line++;
    }
}

static value with_line(struct source *s, value list, int line)
{
    struct process *p = s->p;
    if (!is_cons(list)) return list;
    value kv[] = {keyword_c(p, NULL, "line"), from_fixnum(line), keyword_c(p, NULL, "column"),
                  from_fixnum(1)};
    struct object *o = heap_alloc(p, T_CONS, OBJ_A | OBJ_META, 3);
    o->p[0] = cons_first(list);
    o->p[1] = cons_rest(list);
    o->p[2] = map_make(p, kv, 2);
    return from_obj(o);
}

static value read_sequence(struct source *s, char close, char kind)
{
    value *items = (value *)malloc(200000 * sizeof *items);
    size_t n = 0;
    int line = s->line;
    for (skip_blank(s); *s->at && *s->at != close; skip_blank(s)) items[n++] = read_form(s);
    if (*s->at) s->at++;
    value v = empty_set();
    if (kind == '(')
        v = with_line(s, list_make(s->p, items, n), line);
    else if (kind == '[')
        v = vector_make(s->p, items, n);
    else if (kind == '{')
        v = map_make(s->p, items, n / 2);
    else
        for (size_t i = 0; i < n; i++) v = set_conj(s->p, v, items[i]);
    free(items);
    return v;
}

static value read_string(struct source *s)
{
    const char *start = s->at;
    while (*s->at && *s->at != '"') s->at++;
    value v = string_make(s->p, start, (size_t)(s->at - start));
    s->at++;
    return v;
}

static value read_name(struct source *s, bool keyword)
{
    const char *start = s->at;
    while (*s->at && !isspace((unsigned char)*s->at) && !strchr("()[]{}\",", *s->at)) s->at++;
    size_t size = (size_t)(s->at - start);
    const char *slash = size > 1 ? (const char *)memchr(start, '/', size - 1) : NULL;
    value ns = slash ? string_make(s->p, start, (size_t)(slash - start)) : NIL;
    const char *name = slash ? slash + 1 : start;
    value n = string_make(s->p, name, (size_t)(start + size - name));
    return keyword ? keyword_make(s->p, ns, n) : symbol_make(s->p, ns, n);
}

static value read_form(struct source *s)
{
    skip_blank(s);
    char c = *s->at;
    if (c == '(' || c == '[' || c == '{') {
        s->at++;
        return read_sequence(s, c == '(' ? ')' : c == '[' ? ']' : '}', c);
    }
    if (c == '#' && s->at[1] == '{') {
        s->at += 2;
        return read_sequence(s, '}', '#');
    }
    if (c == '^') { /* ^meta form, on vectors and lists */
        s->at++;
        value meta = read_form(s), form = read_form(s);
        if (is_keyword(meta)) meta = map_make(s->p, (value[]){meta, TRUE_}, 1);
        struct object *old = to_obj(form);
        uint32_t size = obj_size(old) - obj_has(old, OBJ_META);
        struct object *o = heap_alloc(s->p, obj_type(old), header_flags(old->header) | OBJ_META, size + 1);
        memcpy(o->p, old->p, size * 8);
        o->p[size] = meta;
        return from_obj(o);
    }
    if (c == '\'') {
        s->at++;
        value kv[] = {symbol_c(s->p, NULL, "quote"), read_form(s)};
        return list_make(s->p, kv, 2);
    }
    if (c == '"') {
        s->at++;
        return read_string(s);
    }
    if (c == '\\') {
        s->at += 2;
        return from_char((uint32_t)(unsigned char)s->at[-1]);
    }
    if (c == ':') {
        s->at++;
        return read_name(s, true);
    }
    if (isdigit((unsigned char)c) || (c == '-' && isdigit((unsigned char)s->at[1]))) {
        char *end;
        long long i = strtoll(s->at, &end, 10);
        if (*end == '.') {
            double d = strtod(s->at, &end);
            s->at = end;
            return from_double(d);
        }
        s->at = end;
        return from_fixnum(i);
    }
    value v = read_name(s, false);
    return name_is(v, NULL, "nil")     ? NIL
           : name_is(v, NULL, "true")  ? TRUE_
           : name_is(v, NULL, "false") ? FALSE_
                                       : v;
}

static value read_text(struct process *p, const char *text)
{
    struct source s = {p, text, 1};
    return read_form(&s);
}

#endif
