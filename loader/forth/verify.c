#include "loader/forth/verify.h"

/* What scratch says of a unit: nothing yet; the second unit of a LITX; or alive locals + SEEN. */
enum { UNSEEN = 0, INSIDE = 1, SEEN = 2 };

struct walk {
    const uint64_t *code;
    uint32_t start, end;
    const struct forth_tables *tables;
    uint8_t *scratch;
    struct forth_report *report;
    bool again; /* a jump backwards reached what was taken for unreachable */
};

static bool bad(struct walk *v, enum forth_verdict verdict, uint32_t at)
{
    v->report->verdict = verdict;
    v->report->at = at;
    return false;
}

/* Every unit is an instruction or inside of one, reached or not; so that nothing unchecked lies between. */
static bool mark_instructions(struct walk *v)
{
    for (uint32_t at = v->start; at < v->end; at++) v->scratch[at - v->start] = UNSEEN;
    for (uint32_t at = v->start; at < v->end; at++) {
        unsigned op = unit_op(v->code[at]);
        if (op >= FORTH_OPS) return bad(v, FORTH_BAD_OP, at);
        if (op_units(op) == 1) continue;
        if (++at >= v->end) return bad(v, FORTH_RUNS_OFF, at);
        v->scratch[at - v->start] = INSIDE;
    }
    return true;
}

static bool operand_good(struct walk *v, uint32_t at, unsigned op, int64_t arg)
{
    switch (forth_op_info[op].operand) {
    case OPERAND_NONE:
    case OPERAND_UNIT: return arg == 0;
    case OPERAND_VALUE: return true;
    case OPERAND_TARGET: return arg >= v->start && arg < v->end && v->scratch[arg - v->start] != INSIDE;
    case OPERAND_WORD: return arg >= 0 && arg < v->tables->words;
    case OPERAND_PRIM: return arg >= 0 && arg < v->tables->prims;
    case OPERAND_LOCAL:
    case OPERAND_COUNT: return arg >= 0 && arg <= FORTH_LOCALS_MAX;
    }
    return false;
}

/* Control reaches unit `at` with that many locals alive. */
static bool reach(struct walk *v, uint32_t from, int64_t at, unsigned locals)
{
    if (at >= v->end) return bad(v, FORTH_RUNS_OFF, from);
    uint8_t *known = &v->scratch[at - v->start];
    if (*known == UNSEEN) {
        *known = (uint8_t)(SEEN + locals);
        if (at <= from) v->again = true;
        return true;
    }
    return *known == SEEN + locals ? true : bad(v, FORTH_BAD_LOCALS, (uint32_t)at);
}

static bool step(struct walk *v, uint32_t at)
{
    unsigned op = unit_op(v->code[at]), locals = v->scratch[at - v->start] - SEEN;
    int64_t arg = unit_arg(v->code[at]);
    switch (op) {
    case OP_LOCALS:
        if (arg + locals > FORTH_LOCALS_MAX) return bad(v, FORTH_BAD_LOCALS, at);
        locals += (unsigned)arg;
        break;
    case OP_UNLOCALS:
        if (arg > locals) return bad(v, FORTH_BAD_LOCALS, at);
        locals -= (unsigned)arg;
        break;
    case OP_LOCAL_FETCH:
    case OP_LOCAL_STORE:
        if (arg >= locals) return bad(v, FORTH_BAD_LOCALS, at);
        break;
    case OP_EXIT:
        if (locals != 0) return bad(v, FORTH_BAD_LOCALS, at);
        break;
    case OP_CALL:
    case OP_EXECUTE:
    case OP_DEFERRED: v->report->calls = true; break;
    default: break;
    }
    unsigned flow = forth_op_info[op].flow;
    if (forth_op_info[op].operand == OPERAND_TARGET) {
        if (arg <= at) v->report->loops = true;
        if (!reach(v, at, arg, locals)) return false;
    }
    if (flow == FLOW_JUMP || flow == FLOW_END) return true;
    return reach(v, at, (int64_t)at + op_units(op), locals);
}

bool forth_verify(const uint64_t *code, uint32_t start, uint32_t end, const struct forth_tables *tables,
                  uint8_t *scratch, struct forth_report *report)
{
    *report = (struct forth_report){FORTH_GOOD, start, false, false};
    struct walk v = {code, start, end, tables, scratch, report, false};
    if (start >= end) return bad(&v, FORTH_RUNS_OFF, start);
    if (end - start > FORTH_VERIFY_MAX) return bad(&v, FORTH_TOO_LONG, start);
    if (!mark_instructions(&v)) return false;
    for (uint32_t at = start; at < end; at++) {
        if (scratch[at - start] == INSIDE) continue;
        unsigned op = unit_op(code[at]);
        if (!operand_good(&v, at, op, unit_arg(code[at]))) {
            bool target = forth_op_info[op].operand == OPERAND_TARGET;
            return bad(&v, target ? FORTH_BAD_TARGET : FORTH_BAD_OPERAND, at);
        }
    }
    scratch[0] = SEEN;
    unsigned rounds = 0;
    do {
        if (rounds++ > FORTH_VERIFY_ROUNDS) return bad(&v, FORTH_TOO_LONG, start);
        v.again = false;
        for (uint32_t at = start; at < end; at++)
            if (scratch[at - start] >= SEEN && !step(&v, at)) return false;
    } while (v.again);
    return true;
}
