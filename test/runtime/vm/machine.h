/* A whole runtime of one scheduler, driven by hand: for tests of the interpreter. */
#ifndef TEST_RUNTIME_VM_MACHINE_H
#define TEST_RUNTIME_VM_MACHINE_H

#include "loader/bytecode/verify.h"
#include "runtime/gc/heap.h"
#include "runtime/port/hosted/hosted.h"
#include "runtime/sched/domain.h"
#include "runtime/sched/scheduler.h"
#include "runtime/value/collection.h"
#include "runtime/value/number.h"
#include "runtime/value/string.h"
#include "runtime/vm/load.h"
#include "test/runtime/vm/assemble.h"
#include "test/support/check.h"

static struct port *machine_port;
static struct system *machine;
static uint64_t machine_memory_bytes; /* of the root domain; 0: no limit */
static struct process *proc;
static int32_t turn_reductions = REDUCTIONS_PER_TURN;
static bool collect_each_turn;
static long turns;

static void machine_start(void)
{
    machine_port = port_hosted_new();
    machine = system_new(machine_port,
                         &(struct system_options){.schedulers = 1, .memory_bytes = machine_memory_bytes});
    proc = process_new(&machine->schedulers[0], machine->root);
    machine->schedulers[0].current = proc;
}

/* The process was never started: the system's end does not find it. */
static void machine_end(void)
{
    process_end(&machine->schedulers[0], proc);
    system_free(machine);
    port_hosted_free(machine_port);
}

static value keyword(const char *name)
{
    return domain_intern_keyword(machine->root, NULL, 0, name, strlen(name));
}

/* Load an assembled unit; its function of no arguments, or VAL_ERROR. */
static value machine_load(struct assembly *u)
{
    size_t n;
    uint8_t *bytes = asm_finish(u, &n);
    struct verify_error e = {0};
    if (!bytecode_verify(bytes, n, &e))
        printf("refused: %s, prototype %u, instruction %u\n", e.rule, e.proto, e.insn);
    static unsigned loads;
    if (loads++ % 2) {
        value state = unit_load_start(proc, bytes, n), f = VAL_YIELD;
        for (int64_t steps = 1 + loads % 7; f == VAL_YIELD; steps = 1 + loads % 7)
            f = unit_load_continue(proc, state, &steps);
        free(bytes);
        return f;
    }
    struct unit *unit = unit_load(proc, bytes, n);
    free(bytes);
    return unit == NULL ? VAL_ERROR : unit_function(proc, unit);
}

/* Run until the end; the result, or VAL_EXIT when the process ended with a reason. */
static value machine_run(void)
{
    enum vm_exit e;
    proc->exit_reason = VAL_ABSENT;
    turns = 0;
    do {
        proc->reductions = turn_reductions - (proc->flags & PROC_ATTENTION ? ATTENTION_BIAS : 0);
        e = vm_run(proc);
        turns++;
        if (collect_each_turn && e == VM_YIELD) heap_collect_full(proc);
    } while (e == VM_YIELD);
    if (e != VM_EXIT) return VAL_SUSPEND;
    return proc->exit_reason == VAL_ABSENT ? vm_result(proc) : VAL_EXIT;
}
static value machine_call(value f, const value *args, unsigned argc)
{
    vm_enter(proc, f, args, argc);
    return machine_run();
}
#define CALL(f, ...) machine_call(f, (value[]){__VA_ARGS__}, sizeof((value[]){__VA_ARGS__}) / sizeof(value))

static void machine_define(const char *name, value v)
{
    struct cell *c = domain_cell_named(machine->root, name, true);
    if (v != VAL_UNBOUND) v = arena_publish(proc, v);
    domain_define(machine->root, c, v, NIL, NIL, 0);
}
/* Run a unit's function and give its result (a closure) a name. */
static value machine_define_unit(const char *name, struct assembly *u)
{
    value f = machine_load(u);
    if (f == VAL_ERROR) {
        check_counts.failed++;
        return NIL;
    }
    f = machine_call(f, NULL, 0);
    machine_define(name, f);
    return domain_cell_named(machine->root, name, true)->content;
}
/* The :type of the condition that ended the process. */
static value exit_type(void)
{
    return is_map(proc->exit_reason) ? map_get_keyword(proc->exit_reason, keyword("type")) : VAL_ABSENT;
}

/* A unit whose top function answers a closure of prototype 1, which comes next. */
static struct assembly *unit_of_function(void)
{
    struct assembly *u = asm_new();
    asm_proto(u, NULL, 0, 1, 0, 0);
    emit(u, OP_CLOSURE, 0, 1, 0);
    emit(u, OP_RET, 0, 0, 0);
    asm_end(u);
    return u;
}

#endif
