/* The public contract of the kernel: handles, rights, statuses, the word calling convention, the page of a context.
 *
 * A word on x86_64 is `syscall` with the word's number in rax and up to six arguments in rdi, rsi, rdx, r10, r8, r9.  It answers
 * a status in rax and results in the same six registers (those that a word does not set keep what the caller put there); rcx
 * and r11 are lost, all else is kept.  On aarch64: x8 and x0..x5, by `svc 0`; the status comes back in x8.
 *
 * Messages and arrays of handles lie in the calling context's page (struct context_page), which is pinned and which the
 * kernel reads exactly once. */
#ifndef ABI_KERNEL_H
#define ABI_KERNEL_H

#include "base/types.h"

#define PAGE_BYTES 4096u
#define PAGE_SHIFT 12

/* ---- handles: generation in the upper half, slot in the lower; 0 is no handle ---- */
typedef uint64_t handle;
#define HANDLE_NONE 0ull

/* ---- rights as a mask ---- */
enum right_mask {
#define RIGHT(bit, name, doc) RIGHT_##name = 1 << (bit),
#include "spec/rights.def"
#undef RIGHT
    RIGHT_all = (1 << 10) - 1
};

/* ---- kinds of objects: what cap-identify answers ---- */
enum object_kind {
#define OBJECT(number, NAME, name, doc) OBJECT_##NAME = (number),
#include "spec/objects_kernel.def"
#undef OBJECT
    OBJECT_KINDS
};

/* ---- statuses ---- */
enum status {
#define STATUS(number, NAME, name, doc) STATUS_##NAME = (number),
#include "spec/statuses.def"
#undef STATUS
    STATUS_KINDS
};

/* ---- word numbers ---- */
enum kernel_word {
#define KERNEL_WORD(number, NAME, name, arguments, results, object, right, errors, doc)                      \
    KERNEL_WORD_##NAME = (number),
#include "spec/words.def"
    KERNEL_WORD_END
};

/* What a word takes and gives: the word's number or status, and the six registers.  The machine's entry code writes it,
 * the core reads and writes it, the machine's exit code loads it. */
#define WORD_ARGUMENTS 6
struct word_frame {
    uint64_t word;   /* in: number; out: status */
    uint64_t arg[6]; /* in: arguments; out: results */
};

/* ---- messages ---- */
#define MESSAGE_BYTES 1024
#define MESSAGE_HANDLES 4
#define MESSAGE_WORDS 4 /* of a call or reply that stays in registers */

/* One page per context, readable and writable in its domain and mapped for the kernel as well. */
struct context_page {
    uint32_t
        preemption_pending; /* the kernel sets 1: yield soon, or be preempted the hard way; yield clears it */
    uint32_t context;       /* number of the context, for diagnosis */
    uint64_t domain;        /* handle by which the domain names itself: read and manage */
    uint64_t out_handle[MESSAGE_HANDLES];
    uint64_t in_handle[MESSAGE_HANDLES]; /* handles installed with the last message received */
    uint8_t out_bytes[MESSAGE_BYTES];
    uint8_t in_bytes[MESSAGE_BYTES];
};

/* ---- time ---- */
#define DEADLINE_POLL 0ull     /* do not wait */
#define DEADLINE_NEVER (~0ull) /* wait without limit; else nanoseconds of `clock` */

/* ---- region states and the operations on them ---- */
enum region_state {
#define REGION_STATE(number, NAME, doc) REGION_##NAME = (number),
#define TRANSITION(from, operation, to)
#include "spec/ownership.def"
#undef REGION_STATE
#undef TRANSITION
    REGION_STATES
};

/* ---- faults, as reported to a supervisor: the bytes of the message ---- */
enum fault_kind {
    FAULT_READ,
    FAULT_WRITE,
    FAULT_EXECUTE,
    FAULT_INSTRUCTION,
    FAULT_ARITHMETIC,
    FAULT_BREAKPOINT,
    FAULT_STEP,
    FAULT_OTHER
};
struct fault_report {
    uint64_t domain; /* number of the domain's object */
    uint64_t context;
    uint64_t kind;    /* enum fault_kind */
    uint64_t address; /* touched */
    uint64_t at;      /* address of the instruction */
};

/* ---- what a monitor hears: bit numbers relative to the bit it chose ---- */
enum monitor_event { MONITOR_END, MONITOR_SUSPEND, MONITOR_FAULT, MONITOR_EVENTS };

/* ---- power ---- */
enum power_kind { POWER_OFF, POWER_RESET };

/* ---- the root domain finds these capabilities at fixed handles ---- */
#define BOOT_HANDLE(slot) ((1ull << 32) | (slot))
enum boot_slot {
    BOOT_SLOT_DOMAIN = 1, /* itself, all rights */
    BOOT_SLOT_CONTEXT,    /* its first context */
    BOOT_SLOT_SPAWN,
    BOOT_SLOT_CODE,
    BOOT_SLOT_POWER,
    BOOT_SLOT_TIME,
    BOOT_SLOT_LOG,
    BOOT_SLOT_POLICY,
    BOOT_SLOT_INTERRUPT, /* all lines */
    BOOT_SLOT_PORTS,     /* all ports */
    BOOT_SLOT_MEMORY,    /* all device memory */
    BOOT_SLOT_DMA,       /* the whole pool */
    BOOT_SLOT_REGIONS    /* first of the boot image's regions, in the order in which they were added */
};

#endif
