/* Primitives over strings and names: parts, construction, search. */
#include "runtime/prims/string_internal.h"
#include "runtime/reader/names.h"
#include "runtime/sched/scheduler.h"
#include "base/utf8.h"

/* ---- names ---- */

static value name_of_text(struct process *p, value s, bool keyword)
{
    size_t size;
    const char *bytes = string_bytes(s, &size);
    const char *slash = size > 1 ? __builtin_memchr(bytes, '/', size) : NULL;
    if (!slash || slash == bytes) return name_from_strings(p, keyword, NIL, s);
    size_t at = (size_t)(slash - bytes);
    return name_from_bytes(p, keyword, bytes, at, slash + 1, size - at - 1);
}

/* An argument that has to be a string (nil_allowed: or nil). */
static bool text_or_nil(value v, bool nil_allowed)
{
    return is_string(v) || (nil_allowed && v == NIL);
}

prim_fn prim_keyword, prim_symbol, prim_name, prim_namespace, prim_gensym, prim_find_keyword;

value prim_keyword(struct process *p, value *a, unsigned argc)
{
    if (argc == 2) {
        if (!text_or_nil(a[0], true)) return fail_type(p, "keyword", 1, a[0], "a string or nil");
        if (!is_string(a[1])) return fail_type(p, "keyword", 2, a[1], "a string");
        return name_from_strings(p, true, a[0], a[1]);
    }
    if (is_keyword(a[0])) return a[0];
    if (is_symbol(a[0])) return name_from_strings(p, true, name_ns(a[0]), name_name(a[0]));
    return is_string(a[0]) ? name_of_text(p, a[0], true) : NIL;
}

value prim_symbol(struct process *p, value *a, unsigned argc)
{
    if (argc == 2) {
        if (!text_or_nil(a[0], true)) return fail_type(p, "symbol", 1, a[0], "a string or nil");
        if (!is_string(a[1])) return fail_type(p, "symbol", 2, a[1], "a string");
        return name_from_strings(p, false, a[0], a[1]);
    }
    if (is_symbol(a[0])) return a[0];
    if (is_keyword(a[0])) return name_from_strings(p, false, name_ns(a[0]), name_name(a[0]));
    if (is_type(a[0], T_VAR)) return to_obj(a[0])->p[1];
    if (is_string(a[0])) return name_of_text(p, a[0], false);
    return fail_type(p, "symbol", 1, a[0], "a string, symbol, keyword or var");
}

value prim_name(struct process *p, value *a, unsigned argc)
{
    if (is_string(a[0])) return a[0];
    if (is_symbol(a[0]) || is_keyword(a[0])) return name_name(a[0]);
    return fail_type(p, "name", 1, a[0], "a string, symbol or keyword");
}

value prim_namespace(struct process *p, value *a, unsigned argc)
{
    if (is_symbol(a[0]) || is_keyword(a[0])) return name_ns(a[0]);
    return fail_type(p, "namespace", 1, a[0], "a symbol or keyword");
}

value prim_gensym(struct process *p, value *a, unsigned argc)
{
    struct text t;
    if (argc == 1 && !is_string(a[0]) && !is_symbol(a[0]) && !is_keyword(a[0]))
        return fail_type(p, "gensym", 1, a[0], "a string");
    text_init(&t, p);
    if (argc == 0)
        text_c(&t, "G__");
    else
        text_string(&t, is_string(a[0]) ? a[0] : name_name(a[0]));
    text_format(&t, "%u", unique_number(p->scheduler));
    int64_t work = INT64_MAX;
    value name = text_finish(&t, &work);
    return name == VAL_ERROR ? name : symbol_make(p, NIL, name);
}

/* ---- parts ---- */

prim_fn prim_subs, prim_string_at;

/* An index into a string: false if v is none. */
static bool index_argument(value v, uint64_t most, uint32_t *index)
{
    if (!is_fixnum(v) || to_fixnum(v) < 0 || (uint64_t)to_fixnum(v) > most) return false;
    *index = (uint32_t)to_fixnum(v);
    return true;
}

value prim_subs(struct process *p, value *a, unsigned argc)
{
    if (!is_string(a[0])) return fail_type(p, "subs", 1, a[0], "a string");
    uint32_t chars = string_chars(a[0]), from, to = chars;
    if (argc == 3 && !index_argument(a[2], chars, &to))
        return fail_range(p, "subs", a[2], (uint64_t)chars + 1);
    if (!index_argument(a[1], to, &from)) return fail_range(p, "subs", a[1], (uint64_t)to + 1);
    size_t size;
    string_bytes(a[0], &size);
    if (size != chars) p->reductions -= (int32_t)(size / 512); /* indices have to be counted out */
    return string_slice(p, a[0], from, to);
}

/* ---- search ---- */

prim_fn prim_index_of, prim_last_index_of, prim_starts_with, prim_ends_with, prim_includes;

/* What is searched for: a string, or a character as one. */
static value needle_of(struct process *p, value v)
{
    char b[4];
    if (is_char(v)) return string_make_unchecked(p, b, utf8_encode(to_char(v), b));
    return is_string(v) ? v : VAL_ABSENT;
}

size_t find_bytes(const char *text, size_t size, size_t from, const char *needle, size_t needle_size,
                  int64_t *work)
{
    while (from + needle_size <= size) {
        if (needle_size == 0) return from;
        size_t step = min_u64(size - needle_size - from + 1, FIND_STEP);
        const char *hit = __builtin_memchr(text + from, needle[0], step);
        size_t passed = hit ? (size_t)(hit - text) - from : step;
        from += passed;
        *work -= (int64_t)(passed / 64);
        if (hit) {
            if (__builtin_memcmp(hit, needle, needle_size) == 0) return from;
            from++;
            *work -= 1 + (int64_t)(needle_size / 256);
        }
        if (*work <= 0) return from | FIND_MORE;
    }
    return FIND_NONE;
}

/* The same from the end: the last place at or before `from`. */
static size_t find_last(const char *text, size_t from, const char *needle, size_t needle_size, int64_t *work)
{
    for (size_t i = from + 1; i-- > 0;) {
        if (needle_size == 0 ||
            (text[i] == needle[0] && __builtin_memcmp(text + i, needle, needle_size) == 0))
            return i;
        if (i % 64 == 0) --*work;
        if (text[i] == needle[0]) *work -= 1 + (int64_t)(needle_size / 256);
        if (*work <= 0 && i > 0) return (i - 1) | FIND_MORE;
    }
    return FIND_NONE;
}

/* An index argument that Clojure lets stand outside the string, as a byte offset. */
static size_t offset_argument(value s, value index)
{
    int64_t i = to_fixnum(index);
    return i <= 0 ? 0 : string_byte_offset(s, (uint32_t)min_u64((uint64_t)i, string_chars(s)));
}

static value char_index(value s, size_t offset)
{
    size_t size;
    const char *bytes = string_bytes(s, &size);
    return from_fixnum((int64_t)(string_is_ascii(s) ? offset : utf8_count(bytes, offset)));
}

static value search(struct process *p, value *a, unsigned argc, const char *function, bool last)
{
    if (!is_string(a[0])) return fail_type(p, function, 1, a[0], "a string");
    value needle = needle_of(p, a[1]);
    if (needle == VAL_ABSENT) return fail_type(p, function, 2, a[1], "a string or character");
    if (argc == 3 && !is_fixnum(a[2])) return fail_type(p, function, 3, a[2], "an integer");
    size_t size, needle_size, at;
    const char *text = string_bytes(a[0], &size), *n = string_bytes(needle, &needle_size);
    struct job job;
    job_start(&job, p);
    if (p->prim_state != NIL)
        at = (size_t)to_fixnum(p->prim_state);
    else if (last)
        at = argc == 3 ? offset_argument(a[0], a[2]) : size;
    else
        at = argc == 3 ? offset_argument(a[0], a[2]) : 0;
    p->prim_state = NIL;
    if (last && (needle_size > size || (argc == 3 && to_fixnum(a[2]) < 0))) return NIL;
    size_t found = last ? find_last(text, min_u64(at, size - needle_size), n, needle_size, &job.work)
                        : find_bytes(text, size, at, n, needle_size, &job.work);
    job_end(&job);
    if (found == FIND_NONE) return NIL;
    if (found & FIND_MORE) {
        p->prim_state = from_fixnum((int64_t)(found & ~FIND_MORE));
        return VAL_YIELD;
    }
    return char_index(a[0], found);
}

value prim_index_of(struct process *p, value *a, unsigned argc)
{
    return search(p, a, argc, "index-of", false);
}
value prim_last_index_of(struct process *p, value *a, unsigned argc)
{
    return search(p, a, argc, "last-index-of", true);
}

value prim_includes(struct process *p, value *a, unsigned argc)
{
    if (!is_string(a[1])) return fail_type(p, "includes?", 2, a[1], "a string");
    value v = search(p, a, 2, "includes?", false);
    return v == VAL_YIELD || v == VAL_ERROR ? v : from_bool(v != NIL);
}

static value affix(struct process *p, value *a, const char *function, bool end)
{
    if (!is_string(a[0])) return fail_type(p, function, 1, a[0], "a string");
    if (!is_string(a[1])) return fail_type(p, function, 2, a[1], "a string");
    size_t size, n;
    const char *text = string_bytes(a[0], &size), *part = string_bytes(a[1], &n);
    if (n > size) return FALSE_;
    return from_bool(__builtin_memcmp(end ? text + size - n : text, part, n) == 0);
}

value prim_starts_with(struct process *p, value *a, unsigned argc)
{
    return affix(p, a, "starts-with?", false);
}
value prim_ends_with(struct process *p, value *a, unsigned argc)
{
    return affix(p, a, "ends-with?", true);
}
