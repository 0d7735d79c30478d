/* The loader's host on Linux: mmap, mprotect, signals. */
#ifndef LOADER_PORT_HOSTED_HOST_H
#define LOADER_PORT_HOSTED_HOST_H

#include "loader/host.h"

/* The one host of the process: guarded memories up to LOADER_HOSTED_GUARDS at once. */
const struct loader_host *loader_hosted_host(void);

/* How many guarded memories may exist at once from now on (for tests of the checked path). */
void loader_hosted_set_guards(int count);

#define LOADER_HOSTED_GUARDS 1000 /* 8 GiB of addresses each: 8 TiB of the 128 there are */

#endif
