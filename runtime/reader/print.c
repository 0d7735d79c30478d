/* The printer's machine: one step prints one item of the innermost collection that is open. */
#include "runtime/reader/print_internal.h"
#include "runtime/value/collection.h"
#include "runtime/value/number.h"
#include "runtime/value/record.h"
#include "runtime/value/seq.h"
#include "runtime/vm/prim.h"
#include "base/utf8.h"

#define STEPS_AT_LEAST 200
#define STEPS_UNRESERVED 800 /* steps that surely allocate less than 64 KiB */
#define RESERVE_WORDS 32768  /* more than a whole turn needs */
#define LIFT_MOST 64u        /* entries of a map whose keys are looked through for a common namespace */
#define SHORT_STEPS 2000
#define STRING_AT_ONCE 256u /* strings and binaries up to here need no frame of their own */

/* ---- frames ---- */

static void save_frame(struct printer *w)
{
    const struct print_frame *f = &w->f;
    stack_push(&w->stack, f->cur);
    stack_push(&w->stack, f->aux);
    stack_push(&w->stack, from_fixnum((int64_t)f->index));
    stack_push(&w->stack, from_fixnum((int64_t)(f->count << 8 | (uint64_t)f->started << 7 |
                                                (uint64_t)f->lifted << 6 | f->kind)));
}

static bool is_collection(unsigned kind)
{
    return kind >= P_LIST && kind <= P_AMAP;
}

void print_push(struct printer *w, enum print_kind kind, value cur)
{
    save_frame(w);
    w->f = (struct print_frame){.kind = (uint8_t)kind, .cur = cur, .aux = VAL_ABSENT};
    if (kind == P_NUMBER) w->f.aux = NIL;
    w->depth += is_collection(kind);
}

static void pop_frame(struct printer *w, bool collection)
{
    struct print_frame *f = &w->f;
    uint64_t head = (uint64_t)to_fixnum(stack_pop(&w->stack));
    f->index = (uint64_t)to_fixnum(stack_pop(&w->stack));
    f->aux = stack_pop(&w->stack);
    f->cur = stack_pop(&w->stack);
    f->count = head >> 8;
    f->started = head >> 7 & 1;
    f->lifted = head >> 6 & 1;
    f->kind = head & 63;
    w->depth -= collection;
}

static void close_collection(struct printer *w, const char *closer)
{
    text_c(&w->out, closer);
    pop_frame(w, true);
}

/* ---- values ---- */

static void open_collection(struct printer *w, enum print_kind kind, const char *opener, value cur)
{
    if (w->level >= 0 && w->depth >= w->level) {
        text_byte(&w->out, '#');
        return;
    }
    text_c(&w->out, opener);
    print_push(w, kind, cur);
}

static void print_bare(struct printer *w, value v);

/* The namespace that all keys of a map have (a string), if it can be put in front; else NIL.  Large maps are not looked
 * through. */
static value common_namespace(struct printer *w, value map)
{
    struct walk walk;
    value key, val, ns = NIL;
    if (map_count(map) > LIFT_MOST) return NIL;
    for (walk_start(&walk, map); walk_next(&walk, &key, &val);) {
        if ((!is_keyword(key) && !is_symbol(key)) || name_ns(key) == NIL || !print_name_reads_back(key))
            return NIL;
        if (ns == NIL)
            ns = name_ns(key);
        else if (!string_equal(ns, name_ns(key)))
            return NIL;
    }
    w->work -= (int64_t)map_count(map);
    return ns;
}

static void open_map(struct printer *w, enum print_kind kind, value map)
{
    value ns = w->lift && (w->level < 0 || w->depth < w->level) ? common_namespace(w, map) : NIL;
    if (ns == NIL) {
        open_collection(w, kind, "{", map);
        return;
    }
    text_c(&w->out, "#:");
    text_string(&w->out, ns);
    open_collection(w, kind, "{", map);
    w->f.lifted = true;
}

static void print_key(struct printer *w, value key)
{
    if (!w->f.lifted) {
        print_value(w, key);
        return;
    }
    if (is_keyword(key)) text_byte(&w->out, ':');
    text_string(&w->out, name_name(key));
}

static void print_record_plainly(struct printer *w, value v)
{
    const struct object *o = to_obj(v);
    if (!record_is_map(o)) {
        print_atom(w, v);
        return;
    }
    if (w->level >= 0 && w->depth >= w->level) {
        text_byte(&w->out, '#');
        return;
    }
    text_byte(&w->out, '#');
    print_type_name(w, o->p[RECORD_TYPE]);
    text_byte(&w->out, '{');
    print_push(w, P_ENTRIES, record_seq(w->p, o));
}

/* Its type may say how it prints: Lonala knows. */
static void print_record(struct printer *w, value v)
{
    if (w->shorten)
        print_record_plainly(w, v);
    else
        print_push(w, P_OBJECT, v);
}

/* A string or binary: short ones at once, so that they cost no frame. */
static void print_long(struct printer *w, enum print_kind kind, value v, void (*step)(struct printer *))
{
    size_t size;
    if (kind == P_BYTES)
        binary_bytes(v, &size);
    else
        string_bytes(v, &size);
    if (size > STRING_AT_ONCE) {
        print_push(w, kind, v);
        return;
    }
    struct print_frame before = w->f;
    w->f = (struct print_frame){.kind = (uint8_t)kind, .cur = v, .aux = NIL};
    step(w);
    w->f = before;
}

static void print_string(struct printer *w, value v)
{
    if (!print_readable(w)) {
        print_long(w, P_RAW, v, print_raw_step);
        return;
    }
    text_byte(&w->out, '"');
    print_long(w, P_STRING, v, print_string_step);
}

static void print_lazy(struct printer *w, value v)
{
    if (obj_has(to_obj(v), OBJ_A))
        print_atom(w, v);
    else if (w->shorten && is_sentinel(lazy_follow(v)))
        text_c(&w->out, "(...)");
    else
        open_collection(w, P_LIST, "(", v);
}

static void print_big(struct printer *w, value v)
{
    char digits[NUMBER_SHORT_TEXT_MAX];
    if (w->shorten)
        text_put(&w->out, digits, exact_format_short(v, digits));
    else
        print_push(w, P_NUMBER, v);
}

/* ^{...} in front of a value that has metadata; the value follows when the map is printed. */
static void print_meta(struct printer *w, value v, value meta)
{
    text_byte(&w->out, '^');
    print_push(w, P_BEHIND_META, v);
    print_bare(w, meta);
}

void print_value(struct printer *w, value v)
{
    value meta = w->meta ? obj_meta(v) : NIL;
    if (meta != NIL && is_map(meta) && map_count(meta) > 0)
        print_meta(w, v, meta);
    else
        print_bare(w, v);
}

static void print_bare(struct printer *w, value v)
{
    switch (type_of(v)) {
    case T_STRING:
    case T_STRING_BLOB: print_string(w, v); return;
    case T_CONS:
    case T_EMPTY_LIST:
    case T_INDEXED_SEQ:
    case T_MAP_SEQ:
    case T_TREE_SEQ:
    case T_RANGE: open_collection(w, P_LIST, "(", v); return;
    case T_LAZY: print_lazy(w, v); return;
    case T_SVECTOR:
    case T_VECTOR:
    case T_SUBVECTOR: open_collection(w, P_VECTOR, "[", v); return;
    case T_AMAP: open_map(w, P_AMAP, v); return;
    case T_HMAP:
    case T_SMAP: open_map(w, P_ENTRIES, v); return;
    case T_HSET:
    case T_SSET: open_collection(w, P_SET, "#{", v); return;
    case T_RECORD: print_record(w, v); return;
    case T_BIGINT:
    case T_RATIO: print_big(w, v); return;
    case T_BINARY:
    case T_BINARY_BLOB:
        text_c(&w->out, "#bytes \"");
        print_long(w, P_BYTES, v, print_bytes_step);
        return;
    case T_TAGGED:
        text_byte(&w->out, '#');
        print_atom(w, to_obj(v)->p[0]);
        text_byte(&w->out, ' ');
        print_push(w, P_ONE, to_obj(v)->p[1]);
        return;
    default: print_atom(w, v);
    }
}

/* ---- steps ---- */

/* The separator before the next item.  False: the limit is reached, "..." was printed. */
static bool next_item(struct printer *w, const char *separator)
{
    struct print_frame *f = &w->f;
    if (f->started) text_c(&w->out, separator);
    f->started = true;
    if (w->length >= 0 && f->count >= (uint64_t)w->length) {
        text_c(&w->out, "...");
        return false;
    }
    f->count++;
    return true;
}

/* The next element of cur: 1; 0: none left; -1: Lonala is asked (or, for messages, it ends here). */
static int take(struct printer *w, value *item)
{
    struct print_frame *f = &w->f;
    if (seq_take(w->p, &f->cur, item, 1)) return 1;
    if (f->cur == NIL) return 0;
    if (w->shorten) {
        if (f->started) text_byte(&w->out, ' ');
        text_c(&w->out, "...");
        return 0;
    }
    w->request = true;
    return -1;
}

/* True if something is left: the limit's "..." is printed only then. */
static void step_sequence(struct printer *w, const char *closer)
{
    value item;
    int got = take(w, &item);
    if (got < 0) return;
    if (got == 0 || !next_item(w, " "))
        close_collection(w, closer);
    else
        print_value(w, item);
}

static void step_vector(struct printer *w)
{
    struct print_frame *f = &w->f;
    value item = vector_nth(f->cur, f->index);
    if (item == VAL_ABSENT || !next_item(w, " ")) {
        close_collection(w, "]");
        return;
    }
    f->index++;
    print_value(w, item);
}

static void step_amap(struct printer *w)
{
    struct print_frame *f = &w->f;
    const struct object *o = to_obj(f->cur);
    uint64_t i = f->index++;
    if (i % 2) {
        text_byte(&w->out, ' ');
    } else if (i == 2 * map_count(f->cur) || !next_item(w, ", ")) {
        close_collection(w, "}");
        return;
    }
    if (i % 2)
        print_value(w, o->p[i]);
    else
        print_key(w, o->p[i]);
}

static void step_entries(struct printer *w)
{
    struct print_frame *f = &w->f;
    value entry;
    if (f->aux != VAL_ABSENT) {
        value v = f->aux;
        f->aux = VAL_ABSENT;
        text_byte(&w->out, ' ');
        print_value(w, v);
        return;
    }
    int got = take(w, &entry);
    if (got < 0) return;
    if (got == 0 || !next_item(w, ", ")) {
        close_collection(w, "}");
        return;
    }
    w->work -= 4; /* the walk makes an entry and a place */
    f->aux = vector_nth(entry, 1);
    print_key(w, vector_nth(entry, 0));
}

static void step_items(struct printer *w)
{
    struct print_frame *f = &w->f;
    while (f->kind == P_ITEMS && w->work > 0) {
        uint64_t i = f->index++;
        value item = w->items != NIL ? vector_nth(w->items, i) : i < w->argc ? w->args[i] : VAL_ABSENT;
        w->work--;
        if (item == VAL_ABSENT) {
            pop_frame(w, false);
            return;
        }
        if (w->separated && i) text_byte(&w->out, ' ');
        if (item == NIL && w->mode == PRINT_STR) continue;
        print_value(w, item);
    }
}

static void step_join(struct printer *w)
{
    struct print_frame *f = &w->f;
    while (f->kind == P_JOIN && w->work > 0) {
        value item;
        int got = take(w, &item);
        if (got < 0) return;
        if (got == 0) {
            pop_frame(w, false);
            return;
        }
        w->work--;
        if (f->started) text_string(&w->out, w->items);
        f->started = true;
        if (item != NIL) print_value(w, item);
    }
}

static void print_part(struct printer *w, value v)
{
    if (is_fixnum(v) && to_fixnum(v) >= 0 && to_fixnum(v) <= 255) {
        text_byte(&w->out, (char)to_fixnum(v));
    } else if (is_string(v) || is_binary(v)) {
        print_push(w, P_RAW, v);
    } else if (is_sequential(v)) {
        print_push(w, P_PARTS, v);
    } else if (v != NIL) {
        process_fail(w->p, ERR_TYPE, v,
                     "a binary is made of bytes (0 to 255), strings, binaries and sequences of these, not %v",
                     v);
        w->out.failed = true;
    }
}

static void step_parts(struct printer *w)
{
    while (w->f.kind == P_PARTS && w->work > 0 && !w->out.failed) {
        value item;
        int got = take(w, &item);
        w->work--;
        if (got < 0) return;
        if (got == 0)
            pop_frame(w, false);
        else
            print_part(w, item);
    }
}

static void finish_if_done(struct printer *w)
{
    if (w->f.kind == P_DONE) pop_frame(w, false);
}

void print_step(struct printer *w)
{
    switch (w->f.kind) {
    case P_ITEMS: step_items(w); break;
    case P_JOIN: step_join(w); break;
    case P_PARTS: step_parts(w); break;
    case P_LIST: step_sequence(w, ")"); break;
    case P_SET: step_sequence(w, "}"); break;
    case P_VECTOR: step_vector(w); break;
    case P_ENTRIES: step_entries(w); break;
    case P_AMAP: step_amap(w); break;
    case P_ONE: {
        value v = w->f.cur;
        pop_frame(w, false);
        print_value(w, v);
        break;
    }
    case P_BEHIND_META: {
        value v = w->f.cur;
        pop_frame(w, false);
        text_byte(&w->out, ' ');
        print_bare(w, v);
        break;
    }
    case P_OBJECT: w->request = true; break;
    case P_STRING:
        print_string_step(w);
        finish_if_done(w);
        break;
    case P_RAW:
        print_raw_step(w);
        finish_if_done(w);
        break;
    case P_BYTES:
        print_bytes_step(w);
        finish_if_done(w);
        break;
    default: print_number_step(w); finish_if_done(w);
    }
}

/* ---- state between turns ---- */

struct saved {
    uint64_t text[TEXT_SAVED_WORDS];
    uint64_t count, index;
    int64_t length, level;
    uint32_t stack_used, depth;
    uint8_t kind, mode;
    bool started, separated, meta, lift, lifted;
};
enum { SV_RAW, SV_STACK, SV_CUR, SV_AUX, SV_ITEMS, SV_TEXT, SV_COUNT = SV_TEXT + TEXT_SAVED_VALUES };

static value printer_save(struct printer *w)
{
    struct saved s = {.count = w->f.count,
                      .index = w->f.index,
                      .length = w->length,
                      .level = w->level,
                      .depth = w->depth,
                      .kind = w->f.kind,
                      .mode = (uint8_t)w->mode,
                      .started = w->f.started,
                      .separated = w->separated,
                      .meta = w->meta,
                      .lift = w->lift,
                      .lifted = w->f.lifted};
    value stack = stack_save(&w->stack, &s.stack_used), text[TEXT_SAVED_VALUES];
    text_save(&w->out, text, s.text);
    struct object *raw = heap_alloc(w->p, T_STATE_RAW, 0, (sizeof s + 7) / 8);
    __builtin_memcpy(raw->p, &s, sizeof s);
    struct object *o = heap_alloc(w->p, T_STATE, 0, SV_COUNT);
    o->p[SV_RAW] = from_obj(raw);
    o->p[SV_STACK] = stack;
    o->p[SV_CUR] = w->f.cur;
    o->p[SV_AUX] = w->f.aux;
    o->p[SV_ITEMS] = w->items;
    for (unsigned i = 0; i < TEXT_SAVED_VALUES; i++) o->p[SV_TEXT + i] = text[i];
    return from_obj(o);
}

static void printer_load(struct printer *w, struct process *p, value state)
{
    const struct object *o = to_obj(state);
    struct saved s;
    __builtin_memcpy(&s, to_obj(o->p[SV_RAW])->p, sizeof s);
    w->p = p;
    w->f = (struct print_frame){s.kind, s.lifted, s.started, s.count, s.index, o->p[SV_CUR], o->p[SV_AUX]};
    w->mode = (enum print_mode)s.mode;
    w->items = o->p[SV_ITEMS];
    w->args = NULL;
    w->argc = 0;
    w->separated = s.separated;
    w->meta = s.meta;
    w->lift = s.lift;
    w->request = w->shorten = false;
    w->length = s.length;
    w->level = s.level;
    w->depth = s.depth;
    stack_load(&w->stack, p, o->p[SV_STACK], s.stack_used);
    text_load(&w->out, p, &o->p[SV_TEXT], s.text);
}

static void printer_start(struct printer *w, struct process *p, enum print_mode mode)
{
    w->p = p;
    w->f = (struct print_frame){.kind = P_DONE, .cur = NIL, .aux = NIL};
    w->mode = mode;
    w->lift = w->meta = w->separated = w->request = w->shorten = false;
    w->items = NIL;
    w->args = NULL;
    w->argc = 0;
    w->length = w->level = -1;
    w->depth = 0;
    stack_init(&w->stack, p);
    text_init(&w->out, p);
}

/* By subtraction: an allocation may have lowered p->reductions meanwhile, to have the collector called. */
void print_charge(struct printer *w)
{
    w->p->reductions -= (int32_t)(w->charged - w->work);
    w->charged = w->work;
}

static bool more_to_print(const struct printer *w)
{
    return w->f.kind != P_DONE && w->work > 0 && !w->request && !w->out.failed;
}

static void run_steps(struct printer *w, int64_t until)
{
    while (more_to_print(w) && w->work > until) {
        w->work--;
        print_step(w);
    }
}

/* Steps until all is printed, the turn is over (VAL_YIELD), or Lonala is asked (VAL_TRAP, the state in a[0]). */
static value printer_run(struct printer *w, value *a, enum trap trap)
{
    struct process *p = w->p;
    int64_t had = p->reductions > STEPS_AT_LEAST ? p->reductions : STEPS_AT_LEAST;
    value v = VAL_YIELD;
    w->work = w->charged = had;
    p->prim_state = NIL;
    run_steps(w, had - STEPS_UNRESERVED);
    if (more_to_print(w)) {
        if (heap_reserve(p, RESERVE_WORDS) == VAL_ERROR) return VAL_ERROR;
        run_steps(w, 0);
    }
    if (w->out.failed)
        v = VAL_ERROR;
    else if (w->f.kind == P_DONE && w->work > 0)
        v = w->mode == PRINT_BINARY ? text_finish_binary(&w->out, &w->work) : text_finish(&w->out, &w->work);
    print_charge(w);
    if (w->request) {
        if (w->argc) w->items = vector_make(p, w->args, w->argc); /* the arguments go with the call */
        a[0] = printer_save(w);
        return vm_trap_n(p, trap, 1);
    }
    if (v == VAL_YIELD) p->prim_state = printer_save(w);
    return v;
}

/* ---- primitives ---- */

/* The next turn of a print that was interrupted. */
static value printer_go_on(struct printer *w, struct process *p, value *a, enum trap trap)
{
    printer_load(w, p, p->prim_state);
    return printer_run(w, a, trap);
}

prim_fn prim_pr_str, prim_pr_strs, prim_str, prim_print_request, prim_print_resume;

static int64_t limit_option(struct process *p, value options, const char *name)
{
    value v = map_get_keyword(options, keyword_c(p, NULL, name));
    return is_fixnum(v) && to_fixnum(v) >= 0 ? to_fixnum(v) : -1;
}

static bool true_option(struct process *p, value options, const char *name)
{
    value v = map_get_keyword(options, keyword_c(p, NULL, name));
    return !is_sentinel(v) && truthy(v);
}

static value print_all(struct process *p, value *a, const char *function, bool several)
{
    struct printer w;
    if (p->prim_state != NIL) return printer_go_on(&w, p, a, TRAP_PRINT);
    if (a[1] != NIL && !is_map(a[1])) return fail_type(p, function, 2, a[1], "a map or nil");
    if (several && !is_vector(a[0])) return fail_type(p, function, 1, a[0], "a vector");
    printer_start(&w, p, PRINT_READABLY);
    if (a[1] != NIL) {
        w.length = limit_option(p, a[1], "length");
        w.level = limit_option(p, a[1], "level");
        if (map_get_keyword(a[1], keyword_c(p, NULL, "readably")) == FALSE_) w.mode = PRINT_PLAIN;
        w.meta = true_option(p, a[1], "meta");
        w.lift = true_option(p, a[1], "namespace-maps");
    }
    w.separated = several;
    w.items = several ? a[0] : NIL;
    if (several)
        print_push(&w, P_ITEMS, NIL);
    else
        print_value(&w, a[0]);
    return printer_run(&w, a, TRAP_PRINT);
}

value prim_pr_str(struct process *p, value *a, unsigned argc)
{
    return print_all(p, a, "-pr-str", false);
}
value prim_pr_strs(struct process *p, value *a, unsigned argc)
{
    return print_all(p, a, "-pr-strs", true);
}

#define STR_SHORT 240u /* bytes that the short way puts together */

/* Adds v's text to to[0 .. *n) if it is simple and short; false: it is not. */
static bool str_simple(value v, char *to, size_t *n)
{
    size_t room = STR_SHORT - *n, size;
    if (is_fixnum(v)) {
        if (room < NUMBER_TEXT_MAX) return false;
        *n += decimal_format(to_fixnum(v), to + *n);
    } else if (is_char(v)) {
        if (room < 4) return false;
        *n += utf8_encode(to_char(v), to + *n);
    } else if (v == NIL) {
        return true;
    } else {
        const char *bytes;
        enum object_type t = type_of(v);
        if (t == T_KEYWORD && name_ns(v) == NIL && room > 0) {
            to[(*n)++] = ':';
            room--;
            v = name_name(v);
        } else if (t == T_SYMBOL && name_ns(v) == NIL) {
            v = name_name(v);
        } else if (t != T_STRING) {
            return false;
        }
        bytes = string_bytes(v, &size);
        if (size > room) return false;
        __builtin_memcpy(to + *n, bytes, size);
        *n += size;
    }
    return true;
}

value prim_str(struct process *p, value *a, unsigned argc)
{
    struct printer w;
    if (p->prim_state != NIL) {
        printer_load(&w, p, p->prim_state);
        w.args = a;
        w.argc = argc;
        return printer_run(&w, a, TRAP_STR);
    }
    if (argc == 1 && is_string(a[0])) return a[0];
    char simple[STR_SHORT];
    size_t n = 0;
    unsigned done = 0;
    while (done < argc && done < STR_SHORT && str_simple(a[done], simple, &n)) done++;
    if (done == argc) return string_make_unchecked(p, simple, n);
    printer_start(&w, p, PRINT_STR);
    w.args = a;
    w.argc = argc;
    print_push(&w, P_ITEMS, NIL);
    return printer_run(&w, a, TRAP_STR);
}

prim_fn prim_string_join;

value prim_string_join(struct process *p, value *a, unsigned argc)
{
    struct printer w;
    if (p->prim_state != NIL) return printer_go_on(&w, p, a, TRAP_STR);
    value separator = argc == 2 ? a[0] : string_make_unchecked(p, "", 0), items = a[argc - 1];
    if (!is_string(separator)) separator = prim_str(p, &separator, 1);
    if (separator == VAL_ERROR) return separator;
    if (!is_string(separator)) { /* it has parts: too much for one call */
        p->prim_state = NIL;
        return fail_type(p, "join", 1, a[0], "a string or another simple value");
    }
    if (seq_of(p, items) == VAL_ABSENT) return fail_type(p, "join", argc, items, "something seqable");
    printer_start(&w, p, PRINT_STR);
    w.items = separator;
    print_push(&w, P_JOIN, items);
    return printer_run(&w, a, TRAP_STR);
}

prim_fn prim_binary;

/* The parts are a vector made of the arguments, unless they are one. */
value prim_binary(struct process *p, value *a, unsigned argc)
{
    struct printer w;
    if (p->prim_state != NIL) return printer_go_on(&w, p, a, TRAP_PRINT);
    if (argc == 1 && is_binary(a[0])) return a[0];
    printer_start(&w, p, PRINT_BINARY);
    print_push(&w, P_PARTS, argc == 1 ? a[0] : vector_make(p, a, argc));
    if (argc == 1 && !is_sequential(a[0])) w.f.cur = vector_make(p, a, 1);
    return printer_run(&w, a, TRAP_PRINT);
}

static bool is_printer_state(value v)
{
    return is_type(v, T_STATE) && obj_size(to_obj(v)) == SV_COUNT &&
           is_type(to_obj(v)->p[SV_RAW], T_STATE_RAW);
}

value prim_print_request(struct process *p, value *a, unsigned argc)
{
    if (!is_printer_state(a[0])) return fail_type(p, "-print-request", 1, a[0], "the state of a print");
    return to_obj(a[0])->p[SV_CUR];
}

value prim_print_resume(struct process *p, value *a, unsigned argc)
{
    struct printer w;
    if (p->prim_state != NIL) return printer_go_on(&w, p, a, TRAP_PRINT);
    if (!is_printer_state(a[0])) return fail_type(p, "-print-resume", 1, a[0], "the state of a print");
    if (a[1] != NIL && !is_seq(a[1]) && !is_string(a[1]))
        return fail_type(p, "-print-resume", 2, a[1], "a seq, a string or nil");
    printer_load(&w, p, a[0]);
    heap_write(p, to_obj(a[0]), SV_RAW, NIL); /* spent: the stack is shared with what goes on now */
    if (w.f.kind == P_OBJECT) {
        value object = w.f.cur;
        pop_frame(&w, false);
        if (is_string(a[1]))
            print_push(&w, P_RAW, a[1]);
        else
            print_record_plainly(&w, object);
    } else {
        w.f.cur = is_string(a[1]) ? NIL : a[1];
    }
    return printer_run(&w, a, TRAP_PRINT);
}

/* ---- for messages ---- */

size_t print_to_buffer(struct process *p, value v, char *to, size_t size)
{
    struct printer w;
    printer_start(&w, p, PRINT_READABLY);
    w.shorten = w.out.bounded = true;
    w.length = PRINT_SHORT_ITEMS;
    w.level = PRINT_SHORT_LEVEL;
    w.out.end = w.out.local + min_u64(size, TEXT_LOCAL);
    w.work = w.charged = SHORT_STEPS;
    print_value(&w, v);
    while (w.f.kind != P_DONE && w.work > 0 && !w.out.cut) {
        w.work--;
        print_step(&w);
    }
    size_t n = (size_t)(w.out.at - w.out.local);
    __builtin_memcpy(to, w.out.local, n);
    if (w.out.cut && n >= 3) {
        n -= 3;
        while (n > 0 && utf8_is_continuation(to[n])) n--;
        __builtin_memcpy(to + n, "...", 3);
        n += 3;
    }
    return n;
}
