/* From the first instruction to the first context. */
#include "kernel/arch/x86_64/machine.h"

#include "base/mem.h"

struct machine machine;

void machine_start(struct bootinfo *info);

static struct cpu *cpu_make(uint32_t index, uint32_t apic_id)
{
    struct cpu *c = physical(early_pages(sizeof *c));
    c->self = c;
    c->index = index;
    c->apic_id = apic_id;
    c->context = CONTEXT_NONE;
    c->domain = DOMAIN_NONE;
    c->stack_top = (uint64_t)c->stack + KERNEL_STACK_BYTES;
    machine.cpus[index] = c;
    return c;
}

static void read_acpi(void)
{
    uint64_t end = 4ull << 30;
    const struct bootinfo_range *r = physical(machine.info.memory);
    for (uint64_t i = 0; i < machine.info.memory_count; i++)
        if (r[i].kind != BOOTINFO_DEVICE) end = max_u64(end, r[i].start + r[i].size);
    struct acpi_memory all = {physical(0), 0, end};
    if (!acpi_read(&machine.platform, &all, machine.info.acpi_rsdp))
        log_line("acpi: no tables; one processor, no power off");
}

/* Every processor that ACPI tells of gets its block; this one is number 0. */
static void make_cpus(uint32_t own_id)
{
    machine.cpu_count = 1;
    for (uint32_t i = 0; i < machine.platform.cpu_count && machine.cpu_count < CORE_CPUS; i++)
        if (machine.platform.cpus[i] != own_id) cpu_make(machine.cpu_count++, machine.platform.cpus[i]);
}

static void report(void)
{
    const struct features *f = &machine.features;
    log_line("cpu: %u found,%s%s%s%s%s%s%s", (uint64_t)machine.cpu_count, f->smep ? " SMEP" : "",
             f->smap ? " SMAP" : "", f->umip ? " UMIP" : "", f->x2apic ? " x2APIC" : "",
             f->deadline ? " TSC-deadline" : "", f->rdrand ? " RDRAND" : "",
             f->invariant_tsc ? " invariant TSC" : "");
    log_line("clock: %u kHz", machine.tsc_hz / 1000);
    for (uint32_t i = 0; i < machine.info.image_count; i++)
        log_line("image: %s, %u bytes", machine.info.images[i].name, machine.info.images[i].size);
    if (machine.info.event_log != 0)
        log_line("tpm: event log at %x, %u bytes", machine.info.event_log, machine.info.event_log_bytes);
    for (uint32_t i = 0; i < machine.platform.segment_count; i++)
        log_line("pci: segment %u at %x", (uint64_t)machine.platform.segments[i].segment,
                 machine.platform.segments[i].address);
}

void machine_start(struct bootinfo *info)
{
    uint64_t entered = cycles();
    serial_start();
    if (info->magic != BOOTINFO_MAGIC || info->version != BOOTINFO_VERSION || info->bytes != sizeof *info)
        machine_panic("the loader is of another version");
    machine.info = *info;
    memset(info->seed, 0, sizeof info->seed);
    machine.kernel_root = info->page_tables;
    memory_start();
    screen_start();
    log_line("kernel: Lona, x86-64");
    features_find();
    uint32_t own_id = cpuid(1, 0).b >> 24;
    tables_load(cpu_make(0, own_id));
    features_enable();
    read_acpi();
    make_cpus(own_id);
    clock_start();
    apic_start();
    apic_timer_calibrate();
    ioapic_start();
    entropy_start();
    report();
    cpus_start();
    core_start();
    root_start();
    cpus_release();
    log_line("kernel: up after %u us", (cycles() - entered) * 1000000 / machine.tsc_hz);
    machine_begin();
}
