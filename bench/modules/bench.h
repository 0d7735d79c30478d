/* What every program of this folder shares: `work` is done, its result printed with the nanoseconds that it took.  The same
 * source is built for this machine and as a module. */
#ifndef BENCH_MODULES_BENCH_H
#define BENCH_MODULES_BENCH_H

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static uint64_t work(void); /* a checksum of what was computed */

static uint64_t random_state = 88172645463325252u;
static inline uint32_t random_number(void) /* xorshift64 (Marsaglia 2003) */
{
    random_state ^= random_state << 13;
    random_state ^= random_state >> 7;
    random_state ^= random_state << 17;
    return (uint32_t)(random_state >> 16);
}

int main(void)
{
    struct timespec begin, end;
    clock_gettime(CLOCK_MONOTONIC, &begin);
    uint64_t result = work();
    clock_gettime(CLOCK_MONOTONIC, &end);
    int64_t ns = (int64_t)(end.tv_sec - begin.tv_sec) * 1000000000 + (end.tv_nsec - begin.tv_nsec);
    printf("%llu %lld\n", (unsigned long long)result, (long long)ns);
    return 0;
}

#endif
