/* Code for if, and for tests in general: they are jumps. */
#include "runtime/compiler/frames.h"

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
static bool loop_test(struct compiler *c, uint32_t test)
{
    struct node *node = node_at(c, test);
    if (c->no_short_jumps || c->keep_locals || c->options.breakpoints != NIL) return false;
    if (node->kind == N_LOCAL) return true;
    if (node->kind != N_OP || node->b != 2 || back_jump(node->a, false, false) < 0) return false;
    return node_at(c, test + 1)->kind == N_LOCAL &&
           (node_at(c, test + 2)->kind == N_LOCAL || small_int(c, test + 2));
}
/* The end of a loop: its variables have their new values. */
void gen_back(struct compiler *c, const struct loop *loop)
{
    if (loop->yes == NONE) {
        emit_bc(c, OP_LOOP, 0, (int32_t)loop->head - (int32_t)here(c) - 1);
        return;
    }
    struct node *test = node_at(c, loop->test);
    uint32_t yes = label_target(c, loop->yes), no = label_target(c, loop->no), position = c->position;
    bool unless = yes == NONE || (no != NONE && no > yes);
    uint32_t round = unless ? loop->no : loop->yes;
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

/* ---- tests: code that goes to `yes` or `no` by the truth of the node; f->flag: falls into yes, else into no ---- */
/* A comparison and its jump in one.  There are only "jump unless" forms: with a NaN the opposite comparison would lie. */
static bool is_comparison(struct compiler *c, uint32_t n)
{
    struct node *node = node_at(c, n);
    bool immediate;
    if (node->kind != N_OP) return false;
    if (node->a == OP_ISNIL || node->a == OP_NOT) return true;
    return node->b == 2 && !c->no_short_jumps &&
           test_jump(c, node->a, node_at(c, n + 1)->end, &immediate) >= 0;
}
static void jump_to_yes(struct compiler *c, enum opcode unless, uint32_t a, uint32_t b, uint32_t yes)
{
    uint32_t over = new_label(c);
    code_jump(c, unless, a, b, over);
    code_jump(c, OP_JMP, 0, 0, yes);
    bind(c, over);
}
static void gen_compare(struct compiler *c, struct gen_frame *f)
{
    struct node node = *node_at(c, f->n);
    uint32_t first = f->n + 1, second = node.b == 2 ? node_at(c, first)->end : 0;
    bool immediate = true;
    int op = node.b == 2 ? test_jump(c, node.a, second, &immediate) : node.a == OP_NOT ? OP_JNNOT : OP_JNNIL;
    BEGIN;
    f->x = operand_register(c, first);
    if (node_at(c, first)->kind != N_LOCAL) GEN(first, to_register(f->x));
    f->y = node.b == 2 && immediate ? node_at(c, second)->a & 0xffff : 0;
    if (!immediate) {
        f->y = operand_register(c, second);
        if (node_at(c, second)->kind != N_LOCAL) GEN(second, to_register(f->y));
    }
    if (f->flag)
        code_jump(c, (enum opcode)op, f->x, f->y, f->no);
    else if (node.a == OP_ISNIL)
        code_jump(c, OP_JNIL, f->x, 0, f->yes);
    else
        jump_to_yes(c, (enum opcode)op, f->x, f->y, f->yes);
    END(true);
    FINISH;
}

static void gen_test_value(struct compiler *c, struct gen_frame *f)
{
    BEGIN;
    f->x = operand_register(c, f->n);
    if (node_at(c, f->n)->kind != N_LOCAL) GEN(f->n, to_register(f->x));
    code_jump(c, f->flag ? OP_JF : OP_JT, f->x, 0, f->flag ? f->no : f->yes);
    END(true);
    FINISH;
}

static void gen_test_if(struct compiler *c, struct gen_frame *f)
{
    uint32_t test = f->n + 1, then = node_at(c, test)->end, otherwise = node_at(c, then)->end;
    bool truth;
    BEGIN;
    f->a = new_label(c);
    f->b = new_label(c);
    if (known_branch(c, test, otherwise, false, &truth)) { /* and */
        TEST(test, f->a, truth ? f->yes : f->no, true);
        bind(c, f->a);
        TEST(then, f->yes, f->no, f->flag);
    } else if (known_branch(c, test, then, true, &truth)) { /* or */
        TEST(test, truth ? f->yes : f->no, f->b, false);
        bind(c, f->b);
        TEST(otherwise, f->yes, f->no, f->flag);
    } else {
        TEST(test, f->a, f->b, true);
        bind(c, f->a);
        TEST(then, f->yes, f->no, f->flag);
        code_jump(c, OP_JMP, 0, 0, f->flag ? f->yes : f->no);
        bind(c, f->b);
        TEST(otherwise, f->yes, f->no, f->flag);
    }
    END(true);
    FINISH;
}

static void gen_test_let(struct compiler *c, struct gen_frame *f)
{
    struct node node = *node_at(c, f->n);
    BEGIN;
    f->d = (struct dest){MODE_EFFECT, 0, false};
    INITS(node.a, node.b, false);
    TEST(f->next, f->yes, f->no, f->flag);
    name_locals(c, f, node.a, node.b);
    END(true);
    FINISH;
}

static void gen_test_do(struct compiler *c, struct gen_frame *f)
{
    uint32_t end = node_at(c, f->n)->end;
    BEGIN;
    for (f->next = f->n + 1; node_at(c, f->next)->end < end; f->next = node_at(c, f->next)->end)
        GEN(f->next, ((struct dest){MODE_EFFECT, 0, false}));
    TEST(f->next, f->yes, f->no, f->flag);
    END(true);
    FINISH;
}

bool gen_begin_test(struct compiler *c, uint32_t n, uint32_t yes, uint32_t no, bool falls_into_yes)
{
    if (c->failed) return false;
    struct node node = *node_at(c, n);
    uint32_t position = c->position;
    bool truth;
    if (known(c, n, &truth)) {
        enter_position(c, &node);
        if (truth != falls_into_yes) code_jump(c, OP_JMP, 0, 0, truth ? yes : no);
        c->position = position;
        return false;
    }
    gen_step *step = node.kind == N_IF     ? gen_test_if
                     : node.kind == N_LET  ? gen_test_let
                     : node.kind == N_DO   ? gen_test_do
                     : is_comparison(c, n) ? gen_compare
                                           : gen_test_value;
    struct gen_frame *f = gen_push(c, step, n);
    f->yes = yes;
    f->no = no;
    f->flag = falls_into_yes;
    if (c->failed) return false;
    enter_position(c, &node);
    return true;
}

/* A branch that needs no instruction. */
static bool empty_branch(struct compiler *c, uint32_t n, struct dest d)
{
    struct node *node = node_at(c, n);
    if (d.mode == MODE_EFFECT) return node->kind <= N_SIBLING;
    return d.mode == MODE_VALUE && node->kind == N_LOCAL && AT(c, vars, struct var, node->a).reg == d.reg;
}

void gen_if(struct compiler *c, struct gen_frame *f)
{
    uint32_t test = f->n + 1, then = node_at(c, test)->end, otherwise = node_at(c, then)->end;
    bool truth;
    BEGIN;
    if (known(c, test, &truth)) {
        GEN(truth ? then : otherwise, f->d);
        END(c->falls);
    }
    f->yes = new_label(c);
    f->no = new_label(c);
    f->a = node_at(c, then)->kind == N_FAIL ? c->fail : f->yes; /* where the test leads */
    f->b = node_at(c, otherwise)->kind == N_FAIL ? c->fail : f->no;
    if (f->begun && loop_test(c, test)) {
        struct loop *loop = &AT(c, loops, struct loop, f->begun - 1);
        loop->yes = f->a;
        loop->no = f->b;
        loop->test = test;
    }
    if (f->b != f->no || empty_branch(c, otherwise, f->d)) {
        TEST(test, f->yes, f->b, true);
        bind(c, f->yes);
        GEN(then, f->d);
        if (f->b == f->no) bind(c, f->no);
        END(c->falls || f->b == f->no);
    }
    if (f->a != f->yes || empty_branch(c, then, f->d)) {
        TEST(test, f->a, f->no, false);
        bind(c, f->no);
        GEN(otherwise, f->d);
        if (f->a == f->yes) bind(c, f->yes);
        END(c->falls || f->a == f->yes);
    }
    TEST(test, f->yes, f->no, true);
    bind(c, f->yes);
    GEN(then, f->d);
    f->flag = c->falls;
    f->x = new_label(c);
    if (f->flag) code_jump(c, OP_JMP, 0, 0, f->x);
    bind(c, f->no);
    GEN(otherwise, f->d);
    bind(c, f->x);
    END(c->falls || f->flag);
    FINISH;
}
