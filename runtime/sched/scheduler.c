#include "runtime/sched/scheduler.h"

#include "runtime/gc/pool.h"
#include "runtime/gc/shared.h"
#include "runtime/sched/domain.h"
#include "runtime/vm/vm.h"

#define SWITCH_COST 40 /* reductions that a switch is worth, for the fairness between the two queues */
#define STEAL_MAX 32
#define UPKEEP_TURNS 16 /* turns between looks at the clock and the epochs, if they are short */
#define UNIQUE_BLOCK 1024

/* ---- run queues; under queue_lock ---- */

static void queue_put(struct run_queue *q, struct process *p)
{
    p->run_next = NULL;
    if (q->head == NULL) q->tail = &q->head;
    *q->tail = p;
    q->tail = &p->run_next;
    __atomic_store_n(&q->count, q->count + 1, __ATOMIC_RELAXED);
}

static struct process *queue_take(struct run_queue *q)
{
    struct process *p = q->head;
    if (p == NULL) return NULL;
    q->head = p->run_next;
    __atomic_store_n(&q->count, q->count - 1, __ATOMIC_RELAXED);
    return p;
}

static uint32_t queued(const struct scheduler *s)
{
    return __atomic_load_n(&s->woken.count, __ATOMIC_SEQ_CST) +
           __atomic_load_n(&s->others.count, __ATOMIC_SEQ_CST);
}

void scheduler_enqueue(struct scheduler *s, struct process *p, bool woken)
{
    woken = (woken && p->priority != PRIORITY_LOW) || p->priority == PRIORITY_HIGH;
    lock_acquire(&s->queue_lock);
    queue_put(woken ? &s->woken : &s->others, p);
    lock_release(&s->queue_lock);
}

/* Woken processes go first, until together they have had as long as one full turn; then one of the others is due. */
static struct process *pick(struct scheduler *s)
{
    lock_acquire(&s->queue_lock);
    struct process *p = NULL;
    if (s->others.head == NULL || s->woken_credit > 0) p = queue_take(&s->woken);
    s->woken_runs = p != NULL && s->others.head != NULL;
    if (p == NULL) {
        p = queue_take(&s->others);
        s->woken_credit = REDUCTIONS_PER_TURN;
    }
    lock_release(&s->queue_lock);
    return p;
}

/* ---- waking and waiting ---- */

/* Protocol: who gives a process something to look at stores it, then calls this; a process that is about to wait looks,
 * then changes its state from RUNNING to WAITING, which fails if NOTIFIED was set meanwhile.  All of it is sequentially
 * consistent, so one of the two sees the other. */
void process_wake_from(struct scheduler *s, struct process *p)
{
    uint32_t old = __atomic_load_n(&p->state, __ATOMIC_SEQ_CST);
    for (;;) {
        uint32_t new;
        switch (old & PS_MASK) {
        case PS_WAITING:
            new = (old & ~PS_MASK) | PS_RUNNABLE | ((old & PS_SUSPENDED) != 0 ? PS_PARKED : 0);
            break;
        case PS_RUNNING: new = old | PS_NOTIFIED; break;
        default: return;
        }
        if (new == old) return;
        if (__atomic_compare_exchange_n(&p->state, &old, new, false, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST))
            break;
    }
    if ((old & PS_MASK) == PS_WAITING && (old & PS_SUSPENDED) == 0) scheduler_enqueue(s, p, true);
}

/* From outside: onto the queue of the scheduler that ran it last, which may be asleep. */
void process_wake(struct system *s, struct process *p)
{
    struct scheduler *at = p->scheduler != NULL ? p->scheduler : &s->schedulers[0];
    process_wake_from(at, p);
    port_signal_raise(s->port, &at->signal, SIGNAL_WORK);
}

/* A signal lies in the inbox: p takes it in before it runs on, even if it is suspended. */
void process_alert(struct scheduler *s, struct process *p)
{
    uint32_t old = __atomic_load_n(&p->state, __ATOMIC_SEQ_CST), new;
    do {
        uint32_t state = old & PS_MASK;
        if (state == PS_DEAD || state == PS_FREE) return;
        new = (old & ~(PS_MASK | PS_PARKED)) | PS_SIGNALS;
        new |= state == PS_WAITING ? PS_RUNNABLE : state;
        if (state == PS_RUNNING) new |= PS_NOTIFIED;
    } while (!__atomic_compare_exchange_n(&p->state, &old, new, false, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST));
    if ((old & PS_MASK) == PS_WAITING || (old & PS_PARKED) != 0) scheduler_enqueue(s, p, true);
}

bool process_suspend(struct process *p)
{
    process_lock(p);
    bool done = process_added(p) != NULL && process_state(p) != PS_DEAD;
    if (done) {
        process_added(p)->suspended++;
        __atomic_fetch_or(&p->state, PS_SUSPENDED, __ATOMIC_SEQ_CST);
    }
    process_unlock(p);
    return done;
}

bool process_resume(struct scheduler *s, struct process *p)
{
    uint32_t old = 0;
    process_lock(p);
    bool done = process_added(p) != NULL && process_added(p)->suspended > 0 && process_state(p) != PS_DEAD;
    if (done && --process_added(p)->suspended == 0)
        old = __atomic_fetch_and(&p->state, ~(PS_SUSPENDED | PS_PARKED), __ATOMIC_SEQ_CST);
    process_unlock(p);
    if ((old & PS_PARKED) != 0) scheduler_enqueue(s, p, true);
    return done;
}

/* A sleeping scheduler, woken for work that others have too much of. */
static void wake_idle(struct system *s)
{
    uint64_t mask = __atomic_load_n(&s->shared->idle_mask, __ATOMIC_SEQ_CST);
    if (mask == 0) return;
    unsigned i = (unsigned)__builtin_ctzll(mask);
    uint64_t bit = 1ull << i;
    if ((__atomic_fetch_and(&s->shared->idle_mask, ~bit, __ATOMIC_SEQ_CST) & bit) != 0)
        port_signal_raise(s->port, &s->schedulers[i].signal, SIGNAL_WORK);
}

static bool steal_from(struct scheduler *thief, struct scheduler *victim)
{
    uint32_t there = queued(victim);
    if (there == 0 || !lock_try(&victim->queue_lock)) return false;
    uint32_t take = (victim->woken.count + victim->others.count + 1) / 2, got = 0;
    struct process *list[STEAL_MAX];
    if (take > STEAL_MAX) take = STEAL_MAX;
    while (got < take) {
        struct process *p = queue_take(&victim->others);
        if (p == NULL) p = queue_take(&victim->woken);
        if (p == NULL) break;
        list[got++] = p;
    }
    lock_release(&victim->queue_lock);
    lock_acquire(&thief->queue_lock);
    for (uint32_t i = 0; i < got; i++) queue_put(&thief->others, list[i]);
    lock_release(&thief->queue_lock);
    return got > 0;
}

static bool steal(struct scheduler *s)
{
    unsigned n = s->system->scheduler_count;
    s->steal_seed = s->steal_seed * 1664525u + 1013904223u;
    unsigned from = (s->steal_seed >> 16) % n;
    for (unsigned i = 0; i < n; i++) {
        struct scheduler *victim = &s->system->schedulers[(from + i) % n];
        if (victim != s && steal_from(s, victim)) return true;
    }
    return false;
}

/* ---- epochs ---- */

static void epoch_enter(struct scheduler *s)
{
    uint64_t e = __atomic_load_n(&s->system->shared->epoch, __ATOMIC_SEQ_CST);
    if (s->epoch != e) __atomic_store_n(&s->epoch, e, __ATOMIC_SEQ_CST);
}

static void deferred_release(struct system *s, uint64_t epoch)
{
    struct scheduler_shared *shared = s->shared;
    struct deferred *list = NULL;
    lock_acquire(&shared->deferred_lock);
    for (unsigned i = 0; i < 3; i++) {
        if (shared->deferred[i] == NULL || shared->deferred_epoch[i] + 2 > epoch) continue;
        struct deferred *last = shared->deferred[i];
        while (last->next != NULL) last = last->next;
        last->next = list;
        list = shared->deferred[i];
        shared->deferred[i] = NULL;
    }
    lock_release(&shared->deferred_lock);
    while (list != NULL) {
        struct deferred *d = list;
        list = d->next;
        d->release(s, d);
    }
}

/* Begin a new epoch if every scheduler that is awake has seen this one. */
static void epoch_advance(struct scheduler *s)
{
    struct system *sys = s->system;
    uint64_t e = __atomic_load_n(&sys->shared->epoch, __ATOMIC_SEQ_CST);
    for (unsigned i = 0; i < sys->scheduler_count; i++) {
        uint64_t seen = __atomic_load_n(&sys->schedulers[i].epoch, __ATOMIC_SEQ_CST);
        if (seen != e && seen != EPOCH_IDLE) return;
    }
    if (__atomic_compare_exchange_n(&sys->shared->epoch, &e, e + 1, false, __ATOMIC_SEQ_CST,
                                    __ATOMIC_SEQ_CST))
        e++;
    deferred_release(sys, e);
}

/* With nobody running: begin a new epoch and release what that allows. */
bool epoch_force(struct system *s)
{
    deferred_release(s, __atomic_add_fetch(&s->shared->epoch, 1, __ATOMIC_SEQ_CST));
    for (unsigned i = 0; i < 3; i++)
        if (s->shared->deferred[i] != NULL) return true;
    return false;
}

void system_defer(struct system *s, struct deferred *d, void (*release)(struct system *s, struct deferred *d))
{
    struct scheduler_shared *shared = s->shared;
    d->release = release; /* what is older in the same list waits for this one's epoch, too */
    lock_acquire(&shared->deferred_lock);
    uint64_t e = __atomic_load_n(&shared->epoch, __ATOMIC_SEQ_CST);
    unsigned i = e % 3;
    shared->deferred_epoch[i] = e;
    d->next = shared->deferred[i];
    shared->deferred[i] = d;
    lock_release(&shared->deferred_lock);
}

/* ---- the loop ---- */

#define SIGNAL_OUTSIDE (SIGNAL_CONSOLE | SIGNAL_INTERRUPT)

static void wake_waiter(struct scheduler *s, uint64_t *waiter)
{
    uint64_t id = __atomic_exchange_n(waiter, 0, __ATOMIC_SEQ_CST);
    struct process *p = process_by_id(s->system, id);
    if (p != NULL) process_wake_from(s, p);
}

static void outside_ready(struct scheduler *s, uint64_t bits)
{
    struct scheduler_shared *shared = s->system->shared;
    if ((bits & SIGNAL_CONSOLE) != 0) wake_waiter(s, &shared->console_reader);
    if ((bits & SIGNAL_INTERRUPT) == 0) return;
    __atomic_store_n(&shared->interrupted, 1, __ATOMIC_SEQ_CST);
    wake_waiter(s, &shared->interrupt_waiter);
}

/* A scheduler with work to do never waits for its signal: it looks. */
static void outside_poll(struct scheduler *s)
{
    if (LIKELY((__atomic_load_n(&s->signal.bits, __ATOMIC_RELAXED) & SIGNAL_OUTSIDE) == 0)) return;
    outside_ready(s, __atomic_fetch_and(&s->signal.bits, ~(uint64_t)SIGNAL_OUTSIDE, __ATOMIC_SEQ_CST));
}

static void upkeep(struct scheduler *s)
{
    s->now_ns = port_clock_ns(s->system->port);
    timers_advance(s, s->now_ns);
    outside_poll(s);
    epoch_advance(s);
    epoch_enter(s);
    process_slot_flush(s, __atomic_load_n(&s->system->shared->epoch, __ATOMIC_SEQ_CST));
    shared_upkeep(s);
}

static void sleep_until_needed(struct scheduler *s, const uint32_t *until)
{
    struct system *sys = s->system;
    struct scheduler_shared *shared = sys->shared;
    uint64_t bit = 1ull << s->index;
    __atomic_fetch_or(&shared->idle_mask, bit, __ATOMIC_SEQ_CST);
    bool work = __atomic_load_n(&shared->stopping, __ATOMIC_SEQ_CST) != 0 ||
                __atomic_load_n(until, __ATOMIC_SEQ_CST) != 0;
    for (unsigned i = 0; i < sys->scheduler_count && !work; i++) work = queued(&sys->schedulers[i]) > 0;
    uint64_t bits = 0;
    if (!work) {
        __atomic_store_n(&s->epoch, EPOCH_IDLE, __ATOMIC_SEQ_CST);
        bits = port_signal_wait(sys->port, &s->signal, timers_next(s));
    }
    __atomic_fetch_and(&shared->idle_mask, ~bit, __ATOMIC_SEQ_CST);
    epoch_enter(s);
    outside_ready(s, bits);
}

/* Run one turn of p and see to what comes after it. */
static void turn(struct scheduler *s, struct process *p)
{
    uint32_t old = __atomic_load_n(&p->state, __ATOMIC_SEQ_CST);
    while (!__atomic_compare_exchange_n(&p->state, &old, (old & PS_KEPT) | PS_RUNNING, false,
                                        __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST)) {
    }
    s->current = p;
    p->scheduler = s;
    shared_turn(s, p);
    p->reductions = REDUCTIONS_PER_TURN - ((p->flags & PROC_ATTENTION) != 0 ? ATTENTION_BIAS : 0);
    enum vm_exit how = VM_YIELD;
    if ((old & PS_SIGNALS) != 0) mailbox_fetch(p);
    if ((old & PS_SUSPENDED) == 0 && !p->doomed) { /* suspended: it came for its signals only */
        if (UNLIKELY((p->flags & PROC_INTERRUPTED) != 0)) {
            p->flags &= ~PROC_INTERRUPTED;
            vm_interrupt(p);
            receive_rearm(p);
        }
        how = vm_run(p);
        p->flags = how == VM_WAIT ? p->flags | PROC_WAITS : p->flags & ~PROC_WAITS;
    }
    int32_t used = REDUCTIONS_PER_TURN - process_reductions(p);
    if (used < 0) used = 0;
    p->reductions_total += (uint32_t)used;
    if (s->woken_runs) s->woken_credit -= used + SWITCH_COST;
    if (used > REDUCTIONS_PER_TURN / 4) s->turns |= UPKEEP_TURNS - 1; /* a long turn: look at the clock */
    s->current = NULL;
    if (p->doomed || how == VM_EXIT) {
        process_end(s, p);
        return;
    }
    enum process_state next = how == VM_YIELD ? PS_RUNNABLE : PS_WAITING;
    uint32_t new;
    old = __atomic_load_n(&p->state, __ATOMIC_SEQ_CST);
    do {
        new = old &(PS_KEPT | PS_SIGNALS);
        new |= (old & PS_NOTIFIED) != 0 ? PS_RUNNABLE : next;
        if ((new &PS_MASK) == PS_RUNNABLE && (old & (PS_SUSPENDED | PS_SIGNALS)) == PS_SUSPENDED)
            new |= PS_PARKED;
    } while (!__atomic_compare_exchange_n(&p->state, &old, new, false, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST));
    if ((new &PS_MASK) == PS_RUNNABLE && (new &PS_PARKED) == 0) scheduler_enqueue(s, p, next == PS_WAITING);
}

void scheduler_run(struct scheduler *s, const uint32_t *until)
{
    struct scheduler_shared *shared = s->system->shared;
    epoch_enter(s);
    while (__atomic_load_n(&shared->stopping, __ATOMIC_RELAXED) == 0 &&
           __atomic_load_n(until, __ATOMIC_ACQUIRE) == 0) {
        epoch_enter(s);
        if (++s->turns % UPKEEP_TURNS == 0) upkeep(s);
        struct process *p = pick(s);
        if (p == NULL) {
            upkeep(s);
            if (queued(s) == 0 && !steal(s)) sleep_until_needed(s, until);
            continue;
        }
        if (queued(s) > 0) wake_idle(s->system);
        turn(s, p);
    }
    __atomic_store_n(&s->epoch, EPOCH_IDLE, __ATOMIC_SEQ_CST);
}

static void context_run(void *argument)
{
    struct scheduler *s = argument;
    static const uint32_t never = 0;
    scheduler_run(s, &never);
}

/* ---- start and end ---- */

#define SCHEDULERS_BYTES ((MAX_SCHEDULERS * sizeof(struct scheduler) + PORT_PAGE - 1) / PORT_PAGE * PORT_PAGE)

bool schedulers_set_count(struct system *s, unsigned count)
{
    if (count == 0) count = port_cpu_count(s->port);
    if (count > MAX_SCHEDULERS) count = MAX_SCHEDULERS;
    for (unsigned i = s->scheduler_count; i < count; i++) {
        struct scheduler *c = &s->schedulers[i];
        c->system = s;
        c->index = i;
        c->steal_seed = i * 77 + 1;
        c->woken_credit = REDUCTIONS_PER_TURN;
        c->epoch = EPOCH_IDLE;
        s->scheduler_count = i + 1;
        if (!heap_scheduler_init(c) || !timers_init(c)) return false;
    }
    return true;
}

bool schedulers_init(struct system *s, unsigned count)
{
    s->schedulers = port_memory_allocate(s->port, SCHEDULERS_BYTES);
    return s->schedulers != NULL && schedulers_set_count(s, count);
}

static void start_contexts(struct system *s)
{
    if (s->shared->started != 0) return;
    s->shared->started = 1;
    for (unsigned i = 1; i < s->scheduler_count; i++)
        port_context_start(s->port, i, context_run, &s->schedulers[i]);
}

void system_run(struct system *s)
{
    static const uint32_t never = 0;
    start_contexts(s);
    scheduler_run(&s->schedulers[0], &never);
    system_stop_all(s);
}

void system_watch(struct system *s, uint64_t id)
{
    struct scheduler_shared *shared = s->shared;
    __atomic_store_n(&shared->watched_reason, NULL, __ATOMIC_SEQ_CST);
    __atomic_store_n(&shared->watched_done, 0, __ATOMIC_SEQ_CST);
    __atomic_store_n(&shared->watched, id, __ATOMIC_SEQ_CST);
}

struct message *system_run_watched(struct system *s)
{
    struct scheduler_shared *shared = s->shared;
    start_contexts(s);
    scheduler_run(&s->schedulers[0], &shared->watched_done);
    /* after system_halt() the process may end at this very moment */
    return __atomic_exchange_n(&shared->watched_reason, NULL, __ATOMIC_SEQ_CST);
}

void system_halt(struct system *s, int code)
{
    struct scheduler_shared *shared = s->shared;
    shared->exit_code = code;
    __atomic_store_n(&shared->exit_asked, 1, __ATOMIC_SEQ_CST);
    __atomic_store_n(&shared->watched_done, 1, __ATOMIC_SEQ_CST);
    port_signal_raise(s->port, &s->schedulers[0].signal, SIGNAL_WORK);
}

void system_stop(struct system *s)
{
    __atomic_store_n(&s->shared->stopping, 1, __ATOMIC_SEQ_CST);
    for (unsigned i = 0; i < s->scheduler_count; i++)
        port_signal_raise(s->port, &s->schedulers[i].signal, SIGNAL_WORK);
}

void system_stop_all(struct system *s)
{
    system_stop(s);
    if (s->shared->started == 0) return;
    for (unsigned i = 1; i < s->scheduler_count; i++) port_context_join(s->port, i);
    s->shared->started = 0;
}

void schedulers_free(struct system *s)
{
    for (unsigned i = 0; i < s->scheduler_count; i++) heap_scheduler_destroy(&s->schedulers[i]);
    port_memory_free(s->port, s->schedulers, SCHEDULERS_BYTES);
    s->schedulers = NULL;
    s->scheduler_count = 0;
}

void timers_free_all(struct system *s)
{
    for (unsigned i = 0; i < s->scheduler_count; i++) timers_free(&s->schedulers[i]);
}

uint64_t unique_number(struct scheduler *s)
{
    if (s->unique_next == s->unique_end) {
        s->unique_next = __atomic_fetch_add(&s->system->shared->unique, UNIQUE_BLOCK, __ATOMIC_RELAXED);
        s->unique_end = s->unique_next + UNIQUE_BLOCK;
    }
    return s->unique_next++;
}
