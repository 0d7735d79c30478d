/* From the bare runtime to the language: the files of lib/lona/boot.order, form by form. */
#ifndef RUNTIME_PORT_HOSTED_BOOT_H
#define RUNTIME_PORT_HOSTED_BOOT_H

#include "runtime/sched/system.h"

bool boot_language(struct system *s);                   /* false: a form failed, and why was printed */
int boot_main(struct system *s, int argc, char **argv); /* run (lona.main/main args); the exit code */

#endif
