/* The process table: descriptors in chunks that are never given back, so that an id can be looked up at any time.  An
 * index belongs to a descriptor for good; its id's generation goes up with each reuse. */
#include "runtime/sched/scheduler.h"

#define CHUNK_BITS 9
#define CHUNK_SLOTS (1u << CHUNK_BITS)
#define CHUNKS (LIMIT_PROCESSES >> CHUNK_BITS)
#define BATCH 32    /* moved between a scheduler and the table at once */
#define AT_HAND 128 /* what a scheduler keeps */

struct process_table {
    struct lock lock;
    struct process *free;
    uint32_t limit; /* atomic; one past the highest index in use or in a free list */
    char *chunks[CHUNKS];
};

#define CHUNK_BYTES ((CHUNK_SLOTS * PROCESS_BLOCK_BYTES + PORT_PAGE - 1) / PORT_PAGE * PORT_PAGE)
#define TABLE_BYTES ((sizeof(struct process_table) + PORT_PAGE - 1) / PORT_PAGE * PORT_PAGE)

_Static_assert(PROCESS_BLOCK_BYTES <= 488, "an idle process stays under 600 bytes");

bool process_table_init(struct system *s)
{
    s->processes = port_memory_allocate(s->port, TABLE_BYTES);
    if (s->processes == NULL) return false;
    s->processes->limit = 1; /* index 0 is nobody */
    return true;
}

void process_table_free(struct system *s)
{
    struct process_table *t = s->processes;
    if (t == NULL) return;
    for (unsigned i = 0; i < CHUNKS && t->chunks[i] != NULL; i++)
        port_memory_free(s->port, t->chunks[i], CHUNK_BYTES);
    port_memory_free(s->port, t, TABLE_BYTES);
    s->processes = NULL;
}

struct process *process_at(struct system *s, uint32_t index)
{
    char *chunk = index < LIMIT_PROCESSES
                      ? __atomic_load_n(&s->processes->chunks[index >> CHUNK_BITS], __ATOMIC_ACQUIRE)
                      : NULL;
    return chunk == NULL ? NULL
                         : (struct process *)(chunk + (index & (CHUNK_SLOTS - 1)) * PROCESS_BLOCK_BYTES);
}

uint32_t process_slot_limit(struct system *s)
{
    return __atomic_load_n(&s->processes->limit, __ATOMIC_ACQUIRE);
}

struct process *process_by_id(struct system *s, uint64_t id)
{
    struct process *p = process_at(s, (uint32_t)id & (LIMIT_PROCESSES - 1));
    return p != NULL && __atomic_load_n(&p->id, __ATOMIC_SEQ_CST) == id && id != 0 ? p : NULL;
}

struct process *process_next(struct system *s, uint32_t *index)
{
    uint32_t limit = process_slot_limit(s);
    while (*index < limit) {
        struct process *p = process_at(s, (*index)++);
        if (p == NULL) continue;
        uint64_t id = __atomic_load_n(&p->id, __ATOMIC_SEQ_CST);
        if (id == 0 || (id & ID_DEAD) != 0) continue;
        uint32_t state = process_state(p);
        if (state != PS_FREE && state != PS_NEW && state != PS_DEAD) return p;
    }
    return NULL;
}

/* A descriptor that was never used; under the lock. */
static struct process *fresh_slot(struct system *s)
{
    struct process_table *t = s->processes;
    uint32_t index = t->limit;
    if (index >= LIMIT_PROCESSES) return NULL;
    char **chunk = &t->chunks[index >> CHUNK_BITS];
    if (*chunk == NULL) {
        char *memory = port_memory_allocate(s->port, CHUNK_BYTES);
        if (memory == NULL) return NULL;
        __atomic_store_n(chunk, memory, __ATOMIC_RELEASE);
    }
    struct process *p = process_at(s, index);
    __atomic_store_n(&p->id, ID_DEAD | index, __ATOMIC_RELAXED);
    __atomic_store_n(&t->limit, index + 1, __ATOMIC_RELEASE);
    return p;
}

static void refill(struct scheduler *s)
{
    struct process_table *t = s->system->processes;
    lock_acquire(&t->lock);
    for (unsigned i = 0; i < BATCH; i++) {
        struct process *p = t->free;
        if (p != NULL)
            t->free = p->run_next;
        else if ((p = fresh_slot(s->system)) == NULL)
            break;
        p->run_next = s->free;
        s->free = p;
        s->free_count++;
    }
    lock_release(&t->lock);
}

struct process *process_slot_take(struct scheduler *s)
{
    if (UNLIKELY(s->free == NULL)) {
        refill(s);
        if (s->free == NULL) return NULL;
    }
    struct process *p = s->free;
    s->free = p->run_next;
    s->free_count--;
    return p;
}

static void give_back(struct scheduler *s)
{
    struct process_table *t = s->system->processes;
    lock_acquire(&t->lock);
    for (unsigned i = 0; i < BATCH && s->free != NULL; i++) {
        struct process *p = s->free;
        s->free = p->run_next;
        s->free_count--;
        p->run_next = t->free;
        t->free = p;
    }
    lock_release(&t->lock);
}

void process_slot_flush(struct scheduler *s, uint64_t epoch)
{
    for (unsigned i = 0; i < 3; i++) {
        if (s->limbo[i] == NULL || s->limbo_epoch[i] + 2 > epoch) continue;
        while (s->limbo[i] != NULL) {
            struct process *p = s->limbo[i];
            s->limbo[i] = p->run_next;
            p->run_next = s->free;
            s->free = p;
            s->free_count++;
        }
        while (s->free_count > AT_HAND) give_back(s);
    }
}

void process_slot_retire(struct scheduler *s, struct process *p)
{
    uint64_t epoch = __atomic_load_n(&s->system->shared->epoch, __ATOMIC_SEQ_CST);
    unsigned i = epoch % 3;
    if (s->limbo_epoch[i] != epoch) {
        process_slot_flush(s, epoch); /* what lies there is three epochs old */
        s->limbo_epoch[i] = epoch;
    }
    p->run_next = s->limbo[i];
    s->limbo[i] = p;
}
