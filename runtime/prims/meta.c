/* Metadata, equality, hash and compare, reduced values, types. */
#include "runtime/prims/collection.h"
#include "runtime/sched/domain.h"
#include "runtime/sched/atom.h"
#include "runtime/value/deep.h"

/* ---- metadata ---- */

/* Of a var: what its cell has, with :ns and :name. */
static value var_meta(struct process *p, value symbol)
{
    struct cell *c = domain_cell(p->domain, symbol, false);
    value m = c != NULL && is_map(c->meta) ? c->meta : empty_map();
    struct object *ns = heap_alloc(p, T_NAMESPACE, 0, 1);
    ns->p[0] = symbol_make(p, NIL, to_obj(symbol)->p[1]);
    m = map_assoc(p, m, keyword_c(p, NULL, "ns"), from_obj(ns));
    return map_assoc(p, m, keyword_c(p, NULL, "name"), symbol_make(p, NIL, to_obj(symbol)->p[2]));
}

PLAIN(prim_meta)
{
    switch (type_of(a[0])) {
    case T_VAR: return var_meta(p, to_obj(a[0])->p[1]);
    case T_ATOM:
    case T_NAMESPACE: return vm_trap(p, TRAP_META);
    default: return is_opaque(a[0]) ? vm_trap(p, TRAP_META) : obj_meta(a[0]);
    }
}

PLAIN(prim_with_meta)
{
    if (a[1] != NIL && !is_map(a[1]) && !is_type(a[1], T_RECORD))
        return fail_type(p, "with-meta", 2, a[1], "a map");
    if (is_opaque(a[0])) return vm_trap(p, TRAP_WITH_META);
    if (!takes_meta(a[0])) return fail_type(p, "with-meta", 1, a[0], "a value that takes metadata");
    if (is_type(a[0], T_LAZY) && to_obj(a[0])->p[0] != NIL)
        return vm_trap(p, TRAP_WITH_META); /* two with one thunk would run it twice */
    return with_meta(p, a[0], a[1]);
}

/* ---- = hash compare ---- */

static value do_equal(struct key_op *op, value *a, unsigned argc)
{
    unsigned i = 0;
    if (op->p->prim_state != NIL && to_obj(op->p->prim_state)->p[RESUME_OWN] != NIL)
        i = (unsigned)to_fixnum(to_obj(op->p->prim_state)->p[RESUME_OWN]);
    for (; i + 1 < argc; i++) {
        int budget = EQUAL_BUDGET;
        int same = equal_deep(op, a[i], a[i + 1], &budget, 0);
        if (same < 0) {
            value answer = question_answer(op, QUESTION_EQUAL, a[i], a[i + 1]);
            if (answer == VAL_ABSENT) {
                heap_write(op->p, resume_state(op), RESUME_OWN, from_fixnum(i));
                return question_ask(op, QUESTION_EQUAL, a[i], a[i + 1]);
            }
            same = answer == TRUE_;
        }
        if (!same) return FALSE_;
    }
    return TRUE_;
}

PLAIN(prim_equal)
{
    if (p->prim_state == NIL && argc == 2) {
        int budget = EQUAL_BUDGET;
        value r = value_equal(a[0], a[1], &budget);
        if (r != VAL_SLOW) return r;
    }
    return resume(p, a, argc, do_equal, "lona.core/=", TRAP_EQUAL);
}

static value do_hash(struct key_op *op, value *a, unsigned argc)
{
    uint32_t hash;
    return key_hash(op, a[0], &hash) ? from_fixnum((int32_t)hash) : VAL_SLOW;
}
RESUMABLE(prim_hash, do_hash, "lona.core/hash", TRAP_HASH)

static value do_compare(struct key_op *op, value *a, unsigned argc)
{
    return a[0] == a[1] ? from_fixnum(0) : key_compare(op, a[0], a[1]);
}
RESUMABLE(prim_compare, do_compare, "lona.core/compare", TRAP_COMPARE)

/* Names are what they say: that one is interned and another copied does not make them two. */
PLAIN(prim_identical)
{
    return from_bool(a[0] == a[1] || (is_keyword(a[0]) && is_keyword(a[1]) && name_equal(a[0], a[1])));
}
PLAIN(prim_not)
{
    return from_bool(falsy(a[0]));
}
PLAIN(prim_boolean)
{
    return from_bool(truthy(a[0]));
}

/* ---- reduced, deref ---- */

PLAIN(prim_reduced)
{
    struct object *o = heap_alloc(p, T_REDUCED, 0, 1);
    o->p[0] = a[0];
    return from_obj(o);
}
PLAIN(prim_unreduced)
{
    return is_type(a[0], T_REDUCED) ? to_obj(a[0])->p[0] : a[0];
}

PLAIN(prim_deref)
{
    if (is_ptr(a[0])) {
        const struct object *o = to_obj(a[0]);
        enum object_type t = obj_type(o);
        if (t == T_BOX || t == T_REDUCED) return o->p[0];
        if (t == T_LAZY && o->p[0] == NIL && obj_has(o, OBJ_A)) return o->p[1];
        if (t == T_ATOM)
            return __atomic_load_n(&((struct atom_cell *)(uintptr_t)o->p[0])->content, __ATOMIC_ACQUIRE);
    }
    return vm_trap(p, TRAP_DEREF);
}

/* ---- types ---- */

PLAIN(prim_type_name)
{
    value v = a[0];
    const char *name = v == NIL                                          ? "nil"
                       : v == TRUE_ || v == FALSE_                       ? "boolean"
                       : is_char(v)                                      ? "char"
                       : is_fixnum(v)                                    ? "int"
                       : is_double(v)                                    ? "float"
                       : is_type(v, T_BIGINT)                            ? "int"
                       : is_type(v, T_LAZY) && obj_has(to_obj(v), OBJ_A) ? "delay"
                       : is_type(v, T_CONS)       ? (obj_has(to_obj(v), OBJ_A) ? "list" : "cons")
                       : is_type(v, T_EMPTY_LIST) ? "list"
                       : is_ptr(v)                ? object_info[type_of(v)].name
                                                  : "unbound";
    return keyword_c(p, NULL, name);
}

#define TYPE_TEST(primitive, condition)                                                                      \
    PLAIN(primitive)                                                                                         \
    {                                                                                                        \
        value v = a[0];                                                                                      \
        return from_bool(condition);                                                                         \
    }

static bool is_record_map(value v)
{
    return is_type(v, T_RECORD) && record_is_map(to_obj(v));
}
static bool is_coll(value v)
{
    return is_seq(v) || is_vector(v) || is_map(v) || is_set(v) || is_record_map(v);
}
static bool is_counted(value v)
{
    enum object_type t = type_of(v);
    return is_list(v) || is_vector(v) || is_map(v) || is_set(v) || is_record_map(v) || t == T_INDEXED_SEQ ||
           (t == T_RANGE && to_obj(v)->p[1] != NIL) || is_transient(v);
}
static bool is_function(value v)
{
    return is_type(v, T_FN) || is_type(v, T_PRIM);
}
static bool is_callable(value v)
{
    return is_function(v) || is_keyword(v) || is_symbol(v) || is_vector(v) || is_map(v) || is_set(v) ||
           is_type(v, T_VAR) || is_record_map(v);
}
static bool is_seqable(value v)
{
    return v == NIL || is_coll(v) || is_indexed(v);
}
static bool is_blank_delay(value v)
{
    return is_type(v, T_LAZY) && obj_has(to_obj(v), OBJ_A);
}

TYPE_TEST(prim_is_nil, v == NIL)
TYPE_TEST(prim_is_some, v != NIL)
TYPE_TEST(prim_is_true, v == TRUE_)
TYPE_TEST(prim_is_false, v == FALSE_)
TYPE_TEST(prim_is_boolean, v == TRUE_ || v == FALSE_)
TYPE_TEST(prim_is_char, is_char(v))
TYPE_TEST(prim_is_string, is_string(v))
TYPE_TEST(prim_is_keyword, is_keyword(v))
TYPE_TEST(prim_is_symbol, is_symbol(v))
TYPE_TEST(prim_is_map, is_map(v) || is_record_map(v))
TYPE_TEST(prim_is_vector, is_vector(v))
TYPE_TEST(prim_is_set, is_set(v))
TYPE_TEST(prim_is_list, is_list(v))
TYPE_TEST(prim_is_seq, is_seq(v))
TYPE_TEST(prim_is_coll, is_coll(v))
TYPE_TEST(prim_is_sequential, is_sequential(v))
TYPE_TEST(prim_is_associative, is_map(v) || is_vector(v) || is_record_map(v))
TYPE_TEST(prim_is_counted, is_counted(v))
TYPE_TEST(prim_is_indexed, is_vector(v))
TYPE_TEST(prim_is_reversible, is_vector(v) || is_sorted(v))
TYPE_TEST(prim_is_seqable, is_seqable(v))
TYPE_TEST(prim_is_sorted, is_sorted(v))
TYPE_TEST(prim_is_map_entry, is_type(v, T_SVECTOR) && obj_has(to_obj(v), OBJ_A))
TYPE_TEST(prim_is_fn, is_function(v))
TYPE_TEST(prim_is_ifn, is_callable(v))
TYPE_TEST(prim_is_reduced, is_type(v, T_REDUCED))
TYPE_TEST(prim_is_delay, is_blank_delay(v))
TYPE_TEST(prim_is_lazy_seq, is_lazy_seq(v))
TYPE_TEST(prim_is_volatile, is_type(v, T_BOX))
TYPE_TEST(prim_is_array, is_type(v, T_ARRAY))
TYPE_TEST(prim_is_var, is_type(v, T_VAR))
TYPE_TEST(prim_is_transient, is_transient(v))
TYPE_TEST(prim_is_opaque, is_opaque(v))
TYPE_TEST(prim_is_inst, is_type(v, T_INSTANT))
TYPE_TEST(prim_is_uuid, is_type(v, T_UUID))
TYPE_TEST(prim_is_binary, is_binary(v))
TYPE_TEST(prim_is_tagged, is_type(v, T_TAGGED))
TYPE_TEST(prim_is_namespace, is_type(v, T_NAMESPACE))
TYPE_TEST(prim_has_meta_slot, takes_meta(v))
