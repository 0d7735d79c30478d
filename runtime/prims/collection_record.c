/* Record types and their instances. */
#include "runtime/prims/collection.h"

/* The type's identity is what it is: the same definition made twice, or copied to another process, is the same type. */
PLAIN(prim_make_rtype)
{
    if (!is_symbol(a[0])) return fail_type(p, "-make-rtype", 1, a[0], "a symbol");
    if (!is_vector(a[1]) || vector_count(a[1]) > 1000)
        return fail_type(p, "-make-rtype", 2, a[1], "a vector of keywords");
    uint64_t n = vector_count(a[1]), id = hash_mix64(truthy(a[2]) + 0x7e5ull);
    struct key_op op = KEY_OP(p);
    op.budget = 4000;
    uint32_t hash;
    for (uint64_t i = 0; i < n; i++)
        if (!is_keyword(vector_nth(a[1], i)))
            return fail_type(p, "-make-rtype", 2, a[1], "a vector of keywords");
    for (uint64_t i = 0; i <= n; i++) {
        value name = i < n ? vector_nth(a[1], i) : a[0];
        key_hash(&op, name, &hash);
        id = hash_ordered(id, hash);
    }
    struct object *o = heap_alloc(p, T_RTYPE, 0, 4);
    o->p[RTYPE_ID] = id;
    o->p[RTYPE_NAME] = a[0];
    o->p[RTYPE_FIELDS] = a[1];
    o->p[RTYPE_FLAGS] = from_fixnum(truthy(a[2]) ? RTYPE_IS_RECORD : 0);
    return from_obj(o);
}

static value rtype_part(struct process *p, value *a, const char *name, unsigned part)
{
    return is_type(a[0], T_RTYPE) ? to_obj(a[0])->p[part] : fail_type(p, name, 1, a[0], "a record type");
}
PLAIN(prim_rtype_name)
{
    return rtype_part(p, a, "-rtype-name", RTYPE_NAME);
}
PLAIN(prim_rtype_fields)
{
    return rtype_part(p, a, "-rtype-fields", RTYPE_FIELDS);
}
PLAIN(prim_is_rtype)
{
    return from_bool(is_type(a[0], T_RTYPE));
}

PLAIN(prim_make_record)
{
    if (!is_type(a[0], T_RTYPE)) return fail_type(p, "-make-record", 1, a[0], "a record type");
    uint64_t n = vector_count(to_obj(a[0])->p[RTYPE_FIELDS]);
    if (argc - 1 != n)
        return process_fail(p, ERR_ARITY, a[0], "%v has %u fields, not %u", to_obj(a[0])->p[RTYPE_NAME], n,
                            (uint64_t)argc - 1);
    struct object *o = heap_alloc(p, T_RECORD, 0, (uint32_t)n + RECORD_FIELDS);
    o->p[RECORD_TYPE] = a[0];
    o->p[RECORD_EXT] = NIL;
    for (uint64_t i = 0; i < n; i++) o->p[RECORD_FIELDS + i] = a[1 + i];
    return from_obj(o);
}

PLAIN(prim_is_record)
{
    return from_bool(is_type(a[0], T_RECORD) && record_is_map(to_obj(a[0])));
}
PLAIN(prim_is_instance)
{
    if (!is_type(a[0], T_RTYPE)) return fail_type(p, "-instance-of?", 1, a[0], "a record type");
    return from_bool(is_type(a[1], T_RECORD) &&
                     record_type(to_obj(a[1]))->p[RTYPE_ID] == to_obj(a[0])->p[RTYPE_ID]);
}
PLAIN(prim_record_type)
{
    return is_type(a[0], T_RECORD) ? to_obj(a[0])->p[RECORD_TYPE] : NIL;
}

static bool field_argument(struct process *p, value *a, const char *name, uint64_t *i)
{
    if (!is_type(a[0], T_RECORD)) {
        fail_type(p, name, 1, a[0], "a record");
        return false;
    }
    if (index_argument(a[1], i) && *i < record_field_count(to_obj(a[0]))) return true;
    fail_range(p, name, a[1], record_field_count(to_obj(a[0])));
    return false;
}
PLAIN(prim_record_field)
{
    uint64_t i;
    return field_argument(p, a, "-record-field", &i) ? to_obj(a[0])->p[RECORD_FIELDS + i] : VAL_ERROR;
}
/* A field by its keyword, of records and instances of deftype alike. */
PLAIN(prim_record_get)
{
    if (!is_type(a[0], T_RECORD)) return fail_type(p, "-record-get", 1, a[0], "a record");
    int i = record_field_index(record_type(to_obj(a[0])), a[1]);
    if (i >= 0) return to_obj(a[0])->p[RECORD_FIELDS + i];
    return process_fail(p, ERR_ARGUMENT, a[1], "%v has no field %v", record_type(to_obj(a[0]))->p[RTYPE_NAME],
                        a[1]);
}
/* A copy with another field: what a mutable field of a deftype is set with when it is kept in a volatile. */
PLAIN(prim_record_with)
{
    uint64_t i;
    if (!field_argument(p, a, "-record-with", &i)) return VAL_ERROR;
    struct object *o = object_copy(p, to_obj(a[0]));
    o->p[RECORD_FIELDS + i] = a[2];
    return from_obj(o);
}
