/* What the portable core asks of the machine under it.  kernel/arch/{x86_64,aarch64,hosted} implement every function here; the
 * core calls nothing else.  No function of this header calls back into the core, none waits for anything but other CPUs'
 * answers to a shootdown, none fails: whatever could be missing is asked for beforehand.
 *
 * The core runs under the one kernel lock, which the machine takes before it calls the core and leaves after.
 *
 * The contracts (`assigns \nothing`: nothing of the core's state) are what proof/README.md assumes of the machine. */
#ifndef KERNEL_ARCH_H
#define KERNEL_ARCH_H

#include "abi/kernel.h"

struct machine; /* the machine's own state: the core only hands it on */

typedef uint32_t frame_number; /* physical page */
typedef uint64_t page_number;  /* virtual page: address / PAGE_BYTES */
#define FRAME_NONE 0xffffffffu
#define PAGES_PER_TABLE 512u /* pages that one table of the lowest level maps: 2 MiB */

/* Access of a mapping; the kernel never asks for write and execute at once. */
enum access {
    ACCESS_NONE = 0,
    ACCESS_READ = 1,
    ACCESS_WRITE = 2,
    ACCESS_EXECUTE = 4,
    ACCESS_DEVICE = 8 /* uncached */
};

/* ---- address spaces.  A domain's root is named by the domain's number (0 .. CORE_DOMAINS - 1). ---- */

/* An empty address space for the domain, with the kernel's half in it; `frame` becomes its root table. */
/*@ assigns \nothing; */
void arch_root_open(struct machine *m, uint32_t domain, frame_number frame);
/* No CPU runs in the domain any more and none will: forget its address space and what the TLBs hold of it.  Afterwards
 * arch_table_take gives back every table, the root last; linked tables are not among them. */
/*@ assigns \nothing; */
void arch_root_close(struct machine *m, uint32_t domain);

/* How many tables are missing, beyond those already given as spare, to map `pages` pages from `page` on; with `linked`, to
 * link tables there (page and pages then are multiples of PAGES_PER_TABLE). */
/*@ assigns \nothing; */
uint32_t arch_tables_needed(struct machine *m, uint32_t domain, page_number page, uint64_t pages,
                            bool linked);
/* A frame that the machine may use as a table of this domain. */
/*@ assigns \nothing; */
void arch_table_give(struct machine *m, uint32_t domain, frame_number frame);
/* Put spare tables where the range needs them, so that mapping (linked: linking) there finds them.  Pre: as many are spare as
 * arch_tables_needed said. */
/*@ assigns \nothing; */
void arch_tables_make(struct machine *m, uint32_t domain, page_number page, uint64_t pages, bool linked);
/* A table frame of the domain that is needed no longer, FRAME_NONE if there is none.  While the root is open this may, but need
 * not, find tables that have become empty. */
/*@ assigns \nothing; */
frame_number arch_table_take(struct machine *m, uint32_t domain);

/* Map one page; what was mapped there is replaced.  Pre: the tables are there. */
/*@ assigns \nothing; */
void arch_map(struct machine *m, uint32_t domain, page_number page, frame_number frame, uint32_t access);
/* Pages of the range that are not mapped are skipped.  Stale entries stay in TLBs until arch_shootdown. */
/*@ assigns \nothing; */
void arch_unmap(struct machine *m, uint32_t domain, page_number page, uint64_t pages);

/* ---- tables shared between domains: a region of 2 MiB or more owns the tables that map it ---- */
/* Make the frame an empty table. */
/*@ assigns \nothing; */
void arch_table_clear(struct machine *m, frame_number table);
/* Entry `index` (0 .. PAGES_PER_TABLE - 1) of such a table; ACCESS_NONE empties it. */
/*@ assigns \nothing; */
void arch_table_set(struct machine *m, frame_number table, uint32_t index, frame_number frame,
                    uint32_t access);
/* Let the domain see the table at `page` (a multiple of PAGES_PER_TABLE), with at most `access`. */
/*@ assigns \nothing; */
void arch_link(struct machine *m, uint32_t domain, page_number page, frame_number table, uint32_t access);
/*@ assigns \nothing; */
void arch_unlink(struct machine *m, uint32_t domain, page_number page);

/* When it returns, no CPU holds a stale translation of the range in this domain.  Called once after a batch of changes. */
/*@ assigns \nothing; */
void arch_shootdown(struct machine *m, uint32_t domain, page_number page, uint64_t pages);

/* ---- frames ---- */
/*@ assigns \nothing; */
void arch_frame_zero(struct machine *m, frame_number frame);
/*@ assigns \nothing; */
void arch_frame_copy(struct machine *m, frame_number to, frame_number from);
/* A word of 8 bytes in a frame; index 0 .. 511.  The core keeps its list of free frames in the frames themselves. */
/*@ assigns \nothing; */
uint64_t arch_frame_read(struct machine *m, frame_number frame, uint32_t index);
/*@ assigns \nothing; */
void arch_frame_write(struct machine *m, frame_number frame, uint32_t index, uint64_t value);
/* The kernel's own address of a frame that holds the page of a context. */
/*@ assigns \nothing; ensures \valid(\result); */
struct context_page *arch_context_page(struct machine *m, frame_number frame);

/* ---- memory of the kernel state: struct kernel is large and sparse ---- */
/* Whether page `index` of struct kernel has memory behind it. */
/*@ assigns \nothing; */
bool arch_state_backed(struct machine *m, uint64_t index);
/* Put the frame, zeroed, behind it. */
/*@ assigns \nothing; */
void arch_state_back(struct machine *m, uint64_t index, frame_number frame);

/* ---- contexts.  A context is named by its number (0 .. CORE_CONTEXTS - 1); the machine keeps its registers, except those
 * of struct word_frame, which lie in the core (kernel_frame). ---- */

/* The registers with which a context begins: the stack pointer, the first argument register (frame.arg[0], set by the core),
 * interrupts on, all else zero. */
/*@ assigns \nothing; */
void arch_context_init(struct machine *m, uint32_t context, uint64_t entry, uint64_t stack);
/*@ assigns \nothing; */
void arch_context_end(struct machine *m, uint32_t context);
/* The context goes on at `entry` with `stack` when it next runs; what it did is kept aside (one level) and comes back by
 * arch_context_return, word frame included. */
/*@ assigns \nothing; */
void arch_context_divert(struct machine *m, uint32_t context, uint64_t entry, uint64_t stack,
                         const struct word_frame *frame);
/*@ requires \valid(frame); assigns *frame; */
void arch_context_return(struct machine *m, uint32_t context, struct word_frame *frame);
/* Registers for debuggers: indices as in the machine's abi header; beyond ARCH_REGISTERS of it, 0 and ignored. */
/*@ assigns \nothing; */
uint64_t arch_context_register(struct machine *m, uint32_t context, uint32_t index);
/*@ assigns \nothing; */
void arch_context_set_register(struct machine *m, uint32_t context, uint32_t index, uint64_t value);

/* ---- CPUs and time ---- */
/* Let the CPU call kernel_wake soon (inter-processor interrupt); the CPU may be the calling one. */
/*@ assigns \nothing; */
void arch_cpu_wake(struct machine *m, uint32_t cpu);
/* Nanoseconds since some moment before the kernel began; never goes back, the same on every CPU. */
/*@ assigns \nothing; */
uint64_t arch_clock_ns(struct machine *m);
/* Let the CPU call kernel_timer at or after the deadline; a new deadline replaces the old one; DEADLINE_NEVER: none.  Only called for the
 * CPU on which the core runs. */
/*@ assigns \nothing; */
void arch_timer_set(struct machine *m, uint32_t cpu, uint64_t deadline_ns);
/*@ assigns \nothing; */
uint64_t arch_wall_clock_us(struct machine *m);
/*@ assigns \nothing; */
void arch_wall_clock_set(struct machine *m, uint64_t us);
/*@ assigns \nothing; */
uint64_t arch_entropy(struct machine *m);

/* ---- devices ---- */
/* Lines are numbered 0 .. CORE_INTERRUPTS - 1 (x86_64: global system interrupts).  A line starts masked. */
/*@ assigns \nothing; */
void arch_interrupt_mask(struct machine *m, uint32_t line);
/*@ assigns \nothing; */
void arch_interrupt_unmask(struct machine *m, uint32_t line);
/*@ assigns \nothing; */
uint32_t arch_port_read(struct machine *m, uint32_t port, uint32_t bytes);
/*@ assigns \nothing; */
void arch_port_write(struct machine *m, uint32_t port, uint32_t bytes, uint32_t value);
/*@ assigns \nothing; */
void arch_log_byte(struct machine *m, uint8_t byte);
/* On the machine it does not return.  Hosted it notes the request. */
/*@ assigns \nothing; */
void arch_power(struct machine *m, uint32_t kind);

#endif
