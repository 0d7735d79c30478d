/* A runtime as a file: written once it was brought up, opened at every later start. */
#ifndef RUNTIME_SCHED_IMAGE_H
#define RUNTIME_SCHED_IMAGE_H

#include "runtime/sched/system.h"

/* Write the system, which has one scheduler and does not run; processes that wait are kept.  Pre: port_image_begin() was
 * called before system_new().  fingerprint: of the sources it was brought up from. */
bool system_write_image(struct system *s, const char *path, uint64_t fingerprint);
/* The system as it was written, with the schedulers and the memory limit of `o`; NULL: no such image, or it is not of this
 * program and these sources. */
struct system *system_open_image(struct port *port, const char *path, uint64_t fingerprint,
                                 const struct system_options *o);

#endif
