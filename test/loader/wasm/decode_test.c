/* Decoding and validation as an enemy would try it: every limit at and past it, every truncation, every failing allocation, time and memory
 * for input made to cost much.  What each rule says is tested by the scripts beside this file. */
#include "loader/wasm/module.h"

#include <time.h>

#include "spec/limits.h"
#include "test/loader/wasm/build.h"
#include "test/support/check.h"

static enum wasm_rule rule_of(struct bytes b)
{
    struct wasm_error error;
    enum wasm_rule rule = decode_rule(&b, &error, NULL);
    free(b.data);
    return rule;
}

#define CHECK_RULE(module, wanted) CHECK_EQ_U64(rule_of(module), WASM_RULE_##wanted)

/* ---- limits at their value and one past it ---- */

static struct bytes module_with_arity(uint32_t params, uint32_t results)
{
    struct bytes b = {0}, types = {0};
    put_header(&b);
    PUT(&types, "\1\x60");
    put_u32(&types, params);
    put_many(&types, WASM_I32, params);
    put_u32(&types, results);
    put_many(&types, WASM_I64, results);
    put_section(&b, 1, types);
    return b;
}

/* count entries of the same bytes in a section, after a prefix of sections. */
static struct bytes repeat(unsigned id, uint32_t count, const char *entry, size_t size)
{
    struct bytes b = {0}, s = {0};
    put_header(&b);
    if (id == 3 || id == 13) PUT_SECTION(&b, 1, "\1\x60\0\0");
    if (id == 9) PUT_SECTION(&b, 4, "\1\x70\0\0");
    put_u32(&s, count);
    for (uint32_t i = 0; i < count; i++) put(&s, entry, size);
    put_section(&b, id, s);
    if (id == 3) {
        struct bytes code = {0};
        put_u32(&code, count);
        for (uint32_t i = 0; i < count; i++) PUT(&code, "\2\0\x0b");
        put_section(&b, 10, code);
    }
    return b;
}
#define REPEAT(id, count, entry) repeat(id, count, entry, sizeof(entry) - 1)

static struct bytes locals(uint32_t count)
{
    struct bytes body = {0};
    PUT(&body, "\1");
    put_u32(&body, count);
    PUT(&body, "\x7f\x0b");
    return module_with_body(body);
}

static struct bytes body_of_size(size_t size)
{
    struct bytes body = {0};
    put_byte(&body, 0);
    put_many(&body, 0x01, size - 2);
    put_byte(&body, 0x0b);
    return module_with_body(body);
}

/* A function of 1000 results called so often that count operands lie on the stack. */
static struct bytes operands(uint32_t count)
{
    struct bytes b = {0}, types = {0}, body = {0}, code = {0};
    put_header(&b);
    PUT(&types, "\2\x60\0");
    put_u32(&types, LIMIT_WASM_ARITY);
    put_many(&types, WASM_I32, LIMIT_WASM_ARITY);
    PUT(&types, "\x60\0\0");
    put_section(&b, 1, types);
    PUT_SECTION(&b, 3, "\2\0\1");
    PUT(&code, "\2\3\0\0\x0b"); /* unreachable leaves any results */
    put_byte(&body, 0);
    for (uint32_t i = 0; i < count / LIMIT_WASM_ARITY; i++) PUT(&body, "\x10\0");
    PUT(&body, "\0\x0b");
    put_u32(&code, (uint32_t)body.size);
    put(&code, body.data, body.size);
    free(body.data);
    put_section(&b, 10, code);
    return b;
}

static struct bytes constant_depth(uint32_t depth)
{
    struct bytes b = {0}, s = {0};
    put_header(&b);
    PUT(&s, "\1\x7f\0");
    for (uint32_t i = 0; i < depth; i++) PUT(&s, "\x41\1");
    put_many(&s, 0x6a, depth - 1);
    put_byte(&s, 0x0b);
    put_section(&b, 6, s);
    return b;
}

static struct bytes distinct_exports(uint32_t count)
{
    struct bytes b = {0}, s = {0};
    put_header(&b);
    PUT_SECTION(&b, 1, "\1\x60\0\0");
    PUT_SECTION(&b, 3, "\1\0");
    put_u32(&s, count);
    for (uint32_t i = 0; i < count; i++) {
        PUT(&s, "\4");
        for (unsigned k = 0; k < 4; k++) put_byte(&s, 0x20 + (i >> (6 * k) & 63));
        PUT(&s, "\0\0");
    }
    put_section(&b, 7, s);
    PUT_SECTION(&b, 10, "\1\2\0\x0b");
    return b;
}

static void test_limits(void)
{
    CHECK_RULE(module_with_arity(LIMIT_WASM_ARITY, LIMIT_WASM_ARITY), NONE);
    CHECK_RULE(module_with_arity(LIMIT_WASM_ARITY + 1, 0), TYPE_ARITY);
    CHECK_RULE(module_with_arity(0, LIMIT_WASM_ARITY + 1), TYPE_ARITY);
    CHECK_RULE(REPEAT(1, LIMIT_WASM_TYPES, "\x60\0\0"), NONE);
    CHECK_RULE(REPEAT(1, LIMIT_WASM_TYPES + 1, "\x60\0\0"), TYPES);
    CHECK_RULE(REPEAT(3, LIMIT_WASM_FUNCTIONS, "\0"), NONE);
    CHECK_RULE(REPEAT(3, LIMIT_WASM_FUNCTIONS + 1, "\0"), FUNCTIONS);
    CHECK_RULE(REPEAT(4, LIMIT_WASM_TABLES, "\x70\0\0"), NONE);
    CHECK_RULE(REPEAT(4, LIMIT_WASM_TABLES + 1, "\x70\0\0"), TABLES);
    CHECK_RULE(REPEAT(5, LIMIT_WASM_MEMORIES, "\0\0"), NONE);
    CHECK_RULE(REPEAT(5, LIMIT_WASM_MEMORIES + 1, "\0\0"), MEMORIES);
    CHECK_RULE(REPEAT(2, LIMIT_WASM_MEMORIES, "\0\0\2\0\0"), NONE);
    CHECK_RULE(REPEAT(2, LIMIT_WASM_MEMORIES + 1, "\0\0\2\0\0"), MEMORIES);
    CHECK_RULE(REPEAT(2, LIMIT_WASM_TABLES + 1, "\0\0\1\x70\0\0"), TABLES);
    CHECK_RULE(REPEAT(2, LIMIT_WASM_FUNCTIONS + 1, "\0\0\3\x7f\0"), IMPORTS);
    CHECK_RULE(REPEAT(6, LIMIT_WASM_FUNCTIONS + 1, "\x7f\0\x41\0\x0b"), GLOBALS);
    CHECK_RULE(REPEAT(13, LIMIT_WASM_FUNCTIONS + 1, "\0\0"), TAGS);
    CHECK_RULE(REPEAT(9, LIMIT_WASM_SEGMENTS, "\1\0\0"), NONE);
    CHECK_RULE(REPEAT(9, LIMIT_WASM_SEGMENTS + 1, "\1\0\0"), SEGMENTS);
    CHECK_RULE(REPEAT(11, LIMIT_WASM_SEGMENTS, "\1\0"), NONE);
    CHECK_RULE(REPEAT(11, LIMIT_WASM_SEGMENTS + 1, "\1\0"), SEGMENTS);
    CHECK_RULE(locals(LIMIT_WASM_LOCALS), NONE);
    CHECK_RULE(locals(LIMIT_WASM_LOCALS + 1), FUNCTION_LOCALS);
    CHECK_RULE(locals(UINT32_MAX), FUNCTION_LOCALS);
    CHECK_RULE(body_of_size(LIMIT_WASM_BODY_BYTES), NONE);
    CHECK_RULE(body_of_size(LIMIT_WASM_BODY_BYTES + 1), FUNCTION_BYTES);
    CHECK_RULE(operands(LIMIT_WASM_OPERANDS - LIMIT_WASM_ARITY), NONE);
    CHECK_RULE(operands(LIMIT_WASM_OPERANDS + LIMIT_WASM_ARITY), OPERANDS);
    CHECK_RULE(constant_depth(LIMIT_WASM_CONST_DEPTH), NONE);
    CHECK_RULE(constant_depth(LIMIT_WASM_CONST_DEPTH + 1), OPERANDS);
    CHECK_RULE(distinct_exports(200000), NONE);
}

/* ---- a module with something of everything ---- */

static struct bytes rich_module(void)
{
    struct bytes b = {0};
    put_header(&b);
    PUT_SECTION(&b, 0,
                "\4note"
                "anything");
    PUT_SECTION(&b, 1, "\5\x60\2\x7f\x7e\1\x7f\x60\0\0\x60\1\x7f\0\x60\0\1\x69\x60\2\x7f\x7e\1\x7f");
    PUT_SECTION(&b, 2, "\3\1a\1f\0\0\1a\1g\3\x7f\0\1a\1m\2\1\1\2");
    PUT_SECTION(&b, 3, "\3\1\4\1");
    PUT_SECTION(&b, 4, "\1\x70\1\2\4");
    PUT_SECTION(&b, 5, "\1\4\1");
    PUT_SECTION(&b, 13, "\1\0\2");
    PUT_SECTION(&b, 6,
                "\2\x7f\1\x23\0\x0b\x7b\0\xfd\x0c"
                "0123456789abcdef"
                "\x0b");
    PUT_SECTION(&b, 7, "\3\4main\0\1\2go\0\2\1m\2\0");
    PUT_SECTION(&b, 8, "\1");
    PUT_SECTION(&b, 9, "\3\0\x41\1\x0b\1\1\5\x70\2\xd2\2\x0b\xd0\x70\x0b\7\x6f\0");
    PUT_SECTION(&b, 12, "\2");
    PUT_SECTION(
        &b, 10,
        "\3"
        /* locals; block (result exnref) try_table (catch_all_ref 0) end unreachable end throw_ref */
        "\x0f\1\3\x7e\2\x69\x1f\x40\1\3\0\x0b\0\x0b\x0a\x0b"
        /* local.get 0, i32.load offset=300, i64.store in memory 1 at local 1, if-else, br_table, call 0 */
        "\x2c\0\x20\0\x28\2\xac\2\x1a\x20\1\x20\1\x37\x43\1\5\x20\0\x04\x7f\x41\1\x05\x41\xff\x7e\x0b\x1a"
        "\2\x40\x20\0\x0e\1\0\0\x0b\x20\0\x20\1\x10\0\x0b"
        /* block (result i32) try_table (catch 0 0) end i32.const 0 end drop */
        "\x0f\0\2\x7f\x1f\x40\1\0\0\0\x0b\x41\0\x0b\x1a\x0b");
    PUT_SECTION(&b, 11, "\2\0\x41\0\x0b\3xyz\1\2pq");
    PUT_SECTION(&b, 0, "\4name\1\7\2\0\1i\1\1j");
    return b;
}

static void test_rich_module(void)
{
    struct bytes b = rich_module();
    struct wasm_module m;
    struct wasm_error error;
    struct counting c = {0};
    struct wasm_allocator a = {counting_alloc, counting_free, &c};
    bool valid = wasm_module_decode(&m, b.data, b.size, &a, &error);
    CHECK(valid);
    if (!valid) {
        printf("at 0x%zx: %s\n", error.offset, wasm_rule_message(error.rule));
        return;
    }
    CHECK_EQ_U64(m.function_count, 4);
    CHECK_EQ_U64(m.imported_functions, 1);
    CHECK_EQ_U64(m.memory_count, 2);
    CHECK(m.memories[1].is64 && !m.memories[0].is64 && m.memories[0].max == 2);
    CHECK_EQ_U64(m.types[4].canonical, 0);
    CHECK_EQ_U64(m.types[2].canonical, 2);
    CHECK_EQ_U64(m.start, 1);
    CHECK_EQ_U64(m.functions[1].local_count, 3);
    CHECK_EQ_U64(m.functions[2].local_count, 2);
    CHECK(m.functions[1].flags & WASM_FUNCTION_TRY_TABLE);
    CHECK(m.functions[2].flags & WASM_FUNCTION_DECLARED && m.functions[2].flags & WASM_FUNCTION_CALLS);
    CHECK(!(m.functions[3].flags & WASM_FUNCTION_DECLARED));
    CHECK_EQ_U64(m.functions[2].max_depth, 2);
    CHECK(m.functions[2].max_stack >= 2);
    CHECK_EQ_U64(m.globals[1].init.kind, WASM_CONST_GLOBAL);
    CHECK(memcmp(m.globals[2].init.bits, "0123456789abcdef", 16) == 0);
    CHECK_EQ_U64(m.elements[1].items[0], 2);
    CHECK_EQ_U64(m.elements[1].items[1], WASM_ELEMENT_NULL);
    CHECK_EQ_U64(m.elements[2].mode, WASM_DECLARATIVE);
    CHECK(memcmp(m.data[1].bytes, "pq", 2) == 0);
    const struct wasm_export *e = wasm_module_export(&m, (struct wasm_name){(const uint8_t *)"go", 2});
    CHECK(e != NULL && e->index == 2);
    CHECK(wasm_module_export(&m, (struct wasm_name){(const uint8_t *)"g", 1}) == NULL);
    CHECK(wasm_module_export(&m, (struct wasm_name){(const uint8_t *)"zz", 2}) == NULL);
    CHECK_EQ_U64(wasm_module_custom(&m, "note")->size, 8);
    CHECK(wasm_module_custom(&m, "lona.proof") == NULL);
    struct wasm_name name = wasm_module_function_name(&m, 1);
    CHECK(name.size == 1 && name.bytes[0] == 'j');
    CHECK_EQ_U64(wasm_module_function_name(&m, 3).size, 0);
    wasm_module_release(&m);
    CHECK_EQ_U64(c.held, 0);
    free(b.data);
}

/* No prefix of a module is one (but for those that end between sections), and every byte may be anything: an answer, no crash. */
static void test_damage(void)
{
    struct bytes b = rich_module();
    struct wasm_error error;
    unsigned refused = 0;
    for (size_t size = 0; size < b.size; size++) {
        struct bytes part = {b.data, size, 0};
        if (decode_rule(&part, &error, NULL) != WASM_RULE_NONE) {
            refused++;
            CHECK(error.offset <= size);
        }
    }
    CHECK(refused > b.size - 16);
    for (size_t i = 0; i < b.size; i++) {
        uint8_t before = b.data[i];
        for (unsigned value = 0; value < 256; value++) {
            b.data[i] = (uint8_t)value;
            if (decode_rule(&b, &error, NULL) != WASM_RULE_NONE && error.offset > b.size) CHECK(false);
        }
        b.data[i] = before;
    }
    CHECK_EQ_U64(decode_rule(&b, &error, NULL), WASM_RULE_NONE);
    free(b.data);
}

static void test_failing_allocations(void)
{
    struct bytes b = rich_module();
    struct wasm_error error;
    struct counting c = {0};
    decode_rule(&b, &error, &c);
    for (size_t i = 1; i <= c.calls; i++) {
        struct counting failing = {.fail_at = i};
        CHECK_EQ_U64(decode_rule(&b, &error, &failing), WASM_RULE_NO_MEMORY);
    }
    free(b.data);
}

/* ---- input made to cost much ---- */

static double seconds_for(struct bytes *b, struct counting *c)
{
    struct timespec begin, end;
    struct wasm_error error;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &begin);
    CHECK_EQ_U64(decode_rule(b, &error, c), WASM_RULE_NONE);
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &end);
    return (double)(end.tv_sec - begin.tv_sec) + (double)(end.tv_nsec - begin.tv_nsec) * 1e-9;
}

/* Each function declares as many locals as it may in five bytes, and names the last. */
static struct bytes hungry_locals(uint32_t functions)
{
    struct bytes b = {0}, count = {0}, code = {0};
    put_header(&b);
    PUT_SECTION(&b, 1, "\1\x60\0\0");
    put_u32(&count, functions);
    put_many(&count, 0, functions);
    put_section(&b, 3, count);
    put_u32(&code, functions);
    for (uint32_t i = 0; i < functions; i++) PUT(&code, "\x0b\1\xd0\x86\3\x7f\x20\xcf\x86\3\x1a\x0b");
    put_section(&b, 10, code);
    return b;
}

/* Blocks nested as deep as a body allows, then a branch table that names all of them. */
static struct bytes deep_blocks(uint32_t depth)
{
    struct bytes body = {0};
    put_byte(&body, 0);
    for (uint32_t i = 0; i < depth; i++) PUT(&body, "\2\x40");
    PUT(&body, "\x41\0\x0e");
    put_u32(&body, depth);
    for (uint32_t i = 0; i <= depth; i++) put_u32(&body, i);
    put_many(&body, 0x0b, (size_t)depth + 1);
    return module_with_body(body);
}

static void test_costs(void)
{
    struct counting small_memory = {0}, large_memory = {0};
    struct bytes small = hungry_locals(10000), large = hungry_locals(100000);
    double t = seconds_for(&small, &small_memory), u = seconds_for(&large, &large_memory);
    CHECK(u < 40 * t + 0.05);
    CHECK(u < 2.0); /* laying out 50,000 locals 100,000 times would take longer */
    CHECK(large_memory.most < 40 * large.size);
    free(small.data);
    free(large.data);
    struct counting c = {0};
    struct bytes deep = deep_blocks(800000);
    CHECK(seconds_for(&deep, &c) < 2.0);
    CHECK(c.most < 40 * deep.size);
    free(deep.data);
}

static void test_errors_say_where(void)
{
    struct bytes body = {0};
    struct wasm_error error;
    PUT(&body, "\0\x41\0\x45\x6a\x1a\x0b"); /* i32.const 0, i32.eqz, i32.add: one operand is missing */
    struct bytes b = module_with_body(body);
    CHECK_EQ_U64(decode_rule(&b, &error, NULL), WASM_RULE_TYPE_MISMATCH);
    CHECK_EQ_U64(error.offset, b.size - 3);
    CHECK_EQ_U64(error.section, WASM_SECTION_CODE);
    CHECK_EQ_U64(error.index, 0);
    CHECK(wasm_rule_kind(error.rule) == WASM_INVALID);
    free(b.data);
}

int main(void)
{
    test_rich_module();
    test_errors_say_where();
    test_failing_allocations();
    test_damage();
    test_limits();
    test_costs();
    return check_report();
}
