#include "runtime/value/value.h"

const struct object_info object_info[T_COUNT] = {
#define OBJ(NAME, name, raw, layout) [T_##NAME] = {name, raw, LAYOUT_##layout},
#include "spec/objects.def"
#undef OBJ
};
