/* Calls: of functions of the module, of imports, through tables, of C helpers. */
#include "loader/translate/tier1.h"

const uint8_t tier_general_arguments[GENERAL_ARGUMENTS] = {X86_RDI, X86_RSI, X86_RDX, X86_RCX, X86_RAX};

struct place tier_place(struct placer *p, uint8_t type)
{
    if (tier_is_vector(type)) {
        if (p->vector < VECTOR_ARGUMENTS) return (struct place){true, (uint8_t)p->vector++, 0};
    } else if (p->general < GENERAL_ARGUMENTS) {
        return (struct place){true, tier_general_arguments[p->general++], 0};
    }
    struct place place = {false, 0, p->offset};
    p->offset += 16;
    return place;
}

/* Bytes of the outgoing area: arguments that have no register, then results if there are several, 16 bytes each. */
uint32_t tier_outgoing(const struct wasm_func_type *type)
{
    struct placer p = {0};
    for (uint32_t i = 0; i < type->param_count; i++) tier_place(&p, type->types[i]);
    return (uint32_t)p.offset + (type->result_count > 1 ? 16 * type->result_count : 0);
}

/* ---- arguments to their places ---- */

struct move {
    uint8_t type, from, to;
};

static void break_cycle(struct tier *t, struct move *m)
{
    emit_reg scratch = tier_is_vector(m->type) ? EMIT_V_SCRATCH : EMIT_R_SCRATCH;
    tier_move(t, m->type, scratch, m->from);
    m->from = scratch;
}

/* All at once: a move waits as long as its destination is another one's source; if all wait, one goes by way of the scratch register. */
static void parallel_moves(struct tier *t, struct move *moves, unsigned count)
{
    while (count) {
        bool progress = false;
        for (unsigned i = 0; i < count; i++) {
            bool blocked = false;
            for (unsigned k = 0; k < count; k++) blocked |= k != i && moves[k].from == moves[i].to;
            if (blocked) continue;
            tier_move(t, moves[i].type, moves[i].to, moves[i].from);
            moves[i--] = moves[--count];
            progress = true;
        }
        if (!progress) break_cycle(t, &moves[0]);
    }
}

static uint8_t source_register(struct tier *t, const struct value *v)
{
    if (v->kind == VALUE_REG) return v->reg;
    return v->kind == VALUE_LOCAL ? t->local_regs[v->local] : EMIT_NONE;
}

/* The top entries are the arguments.  First those in memory, which frees registers; then registers; then constants and what lies in the frame. */
static void pass_arguments(struct tier *t, const struct wasm_func_type *type)
{
    uint32_t first = t->height - type->param_count;
    struct move general[GENERAL_ARGUMENTS], vector[VECTOR_ARGUMENTS];
    unsigned general_count = 0, vector_count = 0;
    struct placer p = {0};
    for (uint32_t i = 0; i < type->param_count; i++) {
        struct place place = tier_place(&p, type->types[i]);
        struct value *v = &t->stack[first + i];
        if (!place.in_register) {
            tier_value_to_memory(t, v, first + i, tier_frame(place.offset));
            continue;
        }
        uint8_t from = source_register(t, v);
        if (from == EMIT_NONE) continue;
        if (tier_is_vector(v->type)) {
            vector[vector_count++] = (struct move){v->type, from, place.reg};
        } else {
            general[general_count++] = (struct move){v->type, from, place.reg};
        }
    }
    parallel_moves(t, general, general_count);
    parallel_moves(t, vector, vector_count);
    p = (struct placer){0};
    for (uint32_t i = 0; i < type->param_count; i++) {
        struct place place = tier_place(&p, type->types[i]);
        struct value *v = &t->stack[first + i];
        if (!place.in_register || source_register(t, v) != EMIT_NONE) continue;
        struct operand o = {.kind = OPERAND_CONST, .type = v->type, .bits = v->bits};
        if (v->kind == VALUE_SPILL)
            o = (struct operand){.kind = OPERAND_MEMORY, .type = v->type, .disp = tier_slot(t, first + i)};
        if (v->kind == VALUE_LOCAL) o = tier_local_operand(t, v->local);
        tier_operand_to(t, &o, place.reg);
    }
}

/* ---- what a call destroys ---- */

static void each_saved(struct tier *t, bool restore)
{
    if (!(t->saved_general | t->saved_vector)) return;
    for (uint32_t x = 0; x < t->pin_count; x++) {
        uint32_t local = t->pins[x];
        uint8_t type = t->local_types[local], r = t->local_regs[local];
        uint32_t mask = tier_is_vector(type) ? t->saved_vector : t->saved_general;
        if (!(mask >> r & 1)) continue;
        if (restore) {
            tier_load(t, type, r, tier_home(t, local));
        } else {
            tier_save(t, type, r, tier_home(t, local));
        }
    }
}

static void before_call(struct tier *t, const struct wasm_func_type *type)
{
    tier_spill_registers(t, t->height - type->param_count);
    each_saved(t, false);
    pass_arguments(t, type);
}

static void after_call(struct tier *t, const struct wasm_func_type *type)
{
    tier_truncate(t, t->height - type->param_count);
    each_saved(t, true);
    const uint8_t *results = wasm_results(type);
    if (type->result_count == 1) {
        tier_push_reg(t, results[0], tier_is_vector(results[0]) ? 0 : EMIT_R_RESULT);
        return;
    }
    uint32_t outgoing = tier_outgoing(type);
    for (uint32_t i = 0; i < type->result_count; i++) {
        tier_copy(t, results[i], tier_slot(t, t->height), tier_result_offset(outgoing, type, i));
        tier_push_spilled(t, results[i]);
    }
}

/* R_FUNCTION holds the function: switch to its instance, which may be another one, and back. */
static void call_elsewhere(struct tier *t)
{
    struct emit *e = &t->e;
    emit_store(e, 3, R_INSTANCE, tier_frame(t->instance_at));
    emit_load(e, EMIT_LOAD_64, R_INSTANCE, emit_at(R_FUNCTION, offsetof(struct wasm_func, instance)));
    emit_load(e, EMIT_LOAD_64, R_MEMORY, emit_at(R_INSTANCE, offsetof(struct wasm_instance, memory0)));
    emit_call_mem(e, emit_at(R_FUNCTION, offsetof(struct wasm_func, code)));
    emit_load(e, EMIT_LOAD_64, R_INSTANCE, tier_frame(t->instance_at));
    emit_load(e, EMIT_LOAD_64, R_MEMORY, emit_at(R_INSTANCE, offsetof(struct wasm_instance, memory0)));
}

void tier_call_function(struct tier *t, uint32_t function)
{
    const struct wasm_func_type *type = wasm_function_type(t->m, function);
    before_call(t, type);
    if (function >= t->m->imported_functions) {
        emit_call(&t->e, &t->functions[function - t->m->imported_functions]);
    } else {
        emit_load(&t->e, EMIT_LOAD_64, R_FUNCTION,
                  emit_at(R_INSTANCE, (int32_t)(t->layout.imported_functions + 8 * function)));
        call_elsewhere(t);
    }
    after_call(t, type);
}

/* A call in place of this function's frame, if everything travels in registers; false: the caller emits a call and a return. */
bool tier_tail_call(struct tier *t, uint32_t function)
{
    const struct wasm_func_type *type = wasm_function_type(t->m, function);
    if (function < t->m->imported_functions || t->has_try || tier_outgoing(type)) return false;
    pass_arguments(t, type);
    tier_leave(t);
    emit_jump(&t->e, &t->functions[function - t->m->imported_functions]);
    return true;
}

/* R_FUNCTION is a temporary in functions that call: whatever is in it goes to its slot. */
void tier_call_indirect(struct tier *t, uint32_t type_index, uint32_t table)
{
    struct emit *e = &t->e;
    const struct wasm_func_type *type = &t->m->types[type_index];
    struct operand o = tier_pop(t);
    emit_reg index = tier_reg(t, &o);
    if (index == R_FUNCTION) {
        index = EMIT_R_SCRATCH;
        emit_move(e, true, index, R_FUNCTION);
    } else {
        tier_take_this(t, false, R_FUNCTION);
    }
    emit_load(e, EMIT_LOAD_64, R_FUNCTION, emit_at(R_INSTANCE, (int32_t)(t->layout.tables + 8 * table)));
    emit_cmp_mem(e, true, index, emit_at(R_FUNCTION, offsetof(struct wasm_table, size)));
    tier_trap_if(t, EMIT_GE_U, WASM_TRAP_UNDEFINED_ELEMENT);
    emit_load(e, EMIT_LOAD_64, R_FUNCTION, emit_at(R_FUNCTION, offsetof(struct wasm_table, elements)));
    emit_load(e, EMIT_LOAD_64, R_FUNCTION, emit_at_index(R_FUNCTION, index, 3, 0));
    if (o.kind == OPERAND_TEMP && o.reg != R_FUNCTION) tier_drop(t, &o);
    emit_cmp_imm(e, true, R_FUNCTION, 0);
    tier_trap_if(t, EMIT_EQ, WASM_TRAP_UNINITIALIZED_ELEMENT);
    emit_load(e, EMIT_LOAD_64, EMIT_R_SCRATCH,
              emit_at(R_INSTANCE, (int32_t)(t->layout.signatures + 8 * type_index)));
    emit_cmp_mem(e, true, EMIT_R_SCRATCH, emit_at(R_FUNCTION, offsetof(struct wasm_func, signature)));
    tier_trap_if(t, EMIT_NE, WASM_TRAP_CALL_TYPE);
    before_call(t, type);
    if (t->has_try) { /* the call must lie in the protected range */
        call_elsewhere(t);
    } else {
        emit_cmp_mem(e, true, R_INSTANCE, emit_at(R_FUNCTION, offsetof(struct wasm_func, instance)));
        emit_branch(e, EMIT_NE, tier_cold(t, COLD_CALL));
        emit_call_mem(e, emit_at(R_FUNCTION, offsetof(struct wasm_func, code)));
        if (t->cold_count) emit_bind(e, &t->colds[t->cold_count - 1].back);
    }
    tier_give(t, false, R_FUNCTION);
    after_call(t, type);
}

/* The top entries become the helper's operands in their slots; result: type of what it leaves in the first slot, 0: nothing. */
void tier_helper(struct tier *t, unsigned helper, uint32_t arguments, uint32_t a, uint32_t b, uint8_t result)
{
    static const uint8_t argument[EMIT_C_ARGUMENT_COUNT] = EMIT_C_ARGUMENTS;
    struct emit *e = &t->e;
    tier_spill_registers(t, t->height);
    tier_force_slots(t, arguments);
    tier_truncate(t, t->height - arguments);
    each_saved(t, false);
    emit_move(e, true, argument[0], R_INSTANCE);
    emit_lea(e, true, argument[1], tier_frame(tier_slot(t, t->height)));
    emit_move_imm(e, argument[2], a);
    emit_move_imm(e, argument[3], b);
    emit_move_imm(e, argument[4], t->slot_size);
    emit_call_through(e, &t->helpers[helper]);
    each_saved(t, true);
    emit_cmp_imm(e, false, EMIT_R_RESULT, 0);
    emit_branch(e, EMIT_NE, &t->trap_exit);
    if (result) tier_push_spilled(t, result);
}
