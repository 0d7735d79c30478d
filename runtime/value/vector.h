/* Private to the collections: the trie behind vectors. */
#ifndef RUNTIME_VALUE_VECTOR_H
#define RUNTIME_VALUE_VECTOR_H

#include "runtime/gc/heap.h"

static inline uint64_t trie_count(const struct object *vector)
{
    return (uint32_t)vector->p[0];
}
static inline unsigned trie_shift(const struct object *vector)
{
    return (unsigned)(vector->p[0] >> 32);
}
/* Where the tail of a vector of count elements begins; pre: count > 0. */
static inline uint64_t trie_tail_start(uint64_t count)
{
    return (count - 1) & ~31ull;
}

/* Elements that lie side by side from index i on; *length of them.  Pre: i < count.  Valid until the next safepoint. */
const value *vector_run(value v, uint64_t i, uint64_t *length);

value trie_vector(struct process *p, uint64_t count, unsigned shift, value root, value tail, value meta);
/* A node of n items copied and `extra` words for the caller to fill. */
value vnode_from(struct process *p, const value *items, uint32_t n, uint32_t extra, uint32_t token);
/* A full leaf behind the count elements of the trie; *shift grows with the trie.  Root NIL: an empty trie. */
value trie_push_leaf(struct process *p, value root, uint64_t count, unsigned *shift, value leaf,
                     uint32_t token);
/* Without its last leaf, which goes to *leaf. */
value trie_pop_leaf(struct process *p, value root, uint64_t count, unsigned *shift, value *leaf);
value trie_assoc(struct process *p, value root, unsigned shift, uint64_t i, value item, uint32_t token);
value with_vector_meta(struct process *p, value v, value meta);

#endif
