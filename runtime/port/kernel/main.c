/* The root domain: opens the language's image and runs its main function. */
#include "runtime/port/kernel/kernel.h"
#include "runtime/sched/domain.h"
#include "runtime/sched/image.h"
#include "runtime/sched/scheduler.h"

#define IMAGE_NAME "lona.img"
#define MAIN "lona.machine/main"

NORETURN void _start(const struct rootinfo *info);

/* The port's own memory: a region of its own. */
static struct port *port_make(const struct rootinfo *info)
{
    struct word_frame f = {KERNEL_WORD_REGION_CREATE, {(sizeof(struct port) + PORT_PAGE - 1) / PORT_PAGE, 1}};
    if (word_call(&f) != STATUS_OK) return NULL;
    struct port *p = (struct port *)f.arg[1];
    p->info = info;
    p->cpus = info->cpus < PORT_CONTEXTS ? info->cpus : PORT_CONTEXTS;
    p->contexts[0] = (struct port_context){.page_address = info->context_page, .port = p};
    context_set_local(&p->contexts[0]);
    return context_signal_make(p, &p->contexts[0]) ? p : NULL;
}

static void run_main(struct system *s)
{
    struct process *p = process_new(&s->schedulers[0], s->root);
    struct cell *main = domain_cell_named(s->root, MAIN, false);
    if (p == NULL || main == NULL || main->content == VAL_UNBOUND)
        port_panic(s->port, "the image has no " MAIN);
    value none = NIL;
    struct spawn_options o = {.name = NIL, .watch = true};
    if (process_spawn(p, main->content, &none, 1, &o) == 0) port_panic(s->port, MAIN " cannot be started");
    struct message *reason = system_run_watched(s);
    if (reason != NULL) message_free(s, s->root, reason);
}

NORETURN void _start(const struct rootinfo *info)
{
    struct port *p = port_make(info);
    if (p == NULL) __builtin_trap();
    if (!memory_start(p)) port_panic(p, "the region for all memory lies at another place");
    console_start(p);
    struct system_options o = {.schedulers = p->cpus};
    struct system *s = system_open_image(p, IMAGE_NAME, 0, &o);
    if (s == NULL) port_panic(p, "the image of the language cannot be opened");
    s->lib_root = "";
    run_main(s);
    port_exit(p, s->shared->exit_asked ? s->shared->exit_code : 0);
}
