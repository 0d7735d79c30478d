#include "runtime/value/instant.h"

#define US_PER_SECOND 1000000ll
#define US_PER_DAY (86400ll * US_PER_SECOND)
#define YEAR_LIMIT 290000 /* years from 1970 that 64 bits of microseconds hold, rounded down */

value instant_make(struct process *p, int64_t microseconds)
{
    struct object *o = heap_alloc(p, T_INSTANT, 0, 1);
    o->p[0] = (uint64_t)microseconds;
    return from_obj(o);
}

/* Days since 1970-01-01 of a date: years counted from March, so that the leap day is the last of a year; 400 years are
 * 146097 days. */
static int64_t days_from_date(int64_t year, unsigned month, unsigned day)
{
    year -= month <= 2;
    int64_t era = (year >= 0 ? year : year - 399) / 400;
    int64_t of_era = year - era * 400;
    int64_t of_year = (153 * (int64_t)(month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1;
    return era * 146097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719468;
}

static bool leap(int64_t year)
{
    return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
}

static unsigned days_in_month(int64_t year, unsigned month)
{
    static const uint8_t days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    return days[month - 1] + (month == 2 && leap(year));
}

void instant_to_civil(int64_t us, struct civil *c)
{
    int64_t days = us / US_PER_DAY, rest = us % US_PER_DAY;
    if (rest < 0) {
        rest += US_PER_DAY;
        days--;
    }
    int64_t z = days + 719468;
    int64_t era = (z >= 0 ? z : z - 146096) / 146097;
    int64_t of_era = z - era * 146097;
    int64_t year_of_era = (of_era - of_era / 1460 + of_era / 36524 - of_era / 146096) / 365;
    int64_t of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    int64_t m = (5 * of_year + 2) / 153;
    c->day = (unsigned)(of_year - (153 * m + 2) / 5 + 1);
    c->month = (unsigned)(m < 10 ? m + 3 : m - 9);
    c->year = era * 400 + year_of_era + (c->month <= 2);
    c->microsecond = (unsigned)(rest % US_PER_SECOND);
    int64_t seconds = rest / US_PER_SECOND;
    c->second = (unsigned)(seconds % 60);
    c->minute = (unsigned)(seconds / 60 % 60);
    c->hour = (unsigned)(seconds / 3600);
}

bool instant_from_civil(const struct civil *c, int64_t *us)
{
    if (c->year < -YEAR_LIMIT || c->year > YEAR_LIMIT || c->month < 1 || c->month > 12 || c->day < 1)
        return false;
    if (c->day > days_in_month(c->year, c->month) || c->hour > 23 || c->minute > 59) return false;
    if (c->second > 59 || c->microsecond >= US_PER_SECOND) return false;
    int64_t seconds =
        days_from_date(c->year, c->month, c->day) * 86400 + c->hour * 3600 + c->minute * 60 + c->second;
    *us = seconds * US_PER_SECOND + c->microsecond;
    return true;
}

/* Exactly n digits. */
static bool digits(const char **at, const char *end, unsigned n, unsigned *out)
{
    unsigned u = 0;
    if ((size_t)(end - *at) < n) return false;
    for (unsigned i = 0; i < n; i++) {
        char c = *(*at)++;
        if (c < '0' || c > '9') return false;
        u = u * 10 + (unsigned)(c - '0');
    }
    *out = u;
    return true;
}

static bool parse_year(const char **at, const char *end, int64_t *year)
{
    unsigned u;
    if (*at < end && (**at == '-' || **at == '+')) {
        int64_t sign = *(*at)++ == '-' ? -1 : 1;
        if (!digits(at, end, 6, &u)) return false;
        *year = sign * (int64_t)u;
        return true;
    }
    if (!digits(at, end, 4, &u)) return false;
    *year = u;
    return true;
}

static bool parse_fraction(const char **at, const char *end, unsigned *microsecond)
{
    unsigned n = 0, u = 0;
    for (; *at < end && **at >= '0' && **at <= '9'; (*at)++, n++)
        if (n < 6) u = u * 10 + (unsigned)(**at - '0');
    if (n == 0 || n > 9) return false;
    for (; n < 6; n++) u *= 10;
    *microsecond = u;
    return true;
}

/* Zone: nothing, Z, or an offset, which is taken away from the time. */
static bool parse_zone(const char *at, const char *end, int64_t *us)
{
    if (at == end) return true;
    if (*at == 'Z') return at + 1 == end;
    if (*at != '+' && *at != '-') return false;
    bool behind = *at++ == '-';
    unsigned hour, minute;
    if (!digits(&at, end, 2, &hour) || at == end || *at++ != ':' || !digits(&at, end, 2, &minute))
        return false;
    if (at != end || hour > 23 || minute > 59) return false;
    int64_t offset = ((int64_t)hour * 3600 + minute * 60) * US_PER_SECOND;
    *us += behind ? offset : -offset;
    return true;
}

static bool next_is(const char **at, const char *end, char c)
{
    if (*at == end || **at != c) return false;
    ++*at;
    return true;
}

bool instant_parse(const char *text, size_t size, int64_t *us)
{
    const char *at = text, *end = text + size;
    struct civil c = {.month = 1, .day = 1};
    if (!parse_year(&at, end, &c.year)) return false;
    if (next_is(&at, end, '-')) {
        if (!digits(&at, end, 2, &c.month)) return false;
        if (next_is(&at, end, '-')) {
            if (!digits(&at, end, 2, &c.day)) return false;
            if (next_is(&at, end, 'T')) {
                if (!digits(&at, end, 2, &c.hour)) return false;
                if (next_is(&at, end, ':')) {
                    if (!digits(&at, end, 2, &c.minute)) return false;
                    if (next_is(&at, end, ':')) {
                        if (!digits(&at, end, 2, &c.second)) return false;
                        if (next_is(&at, end, '.') && !parse_fraction(&at, end, &c.microsecond)) return false;
                    }
                }
            }
        }
    }
    return instant_from_civil(&c, us) && parse_zone(at, end, us);
}

static char *put_digits(char *to, uint64_t u, unsigned n)
{
    for (unsigned i = n; i-- > 0; u /= 10) to[i] = (char)('0' + u % 10);
    return to + n;
}

size_t instant_format(int64_t us, char *to)
{
    char *start = to;
    struct civil c;
    instant_to_civil(us, &c);
    if (c.year < 0 || c.year > 9999) {
        *to++ = c.year < 0 ? '-' : '+';
        to = put_digits(to, (uint64_t)(c.year < 0 ? -c.year : c.year), 6);
    } else {
        to = put_digits(to, (uint64_t)c.year, 4);
    }
    *to++ = '-';
    to = put_digits(to, c.month, 2);
    *to++ = '-';
    to = put_digits(to, c.day, 2);
    *to++ = 'T';
    to = put_digits(to, c.hour, 2);
    *to++ = ':';
    to = put_digits(to, c.minute, 2);
    *to++ = ':';
    to = put_digits(to, c.second, 2);
    if (c.microsecond) {
        *to++ = '.';
        to = put_digits(to, c.microsecond, 6);
        while (to[-1] == '0') to--;
    }
    return (size_t)(to - start);
}
