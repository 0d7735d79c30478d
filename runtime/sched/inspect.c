/* What others may know of a process.  Its heap is its own, so it answers itself: a question travels as a signal and is
 * answered at the beginning of the next turn, even when the process is suspended; who asks waits for the answer. */
#include "runtime/debug/debug.h"
#include "runtime/gc/heap.h"
#include "runtime/gc/pool.h"
#include "runtime/sched/tree.h"
#include "runtime/value/collection.h"
#include "runtime/value/number.h"
#include "runtime/value/string.h"
#include "runtime/vm/frames.h"

#define MESSAGES_SHOWN 1000

/* ---- answers ---- */

value process_status(struct process *p)
{
    const value *kw = p->domain->system->keywords;
    uint32_t state = __atomic_load_n(&p->state, __ATOMIC_SEQ_CST);
    if ((state & PS_SUSPENDED) != 0) return kw[KW_SUSPENDED];
    switch (state & PS_MASK) {
    case PS_RUNNING: return kw[KW_RUNNING];
    case PS_RUNNABLE: return kw[KW_RUNNABLE];
    case PS_DEAD: return kw[KW_EXITING];
    default: return kw[KW_WAITING];
    }
}

/* The innermost function that has a name. */
static value current_function(struct process *p)
{
    struct frame f;
    if (p->ip == NULL) return NIL;
    for (frame_top(p, &f); f.kind != FRAME_END; frame_next(&f))
        if (f.kind == FRAME_CODE && f.arity->proto->name != NIL) return f.arity->proto->name;
    return NIL;
}

/* Peers of one kind, as a vector of pids. */
static value peers(struct process *p, enum relation_kind kind)
{
    value v = vector_make(p, NULL, 0);
    process_lock(p);
    struct relations r = process_added(p) == NULL ? (struct relations){0} : process_added(p)->relations;
    for (uint32_t i = 0; i < r.capacity; i++)
        if (r.slots[i].other >> 56 == (uint64_t)kind)
            v = vector_conj(p, v,
                            pid_value(p, r.slots[i].other & ((1ull << 56) - 1), PID_SEND | PID_MONITOR));
    process_unlock(p);
    return v;
}

static uint64_t queue_length(struct process *p)
{
    uint64_t n = 0;
    for (struct message *m = p->queue; m != NULL; m = m->next) n++;
    return n;
}

/* The process answers while it runs; what it was doing is what it will do. */
static value status_in_answer(struct process *p, bool itself)
{
    const value *kw = p->domain->system->keywords;
    if (itself) return kw[KW_RUNNING];
    if ((__atomic_load_n(&p->state, __ATOMIC_SEQ_CST) & PS_SUSPENDED) != 0) return kw[KW_SUSPENDED];
    return (p->flags & PROC_WAITS) != 0 ? kw[KW_WAITING] : kw[KW_RUNNABLE];
}

static value info(struct process *p, bool itself)
{
    const value *kw = p->domain->system->keywords;
    value parent = process_added(p) == NULL || process_added(p)->parent == 0
                       ? NIL
                       : pid_value(p, process_added(p)->parent, PID_SEND | PID_MONITOR);
    value items[] = {
        kw[KW_PID],
        from_fixnum((int64_t)(p->id & (LIMIT_PROCESSES - 1))),
        kw[KW_PROCESS],
        pid_value(p, p->id, PID_SEND | PID_MONITOR),
        kw[KW_NAME],
        name_of(p),
        kw[KW_DOMAIN],
        p->domain->name,
        kw[KW_STATUS],
        status_in_answer(p, itself),
        kw[KW_CURRENT_FUNCTION],
        current_function(p),
        kw[KW_HEAP_SIZE],
        number_from_u64(p, heap_held_words(p) * 8),
        kw[KW_STACK_SIZE],
        number_from_u64(p, (uint64_t)(p->stack_end - p->stack) * 8),
        kw[KW_REDUCTIONS],
        number_from_u64(p, p->reductions_total),
        kw[KW_MESSAGE_QUEUE_LEN],
        number_from_u64(p, queue_length(p)),
        kw[KW_TRAP_EXIT],
        from_bool((p->flags & PROC_TRAP_EXIT) != 0),
        kw[KW_LINKS],
        peers(p, RELATION_LINK),
        kw[KW_MONITORS],
        peers(p, RELATION_MONITORING),
        kw[KW_MONITORED_BY],
        peers(p, RELATION_WATCHED),
        kw[KW_PARENT],
        parent,
    };
    return map_make(p, items, COUNT_OF(items) / 2);
}

static value messages(struct process *p, bool itself)
{
    const value *kw = p->domain->system->keywords;
    value v = vector_make(p, NULL, 0);
    unsigned n = 0;
    for (struct message *m = p->queue; m != NULL && n < MESSAGES_SHOWN; m = m->next, n++) {
        if (itself) m->flags |= MESSAGE_EXAMINED; /* the answer points into it */
        value from = m->sender == 0 ? NIL : pid_value(p, m->sender, PID_SEND | PID_MONITOR);
        value items[4] = {kw[KW_FROM], from, kw[KW_MSG], m->content};
        v = vector_conj(p, v, map_make(p, items, 2));
    }
    return v;
}

static value frames(struct process *p)
{
    value v = vector_make(p, NULL, 0);
    struct frame f;
    unsigned n = 0;
    if (p->ip == NULL) return v;
    for (frame_top(p, &f); f.kind != FRAME_END && n < 100; frame_next(&f))
        if (f.kind == FRAME_CODE) {
            v = vector_conj(p, v, f.arity->proto->name);
            n++;
        }
    return v;
}

#define FRAMES_SHOWN 100

/* The stack as the debugger shows it; what it holds, too, or only where it stands. */
static value stack(struct process *p, bool values)
{
    struct frame f;
    if (p->ip == NULL) return vector_make(p, NULL, 0);
    frame_top(p, &f);
    return debug_frames(p, &f, FRAMES_SHOWN, values);
}

static value answer_about(struct process *p, enum inspect_what what, bool itself)
{
    switch (what) {
    case INSPECT_INFO: return info(p, itself);
    case INSPECT_MESSAGES: return messages(p, itself);
    case INSPECT_FRAMES: return frames(p);
    case INSPECT_STACK: return stack(p, true);
    }
    return NIL;
}

value inspect_process(struct process *p, enum inspect_what what)
{
    mailbox_fetch(p);
    return answer_about(p, what, true);
}

/* ---- travelling ---- */

/* otherwise: the answer when the first one holds what may not be copied. */
static void reply(struct scheduler *s, struct process *p, uint64_t to, uint32_t number, value answer,
                  value otherwise)
{
    struct process *asker = process_by_id(s->system, to);
    if (asker == NULL) return;
    value items[2] = {from_fixnum(number), answer};
    value content = vector_make(p, items, 2);
    uint32_t flags = COPY_UNLIMITED | (asker->domain != p->domain ? COPY_CROSS_DOMAIN : 0);
    struct message *m = message_make(p, asker->domain, content, flags);
    if (m == NULL) { /* it holds what may not be copied */
        p->error = NIL;
        items[1] = otherwise;
        m = message_make(p, asker->domain, vector_make(p, items, 2), flags);
    }
    if (m == NULL) port_panic(s->system->port, "no memory for an answer");
    m->kind = MESSAGE_INSPECTED;
    if (inbox_push(asker, m))
        process_wake_from(s, asker);
    else
        message_free(s->system, asker->domain, m);
}

static uint32_t number_of(struct message *m)
{
    return (uint32_t)(to_fixnum(m->content) >> 8);
}

void inspect_answer(struct process *p, struct message *m)
{
    enum inspect_what what = (enum inspect_what)(to_fixnum(m->content) & 0xff);
    value answer = answer_about(p, what, false);
    reply(p->scheduler, p, m->sender, number_of(m), answer, what == INSPECT_STACK ? stack(p, false) : NIL);
}

void inspect_refuse(struct scheduler *s, struct process *p, struct message *m)
{
    reply(s, p, m->sender, number_of(m), NIL, NIL);
}

void inspect_keep(struct process *p, struct message *m)
{
    if (process_added(p) == NULL) {
        message_drop(p->scheduler, p, m);
        return;
    }
    if (process_added(p)->answer != NULL) message_drop(p->scheduler, p, process_added(p)->answer);
    process_added(p)->answer = m;
}

uint32_t inspect_ask(struct scheduler *s, struct process *p, struct process *target, enum inspect_what what)
{
    process_lock(p);
    struct process_ext *e = process_ext(s, p);
    process_unlock(p);
    if (e == NULL) return 0;
    uint32_t number = ++e->questions;
    struct message *m =
        message_make(p, target->domain, from_fixnum((int64_t)number << 8 | what), COPY_UNLIMITED);
    if (m == NULL) return 0;
    m->kind = MESSAGE_INSPECT;
    m->sender = p->id;
    if (!inbox_push(target, m)) {
        message_free(s->system, target->domain, m);
        return 0;
    }
    process_alert(s, target);
    return number;
}

value inspect_answered(struct process *p, uint32_t number)
{
    mailbox_fetch(p);
    struct message *m = process_added(p)->answer;
    if (m == NULL) return VAL_ABSENT;
    process_added(p)->answer = NULL;
    if (vector_nth(m->content, 0) != from_fixnum(number)) { /* to a question that was given up */
        message_drop(p->scheduler, p, m);
        return VAL_ABSENT;
    }
    value answer = vector_nth(m->content, 1);
    heap_adopt_message(p, m);
    return answer;
}
