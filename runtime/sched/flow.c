/* Credit.  A process may have so many messages in the queue of a process of another domain, and all processes of a domain
 * together so many more; beyond that a send waits, so that no domain can fill another's memory, and no process can take
 * all of its domain's credit.  The account is kept at the receiver, one for each sending domain, under the receiver's lock. */
#include "runtime/gc/pool.h"
#include "runtime/sched/domain.h"
#include "runtime/sched/scheduler.h"

static bool full(struct flow *f, uint64_t sender)
{
    return f->count >= LIMIT_FLOW_DOMAIN || f->bytes >= LIMIT_FLOW_BYTES ||
           relation_count(&f->senders, sender) >= LIMIT_FLOW_MESSAGES;
}

static bool wait_in(struct scheduler *s, struct flow *f, uint64_t id)
{
    for (uint32_t i = 0; i < f->waiter_count; i++)
        if (f->waiters[i] == id) return true;
    if (f->waiter_count == f->waiter_capacity) {
        uint32_t more = f->waiter_capacity == 0 ? 4 : f->waiter_capacity * 2;
        uint64_t *waiters = pool_alloc(s->heap, more * sizeof *waiters);
        if (waiters == NULL) return false;
        for (uint32_t i = 0; i < f->waiter_count; i++) waiters[i] = f->waiters[i];
        if (f->waiters != NULL) pool_free(s->heap, f->waiters, f->waiter_capacity * sizeof *waiters);
        f->waiters = waiters;
        f->waiter_capacity = more;
    }
    f->waiters[f->waiter_count++] = id;
    return true;
}

static struct flow *find(struct scheduler *s, struct process_ext *e, uint64_t domain_id)
{
    struct flow *f = e->flows;
    while (f != NULL && f->domain_id != domain_id) f = f->next;
    if (f != NULL) return f;
    f = pool_alloc(s->heap, sizeof *f);
    if (f == NULL) return NULL;
    *f = (struct flow){.next = e->flows, .domain_id = domain_id};
    e->flows = f;
    return f;
}

/* Take credit for one message; its sender waits if there is none. */
enum flow_result flow_take(struct scheduler *s, struct process *from, struct process *to, struct flow **out)
{
    enum flow_result result = FLOW_NO_MEMORY;
    process_lock(to);
    struct process_ext *e = process_state(to) == PS_DEAD ? NULL : process_ext(s, to);
    if (process_state(to) == PS_DEAD) {
        result = FLOW_DEAD;
    } else if (e != NULL) {
        struct flow *f = find(s, e, from->domain->id);
        if (f != NULL && full(f, from->id)) {
            result = wait_in(s, f, from->id) ? FLOW_WAIT : FLOW_NO_MEMORY;
        } else if (f != NULL && relation_count_up(s, &f->senders, from->id)) {
            f->count++;
            *out = f;
            result = FLOW_OK;
        }
    }
    process_unlock(to);
    return result;
}

void flow_charge(struct process *to, struct message *m, struct flow *f)
{
    m->flow = f;
    process_lock(to);
    if (process_state(to) != PS_DEAD) f->bytes += m->block_bytes; /* else f is gone, and so will be m */
    process_unlock(to);
}

void flow_cancel(struct process *from, struct process *to, struct flow *f)
{
    process_lock(to);
    if (process_state(to) != PS_DEAD) {
        f->count--;
        relation_count_down(&f->senders, from->id);
    }
    process_unlock(to);
}

static void wake_waiters(struct scheduler *s, uint64_t *waiters, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        struct process *p = process_by_id(s->system, waiters[i]);
        if (p != NULL) process_wake_from(s, p);
    }
}

void flow_return(struct scheduler *s, struct process *receiver, struct message *m)
{
    struct flow *f = m->flow;
    if (f == NULL) return;
    m->flow = NULL;
    if (process_added(receiver) == NULL) return; /* ended: its flows are gone */
    uint64_t *waiters = NULL;
    uint32_t count = 0, capacity = 0;
    process_lock(receiver);
    f->count--;
    f->bytes -= min_u64(f->bytes, m->block_bytes);
    uint32_t left = relation_count_down(&f->senders, m->sender);
    /* woken when half is free again, so that a waiting sender gets to send more than one */
    if (f->waiter_count > 0 && f->bytes <= LIMIT_FLOW_BYTES / 2 &&
        (left == LIMIT_FLOW_MESSAGES / 2 || f->count <= LIMIT_FLOW_DOMAIN / 2)) {
        waiters = f->waiters;
        count = f->waiter_count;
        capacity = f->waiter_capacity;
        f->waiters = NULL;
        f->waiter_count = f->waiter_capacity = 0;
    }
    process_unlock(receiver);
    if (waiters == NULL) return;
    wake_waiters(s, waiters, count);
    pool_free(s->heap, waiters, capacity * sizeof *waiters);
}

void flows_free(struct scheduler *s, struct flow *f)
{
    for (struct flow *next = NULL; f != NULL; f = next) {
        next = f->next;
        relations_free(s, &f->senders);
        wake_waiters(s, f->waiters, f->waiter_count);
        if (f->waiters != NULL) pool_free(s->heap, f->waiters, f->waiter_capacity * sizeof *f->waiters);
        pool_free(s->heap, f, sizeof *f);
    }
}
