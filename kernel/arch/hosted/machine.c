#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include "kernel/arch/hosted/hosted.h"
#include "spec/kernel_limits.h"

#define REGISTERS 64
#define STATE_PAGES(m) ((m)->state_bytes / PAGE_BYTES + 1)

/* One entry of a hash table: key 0 is empty, GONE was one. */
struct entry {
    uint64_t key;
    uint32_t frame, access;
};
#define GONE 1ull

struct table {
    struct entry *entry;
    uint64_t size, used, filled; /* filled counts the gone ones as well */
};

struct saved {
    struct word_frame frame;
    uint64_t entry, stack;
};

struct context_block {
    uint64_t entry, stack;
    uint64_t reg[REGISTERS];
    struct saved saved;
    bool live, diverted;
};

struct machine {
    struct kernel *kernel;
    struct hosted_config config;
    uint8_t *memory;
    uint64_t state_bytes;
    uint8_t *backed;
    uint64_t backed_pages;
    struct table pages;  /* (domain, page) -> frame, access; linked tables under their own key */
    struct table tables; /* (domain, level, prefix) -> frame */
    struct table shared; /* (table frame, index) -> frame, access */
    uint32_t *spare[CORE_DOMAINS];
    uint32_t spare_count[CORE_DOMAINS], spare_size[CORE_DOMAINS];
    uint32_t table_count[CORE_DOMAINS];
    uint32_t root[CORE_DOMAINS];
    bool open[CORE_DOMAINS];
    struct context_block context[CORE_CONTEXTS];
    uint64_t clock_ns, wall_us, entropy, shootdowns, violations;
    uint64_t deadline[CORE_CPUS];
    bool wake[CORE_CPUS];
    bool unmasked[CORE_INTERRUPTS];
    uint32_t power;
    char log[1 << 16];
    uint32_t log_bytes;
};

/* The core broke a promise of arch.h. */
static void violation(struct machine *m, int line)
{
    if (m->violations++ == 0) fprintf(stderr, "machine.c:%d: a call that arch.h does not allow\n", line);
}

/* ---- hash tables ---- */

static uint64_t mix(uint64_t key)
{
    key ^= key >> 32;
    key *= 0xd6e8feb86659fd93ull;
    key ^= key >> 32;
    return key;
}

static struct entry *find(const struct table *t, uint64_t key)
{
    if (t->size == 0) return NULL;
    for (uint64_t i = mix(key) & (t->size - 1);; i = (i + 1) & (t->size - 1)) {
        if (t->entry[i].key == key) return &t->entry[i];
        if (t->entry[i].key == 0) return NULL;
    }
}

static void enter(struct table *t, uint64_t key, uint32_t frame, uint32_t access);

static void grow(struct table *t)
{
    struct table old = *t;
    t->size = t->used * 4 < 1024 ? 1024 : old.size;
    while (t->size < t->used * 4) t->size *= 2;
    t->entry = calloc(t->size, sizeof(struct entry));
    if (t->entry == NULL) abort();
    t->used = 0;
    t->filled = 0;
    for (uint64_t i = 0; i < old.size; i++)
        if (old.entry[i].key > GONE) enter(t, old.entry[i].key, old.entry[i].frame, old.entry[i].access);
    free(old.entry);
}

static void enter(struct table *t, uint64_t key, uint32_t frame, uint32_t access)
{
    struct entry *e = find(t, key);
    if (e == NULL) {
        if (t->filled * 2 >= t->size) grow(t);
        uint64_t i = mix(key) & (t->size - 1);
        while (t->entry[i].key > GONE) i = (i + 1) & (t->size - 1);
        e = &t->entry[i];
        if (e->key == 0) t->filled++;
        t->used++;
        e->key = key;
    }
    e->frame = frame;
    e->access = access;
}

static bool drop(struct table *t, uint64_t key)
{
    struct entry *e = find(t, key);
    if (e == NULL) return false;
    e->key = GONE;
    t->used--;
    return true;
}

/* ---- keys: a domain has 10 bits, a page 35, a level 3 ---- */
static uint64_t page_key(uint32_t domain, page_number page)
{
    return 1ull << 63 | (uint64_t)domain << 40 | page;
}
static uint64_t link_key(uint32_t domain, page_number page)
{
    return 1ull << 62 | (uint64_t)domain << 40 | page / PAGES_PER_TABLE;
}
/* Level 1 tables map 2 MiB, 2 map 1 GiB, 3 map 512 GiB. */
static uint64_t table_key(uint32_t domain, uint32_t level, page_number page)
{
    return 1ull << 61 | (uint64_t)level << 50 | (uint64_t)domain << 40 | page >> (9 * level);
}
static uint64_t shared_key(frame_number table, uint32_t index)
{
    return 1ull << 60 | (uint64_t)table << 10 | index;
}

/* ---- address spaces ---- */

static void push_spare(struct machine *m, uint32_t domain, frame_number frame)
{
    if (m->spare_count[domain] == m->spare_size[domain]) {
        m->spare_size[domain] = m->spare_size[domain] * 2 + 16;
        m->spare[domain] = realloc(m->spare[domain], m->spare_size[domain] * sizeof(uint32_t));
        if (m->spare[domain] == NULL) abort();
    }
    m->spare[domain][m->spare_count[domain]++] = frame;
}

void arch_root_open(struct machine *m, uint32_t domain, frame_number frame)
{
    if (m->open[domain] || m->spare_count[domain] != 0 || m->table_count[domain] != 0) violation(m, __LINE__);
    m->open[domain] = true;
    m->root[domain] = frame;
    m->table_count[domain] = 1;
}

void arch_root_close(struct machine *m, uint32_t domain)
{
    if (!m->open[domain]) violation(m, __LINE__);
    m->open[domain] = false;
    for (uint64_t i = 0; i < m->pages.size; i++) {
        struct entry *e = &m->pages.entry[i];
        if (e->key > GONE && (e->key >> 40 & 0x3ff) == domain) drop(&m->pages, e->key);
    }
    for (uint64_t i = 0; i < m->tables.size; i++) {
        struct entry *e = &m->tables.entry[i];
        if (e->key > GONE && (e->key >> 40 & 0x3ff) == domain) {
            push_spare(m, domain, e->frame);
            drop(&m->tables, e->key);
        }
    }
}

uint32_t arch_tables_needed(struct machine *m, uint32_t domain, page_number page, uint64_t pages, bool linked)
{
    uint32_t needed = 0;
    for (uint32_t level = linked ? 2 : 1; level <= 3; level++)
        for (page_number p = page >> (9 * level); p <= (page + pages - 1) >> (9 * level); p++)
            if (find(&m->tables, table_key(domain, level, p << (9 * level))) == NULL) needed++;
    return needed > m->spare_count[domain] ? needed - m->spare_count[domain] : 0;
}

void arch_table_give(struct machine *m, uint32_t domain, frame_number frame)
{
    if (!m->open[domain]) violation(m, __LINE__);
    push_spare(m, domain, frame);
    m->table_count[domain]++;
}

frame_number arch_table_take(struct machine *m, uint32_t domain)
{
    if (m->open[domain]) return FRAME_NONE;
    if (m->spare_count[domain] > 0) {
        m->table_count[domain]--;
        return m->spare[domain][--m->spare_count[domain]];
    }
    if (m->table_count[domain] == 0) return FRAME_NONE;
    m->table_count[domain] = 0;
    return m->root[domain];
}

/* The tables over a page exist from now on. */
static void need_tables(struct machine *m, uint32_t domain, page_number page, uint32_t lowest)
{
    for (uint32_t level = lowest; level <= 3; level++) {
        if (find(&m->tables, table_key(domain, level, page)) != NULL) continue;
        if (m->spare_count[domain] == 0) {
            violation(m, __LINE__);
            return;
        }
        enter(&m->tables, table_key(domain, level, page), m->spare[domain][--m->spare_count[domain]], 0);
    }
}

void arch_tables_make(struct machine *m, uint32_t domain, page_number page, uint64_t pages, bool linked)
{
    const uint64_t step = linked ? (uint64_t)PAGES_PER_TABLE * PAGES_PER_TABLE : PAGES_PER_TABLE;
    for (page_number p = page - page % step; p < page + pages; p += step)
        need_tables(m, domain, p, linked ? 2 : 1);
}

/* The tables over a page are there: the core has seen to it. */
static void check_tables(struct machine *m, uint32_t domain, page_number page, uint32_t lowest)
{
    for (uint32_t level = lowest; level <= 3; level++)
        if (find(&m->tables, table_key(domain, level, page)) == NULL) violation(m, __LINE__);
}

void arch_map(struct machine *m, uint32_t domain, page_number page, frame_number frame, uint32_t access)
{
    if (!m->open[domain] || page == 0 || page >= 1ull << 35) violation(m, __LINE__);
    if ((access & ACCESS_WRITE) != 0 && (access & ACCESS_EXECUTE) != 0) violation(m, __LINE__);
    check_tables(m, domain, page, 1);
    enter(&m->pages, page_key(domain, page), frame, access);
}

void arch_unmap(struct machine *m, uint32_t domain, page_number page, uint64_t pages)
{
    for (uint64_t i = 0; i < pages; i++) drop(&m->pages, page_key(domain, page + i));
}

void arch_table_clear(struct machine *m, frame_number table)
{
    for (uint32_t i = 0; i < PAGES_PER_TABLE; i++) drop(&m->shared, shared_key(table, i));
}

void arch_table_set(struct machine *m, frame_number table, uint32_t index, frame_number frame,
                    uint32_t access)
{
    if (index >= PAGES_PER_TABLE) violation(m, __LINE__);
    if (access == ACCESS_NONE)
        drop(&m->shared, shared_key(table, index));
    else
        enter(&m->shared, shared_key(table, index), frame, access);
}

void arch_link(struct machine *m, uint32_t domain, page_number page, frame_number table, uint32_t access)
{
    if (!m->open[domain] || page % PAGES_PER_TABLE != 0) violation(m, __LINE__);
    check_tables(m, domain, page, 2);
    enter(&m->pages, link_key(domain, page), table, access);
}

void arch_unlink(struct machine *m, uint32_t domain, page_number page)
{
    drop(&m->pages, link_key(domain, page));
}

void arch_shootdown(struct machine *m, uint32_t domain, page_number page, uint64_t pages)
{
    m->shootdowns++;
}

frame_number hosted_mapping(const struct machine *m, uint32_t domain, page_number page, uint32_t *access)
{
    const struct entry *e = find(&m->pages, page_key(domain, page));
    if (e != NULL) {
        *access = e->access;
        return e->frame;
    }
    const struct entry *link = find(&m->pages, link_key(domain, page));
    if (link == NULL) return FRAME_NONE;
    e = find(&m->shared, shared_key(link->frame, (uint32_t)(page % PAGES_PER_TABLE)));
    if (e == NULL || (e->access & link->access) == 0) return FRAME_NONE;
    *access = e->access & link->access;
    return e->frame;
}

uint64_t hosted_tables(const struct machine *m, uint32_t domain)
{
    return m->table_count[domain];
}

/* ---- frames ---- */

void *hosted_frame(struct machine *m, frame_number frame)
{
    if (frame >= m->config.frames) {
        violation(m, __LINE__);
        return m->memory;
    }
    return m->memory + (uint64_t)frame * PAGE_BYTES;
}

void arch_frame_zero(struct machine *m, frame_number frame)
{
    memset(hosted_frame(m, frame), 0, PAGE_BYTES);
}

void arch_frame_copy(struct machine *m, frame_number to, frame_number from)
{
    memcpy(hosted_frame(m, to), hosted_frame(m, from), PAGE_BYTES);
}

uint64_t arch_frame_read(struct machine *m, frame_number frame, uint32_t index)
{
    return ((uint64_t *)hosted_frame(m, frame))[index % 512];
}

void arch_frame_write(struct machine *m, frame_number frame, uint32_t index, uint64_t value)
{
    ((uint64_t *)hosted_frame(m, frame))[index % 512] = value;
}

struct context_page *arch_context_page(struct machine *m, frame_number frame)
{
    return hosted_frame(m, frame);
}

bool arch_state_backed(struct machine *m, uint64_t index)
{
    return index < STATE_PAGES(m) && m->backed[index] != 0;
}

void arch_state_back(struct machine *m, uint64_t index, frame_number frame)
{
    if (index >= STATE_PAGES(m) || m->backed[index] != 0)
        violation(m, __LINE__);
    else
        m->backed[index] = 1;
    m->backed_pages++;
}

uint64_t hosted_backed(const struct machine *m)
{
    return m->backed_pages;
}

/* ---- contexts ---- */

void arch_context_init(struct machine *m, uint32_t context, uint64_t entry, uint64_t stack)
{
    struct context_block *b = &m->context[context];
    if (b->live) violation(m, __LINE__);
    memset(b, 0, sizeof(*b));
    b->live = true;
    b->entry = entry;
    b->stack = stack;
}

void arch_context_end(struct machine *m, uint32_t context)
{
    if (!m->context[context].live) violation(m, __LINE__);
    m->context[context].live = false;
}

void arch_context_divert(struct machine *m, uint32_t context, uint64_t entry, uint64_t stack,
                         const struct word_frame *frame)
{
    struct context_block *b = &m->context[context];
    if (!b->live || b->diverted) violation(m, __LINE__);
    b->diverted = true;
    b->saved.frame = *frame;
    b->saved.entry = b->entry;
    b->saved.stack = b->stack;
    b->entry = entry;
    b->stack = stack;
}

void arch_context_return(struct machine *m, uint32_t context, struct word_frame *frame)
{
    struct context_block *b = &m->context[context];
    if (!b->live || !b->diverted) violation(m, __LINE__);
    b->diverted = false;
    *frame = b->saved.frame;
    b->entry = b->saved.entry;
    b->stack = b->saved.stack;
}

uint64_t arch_context_register(struct machine *m, uint32_t context, uint32_t index)
{
    return index < REGISTERS ? m->context[context].reg[index] : 0;
}

void arch_context_set_register(struct machine *m, uint32_t context, uint32_t index, uint64_t value)
{
    if (index < REGISTERS) m->context[context].reg[index] = value;
}

/* ---- CPUs, time, devices ---- */

void arch_cpu_wake(struct machine *m, uint32_t cpu)
{
    if (cpu < CORE_CPUS) m->wake[cpu] = true;
}

bool hosted_take_wake(struct machine *m, uint32_t cpu)
{
    bool was = m->wake[cpu];
    m->wake[cpu] = false;
    return was;
}

uint64_t arch_clock_ns(struct machine *m)
{
    if (!m->config.real_time) return m->clock_ns;
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

void hosted_set_clock(struct machine *m, uint64_t ns)
{
    m->clock_ns = ns;
}

void arch_timer_set(struct machine *m, uint32_t cpu, uint64_t deadline_ns)
{
    m->deadline[cpu] = deadline_ns;
}

uint64_t hosted_deadline(const struct machine *m, uint32_t cpu)
{
    return m->deadline[cpu];
}

uint64_t arch_wall_clock_us(struct machine *m)
{
    return m->wall_us;
}

void arch_wall_clock_set(struct machine *m, uint64_t us)
{
    m->wall_us = us;
}

uint64_t arch_entropy(struct machine *m)
{
    return mix(++m->entropy);
}

void arch_interrupt_mask(struct machine *m, uint32_t line)
{
    m->unmasked[line] = false;
}

void arch_interrupt_unmask(struct machine *m, uint32_t line)
{
    m->unmasked[line] = true;
}

bool hosted_line_masked(const struct machine *m, uint32_t line)
{
    return !m->unmasked[line];
}

uint32_t arch_port_read(struct machine *m, uint32_t port, uint32_t bytes)
{
    return port * 3 + bytes;
}

void arch_port_write(struct machine *m, uint32_t port, uint32_t bytes, uint32_t value) {}

void arch_log_byte(struct machine *m, uint8_t byte)
{
    if (m->log_bytes + 1 < sizeof(m->log)) m->log[m->log_bytes++] = (char)byte;
}

const char *hosted_log(const struct machine *m)
{
    return m->log;
}

void arch_power(struct machine *m, uint32_t kind)
{
    m->power = kind + 1;
}

uint32_t hosted_power(const struct machine *m)
{
    return m->power;
}

uint64_t hosted_shootdowns(const struct machine *m)
{
    return m->shootdowns;
}

uint64_t hosted_violations(const struct machine *m)
{
    return m->violations;
}

/* ---- coming and going ---- */

struct kernel *hosted_create(const struct hosted_config *config, struct machine **machine)
{
    struct machine *m = calloc(1, sizeof(*m));
    if (m == NULL) return NULL;
    m->config = *config;
    m->state_bytes = kernel_bytes();
    const int flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE;
    m->memory = mmap(NULL, (uint64_t)config->frames * PAGE_BYTES, PROT_READ | PROT_WRITE, flags, -1, 0);
    void *state = mmap(NULL, m->state_bytes, PROT_READ | PROT_WRITE, flags, -1, 0);
    m->backed = calloc(STATE_PAGES(m), 1);
    if (m->memory == MAP_FAILED || state == MAP_FAILED || m->backed == NULL) return NULL;
    m->kernel = state;
    for (uint64_t i = 0; i <= kernel_initial_bytes() / PAGE_BYTES; i++) m->backed[i] = 1;
    kernel_init(m->kernel, m, config->cpus);
    /* frame 0 stays unused, as on a PC */
    kernel_add_dma(m->kernel, 1, 15);
    kernel_add_memory(m->kernel, 16, config->frames - 16);
    *machine = m;
    if (!kernel_add_root(m->kernel) || !kernel_add_context(m->kernel, 0x1000, 0x2000, 0)) return NULL;
    return m->kernel;
}

void hosted_destroy(struct machine *m)
{
    munmap(m->memory, (uint64_t)m->config.frames * PAGE_BYTES);
    munmap(m->kernel, m->state_bytes);
    for (uint32_t i = 0; i < CORE_DOMAINS; i++) free(m->spare[i]);
    free(m->pages.entry);
    free(m->tables.entry);
    free(m->shared.entry);
    free(m->backed);
    free(m);
}
