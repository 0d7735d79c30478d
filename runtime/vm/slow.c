/* Instructions whose work is done by C functions, and the full forms of the others. */
#include "runtime/vm/interp.h"

#include "runtime/value/collection.h"
#include "runtime/value/number.h"
#include "runtime/value/string.h"

/* ---- what operator an instruction is ---- */
enum intrinsic vm_operator(unsigned op)
{
    switch (op) {
#define INTRINSIC(name, argc, OP)                                                                            \
    case OP_##OP: return INTRINSIC_##OP;
#include "spec/intrinsics.def"
#undef INTRINSIC
    case OP_ADDI:
    case OP_IADD:
    case OP_ADDL:
    case OP_LADD: return INTRINSIC_ADD;
    case OP_SUBI:
    case OP_ISUB:
    case OP_SUBL:
    case OP_LSUB: return INTRINSIC_SUB;
    case OP_MULI:
    case OP_IMUL:
    case OP_MULL:
    case OP_LMUL: return INTRINSIC_MUL;
    case OP_DIVL:
    case OP_LDIV: return INTRINSIC_DIV;
    case OP_QUOTI: return INTRINSIC_QUOT;
    case OP_REMI: return INTRINSIC_REM;
    case OP_MODI: return INTRINSIC_MOD;
    case OP_JNNOT: return INTRINSIC_NOT;
    case OP_JNIL:
    case OP_JNNIL: return INTRINSIC_ISNIL;
    case OP_LOOPLT:
    case OP_LOOPLTI:
    case OP_LOOPNLT:
    case OP_LOOPNLTI:
    case OP_JNLTL:
    case OP_JNLT:
    case OP_JNLTI: return INTRINSIC_LT;
    case OP_LOOPLE:
    case OP_LOOPLEI:
    case OP_LOOPNLE:
    case OP_LOOPNLEI:
    case OP_JNLEL:
    case OP_JNLE:
    case OP_JNLEI: return INTRINSIC_LE;
    case OP_LOOPGT:
    case OP_LOOPGTI:
    case OP_LOOPNGT:
    case OP_LOOPNGTI:
    case OP_JNGTL:
    case OP_JNGT:
    case OP_JNGTI: return INTRINSIC_GT;
    case OP_LOOPGE:
    case OP_LOOPGEI:
    case OP_LOOPNGE:
    case OP_LOOPNGEI:
    case OP_JNGEL:
    case OP_JNGE:
    case OP_JNGEI: return INTRINSIC_GE;
    case OP_LOOPNUMEQ:
    case OP_LOOPNUMEQI:
    case OP_LOOPNNUMEQ:
    case OP_LOOPNNUMEQI:
    case OP_JNNUMEQ:
    case OP_JNNUMEQI: return INTRINSIC_NUMEQ;
    case OP_LOOPEQ:
    case OP_LOOPEQI:
    case OP_LOOPNEQ:
    case OP_LOOPNEQI:
    case OP_JNEQ:
    case OP_JNEQI:
    case OP_JNEQL: return INTRINSIC_EQ;
    case OP_NTHI: return INTRINSIC_NTH;
    case OP_GETL: return INTRINSIC_GET;
    case OP_JNID: return INTRINSIC_ID;
    default: return INTRINSIC_COUNT;
    }
}

/* Operand kinds of the instructions, to fetch arguments by. */
enum operand {
    NONE,
    DEF,
    DEF2,
    USE,
    BOTH,
    IMM,
    IMM32,
    SPECIAL,
    LIT32,
    LIT,
    GLOBAL32,
    GLOBAL,
    PROTO,
    UPVAL,
    COUNT,
    JUMP32,
    JUMP,
    WINDOW,
    WINDOWG,
    RANGE
};
static const uint8_t operands[OP_COUNT][3] = {
#define OP(NAME, name, a, b, c, flow, doc) [OP_##NAME] = {a, b, c},
#include "spec/opcodes.def"
#undef OP
};

unsigned vm_operator_args(const struct process *p, value args[2])
{
    const struct insn *i = p->ip;
    const uint8_t *kinds = operands[i->op];
    const uint16_t words[3] = {i->a, i->b, i->c};
    unsigned n = 0;
    for (unsigned k = 0; k < 3 && n < 2; k++) {
        if (kinds[k] == USE)
            args[n++] = p->base[words[k]];
        else if (kinds[k] == IMM)
            args[n++] = from_fixnum((int16_t)words[k]);
        else if (kinds[k] == LIT)
            args[n++] = p->link->literals[words[k]];
    }
    return n;
}

const struct prim *vm_operator_prim(struct process *p, unsigned op)
{
    enum intrinsic i = vm_operator(op);
    return i == INTRINSIC_COUNT ? NULL : vm_of(p)->operators[i];
}

/* ---- full forms; VAL_SLOW: the primitive has to do it ---- */
static value compare(struct process *p, enum intrinsic operator, value x, value y)
{
    if (!is_number(x) || !is_number(y)) return VAL_SLOW;
    if (operator== INTRINSIC_NUMEQ) return from_bool(number_same(x, y));
    int order = number_compare(x, y);
    if (order == 2) return FALSE_;
    switch (operator) {
    case INTRINSIC_LT: return from_bool(order < 0);
    case INTRINSIC_LE: return from_bool(order <= 0);
    case INTRINSIC_GT: return from_bool(order > 0);
    default: return from_bool(order >= 0);
    }
}

static value nth(value v, value i)
{
    if (!is_vector(v) || !is_fixnum(i) || to_fixnum(i) < 0) return VAL_SLOW;
    value item = vector_nth(v, (uint64_t)to_fixnum(i));
    return item == VAL_ABSENT ? VAL_SLOW : item;
}

static value get(value coll, value key)
{
    value v = VAL_SLOW;
    switch (type_of(coll)) {
    case T_AMAP:
    case T_HMAP: v = is_keyword(key) ? map_get_keyword(coll, key) : map_get(coll, key); break;
    case T_HSET: v = set_get(coll, key); break;
    case T_COUNT: v = coll == NIL ? VAL_ABSENT : VAL_SLOW; break;
    default: break;
    }
    return v == VAL_ABSENT ? NIL : v;
}

/* cons of something that is a sequence already. */
static value cons(struct process *p, value first, value rest)
{
    switch (type_of(rest)) {
    case T_CONS:
    case T_EMPTY_LIST:
    case T_LAZY:
    case T_INDEXED_SEQ:
    case T_MAP_SEQ:
    case T_TREE_SEQ:
    case T_RANGE: break;
    default:
        if (rest != NIL) return VAL_SLOW;
    }
    return list_cons(p, first, rest);
}

static value full_form(struct process *p, enum intrinsic operator, value x, value y)
{
    int budget = EQUAL_BUDGET;
    switch (operator) {
    case INTRINSIC_ADD: return number_add(p, x, y);
    case INTRINSIC_SUB: return number_sub(p, x, y);
    case INTRINSIC_MUL: return number_mul(p, x, y);
    case INTRINSIC_DIV: return number_div(p, x, y);
    case INTRINSIC_QUOT: return number_quot(p, x, y);
    case INTRINSIC_REM: return number_rem(p, x, y);
    case INTRINSIC_MOD: return number_mod(p, x, y);
    case INTRINSIC_INC: return number_add(p, x, from_fixnum(1));
    case INTRINSIC_DEC: return number_sub(p, x, from_fixnum(1));
    case INTRINSIC_BITAND: return number_bitand(p, x, y);
    case INTRINSIC_BITOR: return number_bitor(p, x, y);
    case INTRINSIC_BITXOR: return number_bitxor(p, x, y);
    case INTRINSIC_SHL: return number_shl(p, x, y);
    case INTRINSIC_SHR: return number_shr(p, x, y);
    case INTRINSIC_LT:
    case INTRINSIC_LE:
    case INTRINSIC_GT:
    case INTRINSIC_GE:
    case INTRINSIC_NUMEQ: return compare(p, operator, x, y);
    case INTRINSIC_EQ: return value_equal(x, y, &budget);
    case INTRINSIC_ID: return from_bool(x == y || (is_keyword(x) && is_keyword(y) && name_equal(x, y)));
    case INTRINSIC_NTH: return nth(x, y);
    case INTRINSIC_GET: return get(x, y);
    case INTRINSIC_CONS: return cons(p, x, y);
    case INTRINSIC_REST: return is_cons(x) && cons_rest(x) == NIL ? empty_list() : VAL_SLOW;
    default: return VAL_SLOW;
    }
}

/* What an instruction gets from a primitive that it called with args: the state is saved. */
static VM_HANDLER enum vm_exit settle(HANDLER_ARGS)
{
    value v = (value)w;
    if (LIKELY(!is_sentinel(v))) {
        vm_complete(p, v);
        GO(vm_continue);
    }
    switch (v) {
    case VAL_YIELD: return VM_YIELD;
    case VAL_SUSPEND: return VM_WAIT;
    case VAL_EXIT: return VM_EXIT;
    case VAL_ERROR: vm_raise(p, false); GO(vm_continue);
    default:
        process_fail(p, ERR_INTERNAL, NIL, "instruction %d gave no value", (int64_t)ip->op);
        vm_raise(p, false);
        GO(vm_continue);
    }
}

/* The operator at p->ip, in full.  VAL_ABSENT: the state in p is where to go on.  (Not inlined: a handler may have no
 * variables in memory, since a sanitizer's build cannot lay them out.) */
static __attribute__((noinline)) value run_operator(struct process *p)
{
    value args[2] = {NIL, NIL}, v = VAL_SLOW;
    unsigned op = p->ip->op, n = vm_operator_args(p, args);
    if (LIKELY(p->prim_state == NIL)) v = full_form(p, vm_operator(op), args[0], args[1]);
    if (v == VAL_SLOW) {
        const struct prim *prim = vm_operator_prim(p, op);
        if (prim != NULL) v = prim->fn(p, args, n);
    }
    if (v != VAL_TRAP) return v;
    vm_shim_trap(p, p->trap, args, p->trap_argc == TRAP_SAME_ARGS ? n : p->trap_argc, false);
    return VAL_ABSENT;
}

VM_HANDLER enum vm_exit vm_operator_slow(HANDLER_ARGS)
{
    SAVE();
    value v = run_operator(p);
    if (v == VAL_ABSENT) GO(vm_continue);
    w = v;
    GO(settle);
}

VM_HANDLER enum vm_exit vm_get(HANDLER_ARGS)
{
    value key = base[OPERAND_C(w)], coll = base[OPERAND_B(w)];
    if (UNLIKELY(p->prim_state != NIL)) GO(vm_operator_slow);
    value v = get(coll, key);
    if (UNLIKELY(is_sentinel(v))) {
        w = insn_word(ip);
        GO(vm_operator_slow);
    }
    base[OPERAND_A(w)] = v;
    NEXT();
}

VM_HANDLER enum vm_exit vm_getl(HANDLER_ARGS)
{
    value key = link->literals[OPERAND_C(w)], coll = base[OPERAND_B(w)];
    if (UNLIKELY(p->prim_state != NIL)) GO(vm_operator_slow);
    value v = get(coll, key);
    if (UNLIKELY(is_sentinel(v))) {
        w = insn_word(ip);
        GO(vm_operator_slow);
    }
    base[OPERAND_A(w)] = v;
    NEXT();
}

/* The call of a keyword that the instruction stands for. */
static __attribute__((noinline)) void call_literal(struct process *p)
{
    value args[1] = {p->base[p->ip->b]};
    vm_shim(p, p->link->literals[p->ip->c], args, 1, SHIM_RESULT);
}

VM_HANDLER enum vm_exit vm_keyget(HANDLER_ARGS)
{
    value key = link->literals[OPERAND_C(w)], coll = base[OPERAND_B(w)];
    value v = is_type(key, T_KEYWORD) ? get(coll, key) : VAL_SLOW;
    if (UNLIKELY(is_sentinel(v))) {
        SAVE();
        call_literal(p);
        GO(vm_continue);
    }
    base[OPERAND_A(w)] = v;
    NEXT();
}

static __attribute__((noinline)) void run_redefined(struct process *p)
{
    value args[2] = {NIL, NIL};
    unsigned n = vm_operator_args(p, args);
    struct cell *c = vm_of(p)->intrinsics[vm_operator(p->ip->op)];
    value f = __atomic_load_n(&c->content, __ATOMIC_RELAXED);
    if (f == VAL_UNBOUND)
        vm_shim_trap(p, TRAP_UNDEFINED, &c->symbol, 1, false);
    else
        vm_shim(p, f, args, n, SHIM_RESULT);
}

/* The tests of loops: the operator may be anything now, but going round still costs a reduction. */
static bool goes_round(unsigned op)
{
    return op >= OP_LOOPT && op <= OP_LOOPNEQI;
}

VM_HANDLER enum vm_exit vm_call_redefined(HANDLER_ARGS)
{
    if (goes_round(ip->op) && UNLIKELY(--p->reductions <= 0)) GO(vm_safepoint);
    SAVE();
    run_redefined(p);
    GO(vm_continue);
}

/* ---- making things ---- */
VM_HANDLER enum vm_exit vm_closure(HANDLER_ARGS)
{
    uint32_t a = OPERAND_A(w), n = OPERAND_C(w);
    struct object *o = heap_alloc(p, T_FN, 0, n + 1);
    o->p[0] = (value)(uintptr_t)link->unit->protos[OPERAND_B(w)];
    for (uint32_t i = 0; i < n; i++) o->p[1 + i] = base[a + 1 + i];
    base[a] = from_obj(o);
    NEXT();
}

static value set_of(struct process *p, const value *items, uint32_t n)
{
    value s = empty_set();
    for (uint32_t i = 0; i < n && !is_sentinel(s); i++) s = set_conj(p, s, items[i]);
    return s;
}

/* A map or set in which something came twice. */
static value fail_duplicate(struct process *p, const value *items, uint32_t n, uint32_t step)
{
    for (uint32_t i = 0; i < n; i += step)
        for (uint32_t j = 0; j < i; j += step) {
            int budget = EQUAL_BUDGET;
            if (value_equal(items[i], items[j], &budget) == TRUE_)
                return process_fail(p, ERR_ARGUMENT, items[i], "Duplicate key: %v", items[i]);
        }
    return process_fail(p, ERR_ARGUMENT, NIL, "Duplicate key");
}

prim_fn prim_hash_map, prim_hash_set;

/* By the primitive, for keys whose hash or equality takes long or needs Lonala.  It gets a copy: it may rewrite its arguments,
 * and these are registers.  VAL_ABSENT: the state in p is where to go on. */
static value collect_slowly(struct process *p, unsigned op, const value *items, uint32_t n)
{
    prim_fn *primitive = op == OP_MAP ? prim_hash_map : prim_hash_set;
    value *args = heap_alloc(p, T_ARRAY, 0, n)->p;
    __builtin_memcpy(args, items, n * sizeof(value));
    value v = primitive(p, args, n);
    if (v != VAL_TRAP) return v;
    vm_shim_trap(p, p->trap, args, p->trap_argc == TRAP_SAME_ARGS ? n : p->trap_argc, false);
    return VAL_ABSENT;
}

static __attribute__((noinline)) value collect_entries(struct process *p, unsigned op, value *items,
                                                       uint32_t n)
{
    value v = VAL_SLOW;
    if (p->prim_state == NIL) v = op == OP_MAP ? map_make(p, items, n / 2) : set_of(p, items, n);
    if (v == VAL_SLOW) v = collect_slowly(p, op, items, n);
    if (is_sentinel(v)) return v;
    if (op == OP_MAP ? map_count(v) < n / 2 : set_count(v) < n)
        return fail_duplicate(p, items, n, op == OP_MAP ? 2 : 1);
    return v;
}

VM_HANDLER enum vm_exit vm_collection(HANDLER_ARGS)
{
    value *items = base + OPERAND_B(w);
    uint32_t n = OPERAND_C(w);
    SAVE();
    value v = ip->op == OP_VECTOR ? vector_make(p, items, n) : collect_entries(p, ip->op, items, n);
    if (UNLIKELY(is_sentinel(v))) {
        if (v == VAL_ABSENT) GO(vm_continue);
        w = v;
        GO(settle);
    }
    base[ip->a] = v;
    NEXT();
}

/* ---- receive ---- */
static VM_HANDLER enum vm_exit receive_timed(HANDLER_ARGS)
{
    value ms = base[OPERAND_A(w)];
    if (ms != NIL && !is_number(ms)) {
        fail_type(p, "receive", 1, ms, "a number of milliseconds or nil");
        vm_raise(p, false);
        GO(vm_continue);
    }
    if (ms != NIL && mailbox_timed_out(p, ms)) {
        mailbox_restart(p);
        NEXT();
    }
    p->ip = ip + 1 + OPERAND_SBC(w);
    return VM_WAIT;
}

/* What a receive looked at is no longer known: its own test received messages (or the code is not the compiler's). */
static VM_HANDLER enum vm_exit receive_lost(HANDLER_ARGS)
{
    process_fail(p, ERR_STATE, NIL, "the message is lost: the test of a receive must not receive itself");
    vm_raise(p, false);
    GO(vm_continue);
}

VM_HANDLER enum vm_exit vm_receive(HANDLER_ARGS)
{
    SAVE();
    switch (ip->op) {
    case OP_RECV_PEEK: {
        value m = mailbox_peek(p);
        if (m == VAL_ABSENT) {
            p->flags &= ~PROC_PEEKED;
            ip += OPERAND_SBC(w);
        } else {
            p->flags |= PROC_PEEKED;
            base[OPERAND_A(w)] = m;
        }
        NEXT();
    }
    case OP_RECV_TAKE:
        if (UNLIKELY(!(p->flags & PROC_PEEKED))) GO(receive_lost);
        p->flags &= ~PROC_PEEKED;
        mailbox_take(p);
        NEXT();
    case OP_RECV_START: mailbox_restart(p); NEXT();
    case OP_RECV_SKIP:
        if (UNLIKELY(!(p->flags & PROC_PEEKED))) GO(receive_lost);
        if (UNLIKELY(--p->reductions <= 0)) GO(vm_safepoint);
        p->flags &= ~PROC_PEEKED;
        mailbox_skip(p);
        ip += OPERAND_SBC(w);
        NEXT();
    case OP_RECV_WAIT: p->ip = ip + 1 + OPERAND_SBC(w); return VM_WAIT;
    default: GO(receive_timed);
    }
}

/* ---- debugger ---- */
static __attribute__((noinline)) void run_break(struct process *p, value number)
{
    vm_shim_trap(p, TRAP_BREAK, &number, 1, false);
}

VM_HANDLER enum vm_exit vm_break(HANDLER_ARGS)
{
    SAVE();
    run_break(p, from_fixnum(OPERAND_SBC(w)));
    GO(vm_continue);
}
