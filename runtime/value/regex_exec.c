/* Matching: two engines over one program, both linear in text times program.
 *
 * The backtracker remembers every (instruction, position) it has tried, so it tries none twice; it runs where that memory is
 * a few kilobytes, on a window of the text.  The Pike machine walks the text once with the list of all threads, best first;
 * it runs where the backtracker cannot decide within its window, and can stop after any character.
 * Sources: R. Cox, "Regular expression matching: the virtual machine approach" (2009), and its third part (2010). */
#include "base/utf8.h"
#include "runtime/value/regex.h"
#include "runtime/value/regex_program.h"
#include "runtime/value/string.h"
#include "runtime/vm/prim.h"
#include "spec/limits.h"

#define NO_SLOT UINT32_MAX

struct input {
    const struct regex_program *r;
    const char *text;
    uint32_t size, start;
    enum regex_mode mode;
};

/* ---- what both engines ask of the text ---- */

static uint32_t char_before(const struct input *in, uint32_t at)
{
    const char *s = in->text + at;
    do s--;
    while (utf8_is_continuation(*s));
    return utf8_next(&s);
}

static uint32_t char_at(const struct input *in, uint32_t at)
{
    const char *s = in->text + at;
    return utf8_next(&s);
}

static bool is_line_end(uint32_t c, bool unix_lines)
{
    return unix_lines ? c == '\n' : regex_line_end(c);
}

/* At the end, or before a line terminator that is the last thing in the text. */
static bool at_last_line_end(const struct input *in, uint32_t at, bool unix_lines)
{
    if (at == in->size) return true;
    uint32_t c = char_at(in, at);
    if (!is_line_end(c, unix_lines)) return false;
    uint32_t next = at + utf8_size(c);
    if (c == '\r' && !unix_lines && next < in->size && in->text[next] == '\n') return next + 1 == in->size;
    if (c == '\n' && !unix_lines && at > 0 && in->text[at - 1] == '\r') return false; /* inside \r\n */
    return next == in->size;
}

static bool at_line_end(const struct input *in, uint32_t at, bool unix_lines)
{
    if (at == in->size) return true;
    uint32_t c = char_at(in, at);
    if (c == '\n' && !unix_lines && at > 0 && in->text[at - 1] == '\r') return false;
    return is_line_end(c, unix_lines);
}

static bool at_line_start(const struct input *in, uint32_t at, bool unix_lines)
{
    if (at == 0) return true;
    if (at == in->size) return false;
    uint32_t before = char_before(in, at);
    if (before == '\r' && !unix_lines && in->text[at] == '\n') return false;
    return is_line_end(before, unix_lines);
}

static bool assertion_holds(const struct input *in, uint32_t kind, uint32_t at)
{
    bool unix_lines = kind & RX_UNIX_LINES;
    switch (kind & ~RX_UNIX_LINES) {
    case RX_TEXT_START: return at == 0;
    case RX_TEXT_END: return at == in->size;
    case RX_LAST_LINE_END: return at_last_line_end(in, at, unix_lines);
    case RX_LINE_START: return at_line_start(in, at, unix_lines);
    case RX_LINE_END: return at_line_end(in, at, unix_lines);
    default: {
        bool before = at > 0 && regex_word_char(char_before(in, at));
        bool after = at < in->size && regex_word_char(char_at(in, at));
        return (before != after) == ((kind & ~RX_UNIX_LINES) == RX_WORD);
    }
    }
}

static inline bool consumes(const struct regex_program *r, const struct regex_insn *i, uint32_t c)
{
    switch (i->op) {
    case RX_CHAR: return c == (uint32_t)i->y;
    case RX_FOLD: return (c | 0x20) == (uint32_t)i->y;
    case RX_ANY: return !regex_line_end(c);
    case RX_ALL: return true;
    case RX_NOT_LF: return c != '\n';
    default: return regex_class_has(regex_classes(r) + i->y, c);
    }
}

/* The next position from `at` (at most end) at which a match can begin. */
static uint32_t skip_to_candidate(const struct input *in, uint32_t at, uint32_t end)
{
    const struct regex_program *r = in->r;
    if (!(r->flags & RX_HAS_FIRST) || at == 0) return at;
    const uint8_t *text = (const uint8_t *)in->text;
    if (r->flags & RX_ONE_BYTE) {
        uint8_t wanted = (uint8_t)r->prefix[0];
        for (;; at++) {
            while (at < end && text[at] != wanted) at++;
            if (at >= end || in->size - at < r->prefix_size) break;
            unsigned k = 1;
            while (k < r->prefix_size && text[at + k] == (uint8_t)r->prefix[k]) k++;
            if (k == r->prefix_size) break;
        }
        return at;
    }
    while (at < end && !(r->first[text[at] / 64] >> (text[at] % 64) & 1)) at++;
    return at;
}

/* ---- the backtracker ---- */

enum { VISITED_WORDS = 1024, BACK_STACK = 1024, BACK_SLOTS = 64 };

struct backtracker {
    struct input in;
    uint32_t window_end; /* positions beyond are out of reach */
    bool overflow;       /* the answer lies beyond the window or the stack: ask the other engine */
    uint32_t depth, steps;
    uint32_t *slots;
    uint64_t visited[VISITED_WORDS];
    struct {
        uint32_t pc, at; /* pc with RESTORE set: put `at` back into that slot */
    } stack[BACK_STACK];
};
#define RESTORE 0x80000000u

static inline bool push(struct backtracker *b, uint32_t pc, uint32_t at)
{
    if (b->depth == BACK_STACK) {
        b->overflow = true;
        return false;
    }
    b->stack[b->depth].pc = pc;
    b->stack[b->depth++].at = at;
    return true;
}

/* Follow one thread from pc at position `at`; alternatives are pushed.  True: it matched. */
static bool back_run(struct backtracker *b, uint32_t pc, uint32_t at)
{
    const struct input *in = &b->in;
    const struct regex_program *r = in->r;
    for (;;) {
        uint32_t bit = (at - in->start) * r->insn_count + pc;
        const struct regex_insn *i = &r->code[pc];
        if (b->visited[bit / 64] >> (bit % 64) & 1) return false;
        b->visited[bit / 64] |= 1ull << (bit % 64);
        b->steps++;
        uint32_t target = (uint32_t)((int32_t)pc + i->y);
        switch (i->op) {
        case RX_SPLIT_NEXT:
            if (!push(b, target, at)) return false;
            pc++;
            break;
        case RX_SPLIT_JUMP:
            if (!push(b, pc + 1, at)) return false;
            pc = target;
            break;
        case RX_JUMP: pc = target; break;
        case RX_SAVE:
            if (!push(b, i->x | RESTORE, b->slots[i->x])) return false;
            b->slots[i->x] = at;
            pc++;
            break;
        case RX_ASSERT:
            if (!assertion_holds(in, i->x, at)) return false;
            pc++;
            break;
        case RX_MATCH:
            if (in->mode == REGEX_FULL && at != in->size) return false;
            b->slots[1] = at;
            return true;
        default: {
            if (at >= b->window_end) {
                b->overflow = at < in->size;
                return false;
            }
            const char *s = in->text + at;
            if (!consumes(r, i, utf8_next(&s))) return false;
            at = (uint32_t)(s - in->text);
            pc++;
        }
        }
    }
}

static bool back_try(struct backtracker *b, uint32_t at)
{
    b->depth = 0;
    for (uint32_t i = 0; i < b->in.r->slot_count; i++) b->slots[i] = NO_SLOT;
    b->slots[0] = at;
    if (back_run(b, 0, at)) return true;
    while (b->depth > 0 && !b->overflow) {
        b->depth--;
        uint32_t pc = b->stack[b->depth].pc, value_or_at = b->stack[b->depth].at;
        if (pc & RESTORE)
            b->slots[pc & ~RESTORE] = value_or_at;
        else if (back_run(b, pc, value_or_at))
            return true;
    }
    return false;
}

/* The character boundary at or before a position. */
static uint32_t boundary(const struct input *in, uint32_t at)
{
    while (at < in->size && utf8_is_continuation(in->text[at])) at--;
    return at;
}

/* Try every candidate from b->in.start on, within a window of `reach` positions.  *at is where it stopped. */
static bool back_window(struct backtracker *b, uint32_t reach, uint32_t *at)
{
    const struct input *in = &b->in;
    const struct regex_program *r = in->r;
    b->overflow = false;
    b->window_end = in->size - in->start > reach ? boundary(in, in->start + reach) : in->size;
    size_t used_bits = (size_t)(b->window_end - in->start + 1) * r->insn_count;
    __builtin_memset(b->visited, 0, (used_bits + 63) / 64 * 8);
    for (*at = in->start;;) {
        if (back_try(b, *at)) return true;
        if (b->overflow || in->mode != REGEX_SEARCH || (r->flags & RX_ANCHORED)) return false;
        if (*at == b->window_end) {
            b->overflow = *at < in->size;
            return false;
        }
        *at = skip_to_candidate(in, *at + utf8_size(char_at(in, *at)), b->window_end);
    }
}

/* TRUE_, NIL, VAL_YIELD, or VAL_SLOW when this engine cannot tell; with the last two *resume is where to go on.
 * A search moves its window along the text, by a quarter of it at least, so that the cost stays linear. */
static value back_exec(struct process *p, const struct input *in, uint32_t *slots, uint32_t *resume)
{
    enum { FAR = 32768, NEAR = 256 };
    const struct regex_program *r = in->r;
    *resume = in->start;
    if (r->slot_count > BACK_SLOTS || r->insn_count > VISITED_WORDS * 64 / 32) return VAL_SLOW;
    struct backtracker b;
    b.in = *in;
    b.slots = slots;
    uint32_t reach = VISITED_WORDS * 64 / r->insn_count - 1, tier = reach < NEAR ? reach : NEAR;
    for (;;) {
        uint32_t from = *resume;
        if (in->mode == REGEX_SEARCH) { /* the window begins where something can happen */
            uint32_t limit = in->size - from > FAR ? boundary(in, from + FAR) : in->size;
            *resume = skip_to_candidate(in, from, limit);
            p->reductions -= (int32_t)((*resume - from) / 32);
            if (*resume == limit && limit < in->size) {
                if (p->reductions <= 0) return VAL_YIELD;
                continue;
            }
        }
        b.in.start = *resume;
        b.steps = 0;
        bool found = back_window(&b, tier, resume);
        p->reductions -= (int32_t)(b.steps / 4 + tier / 32);
        if (found) return TRUE_;
        if (!b.overflow) return NIL;
        bool moved = in->mode == REGEX_SEARCH && *resume - b.in.start >= tier / 4;
        if (!moved && tier == reach) return VAL_SLOW;
        tier = reach;
        if (moved && p->reductions <= 0) return VAL_YIELD;
    }
}

/* ---- the Pike machine ---- */

/* Its state, in a STATE_RAW object: this header, then two lists of threads, the stack of the closure, the best match. */
struct machine {
    uint32_t at, matched, current, insn_count, slot_count;
    uint32_t count[2];
    uint32_t words[];
};

struct threads { /* a list, as pointers into the machine */
    uint32_t *count, *dense, *sparse, *slots;
};

static size_t machine_bytes(const struct regex_program *r)
{
    size_t m = r->insn_count, s = r->slot_count;
    return sizeof(struct machine) + (2 * (2 * m + m * s) + 4 * m + 4 + 2 * s) * sizeof(uint32_t);
}

static struct threads machine_list(struct machine *v, uint32_t which)
{
    size_t m = v->insn_count, s = v->slot_count;
    uint32_t *base = v->words + which * (2 * m + m * s);
    return (struct threads){&v->count[which], base, base + m, base + 2 * m};
}
static uint32_t *machine_stack(struct machine *v)
{
    return v->words + 2 * (2 * (size_t)v->insn_count + (size_t)v->insn_count * v->slot_count);
}
static uint32_t *machine_best(struct machine *v)
{
    return machine_stack(v) + 4 * (size_t)v->insn_count + 4;
}
static uint32_t *machine_scratch(struct machine *v)
{
    return machine_best(v) + v->slot_count;
}

/* Add to the list every thread that pc leads to without consuming, in order of preference.  caps is changed on the way and
 * restored.  Returns the number of instructions looked at. */
static uint32_t add_thread(struct machine *v, const struct input *in, const struct threads *l, uint32_t pc,
                           uint32_t at, uint32_t *caps)
{
    const struct regex_program *r = in->r;
    uint32_t *stack = machine_stack(v), depth = 0, steps = 0;
    stack[depth++] = pc;
    stack[depth++] = 0;
    while (depth > 0) {
        uint32_t old = stack[--depth];
        pc = stack[--depth];
        if (pc & RESTORE) {
            caps[pc & ~RESTORE] = old;
            continue;
        }
        for (;;) {
            uint32_t known = l->sparse[pc];
            const struct regex_insn *i = &r->code[pc];
            if (known < *l->count && l->dense[known] == pc) break;
            uint32_t index = (*l->count)++;
            l->dense[index] = pc;
            l->sparse[pc] = index;
            steps++;
            uint32_t target = (uint32_t)((int32_t)pc + i->y);
            if (i->op == RX_SPLIT_NEXT || i->op == RX_SPLIT_JUMP) {
                bool next = i->op == RX_SPLIT_NEXT;
                stack[depth++] = next ? target : pc + 1;
                stack[depth++] = 0;
                pc = next ? pc + 1 : target;
            } else if (i->op == RX_JUMP) {
                pc = target;
            } else if (i->op == RX_SAVE) {
                stack[depth++] = i->x | RESTORE;
                stack[depth++] = caps[i->x];
                caps[i->x] = at;
                pc++;
            } else if (i->op == RX_ASSERT) {
                if (!assertion_holds(in, i->x, at)) break;
                pc++;
            } else {
                __builtin_memcpy(l->slots + (size_t)index * v->slot_count, caps,
                                 v->slot_count * sizeof *caps);
                break;
            }
        }
    }
    return steps;
}

/* All threads over the character at v->at (c; none at the end).  Returns the steps taken. */
static uint32_t machine_step(struct machine *v, const struct input *in, uint32_t c, uint32_t next_at)
{
    const struct regex_program *r = in->r;
    struct threads now = machine_list(v, v->current), then = machine_list(v, !v->current);
    uint32_t steps = 0, n = *now.count;
    *then.count = 0;
    for (uint32_t t = 0; t < n; t++) {
        const struct regex_insn *i = &r->code[now.dense[t]];
        uint32_t *caps = now.slots + (size_t)t * v->slot_count;
        if (i->op == RX_MATCH) {
            if (in->mode == REGEX_FULL && v->at != in->size) continue;
            caps[1] = v->at;
            __builtin_memcpy(machine_best(v), caps, v->slot_count * sizeof *caps);
            v->matched = true;
            break; /* whatever follows is less preferred */
        }
        if (i->op > RX_CLASS || v->at == in->size || !consumes(r, i, c)) continue;
        steps += add_thread(v, in, &then, now.dense[t] + 1, next_at, caps);
    }
    v->current = !v->current;
    return steps + n / 2;
}

static struct machine *machine_start(struct process *p, const struct input *in, value *state, uint32_t at)
{
    size_t words = (machine_bytes(in->r) + 7) / 8;
    if (words > 4096 && heap_reserve(p, words) == VAL_ERROR) return NULL;
    struct object *o = heap_alloc(p, T_STATE_RAW, 0, (uint32_t)words);
    __builtin_memset(o->p, 0, words * 8);
    struct machine *v = (struct machine *)o->p;
    v->at = at;
    v->insn_count = in->r->insn_count;
    v->slot_count = in->r->slot_count;
    *state = from_obj(o);
    return v;
}

static value pike_exec(struct process *p, const struct input *in, uint32_t from, uint32_t *slots,
                       value *state)
{
    enum { SKIP = 1 << 16 };
    struct machine *v =
        *state == NIL ? machine_start(p, in, state, from) : (struct machine *)to_obj(*state)->p;
    if (v == NULL) return VAL_ERROR;
    bool anchored = in->mode != REGEX_SEARCH;
    for (;;) {
        if (v->count[v->current] == 0) {
            if (v->matched || (anchored && v->at > in->start) || ((in->r->flags & RX_ANCHORED) && v->at > 0))
                break;
            if (!anchored) {
                uint32_t limit = in->size - v->at > SKIP ? v->at + SKIP : in->size, before = v->at;
                v->at = skip_to_candidate(in, v->at, limit);
                p->reductions -= (int32_t)((v->at - before) / 32);
                if (v->at == limit && limit < in->size) {
                    /* A continuation byte is never a candidate where there is a set: go back to the character's start. */
                    while (utf8_is_continuation(in->text[v->at])) v->at--;
                    if (p->reductions <= 0) return VAL_YIELD;
                    continue;
                }
            }
        }
        if (!v->matched && (anchored ? v->at == in->start : !(in->r->flags & RX_ANCHORED) || v->at == 0)) {
            struct threads now = machine_list(v, v->current);
            uint32_t *caps = machine_scratch(v);
            for (uint32_t i = 0; i < v->slot_count; i++) caps[i] = NO_SLOT;
            caps[0] = v->at;
            p->reductions -= (int32_t)(add_thread(v, in, &now, 0, v->at, caps) / 4);
        }
        bool end = v->at == in->size;
        const char *s = in->text + v->at;
        uint32_t c = end ? 0 : utf8_next(&s);
        p->reductions -= (int32_t)(machine_step(v, in, c, (uint32_t)(s - in->text)) / 4) + 1;
        if (end) break;
        v->at = (uint32_t)(s - in->text);
        if (p->reductions <= 0) return VAL_YIELD;
    }
    if (v->matched) __builtin_memcpy(slots, machine_best(v), v->slot_count * sizeof *slots);
    return v->matched ? TRUE_ : NIL;
}

/* ---- entry ---- */

static const struct regex_program *program_of(value regex)
{
    size_t size;
    return (const struct regex_program *)binary_bytes(to_obj(regex)->p[1], &size);
}

unsigned regex_groups(value regex)
{
    return program_of(regex)->slot_count / 2 - 1;
}

static struct input input_of(value regex, value text, uint32_t start, enum regex_mode mode)
{
    size_t size;
    struct input in = {.r = program_of(regex), .start = start, .mode = mode};
    in.text = string_bytes(text, &size);
    in.size = (uint32_t)size;
    return in;
}

value regex_exec_pike(struct process *p, value regex, value text, uint32_t start, enum regex_mode mode,
                      uint32_t *slots, value *state)
{
    struct input in = input_of(regex, text, start, mode);
    value result = pike_exec(p, &in, start, slots, state);
    if (result != VAL_YIELD) *state = NIL;
    return result;
}

/* state: NIL at first; a fixnum where the backtracker goes on searching; the Pike machine. */
value regex_exec(struct process *p, value regex, value text, uint32_t start, enum regex_mode mode,
                 uint32_t *slots, value *state)
{
    struct input in = input_of(regex, text, start, mode);
    uint32_t from = start;
    value result = VAL_SLOW;
    if ((in.r->flags & RX_ANCHORED) && start > 0) return NIL;
    if (*state == NIL || is_fixnum(*state)) {
        struct input rest = in;
        if (is_fixnum(*state)) rest.start = (uint32_t)to_fixnum(*state);
        *state = NIL;
        result = back_exec(p, &rest, slots, &from);
        if (result == VAL_YIELD) *state = from_fixnum(from);
    }
    if (result == VAL_SLOW) result = pike_exec(p, &in, from, slots, state);
    if (result != VAL_YIELD) *state = NIL;
    return result;
}
