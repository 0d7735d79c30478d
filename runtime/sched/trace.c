/* Tracing of messages: events go to a tracer process as messages [:trace kind time from to message].  Who is traced never
 * waits: a tracer with too many unread events loses the next ones, and is told how many when it asks. */
#include "runtime/gc/heap.h"
#include "runtime/gc/pool.h"
#include "runtime/sched/domain.h"
#include "runtime/sched/scheduler.h"
#include "runtime/value/collection.h"

/* Room for one more event at the tracer; counts it. */
static bool claim(struct process *tracer)
{
    bool ok = false;
    process_lock(tracer);
    struct process_ext *e = process_state(tracer) == PS_DEAD ? NULL : process_added(tracer);
    if (e != NULL) {
        uint32_t pending = __atomic_load_n(&e->trace_pending, __ATOMIC_RELAXED);
        ok = pending < LIMIT_TRACE_EVENTS;
        if (ok)
            __atomic_store_n(&e->trace_pending, pending + 1, __ATOMIC_RELAXED);
        else
            e->trace_dropped++;
    }
    process_unlock(tracer);
    return ok;
}

void trace_taken(struct process *tracer)
{
    process_lock(tracer);
    if (process_added(tracer) != NULL && process_added(tracer)->trace_pending > 0)
        process_added(tracer)->trace_pending--;
    process_unlock(tracer);
}

void trace_emit(struct process *by, uint64_t tracer_id, enum well_known kind, uint64_t from, uint64_t to,
                value v)
{
    struct scheduler *s = by->scheduler;
    struct process *tracer = process_by_id(s->system, tracer_id);
    if (tracer == NULL || tracer == by || !claim(tracer)) return;
    struct object *time = heap_alloc(by, T_INSTANT, 0, 1);
    time->p[0] = (value)port_wall_clock_us(s->system->port);
    value items[6] = {s->system->keywords[KW_TRACE],
                      s->system->keywords[kind],
                      from_obj(time),
                      pid_value(by, from, PID_SEND | PID_MONITOR),
                      to == 0 ? NIL : pid_value(by, to, PID_SEND | PID_MONITOR),
                      v};
    struct message *m = message_make(by, tracer->domain, vector_make(by, items, 6),
                                     tracer->domain != by->domain ? COPY_CROSS_DOMAIN : 0);
    if (m == NULL) { /* the event is lost; the one who is traced has done nothing wrong */
        by->error = NIL;
        trace_taken(tracer);
        return;
    }
    m->kind = MESSAGE_TRACE;
    m->sender = by->id;
    if (inbox_push(tracer, m))
        process_wake_from(s, tracer);
    else
        message_free(s->system, tracer->domain, m);
}

static uint64_t tracer_of(struct process *p)
{
    process_lock(p);
    uint64_t id = process_state(p) == PS_DEAD || process_added(p) == NULL ? 0 : process_added(p)->tracer;
    process_unlock(p);
    return id;
}

static void trace_ipc(struct process *from, struct process *to, value v)
{
    struct scheduler_shared *shared = from->domain->system->shared;
    uint64_t tracer = 0;
    lock_acquire(&shared->ipc_lock);
    for (uint32_t i = 0; i < shared->ipc_count && tracer == 0; i++)
        if (shared->ipc[i].from == from->domain->id && shared->ipc[i].to == to->domain->id)
            tracer = shared->ipc[i].tracer;
    lock_release(&shared->ipc_lock);
    if (tracer != 0) trace_emit(from, tracer, KW_IPC, from->id, to->id, v);
}

/* A message is on its way: called only when one of the two is traced, or IPC is. */
void trace_sent(struct process *from, struct process *to, value v)
{
    uint32_t sends = __atomic_load_n(&from->state, __ATOMIC_RELAXED),
             receives = __atomic_load_n(&to->state, __ATOMIC_RELAXED);
    if ((sends & PS_TRACE_SEND) != 0) trace_emit(from, tracer_of(from), KW_SEND, from->id, to->id, v);
    if ((receives & PS_TRACE_RECEIVE) != 0) trace_emit(from, tracer_of(to), KW_RECEIVE, from->id, to->id, v);
    if (from->domain != to->domain) trace_ipc(from, to, v);
}

/* flags: PS_TRACE_; 0 ends it.  False: dead, or no memory. */
bool trace_process(struct scheduler *s, struct process *p, uint64_t tracer, uint32_t flags)
{
    process_lock(p);
    struct process_ext *e = process_state(p) == PS_DEAD ? NULL : process_ext(s, p);
    if (e != NULL) {
        e->tracer = tracer;
        __atomic_fetch_and(&p->state, ~(PS_TRACE_SEND | PS_TRACE_RECEIVE), __ATOMIC_SEQ_CST);
        __atomic_fetch_or(&p->state, flags, __ATOMIC_SEQ_CST);
    }
    process_unlock(p);
    return e != NULL;
}

/* tracer 0 ends it.  False: there are as many as there may be. */
bool trace_domains(struct system *s, uint64_t from, uint64_t to, uint64_t tracer)
{
    struct scheduler_shared *shared = s->shared;
    bool ok = true;
    lock_acquire(&shared->ipc_lock);
    uint32_t i = 0;
    while (i < shared->ipc_count && !(shared->ipc[i].from == from && shared->ipc[i].to == to)) i++;
    if (tracer == 0) {
        if (i < shared->ipc_count) shared->ipc[i] = shared->ipc[--shared->ipc_count];
    } else if (i < COUNT_OF(shared->ipc)) {
        shared->ipc[i] = (struct ipc_trace){from, to, tracer};
        if (i == shared->ipc_count) shared->ipc_count++;
    } else {
        ok = false;
    }
    __atomic_store_n(&shared->ipc_traced, shared->ipc_count, __ATOMIC_RELAXED);
    lock_release(&shared->ipc_lock);
    return ok;
}
