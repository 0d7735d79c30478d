#include "test/boot/user/user.h"

NORETURN void _start(const struct rootinfo *info);

struct result ask(uint64_t number, uint64_t a, uint64_t b, uint64_t c, uint64_t d, uint64_t e, uint64_t f)
{
    struct word_frame w = {number, {a, b, c, d, e, f}};
    word_call(&w);
    struct result r = {.status = w.word};
    memcpy(r.value, w.arg, sizeof r.value);
    return r;
}

void print(struct user *u, const char *text)
{
    size_t n = 0;
    for (; text[n] != 0 && n < MESSAGE_BYTES; n++) u->page->out_bytes[n] = (uint8_t)text[n];
    ASK(LOG, BOOT_HANDLE(BOOT_SLOT_LOG), n);
}

void print_number(struct user *u, uint64_t n)
{
    char digits[21];
    unsigned at = sizeof digits - 1;
    digits[at] = 0;
    do {
        digits[--at] = (char)('0' + n % 10);
        n /= 10;
    } while (n != 0);
    print(u, digits + at);
}

static void where(struct user *u, const char *what, const char *file, unsigned line)
{
    print(u, "FAIL ");
    print(u, file);
    print(u, ":");
    print_number(u, line);
    print(u, ": ");
    print(u, what);
}

void check_(struct user *u, bool true_, const char *what, const char *file, unsigned line)
{
    if (true_) {
        u->passed++;
        return;
    }
    u->failed++;
    where(u, what, file, line);
    print(u, "\n");
}

void check_status_(struct user *u, uint64_t got, uint64_t wanted, const char *what, const char *file,
                   unsigned line)
{
    if (got == wanted) {
        u->passed++;
        return;
    }
    u->failed++;
    where(u, what, file, line);
    print(u, ": status ");
    print_number(u, got);
    print(u, ", wanted ");
    print_number(u, wanted);
    print(u, "\n");
}

NORETURN void finish(struct user *u)
{
    print_number(u, u->passed);
    print(u, " passed, ");
    print_number(u, u->failed);
    print(u, " failed\n");
    ASK(POWER, BOOT_HANDLE(BOOT_SLOT_POWER), POWER_OFF);
    for (;;) {
    }
}

handle region_handle(struct user *u, uint64_t address)
{
    for (uint32_t i = 0; i < u->info->region_count; i++)
        if (address - u->info->regions[i].address < u->info->regions[i].bytes)
            return BOOT_HANDLE(BOOT_SLOT_REGIONS + i);
    return HANDLE_NONE;
}

#define CHILD_BYTES (1u << 20)

/* The child sees the program's text and constants, and a stack with the shared page's end on top. */
static bool give_memory(struct user *u, struct child *c)
{
    struct result stack = ASK(REGION_CREATE, CHILD_STACK_PAGES, 1);
    if (stack.status != STATUS_OK) return false;
    c->stack = stack.value[0];
    c->stack_address = stack.value[1];
    c->shared = (struct shared *)(c->stack_address + CHILD_STACK_PAGES * PAGE_BYTES) - 1;
    handle text = region_handle(u, (uint64_t)ask), constants = region_handle(u, (uint64_t)"constant");
    return ASK(REGION_COMMON, c->stack).status == STATUS_OK &&
           ASK(DOMAIN_VIEW, c->domain, c->stack, RIGHT_read | RIGHT_write).status == STATUS_OK &&
           ASK(DOMAIN_VIEW, c->domain, text, RIGHT_read | RIGHT_execute).status == STATUS_OK &&
           ASK(DOMAIN_VIEW, c->domain, constants, RIGHT_read).status == STATUS_OK;
}

bool child_make(struct user *u, struct child *c, unsigned cpu, void (*entry)(struct shared *))
{
    memset(c, 0, sizeof *c);
    struct result domain = ASK(DOMAIN_CREATE, BOOT_HANDLE(BOOT_SLOT_SPAWN), CHILD_BYTES);
    if (domain.status != STATUS_OK) return false;
    c->domain = domain.value[0];
    if (!give_memory(u, c)) return false;
    uint64_t top = ((uint64_t)c->shared & ~15ull) - 8;
    struct result context = ASK(CONTEXT_CREATE, c->domain, cpu, entry, top, c->shared);
    c->context = context.value[0];
    return context.status == STATUS_OK;
}

bool child_start(struct user *u, struct child *c)
{
    return ASK(CONTEXT_START, c->context).status == STATUS_OK;
}

bool child_give(struct user *u, struct child *c, unsigned place, handle cap, uint64_t rights)
{
    struct result copy = ASK(COPY, cap, c->domain, rights, 0, 0);
    c->shared->handles[place] = copy.value[0];
    return copy.status == STATUS_OK;
}

void child_end(struct user *u, struct child *c)
{
    ASK(DOMAIN_KILL, c->domain);
    ASK(DELETE, c->domain);
    ASK(REGION_DESTROY, c->stack);
    ASK(DELETE, c->stack);
}

bool await(volatile uint64_t *word, uint64_t value, uint64_t ms)
{
    uint64_t end = now() + ms * 1000000;
    while (*word != value) {
        if (now() >= end) return false;
        ASK(YIELD);
    }
    return true;
}

void sleep_ms(struct user *u, uint64_t ms)
{
    struct result s = ASK(SIGNAL_CREATE);
    ASK(SIGNAL_WAIT, s.value[0], 1, now() + ms * 1000000);
    ASK(DELETE, s.value[0]);
}

NORETURN void _start(const struct rootinfo *info)
{
    struct user u = {.info = info, .page = (struct context_page *)info->context_page};
    run(&u);
    finish(&u);
}
