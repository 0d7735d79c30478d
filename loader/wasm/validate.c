/* Bodies: locals, scratch memory, beginning and end. */
#include "loader/wasm/validate_stack.h"

/* ---- scratch memory ---- */

bool wasm_validator_room(struct wasm_validator *v, size_t more)
{
    size_t needed = more + (size_t)(v->r->end - v->r->p) + 16;
    size_t height = (size_t)(v->top - v->stack), most = (size_t)(v->most - v->stack);
    if (height + more > LIMIT_WASM_OPERANDS) return fail(v, WASM_RULE_OPERANDS);
    if (LIKELY((size_t)(v->limit - v->top) >= needed)) return true;
    size_t old = v->stack == NULL ? 0 : (size_t)(v->limit - v->stack) + STACK_PAD;
    size_t size = (height + needed) * 2 + STACK_PAD;
    struct wasm_allocator *a = &v->m->allocator;
    uint8_t *block = a->alloc(a->context, size);
    if (block == NULL) return fail(v, WASM_RULE_NO_MEMORY);
    if (old != 0) {
        memcpy(block, v->stack - STACK_PAD, old);
        a->free(a->context, v->stack - STACK_PAD, old);
    }
    v->stack = block + STACK_PAD;
    v->limit = block + size;
    v->top = v->stack + height;
    v->most = v->stack + most;
    return true;
}

bool wasm_validator_more_frames(struct wasm_validator *v)
{
    size_t count = v->frames == NULL ? 0 : (size_t)(v->frames_end - v->frames);
    size_t wanted = count == 0 ? 64 : count * 2;
    struct wasm_allocator *a = &v->m->allocator;
    struct wasm_frame *block = a->alloc(a->context, wanted * sizeof *block);
    if (block == NULL) return fail(v, WASM_RULE_NO_MEMORY);
    size_t at = v->frames == NULL ? 0 : (size_t)(v->frame - v->frames);
    if (count != 0) {
        memcpy(block, v->frames, count * sizeof *block);
        a->free(a->context, v->frames, count * sizeof *block);
    }
    v->frames = block;
    v->frame = block + at;
    v->frames_end = block + wanted;
    return true;
}

/* ---- locals ---- */

static bool add_run(struct wasm_validator *v, uint32_t end, uint8_t type)
{
    struct wasm_allocator *a = &v->m->allocator;
    if (v->run_count == v->run_capacity) {
        uint32_t wanted = v->run_capacity == 0 ? 64 : v->run_capacity * 2;
        struct wasm_local_run *block = a->alloc(a->context, wanted * sizeof *block);
        if (block == NULL) return fail(v, WASM_RULE_NO_MEMORY);
        if (v->run_capacity != 0) {
            memcpy(block, v->runs, v->run_count * sizeof *block);
            a->free(a->context, v->runs, v->run_capacity * sizeof *block);
        }
        v->runs = block;
        v->run_capacity = wanted;
    }
    v->runs[v->run_count++] = (struct wasm_local_run){end, type};
    return true;
}

/* Lays out the types of the first locals: at most as many as pays for a body of this size. */
static bool lay_out_locals(struct wasm_validator *v, const struct wasm_func_type *t, size_t body_size)
{
    struct wasm_allocator *a = &v->m->allocator;
    uint32_t count = v->function->local_count;
    size_t pays = t->param_count + 64 + 2 * body_size;
    v->locals_known = count < pays ? count : (uint32_t)pays;
    if (v->locals_capacity < v->locals_known) {
        uint8_t *block = a->alloc(a->context, v->locals_known * 2);
        if (block == NULL) return fail(v, WASM_RULE_NO_MEMORY);
        if (v->locals != NULL) a->free(a->context, v->locals, v->locals_capacity);
        v->locals = block;
        v->locals_capacity = v->locals_known * 2;
    }
    memcpy(v->locals, t->types, t->param_count);
    uint32_t at = t->param_count;
    for (uint32_t i = 0; i < v->run_count && at < v->locals_known; i++) {
        uint32_t end = v->runs[i].end < v->locals_known ? v->runs[i].end : v->locals_known;
        memset(v->locals + at, v->runs[i].type, end - at);
        at = end;
    }
    return true;
}

static bool read_locals(struct wasm_validator *v, const struct wasm_func_type *t, size_t body_size)
{
    uint32_t runs;
    uint64_t count = t->param_count;
    if (!wasm_read_u32(v->r, &runs)) return false;
    v->run_count = 0;
    for (uint32_t i = 0; i < runs; i++) {
        uint32_t more;
        uint8_t type;
        v->at = v->r->p;
        if (!wasm_read_u32(v->r, &more)) return false;
        count += more;
        if (count > UINT32_MAX) return fail(v, WASM_RULE_LOCALS);
        if (!wasm_read_value_type(v->r, &type)) return false;
        if (count > LIMIT_WASM_LOCALS) continue; /* an encoding error further on comes first */
        if (!add_run(v, (uint32_t)count, type)) return false;
    }
    if (count > LIMIT_WASM_LOCALS) return fail(v, WASM_RULE_FUNCTION_LOCALS);
    v->function->local_count = (uint32_t)count;
    return lay_out_locals(v, t, body_size);
}

/* ---- bodies ---- */

/* The most types that a call compares at once: those that fit the word below the top of the stack. */
enum { SMALL_CALL = STACK_PAD };

static struct wasm_call_effect call_effect(const struct wasm_func_type *t)
{
    struct wasm_call_effect e = {.is_small = t->param_count <= SMALL_CALL && t->result_count <= 1};
    if (!e.is_small) return e;
    e.pops = (uint8_t)t->param_count;
    e.pushes = (uint8_t)t->result_count;
    if (e.pushes != 0) e.push = wasm_results(t)[0];
    for (unsigned i = 0; i < e.pops; i++) {
        unsigned shift = 8 * (SMALL_CALL - e.pops + i);
        e.wanted |= (uint64_t)t->types[i] << shift;
        e.mask |= 0xffull << shift;
    }
    return e;
}

bool wasm_validator_open(struct wasm_validator *v, struct wasm_module *m, uint32_t data_count)
{
    *v = (struct wasm_validator){.m = m, .data_count = data_count};
    v->calls = m->allocator.alloc(m->allocator.context, (m->type_count + 1ull) * sizeof *v->calls);
    if (v->calls == NULL) return false;
    for (uint32_t i = 0; i < m->type_count; i++) v->calls[i] = call_effect(&m->types[i]);
    return true;
}

void wasm_validator_close(struct wasm_validator *v)
{
    struct wasm_allocator *a = &v->m->allocator;
    if (v->calls != NULL) a->free(a->context, v->calls, (v->m->type_count + 1ull) * sizeof *v->calls);
    if (v->stack != NULL)
        a->free(a->context, v->stack - STACK_PAD, (size_t)(v->limit - v->stack) + STACK_PAD);
    if (v->frames != NULL)
        a->free(a->context, v->frames, (size_t)(v->frames_end - v->frames) * sizeof *v->frames);
    if (v->locals != NULL) a->free(a->context, v->locals, v->locals_capacity);
    if (v->runs != NULL) a->free(a->context, v->runs, v->run_capacity * sizeof *v->runs);
}

bool wasm_validate_body(struct wasm_validator *v, struct wasm_reader *r, uint32_t function)
{
    v->r = r;
    v->function = &v->m->functions[function];
    v->at = r->p;
    const struct wasm_func_type *t = &v->m->types[v->function->type];
    if (!read_locals(v, t, (size_t)(r->end - r->p))) return false;
    v->function->code_offset = (uint32_t)(r->p - r->begin);

    v->top = v->most = v->stack;
    if (!wasm_validator_room(v, LIMIT_WASM_ARITY)) return false;
    if (v->frames == NULL && !wasm_validator_more_frames(v)) return false;
    v->frame = v->frames;
    v->deepest = 0;
    *v->top++ = SENTINEL;
    *++v->frame = (struct wasm_frame){
        .base = (uint32_t)(v->top - v->stack), .type = (int32_t)v->function->type, .kind = FRAME_FUNCTION};
    v->deepest = 1;
    if (!wasm_validate_code(v)) return false;
    v->function->max_stack = (uint32_t)(v->most - v->stack);
    v->function->max_depth = v->deepest;
    if (r->p != r->end) {
        v->at = r->p;
        return fail(v, WASM_RULE_END_OPCODE);
    }
    return true;
}
