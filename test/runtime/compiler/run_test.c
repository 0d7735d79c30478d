/* Random programs in core forms, compiled and run, against an evaluator that walks the forms: same value, same order of
 * effects.  Programs end by construction; their effects are messages that a process sends to itself. */
#include "test/runtime/sched/fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

static struct fixture fixture;

/* ---- the evaluator ---- */
struct env {
    value name, val;
    struct env *up;
};
struct closure {
    value form; /* (fn* name? ([params] body ...) ...) */
    struct env *env;
};
struct tail {
    enum { VALUE, RECUR, FAIL, SKIP } kind;
    value args[8];
    unsigned count;
};
struct handler {
    jmp_buf jump;
    value token; /* NIL: a cleanup */
    struct handler *up;
};

static struct closure closures[1 << 16];
static struct env envs[1 << 17];
static unsigned closure_count, env_count, token_count, steps;
static struct handler *handlers;
static value thrown_token, thrown_value;
static value queue[4096];
static unsigned queue_size, queue_at;
static jmp_buf out_of_steps;

#define FIRST_TOKEN 0x80000u

static value eval(value form, struct env *e, struct tail *t);
static value eval_plain(value form, struct env *e)
{
    struct tail t = {VALUE, {0}, 0};
    return eval(form, e, &t);
}
static value item(value list, unsigned i)
{
    while (i--) list = cons_rest(list);
    return is_cons(list) ? cons_first(list) : VAL_ABSENT;
}
static unsigned length(value list)
{
    unsigned n = 0;
    for (; is_cons(list); list = cons_rest(list)) n++;
    return n;
}
static struct env *bind_name(value name, value val, struct env *up)
{
    if (env_count == COUNT_OF(envs)) longjmp(out_of_steps, 1);
    struct env *e = &envs[env_count++];
    *e = (struct env){name, val, up};
    return e;
}
static value new_closure(value form, struct env *env)
{
    if (closure_count == COUNT_OF(closures)) longjmp(out_of_steps, 1);
    closures[closure_count] = (struct closure){form, env};
    return from_char(closure_count++);
}
static value body(value forms, struct env *e, struct tail *t)
{
    value v = NIL;
    for (; is_cons(forms); forms = cons_rest(forms))
        v = is_cons(cons_rest(forms)) ? eval_plain(cons_first(forms), e) : eval(cons_first(forms), e, t);
    return v;
}

static value loop_body(value names, const value *vals, unsigned n, unsigned stride, value forms,
                       struct env *up, struct tail *t)
{
    value now[8];
    memcpy(now, vals, n * sizeof *now);
    for (;;) {
        struct env *e = up;
        for (unsigned i = 0; i < n; i++) e = bind_name(vector_nth(names, i * stride), now[i], e);
        struct tail inner = {VALUE, {0}, 0};
        value v = body(forms, e, &inner);
        if (inner.kind != RECUR) {
            *t = inner;
            return v;
        }
        memcpy(now, inner.args, sizeof now);
    }
}

static value call_closure(value f, const value *args, unsigned n)
{
    struct closure *c = &closures[to_char(f)];
    struct env *e = c->env;
    value parts = cons_rest(c->form);
    struct tail t = {VALUE, {0}, 0};
    if (is_symbol(cons_first(parts))) {
        e = bind_name(cons_first(parts), f, e);
        parts = cons_rest(parts);
    }
    for (; is_cons(parts); parts = cons_rest(parts)) {
        value arity = cons_first(parts);
        if (vector_count(cons_first(arity)) == n)
            return loop_body(cons_first(arity), args, n, 1, cons_rest(arity), e, &t);
    }
    abort();
}

static void throw_to(value token, value v)
{
    thrown_token = token;
    thrown_value = v;
    longjmp(handlers->jump, 1);
}

static value eval_catch(value form, struct env *e, struct tail *t)
{
    struct handler h = {.token = from_char(FIRST_TOKEN + token_count++), .up = handlers};
    if (setjmp(h.jump) == 0) {
        handlers = &h;
        value v = eval_plain(item(form, 2), bind_name(vector_nth(item(form, 1), 0), h.token, e));
        handlers = h.up;
        return v;
    }
    handlers = h.up;
    if (thrown_token != h.token) throw_to(thrown_token, thrown_value);
    return eval(item(form, 4), bind_name(vector_nth(item(form, 3), 0), thrown_value, e), t);
}
static value eval_cleanup(value form, struct env *e)
{
    struct handler h = {.token = NIL, .up = handlers};
    if (setjmp(h.jump) == 0) {
        handlers = &h;
        value v = eval_plain(item(form, 1), e);
        handlers = h.up;
        eval_plain(item(form, 2), e);
        return v;
    }
    handlers = h.up;
    value token = thrown_token, v = thrown_value;
    eval_plain(item(form, 2), e);
    throw_to(token, v);
    return NIL;
}
static value eval_receive(value form, struct env *e, struct tail *t)
{
    value timeout = eval_plain(item(form, 3), e);
    (void)timeout;
    for (queue_at = 0; queue_at < queue_size; queue_at++) {
        struct tail inner = {VALUE, {0}, 0};
        value v = eval(item(form, 2), bind_name(vector_nth(item(form, 1), 0), queue[queue_at], e), &inner);
        if (inner.kind == SKIP) continue;
        *t = inner;
        return v;
    }
    return eval(item(form, 4), e, t);
}

static bool core(value head, const char *name)
{
    return is_symbol(head) && name_is(head, "lona.core", name);
}
static int64_t as_int(value v)
{
    if (!is_fixnum(v)) abort();
    return to_fixnum(v);
}
static value eval_call(value form, struct env *e)
{
    value head = cons_first(form), args[8], f = NIL;
    bool global = is_symbol(head) && name_ns(head) != NIL;
    unsigned n = 0;
    if (is_keyword(head)) return map_get_keyword(eval_plain(item(form, 1), e), head);
    if (!global) f = eval_plain(head, e);
    for (value rest = cons_rest(form); is_cons(rest); rest = cons_rest(rest))
        args[n++] = eval_plain(cons_first(rest), e);
    if (!global) return call_closure(f, args, n);
    if (core(head, "self")) return NIL;
    if (core(head, "send")) {
        if (queue_size == COUNT_OF(queue)) longjmp(out_of_steps, 1);
        queue[queue_size++] = args[1];
        return args[1];
    }
    if (core(head, "-throw-to")) throw_to(args[0], args[1]);
    if (core(head, "not")) return from_bool(falsy(args[0]));
    if (core(head, "nil?")) return from_bool(args[0] == NIL);
    if (core(head, "identical?")) return from_bool(args[0] == args[1]);
    if (core(head, "=")) {
        int budget = 1000;
        return value_equal(args[0], args[1], &budget);
    }
    if (core(head, "nth")) return vector_nth(args[0], (uint64_t)as_int(args[1]));
    if (core(head, "get")) return map_get_keyword(args[0], args[1]);
    int64_t a = as_int(args[0]), b = n > 1 ? as_int(args[1]) : 0;
    if (core(head, "+")) return from_fixnum(a + b);
    if (core(head, "-")) return from_fixnum(a - b);
    if (core(head, "*")) return from_fixnum(a * b);
    if (core(head, "rem")) return from_fixnum(a % b);
    if (core(head, "inc")) return from_fixnum(a + 1);
    if (core(head, "dec")) return from_fixnum(a - 1);
    if (core(head, "<")) return from_bool(a < b);
    if (core(head, "<=")) return from_bool(a <= b);
    if (core(head, ">")) return from_bool(a > b);
    if (core(head, ">=")) return from_bool(a >= b);
    if (core(head, "==")) return from_bool(a == b);
    abort();
}

static value eval_special(value head, value form, struct env *e, struct tail *t)
{
    value rest = cons_rest(form);
    if (name_is(head, NULL, "if")) {
        if (truthy(eval_plain(item(form, 1), e))) return eval(item(form, 2), e, t);
        return length(form) > 3 ? eval(item(form, 3), e, t) : NIL;
    }
    if (name_is(head, NULL, "do")) return body(rest, e, t);
    if (name_is(head, NULL, "quote")) return item(form, 1);
    if (name_is(head, NULL, "let*")) {
        value v = item(form, 1);
        for (uint64_t i = 0; i < vector_count(v); i += 2)
            e = bind_name(vector_nth(v, i), eval_plain(vector_nth(v, i + 1), e), e);
        return body(cons_rest(rest), e, t);
    }
    if (name_is(head, NULL, "loop*")) {
        value names = item(form, 1), vals[8];
        struct env *inner = e;
        unsigned n = (unsigned)vector_count(names) / 2;
        for (unsigned i = 0; i < n; i++) {
            vals[i] = eval_plain(vector_nth(names, 2 * i + 1), inner);
            inner = bind_name(vector_nth(names, 2 * i), vals[i], inner);
        }
        return loop_body(names, vals, n, 2, cons_rest(rest), e, t);
    }
    if (name_is(head, NULL, "recur")) {
        value vals[8];
        unsigned n = 0;
        for (; is_cons(rest); rest = cons_rest(rest)) vals[n++] = eval_plain(cons_first(rest), e);
        t->kind = RECUR;
        t->count = n;
        memcpy(t->args, vals, sizeof vals);
        return NIL;
    }
    if (name_is(head, NULL, "fn*")) return new_closure(form, e);
    if (name_is(head, NULL, "letfn*")) {
        value v = item(form, 1);
        for (uint64_t i = 0; i < vector_count(v); i += 2) e = bind_name(vector_nth(v, i), NIL, e);
        struct env *at = e;
        for (uint64_t i = vector_count(v); i > 0; i -= 2, at = at->up)
            at->val = new_closure(vector_nth(v, i - 1), e);
        return body(cons_rest(rest), e, t);
    }
    if (name_is(head, NULL, "catch*")) return eval_catch(form, e, t);
    if (name_is(head, NULL, "cleanup*")) return eval_cleanup(form, e);
    if (name_is(head, NULL, "receive*")) return eval_receive(form, e, t);
    if (name_is(head, NULL, "take*")) {
        memmove(queue + queue_at, queue + queue_at + 1, (queue_size - queue_at - 1) * sizeof *queue);
        queue_size--;
        return body(rest, e, t);
    }
    if (name_is(head, NULL, "skip*")) return t->kind = SKIP, NIL;
    if (name_is(head, NULL, "fail*")) return t->kind = FAIL, NIL;
    if (name_is(head, NULL, "alt*")) {
        for (;; rest = cons_rest(rest)) {
            struct tail inner = {VALUE, {0}, 0};
            value v = eval(cons_first(rest), e, &inner);
            if (inner.kind == FAIL && is_cons(cons_rest(rest))) continue;
            *t = inner;
            return v;
        }
    }
    return VAL_ABSENT;
}

static value eval(value form, struct env *e, struct tail *t)
{
    if (++steps > 20000) longjmp(out_of_steps, 1);
    if (is_symbol(form)) {
        for (; e; e = e->up)
            if (name_equal(e->name, form)) return e->val;
        abort();
    }
    if (is_vector(form)) {
        value items[64];
        uint64_t n = vector_count(form);
        for (uint64_t i = 0; i < n; i++) items[i] = eval_plain(vector_nth(form, i), e);
        return vector_make(fixture.p, items, n);
    }
    if (is_map(form)) {
        value items[16], key, val;
        size_t n = 0;
        struct walk w;
        for (walk_start(&w, form); walk_next(&w, &key, &val);)
            items[n++] = key, items[n++] = eval_plain(val, e);
        return map_make(fixture.p, items, n / 2);
    }
    if (!is_cons(form)) return form;
    value head = cons_first(form);
    if (is_symbol(head) && name_ns(head) == NIL) {
        value v = eval_special(head, form, e, t);
        if (v != VAL_ABSENT) return v;
    }
    return eval_call(form, e);
}

/* ---- the generator: every expression has an integer value, or any value where only its truth counts ---- */
static uint64_t seed;
static unsigned rnd(unsigned n)
{
    seed ^= seed << 13, seed ^= seed >> 7, seed ^= seed << 17;
    return (unsigned)(seed >> 20) % n;
}
static char text[1 << 16];
static size_t text_size;
static unsigned names;
__attribute__((format(printf, 1, 2))) static void out(const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    if (text_size + 100 < sizeof text) text_size += (size_t)vsnprintf(text + text_size, 100, fmt, args);
    va_end(args);
}

struct scope {
    int depth;
    unsigned vars[24], var_count;          /* integers: names v<n> */
    unsigned fns[8], arities[8], fn_count; /* functions f<n> */
    unsigned tokens[8], token_count;       /* catch tokens t<n> that may be thrown to */
    int loop;         /* variables of the loop that recur goes to, counter first; 0: none */
    unsigned counter; /* its counter */
    bool fail, select;
};
static void expr(struct scope s);
static void plain(struct scope s)
{
    s.loop = 0;
    s.fail = s.select = false;
    expr(s);
}
static void add_var(struct scope *s, unsigned name)
{
    if (s->var_count < COUNT_OF(s->vars))
        s->vars[s->var_count++] = name;
    else
        s->vars[rnd(s->var_count)] = name;
}
static void var(struct scope *s)
{
    if (s->var_count && rnd(4))
        out(" v%u", s->vars[rnd(2) ? s->var_count - 1 : rnd(s->var_count)]);
    else
        out(" %d", (int)rnd(40) - 20);
}
/* Something whose truth counts. */
static void test(struct scope s)
{
    static const char *const compare[] = {"<", "<=", ">", ">=", "==", "=", "identical?"};
    s.depth--;
    s.loop = 0;
    s.fail = s.select = false;
    if (s.depth < 1) {
        static const char *const leaf[] = {" true", " false", " nil", " :k"};
        if (rnd(2))
            out("%s", leaf[rnd(4)]);
        else
            out("(lona.core/< "), var(&s), var(&s), out(")");
        return;
    }
    switch (rnd(10)) {
    case 8:
        out("(lona.core/= (if"), test(s), out(rnd(2) ? " :k :j)" : " :k \"s\")");
        out(rnd(3) ? " :k)" : rnd(2) ? " \"s\")" : " :unknown)");
        return;
    case 9:
        out("(lona.core/= (if"), test(s), out(" [1 2] 5) %s)", rnd(2) ? "[1 2]" : rnd(2) ? ":k" : "5");
        return;
    case 0:
    case 1:
    case 2:
        out("(lona.core/%s", compare[rnd(7)]);
        plain(s);
        if (rnd(2))
            out(" %d", (int)rnd(10) - 5);
        else
            plain(s);
        out(")");
        return;
    case 3: out("(lona.core/%s", rnd(2) ? "not" : "nil?"), test(s), out(")"); return;
    case 4: { /* and */
        unsigned n = names++;
        out("(let* [b%u", n), test(s), out("] (if b%u", n), test(s), out(" b%u))", n);
        return;
    }
    case 5: { /* or */
        unsigned n = names++;
        out("(let* [b%u", n), test(s), out("] (if b%u b%u", n, n), test(s), out("))");
        return;
    }
    case 6: out("(if"), test(s), test(s), test(s), out(")"); return;
    default: out("(do"), plain(s), test(s), out(")");
    }
}

static void function(struct scope s, unsigned params)
{
    s.loop = (int)params;
    s.fail = s.select = false;
    out(rnd(4) ? "(fn* ([" : "^:debug (fn* ([");
    for (unsigned i = 0; i < params; i++) {
        out(" v%u", names);
        add_var(&s, names++);
    }
    out("]");
    s.loop = 0; /* only loops count down */
    expr(s);
    out("))");
}

static void let_form(struct scope s)
{
    unsigned n = rnd(3);
    out("(let* [");
    for (unsigned i = 0; i <= n; i++) {
        unsigned name = names++;
        if (rnd(4) == 0 && s.fn_count < COUNT_OF(s.fns)) {
            unsigned params = rnd(4);
            out(" f%u", name);
            function(s, params);
            s.fns[s.fn_count] = name;
            s.arities[s.fn_count++] = params;
        } else {
            if (s.var_count && rnd(6) == 0) name = s.vars[rnd(s.var_count)]; /* shadows */
            out(" v%u", name);
            plain(s);
            add_var(&s, name);
        }
    }
    out("]");
    if (rnd(3) == 0) plain(s);
    expr(s);
    out(")");
}

static void loop_form(struct scope s)
{
    unsigned counter = names++, extra = rnd(4);
    out("(loop* [v%u %u", counter, 1 + rnd(5));
    add_var(&s, counter);
    for (unsigned i = 0; i < extra; i++) {
        unsigned name = names++;
        out(" v%u", name);
        plain(s);
        add_var(&s, name);
    }
    out("] (if (lona.core/< v%u 1)", counter);
    struct scope done = s;
    done.loop = 0;
    s.loop = (int)extra + 1;
    s.counter = counter;
    expr(done);
    expr(s);
    out("))");
}

static void recur_form(struct scope s)
{
    int n = s.loop;
    unsigned counter = s.counter;
    out("(recur (lona.core/- v%u 1)", counter);
    for (int i = 1; i < n; i++) plain(s);
    out(")");
}

static void select_form(struct scope s, unsigned message, int depth)
{
    switch (depth > 0 ? rnd(4) : rnd(2)) {
    case 0: out("(skip*)"); return;
    case 1:
        out("(take*");
        s.fail = s.select = false;
        expr(s);
        out(")");
        return;
    case 2:
        out("(if (lona.core/< v%u %d)", message, (int)rnd(30) - 10);
        select_form(s, message, depth - 1);
        select_form(s, message, depth - 1);
        out(")");
        return;
    default:
        out("(alt* (if (lona.core/== v%u %d)", message, (int)rnd(10));
        select_form(s, message, depth - 1);
        out("(fail*))");
        select_form(s, message, depth - 1);
        out(")");
    }
}

static void expr(struct scope s)
{
    static const char *const ops[] = {"+", "-", "*"};
    s.depth--;
    if (s.fail && rnd(5) == 0) {
        out("(fail*)");
        return;
    }
    if (s.loop && rnd(3) == 0) {
        recur_form(s);
        return;
    }
    if (s.depth <= 0) {
        var(&s);
        return;
    }
    switch (rnd(20)) {
    case 17: out("(lona.core/nth ["), plain(s), plain(s), plain(s), out("] %u)", rnd(3)); return;
    case 18:
        out("(lona.core/get {:a"), plain(s), out(" :b"), plain(s), out("} %s)", rnd(2) ? ":a" : ":b");
        return;
    case 19: out("(%s {:a", rnd(2) ? ":a" : ":b"), plain(s), out(" :b"), plain(s), out("})"); return;
    case 0:
    case 1: out("(if"), test(s), expr(s), expr(s), out(")"); return;
    case 2:
    case 3: let_form(s); return;
    case 4: loop_form(s); return;
    case 5: out("(do (lona.core/send (lona.core/self)"), plain(s), out(")"), expr(s), out(")"); return;
    case 6: {
        unsigned n = names++;
        struct scope inside = s;
        out("(catch* [t%u]", n);
        if (inside.token_count < COUNT_OF(inside.tokens)) inside.tokens[inside.token_count++] = n;
        plain(inside);
        out("[v%u]", names);
        add_var(&s, names++);
        expr(s);
        out(")");
        return;
    }
    case 7: out("(cleanup*"), plain(s), plain(s), out(")"); return;
    case 8:
        if (s.token_count == 0) break;
        out("(if"), test(s), out("(lona.core/-throw-to t%u", s.tokens[rnd(s.token_count)]), plain(s),
            out(")"), expr(s), out(")");
        return;
    case 9: {
        struct scope first = s;
        first.fail = true;
        out("(alt*"), expr(first);
        if (rnd(2)) expr(first);
        expr(s), out(")");
        return;
    }
    case 10: {
        unsigned n = names++;
        struct scope inside = s;
        add_var(&inside, n);
        inside.fail = false;
        out("(receive* [v%u]", n), select_form(inside, n, 2), out(" 0"), expr(s), out(")");
        return;
    }
    case 11:
    case 12:
        if (s.fn_count) {
            unsigned f = rnd(s.fn_count);
            out("(f%u", s.fns[f]);
            for (unsigned i = 0; i < s.arities[f]; i++) plain(s);
            out(")");
            return;
        }
        out("("), function(s, 2), plain(s), plain(s), out(")");
        return;
    case 13: { /* two functions that call each other, counting down */
        unsigned a = names++, b = names++, n = names++, x = names++;
        struct scope in = s;
        in.loop = 0, in.fail = in.select = false;
        add_var(&in, n), add_var(&in, x);
        out("(letfn* [f%u (fn* ([v%u v%u] (if (lona.core/< v%u 1)", a, n, x, n), expr(in);
        out("(f%u (lona.core/- v%u 1)", rnd(2) ? a : b, n), plain(in),
            out(")))) f%u (fn* ([v%u v%u] (if (lona.core/< v%u 1)", b, n, x, n);
        expr(in), out("(f%u (lona.core/dec v%u)", a, n), plain(in),
            out("))))] (f%u %u", rnd(2) ? a : b, rnd(5)), plain(s), out("))");
        return;
    }
    case 14: out("(lona.core/%s", rnd(2) ? "inc" : "dec"), plain(s), out(")"); return;
    default: break;
    }
    out("(lona.core/rem (lona.core/%s", ops[rnd(3)]);
    plain(s);
    if (rnd(2))
        plain(s);
    else
        out(" %d", (int)rnd(100) - 50);
    out(") 1000)");
}

/* Runs one program both ways. */
static bool one(uint64_t number)
{
    static const char collect[] = " out (loop* [o []] (receive* [m] (take* (recur (lona.core/conj o m))) 0 "
                                  "o))] (lona.core/-process-exit [v out]))";
    seed = number * 0x9e3779b97f4a7c15ull + 1;
    names = 0;
    text_size = 0;
    out("(let* [v");
    struct scope s = {.depth = 3 + (int)rnd(6)};
    size_t start = text_size;
    expr(s);
    size_t end = text_size;
    if (text_size > sizeof text - 300) return true;
    memcpy(text + end, collect, sizeof collect);

    value options = NIL;
    text[end] = 0;
    value read[5] = {string_make(fixture.p, text + start, end - start), from_fixnum(0), from_fixnum(1),
                     from_fixnum(1), options};
    value r = fixture_call(&fixture, "lona.core/-read", read, 5);
    text[end] = ' ';
    if (r == VAL_ERROR) {
        fixture_complain(&fixture, text);
        return false;
    }
    closure_count = env_count = token_count = steps = queue_size = 0;
    handlers = NULL;
    if (setjmp(out_of_steps)) return true; /* too long for this test */
    value v = eval_plain(vector_nth(r, 0), NULL), both[2];
    both[0] = v;
    both[1] = vector_make(fixture.p, queue, queue_size);
    value wanted = vector_make(fixture.p, both, 2), got = fixture_run(&fixture, text);
    int budget = 1 << 20;
    if (got != VAL_ERROR && value_equal(got, wanted, &budget) == TRUE_) return true;
    printf("program %llu: wanted %lld with %u messages, got %lld\n%s\n", (unsigned long long)number,
           is_fixnum(v) ? (long long)to_fixnum(v) : -1, queue_size,
           is_vector(got) && is_fixnum(vector_nth(got, 0)) ? (long long)to_fixnum(vector_nth(got, 0)) : -1,
           text);
    to_fixnum_or(got);
    return false;
}

/* A receive begins at the head of the queue, however the one before was left; what its test took away it does not take
 * again. */
static void receives(void)
{
    CHECK_INT(&fixture, 1,
              "(do (send (self) 1) (send (self) 2) (catch* [t] (receive* [m] (if (== m 2) (do (-throw-to t "
              "0) (skip*)) "
              "(skip*))) [v] 0) (receive* [m] (take* m) 0 -1))");
    const char *const lost[] = {
        "(do (send (self) 1) (receive* [m] (if (receive* [n] (take* true)) (take* m) (skip*))))",
        "(do (send (self) 1) (receive* [m] (if (receive* [n] (take* false)) (take* m) (skip*))))",
        "(do (send (self) 1) (receive* [m] (if (receive* [n] (skip*) 0 true) (take* m) (skip*))))",
    };
    for (unsigned i = 0; i < COUNT_OF(lost); i++) {
        value reason = fixture_run(&fixture, lost[i]);
        CHECK(is_map(reason));
        if (is_map(reason))
            CHECK(fixture_is_keyword(map_get_keyword(reason, fixture.s->keywords[KW_TYPE]), "bad-state"));
    }
}

/* Every operator becomes a function that calls what it was: instructions then call it, and nothing else may change. */
static void redefine_operators(void)
{
    static const struct {
        const char *name;
        unsigned argc;
    } operators[] = {
#define INTRINSIC(name, argc, OP) {name, argc},
#include "spec/intrinsics.def"
#undef INTRINSIC
    };
    for (unsigned i = 0; i < COUNT_OF(operators); i++) {
        char form[300];
        snprintf(form, sizeof form,
                 "(let* [old %s] (lona.core/-def (quote %s) (fn* ([%s] (old %s))) nil nil))",
                 operators[i].name, operators[i].name, operators[i].argc == 2 ? "a b" : "a",
                 operators[i].argc == 2 ? "a b" : "a");
        CHECK(fixture_is_keyword(fixture_run(&fixture, form), "normal"));
    }
}

int main(int argc, char **argv)
{
    uint64_t count = argc > 1 ? strtoull(argv[1], NULL, 10) : 2000,
             first = argc > 2 ? strtoull(argv[2], NULL, 10) : 1;
    fixture_open(&fixture, 1);
    receives();
    for (uint64_t i = first; i < first + count && check_counts.failed < 3; i++) CHECK(one(i));
    redefine_operators();
    for (uint64_t i = first + count; i < first + count + count / 4 && check_counts.failed < 3; i++)
        CHECK(one(i));
    CHECK_INT(&fixture, 7, "(do (-def (quote lona.core/get) (fn* ([a b] 7)) nil) (get {:a 1} :a))");
    CHECK_INT(&fixture, 1, "(:a {:a 1})"); /* a call of a keyword is not `get` */
    CHECK_INT(&fixture, 8, "(do (-def (quote lona.core/=) (fn* ([a b] false)) nil) (if (= :k :k) 7 8))");
    CHECK_INT(&fixture, 9, "(do (-def (quote lona.core/nth) (fn* ([a b] 9)) nil) (nth [1 2] 1))");
    fixture_close(&fixture);
    return check_report();
}
