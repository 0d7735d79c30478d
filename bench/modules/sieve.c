/* Memory: bytes written at growing distances, a count at the end. */
#include "bench.h"

#define LIMIT 4000000
static uint8_t composite[LIMIT];

static uint64_t work(void)
{
    uint64_t count = 0;
    for (int round = 0; round < 5; round++) {
        memset(composite, 0, sizeof composite);
        for (uint32_t i = 2; i < LIMIT; i++) {
            if (composite[i]) continue;
            count++;
            for (uint64_t j = (uint64_t)i * i; j < LIMIT; j += i) composite[j] = 1;
        }
    }
    return count;
}
