/* What the hosted port keeps.  Private to this folder. */
#ifndef RUNTIME_PORT_HOSTED_HOSTED_H
#define RUNTIME_PORT_HOSTED_HOSTED_H

#include <pthread.h>
#include <termios.h>

#include "runtime/port/port.h"

#define PORT_CONTEXTS 64

struct port_context {
    pthread_t thread;
    void (*run)(void *);
    void *argument;
    bool started;
};

struct port {
    uintptr_t image_next;     /* atomic; where the next memory goes while an image is being made; 0: anywhere */
    uint64_t clock_offset_ns; /* an image's clock goes on from when it was written */
    struct port_context contexts[PORT_CONTEXTS];
    /* Console input: a thread polls standard input when somebody waits for it, so that no scheduler blocks. */
    pthread_mutex_t console_lock;
    pthread_cond_t console_asked;
    pthread_t console_thread;
    bool console_running, console_wanted;
    struct port_signal *console_signal;
    uint64_t console_bit;
    int output[2];     /* file descriptors for streams 1 and 2, that do not block where the host has such */
    bool own_output[2];
    bool raw;
    struct termios cooked;
};

struct port *port_hosted_new(void);
void port_hosted_free(struct port *p);
/* Put the terminal back as it was found; safe in a signal handler's or exit's last moments. */
void port_hosted_restore_terminal(struct port *p);

#endif
