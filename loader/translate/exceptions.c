/* Exceptions.  A function that catches keeps nothing in registers of its own across instructions that may throw: its locals live in the frame.
 * Throwing is a call of the module's thunk; it finds the landing place by the return addresses on the stack (handlers of struct wasm_code). */
#include "loader/translate/tier1.h"
#include "base/mem.h"

static void add_handler(struct tier *t, const struct wasm_handler *h)
{
    struct wasm_code *code = t->code;
    if (code->handler_count == code->handler_room) {
        uint32_t room = code->handler_room ? 2 * code->handler_room : 64;
        const struct wasm_allocator *a = &t->host->allocator;
        struct wasm_handler *more = a->alloc(a->context, room * sizeof *more);
        if (!more) {
            t->failed = true;
            return;
        }
        if (code->handler_count) memcpy(more, code->handlers, code->handler_count * sizeof *more);
        if (code->handlers) a->free(a->context, code->handlers, code->handler_room * sizeof *more);
        code->handlers = more;
        code->handler_room = room;
    }
    code->handlers[code->handler_count++] = *h;
}

static int32_t exception_place(struct tier *t, const struct control *c)
{
    return t->exceptions_at + 8 * (int32_t)(c - t->controls);
}

static uint32_t index_of(struct tier *t, const struct control *c)
{
    return (uint32_t)(c - t->controls);
}

/* The protected code ends here, and here an exception thrown in it arrives, in the result register. */
static void land(struct tier *t, struct control *c)
{
    struct wasm_handler h = {c->try_begin,       emit_offset(&t->e), emit_offset(&t->e),
                             t->function_number, index_of(t, c),     0};
    add_handler(t, &h);
    emit_load(&t->e, EMIT_LOAD_64, R_INSTANCE, tier_frame(t->instance_at));
    emit_load(&t->e, EMIT_LOAD_64, R_MEMORY, emit_at(R_INSTANCE, offsetof(struct wasm_instance, memory0)));
    emit_store(&t->e, 3, EMIT_R_RESULT, tier_frame(exception_place(t, c)));
}

static void load_exception(struct tier *t, const struct control *c)
{
    emit_load(&t->e, EMIT_LOAD_64, EMIT_R_RESULT, tier_frame(exception_place(t, c)));
}

void tier_throw_register(struct tier *t)
{
    emit_call(&t->e, &t->throwing);
}

static void go_unless_tag(struct tier *t, uint32_t tag, struct emit_label *next)
{
    emit_load(&t->e, EMIT_LOAD_64, EMIT_R_COUNT, emit_at(R_INSTANCE, (int32_t)(t->layout.tags + 8 * tag)));
    emit_cmp_mem(&t->e, true, EMIT_R_COUNT, emit_at(EMIT_R_RESULT, offsetof(struct wasm_exception, tag)));
    emit_branch(&t->e, EMIT_NE, next);
}

/* The exception's values, from the object in the result register. */
static void push_values(struct tier *t, uint32_t tag)
{
    const struct wasm_func_type *type = &t->m->types[t->m->tags[tag]];
    for (uint32_t i = 0; i < type->param_count; i++) {
        struct emit_mem from =
            emit_at(EMIT_R_RESULT, (int32_t)(offsetof(struct wasm_exception, values) + 16 * i));
        if (type->types[i] == WASM_V128) {
            emit_vload(&t->e, EMIT_V_SCRATCH, from);
            emit_vstore(&t->e, EMIT_V_SCRATCH, tier_frame(tier_slot(t, t->height)));
        } else {
            emit_load(&t->e, EMIT_LOAD_64, EMIT_R_SCRATCH, from);
            emit_store(&t->e, 3, EMIT_R_SCRATCH, tier_frame(tier_slot(t, t->height)));
        }
        tier_push_spilled(t, type->types[i]);
    }
}

static void open_try(struct tier *t, uint8_t kind)
{
    struct control *c = tier_open(t, kind);
    tier_block_type(t, c);
    tier_spill_all(t, t->height);
    tier_force_slots(t, c->param_count);
    c->height -= c->param_count;
    c->try_begin = emit_offset(&t->e);
    if (kind != CONTROL_TRY_TABLE) return;
    c->catches = t->pc;
    for (uint32_t count = tier_u32(t); count; count--) {
        uint8_t clause = *t->pc++;
        if (clause < 2) tier_u32(t);
        tier_u32(t);
    }
}

static void legacy_catch(struct tier *t, bool all)
{
    struct control *c = &t->controls[t->depth - 1];
    uint32_t tag = all ? 0 : tier_u32(t);
    if (!t->dead) tier_jump(t, c);
    tier_truncate(t, c->height);
    t->dead = false;
    if (c->kind == CONTROL_TRY) {
        land(t, c);
        c->kind = CONTROL_CATCH;
    } else {
        emit_bind(&t->e, &c->other);
        load_exception(t, c);
    }
    c->other = EMIT_LABEL;
    c->caught_all = all;
    if (!all) {
        go_unless_tag(t, tag, &c->other);
        push_values(t, tag);
    }
    tier_meter_open(t);
}

static void end_legacy(struct tier *t, struct control *c)
{
    if (c->kind == CONTROL_TRY || c->caught_all) return; /* nothing caught, or everything */
    if (!t->dead) tier_jump(t, c);
    emit_bind(&t->e, &c->other);
    load_exception(t, c);
    tier_throw_register(t);
    tier_go_dead(t);
}

static void end_try_table(struct tier *t, struct control *c)
{
    if (!t->dead) tier_jump(t, c);
    tier_truncate(t, c->height);
    land(t, c);
    const uint8_t *after = t->pc;
    t->pc = c->catches;
    bool all = false;
    for (uint32_t count = tier_u32(t); count; count--) {
        uint8_t clause = *t->pc++;
        uint32_t tag = clause < 2 ? tier_u32(t) : 0, label = tier_u32(t);
        if (all) continue;
        struct emit_label next = EMIT_LABEL;
        load_exception(t, c);
        if (clause < 2) {
            go_unless_tag(t, tag, &next);
            push_values(t, tag);
        }
        all = clause >= 2;
        if (clause & 1) {
            tier_take_this(t, false, EMIT_R_RESULT);
            tier_push_reg(t, WASM_EXNREF, EMIT_R_RESULT);
        }
        tier_jump(t, tier_target(t, label + 1));
        tier_truncate(t, c->height);
        emit_bind(&t->e, &next);
    }
    t->pc = after;
    if (!all) {
        load_exception(t, c);
        tier_throw_register(t);
    }
    tier_go_dead(t);
}

void tier_end_try(struct tier *t, struct control *c)
{
    if (c->kind == CONTROL_TRY_TABLE) {
        end_try_table(t, c);
    } else {
        end_legacy(t, c);
    }
}

/* The exception goes on as if thrown in the block of the label: tries in between are passed over. */
static void delegate(struct tier *t)
{
    uint32_t label = tier_u32(t);
    struct control *c = &t->controls[t->depth - 1];
    struct wasm_handler h = {c->try_begin,       emit_offset(&t->e), WASM_HANDLER_DELEGATE,
                             t->function_number, index_of(t, c),     t->depth - 2 - label};
    add_handler(t, &h);
    c->kind = CONTROL_BLOCK;
    tier_close(t);
}

static void throw_tag(struct tier *t)
{
    uint32_t tag = tier_u32(t);
    const struct wasm_func_type *type = &t->m->types[t->m->tags[tag]];
    tier_helper(t, HELPER_NEW_EXCEPTION, type->param_count, tag, type->param_count, WASM_EXNREF);
    struct operand o = tier_pop(t);
    tier_operand_to(t, &o, EMIT_R_RESULT);
    tier_throw_register(t);
    tier_go_dead(t);
}

static void throw_ref(struct tier *t)
{
    struct operand o = tier_pop(t);
    tier_operand_to(t, &o, EMIT_R_RESULT);
    tier_drop(t, &o);
    emit_cmp_imm(&t->e, true, EMIT_R_RESULT, 0);
    tier_trap_if(t, EMIT_EQ, WASM_TRAP_NULL_EXCEPTION);
    tier_throw_register(t);
    tier_go_dead(t);
}

void tier_try(struct tier *t, uint32_t op)
{
    switch (op) {
    case WASM_OP_TRY: open_try(t, CONTROL_TRY); break;
    case WASM_OP_TRY_TABLE: open_try(t, CONTROL_TRY_TABLE); break;
    case WASM_OP_CATCH: legacy_catch(t, false); break;
    case WASM_OP_CATCH_ALL: legacy_catch(t, true); break;
    case WASM_OP_DELEGATE: delegate(t); break;
    case WASM_OP_THROW: throw_tag(t); break;
    case WASM_OP_THROW_REF: throw_ref(t); break;
    case WASM_OP_RETHROW:
        load_exception(t, tier_target(t, tier_u32(t)));
        tier_throw_register(t);
        tier_go_dead(t);
        break;
    default: break;
    }
}
