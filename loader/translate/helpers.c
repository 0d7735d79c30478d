/* What generated code calls in C: rare or long instructions.  Operands come in slots of the frame, stride bytes apart; a result goes to the
 * first slot; what is returned is the trap. */
#include "loader/translate/tier1.h"
#include "base/mem.h"

static uint64_t *slot(void *slots, uint32_t i, uint32_t stride)
{
    return (uint64_t *)((char *)slots + (size_t)i * stride);
}

static const struct wasm_layout *layout_of(const struct wasm_instance *i)
{
    return &i->code->layout;
}
static struct wasm_memory *memory_of(struct wasm_instance *i, uint32_t index)
{
    return WASM_AT(i, struct wasm_memory *, layout_of(i)->memories)[index];
}
static struct wasm_table *table_of(struct wasm_instance *i, uint32_t index)
{
    return WASM_AT(i, struct wasm_table *, layout_of(i)->tables)[index];
}

static bool outside(uint64_t at, uint64_t count, uint64_t size)
{
    return at > size || count > size - at;
}

/* ---- memories ---- */

static uint32_t help_memory_grow(struct wasm_instance *i, void *slots, uint32_t memory, uint32_t b,
                                 uint32_t stride)
{
    struct wasm_memory *m = memory_of(i, memory);
    uint64_t old = wasm_memory_grow(m, i->context->host, *slot(slots, 0, stride));
    *slot(slots, 0, stride) = m->is64 ? old : (uint32_t)old;
    return WASM_TRAP_NONE;
}

static uint32_t help_memory_copy(struct wasm_instance *i, void *slots, uint32_t to_memory,
                                 uint32_t from_memory, uint32_t stride)
{
    uint64_t to = *slot(slots, 0, stride), from = *slot(slots, 1, stride), count = *slot(slots, 2, stride);
    struct wasm_memory *d = memory_of(i, to_memory), *s = memory_of(i, from_memory);
    if (outside(to, count, d->size) || outside(from, count, s->size)) return WASM_TRAP_MEMORY;
    if (count) memmove(d->base + to, s->base + from, count);
    return WASM_TRAP_NONE;
}

static uint32_t help_memory_fill(struct wasm_instance *i, void *slots, uint32_t memory, uint32_t b,
                                 uint32_t stride)
{
    uint64_t to = *slot(slots, 0, stride), count = *slot(slots, 2, stride);
    struct wasm_memory *m = memory_of(i, memory);
    if (outside(to, count, m->size)) return WASM_TRAP_MEMORY;
    if (count) memset(m->base + to, (int)(*slot(slots, 1, stride) & 0xff), count);
    return WASM_TRAP_NONE;
}

static uint32_t help_memory_init(struct wasm_instance *i, void *slots, uint32_t data, uint32_t memory,
                                 uint32_t stride)
{
    return wasm_memory_init(i, layout_of(i), memory, data, *slot(slots, 0, stride),
                            (uint32_t)*slot(slots, 1, stride), (uint32_t)*slot(slots, 2, stride));
}

static uint32_t help_data_drop(struct wasm_instance *i, void *slots, uint32_t data, uint32_t b,
                               uint32_t stride)
{
    WASM_AT(i, uint8_t, layout_of(i)->data_dropped)[data] = 1;
    return WASM_TRAP_NONE;
}

/* ---- tables ---- */

static uint32_t help_table_get(struct wasm_instance *i, void *slots, uint32_t table, uint32_t b,
                               uint32_t stride)
{
    struct wasm_table *t = table_of(i, table);
    uint64_t at = *slot(slots, 0, stride);
    if (at >= t->size) return WASM_TRAP_TABLE;
    *slot(slots, 0, stride) = (uint64_t)(uintptr_t)t->elements[at];
    return WASM_TRAP_NONE;
}

static uint32_t help_table_set(struct wasm_instance *i, void *slots, uint32_t table, uint32_t b,
                               uint32_t stride)
{
    struct wasm_table *t = table_of(i, table);
    if (t->type == WASM_EXNREF) i->context->keeps_exceptions = true;
    uint64_t at = *slot(slots, 0, stride);
    if (at >= t->size) return WASM_TRAP_TABLE;
    t->elements[at] = (void *)(uintptr_t)*slot(slots, 1, stride);
    return WASM_TRAP_NONE;
}

static uint32_t help_table_size(struct wasm_instance *i, void *slots, uint32_t table, uint32_t b,
                                uint32_t stride)
{
    *slot(slots, 0, stride) = table_of(i, table)->size;
    return WASM_TRAP_NONE;
}

static uint32_t help_table_grow(struct wasm_instance *i, void *slots, uint32_t table, uint32_t b,
                                uint32_t stride)
{
    struct wasm_table *t = table_of(i, table);
    if (t->type == WASM_EXNREF) i->context->keeps_exceptions = true;
    void *init = (void *)(uintptr_t)*slot(slots, 0, stride);
    uint64_t old = wasm_table_grow(t, i->context->host, *slot(slots, 1, stride), init);
    *slot(slots, 0, stride) = t->is64 ? old : (uint32_t)old;
    return WASM_TRAP_NONE;
}

static uint32_t help_table_fill(struct wasm_instance *i, void *slots, uint32_t table, uint32_t b,
                                uint32_t stride)
{
    struct wasm_table *t = table_of(i, table);
    if (t->type == WASM_EXNREF) i->context->keeps_exceptions = true;
    uint64_t at = *slot(slots, 0, stride), count = *slot(slots, 2, stride);
    if (outside(at, count, t->size)) return WASM_TRAP_TABLE;
    for (uint64_t k = 0; k < count; k++) t->elements[at + k] = (void *)(uintptr_t)*slot(slots, 1, stride);
    return WASM_TRAP_NONE;
}

static uint32_t help_table_copy(struct wasm_instance *i, void *slots, uint32_t to_table, uint32_t from_table,
                                uint32_t stride)
{
    uint64_t to = *slot(slots, 0, stride), from = *slot(slots, 1, stride), count = *slot(slots, 2, stride);
    struct wasm_table *d = table_of(i, to_table), *s = table_of(i, from_table);
    if (outside(to, count, d->size) || outside(from, count, s->size)) return WASM_TRAP_TABLE;
    if (count) memmove(d->elements + to, s->elements + from, count * sizeof *d->elements);
    return WASM_TRAP_NONE;
}

static uint32_t help_table_init(struct wasm_instance *i, void *slots, uint32_t element, uint32_t table,
                                uint32_t stride)
{
    return wasm_table_init(i, layout_of(i), table, element, *slot(slots, 0, stride),
                           (uint32_t)*slot(slots, 1, stride), (uint32_t)*slot(slots, 2, stride));
}

static uint32_t help_elem_drop(struct wasm_instance *i, void *slots, uint32_t element, uint32_t b,
                               uint32_t stride)
{
    WASM_AT(i, uint8_t, layout_of(i)->elements_dropped)[element] = 1;
    return WASM_TRAP_NONE;
}

/* ---- exceptions ---- */

#define EXCEPTION_BYTES_MAX ((uint64_t)256 << 20)

static size_t exception_size(uint32_t count)
{
    return sizeof(struct wasm_exception) + count * sizeof(union wasm_value);
}

static uint32_t help_new_exception(struct wasm_instance *i, void *slots, uint32_t tag, uint32_t count,
                                   uint32_t stride)
{
    struct wasm_context *c = i->context;
    const struct wasm_allocator *a = &c->host->allocator;
    size_t bytes = exception_size(count);
    wasm_exceptions_collect(c);
    if (c->exception_bytes + bytes > EXCEPTION_BYTES_MAX) return WASM_TRAP_NO_MEMORY;
    struct wasm_exception *x = a->alloc(a->context, bytes);
    if (!x) return WASM_TRAP_NO_MEMORY;
    x->tag = WASM_AT(i, struct wasm_tag *, layout_of(i)->tags)[tag];
    x->count = count;
    for (uint32_t k = 0; k < count; k++) {
        x->values[k].bits[0] = *slot(slots, k, stride);
        if (stride == 16) x->values[k].bits[1] = slot(slots, k, stride)[1];
    }
    x->next = c->exceptions;
    c->exceptions = x;
    c->exception_bytes += bytes;
    *slot(slots, 0, stride) = (uint64_t)(uintptr_t)x;
    return WASM_TRAP_NONE;
}

static uint32_t function_at(const struct wasm_code *code, uint32_t offset)
{
    uint32_t low = 0, high = code->function_count;
    while (low < high) { /* the first that begins at or behind offset */
        uint32_t middle = low + (high - low) / 2;
        if (code->entries[middle] < offset)
            low = middle + 1;
        else
            high = middle;
    }
    return low - 1; /* UINT32_MAX: not in a function */
}

static uint32_t first_handler(const struct wasm_code *code, uint32_t function)
{
    uint32_t low = 0, high = code->handler_count;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (code->handlers[middle].function < function)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

/* Offset of the landing place, or 0. */
static uint32_t landing(const struct wasm_code *code, uint32_t function, uint32_t offset)
{
    uint32_t depth = UINT32_MAX;
    for (uint32_t h = first_handler(code, function);
         h < code->handler_count && code->handlers[h].function == function; h++) {
        const struct wasm_handler *handler = &code->handlers[h];
        if (offset <= handler->begin || offset > handler->end || handler->block > depth) continue;
        if (handler->landing != WASM_HANDLER_DELEGATE) return handler->landing;
        depth = handler->depth;
    }
    return 0;
}

struct unwound {
    uintptr_t stack;
    struct wasm_exception *exception;
};

/* at: the stack pointer at the throwing call's entry, where its return address is.  Frame by frame up to a landing place: its address, the
 * stack pointer there; 0 if the next frame is not generated code. */
static uintptr_t help_unwind(struct wasm_instance *i, struct wasm_exception *x, const uintptr_t *at,
                             struct unwound *to)
{
    const struct loader_host *host = i->context->host;
    i->context->exception = x;
    for (;;) {
        uintptr_t pc = *at++;
        const struct wasm_code *code = host->code_at(host->context, pc);
        if (!code) return 0;
        uint32_t offset = (uint32_t)(pc - (uintptr_t)code->text), function = function_at(code, offset);
        if (function == UINT32_MAX) return 0;
        uint32_t found = landing(code, function, offset);
        if (found) {
            *to = (struct unwound){(uintptr_t)at, x};
            return (uintptr_t)code->text + found;
        }
        at = (const uintptr_t *)((uintptr_t)at + code->frames[function]);
    }
}

/* ---- limits and preemption ---- */

static uint32_t help_slow(struct wasm_instance *i, uintptr_t low)
{
    struct wasm_context *c = i->context;
    if (low < c->real_limit) return WASM_TRAP_STACK;
    __atomic_store_n(&c->stack_limit, c->real_limit, __ATOMIC_SEQ_CST);
    return c->preempted ? c->preempted(c, c->preempt_argument) : WASM_TRAP_NONE;
}

const void *const tier_helper_addresses[HELPER_COUNT] = {
    [HELPER_SLOW] = (const void *)help_slow,
    [HELPER_UNWIND] = (const void *)help_unwind,
    [HELPER_MEMORY_GROW] = (const void *)help_memory_grow,
    [HELPER_MEMORY_COPY] = (const void *)help_memory_copy,
    [HELPER_MEMORY_FILL] = (const void *)help_memory_fill,
    [HELPER_MEMORY_INIT] = (const void *)help_memory_init,
    [HELPER_DATA_DROP] = (const void *)help_data_drop,
    [HELPER_TABLE_GET] = (const void *)help_table_get,
    [HELPER_TABLE_SET] = (const void *)help_table_set,
    [HELPER_TABLE_SIZE] = (const void *)help_table_size,
    [HELPER_TABLE_GROW] = (const void *)help_table_grow,
    [HELPER_TABLE_FILL] = (const void *)help_table_fill,
    [HELPER_TABLE_COPY] = (const void *)help_table_copy,
    [HELPER_TABLE_INIT] = (const void *)help_table_init,
    [HELPER_ELEM_DROP] = (const void *)help_elem_drop,
    [HELPER_NEW_EXCEPTION] = (const void *)help_new_exception,
};
