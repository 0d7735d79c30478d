/* Signals: 64 bits to wait for, with a timer; monitors and interrupts raise bits as well. */
#ifndef KERNEL_CORE_SIGNAL_H
#define KERNEL_CORE_SIGNAL_H

#include "kernel/core/state.h"

/* Sets bits; wakes the context that waits for one of them. */
/*@ requires \valid(k);
    assigns *k; */
void signal_raise(struct kernel *k, uint32_t signal, uint64_t bits);

/* The same for a signal by its object and life: nothing happens if it is dead. */
/*@ requires \valid(k);
    assigns *k; */
void signal_raise_object(struct kernel *k, uint32_t object, uint32_t life, uint64_t bits);

/*@ requires \valid(k);
    assigns *k; */
void signal_timer_due(struct kernel *k, uint32_t signal);

/* The context waits no longer, if it waited for a signal. */
/*@ requires \valid(k);
    assigns *k; */
void signal_stop_waiting(struct kernel *k, uint32_t c);

/*@ requires \valid(k);
    assigns *k; */
void signal_make(struct kernel *k, uint32_t signal);
/* Gives everything back; one step is enough. */
/*@ requires \valid(k);
    assigns *k; */
bool signal_reap(struct kernel *k, uint32_t signal);

/* Tells everybody who monitors the domain. */
/*@ requires \valid(k);
    assigns *k; */
void monitors_tell(struct kernel *k, uint32_t domain, uint32_t event);
/* Frees some of the monitors on a domain; true: none is left. */
/*@ requires \valid(k);
    assigns *k; */
bool monitors_reap(struct kernel *k, uint32_t domain);

#endif
