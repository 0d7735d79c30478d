/* Before code is made of a definition: where its blocks begin, how deep both stacks are at each, what is known of its effect. */
#include "forth/native.h"

bool native_effect(struct native_job *n, unsigned op, int64_t arg, int *in, int *net)
{
    struct forth *f = n->f;
    if (op == OP_PRIM) {
        *in = primitives[arg].in;
        *net = primitives[arg].out - primitives[arg].in;
        return primitives[arg].out >= 0;
    }
    *in = 0; /* a word checks what it takes itself */
    if (op == OP_CALL) {
        const struct word *w = &f->words[arg];
        if ((uint32_t)arg == n->word) {
            *net = n->recursion;
            return n->recursion != DEPTH_UNKNOWN;
        }
        if (w->kind == W_CREATE && w->does != 0 && (uint32_t)arg != f->last_made) {
            const struct word *does = &f->words[w->does];
            *net = 1 + does->effect_out;
            if (native_inlined(f, w->does) && does->effect_in > 1) *in = does->effect_in - 1;
            return (does->flags & F_PLAIN) != 0;
        }
        *net = w->effect_out;
        *in = native_inlined(f, (uint32_t)arg) ? w->effect_in : 0;
        return w->kind == W_COLON && (w->flags & F_PLAIN) != 0;
    }
    return false;
}

bool native_inlined(struct forth *f, uint32_t word)
{
    const struct word *w = &f->words[word];
    if (w->kind != W_COLON || word == f->code_word || w->code_end <= w->code ||
        w->code_end - w->code > INLINE_UNITS)
        return false;
    int depth = 0, need = 0;
    for (uint32_t at = w->code; at < w->code_end; at++) {
        unsigned op = unit_base_op(f->code[at]);
        if (op == OP_EXIT) {
            if (at + 1 != w->code_end) return false;
            break;
        }
        bool r = op >= OP_DO && op <= OP_LOCAL_STORE;
        if (r || forth_op_info[op].flow != FLOW_NEXT) return false;
        if (forth_op_info[op].in - depth > need) need = forth_op_info[op].in - depth;
        depth += forth_op_info[op].out - forth_op_info[op].in;
        if (op == OP_LITX) at++;
    }
    struct word *known = &f->words[word];
    known->effect_in = (int16_t)need;
    known->effect_out = (int16_t)depth;
    known->flags |= F_PLAIN;
    return true;
}

/* ---- the return stack: kinds of its items, newest lowest ---- */
static bool r_push(uint64_t *kinds, unsigned *count, enum r_kind kind, unsigned times)
{
    for (; times > 0; times--) {
        if (++*count > R_MAX) return false;
        *kinds = *kinds << 2 | kind;
    }
    return true;
}
/* False: what is on top is of another kind, and only the threaded engine can tell what happens. */
static bool r_pop(uint64_t *kinds, unsigned *count, enum r_kind kind, unsigned times)
{
    for (; times > 0; times--) {
        if (*count == 0 || (*kinds & 3) != kind) return false;
        --*count;
        *kinds >>= 2;
    }
    return true;
}
static bool r_step(unsigned op, int64_t arg, uint64_t *kinds, unsigned *count)
{
    switch (op) {
    case OP_DO:
    case OP_QDO: return r_push(kinds, count, R_LOOP, 1);
    case OP_UNLOOP: return r_pop(kinds, count, R_LOOP, 1);
    case OP_TO_R: return r_push(kinds, count, R_ITEM, 1);
    case OP_TWO_TO_R: return r_push(kinds, count, R_ITEM, 2);
    case OP_R_FROM: return r_pop(kinds, count, R_ITEM, 1);
    case OP_TWO_R_FROM: return r_pop(kinds, count, R_ITEM, 2);
    case OP_R_FETCH: return *count >= 1 && (*kinds & 3) == R_ITEM;
    case OP_TWO_R_FETCH: return *count >= 2 && (*kinds & 15) == 0;
    case OP_LOCALS: return r_push(kinds, count, R_LOCAL, (unsigned)arg);
    case OP_UNLOCALS: return r_pop(kinds, count, R_LOCAL, (unsigned)arg);
    case OP_EXIT: return *count == 0;
    case OP_LOOP:
    case OP_PLUS_LOOP: return *count >= 1 && (*kinds & 3) == R_LOOP;
    case OP_I:
    case OP_J: {
        unsigned loops = 0; /* on top, but for locals, which lie elsewhere in the threaded engine */
        for (unsigned i = 0; i < *count && (*kinds >> 2 * i & 3) != R_ITEM; i++)
            loops += (*kinds >> 2 * i & 3) == R_LOOP;
        return loops >= (op == OP_I ? 1u : 2u);
    }
    default: return true;
    }
}

/* Control comes to a unit in that state.  False: it was there in another state of the return stack. */
static bool arrive(struct native_job *n, uint32_t at, int depth, uint64_t kinds, unsigned count, bool *again,
                   uint32_t from)
{
    struct unit_info *u = &n->info[at - n->start];
    if (!u->reached) {
        u->reached = true;
        u->depth = (int16_t)depth;
        u->r_kinds = kinds;
        u->r_count = (uint8_t)count;
        if (at <= from) *again = true;
        return true;
    }
    if (u->depth != depth) n->dynamic = true;
    return u->r_count == count && u->r_kinds == kinds;
}

static bool pass(struct native_job *n, bool *again)
{
    struct forth *f = n->f;
    *again = false;
    for (uint32_t at = n->start; at < n->end; at++) {
        unsigned op = unit_base_op(f->code[at]), size = op_units(op);
        const struct unit_info *u = &n->info[at - n->start];
        int64_t arg = unit_arg(f->code[at]);
        if (u->reached) {
            int depth = u->depth, in = 0, net = forth_op_info[op].out - forth_op_info[op].in;
            uint64_t kinds = u->r_kinds;
            unsigned count = u->r_count, flow = forth_op_info[op].flow;
            bool goes_on = flow != FLOW_JUMP && flow != FLOW_END;
            if (!r_step(op, arg, &kinds, &count)) return false;
            if (op == OP_LOCALS) net = -(int)arg;
            if (flow == FLOW_UNKNOWN) {
                if (op == OP_CALL || op == OP_DEFERRED || op == OP_EXECUTE) n->leaf = false;
                if (!native_effect(n, op, arg, &in, &net)) {
                    if (op == OP_CALL && (uint32_t)arg == n->word)
                        goes_on = false; /* first without what comes after a call of itself */
                    else
                        n->dynamic = true;
                    net = 0;
                }
            }
            depth += net;
            if (depth > 400 || depth < -400) n->dynamic = true, depth = 0;
            if (op == OP_EXIT) {
                if (n->exit_depth != DEPTH_UNKNOWN && n->exit_depth != depth) n->dynamic = true;
                n->exit_depth = depth;
            }
            if (forth_op_info[op].operand == OPERAND_TARGET) {
                uint64_t loop_kinds = kinds;
                unsigned loop_count = count;
                struct unit_info *t = &n->info[arg - n->start];
                if (op == OP_QDO && !r_pop(&loop_kinds, &loop_count, R_LOOP, 1)) return false;
                t->target = true;
                if (arg <= at) t->loop_head = true;
                if (!arrive(n, (uint32_t)arg, depth, loop_kinds, loop_count, again, at)) return false;
                if ((op == OP_LOOP || op == OP_PLUS_LOOP) && !r_pop(&kinds, &count, R_LOOP, 1)) return false;
            }
            if (goes_on && at + size < n->end && !arrive(n, at + size, depth, kinds, count, again, at))
                return false;
        }
        at += size - 1;
    }
    return true;
}

static bool passes(struct native_job *n)
{
    uint32_t units = n->end - n->start;
    memset(n->info, 0, units * sizeof *n->info);
    n->dynamic = false;
    n->leaf = true;
    n->exit_depth = DEPTH_UNKNOWN;
    n->info[0].reached = true;
    bool again = true;
    for (unsigned rounds = 0; again; rounds++)
        if (rounds > 16 || !pass(n, &again)) return false;
    return true;
}

bool native_analyse(struct native_job *n)
{
    n->recursion = DEPTH_UNKNOWN;
    if (!passes(n)) return false;
    if (!n->dynamic && n->exit_depth != DEPTH_UNKNOWN) {
        n->recursion = n->exit_depth;
        if (!passes(n)) return false;
        if (!n->dynamic && n->exit_depth == n->recursion) return true;
    }
    n->recursion = 0; /* reach everything; depths mean nothing */
    if (!passes(n)) return false;
    n->recursion = DEPTH_UNKNOWN;
    n->dynamic = true;
    return true;
}

int native_need(struct native_job *n, uint32_t at, int *growth)
{
    struct forth *f = n->f;
    int depth = 0, need = 0;
    *growth = 0;
    for (uint32_t begin = at; at < n->end && (at == begin || !n->info[at - n->start].target);) {
        unsigned op = unit_base_op(f->code[at]);
        int64_t arg = unit_arg(f->code[at]);
        int in = forth_op_info[op].in, net = forth_op_info[op].out - in;
        unsigned flow = forth_op_info[op].flow;
        bool known = flow != FLOW_UNKNOWN || native_effect(n, op, arg, &in, &net);
        if (op == OP_LOCALS) in = (int)arg, net = -in;
        if (in - depth > need) need = in - depth;
        if (!known || op == OP_QDUP || (flow != FLOW_NEXT && flow != FLOW_UNKNOWN))
            break; /* what stands behind may not come */
        depth += net;
        if (depth > *growth) *growth = depth;
        if (n->dynamic && op == OP_CALL && !native_inlined(f, (uint32_t)arg)) break;
        at += op_units(op);
    }
    return need;
}
