/* The compiler: definitions become units of intermediate code.  Nothing here is trusted: definition_end hands the units to the
 * verifier before anything can run them. */
#include "forth/internal.h"
#include "loader/forth/verify.h"

static void set_state(struct forth *f, bool compiling)
{
    f->compiling = compiling;
    set_fixed(f, AT_STATE, FLAG(compiling));
}

static cell emit_unit(struct forth *f, uint64_t unit)
{
    if (f->code_word == 0) return THROW_COMPILE_ONLY;
    if (f->units >= f->config.units) return THROW_DICTIONARY_FULL;
    f->code[f->units++] = unit;
    return 0;
}

/* What {: named becomes local at the first instruction behind. */
cell emit_op(struct forth *f, unsigned op, cell arg)
{
    return emit_unit(f, unit_make(op, arg));
}

cell emit_literal(struct forth *f, cell x)
{
    if (unit_fits(x)) return emit_op(f, OP_LIT, x);
    cell status = emit_op(f, OP_LITX, 0);
    return status != 0 ? status : emit_unit(f, (uint64_t)x);
}

static cell emit_literal_then(struct forth *f, cell x, unsigned op, cell arg)
{
    cell status = emit_literal(f, x);
    return status != 0 ? status : emit_op(f, op, arg);
}

cell compile_word(struct forth *f, uint32_t word)
{
    word = word_real(f, word);
    const struct word *w = &f->words[word];
    switch (w->kind) {
    case W_OP:
        if (w->value == OP_EXIT && f->locals_entered != 0) {
            cell status = emit_op(f, OP_UNLOCALS, f->locals_entered);
            if (status != 0) return status;
        }
        return emit_op(f, (unsigned)w->value, 0);
    case W_PRIM: return emit_op(f, OP_PRIM, w->value);
    case W_CONSTANT:
    case W_VARIABLE: return emit_literal(f, w->value);
    case W_CREATE: /* DOES> may yet come for the newest */
        if (word == f->last_made || w->does != 0) return emit_op(f, OP_CALL, word);
        return emit_literal(f, w->value);
    case W_VALUE: return emit_literal_then(f, w->value, OP_FETCH, 0);
    case W_2CONSTANT:
    case W_2VALUE: return emit_literal_then(f, w->value, OP_TWO_FETCH, 0);
    case W_FIELD: return emit_literal_then(f, w->value, OP_ADD, 0);
    case W_DEFER: return emit_op(f, OP_DEFERRED, word);
    default: return emit_op(f, OP_CALL, word);
    }
}

/* ---- definitions ---- */
cell definition_begin(struct forth *f, const char *name, size_t size)
{
    if (f->defining != 0) return THROW_NESTED;
    if (size > 255) return THROW_NAME_LONG;
    uint32_t word = word_new(f, name, size, W_COLON, F_HIDDEN, 0);
    if (word == 0) return THROW_DICTIONARY_FULL;
    f->defining = f->code_word = word;
    f->words[word].code = f->words[word].code_end = f->units;
    f->controls = f->leaves = 0;
    f->locals = f->locals_entered = 0;
    set_state(f, true);
    return 0;
}

/* The code of code_word is whole: nothing but the verifier decides whether it may run. */
static cell seal(struct forth *f)
{
    struct word *w = &f->words[f->code_word];
    struct forth_tables tables = {f->word_count, primitive_count};
    struct forth_report report;
    w->code_end = f->units;
    if (!forth_verify(f->code, w->code, w->code_end, &tables, f->scratch, &report))
        return report.verdict == FORTH_BAD_LOCALS ? THROW_CONTROL : THROW_VERIFY;
    if (report.loops) w->flags |= F_LOOPS;
    return 0;
}

static cell emit_leave(struct forth *f)
{
    cell status = f->locals_entered != 0 ? emit_op(f, OP_UNLOCALS, f->locals_entered) : 0;
    return status != 0 ? status : emit_op(f, OP_EXIT, 0);
}

cell definition_end(struct forth *f)
{
    if (f->defining == 0) return THROW_COMPILE_ONLY;
    if (f->controls != 0) return THROW_CONTROL;
    cell status = emit_leave(f);
    if (status == 0) status = seal(f);
    if (status != 0) return status;
    uint32_t word = f->defining;
    f->defining = f->code_word = 0;
    f->locals = f->locals_entered = 0;
    f->last = f->last_made = word;
    set_state(f, false);
    word_reveal(f, word);
    return 0;
}

/* An error, or QUIT, within a definition: it is forgotten, with its nameless parts. */
void definition_abandon(struct forth *f)
{
    if (f->defining != 0) {
        f->units = f->words[f->defining].code;
        words_forget(f, f->defining);
    }
    f->defining = f->code_word = 0;
    f->controls = f->leaves = 0;
    f->locals = f->locals_entered = 0;
    set_state(f, false);
}

/* `:` parses its name from the source. */
cell p_colon(struct forth *f)
{
    const char *name;
    size_t size;
    if (!next_name(f, &name, &size)) return THROW_NO_NAME;
    return definition_begin(f, name, size);
}
cell p_colon_noname(struct forth *f)
{
    cell status = definition_begin(f, "", 0);
    if (status == 0) push(f, to_xt(f->defining));
    return status;
}
cell p_semicolon(struct forth *f)
{
    return definition_end(f);
}
cell p_left_bracket(struct forth *f)
{
    set_state(f, false);
    return 0;
}
cell p_right_bracket(struct forth *f)
{
    if (f->defining == 0) return THROW_COMPILE_ONLY;
    set_state(f, true);
    return 0;
}
cell p_immediate(struct forth *f)
{
    if (f->last_made == 0) return THROW_NAME_ARGUMENT;
    f->words[f->last_made].flags |= F_IMMEDIATE;
    return 0;
}
cell p_recurse(struct forth *f)
{
    return f->code_word == 0 ? THROW_COMPILE_ONLY : emit_op(f, OP_CALL, f->code_word);
}
cell p_literal(struct forth *f)
{
    if (depth(f) < 1) return THROW_STACK_UNDERFLOW;
    return emit_literal(f, pop(f));
}
cell p_two_literal(struct forth *f)
{
    cell high = pop(f), low = pop(f), status = emit_literal(f, low);
    return status != 0 ? status : emit_literal(f, high);
}
cell p_compile_comma(struct forth *f)
{
    uint32_t word = from_xt(f, pop(f));
    return word == 0 ? THROW_UNDEFINED : compile_word(f, word);
}
cell p_postpone(struct forth *f)
{
    const char *name;
    size_t size;
    if (!next_name(f, &name, &size)) return THROW_NO_NAME;
    uint32_t word = word_find(f, name, size);
    if (word == 0) return THROW_UNDEFINED;
    if ((f->words[word].flags & F_IMMEDIATE) != 0) return compile_word(f, word);
    cell status = emit_literal(f, to_xt(word));
    return status != 0 ? status : emit_op(f, OP_PRIM, P_compile_comma);
}
cell p_bracket_compile(struct forth *f)
{
    const char *name;
    size_t size;
    if (!next_name(f, &name, &size)) return THROW_NO_NAME;
    uint32_t word = word_find(f, name, size);
    return word == 0 ? THROW_UNDEFINED : compile_word(f, word);
}

/* Run: the newest CREATEd word does what stands behind DOES>. */
cell p_does_run(struct forth *f)
{
    uint32_t does = (uint32_t)pop(f);
    struct word *w = &f->words[f->last_made];
    if (f->last_made == 0 || w->kind != W_CREATE || does >= f->word_count) return THROW_NOT_CREATED;
    w->does = does;
    return 0;
}
cell p_does(struct forth *f)
{
    if (f->defining == 0) { /* outside: for the newest word at once */
        uint32_t made = f->last_made;
        cell begun = definition_begin(f, "", 0);
        if (begun != 0) return begun;
        if (made != 0 && f->words[made].kind == W_CREATE) f->words[made].does = f->defining;
        return 0;
    }
    if (f->controls != 0) return THROW_CONTROL;
    uint32_t made = f->last_made;
    uint32_t part = word_new(f, "", 0, W_COLON, F_HIDDEN, 0);
    f->last_made = made;
    if (part == 0) return THROW_DICTIONARY_FULL;
    cell status = emit_literal(f, part);
    if (status == 0) status = emit_op(f, OP_PRIM, P_does_run);
    if (status == 0) status = emit_leave(f);
    if (status == 0) status = seal(f);
    f->code_word = part;
    f->words[part].code = f->units;
    f->locals = f->locals_entered = 0;
    return status;
}

/* ---- control structures: their stack is the compiler's own ---- */
static cell control_push(struct forth *f, unsigned kind, uint32_t where)
{
    if (f->code_word == 0) return THROW_COMPILE_ONLY;
    if (f->controls >= CONTROL_MAX) return THROW_CONTROL_OVERFLOW;
    f->control[f->controls++] = (struct control){.kind = (uint8_t)kind, .at = where};
    return 0;
}
static struct control *control_pop(struct forth *f, unsigned kind)
{
    if (f->controls == 0 || f->control[f->controls - 1].kind != kind) return NULL;
    return &f->control[--f->controls];
}
static void patch(struct forth *f, uint32_t at)
{
    f->code[at] = unit_make(unit_op(f->code[at]), f->units);
}
static cell emit_orig(struct forth *f, unsigned op)
{
    uint32_t where = f->units;
    cell status = emit_op(f, op, 0);
    return status != 0 ? status : control_push(f, C_ORIG, where);
}

cell p_if(struct forth *f)
{
    return emit_orig(f, OP_JUMPZ);
}
cell p_ahead(struct forth *f)
{
    return emit_orig(f, OP_JUMP);
}
cell p_then(struct forth *f)
{
    struct control *c = control_pop(f, C_ORIG);
    if (c == NULL) return THROW_CONTROL;
    patch(f, c->at);
    return 0;
}
cell p_cs_roll(struct forth *f)
{
    ucell n = (ucell)pop(f);
    if (n >= f->controls) return THROW_CONTROL;
    struct control c = f->control[f->controls - 1 - n];
    memmove(&f->control[f->controls - 1 - n], &f->control[f->controls - n], n * sizeof c);
    f->control[f->controls - 1] = c;
    return 0;
}
cell p_cs_pick(struct forth *f)
{
    ucell n = (ucell)pop(f);
    if (n >= f->controls || f->control[f->controls - 1 - n].kind != C_DEST) return THROW_CONTROL;
    return control_push(f, C_DEST, f->control[f->controls - 1 - n].at);
}
static void control_swap(struct forth *f)
{
    struct control c = f->control[f->controls - 1];
    f->control[f->controls - 1] = f->control[f->controls - 2];
    f->control[f->controls - 2] = c;
}
cell p_else(struct forth *f)
{
    if (f->controls == 0 || f->control[f->controls - 1].kind != C_ORIG) return THROW_CONTROL;
    cell status = p_ahead(f);
    if (status != 0) return status;
    control_swap(f);
    return p_then(f);
}
cell p_begin(struct forth *f)
{
    return control_push(f, C_DEST, f->units);
}
static cell jump_back(struct forth *f, unsigned op)
{
    struct control *c = control_pop(f, C_DEST);
    return c == NULL ? THROW_CONTROL : emit_op(f, op, c->at);
}
cell p_until(struct forth *f)
{
    return jump_back(f, OP_JUMPZ);
}
cell p_again(struct forth *f)
{
    return jump_back(f, OP_JUMP);
}
cell p_while(struct forth *f)
{
    if (f->controls == 0 || f->control[f->controls - 1].kind != C_DEST) return THROW_CONTROL;
    cell status = p_if(f);
    if (status == 0) control_swap(f);
    return status;
}
cell p_repeat(struct forth *f)
{
    cell status = p_again(f);
    return status != 0 ? status : p_then(f);
}

/* LEAVEs of a loop are chained through their operands until the loop's end is known. */
static cell loop_begin(struct forth *f)
{
    cell status = control_push(f, C_DO, f->units);
    if (status != 0) return status;
    f->control[f->controls - 1].extra = f->leaves;
    f->leaves = 0;
    return 0;
}
cell p_do(struct forth *f)
{
    cell status = emit_op(f, OP_DO, 0);
    return status != 0 ? status : loop_begin(f);
}
cell p_question_do(struct forth *f)
{
    uint32_t where = f->units;
    cell status = emit_op(f, OP_QDO, 0);
    if (status == 0) status = loop_begin(f);
    if (status == 0) f->leaves = where;
    return status;
}
static struct control *innermost_loop(struct forth *f)
{
    for (uint32_t i = f->controls; i-- > 0;)
        if (f->control[i].kind == C_DO) return &f->control[i];
    return NULL;
}
cell p_leave(struct forth *f)
{
    if (innermost_loop(f) == NULL) return THROW_NO_LOOP;
    cell status = emit_op(f, OP_UNLOOP, 0);
    uint32_t where = f->units;
    if (status == 0) status = emit_op(f, OP_JUMP, f->leaves);
    if (status == 0) f->leaves = where;
    return status;
}
static cell loop_end(struct forth *f, unsigned op)
{
    struct control *c = control_pop(f, C_DO);
    if (c == NULL) return THROW_CONTROL;
    cell status = emit_op(f, op, c->at);
    for (uint32_t leave = f->leaves, next; leave != 0; leave = next) {
        next = (uint32_t)unit_arg(f->code[leave]);
        patch(f, leave);
    }
    f->leaves = c->extra;
    return status;
}
cell p_loop(struct forth *f)
{
    return loop_end(f, OP_LOOP);
}
cell p_plus_loop(struct forth *f)
{
    return loop_end(f, OP_PLUS_LOOP);
}

cell p_case(struct forth *f)
{
    return control_push(f, C_CASE, 0);
}
cell p_of(struct forth *f)
{
    cell status = emit_op(f, OP_OVER, 0);
    if (status == 0) status = emit_op(f, OP_EQ, 0);
    if (status == 0) status = p_if(f);
    return status != 0 ? status : emit_op(f, OP_DROP, 0);
}
/* The ENDOFs wait on the control stack, above their CASE. */
cell p_endof(struct forth *f)
{
    return p_else(f);
}
cell p_endcase(struct forth *f)
{
    cell status = emit_op(f, OP_DROP, 0);
    while (status == 0 && f->controls > 0 && f->control[f->controls - 1].kind == C_ORIG) status = p_then(f);
    if (status != 0) return status;
    return control_pop(f, C_CASE) == NULL ? THROW_CONTROL : 0;
}

/* ---- locals ---- */
int local_find(struct forth *f, const char *name, size_t size)
{
    for (unsigned i = 0; i < f->locals_entered; i++)
        if (f->local_size[i] == size && text_equal(f->local_name[i], name, size))
            return (int)(f->locals_entered - 1 - i);
    return -1;
}
cell local_add(struct forth *f, const char *name, size_t size)
{
    if (f->locals >= FORTH_LOCALS_MAX) return THROW_DICTIONARY_FULL;
    if (size == 0) return THROW_NO_NAME;
    if (size > sizeof f->local_name[0]) return THROW_NAME_LONG;
    memcpy(f->local_name[f->locals], name, size);
    f->local_size[f->locals++] = (uint8_t)size;
    return 0;
}
/* Those added since take their values from the stack, the last from the top. */
cell locals_enter(struct forth *f)
{
    uint32_t count = f->locals - f->locals_entered;
    f->locals_entered = f->locals;
    return count == 0 ? 0 : emit_op(f, OP_LOCALS, count);
}
/* (LOCAL): the first named takes the top, so the group is turned round when it ends. */
cell p_paren_local(struct forth *f)
{
    ucell size = (ucell)pop(f);
    cell name = pop(f);
    if (f->code_word == 0) return THROW_COMPILE_ONLY;
    if (size != 0) {
        const char *text = at(f, name, size);
        return text == NULL ? THROW_ADDRESS : local_add(f, text, size);
    }
    for (uint32_t i = f->locals_entered, j = f->locals; i + 1 < j; i++) {
        char kept[32];
        uint8_t kept_size = f->local_size[i];
        memcpy(kept, f->local_name[i], sizeof kept);
        memcpy(f->local_name[i], f->local_name[--j], sizeof kept);
        f->local_size[i] = f->local_size[j];
        memcpy(f->local_name[j], kept, sizeof kept);
        f->local_size[j] = kept_size;
    }
    return locals_enter(f);
}

static bool is(const char *text, size_t size, const char *wanted)
{
    return size == __builtin_strlen(wanted) && memcmp(text, wanted, size) == 0;
}
/* The next word, over as many lines as it takes. */
static cell next_word_refilled(struct forth *f, const char **text, size_t *size)
{
    while (!next_name(f, text, size)) {
        bool more;
        cell status = source_refill(f, &more);
        if (status != 0) return status;
        if (!more) return THROW_END_OF_FILE;
    }
    return 0;
}
cell p_brace_colon(struct forth *f)
{
    enum { ARGUMENTS, VALUES, OUTPUTS } part = ARGUMENTS;
    if (f->code_word == 0) return THROW_COMPILE_ONLY;
    uint32_t values = 0;
    for (;;) {
        const char *text;
        size_t size;
        cell status = next_word_refilled(f, &text, &size);
        if (status != 0) return status;
        if (is(text, size, ":}")) break;
        if (is(text, size, "--"))
            part = OUTPUTS;
        else if (part == ARGUMENTS && is(text, size, "|"))
            part = VALUES;
        else if (part != OUTPUTS) {
            status = local_add(f, text, size);
            if (status != 0) return status;
            values += part == VALUES;
        }
    }
    for (uint32_t i = 0; i < values; i++) {
        cell status = emit_op(f, OP_LIT, 0);
        if (status != 0) return status;
    }
    return locals_enter(f);
}
cell p_locals_bar(struct forth *f)
{
    for (;;) {
        const char *text;
        size_t size;
        cell status = next_word_refilled(f, &text, &size);
        if (status == 0 && is(text, size, "|")) break;
        if (status == 0) status = f->code_word == 0 ? THROW_COMPILE_ONLY : local_add(f, text, size);
        if (status != 0) return status;
    }
    push(f, 0);
    push(f, 0);
    return p_paren_local(f);
}
