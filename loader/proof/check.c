/* One pass over each function with the rules of docs/design/proof.md.  Reading bottom up: proof_check, check_function, step. */
#include "loader/proof/check.h"

#include "base/mem.h"
#include "loader/proof/value.h"
#include "loader/wasm/ops.h"

enum {
    COMPARES_DEEP = 1000
}; /* ifs nested deeper than this are not refined by their conditions: memory stays bounded */

struct slot {
    struct value v;
    uint64_t compare; /* serial of the comparison that made it; 0: none */
};

struct comparison {
    uint64_t serial;
    uint32_t op; /* I32_EQ ... I32_GE_U; 0: none */
    bool negated;
    struct value a, b;
};

struct local_state {
    uint64_t epoch; /* older than the machine's: nothing is known */
    struct value v;
};

struct undo {
    uint32_t local;
    struct local_state before;
};

enum frame_kind { BLOCK, LOOP, IF, ELSE, TRY, FUNCTION };

struct frame {
    uint8_t kind;
    bool dead_before, branched;
    uint32_t height, params, results;
    const struct proof_label *label; /* NULL: nothing is stated */
    uint32_t undo_mark,
        compare; /* of an if: how to come back to its beginning; index in compares, WASM_NO_INDEX */
    uint64_t epoch;
    uint64_t serial; /* of the last br_table that checked it */
};

struct machine {
    const struct proof *proof;
    const struct wasm_module *m;
    const struct wasm_allocator *a;
    struct proof_result *result;
    uint8_t *broken;
    struct proof_error *error;
    uint32_t function;
    const uint8_t *pc, *at;
    const struct proof_function *stated;
    uint32_t next_label, blocks;

    struct local_state *locals;
    uint8_t *types; /* of the locals */
    uint32_t local_count;
    uint64_t epoch, counter; /* counter: serials and versions, never reused */
    struct slot *stack;
    uint32_t height, stack_room;
    struct frame *frames;
    uint32_t depth, frame_room;
    struct undo *undo;
    uint32_t undo_count, undo_room;
    struct comparison last, *compares;
    uint32_t compare_count, compare_room, open_ifs;
    bool dead, no_memory;
};

/* ---- reading code that has been validated ---- */

static uint64_t leb(struct machine *k)
{
    uint64_t value = 0;
    for (unsigned shift = 0;; shift += 7) {
        uint8_t byte = *k->pc++;
        if (shift < 64) value |= (uint64_t)(byte & 0x7f) << shift;
        if (byte < 0x80) return value;
    }
}

static int64_t leb_signed(struct machine *k)
{
    uint64_t value = 0;
    for (unsigned shift = 0;;) {
        uint8_t byte = *k->pc++;
        value |= (uint64_t)(byte & 0x7f) << shift;
        shift += 7;
        if (byte >= 0x80) continue;
        if ((byte & 0x40) && shift < 64) value |= ~0ull << shift;
        return (int64_t)value;
    }
}

struct op_info {
    uint8_t immediate, extra, pops, pushes;
};

/* pops is SPECIAL for instructions whose effect depends on more than the opcode. */
#define SPECIAL 0xff
enum {
    POPS_special = SPECIAL,
    PUSHES_special = 0,
#define WASM_SIG(name, pop_count, p1, p2, p3, push_count, push)                                              \
    POPS_##name = pop_count, PUSHES_##name = push_count,
#include "spec/wasm_ops.def"
};

static const struct op_info infos[WASM_OP_LIMIT] = {
#define WASM_OP(name, text, code, imm, extra, sig) [code] = {WASM_IMM_##imm, extra, POPS_##sig, PUSHES_##sig},
#include "spec/wasm_ops.def"
};

/* After the opcode: over an immediate that says nothing here. */
static void skip_immediate(struct machine *k, uint32_t op)
{
    uint64_t count;
    switch (infos[op].immediate) {
    case WASM_IMM_NONE: break;
    case WASM_IMM_LABELS:
        for (count = leb(k) + 1; count > 0; count--) leb(k);
        break;
    case WASM_IMM_TYPES:
        count = leb(k);
        k->pc += count;
        break;
    case WASM_IMM_TYPE_TABLE:
    case WASM_IMM_TABLES:
    case WASM_IMM_MEMORIES:
    case WASM_IMM_DATA_MEMORY:
    case WASM_IMM_ELEMENT_TABLE: leb(k), leb(k); break;
    case WASM_IMM_MEMORY_LANE:
    case WASM_IMM_MEMORY_ACCESS:
        if (leb(k) & 0x40) leb(k);
        leb(k);
        k->pc += infos[op].immediate == WASM_IMM_MEMORY_LANE;
        break;
    case WASM_IMM_LANE:
    case WASM_IMM_HEAP_TYPE: k->pc += 1; break;
    case WASM_IMM_F32: k->pc += 4; break;
    case WASM_IMM_F64: k->pc += 8; break;
    case WASM_IMM_SHUFFLE:
    case WASM_IMM_V128: k->pc += 16; break;
    default: leb(k); /* an index, a constant, a block type */
    }
}

/* ---- failing, room ---- */

static COLD bool fail(struct machine *k, const char *rule, uint32_t fact)
{
    *k->error = (struct proof_error){rule, k->function, (uint32_t)(k->at - k->m->bytes), fact};
    return false;
}

/* Makes *array, of which count entries of a size are used, larger than *room. */
static bool grow(struct machine *k, void *array, uint32_t count, uint32_t *room, size_t size)
{
    void *old;
    uint32_t wanted = *room == 0 ? 64 : *room * 2;
    void *block = k->a->alloc(k->a->context, wanted * size);
    if (block == NULL) return fail(k, "out of memory", WASM_NO_INDEX);
    memcpy(&old, array, sizeof old);
    if (old != NULL) {
        memcpy(block, old, count * size);
        k->a->free(k->a->context, old, *room * size);
    }
    memcpy(array, &block, sizeof block);
    *room = wanted;
    return true;
}

/* ---- locals ---- */

/* A local of which nothing is known since the last join has a version that says so. */
static struct value local_now(const struct machine *k, uint32_t local)
{
    const struct local_state *s = &k->locals[local];
    if (s->epoch == k->epoch) return s->v;
    struct value v = value_unknown();
    v.version = 1ull << 63 | k->epoch;
    return v;
}

static void write_local(struct machine *k, uint32_t local, const struct value *v)
{
    if (k->undo_count == k->undo_room && !grow(k, &k->undo, k->undo_count, &k->undo_room, sizeof *k->undo)) {
        k->no_memory = true;
        return;
    }
    struct undo *u = &k->undo[k->undo_count++];
    struct local_state *l = &k->locals[local];
    u->local = local;
    u->before.epoch = l->epoch;
    value_copy(&u->before.v, &l->v);
    l->epoch = k->epoch;
    value_copy(&l->v, v);
}

static void roll_back(struct machine *k, uint32_t mark)
{
    while (k->undo_count > mark) {
        const struct undo *u = &k->undo[--k->undo_count];
        k->locals[u->local].epoch = u->before.epoch;
        value_copy(&k->locals[u->local].v, &u->before.v);
    }
}

static void assign_local(struct machine *k, uint32_t local, struct value v)
{
    v.version = ++k->counter;
    v.local = NO_LOCAL;
    write_local(k, local, &v);
}

static uint64_t version_now(const struct machine *k, uint32_t local)
{
    const struct local_state *s = &k->locals[local];
    return s->epoch == k->epoch ? s->v.version : 1ull << 63 | k->epoch;
}

static bool is_current(const struct machine *k, const struct value *v)
{
    return v->local != NO_LOCAL && version_now(k, v->local) == v->version;
}

/* All that is known of a value: of a local unchanged since, what is known of that now. */
static struct value value_now(const struct machine *k, const struct value *v)
{
    if (!is_current(k, v)) return *v;
    struct value now = local_now(k, v->local);
    now.local = v->local;
    return now;
}

/* ---- what follows from what is known ---- */

/* scale * v + add <= target follows from one bound; least is the least that the target can be. */
static bool bound_implies(const struct machine *k, const struct value *v, const struct bound *wanted)
{
    for (uint32_t i = 0; i < v->bound_count; i++) {
        const struct bound *b = &v->bounds[i];
        if (b->is_local == wanted->is_local && b->target == wanted->target && b->scale >= wanted->scale &&
            b->add >= wanted->add &&
            (!b->is_local || (b->version == wanted->version && version_now(k, b->target) == b->version)))
            return true;
    }
    return false;
}

/* The same through a local y in between: v + c <= y, and t * y + d <= target. */
static bool chain_implies(const struct machine *k, const struct value *v, const struct bound *wanted)
{
    for (uint32_t i = 0; i < v->bound_count; i++) {
        const struct bound *b = &v->bounds[i];
        if (!b->is_local || b->scale < 1 || version_now(k, b->target) != b->version) continue;
        struct value y = local_now(k, b->target);
        for (uint32_t j = 0; j < y.bound_count; j++) {
            const struct bound *c = &y.bounds[j];
            if (c->is_local != wanted->is_local || c->target != wanted->target ||
                (c->is_local && c->version != wanted->version))
                continue;
            /* scale * v + add <= y, so c.scale * (scale * v + add) + c.add <= target */
            if (c->scale > 1 << 20 || b->scale > 1 << 20) continue;
            if (c->scale * b->scale >= wanted->scale && c->scale * b->add + c->add >= wanted->add)
                return true;
        }
    }
    return false;
}

static bool implies(const struct machine *k, const struct value *v, const struct bound *wanted)
{
    uint64_t least =
        wanted->is_local ? local_now(k, wanted->target).low : k->m->memories[wanted->target].min << 16;
    if (wanted->scale <= 1ll << 30 && wanted->scale * (int64_t)v->high + wanted->add <= (int64_t)least)
        return true;
    return bound_implies(k, v, wanted) || chain_implies(k, v, wanted);
}

static struct bound bound_of(const struct machine *k, const struct proof_fact *f)
{
    struct bound b = {
        .is_local = f->kind == PROOF_LOCAL, .target = f->target, .scale = f->scale, .add = f->add};
    if (b.is_local) b.version = version_now(k, f->target);
    return b;
}

static bool fact_follows(const struct machine *k, const struct proof_fact *f)
{
    struct value v = local_now(k, f->local);
    if (f->kind == PROOF_INTERVAL) return v.low >= f->low && v.high <= f->high;
    struct bound wanted = bound_of(k, f);
    return implies(k, &v, &wanted);
}

/* Control goes to the label: what is stated there must follow. */
static bool facts_follow(struct machine *k, const struct proof_label *label)
{
    for (uint32_t i = 0; label != NULL && i < label->count; i++) {
        uint32_t fact = label->first + i;
        if (fact_follows(k, &k->proof->facts[fact])) continue;
        if (k->broken == NULL) return fail(k, "a stated fact does not follow", fact);
        k->broken[fact] = 1;
    }
    return true;
}

/* From here on nothing is known but what is stated. */
static void assume(struct machine *k, const struct proof_label *label)
{
    k->epoch = ++k->counter;
    for (uint32_t i = 0; label != NULL && i < label->count; i++) {
        const struct proof_fact *f = &k->proof->facts[label->first + i];
        struct value v = local_now(k, f->local);
        if (f->kind == PROOF_INTERVAL) {
            if (f->low > v.low) v.low = f->low;
            if (f->high < v.high) v.high = f->high;
        } else {
            value_add_bound(&v, bound_of(k, f));
        }
        write_local(k, f->local, &v);
    }
}

/* ---- conditions ---- */

/* a + strict <= b is known: a inherits b's bounds. */
static void inherit(struct machine *k, const struct value *a, const struct value *b, int64_t strict)
{
    if (!is_current(k, a)) return;
    struct value v = local_now(k, a->local);
    int64_t high = (int64_t)b->high - strict;
    if (high >= 0 && high < v.high) v.high = (uint32_t)high;
    for (uint32_t i = 0; i < b->bound_count; i++) {
        struct bound c = b->bounds[i];
        if (c.scale > 1 << 30) continue;
        c.add += c.scale * strict;
        if (!(c.is_local && c.target == a->local)) value_add_bound(&v, c);
    }
    if (is_current(k, b) && b->local != a->local)
        value_add_bound(&v, (struct bound){true, b->local, b->version, 1, strict});
    write_local(k, a->local, &v);
}

static void raise_low(struct machine *k, const struct value *b, uint64_t low)
{
    if (!is_current(k, b) || low > UINT32_MAX) return;
    struct value v = local_now(k, b->local);
    if (low > v.low) v.low = (uint32_t)low;
    write_local(k, b->local, &v);
}

static void less(struct machine *k, const struct value *a, const struct value *b, int64_t strict)
{
    inherit(k, a, b, strict);
    raise_low(k, b, (uint64_t)a->low + (uint64_t)strict);
}

static void differ(struct machine *k, const struct value *a, const struct value *b)
{
    struct bound at_most = {
        .is_local = true, .target = b->local, .version = b->version, .scale = 1, .add = 0};
    if (is_current(k, b) && bound_implies(k, a, &at_most)) less(k, a, b, 1);
    if (!is_current(k, a) || b->low != b->high) return;
    struct value v = local_now(k, a->local);
    if (v.low == b->low && v.low < UINT32_MAX) v.low++;
    if (v.high == b->low && v.high > 0) v.high--;
    write_local(k, a->local, &v);
}

/* The comparison came out as truth says. */
static void refine(struct machine *k, const struct comparison *c, bool truth)
{
    if (c->op == 0) return;
    struct value a = value_now(k, &c->a), b = value_now(k, &c->b);
    bool is_signed = c->op == WASM_OP_I32_LT_S || c->op == WASM_OP_I32_GT_S || c->op == WASM_OP_I32_LE_S ||
                     c->op == WASM_OP_I32_GE_S;
    if (is_signed && (a.high > INT32_MAX || b.high > INT32_MAX)) return;
    bool holds = truth != c->negated;
    switch (c->op) {
    case WASM_OP_I32_EQ:
    case WASM_OP_I32_NE:
        if (holds == (c->op == WASM_OP_I32_EQ)) {
            less(k, &a, &b, 0);
            less(k, &b, &a, 0);
        } else {
            differ(k, &a, &b);
            differ(k, &b, &a);
        }
        break;
    case WASM_OP_I32_LT_S:
    case WASM_OP_I32_LT_U: holds ? less(k, &a, &b, 1) : less(k, &b, &a, 0); break;
    case WASM_OP_I32_GT_S:
    case WASM_OP_I32_GT_U: holds ? less(k, &b, &a, 1) : less(k, &a, &b, 0); break;
    case WASM_OP_I32_LE_S:
    case WASM_OP_I32_LE_U: holds ? less(k, &a, &b, 0) : less(k, &b, &a, 1); break;
    default: holds ? less(k, &b, &a, 0) : less(k, &a, &b, 1); break;
    }
}

/* What it means that a value is taken as true: the comparison that made it, or that it is not zero. */
static struct comparison condition(struct machine *k, const struct slot *s)
{
    if (s->compare != 0 && s->compare == k->last.serial) return k->last;
    return (struct comparison){.op = WASM_OP_I32_NE, .a = s->v, .b = value_constant(0)};
}

/* ---- the operand stack ---- */

/* Room for another operand, its place; NULL: no memory. */
static struct slot *push_slot(struct machine *k)
{
    if (k->height == k->stack_room && !grow(k, &k->stack, k->height, &k->stack_room, sizeof *k->stack)) {
        k->no_memory = true;
        return NULL;
    }
    struct slot *s = &k->stack[k->height++];
    s->compare = 0;
    return s;
}

static void push(struct machine *k, struct value v)
{
    struct slot *s = push_slot(k);
    if (s != NULL) value_copy(&s->v, &v);
}

static struct slot pop(struct machine *k)
{
    return k->stack[--k->height];
}

static void push_range(struct machine *k, uint32_t low, uint32_t high)
{
    struct slot *s = push_slot(k);
    if (s == NULL) return;
    s->v.low = low;
    s->v.high = high;
    s->v.local = NO_LOCAL;
    s->v.version = 0;
    s->v.bound_count = 0;
}

static void push_unknown(struct machine *k, uint32_t count)
{
    for (; count > 0; count--) push_range(k, 0, UINT32_MAX);
}

/* ---- blocks ---- */

static bool open_frame(struct machine *k, enum frame_kind kind, int64_t type)
{
    if (k->depth == k->frame_room && !grow(k, &k->frames, k->depth, &k->frame_room, sizeof *k->frames))
        return false;
    struct frame f = {.kind = (uint8_t)kind, .dead_before = k->dead, .compare = WASM_NO_INDEX};
    uint32_t block = kind == FUNCTION ? WASM_NO_INDEX : k->blocks++;
    if (type >= 0) {
        f.params = k->m->types[type].param_count;
        f.results = k->m->types[type].result_count;
    } else {
        f.results = type != -64;
    }
    const struct proof_function *s = k->stated;
    if (kind != FUNCTION && s != NULL && k->next_label < s->count &&
        k->proof->labels[s->first + k->next_label].block == block)
        f.label = &k->proof->labels[s->first + k->next_label++];
    f.height = k->dead ? k->height : k->height - f.params;
    k->frames[k->depth++] = f;
    return true;
}

static void restart(struct machine *k, const struct frame *f, uint32_t values)
{
    k->height = f->height;
    push_unknown(k, values);
}

static bool begin_if(struct machine *k, int64_t type)
{
    struct slot s = {0};
    if (!k->dead) s = pop(k);
    if (!open_frame(k, IF, type)) return false;
    struct frame *f = &k->frames[k->depth - 1];
    if (k->dead) return true;
    k->open_ifs++;
    f->undo_mark = k->undo_count;
    f->epoch = k->epoch;
    struct comparison c = condition(k, &s);
    if (k->compare_count < COMPARES_DEEP) {
        if (k->compare_count == k->compare_room &&
            !grow(k, &k->compares, k->compare_count, &k->compare_room, sizeof *k->compares))
            return false;
        f->compare = k->compare_count;
        k->compares[k->compare_count++] = c;
    }
    refine(k, &c, true);
    restart(k, f, f->params);
    return true;
}

/* Back to the beginning of an if, its condition being false. */
static void other_arm(struct machine *k, struct frame *f)
{
    roll_back(k, f->undo_mark);
    k->epoch = f->epoch;
    if (f->compare != WASM_NO_INDEX) {
        refine(k, &k->compares[f->compare], false);
        k->compare_count = f->compare;
    }
    k->open_ifs--;
    k->dead = false;
}

static bool begin_block(struct machine *k, enum frame_kind kind, int64_t type)
{
    if (!open_frame(k, kind, type)) return false;
    struct frame *f = &k->frames[k->depth - 1];
    if (k->dead || kind != LOOP) return true;
    if (!facts_follow(k, f->label)) return false;
    assume(k, f->label);
    restart(k, f, f->params);
    return true;
}

static bool begin_else(struct machine *k)
{
    struct frame *f = &k->frames[k->depth - 1];
    f->kind = ELSE;
    if (f->dead_before) return true;
    if (!k->dead && !facts_follow(k, f->label)) return false;
    f->branched |= !k->dead;
    other_arm(k, f);
    restart(k, f, f->params);
    return true;
}

static bool begin_catch(struct machine *k, uint32_t values)
{
    struct frame *f = &k->frames[k->depth - 1];
    if (f->dead_before) return true;
    if (!k->dead && !facts_follow(k, f->label)) return false;
    f->branched |= !k->dead;
    assume(k, NULL); /* anything may have happened before the exception */
    k->dead = false;
    restart(k, f, values);
    return true;
}

static bool end_block(struct machine *k)
{
    struct frame f = k->frames[--k->depth];
    if (f.dead_before) return true;
    bool join = f.kind != LOOP && f.kind != FUNCTION;
    if (f.kind == IF) {
        if (!k->dead && !facts_follow(k, f.label)) return false;
        f.branched |= !k->dead; /* an arm that does not come here leaves only the other one's knowledge */
        other_arm(k, &f);
    }
    if (join && !k->dead && (f.branched || f.label != NULL) && !facts_follow(k, f.label)) return false;
    if (join && (f.branched || (f.label != NULL && !k->dead))) {
        assume(k, f.label);
        k->dead = false;
    }
    if (k->open_ifs == 0) k->undo_count = 0;
    restart(k, &f, f.results);
    return true;
}

/* ---- branches ---- */

static bool branch_to(struct machine *k, uint32_t depth)
{
    struct frame *f = &k->frames[k->depth - 1 - depth];
    f->branched = true;
    return facts_follow(k, f->label);
}

static bool branch_if(struct machine *k, uint32_t depth)
{
    struct slot s = pop(k);
    struct comparison c = condition(k, &s);
    uint32_t mark = k->undo_count;
    refine(k, &c, true);
    if (!branch_to(k, depth)) return false;
    roll_back(k, mark);
    refine(k, &c, false);
    return true;
}

static bool branch_table(struct machine *k)
{
    uint64_t serial = ++k->counter;
    for (uint64_t count = leb(k) + 1; count > 0; count--) {
        uint32_t depth = (uint32_t)leb(k);
        struct frame *f = &k->frames[k->depth - 1 - depth];
        if (f->serial == serial) continue;
        f->serial = serial;
        if (!branch_to(k, depth)) return false;
    }
    k->dead = true;
    return true;
}

/* A try_table's clauses can be taken from anywhere inside: nothing is known there. */
static bool clauses(struct machine *k)
{
    uint64_t before = k->epoch;
    for (uint64_t count = leb(k); count > 0; count--) {
        uint8_t kind = *k->pc++;
        if (kind <= 1) leb(k);
        uint32_t depth = (uint32_t)leb(k);
        if (k->dead) continue;
        k->epoch = ++k->counter;
        if (!branch_to(k, depth)) return false;
    }
    k->epoch = before;
    return true;
}

/* ---- memory ---- */

static bool record(struct machine *k)
{
    struct proof_result *r = k->result;
    if (r->proved_count == r->proved_room &&
        !grow(k, &r->proved, r->proved_count, &r->proved_room, sizeof *r->proved))
        return false;
    r->proved[r->proved_count++] = (uint32_t)(k->pc - k->m->bytes);
    return true;
}

static bool access(struct machine *k, uint32_t op)
{
    const struct op_info *info = &infos[op];
    uint64_t flags = leb(k);
    uint32_t memory = flags & 0x40 ? (uint32_t)leb(k) : 0;
    uint64_t offset = leb(k);
    struct value address = value_unknown();
    k->height -= info->pops;
    value_copy(&address, &k->stack[k->height].v); /* it lies deepest */
    if (!k->m->memories[memory].is64 && info->immediate == WASM_IMM_MEMORY_ACCESS) {
        struct value v = value_now(k, &address);
        struct bound in = {.target = memory, .scale = 1, .add = (int64_t)offset + (1 << info->extra)};
        k->result->accesses++;
        if (implies(k, &v, &in)) {
            if (!record(k)) return false;
        } else if (is_current(k, &address)) {
            value_add_bound(&v, in); /* checked and passed */
            v.local = NO_LOCAL;
            write_local(k, address.local, &v);
        }
    }
    if (info->immediate == WASM_IMM_MEMORY_LANE) k->pc++;
    if (op == WASM_OP_I32_LOAD8_U)
        push_range(k, 0, 0xff);
    else if (op == WASM_OP_I32_LOAD16_U)
        push_range(k, 0, 0xffff);
    else
        push_unknown(k, info->pushes);
    return true;
}

static void memory_size(struct machine *k)
{
    uint32_t memory = (uint32_t)leb(k);
    struct value v = value_unknown();
    if (!k->m->memories[memory].is64) {
        v.high = 1 << 16;
        value_add_bound(&v, (struct bound){.target = memory, .scale = 1 << 16});
    }
    push(k, v);
}

/* ---- arithmetic ---- */

static bool is_constant(const struct value *v)
{
    return v->low == v->high;
}

static struct value binary(const struct value *a, const struct value *b, uint32_t op)
{
    switch (op) {
    case WASM_OP_I32_ADD: return value_add(a, b);
    case WASM_OP_I32_SUB: return is_constant(b) ? value_add_constant(a, -(int64_t)b->low) : value_unknown();
    case WASM_OP_I32_MUL:
        return is_constant(b)   ? value_multiply(a, b->low)
               : is_constant(a) ? value_multiply(b, a->low)
                                : value_unknown();
    case WASM_OP_I32_SHL: return is_constant(b) ? value_multiply(a, 1u << (b->low & 31)) : value_unknown();
    case WASM_OP_I32_SHR_U:
        return is_constant(b) ? value_divide(a, 1u << (b->low & 31)) : value_range(0, a->high);
    case WASM_OP_I32_DIV_U:
        return is_constant(b) && b->low > 0 ? value_divide(a, b->low) : value_range(0, a->high);
    case WASM_OP_I32_REM_U:
        return is_constant(b) && b->low > 0 ? value_range(0, b->low - 1) : value_unknown();
    case WASM_OP_I32_AND:
        return is_constant(b)   ? value_and(a, b->low)
               : is_constant(a) ? value_and(b, a->low)
                                : value_unknown();
    default: return value_unknown();
    }
}

static void arithmetic(struct machine *k, uint32_t op)
{
    struct slot second = pop(k), first = pop(k);
    struct value a = value_now(k, &first.v), b = value_now(k, &second.v);
    if (op < WASM_OP_I32_EQ || op > WASM_OP_I32_GE_U) {
        push(k, binary(&a, &b, op));
        return;
    }
    k->last = (struct comparison){.serial = ++k->counter, .op = op, .a = first.v, .b = second.v};
    push_range(k, 0, 1);
    k->stack[k->height - 1].compare = k->last.serial;
}

static void is_zero(struct machine *k)
{
    struct slot s = pop(k);
    struct comparison c = condition(k, &s);
    c.negated = !c.negated;
    c.serial = ++k->counter;
    k->last = c;
    push_range(k, 0, 1);
    k->stack[k->height - 1].compare = c.serial;
}

/* ---- instructions ---- */

static void call_type(struct machine *k, uint32_t type)
{
    k->height -= k->m->types[type].param_count;
    push_unknown(k, k->m->types[type].result_count);
}

static void push_local(struct machine *k, uint32_t local)
{
    const struct local_state *l = &k->locals[local];
    struct slot *s = push_slot(k);
    if (s == NULL) return;
    if (l->epoch == k->epoch) {
        value_copy(&s->v, &l->v);
    } else {
        s->v.low = 0;
        s->v.high = UINT32_MAX;
        s->v.version = 1ull << 63 | k->epoch;
        s->v.bound_count = 0;
    }
    s->v.local = local;
}

static void variable(struct machine *k, uint32_t op)
{
    uint32_t local = (uint32_t)leb(k);
    struct value v;
    switch (op) {
    case WASM_OP_LOCAL_GET: push_local(k, local); break;
    default: {
        struct slot s = pop(k);
        v = value_now(k, &s.v);
        if (is_current(k, &s.v) && s.v.local != local)
            value_add_bound(&v, (struct bound){true, s.v.local, s.v.version, 1, 0});
        assign_local(k, local, v);
        if (op == WASM_OP_LOCAL_SET) break;
        push_local(k, local);
    }
    }
}

/* Pops and pushes of the instructions with their own rule in the validator that say nothing about integers. */
static void plain_effect(struct machine *k, uint32_t op)
{
    static const struct {
        uint16_t op;
        uint8_t pops, pushes;
    } effects[] = {
        {WASM_OP_NOP, 0, 0},         {WASM_OP_DROP, 1, 0},        {WASM_OP_SELECT, 3, 1},
        {WASM_OP_SELECT_T, 3, 1},    {WASM_OP_GLOBAL_GET, 0, 1},  {WASM_OP_GLOBAL_SET, 1, 0},
        {WASM_OP_TABLE_GET, 1, 1},   {WASM_OP_TABLE_SET, 2, 0},   {WASM_OP_MEMORY_GROW, 1, 1},
        {WASM_OP_MEMORY_FILL, 3, 0}, {WASM_OP_MEMORY_INIT, 3, 0}, {WASM_OP_MEMORY_COPY, 3, 0},
        {WASM_OP_TABLE_INIT, 3, 0},  {WASM_OP_TABLE_COPY, 3, 0},  {WASM_OP_TABLE_GROW, 2, 1},
        {WASM_OP_TABLE_SIZE, 0, 1},  {WASM_OP_TABLE_FILL, 3, 0},  {WASM_OP_REF_NULL, 0, 1},
        {WASM_OP_REF_IS_NULL, 1, 1}, {WASM_OP_REF_FUNC, 0, 1},
    };
    skip_immediate(k, op);
    for (unsigned i = 0; i < COUNT_OF(effects); i++) {
        if (effects[i].op != op) continue;
        k->height -= effects[i].pops;
        push_unknown(k, effects[i].pushes);
        return;
    }
    k->dead = true; /* return, unreachable, throw, tail calls */
}

static bool special(struct machine *k, uint32_t op)
{
    switch (op) {
    case WASM_OP_LOCAL_GET:
    case WASM_OP_LOCAL_SET:
    case WASM_OP_LOCAL_TEE: variable(k, op); return true;
    case WASM_OP_MEMORY_SIZE: memory_size(k); return true;
    case WASM_OP_BR:
        if (!branch_to(k, (uint32_t)leb(k))) return false;
        k->dead = true;
        return true;
    case WASM_OP_BR_IF: return branch_if(k, (uint32_t)leb(k));
    case WASM_OP_BR_TABLE: k->height--; return branch_table(k);
    case WASM_OP_CALL: call_type(k, k->m->functions[leb(k)].type); return true;
    case WASM_OP_CALL_INDIRECT: {
        uint32_t type = (uint32_t)leb(k);
        leb(k);
        k->height--;
        call_type(k, type);
        return true;
    }
    default: plain_effect(k, op); return true;
    }
}

/* Instructions that shape the nesting; they count in dead code, too.  false: it is none of them, or *failed. */
static bool structure(struct machine *k, uint32_t op, bool *good)
{
    int64_t type;
    switch (op) {
    case WASM_OP_BLOCK:
    case WASM_OP_LOOP:
    case WASM_OP_TRY:
        *good = begin_block(k, op == WASM_OP_LOOP ? LOOP : op == WASM_OP_TRY ? TRY : BLOCK, leb_signed(k));
        return true;
    case WASM_OP_IF: *good = begin_if(k, leb_signed(k)); return true;
    case WASM_OP_TRY_TABLE:
        type = leb_signed(k);
        *good = clauses(k) && begin_block(k, BLOCK, type);
        return true;
    case WASM_OP_ELSE: *good = begin_else(k); return true;
    case WASM_OP_CATCH: *good = begin_catch(k, k->m->types[k->m->tags[leb(k)]].param_count); return true;
    case WASM_OP_CATCH_ALL: *good = begin_catch(k, 0); return true;
    case WASM_OP_DELEGATE: leb(k); /* fall through */
    case WASM_OP_END: *good = end_block(k); return true;
    default: return false;
    }
}

static bool step(struct machine *k)
{
    bool good = true;
    k->at = k->pc;
    uint32_t op = *k->pc++;
    if (op == 0xfc || op == 0xfd) op = (op == 0xfc ? 0x100 : 0x200) + (uint32_t)leb(k);
    const struct op_info *info = &infos[op];
    if (structure(k, op, &good)) return good;
    if (k->dead) {
        skip_immediate(k, op);
    } else if (op == WASM_OP_I32_CONST) {
        push(k, value_constant((uint32_t)leb_signed(k)));
    } else if (op == WASM_OP_I32_EQZ) {
        is_zero(k);
    } else if ((op >= WASM_OP_I32_EQ && op <= WASM_OP_I32_GE_U) ||
               (op >= WASM_OP_I32_ADD && op <= WASM_OP_I32_ROTR)) {
        arithmetic(k, op);
    } else if (info->pops == SPECIAL) {
        good = special(k, op);
    } else if (info->immediate == WASM_IMM_MEMORY_ACCESS || info->immediate == WASM_IMM_MEMORY_LANE) {
        good = access(k, op);
    } else {
        skip_immediate(k, op);
        k->height -= info->pops;
        push_unknown(k, info->pushes);
    }
    return good && (!k->no_memory || fail(k, "out of memory", WASM_NO_INDEX));
}

/* ---- functions ---- */

static bool is_i32_local(const struct machine *k, uint32_t local)
{
    return local < k->local_count && k->types[local] == WASM_I32;
}

/* The types of the locals, parameters first; leaves pc at the first instruction. */
static void lay_out_locals(struct machine *k, const struct wasm_function *f)
{
    const struct wasm_func_type *t = &k->m->types[f->type];
    memcpy(k->types, t->types, t->param_count);
    uint32_t at = t->param_count;
    k->at = k->pc = k->m->bytes + f->body_offset;
    for (uint64_t runs = leb(k); runs > 0; runs--) {
        uint32_t count = (uint32_t)leb(k);
        memset(k->types + at, *k->pc++, count);
        at += count;
    }
}

static bool facts_are_about(struct machine *k, const struct proof_function *s)
{
    for (uint32_t l = 0; l < s->count; l++) {
        const struct proof_label *label = &k->proof->labels[s->first + l];
        for (uint32_t i = 0; i < label->count; i++) {
            const struct proof_fact *f = &k->proof->facts[label->first + i];
            if (!is_i32_local(k, f->local) || (f->kind == PROOF_LOCAL && !is_i32_local(k, f->target)))
                return fail(k, "a fact about what is no local of type i32", label->first + i);
            if (f->kind == PROOF_LENGTH &&
                (f->target >= k->m->memory_count || k->m->memories[f->target].is64))
                return fail(k, "a fact about a memory that there is not", label->first + i);
            if (f->kind != PROOF_INTERVAL && f->scale == 0)
                return fail(k, "a fact with a scale of 0", label->first + i);
        }
    }
    return true;
}

/* Parameters are anything; other locals are zero. */
static bool begin_function(struct machine *k)
{
    const struct wasm_function *f = &k->m->functions[k->function];
    k->local_count = f->local_count;
    k->height = k->depth = k->undo_count = k->compare_count = k->open_ifs = k->next_label = k->blocks = 0;
    k->dead = false;
    k->epoch = ++k->counter;
    k->locals = k->a->alloc(k->a->context, (f->local_count + 1ull) * sizeof *k->locals);
    k->types = k->a->alloc(k->a->context, f->local_count + 1ull);
    if (k->locals == NULL || k->types == NULL) return fail(k, "out of memory", WASM_NO_INDEX);
    lay_out_locals(k, f);
    for (uint32_t i = k->m->types[f->type].param_count; i < f->local_count; i++) {
        k->locals[i] = (struct local_state){k->epoch, value_constant(0)};
        k->locals[i].v.version = ++k->counter;
    }
    if (k->stated != NULL && !facts_are_about(k, k->stated)) return false;
    return open_frame(k, FUNCTION, f->type) && (k->frames[0].height = 0, true);
}

static bool check_function(struct machine *k)
{
    bool good = begin_function(k);
    const uint8_t *end =
        k->m->bytes + k->m->functions[k->function].body_offset + k->m->functions[k->function].body_size;
    while (good && k->pc < end) good = step(k);
    if (good && k->stated != NULL && k->next_label != k->stated->count)
        good = fail(k, "facts about a block that there is not", WASM_NO_INDEX);
    if (k->locals != NULL) k->a->free(k->a->context, k->locals, (k->local_count + 1ull) * sizeof *k->locals);
    if (k->types != NULL) k->a->free(k->a->context, k->types, k->local_count + 1ull);
    k->locals = NULL;
    k->types = NULL;
    return good;
}

bool proof_check(const struct proof *p, const struct wasm_module *m, const struct wasm_allocator *a,
                 struct proof_result *result, uint8_t *broken, struct proof_error *error)
{
    *result = (struct proof_result){0};
    struct machine k = {
        .proof = p, .m = m, .a = a, .result = result, .broken = broken, .error = error, .at = m->bytes};
    bool good = true;
    uint32_t next = 0;
    for (k.function = m->imported_functions; good && k.function < m->function_count; k.function++) {
        bool stated = next < p->function_count && p->functions[next].function == k.function;
        k.stated = stated ? &p->functions[next++] : NULL;
        good = check_function(&k);
    }
    if (good && next != p->function_count)
        good = fail(&k, "facts about a function that there is not", WASM_NO_INDEX);
    if (k.compares != NULL) a->free(a->context, k.compares, k.compare_room * sizeof *k.compares);
    if (k.stack != NULL) a->free(a->context, k.stack, k.stack_room * sizeof *k.stack);
    if (k.frames != NULL) a->free(a->context, k.frames, k.frame_room * sizeof *k.frames);
    if (k.undo != NULL) a->free(a->context, k.undo, k.undo_room * sizeof *k.undo);
    if (!good) proof_result_release(result, a);
    return good;
}

void proof_result_release(struct proof_result *r, const struct wasm_allocator *a)
{
    if (r->proved != NULL) a->free(a->context, r->proved, r->proved_room * sizeof *r->proved);
    *r = (struct proof_result){0};
}
