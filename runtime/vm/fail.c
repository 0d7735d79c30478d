/* Conditions that the runtime itself signals. */
#include <stdarg.h>

#include "runtime/reader/text.h"
#include "runtime/sched/domain.h"
#include "runtime/value/collection.h"
#include "runtime/vm/prim.h"

static const char *const error_names[ERR_COUNT] = {
#define ERR(NAME, keyword, doc) keyword,
#include "spec/errors.def"
#undef ERR
};

static value keyword(struct process *p, const char *name)
{
    return domain_intern_keyword(p->domain, NULL, 0, name, __builtin_strlen(name));
}

value process_fail(struct process *p, enum error_kind kind, value irritant, const char *fmt, ...)
{
    struct text t;
    text_init(&t, p);
    t.bounded = true;
    va_list args;
    va_start(args, fmt);
    text_format_v(&t, fmt, args);
    va_end(args);
    value entries[6] = {keyword(p, "type"),    keyword(p, error_names[kind]),
                        keyword(p, "message"), string_make_unchecked(p, t.local, (size_t)(t.at - t.local)),
                        keyword(p, "value"),   irritant};
    if (is_sentinel(entries[3])) entries[3] = NIL;
    p->error = map_make(p, entries, irritant == NIL ? 2 : 3);
    return VAL_ERROR;
}

value fail_type(struct process *p, const char *function, unsigned arg_number, value got, const char *wanted)
{
    return process_fail(p, ERR_TYPE, got, "%s: argument %u must be %s, not %v", function,
                        (uint64_t)arg_number, wanted, got);
}

value fail_range(struct process *p, const char *function, value index, uint64_t limit)
{
    return process_fail(p, ERR_RANGE, index, "%s: %v is not in the range from 0 to %u", function, index,
                        limit);
}
