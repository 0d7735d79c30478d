/* Links and monitors.
 *
 * A process's relations are a hash set under its own lock:
 *   LINK        key: the peer                       in both
 *   MONITORING  key: the monitor's number           in the watcher; other: the process watched
 *   WATCHED     key: the monitor's number           in the process watched; other: the watcher
 * A link is in both or in neither, because both are locked to change it.  A monitor fires when the entry MONITORING is
 * taken away by the end of the process watched; whoever takes it away first, that or demonitor, decides: it fires at most
 * once, and not after demonitor has said so. */
#include "base/mem.h"
#include "runtime/gc/heap.h"
#include "runtime/gc/pool.h"
#include "runtime/sched/domain.h"
#include "runtime/sched/scheduler.h"

#define KIND_SHIFT 56
#define ID_MASK (((uint64_t)1 << KIND_SHIFT) - 1)

static inline enum relation_kind kind_of(const struct relation *r)
{
    return (enum relation_kind)(r->other >> KIND_SHIFT);
}
static inline uint32_t place(uint64_t key, uint32_t capacity)
{
    return (uint32_t)(key * 0x9e3779b97f4a7c15ull >> 32) & (capacity - 1);
}

static struct relation *find(struct relations *r, uint64_t key, enum relation_kind k)
{
    if (r->used == 0) return NULL;
    for (uint32_t i = place(key, r->capacity);; i = (i + 1) & (r->capacity - 1)) {
        struct relation *at = &r->slots[i];
        if (kind_of(at) == RELATION_NONE) return NULL;
        if (at->key == key && kind_of(at) == k) return at;
    }
}

static void put(struct relations *r, uint64_t key, uint64_t other)
{
    uint32_t i = place(key, r->capacity);
    while (kind_of(&r->slots[i]) != RELATION_NONE) i = (i + 1) & (r->capacity - 1);
    r->slots[i] = (struct relation){key, other};
    r->used++;
}

/* False: no memory.  Adding what is there changes nothing. */
bool relation_add(struct scheduler *s, struct relations *r, uint64_t key, uint64_t other,
                  enum relation_kind k)
{
    if (find(r, key, k) != NULL) return true;
    if ((r->used + 1) * 4 > r->capacity * 3) {
        struct relations bigger = {.capacity = r->capacity == 0 ? 4 : r->capacity * 2};
        bigger.slots = pool_alloc(s->heap, bigger.capacity * sizeof *bigger.slots);
        if (bigger.slots == NULL) return false;
        memset(bigger.slots, 0, bigger.capacity * sizeof *bigger.slots);
        for (uint32_t i = 0; i < r->capacity; i++)
            if (kind_of(&r->slots[i]) != RELATION_NONE) put(&bigger, r->slots[i].key, r->slots[i].other);
        relations_free(s, r);
        *r = bigger;
    }
    put(r, key, (other & ID_MASK) | (uint64_t)k << KIND_SHIFT);
    return true;
}

bool relation_remove(struct relations *r, uint64_t key, enum relation_kind k, uint64_t *other)
{
    struct relation *at = find(r, key, k);
    if (at == NULL) return false;
    if (other != NULL) *other = at->other & ID_MASK;
    uint32_t mask = r->capacity - 1, hole = (uint32_t)(at - r->slots);
    for (uint32_t i = (hole + 1) & mask; kind_of(&r->slots[i]) != RELATION_NONE; i = (i + 1) & mask) {
        uint32_t home = place(r->slots[i].key, r->capacity);
        if (((i - home) & mask) < ((i - hole) & mask)) continue; /* would not be found before its home */
        r->slots[hole] = r->slots[i];
        hole = i;
    }
    r->slots[hole] = (struct relation){0, 0};
    r->used--;
    return true;
}

/* The same set as a count for each key. */
uint32_t relation_count(struct relations *r, uint64_t key)
{
    struct relation *at = find(r, key, RELATION_COUNT);
    return at == NULL ? 0 : (uint32_t)(at->other & ID_MASK);
}

bool relation_count_up(struct scheduler *s, struct relations *r, uint64_t key)
{
    struct relation *at = find(r, key, RELATION_COUNT);
    if (at == NULL) return relation_add(s, r, key, 1, RELATION_COUNT);
    at->other++;
    return true;
}

uint32_t relation_count_down(struct relations *r, uint64_t key)
{
    struct relation *at = find(r, key, RELATION_COUNT);
    if (at == NULL) return 0;
    uint32_t left = (uint32_t)(--at->other & ID_MASK);
    if (left == 0) relation_remove(r, key, RELATION_COUNT, NULL);
    return left;
}

void relations_free(struct scheduler *s, struct relations *r)
{
    if (r->slots != NULL) pool_free(s->heap, r->slots, r->capacity * sizeof *r->slots);
    *r = (struct relations){0};
}

/* ---- operations; self is the process that runs ---- */

/* Two processes are locked in the order of their addresses (an id changes at death), or one if they are the same. */
static void lock_both(struct process *a, struct process *b)
{
    struct process *first = a < b ? a : b;
    process_lock(first);
    if (a != b) process_lock(first == a ? b : a);
}

static void unlock_both(struct process *a, struct process *b)
{
    process_unlock(a);
    if (a != b) process_unlock(b);
}

enum relation_result process_link(struct scheduler *s, struct process *self, uint64_t to)
{
    if (to == self->id) return RELATION_DONE;
    struct process *peer = process_by_id(s->system, to);
    if (peer == NULL) return RELATION_DEAD;
    enum relation_result result = RELATION_DEAD;
    lock_both(self, peer);
    if (process_state(peer) != PS_DEAD && peer->id == to) {
        struct process_ext *a = process_ext(s, self), *b = process_ext(s, peer);
        bool ok = a != NULL && b != NULL && relation_add(s, &a->relations, to, to, RELATION_LINK);
        if (ok && !relation_add(s, &b->relations, self->id, self->id, RELATION_LINK)) {
            relation_remove(&a->relations, to, RELATION_LINK, NULL);
            ok = false;
        }
        result = ok ? RELATION_DONE : RELATION_NO_MEMORY;
    }
    unlock_both(self, peer);
    return result;
}

void process_unlink(struct scheduler *s, struct process *self, uint64_t to)
{
    struct process *peer = process_by_id(s->system, to);
    if (peer == NULL || peer == self) return;
    lock_both(self, peer);
    if (process_added(self) != NULL)
        relation_remove(&process_added(self)->relations, to, RELATION_LINK, NULL);
    if (process_state(peer) != PS_DEAD && process_added(peer) != NULL)
        relation_remove(&process_added(peer)->relations, self->id, RELATION_LINK, NULL);
    unlock_both(self, peer);
}

enum relation_result process_monitor(struct scheduler *s, struct process *self, uint64_t to, uint64_t number)
{
    process_lock(self);
    struct process_ext *e = process_ext(s, self);
    bool ok = e != NULL && relation_add(s, &e->relations, number, to, RELATION_MONITORING);
    process_unlock(self);
    if (!ok) return RELATION_NO_MEMORY;
    enum relation_result result = RELATION_DEAD;
    struct process *peer = process_by_id(s->system, to);
    if (peer != NULL) {
        process_lock(peer);
        if (process_state(peer) != PS_DEAD && peer->id == to) {
            e = process_ext(s, peer);
            ok = e != NULL && relation_add(s, &e->relations, number, self->id, RELATION_WATCHED);
            result = ok ? RELATION_DONE : RELATION_NO_MEMORY;
        }
        process_unlock(peer);
    }
    if (result == RELATION_DONE) return result;
    process_lock(self);
    relation_remove(&process_added(self)->relations, number, RELATION_MONITORING, NULL);
    process_unlock(self);
    return result;
}

bool process_demonitor(struct scheduler *s, struct process *self, uint64_t number)
{
    uint64_t target;
    process_lock(self);
    bool there = process_added(self) != NULL &&
                 relation_remove(&process_added(self)->relations, number, RELATION_MONITORING, &target);
    process_unlock(self);
    if (!there) return false;
    struct process *peer = process_by_id(s->system, target);
    if (peer == NULL) return true;
    process_lock(peer);
    if (process_state(peer) != PS_DEAD && process_added(peer) != NULL)
        relation_remove(&process_added(peer)->relations, number, RELATION_WATCHED, NULL);
    process_unlock(peer);
    return true;
}

/* ---- the end of a process ---- */

static bool remove_from(struct process *peer, uint64_t key, enum relation_kind k)
{
    process_lock(peer);
    bool there = process_state(peer) != PS_DEAD && process_added(peer) != NULL &&
                 relation_remove(&process_added(peer)->relations, key, k, NULL);
    process_unlock(peer);
    return there;
}

void process_send_down(struct scheduler *s, struct process *from, struct process *watcher, uint64_t number,
                       uint64_t dead, value reason)
{
    struct object *o = heap_alloc(from, T_SVECTOR, 0, 4);
    o->p[0] = s->system->keywords[KW_DOWN];
    o->p[1] = o->p[2] =
        NIL; /* initialised before the next allocation, whatever the collector may want to see */
    o->p[3] = reason;
    o->p[1] = ref_value(from, number);
    o->p[2] = pid_value(from, dead, PID_SEND | PID_MONITOR);
    signal_send(s, from, watcher, MESSAGE_DOWN, o);
}

void relations_break(struct scheduler *s, struct process *p, struct relations *r)
{
    uint64_t id = p->id & ~ID_DEAD;
    for (uint32_t i = 0; i < r->capacity; i++) {
        struct relation *at = &r->slots[i];
        enum relation_kind k = kind_of(at);
        if (k == RELATION_NONE) continue;
        struct process *peer = process_by_id(s->system, at->other & ID_MASK);
        if (peer == NULL) continue;
        if (k == RELATION_MONITORING)
            remove_from(peer, at->key, RELATION_WATCHED);
        else if (k == RELATION_LINK && remove_from(peer, id, RELATION_LINK))
            process_signal_exit(s, p, peer, MESSAGE_LINKED_EXIT, p->exit_reason);
        else if (k == RELATION_WATCHED && remove_from(peer, at->key, RELATION_MONITORING))
            process_send_down(s, p, peer, at->key, id, p->exit_reason);
    }
    relations_free(s, r);
}
