/* A Lonala process.  docs/design/processes.md explains the layout; it is kept small: an idle process, its first stack and
 * heap included, takes under 600 bytes.
 *
 * Threads: the fields up to `inbox` belong to the scheduler that runs (or the holder that claimed) the process.  The
 * fields from `inbox` on are reached by others, as their comments say. */
#ifndef RUNTIME_SCHED_PROCESS_H
#define RUNTIME_SCHED_PROCESS_H

#include "runtime/value/value.h"
#include "runtime/vm/code.h"

struct system;    /* sched/system.h: all state of one runtime */
struct scheduler; /* one a context */
struct domain;    /* sched/domain.h */
struct message;   /* sched/message.h */
struct process_ext;
struct heap_chunk; /* gc/heap.h */
struct old_space;  /* gc/heap.h */

/* The dispatch table that the interpreter runs on: plain, or one with redefined operators, or a stepping one. */
struct process;
struct dispatch;

enum trap { /* Lonala functions that the runtime itself calls; runtime/vm/traps.def names them */
#define TRAP(NAME, symbol) TRAP_##NAME,
#include "runtime/vm/traps.def"
#undef TRAP
            TRAPS
};

struct process {
    /* -- interpreter state; hot -- */
    value *hp, *hp_limit;     /* allocation: [hp, hp_limit) is free */
    int32_t reductions;       /* left of this turn; <= 0: yield at the next safepoint */
    uint32_t flags;           /* PROC_; owner only */
    value *base;              /* frame of the function that runs */
    const struct insn *ip;    /* where to go on (saved at every exit of the interpreter) */
    struct link *link;        /* of the function that runs */
    value *stack, *stack_end; /* a frame must end at or below stack_end */
    struct domain *domain;
    struct scheduler *scheduler; /* that runs it now */
    const struct dispatch *dispatch;
    struct link **links; /* = domain->links */

    /* -- between primitives and interpreter -- */
    value prim_state;   /* a resumable primitive's state between turns; NIL outside */
    value error;        /* the condition (a map) that comes with VAL_ERROR */
    value dynamic;      /* dynamic bindings and handlers: a map, or NIL */
    uint16_t trap;      /* enum trap that comes with VAL_TRAP ... */
    uint16_t trap_argc; /* ... and how many of the argument registers it takes */
    uint32_t catch_counter;

    /* -- memory -- */
    struct heap_chunk *young; /* chunk with hp; then full ones, overflow and adopted messages */
    struct old_space *old;    /* NULL until something survived twice */
    value *high_water;        /* young objects below have survived one collection */
    value *remembered;        /* list of old objects changed since the last collection: see gc/heap.h */
    value offheap;            /* chain of objects that hold a reference outside the heap; 0: none */
    uint32_t edit_token;      /* of the last transient made */
    uint32_t heap_words;      /* of young chunks, for limits and process-info */

    /* -- messages (owner) -- */
    struct message *queue, **queue_tail, **queue_next; /* fetched messages in order; the next to examine */

    /* -- shared -- */
    struct message *inbox; /* newest first; INBOX_CLOSED once dead; accessed with __atomic builtins only */
    uint32_t state;        /* enum process_state | PS_ flags (sched/scheduler.h); atomic */
    uint16_t stack_block_words; /* of the first stack, which lies behind this struct */
    uint8_t priority;
    bool doomed; /* owner: an exit signal took effect; ends at the end of its turn, exit_reason is set */
    uint64_t id; /* generation << 24 | index; 0: not in use; atomic */
    struct process *run_next; /* run queue; free list */
    struct process_ext
        *ext; /* links, monitors, name, timers, trace, dictionary: NULL for plain ones; under its lock */
    uint32_t shared_epoch; /* the last cycle of the shared arena that has looked through this process */
    uint64_t reductions_total;
    value exit_reason; /* VAL_ABSENT: none yet; returning from the outermost frame leaves it so */
};

/* What has been added to a process that is not plain, or NULL.  Anybody may add it at any time; it stays until the end. */
static inline struct process_ext *process_added(const struct process *p)
{
    return __atomic_load_n(&p->ext, __ATOMIC_ACQUIRE);
}

#define PRIORITY_NORMAL 0
#define PRIORITY_LOW 1
#define PRIORITY_HIGH 2

#define PROC_TRAP_EXIT 0x1u
#define PROC_STEPPING 0x2u
#define PROC_COLLECT 0x4u       /* collect at the next safepoint */
#define PROC_OUT_OF_MEMORY 0x8u /* limit reached: :out-of-memory at the next safepoint */
#define PROC_DEBUGGED 0x20u
#define PROC_PEEKED 0x400u /* a receive looks at the message at queue_next: it may be taken or skipped */
#define PROC_WAITS 0x200u  /* its last turn ended in waiting */
#define PROC_INTERRUPTED                                                                                     \
    0x100u /* raise :interrupted at the beginning of the next turn */ /* 0x80: PROC_ATTENTION, see vm/frames.h */
#define PROC_CLEAR_TOKENS 0x800u /* collect all and renumber edit tokens: see value.h, node_token() */
#define PROC_COLLECT_ALL 0x1000u /* with PROC_COLLECT: a full collection, whatever is due */

/* Raise an error: builds the condition {:type kind :message text ...extra} into p->error and returns VAL_ERROR.
 * fmt knows %s (C string), %d (int64_t), %u (uint64_t), %v (value, printed readably, cut at 200 characters), %c (code
 * point), %%.  irritant (or NIL) is stored under :value. */
enum error_kind {
#define ERR(NAME, keyword, doc) ERR_##NAME,
#include "spec/errors.def"
#undef ERR
    ERR_COUNT
};
value process_fail(struct process *p, enum error_kind kind, value irritant, const char *fmt, ...);

#endif
