/* Blocks, branches, locals, globals, and the loop over a body. */
#include "loader/translate/tier1.h"
#include "base/mem.h"

/* ---- metering: a basic block is charged where it begins; how much is known where it ends ---- */

static void meter_close(struct tier *t)
{
    if (!t->meter_at) return;
    if (!t->e.overflow) __builtin_memcpy(t->e.begin + t->meter_at, &t->meter_count, 4);
    t->meter_at = 0;
}

void tier_meter_open(struct tier *t)
{
    if (!t->options.metered) return;
    meter_close(t);
    t->meter_count = 0;
    emit_alu_imm(&t->e, EMIT_SUB, true, R_FUEL, R_FUEL, INT32_MAX);
    t->meter_at = emit_offset(&t->e) - 4;
    tier_trap_if(t, EMIT_LT_S, WASM_TRAP_FUEL);
}

/* ---- traps and cold code ---- */

void tier_trap_if(struct tier *t, enum emit_cond c, enum wasm_trap trap)
{
    emit_branch(&t->e, c, &t->traps[trap]);
}

struct emit_label *tier_cold(struct tier *t, uint8_t kind)
{
    if (t->cold_count == t->cold_room) {
        uint32_t room = t->cold_room ? 2 * t->cold_room : 64;
        const struct wasm_allocator *a = &t->host->allocator;
        struct cold *more = a->alloc(a->context, room * sizeof *more);
        if (!more) {
            t->failed = true;
            t->cold_count = 0;
            if (!t->cold_room) return &t->trap_exit;
        } else {
            if (t->cold_count) memcpy(more, t->colds, t->cold_count * sizeof *more);
            if (t->colds) a->free(a->context, t->colds, t->cold_room * sizeof *more);
            t->colds = more;
            t->cold_room = room;
        }
    }
    struct cold *c = &t->colds[t->cold_count++];
    *c = (struct cold){.kind = kind};
    return &c->from;
}

static void switch_instance(struct tier *t)
{
    emit_load(&t->e, EMIT_LOAD_64, R_MEMORY, emit_at(R_INSTANCE, offsetof(struct wasm_instance, memory0)));
}

void tier_cold_code(struct tier *t)
{
    for (uint32_t i = 0; i < t->cold_count; i++) {
        struct cold *c = &t->colds[i];
        emit_bind(&t->e, &c->from);
        if (c->kind == COLD_LOOP || c->kind == COLD_ENTRY) {
            emit_lea(&t->e, true, EMIT_R_SCRATCH, emit_at(EMIT_R_SP, c->kind == COLD_ENTRY ? -t->frame : 0));
            emit_call(&t->e, &t->slow);
        } else {
            emit_store(&t->e, 3, R_INSTANCE, tier_frame(t->instance_at));
            emit_load(&t->e, EMIT_LOAD_64, R_INSTANCE,
                      emit_at(R_FUNCTION, offsetof(struct wasm_func, instance)));
            switch_instance(t);
            emit_call_mem(&t->e, emit_at(R_FUNCTION, offsetof(struct wasm_func, code)));
            emit_load(&t->e, EMIT_LOAD_64, R_INSTANCE, tier_frame(t->instance_at));
            switch_instance(t);
        }
        emit_jump(&t->e, &c->back);
    }
    for (unsigned trap = 1; trap < WASM_TRAP_COUNT; trap++) {
        if (!t->traps[trap].chain) continue;
        emit_bind(&t->e, &t->traps[trap]);
        emit_move_imm(&t->e, EMIT_R_RESULT, trap);
        emit_jump(&t->e, &t->trap_exit);
    }
}

/* ---- blocks ---- */

static uint32_t label_arity(const struct control *c)
{
    return c->kind == CONTROL_LOOP ? c->param_count : c->result_count;
}

struct control *tier_target(struct tier *t, uint32_t depth)
{
    return &t->controls[t->depth - 1 - depth];
}

void tier_block_type(struct tier *t, struct control *c)
{
    uint8_t first = *t->pc;
    if (first == 0x40) {
        t->pc++;
    } else if ((first & 0xc0) == 0x40) { /* a negative number of one byte: a value type */
        c->block_type = *t->pc++;
        c->result_count = 1;
    } else {
        const struct wasm_func_type *type = &t->m->types[tier_u32(t)];
        c->params = type->types;
        c->param_count = type->param_count;
        c->results = wasm_results(type);
        c->result_count = type->result_count;
    }
}

static uint8_t result_type(const struct control *c, uint32_t i)
{
    return c->results ? c->results[i] : c->block_type;
}

struct control *tier_open(struct tier *t, uint8_t kind)
{
    struct control *c = &t->controls[t->depth++];
    *c = (struct control){.kind = kind, .height = t->height, .dead = t->dead};
    return c;
}

void tier_go_dead(struct tier *t)
{
    meter_close(t);
    tier_truncate(t, t->controls[t->depth - 1].height);
    t->dead = true;
}

/* Make the top entry live in the register in which a label with one result expects it.  Keeps the flags. */
static void result_to_register(struct tier *t)
{
    struct value *v = &t->stack[t->height - 1];
    bool vector = tier_is_vector(v->type);
    emit_reg r = vector ? 0 : EMIT_R_RESULT;
    if (v->kind == VALUE_REG && v->reg == r) return;
    tier_take_this(t, vector, r);
    uint8_t type = v->type;
    struct operand o = tier_pop(t);
    tier_operand_to(t, &o, r);
    tier_drop(t, &o);
    tier_push_reg(t, type, r);
}

/* The top n entries go to the slots from height on: upwards, since they never lie below. */
static void values_to_slots(struct tier *t, uint32_t n, uint32_t height)
{
    for (uint32_t i = 0; i < n; i++) {
        uint32_t from = t->height - n + i;
        tier_value_to_memory(t, &t->stack[from], from, tier_frame(tier_slot(t, height + i)));
    }
}

/* A branch's values are where its label wants them.  Entries move, code that goes on behind a conditional branch sees the same values. */
void tier_branch_values(struct tier *t, struct control *c)
{
    uint32_t n = label_arity(c);
    if (n == 1 && c->kind != CONTROL_LOOP) {
        result_to_register(t);
    } else if (n && c->height + n == t->height) {
        tier_force_slots(t, n);
    } else if (n) {
        values_to_slots(t, n, c->height);
    }
}

void tier_jump(struct tier *t, struct control *c)
{
    tier_branch_values(t, c);
    c->branched = true;
    emit_jump(&t->e, &c->label);
}

static bool moves_under_others(const struct tier *t, const struct control *c)
{
    uint32_t n = label_arity(c);
    return n && !(n == 1 && c->kind != CONTROL_LOOP) && c->height + n != t->height;
}

static enum emit_cond condition(struct tier *t)
{
    struct value *v = &t->stack[t->height - 1];
    if (v->kind == VALUE_FLAGS) {
        t->height--;
        return v->reg;
    }
    struct operand o = tier_pop(t);
    if (o.kind == OPERAND_MEMORY) {
        emit_cmp_mem_imm(&t->e, false, tier_frame(o.disp), 0);
    } else {
        emit_cmp_imm(&t->e, false, tier_reg(t, &o), 0);
    }
    tier_drop(t, &o);
    return EMIT_NE;
}

static void branch_if(struct tier *t, struct control *c)
{
    enum emit_cond cond = condition(t);
    c->branched = true;
    if (moves_under_others(t, c)) {
        struct emit_label past = EMIT_LABEL;
        tier_spill_all(t, t->height);
        emit_branch(&t->e, emit_invert(cond), &past);
        tier_branch_values(t, c);
        emit_jump(&t->e, &c->label);
        emit_bind(&t->e, &past);
    } else {
        tier_branch_values(t, c);
        emit_branch(&t->e, cond, &c->label);
    }
    tier_meter_open(t);
}

static void table_values(struct tier *t, struct control *c)
{
    uint32_t n = label_arity(c);
    emit_bind(&t->e, &c->table);
    if (n == 1 && c->kind != CONTROL_LOOP) {
        uint8_t type = t->stack[t->height - 1].type;
        tier_load(t, type, tier_is_vector(type) ? 0 : EMIT_R_RESULT, tier_slot(t, t->height - 1));
    } else {
        values_to_slots(t, n, c->height);
    }
    emit_jump(&t->e, &c->label);
}

static void table_entry(struct tier *t, uint32_t depth, bool direct)
{
    struct control *c = tier_target(t, depth);
    c->branched = true;
    if (direct) {
        emit_table_entry(&t->e, &c->label);
        return;
    }
    if (c->table_serial != t->table_serial) {
        c->table = EMIT_LABEL;
        c->table_serial = t->table_serial;
    }
    emit_table_entry(&t->e, &c->table);
}

static void branch_table(struct tier *t)
{
    uint32_t count = tier_u32(t);
    const uint8_t *first = t->pc;
    struct operand o = tier_pop(t);
    emit_reg index = EMIT_R_COUNT;
    if (!(o.kind == OPERAND_TEMP && o.reg == index)) {
        tier_take_this(t, false, index);
        tier_operand_to(t, &o, index);
        tier_drop(t, &o);
    }
    for (uint32_t i = 0; i < count; i++) tier_u32(t);
    struct control *other = tier_target(t, tier_u32(t));
    uint32_t n = label_arity(other);
    t->table_serial++;
    tier_force_slots(t, n);
    /* an index past the end takes the entry behind the last one */
    emit_move_imm(&t->e, EMIT_R_SCRATCH, count);
    emit_cmp(&t->e, false, index, EMIT_R_SCRATCH);
    emit_move_if(&t->e, EMIT_GT_U, false, index, EMIT_R_SCRATCH);
    emit_table_jump(&t->e, index);
    t->pc = first;
    for (uint32_t i = 0; i <= count; i++) table_entry(t, tier_u32(t), n == 0);
    const uint8_t *after = t->pc;
    t->pc = first;
    for (uint32_t i = 0; n && i <= count; i++) {
        struct control *c = tier_target(t, tier_u32(t));
        if (!c->table.bound) table_values(t, c);
    }
    t->pc = after;
    tier_give(t, false, index);
    tier_go_dead(t);
}

static void op_block(struct tier *t, uint32_t op)
{
    enum emit_cond cond = EMIT_NE;
    if (op == WASM_OP_IF && !t->dead) cond = condition(t);
    struct control *c = tier_open(t, op == WASM_OP_BLOCK  ? CONTROL_BLOCK
                                     : op == WASM_OP_LOOP ? CONTROL_LOOP
                                                          : CONTROL_IF);
    tier_block_type(t, c);
    tier_spill_all(t, t->height);
    if (op != WASM_OP_BLOCK) tier_force_slots(t, c->param_count);
    c->height -= c->param_count;
    if (op == WASM_OP_LOOP) {
        emit_bind(&t->e, &c->label);
        tier_meter_open(t);
        emit_load(&t->e, EMIT_LOAD_64, EMIT_R_SCRATCH,
                  emit_at(R_INSTANCE, offsetof(struct wasm_instance, context)));
        emit_cmp_mem(&t->e, true, EMIT_R_SP,
                     emit_at(EMIT_R_SCRATCH, offsetof(struct wasm_context, stack_limit)));
        emit_branch(&t->e, EMIT_LT_U, tier_cold(t, COLD_LOOP));
        if (t->cold_count) emit_bind(&t->e, &t->colds[t->cold_count - 1].back);
    } else if (op == WASM_OP_IF) {
        emit_branch(&t->e, emit_invert(cond), &c->other);
        tier_meter_open(t);
    }
}

static void push_params(struct tier *t, const struct control *c)
{
    for (uint32_t i = 0; i < c->param_count; i++) tier_push_spilled(t, c->params[i]);
}

static void op_else(struct tier *t)
{
    struct control *c = &t->controls[t->depth - 1];
    if (!t->dead) tier_jump(t, c);
    tier_truncate(t, c->height);
    emit_bind(&t->e, &c->other);
    c->kind = CONTROL_ELSE;
    t->dead = c->dead;
    if (t->dead) return;
    push_params(t, c);
    tier_meter_open(t);
}

void tier_close(struct tier *t)
{
    struct control *c = &t->controls[t->depth - 1];
    if (c->kind == CONTROL_IF && c->param_count && !c->dead) op_else(t);
    if (c->kind == CONTROL_TRY || c->kind == CONTROL_CATCH || c->kind == CONTROL_TRY_TABLE)
        tier_end_try(t, c);
    bool falls = !t->dead;
    if (c->kind == CONTROL_LOOP) {
        t->depth--;
        return;
    }
    if (c->kind == CONTROL_IF && !c->dead) c->branched = true;
    if (falls && !c->branched && c->kind != CONTROL_FUNCTION) {
        t->depth--;
        return;
    }
    if (falls) tier_branch_values(t, c);
    if (c->kind == CONTROL_IF) emit_bind(&t->e, &c->other);
    tier_truncate(t, c->height);
    t->dead = !falls && !c->branched;
    t->depth--;
    if (c->kind == CONTROL_FUNCTION) {
        meter_close(t);
        emit_bind(&t->e, &c->label);
        return;
    }
    if (t->dead) return;
    emit_bind(&t->e, &c->label);
    if (c->result_count == 1) {
        tier_push_reg(t, result_type(c, 0), tier_is_vector(result_type(c, 0)) ? 0 : EMIT_R_RESULT);
    } else {
        for (uint32_t i = 0; i < c->result_count; i++) tier_push_spilled(t, result_type(c, i));
    }
    tier_meter_open(t);
}

/* ---- locals and globals ---- */

static void local_set(struct tier *t, bool tee)
{
    uint32_t x = tier_u32(t);
    uint8_t type = t->local_types[x];
    emit_reg r = t->local_regs[x];
    struct value *top = &t->stack[t->height - 1];
    if (top->kind == VALUE_LOCAL && top->local == x) { /* x = x */
        if (!tee) tier_discard(t);
        return;
    }
    struct operand o = tier_pop(t);
    if (t->local_refs[x]) tier_materialise_local(t, x);
    if (r != EMIT_NONE) {
        tier_operand_to(t, &o, r);
        tier_drop(t, &o);
        if (tee) tier_push_local(t, x);
        return;
    }
    if (o.kind == OPERAND_CONST && (int64_t)o.bits == (int32_t)o.bits) {
        emit_store_imm(&t->e, 3, (int32_t)o.bits, tier_frame(tier_home(t, x)));
        if (tee) tier_push_const(t, type, o.bits);
        return;
    }
    emit_reg s = tee ? tier_temp(t, &o) : tier_reg(t, &o);
    tier_save(t, type, s, tier_home(t, x));
    if (tee) {
        tier_push_reg(t, type, s);
    } else {
        tier_drop(t, &o);
    }
}

static struct emit_mem global_place(struct tier *t, uint32_t index, emit_reg *held)
{
    *held = EMIT_NONE;
    if (index >= t->m->imported_globals)
        return emit_at(R_INSTANCE, (int32_t)(t->layout.globals + 16 * (index - t->m->imported_globals)));
    *held = tier_take(t, WASM_I64);
    emit_load(&t->e, EMIT_LOAD_64, *held,
              emit_at(R_INSTANCE, (int32_t)(t->layout.global_pointers + 8 * index)));
    return emit_at(*held, 0);
}

static void global_get(struct tier *t)
{
    uint32_t index = tier_u32(t);
    uint8_t type = t->m->globals[index].type.type;
    emit_reg held;
    struct emit_mem m = global_place(t, index, &held);
    emit_reg d = tier_dest(t, type, NULL, NULL);
    tier_load_at(t, type, d, m);
    if (held != EMIT_NONE) tier_give(t, false, held);
    tier_finish(t, type, d);
}

static void global_set(struct tier *t)
{
    uint32_t index = tier_u32(t);
    uint8_t type = t->m->globals[index].type.type;
    struct operand o = tier_pop(t);
    emit_reg s = tier_reg(t, &o), held;
    struct emit_mem m = global_place(t, index, &held);
    tier_save_at(t, type, s, m);
    if (held != EMIT_NONE) tier_give(t, false, held);
    tier_drop(t, &o);
    if (type != WASM_EXNREF) return;
    emit_load(&t->e, EMIT_LOAD_64, EMIT_R_SCRATCH,
              emit_at(R_INSTANCE, offsetof(struct wasm_instance, context)));
    emit_store_imm(&t->e, 0, true, emit_at(EMIT_R_SCRATCH, offsetof(struct wasm_context, keeps_exceptions)));
}

static void op_select(struct tier *t)
{
    struct value *v = &t->stack[t->height - 1];
    if (v->kind == VALUE_CONST) {
        uint64_t bits = v->bits;
        tier_discard(t);
        struct operand second = tier_pop(t);
        if (!bits) {
            tier_discard(t);
            tier_push_reg(t, second.type, tier_temp(t, &second));
        } else
            tier_drop(t, &second);
        return;
    }
    enum emit_cond c = condition(t);
    struct operand b = tier_pop(t), a = tier_pop(t);
    uint8_t type = b.type;
    emit_reg ra = tier_reg(t, &a), d = tier_temp(t, &b);
    if (!tier_is_vector(type)) {
        emit_move_if(&t->e, c, type != WASM_I32, d, ra);
    } else {
        struct emit_label keep = EMIT_LABEL;
        emit_branch(&t->e, emit_invert(c), &keep);
        emit_fmove(&t->e, d, ra);
        emit_bind(&t->e, &keep);
    }
    tier_drop(t, &a);
    tier_push_reg(t, type, d);
}

static void references(struct tier *t, uint32_t op)
{
    if (op == WASM_OP_REF_NULL) {
        tier_push_const(t, *t->pc++, 0);
    } else if (op == WASM_OP_REF_FUNC) {
        uint32_t index = tier_u32(t);
        emit_reg d = tier_take(t, WASM_FUNCREF);
        if (index < t->m->imported_functions) {
            emit_load(&t->e, EMIT_LOAD_64, d,
                      emit_at(R_INSTANCE, (int32_t)(t->layout.imported_functions + 8 * index)));
        } else {
            uint64_t at =
                t->layout.functions + sizeof(struct wasm_func) * (uint64_t)(index - t->m->imported_functions);
            emit_lea(&t->e, true, d, emit_at(R_INSTANCE, (int32_t)at));
        }
        tier_push_reg(t, WASM_FUNCREF, d);
    } else {
        struct operand o = tier_pop(t);
        emit_cmp_imm(&t->e, true, tier_reg(t, &o), 0);
        tier_drop(t, &o);
        tier_push_flags(t, EMIT_EQ);
    }
}

void tier_control(struct tier *t, uint32_t op)
{
    switch (op) {
    case WASM_OP_UNREACHABLE:
        emit_jump(&t->e, &t->traps[WASM_TRAP_UNREACHABLE]);
        tier_go_dead(t);
        break;
    case WASM_OP_NOP: break;
    case WASM_OP_BLOCK:
    case WASM_OP_LOOP:
    case WASM_OP_IF: op_block(t, op); break;
    case WASM_OP_ELSE: op_else(t); break;
    case WASM_OP_END: tier_close(t); break;
    case WASM_OP_BR: {
        struct control *c = tier_target(t, tier_u32(t));
        tier_jump(t, c);
        tier_go_dead(t);
        break;
    }
    case WASM_OP_BR_IF: branch_if(t, tier_target(t, tier_u32(t))); break;
    case WASM_OP_BR_TABLE: branch_table(t); break;
    case WASM_OP_RETURN:
        tier_jump(t, &t->controls[0]);
        tier_go_dead(t);
        break;
    case WASM_OP_CALL: tier_call_function(t, tier_u32(t)); break;
    case WASM_OP_CALL_INDIRECT: {
        uint32_t type = tier_u32(t);
        tier_call_indirect(t, type, tier_u32(t));
        break;
    }
    case WASM_OP_RETURN_CALL: {
        uint32_t function = tier_u32(t);
        if (!tier_tail_call(t, function)) {
            tier_call_function(t, function);
            tier_jump(t, &t->controls[0]);
        }
        tier_go_dead(t);
        break;
    }
    case WASM_OP_RETURN_CALL_INDIRECT: {
        uint32_t type = tier_u32(t);
        tier_call_indirect(t, type, tier_u32(t));
        tier_jump(t, &t->controls[0]);
        tier_go_dead(t);
        break;
    }
    case WASM_OP_DROP: tier_discard(t); break;
    case WASM_OP_SELECT_T: tier_skip_immediate(t, op); /* fall through */
    case WASM_OP_SELECT: op_select(t); break;
    case WASM_OP_LOCAL_GET: tier_push_local(t, tier_u32(t)); break;
    case WASM_OP_LOCAL_SET: local_set(t, false); break;
    case WASM_OP_LOCAL_TEE: local_set(t, true); break;
    case WASM_OP_GLOBAL_GET: global_get(t); break;
    case WASM_OP_GLOBAL_SET: global_set(t); break;
    case WASM_OP_REF_NULL:
    case WASM_OP_REF_FUNC:
    case WASM_OP_REF_IS_NULL: references(t, op); break;
    default: tier_try(t, op); break;
    }
}
