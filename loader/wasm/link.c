#include "loader/wasm/link.h"

#include "base/mem.h"
#include "loader/wasm/constant.h"

/* What an instance owns besides the block that it lies in itself. */
struct wasm_linked {
    struct wasm_linked *next;
    struct wasm_instance *instance;
    struct wasm_layout layout;
    struct wasm_memory *memories; /* own ones, then ... */
    struct wasm_table *tables;
    struct wasm_func *host_functions;
    uint32_t memory_count, table_count, host_count; /* that exist */
};

/* count may be 0: then a block that holds nothing. */
static void *allocate(struct wasm_store *s, size_t count, size_t size)
{
    const struct wasm_allocator *a = &s->host->allocator;
    return a->alloc(a->context, count == 0 ? 1 : count * size);
}

static void release(struct wasm_store *s, void *block, size_t count, size_t size)
{
    const struct wasm_allocator *a = &s->host->allocator;
    if (block != NULL) a->free(a->context, block, count == 0 ? 1 : count * size);
}

/* ---- interned types ---- */

static int compare(const struct wasm_signature *a, const struct wasm_signature *b)
{
    if (a->param_count != b->param_count) return a->param_count < b->param_count ? -1 : 1;
    if (a->result_count != b->result_count) return a->result_count < b->result_count ? -1 : 1;
    return memcmp(a->types, b->types, a->param_count + a->result_count);
}

static const struct wasm_signature *find_signature(const struct wasm_signature_set *set,
                                                   const struct wasm_signature *wanted)
{
    for (unsigned i = 0; i < 32; i++) {
        if (!(set->count >> i & 1)) continue;
        uint32_t low = 0, high = 1u << i;
        while (low < high) {
            uint32_t middle = (low + high) / 2;
            int order = compare(set->runs[i][middle], wanted);
            if (order == 0) return set->runs[i][middle];
            if (order < 0)
                low = middle + 1;
            else
                high = middle;
        }
    }
    return NULL;
}

static void merge_runs(const struct wasm_signature **to, const struct wasm_signature **a,
                       const struct wasm_signature **b, uint32_t count)
{
    for (uint32_t i = 0, j = 0; i + j < 2 * count;) {
        bool first = j == count || (i < count && compare(a[i], b[j]) < 0);
        to[i + j] = first ? a[i] : b[j];
        if (first)
            i++;
        else
            j++;
    }
}

static bool add_signature(struct wasm_store *s, const struct wasm_signature *new)
{
    struct wasm_signature_set *set = &s->signatures;
    unsigned level = (unsigned)__builtin_ctz(~set->count);
    const struct wasm_signature **run = allocate(s, 1u << level, sizeof *run);
    const struct wasm_signature **spare = allocate(s, 1u << level, sizeof *spare);
    if (run == NULL || spare == NULL) {
        release(s, run, 1u << level, sizeof *run);
        release(s, spare, 1u << level, sizeof *spare);
        return false;
    }
    run[0] = new;
    for (unsigned i = 0; i < level; i++) {
        merge_runs(spare, run, set->runs[i], 1u << i);
        release(s, set->runs[i], 1u << i, sizeof *run);
        const struct wasm_signature **t = run;
        run = spare;
        spare = t;
    }
    release(s, spare, 1u << level, sizeof *spare);
    set->runs[level] = run;
    set->count++;
    return true;
}

const struct wasm_signature *wasm_signature_of(struct wasm_store *s, const struct wasm_func_type *type)
{
    struct wasm_signature wanted = {type->param_count, type->result_count, type->types};
    const struct wasm_signature *known = find_signature(&s->signatures, &wanted);
    if (known != NULL) return known;
    size_t size = type->param_count + type->result_count;
    struct wasm_signature *new = allocate(s, 1, sizeof *new + size);
    if (new == NULL) return NULL;
    uint8_t *types = (uint8_t *)(new + 1);
    memcpy(types, type->types, size);
    *new = (struct wasm_signature){type->param_count, type->result_count, types};
    if (add_signature(s, new)) return new;
    release(s, new, 1, sizeof *new + size);
    return NULL;
}

static void release_signatures(struct wasm_store *s)
{
    for (unsigned i = 0; i < 32; i++) {
        if (!(s->signatures.count >> i & 1)) continue;
        for (uint32_t k = 0; k < 1u << i; k++) {
            const struct wasm_signature *g = s->signatures.runs[i][k];
            release(s, (void *)g, 1, sizeof *g + g->param_count + g->result_count);
        }
        release(s, s->signatures.runs[i], 1u << i, sizeof **s->signatures.runs);
    }
}

/* ---- making an instance ---- */

struct linking {
    struct wasm_store *store;
    const struct wasm_module *m;
    struct wasm_unit *unit;
    struct wasm_linked *linked;
    struct wasm_instance *instance;
    const struct wasm_layout *layout;
    struct wasm_extern *imports; /* of each import, as resolved */
    struct wasm_error *error;
};

static COLD bool fail(struct linking *k, enum wasm_rule rule, uint32_t import)
{
    *k->error =
        (struct wasm_error){.offset = import == WASM_NO_INDEX ? 0 : k->m->imports[import].offset,
                            .section = import == WASM_NO_INDEX ? WASM_SECTION_HEADER : WASM_SECTION_IMPORT,
                            .rule = rule,
                            .index = import};
    return false;
}

static bool intern_types(struct linking *k)
{
    const struct wasm_signature **signatures =
        WASM_AT(k->instance, const struct wasm_signature *, k->layout->signatures);
    for (uint32_t i = 0; i < k->m->type_count; i++) {
        uint32_t canonical = k->m->types[i].canonical;
        signatures[i] = canonical < i ? signatures[canonical] : wasm_signature_of(k->store, &k->m->types[i]);
        if (signatures[i] == NULL) return fail(k, WASM_RULE_NO_MEMORY, WASM_NO_INDEX);
    }
    return true;
}

static const struct wasm_signature *signature(struct linking *k, uint32_t type)
{
    return WASM_AT(k->instance, const struct wasm_signature *, k->layout->signatures)[type];
}

/* An actual size and maximum fit declared limits. */
static bool limits_fit(const struct wasm_limits *wanted, uint64_t size, bool has_max, uint64_t max, bool is64)
{
    if (wanted->is64 != is64 || size < wanted->min) return false;
    return !wanted->has_max || (has_max && max <= wanted->max);
}

static bool import_fits(struct linking *k, const struct wasm_import *import, const struct wasm_extern *x)
{
    const struct wasm_module *m = k->m;
    if (x->kind != import->kind) return false;
    switch (import->kind) {
    case WASM_EXTERN_FUNCTION: {
        const struct wasm_signature *wanted = signature(k, m->functions[import->index].type);
        if (x->function != NULL) return x->function->signature == wanted;
        struct wasm_signature given = {x->host_type.param_count, x->host_type.result_count,
                                       x->host_type.types};
        return compare(&given, wanted) == 0;
    }
    case WASM_EXTERN_TABLE: {
        const struct wasm_table_type *t = &m->tables[import->index];
        return x->table->type == t->element && limits_fit(&t->limits, x->table->size, x->table->has_max,
                                                          x->table->declared_max, x->table->is64);
    }
    case WASM_EXTERN_MEMORY:
        /* 32-bit addresses reach 4 GiB: what proofs conclude from a length rests on that. */
        if (!x->memory->is64 && x->memory->size > 1ull << 32) return false;
        return limits_fit(&m->memories[import->index], x->memory->pages, x->memory->has_max,
                          x->memory->declared_max, x->memory->is64);
    case WASM_EXTERN_GLOBAL: {
        const struct wasm_global_type *g = &m->globals[import->index].type;
        return g->type == x->global_type.type && g->is_mutable == x->global_type.is_mutable;
    }
    default: return x->tag->signature == signature(k, m->tags[import->index]);
    }
}

static bool resolve_imports(struct linking *k, wasm_resolver resolve, void *context)
{
    for (uint32_t i = 0; i < k->m->import_count; i++) {
        k->imports[i] = (struct wasm_extern){0};
        if (!resolve(context, &k->m->imports[i], &k->imports[i])) return fail(k, WASM_RULE_UNKNOWN_IMPORT, i);
        if (!import_fits(k, &k->m->imports[i], &k->imports[i])) return fail(k, WASM_RULE_IMPORT_TYPE, i);
    }
    return true;
}

static void place_import(struct linking *k, const struct wasm_import *import, const struct wasm_extern *x)
{
    struct wasm_instance *i = k->instance;
    switch (import->kind) {
    case WASM_EXTERN_FUNCTION:
        /* The host's functions get their code when there is code: fill_functions(). */
        WASM_AT(i, struct wasm_func *, k->layout->imported_functions)[import->index] = x->function;
        break;
    case WASM_EXTERN_TABLE:
        WASM_AT(i, struct wasm_table *, k->layout->tables)[import->index] = x->table;
        break;
    case WASM_EXTERN_MEMORY:
        WASM_AT(i, struct wasm_memory *, k->layout->memories)[import->index] = x->memory;
        break;
    case WASM_EXTERN_GLOBAL:
        WASM_AT(i, union wasm_value *, k->layout->global_pointers)[import->index] = x->global;
        break;
    default: WASM_AT(i, struct wasm_tag *, k->layout->tags)[import->index] = x->tag;
    }
}

static bool make_memories(struct linking *k)
{
    const struct wasm_module *m = k->m;
    struct wasm_memory **memories = WASM_AT(k->instance, struct wasm_memory *, k->layout->memories);
    for (uint32_t i = m->imported_memories; i < m->memory_count; i++) {
        struct wasm_memory *memory = &k->linked->memories[i - m->imported_memories];
        if (!wasm_memory_create(memory, k->store->host, &m->memories[i]))
            return fail(k, WASM_RULE_MEMORY_RESERVE, WASM_NO_INDEX);
        k->linked->memory_count++;
        memories[i] = memory;
    }
    if (m->memory_count > 0 && memories[0]->guarded) k->instance->memory0 = memories[0]->base;
    return true;
}

static bool make_tables(struct linking *k)
{
    const struct wasm_module *m = k->m;
    struct wasm_table **tables = WASM_AT(k->instance, struct wasm_table *, k->layout->tables);
    for (uint32_t i = m->imported_tables; i < m->table_count; i++) {
        struct wasm_table *table = &k->linked->tables[i - m->imported_tables];
        if (!wasm_table_create(table, k->store->host, &m->tables[i], NULL))
            return fail(k, WASM_RULE_TABLE_RESERVE, WASM_NO_INDEX);
        k->linked->table_count++;
        tables[i] = table;
    }
    return true;
}

static uint64_t global_bits(void *context, uint32_t index)
{
    struct linking *k = context;
    return WASM_AT(k->instance, union wasm_value *, k->layout->global_pointers)[index]->bits[0];
}

static void make_globals(struct linking *k)
{
    const struct wasm_module *m = k->m;
    union wasm_value **pointers = WASM_AT(k->instance, union wasm_value *, k->layout->global_pointers);
    union wasm_value *own = WASM_AT(k->instance, union wasm_value, k->layout->globals);
    for (uint32_t i = m->imported_globals; i < m->global_count; i++) {
        const struct wasm_const *c = &m->globals[i].init;
        union wasm_value *value = own++;
        pointers[i] = value;
        switch (c->kind) {
        case WASM_CONST_BITS: memcpy(value->bits, c->bits, sizeof value->bits); break;
        case WASM_CONST_NULL: value->ref = NULL; break;
        case WASM_CONST_FUNCTION:
            value->ref = wasm_instance_function(k->instance, k->layout, c->index);
            break;
        case WASM_CONST_GLOBAL: *value = *pointers[c->index]; break;
        default: value->i64 = wasm_constant_integer(m, c, global_bits, k);
        }
    }
}

static void make_tags(struct linking *k)
{
    struct wasm_tag **tags = WASM_AT(k->instance, struct wasm_tag *, k->layout->tags);
    struct wasm_tag *own = WASM_AT(k->instance, struct wasm_tag, k->layout->own_tags);
    for (uint32_t i = k->m->imported_tags; i < k->m->tag_count; i++, own++) {
        own->signature = signature(k, k->m->tags[i]);
        tags[i] = own;
    }
}

/* The host's functions among the imports become functions of this instance, since their code is this module's. */
static void make_host_functions(struct linking *k)
{
    const struct wasm_module *m = k->m;
    struct wasm_func **imported = WASM_AT(k->instance, struct wasm_func *, k->layout->imported_functions);
    for (uint32_t i = 0, n = 0; i < m->import_count; i++) {
        if (m->imports[i].kind != WASM_EXTERN_FUNCTION || k->imports[i].function != NULL) continue;
        uint32_t index = m->imports[i].index;
        struct wasm_func *f = &k->linked->host_functions[n++];
        *f = (struct wasm_func){.instance = k->instance,
                                .signature = signature(k, m->functions[index].type),
                                .host = k->imports[i].host,
                                .host_context = k->imports[i].host_context,
                                .index = index};
        imported[index] = f;
    }
}

static void make_functions(struct linking *k)
{
    const struct wasm_module *m = k->m;
    const struct wasm_code *code = k->instance->code;
    struct wasm_func *own = WASM_AT(k->instance, struct wasm_func, k->layout->functions);
    for (uint32_t i = m->imported_functions; i < m->function_count; i++, own++) {
        uint32_t type = m->functions[i].type;
        *own = (struct wasm_func){.code = wasm_code_entry(code, m, i),
                                  .instance = k->instance,
                                  .signature = signature(k, type),
                                  .enter = wasm_code_enter(code, type),
                                  .index = i};
    }
    for (uint32_t i = 0; i < k->linked->host_count; i++) {
        struct wasm_func *f = &k->linked->host_functions[i];
        f->code = wasm_code_host_stub(code, m->functions[f->index].type);
        f->enter = wasm_code_enter(code, m->functions[f->index].type);
    }
}

static void free_linked(struct wasm_store *s, struct wasm_linked *linked, const struct wasm_module *m)
{
    for (uint32_t i = 0; i < linked->memory_count; i++) wasm_memory_destroy(&linked->memories[i], s->host);
    for (uint32_t i = 0; i < linked->table_count; i++) wasm_table_destroy(&linked->tables[i], s->host);
    release(s, linked->memories, m->memory_count - m->imported_memories, sizeof *linked->memories);
    release(s, linked->tables, m->table_count - m->imported_tables, sizeof *linked->tables);
    release(s, linked->host_functions, linked->host_count, sizeof *linked->host_functions);
    release(s, linked->instance, 1, linked->layout.size);
    release(s, linked, 1, sizeof *linked);
}

/* All memory but that of memories and tables. */
static bool make_room(struct linking *k)
{
    const struct wasm_module *m = k->m;
    struct wasm_linked *linked = k->linked = allocate(k->store, 1, sizeof *linked);
    if (linked == NULL) return fail(k, WASM_RULE_NO_MEMORY, WASM_NO_INDEX);
    if (!wasm_layout_of(m, &linked->layout)) return fail(k, WASM_RULE_NO_MEMORY, WASM_NO_INDEX);
    linked->instance = k->instance = allocate(k->store, 1, linked->layout.size);
    linked->memories = allocate(k->store, m->memory_count - m->imported_memories, sizeof *linked->memories);
    linked->tables = allocate(k->store, m->table_count - m->imported_tables, sizeof *linked->tables);
    if (linked->instance == NULL || linked->memories == NULL || linked->tables == NULL)
        return fail(k, WASM_RULE_NO_MEMORY, WASM_NO_INDEX);
    k->layout = &linked->layout;
    return true;
}

static bool make_host_room(struct linking *k)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < k->m->import_count; i++)
        count += k->m->imports[i].kind == WASM_EXTERN_FUNCTION && k->imports[i].function == NULL;
    k->linked->host_functions = allocate(k->store, count, sizeof *k->linked->host_functions);
    if (k->linked->host_functions == NULL) return fail(k, WASM_RULE_NO_MEMORY, WASM_NO_INDEX);
    k->linked->host_count = count;
    return true;
}

static bool link_all(struct linking *k, wasm_resolver resolve, void *context, void *user)
{
    if (!make_room(k)) return false;
    *k->instance = (struct wasm_instance){
        .context = k->store->context, .module = k->m, .user = user, .bytes = k->layout->size};
    if (!intern_types(k) || !resolve_imports(k, resolve, context) || !make_host_room(k)) return false;
    for (uint32_t i = 0; i < k->m->import_count; i++) place_import(k, &k->m->imports[i], &k->imports[i]);
    if (!make_memories(k) || !make_tables(k)) return false;
    k->instance->code =
        wasm_unit_code(k->unit, k->m->memory_count == 0 || k->instance->memory0 != NULL, k->error);
    if (k->instance->code == NULL) return false;
    make_host_functions(k);
    make_functions(k);
    make_tags(k);
    make_globals(k);
    return true;
}

struct wasm_instance *wasm_link(struct wasm_store *s, struct wasm_unit *unit, wasm_resolver resolve,
                                void *context, void *user, struct wasm_error *error)
{
    const struct wasm_module *m = &unit->module;
    struct linking k = {.store = s, .m = m, .unit = unit, .error = error};
    k.imports = allocate(s, m->import_count, sizeof *k.imports);
    bool made = k.imports != NULL ? link_all(&k, resolve, context, user)
                                  : fail(&k, WASM_RULE_NO_MEMORY, WASM_NO_INDEX);
    release(s, k.imports, m->import_count, sizeof *k.imports);
    if (!made) {
        if (k.linked != NULL) free_linked(s, k.linked, m);
        return NULL;
    }
    k.linked->next = s->instances;
    s->instances = k.linked;
    return k.instance;
}

/* ---- starting ---- */

static enum wasm_trap apply_elements(struct wasm_instance *i, struct linking *k)
{
    uint8_t *dropped = WASM_AT(i, uint8_t, k->layout->elements_dropped);
    for (uint32_t e = 0; e < k->m->element_count; e++) {
        const struct wasm_element *segment = &k->m->elements[e];
        if (segment->mode == WASM_ACTIVE) {
            uint64_t start = wasm_constant_integer(k->m, &segment->start, global_bits, k);
            enum wasm_trap trap = wasm_table_init(i, k->layout, segment->table, e, start, 0, segment->count);
            if (trap != WASM_TRAP_NONE) return trap;
        }
        if (segment->mode != WASM_PASSIVE) dropped[e] = 1;
    }
    return WASM_TRAP_NONE;
}

static enum wasm_trap apply_data(struct wasm_instance *i, struct linking *k)
{
    uint8_t *dropped = WASM_AT(i, uint8_t, k->layout->data_dropped);
    for (uint32_t d = 0; d < k->m->data_count; d++) {
        const struct wasm_data *segment = &k->m->data[d];
        if (segment->mode != WASM_ACTIVE) continue;
        uint64_t start = wasm_constant_integer(k->m, &segment->start, global_bits, k);
        enum wasm_trap trap = wasm_memory_init(i, k->layout, segment->memory, d, start, 0, segment->size);
        if (trap != WASM_TRAP_NONE) return trap;
        dropped[d] = 1;
    }
    return WASM_TRAP_NONE;
}

enum wasm_trap wasm_start(struct wasm_store *s, struct wasm_instance *i)
{
    struct wasm_layout layout;
    wasm_layout_of(i->module, &layout);
    struct linking k = {.store = s, .m = i->module, .instance = i, .layout = &layout};
    enum wasm_trap trap = apply_elements(i, &k);
    if (trap == WASM_TRAP_NONE) trap = apply_data(i, &k);
    if (trap != WASM_TRAP_NONE || i->module->start == WASM_NO_INDEX) return trap;
    union wasm_value none[1];
    return wasm_call(s->context, wasm_instance_function(i, &layout, i->module->start), none);
}

/* ---- exports, end ---- */

bool wasm_instance_export(struct wasm_instance *i, struct wasm_name name, struct wasm_extern *found)
{
    const struct wasm_export *e = wasm_module_export(i->module, name);
    const struct wasm_layout *l = &i->code->layout;
    if (e == NULL) return false;
    *found = (struct wasm_extern){.kind = e->kind};
    switch (e->kind) {
    case WASM_EXTERN_FUNCTION: found->function = wasm_instance_function(i, l, e->index); break;
    case WASM_EXTERN_TABLE: found->table = WASM_AT(i, struct wasm_table *, l->tables)[e->index]; break;
    case WASM_EXTERN_MEMORY: found->memory = WASM_AT(i, struct wasm_memory *, l->memories)[e->index]; break;
    case WASM_EXTERN_GLOBAL:
        found->global = WASM_AT(i, union wasm_value *, l->global_pointers)[e->index];
        found->global_type = i->module->globals[e->index].type;
        break;
    default: found->tag = WASM_AT(i, struct wasm_tag *, l->tags)[e->index];
    }
    return true;
}

void wasm_instance_release(struct wasm_store *s, struct wasm_instance *i)
{
    for (struct wasm_linked **at = &s->instances; *at != NULL; at = &(*at)->next) {
        if ((*at)->instance != i) continue;
        struct wasm_linked *linked = *at;
        *at = linked->next;
        free_linked(s, linked, i->module);
        return;
    }
}

void wasm_store_open(struct wasm_store *s, const struct loader_host *host, struct wasm_context *context)
{
    *s = (struct wasm_store){.host = host, .context = context};
}

void wasm_store_close(struct wasm_store *s)
{
    while (s->instances != NULL) wasm_instance_release(s, s->instances->instance);
    release_signatures(s);
    *s = (struct wasm_store){0};
}
