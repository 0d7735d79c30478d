/* Machine code of each operation.  Items stay in registers within a block: DUP and SWAP cost nothing, constants are folded, an
 * addition waits to become part of an address. */
#include "forth/native.h"

static const emit_reg pool[] = {X86_RAX, X86_RCX, X86_RDX, X86_RSI, X86_RDI, X86_R8, X86_R9, X86_R10};

static int32_t field(size_t offset)
{
    return (int32_t)offset;
}
#define FIELD(name) emit_at(CTX, field(offsetof(struct forth, name)))

static unsigned uses(const struct native_job *n, emit_reg r)
{
    unsigned count = 0;
    for (unsigned i = 0; i < n->count; i++) count += n->items[i].reg == r;
    return count;
}

/* ---- items between registers and memory ---- */
static void store_item(struct native_job *n, struct item i, int32_t cells)
{
    struct emit_mem m = emit_at(SP_REG, cells * CELL);
    if (i.reg == EMIT_NONE && i.value == (int32_t)i.value) {
        emit_store_imm(&n->e, 3, (int32_t)i.value, m);
        return;
    }
    if (i.reg == EMIT_NONE)
        emit_move_imm(&n->e, EMIT_R_SCRATCH, (uint64_t)i.value);
    else if (i.value != 0)
        emit_lea(&n->e, true, EMIT_R_SCRATCH, emit_at(i.reg, (int32_t)i.value));
    emit_store(&n->e, 3, i.reg == EMIT_NONE || i.value != 0 ? EMIT_R_SCRATCH : i.reg, m);
}
/* The lowest item in a register goes to memory. */
static void spill_lowest(struct native_job *n)
{
    store_item(n, n->items[0], --n->shift);
    for (unsigned i = 1; i < n->count; i++) n->items[i - 1] = n->items[i];
    n->count--;
}
static emit_reg take_free(struct native_job *n, uint32_t busy)
{
    for (;;) {
        for (unsigned i = COUNT_OF(pool); i-- > 0;)
            if ((busy >> pool[i] & 1) == 0 && uses(n, pool[i]) == 0) return pool[i];
        spill_lowest(n);
    }
}
static void move_item(struct native_job *n, emit_reg to, struct item i)
{
    if (i.reg == EMIT_NONE)
        emit_move_imm(&n->e, to, (uint64_t)i.value);
    else if (i.value != 0)
        emit_lea(&n->e, true, to, emit_at(i.reg, (int32_t)i.value));
    else if (i.reg != to)
        emit_move(&n->e, true, to, i.reg);
}
static void adjust(struct native_job *n)
{
    if (n->shift != 0) emit_lea(&n->e, true, SP_REG, emit_at(SP_REG, n->shift * CELL));
    n->shift = 0;
}
void native_flush(struct native_job *n)
{
    if (n->count == 0) {
        emit_load(&n->e, EMIT_LOAD_64, TOP, emit_at(SP_REG, n->shift++ * CELL));
    } else {
        while (n->count > 1) spill_lowest(n);
        move_item(n, TOP, n->items[0]);
    }
    n->items[0] = (struct item){TOP, 0};
    n->count = 1;
    adjust(n);
}
void native_spill(struct native_job *n)
{
    while (n->count > 0) spill_lowest(n);
    adjust(n);
}
void native_reload(struct native_job *n)
{
    n->items[0] = (struct item){TOP, 0};
    n->count = 1;
    n->shift = 0;
}

static void push_item(struct native_job *n, struct item i)
{
    if (n->count == ITEMS) spill_lowest(n);
    n->items[n->count++] = i;
}
static void push_reg(struct native_job *n, emit_reg r)
{
    push_item(n, (struct item){r, 0});
}
/* The top item; loaded if it is in memory. */
static struct item pop_shared(struct native_job *n, uint32_t *busy)
{
    struct item i;
    if (n->count > 0)
        i = n->items[--n->count];
    else {
        i = (struct item){take_free(n, *busy), 0};
        emit_load(&n->e, EMIT_LOAD_64, i.reg, emit_at(SP_REG, n->shift++ * CELL));
    }
    if (i.reg != EMIT_NONE) *busy |= 1u << i.reg;
    return i;
}
static void move_item(struct native_job *n, emit_reg to, struct item i);
/* The same, in a register that no other item popped into `busy` has. */
static struct item pop_item(struct native_job *n, uint32_t *busy)
{
    uint32_t before = *busy;
    struct item i = pop_shared(n, busy);
    if (i.reg == EMIT_NONE || (before >> i.reg & 1) == 0) return i;
    emit_reg r = take_free(n, *busy);
    move_item(n, r, i);
    *busy |= 1u << r;
    return (struct item){r, 0};
}
/* An item's value in a register that is not to be changed. */
static emit_reg in_reg(struct native_job *n, struct item i, uint32_t *busy)
{
    if (i.reg != EMIT_NONE && i.value == 0) return i.reg;
    emit_reg r = i.reg != EMIT_NONE && uses(n, i.reg) == 0 ? i.reg : take_free(n, *busy);
    move_item(n, r, i);
    *busy |= 1u << r;
    return r;
}
/* The same, in one that may be. */
static emit_reg in_own(struct native_job *n, struct item i, uint32_t *busy)
{
    emit_reg r = i.reg != EMIT_NONE && uses(n, i.reg) == 0 ? i.reg : take_free(n, *busy);
    move_item(n, r, i);
    *busy |= 1u << r;
    return r;
}
static bool is_constant(struct item i)
{
    return i.reg == EMIT_NONE;
}
static bool fits(int64_t x)
{
    return x == (int32_t)x;
}

/* ---- calls of C ---- */
static struct emit_label fixed_label(uint32_t at)
{
    return (struct emit_label){at, 0, true};
}
/* All items in memory, before and after; a status not 0 leaves. */
void native_c_call(struct native_job *n, cell (*function)(struct forth *, uint32_t), uint32_t argument)
{
    struct emit_label call = fixed_label(n->c_call);
    native_spill(n);
    emit_move_imm(&n->e, X86_RSI, argument);
    emit_move_imm(&n->e, X86_RAX, (uint64_t)(uintptr_t)function);
    emit_call(&n->e, &call);
}

void native_check(struct native_job *n, int need)
{
    if (need <= 0) return;
    if (need == 1) {
        emit_cmp_mem(&n->e, true, SP_REG, FIELD(s0));
    } else {
        emit_lea(&n->e, true, X86_RCX, emit_at(SP_REG, (need - 1) * CELL));
        emit_cmp_mem(&n->e, true, X86_RCX, FIELD(s0));
    }
    emit_branch(&n->e, EMIT_GT_U, &n->underflow);
}
void native_segment(struct native_job *n, uint32_t at)
{
    int growth, need = native_need(n, at, &growth);
    if (n->dynamic) {
        n->depth = n->known = 0;
        emit_cmp_mem(&n->e, true, SP_REG, FIELD(stack_low));
        emit_branch(&n->e, EMIT_LT_U, &n->overflow);
    }
    if (need > n->known + n->depth) {
        native_check(n, need);
        n->known = need - n->depth;
    }
}

/* ---- memory ---- */
/* Where a cell or byte lies; leaves if it lies outside. */
static struct emit_mem address(struct native_job *n, struct item i, uint32_t *busy)
{
    ucell offset = (ucell)i.value - ORIGIN;
    if (is_constant(i) && offset <= n->f->data_bytes - 2 * CELL && fits(i.value))
        return emit_at(MEM, (int32_t)i.value);
    if (is_constant(i) || !fits(i.value - ORIGIN)) i = (struct item){in_reg(n, i, busy), 0};
    emit_reg t = take_free(n, *busy);
    emit_lea(&n->e, true, t, emit_at(i.reg, (int32_t)(i.value - ORIGIN)));
    emit_cmp(&n->e, true, t, LIMIT);
    emit_branch(&n->e, EMIT_GT_U, &n->address);
    return emit_at_index(MEM, i.reg, 0, (int32_t)i.value);
}

static void op_fetch(struct native_job *n, enum emit_load kind)
{
    uint32_t busy = 0;
    struct item i = pop_item(n, &busy);
    struct emit_mem m = address(n, i, &busy);
    emit_reg d = i.reg != EMIT_NONE && uses(n, i.reg) == 0 ? i.reg : take_free(n, busy);
    emit_load(&n->e, kind, d, m);
    push_reg(n, d);
}
static void op_store(struct native_job *n, unsigned size, bool add)
{
    uint32_t busy = 0;
    struct item where = pop_item(n, &busy), x = pop_item(n, &busy);
    struct emit_mem m = address(n, where, &busy);
    if (m.index != EMIT_NONE) busy |= 1u << m.index;
    if (is_constant(x) && fits(x.value) && add)
        emit_alu_imm_to_mem(&n->e, EMIT_ADD, true, m, (int32_t)x.value);
    else if (is_constant(x) && (fits(x.value) || size == 0))
        emit_store_imm(&n->e, size, (int32_t)x.value, m);
    else if (add)
        emit_alu_to_mem(&n->e, EMIT_ADD, true, m, in_reg(n, x, &busy));
    else
        emit_store(&n->e, size, in_reg(n, x, &busy), m);
}
static void op_two_fetch(struct native_job *n)
{
    uint32_t busy = 0;
    struct item i = pop_item(n, &busy);
    emit_reg a = in_reg(n, i, &busy);
    struct emit_mem low = address(n, (struct item){a, 0}, &busy),
                    high = address(n, (struct item){a, CELL}, &busy);
    emit_reg x = take_free(n, busy);
    busy |= 1u << x;
    emit_load(&n->e, EMIT_LOAD_64, x, high);
    emit_reg y = take_free(n, busy);
    emit_load(&n->e, EMIT_LOAD_64, y, low);
    push_reg(n, x);
    push_reg(n, y);
}
static void op_two_store(struct native_job *n)
{
    uint32_t busy = 0;
    struct item i = pop_item(n, &busy), y = pop_item(n, &busy), x = pop_item(n, &busy);
    emit_reg a = in_reg(n, i, &busy);
    struct emit_mem low = address(n, (struct item){a, 0}, &busy),
                    high = address(n, (struct item){a, CELL}, &busy);
    emit_store(&n->e, 3, in_reg(n, y, &busy), low);
    emit_store(&n->e, 3, in_reg(n, x, &busy), high);
}

/* ---- arithmetic ---- */
static int64_t fold(unsigned op, int64_t a, int64_t b)
{
    switch (op) {
    case OP_ADD: return (int64_t)((uint64_t)a + (uint64_t)b);
    case OP_SUB: return (int64_t)((uint64_t)a - (uint64_t)b);
    case OP_AND: return a & b;
    case OP_OR: return a | b;
    case OP_XOR: return a ^ b;
    default: return (int64_t)((uint64_t)a * (uint64_t)b);
    }
}
static void op_alu(struct native_job *n, unsigned op)
{
    static const enum emit_alu kinds[] = {[OP_ADD] = EMIT_ADD,
                                          [OP_SUB] = EMIT_SUB,
                                          [OP_AND] = EMIT_AND,
                                          [OP_OR] = EMIT_OR,
                                          [OP_XOR] = EMIT_XOR};
    uint32_t busy = 0;
    struct item b = pop_item(n, &busy), a = pop_item(n, &busy);
    if (is_constant(a) && is_constant(b)) {
        push_item(n, (struct item){EMIT_NONE, fold(op, a.value, b.value)});
        return;
    }
    if (is_constant(a) && op != OP_SUB) {
        struct item kept = a;
        a = b;
        b = kept;
    }
    int64_t sum = op == OP_ADD ? fold(OP_ADD, a.value, b.value) : fold(OP_SUB, a.value, b.value);
    if (is_constant(b) && (op == OP_ADD || op == OP_SUB) && fits(b.value) && fits(sum)) {
        push_item(n, (struct item){a.reg, sum});
        return;
    }
    if (op == OP_ADD && !is_constant(b) && fits(sum)) { /* displacements add up */
        emit_reg d = uses(n, a.reg) == 0 ? a.reg : uses(n, b.reg) == 0 ? b.reg : take_free(n, busy);
        emit_alu(&n->e, EMIT_ADD, true, d, a.reg, b.reg);
        push_item(n, (struct item){d, sum});
        return;
    }
    emit_reg ra = in_reg(n, a, &busy);
    bool immediate = is_constant(b) && fits(b.value);
    emit_reg rb = immediate ? EMIT_NONE : in_reg(n, b, &busy);
    emit_reg d = uses(n, ra) == 0 ? ra : !immediate && uses(n, rb) == 0 ? rb : take_free(n, busy);
    if (immediate)
        emit_alu_imm(&n->e, kinds[op], true, d, ra, (int32_t)b.value);
    else
        emit_alu(&n->e, kinds[op], true, d, ra, rb);
    push_reg(n, d);
}
static void op_mul(struct native_job *n)
{
    uint32_t busy = 0;
    struct item b = pop_item(n, &busy), a = pop_item(n, &busy);
    if (is_constant(a)) {
        struct item kept = a;
        a = b;
        b = kept;
    }
    if (is_constant(a)) {
        push_item(n, (struct item){EMIT_NONE, fold(OP_MUL, a.value, b.value)});
        return;
    }
    emit_reg ra = in_reg(n, a, &busy);
    if (is_constant(b) && fits(b.value)) {
        emit_reg d = uses(n, ra) == 0 ? ra : take_free(n, busy);
        emit_mul_imm(&n->e, true, d, ra, (int32_t)b.value);
        push_reg(n, d);
        return;
    }
    emit_reg rb = in_reg(n, b, &busy), d = uses(n, ra) == 0 ? ra : uses(n, rb) == 0 ? rb : take_free(n, busy);
    emit_mul(&n->e, true, d, ra, rb);
    push_reg(n, d);
}
static void op_add_constant(struct native_job *n, int64_t x)
{
    uint32_t busy = 0;
    struct item i = pop_item(n, &busy);
    int64_t sum = fold(OP_ADD, i.value, x);
    if (!is_constant(i) && !fits(sum)) i = (struct item){in_own(n, i, &busy), 0}, sum = x;
    push_item(n, (struct item){i.reg, sum});
}
static void op_shift_by(struct native_job *n, enum emit_shift op, unsigned bits)
{
    uint32_t busy = 0;
    struct item i = pop_item(n, &busy);
    if (is_constant(i)) {
        int64_t x = op == EMIT_SHL     ? (int64_t)((uint64_t)i.value << bits)
                    : op == EMIT_SHR_S ? i.value >> bits
                                       : (int64_t)((uint64_t)i.value >> bits);
        push_item(n, (struct item){EMIT_NONE, x});
        return;
    }
    emit_reg a = in_reg(n, i, &busy), d = uses(n, a) == 0 ? a : take_free(n, busy);
    emit_shift_imm(&n->e, op, true, d, a, bits);
    push_reg(n, d);
}
/* Counts beyond 63 give 0. */
static void op_shift(struct native_job *n, enum emit_shift op)
{
    uint32_t busy = 0;
    struct item count = pop_item(n, &busy);
    if (is_constant(count) && (uint64_t)count.value < 64) {
        op_shift_by(n, op, (unsigned)count.value);
        return;
    }
    struct item x = pop_item(n, &busy);
    emit_reg c, d, zero;
    if (emit_shift_is_free(&n->e, op)) {
        c = in_reg(n, count, &busy);
        d = in_own(n, x, &busy);
        zero = take_free(n, busy);
    } else { /* the count has one place only: everything else out of its way */
        push_item(n, x);
        push_item(n, count);
        native_spill(n);
        c = EMIT_R_COUNT;
        d = EMIT_R_RESULT;
        zero = X86_RDX;
        emit_load(&n->e, EMIT_LOAD_64, c, emit_at(SP_REG, 0));
        emit_load(&n->e, EMIT_LOAD_64, d, emit_at(SP_REG, CELL));
        n->shift = 2;
    }
    emit_shift(&n->e, op, true, d, d, c);
    emit_move_imm(&n->e, zero, 0);
    emit_cmp_imm(&n->e, true, c, 63);
    emit_move_if(&n->e, EMIT_GT_U, true, d, zero);
    push_reg(n, d);
}
static void op_unary(struct native_job *n, unsigned op)
{
    uint32_t busy = 0;
    struct item i = pop_item(n, &busy);
    emit_reg a = in_reg(n, i, &busy), d = uses(n, a) == 0 && op != OP_ABS ? a : take_free(n, busy);
    if (op == OP_NEGATE)
        emit_neg(&n->e, true, d, a);
    else if (op == OP_INVERT)
        emit_not(&n->e, true, d, a);
    else {
        emit_neg(&n->e, true, d, a);
        emit_test(&n->e, true, a, a);
        emit_move_if(&n->e, EMIT_NOT_NEGATIVE, true, d, a);
    }
    push_reg(n, d);
}
static void op_min_max(struct native_job *n, enum emit_cond take_b)
{
    uint32_t busy = 0;
    struct item b = pop_item(n, &busy), a = pop_item(n, &busy);
    emit_reg rb = in_reg(n, b, &busy), ra = in_own(n, a, &busy);
    if (ra == rb) {
        push_reg(n, ra);
        return;
    }
    emit_cmp(&n->e, true, rb, ra);
    emit_move_if(&n->e, take_b, true, ra, rb);
    push_reg(n, ra);
}
/* Floored division.  By a power of two it is a shift or a mask. */
static void op_divide(struct native_job *n, bool remainder)
{
    uint32_t busy = 0;
    struct emit *e = &n->e;
    struct item b = pop_item(n, &busy);
    if (is_constant(b) && b.value > 0 && (b.value & (b.value - 1)) == 0 && fits(b.value)) {
        if (!remainder) {
            op_shift_by(n, EMIT_SHR_S, (unsigned)__builtin_ctzll((uint64_t)b.value));
            return;
        }
        push_item(n, (struct item){EMIT_NONE, b.value - 1});
        op_alu(n, OP_AND);
        return;
    }
    struct item a = pop_item(n, &busy);
    /* The dividend's two registers must be free of other items; c keeps the divisor. */
    push_item(n, a);
    push_item(n, b);
    while (n->count > 2) spill_lowest(n);
    emit_reg c = X86_RCX, dividend = EMIT_R_DIVIDEND, rest = EMIT_R_REMAINDER;
    a = n->items[0];
    b = n->items[1];
    n->count = 0;
    if (a.reg == c) { /* both places may be taken by the other */
        emit_move(e, true, X86_R8, a.reg);
        a.reg = X86_R8;
    }
    move_item(n, c, b);
    move_item(n, dividend, a);
    struct emit_label minus = EMIT_LABEL, done = EMIT_LABEL, exact = EMIT_LABEL;
    emit_test(e, true, c, c);
    emit_branch(e, EMIT_EQ, &n->division);
    emit_cmp_imm(e, true, c, -1);
    emit_branch(e, EMIT_EQ, &minus);
    emit_divide(e, true, true, c);
    emit_test(e, true, rest, rest);
    emit_branch(e, EMIT_EQ, &exact);
    emit_alu(e, EMIT_XOR, true, X86_R8, rest, c);
    emit_test(e, true, X86_R8, X86_R8);
    emit_branch(e, EMIT_NOT_NEGATIVE, &exact);
    if (remainder)
        emit_alu(e, EMIT_ADD, true, rest, rest, c);
    else
        emit_alu_imm(e, EMIT_SUB, true, dividend, dividend, 1);
    emit_bind(e, &exact);
    if (remainder) emit_move(e, true, dividend, rest);
    emit_jump(e, &done);
    emit_bind(e, &minus);
    if (remainder)
        emit_move_imm(e, dividend, 0);
    else
        emit_neg(e, true, dividend, dividend);
    emit_bind(e, &done);
    push_reg(n, dividend);
}

/* ---- comparisons: followed by a conditional jump, they are the jump ---- */
static bool compares(unsigned op, enum emit_cond *c, bool *with_zero)
{
    static const struct {
        uint8_t op, cond;
    } table[] = {{OP_EQ, EMIT_EQ},      {OP_NE, EMIT_NE},        {OP_LT, EMIT_LT_S},
                 {OP_GT, EMIT_GT_S},    {OP_LE, EMIT_LE_S},      {OP_GE, EMIT_GE_S},
                 {OP_ULT, EMIT_LT_U},   {OP_UGT, EMIT_GT_U},     {OP_ZERO_EQ, EMIT_EQ},
                 {OP_ZERO_NE, EMIT_NE}, {OP_ZERO_LT, EMIT_LT_S}, {OP_ZERO_GT, EMIT_GT_S}};
    for (unsigned i = 0; i < COUNT_OF(table); i++)
        if (table[i].op == op) {
            *c = table[i].cond;
            *with_zero = op >= OP_ZERO_EQ;
            return true;
        }
    return false;
}
static enum emit_cond emit_comparison(struct native_job *n, enum emit_cond c, bool with_zero)
{
    uint32_t busy = 0;
    struct item b = with_zero ? (struct item){EMIT_NONE, 0} : pop_item(n, &busy), a = pop_item(n, &busy);
    if (is_constant(a) && !is_constant(b)) {
        struct item kept = a;
        a = b;
        b = kept;
        c = emit_swapped(c);
    }
    emit_reg ra = in_reg(n, a, &busy);
    if (is_constant(b) && b.value == 0)
        emit_test(&n->e, true, ra, ra);
    else if (is_constant(b) && fits(b.value))
        emit_cmp_imm(&n->e, true, ra, (int32_t)b.value);
    else
        emit_cmp(&n->e, true, ra, in_reg(n, b, &busy));
    return c;
}
/* Jump to a unit if c; the state between blocks, and what the target may know, first. */
static struct unit_info *leave_to(struct native_job *n, uint32_t target)
{
    struct unit_info *u = &n->info[target - n->start];
    if (!u->bound && (u->known == DEPTH_UNKNOWN || u->known > n->known)) u->known = (int16_t)n->known;
    return u;
}
static bool jump_back(struct native_job *n, enum emit_cond c, bool always, uint32_t target)
{
    if (n->slow_count == SLOW_PATHS) return false;
    struct slow_path *s = &n->slow[n->slow_count++];
    *s = (struct slow_path){EMIT_LABEL, EMIT_LABEL, target};
    struct emit_label past = EMIT_LABEL;
    struct unit_info *u = leave_to(n, target);
    if (n->known < u->known)
        return false; /* a way into the loop beside its head: what the head relies on is not sure */
    if (!always) emit_branch(&n->e, emit_invert(c), &past);
    emit_cmp_mem_imm(&n->e, false, FIELD(attention), 0);
    emit_branch(&n->e, EMIT_EQ, &u->label);
    emit_jump(&n->e, &s->from);
    if (!always) emit_bind(&n->e, &past);
    return true;
}
static bool jump_if(struct native_job *n, enum emit_cond c, uint32_t at, uint32_t target)
{
    if (target <= at) return jump_back(n, c, false, target);
    emit_branch(&n->e, c, &leave_to(n, target)->label);
    return true;
}
static bool op_compare(struct native_job *n, uint32_t *at, enum emit_cond c, bool with_zero)
{
    struct forth *f = n->f;
    uint32_t next = *at + 1;
    c = emit_comparison(n, c, with_zero);
    while (next < n->end && unit_base_op(f->code[next]) == OP_ZERO_EQ && !n->info[next - n->start].target) {
        c = emit_invert(c);
        next++;
    }
    if (next < n->end && unit_base_op(f->code[next]) == OP_JUMPZ && !n->info[next - n->start].target) {
        native_flush(n); /* moves and loads keep the flags */
        n->depth = n->info[next + 1 - n->start].depth;
        *at = next;
        return jump_if(n, emit_invert(c), next, (uint32_t)unit_arg(f->code[next]));
    }
    *at = next - 1;
    uint32_t busy = 0;
    emit_reg d = take_free(n, busy);
    emit_set(&n->e, c, d);
    emit_neg(&n->e, true, d, d);
    push_reg(n, d);
    return true;
}

/* ---- the return stack on the machine's: slots of 8 bytes, a loop takes two ---- */
static int32_t r_offset(const struct native_job *n, unsigned index)
{
    int32_t slots = 0;
    for (unsigned i = 0; i < index; i++) slots += (n->r_kinds >> 2 * i & 3) == R_LOOP ? 2 : 1;
    return slots * CELL;
}
static void r_drop(struct native_job *n)
{
    n->r_kinds >>= 2;
    n->r_count--;
}
static void r_add(struct native_job *n, enum r_kind kind)
{
    n->r_kinds = n->r_kinds << 2 | kind;
    n->r_count++;
}
static void op_to_r(struct native_job *n, enum r_kind kind)
{
    uint32_t busy = 0;
    emit_push(&n->e, in_reg(n, pop_item(n, &busy), &busy));
    r_add(n, kind);
}
static void op_from_r(struct native_job *n)
{
    emit_reg r = take_free(n, 0);
    emit_pop(&n->e, r);
    push_reg(n, r);
    r_drop(n);
}
static void load_r(struct native_job *n, int32_t offset)
{
    emit_reg r = take_free(n, 0);
    emit_load(&n->e, EMIT_LOAD_64, r, emit_at(EMIT_R_SP, offset));
    push_reg(n, r);
}
/* The i-th newest local lies behind what was put on the return stack since. */
static int32_t local_offset(const struct native_job *n, unsigned which)
{
    for (unsigned i = 0; i < n->r_count; i++)
        if ((n->r_kinds >> 2 * i & 3) == R_LOCAL && which-- == 0) return r_offset(n, i);
    return 0;
}
static void op_locals(struct native_job *n, unsigned count)
{
    struct item items[FORTH_LOCALS_MAX];
    if (count > 4) { /* from memory: the lowest was pushed first and becomes the oldest local */
        native_spill(n);
        for (unsigned i = 0; i < count; i++) {
            emit_load(&n->e, EMIT_LOAD_64, X86_RCX, emit_at(SP_REG, (int32_t)(count - 1 - i) * CELL));
            emit_push(&n->e, X86_RCX);
            r_add(n, R_LOCAL);
        }
        n->shift += (int32_t)count;
        return;
    }
    uint32_t busy = 0;
    for (unsigned i = count; i-- > 0;) items[i] = pop_item(n, &busy);
    for (unsigned i = 0; i < count; i++) {
        emit_push(&n->e, in_reg(n, items[i], &busy));
        r_add(n, R_LOCAL);
    }
}

/* ---- loops ---- */
static void begin_loop(struct native_job *n, struct item limit, struct item start, uint32_t busy)
{
    emit_reg l = in_reg(n, limit, &busy), s = in_reg(n, start, &busy);
    emit_push(&n->e, INDEX);
    emit_push(&n->e, FUDGE);
    emit_move_imm(&n->e, FUDGE, (uint64_t)1 << 63);
    emit_alu(&n->e, EMIT_XOR, true, FUDGE, FUDGE, l);
    emit_alu(&n->e, EMIT_SUB, true, INDEX, s, FUDGE);
    r_add(n, R_LOOP);
}
static void end_loop(struct native_job *n)
{
    emit_pop(&n->e, FUDGE);
    emit_pop(&n->e, INDEX);
    r_drop(n);
}
static bool op_do(struct native_job *n, uint32_t at, bool question)
{
    uint32_t busy = 0;
    struct item start = pop_item(n, &busy), limit = pop_item(n, &busy);
    if (question) {
        emit_reg l = in_reg(n, limit, &busy), s = in_reg(n, start, &busy);
        /* Just the items beneath stay: in the state between blocks they may need the registers of these two. */
        emit_move(&n->e, true, EMIT_R_SCRATCH, s);
        emit_push(&n->e, l);
        emit_push(&n->e, EMIT_R_SCRATCH);
        native_flush(n);
        emit_pop(&n->e, X86_RDX);
        emit_pop(&n->e, X86_RCX);
        emit_cmp(&n->e, true, X86_RCX, X86_RDX);
        n->depth = n->info[at + 1 - n->start].depth;
        emit_branch(&n->e, EMIT_EQ, &leave_to(n, (uint32_t)unit_arg(n->f->code[at]))->label);
        limit = (struct item){X86_RCX, 0};
        start = (struct item){X86_RDX, 0};
        busy = 1u << X86_RCX | 1u << X86_RDX;
    }
    begin_loop(n, limit, start, busy);
    return true;
}
static bool op_loop(struct native_job *n, uint32_t at, bool plus)
{
    uint32_t target = (uint32_t)unit_arg(n->f->code[at]), busy = 0;
    if (!plus) {
        native_flush(n);
        emit_alu_imm(&n->e, EMIT_ADD, true, INDEX, INDEX, 1);
    } else {
        struct item step = pop_item(n, &busy);
        if (is_constant(step) && fits(step.value)) {
            native_flush(n);
            emit_alu_imm(&n->e, EMIT_ADD, true, INDEX, INDEX, (int32_t)step.value);
        } else {
            move_item(n, EMIT_R_SCRATCH, step);
            emit_push(&n->e, EMIT_R_SCRATCH);
            native_flush(n);
            emit_pop(&n->e, X86_RCX);
            emit_alu(&n->e, EMIT_ADD, true, INDEX, INDEX, X86_RCX);
        }
    }
    if (at + 1 < n->end && n->info[at + 1 - n->start].reached) n->depth = n->info[at + 1 - n->start].depth;
    if (!jump_back(n, EMIT_NO, false, target)) return false;
    end_loop(n);
    return true;
}

/* ---- calls ---- */
static cell call_word(struct forth *f, uint32_t word)
{
    return execute_word(f, word);
}
static cell call_token(struct forth *f, uint32_t unused)
{
    return execute_token(f, pop(f));
}
/* The token in RCX, everything else in the state between blocks: straight to the word if it is native, by way of C if not. */
static void call_dispatched(struct native_job *n)
{
    struct emit *e = &n->e;
    struct emit_label slow = EMIT_LABEL, done = EMIT_LABEL;
    emit_move_imm(e, X86_RSI, XT_TAG);
    emit_alu(e, EMIT_SUB, true, X86_RSI, X86_RCX, X86_RSI);
    emit_load(e, EMIT_LOAD_32, X86_RDX, FIELD(word_count));
    emit_cmp(e, true, X86_RSI, X86_RDX);
    emit_branch(e, EMIT_GE_U, &slow);
    emit_mul_imm(e, true, X86_RSI, X86_RSI, (int32_t)sizeof(struct word));
    emit_alu_mem(e, EMIT_ADD, true, X86_RSI, FIELD(words));
    emit_load(e, EMIT_LOAD_32, X86_RDX, emit_at(X86_RSI, (int32_t)offsetof(struct word, native)));
    emit_test(e, true, X86_RDX, X86_RDX);
    emit_branch(e, EMIT_EQ, &slow);
    emit_alu_mem(e, EMIT_ADD, true, X86_RDX, FIELD(native));
    emit_call_reg(e, X86_RDX);
    emit_jump(e, &done);
    emit_bind(e, &slow);
    push_reg(n, X86_RCX);
    native_c_call(n, call_token, 0);
    native_flush(n);
    emit_bind(e, &done);
}
static void op_execute(struct native_job *n)
{
    uint32_t busy = 0;
    emit_push(&n->e, in_reg(n, pop_item(n, &busy), &busy)); /* its register may be needed for the top item */
    native_flush(n);
    emit_pop(&n->e, X86_RCX);
    call_dispatched(n);
}
static void op_deferred(struct native_job *n, uint32_t word)
{
    native_flush(n);
    emit_move_imm(&n->e, X86_RCX, (uint64_t)(uintptr_t)&n->f->words[word].value);
    emit_load(&n->e, EMIT_LOAD_64, X86_RCX, emit_at(X86_RCX, 0));
    call_dispatched(n);
}
static void call_native(struct native_job *n, uint32_t place)
{
    struct emit_label to = fixed_label(place);
    native_flush(n);
    emit_call(&n->e, &to);
    native_reload(n);
}
static bool inline_body(struct native_job *n, uint32_t word)
{
    const struct word *w = &n->f->words[word];
    for (uint32_t at = w->code; at < w->code_end; at++) {
        unsigned op = unit_base_op(n->f->code[at]);
        if (op == OP_EXIT) break;
        uint32_t here = at;
        uint32_t kept_start = n->start, kept_end = n->end;
        struct unit_info *kept_info = n->info;
        n->start = w->code; /* so that looking ahead stays inside */
        n->end = w->code_end - 1;
        n->info = n->inline_info;
        bool good = native_op(n, &here);
        n->start = kept_start;
        n->end = kept_end;
        n->info = kept_info;
        if (!good) return false;
        at = here;
    }
    return true;
}
static bool op_call(struct native_job *n, uint32_t word)
{
    struct forth *f = n->f;
    const struct word *w = &f->words[word];
    if (word == n->word) {
        call_native(n, n->begin);
        return true;
    }
    if (native_inlined(f, word)) return inline_body(n, word);
    if (w->kind == W_CREATE && w->does != 0 && word != f->last_made) {
        push_item(n, (struct item){EMIT_NONE, w->value});
        word = w->does;
        if (native_inlined(f, word)) return inline_body(n, word);
        w = &f->words[word];
    }
    if (w->kind == W_COLON && w->native != 0) {
        call_native(n, w->native);
        return true;
    }
    native_c_call(n, call_word, word);
    return true;
}

static void shuffle(struct native_job *n, unsigned in, const char *out)
{
    uint32_t busy = 0;
    struct item items[4];
    for (unsigned i = in; i-- > 0;) items[i] = pop_shared(n, &busy);
    for (; *out != 0; out++) push_item(n, items[*out - 'a']);
}

/* What comes after an operation whose effect is not known. */
static void new_segment(struct native_job *n, uint32_t at)
{
    native_flush(n);
    if (at < n->end) native_segment(n, at);
}

bool native_op(struct native_job *n, uint32_t *at)
{
    struct forth *f = n->f;
    uint64_t unit = f->code[*at];
    unsigned op = unit_base_op(unit);
    int64_t arg = unit_arg(unit);
    enum emit_cond c;
    bool with_zero;
    uint32_t busy = 0;
    if (compares(op, &c, &with_zero)) return op_compare(n, at, c, with_zero);
    switch (op) {
    case OP_LIT: push_item(n, (struct item){EMIT_NONE, arg}); break;
    case OP_LITX: push_item(n, (struct item){EMIT_NONE, (int64_t)f->code[++*at]}); break;
    case OP_JUMP:
        native_flush(n);
        if (arg <= *at) return jump_back(n, EMIT_EQ, true, (uint32_t)arg);
        emit_jump(&n->e, &leave_to(n, (uint32_t)arg)->label);
        break;
    case OP_JUMPZ:
        c = emit_comparison(n, EMIT_EQ, true);
        native_flush(n);
        n->depth = n->info[*at + 1 - n->start].depth;
        return jump_if(n, c, *at, (uint32_t)arg);
    case OP_CALL: {
        bool inlined = native_inlined(f, (uint32_t)arg);
        if (!op_call(n, (uint32_t)arg)) return false;
        if (n->dynamic && !inlined) new_segment(n, *at + 1);
        break;
    }
    case OP_DEFERRED: op_deferred(n, (uint32_t)arg); break;
    case OP_EXECUTE: op_execute(n); break;
    case OP_PRIM: native_c_call(n, primitive_call, (uint32_t)arg); break;
    case OP_EXIT:
        native_flush(n);
        emit_return(&n->e);
        break;
    case OP_DO:
    case OP_QDO: return op_do(n, *at, op == OP_QDO);
    case OP_LOOP:
    case OP_PLUS_LOOP: return op_loop(n, *at, op == OP_PLUS_LOOP);
    case OP_UNLOOP: end_loop(n); break;
    case OP_I: {
        emit_reg r = take_free(n, 0);
        emit_lea(&n->e, true, r, emit_at_index(INDEX, FUDGE, 0, 0));
        push_reg(n, r);
        break;
    }
    case OP_J: { /* what the innermost loop keeps of the one outside */
        unsigned i = 0;
        while ((n->r_kinds >> 2 * i & 3) != R_LOOP) i++;
        load_r(n, r_offset(n, i));
        emit_alu_mem(&n->e, EMIT_ADD, true, n->items[n->count - 1].reg,
                     emit_at(EMIT_R_SP, r_offset(n, i) + CELL));
        break;
    }
    case OP_TO_R: op_to_r(n, R_ITEM); break;
    case OP_R_FROM: op_from_r(n); break;
    case OP_R_FETCH: load_r(n, 0); break;
    case OP_TWO_TO_R: {
        struct item b = pop_item(n, &busy), a = pop_item(n, &busy);
        emit_push(&n->e, in_reg(n, a, &busy));
        emit_push(&n->e, in_reg(n, b, &busy));
        r_add(n, R_ITEM);
        r_add(n, R_ITEM);
        break;
    }
    case OP_TWO_R_FROM:
        op_from_r(n);
        op_from_r(n);
        shuffle(n, 2, "ba");
        break;
    case OP_TWO_R_FETCH:
        load_r(n, CELL);
        load_r(n, 0);
        break;
    case OP_LOCALS: op_locals(n, (unsigned)arg); break;
    case OP_UNLOCALS:
        emit_adjust_stack(&n->e, (int32_t)arg * CELL);
        for (int64_t i = 0; i < arg; i++) r_drop(n);
        break;
    case OP_LOCAL_FETCH: load_r(n, local_offset(n, (unsigned)arg)); break;
    case OP_LOCAL_STORE:
        emit_store(&n->e, 3, in_reg(n, pop_item(n, &busy), &busy),
                   emit_at(EMIT_R_SP, local_offset(n, (unsigned)arg)));
        break;

    case OP_DUP: shuffle(n, 1, "aa"); break;
    case OP_QDUP: { /* two ways out, as many items more in one */
        emit_reg r = in_reg(n, pop_item(n, &busy), &busy);
        push_reg(n, r);
        native_flush(n);
        struct emit_label zero = EMIT_LABEL;
        emit_test(&n->e, true, TOP, TOP);
        emit_branch(&n->e, EMIT_EQ, &zero);
        emit_lea(&n->e, true, SP_REG, emit_at(SP_REG, -CELL));
        emit_store(&n->e, 3, TOP, emit_at(SP_REG, 0));
        emit_bind(&n->e, &zero);
        break;
    }
    case OP_DROP: shuffle(n, 1, ""); break;
    case OP_SWAP: shuffle(n, 2, "ba"); break;
    case OP_OVER: shuffle(n, 2, "aba"); break;
    case OP_ROT: shuffle(n, 3, "bca"); break;
    case OP_MINUS_ROT: shuffle(n, 3, "cab"); break;
    case OP_NIP: shuffle(n, 2, "b"); break;
    case OP_TUCK: shuffle(n, 2, "bab"); break;
    case OP_TWO_DUP: shuffle(n, 2, "abab"); break;
    case OP_TWO_DROP: shuffle(n, 2, ""); break;
    case OP_TWO_SWAP: shuffle(n, 4, "cdab"); break;
    case OP_TWO_OVER: shuffle(n, 4, "abcdab"); break;
    case OP_ADD:
    case OP_SUB:
    case OP_AND:
    case OP_OR:
    case OP_XOR: op_alu(n, op); break;
    case OP_MUL: op_mul(n); break;
    case OP_DIV:
    case OP_MOD: op_divide(n, op == OP_MOD); break;
    case OP_NEGATE:
    case OP_INVERT:
    case OP_ABS: op_unary(n, op); break;
    case OP_MIN: op_min_max(n, EMIT_LT_S); break;
    case OP_MAX: op_min_max(n, EMIT_GT_S); break;
    case OP_INC: op_add_constant(n, 1); break;
    case OP_DEC: op_add_constant(n, -1); break;
    case OP_CELL_PLUS: op_add_constant(n, CELL); break;
    case OP_CELLS: op_shift_by(n, EMIT_SHL, 3); break;
    case OP_TWO_TIMES: op_shift_by(n, EMIT_SHL, 1); break;
    case OP_TWO_SLASH: op_shift_by(n, EMIT_SHR_S, 1); break;
    case OP_LSHIFT: op_shift(n, EMIT_SHL); break;
    case OP_RSHIFT: op_shift(n, EMIT_SHR_U); break;
    case OP_S_TO_D:
        shuffle(n, 1, "aa");
        op_shift_by(n, EMIT_SHR_S, 63);
        break;
    case OP_FETCH: op_fetch(n, EMIT_LOAD_64); break;
    case OP_C_FETCH: op_fetch(n, EMIT_LOAD_U8); break;
    case OP_STORE: op_store(n, 3, false); break;
    case OP_C_STORE: op_store(n, 0, false); break;
    case OP_PLUS_STORE: op_store(n, 3, true); break;
    case OP_TWO_FETCH: op_two_fetch(n); break;
    case OP_TWO_STORE: op_two_store(n); break;
    case OP_COUNT:
        shuffle(n, 1, "aa");
        op_fetch(n, EMIT_LOAD_U8);
        shuffle(n, 2, "ba");
        op_add_constant(n, 1);
        shuffle(n, 2, "ba");
        break;
    default: return false;
    }
    if ((op == OP_EXECUTE || op == OP_DEFERRED || op == OP_PRIM || op == OP_QDUP)) {
        int in, net;
        if (n->dynamic || !native_effect(n, op, arg, &in, &net)) new_segment(n, *at + 1);
    }
    return true;
}
