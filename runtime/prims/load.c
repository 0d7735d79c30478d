/* Primitives that bring code in. */
#include "runtime/value/string.h"
#include "runtime/vm/frames.h"
#include "runtime/vm/load.h"
#include "runtime/vm/prim.h"

#define AT_ONCE 16384 /* bytes: a unit of that size takes less than a turn */
#define STEPS_PER_REDUCTION 4

static value load_at_once(struct process *p, const uint8_t *bytes, size_t size)
{
    struct unit *u = unit_load(p, bytes, size);
    p->reductions -= (int32_t)(size / 256);
    return u == NULL ? VAL_ERROR : unit_function(p, u);
}

value prim_load_unit(struct process *p, value *a, unsigned argc);
value prim_load_unit(struct process *p, value *a, unsigned argc)
{
    size_t size;
    value state = p->prim_state;
    if (state == NIL) {
        if (!is_binary(a[0])) return fail_type(p, "-load-unit", 1, a[0], "a binary");
        const uint8_t *bytes = binary_bytes(a[0], &size);
        if (size <= AT_ONCE) return load_at_once(p, bytes, size);
        state = unit_load_start(p, bytes, size);
        if (state == VAL_ERROR) return state;
    }
    int64_t left = process_reductions(p) > 0 ? process_reductions(p) : 1, steps = left * STEPS_PER_REDUCTION;
    value v = unit_load_continue(p, state, &steps);
    p->prim_state = v == VAL_YIELD ? state : NIL;
    p->reductions -= (int32_t)(left - (steps > 0 ? steps : 0) / STEPS_PER_REDUCTION);
    return v;
}
