/* Orders: the canonical one over all values, by which collision nodes are sorted, and the one of `compare`. */
#include "runtime/value/deep.h"
#include "runtime/value/number.h"
#include "runtime/value/string.h"

/* ---- canonical: by kind, then leaves by their own order, the others by digest ---- */

static bool order_digest(struct key_op *op, value v, int *budget, uint64_t *out)
{
    uint64_t h;
    if (!digest_deep(op->p, v, DIGEST_ORDER, budget, 0, &h)) {
        value answer = question_answer(op, QUESTION_DIGEST, v, NIL);
        if (answer == VAL_ABSENT) {
            question_ask(op, QUESTION_DIGEST, v, NIL);
            return false;
        }
        *out = (uint64_t)to_fixnum(answer);
        return true;
    }
    *out = h >> (64 - ORDER_DIGEST_BITS);
    return true;
}

static int order_with(struct key_op *op, value a, value b, int *budget)
{
    if (a == b) return 0;
    enum value_kind kind = value_kind(a), kind_b = value_kind(b);
    if (kind != kind_b) return kind < kind_b ? -1 : 1;
    if (kind < KIND_PARTS || kind == KIND_IDENTITY) return leaf_order(a, b);
    uint64_t x, y;
    if (!order_digest(op, a, budget, &x) || !order_digest(op, b, budget, &y)) return ORDER_SLOW;
    return x < y ? -1 : x > y;
}

int key_order(struct key_op *op, value a, value b)
{
    int budget = 2 * op->budget;
    return order_with(op, a, b, &budget);
}

int value_order(value a, value b, int *budget)
{
    struct key_op op = KEY_OP(NULL);
    int order = order_with(&op, a, b, budget);
    if (order != ORDER_SLOW) return order;
    *budget = -1;
    return 0;
}

/* ---- compare ---- */

static value no_order(struct process *p, value a, value b)
{
    if (!p) return VAL_ERROR;
    return process_fail(p, ERR_TYPE, a, "%v and %v cannot be compared", a, b);
}

static value compare_vectors(struct process *p, value a, value b, int *budget, int depth)
{
    uint64_t n = vector_count(a), m = vector_count(b);
    if (n != m) return from_fixnum(n < m ? -1 : 1);
    if (depth >= DEEP_LEVELS) return VAL_SLOW;
    for (uint64_t i = 0; i < n; i++) {
        value c = value_compare_at(p, vector_nth(a, i), vector_nth(b, i), budget, depth + 1);
        if (c != from_fixnum(0)) return c;
    }
    return from_fixnum(0);
}

static bool has_leaf_order(enum value_kind kind, value v)
{
    enum object_type t = type_of(v);
    return kind == KIND_STRING || kind == KIND_SYMBOL || kind == KIND_KEYWORD || kind == KIND_BINARY ||
           (kind == KIND_WORDS && (t == T_INSTANT || t == T_UUID || t == T_PID || t == T_REF));
}

value value_compare_at(struct process *p, value a, value b, int *budget, int depth)
{
    if (--*budget < 0) return VAL_SLOW;
    if (both_fixnum(a, b)) return from_fixnum(to_fixnum(a) < to_fixnum(b) ? -1 : to_fixnum(a) > to_fixnum(b));
    if (a == NIL || b == NIL) return from_fixnum(a == b ? 0 : a == NIL ? -1 : 1);
    enum value_kind kind = value_kind(a), kind_b = value_kind(b);
    bool number = kind == KIND_EXACT || kind == KIND_DOUBLE,
         number_b = kind_b == KIND_EXACT || kind_b == KIND_DOUBLE;
    if (number && number_b) {
        int c = number_compare(a, b);
        return from_fixnum(c == 2 ? 0 : c); /* a NaN compares as 0, as in Clojure */
    }
    if (kind != kind_b) return no_order(p, a, b);
    if (kind == KIND_SEQUENCE && is_vector(a) && is_vector(b)) return compare_vectors(p, a, b, budget, depth);
    if (kind == KIND_SPECIAL) {
        if (is_char(a) != is_char(b)) return no_order(p, a, b);
        return from_fixnum(a < b ? -1 : a > b); /* false below true, characters by code point */
    }
    if (!has_leaf_order(kind, a) || type_of(a) != type_of(b)) {
        if (kind != KIND_STRING && kind != KIND_BINARY) return no_order(p, a, b);
    }
    if (is_type(a, T_INSTANT)) {
        int64_t x = (int64_t)to_obj(a)->p[0], y = (int64_t)to_obj(b)->p[0];
        return from_fixnum(x < y ? -1 : x > y);
    }
    return from_fixnum(leaf_order(a, b));
}

value value_compare(struct process *p, value a, value b, int *budget)
{
    return value_compare_at(p, a, b, budget, 0);
}

value key_compare(struct key_op *op, value a, value b)
{
    int budget = op->budget;
    value c = value_compare_at(op->p, a, b, &budget, 0);
    if (c != VAL_SLOW) return c;
    value answer = question_answer(op, QUESTION_COMPARE, a, b);
    return answer != VAL_ABSENT ? answer : question_ask(op, QUESTION_COMPARE, a, b);
}
