/* Loads, stores and the instructions on memories and tables. */
#include "loader/translate/tier1.h"

void tier_memarg(struct tier *t, uint32_t *memory, uint64_t *offset)
{
    uint32_t flags = tier_u32(t);
    *memory = flags & 0x40 ? tier_u32(t) : 0;
    *offset = tier_u64(t);
}

/* The guard behind memory 0 takes every 32-bit index plus every 32-bit offset. */
static struct emit_mem guarded(struct tier *t, struct operand *index, uint64_t offset)
{
    if (index->kind == OPERAND_CONST) {
        uint64_t sum = index->bits + offset;
        if (sum <= INT32_MAX) return emit_at(R_MEMORY, (int32_t)sum);
        emit_move_imm(&t->e, EMIT_R_SCRATCH, sum);
        return emit_at_index(R_MEMORY, EMIT_R_SCRATCH, 0, 0);
    }
    emit_reg r = tier_reg(t, index);
    if (offset <= INT32_MAX) return emit_at_index(R_MEMORY, r, 0, (int32_t)offset);
    emit_move_imm(&t->e, EMIT_R_SCRATCH, offset);
    emit_alu(&t->e, EMIT_ADD, true, EMIT_R_SCRATCH, EMIT_R_SCRATCH, r);
    return emit_at_index(R_MEMORY, EMIT_R_SCRATCH, 0, 0);
}

/* A checked proof shows that the access whose memory argument ends here is in bounds. */
static bool is_proved(const struct tier *t)
{
    uint32_t at = (uint32_t)(t->pc - t->m->bytes), low = 0, high = t->m->proved_count;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (t->m->proved[middle] == at) return true;
        if (t->m->proved[middle] < at)
            low = middle + 1;
        else
            high = middle;
    }
    return false;
}

/* The address of an access of so many bytes; a trap if it does not lie in the memory.  The operand memory may name the scratch register: the
 * access is the next instruction.  held: a temporary to drop after it. */
struct emit_mem tier_address(struct tier *t, struct operand *index, uint32_t memory, uint64_t offset,
                             unsigned bytes, struct operand *held)
{
    bool is64 = t->m->memories[memory].is64;
    *held = (struct operand){.kind = OPERAND_GONE};
    if (memory == 0 && !t->options.checked_memory0 && !is64) return guarded(t, index, offset);
    emit_reg r = tier_reg(t, index), base = tier_take(t, WASM_I64);
    *held = (struct operand){.kind = OPERAND_TEMP, .type = WASM_I64, .reg = base};
    emit_load(&t->e, EMIT_LOAD_64, base, emit_at(R_INSTANCE, (int32_t)(t->layout.memories + 8 * memory)));
    if (!is64 && offset <= INT32_MAX && is_proved(t)) {
        emit_load(&t->e, EMIT_LOAD_64, base, emit_at(base, offsetof(struct wasm_memory, base)));
        return emit_at_index(base, r, 0, (int32_t)offset);
    }
    uint64_t reach = offset + bytes;
    if (reach < offset) { /* no index can be right */
        emit_jump(&t->e, &t->traps[WASM_TRAP_MEMORY]);
        reach = bytes;
    }
    emit_move_imm(&t->e, EMIT_R_SCRATCH, reach);
    emit_alu(&t->e, EMIT_ADD, true, EMIT_R_SCRATCH, EMIT_R_SCRATCH,
             r);                                            /* d is a: an addition, its carry is the flag */
    if (is64) tier_trap_if(t, EMIT_LT_U, WASM_TRAP_MEMORY); /* the carry */
    emit_cmp_mem(&t->e, true, EMIT_R_SCRATCH, emit_at(base, offsetof(struct wasm_memory, size)));
    tier_trap_if(t, EMIT_GT_U, WASM_TRAP_MEMORY);
    emit_load(&t->e, EMIT_LOAD_64, base, emit_at(base, offsetof(struct wasm_memory, base)));
    return emit_at_index(base, EMIT_R_SCRATCH, 0, -(int32_t)bytes);
}

struct access {
    uint8_t type, kind, size; /* kind: enum emit_load */
};

static void load(struct tier *t, struct access how)
{
    uint32_t memory;
    uint64_t offset;
    tier_memarg(t, &memory, &offset);
    struct operand index = tier_pop(t), held;
    struct emit_mem m = tier_address(t, &index, memory, offset, 1u << how.size, &held);
    emit_reg d = tier_dest(t, how.type, held.kind == OPERAND_TEMP ? NULL : &index, NULL);
    if (tier_is_vector(how.type)) {
        emit_fload(&t->e, how.type == WASM_F64, d, m);
    } else {
        emit_load(&t->e, how.kind, d, m);
    }
    tier_drop(t, &held);
    tier_drop(t, &index);
    tier_finish(t, how.type, d);
}

static void store(struct tier *t, struct access how)
{
    uint32_t memory;
    uint64_t offset;
    tier_memarg(t, &memory, &offset);
    struct operand value = tier_pop(t), index = tier_pop(t), held;
    bool immediate = value.kind == OPERAND_CONST && !tier_is_vector(how.type) &&
                     (how.size < 3 || (int64_t)value.bits == (int32_t)value.bits);
    emit_reg s = immediate ? 0 : tier_reg(t, &value);
    struct emit_mem m = tier_address(t, &index, memory, offset, 1u << how.size, &held);
    if (immediate) {
        emit_store_imm(&t->e, how.size, (int32_t)value.bits, m);
    } else if (tier_is_vector(how.type)) {
        emit_fstore(&t->e, how.type == WASM_F64, s, m);
    } else {
        emit_store(&t->e, how.size, s, m);
    }
    tier_drop(t, &held);
    tier_drop(t, &index);
    tier_drop(t, &value);
}

static void memory_size(struct tier *t)
{
    uint32_t memory = tier_u32(t);
    uint8_t type = t->m->memories[memory].is64 ? WASM_I64 : WASM_I32;
    emit_reg d = tier_take(t, type);
    emit_load(&t->e, EMIT_LOAD_64, d, emit_at(R_INSTANCE, (int32_t)(t->layout.memories + 8 * memory)));
    emit_load(&t->e, EMIT_LOAD_64, d, emit_at(d, offsetof(struct wasm_memory, pages)));
    tier_push_reg(t, type, d);
}

static uint8_t index_type(const struct wasm_limits *l)
{
    return l->is64 ? WASM_I64 : WASM_I32;
}

void tier_bulk(struct tier *t, uint32_t op)
{
    uint32_t a = tier_u32(t), b = 0;
    if (op == WASM_OP_MEMORY_INIT || op == WASM_OP_MEMORY_COPY || op == WASM_OP_TABLE_INIT ||
        op == WASM_OP_TABLE_COPY)
        b = tier_u32(t);
    switch (op) {
    case WASM_OP_MEMORY_GROW:
        tier_helper(t, HELPER_MEMORY_GROW, 1, a, 0, index_type(&t->m->memories[a]));
        break;
    case WASM_OP_MEMORY_INIT: tier_helper(t, HELPER_MEMORY_INIT, 3, a, b, 0); break;
    case WASM_OP_DATA_DROP: tier_helper(t, HELPER_DATA_DROP, 0, a, 0, 0); break;
    case WASM_OP_MEMORY_COPY: tier_helper(t, HELPER_MEMORY_COPY, 3, a, b, 0); break;
    case WASM_OP_MEMORY_FILL: tier_helper(t, HELPER_MEMORY_FILL, 3, a, 0, 0); break;
    case WASM_OP_TABLE_INIT: tier_helper(t, HELPER_TABLE_INIT, 3, a, b, 0); break;
    case WASM_OP_ELEM_DROP: tier_helper(t, HELPER_ELEM_DROP, 0, a, 0, 0); break;
    case WASM_OP_TABLE_COPY: tier_helper(t, HELPER_TABLE_COPY, 3, a, b, 0); break;
    case WASM_OP_TABLE_GROW:
        tier_helper(t, HELPER_TABLE_GROW, 2, a, 0, index_type(&t->m->tables[a].limits));
        break;
    case WASM_OP_TABLE_SIZE:
        tier_helper(t, HELPER_TABLE_SIZE, 0, a, 0, index_type(&t->m->tables[a].limits));
        break;
    case WASM_OP_TABLE_FILL: tier_helper(t, HELPER_TABLE_FILL, 3, a, 0, 0); break;
    case WASM_OP_TABLE_GET: tier_helper(t, HELPER_TABLE_GET, 1, a, 0, t->m->tables[a].element); break;
    case WASM_OP_TABLE_SET: tier_helper(t, HELPER_TABLE_SET, 2, a, 0, 0); break;
    default: break;
    }
}

void tier_memory(struct tier *t, uint32_t op)
{
    static const struct access how[] = {
        [WASM_OP_I32_LOAD - WASM_OP_I32_LOAD] = {WASM_I32, EMIT_LOAD_32, 2},
        [WASM_OP_I64_LOAD - WASM_OP_I32_LOAD] = {WASM_I64, EMIT_LOAD_64, 3},
        [WASM_OP_F32_LOAD - WASM_OP_I32_LOAD] = {WASM_F32, 0, 2},
        [WASM_OP_F64_LOAD - WASM_OP_I32_LOAD] = {WASM_F64, 0, 3},
        [WASM_OP_I32_LOAD8_S - WASM_OP_I32_LOAD] = {WASM_I32, EMIT_LOAD_S8_32, 0},
        [WASM_OP_I32_LOAD8_U - WASM_OP_I32_LOAD] = {WASM_I32, EMIT_LOAD_U8, 0},
        [WASM_OP_I32_LOAD16_S - WASM_OP_I32_LOAD] = {WASM_I32, EMIT_LOAD_S16_32, 1},
        [WASM_OP_I32_LOAD16_U - WASM_OP_I32_LOAD] = {WASM_I32, EMIT_LOAD_U16, 1},
        [WASM_OP_I64_LOAD8_S - WASM_OP_I32_LOAD] = {WASM_I64, EMIT_LOAD_S8_64, 0},
        [WASM_OP_I64_LOAD8_U - WASM_OP_I32_LOAD] = {WASM_I64, EMIT_LOAD_U8, 0},
        [WASM_OP_I64_LOAD16_S - WASM_OP_I32_LOAD] = {WASM_I64, EMIT_LOAD_S16_64, 1},
        [WASM_OP_I64_LOAD16_U - WASM_OP_I32_LOAD] = {WASM_I64, EMIT_LOAD_U16, 1},
        [WASM_OP_I64_LOAD32_S - WASM_OP_I32_LOAD] = {WASM_I64, EMIT_LOAD_S32_64, 2},
        [WASM_OP_I64_LOAD32_U - WASM_OP_I32_LOAD] = {WASM_I64, EMIT_LOAD_32, 2},
        [WASM_OP_I32_STORE - WASM_OP_I32_LOAD] = {WASM_I32, 0, 2},
        [WASM_OP_I64_STORE - WASM_OP_I32_LOAD] = {WASM_I64, 0, 3},
        [WASM_OP_F32_STORE - WASM_OP_I32_LOAD] = {WASM_F32, 0, 2},
        [WASM_OP_F64_STORE - WASM_OP_I32_LOAD] = {WASM_F64, 0, 3},
        [WASM_OP_I32_STORE8 - WASM_OP_I32_LOAD] = {WASM_I32, 0, 0},
        [WASM_OP_I32_STORE16 - WASM_OP_I32_LOAD] = {WASM_I32, 0, 1},
        [WASM_OP_I64_STORE8 - WASM_OP_I32_LOAD] = {WASM_I64, 0, 0},
        [WASM_OP_I64_STORE16 - WASM_OP_I32_LOAD] = {WASM_I64, 0, 1},
        [WASM_OP_I64_STORE32 - WASM_OP_I32_LOAD] = {WASM_I64, 0, 2},
    };
    if (op == WASM_OP_MEMORY_SIZE) {
        memory_size(t);
    } else if (op == WASM_OP_MEMORY_GROW) {
        tier_bulk(t, op);
    } else if (op < WASM_OP_I32_STORE) {
        load(t, how[op - WASM_OP_I32_LOAD]);
    } else {
        store(t, how[op - WASM_OP_I32_LOAD]);
    }
}
