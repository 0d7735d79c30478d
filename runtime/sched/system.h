/* One runtime: everything that is not a process's own.  No globals: whoever needs it gets a pointer. */
#ifndef RUNTIME_SCHED_SYSTEM_H
#define RUNTIME_SCHED_SYSTEM_H

#include "runtime/port/port.h"
#include "runtime/sched/process.h"

struct arena; /* gc/arena.h */
struct process_table;

/* Keywords and symbols that C code hands out: interned in the root domain when the system is made. */
enum well_known {
#define WELL_KNOWN(NAME, text) KW_##NAME,
#include "runtime/sched/keywords.def"
#undef WELL_KNOWN
    KW_COUNT
};

struct system {
    struct port *port;
    struct arena *arena; /* gc/arena.c: made by arena_init(), called from system_new() */
    struct process_table *processes;
    struct domain_table *domains;
    struct domain *root;
    struct scheduler *schedulers;
    unsigned scheduler_count;
    struct scheduler_shared *shared; /* idle set, epochs, unique numbers: sched/scheduler.c */
    struct unit_table *units;        /* vm/load.c: unit indices in use */
    struct vm_system *vm;            /* vm/vm.h: set by vm_system_init() */
    const char *lib_root;            /* directory of the library; "" if there is none */
    value keywords[KW_COUNT];
};

struct system_options {
    unsigned schedulers;   /* 0: one a CPU */
    uint64_t memory_bytes; /* budget of the root domain; 0: no limit but the machine's */
};
/* A runtime with a root domain in which every primitive is defined and nothing else.  Its schedulers do not run yet. */
struct system *system_new(struct port *port, const struct system_options *o);
/* Run the schedulers, the calling context being the first, until system_stop() is called; then join the others. */
void system_run(struct system *s);
/* End the system with an exit code: whoever waits in system_run_watched() gets to know. */
void system_halt(struct system *s, int code);
void system_stop_all(struct system *s); /* and join them */
void system_stop(struct system *s);     /* any thread; schedulers finish their turns */
void system_free(struct system *s);     /* every process, domain and byte */

struct system *process_system(const struct process *p);

/* Memory that others may still look at for the rest of their turns: freed when every scheduler has begun a new one. */
struct deferred {
    struct deferred *next;
    void (*release)(struct system *s, struct deferred *d);
};
void system_defer(struct system *s, struct deferred *d,
                  void (*release)(struct system *s, struct deferred *d));

/* Small blocks for the runtime's own structures (not values): zeroed, any size, any thread; charged to nobody. */
void *system_alloc(struct system *s, uint64_t bytes); /* NULL: the machine is out of memory */
void system_release(struct system *s, void *block, uint64_t bytes);

/* ---- what the interpreter tells the scheduler at the end of a turn ---- */
enum vm_exit {
    VM_YIELD,
    /* runnable, wants to go on */ VM_WAIT,
    /* until a message, a timer or process_wake() */ VM_EXIT
};
enum vm_exit vm_run(struct process *p);

/* ---- what the collector provides (runtime/gc/) ---- */
bool arena_init(struct system *s); /* runtime/gc/arena.c */
/* Drop what shared objects hold outside the arena (atoms, blobs, regions): at the end, when nothing runs any more. */
void arena_drop_offheap(struct system *s);
void arena_destroy(struct system *s);
bool heap_scheduler_init(struct scheduler *s); /* runtime/gc/: what a scheduler keeps for heaps: s->heap */
void heap_scheduler_destroy(struct scheduler *s);

/* ---- mailbox (sched/mailbox.c); owner only.  Selective receive keeps a position, p->queue_next. ---- */
value mailbox_peek(struct process *p); /* the next unexamined message's value, or VAL_ABSENT */
void mailbox_take(
    struct process *p); /* remove the message last peeked; its memory joins the young generation */
void mailbox_skip(struct process *p);
void mailbox_restart(struct process *p); /* position back to the head */
/* A receive with a timeout: true when ms milliseconds have passed since the receive began (the first call after a
 * take/restart sets the clock).  Otherwise the timer is set and the process must wait. */
bool mailbox_timed_out(struct process *p, value ms);

/* Send: v is copied (or shared) into a message.  NIL, VAL_ERROR with p->error, or VAL_SUSPEND: no credit at a receiver in
 * another domain, try again when woken; or VAL_SLOW, if not `lazily`: it holds a lazy sequence that is not realised. */
value process_send(struct process *from, uint64_t to, value v, bool lazily);
/* Make a waiting process runnable; harmless for others.  Any thread. */
void process_wake(struct system *s, struct process *p);

/* The process with an id; NULL if it is gone.  Valid until the caller's turn ends (its memory is never reused before). */
struct process *process_by_id(struct system *s, uint64_t id);
/* Walk all processes: the next living one at or behind *index, which is advanced; NULL at the end. */
struct process *process_next(struct system *s, uint32_t *index);

/* A new process that calls f with argc arguments (all copied) in domain d; its id, or 0 with parent->error set. */
struct spawn_options {
    struct domain *domain;     /* NULL: the parent's */
    bool link, monitor, watch; /* watch: see system_run_watched() */
    uint64_t monitor_number;   /* of the ref, if monitor */
    uint8_t priority;          /* PRIORITY_ */
    uint64_t max_heap_words;   /* 0: no limit of its own */
    value name;                /* symbol or NIL */
};
uint64_t process_spawn(struct process *parent, value f, const value *args, unsigned argc,
                       const struct spawn_options *o);

#endif
