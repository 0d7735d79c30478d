/* `lona module prove IN -o OUT` and `lona module facts FILE`. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "loader/port/hosted/module_main.h"
#include "loader/port/hosted/support.h"
#include "loader/proof/prove.h"

static size_t put_u32(uint8_t *to, size_t value)
{
    size_t size = 0;
    for (; value >= 0x80; value >>= 7) to[size++] = (uint8_t)(value | 0x80);
    to[size++] = (uint8_t)value;
    return size;
}

/* The module without its proof sections, then the new one. */
static bool write_module(FILE *f, const struct wasm_module *m, const uint8_t *proof, size_t size)
{
    static const char name[] = PROOF_SECTION;
    size_t from = 0;
    for (uint32_t i = 0; i < m->custom_count; i++) {
        const struct wasm_custom *c = &m->customs[i];
        if (c->name.size != sizeof name - 1 || memcmp(c->name.bytes, name, sizeof name - 1) != 0) continue;
        fwrite(m->bytes + from, 1, c->begin - from, f);
        from = c->offset + c->size;
    }
    fwrite(m->bytes + from, 1, m->size - from, f);
    uint8_t head[16] = {WASM_SECTION_CUSTOM};
    size_t used = 1 + put_u32(head + 1, sizeof name + size);
    head[used++] = sizeof name - 1;
    fwrite(head, 1, used, f);
    fwrite(name, 1, sizeof name - 1, f);
    fwrite(proof, 1, size, f);
    return fflush(f) == 0 && !ferror(f);
}

static bool report(const struct wasm_module *m, const struct proof *p, size_t size)
{
    struct proof_result result;
    struct proof_error error;
    if (!proof_check(p, m, &wasm_hosted_allocator, &result, NULL, &error)) {
        fprintf(stderr, "proof refused: function %u, offset 0x%x: %s\n", error.function, error.offset,
                error.rule);
        return false;
    }
    printf("%u of %u accesses proved; %u facts in %zu bytes, %.1f %% of the code\n", result.proved_count,
           result.accesses, p->fact_count, size,
           m->code_size == 0 ? 0.0 : 100.0 * (double)size / m->code_size);
    proof_result_release(&result, &wasm_hosted_allocator);
    return true;
}

int module_prove(int argc, char **argv)
{
    uint8_t *bytes;
    struct wasm_module m;
    struct proof p;
    size_t size = 0;
    if (argc != 4 || strcmp(argv[2], "-o") != 0) {
        fprintf(stderr, "usage: lona module prove IN -o OUT\n");
        return 2;
    }
    if (!wasm_read_module(argv[1], &bytes, &m)) return 1;
    int code = 1;
    if (proof_find(&p, &m, &wasm_hosted_allocator)) {
        uint8_t *proof = proof_write(&p, &m, &wasm_hosted_allocator, &size);
        FILE *f = proof == NULL ? NULL : fopen(argv[3], "wb");
        if (f == NULL)
            fprintf(stderr, "%s: %s\n", argv[3], strerror(errno));
        else if (write_module(f, &m, proof, size) && report(&m, &p, size))
            code = 0;
        if (f != NULL) fclose(f);
        free(proof);
        proof_release(&p, &wasm_hosted_allocator);
    }
    wasm_module_release(&m);
    free(bytes);
    return code;
}

static void print_facts(const struct proof *p)
{
    for (uint32_t f = 0; f < p->function_count; f++) {
        for (uint32_t l = 0; l < p->functions[f].count; l++) {
            const struct proof_label *label = &p->labels[p->functions[f].first + l];
            printf("function %u, block %u:\n", p->functions[f].function, label->block);
            for (uint32_t i = 0; i < label->count; i++) {
                const struct proof_fact *x = &p->facts[label->first + i];
                if (x->kind == PROOF_INTERVAL)
                    printf("  %u <= local %u <= %u\n", x->low, x->local, x->high);
                else
                    printf("  %u * local %u + %lld <= %s %u\n", x->scale, x->local, (long long)x->add,
                           x->kind == PROOF_LENGTH ? "length of memory" : "local", x->target);
            }
        }
    }
}

int module_facts(int argc, char **argv)
{
    uint8_t *bytes;
    struct wasm_module m;
    struct proof p;
    struct proof_error error;
    if (argc != 2) {
        fprintf(stderr, "usage: lona module facts FILE\n");
        return 2;
    }
    if (!wasm_read_module(argv[1], &bytes, &m)) return 1;
    const struct wasm_custom *section = wasm_module_custom(&m, PROOF_SECTION);
    int code = 1;
    if (section == NULL) {
        fprintf(stderr, "%s: no proof section\n", argv[1]);
    } else if (!proof_read(&p, &m, section, &wasm_hosted_allocator, &error)) {
        fprintf(stderr, "%s: offset 0x%x: proof refused: %s\n", argv[1], error.offset, error.rule);
    } else {
        print_facts(&p);
        code = report(&m, &p, section->size) ? 0 : 1;
        proof_release(&p, &wasm_hosted_allocator);
    }
    wasm_module_release(&m);
    free(bytes);
    return code;
}
