/* Metadata: an optional last word of the payload, which is not part of a value's equality. */
#include "runtime/value/collection.h"
#include "runtime/value/node.h"

bool takes_meta(value v)
{
    if (!is_ptr(v)) return false;
    switch (type_of(v)) {
    case T_CONS:
    case T_EMPTY_LIST:
    case T_SYMBOL:
    case T_SVECTOR:
    case T_VECTOR:
    case T_SUBVECTOR:
    case T_AMAP:
    case T_HMAP:
    case T_HSET:
    case T_SMAP:
    case T_SSET:
    case T_RECORD:
    case T_FN:
    case T_INDEXED_SEQ:
    case T_MAP_SEQ:
    case T_TREE_SEQ:
    case T_RANGE: return true;
    case T_LAZY: return !obj_has(to_obj(v), OBJ_A);
    default: return false;
    }
}

value with_meta(struct process *p, value v, value meta)
{
    const struct object *o = to_obj(v);
    uint32_t words = object_words(o), flags = header_flags(o->header) & (OBJ_A | OBJ_B | OBJ_C);
    bool has_meta = meta != NIL;
    if (!has_meta && !obj_has(o, OBJ_META)) return v;
    struct object *n = heap_alloc(p, obj_type(o), flags | (has_meta ? OBJ_META : 0), words + has_meta);
    __builtin_memcpy(n->p, o->p, (size_t)words * 8);
    if (has_meta) n->p[words] = meta;
    return from_obj(n);
}
