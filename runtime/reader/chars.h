/* Characters and names as text: what reader and printer must agree on. */
#ifndef RUNTIME_READER_CHARS_H
#define RUNTIME_READER_CHARS_H

#include "base/types.h"

struct char_name {
    uint32_t code;
    const char *name;
};
extern const struct char_name char_names[];
extern const unsigned char_name_count;

/* White space in Clojure's sense (Character.isWhitespace): space, separators except the no-break ones, control blanks. */
static inline bool char_is_space(uint32_t c)
{
    if (c < 0x80) return c == ' ' || (c >= 9 && c <= 13) || (c >= 0x1c && c <= 0x1f);
    return c == 0x1680 || (c >= 0x2000 && c <= 0x200a && c != 0x2007) || c == 0x2028 || c == 0x2029 ||
           c == 0x205f || c == 0x3000;
}

/* A token as namespace and name.  False: it does not read as a symbol (keyword: without its colon). */
struct name_parts {
    const char *ns, *name; /* ns NULL: none */
    size_t ns_size, name_size;
};
bool name_split(const char *token, size_t size, bool keyword, struct name_parts *parts);

#endif
