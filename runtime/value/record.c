#include "runtime/value/record.h"
#include "runtime/value/node.h"
#include "runtime/value/seq.h"
#include "runtime/value/string.h"

uint64_t record_field_count(const struct object *r)
{
    return vector_count(record_type(r)->p[RTYPE_FIELDS]);
}

int record_field_index(const struct object *type, value key)
{
    if (!is_keyword(key)) return -1;
    value fields = type->p[RTYPE_FIELDS];
    int n = (int)vector_count(fields);
    for (int i = 0; i < n; i++)
        if (vector_nth(fields, (uint64_t)i) == key) return i;
    for (int i = 0; i < n; i++)
        if (name_equal(vector_nth(fields, (uint64_t)i), key)) return i;
    return -1;
}

uint64_t record_count(const struct object *r)
{
    value ext = r->p[RECORD_EXT];
    return record_field_count(r) + (ext == NIL ? 0 : map_count(ext));
}

value record_seq(struct process *p, const struct object *r)
{
    value fields = record_type(r)->p[RTYPE_FIELDS];
    value s = r->p[RECORD_EXT] == NIL ? NIL : map_seq_of(p, r->p[RECORD_EXT], 0);
    for (uint64_t i = record_field_count(r); i-- > 0;)
        s = list_cons(p, entry_make(p, vector_nth(fields, i), r->p[RECORD_FIELDS + i]), s);
    return s;
}

value record_get(struct key_op *op, const struct object *r, value key)
{
    int i = record_field_index(record_type(r), key);
    if (i >= 0) return r->p[RECORD_FIELDS + i];
    return r->p[RECORD_EXT] == NIL ? VAL_ABSENT : map_get_op(op, r->p[RECORD_EXT], key);
}

value record_assoc(struct key_op *op, const struct object *r, value key, value val)
{
    int i = record_field_index(record_type(r), key);
    value ext = NIL;
    if (i < 0) {
        ext = map_assoc_op(op, r->p[RECORD_EXT] == NIL ? empty_map() : r->p[RECORD_EXT], key, val);
        if (is_sentinel(ext)) return ext;
    }
    struct object *n = object_copy(op->p, r);
    if (i >= 0)
        n->p[RECORD_FIELDS + i] = val;
    else
        n->p[RECORD_EXT] = ext;
    return from_obj(n);
}

value record_to_map(struct key_op *op, const struct object *r)
{
    value fields = record_type(r)->p[RTYPE_FIELDS];
    value m = r->p[RECORD_EXT] == NIL ? empty_map() : r->p[RECORD_EXT];
    uint64_t n = record_field_count(r);
    for (uint64_t i = 0; i < n && !is_sentinel(m); i++)
        m = map_assoc_op(op, m, vector_nth(fields, i), r->p[RECORD_FIELDS + i]);
    return m;
}

value record_dissoc(struct key_op *op, const struct object *r, value key)
{
    if (record_field_index(record_type(r), key) >= 0) {
        value m = record_to_map(op, r);
        return is_sentinel(m) ? m : map_dissoc_op(op, m, key);
    }
    if (r->p[RECORD_EXT] == NIL) return from_obj(r);
    value ext = map_dissoc_op(op, r->p[RECORD_EXT], key);
    if (is_sentinel(ext)) return ext;
    struct object *n = object_copy(op->p, r);
    n->p[RECORD_EXT] = map_count(ext) == 0 ? NIL : ext;
    return from_obj(n);
}
