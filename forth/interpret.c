/* The text interpreter: sources and what is read from them, numbers, errors and where they are. */
#include "base/float_text.h"
#include "forth/internal.h"

/* ---- sources ---- */
cell p_block_address(struct forth *f);

const char *source_text(struct forth *f, size_t *size)
{
    struct source *s = &f->sources[f->source_depth];
    if (s->kind == SOURCE_BLOCK) { /* its buffer may have been given to another block meanwhile */
        push(f, s->block);
        if (p_block_address(f) != 0) {
            *size = 0;
            return "";
        }
        s->text = pop(f);
    }
    const char *text = at(f, s->text, (ucell)s->size);
    *size = text == NULL ? 0 : (size_t)s->size;
    return text == NULL ? "" : text;
}

static size_t in_now(struct forth *f, size_t size)
{
    ucell in = (ucell)fixed(f, AT_IN);
    return in > size ? size : in;
}

bool next_name(struct forth *f, const char **name, size_t *name_size)
{
    size_t size, in;
    const char *text = source_text(f, &size);
    for (in = in_now(f, size); in < size && (uint8_t)text[in] <= ' '; in++) {
    }
    size_t start = in;
    while (in < size && (uint8_t)text[in] > ' ') in++;
    *name = text + start;
    *name_size = in - start;
    set_fixed(f, AT_IN, (cell)(in < size ? in + 1 : in));
    return in > start;
}

/* Up to the delimiter or the end; a blank stands for all white space. */
const char *parse_until(struct forth *f, char delimiter, size_t *parsed)
{
    size_t size, in, start;
    const char *text = source_text(f, &size);
    start = in = in_now(f, size);
    while (in < size && text[in] != delimiter && !(delimiter == ' ' && (uint8_t)text[in] < ' ')) in++;
    *parsed = in - start;
    set_fixed(f, AT_IN, (cell)(in < size ? in + 1 : in));
    return text + start;
}

static bool line_slot(struct forth *f, struct source *s)
{
    for (uint32_t i = 0; i < LINES; i++)
        if ((f->lines_used >> i & 1) == 0) {
            f->lines_used |= (uint64_t)1 << i;
            s->line_slot = i + 1;
            s->text = AT_LINES + (cell)i * LINE_BYTES;
            return true;
        }
    return false;
}

/* The new source is the one read from now on; where the old one stood is kept in it. */
cell source_push(struct forth *f, enum source_kind kind)
{
    if (f->source_depth + 1 >= SOURCES_MAX) return THROW_RETURN_OVERFLOW;
    struct source *old = &f->sources[f->source_depth], *s = old + 1;
    *s = (struct source){.kind = (uint8_t)kind, .name = old->name, .line = old->line};
    if ((kind == SOURCE_FILE || kind == SOURCE_CONSOLE) && !line_slot(f, s)) return THROW_RETURN_OVERFLOW;
    old->in = fixed(f, AT_IN);
    old->block = kind == SOURCE_BLOCK || old->kind == SOURCE_BLOCK ? old->block : 0;
    s->parent_token = f->token;
    s->parent_size = f->token_size;
    f->source_depth++;
    set_fixed(f, AT_IN, 0);
    set_fixed(f, AT_BLK, 0);
    return 0;
}

void source_pop(struct forth *f)
{
    struct source *s = &f->sources[f->source_depth];
    if (s->line_slot != 0) f->lines_used &= ~((uint64_t)1 << (s->line_slot - 1));
    if (s->data != NULL) forth_port_release(f->port, s->data, s->data_size);
    s->data = NULL;
    f->token = s->parent_token;
    f->token_size = s->parent_size;
    s = &f->sources[--f->source_depth];
    set_fixed(f, AT_IN, s->in);
    set_fixed(f, AT_BLK, s->kind == SOURCE_BLOCK ? s->block : 0);
}

/* The next line of a file's content into the slot. */
static cell refill_file(struct forth *f, struct source *s, bool *more)
{
    *more = s->file_at < s->data_size;
    if (!*more) return 0;
    const char *from = s->data + s->file_at;
    uint64_t left = s->data_size - s->file_at, size = 0;
    while (size < left && from[size] != '\n') size++;
    uint64_t whole = size < left ? size + 1 : size;
    if (size > 0 && from[size - 1] == '\r') size--;
    s->line++;
    s->line_at = s->file_at;
    s->file_at += whole;
    if (size > LINE_BYTES) return THROW_STRING_OVERFLOW;
    memcpy(f->bias + s->text, from, size);
    s->size = (cell)size;
    return 0;
}

cell source_refill(struct forth *f, bool *more)
{
    struct source *s = &f->sources[f->source_depth];
    cell status = 0;
    *more = false;
    if (s->kind == SOURCE_FILE)
        status = refill_file(f, s, more);
    else if (s->kind == SOURCE_CONSOLE) {
        forth_port_flush(f->port);
        int64_t size = forth_port_line(f->port, f, (char *)f->bias + s->text, LINE_BYTES);
        *more = size >= 0;
        s->size = size < 0 ? 0 : size;
        s->line++;
        f->column = 0;
    } else if (s->kind == SOURCE_BLOCK) {
        if ((ucell)s->block >= forth_port_blocks(f->port)) return 0;
        set_fixed(f, AT_BLK, ++s->block);
        *more = true;
    }
    if (*more) set_fixed(f, AT_IN, 0);
    return status;
}

cell source_run(struct forth *f, struct source *s)
{
    cell status;
    if (s->kind == SOURCE_FILE || s->kind == SOURCE_CONSOLE) {
        bool more;
        while ((status = source_refill(f, &more)) == 0 && more && (status = interpret_source(f)) == 0) {
        }
    } else
        status = interpret_source(f);
    if (status != 0) source_note_error(f, status);
    source_pop(f);
    return status;
}

cell include_content(struct forth *f, int file, uint64_t from, const char *name, size_t name_size)
{
    uint64_t size = 0;
    int64_t failed = forth_port_size(f->port, file, &size);
    if (failed != 0) return failed;
    size = size > from ? size - from : 0;
    char *data = size == 0 ? NULL : forth_port_reserve(f->port, size);
    if (size != 0 && data == NULL) return THROW_ALLOCATE;
    for (uint64_t have = 0; have < size && failed == 0;) {
        size_t got = 0;
        failed = forth_port_read(f->port, file, from + have, data + have, size - have, &got);
        if (failed == 0 && got == 0) break;
        have += got;
    }
    cell status = failed != 0 ? failed : source_push(f, SOURCE_FILE);
    if (status != 0) {
        if (data != NULL) forth_port_release(f->port, data, size);
        return status;
    }
    struct source *s = &f->sources[f->source_depth];
    s->data = data;
    s->data_size = size;
    uint32_t kept = name_keep(f, name, name_size + 1 <= f->names_max ? name_size : 0);
    if (name_keep(f, "", 1) != 0) s->name = kept;
    s->line = 0;
    return source_run(f, s);
}

cell include_file(struct forth *f, const char *name, size_t size)
{
    int file;
    int64_t failed = forth_port_open(f->port, name, size, FORTH_READ, &file);
    if (failed != 0) return failed;
    cell status = include_content(f, file, 0, name, size);
    forth_port_close(f->port, file);
    return status;
}

/* ---- numbers ---- */
static int digit_of(char c)
{
    return c >= '0' && c <= '9'   ? c - '0'
           : c >= 'a' && c <= 'z' ? c - 'a' + 10
           : c >= 'A' && c <= 'Z' ? c - 'A' + 10
                                  : 99;
}

bool number_read(struct forth *f, const char *text, size_t size, cell *low, cell *high, bool *is_double)
{
    cell base = fixed(f, AT_BASE);
    if (size == 3 && text[0] == '\'' && text[2] == '\'') {
        *low = (uint8_t)text[1];
        *is_double = false;
        return true;
    }
    size_t i = 0;
    if (size > 1 && (text[0] == '$' || text[0] == '#' || text[0] == '%')) {
        base = text[0] == '$' ? 16 : text[0] == '#' ? 10 : 2;
        i = 1;
    }
    bool negative = i < size && text[i] == '-';
    i += negative;
    *is_double = size > i + 1 && text[size - 1] == '.';
    size -= *is_double;
    if (i >= size || base < 2 || base > 36) return false;
    unsigned __int128 n = 0;
    for (; i < size; i++) {
        int d = digit_of(text[i]);
        if (d >= base) return false;
        n = n * (unsigned)base + (unsigned)d;
    }
    if (negative) n = -n;
    *low = (cell)n;
    *high = (cell)(n >> 64);
    return true;
}

/* [+-] digits [. digits] E [[+-] digits], the form of the text interpreter. */
bool float_text(const char *text, size_t size, double *d)
{
    char digits[400];
    size_t i = 0, n = 0;
    int64_t exponent = 0, shift = 0;
    bool negative = false, any = false;
    if (i < size && (text[i] == '+' || text[i] == '-')) negative = text[i++] == '-';
    for (bool point = false; i < size; i++) {
        if (text[i] == '.' && !point && any)
            point = true;
        else if (text[i] >= '0' && text[i] <= '9') {
            any = true;
            if (n < sizeof digits)
                digits[n++] = text[i], shift -= point;
            else
                shift += !point;
        } else
            break;
    }
    if (!any || i >= size || (text[i] | 32) != 'e') return false;
    i++;
    bool down = i < size && text[i] == '-';
    if (i < size && (text[i] == '+' || text[i] == '-')) i++;
    for (; i < size; i++) {
        if (text[i] < '0' || text[i] > '9') return false;
        if (exponent < 100000) exponent = exponent * 10 + (text[i] - '0');
    }
    *d = float_from_decimal(digits, n, (down ? -exponent : exponent) + shift);
    if (negative) *d = -*d;
    return true;
}

static cell interpret_number(struct forth *f, const char *text, size_t size)
{
    cell low = 0, high = 0;
    bool is_double = false;
    double d;
    if (number_read(f, text, size, &low, &high, &is_double)) {
        if (f->compiling) {
            cell status = emit_literal(f, low);
            return status == 0 && is_double ? emit_literal(f, high) : status;
        }
        if (!has_room(f, 2)) return THROW_STACK_OVERFLOW;
        push(f, low);
        if (is_double) push(f, high);
        return 0;
    }
    if (fixed(f, AT_BASE) != 10 || !float_text(text, size, &d)) return THROW_UNDEFINED;
    if (f->fp - f->float_low < 1) return THROW_FLOAT_OVERFLOW;
    *--f->fp = d;
    return f->compiling ? p_fliteral(f) : 0;
}

/* ---- interpretation ---- */
static cell interpret_word(struct forth *f, const char *text, size_t size)
{
    if (f->compiling && f->locals_entered != 0) {
        int local = local_find(f, text, size);
        if (local >= 0) return emit_op(f, OP_LOCAL_FETCH, local);
    }
    uint32_t word = word_find(f, text, size);
    if (word == 0) return interpret_number(f, text, size);
    unsigned flags = f->words[word].flags;
    if (f->compiling && (flags & F_IMMEDIATE) == 0) return compile_word(f, word);
    if (!f->compiling && (flags & F_COMPILE_ONLY) != 0) return THROW_COMPILE_ONLY;
    return execute_word(f, word);
}

cell interpret_source(struct forth *f)
{
    if ((uintptr_t)__builtin_frame_address(0) < f->machine_low) return THROW_RETURN_OVERFLOW;
    const char *text;
    size_t size;
    while (next_name(f, &text, &size)) {
        size_t whole;
        const char *source = source_text(f, &whole);
        f->token = (uint32_t)(text - source);
        f->token_size = (uint32_t)size;
        cell status = interpret_word(f, text, size);
        if (status == 0 && UNLIKELY(f->attention)) status = attend_now(f, 0);
        if (UNLIKELY(status != 0)) return status;
    }
    return 0;
}

/* ---- errors: where the innermost source was when it happened ---- */
void source_note_error(struct forth *f, cell status)
{
    if (f->error_known || status == FORTH_STATUS_BYE) return;
    struct source *s = &f->sources[f->source_depth];
    size_t size;
    const char *text = source_text(f, &size);
    uint32_t token = f->token < size ? f->token : (uint32_t)size;
    size_t begin = token, end;
    if (s->kind == SOURCE_BLOCK) {
        begin = token / 64 * 64;
        end = begin + 64 < size ? begin + 64 : size;
    } else {
        begin = 0;
        end = size;
        if (token > 160) begin = token - 80; /* a long line: what is around */
        if (end - begin > 240) end = begin + 240;
        for (size_t i = begin; i < end && i < token; i++)
            if (text[i] == '\n') begin = i + 1;
        for (size_t i = token; i < end; i++)
            if (text[i] == '\n') end = i;
    }
    f->error_line_size = (uint32_t)(end - begin);
    memcpy(f->error_line, text + begin, f->error_line_size);
    f->error_column = token - (uint32_t)begin;
    f->error_token = f->token_size;
    f->error_number = s->kind == SOURCE_BLOCK ? (uint32_t)s->block : s->line;
    size_t n = 0;
    if (s->kind == SOURCE_BLOCK)
        memcpy(f->error_name, "block", n = 5);
    else if (s->kind == SOURCE_STRING && s->name == 0)
        memcpy(f->error_name, "string", n = 6);
    else
        for (const char *c = f->names + s->name; s->name != 0 && *c != 0 && n + 1 < sizeof f->error_name; c++)
            f->error_name[n++] = *c;
    f->error_name[n] = 0;
    f->error_known = true;
}

static void report_number(struct forth *f, cell n)
{
    char digits[65];
    if (n < 0) say(f, "-", 1);
    size_t size = digits_text(n < 0 ? -(ucell)n : (ucell)n, 10, digits);
    say(f, digits, size);
}

/* Source text may hold anything: what would command a terminal shows as a question mark. */
static void say_clean(struct forth *f, const char *text, size_t size)
{
    for (size_t i = 0; i < size; i++)
        say(f, (uint8_t)text[i] < ' ' && text[i] != '\t' ? "?" : text[i] == 127 ? "?" : text + i, 1);
}
void forth_report(struct forth *f, int64_t status)
{
    if (f->error_known) {
        say_string(f, f->error_name[0] != 0 ? f->error_name : "console");
        say(f, ":", 1);
        report_number(f, f->error_number);
        say(f, ":", 1);
        report_number(f, f->error_column + 1);
        say_string(f, ": ");
    }
    if (status == THROW_ABORT_QUOTE && f->abort_size >= 0 &&
        at(f, f->abort_text, (ucell)f->abort_size) != NULL)
        say(f, at(f, f->abort_text, (ucell)f->abort_size), (size_t)f->abort_size);
    else {
        const char *text = throw_text(status);
        say_string(f, text != NULL ? text : "uncaught exception");
        if (status == THROW_UNDEFINED && f->error_known) {
            say_string(f, ": ");
            say_clean(f, f->error_line + f->error_column,
                      min_u64(f->error_token, f->error_line_size - f->error_column));
        }
        say_string(f, " (");
        report_number(f, status);
        say(f, ")", 1);
    }
    say(f, "\n", 1);
    if (f->error_known && f->error_line_size > 0) {
        say_string(f, "  ");
        say_clean(f, f->error_line, f->error_line_size);
        say_string(f, "\n  ");
        for (uint32_t i = 0; i < f->error_column; i++) say(f, f->error_line[i] == '\t' ? "\t" : " ", 1);
        for (uint32_t i = 0; i < (f->error_token > 0 ? f->error_token : 1) && f->error_column + i < 240; i++)
            say(f, "^", 1);
        say(f, "\n", 1);
    }
    f->error_known = false;
}

/* ---- execution ---- */
cell attend_now(struct forth *f, uint32_t word)
{
    f->attention = 0;
    f->machine_check = f->machine_low;
    if (word == 0) word = f->running;
    heat_sample(f, word);
    if (f->interrupted) {
        f->interrupted = false;
        return THROW_INTERRUPT;
    }
    return forth_port_attention(f->port, f);
}
void forth_attend(struct forth *f)
{
    f->attention = 1;
    f->machine_check = UINTPTR_MAX;
}

cell primitive_call(struct forth *f, uint32_t number)
{
    const struct primitive_info *p = &primitives[number];
    if (UNLIKELY(f->s0 - f->sp < p->in)) return THROW_STACK_UNDERFLOW;
    if (UNLIKELY(f->sp - f->stack_low < 8)) return THROW_STACK_OVERFLOW;
    return p->function(f);
}

static cell execute_created(struct forth *f, const struct word *w)
{
    if (!has_room(f, 2)) return THROW_STACK_OVERFLOW;
    push(f, w->value);
    if (w->does == 0) return 0;
    if (f->words[w->does].code_end == f->words[w->does].code)
        return THROW_RECURSION; /* its definition is not at its end */
    return execute_word(f, w->does);
}

cell execute_word(struct forth *f, uint32_t word)
{
    const struct word *w = &f->words[word];
    cell status;
    if (UNLIKELY((uintptr_t)__builtin_frame_address(0) < f->machine_low)) return THROW_RETURN_OVERFLOW;
    switch (w->kind) {
    case W_COLON:
        if ((w->flags & F_HIDDEN) != 0 && (word == f->defining || word == f->code_word))
            return THROW_RECURSION;
        f->running = word;
        if (w->native != 0) return native_run(f, word);
        return execute_colon(f, word);
    case W_PRIM: return primitive_call(f, (uint32_t)w->value);
    case W_OP: return run_units(f, w->code);
    case W_CREATE:
    case W_VARIABLE: return execute_created(f, w);
    case W_CONSTANT:
        if (!has_room(f, 1)) return THROW_STACK_OVERFLOW;
        push(f, w->value);
        return 0;
    case W_SYNONYM: return execute_word(f, word_real(f, word));
    case W_DEFER: {
        uint32_t to = from_xt(f, w->value);
        return to == 0 ? THROW_UNDEFINED : execute_word(f, to);
    }
    case W_VALUE:
    case W_2VALUE:
    case W_2CONSTANT:
        if (!has_room(f, 2)) return THROW_STACK_OVERFLOW;
        if (at(f, w->value, 2 * CELL) == NULL) return THROW_ADDRESS;
        if (w->kind != W_VALUE) push(f, load_cell(f->bias + w->value + CELL));
        push(f, load_cell(f->bias + w->value));
        return 0;
    case W_FCONSTANT:
    case W_FVALUE:
        if (f->fp - f->float_low < 1) return THROW_FLOAT_OVERFLOW;
        memcpy(--f->fp, w->kind == W_FVALUE ? (const void *)(f->bias + w->value) : (const void *)&w->value,
               CELL);
        return 0;
    case W_FIELD:
        if (depth(f) < 1) return THROW_STACK_UNDERFLOW;
        *f->sp = (cell)((ucell)*f->sp + (ucell)w->value);
        return 0;
    case W_MARKER: status = marker_restore(f, word); return status;
    default: return THROW_UNDEFINED;
    }
}

/* Not translated yet.  What has a loop, or is run again and again, is worth it; most of what a file defines is run never or
 * once. */
cell execute_colon(struct forth *f, uint32_t word)
{
    struct word *w = &f->words[word];
    if (f->native != NULL && (w->flags & F_NO_NATIVE) == 0 &&
        ((w->flags & F_LOOPS) != 0 || ++w->calls > 2 || f->config.eager)) {
        native_translate(f, word);
        if (w->native != 0) return native_run(f, word);
    }
    return run_units(f, w->code);
}

cell execute_token(struct forth *f, cell xt)
{
    uint32_t word = from_xt(f, xt);
    return word == 0 ? THROW_UNDEFINED : execute_word(f, word);
}
