/* The kernel from user mode, on the machine: what a program may rely on, and what it is refused. */
#include "test/boot/user/user.h"

#define SELF BOOT_HANDLE(BOOT_SLOT_DOMAIN)
#define MS 1000000ull

/* ---- words and capabilities ---- */

static void test_words(struct user *u)
{
    CHECK_STATUS(u, ASK(NOTHING), OK);
    CHECK(u, ask(9999, 0, 0, 0, 0, 0, 0).status == STATUS_WORD);
    CHECK(u, ask(~0ull, 0, 0, 0, 0, 0, 0).status == STATUS_WORD);
    CHECK(u, ask(1, 0, 0, 0, 0, 0, 0).status == STATUS_WORD);
    CHECK(u, ASK(IDENTIFY, 0).status != STATUS_OK);
    CHECK_STATUS(u, ASK(IDENTIFY, ~0ull), HANDLE);
    CHECK_STATUS(u, ASK(IDENTIFY, SELF ^ (1ull << 32)), HANDLE);
    struct result r = ASK(IDENTIFY, SELF);
    CHECK(u, r.status == STATUS_OK && r.value[0] == OBJECT_DOMAIN && r.value[1] == RIGHT_all);
    CHECK_STATUS(u, ASK(SIGNAL_RAISE, SELF, 1), KIND);
    CHECK(u, ASK(CPU_COUNT).value[0] == u->info->cpus && u->info->cpus == 2);
}

static void test_derive(struct user *u)
{
    handle ports = BOOT_HANDLE(BOOT_SLOT_PORTS);
    struct result uart = ASK(DERIVE, ports, RIGHT_read, 0x3f8, 8);
    CHECK_STATUS(u, uart, OK);
    CHECK_STATUS(u, ASK(PORT_READ, uart.value[0], 5, 1), OK);
    CHECK_STATUS(u, ASK(PORT_READ, uart.value[0], 8, 1), RANGE);
    CHECK_STATUS(u, ASK(PORT_READ, uart.value[0], 7, 2), RANGE);
    CHECK_STATUS(u, ASK(PORT_READ, uart.value[0], ~0ull, 1), RANGE);
    CHECK_STATUS(u, ASK(PORT_WRITE, uart.value[0], 7, 1, 0), RIGHT);
    CHECK_STATUS(u, ASK(DERIVE, uart.value[0], RIGHT_read | RIGHT_write, 0, 8), RIGHT);
    CHECK_STATUS(u, ASK(DERIVE, uart.value[0], RIGHT_read, 0, 9), RANGE);
    CHECK_STATUS(u, ASK(DERIVE, uart.value[0], RIGHT_read, 9, 0), RANGE);
    struct result scratch = ASK(DERIVE, uart.value[0], RIGHT_read, 7, 1);
    CHECK_STATUS(u, scratch, OK);
    CHECK_STATUS(u, ASK(REVOKE, uart.value[0]), OK);
    CHECK(u, ASK(PORT_READ, scratch.value[0], 0, 1).status != STATUS_OK);
    CHECK_STATUS(u, ASK(PORT_READ, uart.value[0], 5, 1), OK);
    CHECK_STATUS(u, ASK(DELETE, uart.value[0]), OK);
    CHECK_STATUS(u, ASK(PORT_READ, uart.value[0], 5, 1), HANDLE);
}

static bool balanced(struct user *u)
{
    struct result r = ASK(BUDGET, SELF);
    return r.status == STATUS_OK && r.value[1] + r.value[2] + r.value[3] == r.value[0];
}

static void test_budget(struct user *u)
{
    uint64_t before = ASK(BUDGET, SELF).value[3];
    CHECK(u, balanced(u));
    struct result r = ASK(REGION_CREATE, 16, 1);
    CHECK_STATUS(u, r, OK);
    CHECK(u, balanced(u) && ASK(BUDGET, SELF).value[3] <= before - 16 * PAGE_BYTES);
    CHECK_STATUS(u, ASK(REGION_DESTROY, r.value[0]), OK);
    ASK(DELETE, r.value[0]);
    for (unsigned i = 0; i < 100 && ASK(BUDGET, SELF).value[3] != before; i++) sleep_ms(u, 1);
    CHECK(u, balanced(u));
    CHECK_STATUS(u, ASK(REGION_CREATE, 1ull << 23, 1), BUDGET);
    CHECK_STATUS(u, ASK(REGION_CREATE, 1ull << 40, 0), RANGE);
    CHECK_STATUS(u, ASK(DOMAIN_CREATE, BOOT_HANDLE(BOOT_SLOT_SPAWN), 1ull << 60), BUDGET);
    CHECK(u, balanced(u));
}

static void test_regions(struct user *u)
{
    struct result r = ASK(REGION_CREATE, 8, 0);
    CHECK_STATUS(u, r, OK);
    handle h = r.value[0];
    volatile uint64_t *at = (volatile uint64_t *)r.value[1];
    CHECK_STATUS(u, ASK(REGION_COMMIT, h, 2, 4), OK);
    volatile uint64_t *inside = at + 2 * PAGE_BYTES / 8;
    CHECK(u, inside[0] == 0 && inside[4 * PAGE_BYTES / 8 - 1] == 0);
    inside[0] = 42;
    inside[4 * PAGE_BYTES / 8 - 1] = 43;
    CHECK(u, inside[0] == 42);
    CHECK_STATUS(u, ASK(REGION_DECOMMIT, h, 2, 1), OK);
    CHECK_STATUS(u, ASK(REGION_COMMIT, h, 2, 1), OK);
    CHECK(u, inside[0] == 0 && inside[4 * PAGE_BYTES / 8 - 1] == 43);
    CHECK_STATUS(u, ASK(REGION_COMMIT, h, 7, 2), RANGE);
    CHECK_STATUS(u, ASK(REGION_COMMIT, h, ~0ull, 2), RANGE);
    CHECK_STATUS(u, ASK(REGION_DESTROY, h), OK);
    struct result large = ASK(REGION_CREATE, 1024, 1); /* tables of its own */
    CHECK_STATUS(u, large, OK);
    volatile uint64_t *all = (volatile uint64_t *)large.value[1];
    for (unsigned i = 0; i < 1024; i++) all[i * PAGE_BYTES / 8] = i;
    bool kept = true;
    for (unsigned i = 0; i < 1024; i++) kept = kept && all[i * PAGE_BYTES / 8] == i;
    CHECK(u, kept);
    CHECK_STATUS(u, ASK(REGION_DESTROY, large.value[0]), OK);
}

static void test_shadow(struct user *u)
{
    struct result r = ASK(REGION_CREATE, 2, 1);
    volatile uint64_t *at = (volatile uint64_t *)r.value[1];
    at[0] = 1;
    CHECK_STATUS(u, ASK(SHADOW_BEGIN, r.value[0]), OK);
    at[0] = 2;
    at[512] = 3;
    CHECK(u, at[0] == 2);
    CHECK_STATUS(u, ASK(SHADOW_ABORT, r.value[0]), OK);
    CHECK(u, at[0] == 1 && at[512] == 0);
    CHECK_STATUS(u, ASK(SHADOW_BEGIN, r.value[0]), OK);
    at[0] = 5;
    CHECK_STATUS(u, ASK(SHADOW_COMMIT, r.value[0]), OK);
    CHECK(u, at[0] == 5);
    CHECK_STATUS(u, ASK(REGION_DESTROY, r.value[0]), OK);
}

/* ---- time and signals ---- */

static void test_time(struct user *u)
{
    uint64_t before = now(), wall = ASK(WALL_CLOCK).value[0];
    CHECK(u, now() >= before);
    CHECK(u, wall > 1700000000ull * 1000000);
    struct result s = ASK(SIGNAL_CREATE);
    CHECK_STATUS(u, s, OK);
    CHECK_STATUS(u, ASK(SIGNAL_WAIT, s.value[0], 1, DEADLINE_POLL), EMPTY);
    before = now();
    CHECK_STATUS(u, ASK(SIGNAL_WAIT, s.value[0], 1, before + 5 * MS), TIMEOUT);
    CHECK(u, now() >= before + 5 * MS && now() < before + 500 * MS);
    CHECK_STATUS(u, ASK(SIGNAL_RAISE, s.value[0], 6), OK);
    struct result bits = ASK(SIGNAL_WAIT, s.value[0], 4, DEADLINE_NEVER);
    CHECK(u, bits.status == STATUS_OK && bits.value[0] == 4);
    CHECK(u, ASK(SIGNAL_WAIT, s.value[0], ~0ull, DEADLINE_POLL).value[0] == 2);
    CHECK_STATUS(u, ASK(SIGNAL_TIMER, s.value[0], now() + 3 * MS, 8), OK);
    CHECK(u, ASK(SIGNAL_WAIT, s.value[0], 8, now() + 1000 * MS).value[0] == 8);
    CHECK_STATUS(u, ASK(DELETE, s.value[0]), OK);
    struct result a = ASK(ENTROPY), b = ASK(ENTROPY);
    CHECK(u, memcmp(a.value, b.value, 32) != 0);
}

/* The UART tells by its interrupt that it can send. */
static void test_interrupt(struct user *u)
{
    handle ports = BOOT_HANDLE(BOOT_SLOT_PORTS), lines = BOOT_HANDLE(BOOT_SLOT_INTERRUPT);
    uint32_t uart = u->info->uart_port;
    struct result s = ASK(SIGNAL_CREATE);
    CHECK_STATUS(u, ASK(INTERRUPT_BIND, lines, u->info->uart_line, s.value[0], 3), OK);
    CHECK_STATUS(u, ASK(INTERRUPT_DONE, lines, u->info->uart_line), OK);
    CHECK_STATUS(u, ASK(PORT_WRITE, ports, uart + 1, 1, 2), OK);
    struct result bits = ASK(SIGNAL_WAIT, s.value[0], 8, now() + 1000 * MS);
    CHECK(u, bits.status == STATUS_OK && bits.value[0] == 8);
    ASK(PORT_WRITE, ports, uart + 1, 1, 0);
    CHECK_STATUS(u, ASK(INTERRUPT_BIND, lines, 100000, s.value[0], 3), RANGE);
    CHECK_STATUS(u, ASK(INTERRUPT_BIND, lines, u->info->uart_line, 0, 0), OK);
    CHECK_STATUS(u, ASK(DELETE, s.value[0]), OK);
}

/* ---- domains ---- */

static void child_hello(struct shared *s)
{
    s->words[0] = 42;
    ASK(EXIT, 0);
}

static void test_domain(struct user *u, unsigned cpu)
{
    struct child c;
    struct result signal = ASK(SIGNAL_CREATE);
    CHECK(u, child_make(u, &c, cpu, child_hello));
    CHECK_STATUS(u, ASK(DOMAIN_MONITOR, c.domain, signal.value[0], 5), OK);
    CHECK(u, child_start(u, &c));
    struct result bits = ASK(SIGNAL_WAIT, signal.value[0], 1 << 5, now() + 2000 * MS);
    CHECK(u, bits.status == STATUS_OK && bits.value[0] == 1 << 5);
    CHECK(u, c.shared->words[0] == 42);
    child_end(u, &c);
    CHECK(u, balanced(u));
}

/* Nothing that the child does here is its right. */
static void child_greedy(struct shared *s)
{
    s->words[1] = ASK(POWER, BOOT_HANDLE(BOOT_SLOT_POWER), POWER_OFF).status;
    s->words[2] = ASK(PORT_READ, BOOT_HANDLE(BOOT_SLOT_PORTS), 0x3f8, 1).status;
    s->words[3] = ASK(LOG, BOOT_HANDLE(BOOT_SLOT_LOG), 1).status;
    s->words[4] = ASK(DOMAIN_KILL, BOOT_HANDLE(BOOT_SLOT_DOMAIN)).status;
    s->words[5] = ASK(REGION_CREATE, 1024, 1).status;
    s->words[6] = ASK(SIGNAL_WAIT, s->handles[0], 1, DEADLINE_POLL).status;
    s->words[7] = ASK(SIGNAL_RAISE, s->handles[0], 1).status;
    s->words[8] = ASK(COPY, s->handles[0], s->handles[0], RIGHT_all, 0, 0).status;
    s->words[0] = 1;
    for (;;) ASK(YIELD);
}

static void test_denial(struct user *u)
{
    struct child c;
    struct result signal = ASK(SIGNAL_CREATE);
    CHECK(u, child_make(u, &c, 0, child_greedy));
    CHECK(u, child_give(u, &c, 0, signal.value[0], RIGHT_send));
    CHECK(u, child_start(u, &c) && await(&c.shared->words[0], 1, 2000));
    CHECK(u, c.shared->words[1] != STATUS_OK && c.shared->words[2] != STATUS_OK);
    CHECK(u, c.shared->words[3] != STATUS_OK && c.shared->words[4] != STATUS_OK);
    CHECK(u, c.shared->words[5] == STATUS_BUDGET);
    CHECK(u, c.shared->words[6] == STATUS_RIGHT && c.shared->words[7] == STATUS_OK);
    CHECK(u, c.shared->words[8] != STATUS_OK);
    CHECK(u, ASK(SIGNAL_WAIT, signal.value[0], 1, DEADLINE_POLL).value[0] == 1);
    child_end(u, &c);
}

/* ---- faults: each child does one forbidden thing ---- */

enum crime {
    READ_NULL,
    READ_KERNEL,
    READ_NON_CANONICAL,
    WRITE_TEXT,
    EXECUTE_STACK,
    HALT,
    PORT,
    UNDEFINED,
    DIVIDE,
    BREAK,
    LOAD_CR3,
    STEP,
    CRIMES
};

static void child_criminal(struct shared *s)
{
    volatile uint64_t *at = NULL;
    uint64_t zero = 0;
    switch ((enum crime)s->words[15]) {
    case READ_NULL: (void)*at; break;
    case READ_KERNEL: (void)*(volatile uint64_t *)0xffffffff80000000; break;
    case READ_NON_CANONICAL: (void)*(volatile uint64_t *)0x900000000000; break;
    case WRITE_TEXT: *(volatile uint64_t *)(uint64_t)child_criminal = 1; break;
    case EXECUTE_STACK: ((void (*)(void))(uint64_t)s->words)(); break;
    case HALT: __asm__ volatile("hlt"); break;
    case PORT: __asm__ volatile("inb $0x60, %%al" : : : "rax"); break;
    case UNDEFINED: __asm__ volatile("ud2"); break;
    case DIVIDE: __asm__ volatile("xorl %%edx, %%edx; divq %0" : "+r"(zero) : : "rax", "rdx"); break;
    case BREAK: __asm__ volatile("int3"); break;
    case LOAD_CR3: __asm__ volatile("movq %0, %%cr3" : : "r"(zero)); break;
    case STEP: __asm__ volatile("pushfq; orl $0x100, (%%rsp); popfq; nop" : : : "memory"); break;
    case CRIMES: break;
    }
    s->words[0] = 1; /* got away with it */
    for (;;) ASK(YIELD);
}

static void test_faults(struct user *u)
{
    static const uint8_t kinds[CRIMES] = {FAULT_READ,       FAULT_READ,       FAULT_OTHER, FAULT_WRITE,
                                          FAULT_EXECUTE,    FAULT_OTHER,      FAULT_OTHER, FAULT_INSTRUCTION,
                                          FAULT_ARITHMETIC, FAULT_BREAKPOINT, FAULT_OTHER, FAULT_STEP};
    struct result channel = ASK(CHANNEL_CREATE, 4);
    CHECK_STATUS(u, channel, OK);
    struct result sender = ASK(CHANNEL_MINT, channel.value[0], 2, 77);
    CHECK_STATUS(u, sender, OK);
    for (unsigned i = 0; i < CRIMES; i++) {
        struct child c;
        struct fault_report report;
        CHECK(u, child_make(u, &c, i % 2, child_criminal));
        c.shared->words[15] = i;
        CHECK_STATUS(u, ASK(DOMAIN_SUPERVISE, c.domain, channel.value[0]), OK);
        CHECK(u, child_start(u, &c));
        struct result r = ASK(RECEIVE, channel.value[0], now() + 2000 * MS);
        CHECK_STATUS(u, r, OK);
        memcpy(&report, u->page->in_bytes, sizeof report);
        CHECK(u, report.kind == kinds[i] && c.shared->words[0] == 0);
        if (report.kind != kinds[i]) print_number(u, i);
        if (i == WRITE_TEXT) CHECK(u, report.address == (uint64_t)child_criminal);
        if (i == READ_KERNEL) CHECK(u, report.address == 0xffffffff80000000);
        child_end(u, &c);
    }
    struct child alone; /* without a supervisor it ends */
    struct result signal = ASK(SIGNAL_CREATE);
    CHECK(u, child_make(u, &alone, 0, child_criminal));
    CHECK_STATUS(u, ASK(DOMAIN_MONITOR, alone.domain, signal.value[0], 0), OK);
    CHECK(u, child_start(u, &alone));
    CHECK(u, ASK(SIGNAL_WAIT, signal.value[0], 1, now() + 2000 * MS).value[0] == 1);
    child_end(u, &alone);
}

/* ---- the processor is shared ---- */

static void child_spin(struct shared *s)
{
    for (;;) s->words[0]++;
}

/* Another CPU needs a moment to let go of a suspended domain. */
static bool stands_still(struct user *u, struct child *c)
{
    for (unsigned i = 0; i < 2000; i++) {
        if (ASK(DEBUG_READ, c->domain, c->shared).status == STATUS_OK) return true;
        sleep_ms(u, 1);
    }
    return false;
}

static void test_preemption(struct user *u)
{
    for (unsigned cpu = 0; cpu < 2; cpu++) {
        struct child c;
        CHECK(u, child_make(u, &c, cpu, child_spin) && child_start(u, &c));
        uint64_t before = now();
        sleep_ms(u, 30);
        CHECK(u, now() - before < 1000 * MS);
        uint64_t seen = c.shared->words[0];
        CHECK(u, seen > 0);
        CHECK_STATUS(u, ASK(DOMAIN_SUSPEND, c.domain), OK);
        CHECK(u, stands_still(u, &c));
        seen = c.shared->words[0];
        sleep_ms(u, 10);
        CHECK(u, c.shared->words[0] == seen);
        CHECK_STATUS(u, ASK(DOMAIN_RESUME, c.domain), OK);
        sleep_ms(u, 30);
        CHECK(u, c.shared->words[0] > seen);
        CHECK_STATUS(u, ASK(DOMAIN_KILL, c.domain), OK);
        child_end(u, &c);
    }
}

/* Every register holds a number of its own and is compared after each of many preemptions. */
static void child_registers(struct shared *s)
{
    uint64_t broken = 0, start = s->words[14];
    for (unsigned round = 0; round < 60000 && broken == 0; round++) {
        __asm__ volatile(
            "movq %1, %%rax; movq %%rax, %%xmm3; leaq 1(%%rax), %%rbx; leaq 2(%%rax), %%rcx\n\t"
            "leaq 3(%%rax), %%rdx; leaq 4(%%rax), %%rsi; leaq 5(%%rax), %%r8; leaq 6(%%rax), %%r9\n\t"
            "leaq 7(%%rax), %%r10; leaq 8(%%rax), %%r11; leaq 9(%%rax), %%r12; leaq 10(%%rax), %%r13\n\t"
            "leaq 11(%%rax), %%r14; leaq 12(%%rax), %%r15; movq %%r15, %%xmm15; stc\n\t"
            "movl $40, %%edi\n"
            "1: incl %%edi; decl %%edi; decl %%edi; jnz 1b\n\t"
            "xorq %%rdi, %%rdi\n\t"
            "movq %%xmm3, %%rdi; subq %%rax, %%rdi; movq %%rdi, %0\n\t"
            "movq %%xmm15, %%rdi; subq %%r15, %%rdi; orq %%rdi, %0\n\t"
            "subq $1, %%rbx; xorq %%rax, %%rbx; orq %%rbx, %0; subq $2, %%rcx; xorq %%rax, %%rcx; orq %%rcx, "
            "%0\n\t"
            "subq $3, %%rdx; xorq %%rax, %%rdx; orq %%rdx, %0; subq $4, %%rsi; xorq %%rax, %%rsi; orq %%rsi, "
            "%0\n\t"
            "subq $5, %%r8; xorq %%rax, %%r8; orq %%r8, %0; subq $6, %%r9; xorq %%rax, %%r9; orq %%r9, %0\n\t"
            "subq $7, %%r10; xorq %%rax, %%r10; orq %%r10, %0; subq $8, %%r11; xorq %%rax, %%r11; orq %%r11, "
            "%0\n\t"
            "subq $9, %%r12; xorq %%rax, %%r12; orq %%r12, %0; subq $10, %%r13; xorq %%rax, %%r13; orq "
            "%%r13, %0\n\t"
            "subq $11, %%r14; xorq %%rax, %%r14; orq %%r14, %0; subq $12, %%r15; xorq %%rax, %%r15; orq "
            "%%r15, %0"
            : "=m"(broken)
            : "m"(start)
            : "rax", "rbx", "rcx", "rdx", "rsi", "rdi", "r8", "r9", "r10", "r11", "r12", "r13", "r14", "r15",
              "xmm3", "xmm15", "memory", "cc");
        s->words[1] = round;
        if (round % 1000 == 0) ASK(YIELD);
    }
    s->words[2] = broken;
    s->words[0] = 1;
    for (;;) ASK(SIGNAL_WAIT, s->handles[0], 1, DEADLINE_NEVER);
}

static void test_registers(struct user *u)
{
    struct child c[3];
    for (unsigned i = 0; i < 3; i++) {
        CHECK(u, child_make(u, &c[i], i == 2, child_registers));
        c[i].shared->words[14] = 0x1111111111111111ull * (i + 1);
        CHECK(u, child_start(u, &c[i]));
    }
    for (unsigned i = 0; i < 3; i++) {
        CHECK(u, await(&c[i].shared->words[0], 1, 20000));
        CHECK(u, c[i].shared->words[2] == 0);
        child_end(u, &c[i]);
    }
}

/* ---- messages ---- */

/* A server in the root's own domain would wait for itself: the child asks, the root answers. */
static void child_ask(struct shared *s)
{
    for (uint64_t i = 0; i < 1000; i++) {
        struct result r = ASK(CALL, s->handles[0], i, i + 1, i + 2, i + 3);
        if (r.status != STATUS_OK || r.value[0] != 2 * i || r.value[3] != i + 3) s->words[1]++;
    }
    s->words[0] = 1;
    struct result last = ASK(CALL, s->handles[0], 0, 0, 0, 0);
    s->words[2] = last.status;
    for (;;) ASK(YIELD);
}

static void test_call(struct user *u, unsigned cpu)
{
    struct child c;
    struct result channel = ASK(CHANNEL_CREATE, 4), sender = ASK(CHANNEL_MINT, channel.value[0], 2, 5);
    CHECK(u, child_make(u, &c, cpu, child_ask) && child_give(u, &c, 0, sender.value[0], RIGHT_send));
    CHECK(u, child_start(u, &c));
    struct result r = ASK(RECEIVE, channel.value[0], now() + 5000 * MS);
    CHECK_STATUS(u, r, OK);
    CHECK(u, r.value[2] == 5 && r.value[3] != HANDLE_NONE);
    uint64_t words[4];
    memcpy(words, u->page->in_bytes, sizeof words);
    CHECK(u, words[0] == 0 && words[3] == 3);
    CHECK_STATUS(u, ASK(REPLY, r.value[3], 0, 0, 0, 3), OK);
    CHECK(u, ASK(REPLY, r.value[3], 0, 0, 0, 3).status != STATUS_OK);
    struct result next = ASK(REPLY_RECEIVE, channel.value[0], 0, 0, 0, 0);
    for (unsigned i = 0; i < 998 && next.status == STATUS_OK; i++)
        next = ASK(REPLY_RECEIVE, channel.value[0], 2 * next.value[0], 0, 0, next.value[3]);
    CHECK_STATUS(u, next, OK);
    next = ASK(REPLY_RECEIVE, channel.value[0], 2 * next.value[0], 0, 0, next.value[3]);
    CHECK(u, c.shared->words[0] == 1 && c.shared->words[1] == 0);
    child_end(u, &c);
    ASK(DELETE, channel.value[0]);
    CHECK(u, balanced(u));
}

static void test_queue(struct user *u)
{
    struct result channel = ASK(CHANNEL_CREATE, 4), one = ASK(CHANNEL_MINT, channel.value[0], 2, 1),
                  two = ASK(CHANNEL_MINT, channel.value[0], 2, 2);
    CHECK_STATUS(u, ASK(RECEIVE, channel.value[0], DEADLINE_POLL), EMPTY);
    for (unsigned i = 0; i < 2; i++) {
        u->page->out_bytes[0] = (uint8_t)('a' + i);
        CHECK_STATUS(u, ASK(SEND, one.value[0], 1, 0), OK);
    }
    CHECK_STATUS(u, ASK(SEND, one.value[0], 1, 0), FULL); /* its credit, not the other's */
    CHECK_STATUS(u, ASK(SEND, two.value[0], MESSAGE_BYTES, 0), OK);
    CHECK_STATUS(u, ASK(SEND, two.value[0], MESSAGE_BYTES + 1, 0), RANGE);
    for (unsigned i = 0; i < 2; i++) {
        struct result r = ASK(RECEIVE, channel.value[0], DEADLINE_POLL);
        CHECK(u,
              r.status == STATUS_OK && r.value[0] == 1 && r.value[2] == 1 && u->page->in_bytes[0] == 'a' + i);
    }
    CHECK(u, ASK(RECEIVE, channel.value[0], DEADLINE_POLL).value[2] == 2);
    CHECK_STATUS(u, ASK(RECEIVE, channel.value[0], now() + 2 * MS), TIMEOUT);
    CHECK_STATUS(u, ASK(RECEIVE, one.value[0], DEADLINE_POLL), RIGHT);
    /* a capability in a message: only to a channel that listens */
    struct result signal = ASK(SIGNAL_CREATE);
    CHECK_STATUS(u, ASK(CHANNEL_LISTEN, channel.value[0], 1), OK);
    u->page->out_handle[0] = signal.value[0];
    CHECK_STATUS(u, ASK(SEND, one.value[0], 0, 1), OK);
    struct result r = ASK(RECEIVE, channel.value[0], DEADLINE_POLL);
    CHECK(u, r.status == STATUS_OK && r.value[1] == 1);
    CHECK(u, ASK(IDENTIFY, u->page->in_handle[0]).value[0] == OBJECT_SIGNAL);
    ASK(DELETE, channel.value[0]);
}

/* ---- other processors' address translations ---- */

static void child_reader(struct shared *s)
{
    struct result view = ASK(VIEW_MAP, s->handles[0], RIGHT_read);
    volatile uint64_t *at = (volatile uint64_t *)view.value[0];
    s->words[2] = view.status;
    for (;;) {
        s->words[1] = *at;
        s->words[0]++;
    }
}

/* A page that another CPU reads all the time is taken away: the reader faults, it does not read on. */
static void test_shootdown(struct user *u)
{
    struct child c;
    struct result region = ASK(REGION_CREATE, 1, 1), channel = ASK(CHANNEL_CREATE, 4);
    volatile uint64_t *at = (volatile uint64_t *)region.value[1];
    *at = 1234;
    CHECK(u, child_make(u, &c, 1, child_reader));
    CHECK_STATUS(u, ASK(REGION_STREAM, region.value[0]), OK);
    CHECK(u, child_give(u, &c, 0, region.value[0], RIGHT_read));
    CHECK_STATUS(u, ASK(DOMAIN_SUPERVISE, c.domain, channel.value[0]), OK);
    CHECK(u, child_start(u, &c));
    for (unsigned i = 0; i < 1000 && c.shared->words[0] < 1000; i++) sleep_ms(u, 1);
    CHECK(u, c.shared->words[1] == 1234 && c.shared->words[2] == STATUS_OK);
    CHECK_STATUS(u, ASK(REVOKE, region.value[0]), OK);
    uint64_t seen = c.shared->words[0];
    *at = 4321;
    struct result r = ASK(RECEIVE, channel.value[0], now() + 2000 * MS);
    CHECK_STATUS(u, r, OK);
    struct fault_report report;
    memcpy(&report, u->page->in_bytes, sizeof report);
    CHECK(u, report.kind == FAULT_READ && report.address == region.value[1]);
    CHECK(u, c.shared->words[1] == 1234 && c.shared->words[0] <= seen + 1);
    child_end(u, &c);
}

/* ---- debugging ---- */

static void test_debug(struct user *u)
{
    struct child c;
    CHECK(u, child_make(u, &c, 1, child_spin) && child_start(u, &c));
    CHECK(u, ASK(DEBUG_READ, c.domain, c.shared).status == STATUS_STATE); /* it runs */
    for (unsigned i = 0; i < 2000 && c.shared->words[0] == 0; i++) sleep_ms(u, 1);
    CHECK_STATUS(u, ASK(DOMAIN_SUSPEND, c.domain), OK);
    CHECK(u, stands_still(u, &c));
    struct result word = ASK(DEBUG_READ, c.domain, &c.shared->words[0]);
    CHECK(u, word.status == STATUS_OK && word.value[0] == c.shared->words[0] && word.value[0] > 0);
    struct result rip = ASK(DEBUG_REGISTER, c.domain, 1, 16), rsp = ASK(DEBUG_REGISTER, c.domain, 1, 7);
    CHECK(u, rip.status == STATUS_OK && rip.value[0] - (uint64_t)child_spin < 64);
    CHECK(u, rsp.status == STATUS_OK && rsp.value[0] - c.stack_address < CHILD_STACK_PAGES * PAGE_BYTES);
    CHECK_STATUS(u, ASK(DEBUG_SET_REGISTER, c.domain, 1, 5, c.shared), OK); /* rdi: the argument */
    CHECK_STATUS(u, ASK(DEBUG_SET_REGISTER, c.domain, 1, 16, child_hello), OK);
    CHECK_STATUS(u, ASK(DOMAIN_RESUME, c.domain), OK);
    CHECK(u, await(&c.shared->words[0], 42, 2000));
    child_end(u, &c);
}

void run(struct user *u)
{
    test_words(u);
    test_derive(u);
    test_budget(u);
    test_regions(u);
    test_shadow(u);
    test_time(u);
    test_interrupt(u);
    test_domain(u, 0);
    test_domain(u, 1);
    test_denial(u);
    test_faults(u);
    test_preemption(u);
    test_registers(u);
    test_queue(u);
    test_call(u, 0);
    test_call(u, 1);
    test_shootdown(u);
    test_debug(u);
}
