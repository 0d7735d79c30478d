/* First pass: the form to nodes.  Resolves names, decides what closures capture, checks the shape of every special form.
 *
 * No recursion: a form is taken apart into things to do, which are kept on a stack of our own.  What is pushed while one of
 * them is done is done in the order in which it was pushed, before everything that was there.  So the walk can stop
 * between any two of them, and goes as deep as there is memory. */
#include "runtime/compiler/internal.h"

#define NOT_TAIL ((struct tail){NONE, false, false})

static void body(struct compiler *c, value forms, struct tail t);

/* ---- what is left to do ---- */
static struct todo *later(struct compiler *c, enum todo_kind kind)
{
    struct todo *d = PUSH(c, todos, struct todo);
    *d = (struct todo){.kind = kind, .tail = NOT_TAIL};
    return d;
}
static void later_form(struct compiler *c, value f, struct tail t)
{
    struct todo *d = later(c, DO_FORM);
    d->v = f;
    d->tail = t;
}
/* Something that begins with a node of its own. */
static void later_node(struct compiler *c, enum todo_kind kind, value v)
{
    struct todo *d = later(c, kind);
    d->v = v;
    d->a = NONE;
}
static void later_close(struct compiler *c, uint32_t node)
{
    later(c, DO_CLOSE)->a = node;
}
static void later_enter(struct compiler *c, uint32_t var)
{
    later(c, DO_ENTER)->a = var;
}
static void later_leave(struct compiler *c, uint32_t mark)
{
    later(c, DO_LEAVE)->a = mark;
}
/* The forms of a list, one after the other; the node gets their number if count_into is not NONE. */
static void later_forms(struct compiler *c, value list, uint32_t count_into)
{
    struct todo *d = later(c, DO_FORMS);
    d->v = list;
    d->a = count_into;
}

/* ---- nodes ---- */
static uint32_t open_node(struct compiler *c, enum node_kind kind, uint32_t a, uint32_t b)
{
    struct node *n = PUSH(c, nodes, struct node);
    *n = (struct node){.kind = kind, .a = a, .b = b};
    return c->failed ? 0 : c->nodes.count - 1;
}
static void close_node(struct compiler *c, uint32_t n)
{
    if (!c->failed) node_at(c, n)->end = c->nodes.count;
}
static void leaf(struct compiler *c, enum node_kind kind, uint32_t a)
{
    close_node(c, open_node(c, kind, a, 0));
}
static void fail(struct compiler *c, value f, const char *message)
{
    compile_fail(c, ERR_COMPILE, f, "%s", message);
}

/* ---- constants ---- */
static void constant(struct compiler *c, value v)
{
    if (is_fixnum(v) && to_fixnum(v) >= INT32_MIN && to_fixnum(v) <= INT32_MAX)
        leaf(c, N_INT, (uint32_t)(int32_t)to_fixnum(v));
    else if (v == NIL || v == TRUE_ || v == FALSE_ || is_char(v))
        leaf(c, N_SPECIAL, (uint32_t)v);
    else if (is_vector(v) || is_map(v) || is_set(v) || form_is_list(v) || is_type(v, T_TAGGED))
        later_node(c, DO_QUOTED, v);
    else
        leaf(c, N_LIT, literal_of(c, v, SERIAL_QUOTED));
}

/* ---- scopes ---- */
static uint32_t bucket(value symbol)
{
    return name_hash(symbol) & (SCOPE_BUCKETS - 1);
}

/* Names that programs make, such as x__12__auto__ and G__7, say nothing to a reader of the debugger, and differ from one
 * expansion to the next: without them the same source gives the same bytes. */
static bool is_generated(value symbol)
{
    size_t size;
    const char *bytes = string_bytes(name_name(symbol), &size);
    for (size_t i = 1; i + 2 < size; i++)
        if (bytes[i] == '_' && bytes[i + 1] == '_' && bytes[i + 2] >= '0' && bytes[i + 2] <= '9') return true;
    return false;
}

static uint32_t new_var(struct compiler *c, value symbol, enum var_kind kind)
{
    struct var *v = PUSH(c, vars, struct var);
    bool shown = (kind == VAR_LOCAL || kind == VAR_SIBLING) && !is_generated(symbol);
    uint32_t name = shown ? literal_of(c, symbol, SERIAL_BARE) : NONE;
    *v = (struct var){.symbol = symbol,
                      .kind = kind,
                      .function = c->function,
                      .target = NONE,
                      .name_literal = name,
                      .memo_capset = NONE};
    return c->failed ? 0 : c->vars.count - 1;
}
static void enter(struct compiler *c, uint32_t var)
{
    if (c->failed) return;
    struct var *v = &AT(c, vars, struct var, var);
    uint32_t *head = &c->buckets[bucket(v->symbol)];
    v->shadowed = *head;
    *head = var + 1;
    *PUSH(c, scope, uint32_t) = var;
}
static void leave_to(struct compiler *c, uint32_t mark)
{
    while (!c->failed && c->scope.count > mark) {
        struct var *v = &AT(c, vars, struct var, AT(c, scope, uint32_t, --c->scope.count));
        c->buckets[bucket(v->symbol)] = v->shadowed;
    }
}
static bool local_symbol(struct compiler *c, value s, const char *where)
{
    if (is_symbol(s) && name_ns(s) == NIL) return true;
    compile_fail(c, ERR_COMPILE, s, "expected an unqualified symbol in %s", where);
    return false;
}
static uint32_t find_var(struct compiler *c, value symbol)
{
    if (name_ns(symbol) != NIL) return NONE;
    for (uint32_t at = c->buckets[bucket(symbol)]; at; at = AT(c, vars, struct var, at - 1).shadowed)
        if (name_equal(AT(c, vars, struct var, at - 1).symbol, symbol)) return at - 1;
    return NONE;
}

/* Function f finds v in what it captures already, or is v's owner: then *r says how. */
static bool reached(struct compiler *c, uint32_t f, uint32_t v, struct reference *r)
{
    struct var *var = &AT(c, vars, struct var, v);
    struct function *fn = &AT(c, functions, struct function, f);
    if (var->function == f) {
        *r = (struct reference){var->kind == VAR_SELF ? N_SELF : N_LOCAL, v};
        return true;
    }
    if (var->kind == VAR_SIBLING && fn->group != NONE &&
        AT(c, functions, struct function, var->target).group == fn->group) {
        *r = var->target == f ? (struct reference){N_SELF, 0} : (struct reference){N_SIBLING, var->target};
        return true;
    }
    *r = (struct reference){N_UPVAL, var->memo_index};
    if (var->memo_capset == fn->capset) return true;
    uint32_t index = 0, at = AT(c, capsets, struct capset, fn->capset).first;
    for (; at != NONE; at = AT(c, captures, struct capture, at).next, index++)
        if (AT(c, captures, struct capture, at).var == v) {
            r->a = index;
            return true;
        }
    return false;
}

/* Function f captures v, which the one around it finds as `from` says. */
static struct reference capture(struct compiler *c, uint32_t f, uint32_t v, struct reference from)
{
    uint32_t capset = AT(c, functions, struct function, f).capset;
    struct capset *set = &AT(c, capsets, struct capset, capset);
    struct var *var = &AT(c, vars, struct var, v);
    uint32_t index = set->count;
    if (index >= LIMIT_CAPTURES) fail(c, var->symbol, "a function captures too many variables");
    struct capture *made = PUSH(c, captures, struct capture);
    if (c->failed) return from;
    *made = (struct capture){v, from, NONE};
    if (index == 0)
        set->first = c->captures.count - 1;
    else
        AT(c, captures, struct capture, set->last).next = c->captures.count - 1;
    set->last = c->captures.count - 1;
    set->count++;
    var->memo_capset = capset;
    var->memo_index = index;
    return (struct reference){N_UPVAL, index};
}

/* Where function f finds variable v: its own, itself, a sibling, or a capture (made on demand, outermost first). */
static struct reference reach(struct compiler *c, uint32_t f, uint32_t v)
{
    struct reference r;
    uint32_t bottom = c->scratch.count;
    while (!reached(c, f, v, &r) && !c->failed) {
        *PUSH(c, scratch, uint32_t) = f;
        f = AT(c, functions, struct function, f).parent;
    }
    while (c->scratch.count > bottom && !c->failed)
        r = capture(c, AT(c, scratch, uint32_t, --c->scratch.count), v, r);
    return r;
}

static value in_boot_namespace(struct compiler *c, value symbol)
{
    return symbol_make(c->p, name_name(c->options.ns), name_name(symbol));
}

static void symbol_form(struct compiler *c, value s)
{
    uint32_t v = find_var(c, s);
    if (v != NONE) {
        struct var *var = &AT(c, vars, struct var, v);
        if (var->kind == VAR_CONSTANT) {
            struct node n = *node_at(c, var->target);
            close_node(c, open_node(c, (enum node_kind)n.kind, n.a, n.b));
            return;
        }
        struct reference r = reach(c, c->function, v);
        leaf(c, (enum node_kind)r.kind, r.a);
    } else if (name_ns(s) != NIL) {
        leaf(c, N_GLOBAL, global_of(c, s));
    } else if (c->options.ns != NIL) {
        leaf(c, N_GLOBAL, global_of(c, in_boot_namespace(c, s)));
    } else {
        fail(c, s, "expected the name of a local variable or a qualified name");
    }
}

/* ---- collections ---- */
static void collection(struct compiler *c, value coll)
{
    /* Each collection around found that it is no constant by looking at all before the part that is none: to keep that
     * linear, only so many look. */
    later_node(c, c->failed_literals < 16 ? DO_LITERAL : DO_CHILDREN, coll);
}

/* A collection that is no constant. */
static void start_children(struct compiler *c, value coll)
{
    value meta = form_meta(c, coll);
    uint32_t call = NONE;
    if (meta != NIL) {
        struct process *p = c->p;
        uint32_t with_meta = global_of(c, symbol_c(p, "lona.core", "with-meta"));
        call = open_node(c, N_CALLG, with_meta, 2);
    }
    c->failed_literals++;
    c->depth++;
    uint32_t n = open_node(c, is_vector(coll) ? N_VECTOR : is_map(coll) ? N_MAP : N_SET, 0, 0);
    struct walk *w = PUSH(c, walks, struct walk);
    if (c->failed) return;
    walk_start(w, coll);
    struct todo *d = later(c, DO_CHILDREN);
    d->v = coll;
    d->a = n;
    if (call == NONE) return;
    later_form(c, meta, NOT_TAIL);
    later_close(c, call);
}

static void next_child(struct compiler *c, struct todo d)
{
    value key, val;
    if (d.a == NONE) {
        start_children(c, d.v);
        return;
    }
    if (walk_next(&AT(c, walks, struct walk, c->walks.count - 1), &key, &val)) {
        later_form(c, key, NOT_TAIL);
        d.b++;
        if (is_map(d.v)) later_form(c, val, NOT_TAIL), d.b++;
        *later(c, DO_CHILDREN) = d;
        return;
    }
    c->walks.count--;
    c->failed_literals--;
    c->depth--;
    node_at(c, d.a)->b = d.b;
    close_node(c, d.a);
    if (d.b > 32) c->literal_add = global_of(c, symbol_c(c->p, "lona.core", "-literal-add"));
}

/* A literal, a slice at a time.  A collection that turns out to hold more than constants is taken apart. */
static void go_on_literal(struct compiler *c, struct todo d, enum serial_mode mode)
{
    uint32_t literal;
    if (d.a == NONE) {
        d.a = c->data.count;
        literal_start(c, d.v, mode);
    }
    switch (literal_continue(c, d.a, &literal)) {
    case LITERAL_MORE: *later(c, d.kind) = d; return;
    case LITERAL_DONE: leaf(c, N_LIT, literal); return;
    default: later_node(c, DO_CHILDREN, d.v);
    }
}

/* ---- special forms: each takes what follows the head ---- */
static bool take(struct compiler *c, value *rest, value *item, value whole, const char *expected)
{
    if (form_next(c, rest, item)) return true;
    fail(c, whole, expected);
    return false;
}
static bool at_end(struct compiler *c, value rest, value whole, const char *expected)
{
    value item;
    if (!form_next(c, &rest, &item)) return !c->failed;
    fail(c, whole, expected);
    return false;
}
static bool take_vector(struct compiler *c, value *rest, value *v, value whole, const char *expected)
{
    if (!form_next(c, rest, v) || !is_vector(*v)) fail(c, whole, expected);
    return !c->failed;
}
/* A vector of exactly one symbol, [m]. */
static bool take_binding(struct compiler *c, value *rest, value *symbol, value whole, const char *expected)
{
    value v;
    if (!take_vector(c, rest, &v, whole, expected)) return false;
    *symbol = vector_nth(v, 0);
    if (vector_count(v) != 1) fail(c, whole, expected);
    return !c->failed && local_symbol(c, *symbol, "a binding");
}

static void if_form(struct compiler *c, value rest, value whole, struct tail t)
{
    static const char expected[] = "expected (if test then) or (if test then else)";
    value test, yes, no = NIL;
    if (!take(c, &rest, &test, whole, expected) || !take(c, &rest, &yes, whole, expected)) return;
    bool has_else = form_next(c, &rest, &no);
    if (!at_end(c, rest, whole, expected)) return;
    if (t.select && !has_else) fail(c, whole, "expected take* or skip* in both branches");
    uint32_t n = open_node(c, N_IF, 0, 0);
    later_form(c, test, NOT_TAIL);
    later_form(c, yes, t);
    later_form(c, has_else ? no : NIL, t);
    later_close(c, n);
}

/* (e ...): one node; nil if there is none. */
static void body(struct compiler *c, value forms, struct tail t)
{
    value item, scan, next;
    if (!form_next(c, &forms, &item)) {
        if (t.select) fail(c, NIL, "expected take* or skip*");
        constant(c, NIL);
        return;
    }
    scan = forms;
    if (!form_next(c, &scan, &next)) {
        later_form(c, item, t);
        return;
    }
    struct todo *d = later(c, DO_BODY);
    d->v = forms;
    d->w = item;
    d->tail = t;
    d->a = NONE;
}
static void next_statement(struct compiler *c, struct todo d)
{
    value next;
    if (d.a == NONE) d.a = open_node(c, N_DO, 0, 0);
    d.b++;
    if (!form_next(c, &d.v, &next)) {
        later_form(c, d.w, d.tail);
        if (!c->failed) node_at(c, d.a)->a = d.b;
        later_close(c, d.a);
        return;
    }
    later_form(c, d.w, NOT_TAIL);
    d.w = next;
    *later(c, DO_BODY) = d;
}

static bool constant_node(struct compiler *c, uint32_t n)
{
    uint32_t kind = node_at(c, n)->kind;
    return kind == N_SPECIAL || kind == N_INT || kind == N_LIT;
}

static bool keeps_locals(struct compiler *c)
{
    return AT(c, functions, struct function, c->function).keep_locals;
}

/* let* and loop*: variables that follow one another, each seen by those behind it. */
static void bindings(struct compiler *c, value rest, value whole, struct tail t, bool loop)
{
    const char *expected =
        loop ? "expected (loop* [name value ...] body ...)" : "expected (let* [name value ...] body ...)";
    value v;
    if (!take_vector(c, &rest, &v, whole, expected)) return;
    uint64_t count = vector_count(v) / 2;
    if (vector_count(v) % 2) fail(c, whole, expected);
    if (count > LIMIT_REGISTERS) fail(c, whole, "too many variables in one binding form");
    uint32_t mark = c->scope.count, first = c->vars.count;
    for (uint64_t i = 0; i < count && !c->failed; i++)
        if (local_symbol(c, vector_nth(v, 2 * i), "a binding")) new_var(c, vector_nth(v, 2 * i), VAR_LOCAL);
    if (c->failed) return;
    if (loop) {
        *PUSH(c, loops, struct loop) = (struct loop){.first_var = first, .count = (uint32_t)count};
        t.loop = c->loops.count - 1;
    }
    struct todo *d = later(c, DO_BINDING);
    d->v = v;
    d->w = rest;
    d->a = open_node(c, loop ? N_LOOP : N_LET, loop ? t.loop : first, (uint32_t)count);
    d->first = first;
    d->mark = mark;
    d->at = NONE;
    d->tail = t;
}
/* The value of variable b is next; or, when at is its node, was analysed. */
static void next_binding(struct compiler *c, struct todo d)
{
    if (d.at != NONE) {
        bool loop = node_at(c, d.a)->kind == N_LOOP;
        struct var *var = &AT(c, vars, struct var, d.first + d.b);
        if (!loop && !keeps_locals(c) && constant_node(c, d.at)) {
            var->kind = VAR_CONSTANT;
            var->target = d.at;
        }
        enter(c, d.first + d.b++);
    }
    if (d.b < node_at(c, d.a)->b) {
        later_form(c, vector_nth(d.v, 2 * d.b + 1), NOT_TAIL);
        d.at = c->nodes.count;
        *later(c, DO_BINDING) = d;
        return;
    }
    body(c, d.w, d.tail);
    later_leave(c, d.mark);
    later_close(c, d.a);
}

static uint32_t count_forms(struct compiler *c, value rest)
{
    value item;
    uint32_t count = 0;
    while (form_next(c, &rest, &item)) count++;
    return count;
}

static void recur_form(struct compiler *c, value rest, value whole, struct tail t)
{
    if (t.loop == NONE) {
        fail(c, whole, "recur stands where it is not in tail position of a loop or function");
        return;
    }
    uint32_t count = count_forms(c, rest);
    if (!c->failed && count != AT(c, loops, struct loop, t.loop).count)
        fail(c, whole, "recur has another number of arguments than its target has variables");
    uint32_t n = open_node(c, N_RECUR, t.loop, count);
    later_forms(c, rest, NONE);
    later_close(c, n);
}

/* ---- functions ---- */
static uint32_t new_function(struct compiler *c, uint32_t capset, uint32_t group)
{
    if (capset == NONE) {
        *PUSH(c, capsets, struct capset) = (struct capset){NONE, NONE, 0};
        capset = c->capsets.count - 1;
    }
    struct function *f = PUSH(c, functions, struct function);
    *f = (struct function){c->function, capset, group, 0, 0, NONE, c->options.keep_locals};
    return c->failed ? 0 : c->functions.count - 1;
}

static uint32_t reserve_arities(struct compiler *c, uint32_t function, uint32_t count)
{
    uint32_t first = c->arities.count;
    for (uint32_t i = 0; i < count && !c->failed; i++) {
        struct arity_info *a = PUSH(c, arities, struct arity_info);
        *a = (struct arity_info){.function = function};
    }
    if (c->failed) return 0;
    if (c->arities.count > UINT16_MAX) fail(c, NIL, "too many functions in one form");
    AT(c, functions, struct function, function).first_arity = first;
    AT(c, functions, struct function, function).arity_count = count;
    return first;
}

static bool is_ampersand(value v)
{
    return is_symbol(v) && name_is(v, NULL, "&");
}

/* ([param ... & rest] body ...) */
static void arity_form(struct compiler *c, uint32_t index, value params, value forms, value whole)
{
    static const char expected[] = "expected parameters [name ...] or [name ... & name]";
    uint32_t mark = c->scope.count, first = c->vars.count, fixed = 0;
    bool variadic = false;
    uint64_t count = vector_count(params);
    for (uint64_t i = 0; i < count && !c->failed; i++) {
        value s = vector_nth(params, i);
        if (is_ampersand(s)) {
            if (i + 2 != count || is_ampersand(vector_nth(params, i + 1))) fail(c, whole, expected);
            variadic = true;
            continue;
        }
        if (!local_symbol(c, s, "a parameter list")) return;
        new_var(c, s, VAR_LOCAL);
        if (!variadic) fixed++;
    }
    if (fixed > LIMIT_PARAMETERS) fail(c, whole, "a function has more than 255 parameters");
    if (c->failed) return;
    for (uint32_t v = first; v < c->vars.count; v++) enter(c, v);
    *PUSH(c, loops, struct loop) = (struct loop){.first_var = first, .count = fixed + variadic};
    uint32_t n = open_node(c, N_ARITY, index, 0);
    if (c->failed) return;
    struct arity_info *a = &AT(c, arities, struct arity_info, index);
    a->node = n;
    a->loop = c->loops.count - 1;
    a->fixed_count = fixed;
    a->variadic = variadic;
    body(c, forms, (struct tail){a->loop, false, false});
    later_leave(c, mark);
    later_close(c, n);
}

static void check_arities(struct compiler *c, uint32_t first, uint32_t count, value whole)
{
    uint32_t most = 0, variadic = NONE;
    for (uint32_t i = first; i < first + count; i++) {
        struct arity_info *a = &AT(c, arities, struct arity_info, i);
        if (a->variadic) {
            if (variadic != NONE) fail(c, whole, "a function has more than one variadic arity");
            variadic = a->fixed_count;
            continue;
        }
        most = a->fixed_count > most ? a->fixed_count : most;
        for (uint32_t j = first; j < i; j++)
            if (!AT(c, arities, struct arity_info, j).variadic &&
                AT(c, arities, struct arity_info, j).fixed_count == a->fixed_count)
                fail(c, whole, "a function has two arities with the same number of parameters");
    }
    if (variadic != NONE && most > variadic)
        fail(c, whole, "a fixed arity has more parameters than the variadic one");
}

static void fn_form(struct compiler *c, value rest, value whole, uint32_t function)
{
    static const char expected[] = "expected (fn* name? ([parameters] body ...) ...)";
    value item, name = NIL, scan, meta = obj_meta(whole);
    if (function == NONE) function = new_function(c, NONE, NONE);
    uint32_t n = open_node(c, N_FN, function, 0), outer = c->function, mark = c->scope.count, count = 0;
    if (c->failed) return;

    scan = rest;
    if (form_next(c, &scan, &item) && is_symbol(item)) {
        name = item;
        rest = scan;
        if (!local_symbol(c, name, "a function's name")) return;
    }
    for (scan = rest; form_next(c, &scan, &item); count++)
        if (count == 0 && is_vector(item)) {
            count = 1;
            break;
        } else if (!form_is_list(item)) {
            fail(c, whole, expected);
        }
    if (count == 0) fail(c, whole, expected);
    if (count > LIMIT_PARAMETERS + 2) fail(c, whole, "a function has too many arities");
    if (c->failed) return;

    struct function *f = &AT(c, functions, struct function, function);
    value full_name = is_map(meta) ? map_get_keyword(meta, c->key_name) : VAL_ABSENT;
    value debug = is_map(meta) ? map_get_keyword(meta, c->key_debug) : VAL_ABSENT;
    if (debug != VAL_ABSENT && debug != VAL_SLOW && truthy(debug)) f->keep_locals = true;
    if (!is_symbol(full_name) && !is_string(full_name)) full_name = name;
    if (full_name != NIL) f->name_literal = literal_of(c, full_name, SERIAL_BARE);

    c->function = function;
    if (name != NIL) {
        uint32_t self = new_var(c, name, VAR_SELF);
        enter(c, self);
    }
    uint32_t first = reserve_arities(c, function, count);
    struct todo *d = later(c, DO_ARITY);
    d->v = rest;
    d->w = whole;
    d->a = n;
    d->first = first;
    d->mark = mark;
    d->at = outer;
}
static void next_arity(struct compiler *c, struct todo d)
{
    static const char expected[] = "expected (fn* name? ([parameters] body ...) ...)";
    uint32_t function = node_at(c, d.a)->a, count = AT(c, functions, struct function, function).arity_count;
    value item, params, forms;
    if (d.b < count && form_next(c, &d.v, &item)) {
        if (is_vector(item)) {
            arity_form(c, d.first, item, d.v, d.w);
        } else {
            forms = item;
            if (take_vector(c, &forms, &params, d.w, expected))
                arity_form(c, d.first + d.b, params, forms, d.w);
        }
        d.b = is_vector(item) ? count : d.b + 1;
        *later(c, DO_ARITY) = d;
        return;
    }
    check_arities(c, d.first, count, d.w);
    leave_to(c, d.mark);
    c->function = d.at;
    close_node(c, d.a);
}

static void letfn_form(struct compiler *c, value rest, value whole, struct tail t)
{
    static const char expected[] = "expected (letfn* [name (fn* ...) ...] body ...)";
    value v;
    if (!take_vector(c, &rest, &v, whole, expected)) return;
    uint64_t count = vector_count(v) / 2;
    if (vector_count(v) % 2 || count > LIMIT_REGISTERS) fail(c, whole, expected);
    if (c->failed) return;
    if (count == 0) {
        body(c, rest, t);
        return;
    }
    uint32_t mark = c->scope.count, first = c->vars.count, group = c->groups++, capset = NONE;
    uint32_t first_function = c->functions.count;
    for (uint32_t i = 0; i < count && !c->failed; i++) {
        value symbol = vector_nth(v, 2 * i);
        if (!local_symbol(c, symbol, "letfn*")) return;
        uint32_t f = new_function(c, capset, group), var = new_var(c, symbol, VAR_SIBLING);
        if (c->failed) return;
        capset = AT(c, functions, struct function, f).capset;
        AT(c, vars, struct var, var).target = f;
    }
    for (uint32_t i = 0; i < count; i++) enter(c, first + i);
    struct todo *d = later(c, DO_LETFN);
    d->v = v;
    d->w = rest;
    d->whole = whole;
    d->a = open_node(c, N_LETFN, first, (uint32_t)count);
    d->mark = mark;
    d->first = first_function;
    d->tail = t;
}
static void next_sibling(struct compiler *c, struct todo d)
{
    if (d.b == node_at(c, d.a)->b) {
        body(c, d.w, d.tail);
        later_leave(c, d.mark);
        later_close(c, d.a);
        return;
    }
    value fn = vector_nth(d.v, 2 * d.b + 1), parts = fn, head;
    if (!form_is_list(fn) || !form_next(c, &parts, &head) || !is_symbol(head) || form_head(head) != HEAD_FN)
        fail(c, d.whole, "expected (letfn* [name (fn* ...) ...] body ...)");
    else
        fn_form(c, parts, fn, d.first + d.b);
    d.b++;
    *later(c, DO_LETFN) = d;
}

/* ---- exits, receive, alternatives ---- */
static void catch_form(struct compiler *c, value rest, value whole, struct tail t)
{
    static const char expected[] = "expected (catch* [token] body [value] handler)";
    value token, inside, symbol, handler;
    if (!take_binding(c, &rest, &token, whole, expected) || !take(c, &rest, &inside, whole, expected) ||
        !take_binding(c, &rest, &symbol, whole, expected) || !take(c, &rest, &handler, whole, expected) ||
        !at_end(c, rest, whole, expected))
        return;
    uint32_t mark = c->scope.count, token_var = new_var(c, token, VAR_LOCAL),
             var = new_var(c, symbol, VAR_LOCAL);
    uint32_t n = open_node(c, N_CATCH, token_var, var);
    enter(c, token_var);
    later_form(c, inside, NOT_TAIL);
    later_leave(c, mark);
    later_enter(c, var);
    later_form(c, handler, t);
    later_leave(c, mark);
    later_close(c, n);
}

static void cleanup_form(struct compiler *c, value rest, value whole)
{
    static const char expected[] = "expected (cleanup* body cleanup)";
    value inside, cleanup;
    if (!take(c, &rest, &inside, whole, expected) || !take(c, &rest, &cleanup, whole, expected) ||
        !at_end(c, rest, whole, expected))
        return;
    uint32_t n = open_node(c, N_CLEANUP, 0, 0);
    later_form(c, inside, NOT_TAIL);
    later_form(c, cleanup, NOT_TAIL);
    later_close(c, n);
}

static void receive_form(struct compiler *c, value rest, value whole, struct tail t)
{
    static const char expected[] =
        "expected (receive* [message] select) or (receive* [message] select timeout on-timeout)";
    value message, select, timeout, late;
    if (!take_binding(c, &rest, &message, whole, expected) || !take(c, &rest, &select, whole, expected))
        return;
    bool timed = form_next(c, &rest, &timeout);
    if (timed && !take(c, &rest, &late, whole, expected)) return;
    if (!at_end(c, rest, whole, expected)) return;
    uint32_t mark = c->scope.count, var = new_var(c, message, VAR_LOCAL);
    uint32_t n = open_node(c, N_RECEIVE, var, timed);
    if (timed) later_form(c, timeout, NOT_TAIL);
    later_enter(c, var);
    later_form(c, select, (struct tail){t.loop, false, true});
    later_leave(c, mark);
    if (timed) later_form(c, late, t);
    later_close(c, n);
}

static void alt_form(struct compiler *c, value rest, value whole, struct tail t)
{
    value item;
    uint32_t n = open_node(c, N_ALT, 0, 0);
    if (!take(c, &rest, &item, whole, "expected (alt* form ...)")) return;
    struct todo *d = later(c, DO_ALT);
    d->v = rest;
    d->w = item;
    d->a = n;
    d->tail = t;
}
static void next_alternative(struct compiler *c, struct todo d)
{
    value next;
    struct tail inner = d.tail;
    inner.fail = true;
    d.b++;
    if (!form_next(c, &d.v, &next)) {
        node_at(c, d.a)->a = d.b;
        later_form(c, d.w, d.tail);
        later_close(c, d.a);
        return;
    }
    later_form(c, d.w, inner);
    d.w = next;
    *later(c, DO_ALT) = d;
}

static void special(struct compiler *c, enum head head, value rest, value whole, struct tail t)
{
    value x;
    uint32_t n;
    switch (head) {
    case HEAD_QUOTE:
        if (take(c, &rest, &x, whole, "expected (quote form)") &&
            at_end(c, rest, whole, "expected (quote form)"))
            constant(c, x);
        return;
    case HEAD_IF: if_form(c, rest, whole, t); return;
    case HEAD_DO: body(c, rest, t); return;
    case HEAD_LET: bindings(c, rest, whole, t, false); return;
    case HEAD_LOOP: bindings(c, rest, whole, t, true); return;
    case HEAD_LETFN: letfn_form(c, rest, whole, t); return;
    case HEAD_RECUR: recur_form(c, rest, whole, t); return;
    case HEAD_FN: fn_form(c, rest, whole, NONE); return;
    case HEAD_VAR:
        if (!take(c, &rest, &x, whole, "expected (var qualified-name)") ||
            !at_end(c, rest, whole, "expected (var qualified-name)"))
            return;
        if (is_symbol(x) && name_ns(x) == NIL && c->options.ns != NIL) x = in_boot_namespace(c, x);
        if (!is_symbol(x) || name_ns(x) == NIL)
            fail(c, whole, "expected (var qualified-name)");
        else
            leaf(c, N_LIT, literal_var(c, x));
        return;
    case HEAD_CATCH: catch_form(c, rest, whole, t); return;
    case HEAD_CLEANUP: cleanup_form(c, rest, whole); return;
    case HEAD_RECEIVE: receive_form(c, rest, whole, t); return;
    case HEAD_ALT: alt_form(c, rest, whole, t); return;
    case HEAD_TAKE:
        if (!t.select) fail(c, whole, "take* stands outside the tail of a receive*");
        n = open_node(c, N_TAKE, 0, 0);
        body(c, rest, (struct tail){t.loop, false, false});
        later_close(c, n);
        return;
    case HEAD_SKIP:
        if (!t.select) fail(c, whole, "skip* stands outside the tail of a receive*");
        if (at_end(c, rest, whole, "expected (skip*)")) leaf(c, N_SKIP, 0);
        return;
    case HEAD_FAIL:
        if (!t.fail) fail(c, whole, "fail* stands where no alt* can take it");
        if (at_end(c, rest, whole, "expected (fail*)")) leaf(c, N_FAIL, 0);
        return;
    default: fail(c, whole, "not a special form");
    }
}

/* ---- calls ---- */
#define WIDE_DIRECT 32

/* (f a1 ... an) with more arguments than a window takes: (lona.core/apply f a1 ... [an ...]) */
static void wide_call(struct compiler *c, value head, value rest)
{
    value item;
    uint32_t n = open_node(c, N_CALLG, global_of(c, symbol_c(c->p, "lona.core", "apply")), WIDE_DIRECT + 2);
    later_form(c, head, NOT_TAIL);
    for (uint32_t i = 0; i < WIDE_DIRECT && form_next(c, &rest, &item); i++) later_form(c, item, NOT_TAIL);
    later(c, DO_REST)->v = rest;
    later_close(c, n);
    c->literal_add = global_of(c, symbol_c(c->p, "lona.core", "-literal-add"));
}
static void rest_vector(struct compiler *c, value rest)
{
    uint32_t n = open_node(c, N_VECTOR, 0, 0);
    later_forms(c, rest, n);
    later_close(c, n);
}

/* Are there more than a window takes?  Else *argc says how many. */
static bool is_wide(struct compiler *c, value rest, uint32_t *argc)
{
    value item;
    for (*argc = 0; form_next(c, &rest, &item); (*argc)++)
        if (*argc == LIMIT_CALL_ARGS) return true;
    return false;
}

static void call(struct compiler *c, value head, value rest)
{
    uint32_t argc, n, literal;
    if (is_wide(c, rest, &argc)) {
        wide_call(c, head, rest);
        return;
    }
    if (argc == 1 && is_keyword(head) && (literal = literal_of(c, head, SERIAL_QUOTED)) <= UINT16_MAX) {
        n = open_node(c, N_KEYGET, literal, 0);
        later_forms(c, rest, NONE);
        later_close(c, n);
        return;
    }
    bool global =
        is_symbol(head) && (name_ns(head) != NIL || (c->options.ns != NIL && find_var(c, head) == NONE));
    if (global) {
        if (name_ns(head) == NIL) head = in_boot_namespace(c, head);
        int op = intrinsic_of(head, NULL, argc);
        uint32_t g = op < 0 ? global_of(c, head) : 0;
        if (op < 0 && g > UINT16_MAX)
            global = false; /* beyond what a call instruction can name */
        else
            n = op < 0 ? open_node(c, N_CALLG, g, argc) : open_node(c, N_OP, (uint32_t)op, argc);
    }
    if (!global) {
        n = open_node(c, N_CALL, 0, argc);
        later_form(c, head, NOT_TAIL);
    }
    later_forms(c, rest, NONE);
    later_close(c, n);
}

static void list_form(struct compiler *c, value f, struct tail t)
{
    value head, rest = f;
    if (!form_next(c, &rest, &head)) {
        constant(c, empty_list());
        return;
    }
    uint32_t line = c->line, column = c->column, at = c->nodes.count;
    uint32_t position = form_position(c, f);
    enum head h = is_symbol(head) ? form_head(head) : HEAD_NONE;
    c->depth++;
    if (h != HEAD_NONE)
        special(c, h, rest, f, t);
    else
        call(c, head, rest);
    struct todo *d = later(c, DO_END);
    d->a = at;
    d->b = position;
    d->first = line;
    d->mark = column;
}
/* A list form is done: its node gets its position, and what encloses it goes on at its own. */
static void end_list(struct compiler *c, const struct todo *d)
{
    c->line = d->first;
    c->column = d->mark;
    c->depth--;
    if (d->b && node_at(c, d->a)->position == 0) node_at(c, d->a)->position = d->b;
}

static bool ends_select(struct compiler *c, value f)
{
    value head, rest = f;
    if (!form_is_list(f) || !form_next(c, &rest, &head) || !is_symbol(head)) return false;
    switch (form_head(head)) {
    case HEAD_IF:
    case HEAD_DO:
    case HEAD_LET:
    case HEAD_LETFN:
    case HEAD_ALT:
    case HEAD_FAIL:
    case HEAD_TAKE:
    case HEAD_SKIP: return true;
    default: return false;
    }
}

static void form(struct compiler *c, value f, struct tail t)
{
    if (c->depth >= LIMIT_COMPILE_DEPTH)
        compile_fail(c, ERR_TOO_DEEP, NIL, "expressions are nested too deep to compile%s", "");
    else if (t.select && !ends_select(c, f))
        fail(c, f, "expected take* or skip* at the end of a receive*'s select");
    else if (is_symbol(f))
        symbol_form(c, f);
    else if (value_is_constant(f))
        constant(c, f);
    else if (form_is_list(f))
        list_form(c, f, t);
    else if (is_vector(f) || is_map(f) || is_set(f))
        collection(c, f);
    else
        constant(c, f); /* says what cannot stand in code */
}

static void next_form(struct compiler *c, struct todo d)
{
    value item;
    if (form_next(c, &d.v, &item)) {
        later_form(c, item, NOT_TAIL);
        d.b++;
        *later(c, DO_FORMS) = d;
    } else if (d.a != NONE) {
        node_at(c, d.a)->b = d.b;
    }
}

static void do_next(struct compiler *c, struct todo d)
{
    switch (d.kind) {
    case DO_FORM: form(c, d.v, d.tail); return;
    case DO_FORMS: next_form(c, d); return;
    case DO_END: end_list(c, &d); return;
    case DO_CLOSE: close_node(c, d.a); return;
    case DO_ENTER: enter(c, d.a); return;
    case DO_LEAVE: leave_to(c, d.a); return;
    case DO_BODY: next_statement(c, d); return;
    case DO_BINDING: next_binding(c, d); return;
    case DO_ARITY: next_arity(c, d); return;
    case DO_LETFN: next_sibling(c, d); return;
    case DO_ALT: next_alternative(c, d); return;
    case DO_REST: rest_vector(c, d.v); return;
    case DO_CHILDREN: next_child(c, d); return;
    case DO_LITERAL: go_on_literal(c, d, SERIAL_EXPRESSION); return;
    case DO_QUOTED: go_on_literal(c, d, SERIAL_QUOTED); return;
    }
}

/* What was pushed since `base` is in the order in which it is to be done: the next must be on top. */
static void turn_over(struct compiler *c, uint32_t base)
{
    struct todo *at = (struct todo *)c->todos.at;
    for (uint32_t i = base, j = c->todos.count; i + 1 < j; i++) {
        struct todo t = at[--j];
        at[j] = at[i];
        at[i] = t;
    }
}

void analyse_start(struct compiler *c, value f)
{
    c->function = NONE;
    uint32_t function = new_function(c, NONE, NONE), arity = reserve_arities(c, function, 1);
    c->function = function;
    value name = c->options.name;
    if (name != NIL && !c->failed)
        AT(c, functions, struct function, function).name_literal = literal_of(c, name, SERIAL_BARE);
    *PUSH(c, loops, struct loop) = (struct loop){0};
    uint32_t n = open_node(c, N_ARITY, arity, 0);
    if (c->failed) return;
    AT(c, arities, struct arity_info, arity).node = n;
    later_close(c, n);
    later_form(c, f, NOT_TAIL);
}

bool analyse(struct compiler *c)
{
    while (c->todos.count && !c->failed) {
        if (c->budget <= 0) return false;
        struct todo d = AT(c, todos, struct todo, --c->todos.count);
        uint32_t base = c->todos.count;
        do_next(c, d);
        turn_over(c, base);
        c->budget--;
    }
    return true;
}
