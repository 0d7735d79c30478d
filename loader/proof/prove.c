#include "loader/proof/prove.h"

#include "base/mem.h"
#include "loader/wasm/ops.h"
#include "loader/wasm/reader.h"

enum {
    LOCALS_MOST = 7,        /* of one loop that are guessed about */
    CONSTANTS_MOST = 6,     /* of one function */
    LOOPS_MOST = 4096,      /* of one function */
    SMALL_MODULE = 1 << 16, /* bytes of code: in larger ones only the heads of loops are guessed about */
    TRIES_MOST = 4000,      /* checks of the whole module while facts are being thrown out, ... */
    TRIES_BYTES = 1 << 26   /* ... and bytes of code that they may go over */
};

struct finding {
    struct proof *p;
    const struct wasm_module *m;
    const struct wasm_allocator *a;
    uint32_t function_room, label_room, fact_room;
    bool no_memory;
};

static void *more(struct finding *k, void *old, uint32_t count, uint32_t *room, size_t size)
{
    if (count < *room) return old;
    uint32_t wanted = *room * 2 + 64;
    void *new = k->a->alloc(k->a->context, (wanted + 1ull) * size);
    if (new == NULL) {
        k->no_memory = true;
        return old;
    }
    if (old != NULL) {
        memcpy(new, old, count * size);
        k->a->free(k->a->context, old, (*room + 1ull) * size);
    }
    *room = wanted;
    return new;
}

static void add_fact(struct finding *k, struct proof_fact f)
{
    struct proof *p = k->p;
    p->facts = more(k, p->facts, p->fact_count, &k->fact_room, sizeof *p->facts);
    if (!k->no_memory) p->facts[p->fact_count++] = f;
}

/* ---- looking through a function ---- */

/* A loop, or a block in one, and the locals of type i32 that are read in it, the first ones. */
struct loop {
    uint32_t block, local_count;
    uint32_t locals[LOCALS_MOST];
};

struct survey {
    uint32_t loop_count, constant_count;
    struct loop loops[LOOPS_MOST];
    uint32_t constants[CONSTANTS_MOST];
    bool uses_memory[64];
};

static void note_local(struct loop *l, uint32_t local)
{
    for (uint32_t i = 0; i < l->local_count; i++)
        if (l->locals[i] == local) return;
    if (l->local_count < LOCALS_MOST) l->locals[l->local_count++] = local;
}

static void note_constant(struct survey *s, uint32_t c)
{
    for (uint32_t i = 0; i < s->constant_count; i++)
        if (s->constants[i] == c) return;
    if (s->constant_count < CONSTANTS_MOST && c > 16) s->constants[s->constant_count++] = c;
}

static const uint8_t immediates[WASM_OP_LIMIT] = {
#define WASM_OP(name, text, code, imm, extra, sig) [code] = WASM_IMM_##imm,
#include "spec/wasm_ops.def"
};

static uint64_t number(struct wasm_reader *r)
{
    uint64_t value = 0;
    wasm_read_u64(r, &value);
    return value;
}

static void skip(struct wasm_reader *r, uint32_t op, struct survey *s)
{
    uint64_t count;
    int64_t ignored;
    switch (immediates[op]) {
    case WASM_IMM_NONE: break;
    case WASM_IMM_I32:
        wasm_read_signed(r, 32, &ignored);
        note_constant(s, (uint32_t)ignored);
        break;
    case WASM_IMM_I64: wasm_read_signed(r, 64, &ignored); break;
    case WASM_IMM_BLOCK: wasm_read_signed(r, 33, &ignored); break;
    case WASM_IMM_LABELS:
        for (count = number(r) + 1; count > 0; count--) number(r);
        break;
    case WASM_IMM_TRY_TABLE:
        wasm_read_signed(r, 33, &ignored);
        for (count = number(r); count > 0; count--) {
            if (*r->p++ <= 1) number(r);
            number(r);
        }
        break;
    case WASM_IMM_TYPES: r->p += number(r); break;
    case WASM_IMM_TYPE_TABLE:
    case WASM_IMM_TABLES:
    case WASM_IMM_MEMORIES:
    case WASM_IMM_DATA_MEMORY:
    case WASM_IMM_ELEMENT_TABLE: number(r), number(r); break;
    case WASM_IMM_MEMORY_ACCESS:
    case WASM_IMM_MEMORY_LANE:
        count = number(r) & 0x40 ? number(r) : 0;
        if (count < COUNT_OF(s->uses_memory)) s->uses_memory[count] = true;
        number(r);
        r->p += immediates[op] == WASM_IMM_MEMORY_LANE;
        break;
    case WASM_IMM_LANE:
    case WASM_IMM_HEAP_TYPE: r->p += 1; break;
    case WASM_IMM_F32: r->p += 4; break;
    case WASM_IMM_F64: r->p += 8; break;
    case WASM_IMM_SHUFFLE:
    case WASM_IMM_V128: r->p += 16; break;
    default: number(r);
    }
}

static bool is_i32(const struct wasm_module *m, uint32_t function, uint32_t local)
{
    const struct wasm_function *f = &m->functions[function];
    const struct wasm_func_type *t = &m->types[f->type];
    struct wasm_error e;
    struct wasm_reader r = {
        .p = m->bytes + f->body_offset, .end = m->bytes + f->code_offset, .begin = m->bytes, .error = &e};
    if (local < t->param_count) return t->types[local] == WASM_I32;
    uint64_t at = t->param_count;
    for (uint64_t runs = number(&r); runs > 0; runs--) {
        at += number(&r);
        uint8_t type = *r.p++;
        if (local < at) return type == WASM_I32;
    }
    return false;
}

/* open: the loops around, innermost last, as indices in s->loops; UINT32_MAX for other blocks. */
static void survey_function(struct survey *s, const struct wasm_module *m, uint32_t function, uint32_t *open)
{
    const struct wasm_function *f = &m->functions[function];
    struct wasm_error e;
    struct wasm_reader r = {.p = m->bytes + f->code_offset,
                            .end = m->bytes + f->body_offset + f->body_size,
                            .begin = m->bytes,
                            .error = &e};
    uint32_t depth = 0, blocks = 0;
    while (r.p < r.end) {
        uint32_t op = *r.p++;
        if (op == 0xfc || op == 0xfd) op = (op == 0xfc ? 0x100 : 0x200) + (uint32_t)number(&r);
        if (op == WASM_OP_LOCAL_GET || op == WASM_OP_LOCAL_TEE) {
            const uint8_t *at = r.p;
            uint32_t local = (uint32_t)number(&r);
            r.p = at;
            bool known = is_i32(m, function, local);
            for (uint32_t i = 0; known && i < depth; i++)
                if (open[i] != UINT32_MAX) note_local(&s->loops[open[i]], local);
        }
        bool opens = op == WASM_OP_BLOCK || op == WASM_OP_LOOP || op == WASM_OP_IF || op == WASM_OP_TRY ||
                     op == WASM_OP_TRY_TABLE;
        if (opens) {
            open[depth++] = UINT32_MAX;
            /* In a loop the ends of blocks matter, too: what is not stated there is forgotten. */
            bool inside = false;
            for (uint32_t i = 0; i + 1 < depth; i++) inside |= open[i] != UINT32_MAX;
            bool joins = inside && (op == WASM_OP_BLOCK || op == WASM_OP_IF) && m->code_size < SMALL_MODULE;
            if ((op == WASM_OP_LOOP || joins) && s->loop_count < LOOPS_MOST) {
                open[depth - 1] = s->loop_count;
                s->loops[s->loop_count++] = (struct loop){.block = blocks};
            }
            blocks++;
        }
        if ((op == WASM_OP_END || op == WASM_OP_DELEGATE) && depth > 0) depth--;
        skip(&r, op, s);
    }
}

/* ---- guessing ---- */

static void guess_bounds(struct finding *k, uint32_t x, uint32_t memory)
{
    for (uint32_t scale = 1; scale <= 16; scale *= 2) {
        struct proof_fact f = {.kind = PROOF_LENGTH, .local = x, .target = memory, .scale = scale};
        add_fact(k, f);
        for (f.add = scale; f.add <= 16; f.add *= 2) add_fact(k, f);
    }
}

static void guess_loop(struct finding *k, const struct survey *s, const struct loop *l)
{
    struct proof *p = k->p;
    p->labels = more(k, p->labels, p->label_count, &k->label_room, sizeof *p->labels);
    if (k->no_memory) return;
    struct proof_label label = {l->block, p->fact_count, 0};
    for (uint32_t i = 0; i < l->local_count; i++) {
        uint32_t x = l->locals[i];
        add_fact(k, (struct proof_fact){.kind = PROOF_INTERVAL, .local = x, .low = 0, .high = INT32_MAX});
        add_fact(k, (struct proof_fact){.kind = PROOF_INTERVAL, .local = x, .low = 1, .high = UINT32_MAX});
        for (uint32_t c = 0; c < s->constant_count; c++) {
            add_fact(k, (struct proof_fact){
                            .kind = PROOF_INTERVAL, .local = x, .low = 0, .high = s->constants[c]});
            add_fact(k, (struct proof_fact){
                            .kind = PROOF_INTERVAL, .local = x, .low = 0, .high = s->constants[c] - 1});
        }
        for (uint32_t memory = 0; memory < k->m->memory_count && memory < COUNT_OF(s->uses_memory); memory++)
            if (s->uses_memory[memory] && !k->m->memories[memory].is64) guess_bounds(k, x, memory);
        for (uint32_t j = 0; j < l->local_count; j++) {
            if (i == j) continue;
            add_fact(k, (struct proof_fact){
                            .kind = PROOF_LOCAL, .local = x, .target = l->locals[j], .scale = 1, .add = 0});
            add_fact(k, (struct proof_fact){
                            .kind = PROOF_LOCAL, .local = x, .target = l->locals[j], .scale = 1, .add = 1});
        }
    }
    label.count = p->fact_count - label.first;
    p->labels[p->label_count++] = label;
}

static void guess_function(struct finding *k, struct survey *s, uint32_t function)
{
    struct proof *p = k->p;
    uint32_t depth = k->m->functions[function].max_depth + 1;
    uint32_t *open = k->a->alloc(k->a->context, depth * sizeof *open);
    if (open == NULL) {
        k->no_memory = true;
        return;
    }
    memset(s, 0, sizeof *s);
    survey_function(s, k->m, function, open);
    k->a->free(k->a->context, open, depth * sizeof *open);
    if (s->loop_count == 0) return;
    p->functions = more(k, p->functions, p->function_count, &k->function_room, sizeof *p->functions);
    if (k->no_memory) return;
    struct proof_function f = {function, p->label_count, 0};
    for (uint32_t i = 0; i < s->loop_count && !k->no_memory; i++) guess_loop(k, s, &s->loops[i]);
    f.count = p->label_count - f.first;
    p->functions[p->function_count++] = f;
}

/* ---- throwing out ---- */

/* Takes the marked facts out, then labels and functions without any. */
static void remove_marked(struct proof *p, const uint8_t *marked)
{
    uint32_t facts = 0, labels = 0, functions = 0;
    for (uint32_t f = 0; f < p->function_count; f++) {
        struct proof_function function = p->functions[f], kept = {function.function, labels, 0};
        for (uint32_t l = function.first; l < function.first + function.count; l++) {
            struct proof_label label = p->labels[l], new = {label.block, facts, 0};
            for (uint32_t i = label.first; i < label.first + label.count; i++)
                if (!marked[i]) p->facts[facts++] = p->facts[i];
            new.count = facts - new.first;
            if (new.count > 0) p->labels[labels++] = new;
        }
        kept.count = labels - kept.first;
        if (kept.count > 0) p->functions[functions++] = kept;
    }
    p->fact_count = facts;
    p->label_count = labels;
    p->function_count = functions;
}

/* Accesses proved, or UINT32_MAX if a fact that is not marked does not follow; marked ones are treated as not there. */
static uint32_t try_without(const struct finding *k, const uint8_t *marked, struct proof *scratch)
{
    struct proof_result result;
    struct proof_error error;
    *scratch = (struct proof){scratch->functions,   scratch->labels,   scratch->facts,
                              k->p->function_count, k->p->label_count, k->p->fact_count};
    memcpy(scratch->functions, k->p->functions, k->p->function_count * sizeof *k->p->functions);
    memcpy(scratch->labels, k->p->labels, k->p->label_count * sizeof *k->p->labels);
    memcpy(scratch->facts, k->p->facts, k->p->fact_count * sizeof *k->p->facts);
    remove_marked(scratch, marked);
    if (!proof_check(scratch, k->m, k->a, &result, NULL, &error)) return UINT32_MAX;
    uint32_t proved = result.proved_count;
    proof_result_release(&result, k->a);
    return proved;
}

/* What nothing rests on goes: labels, then single facts. */
static void minimise(struct finding *k, uint8_t *marked, uint32_t proved)
{
    struct proof *p = k->p, s;
    const struct wasm_allocator *a = k->a;
    size_t sizes[3] = {(p->function_count + 1ull) * sizeof *p->functions,
                       (p->label_count + 1ull) * sizeof *p->labels,
                       (p->fact_count + 1ull) * sizeof *p->facts};
    s = (struct proof){.functions = a->alloc(a->context, sizes[0]),
                       .labels = a->alloc(a->context, sizes[1]),
                       .facts = a->alloc(a->context, sizes[2])};
    uint32_t tries = 0, most = TRIES_BYTES / (k->m->code_size + 1);
    if (most > TRIES_MOST) most = TRIES_MOST;
    memset(marked, 0, p->fact_count);
    if (s.functions != NULL && s.labels != NULL && s.facts != NULL) {
        for (uint32_t step = p->fact_count; step > 0 && tries < most; step /= 2) {
            for (uint32_t at = 0; at < p->fact_count && tries < most; at += step, tries++) {
                uint32_t end = at + step < p->fact_count ? at + step : p->fact_count;
                uint8_t kept_any = 0;
                for (uint32_t i = at; i < end; i++) kept_any |= !marked[i], marked[i] |= marked[i] ? 0 : 2;
                if (kept_any && try_without(k, marked, &s) == proved) {
                    for (uint32_t i = at; i < end; i++) marked[i] = 1;
                } else {
                    for (uint32_t i = at; i < end; i++) marked[i] &= 1;
                }
            }
        }
        remove_marked(p, marked);
    }
    if (s.functions != NULL) a->free(a->context, s.functions, sizes[0]);
    if (s.labels != NULL) a->free(a->context, s.labels, sizes[1]);
    if (s.facts != NULL) a->free(a->context, s.facts, sizes[2]);
}

bool proof_find(struct proof *p, const struct wasm_module *m, const struct wasm_allocator *a)
{
    struct finding k = {.p = p, .m = m, .a = a};
    *p = (struct proof){0};
    struct survey *s = a->alloc(a->context, sizeof *s);
    if (s == NULL) return false;
    for (uint32_t f = m->imported_functions; f < m->function_count && !k.no_memory; f++)
        guess_function(&k, s, f);
    a->free(a->context, s, sizeof *s);
    uint32_t guesses = p->fact_count, broken_count = 1;
    uint8_t *broken = a->alloc(a->context, guesses + 1ull);
    struct proof_result result = {0};
    struct proof_error error;
    while (broken != NULL && !k.no_memory && broken_count > 0) {
        memset(broken, 0, guesses + 1ull);
        proof_result_release(&result, a);
        if (!proof_check(p, m, a, &result, broken, &error)) k.no_memory = true;
        broken_count = 0;
        for (uint32_t i = 0; i < p->fact_count; i++) broken_count += broken[i];
        remove_marked(p, broken);
    }
    if (broken != NULL && !k.no_memory) minimise(&k, broken, result.proved_count);
    proof_result_release(&result, a);
    if (broken != NULL) a->free(a->context, broken, guesses + 1ull);
    /* Blocks of the sizes that proof_release() expects. */
    struct proof out = {
        .function_count = p->function_count, .label_count = p->label_count, .fact_count = p->fact_count};
    bool good = broken != NULL && !k.no_memory;
    out.functions = a->alloc(a->context, (out.function_count + 1ull) * sizeof *out.functions);
    out.labels = a->alloc(a->context, (out.label_count + 1ull) * sizeof *out.labels);
    out.facts = a->alloc(a->context, (out.fact_count + 1ull) * sizeof *out.facts);
    good = good && out.functions != NULL && out.labels != NULL && out.facts != NULL;
    if (good) {
        if (out.function_count > 0)
            memcpy(out.functions, p->functions, out.function_count * sizeof *out.functions);
        if (out.label_count > 0) memcpy(out.labels, p->labels, out.label_count * sizeof *out.labels);
        if (out.fact_count > 0) memcpy(out.facts, p->facts, out.fact_count * sizeof *out.facts);
    }
    if (p->functions != NULL)
        a->free(a->context, p->functions, (k.function_room + 1ull) * sizeof *p->functions);
    if (p->labels != NULL) a->free(a->context, p->labels, (k.label_room + 1ull) * sizeof *p->labels);
    if (p->facts != NULL) a->free(a->context, p->facts, (k.fact_room + 1ull) * sizeof *p->facts);
    *p = out;
    if (!good) proof_release(p, a);
    return good;
}

/* ---- writing ---- */

static uint8_t *put(uint8_t *p, uint32_t value)
{
    for (; value >= 0x80; value >>= 7) *p++ = (uint8_t)(value | 0x80);
    *p++ = (uint8_t)value;
    return p;
}

static uint8_t *put_signed(uint8_t *p, int64_t value)
{
    while (value < -64 || value >= 64) {
        *p++ = (uint8_t)(value & 0x7f) | 0x80;
        value >>= 7;
    }
    *p++ = (uint8_t)(value & 0x7f);
    return p;
}

static uint8_t *put_fact(uint8_t *p, const struct proof_fact *f)
{
    *p++ = f->kind;
    p = put(p, f->local);
    if (f->kind == PROOF_INTERVAL) return put(put(p, f->low), f->high);
    return put_signed(put(put(p, f->target), f->scale), f->add);
}

uint8_t *proof_write(const struct proof *p, const struct wasm_module *m, const struct wasm_allocator *a,
                     size_t *size)
{
    size_t most = 1 + 10ull * p->function_count + 10ull * p->label_count + 26ull * p->fact_count;
    uint8_t *bytes = a->alloc(a->context, most), *at = bytes;
    if (bytes == NULL) return NULL;
    *at++ = PROOF_VERSION;
    uint32_t function = m->imported_functions;
    for (uint32_t f = 0; f < p->function_count; f++) {
        at = put(put(at, p->functions[f].function - function), p->functions[f].count);
        function = p->functions[f].function + 1;
        uint32_t block = 0;
        for (uint32_t l = 0; l < p->functions[f].count; l++) {
            const struct proof_label *label = &p->labels[p->functions[f].first + l];
            at = put(put(at, label->block - block), label->count);
            block = label->block + 1;
            for (uint32_t i = 0; i < label->count; i++) at = put_fact(at, &p->facts[label->first + i]);
        }
    }
    *size = (size_t)(at - bytes);
    uint8_t *exact = a->alloc(a->context, *size);
    if (exact != NULL) memcpy(exact, bytes, *size);
    a->free(a->context, bytes, most);
    return exact;
}
