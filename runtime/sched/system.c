/* A runtime as a whole: put together, taken apart. */
#include "runtime/sched/system.h"

#include "base/mem.h"
#include "runtime/gc/pool.h"
#include "runtime/sched/tree.h"

#define SYSTEM_BYTES                                                                                         \
    ((sizeof(struct system) + sizeof(struct scheduler_shared) + PORT_PAGE - 1) / PORT_PAGE * PORT_PAGE)

static const char *const keyword_names[KW_COUNT] = {
#define WELL_KNOWN(NAME, text) text,
#include "runtime/sched/keywords.def"
#undef WELL_KNOWN
};

void *system_alloc(struct system *s, uint64_t bytes)
{
    void *block = memory_alloc(arena_memory(s), bytes);
    if (block != NULL) memset(block, 0, bytes);
    return block;
}

void system_release(struct system *s, void *block, uint64_t bytes)
{
    memory_free(arena_memory(s), block, bytes);
}

static bool make_keywords(struct system *s)
{
    for (unsigned i = 0; i < KW_COUNT; i++) {
        s->keywords[i] =
            domain_intern_keyword(s->root, NULL, 0, keyword_names[i], __builtin_strlen(keyword_names[i]));
        if (s->keywords[i] == NIL) return false;
    }
    return true;
}

static bool define_primitives(struct system *s)
{
    for (unsigned i = 0; i < prim_count; i++) {
        struct cell *c = domain_cell_named(s->root, prims[i].name, true);
        value v = vm_primitive(s, i);
        if (c == NULL || v == VAL_ABSENT || !domain_define(s->root, c, v, NIL, NIL, 0)) return false;
    }
    return true;
}

static bool assemble(struct system *s, const struct system_options *o)
{
    port_entropy(s->port, &s->shared->boot_nonce, sizeof s->shared->boot_nonce);
    s->shared->epoch = 3;
    s->shared->unique = 1;
    if (!arena_init(s) || !schedulers_init(s, o->schedulers) || !process_table_init(s) || !domains_init(s))
        return false;
    if (!vm_system_init(s)) return false;
    struct domain_options root = {.name = NIL, .meta = NIL, .limit_bytes = o->memory_bytes};
    if (domain_new(s, NULL, &root) == NULL || !make_keywords(s)) return false;
    s->root->flags |= DOMAIN_FILES;
    s->root->name = domain_shared_string(s->root, "root");
    return s->root->name != NIL && define_primitives(s);
}

struct system *system_new(struct port *port, const struct system_options *o)
{
    struct system *s = port_memory_allocate(port, SYSTEM_BYTES);
    if (s == NULL) return NULL;
    s->port = port;
    s->shared = (struct scheduler_shared *)(s + 1);
    if (assemble(s, o)) return s;
    port_panic(port, "not enough memory to start");
}

/* Everything that runs has been stopped and joined. */
void system_free(struct system *s)
{
    system_stop_all(s);
    struct scheduler *first = &s->schedulers[0];
    uint32_t index = 0;
    for (struct process *p; (p = process_next(s, &index)) != NULL;) {
        p->exit_reason = s->keywords[KW_SHUTDOWN];
        process_end(first, p);
    }
    timers_free_all(s);
    if (s->shared->watched_reason != NULL) message_free(s, s->root, s->shared->watched_reason);
    arena_drop_offheap(s);
    if (s->root != NULL) domain_kill(s, s->root);
    while (epoch_force(s)) { /* what is released may release more: domains their parents */
    }
    struct port *port = s->port;
    domains_free(s);
    process_table_free(s);
    schedulers_free(s);
    arena_destroy(s);
    port_memory_free(port, s, SYSTEM_BYTES);
}
