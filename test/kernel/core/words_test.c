/* The words, as a program sees them: what they do when all is well. */
#include "test/kernel/invariants.h"
#include "test/kernel/world.h"

#define SPAWN BOOT_HANDLE(BOOT_SLOT_SPAWN)
#define SELF BOOT_HANDLE(BOOT_SLOT_DOMAIN)

static void test_root(void)
{
    struct world w = world_create(4096, 2);
    CHECK(w.k != NULL);
    CHECK_EQ_U64(w.running[0], 0);
    CHECK_EQ_U64(w.running[1], KERNEL_IDLE);
    CHECK_EQ_U64(ASK(&w, NOTHING), STATUS_OK);
    for (uint32_t slot = BOOT_SLOT_DOMAIN; slot < BOOT_SLOT_REGIONS; slot++) {
        CHECK_EQ_U64(ASK(&w, IDENTIFY, BOOT_HANDLE(slot)), STATUS_OK);
        CHECK_EQ_U64(result(&w, 1), RIGHT_all);
    }
    CHECK_EQ_U64(ASK(&w, IDENTIFY, BOOT_HANDLE(BOOT_SLOT_PORTS)), STATUS_OK);
    CHECK_EQ_U64(result(&w, 0), OBJECT_PORTS);
    CHECK_EQ_U64(result(&w, 3), CORE_PORTS);
    CHECK_EQ_U64(ask6(&w, 0, 9999, 0, 0, 0, 0, 0, 0), STATUS_WORD);
    CHECK_EQ_U64(ASK(&w, IDENTIFY, BOOT_HANDLE(4000)), STATUS_HANDLE);
    CHECK_EQ_U64(ASK(&w, IDENTIFY, 2ull << 32 | 1), STATUS_HANDLE);
    CHECK_EQ_U64(invariants(&w), 0);
    hosted_destroy(w.m);
}

static void test_capabilities(void)
{
    struct world w = world_create(4096, 1);
    uint64_t ports = BOOT_HANDLE(BOOT_SLOT_PORTS);
    CHECK_EQ_U64(ASK(&w, DERIVE, ports, RIGHT_read | RIGHT_write, 0x3f8, 8), STATUS_OK);
    uint64_t uart = result(&w, 0);
    CHECK_EQ_U64(ASK(&w, PORT_READ, uart, 5, 1), STATUS_OK);
    CHECK_EQ_U64(result(&w, 0), 0x3fd * 3 + 1);
    CHECK_EQ_U64(ASK(&w, PORT_READ, uart, 8, 1), STATUS_RANGE);
    CHECK_EQ_U64(ASK(&w, PORT_READ, uart, 7, 2), STATUS_RANGE);
    CHECK_EQ_U64(ASK(&w, DERIVE, uart, RIGHT_read, 4, 5), STATUS_RANGE);
    CHECK_EQ_U64(ASK(&w, DERIVE, uart, RIGHT_read | RIGHT_manage, 0, 0), STATUS_RIGHT);
    CHECK_EQ_U64(ASK(&w, DERIVE, uart, RIGHT_read, 4, 0), STATUS_OK);
    uint64_t upper = result(&w, 0);
    CHECK_EQ_U64(ASK(&w, IDENTIFY, upper), STATUS_OK);
    CHECK_EQ_U64(result(&w, 1), RIGHT_read);
    CHECK_EQ_U64(result(&w, 2), 0x3fc);
    CHECK_EQ_U64(result(&w, 3), 4);
    CHECK_EQ_U64(ASK(&w, PORT_WRITE, upper, 0, 1, 0), STATUS_RIGHT);
    /* deleting the middle leaves the lower end, and revoking the root finds it */
    CHECK_EQ_U64(ASK(&w, DELETE, uart), STATUS_OK);
    CHECK_EQ_U64(ASK(&w, PORT_READ, uart, 0, 1), STATUS_HANDLE);
    CHECK_EQ_U64(ASK(&w, PORT_READ, upper, 0, 1), STATUS_OK);
    CHECK_EQ_U64(invariants(&w), 0);
    CHECK_EQ_U64(ASK(&w, REVOKE, ports), STATUS_OK);
    CHECK_EQ_U64(result(&w, 0), 1);
    CHECK_EQ_U64(ASK(&w, PORT_READ, upper, 0, 1), STATUS_HANDLE);
    CHECK_EQ_U64(invariants(&w), 0);
    hosted_destroy(w.m);
}

static void test_regions(void)
{
    struct world w = world_create(8192, 1);
    uint32_t access = 0;
    CHECK_EQ_U64(ASK(&w, REGION_CREATE, 5, 1), STATUS_OK);
    uint64_t r = result(&w, 0), address = result(&w, 1);
    for (uint64_t i = 0; i < 5; i++) {
        CHECK(hosted_mapping(w.m, 0, address / PAGE_BYTES + i, &access) != FRAME_NONE);
        CHECK_EQ_U64(access, ACCESS_READ | ACCESS_WRITE);
    }
    CHECK_EQ_U64(hosted_mapping(w.m, 0, address / PAGE_BYTES + 5, &access), FRAME_NONE);
    CHECK_EQ_U64(ASK(&w, REGION_DECOMMIT, r, 1, 2), STATUS_OK);
    CHECK_EQ_U64(hosted_mapping(w.m, 0, address / PAGE_BYTES + 1, &access), FRAME_NONE);
    CHECK_EQ_U64(ASK(&w, REGION_INFO, r), STATUS_OK);
    CHECK_EQ_U64(result(&w, 3), 3);
    CHECK_EQ_U64(invariants(&w), 0);
    /* a large one, by tables */
    uint64_t used = w.k->domain[0].used;
    CHECK_EQ_U64(ASK(&w, REGION_CREATE, 1500, 1), STATUS_OK);
    uint64_t big = result(&w, 0), at = result(&w, 1) / PAGE_BYTES;
    CHECK_EQ_U64(at % PAGES_PER_TABLE, 0);
    CHECK(hosted_mapping(w.m, 0, at + 1499, &access) != FRAME_NONE);
    CHECK_EQ_U64(ASK(&w, REGION_SHARE, big), STATUS_OK);
    CHECK(hosted_mapping(w.m, 0, at + 700, &access) != FRAME_NONE);
    CHECK_EQ_U64(access, ACCESS_READ);
    CHECK_EQ_U64(ASK(&w, REGION_RECLAIM, big), STATUS_OK);
    CHECK(hosted_mapping(w.m, 0, at + 700, &access) != FRAME_NONE);
    CHECK_EQ_U64(access, ACCESS_READ | ACCESS_WRITE);
    CHECK_EQ_U64(invariants(&w), 0);
    CHECK_EQ_U64(ASK(&w, REGION_DESTROY, big), STATUS_OK);
    CHECK_EQ_U64(ASK(&w, REGION_INFO, big), STATUS_DEAD);
    CHECK_EQ_U64(ASK(&w, DELETE, big), STATUS_OK);
    world_reap(&w);
    CHECK_EQ_U64(hosted_mapping(w.m, 0, at + 700, &access), FRAME_NONE);
    CHECK_EQ_U64(invariants(&w), 0);
    /* what stays are the page tables and the dead handle */
    CHECK(w.k->domain[0].used - used <= 8 * PAGE_BYTES + COST_CAPABILITY);
    CHECK_EQ_U64(ASK(&w, REGION_CREATE, 0, 1), STATUS_RANGE);
    CHECK_EQ_U64(ASK(&w, REGION_CREATE, REGION_PAGES + 1, 0), STATUS_RANGE);
    CHECK_EQ_U64(ASK(&w, REGION_CREATE, 100000, 1), STATUS_BUDGET);
    CHECK_EQ_U64(ASK(&w, REGION_CREATE, REGION_PAGES, 0), STATUS_OK);
    CHECK_EQ_U64(ASK(&w, REGION_COMMIT, result(&w, 0), REGION_PAGES - 3, 3), STATUS_OK);
    CHECK_EQ_U64(invariants(&w), 0);
    CHECK_EQ_U64(hosted_violations(w.m), 0);
    hosted_destroy(w.m);
}

static void test_messages(void)
{
    struct world w = world_create(8192, 1);
    uint64_t context;
    uint64_t child = make_child(&w, SPAWN, 1 << 20, 0, &context);
    CHECK(child != HANDLE_NONE);
    CHECK_EQ_U64(invariants(&w), 0);
    uint32_t d = w.k->domain[0].child, c = w.k->domain[d].context[0];
    /* the child makes a channel, the test mints the parent's capability and puts it there */
    CHECK_EQ_U64(ASK(&w, CONTEXT_START, context), STATUS_OK);
    CHECK_EQ_U64(ASK(&w, YIELD), ~0ull);
    CHECK_EQ_U64(w.running[0], c);
    uint64_t self = page_of(&w, c)->domain;
    CHECK_EQ_U64(ASK(&w, BUDGET, self), STATUS_OK);
    CHECK_EQ_U64(result(&w, 0), 1 << 20);
    CHECK_EQ_U64(ASK(&w, CHANNEL_CREATE, 8), STATUS_OK);
    uint64_t channel = result(&w, 0);
    CHECK_EQ_U64(ASK(&w, CHANNEL_LISTEN, channel, 1), STATUS_OK);
    CHECK_EQ_U64(ASK(&w, CHANNEL_MINT, channel, 3, 77), STATUS_OK);
    uint32_t minted = (uint32_t)result(&w, 0);
    capability_give(w.k, minted, 0);
    uint64_t sender = capability_handle(w.k, minted);
    pebbles_release(w.k, d, COST_CAPABILITY);
    pebbles_charge(w.k, 0, COST_CAPABILITY);
    CHECK_EQ_U64(ASK(&w, RECEIVE, channel, DEADLINE_POLL), STATUS_EMPTY);
    CHECK_EQ_U64(ASK(&w, REPLY_RECEIVE, channel), ~0ull);
    CHECK_EQ_U64(w.running[0], 0);
    CHECK_EQ_U64(invariants(&w), 0);
    /* a call goes straight to the child, the answer straight back */
    kernel_frame(w.k, 0)->word = KERNEL_WORD_CALL;
    CHECK_EQ_U64(ASK(&w, CALL, sender, 11, 12, 13, 14), ~0ull);
    CHECK_EQ_U64(w.running[0], c);
    CHECK_EQ_U64(result(&w, 0), 11);
    CHECK_EQ_U64(result(&w, 3), 14);
    CHECK_EQ_U64(result(&w, 4), 77);
    CHECK_EQ_U64(result(&w, 5), ~0ull);
    CHECK_EQ_U64(ASK(&w, REPLY_RECEIVE, channel, 21, 22, 23, 24), ~0ull);
    CHECK_EQ_U64(w.running[0], 0);
    CHECK_EQ_U64(kernel_frame(w.k, 0)->word, STATUS_OK);
    CHECK_EQ_U64(result(&w, 0), 21);
    CHECK_EQ_U64(result(&w, 3), 24);
    /* messages with a capability; credit */
    CHECK_EQ_U64(ASK(&w, DERIVE, BOOT_HANDLE(BOOT_SLOT_PORTS), RIGHT_read | RIGHT_transfer, 0x60, 1),
                 STATUS_OK);
    struct context_page *page = page_of(&w, 0);
    page->out_handle[0] = result(&w, 0);
    memcpy(page->out_bytes, "hello", 5);
    CHECK_EQ_U64(ASK(&w, SEND, sender, 5, 1), STATUS_OK);
    CHECK_EQ_U64(ASK(&w, SEND, sender, 1025, 0), STATUS_RANGE);
    CHECK_EQ_U64(ASK(&w, SEND, sender, 0, 5), STATUS_RANGE);
    page->out_handle[0] = BOOT_HANDLE(1000);
    CHECK_EQ_U64(ASK(&w, SEND, sender, 0, 1), STATUS_HANDLE);
    /* the first one went to the waiting child: three more fit */
    for (int i = 0; i < 3; i++) CHECK_EQ_U64(ASK(&w, SEND, sender, 0, 0), STATUS_OK);
    CHECK_EQ_U64(ASK(&w, SEND, sender, 0, 0), STATUS_FULL);
    CHECK_EQ_U64(invariants(&w), 0);
    CHECK_EQ_U64(ASK(&w, YIELD), ~0ull);
    CHECK_EQ_U64(w.running[0], c);
    CHECK_EQ_U64(result(&w, 5), 5);
    CHECK_EQ_U64(result(&w, 0), 1);
    CHECK(memcmp(page_of(&w, c)->in_bytes, "hello", 5) == 0);
    uint64_t port = page_of(&w, c)->in_handle[0];
    CHECK_EQ_U64(ASK(&w, PORT_READ, port, 0, 1), STATUS_OK);
    CHECK_EQ_U64(ASK(&w, RECEIVE, channel, DEADLINE_POLL), STATUS_OK);
    CHECK_EQ_U64(result(&w, 2), 77);
    CHECK_EQ_U64(invariants(&w), 0);
    /* the child dies: who calls it learns so, and everything comes back */
    CHECK_EQ_U64(ASK(&w, EXIT, 0), ~0ull);
    CHECK_EQ_U64(w.running[0], 0);
    world_reap(&w);
    CHECK_EQ_U64(ASK(&w, SEND, sender, 0, 0), STATUS_DEAD);
    CHECK_EQ_U64(ASK(&w, BUDGET, child), STATUS_DEAD);
    CHECK_EQ_U64(invariants(&w), 0);
    CHECK_EQ_U64(w.k->domain[0].carved, 0);
    CHECK_EQ_U64(hosted_violations(w.m), 0);
    hosted_destroy(w.m);
}

static void test_signals(void)
{
    struct world w = world_create(4096, 1);
    CHECK_EQ_U64(ASK(&w, SIGNAL_CREATE), STATUS_OK);
    uint64_t s = result(&w, 0);
    CHECK_EQ_U64(ASK(&w, SIGNAL_WAIT, s, 6, DEADLINE_POLL), STATUS_EMPTY);
    CHECK_EQ_U64(ASK(&w, SIGNAL_RAISE, s, 5), STATUS_OK);
    CHECK_EQ_U64(ASK(&w, SIGNAL_WAIT, s, 6, DEADLINE_POLL), STATUS_OK);
    CHECK_EQ_U64(result(&w, 0), 4);
    CHECK_EQ_U64(ASK(&w, SIGNAL_TIMER, s, 1000, 8), STATUS_OK);
    CHECK_EQ_U64(ASK(&w, SIGNAL_WAIT, s, 8, DEADLINE_NEVER), ~0ull);
    CHECK_EQ_U64(w.running[0], KERNEL_IDLE);
    CHECK_EQ_U64(hosted_deadline(w.m, 0), 1000);
    hosted_set_clock(w.m, 1000);
    w.running[0] = kernel_timer(w.k, 0);
    CHECK_EQ_U64(w.running[0], 0);
    CHECK_EQ_U64(result(&w, 0), 8);
    CHECK_EQ_U64(ASK(&w, SIGNAL_WAIT, s, 8, 3000), ~0ull);
    CHECK_EQ_U64(hosted_deadline(w.m, 0), 3000);
    hosted_set_clock(w.m, 3001);
    w.running[0] = kernel_timer(w.k, 0);
    CHECK_EQ_U64(w.running[0], 0);
    CHECK_EQ_U64(kernel_frame(w.k, 0)->word, STATUS_TIMEOUT);
    /* an interrupt raises a bit once until it is done */
    CHECK_EQ_U64(ASK(&w, INTERRUPT_BIND, BOOT_HANDLE(BOOT_SLOT_INTERRUPT), 4, s, 2), STATUS_OK);
    CHECK(!hosted_line_masked(w.m, 4));
    CHECK_EQ_U64(ASK(&w, SIGNAL_WAIT, s, 4, DEADLINE_NEVER), ~0ull);
    w.running[0] = kernel_interrupt(w.k, 0, 4);
    CHECK_EQ_U64(w.running[0], 0);
    CHECK(hosted_line_masked(w.m, 4));
    CHECK_EQ_U64(ASK(&w, INTERRUPT_DONE, BOOT_HANDLE(BOOT_SLOT_INTERRUPT), 4), STATUS_OK);
    CHECK(!hosted_line_masked(w.m, 4));
    CHECK_EQ_U64(ASK(&w, INTERRUPT_BIND, BOOT_HANDLE(BOOT_SLOT_INTERRUPT), CORE_INTERRUPTS, s, 2),
                 STATUS_RANGE);
    CHECK_EQ_U64(invariants(&w), 0);
    hosted_destroy(w.m);
}

/* Device regions cover devices only; what a region gets is zeroed; listening decides about capabilities. */
static void test_devices(void)
{
    struct world w = world_create(4096, 1);
    uint64_t memory = BOOT_HANDLE(BOOT_SLOT_MEMORY);
    CHECK_EQ_U64(ASK(&w, REGION_DEVICE, memory, 100, 1), STATUS_DENIED);
    CHECK_EQ_U64(ASK(&w, REGION_DEVICE, memory, 5, 1), STATUS_DENIED);
    CHECK_EQ_U64(ASK(&w, REGION_DEVICE, memory, 4095, 2), STATUS_DENIED);
    CHECK_EQ_U64(ASK(&w, REGION_DEVICE, memory, 1ull << 32, 1), STATUS_RANGE);
    CHECK_EQ_U64(ASK(&w, REGION_DEVICE, memory, 0xb8000 / 1, 2), STATUS_OK);
    uint64_t r = result(&w, 0), at = result(&w, 1) / PAGE_BYTES;
    uint32_t access = 0;
    CHECK_EQ_U64(hosted_mapping(w.m, 0, at, &access), 0xb8000);
    CHECK_EQ_U64(access, ACCESS_READ | ACCESS_WRITE | ACCESS_DEVICE);
    CHECK_EQ_U64(ASK(&w, REGION_PHYSICAL, r, 1), STATUS_OK);
    CHECK_EQ_U64(result(&w, 0), 0xb8001);
    CHECK_EQ_U64(ASK(&w, REGION_DMA, BOOT_HANDLE(BOOT_SLOT_DMA), 0, 15), STATUS_OK);
    CHECK_EQ_U64(ASK(&w, REGION_DMA, BOOT_HANDLE(BOOT_SLOT_DMA), 0, 16), STATUS_RANGE);
    CHECK_EQ_U64(ASK(&w, REGION_CREATE, 4, 1), STATUS_OK);
    r = result(&w, 0);
    at = result(&w, 1) / PAGE_BYTES;
    CHECK_EQ_U64(ASK(&w, REGION_PHYSICAL, r, 0), STATUS_DENIED);
    /* dirty it, give it back, take it again: zeroes */
    for (uint64_t i = 0; i < 4; i++)
        memset(hosted_frame(w.m, hosted_mapping(w.m, 0, at + i, &access)), 0xaa, PAGE_BYTES);
    CHECK_EQ_U64(ASK(&w, REGION_DECOMMIT, r, 0, 4), STATUS_OK);
    CHECK_EQ_U64(ASK(&w, REGION_COMMIT, r, 0, 4), STATUS_OK);
    for (uint64_t i = 0; i < 4; i++) {
        const uint64_t *words = hosted_frame(w.m, hosted_mapping(w.m, 0, at + i, &access));
        CHECK(words[0] == 0 && words[511] == 0);
    }
    CHECK_EQ_U64(invariants(&w), 0);
    hosted_destroy(w.m);
}

/* A shadow is its owner's until commit; abort leaves what was. */
static void test_shadows(void)
{
    struct world w = world_create(4096, 1);
    uint32_t access = 0;
    CHECK_EQ_U64(ASK(&w, REGION_CREATE, 3, 1), STATUS_OK);
    uint64_t r = result(&w, 0), at = result(&w, 1) / PAGE_BYTES, used = w.k->domain[0].used;
    uint64_t *words = hosted_frame(w.m, hosted_mapping(w.m, 0, at + 1, &access));
    words[0] = 5;
    CHECK_EQ_U64(ASK(&w, SHADOW_COMMIT, r), STATUS_STATE);
    for (int commit = 0; commit < 2; commit++) {
        frame_number old = hosted_mapping(w.m, 0, at + 1, &access);
        CHECK_EQ_U64(ASK(&w, SHADOW_BEGIN, r), STATUS_OK);
        CHECK_EQ_U64(ASK(&w, SHADOW_BEGIN, r), STATUS_STATE);
        CHECK_EQ_U64(ASK(&w, REGION_SHARE, r), STATUS_STATE);
        hosted_mapping(w.m, 0, at + 1, &access);
        CHECK_EQ_U64(access, ACCESS_READ);
        w.running[0] = kernel_fault(w.k, 0, FAULT_WRITE, (at + 1) * PAGE_BYTES + 8, 1);
        CHECK_EQ_U64(w.running[0], 0);
        frame_number copy = hosted_mapping(w.m, 0, at + 1, &access);
        CHECK(copy != old);
        CHECK_EQ_U64(access, ACCESS_READ | ACCESS_WRITE);
        words = hosted_frame(w.m, copy);
        CHECK_EQ_U64(words[0], 5);
        words[0] = 6;
        CHECK_EQ_U64(invariants(&w), 0);
        if (commit)
            CHECK_EQ_U64(ASK(&w, SHADOW_COMMIT, r), STATUS_OK);
        else
            CHECK_EQ_U64(ASK(&w, SHADOW_ABORT, r), STATUS_OK);
        frame_number now = hosted_mapping(w.m, 0, at + 1, &access);
        CHECK_EQ_U64(now, commit ? copy : old);
        CHECK_EQ_U64(access, ACCESS_READ | ACCESS_WRITE);
        words = hosted_frame(w.m, now);
        CHECK_EQ_U64(words[0], commit ? 6 : 5);
        CHECK_EQ_U64(w.k->domain[0].used, used);
        CHECK_EQ_U64(invariants(&w), 0);
    }
    hosted_destroy(w.m);
}

/* Every pair of state and operation against the table. */
static void test_ownership(void)
{
    static const struct {
        uint32_t from, operation, to;
    } rows[] = {
#define REGION_STATE(number, NAME, doc)
#define TRANSITION(from, operation, to) {REGION_##from, OPERATION_##operation, REGION_##to},
#include "spec/ownership.def"
    };
    for (uint32_t from = 0; from < REGION_STATES; from++)
        for (uint32_t operation = 0; operation < OPERATIONS; operation++) {
            uint32_t wanted = REGION_STATES;
            for (uint32_t i = 0; i < COUNT_OF(rows); i++)
                if (rows[i].from == from && rows[i].operation == operation) wanted = rows[i].to;
            CHECK_EQ_U64(region_next_state(from, operation), wanted);
        }
}

int main(void)
{
    test_devices();
    test_shadows();
    test_ownership();
    test_root();
    test_capabilities();
    test_regions();
    test_messages();
    test_signals();
    return check_report();
}
