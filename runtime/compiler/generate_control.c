/* Code for the forms that move control or values about: recur, exits, receive, big collections. */
#include "runtime/compiler/internal.h"

/* ---- recur: all arguments are computed before any variable changes ---- */
struct move {
    uint32_t to, from;
};

static bool reads_register(struct compiler *c, uint32_t n, uint32_t reg)
{
    for (uint32_t i = n, end = node_at(c, n)->end; i < end; i++) {
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
    uint32_t saved = c->top;
    while (count && !c->failed) {
        struct move *moves = &AT(c, moves, struct move, base);
        if (count == 2 && (moves[0].to + 1 == moves[1].to || moves[1].to + 1 == moves[0].to)) {
            bool order = moves[0].to < moves[1].to;
            emit(c, OP_MOVE2, moves[!order].to, moves[!order].from, moves[order].from);
            break;
        }
        uint32_t ready = NONE;
        for (uint32_t i = 0; i < count && ready == NONE; i++) {
            bool read = false;
            for (uint32_t j = 0; j < count; j++) read |= j != i && moves[j].from == moves[i].to;
            if (!read) ready = i;
        }
        if (ready != NONE) {
            code_move(c, moves[ready].to, moves[ready].from);
            moves[ready] = moves[--count];
            continue;
        }
        uint32_t temporary = new_register(c), blocked = moves[0].to;
        code_move(c, temporary, blocked);
        for (uint32_t i = 0; i < count; i++)
            if (moves[i].from == blocked) moves[i].from = temporary;
    }
    c->top = saved;
}

/* May argument i go straight to its variable?  Only if nobody reads that variable any more. */
static bool direct(struct compiler *c, uint32_t n, uint32_t i, uint32_t reg, uint32_t count)
{
    uint32_t at = n + 1;
    for (uint32_t j = 0; j < count; j++, at = node_at(c, at)->end) {
        if (j == i) continue;
        if (j < i && node_at(c, at)->kind != N_LOCAL) continue; /* computed already */
        if (reads_register(c, at, reg)) return false;
    }
    return true;
}

bool gen_recur(struct compiler *c, uint32_t n)
{
    struct node node = *node_at(c, n);
    struct loop loop = AT(c, loops, struct loop, node.a);
    uint32_t saved = c->top, base = c->moves.count, at = n + 1;
    for (uint32_t i = 0; i < node.b && !c->failed; i++, at = node_at(c, at)->end) {
        uint32_t to = AT(c, vars, struct var, loop.first_var + i).reg, from;
        if (node_at(c, at)->kind == N_LOCAL) {
            from = AT(c, vars, struct var, node_at(c, at)->a).reg;
        } else if (direct(c, n, i, to, node.b)) {
            gen(c, at, (struct dest){MODE_VALUE, to, false});
            continue;
        } else {
            from = gen_operand(c, at);
        }
        if (from != to) *PUSH(c, moves, struct move) = (struct move){to, from};
    }
    if (!c->failed) parallel_moves(c, base, c->moves.count - base);
    c->moves.count = base;
    c->top = saved;
    gen_back(c, &loop);
    return false;
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

bool gen_catch(struct compiler *c, uint32_t n, struct dest d)
{
    struct node node = *node_at(c, n);
    uint32_t saved = c->top, inside = n + 1, handler = node_at(c, inside)->end;
    struct label end = LABEL;
    struct dest in = d;
    uint32_t token = new_register(c);
    if (d.mode == MODE_TAIL || (d.mode == MODE_VALUE && !d.free)) in = to_register(new_register(c));
    AT(c, vars, struct var, node.a).reg = AT(c, vars, struct var, node.b).reg = token;
    emit(c, OP_TOKEN, token, 0, 0);
    enter_region(c);
    uint32_t first = here(c);
    gen(c, inside, in);
    bool falls = deliver(c, in.reg, d);
    if (falls) code_jump(c, OP_JMP, 0, 0, &end);
    leave_region(c, first, token, REGION_CATCH);
    local_scope(c, node.a, first);
    first = here(c);
    c->top = token + 1;
    falls |= gen(c, handler, d);
    local_scope(c, node.b, first);
    bind(c, &end);
    c->top = saved;
    return falls;
}

/* One copy of the cleanup serves both ways in: the register for the exit's description is nil on the normal way. */
bool gen_cleanup(struct compiler *c, uint32_t n, struct dest d)
{
    uint32_t saved = c->top, inside = n + 1, cleanup = node_at(c, inside)->end, result = 0;
    struct label end = LABEL;
    if (d.mode != MODE_EFFECT) {
        result = new_register(c);
        emit_bc(c, OP_SPECIAL, result, (int32_t)NIL); /* so that it is defined on both ways */
    }
    uint32_t exit = new_register(c), top = c->top, first = here(c);
    enter_region(c);
    if (d.mode == MODE_EFFECT) {
        gen(c, inside, d);
    } else {
        uint32_t value = new_register(c);
        gen(c, inside, to_register(value));
        code_move(c, result, value);
    }
    c->top = top;
    emit_bc(c, OP_SPECIAL, exit, (int32_t)NIL);
    leave_region(c, first, exit, REGION_CLEANUP);
    gen(c, cleanup, (struct dest){MODE_EFFECT, 0, false});
    code_jump(c, OP_JF, exit, 0, &end);
    emit(c, OP_REUNWIND, exit, 0, 0);
    bind(c, &end);
    c->top = saved;
    return deliver(c, result, d);
}

bool gen_receive(struct compiler *c, uint32_t n, struct dest d)
{
    struct node node = *node_at(c, n);
    uint32_t saved = c->top, select = node.b ? node_at(c, n + 1)->end : n + 1, timeout = 0;
    struct label peek = LABEL, wait = LABEL, end = LABEL, *outer_peek = c->peek, *outer_fail = c->fail;
    if (node.b) timeout = gen_operand(c, n + 1);
    uint32_t message = new_register(c);
    AT(c, vars, struct var, node.a).reg = message;
    emit(c, OP_RECV_START, 0, 0, 0);
    bind(c, &peek);
    code_jump(c, OP_RECV_PEEK, message, 0, &wait);
    uint32_t first = here(c);
    c->peek = &peek;
    c->fail = NULL;
    bool falls = gen(c, select, d);
    c->peek = outer_peek;
    c->fail = outer_fail;
    local_scope(c, node.a, first);
    if (falls) code_jump(c, OP_JMP, 0, 0, &end);
    bind(c, &wait);
    if (node.b) {
        code_jump(c, OP_RECV_WAITT, timeout, 0, &peek);
        c->top = saved;
        falls |= gen(c, node_at(c, select)->end, d);
    } else {
        code_jump(c, OP_RECV_WAIT, 0, 0, &peek);
    }
    bind(c, &end);
    c->top = saved;
    return falls;
}

/* ---- collections ---- */
#define CHUNK 32

/* Elements [*at ...) into consecutive registers from the top on; their first. */
static uint32_t gen_elements(struct compiler *c, uint32_t *at, uint32_t count)
{
    uint32_t first = c->top;
    for (uint32_t i = 0; i < count && !c->failed; i++, *at = node_at(c, *at)->end) {
        uint32_t reg = new_register(c);
        gen(c, *at, to_register(reg));
    }
    return first;
}

/* More than one instruction takes: the rest is added by calls of lona.core/-literal-add, a vector of 32 at a time. */
static bool gen_big_collection(struct compiler *c, uint32_t n, struct dest d, enum opcode op)
{
    uint32_t saved = c->top, count = node_at(c, n)->b, at = n + 1;
    uint32_t window = d.mode == MODE_VALUE && d.free && d.reg + 1 == c->top ? d.reg : new_register(c);
    uint32_t argument = window + FRAME_HIDDEN;
    c->top = argument;
    need_registers(c, argument + 2);
    gen_elements(c, &at, CHUNK);
    emit(c, op, argument, argument, CHUNK);
    for (uint32_t done = CHUNK; done < count && !c->failed; done += CHUNK) {
        uint32_t size = count - done < CHUNK ? count - done : CHUNK;
        if (done > CHUNK) code_move(c, argument, window);
        c->top = argument + 1;
        gen_elements(c, &at, size);
        emit(c, OP_VECTOR, argument + 1, argument + 1, size);
        emit(c, OP_CALLG, window, 2, c->literal_add);
    }
    c->top = saved;
    return deliver(c, window, d);
}

bool gen_collection(struct compiler *c, uint32_t n, struct dest d)
{
    struct node node = *node_at(c, n);
    enum opcode op = node.kind == N_VECTOR ? OP_VECTOR : node.kind == N_MAP ? OP_MAP : OP_SET;
    if (node.b > CHUNK) return gen_big_collection(c, n, d, op);
    uint32_t saved = c->top, at = n + 1;
    bool reuse = d.mode == MODE_VALUE && d.free && d.reg + 1 == c->top;
    if (reuse) c->top = d.reg;
    uint32_t first = gen_elements(c, &at, node.b);
    if (d.mode == MODE_EFFECT && op == OP_VECTOR) { /* maps and sets may complain */
        c->top = saved;
        return true;
    }
    uint32_t result = d.mode == MODE_VALUE ? d.reg : first;
    need_registers(c, result + 1);
    emit(c, op, result, first, node.b);
    c->top = saved;
    return deliver(c, result, d);
}
