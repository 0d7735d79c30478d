/* Address spaces: four levels of tables.  The upper half of every root is the kernel's.  Source: Intel SDM 3A chapter 4.
 *
 * Tables of a domain come from the core as spare frames, chained through their first words, and go back the same way. */
#include "base/mem.h"
#include "kernel/arch/x86_64/machine.h"

#define PRESENT 1ull
#define WRITABLE 2ull
#define USER 4ull
#define WRITE_THROUGH 8ull
#define UNCACHED 16ull
#define LINKED 0x200ull /* ours: the table belongs to a region */
#define NO_EXECUTE (1ull << 63)
#define ADDRESS_MASK 0x000ffffffffff000ull
#define ENTRIES 512u
#define SHOOT_PAGES 32 /* more than that: everything */
enum { LEVEL_PAGE, LEVEL_TABLE, LEVEL_DIRECTORY, LEVEL_ROOT };

static uint64_t *table_of(uint64_t entry)
{
    return physical(entry & ADDRESS_MASK);
}

static uint64_t *root_of(uint32_t domain)
{
    return frame_at(machine.roots[domain]);
}

static unsigned index_of(page_number page, unsigned level)
{
    return page >> 9 * level & (ENTRIES - 1);
}

static uint64_t bits_of(uint32_t access)
{
    if (access == ACCESS_NONE) return 0;
    return PRESENT | USER | ((access & ACCESS_WRITE) != 0 ? WRITABLE : 0) |
           ((access & ACCESS_EXECUTE) != 0 ? 0 : NO_EXECUTE) |
           ((access & ACCESS_DEVICE) != 0 ? UNCACHED | WRITE_THROUGH : 0);
}

void arch_root_open(struct machine *m, uint32_t domain, frame_number frame)
{
    uint64_t *root = frame_at(frame);
    memset(root, 0, PAGE_BYTES / 2);
    memcpy(root + ENTRIES / 2, (uint64_t *)physical(m->kernel_root) + ENTRIES / 2, PAGE_BYTES / 2);
    m->roots[domain] = frame;
    m->spares[domain] = FRAME_NONE;
    m->spare_counts[domain] = 0;
    m->closed[domain] = false;
}

/* ---- tables in and out ---- */

void arch_table_give(struct machine *m, uint32_t domain, frame_number frame)
{
    arch_frame_write(m, frame, 0, m->spares[domain]);
    m->spares[domain] = frame;
    m->spare_counts[domain]++;
}

static frame_number spare_take(uint32_t domain)
{
    frame_number frame = machine.spares[domain];
    if (frame == FRAME_NONE) return FRAME_NONE;
    machine.spares[domain] = (frame_number)arch_frame_read(&machine, frame, 0);
    machine.spare_counts[domain]--;
    return frame;
}

/* The first lowest table under `table`, unlinked; FRAME_NONE: there is none.  Bounded by three tables' entries. */
static frame_number unlink_lowest(uint64_t *table, unsigned level)
{
    unsigned count = level == LEVEL_ROOT ? ENTRIES / 2 : ENTRIES;
    for (unsigned i = 0; i < count; i++) {
        uint64_t entry = table[i];
        if ((entry & PRESENT) == 0 || (entry & LINKED) != 0) continue;
        uint64_t *below = table_of(entry);
        if (level > LEVEL_TABLE) {
            frame_number found = unlink_lowest(below, level - 1);
            if (found != FRAME_NONE) return found;
        }
        table[i] = 0;
        return (frame_number)((entry & ADDRESS_MASK) >> PAGE_SHIFT);
    }
    return FRAME_NONE;
}

frame_number arch_table_take(struct machine *m, uint32_t domain)
{
    frame_number frame = spare_take(domain);
    if (frame != FRAME_NONE || !m->closed[domain] || m->roots[domain] == FRAME_NONE) return frame;
    frame = unlink_lowest(root_of(domain), LEVEL_ROOT);
    if (frame == FRAME_NONE) {
        frame = m->roots[domain];
        m->roots[domain] = FRAME_NONE;
    }
    return frame;
}

/* The entry for a page at a level, NULL if a table above it is missing. */
static uint64_t *find(uint32_t domain, page_number page, unsigned level)
{
    uint64_t *table = root_of(domain);
    for (unsigned l = LEVEL_ROOT; l > level; l--) {
        uint64_t entry = table[index_of(page, l)];
        if ((entry & PRESENT) == 0) return NULL;
        table = table_of(entry);
    }
    return &table[index_of(page, level)];
}

/* The same, with missing tables made of spare frames, of which there are enough. */
static uint64_t *make(uint32_t domain, page_number page, unsigned level)
{
    uint64_t *table = root_of(domain);
    for (unsigned l = LEVEL_ROOT; l > level; l--) {
        uint64_t *entry = &table[index_of(page, l)];
        if ((*entry & PRESENT) == 0) {
            frame_number frame = spare_take(domain);
            if (frame == FRAME_NONE) machine_panic("domain %u: no frame for a page table", (uint64_t)domain);
            memset(frame_at(frame), 0, PAGE_BYTES);
            *entry = (uint64_t)frame << PAGE_SHIFT | PRESENT | WRITABLE | USER;
        }
        table = table_of(*entry);
    }
    return &table[index_of(page, level)];
}

uint32_t arch_tables_needed(struct machine *m, uint32_t domain, page_number page, uint64_t pages, bool linked)
{
    uint64_t missing = 0;
    for (unsigned level = linked ? LEVEL_DIRECTORY : LEVEL_TABLE; level <= LEVEL_ROOT; level++) {
        uint64_t span = 1ull << 9 * level;
        for (page_number at = page & ~(span - 1); at < page + pages; at += span) {
            const uint64_t *entry = find(domain, at, level);
            if (entry == NULL || (*entry & PRESENT) == 0) missing++;
        }
    }
    return missing > m->spare_counts[domain] ? (uint32_t)(missing - m->spare_counts[domain]) : 0;
}

void arch_tables_make(struct machine *m, uint32_t domain, page_number page, uint64_t pages, bool linked)
{
    unsigned level = linked ? LEVEL_TABLE : LEVEL_PAGE;
    uint64_t span = 1ull << 9 * (level + 1);
    for (page_number at = page & ~(span - 1); at < page + pages; at += span) make(domain, at, level);
}

/* ---- mapping ---- */

void arch_map(struct machine *m, uint32_t domain, page_number page, frame_number frame, uint32_t access)
{
    *make(domain, page, LEVEL_PAGE) =
        access == ACCESS_NONE ? 0 : (uint64_t)frame << PAGE_SHIFT | bits_of(access);
}

void arch_unmap(struct machine *m, uint32_t domain, page_number page, uint64_t pages)
{
    for (page_number end = page + pages; page < end;) {
        uint64_t *directory = find(domain, page, LEVEL_TABLE);
        if (directory == NULL || (*directory & PRESENT) == 0 || (*directory & LINKED) != 0) {
            page = (page | (ENTRIES - 1)) + 1;
            continue;
        }
        uint64_t *table = table_of(*directory);
        do {
            table[index_of(page, LEVEL_PAGE)] = 0;
            page++;
        } while (page < end && index_of(page, LEVEL_PAGE) != 0);
    }
}

void arch_table_clear(struct machine *m, frame_number table)
{
    memset(frame_at(table), 0, PAGE_BYTES);
}

void arch_table_set(struct machine *m, frame_number table, uint32_t index, frame_number frame,
                    uint32_t access)
{
    ((uint64_t *)frame_at(table))[index] =
        access == ACCESS_NONE ? 0 : (uint64_t)frame << PAGE_SHIFT | bits_of(access);
}

void arch_link(struct machine *m, uint32_t domain, page_number page, frame_number table, uint32_t access)
{
    *make(domain, page, LEVEL_TABLE) =
        (uint64_t)table << PAGE_SHIFT | (bits_of(access) & ~(UNCACHED | WRITE_THROUGH)) | LINKED;
}

void arch_unlink(struct machine *m, uint32_t domain, page_number page)
{
    uint64_t *entry = find(domain, page, LEVEL_TABLE);
    if (entry != NULL) *entry = 0;
}

/* ---- stale translations ---- */

static void flush_here(const struct shootdown *s)
{
    struct cpu *c = this_cpu();
    if (c->domain != s->domain) return;
    if (s->leave) {
        write_cr3(machine.kernel_root);
        __atomic_store_n(&c->domain, DOMAIN_NONE, __ATOMIC_RELAXED);
    } else if (s->pages > SHOOT_PAGES) {
        write_cr3(read_cr3());
    } else {
        for (uint64_t i = 0; i < s->pages; i++) invalidate_page((s->page + i) << PAGE_SHIFT);
    }
}

void shootdown_answer(void)
{
    struct cpu *c = this_cpu();
    uint32_t number = __atomic_load_n(&machine.shootdown.number, __ATOMIC_ACQUIRE);
    if (c->shootdown_seen == number) return;
    flush_here(&machine.shootdown);
    __atomic_store_n(&c->shootdown_seen, number, __ATOMIC_RELEASE);
}

/* The kernel lock is held, so no CPU enters an address space meanwhile. */
static void shoot(struct shootdown s)
{
    s.number = machine.shootdown.number + 1;
    machine.shootdown.domain = s.domain;
    machine.shootdown.page = s.page;
    machine.shootdown.pages = s.pages;
    machine.shootdown.leave = s.leave;
    __atomic_store_n(&machine.shootdown.number, s.number, __ATOMIC_SEQ_CST);
    bool asked[CORE_CPUS];
    for (uint32_t i = 0; i < machine.cpu_count; i++) {
        struct cpu *c = machine.cpus[i];
        asked[i] = c != this_cpu() && __atomic_load_n(&c->started, __ATOMIC_RELAXED) != 0 &&
                   __atomic_load_n(&c->domain, __ATOMIC_RELAXED) == s.domain;
        if (asked[i]) apic_send(c->apic_id, VECTOR_SHOOTDOWN);
    }
    flush_here(&s);
    this_cpu()->shootdown_seen = s.number;
    for (uint32_t i = 0; i < machine.cpu_count; i++)
        while (asked[i] && __atomic_load_n(&machine.cpus[i]->shootdown_seen, __ATOMIC_ACQUIRE) != s.number)
            pause_cpu();
}

void arch_shootdown(struct machine *m, uint32_t domain, page_number page, uint64_t pages)
{
    shoot((struct shootdown){.domain = domain, .page = page, .pages = pages});
}

void arch_root_close(struct machine *m, uint32_t domain)
{
    shoot((struct shootdown){.domain = domain, .leave = true});
    m->closed[domain] = true;
}

/* ---- frames ---- */

void arch_frame_zero(struct machine *m, frame_number frame)
{
    uint64_t *at = frame_at(frame), count = PAGE_BYTES / 8;
    __asm__ volatile("rep stosq" : "+D"(at), "+c"(count) : "a"(0ull) : "memory");
}

void arch_frame_copy(struct machine *m, frame_number to, frame_number from)
{
    uint64_t *d = frame_at(to), *s = frame_at(from), count = PAGE_BYTES / 8;
    __asm__ volatile("rep movsq" : "+D"(d), "+S"(s), "+c"(count) : : "memory");
}

uint64_t arch_frame_read(struct machine *m, frame_number frame, uint32_t index)
{
    return ((uint64_t *)frame_at(frame))[index];
}

void arch_frame_write(struct machine *m, frame_number frame, uint32_t index, uint64_t value)
{
    ((uint64_t *)frame_at(frame))[index] = value;
}
