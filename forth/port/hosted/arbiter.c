/* The arbiter of the hosted form: several instances inside one program, of which one runs at a time.  Each has a thread of the host
 * for its stack; the turn passes when a quantum ends, when one waits, and when one ends.  A VM holds capabilities, a queue of
 * messages with a credit for each sender, and a parent that is told of what goes wrong with it.
 *
 * Everything here stands under `lock`.  Invariant: the VM that runs is `turn`; what waits is not runnable. */
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>
#include <time.h>

#include "forth/kernel.h"
#include "forth/port/hosted/hosted.h"

#define VMS 64
#define NOBODY VMS
#define QUEUE 128          /* messages in a queue */
#define CREDIT 16          /* of them from one sender */
#define MESSAGE_BYTES 4088 /* what fits into a transient string with its count */
#define EVENTS 64
#define QUANTUM_US 4000 /* of processor time */
#define ENVELOPE_BYTES (16u << 20)
#define REGISTERS 512 /* of the device that stands for all devices */
#define INTERRUPTS 64
#define RAISE (REGISTERS - 1) /* writing n to it raises interrupt n */

struct message {
    struct message *next;
    unsigned from;
    size_t size;
    char bytes[];
};
struct event {
    unsigned vm, kind;
    int64_t code;
};
enum { EVENT_EXIT = 1, EVENT_FAULT, EVENT_DENIED, EVENT_KILLED, EVENT_REVOKED };

struct vm {
    bool used, killed, started;
    unsigned parent;
    enum vm_status status;
    int64_t caps;
    uint64_t may_send; /* a bit each VM */
    unsigned from, reply_to;
    struct forth *f;
    struct forth_port *port;
    pthread_t thread;
    struct message *first, **last;
    unsigned queued, queued_from[VMS];
    struct event events[EVENTS];
    unsigned event_first, event_count;
    uint64_t wake_ns;
    int64_t pending; /* a status to throw at the next attention */
    int64_t handlers[INTERRUPTS];
    uint64_t raised;
    char *text;
    size_t text_size;
    bool quiet, native;
};

static struct vm vms[VMS];
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;
static unsigned turn = NOBODY, in_use;
static uint64_t registers[REGISTERS];
static _Atomic(struct forth *) running; /* for signal handlers */

static unsigned number(const struct vm *v)
{
    return (unsigned)(v - vms);
}
static uint64_t now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

/* ---- turns ---- */
static bool runnable(struct vm *v)
{
    if (!v->used || !v->started || v->status == VM_DEAD || v->status == VM_FAULTED) return false;
    if (v->status == VM_WAITING && (v->killed || v->pending != 0 || v->raised != 0 || forth_attended(v->f) ||
                                    (v->wake_ns != 0 && now() >= v->wake_ns)))
        v->status = VM_RUNNABLE;
    return v->status == VM_RUNNABLE;
}
static void choose(unsigned after)
{
    turn = NOBODY;
    for (unsigned i = 1; i <= VMS; i++) {
        unsigned n = (after + i) % VMS;
        if (runnable(&vms[n])) {
            turn = n;
            break;
        }
    }
    if (turn != NOBODY) running = vms[turn].f;
    pthread_cond_broadcast(&changed);
}
/* Until it is this one's turn.  With nobody runnable, whoever waits here looks again when the first sleeper is due. */
static void await_turn(struct vm *v)
{
    while (turn != number(v)) {
        if (turn == NOBODY) {
            choose(number(v));
            if (turn != NOBODY) continue;
            uint64_t wake = now() + 20000000;
            for (unsigned i = 0; i < VMS; i++)
                if (vms[i].used && vms[i].status == VM_WAITING && vms[i].wake_ns != 0 &&
                    vms[i].wake_ns < wake)
                    wake = vms[i].wake_ns;
            int64_t wait = (int64_t)(wake - now());
            struct timespec t;
            clock_gettime(CLOCK_REALTIME, &t);
            if (wait < 0) wait = 0;
            t.tv_nsec += wait;
            t.tv_sec += t.tv_nsec / 1000000000;
            t.tv_nsec %= 1000000000;
            pthread_cond_timedwait(&changed, &lock, &t);
        } else
            pthread_cond_wait(&changed, &lock);
    }
}
static void give_turn(struct vm *v)
{
    choose(number(v));
    await_turn(v);
}
/* Wait for what another VM does: a message, an event; or for a time. */
static void wait_for(struct vm *v, uint64_t wake_ns)
{
    v->status = VM_WAITING;
    v->wake_ns = wake_ns;
    give_turn(v);
    v->status = VM_RUNNABLE;
    v->wake_ns = 0;
}

static void inform(struct vm *v, unsigned kind, int64_t code)
{
    struct vm *to = &vms[v->parent];
    if (v->parent == number(v) || !to->used) return;
    if (to->event_count == EVENTS) { /* the oldest goes */
        to->event_first = (to->event_first + 1) % EVENTS;
        to->event_count--;
    }
    to->events[(to->event_first + to->event_count++) % EVENTS] = (struct event){number(v), kind, code};
    if (to->status == VM_WAITING && to->wake_ns == 0) to->status = VM_RUNNABLE;
}
static int64_t denied(struct vm *v, int64_t capability)
{
    inform(v, EVENT_DENIED, capability);
    return THROW_NO_CAPABILITY;
}
static bool holds(const struct vm *v, int64_t capability)
{
    if (capability >= CAP_SEND) {
        int64_t n = capability - CAP_SEND;
        return n < VMS && (v->may_send >> n & 1) != 0;
    }
    return capability > 0 && (v->caps & capability) == capability;
}
bool arbiter_may(struct forth_port *p, int64_t capability)
{
    struct vm *v = p->vm;
    if (v == NULL || (v->caps & capability) == capability) return true;
    pthread_mutex_lock(&lock);
    v->pending = denied(v, capability);
    pthread_mutex_unlock(&lock);
    forth_attend(v->f);
    return false;
}

/* ---- the host's signals ---- */
void arbiter_interrupt(void)
{
    struct forth *f = vms[0].f;
    if (f != NULL) forth_interrupt(f);
    vms[0].pending = 0;
}
static void on_quantum(int signal)
{
    struct forth *f = running;
    if (f != NULL) forth_attend(f);
}
static void quantum_start(void)
{
    struct sigaction a = {.sa_handler = on_quantum, .sa_flags = SA_RESTART};
    struct itimerval t = {{0, QUANTUM_US}, {0, QUANTUM_US}};
    sigaction(SIGPROF, &a, NULL);
    setitimer(ITIMER_PROF, &t, NULL);
}

/* ---- lives ---- */
struct vm *arbiter_root(struct forth_port *port, struct forth *f, bool quiet, bool quanta, bool native)
{
    struct vm *v = &vms[0];
    *v = (struct vm){.used = true,
                     .started = true,
                     .status = VM_RUNNABLE,
                     .caps = CAP_ALL,
                     .may_send = UINT64_MAX,
                     .f = f,
                     .port = port,
                     .from = NOBODY,
                     .reply_to = NOBODY,
                     .quiet = quiet,
                     .native = native};
    v->last = &v->first;
    port->vm = v;
    turn = 0;
    in_use = 1;
    running = f;
    if (quanta) quantum_start();
    return v;
}

static void clear_queue(struct vm *v)
{
    for (struct message *m = v->first, *next; m != NULL; m = next) {
        next = m->next;
        free(m);
    }
    v->first = NULL;
    v->last = &v->first;
    v->queued = 0;
}
/* What is told on the host's standard error, since nobody else may be listening. */
static void report(const struct vm *v, int64_t status)
{
    if (vms[0].quiet) return;
    fprintf(stderr, "VM %u: ended by exception %lld\n", number(v), (long long)status);
}

static void *vm_main(void *argument)
{
    struct vm *v = argument;
    int code;
    forth_stack(v->f, forth_port_stack_low());
    pthread_mutex_lock(&lock);
    await_turn(v);
    pthread_mutex_unlock(&lock);
    int64_t status = forth_text(v->f, v->text, v->text_size);
    pthread_mutex_lock(&lock);
    bool bye = forth_is_bye(v->f, status, &code),
         faulted = status != 0 && !bye && status != FORTH_STATUS_KILLED && !v->killed;
    if (faulted) report(v, status);
    if (v->killed)
        inform(v, EVENT_KILLED, 0);
    else
        inform(v, faulted ? EVENT_FAULT : EVENT_EXIT, faulted ? status : 0);
    v->status = faulted ? VM_FAULTED : VM_DEAD;
    clear_queue(v);
    running = NULL;
    forth_port_flush(v->port);
    forth_free(v->f);
    forth_port_hosted_free(v->port);
    v->f = NULL;
    v->port = NULL;
    free(v->text);
    v->text = NULL;
    choose(number(v));
    pthread_mutex_unlock(&lock);
    return NULL;
}

static int64_t spawn(struct vm *parent, const char *text, size_t size, int64_t caps, int64_t *vmid)
{
    if ((caps & ~(int64_t)CAP_ALL) != 0) return THROW_NUMERIC_ARGUMENT;
    if (!holds(parent, CAP_SPAWN)) return denied(parent, CAP_SPAWN);
    if (caps != 0 && !holds(parent, caps)) return denied(parent, caps & ~parent->caps);
    unsigned n = 1;
    while (n < VMS && vms[n].used && vms[n].status != VM_DEAD && vms[n].status != VM_FAULTED) n++;
    if (n == VMS) return THROW_VM_LIMIT;
    struct vm *v = &vms[n];
    if (v->used && v->started) pthread_join(v->thread, NULL);
    for (unsigned i = 0; i < VMS; i++) { /* nobody has rights from the one that had this number */
        if (i != 0) vms[i].may_send &= ~((uint64_t)1 << n);
        if (vms[i].reply_to == n) vms[i].reply_to = NOBODY;
    }
    *v = (struct vm){.used = true,
                     .parent = number(parent),
                     .status = VM_RUNNABLE,
                     .caps = caps,
                     .from = NOBODY,
                     .reply_to = NOBODY};
    v->native = parent->native;
    v->last = &v->first;
    v->may_send = (uint64_t)1 << number(parent) | (uint64_t)1 << n;
    parent->may_send |= (uint64_t)1 << n;
    struct forth_config config = {
        .data_bytes = ENVELOPE_BYTES, .words = 1u << 16, .units = 1u << 20, .native = v->native};
    v->port = forth_port_hosted_new(NULL);
    v->f = v->port == NULL ? NULL : forth_new(v->port, &config);
    v->text = malloc(size + 1);
    if (v->f == NULL || v->text == NULL) {
        v->used = false;
        return THROW_VM_LIMIT;
    }
    v->port->vm = v;
    v->port->terminal = parent->port->terminal;
    v->port->shared_blocks = parent->port->shared_blocks != NULL ? parent->port->shared_blocks : parent->port;
    memcpy(v->text, text, size);
    v->text_size = size;
    pthread_attr_t a;
    pthread_attr_init(&a);
    pthread_attr_setstacksize(&a, 2u << 20);
    v->started = pthread_create(&v->thread, &a, vm_main, v) == 0;
    pthread_attr_destroy(&a);
    if (!v->started) {
        v->used = false;
        return THROW_VM_LIMIT;
    }
    in_use++;
    *vmid = (int64_t)n;
    return 0;
}

static struct vm *living(int64_t vmid)
{
    if (vmid < 0 || vmid >= VMS || !vms[vmid].used || vms[vmid].status == VM_DEAD ||
        vms[vmid].status == VM_FAULTED)
        return NULL;
    return &vms[vmid];
}
static bool below(const struct vm *v, const struct vm *ancestor)
{
    while (number(v) != 0) {
        v = &vms[v->parent];
        if (v == ancestor) return true;
    }
    return false;
}
static void kill_vm(struct vm *v)
{
    v->killed = true;
    forth_attend(v->f);
}
void arbiter_end(struct vm *root)
{
    pthread_mutex_lock(&lock);
    for (bool some = true; some;) {
        some = false;
        for (unsigned i = 1; i < VMS; i++)
            if (living(i) != NULL) {
                kill_vm(&vms[i]);
                some = true;
            }
        if (some) give_turn(root);
    }
    running = NULL;
    pthread_mutex_unlock(&lock);
    for (unsigned i = 1; i < VMS; i++)
        if (vms[i].used && vms[i].started) pthread_join(vms[i].thread, NULL);
    clear_queue(root);
    struct itimerval off = {{0, 0}, {0, 0}};
    setitimer(ITIMER_PROF, &off, NULL);
    vms[0].f = NULL;
}

/* ---- messages ---- */
static int64_t send_message(struct vm *v, int64_t vmid, const char *bytes, size_t size)
{
    struct vm *to = living(vmid);
    if (to == NULL) return THROW_NO_VM;
    bool reply = v->reply_to == (unsigned)vmid;
    if (!reply && !holds(v, CAP_SEND + vmid)) return denied(v, CAP_SEND + vmid);
    if (size > MESSAGE_BYTES) return THROW_MESSAGE_SIZE;
    if (to->queued >= QUEUE || to->queued_from[number(v)] >= CREDIT) return THROW_QUEUE_FULL;
    struct message *m = malloc(sizeof *m + size);
    if (m == NULL) return THROW_QUEUE_FULL;
    *m = (struct message){NULL, number(v), size};
    memcpy(m->bytes, bytes, size);
    *to->last = m;
    to->last = &m->next;
    to->queued++;
    to->queued_from[number(v)]++;
    if (reply && !holds(v, CAP_SEND + vmid)) v->reply_to = NOBODY; /* a reply is for once */
    if (to->status == VM_WAITING && to->wake_ns == 0) to->status = VM_RUNNABLE;
    return 0;
}
static int64_t stopped(struct vm *v)
{
    if (v->killed) return FORTH_STATUS_KILLED;
    int64_t pending = v->pending;
    v->pending = 0;
    return pending;
}
static int64_t receive(struct vm *v, char *to, size_t room, bool wait, int64_t *size)
{
    *size = -1;
    while (v->first == NULL) {
        if (!wait) return 0;
        wait_for(v, 0);
        int64_t status = stopped(v);
        if (status != 0) return status;
        if (v->first == NULL && (v->event_count > 0 || v->raised != 0 || forth_attended(v->f)))
            return 0; /* look at that first */
    }
    struct message *m = v->first;
    v->first = m->next;
    if (v->first == NULL) v->last = &v->first;
    v->queued--;
    v->queued_from[m->from]--;
    v->from = v->reply_to = m->from;
    *size = (int64_t)(m->size < room ? m->size : room);
    memcpy(to, m->bytes, (size_t)*size);
    free(m);
    return 0;
}

/* ---- the words ---- */
static int64_t grant(struct vm *v, int64_t vmid, int64_t capability)
{
    struct vm *to = living(vmid);
    if (to == NULL) return THROW_NO_VM;
    if (!holds(v, capability)) return denied(v, capability);
    if (!holds(v, CAP_SEND + vmid)) return denied(v, CAP_SEND + vmid);
    if (capability >= CAP_SEND)
        to->may_send |= (uint64_t)1 << (capability - CAP_SEND);
    else
        to->caps |= capability;
    return 0;
}
static int64_t take_back(struct vm *v, int64_t vmid, int64_t capability)
{
    struct vm *from = living(vmid);
    if (from == NULL) return THROW_NO_VM;
    if (!below(from, v)) return denied(v, CAP_KILL);
    if (capability <= 0 || (capability >= CAP_SEND && capability - CAP_SEND >= VMS))
        return THROW_NUMERIC_ARGUMENT;
    for (unsigned i = 0; i < VMS; i++) { /* and from those below it, who may have it from there */
        if (!vms[i].used || (&vms[i] != from && !below(&vms[i], from))) continue;
        if (capability >= CAP_SEND)
            vms[i].may_send &= ~((uint64_t)1 << (capability - CAP_SEND));
        else
            vms[i].caps &= ~capability;
    }
    return 0;
}
static int64_t device(struct vm *v, bool write, int64_t *args)
{
    if (!holds(v, CAP_MMIO)) return denied(v, CAP_MMIO);
    int64_t where = args[write ? 1 : 0];
    if (where < 0 || where >= REGISTERS * 8 || where % 8 != 0) return THROW_NO_DEVICE;
    if (!write) {
        args[0] = (int64_t)registers[where / 8];
        return 0;
    }
    registers[where / 8] = (uint64_t)args[0];
    if (where / 8 != RAISE || args[0] < 0 || args[0] >= INTERRUPTS) return 0;
    for (unsigned i = 0; i < VMS; i++)
        if (living(i) != NULL && vms[i].handlers[args[0]] != 0) {
            vms[i].raised |= (uint64_t)1 << args[0];
            forth_attend(vms[i].f);
        }
    return 0;
}
static int64_t interrupt_register(struct vm *v, int64_t line, int64_t token)
{
    if (!holds(v, CAP_IRQ)) return denied(v, CAP_IRQ);
    if (line < 0 || line >= INTERRUPTS) return THROW_NO_DEVICE;
    v->handlers[line] = token;
    return 0;
}
static int64_t next_event(struct vm *v, int64_t *args)
{
    args[3] = v->event_count > 0 ? -1 : 0;
    if (v->event_count == 0) return 0;
    struct event e = v->events[v->event_first];
    v->event_first = (v->event_first + 1) % EVENTS;
    v->event_count--;
    args[0] = e.vm;
    args[1] = e.kind;
    args[2] = e.code;
    return 0;
}

static int64_t word_locked(struct vm *v, unsigned word, int64_t args[4])
{
    switch (word) {
    case KERNEL_YIELD: give_turn(v); return stopped(v);
    case KERNEL_SPAWN: return spawn(v, forth_memory(v->f, args[0]), (size_t)args[1], args[2], &args[0]);
    case KERNEL_KILL:
        if (!holds(v, CAP_KILL)) return denied(v, CAP_KILL);
        if (args[0] == 0 || living(args[0]) == NULL) return THROW_NO_VM;
        if (!below(&vms[args[0]], v)) return denied(v, CAP_KILL);
        kill_vm(&vms[args[0]]);
        return 0;
    case KERNEL_STATUS:
        if (args[0] < 0 || args[0] >= VMS || !vms[args[0]].used) return THROW_NO_VM;
        args[0] = vms[args[0]].status;
        return 0;
    case KERNEL_SEND: return send_message(v, args[0], forth_memory(v->f, args[1]), (size_t)args[2]);
    case KERNEL_RECV: return receive(v, forth_memory(v->f, args[0]), (size_t)args[1], args[2] != 0, &args[0]);
    case KERNEL_FROM: args[0] = v->from == NOBODY ? -1 : v->from; return 0;
    case KERNEL_SELF: args[0] = number(v); return 0;
    case KERNEL_PARENT: args[0] = v->parent; return 0;
    case KERNEL_GRANT: return grant(v, args[0], args[1]);
    case KERNEL_REVOKE: return take_back(v, args[0], args[1]);
    case KERNEL_HAS: args[0] = holds(v, args[0]) ? -1 : 0; return 0;
    case KERNEL_MMIO_READ: return device(v, false, args);
    case KERNEL_MMIO_WRITE: return device(v, true, args);
    case KERNEL_IRQ: return interrupt_register(v, args[0], args[1]);
    case KERNEL_EVENT: return next_event(v, args);
    case KERNEL_SHARE:
        if (!holds(v, CAP_SHARE)) return denied(v, CAP_SHARE);
        return living(args[2]) == NULL ? THROW_NO_VM : THROW_UNSUPPORTED;
    default: return THROW_UNSUPPORTED;
    }
}
int64_t forth_port_kernel(struct forth_port *p, struct forth *f, unsigned word, int64_t args[4])
{
    pthread_mutex_lock(&lock);
    int64_t status = word_locked(p->vm, word, args);
    pthread_mutex_unlock(&lock);
    return status;
}

/* The end of a quantum: the next one's turn; interrupts that came meanwhile. */
int64_t forth_port_attention(struct forth_port *p, struct forth *f)
{
    struct vm *v = p->vm;
    if (v == NULL) return 0;
    pthread_mutex_lock(&lock);
    if (in_use > 1 && !v->killed) give_turn(v);
    int64_t status = stopped(v);
    uint64_t raised = v->raised;
    v->raised = 0;
    pthread_mutex_unlock(&lock);
    for (unsigned i = 0; status == 0 && raised != 0; i++, raised >>= 1)
        if ((raised & 1) != 0) status = forth_execute(f, v->handlers[i]);
    return status;
}
int64_t forth_port_sleep(struct forth_port *p, struct forth *f, uint64_t ns)
{
    struct vm *v = p->vm;
    uint64_t until = now() + (ns > (uint64_t)1 << 60 ? (uint64_t)1 << 60 : ns);
    int64_t status = 0;
    pthread_mutex_lock(&lock);
    while (status == 0 && now() < until) {
        uint64_t slice = now() + 50000000; /* Ctrl-C is looked for meanwhile */
        wait_for(v, until < slice ? until : slice);
        status = stopped(v);
        if (forth_attended(f)) break;
    }
    pthread_mutex_unlock(&lock);
    return status;
}
/* While a VM waits for its console, the others run. */
void arbiter_outside(struct forth_port *p)
{
    if (p->vm == NULL) return;
    pthread_mutex_lock(&lock);
    p->vm->status = VM_BLOCKED;
    choose(number(p->vm));
    pthread_mutex_unlock(&lock);
}
void arbiter_inside(struct forth_port *p)
{
    if (p->vm == NULL) return;
    pthread_mutex_lock(&lock);
    p->vm->status = VM_RUNNABLE;
    await_turn(p->vm);
    pthread_mutex_unlock(&lock);
}
