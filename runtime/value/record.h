/* Records (maps with a type and fixed fields) and instances of deftype (opaque: only their protocols speak for them). */
#ifndef RUNTIME_VALUE_RECORD_H
#define RUNTIME_VALUE_RECORD_H

#include "runtime/gc/heap.h"

enum { RTYPE_ID, RTYPE_NAME, RTYPE_FIELDS, RTYPE_FLAGS };
enum { RECORD_TYPE, RECORD_EXT, RECORD_FIELDS };
#define RTYPE_IS_RECORD 1

static inline const struct object *record_type(const struct object *r)
{
    return to_obj(r->p[RECORD_TYPE]);
}
static inline bool record_is_map(const struct object *r)
{
    return to_fixnum(record_type(r)->p[RTYPE_FLAGS]) & RTYPE_IS_RECORD;
}
static inline bool record_same_type(const struct object *a, const struct object *b)
{
    return record_type(a)->p[RTYPE_ID] == record_type(b)->p[RTYPE_ID];
}
uint64_t record_field_count(const struct object *r);
int record_field_index(const struct object *type, value key); /* -1: not a field */
uint64_t record_count(const struct object *r);
value record_seq(struct process *p, const struct object *r);
struct key_op;
value record_get(struct key_op *op, const struct object *r, value key); /* VAL_ABSENT, VAL_SLOW */
value record_assoc(struct key_op *op, const struct object *r, value key, value val);
value record_dissoc(struct key_op *op, const struct object *r, value key); /* of a field: a plain map */
value record_to_map(struct key_op *op, const struct object *r);

#endif
