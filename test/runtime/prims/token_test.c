/* Edit tokens that are used up: a collection begins anew, and nothing that lives is changed behind its back. */
#include "runtime/value/transient.h"
#include "test/runtime/sched/fixture.h"

enum { KEPT_VECTOR, KEPT_TRANSIENT, KEPT_ENDED, KEPT_MAP, KEPT };

static void fill(struct process *p, struct object *t, int64_t from, int64_t to)
{
    for (int64_t i = from; i < to; i++) transient_vector_conj(p, t, from_fixnum(i));
}

static bool counts(value v, int64_t n)
{
    for (int64_t i = 0; i < n; i++)
        if (vector_nth(v, (uint64_t)i) != from_fixnum(i)) return false;
    return vector_count(v) == (uint64_t)n;
}

int main(void)
{
    struct fixture f;
    fixture_open(&f, 1);
    struct process *p = f.p;
    struct object *kept = heap_alloc(p, T_STATE, 0, KEPT);
    for (int i = 0; i < KEPT; i++) kept->p[i] = NIL;
    p->prim_state = from_obj(kept);
    p->edit_token = EDIT_TOKEN_MAX - 2;

    struct object *t = to_obj(transient_new(p, empty_vector()));
    fill(p, t, 0, 5000);
    value v = transient_persistent(p, t);
    heap_write(p, kept, KEPT_ENDED, from_obj(t));
    heap_write(p, kept, KEPT_VECTOR, v);
    t = to_obj(transient_new(p, v));
    fill(p, t, 5000, 6000);
    heap_write(p, kept, KEPT_TRANSIENT, from_obj(t));
    CHECK((p->flags & PROC_CLEAR_TOKENS) == 0);
    value m = empty_map(), items[2000];
    for (int64_t i = 0; i < 2000; i++) items[i] = from_fixnum(i);
    m = map_make(p, items, 1000); /* no token is left: made all the same */
    heap_write(p, kept, KEPT_MAP, m);
    CHECK(p->flags & PROC_CLEAR_TOKENS);
    CHECK(p->flags & PROC_COLLECT);

    heap_safepoint(p, 0);
    kept = to_obj(p->prim_state);
    CHECK((p->flags & (PROC_CLEAR_TOKENS | PROC_COLLECT)) == 0);
    CHECK_EQ_U64(p->edit_token, 1);
    t = to_obj(kept->p[KEPT_TRANSIENT]);
    CHECK_EQ_U64(t->p[TRANSIENT_TOKEN], 1);
    CHECK_EQ_U64(to_obj(kept->p[KEPT_ENDED])->p[TRANSIENT_TOKEN], 0);
    CHECK(counts(kept->p[KEPT_VECTOR], 5000));

    /* New transients get numbers that old ones had: those must not touch what the old ones left. */
    struct object *u = to_obj(transient_new(p, kept->p[KEPT_VECTOR]));
    for (uint64_t i = 0; i < 5000; i++) transient_vector_assoc(p, u, i, NIL);
    for (uint64_t i = 0; i < 5000; i += 3) transient_vector_assoc(p, t, i, from_fixnum((int64_t)i));
    CHECK(counts(kept->p[KEPT_VECTOR], 5000));
    fill(p, t, 6000, 7000);
    CHECK(counts(transient_persistent(p, t), 7000));
    CHECK(map_count(kept->p[KEPT_MAP]) == 1000 &&
          map_get(kept->p[KEPT_MAP], from_fixnum(1998)) == from_fixnum(1999));
    p->prim_state = NIL;
    fixture_close(&f);
    return check_report();
}
