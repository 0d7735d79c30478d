/* Patterns to programs in one pass, without a syntax tree: every construct is code in place, with relative jumps, so that a
 * quantifier can wrap, copy or drop the code of the atom before it.  Groups are kept on a stack of fixed depth. */
#include "base/utf8.h"
#include "runtime/value/regex.h"
#include "runtime/value/regex_program.h"
#include "runtime/value/regex_set.h"
#include "runtime/value/string.h"
#include "runtime/vm/prim.h"
#include "spec/limits.h"

enum { GROUP_DEPTH = 200, CLASS_DEPTH = 6, REPEAT_MAX = 100000 };
enum { FLAG_I = 1, FLAG_M = 2, FLAG_S = 4, FLAG_X = 8, FLAG_D = 16 };
#define NONE UINT32_MAX

struct group {
    uint32_t start;       /* first instruction of the group */
    uint32_t alternative; /* first instruction of the alternative being read */
    uint32_t jumps;       /* chain of the jumps to the group's end, linked through y; NONE ends it */
    uint32_t slot;        /* of its end; NONE: not capturing */
    uint32_t flags;       /* to go back to */
};

struct compiler {
    struct process *p;
    const char *text, *at, *end;
    const char *error; /* message, once something is wrong */
    bool too_large;
    uint32_t flags, captures, depth;
    struct object *code_object, *class_object;
    struct regex_insn *code;
    uint32_t count, room;
    uint32_t *classes, class_count, class_room;
    uint32_t last; /* first instruction of the atom that a quantifier would apply to, or NONE */
    struct group groups[GROUP_DEPTH];
};

static bool fail(struct compiler *c, const char *message)
{
    if (c->error == NULL) c->error = message;
    return false;
}

/* ---- code ---- */

/* Room for n more instructions at `where`, what lies there moves up. */
static bool open_gap(struct compiler *c, uint32_t where, uint32_t n)
{
    if ((uint64_t)c->count + n > LIMIT_REGEX_PROGRAM) {
        c->too_large = true;
        return fail(c, "the program would be too large");
    }
    if (c->count + n > c->room) {
        uint32_t room = c->count + n < 2 * c->room ? 2 * c->room : c->count + n;
        if (room > 4096 && heap_reserve(c->p, room) == VAL_ERROR) {
            c->too_large = true;
            return fail(c, "no memory for the program");
        }
        struct object *o = heap_alloc(c->p, T_STATE_RAW, 0, room);
        __builtin_memcpy(o->p, c->code, c->count * sizeof *c->code);
        c->code_object = o;
        c->code = (struct regex_insn *)o->p;
        c->room = room;
    }
    __builtin_memmove(c->code + where + n, c->code + where, (c->count - where) * sizeof *c->code);
    c->count += n;
    return true;
}

static bool insert(struct compiler *c, uint32_t where, uint16_t op, uint32_t x, int32_t y)
{
    if (!open_gap(c, where, 1)) return false;
    c->code[where] = (struct regex_insn){op, (uint16_t)x, y};
    return true;
}

static bool emit(struct compiler *c, uint16_t op, uint32_t x, int32_t y)
{
    return insert(c, c->count, op, x, y);
}

static bool emit_atom(struct compiler *c, uint16_t op, uint32_t x, int32_t y)
{
    c->last = c->count;
    return emit(c, op, x, y);
}

static bool emit_class(struct compiler *c, const struct regex_set *s)
{
    if (s->n > REGEX_SET_MAX) return fail(c, "a character class is too complex");
    uint32_t need = 6 + 2 * s->n, at = c->class_count;
    if (at + need > c->class_room) {
        uint32_t room = 2 * (at + need);
        if (room > 8192 && heap_reserve(c->p, room / 2) == VAL_ERROR)
            return fail(c, "no memory for the program");
        struct object *o = heap_alloc(c->p, T_STATE_RAW, 0, room / 2);
        if (at != 0) __builtin_memcpy(o->p, c->classes, at * sizeof *c->classes);
        c->class_object = o;
        c->classes = (uint32_t *)o->p;
        c->class_room = room;
    }
    uint32_t *w = c->classes + at, ranges = 0;
    __builtin_memset(w, 0, 5 * sizeof *w);
    for (uint32_t i = 0; i < s->n; i++) {
        uint32_t low = s->range[i][0], high = s->range[i][1];
        for (; low <= high && low < 128; low++) w[low >> 5] |= 1u << (low & 31);
        if (low > high) continue;
        w[5 + 2 * ranges] = low;
        w[5 + 2 * ranges + 1] = high;
        ranges++;
    }
    w[4] = ranges | (s->categories != 0 ? RX_CLASS_CATEGORIES : 0) | (s->inverted ? RX_CLASS_INVERTED : 0);
    w[5 + 2 * ranges] = s->categories;
    c->class_count = at + 6 + 2 * ranges;
    return emit_atom(c, RX_CLASS, 0, (int32_t)at);
}

static bool emit_char(struct compiler *c, uint32_t ch)
{
    uint32_t lower = ch | 0x20;
    if ((c->flags & FLAG_I) && lower >= 'a' && lower <= 'z' && ch < 128)
        return emit_atom(c, RX_FOLD, 0, (int32_t)lower);
    return emit_atom(c, RX_CHAR, 0, (int32_t)ch);
}

/* ---- quantifiers ---- */

/* n copies of the code from `from` (length len) at the end. */
static bool copy_code(struct compiler *c, uint32_t from, uint32_t len)
{
    if (!open_gap(c, c->count, len)) return false;
    __builtin_memcpy(c->code + c->count - len, c->code + from, len * sizeof *c->code);
    return true;
}

/* x* is (x+)?, and an empty iteration ends the loop, as in a backtracking matcher. */
static bool star(struct compiler *c, uint32_t from, bool lazy, bool at_least_once)
{
    uint32_t len = c->count - from;
    if (!emit(c, lazy ? RX_SPLIT_NEXT : RX_SPLIT_JUMP, 0, -(int32_t)len)) return false;
    return at_least_once || insert(c, from, lazy ? RX_SPLIT_JUMP : RX_SPLIT_NEXT, 0, (int32_t)len + 2);
}

/* The atom at c->last, min to max times (max NONE: no bound). */
static bool repeat(struct compiler *c, uint32_t min, uint32_t max, bool lazy)
{
    uint16_t in = lazy ? RX_SPLIT_JUMP : RX_SPLIT_NEXT;
    uint32_t from = c->last, len = c->count - from;
    c->last = NONE;
    if (max == 0) {
        c->count = from;
        return true;
    }
    if (max == NONE && min <= 1) return star(c, from, lazy, min == 1);
    if (len == 0) return true; /* nothing, any number of times */
    uint32_t rest = max == NONE ? 1 : max - min;
    uint64_t total = (uint64_t)len * (min + (uint64_t)rest) + rest;
    if (c->count + total > LIMIT_REGEX_PROGRAM) {
        c->too_large = true;
        return fail(c, "the program would be too large");
    }
    for (uint32_t i = 1; i < min; i++)
        if (!copy_code(c, from, len)) return false;
    if (max == NONE) return star(c, c->count - len, lazy, true);
    /* x{2,4}: x x (x (x)?)?, all optional ones leaving to the same place. */
    for (uint32_t i = 0; i < rest; i++) {
        int32_t out = (int32_t)((rest - i) * (len + 1));
        if (min == 0 && i == 0) {
            if (!insert(c, from, in, 0, out)) return false;
            from++;
        } else if (!emit(c, in, 0, out) || !copy_code(c, from, len)) {
            return false;
        }
    }
    return true;
}

static bool read_number(struct compiler *c, uint32_t *n)
{
    const char *start = c->at;
    *n = 0;
    for (; c->at < c->end && *c->at >= '0' && *c->at <= '9'; c->at++) {
        *n = *n * 10 + (uint32_t)(*c->at - '0');
        if (*n > REPEAT_MAX) {
            c->too_large = true;
            return fail(c, "a repetition count is too large");
        }
    }
    return c->at > start || fail(c, "illegal repetition");
}

static bool quantifier(struct compiler *c, char q)
{
    uint32_t min = q == '+', max = q == '?' ? 1 : NONE;
    /* As in Java, {n} with nothing before it repeats nothing, where * + ? are errors. */
    bool nothing = c->last == NONE;
    if (nothing && q != '{') return fail(c, "dangling quantifier");
    c->at++;
    if (q == '{') {
        if (!read_number(c, &min)) return false;
        max = min;
        if (c->at < c->end && *c->at == ',') {
            c->at++;
            max = NONE;
            if (c->at < c->end && *c->at != '}' && !read_number(c, &max)) return false;
        }
        if (c->at == c->end || *c->at != '}') return fail(c, "unclosed counted closure");
        c->at++;
        if (max < min) return fail(c, "illegal repetition range");
    }
    bool lazy = c->at < c->end && *c->at == '?';
    if (lazy) c->at++;
    if (!lazy && c->at < c->end && *c->at == '+') return fail(c, "possessive quantifiers are not supported");
    return nothing || repeat(c, min, max, lazy);
}

/* ---- escapes ---- */

static int hex_digit(char ch)
{
    if (ch >= '0' && ch <= '9') return ch - '0';
    ch |= 0x20;
    return ch >= 'a' && ch <= 'f' ? ch - 'a' + 10 : -1;
}

/* Exactly n hexadecimal digits. */
static bool read_hex(struct compiler *c, unsigned n, uint32_t *value)
{
    *value = 0;
    for (unsigned i = 0; i < n; i++) {
        int d = c->at < c->end ? hex_digit(*c->at) : -1;
        if (d < 0) return fail(c, "illegal hexadecimal escape");
        *value = *value << 4 | (uint32_t)d;
        c->at++;
    }
    return true;
}

static bool read_hex_braces(struct compiler *c, uint32_t *value)
{
    *value = 0;
    const char *start = ++c->at;
    for (; c->at < c->end && *c->at != '}'; c->at++) {
        int d = hex_digit(*c->at);
        if (d < 0 || *value > 0x10ffff) return fail(c, "illegal hexadecimal escape");
        *value = *value << 4 | (uint32_t)d;
    }
    if (c->at == c->end || c->at == start || *value > 0x10ffff) return fail(c, "illegal hexadecimal escape");
    c->at++;
    return true;
}

/* The character of an escape that stands for one; c->at is behind the backslash.  A surrogate pair in \u escapes is one. */
static bool escaped_char(struct compiler *c, uint32_t *value)
{
    const char *at = c->at;
    uint32_t ch = utf8_next(&at), low;
    c->at = at;
    switch (ch) {
    case 't': *value = '\t'; return true;
    case 'n': *value = '\n'; return true;
    case 'r': *value = '\r'; return true;
    case 'f': *value = '\f'; return true;
    case 'a': *value = 7; return true;
    case 'e': *value = 27; return true;
    case 'c':
        if (c->at == c->end) return fail(c, "illegal control escape");
        *value = (uint8_t)*c->at++ ^ 64;
        return *value < 128 || fail(c, "illegal control escape");
    case 'x': return c->at < c->end && *c->at == '{' ? read_hex_braces(c, value) : read_hex(c, 2, value);
    case 'u':
        if (!read_hex(c, 4, value)) return false;
        if (*value >= 0xd800 && *value < 0xdc00 && c->end - c->at >= 6 && c->at[0] == '\\' &&
            c->at[1] == 'u') {
            c->at += 2;
            if (!read_hex(c, 4, &low)) return false;
            if (low < 0xdc00 || low > 0xdfff) return fail(c, "a surrogate without its other half");
            *value = 0x10000 + ((*value - 0xd800) << 10) + (low - 0xdc00);
        }
        return true;
    case '0': {
        unsigned n = 0;
        *value = 0;
        for (; n < 3 && c->at < c->end && *c->at >= '0' && *c->at <= '7' &&
               *value * 8 + (uint32_t)(*c->at - '0') < 256;
             n++)
            *value = *value * 8 + (uint32_t)(*c->at++ - '0');
        return n > 0 || fail(c, "illegal octal escape");
    }
    default:
        if ((ch >= 'a' && ch <= 'z') || (ch >= 'A' && ch <= 'Z') || (ch >= '1' && ch <= '9')) {
            c->at--;
            if (ch >= '1' && ch <= '9') return fail(c, "back-references are not supported");
            if (ch == 'k') return fail(c, "back-references are not supported");
            return fail(c, "illegal escape");
        }
        *value = ch;
        return true;
    }
}

/* A class escape at c->at (behind the backslash): \d and its kin, \p{..}, \P{..}.  False without an error: none. */
static bool escaped_class(struct compiler *c, struct regex_set *s)
{
    char letter = *c->at;
    if (letter != 'p' && letter != 'P') {
        if (!regex_set_escape(s, letter)) return false;
        c->at++;
        return true;
    }
    const char *name = ++c->at;
    size_t size = 1;
    if (c->at == c->end) return fail(c, "unknown character property");
    if (*c->at == '{') {
        name = ++c->at;
        while (c->at < c->end && *c->at != '}') c->at++;
        if (c->at == c->end) return fail(c, "unclosed character property");
        size = (size_t)(c->at - name);
    }
    c->at++;
    if (!regex_set_property(s, name, size)) return fail(c, "unknown character property");
    if (letter == 'P') regex_set_negate(s);
    return true;
}

/* ---- character classes ---- */

static bool parse_class(struct compiler *c, struct regex_set *s, unsigned depth);

static void skip_class_space(struct compiler *c)
{
    while ((c->flags & FLAG_X) && c->at < c->end && (*c->at == ' ' || (*c->at >= '\t' && *c->at <= '\r')))
        c->at++;
}

/* One character of a class, for ranges.  False without error: it was a class escape, added to s. */
static bool class_char(struct compiler *c, struct regex_set *s, uint32_t *ch)
{
    if (*c->at != '\\') {
        *ch = utf8_next(&c->at);
        return true;
    }
    if (++c->at == c->end) return fail(c, "a pattern ends with a backslash");
    struct regex_set sub;
    if (escaped_class(c, &sub)) {
        regex_set_add_set(s, &sub);
        return false;
    }
    return c->error == NULL && escaped_char(c, ch);
}

static bool class_item(struct compiler *c, struct regex_set *s, unsigned depth)
{
    uint32_t low, high;
    if (*c->at == '[') {
        struct regex_set sub;
        c->at++;
        if (depth + 1 >= CLASS_DEPTH) return fail(c, "character classes are nested too deeply");
        if (!parse_class(c, &sub, depth + 1)) return false;
        regex_set_add_set(s, &sub);
        return true;
    }
    if (c->end - c->at >= 2 && c->at[0] == '\\' && c->at[1] == 'Q') {
        for (c->at += 2; c->at < c->end; regex_set_add(s, low, low)) {
            if (c->end - c->at >= 2 && c->at[0] == '\\' && c->at[1] == 'E') {
                c->at += 2;
                return true;
            }
            low = utf8_next(&c->at);
        }
        return true;
    }
    if (!class_char(c, s, &low)) return c->error == NULL;
    high = low;
    if (c->end - c->at >= 2 && c->at[0] == '-' && c->at[1] != ']' && c->at[1] != '[') {
        c->at++;
        if (!class_char(c, s, &high)) return c->error == NULL && fail(c, "illegal character range");
        if (high < low) return fail(c, "illegal character range");
    }
    regex_set_add(s, low, high);
    return true;
}

/* Behind the opening bracket, up to behind the closing one: unions of items, intersected by &&, then negated. */
static bool parse_class(struct compiler *c, struct regex_set *s, unsigned depth)
{
    struct regex_set part = {.n = 0};
    bool negated = c->at < c->end && *c->at == '^', intersect = false, empty = true;
    if (negated) c->at++;
    for (;;) {
        skip_class_space(c);
        if (c->at == c->end) return fail(c, "unclosed character class");
        bool close = *c->at == ']' && !(empty && !intersect);
        bool and = c->end - c->at >= 2 && c->at[0] == '&' && c->at[1] == '&';
        if (!close && !and) {
            if (!class_item(c, &part, depth)) return false;
            empty = false;
            continue;
        }
        if (intersect && !empty) /* && with nothing on one side changes nothing */
            regex_set_intersect(s, &part);
        else if (!intersect)
            *s = part;
        part = (struct regex_set){.n = 0};
        empty = true;
        intersect = true;
        c->at += close ? 1 : 2;
        if (close) break;
    }
    if (c->flags & FLAG_I) regex_set_fold(s);
    if (negated) regex_set_negate(s);
    return s->n <= REGEX_SET_MAX || fail(c, "a character class is too complex");
}

/* ---- groups ---- */

static bool open_group(struct compiler *c, bool capturing, uint32_t outer_flags)
{
    if (c->depth == GROUP_DEPTH) return fail(c, "groups are nested too deeply");
    struct group *g = &c->groups[c->depth++];
    *g = (struct group){c->count, c->count, NONE, NONE, outer_flags};
    c->last = NONE;
    if (!capturing) return true;
    uint32_t n = ++c->captures;
    if (n > LIMIT_REGEX_GROUPS) return fail(c, "too many groups");
    g->slot = 2 * n + 1;
    if (!emit(c, RX_SAVE, 2 * n, 0)) return false;
    g->alternative = c->count;
    return true;
}

static void end_alternatives(struct compiler *c, struct group *g)
{
    for (uint32_t at = g->jumps; at != NONE;) {
        uint32_t next = (uint32_t)c->code[at].y;
        c->code[at].y = (int32_t)(c->count - at);
        at = next;
    }
}

static bool close_group(struct compiler *c)
{
    if (c->depth == 1) return fail(c, "unmatched closing parenthesis");
    struct group *g = &c->groups[--c->depth];
    end_alternatives(c, g);
    if (g->slot != NONE && !emit(c, RX_SAVE, g->slot, 0)) return false;
    c->flags = g->flags;
    c->last = g->start;
    c->at++;
    return true;
}

static bool alternative(struct compiler *c)
{
    struct group *g = &c->groups[c->depth - 1];
    uint32_t len = c->count - g->alternative;
    if (!insert(c, g->alternative, RX_SPLIT_NEXT, 0, (int32_t)len + 2)) return false;
    uint32_t at = c->count;
    if (!emit(c, RX_JUMP, 0, (int32_t)g->jumps)) return false;
    g->jumps = at;
    g->alternative = c->count;
    c->last = NONE;
    c->at++;
    return true;
}

static uint32_t flag_of(char ch)
{
    return ch == 'i'   ? FLAG_I
           : ch == 'm' ? FLAG_M
           : ch == 's' ? FLAG_S
           : ch == 'x' ? FLAG_X
           : ch == 'd' ? FLAG_D
                       : 0;
}

/* (?flags) and (?flags: behind the question mark. */
static bool flag_group(struct compiler *c)
{
    uint32_t flags = c->flags;
    bool off = false;
    for (; c->at < c->end && *c->at != ')' && *c->at != ':'; c->at++) {
        if (*c->at == '-' && !off) {
            off = true;
            continue;
        }
        uint32_t f = flag_of(*c->at);
        if (f == 0) return fail(c, "unknown inline modifier");
        flags = off ? flags & ~f : flags | f;
    }
    if (c->at == c->end) return fail(c, "unclosed group");
    if (*c->at++ == ')') {
        c->flags = flags;
        c->last = NONE;
        return true;
    }
    if (!open_group(c, false, c->flags)) return false;
    c->flags = flags;
    return true;
}

static bool group_name(struct compiler *c)
{
    const char *start = c->at;
    while (c->at < c->end && *c->at != '>') {
        char ch = *c->at, lower = ch | 0x20;
        bool letter = lower >= 'a' && lower <= 'z', digit = ch >= '0' && ch <= '9';
        if (!letter && !(digit && c->at > start)) return fail(c, "illegal group name");
        c->at++;
    }
    if (c->at == c->end || c->at == start) return fail(c, "illegal group name");
    c->at++;
    return true;
}

static bool group(struct compiler *c)
{
    c->at++;
    if (c->at == c->end || *c->at != '?') return open_group(c, true, c->flags);
    if (++c->at == c->end) return fail(c, "unclosed group");
    char next = c->at + 1 < c->end ? c->at[1] : 0;
    switch (*c->at) {
    case '=':
    case '!': return fail(c, "lookahead is not supported");
    case '>': return fail(c, "atomic groups are not supported");
    case '<':
        if (next == '=' || next == '!') return fail(c, "lookbehind is not supported");
        c->at++;
        return group_name(c) && open_group(c, true, c->flags);
    default: return flag_group(c);
    }
}

/* ---- the rest ---- */

static bool assertion(struct compiler *c, uint32_t kind)
{
    if ((c->flags & FLAG_D) && kind >= RX_LAST_LINE_END && kind <= RX_LINE_END) kind |= RX_UNIX_LINES;
    return emit_atom(c, RX_ASSERT, kind, 0);
}

/* \R: \r\n or any one line break. */
static bool line_break(struct compiler *c)
{
    struct regex_set s;
    regex_set_escape(&s, 'v');
    uint32_t start = c->count;
    bool ok = emit(c, RX_SPLIT_NEXT, 0, 4) && emit(c, RX_CHAR, 0, '\r') && emit(c, RX_CHAR, 0, '\n') &&
              emit(c, RX_JUMP, 0, 2) && emit_class(c, &s);
    c->last = start;
    return ok;
}

static bool quoted(struct compiler *c)
{
    while (c->at < c->end) {
        if (c->end - c->at >= 2 && c->at[0] == '\\' && c->at[1] == 'E') {
            c->at += 2;
            return true;
        }
        if (!emit_char(c, utf8_next(&c->at))) return false;
    }
    return true;
}

static bool escape(struct compiler *c)
{
    if (++c->at == c->end) return fail(c, "a pattern ends with a backslash");
    switch (*c->at) {
    case 'A': c->at++; return assertion(c, RX_TEXT_START);
    case 'z': c->at++; return assertion(c, RX_TEXT_END);
    case 'Z': c->at++; return assertion(c, RX_LAST_LINE_END);
    case 'b': c->at++; return assertion(c, RX_WORD);
    case 'B': c->at++; return assertion(c, RX_NOT_WORD);
    case 'G': return fail(c, "\\G is not supported");
    case 'R': c->at++; return line_break(c);
    case 'Q': c->at++; return quoted(c);
    default: break;
    }
    struct regex_set s;
    uint32_t ch;
    if (escaped_class(c, &s)) {
        if (c->flags & FLAG_I) regex_set_fold(&s);
        return emit_class(c, &s);
    }
    return c->error == NULL && escaped_char(c, &ch) && emit_char(c, ch);
}

static void skip_comment(struct compiler *c)
{
    while (c->at < c->end && *c->at != '\n') c->at++;
}

static bool item(struct compiler *c)
{
    char ch = *c->at;
    struct regex_set s;
    if (c->flags & FLAG_X) {
        if (ch == ' ' || (ch >= '\t' && ch <= '\r')) {
            c->at++;
            return true;
        }
        if (ch == '#') {
            skip_comment(c);
            return true;
        }
    }
    switch (ch) {
    case '*':
    case '+':
    case '?':
    case '{': return quantifier(c, ch);
    case '(': return group(c);
    case ')': return close_group(c);
    case '|': return alternative(c);
    case '[': c->at++; return parse_class(c, &s, 0) && emit_class(c, &s);
    case '\\': return escape(c);
    case '^': c->at++; return assertion(c, c->flags & FLAG_M ? RX_LINE_START : RX_TEXT_START);
    case '$': c->at++; return assertion(c, c->flags & FLAG_M ? RX_LINE_END : RX_LAST_LINE_END);
    case '.':
        c->at++;
        return emit_atom(c, c->flags & FLAG_S ? RX_ALL : c->flags & FLAG_D ? RX_NOT_LF : RX_ANY, 0, 0);
    default: return emit_char(c, utf8_next(&c->at));
    }
}

static bool compile(struct compiler *c)
{
    open_group(c, false, 0);
    while (c->at < c->end)
        if (!item(c)) return false;
    if (c->depth != 1) return fail(c, "unclosed group");
    end_alternatives(c, &c->groups[0]);
    return emit(c, RX_MATCH, 0, 0);
}

/* ---- what a match can begin with ---- */

static void first_range(uint64_t first[4], uint32_t low, uint32_t high)
{
    /* Leading bytes grow with the code point. */
    char a[4], b[4];
    if (low >= 0xd800 && low < 0xe000) low = 0xe000;
    if (high >= 0xd800 && high < 0xe000) high = 0xd7ff;
    if (low > high) return;
    utf8_encode(low, a);
    utf8_encode(high, b);
    for (unsigned byte = (uint8_t)a[0]; byte <= (uint8_t)b[0]; byte++)
        first[byte / 64] |= 1ull << (byte % 64);
}

static void first_of(struct regex_program *r, const struct regex_insn *i)
{
    const uint32_t *class = regex_classes(r) + (i->op == RX_CLASS ? i->y : 0);
    switch (i->op) {
    case RX_CHAR: first_range(r->first, (uint32_t)i->y, (uint32_t)i->y); break;
    case RX_FOLD:
        first_range(r->first, (uint32_t)i->y, (uint32_t)i->y);
        first_range(r->first, (uint32_t)i->y - 32, (uint32_t)i->y - 32);
        break;
    case RX_CLASS:
        r->first[0] |= class[0] | (uint64_t)class[1] << 32;
        r->first[1] |= class[2] | (uint64_t)class[3] << 32;
        if (class[4] & (RX_CLASS_CATEGORIES | RX_CLASS_INVERTED)) first_range(r->first, 128, 0x10ffff);
        for (uint32_t k = 0; k < (class[4] & RX_CLASS_COUNT); k++)
            first_range(r->first, class[5 + 2 * k], class[6 + 2 * k]);
        break;
    default: first_range(r->first, 0, 0x10ffff); break;
    }
}

/* The characters that every match begins with, as far as they fit. */
static void find_prefix(struct regex_program *r)
{
    unsigned size = 0;
    for (const struct regex_insn *i = r->code; i->op == RX_CHAR || i->op == RX_SAVE; i++) {
        if (i->op == RX_SAVE) continue;
        if (size + utf8_size((uint32_t)i->y) > sizeof r->prefix) break;
        size += utf8_encode((uint32_t)i->y, r->prefix + size);
    }
    if (size > 0) r->prefix_size = (uint8_t)size;
}

/* Walk everything reachable without consuming.  Programs whose closure at the start is long are left without the set. */
static void find_first(struct regex_program *r)
{
    enum { WORK = 64 };
    uint32_t stack[2 * WORK + 2], depth = 0, seen[WORK], seen_count = 0;
    bool anchored = true;
    stack[depth++] = 0;
    while (depth > 0) {
        uint32_t pc = stack[--depth], k = 0;
        while (k < seen_count && seen[k] != pc) k++;
        if (k < seen_count) continue;
        if (seen_count == WORK) return;
        seen[seen_count++] = pc;
        const struct regex_insn *i = &r->code[pc];
        switch (i->op) {
        case RX_MATCH: return;
        case RX_SPLIT_NEXT:
        case RX_SPLIT_JUMP:
            stack[depth++] = pc + 1;
            stack[depth++] = (uint32_t)((int32_t)pc + i->y);
            break;
        case RX_JUMP: stack[depth++] = (uint32_t)((int32_t)pc + i->y); break;
        case RX_SAVE: stack[depth++] = pc + 1; break;
        case RX_ASSERT:
            if (i->x == RX_TEXT_START) break; /* matches only at the start, where the set is not asked */
            stack[depth++] = pc + 1;
            break;
        default:
            anchored = false;
            first_of(r, i);
            break;
        }
    }
    if (anchored) {
        r->flags |= RX_ANCHORED;
        return;
    }
    r->flags |= RX_HAS_FIRST;
    unsigned bits = 0, last = 0; /* byte values, the highest of them */
    for (unsigned w = 0; w < 4; w++) {
        bits += (unsigned)__builtin_popcountll(r->first[w]);
        if (r->first[w] != 0) last = w * 64 + 63 - (unsigned)__builtin_clzll(r->first[w]);
    }
    if (bits != 1) return;
    r->flags |= RX_ONE_BYTE;
    r->prefix[0] = (char)last;
    r->prefix_size = 1;
    find_prefix(r);
}

static value finish(struct compiler *c, value source)
{
    size_t bytes =
        sizeof(struct regex_program) + c->count * sizeof *c->code + c->class_count * sizeof *c->classes;
    if (bytes > 32768 && heap_reserve(c->p, bytes / 4) == VAL_ERROR) return VAL_ERROR;
    struct object *scratch = heap_alloc(c->p, T_STATE_RAW, 0, (uint32_t)((bytes + 7) / 8));
    struct regex_program *r = (struct regex_program *)scratch->p;
    *r = (struct regex_program){
        .insn_count = c->count, .slot_count = 2 * c->captures + 2, .class_words = c->class_count};
    __builtin_memcpy(r->code, c->code, c->count * sizeof *c->code);
    if (c->class_count != 0)
        __builtin_memcpy(r->code + c->count, c->classes, c->class_count * sizeof *c->classes);
    find_first(r);
    value program = binary_make(c->p, r, bytes);
    if (program == VAL_ERROR) return program;
    struct object *o = heap_alloc(c->p, T_REGEX, 0, 2);
    o->p[0] = source;
    o->p[1] = program;
    return from_obj(o);
}

value regex_make(struct process *p, value source)
{
    enum { INITIAL = 64 };
    size_t size;
    if (!is_string(source)) return fail_type(p, "re-pattern", 1, source, "a string");
    struct compiler c = {.p = p, .last = NONE};
    c.text = c.at = string_bytes(source, &size);
    c.end = c.text + size;
    if (size > LIMIT_REGEX_PROGRAM)
        return process_fail(p, ERR_TOO_LARGE, NIL, "a pattern of %u bytes is longer than the limit",
                            (uint64_t)size);
    c.code_object = heap_alloc(p, T_STATE_RAW, 0, INITIAL);
    c.code = (struct regex_insn *)c.code_object->p;
    c.room = INITIAL;
    p->reductions -= (int32_t)(size / 8);
    if (!compile(&c))
        return process_fail(p, c.too_large ? ERR_TOO_LARGE : ERR_SYNTAX, source,
                            "%s near index %u in the pattern %v", c.error,
                            (uint64_t)utf8_count(c.text, (size_t)(c.at - c.text)), source);
    p->reductions -= (int32_t)(c.count / 8);
    return finish(&c, source);
}
