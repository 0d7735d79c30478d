/* The kernel's words from Lonala.  lib/lona/kernel.lona-s makes a function of each row of spec/words.def. */
#include "base/mem.h"
#include "runtime/prims/declare.h"
#include "runtime/sched/domain.h"
#include "runtime/sched/system.h"
#include "runtime/value/collection.h"
#include "runtime/value/number.h"
#include "runtime/value/string.h"

enum kernel_word {
#define KERNEL_WORD(number, NAME, name, arguments, results, object, right, errors, doc)                      \
    KERNEL_WORD_##NAME = number,
#include "spec/words.def"
};

static const struct row {
    uint16_t number;
    const char *text[7];
} rows[] = {
#define KERNEL_WORD(number, NAME, name, arguments, results, object, right, errors, doc)                      \
    {number, {name, arguments, results, #object, #right, errors, doc}},
#include "spec/words.def"
};

#define ARGUMENTS COUNT_OF(((struct port_word *)0)->argument)

static value text_value(struct process *p, const char *text)
{
    return string_make(p, text, __builtin_strlen(text));
}

value prim_kernel_words(struct process *p, value *a, unsigned argc)
{
    value all[COUNT_OF(rows)];
    for (unsigned i = 0; i < COUNT_OF(rows); i++) {
        value row[8] = {from_fixnum(rows[i].number)};
        for (unsigned k = 0; k < COUNT_OF(rows[i].text); k++) row[k + 1] = text_value(p, rows[i].text[k]);
        all[i] = vector_make(p, row, COUNT_OF(row));
    }
    return vector_make(p, all, COUNT_OF(rows));
}

/* Numbers in spec/statuses.def are without gaps. */
value prim_kernel_statuses(struct process *p, value *a, unsigned argc)
{
    value all[] = {
#define STATUS(number, NAME, name, doc) [number] = keyword_c(p, NULL, name),
#include "spec/statuses.def"
#undef STATUS
    };
    return vector_make(p, all, COUNT_OF(all));
}

/* Integers of a vector or nil; false: something else, or too many. */
static bool take_integers(value from, uint64_t *to, unsigned limit)
{
    if (from == NIL) return true;
    if (!is_vector(from) || vector_count(from) > limit) return false;
    for (unsigned i = 0; i < vector_count(from); i++)
        if (!number_to_u64(vector_nth(from, i), &to[i])) return false;
    return true;
}

static bool take_message(value from, struct port_word *w)
{
    if (from == NIL) return true;
    if (is_string(from))
        w->out = string_bytes(from, &w->out_bytes);
    else if (is_type(from, T_BINARY))
        w->out = binary_bytes(from, &w->out_bytes);
    else
        return false;
    return w->out_bytes <= PORT_MESSAGE_BYTES;
}

/* A scheduler never waits in the kernel for anything but work. */
static bool make_poll(struct port_word *w)
{
    if (w->number == KERNEL_WORD_RECEIVE) w->argument[1] = 0;
    if (w->number == KERNEL_WORD_SIGNAL_WAIT) w->argument[2] = 0;
    return w->number != KERNEL_WORD_CALL && w->number != KERNEL_WORD_REPLY_RECEIVE;
}

static value answer(struct process *p, const struct port_word *w, uint64_t number)
{
    bool message = number == KERNEL_WORD_RECEIVE && w->number == 0 && w->argument[0] <= PORT_MESSAGE_BYTES;
    value results[ARGUMENTS], handles[PORT_MESSAGE_HANDLES];
    size_t handle_count = message ? min_u64(w->argument[1], PORT_MESSAGE_HANDLES) : 0;
    for (unsigned i = 0; i < ARGUMENTS; i++) results[i] = number_from_u64(p, w->argument[i]);
    for (unsigned i = 0; i < handle_count; i++) handles[i] = number_from_u64(p, w->in_handles[i]);
    value all[4] = {from_fixnum((int64_t)w->number), vector_make(p, results, ARGUMENTS),
                    message ? binary_make(p, w->in, w->argument[0]) : NIL,
                    vector_make(p, handles, handle_count)};
    return vector_make(p, all, COUNT_OF(all));
}

value prim_kernel_word(struct process *p, value *a, unsigned argc)
{
    struct port_word w = {0};
    uint64_t number;
    if (p->domain != p->domain->system->root)
        return process_fail(p, ERR_NO_CAPABILITY, a[0], "this domain may not use the kernel's words");
    if (!number_to_u64(a[0], &number) || !take_integers(a[1], w.argument, ARGUMENTS))
        return process_fail(p, ERR_ARGUMENT, a[1],
                            "a word takes its number and a vector of up to %u integers from 0 on",
                            (uint64_t)ARGUMENTS);
    if (argc > 2 && !take_message(a[2], &w))
        return process_fail(p, ERR_ARGUMENT, a[2], "a message is a binary or string of %u bytes at most",
                            (uint64_t)PORT_MESSAGE_BYTES);
    if (argc > 3 && !take_integers(a[3], w.out_handles, PORT_MESSAGE_HANDLES))
        return process_fail(p, ERR_ARGUMENT, a[3], "a message takes a vector of up to %u handles with it",
                            (uint64_t)PORT_MESSAGE_HANDLES);
    w.number = number;
    if (!make_poll(&w))
        return process_fail(p, ERR_STATE, a[0],
                            "this word waits in the kernel, which would hold up all other processes");
    if (!port_kernel_word(p->domain->system->port, &w))
        return process_fail(p, ERR_NO_CAPABILITY, a[0], "there is no kernel below the hosted system");
    return answer(p, &w, number);
}
