/* SIMD: four floats and sixteen bytes at a time (clang's vector types; simd128 in a module, SSE on x86-64). */
#include "bench.h"

typedef float floats __attribute__((vector_size(16)));
typedef uint8_t bytes __attribute__((vector_size(16)));
#define COUNT 4096
static floats x[COUNT], y[COUNT];
static bytes picture[COUNT * 4], mask[COUNT * 4];

static uint64_t work(void)
{
    for (int i = 0; i < COUNT; i++)
        for (int j = 0; j < 4; j++)
            x[i][j] = (float)(random_number() % 100), y[i][j] = (float)(random_number() % 100);
    for (unsigned i = 0; i < sizeof picture; i++)
        ((uint8_t *)picture)[i] = (uint8_t)random_number(), ((uint8_t *)mask)[i] = (uint8_t)random_number();
    floats sum = {0};
    for (int round = 0; round < 8000; round++) {
        floats factor = {(float)(round % 7), 1, 0.5f, 0.25f};
        for (int i = 0; i < COUNT; i++) sum += x[i] * y[i] * factor;
        sum *= (floats){0.001f, 0.001f, 0.001f, 0.001f};
    }
    for (int round = 0; round < 3000; round++)
        for (int i = 0; i < COUNT * 4; i++)
            picture[i] = (picture[i] ^ mask[i]) + (bytes)(picture[i] > mask[i]);
    uint64_t result = (uint64_t)(sum[0] + sum[1] + sum[2] + sum[3]);
    for (int i = 0; i < COUNT * 4; i += 61) result = result * 31 + picture[i][i % 16];
    return result;
}
