/* Third pass: which registers are still needed before each instruction (rules B1 to B3 in loader/bytecode/format.h).
 *
 * Backwards dataflow over the instructions of one arity, repeated until nothing changes if there are backward jumps.
 * Inside a region the handler may be entered at any instruction, so what it needs is live throughout. */
#include "runtime/compiler/internal.h"

struct flow {
    struct compiler *c;
    struct insn *code;
    uint64_t *live; /* words for each instruction */
    uint32_t count, words;
};

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

/* One backward pass; true if something changed that an earlier instruction of the pass may have read. */
static bool pass(struct flow *f, const struct region_record *regions, uint32_t region_count, uint64_t *set)
{
    const struct region_record *open[LIMIT_REGION_DEPTH];
    uint32_t depth = 0, next = region_count;
    bool changed = false;
    for (uint32_t i = f->count; i-- > 0;) {
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
        while (depth && open[depth - 1]->first > i) depth--;
        while (next > 0 && regions[next - 1].last > i && depth < LIMIT_REGION_DEPTH)
            open[depth++] = &regions[--next];
        for (uint32_t r = depth; r-- > 0;) inside_region(f, open[r], set);
        uint64_t *old = live_at(f, i);
        for (uint32_t w = 0; w < f->words; w++) {
            changed |= (set[w] & ~old[w]) != 0;
            old[w] |= set[w];
        }
    }
    return changed;
}

/* :debug keeps every local until its scope ends. */
static void keep_scopes(struct flow *f, const struct local_record *locals, uint32_t count)
{
    for (uint32_t l = 0; l < count; l++)
        for (uint32_t i = locals[l].first; i < locals[l].last; i++) add(live_at(f, i), locals[l].reg);
}

void liveness(struct compiler *c, uint32_t count)
{
    struct proto_record *record = &c->arity->record;
    struct flow f = {.c = c, .count = count, .words = (c->max + 63) / 64};
    if (f.words == 0) f.words = 1;
    struct buffer table = {0};
    uint64_t size = (uint64_t)(count + 1) * f.words;
    if (size > LIMIT_UNIT_BYTES / 8) {
        compile_fail(c, ERR_TOO_LARGE, NIL, "a function is too large to compile: split it%s", "");
        return;
    }
    f.live = buffer_push(c, &table, 8, (uint32_t)size);
    if (c->failed) return;
    __builtin_memset(f.live, 0, size * 8);
    f.code = &AT(c, code, struct insn, c->first_insn);

    const struct region_record *regions =
        record->region_count ? &AT(c, regions, struct region_record, record->first_region) : NULL;
    const struct local_record *locals =
        record->local_count ? &AT(c, locals, struct local_record, record->first_local) : NULL;
    bool backward = false;
    for (uint32_t i = 0; i < count; i++) {
        int32_t offset;
        backward |= op_jump(f.code[i], &offset) && offset < 0;
    }
    if (c->keep_locals) keep_scopes(&f, locals, record->local_count);
    while (pass(&f, regions, record->region_count, live_at(&f, count)) && backward) {
    }

    uint32_t stride = (c->max + 7) / 8;
    uint8_t *out = buffer_push(c, &c->live, 1, stride * count);
    if (c->failed) return;
    for (uint32_t i = 0; i < count; i++) __builtin_memcpy(out + (size_t)i * stride, live_at(&f, i), stride);
}
