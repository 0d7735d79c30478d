/* Primitives that bring code in. */
#include "runtime/value/string.h"
#include "runtime/vm/load.h"
#include "runtime/vm/prim.h"

value prim_load_unit(struct process *p, value *a, unsigned argc);
value prim_load_unit(struct process *p, value *a, unsigned argc)
{
    size_t size;
    if (!is_binary(a[0])) return fail_type(p, "-load-unit", 1, a[0], "a binary");
    const uint8_t *bytes = binary_bytes(a[0], &size);
    struct unit *u = unit_load(p, bytes, size);
    p->reductions -= (int32_t)(size / 256);
    return u == NULL ? VAL_ERROR : unit_function(p, u);
}
