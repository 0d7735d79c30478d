#include "loader/port/hosted/spectest.h"

#include <string.h>

/* What they print is nobody's business here. */
static enum wasm_trap print_nothing(struct wasm_instance *caller, void *context, union wasm_value *values)
{
    return WASM_TRAP_NONE;
}

static const struct {
    const char *name;
    uint8_t types[2];
    uint32_t count;
} functions[] = {
    {"print", {0}, 0},
    {"print_i32", {WASM_I32}, 1},
    {"print_i64", {WASM_I64}, 1},
    {"print_f32", {WASM_F32}, 1},
    {"print_f64", {WASM_F64}, 1},
    {"print_i32_f32", {WASM_I32, WASM_F32}, 2},
    {"print_f64_f64", {WASM_F64, WASM_F64}, 2},
};

bool spectest_open(struct spectest *t, struct wasm_store *store)
{
    const struct wasm_limits memory = {.min = 1, .max = 2, .has_max = true};
    struct wasm_table_type table = {{.min = 10, .max = 20, .has_max = true}, WASM_FUNCREF};
    *t = (struct spectest){.host = store->host};
    t->i32.i32 = 666;
    t->i64.i64 = 666;
    t->f32.f32 = 666.6f;
    t->f64.f64 = 666.6;
    if (!wasm_memory_create(&t->memory, store->host, &memory)) return false;
    if (!wasm_table_create(&t->table, store->host, &table, NULL)) return false;
    table.limits.is64 = true;
    return wasm_table_create(&t->table64, store->host, &table, NULL);
}

void spectest_close(struct spectest *t)
{
    wasm_memory_destroy(&t->memory, t->host);
    wasm_table_destroy(&t->table, t->host);
    wasm_table_destroy(&t->table64, t->host);
}

static bool name_is(const struct wasm_name *name, const char *text)
{
    return name->size == strlen(text) && memcmp(name->bytes, text, name->size) == 0;
}

static bool resolve_function(const struct wasm_import *import, struct wasm_extern *found)
{
    for (unsigned i = 0; i < COUNT_OF(functions); i++) {
        if (!name_is(&import->name, functions[i].name)) continue;
        *found = (struct wasm_extern){.kind = WASM_EXTERN_FUNCTION, .host = print_nothing};
        found->host_type =
            (struct wasm_func_type){.types = functions[i].types, .param_count = functions[i].count};
        return true;
    }
    return false;
}

bool spectest_resolve(struct spectest *t, const struct wasm_import *import, struct wasm_extern *found)
{
    const struct {
        const char *name;
        union wasm_value *value;
        uint8_t type;
    } globals[] = {
        {"global_i32", &t->i32, WASM_I32},
        {"global_i64", &t->i64, WASM_I64},
        {"global_f32", &t->f32, WASM_F32},
        {"global_f64", &t->f64, WASM_F64},
    };
    if (!name_is(&import->module, "spectest")) return false;
    if (resolve_function(import, found)) return true;
    for (unsigned i = 0; i < COUNT_OF(globals); i++) {
        if (!name_is(&import->name, globals[i].name)) continue;
        *found = (struct wasm_extern){.kind = WASM_EXTERN_GLOBAL, .global = globals[i].value};
        found->global_type.type = globals[i].type;
        return true;
    }
    if (name_is(&import->name, "memory")) {
        *found = (struct wasm_extern){.kind = WASM_EXTERN_MEMORY, .memory = &t->memory};
        return true;
    }
    bool is64 = name_is(&import->name, "table64");
    if (!is64 && !name_is(&import->name, "table")) return false;
    *found = (struct wasm_extern){.kind = WASM_EXTERN_TABLE, .table = is64 ? &t->table64 : &t->table};
    return true;
}
