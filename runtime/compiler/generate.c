/* Second pass: nodes to instructions, one arity at a time.
 *
 * Registers are a stack: parameters, then locals and temporaries in the order of their nesting.  A destination that is
 * `free` and on top of the stack doubles as temporary, as the register of the first local of a let*, and as the window of
 * a call: results then arrive where they are wanted. */
#include "runtime/compiler/internal.h"

/* The code that follows belongs to this node. */
static void enter_position(struct compiler *c, const struct node *node)
{
    if (node->position == 0) return;
    c->position = node->position;
    if (c->options->breakpoints == NIL) return;
    uint32_t line = AT(c, positions, struct position_record, node->position - 1).line;
    if (line == c->last_line) return;
    c->last_line = line;
    value number = map_get(c->options->breakpoints, from_fixnum(line));
    if (is_fixnum(number)) emit_bc(c, OP_BREAK, 0, (int32_t)to_fixnum(number));
}

static bool on_top(struct compiler *c, struct dest d)
{
    return d.mode == MODE_VALUE && d.reg + 1 == c->top;
}

bool deliver(struct compiler *c, uint32_t reg, struct dest d)
{
    if (d.mode == MODE_TAIL) {
        emit(c, OP_RET, reg, 0, 0);
        return false;
    }
    if (d.mode == MODE_VALUE) code_move(c, d.reg, reg);
    return true;
}

/* A register to compute a value in that then goes to d. */
static uint32_t work_register(struct compiler *c, struct dest d)
{
    return d.mode == MODE_VALUE ? d.reg : new_register(c);
}

void gen_reference(struct compiler *c, struct reference r, uint32_t reg)
{
    switch (r.kind) {
    case N_LOCAL: code_move(c, reg, AT(c, vars, struct var, r.a).reg); return;
    case N_UPVAL: emit(c, OP_UPVAL, reg, r.a, 0); return;
    case N_SELF: emit(c, OP_SELF, reg, 0, 0); return;
    default: gen_closure(c, r.a, to_register(reg)); return;
    }
}

/* Captures are read from the registers behind the closure's own. */
bool gen_closure(struct compiler *c, uint32_t function, struct dest d)
{
    struct function *f = &AT(c, functions, struct function, function);
    struct capset *set = &AT(c, capsets, struct capset, f->capset);
    if (d.mode == MODE_EFFECT) return true;
    uint32_t saved = c->top, reg = on_top(c, d) && d.free ? d.reg : new_register(c);
    /* a sibling is made from the captures of the closure that runs: the same set */
    bool inside = c->arity && AT(c, functions, struct function, c->arity->function).capset == f->capset;
    uint32_t index = 0;
    for (uint32_t at = set->first; at != NONE && !c->failed; index++) {
        struct capture *capture = &AT(c, captures, struct capture, at);
        uint32_t to = new_register(c);
        if (inside)
            emit(c, OP_UPVAL, to, index, 0);
        else
            gen_reference(c, capture->from, to);
        at = AT(c, captures, struct capture, at).next;
    }
    emit(c, OP_CLOSURE, reg, f->first_arity, set->count);
    c->top = saved;
    return deliver(c, reg, d);
}

uint32_t gen_operand(struct compiler *c, uint32_t n)
{
    struct node *node = node_at(c, n);
    if (node->kind == N_LOCAL) return AT(c, vars, struct var, node->a).reg;
    uint32_t reg = new_register(c);
    gen(c, n, to_register(reg));
    return reg;
}

/* ---- calls ---- */
static bool loads_without_temporaries(uint32_t kind)
{
    return kind == N_LOCAL || kind == N_UPVAL || kind == N_SELF;
}

bool gen_call(struct compiler *c, uint32_t n, struct dest d)
{
    struct node node = *node_at(c, n);
    bool global = node.kind == N_CALLG;
    uint32_t callee = global ? NONE : n + 1, argument = global ? n + 1 : node_at(c, n + 1)->end;
    /* The function can be fetched after its arguments if that needs nothing but R[window]; then the window may start at a
     * register that still holds a local of this expression. */
    bool late = !global && loads_without_temporaries(node_at(c, callee)->kind);
    uint32_t saved = c->top;
    uint32_t window = on_top(c, d) && (d.free || global || late) ? d.reg : c->top;
    c->top = window + 1;
    need_registers(c, window + FRAME_HIDDEN + node.b);
    if (!global && !late) gen(c, callee, to_register(window));
    c->top = window + FRAME_HIDDEN;
    for (uint32_t i = 0; i < node.b && !c->failed; i++, argument = node_at(c, argument)->end) {
        uint32_t reg = new_register(c);
        gen(c, argument, to_register(reg));
    }
    if (late) gen(c, callee, (struct dest){MODE_VALUE, window, false});
    c->top = saved;
    if (d.mode == MODE_TAIL) {
        emit(c, global ? OP_TAILG : OP_TAIL, window, node.b, global ? node.a : 0);
        return false;
    }
    emit(c, global ? OP_CALLG : OP_CALL, window, node.b, global ? node.a : 0);
    return deliver(c, window, d);
}

static bool small_int(struct compiler *c, uint32_t n)
{
    struct node *node = node_at(c, n);
    return node->kind == N_INT && (int32_t)node->a >= INT16_MIN && (int32_t)node->a <= INT16_MAX;
}
/* A literal that an instruction can name, and that equals what it is identical to (a NaN does not). */
static bool short_literal(struct compiler *c, uint32_t n)
{
    struct node *node = node_at(c, n);
    return node->kind == N_LIT && node->a <= UINT16_MAX &&
           AT(c, data, uint8_t, AT(c, literals, struct literal, node->a).offset) != SER_DOUBLE;
}
static bool short_double(struct compiler *c, uint32_t n)
{
    struct node *node = node_at(c, n);
    return node->kind == N_LIT && node->a <= UINT16_MAX &&
           AT(c, data, uint8_t, AT(c, literals, struct literal, node->a).offset) == SER_DOUBLE;
}
/* The form of a two-argument instruction that holds its second argument, or -1. */
static int with_second(struct compiler *c, uint32_t op, uint32_t second)
{
    if (op == OP_GET) return short_literal(c, second) ? OP_GETL : -1;
    bool literal = short_double(c, second);
    if (!literal && !small_int(c, second)) return -1;
    switch (op) {
    case OP_ADD: return literal ? OP_ADDL : OP_ADDI;
    case OP_SUB: return literal ? OP_SUBL : OP_SUBI;
    case OP_MUL: return literal ? OP_MULL : OP_MULI;
    case OP_DIV: return literal ? OP_DIVL : -1;
    case OP_QUOT: return literal ? -1 : OP_QUOTI;
    case OP_REM: return literal ? -1 : OP_REMI;
    case OP_MOD: return literal ? -1 : OP_MODI;
    case OP_NTH: return literal ? -1 : OP_NTHI;
    default: return -1;
    }
}
/* The same of its first argument. */
static int with_first(struct compiler *c, uint32_t op, uint32_t first)
{
    bool literal = short_double(c, first);
    if (!literal && !small_int(c, first)) return -1;
    switch (op) {
    case OP_ADD: return literal ? OP_LADD : OP_IADD;
    case OP_SUB: return literal ? OP_LSUB : OP_ISUB;
    case OP_MUL: return literal ? OP_LMUL : OP_IMUL;
    case OP_DIV: return literal ? OP_LDIV : -1;
    default: return -1;
    }
}

static bool gen_op(struct compiler *c, uint32_t n, struct dest d)
{
    struct node node = *node_at(c, n);
    uint32_t saved = c->top, first = n + 1, second = node_at(c, first)->end;
    uint32_t result = work_register(c, d), a = 0, b = 0;
    bool spare = d.mode != MODE_VALUE || (d.free && on_top(c, d)); /* result can hold an operand first */
    int immediate = node.kind == N_OP && node.b == 2 ? with_second(c, node.a, second) : -1;
    int early = node.kind == N_OP && node.b == 2 && immediate < 0 ? with_first(c, node.a, first) : -1;
    uint32_t computed = early < 0 ? first : second;
    if (node_at(c, computed)->kind == N_LOCAL || !spare) {
        a = gen_operand(c, computed);
    } else {
        gen(c, computed, to_register(result));
        a = result;
        spare = false;
    }
    if (node.kind == N_KEYGET) {
        emit(c, OP_KEYGET, result, a, node.a);
    } else if (immediate >= 0) {
        emit(c, (enum opcode)immediate, result, a, node_at(c, second)->a & 0xffff);
    } else if (early >= 0) {
        emit(c, (enum opcode)early, result, node_at(c, first)->a & 0xffff, a);
    } else {
        if (node.b == 2) {
            if (spare && node_at(c, second)->kind != N_LOCAL) {
                gen(c, second, to_register(result));
                b = result;
            } else {
                b = gen_operand(c, second);
            }
        }
        emit(c, (enum opcode)node.a, result, a, b);
    }
    c->top = saved;
    return deliver(c, result, d);
}

/* ---- bindings ---- */
/* Give the i-th variable of a let* or loop* its register and value. */
static void gen_init(struct compiler *c, uint32_t var, uint32_t init, struct dest *d, bool loop)
{
    struct var *v = &AT(c, vars, struct var, var);
    if (v->kind == VAR_CONSTANT) return;
    if (!loop && !c->keep_locals && node_at(c, init)->kind == N_LOCAL) { /* another name for the same value */
        v->reg = AT(c, vars, struct var, node_at(c, init)->a).reg;
        return;
    }
    if (d->free && on_top(c, *d) && !c->keep_locals) {
        d->free = false;
        v->reg = d->reg;
    } else {
        v->reg = new_register(c);
    }
    gen(c, init, to_register(AT(c, vars, struct var, var).reg));
}

/* Names the variables of a scope for the debugger once its code is there. */
static void name_locals(struct compiler *c, uint32_t first_var, uint32_t count, uint32_t base)
{
    for (uint32_t i = 0; i < count && !c->failed; i++)
        if (AT(c, vars, struct var, first_var + i).kind != VAR_CONSTANT)
            local_scope(c, first_var + i, AT(c, scratch, uint32_t, base + i));
}

/* Inits of a let* or loop*; leaves on c->scratch where each variable's scope starts.  Result: the body's node. */
static uint32_t gen_inits(struct compiler *c, uint32_t n, uint32_t first_var, uint32_t count, struct dest *d,
                          bool loop)
{
    uint32_t init = n + 1;
    for (uint32_t i = 0; i < count && !c->failed; i++, init = node_at(c, init)->end) {
        gen_init(c, first_var + i, init, d, loop);
        *PUSH(c, scratch, uint32_t) = here(c);
    }
    return init;
}

static bool gen_let(struct compiler *c, uint32_t n, struct dest d)
{
    struct node node = *node_at(c, n);
    uint32_t saved = c->top, base = c->scratch.count;
    uint32_t inside = gen_inits(c, n, node.a, node.b, &d, false);
    bool falls = gen(c, inside, d);
    name_locals(c, node.a, node.b, base);
    c->scratch.count = base;
    c->top = saved;
    return falls;
}

static bool gen_letfn(struct compiler *c, uint32_t n, struct dest d)
{
    struct node node = *node_at(c, n);
    uint32_t saved = c->top, at = n + 1, base = c->scratch.count;
    for (uint32_t i = 0; i < node.b && !c->failed; i++, at = node_at(c, at)->end) {
        uint32_t reg = new_register(c);
        AT(c, vars, struct var, node.a + i).reg = reg;
        gen(c, at, to_register(reg));
        *PUSH(c, scratch, uint32_t) = here(c);
    }
    bool falls = gen(c, at, d);
    name_locals(c, node.a, node.b, base);
    c->scratch.count = base;
    c->top = saved;
    return falls;
}

static bool gen_loop(struct compiler *c, uint32_t n, struct dest d)
{
    struct node node = *node_at(c, n);
    struct loop loop = AT(c, loops, struct loop, node.a);
    uint32_t saved = c->top, base = c->scratch.count;
    uint32_t inside = gen_inits(c, n, loop.first_var, loop.count, &d, true);
    AT(c, loops, struct loop, node.a).head = c->joined = here(c);
    AT(c, loops, struct loop, node.a).yes = NULL;
    c->begun = node.a + 1;
    bool falls = gen(c, inside, d);
    name_locals(c, loop.first_var, loop.count, base);
    c->scratch.count = base;
    c->top = saved;
    return falls;
}

/* ---- if ---- */
static bool known(struct compiler *c, uint32_t n, bool *truth)
{
    struct node *node = node_at(c, n);
    if (node->kind == N_SPECIAL)
        *truth = truthy(node->a);
    else if (node->kind == N_INT || node->kind == N_LIT || node->kind == N_FN)
        *truth = true;
    else
        return false;
    return true;
}
/* Is the branch known, given that the test came out as `taken`? */
static bool known_branch(struct compiler *c, uint32_t test, uint32_t branch, bool taken, bool *truth)
{
    if (known(c, branch, truth)) return true;
    struct node *t = node_at(c, test), *b = node_at(c, branch);
    *truth = taken;
    return t->kind == N_LOCAL && b->kind == N_LOCAL &&
           AT(c, vars, struct var, t->a).reg == AT(c, vars, struct var, b->a).reg;
}

static int test_jump(struct compiler *c, uint32_t op, uint32_t second, bool *immediate)
{
    if (op == OP_EQ && short_literal(c, second)) {
        *immediate = true;
        return OP_JNEQL;
    }
    *immediate = op != OP_ID && small_int(c, second);
    if (short_double(c, second) && op >= OP_LT && op <= OP_GE) {
        *immediate = true;
        return op == OP_LT ? OP_JNLTL : op == OP_LE ? OP_JNLEL : op == OP_GT ? OP_JNGTL : OP_JNGEL;
    }
    switch (op) {
    case OP_LT: return *immediate ? OP_JNLTI : OP_JNLT;
    case OP_LE: return *immediate ? OP_JNLEI : OP_JNLE;
    case OP_GT: return *immediate ? OP_JNGTI : OP_JNGT;
    case OP_GE: return *immediate ? OP_JNGEI : OP_JNGE;
    case OP_NUMEQ: return *immediate ? OP_JNNUMEQI : OP_JNNUMEQ;
    case OP_EQ: return *immediate ? OP_JNEQI : OP_JNEQ;
    case OP_ID: return OP_JNID;
    default: return -1;
    }
}

/* A comparison and its jump in one.  There are only "jump unless" forms: with a NaN the opposite comparison would lie. */
static bool gen_compare(struct compiler *c, uint32_t n, struct label *yes, struct label *no,
                        bool falls_into_yes)
{
    struct node node = *node_at(c, n);
    uint32_t first = n + 1, second = node.b == 2 ? node_at(c, first)->end : 0;
    struct label over = LABEL;
    if (node.a == OP_ISNIL || node.a == OP_NOT) {
        uint32_t a = gen_operand(c, first);
        if (falls_into_yes)
            code_jump(c, node.a == OP_NOT ? OP_JNNOT : OP_JNNIL, a, 0, no);
        else if (node.a == OP_ISNIL)
            code_jump(c, OP_JNIL, a, 0, yes);
        else {
            code_jump(c, OP_JNNOT, a, 0, &over);
            code_jump(c, OP_JMP, 0, 0, yes);
            bind(c, &over);
        }
        return true;
    }
    bool immediate;
    int op = node.b == 2 ? test_jump(c, node.a, second, &immediate) : -1;
    if (op < 0 || c->no_short_jumps) return false;
    uint32_t a = gen_operand(c, first);
    uint32_t b = immediate ? node_at(c, second)->a & 0xffff : gen_operand(c, second);
    code_jump(c, (enum opcode)op, a, b, falls_into_yes ? no : &over);
    if (!falls_into_yes) {
        code_jump(c, OP_JMP, 0, 0, yes);
        bind(c, &over);
    }
    return true;
}

/* ---- loops that begin with a simple test have it again at their end, instead of a jump to it ---- */
static int back_jump(uint32_t op, bool immediate, bool unless)
{
    uint32_t base;
    switch (op) {
    case OP_LT: base = OP_LOOPLT; break;
    case OP_LE: base = OP_LOOPLE; break;
    case OP_GT: base = OP_LOOPGT; break;
    case OP_GE: base = OP_LOOPGE; break;
    case OP_NUMEQ: base = OP_LOOPNUMEQ; break;
    case OP_EQ: base = OP_LOOPEQ; break;
    default: return -1;
    }
    return (int)(base + 2 * unless +
                 immediate); /* ORDER OPCODES: if, if immediate, unless, unless immediate */
}
bool loop_test(struct compiler *c, uint32_t test)
{
    struct node *node = node_at(c, test);
    if (c->no_short_jumps || c->keep_locals || c->options->breakpoints != NIL) return false;
    if (node->kind == N_LOCAL) return true;
    if (node->kind != N_OP || node->b != 2 || back_jump(node->a, false, false) < 0) return false;
    return node_at(c, test + 1)->kind == N_LOCAL &&
           (node_at(c, test + 2)->kind == N_LOCAL || small_int(c, test + 2));
}
/* The end of a loop: its variables have their new values. */
void gen_back(struct compiler *c, const struct loop *loop)
{
    struct label head = {loop->head, NONE};
    if (!loop->yes) {
        code_jump(c, OP_LOOP, 0, 0, &head);
        return;
    }
    struct node *test = node_at(c, loop->test);
    bool unless =
        loop->yes->target == NONE || (loop->no->target != NONE && loop->no->target > loop->yes->target);
    struct label *round = unless ? loop->no : loop->yes;
    uint32_t position = c->position;
    if (test->position) c->position = test->position;
    if (test->kind == N_LOCAL) {
        code_jump(c, unless ? OP_LOOPF : OP_LOOPT, AT(c, vars, struct var, test->a).reg, 0, round);
    } else {
        struct node *second = node_at(c, loop->test + 2);
        bool immediate = second->kind == N_INT;
        code_jump(c, (enum opcode)back_jump(test->a, immediate, unless),
                  AT(c, vars, struct var, node_at(c, loop->test + 1)->a).reg,
                  immediate ? second->a & 0xffff : AT(c, vars, struct var, second->a).reg, round);
    }
    emit_go(c, unless ? loop->yes : loop->no);
    c->position = position;
}

static void gen_test_if(struct compiler *c, uint32_t n, struct label *yes, struct label *no,
                        bool falls_into_yes)
{
    uint32_t test = n + 1, then = node_at(c, test)->end, otherwise = node_at(c, then)->end;
    struct label a = LABEL, b = LABEL;
    bool truth;
    if (known_branch(c, test, otherwise, false, &truth)) { /* and */
        gen_test(c, test, &a, truth ? yes : no, true);
        bind(c, &a);
        gen_test(c, then, yes, no, falls_into_yes);
    } else if (known_branch(c, test, then, true, &truth)) { /* or */
        gen_test(c, test, truth ? yes : no, &b, false);
        bind(c, &b);
        gen_test(c, otherwise, yes, no, falls_into_yes);
    } else {
        gen_test(c, test, &a, &b, true);
        bind(c, &a);
        gen_test(c, then, yes, no, falls_into_yes);
        code_jump(c, OP_JMP, 0, 0, falls_into_yes ? yes : no);
        bind(c, &b);
        gen_test(c, otherwise, yes, no, falls_into_yes);
    }
}

static void gen_test_let(struct compiler *c, uint32_t n, struct label *yes, struct label *no,
                         bool falls_into_yes)
{
    struct node node = *node_at(c, n);
    struct dest d = {MODE_EFFECT, 0, false};
    uint32_t base = c->scratch.count, inside = gen_inits(c, n, node.a, node.b, &d, false);
    gen_test(c, inside, yes, no, falls_into_yes);
    name_locals(c, node.a, node.b, base);
    c->scratch.count = base;
}

/* Code that goes to `yes` or `no` by the truth of the node; the one that follows directly is fallen into. */
void gen_test(struct compiler *c, uint32_t n, struct label *yes, struct label *no, bool falls_into_yes)
{
    if (c->failed) return;
    struct node node = *node_at(c, n);
    uint32_t saved = c->top, position = c->position, at;
    bool truth;
    enter_position(c, &node);
    if (known(c, n, &truth)) {
        if (truth != falls_into_yes) code_jump(c, OP_JMP, 0, 0, truth ? yes : no);
    } else if (node.kind == N_IF) {
        gen_test_if(c, n, yes, no, falls_into_yes);
    } else if (node.kind == N_LET) {
        gen_test_let(c, n, yes, no, falls_into_yes);
    } else if (node.kind == N_DO) {
        for (at = n + 1; node_at(c, at)->end < node.end && !c->failed; at = node_at(c, at)->end)
            gen(c, at, (struct dest){MODE_EFFECT, 0, false});
        gen_test(c, at, yes, no, falls_into_yes);
    } else if (node.kind != N_OP || !gen_compare(c, n, yes, no, falls_into_yes)) {
        uint32_t reg = gen_operand(c, n);
        code_jump(c, falls_into_yes ? OP_JF : OP_JT, reg, 0, falls_into_yes ? no : yes);
    }
    c->position = position;
    c->top = saved;
}

/* A branch that needs no instruction. */
static bool empty_branch(struct compiler *c, uint32_t n, struct dest d)
{
    struct node *node = node_at(c, n);
    if (d.mode == MODE_EFFECT) return node->kind <= N_SIBLING;
    return d.mode == MODE_VALUE && node->kind == N_LOCAL && AT(c, vars, struct var, node->a).reg == d.reg;
}

static bool gen_if(struct compiler *c, uint32_t n, struct dest d, uint32_t begun)
{
    uint32_t test = n + 1, then = node_at(c, test)->end, otherwise = node_at(c, then)->end;
    struct label yes = LABEL, no = LABEL, end = LABEL;
    bool truth;
    if (known(c, test, &truth)) return gen(c, truth ? then : otherwise, d);
    if (begun && loop_test(c, test)) {
        struct loop *loop = &AT(c, loops, struct loop, begun - 1);
        loop->yes = node_at(c, then)->kind == N_FAIL ? c->fail : &yes;
        loop->no = node_at(c, otherwise)->kind == N_FAIL ? c->fail : &no;
        loop->test = test;
    }
    if (node_at(c, otherwise)->kind == N_FAIL || empty_branch(c, otherwise, d)) {
        bool fails = node_at(c, otherwise)->kind == N_FAIL;
        gen_test(c, test, &yes, fails ? c->fail : &no, true);
        bind(c, &yes);
        bool falls = gen(c, then, d);
        if (!fails) bind(c, &no);
        return falls || !fails;
    }
    if (node_at(c, then)->kind == N_FAIL || empty_branch(c, then, d)) {
        bool fails = node_at(c, then)->kind == N_FAIL;
        gen_test(c, test, fails ? c->fail : &yes, &no, false);
        bind(c, &no);
        bool falls = gen(c, otherwise, d);
        if (!fails) bind(c, &yes);
        return falls || !fails;
    }
    gen_test(c, test, &yes, &no, true);
    bind(c, &yes);
    bool falls = gen(c, then, d);
    if (falls) code_jump(c, OP_JMP, 0, 0, &end);
    bind(c, &no);
    falls |= gen(c, otherwise, d);
    bind(c, &end);
    return falls;
}

static bool gen_do(struct compiler *c, uint32_t n, struct dest d)
{
    uint32_t end = node_at(c, n)->end, at = n + 1;
    for (; node_at(c, at)->end < end && !c->failed; at = node_at(c, at)->end)
        gen(c, at, (struct dest){MODE_EFFECT, 0, false});
    return gen(c, at, d);
}

static bool gen_alt(struct compiler *c, uint32_t n, struct dest d)
{
    uint32_t count = node_at(c, n)->a, at = n + 1;
    struct label end = LABEL, *outer = c->fail;
    bool falls = false;
    for (uint32_t i = 0; i + 1 < count && !c->failed; i++, at = node_at(c, at)->end) {
        struct label next = LABEL;
        c->fail = &next;
        bool out = gen(c, at, d);
        c->fail = outer;
        falls |= out;
        if (next.fixups == NONE) { /* cannot fail: what follows is never reached */
            bind(c, &end);
            return falls;
        }
        if (out) code_jump(c, OP_JMP, 0, 0, &end);
        bind(c, &next);
    }
    falls |= gen(c, at, d);
    bind(c, &end);
    return falls;
}

static bool gen_leaf(struct compiler *c, struct node node, struct dest d)
{
    if (node.kind == N_LOCAL) return deliver(c, AT(c, vars, struct var, node.a).reg, d);
    if (d.mode == MODE_EFFECT && node.kind != N_GLOBAL) return true;
    uint32_t saved = c->top, reg = work_register(c, d);
    switch (node.kind) {
    case N_SPECIAL: emit_bc(c, OP_SPECIAL, reg, (int32_t)node.a); break;
    case N_INT: emit_bc(c, OP_INT, reg, (int32_t)node.a); break;
    case N_LIT: emit_bc(c, OP_LIT, reg, (int32_t)node.a); break;
    case N_GLOBAL: emit_bc(c, OP_GLOBAL, reg, (int32_t)node.a); break;
    default: gen_reference(c, (struct reference){node.kind, node.a}, reg);
    }
    c->top = saved;
    return deliver(c, reg, d);
}

bool gen(struct compiler *c, uint32_t n, struct dest d)
{
    if (c->failed) return true;
    struct node node = *node_at(c, n);
    uint32_t position = c->position, begun = c->begun;
    bool falls = true;
    c->begun = 0;
    enter_position(c, &node);
    switch (node.kind) {
    case N_SIBLING: falls = gen_closure(c, node.a, d); break;
    case N_IF: falls = gen_if(c, n, d, begun); break;
    case N_DO: falls = gen_do(c, n, d); break;
    case N_LET: falls = gen_let(c, n, d); break;
    case N_LETFN: falls = gen_letfn(c, n, d); break;
    case N_LOOP: falls = gen_loop(c, n, d); break;
    case N_RECUR: falls = gen_recur(c, n); break;
    case N_FN: falls = gen_closure(c, node.a, d); break;
    case N_CATCH: falls = gen_catch(c, n, d); break;
    case N_CLEANUP: falls = gen_cleanup(c, n, d); break;
    case N_RECEIVE: falls = gen_receive(c, n, d); break;
    case N_TAKE:
        emit(c, OP_RECV_TAKE, 0, 0, 0);
        falls = gen(c, n + 1, d);
        break;
    case N_SKIP:
        code_jump(c, OP_RECV_SKIP, 0, 0, c->peek);
        falls = false;
        break;
    case N_ALT: falls = gen_alt(c, n, d); break;
    case N_FAIL:
        code_jump(c, OP_JMP, 0, 0, c->fail);
        falls = false;
        break;
    case N_CALL:
    case N_CALLG: falls = gen_call(c, n, d); break;
    case N_KEYGET:
    case N_OP: falls = gen_op(c, n, d); break;
    case N_VECTOR:
    case N_MAP:
    case N_SET: falls = gen_collection(c, n, d); break;
    default: falls = gen_leaf(c, node, d);
    }
    c->position = position;
    return falls;
}

/* ---- arities ---- */
static void finish_record(struct compiler *c, struct arity_info *a, const struct proto_record *before)
{
    struct function *f = &AT(c, functions, struct function, a->function);
    uint32_t index = (uint32_t)(a - (struct arity_info *)c->arities.at), count = here(c);
    a->record = *before;
    a->record.name_literal = f->name_literal;
    a->record.first_insn = c->first_insn;
    a->record.insn_count = count;
    a->record.live_offset = c->live.count;
    a->record.region_count = c->regions.count - before->first_region;
    a->record.position_count = c->out_positions.count - before->first_position;
    a->record.local_count = c->locals.count - before->first_local;
    a->record.register_count = (uint16_t)c->max;
    a->record.fixed_count = (uint16_t)a->fixed_count;
    a->record.upvalue_count = (uint16_t)AT(c, capsets, struct capset, f->capset).count;
    a->record.flags = (uint16_t)((a->variadic ? PROTO_VARIADIC : 0) | (f->keep_locals ? PROTO_DEBUG : 0) |
                                 (index != f->first_arity ? PROTO_LATER_ARITY : 0));
    a->record.next_arity = index + 1 < f->first_arity + f->arity_count ? index + 1 : NONE;
    liveness(c, count);
}

static void gen_arity(struct compiler *c, uint32_t index)
{
    struct arity_info *a = &AT(c, arities, struct arity_info, index);
    struct loop loop = AT(c, loops, struct loop, a->loop);
    struct proto_record before = {.first_region = c->regions.count,
                                  .first_position = c->out_positions.count,
                                  .first_local = c->locals.count};
    c->arity = a;
    c->first_insn = c->code.count;
    c->top = c->max = c->region_depth = c->joined = 0;
    c->position = node_at(c, a->node)->position;
    c->last_position = 0;
    c->fixups.count = 0;
    c->fail = c->peek = NULL;
    c->keep_locals = AT(c, functions, struct function, a->function).keep_locals;
    for (uint32_t i = 0; i < loop.count && !c->failed; i++)
        AT(c, vars, struct var, loop.first_var + i).reg = new_register(c);
    c->last_line = 0;
    if (is_fixnum(c->options->entry) && AT(c, functions, struct function, a->function).parent == 0)
        emit_bc(c, OP_BREAK, 0, (int32_t)to_fixnum(c->options->entry));
    AT(c, loops, struct loop, a->loop).head = c->joined = here(c);
    AT(c, loops, struct loop, a->loop).yes = NULL;
    c->begun = a->loop + 1;
    gen(c, a->node + 1, (struct dest){MODE_TAIL, 0, false});
    for (uint32_t i = 0; i < loop.count && !c->failed; i++) local_scope(c, loop.first_var + i, 0);
    if (!c->failed && !c->far) finish_record(c, a, &before);
}

void generate(struct compiler *c)
{
    for (uint32_t i = 0; i < c->arities.count && !c->failed && !c->far; i++) gen_arity(c, i);
}
