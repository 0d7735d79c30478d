#include "loader/translate/tier1.h"

/* ---- moves by type ---- */

void tier_load_at(struct tier *t, uint8_t type, emit_reg d, struct emit_mem m)
{
    if (type == WASM_V128) {
        emit_vload(&t->e, d, m);
    } else if (tier_is_vector(type)) {
        emit_fload(&t->e, type == WASM_F64, d, m);
    } else {
        emit_load(&t->e, type == WASM_I32 ? EMIT_LOAD_32 : EMIT_LOAD_64, d, m);
    }
}

void tier_load(struct tier *t, uint8_t type, emit_reg d, int32_t disp)
{
    tier_load_at(t, type, d, tier_frame(disp));
}

/* An i32 is stored with its upper half: C helpers read slots whole. */
void tier_save_at(struct tier *t, uint8_t type, emit_reg s, struct emit_mem m)
{
    if (type == WASM_V128) {
        emit_vstore(&t->e, s, m);
    } else if (tier_is_vector(type)) {
        emit_fstore(&t->e, type == WASM_F64, s, m);
    } else {
        emit_store(&t->e, 3, s, m);
    }
}

void tier_save(struct tier *t, uint8_t type, emit_reg s, int32_t disp)
{
    tier_save_at(t, type, s, tier_frame(disp));
}

void tier_move(struct tier *t, uint8_t type, emit_reg d, emit_reg s)
{
    if (d == s) return;
    if (tier_is_vector(type)) {
        emit_fmove(&t->e, d, s);
    } else {
        emit_move(&t->e, type != WASM_I32, d, s);
    }
}

void tier_copy(struct tier *t, uint8_t type, int32_t to, int32_t from)
{
    if (to == from) return;
    emit_reg scratch = tier_is_vector(type) ? EMIT_V_SCRATCH : EMIT_R_SCRATCH;
    tier_load(t, type, scratch, from);
    tier_save(t, type, scratch, to);
}

static void load_const(struct tier *t, uint8_t type, emit_reg d, uint64_t bits)
{
    if (tier_is_vector(type)) {
        emit_fimm(&t->e, type == WASM_F64, d, bits);
    } else {
        emit_move_imm(&t->e, d, bits);
    }
}

/* ---- temporaries ---- */

/* Entries spill in the order in which they will be needed last: the deepest first. */
static emit_reg evict(struct tier *t, bool vector)
{
    const int32_t *owner = vector ? t->owner_vector : t->owner_general;
    uint32_t temps = vector ? t->temp_vector : t->temp_general;
    int32_t best = INT32_MAX;
    emit_reg victim = 0;
    for (uint32_t mask = temps; mask; mask &= mask - 1) {
        unsigned r = (unsigned)__builtin_ctz(mask);
        if (owner[r] >= 0 && owner[r] < best) {
            best = owner[r];
            victim = (emit_reg)r;
        }
    }
    tier_spill(t, (uint32_t)best);
    return victim;
}

emit_reg tier_take(struct tier *t, uint8_t type)
{
    bool vector = tier_is_vector(type);
    uint32_t *available = vector ? &t->free_vector : &t->free_general;
    emit_reg r = *available ? (emit_reg)__builtin_ctz(*available) : evict(t, vector);
    *available &= ~(1u << r);
    return r;
}

/* A given temporary: its owner, if any, moves to its slot. */
void tier_take_this(struct tier *t, bool vector, emit_reg r)
{
    int32_t owner = vector ? t->owner_vector[r] : t->owner_general[r];
    if (owner >= 0) tier_spill(t, (uint32_t)owner);
    *(vector ? &t->free_vector : &t->free_general) &= ~(1u << r);
}

void tier_give(struct tier *t, bool vector, emit_reg r)
{
    if (vector) {
        t->owner_vector[r] = -1;
        t->free_vector |= 1u << r;
    } else {
        t->owner_general[r] = -1;
        t->free_general |= 1u << r;
    }
}

/* ---- pushing ---- */

static void unsettle(struct tier *t)
{
    if (t->settled > t->height) t->settled = t->height;
}

void tier_push_local(struct tier *t, uint32_t local)
{
    unsettle(t);
    t->local_refs[local]++;
    t->stack[t->height++] =
        (struct value){.kind = VALUE_LOCAL, .type = t->local_types[local], .local = local};
}

void tier_push_reg(struct tier *t, uint8_t type, emit_reg r)
{
    unsettle(t);
    bool vector = tier_is_vector(type);
    (vector ? t->owner_vector : t->owner_general)[r] = (int32_t)t->height;
    *(vector ? &t->free_vector : &t->free_general) &= ~(1u << r);
    t->stack[t->height++] = (struct value){.kind = VALUE_REG, .type = type, .reg = r};
}

void tier_push_const(struct tier *t, uint8_t type, uint64_t bits)
{
    t->stack[t->height++] = (struct value){.kind = VALUE_CONST, .type = type, .bits = bits};
}

void tier_push_spilled(struct tier *t, uint8_t type)
{
    t->stack[t->height++] = (struct value){.kind = VALUE_SPILL, .type = type};
}

/* The flags stay flags if the next instruction is one that uses them. */
void tier_push_flags(struct tier *t, enum emit_cond c)
{
    switch (*t->pc) {
    case WASM_OP_IF:
    case WASM_OP_BR_IF:
    case WASM_OP_SELECT:
    case WASM_OP_I32_EQZ:
        t->stack[t->height++] = (struct value){.kind = VALUE_FLAGS, .type = WASM_I32, .reg = (uint8_t)c};
        return;
    default:;
        emit_reg d = tier_dest(t, WASM_I32, NULL, NULL);
        emit_set(&t->e, c, d);
        tier_finish(t, WASM_I32, d);
    }
}

/* ---- popping ---- */

struct operand tier_local_operand(struct tier *t, uint32_t local)
{
    uint8_t type = t->local_types[local], r = t->local_regs[local];
    if (r != EMIT_NONE) return (struct operand){.kind = OPERAND_PINNED, .type = type, .reg = r};
    return (struct operand){.kind = OPERAND_MEMORY, .type = type, .disp = tier_home(t, local)};
}

struct operand tier_pop(struct tier *t)
{
    struct value *v = &t->stack[--t->height];
    switch ((enum value_kind)v->kind) {
    case VALUE_CONST: return (struct operand){.kind = OPERAND_CONST, .type = v->type, .bits = v->bits};
    case VALUE_REG:
        (tier_is_vector(v->type) ? t->owner_vector : t->owner_general)[v->reg] = -1;
        return (struct operand){.kind = OPERAND_TEMP, .type = v->type, .reg = v->reg};
    case VALUE_LOCAL: t->local_refs[v->local]--; return tier_local_operand(t, v->local);
    case VALUE_SPILL:
        return (struct operand){.kind = OPERAND_MEMORY, .type = v->type, .disp = tier_slot(t, t->height)};
    case VALUE_FLAGS:;
        emit_reg r = tier_take(t, WASM_I32);
        emit_set(&t->e, v->reg, r);
        return (struct operand){.kind = OPERAND_TEMP, .type = WASM_I32, .reg = r};
    }
    __builtin_unreachable();
}

void tier_drop(struct tier *t, struct operand *o)
{
    if (o->kind == OPERAND_TEMP) tier_give(t, tier_is_vector(o->type), o->reg);
    o->kind = OPERAND_GONE;
}

void tier_discard(struct tier *t)
{
    struct value *v = &t->stack[--t->height];
    if (v->kind == VALUE_REG) tier_give(t, tier_is_vector(v->type), v->reg);
    if (v->kind == VALUE_LOCAL) t->local_refs[v->local]--;
}

void tier_truncate(struct tier *t, uint32_t height)
{
    while (t->height > height) tier_discard(t);
}

void tier_operand_to(struct tier *t, struct operand *o, emit_reg d)
{
    switch ((enum operand_kind)o->kind) {
    case OPERAND_CONST: load_const(t, o->type, d, o->bits); break;
    case OPERAND_MEMORY: tier_load(t, o->type, d, o->disp); break;
    default: tier_move(t, o->type, d, o->reg); break;
    }
}

emit_reg tier_reg(struct tier *t, struct operand *o)
{
    if (o->kind == OPERAND_TEMP || o->kind == OPERAND_PINNED) return o->reg;
    emit_reg r = tier_take(t, o->type);
    tier_operand_to(t, o, r);
    o->kind = OPERAND_TEMP;
    return o->reg = r;
}

emit_reg tier_temp(struct tier *t, struct operand *o)
{
    if (o->kind == OPERAND_TEMP) return o->reg;
    emit_reg r = tier_take(t, o->type);
    tier_operand_to(t, o, r);
    o->kind = OPERAND_TEMP;
    return o->reg = r;
}

/* ---- results ---- */

/* local.set or local.tee of a local in a register, right behind: the result is computed there. */
static bool next_local(struct tier *t, uint8_t type, emit_reg *d)
{
    if (*t->pc != WASM_OP_LOCAL_SET && *t->pc != WASM_OP_LOCAL_TEE) return false;
    const uint8_t *at = t->pc++;
    uint32_t local = tier_u32(t);
    const uint8_t *after = t->pc;
    t->pc = at;
    emit_reg r = t->local_regs[local];
    if (r == EMIT_NONE || t->local_refs[local]) return false;
    t->meter_count++;
    t->pinned_local = (int32_t)local;
    t->pinned_tee = *at == WASM_OP_LOCAL_TEE;
    t->pc = after;
    *d = r;
    return true;
}

emit_reg tier_dest(struct tier *t, uint8_t type, struct operand *a, struct operand *b)
{
    emit_reg d;
    if (next_local(t, type, &d)) return d;
    struct operand *reuse =
        a && a->kind == OPERAND_TEMP && tier_is_vector(a->type) == tier_is_vector(type)   ? a
        : b && b->kind == OPERAND_TEMP && tier_is_vector(b->type) == tier_is_vector(type) ? b
                                                                                          : NULL;
    if (!reuse) return tier_take(t, type);
    reuse->kind = OPERAND_GONE;
    return reuse->reg;
}

void tier_finish(struct tier *t, uint8_t type, emit_reg d)
{
    if (t->pinned_local < 0) {
        tier_push_reg(t, type, d);
        return;
    }
    uint32_t local = (uint32_t)t->pinned_local;
    t->pinned_local = -1;
    if (t->pinned_tee) tier_push_local(t, local);
}

/* ---- spilling ---- */

void tier_value_to_memory(struct tier *t, const struct value *v, uint32_t index, struct emit_mem to)
{
    switch ((enum value_kind)v->kind) {
    case VALUE_CONST:
        if ((int64_t)v->bits == (int32_t)v->bits) {
            emit_store_imm(&t->e, 3, (int32_t)v->bits, to);
        } else {
            emit_move_imm(&t->e, EMIT_R_SCRATCH, v->bits);
            emit_store(&t->e, 3, EMIT_R_SCRATCH, to);
        }
        break;
    case VALUE_REG: tier_save(t, v->type, v->reg, to.disp); break;
    case VALUE_SPILL: tier_copy(t, v->type, to.disp, tier_slot(t, index)); break;
    case VALUE_LOCAL:
        if (t->local_regs[v->local] != EMIT_NONE) {
            tier_save(t, v->type, t->local_regs[v->local], to.disp);
        } else {
            tier_copy(t, v->type, to.disp, tier_home(t, v->local));
        }
        break;
    case VALUE_FLAGS: break;
    }
}

static void settle(struct tier *t, uint32_t index)
{
    struct value *v = &t->stack[index];
    tier_value_to_memory(t, v, index, tier_frame(tier_slot(t, index)));
    if (v->kind == VALUE_REG) tier_give(t, tier_is_vector(v->type), v->reg);
    if (v->kind == VALUE_LOCAL) t->local_refs[v->local]--;
    v->kind = VALUE_SPILL;
}

void tier_spill(struct tier *t, uint32_t index)
{
    uint8_t kind = t->stack[index].kind;
    if (kind == VALUE_REG || kind == VALUE_LOCAL) settle(t, index);
}

void tier_spill_all(struct tier *t, uint32_t count)
{
    for (; t->settled < count; t->settled++) tier_spill(t, t->settled);
}

/* What a call destroys: entries below count in registers. */
void tier_spill_registers(struct tier *t, uint32_t count)
{
    for (uint32_t mask = t->temp_general; mask; mask &= mask - 1) {
        int32_t owner = t->owner_general[__builtin_ctz(mask)];
        if (owner >= 0 && (uint32_t)owner < count) tier_spill(t, (uint32_t)owner);
    }
    for (uint32_t mask = t->temp_vector; mask; mask &= mask - 1) {
        int32_t owner = t->owner_vector[__builtin_ctz(mask)];
        if (owner >= 0 && (uint32_t)owner < count) tier_spill(t, (uint32_t)owner);
    }
}

void tier_force_slots(struct tier *t, uint32_t count)
{
    for (uint32_t i = t->height - count; i < t->height; i++)
        if (t->stack[i].kind != VALUE_SPILL) settle(t, i);
}

/* Entries that still mean the old value of a local that is about to change get it now.  After a long search all is settled, so that the same
 * entries are never searched again. */
void tier_materialise_local(struct tier *t, uint32_t local)
{
    uint32_t passed = 0;
    for (uint32_t i = t->height; t->local_refs[local] && i--;) {
        struct value *v = &t->stack[i];
        if (++passed > 64) {
            tier_spill_all(t, t->height);
            return;
        }
        if (v->kind != VALUE_LOCAL || v->local != local) continue;
        struct operand o = tier_local_operand(t, local);
        bool vector = tier_is_vector(v->type);
        if (vector ? t->free_vector : t->free_general) {
            emit_reg r = tier_take(t, v->type);
            tier_operand_to(t, &o, r);
            t->local_refs[local]--;
            *v = (struct value){.kind = VALUE_REG, .type = v->type, .reg = r};
            (vector ? t->owner_vector : t->owner_general)[r] = (int32_t)i;
        } else {
            settle(t, i);
        }
    }
}
