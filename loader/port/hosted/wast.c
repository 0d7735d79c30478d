/* `lona wast FILE.json ...`: runs test scripts of the WebAssembly specification, converted by wabt's wast2json.
 *
 * Last line of output: "N passed, N failed"; a command is one test.  Modules in text form are beyond this program: those that must be
 * malformed as text are counted as skipped. */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "loader/port/hosted/host.h"
#include "loader/port/hosted/json.h"
#include "loader/port/hosted/module_main.h"
#include "loader/port/hosted/spectest.h"
#include "loader/port/hosted/support.h"
#include "loader/port/hosted/wast_value.h"
#include "loader/wasm/link.h"

enum { STACK_BYTES = 8 << 20 };

/* A module of the script: its bytes, and its instance if there is one.  All stay until the script's end. */
struct script_module {
    struct script_module *next;
    uint8_t *bytes;
    struct wasm_unit unit;
    bool has_unit;
    struct wasm_instance *instance;
};

/* A name that the script uses for an instance: its own ($m) or the one registered for imports. */
struct script_name {
    struct script_name *next;
    const char *text;
    size_t size;
    bool is_registered;
    struct wasm_instance *instance;
};

struct script {
    const char *path;
    size_t folder_size; /* of the path's folder, with the slash */
    struct wasm_translate_options options;
    struct wasm_context context;
    struct wasm_store store;
    struct spectest spectest;
    struct script_module *modules;
    struct script_name *names;
    struct wasm_instance *current;
    unsigned passed, failed, skipped;
    bool is_strict; /* messages must be the script's */
    const struct json *command;
    char reason[400]; /* why the current command fails */
};

__attribute__((format(printf, 2, 3))) static bool reject(struct script *s, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(s->reason, sizeof s->reason, format, arguments);
    va_end(arguments);
    return false;
}

/* ---- modules ---- */

static struct wasm_instance *find_instance(struct script *s, const char *text, size_t size,
                                           bool is_registered)
{
    for (struct script_name *n = s->names; n != NULL; n = n->next)
        if (n->is_registered == is_registered && n->size == size && memcmp(n->text, text, size) == 0)
            return n->instance;
    return NULL;
}

static bool resolve(void *context, const struct wasm_import *import, struct wasm_extern *found)
{
    struct script *s = context;
    struct wasm_instance *i = find_instance(s, (const char *)import->module.bytes, import->module.size, true);
    if (i != NULL) return wasm_instance_export(i, import->name, found);
    return spectest_resolve(&s->spectest, import, found);
}

static uint8_t *read_module(struct script *s, const char *name, size_t *size)
{
    char path[4096];
    snprintf(path, sizeof path, "%.*s%s", (int)s->folder_size, s->path, name);
    uint8_t *bytes = wasm_read_file(path, size);
    if (bytes == NULL) reject(s, "%s: %s", path, strerror(errno));
    return bytes;
}

enum outcome { MADE, REFUSED, UNLINKABLE, TRAPPED, NOT_READ };

/* Reads, checks, links and starts the command's module.  error is set if it is refused or unlinkable, trap if it trapped. */
static enum outcome make_instance(struct script *s, struct wasm_error *error, enum wasm_trap *trap)
{
    size_t size;
    *error = (struct wasm_error){0};
    *trap = WASM_TRAP_NONE;
    struct script_module *m = calloc(1, sizeof *m);
    m->bytes = read_module(s, json_text(s->command, "filename"), &size);
    m->next = s->modules;
    s->modules = m;
    if (m->bytes == NULL) return NOT_READ;
    m->has_unit = wasm_unit_open(&m->unit, m->bytes, size, &s->options, loader_hosted_host(), error);
    if (!m->has_unit) return REFUSED;
    m->instance = wasm_link(&s->store, &m->unit, resolve, s, s, error);
    if (m->instance == NULL) return UNLINKABLE;
    *trap = wasm_start(&s->store, m->instance);
    if (*trap != WASM_TRAP_NONE) return TRAPPED;
    s->current = m->instance;
    return MADE;
}

static bool add_name(struct script *s, const struct json *name, bool is_registered,
                     struct wasm_instance *instance)
{
    struct script_name *n = calloc(1, sizeof *n);
    *n = (struct script_name){s->names, name->text, name->size, is_registered, instance};
    s->names = n;
    return true;
}

static bool run_module(struct script *s)
{
    struct wasm_error error;
    enum wasm_trap trap;
    char text[200];
    const struct json *name = json_get(s->command, "name");
    s->current = NULL;
    switch (make_instance(s, &error, &trap)) {
    case MADE: return name == NULL || add_name(s, name, false, s->current);
    case TRAPPED: return reject(s, "trap: %s", wasm_trap_message(trap));
    case NOT_READ: return false;
    default: wasm_error_text(&error, text, sizeof text); return reject(s, "%s at 0x%zx", text, error.offset);
    }
}

/* The instance that an action or register command names; NULL and a reason if there is none. */
static struct wasm_instance *named_instance(struct script *s, const struct json *command, const char *key)
{
    const struct json *name = json_get(command, key);
    struct wasm_instance *i = name == NULL ? s->current : find_instance(s, name->text, name->size, false);
    if (i == NULL) reject(s, "no such module");
    return i;
}

static bool run_register(struct script *s)
{
    struct wasm_instance *i = named_instance(s, s->command, "name");
    const struct json *as = json_get(s->command, "as");
    return i != NULL && as != NULL && add_name(s, as, true, i);
}

/* ---- messages ---- */

/* The specification's rule: the message begins with the text that the script gives. */
static bool text_fits(struct script *s, const char *message)
{
    const char *wanted = json_text(s->command, "text");
    if (!s->is_strict || strncmp(message, wanted, strlen(wanted)) == 0) return true;
    return reject(s, "\"%s\", wanted \"%s\"", message, wanted);
}

static bool run_assert_refused(struct script *s, enum wasm_error_kind wanted)
{
    struct wasm_error error;
    char text[200];
    size_t size;
    struct wasm_module m;
    uint8_t *bytes = read_module(s, json_text(s->command, "filename"), &size);
    if (bytes == NULL) return false;
    bool accepted = wasm_module_decode(&m, bytes, size, &wasm_hosted_allocator, &error);
    if (accepted) wasm_module_release(&m);
    free(bytes);
    if (accepted) return reject(s, "accepted, wanted \"%s\"", json_text(s->command, "text"));
    enum wasm_error_kind kind = wasm_rule_kind(error.rule);
    wasm_error_text(&error, text, sizeof text);
    /* One pass reports what it meets first: a broken rule of validation may come before one of the encoding. */
    if (kind != wanted && !(wanted == WASM_MALFORMED && kind == WASM_INVALID))
        return reject(s, "%s: %s", wasm_error_kind_name(kind), text);
    return kind != wanted || text_fits(s, text);
}

static bool run_assert_unlinkable(struct script *s)
{
    struct wasm_error error;
    enum wasm_trap trap;
    char text[200];
    struct wasm_instance *before = s->current;
    enum outcome outcome = make_instance(s, &error, &trap);
    s->current = before;
    if (outcome == NOT_READ) return false;
    wasm_error_text(&error, text, sizeof text);
    if (outcome != UNLINKABLE || wasm_rule_kind(error.rule) != WASM_UNLINKABLE)
        return reject(s, "outcome %d, %s", outcome, text);
    return text_fits(s, text);
}

static bool run_assert_uninstantiable(struct script *s)
{
    struct wasm_error error;
    enum wasm_trap trap;
    struct wasm_instance *before = s->current;
    enum outcome outcome = make_instance(s, &error, &trap);
    s->current = before;
    if (outcome == NOT_READ) return false;
    if (outcome != TRAPPED) return reject(s, "outcome %d, wanted a trap", outcome);
    return text_fits(s, wasm_trap_message(trap));
}

/* ---- actions ---- */

struct result {
    enum wasm_trap trap;
    uint32_t count;
    const uint8_t *types;
    union wasm_value *values; /* from malloc */
};

static bool invoke(struct script *s, const struct json *action, const struct wasm_func *f, struct result *out)
{
    const struct json *arguments = json_get(action, "args");
    uint32_t count = 0, params = f->signature->param_count, results = f->signature->result_count;
    union wasm_value *values =
        aligned_alloc(16, ((params > results ? params : results) + 1) * sizeof *values);
    memset(values, 0, ((params > results ? params : results) + 1) * sizeof *values);
    out->values = values;
    for (const struct json *a = arguments == NULL ? NULL : arguments->first; a != NULL; a = a->next) {
        if (count == params || !wast_value_read(a, f->signature->types[count], &values[count]))
            return reject(s, "argument %u", count);
        count++;
    }
    if (count != params) return reject(s, "%u arguments for %u parameters", count, params);
    out->count = results;
    out->types = f->signature->types + params;
    out->trap = wasm_call(&s->context, (struct wasm_func *)f, values);
    return true;
}

/* Runs an action.  false: it could not be run at all. */
static bool act(struct script *s, struct result *out)
{
    const struct json *action = json_get(s->command, "action"), *field = json_get(action, "field");
    struct wasm_extern found;
    *out = (struct result){0};
    struct wasm_instance *i = named_instance(s, action, "module");
    if (i == NULL) return false;
    if (field == NULL) return reject(s, "no field");
    struct wasm_name name = {(const uint8_t *)field->text, (uint32_t)field->size};
    if (!wasm_instance_export(i, name, &found)) return reject(s, "no export \"%s\"", field->text);
    if (strcmp(json_text(action, "type"), "get") != 0)
        return found.kind == WASM_EXTERN_FUNCTION ? invoke(s, action, found.function, out)
                                                  : reject(s, "not a function");
    if (found.kind != WASM_EXTERN_GLOBAL) return reject(s, "not a global");
    out->values = aligned_alloc(16, sizeof *out->values);
    out->values[0] = *found.global;
    out->count = 1;
    out->types = &i->module->globals[wasm_module_export(i->module, name)->index].type.type;
    return true;
}

static bool check_results(struct script *s, const struct result *r)
{
    const struct json *expected = json_get(s->command, "expected");
    char text[200];
    uint32_t count = 0;
    if (r->trap != WASM_TRAP_NONE) return reject(s, "trap: %s", wasm_trap_message(r->trap));
    for (const struct json *e = expected == NULL ? NULL : expected->first; e != NULL; e = e->next, count++) {
        if (count == r->count) return reject(s, "%u results", r->count);
        if (wast_value_fits(e, r->types[count], &r->values[count])) continue;
        wast_value_print(r->types[count], &r->values[count], text, sizeof text);
        return reject(s, "result %u is %s, wanted %s", count, text, json_text(e, "value"));
    }
    return count == r->count || reject(s, "%u results, wanted %u", r->count, count);
}

static bool run_assert_return(struct script *s)
{
    struct result r;
    bool good = act(s, &r) && check_results(s, &r);
    free(r.values);
    return good;
}

static bool run_action(struct script *s)
{
    struct result r;
    bool good = act(s, &r) && (r.trap == WASM_TRAP_NONE || reject(s, "trap: %s", wasm_trap_message(r.trap)));
    free(r.values);
    return good;
}

static bool run_assert_trap(struct script *s)
{
    struct result r;
    bool good = act(s, &r);
    free(r.values);
    if (!good) return false;
    if (r.trap == WASM_TRAP_NONE) return reject(s, "no trap, wanted \"%s\"", json_text(s->command, "text"));
    return text_fits(s, wasm_trap_message(r.trap));
}

static bool run_assert_exception(struct script *s)
{
    struct result r;
    bool good = act(s, &r);
    free(r.values);
    if (!good) return false;
    return r.trap == WASM_TRAP_EXCEPTION || reject(s, "no exception: %s", wasm_trap_message(r.trap));
}

static bool run_assert_malformed(struct script *s)
{
    return run_assert_refused(s, WASM_MALFORMED);
}

static bool run_assert_invalid(struct script *s)
{
    return run_assert_refused(s, WASM_INVALID);
}

/* ---- scripts ---- */

static const struct {
    const char *type;
    bool (*run)(struct script *s);
} command_types[] = {
    {"module", run_module},
    {"action", run_action},
    {"register", run_register},
    {"assert_return", run_assert_return},
    {"assert_trap", run_assert_trap},
    {"assert_exhaustion", run_assert_trap},
    {"assert_exception", run_assert_exception},
    {"assert_malformed", run_assert_malformed},
    {"assert_invalid", run_assert_invalid},
    {"assert_unlinkable", run_assert_unlinkable},
    {"assert_uninstantiable", run_assert_uninstantiable},
};

static bool run_command(struct script *s)
{
    const char *type = json_text(s->command, "type");
    for (unsigned i = 0; i < COUNT_OF(command_types); i++)
        if (strcmp(type, command_types[i].type) == 0) return command_types[i].run(s);
    return reject(s, "unknown command");
}

static void run_commands(struct script *s, const struct json *commands)
{
    for (s->command = commands->first; s->command != NULL; s->command = s->command->next) {
        if (strcmp(json_text(s->command, "module_type"), "text") == 0) {
            s->skipped++;
            continue;
        }
        if (run_command(s)) {
            s->passed++;
            continue;
        }
        s->failed++;
        printf("FAIL %s:%s: %s: %s\n", s->path, json_text(s->command, "line"), json_text(s->command, "type"),
               s->reason);
    }
}

static bool begin_script(struct script *s)
{
    const char *slash = strrchr(s->path, '/');
    s->folder_size = slash == NULL ? 0 : (size_t)(slash - s->path) + 1;
    if (!wasm_context_begin(&s->context, loader_hosted_host(), STACK_BYTES)) return false;
    s->context.fuel = INT64_MAX;
    wasm_store_open(&s->store, loader_hosted_host(), &s->context);
    return spectest_open(&s->spectest, &s->store);
}

static void end_script(struct script *s)
{
    wasm_store_close(&s->store);
    spectest_close(&s->spectest);
    wasm_context_end(&s->context);
    while (s->modules != NULL) {
        struct script_module *m = s->modules;
        s->modules = m->next;
        if (m->has_unit) wasm_unit_close(&m->unit);
        free(m->bytes);
        free(m);
    }
    while (s->names != NULL) {
        struct script_name *n = s->names;
        s->names = n->next;
        free(n);
    }
}

/* Adds the script's counts to total. */
static void run_script(const char *path, const struct script *settings, struct script *total)
{
    struct script s = {.path = path, .options = settings->options, .is_strict = settings->is_strict};
    size_t size, at;
    char *text = (char *)wasm_read_file(path, &size);
    struct json *j = text == NULL ? NULL : json_parse(text, size, &at);
    const struct json *commands = json_get(j, "commands");
    if (commands == NULL) {
        if (text == NULL)
            printf("FAIL %s: %s\n", path, strerror(errno));
        else
            printf("FAIL %s: no script, at byte %zu\n", path, at);
        s.failed++;
    } else if (!begin_script(&s)) {
        printf("FAIL %s: no memory for a stack\n", path);
        s.failed++;
    } else {
        run_commands(&s, commands);
        end_script(&s);
    }
    json_free(j);
    free(text);
    total->passed += s.passed;
    total->failed += s.failed;
    total->skipped += s.skipped;
}

static bool set_option(struct script *s, const char *argument)
{
    if (strcmp(argument, "--any-text") == 0)
        s->is_strict = false;
    else if (strcmp(argument, "--checked") == 0)
        s->options.checked_memory0 = true;
    else if (strcmp(argument, "--no-guards") == 0)
        loader_hosted_set_guards(0);
    else if (strcmp(argument, "--metered") == 0)
        s->options.metered = true;
    else if (strcmp(argument, "--deterministic") == 0)
        s->options.deterministic = true;
    else if (strcmp(argument, "--plain") == 0) /* as on the oldest processor that will do */
        s->options.without_features = UINT32_MAX;
    else
        return false;
    return true;
}

int wast_main(int argc, char **argv)
{
    struct script total = {.is_strict = true};
    int first = 1;
    while (first < argc && set_option(&total, argv[first])) first++;
    if (first >= argc || argv[first][0] == '-') {
        fprintf(stderr, "usage: lona wast [--any-text] [--checked] [--no-guards] [--metered] "
                        "[--deterministic] [--plain] FILE.json...\n");
        return 2;
    }
    for (int i = first; i < argc; i++) run_script(argv[i], &total, &total);
    if (total.skipped > 0) printf("%u modules in text form skipped\n", total.skipped);
    printf("%u passed, %u failed\n", total.passed, total.failed);
    return total.failed > 0;
}
