/* What the checker knows of an i32: an interval and upper bounds.  Private to loader/proof. */
#ifndef LOADER_PROOF_VALUE_H
#define LOADER_PROOF_VALUE_H

#include "base/mem.h"
#include "loader/proof/check.h"

enum { BOUNDS = 8 };
#define NO_LOCAL UINT32_MAX
#define LENGTH_MAX (1ll << 32) /* bytes of a memory with 32-bit addresses */

/* scale * value + add <= target: the length of a memory, or a local as it was at that version. */
struct bound {
    bool is_local;
    uint32_t target;
    uint64_t version; /* of a local */
    int64_t scale, add;
};

struct value {
    uint32_t low, high;
    uint32_t local; /* the value is that local's, at that version; NO_LOCAL */
    uint64_t version;
    uint32_t bound_count;
    struct bound bounds[BOUNDS];
};

/* Copies what there is: bounds beyond bound_count are never read, and a value is large. */
static inline void value_copy(struct value *to, const struct value *from)
{
    memcpy(to, from, offsetof(struct value, bounds) + from->bound_count * sizeof from->bounds[0]);
}

struct value value_unknown(void);
struct value value_constant(uint32_t c);
void value_add_bound(struct value *v, struct bound b);

/* Results of instructions.  Each is what the wrapped 32-bit result is known to be. */
struct value value_add_constant(const struct value *v, int64_t c);
struct value value_add(const struct value *a, const struct value *b);
struct value value_multiply(const struct value *v, uint32_t m);
struct value value_divide(const struct value *v, uint32_t d); /* d > 0 */
struct value value_and(const struct value *v, uint32_t m);
struct value value_range(uint32_t low, uint32_t high);

#endif
