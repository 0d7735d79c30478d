/* Text to atoms. */
#include "runtime/reader/internal.h"
#include "runtime/reader/chars.h"
#include "runtime/value/number.h"
#include "base/utf8.h"

#define SPACE_STEP 16384u /* bytes of white space or literal text passed before the work is looked at */
#define STRING_SHORT 512u /* a literal that is this short and has no escapes is taken as it lies */
#define TOKEN_MAX 65536u  /* bytes of a name */
#define ARGUMENT_MAX 255

const uint8_t reader_byte_class[256] = {
    ['\t'] = BYTE_SPACE | BYTE_END,
    ['\n'] = BYTE_SPACE | BYTE_END,
    ['\v'] = BYTE_SPACE | BYTE_END,
    ['\f'] = BYTE_SPACE | BYTE_END,
    ['\r'] = BYTE_SPACE | BYTE_END,
    [' '] = BYTE_SPACE | BYTE_END,
    [','] = BYTE_SPACE | BYTE_END,
    [0x1c] = BYTE_SPACE | BYTE_END,
    [0x1d] = BYTE_SPACE | BYTE_END,
    [0x1e] = BYTE_SPACE | BYTE_END,
    [0x1f] = BYTE_SPACE | BYTE_END,
    ['"'] = BYTE_END,
    [';'] = BYTE_END,
    ['^'] = BYTE_END,
    ['`'] = BYTE_END,
    ['~'] = BYTE_END,
    ['('] = BYTE_END,
    [')'] = BYTE_END,
    ['['] = BYTE_END,
    [']'] = BYTE_END,
    ['{'] = BYTE_END,
    ['}'] = BYTE_END,
    ['\\'] = BYTE_END,
    ['@'] = BYTE_END,
};

static void newline(struct reader *r) /* at stands behind it */
{
    r->line++;
    r->line_start = (int64_t)r->at;
    r->line_extra = 0;
}

/* Length of the white space that is not ASCII at `at`; 0: there is none. */
static unsigned wide_space(const struct reader *r)
{
    uint32_t c;
    if ((uint8_t)r->bytes[r->at] < 0xc2) return 0;
    unsigned n = utf8_decode(r->bytes + r->at, r->size - r->at, &c);
    return n && (char_is_space(c) || (c == 0xfeff && r->at == 0)) ? n : 0;
}

/* To the end of the line; false: not reached within the step. */
static bool skip_comment(struct reader *r, uint64_t stop)
{
    while (r->at < stop && r->bytes[r->at] != '\n') r->line_extra += utf8_is_continuation(r->bytes[r->at++]);
    r->in_comment = r->at < r->size && r->bytes[r->at] != '\n';
    return !r->in_comment;
}

/* At the top level, comments directly above a form (no blank line between) belong to it. */
static void note_comment(struct reader *r)
{
    if (r->frame.kind != K_TOP || r->comment_start != UINT64_MAX) return;
    if (r->line == r->first_line && r->first_mid_line) return; /* behind the form before */
    r->comment_start = r->at;
}

bool scan_space(struct reader *r)
{
    uint64_t stop = min_u64(r->size, r->at + SPACE_STEP), begin = r->at;
    bool content = true; /* something other than white space since the line began */
    while (r->at < stop) {
        uint8_t c = (uint8_t)r->bytes[r->at];
        if (r->in_comment || c == ';' || (c == '#' && r->at + 1 < r->size && r->bytes[r->at + 1] == '!')) {
            if (!r->in_comment) note_comment(r);
            content = true;
            if (!skip_comment(r, stop)) break;
        } else if (c == '\n') {
            if (!content) r->comment_start = UINT64_MAX;
            content = false;
            r->at++;
            newline(r);
        } else if (reader_byte_class[c] & BYTE_SPACE) {
            r->at++;
        } else {
            unsigned n = wide_space(r);
            if (n == 0) break;
            r->at += n;
            r->line_extra += n - 1;
        }
    }
    r->work -= (int64_t)((r->at - begin) / 32);
    if (r->at == r->size) return true;
    return r->at < stop || begin == stop;
}

size_t token_end(const struct reader *r, uint64_t from)
{
    while (from < r->size && !(reader_byte_class[(uint8_t)r->bytes[from]] & BYTE_END)) {
        if ((uint8_t)r->bytes[from] >= 0xe1) { /* wide white space ends a token, too */
            uint32_t c;
            unsigned n = utf8_decode(r->bytes + from, r->size - from, &c);
            if (char_is_space(c)) break;
            from += n;
        } else {
            from++;
        }
    }
    return from;
}

void reader_pass(struct reader *r, uint64_t end)
{
    r->line_extra += (uint32_t)(end - r->at - utf8_count(r->bytes + r->at, end - r->at));
    r->work -= (int64_t)((end - r->at) / 16) + 1;
    r->at = end;
}

/* ---- names ---- */

bool name_split(const char *s, size_t size, bool keyword, struct name_parts *parts)
{
    *parts = (struct name_parts){.name = s, .name_size = size};
    if (size == 0) return false;
    if (size == 1 && s[0] == '/') return true;
    for (size_t i = 0; i < size; i++) {
        if (reader_byte_class[(uint8_t)s[i]] & BYTE_END) return false;
        uint32_t c;
        if ((uint8_t)s[i] >= 0xe1 && utf8_decode(s + i, size - i, &c) && char_is_space(c)) return false;
        if (s[i] == '/' && !parts->ns) {
            *parts = (struct name_parts){.ns = s, .ns_size = i, .name = s + i + 1, .name_size = size - i - 1};
            if (i == 0 || parts->name_size == 0 || s[i - 1] == ':') return false;
        }
        if (s[i] == ':' && (i + 1 == size || s[i + 1] == ':')) return false;
    }
    bool name_slash = parts->name[parts->name_size - 1] == '/';
    if (name_slash && (parts->name_size > 1 && parts->name[parts->name_size - 2] != '/')) return false;
    if (keyword) return s[0] != ':';
    if (parts->ns && parts->ns[0] >= '0' && parts->ns[0] <= '9') return false;
    if (parts->ns && (parts->ns[0] == '#' || parts->ns[0] == ':')) return false;
    if ((s[0] == '+' || s[0] == '-') && size > 1 && s[1] >= '0' && s[1] <= '9') return false;
    return s[0] != ':' && s[0] != '#' && s[0] != '\'' && !(parts->name[0] >= '0' && parts->name[0] <= '9');
}

static value part_string(struct reader *r, const char *s, size_t size)
{
    return s ? string_make_unchecked(r->p, s, size) : NIL;
}

value reader_symbol(struct reader *r, const char *bytes, size_t size)
{
    struct name_parts n;
    if (!name_split(bytes, size, false, &n)) return VAL_ABSENT;
    return name_from_bytes(r->p, false, n.ns, n.ns_size, n.name, n.name_size);
}

value reader_option(struct reader *r, const char *name)
{
    if (!is_map(r->v[RV_OPTIONS])) return VAL_ABSENT;
    value v = map_get_keyword(r->v[RV_OPTIONS], keyword_c(r->p, NULL, name));
    return v == NIL || is_sentinel(v) ? VAL_ABSENT : v;
}

value reader_alias(struct reader *r, value alias)
{
    value aliases = reader_option(r, "aliases");
    value ns = is_map(aliases) ? map_get(aliases, symbol_make(r->p, NIL, alias)) : VAL_ABSENT;
    return is_symbol(ns) ? name_name(ns) : VAL_ABSENT;
}

value reader_own_namespace(struct reader *r)
{
    value ns = reader_option(r, "ns");
    return is_symbol(ns) ? name_name(ns) : string_make_unchecked(r->p, "user", 4);
}

static value scan_keyword(struct reader *r, struct place start, const char *s, size_t size)
{
    bool own = size > 1 && s[1] == ':';
    struct name_parts n;
    s += 1 + own;
    size -= 1 + own;
    if (!name_split(s, size, true, &n))
        return reader_fail(r, start, "a keyword", size == 0 && r->at == r->size, "this is not a keyword");
    if (!own) return name_from_bytes(r->p, true, n.ns, n.ns_size, n.name, n.name_size);
    value ns = part_string(r, n.ns, n.ns_size), name = part_string(r, n.name, n.name_size);
    if (ns == VAL_ERROR || name == VAL_ERROR) return VAL_ERROR;
    if (ns == NIL) {
        ns = reader_own_namespace(r);
    } else {
        value full = reader_alias(r, ns);
        if (full == VAL_ABSENT)
            return reader_fail(r, start, "an alias of this namespace", false, "::%S/%S: there is no alias %S",
                               ns, name, ns);
        ns = full;
    }
    return name_from_strings(r->p, true, ns, name);
}

static bool token_is(const char *s, size_t size, const char *wanted)
{
    return size == __builtin_strlen(wanted) && __builtin_memcmp(s, wanted, size) == 0;
}

static value number_checked(struct reader *r, struct place start, value v)
{
    if (v == VAL_ABSENT) return reader_fail(r, start, "a number", false, "this is not a number");
    if (v == VAL_ERROR && r->at - start.offset <= NUMBER_PARSE_DIRECT)
        return reader_fail(r, start, "a number", false, "the denominator is zero");
    return v; /* VAL_ERROR: beyond the limits of numbers */
}

static value scan_number(struct reader *r, struct place start, const char *s, size_t size)
{
    value v = size > NUMBER_PARSE_DIRECT ? VAL_SLOW : number_parse(r->p, s, size);
    if (v != VAL_SLOW) return number_checked(r, start, v);
    reader_push(r, K_NUMBER, start);
    return scan_number_on(r);
}

/* The token of a K_NUMBER frame lies between its start and `at`. */
value scan_number_on(struct reader *r)
{
    struct place start = r->frame.start;
    struct process *p = r->p;
    reader_charge(r);
    int32_t before = p->reductions;
    value v = number_parse_resume(p, r->bytes + start.offset, r->at - start.offset, &r->v[RV_ACC]);
    int64_t used = (int64_t)before - p->reductions;
    r->work = r->charged = v == VAL_YIELD || used > r->work ? 0 : r->work - used;
    if (v == VAL_YIELD) return VAL_ABSENT;
    r->v[RV_ACC] = NIL;
    v = number_checked(r, start, v);
    reader_pop(r);
    return v;
}

value scan_token(struct reader *r)
{
    struct place start = reader_place(r);
    uint64_t end = token_end(r, r->at);
    const char *s = r->bytes + r->at;
    size_t size = end - r->at;
    reader_pass(r, end);
    bool digit = s[0] >= '0' && s[0] <= '9';
    if (digit || (size > 1 && (s[0] == '-' || s[0] == '+') && s[1] >= '0' && s[1] <= '9'))
        return scan_number(r, start, s, size);
    if (size > TOKEN_MAX)
        return reader_fail(r, start, "a shorter name", false, "this name has %u bytes", (uint64_t)size);
    if (s[0] == ':') return scan_keyword(r, start, s, size);
    if (token_is(s, size, "nil")) return NIL;
    if (token_is(s, size, "true")) return TRUE_;
    if (token_is(s, size, "false")) return FALSE_;
    value symbol = reader_symbol(r, s, size);
    if (symbol == VAL_ABSENT) return reader_fail(r, start, "a symbol", false, "this is not a symbol");
    return symbol;
}

value scan_symbolic(struct reader *r)
{
    struct place start = reader_place(r);
    uint64_t end = token_end(r, r->at);
    const char *s = r->bytes + r->at;
    size_t size = end - r->at;
    reader_pass(r, end);
    if (token_is(s, size, "Inf")) return from_double(__builtin_inf());
    if (token_is(s, size, "-Inf")) return from_double(-__builtin_inf());
    if (token_is(s, size, "NaN")) return from_double(__builtin_nan(""));
    return reader_fail(r, start, "Inf, -Inf or NaN", size == 0 && end == r->size,
                       "after ## comes Inf, -Inf or NaN");
}

value scan_argument(struct reader *r)
{
    struct place start = reader_place(r);
    uint64_t end = token_end(r, r->at), id = reader_name_id(r, r->fn_start - 1);
    const char *s = r->bytes + r->at + 1;
    size_t size = end - r->at - 1;
    reader_pass(r, end);
    if (token_is(s, size, "&")) {
        r->fn_rest = true;
        return reader_name(r, "rest", 4, id, "#");
    }
    uint32_t n = size == 0;
    for (size_t i = 0; i < size; i++) {
        n = s[i] >= '0' && s[i] <= '9' && n <= ARGUMENT_MAX ? n * 10 + (uint32_t)(s[i] - '0')
                                                            : ARGUMENT_MAX + 1;
    }
    if (n == 0 || n > ARGUMENT_MAX)
        return reader_fail(r, start, "%, %& or %1 to %255", false, "this is not an argument of #()");
    if (n > r->fn_max) r->fn_max = n;
    char prefix[8] = "p";
    unsigned used = 1;
    if (n >= 100) prefix[used++] = (char)('0' + n / 100);
    if (n >= 10) prefix[used++] = (char)('0' + n / 10 % 10);
    prefix[used++] = (char)('0' + n % 10);
    return reader_name(r, prefix, used, id, "#");
}

/* ---- characters ---- */

static int digit_of(char c, unsigned radix)
{
    int d = c >= '0' && c <= '9'   ? c - '0'
            : c >= 'a' && c <= 'f' ? c - 'a' + 10
            : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                   : 99;
    return d < (int)radix ? d : -1;
}

/* All of s as a code point; false: it is none. */
static bool code_point(const char *s, size_t size, unsigned radix, uint32_t *c)
{
    uint32_t u = 0;
    if (size == 0 || size > 8) return false;
    for (size_t i = 0; i < size; i++) {
        int d = digit_of(s[i], radix);
        if (d < 0) return false;
        u = u * radix + (uint32_t)d;
    }
    *c = u;
    return u <= 0x10ffff;
}

static bool named_character(const char *s, size_t size, uint32_t *c)
{
    for (unsigned i = 0; i < char_name_count; i++)
        if (token_is(s, size, char_names[i].name)) {
            *c = char_names[i].code;
            return true;
        }
    if (s[0] == 'u' && size == 5) return code_point(s + 1, 4, 16, c) && utf8_is_scalar(*c);
    if (s[0] == 'o' && size <= 4) return code_point(s + 1, size - 1, 8, c) && *c <= 0377;
    return false;
}

value scan_character(struct reader *r)
{
    struct place start = reader_place(r);
    uint32_t c;
    if (r->at == r->size)
        return reader_fail(r, start, "a character", true, "the text ends after a backslash");
    unsigned first = utf8_decode(r->bytes + r->at, r->size - r->at, &c);
    const char *s = r->bytes + r->at;
    if (c == 'u' && r->at + 1 < r->size && s[1] == '{') { /* \u{...}: braces would end a token */
        uint64_t end = r->at + 2;
        while (end < r->size && end < r->at + 10 && r->bytes[end] != '}') end++;
        if (end == r->size) return reader_fail(r, start, "}", true, "the text ends inside \\u{");
        bool good = code_point(s + 2, end - r->at - 2, 16, &c) && utf8_is_scalar(c) && r->bytes[end] == '}';
        if (!good)
            return reader_fail(r, start, "\\u{1 to 6 hexadecimal digits}", false, "this is not a code point");
        r->at = end + 1;
        return from_char(c);
    }
    uint64_t end = token_end(r, r->at + first);
    size_t size = end - r->at;
    if (size == first) {
        r->at = end;
        r->line_extra += first - 1;
        if (c == '\n') newline(r);
        return from_char(c);
    }
    if (!named_character(s, size, &c))
        return reader_fail(r, start, "a character", false, "there is no character of this name");
    reader_pass(r, end);
    return from_char(c);
}

/* ---- string literals ---- */

static value string_bad(struct reader *r, const char *expected, const char *what)
{
    return reader_fail(r, reader_place(r), expected, false, "%s", what);
}

static bool hex4(const struct reader *r, uint64_t at, uint32_t *c)
{
    return r->size - at >= 4 && code_point(r->bytes + at, 4, 16, c);
}

/* The text ends after up to three hexadecimal digits. */
static bool hex4_cut(const struct reader *r, uint64_t at)
{
    for (unsigned i = 0; i < 4; i++, at++) {
        if (at == r->size) return true;
        if (digit_of(r->bytes[at], 16) < 0) return false;
    }
    return false;
}

/* at stands on the u of an escape. */
static value escape_unicode(struct reader *r)
{
    uint32_t c, low;
    uint64_t at = r->at + 1;
    if (at < r->size && r->bytes[at] == '{') {
        uint64_t end = at + 1;
        while (end < r->size && end < at + 8 && r->bytes[end] != '}') end++;
        if (end == r->size) return reader_end_of_text(r);
        if (r->bytes[end] != '}' || !code_point(r->bytes + at + 1, end - at - 1, 16, &c) ||
            !utf8_is_scalar(c))
            return string_bad(r, "\\u{1 to 6 hexadecimal digits}", "this is not a code point");
        at = end + 1;
    } else {
        if (hex4_cut(r, at)) return reader_end_of_text(r);
        if (!hex4(r, at, &c))
            return string_bad(r, "\\u and four hexadecimal digits", "this is not a code point");
        at += 4;
        if (c >= 0xd800 && c < 0xdc00 && at + 6 <= r->size && r->bytes[at] == '\\' &&
            r->bytes[at + 1] == 'u' && hex4(r, at + 2, &low) && low >= 0xdc00 && low < 0xe000) {
            c = 0x10000 + ((c - 0xd800) << 10) + (low - 0xdc00);
            at += 6;
        }
        if (!utf8_is_scalar(c)) return string_bad(r, "a code point", "a surrogate stands alone");
    }
    text_char(&r->text, c);
    r->at = at;
    return NIL;
}

static value escape_octal(struct reader *r)
{
    uint32_t c = 0;
    unsigned n = 0;
    while (n < 3 && r->at + n < r->size && digit_of(r->bytes[r->at + n], 8) >= 0)
        c = c * 8 + (uint32_t)digit_of(r->bytes[r->at + n++], 8);
    if (c > 0377) return string_bad(r, "\\0 to \\377", "an octal escape is at most 377");
    text_char(&r->text, c);
    r->at += n;
    return NIL;
}

/* at stands behind the backslash. */
static value escape(struct reader *r)
{
    if (r->at == r->size) return reader_end_of_text(r);
    char c = r->bytes[r->at];
    switch (c) {
    case 'n': c = '\n'; break;
    case 't': c = '\t'; break;
    case 'r': c = '\r'; break;
    case 'b': c = '\b'; break;
    case 'f': c = '\f'; break;
    case '"':
    case '\\': break;
    case 'u': return escape_unicode(r);
    default:
        if (c >= '0' && c <= '7') return escape_octal(r);
        return string_bad(r, "one of \\n \\t \\r \\b \\f \\\" \\\\ \\uXXXX \\u{...} \\0 to \\377",
                          "there is no such escape");
    }
    text_byte(&r->text, c);
    r->at++;
    return NIL;
}

/* In a regular expression a backslash and what follows stay as they are. */
static value escape_regex(struct reader *r)
{
    if (r->at == r->size) return reader_end_of_text(r);
    text_byte(&r->text, '\\');
    if (r->bytes[r->at] == '"' || r->bytes[r->at] == '\\') text_byte(&r->text, r->bytes[r->at++]);
    return NIL;
}

/* Bytes from `at` on that stand for themselves, at most up to stop. */
static uint64_t plain_end(struct reader *r, uint64_t stop)
{
    uint64_t i = r->at;
    for (; i < stop; i++) {
        char c = r->bytes[i];
        if (c == '"' || c == '\\') break;
        if (c == '\n') {
            r->line++;
            r->line_start = (int64_t)i + 1;
            r->line_extra = 0;
        }
        r->line_extra += utf8_is_continuation(c);
    }
    return i;
}

static value string_done(struct reader *r, value s)
{
    bool regex = r->frame.kind == K_REGEX;
    r->at++;
    reader_pop(r);
    return regex ? regex_make(r->p, s) : s;
}

value scan_string_on(struct reader *r)
{
    uint64_t stop = min_u64(r->size, r->at + SPACE_STEP), begin = r->at;
    while (r->at < stop) {
        uint64_t end = plain_end(r, stop);
        text_put(&r->text, r->bytes + r->at, end - r->at);
        r->at = end;
        if (end == stop) break;
        if (r->bytes[end] == '"') {
            value s = text_finish(&r->text, &r->work);
            if (s == VAL_YIELD) return VAL_ABSENT; /* comes here again, at the quote */
            return s == VAL_ERROR ? s : string_done(r, s);
        }
        r->at++;
        value e = r->frame.kind == K_REGEX ? escape_regex(r) : escape(r);
        if (e == VAL_ERROR) return e;
    }
    r->work -= (int64_t)((r->at - begin) / 16);
    return r->at == r->size ? reader_end_of_text(r) : VAL_ABSENT;
}

value scan_string(struct reader *r, struct place start, bool regex)
{
    uint64_t stop = min_u64(r->size, r->at + STRING_SHORT), i = r->at;
    while (i < stop && r->bytes[i] != '"' && r->bytes[i] != '\\' && r->bytes[i] != '\n') i++;
    if (!regex && i < stop && r->bytes[i] == '"') {
        value s = string_make_unchecked(r->p, r->bytes + r->at, i - r->at);
        reader_pass(r, i);
        r->at++;
        return s;
    }
    reader_push(r, regex ? K_REGEX : K_STRING, start);
    text_init(&r->text, r->p);
    return scan_string_on(r);
}
