/* Mailboxes.  Senders push onto the inbox, a stack with many writers; the owner takes all of it at once, puts it in order
 * and appends it to its queue.  Signals travel the same way, so that one sender's messages and signals keep their order;
 * they take effect when the owner fetches. */
#include "runtime/gc/heap.h"
#include "runtime/gc/pool.h"
#include "runtime/sched/domain.h"
#include "runtime/sched/scheduler.h"
#include "runtime/value/string.h"

#define MAX_MS ((uint64_t)1 << 40) /* 34 years: beyond, a timeout is as good as none */

bool inbox_push(struct process *to, struct message *m)
{
    struct message *head = __atomic_load_n(&to->inbox, __ATOMIC_RELAXED);
    do {
        if (head == INBOX_CLOSED) return false;
        m->next = head;
    } while (!__atomic_compare_exchange_n(&to->inbox, &head, m, true, __ATOMIC_SEQ_CST, __ATOMIC_RELAXED));
    return true;
}

/* ---- credit: what one other domain may have in the queue ---- */

void message_drop(struct scheduler *s, struct process *receiver, struct message *m)
{
    flow_return(s, receiver, m);
    message_free(s->system, receiver->domain, m);
}

/* A message that comes too late: who asks a question gets an answer all the same. */
static void message_refuse(struct scheduler *s, struct process *p, struct message *m)
{
    if (m->kind == MESSAGE_INSPECT) inspect_refuse(s, p, m);
    message_drop(s, p, m);
}

/* ---- taking in ---- */

static void doom(struct process *p, value reason)
{
    p->doomed = true;
    p->exit_reason = reason;
    process_end_turn(p);
}

/* An exit signal, content [:exit pid reason]: true if it stays in the queue as a message. */
static bool exit_signal(struct process *p, struct message *m)
{
    struct system *s = p->domain->system;
    value reason = to_obj(m->content)->p[2];
    if (p->flags & PROC_TRAP_EXIT) return true;
    if (is_keyword(reason) && name_equal(reason, s->keywords[KW_NORMAL]) && m->sender != p->id) {
        message_drop(p->scheduler, p, m);
        return false;
    }
    heap_adopt_message(p, m); /* the reason lives on in the heap */
    doom(p, reason);
    return false;
}

static void take_in(struct process *p, struct message *m)
{
    m->next = NULL;
    if (p->doomed) {
        message_refuse(p->scheduler, p, m);
        return;
    }
    switch ((enum message_kind)m->kind) {
    case MESSAGE_KILL:
        doom(p, m->content); /* a keyword */
        message_drop(p->scheduler, p, m);
        return;
    case MESSAGE_EXIT:
    case MESSAGE_LINKED_EXIT:
        if (!exit_signal(p, m)) return;
        break;
    case MESSAGE_INSPECT:
        inspect_answer(p, m);
        message_drop(p->scheduler, p, m);
        return;
    case MESSAGE_INSPECTED: inspect_keep(p, m); return;
    case MESSAGE_INTERRUPT:
        p->flags |= PROC_INTERRUPTED;
        message_drop(p->scheduler, p, m);
        return;
    case MESSAGE_ORDINARY:
    case MESSAGE_TRACE:
    case MESSAGE_DOWN: break;
    }
    *p->queue_tail = m;
    p->queue_tail = &m->next;
}

void mailbox_fetch(struct process *p)
{
    struct message *newest = __atomic_exchange_n(&p->inbox, NULL, __ATOMIC_SEQ_CST), *oldest = NULL;
    while (newest != NULL) {
        struct message *next = newest->next;
        newest->next = oldest;
        oldest = newest;
        newest = next;
    }
    while (oldest != NULL) {
        struct message *next = oldest->next;
        take_in(p, oldest);
        oldest = next;
    }
}

/* ---- the receiver's side ---- */

value mailbox_peek(struct process *p)
{
    struct message *m = *p->queue_next;
    if (m == NULL) {
        if (__atomic_load_n(&p->inbox, __ATOMIC_SEQ_CST) == NULL) return VAL_ABSENT;
        mailbox_fetch(p);
        m = *p->queue_next;
        if (m == NULL || p->doomed) return VAL_ABSENT;
    }
    m->flags |= MESSAGE_EXAMINED;
    return m->content;
}

static void stop_clock(struct process *p)
{
    struct process_ext *e = __atomic_load_n(&p->ext, __ATOMIC_ACQUIRE);
    if (LIKELY(e == NULL || e->deadline_ns == 0)) return;
    e->deadline_ns = 0;
    timer_cancel(p->domain->system, &e->timer);
}

void mailbox_take(struct process *p)
{
    struct message *m = *p->queue_next;
    *p->queue_next = m->next;
    if (m->next == NULL) p->queue_tail = p->queue_next;
    p->queue_next = &p->queue;
    if (m->flow != NULL) flow_return(p->scheduler, p, m);
    if (UNLIKELY(m->kind == MESSAGE_TRACE)) trace_taken(p);
    heap_adopt_message(p, m);
    stop_clock(p);
}

void mailbox_skip(struct process *p)
{
    p->queue_next = &(*p->queue_next)->next;
}

void mailbox_restart(struct process *p)
{
    p->queue_next = &p->queue;
    stop_clock(p);
}

uint64_t deadline_after(struct process *p, value ms)
{
    uint64_t now = port_clock_ns(p->domain->system->port), wait;
    if (is_fixnum(ms))
        wait = to_fixnum(ms) <= 0 ? 0 : min_u64((uint64_t)to_fixnum(ms), MAX_MS) * 1000000;
    else if (is_double(ms))
        wait = !(to_double(ms) > 0)              ? 0
               : to_double(ms) >= (double)MAX_MS ? MAX_MS * 1000000
                                                 : (uint64_t)(to_double(ms) * 1e6);
    else
        wait = MAX_MS * 1000000;
    return wait == 0 ? 0 : now + wait;
}

/* The timer that a waiting receive shares with sleep was used for that: set it for the receive again. */
void receive_rearm(struct process *p)
{
    struct process_ext *e = __atomic_load_n(&p->ext, __ATOMIC_ACQUIRE);
    if (e != NULL && e->deadline_ns != 0) timer_set_wake(p->scheduler, &e->timer, p, e->deadline_ns);
}

bool mailbox_timed_out(struct process *p, value ms)
{
    if (ms == NIL) return false;
    struct scheduler *s = p->scheduler;
    uint64_t deadline = process_added(p) == NULL ? 0 : process_added(p)->deadline_ns;
    if (deadline == 0) {
        deadline = deadline_after(p, ms);
        if (deadline == 0) {
            p->queue_next = &p->queue;
            return true;
        }
        process_lock(p);
        struct process_ext *e = process_ext(s, p);
        process_unlock(p);
        if (e == NULL) { /* no memory for a timer: as if the time were over, rather than never */
            p->queue_next = &p->queue;
            return true;
        }
        e->deadline_ns = deadline;
        timer_set_wake(s, &e->timer, p, deadline);
        return false;
    }
    if (port_clock_ns(p->domain->system->port) < deadline) return false;
    mailbox_restart(p);
    return true;
}

void mailbox_close(struct scheduler *s, struct process *p)
{
    struct message *m = __atomic_exchange_n(&p->inbox, INBOX_CLOSED, __ATOMIC_SEQ_CST), *next;
    for (; m != NULL && m != INBOX_CLOSED; m = next) {
        next = m->next;
        message_refuse(s, p, m);
    }
    for (m = p->queue; m != NULL; m = next) {
        next = m->next;
        message_refuse(s, p, m);
    }
    p->queue = NULL;
    p->queue_tail = p->queue_next = &p->queue;
}
