/* Support for programs that test the kernel from user mode: they are the root domain, print on the log and power off.
 * They have no writable data: struct user, on the first stack, is handed on. */
#ifndef TEST_BOOT_USER_USER_H
#define TEST_BOOT_USER_USER_H

#include "abi/rootinfo.h"
#include "abi/word.h"
#include "base/mem.h"

struct user {
    const struct rootinfo *info;
    struct context_page *page;
    unsigned passed, failed;
};

/* A word with its arguments; results in r. */
struct result {
    uint64_t status, value[6];
};
struct result ask(uint64_t number, uint64_t a, uint64_t b, uint64_t c, uint64_t d, uint64_t e, uint64_t f);
#define ASK_(word, a, b, c, d, e, f, ...)                                                                    \
    ask(word, (uint64_t)(a), (uint64_t)(b), (uint64_t)(c), (uint64_t)(d), (uint64_t)(e), (uint64_t)(f))
#define ASK(name, ...) ASK_(KERNEL_WORD_##name, ##__VA_ARGS__, 0, 0, 0, 0, 0, 0)

static inline uint64_t now(void) /* nanoseconds */
{
    return ASK(CLOCK).value[0];
}

void print(struct user *u, const char *text);
void print_number(struct user *u, uint64_t n);
void check_(struct user *u, bool true_, const char *what, const char *file, unsigned line);
#define CHECK(u, condition) check_(u, condition, #condition, __FILE__, __LINE__)
#define CHECK_STATUS(u, result, name)                                                                        \
    check_status_(u, (result).status, STATUS_##name, #result, __FILE__, __LINE__)
void check_status_(struct user *u, uint64_t got, uint64_t wanted, const char *what, const char *file,
                   unsigned line);
NORETURN void finish(struct user *u); /* the counts, and power off */

/* ---- other domains ---- */
#define CHILD_STACK_PAGES 4
/* At the top of the child's stack, which both sides map: what they tell each other. */
struct shared {
    uint64_t handles[8]; /* for the child's table */
    volatile uint64_t words[16];
};
struct child {
    handle domain, context, stack;
    uint64_t stack_address;
    struct shared *shared;
};
/* A domain that will run entry(shared) on the CPU; it is not started yet. */
bool child_make(struct user *u, struct child *c, unsigned cpu, void (*entry)(struct shared *));
bool child_start(struct user *u, struct child *c);
/* Put a capability with these rights into the child's table at shared->handles[place]. */
bool child_give(struct user *u, struct child *c, unsigned place, handle cap, uint64_t rights);
void child_end(struct user *u, struct child *c);
handle region_handle(struct user *u, uint64_t address); /* of the boot region that holds it */
/* Wait up to ms for *word to become value. */
bool await(volatile uint64_t *word, uint64_t value, uint64_t ms);
void sleep_ms(struct user *u, uint64_t ms);

void run(struct user *u); /* the program */

#endif
