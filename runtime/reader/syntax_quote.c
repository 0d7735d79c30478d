/* Syntax-quote: a form that was read becomes the form that builds it.
 *
 * The form is walked with K_EXPAND frames; the todo stack holds, for each, the collection and the place in it.  Each item
 * yields a pair on the stack: a class and a value.  What is constant throughout becomes one quoted literal, so most of a
 * macro's template costs nothing at run time; what is not becomes calls of lona.core/list, vector, hash-map, hash-set, and,
 * where something is spliced in, of seq, concat and apply. */
#include "runtime/reader/internal.h"
#include "runtime/sched/domain.h"

enum { CONSTANT, FORM, SPLICE };
#define CONSTANT_ENTRIES 64u
#define CALL_ARGS 200 /* arguments of one generated call, well below LIMIT_CALL_ARGS */

static const char *const special_names[] = {
    "quote",        "if",     "do",       "let*",     "letfn*",  "loop*", "recur", "fn*",   "var",
    "def",          "catch*", "cleanup*", "receive*", "take*",   "skip*", "alt*",  "fail*", "catch",
    "finally",      "try",    "throw",    "new",      "set!",    "&",     "_",     ".",     "monitor-enter",
    "monitor-exit", "case*",  "reify*",   "deftype*", "import*",
};

static bool is_special(value symbol)
{
    for (unsigned i = 0; i < COUNT_OF(special_names); i++)
        if (name_is(symbol, NULL, special_names[i])) return true;
    return false;
}

/* ---- resolving ---- */

static bool is_defined(struct reader *r, value symbol)
{
    if (!r->p->domain) return false;
    const struct cell *c = domain_cell(r->p->domain, symbol, false);
    return c && (c->content != VAL_UNBOUND || c->meta != NIL);
}

static value resolve_unqualified(struct reader *r, value symbol)
{
    value refers = reader_option(r, "refers");
    if (is_map(refers)) {
        value full = map_get(refers, symbol);
        if (is_symbol(full)) return full;
    }
    value own = name_from_strings(r->p, false, reader_own_namespace(r), name_name(symbol));
    if (is_defined(r, own)) return own;
    value core =
        name_from_strings(r->p, false, string_make_unchecked(r->p, "lona.core", 9), name_name(symbol));
    return is_defined(r, core) ? core : own;
}

static value resolve(struct reader *r, value symbol)
{
    size_t size;
    const char *name = string_bytes(name_name(symbol), &size);
    if (name_ns(symbol) != NIL) {
        value ns = reader_alias(r, name_ns(symbol));
        return ns == VAL_ABSENT ? symbol : name_from_strings(r->p, false, ns, name_name(symbol));
    }
    if (size > 1 && name[size - 1] == '#')
        return reader_name(r, name, size - 1, reader_name_id(r, r->frame.start.offset), "__auto__");
    if (is_special(symbol) || name[0] == '.' || name[size - 1] == '.') return symbol;
    return resolve_unqualified(r, symbol);
}

/* ---- results ---- */

static value as_form(struct reader *r, unsigned class, value v)
{
    bool quoted = class == CONSTANT && (is_symbol(v) || is_cons(v) || is_type(v, T_EMPTY_LIST) ||
                                        is_vector(v) || is_map(v) || is_set(v));
    return quoted ? reader_list2(r, symbol_c(r->p, NULL, "quote"), v) : v;
}

static value give(struct reader *r, unsigned class, value v)
{
    struct reader_frame *f = &r->frame;
    if (f->kind != K_EXPAND) {
        if (class == SPLICE)
            return reader_fail(r, reader_place(r), "~@ inside a collection", false,
                               "~@ has nothing to splice into");
        return reader_deliver(r, as_form(r, class, v));
    }
    stack_push(&r->stack, v);
    stack_push(&r->stack, from_fixnum(class));
    f->count++;
    if (class != CONSTANT) f->flags |= FRAME_OPEN;
    if (class == SPLICE) f->flags |= FRAME_SPLICED;
    return NIL;
}

static void open_form(struct reader *r, enum reader_frame_kind kind, struct place start, value items)
{
    reader_push(r, K_EXPAND, start);
    r->frame.flags = (uint8_t)kind;
    stack_push(&r->todo, items);
    stack_push(&r->todo, from_fixnum(0));
}

static value expand_mark(struct reader *r, value mark, struct place start)
{
    unsigned kind = (unsigned)to_fixnum(to_obj(mark)->p[0]);
    value a = to_obj(mark)->p[1], b = to_obj(mark)->p[2];
    switch (kind) {
    case K_UNQUOTE: return give(r, FORM, a);
    case K_UNQUOTE_SPLICING: return give(r, SPLICE, a);
    case K_META: {
        value items[] = {a, b};
        open_form(r, K_META, start, vector_make(r->p, items, 2));
        return NIL;
    }
    case K_TAG: open_form(r, K_TAG, start, vector_make(r->p, &a, 1)); return give(r, CONSTANT, b);
    default: open_form(r, kind, start, a); return NIL;
    }
}

/* One form; start: the place of the syntax-quote it belongs to. */
static value expand(struct reader *r, value form, struct place start)
{
    if (is_mark(form)) return expand_mark(r, form, start);
    if (is_cons(form)) {
        open_form(r, K_LIST, start, form);
        return NIL;
    }
    if (is_vector(form)) {
        open_form(r, K_VECTOR, start, form);
        return NIL;
    }
    if (!is_symbol(form)) return give(r, CONSTANT, form);
    struct reader_frame before = r->frame;
    r->frame.start = start;
    value v = resolve(r, form);
    r->frame = before;
    return v == VAL_ERROR ? v : give(r, CONSTANT, v);
}

void syntax_quote_start(struct reader *r, value form, struct place start)
{
    /* A pseudo-collection of one item, so that every expansion starts from the todo stack. */
    open_form(r, K_QUOTE, start, vector_make(r->p, &form, 1));
}

/* ---- closing a frame: its items are popped, the last one first ---- */

static value pop_item(struct reader *r, unsigned *class)
{
    *class = (unsigned)to_fixnum(stack_pop(&r->stack));
    return stack_pop(&r->stack);
}

static value constant_list(struct reader *r, uint32_t n)
{
    unsigned class;
    value list = empty_list();
    while (n-- > 0) list = list_prepend(r->p, list, pop_item(r, &class));
    return list;
}

static value call(struct reader *r, const char *function, value args)
{
    return list_prepend(r->p, args, reader_core_symbol(r, function));
}

/* (f e ...) with every item as a form. */
static value plain_call(struct reader *r, const char *function, uint32_t n)
{
    value args = empty_list();
    unsigned class;
    while (n-- > 0) {
        value v = pop_item(r, &class);
        args = list_prepend(r->p, args, as_form(r, class, v));
    }
    return call(r, function, args);
}

/* What becomes the arguments of concat: parts, each a splice or (lona.core/list e ...), and the group that is open. */
struct parts {
    value parts, group;
    uint32_t part_count, grouped;
};

static void parts_close_group(struct reader *r, struct parts *to)
{
    if (to->grouped == 0) return;
    to->parts = list_prepend(r->p, to->parts, call(r, "list", to->group));
    to->part_count++;
    to->group = empty_list();
    to->grouped = 0;
}

/* Puts an item before the others. */
static void parts_add(struct reader *r, struct parts *to, unsigned class, value v)
{
    if (class == SPLICE) {
        parts_close_group(r, to);
        to->parts = list_prepend(r->p, to->parts, v);
        to->part_count++;
    } else {
        to->group = list_prepend(r->p, to->group, as_form(r, class, v));
        if (++to->grouped == CALL_ARGS) parts_close_group(r, to);
    }
    if (to->part_count < CALL_ARGS) return;
    to->parts = list_prepend(r->p, empty_list(), call(r, "concat", to->parts));
    to->part_count = 1;
}

static const char *builder_of(unsigned kind)
{
    return kind == K_VECTOR ? "vector" : kind == K_MAP ? "hash-map" : "hash-set";
}

/* The form for a list of these parts, or for another collection of them. */
static value parts_form(struct reader *r, struct parts *from, unsigned kind)
{
    parts_close_group(r, from);
    value form = call(r, "seq", list_prepend(r->p, empty_list(), call(r, "concat", from->parts)));
    if (kind == K_LIST) return form;
    value items[] = {reader_core_symbol(r, "apply"), reader_core_symbol(r, builder_of(kind)), form};
    return list_make(r->p, items, 3);
}

static value spliced_form(struct reader *r, uint32_t n, unsigned kind)
{
    struct parts to = {empty_list(), empty_list(), 0, 0};
    unsigned class;
    while (n-- > 0) {
        value v = pop_item(r, &class);
        parts_add(r, &to, class, v);
    }
    return parts_form(r, &to, kind);
}

static value constant_vector(struct reader *r, uint32_t n)
{
    value items[CALL_ARGS];
    unsigned class;
    for (uint32_t i = n; i-- > 0;) items[i] = pop_item(r, &class);
    return vector_make(r->p, items, n);
}

/* A small map or set of constants, or (if keys are equal or large) the call that builds it. */
static value constant_entries(struct reader *r, unsigned kind, uint32_t n, unsigned *class)
{
    value items[CONSTANT_ENTRIES], v = kind == K_MAP ? empty_map() : empty_set();
    for (uint32_t i = n; i-- > 0;) items[i] = pop_item(r, class);
    if (kind == K_MAP) v = map_make(r->p, items, n / 2);
    for (uint32_t i = 0; kind == K_SET && i < n && v != VAL_SLOW; i++) v = set_conj(r->p, v, items[i]);
    *class = CONSTANT;
    if (v != VAL_SLOW && (kind == K_MAP ? map_count(v) * 2 : set_count(v)) == n) return v;
    *class = FORM;
    for (uint32_t i = 0; i < n; i++) items[i] = as_form(r, CONSTANT, items[i]);
    return call(r, builder_of(kind), list_make(r->p, items, n));
}

/* ---- many items: moved out of the stack in steps, the parts in RV_ACC, RV_REST, their counts in RV_NS ---- */

static value gather_done(struct reader *r, struct parts *parts)
{
    unsigned kind = r->frame.flags & FRAME_KIND, class = FORM;
    value v;
    if (r->frame.flags & FRAME_OPEN) {
        v = parts_form(r, parts, kind);
    } else if (kind == K_LIST) {
        v = parts->group;
        class = CONSTANT;
    } else {
        value items[] = {reader_core_symbol(r, "apply"), reader_core_symbol(r, builder_of(kind)),
                         as_form(r, CONSTANT, parts->group)};
        v = list_make(r->p, items, 3);
    }
    r->v[RV_ACC] = r->v[RV_REST] = r->v[RV_NS] = NIL;
    reader_pop(r);
    return give(r, class, v);
}

static value gather_step(struct reader *r)
{
    struct reader_frame *f = &r->frame;
    uint64_t counts = (uint64_t)to_fixnum(r->v[RV_NS]);
    struct parts parts = {r->v[RV_ACC], r->v[RV_REST], (uint32_t)(counts >> 16), counts & 0xffff};
    unsigned class;
    for (uint32_t i = 0; i < CALL_ARGS && f->count > 0; i++, f->count--) {
        value v = pop_item(r, &class);
        if (f->flags & FRAME_OPEN)
            parts_add(r, &parts, class, v);
        else
            parts.group = list_prepend(r->p, parts.group, v);
    }
    r->work -= CALL_ARGS;
    if (f->count == 0) return gather_done(r, &parts);
    r->v[RV_ACC] = parts.parts;
    r->v[RV_REST] = parts.group;
    r->v[RV_NS] = from_fixnum((int64_t)((uint64_t)parts.part_count << 16 | parts.grouped));
    return NIL;
}

static value gather_start(struct reader *r)
{
    r->frame.kind = K_GATHER;
    r->v[RV_ACC] = r->v[RV_REST] = empty_list();
    r->v[RV_NS] = from_fixnum(0);
    return NIL;
}

/* The items of a collection are all there: its constant, or the call that builds it. */
static value close_expand(struct reader *r)
{
    struct reader_frame *f = &r->frame;
    uint32_t n = f->count;
    unsigned kind = f->flags & FRAME_KIND, class = FORM;
    bool constant = !(f->flags & FRAME_OPEN), spliced = f->flags & FRAME_SPLICED;
    value v;
    r->work -= n / 2;
    if (n > CALL_ARGS) return gather_start(r);
    if (kind == K_QUOTE) {
        v = pop_item(r, &class);
    } else if (kind == K_META || kind == K_TAG) {
        v = plain_call(r, kind == K_META ? "with-meta" : "tagged-literal", n);
    } else if (constant && (kind == K_LIST || kind == K_VECTOR)) {
        class = CONSTANT;
        v = kind == K_LIST ? constant_list(r, n) : constant_vector(r, n);
    } else if (constant && n <= CONSTANT_ENTRIES) {
        v = constant_entries(r, kind, n, &class);
    } else {
        v = spliced ? spliced_form(r, n, kind) : plain_call(r, kind == K_LIST ? "list" : builder_of(kind), n);
    }
    reader_pop(r);
    return give(r, class, v);
}

/* The next item of the innermost collection. */
static bool next_item(struct reader *r, value *item)
{
    int64_t index = to_fixnum(stack_pop(&r->todo));
    value items = stack_pop(&r->todo);
    if (is_cons(items)) {
        *item = cons_first(items);
        stack_push(&r->todo, cons_rest(items));
    } else if (is_vector(items) && (uint64_t)index < vector_count(items)) {
        *item = vector_nth(items, (uint64_t)index);
        stack_push(&r->todo, items);
    } else {
        return false;
    }
    stack_push(&r->todo, from_fixnum(index + 1));
    return true;
}

value syntax_quote_step(struct reader *r)
{
    value item;
    if (r->frame.kind == K_GATHER) return gather_step(r);
    return next_item(r, &item) ? expand(r, item, r->frame.start) : close_expand(r);
}
