/* What the port to the kernel keeps.  Private to this folder.
 *
 * K1  One region, made first, holds everything with a fixed address: the arena at ARENA_BASE and, behind it, the image's
 *     memory and all later blocks.  The kernel puts the first region of that size always at the same place.
 * K2  A context waits on a kernel signal of its own; a struct port_signal says in `waiters` which context waits for it. */
#ifndef RUNTIME_PORT_KERNEL_KERNEL_H
#define RUNTIME_PORT_KERNEL_KERNEL_H

#include "abi/rootinfo.h"
#include "abi/word.h"
#include "runtime/port/port.h"
#include "spec/limits.h"

#define PORT_CONTEXTS 16
#define PORT_STACK_BYTES 0x180000ull
#define BLOCKS_BASE (ARENA_BASE + ARENA_SIZE)
#define MEMORY_BYTES (2 * ARENA_SIZE)
#define BLOCKS_END (ARENA_BASE + MEMORY_BYTES)
#define FREE_EXTENTS 2048
#define INPUT_BYTES 1024 /* a power of two */

/* Bits of a context's kernel signal. */
#define WAKE_RAISED 1ull
#define WAKE_INPUT 2ull

struct port_context {
    uint64_t page_address; /* its struct context_page */
    handle signal;
    void (*run)(void *);
    void *argument;
    struct port *port;
    uint32_t index;
    uint32_t done; /* atomic; run has returned */
    struct port_signal joined;
    uint64_t stack;
};

struct extent {
    uint64_t at, bytes;
};

struct port {
    const struct rootinfo *info;
    handle memory; /* the region of K1 */
    uint32_t lock; /* atomic: extents and input */
    uint32_t cpus;
    uint64_t clock_offset_ns;
    uint32_t extent_count;
    struct extent extents[FREE_EXTENTS]; /* free addresses behind BLOCKS_BASE, ascending */
    struct port_context contexts[PORT_CONTEXTS];
    struct port_signal *console_signal, *interrupt_signal;
    uint64_t console_bit, interrupt_bit;
    bool raw;
    bool claimed;          /* a driver of the language serves the UART */
    uint32_t device_event; /* atomic */
    uint32_t input_first, input_count;
    uint8_t input[INPUT_BYTES];
};

/* A word with up to six arguments; its status, with the first result in *result if that is not NULL. */
uint64_t word(uint64_t *result, uint64_t number, uint64_t a, uint64_t b, uint64_t c, uint64_t d, uint64_t e);
static inline struct port_context *context_self(void)
{
    return context_local();
}
void port_lock(struct port *p);
void port_unlock(struct port *p);
void log_write(struct port *p, const char *text, size_t bytes);
bool memory_start(struct port *p);
bool blocks_take(struct port *p, uint64_t at,
                 uint64_t bytes); /* addresses that an image has; false: not free */
void console_start(struct port *p);
void console_event(struct port *p); /* the UART's interrupt came */
void console_drain(struct port *p); /* what the UART has, into the ring; wakes who waits for it */
bool context_signal_make(struct port *p, struct port_context *c);
/* The image of the language in the boot image's region of that name; NULL: none, or damaged. */
void *image_open(struct port *p, const char *name);

#endif
