/* Code for calls, operators and collections. */
#include "runtime/compiler/frames.h"

/* ---- calls ---- */
static bool loads_without_temporaries(uint32_t kind)
{
    return kind == N_LOCAL || kind == N_UPVAL || kind == N_SELF;
}

void gen_call(struct compiler *c, struct gen_frame *f)
{
    struct node node = *node_at(c, f->n);
    bool global = node.kind == N_CALLG;
    uint32_t callee = f->n + 1;
    BEGIN;
    /* The function can be fetched after its arguments if that needs nothing but R[window]; then the window may start at a
     * register that still holds a local of this expression. */
    f->flag = !global && loads_without_temporaries(node_at(c, callee)->kind);
    f->x = on_top(c, f->d) && (f->d.free || global || f->flag) ? f->d.reg : c->top;
    c->top = f->x + 1;
    need_registers(c, f->x + FRAME_HIDDEN + node.b);
    if (!global && !f->flag) GEN(callee, to_register(f->x));
    c->top = f->x + FRAME_HIDDEN;
    f->next = global ? callee : node_at(c, callee)->end;
    for (f->i = 0; f->i < node.b; f->i++) {
        GEN(f->next, to_register(new_register(c)));
        f->next = node_at(c, f->next)->end;
    }
    if (f->flag) GEN(callee, ((struct dest){MODE_VALUE, f->x, false}));
    if (f->d.mode == MODE_TAIL) {
        emit(c, global ? OP_TAILG : OP_TAIL, f->x, node.b, global ? node.a : 0);
        END(false);
    }
    emit(c, global ? OP_CALLG : OP_CALL, f->x, node.b, global ? node.a : 0);
    END(deliver(c, f->x, f->d));
    FINISH;
}

bool small_int(struct compiler *c, uint32_t n)
{
    struct node *node = node_at(c, n);
    return node->kind == N_INT && (int32_t)node->a >= INT16_MIN && (int32_t)node->a <= INT16_MAX;
}
/* A literal that an instruction can name, and that equals what it is identical to (a NaN does not). */
bool short_literal(struct compiler *c, uint32_t n)
{
    struct node *node = node_at(c, n);
    return node->kind == N_LIT && node->a <= UINT16_MAX &&
           AT(c, data, uint8_t, AT(c, literals, struct literal, node->a).offset) != SER_DOUBLE;
}
bool short_double(struct compiler *c, uint32_t n)
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

void gen_op(struct compiler *c, struct gen_frame *f)
{
    struct node node = *node_at(c, f->n);
    uint32_t first = f->n + 1, second = node_at(c, first)->end;
    bool pair = node.kind == N_OP && node.b == 2;
    int immediate = pair ? with_second(c, node.a, second) : -1;
    int early = pair && immediate < 0 ? with_first(c, node.a, first) : -1;
    uint32_t computed = early < 0 ? first : second;
    BEGIN;
    f->x = work_register(c, f->d);
    f->flag =
        f->d.mode != MODE_VALUE || (f->d.free && on_top(c, f->d)); /* the result can hold an operand first */
    if (node_at(c, computed)->kind == N_LOCAL || !f->flag) {
        f->y = operand_register(c, computed);
    } else {
        f->y = f->x;
        f->flag = false;
    }
    if (node_at(c, computed)->kind != N_LOCAL) GEN(computed, to_register(f->y));
    f->z = 0;
    if (pair && immediate < 0 && early < 0) {
        f->z = f->flag && node_at(c, second)->kind != N_LOCAL ? f->x : operand_register(c, second);
        if (node_at(c, second)->kind != N_LOCAL) GEN(second, to_register(f->z));
    }
    if (node.kind == N_KEYGET)
        emit(c, OP_KEYGET, f->x, f->y, node.a);
    else if (immediate >= 0)
        emit(c, (enum opcode)immediate, f->x, f->y, node_at(c, second)->a & 0xffff);
    else if (early >= 0)
        emit(c, (enum opcode)early, f->x, node_at(c, first)->a & 0xffff, f->y);
    else
        emit(c, (enum opcode)node.a, f->x, f->y, f->z);
    END(deliver(c, f->x, f->d));
    FINISH;
}

/* ---- collections ---- */
#define CHUNK 32

static enum opcode collection_op(const struct node *node)
{
    return node->kind == N_VECTOR ? OP_VECTOR : node->kind == N_MAP ? OP_MAP : OP_SET;
}

/* More than one instruction takes: the rest is added by calls of lona.core/-literal-add, a vector of 32 at a time. */
static void gen_big_collection(struct compiler *c, struct gen_frame *f)
{
    struct node node = *node_at(c, f->n);
    uint32_t window = f->x, argument = window + FRAME_HIDDEN;
    BEGIN;
    f->x = window = f->d.free && on_top(c, f->d) ? f->d.reg : new_register(c);
    argument = window + FRAME_HIDDEN;
    c->top = argument;
    need_registers(c, argument + 2);
    f->next = f->n + 1;
    for (f->i = 0; f->i < node.b; f->i++) {
        if (f->i && f->i % CHUNK == 0) {
            if (f->i > CHUNK) code_move(c, argument, window);
            c->top = argument + 1;
        }
        GEN(f->next, to_register(new_register(c)));
        f->next = node_at(c, f->next)->end;
        if (f->i == CHUNK - 1) {
            emit(c, collection_op(&node), argument, argument, CHUNK);
        } else if (f->i % CHUNK == CHUNK - 1 || f->i == node.b - 1) {
            emit(c, OP_VECTOR, argument + 1, argument + 1, f->i % CHUNK + 1);
            emit(c, OP_CALLG, window, 2, c->literal_add);
        }
    }
    END(deliver(c, window, f->d));
    FINISH;
}

void gen_collection(struct compiler *c, struct gen_frame *f)
{
    struct node node = *node_at(c, f->n);
    if (node.b > CHUNK) {
        f->step = gen_big_collection;
        return;
    }
    BEGIN;
    if (f->d.free && on_top(c, f->d)) c->top = f->d.reg;
    f->x = c->top;
    f->next = f->n + 1;
    for (f->i = 0; f->i < node.b; f->i++) {
        GEN(f->next, to_register(new_register(c)));
        f->next = node_at(c, f->next)->end;
    }
    if (f->d.mode == MODE_EFFECT && node.kind == N_VECTOR) END(true); /* maps and sets may complain */
    f->y = f->d.mode == MODE_VALUE ? f->d.reg : f->x;
    need_registers(c, f->y + 1);
    emit(c, collection_op(&node), f->y, f->x, node.b);
    END(deliver(c, f->y, f->d));
    FINISH;
}
