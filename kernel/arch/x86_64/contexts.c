/* Registers of contexts. */
#include "base/mem.h"
#include "abi/x86_64.h"
#include "kernel/arch/x86_64/machine.h"

#define FLAGS_START 0x202 /* interrupts on */
#define USER_LIMIT (1ull << 47)

void arch_context_init(struct machine *m, uint32_t context, uint64_t entry, uint64_t stack)
{
    struct context *x = context_at(context);
    memset(x, 0, sizeof *x);
    x->save.rip = entry & (USER_LIMIT - 1);
    x->save.rsp = stack;
    x->save.flags = FLAGS_START;
    x->save.cs = SELECTOR_USER_CODE;
    x->save.ss = SELECTOR_USER_DATA;
    x->fpu[0] = 0x7f; /* FCW: all exceptions masked, 64-bit precision */
    x->fpu[1] = 0x03;
    x->fpu[24] = 0x80; /* MXCSR: all exceptions masked */
    x->fpu[25] = 0x1f;
}

void arch_context_end(struct machine *m, uint32_t context) {}

void arch_context_divert(struct machine *m, uint32_t context, uint64_t entry, uint64_t stack,
                         const struct word_frame *frame)
{
    struct context *x = context_at(context);
    x->kept = x->save;
    x->kept_frame = *frame;
    x->save.vector = 0;
    x->save.rip = entry & (USER_LIMIT - 1);
    x->save.rsp = stack;
    x->save.flags = FLAGS_START;
}

/* The context may be running, in the midst of the word that asks for this: its registers of this moment are dropped. */
void arch_context_return(struct machine *m, uint32_t context, struct word_frame *frame)
{
    struct cpu *c = this_cpu();
    struct context *x = context_at(context);
    if (c->context == context) {
        __asm__ volatile("fxsave64 %0" : "=m"(x->fpu));
        c->context = CONTEXT_NONE;
        c->save = &c->nowhere;
    }
    x->save = x->kept;
    *frame = x->kept_frame;
}

static uint64_t *slot(struct context *x, uint32_t index)
{
    struct save *s = &x->save;
    struct word_frame *f = kernel_frame(machine.kernel, (uint32_t)(x - machine.contexts));
    switch ((enum x86_64_register)index) {
    case X86_64_RAX: return &f->word;
    case X86_64_RBX: return &s->rbx;
    case X86_64_RCX: return &s->rcx;
    case X86_64_RDX: return &f->arg[2];
    case X86_64_RSI: return &f->arg[1];
    case X86_64_RDI: return &f->arg[0];
    case X86_64_RBP: return &s->rbp;
    case X86_64_RSP: return &s->rsp;
    case X86_64_R8: return &f->arg[4];
    case X86_64_R9: return &f->arg[5];
    case X86_64_R10: return &f->arg[3];
    case X86_64_R11: return &s->r11;
    case X86_64_R12: return &s->r12;
    case X86_64_R13: return &s->r13;
    case X86_64_R14: return &s->r14;
    case X86_64_R15: return &s->r15;
    case X86_64_RIP: return &s->rip;
    case X86_64_RFLAGS: return &s->flags;
    case X86_64_REGISTERS: break;
    }
    return NULL;
}

uint64_t arch_context_register(struct machine *m, uint32_t context, uint32_t index)
{
    const uint64_t *at = slot(context_at(context), index);
    return at != NULL ? *at : 0;
}

/* From then on it leaves the kernel by iretq, with all its registers, at a canonical address and with harmless flags. */
void arch_context_set_register(struct machine *m, uint32_t context, uint32_t index, uint64_t value)
{
    struct context *x = context_at(context);
    uint64_t *at = slot(x, index);
    if (at == NULL) return;
    if (x->save.vector == SAVE_WORD) { /* what the word has lost */
        x->save.rcx = 0;
        x->save.r11 = 0;
        x->save.vector = 0;
    }
    if (index == X86_64_RIP) value &= USER_LIMIT - 1;
    if (index == X86_64_RFLAGS) value = (value & USER_FLAGS_MASK) | FLAGS_START;
    *at = value;
}

struct context_page *arch_context_page(struct machine *m, frame_number frame)
{
    return frame_at(frame);
}
