/* Second pass: nodes to instructions, one arity at a time.  How it goes on without recursion: frames.h.
 *
 * Registers are a stack: parameters, then locals and temporaries in the order of their nesting.  A destination that is
 * `free` and on top of the stack doubles as temporary, as the register of the first local of a let*, and as the window of
 * a call: results then arrive where they are wanted. */
#include "runtime/compiler/frames.h"

/* The code that follows belongs to this node. */
void enter_position(struct compiler *c, const struct node *node)
{
    if (node->position == 0) return;
    c->position = node->position;
    if (c->options.breakpoints == NIL) return;
    uint32_t line = AT(c, positions, struct position_record, node->position - 1).line;
    if (line == c->last_line) return;
    c->last_line = line;
    value number = map_get(c->options.breakpoints, from_fixnum(line));
    if (is_fixnum(number)) emit_bc(c, OP_BREAK, 0, (int32_t)to_fixnum(number));
}

bool on_top(struct compiler *c, struct dest d)
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
uint32_t work_register(struct compiler *c, struct dest d)
{
    return d.mode == MODE_VALUE ? d.reg : new_register(c);
}

void gen_reference(struct compiler *c, struct reference r, uint32_t reg)
{
    switch (r.kind) {
    case N_LOCAL: code_move(c, reg, AT(c, vars, struct var, r.a).reg); return;
    case N_UPVAL: emit(c, OP_UPVAL, reg, r.a, 0); return;
    case N_SELF: emit(c, OP_SELF, reg, 0, 0); return;
    default:
        gen_closure(c, r.a, to_register(reg));
        return; /* of the running closure's group: no deeper than that */
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

/* ---- frames ---- */
static const struct {
    gen_step *step;
} kinds[] = {
    [N_IF] = {gen_if},           [N_DO] = {gen_do},
    [N_LET] = {gen_let},         [N_LETFN] = {gen_letfn},
    [N_LOOP] = {gen_loop},       [N_RECUR] = {gen_recur},
    [N_CATCH] = {gen_catch},     [N_CLEANUP] = {gen_cleanup},
    [N_RECEIVE] = {gen_receive}, [N_TAKE] = {gen_take},
    [N_ALT] = {gen_alt},         [N_CALL] = {gen_call},
    [N_CALLG] = {gen_call},      [N_OP] = {gen_op},
    [N_KEYGET] = {gen_op},       [N_VECTOR] = {gen_collection},
    [N_MAP] = {gen_collection},  [N_SET] = {gen_collection},
};

struct gen_frame *gen_push(struct compiler *c, gen_step *step, uint32_t n)
{
    struct gen_frame *f = PUSH(c, frames, struct gen_frame);
    *f = (struct gen_frame){
        .step = step, .n = n, .top = c->top, .position = c->position, .labels = c->labels.count};
    return f;
}

bool gen_begin(struct compiler *c, uint32_t n, struct dest d)
{
    if (c->failed) return false;
    struct node node = *node_at(c, n);
    uint32_t position = c->position, begun = c->begun;
    c->begun = 0;
    gen_step *step = node.kind < COUNT_OF(kinds) ? kinds[node.kind].step : NULL;
    if (step != NULL) {
        struct gen_frame *f = gen_push(c, step, n);
        f->d = d;
        f->begun = begun;
        if (c->failed) return false;
        enter_position(c, &node);
        return true;
    }
    enter_position(c, &node);
    c->falls = true;
    switch (node.kind) {
    case N_SIBLING:
    case N_FN: c->falls = gen_closure(c, node.a, d); break;
    case N_SKIP:
        code_jump(c, OP_RECV_SKIP, 0, 0, c->peek);
        c->falls = false;
        break;
    case N_FAIL:
        code_jump(c, OP_JMP, 0, 0, c->fail);
        c->falls = false;
        break;
    default: c->falls = gen_leaf(c, node, d);
    }
    c->position = position;
    return false;
}

void gen_finish(struct compiler *c, const struct gen_frame *f, bool falls)
{
    c->falls = falls;
    c->top = f->top;
    c->position = f->position;
    c->labels.count = f->labels;
    c->frames.count--;
}

uint32_t operand_register(struct compiler *c, uint32_t n)
{
    struct node *node = node_at(c, n);
    return node->kind == N_LOCAL ? AT(c, vars, struct var, node->a).reg : new_register(c);
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
    liveness_start(c, count);
}

static void start_arity(struct compiler *c, uint32_t index)
{
    struct arity_info *a = &AT(c, arities, struct arity_info, index);
    struct loop *loop = &AT(c, loops, struct loop, a->loop);
    c->before = (struct proto_record){.first_region = c->regions.count,
                                      .first_position = c->out_positions.count,
                                      .first_local = c->locals.count};
    c->arity = a;
    c->first_insn = c->code.count;
    c->top = c->max = c->region_depth = c->joined = 0;
    c->position = node_at(c, a->node)->position;
    c->last_position = 0;
    c->fixups.count = c->labels.count = c->frames.count = 0;
    c->fail = c->peek = NONE;
    c->keep_locals = AT(c, functions, struct function, a->function).keep_locals;
    for (uint32_t i = 0; i < loop->count && !c->failed; i++)
        AT(c, vars, struct var, loop->first_var + i).reg = new_register(c);
    c->last_line = 0;
    if (is_fixnum(c->options.entry) && AT(c, functions, struct function, a->function).parent == 0)
        emit_bc(c, OP_BREAK, 0, (int32_t)to_fixnum(c->options.entry));
    loop->head = c->joined = here(c);
    loop->yes = NONE;
    c->begun = a->loop + 1;
    gen_begin(c, a->node + 1, (struct dest){MODE_TAIL, 0, false});
}

static void end_arity(struct compiler *c)
{
    struct loop loop = AT(c, loops, struct loop, c->arity->loop);
    for (uint32_t i = 0; i < loop.count && !c->failed; i++) local_scope(c, loop.first_var + i, 0);
    if (!c->failed && !c->far) finish_record(c, c->arity, &c->before);
}

void generate_start(struct compiler *c)
{
    c->next_arity = 0;
    c->generating = GEN_BETWEEN;
}

bool generate(struct compiler *c)
{
    while (!c->failed && !c->far) {
        switch (c->generating) {
        case GEN_BETWEEN:
            if (c->next_arity == c->arities.count) return true;
            start_arity(c, c->next_arity++);
            c->generating = GEN_CODE;
            break;
        case GEN_CODE:
            while (c->frames.count && !c->failed) {
                if (--c->budget < 0) return false;
                struct gen_frame *f = &AT(c, frames, struct gen_frame, c->frames.count - 1);
                f->step(c, f);
            }
            end_arity(c);
            c->generating = GEN_LIVENESS;
            break;
        default:
            if (!liveness(c)) return false;
            c->generating = GEN_BETWEEN;
        }
    }
    return true;
}
