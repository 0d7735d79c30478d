/* Fuzz numbers: any text is read; what is read prints and reads back the same; two numbers obey the laws of arithmetic.
 * Input: a text, or two with a blank between them. */
#include <stdint.h>
#include <stdlib.h>
#include "runtime/value/number.h"
#include "runtime/value/string.h"
#include "test/stub/stub.h"

static struct process *p;

static void must(bool condition)
{
    if (!condition) abort();
}

static value read(const char *text, size_t size)
{
    value state = NIL, v;
    do {
        p->reductions = 30;
        v = number_parse_resume(p, text, size, &state);
    } while (v == VAL_YIELD);
    must(state == NIL && v != VAL_SLOW);
    return v;
}

static void round_trip(value v)
{
    char text[NUMBER_TEXT_MAX];
    if (is_double(v)) {
        if (to_double(v) - to_double(v) != 0) return;
        must(read(text, double_format(to_double(v), text)) == v);
        return;
    }
    value state = NIL, s;
    do {
        p->reductions = 30;
        s = number_to_string(p, v, 10, &state);
    } while (s == VAL_YIELD);
    size_t size;
    const char *bytes = string_bytes(s, &size);
    must(number_equal(read(bytes, size), v));
}

static value apply(enum number_op op, value a, value b)
{
    value (*const direct[])(struct process *, value, value) = {
        number_add, number_sub, number_mul, number_div, number_quot, number_rem, number_mod};
    value state = NIL, v = direct[op](p, a, b);
    if (v != VAL_SLOW) return v;
    do {
        p->reductions = 30;
        v = number_resume(p, op, a, b, &state);
    } while (v == VAL_YIELD);
    return v;
}

static void laws(value a, value b)
{
    value sum = apply(NUMBER_ADD, a, b), product = apply(NUMBER_MUL, a, b);
    must(number_equal(apply(NUMBER_SUB, sum, b), a));
    must(number_compare(a, b) == -number_compare(b, a) && number_equal(a, b) == (number_compare(a, b) == 0));
    must(number_compare(sum, a) == number_sign(b));
    must(number_hash(sum) == number_hash(apply(NUMBER_ADD, b, a)));
    if (number_sign(b) == 0) return;
    must(number_equal(apply(NUMBER_DIV, product, b), a));
    value q = apply(NUMBER_QUOT, a, b), r = apply(NUMBER_REM, a, b), m = apply(NUMBER_MOD, a, b);
    must(is_integer(q) && number_equal(apply(NUMBER_ADD, apply(NUMBER_MUL, q, b), r), a));
    must(number_sign(m) == 0 || number_sign(m) == number_sign(b));
    round_trip(product);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    enum { WORDS = 1 << 24 };
    static value *memory;
    if (p == NULL) {
        p = stub_process();
        memory = malloc((size_t)WORDS * 8);
    }
    p->hp = memory; /* every input starts over in the same memory */
    p->hp_limit = memory + WORDS;
    const char *text = (const char *)data, *blank = size > 0 ? __builtin_memchr(text, ' ', size) : NULL;
    value a = read(text, blank == NULL ? size : (size_t)(blank - text));
    if (is_sentinel(a)) return 0;
    round_trip(a);
    if (blank == NULL) return 0;
    value b = read(blank + 1, (size_t)(text + size - blank - 1));
    if (is_sentinel(b)) return 0;
    round_trip(b);
    if (!is_double(a) && !is_double(b)) laws(a, b);
    return 0;
}
