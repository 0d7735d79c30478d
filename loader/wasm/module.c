/* Looking things up in a decoded module. */
#include "loader/wasm/module.h"

#include "base/mem.h"
#include "loader/wasm/reader.h"

static bool names_equal(struct wasm_name a, const char *b, uint32_t size)
{
    return a.size == size && memcmp(a.bytes, b, size) == 0;
}

const struct wasm_export *wasm_module_export(const struct wasm_module *m, struct wasm_name name)
{
    uint32_t low = 0, high = m->export_count;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        const struct wasm_export *e = &m->exports[m->exports_by_name[middle]];
        uint32_t common = e->name.size < name.size ? e->name.size : name.size;
        int order = memcmp(e->name.bytes, name.bytes, common);
        if (order == 0 && e->name.size == name.size) return e;
        if (order < 0 || (order == 0 && e->name.size < name.size))
            low = middle + 1;
        else
            high = middle;
    }
    return NULL;
}

const struct wasm_custom *wasm_module_custom(const struct wasm_module *m, const char *name)
{
    uint32_t size = 0;
    while (name[size] != 0) size++;
    for (uint32_t i = 0; i < m->custom_count; i++)
        if (names_equal(m->customs[i].name, name, size)) return &m->customs[i];
    return NULL;
}

/* Entries of the name section's map of functions: index, name. */
static struct wasm_name find_name(struct wasm_reader *r, uint32_t function)
{
    uint32_t count, index;
    struct wasm_name name;
    if (!wasm_read_u32(r, &count)) return (struct wasm_name){NULL, 0};
    for (uint32_t i = 0; i < count; i++) {
        if (!wasm_read_u32(r, &index) || !wasm_read_u32(r, &name.size) ||
            !wasm_read_bytes(r, name.size, &name.bytes))
            break;
        if (index == function) return name;
    }
    return (struct wasm_name){NULL, 0};
}

struct wasm_name wasm_module_function_name(const struct wasm_module *m, uint32_t function)
{
    enum { FUNCTION_NAMES = 1 };
    const struct wasm_custom *c = wasm_module_custom(m, "name");
    if (c == NULL) return (struct wasm_name){NULL, 0};
    struct wasm_error ignored;
    struct wasm_reader r = {.p = c->bytes, .end = c->bytes + c->size, .begin = m->bytes, .error = &ignored};
    while (r.p < r.end) {
        uint8_t id;
        uint32_t size;
        const uint8_t *part;
        if (!wasm_read_byte(&r, &id) || !wasm_read_u32(&r, &size) || !wasm_read_bytes(&r, size, &part)) break;
        if (id != FUNCTION_NAMES) continue;
        r.p = part;
        r.end = part + size;
        return find_name(&r, function);
    }
    return (struct wasm_name){NULL, 0};
}
