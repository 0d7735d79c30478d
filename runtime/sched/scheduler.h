/* Schedulers: one a context, each with its run queues, timers and caches.  docs/design/scheduler.md has the protocol.
 * Private to runtime/sched, but for what the collector and tests look at. */
#ifndef RUNTIME_SCHED_SCHEDULER_H
#define RUNTIME_SCHED_SCHEDULER_H

#include "runtime/sched/lock.h"
#include "runtime/sched/message.h"
#include "runtime/sched/system.h"
#include "runtime/vm/frames.h"

/* ---- the state word of a process ---- */
enum process_state {
    PS_FREE,     /* descriptor not in use */
    PS_NEW,      /* being made; on no queue */
    PS_WAITING,  /* for process_wake() */
    PS_RUNNABLE, /* on exactly one run queue (or suspended, on none) */
    PS_RUNNING,  /* on a scheduler */
    PS_DEAD,     /* ending or ended; its relations are taken, its inbox is closed */
};
#define PS_MASK 0x0fu
#define PS_NOTIFIED 0x10u  /* woken while running: must look again before it waits */
#define PS_SIGNALS 0x20u   /* the inbox holds a signal, to be seen to before the process runs on */
#define PS_SUSPENDED 0x40u /* by a debugger: stays off the run queues */
#define PS_LOCKED 0x80u    /* ext is being looked at: process_lock() */
#define PS_PARKED 0x100u   /* runnable and suspended, on no run queue */
#define PS_TRACE_SEND 0x200u
#define PS_TRACE_RECEIVE 0x400u
#define PS_KEPT                                                                                              \
    (PS_LOCKED | PS_SUSPENDED | PS_TRACE_SEND | PS_TRACE_RECEIVE) /* not touched by changes of state */

#define ID_INDEX_BITS 24
#define ID_DEAD (1ull << 63)
#define PROCESS_BLOCK_BYTES (sizeof(struct process) + STACK_INITIAL_WORDS * sizeof(value))

struct run_queue {
    struct process *head, **tail;
    uint32_t count; /* read by thieves without the lock */
};

struct scheduler {
    struct system *system;
    struct process *current;
    unsigned index;
    uint32_t turns;
    struct heap_cache *heap; /* runtime/gc/: blocks at hand, the reserve */

    /* -- run queues; under queue_lock -- */
    struct lock queue_lock;
    /* reductions that woken processes may take before one of the others is due */
    int32_t woken_credit;
    bool woken_runs;         /* this turn is of a woken process, with others waiting */
    struct run_queue woken;  /* processes that were waiting: short turns, soon */
    struct run_queue others; /* processes whose turn was used up */

    struct timer_wheel *timers;
    uint64_t now_ns; /* clock, as of the last look */

    /* -- epochs: see system_defer -- */
    uint64_t epoch;           /* atomic; the last one seen, or EPOCH_IDLE */
    struct process *limbo[3]; /* descriptors that others may still look at, by epoch */
    uint64_t limbo_epoch[3];

    struct process *free; /* descriptors at hand */
    uint32_t free_count;
    uint32_t steal_seed;
    uint64_t unique_next, unique_end;
    struct port_signal signal; /* what this scheduler sleeps on; bits SIGNAL_ */
};
#define EPOCH_IDLE UINT64_MAX
#define SIGNAL_WORK 1u
#define SIGNAL_CONSOLE 2u
#define SIGNAL_INTERRUPT 4u

struct scheduler_shared {
    uint64_t epoch;      /* atomic */
    uint64_t idle_mask;  /* atomic; schedulers that sleep */
    uint32_t stopping;   /* atomic */
    uint32_t started;    /* contexts 1 .. */
    uint64_t unique;     /* atomic; next block of unique numbers */
    uint64_t boot_nonce; /* high half of refs */

    struct lock atoms_lock;
    struct atom_cell *atoms;

    struct lock deferred_lock;
    struct deferred *deferred[3];
    uint64_t deferred_epoch[3];

    uint64_t watched;      /* id of the process that system_run_watched() waits for */
    uint32_t watched_done; /* atomic */
    struct message *watched_reason;

    uint64_t console_reader;   /* atomic; id of the process that waits for console input */
    uint64_t interrupt_waiter; /* atomic; id of the process that waits for a wish to interrupt */
    uint32_t interrupted;      /* atomic; there was one, not taken yet */
    int32_t exit_code;
    uint32_t exit_asked; /* atomic */

    struct lock ipc_lock;
    uint32_t ipc_traced; /* atomic; = ipc_count */
    uint32_t ipc_count;
    struct ipc_trace {
        uint64_t from, to, tracer; /* domains; a process */
    } ipc[16];
};

/* Make a process runnable that is not: put it on the queue of the scheduler the caller runs on. */
void scheduler_enqueue(struct scheduler *s, struct process *p, bool woken);
/* Run processes on this context until *until is nonzero or the system stops. */
void scheduler_run(struct scheduler *s, const uint32_t *until);
#define MAX_SCHEDULERS 64
/* The turn of a process, the caller's own, ends at its next safepoint. */
static inline void process_end_turn(struct process *p)
{
    p->reductions = (p->flags & PROC_ATTENTION) != 0 ? -ATTENTION_BIAS : 0;
}
bool schedulers_init(struct system *s, unsigned count);      /* 0: one a CPU */
bool schedulers_set_count(struct system *s, unsigned count); /* add some; before they run */
void schedulers_free(struct system *s);
void timers_free_all(struct system *s);
bool epoch_force(struct system *s); /* true: there is more to release */
uint64_t unique_number(struct scheduler *s);
/* process_wake() from a scheduler's own context. */
void process_wake_from(struct scheduler *s, struct process *p);
void process_alert(struct scheduler *s, struct process *p); /* the inbox holds a signal */
/* Off the processor until resumed as often as suspended.  False: dead, or no ext (the caller makes one first). */
bool process_suspend(struct process *p);
bool process_resume(struct scheduler *s, struct process *p);

/* ---- process table (sched/table.c) ---- */
bool process_table_init(struct system *s);
void process_table_free(struct system *s);
struct process *process_slot_take(struct scheduler *s); /* NULL: no memory, or LIMIT_PROCESSES */
void process_slot_retire(struct scheduler *s,
                         struct process *p);                  /* reused when nobody can look at it any more */
void process_slot_flush(struct scheduler *s, uint64_t epoch); /* limbo to free, where the epoch allows */
uint32_t process_slot_limit(struct system *s);                /* one past the highest index ever used */
struct process *process_at(struct system *s, uint32_t index); /* the descriptor, living or not; NULL beyond */

/* ---- locking a process: its ext and relations ---- */
void process_lock_slow(struct process *p);
static inline void process_lock(struct process *p)
{
    if (UNLIKELY((__atomic_fetch_or(&p->state, PS_LOCKED, __ATOMIC_ACQUIRE) & PS_LOCKED) != 0))
        process_lock_slow(p);
}
static inline void process_unlock(struct process *p)
{
    __atomic_fetch_and(&p->state, ~PS_LOCKED, __ATOMIC_RELEASE);
}
static inline uint32_t process_state(const struct process *p)
{
    return __atomic_load_n(&p->state, __ATOMIC_SEQ_CST) & PS_MASK;
}

/* ---- timers (sched/timer.c) ---- */
enum timer_kind { TIMER_WAKE, TIMER_SEND };
struct timer {
    struct timer *next, **prev; /* in its slot; prev NULL: not set */
    uint64_t tick;
    uint32_t kind;  /* enum timer_kind */
    uint32_t wheel; /* index of the scheduler whose wheel it is in */
    union {
        struct process *process;
        struct {
            struct timer *chain; /* others with the same hash */
            uint64_t number;     /* of the ref that names it */
            uint64_t target;
            struct message *message;
            struct domain *charged; /* retained */
        } send;
    };
};
bool timers_init(struct scheduler *s);
void timers_free(struct scheduler *s);
/* Wake p at deadline.  t lies in p's ext; p cancels it before ext goes. */
void timer_set_wake(struct scheduler *s, struct timer *t, struct process *p, uint64_t deadline_ns);
void timer_cancel(struct system *s, struct timer *t);
/* Send m to target at deadline; false: no memory.  Cancel: milliseconds left, or -1 if it was sent or never was. */
bool timer_send(struct scheduler *s, uint64_t number, struct process *target, struct message *m,
                uint64_t deadline_ns);
int64_t timer_send_cancel(struct scheduler *s, unsigned wheel, uint64_t number);
void timers_advance(struct scheduler *s, uint64_t now_ns); /* fire what is due */
uint64_t timers_next(struct scheduler *s); /* nothing is due before; UINT64_MAX: nothing set */

/* ---- a process's further state ---- */
enum relation_kind { RELATION_NONE, RELATION_LINK, RELATION_MONITORING, RELATION_WATCHED, RELATION_COUNT };
struct relation {
    uint64_t key;   /* link: the peer's id; monitors: number of the ref */
    uint64_t other; /* peer's id | kind << 56 */
};
struct relations {
    struct relation *slots; /* open addressing */
    uint32_t capacity, used;
};
struct flow { /* messages of one other domain in this process's queue */
    struct flow *next;
    struct relations senders; /* messages of each process */
    uint64_t domain_id;
    uint32_t count; /* under the receiver's lock */
    uint32_t waiter_count, waiter_capacity;
    uint64_t *waiters; /* ids of processes parked for credit */
    uint64_t bytes;
};
struct process_ext {
    struct relations relations;
    struct timer timer;       /* of a receive or sleep */
    uint64_t deadline_ns;     /* of that receive; 0: none */
    struct name_entry *names; /* registered */
    struct flow *flows;
    uint64_t parent;
    uint64_t max_heap_words;
    value label;            /* SHARED name for process-info, or NIL */
    uint32_t suspended;     /* how often */
    uint64_t tracer;        /* who hears of this process's messages */
    uint32_t trace_pending; /* as a tracer: events not yet taken, and lost ones */
    uint32_t trace_dropped;
    struct message *answer;      /* to a question of this process: see sched/inspect.c */
    uint32_t questions;          /* asked so far */
    struct process_debug *debug; /* owner; runtime/debug/debug.h: NULL until a debugger asks for more */
};
/* ext, made on demand; NULL: no memory.  Pre: locked, or p is the caller's own and new. */
struct process_ext *process_ext(struct scheduler *s, struct process *p);

/* ---- life (sched/process.c) ---- */
struct process *process_new(struct scheduler *s, struct domain *d); /* PS_NEW; NULL: no memory */
void process_start(struct scheduler *s, struct process *p);         /* PS_NEW to runnable */
void process_end(struct scheduler *s, struct process *p); /* with p->exit_reason; p is running or new */
bool process_grow_stack(struct process *p, uint32_t words);
void domain_process_ended(struct system *s, struct domain *d);
/* content ends with the reason, which is replaced where it may not cross. */
void signal_send(struct scheduler *s, struct process *from, struct process *to, enum message_kind kind,
                 struct object *content);
/* An exit signal for `to`: reason is of the heap of `from` (NULL: the runtime itself; then SHARED or immediate). */
void process_signal_exit(struct scheduler *s, struct process *from, struct process *to,
                         enum message_kind kind, value reason);

/* ---- mailbox and signals ---- */
bool inbox_push(struct process *to, struct message *m); /* false: closed; m is the caller's still */
void mailbox_fetch(struct process *p);                  /* inbox to queue; signals take effect */
void mailbox_close(struct scheduler *s, struct process *p);
void message_drop(struct scheduler *s, struct process *receiver,
                  struct message *m); /* gives credit back, frees */

void receive_rearm(struct process *p);
uint64_t deadline_after(struct process *p, value ms); /* 0: at once; never overflows */

/* ---- questions about processes (sched/inspect.c) ---- */
enum inspect_what { INSPECT_INFO, INSPECT_MESSAGES, INSPECT_FRAMES, INSPECT_STACK };
/* Ask; the caller is woken when the answer is there.  0: there is nobody to ask, or no memory. */
uint32_t inspect_ask(struct scheduler *s, struct process *p, struct process *target, enum inspect_what what);
value inspect_answered(struct process *p, uint32_t number); /* the answer, or VAL_ABSENT: not yet */
value process_status(struct process *p);
value inspect_process(struct process *p, enum inspect_what what); /* about p, in its own heap */
void inspect_answer(struct process *p, struct message *question);
void inspect_refuse(struct scheduler *s, struct process *p, struct message *question);
void inspect_keep(struct process *p, struct message *answer);

/* ---- tracing (sched/trace.c) ---- */
void trace_emit(struct process *by, uint64_t tracer, enum well_known kind, uint64_t from, uint64_t to,
                value v);
void trace_taken(struct process *tracer); /* it has taken one event */
void trace_sent(struct process *from, struct process *to, value v);
bool trace_process(struct scheduler *s, struct process *p, uint64_t tracer, uint32_t flags);
bool trace_domains(struct system *s, uint64_t from, uint64_t to, uint64_t tracer);

/* ---- credit between domains (sched/flow.c) ---- */
enum flow_result { FLOW_OK, FLOW_WAIT /* woken when there is credit */, FLOW_DEAD, FLOW_NO_MEMORY };
enum flow_result flow_take(struct scheduler *s, struct process *from, struct process *to, struct flow **out);
void flow_charge(struct process *to, struct message *m,
                 struct flow *f); /* m uses the credit that was taken */
void flow_cancel(struct process *from, struct process *to,
                 struct flow *f); /* there is no message after all */
void flow_return(struct scheduler *s, struct process *receiver, struct message *m);
void flows_free(struct scheduler *s, struct flow *f); /* wakes who waits */

/* ---- links and monitors (sched/relation.c) ---- */
bool relation_add(struct scheduler *s, struct relations *r, uint64_t key, uint64_t other,
                  enum relation_kind k);
bool relation_remove(struct relations *r, uint64_t key, enum relation_kind k, uint64_t *other);
uint32_t relation_count(struct relations *r, uint64_t key);
bool relation_count_up(struct scheduler *s, struct relations *r, uint64_t key); /* false: no memory */
uint32_t relation_count_down(struct relations *r, uint64_t key);                /* what is left */
void relations_free(struct scheduler *s, struct relations *r);
enum relation_result { RELATION_DONE, RELATION_DEAD, RELATION_NO_MEMORY };
enum relation_result process_link(struct scheduler *s, struct process *self, uint64_t to);
void process_unlink(struct scheduler *s, struct process *self, uint64_t to);
enum relation_result process_monitor(struct scheduler *s, struct process *self, uint64_t to, uint64_t number);
bool process_demonitor(struct scheduler *s, struct process *self,
                       uint64_t number); /* false: it fired, or never was */
void process_send_down(struct scheduler *s, struct process *from, struct process *watcher, uint64_t number,
                       uint64_t dead, value reason);
void relations_break(struct scheduler *s, struct process *p,
                     struct relations *r); /* p ends: signals and DOWN messages */

/* ---- names (sched/names.c) ---- */
void names_release(struct scheduler *s, struct process *p, struct name_entry *e);
void names_destroy(struct domain *d);

value pid_value(struct process *p, uint64_t id, uint32_t rights); /* in p's heap */
#define PID_SEND OBJ_A
#define PID_MONITOR OBJ_B
#define PID_CONTROL OBJ_C
#define PID_ALL (OBJ_A | OBJ_B | OBJ_C)
value ref_value(struct process *p, uint64_t number);

/* Run the schedulers until the process that is watched has ended, which was spawned with `watch`; its reason as a message
 * (the caller frees it with message_free), or NULL if system_halt() came first. */
struct message *system_run_watched(struct system *s);
void system_watch(struct system *s, uint64_t id);

#endif
