/* The kernel under those who mean harm: floods, bombs, huge trees, thousands of kills. */
#include "kernel/core/arbiter.h"
#include "test/kernel/invariants.h"
#include "test/kernel/world.h"

#define SPAWN BOOT_HANDLE(BOOT_SLOT_SPAWN)
#define PORTS BOOT_HANDLE(BOOT_SLOT_PORTS)

/* A tree of 100,000 capabilities goes in steps, and others run between them. */
static void test_revoke_many(void)
{
    struct world w = world_create(40000, 1);
    uint64_t context = 0;
    CHECK_EQ_U64(ASK(&w, DERIVE, PORTS, RIGHT_all, 0, 0), STATUS_OK);
    uint64_t top = result(&w, 0), at = top;
    uint32_t derived = 0;
    /* deep as well as wide */
    for (uint32_t i = 0; i < 100000; i++) {
        if (ASK(&w, DERIVE, at, RIGHT_all, 0, 0) != STATUS_OK) break;
        derived++;
        if (i % 3 == 0) at = result(&w, 0);
    }
    CHECK_EQ_U64(derived, 100000);
    uint64_t child = make_child(&w, SPAWN, 1 << 20, 0, &context);
    CHECK(child != HANDLE_NONE);
    /* a higher band, so that every wake of it takes over */
    CHECK_EQ_U64(ASK(&w, DOMAIN_SCHEDULE, BOOT_HANDLE(BOOT_SLOT_POLICY), child, 0, 0, 0), STATUS_OK);
    uint32_t other = w.k->domain[w.k->domain[0].child].context[0];
    *kernel_frame(w.k, 0) = (struct word_frame){KERNEL_WORD_REVOKE, {top}};
    uint32_t steps = 0;
    uint64_t before = w.k->capabilities_used, most = 0;
    w.running[0] = kernel_word(w.k, 0);
    while (w.running[0] == KERNEL_AGAIN && steps < 100000) {
        uint64_t now = w.k->capabilities_used;
        if (before - now > most) most = before - now;
        before = now;
        steps++;
        w.running[0] = kernel_continue(w.k, 0);
    }
    CHECK(steps >= 100000 / STEP_UNITS - 1);
    CHECK(most <= STEP_UNITS);
    CHECK_EQ_U64(w.running[0], 0);
    CHECK_EQ_U64(result(&w, 0), 100000);
    CHECK_EQ_U64(ASK(&w, PORT_READ, at, 0, 1), STATUS_HANDLE);
    CHECK_EQ_U64(invariants(&w), 0);
    /* again, with somebody who becomes ready in the middle and who derives from what is being revoked: refused */
    for (uint32_t i = 0; i < 1000; i++) ASK(&w, DERIVE, top, RIGHT_all, 0, 0);
    uint64_t leaf = result(&w, 0);
    CHECK_EQ_U64(ASK(&w, COPY, leaf, child, RIGHT_all, 0, 0), STATUS_OK);
    uint64_t theirs = result(&w, 0);
    *kernel_frame(w.k, 0) = (struct word_frame){KERNEL_WORD_REVOKE, {top}};
    w.running[0] = kernel_word(w.k, 0);
    CHECK_EQ_U64(w.running[0], KERNEL_AGAIN);
    context_ready(w.k, other);
    w.running[0] = kernel_continue(w.k, 0);
    CHECK_EQ_U64(w.running[0], other);
    uint64_t status = ASK(&w, DERIVE, theirs, RIGHT_all, 0, 0);
    CHECK(status == STATUS_BUSY || status == STATUS_HANDLE);
    CHECK_EQ_U64(ASK(&w, EXIT, 0), ~0ull);
    world_settle(&w, 0);
    world_reap(&w);
    CHECK_EQ_U64(w.k->object[BASE_MACHINE].revoking, 0);
    CHECK_EQ_U64(invariants(&w), 0);
    hosted_destroy(w.m);
}

/* Domains that make domains until nothing is left: an error to each, and all of it goes with the first. */
static void test_fork_bomb(void)
{
    struct world w = world_create(20000, 1);
    uint64_t context = 0;
    uint64_t child = make_child(&w, SPAWN, 16 << 20, 0, &context);
    CHECK_EQ_U64(ASK(&w, COPY, SPAWN, child, RIGHT_all, 0, 0), STATUS_OK);
    uint64_t spawn = result(&w, 0), free_before = w.k->domain[0].free;
    CHECK_EQ_U64(ASK(&w, CONTEXT_START, context), STATUS_OK);
    CHECK_EQ_U64(ASK(&w, YIELD), ~0ull);
    uint32_t depth = 0, made = 0;
    for (; depth < 2 * DOMAIN_DEPTH; depth++) {
        uint32_t d = kernel_domain(w.k, w.running[0]);
        uint64_t status = STATUS_OK, inner = 0;
        while ((status = ASK(&w, DOMAIN_CREATE, spawn, 16384)) == STATUS_OK && made % 40 != 39) made++;
        if (ASK(&w, DOMAIN_CREATE, spawn, w.k->domain[d].free / 2) != STATUS_OK) break;
        made++;
        inner = result(&w, 0);
        if (ASK(&w, COPY, spawn, inner, RIGHT_all, 0, 0) != STATUS_OK) break;
        spawn = result(&w, 0);
        if (ASK(&w, CONTEXT_CREATE, inner, 0, 1, 2, 3) != STATUS_OK) break;
        if (ASK(&w, CONTEXT_START, result(&w, 0)) != STATUS_OK) break;
        for (int i = 0; i < 100 && kernel_domain(w.k, w.running[0]) != w.k->domain[d].child; i++)
            ASK(&w, YIELD);
    }
    CHECK(depth < DOMAIN_DEPTH);
    CHECK(made > 100);
    CHECK_EQ_U64(w.k->domain[0].free, free_before);
    CHECK_EQ_U64(invariants(&w), 0);
    for (int i = 0; i < 100 && w.running[0] != 0; i++) ASK(&w, YIELD);
    CHECK_EQ_U64(ASK(&w, DOMAIN_KILL, child), STATUS_OK);
    world_reap(&w);
    CHECK_EQ_U64(w.k->kind_used[OBJECT_DOMAIN], 1);
    CHECK_EQ_U64(w.k->domain[0].carved, 0);
    CHECK_EQ_U64(invariants(&w), 0);
    hosted_destroy(w.m);
}

/* One sender fills its credit; the other's is untouched, and the receiver's budget is too. */
static void test_channel_flood(void)
{
    struct world w = world_create(20000, 1);
    CHECK_EQ_U64(ASK(&w, CHANNEL_CREATE, CHANNEL_CAPACITY + 1), STATUS_RANGE);
    CHECK_EQ_U64(ASK(&w, CHANNEL_CREATE, 0), STATUS_RANGE);
    CHECK_EQ_U64(ASK(&w, CHANNEL_CREATE, CHANNEL_CAPACITY), STATUS_OK);
    uint64_t channel = result(&w, 0);
    CHECK_EQ_U64(ASK(&w, CHANNEL_MINT, channel, CHANNEL_CAPACITY - 1, 1), STATUS_OK);
    uint64_t flood = result(&w, 0);
    CHECK_EQ_U64(ASK(&w, CHANNEL_MINT, channel, 2, 2), STATUS_FULL);
    CHECK_EQ_U64(ASK(&w, CHANNEL_MINT, channel, 1, 2), STATUS_OK);
    uint64_t quiet = result(&w, 0), used = w.k->domain[0].used;
    /* copies of a capability share its credit */
    CHECK_EQ_U64(ASK(&w, DERIVE, flood, RIGHT_send, 0, 0), STATUS_OK);
    uint64_t copy = result(&w, 0);
    for (uint32_t i = 0; i < CHANNEL_CAPACITY - 1; i++)
        CHECK_EQ_U64(ASK(&w, SEND, i % 2 ? flood : copy, 1024, 0), STATUS_OK);
    CHECK_EQ_U64(ASK(&w, SEND, flood, 0, 0), STATUS_FULL);
    CHECK_EQ_U64(ASK(&w, SEND, copy, 0, 0), STATUS_FULL);
    CHECK_EQ_U64(ASK(&w, SEND, quiet, 0, 0), STATUS_OK);
    CHECK_EQ_U64(w.k->domain[0].used, used + COST_CAPABILITY);
    CHECK_EQ_U64(invariants(&w), 0);
    /* the order is kept, nothing is lost or doubled */
    for (uint32_t i = 0; i < CHANNEL_CAPACITY; i++) {
        CHECK_EQ_U64(ASK(&w, RECEIVE, channel, DEADLINE_POLL), STATUS_OK);
        CHECK_EQ_U64(result(&w, 2), i + 1 < CHANNEL_CAPACITY ? 1 : 2);
    }
    CHECK_EQ_U64(ASK(&w, RECEIVE, channel, DEADLINE_POLL), STATUS_EMPTY);
    CHECK_EQ_U64(ASK(&w, DELETE, channel), STATUS_OK);
    CHECK_EQ_U64(ASK(&w, SEND, flood, 0, 0), STATUS_OK);
    CHECK_EQ_U64(ASK(&w, REVOKE, flood), STATUS_OK);
    CHECK_EQ_U64(ASK(&w, DELETE, flood), STATUS_OK);
    CHECK_EQ_U64(ASK(&w, DELETE, quiet), STATUS_OK);
    world_reap(&w);
    CHECK_EQ_U64(w.k->messages_used, 0);
    CHECK_EQ_U64(invariants(&w), 0);
    hosted_destroy(w.m);
}

static uint64_t state = 88172645463325252ull;
static uint64_t next_random(void)
{
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return state;
}

/* A pair that survives everything exchanges numbered messages while random domains are made, filled and killed. */
static void test_kills(uint32_t kills)
{
    struct world w = world_create(20000, 1);
    uint64_t sent = 0, received = 0, lost = 0;
    CHECK_EQ_U64(ASK(&w, CHANNEL_CREATE, 8), STATUS_OK);
    uint64_t channel = result(&w, 0);
    CHECK_EQ_U64(ASK(&w, CHANNEL_MINT, channel, 8, 5), STATUS_OK);
    uint64_t sender = result(&w, 0);
    CHECK_EQ_U64(ASK(&w, SIGNAL_CREATE), STATUS_OK);
    uint64_t signal = result(&w, 0), start = 0, ends = 0;
    for (uint32_t i = 0; i < kills; i++) {
        uint64_t context = 0;
        uint64_t child = make_child(&w, SPAWN, 400000, 0, &context);
        CHECK(child != HANDLE_NONE);
        CHECK_EQ_U64(ASK(&w, DOMAIN_MONITOR, child, signal, 0), STATUS_OK);
        CHECK_EQ_U64(ASK(&w, COPY, SPAWN, child, RIGHT_all, 0, 0), STATUS_OK);
        uint64_t spawn = result(&w, 0);
        CHECK_EQ_U64(ASK(&w, COPY, sender, child, RIGHT_send, 0, 0), STATUS_OK);
        CHECK_EQ_U64(ASK(&w, CONTEXT_START, context), STATUS_OK);
        /* the child lives for a while, and does something of everything */
        ASK(&w, YIELD);
        for (uint32_t n = (uint32_t)(next_random() % 8);
             n > 0 && w.running[0] != 0 && w.running[0] < CORE_CONTEXTS; n--) {
            switch (next_random() % 6) {
            case 0: ASK(&w, REGION_CREATE, 1 + next_random() % 30, 1); break;
            case 1: ASK(&w, CHANNEL_CREATE, 4); break;
            case 2: ASK(&w, DOMAIN_CREATE, spawn, 40000); break;
            case 3: ASK(&w, GRANT_CREATE, 5000); break;
            case 4: ASK(&w, SIGNAL_CREATE); break;
            default: ASK(&w, TOKEN_MINT, i); break;
            }
        }
        for (int n = 0; n < 10 && w.running[0] != 0; n++) ASK(&w, YIELD);
        memcpy(page_of(&w, 0)->out_bytes, &sent, sizeof(sent));
        if (ASK(&w, SEND, sender, sizeof(sent), 0) == STATUS_OK) sent++;
        CHECK_EQ_U64(ASK(&w, DOMAIN_KILL, child), STATUS_OK);
        if (next_random() % 2) {
            uint64_t number = 0;
            if (ASK(&w, RECEIVE, channel, DEADLINE_POLL) == STATUS_OK) {
                memcpy(&number, page_of(&w, 0)->in_bytes, sizeof(number));
                if (number != received++) lost++;
            }
        }
        world_reap(&w);
        while (w.running[0] != 0 && w.running[0] < CORE_CONTEXTS) ASK(&w, YIELD);
        if (ASK(&w, SIGNAL_WAIT, signal, 1, DEADLINE_POLL) == STATUS_OK) ends++;
        CHECK_EQ_U64(ASK(&w, DELETE, child), STATUS_OK);
        CHECK_EQ_U64(ASK(&w, DELETE, context), STATUS_OK);
        if (i == 3) start = w.k->domain[0].used;
        if (i % 500 == 499) CHECK_EQ_U64(invariants(&w), 0);
        if (w.k->channel[(w.k->capability[(uint32_t)channel].object - BASE_CHANNEL)].waiting == 8)
            while (ASK(&w, RECEIVE, channel, DEADLINE_POLL) == STATUS_OK) {
                uint64_t number = 0;
                memcpy(&number, page_of(&w, 0)->in_bytes, sizeof(number));
                if (number != received++) lost++;
            }
    }
    while (ASK(&w, RECEIVE, channel, DEADLINE_POLL) == STATUS_OK) received++;
    CHECK_EQ_U64(sent, received);
    CHECK_EQ_U64(lost, 0);
    CHECK_EQ_U64(ends, kills);
    /* to the byte */
    CHECK_EQ_U64(w.k->domain[0].used, start);
    CHECK_EQ_U64(w.k->domain[0].carved, 0);
    CHECK_EQ_U64(w.k->kind_used[OBJECT_DOMAIN], 1);
    CHECK_EQ_U64(w.k->kind_used[OBJECT_REGION], 1);
    CHECK_EQ_U64(invariants(&w), 0);
    CHECK_EQ_U64(hosted_violations(w.m), 0);
    hosted_destroy(w.m);
}

/* A domain takes all the memory it has: others do not notice. */
static void test_allocation_flood(void)
{
    struct world w = world_create(8192, 1);
    uint64_t context = 0;
    uint64_t child = make_child(&w, SPAWN, 8 << 20, 0, &context);
    CHECK(child != HANDLE_NONE);
    uint64_t free_before = w.k->domain[0].free;
    CHECK_EQ_U64(ASK(&w, CONTEXT_START, context), STATUS_OK);
    CHECK_EQ_U64(ASK(&w, YIELD), ~0ull);
    uint32_t n = 0;
    while (ASK(&w, REGION_CREATE, 10, 1) == STATUS_OK) n++;
    CHECK(n > 150 && n < 210);
    while (ASK(&w, SIGNAL_CREATE) == STATUS_OK) n++;
    while (ASK(&w, TOKEN_MINT, 1) == STATUS_OK) n++;
    CHECK(w.k->domain[w.k->domain[0].child].free < COST_CAPABILITY);
    CHECK_EQ_U64(w.k->domain[0].free, free_before);
    CHECK_EQ_U64(invariants(&w), 0);
    CHECK_EQ_U64(ASK(&w, YIELD), ~0ull);
    CHECK_EQ_U64(ASK(&w, REGION_CREATE, 10, 1), STATUS_OK);
    CHECK_EQ_U64(invariants(&w), 0);
    hosted_destroy(w.m);
}

int main(void)
{
    test_revoke_many();
    test_fork_bomb();
    test_channel_flood();
    test_allocation_flood();
#if defined(LONA_ASAN)
    test_kills(2000);
#else
    test_kills(10000);
#endif
    return check_report();
}
