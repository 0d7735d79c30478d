/* A decoded and validated WebAssembly module.
 *
 * wasm_module_decode() reads the whole binary once, checks everything in it, function bodies included, and leaves the tables below.
 * They point into the caller's bytes for names, bodies, data and constant expressions: the bytes must stay, unchanged, as long
 * as the module lives (the caller has surrendered them).  Whoever reads a module after that need not check anything again.
 *
 * Index spaces are as in the specification: imports first.  Limits: spec/limits.h, LIMIT_WASM_*.
 * Cost: time and space linear in the binary (n log n in the number of types and exports). */
#ifndef LOADER_WASM_MODULE_H
#define LOADER_WASM_MODULE_H

#include "base/types.h"
#include "loader/wasm/error.h"

/* ---- memory ---- */

/* Where the library gets memory from.  alloc returns zeroed bytes aligned to 16, or NULL; free gets the size that was asked for. */
struct wasm_allocator {
    void *(*alloc)(void *context, size_t bytes);
    void (*free)(void *context, void *block, size_t bytes);
    void *context;
};

/* ---- types ---- */

/* Value types, by their code in the binary format. */
enum wasm_type {
    WASM_I32 = 0x7f,
    WASM_I64 = 0x7e,
    WASM_F32 = 0x7d,
    WASM_F64 = 0x7c,
    WASM_V128 = 0x7b,
    WASM_FUNCREF = 0x70,
    WASM_EXTERNREF = 0x6f,
    WASM_EXNREF = 0x69,
};

static inline bool wasm_type_is_reference(uint8_t type)
{
    return type == WASM_FUNCREF || type == WASM_EXTERNREF || type == WASM_EXNREF;
}

static inline bool wasm_type_is_value(uint8_t type)
{
    return (type >= WASM_V128 && type <= WASM_I32) || wasm_type_is_reference(type);
}

struct wasm_func_type {
    const uint8_t *
        types; /* parameters, then results, a byte each (enum wasm_type); points into the binary or the arena */
    uint32_t param_count;
    uint32_t result_count;
    uint32_t
        canonical; /* index of the first type of this module with the same shape: equal types have equal canonical */
};

static inline const uint8_t *wasm_results(const struct wasm_func_type *t)
{
    return t->types + t->param_count;
}

/* Sizes of memories count pages of 64 KiB, sizes of tables count elements. */
struct wasm_limits {
    uint64_t min;
    uint64_t max; /* valid if has_max */
    bool has_max;
    bool is64; /* addresses (memory64) or indices (table64) are i64 */
};

struct wasm_table_type {
    struct wasm_limits limits;
    uint8_t element; /* reference type */
};

struct wasm_global_type {
    uint8_t type;
    bool is_mutable;
};

/* ---- constant expressions ---- */

enum wasm_const_kind {
    WASM_CONST_BITS,     /* numeric constants: bits[0], v128: both */
    WASM_CONST_NULL,     /* ref.null */
    WASM_CONST_FUNCTION, /* ref.func index */
    WASM_CONST_GLOBAL,   /* global.get index */
    WASM_CONST_EXPRESSION, /* anything longer (extended constant expressions): the code at offset, up to its end opcode */
};

struct wasm_const {
    uint8_t kind;    /* enum wasm_const_kind */
    uint8_t type;    /* of the value */
    uint32_t index;  /* of the function or global */
    uint32_t offset; /* of the expression's first byte in the binary */
    uint64_t bits[2];
};

/* ---- what a module has ---- */

enum wasm_extern_kind {
    WASM_EXTERN_FUNCTION,
    WASM_EXTERN_TABLE,
    WASM_EXTERN_MEMORY,
    WASM_EXTERN_GLOBAL,
    WASM_EXTERN_TAG
};

/* UTF-8, checked; not terminated. */
struct wasm_name {
    const uint8_t *bytes;
    uint32_t size;
};

struct wasm_import {
    struct wasm_name module, name;
    uint8_t kind;    /* enum wasm_extern_kind */
    uint32_t index;  /* in the index space of its kind, where its type stands */
    uint32_t offset; /* of the entry in the binary, for messages */
};

struct wasm_export {
    struct wasm_name name;
    uint8_t kind;
    uint32_t index;
};

struct wasm_function {
    uint32_t type;        /* index into types */
    uint32_t body_offset; /* of the first byte of the locals' declarations; 0: imported */
    uint32_t body_size;   /* up to and including the final end */
    uint32_t code_offset; /* of the first instruction */
    uint32_t local_count; /* parameters included */
    uint32_t max_stack;   /* operands on the stack at once, the most there can be in reachable code */
    uint32_t max_depth;   /* of nested blocks, the function's own included */
    uint8_t flags;        /* WASM_FUNCTION_* */
};

enum {
    WASM_FUNCTION_DECLARED = 1, /* ref.func may name it: its address can be taken */
    WASM_FUNCTION_EXPORTED = 2,
    WASM_FUNCTION_CALLS = 4,       /* it calls something */
    WASM_FUNCTION_LOOPS = 8,       /* it has a loop */
    WASM_FUNCTION_LEGACY_TRY = 16, /* it uses the legacy exception instructions */
    WASM_FUNCTION_TRY_TABLE = 32,  /* it uses try_table or throw_ref */
    WASM_FUNCTION_SIMD = 64,
};

struct wasm_global {
    struct wasm_global_type type;
    struct wasm_const init; /* not of imported ones */
};

enum wasm_segment_mode { WASM_ACTIVE, WASM_PASSIVE, WASM_DECLARATIVE };

/* An element segment's item: a function index, or one of these. */
#define WASM_ELEMENT_NULL UINT32_MAX
#define WASM_ELEMENT_GLOBAL 0x80000000u /* | index: the value of that global */

struct wasm_element {
    uint8_t mode;            /* enum wasm_segment_mode */
    uint8_t type;            /* reference type */
    uint32_t table;          /* of an active one */
    struct wasm_const start; /* of an active one */
    uint32_t count;
    const uint32_t *items;
};

struct wasm_data {
    uint8_t mode;
    uint32_t memory;         /* of an active one */
    struct wasm_const start; /* of an active one */
    const uint8_t *bytes;
    uint32_t size;
};

struct wasm_custom {
    struct wasm_name name;
    const uint8_t *bytes; /* what follows the name */
    uint32_t size;
    uint32_t offset; /* of bytes */
    uint32_t begin;  /* offset of the section's id byte */
};

struct wasm_arena_block;

struct wasm_module {
    const uint8_t *bytes;
    size_t size;

    struct wasm_func_type *types;
    struct wasm_import *imports;
    struct wasm_function *functions; /* imported ones first */
    struct wasm_table_type *tables;
    struct wasm_limits *memories;
    struct wasm_global *globals;
    uint32_t *tags;              /* each the index of a type without results */
    struct wasm_export *exports; /* in the binary's order; exports_by_name gives them sorted */
    uint32_t *exports_by_name;   /* indices into exports, ordered by bytes, then size */
    struct wasm_element *elements;
    struct wasm_data *data;
    struct wasm_custom *customs;

    uint32_t type_count, import_count, function_count, table_count, memory_count, global_count, tag_count;
    uint32_t export_count, element_count, data_count, custom_count;
    uint32_t imported_functions, imported_tables, imported_memories, imported_globals, imported_tags;

    uint32_t start;                  /* function index, or WASM_NO_INDEX */
    uint32_t code_offset, code_size; /* of the code section's contents; 0: none */

    /* Accesses shown to be in bounds by a checked proof (loader/proof): for each the offset of the byte after its memory argument, ascending.
     * NULL until somebody who has checked it sets it. */
    const uint32_t *proved;
    uint32_t proved_count;

    struct wasm_allocator allocator;
    struct wasm_arena_block *arena; /* everything above lies in it */
};

/* ---- operations ---- */

/* Decode and validate size bytes.  false: *error says why, *m holds nothing and needs no release.
 * Bytes up to LIMIT_WASM_BYTES; bytes must outlive *m.  Memory: from a, some small multiple of size. */
bool wasm_module_decode(struct wasm_module *m, const uint8_t *bytes, size_t size,
                        const struct wasm_allocator *a, struct wasm_error *error);
void wasm_module_release(struct wasm_module *m);

/* NULL if there is none.  Cost: O(log exports). */
const struct wasm_export *wasm_module_export(const struct wasm_module *m, struct wasm_name name);
/* The first custom section of that name, or NULL. */
const struct wasm_custom *wasm_module_custom(const struct wasm_module *m, const char *name);
/* The name section's name for a function, for messages; size 0 if there is none.  Cost: O(size of the name section). */
struct wasm_name wasm_module_function_name(const struct wasm_module *m, uint32_t function);

static inline const struct wasm_func_type *wasm_function_type(const struct wasm_module *m, uint32_t function)
{
    return &m->types[m->functions[function].type];
}

#endif
