/* The crash dump over serial: lines between two marks that tools/decode-dump.py reads.
 *
 *     ==== lona dump 1
 *     cpu INDEX CONTEXT DOMAIN
 *     stack ADDRESS WORD WORD WORD WORD
 *     ==== end
 */
#include "kernel/arch/x86_64/machine.h"

#define STACK_WORDS 96

static void dump_stack(void)
{
    const struct cpu *c = machine.cpus[0] != NULL ? this_cpu() : NULL;
    const uint64_t *at = __builtin_frame_address(0);
    if (c == NULL || (uint64_t)at < (uint64_t)c->stack || (uint64_t)at >= c->stack_top) return;
    for (unsigned i = 0; i < STACK_WORDS && (uint64_t)(at + 4) <= c->stack_top; i += 4, at += 4)
        log_line("stack %x %x %x %x %x", (uint64_t)at, at[0], at[1], at[2], at[3]);
}

void crash_dump(void)
{
    log_line("==== lona dump 1");
    for (uint32_t i = 0; i < machine.cpu_count; i++)
        log_line("cpu %u %x %x", (uint64_t)i, (uint64_t)machine.cpus[i]->context,
                 (uint64_t)machine.cpus[i]->domain);
    dump_stack();
    log_line("==== end");
}
