/* One function: which locals live in registers, the frame, the way in and out, and the loop over the body. */
#include "loader/translate/tier1.h"
#include "base/mem.h"

/* ---- reading ---- */

uint32_t tier_opcode(struct tier *t)
{
    uint32_t op = *t->pc++;
    if (op == 0xfc) return 0x100 + tier_u32(t);
    if (op == 0xfd) return 0x200 + tier_u32(t);
    return op;
}

static void skip_leb(struct tier *t)
{
    while (*t->pc++ & 0x80) {
    }
}

static const uint8_t immediates[WASM_OP_LIMIT] = {
#define WASM_OP(name, text, code, immediate, extra, signature) [code] = WASM_IMM_##immediate,
#include "spec/wasm_ops.def"
};

void tier_skip_immediate(struct tier *t, uint32_t op)
{
    switch ((enum wasm_immediate)immediates[op]) {
    case WASM_IMM_NONE: break;
    case WASM_IMM_BLOCK:
    case WASM_IMM_LABEL:
    case WASM_IMM_FUNCTION:
    case WASM_IMM_LOCAL:
    case WASM_IMM_GLOBAL:
    case WASM_IMM_TABLE:
    case WASM_IMM_MEMORY:
    case WASM_IMM_TAG:
    case WASM_IMM_DATA:
    case WASM_IMM_ELEMENT:
    case WASM_IMM_I32:
    case WASM_IMM_I64: skip_leb(t); break;
    case WASM_IMM_TYPE_TABLE:
    case WASM_IMM_TABLES:
    case WASM_IMM_MEMORIES:
    case WASM_IMM_DATA_MEMORY:
    case WASM_IMM_ELEMENT_TABLE:
        skip_leb(t);
        skip_leb(t);
        break;
    case WASM_IMM_LABELS:
        for (uint32_t n = tier_u32(t) + 1; n; n--) skip_leb(t);
        break;
    case WASM_IMM_TYPES: {
        uint32_t n = tier_u32(t);
        t->pc += n;
        break;
    }
    case WASM_IMM_MEMORY_ACCESS:
    case WASM_IMM_MEMORY_LANE:
        if (tier_u32(t) & 0x40) skip_leb(t);
        skip_leb(t);
        if (immediates[op] == WASM_IMM_MEMORY_LANE) t->pc++;
        break;
    case WASM_IMM_LANE:
    case WASM_IMM_HEAP_TYPE: t->pc++; break;
    case WASM_IMM_SHUFFLE:
    case WASM_IMM_V128: t->pc += 16; break;
    case WASM_IMM_F32: t->pc += 4; break;
    case WASM_IMM_F64: t->pc += 8; break;
    case WASM_IMM_TRY_TABLE:
        skip_leb(t);
        for (uint32_t n = tier_u32(t); n; n--) {
            if (*t->pc++ < 2) skip_leb(t);
            skip_leb(t);
        }
        break;
    }
}

/* ---- locals ---- */

/* Locals whose types are looked up whether they are used or not: a body of a few bytes can declare many thousands. */
#define FEW_LOCALS 32u

static void learn_type(struct tier *t, uint32_t local)
{
    uint32_t low = 0, high = t->run_count;
    while (low < high) { /* the first run that ends beyond it */
        uint32_t middle = low + (high - low) / 2;
        if (t->runs[middle].end <= local)
            low = middle + 1;
        else
            high = middle;
    }
    t->local_types[local] = t->runs[low].type;
}

static void read_locals(struct tier *t)
{
    const struct wasm_func_type *type = t->type;
    memcpy(t->local_types, type->types, type->param_count);
    uint32_t at = type->param_count;
    t->vector_locals = t->vectors_in_types;
    t->run_count = 0;
    for (uint32_t runs = tier_u32(t); runs; runs--) {
        uint32_t n = tier_u32(t);
        uint8_t of = *t->pc++;
        t->vector_locals |= n && of == WASM_V128;
        at += n;
        t->runs[t->run_count++] = (struct local_run){at, of};
    }
    for (uint32_t x = type->param_count; x < t->f->local_count && x < type->param_count + FEW_LOCALS; x++)
        learn_type(t, x);
}

/* What the first reading of a body does with an instruction. */
enum { WEIGH_OTHER, WEIGH_NOTHING, WEIGH_LEB, WEIGH_ACCESS, WEIGH_LOCAL };

static unsigned weigh_how(uint32_t op)
{
    switch (op) {
    case WASM_OP_LOCAL_GET:
    case WASM_OP_LOCAL_SET:
    case WASM_OP_LOCAL_TEE: return WEIGH_LOCAL;
    case WASM_OP_BR:
    case WASM_OP_BR_IF:
    case WASM_OP_GLOBAL_GET:
    case WASM_OP_GLOBAL_SET:
    case WASM_OP_I32_CONST:
    case WASM_OP_I64_CONST: return WEIGH_LEB;
    case WASM_OP_I32_LOAD ... WASM_OP_I64_STORE32: return WEIGH_ACCESS;
    case WASM_OP_DROP:
    case WASM_OP_SELECT:
    case WASM_OP_RETURN:
    case WASM_OP_I32_EQZ ... WASM_OP_I64_EXTEND32_S: return WEIGH_NOTHING;
    default: return WEIGH_OTHER;
    }
}

/* How often each local is used, uses in loops counting eight times for each level; returns the same sum for calls.  Only the locals that are
 * used are looked at: a body of a few bytes can declare many thousands. */
static uint32_t weigh(struct tier *t)
{
    const uint8_t *begin = t->pc;
    uint32_t depth = 0, loops = 0, calls = 0, weight = 1;
    for (;;) {
        uint32_t op = *t->pc;
        switch (weigh_how(op)) {
        case WEIGH_NOTHING: t->pc++; continue;
        case WEIGH_LOCAL: {
            t->pc++;
            uint32_t local = tier_u32(t), *w = &t->local_weights[local];
            if (!*w) {
                t->used_locals[t->used_count++] = local;
                if (local >= t->type->param_count + FEW_LOCALS) learn_type(t, local);
            }
            if (*w < 1u << 30) *w += weight;
            continue;
        }
        case WEIGH_LEB:
            t->pc++;
            skip_leb(t);
            continue;
        case WEIGH_ACCESS:
            t->pc++;
            if (UNLIKELY(*t->pc >= 0x40)) {
                tier_skip_immediate(t, op);
            } else {
                t->pc++;
                skip_leb(t);
            }
            continue;
        default: break;
        }
        op = tier_opcode(t);
        switch (op) {
        case WASM_OP_LOOP: loops++; /* fall through */
        case WASM_OP_BLOCK:
        case WASM_OP_IF:
        case WASM_OP_TRY:
        case WASM_OP_TRY_TABLE:
            t->controls[depth++].kind = op == WASM_OP_LOOP ? CONTROL_LOOP : CONTROL_BLOCK;
            weight = 1u << 3 * (loops < 5 ? loops : 5);
            break;
        case WASM_OP_END:
            if (depth == 0) {
                t->pc = begin;
                return calls;
            }
            loops -= t->controls[--depth].kind == CONTROL_LOOP;
            weight = 1u << 3 * (loops < 5 ? loops : 5);
            continue;
        case WASM_OP_DELEGATE: depth--; break;
        case WASM_OP_CALL:
        case WASM_OP_CALL_INDIRECT:
        case WASM_OP_RETURN_CALL:
        case WASM_OP_RETURN_CALL_INDIRECT:
            if (calls < 1u << 30) calls += weight;
            break;
        default: break;
        }
        tier_skip_immediate(t, op);
    }
}

#define MOST_PINS 7

struct ranking {
    uint32_t count, most;
    uint32_t local[MOST_PINS];
};

static void rank(struct ranking *r, const uint32_t *weights, uint32_t local)
{
    uint32_t i = r->count;
    if (i == r->most) {
        if (!i || weights[r->local[i - 1]] >= weights[local]) return;
        i--;
    } else {
        r->count++;
    }
    for (; i && weights[r->local[i - 1]] < weights[local]; i--) r->local[i] = r->local[i - 1];
    r->local[i] = local;
}

static void pin(struct tier *t, uint32_t local, emit_reg r)
{
    t->local_regs[local] = r;
    t->pins[t->pin_count++] = local;
}

#define KEPT_MASK (1u << X86_RBX | 1u << X86_RBP | 1u << X86_R12 | 1u << X86_R13)

static void forget_weights(struct tier *t)
{
    for (uint32_t i = 0; i < t->used_count; i++) t->local_weights[t->used_locals[i]] = 0;
}

/* The locals used most get registers.  One that a call destroys is worth it if its uses outweigh two moves at each call. */
static void choose_registers(struct tier *t)
{
    static const uint8_t with_calls[] = {X86_RBX, X86_RBP, X86_R12, X86_R13, X86_R8, X86_R9};
    static const uint8_t without[] = {X86_R8, X86_R9, X86_R10, X86_RBX, X86_RBP, X86_R12, X86_R13};
    bool calls = t->f->flags & WASM_FUNCTION_CALLS;
    uint8_t registers[MOST_PINS];
    uint32_t most = 0;
    for (uint32_t i = 0; i < (calls ? COUNT_OF(with_calls) : COUNT_OF(without)); i++) {
        emit_reg r = (calls ? with_calls : without)[i];
        if (!(t->options.metered && r == R_FUEL)) registers[most++] = r;
    }
    t->pin_count = 0;
    t->kept = 0;
    t->temp_general = 1u << X86_RAX | 1u << X86_RCX | 1u << X86_RDX | 1u << X86_RSI | 1u << X86_RDI |
                      1u << X86_R8 | 1u << X86_R9 | 1u << X86_R10;
    t->temp_vector = 0x7fff;
    t->saved_general = t->saved_vector = 0;
    t->used_count = 0;
    uint32_t call_weight = weigh(t);
    if (t->has_try) {
        t->kept = KEPT_MASK & ~(t->options.metered ? 1u << R_FUEL : 0);
        forget_weights(t);
        return;
    }
    struct ranking general = {0, most, {0}}, vector = {0, MOST_PINS, {0}};
    for (uint32_t i = 0; i < t->used_count; i++) {
        uint32_t x = t->used_locals[i];
        if (t->local_weights[x] > 1)
            rank(tier_is_vector(t->local_types[x]) ? &vector : &general, t->local_weights, x);
    }
    for (uint32_t i = 0; i < general.count; i++) {
        emit_reg r = registers[i];
        bool kept = KEPT_MASK >> r & 1;
        if (!kept && t->local_weights[general.local[i]] < 2 * call_weight) break;
        pin(t, general.local[i], r);
        if (kept)
            t->kept |= 1u << r;
        else
            t->saved_general |= 1u << r;
        t->temp_general &= ~(1u << r);
    }
    for (uint32_t i = 0; i < vector.count; i++) {
        if (t->local_weights[vector.local[i]] < 2 * call_weight) break;
        pin(t, vector.local[i], (emit_reg)(8 + i));
        t->saved_vector |= 1u << (8 + i);
        t->temp_vector &= ~(1u << (8 + i));
    }
    forget_weights(t);
}

/* Ready for the next function: local_regs is EMIT_NONE and local_refs zero throughout. */
static void unpin(struct tier *t)
{
    for (uint32_t i = 0; i < t->pin_count; i++) t->local_regs[t->pins[i]] = EMIT_NONE;
}

/* ---- the frame: outgoing area, locals, operands, exceptions, the instance, kept registers ---- */

static void lay_out(struct tier *t)
{
    uint32_t slots = t->f->max_stack + 2;
    if (t->has_try) slots += t->tag_values_max + 1;
    t->slot_size = t->vector_locals || (t->f->flags & WASM_FUNCTION_SIMD) ? 16 : 8;
    uint32_t at = t->f->flags & WASM_FUNCTION_CALLS ? t->outgoing_max : 0;
    t->locals_at = (int32_t)at;
    at += t->f->local_count * t->slot_size;
    t->slots_at = (int32_t)at;
    at += slots * t->slot_size;
    t->exceptions_at = (int32_t)at;
    if (t->has_try) at += 8 * (t->f->max_depth + 1);
    t->instance_at = (int32_t)at;
    at += 8;
    t->kept_at = (int32_t)at;
    at += 8 * (uint32_t)__builtin_popcount(t->kept);
    t->frame = (int32_t)((at + 15) / 16 * 16 + 8);
}

static void kept_registers(struct tier *t, bool restore)
{
    int32_t at = t->kept_at;
    for (uint32_t mask = t->kept; mask; mask &= mask - 1, at += 8) {
        emit_reg r = (emit_reg)__builtin_ctz(mask);
        if (restore) {
            emit_load(&t->e, EMIT_LOAD_64, r, tier_frame(at));
        } else {
            emit_store(&t->e, 3, r, tier_frame(at));
        }
    }
}

static void take_parameters(struct tier *t)
{
    struct placer p = {0};
    for (uint32_t x = 0; x < t->type->param_count; x++) {
        uint8_t type = t->type->types[x], r = t->local_regs[x];
        struct place place = tier_place(&p, type);
        if (place.in_register && r != EMIT_NONE) {
            tier_move(t, type, r, place.reg);
        } else if (place.in_register) {
            tier_save(t, type, place.reg, tier_home(t, x));
        } else if (r != EMIT_NONE) {
            tier_load(t, type, r, t->frame + 8 + place.offset);
        } else {
            tier_copy(t, type, tier_home(t, x), t->frame + 8 + place.offset);
        }
    }
}

/* The other locals are zero.  Many of them are cleared by a loop, registers' homes and what follows them included. */
static void clear_locals(struct tier *t)
{
    struct emit *e = &t->e;
    uint32_t first = t->type->param_count, count = t->f->local_count - first;
    if (count > 24) {
        struct emit_label loop = EMIT_LABEL;
        emit_fzero(e, EMIT_V_SCRATCH);
        emit_lea(e, true, X86_RAX, tier_frame(tier_home(t, first)));
        emit_lea(e, true, X86_RCX, tier_frame(tier_home(t, t->f->local_count)));
        emit_bind(e, &loop);
        emit_vstore(e, EMIT_V_SCRATCH, emit_at(X86_RAX, 0));
        emit_alu_imm(e, EMIT_ADD, true, X86_RAX, X86_RAX, 16);
        emit_cmp(e, true, X86_RAX, X86_RCX);
        emit_branch(e, EMIT_LT_U, &loop);
    }
    for (uint32_t i = 0; i < t->pin_count; i++) {
        uint32_t x = t->pins[i];
        if (x < first) continue;
        if (tier_is_vector(t->local_types[x])) {
            emit_fzero(e, t->local_regs[x]);
        } else {
            emit_alu(e, EMIT_XOR, false, t->local_regs[x], t->local_regs[x], t->local_regs[x]);
        }
    }
    for (uint32_t x = first; count <= 24 && x < t->f->local_count; x++) {
        if (t->local_regs[x] != EMIT_NONE) continue;
        emit_store_imm(e, 3, 0, tier_frame(tier_home(t, x)));
        if (t->local_types[x] == WASM_V128) emit_store_imm(e, 3, 0, tier_frame(tier_home(t, x) + 8));
    }
}

static void prologue(struct tier *t)
{
    struct emit *e = &t->e;
    if ((t->f->flags & WASM_FUNCTION_CALLS) || t->frame > (int32_t)UNCHECKED_FRAME) {
        emit_load(e, EMIT_LOAD_64, EMIT_R_SCRATCH,
                  emit_at(R_INSTANCE, offsetof(struct wasm_instance, context)));
        emit_reg low = EMIT_R_SP;
        if (t->frame > (int32_t)UNCHECKED_FRAME) {
            low = X86_R10;
            emit_lea(e, true, low, emit_at(EMIT_R_SP, -t->frame));
        }
        emit_cmp_mem(e, true, low, emit_at(EMIT_R_SCRATCH, offsetof(struct wasm_context, stack_limit)));
        emit_branch(e, EMIT_LT_U, tier_cold(t, COLD_ENTRY));
        if (t->cold_count) emit_bind(e, &t->colds[t->cold_count - 1].back);
    }
    emit_adjust_stack(e, -t->frame);
    kept_registers(t, false);
    if (t->has_try) emit_store(e, 3, R_INSTANCE, tier_frame(t->instance_at));
    take_parameters(t);
    clear_locals(t);
}

void tier_leave(struct tier *t)
{
    kept_registers(t, true);
    emit_adjust_stack(&t->e, t->frame);
}

/* Several results go from the slots to the caller's outgoing area. */
static void epilogue(struct tier *t)
{
    uint32_t n = t->type->result_count;
    if (n > 1) {
        const uint8_t *results = wasm_results(t->type);
        uint32_t outgoing = tier_outgoing(t->type);
        for (uint32_t i = 0; i < n; i++)
            tier_copy(t, results[i], t->frame + 8 + tier_result_offset(outgoing, t->type, i),
                      tier_slot(t, i));
    }
    tier_leave(t);
    emit_return(&t->e);
}

/* ---- the body ---- */

/* Code that is never reached: skipped up to the end of its block. */
static void skip_dead(struct tier *t)
{
    uint32_t nested = 0;
    for (;;) {
        const uint8_t *at = t->pc;
        uint32_t op = tier_opcode(t);
        switch (op) {
        case WASM_OP_BLOCK:
        case WASM_OP_LOOP:
        case WASM_OP_IF:
        case WASM_OP_TRY:
        case WASM_OP_TRY_TABLE: nested++; break;
        case WASM_OP_ELSE:
        case WASM_OP_CATCH:
        case WASM_OP_CATCH_ALL:
            if (nested) break;
            t->pc = at;
            return;
        case WASM_OP_DELEGATE:
        case WASM_OP_END:
            if (!nested) {
                t->pc = at;
                return;
            }
            nested--;
            break;
        default: break;
        }
        tier_skip_immediate(t, op);
    }
}

static void instruction(struct tier *t)
{
    uint32_t op = tier_opcode(t);
    t->meter_count++;
    if (op < WASM_OP_TABLE_GET) {
        tier_control(t, op);
    } else if (op < WASM_OP_I32_LOAD) {
        tier_bulk(t, op);
    } else if (op < WASM_OP_I32_CONST) {
        tier_memory(t, op);
    } else if (op < WASM_OP_REF_NULL) {
        tier_numeric(t, op);
    } else if (op < 0x100) {
        tier_control(t, op);
    } else if (op < WASM_OP_MEMORY_INIT) {
        tier_numeric(t, op);
    } else if (op < 0x200) {
        tier_bulk(t, op);
    } else {
        tier_simd(t, op);
    }
}

void tier_function(struct tier *t, uint32_t index)
{
    t->f = &t->m->functions[index];
    t->type = wasm_function_type(t->m, index);
    t->function_number = index - t->m->imported_functions;
    t->pc = t->m->bytes + t->f->body_offset;
    t->has_try = t->f->flags & (WASM_FUNCTION_LEGACY_TRY | WASM_FUNCTION_TRY_TABLE);
    t->cold_count = 0;
    t->meter_at = 0;
    t->height = t->depth = t->settled = 0;
    t->pinned_local = -1;
    t->dead = false;
    for (unsigned i = 0; i < WASM_TRAP_COUNT; i++) t->traps[i] = EMIT_LABEL;
    read_locals(t);
    choose_registers(t);
    t->free_general = t->temp_general;
    t->free_vector = t->temp_vector;
    for (unsigned i = 0; i < 16; i++) t->owner_general[i] = t->owner_vector[i] = -1;
    lay_out(t);
    emit_align(&t->e, 16);
    emit_bind(&t->e, &t->functions[t->function_number]);
    t->code->entries[t->function_number] = emit_offset(&t->e);
    t->code->frames[t->function_number] = (uint32_t)t->frame;
    prologue(t);
    struct control *c = tier_open(t, CONTROL_FUNCTION);
    c->results = wasm_results(t->type);
    c->result_count = t->type->result_count;
    tier_meter_open(t);
    while (t->depth) {
        if (t->dead) skip_dead(t);
        instruction(t);
    }
    epilogue(t);
    tier_cold_code(t);
    unpin(t);
}
