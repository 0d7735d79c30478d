/* General categories of Unicode.  The order is that of tools/gen/category_table.py. */
#ifndef BASE_CATEGORY_H
#define BASE_CATEGORY_H

#include "base/types.h"

enum category {
    CATEGORY_LU,
    CATEGORY_LL,
    CATEGORY_LT,
    CATEGORY_LM,
    CATEGORY_LO,
    CATEGORY_MN,
    CATEGORY_MC,
    CATEGORY_ME,
    CATEGORY_ND,
    CATEGORY_NL,
    CATEGORY_NO,
    CATEGORY_PC,
    CATEGORY_PD,
    CATEGORY_PS,
    CATEGORY_PE,
    CATEGORY_PI,
    CATEGORY_PF,
    CATEGORY_PO,
    CATEGORY_SM,
    CATEGORY_SC,
    CATEGORY_SK,
    CATEGORY_SO,
    CATEGORY_ZS,
    CATEGORY_ZL,
    CATEGORY_ZP,
    CATEGORY_CC,
    CATEGORY_CF,
    CATEGORY_CS,
    CATEGORY_CO,
    CATEGORY_CN,
    CATEGORY_COUNT
};

/* Of any code point.  O(log of the table). */
enum category category_of(uint32_t c);
/* The set (one bit a category) that a name of one or two letters stands for, such as L, Lu, P; 0: no such name. */
uint32_t category_mask(const char *name, size_t size);

#endif
