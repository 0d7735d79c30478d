/* The fold over whole values behind `hash` and the canonical order of equal hashes; rules in docs/design/collections.md. */
#include "runtime/value/deep.h"
#include "runtime/value/record.h"
#include "runtime/value/seq.h"

static bool element(struct process *p, value v, enum digest_mode mode, int *budget, int depth, uint64_t *out)
{
    if (!digest_deep(p, v, mode, budget, depth + 1, out)) return false;
    if (mode == DIGEST_HASH) *out = (uint32_t)*out;
    return true;
}

static bool sequence_digest(struct process *p, value v, enum digest_mode mode, int *budget, int depth,
                            uint64_t *out)
{
    struct cursor c = {v, 0};
    uint64_t h = 1, n = 0, e;
    for (;; n++) {
        value item;
        int more = cursor_next(p, &c, &item);
        if (more == 0) break;
        if (more < 0 || !element(p, item, mode, budget, depth, &e)) return false;
        h = hash_ordered(h, e);
    }
    *out = hash_close(h, n, HASH_SEED_SEQUENCE);
    return true;
}

static bool table_digest(struct process *p, value v, enum digest_mode mode, int *budget, int depth,
                         uint64_t *out)
{
    struct walk w;
    value key, val;
    uint64_t h = 0, n = 0, k, e;
    bool set = is_set(v);
    walk_start(&w, v);
    for (; walk_next(&w, &key, &val); n++) {
        if (!element(p, key, mode, budget, depth, &k)) return false;
        if (!set) {
            if (!element(p, val, mode, budget, depth, &e)) return false;
            k = hash_entry(k, e);
        }
        h = hash_unordered(h, k);
    }
    *out = hash_close(h, n, set ? HASH_SEED_SET : HASH_SEED_MAP);
    return true;
}

uint64_t record_seed(const struct object *r)
{
    return hash_mix64(record_type(r)->p[RTYPE_ID]);
}

static bool record_digest(struct process *p, const struct object *r, enum digest_mode mode, int *budget,
                          int depth, uint64_t *out)
{
    uint64_t h = record_seed(r), e;
    uint64_t n = record_field_count(r);
    for (uint64_t i = 0; i <= n; i++) {
        if (!element(p, r->p[RECORD_EXT + i], mode, budget, depth, &e)) return false;
        h = hash_ordered(h, e);
    }
    *out = hash_close(h, n, HASH_SEED_RECORD);
    return true;
}

bool digest_deep(struct process *p, value v, enum digest_mode mode, int *budget, int depth, uint64_t *out)
{
    enum value_kind kind = value_kind(v);
    if (--*budget < 0) return false;
    if (kind < KIND_PARTS || kind == KIND_IDENTITY) {
        *out = digest_leaf(v, mode);
        return true;
    }
    if (depth >= DEEP_LEVELS) return false;
    switch (kind) {
    case KIND_SEQUENCE: return sequence_digest(p, v, mode, budget, depth, out);
    case KIND_MAP:
    case KIND_SET: return table_digest(p, v, mode, budget, depth, out);
    case KIND_RECORD: return record_digest(p, to_obj(v), mode, budget, depth, out);
    default: break;
    }
    uint64_t h = value_part_seed(v), e;
    unsigned n = value_part_count(v);
    for (unsigned i = 0; i < n; i++) {
        if (!element(p, value_part(v, i), mode, budget, depth, &e)) return false;
        h = hash_ordered(h, e);
    }
    *out = hash_close(h, n, HASH_SEED_OTHER);
    return true;
}

value value_hash(value v, int *budget)
{
    uint64_t h;
    if (!digest_deep(NULL, v, DIGEST_HASH, budget, 0, &h)) return VAL_SLOW;
    return from_fixnum((uint32_t)h);
}

bool key_hash_slow(struct key_op *op, value key, uint32_t *hash)
{
    uint64_t h;
    int budget = op->budget;
    if (!digest_deep(op->p, key, DIGEST_HASH, &budget, 0, &h)) {
        value answer = question_answer(op, QUESTION_HASH, key, NIL);
        if (answer == VAL_ABSENT) {
            question_ask(op, QUESTION_HASH, key, NIL);
            return false;
        }
        h = (uint64_t)to_fixnum(answer);
    }
    *hash = (uint32_t)h;
    return true;
}
