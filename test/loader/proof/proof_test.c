/* The proof checker as an enemy would try it: facts that do not hold, every mutation of a proof that does.
 *
 * The module below, with the accesses that a right proof may show in bounds and those that it may never:
 *   (module
 *     (memory 1) (memory $v 2)
 *     (func (export "sum") (result i32) (local $i i32) (local $n i32) (local $s i32)
 *       (local.set $n (i32.shr_u (i32.shl (memory.size $v) (i32.const 16)) (i32.const 2)))
 *       (block (loop
 *         (br_if 1 (i32.ge_u (local.get $i) (local.get $n)))
 *         (local.set $s (i32.add (local.get $s) (i32.load $v (i32.shl (local.get $i) (i32.const 2)))))
 *         (local.set $i (i32.add (local.get $i) (i32.const 1)))
 *         (br 0)))
 *       (local.get $s))
 *     (func (export "fill") (param $x i32) (local $i i32) (local $n i32)
 *       (local.set $n (i32.shl (memory.size $v) (i32.const 16)))
 *       (if (i32.eqz (local.get $n)) (then (return)))
 *       (loop
 *         (i32.store8 $v (local.get $i) (local.get $x))
 *         (br_if 0 (i32.ne (local.tee $i (i32.add (local.get $i) (i32.const 1))) (local.get $n)))))
 *     (func (export "unsafe") (param $i i32) (result i32) (i32.load $v (local.get $i)))
 *     (func (export "masked") (param $i i32) (result i32) (i32.load $v (i32.and (local.get $i) (i32.const 0xfffc))))
 *     (func (export "twice") (param $i i32) (result i32) (i32.add (i32.load $v offset=8 (local.get $i)) (i32.load $v offset=4 (local.get $i)))))
 */
#include "loader/proof/prove.h"

#include <stdlib.h>

#include "test/loader/wasm/build.h"
#include "test/support/check.h"

static const uint8_t module_bytes[] = {
    0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00, 0x01, 0x0e, 0x03, 0x60, 0x00, 0x01, 0x7f, 0x60, 0x01,
    0x7f, 0x00, 0x60, 0x01, 0x7f, 0x01, 0x7f, 0x03, 0x06, 0x05, 0x00, 0x01, 0x02, 0x02, 0x02, 0x05, 0x05,
    0x02, 0x00, 0x01, 0x00, 0x02, 0x07, 0x28, 0x05, 0x03, 0x73, 0x75, 0x6d, 0x00, 0x00, 0x04, 0x66, 0x69,
    0x6c, 0x6c, 0x00, 0x01, 0x06, 0x75, 0x6e, 0x73, 0x61, 0x66, 0x65, 0x00, 0x02, 0x06, 0x6d, 0x61, 0x73,
    0x6b, 0x65, 0x64, 0x00, 0x03, 0x05, 0x74, 0x77, 0x69, 0x63, 0x65, 0x00, 0x04, 0x0a, 0x87, 0x01, 0x05,
    0x34, 0x01, 0x03, 0x7f, 0x3f, 0x01, 0x41, 0x10, 0x74, 0x41, 0x02, 0x76, 0x21, 0x01, 0x02, 0x40, 0x03,
    0x40, 0x20, 0x00, 0x20, 0x01, 0x4f, 0x0d, 0x01, 0x20, 0x02, 0x20, 0x00, 0x41, 0x02, 0x74, 0x28, 0x42,
    0x01, 0x00, 0x6a, 0x21, 0x02, 0x20, 0x00, 0x41, 0x01, 0x6a, 0x21, 0x00, 0x0c, 0x00, 0x0b, 0x0b, 0x20,
    0x02, 0x0b, 0x29, 0x01, 0x02, 0x7f, 0x3f, 0x01, 0x41, 0x10, 0x74, 0x21, 0x02, 0x20, 0x02, 0x45, 0x04,
    0x40, 0x0f, 0x0b, 0x03, 0x40, 0x20, 0x01, 0x20, 0x00, 0x3a, 0x40, 0x01, 0x00, 0x20, 0x01, 0x41, 0x01,
    0x6a, 0x22, 0x01, 0x20, 0x02, 0x47, 0x0d, 0x00, 0x0b, 0x0b, 0x08, 0x00, 0x20, 0x00, 0x28, 0x42, 0x01,
    0x00, 0x0b, 0x0d, 0x00, 0x20, 0x00, 0x41, 0xfc, 0xff, 0x03, 0x71, 0x28, 0x42, 0x01, 0x00, 0x0b, 0x0f,
    0x00, 0x20, 0x00, 0x28, 0x42, 0x01, 0x08, 0x20, 0x00, 0x28, 0x42, 0x01, 0x04, 0x6a, 0x0b,
};

/* Offsets of the bytes after the memory arguments: of the accesses that are in bounds whatever happens, and of those that need not be. */
enum { SUM = 0x79, FILL = 0xa6, MASKED = 0xca, SECOND = 0xd9 };
enum { UNSAFE = 0xbc, FIRST = 0xd3 };

struct fixture {
    struct wasm_module m;
    struct wasm_allocator a;
    struct counting counting;
};

static void begin(struct fixture *x)
{
    struct wasm_error error;
    memset(x, 0, sizeof *x);
    x->a = (struct wasm_allocator){counting_alloc, counting_free, &x->counting};
    CHECK(wasm_module_decode(&x->m, module_bytes, sizeof module_bytes, &x->a, &error));
}

static void end(struct fixture *x)
{
    wasm_module_release(&x->m);
    CHECK_EQ_U64(x->counting.held, 0);
}

static bool contains(const struct proof_result *r, uint32_t offset)
{
    for (uint32_t i = 0; i < r->proved_count; i++)
        if (r->proved[i] == offset) return true;
    return false;
}

static void test_prover(void)
{
    struct fixture x;
    struct proof p;
    struct proof_result r;
    struct proof_error error;
    begin(&x);
    CHECK(proof_find(&p, &x.m, &x.a));
    CHECK(proof_check(&p, &x.m, &x.a, &r, NULL, &error));
    CHECK_EQ_U64(r.accesses, 6);
    CHECK_EQ_U64(r.proved_count, 4);
    CHECK(contains(&r, SUM) && contains(&r, FILL) && contains(&r, MASKED) && contains(&r, SECOND));
    proof_result_release(&r, &x.a);
    proof_release(&p, &x.a);
    end(&x);
}

/* Without a word said, what needs no loop is proved, and nothing else. */
static void test_no_facts(void)
{
    struct fixture x;
    struct proof p = {0};
    struct proof_result r;
    struct proof_error error;
    begin(&x);
    CHECK(proof_check(&p, &x.m, &x.a, &r, NULL, &error));
    CHECK_EQ_U64(r.proved_count, 2);
    CHECK(contains(&r, MASKED) && contains(&r, SECOND));
    proof_result_release(&r, &x.a);
    end(&x);
}

static bool accepts(struct fixture *x, uint32_t function, uint32_t block, struct proof_fact fact)
{
    struct proof_function f = {function, 0, 1};
    struct proof_label l = {block, 0, 1};
    struct proof p = {&f, &l, &fact, 1, 1, 1};
    struct proof_result r;
    struct proof_error error;
    bool accepted = proof_check(&p, &x->m, &x->a, &r, NULL, &error);
    if (accepted) CHECK(!contains(&r, UNSAFE) && !contains(&r, FIRST));
    if (accepted) proof_result_release(&r, &x->a);
    return accepted;
}

#define LENGTH_FACT(x, memory, s, c)                                                                         \
    ((struct proof_fact){.kind = PROOF_LENGTH, .local = x, .target = memory, .scale = s, .add = c})
#define LOCAL_FACT(x, y, s, c)                                                                               \
    ((struct proof_fact){.kind = PROOF_LOCAL, .local = x, .target = y, .scale = s, .add = c})
#define INTERVAL_FACT(x, a, b) ((struct proof_fact){.kind = PROOF_INTERVAL, .local = x, .low = a, .high = b})

static void test_single_facts(void)
{
    struct fixture x;
    begin(&x);
    enum { I = 0, N = 1, S = 2 }; /* of function 0; block 0 is the block, block 1 the loop */
    CHECK(accepts(&x, 0, 1, LENGTH_FACT(N, 1, 4, 0)));
    CHECK(accepts(&x, 0, 1, LENGTH_FACT(N, 1, 3, -1)));
    CHECK(!accepts(&x, 0, 1, LENGTH_FACT(N, 1, 4, 1))); /* false when the length is a multiple of 4 */
    CHECK(!accepts(&x, 0, 1, LENGTH_FACT(N, 1, 5, 0)));
    CHECK(!accepts(&x, 0, 1, LENGTH_FACT(N, 0, 4, 0))); /* of the other memory */
    CHECK(!accepts(&x, 0, 1, LENGTH_FACT(I, 1, 4, 4))); /* true at the entry, not after the last turn */
    CHECK(!accepts(&x, 0, 1, LENGTH_FACT(S, 1, 1, 0)));
    CHECK(!accepts(&x, 0, 1, INTERVAL_FACT(I, 0, 100)));
    CHECK(!accepts(&x, 0, 1, INTERVAL_FACT(I, 1, UINT32_MAX))); /* false at the entry */
    CHECK(accepts(&x, 0, 1, INTERVAL_FACT(S, 0, UINT32_MAX)));
    CHECK(!accepts(&x, 0, 1, LOCAL_FACT(N, I, 1, 0)));
    CHECK(!accepts(&x, 0, 0, LENGTH_FACT(S, 1, 1, 0))); /* at the end of the block */
    CHECK(!accepts(&x, 0, 0, INTERVAL_FACT(I, 0, 5)));
    /* about what there is not */
    CHECK(!accepts(&x, 0, 1, LENGTH_FACT(3, 1, 1, 0)));
    CHECK(!accepts(&x, 0, 1, LENGTH_FACT(I, 2, 1, 0)));
    CHECK(!accepts(&x, 0, 1, LOCAL_FACT(I, 3, 1, 0)));
    CHECK(!accepts(&x, 0, 1, LENGTH_FACT(I, 1, 0, 0)));
    CHECK(!accepts(&x, 0, 2, INTERVAL_FACT(S, 0, UINT32_MAX)));
    CHECK(!accepts(&x, 5, 0, INTERVAL_FACT(0, 0, UINT32_MAX)));
    end(&x);
}

/* Bytes of a section: an answer; accepted, nothing that can be out of bounds is called proved. */
static unsigned try_bytes(struct fixture *x, const uint8_t *bytes, size_t size)
{
    struct wasm_custom section = {.bytes = bytes, .size = (uint32_t)size};
    struct proof p;
    struct proof_result r;
    struct proof_error error;
    if (!proof_read(&p, &x->m, &section, &x->a, &error)) return 0;
    bool accepted = proof_check(&p, &x->m, &x->a, &r, NULL, &error);
    proof_release(&p, &x->a);
    if (!accepted) return 0;
    if (contains(&r, UNSAFE) || contains(&r, FIRST)) CHECK(false);
    proof_result_release(&r, &x->a);
    return 1;
}

static void test_mutations(void)
{
    struct fixture x;
    struct proof p;
    size_t size;
    unsigned accepted = 0, tried = 0;
    begin(&x);
    CHECK(proof_find(&p, &x.m, &x.a));
    uint8_t *bytes = proof_write(&p, &x.m, &x.a, &size), copy[300];
    CHECK(size < 100 && try_bytes(&x, bytes, size) == 1);
    for (size_t i = 0; i < size; i++) {
        for (unsigned value = 0; value < 256; value++, tried++) {
            memcpy(copy, bytes, size);
            copy[i] = (uint8_t)value;
            accepted += try_bytes(&x, copy, size);
        }
    }
    srand(1);
    for (unsigned round = 0; round < 50000; round++, tried++) {
        memcpy(copy, bytes, size);
        for (int k = rand() % 4; k >= 0; k--)
            copy[(size_t)rand() % size] = (uint8_t)(rand() % 3 ? rand() % 8 : rand());
        accepted += try_bytes(&x, copy, rand() % 8 ? size : (size_t)rand() % size);
    }
    CHECK(accepted > 100 && accepted < tried / 2);
    x.a.free(x.a.context, bytes, size);
    proof_release(&p, &x.a);
    end(&x);
}

static void test_failing_allocations(void)
{
    struct fixture x;
    struct proof p;
    begin(&x);
    size_t before = x.counting.calls;
    CHECK(proof_find(&p, &x.m, &x.a));
    proof_release(&p, &x.a);
    size_t calls = x.counting.calls - before;
    for (size_t i = 1; i <= calls; i++) {
        size_t held = x.counting.held;
        x.counting.calls = 0;
        x.counting.fail_at = i;
        if (proof_find(&p, &x.m, &x.a)) proof_release(&p, &x.a);
        x.counting.fail_at = 0;
        if (x.counting.held != held) CHECK(false);
    }
    end(&x);
}

int main(void)
{
    test_prover();
    test_no_facts();
    test_single_facts();
    test_mutations();
    test_failing_allocations();
    return check_report();
}
