/* Exceptions, EVALUATE, what the system says of itself, and its codes in words. */
#include "forth/internal.h"

const char *throw_text(cell code)
{
    switch (code) {
#define FORTH_THROW(number, name, text)                                                                      \
    case number: return text;
#include "spec/forth_throw.def"
    default: return NULL;
    }
}

cell p_catch(struct forth *f)
{
    cell xt = pop(f);
    cell *sp = f->sp, *lp = f->lp, *side = f->side;
    double *fp = f->fp;
    uint32_t sources = f->source_depth, token = f->token, token_size = f->token_size;
    cell in = fixed(f, AT_IN);
    uint32_t line = f->sources[sources].line, defining = f->defining;
    cell block = f->sources[sources].block, text = f->sources[sources].text, size = f->sources[sources].size;
    cell status = execute_token(f, xt);
    if (status == FORTH_STATUS_BYE || status == FORTH_STATUS_KILLED || status == THROW_QUIT) return status;
    if (status == 0) {
        if (!has_room(f, 1)) return THROW_STACK_OVERFLOW;
        push(f, 0);
        return 0;
    }
    while (f->source_depth > sources) source_pop(f);
    f->sp = sp;
    f->lp = lp;
    f->side = side;
    f->fp = fp;
    f->token = token;
    f->token_size = token_size;
    f->error_known = false;
    if (defining == 0) definition_abandon(f); /* what was begun inside will not be ended */
    struct source *s = &f->sources[sources];
    if (s->kind == SOURCE_STRING || s->kind == SOURCE_BLOCK) {
        s->block = block;
        s->text = text;
        s->size = size;
    }
    if (s->line == line) set_fixed(f, AT_IN, in); /* else the line is gone */
    push(f, status);
    return 0;
}
cell p_throw(struct forth *f)
{
    return pop(f);
}
cell p_abort(struct forth *f)
{
    return THROW_ABORT;
}
cell p_abort_quote_run(struct forth *f)
{
    cell size = pop(f), text = pop(f), flag = pop(f);
    if (flag == 0) return 0;
    f->abort_text = text;
    f->abort_size = size;
    return THROW_ABORT_QUOTE;
}
cell p_quit(struct forth *f)
{
    return THROW_QUIT;
}
cell p_bye(struct forth *f)
{
    f->exit_code = 0;
    return FORTH_STATUS_BYE;
}
bool forth_is_bye(const struct forth *f, int64_t status, int *exit_code)
{
    *exit_code = f->exit_code;
    return status == FORTH_STATUS_BYE;
}

cell p_evaluate(struct forth *f)
{
    cell size = pop(f), text = pop(f);
    if (size < 0 || (size != 0 && at(f, text, (ucell)size) == NULL)) return THROW_ADDRESS;
    cell status = source_push(f, SOURCE_STRING);
    if (status != 0) return status;
    struct source *s = &f->sources[f->source_depth];
    s->text = size == 0 ? AT_PAD : text;
    s->size = size;
    return source_run(f, s);
}

static bool asked(const char *text, size_t size, const char *what)
{
    return size == __builtin_strlen(what) && text_equal(text, what, size);
}
cell p_environment(struct forth *f)
{
    static const struct {
        const char *name;
        cell value;
    } known[] = {{"/COUNTED-STRING", 255},
                 {"/HOLD", HOLD_BYTES},
                 {"/PAD", PAD_BYTES},
                 {"ADDRESS-UNIT-BITS", 8},
                 {"FLOORED", -1},
                 {"MAX-CHAR", 255},
                 {"MAX-N", INT64_MAX},
                 {"MAX-U", -1},
                 {"RETURN-STACK-CELLS", RETURN_CELLS},
                 {"STACK-CELLS", STACK_CELLS},
                 {"FLOATING-STACK", FLOAT_CELLS},
                 {"#LOCALS", FORTH_LOCALS_MAX},
                 {"WORDLISTS", ORDER_MAX}};
    static const char *const present[] = {"CORE",         "CORE-EXT",      "BLOCK",
                                          "BLOCK-EXT",    "DOUBLE",        "DOUBLE-EXT",
                                          "EXCEPTION",    "EXCEPTION-EXT", "FACILITY",
                                          "FACILITY-EXT", "FILE",          "FILE-EXT",
                                          "FLOATING",     "FLOATING-EXT",  "LOCALS",
                                          "LOCALS-EXT",   "MEMORY-ALLOC",  "TOOLS",
                                          "TOOLS-EXT",    "SEARCH-ORDER",  "SEARCH-ORDER-EXT",
                                          "STRING",       "STRING-EXT"};
    ucell size = (ucell)pop(f);
    const char *text = at(f, pop(f), size);
    if (text == NULL) return size == 0 ? (push(f, 0), 0) : THROW_ADDRESS;
    for (unsigned i = 0; i < COUNT_OF(known); i++)
        if (asked(text, size, known[i].name)) {
            push(f, known[i].value);
            push(f, TRUE_CELL);
            return 0;
        }
    for (unsigned i = 0; i < COUNT_OF(present); i++)
        if (asked(text, size, present[i])) {
            push(f, TRUE_CELL);
            push(f, TRUE_CELL);
            return 0;
        }
    if (asked(text, size, "MAX-D") || asked(text, size, "MAX-UD")) {
        push(f, -1);
        push(f, size == 5 ? INT64_MAX : -1);
        push(f, TRUE_CELL);
    } else if (asked(text, size, "MAX-FLOAT")) {
        if (f->fp - f->float_low < 1) return THROW_FLOAT_OVERFLOW;
        *--f->fp = __DBL_MAX__;
        push(f, TRUE_CELL);
    } else
        push(f, 0);
    return 0;
}
