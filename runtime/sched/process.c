/* The life of a process: made, started, ended; what it sends. */
#include "runtime/sched/process.h"

#include "base/mem.h"
#include "runtime/gc/heap.h"
#include "runtime/gc/pool.h"
#include "runtime/gc/shared.h"
#include "runtime/sched/tree.h"
#include "runtime/debug/debug.h"
#include "runtime/vm/vm.h"

struct system *process_system(const struct process *p)
{
    return p->domain->system;
}

/* ---- values that name processes ---- */

value pid_value(struct process *p, uint64_t id, uint32_t rights)
{
    struct object *o = heap_alloc(p, T_PID, rights, 1);
    o->p[0] = id;
    return from_obj(o);
}

value ref_value(struct process *p, uint64_t number)
{
    struct object *o = heap_alloc(p, T_REF, 0, 2);
    o->p[0] = p->domain->system->shared->boot_nonce;
    o->p[1] = number;
    return from_obj(o);
}

struct process_ext *process_ext(struct scheduler *s, struct process *p)
{
    struct process_ext *there = __atomic_load_n(&p->ext, __ATOMIC_ACQUIRE);
    if (there != NULL) return there;
    struct process_ext *e = pool_alloc(s->heap, sizeof *e);
    if (e == NULL) return NULL;
    *e = (struct process_ext){.label = NIL};
    /* its owner does not take the lock for its own timers: whoever is first, wins */
    if (__atomic_compare_exchange_n(&p->ext, &there, e, false, __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE)) return e;
    pool_free(s->heap, e, sizeof *e);
    return there;
}

/* ---- made ---- */

struct process *process_new(struct scheduler *s, struct domain *d)
{
    /* counted before the state is looked at: a domain that is taken down sees the one or is seen itself */
    __atomic_fetch_add(&d->process_count, 1, __ATOMIC_SEQ_CST);
    bool live = __atomic_load_n(&d->state, __ATOMIC_SEQ_CST) == DOMAIN_LIVE;
    bool charged = live && domain_charge(d, PROCESS_BLOCK_BYTES);
    struct process *p = charged ? process_slot_take(s) : NULL;
    if (p == NULL) {
        if (charged) domain_uncharge(d, PROCESS_BLOCK_BYTES);
        domain_process_ended(s->system, d);
        return NULL;
    }
    uint64_t id = (p->id & ~ID_DEAD) + (1u << ID_INDEX_BITS);
    if (p->stack == NULL) id -= 1u << ID_INDEX_BITS; /* never used before: the first generation is 0 */
    uint32_t state = __atomic_load_n(&p->state, __ATOMIC_RELAXED) & PS_LOCKED;
    p->hp = p->hp_limit = NULL;
    p->flags = 0;
    p->base = NULL;
    p->ip = NULL;
    p->link = NULL;
    p->stack = (value *)(p + 1);
    p->stack_end = p->stack + STACK_INITIAL_WORDS;
    p->stack_block_words = STACK_INITIAL_WORDS;
    p->domain = d;
    p->scheduler = s;
    p->prim_state = p->error = p->dynamic = NIL;
    p->trap = p->trap_argc = 0;
    p->catch_counter = 0;
    p->edit_token = 0;
    p->queue = NULL;
    p->queue_tail = p->queue_next = &p->queue;
    p->priority = 0;
    p->doomed = false;
    p->run_next = NULL;
    p->ext = NULL;
    p->reductions = REDUCTIONS_PER_TURN;
    p->reductions_total = 0;
    p->exit_reason = VAL_ABSENT;
    heap_init(p);
    shared_process_init(s, p);
    __atomic_store_n(&p->state, state | PS_NEW, __ATOMIC_SEQ_CST);
    __atomic_store_n(&p->inbox, NULL, __ATOMIC_SEQ_CST);
    __atomic_store_n(&p->id, id, __ATOMIC_SEQ_CST);
    return p;
}

void process_start(struct scheduler *s, struct process *p)
{
    uint32_t old = __atomic_load_n(&p->state, __ATOMIC_SEQ_CST);
    while (!__atomic_compare_exchange_n(&p->state, &old, (old & ~PS_MASK) | PS_RUNNABLE, false,
                                        __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST)) {
    }
    scheduler_enqueue(s, p, true);
}

static bool set_options(struct scheduler *s, struct process *parent, struct process *p,
                        const struct spawn_options *o)
{
    if (o->name != NIL) {
        switch (name_register(s, p, o->name)) {
        case NAME_DONE: break;
        case NAME_TAKEN:
            process_fail(parent, ERR_STATE, o->name, "spawn: the name %v is taken", o->name);
            return false;
        case NAME_DEAD:
        case NAME_NO_MEMORY: return false;
        }
    }
    if (o->max_heap_words == 0 && !o->link && !o->monitor) return true;
    struct process_ext *e = process_ext(s, p);
    if (e == NULL) return false;
    e->max_heap_words = o->max_heap_words;
    e->parent = parent->id;
    return true;
}

/* What was made and did not start is taken apart again. */
static uint64_t refuse(struct scheduler *s, struct process *parent, struct process *p)
{
    if (p != NULL) process_end(s, p);
    if (parent->error == NIL)
        process_fail(parent, ERR_OUT_OF_MEMORY, NIL,
                     "the memory limit of the domain leaves no room for a process");
    return 0;
}

#define SPAWN_ARGS_INLINE 16

uint64_t process_spawn(struct process *parent, value f, const value *args, unsigned argc,
                       const struct spawn_options *o)
{
    struct scheduler *s = parent->scheduler;
    struct domain *d = o->domain != NULL ? o->domain : parent->domain;
    parent->error = NIL;
    struct process *p = process_new(s, d);
    if (p == NULL && __atomic_load_n(&d->state, __ATOMIC_SEQ_CST) != DOMAIN_LIVE)
        process_fail(parent, ERR_NO_DOMAIN, NIL, "the domain is being taken down");
    if (p == NULL) return refuse(s, parent, NULL);
    p->priority = o->priority;
    value few[SPAWN_ARGS_INLINE + 1], *values = few;
    if (argc > SPAWN_ARGS_INLINE) values = pool_alloc(s->heap, (argc + 1) * sizeof *values);
    if (values == NULL) return refuse(s, parent, p);
    values[0] = f;
    for (unsigned i = 0; i < argc; i++) values[i + 1] = args[i];
    uint32_t flags = d != parent->domain ? COPY_CROSS_DOMAIN : 0;
    bool ok = heap_copy_values(parent, p, values, argc + 1, flags);
    if (ok && VM_ENTRY_WORDS + argc > STACK_INITIAL_WORDS) ok = process_grow_stack(p, VM_ENTRY_WORDS + argc);
    if (ok) vm_enter(p, values[0], values + 1, argc);
    if (values != few) pool_free(s->heap, values, (argc + 1) * sizeof *values);
    if (!ok || !set_options(s, parent, p, o)) return refuse(s, parent, p);
    uint64_t id = p->id;
    if (o->link && process_link(s, parent, id) != RELATION_DONE) return refuse(s, parent, p);
    if (o->monitor && process_monitor(s, parent, id, o->monitor_number) != RELATION_DONE) {
        process_unlink(s, parent, id);
        return refuse(s, parent, p);
    }
    if (o->watch) system_watch(s->system, id);
    process_start(s, p);
    /* a domain that began to die meanwhile may have walked past it */
    if (__atomic_load_n(&d->state, __ATOMIC_SEQ_CST) != DOMAIN_LIVE)
        process_signal_exit(s, NULL, p, MESSAGE_KILL, s->system->keywords[KW_DOMAIN_KILLED]);
    return id;
}

/* A first stack with room for `words`, from the pool. */
bool process_grow_stack(struct process *p, uint32_t words)
{
    value *stack = stack_allocate(p, words);
    if (stack == NULL) return false;
    p->stack = stack;
    p->stack_end = stack + words;
    return true;
}

/* ---- ended ---- */

static void note_watched(struct scheduler *s, struct process *p, uint64_t id)
{
    struct scheduler_shared *shared = s->system->shared;
    uint64_t expected = id;
    if (__atomic_load_n(&shared->watched, __ATOMIC_RELAXED) != id) return;
    if (!__atomic_compare_exchange_n(&shared->watched, &expected, 0, false, __ATOMIC_SEQ_CST,
                                     __ATOMIC_SEQ_CST))
        return;
    struct message *reason = message_make(p, s->system->root, p->exit_reason, COPY_UNLIMITED);
    __atomic_store_n(&shared->watched_reason, reason, __ATOMIC_SEQ_CST);
    __atomic_store_n(&shared->watched_done, 1, __ATOMIC_SEQ_CST);
    port_signal_raise(s->system->port, &s->system->schedulers[0].signal, SIGNAL_WORK);
}

void process_end(struct scheduler *s, struct process *p)
{
    struct domain *d = p->domain;
    p->scheduler = s;
    if (p->exit_reason == VAL_ABSENT) p->exit_reason = s->system->keywords[KW_NORMAL];
    uint64_t id = p->id;
    process_lock(p);
    struct process_ext *e = p->ext;
    p->ext = NULL;
    uint32_t old = __atomic_load_n(&p->state, __ATOMIC_SEQ_CST);
    while (!__atomic_compare_exchange_n(&p->state, &old, PS_DEAD | PS_LOCKED, false, __ATOMIC_SEQ_CST,
                                        __ATOMIC_SEQ_CST)) {
    }
    process_unlock(p);
    if (e != NULL && e->names != NULL) names_release(s, p, e->names); /* free before others hear of the end */
    mailbox_close(s, p);
    note_watched(s, p, id);
    __atomic_store_n(&p->id, id | ID_DEAD, __ATOMIC_SEQ_CST);
    if (e != NULL) {
        relations_break(s, p, &e->relations);
        timer_cancel(s->system, &e->timer);
        flows_free(s, e->flows);
        if (e->debug != NULL) debug_release(s->system, e->debug);
        pool_free(s->heap, e, sizeof *e);
    }
    frames_free_stack(p);
    heap_destroy(p);
    domain_uncharge(d, PROCESS_BLOCK_BYTES);
    __atomic_store_n(&p->state, PS_DEAD, __ATOMIC_SEQ_CST);
    process_slot_retire(s, p);
    domain_process_ended(s->system, d);
}

/* ---- signals and messages ---- */

void signal_send(struct scheduler *s, struct process *from, struct process *to, enum message_kind kind,
                 struct object *content)
{
    uint32_t flags = COPY_UNLIMITED | (from->domain != to->domain ? COPY_CROSS_DOMAIN : 0);
    struct message *m = message_make(from, to->domain, from_obj(content), flags);
    if (m ==
        NULL) { /* the reason may not leave its domain, or there is no memory for it: a plain word instead */
        content->p[obj_size(content) - 1] = s->system->keywords[KW_EXIT];
        m = message_make(from, to->domain, from_obj(content), flags);
        if (m == NULL) port_panic(s->system->port, "no memory for an exit signal");
    }
    m->kind = (uint16_t)kind;
    m->sender = from->id & ~ID_DEAD;
    if (!inbox_push(to, m))
        message_free(s->system, to->domain, m);
    else if (kind == MESSAGE_DOWN)
        process_wake_from(s, to);
    else
        process_alert(s, to);
}

void process_signal_exit(struct scheduler *s, struct process *from, struct process *to,
                         enum message_kind kind, value reason)
{
    if (kind == MESSAGE_KILL) {
        struct message *m = message_make(from, to->domain, reason, COPY_UNLIMITED);
        if (m == NULL) m = message_from_reserve(s, s->system->keywords[KW_KILLED]);
        if (m == NULL) port_panic(s->system->port, "no memory for an exit signal");
        m->kind = MESSAGE_KILL;
        if (inbox_push(to, m))
            process_alert(s, to);
        else
            message_free(s->system, to->domain, m);
        return;
    }
    struct object *o = heap_alloc(from, T_SVECTOR, 0, 3);
    o->p[0] = s->system->keywords[KW_EXIT];
    o->p[1] = NIL;
    o->p[2] = reason;
    o->p[1] = pid_value(from, from->id & ~ID_DEAD, PID_SEND | PID_MONITOR);
    signal_send(s, from, to, kind, o);
}

value process_send(struct process *from, uint64_t to, value v, bool lazily)
{
    struct scheduler *s = from->scheduler;
    struct process *target = process_by_id(s->system, to);
    if (target == NULL) return NIL; /* as if it had been sent just before the end */
    bool across = target->domain != from->domain;
    struct flow *flow = NULL;
    if (UNLIKELY(across)) {
        switch (flow_take(s, from, target, &flow)) {
        case FLOW_OK: break;
        case FLOW_WAIT: return VAL_SUSPEND;
        case FLOW_DEAD: return NIL;
        case FLOW_NO_MEMORY:
            return process_fail(from, ERR_OUT_OF_MEMORY, NIL, "no memory to account for the message");
        }
    }
    uint32_t flags = (across ? COPY_CROSS_DOMAIN : 0) | (lazily ? 0 : COPY_REALISED);
    struct message *m = message_make(from, target->domain, v, flags);
    if (UNLIKELY(m == NULL || m == MESSAGE_LAZY)) {
        if (flow != NULL) flow_cancel(from, target, flow);
        return m == NULL ? VAL_ERROR : VAL_SLOW;
    }
    m->sender = from->id;
    if (flow != NULL) flow_charge(target, m, flow);
    uint32_t traced = (__atomic_load_n(&from->state, __ATOMIC_RELAXED) & PS_TRACE_SEND) |
                      (__atomic_load_n(&target->state, __ATOMIC_RELAXED) & PS_TRACE_RECEIVE);
    if (UNLIKELY(traced != 0 ||
                 (across && __atomic_load_n(&s->system->shared->ipc_traced, __ATOMIC_RELAXED) != 0)))
        trace_sent(from, target, v);
    if (inbox_push(target, m))
        process_wake_from(s, target);
    else
        message_free(s->system, target->domain, m);
    return NIL;
}
