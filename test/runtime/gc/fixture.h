/* A system of one domain, one scheduler and processes whose roots are an array: for tests of the collector. */
#ifndef TEST_RUNTIME_GC_FIXTURE_H
#define TEST_RUNTIME_GC_FIXTURE_H

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "runtime/gc/arena.h"
#include "runtime/gc/gc.h"
#include "runtime/port/hosted/hosted.h"
#include "test/support/check.h"

struct fixture {
    struct system system;
    struct scheduler scheduler;
    struct domain domain;
};

static uint64_t fixture_limit_bytes = UINT64_MAX;
static enum error_kind fixture_error;
static unsigned fixture_errors;

bool domain_charge(struct domain *d, uint64_t bytes)
{
    if (d->used_bytes + bytes > fixture_limit_bytes) return false;
    d->used_bytes += bytes;
    return true;
}
void domain_uncharge(struct domain *d, uint64_t bytes)
{
    if (bytes > d->used_bytes) {
        printf("more uncharged than charged\n");
        abort();
    }
    d->used_bytes -= bytes;
}
void domain_retain(struct domain *d) {}
void domain_release(struct domain *d) {}
value process_fail(struct process *p, enum error_kind kind, value irritant, const char *fmt, ...)
{
    fixture_error = kind;
    fixture_errors++;
    return VAL_ERROR;
}
static int fixture_atoms;
void atom_retain(struct atom_cell *a)
{
    fixture_atoms++;
}
void atom_release(struct system *s, struct atom_cell *a)
{
    fixture_atoms--;
}
void region_retain(struct region *r) {}
void region_release(struct system *s, struct region *r) {}
static int fixture_handles;
void handle_release(struct system *s, uint64_t port_handle, uint64_t kind)
{
    fixture_handles--;
}

/* Roots: the words from p->base on, as many as p->catch_counter says. */
void frame_top(const struct process *p, struct frame *f)
{
    f->kind = FRAME_SHIM;
    f->base = p->base;
    f->first_root = 0;
    f->root_count = p->catch_counter;
}
void frame_next(struct frame *f)
{
    f->kind = FRAME_END;
}
uint32_t frame_words_used(const struct process *p)
{
    return 1 << 20;
}
bool frames_move_stack(struct process *p, uint32_t new_words)
{
    return false;
}

static struct fixture *fixture_new(void)
{
    struct fixture *f = calloc(1, sizeof *f);
    f->system.port = port_hosted_new();
    f->scheduler.system = &f->system;
    f->domain.system = &f->system;
    fixture_limit_bytes = UINT64_MAX;
    if (!arena_init(&f->system) || !heap_scheduler_init(&f->scheduler)) {
        printf("no memory for the fixture\n");
        abort();
    }
    return f;
}

static void fixture_free(struct fixture *f)
{
    CHECK_EQ_U64(f->domain.used_bytes, 0);
    heap_scheduler_destroy(&f->scheduler);
    arena_destroy(&f->system);
    port_hosted_free(f->system.port);
    free(f);
}

static struct process *fixture_process(struct fixture *f, unsigned roots)
{
    struct process *p =
        calloc(1, sizeof *p + (roots + 1) * sizeof(value)); /* the first stack lies behind it */
    p->domain = &f->domain;
    p->scheduler = &f->scheduler;
    p->reductions = 1 << 29;
    p->prim_state = p->error = p->dynamic = p->exit_reason = NIL;
    p->queue_tail = p->queue_next = &p->queue;
    p->catch_counter = roots;
    p->stack = p->base = (value *)(p + 1);
    p->stack_end = p->base + roots;
    for (unsigned i = 0; i < roots; i++) p->base[i] = NIL;
    heap_init(p);
    return p;
}

static void fixture_process_free(struct process *p)
{
    heap_destroy(p);
    free(p);
}

/* As the interpreter does between instructions. */
static void fixture_safepoint(struct process *p)
{
    if (!(p->flags & PROC_ATTENTION)) return;
    p->flags &= ~PROC_ATTENTION;
    p->reductions += ATTENTION_BIAS;
    if (p->flags & (PROC_COLLECT | PROC_OUT_OF_MEMORY)) heap_safepoint(p, 0);
}

static uint64_t random_state = 0x9e3779b97f4a7c15ull;
static uint64_t random_u64(void)
{
    random_state ^= random_state << 13;
    random_state ^= random_state >> 7;
    random_state ^= random_state << 17;
    return random_state;
}
static uint32_t random_below(uint32_t n)
{
    return (uint32_t)(random_u64() % n);
}

static uint64_t now_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t); /* other programs run here, too */
    return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static value cons(struct process *p, value first, value rest)
{
    struct object *o = heap_alloc(p, T_CONS, 0, 2);
    o->p[0] = first;
    o->p[1] = rest;
    return from_obj(o);
}

static value blob_value(struct process *p, uint64_t bytes)
{
    struct blob *b = blob_new(p, bytes);
    if (b == NULL) return VAL_ERROR;
    memset(b->bytes, (int)bytes, bytes);
    struct object *o = heap_alloc(p, T_BINARY_BLOB, 0, 4);
    o->p[0] = (value)(uintptr_t)b;
    o->p[1] = 0;
    o->p[2] = bytes;
    o->p[3] = 0;
    heap_link_offheap(p, o);
    return from_obj(o);
}

#endif
