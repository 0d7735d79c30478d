/* First pass: the form to nodes.  Resolves names, decides what closures capture, checks the shape of every special form. */
#include "runtime/compiler/internal.h"

/* What a form in tail position may do beyond having a value. */
struct tail {
    uint32_t loop; /* target of recur, or NONE */
    bool fail;     /* an alt* around takes a (fail*) */
    bool select;   /* must end in take* or skip* */
};
#define NOT_TAIL ((struct tail){NONE, false, false})

static void form(struct compiler *c, value f, struct tail t);
static void body(struct compiler *c, value forms, struct tail t);

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

/* Where function f finds variable v: its own, itself, a sibling, or a capture (made on demand, outermost first). */
static struct reference reach(struct compiler *c, uint32_t f, uint32_t v)
{
    struct var *var = &AT(c, vars, struct var, v);
    struct function *fn = &AT(c, functions, struct function, f);
    if (var->function == f) return (struct reference){var->kind == VAR_SELF ? N_SELF : N_LOCAL, v};
    if (var->kind == VAR_SIBLING && fn->group != NONE &&
        AT(c, functions, struct function, var->target).group == fn->group)
        return var->target == f ? (struct reference){N_SELF, 0} : (struct reference){N_SIBLING, var->target};
    if (var->memo_capset == fn->capset) return (struct reference){N_UPVAL, var->memo_index};

    struct capset *set = &AT(c, capsets, struct capset, fn->capset);
    uint32_t index = 0;
    for (uint32_t at = set->first; at != NONE; at = AT(c, captures, struct capture, at).next, index++)
        if (AT(c, captures, struct capture, at).var == v) return (struct reference){N_UPVAL, index};
    struct reference from = reach(c, fn->parent, v);
    if (index >= LIMIT_CAPTURES) fail(c, var->symbol, "a function captures too many variables");
    struct capture *capture = PUSH(c, captures, struct capture);
    if (c->failed) return from;
    *capture = (struct capture){v, from, NONE};
    if (index == 0)
        set->first = c->captures.count - 1;
    else
        AT(c, captures, struct capture, set->last).next = c->captures.count - 1;
    set->last = c->captures.count - 1;
    set->count++;
    var->memo_capset = fn->capset;
    var->memo_index = index;
    return (struct reference){N_UPVAL, index};
}

static value in_boot_namespace(struct compiler *c, value symbol)
{
    return symbol_make(c->p, name_name(c->options->ns), name_name(symbol));
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
    } else if (c->options->ns != NIL) {
        leaf(c, N_GLOBAL, global_of(c, in_boot_namespace(c, s)));
    } else {
        fail(c, s, "expected the name of a local variable or a qualified name");
    }
}

/* ---- collections ---- */
static void children(struct compiler *c, value coll, uint32_t n)
{
    struct walk w;
    value key, val;
    uint32_t count = 0;
    walk_start(&w, coll);
    while (!c->failed && walk_next(&w, &key, &val)) {
        form(c, key, NOT_TAIL);
        count++;
        if (is_map(coll)) form(c, val, NOT_TAIL), count++;
    }
    if (!c->failed) node_at(c, n)->b = count;
    close_node(c, n);
    if (count > 32) c->literal_add = global_of(c, symbol_c(c->p, "lona.core", "-literal-add"));
}

static void collection(struct compiler *c, value coll)
{
    /* Each collection around found that it is no constant by looking at all before the part that is none: to keep that
     * linear, only so many look. */
    uint32_t literal = c->failed_literals < 16 ? literal_of(c, coll, SERIAL_EXPRESSION) : NONE;
    if (literal != NONE) {
        leaf(c, N_LIT, literal);
        return;
    }
    value meta = form_meta(c, coll);
    uint32_t call = NONE;
    if (meta != NIL) {
        struct process *p = c->p;
        uint32_t with_meta = global_of(c, symbol_c(p, "lona.core", "with-meta"));
        call = open_node(c, N_CALLG, with_meta, 2);
    }
    c->failed_literals++;
    children(c, coll, open_node(c, is_vector(coll) ? N_VECTOR : is_map(coll) ? N_MAP : N_SET, 0, 0));
    c->failed_literals--;
    if (call != NONE) {
        form(c, meta, NOT_TAIL);
        close_node(c, call);
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
    value test, yes, no;
    if (!take(c, &rest, &test, whole, expected) || !take(c, &rest, &yes, whole, expected)) return;
    bool has_else = form_next(c, &rest, &no);
    if (!at_end(c, rest, whole, expected)) return;
    uint32_t n = open_node(c, N_IF, 0, 0);
    form(c, test, NOT_TAIL);
    form(c, yes, t);
    if (has_else)
        form(c, no, t);
    else if (t.select)
        fail(c, whole, "expected take* or skip* in both branches");
    else
        constant(c, NIL);
    close_node(c, n);
}

/* (e ...): one node; nil if there is none. */
static void body(struct compiler *c, value forms, struct tail t)
{
    value item, next;
    uint32_t count = 0;
    if (!form_next(c, &forms, &item)) {
        if (t.select) fail(c, NIL, "expected take* or skip*");
        constant(c, NIL);
        return;
    }
    if (!form_next(c, &forms, &next)) {
        form(c, item, t);
        return;
    }
    uint32_t n = open_node(c, N_DO, 0, 0);
    bool more = true;
    while (more && !c->failed) {
        form(c, item, NOT_TAIL);
        count++;
        item = next;
        more = form_next(c, &forms, &next);
    }
    form(c, item, t);
    if (!c->failed) node_at(c, n)->a = count + 1;
    close_node(c, n);
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
    uint32_t n = open_node(c, loop ? N_LOOP : N_LET, loop ? t.loop : first, (uint32_t)count);
    for (uint32_t i = 0; i < count && !c->failed; i++) {
        uint32_t at = c->nodes.count;
        form(c, vector_nth(v, 2 * i + 1), NOT_TAIL);
        if (c->failed) return;
        if (!loop && !keeps_locals(c) && constant_node(c, at)) {
            AT(c, vars, struct var, first + i).kind = VAR_CONSTANT;
            AT(c, vars, struct var, first + i).target = at;
        }
        enter(c, first + i);
    }
    body(c, rest, t);
    leave_to(c, mark);
    close_node(c, n);
}

static void recur_form(struct compiler *c, value rest, value whole, struct tail t)
{
    if (t.loop == NONE) {
        fail(c, whole, "recur stands where it is not in tail position of a loop or function");
        return;
    }
    uint32_t n = open_node(c, N_RECUR, t.loop, 0), count = 0;
    value item;
    while (!c->failed && form_next(c, &rest, &item)) {
        form(c, item, NOT_TAIL);
        count++;
    }
    if (c->failed) return;
    if (count != AT(c, loops, struct loop, t.loop).count)
        fail(c, whole, "recur has another number of arguments than its target has variables");
    node_at(c, n)->b = count;
    close_node(c, n);
}

/* ---- functions ---- */
static uint32_t new_function(struct compiler *c, uint32_t capset, uint32_t group)
{
    if (capset == NONE) {
        *PUSH(c, capsets, struct capset) = (struct capset){NONE, NONE, 0};
        capset = c->capsets.count - 1;
    }
    struct function *f = PUSH(c, functions, struct function);
    *f = (struct function){c->function, capset, group, 0, 0, NONE, c->options->keep_locals};
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
    leave_to(c, mark);
    close_node(c, n);
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
    for (uint32_t i = 0; i < count && !c->failed; i++) {
        value params, forms;
        if (!form_next(c, &rest, &item)) break;
        if (is_vector(item)) {
            arity_form(c, first, item, rest, whole);
            break;
        }
        forms = item;
        if (take_vector(c, &forms, &params, whole, expected)) arity_form(c, first + i, params, forms, whole);
    }
    if (!c->failed) check_arities(c, first, count, whole);
    leave_to(c, mark);
    c->function = outer;
    close_node(c, n);
}

static void letfn_form(struct compiler *c, value rest, value whole, struct tail t)
{
    static const char expected[] = "expected (letfn* [name (fn* ...) ...] body ...)";
    value v, head;
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
    uint32_t n = open_node(c, N_LETFN, first, (uint32_t)count);
    for (uint32_t i = 0; i < count && !c->failed; i++) {
        value fn = vector_nth(v, 2 * i + 1), parts = fn;
        if (!form_is_list(fn) || !form_next(c, &parts, &head) || !is_symbol(head) ||
            form_head(head) != HEAD_FN)
            fail(c, whole, expected);
        else
            fn_form(c, parts, fn, first_function + i);
    }
    body(c, rest, t);
    leave_to(c, mark);
    close_node(c, n);
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
    form(c, inside, NOT_TAIL);
    leave_to(c, mark);
    enter(c, var);
    form(c, handler, t);
    leave_to(c, mark);
    close_node(c, n);
}

static void cleanup_form(struct compiler *c, value rest, value whole)
{
    static const char expected[] = "expected (cleanup* body cleanup)";
    value inside, cleanup;
    if (!take(c, &rest, &inside, whole, expected) || !take(c, &rest, &cleanup, whole, expected) ||
        !at_end(c, rest, whole, expected))
        return;
    uint32_t n = open_node(c, N_CLEANUP, 0, 0);
    form(c, inside, NOT_TAIL);
    form(c, cleanup, NOT_TAIL);
    close_node(c, n);
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
    if (timed) form(c, timeout, NOT_TAIL);
    enter(c, var);
    form(c, select, (struct tail){t.loop, false, true});
    leave_to(c, mark);
    if (timed) form(c, late, t);
    close_node(c, n);
}

static void alt_form(struct compiler *c, value rest, value whole, struct tail t)
{
    value item, next;
    uint32_t count = 0, n = open_node(c, N_ALT, 0, 0);
    if (!take(c, &rest, &item, whole, "expected (alt* form ...)")) return;
    struct tail inner = t;
    inner.fail = true;
    for (; form_next(c, &rest, &next); item = next, count++) form(c, item, inner);
    form(c, item, t);
    if (!c->failed) node_at(c, n)->a = count + 1;
    close_node(c, n);
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
        if (is_symbol(x) && name_ns(x) == NIL && c->options->ns != NIL) x = in_boot_namespace(c, x);
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
        close_node(c, n);
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
static uint32_t arguments(struct compiler *c, value rest)
{
    value item;
    uint32_t count = 0;
    for (; !c->failed && form_next(c, &rest, &item); count++) form(c, item, NOT_TAIL);
    return count;
}
static uint32_t count_forms(struct compiler *c, value rest)
{
    value item;
    uint32_t count = 0;
    while (form_next(c, &rest, &item)) count++;
    return count;
}

/* (f a1 ... an) with more arguments than a window takes: (lona.core/apply f a1 ... [an ...]) */
static void wide_call(struct compiler *c, value head, value rest, uint32_t argc)
{
    const uint32_t direct = 32;
    value item;
    uint32_t n = open_node(c, N_CALLG, global_of(c, symbol_c(c->p, "lona.core", "apply")), direct + 2);
    form(c, head, NOT_TAIL);
    for (uint32_t i = 0; i < direct && form_next(c, &rest, &item); i++) form(c, item, NOT_TAIL);
    uint32_t v = open_node(c, N_VECTOR, 0, argc - direct);
    arguments(c, rest);
    close_node(c, v);
    close_node(c, n);
    c->literal_add = global_of(c, symbol_c(c->p, "lona.core", "-literal-add"));
}

static void call(struct compiler *c, value head, value rest)
{
    uint32_t argc = count_forms(c, rest), n, literal;
    if (argc == 1 && is_keyword(head) && (literal = literal_of(c, head, SERIAL_QUOTED)) <= UINT16_MAX) {
        n = open_node(c, N_KEYGET, literal, 0);
        arguments(c, rest);
        close_node(c, n);
        return;
    }
    if (argc > LIMIT_CALL_ARGS) {
        wide_call(c, head, rest, argc);
        return;
    }
    bool global =
        is_symbol(head) && (name_ns(head) != NIL || (c->options->ns != NIL && find_var(c, head) == NONE));
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
        form(c, head, NOT_TAIL);
    }
    arguments(c, rest);
    close_node(c, n);
}

static void list_form(struct compiler *c, value f, struct tail t)
{
    value head, rest = f;
    if (!form_next(c, &rest, &head)) {
        constant(c, empty_list());
        return;
    }
    uint32_t at = c->nodes.count, position = form_position(c, f);
    uint32_t line = c->line, column = c->column;
    enum head h = is_symbol(head) ? form_head(head) : HEAD_NONE;
    if (h != HEAD_NONE)
        special(c, h, rest, f, t);
    else
        call(c, head, rest);
    if (c->failed) return;
    c->line = line, c->column = column;
    if (position && node_at(c, at)->position == 0) node_at(c, at)->position = position;
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
    if (c->failed) return;
    if (++c->depth > LIMIT_COMPILE_DEPTH)
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
    c->depth--;
}

void analyse(struct compiler *c, value f)
{
    c->function = NONE;
    uint32_t function = new_function(c, NONE, NONE), arity = reserve_arities(c, function, 1);
    c->function = function;
    value name = c->options->name;
    if (name != NIL && !c->failed)
        AT(c, functions, struct function, function).name_literal = literal_of(c, name, SERIAL_BARE);
    *PUSH(c, loops, struct loop) = (struct loop){0};
    uint32_t n = open_node(c, N_ARITY, arity, 0);
    if (c->failed) return;
    AT(c, arities, struct arity_info, arity).node = n;
    form(c, f, NOT_TAIL);
    close_node(c, n);
}
