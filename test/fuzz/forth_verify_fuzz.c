/* Any units: the verifier reads nothing outside, and what it accepts an instance of flow alone stays inside of. */
#include <stdlib.h>
#include <string.h>

#include "loader/forth/verify.h"

static uint8_t scratch[FORTH_VERIFY_MAX];

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    uint32_t units = (uint32_t)(size / 8);
    if (units == 0 || units > 4096) return 0;
    uint64_t *code = malloc(units * 8);
    memcpy(code, data, units * 8);
    struct forth_tables tables = {1000, 400};
    struct forth_report report;
    bool good = forth_verify(code, 0, units, &tables, scratch, &report);
    if (!good && (report.verdict == FORTH_GOOD || report.at >= units + 1)) abort();
    unsigned locals = 0;
    for (uint32_t at = 0, steps = 0, seed = units; good && steps < 10000; steps++) {
        if (at >= units) abort();
        unsigned op = unit_op(code[at]);
        int64_t arg = unit_arg(code[at]);
        if (op >= FORTH_OPS) abort();
        if (op == OP_EXIT) {
            if (locals != 0) abort();
            break;
        }
        if (op == OP_LOCALS) locals += (unsigned)arg;
        if (op == OP_UNLOCALS) locals -= (unsigned)arg;
        if ((op == OP_LOCAL_FETCH || op == OP_LOCAL_STORE) && arg >= locals) abort();
        seed = seed * 1664525 + 1013904223;
        bool jump = op == OP_JUMP || (forth_op_info[op].operand == OPERAND_TARGET && (seed >> 16 & 1) != 0);
        at = jump ? (uint32_t)arg : at + op_units(op);
    }
    free(code);
    return 0;
}
