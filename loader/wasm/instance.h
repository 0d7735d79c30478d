/* What generated code runs on: instances, memories, tables, functions as values, and the context of a run.
 *
 * Generated code holds no addresses of data: it reaches everything from the instance pointer by fixed offsets (struct wasm_instance and, after
 * it, the arrays that wasm_layout_of() places), so that one translation serves any number of instances.
 * ORDER: loader/translate reads these structures by offsetof; their members may move, their meaning may not.
 *
 * Everything that is linked together shares one context and runs on one thread at a time. */
#ifndef LOADER_WASM_INSTANCE_H
#define LOADER_WASM_INSTANCE_H

#include "loader/wasm/module.h"

enum wasm_trap {
    WASM_TRAP_NONE,
#define WASM_TRAP(name, text) WASM_TRAP_##name,
#include "spec/wasm_traps.def"
#undef WASM_TRAP
    WASM_TRAP_COUNT
};

const char *wasm_trap_message(enum wasm_trap trap);

/* A value outside generated code: arguments, results, globals.  Unused high bytes of an i32 or f32 are zero where generated code stores them,
 * and ignored where it reads them. */
union wasm_value {
    uint32_t i32;
    uint64_t i64;
    float f32;
    double f64;
    void *ref; /* struct wasm_func *, the host's own pointer, struct wasm_exception *; NULL is null */
    uint64_t bits[2];
    uint8_t v128[16];
} __attribute__((aligned(16)));

struct wasm_instance;
struct wasm_code;
struct loader_host;

/* Function types compared across modules: equal types have the same pointer (the linker interns them). */
struct wasm_signature {
    uint32_t param_count, result_count;
    const uint8_t *types; /* parameters, then results */
};

/* A function of the host.  values: the arguments; the results are left there (room for the larger of both).
 * Returns WASM_TRAP_NONE or why the run ends.  caller: the instance that imported the function. */
typedef enum wasm_trap (*wasm_host_function)(struct wasm_instance *caller, void *context,
                                             union wasm_value *values);

/* A function as a value: what funcref points to. */
struct wasm_func {
    const void
        *code; /* entry in the convention of generated code: wasm_code_entry(), wasm_code_host_stub() */
    struct wasm_instance *instance; /* whose data the code uses; of a host function: the importing instance */
    const struct wasm_signature *signature;
    const void *enter;       /* how C calls it: wasm_code_enter(); unused if host is set */
    wasm_host_function host; /* NULL: generated code */
    void *host_context;
    uint32_t index; /* in its instance's module, for messages */
};

struct wasm_table {
    void **elements; /* of 8 bytes: references; WASM_NULL is 0 */
    uint64_t size;   /* elements */
    uint64_t max;    /* elements; LIMIT_WASM_TABLE_ELEMENTS at most */
    uint8_t type;    /* reference type */
    bool is64;
    bool has_max;          /* the declared type has a maximum */
    uint64_t declared_max; /* valid if has_max */
};

struct wasm_memory {
    uint8_t *base;
    uint64_t size;  /* bytes */
    uint64_t pages; /* of 64 KiB: size >> 16, for a view any size */
    uint64_t max_pages;
    uint64_t reserved; /* bytes of address space from base on, what lies beyond size without access */
    bool
        guarded; /* reserved covers every 32-bit address plus every 32-bit offset: no checks needed, base never moves */
    bool is64;
    bool is_view;          /* on a granted region: does not grow */
    bool has_max;          /* the declared type has a maximum */
    uint64_t declared_max; /* valid if has_max */
};

struct wasm_tag {
    const struct wasm_signature *signature;
};

/* A thrown exception: what exnref points to.  It is freed some time after the last reference on the context's stack is gone; a host
 * that keeps one elsewhere sets keeps_exceptions in its context. */
struct wasm_exception {
    struct wasm_tag *tag;
    struct wasm_exception *next; /* of all that the context has made */
    uint32_t count;
    union wasm_value values[];
};

/* One stack and what else a run needs.  Zeroed, then given to wasm_context_begin(). */
struct wasm_context {
    uintptr_t
        stack_limit; /* frames below it go the slow way; UINTPTR_MAX is a wish to be let in (preemption) */
    uintptr_t real_limit; /* what stack_limit is without such a wish */
    uintptr_t stack_top;  /* where an outermost call begins */
    void *exit_sp;        /* of the innermost wasm_call: where a trap goes back to */
    int64_t fuel;         /* left, if the code is metered; a block that takes it below zero traps */
    struct wasm_exception *exception; /* on its way */
    struct wasm_exception *exceptions;
    const struct loader_host *host;
    /* Called at the next loop back-edge or call after wasm_context_preempt(); anything but WASM_TRAP_NONE ends the run. */
    enum wasm_trap (*preempted)(struct wasm_context *, void *argument);
    void *preempt_argument;
    uint8_t *stack; /* the reservation */
    size_t stack_bytes;
    uint64_t exception_bytes; /* held by the list of exceptions */
    uint64_t exceptions_due;  /* bytes at which the next collection comes */
    bool
        keeps_exceptions; /* a reference to one may be in a table, a global or the host's hands: none is freed before the end */
    uint32_t exit_code; /* of WASM_TRAP_EXIT */
    uint32_t depth;     /* nested wasm_call */
};

/* An instance: this, then the arrays at the offsets of struct wasm_layout. */
struct wasm_instance {
    struct wasm_context *context;
    uint8_t *memory0; /* base of memory 0 if that is guarded */
    const struct wasm_module *module;
    const struct wasm_code *code;
    void *user; /* the host's */
    uint64_t bytes;
};

/* Byte offsets of an instance's arrays from its start. */
struct wasm_layout {
    uint32_t memories;           /* struct wasm_memory *[memory_count] */
    uint32_t tables;             /* struct wasm_table *[table_count] */
    uint32_t global_pointers;    /* union wasm_value *[global_count]: imported ones and own ones alike */
    uint32_t globals;            /* union wasm_value [global_count - imported_globals] */
    uint32_t imported_functions; /* struct wasm_func *[imported_functions] */
    uint32_t functions;          /* struct wasm_func [function_count - imported_functions] */
    uint32_t signatures;         /* const struct wasm_signature *[type_count] */
    uint32_t tags;               /* struct wasm_tag *[tag_count] */
    uint32_t own_tags;           /* struct wasm_tag [tag_count - imported_tags] */
    uint32_t data_dropped;       /* uint8_t [data_count] */
    uint32_t elements_dropped;   /* uint8_t [element_count] */
    uint32_t size;
};

/* false: more than 2 GiB. */
bool wasm_layout_of(const struct wasm_module *m, struct wasm_layout *layout);

#define WASM_AT(instance, type, offset) ((type *)((char *)(instance) + (offset)))

static inline struct wasm_func *wasm_instance_function(struct wasm_instance *i, const struct wasm_layout *l,
                                                       uint32_t index)
{
    uint32_t imported = i->module->imported_functions;
    if (index < imported) return WASM_AT(i, struct wasm_func *, l->imported_functions)[index];
    return &WASM_AT(i, struct wasm_func, l->functions)[index - imported];
}

/* ---- running: loader/translate/run.c ---- */

/* Give a zeroed context a stack of stack_bytes (committed as it is touched).  false: no memory. */
bool wasm_context_begin(struct wasm_context *c, const struct loader_host *host, size_t stack_bytes);
void wasm_context_end(struct wasm_context *c);

/* Ask a running context to call preempted soon.  From any thread or a signal handler. */
void wasm_context_preempt(struct wasm_context *c);

/* Call f with the arguments in values, which hold the results afterwards (room for the larger of both).
 * After a trap values are undefined; WASM_TRAP_EXCEPTION leaves c->exception.  Host functions may call again. */
enum wasm_trap wasm_call(struct wasm_context *c, struct wasm_func *f, union wasm_value *values);

/* The elements that an instruction or an active segment stores; all bounds are checked first.  Shared by the linker and generated code. */
enum wasm_trap wasm_memory_init(struct wasm_instance *i, const struct wasm_layout *l, uint32_t memory,
                                uint32_t data, uint64_t to, uint64_t from, uint64_t count);
enum wasm_trap wasm_table_init(struct wasm_instance *i, const struct wasm_layout *l, uint32_t table,
                               uint32_t element, uint64_t to, uint64_t from, uint64_t count);

/* Memory and tables come from the host.  quota in loader_host decides whether a memory is guarded.  false: no memory. */
bool wasm_memory_create(struct wasm_memory *m, const struct loader_host *host,
                        const struct wasm_limits *limits);
void wasm_memory_destroy(struct wasm_memory *m, const struct loader_host *host);
/* The old size in pages, or UINT64_MAX. */
uint64_t wasm_memory_grow(struct wasm_memory *m, const struct loader_host *host, uint64_t pages);
bool wasm_table_create(struct wasm_table *t, const struct loader_host *host,
                       const struct wasm_table_type *type, void *init);
void wasm_table_destroy(struct wasm_table *t, const struct loader_host *host);
uint64_t wasm_table_grow(struct wasm_table *t, const struct loader_host *host, uint64_t count, void *init);

#endif
