#include "loader/wasm/sort.h"

#include "base/mem.h"

void wasm_sort(uint32_t *items, uint32_t *scratch, uint32_t count,
               int (*compare)(const void *context, uint32_t a, uint32_t b), const void *context)
{
    uint32_t *from = items, *to = scratch;
    for (uint64_t width = 1; width < count; width *= 2) {
        for (uint64_t begin = 0; begin < count; begin += 2 * width) {
            uint64_t middle = min_u64(begin + width, count), end = min_u64(begin + 2 * width, count);
            uint64_t a = begin, b = middle;
            for (uint64_t at = begin; at < end; at++) {
                bool first = b >= end || (a < middle && compare(context, from[a], from[b]) <= 0);
                to[at] = first ? from[a++] : from[b++];
            }
        }
        uint32_t *t = from;
        from = to;
        to = t;
    }
    if (from != items) memcpy(items, from, count * sizeof *items);
}
