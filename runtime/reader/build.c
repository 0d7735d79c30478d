/* Finishing: items into collections, prefixes into forms, tags into values. */
#include "runtime/reader/internal.h"
#include "runtime/sched/domain.h"
#include "runtime/value/record.h"
#include "runtime/value/instant.h"

#define BUILD_DIRECT 64u /* items that are made into a collection in one step */
#define BUILD_STEP 128u  /* items that one step moves for a larger one */

/* ---- metadata ---- */

value reader_with_meta(struct process *p, value v, value meta)
{
    bool pending = is_type(v, T_LAZY) && to_obj(v)->p[0] != NIL; /* from a data reader */
    return takes_meta(v) && !pending ? with_meta(p, v, meta) : VAL_ABSENT;
}

static value place_metadata(struct reader *r, struct place start)
{
    struct object *o = heap_alloc(r->p, T_AMAP, 0, 8);
    o->p[0] = r->v[RV_LINE];
    o->p[1] = from_fixnum(start.line);
    o->p[2] = r->v[RV_COLUMN];
    o->p[3] = from_fixnum(start.column);
    o->p[4] = r->v[RV_START];
    o->p[5] = from_fixnum((int64_t)start.offset);
    o->p[6] = r->v[RV_END];
    o->p[7] = from_fixnum((int64_t)r->at);
    return from_obj(o);
}

/* The list with the place of the frame that ends at `at`.  Pre: the list was made for it, nobody else has it. */
static value placed_list(struct reader *r, value list, struct place start)
{
    return reader_with_meta(r->p, list, place_metadata(r, start));
}

static value placed_list_of(struct reader *r, const value *items, size_t n, struct place start)
{
    value meta = place_metadata(r, start);
    struct object *o;
    if (n == 0) {
        o = heap_alloc(r->p, T_EMPTY_LIST, OBJ_META, 1);
    } else {
        value rest = list_make(r->p, items + 1, n - 1);
        o = heap_alloc(r->p, T_CONS, OBJ_A | OBJ_META, 3);
        o->p[0] = items[0];
        o->p[1] = rest;
    }
    o->p[obj_size(o) - 1] = meta;
    return from_obj(o);
}

/* ^x as a map; VAL_ERROR. */
static value metadata_of(struct reader *r, value x)
{
    value kv[2] = {NIL, x};
    if (is_map(x) || is_mark(x)) return x;
    if (is_keyword(x)) {
        kv[0] = x;
        kv[1] = TRUE_;
    } else if (is_symbol(x) || is_string(x)) {
        kv[0] = keyword_c(r->p, NULL, "tag");
    } else if (is_vector(x)) {
        kv[0] = keyword_c(r->p, NULL, "param-tags");
    } else {
        return reader_fail(r, r->frame.start, "a map, keyword, symbol, string or vector", false,
                           "this is not metadata");
    }
    return map_make(r->p, kv, 1);
}

static value metadata_merge(struct reader *r, value onto, value meta)
{
    struct walk w;
    value key, val;
    if (onto == NIL) return meta;
    for (walk_start(&w, meta); walk_next(&w, &key, &val);) {
        value m = map_assoc(r->p, onto, key, val);
        if (is_sentinel(m))
            return reader_fail(r, r->frame.start, "simple keys", false, "metadata with such a large key");
        onto = m;
    }
    return onto;
}

static value metadata_done(struct reader *r, value form)
{
    if (r->frame.count == 0) {
        value meta = metadata_of(r, form);
        if (meta == VAL_ERROR) return meta;
        stack_push(&r->stack, meta);
        r->frame.count = 1;
        return VAL_ABSENT;
    }
    value meta = stack_pop(&r->stack), v = VAL_ABSENT;
    struct place start = r->frame.start;
    if (r->syntax_quotes) {
        v = reader_mark(r, K_META, form, meta);
    } else {
        value merged = metadata_merge(r, obj_meta(form), meta);
        if (merged == VAL_ERROR) return merged;
        v = reader_with_meta(r->p, form, merged);
    }
    reader_pop(r);
    if (v == VAL_ABSENT)
        return reader_fail(r, start, "a symbol or a collection", false,
                           "metadata on something that takes none");
    return v;
}

/* ---- maps and sets ---- */

/* Keys too large to be hashed in one go: Lonala puts the items into the empty collection, one after the other. */
static value large_keys(struct reader *r, const char *what, value items, value empty)
{
    reader_request(r, what, items, empty);
    return VAL_ABSENT;
}

static value duplicate(struct reader *r, const char *what)
{
    return reader_fail(r, r->frame.start, "distinct keys", false, "this %s literal has a key twice", what);
}

static value map_literal(struct reader *r, const value *items, size_t n)
{
    value m = map_make(r->p, items, n / 2);
    if (m == VAL_SLOW) return large_keys(r, "map", vector_make(r->p, items, n), empty_map());
    return map_count(m) == n / 2 ? m : duplicate(r, "map");
}

static value set_literal(struct reader *r, const value *items, size_t n)
{
    value s = empty_set();
    for (size_t i = 0; i < n; i++) {
        s = set_conj(r->p, s, items[i]);
        if (s == VAL_SLOW) return large_keys(r, "set", vector_make(r->p, items, n), empty_set());
    }
    return set_count(s) == n ? s : duplicate(r, "set");
}

/* A key of #:ns{...}: an unqualified name gets the namespace, the namespace _ is taken off. */
static value namespaced_key(struct reader *r, value ns, value key)
{
    if (!is_keyword(key) && !is_symbol(key)) return key;
    value own = name_ns(key);
    size_t size;
    if (own == NIL)
        own = ns;
    else if (string_bytes(own, &size)[0] == '_' && size == 1)
        own = NIL;
    else
        return key;
    return name_from_strings(r->p, is_keyword(key), own, name_name(key));
}

static bool has_splice(const value *items, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (is_mark(items[i]) && to_obj(items[i])->p[0] == from_fixnum(K_UNQUOTE_SPLICING)) return true;
    return false;
}

static value map_items(struct reader *r, value *items, size_t n)
{
    if (n % 2 && !(r->syntax_quotes && has_splice(items, n)))
        return reader_fail(r, r->frame.start, "a value for every key", false,
                           "this map literal has a key without a value");
    if (r->syntax_quotes) return reader_mark(r, K_MAP, vector_make(r->p, items, n), NIL);
    return map_literal(r, items, n);
}

/* ---- #() ---- */

static value function_literal(struct reader *r, value body)
{
    value params[258];
    uint64_t id = reader_name_id(r, r->fn_start - 1);
    char prefix[8];
    size_t n = 0;
    for (uint32_t i = 1; i <= r->fn_max; i++) {
        unsigned used = 0;
        prefix[used++] = 'p';
        if (i >= 100) prefix[used++] = (char)('0' + i / 100);
        if (i >= 10) prefix[used++] = (char)('0' + i / 10 % 10);
        prefix[used++] = (char)('0' + i % 10);
        params[n++] = reader_name(r, prefix, used, id, "#");
    }
    if (r->fn_rest) {
        params[n++] = symbol_c(r->p, NULL, "&");
        params[n++] = reader_name(r, "rest", 4, id, "#");
    }
    r->fn_start = 0;
    value arity = reader_list2(r, vector_make(r->p, params, n), body);
    value items[] = {symbol_c(r->p, NULL, "fn*"), arity};
    return placed_list_of(r, items, 2, r->frame.start);
}

/* ---- collections ---- */

static value finish_small(struct reader *r, enum reader_frame_kind kind, value *items, size_t n)
{
    switch (kind) {
    case K_LIST: return placed_list_of(r, items, n, r->frame.start);
    case K_FN: return function_literal(r, placed_list_of(r, items, n, r->frame.start));
    case K_VECTOR: return vector_make(r->p, items, n);
    case K_MAP: return map_items(r, items, n);
    case K_NSMAP:
        for (size_t i = 1; i < n; i += 2) items[i] = namespaced_key(r, items[0], items[i]);
        return map_items(r, items + 1, n - 1);
    default:
        if (r->syntax_quotes) return reader_mark(r, K_SET, vector_make(r->p, items, n), NIL);
        return set_literal(r, items, n);
    }
}

static value cond_done(struct reader *r)
{
    if (r->frame.flags & FRAME_FEATURE)
        return reader_fail(r, r->frame.start, "a form", false,
                           "this reader conditional ends after a feature");
    bool splice = r->frame.kind == K_COND_SPLICE;
    value form = r->frame.count ? stack_pop(&r->stack) : VAL_ABSENT;
    struct place start = r->frame.start;
    reader_pop(r);
    if (!splice || form == VAL_ABSENT) return form;
    if (r->frame.kind == K_TOP)
        return reader_fail(r, start, "a list or vector around it", false, "#?@ stands at the top level");
    bool vector = is_vector(form);
    if (!vector && !is_cons(form) && !is_type(form, T_EMPTY_LIST))
        return reader_fail(r, start, "a list or vector", false,
                           "#?@ chooses something that cannot be spliced");
    uint64_t n = vector ? vector_count(form) : UINT64_MAX;
    for (uint64_t i = 0; i < n && (vector || is_cons(form)); i++) {
        value v = reader_deliver(r, vector ? vector_nth(form, i) : cons_first(form));
        if (v == VAL_ERROR) return v;
        if (r->done)
            return reader_fail(r, start, "a list or vector around it", false, "#?@ stands at the top level");
        if (!vector) form = cons_rest(form);
        r->work--;
    }
    return VAL_ABSENT;
}

value reader_close(struct reader *r)
{
    struct reader_frame *f = &r->frame;
    if (f->kind == K_COND || f->kind == K_COND_SPLICE) return cond_done(r);
    uint32_t n = f->count;
    if (n > BUILD_DIRECT) {
        f->flags = f->kind;
        f->kind = K_BUILD;
        r->v[RV_ACC] = empty_list();
        return VAL_ABSENT;
    }
    value items[BUILD_DIRECT];
    for (uint32_t i = n; i-- > 0;) items[i] = stack_pop(&r->stack);
    r->work -= n / 8;
    value v = finish_small(r, f->kind, items, n);
    if (v != VAL_ERROR) reader_pop(r);
    return v;
}

/* ---- large collections ---- */

static value large_done(struct reader *r, value v)
{
    r->v[RV_ACC] = r->v[RV_REST] = r->v[RV_NS] = NIL;
    if (v == VAL_ERROR) return v;
    reader_pop(r);
    return reader_deliver(r, v);
}

/* All items are in the list RV_ACC. */
static value build_listed(struct reader *r)
{
    struct reader_frame *f = &r->frame;
    unsigned kind = f->flags;
    value list = r->v[RV_ACC];
    if (kind == K_LIST) return large_done(r, placed_list(r, list, f->start));
    if (kind == K_FN) return large_done(r, function_literal(r, placed_list(r, list, f->start)));
    if (kind == K_NSMAP) {
        r->v[RV_NS] = cons_first(list);
        list = cons_rest(list);
    }
    r->v[RV_REST] = list;
    bool plain = kind == K_VECTOR || r->syntax_quotes;
    r->v[RV_ACC] = plain ? empty_vector() : kind == K_SET ? empty_set() : empty_map();
    f->kind = K_FILL;
    return NIL;
}

/* The next item of the list. */
static value take(struct reader *r)
{
    value item = cons_first(r->v[RV_REST]);
    r->v[RV_REST] = cons_rest(r->v[RV_REST]);
    r->frame.count++;
    return item;
}

/* Lonala goes on where a large key stopped: items (still to be added) and what there is so far. */
static value fill_request(struct reader *r, const char *what, value items)
{
    reader_request(r, what, items, r->v[RV_ACC]);
    r->v[RV_ACC] = r->v[RV_REST] = r->v[RV_NS] = NIL;
    reader_pop(r);
    return VAL_ABSENT;
}

static value fill_map(struct reader *r)
{
    value items = r->v[RV_REST], before = r->v[RV_ACC], key = take(r), ns = r->v[RV_NS];
    if (!is_cons(r->v[RV_REST]))
        return reader_fail(r, r->frame.start, "a value for every key", false,
                           "this map literal has a key without a value");
    value val = take(r);
    if (ns != NIL) key = namespaced_key(r, ns, key);
    value m = map_assoc(r->p, before, key, val);
    if (m == VAL_SLOW && ns == NIL) return fill_request(r, "map", items);
    if (m == VAL_SLOW)
        return reader_fail(r, r->frame.start, "smaller keys", false,
                           "a key of this namespaced map is too large");
    if (map_count(m) == map_count(before)) return duplicate(r, "map");
    r->v[RV_ACC] = m;
    return NIL;
}

static value fill_set(struct reader *r)
{
    value items = r->v[RV_REST], before = r->v[RV_ACC], s = set_conj(r->p, before, take(r));
    if (s == VAL_SLOW) return fill_request(r, "set", items);
    if (set_count(s) == set_count(before)) return duplicate(r, "set");
    r->v[RV_ACC] = s;
    return NIL;
}

/* Vectors; and the items of maps and sets inside a syntax-quote. */
static value fill_vector(struct reader *r)
{
    value item = take(r);
    if (r->v[RV_NS] != NIL && r->frame.count % 2) item = namespaced_key(r, r->v[RV_NS], item);
    r->v[RV_ACC] = vector_conj(r->p, r->v[RV_ACC], item);
    return NIL;
}

static value fill_done(struct reader *r)
{
    unsigned kind = r->frame.flags;
    value v = r->v[RV_ACC];
    if (kind != K_VECTOR && r->syntax_quotes) v = reader_mark(r, kind == K_SET ? K_SET : K_MAP, v, NIL);
    return large_done(r, v);
}

static value fill_step(struct reader *r)
{
    unsigned kind = r->frame.flags;
    value v = NIL;
    r->work -= kind == K_VECTOR || r->syntax_quotes ? 4 * BUILD_STEP : 30 * BUILD_STEP;
    for (uint32_t i = 0; i < BUILD_STEP && v == NIL; i++) {
        if (!is_cons(r->v[RV_REST])) return fill_done(r);
        if (kind == K_VECTOR || r->syntax_quotes)
            v = fill_vector(r);
        else
            v = kind == K_SET ? fill_set(r) : fill_map(r);
    }
    return v == VAL_ABSENT ? NIL : v;
}

value reader_build_step(struct reader *r)
{
    struct reader_frame *f = &r->frame;
    if (f->kind == K_FILL) return fill_step(r);
    value list = r->v[RV_ACC];
    for (uint32_t i = 0; i < BUILD_STEP && f->count > 0; i++, f->count--)
        list = list_prepend(r->p, list, stack_pop(&r->stack));
    r->v[RV_ACC] = list;
    r->work -= BUILD_STEP / 2;
    return f->count ? NIL : build_listed(r);
}

/* ---- tags ---- */

static value tag_bad(struct reader *r, struct place start, const char *expected)
{
    return reader_fail(r, start, expected, false, "this tag does not take such a form");
}

static int hex(char c)
{
    return c >= '0' && c <= '9'   ? c - '0'
           : c >= 'a' && c <= 'f' ? c - 'a' + 10
           : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                  : -1;
}

static value bytes_literal(struct reader *r, const char *s, size_t size)
{
    value b;
    uint8_t *to = binary_new(r->p, size / 2, &b);
    if (!to) return b;
    for (size_t i = 0; i + 1 < size; i += 2) {
        int high = hex(s[i]), low = hex(s[i + 1]);
        if (high < 0 || low < 0) return VAL_ABSENT;
        to[i / 2] = (uint8_t)(high << 4 | low);
    }
    r->work -= (int64_t)(size / 32);
    return size % 2 ? VAL_ABSENT : b;
}

/* #lona/symbol ["ns" "name"] and #lona/keyword: names that do not read as themselves. */
static value name_literal(struct reader *r, bool keyword, value parts)
{
    if (!is_vector(parts) || vector_count(parts) != 2) return VAL_ABSENT;
    value ns = vector_nth(parts, 0), name = vector_nth(parts, 1);
    if ((ns != NIL && !is_string(ns)) || !is_string(name)) return VAL_ABSENT;
    return keyword ? keyword_make(r->p, ns, name) : symbol_make(r->p, ns, name);
}

static value record_literal(struct reader *r, const struct object *type, value form)
{
    value fields = type->p[RTYPE_FIELDS], ext = form;
    uint32_t n = (uint32_t)vector_count(fields);
    struct object *o = heap_alloc(r->p, T_RECORD, 0, RECORD_FIELDS + n);
    o->p[RECORD_TYPE] = from_obj(type);
    for (uint32_t i = 0; i < n; i++) {
        value key = vector_nth(fields, i), v = map_get_keyword(form, key);
        o->p[RECORD_FIELDS + i] = is_sentinel(v) ? NIL : v;
        ext = map_dissoc(r->p, ext, key);
    }
    o->p[RECORD_EXT] = map_count(ext) ? ext : NIL;
    return from_obj(o);
}

/* The record type that #a.b.Type names: the value of the global a.b/Type.  NULL: none. */
static const struct object *record_type_named(struct reader *r, value tag)
{
    size_t size;
    const char *s = string_bytes(name_name(tag), &size);
    size_t dot = size;
    while (dot > 0 && s[dot - 1] != '.') dot--;
    if (dot < 2 || dot == size || name_ns(tag) != NIL || !r->p->domain) return NULL;
    value symbol = name_from_bytes(r->p, false, s, dot - 1, s + dot, size - dot);
    if (symbol == VAL_ERROR) return NULL;
    const struct cell *c = domain_cell(r->p->domain, symbol, false);
    return c && is_type(c->content, T_RTYPE) ? to_obj(c->content) : NULL;
}

static value tagged_make(struct process *p, value tag, value form)
{
    struct object *o = heap_alloc(p, T_TAGGED, 0, 2);
    o->p[0] = tag;
    o->p[1] = form;
    return from_obj(o);
}

static value builtin_tag(struct reader *r, value tag, value form, bool *known)
{
    size_t size = 0;
    const char *s = is_string(form) ? string_bytes(form, &size) : NULL;
    struct place start = r->frame.start;
    value v = VAL_ABSENT;
    *known = true;
    if (name_is(tag, NULL, "inst")) {
        int64_t us;
        if (!s || !instant_parse(s, size, &us)) return tag_bad(r, start, "\"2025-12-15T10:00:00\"");
        return instant_make(r->p, us);
    }
    if (name_is(tag, NULL, "uuid")) {
        uint64_t high, low;
        if (!s || !uuid_parse(s, size, &high, &low))
            return tag_bad(r, start, "\"8-4-4-4-12 hexadecimal digits\"");
        return uuid_make(r->p, high, low);
    }
    if (name_is(tag, NULL, "bytes")) {
        if (s) v = bytes_literal(r, s, size);
        return v == VAL_ABSENT ? tag_bad(r, start, "\"pairs of hexadecimal digits\"") : v;
    }
    bool keyword = name_is(tag, "lona", "keyword");
    if (keyword || name_is(tag, "lona", "symbol")) {
        v = name_literal(r, keyword, form);
        return v == VAL_ABSENT ? tag_bad(r, start, "[\"namespace\" or nil, \"name\"]") : v;
    }
    *known = false;
    return VAL_ABSENT;
}

static value tag_apply(struct reader *r, value tag, value form)
{
    value readers = reader_option(r, "readers");
    if (is_map(readers) && !is_sentinel(map_get(readers, tag))) {
        reader_request(r, "tag", tag, form);
        return VAL_ABSENT;
    }
    const struct object *type = is_map(form) ? record_type_named(r, tag) : NULL;
    if (type && (to_fixnum(type->p[RTYPE_FLAGS]) & RTYPE_IS_RECORD)) return record_literal(r, type, form);
    return tagged_make(r->p, tag, form);
}

static value tag_done(struct reader *r, value form)
{
    if (r->frame.count == 0) {
        stack_push(&r->stack, form);
        r->frame.count = 1;
        return VAL_ABSENT;
    }
    bool known;
    value tag = stack_pop(&r->stack), v = builtin_tag(r, tag, form, &known);
    reader_pop(r);
    if (known) return v;
    return r->syntax_quotes ? reader_mark(r, K_TAG, form, tag) : tag_apply(r, tag, form);
}

/* ---- prefixes ---- */

static value unquote_done(struct reader *r, value form)
{
    struct reader_frame f = r->frame;
    bool splicing = f.kind == K_UNQUOTE_SPLICING;
    reader_pop(r);
    if (!(f.flags & FRAME_PLAIN)) {
        r->syntax_quotes++;
        return reader_mark(r, f.kind, form, NIL);
    }
    value items[] = {reader_core_symbol(r, splicing ? "unquote-splicing" : "unquote"), form};
    return placed_list_of(r, items, 2, f.start);
}

value reader_prefix_done(struct reader *r, value form)
{
    struct reader_frame f = r->frame;
    value head = NIL;
    switch (f.kind) {
    case K_QUOTE: head = symbol_c(r->p, NULL, "quote"); break;
    case K_VAR: head = symbol_c(r->p, NULL, "var"); break;
    case K_DEREF: head = reader_core_symbol(r, "deref"); break;
    case K_META: return metadata_done(r, form);
    case K_TAG: return tag_done(r, form);
    case K_UNQUOTE:
    case K_UNQUOTE_SPLICING: return unquote_done(r, form);
    case K_SYNTAX_QUOTE:
        reader_pop(r);
        r->syntax_quotes--;
        syntax_quote_start(r, form, f.start);
        return VAL_ABSENT;
    default: /* K_DISCARD */
        reader_pop(r);
        if (r->frame.kind == K_TOP) r->comment_start = UINT64_MAX;
        return VAL_ABSENT;
    }
    reader_pop(r);
    value items[] = {head, form};
    return placed_list_of(r, items, 2, f.start);
}
