/* What generated code promises at run time: traps, stacks, preemption, metering, W^X, guards and their quota, calls back and forth. */
#include "loader/port/hosted/host.h"
#include "loader/wasm/link.h"
#include "test/support/check.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct world {
    struct wasm_unit unit;
    struct wasm_context context;
    struct wasm_store store;
    struct wasm_instance *instance;
    uint8_t *bytes;
};

static uint8_t *assemble(const char *text, size_t *size)
{
    char name[] = "/tmp/lona-run-XXXXXX", command[200];
    int fd = mkstemp(name);
    snprintf(command, sizeof command,
             "wat2wasm --enable-exceptions --enable-multi-memory --enable-tail-call - -o %s", name);
    FILE *p = popen(command, "w");
    fputs(text, p);
    int code = pclose(p);
    FILE *f = fdopen(fd, "rb");
    uint8_t *bytes = malloc(1 << 20);
    *size = fread(bytes, 1, 1 << 20, f);
    fclose(f);
    unlink(name);
    CHECK(code == 0 && *size > 8);
    return bytes;
}

static enum wasm_trap host_call_back(struct wasm_instance *caller, void *context, union wasm_value *values)
{
    struct wasm_extern x;
    (void)context;
    values[0].i64 = values[0].i32;
    if (!wasm_instance_export(caller, (struct wasm_name){(const uint8_t *)"back", 4}, &x))
        return WASM_TRAP_HOST;
    return wasm_call(caller->context, x.function, values);
}

static bool resolve(void *context, const struct wasm_import *import, struct wasm_extern *found)
{
    static const uint8_t types[] = {WASM_I32, WASM_I32};
    (void)context, (void)import;
    *found = (struct wasm_extern){.kind = WASM_EXTERN_FUNCTION,
                                  .host = host_call_back,
                                  .host_type = {.types = types, .param_count = 1, .result_count = 1}};
    return true;
}

static struct world *open_world(const char *text, struct wasm_translate_options options)
{
    struct world *w = calloc(1, sizeof *w);
    struct wasm_error error;
    size_t size;
    const struct loader_host *host = loader_hosted_host();
    w->bytes = assemble(text, &size);
    if (!wasm_unit_open(&w->unit, w->bytes, size, &options, host, &error)) {
        printf("module: %s at 0x%zx\n", wasm_rule_message(error.rule), error.offset);
        abort();
    }
    CHECK(wasm_context_begin(&w->context, host, 1 << 19));
    w->context.fuel = INT64_MAX;
    wasm_store_open(&w->store, host, &w->context);
    w->instance = wasm_link(&w->store, &w->unit, resolve, NULL, NULL, &error);
    CHECK(w->instance != NULL);
    CHECK(wasm_start(&w->store, w->instance) == WASM_TRAP_NONE);
    return w;
}

static void close_world(struct world *w)
{
    wasm_store_close(&w->store);
    wasm_context_end(&w->context);
    wasm_unit_close(&w->unit);
    free(w->bytes);
    free(w);
}

static enum wasm_trap call(struct world *w, const char *name, union wasm_value *values)
{
    struct wasm_extern x;
    if (!wasm_instance_export(w->instance, (struct wasm_name){(const uint8_t *)name, (uint32_t)strlen(name)},
                              &x))
        return WASM_TRAP_HOST;
    return wasm_call(&w->context, x.function, values);
}

static enum wasm_trap call1(struct world *w, const char *name, uint64_t argument, uint64_t *result)
{
    union wasm_value v[4] = {{.i64 = argument}};
    enum wasm_trap trap = call(w, name, v);
    if (result) *result = v[0].i64;
    return trap;
}

/* ---- stacks ---- */

static void test_stacks(void)
{
    struct world *w =
        open_world("(module (func $r (export \"r\") (param i32) (result i32)"
                   " (if (result i32) (i32.eqz (local.get 0)) (then (i32.const 7)) (else (call $r (i32.sub "
                   "(local.get 0) (i32.const 1))))))"
                   " (func $never (export \"never\") (call $never))"
                   " (func $pair (param i64 f64) (result i64 f64) (call $pair (local.get 0) (local.get 1)))"
                   " (func (export \"pair\") (drop (drop (call $pair (i64.const 1) (f64.const 2)))))"
                   " (table funcref (elem $never))"
                   " (func $through (export \"through\") (call_indirect (i32.const 0))))",
                   (struct wasm_translate_options){0});
    uint64_t result;
    for (int i = 0; i < 20; i++) {
        CHECK(call1(w, "never", 0, NULL) == WASM_TRAP_STACK);
        CHECK(call1(w, "pair", 0, NULL) == WASM_TRAP_STACK);
        CHECK(call1(w, "through", 0, NULL) == WASM_TRAP_STACK);
        CHECK(call1(w, "r", 1000, &result) == WASM_TRAP_NONE && result == 7);
    }
    CHECK(call1(w, "r", 100000000, &result) == WASM_TRAP_STACK);
    CHECK(w->context.depth == 0);
    close_world(w);
    /* one frame larger than the whole stack; and one that is large but fits */
    char *text = malloc(1 << 20);
    for (int locals = 1000; locals <= 40000; locals += 39000) {
        int n = sprintf(text, "(module (func $f (export \"f\") (result i64) (local");
        for (int i = 0; i < locals; i++) n += sprintf(text + n, " v128");
        sprintf(text + n,
                ") (if (i32.const 0) (then (drop (call $f)))) (i64x2.extract_lane 0 (local.get 999))))");
        w = open_world(text, (struct wasm_translate_options){0});
        CHECK(call1(w, "f", 0, &result) == (locals == 1000 ? WASM_TRAP_NONE : WASM_TRAP_STACK));
        if (locals == 1000) CHECK(result == 0);
        close_world(w);
    }
    free(text);
}

/* ---- memory ---- */

#define MEMORY_MODULE                                                                                        \
    "(module (memory 1 3)"                                                                                   \
    " (func (export \"load\") (param i32) (result i64) (i64.load (local.get 0)))"                            \
    " (func (export \"far\") (param i32) (result i32) (i32.load8_u offset=4294967295 (local.get 0)))"        \
    " (func (export \"store\") (param i32) (result i32) (i32.store (local.get 0) (i32.const 0x01020304)) "   \
    "(i32.const 1))"                                                                                         \
    " (func (export \"grow\") (param i32) (result i32) (memory.grow (local.get 0))))"

static void check_memory(struct world *w)
{
    uint64_t result;
    CHECK(call1(w, "load", 65528, &result) == WASM_TRAP_NONE && result == 0);
    for (uint32_t at = 65529; at < 65536; at++) CHECK(call1(w, "load", at, NULL) == WASM_TRAP_MEMORY);
    CHECK(call1(w, "load", 65536, NULL) == WASM_TRAP_MEMORY);
    CHECK(call1(w, "load", UINT32_MAX, NULL) == WASM_TRAP_MEMORY);
    CHECK(call1(w, "far", 0, NULL) == WASM_TRAP_MEMORY);
    CHECK(call1(w, "far", UINT32_MAX, NULL) == WASM_TRAP_MEMORY);
    CHECK(call1(w, "store", 65533, NULL) == WASM_TRAP_MEMORY);
    CHECK(call1(w, "load", 65528, &result) == WASM_TRAP_NONE && result == 0); /* nothing of it was written */
    CHECK(call1(w, "store", 65532, NULL) == WASM_TRAP_NONE);
    CHECK(call1(w, "grow", 1, &result) == WASM_TRAP_NONE && result == 1);
    CHECK(call1(w, "load", 65532, &result) == WASM_TRAP_NONE && result == 0x01020304);
    CHECK(call1(w, "store", 131068, NULL) == WASM_TRAP_NONE);
    CHECK(call1(w, "grow", 2, &result) == WASM_TRAP_NONE && (uint32_t)result == UINT32_MAX);
    CHECK(call1(w, "grow", 1, &result) == WASM_TRAP_NONE && result == 2);
    CHECK(call1(w, "load", 131068, &result) == WASM_TRAP_NONE && result == 0x01020304);
    CHECK(call1(w, "load", 196608, NULL) == WASM_TRAP_MEMORY);
}

static void test_memory(void)
{
    loader_hosted_set_guards(1);
    struct world *guarded = open_world(MEMORY_MODULE, (struct wasm_translate_options){0});
    struct world *checked =
        open_world(MEMORY_MODULE, (struct wasm_translate_options){0}); /* the quota is used up */
    CHECK(guarded->instance->memory0 != NULL && checked->instance->memory0 == NULL);
    check_memory(guarded);
    check_memory(checked);
    close_world(guarded);
    struct world *again = open_world(MEMORY_MODULE, (struct wasm_translate_options){0}); /* and given back */
    CHECK(again->instance->memory0 != NULL);
    check_memory(again);
    close_world(again);
    close_world(checked);
    loader_hosted_set_guards(LOADER_HOSTED_GUARDS);
}

/* No page of the process is both writable and executable; the code is there and is not writable. */
static void test_write_xor_execute(void)
{
    struct world *w = open_world(MEMORY_MODULE, (struct wasm_translate_options){0});
    uintptr_t text = (uintptr_t)w->instance->code->text;
    FILE *f = fopen("/proc/self/maps", "r");
    char line[500], rights[8];
    bool found = false;
    while (fgets(line, sizeof line, f)) {
        unsigned long begin, end;
        if (sscanf(line, "%lx-%lx %7s", &begin, &end, rights) != 3) continue;
        CHECK(!(rights[1] == 'w' && rights[2] == 'x'));
        if (text >= begin && text < end) found = rights[1] == '-' && rights[2] == 'x';
    }
    fclose(f);
    CHECK(found);
    close_world(w);
}

/* ---- preemption ---- */

struct preemption {
    struct wasm_context *context;
    unsigned count, stop_at;
    bool over;
};

static enum wasm_trap preempted(struct wasm_context *c, void *argument)
{
    struct preemption *p = argument;
    (void)c;
    return ++p->count >= p->stop_at ? WASM_TRAP_INTERRUPTED : WASM_TRAP_NONE;
}

static void *nag(void *argument)
{
    struct preemption *p = argument;
    while (!__atomic_load_n(&p->over, __ATOMIC_ACQUIRE)) {
        wasm_context_preempt(p->context);
        usleep(200);
    }
    return NULL;
}

static void test_preemption(void)
{
    /* many live values of both kinds across the loop's head; the result shows if one was lost */
    struct world *w = open_world(
        "(module (func (export \"forever\") (loop $l (br $l)))"
        " (func $id (param i64) (result i64) (local.get 0))"
        " (func (export \"sum\") (param i32) (result i64) (local i64 i64 i64 f64 f64 f32 i32 i64 v128)"
        "  (loop $l"
        "   (local.set 1 (i64.add (local.get 1) (i64.const 1)))"
        "   (local.set 2 (i64.add (local.get 2) (call $id (local.get 1))))"
        "   (local.set 3 (i64.xor (local.get 3) (local.get 2)))"
        "   (local.set 4 (f64.add (local.get 4) (f64.const 1)))"
        "   (local.set 5 (f64.add (local.get 5) (local.get 4)))"
        "   (local.set 9 (i64x2.add (local.get 9) (i64x2.splat (local.get 1))))"
        "   (br_if $l (i32.lt_u (local.tee 7 (i32.add (local.get 7) (i32.const 1))) (local.get 0))))"
        "  (i64.add (i64.add (local.get 2) (i64.trunc_f64_s (local.get 5))) (i64x2.extract_lane 1 (local.get "
        "9)))))",
        (struct wasm_translate_options){0});
    struct preemption p = {.context = &w->context, .stop_at = UINT32_MAX};
    w->context.preempted = preempted;
    w->context.preempt_argument = &p;
    pthread_t thread;
    CHECK(pthread_create(&thread, NULL, nag, &p) == 0);
    uint64_t n = 3000000, result;
    CHECK(call1(w, "sum", n, &result) == WASM_TRAP_NONE);
    CHECK_EQ_U64(result, n * (n + 1) / 2 * 3);
    CHECK(p.count > 0);
    p.stop_at = p.count + 3;
    CHECK(call1(w, "forever", 0, NULL) == WASM_TRAP_INTERRUPTED);
    __atomic_store_n(&p.over, true, __ATOMIC_RELEASE);
    pthread_join(thread, NULL);
    close_world(w);
}

/* ---- metering and determinism ---- */

#define METER_MODULE                                                                                         \
    "(module (memory 1) (func $f (param i32) (result i32) (if (result i32) (local.get 0) (then (i32.const "  \
    "1)) (else (i32.const 2))))"                                                                             \
    " (func (export \"run\") (param i32) (result i32) (local i32)"                                           \
    "  (loop $l (i32.store (i32.const 8) (local.get 0)) (local.set 1 (i32.add (local.get 1) (call $f "       \
    "(i32.and (local.get 0) (i32.const 1)))))"                                                               \
    "   (br_if $l (local.tee 0 (i32.sub (local.get 0) (i32.const 1))))) (local.get 1))"                      \
    " (func (export \"nan\") (param i64) (result i64) (i64.reinterpret_f64 (f64.div (f64.reinterpret_i64 "   \
    "(local.get 0)) (f64.const 0)))))"

static int64_t fuel_used(struct wasm_translate_options options)
{
    struct world *w = open_world(METER_MODULE, options);
    uint64_t result;
    w->context.fuel = 1000000;
    CHECK(call1(w, "run", 1000, &result) == WASM_TRAP_NONE && result == 1500);
    int64_t used = 1000000 - w->context.fuel;
    w->context.fuel = used;
    CHECK(call1(w, "run", 1000, &result) == WASM_TRAP_NONE && w->context.fuel == 0);
    w->context.fuel = used - 1;
    CHECK(call1(w, "run", 1000, &result) == WASM_TRAP_FUEL);
    w->context.fuel = 0;
    CHECK(call1(w, "run", 1, &result) == WASM_TRAP_FUEL);
    close_world(w);
    return used;
}

static void test_metering(void)
{
    int64_t used = fuel_used((struct wasm_translate_options){.metered = true});
    CHECK(used > 15000 && used < 25000);
    CHECK_EQ_U64(fuel_used((struct wasm_translate_options){.metered = true, .checked_memory0 = true}), used);
    CHECK_EQ_U64(fuel_used((struct wasm_translate_options){.metered = true, .without_features = UINT32_MAX}),
                 used);
    CHECK_EQ_U64(fuel_used((struct wasm_translate_options){.metered = true, .deterministic = true}), used);
    struct world *w = open_world(METER_MODULE, (struct wasm_translate_options){.deterministic = true});
    uint64_t result;
    CHECK(call1(w, "nan", 0, &result) == WASM_TRAP_NONE && result == 0x7ff8000000000000);
    CHECK(call1(w, "nan", 0xfff8000000001234, &result) == WASM_TRAP_NONE && result == 0x7ff8000000000000);
    CHECK(call1(w, "nan", 0x3ff0000000000000, &result) == WASM_TRAP_NONE && result == 0x7ff0000000000000);
    close_world(w);
}

/* ---- calls back and forth ---- */

static void test_calls(void)
{
    struct world *w = open_world(
        "(module (import \"h\" \"call_back\" (func $h (param i32) (result i32))) (tag $t (param i32))"
        " (func (export \"back\") (param i32) (result i32)"
        "  (if (i32.eqz (local.get 0)) (then unreachable))"
        "  (if (i32.eq (local.get 0) (i32.const 1)) (then (return (i32.const 100))))"
        "  (if (i32.eq (local.get 0) (i32.const -1)) (then (throw $t (i32.const 55))))"
        "  (i32.add (i32.const 1) (call $h (i32.sub (local.get 0) (i32.const 1)))))"
        " (func (export \"go\") (param i32) (result i32) (call $h (local.get 0)))"
        " (func (export \"guarded\") (param i32) (result i32)"
        "  (try (result i32) (do (call $h (local.get 0))) (catch $t (i32.add (i32.const 1000))))))",
        (struct wasm_translate_options){0});
    uint64_t result;
    CHECK(call1(w, "go", 1, &result) == WASM_TRAP_NONE && result == 100);
    CHECK(call1(w, "go", 40, &result) == WASM_TRAP_NONE && result == 139);
    CHECK(call1(w, "go", 0, &result) == WASM_TRAP_UNREACHABLE);
    CHECK(call1(w, "go", UINT32_MAX, &result) == WASM_TRAP_EXCEPTION &&
          w->context.exception->values[0].i32 == 55);
    CHECK(call1(w, "guarded", UINT32_MAX, &result) == WASM_TRAP_NONE && result == 1055);
    CHECK(call1(w, "guarded", 3, &result) == WASM_TRAP_NONE && result == 102);
    CHECK(call1(w, "guarded", 0, &result) == WASM_TRAP_UNREACHABLE); /* a trap is no exception */
    CHECK(call1(w, "go", 1000000, &result) == WASM_TRAP_STACK);
    CHECK(w->context.depth == 0);
    CHECK(call1(w, "go", 40, &result) == WASM_TRAP_NONE && result == 139);
    close_world(w);
}

/* ---- exceptions are freed, but not those that are still referred to ---- */

static void test_collection(void)
{
    struct world *w =
        open_world("(module (tag $t (param i64 i64)) (tag $u (param i64))"
                   " (func $many (param i32) (result i64) (local i64 i64)"
                   "  (loop $l (try (do (throw $t (i64.extend_i32_u (local.get 0)) (i64.const 5)))"
                   "    (catch $t (local.set 2) (drop) (local.set 1 (i64.add (local.get 1) (local.get 2)))))"
                   "   (br_if $l (local.tee 0 (i32.sub (local.get 0) (i32.const 1))))) (local.get 1))"
                   " (func (export \"many\") (param i32) (result i64) (call $many (local.get 0)))"
                   " (func (export \"kept\") (param i32) (result i64)"
                   "  (try (result i64) (do (try (do (throw $u (i64.const 77)))"
                   "     (catch $u (drop) (drop (call $many (local.get 0))) (rethrow 0))) (i64.const 0))"
                   "   (catch $u))))",
                   (struct wasm_translate_options){0});
    uint64_t result;
    CHECK(call1(w, "many", 400000, &result) == WASM_TRAP_NONE);
    CHECK_EQ_U64(result, 400000u * 5u);
    CHECK(w->context.exception_bytes < 8u << 20);
    CHECK(call1(w, "kept", 300000, &result) == WASM_TRAP_NONE);
    CHECK_EQ_U64(result, 77);
    w->context.keeps_exceptions = true;
    uint64_t before = w->context.exception_bytes;
    CHECK(call1(w, "many", 100000, &result) == WASM_TRAP_NONE);
    CHECK(w->context.exception_bytes >= before + 100000 * 32);
    close_world(w);
}

/* Direct tail calls take no stack. */
static void test_tail_calls(void)
{
    struct world *w = open_world("(module (func $odd (param i64 i64 f64) (result i64) (local i64 i64)"
                                 "  (local.set 3 (local.get 1)) (local.set 4 (local.get 0))"
                                 "  (if (i64.eqz (local.get 0)) (then (return (i64.const -1))))"
                                 "  (return_call $even (f64.add (local.get 2) (f64.const 1)) (local.get 3) "
                                 "(i64.sub (local.get 4) (i64.const 1))))"
                                 " (func $even (param f64 i64 i64) (result i64)"
                                 "  (if (i64.eqz (local.get 2)) (then (return (i64.add (local.get 1) "
                                 "(i64.trunc_f64_s (local.get 0))))))"
                                 "  (return_call $odd (i64.sub (local.get 2) (i64.const 1)) (i64.add "
                                 "(local.get 1) (i64.const 3)) (local.get 0)))"
                                 " (func (export \"go\") (param i64) (result i64) (call $even (f64.const 0) "
                                 "(i64.const 0) (local.get 0))))",
                                 (struct wasm_translate_options){0});
    uint64_t result;
    CHECK(call1(w, "go", 2000000, &result) == WASM_TRAP_NONE);
    CHECK_EQ_U64(result, 1000000 * 3 + 1000000);
    CHECK(call1(w, "go", 7, &result) == WASM_TRAP_NONE && result == UINT64_MAX);
    close_world(w);
}

int main(void)
{
    test_tail_calls();
    test_collection();
    test_stacks();
    test_memory();
    test_write_xor_execute();
    test_preemption();
    test_metering();
    test_calls();
    return check_report();
}
