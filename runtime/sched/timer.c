/* Timers: a hierarchical wheel for each scheduler, 64 slots a level.  A timer lies at the level of the highest group of
 * six bits in which its tick differs from the wheel's, so whatever lies at a lower level is due before whatever lies at a
 * higher one, and the first slot in use of the lowest level in use is the next thing to look at. */
#include "runtime/gc/pool.h"
#include "runtime/gc/shared.h"
#include "runtime/sched/domain.h"
#include "runtime/sched/scheduler.h"

#define TICK_SHIFT 18 /* 0.26 ms */
#define LEVELS 8      /* 2^48 ticks: two thousand years */
#define SLOT_BITS 6
#define SLOTS 64u
#define CHAINS 256u

struct timer_wheel {
    struct lock lock;
    uint64_t tick;           /* everything up to here was fired */
    uint64_t bitmap[LEVELS]; /* slots in use */
    struct timer *slots[LEVELS][SLOTS];
    struct timer *chains[CHAINS]; /* TIMER_SEND by number */
};
#define WHEEL_BYTES ((sizeof(struct timer_wheel) + PORT_PAGE - 1) / PORT_PAGE * PORT_PAGE)

bool timers_init(struct scheduler *s)
{
    s->timers = port_memory_allocate(s->system->port, WHEEL_BYTES);
    if (s->timers == NULL) return false;
    s->timers->tick = port_clock_ns(s->system->port) >> TICK_SHIFT;
    return true;
}

static void insert(struct timer_wheel *w, struct timer *t)
{
    uint64_t difference = t->tick ^ w->tick;
    unsigned level = difference == 0 ? 0 : (63 - (unsigned)__builtin_clzll(difference)) / SLOT_BITS;
    if (level >= LEVELS) level = LEVELS - 1;
    unsigned slot = (unsigned)(t->tick >> level * SLOT_BITS) & (SLOTS - 1);
    struct timer **head = &w->slots[level][slot];
    t->next = *head;
    t->prev = head;
    if (t->next != NULL) t->next->prev = &t->next;
    *head = t;
    w->bitmap[level] |= 1ull << slot;
}

/* The slot's bit may stay set when its last timer is cancelled; the next look at the slot clears it. */
static void unlink_timer(struct timer *t)
{
    *t->prev = t->next;
    if (t->next != NULL) t->next->prev = t->prev;
    t->prev = NULL;
}

static void set(struct scheduler *s, struct timer *t, uint64_t deadline_ns)
{
    struct timer_wheel *w = s->timers;
    uint64_t tick = (deadline_ns >> TICK_SHIFT) + 1; /* never early */
    t->tick = tick <= w->tick ? w->tick + 1 : tick;
    t->wheel = s->index;
    insert(w, t);
}

void timer_set_wake(struct scheduler *s, struct timer *t, struct process *p, uint64_t deadline_ns)
{
    timer_cancel(s->system, t); /* it may be set still: what it was set for can be over before it fires */
    lock_acquire(&s->timers->lock);
    t->kind = TIMER_WAKE;
    t->process = p;
    set(s, t, deadline_ns);
    lock_release(&s->timers->lock);
}

void timers_visit_messages(struct scheduler *s, void (*visit)(void *context, struct message *m),
                           void *context)
{
    struct timer_wheel *w = s->timers;
    lock_acquire(&w->lock);
    for (unsigned i = 0; i < CHAINS; i++)
        for (struct timer *t = w->chains[i]; t != NULL; t = t->send.chain) visit(context, t->send.message);
    lock_release(&w->lock);
}

void timer_cancel(struct system *s, struct timer *t)
{
    struct timer_wheel *w = s->schedulers[t->wheel].timers;
    lock_acquire(&w->lock);
    if (t->prev != NULL) unlink_timer(t);
    lock_release(&w->lock);
}

bool timer_send(struct scheduler *s, uint64_t number, struct process *target, struct message *m,
                uint64_t deadline_ns)
{
    struct timer *t = pool_alloc(s->heap, sizeof *t);
    if (t == NULL) return false;
    t->kind = TIMER_SEND;
    t->send.number = number;
    t->send.target = target->id;
    t->send.message = m;
    t->send.charged = target->domain;
    domain_retain(target->domain);
    lock_acquire(&s->timers->lock);
    t->send.chain = s->timers->chains[number % CHAINS];
    s->timers->chains[number % CHAINS] = t;
    set(s, t, deadline_ns);
    lock_release(&s->timers->lock);
    return true;
}

static struct timer *unchain(struct timer_wheel *w, uint64_t number)
{
    struct timer **at = &w->chains[number % CHAINS];
    while (*at != NULL && (*at)->send.number != number) at = &(*at)->send.chain;
    struct timer *t = *at;
    if (t != NULL) *at = t->send.chain;
    return t;
}

static void drop(struct system *s, struct timer *t)
{
    message_free(s, t->send.charged, t->send.message);
    domain_release(t->send.charged);
}

int64_t timer_send_cancel(struct scheduler *s, unsigned wheel, uint64_t number)
{
    if (wheel >= s->system->scheduler_count) return -1;
    struct timer_wheel *w = s->system->schedulers[wheel].timers;
    lock_acquire(&w->lock);
    struct timer *t = unchain(w, number);
    if (t != NULL) unlink_timer(t);
    lock_release(&w->lock);
    if (t == NULL) return -1;
    uint64_t now = port_clock_ns(s->system->port) >> TICK_SHIFT;
    int64_t left_ms = t->tick > now ? (int64_t)((t->tick - now) << TICK_SHIFT) / 1000000 : 0;
    drop(s->system, t);
    pool_free(s->heap, t, sizeof *t);
    return left_ms;
}

static void fire(struct scheduler *s, struct timer *t)
{
    unlink_timer(t);
    if (t->kind == TIMER_WAKE) {
        process_wake_from(s, t->process);
        return;
    }
    unchain(s->timers, t->send.number);
    shared_shade_message(s->system->arena, t->send.message); /* the receiver may have been looked through */
    struct process *target = process_by_id(s->system, t->send.target);
    if (target != NULL && inbox_push(target, t->send.message)) {
        process_wake_from(s, target);
        domain_release(t->send.charged);
    } else {
        drop(s->system, t);
    }
    pool_free(s->heap, t, sizeof *t);
}

/* Tick of the first slot in use; UINT64_MAX: none. */
static uint64_t next_tick(struct timer_wheel *w, unsigned *level, unsigned *slot)
{
    for (unsigned l = 0; l < LEVELS; l++) {
        if (w->bitmap[l] == 0) continue;
        unsigned i = (unsigned)__builtin_ctzll(w->bitmap[l]);
        *level = l;
        *slot = i;
        unsigned above = (l + 1) * SLOT_BITS;
        return w->tick >> above << above | (uint64_t)i << l * SLOT_BITS;
    }
    return UINT64_MAX;
}

void timers_advance(struct scheduler *s, uint64_t now_ns)
{
    struct timer_wheel *w = s->timers;
    uint64_t now = now_ns >> TICK_SHIFT;
    if (now <= __atomic_load_n(&w->tick, __ATOMIC_RELAXED)) return;
    lock_acquire(&w->lock);
    for (;;) {
        unsigned level, slot;
        uint64_t tick = next_tick(w, &level, &slot);
        if (tick > now) break;
        __atomic_store_n(&w->tick, tick, __ATOMIC_RELAXED);
        struct timer *list = w->slots[level][slot];
        w->slots[level][slot] = NULL;
        w->bitmap[level] &= ~(1ull << slot);
        if (list != NULL) list->prev = &list;
        while (list != NULL) {
            struct timer *t = list;
            if (t->tick <= tick) {
                fire(s, t);
            } else {
                unlink_timer(t);
                insert(w, t);
            }
        }
    }
    __atomic_store_n(&w->tick, now, __ATOMIC_RELAXED);
    lock_release(&w->lock);
}

uint64_t timers_next(struct scheduler *s)
{
    unsigned level, slot;
    lock_acquire(&s->timers->lock);
    uint64_t tick = next_tick(s->timers, &level, &slot);
    lock_release(&s->timers->lock);
    return tick == UINT64_MAX ? tick : tick << TICK_SHIFT;
}

void timers_free(struct scheduler *s)
{
    struct timer_wheel *w = s->timers;
    if (w == NULL) return;
    for (unsigned i = 0; i < CHAINS; i++)
        while (w->chains[i] != NULL) {
            struct timer *t = w->chains[i];
            w->chains[i] = t->send.chain;
            drop(s->system, t);
            pool_free(s->heap, t, sizeof *t);
        }
    port_memory_free(s->system->port, w, WHEEL_BYTES);
    s->timers = NULL;
}
