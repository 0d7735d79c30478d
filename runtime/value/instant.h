/* Instants (microseconds since 1970-01-01T00:00Z, proleptic Gregorian calendar) and UUIDs, and their text. */
#ifndef RUNTIME_VALUE_INSTANT_H
#define RUNTIME_VALUE_INSTANT_H

#include "runtime/gc/heap.h"

static inline bool is_instant(value v)
{
    return is_type(v, T_INSTANT);
}
static inline bool is_uuid(value v)
{
    return is_type(v, T_UUID);
}

value instant_make(struct process *p, int64_t microseconds);
static inline int64_t instant_us(value v)
{
    return (int64_t)to_obj(v)->p[0];
}

/* RFC 3339 with parts left off from the right as Clojure allows: 2025, 2025-12, 2025-12-15, ...T10, T10:00, T10:00:00,
 * a fraction of 1 to 9 digits (beyond microseconds: dropped), then Z, +hh:mm, -hh:mm or nothing (UTC).  Years 0000 to 9999, or
 * signed with up to 6 digits.  False: not an instant. */
bool instant_parse(const char *text, size_t size, int64_t *microseconds);
/* 2025-12-15T10:00:00, with .ffffff (without trailing zeros) if there is a fraction; reads back equal.  Size in bytes. */
#define INSTANT_TEXT_MAX 40
size_t instant_format(int64_t microseconds, char *to);

struct civil {
    int64_t year;
    unsigned month, day, hour, minute, second, microsecond; /* month and day from 1 */
};
void instant_to_civil(int64_t microseconds, struct civil *c);
bool instant_from_civil(const struct civil *c,
                        int64_t *microseconds); /* false: a field is out of its range */

value uuid_make(struct process *p, uint64_t high, uint64_t low);
/* 8-4-4-4-12 hexadecimal digits; false: not a UUID. */
bool uuid_parse(const char *text, size_t size, uint64_t *high, uint64_t *low);
#define UUID_TEXT_SIZE 36
void uuid_format(uint64_t high, uint64_t low, char *to);

#endif
