/* Contexts, calls from C, memories and tables. */
#include "loader/host.h"
#include "loader/translate/tier1.h"
#include "spec/limits.h"
#include "base/mem.h"

#define WASM_PAGE 65536u
#define GUARDED_BYTES (((uint64_t)8 << 30) + WASM_PAGE) /* index, offset, and the access itself */
#define PAGES_32 65536u
#define HOST_PAGE 4096u

const char *wasm_trap_message(enum wasm_trap trap)
{
    static const char *const text[] = {
        "no trap",
#define WASM_TRAP(name, message) message,
#include "spec/wasm_traps.def"
#undef WASM_TRAP
    };
    return (unsigned)trap < COUNT_OF(text) ? text[trap] : "unknown trap";
}

/* ---- layout ---- */

static uint32_t place(uint64_t *at, uint64_t count, uint64_t size)
{
    *at = (*at + 15) & ~(uint64_t)15;
    uint64_t here = *at;
    *at += count * size;
    return (uint32_t)here;
}

bool wasm_layout_of(const struct wasm_module *m, struct wasm_layout *l)
{
    uint64_t at = sizeof(struct wasm_instance);
    *l = (struct wasm_layout){0};
    l->memories = place(&at, m->memory_count, sizeof(void *));
    l->tables = place(&at, m->table_count, sizeof(void *));
    l->globals = place(&at, m->global_count - m->imported_globals, sizeof(union wasm_value));
    l->global_pointers = place(&at, m->global_count, sizeof(void *));
    l->imported_functions = place(&at, m->imported_functions, sizeof(void *));
    l->signatures = place(&at, m->type_count, sizeof(void *));
    l->tags = place(&at, m->tag_count, sizeof(void *));
    l->own_tags = place(&at, m->tag_count - m->imported_tags, sizeof(struct wasm_tag));
    l->data_dropped = place(&at, m->data_count, 1);
    l->elements_dropped = place(&at, m->element_count, 1);
    l->functions = place(&at, m->function_count - m->imported_functions, sizeof(struct wasm_func));
    l->size = place(&at, 0, 0);
    return at <= INT32_MAX;
}

/* ---- contexts ---- */

bool wasm_context_begin(struct wasm_context *c, const struct loader_host *host, size_t stack_bytes)
{
    size_t bytes = (stack_bytes + STACK_SLACK + WASM_PAGE - 1) & ~(size_t)(WASM_PAGE - 1);
    uint8_t *stack = host->reserve(host->context, bytes + WASM_PAGE); /* a page without access below */
    if (!stack) return false;
    if (!host->commit(host->context, stack + WASM_PAGE, bytes)) {
        host->release(host->context, stack, bytes + WASM_PAGE);
        return false;
    }
    c->host = host;
    c->stack = stack;
    c->stack_bytes = bytes + WASM_PAGE;
    c->stack_top = (uintptr_t)stack + c->stack_bytes;
    c->real_limit = (uintptr_t)stack + WASM_PAGE + STACK_SLACK;
    c->stack_limit = c->real_limit;
    return true;
}

void wasm_context_end(struct wasm_context *c)
{
    const struct wasm_allocator *a = &c->host->allocator;
    while (c->exceptions) {
        struct wasm_exception *x = c->exceptions;
        c->exceptions = x->next;
        a->free(a->context, x, sizeof *x + x->count * sizeof(union wasm_value));
    }
    c->host->release(c->host->context, c->stack, c->stack_bytes);
    *c = (struct wasm_context){0};
}

void wasm_context_preempt(struct wasm_context *c)
{
    __atomic_store_n(&c->stack_limit, UINTPTR_MAX, __ATOMIC_SEQ_CST);
}

typedef uint32_t (*enter_function)(struct wasm_context *c, struct wasm_func *f, union wasm_value *values,
                                   uintptr_t stack);

enum wasm_trap wasm_call(struct wasm_context *c, struct wasm_func *f, union wasm_value *values)
{
    if (f->host) return f->host(f->instance, f->host_context, values);
    uintptr_t here = (uintptr_t)__builtin_frame_address(0);
    bool nested = here >= (uintptr_t)c->stack && here < c->stack_top;
    c->depth++;
    uint32_t trap = ((enter_function)f->enter)(c, f, values, nested ? 0 : c->stack_top);
    c->depth--;
    return trap;
}

/* ---- memories ---- */

/* With a guard where the quota allows it; else as much of the address space as the memory may need, at least what it begins with. */
bool wasm_memory_create(struct wasm_memory *m, const struct loader_host *host,
                        const struct wasm_limits *limits)
{
    uint64_t most =
        limits->is64 ? (uint64_t)1 << 32 : PAGES_32; /* 2^48 bytes: what a processor can address */
    if (limits->is64) most = (uint64_t)1 << 26;      /* 4 TiB */
    if (limits->min > most) return false;
    uint64_t max = limits->has_max && limits->max < most ? limits->max : most;
    *m = (struct wasm_memory){
        .is64 = limits->is64, .max_pages = max, .has_max = limits->has_max, .declared_max = limits->max};
    m->guarded = !limits->is64 && host->take_guard(host->context);
    if (m->guarded) {
        m->reserved = GUARDED_BYTES;
        m->base = host->reserve(host->context, m->reserved);
        if (!m->base) {
            host->give_guard(host->context);
            m->guarded = false;
        }
    }
    if (!m->base) {
        uint64_t pages = max;
        uint64_t enough = limits->min + 16384 > limits->min * 2
                              ? limits->min + 16384
                              : limits->min * 2; /* 1 GiB more, or as much again */
        if (pages > enough) pages = enough;
        m->reserved = (pages ? pages : 1) * WASM_PAGE;
        m->base = host->reserve(host->context, m->reserved);
    }
    if (!m->base) return false;
    if (limits->min && !host->commit(host->context, m->base, limits->min * WASM_PAGE)) {
        wasm_memory_destroy(m, host);
        return false;
    }
    m->pages = limits->min;
    m->size = m->pages * WASM_PAGE;
    return true;
}

void wasm_memory_destroy(struct wasm_memory *m, const struct loader_host *host)
{
    if (m->base && !m->is_view) host->release(host->context, m->base, m->reserved);
    if (m->guarded) host->give_guard(host->context);
    *m = (struct wasm_memory){0};
}

/* A memory without guard may move when its reservation is used up: generated code reads its base at each access. */
static bool move_memory(struct wasm_memory *m, const struct loader_host *host, uint64_t pages)
{
    uint64_t wanted = 2 * pages < m->max_pages ? 2 * pages : m->max_pages;
    uint8_t *base = host->reserve(host->context, wanted * WASM_PAGE);
    if (!base) return false;
    if (!host->commit(host->context, base, pages * WASM_PAGE)) {
        host->release(host->context, base, wanted * WASM_PAGE);
        return false;
    }
    memcpy(base, m->base, m->size);
    host->release(host->context, m->base, m->reserved);
    m->base = base;
    m->reserved = wanted * WASM_PAGE;
    return true;
}

uint64_t wasm_memory_grow(struct wasm_memory *m, const struct loader_host *host, uint64_t more)
{
    uint64_t old = m->pages;
    if (m->is_view || more > m->max_pages || old > m->max_pages - more) return UINT64_MAX;
    if (!more) return old;
    uint64_t pages = old + more;
    if (pages * WASM_PAGE > m->reserved) {
        if (!move_memory(m, host, pages)) return UINT64_MAX;
    } else if (!host->commit(host->context, m->base + m->size, more * WASM_PAGE)) {
        return UINT64_MAX;
    }
    m->pages = pages;
    m->size = pages * WASM_PAGE;
    return old;
}

enum wasm_trap wasm_memory_init(struct wasm_instance *i, const struct wasm_layout *l, uint32_t memory,
                                uint32_t data, uint64_t to, uint64_t from, uint64_t count)
{
    struct wasm_memory *m = WASM_AT(i, struct wasm_memory *, l->memories)[memory];
    const struct wasm_data *d = &i->module->data[data];
    uint64_t size = WASM_AT(i, uint8_t, l->data_dropped)[data] ? 0 : d->size;
    if (from > size || count > size - from || to > m->size || count > m->size - to) return WASM_TRAP_MEMORY;
    if (count) memcpy(m->base + to, d->bytes + from, count);
    return WASM_TRAP_NONE;
}

/* ---- tables: a reservation for the largest, so that it never moves ---- */

static uint64_t table_pages(uint64_t elements)
{
    return (elements * sizeof(void *) + HOST_PAGE - 1) & ~(uint64_t)(HOST_PAGE - 1);
}

static uint64_t table_reserve(const struct wasm_table *t)
{
    return table_pages(t->max ? t->max : 1);
}

bool wasm_table_create(struct wasm_table *t, const struct loader_host *host,
                       const struct wasm_table_type *type, void *init)
{
    const struct wasm_limits *limits = &type->limits;
    if (limits->min > LIMIT_WASM_TABLE_ELEMENTS) return false;
    *t = (struct wasm_table){
        .type = type->element, .is64 = limits->is64, .has_max = limits->has_max, .declared_max = limits->max};
    t->max =
        limits->has_max && limits->max < LIMIT_WASM_TABLE_ELEMENTS ? limits->max : LIMIT_WASM_TABLE_ELEMENTS;
    t->elements = host->reserve(host->context, table_reserve(t));
    if (!t->elements) return false;
    if (wasm_table_grow(t, host, limits->min, init) != UINT64_MAX) return true;
    wasm_table_destroy(t, host);
    return false;
}

void wasm_table_destroy(struct wasm_table *t, const struct loader_host *host)
{
    if (t->elements) host->release(host->context, t->elements, table_reserve(t));
    *t = (struct wasm_table){0};
}

uint64_t wasm_table_grow(struct wasm_table *t, const struct loader_host *host, uint64_t count, void *init)
{
    uint64_t old = t->size;
    if (count > t->max || old > t->max - count) return UINT64_MAX;
    uint64_t have = table_pages(old), need = table_pages(old + count);
    if (need > have && !host->commit(host->context, (char *)t->elements + have, need - have))
        return UINT64_MAX;
    t->size = old + count;
    if (init)
        for (uint64_t k = old; k < t->size; k++) t->elements[k] = init;
    return old;
}

enum wasm_trap wasm_table_init(struct wasm_instance *i, const struct wasm_layout *l, uint32_t table,
                               uint32_t element, uint64_t to, uint64_t from, uint64_t count)
{
    struct wasm_table *t = WASM_AT(i, struct wasm_table *, l->tables)[table];
    const struct wasm_element *e = &i->module->elements[element];
    uint64_t size = WASM_AT(i, uint8_t, l->elements_dropped)[element] ? 0 : e->count;
    if (from > size || count > size - from || to > t->size || count > t->size - to) return WASM_TRAP_TABLE;
    for (uint64_t k = 0; k < count; k++) {
        uint32_t item = e->items[from + k];
        void *value = NULL;
        if (item == WASM_ELEMENT_NULL)
            value = NULL;
        else if (item & WASM_ELEMENT_GLOBAL)
            value = WASM_AT(i, union wasm_value *, l->global_pointers)[item & ~WASM_ELEMENT_GLOBAL]->ref;
        else
            value = wasm_instance_function(i, l, item);
        t->elements[to + k] = value;
    }
    return WASM_TRAP_NONE;
}
