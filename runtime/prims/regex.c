/* Regular expressions as primitives; re-find, re-seq, split and their kin are written over them in Lonala. */
#include "runtime/prims/regex.h"

#include "base/utf8.h"
#include "runtime/value/collection.h"
#include "runtime/value/number.h"
#include "runtime/value/regex.h"
#include "runtime/value/string.h"
#include "spec/limits.h"

value prim_re_pattern(struct process *p, value *a, unsigned argc)
{
    return is_regex(a[0]) ? a[0] : regex_make(p, a[0]);
}
value prim_is_regex(struct process *p, value *a, unsigned argc)
{
    return from_bool(is_regex(a[0]));
}
value prim_regex_source(struct process *p, value *a, unsigned argc)
{
    return is_regex(a[0]) ? to_obj(a[0])->p[0]
                          : fail_type(p, "-regex-source", 1, a[0], "a regular expression");
}

/* nil or false: search; :start (or any keyword): a match that begins at the start; true: one of all that follows it. */
static enum regex_mode mode_of(value v)
{
    return falsy(v) ? REGEX_SEARCH : v == TRUE_ ? REGEX_FULL : REGEX_PREFIX;
}

static value check(struct process *p, value *a, const char *name, uint64_t *start, uint64_t limit)
{
    if (!is_regex(a[0])) return fail_type(p, name, 1, a[0], "a regular expression");
    if (!is_string(a[1])) return fail_type(p, name, 2, a[1], "a string");
    if (!is_integer(a[2])) return fail_type(p, name, 3, a[2], "an integer");
    if (!number_to_u64(a[2], start) || *start > limit) return fail_range(p, name, a[2], limit);
    return NIL;
}

static value exec(struct process *p, value *a, uint32_t start, uint32_t *slots)
{
    value r = regex_exec(p, a[0], a[1], start, mode_of(a[3]), slots, &p->prim_state);
    if (r != VAL_YIELD) p->prim_state = NIL;
    return r;
}

value prim_re_exec(struct process *p, value *a, unsigned argc)
{
    uint32_t slots[2 * LIMIT_REGEX_GROUPS + 2];
    value result[2 * LIMIT_REGEX_GROUPS + 2];
    uint64_t start;
    size_t size;
    value r = check(p, a, "-re-exec", &start, is_string(a[1]) ? string_chars(a[1]) : 0);
    if (r == VAL_ERROR) return r;
    const char *text = string_bytes(a[1], &size);
    bool ascii = string_chars(a[1]) == size;
    r = exec(p, a, (uint32_t)(ascii ? start : utf8_offset(text, size, start)), slots);
    if (r != TRUE_) return r;
    unsigned n = 2 * regex_groups(a[0]) + 2;
    for (unsigned i = 0; i < n; i++)
        result[i] = slots[i] == UINT32_MAX
                        ? NIL
                        : from_fixnum((int64_t)(ascii ? slots[i] : utf8_count(text, slots[i])));
    return vector_make(p, result, n);
}

/* Part of a string by bytes; long parts of long strings are shared. */
static value part(struct process *p, value s, const char *text, bool ascii, uint32_t from, uint32_t to)
{
    if (to - from < BLOB_THRESHOLD_BYTES) return string_make_unchecked(p, text + from, to - from);
    if (ascii) return string_slice(p, s, from, to);
    uint32_t first = (uint32_t)utf8_count(text, from);
    return string_slice(p, s, first, first + (uint32_t)utf8_count(text + from, to - from));
}

value prim_re_next(struct process *p, value *a, unsigned argc)
{
    uint32_t slots[2 * LIMIT_REGEX_GROUPS + 2];
    value result[LIMIT_REGEX_GROUPS + 4];
    uint64_t start;
    size_t size = 0;
    const char *text = is_string(a[1]) ? string_bytes(a[1], &size) : NULL;
    value r = check(p, a, "-re-next", &start, size);
    if (r == VAL_ERROR) return r;
    if (start < size && utf8_is_continuation(text[start])) return fail_range(p, "-re-next", a[2], size);
    r = exec(p, a, (uint32_t)start, slots);
    if (r != TRUE_) return r;
    bool ascii = string_chars(a[1]) == size;
    unsigned groups = regex_groups(a[0]);
    result[0] = from_fixnum(slots[0]);
    result[1] = from_fixnum(slots[1]);
    const char *after = text + slots[1];
    if (slots[1] > slots[0])
        result[2] = result[1];
    else if (slots[1] == size)
        result[2] = NIL;
    else
        result[2] = (utf8_next(&after), from_fixnum(after - text));
    for (unsigned i = 0; i <= groups; i++) {
        result[3 + i] = slots[2 * i] == UINT32_MAX || slots[2 * i + 1] == UINT32_MAX
                            ? NIL
                            : part(p, a[1], text, ascii, slots[2 * i], slots[2 * i + 1]);
        if (result[3 + i] == VAL_ERROR) return VAL_ERROR;
    }
    return vector_make(p, result, groups + 4);
}

value prim_bytes_sub(struct process *p, value *a, unsigned argc)
{
    uint64_t from, to;
    size_t size;
    if (!is_string(a[0])) return fail_type(p, "-sub-bytes", 1, a[0], "a string");
    const char *text = string_bytes(a[0], &size);
    to = size;
    if (!number_to_u64(a[1], &from) || from > size) return fail_range(p, "-sub-bytes", a[1], size);
    if (argc > 2 && (!number_to_u64(a[2], &to) || to > size || to < from))
        return fail_range(p, "-sub-bytes", a[2], size);
    if ((from < size && utf8_is_continuation(text[from])) || (to < size && utf8_is_continuation(text[to])))
        return process_fail(p, ERR_ARGUMENT, a[1], "an offset lies inside a character");
    return part(p, a[0], text, string_chars(a[0]) == size, (uint32_t)from, (uint32_t)to);
}
