/* Hashing, equality and `compare` of values of any size and depth: the resumable way.  The recursion of equal.c, digest.c
 * and order.c is tried on every part first; a part that exceeds its bound gets a frame on a stack of our own, which lies
 * in a STATE and survives the end of a turn.
 *
 * A frame has FRAME_WORDS words, the first its kind.  A task that ends gives its answer to the frame below. */
#include "runtime/value/resume.h"
#include "runtime/value/deep.h"
#include "runtime/value/record.h"
#include "runtime/value/seq.h"
#include "runtime/value/sorted.h"

enum { FRAME_WORDS = 8, FIRST_FRAMES = 8, PART_BUDGET = 64, PART_LEVELS = 3, STEPS_PER_TURN = 12000 };
enum { MACHINE_DEPTH, MACHINE_FRAMES };
enum frame_kind {
    EQUAL_SEQUENCES,
    EQUAL_TABLES,
    EQUAL_HASHING, /* of a table that cannot be searched, before it is compared */
    EQUAL_TUPLES,
    FOLD_SEQUENCE,
    FOLD_TABLE,
    FOLD_TUPLE,
    COMPARE_VECTORS
};

/* ORDER FRAMES: words by kind; h, k: 64 bits in two fixnums. */
enum { SEQ_A = 1, SEQ_AT_A, SEQ_B, SEQ_AT_B, SEQ_ITEM_A, SEQ_ITEM_B };
enum { TABLE_REST = 1, TABLE_OTHER, TABLE_MEMO, TABLE_QUESTION, TABLE_QA, TABLE_QB, TABLE_ENTRY };
enum { TUPLE_A = 1, TUPLE_B, TUPLE_AT, TUPLE_COUNT };
enum { FOLD_MODE = 1, FOLD_REST, FOLD_AT, FOLD_COUNT_OR_KEY, FOLD_HIGH, FOLD_LOW, FOLD_KEY };

enum outcome { GOING, ANSWERED, STUCK, FAILED };

struct machine {
    struct process *p;
    struct object *state; /* MACHINE_ */
    value *frame;         /* the top one */
    int64_t depth;
    int steps;
    uint64_t answer; /* of the task that ended last: 0 or 1, a digest, or an order + 1 */
};

/* ---- the stack ---- */

static void locate(struct machine *m)
{
    struct object *frames = to_obj(m->state->p[MACHINE_FRAMES]);
    m->frame = m->depth ? frames->p + (m->depth - 1) * FRAME_WORDS : NULL;
}

static void put(struct machine *m, unsigned word, value v)
{
    struct object *frames = to_obj(m->state->p[MACHINE_FRAMES]);
    heap_write(m->p, frames, (uint32_t)(m->frame - frames->p) + word, v);
}

static enum outcome push(struct machine *m, enum frame_kind kind)
{
    struct object *frames = to_obj(m->state->p[MACHINE_FRAMES]);
    uint32_t size = obj_size(frames), used = (uint32_t)m->depth * FRAME_WORDS;
    if (used == size) {
        if (size > 4096 && heap_reserve(m->p, 2 * (uint64_t)size) != NIL) return FAILED;
        struct object *bigger = heap_alloc(m->p, T_STATE, 0, 2 * size);
        __builtin_memcpy(bigger->p, frames->p, (size_t)size * 8);
        for (uint32_t i = size; i < 2 * size; i++) bigger->p[i] = NIL;
        heap_write(m->p, m->state, MACHINE_FRAMES, from_obj(bigger));
    }
    m->depth++;
    locate(m);
    put(m, 0, from_fixnum(kind));
    for (unsigned i = 1; i < FRAME_WORDS; i++) put(m, i, NIL);
    return GOING;
}

static enum outcome finish(struct machine *m, uint64_t answer)
{
    m->answer = answer;
    for (unsigned i = 1; i < FRAME_WORDS; i++) put(m, i, NIL);
    m->depth--;
    locate(m);
    return ANSWERED;
}

static void put_bits(struct machine *m, unsigned word, uint64_t bits)
{
    put(m, word, from_fixnum((int64_t)(bits >> 32)));
    put(m, word + 1, from_fixnum((int64_t)(bits & 0xffffffffu)));
}
static uint64_t get_bits(const value *words)
{
    return (uint64_t)to_fixnum(words[0]) << 32 | (uint64_t)to_fixnum(words[1]);
}

/* ---- equality ---- */

static unsigned tuple_count(value v)
{
    return is_type(v, T_RECORD) ? (unsigned)record_field_count(to_obj(v)) + 1 : value_part_count(v);
}
static value tuple_item(value v, unsigned i)
{
    return is_type(v, T_RECORD) ? to_obj(v)->p[RECORD_EXT + i] : value_part(v, i);
}

static bool tuples_alike(value a, value b)
{
    if (obj_type(to_obj(a)) != obj_type(to_obj(b)) || tuple_count(a) != tuple_count(b)) return false;
    if (is_type(a, T_RECORD)) return record_same_type(to_obj(a), to_obj(b));
    return value_part_seed(a) == value_part_seed(b) &&
           (!is_type(a, T_FN) || to_obj(a)->p[0] == to_obj(b)->p[0]);
}

static uint64_t table_count(value t)
{
    return is_map(t) ? map_count(t) : set_count(t);
}
static bool searchable(value t)
{
    return !is_sorted(t) || !has_comparator(to_obj(t));
}

static enum outcome push_tables(struct machine *m, value a, value b)
{
    if (table_count(a) != table_count(b)) return m->answer = 0, ANSWERED;
    if (!searchable(b) || (is_sorted(b) && !is_sorted(a))) {
        value t = a;
        a = b;
        b = t;
    }
    /* Sorted tables with comparators of their own cannot be searched from here: a hashed copy can. */
    bool hashing = !searchable(b);
    value rest = seq_of(m->p, hashing ? b : a);
    if (push(m, hashing ? EQUAL_HASHING : EQUAL_TABLES) == FAILED) return FAILED;
    put(m, TABLE_REST, rest);
    put(m, TABLE_OTHER, !hashing ? b : is_set(b) ? empty_set() : empty_map());
    if (hashing) put(m, TABLE_ENTRY, a);
    return GOING;
}

static enum outcome start_equal(struct machine *m, value a, value b)
{
    struct key_op op = KEY_OP(m->p);
    int budget = PART_BUDGET;
    int same = equal_deep(&op, a, b, &budget, DEEP_LEVELS - PART_LEVELS);
    m->steps += PART_BUDGET - budget + 1;
    if (same >= 0) return m->answer = (uint64_t)same, ANSWERED;
    switch (value_kind(a)) {
    case KIND_SEQUENCE:
        if (push(m, EQUAL_SEQUENCES) == FAILED) return FAILED;
        put(m, SEQ_A, a);
        put(m, SEQ_AT_A, from_fixnum(0));
        put(m, SEQ_B, b);
        put(m, SEQ_AT_B, from_fixnum(0));
        return GOING;
    case KIND_MAP:
    case KIND_SET: return push_tables(m, a, b);
    default:
        if (!tuples_alike(a, b)) return m->answer = 0, ANSWERED;
        if (push(m, EQUAL_TUPLES) == FAILED) return FAILED;
        put(m, TUPLE_A, a);
        put(m, TUPLE_B, b);
        put(m, TUPLE_AT, from_fixnum(0));
        return GOING;
    }
}

static enum outcome step_sequences(struct machine *m)
{
    struct cursor x = {m->frame[SEQ_A], (uint64_t)to_fixnum(m->frame[SEQ_AT_A])};
    struct cursor y = {m->frame[SEQ_B], (uint64_t)to_fixnum(m->frame[SEQ_AT_B])};
    int64_t n = cursor_count(&x), k = cursor_count(&y);
    if (n >= 0 && k >= 0 && n != k) return finish(m, 0);
    enum outcome outcome = GOING;
    value v = NIL, w = NIL;
    while (outcome == GOING && m->steps < STEPS_PER_TURN) {
        struct cursor x2 = x, y2 = y;
        int more = cursor_next(m->p, &x2, &v), other = more < 0 ? -1 : cursor_next(m->p, &y2, &w);
        if (more < 0 || other < 0) {
            put(m, SEQ_ITEM_A, VAL_ABSENT);
            if (more < 0) x = x2;
            if (more >= 0) y = y2;
            outcome = STUCK;
            break;
        }
        if (more != other || !more) return finish(m, more == other);
        x = x2;
        y = y2;
        int64_t depth = m->depth;
        put(m, SEQ_ITEM_A, v);
        put(m, SEQ_ITEM_B, w);
        put(m, SEQ_A, x.coll);
        put(m, SEQ_AT_A, from_fixnum((int64_t)x.i));
        put(m, SEQ_B, y.coll);
        put(m, SEQ_AT_B, from_fixnum((int64_t)y.i));
        outcome = start_equal(m, v, w);
        if (outcome == ANSWERED) {
            if (!m->answer) return finish(m, 0);
            outcome = GOING;
        }
        if (m->depth != depth) return outcome;
    }
    put(m, SEQ_A, x.coll);
    put(m, SEQ_AT_A, from_fixnum((int64_t)x.i));
    put(m, SEQ_B, y.coll);
    put(m, SEQ_AT_B, from_fixnum((int64_t)y.i));
    return outcome;
}

static enum outcome start(struct machine *m, enum question q, value a, value b);

/* A question about keys that the top frame has: it becomes a task. */
static enum outcome ask(struct machine *m, const struct key_op *op)
{
    put(m, TABLE_QUESTION, from_fixnum(op->question));
    put(m, TABLE_QA, op->qa);
    put(m, TABLE_QB, op->qb);
    return op->question == QUESTION_NONE ? STUCK : start(m, (enum question)op->question, op->qa, op->qb);
}

/* Look up the next entry of one table in the other; 1: same so far, 0: not equal, -1: look at outcome. */
static int table_entry(struct machine *m, enum outcome *outcome)
{
    value *f = m->frame, rest = f[TABLE_REST], other = f[TABLE_OTHER], found;
    bool set = is_set(other), slow = false;
    value entry = seq_first(m->p, rest), val = NIL;
    value key = set ? entry : vector_nth(entry, 0);
    struct key_op op = KEY_OP(is_sorted(other) ? NULL : m->p); /* what has no order is not equal: no error */
    op.memo = f[TABLE_MEMO];
    m->steps += 8;
    if (set) {
        found = set_get_op(&op, other, key);
        slow = found == VAL_SLOW;
        if (found != VAL_ABSENT) val = found;
    } else {
        const value *at = map_find_op(&op, other, key, &slow);
        found = at ? at[0] : VAL_ABSENT;
        if (at) val = at[1];
    }
    if (slow) {
        *outcome = ask(m, &op);
        return -1;
    }
    if (found == VAL_ABSENT) return 0;
    put(m, TABLE_MEMO, NIL);
    put(m, TABLE_REST, seq_rest(m->p, rest));
    if (set) return 1;
    *outcome = start_equal(m, vector_nth(entry, 1), val);
    return *outcome == ANSWERED ? (int)m->answer : -1;
}

static value question_result(enum question q, uint64_t answer)
{
    switch (q) {
    case QUESTION_EQUAL: return from_bool(answer != 0);
    case QUESTION_HASH: return from_fixnum((int64_t)(uint32_t)answer);
    case QUESTION_DIGEST: return from_fixnum((int64_t)(answer >> (64 - ORDER_DIGEST_BITS)));
    default: return from_fixnum((int64_t)answer - 1);
    }
}

/* An answer for a frame that compares tables: to its question, or about the values of an entry. */
static enum outcome tables_answered(struct machine *m)
{
    value *f = m->frame;
    if (f[TABLE_QUESTION] == NIL) return m->answer ? GOING : finish(m, 0);
    enum question q = (enum question)to_fixnum(f[TABLE_QUESTION]);
    value memo =
        question_remember(m->p, f[TABLE_MEMO], q, f[TABLE_QA], f[TABLE_QB], question_result(q, m->answer));
    put(m, TABLE_MEMO, memo);
    put(m, TABLE_QUESTION, NIL);
    return GOING;
}

/* TABLE_OTHER grows by what TABLE_REST has; then it is compared with TABLE_ENTRY. */
static enum outcome step_hashing(struct machine *m)
{
    while (m->steps < STEPS_PER_TURN) {
        value rest = m->frame[TABLE_REST], into = m->frame[TABLE_OTHER], entry;
        if (rest == NIL) {
            put(m, 0, from_fixnum(EQUAL_TABLES));
            put(m, TABLE_REST, seq_of(m->p, m->frame[TABLE_ENTRY]));
            put(m, TABLE_ENTRY, NIL);
            return GOING;
        }
        struct key_op op = KEY_OP(m->p);
        op.memo = m->frame[TABLE_MEMO];
        entry = seq_first(m->p, rest);
        into = is_set(into) ? set_conj_op(&op, into, entry)
                            : map_assoc_op(&op, into, vector_nth(entry, 0), vector_nth(entry, 1));
        m->steps += 24;
        if (is_sentinel(into)) {
            enum outcome outcome = ask(m, &op);
            if (outcome != ANSWERED) return outcome;
            tables_answered(m);
            continue;
        }
        put(m, TABLE_MEMO, NIL);
        put(m, TABLE_OTHER, into);
        put(m, TABLE_REST, seq_rest(m->p, rest));
    }
    return GOING;
}

static enum outcome step_tables(struct machine *m)
{
    while (m->steps < STEPS_PER_TURN) {
        if (m->frame[TABLE_REST] == NIL) return finish(m, 1);
        enum outcome outcome = GOING;
        int64_t depth = m->depth;
        int same = table_entry(m, &outcome);
        if (same == 0) return finish(m, 0);
        if (same < 0) {
            if (m->depth != depth || outcome != ANSWERED) return outcome;
            outcome = tables_answered(m);
            if (outcome != GOING) return outcome;
        }
    }
    return GOING;
}

static enum outcome step_tuples(struct machine *m)
{
    value a = m->frame[TUPLE_A], b = m->frame[TUPLE_B];
    unsigned n = tuple_count(a);
    for (unsigned i = (unsigned)to_fixnum(m->frame[TUPLE_AT]); i < n; i++) {
        int64_t depth = m->depth;
        put(m, TUPLE_AT, from_fixnum(i + 1));
        enum outcome outcome = start_equal(m, tuple_item(a, i), tuple_item(b, i));
        if (outcome == ANSWERED && !m->answer) return finish(m, 0);
        if (m->depth != depth || outcome != ANSWERED) return outcome;
    }
    return finish(m, 1);
}

/* ---- digests ---- */

static enum outcome start_fold(struct machine *m, value v, enum digest_mode mode)
{
    int budget = PART_BUDGET;
    uint64_t h;
    bool done = digest_deep(m->p, v, mode, &budget, DEEP_LEVELS - PART_LEVELS, &h);
    m->steps += PART_BUDGET - budget + 1;
    if (done) return m->answer = h, ANSWERED;
    enum value_kind kind = value_kind(v);
    bool table = kind == KIND_MAP || kind == KIND_SET;
    value rest = table ? seq_of(m->p, v) : v;
    if (push(m, kind == KIND_SEQUENCE ? FOLD_SEQUENCE : table ? FOLD_TABLE : FOLD_TUPLE) == FAILED)
        return FAILED;
    put(m, FOLD_MODE, from_fixnum(mode + (kind == KIND_SET ? 2 : 0)));
    put(m, FOLD_REST, rest);
    put(m, FOLD_AT, from_fixnum(0));
    put(m, FOLD_COUNT_OR_KEY, from_fixnum(0));
    uint64_t seed = table ? 0 : 1;
    if (kind == KIND_RECORD) seed = record_seed(to_obj(v));
    if (kind == KIND_PARTS) seed = value_part_seed(v);
    put_bits(m, FOLD_HIGH, seed);
    return GOING;
}

static inline uint64_t cut(uint64_t digest, enum digest_mode mode)
{
    return mode == DIGEST_HASH ? (uint32_t)digest : digest;
}

static enum outcome sequence_folded(struct machine *m)
{
    enum digest_mode mode = (enum digest_mode)to_fixnum(m->frame[FOLD_MODE]);
    put_bits(m, FOLD_HIGH, hash_ordered(get_bits(m->frame + FOLD_HIGH), cut(m->answer, mode)));
    put(m, FOLD_COUNT_OR_KEY, m->frame[FOLD_COUNT_OR_KEY] + 1);
    return GOING;
}

static enum outcome step_fold_sequence(struct machine *m)
{
    while (m->steps < STEPS_PER_TURN) {
        struct cursor c = {m->frame[FOLD_REST], (uint64_t)to_fixnum(m->frame[FOLD_AT])};
        value item;
        int more = cursor_next(m->p, &c, &item);
        if (more < 0) return STUCK;
        if (more == 0)
            return finish(m,
                          hash_close(get_bits(m->frame + FOLD_HIGH),
                                     (uint64_t)to_fixnum(m->frame[FOLD_COUNT_OR_KEY]), HASH_SEED_SEQUENCE));
        put(m, FOLD_REST, c.coll);
        put(m, FOLD_AT, from_fixnum((int64_t)c.i));
        int64_t depth = m->depth;
        enum outcome outcome = start_fold(m, item, (enum digest_mode)to_fixnum(m->frame[FOLD_MODE]));
        if (m->depth != depth || outcome != ANSWERED) return outcome;
        sequence_folded(m);
    }
    return GOING;
}

/* FOLD_AT counts entries twice: even, the key is next; odd, its digest is in FOLD_COUNT_OR_KEY and FOLD_KEY. */
static enum outcome table_folded(struct machine *m)
{
    int64_t mode_bits = to_fixnum(m->frame[FOLD_MODE]), at = to_fixnum(m->frame[FOLD_AT]);
    uint64_t e = cut(m->answer, (enum digest_mode)(mode_bits & 1));
    if (mode_bits < 2 && at % 2 == 0) {
        put(m, FOLD_COUNT_OR_KEY, from_fixnum((int64_t)(e >> 32)));
        put(m, FOLD_KEY, from_fixnum((int64_t)(e & 0xffffffffu)));
        put(m, FOLD_AT, from_fixnum(at + 1));
        return GOING;
    }
    if (mode_bits < 2) {
        uint64_t key =
            (uint64_t)to_fixnum(m->frame[FOLD_COUNT_OR_KEY]) << 32 | (uint64_t)to_fixnum(m->frame[FOLD_KEY]);
        e = hash_entry(key, e);
    }
    put_bits(m, FOLD_HIGH, hash_unordered(get_bits(m->frame + FOLD_HIGH), e));
    put(m, FOLD_AT, from_fixnum(at + (mode_bits < 2 ? 1 : 2)));
    put(m, FOLD_REST, seq_rest(m->p, m->frame[FOLD_REST]));
    return GOING;
}

static enum outcome step_fold_table(struct machine *m)
{
    while (m->steps < STEPS_PER_TURN) {
        value rest = m->frame[FOLD_REST];
        int64_t mode_bits = to_fixnum(m->frame[FOLD_MODE]), at = to_fixnum(m->frame[FOLD_AT]);
        bool set = mode_bits >= 2;
        if (rest == NIL)
            return finish(m, hash_close(get_bits(m->frame + FOLD_HIGH), (uint64_t)at / 2,
                                        set ? HASH_SEED_SET : HASH_SEED_MAP));
        value entry = seq_first(m->p, rest);
        int64_t depth = m->depth;
        m->steps += 4;
        enum outcome outcome = start_fold(m, set ? entry : vector_nth(entry, (uint64_t)at % 2),
                                          (enum digest_mode)(mode_bits & 1));
        if (m->depth != depth || outcome != ANSWERED) return outcome;
        table_folded(m);
    }
    return GOING;
}

static enum outcome tuple_folded(struct machine *m)
{
    enum digest_mode mode = (enum digest_mode)to_fixnum(m->frame[FOLD_MODE]);
    put_bits(m, FOLD_HIGH, hash_ordered(get_bits(m->frame + FOLD_HIGH), cut(m->answer, mode)));
    put(m, FOLD_AT, m->frame[FOLD_AT] + 1);
    return GOING;
}

static enum outcome step_fold_tuple(struct machine *m)
{
    for (;;) {
        value v = m->frame[FOLD_REST];
        unsigned i = (unsigned)to_fixnum(m->frame[FOLD_AT]), n = tuple_count(v);
        if (i == n) {
            bool record = is_type(v, T_RECORD);
            return finish(m, hash_close(get_bits(m->frame + FOLD_HIGH), record ? n - 1 : n,
                                        record ? HASH_SEED_RECORD : HASH_SEED_OTHER));
        }
        int64_t depth = m->depth;
        enum outcome outcome =
            start_fold(m, tuple_item(v, i), (enum digest_mode)to_fixnum(m->frame[FOLD_MODE]));
        if (m->depth != depth || outcome != ANSWERED) return outcome;
        tuple_folded(m);
    }
}

/* ---- compare ---- */

static enum outcome start_compare(struct machine *m, value a, value b)
{
    int budget = PART_BUDGET;
    value c = value_compare_at(m->p, a, b, &budget, DEEP_LEVELS - PART_LEVELS);
    m->steps += PART_BUDGET - budget + 1;
    if (c == VAL_ERROR) return FAILED;
    if (c != VAL_SLOW) return m->answer = (uint64_t)(to_fixnum(c) + 1), ANSWERED;
    if (push(m, COMPARE_VECTORS) == FAILED) return FAILED;
    put(m, TUPLE_A, a);
    put(m, TUPLE_B, b);
    put(m, TUPLE_AT, from_fixnum(0));
    return GOING;
}

static enum outcome step_compare(struct machine *m)
{
    value a = m->frame[TUPLE_A], b = m->frame[TUPLE_B];
    uint64_t n = vector_count(a);
    while (m->steps < STEPS_PER_TURN) {
        uint64_t i = (uint64_t)to_fixnum(m->frame[TUPLE_AT]);
        if (i == n) return finish(m, 1);
        int64_t depth = m->depth;
        put(m, TUPLE_AT, from_fixnum((int64_t)i + 1));
        enum outcome outcome = start_compare(m, vector_nth(a, i), vector_nth(b, i));
        if (m->depth != depth || outcome != ANSWERED) return outcome;
        if (m->answer != 1) return finish(m, m->answer);
    }
    return GOING;
}

/* ---- running ---- */

static enum outcome start(struct machine *m, enum question q, value a, value b)
{
    switch (q) {
    case QUESTION_EQUAL: return start_equal(m, a, b);
    case QUESTION_HASH: return start_fold(m, a, DIGEST_HASH);
    case QUESTION_DIGEST: return start_fold(m, a, DIGEST_ORDER);
    default: return start_compare(m, a, b);
    }
}

static enum outcome step(struct machine *m)
{
    switch ((enum frame_kind)to_fixnum(m->frame[0])) {
    case EQUAL_SEQUENCES: return step_sequences(m);
    case EQUAL_TABLES: return step_tables(m);
    case EQUAL_HASHING: return step_hashing(m);
    case EQUAL_TUPLES: return step_tuples(m);
    case FOLD_SEQUENCE: return step_fold_sequence(m);
    case FOLD_TABLE: return step_fold_table(m);
    case FOLD_TUPLE: return step_fold_tuple(m);
    default: return step_compare(m);
    }
}

/* The answer of a finished task reaches the frame that waited for it. */
static enum outcome deliver(struct machine *m)
{
    switch ((enum frame_kind)to_fixnum(m->frame[0])) {
    case EQUAL_SEQUENCES:
    case EQUAL_TUPLES: return m->answer ? GOING : finish(m, 0);
    case EQUAL_TABLES:
    case EQUAL_HASHING: return tables_answered(m);
    case FOLD_SEQUENCE: return sequence_folded(m);
    case FOLD_TABLE: return table_folded(m);
    case FOLD_TUPLE: return tuple_folded(m);
    default: return m->answer == 1 ? GOING : finish(m, m->answer);
    }
}

value deep_new(struct process *p)
{
    struct object *frames = heap_alloc(p, T_STATE, 0, FIRST_FRAMES * FRAME_WORDS);
    for (unsigned i = 0; i < FIRST_FRAMES * FRAME_WORDS; i++) frames->p[i] = NIL;
    struct object *state = heap_alloc(p, T_STATE, 0, 2);
    state->p[MACHINE_DEPTH] = from_fixnum(-1);
    state->p[MACHINE_FRAMES] = from_obj(frames);
    return from_obj(state);
}

value deep_run(struct process *p, value state, enum question q, value a, value b)
{
    struct machine m = {.p = p, .state = to_obj(state), .depth = to_fixnum(to_obj(state)->p[MACHINE_DEPTH])};
    enum outcome outcome = GOING;
    if (m.depth < 0) {
        m.depth = 0;
        outcome = start(&m, q, a, b);
    }
    locate(&m);
    for (;;) {
        if (outcome == ANSWERED && m.depth == 0) break;
        if (outcome == STUCK || outcome == FAILED) break;
        if (m.steps >= STEPS_PER_TURN) break;
        outcome = outcome == ANSWERED ? deliver(&m) : step(&m);
    }
    p->reductions -= m.steps / 4;
    if (outcome == ANSWERED) {
        while (m.depth > 0) { /* the turn ended in the middle of unwinding */
            outcome = deliver(&m);
            if (outcome != ANSWERED) break;
        }
    }
    heap_write(p, m.state, MACHINE_DEPTH, from_fixnum(m.depth));
    switch (outcome) {
    case ANSWERED: return question_result(q, m.answer);
    case STUCK: return VAL_SLOW;
    case FAILED: return VAL_ERROR;
    default: return VAL_YIELD;
    }
}

bool deep_sequences_left(struct process *p, value state, value *a, value *b)
{
    int64_t depth = to_fixnum(to_obj(state)->p[MACHINE_DEPTH]);
    const value *f = to_obj(to_obj(state)->p[MACHINE_FRAMES])->p;
    if (depth < 1 || f[0] != from_fixnum(EQUAL_SEQUENCES)) return false;
    *a = cursor_rest(p, f[SEQ_A], (uint64_t)to_fixnum(f[SEQ_AT_A]));
    *b = cursor_rest(p, f[SEQ_B], (uint64_t)to_fixnum(f[SEQ_AT_B]));
    if (f[SEQ_ITEM_A] != VAL_ABSENT) {
        *a = list_cons(p, f[SEQ_ITEM_A], *a);
        *b = list_cons(p, f[SEQ_ITEM_B], *b);
    }
    return true;
}
