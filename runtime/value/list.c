#include "runtime/value/collection.h"

static const struct object empty_list_object = {
    HEADER_TAG | (uint64_t)T_EMPTY_LIST << 40 | (uint64_t)OBJ_SHARED << 32,
};

value empty_list(void)
{
    return from_obj(&empty_list_object);
}

static value cons_new(struct process *p, uint32_t flags, value first, value rest)
{
    struct object *o = heap_alloc(p, T_CONS, flags, 2);
    o->p[0] = first;
    o->p[1] = rest;
    return from_obj(o);
}

value list_cons(struct process *p, value first, value rest)
{
    return cons_new(p, 0, first, rest);
}

value list_make(struct process *p, const value *items, size_t n)
{
    value list = empty_list();
    while (n > 0) list = cons_new(p, OBJ_A, items[--n], list);
    return list;
}

/* conj on a list: the new list has the metadata of the old one. */
value list_prepend(struct process *p, value list, value item)
{
    value meta = obj_meta(list);
    if (list == NIL) list = empty_list();
    if (meta == NIL) return cons_new(p, OBJ_A, item, list);
    struct object *o = heap_alloc(p, T_CONS, OBJ_A | OBJ_META, 3);
    o->p[0] = item;
    o->p[1] = list;
    o->p[2] = meta;
    return from_obj(o);
}
