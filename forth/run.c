/* The threaded engine: one small function an instruction, each ending in a jump to the next, the top of the stack in a register.
 * It runs any verified code and checks both stacks at each step; native code (native.c) does so once a block. */
#include "forth/internal.h"

#define ARGS struct forth *f, const uint64_t *ip, cell *sp, cell tos, cell *rp, cell *fb
#define PASS f, ip, sp, tos, rp, fb
#if defined(__x86_64__) || defined(__aarch64__)
#define HANDLER_CALL __attribute__((preserve_none))
#else
#define HANDLER_CALL
#endif
#define HANDLER(name) static HANDLER_CALL cell op_##name(ARGS)
typedef HANDLER_CALL cell handler(ARGS);
static handler *const table[FORTH_ALL_OPS];

#define MUSTTAIL __attribute__((musttail)) return
#define DISPATCH() MUSTTAIL table[unit_op(*ip)](PASS)
#define NEXT()                                                                                               \
    do {                                                                                                     \
        ip++;                                                                                                \
        DISPATCH();                                                                                          \
    } while (0)
#define ARG unit_arg(*ip)
/* sp points at the second item; with nothing on the stack it is one above s0, and tos means nothing. */
#define DEPTH (f->s0 + 1 - sp)
#define NEED(n)                                                                                              \
    if (UNLIKELY(sp > f->s0 + 1 - (n))) return THROW_STACK_UNDERFLOW
#define ROOM()                                                                                               \
    if (UNLIKELY(sp < f->stack_low + 4)) return THROW_STACK_OVERFLOW
#define R_ROOM()                                                                                             \
    if (UNLIKELY(rp < f->return_low)) return THROW_RETURN_OVERFLOW
#define PUSH(x)                                                                                              \
    do {                                                                                                     \
        cell pushed = (x);                                                                                   \
        *--sp = tos;                                                                                         \
        tos = pushed;                                                                                        \
    } while (0)
/* All items in memory, as primitives want them; and back. */
#define SPILL()                                                                                              \
    do {                                                                                                     \
        *--sp = tos;                                                                                         \
        f->sp = sp;                                                                                          \
        f->rp = rp;                                                                                          \
    } while (0)
#define RELOAD()                                                                                             \
    do {                                                                                                     \
        sp = f->sp;                                                                                          \
        tos = *sp++;                                                                                         \
    } while (0)

/* A frame on the return stack: the unit to go on with and the frame outside, under which R> does not reach. */
static inline cell *frame_push(struct forth *f, cell *rp, const uint64_t *next, cell *fb)
{
    *--rp = next - f->code;
    *--rp = f->r0 - fb;
    return rp;
}

HANDLER(LIT)
{
    ROOM();
    PUSH(ARG);
    NEXT();
}
HANDLER(LITX)
{
    ROOM();
    PUSH((cell)ip[1]);
    ip++;
    NEXT();
}

/* What a jump backwards and a call look at.  Apart, so that the fast way saves nothing. */
static __attribute__((noinline)) cell attention(struct forth *f, const uint64_t *ip, cell *sp, cell *rp)
{
    f->sp = sp;
    f->rp = rp;
    return attend_now(f, word_at_unit(f, (uint32_t)(ip - f->code)));
}
#define JUMP_TO(target)                                                                                      \
    do {                                                                                                     \
        const uint64_t *to_ = f->code + (target);                                                            \
        if (to_ <= ip && UNLIKELY(f->attention)) MUSTTAIL slow_jump(PASS);                                   \
        ip = to_;                                                                                            \
        DISPATCH();                                                                                          \
    } while (0)
static HANDLER_CALL __attribute__((noinline)) cell slow_jump(ARGS)
{
    *--sp = tos;
    cell status = attention(f, ip, sp, rp);
    if (status != 0) return status;
    tos = *sp++;
    ip = f->code + ARG;
    DISPATCH();
}
HANDLER(JUMP)
{
    JUMP_TO(ARG);
}
HANDLER(JUMPZ)
{
    NEED(1);
    cell flag = tos;
    tos = *sp++;
    if (flag == 0) JUMP_TO(ARG);
    NEXT();
}

static HANDLER_CALL __attribute__((noinline)) cell op_CALL_SLOW(ARGS)
{
    SPILL();
    uint32_t word = (uint32_t)ARG;
    cell status = f->attention ? attend_now(f, word) : 0;
    if (status == 0) status = execute_word(f, word);
    if (status != 0) return status;
    RELOAD();
    NEXT();
}
HANDLER(CALL)
{
    struct word *w = &f->words[ARG];
    if (UNLIKELY(w->kind != W_COLON || w->native != 0 || f->attention || ++w->calls == CALLS_HOT))
        MUSTTAIL op_CALL_SLOW(PASS);
    R_ROOM();
    rp = frame_push(f, rp, ip + 1, fb);
    fb = rp;
    ip = f->code + w->code;
    DISPATCH();
}
HANDLER(EXIT)
{
    if (UNLIKELY(rp != fb)) return THROW_RETURN_IMBALANCE;
    cell next = rp[1];
    fb = f->r0 - rp[0];
    rp += 2;
    if (next < 0) {
        SPILL();
        return 0;
    }
    ip = f->code + next;
    DISPATCH();
}
HANDLER(PRIM)
{
    SPILL();
    cell status = primitive_call(f, (uint32_t)ARG);
    if (UNLIKELY(status != 0)) return status;
    RELOAD();
    NEXT();
}
HANDLER(EXECUTE)
{
    NEED(1);
    uint32_t word = from_xt(f, tos);
    if (word == 0) return THROW_UNDEFINED;
    f->sp = sp;
    f->rp = rp;
    cell status = f->attention ? attend_now(f, word) : 0;
    if (status == 0) status = execute_word(f, word);
    if (status != 0) return status;
    RELOAD();
    NEXT();
}
HANDLER(DEFERRED)
{
    SPILL();
    cell status = execute_word(f, (uint32_t)ARG);
    if (status != 0) return status;
    RELOAD();
    NEXT();
}

/* ---- loops: on the return stack limit ^ MIN and index - that, so that the end is an overflow ---- */
#define LOOP_MIN ((ucell)1 << 63)
HANDLER(DO)
{
    NEED(2);
    R_ROOM();
    ucell fudge = (ucell)*sp++ ^ LOOP_MIN;
    *--rp = (cell)fudge;
    *--rp = (cell)((ucell)tos - fudge);
    tos = *sp++;
    NEXT();
}
HANDLER(QDO)
{
    NEED(2);
    if (*sp != tos) MUSTTAIL op_DO(PASS);
    tos = sp[1];
    sp += 2;
    ip = f->code + ARG;
    DISPATCH();
}
HANDLER(LOOP)
{
    if (UNLIKELY(fb - rp < 2)) return THROW_NO_LOOP;
    if (!__builtin_add_overflow(rp[0], 1, &rp[0])) JUMP_TO(ARG);
    rp += 2;
    NEXT();
}
HANDLER(PLUS_LOOP)
{
    NEED(1);
    if (UNLIKELY(fb - rp < 2)) return THROW_NO_LOOP;
    cell step = tos;
    tos = *sp++;
    if (!__builtin_add_overflow(rp[0], step, &rp[0])) JUMP_TO(ARG);
    rp += 2;
    NEXT();
}
HANDLER(UNLOOP)
{
    if (UNLIKELY(fb - rp < 2)) return THROW_NO_LOOP;
    rp += 2;
    NEXT();
}
HANDLER(I)
{
    ROOM();
    if (UNLIKELY(fb - rp < 2)) return THROW_NO_LOOP;
    PUSH(rp[0] + rp[1]);
    NEXT();
}
HANDLER(J)
{
    ROOM();
    if (UNLIKELY(fb - rp < 4)) return THROW_NO_LOOP;
    PUSH(rp[2] + rp[3]);
    NEXT();
}

/* ---- return stack ---- */
HANDLER(TO_R)
{
    NEED(1);
    R_ROOM();
    *--rp = tos;
    tos = *sp++;
    NEXT();
}
HANDLER(R_FROM)
{
    ROOM();
    if (UNLIKELY(fb == rp)) return THROW_RETURN_UNDERFLOW;
    PUSH(*rp++);
    NEXT();
}
HANDLER(R_FETCH)
{
    ROOM();
    if (UNLIKELY(fb == rp)) return THROW_RETURN_UNDERFLOW;
    PUSH(*rp);
    NEXT();
}
HANDLER(TWO_TO_R)
{
    NEED(2);
    R_ROOM();
    *--rp = *sp++;
    *--rp = tos;
    tos = *sp++;
    NEXT();
}
HANDLER(TWO_R_FROM)
{
    ROOM();
    if (UNLIKELY(fb - rp < 2)) return THROW_RETURN_UNDERFLOW;
    *--sp = tos;
    *--sp = rp[1];
    tos = rp[0];
    rp += 2;
    NEXT();
}
HANDLER(TWO_R_FETCH)
{
    ROOM();
    if (UNLIKELY(fb - rp < 2)) return THROW_RETURN_UNDERFLOW;
    *--sp = tos;
    *--sp = rp[1];
    tos = rp[0];
    NEXT();
}

/* ---- locals: a stack of their own, counted from the newest alive; the verifier has seen that it is there ---- */
HANDLER(LOCALS)
{
    cell n = ARG;
    NEED(n);
    if (UNLIKELY(f->l0 - f->lp + n + 2 > LOCAL_CELLS)) return THROW_RETURN_OVERFLOW;
    *--sp = tos;
    for (cell i = 0; i < n; i++) *--f->lp = sp[n - 1 - i];
    sp += n;
    tos = *sp++;
    NEXT();
}
HANDLER(UNLOCALS)
{
    f->lp += ARG;
    NEXT();
}
HANDLER(LOCAL_FETCH)
{
    ROOM();
    PUSH(f->lp[ARG]);
    NEXT();
}
HANDLER(LOCAL_STORE)
{
    NEED(1);
    f->lp[ARG] = tos;
    tos = *sp++;
    NEXT();
}

/* ---- the data stack ---- */
HANDLER(DUP)
{
    NEED(1);
    ROOM();
    *--sp = tos;
    NEXT();
}
HANDLER(QDUP)
{
    NEED(1);
    ROOM();
    if (tos != 0) *--sp = tos;
    NEXT();
}
HANDLER(DROP)
{
    NEED(1);
    tos = *sp++;
    NEXT();
}
HANDLER(SWAP)
{
    NEED(2);
    cell x = *sp;
    *sp = tos;
    tos = x;
    NEXT();
}
HANDLER(OVER)
{
    NEED(2);
    ROOM();
    PUSH(sp[0]);
    NEXT();
}
HANDLER(ROT)
{
    NEED(3);
    cell x = sp[1];
    sp[1] = sp[0];
    sp[0] = tos;
    tos = x;
    NEXT();
}
HANDLER(MINUS_ROT)
{
    NEED(3);
    cell x = sp[0];
    sp[0] = sp[1];
    sp[1] = tos;
    tos = x;
    NEXT();
}
HANDLER(NIP)
{
    NEED(2);
    sp++;
    NEXT();
}
HANDLER(TUCK)
{
    NEED(2);
    ROOM();
    cell x = *sp;
    *sp = tos;
    *--sp = x;
    NEXT();
}
HANDLER(TWO_DUP)
{
    NEED(2);
    ROOM();
    sp -= 2;
    sp[1] = tos;
    sp[0] = sp[2];
    NEXT();
}
HANDLER(TWO_DROP)
{
    NEED(2);
    tos = sp[1];
    sp += 2;
    NEXT();
}
HANDLER(TWO_SWAP)
{
    NEED(4);
    cell x = sp[1], y = tos;
    tos = x;
    sp[1] = y;
    x = sp[0];
    sp[0] = sp[2];
    sp[2] = x;
    NEXT();
}
HANDLER(TWO_OVER)
{
    NEED(4);
    ROOM();
    sp -= 2;
    sp[1] = tos;
    sp[0] = sp[4];
    tos = sp[3];
    NEXT();
}

/* ---- arithmetic ---- */
#define BINARY(name, expression)                                                                             \
    HANDLER(name)                                                                                            \
    {                                                                                                        \
        NEED(2);                                                                                             \
        cell y = tos, x = *sp++;                                                                             \
        tos = (cell)(expression);                                                                            \
        NEXT();                                                                                              \
    }
#define UNARY(name, expression)                                                                              \
    HANDLER(name)                                                                                            \
    {                                                                                                        \
        NEED(1);                                                                                             \
        cell x = tos;                                                                                        \
        tos = (cell)(expression);                                                                            \
        NEXT();                                                                                              \
    }
BINARY(ADD, (ucell)x + (ucell)y)
BINARY(SUB, (ucell)x - (ucell)y)
BINARY(MUL, (ucell)x *(ucell)y)
BINARY(AND, x &y)
BINARY(OR, x | y)
BINARY(XOR, x ^ y)
BINARY(MIN, x < y ? x : y)
BINARY(MAX, x > y ? x : y)
BINARY(LSHIFT, (ucell)y > 63 ? 0 : (ucell)x << y)
BINARY(RSHIFT, (ucell)y > 63 ? 0 : (ucell)x >> y)
BINARY(EQ, FLAG(x == y))
BINARY(NE, FLAG(x != y))
BINARY(LT, FLAG(x < y))
BINARY(GT, FLAG(x > y))
BINARY(LE, FLAG(x <= y))
BINARY(GE, FLAG(x >= y))
BINARY(ULT, FLAG((ucell)x < (ucell)y))
BINARY(UGT, FLAG((ucell)x > (ucell)y))
UNARY(NEGATE, -(ucell)x)
UNARY(ABS, x < 0 ? -(ucell)x : (ucell)x)
UNARY(INC, (ucell)x + 1)
UNARY(DEC, (ucell)x - 1)
UNARY(CELL_PLUS, (ucell)x + CELL)
UNARY(CELLS, (ucell)x *CELL)
UNARY(TWO_TIMES, (ucell)x << 1)
UNARY(TWO_SLASH, x >> 1)
UNARY(INVERT, ~x)
UNARY(ZERO_EQ, FLAG(x == 0))
UNARY(ZERO_NE, FLAG(x != 0))
UNARY(ZERO_LT, FLAG(x < 0))
UNARY(ZERO_GT, FLAG(x > 0))

/* Floored; the one quotient that does not fit is a result out of range. */
HANDLER(DIV)
{
    NEED(2);
    cell y = tos, x = *sp++;
    if (UNLIKELY(y == 0)) return THROW_DIVISION;
    if (UNLIKELY(y == -1)) {
        tos = -(ucell)x;
        NEXT();
    }
    cell q = x / y;
    tos = q - (x % y != 0 && (x < 0) != (y < 0));
    NEXT();
}
HANDLER(MOD)
{
    NEED(2);
    cell y = tos, x = *sp++;
    if (UNLIKELY(y == 0)) return THROW_DIVISION;
    if (UNLIKELY(y == -1)) {
        tos = 0;
        NEXT();
    }
    cell r = x % y;
    tos = r != 0 && (r < 0) != (y < 0) ? r + y : r;
    NEXT();
}
HANDLER(S_TO_D)
{
    NEED(1);
    ROOM();
    PUSH(tos >> 63);
    NEXT();
}

/* ---- memory ---- */
#define AT(address, bytes)                                                                                   \
    uint8_t *p = at(f, address, bytes);                                                                      \
    if (UNLIKELY(p == NULL)) return THROW_ADDRESS
HANDLER(FETCH)
{
    NEED(1);
    AT(tos, CELL);
    tos = load_cell(p);
    NEXT();
}
HANDLER(STORE)
{
    NEED(2);
    AT(tos, CELL);
    store_cell(p, sp[0]);
    tos = sp[1];
    sp += 2;
    NEXT();
}
HANDLER(C_FETCH)
{
    NEED(1);
    AT(tos, 1);
    tos = *p;
    NEXT();
}
HANDLER(C_STORE)
{
    NEED(2);
    AT(tos, 1);
    *p = (uint8_t)sp[0];
    tos = sp[1];
    sp += 2;
    NEXT();
}
HANDLER(PLUS_STORE)
{
    NEED(2);
    AT(tos, CELL);
    store_cell(p, (cell)((ucell)load_cell(p) + (ucell)sp[0]));
    tos = sp[1];
    sp += 2;
    NEXT();
}
HANDLER(TWO_FETCH)
{
    NEED(1);
    ROOM();
    AT(tos, 2 * CELL);
    *--sp = load_cell(p + CELL);
    tos = load_cell(p);
    NEXT();
}
HANDLER(TWO_STORE)
{
    NEED(3);
    AT(tos, 2 * CELL);
    store_cell(p, sp[0]);
    store_cell(p + CELL, sp[1]);
    tos = sp[2];
    sp += 3;
    NEXT();
}
HANDLER(COUNT)
{
    NEED(1);
    ROOM();
    AT(tos, 1);
    *--sp = tos + 1;
    tos = *p;
    NEXT();
}

/* ---- two instructions in one; the second one's operand stands behind ---- */
#define LIT_WITH(name, needs, body)                                                                          \
    HANDLER(LIT_##name)                                                                                      \
    {                                                                                                        \
        NEED(needs);                                                                                         \
        cell y = ARG;                                                                                        \
        body;                                                                                                \
        ip++;                                                                                                \
        NEXT();                                                                                              \
    }
LIT_WITH(ADD, 1, tos = (cell)((ucell)tos + (ucell)y))
LIT_WITH(SUB, 1, tos = (cell)((ucell)tos - (ucell)y))
LIT_WITH(AND, 1, tos &= y)
LIT_WITH(EQ, 1, tos = FLAG(tos == y))
LIT_WITH(LT, 1, tos = FLAG(tos < y))
LIT_WITH(GT, 1, tos = FLAG(tos > y))
HANDLER(LIT_FETCH)
{
    ROOM();
    AT(ARG, CELL);
    PUSH(load_cell(p));
    ip++;
    NEXT();
}
HANDLER(LIT_STORE)
{
    NEED(1);
    AT(ARG, CELL);
    store_cell(p, tos);
    tos = *sp++;
    ip++;
    NEXT();
}
HANDLER(OVER_ADD)
{
    NEED(2);
    tos = (cell)((ucell)tos + (ucell)*sp);
    ip++;
    NEXT();
}
HANDLER(I_ADD)
{
    NEED(1);
    if (UNLIKELY(fb - rp < 2)) return THROW_NO_LOOP;
    tos = (cell)((ucell)tos + (ucell)rp[0] + (ucell)rp[1]);
    ip++;
    NEXT();
}
HANDLER(ADD_FETCH)
{
    NEED(2);
    cell address = (cell)((ucell)tos + (ucell)*sp);
    AT(address, CELL);
    sp++;
    tos = load_cell(p);
    ip++;
    NEXT();
}
HANDLER(CELLS_ADD)
{
    NEED(2);
    tos = (cell)((ucell)*sp++ + (ucell)tos * CELL);
    ip++;
    NEXT();
}
#define COMPARE_JUMPZ(name, needs, condition, drops)                                                         \
    HANDLER(name##_JUMPZ)                                                                                    \
    {                                                                                                        \
        NEED(needs);                                                                                         \
        bool holds = (condition);                                                                            \
        tos = sp[(drops) - 1];                                                                               \
        sp += (drops);                                                                                       \
        ip++;                                                                                                \
        if (!holds) JUMP_TO(ARG);                                                                            \
        NEXT();                                                                                              \
    }
COMPARE_JUMPZ(EQ, 2, *sp == tos, 2)
COMPARE_JUMPZ(LT, 2, *sp < tos, 2)
COMPARE_JUMPZ(GT, 2, *sp > tos, 2)
COMPARE_JUMPZ(ZERO_EQ, 1, tos == 0, 1)
HANDLER(DUP_JUMPZ)
{
    NEED(1);
    ip++;
    if (tos == 0) JUMP_TO(ARG);
    NEXT();
}

static handler *const table[FORTH_ALL_OPS] = {
#define FORTH_OP(name, operand, in, out, flow) op_##name,
#define FORTH_FUSED(name, first, second) op_##name,
#include "spec/forth_ops.def"
};

static const struct {
    uint8_t first, second, fused;
} pairs[] = {
#define FORTH_OP(name, operand, in, out, flow)
#define FORTH_FUSED(name, first, second) {OP_##first, OP_##second, OP_##name},
#include "spec/forth_ops.def"
};

/* Put fused operations in the place of pairs. */
void fuse_units(struct forth *f, uint32_t start, uint32_t end)
{
    for (uint32_t at = start; at + 1 < end; at++) {
        unsigned op = unit_op(f->code[at]);
        if (op == OP_LITX) {
            at++;
            continue;
        }
        for (unsigned i = 0; i < COUNT_OF(pairs); i++)
            if (pairs[i].first == op && pairs[i].second == unit_op(f->code[at + 1])) {
                f->code[at] = unit_make(pairs[i].fused, unit_arg(f->code[at]));
                break;
            }
    }
}

cell run_units(struct forth *f, uint32_t unit)
{
    cell *rp = f->rp, *saved = rp;
    if (rp < f->return_low) return THROW_RETURN_OVERFLOW;
    *--rp = -1;
    *--rp = 0;
    const uint64_t *ip = f->code + unit;
    cell *sp = f->sp, tos = *sp++;
    cell status = table[unit_op(*ip)](f, ip, sp, tos, rp, rp);
    f->rp = saved;
    return status;
}
