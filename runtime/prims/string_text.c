/* Primitives that make new text from old, in turns when it is long. */
#include "runtime/prims/string_internal.h"
#include "runtime/reader/chars.h"
#include "runtime/value/collection.h"
#include "base/letter_case.h"
#include "base/utf8.h"

/* ---- text over several turns ---- */

struct saved {
    uint64_t at, extra, text[TEXT_SAVED_WORDS];
};

void text_job_start(struct text_job *t, struct process *p)
{
    job_start(&t->job, p);
    t->at = t->extra = 0;
    if (p->prim_state == NIL) {
        text_init(&t->out, p);
        return;
    }
    const struct object *o = to_obj(p->prim_state);
    struct saved s;
    __builtin_memcpy(&s, to_obj(o->p[0])->p, sizeof s);
    t->at = s.at;
    t->extra = s.extra;
    text_load(&t->out, p, &o->p[1], s.text);
    p->prim_state = NIL;
}

value text_job_end(struct text_job *t, bool done)
{
    struct process *p = t->job.p;
    value v = done ? text_finish(&t->out, &t->job.work) : VAL_YIELD;
    if (t->out.failed) v = VAL_ERROR;
    job_end(&t->job);
    if (v != VAL_YIELD) return v;
    struct saved s = {.at = t->at, .extra = t->extra};
    value values[TEXT_SAVED_VALUES];
    text_save(&t->out, values, s.text);
    struct object *raw = heap_alloc(p, T_STATE_RAW, 0, sizeof s / 8),
                  *o = heap_alloc(p, T_STATE, 0, 1 + TEXT_SAVED_VALUES);
    __builtin_memcpy(raw->p, &s, sizeof s);
    o->p[0] = from_obj(raw);
    for (unsigned i = 0; i < TEXT_SAVED_VALUES; i++) o->p[1 + i] = values[i];
    p->prim_state = from_obj(o);
    return VAL_YIELD;
}

/* ---- case ---- */

prim_fn prim_upper_case, prim_lower_case, prim_str;

/* A sigma at the end of a word: a letter before it, none behind. */
static bool final_sigma(const char *s, size_t size, size_t at)
{
    uint32_t c;
    size_t before = at;
    while (before > 0 && utf8_is_continuation(s[before - 1])) before--;
    if (before == 0) return false;
    utf8_decode(s + before - 1, size - before + 1, &c);
    if (!letter_is_cased(c)) return false;
    return at + 2 >= size || !utf8_decode(s + at + 2, size - at - 2, &c) || !letter_is_cased(c);
}

static void change_case(struct text_job *t, const char *s, size_t size, size_t stop, bool upper)
{
    while (t->at < stop) {
        char c = s[t->at];
        if ((uint8_t)c < 0x80) {
            bool change = upper ? c >= 'a' && c <= 'z' : c >= 'A' && c <= 'Z';
            text_byte(&t->out, (char)(change ? c ^ 32 : c));
            t->at++;
            continue;
        }
        uint32_t code, to[3];
        unsigned n = utf8_decode(s + t->at, size - t->at, &code);
        unsigned count = upper ? letter_upper(code, to) : letter_lower(code, to);
        if (!upper && code == 0x3a3 && final_sigma(s, size, t->at)) to[0] = 0x3c2;
        for (unsigned i = 0; i < count; i++) text_char(&t->out, to[i]);
        t->at += n;
        t->job.work -= t->at % 8 == 0;
    }
}

/* Keywords, numbers and the like count as their text, as in Clojure.  VAL_ABSENT: nil, or something with parts. */
static value text_of(struct process *p, value v)
{
    if (is_string(v)) return v;
    if (v == NIL || (!is_keyword(v) && !is_symbol(v) && !is_char(v) && !is_fixnum(v) && !is_double(v)))
        return VAL_ABSENT;
    return prim_str(p, &v, 1);
}

static value with_case(struct process *p, value *a, const char *function, bool upper)
{
    value text = text_of(p, a[0]);
    if (!is_string(text)) return text == VAL_ERROR ? text : fail_type(p, function, 1, a[0], "a string");
    struct text_job t;
    text_job_start(&t, p);
    size_t size;
    const char *s = string_bytes(text, &size);
    while (t.at < size && t.job.work > 0) {
        change_case(&t, s, size, min_u64(size, t.at + 1024), upper);
        t.job.work -= 80;
    }
    return text_job_end(&t, t.at >= size);
}

value prim_upper_case(struct process *p, value *a, unsigned argc)
{
    return with_case(p, a, "upper-case", true);
}
value prim_lower_case(struct process *p, value *a, unsigned argc)
{
    return with_case(p, a, "lower-case", false);
}

/* ---- reverse ---- */

prim_fn prim_string_reverse;

/* at: bytes done, counted from the end. */
value prim_string_reverse(struct process *p, value *a, unsigned argc)
{
    if (!is_string(a[0])) return fail_type(p, "reverse", 1, a[0], "a string");
    struct text_job t;
    text_job_start(&t, p);
    size_t size;
    const char *s = string_bytes(a[0], &size);
    for (unsigned n = 0; t.at < size && t.job.work > 0; n++) {
        size_t end = size - t.at, start = end - 1;
        while (utf8_is_continuation(s[start])) start--;
        text_put(&t.out, s + start, end - start);
        t.at += end - start;
        t.job.work -= n % 8 == 0;
    }
    return text_job_end(&t, t.at == size);
}

/* ---- trimming: at, extra: the range that is left ---- */

prim_fn prim_trim, prim_triml, prim_trimr, prim_trim_newline, prim_blank;
enum { TRIM_LEFT = 1, TRIM_RIGHT = 2, TRIM_NEWLINES = 4 };

static bool trimmed(uint32_t c, unsigned how)
{
    return how & TRIM_NEWLINES ? c == '\n' || c == '\r' : char_is_space(c);
}

/* Moves at and extra inwards; false: work is used up. */
static bool trim_range(struct text_job *t, const char *s, unsigned how)
{
    uint32_t c;
    while (how & TRIM_LEFT && t->at < t->extra) {
        unsigned n = utf8_decode(s + t->at, t->extra - t->at, &c);
        if (!trimmed(c, how)) break;
        t->at += n;
        t->job.work -= t->at % 16 == 0;
        if (t->job.work <= 0) return false;
    }
    while (how & TRIM_RIGHT && t->at < t->extra) {
        size_t start = t->extra - 1;
        while (utf8_is_continuation(s[start])) start--;
        utf8_decode(s + start, t->extra - start, &c);
        if (!trimmed(c, how)) break;
        t->extra = start;
        t->job.work -= t->extra % 16 == 0;
        if (t->job.work <= 0) return false;
    }
    return true;
}

static value trim(struct process *p, value *a, const char *function, unsigned how)
{
    if (!is_string(a[0])) return fail_type(p, function, 1, a[0], "a string");
    size_t size;
    const char *s = string_bytes(a[0], &size);
    bool fresh = p->prim_state == NIL;
    struct text_job t;
    text_job_start(&t, p);
    if (fresh) t.extra = size;
    if (!trim_range(&t, s, how)) return text_job_end(&t, false);
    job_end(&t.job);
    size_t chars = string_is_ascii(a[0]) ? t.extra - t.at : utf8_count(s + t.at, t.extra - t.at);
    return string_slice_bytes(p, a[0], t.at, t.extra, chars);
}

value prim_trim(struct process *p, value *a, unsigned argc)
{
    return trim(p, a, "trim", TRIM_LEFT | TRIM_RIGHT);
}
value prim_triml(struct process *p, value *a, unsigned argc)
{
    return trim(p, a, "triml", TRIM_LEFT);
}
value prim_trimr(struct process *p, value *a, unsigned argc)
{
    return trim(p, a, "trimr", TRIM_RIGHT);
}
value prim_trim_newline(struct process *p, value *a, unsigned argc)
{
    return trim(p, a, "trim-newline", TRIM_RIGHT | TRIM_NEWLINES);
}

value prim_blank(struct process *p, value *a, unsigned argc)
{
    if (a[0] == NIL) return TRUE_;
    value v = trim(p, a, "blank?", TRIM_LEFT);
    if (is_sentinel(v)) return v;
    return from_bool(string_chars(v) == 0);
}

/* ---- replacing literal text ---- */

prim_fn prim_replace_string;

static value as_string(struct process *p, value v)
{
    char b[4];
    return is_char(v) ? string_make_unchecked(p, b, utf8_encode(to_char(v), b)) : v;
}

/* Behind every character, too: "" is found everywhere.  at: bytes done. */
static bool replace_empty(struct text_job *t, const char *s, size_t size, value with, bool first)
{
    if (t->at == 0 && !t->extra) text_string(&t->out, with);
    t->extra = 1;
    while (t->at < size) {
        if (t->job.work <= 0) return false;
        const char *next = s + t->at;
        utf8_next(&next);
        text_put(&t->out, s + t->at, (size_t)(next - s) - t->at);
        if (!first) text_string(&t->out, with);
        t->at = (size_t)(next - s);
        t->job.work--;
    }
    return true;
}

/* at: bytes done; extra: replacements made.  True when done. */
static bool replace_all(struct text_job *t, value s, value what, value with, bool first)
{
    size_t size, what_size;
    const char *text = string_bytes(s, &size), *needle = string_bytes(what, &what_size);
    if (what_size == 0) return replace_empty(t, text, size, with, first);
    while (t->job.work > 0) {
        bool over = first && t->extra;
        size_t found = over ? FIND_NONE : find_bytes(text, size, t->at, needle, what_size, &t->job.work);
        size_t end = found == FIND_NONE ? size : found & ~FIND_MORE;
        bool cut = end - t->at > (1u << 19); /* the rest of a long text goes in pieces */
        if (cut) end = t->at + (1u << 18);
        text_put(&t->out, text + t->at, end - t->at);
        t->job.work -= 1 + (int64_t)((end - t->at) / 128);
        t->at = end;
        if (cut || (found & FIND_MORE && found != FIND_NONE)) continue;
        if (found == FIND_NONE) return true;
        text_string(&t->out, with);
        t->at += what_size;
        t->extra++;
    }
    return false;
}

value prim_replace_string(struct process *p, value *a, unsigned argc)
{
    if (!is_string(a[0])) return fail_type(p, "replace", 1, a[0], "a string");
    value what = as_string(p, a[1]), with = as_string(p, a[2]);
    if (!is_string(what))
        return fail_type(p, "replace", 2, a[1], "a string, character or regular expression");
    if (!is_string(with)) return fail_type(p, "replace", 3, a[2], "a string or character");
    struct text_job t;
    text_job_start(&t, p);
    bool done = replace_all(&t, a[0], what, with, truthy(a[3]));
    if (done && t.extra == 0) {
        job_end(&t.job);
        return a[0];
    }
    return text_job_end(&t, done);
}

/* ---- lines ---- */

prim_fn prim_split_lines;

/* State between turns: [lines-so-far, offset].  Empty lines at the end are left out, as by clojure.string/split. */
value prim_split_lines(struct process *p, value *a, unsigned argc)
{
    if (!is_string(a[0])) return fail_type(p, "split-lines", 1, a[0], "a string");
    size_t size, at = 0;
    const char *s = string_bytes(a[0], &size);
    value lines = empty_vector();
    struct job job;
    job_start(&job, p);
    if (p->prim_state != NIL) {
        lines = to_obj(p->prim_state)->p[0];
        at = (size_t)to_fixnum(to_obj(p->prim_state)->p[1]);
        p->prim_state = NIL;
    }
    while (at <= size && job.work > 0) {
        const char *end = at < size ? __builtin_memchr(s + at, '\n', size - at) : NULL;
        size_t stop = end ? (size_t)(end - s) : size,
               cut = stop > at && end && stop > 0 && s[stop - 1] == '\r';
        value line = string_slice_bytes(p, a[0], at, stop - cut, utf8_count(s + at, stop - cut - at));
        if (line == VAL_ERROR) return line;
        lines = vector_conj(p, lines, line);
        job.work -= 6 + (int64_t)((stop - at) / 64);
        at = stop + 1;
    }
    job_end(&job);
    if (at <= size) {
        struct object *o = heap_alloc(p, T_STATE, 0, 2);
        o->p[0] = lines;
        o->p[1] = from_fixnum((int64_t)at);
        p->prim_state = from_obj(o);
        return VAL_YIELD;
    }
    /* Text without any line break is one line, even if it is empty. */
    while (vector_count(lines) > (size == 0) && string_chars(vector_nth(lines, vector_count(lines) - 1)) == 0)
        lines = vector_pop(p, lines);
    return lines;
}
