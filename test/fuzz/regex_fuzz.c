/* Fuzz the regular expressions: any pattern, any text.  Input: pattern, a zero byte, text.  Both engines must agree, and a run
 * in short turns with a run in one.
 * Build: clang -fsanitize=fuzzer,address,undefined with base/ *.c, runtime/value/{regex*,string,binary,object}.c and the stub. */
#include <stdint.h>
#include <stdlib.h>
#include "base/utf8.h"
#include "runtime/value/regex.h"
#include "runtime/value/string.h"
#include "test/stub/stub.h"

enum { GROUPS = 40 };

static value run(struct process *p, bool pike, value regex, value text, enum regex_mode mode, uint32_t *slots,
                 int turn)
{
    value state = NIL, r;
    do {
        p->reductions = turn;
        r = (pike ? regex_exec_pike : regex_exec)(p, regex, text, 0, mode, slots, &state);
    } while (r == VAL_YIELD);
    return r;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct process *p;
    static value *memory;
    enum { WORDS = 1 << 27 };
    if (size > 4096) return 0;
    if (p == NULL) {
        p = stub_process();
        memory = malloc((size_t)WORDS * 8);
    }
    p->hp = memory; /* every input starts over in the same memory */
    p->hp_limit = memory + WORDS;
    const uint8_t *zero = __builtin_memchr(data, 0, size);
    if (zero == NULL) return 0;
    size_t pattern_size = (size_t)(zero - data), text_size = size - pattern_size - 1;
    const char *text = (const char *)zero + 1;
    if (utf8_validate((const char *)data, pattern_size, NULL) != pattern_size) return 0;
    if (utf8_validate(text, text_size, NULL) != text_size) return 0;
    value regex = regex_make(p, string_make_unchecked(p, (const char *)data, pattern_size));
    if (regex == VAL_ERROR || regex_groups(regex) > GROUPS) return 0;
    value s = string_make_unchecked(p, text, text_size);
    for (enum regex_mode mode = REGEX_SEARCH; mode <= REGEX_FULL; mode++) {
        uint32_t a[2 * GROUPS + 2], b[2 * GROUPS + 2], c[2 * GROUPS + 2];
        value x = run(p, false, regex, s, mode, a, 1 << 30), y = run(p, true, regex, s, mode, b, 1 << 30),
              z = run(p, false, regex, s, mode, c, 20);
        size_t bytes = (2 * (size_t)regex_groups(regex) + 2) * sizeof *a;
        if (x != y || x != z) abort();
        if (x == TRUE_ && (__builtin_memcmp(a, b, bytes) != 0 || __builtin_memcmp(a, c, bytes) != 0)) abort();
        if (x == TRUE_ && (a[0] > a[1] || a[1] > text_size)) abort();
    }
    return 0;
}
