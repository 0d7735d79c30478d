/* What lies in a mailbox: messages and signals, in the order of each sender.
 *
 * A message is one block: this struct and, behind it, the copied objects of its content.  When the receiver takes it, the
 * block joins its young generation as it is (heap_adopt_message), so the content is copied once on its way. */
#ifndef RUNTIME_SCHED_MESSAGE_H
#define RUNTIME_SCHED_MESSAGE_H

#include "runtime/sched/system.h"

enum message_kind {
    MESSAGE_ORDINARY,
    MESSAGE_EXIT,        /* exit signal: content = reason */
    MESSAGE_LINKED_EXIT, /* exit signal by a link */
    MESSAGE_KILL,        /* exit signal that cannot be trapped: content = the reason to die with */
    MESSAGE_DOWN,        /* a monitor fired: content = [:down ref pid reason], delivered as a message */
    MESSAGE_INSPECT, /* a question about the receiver: content = number << 8 | what; answered at its next turn */
    MESSAGE_INSPECTED, /* the answer: content = [number answer]; kept for the primitive that waits for it */
    MESSAGE_INTERRUPT, /* raises :interrupted in the receiver */
    MESSAGE_TRACE,     /* an event for a tracer: content = [:trace kind time from to message] */
};

struct message {
    struct message *next; /* inbox: the one before; queue: the one behind */
    value content;
    uint64_t sender;      /* process id; 0: the system */
    uint32_t size_words;  /* of words[] that hold objects */
    uint16_t kind;        /* enum message_kind */
    uint16_t flags;       /* MESSAGE_ */
    uint64_t block_bytes; /* of the whole block; for whoever frees it */
    struct flow
        *flow; /* credit to give back when it leaves the queue: messages from other domains; else NULL */
    value words[];
};
/* Examined by a receive and left in the queue, so registers may point into it: a collection treats content as a root and may
 * move what it refers to out of the block, content being updated; the block stays until the message is taken. */
#define MESSAGE_EXAMINED 1u
#define MESSAGE_UNCHARGED 2u               /* the copier's: the block is charged to nobody (COPY_UNLIMITED) */
#define INBOX_CLOSED ((struct message *)8) /* the inbox of a process that has ended */

/* ---- memory of messages: runtime/gc/copy.c ---- */
#define COPY_CROSS_DOMAIN 1u /* refuse what may not leave its domain: :cannot-cross-domain, naming it */
#define COPY_REALISED 4u     /* answer MESSAGE_LAZY if a lazy sequence in it is not realised */
#define MESSAGE_LAZY ((struct message *)8)
#define COPY_UNLIMITED 2u /* never refused for a memory limit: exit signals must arrive */

/* A message holding a copy of v (immediates and SHARED objects as they are).  Charged to domain `to`.  NULL: refused, with
 * from->error set.  from may be NULL if v holds nothing that needs a copy. */
struct message *message_make(struct process *from, struct domain *to, value v, uint32_t copy_flags);
/* A message without a copy to make (content SHARED or immediate), of memory set aside; NULL: that is in use.  The caller's own
 * scheduler. */
struct message *message_from_reserve(struct scheduler *s, value content);
void message_free(struct system *s, struct domain *charged, struct message *m);
/* The objects of m become young objects of p, which from now on owns the block.  Pre: m is in no queue. */
void heap_adopt_message(struct process *p, struct message *m);
/* Copy values of one process into the heap of another that does not run yet, in place.  False: refused, from->error set. */
bool heap_copy_values(struct process *from, struct process *to, value *values, unsigned count,
                      uint32_t copy_flags);

#endif
