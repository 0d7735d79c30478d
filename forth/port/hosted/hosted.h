/* What the hosted port's own files share. */
#ifndef FORTH_PORT_HOSTED_H
#define FORTH_PORT_HOSTED_H

#include <termios.h>

#include "forth/forth.h"
#include "forth/throw.h"

/* What this host has a translator for. */
#ifdef __x86_64__
#define HOST_HAS_TRANSLATOR true
#else
#define HOST_HAS_TRANSLATOR false
#endif

struct vm; /* arbiter.c: what the program's instances are to each other */

#define PORT_FILES 64
#define MEMORY_BLOCKS 4096
struct forth_port {
    struct vm *vm;
    int files[PORT_FILES]; /* descriptor + 1, 0: free */
    char out[4096];
    size_t out_size;
    /* blocks: a file, or memory */
    int block_file; /* descriptor, -1: memory */
    uint8_t *block_memory;
    bool block_written[MEMORY_BLOCKS]; /* the others are blank */
    uint64_t block_count;
    bool terminal;
    struct forth_port *shared_blocks; /* whose blocks these are, if not its own */
};

/* A port for one instance; blocks from that file, made if it is missing; NULL: blocks.fb if it is there, else memory. */
struct forth_port *forth_port_hosted_new(const char *block_file);
void forth_port_hosted_free(struct forth_port *p);
uintptr_t forth_port_stack_low(void); /* of the calling thread, with room for C code beneath */

/* ---- edit.c: a line from a person ---- */
int64_t edit_line(struct forth *f, char *to, size_t max);
void edit_restore(void);

/* ---- arbiter.c ---- */
struct vm *arbiter_root(struct forth_port *port, struct forth *f, bool quiet, bool quanta, bool native);
void arbiter_end(struct vm *root);
void arbiter_interrupt(void); /* from a signal handler: the VM that holds the console */
bool arbiter_may(struct forth_port *p, int64_t capability); /* false: denied, and told to the parent */
void arbiter_outside(struct forth_port *p);                 /* around what blocks in the host */
void arbiter_inside(struct forth_port *p);

#endif
