/* The proof section's bytes: docs/design/proof.md, "The section". */
#include "loader/proof/check.h"

#include "loader/wasm/reader.h"

#define ADD_MAX (1ll << 33)

struct reading {
    struct wasm_reader r;
    struct proof *p;
    const struct wasm_allocator *a;
    struct proof_error *error;
    struct wasm_error why;
    bool counting; /* the first pass counts, the second stores */
    uint32_t functions, labels, facts;
};

static COLD bool fail(struct reading *k, const char *rule)
{
    *k->error = (struct proof_error){rule, WASM_NO_INDEX, (uint32_t)(k->r.p - k->r.begin), k->facts};
    return false;
}

static bool read_fact(struct reading *k)
{
    struct proof_fact f = {0};
    uint8_t kind;
    if (!wasm_read_byte(&k->r, &kind) || !wasm_read_u32(&k->r, &f.local))
        return fail(k, "the section ends in a fact");
    f.kind = kind;
    if (kind > PROOF_LOCAL) return fail(k, "a fact of no known kind");
    if (kind == PROOF_INTERVAL) {
        if (!wasm_read_u32(&k->r, &f.low) || !wasm_read_u32(&k->r, &f.high))
            return fail(k, "the section ends in a fact");
    } else if (!wasm_read_u32(&k->r, &f.target) || !wasm_read_u32(&k->r, &f.scale) ||
               !wasm_read_signed(&k->r, 64, &f.add)) {
        return fail(k, "the section ends in a fact");
    }
    if (f.add > ADD_MAX || f.add < -ADD_MAX) return fail(k, "a fact with a number beyond 2^33");
    if (!k->counting) k->p->facts[k->facts] = f;
    k->facts++;
    return true;
}

static bool read_label(struct reading *k, uint32_t *block)
{
    uint32_t gap, count;
    if (!wasm_read_u32(&k->r, &gap) || !wasm_read_u32(&k->r, &count))
        return fail(k, "the section ends in a label");
    if (gap > UINT32_MAX - 1 - *block) return fail(k, "a block number beyond 2^32");
    if (!k->counting) k->p->labels[k->labels] = (struct proof_label){*block + gap, k->facts, count};
    *block += gap + 1;
    k->labels++;
    for (uint32_t i = 0; i < count; i++)
        if (!read_fact(k)) return false;
    return true;
}

static bool read_function(struct reading *k, uint32_t *function)
{
    uint32_t gap, count, block = 0;
    if (!wasm_read_u32(&k->r, &gap) || !wasm_read_u32(&k->r, &count))
        return fail(k, "the section ends in a function");
    if (gap > UINT32_MAX - 1 - *function) return fail(k, "a function number beyond 2^32");
    if (!k->counting)
        k->p->functions[k->functions] = (struct proof_function){*function + gap, k->labels, count};
    *function += gap + 1;
    k->functions++;
    for (uint32_t i = 0; i < count; i++)
        if (!read_label(k, &block)) return false;
    return true;
}

static bool read_all(struct reading *k, const struct wasm_module *m, const struct wasm_custom *section)
{
    uint8_t version;
    uint32_t function = m->imported_functions;
    k->r = (struct wasm_reader){
        .p = section->bytes, .end = section->bytes + section->size, .begin = m->bytes, .error = &k->why};
    k->functions = k->labels = k->facts = 0;
    if (!wasm_read_byte(&k->r, &version) || version != PROOF_VERSION)
        return fail(k, "a version that is not known");
    while (k->r.p < k->r.end)
        if (!read_function(k, &function)) return false;
    return true;
}

static void *room(struct reading *k, uint32_t count, size_t size)
{
    return k->a->alloc(k->a->context, (count + 1ull) * size);
}

bool proof_read(struct proof *p, const struct wasm_module *m, const struct wasm_custom *section,
                const struct wasm_allocator *a, struct proof_error *error)
{
    struct reading k = {.p = p, .a = a, .error = error, .counting = true};
    *p = (struct proof){0};
    if (!read_all(&k, m, section)) return false;
    p->function_count = k.functions;
    p->label_count = k.labels;
    p->fact_count = k.facts;
    p->functions = room(&k, k.functions, sizeof *p->functions);
    p->labels = room(&k, k.labels, sizeof *p->labels);
    p->facts = room(&k, k.facts, sizeof *p->facts);
    k.counting = false;
    if (p->functions != NULL && p->labels != NULL && p->facts != NULL) return read_all(&k, m, section);
    proof_release(p, a);
    return fail(&k, "out of memory");
}

void proof_release(struct proof *p, const struct wasm_allocator *a)
{
    if (p->functions != NULL)
        a->free(a->context, p->functions, (p->function_count + 1ull) * sizeof *p->functions);
    if (p->labels != NULL) a->free(a->context, p->labels, (p->label_count + 1ull) * sizeof *p->labels);
    if (p->facts != NULL) a->free(a->context, p->facts, (p->fact_count + 1ull) * sizeof *p->facts);
    *p = (struct proof){0};
}
