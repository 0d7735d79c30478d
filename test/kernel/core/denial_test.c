/* Every word against every way to lack authority: a handle that names nothing, of another domain, of another kind, without the right, to
 * something dead.  Each gets its error, and nothing but the caller's own status and count of words has changed, byte for byte. */
#include <stdlib.h>
#include "kernel/core/capability.h"
#include "kernel/core/object.h"
#include "test/kernel/invariants.h"
#include "test/kernel/world.h"

struct word_row {
    uint32_t number, kind, right;
    const char *name;
};
#define RIGHT_none 0
#define OBJECT_ANY OBJECT_KINDS
static const struct word_row rows[] = {
#define KERNEL_WORD(number, NAME, name, arguments, results, object, right, errors, doc)                      \
    {number, OBJECT_##object, RIGHT_##right, name},
#include "spec/words.def"
};

/* ---- a copy of all that is in use ---- */

struct part {
    const void *at;
    uint64_t bytes;
};

static uint32_t parts_of(const struct kernel *k, struct part *p)
{
    uint32_t n = 0;
    p[n++] = (struct part){k, __builtin_offsetof(struct kernel, heap)};
    p[n++] = (struct part){k->heap, k->heap_size * sizeof(k->heap[0])};
    const struct {
        uint32_t kind, base;
        const void *body;
        uint64_t size;
    } kinds[] = {
        {OBJECT_DOMAIN, BASE_DOMAIN, k->domain, sizeof(k->domain[0])},
        {OBJECT_CONTEXT, BASE_CONTEXT, k->context, sizeof(k->context[0])},
        {OBJECT_REGION, BASE_REGION, k->region, sizeof(k->region[0])},
        {OBJECT_GRANT, BASE_GRANT, k->grant, sizeof(k->grant[0])},
        {OBJECT_CHANNEL, BASE_CHANNEL, k->channel, sizeof(k->channel[0])},
        {OBJECT_SIGNAL, BASE_SIGNAL, k->signal, sizeof(k->signal[0])},
    };
    for (uint32_t i = 0; i < COUNT_OF(kinds); i++) {
        uint64_t high = k->kind_high[kinds[i].kind];
        p[n++] = (struct part){&k->object[kinds[i].base], high * sizeof(k->object[0])};
        p[n++] = (struct part){kinds[i].body, high * kinds[i].size};
    }
    p[n++] = (struct part){&k->object[BASE_MACHINE], sizeof(k->object[0])};
    p[n++] = (struct part){k->view, k->view_high * sizeof(k->view[0])};
    p[n++] = (struct part){k->flow, k->flow_high * sizeof(k->flow[0])};
    p[n++] = (struct part){k->capability, k->capability_high * sizeof(k->capability[0])};
    p[n++] = (struct part){k->node, k->node_high * sizeof(k->node[0])};
    p[n++] = (struct part){k->message, k->message_high * sizeof(k->message[0])};
    return n;
}

static void *copy_state(const struct kernel *k)
{
    struct part p[32];
    uint32_t n = parts_of(k, p);
    uint64_t bytes = 0;
    for (uint32_t i = 0; i < n; i++) bytes += p[i].bytes;
    uint8_t *copy = malloc(bytes), *to = copy;
    for (uint32_t i = 0; i < n; i++) {
        memcpy(to, p[i].at, p[i].bytes);
        to += p[i].bytes;
    }
    return copy;
}

static bool same_state(const struct kernel *k, const uint8_t *copy)
{
    struct part p[32];
    uint32_t n = parts_of(k, p);
    for (uint32_t i = 0; i < n; i++) {
        if (memcmp(copy, p[i].at, p[i].bytes) != 0) return false;
        copy += p[i].bytes;
    }
    return true;
}

/* Asks, and checks the status and that nothing else has changed. */
static void refused(struct world *w, const struct word_row *row, uint64_t first, uint64_t wanted,
                    const char *why)
{
    struct word_frame *frame = kernel_frame(w->k, 0);
    *frame = (struct word_frame){row->number, {first, 1, 1, 1, 1, 1}};
    void *before = copy_state(w->k);
    uint64_t words = w->k->domain[0].words, violations = hosted_violations(w->m);
    w->running[0] = kernel_word(w->k, 0);
    CHECK_EQ_U64(w->running[0], 0);
    uint64_t status = frame->word;
    frame->word = row->number;
    w->k->domain[0].words = words;
    if (status != wanted) printf("%s, %s: status %lu, wanted %lu\n", row->name, why, status, wanted);
    CHECK_EQ_U64(status, wanted);
    if (!same_state(w->k, before)) printf("%s, %s: the state has changed\n", row->name, why);
    CHECK(same_state(w->k, before));
    CHECK_EQ_U64(hosted_violations(w->m), violations);
    free(before);
}

static void set_rights(struct kernel *k, uint32_t slot, uint32_t mask)
{
#define RIGHT(bit, name, doc) k->capability[slot].rights.name = (mask >> (bit)) & 1;
#include "spec/rights.def"
#undef RIGHT
}

int main(void)
{
    struct world w = world_create(8192, 1);
    struct kernel *k = w.k;
    uint64_t of_kind[OBJECT_KINDS] = {0};
    of_kind[OBJECT_DOMAIN] = BOOT_HANDLE(BOOT_SLOT_DOMAIN);
    of_kind[OBJECT_CONTEXT] = BOOT_HANDLE(BOOT_SLOT_CONTEXT);
    of_kind[OBJECT_SPAWN] = BOOT_HANDLE(BOOT_SLOT_SPAWN);
    of_kind[OBJECT_CODE] = BOOT_HANDLE(BOOT_SLOT_CODE);
    of_kind[OBJECT_POWER] = BOOT_HANDLE(BOOT_SLOT_POWER);
    of_kind[OBJECT_TIME] = BOOT_HANDLE(BOOT_SLOT_TIME);
    of_kind[OBJECT_LOG] = BOOT_HANDLE(BOOT_SLOT_LOG);
    of_kind[OBJECT_POLICY] = BOOT_HANDLE(BOOT_SLOT_POLICY);
    of_kind[OBJECT_INTERRUPT] = BOOT_HANDLE(BOOT_SLOT_INTERRUPT);
    of_kind[OBJECT_PORTS] = BOOT_HANDLE(BOOT_SLOT_PORTS);
    of_kind[OBJECT_MEMORY] = BOOT_HANDLE(BOOT_SLOT_MEMORY);
    of_kind[OBJECT_DMA] = BOOT_HANDLE(BOOT_SLOT_DMA);
    ASK(&w, REGION_CREATE, 3, 1);
    of_kind[OBJECT_REGION] = result(&w, 0);
    ASK(&w, GRANT_CREATE, 100);
    of_kind[OBJECT_GRANT] = result(&w, 0);
    ASK(&w, CHANNEL_CREATE, 4);
    of_kind[OBJECT_CHANNEL] = result(&w, 0);
    ASK(&w, SIGNAL_CREATE);
    of_kind[OBJECT_SIGNAL] = result(&w, 0);
    ASK(&w, TOKEN_MINT, 9);
    of_kind[OBJECT_TOKEN] = result(&w, 0);
    of_kind[OBJECT_REPLY] =
        capability_handle(k, capability_root(k, 0, OBJECT_REPLY, BASE_CONTEXT, 1, RIGHT_all, 1, 0));
    /* something dead, and something that another domain has */
    uint64_t context = 0, child = make_child(&w, of_kind[OBJECT_SPAWN], 1 << 20, 0, &context);
    ASK(&w, COPY, of_kind[OBJECT_PORTS], child, RIGHT_all, 0, 0);
    uint64_t theirs = result(&w, 0);
    ASK(&w, CHANNEL_CREATE, 4);
    uint64_t dying = result(&w, 0);
    ASK(&w, CHANNEL_MINT, dying, 1, 1);
    uint64_t dead = result(&w, 0);
    ASK(&w, DELETE, dying);
    object_end(k, k->capability[(uint32_t)dead].object);
    world_reap(&w);
    CHECK_EQ_U64(ASK(&w, SEND, dead, 0, 0), STATUS_DEAD);
    /* a word's own step of tearing down or backing would be a change: settle that first */
    ASK(&w, NOTHING);

    uint32_t rights_tested = 0;
    for (uint32_t i = 0; i < COUNT_OF(rows); i++) {
        const struct word_row *row = &rows[i];
        if (row->kind == OBJECT_NONE) continue;
        refused(&w, row, HANDLE_NONE, STATUS_HANDLE, "no handle");
        refused(&w, row, ~0ull, STATUS_HANDLE, "a handle beyond the table");
        refused(&w, row, theirs, STATUS_HANDLE, "another domain's handle");
        refused(&w, row, BOOT_HANDLE(1) + (1ull << 32), STATUS_HANDLE, "another generation");
        if (row->number != KERNEL_WORD_DELETE) refused(&w, row, dead, STATUS_DEAD, "something dead");
        uint32_t kind = row->kind == OBJECT_ANY ? OBJECT_PORTS : row->kind;
        CHECK(of_kind[kind] != HANDLE_NONE);
        if (row->kind != OBJECT_ANY)
            for (uint32_t other = 1; other < OBJECT_KINDS; other++)
                if (other != kind) refused(&w, row, of_kind[other], STATUS_KIND, "another kind");
        if (row->right == 0) continue;
        uint32_t slot = (uint32_t)of_kind[kind];
        uint32_t rights = capability_rights(k, slot);
        set_rights(k, slot, RIGHT_all & ~row->right);
        refused(&w, row, of_kind[kind], STATUS_RIGHT, "all rights but the one");
        set_rights(k, slot, 0);
        refused(&w, row, of_kind[kind], STATUS_RIGHT, "no right");
        set_rights(k, slot, rights);
        rights_tested++;
    }
    CHECK(rights_tested > 40);
    CHECK_EQ_U64(hosted_power(w.m), 0);
    hosted_destroy(w.m);
    return check_report();
}
