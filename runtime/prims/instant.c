/* Primitives over instants and UUIDs. */
#include "runtime/prims/string_internal.h"
#include "runtime/sched/system.h"
#include "runtime/value/collection.h"
#include "runtime/value/instant.h"
#include "runtime/value/number.h"

prim_fn prim_instant, prim_instant_us, prim_inst_ms, prim_instant_fields, prim_parse_instant, prim_parse_uuid,
    prim_random_uuid;

value prim_instant(struct process *p, value *a, unsigned argc)
{
    struct civil c = {.month = 1, .day = 1};
    int64_t us;
    if (argc == 1) {
        if (!number_to_i64(a[0], &us)) return fail_type(p, "-instant", 1, a[0], "microseconds, an integer");
        return instant_make(p, us);
    }
    unsigned *const fields[] = {NULL, &c.month, &c.day, &c.hour, &c.minute, &c.second, &c.microsecond};
    for (unsigned i = 0; i < argc; i++) {
        int64_t n;
        if (!number_to_i64(a[i], &n)) return fail_type(p, "-instant", i + 1, a[i], "an integer");
        if (i == 0)
            c.year = n;
        else if (n >= 0 && n <= 999999)
            *fields[i] = (unsigned)n;
        else
            return process_fail(p, ERR_RANGE, a[i], "-instant: argument %u is outside its range: %v",
                                (uint64_t)i + 1, a[i]);
    }
    if (!instant_from_civil(&c, &us))
        return process_fail(p, ERR_RANGE, NIL, "-instant: there is no such date or time");
    return instant_make(p, us);
}

value prim_instant_us(struct process *p, value *a, unsigned argc)
{
    if (!is_instant(a[0])) return fail_type(p, "-instant-us", 1, a[0], "an instant");
    return number_from_i64(p, instant_us(a[0]));
}

value prim_inst_ms(struct process *p, value *a, unsigned argc)
{
    if (!is_instant(a[0])) return fail_type(p, "inst-ms", 1, a[0], "an instant");
    int64_t us = instant_us(a[0]);
    return number_from_i64(p, us / 1000 - (us % 1000 < 0));
}

value prim_instant_fields(struct process *p, value *a, unsigned argc)
{
    if (!is_instant(a[0])) return fail_type(p, "-instant-fields", 1, a[0], "an instant");
    struct civil c;
    instant_to_civil(instant_us(a[0]), &c);
    value items[] = {from_fixnum(c.year),       from_fixnum(c.month),  from_fixnum(c.day),
                     from_fixnum(c.hour),       from_fixnum(c.minute), from_fixnum(c.second),
                     from_fixnum(c.microsecond)};
    return vector_make(p, items, COUNT_OF(items));
}

value prim_parse_instant(struct process *p, value *a, unsigned argc)
{
    if (!is_string(a[0])) return fail_type(p, "-parse-instant", 1, a[0], "a string");
    size_t size;
    int64_t us;
    const char *s = string_bytes(a[0], &size);
    return instant_parse(s, size, &us) ? instant_make(p, us) : NIL;
}

value prim_parse_uuid(struct process *p, value *a, unsigned argc)
{
    if (!is_string(a[0])) return fail_type(p, "parse-uuid", 1, a[0], "a string");
    size_t size;
    uint64_t high, low;
    const char *s = string_bytes(a[0], &size);
    return uuid_parse(s, size, &high, &low) ? uuid_make(p, high, low) : NIL;
}

/* Version 4, variant 1 (RFC 4122). */
value prim_random_uuid(struct process *p, value *a, unsigned argc)
{
    uint64_t random[2];
    port_entropy(process_system(p)->port, random, sizeof random);
    return uuid_make(p, (random[0] & ~0xf000ull) | 0x4000,
                     (random[1] & ~0xc000000000000000ull) | 0x8000000000000000ull);
}
