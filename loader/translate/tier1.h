/* Tier 1: one pass over a function's body.  Private to loader/translate; the design is in docs/design/translation.md.
 *
 * Invariants:
 *  1. Entry i of the operand stack has slot i of the frame to itself; it is there (SPILL), in a temporary register that it owns (REG), a
 *     constant, or a local's value not yet read (LOCAL).  Only the top entry can be FLAGS, and only if the next instruction consumes it.
 *  2. local_refs[x] counts the LOCAL entries of x; before x changes there are none.
 *     Between functions local_refs and local_weights are zero and local_regs is EMIT_NONE throughout.
 *  3. A register is pinned to a local for the whole function, or a temporary: free, owned by an entry, or held by the current instruction.
 *  4. Inside a block the entries below its parameters are CONST or SPILL: every way to its label finds the same state.
 *  5. An i32 in a register has zeros in the upper half. */
#ifndef LOADER_TRANSLATE_TIER1_H
#define LOADER_TRANSLATE_TIER1_H

#include "loader/emit/emit.h"
#include "loader/translate/translate.h"
#include "loader/wasm/ops.h"

/* Registers that all generated code agrees on. */
#define R_INSTANCE X86_R15
#define R_MEMORY X86_R14   /* base of memory 0, if guarded */
#define R_FUEL X86_R13     /* context->fuel while metered code runs */
#define R_FUNCTION X86_R10 /* struct wasm_func * of an indirect call, for host stubs */
#define GENERAL_ARGUMENTS 5
#define VECTOR_ARGUMENTS 8
extern const uint8_t tier_general_arguments[GENERAL_ARGUMENTS];

/* Below the stack limit there is still room for frames that are not checked, and for C. */
#define UNCHECKED_FRAME 2048u
#define STACK_SLACK (256u << 10)

enum value_kind { VALUE_CONST, VALUE_REG, VALUE_LOCAL, VALUE_SPILL, VALUE_FLAGS };

struct value {
    uint8_t kind, type;
    uint8_t reg; /* of REG; condition of FLAGS */
    uint32_t local;
    uint64_t bits; /* of CONST; zero-extended */
};

/* A popped operand. */
enum operand_kind { OPERAND_CONST, OPERAND_TEMP, OPERAND_PINNED, OPERAND_MEMORY, OPERAND_GONE };
struct operand {
    uint8_t kind, type, reg;
    int32_t disp; /* from the stack pointer */
    uint64_t bits;
};

enum control_kind {
    CONTROL_FUNCTION,
    CONTROL_BLOCK,
    CONTROL_LOOP,
    CONTROL_IF,
    CONTROL_ELSE,
    CONTROL_TRY,
    CONTROL_CATCH,
    CONTROL_TRY_TABLE
};

struct control {
    uint8_t kind;
    bool dead;     /* opened in code that is never reached */
    bool branched; /* something jumps to label */
    uint32_t height;
    uint32_t param_count, result_count;
    const uint8_t *params, *results;
    struct emit_label label, other; /* other: of the else part, or of the landing place */
    struct emit_label table;        /* where a br_table goes to reach label with values */
    uint32_t table_serial;          /* of the br_table that table belongs to */
    uint32_t try_begin;             /* code offset; UINT32_MAX: the protected part is over */
    const uint8_t *catches;         /* of a try_table: its clauses in the body */
    bool caught_all;
    uint8_t block_type; /* of a type that stands in the block type itself */
};

/* Code for rare cases, after the function. */
struct cold {
    uint8_t kind;
    struct emit_label from, back;
};
enum { COLD_LOOP, COLD_CALL, COLD_ENTRY };

/* Locals of one type as declared: up to the one before end. */
struct local_run {
    uint32_t end;
    uint8_t type;
};

struct tier {
    struct emit e;
    const struct wasm_module *m;
    struct wasm_code *code;
    const struct loader_host *host;
    struct wasm_translate_options options;
    struct wasm_layout layout;

    /* the module's thunks */
    struct emit_label trap_exit, slow, throwing;
    struct emit_label *helpers;
    struct emit_label *functions; /* own ones */
    uint32_t tag_values_max;      /* of any tag */
    uint32_t outgoing_max;        /* bytes of the outgoing area of any call of the module */
    bool vectors_in_types;
    bool failed; /* no memory for a list */

    /* the function */
    uint32_t function_number; /* among those that are not imported */
    const uint8_t *pc;
    const struct wasm_function *f;
    const struct wasm_func_type *type;
    struct value *stack;
    uint32_t height;
    struct control *controls;
    uint32_t depth;
    bool dead;
    uint8_t *local_types; /* of those that are used, and some more */
    uint8_t *local_regs;
    uint32_t *local_refs, *local_weights, *used_locals, used_count, locals_room;
    bool vector_locals;
    struct local_run *runs;
    uint32_t run_count;
    uint32_t free_general, free_vector; /* masks of temporaries */
    uint32_t temp_general, temp_vector;
    uint32_t saved_general, saved_vector; /* pinned ones that a call destroys */
    int32_t owner_general[16], owner_vector[16];
    uint32_t pins[32], pin_count; /* the locals in registers */
    uint32_t slot_size;
    int32_t frame, locals_at, slots_at, kept_at, instance_at;
    uint32_t kept;        /* mask of callee-saved registers in use */
    bool pinned_tee;      /* by local.tee */
    uint32_t settled;     /* entries below are CONST or SPILL */
    int32_t pinned_local; /* local that the current instruction writes directly, or -1 */
    struct emit_label traps[WASM_TRAP_COUNT];
    struct cold *colds;
    uint32_t cold_count, cold_room;
    uint32_t table_serial;
    int32_t exceptions_at; /* caught ones, 8 bytes for each open block */
    bool has_try;
    uint32_t meter_at, meter_count; /* offset of the open block's immediate, 0: none */
    uint32_t out;                   /* bytes of the outgoing area */
};

static inline bool tier_is_vector(uint8_t type)
{
    return type == WASM_F32 || type == WASM_F64 || type == WASM_V128;
}
static inline bool tier_is_wide(uint8_t type)
{
    return type != WASM_I32 && type != WASM_F32;
}
static inline int32_t tier_slot(const struct tier *t, uint32_t index)
{
    return t->slots_at + (int32_t)(index * t->slot_size);
}
static inline int32_t tier_home(const struct tier *t, uint32_t local)
{
    return t->locals_at + (int32_t)(local * t->slot_size);
}
static inline struct emit_mem tier_frame(int32_t disp)
{
    return emit_at(EMIT_R_SP, disp);
}

/* ---- reading the body: values.h ---- */
static inline uint32_t tier_read_u32(const uint8_t **p)
{
    uint32_t v = *(*p)++;
    if (LIKELY(v < 0x80)) return v;
    v &= 0x7f;
    for (unsigned shift = 7;; shift += 7) {
        uint32_t b = *(*p)++;
        v |= (b & 0x7f) << shift;
        if (b < 0x80) return v;
    }
}
static inline uint32_t tier_u32(struct tier *t)
{
    return tier_read_u32(&t->pc);
}
static inline uint64_t tier_u64(struct tier *t)
{
    uint64_t v = 0;
    for (unsigned shift = 0;; shift += 7) {
        uint64_t b = *t->pc++;
        v |= (b & 0x7f) << shift;
        if (b < 0x80) return v;
    }
}
static inline int64_t tier_s64(struct tier *t)
{
    uint64_t v = 0;
    for (unsigned shift = 0;;) {
        uint64_t b = *t->pc++;
        v |= (b & 0x7f) << shift;
        shift += 7;
        if (b < 0x80) {
            if ((b & 0x40) && shift < 64) v |= UINT64_MAX << shift;
            return (int64_t)v;
        }
    }
}
uint32_t tier_opcode(struct tier *t);
void tier_skip_immediate(struct tier *t, uint32_t op);

/* ---- values.c: the operand stack and registers ---- */
emit_reg tier_take(struct tier *t, uint8_t type); /* a temporary for a value of that type, held */
void tier_take_this(struct tier *t, bool vector, emit_reg r);
void tier_give(struct tier *t, bool vector, emit_reg r);
void tier_push_reg(struct tier *t, uint8_t type, emit_reg r);
void tier_push_local(struct tier *t, uint32_t local);
void tier_push_const(struct tier *t, uint8_t type, uint64_t bits);
void tier_push_spilled(struct tier *t, uint8_t type);
void tier_push_flags(struct tier *t, enum emit_cond c);
struct operand tier_pop(struct tier *t);
void tier_discard(struct tier *t); /* the top entry */
void tier_drop(struct tier *t, struct operand *o);
emit_reg tier_reg(struct tier *t, struct operand *o);  /* read only */
emit_reg tier_temp(struct tier *t, struct operand *o); /* may be changed */
/* Where a result goes: the local that the next instruction sets, a temporary of a or b (may be NULL), or a new one. */
emit_reg tier_dest(struct tier *t, uint8_t type, struct operand *a, struct operand *b);
void tier_finish(struct tier *t, uint8_t type, emit_reg d);
void tier_load_at(struct tier *t, uint8_t type, emit_reg d, struct emit_mem m);
void tier_save_at(struct tier *t, uint8_t type, emit_reg s, struct emit_mem m);
void tier_load(struct tier *t, uint8_t type, emit_reg d,
               int32_t disp); /* from the frame; i32 and f32 alone */
void tier_save(struct tier *t, uint8_t type, emit_reg s, int32_t disp);
void tier_move(struct tier *t, uint8_t type, emit_reg d, emit_reg s);
void tier_copy(struct tier *t, uint8_t type, int32_t to, int32_t from);
void tier_operand_to(struct tier *t, struct operand *o, emit_reg d);
void tier_value_to_memory(struct tier *t, const struct value *v, uint32_t index, struct emit_mem to);
void tier_spill(struct tier *t, uint32_t index); /* constants stay */
void tier_spill_registers(struct tier *t, uint32_t count);
void tier_spill_all(struct tier *t, uint32_t count);   /* entries below count; constants stay */
void tier_force_slots(struct tier *t, uint32_t count); /* the top count entries, constants too */
void tier_materialise_local(struct tier *t, uint32_t local);
void tier_truncate(struct tier *t, uint32_t height);
struct operand tier_local_operand(struct tier *t, uint32_t local);

/* ---- exceptions.c ---- */
void tier_try(struct tier *t, uint32_t op);
void tier_end_try(struct tier *t, struct control *c);
void tier_throw_register(struct tier *t); /* the exception is in EMIT_R_RESULT */

/* ---- control.c ---- */
struct control *tier_open(struct tier *t, uint8_t kind);
struct control *tier_target(struct tier *t, uint32_t depth);
void tier_close(struct tier *t); /* end */
void tier_go_dead(struct tier *t);
void tier_jump(struct tier *t, struct control *c); /* the values are on the stack */
void tier_meter_open(struct tier *t);
void tier_block_type(struct tier *t, struct control *c);
void tier_function(struct tier *t, uint32_t index);
void tier_control(struct tier *t, uint32_t op);
void tier_trap_if(struct tier *t, enum emit_cond c, enum wasm_trap trap);
void tier_branch_values(struct tier *t, struct control *c);

/* ---- numeric.c, memory.c, call.c, simd.c ---- */
void tier_numeric(struct tier *t, uint32_t op);
void tier_memory(struct tier *t, uint32_t op);
struct emit_mem tier_address(struct tier *t, struct operand *index, uint32_t memory, uint64_t offset,
                             unsigned bytes, struct operand *held);
void tier_memarg(struct tier *t, uint32_t *memory, uint64_t *offset);
void tier_bulk(struct tier *t, uint32_t op);
void tier_simd(struct tier *t, uint32_t op);
void tier_call_function(struct tier *t, uint32_t function);
bool tier_tail_call(struct tier *t, uint32_t function);
void tier_leave(struct tier *t); /* kept registers and the stack pointer as at entry */
void tier_call_indirect(struct tier *t, uint32_t type, uint32_t table);
void tier_helper(struct tier *t, unsigned helper, uint32_t arguments, uint32_t a, uint32_t b, uint8_t result);
void tier_cold_code(struct tier *t);
struct emit_label *tier_cold(struct tier *t, uint8_t kind);
uint32_t tier_outgoing(const struct wasm_func_type *type);

/* Where parameter i of a type goes. */
struct place {
    bool in_register;
    uint8_t reg;
    int32_t offset; /* in the outgoing area */
};
struct placer {
    unsigned general, vector;
    int32_t offset;
};
struct place tier_place(struct placer *p, uint8_t type);
/* Of result i, if there are several. */
static inline int32_t tier_result_offset(uint32_t outgoing, const struct wasm_func_type *type, uint32_t i)
{
    return (int32_t)(outgoing - 16 * (type->result_count - i));
}

/* ---- thunks.c ---- */
void tier_thunks(struct tier *t);

/* ---- helpers.c: what generated code calls in C; slots: the operands, stride bytes apart; the first holds the result ---- */
enum tier_helper {
    HELPER_SLOW,
    HELPER_UNWIND,
    HELPER_MEMORY_GROW,
    HELPER_MEMORY_COPY,
    HELPER_MEMORY_FILL,
    HELPER_MEMORY_INIT,
    HELPER_DATA_DROP,
    HELPER_TABLE_GET,
    HELPER_TABLE_SET,
    HELPER_TABLE_SIZE,
    HELPER_TABLE_GROW,
    HELPER_TABLE_FILL,
    HELPER_TABLE_COPY,
    HELPER_TABLE_INIT,
    HELPER_ELEM_DROP,
    HELPER_NEW_EXCEPTION,
    HELPER_COUNT
};
extern const void *const tier_helper_addresses[HELPER_COUNT];

/* collect.c: frees exceptions that nothing on the stack refers to, now and then; called by a helper, on the context's stack. */
void wasm_exceptions_collect(struct wasm_context *c);

#endif
