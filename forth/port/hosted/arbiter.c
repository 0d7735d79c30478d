#include <stdlib.h>
#include "forth/kernel.h"
#include "forth/port/hosted/hosted.h"
#include <time.h>
struct vm {
    struct forth *f;
};
static struct vm root_vm;
struct vm *arbiter_root(struct forth_port *port, struct forth *f, bool quiet)
{
    root_vm.f = f;
    return &root_vm;
}
void arbiter_end(struct vm *root) {}
void arbiter_interrupt(void)
{
    if (root_vm.f) forth_interrupt(root_vm.f);
}
bool arbiter_may(struct forth_port *p, int64_t capability)
{
    return true;
}
int64_t forth_port_attention(struct forth_port *p, struct forth *f)
{
    return 0;
}
int64_t forth_port_kernel(struct forth_port *p, struct forth *f, unsigned word, int64_t args[4])
{
    return THROW_UNSUPPORTED;
}
int64_t forth_port_sleep(struct forth_port *p, struct forth *f, uint64_t ns)
{
    struct timespec t = {(time_t)(ns / 1000000000u), (long)(ns % 1000000000u)};
    nanosleep(&t, NULL);
    return 0;
}
