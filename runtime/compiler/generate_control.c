/* Code for the forms that bind, and that move control or values about. */
#include "runtime/compiler/frames.h"

/* ---- bindings ---- */
/* Give variable var of a let* or loop* its register.  False: it needs no value there. */
bool init_register(struct compiler *c, struct gen_frame *f, uint32_t var, uint32_t init, bool loop)
{
    struct var *v = &AT(c, vars, struct var, var);
    if (v->kind == VAR_CONSTANT) return false;
    if (!loop && !c->keep_locals && node_at(c, init)->kind == N_LOCAL) { /* another name for the same value */
        v->reg = AT(c, vars, struct var, node_at(c, init)->a).reg;
        return false;
    }
    if (f->d.free && on_top(c, f->d) && !c->keep_locals) {
        f->d.free = false;
        v->reg = f->d.reg;
    } else {
        v->reg = new_register(c);
    }
    return true;
}

/* Names the variables of a scope for the debugger once its code is there. */
void name_locals(struct compiler *c, struct gen_frame *f, uint32_t first_var, uint32_t count)
{
    for (uint32_t i = 0; i < count && !c->failed; i++)
        if (AT(c, vars, struct var, first_var + i).kind != VAR_CONSTANT)
            local_scope(c, first_var + i, AT(c, scratch, uint32_t, f->base + i));
    c->scratch.count = f->base;
}

void gen_let(struct compiler *c, struct gen_frame *f)
{
    struct node node = *node_at(c, f->n);
    BEGIN;
    INITS(node.a, node.b, false);
    GEN(f->next, f->d);
    name_locals(c, f, node.a, node.b);
    END(c->falls);
    FINISH;
}

void gen_letfn(struct compiler *c, struct gen_frame *f)
{
    struct node node = *node_at(c, f->n);
    BEGIN;
    f->base = c->scratch.count;
    f->next = f->n + 1;
    for (f->i = 0; f->i < node.b; f->i++) {
        f->x = new_register(c);
        AT(c, vars, struct var, node.a + f->i).reg = f->x;
        GEN(f->next, to_register(f->x));
        *PUSH(c, scratch, uint32_t) = here(c);
        f->next = node_at(c, f->next)->end;
    }
    GEN(f->next, f->d);
    name_locals(c, f, node.a, node.b);
    END(c->falls);
    FINISH;
}

void gen_loop(struct compiler *c, struct gen_frame *f)
{
    uint32_t index = node_at(c, f->n)->a;
    struct loop *loop = &AT(c, loops, struct loop, index);
    BEGIN;
    INITS(loop->first_var, loop->count, true);
    loop->head = c->joined = here(c);
    loop->yes = NONE;
    c->begun = index + 1;
    GEN(f->next, f->d);
    name_locals(c, f, loop->first_var, loop->count);
    END(c->falls);
    FINISH;
}

void gen_do(struct compiler *c, struct gen_frame *f)
{
    uint32_t end = node_at(c, f->n)->end;
    BEGIN;
    for (f->next = f->n + 1; node_at(c, f->next)->end < end; f->next = node_at(c, f->next)->end)
        GEN(f->next, ((struct dest){MODE_EFFECT, 0, false}));
    GEN(f->next, f->d);
    END(c->falls);
    FINISH;
}

void gen_alt(struct compiler *c, struct gen_frame *f)
{
    uint32_t count = node_at(c, f->n)->a;
    BEGIN;
    f->a = c->fail;
    f->b = new_label(c);
    f->next = f->n + 1;
    for (f->i = 0; f->i + 1 < count; f->i++) {
        f->x = c->fail = new_label(c);
        GEN(f->next, f->d);
        c->fail = f->a;
        f->flag |= c->falls;
        if (!label_used(c, f->x)) { /* cannot fail: what follows is never reached */
            bind(c, f->b);
            END(f->flag);
        }
        if (c->falls) code_jump(c, OP_JMP, 0, 0, f->b);
        bind(c, f->x);
        f->next = node_at(c, f->next)->end;
    }
    GEN(f->next, f->d);
    bind(c, f->b);
    END(c->falls || f->flag);
    FINISH;
}

void gen_take(struct compiler *c, struct gen_frame *f)
{
    BEGIN;
    emit(c, OP_RECV_TAKE, 0, 0, 0);
    GEN(f->n + 1, f->d);
    END(c->falls);
    FINISH;
}

/* ---- recur: all arguments are computed before any variable changes ---- */
struct move {
    uint32_t to, from;
};

/* So many nodes are looked at for one argument; beyond, the answer is the careful one. */
#define LOOK_AHEAD 4096

static bool reads_register(struct compiler *c, uint32_t n, uint32_t reg, uint32_t *left)
{
    for (uint32_t i = n, end = node_at(c, n)->end; i < end; i++) {
        if ((*left)-- == 0) return true;
        struct node *node = node_at(c, i);
        if (node->kind == N_LOCAL && AT(c, vars, struct var, node->a).reg == reg) return true;
        if (node->kind != N_FN) continue;
        uint32_t at = AT(c, capsets, struct capset, AT(c, functions, struct function, node->a).capset).first;
        for (; at != NONE; at = AT(c, captures, struct capture, at).next) {
            struct reference from = AT(c, captures, struct capture, at).from;
            if (from.kind == N_LOCAL && AT(c, vars, struct var, from.a).reg == reg) return true;
        }
    }
    return false;
}

/* moves[0 .. count): destinations are distinct; a cycle is broken through a temporary. */
static void parallel_moves(struct compiler *c, uint32_t base, uint32_t count)
{
    uint16_t reads[LIMIT_REGISTERS];
    for (uint32_t i = 0; i < count; i++) reads[AT(c, moves, struct move, base + i).to] = 0;
    for (uint32_t i = 0; i < count; i++) reads[AT(c, moves, struct move, base + i).from] = 0;
    for (uint32_t i = 0; i < count; i++) reads[AT(c, moves, struct move, base + i).from]++;
    while (count && !c->failed) {
        struct move *moves = &AT(c, moves, struct move, base);
        if (count == 2 && (moves[0].to + 1 == moves[1].to || moves[1].to + 1 == moves[0].to)) {
            bool order = moves[0].to < moves[1].to;
            emit(c, OP_MOVE2, moves[!order].to, moves[!order].from, moves[order].from);
            break;
        }
        uint32_t ready = 0;
        while (ready < count && reads[moves[ready].to]) ready++;
        if (ready < count) {
            code_move(c, moves[ready].to, moves[ready].from);
            reads[moves[ready].from]--;
            moves[ready] = moves[--count];
            continue;
        }
        uint32_t temporary = new_register(c), blocked = moves[0].to;
        if (c->failed) return;
        code_move(c, temporary, blocked);
        for (uint32_t i = 0; i < count; i++)
            if (moves[i].from == blocked) moves[i].from = temporary;
        reads[temporary] = reads[blocked];
        reads[blocked] = 0;
    }
}

/* May argument i go straight to its variable?  Only if nobody reads that variable any more. */
static bool direct(struct compiler *c, uint32_t n, uint32_t i, uint32_t reg, uint32_t count)
{
    uint32_t at = n + 1, left = LOOK_AHEAD;
    for (uint32_t j = 0; j < count; j++, at = node_at(c, at)->end) {
        if (j == i) continue;
        if (j < i && node_at(c, at)->kind != N_LOCAL) continue; /* computed already */
        if (reads_register(c, at, reg, &left)) return false;
    }
    return true;
}

void gen_recur(struct compiler *c, struct gen_frame *f)
{
    struct node node = *node_at(c, f->n);
    struct loop *loop = &AT(c, loops, struct loop, node.a);
    BEGIN;
    f->base = c->moves.count;
    f->next = f->n + 1;
    for (f->i = 0; f->i < node.b; f->i++) {
        f->y = AT(c, vars, struct var, loop->first_var + f->i).reg;
        if (node_at(c, f->next)->kind == N_LOCAL) {
            f->x = AT(c, vars, struct var, node_at(c, f->next)->a).reg;
        } else if (direct(c, f->n, f->i, f->y, node.b)) {
            f->x = f->y;
            GEN(f->next, ((struct dest){MODE_VALUE, f->y, false}));
        } else {
            f->x = new_register(c);
            GEN(f->next, to_register(f->x));
        }
        if (f->x != f->y) *PUSH(c, moves, struct move) = (struct move){f->y, f->x};
        f->next = node_at(c, f->next)->end;
    }
    if (!c->failed) parallel_moves(c, f->base, c->moves.count - f->base);
    c->moves.count = f->base;
    gen_back(c, loop);
    END(false);
    FINISH;
}

/* ---- exits ----
 * The handler runs with what live(handler) names, so nothing in it may be the result of a call inside the region: the body
 * works in registers of its own.  A region never ends in a call: a frame that waits for a call at i keeps live(i + 1). */
static void enter_region(struct compiler *c)
{
    if (++c->region_depth > LIMIT_REGION_DEPTH)
        compile_fail(c, ERR_TOO_DEEP, NIL,
                     "more than 64 catch and cleanup forms are nested in one function%s", "");
}
static void leave_region(struct compiler *c, uint32_t first, uint32_t reg, uint32_t kind)
{
    c->region_depth--;
    *PUSH(c, regions, struct region_record) =
        (struct region_record){first, here(c), here(c), (uint16_t)reg, (uint16_t)kind};
}

void gen_catch(struct compiler *c, struct gen_frame *f)
{
    struct node node = *node_at(c, f->n);
    uint32_t inside = f->n + 1, handler = node_at(c, inside)->end;
    BEGIN;
    f->a = new_label(c);
    f->x = new_register(c); /* the token */
    f->y = f->d.reg;
    if (f->d.mode == MODE_TAIL || (f->d.mode == MODE_VALUE && !f->d.free)) f->y = new_register(c);
    AT(c, vars, struct var, node.a).reg = AT(c, vars, struct var, node.b).reg = f->x;
    emit(c, OP_TOKEN, f->x, 0, 0);
    enter_region(c);
    f->i = here(c);
    GEN(inside, f->d.mode == MODE_EFFECT                      ? f->d
                : f->y == f->d.reg && f->d.mode == MODE_VALUE ? f->d
                                                              : to_register(f->y));
    f->flag = deliver(c, f->y, f->d);
    if (f->flag) code_jump(c, OP_JMP, 0, 0, f->a);
    leave_region(c, f->i, f->x, REGION_CATCH);
    local_scope(c, node.a, f->i);
    f->i = c->joined = here(c);
    c->top = f->x + 1;
    GEN(handler, f->d);
    f->flag |= c->falls;
    local_scope(c, node.b, f->i);
    bind(c, f->a);
    END(f->flag);
    FINISH;
}

/* One copy of the cleanup serves both ways in: the register for the exit's description is nil on the normal way. */
void gen_cleanup(struct compiler *c, struct gen_frame *f)
{
    uint32_t inside = f->n + 1, cleanup = node_at(c, inside)->end;
    BEGIN;
    if (f->d.mode != MODE_EFFECT) {
        f->x = new_register(c);
        emit_bc(c, OP_SPECIAL, f->x, (int32_t)NIL); /* so that it is defined on both ways */
    }
    f->y = new_register(c); /* the exit */
    f->i = here(c);
    enter_region(c);
    if (f->d.mode == MODE_EFFECT) {
        GEN(inside, f->d);
    } else {
        f->z = new_register(c);
        GEN(inside, to_register(f->z));
        code_move(c, f->x, f->z);
    }
    c->top = f->y + 1;
    emit_bc(c, OP_SPECIAL, f->y, (int32_t)NIL);
    leave_region(c, f->i, f->y, REGION_CLEANUP);
    c->joined = here(c);
    GEN(cleanup, ((struct dest){MODE_EFFECT, 0, false}));
    f->a = new_label(c);
    code_jump(c, OP_JF, f->y, 0, f->a);
    emit(c, OP_REUNWIND, f->y, 0, 0);
    bind(c, f->a);
    END(deliver(c, f->x, f->d));
    FINISH;
}

void gen_receive(struct compiler *c, struct gen_frame *f)
{
    struct node node = *node_at(c, f->n);
    uint32_t select = node.b ? node_at(c, f->n + 1)->end : f->n + 1;
    BEGIN;
    if (node.b) {
        f->x = operand_register(c, f->n + 1);
        if (node_at(c, f->n + 1)->kind != N_LOCAL) GEN(f->n + 1, to_register(f->x));
    }
    f->y = new_register(c); /* the message */
    AT(c, vars, struct var, node.a).reg = f->y;
    emit(c, OP_RECV_START, 0, 0, 0);
    f->yes = new_label(c); /* peek */
    f->no = new_label(c);  /* wait */
    f->z = new_label(c);   /* end */
    bind(c, f->yes);
    code_jump(c, OP_RECV_PEEK, f->y, 0, f->no);
    f->i = here(c);
    f->a = c->peek;
    f->b = c->fail;
    c->peek = f->yes;
    c->fail = NONE;
    GEN(select, f->d);
    c->peek = f->a;
    c->fail = f->b;
    f->flag = c->falls;
    local_scope(c, node.a, f->i);
    if (f->flag) code_jump(c, OP_JMP, 0, 0, f->z);
    bind(c, f->no);
    if (node.b) {
        code_jump(c, OP_RECV_WAITT, f->x, 0, f->yes);
        c->top = f->top;
        GEN(node_at(c, select)->end, f->d);
        f->flag |= c->falls;
    } else {
        code_jump(c, OP_RECV_WAIT, 0, 0, f->yes);
    }
    bind(c, f->z);
    END(f->flag);
    FINISH;
}
