/* What each instruction demands, in full; validate_loop.c goes before it with the frequent cases. */
#include "loader/wasm/validate_stack.h"

/* What an instruction with a fixed signature takes and leaves.  wanted holds the operands' types, the last one in the top byte. */
struct effect {
    uint32_t wanted, mask;
    uint8_t pops, pushes, push;
};

#define TYPE_NONE 0
#define TYPE_I32 WASM_I32
#define TYPE_I64 WASM_I64
#define TYPE_F32 WASM_F32
#define TYPE_F64 WASM_F64
#define TYPE_V128 WASM_V128
#define TYPE_ADDRESS address
#define WANTED_0(a, b, c) 0u
#define WANTED_1(a, b, c) ((uint32_t)(a) << 24)
#define WANTED_2(a, b, c) ((uint32_t)(a) << 16 | (uint32_t)(b) << 24)
#define WANTED_3(a, b, c) ((uint32_t)(a) << 8 | (uint32_t)(b) << 16 | (uint32_t)(c) << 24)
#define MASK_0 0u
#define MASK_1 0xff000000u
#define MASK_2 0xffff0000u
#define MASK_3 0xffffff00u

/* By signature; the second table is for 64-bit memories. */
static const struct effect effects[2][WASM_SIGNATURE_COUNT] = {
    {
#define address WASM_I32
#define WASM_SIG(name, pop_count, p1, p2, p3, push_count, push)                                              \
    [WASM_SIGNATURE_##name] = {WANTED_##pop_count(TYPE_##p1, TYPE_##p2, TYPE_##p3), MASK_##pop_count,        \
                               pop_count, push_count, TYPE_##push},
#include "spec/wasm_ops.def"
#undef address
    },
    {
#define address WASM_I64
#define WASM_SIG(name, pop_count, p1, p2, p3, push_count, push)                                              \
    [WASM_SIGNATURE_##name] = {WANTED_##pop_count(TYPE_##p1, TYPE_##p2, TYPE_##p3), MASK_##pop_count,        \
                               pop_count, push_count, TYPE_##push},
#include "spec/wasm_ops.def"
#undef address
    },
};

const struct wasm_op_info wasm_op_infos[WASM_OP_LIMIT] = {
#define WASM_OP(name, text, code, imm, extra, sig) [code] = {WASM_IMM_##imm + 1, extra, WASM_SIGNATURE_##sig},
#include "spec/wasm_ops.def"
};

/* ---- branches ---- */

static bool branch(struct wasm_validator *v)
{
    struct wasm_frame *target;
    if (!read_label(v, &target)) return false;
    struct shape types = label_types(v, target);
    if (!pop_all(v, types.types, types.count)) return false;
    set_unreachable(v);
    return true;
}

static bool branch_if(struct wasm_validator *v)
{
    struct wasm_frame *target;
    if (!read_label(v, &target) || !pop(v, WASM_I32)) return false;
    struct shape types = label_types(v, target);
    return types.count == 0 ||
           (pop_all(v, types.types, types.count) && push_all(v, types.types, types.count));
}

static bool branch_table(struct wasm_validator *v)
{
    uint32_t count, arity = 0;
    if (!wasm_read_u32(v->r, &count)) return false;
    if (count >= (size_t)(v->r->end - v->r->p)) return fail(v, WASM_RULE_END);
    if (!pop(v, WASM_I32)) return false;
    v->serial++;
    for (uint32_t i = 0; i <= count; i++) {
        struct wasm_frame *target;
        if (!read_label(v, &target)) return false;
        if (target->checked == v->serial) continue;
        target->checked = v->serial;
        struct shape types = label_types(v, target);
        if (i == 0) arity = types.count;
        if (types.count != arity || !operands_are(v, types.types, types.count)) return mismatch(v);
    }
    set_unreachable(v);
    return true;
}

static bool return_values(struct wasm_validator *v)
{
    struct shape results = frame_results(v, v->frames + 1);
    if (!pop_all(v, results.types, results.count)) return false;
    set_unreachable(v);
    return true;
}

/* ---- calls ---- */

static bool call_type(struct wasm_validator *v, const struct wasm_func_type *t, bool is_tail)
{
    v->function->flags |= WASM_FUNCTION_CALLS;
    if (!pop_all(v, t->types, t->param_count)) return false;
    if (!is_tail) return push_all(v, wasm_results(t), t->result_count);
    struct shape results = frame_results(v, v->frames + 1);
    if (results.count != t->result_count || memcmp(results.types, wasm_results(t), results.count) != 0)
        return mismatch(v);
    set_unreachable(v);
    return true;
}

static bool call(struct wasm_validator *v, bool is_tail)
{
    uint32_t index;
    if (!wasm_read_u32(v->r, &index)) return false;
    if (index >= v->m->function_count) return fail_index(v, WASM_RULE_UNKNOWN_FUNCTION, index);
    return call_type(v, wasm_function_type(v->m, index), is_tail);
}

static bool read_table(struct wasm_validator *v, const struct wasm_table_type **table)
{
    uint32_t index;
    if (!wasm_read_u32(v->r, &index)) return false;
    if (index >= v->m->table_count) return fail_index(v, WASM_RULE_UNKNOWN_TABLE, index);
    *table = &v->m->tables[index];
    return true;
}

static uint8_t index_type(const struct wasm_limits *l)
{
    return l->is64 ? WASM_I64 : WASM_I32;
}

static bool call_indirect(struct wasm_validator *v, bool is_tail)
{
    uint32_t type;
    const struct wasm_table_type *table;
    if (!wasm_read_u32(v->r, &type)) return false;
    const uint8_t *type_end = v->r->p;
    if (!read_table(v, &table)) return false;
    if (type >= v->m->type_count) return fail_index(v, WASM_RULE_UNKNOWN_TYPE, type);
    if (table->element != WASM_FUNCREF)
        return wasm_reader_fail_at(v->r, type_end, WASM_RULE_TYPE_MISMATCH, WASM_NO_INDEX);
    return pop(v, index_type(&table->limits)) && call_type(v, &v->m->types[type], is_tail);
}

/* ---- exceptions ---- */

static bool read_tag(struct wasm_validator *v, const struct wasm_func_type **type)
{
    uint32_t tag;
    if (!wasm_read_u32(v->r, &tag)) return false;
    if (tag >= v->m->tag_count) return fail_index(v, WASM_RULE_UNKNOWN_TAG, tag);
    *type = &v->m->types[v->m->tags[tag]];
    return true;
}

static bool throw_tag(struct wasm_validator *v)
{
    const struct wasm_func_type *t;
    if (!read_tag(v, &t) || !pop_all(v, t->types, t->param_count)) return false;
    v->function->flags |= WASM_FUNCTION_CALLS;
    set_unreachable(v);
    return true;
}

static bool legacy_catch(struct wasm_validator *v, bool all)
{
    const struct wasm_func_type *t = NULL;
    if (!all && !read_tag(v, &t)) return false;
    if (v->frame->kind != FRAME_TRY && v->frame->kind != FRAME_CATCH) return fail(v, WASM_RULE_CATCH_PLACE);
    if (!finish_arm(v)) return false;
    return all ? begin_arm(v, FRAME_CATCH_ALL, NULL, 0) : begin_arm(v, FRAME_CATCH, t->types, t->param_count);
}

static bool legacy_delegate(struct wasm_validator *v)
{
    struct wasm_frame *target;
    uint32_t depth;
    if (!wasm_read_u32(v->r, &depth)) return false;
    if (v->frame->kind != FRAME_TRY) return fail(v, WASM_RULE_CATCH_PLACE);
    return find_label(v, v->frame - 1, depth, &target) && end_block(v);
}

static bool legacy_rethrow(struct wasm_validator *v)
{
    struct wasm_frame *target;
    if (!read_label(v, &target)) return false;
    if (target->kind != FRAME_CATCH && target->kind != FRAME_CATCH_ALL) return fail(v, WASM_RULE_RETHROW);
    set_unreachable(v);
    return true;
}

/* One clause of a try_table: what it would push must be what its label takes. */
static bool check_clause(struct wasm_validator *v)
{
    enum { CATCH, CATCH_REF, CATCH_ALL, CATCH_ALL_REF };
    uint8_t kind;
    struct wasm_frame *target;
    const struct wasm_func_type *t = NULL;
    if (!wasm_read_byte(v->r, &kind)) return false;
    if (kind > CATCH_ALL_REF) return fail(v, WASM_RULE_CATCH_KIND);
    if (kind <= CATCH_REF && !read_tag(v, &t)) return false;
    if (!read_label(v, &target)) return false;
    uint32_t params = t == NULL ? 0 : t->param_count;
    bool has_ref = kind == CATCH_REF || kind == CATCH_ALL_REF;
    struct shape label = label_types(v, target);
    if (label.count != params + has_ref) return mismatch(v);
    if (params > 0 && memcmp(label.types, t->types, params) != 0) return mismatch(v);
    if (has_ref && label.types[params] != WASM_EXNREF) return mismatch(v);
    return true;
}

static bool try_table(struct wasm_validator *v)
{
    int32_t type;
    uint32_t count;
    v->function->flags |= WASM_FUNCTION_TRY_TABLE;
    if (!read_block_type(v, &type)) return false;
    if (type >= 0) {
        const struct wasm_func_type *t = &v->m->types[type];
        if (!pop_all(v, t->types, t->param_count)) return false;
    }
    if (!wasm_read_u32(v->r, &count)) return false;
    for (uint32_t i = 0; i < count; i++)
        if (!check_clause(v)) return false;
    return open_frame(v, FRAME_BLOCK, type);
}

/* ---- variables ---- */

static bool read_local(struct wasm_validator *v, uint8_t *type)
{
    uint32_t index;
    if (!wasm_read_u32(v->r, &index)) return false;
    if (index >= v->function->local_count) return fail_index(v, WASM_RULE_UNKNOWN_LOCAL, index);
    *type = local_type(v, index);
    return true;
}

static bool read_global(struct wasm_validator *v, const struct wasm_global_type **type)
{
    uint32_t index;
    if (!wasm_read_u32(v->r, &index)) return false;
    if (index >= v->m->global_count) return fail_index(v, WASM_RULE_UNKNOWN_GLOBAL, index);
    *type = &v->m->globals[index].type;
    return true;
}

static bool set_global(struct wasm_validator *v)
{
    const struct wasm_global_type *g;
    if (!read_global(v, &g)) return false;
    if (!g->is_mutable) return fail(v, WASM_RULE_IMMUTABLE);
    return pop(v, g->type);
}

/* ---- memory ---- */

static bool read_memory(struct wasm_validator *v, const struct wasm_limits **memory)
{
    uint32_t index;
    if (!wasm_read_u32(v->r, &index)) return false;
    if (index >= v->m->memory_count) return fail_index(v, WASM_RULE_UNKNOWN_MEMORY, index);
    *memory = &v->m->memories[index];
    return true;
}

static bool read_access(struct wasm_validator *v, uint8_t natural, const struct wasm_limits **memory)
{
    uint32_t align, index = 0, offset32;
    uint64_t offset;
    if (!wasm_read_u32(v->r, &align)) return false;
    if (align >= 128) return fail(v, WASM_RULE_MEMOP_FLAGS);
    if (align >= 64 && !wasm_read_u32(v->r, &index)) return false;
    if (index >= v->m->memory_count) {
        if (!wasm_read_u64(v->r, &offset)) return false;
        return fail_index(v, WASM_RULE_UNKNOWN_MEMORY, index);
    }
    *memory = &v->m->memories[index];
    if (!((*memory)->is64 ? wasm_read_u64(v->r, &offset) : wasm_read_u32(v->r, &offset32))) return false;
    if ((align & 63) > natural) return fail(v, WASM_RULE_ALIGNMENT);
    return true;
}

static bool apply(struct wasm_validator *v, const struct effect *e);

static bool access_memory(struct wasm_validator *v, const struct wasm_op_info *info)
{
    const struct wasm_limits *memory;
    if (!read_access(v, info->extra, &memory)) return false;
    if (info->immediate == WASM_IMM_MEMORY_LANE + 1) {
        uint8_t lane;
        if (!wasm_read_byte(v->r, &lane)) return false;
        if (lane >= 16 >> info->extra) return fail(v, WASM_RULE_LANE);
    }
    return apply(v, &effects[memory->is64][info->signature]);
}

static bool read_data(struct wasm_validator *v)
{
    uint32_t index;
    if (!wasm_read_u32(v->r, &index)) return false;
    if (v->data_count == WASM_NO_INDEX) return fail(v, WASM_RULE_DATA_COUNT_REQUIRED);
    if (index >= v->data_count) return fail_index(v, WASM_RULE_UNKNOWN_DATA, index);
    return true;
}

static bool read_element(struct wasm_validator *v, uint8_t *type)
{
    uint32_t index;
    if (!wasm_read_u32(v->r, &index)) return false;
    if (index >= v->m->element_count) return fail_index(v, WASM_RULE_UNKNOWN_ELEMENT, index);
    *type = v->m->elements[index].type;
    return true;
}

static bool memory_init(struct wasm_validator *v)
{
    const struct wasm_limits *memory;
    return read_data(v) && read_memory(v, &memory) && pop(v, WASM_I32) && pop(v, WASM_I32) &&
           pop(v, index_type(memory));
}

static bool memory_copy(struct wasm_validator *v)
{
    const struct wasm_limits *to, *from;
    if (!read_memory(v, &to) || !read_memory(v, &from)) return false;
    return pop(v, to->is64 && from->is64 ? WASM_I64 : WASM_I32) && pop(v, index_type(from)) &&
           pop(v, index_type(to));
}

static bool table_init(struct wasm_validator *v)
{
    const struct wasm_table_type *table;
    uint8_t type;
    const uint8_t *at = v->r->p;
    uint32_t element;
    if (!wasm_read_u32(v->r, &element) || !read_table(v, &table)) return false;
    const uint8_t *end = v->r->p;
    v->r->p = at;
    if (!read_element(v, &type)) return false;
    v->r->p = end;
    if (type != table->element) return mismatch(v);
    return pop(v, WASM_I32) && pop(v, WASM_I32) && pop(v, index_type(&table->limits));
}

static bool table_copy(struct wasm_validator *v)
{
    const struct wasm_table_type *to, *from;
    if (!read_table(v, &to) || !read_table(v, &from)) return false;
    if (to->element != from->element) return mismatch(v);
    return pop(v, to->limits.is64 && from->limits.is64 ? WASM_I64 : WASM_I32) &&
           pop(v, index_type(&from->limits)) && pop(v, index_type(&to->limits));
}

/* ---- the rest ---- */

static bool select_untyped(struct wasm_validator *v)
{
    uint8_t a, b;
    if (!pop(v, WASM_I32) || !pop_any(v, &a) || !pop_any(v, &b)) return false;
    if (wasm_type_is_reference(a) || wasm_type_is_reference(b)) return mismatch(v);
    if (a != b && a != BOTTOM && b != BOTTOM) return mismatch(v);
    push(v, a == BOTTOM ? b : a);
    return true;
}

static bool select_typed(struct wasm_validator *v)
{
    uint32_t count;
    uint8_t type = 0;
    if (!wasm_read_u32(v->r, &count)) return false;
    for (uint32_t i = 0; i < count; i++)
        if (!wasm_read_value_type(v->r, &type)) return false;
    if (count != 1) return fail(v, WASM_RULE_SELECT_ARITY);
    if (!pop(v, WASM_I32) || !pop(v, type) || !pop(v, type)) return false;
    push(v, type);
    return true;
}

static bool reference_function(struct wasm_validator *v)
{
    uint32_t index;
    if (!wasm_read_u32(v->r, &index)) return false;
    if (index >= v->m->function_count) return fail_index(v, WASM_RULE_UNKNOWN_FUNCTION, index);
    if (!(v->m->functions[index].flags & WASM_FUNCTION_DECLARED))
        return fail_index(v, WASM_RULE_UNDECLARED, index);
    push(v, WASM_FUNCREF);
    return true;
}

static bool reference_is_null(struct wasm_validator *v)
{
    uint8_t type;
    if (!pop_any(v, &type)) return false;
    if (type != BOTTOM && !wasm_type_is_reference(type)) return mismatch(v);
    push(v, WASM_I32);
    return true;
}

static bool skip_bytes(struct wasm_validator *v, uint32_t count)
{
    const uint8_t *bytes;
    if ((size_t)(v->r->end - v->r->p) < count) return wasm_reader_fail(v->r, WASM_RULE_END);
    return wasm_read_bytes(v->r, count, &bytes);
}

static bool read_lanes(struct wasm_validator *v, unsigned count, unsigned below)
{
    const uint8_t *lanes = v->r->p;
    if (!skip_bytes(v, count)) return false;
    for (unsigned i = 0; i < count; i++)
        if (lanes[i] >= below) return fail(v, WASM_RULE_LANE);
    return true;
}

/* An instruction with a fixed signature. */
static bool apply(struct wasm_validator *v, const struct effect *e)
{
    uint32_t found;
    memcpy(&found, v->top - 4, 4);
    if (LIKELY(((found ^ e->wanted) & e->mask) == 0)) {
        v->top -= e->pops;
    } else {
        for (unsigned i = 0; i < e->pops; i++)
            if (!pop(v, (uint8_t)(e->wanted >> (24 - 8 * i)))) return false;
    }
    *v->top = e->push;
    v->top += e->pushes;
    if (v->top > v->most) v->most = v->top;
    return true;
}

/* Immediates of instructions with a fixed signature. */
static bool skip_immediate(struct wasm_validator *v, const struct wasm_op_info *info)
{
    int64_t number;
    uint8_t type;
    switch (info->immediate - 1) {
    case WASM_IMM_NONE: return true;
    case WASM_IMM_I32: return wasm_read_signed(v->r, 32, &number);
    case WASM_IMM_I64: return wasm_read_signed(v->r, 64, &number);
    case WASM_IMM_F32: return skip_bytes(v, 4);
    case WASM_IMM_F64: return skip_bytes(v, 8);
    case WASM_IMM_V128: return skip_bytes(v, 16);
    case WASM_IMM_LANE: return read_lanes(v, 1, info->extra);
    case WASM_IMM_SHUFFLE: return read_lanes(v, 16, info->extra);
    case WASM_IMM_DATA: return read_data(v);
    case WASM_IMM_ELEMENT: return read_element(v, &type);
    default: return fail(v, WASM_RULE_OPCODE);
    }
}

static bool check_control(struct wasm_validator *v, unsigned op)
{
    switch (op) {
    case WASM_OP_UNREACHABLE: set_unreachable(v); return true;
    case WASM_OP_BLOCK: return begin_block(v, FRAME_BLOCK);
    case WASM_OP_LOOP: v->function->flags |= WASM_FUNCTION_LOOPS; return begin_block(v, FRAME_LOOP);
    case WASM_OP_IF: return begin_block(v, FRAME_IF);
    case WASM_OP_ELSE: {
        if (v->frame->kind != FRAME_IF) return fail(v, WASM_RULE_ELSE_PLACE);
        if (!finish_arm(v)) return false;
        struct shape params = frame_params(v, v->frame);
        return begin_arm(v, FRAME_ELSE, params.types, params.count);
    }
    case WASM_OP_TRY: v->function->flags |= WASM_FUNCTION_LEGACY_TRY; return begin_block(v, FRAME_TRY);
    case WASM_OP_CATCH: return legacy_catch(v, false);
    case WASM_OP_CATCH_ALL: return legacy_catch(v, true);
    case WASM_OP_DELEGATE: return legacy_delegate(v);
    case WASM_OP_RETHROW: return legacy_rethrow(v);
    case WASM_OP_THROW: return throw_tag(v);
    case WASM_OP_THROW_REF:
        v->function->flags |= WASM_FUNCTION_TRY_TABLE;
        if (!pop(v, WASM_EXNREF)) return false;
        set_unreachable(v);
        return true;
    case WASM_OP_TRY_TABLE: return try_table(v);
    case WASM_OP_END: return end_block(v);
    case WASM_OP_BR: return branch(v);
    case WASM_OP_BR_IF: return branch_if(v);
    case WASM_OP_BR_TABLE: return branch_table(v);
    case WASM_OP_RETURN: return return_values(v);
    case WASM_OP_CALL: return call(v, false);
    case WASM_OP_RETURN_CALL: return call(v, true);
    case WASM_OP_CALL_INDIRECT: return call_indirect(v, false);
    case WASM_OP_RETURN_CALL_INDIRECT: return call_indirect(v, true);
    default: return fail(v, WASM_RULE_OPCODE);
    }
}

static bool check_table_op(struct wasm_validator *v, unsigned op)
{
    const struct wasm_table_type *table;
    if (!read_table(v, &table)) return false;
    uint8_t index = index_type(&table->limits), element = table->element;
    switch (op) {
    case WASM_OP_TABLE_GET:
        if (!pop(v, index)) return false;
        push(v, element);
        return true;
    case WASM_OP_TABLE_SET: return pop(v, element) && pop(v, index);
    case WASM_OP_TABLE_GROW:
        if (!pop(v, index) || !pop(v, element)) return false;
        push(v, index);
        return true;
    case WASM_OP_TABLE_SIZE: push(v, index); return true;
    default: return pop(v, index) && pop(v, element) && pop(v, index); /* table.fill */
    }
}

static bool check_memory_op(struct wasm_validator *v, unsigned op)
{
    const struct wasm_limits *memory;
    if (!read_memory(v, &memory)) return false;
    uint8_t index = index_type(memory);
    switch (op) {
    case WASM_OP_MEMORY_SIZE: push(v, index); return true;
    case WASM_OP_MEMORY_GROW:
        if (!pop(v, index)) return false;
        push(v, index);
        return true;
    default: return pop(v, index) && pop(v, WASM_I32) && pop(v, index); /* memory.fill */
    }
}

static bool check_special(struct wasm_validator *v, unsigned op)
{
    uint8_t type;
    const struct wasm_global_type *g;
    switch (op) {
    case WASM_OP_DROP: return pop_any(v, &type);
    case WASM_OP_SELECT: return select_untyped(v);
    case WASM_OP_SELECT_T: return select_typed(v);
    case WASM_OP_LOCAL_GET:
        if (!read_local(v, &type)) return false;
        push(v, type);
        return true;
    case WASM_OP_LOCAL_SET: return read_local(v, &type) && pop(v, type);
    case WASM_OP_LOCAL_TEE:
        if (!read_local(v, &type) || !pop(v, type)) return false;
        push(v, type);
        return true;
    case WASM_OP_GLOBAL_GET:
        if (!read_global(v, &g)) return false;
        push(v, g->type);
        return true;
    case WASM_OP_GLOBAL_SET: return set_global(v);
    case WASM_OP_TABLE_GET:
    case WASM_OP_TABLE_SET:
    case WASM_OP_TABLE_GROW:
    case WASM_OP_TABLE_SIZE:
    case WASM_OP_TABLE_FILL: return check_table_op(v, op);
    case WASM_OP_MEMORY_SIZE:
    case WASM_OP_MEMORY_GROW:
    case WASM_OP_MEMORY_FILL: return check_memory_op(v, op);
    case WASM_OP_MEMORY_INIT: return memory_init(v);
    case WASM_OP_MEMORY_COPY: return memory_copy(v);
    case WASM_OP_TABLE_INIT: return table_init(v);
    case WASM_OP_TABLE_COPY: return table_copy(v);
    case WASM_OP_REF_NULL:
        if (!wasm_read_reference_type(v->r, &type)) return false;
        push(v, type);
        return true;
    case WASM_OP_REF_IS_NULL: return reference_is_null(v);
    case WASM_OP_REF_FUNC: return reference_function(v);
    default: return check_control(v, op);
    }
}

static bool check_prefixed(struct wasm_validator *v, unsigned prefix, unsigned *op)
{
    uint32_t code;
    if (!wasm_read_u32(v->r, &code)) return false;
    if (code > 0xff) return fail(v, WASM_RULE_OPCODE);
    if (prefix == 0xfd) v->function->flags |= WASM_FUNCTION_SIMD;
    *op = (prefix == 0xfc ? 0x100 : 0x200) + code;
    return true;
}

/* Any instruction, r->p being after its first byte. */
bool wasm_validate_instruction(struct wasm_validator *v, unsigned op)
{
    if ((op == 0xfc || op == 0xfd) && !check_prefixed(v, op, &op)) return false;
    const struct wasm_op_info *info = &wasm_op_infos[op];
    if (info->immediate == 0) return fail(v, WASM_RULE_OPCODE);
    if (info->signature == WASM_SIGNATURE_special) return check_special(v, op);
    if (info->immediate == WASM_IMM_MEMORY_ACCESS + 1 || info->immediate == WASM_IMM_MEMORY_LANE + 1)
        return access_memory(v, info);
    return skip_immediate(v, info) && apply(v, &effects[0][info->signature]);
}
