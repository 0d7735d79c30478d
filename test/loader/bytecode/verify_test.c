/* The verifier as an enemy sees it: units that the compiler made, damaged in every way, must be accepted or refused without
 * reading out of bounds (run under the address sanitizer); what is accepted must be safe to walk. */
#include "loader/bytecode/verify.h"

#include "loader/bytecode/disasm.h"
#include "loader/bytecode/ops.h"
#include "runtime/compiler/compile.h"
#include "test/runtime/compiler/forms.h"
#include "test/stub/stub.h"
#include "test/support/check.h"

/* In one go, and in slices: the answer must be the same. */
static bool verify(const uint8_t *bytes, size_t size, struct verify_error *e)
{
    static unsigned turn;
    static struct verifier v;
    bool good = bytecode_verify(bytes, size, e);
    enum verify_result again = VERIFY_MORE;
    bytecode_verify_start(&v, bytes, size);
    while (again == VERIFY_MORE) {
        int64_t steps = 1 + turn++ % 5 * 3;
        again = bytecode_verify_continue(&v, &steps);
    }
    CHECK((again == VERIFY_GOOD) == good);
    if (!good)
        CHECK(again == VERIFY_BAD && v.error.rule == e->rule && v.error.offset == e->offset &&
              v.error.proto == e->proto && v.error.insn == e->insn);
    return good;
}

static struct process *p;
static uint64_t walked;

static void swallow(void *context, const char *text, size_t size)
{
    walked += size;
}

/* A copy in memory of exactly its size, so that the sanitizer sees every step beyond it. */
static uint8_t *exact_copy(const uint8_t *bytes, size_t size)
{
    uint8_t *copy = (uint8_t *)malloc(size ? size : 1);
    memcpy(copy, bytes, size);
    return copy;
}

static uint8_t *compiled(const char *text, size_t *size)
{
    struct compile_options o = {string_make(p, "f.lona-s", 8),
                                string_make(p, text, strlen(text)),
                                NIL,
                                symbol_c(p, NULL, "user"),
                                NIL,
                                NIL,
                                false};
    value unit = compile_form(p, read_text(p, text), &o);
    CHECK(unit != VAL_ERROR);
    const uint8_t *bytes = binary_bytes(unit, size);
    struct verify_error e = {0};
    bool good = verify(bytes, *size, &e);
    CHECK(good);
    if (!good) printf("%s at %u\n", e.rule, e.offset);
    return exact_copy(bytes, *size);
}

static bool accepts(const uint8_t *bytes, size_t size, const char **rule)
{
    struct verify_error e = {0};
    bool good = verify(bytes, size, &e);
    *rule = e.rule;
    if (good)
        bytecode_disassemble(bytes, size, swallow, NULL);
    else if (e.rule == NULL)
        CHECK(e.rule != NULL);
    return good;
}

static const char *const texts[] = {
    "(fn* fib ([n] (if (lona.core/< n 2) n (lona.core/+ (fib (lona.core/- n 1)) (user/fib (lona.core/- n "
    "2))))))",
    "(fn* f ([] 1) ([a] [a 'b \"c\" :d/e {1 2.5} #{\\x}]) ([a & r] (loop* [x a y r] (if x (recur y x) (fn* "
    "[] [x y r])))))",
    "(fn* [f x] (catch* [t] (cleanup* (f t) (g x)) [v] (catch* [t] (f t) [v] [v x])))",
    "(fn* [s] (receive* [m] (alt* (if (lona.core/= m 1) (take* (recur m)) (fail*)) (skip*)) s :late))",
    "(letfn* [a (fn* [x] (b x)) b (fn* [x] (a [x x]))] (a (quote (1 #{2} {3 [4 5]}))))",
};

/* Every byte set to several other values, every bit flipped, every length. */
static void test_mutations(const char *text)
{
    size_t size;
    uint8_t *unit = compiled(text, &size);
    unsigned accepted = 0, tried = 0;
    const char *rule;
    for (size_t i = 0; i < size; i++) {
        uint8_t was = unit[i];
        static const uint8_t others[] = {0, 1, 2, 0x7f, 0x80, 0xff};
        for (unsigned k = 0; k < 8 + sizeof others; k++) {
            unit[i] = k < 8 ? (uint8_t)(was ^ 1u << k) : others[k - 8];
            if (unit[i] == was) continue;
            tried++;
            accepted += accepts(unit, size, &rule);
        }
        unit[i] = was;
    }
    CHECK(accepts(unit, size, &rule));
    for (size_t cut = 0; cut < size; cut++) {
        uint8_t *shorter = exact_copy(unit, cut);
        CHECK(!accepts(shorter, cut, &rule));
        free(shorter);
    }
    CHECK(accepted < tried / 2); /* names, numbers and positions may change; structure may not */
    free(unit);
}

/* 32-bit words replaced by interesting numbers, anywhere. */
static void test_words(const char *text)
{
    static const uint32_t numbers[] = {0,      1,       2,          7,          8,          0xff,
                                       0xffff, 0x10000, 0x7fffffff, 0x80000000, 0xfffffff8, 0xffffffff};
    size_t size;
    uint8_t *unit = compiled(text, &size);
    const char *rule;
    for (size_t i = 0; i + 4 <= size; i += 2)
        for (unsigned k = 0; k < COUNT_OF(numbers); k++) {
            uint32_t was;
            memcpy(&was, unit + i, 4);
            memcpy(unit + i, &numbers[k], 4);
            accepts(unit, size, &rule);
            memcpy(unit + i, &was, 4);
        }
    CHECK(accepts(unit, size, &rule));
    free(unit);
}

/* ---- one rejection for each rule, made by hand ---- */
struct unit_view {
    uint8_t *bytes;
    size_t size;
    struct unit_header *h;
    struct proto_record *protos;
    struct insn *code;
    uint8_t *live;
};
static struct unit_view view(const char *text)
{
    struct unit_view u;
    u.bytes = compiled(text, &u.size);
    u.h = (struct unit_header *)u.bytes;
    u.protos = (struct proto_record *)(u.bytes + u.h->protos);
    u.code = (struct insn *)(u.bytes + u.h->code);
    u.live = u.bytes + u.h->live;
    return u;
}
static void refuse(int line, struct unit_view *u, const char *rule_part)
{
    const char *rule = "";
    bool good = accepts(u->bytes, u->size, &rule);
    CHECK(!good);
    bool right = !good && strstr(rule, rule_part);
    CHECK(right);
    if (!right) printf("line %d: got \"%s\", wanted \"%s\"\n", line, good ? "accepted" : rule, rule_part);
    free(u->bytes);
}
#define REFUSED(text, change, rule)                                                                          \
    do {                                                                                                     \
        struct unit_view u = view(text);                                                                     \
        change;                                                                                              \
        refuse(__LINE__, &u, rule);                                                                          \
    } while (0)

static void test_rules(void)
{
    const char *fib = texts[0];
    struct insn *fn; /* code of prototype 1 */
#define FN(u) (fn = (u).code + (u).protos[1].first_insn)
    REFUSED(fib, u.h->magic++, "magic");
    REFUSED(fib, u.h->version++, "version");
    REFUSED(fib, u.h->reserved[2] = 1, "reserved");
    REFUSED(fib, u.h->code += 4, "alignment");
    REFUSED(fib, u.h->code = u.h->protos, "overlaps");
    REFUSED(fib, u.h->proto_count = 0, "no prototype");
    REFUSED(fib, u.h->data = (uint32_t)u.size + 8, "beyond");
    REFUSED(fib, FN(u)[0].op = OP_COUNT, "opcode");
    REFUSED(fib, FN(u)[0].a = 99, "register");
    REFUSED(fib, FN(u)[0].a = 1, "B2");
    REFUSED(fib, FN(u)[0].c = 1000, "out of the code");
    REFUSED(fib, FN(u)[0].c = (uint16_t)-1, "B5");
    REFUSED(fib, FN(u)[0].c = 4, "B3");
    REFUSED(fib, FN(u); fn += u.protos[1].insn_count - 1; fn->op = OP_NOP;
            fn->a = 0, "flow: beyond the code");
    REFUSED(fib, FN(u)[1].b = 1, "not zero");
    REFUSED(fib, u.live[u.protos[1].live_offset] |= 2, "B1");
    REFUSED(fib, u.live[u.protos[1].live_offset + 1] |= 0x80, "");
    REFUSED(fib, u.protos[1].register_count = 5, "");
    REFUSED(fib, u.protos[1].register_count = 2000, "too many registers");
    REFUSED(fib, u.protos[1].fixed_count = 300, "parameters");
    REFUSED(fib, u.protos[1].next_arity = 1, "does not follow");
    REFUSED(fib, u.protos[1].next_arity = 2, "beyond the table");
    REFUSED(fib, u.protos[1].flags |= PROTO_LATER_ARITY, "");
    REFUSED(fib, u.protos[1].upvalue_count = 1, "captures");
    REFUSED(fib, u.protos[1].insn_count--, "beyond the code");
    REFUSED(fib, u.protos[0].fixed_count = 1, "proto 0");
    REFUSED(fib, u.protos[1].first_insn++, "contiguous");
    REFUSED(fib, u.code[0].b = 7, "prototype");
    REFUSED(texts[1], u.protos[2].fixed_count = 0, "given twice");
    REFUSED(texts[1], u.protos[2].flags |= PROTO_VARIADIC, "");
    REFUSED(texts[1], u.code[0].b = 2, "not the first");
    REFUSED(fib, *(uint32_t *)(u.bytes + u.h->globals) = 77, "global");
    REFUSED(fib, u.h->source_literal = 77, "source");
    REFUSED(fib, u.bytes[u.h->data] = 200, "literal");
    REFUSED(fib, *(uint32_t *)(u.bytes + u.h->literals) = 1, "literal");

    const char *catcher = "(fn* [f x] (catch* [t] (f t) [v] (g v x)))";
    struct region_record *r;
#define REGION(u) (r = (struct region_record *)((u).bytes + (u).h->regions))
    REFUSED(catcher, REGION(u)->first++, "B4: no token");
    REFUSED(catcher, REGION(u)->reg = 0, "B4: no token");
    REFUSED(catcher, REGION(u)->kind = 2, "kind");
    REFUSED(catcher, REGION(u)->last--, "B4: a region ends in a call");
    REFUSED(catcher, REGION(u)->last = 0, "bounds");
    REFUSED(catcher, REGION(u)->handler = 1, "handler");
    REFUSED(catcher, REGION(u)->handler = 1000, "handler");
    REFUSED(catcher, REGION(u)->reg = 100, "register");
    REFUSED(catcher, FN(u)[3].a = 1; fn[4].a = 1, "");
    /* the token dies before the region ends */
    REFUSED(catcher, u.live[u.protos[1].live_offset + 4] &= (uint8_t)~4, "B4: what the handler needs");
    (void)r;
}

static void test_literals(void)
{
    /* depth, counts, tags */
    static const struct {
        const char *bytes;
        unsigned size;
        bool good;
    } cases[] = {
        {"\x00", 1, true},
        {"", 0, false},
        {"\x03\x02", 2, true},
        {"\x03\x80", 2, false},
        {"\x03\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", 11, true},
        {"\x03\xff\xff\xff\xff\xff\xff\xff\xff\xff\x02", 11, false},
        {"\x00\x00", 2, false},
        {"\x08\x02"
         "ab",
         4, true},
        {"\x08\x03"
         "ab",
         4, false},
        {"\x08\x01\xff", 3, false},
        {"\x09\x01\x01"
         "a\x01"
         "b",
         6, true},
        {"\x09\x02\x01"
         "a",
         4, false},
        {"\x0b\x02\x00\x00", 4, true},
        {"\x0b\x02\x00", 3, false},
        {"\x0b\xff\xff\xff\x7f\x00", 6, false},
        {"\x0d\x01\x00\x00", 4, true},
        {"\x0d\x01\x00", 3, false},
        {"\x07\xff\xff\x03", 4, true},
        {"\x07\x80\xb0\x03", 4, false}, /* surrogate */
        {"\x05\x03\x02\x03\x04", 5, true},
        {"\x05\x03\x02\x03\x02", 5, false}, /* 1/2, 1/1 */
        {"\x05\x00\x03\x04", 4, false},
        {"\x13\x0d\x00\x0c\x00", 5, false},
        {"\x14\x0d\x00\x0c\x00", 5, true},
        {"\x14\x0d\x00\x00", 4, false},
        {"\x15\x09\x00\x01"
         "a",
         5, true},
        {"\x15\x00", 2, false},
        {"\x18", 1, false},
        {"\xff", 1, false},
    };
    struct verify_error e;
    (void)e;
    for (unsigned i = 0; i < COUNT_OF(cases); i++) {
        /* a unit of one literal: RET nil with the literal table behind it */
        uint8_t unit[512] = {0};
        struct unit_header h = {.magic = UNIT_MAGIC,
                                .version = UNIT_VERSION,
                                .source_literal = UINT32_MAX,
                                .file_literal = UINT32_MAX};
        struct proto_record r = {
            .name_literal = UINT32_MAX, .insn_count = 2, .register_count = 1, .next_arity = UINT32_MAX};
        struct insn code[] = {{OP_SPECIAL, 0, 2, 0}, {OP_RET, 0, 0, 0}};
        h.proto_count = 1, h.code_count = 2, h.literal_count = 1;
        h.protos = sizeof h;
        h.code = h.protos + sizeof r;
        h.live = h.code + sizeof code;
        h.regions = h.positions = h.locals = h.globals = h.literals = h.live + 8;
        h.data = h.literals + 8;
        h.total_bytes = h.data + cases[i].size;
        memcpy(unit, &h, sizeof h);
        memcpy(unit + h.protos, &r, sizeof r);
        memcpy(unit + h.code, code, sizeof code);
        unit[h.live + 1] = 1;
        uint32_t offsets[] = {0, cases[i].size};
        memcpy(unit + h.literals, offsets, 8);
        memcpy(unit + h.data, cases[i].bytes, cases[i].size);
        uint8_t *exact = exact_copy(unit, h.total_bytes);
        const char *rule;
        bool good = accepts(exact, h.total_bytes, &rule);
        CHECK(good == cases[i].good);
        if (good != cases[i].good) printf("literal case %u: %s\n", i, good ? "accepted" : rule);
        free(exact);
    }
}

int main(void)
{
    p = stub_process();
    for (unsigned i = 0; i < COUNT_OF(texts); i++) {
        test_mutations(texts[i]);
        test_words(texts[i]);
    }
    test_rules();
    test_literals();
    return check_report();
}
