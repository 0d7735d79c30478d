/* Instructions, labels, registers: what the generator writes with. */
#include "runtime/compiler/internal.h"

uint32_t here(struct compiler *c)
{
    return c->code.count - c->first_insn;
}

/* Moves and constants cannot fail and call nothing: they need no position of their own. */
static bool wants_position(enum opcode op)
{
    switch (op) {
    case OP_NOP:
    case OP_MOVE:
    case OP_MOVE2:
    case OP_LIT:
    case OP_INT:
    case OP_SPECIAL:
    case OP_UPVAL:
    case OP_SELF:
    case OP_JMP:
    case OP_JF:
    case OP_JT: return false;
    default: return true;
    }
}

static void mark_position(struct compiler *c)
{
    if (c->position == c->last_position || c->position == 0) return;
    struct position_record *r = PUSH(c, out_positions, struct position_record);
    if (c->failed) return;
    *r = AT(c, positions, struct position_record, c->position - 1);
    r->insn = here(c);
    c->last_position = c->position;
}

void emit(struct compiler *c, enum opcode op, uint32_t a, uint32_t b, uint32_t cc)
{
    if (wants_position(op)) mark_position(c);
    *PUSH(c, code, struct insn) = (struct insn){(uint16_t)op, (uint16_t)a, (uint16_t)b, (uint16_t)cc};
}

void emit_bc(struct compiler *c, enum opcode op, uint32_t a, int32_t bc)
{
    emit(c, op, a, (uint32_t)bc & 0xffff, (uint32_t)bc >> 16);
}

/* Two moves to registers that follow one another are one instruction, unless control may come in between them. */
void code_move(struct compiler *c, uint32_t to, uint32_t from)
{
    if (to == from) return;
    uint32_t at = c->code.count;
    struct insn *before = at > c->first_insn + c->joined ? &AT(c, code, struct insn, at - 1) : NULL;
    bool pair = before && before->op == OP_MOVE && before->a != from;
    if (pair && before->a + 1u == to)
        *before = (struct insn){OP_MOVE2, before->a, before->b, (uint16_t)from};
    else if (pair && to + 1 == before->a)
        *before = (struct insn){OP_MOVE2, (uint16_t)to, (uint16_t)from, before->b};
    else
        emit(c, OP_MOVE, to, from, 0);
}

static void set_jump(struct compiler *c, uint32_t insn, uint32_t target)
{
    struct insn *i = &AT(c, code, struct insn, c->first_insn + insn);
    int32_t offset = (int32_t)target - (int32_t)insn - 1;
    if (op_info[i->op].c == OPERAND_JUMP) {
        if (offset > INT16_MAX || offset < INT16_MIN) c->far = true;
        i->c = (uint16_t)offset;
    } else {
        i->b = (uint16_t)offset;
        i->c = (uint16_t)((uint32_t)offset >> 16);
    }
}

uint32_t new_label(struct compiler *c)
{
    *PUSH(c, labels, struct label) = (struct label){NONE, NONE};
    return c->failed ? 0 : c->labels.count - 1;
}
uint32_t label_target(struct compiler *c, uint32_t label)
{
    return AT(c, labels, struct label, label).target;
}
bool label_used(struct compiler *c, uint32_t label)
{
    return AT(c, labels, struct label, label).fixups != NONE;
}

void code_jump(struct compiler *c, enum opcode op, uint32_t a, uint32_t b, uint32_t label)
{
    uint32_t at = here(c);
    emit(c, op, a, b, 0);
    if (c->failed) return;
    struct label *l = &AT(c, labels, struct label, label);
    if (l->target != NONE) {
        set_jump(c, at, l->target);
        return;
    }
    *PUSH(c, fixups, struct fixup) = (struct fixup){at, l->fixups};
    l->fixups = c->fixups.count - 1;
}

void emit_go(struct compiler *c, uint32_t label)
{
    code_jump(c, c->failed || label_target(c, label) == NONE ? OP_JMP : OP_LOOP, 0, 0, label);
}

void bind(struct compiler *c, uint32_t label)
{
    c->joined = here(c);
    if (c->failed) return;
    struct label *l = &AT(c, labels, struct label, label);
    l->target = c->joined;
    for (uint32_t f = l->fixups; f != NONE; f = AT(c, fixups, struct fixup, f).next)
        set_jump(c, AT(c, fixups, struct fixup, f).insn, l->target);
}

void need_registers(struct compiler *c, uint32_t count)
{
    if (count > LIMIT_REGISTERS)
        compile_fail(c, ERR_COMPILE, NIL, "a function needs more than 1024 registers: split it%s", "");
    if (count > c->max) c->max = count;
}

uint32_t new_register(struct compiler *c)
{
    need_registers(c, c->top + 1);
    return c->top++;
}

void local_scope(struct compiler *c, uint32_t var, uint32_t first)
{
    struct var *v = &AT(c, vars, struct var, var);
    if (v->name_literal == NONE || first == here(c)) return;
    *PUSH(c, locals, struct local_record) = (struct local_record){v->name_literal, first, here(c), v->reg};
}
