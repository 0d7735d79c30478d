/* Doubles and their texts against libc, exhaustive tables, and random ones.  LONA_TEST_ROUNDS sets how many (default 300000). */
#include <stdlib.h>
#include "base/float_text.h"
#include "base/limbs.h"
#include "base/pow10_table.h"
#include "test/support/check.h"

static uint64_t seed = 88172645463325252ull;
static uint64_t next_random(void)
{
    seed ^= seed << 13;
    seed ^= seed >> 7;
    seed ^= seed << 17;
    return seed * 0x2545f4914f6cdd1dull;
}
static double from_bits(uint64_t b)
{
    double d;
    memcpy(&d, &b, 8);
    return d;
}
static bool same(double a, double b)
{
    return memcmp(&a, &b, 8) == 0;
}

/* Every power, against limb arithmetic: t <= 10^k * 2^s < t + 1 with t of 128 bits. */
static void test_table(void)
{
    for (int k = POW10_LOW; k <= POW10_HIGH; k++) {
        limb t[2] = {pow10_table[k - POW10_LOW][1], pow10_table[k - POW10_LOW][0]};
        limb p[40] = {1}, x[48] = {0}, q[48];
        size_t pn = 1;
        for (int i = 0; i < (k < 0 ? -k : k); i++) {
            limb c = limbs_mul_1(p, p, pn, 10, 0);
            if (c) p[pn++] = c;
        }
        size_t bits = limbs_bit_length(p, pn);
        if (k >= 0) { /* x = p << 128 >> bits */
            memcpy(x + 2, p, pn * 8);
            limbs_shr(q, x + bits / 64, pn + 2 - bits / 64, bits % 64);
            CHECK(limbs_len(q, pn + 2 - bits / 64) == 2 && q[0] == t[0] && q[1] == t[1]);
        } else { /* t * p <= 2^(127 + bits) < (t + 1) * p */
            limb scratch[LIMBS_MUL_SCRATCH(2)], lo[48], hi[48];
            limbs_mul(lo, p, pn, t, 2, scratch);
            limb one = limbs_add(hi, lo, pn + 2, p, pn);
            size_t n = limbs_len(lo, pn + 2), m = limbs_len(hi, pn + 2);
            CHECK(one == 0 && limbs_bit_length(lo, n) <= 127 + bits && limbs_bit_length(hi, m) > 127 + bits);
        }
    }
}

static void check_round_trip(double d)
{
    char text[64], libc[64];
    size_t used, n = float_format(d, text);
    CHECK(n <= FLOAT_TEXT_MAX);
    text[n] = 0;
    bool negative = text[0] == '-';
    double back = float_parse(text + negative, n - negative, &used);
    if (negative) back = -back;
    if (!same(back, d) || used != n - negative || !same(strtod(text, NULL), d)) {
        printf("%.17g printed %s\n", d, text);
        CHECK(false);
    }
    if (d == 0) return;
    char digits[17];
    int e, precision = 1;
    double a = d < 0 ? -d : d;
    unsigned count = float_shortest_digits(a, digits, &e);
    if (a <= 1e-323) return; /* the two for which Java asks for two digits */
    for (;; precision++) {
        snprintf(libc, sizeof libc, "%.*e", precision - 1, a);
        if (same(strtod(libc, NULL), a)) break;
    }
    /* The nearest among the shortest is what %.*e gives, unless that one does not read back though another of its length does:
     * then ours is shorter or equal. */
    char wanted[32];
    unsigned w = 0;
    for (const char *c = libc; *c != 'e'; c++)
        if (*c != '.') wanted[w++] = *c;
    while (w > 1 && wanted[w - 1] == '0') w--;
    if (count > w || (count == w && memcmp(digits, wanted, w) != 0)) {
        printf("%.17g: ours %.*s, libc %.*s\n", a, (int)count, digits, (int)w, wanted);
        CHECK(false);
    } else {
        CHECK(true);
    }
}

static void test_forms(void)
{
    static const struct {
        double d;
        const char *text;
    } cases[] = {
        {0.0, "0.0"},
        {-0.0, "-0.0"},
        {1, "1.0"},
        {-1.5, "-1.5"},
        {1e10, "1.0E10"},
        {1e-5, "1.0E-5"},
        {0.001, "0.001"},
        {0.00099, "9.9E-4"},
        {9999999, "9999999.0"},
        {1e7, "1.0E7"},
        {123456.789, "123456.789"},
        {4.9e-324, "4.9E-324"},
        {9.9e-324, "9.9E-324"},
        {1.5e-323, "1.5E-323"},
        {1.7976931348623157e308, "1.7976931348623157E308"},
        {2.2250738585072014e-308, "2.2250738585072014E-308"},
        {0.1 + 0.2, "0.30000000000000004"},
        {1e23, "1.0E23"},
        {1e21, "1.0E21"},
        {100, "100.0"},
        {2e-3, "0.002"},
        {1.0 / 3, "0.3333333333333333"},
        {9007199254740993.0, "9.007199254740992E15"},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        char text[64];
        text[float_format(cases[i].d, text)] = 0;
        if (strcmp(text, cases[i].text) != 0) printf("%s, wanted %s\n", text, cases[i].text);
        CHECK(strcmp(text, cases[i].text) == 0);
    }
}

static void check_parse(const char *text)
{
    size_t used;
    double got = float_parse(text, strlen(text), &used), wanted = strtod(text, NULL);
    if (!same(got, wanted) || used != strlen(text))
        printf("%.100s: %.17g, wanted %.17g\n", text, got, wanted);
    CHECK(same(got, wanted) && used == strlen(text));
}

/* The decimal expansion of the middle between two doubles, exactly, and one digit to either side of it. */
static void check_midpoint(double d)
{
    char text[1200], *e;
    uint64_t b;
    memcpy(&b, &d, 8);
    double up = from_bits(b + 1);
    long double middle = ((long double)d + (long double)up) / 2; /* 64 bits of significand: exact */
    snprintf(text, sizeof text, "%.*Le", 800, middle);
    check_parse(text);
    e = strchr(text, 'e');
    e[-1] = '1'; /* just above */
    check_parse(text);
    snprintf(text, sizeof text, "%.*Le", 766, middle);
    check_parse(text);
    long double below = middle - middle * 0x1p-63L;
    snprintf(text, sizeof text, "%.*Le", 40, below);
    check_parse(text);
}

static void test_parse(unsigned rounds)
{
    static const char *const cases[] = {
        "1e400",
        "1e-400",
        "0e999999999999",
        "1e99999999999999999999",
        "1e-99999999999999999999",
        "1.",
        ".5",
        "1.e5",
        "179769313486231580793728971405301e276",
        "1.7976931348623158e308",
        "1.7976931348623159e308",
        "2.4703282292062327e-324",
        "2.4703282292062328e-324",
        "9007199254740993",
        "9007199254740992.99999999999999999999999999",
        "9007199254740993.00000000000000000001",
        "2.2250738585072011e-308",
        "6631236871469758276785396630275967242259e-5",
        "1e23",
        "8.5e22",
        "12345678901234567890123e-10",
        "00000000000000000000000000000000000000000000000000000000000001e10",
        "0.00000000000000000000000000000000000000000000000000000000000001e80",
        "2."
        "4703282292062327208828439643411068618252990130716238221279284125033775363510437593264991818081799618"
        "9898282347722858865463328355177969898199387398005390939063150356595155702263922908583924491051844359"
        "3180284993653615250031937045767824921936562366986365848075700158576926929037063119282795585513329278"
        "3433840935197801553124659726357957462276646527282722005637400648549997709659947045402082816622623785"
        "7393450736339007967761930577506740176324673600968951340535537458516661134223766678604816215968046191"
        "4467291840300530057530849048765391711386591646239524912623653881879636239373280423891018672348497668"
        "2350898633885879256283027559956575244555072551893136908362547791869486679949683240497058210285131854"
        "5139621383772282614543769341253209859132766723632812500e-324",
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) check_parse(cases[i]);
    char zeros[1100];
    memset(zeros, '0', sizeof zeros);
    zeros[0] = '1', zeros[1099] = 0;
    check_parse(zeros);
    memcpy(zeros + 1000, "e-990", 6);
    check_parse(zeros);
    for (unsigned i = 0; i < rounds; i++) {
        char text[64];
        uint64_t r = next_random();
        unsigned digits = 1 + r % 25;
        int at = 0;
        for (unsigned k = 0; k < digits; k++) text[at++] = (char)('0' + next_random() % 10);
        snprintf(text + at, 16, "e%d", (int)(next_random() % 700) - 360);
        check_parse(text);
    }
    for (unsigned i = 0; i < rounds / 50; i++)
        check_midpoint(from_bits(next_random() % 0x7fe0000000000000ull));
    for (unsigned i = 0; i < 200; i++) check_midpoint(from_bits(next_random() >> (12 + i % 50)));
    size_t used;
    CHECK((float_parse("", 0, &used), used == 0));
    CHECK((float_parse(".", 1, &used), used == 0));
    CHECK((float_parse("1e", 2, &used), used == 1));
    CHECK((float_parse("1e+", 3, &used), used == 1));
    CHECK((float_parse("e5", 2, &used), used == 0));
}

int main(void)
{
    const char *r = getenv("LONA_TEST_ROUNDS");
    unsigned rounds = r ? (unsigned)atoi(r) : 300000;
    test_table();
    test_forms();
    for (uint64_t e = 0; e < 2047; e++)
        for (int k = -2; k <= 2; k++)
            if ((e << 52) + (uint64_t)(int64_t)k < 0x7ff0000000000000ull)
                check_round_trip(from_bits((e << 52) + (uint64_t)(int64_t)k));
    for (uint64_t b = 0; b < 3000; b++) check_round_trip(from_bits(b));
    for (unsigned i = 0; i < rounds; i++) {
        uint64_t b = next_random();
        if ((b >> 52 & 0x7ff) == 0x7ff) continue;
        check_round_trip(from_bits(b));
        check_round_trip((double)(b >> (b & 63)));
        check_round_trip((double)(int64_t)(b >> 40) / 1000.0);
    }
    test_parse(rounds);
    return check_report();
}
