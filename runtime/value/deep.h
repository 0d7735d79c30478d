/* Private: bounded recursion over whole values.  Every function takes the work off *budget; below zero, or deeper than
 * DEEP_LEVELS, or before something lazy, it gives up (-1, VAL_SLOW), and deep_machine.c goes on with a stack of its own. */
#ifndef RUNTIME_VALUE_DEEP_H
#define RUNTIME_VALUE_DEEP_H

#include "runtime/value/node.h"

enum { DEEP_LEVELS = 12 };

/* Kinds of values for equality and canonical order: values of different kinds are never equal.  ORDER: canonical. */
enum value_kind {
    KIND_SPECIAL, /* nil, booleans, characters: immediates other than numbers */
    KIND_EXACT,   /* fixnum, bigint, ratio */
    KIND_DOUBLE,
    KIND_STRING,
    KIND_SYMBOL,
    KIND_KEYWORD,
    KIND_BINARY,
    KIND_WORDS,    /* instant, uuid, pid, ref, domain, capability, ...: type, then raw words */
    KIND_PARTS,    /* fixed parts: regex, region-ref, tagged literal, function, var, namespace, record type */
    KIND_SEQUENCE, /* from here on: containers */
    KIND_MAP,
    KIND_SET,
    KIND_RECORD,
    KIND_IDENTITY, /* mutable things: equal to themselves only */
};
enum value_kind value_kind(value v);

int equal_deep(struct key_op *op, value a, value b, int *budget, int depth); /* 1 0 -1 */
/* The fold behind hash and canonical order: 64 bits, of which a hash is the low 32.  false: gave up. */
enum digest_mode { DIGEST_HASH, DIGEST_ORDER };
bool digest_deep(struct process *p, value v, enum digest_mode mode, int *budget, int depth, uint64_t *out);
/* Leaves only (kinds before KIND_SEQUENCE except KIND_PARTS, and KIND_IDENTITY). */
uint64_t digest_leaf(value v, enum digest_mode mode);
/* KIND_PARTS: how many parts, and the i-th. */
unsigned value_part_count(value v);
value value_part(value v, unsigned i);
/* What tells a value of these kinds from others besides its parts: type, prototype, identity. */
uint64_t value_part_seed(value v);
uint64_t record_seed(const struct object *r); /* of a record's fold */
#define ORDER_DIGEST_BITS 50 /* of a digest that counts for the canonical order: as many as a fixnum keeps */
value value_compare_at(struct process *p, value a, value b, int *budget, int depth);
bool leaf_equal(value a, value b); /* same kind, not a container */
int leaf_order(value a, value b);

#endif
