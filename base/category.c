#include "base/category.h"
#include "base/category_table.h"

static const char names[CATEGORY_COUNT][2] = {"Lu", "Ll", "Lt", "Lm", "Lo", "Mn", "Mc", "Me", "Nd", "Nl",
                                              "No", "Pc", "Pd", "Ps", "Pe", "Pi", "Pf", "Po", "Sm", "Sc",
                                              "Sk", "So", "Zs", "Zl", "Zp", "Cc", "Cf", "Cs", "Co", "Cn"};

static enum category ascii_category(uint32_t c)
{
    if (c < 32 || c == 127) return CATEGORY_CC;
    if (c >= '0' && c <= '9') return CATEGORY_ND;
    if (c >= 'A' && c <= 'Z') return CATEGORY_LU;
    if (c >= 'a' && c <= 'z') return CATEGORY_LL;
    switch (c) {
    case ' ': return CATEGORY_ZS;
    case '_': return CATEGORY_PC;
    case '-': return CATEGORY_PD;
    case '(':
    case '[':
    case '{': return CATEGORY_PS;
    case ')':
    case ']':
    case '}': return CATEGORY_PE;
    case '$': return CATEGORY_SC;
    case '+':
    case '<':
    case '=':
    case '>':
    case '|':
    case '~': return CATEGORY_SM;
    case '^':
    case '`': return CATEGORY_SK;
    default: return CATEGORY_PO;
    }
}

enum category category_of(uint32_t c)
{
    if (c < 128) return ascii_category(c);
    uint32_t low = 0, high = COUNT_OF(category_runs); /* the last run that begins at or before c */
    while (high - low > 1) {
        uint32_t middle = (low + high) / 2;
        if (category_runs[middle] >> 8 <= c)
            low = middle;
        else
            high = middle;
    }
    return (enum category)(category_runs[low] & 0xff);
}

uint32_t category_mask(const char *name, size_t size)
{
    uint32_t mask = 0;
    if (size != 1 && size != 2) return 0;
    for (unsigned i = 0; i < CATEGORY_COUNT; i++)
        if (names[i][0] == name[0] && (size == 1 || names[i][1] == name[1])) mask |= 1u << i;
    return mask;
}
