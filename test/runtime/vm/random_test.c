/* Random verified programs: whatever the verifier accepts must run without harm, with any values, calling any primitive with
 * any arguments; now and then with a collection at every turn.  Nothing is expected of the results. */
#include "test/runtime/vm/machine.h"

#include <signal.h>
#include <time.h>
#include <unistd.h>

#define GENERAL 12     /* registers that instructions use */
#define WINDOW GENERAL /* calls are made from here on */
#define REGISTERS (WINDOW + 3 + 4)

static uint64_t seed;
static uint32_t pick(uint32_t n)
{
    seed ^= seed << 13;
    seed ^= seed >> 7;
    seed ^= seed << 17;
    return (uint32_t)((seed >> 11) % n);
}
static int reg(void)
{
    return (int)pick(GENERAL);
}

/* Primitives that do something to the world outside, end the process, or change what others of this test build on. */
static bool harmless(const char *name)
{
    static const char *const not_these[] = {
        "file",    "slurp",       "spit",      "director",    "console",     "halt",       "exit",
        "spawn",   "kill",        "-def",      "cell",        "image",       "sleep",      "interrupt",
        "suspend", "terminal",    "print",     "load-unit",   "intern",      "domain",     "region",
        "capab",   "delete",      "rename",    "panic",       "throw-to",    "process",    "send",
        "link",    "monitor",     "register",  "garbage",     "stepping",    "tail-calls", "write",
        "port",    "environment", "-read-lib", "set-dynamic", "return-from", "frame-set",  "collect",
        "receive", "message",     "debug",     "trace",       "dump",        "retire",     "mem-"};
    for (unsigned i = 0; i < COUNT_OF(not_these); i++)
        if (strstr(name, not_these[i]) != NULL) return false;
    return true;
}

struct pool {
    uint32_t literals[40];
    unsigned count;
};

static void make_literals(struct assembly *u, struct pool *l)
{
    static const char *const names[] = {"a", "b", "ns/c", "type"};
    for (unsigned i = 0; i < COUNT_OF(names); i++) {
        l->literals[l->count++] = asm_keyword(u, names[i]);
        l->literals[l->count++] = asm_symbol(u, names[i]);
        l->literals[l->count++] = asm_string(u, names[i]);
    }
    l->literals[l->count++] = asm_string(u, "");
    l->literals[l->count++] = asm_string(u, "h\xc3\xa9llo w\xc3\xb6rld");
    l->literals[l->count++] = asm_double(u, 1.5);
    l->literals[l->count++] = asm_double(u, -0.0);
    l->literals[l->count++] = asm_double(u, __builtin_nan(""));
    l->literals[l->count++] = asm_double(u, 1e308);
    l->literals[l->count++] = asm_literal(u, SER_BIGINT);
    asm_byte(u, pick(2)), asm_varint(u, 2), asm_bytes(u, (uint64_t[]){pick(1000), 1 + pick(5)}, 16);
    l->literals[l->count++] = asm_literal(u, SER_VECTOR);
    asm_varint(u, 3), asm_byte(u, SER_NIL), asm_byte(u, SER_TRUE), asm_byte(u, SER_INT), asm_varint(u, 7);
    l->literals[l->count++] = asm_literal(u, SER_LIST);
    asm_varint(u, 2), asm_byte(u, SER_INT), asm_varint(u, 2), asm_byte(u, SER_CHAR), asm_varint(u, 0x3bb);
    l->literals[l->count++] = asm_literal(u, SER_MAP);
    asm_varint(u, 1), asm_byte(u, SER_INT), asm_varint(u, 4), asm_byte(u, SER_FALSE);
    l->literals[l->count++] = asm_literal(u, SER_BINARY);
    asm_text(u, "\x00\xff\x80 abc", 7);
    l->literals[l->count++] = asm_literal(u, SER_UUID);
    asm_bytes(u, "0123456789abcdef", 16);
    l->literals[l->count++] = asm_literal(u, SER_INSTANT);
    asm_varint(u, 123456);
}

static void load_something(struct assembly *u, const struct pool *l, int r)
{
    static const uint32_t specials[] = {(uint32_t)NIL, (uint32_t)TRUE_, (uint32_t)FALSE_, 0x4101, 0x1f60001};
    switch (pick(4)) {
    case 0: emit_bc(u, OP_INT, r, (int64_t)pick(12) - 3); return;
    case 1: emit_bc(u, OP_INT, r, (int32_t)(uint32_t)(seed >> 5)); return;
    case 2: emit_bc(u, OP_SPECIAL, r, specials[pick(COUNT_OF(specials))]); return;
    default: emit_bc(u, OP_LIT, r, l->literals[pick(l->count)]);
    }
}

/* A call of a primitive or of a value in a register, the result moved to a general register. */
static void emit_call(struct assembly *u, const uint16_t *globals, const unsigned *argcs,
                      unsigned global_count)
{
    bool global = pick(5) != 0;
    unsigned g = pick(global_count), argc = global ? argcs[g] : pick(4);
    if (pick(30) == 0) argc = pick(5);
    if (!global) emit(u, OP_MOVE, WINDOW, reg(), 0);
    for (unsigned i = 0; i < argc; i++) emit(u, OP_MOVE, WINDOW + 3 + (int)i, reg(), 0);
    emit(u, global ? OP_CALLG : OP_CALL, WINDOW, (int)argc, global ? globals[g] : 0);
    emit(u, OP_MOVE, reg(), WINDOW, 0);
}

static void emit_operation(struct assembly *u, const struct pool *l)
{
    static const uint16_t three[] = {OP_ADD,    OP_SUB,   OP_MUL,    OP_DIV, OP_QUOT, OP_REM, OP_MOD,
                                     OP_BITAND, OP_BITOR, OP_BITXOR, OP_SHR, OP_LT,   OP_LE,  OP_GT,
                                     OP_GE,     OP_NUMEQ, OP_EQ,     OP_ID,  OP_CONS, OP_NTH, OP_GET};
    static const uint16_t two[] = {OP_MOVE, OP_INC, OP_DEC, OP_NOT, OP_ISNIL, OP_FIRST, OP_NEXT, OP_REST};
    static const uint16_t with_number[] = {OP_ADDI, OP_SUBI, OP_MULI, OP_NTHI, OP_QUOTI, OP_REMI, OP_MODI};
    static const uint16_t first[] = {OP_IADD, OP_ISUB, OP_IMUL};
    static const uint16_t literal[] = {OP_ADDL, OP_SUBL, OP_MULL, OP_DIVL};
    static const uint16_t literal_first[] = {OP_LADD, OP_LSUB, OP_LMUL, OP_LDIV};
    switch (pick(10)) {
    case 6: emit(u, first[pick(COUNT_OF(first))], reg(), (int)pick(9) - 3, reg()); return;
    case 7: emit(u, literal[pick(COUNT_OF(literal))], reg(), reg(), (int)l->literals[pick(l->count)]); return;
    case 8:
        emit(u, literal_first[pick(COUNT_OF(literal_first))], reg(), (int)l->literals[pick(l->count)], reg());
        return;
    case 9: emit(u, OP_MOVE2, (int)pick(GENERAL - 1), reg(), reg()); return;
    case 0: emit(u, OP_VECTOR, reg(), (int)pick(6), (int)pick(6)); return;
    case 1: emit(u, pick(2) ? OP_SET : OP_MAP, reg(), (int)pick(6), 2 * (int)pick(3)); return;
    case 2: emit(u, with_number[pick(COUNT_OF(with_number))], reg(), reg(), (int)pick(9) - 3); return;
    case 3: emit(u, two[pick(COUNT_OF(two))], reg(), reg(), 0); return;
    default: emit(u, three[pick(COUNT_OF(three))], reg(), reg(), reg());
    }
}

static void emit_jump(struct assembly *u, const struct pool *l, uint32_t *jumps, unsigned *jump_count)
{
    static const uint16_t literal[] = {OP_JNLTL, OP_JNLEL, OP_JNGTL, OP_JNGEL, OP_JNEQL};
    static const uint16_t compare[] = {OP_JNLT, OP_JNLE, OP_JNGT, OP_JNGE, OP_JNNUMEQ, OP_JNEQ, OP_JNID};
    static const uint16_t test[] = {OP_JF, OP_JT, OP_JNNOT, OP_JNIL, OP_JNNIL};
    static const uint16_t immediate[] = {OP_JNLTI, OP_JNLEI, OP_JNGTI, OP_JNGEI, OP_JNNUMEQI, OP_JNEQI};
    uint32_t at;
    switch (pick(4)) {
    case 3: at = emit(u, literal[pick(COUNT_OF(literal))], reg(), (int)l->literals[pick(l->count)], 0); break;
    case 0: at = emit(u, compare[pick(COUNT_OF(compare))], reg(), reg(), 0); break;
    case 1: at = emit(u, test[pick(COUNT_OF(test))], reg(), 0, 0); break;
    default: at = emit(u, immediate[pick(COUNT_OF(immediate))], reg(), (int)pick(9) - 3, 0);
    }
    jumps[(*jump_count)++] = at;
}

/* The body of a function whose general registers all hold something. */
static void emit_body(struct assembly *u, const struct pool *l, unsigned size)
{
    uint16_t globals[6];
    unsigned argcs[6], global_count = 0;
    while (global_count < 6) {
        const struct prim *p = &prims[pick(prim_count)];
        if (!harmless(p->name)) continue;
        unsigned most = p->max_args < 0 || p->max_args > 4 ? 4 : (unsigned)p->max_args;
        unsigned least = (unsigned)p->min_args > most ? most : (unsigned)p->min_args;
        argcs[global_count] = least + pick(most - least + 1);
        globals[global_count++] = asm_global(u, p->name);
    }
    uint32_t jumps[200];
    unsigned jump_count = 0;
    for (unsigned i = 0; i < size; i++) {
        switch (pick(6)) {
        case 0: load_something(u, l, reg()); break;
        case 1: emit_jump(u, l, jumps, &jump_count); break;
        case 2:
        case 3: emit_operation(u, l); break;
        default: emit_call(u, globals, argcs, global_count);
        }
        if (jump_count > 0 && pick(3) == 0) {
            asm_patch(u, jumps[--jump_count], asm_here(u));
            emit(u, OP_NOP, 0, 0, 0);
        }
    }
    for (unsigned i = 0; i < jump_count; i++) asm_patch(u, jumps[i], asm_here(u));
    emit(u, OP_VECTOR, 0, 0, GENERAL);
    emit(u, OP_RET, 0, 0, 0);
}

static struct assembly *random_unit(void)
{
    struct assembly *u = asm_new();
    struct pool l = {.count = 0};
    make_literals(u, &l);
    asm_proto(u, "random/main", 0, REGISTERS, 0, 0);
    for (int r = 0; r < GENERAL; r++) load_something(u, &l, r);
    emit(u, OP_MOVE, WINDOW + 1, 3, 0);
    emit(u, OP_MOVE, WINDOW + 2, 4, 0);
    emit(u, OP_CLOSURE, WINDOW, 1, 2);
    emit(u, OP_MOVE, 2, WINDOW, 0);
    emit_body(u, &l, 40);
    asm_end(u);
    asm_proto(u, "random/inner", 1, REGISTERS, 2, pick(2) ? PROTO_VARIADIC : 0);
    for (int r = 2; r < GENERAL; r++)
        if (r < 4)
            emit(u, OP_UPVAL, r, r - 2, 0);
        else
            load_something(u, &l, r);
    if (!(u->protos[1].flags & PROTO_VARIADIC)) emit(u, OP_SELF, 1, 0, 0);
    emit_body(u, &l, 12);
    asm_end(u);
    return u;
}

/* A handler that answers nil for every error, so that programs go on. */
static void define_handler(void)
{
    struct assembly *u = unit_of_function();
    asm_proto(u, "lona.core/-raise", 1, 2, 0, 0);
    emit_bc(u, OP_SPECIAL, 1, (int64_t)NIL);
    emit(u, OP_RET, 1, 0, 0);
    asm_end(u);
    machine_define_unit("lona.core/-raise", u);
}

static void crashed(int number)
{
    char text[80];
    int n = snprintf(text, sizeof text, "signal %d with seed 0x%llx\n", number, (unsigned long long)seed);
    if (write(1, text, (size_t)n) < 0) _exit(3);
    _exit(2);
}

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}
static double longest_turn;
static uint64_t round_seed;
static unsigned accepted, rejected;
static void one_round(bool say)
{
    seed = round_seed;
    turn_reductions = pick(3) == 0 ? 3 : 400;
    collect_each_turn = pick(4) == 0;
    struct assembly *u = random_unit();
    size_t n;
    uint8_t *bytes = asm_finish(u, &n);
    struct verify_error e;
    if (!bytecode_verify(bytes, n, &e)) {
        if (say) printf("refused: %s, prototype %u, instruction %u\n", e.rule, e.proto, e.insn);
        rejected++;
        free(bytes);
        return;
    }
    struct unit *unit = unit_load(proc, bytes, n);
    free(bytes);
    CHECK(unit != NULL);
    if (unit == NULL) return;
    accepted++;
    vm_enter(proc, unit_function(proc, unit), NULL, 0);
    proc->exit_reason = VAL_ABSENT;
    enum vm_exit end = VM_YIELD;
    double began = now(); /* deep recursion with a collection at every step takes the square of its depth */
    for (int turn = 0; turn < 2000 && end == VM_YIELD && now() - began < 1; turn++) {
        proc->reductions = turn_reductions - (proc->flags & PROC_ATTENTION ? ATTENTION_BIAS : 0);
        double t = now();
        end = vm_run(proc);
        t = now() - t;
        if (t > longest_turn) longest_turn = t;
        if (say && t > 0.02)
            printf("a turn of %.0f ms in round seed 0x%llx\n", t * 1e3, (unsigned long long)round_seed);
        if (collect_each_turn && turn < 50) heap_collect_full(proc);
    }
    proc->prim_state = NIL;
    vm_enter(proc, NIL, NULL, 0);
    if (round_seed % 16 == 0) heap_collect_full(proc);
}

int main(int argc, char **argv)
{
    setvbuf(stdout, NULL, _IOLBF, 0);
    signal(SIGSEGV, crashed);
    signal(SIGBUS, crashed);
    signal(SIGILL, crashed);
    machine_memory_bytes = 256ull << 20;
    machine_start();
    define_handler();
    uint64_t from = argc > 1 ? strtoull(argv[1], NULL, 0) : 1,
             rounds = argc > 2 ? strtoull(argv[2], NULL, 0) : 1500;
    for (uint64_t i = 0; i < rounds; i++) {
        round_seed = (from + i) * 0x9e3779b97f4a7c15ull | 1;
        one_round(argc > 3);
    }
    CHECK(accepted > rounds / 2);
    if (argc > 1)
        printf("%u accepted, %u refused; longest turn %.1f ms\n", accepted, rejected, longest_turn * 1e3);
    machine_end();
    return check_report();
}
