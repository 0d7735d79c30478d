/* What kernel paths cost.  With QEMU's -icount shift=0,sleep=off the time stamp counts instructions, so that the numbers are
 * exact and the same in every run.  Each line: "measure NAME COUNT". */
#include "test/boot/user/user.h"

#define ROUNDS 1000

static uint64_t stamp(void)
{
    return __builtin_ia32_rdtsc();
}

static void report(struct user *u, const char *name, uint64_t total, uint64_t rounds)
{
    print(u, "measure ");
    print(u, name);
    print(u, " ");
    print_number(u, total / rounds);
    print(u, "\n");
}

/* The bare instruction, with everything that it may change. */
static inline uint64_t enter(uint64_t word, uint64_t a, uint64_t b, uint64_t *first)
{
    register uint64_t r10 __asm__("r10") = 0;
    register uint64_t r8 __asm__("r8") = 0;
    register uint64_t r9 __asm__("r9") = 0;
    uint64_t c = 0;
    __asm__ volatile("syscall"
                     : "+a"(word), "+D"(a), "+S"(b), "+d"(c), "+r"(r10), "+r"(r8), "+r"(r9)
                     :
                     : "rcx", "r11", "memory");
    if (first != NULL) *first = a;
    return word;
}

/* What the loop itself costs. */
static uint64_t empty_loop(void)
{
    uint64_t start = stamp();
    for (unsigned i = 0; i < ROUNDS; i++) {
        uint64_t word = KERNEL_WORD_NOTHING, a = 0, b = 0, c = 0;
        register uint64_t r10 __asm__("r10") = 0;
        register uint64_t r8 __asm__("r8") = 0;
        register uint64_t r9 __asm__("r9") = 0;
        __asm__ volatile(""
                         : "+a"(word), "+D"(a), "+S"(b), "+d"(c), "+r"(r10), "+r"(r8), "+r"(r9)
                         :
                         : "rcx", "r11", "memory");
    }
    return stamp() - start;
}

static void measure_null(struct user *u, uint64_t loop)
{
    uint64_t start = stamp();
    for (unsigned i = 0; i < ROUNDS; i++) enter(KERNEL_WORD_NOTHING, 0, 0, NULL);
    report(u, "null-word", stamp() - start - loop, ROUNDS);
}

static void measure_signal(struct user *u, uint64_t loop)
{
    handle signal = ASK(SIGNAL_CREATE).value[0];
    uint64_t start = stamp();
    for (unsigned i = 0; i < ROUNDS; i++) enter(KERNEL_WORD_SIGNAL_RAISE, signal, 1, NULL);
    report(u, "signal-nobody-waits", stamp() - start - loop, ROUNDS);
}

/* The child waits; the root raises, which makes the child ready on the same CPU. */
static void child_wait(struct shared *s)
{
    for (;;) {
        ASK(SIGNAL_WAIT, s->handles[0], ~0ull, DEADLINE_NEVER);
        s->words[0]++;
    }
}

static void measure_signal_waiting(struct user *u, uint64_t loop)
{
    struct child c;
    handle signal = ASK(SIGNAL_CREATE).value[0];
    uint64_t total = 0;
    if (!child_make(u, &c, 0, child_wait) || !child_give(u, &c, 0, signal, RIGHT_receive) ||
        !child_start(u, &c))
        return;
    for (unsigned i = 0; i < ROUNDS; i++) {
        while (c.shared->words[0] != i) ASK(YIELD);
        ASK(YIELD);
        ASK(YIELD);
        uint64_t start = stamp();
        enter(KERNEL_WORD_SIGNAL_RAISE, signal, 1, NULL);
        total += stamp() - start;
    }
    report(u, "signal-to-waiting", total - loop, ROUNDS);
    child_end(u, &c);
}

/* Two domains on one CPU: the child calls, the root replies and receives. */
static void child_call(struct shared *s)
{
    for (;;) {
        for (unsigned i = 0; i < 100; i++) ASK(CALL, s->handles[0], i, 2, 3, 4);
        uint64_t start = stamp();
        for (unsigned i = 0; i < ROUNDS; i++) ASK(CALL, s->handles[0], i, 2, 3, 4);
        s->words[1] = stamp() - start;
        s->words[0]++;
    }
}

static void measure_call(struct user *u)
{
    struct child c;
    struct result channel = ASK(CHANNEL_CREATE, 4), sender = ASK(CHANNEL_MINT, channel.value[0], 2, 5);
    if (!child_make(u, &c, 0, child_call) || !child_give(u, &c, 0, sender.value[0], RIGHT_send) ||
        !child_start(u, &c))
        return;
    while (c.shared->words[0] < 2) ASK(REPLY_RECEIVE, channel.value[0], 1, 2, 3, 4);
    report(u, "call-reply-round-trip-with-user-code", c.shared->words[1], ROUNDS);
    child_end(u, &c);
}

static void measure_region(struct user *u)
{
    uint64_t create = 0, destroy = 0;
    for (unsigned i = 0; i < 100; i++) {
        uint64_t start = stamp();
        struct result r = ASK(REGION_CREATE, 1, 1);
        create += stamp() - start;
        start = stamp();
        ASK(REGION_DESTROY, r.value[0]);
        destroy += stamp() - start;
    }
    report(u, "region-create-1-page", create, 100);
    report(u, "region-destroy-1-page", destroy, 100);
}

static void measure_revoke(struct user *u)
{
    handle parent = ASK(SIGNAL_CREATE).value[0];
    for (unsigned i = 0; i < ROUNDS; i++) ASK(DERIVE, parent, RIGHT_send, 0, 0);
    uint64_t start = stamp();
    ASK(REVOKE, parent);
    report(u, "revoke-each", stamp() - start, ROUNDS);
}

static void child_nothing(struct shared *s)
{
    s->words[0] = 1;
    for (;;) ASK(YIELD);
}

static void measure_domain(struct user *u)
{
    struct child c;
    uint64_t start = stamp();
    bool made = child_make(u, &c, 0, child_nothing) && child_start(u, &c);
    uint64_t cost = stamp() - start;
    if (made) report(u, "domain-create-and-start", cost, 1);
    start = stamp();
    child_end(u, &c);
    report(u, "domain-kill", stamp() - start, 1);
}

void run(struct user *u)
{
    empty_loop();
    uint64_t loop = empty_loop();
    measure_null(u, loop);
    measure_signal(u, loop);
    measure_signal_waiting(u, loop / ROUNDS);
    measure_call(u);
    measure_region(u);
    measure_revoke(u);
    measure_domain(u);
    u->passed++;
}
