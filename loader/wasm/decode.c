/* The binary format's sections, in order; element, data, code and custom sections are in decode_bodies.c. */
#include "loader/wasm/decode.h"

#include "base/mem.h"
#include "base/utf8.h"
#include "loader/wasm/arena.h"
#include "loader/wasm/constant.h"
#include "loader/wasm/sort.h"
#include "spec/limits.h"

/* ---- shared ---- */

bool wasm_decode_count(struct wasm_decoder *d, uint32_t *count, uint32_t entry_bytes, uint32_t limit,
                       enum wasm_rule rule)
{
    const uint8_t *at = d->r.p;
    if (!wasm_read_u32(&d->r, count)) return false;
    if (*count > (size_t)(d->m->bytes + d->m->size - d->r.p))
        return wasm_reader_fail_at(&d->r, at, WASM_RULE_LENGTH, WASM_NO_INDEX);
    if (*count > (size_t)(d->r.end - d->r.p) / entry_bytes)
        return wasm_reader_fail_at(&d->r, at, WASM_RULE_END, WASM_NO_INDEX);
    if (*count > limit) return wasm_reader_fail_at(&d->r, at, rule, WASM_NO_INDEX);
    return true;
}

void *wasm_decode_room(struct wasm_decoder *d, size_t count, size_t size)
{
    void *room = wasm_arena_alloc(d->m, count, size);
    if (room == NULL) wasm_reader_fail(&d->r, WASM_RULE_NO_MEMORY);
    return room;
}

bool wasm_decode_name(struct wasm_decoder *d, struct wasm_name *name)
{
    if (!wasm_read_u32(&d->r, &name->size) || !wasm_read_bytes(&d->r, name->size, &name->bytes)) return false;
    if (utf8_validate((const char *)name->bytes, name->size, NULL) != name->size)
        return wasm_reader_fail_at(&d->r, name->bytes, WASM_RULE_UTF8, d->r.index);
    return true;
}

/* A larger copy of an array with room for `more` entries after the first `count`. */
static bool enlarge(struct wasm_decoder *d, void *array, uint32_t count, uint32_t more, size_t size)
{
    void *old, *room = wasm_decode_room(d, (size_t)count + more, size);
    if (room == NULL) return false;
    memcpy(&old, array, sizeof old);
    if (count > 0) memcpy(room, old, count * size);
    memcpy(array, &room, sizeof room);
    return true;
}

static bool read_index(struct wasm_decoder *d, uint32_t count, enum wasm_rule unknown, uint32_t *index)
{
    const uint8_t *at = d->r.p;
    if (!wasm_read_u32(&d->r, index)) return false;
    if (*index >= count) return wasm_reader_fail_at(&d->r, at, unknown, *index);
    return true;
}

/* ---- types ---- */

static bool read_types(struct wasm_decoder *d, const uint8_t **types, uint32_t *count)
{
    uint8_t type;
    if (!wasm_decode_count(d, count, 1, LIMIT_WASM_ARITY, WASM_RULE_TYPE_ARITY)) return false;
    *types = d->r.p;
    for (uint32_t i = 0; i < *count; i++)
        if (!wasm_read_value_type(&d->r, &type)) return false;
    return true;
}

/* Parameters and results lie apart in the binary, their count between them; in memory they lie together. */
static bool read_type(struct wasm_decoder *d, struct wasm_func_type *t)
{
    uint8_t form;
    const uint8_t *params, *results;
    if (!wasm_read_byte(&d->r, &form)) return false;
    if (form != 0x60) return wasm_reader_fail_at(&d->r, d->r.p - 1, WASM_RULE_TYPE_FORM, d->r.index);
    if (!read_types(d, &params, &t->param_count) || !read_types(d, &results, &t->result_count)) return false;
    if (t->result_count == 0 || t->param_count == 0) {
        t->types = t->result_count == 0 ? params : results;
        return true;
    }
    uint8_t *both = wasm_decode_room(d, t->param_count + t->result_count, 1);
    if (both == NULL) return false;
    memcpy(both, params, t->param_count);
    memcpy(both + t->param_count, results, t->result_count);
    t->types = both;
    return true;
}

static int compare_types(const void *context, uint32_t a, uint32_t b)
{
    const struct wasm_func_type *types = context, *s = &types[a], *t = &types[b];
    if (s->param_count != t->param_count) return s->param_count < t->param_count ? -1 : 1;
    if (s->result_count != t->result_count) return s->result_count < t->result_count ? -1 : 1;
    return memcmp(s->types, t->types, s->param_count + s->result_count);
}

static bool make_canonical(struct wasm_decoder *d)
{
    struct wasm_module *m = d->m;
    uint32_t *order = wasm_decode_room(d, m->type_count * 2ull, sizeof *order);
    if (order == NULL) return false;
    for (uint32_t i = 0; i < m->type_count; i++) order[i] = i;
    wasm_sort(order, order + m->type_count, m->type_count, compare_types, m->types);
    for (uint32_t i = 0; i < m->type_count; i++) {
        bool same = i > 0 && compare_types(m->types, order[i - 1], order[i]) == 0;
        m->types[order[i]].canonical = same ? m->types[order[i - 1]].canonical : order[i];
    }
    return true;
}

static bool decode_types(struct wasm_decoder *d)
{
    struct wasm_module *m = d->m;
    if (!wasm_decode_count(d, &m->type_count, 3, LIMIT_WASM_TYPES, WASM_RULE_TYPES)) return false;
    m->types = wasm_decode_room(d, m->type_count, sizeof *m->types);
    if (m->types == NULL) return false;
    for (uint32_t i = 0; i < m->type_count; i++) {
        d->r.index = i;
        if (!read_type(d, &m->types[i])) return false;
    }
    return make_canonical(d);
}

/* ---- limits and the types of tables, memories, globals, tags ---- */

static bool read_limits(struct wasm_decoder *d, struct wasm_limits *l)
{
    enum { HAS_MAX = 1, IS64 = 4 };
    uint8_t flags;
    if (!wasm_read_byte(&d->r, &flags)) return false;
    if (flags & ~(HAS_MAX | IS64))
        return wasm_reader_fail_at(&d->r, d->r.p - 1, WASM_RULE_LIMITS_FLAGS, d->r.index);
    *l = (struct wasm_limits){.has_max = flags & HAS_MAX, .is64 = (flags & IS64) != 0};
    uint32_t number = 0;
    if (l->is64) return wasm_read_u64(&d->r, &l->min) && (!l->has_max || wasm_read_u64(&d->r, &l->max));
    if (!wasm_read_u32(&d->r, &number)) return false;
    l->min = number;
    if (!l->has_max) return true;
    if (!wasm_read_u32(&d->r, &number)) return false;
    l->max = number;
    return true;
}

static bool read_table_type(struct wasm_decoder *d, struct wasm_table_type *t)
{
    const uint8_t *at = d->r.p;
    if (!wasm_read_reference_type(&d->r, &t->element) || !read_limits(d, &t->limits)) return false;
    if (t->limits.has_max && t->limits.min > t->limits.max)
        return wasm_reader_fail_at(&d->r, at, WASM_RULE_LIMITS, d->r.index);
    return true;
}

static bool read_memory_type(struct wasm_decoder *d, struct wasm_limits *l)
{
    const uint8_t *at = d->r.p;
    if (!read_limits(d, l)) return false;
    uint64_t most = l->is64 ? 1ull << 48 : 1ull << 16;
    if (l->min > most || (l->has_max && l->max > most))
        return wasm_reader_fail_at(&d->r, at, WASM_RULE_MEMORY_SIZE, d->r.index);
    if (l->has_max && l->min > l->max) return wasm_reader_fail_at(&d->r, at, WASM_RULE_LIMITS, d->r.index);
    return true;
}

static bool read_global_type(struct wasm_decoder *d, struct wasm_global_type *g)
{
    uint8_t flag;
    if (!wasm_read_value_type(&d->r, &g->type) || !wasm_read_byte(&d->r, &flag)) return false;
    if (flag > 1) return wasm_reader_fail_at(&d->r, d->r.p - 1, WASM_RULE_MUTABILITY, d->r.index);
    g->is_mutable = flag == 1;
    return true;
}

static bool read_tag_type(struct wasm_decoder *d, uint32_t *type)
{
    const uint8_t *at = d->r.p;
    uint8_t attribute;
    if (!wasm_read_byte(&d->r, &attribute)) return false;
    if (attribute != 0) return wasm_reader_fail_at(&d->r, at, WASM_RULE_TAG_ATTRIBUTE, d->r.index);
    if (!read_index(d, d->m->type_count, WASM_RULE_UNKNOWN_TYPE, type)) return false;
    if (d->m->types[*type].result_count != 0)
        return wasm_reader_fail_at(&d->r, at, WASM_RULE_TAG_RESULT, d->r.index);
    return true;
}

/* ---- imports ---- */

/* Room for the next import of a kind: each array doubles. */
static bool next_import(struct wasm_decoder *d, void *array, uint32_t count, size_t size)
{
    if ((count & (count - 1)) != 0) return true;
    return enlarge(d, array, count, count == 0 ? 1 : count, size);
}

static bool read_import_type(struct wasm_decoder *d, struct wasm_import *import)
{
    struct wasm_module *m = d->m;
    const uint8_t *at = d->r.p;
    if (!wasm_read_byte(&d->r, &import->kind)) return false;
    switch (import->kind) {
    case WASM_EXTERN_FUNCTION:
        import->index = m->imported_functions;
        return next_import(d, &m->functions, import->index, sizeof *m->functions) &&
               read_index(d, m->type_count, WASM_RULE_UNKNOWN_TYPE,
                          &m->functions[m->imported_functions++].type);
    case WASM_EXTERN_TABLE:
        import->index = m->imported_tables;
        return next_import(d, &m->tables, import->index, sizeof *m->tables) &&
               read_table_type(d, &m->tables[m->imported_tables++]);
    case WASM_EXTERN_MEMORY:
        import->index = m->imported_memories;
        return next_import(d, &m->memories, import->index, sizeof *m->memories) &&
               read_memory_type(d, &m->memories[m->imported_memories++]);
    case WASM_EXTERN_GLOBAL:
        import->index = m->imported_globals;
        return next_import(d, &m->globals, import->index, sizeof *m->globals) &&
               read_global_type(d, &m->globals[m->imported_globals++].type);
    case WASM_EXTERN_TAG:
        import->index = m->imported_tags;
        return next_import(d, &m->tags, import->index, sizeof *m->tags) &&
               read_tag_type(d, &m->tags[m->imported_tags++]);
    default: return wasm_reader_fail_at(&d->r, at, WASM_RULE_IMPORT_KIND, d->r.index);
    }
}

static bool decode_imports(struct wasm_decoder *d)
{
    struct wasm_module *m = d->m;
    if (!wasm_decode_count(d, &m->import_count, 4, LIMIT_WASM_FUNCTIONS, WASM_RULE_IMPORTS)) return false;
    m->imports = wasm_decode_room(d, m->import_count, sizeof *m->imports);
    if (m->imports == NULL) return false;
    for (uint32_t i = 0; i < m->import_count; i++) {
        struct wasm_import *import = &m->imports[i];
        d->r.index = i;
        import->offset = (uint32_t)(d->r.p - d->r.begin);
        if (!wasm_decode_name(d, &import->module) || !wasm_decode_name(d, &import->name) ||
            !read_import_type(d, import))
            return false;
    }
    m->function_count = m->imported_functions;
    m->table_count = m->imported_tables;
    m->memory_count = m->imported_memories;
    m->global_count = m->imported_globals;
    m->tag_count = m->imported_tags;
    if (m->table_count > LIMIT_WASM_TABLES) return wasm_reader_fail(&d->r, WASM_RULE_TABLES);
    if (m->memory_count > LIMIT_WASM_MEMORIES) return wasm_reader_fail(&d->r, WASM_RULE_MEMORIES);
    return true;
}

/* ---- what the module defines ---- */

static bool decode_functions(struct wasm_decoder *d)
{
    struct wasm_module *m = d->m;
    uint32_t count;
    if (!wasm_decode_count(d, &count, 1, LIMIT_WASM_FUNCTIONS - m->function_count, WASM_RULE_FUNCTIONS))
        return false;
    if (!enlarge(d, &m->functions, m->function_count, count, sizeof *m->functions)) return false;
    for (uint32_t i = 0; i < count; i++) {
        d->r.index = m->function_count;
        if (!read_index(d, m->type_count, WASM_RULE_UNKNOWN_TYPE, &m->functions[m->function_count].type))
            return false;
        m->function_count++;
    }
    return true;
}

static bool decode_tables(struct wasm_decoder *d)
{
    struct wasm_module *m = d->m;
    uint32_t count;
    if (!wasm_decode_count(d, &count, 3, LIMIT_WASM_TABLES - m->table_count, WASM_RULE_TABLES)) return false;
    if (!enlarge(d, &m->tables, m->table_count, count, sizeof *m->tables)) return false;
    for (uint32_t i = 0; i < count; i++) {
        d->r.index = m->table_count;
        if (!read_table_type(d, &m->tables[m->table_count])) return false;
        m->table_count++;
    }
    return true;
}

static bool decode_memories(struct wasm_decoder *d)
{
    struct wasm_module *m = d->m;
    uint32_t count;
    if (!wasm_decode_count(d, &count, 2, LIMIT_WASM_MEMORIES - m->memory_count, WASM_RULE_MEMORIES))
        return false;
    if (!enlarge(d, &m->memories, m->memory_count, count, sizeof *m->memories)) return false;
    for (uint32_t i = 0; i < count; i++) {
        d->r.index = m->memory_count;
        if (!read_memory_type(d, &m->memories[m->memory_count])) return false;
        m->memory_count++;
    }
    return true;
}

static bool decode_tags(struct wasm_decoder *d)
{
    struct wasm_module *m = d->m;
    uint32_t count;
    if (!wasm_decode_count(d, &count, 2, LIMIT_WASM_FUNCTIONS - m->tag_count, WASM_RULE_TAGS)) return false;
    if (!enlarge(d, &m->tags, m->tag_count, count, sizeof *m->tags)) return false;
    for (uint32_t i = 0; i < count; i++) {
        d->r.index = m->tag_count;
        if (!read_tag_type(d, &m->tags[m->tag_count])) return false;
        m->tag_count++;
    }
    return true;
}

static bool decode_globals(struct wasm_decoder *d)
{
    struct wasm_module *m = d->m;
    uint32_t count;
    if (!wasm_decode_count(d, &count, 3, LIMIT_WASM_FUNCTIONS - m->global_count, WASM_RULE_GLOBALS))
        return false;
    if (!enlarge(d, &m->globals, m->global_count, count, sizeof *m->globals)) return false;
    for (uint32_t i = 0; i < count; i++) {
        struct wasm_global *g = &m->globals[m->global_count];
        d->r.index = m->global_count;
        if (!read_global_type(d, &g->type) ||
            !wasm_read_constant(&d->r, m, g->type.type, m->global_count, &g->init))
            return false;
        m->global_count++;
    }
    return true;
}

/* ---- exports ---- */

static int compare_exports(const void *context, uint32_t a, uint32_t b)
{
    const struct wasm_export *exports = context;
    const struct wasm_name *s = &exports[a].name, *t = &exports[b].name;
    int order = memcmp(s->bytes, t->bytes, s->size < t->size ? s->size : t->size);
    if (order != 0) return order;
    return s->size == t->size ? 0 : s->size < t->size ? -1 : 1;
}

static bool sort_exports(struct wasm_decoder *d)
{
    struct wasm_module *m = d->m;
    uint32_t *order = wasm_decode_room(d, m->export_count * 2ull, sizeof *order);
    if (order == NULL) return false;
    for (uint32_t i = 0; i < m->export_count; i++) order[i] = i;
    wasm_sort(order, order + m->export_count, m->export_count, compare_exports, m->exports);
    for (uint32_t i = 1; i < m->export_count; i++)
        if (compare_exports(m->exports, order[i - 1], order[i]) == 0)
            return wasm_reader_fail_at(&d->r, m->exports[order[i]].name.bytes, WASM_RULE_DUPLICATE_EXPORT,
                                       order[i]);
    m->exports_by_name = order;
    return true;
}

static bool read_export(struct wasm_decoder *d, struct wasm_export *export)
{
    struct wasm_module *m = d->m;
    if (!wasm_decode_name(d, &export->name)) return false;
    const uint8_t *at = d->r.p;
    if (!wasm_read_byte(&d->r, &export->kind)) return false;
    switch (export->kind) {
    case WASM_EXTERN_FUNCTION:
        if (!read_index(d, m->function_count, WASM_RULE_UNKNOWN_FUNCTION, &export->index)) return false;
        m->functions[export->index].flags |= WASM_FUNCTION_DECLARED | WASM_FUNCTION_EXPORTED;
        return true;
    case WASM_EXTERN_TABLE: return read_index(d, m->table_count, WASM_RULE_UNKNOWN_TABLE, &export->index);
    case WASM_EXTERN_MEMORY: return read_index(d, m->memory_count, WASM_RULE_UNKNOWN_MEMORY, &export->index);
    case WASM_EXTERN_GLOBAL: return read_index(d, m->global_count, WASM_RULE_UNKNOWN_GLOBAL, &export->index);
    case WASM_EXTERN_TAG: return read_index(d, m->tag_count, WASM_RULE_UNKNOWN_TAG, &export->index);
    default: return wasm_reader_fail_at(&d->r, at, WASM_RULE_EXPORT_KIND, d->r.index);
    }
}

static bool decode_exports(struct wasm_decoder *d)
{
    struct wasm_module *m = d->m;
    if (!wasm_decode_count(d, &m->export_count, 3, LIMIT_WASM_FUNCTIONS, WASM_RULE_EXPORTS)) return false;
    m->exports = wasm_decode_room(d, m->export_count, sizeof *m->exports);
    if (m->exports == NULL) return false;
    for (uint32_t i = 0; i < m->export_count; i++) {
        d->r.index = i;
        if (!read_export(d, &m->exports[i])) return false;
    }
    return sort_exports(d);
}

static bool decode_start(struct wasm_decoder *d)
{
    struct wasm_module *m = d->m;
    const uint8_t *at = d->r.p;
    if (!read_index(d, m->function_count, WASM_RULE_UNKNOWN_FUNCTION, &m->start)) return false;
    const struct wasm_func_type *t = wasm_function_type(m, m->start);
    if (t->param_count != 0 || t->result_count != 0)
        return wasm_reader_fail_at(&d->r, at, WASM_RULE_START, m->start);
    return true;
}

static bool decode_data_count(struct wasm_decoder *d)
{
    const uint8_t *at = d->r.p;
    if (!wasm_read_u32(&d->r, &d->data_count)) return false;
    if (d->data_count > LIMIT_WASM_SEGMENTS)
        return wasm_reader_fail_at(&d->r, at, WASM_RULE_SEGMENTS, WASM_NO_INDEX);
    return true;
}

/* ---- the whole ---- */

/* In the order in which they must come. */
static const struct {
    uint8_t section;
    bool (*decode)(struct wasm_decoder *d);
} sections[] = {
    {WASM_SECTION_TYPE, decode_types},
    {WASM_SECTION_IMPORT, decode_imports},
    {WASM_SECTION_FUNCTION, decode_functions},
    {WASM_SECTION_TABLE, decode_tables},
    {WASM_SECTION_MEMORY, decode_memories},
    {WASM_SECTION_TAG, decode_tags},
    {WASM_SECTION_GLOBAL, decode_globals},
    {WASM_SECTION_EXPORT, decode_exports},
    {WASM_SECTION_START, decode_start},
    {WASM_SECTION_ELEMENT, wasm_decode_elements},
    {WASM_SECTION_DATA_COUNT, decode_data_count},
    {WASM_SECTION_CODE, wasm_decode_code},
    {WASM_SECTION_DATA, wasm_decode_data},
};

/* Reads one section with its frame; *next is the first of the table's places where it may stand. */
static bool decode_section(struct wasm_decoder *d, unsigned *next)
{
    struct wasm_reader *r = &d->r;
    const uint8_t *at = r->p, *all_end = r->end;
    uint8_t id;
    uint32_t size;
    r->section = WASM_SECTION_HEADER;
    r->index = WASM_NO_INDEX;
    d->section_begin = (uint32_t)(at - r->begin);
    if (!wasm_read_byte(r, &id)) return false;
    if (id > WASM_SECTION_TAG) return wasm_reader_fail_at(r, at, WASM_RULE_SECTION_ID, id);
    r->section = id;
    if (!wasm_read_u32(r, &size)) return false;
    if (size > (size_t)(r->end - r->p)) return wasm_reader_fail(r, WASM_RULE_LENGTH);
    bool (*decode)(struct wasm_decoder *) = wasm_decode_custom;
    if (id != WASM_SECTION_CUSTOM) {
        unsigned i = *next;
        while (i < COUNT_OF(sections) && sections[i].section != id) i++;
        if (i == COUNT_OF(sections))
            return wasm_reader_fail_at(r, at, WASM_RULE_SECTION_ORDER, WASM_NO_INDEX);
        decode = sections[i].decode;
        *next = i + 1;
    }
    r->end = r->p + size;
    if (!decode(d)) return false;
    if (r->p != r->end) return wasm_reader_fail(r, WASM_RULE_SECTION_SIZE);
    r->end = all_end;
    return true;
}

static bool check_header(struct wasm_reader *r)
{
    static const uint8_t magic[4] = {0, 'a', 's', 'm'}, version[4] = {1, 0, 0, 0};
    size_t size = (size_t)(r->end - r->p);
    if (size < 4)
        return wasm_reader_fail(r, memcmp(r->p, magic, size) == 0 ? WASM_RULE_END : WASM_RULE_MAGIC);
    if (memcmp(r->p, magic, 4) != 0) return wasm_reader_fail(r, WASM_RULE_MAGIC);
    r->p += 4;
    if (size < 8) return wasm_reader_fail(r, WASM_RULE_END);
    if (memcmp(r->p, version, 4) != 0) return wasm_reader_fail(r, WASM_RULE_VERSION);
    r->p += 4;
    return true;
}

/* What only the absence of a section shows. */
static bool check_whole(struct wasm_decoder *d)
{
    struct wasm_module *m = d->m;
    d->r.section = WASM_SECTION_CODE;
    if (d->bodies != m->function_count - m->imported_functions)
        return wasm_reader_fail(&d->r, WASM_RULE_CODE_COUNT);
    d->r.section = WASM_SECTION_DATA;
    if (d->data_count != WASM_NO_INDEX && d->data_count != m->data_count)
        return wasm_reader_fail(&d->r, WASM_RULE_DATA_COUNT);
    return true;
}

static bool decode_all(struct wasm_decoder *d)
{
    unsigned next = 0;
    if (!check_header(&d->r)) return false;
    while (d->r.p < d->r.end)
        if (!decode_section(d, &next)) return false;
    return check_whole(d);
}

bool wasm_module_decode(struct wasm_module *m, const uint8_t *bytes, size_t size,
                        const struct wasm_allocator *a, struct wasm_error *error)
{
    *m = (struct wasm_module){.bytes = bytes, .size = size, .start = WASM_NO_INDEX, .allocator = *a};
    struct wasm_decoder d = {
        .r = {.p = bytes,
              .end = bytes + size,
              .begin = bytes,
              .section = WASM_SECTION_HEADER,
              .index = WASM_NO_INDEX,
              .error = error},
        .m = m,
        .data_count = WASM_NO_INDEX,
    };
    bool done = size <= LIMIT_WASM_BYTES ? decode_all(&d) : wasm_reader_fail(&d.r, WASM_RULE_BYTES);
    if (!done) {
        wasm_arena_release(m);
        *m = (struct wasm_module){.start = WASM_NO_INDEX};
    }
    return done;
}

void wasm_module_release(struct wasm_module *m)
{
    wasm_arena_release(m);
    *m = (struct wasm_module){.start = WASM_NO_INDEX};
}
