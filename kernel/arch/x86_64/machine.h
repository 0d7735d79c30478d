/* State of the machine and the parts of its HAL.  docs/design/hal.md has the invariants.
 *
 * M1  A CPU in the kernel runs with interrupts off, but for the moment in machine_run() when it idles or lets interrupts in;
 *     an interrupt that comes then does not return: it ends in a new decision on an empty stack.
 * M2  While a context runs, cpu->frame, cpu->save and the TSS's rsp0 are its own; the hardware pushes its interrupt frame right
 *     into cpu->save.
 * M3  Registers of a context that does not run are in its save area, its word frame and its FPU area, all of them.
 * M4  Page tables are changed under the kernel lock only. */
#ifndef KERNEL_ARCH_X86_64_MACHINE_H
#define KERNEL_ARCH_X86_64_MACHINE_H

#include "abi/bootinfo.h"
#include "kernel/acpi/acpi.h"
#include "kernel/arch/x86_64/cpu.h"
#include "kernel/arch/x86_64/layout.h"
#include "kernel/arch/x86_64/log.h"
#include "kernel/include/kernel.h"
#include "spec/kernel_limits.h"

#define CONTEXT_NONE 0xfffffffdu /* no answer of the core */
#define DOMAIN_NONE 0xffffffffu
#define KERNEL_STATE 0xffffff0000000000ull /* where struct kernel lies */
#define FPU_BYTES 512                      /* FXSAVE: x87 and SSE; AVX is not offered to contexts */

/* Registers of a context that struct word_frame does not have; the hardware's interrupt frame is its end.  Offsets: layout.h. */
struct save {
    uint64_t pad; /* so that the end is 16-aligned */
    uint64_t r15, r14, r13, r12, rbp, rbx, r11, rcx;
    uint64_t vector, error; /* SAVE_WORD: it left by a word and may return by sysret */
    uint64_t rip, cs, flags, rsp, ss;
};

struct __attribute__((aligned(64))) context {
    struct save save; /* its end is 16-aligned, as the hardware wants */
    struct save kept; /* arch_context_divert */
    struct word_frame kept_frame;
    uint8_t fpu[FPU_BYTES] __attribute__((aligned(64)));
};

struct __attribute__((packed)) tss {
    uint32_t reserved;
    uint64_t rsp[3], reserved2, ist[7], reserved3;
    uint16_t reserved4, io_map;
};

#define GDT_ENTRIES 8
#define IST_BYTES 4096
enum { IST_NMI = 1, IST_DOUBLE_FAULT, IST_MACHINE_CHECK, IST_COUNT = IST_MACHINE_CHECK };

/* One a CPU, at gs while in the kernel.  The first members' offsets: layout.h. */
struct cpu {
    struct cpu *self;
    struct word_frame *frame;
    struct save *save;
    uint64_t stack_top;
    uint64_t scratch;
    uint32_t context; /* that runs, or CONTEXT_NONE */
    uint32_t index;
    uint32_t domain; /* whose address space is loaded; atomic, read by others for shootdowns */
    uint32_t apic_id;
    uint32_t started;              /* atomic */
    uint32_t shootdown_seen;       /* atomic: machine.shootdown.number answered */
    uint64_t entered, longest_off; /* interrupts off: cycles */
    struct save nowhere;           /* where cpu->save points when registers need not be kept */
    uint64_t gdt[GDT_ENTRIES] __attribute__((aligned(16)));
    struct tss tss __attribute__((aligned(16)));
    uint8_t ist[IST_COUNT][IST_BYTES] __attribute__((aligned(16)));
    uint8_t stack[KERNEL_STACK_BYTES] __attribute__((aligned(16)));
};

struct features {
    bool smep, smap, umip, x2apic, deadline, pcid, invariant_tsc, rdrand, rdseed;
};

/* The one shootdown under way: the kernel lock is held by who asked. */
struct shootdown {
    uint32_t number; /* atomic */
    uint32_t domain;
    uint64_t page, pages;
    bool leave; /* the address space is going: load the kernel's own */
};

struct machine {
    struct kernel *kernel;
    struct bootinfo info; /* a copy */
    uint64_t kernel_root; /* CR3 */
    struct features features;
    uint32_t released; /* atomic: other CPUs may go on */
    struct cpu *cpus[CORE_CPUS];
    uint32_t cpu_count;
    struct acpi_platform platform;
    struct shootdown shootdown;
    /* time */
    uint64_t tsc_base, tsc_hz;
    uint64_t tsc_to_ns;  /* 32.32 */
    uint64_t ns_to_tick; /* 32.32; TSC ticks or local timer ticks */
    uint64_t wall_offset_us;
    /* local APIC */
    volatile uint32_t *apic;
    volatile uint32_t *hpet;
    uint64_t apic_timer_hz;
    /* memory */
    uint64_t bump, bump_end; /* of early allocation */
    uint64_t memory_bytes;
    uint64_t *state_tables; /* page tables of struct kernel */
    frame_number roots[CORE_DOMAINS], spares[CORE_DOMAINS];
    uint32_t spare_counts[CORE_DOMAINS];
    bool closed[CORE_DOMAINS]; /* being given back */
    struct context *contexts;
    /* entropy */
    uint8_t pool[32];
    uint64_t pool_count;
    /* screen */
    struct {
        uint32_t *pixels;
        uint32_t columns, rows, column, row, stride;
    } screen;
};

extern struct machine
    machine; /* the kernel's only writable global of the machine: kernel/arch/x86_64/start.c */

static inline struct cpu *this_cpu(void)
{
    struct cpu *c;
    __asm__("movq %%gs:0, %0" : "=r"(c));
    return c;
}
static inline void *physical(uint64_t address)
{
    return (void *)(DIRECT_MAP + address);
}
static inline void *frame_at(frame_number frame)
{
    return physical((uint64_t)frame << PAGE_SHIFT);
}
static inline struct context *context_at(uint32_t context)
{
    return &machine.contexts[context];
}

/* ---- start.c, memory.c ---- */
uint64_t early_pages(uint64_t bytes); /* zeroed, physical; panics when there are none */
void memory_start(void);              /* choose the range for early_pages */
void memory_hand_over(void);          /* the rest to the core */
void core_start(void);                /* struct kernel, and its memory */
void *map_device(uint64_t address, uint64_t bytes);

/* ---- tables.c: GDT, TSS, IDT ---- */
void tables_load(struct cpu *c);

/* ---- features.c ---- */
void features_find(void);
void features_enable(void); /* on the calling CPU */

/* ---- apic.c ---- */
enum vector {
    VECTOR_LINE = 0x30, /* + line, up to the timer's */
    VECTOR_TIMER = 0xf0,
    VECTOR_WAKE,
    VECTOR_SHOOTDOWN,
    VECTOR_SPURIOUS = 0xff
};
#define MACHINE_LINES (VECTOR_TIMER - VECTOR_LINE)
void apic_start(void); /* on the calling CPU */
void apic_end_of_interrupt(void);
void apic_send(uint32_t apic_id, uint32_t vector);
void apic_send_nmi_to_others(void);
void apic_start_cpu(uint32_t apic_id, uint32_t page);
void apic_timer_arm(uint64_t ticks);
void apic_timer_calibrate(void);
void ioapic_start(void);

/* ---- clock.c ---- */
void clock_start(void);
void wait_us(uint64_t us);

/* ---- smp.c ---- */
void cpus_start(void);
void cpus_release(void);
void shootdown_answer(void);
void machine_stop_others(void);

/* ---- run.c ---- */
NORETURN void machine_begin(void); /* this CPU belongs to the core from here on */
void kernel_lock(void);
void kernel_unlock(void);

/* ---- entropy.c ---- */
void entropy_start(void);

/* ---- screen.c ---- */
void screen_start(void);
void screen_write(const char *text, size_t bytes);

/* ---- root.c ---- */
void root_start(void); /* the root domain from the boot image */

/* ---- dump.c ---- */
void crash_dump(void);

#endif
