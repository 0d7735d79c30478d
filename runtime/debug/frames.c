#include "runtime/debug/debug.h"

#include "runtime/sched/domain.h"
#include "runtime/value/collection.h"
#include "runtime/value/string.h"
#include "runtime/vm/interp.h"

/* A frame and where in its function it stands. */
struct view {
    struct process *p;
    const struct frame *f;
    const struct arity *arity;
    const struct unit *unit;
    uint32_t insn;
};

static value key(struct process *p, const char *name)
{
    return domain_intern_keyword(p->domain, NULL, 0, name, __builtin_strlen(name));
}

static bool holds(const struct frame *f, uint32_t reg)
{
    return (f->live[reg / 8] >> reg % 8 & 1) != 0 && (int32_t)reg != f->result;
}

static bool in_scope(const struct view *v, const struct local_record *l)
{
    return l->first <= v->insn && v->insn < l->last;
}

static value args_of(const struct view *v)
{
    value args[LIMIT_PARAMETERS + 1];
    uint32_t n = v->arity->fixed_count + (v->arity->flags & PROTO_VARIADIC ? 1u : 0u);
    value cleared = domain_intern_keyword(v->p->domain, "lona.debug", 10, "cleared", 7);
    for (uint32_t i = 0; i < n; i++) args[i] = holds(v->f, i) ? v->f->base[i] : cleared;
    return vector_make(v->p, args, n);
}

/* Names in scope: what they hold into *locals, those that hold nothing any more into *cleared.  Records of inner scopes come
 * later in the table and win. */
static void locals_of(const struct view *v, value *locals, value *cleared)
{
    *locals = empty_map();
    *cleared = empty_set();
    for (uint32_t i = 0; i < v->arity->local_count; i++) {
        const struct local_record *l = &v->arity->locals[i];
        if (!in_scope(v, l)) continue;
        value name = v->unit->literals[l->name_literal];
        bool there = holds(v->f, l->reg);
        value m =
            there ? map_assoc(v->p, *locals, name, v->f->base[l->reg]) : map_dissoc(v->p, *locals, name);
        value s = there ? set_disj(v->p, *cleared, name) : set_conj(v->p, *cleared, name);
        if (!is_sentinel(m)) *locals = m;
        if (!is_sentinel(s)) *cleared = s;
    }
}

/* The last position at or before the instruction; NULL: none. */
static const struct position_record *position_of(const struct view *v)
{
    const struct position_record *at = v->arity->positions;
    uint32_t low = 0, high = v->arity->position_count;
    while (low < high) {
        uint32_t middle = (low + high) / 2;
        if (at[middle].insn <= v->insn)
            low = middle + 1;
        else
            high = middle;
    }
    return low == 0 ? NULL : &at[low - 1];
}

/* The keys that say where a frame stands; as key and value, in turn. */
#define PLACE_WORDS 12
static void place_of(const struct view *v, value *to)
{
    const struct position_record *at = position_of(v);
    const value words[PLACE_WORDS] = {
        key(v->p, "line"),   at == NULL ? NIL : from_fixnum(at->line),
        key(v->p, "column"), at == NULL ? NIL : from_fixnum(at->column),
        key(v->p, "start"),  at == NULL ? NIL : from_fixnum(at->start),
        key(v->p, "end"),    at == NULL ? NIL : from_fixnum(at->end),
        key(v->p, "file"),   v->unit->file,
        key(v->p, "source"), v->unit->source,
    };
    __builtin_memcpy(to, words, sizeof words);
}

/* The name of a function; fn for one without, but nil for the top-level form. */
static value name_of(struct process *p, const struct proto *proto)
{
    return proto->name != NIL || proto->index == 0 ? proto->name
                                                   : domain_intern_symbol(p->domain, NULL, 0, "fn", 2);
}

static value describe(struct process *p, const struct frame *f, bool failed, bool values)
{
    struct view v = {p, f, f->arity, f->arity->proto->unit, (uint32_t)(f->ip - f->arity->entry)};
    value locals = empty_map(), cleared = empty_set(), entries[PLACE_WORDS + 14] = {0};
    if (values) locals_of(&v, &locals, &cleared);
    place_of(&v, entries);
    const value others[14] = {key(p, "id"),       from_fixnum(f->base - p->stack),
                              key(p, "function"), name_of(p, f->arity->proto),
                              key(p, "closure"),  values ? f->base[FRAME_CLOSURE] : NIL,
                              key(p, "args"),     values ? args_of(&v) : empty_vector(),
                              key(p, "locals"),   locals,
                              key(p, "cleared"),  cleared,
                              key(p, "failed"),   from_bool(failed)};
    __builtin_memcpy(entries + PLACE_WORDS, others, sizeof others);
    return map_make(p, entries, COUNT_OF(entries) / 2);
}

static value describe_elided(struct process *p, const struct elided *e)
{
    struct view v = {p, NULL, e->arity, e->arity->proto->unit, (uint32_t)(e->ip - e->arity->entry)};
    value entries[PLACE_WORDS + 8] = {0};
    place_of(&v, entries);
    const value others[8] = {key(p, "function"), name_of(p, e->arity->proto),
                             key(p, "args"),     empty_vector(),
                             key(p, "locals"),   empty_map(),
                             key(p, "elided"),   TRUE_};
    __builtin_memcpy(entries + PLACE_WORDS, others, sizeof others);
    return map_make(p, entries, COUNT_OF(entries) / 2);
}

/* The frames whose tail calls led to f, the last one first: those at the same place, of the same activation, each of
 * which called the one after it. */
static value add_elided(struct process *p, const struct frame *f, value frames, uint32_t *count)
{
    const struct process_debug *d = debug_state(p);
    const struct proto *callee = f->arity->proto;
    value back = f->base[FRAME_RETURN];
    uint64_t place = (uint64_t)(f->base - p->stack);
    for (uint64_t n = 1; d != NULL && n <= ELIDED_FRAMES && n <= d->count && *count > 0; n++) {
        const struct elided *e = &d->ring[(d->count - n) % ELIDED_FRAMES];
        if (e->place != place || (value)(uintptr_t)e->back != back) continue;
        if (e->callee != callee) break;
        frames = vector_conj(p, frames, describe_elided(p, e));
        callee = e->arity->proto;
        --*count;
    }
    return frames;
}

value debug_frames(struct process *p, struct frame *f, uint32_t count, bool values)
{
    value frames = empty_vector();
    bool failed = false;
    for (; count > 0 && f->kind != FRAME_END; frame_next(f)) {
        if (f->kind == FRAME_CODE) {
            frames = vector_conj(p, frames, describe(p, f, failed, values));
            count--;
            frames = add_elided(p, f, frames, &count);
        }
        failed = f->kind == FRAME_SHIM && f->base[FRAME_CLOSURE] == SHIM_RESULT;
    }
    return frames;
}

/* ---- primitives ---- */
#define FRAMES_PER_TURN 20000
#define FRAMES_PER_CALL 200

/* The frame with that id, or the top one for nil, into f; resumable.  NIL: found; VAL_YIELD, VAL_ERROR. */
static value find_frame(struct process *p, const char *function, value id, struct frame *f)
{
    if (id != NIL && (!is_fixnum(id) || to_fixnum(id) < 0))
        return fail_type(p, function, 1, id, "the :id of a frame");
    if (p->prim_state == NIL) {
        frame_top(p, f);
    } else {
        vm_load_place(p, f);
        frame_next(f);
    }
    for (uint32_t n = 0; f->kind != FRAME_END; frame_next(f)) {
        if (f->kind == FRAME_CODE && (id == NIL || f->base - p->stack == to_fixnum(id))) return NIL;
        if (++n < FRAMES_PER_TURN) continue;
        p->prim_state = vm_save_place(p, f, false);
        return VAL_YIELD;
    }
    return process_fail(p, ERR_STATE, id, "%s: there is no such frame any more", function);
}

value prim_frames(struct process *p, value *a, unsigned argc)
{
    if (!is_fixnum(a[0]) || to_fixnum(a[0]) < 0)
        return fail_type(p, "-frames", 1, a[0], "a number of frames");
    struct frame f;
    value id = argc > 1 ? a[1] : NIL;
    value found = find_frame(p, "-frames", id, &f);
    if (found != NIL) return found;
    if (id != NIL) frame_next(&f);
    uint32_t count = (uint32_t)min_u64((uint64_t)to_fixnum(a[0]), FRAMES_PER_CALL);
    p->reductions -= (int32_t)count * 10;
    return debug_frames(p, &f, count, true);
}

value prim_set_frame_local(struct process *p, value *a, unsigned argc)
{
    struct frame f;
    value found = find_frame(p, "-frame-set-local!", a[0], &f);
    if (found != NIL) return found;
    if (!is_symbol(a[1])) return fail_type(p, "-frame-set-local!", 2, a[1], "a symbol");
    struct view v = {p, &f, f.arity, f.arity->proto->unit, (uint32_t)(f.ip - f.arity->entry)};
    for (uint32_t i = v.arity->local_count; i-- > 0;) {
        const struct local_record *l = &v.arity->locals[i];
        if (!in_scope(&v, l) || !name_equal(v.unit->literals[l->name_literal], a[1])) continue;
        if (!holds(&f, l->reg))
            return process_fail(p, ERR_STATE, a[1], "%v is not needed any more in that frame", a[1]);
        f.base[l->reg] = a[2];
        return a[2];
    }
    return process_fail(p, ERR_NOT_FOUND, a[1], "the frame has no local %v", a[1]);
}

value prim_return_from_frame(struct process *p, value *a, unsigned argc)
{
    if (!is_fixnum(a[0]) || to_fixnum(a[0]) < 0)
        return fail_type(p, "-return-from-frame", 1, a[0], "the :id of a frame");
    return vm_unwind(p, from_fixnum(~to_fixnum(a[0])), a[1], true);
}

value prim_stack_depth(struct process *p, value *a, unsigned argc)
{
    return from_fixnum(p->base - p->stack);
}
