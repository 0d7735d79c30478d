/* `lona module SUBCOMMAND`: what one can do with a WebAssembly module from the command line. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "loader/port/hosted/module_main.h"
#include "loader/port/hosted/support.h"

enum { EXIT_USAGE = 2 };

static int module_validate(int argc, char **argv)
{
    int code = 0;
    if (argc < 2) {
        fprintf(stderr, "usage: lona module validate FILE...\n");
        return EXIT_USAGE;
    }
    for (int i = 1; i < argc; i++) {
        uint8_t *bytes;
        struct wasm_module m;
        if (!wasm_read_module(argv[i], &bytes, &m)) {
            code = 1;
            continue;
        }
        wasm_module_release(&m);
        free(bytes);
    }
    return code;
}

/* ---- info ---- */

static const char *type_name(uint8_t type)
{
    switch (type) {
    case WASM_I32: return "i32";
    case WASM_I64: return "i64";
    case WASM_F32: return "f32";
    case WASM_F64: return "f64";
    case WASM_V128: return "v128";
    case WASM_FUNCREF: return "funcref";
    case WASM_EXTERNREF: return "externref";
    default: return "exnref";
    }
}

static void print_name(struct wasm_name name)
{
    putchar('"');
    for (uint32_t i = 0; i < name.size; i++) {
        uint8_t c = name.bytes[i];
        if (c < 0x20 || c == '"' || c == '\\' || c == 0x7f)
            printf("\\%02x", c);
        else
            putchar(c);
    }
    putchar('"');
}

static void print_func_type(const struct wasm_func_type *t)
{
    printf("(");
    for (uint32_t i = 0; i < t->param_count; i++) printf("%s%s", i ? " " : "", type_name(t->types[i]));
    printf(") -> (");
    for (uint32_t i = 0; i < t->result_count; i++)
        printf("%s%s", i ? " " : "", type_name(wasm_results(t)[i]));
    printf(")");
}

static void print_limits(const struct wasm_limits *l)
{
    printf("%llu..", (unsigned long long)l->min);
    if (l->has_max) printf("%llu", (unsigned long long)l->max);
    if (l->is64) printf(" (64-bit)");
}

static void print_extern(const struct wasm_module *m, uint8_t kind, uint32_t index)
{
    switch (kind) {
    case WASM_EXTERN_FUNCTION:
        printf("function %u ", index);
        print_func_type(wasm_function_type(m, index));
        break;
    case WASM_EXTERN_TABLE:
        printf("table %u of %s, ", index, type_name(m->tables[index].element));
        print_limits(&m->tables[index].limits);
        break;
    case WASM_EXTERN_MEMORY:
        printf("memory %u, pages ", index);
        print_limits(&m->memories[index]);
        break;
    case WASM_EXTERN_GLOBAL:
        printf("global %u %s%s", index, m->globals[index].type.is_mutable ? "mutable " : "",
               type_name(m->globals[index].type.type));
        break;
    default: printf("tag %u ", index); print_func_type(&m->types[m->tags[index]]);
    }
    printf("\n");
}

static void print_info(const struct wasm_module *m)
{
    printf("bytes %zu, code %u\n", m->size, m->code_size);
    printf("types %u, functions %u (%u imported), tables %u, memories %u, globals %u, tags %u, elements %u, "
           "data %u\n",
           m->type_count, m->function_count, m->imported_functions, m->table_count, m->memory_count,
           m->global_count, m->tag_count, m->element_count, m->data_count);
    for (uint32_t i = 0; i < m->import_count; i++) {
        printf("import ");
        print_name(m->imports[i].module);
        printf(" ");
        print_name(m->imports[i].name);
        printf(": ");
        print_extern(m, m->imports[i].kind, m->imports[i].index);
    }
    for (uint32_t i = 0; i < m->export_count; i++) {
        printf("export ");
        print_name(m->exports[i].name);
        printf(": ");
        print_extern(m, m->exports[i].kind, m->exports[i].index);
    }
    for (uint32_t i = 0; i < m->memory_count; i++) {
        printf("memory %u: pages ", i);
        print_limits(&m->memories[i]);
        printf("\n");
    }
    if (m->start != WASM_NO_INDEX) printf("start: function %u\n", m->start);
    for (uint32_t i = 0; i < m->custom_count; i++) {
        printf("custom ");
        print_name(m->customs[i].name);
        printf(": %u bytes at 0x%x\n", m->customs[i].size, m->customs[i].offset);
    }
}

static int module_info(int argc, char **argv)
{
    uint8_t *bytes;
    struct wasm_module m;
    if (argc != 2) {
        fprintf(stderr, "usage: lona module info FILE\n");
        return EXIT_USAGE;
    }
    if (!wasm_read_module(argv[1], &bytes, &m)) return 1;
    print_info(&m);
    wasm_module_release(&m);
    free(bytes);
    return 0;
}

/* ---- the command ---- */

static const struct {
    const char *name;
    int (*run)(int argc, char **argv);
    const char *what;
} subcommands[] = {
    {"validate", module_validate, "FILE...           check that they are valid modules"},
    {"info", module_info, "FILE                  say what a module imports, exports and holds"},
    {"prove", module_prove,
     "IN -o OUT             write the module with a proof of as many accesses as can be found"},
    {"facts", module_facts, "FILE                  check a module's proof and print its facts"},
    {"run", module_run, "[OPTION...] FILE [ARG...]  run a command-line program"},
    {"time", module_time,
     "FILE                  how long validating, translating and starting take, in nanoseconds"},
};

int module_main(int argc, char **argv)
{
    for (size_t i = 0; argc > 1 && i < COUNT_OF(subcommands); i++)
        if (strcmp(argv[1], subcommands[i].name) == 0) return subcommands[i].run(argc - 1, argv + 1);
    fprintf(stderr, "usage: lona module SUBCOMMAND ...\n");
    for (size_t i = 0; i < COUNT_OF(subcommands); i++)
        fprintf(stderr, "  %s %s\n", subcommands[i].name, subcommands[i].what);
    return EXIT_USAGE;
}
