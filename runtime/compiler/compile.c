#include "runtime/compiler/compile.h"

#include "runtime/compiler/internal.h"

enum stage { STAGE_ANALYSE, STAGE_GENERATE, STAGE_LAY_OUT };

struct compiler *compile_start(struct process *p, value form, const struct compile_options *o)
{
    struct object *state = heap_alloc(p, T_STATE_RAW, OBJ_PINS, (sizeof(struct compiler) + 7) / 8);
    struct compiler *c = (struct compiler *)state->p;
    *c = (struct compiler){.p = p, .options = *o, .function = NONE, .budget = INT64_MAX};
    c->key_line = keyword_c(p, NULL, "line");
    c->key_column = keyword_c(p, NULL, "column");
    c->key_start = keyword_c(p, NULL, "start");
    c->key_end = keyword_c(p, NULL, "end");
    c->key_debug = keyword_c(p, NULL, "debug");
    c->key_name = keyword_c(p, NULL, "name");
    value meta = obj_meta(form);
    value start = is_map(meta) ? map_get_keyword(meta, c->key_start) : NIL;
    if (is_fixnum(start)) c->base_offset = to_fixnum(start);
    analyse_start(c, form);
    return c;
}

static void generate_again(struct compiler *c)
{
    c->far = false;
    c->no_short_jumps = true;
    c->code.count = c->live.count = c->regions.count = c->out_positions.count = c->locals.count = 0;
    c->scratch.count = c->moves.count = 0;
    generate_start(c);
}

/* One step of the stage; true when there is another one to come. */
static bool step(struct compiler *c)
{
    switch (c->stage) {
    case STAGE_ANALYSE:
        if (!analyse(c)) return false;
        generate_start(c);
        break;
    case STAGE_GENERATE:
        if (!generate(c)) return false;
        if (c->far &&
            !c->failed) { /* a test jumps farther than its 16 bits: once more, with tests and jumps apart */
            generate_again(c);
            return true;
        }
        unit_start(c);
        break;
    default: return false;
    }
    c->stage++;
    return true;
}

value compile_continue(struct compiler *c, int64_t *steps)
{
    c->budget = *steps;
    while (!c->failed && step(c)) continue;
    value unit = c->failed ? VAL_ERROR : c->stage == STAGE_LAY_OUT ? unit_bytes(c) : VAL_YIELD;
    *steps = c->budget;
    return unit;
}

value compile_state(struct compiler *c)
{
    return from_obj((struct object *)((char *)c - offsetof(struct object, p)));
}
struct compiler *compile_resumed(value state)
{
    return (struct compiler *)to_obj(state)->p;
}

value compile_form(struct process *p, value form, const struct compile_options *o)
{
    int64_t steps = INT64_MAX;
    return compile_continue(compile_start(p, form, o), &steps);
}
