#include "runtime/compiler/compile.h"

#include "runtime/compiler/internal.h"

static void prepare(struct compiler *c, struct process *p, value form, const struct compile_options *o)
{
    *c = (struct compiler){.p = p, .options = o, .function = NONE};
    c->key_line = keyword_c(p, NULL, "line");
    c->key_column = keyword_c(p, NULL, "column");
    c->key_start = keyword_c(p, NULL, "start");
    c->key_end = keyword_c(p, NULL, "end");
    c->key_debug = keyword_c(p, NULL, "debug");
    c->key_name = keyword_c(p, NULL, "name");
    value meta = obj_meta(form);
    value start = is_map(meta) ? map_get_keyword(meta, c->key_start) : NIL;
    if (is_fixnum(start)) c->base_offset = to_fixnum(start);
}

static void forget_code(struct compiler *c)
{
    c->code.count = c->live.count = c->regions.count = c->out_positions.count = c->locals.count = 0;
    c->scratch.count = c->moves.count = 0;
}

value compile_form(struct process *p, value form, const struct compile_options *o)
{
    struct compiler c;
    prepare(&c, p, form, o);
    analyse(&c, form);
    generate(&c);
    if (c.far &&
        !c.failed) { /* a test jumps farther than its 16 bits: once more, with tests and jumps apart */
        c.far = false;
        c.no_short_jumps = true;
        forget_code(&c);
        generate(&c);
    }
    p->reductions -= (int32_t)min_u64(c.nodes.count + c.code.count, 1u << 20) / 4;
    return unit_bytes(&c);
}
