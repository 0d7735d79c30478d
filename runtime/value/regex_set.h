/* Sets of code points while a pattern is compiled.  Private to regex_*.c.
 *
 * Sorted, disjoint ranges; beyond ASCII a code point also belongs by its general category; `inverted` turns the answer for
 * code points beyond ASCII around (the ranges below 128 always mean themselves).  Operations whose result this cannot express
 * (unions with an inverted set and the like) make the set too complex. */
#ifndef RUNTIME_VALUE_REGEX_SET_H
#define RUNTIME_VALUE_REGEX_SET_H

#include "base/types.h"

#define REGEX_SET_MAX 128
struct regex_set {
    uint32_t n;          /* ranges; more than REGEX_SET_MAX: too complex, the content is then meaningless */
    uint32_t categories; /* one bit for each: base/category.h */
    bool inverted;
    uint32_t range[REGEX_SET_MAX][2];
};

void regex_set_add(struct regex_set *s, uint32_t low, uint32_t high);
void regex_set_add_set(struct regex_set *s, const struct regex_set *other);
void regex_set_negate(struct regex_set *s);
void regex_set_intersect(struct regex_set *s, const struct regex_set *other);
void regex_set_fold(struct regex_set *s); /* both cases of every ASCII letter; all cased categories for one */
/* The set of a predefined class: one of d D w W s S h H v V; false for another letter. */
bool regex_set_escape(struct regex_set *s, char letter);
/* The set of \p{name}; false if the name is unknown. */
bool regex_set_property(struct regex_set *s, const char *name, size_t size);

#endif
