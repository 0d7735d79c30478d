/* The words of the kernel: hosted there is none to ask. */
#include "runtime/port/port.h"

bool port_kernel_word(struct port *p, struct port_word *w)
{
    return false;
}
