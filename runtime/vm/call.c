/* Calls beyond the fast way, and what grows out of them: shims, errors, completion of instructions. */
#include "runtime/vm/interp.h"

#include "runtime/sched/domain.h"
#include "runtime/value/collection.h"
#include "runtime/value/string.h"

VM_HANDLER enum vm_exit vm_continue(HANDLER_ARGS)
{
    ip = p->ip;
    base = p->base;
    link = p->link;
    d = p->dispatch;
    DISPATCH();
}

/* ---- room ---- */
uint32_t vm_frame_words(const struct process *p)
{
    return frame_words_used(p) - (uint32_t)(p->base - p->stack);
}

bool vm_stack_room(struct process *p, uint64_t words)
{
    if ((uint64_t)(p->stack_end - p->base) >= words) return true;
    uint64_t needed = (uint64_t)(p->base - p->stack) + words, have = (uint64_t)(p->stack_end - p->stack);
    if (needed > LIMIT_STACK_WORDS) {
        process_fail(p, ERR_STACK_OVERFLOW, NIL, "the stack would grow beyond %u words",
                     (uint64_t)LIMIT_STACK_WORDS);
        if (have == LIMIT_STACK_WORDS) p->stack_end += STACK_RESERVE_WORDS;
        return false;
    }
    uint64_t wanted = min_u64(max_u64(2 * have, needed + FRAME_HIDDEN + SHIM_ARGS), LIMIT_STACK_WORDS);
    if (frames_move_stack(p, (uint32_t)wanted)) return true;
    process_fail(p, ERR_OUT_OF_MEMORY, NIL, "no memory for a stack of %u words", wanted);
    return false;
}

/* ---- shims ---- */
void vm_exit(struct process *p, value reason)
{
    p->exit_reason = reason;
    p->ip = &vm_stubs[STUB_FINISH];
    p->base = p->stack + FRAME_HIDDEN;
}

void vm_shim(struct process *p, value f, const value *args, uint32_t argc, value mode)
{
    uint32_t below = vm_frame_words(p);
    bool on_stack = args >= p->stack && args < p->stack_end;
    ptrdiff_t offset = on_stack ? args - p->stack : 0;
    if (!vm_stack_room(p, (uint64_t)below + FRAME_HIDDEN + SHIM_ARGS + argc)) {
        vm_exit(p, p->error);
        return;
    }
    if (on_stack) args = p->stack + offset;
    value *s = p->base + below + FRAME_HIDDEN;
    __builtin_memmove(s + SHIM_ARGS, args, argc * sizeof(value));
    s[FRAME_CLOSURE] = mode;
    s[FRAME_LINK] = frame_link_word(p->link, 0);
    s[FRAME_RETURN] = (value)(uintptr_t)p->ip;
    s[SHIM_DISTANCE] = from_fixnum(s - p->base);
    s[SHIM_ARGC] = from_fixnum(argc);
    s[SHIM_CALL] = f;
    p->base = s;
    p->ip = &vm_stubs[STUB_CALL];
}

value vm_trap_function(struct process *p, enum trap t)
{
    struct cell *c = vm_of(p)->traps[t];
    value f = c == NULL ? VAL_UNBOUND : __atomic_load_n(&c->content, __ATOMIC_RELAXED);
    return is_type(f, T_FN) ? f : VAL_ABSENT;
}

__attribute__((noinline)) void vm_raise(struct process *p, bool again)
{
    value condition = p->error, f = vm_trap_function(p, TRAP_ERROR);
    p->error = NIL;
    if (f == VAL_ABSENT)
        vm_exit(p, condition);
    else
        vm_shim(p, f, &condition, 1, again ? SHIM_AGAIN : SHIM_RESULT);
}

static const char *const trap_names[TRAPS] = {
#define TRAP(NAME, symbol) symbol,
#include "runtime/vm/traps.def"
#undef TRAP
};

/* What to say when the function is not there. */
static void trap_missing(struct process *p, enum trap t, const value *args, uint32_t argc)
{
    value what = argc > 0 ? args[0] : NIL;
    switch (t) {
    case TRAP_UNDEFINED: process_fail(p, ERR_UNDEFINED, what, "%v is not defined", what); return;
    case TRAP_ARITY:
        process_fail(p, ERR_ARITY, what, "%v does not take %d arguments", what, (int64_t)argc - 1);
        return;
    case TRAP_NOT_CALLABLE: process_fail(p, ERR_NOT_CALLABLE, what, "%v is not a function", what); return;
    default: process_fail(p, ERR_UNDEFINED, what, "%s is not defined", trap_names[t]);
    }
}

void vm_shim_trap(struct process *p, enum trap t, const value *args, uint32_t argc, bool again)
{
    value f = vm_trap_function(p, t);
    if (f == VAL_ABSENT) {
        trap_missing(p, t, args, argc);
        vm_raise(p, again);
    } else {
        vm_shim(p, f, args, argc, again ? SHIM_AGAIN : SHIM_RESULT);
    }
}

/* ---- completion ---- */
void vm_complete(struct process *p, value v)
{
    const struct insn *i = p->ip;
    switch (i->op) {
    case OP_TAIL:
    case OP_TAILG: frame_return(p, p->base, v); return;
    case OP_JNLT:
    case OP_JNLE:
    case OP_JNGT:
    case OP_JNGE:
    case OP_JNLTI:
    case OP_JNLEI:
    case OP_JNGTI:
    case OP_JNGEI:
    case OP_JNNUMEQ:
    case OP_JNNUMEQI:
    case OP_JNEQ:
    case OP_JNEQI:
    case OP_JNEQL:
    case OP_JNLTL:
    case OP_JNLEL:
    case OP_JNGTL:
    case OP_JNGEL:
    case OP_LOOPNLT:
    case OP_LOOPNLTI:
    case OP_LOOPNLE:
    case OP_LOOPNLEI:
    case OP_LOOPNGT:
    case OP_LOOPNGTI:
    case OP_LOOPNGE:
    case OP_LOOPNGEI:
    case OP_LOOPNNUMEQ:
    case OP_LOOPNNUMEQI:
    case OP_LOOPNEQ:
    case OP_LOOPNEQI:
    case OP_JNID: p->ip += truthy(v) ? 1 : 1 + (int16_t)i->c; return;
    case OP_LOOPLT:
    case OP_LOOPLTI:
    case OP_LOOPLE:
    case OP_LOOPLEI:
    case OP_LOOPGT:
    case OP_LOOPGTI:
    case OP_LOOPGE:
    case OP_LOOPGEI:
    case OP_LOOPNUMEQ:
    case OP_LOOPNUMEQI:
    case OP_LOOPEQ:
    case OP_LOOPEQI: p->ip += truthy(v) ? 1 + (int16_t)i->c : 1; return;
    case OP_JNIL: p->ip += truthy(v) ? 1 + insn_bc(*i) : 1; return;
    case OP_JNNOT:
    case OP_JNNIL: p->ip += truthy(v) ? 1 : 1 + insn_bc(*i); return;
    case OP_BREAK:
    case OP_RECV_WAITT:
    case OP_RECV_TAKE: p->ip++; return;
    case OP_RECV_SKIP: p->ip += 1 + insn_bc(*i); return;
    default: p->base[i->a] = v; p->ip++;
    }
}

/* The stubs: a shim's call, and what follows it. */
VM_HANDLER enum vm_exit vm_shim_op(HANDLER_ARGS)
{
    switch (ip->op) {
    case OP_START:
    case OP_SHIM_CALL: w = CALL_WORD(SHIM_CALL, to_fixnum(base[SHIM_ARGC])); GO(vm_call_any);
    case OP_FINISH: SAVE(); return VM_EXIT;
    default: break;
    }
    value v = base[SHIM_CALL], mode = base[FRAME_CLOSURE];
    p->link = frame_link(base[FRAME_LINK]);
    p->ip = (const struct insn *)(uintptr_t)base[FRAME_RETURN];
    p->base = base - to_fixnum(base[SHIM_DISTANCE]);
    if (mode == SHIM_RESULT) {
        vm_complete(p, v);
        GO(vm_continue);
    }
    ip = p->ip;
    base = p->base;
    link = p->link;
    d = p->dispatch;
    w = insn_word(ip);
    MUSTTAIL vm_of(p)->dispatch.op[w & 0xffff](p, ip, base, link, d, w);
}

/* ---- safepoints ---- */
/* A collection looks at the whole stack; so that deep recursion does not cost the square of its depth, the room for new
 * objects grows with the stack. */
static uint32_t room_wanted(const struct process *p)
{
    return frame_words_used(p) / 8;
}

VM_HANDLER enum vm_exit vm_safepoint(HANDLER_ARGS)
{
    SAVE();
    if (p->flags & PROC_ATTENTION) {
        p->flags &= ~PROC_ATTENTION;
        p->reductions += ATTENTION_BIAS;
        if (p->flags & (PROC_COLLECT | PROC_OUT_OF_MEMORY)) heap_safepoint(p, room_wanted(p));
        if (p->flags & PROC_OUT_OF_MEMORY) {
            p->flags &= ~PROC_OUT_OF_MEMORY;
            process_fail(p, ERR_OUT_OF_MEMORY, NIL, "the memory limit is reached");
            vm_raise(p, true);
        }
    }
    if (p->stack_end - p->stack > LIMIT_STACK_WORDS &&
        frame_words_used(p) < LIMIT_STACK_WORDS - STACK_RESERVE_WORDS)
        p->stack_end = p->stack + LIMIT_STACK_WORDS;
    if (process_reductions(p) <= 0) return VM_YIELD;
    GO(vm_continue);
}

void vm_interrupt(struct process *p)
{
    p->prim_state = NIL;
    process_fail(p, ERR_INTERRUPTED, NIL, "the evaluation was interrupted");
    vm_raise(p, true);
}

/* ---- functions ---- */
static const struct arity *find_arity(const struct proto *proto, uint32_t argc)
{
    if (argc < ARITY_TABLE && proto->exact[argc] != NULL) return proto->exact[argc];
    for (unsigned i = 0; i < proto->arity_count; i++) {
        const struct arity *a = &proto->arities[i];
        if (!(a->flags & PROTO_VARIADIC) && a->fixed_count == argc) return a;
    }
    const struct arity *v = proto->variadic;
    return v != NULL && argc >= v->fixed_count ? v : NULL;
}

static void fail_arity(struct process *p, uint32_t a, uint32_t argc)
{
    value *window = p->base + a;
    window[2] =
        window[0]; /* [callee arg ...] in a row; what stands there is not needed by a call that failed */
    vm_shim_trap(p, TRAP_ARITY, window + 2, argc + 1, false);
}

/* With the rest list made, place the frame of an arity that takes argc registers of arguments, and go there. */
static void enter_arity(struct process *p, uint32_t a, uint32_t argc, const struct arity *arity,
                        struct link *callee)
{
    bool tail = is_tail(p->ip);
    if (!vm_stack_room(p, (tail ? 0 : (uint64_t)a + FRAME_HIDDEN) + arity->register_count)) {
        vm_raise(p, false);
        return;
    }
    value *window = p->base + a, *to = tail ? p->base : window + FRAME_HIDDEN;
    if (tail) {
        to[FRAME_CLOSURE] = window[0];
        __builtin_memmove(to, window + FRAME_HIDDEN, argc * sizeof(value));
    } else {
        to[FRAME_LINK] = frame_link_word(p->link, a);
        to[FRAME_RETURN] = (value)(uintptr_t)(p->ip + 1);
    }
    p->base = to;
    p->link = callee;
    p->ip = arity->entry;
}

/* The link of a function's unit here; NULL: an error was raised. */
static struct link *callee_link(struct process *p, const struct proto *proto)
{
    struct link *callee = domain_link(p->domain, proto->unit);
    if (callee != NULL) return callee;
    process_fail(p, ERR_OUT_OF_MEMORY, NIL, "no memory to link a unit");
    vm_raise(p, false);
    return NULL;
}

void vm_enter_variadic(struct process *p, uint32_t a)
{
    const struct proto *proto = (const struct proto *)(uintptr_t)to_obj(p->base[a])->p[0];
    struct link *callee = callee_link(p, proto);
    if (callee != NULL) enter_arity(p, a, proto->variadic->fixed_count + 1u, proto->variadic, callee);
}

void vm_call_function(struct process *p, uint32_t a, uint32_t argc)
{
    value *window = p->base + a;
    const struct proto *proto = (const struct proto *)(uintptr_t)to_obj(window[0])->p[0];
    const struct arity *arity = find_arity(proto, argc);
    if (arity == NULL) {
        fail_arity(p, a, argc);
        return;
    }
    if (!(arity->flags & PROTO_VARIADIC)) {
        struct link *callee = callee_link(p, proto);
        if (callee != NULL) enter_arity(p, a, argc, arity, callee);
        return;
    }
    uint32_t fixed = arity->fixed_count;
    if (!vm_stack_room(p, (uint64_t)a + FRAME_HIDDEN + fixed + 1)) {
        vm_raise(p, false);
        return;
    }
    value *args = p->base + a + FRAME_HIDDEN;
    args[fixed] = argc == fixed ? NIL : list_make(p, args + fixed, argc - fixed);
    vm_enter_variadic(p, a);
}

/* ---- primitives ---- */
/* What a primitive's sentinel asks for; w: CALL_WORD | sentinel.  The state is saved. */
static VM_HANDLER enum vm_exit primitive_result(HANDLER_ARGS)
{
    uint32_t a = OPERAND_A(w), argc = OPERAND_BC(w);
    switch (w & 0xffff) {
    case VAL_YIELD:
    case VAL_SUSPEND:
        p->trap = (uint16_t)to_obj(base[a])->p[0];
        return (w & 0xffff) == VAL_YIELD ? VM_YIELD : VM_WAIT;
    case VAL_EXIT: return VM_EXIT;
    case VAL_ERROR: vm_raise(p, false); GO(vm_continue);
    case VAL_TRAP: break;
    default:
        process_fail(p, ERR_INTERNAL, base[a], "%v gave no value", base[a]);
        vm_raise(p, false);
        GO(vm_continue);
    }
    if (p->trap == TRAP_DO_CONTINUE) GO(vm_continue);
    if (p->trap == TRAP_DO_APPLY) {
        int64_t spread = vm_apply(p, a, argc);
        if (spread < 0) GO(vm_continue);
        base = p->base;
        w = CALL_WORD(a, spread);
        GO(vm_call_any);
    }
    if (p->trap_argc != TRAP_SAME_ARGS) argc = p->trap_argc;
    value f = vm_trap_function(p, p->trap);
    if (f == VAL_ABSENT) {
        vm_shim_trap(p, p->trap, base + a + FRAME_HIDDEN, argc, false);
        GO(vm_continue);
    }
    base[a] = f;
    w = CALL_WORD(a, argc);
    GO(vm_call_any);
}

static VM_HANDLER enum vm_exit call_primitive(HANDLER_ARGS)
{
    uint32_t a = OPERAND_A(w), argc = OPERAND_BC(w);
    const struct prim *prim = &prims[to_obj(base[a])->p[0]];
    SAVE();
    if (UNLIKELY((int32_t)argc < prim->min_args || (prim->max_args >= 0 && (int32_t)argc > prim->max_args))) {
        fail_arity(p, a, argc);
        GO(vm_continue);
    }
    value v = prim->fn(p, base + a + FRAME_HIDDEN, argc);
    if (UNLIKELY(is_sentinel(v))) {
        w |= v;
        GO(primitive_result);
    }
    d = p->dispatch;
    if (is_tail(ip)) RETURN(v);
    base[a] = v;
    NEXT();
}

VM_HANDLER enum vm_exit vm_resume_primitive(HANDLER_ARGS)
{
    switch (ip->op) {
    case OP_CALL:
    case OP_CALLG:
    case OP_TAIL:
    case OP_TAILG: {
        uint32_t a = ip->a;
        base[a] = vm_primitive(process_system(p), p->trap);
        w = CALL_WORD(a, ip->b);
        GO(call_primitive);
    }
    case OP_START:
    case OP_SHIM_CALL:
        base[SHIM_CALL] = vm_primitive(process_system(p), p->trap);
        w = CALL_WORD(SHIM_CALL, to_fixnum(base[SHIM_ARGC]));
        GO(call_primitive);
    case OP_REUNWIND: GO(vm_reunwind);
    case OP_MAP:
    case OP_SET: GO(vm_collection);
    default: GO(vm_operator_slow);
    }
}

/* ---- data in call position ---- */
static value record_field(value record, value keyword)
{
    struct object *o = to_obj(record);
    struct object *type = to_obj(o->p[0]);
    if (!(to_fixnum(type->p[3]) & 1)) return VAL_SLOW;
    uint64_t n = vector_count(type->p[2]);
    for (uint64_t i = 0; i < n; i++)
        if (name_equal(vector_nth(type->p[2], i), keyword)) return o->p[2 + i];
    return o->p[1] == NIL ? VAL_ABSENT : map_get(o->p[1], keyword);
}

/* Look key up in coll: VAL_ABSENT, or VAL_SLOW for what only Lonala can do. */
static value look_up(value coll, value key, bool keyword)
{
    switch (type_of(coll)) {
    case T_AMAP:
    case T_HMAP: return keyword ? map_get_keyword(coll, key) : map_get(coll, key);
    case T_HSET: return set_get(coll, key);
    case T_RECORD: return keyword ? record_field(coll, key) : VAL_SLOW;
    case T_COUNT: return coll == NIL ? VAL_ABSENT : VAL_SLOW;
    default: return VAL_SLOW;
    }
}

static value call_data(value f, const value *args, uint32_t argc)
{
    value v = VAL_SLOW;
    switch (type_of(f)) {
    case T_KEYWORD:
        if (argc == 1 || argc == 2) v = look_up(args[0], f, true);
        break;
    case T_SYMBOL:
        if (argc == 1 || argc == 2) v = look_up(args[0], f, false);
        break;
    case T_AMAP:
    case T_HMAP:
        if (argc == 1 || argc == 2) v = look_up(f, args[0], is_keyword(args[0]));
        break;
    case T_HSET:
        if (argc == 1) v = set_get(f, args[0]);
        break;
    case T_SVECTOR:
    case T_VECTOR:
    case T_SUBVECTOR:
        if (argc == 1 && is_fixnum(args[0]) && to_fixnum(args[0]) >= 0)
            v = vector_nth(f, (uint64_t)to_fixnum(args[0]));
        return v == VAL_ABSENT ? VAL_SLOW : v;
    default: return VAL_SLOW;
    }
    return v != VAL_ABSENT ? v : argc == 2 ? args[1] : NIL;
}

/* A call of what C does not know: (-invoke-other callee arg ...), in the same window.  False: the state in p is where to
 * go on. */
static bool invoke_other(struct process *p, uint32_t a, uint32_t argc)
{
    value f = vm_trap_function(p, TRAP_NOT_CALLABLE);
    if (f == VAL_ABSENT) {
        vm_shim_trap(p, TRAP_NOT_CALLABLE, p->base + a, 1, false);
        return false;
    }
    if (!vm_stack_room(p, (uint64_t)a + FRAME_HIDDEN + argc + 1)) {
        vm_raise(p, false);
        return false;
    }
    value *window = p->base + a;
    __builtin_memmove(window + FRAME_HIDDEN + 1, window + FRAME_HIDDEN, argc * sizeof(value));
    window[FRAME_HIDDEN] = window[0];
    window[0] = f;
    return true;
}

/* The function that a var holds, following vars in vars for a few steps. */
static value var_content(struct process *p, value f)
{
    for (int hops = 0; hops < 8 && is_type(f, T_VAR); hops++) {
        struct cell *c = domain_cell(p->domain, to_obj(f)->p[1], false);
        value v = c == NULL ? VAL_UNBOUND : __atomic_load_n(&c->content, __ATOMIC_RELAXED);
        if (v == VAL_UNBOUND) break;
        f = v;
    }
    return f;
}

static VM_HANDLER enum vm_exit call_other(HANDLER_ARGS)
{
    uint32_t a = OPERAND_A(w), argc = OPERAND_BC(w);
    SAVE();
    if (is_type(base[a], T_VAR)) {
        value f = var_content(p, base[a]);
        if (!is_type(f, T_VAR)) {
            base[a] = f;
            GO(vm_call_any);
        }
        vm_shim_trap(p, TRAP_UNDEFINED, &to_obj(f)->p[1], 1, false);
        GO(vm_continue);
    }
    value v = call_data(base[a], base + a + FRAME_HIDDEN, argc);
    if (LIKELY(v != VAL_SLOW)) {
        vm_complete(p, v);
        GO(vm_continue);
    }
    if (!invoke_other(p, a, argc)) GO(vm_continue);
    base = p->base;
    w = CALL_WORD(a, argc + 1);
    GO(vm_call_any);
}

VM_HANDLER enum vm_exit vm_call_any(HANDLER_ARGS)
{
    enum object_type t = type_of(base[OPERAND_A(w)]);
    if (LIKELY(t == T_PRIM)) GO(call_primitive);
    if (UNLIKELY(t != T_FN)) GO(call_other);
    SAVE();
    vm_call_function(p, OPERAND_A(w), OPERAND_BC(w));
    GO(vm_continue);
}

VM_HANDLER enum vm_exit vm_undefined(HANDLER_ARGS)
{
    SAVE();
    unsigned index = ip->op == OP_GLOBAL ? (uint32_t)insn_bc(*ip) : ip->c;
    vm_shim_trap(p, TRAP_UNDEFINED, &link->globals[index].cell->symbol, 1, false);
    GO(vm_continue);
}

void vm_enter(struct process *p, value f, const value *args, unsigned argc)
{
    value *s = p->stack + FRAME_HIDDEN;
    s[FRAME_CLOSURE] = SHIM_RESULT;
    s[FRAME_LINK] = frame_link_word(NULL, 0);
    s[FRAME_RETURN] = 0;
    s[SHIM_DISTANCE] = from_fixnum(0);
    s[SHIM_ARGC] = from_fixnum(argc);
    s[SHIM_CALL] = f;
    for (unsigned i = 0; i < argc; i++) s[SHIM_ARGS + i] = args[i];
    p->base = s;
    p->ip = &vm_stubs[STUB_START];
    p->link = NULL;
    p->links = vm_of(p)->links;
    vm_choose_dispatch(p);
}
