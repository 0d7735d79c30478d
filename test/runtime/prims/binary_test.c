#include "test/stub/stub.h"
#include "test/runtime/prims/calls.h"
#include "runtime/value/number.h"

prim_fn prim_binary, prim_byte_size, prim_binary_ref, prim_subbinary, prim_string_to_utf8,
    prim_utf8_to_string, prim_utf8_prefix, prim_match_bits, prim_bits, prim_integer_to_binary,
    prim_binary_to_integer;

#define V(text) read_value(string_of(text), NIL)

static void parts(void)
{
    GIVES("#bytes \"010203\"", prim_binary, V("[1 2 3]"));
    GIVES("#bytes \"01616202ffcebb\"", prim_binary, I(1), V("\"ab\""), V("(2 (255 [\"λ\"]) nil)"));
    GIVES("#bytes \"\"", prim_binary, NIL);
    GIVES("error", prim_binary, I(256));
    GIVES("error", prim_binary, I(-1));
    GIVES("error", prim_binary, V("[1 :a]"));
    GIVES("error", prim_binary, V("{1 2}"));
    CHECK_TEXT(printed(run(prim_binary, NULL, 0)), "#bytes \"\"");
    value b = V("#bytes \"0102030405\"");
    GIVES("5", prim_byte_size, b);
    GIVES("2", prim_byte_size, V("\"λ\""));
    GIVES("error", prim_byte_size, NIL);
    GIVES("3", prim_binary_ref, b, I(2));
    GIVES("error", prim_binary_ref, b, I(5));
    GIVES("error", prim_binary_ref, b, I(-1));
    GIVES("error", prim_binary_ref, V("#bytes \"\""), I(0));
    GIVES("#bytes \"0203\"", prim_subbinary, b, I(1), I(3));
    GIVES("#bytes \"\"", prim_subbinary, b, I(5));
    GIVES("error", prim_subbinary, b, I(6));
    GIVES("error", prim_subbinary, b, I(3), I(2));
}

static void text(void)
{
    GIVES("#bytes \"61cebb\"", prim_string_to_utf8, V("\"aλ\""));
    GIVES("\"aλ\"", prim_utf8_to_string, V("#bytes \"61cebb\""));
    GIVES("error", prim_utf8_to_string, V("#bytes \"61ce\""));
    GIVES("error", prim_utf8_to_string, V("#bytes \"ff\""));
    GIVES("[\"aλ\" #bytes \"\"]", prim_utf8_prefix, V("#bytes \"61cebb\""));
    GIVES("[\"a\" #bytes \"ce\"]", prim_utf8_prefix, V("#bytes \"61ce\""));
    GIVES("[\"\" #bytes \"f09f98\"]", prim_utf8_prefix, V("#bytes \"f09f98\""));
    GIVES("[\"\xef\xbf\xbd\x61\" #bytes \"\"]", prim_utf8_prefix, V("#bytes \"ff61\""));
    GIVES("[\"\xef\xbf\xbd\" #bytes \"e2\"]", prim_utf8_prefix, V("#bytes \"c0e2\""));
    GIVES("[\"\xef\xbf\xbd\xef\xbf\xbd\" #bytes \"\"]", prim_utf8_prefix, V("#bytes \"eda0\""));
    turn = 4000;
    static char bytes[1500001];
    memset(bytes, 'a', sizeof bytes);
    for (size_t i = 0; i + 2 < sizeof bytes; i += 3) memcpy(bytes + i, "\xe2\x82\xac", 3);
    bytes[sizeof bytes - 1] = 'x';
    value b = binary_make(p, bytes, sizeof bytes), s = RUN(prim_utf8_to_string, b);
    CHECK(turns > 1 && is_string(s) && string_chars(s) == 500001);
    bytes[1000000] = (char)0xff;
    CHECK(RUN(prim_utf8_to_string, binary_make(p, bytes, sizeof bytes)) == VAL_ERROR);
    CHECK(vector_count(RUN(prim_utf8_prefix, binary_make(p, bytes, sizeof bytes))) == 2);
    turn = 1 << 20;
}

static void match(const char *binary, int at, value size, const char *spec, const char *wanted)
{
    CHECK_TEXT(printed(RUN(prim_match_bits, V(binary), I(at), size, V(spec))), wanted);
}

static void matching(void)
{
    match("#bytes \"0102\"", 0, I(8), "{:type :integer}", "[1 8]");
    match("#bytes \"0102\"", 0, I(16), "{}", "[258 16]");
    match("#bytes \"0102\"", 0, I(16), "{:endian :little}", "[513 16]");
    match("#bytes \"ff\"", 0, I(8), "{:signed true}", "[-1 8]");
    match("#bytes \"f1\"", 4, I(4), "{}", "[1 8]");
    match("#bytes \"f1\"", 0, I(4), "{:signed true}", "[-1 4]");
    match("#bytes \"f1\"", 2, I(3), "{}", "[6 5]");
    match("#bytes \"01\"", 0, I(9), "{}", "nil");
    match("#bytes \"01\"", 8, I(0), "{}", "[0 8]");
    match("#bytes \"01\"", 0, I(-1), "{}", "nil");
    match("#bytes \"01\"", 9, I(1), "{}", "error");
    match("#bytes \"01\"", 0, NIL, "{}", "nil");
    match("#bytes \"ffffffffffffffff\"", 0, I(64), "{}", "[18446744073709551615 64]");
    match("#bytes \"ffffffffffffffff\"", 0, I(64), "{:signed true}", "[-1 64]");
    match("#bytes \"80000000000000000000\"", 0, I(80), "{:signed true}", "[-604462909807314587353088 80]");
    match("#bytes \"ffffffffffffffffffff\"", 0, I(80), "{:signed true}", "[-1 80]");
    match("#bytes \"01000000000000000002\"", 0, I(80), "{:endian :little}", "[9444732965739290427393 80]");
    match("#bytes \"1234\"", 0, I(12), "{:endian :little}", "[786 12]");
    match("#bytes \"3ff8000000000000\"", 0, I(64), "{:type :float}", "[1.5 64]");
    match("#bytes \"0000c03f\"", 0, I(32), "{:type :float :endian :little}", "[1.5 32]");
    match("#bytes \"00\"", 0, I(16), "{:type :float}", "nil");
    match("#bytes \"0000\"", 0, I(16), "{:type :float}", "error");
    match("#bytes \"010203\"", 8, I(1), "{:type :bytes}", "[#bytes \"02\" 16]");
    match("#bytes \"010203\"", 4, I(2), "{:type :bytes}", "[#bytes \"1020\" 20]");
    match("#bytes \"010203\"", 8, NIL, "{:type :rest}", "[#bytes \"0203\" 24]");
    match("#bytes \"01\"", 8, NIL, "{:type :rest}", "[#bytes \"\" 8]");
    match("#bytes \"0102\"", 4, NIL, "{:type :rest}", "nil");
    match("#bytes \"0102\"", 0, I(12), "{:type :bits}", "nil");
    match("#bytes \"cebb41\"", 0, NIL, "{:type :utf8}", "[\\λ 16]");
    match("#bytes \"0ceb\"", 4, NIL, "{:type :utf8}", "nil");
}

static void build(const char *segments, const char *wanted)
{
    value v = V(segments), items[20];
    unsigned n = 0;
    for (value x; (x = vector_nth(v, n)) != VAL_ABSENT;) items[n++] = x;
    CHECK_TEXT(printed(run(prim_bits, items, n)), wanted);
}

static void building(void)
{
    build("[]", "#bytes \"\"");
    build("[1 \"ab\" #bytes \"ff\"]", "#bytes \"016162ff\"");
    build("[[1 4] [2 4]]", "#bytes \"12\"");
    build("[[300 16 :little]]", "#bytes \"2c01\"");
    build("[[-1 16]]", "#bytes \"ffff\"");
    build("[[1.5 32 :float] [2 64 :float]]", "#bytes \"3fc000004000000000000000\"");
    build("[[#bytes \"0102\" 1 :bytes]]", "#bytes \"01\"");
    build("[[#bytes \"0102\" 3 :bytes]]", "error");
    build("[[#bytes \"f1\" 4 :bits] [0 4]]", "#bytes \"f0\"");
    build("[[1 3]]", "error");
    build("[[:a 8]]", "error");
    build("[[1 -8]]", "error");
    build("[[1 8 :foo]]", "error");
    build("[[]]", "error");
    build("[[1.5 16 :float]]", "error");
    build("[[\\λ :utf8]]", "#bytes \"cebb\"");
    build("[[1 4] #bytes \"abcd\" [2 4]]", "#bytes \"1abcd2\"");
    build("[[786 12 :little] [4 4]]", "#bytes \"1234\"");
    build("[256]", "#bytes \"00\"");
    build("[[18446744073709551615 72]]", "#bytes \"00ffffffffffffffff\"");
    build("[[-18446744073709551616 72]]", "#bytes \"ff0000000000000000\"");
    build("[:a]", "error");
}

/* Fields of any width, place, endianness and sign come back as they were put. */
static void random_fields(void)
{
    uint64_t seed = 99;
    unsigned bad = 0;
    for (unsigned round = 0; round < 20000; round++) {
        seed = seed * 6364136223846793005ull + 1442695040888963407ull;
        uint64_t r = seed >> 16;
        unsigned width = 1 + (unsigned)(r % 200), before = (unsigned)(r >> 8) % 20,
                 after = (16 - (width + before) % 8) % 8;
        bool little = r >> 20 & 1, is_signed = r >> 21 & 1;
        value v = from_fixnum((int64_t)(seed ^ seed << 7) >> 14);
        for (unsigned i = 0; i < width / 40; i++)
            v = number_add(p, number_mul(p, v, from_fixnum(1ll << 40)), from_fixnum((int64_t)(seed >> 30)));
        if (!is_signed && number_sign(v) < 0) v = number_neg(p, v);
        value limit = number_shl(p, from_fixnum(1), from_fixnum(width - is_signed));
        v = number_rem(p, v, limit);
        value words[] = {v, I(width), keyword_c(p, NULL, little ? "little" : "big")};
        value segments[] = {vector_make(p, (value[]){I(-1), I(before)}, 2), vector_make(p, words, 3),
                            vector_make(p, (value[]){I(-1), I(after)}, 2)};
        value b = run(prim_bits, segments, 3);
        value kv[] = {keyword_c(p, NULL, "endian"), words[2], keyword_c(p, NULL, "signed"),
                      from_bool(is_signed)};
        value back = is_binary(b) ? RUN(prim_match_bits, b, I(before), I(width), map_of(kv, 2)) : VAL_ERROR;
        if (is_sentinel(back) || !number_equal(vector_nth(back, 0), v)) bad++;
    }
    CHECK(bad == 0);
}

static void integers(void)
{
    GIVES("#bytes \"0102\"", prim_integer_to_binary, I(258), I(2));
    GIVES("#bytes \"0201\"", prim_integer_to_binary, I(258), I(2), V(":little"));
    GIVES("error", prim_integer_to_binary, I(1), I(1), V(":middle"));
    GIVES("258", prim_binary_to_integer, V("#bytes \"0102\""));
    GIVES("-1", prim_binary_to_integer, V("#bytes \"ffff\""), V(":big"), V(":signed"));
    GIVES("0", prim_binary_to_integer, V("#bytes \"\""));
}

int main(void)
{
    p = stub_process();
    parts();
    text();
    matching();
    building();
    random_fields();
    integers();
    return check_report();
}
