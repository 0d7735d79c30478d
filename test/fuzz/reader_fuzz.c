/* Any bytes through the reader, in small turns and in large ones; what reads has to print, and to read and print again as the
 * same text.  Link with -fsanitize=fuzzer.
 *
 * The first byte chooses the size of turns and whether the options know aliases. */
#include <stdlib.h>
#include <string.h>

#include "base/utf8.h"
#include "runtime/reader/reader.h"
#include "runtime/sched/domain.h"
#include "runtime/value/collection.h"
#include "runtime/value/string.h"
#include "runtime/vm/prim.h"

prim_fn prim_read, prim_pr_str;

/* ---- a process whose memory is given back after every input ---- */

#define MEMORY_WORDS (1u << 24)
static value memory[MEMORY_WORDS];
static struct process process, *const p = &process;
static struct blob *blobs[1 << 16];
static unsigned blob_count;
static bool out_of_memory;

struct object *heap_alloc_slow(struct process *q, enum object_type t, uint32_t flags, uint32_t size_words)
{
    out_of_memory = true;
    q->hp = memory;
    return heap_alloc(q, t, flags, size_words);
}
value heap_reserve(struct process *q, uint64_t words)
{
    return (uint64_t)(q->hp_limit - q->hp) < words + 4096 ? VAL_ERROR : NIL;
}
void heap_remember(struct process *q, struct object *o, value overwritten) {}
void heap_link_offheap(struct process *q, struct object *o) {}
void blob_retain(struct blob *b) {}
void blob_release(struct system *s, struct blob *b) {}
struct blob *blob_new(struct process *q, uint64_t size_bytes)
{
    if (blob_count == COUNT_OF(blobs) || size_bytes > 1 << 26) return NULL;
    struct blob *b = malloc(sizeof *b + size_bytes);
    b->size_bytes = size_bytes;
    return blobs[blob_count++] = b;
}
value process_fail(struct process *q, enum error_kind kind, value irritant, const char *fmt, ...)
{
    return VAL_ERROR;
}
value fail_type(struct process *q, const char *function, unsigned arg_number, value got, const char *wanted)
{
    return VAL_ERROR;
}
value fail_range(struct process *q, const char *function, value index, uint64_t limit)
{
    return VAL_ERROR;
}
value domain_find_name(struct domain *d, bool keyword, const char *ns, size_t ns_size, const char *name,
                       size_t name_size)
{
    return NIL;
}
struct cell *domain_cell(struct domain *d, value s, bool create)
{
    return NULL;
}
uint64_t unique_number(struct scheduler *s);
uint64_t unique_number(struct scheduler *s)
{
    return 1;
}

/* ---- the run ---- */

static value run(prim_fn *f, value *a, unsigned argc, int turn)
{
    value v;
    p->prim_state = NIL;
    do {
        p->reductions = turn;
        v = f(p, a, argc);
    } while (v == VAL_YIELD);
    if (p->prim_state != NIL) abort();
    return v;
}

static value print(value v, int turn)
{
    value a[] = {v, NIL};
    return run(prim_pr_str, a, 2, turn);
}

/* The form at offset; *next behind it. */
static value read(value text, int64_t *next, value options, int turn)
{
    value a[] = {text, from_fixnum(*next), from_fixnum(1), from_fixnum(1), options};
    value v = run(prim_read, a, 5, turn);
    if (is_sentinel(v)) return v;
    int64_t to = to_fixnum(vector_nth(v, 1));
    size_t size;
    string_bytes(text, &size);
    if (to < *next || to > (int64_t)size) abort();
    *next = to;
    return vector_nth(v, 0);
}

static value options_of(bool aliases)
{
    value alias[] = {symbol_c(p, NULL, "s"), symbol_c(p, NULL, "some.where")};
    value kv[] = {keyword_c(p, NULL, "aliases"), map_make(p, alias, 1), keyword_c(p, NULL, "ns"),
                  symbol_c(p, NULL, "a.b")};
    return aliases ? map_make(p, kv, 2) : NIL;
}

static void again(value form, int turn)
{
    int64_t next = 0;
    value text = print(form, turn);
    if (is_sentinel(text)) return;
    value back = read(text, &next, NIL, 1 << 20);
    if (back == VAL_TRAP || (back == VAL_ERROR && out_of_memory)) return;
    if (is_sentinel(back)) abort();
    value second = print(back, 1 << 20);
    if (!is_sentinel(second) && !out_of_memory && !string_equal(text, second)) abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0) return 0;
    memset(p, 0, sizeof *p);
    p->hp = memory;
    p->hp_limit = memory + MEMORY_WORDS;
    p->prim_state = p->error = p->dynamic = NIL;
    out_of_memory = false;
    int turn = data[0] & 1 ? 1 : 1 << 20;
    value text = string_make(p, (const char *)data + 1, size - 1), options = options_of(data[0] & 2);
    if (text != VAL_ERROR) {
        int64_t next = 0;
        for (;;) {
            value form = read(text, &next, options, turn);
            if (is_sentinel(form) ||
                (is_keyword(form) && name_is(form, "lona.core", "eof") && next == (int64_t)size - 1))
                break;
            again(form, turn);
            if (out_of_memory) break;
        }
    }
    while (blob_count) free(blobs[--blob_count]);
    return 0;
}
