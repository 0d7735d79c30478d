/* One runtime: everything that is not a process's own.  No globals: whoever needs it gets a pointer. */
#ifndef RUNTIME_SCHED_SYSTEM_H
#define RUNTIME_SCHED_SYSTEM_H

#include "runtime/port/port.h"
#include "runtime/sched/process.h"

struct arena; /* gc/arena.h */
struct process_table;

struct system {
    struct port *port;
    struct arena *arena;
    struct process_table *processes;
    struct domain *root;
    struct scheduler *schedulers;
    unsigned scheduler_count;
    struct scheduler_shared *shared; /* run queues' meeting point, timers, unique numbers: sched/scheduler.c */
    struct unit_table *units;        /* vm/load.c: unit indices in use */
};

struct system *process_system(const struct process *p);

/* ---- what the interpreter tells the scheduler at the end of a turn ---- */
enum vm_exit { VM_YIELD, /* runnable, wants to go on */ VM_WAIT, /* until a message, a timer or process_wake() */ VM_EXIT };
enum vm_exit vm_run(struct process *p);

/* ---- mailbox (sched/mailbox.c); owner only.  Selective receive keeps a position, p->queue_next. ---- */
value mailbox_peek(struct process *p); /* the next unexamined message's value, or VAL_ABSENT */
void mailbox_take(struct process *p);  /* remove the message last peeked; its memory joins the young generation */
void mailbox_skip(struct process *p);
void mailbox_restart(struct process *p); /* position back to the head */
/* A receive with a timeout: true when ms milliseconds have passed since the receive began (the first call after a
 * take/restart sets the clock).  Otherwise the timer is set and the process must wait. */
bool mailbox_timed_out(struct process *p, value ms);

/* Send: v is copied (or shared) into a message.  NIL, or VAL_ERROR with p->error. */
value process_send(struct process *from, uint64_t to, value v);
/* Make a waiting process runnable; harmless for others.  Any thread. */
void process_wake(struct system *s, struct process *p);

/* A new process that calls f with argc arguments (all copied) in domain d; its id, or 0 with parent->error set. */
struct spawn_options {
    struct domain *domain; /* NULL: the parent's */
    bool link, monitor;
    uint64_t max_heap_words; /* 0: no limit of its own */
    value name;              /* symbol or NIL */
};
uint64_t process_spawn(struct process *parent, value f, const value *args, unsigned argc, const struct spawn_options *o);

#endif
