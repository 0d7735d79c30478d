#include "runtime/port/hosted/boot.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "runtime/sched/domain.h"
#include "runtime/sched/scheduler.h"
#include "runtime/value/collection.h"
#include "runtime/value/string.h"
#include "runtime/vm/prim.h"

#define EXIT_FAULT 70

/* A process that never runs: a heap to read and compile in. */
struct boot {
    struct system *s;
    struct process *p;
    const char *file;
    bool show_steps;
};

/* ---- printing, as far as it is needed before there is a printer ---- */

static void print_value(FILE *to, value v, int depth);

static void print_name(FILE *to, value v)
{
    size_t size;
    const char *bytes;
    if (to_obj(v)->p[1] != NIL) {
        bytes = string_bytes(to_obj(v)->p[1], &size);
        fprintf(to, "%.*s/", (int)size, bytes);
    }
    bytes = string_bytes(to_obj(v)->p[2], &size);
    fprintf(to, "%.*s", (int)size, bytes);
}

static void print_collection(FILE *to, value v, int depth)
{
    struct walk w;
    value key, val;
    const char *gap = "";
    fputs(is_map(v) ? "{" : is_set(v) ? "#{" : "[", to);
    if (depth <= 0) {
        fputs("...", to);
    } else {
        for (walk_start(&w, v); walk_next(&w, &key, &val); gap = " ") {
            fputs(gap, to);
            print_value(to, key, depth - 1);
            if (!is_map(v)) continue;
            fputc(' ', to);
            print_value(to, val, depth - 1);
        }
    }
    fputs(is_vector(v) ? "]" : "}", to);
}

static void print_list(FILE *to, value v, int depth)
{
    const char *gap = "";
    fputc('(', to);
    for (int n = 0; is_cons(v) && depth > 0; v = cons_rest(v), gap = " ", n++) {
        fputs(gap, to);
        if (n == 20) {
            fputs("...", to);
            break;
        }
        print_value(to, cons_first(v), depth - 1);
    }
    fputc(')', to);
}

static void print_value(FILE *to, value v, int depth)
{
    size_t size;
    if (v == NIL) {
        fputs("nil", to);
    } else if (v == TRUE_ || v == FALSE_) {
        fputs(v == TRUE_ ? "true" : "false", to);
    } else if (is_fixnum(v)) {
        fprintf(to, "%" PRId64, to_fixnum(v));
    } else if (is_double(v)) {
        fprintf(to, "%.17g", to_double(v));
    } else if (is_char(v)) {
        fprintf(to, "\\u%04x", to_char(v));
    } else if (is_string(v)) {
        const char *bytes = string_bytes(v, &size);
        fprintf(to, "\"%.*s\"", (int)(size > 400 ? 400 : size), bytes);
    } else if (is_keyword(v) || is_symbol(v)) {
        if (is_keyword(v)) fputc(':', to);
        print_name(to, v);
    } else if (is_map(v) || is_set(v) || is_vector(v)) {
        print_collection(to, v, depth);
    } else if (is_cons(v)) {
        print_list(to, v, depth);
    } else {
        fprintf(to, "#<%s>", is_ptr(v) ? object_info[type_of(v)].name : "?");
    }
}

static void report(struct boot *b, int64_t line, value condition)
{
    value message = is_map(condition) ? map_get_keyword(condition, b->s->keywords[KW_MESSAGE]) : VAL_ABSENT;
    fprintf(stderr, "lona: %s:%" PRId64 ": ", b->file, line);
    if (message != VAL_ABSENT && is_string(message)) {
        size_t size;
        const char *bytes = string_bytes(message, &size);
        fprintf(stderr, "%.*s\n  ", (int)size, bytes);
    }
    print_value(stderr, condition, 4);
    fputc('\n', stderr);
}

/* ---- primitives, called from C ---- */

static value call(struct boot *b, const char *name, value *args, unsigned argc)
{
    int index = prim_find(name, strlen(name));
    if (index < 0) {
        fprintf(stderr, "lona: the runtime has no primitive %s\n", name);
        exit(EXIT_FAULT);
    }
    value v;
    do {
        b->p->reductions = REDUCTIONS_PER_TURN;
        v = prims[index].fn(b->p, args, argc);
    } while (v == VAL_YIELD);
    b->p->prim_state = NIL;
    if (v == VAL_TRAP)
        v = process_fail(b->p, ERR_INTERNAL, NIL, "%s needs the language, which is not up yet", name);
    return v;
}

static value keyword(struct boot *b, const char *name)
{
    return keyword_c(b->p, NULL, name);
}

/* Run a function to its end in a process of its own; NIL or the condition that ended it. */
static value run(struct boot *b, value f)
{
    struct spawn_options o = {.name = NIL, .watch = true};
    uint64_t id = process_spawn(b->p, f, NULL, 0, &o);
    if (id == 0) return b->p->error;
    struct message *reason = system_run_watched(b->s);
    if (reason == NULL) return NIL;
    value v = reason->content;
    if (is_keyword(v) && name_equal(v, b->s->keywords[KW_NORMAL])) {
        message_free(b->s, b->s->root, reason);
        return NIL;
    }
    heap_adopt_message(b->p, reason);
    return v;
}

/* Compile a core form and run it.  NIL or a condition. */
static value evaluate(struct boot *b, value form)
{
    value items[6] = {keyword(b, "file"), string_make(b->p, b->file, strlen(b->file)),
                      keyword(b, "ns"),   symbol_c(b->p, NULL, "lona.core"),
                      keyword(b, "boot"), TRUE_};
    value args[2] = {form, map_make(b->p, items, 3)};
    value unit = call(b, "lona.core/-compile", args, 2);
    if (unit == VAL_ERROR) return b->p->error;
    value f = call(b, "lona.core/-load-unit", &unit, 1);
    return f == VAL_ERROR ? b->p->error : run(b, f);
}

static bool evaluate_text(struct boot *b, value text)
{
    value items[4] = {keyword(b, "ns"), symbol_c(b->p, NULL, "lona.core"), keyword(b, "file"),
                      string_make(b->p, b->file, strlen(b->file))};
    value options = map_make(b->p, items, 2);
    value offset = from_fixnum(0), line = from_fixnum(1), column = from_fixnum(1);
    for (;;) {
        value args[5] = {text, offset, line, column, options};
        value r = call(b, "lona.core/-read", args, 5);
        if (r == VAL_ERROR) {
            report(b, to_fixnum(line), b->p->error);
            return false;
        }
        value form = vector_nth(r, 0);
        if (is_keyword(form) && name_is(form, "lona.core", "eof")) return true;
        value at = is_cons(form) && obj_meta(form) != NIL
                       ? map_get_keyword(obj_meta(form), b->s->keywords[KW_LINE])
                       : line;
        if (b->show_steps) {
            fprintf(stderr, "%s:%" PRId64 " ", b->file, is_fixnum(at) ? to_fixnum(at) : 0);
            print_value(stderr, form, 2);
            fputc('\n', stderr);
        }
        value failure = evaluate(b, form);
        if (failure != NIL) {
            report(b, is_fixnum(at) ? to_fixnum(at) : to_fixnum(line), failure);
            return false;
        }
        if (b->s->shared->exit_asked) return true;
        offset = vector_nth(r, 1);
        line = vector_nth(r, 2);
        column = vector_nth(r, 3);
    }
}

/* ---- files ---- */

static bool begin(struct boot *b, struct system *s, const char *file)
{
    *b = (struct boot){.s = s, .file = file, .show_steps = getenv("LONA_BOOT_STEPS") != NULL};
    b->p = process_new(&s->schedulers[0], s->root);
    return b->p != NULL;
}

static void end(struct boot *b)
{
    process_end(&b->s->schedulers[0], b->p);
}

static bool boot_file(struct system *s, const char *file)
{
    struct boot b;
    if (!begin(&b, s, file)) return false;
    value name = string_make(b.p, file, strlen(file));
    value text = call(&b, "lona.core/-read-lib", &name, 1);
    bool ok = text != VAL_ERROR;
    if (!ok) report(&b, 0, b.p->error);
    ok = ok && evaluate_text(&b, text);
    end(&b);
    return ok;
}

/* After the early files define lona.core/-load-file, that loads the others. */
static bool load_file(struct system *s, struct cell *loader, const char *file)
{
    struct boot b;
    if (!begin(&b, s, file)) return false;
    struct spawn_options o = {.name = NIL, .watch = true};
    value path = string_make(b.p, file, strlen(file));
    uint64_t id = process_spawn(b.p, loader->content, &path, 1, &o);
    struct message *reason = id == 0 ? NULL : system_run_watched(s);
    bool ok =
        reason != NULL && is_keyword(reason->content) && name_equal(reason->content, s->keywords[KW_NORMAL]);
    if (!ok) report(&b, 0, reason != NULL ? reason->content : b.p->error);
    if (reason != NULL) message_free(s, s->root, reason);
    end(&b);
    return ok;
}

bool boot_language(struct system *s)
{
    char path[4096], line[512];
    snprintf(path, sizeof path, "%s/lona/boot.order", s->lib_root);
    FILE *order = fopen(path, "r");
    if (order == NULL) {
        fprintf(stderr, "lona: %s cannot be read\n", path);
        return false;
    }
    bool ok = true;
    while (ok && fgets(line, sizeof line, order) != NULL) {
        line[strcspn(line, "\r\n#; ")] = 0;
        if (line[0] == 0) continue;
        struct cell *loader = domain_cell_named(s->root, "lona.core/-load-lib", false);
        bool loads_itself = loader != NULL && loader->content != VAL_UNBOUND;
        ok = loads_itself ? load_file(s, loader, line) : boot_file(s, line);
    }
    fclose(order);
    return ok;
}

/* What stands in commands.def, for the help of the program. */
static void define_programs(struct boot *b)
{
    static const char *const programs[][2] = {
#define COMMAND(name, function, what) {name, what},
#include "runtime/port/hosted/commands.def"
#undef COMMAND
        {NULL, NULL},
    };
    value list = vector_make(b->p, NULL, 0);
    for (unsigned i = 0; programs[i][0] != NULL; i++) {
        value pair[2];
        for (unsigned k = 0; k < 2; k++) pair[k] = string_make(b->p, programs[i][k], strlen(programs[i][k]));
        list = vector_conj(b->p, list, vector_make(b->p, pair, 2));
    }
    value set[2] = {symbol_c(b->p, "lona.main", "-programs"), list};
    call(b, "lona.core/-set-cell-value!", set, 2);
}

int boot_main(struct system *s, int argc, char **argv)
{
    struct boot b;
    if (s->shared->exit_asked) return s->shared->exit_code;
    if (!begin(&b, s, "lona")) return EXIT_FAULT;
    value items[LIMIT_PARAMETERS];
    int n = argc < LIMIT_PARAMETERS ? argc : LIMIT_PARAMETERS;
    for (int i = 0; i < n; i++) {
        items[i] = string_make(b.p, argv[i], strlen(argv[i]));
        if (items[i] == VAL_ERROR) { /* not UTF-8 */
            fprintf(stderr, "lona: argument %d is not valid UTF-8\n", i + 1);
            return 2;
        }
    }
    static const char text[] = "(lona.core/-halt (lona.main/main lona.core/*command-line-args*))";
    value def[3] = {symbol_c(b.p, "lona.core", "*command-line-args*"),
                    n == 0 ? NIL : list_make(b.p, items, (size_t)n), NIL};
    call(&b, "lona.core/-def", def, 3);
    define_programs(&b);
    bool ok = evaluate_text(&b, string_make(b.p, text, strlen(text)));
    int code = s->shared->exit_asked ? s->shared->exit_code : ok ? 0 : 1;
    end(&b);
    return code;
}
