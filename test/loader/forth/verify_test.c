/* The verifier of Forth's intermediate code: each rule broken once; random code never makes it read outside. */
#include "loader/forth/verify.h"
#include "test/support/check.h"

static uint8_t scratch[4096];
static struct forth_report report;
static const struct forth_tables tables = {100, 50};

static bool good(const uint64_t *code, uint32_t units)
{
    return forth_verify(code, 0, units, &tables, scratch, &report);
}
#define U(op, arg) unit_make(OP_##op, arg)
#define GOOD(...)                                                                                            \
    do {                                                                                                     \
        const uint64_t code[] = {__VA_ARGS__};                                                               \
        CHECK(good(code, COUNT_OF(code)));                                                                   \
        CHECK(report.verdict == FORTH_GOOD);                                                                 \
    } while (0)
#define BAD(why, ...)                                                                                        \
    do {                                                                                                     \
        const uint64_t code[] = {__VA_ARGS__};                                                               \
        CHECK(!good(code, COUNT_OF(code)));                                                                  \
        CHECK(report.verdict == (why));                                                                      \
    } while (0)

static void rules(void)
{
    GOOD(U(EXIT, 0));
    GOOD(U(LIT, -5), U(LITX, 0), 12345, U(ADD, 0), U(EXIT, 0));
    GOOD(U(JUMPZ, 2), U(JUMP, 0), U(EXIT, 0));
    CHECK(report.loops);
    GOOD(U(CALL, 99), U(PRIM, 49), U(EXIT, 0));
    CHECK(report.calls && !report.loops);
    GOOD(U(LOCALS, 2), U(LOCAL_FETCH, 1), U(LOCAL_STORE, 0), U(UNLOCALS, 2), U(EXIT, 0));
    GOOD(U(JUMP, 2), U(LOCAL_FETCH, 0),
         U(EXIT, 0)); /* never reached: a local that is not there does no harm */

    BAD(FORTH_BAD_OP, U(EXIT, 0), FORTH_OPS);
    BAD(FORTH_BAD_OP, unit_make(OP_LIT_ADD, 1), U(ADD, 0), U(EXIT, 0)); /* what is fused is no input */
    BAD(FORTH_RUNS_OFF, U(DUP, 0));
    BAD(FORTH_RUNS_OFF, U(LITX, 0));
    BAD(FORTH_RUNS_OFF, U(JUMPZ, 0));
    BAD(FORTH_RUNS_OFF, U(EXIT, 0), U(LITX, 0));
    BAD(FORTH_BAD_TARGET, U(JUMP, 1));
    BAD(FORTH_BAD_TARGET, U(JUMP, -1), U(EXIT, 0));
    BAD(FORTH_BAD_TARGET, U(JUMP, 2), U(LITX, 0), U(EXIT, 0), U(EXIT, 0)); /* into the value of a literal */
    BAD(FORTH_BAD_OPERAND, U(CALL, 100), U(EXIT, 0));
    BAD(FORTH_BAD_OPERAND, U(CALL, -1), U(EXIT, 0));
    BAD(FORTH_BAD_OPERAND, U(PRIM, 50), U(EXIT, 0));
    BAD(FORTH_BAD_OPERAND, U(DUP, 1), U(EXIT, 0));
    BAD(FORTH_BAD_OPERAND, U(LOCALS, FORTH_LOCALS_MAX + 1), U(EXIT, 0));
    BAD(FORTH_BAD_LOCALS, U(LOCALS, 1), U(EXIT, 0));
    BAD(FORTH_BAD_LOCALS, U(LOCAL_FETCH, 0), U(EXIT, 0));
    BAD(FORTH_BAD_LOCALS, U(LOCALS, 1), U(LOCAL_FETCH, 1), U(UNLOCALS, 1), U(EXIT, 0));
    BAD(FORTH_BAD_LOCALS, U(UNLOCALS, 1), U(EXIT, 0));
    BAD(FORTH_BAD_LOCALS, U(LOCALS, 64), U(LOCALS, 1), U(EXIT, 0));
    BAD(FORTH_BAD_LOCALS, U(JUMPZ, 2), U(LOCALS, 1), U(EXIT, 0)); /* two ways, two numbers of locals */
    BAD(FORTH_BAD_LOCALS, U(LOCALS, 1), U(JUMP, 0));              /* one more each time round */
    CHECK(!forth_verify(scratch[0] ? NULL : (const uint64_t *)(const void *)scratch, 5, 5, &tables, scratch,
                        &report));
}

/* An interpreter of nothing but flow, as far as the verifier promises something: it must not leave the code. */
static bool runs_inside(const uint64_t *code, uint32_t units, uint32_t seed)
{
    unsigned locals = 0;
    for (uint32_t at = 0, steps = 0; steps < 200; steps++) {
        if (at >= units) return false;
        unsigned op = unit_op(code[at]);
        int64_t arg = unit_arg(code[at]);
        if (op >= FORTH_OPS) return false;
        if (op == OP_EXIT) return locals == 0;
        if (op == OP_LOCALS) locals += (unsigned)arg;
        if (op == OP_UNLOCALS) locals -= (unsigned)arg;
        if ((op == OP_LOCAL_FETCH || op == OP_LOCAL_STORE) && arg >= locals) return false;
        if (locals > FORTH_LOCALS_MAX) return false;
        seed = seed * 1664525 + 1013904223;
        bool jump = op == OP_JUMP || (forth_op_info[op].operand == OPERAND_TARGET && (seed >> 16 & 1) != 0);
        at = jump ? (uint32_t)arg : at + op_units(op);
    }
    return true;
}
static void random_code(void)
{
    uint32_t seed = 12345, accepted = 0;
    for (unsigned round = 0; round < 200000; round++) {
        uint64_t code[12];
        uint32_t units = 1 + round % COUNT_OF(code);
        for (uint32_t i = 0; i < units; i++) {
            seed = seed * 1664525 + 1013904223;
            static const uint8_t often[] = {OP_JUMP, OP_JUMPZ, OP_LOCALS, OP_UNLOCALS, OP_LOCAL_FETCH,
                                            OP_EXIT, OP_LITX,  OP_LIT,    OP_DUP,      OP_LOOP};
            unsigned op =
                (seed >> 8) % 4 == 0 ? (seed >> 12) % (FORTH_OPS + 1) : often[(seed >> 12) % COUNT_OF(often)];
            bool argument = op < FORTH_OPS && forth_op_info[op].operand != OPERAND_NONE &&
                            forth_op_info[op].operand != OPERAND_UNIT;
            code[i] = unit_make(op, argument ? (int64_t)((seed >> 20) % (units + 1)) : 0);
        }
        code[units - 1] = round % 3 != 0 ? U(EXIT, 0) : code[units - 1];
        if (!good(code, units)) continue;
        accepted++;
        bool inside = true;
        for (uint32_t way = 0; way < 8; way++)
            inside = inside && runs_inside(code, units, seed + way * 77777);
        if (!inside) CHECK(inside);
    }
    CHECK(accepted > 1000);
}

int main(void)
{
    rules();
    random_code();
    return check_report();
}
