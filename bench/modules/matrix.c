/* Float code: product of dense matrices, in the order that walks rows. */
#include "bench.h"

#define N 320
static double a[N][N], b[N][N], c[N][N];

static uint64_t work(void)
{
    for (int i = 0; i < N; i++)
        for (int j = 0; j < N; j++) a[i][j] = (i * 7 + j) % 13, b[i][j] = (i + j * 5) % 11;
    for (int round = 0; round < 4; round++)
        for (int i = 0; i < N; i++)
            for (int k = 0; k < N; k++) {
                double x = a[i][k];
                for (int j = 0; j < N; j++) c[i][j] += x * b[k][j];
            }
    double sum = 0;
    for (int i = 0; i < N; i++) sum += c[i][N - 1 - i];
    return (uint64_t)sum;
}
