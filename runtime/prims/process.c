/* Processes as the language sees them: made, addressed, linked, watched, named, ended. */
#include "runtime/gc/pool.h"
#include "runtime/prims/declare.h"
#include "runtime/sched/spawn.h"
#include "runtime/sched/tree.h"
#include "runtime/value/collection.h"
#include "runtime/value/number.h"
#include "runtime/value/string.h"
#include "runtime/vm/interp.h"

#define MAX_SPAWN_ARGS LIMIT_PARAMETERS

static value no_memory(struct process *p)
{
    return process_fail(p, ERR_OUT_OF_MEMORY, NIL, "the memory limit of the domain leaves no room");
}

/* ---- pids ---- */

static bool is_name(value v)
{
    return is_symbol(v) || is_keyword(v);
}

/* The process that an argument addresses, a pid or a registered name.  0: error raised. */
static uint64_t address_of(struct process *p, const char *function, unsigned arg, value v, uint32_t *rights)
{
    if (is_type(v, T_PID)) {
        *rights = header_flags(to_obj(v)->header) & PID_ALL;
        return to_obj(v)->p[0];
    }
    *rights = PID_SEND | PID_MONITOR;
    if (!is_name(v)) {
        fail_type(p, function, arg, v, "a pid or a registered name");
        return 0;
    }
    uint64_t id = name_find(p->domain, v);
    if (id == 0) process_fail(p, ERR_NO_PROCESS, v, "no process is registered as %v", v);
    return id;
}

/* A right counts if the pid carries it, or if the process is of the caller's own domain: one domain is one trust zone. */
static bool may(struct process *p, uint64_t id, uint32_t rights, uint32_t needed)
{
    if ((rights & needed) == needed) return true;
    struct process *target = process_by_id(p->domain->system, id);
    return target == NULL || domain_within(target->domain, p->domain);
}

static value denied(struct process *p, const char *function, value pid, const char *right)
{
    return process_fail(p, ERR_NO_CAPABILITY, pid, "%s: %v does not carry the right to %s it", function, pid,
                        right);
}

value prim_self(struct process *p, value *a, unsigned argc)
{
    return pid_value(p, p->id, PID_SEND | PID_MONITOR);
}

value prim_is_pid(struct process *p, value *a, unsigned argc)
{
    return from_bool(is_type(a[0], T_PID));
}
value prim_is_ref(struct process *p, value *a, unsigned argc)
{
    return from_bool(is_type(a[0], T_REF));
}

value prim_make_ref(struct process *p, value *a, unsigned argc)
{
    return ref_value(p, unique_number(p->scheduler));
}

value prim_alive(struct process *p, value *a, unsigned argc)
{
    if (!is_type(a[0], T_PID)) return fail_type(p, "alive?", 1, a[0], "a pid");
    return from_bool(process_by_id(p->domain->system, to_obj(a[0])->p[0]) != NULL);
}

/* ---- messages ---- */

static value send_message(struct process *p, value *a, unsigned argc, bool lazily)
{
    uint32_t rights;
    uint64_t to;
    if (UNLIKELY(argc != 2)) return vm_trap(p, TRAP_SEND);
    if (LIKELY(is_type(a[0], T_PID))) {
        to = to_obj(a[0])->p[0];
        rights = header_flags(to_obj(a[0])->header);
        if (UNLIKELY((rights & PID_SEND) == 0) && !may(p, to, rights, PID_SEND))
            return denied(p, "send", a[0], "send to");
    } else {
        if (!is_name(a[0])) return vm_trap(p, TRAP_SEND);
        to = address_of(p, "send", 1, a[0], &rights);
        if (to == 0) return VAL_ERROR;
    }
    value result = process_send(p, to, a[1], lazily);
    return result == NIL ? a[1] : result == VAL_SLOW ? vm_trap(p, TRAP_SEND) : result;
}

value prim_send(struct process *p, value *a, unsigned argc)
{
    return send_message(p, a, argc, false);
}

/* What stayed lazy after a fair time travels as it is. */
value prim_send_lazily(struct process *p, value *a, unsigned argc)
{
    return send_message(p, a, argc, true);
}

/* The timer's message is copied now; its ref names the wheel in its high byte. */
#define WHEEL_SHIFT 48

value prim_send_after(struct process *p, value *a, unsigned argc)
{
    uint32_t rights;
    if (!is_number(a[0])) return fail_type(p, "send-after", 1, a[0], "a number of milliseconds");
    uint64_t to = address_of(p, "send-after", 2, a[1], &rights);
    if (to == 0) return VAL_ERROR;
    if (!may(p, to, rights, PID_SEND)) return denied(p, "send-after", a[1], "send to");
    struct scheduler *s = p->scheduler;
    uint64_t number = unique_number(s) | (uint64_t)s->index << WHEEL_SHIFT;
    struct process *target = process_by_id(s->system, to);
    if (target == NULL) return ref_value(p, number);
    struct message *m =
        message_make(p, target->domain, a[2], target->domain != p->domain ? COPY_CROSS_DOMAIN : 0);
    if (m == NULL) return VAL_ERROR;
    m->sender = p->id;
    uint64_t deadline = deadline_after(p, a[0]);
    if (!timer_send(s, number, target, m, deadline)) {
        message_free(s->system, target->domain, m);
        return no_memory(p);
    }
    return ref_value(p, number);
}

value prim_cancel_timer(struct process *p, value *a, unsigned argc)
{
    if (!is_type(a[0], T_REF)) return fail_type(p, "cancel-timer", 1, a[0], "a timer's ref");
    uint64_t number = to_obj(a[0])->p[1];
    int64_t left = timer_send_cancel(p->scheduler, (unsigned)(number >> WHEEL_SHIFT), number);
    return left < 0 ? FALSE_ : number_from_i64(p, left);
}

/* prim_state: the deadline, in nanoseconds. */
value prim_sleep(struct process *p, value *a, unsigned argc)
{
    if (!is_number(a[0]) && a[0] != NIL) return fail_type(p, "sleep", 1, a[0], "a number of milliseconds");
    struct scheduler *s = p->scheduler;
    if (p->prim_state == NIL) {
        uint64_t deadline = deadline_after(p, a[0]);
        if (deadline == 0) return NIL;
        process_lock(p);
        struct process_ext *e = process_ext(s, p);
        process_unlock(p);
        if (e == NULL) return no_memory(p);
        timer_set_wake(s, &e->timer, p, deadline);
        p->prim_state = number_from_u64(p, deadline);
        return VAL_SUSPEND;
    }
    uint64_t deadline;
    if (number_to_u64(p->prim_state, &deadline) && port_clock_ns(s->system->port) < deadline)
        return VAL_SUSPEND;
    p->prim_state = NIL;
    receive_rearm(p);
    return NIL;
}

/* ---- spawn ---- */

static unsigned arguments_of(value list, value *args, bool *too_many)
{
    struct walk w;
    value key, val;
    unsigned n = 0;
    *too_many = false;
    if (list == NIL) return 0;
    for (walk_start(&w, list); walk_next(&w, &key, &val);) {
        *too_many = n == MAX_SPAWN_ARGS;
        if (*too_many) return n;
        args[n++] = val;
    }
    return n;
}

value prim_spawn(struct process *p, value *a, unsigned argc)
{
    value args[MAX_SPAWN_ARGS];
    bool too_many;
    if (a[1] != NIL && !is_vector(a[1])) return fail_type(p, "-spawn", 2, a[1], "a vector of arguments");
    if (argc > 2 && a[2] != NIL && !is_map(a[2])) return fail_type(p, "-spawn", 3, a[2], "a map of options");
    unsigned n = arguments_of(a[1], args, &too_many);
    if (too_many)
        return process_fail(p, ERR_TOO_LARGE, NIL, "spawn: a process starts with at most %d arguments",
                            (int64_t)MAX_SPAWN_ARGS);
    struct spawn_options o = {.name = NIL};
    if (argc > 2 && a[2] != NIL && !spawn_options_read(p, a[2], &o)) return VAL_ERROR;
    uint64_t id = process_spawn(p, a[0], args, n, &o);
    if (id == 0) return VAL_ERROR;
    value pid = pid_value(p, id, PID_ALL);
    if (!o.monitor) return pid;
    value pair[2] = {pid, ref_value(p, o.monitor_number)};
    return vector_make(p, pair, 2);
}

/* ---- links and monitors ---- */

value prim_link(struct process *p, value *a, unsigned argc)
{
    uint32_t rights;
    uint64_t to = address_of(p, "link", 1, a[0], &rights);
    if (to == 0) return VAL_ERROR;
    if (!may(p, to, rights, PID_CONTROL)) return denied(p, "link", a[0], "control");
    struct scheduler *s = p->scheduler;
    switch (process_link(s, p, to)) {
    case RELATION_DONE: return TRUE_;
    case RELATION_NO_MEMORY: return no_memory(p);
    case RELATION_DEAD: break;
    }
    value content[3] = {s->system->keywords[KW_EXIT], pid_value(p, to, PID_SEND | PID_MONITOR),
                        s->system->keywords[KW_NO_PROCESS]};
    signal_send(s, p, p, MESSAGE_LINKED_EXIT, to_obj(vector_make(p, content, 3)));
    return TRUE_;
}

value prim_unlink(struct process *p, value *a, unsigned argc)
{
    uint32_t rights;
    uint64_t to = address_of(p, "unlink", 1, a[0], &rights);
    if (to == 0) return VAL_ERROR;
    process_unlink(p->scheduler, p, to);
    return TRUE_;
}

value prim_monitor(struct process *p, value *a, unsigned argc)
{
    uint32_t rights;
    uint64_t to = address_of(p, "monitor", 1, a[0], &rights);
    if (to == 0) return VAL_ERROR;
    if (!may(p, to, rights, PID_MONITOR)) return denied(p, "monitor", a[0], "monitor");
    struct scheduler *s = p->scheduler;
    uint64_t number = unique_number(s);
    switch (process_monitor(s, p, to, number)) {
    case RELATION_DONE: break;
    case RELATION_NO_MEMORY: return no_memory(p);
    case RELATION_DEAD: process_send_down(s, p, p, number, to, s->system->keywords[KW_NO_PROCESS]); break;
    }
    return ref_value(p, number);
}

value prim_demonitor(struct process *p, value *a, unsigned argc)
{
    if (!is_type(a[0], T_REF)) return fail_type(p, "demonitor", 1, a[0], "a monitor's ref");
    return from_bool(process_demonitor(p->scheduler, p, to_obj(a[0])->p[1]));
}

value prim_trap_exit(struct process *p, value *a, unsigned argc)
{
    bool before = (p->flags & PROC_TRAP_EXIT) != 0;
    p->flags = truthy(a[0]) ? p->flags | PROC_TRAP_EXIT : p->flags & ~PROC_TRAP_EXIT;
    return from_bool(before);
}

/* ---- the end ---- */

/* On the way out every cleanup form runs, as for an exit to a catch that encloses all. */
value prim_process_exit(struct process *p, value *a, unsigned argc)
{
    value r = vm_unwind(p, from_fixnum(0), a[0], false);
    if (r != NIL) return r;
    p->exit_reason = a[0];
    return VAL_EXIT;
}

value prim_exit(struct process *p, value *a, unsigned argc)
{
    if (argc == 1) return prim_process_exit(p, a, argc);
    uint32_t rights;
    uint64_t to = address_of(p, "exit", 1, a[0], &rights);
    if (to == 0) return VAL_ERROR;
    if (!may(p, to, rights, PID_CONTROL)) return denied(p, "exit", a[0], "control");
    struct scheduler *s = p->scheduler;
    struct process *target = process_by_id(s->system, to);
    const value *kw = s->system->keywords;
    if (target == NULL) return TRUE_;
    bool kill = is_keyword(a[1]) && name_equal(a[1], kw[KW_KILL]);
    process_signal_exit(s, p, target, kill ? MESSAGE_KILL : MESSAGE_EXIT, kill ? kw[KW_KILLED] : a[1]);
    if (target == p) process_end_turn(p); /* the signal takes effect at once */
    return TRUE_;
}

/* ---- names ---- */

value prim_register(struct process *p, value *a, unsigned argc)
{
    if (!is_name(a[0])) return fail_type(p, "register", 1, a[0], "a symbol or keyword");
    if (!is_type(a[1], T_PID)) return fail_type(p, "register", 2, a[1], "a pid");
    uint64_t id = to_obj(a[1])->p[0];
    struct process *target = process_by_id(p->domain->system, id);
    if (target == NULL) return process_fail(p, ERR_NO_PROCESS, a[1], "register: %v is not alive", a[1]);
    if (target->domain != p->domain)
        return process_fail(p, ERR_NO_CAPABILITY, a[1], "register: %v is of another domain", a[1]);
    value name = prim_intern(p, a, 1);
    if (!obj_has(to_obj(name), OBJ_SHARED)) return no_memory(p);
    switch (name_register(p->scheduler, target, name)) {
    case NAME_DONE: return TRUE_;
    case NAME_TAKEN: return process_fail(p, ERR_STATE, a[0], "register: the name %v is taken", a[0]);
    case NAME_DEAD: return process_fail(p, ERR_NO_PROCESS, a[1], "register: %v is not alive", a[1]);
    case NAME_NO_MEMORY: break;
    }
    return no_memory(p);
}

value prim_unregister(struct process *p, value *a, unsigned argc)
{
    if (!is_name(a[0])) return fail_type(p, "unregister", 1, a[0], "a symbol or keyword");
    return from_bool(name_unregister(p->scheduler, p->domain, a[0]));
}

value prim_whereis(struct process *p, value *a, unsigned argc)
{
    if (!is_name(a[0])) return fail_type(p, "whereis", 1, a[0], "a symbol or keyword");
    uint64_t id = name_find(p->domain, a[0]);
    return id == 0 ? NIL : pid_value(p, id, PID_SEND | PID_MONITOR);
}

value prim_registered(struct process *p, value *a, unsigned argc)
{
    return names_list(p, p->domain);
}

/* ---- looking at processes ---- */

/* The process an argument names for inspection: a pid, a registered name, or, for the root domain, its number. */
static struct process *inspected(struct process *p, const char *function, value v, bool *failed)
{
    struct system *s = p->domain->system;
    uint32_t rights;
    uint64_t id = 0;
    *failed = true;
    if (is_fixnum(v)) {
        if (p->domain != s->root) {
            process_fail(p, ERR_NO_CAPABILITY, v, "%s: only the root domain may name processes by number",
                         function);
            return NULL;
        }
        struct process *there =
            to_fixnum(v) > 0 && to_fixnum(v) < LIMIT_PROCESSES ? process_at(s, (uint32_t)to_fixnum(v)) : NULL;
        id = there == NULL ? 0 : __atomic_load_n(&there->id, __ATOMIC_SEQ_CST);
    } else if ((id = address_of(p, function, 1, v, &rights)) == 0) {
        return NULL;
    }
    struct process *target = process_by_id(s, id);
    *failed = target != NULL && !domain_within(target->domain, p->domain);
    if (!*failed) return target;
    process_fail(p, ERR_NO_CAPABILITY, v, "%s: %v belongs to a domain that this one has no authority over",
                 function, v);
    return NULL;
}

/* prim_state: number of the question. */
static value inspect(struct process *p, const char *function, value *a, enum inspect_what what)
{
    if (p->prim_state != NIL) {
        value answer = inspect_answered(p, (uint32_t)to_fixnum(p->prim_state));
        if (answer == VAL_ABSENT) return VAL_SUSPEND;
        p->prim_state = NIL;
        return answer;
    }
    bool failed;
    struct process *target = inspected(p, function, a[0], &failed);
    if (target == NULL) return failed ? VAL_ERROR : NIL;
    if (target == p) return inspect_process(p, what);
    uint32_t number = inspect_ask(p->scheduler, p, target, what);
    if (number == 0) return NIL;
    p->prim_state = from_fixnum(number);
    return VAL_SUSPEND;
}

value prim_process_info(struct process *p, value *a, unsigned argc)
{
    return inspect(p, "process-info", a, INSPECT_INFO);
}
value prim_process_messages(struct process *p, value *a, unsigned argc)
{
    return inspect(p, "process-messages", a, INSPECT_MESSAGES);
}
value prim_process_frames(struct process *p, value *a, unsigned argc)
{
    return inspect(p, "-process-functions", a, INSPECT_FRAMES);
}

value prim_process_stack(struct process *p, value *a, unsigned argc)
{
    return inspect(p, "-process-frames", a, INSPECT_STACK);
}

static value summary(struct process *p, struct process *of)
{
    const value *kw = p->domain->system->keywords;
    value items[10] = {kw[KW_PID],     from_fixnum((int64_t)(of->id & (LIMIT_PROCESSES - 1))),
                       kw[KW_PROCESS], pid_value(p, of->id, PID_SEND | PID_MONITOR),
                       kw[KW_NAME],    name_of(of),
                       kw[KW_DOMAIN],  of->domain->name,
                       kw[KW_STATUS],  process_status(of)};
    return map_make(p, items, 5);
}

#define LISTED_A_TURN 200

/* prim_state: [index, list so far]. */
value prim_list_processes(struct process *p, value *a, unsigned argc)
{
    struct system *s = p->domain->system;
    struct domain *only = NULL;
    if (argc > 0 && a[0] != NIL && (only = domain_of_value(p, "list-processes", 1, a[0])) == NULL)
        return VAL_ERROR;
    uint32_t index = 0;
    value list = vector_make(p, NULL, 0);
    if (p->prim_state != NIL) {
        index = (uint32_t)to_fixnum(vector_nth(p->prim_state, 0));
        list = vector_nth(p->prim_state, 1);
    }
    p->prim_state = NIL;
    for (unsigned n = 0; n < LISTED_A_TURN; n++) {
        struct process *of = process_next(s, &index);
        if (of == NULL) return list;
        if (only != NULL ? of->domain == only : domain_within(of->domain, p->domain))
            list = vector_conj(p, list, summary(p, of));
    }
    value state[2] = {from_fixnum(index), list};
    p->prim_state = vector_make(p, state, 2);
    p->reductions -= LISTED_A_TURN * 4;
    return VAL_YIELD;
}

value prim_suspend(struct process *p, value *a, unsigned argc)
{
    bool failed;
    struct process *target = inspected(p, "suspend-process", a[0], &failed);
    if (target == NULL) return failed ? VAL_ERROR : FALSE_;
    if (target == p)
        return process_fail(p, ERR_ARGUMENT, a[0], "suspend-process: a process cannot suspend itself");
    process_lock(target);
    bool ready = process_state(target) != PS_DEAD && process_ext(p->scheduler, target) != NULL;
    process_unlock(target);
    return from_bool(ready && process_suspend(target));
}

value prim_resume(struct process *p, value *a, unsigned argc)
{
    bool failed;
    struct process *target = inspected(p, "resume-process", a[0], &failed);
    if (target == NULL) return failed ? VAL_ERROR : FALSE_;
    return from_bool(process_resume(p->scheduler, target));
}

value prim_interrupt(struct process *p, value *a, unsigned argc)
{
    bool failed;
    struct process *target = inspected(p, "-interrupt", a[0], &failed);
    if (target == NULL) return failed ? VAL_ERROR : FALSE_;
    struct message *m = message_make(p, target->domain, NIL, COPY_UNLIMITED);
    if (m == NULL) return VAL_ERROR;
    m->kind = MESSAGE_INTERRUPT;
    if (inbox_push(target, m)) {
        process_alert(p->scheduler, target);
        return TRUE_;
    }
    message_free(p->domain->system, target->domain, m);
    return FALSE_;
}

value prim_scheduler_count(struct process *p, value *a, unsigned argc)
{
    return from_fixnum(p->domain->system->scheduler_count);
}

/* ---- tracing ---- */

value prim_trace_process(struct process *p, value *a, unsigned argc)
{
    bool failed;
    struct process *target = inspected(p, "-trace-process", a[0], &failed);
    if (target == NULL) return failed ? VAL_ERROR : FALSE_;
    uint32_t flags = (truthy(a[2]) ? PS_TRACE_SEND : 0) | (truthy(a[3]) ? PS_TRACE_RECEIVE : 0);
    if (a[1] != NIL && !is_type(a[1], T_PID)) return fail_type(p, "-trace-process", 2, a[1], "a pid or nil");
    uint64_t tracer = a[1] == NIL ? 0 : to_obj(a[1])->p[0];
    return from_bool(trace_process(p->scheduler, target, tracer, tracer == 0 ? 0 : flags));
}

value prim_trace_domains(struct process *p, value *a, unsigned argc)
{
    struct domain *from = domain_of_value(p, "trace-domain-ipc", 1, a[0]);
    struct domain *to = from == NULL ? NULL : domain_of_value(p, "trace-domain-ipc", 2, a[1]);
    if (to == NULL) return VAL_ERROR;
    if (!domain_within(from, p->domain) || !domain_within(to, p->domain))
        return process_fail(p, ERR_NO_CAPABILITY, a[0],
                            "trace-domain-ipc: this domain has no authority over both");
    if (a[2] != NIL && !is_type(a[2], T_PID))
        return fail_type(p, "trace-domain-ipc", 3, a[2], "a pid or nil");
    if (trace_domains(p->domain->system, from->id, to->id, a[2] == NIL ? 0 : to_obj(a[2])->p[0]))
        return TRUE_;
    return process_fail(p, ERR_STATE, NIL, "trace-domain-ipc: as many pairs of domains are traced as may be");
}

/* An event of a traced call, for whoever traces it: kind is :call or :return. */
value prim_trace_event(struct process *p, value *a, unsigned argc)
{
    if (!is_type(a[0], T_PID)) return fail_type(p, "-trace-event", 1, a[0], "a pid");
    bool call = is_keyword(a[1]) && name_is(a[1], NULL, "call");
    trace_emit(p, to_obj(a[0])->p[0], call ? KW_CALL : KW_RETURN, p->id, 0, a[2]);
    return NIL;
}

value prim_trace_dropped(struct process *p, value *a, unsigned argc)
{
    process_lock(p);
    struct process_ext *e = process_ext(p->scheduler, p);
    uint32_t n = e == NULL ? 0 : e->trace_dropped;
    if (e != NULL) e->trace_dropped = 0;
    process_unlock(p);
    return from_fixnum(n);
}

value prim_pid_number(struct process *p, value *a, unsigned argc)
{
    if (!is_type(a[0], T_PID)) return fail_type(p, "-pid-number", 1, a[0], "a pid");
    return from_fixnum((int64_t)(to_obj(a[0])->p[0] & (LIMIT_PROCESSES - 1)));
}
