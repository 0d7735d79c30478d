#include "runtime/sched/image.h"

#include "runtime/gc/arena.h"
#include "runtime/sched/domain.h"
#include "runtime/sched/scheduler.h"

bool system_write_image(struct system *s, const char *path, uint64_t fingerprint)
{
    return s->scheduler_count == 1 && port_image_write(s->port, path, s, fingerprint);
}

struct system *system_open_image(struct port *port, const char *path, uint64_t fingerprint,
                                 const struct system_options *o)
{
    struct system *s = port_image_map(port, path, fingerprint);
    if (s == NULL) return NULL;
    s->port = port;
    s->arena->memory.port = port;
    s->shared->started = 0;
    port_entropy(port, &s->shared->boot_nonce, sizeof s->shared->boot_nonce);
    if (o->memory_bytes != 0) s->root->own_budget.limit_bytes = o->memory_bytes;
    if (!schedulers_set_count(s, o->schedulers)) port_panic(port, "not enough memory to start");
    return s;
}
