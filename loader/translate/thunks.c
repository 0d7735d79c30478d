/* The code that a module has besides its functions: ways in from C, out to C, and out of a trap. */
#include "loader/translate/tier1.h"

static const uint8_t c_kept[EMIT_C_KEPT_COUNT] = EMIT_C_KEPT;
static const uint8_t c_argument[EMIT_C_ARGUMENT_COUNT] = EMIT_C_ARGUMENTS;

static void load_context(struct tier *t, emit_reg d)
{
    emit_load(&t->e, EMIT_LOAD_64, d, emit_at(R_INSTANCE, offsetof(struct wasm_instance, context)));
}

/* Metered code keeps the fuel in a register; everybody else finds it in the context, whose address is in the scratch register. */
static void fuel_to_context(struct tier *t)
{
    if (t->options.metered)
        emit_store(&t->e, 3, R_FUEL, emit_at(EMIT_R_SCRATCH, offsetof(struct wasm_context, fuel)));
}
static void fuel_from_context(struct tier *t)
{
    if (t->options.metered)
        emit_load(&t->e, EMIT_LOAD_64, R_FUEL, emit_at(EMIT_R_SCRATCH, offsetof(struct wasm_context, fuel)));
}

/* What C reads as a union: the unused half of an f32 is zero. */
static void store_value(struct tier *t, uint8_t type, emit_reg s, struct emit_mem m)
{
    if (type == WASM_F32) emit_store_imm(&t->e, 3, 0, m);
    tier_save_at(t, type, s, m);
}

static emit_reg scratch_for(uint8_t type)
{
    return tier_is_vector(type) ? EMIT_V_SCRATCH : EMIT_R_SCRATCH;
}

/* The end of a run, by a trap (the code in the result register) or well: back to the C code that called the innermost enter thunk.
 * Its stack, from exit_sp up: the former exit_sp, the values' address, the kept registers. */
static void emit_trap_exit(struct tier *t)
{
    struct emit *e = &t->e;
    emit_bind(e, &t->trap_exit);
    load_context(t, EMIT_R_SCRATCH);
    fuel_to_context(t);
    emit_load(e, EMIT_LOAD_64, EMIT_R_SP, emit_at(EMIT_R_SCRATCH, offsetof(struct wasm_context, exit_sp)));
    emit_pop(e, X86_RCX);
    emit_store(e, 3, X86_RCX, emit_at(EMIT_R_SCRATCH, offsetof(struct wasm_context, exit_sp)));
    emit_pop(e, X86_RCX);
    for (unsigned i = EMIT_C_KEPT_COUNT; i--;) emit_pop(e, c_kept[i]);
    emit_return(e);
}

/* enter(context, function, values, new stack pointer or 0 to go on where we are) */
static void emit_enter(struct tier *t, const struct wasm_func_type *type)
{
    struct emit *e = &t->e;
    emit_reg context = c_argument[0], function = c_argument[1], values = c_argument[2], stack = c_argument[3];
    for (unsigned i = 0; i < EMIT_C_KEPT_COUNT; i++) emit_push(e, c_kept[i]);
    emit_push(e, values);
    emit_load(e, EMIT_LOAD_64, EMIT_R_SCRATCH, emit_at(context, offsetof(struct wasm_context, exit_sp)));
    emit_push(e, EMIT_R_SCRATCH);
    emit_store(e, 3, EMIT_R_SP, emit_at(context, offsetof(struct wasm_context, exit_sp)));
    emit_cmp_imm(e, true, stack, 0);
    emit_move(e, true, EMIT_R_SCRATCH, EMIT_R_SP);
    emit_move_if(e, EMIT_NE, true, EMIT_R_SCRATCH, stack);
    emit_alu_imm(e, EMIT_AND, true, EMIT_R_SCRATCH, EMIT_R_SCRATCH, -16);
    emit_move(e, true, EMIT_R_SP, EMIT_R_SCRATCH);
    uint32_t outgoing = tier_outgoing(type);
    emit_adjust_stack(e, -(int32_t)outgoing);
    emit_move(e, true, R_FUNCTION, function);
    emit_load(e, EMIT_LOAD_64, R_INSTANCE, emit_at(function, offsetof(struct wasm_func, instance)));
    emit_load(e, EMIT_LOAD_64, R_MEMORY, emit_at(R_INSTANCE, offsetof(struct wasm_instance, memory0)));
    emit_move(e, true, X86_RBX, values);
    load_context(t, EMIT_R_SCRATCH);
    fuel_from_context(t);
    struct placer p = {0};
    for (uint32_t i = 0; i < type->param_count; i++) {
        struct place place = tier_place(&p, type->types[i]);
        emit_reg r = place.in_register ? place.reg : scratch_for(type->types[i]);
        tier_load_at(t, type->types[i], r, emit_at(X86_RBX, (int32_t)(16 * i)));
        if (!place.in_register) store_value(t, type->types[i], r, emit_at(EMIT_R_SP, place.offset));
    }
    emit_call_mem(e, emit_at(R_FUNCTION, offsetof(struct wasm_func, code)));
    load_context(t, EMIT_R_SCRATCH);
    emit_load(e, EMIT_LOAD_64, X86_RBX, emit_at(EMIT_R_SCRATCH, offsetof(struct wasm_context, exit_sp)));
    emit_load(e, EMIT_LOAD_64, X86_RBX, emit_at(X86_RBX, 8));
    const uint8_t *results = wasm_results(type);
    for (uint32_t i = 0; i < type->result_count; i++) {
        emit_reg r = tier_is_vector(results[i]) ? 0 : EMIT_R_RESULT;
        if (type->result_count > 1) {
            r = scratch_for(results[i]);
            tier_load_at(t, results[i], r, emit_at(EMIT_R_SP, tier_result_offset(outgoing, type, i)));
        }
        store_value(t, results[i], r, emit_at(X86_RBX, (int32_t)(16 * i)));
    }
    emit_move_imm(e, EMIT_R_RESULT, WASM_TRAP_NONE);
    emit_jump(e, &t->trap_exit);
}

/* Generated code calls the host: R_FUNCTION is the function. */
static void emit_host_stub(struct tier *t, const struct wasm_func_type *type)
{
    struct emit *e = &t->e;
    uint32_t n = type->param_count > type->result_count ? type->param_count : type->result_count;
    int32_t frame = (int32_t)(16 * n + 8);
    struct emit_label trapped = EMIT_LABEL, thrown = EMIT_LABEL;
    emit_adjust_stack(e, -frame);
    struct placer p = {0};
    for (uint32_t i = 0; i < type->param_count; i++) {
        struct place place = tier_place(&p, type->types[i]);
        emit_reg r = place.in_register ? place.reg : scratch_for(type->types[i]);
        if (!place.in_register)
            tier_load_at(t, type->types[i], r, emit_at(EMIT_R_SP, frame + 8 + place.offset));
        store_value(t, type->types[i], r, emit_at(EMIT_R_SP, (int32_t)(16 * i)));
    }
    load_context(t, EMIT_R_SCRATCH);
    fuel_to_context(t);
    emit_move(e, true, c_argument[0], R_INSTANCE);
    emit_load(e, EMIT_LOAD_64, c_argument[1], emit_at(R_FUNCTION, offsetof(struct wasm_func, host_context)));
    emit_move(e, true, c_argument[2], EMIT_R_SP);
    emit_call_mem(e, emit_at(R_FUNCTION, offsetof(struct wasm_func, host)));
    load_context(t, EMIT_R_SCRATCH);
    fuel_from_context(t);
    emit_cmp_imm(e, false, EMIT_R_RESULT, 0);
    emit_branch(e, EMIT_NE, &trapped);
    const uint8_t *results = wasm_results(type);
    uint32_t outgoing = tier_outgoing(type);
    for (uint32_t i = 0; i < type->result_count; i++) {
        emit_reg r = type->result_count > 1       ? scratch_for(results[i])
                     : tier_is_vector(results[i]) ? 0
                                                  : EMIT_R_RESULT;
        tier_load_at(t, results[i], r, emit_at(EMIT_R_SP, (int32_t)(16 * i)));
        if (type->result_count > 1)
            store_value(t, results[i], r,
                        emit_at(EMIT_R_SP, frame + 8 + tier_result_offset(outgoing, type, i)));
    }
    emit_adjust_stack(e, frame);
    emit_return(e);
    emit_bind(e, &trapped);
    emit_cmp_imm(e, false, EMIT_R_RESULT, WASM_TRAP_EXCEPTION);
    emit_branch(e, EMIT_EQ, &thrown);
    emit_jump(e, &t->trap_exit);
    emit_bind(e, &thrown); /* an exception that nobody caught inside goes on outside */
    load_context(t, EMIT_R_SCRATCH);
    emit_load(e, EMIT_LOAD_64, EMIT_R_RESULT,
              emit_at(EMIT_R_SCRATCH, offsetof(struct wasm_context, exception)));
    emit_adjust_stack(e, frame);
    emit_jump(e, &t->throwing);
}

/* A frame beyond the limit, or a wish to be let in: everything that may be live is kept.  The scratch register holds the frame's lower end. */
static void emit_slow(struct tier *t)
{
    struct emit *e = &t->e;
    static const uint8_t general[] = {X86_RAX, X86_RCX, X86_RDX, X86_RSI, X86_RDI, X86_R8, X86_R9, X86_R10};
    int32_t vectors = 16 * 16, frame = vectors + 8 * (int32_t)COUNT_OF(general);
    emit_bind(e, &t->slow);
    emit_push(e, X86_RBX);
    emit_move(e, true, X86_RBX, EMIT_R_SP);
    emit_adjust_stack(e, -frame);
    emit_alu_imm(e, EMIT_AND, true, EMIT_R_SP, EMIT_R_SP, -16);
    for (unsigned i = 0; i < 16; i++) emit_vstore(e, (emit_reg)i, emit_at(EMIT_R_SP, (int32_t)(16 * i)));
    for (unsigned i = 0; i < COUNT_OF(general); i++)
        emit_store(e, 3, general[i], emit_at(EMIT_R_SP, vectors + (int32_t)(8 * i)));
    emit_move(e, true, c_argument[0], R_INSTANCE);
    emit_move(e, true, c_argument[1], EMIT_R_SCRATCH);
    load_context(t, EMIT_R_SCRATCH);
    fuel_to_context(t);
    emit_call_through(e, &t->helpers[HELPER_SLOW]);
    load_context(t, EMIT_R_SCRATCH);
    fuel_from_context(t);
    emit_cmp_imm(e, false, EMIT_R_RESULT, 0);
    emit_branch(e, EMIT_NE, &t->trap_exit);
    for (unsigned i = 0; i < 16; i++) emit_vload(e, (emit_reg)i, emit_at(EMIT_R_SP, (int32_t)(16 * i)));
    for (unsigned i = 0; i < COUNT_OF(general); i++)
        emit_load(e, EMIT_LOAD_64, general[i], emit_at(EMIT_R_SP, vectors + (int32_t)(8 * i)));
    emit_move(e, true, EMIT_R_SP, X86_RBX);
    emit_pop(e, X86_RBX);
    emit_return(e);
}

/* The exception is in the result register, the return address says where it was thrown. */
static void emit_throwing(struct tier *t)
{
    struct emit *e = &t->e;
    emit_bind(e, &t->throwing);
    emit_move(e, true, c_argument[0], R_INSTANCE);
    emit_move(e, true, c_argument[1], EMIT_R_RESULT);
    emit_move(e, true, c_argument[2], EMIT_R_SP);
    emit_adjust_stack(e, -32);
    emit_alu_imm(e, EMIT_AND, true, EMIT_R_SP, EMIT_R_SP, -16);
    emit_move(e, true, c_argument[3], EMIT_R_SP);
    emit_call_through(e, &t->helpers[HELPER_UNWIND]);
    emit_cmp_imm(e, true, EMIT_R_RESULT, 0);
    struct emit_label found = EMIT_LABEL;
    emit_branch(e, EMIT_NE, &found);
    emit_move_imm(e, EMIT_R_RESULT, WASM_TRAP_EXCEPTION);
    emit_jump(e, &t->trap_exit);
    emit_bind(e, &found);
    emit_move(e, true, X86_RCX, EMIT_R_RESULT);
    emit_load(e, EMIT_LOAD_64, EMIT_R_RESULT, emit_at(EMIT_R_SP, 8));
    emit_load(e, EMIT_LOAD_64, EMIT_R_SP, emit_at(EMIT_R_SP, 0));
    emit_jump_reg(e, X86_RCX);
}

void tier_thunks(struct tier *t)
{
    struct emit *e = &t->e;
    emit_pool(e);
    for (unsigned i = 0; i < HELPER_COUNT; i++) {
        t->helpers[i] = EMIT_LABEL;
        emit_bind(e, &t->helpers[i]);
        emit_data(e, &tier_helper_addresses[i], sizeof tier_helper_addresses[i]);
    }
    emit_trap_exit(t);
    t->code->trap_exit = t->trap_exit.at;
    emit_throwing(t);
    emit_slow(t);
    for (uint32_t i = 0; i < t->m->type_count; i++) {
        uint32_t first = t->m->types[i].canonical;
        if (first != i) { /* the same code for the same shape */
            t->code->enters[i] = t->code->enters[first];
            t->code->host_stubs[i] = t->code->host_stubs[first];
            continue;
        }
        emit_align(e, 16);
        t->code->enters[i] = emit_offset(e);
        emit_enter(t, &t->m->types[i]);
        t->code->host_stubs[i] = emit_offset(e);
        emit_host_stub(t, &t->m->types[i]);
    }
}
