/* What the machine calls in the core.  Every function of this header is called with the kernel lock held and interrupts off.
 *
 * Life of a CPU: kernel_begin once; then, for ever, act on the answer of the last call:
 *   a context number  run that context: load its registers, those of kernel_frame(k, c) among them, in the address space
 *                     of kernel_domain(k, c);
 *   KERNEL_IDLE       halt until an interrupt;
 *   KERNEL_AGAIN      let pending interrupts in for a moment (leave the lock), then call kernel_continue.
 * and on an event call the function for it, having saved the registers of the context that ran.
 *
 * A word that does not switch answers the number of the calling context: the machine can then return at once. */
#ifndef KERNEL_KERNEL_H
#define KERNEL_KERNEL_H

#include "kernel/include/arch.h"

struct kernel;

#define KERNEL_IDLE 0xffffffffu
#define KERNEL_AGAIN 0xfffffffeu

/* ---- bring-up, in this order, on one CPU ---- */
/* Size of struct kernel.  The machine reserves that much kernel address space, page-aligned.  All of it reads as zero where it is
 * backed; what it must have backed beforehand is the first kernel_initial_bytes(). */
/*@ assigns \nothing; */
uint64_t kernel_bytes(void);
/*@ assigns \nothing; */
uint64_t kernel_initial_bytes(void);
/*@ requires \valid(k); assigns *k; */
void kernel_init(struct kernel *k, struct machine *m, uint32_t cpus);
/* Frames that nobody uses, in any number of runs. */
/*@ requires \valid(k); assigns *k; */
void kernel_add_memory(struct kernel *k, frame_number first, uint32_t frames);
/* Frames that hold the kernel, its tables or the boot image: no region of device memory may cover them.  At most 64 runs.  Memory added by
 * the two functions beside this one is protected already. */
/*@ requires \valid(k); assigns *k; */
bool kernel_protect(struct kernel *k, frame_number first, uint32_t frames);
/* Frames for devices that need contiguous memory: one run. */
/*@ requires \valid(k); assigns *k; */
void kernel_add_dma(struct kernel *k, frame_number first, uint32_t frames);
/* The root domain; its budget is all memory added so far; its capabilities are those of enum boot_slot. */
/*@ requires \valid(k); assigns *k; */
bool kernel_add_root(struct kernel *k);
/* A region of the boot image at a fixed address below BOOT_END, whose frames lie in a run, mapped into the root domain with `access`
 * and free of charge.  false: out of order, address taken or misaligned, table full. */
/*@ requires \valid(k); assigns *k; */
bool kernel_add_region(struct kernel *k, page_number page, frame_number first, uint32_t pages,
                       uint32_t access);
/* The root's first context on CPU 0; its argument register holds `argument`. */
/*@ requires \valid(k); assigns *k; */
bool kernel_add_context(struct kernel *k, uint64_t entry, uint64_t stack, uint64_t argument);

/* ---- events; each answers what to do next ---- */
/*@ requires \valid(k); assigns *k; */
uint32_t kernel_begin(struct kernel *k, uint32_t cpu);
/* The running context asked for a word: its registers are in kernel_frame. */
/*@ requires \valid(k); assigns *k; */
uint32_t kernel_word(struct kernel *k, uint32_t cpu);
/* The running context did what the hardware refused. */
/*@ requires \valid(k); assigns *k; */
uint32_t kernel_fault(struct kernel *k, uint32_t cpu, uint32_t kind, uint64_t address, uint64_t at);
/* An interrupt line fired; the machine has acknowledged it to its controller; the core masks the line until the driver is done. */
/*@ requires \valid(k); assigns *k; */
uint32_t kernel_interrupt(struct kernel *k, uint32_t cpu, uint32_t line);
/*@ requires \valid(k); assigns *k; */
uint32_t kernel_timer(struct kernel *k, uint32_t cpu);
/*@ requires \valid(k); assigns *k; */
uint32_t kernel_wake(struct kernel *k, uint32_t cpu);
/*@ requires \valid(k); assigns *k; */
uint32_t kernel_continue(struct kernel *k, uint32_t cpu);

/* ---- what a context is ---- */
/* Where the word registers of the context lie; stays the same as long as the kernel runs. */
/*@ requires \valid(k); assigns \nothing; */
struct word_frame *kernel_frame(struct kernel *k, uint32_t context);
/* Number of the address space in which it runs. */
/*@ requires \valid(k); assigns \nothing; */
uint32_t kernel_domain(struct kernel *k, uint32_t context);
/* Address of the context's page in its domain (the machine puts it where user code finds it: x86_64 gs base). */
/*@ requires \valid(k); assigns \nothing; */
uint64_t kernel_context_page_address(struct kernel *k, uint32_t context);

#endif
