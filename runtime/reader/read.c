/* The reader's machine: one step reads one token or opens or closes one form. */
#include "runtime/reader/internal.h"
#include "base/utf8.h"
#include "spec/limits.h"
#include "runtime/sched/domain.h"
#include "runtime/vm/prim.h"

#define STEPS_AT_LEAST 200   /* so that a read gets on even when the turn is over already */
#define STEPS_UNRESERVED 500 /* steps that surely allocate less than 64 KiB */
#define RESERVE_WORDS 65536  /* more than a whole turn needs */
#define PLACE_BITS 25        /* of a line or column in a packed frame; beyond, positions are cut */
#define PLACE_MAX ((1u << PLACE_BITS) - 1)

/* ---- places and errors ---- */

struct place reader_place(const struct reader *r)
{
    return (struct place){r->at, r->line, (uint32_t)((int64_t)r->at - r->line_start - r->line_extra + 1)};
}

static value error_map(struct reader *r, struct place at, const char *expected, bool incomplete,
                       value message)
{
    struct process *p = r->p;
    value file = reader_option(r, "file");
    value kv[] = {
        keyword_c(p, NULL, "type"),       keyword_c(p, NULL, "syntax-error"),
        keyword_c(p, NULL, "message"),    message,
        keyword_c(p, NULL, "file"),       file == VAL_ABSENT ? NIL : file,
        keyword_c(p, NULL, "line"),       from_fixnum(at.line),
        keyword_c(p, NULL, "column"),     from_fixnum(at.column),
        keyword_c(p, NULL, "expected"),   string_make_unchecked(p, expected, __builtin_strlen(expected)),
        keyword_c(p, NULL, "incomplete"), from_bool(incomplete),
    };
    return map_make(p, kv, COUNT_OF(kv) / 2);
}

value reader_fail(struct reader *r, struct place at, const char *expected, bool incomplete, const char *fmt,
                  ...)
{
    struct text t;
    text_init(&t, r->p);
    t.bounded = true;
    t.end = t.local + BLOB_THRESHOLD_BYTES - 1; /* what lies in the heap is never refused */
    __builtin_va_list args;
    __builtin_va_start(args, fmt);
    text_format_v(&t, fmt, args);
    __builtin_va_end(args);
    text_format(&t, " (line %u, column %u)", (uint64_t)at.line, (uint64_t)at.column);
    value message = string_make_unchecked(r->p, t.local, (size_t)(t.at - t.local));
    r->p->error = error_map(r, at, expected, incomplete, message);
    return VAL_ERROR;
}

static const char *frame_name(unsigned kind)
{
    switch (kind) {
    case K_LIST: return "the list";
    case K_VECTOR: return "the vector";
    case K_MAP:
    case K_NSMAP: return "the map";
    case K_SET: return "the set";
    case K_FN: return "the function literal";
    case K_COND:
    case K_COND_SPLICE: return "the reader conditional";
    case K_STRING: return "the string";
    case K_REGEX: return "the regular expression";
    default: return "the prefix";
    }
}

static const char *frame_closer(unsigned kind)
{
    switch (kind) {
    case K_LIST:
    case K_FN:
    case K_COND:
    case K_COND_SPLICE: return ")";
    case K_VECTOR: return "]";
    case K_MAP:
    case K_NSMAP:
    case K_SET: return "}";
    case K_STRING:
    case K_REGEX: return "\"";
    default: return "a form";
    }
}

value reader_end_of_text(struct reader *r)
{
    const struct reader_frame *f = &r->frame;
    r->at = r->size;
    return reader_fail(r, reader_place(r), frame_closer(f->kind), true,
                       "the text ends inside %s that starts at line %u, column %u", frame_name(f->kind),
                       (uint64_t)f->start.line, (uint64_t)f->start.column);
}

/* ---- frames ---- */

void reader_push(struct reader *r, enum reader_frame_kind kind, struct place start)
{
    const struct reader_frame *f = &r->frame;
    stack_push(&r->stack,
               from_fixnum((int64_t)((uint64_t)f->start.offset << 14 | (uint64_t)f->flags << 6 | f->kind)));
    stack_push(&r->stack, from_fixnum((int64_t)(min_u64(f->start.line, PLACE_MAX) << PLACE_BITS |
                                                min_u64(f->start.column, PLACE_MAX))));
    stack_push(&r->stack, from_fixnum(f->count));
    r->frame = (struct reader_frame){.kind = (uint8_t)kind, .start = start};
    r->depth++;
}

void reader_pop(struct reader *r)
{
    struct reader_frame *f = &r->frame;
    f->count = (uint32_t)to_fixnum(stack_pop(&r->stack));
    uint64_t place = (uint64_t)to_fixnum(stack_pop(&r->stack)),
             head = (uint64_t)to_fixnum(stack_pop(&r->stack));
    f->start = (struct place){head >> 14 & 0xffffffffull, (uint32_t)(place >> PLACE_BITS & PLACE_MAX),
                              (uint32_t)(place & PLACE_MAX)};
    f->flags = (uint8_t)(head >> 6);
    f->kind = head & 63;
    r->depth--;
}

/* ---- making names and small forms ---- */

uint64_t reader_name_id(struct reader *r, uint64_t offset)
{
    if (!r->text_hash) {
        value file = reader_option(r, "file");
        r->text_hash = (string_hash(r->v[RV_TEXT]) ^ (is_string(file) ? string_hash(file) * 31u : 0)) | 1;
    }
    uint64_t x = ((uint64_t)r->text_hash << 32 | (uint32_t)offset) * 0x9e3779b97f4a7c15ull;
    return (x ^ x >> 31) & 0xffffffffffull;
}

value reader_name(struct reader *r, const char *prefix, size_t prefix_size, uint64_t id, const char *suffix)
{
    struct text t;
    text_init(&t, r->p);
    text_put(&t, prefix, prefix_size);
    text_format(&t, "__%u%s", id, suffix);
    int64_t work = 1 << 20; /* a name is shorter than TOKEN_MAX, so this finishes */
    value name = text_finish(&t, &work);
    return name == VAL_ERROR ? name : symbol_make(r->p, NIL, name);
}

value reader_core_symbol(struct reader *r, const char *name)
{
    return symbol_c(r->p, "lona.core", name);
}

value reader_list2(struct reader *r, value a, value b)
{
    value items[] = {a, b};
    return list_make(r->p, items, 2);
}

value reader_mark(struct reader *r, enum reader_frame_kind kind, value a, value b)
{
    struct object *o = heap_alloc(r->p, T_STATE, 0, 3);
    o->p[0] = from_fixnum(kind);
    o->p[1] = a;
    o->p[2] = b;
    return from_obj(o);
}

void reader_request(struct reader *r, const char *what, value a, value b)
{
    value items[] = {keyword_c(r->p, NULL, what), a, b};
    r->v[RV_REQUEST] = vector_make(r->p, items, 3);
}

/* ---- forms into frames ---- */

static bool is_prefix(unsigned kind)
{
    return kind >= K_QUOTE && kind <= K_TAG;
}

/* In a reader conditional features and forms take turns. */
static value deliver_branch(struct reader *r, value form)
{
    struct reader_frame *f = &r->frame;
    if (!(f->flags & FRAME_FEATURE)) {
        if (!is_keyword(form))
            return reader_fail(r, reader_place(r), "a feature keyword", false, "this is not a feature");
        value features = reader_option(r, "features");
        bool wanted = name_is(form, NULL, "default") ||
                      (features == VAL_ABSENT ? name_is(form, NULL, "lona")
                                              : is_set(features) && !is_sentinel(set_get(features, form)));
        f->flags |= FRAME_FEATURE;
        if (f->flags & FRAME_CHOSEN) return NIL;
        value fallback = wanted ? VAL_ABSENT : reader_option(r, "fallback");
        if (wanted)
            f->flags |= FRAME_WANTED;
        else if (is_keyword(fallback) && name_equal(fallback, form) && !(f->flags & FRAME_FALLBACK))
            f->flags |= FRAME_WANTED | FRAME_FALLBACK;
        return NIL;
    }
    if (f->flags & FRAME_WANTED) {
        bool provisional = (f->flags & FRAME_FALLBACK) != 0 && f->count == 0;
        if (f->count > 0) { /* the fallback's form, which nobody needs now */
            stack_pop(&r->stack);
            f->count--;
        }
        stack_push(&r->stack, form);
        f->count++;
        if (!provisional) f->flags |= FRAME_CHOSEN;
    }
    f->flags &= (uint8_t)~(FRAME_FEATURE | FRAME_WANTED);
    return NIL;
}

value reader_deliver(struct reader *r, value form)
{
    struct reader_frame *f = &r->frame;
    for (;;) {
        if (is_sentinel(form)) return form == VAL_ABSENT ? NIL : form;
        if (f->kind == K_TOP) {
            r->v[RV_RESULT] = form;
            r->done = true;
            return NIL;
        }
        if (f->kind == K_COND || f->kind == K_COND_SPLICE) return deliver_branch(r, form);
        if (!is_prefix(f->kind)) {
            stack_push(&r->stack, form);
            f->count++;
            return NIL;
        }
        form = reader_prefix_done(r, form); /* VAL_ABSENT: it wants more, or delivers nothing */
    }
}

static value open_frame(struct reader *r, enum reader_frame_kind kind, struct place start, unsigned bytes)
{
    if (r->depth >= LIMIT_READER_DEPTH)
        return process_fail(r->p, ERR_TOO_DEEP, NIL, "forms are nested more than %u deep (line %u)",
                            (uint64_t)LIMIT_READER_DEPTH, (uint64_t)start.line);
    r->at += bytes;
    reader_push(r, kind, start);
    return NIL;
}

static value open_syntax(struct reader *r, enum reader_frame_kind kind, struct place start, unsigned bytes)
{
    value v = open_frame(r, kind, start, bytes);
    if (kind == K_SYNTAX_QUOTE)
        r->syntax_quotes++;
    else if (r->syntax_quotes == 0)
        r->frame.flags |= FRAME_PLAIN;
    else
        r->syntax_quotes--;
    return v;
}

static char peek(const struct reader *r, unsigned ahead)
{
    return r->at + ahead < r->size ? r->bytes[r->at + ahead] : '\0';
}

/* #:ns{ #::{ #::alias{ */
static value open_namespaced_map(struct reader *r, struct place start)
{
    r->at++;
    bool own = peek(r, 1) == ':';
    uint64_t from = r->at + 1 + own, end = token_end(r, from);
    value ns = NIL;
    if (end > from) {
        value symbol = reader_symbol(r, r->bytes + from, end - from);
        if (symbol == VAL_ERROR) return symbol;
        if (symbol == VAL_ABSENT || name_ns(symbol) != NIL)
            return reader_fail(r, start, "#:namespace{", false, "this is not the name of a namespace");
        ns = own ? reader_alias(r, name_name(symbol)) : name_name(symbol);
        if (ns == VAL_ABSENT)
            return reader_fail(r, start, "an alias of this namespace", false, "there is no such alias");
    } else if (own) {
        ns = reader_own_namespace(r);
    }
    reader_pass(r, end);
    if (end == r->size) return reader_fail(r, reader_place(r), "{", true, "the text ends before the {");
    if (ns == NIL || peek(r, 0) != '{')
        return reader_fail(r, reader_place(r), "{", false, "after #:namespace comes {");
    value v = open_frame(r, K_NSMAP, start, 1);
    return v == NIL ? reader_deliver(r, ns) : v;
}

static value open_function(struct reader *r, struct place start)
{
    if (r->fn_start) return reader_fail(r, start, "a form", false, "#() stands inside #()");
    r->fn_start = r->at + 1;
    r->fn_max = 0;
    r->fn_rest = false;
    return open_frame(r, K_FN, start, 2);
}

static value open_tag(struct reader *r, struct place start)
{
    uint64_t end = token_end(r, r->at + 1);
    if (end == r->at + 1)
        return reader_fail(r, start, "a dispatch character or a tag", end == r->size,
                           "there is no such # syntax");
    value tag = reader_symbol(r, r->bytes + r->at + 1, end - r->at - 1);
    if (is_symbol(tag) &&
        (name_is(tag, NULL, "nil") || name_is(tag, NULL, "true") || name_is(tag, NULL, "false")))
        tag = VAL_ABSENT; /* they would not read back as symbols */
    if (tag == VAL_ABSENT) return reader_fail(r, start, "a tag", false, "this is not a tag");
    if (tag == VAL_ERROR) return tag;
    reader_pass(r, end);
    value v = open_frame(r, K_TAG, start, 0);
    return v == NIL ? reader_deliver(r, tag) : v;
}

static value step_dispatch(struct reader *r, struct place start)
{
    switch (peek(r, 1)) {
    case '{': return open_frame(r, K_SET, start, 2);
    case '(': return open_function(r, start);
    case '\'': return open_frame(r, K_VAR, start, 2);
    case '_': return open_frame(r, K_DISCARD, start, 2);
    case '^': return open_frame(r, K_META, start, 2);
    case ':': return open_namespaced_map(r, start);
    case '"': r->at += 2; return reader_deliver(r, scan_string(r, start, true));
    case '#': r->at += 2; return reader_deliver(r, scan_symbolic(r));
    case '?':
        if (peek(r, 2) == '(') return open_frame(r, K_COND, start, 3);
        if (peek(r, 2) == '@' && peek(r, 3) == '(') return open_frame(r, K_COND_SPLICE, start, 4);
        return reader_fail(r, start, "#?( or #?@(", r->at + 4 > r->size, "after #? comes a list");
    case '<':
        return reader_fail(r, start, "a readable form", false, "this stands for something that has no text");
    default: return open_tag(r, start);
    }
}

static value step_close(struct reader *r, struct place start, char c)
{
    const struct reader_frame *f = &r->frame;
    const char *closer = frame_closer(f->kind);
    if (f->kind == K_TOP) return reader_fail(r, start, "a form", false, "unmatched %c", (uint32_t)c);
    if (is_prefix(f->kind))
        return reader_fail(r, start, "a form", false,
                           "%c where the form for the prefix at line %u, column %u should stand", (uint32_t)c,
                           (uint64_t)f->start.line, (uint64_t)f->start.column);
    if (closer[0] != c)
        return reader_fail(r, start, closer, false, "%c closes %s that starts at line %u, column %u",
                           (uint32_t)c, frame_name(f->kind), (uint64_t)f->start.line,
                           (uint64_t)f->start.column);
    r->at++;
    return reader_deliver(r, reader_close(r));
}

static value step_text(struct reader *r)
{
    if (!scan_space(r)) return NIL;
    if (r->at == r->size) {
        if (r->frame.kind != K_TOP) return reader_end_of_text(r);
        r->v[RV_RESULT] = VAL_ABSENT;
        r->done = true;
        return NIL;
    }
    struct place start = reader_place(r);
    if (r->frame.kind == K_TOP) r->form_start = start;
    char c = r->bytes[r->at];
    switch (c) {
    case '(': return open_frame(r, K_LIST, start, 1);
    case '[': return open_frame(r, K_VECTOR, start, 1);
    case '{': return open_frame(r, K_MAP, start, 1);
    case ')':
    case ']':
    case '}': return step_close(r, start, c);
    case '"': r->at++; return reader_deliver(r, scan_string(r, start, false));
    case '\\': r->at++; return reader_deliver(r, scan_character(r));
    case '\'': return open_frame(r, K_QUOTE, start, 1);
    case '@': return open_frame(r, K_DEREF, start, 1);
    case '^': return open_frame(r, K_META, start, 1);
    case '`': return open_syntax(r, K_SYNTAX_QUOTE, start, 1);
    case '~':
        if (peek(r, 1) == '@') return open_syntax(r, K_UNQUOTE_SPLICING, start, 2);
        return open_syntax(r, K_UNQUOTE, start, 1);
    case '#': return step_dispatch(r, start);
    case '%':
        if (r->fn_start) return reader_deliver(r, scan_argument(r));
        return reader_deliver(r, scan_token(r));
    default: return reader_deliver(r, scan_token(r));
    }
}

value reader_step(struct reader *r)
{
    if (!stack_empty(&r->todo) || r->frame.kind == K_GATHER) return syntax_quote_step(r);
    if (r->frame.kind == K_BUILD || r->frame.kind == K_FILL) return reader_build_step(r);
    if (r->frame.kind == K_NUMBER) return reader_deliver(r, scan_number_on(r));
    if (r->frame.kind == K_STRING || r->frame.kind == K_REGEX) return reader_deliver(r, scan_string_on(r));
    return step_text(r);
}

/* ---- state between turns: one STATE object [raw scalars, stacks, text, values] ---- */

struct saved {
    struct reader_scalars {
        uint64_t at;
        int64_t line_start;
        uint32_t line_extra, line;
        struct reader_frame frame;
        struct place form_start;
        uint64_t comment_start, fn_start;
        uint32_t first_line, depth, syntax_quotes, fn_max, text_hash;
        bool fn_rest, in_comment, done, first_mid_line;
    } s;
    uint32_t stack_used, todo_used;
    uint64_t text[TEXT_SAVED_WORDS];
};
enum {
    SV_RAW,
    SV_STACK,
    SV_TODO,
    SV_TEXT,
    SV_VALUES = SV_TEXT + TEXT_SAVED_VALUES,
    SV_COUNT = SV_VALUES + RV_COUNT
};

static value reader_save(struct reader *r)
{
    struct saved s = {.s = {r->at, r->line_start, r->line_extra, r->line, r->frame, r->form_start,
                            r->comment_start, r->fn_start, r->first_line, r->depth, r->syntax_quotes,
                            r->fn_max, r->text_hash, r->fn_rest, r->in_comment, r->done, r->first_mid_line}};
    value stack = stack_save(&r->stack, &s.stack_used), todo = stack_save(&r->todo, &s.todo_used);
    value text[TEXT_SAVED_VALUES];
    text_save(&r->text, text, s.text);
    struct object *raw = heap_alloc(r->p, T_STATE_RAW, 0, (sizeof s + 7) / 8);
    raw->p[obj_size(raw) - 1] = 0;
    __builtin_memcpy(raw->p, &s, sizeof s);
    struct object *o = heap_alloc(r->p, T_STATE, 0, SV_COUNT);
    o->p[SV_RAW] = from_obj(raw);
    o->p[SV_STACK] = stack;
    o->p[SV_TODO] = todo;
    for (unsigned i = 0; i < TEXT_SAVED_VALUES; i++) o->p[SV_TEXT + i] = text[i];
    for (unsigned i = 0; i < RV_COUNT; i++) o->p[SV_VALUES + i] = r->v[i];
    return from_obj(o);
}

static void reader_load(struct reader *r, struct process *p, value state)
{
    const struct object *o = to_obj(state);
    struct saved s;
    __builtin_memcpy(&s, to_obj(o->p[SV_RAW])->p, sizeof s);
    r->p = p;
    for (unsigned i = 0; i < RV_COUNT; i++) r->v[i] = o->p[SV_VALUES + i];
    r->bytes = string_bytes(r->v[RV_TEXT], &r->size);
    r->at = s.s.at;
    r->line_start = s.s.line_start;
    r->line_extra = s.s.line_extra;
    r->line = s.s.line;
    r->frame = s.s.frame;
    r->form_start = s.s.form_start;
    r->comment_start = s.s.comment_start;
    r->fn_start = s.s.fn_start;
    r->first_line = s.s.first_line;
    r->depth = s.s.depth;
    r->syntax_quotes = s.s.syntax_quotes;
    r->fn_max = s.s.fn_max;
    r->text_hash = s.s.text_hash;
    r->fn_rest = s.s.fn_rest;
    r->in_comment = s.s.in_comment;
    r->done = s.s.done;
    r->first_mid_line = s.s.first_mid_line;
    stack_load(&r->stack, p, o->p[SV_STACK], s.stack_used);
    stack_load(&r->todo, p, o->p[SV_TODO], s.todo_used);
    text_load(&r->text, p, &o->p[SV_TEXT], s.text);
}

/* The system's keyword; without a system (unit tests), a new one. */
static value own_keyword(struct process *p, enum well_known keyword, const char *name)
{
    value v = p->domain && p->domain->system ? p->domain->system->keywords[keyword] : 0;
    return v ? v : keyword_c(p, NULL, name);
}

static void reader_start(struct reader *r, struct process *p, value text, uint64_t offset, uint32_t line,
                         uint32_t column, value options)
{
    r->p = p;
    for (unsigned i = 0; i < RV_COUNT; i++) r->v[i] = NIL;
    r->v[RV_TEXT] = text;
    r->v[RV_OPTIONS] = options;
    r->v[RV_LINE] = own_keyword(p, KW_LINE, "line");
    r->v[RV_COLUMN] = own_keyword(p, KW_COLUMN, "column");
    r->v[RV_START] = own_keyword(p, KW_START, "start");
    r->v[RV_END] = own_keyword(p, KW_END, "end");
    r->bytes = string_bytes(text, &r->size);
    r->at = offset;
    r->line = r->first_line = line;
    r->line_start = (int64_t)offset - column + 1;
    r->line_extra = 0;
    r->first_mid_line = column > 1;
    r->frame = (struct reader_frame){.kind = K_TOP, .start = {offset, line, column}};
    r->form_start = r->frame.start;
    r->comment_start = UINT64_MAX;
    r->depth = r->syntax_quotes = r->fn_max = r->text_hash = 0;
    r->fn_start = 0;
    r->fn_rest = r->in_comment = r->done = false;
    stack_init(&r->stack, p);
    stack_init(&r->todo, p);
    text_init(&r->text, p);
}

static value reader_result(struct reader *r)
{
    struct place end = reader_place(r);
    value form = r->v[RV_RESULT];
    uint64_t start = r->form_start.offset;
    if (form == VAL_ABSENT) {
        value eof = reader_option(r, "eof");
        form = eof == VAL_ABSENT ? keyword_c(r->p, "lona.core", "eof") : eof;
        start = end.offset;
        r->comment_start = UINT64_MAX;
    }
    value items[] = {form,
                     from_fixnum((int64_t)end.offset),
                     from_fixnum(end.line),
                     from_fixnum(end.column),
                     from_fixnum((int64_t)start),
                     from_fixnum((int64_t)(r->comment_start < start ? r->comment_start : start))};
    return vector_make(r->p, items, COUNT_OF(items));
}

/* By subtraction: an allocation may have lowered p->reductions meanwhile, to have the collector called. */
void reader_charge(struct reader *r)
{
    r->p->reductions -= (int32_t)(r->charged - r->work);
    r->charged = r->work;
}

static bool more_to_read(const struct reader *r)
{
    return !r->done && r->work > 0 && r->v[RV_REQUEST] == NIL;
}

static value run_steps(struct reader *r, int64_t until)
{
    value v = NIL;
    while (v == NIL && more_to_read(r) && r->work > until) {
        r->work--;
        v = reader_step(r);
    }
    return v;
}

/* Steps until the form is read, the turn is over (VAL_YIELD), or Lonala is asked (VAL_TRAP, the state in a[0]). */
static value reader_run(struct reader *r, value *a)
{
    struct process *p = r->p;
    int64_t had = p->reductions > STEPS_AT_LEAST ? p->reductions : STEPS_AT_LEAST;
    value v = NIL;
    r->work = r->charged = had;
    p->prim_state = NIL;
    v = run_steps(r, had - STEPS_UNRESERVED);
    if (v == NIL && more_to_read(r)) {
        v = heap_reserve(p, RESERVE_WORDS);
        if (v == NIL) v = run_steps(r, 0);
    }
    reader_charge(r);
    if (v == VAL_ERROR) return v;
    if (r->v[RV_REQUEST] != NIL) {
        a[0] = reader_save(r);
        return vm_trap_n(p, TRAP_READ, 1);
    }
    if (r->done) return reader_result(r);
    p->prim_state = reader_save(r);
    return VAL_YIELD;
}

static bool place_argument(value v, uint64_t least, uint64_t most, uint64_t *out)
{
    if (!is_fixnum(v) || to_fixnum(v) < (int64_t)least || to_fixnum(v) > (int64_t)most) return false;
    *out = (uint64_t)to_fixnum(v);
    return true;
}

prim_fn prim_read, prim_read_request, prim_read_resume;

value prim_read(struct process *p, value *a, unsigned argc)
{
    struct reader r;
    if (p->prim_state != NIL) {
        reader_load(&r, p, p->prim_state);
        return reader_run(&r, a);
    }
    uint64_t offset, line, column;
    if (!is_string(a[0])) return fail_type(p, "-read", 1, a[0], "a string");
    size_t size;
    const char *bytes = string_bytes(a[0], &size);
    if (!place_argument(a[1], 0, size, &offset)) return fail_range(p, "-read", a[1], size);
    if (offset < size && utf8_is_continuation(bytes[offset]))
        return process_fail(p, ERR_ARGUMENT, a[1], "-read: offset %u is inside a character", offset);
    if (!place_argument(a[2], 1, UINT32_MAX, &line)) return fail_range(p, "-read", a[2], UINT32_MAX);
    if (!place_argument(a[3], 1, UINT32_MAX, &column)) return fail_range(p, "-read", a[3], UINT32_MAX);
    if (a[4] != NIL && !is_map(a[4])) return fail_type(p, "-read", 5, a[4], "a map or nil");
    reader_start(&r, p, a[0], offset, (uint32_t)line, (uint32_t)column, a[4]);
    return reader_run(&r, a);
}

static bool is_reader_state(value v)
{
    return is_type(v, T_STATE) && obj_size(to_obj(v)) == SV_COUNT &&
           is_type(to_obj(v)->p[SV_RAW], T_STATE_RAW);
}

value prim_read_request(struct process *p, value *a, unsigned argc)
{
    if (!is_reader_state(a[0])) return fail_type(p, "-read-request", 1, a[0], "the state of a read");
    return to_obj(a[0])->p[SV_VALUES + RV_REQUEST];
}

value prim_read_resume(struct process *p, value *a, unsigned argc)
{
    struct reader r;
    if (p->prim_state != NIL) {
        reader_load(&r, p, p->prim_state);
        return reader_run(&r, a);
    }
    if (!is_reader_state(a[0])) return fail_type(p, "-read-resume", 1, a[0], "the state of a read");
    reader_load(&r, p, a[0]);
    heap_write(p, to_obj(a[0]), SV_RAW, NIL); /* spent: the stack is shared with what goes on now */
    r.v[RV_REQUEST] = NIL;
    value v = reader_deliver(&r, a[1]);
    return v == VAL_ERROR ? v : reader_run(&r, a);
}

value reader_read(struct process *p, value text, uint64_t offset, uint32_t line, uint32_t column,
                  value options)
{
    struct reader r;
    value v;
    reader_start(&r, p, text, offset, line, column, options);
    while ((v = reader_run(&r, &r.v[RV_RESULT])) == VAL_YIELD) reader_load(&r, p, p->prim_state);
    p->prim_state = NIL;
    if (v != VAL_TRAP) return v;
    return process_fail(p, ERR_SYNTAX, NIL, "this text can be read by running code only (line %u)",
                        (uint64_t)r.line);
}
