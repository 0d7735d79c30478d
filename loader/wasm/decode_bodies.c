/* Element, code, data and custom sections. */
#include "loader/wasm/decode.h"

#include "base/mem.h"
#include "loader/wasm/constant.h"
#include "loader/wasm/validate.h"
#include "spec/limits.h"

/* ---- elements ---- */

enum {
    NOT_ACTIVE = 1,
    EXPLICIT = 2,
    EXPRESSIONS = 4
}; /* of a segment's flags; EXPLICIT without NOT_ACTIVE: a table index */

static bool read_function_items(struct wasm_decoder *d, struct wasm_element *e, uint32_t *items)
{
    struct wasm_module *m = d->m;
    for (uint32_t i = 0; i < e->count; i++) {
        const uint8_t *at = d->r.p;
        if (!wasm_read_u32(&d->r, &items[i])) return false;
        if (items[i] >= m->function_count)
            return wasm_reader_fail_at(&d->r, at, WASM_RULE_UNKNOWN_FUNCTION, items[i]);
        m->functions[items[i]].flags |= WASM_FUNCTION_DECLARED;
    }
    return true;
}

static bool read_expression_items(struct wasm_decoder *d, struct wasm_element *e, uint32_t *items)
{
    struct wasm_module *m = d->m;
    for (uint32_t i = 0; i < e->count; i++) {
        struct wasm_const c;
        if (!wasm_read_constant(&d->r, m, e->type, m->global_count, &c)) return false;
        items[i] = c.kind == WASM_CONST_NULL     ? WASM_ELEMENT_NULL
                   : c.kind == WASM_CONST_GLOBAL ? WASM_ELEMENT_GLOBAL | c.index
                                                 : c.index;
    }
    return true;
}

/* The kind of element where a segment names it: a byte 0 for functions, or a reference type before expressions. */
static bool read_element_type(struct wasm_decoder *d, uint32_t flags, uint8_t *type)
{
    uint8_t kind;
    *type = WASM_FUNCREF;
    if (!(flags & (NOT_ACTIVE | EXPLICIT))) return true;
    if (flags & EXPRESSIONS) return wasm_read_reference_type(&d->r, type);
    if (!wasm_read_byte(&d->r, &kind)) return false;
    if (kind != 0) return wasm_reader_fail_at(&d->r, d->r.p - 1, WASM_RULE_ELEMENT_KIND, d->r.index);
    return true;
}

static bool read_element_place(struct wasm_decoder *d, uint32_t flags, struct wasm_element *e)
{
    struct wasm_module *m = d->m;
    const uint8_t *at = d->r.p;
    e->mode = !(flags & NOT_ACTIVE) ? WASM_ACTIVE : flags & EXPLICIT ? WASM_DECLARATIVE : WASM_PASSIVE;
    if (e->mode != WASM_ACTIVE) return true;
    if ((flags & EXPLICIT) && !wasm_read_u32(&d->r, &e->table)) return false;
    if (e->table >= m->table_count) return wasm_reader_fail_at(&d->r, at, WASM_RULE_UNKNOWN_TABLE, e->table);
    uint8_t index_type = m->tables[e->table].limits.is64 ? WASM_I64 : WASM_I32;
    return wasm_read_constant(&d->r, m, index_type, m->global_count, &e->start);
}

static bool read_element(struct wasm_decoder *d, struct wasm_element *e)
{
    const uint8_t *at = d->r.p;
    uint32_t flags;
    if (!wasm_read_u32(&d->r, &flags)) return false;
    if (flags > (NOT_ACTIVE | EXPLICIT | EXPRESSIONS))
        return wasm_reader_fail_at(&d->r, at, WASM_RULE_ELEMENT_FLAGS, d->r.index);
    if (!read_element_place(d, flags, e) || !read_element_type(d, flags, &e->type)) return false;
    if (e->mode == WASM_ACTIVE && d->m->tables[e->table].element != e->type)
        return wasm_reader_fail_at(&d->r, at, WASM_RULE_TYPE_MISMATCH, d->r.index);
    if (!wasm_decode_count(d, &e->count, flags & EXPRESSIONS ? 2 : 1, LIMIT_WASM_TABLE_ELEMENTS,
                           WASM_RULE_SEGMENTS))
        return false;
    uint32_t *items = wasm_decode_room(d, e->count, sizeof *items);
    e->items = items;
    return items != NULL &&
           (flags & EXPRESSIONS ? read_expression_items(d, e, items) : read_function_items(d, e, items));
}

bool wasm_decode_elements(struct wasm_decoder *d)
{
    struct wasm_module *m = d->m;
    if (!wasm_decode_count(d, &m->element_count, 3, LIMIT_WASM_SEGMENTS, WASM_RULE_SEGMENTS)) return false;
    m->elements = wasm_decode_room(d, m->element_count, sizeof *m->elements);
    if (m->elements == NULL) return false;
    for (uint32_t i = 0; i < m->element_count; i++) {
        d->r.index = i;
        if (!read_element(d, &m->elements[i])) return false;
    }
    return true;
}

/* ---- data ---- */

static bool read_data(struct wasm_decoder *d, struct wasm_data *data)
{
    enum { PASSIVE = 1, WITH_MEMORY = 2 };
    struct wasm_module *m = d->m;
    const uint8_t *at = d->r.p;
    uint32_t flags;
    if (!wasm_read_u32(&d->r, &flags)) return false;
    if (flags > WITH_MEMORY) return wasm_reader_fail_at(&d->r, at, WASM_RULE_DATA_FLAGS, d->r.index);
    data->mode = flags == PASSIVE ? WASM_PASSIVE : WASM_ACTIVE;
    if (data->mode == WASM_ACTIVE) {
        if (flags == WITH_MEMORY && !wasm_read_u32(&d->r, &data->memory)) return false;
        if (data->memory >= m->memory_count)
            return wasm_reader_fail_at(&d->r, at, WASM_RULE_UNKNOWN_MEMORY, data->memory);
        uint8_t type = m->memories[data->memory].is64 ? WASM_I64 : WASM_I32;
        if (!wasm_read_constant(&d->r, m, type, m->global_count, &data->start)) return false;
    }
    return wasm_read_u32(&d->r, &data->size) && wasm_read_bytes(&d->r, data->size, &data->bytes);
}

bool wasm_decode_data(struct wasm_decoder *d)
{
    struct wasm_module *m = d->m;
    if (!wasm_decode_count(d, &m->data_count, 2, LIMIT_WASM_SEGMENTS, WASM_RULE_SEGMENTS)) return false;
    m->data = wasm_decode_room(d, m->data_count, sizeof *m->data);
    if (m->data == NULL) return false;
    for (uint32_t i = 0; i < m->data_count; i++) {
        d->r.index = i;
        if (!read_data(d, &m->data[i])) return false;
    }
    return true;
}

/* ---- code ---- */

static bool read_body(struct wasm_decoder *d, struct wasm_validator *v, uint32_t function)
{
    struct wasm_reader *r = &d->r;
    struct wasm_function *f = &d->m->functions[function];
    uint32_t size;
    if (!wasm_read_u32(r, &size)) return false;
    if (size > (size_t)(r->end - r->p)) return wasm_reader_fail(r, WASM_RULE_END);
    if (size > LIMIT_WASM_BODY_BYTES) return wasm_reader_fail(r, WASM_RULE_FUNCTION_BYTES);
    f->body_offset = (uint32_t)(r->p - r->begin);
    f->body_size = size;
    const uint8_t *section_end = r->end;
    r->end = r->p + size;
    bool valid = wasm_validate_body(v, r, function);
    r->end = section_end;
    return valid;
}

bool wasm_decode_code(struct wasm_decoder *d)
{
    struct wasm_module *m = d->m;
    m->code_offset = (uint32_t)(d->r.p - d->r.begin);
    m->code_size = (uint32_t)(d->r.end - d->r.p);
    if (!wasm_decode_count(d, &d->bodies, 3, LIMIT_WASM_FUNCTIONS, WASM_RULE_FUNCTIONS)) return false;
    if (d->bodies != m->function_count - m->imported_functions)
        return wasm_reader_fail(&d->r, WASM_RULE_CODE_COUNT);
    struct wasm_validator v;
    bool valid = wasm_validator_open(&v, m, d->data_count) || wasm_reader_fail(&d->r, WASM_RULE_NO_MEMORY);
    for (uint32_t i = 0; valid && i < d->bodies; i++) {
        d->r.index = m->imported_functions + i;
        valid = read_body(d, &v, d->r.index);
    }
    wasm_validator_close(&v);
    return valid;
}

/* ---- custom sections ---- */

bool wasm_decode_custom(struct wasm_decoder *d)
{
    struct wasm_module *m = d->m;
    if (m->custom_count == d->custom_capacity) {
        uint32_t wanted = m->custom_count == 0 ? 4 : m->custom_count * 2;
        struct wasm_custom *room = wasm_decode_room(d, wanted, sizeof *room);
        if (room == NULL) return false;
        if (m->custom_count > 0) memcpy(room, m->customs, m->custom_count * sizeof *room);
        m->customs = room;
        d->custom_capacity = wanted;
    }
    struct wasm_custom *c = &m->customs[m->custom_count];
    if (!wasm_decode_name(d, &c->name)) return false;
    c->begin = d->section_begin;
    c->offset = (uint32_t)(d->r.p - d->r.begin);
    c->size = (uint32_t)(d->r.end - d->r.p);
    if (!wasm_read_bytes(&d->r, c->size, &c->bytes)) return false;
    m->custom_count++;
    return true;
}
