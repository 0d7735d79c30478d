/* A Forth 2012 system as a library: an instance has a dictionary, stacks and a data space of its own, and reaches nothing else.
 * See docs/design/forth.md. */
#ifndef FORTH_FORTH_H
#define FORTH_FORTH_H

#include "base/types.h"
#include "forth/port.h"

struct forth_config {
    uint64_t data_bytes;   /* the data space, dictionary and heap together; 0: 64 MiB */
    uint32_t words, units; /* limits of the dictionary and of compiled code; 0: 1 Mi and 8 Mi */
    bool native;           /* translate to machine code where there is a translator */
    bool eager; /* each word when it is first run, not just what is worth it: for tests */
};

/* NULL: no memory. */
struct forth *forth_new(struct forth_port *port, const struct forth_config *config);
void forth_free(struct forth *f);

/* Interpret text / a file; the status is 0 or the code thrown.  What went wrong and where is reported by forth_report. */
int64_t forth_text(struct forth *f, const char *text, size_t size);
int64_t forth_file(struct forth *f, const char *name, size_t size);
/* Lines from the console until BYE or the end of input; the exit code. */
int forth_console(struct forth *f);
/* Say on the console what a status not 0 means, and at which word of which line. */
void forth_report(struct forth *f, int64_t status);
/* BYE was executed: status of what was interrupted by it, and its exit code. */
bool forth_is_bye(const struct forth *f, int64_t status, int *exit_code);

/* From any thread or signal: the instance asks its port (forth_port_attention) at the next jump backwards or call. */
void forth_attend(struct forth *f);

void forth_interrupt(struct forth *f); /* the same, and what runs throws -28 */
/* The stack of the machine must not go below that address: set before anything runs, from the thread that runs it. */
void forth_stack(struct forth *f, uintptr_t low);

bool forth_attended(const struct forth *f); /* it has not looked since */
/* For the port: a place of the data space that a kernel word named (checked before), and running a word of the instance. */
void *forth_memory(struct forth *f, int64_t address);
int64_t forth_execute(struct forth *f, int64_t token);

/* The n-th name, newest first, that begins with those bytes; its size, 0 if there is none.  For completion. */
size_t forth_complete(struct forth *f, const char *prefix, size_t size, unsigned n, char to[64]);

enum {
    FORTH_STATUS_BYE = -0x10001,
    FORTH_STATUS_KILLED = -0x10002,
};

#endif
