/* Primitives that print, that make text of numbers, and that read the source. */
#include "forth/internal.h"

/* ---- out ---- */
void say(struct forth *f, const char *text, size_t size)
{
    for (size_t i = 0; i < size; i++) f->column = text[i] == '\n' ? 0 : f->column + 1;
    forth_port_type(f->port, text, size);
}
void say_string(struct forth *f, const char *text)
{
    say(f, text, __builtin_strlen(text));
}
size_t digits_text(ucell u, unsigned base, char to[65])
{
    char reversed[65];
    size_t n = 0;
    do {
        unsigned d = (unsigned)(u % base);
        reversed[n++] = (char)(d < 10 ? '0' + d : 'A' + d - 10);
        u /= base;
    } while (u != 0);
    for (size_t i = 0; i < n; i++) to[i] = reversed[n - 1 - i];
    return n;
}

static cell base_of(struct forth *f, unsigned *base)
{
    cell b = fixed(f, AT_BASE);
    *base = b >= 2 && b <= 36 ? (unsigned)b : 10;
    return b >= 2 && b <= 36 ? 0 : THROW_NUMERIC_ARGUMENT;
}
cell p_decimal(struct forth *f)
{
    set_fixed(f, AT_BASE, 10);
    return 0;
}
cell p_hex(struct forth *f)
{
    set_fixed(f, AT_BASE, 16);
    return 0;
}

/* ---- pictured numbers: made from the end of their buffer downwards ---- */
cell p_less_number(struct forth *f)
{
    f->hold = AT_HOLD + HOLD_BYTES;
    return 0;
}
static cell hold(struct forth *f, char c)
{
    if (f->hold <= AT_HOLD || f->hold > AT_HOLD + HOLD_BYTES) return THROW_HOLD_OVERFLOW;
    f->bias[--f->hold] = (uint8_t)c;
    return 0;
}
cell p_hold(struct forth *f)
{
    return hold(f, (char)pop(f));
}
cell p_holds(struct forth *f)
{
    ucell size = (ucell)pop(f);
    const char *text = at(f, pop(f), size);
    cell status = text == NULL && size != 0 ? THROW_ADDRESS : 0;
    while (status == 0 && size-- > 0) status = hold(f, text[size]);
    return status;
}
cell p_number(struct forth *f)
{
    unsigned base;
    cell status = base_of(f, &base);
    if (status != 0) return status;
    unsigned __int128 ud = (unsigned __int128)pop_double(f);
    ucell digit;
    push_double(f, (__int128)double_divide(ud, base, &digit));
    unsigned d = (unsigned)digit;
    return hold(f, (char)(d < 10 ? '0' + d : 'A' + d - 10));
}
cell p_number_s(struct forth *f)
{
    cell status;
    do status = p_number(f);
    while (status == 0 && (f->sp[0] | f->sp[1]) != 0);
    return status;
}
cell p_number_greater(struct forth *f)
{
    f->sp[1] = f->hold;
    f->sp[0] = AT_HOLD + HOLD_BYTES - f->hold;
    return 0;
}
cell p_sign(struct forth *f)
{
    return pop(f) < 0 ? hold(f, '-') : 0;
}

static void spaces(struct forth *f, cell n)
{
    for (; n > 0; n -= n < 16 ? n : 16) say(f, "                ", n < 16 ? (size_t)n : 16);
}
/* A number of up to 128 bits, right aligned. */
static cell print(struct forth *f, unsigned __int128 u, bool negative, cell width)
{
    unsigned base;
    cell status = base_of(f, &base);
    if (status != 0) return status;
    char text[130];
    size_t n = sizeof text;
    do {
        ucell d;
        u = double_divide(u, base, &d);
        text[--n] = (char)(d < 10 ? '0' + d : 'A' + d - 10);
    } while (u != 0);
    if (negative) text[--n] = '-';
    spaces(f, width - (cell)(sizeof text - n));
    say(f, text + n, sizeof text - n);
    return 0;
}
static cell print_signed(struct forth *f, __int128 d, cell width)
{
    return print(f, d < 0 ? -(unsigned __int128)d : (unsigned __int128)d, d < 0, width);
}
static cell with_space(struct forth *f, cell status)
{
    if (status == 0) say(f, " ", 1);
    return status;
}
cell p_dot(struct forth *f)
{
    return with_space(f, print_signed(f, pop(f), 0));
}
cell p_u_dot(struct forth *f)
{
    return with_space(f, print(f, (ucell)pop(f), false, 0));
}
cell p_dot_r(struct forth *f)
{
    cell width = pop(f);
    return print_signed(f, pop(f), width);
}
cell p_u_dot_r(struct forth *f)
{
    cell width = pop(f);
    return print(f, (ucell)pop(f), false, width);
}
cell p_d_dot(struct forth *f)
{
    return with_space(f, print_signed(f, pop_double(f), 0));
}
cell p_d_dot_r(struct forth *f)
{
    cell width = pop(f);
    return print_signed(f, pop_double(f), width);
}
cell p_emit(struct forth *f)
{
    ucell c = (ucell)pop(f);
    char text[4] = {(char)c};
    size_t size = 1;
    if (c > 0xff && c <= 0x10ffff) { /* beyond a byte: UTF-8 */
        size = c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;
        for (size_t i = size; i-- > 1; c >>= 6) text[i] = (char)(0x80 | (c & 0x3f));
        text[0] = (char)((0xf00 >> size & 0xf0) | c);
    }
    say(f, text, size);
    return 0;
}
cell p_type(struct forth *f)
{
    ucell size = (ucell)pop(f);
    const char *text = at(f, pop(f), size);
    if (size == 0) return 0;
    if (text == NULL) return THROW_ADDRESS;
    say(f, text, size);
    return 0;
}
cell p_cr(struct forth *f)
{
    say(f, "\n", 1);
    return 0;
}
cell p_space(struct forth *f)
{
    say(f, " ", 1);
    return 0;
}
cell p_spaces(struct forth *f)
{
    spaces(f, (cell)min_u64((ucell)(f->sp[0] < 0 ? 0 : f->sp[0]), 1 << 20));
    pop(f);
    return 0;
}
cell p_page(struct forth *f)
{
    if (forth_port_is_terminal(f->port)) say_string(f, "\x1b[2J\x1b[H");
    return 0;
}
static void type_number(struct forth *f, ucell u)
{
    char digits[65];
    say(f, digits, digits_text(u, 10, digits));
}
cell p_at_xy(struct forth *f)
{
    ucell row = (ucell)pop(f), column = (ucell)pop(f);
    if (!forth_port_is_terminal(f->port)) return 0;
    say_string(f, "\x1b[");
    type_number(f, row + 1);
    say(f, ";", 1);
    type_number(f, column + 1);
    say(f, "H", 1);
    return 0;
}

/* ---- keys ---- */
cell p_key(struct forth *f)
{
    forth_port_flush(f->port);
    int c = forth_port_key(f->port);
    if (c < 0) return THROW_CONSOLE;
    push(f, c);
    return 0;
}
cell p_key_question(struct forth *f)
{
    forth_port_flush(f->port);
    push(f, FLAG(forth_port_key_ready(f->port)));
    return 0;
}
/* Escape sequences as terminals send them: ESC [ or O, numbers, a letter or ~. */
static cell key_of_sequence(struct forth *f)
{
    static const char letters[] = "DCAB", tilde[] = "\1\5\2\11\3\12\4\6\5\7\6\10";
    int c = forth_port_key(f->port), first = 0, mask = 0;
    if (c != '[' && c != 'O') return 27;
    for (c = forth_port_key(f->port); c == ';' || (c >= '0' && c <= '9'); c = forth_port_key(f->port)) {
        if (c == ';')
            mask = -1;
        else if (mask < 0)
            mask = c - '0' - 1;
        else
            first = first * 10 + c - '0';
    }
    cell with = mask <= 0 ? 0 : (mask & 1) << 12 | (mask & 4) << 11 | (mask & 2) << 13;
    if (c == 'H' || c == 'F') return with | (c == 'H' ? 0x105 : 0x106);
    if (c >= 'P' && c <= 'S') return with | (0x111 + c - 'P');
    for (int i = 0; i < 4; i++)
        if (letters[i] == c) return with | (0x101 + i);
    if (c != '~') return 27;
    for (int i = 0; tilde[i] != 0; i += 2)
        if (tilde[i] == first) return with | (0x100 + tilde[i + 1]);
    if (first >= 15 && first <= 24) return with | (0x111 + first - (first > 22 ? 13 : first > 16 ? 12 : 11));
    return first >= 11 && first <= 14 ? with | (0x111 + first - 11) : 27;
}
cell p_ekey(struct forth *f)
{
    cell status = p_key(f);
    if (status == 0 && *f->sp == 27 && forth_port_key_ready(f->port)) *f->sp = key_of_sequence(f);
    return status;
}
cell p_ekey_question(struct forth *f)
{
    return p_key_question(f);
}
cell p_ekey_to_char(struct forth *f)
{
    push(f, FLAG((ucell)*f->sp < 0x100));
    return 0;
}
cell p_ekey_to_fkey(struct forth *f)
{
    push(f, FLAG((ucell)*f->sp >= 0x100));
    return 0;
}
cell p_emit_question(struct forth *f)
{
    push(f, TRUE_CELL);
    return 0;
}
cell p_accept(struct forth *f)
{
    cell max = pop(f), to = pop(f);
    if (max <= 0) {
        push(f, 0);
        return 0;
    }
    char *text = at(f, to, (ucell)max);
    if (text == NULL) return THROW_ADDRESS;
    forth_port_flush(f->port);
    int64_t size = forth_port_line(f->port, NULL, text, (size_t)max);
    push(f, size < 0 ? 0 : size);
    return 0;
}
cell p_ms(struct forth *f)
{
    ucell u = (ucell)pop(f);
    return sleep_for(f, u > (ucell)1 << 40 ? (ucell)1 << 60 : u * 1000000);
}
/* Days since 1970 to the calendar. Source: H. Hinnant, "chrono-compatible low-level date algorithms". */
cell p_time_and_date(struct forth *f)
{
    int64_t seconds = forth_port_wall_us(f->port) / 1000000, days = seconds / 86400, second = seconds % 86400;
    int64_t z = days + 719468, era = z / 146097, doe = z % 146097;
    int64_t yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365,
            doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
    int64_t mp = (5 * doy + 2) / 153, month = mp < 10 ? mp + 3 : mp - 9;
    push(f, second % 60);
    push(f, second / 60 % 60);
    push(f, second / 3600);
    push(f, doy - (153 * mp + 2) / 5 + 1);
    push(f, month);
    push(f, yoe + era * 400 + (month <= 2));
    return 0;
}

/* ---- the source ---- */
cell p_source(struct forth *f)
{
    size_t size;
    source_text(f, &size);
    push(f, f->sources[f->source_depth].text);
    push(f, (cell)size);
    return 0;
}
cell p_source_id(struct forth *f)
{
    const struct source *s = &f->sources[f->source_depth];
    push(f, s->kind == SOURCE_STRING ? -1
            : s->kind == SOURCE_FILE ? (cell)(FILE_TAG + 0x1000 + f->source_depth)
                                     : 0);
    return 0;
}
cell p_refill(struct forth *f)
{
    bool more;
    cell status = source_refill(f, &more);
    push(f, FLAG(more));
    return status;
}
/* What identifies the source, where its line began, >IN. */
cell p_save_input(struct forth *f)
{
    const struct source *s = &f->sources[f->source_depth];
    push(f, fixed(f, AT_IN));
    push(f, (cell)s->line);
    push(f, s->kind == SOURCE_FILE ? (cell)s->line_at : s->kind == SOURCE_BLOCK ? s->block : s->text);
    push(f, (cell)(f->source_depth << 8 | s->kind));
    push(f, 4);
    return 0;
}
cell p_restore_input(struct forth *f)
{
    cell n = pop(f);
    if (n < 0 || n > depth(f)) return THROW_STACK_UNDERFLOW;
    struct source *s = &f->sources[f->source_depth];
    cell *x = f->sp;
    f->sp += n;
    bool same = n == 4 && x[0] == (cell)(f->source_depth << 8 | s->kind), done = false;
    if (same && s->kind == SOURCE_FILE && (ucell)x[1] <= s->data_size) {
        bool more;
        s->file_at = (ucell)x[1];
        s->line = (uint32_t)x[2] - 1;
        done = source_refill(f, &more) == 0 && more;
    } else if (same && s->kind == SOURCE_BLOCK && x[1] > 0) {
        s->block = x[1];
        set_fixed(f, AT_BLK, s->block);
        done = true;
    } else if (same && s->kind != SOURCE_FILE)
        done = x[1] == s->text && x[2] == (cell)s->line;
    if (done) set_fixed(f, AT_IN, x[3]);
    push(f, FLAG(!done));
    return 0;
}
static void push_parsed(struct forth *f, const char *text, size_t size)
{
    size_t whole;
    const char *source = source_text(f, &whole);
    push(f, f->sources[f->source_depth].text + (text - source));
    push(f, (cell)size);
}
cell p_parse(struct forth *f)
{
    size_t size;
    const char *text = parse_until(f, (char)pop(f), &size);
    push_parsed(f, text, size);
    return 0;
}
cell p_parse_name(struct forth *f)
{
    const char *text;
    size_t size;
    next_name(f, &text, &size);
    push_parsed(f, text, size);
    return 0;
}
cell p_word(struct forth *f)
{
    char delimiter = (char)pop(f);
    size_t whole, size;
    const char *source = source_text(f, &whole);
    ucell in = (ucell)fixed(f, AT_IN);
    while (in < whole && (source[in] == delimiter || (delimiter == ' ' && (uint8_t)source[in] < ' '))) in++;
    set_fixed(f, AT_IN, (cell)in);
    const char *text = parse_until(f, delimiter, &size);
    if (size > 255) return THROW_STRING_OVERFLOW;
    f->bias[AT_WORD] = (uint8_t)size;
    memmove(f->bias + AT_WORD + 1, text, size);
    f->bias[AT_WORD + 1 + size] = ' ';
    push(f, AT_WORD);
    return 0;
}
cell p_char(struct forth *f)
{
    const char *text;
    size_t size;
    if (!next_name(f, &text, &size)) return THROW_NO_NAME;
    push(f, (uint8_t)text[0]);
    return 0;
}
cell p_bracket_char(struct forth *f)
{
    cell status = p_char(f);
    return status != 0 ? status : emit_literal(f, pop(f));
}
/* A file's comment goes on over lines until it ends. */
cell p_paren(struct forth *f)
{
    for (;;) {
        size_t size, whole;
        const char *text = parse_until(f, ')', &size), *source = source_text(f, &whole);
        if (text + size < source + whole || f->sources[f->source_depth].kind != SOURCE_FILE) return 0;
        bool more;
        cell status = source_refill(f, &more);
        if (status != 0 || !more) return status;
    }
}
cell p_backslash(struct forth *f)
{
    size_t size;
    const char *text = source_text(f, &size);
    ucell in = (ucell)fixed(f, AT_IN);
    if (f->sources[f->source_depth].kind == SOURCE_BLOCK) {
        set_fixed(f, AT_IN, (cell)min_u64((in + 63) & ~(ucell)63, size));
        return 0;
    }
    if (f->sources[f->source_depth].kind == SOURCE_STRING) { /* text of several lines: this one */
        if (in > 0 && in <= size && text[in - 1] == '\n') return 0;
        while (in < size && text[in] != '\n') in++;
        set_fixed(f, AT_IN, (cell)in);
        return 0;
    }
    set_fixed(f, AT_IN, (cell)size);
    return 0;
}
cell p_dot_paren(struct forth *f)
{
    size_t size;
    const char *text = parse_until(f, ')', &size);
    say(f, text, size);
    return 0;
}

/* ---- text in definitions ---- */
static cell keep_text(struct forth *f, const char *text, size_t size, cell *address)
{
    *address = f->here;
    cell status = allot(f, (cell)size);
    if (status == 0) memcpy(f->bias + *address, text, size);
    return status;
}
static cell compile_text(struct forth *f, const char *text, size_t size)
{
    cell address, status = keep_text(f, text, size, &address);
    if (status == 0) status = emit_literal(f, address);
    return status != 0 ? status : emit_literal(f, (cell)size);
}
static cell text_now(struct forth *f, const char *text, size_t size)
{
    if (size > STRING_BYTES) return THROW_STRING_OVERFLOW;
    push(f, transient(f, text, size));
    push(f, (cell)size);
    return 0;
}
cell p_s_quote(struct forth *f)
{
    size_t size;
    const char *text = parse_until(f, '"', &size);
    return f->compiling ? compile_text(f, text, size) : text_now(f, text, size);
}
cell p_dot_quote(struct forth *f)
{
    size_t size;
    const char *text = parse_until(f, '"', &size);
    cell status = compile_text(f, text, size);
    return status != 0 ? status : emit_op(f, OP_PRIM, P_type);
}
cell p_c_quote(struct forth *f)
{
    size_t size;
    const char *text = parse_until(f, '"', &size);
    if (size > 255) return THROW_STRING_OVERFLOW;
    cell address = f->here, rest, status = comma_byte(f, (uint8_t)size);
    if (status == 0) status = keep_text(f, text, size, &rest);
    return status != 0 ? status : emit_literal(f, address);
}
cell p_sliteral(struct forth *f)
{
    ucell size = (ucell)pop(f);
    const char *text = at(f, pop(f), size);
    return text == NULL && size != 0 ? THROW_ADDRESS : compile_text(f, text, size);
}
static int hex_digit(char c)
{
    return c >= '0' && c <= '9' ? c - '0' : (c | 32) >= 'a' && (c | 32) <= 'f' ? (c | 32) - 'a' + 10 : -1;
}
cell p_s_backslash_quote(struct forth *f)
{
    static const char escapes[] = "a\7b\bf\fl\nn\nq\"r\rt\tv\vz\0\"\"\\\\e\33";
    char made[LINE_BYTES];
    size_t whole, n = 0;
    const char *text = source_text(f, &whole);
    ucell in = (ucell)fixed(f, AT_IN);
    for (; in < whole && text[in] != '"' && n + 2 < sizeof made; in++) {
        if (text[in] != '\\' || in + 1 >= whole) {
            made[n++] = text[in];
            continue;
        }
        char c = text[++in];
        bool known = false;
        if (c == 'm') {
            made[n++] = '\r';
            made[n++] = '\n';
            known = true;
        } else if (c == 'x' && in + 2 < whole && hex_digit(text[in + 1]) >= 0 &&
                   hex_digit(text[in + 2]) >= 0) {
            made[n++] = (char)(hex_digit(text[in + 1]) * 16 + hex_digit(text[in + 2]));
            in += 2;
            known = true;
        }
        for (size_t i = 0; !known && i + 1 < sizeof escapes; i += 2)
            if (escapes[i] == c) {
                made[n++] = escapes[i + 1];
                known = true;
            }
        if (!known) return THROW_ARGUMENT_TYPE;
    }
    set_fixed(f, AT_IN, (cell)(in < whole ? in + 1 : in));
    return f->compiling ? compile_text(f, made, n) : text_now(f, made, n);
}
cell p_abort_quote(struct forth *f)
{
    size_t size;
    const char *text = parse_until(f, '"', &size);
    cell status = compile_text(f, text, size);
    return status != 0 ? status : emit_op(f, OP_PRIM, P_abort_quote_run);
}

cell p_to_number(struct forth *f)
{
    unsigned base;
    cell status = base_of(f, &base);
    if (status != 0) return status;
    ucell size = (ucell)pop(f);
    cell address = pop(f);
    unsigned __int128 ud = (unsigned __int128)pop_double(f);
    const char *text = at(f, address, size);
    if (text == NULL && size != 0) return THROW_ADDRESS;
    for (; size > 0; size--, address++, text++) {
        unsigned d = *text >= '0' && *text <= '9'                 ? (unsigned)(*text - '0')
                     : (*text | 32) >= 'a' && (*text | 32) <= 'z' ? (unsigned)((*text | 32) - 'a' + 10)
                                                                  : 99;
        if (d >= base) break;
        ud = ud * base + d;
    }
    push_double(f, (__int128)ud);
    push(f, address);
    push(f, (cell)size);
    return 0;
}

/* ---- strings ---- */
cell p_slash_string(struct forth *f)
{
    cell n = pop(f);
    f->sp[1] = (cell)((ucell)f->sp[1] + (ucell)n);
    f->sp[0] = (cell)((ucell)f->sp[0] - (ucell)n);
    return 0;
}
cell p_minus_trailing(struct forth *f)
{
    ucell size = (ucell)f->sp[0];
    const char *text = at(f, f->sp[1], size);
    if (text == NULL && size != 0) return THROW_ADDRESS;
    while (size > 0 && text[size - 1] == ' ') size--;
    f->sp[0] = (cell)size;
    return 0;
}
cell p_compare(struct forth *f)
{
    ucell b_size = (ucell)pop(f);
    const char *b = at(f, pop(f), b_size);
    ucell a_size = (ucell)pop(f);
    const char *a = at(f, pop(f), a_size);
    if ((a == NULL && a_size != 0) || (b == NULL && b_size != 0)) return THROW_ADDRESS;
    ucell both = min_u64(a_size, b_size);
    int order = both == 0 ? 0 : memcmp(a, b, both);
    if (order == 0) order = a_size < b_size ? -1 : a_size > b_size;
    push(f, order < 0 ? -1 : order > 0);
    return 0;
}
cell p_str_equal(struct forth *f)
{
    cell status = p_compare(f);
    if (status == 0) *f->sp = FLAG(*f->sp == 0);
    return status;
}
/* By the first byte, then the rest: long texts are left to the compiler's own vectors. */
static const char *find_text(const char *in, ucell in_size, const char *what, ucell size)
{
    if (size == 0) return in;
    for (const char *end = in + in_size; (ucell)(end - in) >= size; in++) {
        while ((ucell)(end - in) >= size && *in != *what) in++;
        if ((ucell)(end - in) < size) return NULL;
        if (memcmp(in, what, size) == 0) return in;
    }
    return NULL;
}
cell p_search(struct forth *f)
{
    ucell size = (ucell)pop(f);
    const char *what = at(f, pop(f), size);
    ucell in_size = (ucell)f->sp[0];
    const char *in = at(f, f->sp[1], in_size);
    if ((what == NULL && size != 0) || (in == NULL && in_size != 0)) return THROW_ADDRESS;
    const char *found = in_size < size ? NULL : find_text(in, in_size, what, size);
    if (found != NULL && size != 0) {
        f->sp[1] += found - in;
        f->sp[0] -= found - in;
    }
    push(f, FLAG(found != NULL || size == 0));
    return 0;
}
cell p_unescape(struct forth *f)
{
    cell to = pop(f);
    ucell size = (ucell)pop(f);
    const char *text = at(f, pop(f), size);
    if (text == NULL && size != 0) return THROW_ADDRESS;
    ucell n = 0;
    for (ucell i = 0; i < size; i++) n += text[i] == '%' ? 2 : 1;
    char *made = at(f, to, n);
    if (made == NULL && n != 0) return THROW_ADDRESS;
    for (ucell i = 0, j = 0; i < size; i++) {
        made[j++] = text[i];
        if (text[i] == '%') made[j++] = '%';
    }
    push(f, to);
    push(f, (cell)n);
    return 0;
}
static int substitution_find(struct forth *f, const char *name, size_t size)
{
    for (uint32_t i = 0; i < f->substitution_count; i++)
        if (f->substitution_name_size[i] == size &&
            text_equal(f->names + f->substitution_name[i], name, size))
            return (int)i;
    return -1;
}
cell p_replaces(struct forth *f)
{
    ucell name_size = (ucell)pop(f);
    const char *name = at(f, pop(f), name_size);
    ucell size = (ucell)pop(f);
    const char *text = at(f, pop(f), size);
    if ((name == NULL && name_size != 0) || (text == NULL && size != 0)) return THROW_ADDRESS;
    if (name_size > 255 || size > 65535) return THROW_REPLACES;
    for (ucell i = 0; i < name_size; i++)
        if (name[i] == '%') return THROW_REPLACES;
    int i = substitution_find(f, name, name_size);
    if (i < 0) {
        if (f->substitution_count >= SUBSTITUTIONS) return THROW_REPLACES;
        uint32_t kept = name_keep(f, name, name_size);
        if (kept == 0 && name_size != 0) return THROW_REPLACES;
        i = (int)f->substitution_count++;
        f->substitution_name[i] = kept;
        f->substitution_name_size[i] = (uint16_t)name_size;
    }
    uint32_t kept = name_keep(f, text, size);
    if (kept == 0 && size != 0) return THROW_REPLACES;
    f->substitution_text[i] = kept;
    f->substitution_text_size[i] = (uint16_t)size;
    return 0;
}
cell p_substitute(struct forth *f)
{
    ucell max = (ucell)pop(f);
    cell to = pop(f);
    ucell size = (ucell)pop(f);
    cell from = pop(f);
    const char *text = at(f, from, size);
    char *made = at(f, to, max), copy[STRING_BYTES];
    if ((text == NULL && size != 0) || (made == NULL && max != 0)) return THROW_ADDRESS;
    if (size > sizeof copy) return THROW_SUBSTITUTE;
    if (size != 0) memcpy(copy, text, size); /* the buffer may lie over the text */
    ucell n = 0;
    cell done = 0;
    for (ucell i = 0; i < size;) {
        const char *piece = copy + i;
        ucell piece_size = 1, end = i + 1;
        if (copy[i] == '%') {
            while (end < size && copy[end] != '%') end++;
            int s = end < size ? substitution_find(f, copy + i + 1, end - i - 1) : -1;
            if (end >= size) {
                piece_size = size - i;
                i = size;
            } else if (end == i + 1) {
                i = end + 1;
            } else if (s < 0) {
                piece_size = end - i;
                i = end;
                if (copy[i] == '%') {
                    piece_size++;
                    i++;
                }
            } else {
                piece = f->names + f->substitution_text[s];
                piece_size = f->substitution_text_size[s];
                done++;
                i = end + 1;
            }
        } else
            i++;
        if (piece_size > max - n) {
            done = THROW_SUBSTITUTE;
            break;
        }
        memcpy(made + n, piece, piece_size);
        n += piece_size;
    }
    push(f, to);
    push(f, (cell)n);
    push(f, done);
    return 0;
}
