/* Third pass: which registers are still needed before each instruction (rules B1 to B3 in loader/bytecode/format.h).
 *
 * Backwards dataflow over the instructions of one arity, repeated until nothing changes if there are backward jumps.
 * Inside a region the handler may be entered at any instruction, so what it needs is live throughout. */
#include "runtime/compiler/internal.h"

static inline uint64_t *live_at(struct flow *f, uint32_t i)
{
    return f->live + (size_t)i * f->words;
}
static inline void add(uint64_t *set, uint32_t reg)
{
    set[reg / 64] |= 1ull << (reg % 64);
}
static inline void drop(uint64_t *set, uint32_t reg)
{
    set[reg / 64] &= ~(1ull << (reg % 64));
}
static void join(struct flow *f, uint64_t *set, uint32_t successor)
{
    const uint64_t *from = live_at(f, successor);
    for (uint32_t w = 0; w < f->words; w++) set[w] |= from[w];
}
static void drop_from(struct flow *f, uint64_t *set, uint32_t reg)
{
    if (reg / 64 >= f->words) return;
    set[reg / 64] &= (1ull << (reg % 64)) - 1;
    for (uint32_t w = reg / 64 + 1; w < f->words; w++) set[w] = 0;
}

static void apply_operands(struct flow *f, struct insn i, uint64_t *set)
{
    const struct op_info *info = &op_info[i.op];
    switch (info->a) {
    case OPERAND_DEF: drop(set, i.a); break;
    case OPERAND_DEF2:
        drop(set, i.a);
        drop(set, i.a + 1u);
        break;
    case OPERAND_WINDOW:
    case OPERAND_WINDOWG: drop_from(f, set, i.a); break;
    default: break;
    }
    if (info->a == OPERAND_USE || info->a == OPERAND_BOTH || info->a == OPERAND_WINDOW) add(set, i.a);
    if (info->a == OPERAND_WINDOW || info->a == OPERAND_WINDOWG)
        for (uint32_t k = 0; k < i.b; k++) add(set, i.a + FRAME_HIDDEN + k);
    if (info->b == OPERAND_USE) add(set, i.b);
    if (info->c == OPERAND_USE) add(set, i.c);
    if (info->b == OPERAND_RANGE)
        for (uint32_t k = 0; k < i.c; k++) add(set, i.b + k);
    if (i.op == OP_CLOSURE)
        for (uint32_t k = 1; k <= i.c; k++) add(set, i.a + k);
}

static void inside_region(struct flow *f, const struct region_record *region, uint64_t *set)
{
    bool needed = (set[region->reg / 64] >> (region->reg % 64) & 1) != 0;
    join(f, set, region->handler);
    if (region->kind == REGION_CATCH)
        add(set, region->reg);
    else if (!needed)
        drop(set, region->reg);
}

/* What holds before instruction i, from what holds behind it and where it jumps. */
static void before_insn(struct flow *f, uint32_t i, uint64_t *set)
{
    struct insn insn = f->code[i];
    unsigned flow = op_info[insn.op].flow;
    int32_t offset;
    for (uint32_t w = 0; w < f->words; w++) set[w] = 0;
    if (flow == FLOW_NEXT || flow == FLOW_BRANCH || flow == FLOW_BACK || flow == FLOW_SUSPEND)
        join(f, set, i + 1);
    if (insn.op != OP_RECV_PEEK) {
        if (op_jump(insn, &offset)) join(f, set, (uint32_t)((int32_t)i + 1 + offset));
        apply_operands(f, insn, set);
    } else { /* writes its register only when it does not jump */
        apply_operands(f, insn, set);
        if (op_jump(insn, &offset)) join(f, set, (uint32_t)((int32_t)i + 1 + offset));
    }
    /* regions come inner before outer: walked backwards, the open ones are a stack */
    while (f->depth && f->regions[f->open[f->depth - 1]].first > i) f->depth--;
    while (f->next > 0 && f->regions[f->next - 1].last > i && f->depth < LIMIT_REGION_DEPTH)
        f->open[f->depth++] = --f->next;
    for (uint32_t r = f->depth; r-- > 0;) inside_region(f, &f->regions[f->open[r]], set);
}

static void start_pass(struct flow *f)
{
    f->at = f->count;
    f->depth = 0;
    f->next = f->region_count;
    f->changed = false;
}

/* Backward passes; true when nothing that an earlier instruction of a pass may have read changed in the last one. */
static bool passes(struct compiler *c, struct flow *f)
{
    uint64_t *set = live_at(f, f->count);
    for (;;) {
        while (f->at > 0) {
            if (c->budget <= 0) return false;
            c->budget -= 1 + f->words / 4;
            before_insn(f, --f->at, set);
            uint64_t *old = live_at(f, f->at);
            for (uint32_t w = 0; w < f->words; w++) {
                f->changed |= (set[w] & ~old[w]) != 0;
                old[w] |= set[w];
            }
        }
        if (!f->changed || !f->backward) return true;
        start_pass(f);
    }
}

#define CLEAR_SLICE 4096 /* words */
#define MARK_SLICE 1024  /* instructions */

/* The table begins empty, but :debug keeps every local until its scope ends. */
static bool prepare(struct compiler *c, struct flow *f)
{
    uint64_t size = (uint64_t)(f->count + 1) * f->words;
    while (f->cleared < size) {
        uint64_t n = min_u64(size - f->cleared, CLEAR_SLICE);
        if (c->budget <= 0) return false;
        c->budget -= 100;
        __builtin_memset(f->live + f->cleared, 0, n * 8);
        f->cleared += n;
    }
    while (c->keep_locals && f->local < c->arity->record.local_count) {
        struct local_record *l = &AT(c, locals, struct local_record, c->arity->record.first_local + f->local);
        uint32_t first = l->first + f->marked,
                 last = (uint32_t)min_u64(l->last, (uint64_t)first + MARK_SLICE);
        if (c->budget <= 0) return false;
        c->budget -= 1 + (last - first) / 16;
        for (uint32_t i = first; i < last; i++) add(live_at(f, i), l->reg);
        f->marked += last - first;
        if (last < l->last) continue;
        f->marked = 0;
        f->local++;
    }
    return true;
}

/* Where jumps lead is known: is there one backward? */
static bool look_for_loops(struct compiler *c, struct flow *f)
{
    int32_t offset;
    for (; f->at < f->count; f->at++) {
        if (c->budget <= 0) return false;
        if ((f->at & 15) == 0) c->budget--;
        f->backward |= op_jump(f->code[f->at], &offset) && offset < 0;
    }
    return true;
}

static bool hand_over(struct compiler *c, struct flow *f)
{
    uint32_t stride = (c->max + 7) / 8;
    for (; f->at < f->count; f->at++) {
        if (c->budget-- <= 0) return false;
        uint8_t *out = buffer_push(c, &c->live, 1, stride);
        if (c->failed) return true;
        __builtin_memcpy(out, live_at(f, f->at), stride);
    }
    return true;
}

void liveness_start(struct compiler *c, uint32_t count)
{
    struct proto_record *record = &c->arity->record;
    struct flow *f = &c->flow;
    *f = (struct flow){.count = count, .words = (c->max + 63) / 64, .region_count = record->region_count};
    if (f->words == 0) f->words = 1;
    uint64_t size = (uint64_t)(count + 1) * f->words;
    if (size > LIMIT_UNIT_BYTES / 8) {
        compile_fail(c, ERR_TOO_LARGE, NIL, "a function is too large to compile: split it%s", "");
        return;
    }
    c->live_table.count = 0;
    f->live = buffer_push(c, &c->live_table, 8, (uint32_t)size);
    if (c->failed) return;
    f->code = &AT(c, code, struct insn, c->first_insn);
    f->regions = record->region_count ? &AT(c, regions, struct region_record, record->first_region) : NULL;
}

bool liveness(struct compiler *c)
{
    struct flow *f = &c->flow;
    switch (f->stage) {
    case 0:
        if (!prepare(c, f)) return false;
        f->stage++;
        __attribute__((fallthrough));
    case 1:
        if (!look_for_loops(c, f)) return false;
        start_pass(f);
        f->stage++;
        __attribute__((fallthrough));
    case 2:
        if (!passes(c, f)) return false;
        f->at = 0;
        f->stage++;
        __attribute__((fallthrough));
    default: return hand_over(c, f);
    }
}
