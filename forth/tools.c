/* Tools for people: the stack, memory, names, definitions taken apart, help. */
#include "forth/internal.h"

static void type_signed(struct forth *f, cell n)
{
    push(f, n);
    if (p_dot(f) != 0) say_string(f, "? ");
}
cell p_dot_s(struct forth *f)
{
    char digits[65];
    cell n = depth(f), shown = n < 32 ? n : 32;
    say(f, "<", 1);
    say(f, digits, digits_text((ucell)n, 10, digits));
    say(f, "> ", 2);
    if (!has_room(f, 2)) return 0;
    for (cell i = shown; i-- > 0;) type_signed(f, f->sp[i]);
    if (f->fp < f->f0) {
        say(f, " F:<", 4);
        say(f, digits, digits_text((ucell)(f->f0 - f->fp), 10, digits));
        say(f, ">", 1);
    }
    return 0;
}
cell p_question(struct forth *f)
{
    const void *p = at(f, *f->sp, CELL);
    if (p == NULL) return THROW_ADDRESS;
    *f->sp = load_cell(p);
    return p_dot(f);
}
static void type_hex(struct forth *f, ucell u, unsigned width)
{
    char digits[65];
    size_t n = digits_text(u, 16, digits);
    for (size_t i = n; i < width; i++) say(f, "0", 1);
    say(f, digits, n);
}
cell p_dump(struct forth *f)
{
    ucell size = (ucell)pop(f);
    cell address = pop(f);
    const uint8_t *p = at(f, address, size);
    if (p == NULL && size != 0) return THROW_ADDRESS;
    for (ucell i = 0; i < size; i += 16) {
        char text[17] = {0};
        say(f, "\n", f->column != 0 || i != 0 ? 1 : 0);
        type_hex(f, (ucell)address + i, 8);
        say(f, ": ", 2);
        for (ucell j = 0; j < 16; j++) {
            if (i + j < size) {
                type_hex(f, p[i + j], 2);
                text[j] = p[i + j] >= ' ' && p[i + j] < 127 ? (char)p[i + j] : '.';
            } else
                say(f, "  ", 2);
            say(f, j == 7 ? "  " : " ", j == 7 ? 2 : 1);
        }
        say(f, " ", 1);
        say_string(f, text);
        if (f->attention) {
            cell status = attend_now(f, 0);
            if (status != 0) return status;
        }
    }
    say(f, "\n", 1);
    return 0;
}
cell p_words(struct forth *f)
{
    if (f->order_size == 0) return 0;
    for (uint32_t word = f->list_head[f->order[0]]; word != 0; word = f->words[word].list_next) {
        uint32_t size = f->words[word].name_size;
        if (f->column + size > 76) say(f, "\n", 1);
        say(f, word_name(f, word), size);
        say(f, " ", 1);
    }
    say(f, "\n", 1);
    return 0;
}

/* ---- SEE ---- */
static void type_name(struct forth *f, uint32_t word)
{
    say_string(f, f->words[word].name_size == 0 ? ":NONAME-" : "");
    say(f, word_name(f, word), f->words[word].name_size);
    if (f->words[word].name_size == 0) type_hex(f, word, 1);
    say(f, " ", 1);
}
static const struct {
    uint8_t op;
    const char *name;
} op_names[] = {
#define FORTH_OPERATION(name, operation, flags, effect, help) {OP_##operation, name},
#include "spec/forth_words.def"
};
static const char *op_name(unsigned op)
{
    for (unsigned i = 0; i < COUNT_OF(op_names); i++)
        if (op_names[i].op == op) return op_names[i].name;
    return forth_op_info[op].name;
}
static uint32_t primitive_word(struct forth *f, uint32_t number)
{
    for (uint32_t word = 1; word < f->word_count; word++)
        if (f->words[word].kind == W_PRIM && f->words[word].value == number) return word;
    return 0;
}
/* Those without a word of their own show as {what they are called here}. */
static const char *const primitive_names[] = {
#define FORTH_PRIMITIVE(name, function, in, out, flags, effect, help) "{" #function "} ",
#include "spec/forth_words.def"
};
static void see_unit(struct forth *f, const struct word *w, uint32_t at_unit)
{
    uint64_t unit = f->code[at_unit];
    unsigned op = unit_base_op(unit);
    cell arg = unit_arg(unit);
    char digits[65];
    switch (op) {
    case OP_LIT: type_signed(f, arg); break;
    case OP_LITX: {
        cell x = (cell)f->code[at_unit + 1];
        uint32_t word = from_xt(f, x);
        if (word != 0) {
            say_string(f, "['] ");
            type_name(f, word);
        } else
            type_signed(f, x);
        break;
    }
    case OP_CALL:
    case OP_DEFERRED: type_name(f, (uint32_t)arg); break;
    case OP_PRIM:
        if (primitive_word(f, (uint32_t)arg) != 0)
            type_name(f, primitive_word(f, (uint32_t)arg));
        else
            say_string(f, primitive_names[arg]);
        break;
    case OP_LOCALS:
    case OP_UNLOCALS:
    case OP_LOCAL_FETCH:
    case OP_LOCAL_STORE:
        say_string(f, op == OP_LOCALS        ? "{locals "
                      : op == OP_UNLOCALS    ? "{end "
                      : op == OP_LOCAL_FETCH ? "{local "
                                             : "{to ");
        say(f, digits, digits_text((ucell)arg, 10, digits));
        say(f, "} ", 2);
        break;
    case OP_JUMP:
    case OP_JUMPZ:
    case OP_QDO:
    case OP_LOOP:
    case OP_PLUS_LOOP:
        say_string(f, op == OP_JUMP    ? "jump:"
                      : op == OP_JUMPZ ? "0=jump:"
                      : op == OP_QDO   ? "?DO:"
                      : op == OP_LOOP  ? "LOOP:"
                                       : "+LOOP:");
        say(f, digits, digits_text((ucell)arg - w->code, 10, digits));
        say(f, " ", 1);
        break;
    case OP_DO: say_string(f, "DO "); break;
    default: say_string(f, op_name(op)); say(f, " ", 1);
    }
}
static void see_colon(struct forth *f, uint32_t word)
{
    const struct word *w = &f->words[word];
    uint8_t *target = f->scratch;
    uint32_t n = w->code_end - w->code;
    memset(target, 0, n);
    for (uint32_t i = w->code; i < w->code_end; i += op_units(unit_base_op(f->code[i])))
        if (forth_op_info[unit_base_op(f->code[i])].operand == OPERAND_TARGET)
            target[unit_arg(f->code[i]) - w->code] = 1;
    for (uint32_t i = w->code; i < w->code_end; i += op_units(unit_base_op(f->code[i]))) {
        char digits[65];
        if (target[i - w->code] || f->column > 90) say(f, "\n  ", 3);
        if (target[i - w->code]) {
            say(f, digits, digits_text(i - w->code, 10, digits));
            say(f, ": ", 2);
        }
        if (i + 1 == w->code_end && unit_op(f->code[i]) == OP_EXIT)
            say(f, ";", 1);
        else
            see_unit(f, w, i);
    }
    if ((w->flags & F_IMMEDIATE) != 0) say_string(f, " IMMEDIATE");
    say(f, "\n", 1);
}
cell p_see(struct forth *f)
{
    const char *name;
    size_t size;
    if (!next_name(f, &name, &size)) return THROW_NO_NAME;
    uint32_t word = word_find(f, name, size);
    if (word == 0) return THROW_UNDEFINED;
    if (!has_room(f, 4)) return THROW_STACK_OVERFLOW;
    const struct word *w = &f->words[word];
    if (w->file != 0) {
        char digits[65];
        say_string(f, "\\ ");
        say_string(f, f->names + w->file);
        say(f, ":", 1);
        say(f, digits, digits_text(w->line, 10, digits));
        say_string(f, w->native != 0 ? ", native\n" : "\n");
    }
    switch (w->kind) {
    case W_COLON:
        say_string(f, ": ");
        type_name(f, word);
        see_colon(f, word);
        return 0;
    case W_CONSTANT:
        type_signed(f, w->value);
        say_string(f, "CONSTANT ");
        break;
    case W_CREATE: say_string(f, w->does != 0 ? "CREATE ... DOES> " : "CREATE "); break;
    case W_VARIABLE: say_string(f, "VARIABLE "); break;
    case W_VALUE:
        type_signed(f, fixed(f, w->value));
        say_string(f, "VALUE ");
        break;
    case W_DEFER:
        if (from_xt(f, w->value) != 0) {
            say_string(f, "' ");
            type_name(f, from_xt(f, w->value));
            say_string(f, "IS ");
        } else
            say_string(f, "DEFER ");
        break;
    case W_SYNONYM:
        say_string(f, "SYNONYM ");
        type_name(f, word);
        type_name(f, (uint32_t)w->value);
        say(f, "\n", 1);
        return 0;
    case W_PRIM:
    case W_OP: say_string(f, "\\ primitive "); break;
    default: say_string(f, "\\ data "); break;
    }
    type_name(f, word);
    say(f, "\n", 1);
    if (w->kind == W_CREATE && w->does != 0 && f->words[w->does].kind == W_COLON) {
        say_string(f, "DOES> ");
        see_colon(f, w->does);
    }
    return 0;
}

/* ---- HELP ---- */
static const struct help {
    const char *name, *effect, *text;
} helps[] = {
#define FORTH_OPERATION(name, op, flags, effect, help) {name, effect, help},
#define FORTH_PRIMITIVE(name, function, in, out, flags, effect, help) {name, effect, help},
#define FORTH_PLACE(name, number, effect, help) {name, effect, help},
#include "spec/forth_words.def"
};
cell p_help(struct forth *f)
{
    const char *name;
    size_t size;
    if (!next_name(f, &name, &size)) {
        say_string(f, "HELP word tells what it does, SEE word shows its definition, WORDS lists all.\n"
                      ".S shows the stack, BYE ends; the guide is docs/guide/forth.md.\n");
        return 0;
    }
    for (unsigned i = 0; i < COUNT_OF(helps); i++)
        if (size != 0 && __builtin_strlen(helps[i].name) == size && text_equal(helps[i].name, name, size)) {
            say_string(f, helps[i].name);
            say(f, " ", 1);
            say_string(f, helps[i].effect);
            say(f, "  ", 2);
            say_string(f, helps[i].text);
            say(f, "\n", 1);
            return 0;
        }
    if (word_find(f, name, size) == 0) return THROW_UNDEFINED;
    say_string(f, "yours: SEE shows its definition\n");
    return 0;
}
cell p_code(struct forth *f)
{
    return THROW_UNSUPPORTED;
}
cell p_semicolon_code(struct forth *f)
{
    return THROW_UNSUPPORTED;
}
cell p_assembler(struct forth *f)
{
    return THROW_UNSUPPORTED;
}
cell p_editor(struct forth *f)
{
    return THROW_UNSUPPORTED;
}
cell p_utime(struct forth *f)
{
    push_double(f, (__int128)(forth_port_ns(f->port) / 1000));
    return 0;
}
