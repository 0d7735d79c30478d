/* Small arrays and branches: the longest run of prefix reversals over all permutations ("pancake" counting). */
#include "bench.h"

static uint64_t work(void)
{
    enum { N = 10 };
    int order[N], count[N], turned[N], level = N, checksum = 0, most = 0, index = 0;
    for (int i = 0; i < N; i++) order[i] = i;
    for (;;) {
        for (; level > 1; level--) count[level - 1] = level;
        memcpy(turned, order, sizeof turned);
        int flips = 0;
        for (int first; (first = turned[0]) != 0; flips++)
            for (int i = 0, j = first; i < j; i++, j--) {
                int swap = turned[i];
                turned[i] = turned[j], turned[j] = swap;
            }
        if (flips > most) most = flips;
        checksum += index++ % 2 == 0 ? flips : -flips;
        for (;;) {
            if (level == N) return (uint64_t)most * 1000003 + (uint32_t)checksum;
            int first = order[0];
            for (int i = 0; i < level; i++) order[i] = order[i + 1];
            order[level] = first;
            if (--count[level] > 0) break;
            level++;
        }
    }
}
