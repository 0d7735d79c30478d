/* Arrays and volatiles: mutable, of one process. */
#include "runtime/prims/collection.h"
#include "runtime/vm/frames.h"

/* Pre: n <= LIMIT_ARRAY, and room was reserved.  One step: for arrays of moderate size. */
static value array_new(struct process *p, uint64_t n)
{
    if (n > LIMIT_ARRAY)
        return process_fail(p, ERR_TOO_LARGE, NIL, "an array of %u elements is beyond the limit", n);
    if (n > 8000 && heap_reserve(p, n) != NIL) return VAL_ERROR;
    struct object *o = heap_alloc(p, T_ARRAY, 0, (uint32_t)n);
    for (uint64_t i = 0; i < n; i++) o->p[i] = NIL;
    p->reductions -= (int32_t)(n / 64);
    return from_obj(o);
}

/* An array of nils, or with the elements of `from`, in turns.  Until it is full it counts as raw bytes, and the heap is pinned.
 * The state: the array, how much of it is filled. */
#define FILL_PER_REDUCTION 16
enum { FILL_ARRAY, FILL_COUNT, FILL_WORDS };

static value array_in_turns(struct process *p, uint64_t n, const struct object *from)
{
    if (p->prim_state == NIL) {
        if (n > LIMIT_ARRAY)
            return process_fail(p, ERR_TOO_LARGE, NIL, "an array of %u elements is beyond the limit", n);
        if (n > 8000 && heap_reserve(p, n + 8) != NIL) return VAL_ERROR;
        struct object *raw = heap_alloc(p, T_STATE_RAW, 0, (uint32_t)n),
                      *state = heap_alloc(p, T_STATE, OBJ_PINS, FILL_WORDS);
        state->p[FILL_ARRAY] = from_obj(raw);
        state->p[FILL_COUNT] = from_fixnum(0);
        p->prim_state = from_obj(state);
    }
    struct object *state = to_obj(p->prim_state), *o = to_obj(state->p[FILL_ARRAY]);
    uint64_t i = (uint64_t)to_fixnum(state->p[FILL_COUNT]);
    int64_t left = process_reductions(p) > 0 ? process_reductions(p) : 1;
    uint64_t end = min_u64(n, i + (uint64_t)left * FILL_PER_REDUCTION);
    p->reductions -= (int32_t)((end - i) / FILL_PER_REDUCTION);
    for (; i < end; i++) o->p[i] = from ? from->p[i] : NIL;
    state->p[FILL_COUNT] = from_fixnum((int64_t)i);
    if (i < n) return VAL_YIELD;
    o->header = make_header(T_ARRAY, 0, (uint32_t)n);
    p->prim_state = NIL;
    return from_obj(o);
}

PLAIN(prim_make_array)
{
    uint64_t n;
    if (!is_fixnum(a[0])) return fail_type(p, "make-array", 1, a[0], "an integer");
    return index_argument(a[0], &n) ? array_in_turns(p, n, NULL)
                                    : fail_range(p, "make-array", a[0], LIMIT_ARRAY);
}

static struct object *array_argument(struct process *p, const char *name, value v)
{
    if (is_type(v, T_ARRAY)) return to_obj(v);
    fail_type(p, name, 1, v, "an array");
    return NULL;
}

/* The slot at indices a[1] .. a[n], through arrays of arrays; NULL: an error was raised. */
static value *slot(struct process *p, const char *name, value *a, unsigned n, struct object **array)
{
    value at = a[0];
    for (unsigned k = 1;; k++) {
        uint64_t i;
        struct object *o = array_argument(p, name, at);
        if (!o) return NULL;
        if (!index_argument(a[k], &i) || i >= obj_size(o)) {
            fail_range(p, name, a[k], obj_size(o));
            return NULL;
        }
        *array = o;
        if (k == n) return o->p + i;
        at = o->p[i];
    }
}
PLAIN(prim_aget)
{
    struct object *o;
    value *at = slot(p, "aget", a, argc - 1, &o);
    return at ? *at : VAL_ERROR;
}
PLAIN(prim_aset)
{
    struct object *o;
    value *at = slot(p, "aset", a, argc - 2, &o);
    if (!at) return VAL_ERROR;
    heap_write(p, o, (uint32_t)(at - o->p), a[argc - 1]);
    return a[argc - 1];
}
PLAIN(prim_alength)
{
    struct object *o = array_argument(p, "alength", a[0]);
    return o ? from_fixnum(obj_size(o)) : VAL_ERROR;
}
PLAIN(prim_aclone)
{
    struct object *o = array_argument(p, "aclone", a[0]);
    return o ? array_in_turns(p, obj_size(o), o) : VAL_ERROR;
}

/* ---- volatiles ---- */

PLAIN(prim_volatile)
{
    struct object *o = heap_alloc(p, T_BOX, 0, 1);
    o->p[0] = a[0];
    return from_obj(o);
}
PLAIN(prim_vreset)
{
    if (!is_type(a[0], T_BOX)) return fail_type(p, "vreset!", 1, a[0], "a volatile");
    heap_write(p, to_obj(a[0]), 0, a[1]);
    return a[1];
}

/* ---- sorting: a stable merge sort of runs, bottom up ----
 * Own words: the array that holds the runs, the other one; the third: STATE_RAW {width, left end of the pair, i, j, k}. */

enum { SORT_WIDTH, SORT_LEFT, SORT_I, SORT_J, SORT_K, SORT_WORDS };

static value sort_start(struct key_op *op, const struct object *array)
{
    struct process *p = op->p;
    uint32_t n = obj_size(array);
    if (n > 4000 && heap_reserve(p, 2 * (uint64_t)n) != NIL) return VAL_ERROR;
    value from = array_new(p, n), to = array_new(p, n);
    __builtin_memcpy(to_obj(from)->p, array->p, (size_t)n * 8);
    struct object *at = heap_alloc(p, T_STATE_RAW, 0, SORT_WORDS);
    for (unsigned i = 0; i < SORT_WORDS; i++) at->p[i] = 0;
    at->p[SORT_WIDTH] = 1;
    struct object *s = resume_state(op);
    heap_write(p, s, RESUME_OWN, from);
    heap_write(p, s, RESUME_OWN2, to);
    heap_write(p, s, RESUME_OWN3, from_obj(at));
    return NIL;
}

/* Merge [left, middle) and [middle, end) of `from` from where `at` stands.  TRUE_: done; VAL_YIELD, VAL_SLOW, VAL_ERROR. */
static value merge(struct key_op *op, struct object *from, struct object *to, uint64_t *at, uint64_t n,
                   int *steps)
{
    uint64_t middle = min_u64(at[SORT_LEFT] + at[SORT_WIDTH], n),
             end = min_u64(at[SORT_LEFT] + 2 * at[SORT_WIDTH], n);
    uint64_t i = at[SORT_I], j = at[SORT_J], k = at[SORT_K];
    value r = TRUE_;
    for (; k < end; k++) {
        if (--*steps < 0) {
            r = VAL_YIELD;
            break;
        }
        bool first = j >= end;
        if (i < middle && !first) {
            value order = both_fixnum(from->p[i], from->p[j])
                              ? from_fixnum(to_fixnum(from->p[i]) <= to_fixnum(from->p[j]) ? 0 : 1)
                              : key_compare(op, from->p[i], from->p[j]);
            if (is_sentinel(order)) {
                r = order;
                break;
            }
            first = to_fixnum(order) <= 0;
        }
        heap_write(op->p, to, (uint32_t)k, first ? from->p[i++] : from->p[j++]);
    }
    at[SORT_I] = i;
    at[SORT_J] = j;
    at[SORT_K] = k;
    return r;
}

static value do_sort(struct key_op *op, value *a, unsigned argc)
{
    struct process *p = op->p;
    struct object *array = array_argument(p, "-sort-array", a[0]);
    if (!array) return VAL_ERROR;
    uint64_t n = obj_size(array);
    if ((p->prim_state == NIL || to_obj(p->prim_state)->p[RESUME_OWN] == NIL) &&
        sort_start(op, array) == VAL_ERROR)
        return VAL_ERROR;
    struct object *s = to_obj(p->prim_state);
    uint64_t *at = to_obj(s->p[RESUME_OWN3])->p;
    int steps = 2 * TURN_ITEMS;
    while (at[SORT_WIDTH] < n) {
        struct object *from = to_obj(s->p[RESUME_OWN]), *to = to_obj(s->p[RESUME_OWN2]);
        if (at[SORT_K] == at[SORT_LEFT]) {
            at[SORT_I] = at[SORT_LEFT];
            at[SORT_J] = min_u64(at[SORT_LEFT] + at[SORT_WIDTH], n);
        }
        value r = merge(op, from, to, at, n, &steps);
        if (r != TRUE_) {
            p->reductions -= TURN_ITEMS;
            return r;
        }
        at[SORT_LEFT] = at[SORT_K];
        if (at[SORT_LEFT] < n) continue;
        at[SORT_LEFT] = at[SORT_K] = 0;
        at[SORT_WIDTH] *= 2;
        heap_write(p, s, RESUME_OWN, from_obj(to));
        heap_write(p, s, RESUME_OWN2, from_obj(from));
    }
    return s->p[RESUME_OWN];
}
RESUMABLE(prim_sort_array, do_sort, "lona.core/-sort-array", TRAP_RETRY)

/* ---- an array of a collection's elements; own words: items so far (a transient vector), what is left ---- */

static value do_to_array(struct key_op *op, value *a, unsigned argc)
{
    struct process *p = op->p;
    value items[32], rest = a[0], t;
    if (p->prim_state == NIL) {
        if (seq_of(p, rest) == VAL_ABSENT) return fail_type(p, "to-array", 1, rest, "a collection");
        t = transient_new(p, empty_vector());
    } else {
        t = to_obj(p->prim_state)->p[RESUME_OWN];
        rest = to_obj(p->prim_state)->p[RESUME_OWN2];
    }
    for (unsigned sum = 0; rest != NIL; sum += 32) {
        if (sum >= 2 * TURN_ITEMS) {
            heap_write(p, resume_state(op), RESUME_OWN, t);
            heap_write(p, resume_state(op), RESUME_OWN2, rest);
            p->reductions -= TURN_ITEMS / 2;
            return VAL_YIELD;
        }
        unsigned n = seq_take(p, &rest, items, 32);
        for (unsigned i = 0; i < n; i++) transient_vector_conj(p, to_obj(t), items[i]);
        if (n < 32 && rest != NIL) return VAL_SLOW;
    }
    uint64_t n = transient_count(to_obj(t));
    value array = array_new(p, n);
    if (array == VAL_ERROR) return array;
    for (uint64_t i = 0; i < n; i++) to_obj(array)->p[i] = transient_nth(to_obj(t), i);
    return array;
}
RESUMABLE(prim_to_array, do_to_array, "lona.core/to-array", TRAP_TO_ARRAY)
PLAIN(prim_object_array)
{
    if (is_fixnum(a[0])) return prim_make_array(p, a, argc);
    return resume(p, a, argc, do_to_array, "lona.core/object-array", TRAP_TO_ARRAY);
}
