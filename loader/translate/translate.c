#include "loader/translate/tier1.h"
#include "base/mem.h"

#define PAGE 4096u

static void *take(const struct loader_host *host, size_t bytes)
{
    return host->allocator.alloc(host->allocator.context, bytes ? bytes : 1);
}
static void give(const struct loader_host *host, void *block, size_t bytes)
{
    if (block) host->allocator.free(host->allocator.context, block, bytes ? bytes : 1);
}

/* Tables of the tier as big as the module's largest function needs. */
struct sizes {
    uint32_t stack, depth, locals, runs;
};

static struct sizes largest(const struct wasm_module *m)
{
    struct sizes s = {0, 0, 0, 0};
    for (uint32_t i = m->imported_functions; i < m->function_count; i++) {
        const struct wasm_function *f = &m->functions[i];
        if (f->max_stack > s.stack) s.stack = f->max_stack;
        if (f->max_depth > s.depth) s.depth = f->max_depth;
        if (f->local_count > s.locals) s.locals = f->local_count;
        const uint8_t *at = m->bytes + f->body_offset;
        uint32_t runs = tier_read_u32(&at);
        if (runs > s.runs) s.runs = runs;
    }
    for (uint32_t i = 0; i < m->type_count; i++) /* parameters are copied before locals are counted */
        if (m->types[i].param_count > s.locals) s.locals = m->types[i].param_count;
    return s;
}

static void measure_types(struct tier *t)
{
    const struct wasm_module *m = t->m;
    t->outgoing_max = 0;
    t->tag_values_max = 0;
    t->vectors_in_types = false;
    for (uint32_t i = 0; i < m->type_count; i++) {
        uint32_t outgoing = tier_outgoing(&m->types[i]);
        if (outgoing > t->outgoing_max) t->outgoing_max = outgoing;
        for (uint32_t k = 0; k < m->types[i].param_count + m->types[i].result_count; k++)
            t->vectors_in_types |= m->types[i].types[k] == WASM_V128;
    }
    for (uint32_t i = 0; i < m->tag_count; i++) {
        uint32_t n = m->types[m->tags[i]].param_count;
        if (n > t->tag_values_max) t->tag_values_max = n;
    }
}

static bool emit_module(struct tier *t, uint32_t features)
{
    struct wasm_code *code = t->code;
    emit_begin(&t->e, code->text, code->reserved_bytes, features);
    t->trap_exit = t->slow = t->throwing = EMIT_LABEL;
    code->handler_count = 0;
    for (uint32_t i = 0; i < code->function_count; i++) t->functions[i] = EMIT_LABEL;
    memset(t->local_regs, EMIT_NONE, t->locals_room);
    memset(t->local_refs, 0, t->locals_room * sizeof *t->local_refs);
    memset(t->local_weights, 0, t->locals_room * sizeof *t->local_weights);
    tier_thunks(t);
    for (uint32_t i = t->m->imported_functions; i < t->m->function_count && !t->e.overflow && !t->failed; i++)
        tier_function(t, i);
    return !t->e.overflow && !t->failed;
}

/* The buffer is a guess from the size of the code; rarely it must be made anew, larger. */
static bool emit_in_text(struct tier *t)
{
    struct wasm_code *code = t->code;
    const struct loader_host *host = t->host;
    uint32_t features = emit_detect_features() & ~t->options.without_features;
    uint64_t guess = 65536 + (uint64_t)t->m->code_size * 12 + (uint64_t)t->m->type_count * 512 +
                     64 * (uint64_t)code->function_count;
    for (;; guess *= 3) {
        guess = (guess + 65535) & ~(uint64_t)65535;
        if (guess > INT32_MAX) return false;
        code->reserved_bytes = guess;
        code->text = host->reserve(host->context, guess);
        if (!code->text) return false;
        if (!host->commit(host->context, code->text, guess)) return false;
        if (emit_module(t, features)) break;
        if (t->failed) return false;
        host->release(host->context, code->text, guess);
        code->text = NULL;
    }
    code->text_bytes = emit_offset(&t->e);
    size_t used = (code->text_bytes + PAGE - 1) & ~(size_t)(PAGE - 1);
    if (used < guess) host->release(host->context, code->text + used, guess - used);
    code->reserved_bytes = used;
    return host->seal(host->context, code->text, used) &&
           host->catch_faults(host->context, code->text, used, code->text + code->trap_exit, code);
}

static bool take_tables(struct tier *t, const struct sizes *s)
{
    const struct loader_host *host = t->host;
    t->stack = take(host, (s->stack + t->tag_values_max + 16) * sizeof *t->stack);
    t->controls = take(host, (s->depth + 2) * sizeof *t->controls);
    t->local_types = take(host, s->locals);
    t->local_regs = take(host, s->locals);
    t->local_refs = take(host, s->locals * sizeof *t->local_refs);
    t->local_weights = take(host, s->locals * sizeof *t->local_weights);
    t->used_locals = take(host, s->locals * sizeof *t->used_locals);
    t->runs = take(host, s->runs * sizeof *t->runs);
    t->functions = take(host, t->code->function_count * sizeof *t->functions);
    t->helpers = take(host, HELPER_COUNT * sizeof *t->helpers);
    return t->stack && t->controls && t->local_types && t->local_regs && t->local_refs && t->local_weights &&
           t->used_locals && t->runs && t->functions && t->helpers;
}

static void give_tables(struct tier *t, const struct sizes *s)
{
    const struct loader_host *host = t->host;
    give(host, t->stack, (s->stack + t->tag_values_max + 16) * sizeof *t->stack);
    give(host, t->controls, (s->depth + 2) * sizeof *t->controls);
    give(host, t->local_types, s->locals);
    give(host, t->local_regs, s->locals);
    give(host, t->local_refs, s->locals * sizeof *t->local_refs);
    give(host, t->local_weights, s->locals * sizeof *t->local_weights);
    give(host, t->used_locals, s->locals * sizeof *t->used_locals);
    give(host, t->runs, s->runs * sizeof *t->runs);
    give(host, t->functions, t->code->function_count * sizeof *t->functions);
    give(host, t->helpers, HELPER_COUNT * sizeof *t->helpers);
    give(host, t->colds, t->cold_room * sizeof *t->colds);
}

bool wasm_translate(struct wasm_code *code, const struct wasm_module *m,
                    const struct wasm_translate_options *options, const struct loader_host *host,
                    struct wasm_error *error)
{
    *code = (struct wasm_code){.host = host,
                               .options = *options,
                               .function_count = m->function_count - m->imported_functions,
                               .type_count = m->type_count};
    *error = (struct wasm_error){
        .section = WASM_SECTION_CODE, .rule = WASM_RULE_NO_MEMORY, .index = WASM_NO_INDEX};
    struct tier *t = take(host, sizeof *t);
    if (!t) return false;
    *t = (struct tier){.m = m, .code = code, .host = host, .options = *options};
    struct sizes sizes = largest(m);
    measure_types(t);
    code->entries = take(host, code->function_count * sizeof *code->entries);
    code->frames = take(host, code->function_count * sizeof *code->frames);
    code->enters = take(host, code->type_count * sizeof *code->enters);
    code->host_stubs = take(host, code->type_count * sizeof *code->host_stubs);
    bool ok =
        code->entries && code->frames && code->enters && code->host_stubs && wasm_layout_of(m, &code->layout);
    t->layout = code->layout;
    t->locals_room = sizes.locals;
    ok = ok && take_tables(t, &sizes) && emit_in_text(t);
    give_tables(t, &sizes);
    give(host, t, sizeof *t);
    if (!ok) wasm_code_release(code);
    return ok;
}

void wasm_code_release(struct wasm_code *code)
{
    const struct loader_host *host = code->host;
    if (!host) return;
    if (code->text) {
        host->forget_faults(host->context, code->text);
        host->release(host->context, code->text, code->reserved_bytes);
    }
    give(host, code->entries, code->function_count * sizeof *code->entries);
    give(host, code->frames, code->function_count * sizeof *code->frames);
    give(host, code->enters, code->type_count * sizeof *code->enters);
    give(host, code->host_stubs, code->type_count * sizeof *code->host_stubs);
    give(host, code->handlers, code->handler_room * sizeof *code->handlers);
    *code = (struct wasm_code){0};
}
