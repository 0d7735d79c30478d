#include "runtime/value/instant.h"
#include "test/stub/stub.h"
#include "test/support/check.h"

static void parses(const char *text, int64_t wanted)
{
    int64_t us = -1;
    bool ok = instant_parse(text, strlen(text), &us);
    if (!ok || us != wanted) printf("%s: %d %lld\n", text, ok, (long long)us);
    CHECK(ok && us == wanted);
}

static void rejects(const char *text)
{
    int64_t us;
    if (instant_parse(text, strlen(text), &us)) printf("accepted: %s\n", text);
    CHECK(!instant_parse(text, strlen(text), &us));
}

static void formats(int64_t us, const char *wanted)
{
    char b[INSTANT_TEXT_MAX + 1];
    b[instant_format(us, b)] = 0;
    CHECK(strcmp(b, wanted) == 0);
    if (strcmp(b, wanted) != 0) printf("%s\n", b);
}

static void texts(void)
{
    int64_t day = 86400000000ll;
    parses("1970", 0);
    parses("1970-01", 0);
    parses("1970-01-02", day);
    parses("1970-01-01T01", 3600000000ll);
    parses("1970-01-01T00:01", 60000000);
    parses("1970-01-01T00:00:01", 1000000);
    parses("1970-01-01T00:00:00.5", 500000);
    parses("1970-01-01T00:00:00.123456789", 123456);
    parses("1970-01-01T00:00:00.000-00:00", 0);
    parses("1970-01-01T00:00:00Z", 0);
    parses("1970-01-01T01:00:00+01:00", 0);
    parses("1969-12-31T23:30:00-00:30", 0);
    parses("2000-02-29", 11016 * day);
    parses("1969-12-31", -day);
    parses("1900-03-01", -25508 * day);
    parses("2025-12-15T10:00:00", 1765792800000000ll);
    parses("0000-01-01", -719528 * day);
    parses("+123456-01-01", 44371850 * day);
    rejects("");
    rejects("x");
    rejects("197");
    rejects("1970-13");
    rejects("1970-00");
    rejects("1970-02-29");
    rejects("1900-02-29");
    rejects("1970-01-01T24");
    rejects("1970-01-01T00:60");
    rejects("1970-01-01T00:00:60");
    rejects("1970-01-01T00:00:00.");
    rejects("1970-01-01T00:00:00.1234567890");
    rejects("1970-01-01T00:00:00+1");
    rejects("1970-01-01T00:00:00+24:00");
    rejects("1970-01-01 00:00");
    rejects("1970-01-01T00:00:00Zx");
    rejects("1970-1-1");
    rejects("+999999-01-01");
    formats(0, "1970-01-01T00:00:00");
    formats(1, "1970-01-01T00:00:00.000001");
    formats(-1, "1969-12-31T23:59:59.999999");
    formats(1765792800000000ll, "2025-12-15T10:00:00");
    formats(500000, "1970-01-01T00:00:00.5");
    formats(44371850 * day, "+123456-01-01T00:00:00");
}

/* Every day of 800 years, by counting. */
static void calendar(void)
{
    static const int lengths[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    int64_t day = -134774, bad = 0; /* 1601-01-01 */
    for (int year = 1601; year < 2401; year++)
        for (unsigned month = 1; month <= 12; month++) {
            unsigned length = (unsigned)lengths[month - 1] +
                              (month == 2 && ((year % 4 == 0 && year % 100) || year % 400 == 0));
            for (unsigned d = 1; d <= length; d++, day++) {
                struct civil c;
                int64_t us;
                instant_to_civil(day * 86400000000ll + 5, &c);
                if (c.year != year || c.month != month || c.day != d || c.microsecond != 5) bad++;
                if (!instant_from_civil(&c, &us) || us != day * 86400000000ll + 5) bad++;
            }
        }
    CHECK(bad == 0);
    CHECK(day == 157420);
}

/* Any 64 bits print, and what is within the years that text can hold reads back. */
static void random_instants(void)
{
    uint64_t seed = 1;
    unsigned bad = 0;
    for (unsigned i = 0; i < 200000; i++) {
        char b[INSTANT_TEXT_MAX];
        int64_t us, back;
        seed = seed * 6364136223846793005ull + 1442695040888963407ull;
        us = (int64_t)seed >> (i % 40);
        size_t n = instant_format(us, b);
        if (n > sizeof b) bad++;
        if (us > -9000000000000000000ll && us < 9000000000000000000ll &&
            (!instant_parse(b, n, &back) || back != us))
            bad++;
    }
    CHECK(bad == 0);
    char b[INSTANT_TEXT_MAX];
    CHECK(instant_format(INT64_MIN, b) < sizeof b && instant_format(INT64_MAX, b) < sizeof b);
}

static void uuids(void)
{
    const char *text = "f81d4fae-7dec-11d0-a765-00a0c91e6bf6";
    char b[UUID_TEXT_SIZE];
    uint64_t high, low;
    CHECK(uuid_parse(text, 36, &high, &low) && high == 0xf81d4fae7dec11d0 && low == 0xa76500a0c91e6bf6);
    uuid_format(high, low, b);
    CHECK(memcmp(b, text, 36) == 0);
    CHECK(uuid_parse("F81D4FAE-7DEC-11D0-A765-00A0C91E6BF6", 36, &high, &low) && low == 0xa76500a0c91e6bf6);
    CHECK(!uuid_parse(text, 35, &high, &low));
    CHECK(!uuid_parse("f81d4fae-7dec-11d0-a765-00a0c91e6bfg", 36, &high, &low));
    CHECK(!uuid_parse("f81d4fae7-dec-11d0-a765-00a0c91e6bf6", 36, &high, &low));
}

int main(void)
{
    texts();
    calendar();
    random_instants();
    uuids();
    return check_report();
}
