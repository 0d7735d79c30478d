/* Primitives of the compiler: see code.def. */
#include "loader/bytecode/disasm.h"
#include "loader/bytecode/verify.h"
#include "runtime/compiler/compile.h"
#include "runtime/value/collection.h"
#include "runtime/value/string.h"
#include "runtime/vm/frames.h"
#include "runtime/vm/prim.h"

static value option(struct process *p, value options, const char *name)
{
    if (options == NIL) return NIL;
    value v = map_get_keyword(options, keyword_c(p, NULL, name));
    return v == VAL_ABSENT || v == VAL_SLOW ? NIL : v;
}

#define STEPS_PER_REDUCTION 2

static value go_on_compiling(struct process *p, struct compiler *c)
{
    int64_t left = process_reductions(p) > 0 ? process_reductions(p) : 1, steps = left * STEPS_PER_REDUCTION;
    value unit = compile_continue(c, &steps);
    p->prim_state = unit == VAL_YIELD ? compile_state(c) : NIL;
    p->reductions -= (int32_t)(left - (steps > 0 ? steps : 0) / STEPS_PER_REDUCTION);
    return unit;
}

value prim_compile(struct process *p, value *a, unsigned argc);
value prim_compile(struct process *p, value *a, unsigned argc)
{
    if (p->prim_state != NIL) return go_on_compiling(p, compile_resumed(p->prim_state));
    value options = argc > 1 ? a[1] : NIL;
    if (options != NIL && !is_map(options))
        return fail_type(p, "-compile", 2, options, "a map of options, or nil");
    struct compile_options o = {.file = option(p, options, "file"),
                                .source = option(p, options, "source"),
                                .name = option(p, options, "name"),
                                .ns = option(p, options, "ns"),
                                .breakpoints = option(p, options, "breakpoints"),
                                .entry = option(p, options, "entry"),
                                .keep_locals = truthy(option(p, options, "debug"))};
    if (o.file != NIL && !is_string(o.file)) return fail_type(p, "-compile", 2, o.file, "a string for :file");
    if (o.source != NIL && !is_string(o.source))
        return fail_type(p, "-compile", 2, o.source, "a string for :source");
    if (o.name != NIL && !is_string(o.name) && !is_symbol(o.name))
        return fail_type(p, "-compile", 2, o.name, "a symbol or string for :name");
    if (o.ns != NIL && !is_symbol(o.ns)) return fail_type(p, "-compile", 2, o.ns, "a symbol for :ns");
    if (o.breakpoints != NIL && !is_map(o.breakpoints))
        return fail_type(p, "-compile", 2, o.breakpoints, "a map of lines to numbers for :breakpoints");
    if (o.entry != NIL && !is_fixnum(o.entry))
        return fail_type(p, "-compile", 2, o.entry, "a number for :entry");
    return go_on_compiling(p, compile_start(p, a[0], &o));
}

/* Adds v to a map or set that a literal builds: keys and elements written twice are errors. */
static value add_once(struct process *p, value coll, value key, value val)
{
    value there = is_map(coll) ? map_get(coll, key) : set_get(coll, key);
    if (there != VAL_ABSENT && there != VAL_SLOW)
        return process_fail(p, ERR_ARGUMENT, key, "a literal holds %v twice", key);
    return is_map(coll) ? map_assoc(p, coll, key, val) : set_conj(p, coll, key);
}

value prim_literal_add(struct process *p, value *a, unsigned argc);
value prim_literal_add(struct process *p, value *a, unsigned argc)
{
    value coll = a[0];
    if (!is_vector(a[1]) || vector_count(a[1]) > 32)
        return fail_type(p, "-literal-add", 2, a[1], "a vector of up to 32");
    uint64_t n = vector_count(a[1]);
    if (is_map(coll) && n % 2) return fail_type(p, "-literal-add", 2, a[1], "keys and values");
    if (!is_map(coll) && !is_set(coll) && !is_vector(coll))
        return fail_type(p, "-literal-add", 1, coll, "a vector, map or set");
    for (uint64_t i = 0; i < n && coll != VAL_ERROR && coll != VAL_SLOW; i++) {
        value v = vector_nth(a[1], i);
        if (is_vector(coll))
            coll = vector_conj(p, coll, v);
        else if (is_set(coll))
            coll = add_once(p, coll, v, NIL);
        else {
            coll = add_once(p, coll, v, vector_nth(a[1], i + 1));
            i++;
        }
    }
    if (coll == VAL_SLOW)
        return process_fail(p, ERR_ARGUMENT, a[1],
                            "a key of a large literal is too large to compare in place");
    return coll;
}

/* ---- disassembly: text that grows in raw memory of the process heap, a piece each turn ---- */
struct text {
    struct process *p;
    char *at;
    size_t size, capacity;
    bool failed;
};
struct disassembling {
    struct disassembly at;
    struct text text;
    struct verifier verifier; /* of a unit that was given as a binary */
    bool verified;
};

static void text_add(void *context, const char *bytes, size_t size)
{
    struct text *t = context;
    if (t->failed) return;
    if (t->capacity - t->size < size) {
        size_t capacity = max_u64(t->capacity * 2, t->size + size + 1024);
        t->failed = heap_reserve(t->p, capacity / 8 + 1) == VAL_ERROR;
        if (t->failed) return;
        char *bigger = (char *)heap_alloc(t->p, T_STATE_RAW, 0, (uint32_t)(capacity / 8 + 1))->p;
        __builtin_memcpy(bigger, t->at, t->size);
        t->at = bigger;
        t->capacity = capacity;
    }
    __builtin_memcpy(t->at + t->size, bytes, size);
    t->size += size;
}

#define DISASSEMBLE_MAX (4u << 20)
#define TEXT_PER_REDUCTION 16 /* bytes */

/* The unit to show, verified; NULL: *answer is an error, or VAL_YIELD. */
static const uint8_t *disassembled_unit(struct process *p, value v, struct disassembling *d, size_t *size,
                                        int64_t *steps, value *answer)
{
    if (is_type(v, T_FN)) {
        const struct proto *f = (const struct proto *)(uintptr_t)to_obj(v)->p[0];
        *size = ((const struct unit_header *)f->unit->bytes)->total_bytes;
        return f->unit->bytes;
    }
    const uint8_t *bytes = binary_bytes(v, size);
    if (d->verified) return bytes;
    enum verify_result result = bytecode_verify_continue(&d->verifier, steps);
    *answer = VAL_YIELD;
    if (result == VERIFY_BAD)
        *answer = process_fail(p, ERR_ARGUMENT, NIL, "the binary is no unit of bytecode: %s at byte %u",
                               d->verifier.error.rule, (uint64_t)d->verifier.error.offset);
    d->verified = result == VERIFY_GOOD;
    return d->verified ? bytes : NULL;
}

static struct disassembling *disassemble_start(struct process *p, value v)
{
    size_t size;
    struct object *raw = heap_alloc(p, T_STATE_RAW, OBJ_PINS, (sizeof(struct disassembling) + 7) / 8);
    struct disassembling *d = (struct disassembling *)raw->p;
    d->at = (struct disassembly){.whole_unit = true};
    d->text = (struct text){.p = p, .at = ""};
    d->verified = false;
    if (is_type(v, T_FN)) {
        const struct proto *f = (const struct proto *)(uintptr_t)to_obj(v)->p[0];
        d->at = (struct disassembly){.proto = f->index};
    } else {
        const uint8_t *bytes = binary_bytes(v, &size);
        bytecode_verify_start(&d->verifier, bytes, size);
    }
    p->prim_state = from_obj(raw);
    return d;
}

static value disassemble_some(struct process *p, value v, struct disassembling *d)
{
    size_t size;
    value answer = VAL_YIELD;
    int64_t left = process_reductions(p) > 0 ? process_reductions(p) : 1, steps = left * TEXT_PER_REDUCTION;
    const uint8_t *bytes = disassembled_unit(p, v, d, &size, &steps, &answer);
    p->reductions -= (int32_t)left; /* the rest of the turn, roughly */
    if (bytes == NULL) return answer;
    if (size > DISASSEMBLE_MAX) return process_fail(p, ERR_TOO_LARGE, NIL, "the unit is too large to show");
    uint64_t wanted = steps > 0 ? (uint64_t)steps : 1;
    if (bytecode_disassemble_some(&d->at, bytes, size, wanted, text_add, &d->text) && !d->text.failed)
        return VAL_YIELD;
    return d->text.failed ? VAL_ERROR : string_make(p, d->text.at, d->text.size);
}

value prim_disassemble(struct process *p, value *a, unsigned argc);
value prim_disassemble(struct process *p, value *a, unsigned argc)
{
    if (!is_binary(a[0]) && !is_type(a[0], T_FN))
        return fail_type(p, "-disassemble", 1, a[0], "a function of the language or a unit");
    struct disassembling *d =
        p->prim_state == NIL ? disassemble_start(p, a[0]) : (struct disassembling *)to_obj(p->prim_state)->p;
    value v = disassemble_some(p, a[0], d);
    if (v != VAL_YIELD) p->prim_state = NIL;
    return v;
}
