#include "test/stub/stub.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

/* The stand-in never gives memory back. */
const char *__asan_default_options(void);
const char *__asan_default_options(void)
{
    return "detect_leaks=0";
}

char stub_error[256];
enum error_kind stub_error_kind;

struct process *stub_process(void)
{
    struct process *p = calloc(1, sizeof *p);
    p->reductions = 1 << 30;
    p->prim_state = p->error = p->dynamic = NIL;
    return p;
}

struct object *heap_alloc_slow(struct process *p, enum object_type t, uint32_t flags, uint32_t size_words)
{
    size_t words = (size_t)size_words + 1 + (1u << 17);
    p->hp = malloc(words * 8);
    p->hp_limit = p->hp + words;
    return heap_alloc(p, t, flags, size_words);
}

value heap_reserve(struct process *p, uint64_t words)
{
    return words > (1ull << 30) ? process_fail(p, ERR_TOO_LARGE, NIL, "too large") : NIL;
}

void heap_remember(struct process *p, struct object *o, value overwritten) {}
void heap_link_offheap(struct process *p, struct object *o) {}

struct blob *blob_new(struct process *p, uint64_t size_bytes)
{
    struct blob *b = malloc(sizeof *b + size_bytes);
    b->references = 1;
    b->size_bytes = size_bytes;
    b->charged = NULL;
    return b;
}
void blob_retain(struct blob *b)
{
    b->references++;
}
void blob_release(struct system *s, struct blob *b)
{
    if (--b->references == 0) free(b);
}

value process_fail(struct process *p, enum error_kind kind, value irritant, const char *fmt, ...)
{
    stub_error_kind = kind;
    snprintf(stub_error, sizeof stub_error, "%s", fmt);
    return VAL_ERROR;
}
value fail_type(struct process *p, const char *function, unsigned arg_number, value got, const char *wanted);
value fail_type(struct process *p, const char *function, unsigned arg_number, value got, const char *wanted)
{
    return process_fail(p, ERR_TYPE, got, wanted);
}
value fail_range(struct process *p, const char *function, value index, uint64_t limit);
value fail_range(struct process *p, const char *function, value index, uint64_t limit)
{
    return process_fail(p, ERR_RANGE, index, "index out of range");
}
