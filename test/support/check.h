/* The unit tests' harness: CHECK counts, says what failed and where, and goes on. */
#ifndef TEST_SUPPORT_CHECK_H
#define TEST_SUPPORT_CHECK_H

#include <stdio.h>
#include <string.h>
#include "base/types.h"

struct check_counts { unsigned passed, failed; };
extern struct check_counts check_counts;

#define CHECK(condition)                                                                                       \
    do {                                                                                                       \
        if (condition) {                                                                                       \
            check_counts.passed++;                                                                             \
        } else {                                                                                               \
            check_counts.failed++;                                                                             \
            printf("%s:%d: not true: %s\n", __FILE__, __LINE__, #condition);                                   \
        }                                                                                                      \
    } while (0)
#define CHECK_EQ_U64(got, wanted)                                                                              \
    do {                                                                                                       \
        uint64_t got_ = (uint64_t)(got), wanted_ = (uint64_t)(wanted);                                         \
        if (got_ == wanted_) {                                                                                 \
            check_counts.passed++;                                                                             \
        } else {                                                                                               \
            check_counts.failed++;                                                                             \
            printf("%s:%d: %s is 0x%llx, wanted 0x%llx\n", __FILE__, __LINE__, #got,                           \
                   (unsigned long long)got_, (unsigned long long)wanted_);                                     \
        }                                                                                                      \
    } while (0)

/* Last statement of main: prints the counts, returns the exit code. */
static inline int check_report(void)
{
    printf("%u passed, %u failed\n", check_counts.passed, check_counts.failed);
    return check_counts.failed != 0;
}

#endif
