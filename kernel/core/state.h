/* The whole state of the kernel: tables linked by index.  There are no pointers in it, hence no aliasing for the provers to
 * exclude; and an index read from a table is compared with the table's size before it is used, which is at once the test for
 * "none".  A zeroed struct kernel is what kernel_init expects.
 *
 * Slots that were never used lie beyond a table's `_high`; used and freed ones are on its free list. */
#ifndef KERNEL_CORE_STATE_H
#define KERNEL_CORE_STATE_H

#include "kernel/include/kernel.h"
#include "spec/kernel_limits.h"

#define NONE 0xffffffffu
#define GENERATION_LAST 0xffffffffu /* a slot that has come here is not used again */

struct rights {
#define RIGHT(bit, name, doc) uint8_t name;
#include "spec/rights.def"
#undef RIGHT
};

/* ---- objects: one header each; the id says the kind's table and the place in it ---- */
enum object_base {
    BASE_DOMAIN = 0,
    BASE_CONTEXT = BASE_DOMAIN + CORE_DOMAINS,
    BASE_REGION = BASE_CONTEXT + CORE_CONTEXTS,
    BASE_GRANT = BASE_REGION + CORE_REGIONS,
    BASE_CHANNEL = BASE_GRANT + CORE_GRANTS,
    BASE_SIGNAL = BASE_CHANNEL + CORE_CHANNELS,
    BASE_MACHINE = BASE_SIGNAL + CORE_SIGNALS, /* the one object behind all authorities and device ranges */
    CORE_OBJECTS = BASE_MACHINE + 1
};

/* Invariant O1: `kind` is OBJECT_NONE exactly when the slot is free.  O2: a dying object (`dying`) has a generation that no
 * capability names.  O3: an object with an owner is on the owner's list. */
struct object {
    uint32_t generation;   /* counts the lives of the slot; what named an earlier life is dead */
    uint32_t capabilities; /* how many name this life */
    uint32_t owner;        /* domain that pays for it; NONE: nobody */
    uint32_t next, prev;   /* in the owner's list; next also in free lists */
    uint32_t dying_next;   /* in the reaper's queue */
    uint32_t revoking;     /* revocations under way on it: nothing is derived meanwhile */
    uint8_t kind;
    uint8_t dying;
};

/* ---- capabilities.  A slot is free when its kind is OBJECT_NONE.  Invariant C1: a used slot is on the list of its domain.  C2: its rights and range are within
 * those of the slot that it was derived from.  C3: first's prev and end's next are the parent (NONE for a root); all other
 * neighbours point at each other. ---- */
struct capability {
    uint32_t generation; /* of the slot */
    uint32_t domain;     /* whose it is */
    uint32_t object;
    uint32_t life;        /* the object's generation that it names */
    uint32_t child, last; /* first and last of what was derived from it */
    uint32_t prev, next;  /* neighbours; see C3 */
    uint32_t domain_prev, domain_next;
    uint32_t view;         /* of a region: the view it has; NONE */
    uint64_t base, length; /* range; of a channel: flow and nothing; of a token: number; of a reply: call */
    struct rights rights;
    uint8_t kind;
    uint8_t first, end;
};

enum domain_state { DOMAIN_NONE, DOMAIN_LIVE, DOMAIN_DYING };
/* Phases of a domain's end, in order (reaper.c). */
enum domain_phase {
    PHASE_LIVE,
    PHASE_CONTEXTS,
    PHASE_ROOT,
    PHASE_CAPABILITIES,
    PHASE_OBJECTS,
    PHASE_TABLES,
    PHASE_CHILDREN
};

/* Invariant B1: used + carved + free = limit.  B2: carved is the sum of the children's limits. */
struct domain {
    uint64_t limit, used, carved, free; /* bytes */
    uint32_t parent, child, next, prev; /* tree of domains */
    uint32_t depth;
    uint32_t self;         /* slot of its capability to itself */
    uint32_t capabilities; /* first of its table */
    uint32_t capability_count;
    uint32_t views;                       /* first of its views */
    uint32_t objects;                     /* first that it pays for */
    uint32_t monitors;                    /* first monitor on it */
    uint32_t tables;                      /* frames in use as its page tables, the root included */
    uint32_t supervisor, supervisor_life; /* channel's object id */
    uint32_t context[CORE_CPUS];
    uint8_t state, suspended, verified, band, phase;
    uint64_t handler_entry, handler_stack;
    uint64_t budget_ns, period_ns, period_end_ns, period_used_ns; /* of CPU time; budget 0: no limit */
    uint64_t cpu_ns, words, messages, faults, touched_ns;         /* heat */
};

enum context_state {
    CONTEXT_NONE,
    CONTEXT_STOPPED,
    CONTEXT_READY,
    CONTEXT_RUNNING,
    CONTEXT_WAITING,
    CONTEXT_FAULTED
};
enum wait_kind { WAIT_NONE, WAIT_RECEIVE, WAIT_REPLY_RECEIVE, WAIT_SIGNAL, WAIT_REPLY };
enum pending_kind {
    PENDING_NONE,
    PENDING_REVOKE,
    PENDING_COMMIT,
    PENDING_DECOMMIT,
    PENDING_SHADOW_COMMIT,
    PENDING_SHADOW_ABORT
};

/* Invariant X1: a context is in a run queue exactly when it is READY and its domain is live, not suspended and not throttled. */
struct context {
    struct word_frame frame;
    uint64_t page_address;
    uint32_t page_region;
    frame_number page_frame;
    uint32_t domain, cpu;
    uint32_t run_prev, run_next;   /* run queue of its CPU and band */
    uint32_t wait_prev, wait_next; /* those that wait at the same channel */
    uint32_t wait_object;
    uint32_t heap; /* place in the timer heap, plus 1 */
    uint64_t wait_mask, deadline_ns;
    uint64_t call; /* number of its last call: what the right to reply names */
    uint32_t serving,
        serving_life; /* whose call it answers by reply-receive: object id of the caller's context; NONE */
    uint64_t serving_call;
    uint32_t pending_slot, pending_life, pending_object;
    uint64_t pending_count, pending_page, pending_pages, pending_nodes, pending_tables;
    uint32_t donor; /* context whose quantum it runs on */
    uint8_t state, wait, queued, pending, diverted, band;
};

struct view {
    uint32_t region, domain, capability;
    uint32_t region_prev, region_next, domain_prev, domain_next; /* next also in the free list */
    uint8_t access;                                              /* what is mapped */
    uint8_t owner;    /* the owner's own: the region is charged, not the view */
    uint64_t charged; /* bytes */
};

/* A node of a page map: a radix tree with 16 entries a node that finds the frame of a page.  Entries are frames at the lowest
 * level and nodes above; entry[0] links free nodes. */
#define NODE_ENTRIES 16u
#define NODE_BITS 4u
#define NODE_LEVELS 6u
struct node {
    uint32_t entry[NODE_ENTRIES];
};
struct page_map {
    uint32_t root;   /* node, NONE: empty */
    uint32_t levels; /* 1 .. NODE_LEVELS */
    uint32_t nodes;  /* in use */
};

enum region_backing { BACKING_FRAMES, BACKING_RUN, BACKING_DEVICE };

struct region {
    page_number page; /* address; kept while the slot is free, for the next region of this order */
    uint64_t pages, committed;
    uint64_t charged;       /* bytes that its owner pays for it */
    struct page_map frames; /* page -> frame */
    struct page_map tables; /* page / 512 -> shared table, when large */
    struct page_map shadow; /* page -> frame that replaces it on commit */
    uint64_t table_count, shadow_count, shadow_charged;
    frame_number first; /* of a run */
    uint32_t views, view_count;
    uint32_t other, other_life; /* domain it is offered or lent to */
    uint8_t state, order, backing, shadowed, executable, boot, busy;
};

struct grant {
    uint64_t bytes;
};

struct message {
    uint32_t next;
    uint32_t bytes, handles;
    uint32_t flow;
    uint32_t caller, caller_life; /* of a call: the context that waits; NONE */
    uint64_t call;
    uint64_t badge;
    uint32_t capability
        [MESSAGE_HANDLES]; /* slots that travel with it; they belong to the receiver's domain already */
    uint32_t life[MESSAGE_HANDLES]; /* and the generations that they had */
    uint8_t data[MESSAGE_BYTES];
};

/* Invariant Q1: waiting + spare places = capacity.  Q2: credit_left + the flows' limits = capacity; a flow uses at most its limit,
 * hence there is always a place for a message that has credit. */
struct channel {
    uint32_t capacity, credit_left, waiting;
    uint32_t head, tail, spare;
    uint32_t flows;
    uint32_t receivers, receivers_last; /* contexts that wait */
    uint32_t signal, signal_life;
    uint64_t signal_bits;
    uint8_t listening;
};

struct flow {
    uint32_t channel; /* index; NONE: free */
    uint32_t limit, used, references;
    uint32_t prev, next;
    uint64_t badge;
};

struct signal {
    uint64_t bits;
    uint64_t timer_bits, timer_ns;
    uint32_t waiter; /* context */
    uint32_t heap;   /* place in the timer heap, plus 1 */
};

struct monitor {
    uint32_t signal, signal_life;
    uint32_t next;
    uint32_t bit;
};

struct interrupt {
    uint32_t signal, signal_life;
    uint64_t bits;
    uint8_t masked;
};

struct trace_event {
    uint64_t time_ns, a, b;
    uint32_t event;
};

struct cpu {
    uint32_t current;  /* context; NONE: idle */
    uint64_t began_ns; /* when current began this run */
    uint64_t quantum_end_ns;
    uint64_t grace_end_ns;                        /* 0: the preemption flag is not set */
    uint64_t armed_ns;                            /* what the timer is set to */
    uint64_t last_heap;                           /* the first deadline when it was set */
    uint32_t first[CORE_BANDS], last[CORE_BANDS]; /* run queues */
    uint32_t bands;                               /* bit n: band n has a ready context */
    uint8_t resched, online;
    uint8_t quantum_armed; /* the timer minds the quantum: somebody of the band waits */
};

#define HEAP_SIZE (CORE_CONTEXTS + CORE_SIGNALS)
struct heap_entry {
    uint64_t deadline_ns;
    uint32_t what; /* context, or CORE_CONTEXTS + signal */
};

/* Physical frames first .. end - 1; those from `next` on were never used. */
struct run {
    frame_number first, next, end;
};

struct report {
    uint32_t channel, channel_life;
};

struct kernel {
    struct machine *machine;
    uint32_t cpus;
    uint32_t active; /* CPU on which the core runs now */
    uint32_t root;
    uint32_t frames_free;     /* free frames, in the list and in runs */
    uint32_t frames_reserved; /* of them, for commits under way */
    frame_number frame_first; /* first of the list of free frames; each holds the next in its first word */
    uint32_t run_count, run_current;
    struct run run[MEMORY_RUNS]; /* frames that were never used */
    uint32_t protected_count;
    struct run protected_run[MEMORY_RUNS]; /* frames that no device region may cover */
    frame_number dma_first;
    uint32_t dma_frames;
    uint32_t boot_regions;

    uint32_t kind_free[OBJECT_KINDS], kind_high[OBJECT_KINDS], kind_used[OBJECT_KINDS];
    uint32_t region_free[ZONES]; /* regions that had an address of this order */
    uint64_t zone_next[ZONES];   /* first page of the zone that no region ever had, relative to the zone */
    uint32_t capability_free, capability_high, capabilities_used;
    uint32_t view_free, view_high;
    uint32_t node_free, node_high, nodes_used;
    uint32_t flow_free, flow_high;
    uint32_t message_free, message_high, messages_used;
    uint32_t monitor_free, monitor_high;
    uint32_t dying_first, dying_last;
    uint32_t heap_size;
    uint64_t trace_next;
    uint64_t call_next;
    struct report report[3];

    struct cpu cpu[CORE_CPUS];
    struct interrupt interrupt[CORE_INTERRUPTS];
    /* from here on each table is backed as it fills */
    struct trace_event trace[CORE_TRACE];
    struct heap_entry heap[HEAP_SIZE];
    struct object object[CORE_OBJECTS];
    struct domain domain[CORE_DOMAINS];
    struct context context[CORE_CONTEXTS];
    struct grant grant[CORE_GRANTS];
    struct channel channel[CORE_CHANNELS];
    struct signal signal[CORE_SIGNALS];
    struct monitor monitor[CORE_MONITORS];
    struct region region[CORE_REGIONS];
    struct view view[CORE_VIEWS];
    struct flow flow[CORE_FLOWS];
    struct capability capability[CORE_CAPABILITIES];
    struct node node[CORE_NODES];
    struct message message[CORE_MESSAGES];
};

#endif
