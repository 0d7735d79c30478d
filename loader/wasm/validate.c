#include "loader/wasm/validate.h"

#include "base/mem.h"
#include "loader/wasm/arena.h"
#include "loader/wasm/ops.h"
#include "spec/limits.h"

enum { SENTINEL = 0, BOTTOM = 1 };
enum { STACK_PAD = 8 }; /* bytes below the stack that comparisons of operands may read */

enum frame_kind {
    FRAME_BLOCK,
    FRAME_LOOP,
    FRAME_IF,
    FRAME_ELSE,
    FRAME_TRY,
    FRAME_CATCH,
    FRAME_CATCH_ALL,
    FRAME_FUNCTION
};

#define BLOCK_EMPTY (-64)

struct wasm_frame {
    uint32_t base;    /* of its operands on the stack */
    int32_t type;     /* block type: type index, or negative: one result, or none (BLOCK_EMPTY) */
    uint32_t checked; /* serial of the last br_table that checked it as a target */
    uint8_t kind;
    uint8_t unreachable;
    uint8_t result; /* of a block type that is one value type */
};

struct wasm_local_run {
    uint32_t end;
    uint8_t type;
};

/* The same for a call, as far as it takes few operands and leaves one at most. */
struct wasm_call_effect {
    uint64_t wanted, mask;
    uint8_t pops, pushes, push;
    bool is_small;
};

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

/* immediate: enum wasm_immediate + 1; 0: there is no such instruction. */
struct op_info {
    uint8_t immediate, extra, signature;
};

static const struct op_info op_infos[WASM_OP_LIMIT] = {
#define WASM_OP(name, text, code, imm, extra, sig) [code] = {WASM_IMM_##imm + 1, extra, WASM_SIGNATURE_##sig},
#include "spec/wasm_ops.def"
};

/* ---- failing, memory ---- */

static COLD bool fail_index(struct wasm_validator *v, enum wasm_rule rule, uint32_t index)
{
    return wasm_reader_fail_at(v->r, v->at, rule, index);
}

static COLD bool fail(struct wasm_validator *v, enum wasm_rule rule)
{
    return wasm_reader_fail_at(v->r, v->at, rule, (uint32_t)(v->function - v->m->functions));
}

static COLD bool mismatch(struct wasm_validator *v)
{
    return fail(v, WASM_RULE_TYPE_MISMATCH);
}

/* Room for more operands besides those that V1 promises. */
static bool make_room(struct wasm_validator *v, size_t more)
{
    size_t needed = more + (size_t)(v->r->end - v->r->p) + 16;
    if (LIKELY((size_t)(v->limit - v->top) >= needed)) return true;
    size_t height = (size_t)(v->top - v->stack), most = (size_t)(v->most - v->stack);
    if (height + more > LIMIT_WASM_OPERANDS) return fail(v, WASM_RULE_OPERANDS);
    size_t old = v->stack == NULL ? 0 : (size_t)(v->limit - v->stack) + STACK_PAD;
    size_t size = (height + needed) * 2 + STACK_PAD;
    struct wasm_allocator *a = &v->m->allocator;
    uint8_t *block = a->alloc(a->context, size);
    if (block == NULL) return fail(v, WASM_RULE_NO_MEMORY);
    if (old != 0) {
        memcpy(block, v->stack - STACK_PAD, old);
        a->free(a->context, v->stack - STACK_PAD, old);
    }
    v->stack = block + STACK_PAD;
    v->limit = block + size;
    v->top = v->stack + height;
    v->most = v->stack + most;
    return true;
}

static bool more_frames(struct wasm_validator *v)
{
    size_t count = v->frames == NULL ? 0 : (size_t)(v->frames_end - v->frames);
    size_t wanted = count == 0 ? 64 : count * 2;
    struct wasm_allocator *a = &v->m->allocator;
    struct wasm_frame *block = a->alloc(a->context, wanted * sizeof *block);
    if (block == NULL) return fail(v, WASM_RULE_NO_MEMORY);
    size_t at = v->frames == NULL ? 0 : (size_t)(v->frame - v->frames);
    if (count != 0) {
        memcpy(block, v->frames, count * sizeof *block);
        a->free(a->context, v->frames, count * sizeof *block);
    }
    v->frames = block;
    v->frame = block + at;
    v->frames_end = block + wanted;
    return true;
}

/* ---- operands ---- */

static void push(struct wasm_validator *v, uint8_t type)
{
    *v->top++ = type;
    if (v->top > v->most) v->most = v->top;
}

static bool pop_slow(struct wasm_validator *v, uint8_t wanted)
{
    uint8_t found = v->top[-1];
    if (found == SENTINEL) return v->frame->unreachable || mismatch(v);
    if (found != BOTTOM) return mismatch(v);
    v->top--;
    return true;
}

static inline bool pop(struct wasm_validator *v, uint8_t wanted)
{
    if (UNLIKELY(v->top[-1] != wanted)) return pop_slow(v, wanted);
    v->top--;
    return true;
}

/* Whatever is on top; BOTTOM if nothing is, in unreachable code. */
static bool pop_any(struct wasm_validator *v, uint8_t *type)
{
    *type = v->top[-1];
    if (*type != SENTINEL) {
        v->top--;
        return true;
    }
    *type = BOTTOM;
    return v->frame->unreachable || mismatch(v);
}

static bool pop_all(struct wasm_validator *v, const uint8_t *types, uint32_t count)
{
    size_t there = (size_t)(v->top - v->stack) - v->frame->base;
    if (LIKELY(there >= count && memcmp(v->top - count, types, count) == 0)) {
        v->top -= count;
        return true;
    }
    while (count > 0)
        if (!pop(v, types[--count])) return false;
    return true;
}

static bool push_all(struct wasm_validator *v, const uint8_t *types, uint32_t count)
{
    if (UNLIKELY(count > 1) && !make_room(v, count)) return false;
    memcpy(v->top, types, count);
    v->top += count;
    if (v->top > v->most) v->most = v->top;
    return true;
}

/* The operands on top are of these types, and stay. */
static bool operands_are(struct wasm_validator *v, const uint8_t *types, uint32_t count)
{
    size_t there = (size_t)(v->top - v->stack) - v->frame->base;
    if (LIKELY(there >= count && memcmp(v->top - count, types, count) == 0)) return true;
    for (uint32_t i = 1; i <= count; i++) {
        if (i > there) return v->frame->unreachable || mismatch(v);
        if (v->top[-(ptrdiff_t)i] != types[count - i] && v->top[-(ptrdiff_t)i] != BOTTOM) return mismatch(v);
    }
    return true;
}

static void set_unreachable(struct wasm_validator *v)
{
    v->top = v->stack + v->frame->base;
    v->frame->unreachable = true;
}

/* ---- blocks and labels ---- */

struct shape {
    const uint8_t *types;
    uint32_t count;
};

static struct shape frame_params(struct wasm_validator *v, const struct wasm_frame *f)
{
    if (f->type < 0) return (struct shape){NULL, 0};
    const struct wasm_func_type *t = &v->m->types[f->type];
    return (struct shape){t->types, t->param_count};
}

static struct shape frame_results(struct wasm_validator *v, const struct wasm_frame *f)
{
    if (f->type == BLOCK_EMPTY) return (struct shape){NULL, 0};
    if (f->type < 0) return (struct shape){&f->result, 1};
    const struct wasm_func_type *t = &v->m->types[f->type];
    return (struct shape){wasm_results(t), t->result_count};
}

/* What a branch to the frame carries. */
static struct shape label_types(struct wasm_validator *v, const struct wasm_frame *f)
{
    return f->kind == FRAME_LOOP ? frame_params(v, f) : frame_results(v, f);
}

static bool read_block_type(struct wasm_validator *v, int32_t *type)
{
    if (v->r->p < v->r->end && (*v->r->p == 0x40 || wasm_type_is_value(*v->r->p))) {
        *type = (int32_t)*v->r->p++ - 128;
        return true;
    }
    int64_t number;
    if (!wasm_read_signed(v->r, 33, &number)) return false;
    if (number < 0) return fail(v, WASM_RULE_BLOCK_TYPE);
    if (number >= v->m->type_count) return fail_index(v, WASM_RULE_UNKNOWN_TYPE, (uint32_t)number);
    *type = (int32_t)number;
    return true;
}

/* Opens a frame whose parameters, already taken, become its first operands. */
static bool open_frame(struct wasm_validator *v, enum frame_kind kind, int32_t type)
{
    if (UNLIKELY(v->frame + 1 == v->frames_end) && !more_frames(v)) return false;
    *v->top++ = SENTINEL;
    struct wasm_frame *f = ++v->frame;
    *f = (struct wasm_frame){
        .base = (uint32_t)(v->top - v->stack), .type = type, .kind = kind, .result = (uint8_t)(type + 128)};
    uint32_t depth = (uint32_t)(f - v->frames);
    if (depth > v->deepest) v->deepest = depth;
    struct shape params = frame_params(v, f);
    return push_all(v, params.types, params.count);
}

static bool begin_block(struct wasm_validator *v, enum frame_kind kind)
{
    int32_t type;
    if (!read_block_type(v, &type)) return false;
    if (kind == FRAME_IF && !pop(v, WASM_I32)) return false;
    if (type >= 0) {
        const struct wasm_func_type *t = &v->m->types[type];
        if (!pop_all(v, t->types, t->param_count)) return false;
    }
    return open_frame(v, kind, type);
}

/* The operands are the frame's results and nothing more; takes them. */
static bool finish_arm(struct wasm_validator *v)
{
    struct shape results = frame_results(v, v->frame);
    if (!pop_all(v, results.types, results.count)) return false;
    if (v->top != v->stack + v->frame->base) return mismatch(v);
    return true;
}

/* Goes on with the other arm of an if or the handler of a try. */
static bool begin_arm(struct wasm_validator *v, enum frame_kind kind, const uint8_t *types, uint32_t count)
{
    v->frame->kind = kind;
    v->frame->unreachable = false;
    return push_all(v, types, count);
}

/* Closes the innermost frame and leaves its results.  After the function's own there is no frame. */
static bool end_block(struct wasm_validator *v)
{
    struct wasm_frame *f = v->frame;
    if (!finish_arm(v)) return false;
    struct shape results = frame_results(v, f);
    if (f->kind == FRAME_IF) {
        struct shape params = frame_params(v, f);
        if (params.count != results.count || memcmp(params.types, results.types, params.count) != 0)
            return mismatch(v);
    }
    v->top--; /* the sentinel */
    v->frame--;
    if (f->kind == FRAME_FUNCTION) return true;
    return push_all(v, results.types, results.count);
}

/* depth counts from the frame `from`. */
static bool find_label(struct wasm_validator *v, struct wasm_frame *from, uint32_t depth,
                       struct wasm_frame **target)
{
    if (depth > (size_t)(from - v->frames) - 1) return fail_index(v, WASM_RULE_UNKNOWN_LABEL, depth);
    *target = from - depth;
    return true;
}

static bool read_label(struct wasm_validator *v, struct wasm_frame **target)
{
    uint32_t depth;
    return wasm_read_u32(v->r, &depth) && find_label(v, v->frame, depth, target);
}

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

/* The type of local `index`, which exists.  Only as many as the body could name in passing are laid out in an array, so that five
 * bytes that declare 50,000 locals cost five bytes' time. */
static COLD uint8_t far_local_type(struct wasm_validator *v, uint32_t index)
{
    uint32_t low = 0, high = v->run_count - 1;
    while (low < high) {
        uint32_t middle = (low + high) / 2;
        if (index < v->runs[middle].end)
            high = middle;
        else
            low = middle + 1;
    }
    return v->runs[low].type;
}

static inline uint8_t local_type(struct wasm_validator *v, uint32_t index)
{
    return LIKELY(index < v->locals_known) ? v->locals[index] : far_local_type(v, index);
}

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

static bool access_memory(struct wasm_validator *v, const struct op_info *info)
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
static bool skip_immediate(struct wasm_validator *v, const struct op_info *info)
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
static bool check_instruction(struct wasm_validator *v, unsigned op)
{
    if ((op == 0xfc || op == 0xfd) && !check_prefixed(v, op, &op)) return false;
    const struct op_info *info = &op_infos[op];
    if (info->immediate == 0) return fail(v, WASM_RULE_OPCODE);
    if (info->signature == WASM_SIGNATURE_special) return check_special(v, op);
    if (info->immediate == WASM_IMM_MEMORY_ACCESS + 1 || info->immediate == WASM_IMM_MEMORY_LANE + 1)
        return access_memory(v, info);
    return skip_immediate(v, info) && apply(v, &effects[0][info->signature]);
}

/* ---- the main loop ---- */

/* Eight bytes at p, the first in the low byte. */
static inline uint64_t load_u64(const uint8_t *p)
{
    uint64_t word;
    memcpy(&word, p, 8);
    return word;
}

static inline uint32_t load_u32(const uint8_t *p)
{
    uint32_t word;
    memcpy(&word, p, 4);
    return word;
}

/* In a word that begins with a LEB128 number of at most `bytes` bytes: a bit pattern whose lowest bit is the top bit of the number's last
 * byte; 0: it is longer.  No branches: compilers pad numbers that the linker fills in to five bytes, next to short ones. */
static inline uint64_t leb_end(uint64_t word, unsigned bytes)
{
    return ~word & (0x8080808080808080ull >> (64 - 8 * bytes));
}
static inline unsigned leb_size(uint64_t end)
{
    return (unsigned)__builtin_ctzll(end) / 8 + 1;
}
/* Of a number of 32 bits: its fifth byte, if there is one, holds no bits beyond. */
static inline bool leb_u32_fits(uint64_t word, uint64_t end)
{
    return ((word & (end ^ (end - 1))) & 0xf000000000ull) == 0;
}
static inline bool leb_s32_fits(uint64_t word, uint64_t end)
{
    uint64_t high = (word & (end ^ (end - 1))) & 0x7800000000ull;
    return (high == 0) | (high == 0x7800000000ull);
}
static inline uint32_t leb_u32(uint64_t word, uint64_t end)
{
    word &= end ^ (end - 1);
    return (uint32_t)((word & 0x7f) | (word >> 1 & 0x3f80) | (word >> 2 & 0x1fc000) |
                      (word >> 3 & 0xfe00000) | (word >> 4 & 0xf0000000));
}

/* Goes on with the next instruction.  Beyond `safe` a handler might read past the binary's end: one by one there. */
#define NEXT                                                                                                 \
    do {                                                                                                     \
        if (UNLIKELY(p >= safe)) goto edge;                                                                  \
        op = *p++;                                                                                           \
        goto *handlers[op];                                                                                  \
    } while (0)

/* The frequent instructions in their frequent forms, with the state in registers; the rest, and whatever looks wrong, one by one above.
 * A handler may read up to 16 bytes; it may run over the body's end, which the next step notices. */
static bool check_code(struct wasm_validator *v)
{
#pragma clang diagnostic push
#pragma clang diagnostic ignored "-Winitializer-overrides"
    static const void *const handlers[256] = {
        [0 ... 255] = &&slow,
        [WASM_OP_BLOCK] = &&block,
        [WASM_OP_LOOP] = &&loop,
        [WASM_OP_IF] = &&if_,
        [WASM_OP_END] = &&end,
        [WASM_OP_BR] = &&br,
        [WASM_OP_BR_IF] = &&br_if,
        [WASM_OP_CALL] = &&call,
        [WASM_OP_DROP] = &&drop,
        [WASM_OP_SELECT] = &&select,
        [WASM_OP_LOCAL_GET] = &&local_get,
        [WASM_OP_LOCAL_SET] = &&local_set,
        [WASM_OP_LOCAL_TEE] = &&local_tee,
        [WASM_OP_GLOBAL_GET] = &&global_get,
        [WASM_OP_GLOBAL_SET] = &&global_set,
        [WASM_OP_I32_LOAD... WASM_OP_I64_LOAD32_U] = &&load,
        [WASM_OP_I32_STORE... WASM_OP_I64_STORE32] = &&store,
        [WASM_OP_I32_CONST] = &&i32_const,
        [WASM_OP_I64_CONST] = &&i64_const,
        [WASM_OP_F64_CONST] = &&f64_const,
        [WASM_OP_I32_EQZ... WASM_OP_I64_EXTEND32_S] = &&plain,
    };
#pragma clang diagnostic pop
    const struct wasm_module *const m = v->m;
    const uint8_t *p = v->r->p, *const body_end = v->r->end, *const all_end = m->bytes + m->size;
    const uint8_t *const safe = all_end - body_end >= 16 ? body_end : m->size > 16 ? all_end - 16 : m->bytes;
    uint8_t *top = v->top, *most = v->most;
    const uint8_t *const locals = v->locals;
    const uint32_t near_locals = v->locals_known < 128 ? v->locals_known : 128;
    const bool plain_memory = m->memory_count > 0 && !m->memories[0].is64;
    unsigned op;
    NEXT;

block:
loop:
if_: {
    uint8_t type = *p;
    struct wasm_frame *f = v->frame + 1;
    if (UNLIKELY(type != 0x40 && !wasm_type_is_value(type)) || UNLIKELY(f == v->frames_end)) goto slow;
    if (op == WASM_OP_IF) {
        if (UNLIKELY(top[-1] != WASM_I32)) goto slow;
        top--;
    }
    p++;
    *top++ = SENTINEL;
    static const uint8_t kinds[] = {FRAME_BLOCK, FRAME_LOOP, FRAME_IF};
    *f = (struct wasm_frame){.base = (uint32_t)(top - v->stack),
                             .type = (int32_t)type - 128,
                             .kind = kinds[op - WASM_OP_BLOCK],
                             .result = type};
    v->frame = f;
    if (op == WASM_OP_LOOP) v->function->flags |= WASM_FUNCTION_LOOPS;
    uint32_t depth = (uint32_t)(f - v->frames);
    if (depth > v->deepest) v->deepest = depth;
    NEXT;
}
end: {
    const struct wasm_frame *f = v->frame;
    const uint8_t *base = v->stack + f->base;
    if (f->type == BLOCK_EMPTY && top == base) {
        top--;
    } else {
        if (f->type >= 0 || f->kind == FRAME_IF || top != base + 1 || top[-1] != f->result) goto slow;
        top--;
        top[-1] = f->result;
    }
    v->frame--;
    NEXT;
}
br: {
    struct wasm_frame *f = v->frame;
    if (UNLIKELY(*p >= f - v->frames) || f[-(ptrdiff_t)*p].type != BLOCK_EMPTY) goto slow;
    p++;
    f->unreachable = true;
    top = v->stack + f->base;
    NEXT;
}
br_if: {
    struct wasm_frame *f = v->frame;
    if (UNLIKELY(*p >= f - v->frames) || f[-(ptrdiff_t)*p].type != BLOCK_EMPTY ||
        UNLIKELY(top[-1] != WASM_I32))
        goto slow;
    p++;
    top--;
    NEXT;
}
call: {
    uint64_t word = load_u64(p), ends = leb_end(word, 5);
    if (UNLIKELY(ends == 0 || !leb_u32_fits(word, ends))) goto slow;
    uint32_t index = leb_u32(word, ends);
    if (UNLIKELY(index >= m->function_count)) goto slow;
    const struct wasm_call_effect *e = &v->calls[m->functions[index].type];
    if (UNLIKELY(!e->is_small || ((load_u64(top - 8) ^ e->wanted) & e->mask) != 0)) goto slow;
    v->function->flags |= WASM_FUNCTION_CALLS;
    p += leb_size(ends);
    top -= e->pops;
    *top = e->push;
    top += e->pushes;
    most = top > most ? top : most;
    NEXT;
}
drop:
    if (UNLIKELY(top[-1] == SENTINEL)) goto slow;
    top--;
    NEXT;
select:
    if (UNLIKELY(top[-1] != WASM_I32 || top[-2] < WASM_V128 || top[-2] != top[-3])) goto slow;
    top -= 2;
    NEXT;
local_get:
    if (UNLIKELY(*p >= near_locals)) goto slow;
    *top++ = locals[*p++];
    most = top > most ? top : most;
    NEXT;
local_set:
    if (UNLIKELY(*p >= near_locals || top[-1] != locals[*p])) goto slow;
    p++;
    top--;
    NEXT;
local_tee:
    if (UNLIKELY(*p >= near_locals || top[-1] != locals[*p])) goto slow;
    p++;
    NEXT;
global_get:
global_set: {
    uint64_t word = load_u64(p), ends = leb_end(word, 5);
    if (UNLIKELY(ends == 0 || !leb_u32_fits(word, ends))) goto slow;
    uint32_t index = leb_u32(word, ends);
    if (UNLIKELY(index >= m->global_count)) goto slow;
    const struct wasm_global_type *g = &m->globals[index].type;
    if (op == WASM_OP_GLOBAL_GET) {
        *top++ = g->type;
        most = top > most ? top : most;
    } else {
        if (UNLIKELY(!g->is_mutable || top[-1] != g->type)) goto slow;
        top--;
    }
    p += leb_size(ends);
    NEXT;
}
load:
store: {
    const struct op_info *info = &op_infos[op];
    const struct effect *e = &effects[0][info->signature];
    uint64_t word = load_u64(p + 1), ends = leb_end(word, 5);
    if (UNLIKELY(ends == 0 || p[0] > info->extra || !plain_memory)) goto slow;
    if (UNLIKELY(!leb_u32_fits(word, ends) || ((load_u32(top - 4) ^ e->wanted) & e->mask) != 0)) goto slow;
    p += 1 + leb_size(ends);
    top -= e->pops;
    *top = e->push;
    top += e->pushes;
    NEXT;
}
i32_const: {
    uint64_t word = load_u64(p), ends = leb_end(word, 5);
    if (UNLIKELY(ends == 0 || !leb_s32_fits(word, ends))) goto slow;
    p += leb_size(ends);
    *top++ = WASM_I32;
    most = top > most ? top : most;
    NEXT;
}
i64_const: {
    uint64_t ends = leb_end(load_u64(p), 8);
    if (UNLIKELY(ends == 0)) goto slow;
    p += leb_size(ends);
    *top++ = WASM_I64;
    most = top > most ? top : most;
    NEXT;
}
f64_const:
    p += 8;
    *top++ = WASM_F64;
    most = top > most ? top : most;
    NEXT;
plain: {
    const struct effect *e = &effects[0][op_infos[op].signature];
    if (UNLIKELY(((load_u32(top - 4) ^ e->wanted) & e->mask) != 0)) goto slow;
    top -= e->pops;
    *top++ = e->push;
    NEXT;
}

edge:
    if (p >= body_end) {
        v->at = body_end;
        return fail(v, WASM_RULE_END);
    }
    op = *p++;
slow:
    v->r->p = p;
    v->at = p - 1;
    v->top = top;
    v->most = most;
    if (UNLIKELY(!check_instruction(v, op))) return false;
    if (v->frame == v->frames) return true;
    p = v->r->p;
    top = v->top;
    most = v->most;
    NEXT;
}

#undef NEXT

/* ---- locals ---- */

static bool add_run(struct wasm_validator *v, uint32_t end, uint8_t type)
{
    struct wasm_allocator *a = &v->m->allocator;
    if (v->run_count == v->run_capacity) {
        uint32_t wanted = v->run_capacity == 0 ? 64 : v->run_capacity * 2;
        struct wasm_local_run *block = a->alloc(a->context, wanted * sizeof *block);
        if (block == NULL) return fail(v, WASM_RULE_NO_MEMORY);
        if (v->run_capacity != 0) {
            memcpy(block, v->runs, v->run_count * sizeof *block);
            a->free(a->context, v->runs, v->run_capacity * sizeof *block);
        }
        v->runs = block;
        v->run_capacity = wanted;
    }
    v->runs[v->run_count++] = (struct wasm_local_run){end, type};
    return true;
}

/* Lays out the types of the first locals: at most as many as pays for a body of this size. */
static bool lay_out_locals(struct wasm_validator *v, const struct wasm_func_type *t, size_t body_size)
{
    struct wasm_allocator *a = &v->m->allocator;
    uint32_t count = v->function->local_count;
    size_t pays = t->param_count + 64 + 2 * body_size;
    v->locals_known = count < pays ? count : (uint32_t)pays;
    if (v->locals_capacity < v->locals_known) {
        uint8_t *block = a->alloc(a->context, v->locals_known * 2);
        if (block == NULL) return fail(v, WASM_RULE_NO_MEMORY);
        if (v->locals != NULL) a->free(a->context, v->locals, v->locals_capacity);
        v->locals = block;
        v->locals_capacity = v->locals_known * 2;
    }
    memcpy(v->locals, t->types, t->param_count);
    uint32_t at = t->param_count;
    for (uint32_t i = 0; i < v->run_count && at < v->locals_known; i++) {
        uint32_t end = v->runs[i].end < v->locals_known ? v->runs[i].end : v->locals_known;
        memset(v->locals + at, v->runs[i].type, end - at);
        at = end;
    }
    return true;
}

static bool read_locals(struct wasm_validator *v, const struct wasm_func_type *t, size_t body_size)
{
    uint32_t runs;
    uint64_t count = t->param_count;
    if (!wasm_read_u32(v->r, &runs)) return false;
    v->run_count = 0;
    for (uint32_t i = 0; i < runs; i++) {
        uint32_t more;
        uint8_t type;
        v->at = v->r->p;
        if (!wasm_read_u32(v->r, &more)) return false;
        count += more;
        if (count > UINT32_MAX) return fail(v, WASM_RULE_LOCALS);
        if (!wasm_read_value_type(v->r, &type)) return false;
        if (count > LIMIT_WASM_LOCALS) continue; /* an encoding error further on comes first */
        if (!add_run(v, (uint32_t)count, type)) return false;
    }
    if (count > LIMIT_WASM_LOCALS) return fail(v, WASM_RULE_FUNCTION_LOCALS);
    v->function->local_count = (uint32_t)count;
    return lay_out_locals(v, t, body_size);
}

/* ---- bodies ---- */

/* The most types that a call compares at once: those that fit the word below the top of the stack. */
enum { SMALL_CALL = STACK_PAD };

static struct wasm_call_effect call_effect(const struct wasm_func_type *t)
{
    struct wasm_call_effect e = {.is_small = t->param_count <= SMALL_CALL && t->result_count <= 1};
    if (!e.is_small) return e;
    e.pops = (uint8_t)t->param_count;
    e.pushes = (uint8_t)t->result_count;
    if (e.pushes != 0) e.push = wasm_results(t)[0];
    for (unsigned i = 0; i < e.pops; i++) {
        unsigned shift = 8 * (SMALL_CALL - e.pops + i);
        e.wanted |= (uint64_t)t->types[i] << shift;
        e.mask |= 0xffull << shift;
    }
    return e;
}

bool wasm_validator_open(struct wasm_validator *v, struct wasm_module *m, uint32_t data_count)
{
    *v = (struct wasm_validator){.m = m, .data_count = data_count};
    v->calls = m->allocator.alloc(m->allocator.context, (m->type_count + 1ull) * sizeof *v->calls);
    if (v->calls == NULL) return false;
    for (uint32_t i = 0; i < m->type_count; i++) v->calls[i] = call_effect(&m->types[i]);
    return true;
}

void wasm_validator_close(struct wasm_validator *v)
{
    struct wasm_allocator *a = &v->m->allocator;
    if (v->stack != NULL)
        a->free(a->context, v->stack - STACK_PAD, (size_t)(v->limit - v->stack) + STACK_PAD);
    if (v->frames != NULL)
        a->free(a->context, v->frames, (size_t)(v->frames_end - v->frames) * sizeof *v->frames);
    if (v->locals != NULL) a->free(a->context, v->locals, v->locals_capacity);
    if (v->runs != NULL) a->free(a->context, v->runs, v->run_capacity * sizeof *v->runs);
}

bool wasm_validate_body(struct wasm_validator *v, struct wasm_reader *r, uint32_t function)
{
    v->r = r;
    v->function = &v->m->functions[function];
    v->at = r->p;
    const struct wasm_func_type *t = &v->m->types[v->function->type];
    if (!read_locals(v, t, (size_t)(r->end - r->p))) return false;
    v->function->code_offset = (uint32_t)(r->p - r->begin);

    v->top = v->most = v->stack;
    if (!make_room(v, LIMIT_WASM_ARITY)) return false;
    if (v->frames == NULL && !more_frames(v)) return false;
    v->frame = v->frames;
    v->deepest = 0;
    *v->top++ = SENTINEL;
    *++v->frame = (struct wasm_frame){
        .base = (uint32_t)(v->top - v->stack), .type = (int32_t)v->function->type, .kind = FRAME_FUNCTION};
    v->deepest = 1;
    if (!check_code(v)) return false;
    v->function->max_stack = (uint32_t)(v->most - v->stack);
    v->function->max_depth = v->deepest;
    if (r->p != r->end) {
        v->at = r->p;
        return fail(v, WASM_RULE_END_OPCODE);
    }
    return true;
}
