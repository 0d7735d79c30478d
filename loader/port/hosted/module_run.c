/* `lona module run [OPTION...] FILE [ARG...]` and `lona module time FILE`. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "loader/port/hosted/host.h"
#include "loader/port/hosted/module_main.h"
#include "loader/port/hosted/support.h"
#include "loader/port/hosted/wasi.h"

enum { EXIT_USAGE = 2, EXIT_TRAP = 134, FOLDERS = 32, VARIABLES = 64 };

struct run_options {
    struct wasm_translate_options translate;
    uint32_t denied;
    int64_t fuel;
    size_t stack_bytes;
    const char *folders[FOLDERS];
    int folder_count;
    char *environment[VARIABLES + 1];
    int variable_count;
};

static const char usage[] =
    "usage: lona module run [OPTION...] FILE [ARG...]\n"
    "  --dir=FOLDER[:NAME]   the program may use this folder, under this name\n"
    "  --env=NAME=VALUE      a variable of its environment\n"
    "  --deny=WHAT           arguments, clock, random or console: calls for it fail\n"
    "  --stack=MIB           of its stack (64)\n"
    "  --fuel=N              stop after N instructions; --meter: count, without limit\n"
    "  --deterministic       one outcome for one input: NaNs canonical, no clock, no chance\n"
    "  --checked             memory accesses are checked instead of guarded\n";

static bool deny(struct run_options *o, const char *what)
{
    static const struct {
        const char *name;
        uint32_t capability;
    } names[] = {{"arguments", WASI_CAN_ARGUMENTS},
                 {"clock", WASI_CAN_CLOCK},
                 {"random", WASI_CAN_RANDOM},
                 {"console", WASI_CAN_CONSOLE}};
    for (size_t i = 0; i < COUNT_OF(names); i++)
        if (strcmp(what, names[i].name) == 0) return o->denied |= names[i].capability, true;
    return false;
}

static bool option(struct run_options *o, char *text)
{
    char *value = strchr(text, '=');
    size_t name = value ? (size_t)(value - text) : strlen(text);
    value = value ? value + 1 : text + name;
#define IS(word) (name == sizeof word - 1 && memcmp(text, word, name) == 0)
    if (IS("--dir") && o->folder_count < FOLDERS) return o->folders[o->folder_count++] = value, true;
    if (IS("--env") && o->variable_count < VARIABLES)
        return o->environment[o->variable_count++] = value, true;
    if (IS("--deny")) return deny(o, value);
    if (IS("--stack")) return (o->stack_bytes = strtoull(value, NULL, 0) << 20) != 0;
    if (IS("--fuel")) return o->fuel = strtoll(value, NULL, 0), o->translate.metered = true;
    if (IS("--meter")) return o->fuel = INT64_MAX, o->translate.metered = true;
    if (IS("--deterministic")) return o->translate.deterministic = true;
    if (IS("--checked")) return o->translate.checked_memory0 = true;
#undef IS
    return false;
}

static bool resolve(void *context, const struct wasm_import *import, struct wasm_extern *found)
{
    return wasi_resolve(context, import, found);
}

static int outcome(struct wasm_context *c, enum wasm_trap trap, const char *path)
{
    fflush(stdout);
    if (trap == WASM_TRAP_NONE) return 0;
    if (trap == WASM_TRAP_EXIT) return (int)c->exit_code;
    fprintf(stderr, "%s: trap: %s\n", path, wasm_trap_message(trap));
    return EXIT_TRAP;
}

static int start(struct wasm_store *s, struct wasm_unit *unit, struct wasi *w, const char *path)
{
    struct wasm_error error;
    struct wasm_extern x;
    struct wasm_instance *i = wasm_link(s, unit, resolve, w, w, &error);
    if (i == NULL) {
        wasm_print_error(path, &error);
        return 1;
    }
    enum wasm_trap trap = wasm_start(s, i);
    if (trap != WASM_TRAP_NONE) return outcome(s->context, trap, path);
    struct wasm_name name = {(const uint8_t *)"_start", 6};
    if (!wasm_instance_export(i, name, &x) || x.kind != WASM_EXTERN_FUNCTION ||
        x.function->signature->param_count > 0) {
        fprintf(stderr, "%s: no function \"_start\" to run\n", path);
        return 1;
    }
    union wasm_value *values = calloc(x.function->signature->result_count + 1, sizeof *values);
    trap = values == NULL ? WASM_TRAP_NO_MEMORY : wasm_call(s->context, x.function, values);
    free(values);
    return outcome(s->context, trap, path);
}

static bool add_folders(struct wasi *w, struct run_options *o)
{
    for (int i = 0; i < o->folder_count; i++) {
        char *path = strdup(o->folders[i]), *name = strchr(path, ':');
        if (name) *name++ = 0;
        bool added = wasi_add_folder(w, path, name ? name : o->folders[i]);
        if (!added) fprintf(stderr, "%s: %s\n", path, strerror(errno));
        if (!name) free(path);
        if (!added) return false;
    }
    return true;
}

static int run(struct run_options *o, char **argv)
{
    size_t size;
    struct wasm_error error;
    struct wasm_unit unit;
    struct wasi w;
    struct wasm_context context = {.fuel = o->fuel};
    struct wasm_store store;
    const struct loader_host *host = loader_hosted_host();
    uint8_t *bytes = wasm_read_file(argv[0], &size);
    if (bytes == NULL) {
        fprintf(stderr, "%s: %s\n", argv[0], strerror(errno));
        return 1;
    }
    if (!wasm_unit_open(&unit, bytes, size, &o->translate, host, &error)) {
        wasm_print_error(argv[0], &error);
        free(bytes);
        return 1;
    }
    wasi_open(&w, (WASI_CAN_ARGUMENTS | WASI_CAN_CLOCK | WASI_CAN_RANDOM | WASI_CAN_CONSOLE) & ~o->denied,
              argv, o->environment);
    w.deterministic = o->translate.deterministic;
    int code = 1;
    if (add_folders(&w, o) && wasm_context_begin(&context, host, o->stack_bytes)) {
        wasm_store_open(&store, host, &context);
        code = start(&store, &unit, &w, argv[0]);
        wasm_store_close(&store);
        wasm_context_end(&context);
    }
    wasi_close(&w);
    wasm_unit_close(&unit);
    free(bytes);
    return code;
}

int module_run(int argc, char **argv)
{
    struct run_options o = {.stack_bytes = (size_t)64 << 20};
    int i = 1;
    for (; i < argc && argv[i][0] == '-'; i++)
        if (!option(&o, argv[i])) break;
    if (i >= argc || argv[i][0] == '-') {
        fputs(usage, stderr);
        return EXIT_USAGE;
    }
    return run(&o, argv + i);
}

/* ---- how long loading takes ---- */

static double now_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static bool nothing(void *context, const struct wasm_import *import, struct wasm_extern *found)
{
    return wasi_resolve(context, import, found);
}

enum { ROUNDS = 15 };

struct timing {
    double validate[ROUNDS], translate[ROUNDS], start[ROUNDS];
    size_t text;
};

static bool time_once(const uint8_t *bytes, size_t size, const struct wasm_translate_options *o,
                      struct timing *t, int round)
{
    const struct loader_host *host = loader_hosted_host();
    struct wasm_unit unit;
    struct wasm_error error;
    double begin = now_ns();
    if (!wasm_unit_open(&unit, bytes, size, o, host, &error)) return false;
    t->validate[round] = now_ns() - begin;
    begin = now_ns();
    const struct wasm_code *code = wasm_unit_code(&unit, true, &error);
    t->translate[round] = now_ns() - begin;
    t->text = code ? code->text_bytes : 0;
    struct wasm_context context = {0};
    struct wasm_store store;
    struct wasi w;
    char *none[] = {NULL};
    wasi_open(&w, 0, none, none);
    if (code && wasm_context_begin(&context, host, 1 << 20)) {
        wasm_store_open(&store, host, &context);
        for (int warm = 0; warm < 2; warm++) { /* the second one: types are interned, memory is warm */
            begin = now_ns();
            struct wasm_instance *i = wasm_link(&store, &unit, nothing, &w, &w, &error);
            if (i) wasm_start(&store, i);
            t->start[round] = now_ns() - begin;
        }
        wasm_store_close(&store);
        wasm_context_end(&context);
    }
    wasm_unit_close(&unit);
    return code;
}

int module_time(int argc, char **argv)
{
    static struct timing t;
    struct run_options o = {0};
    int i = 1;
    for (; i < argc && argv[i][0] == '-'; i++)
        if (!option(&o, argv[i])) return EXIT_USAGE;
    size_t size;
    uint8_t *bytes = i + 1 == argc ? wasm_read_file(argv[i], &size) : NULL;
    if (bytes == NULL) {
        fprintf(stderr, "usage: lona module time [--meter] [--deterministic] [--checked] FILE\n");
        return EXIT_USAGE;
    }
    for (int round = 0; round < ROUNDS; round++)
        if (!time_once(bytes, size, &o.translate, &t, round)) return 1;
    qsort(t.validate, ROUNDS, sizeof(double), by_value);
    qsort(t.translate, ROUNDS, sizeof(double), by_value);
    qsort(t.start, ROUNDS, sizeof(double), by_value);
    printf("validate %.0f\ntranslate %.0f\nstart %.0f\ncode %zu\n", t.validate[ROUNDS / 2],
           t.translate[ROUNDS / 2], t.start[ROUNDS / 2], t.text);
    free(bytes);
    return 0;
}
