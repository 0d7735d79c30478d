/* Float code with strides: a fast Fourier transform of a signal, forth and back. */
#include <math.h>

#include "bench.h"

#define N (1 << 16)
static double re[N], im[N];

static void transform(int sign)
{
    for (uint32_t i = 1, j = 0; i < N; i++) {
        uint32_t bit = N >> 1;
        for (; j & bit; bit >>= 1) j ^= bit;
        j ^= bit;
        if (i < j) {
            double swap = re[i];
            re[i] = re[j], re[j] = swap, swap = im[i], im[i] = im[j], im[j] = swap;
        }
    }
    for (uint32_t size = 2; size <= N; size <<= 1) {
        double angle = sign * 6.283185307179586 / size, cr = cos(angle), ci = sin(angle);
        for (uint32_t at = 0; at < N; at += size) {
            double wr = 1, wi = 0;
            for (uint32_t k = 0; k < size / 2; k++) {
                uint32_t a = at + k, b = a + size / 2;
                double tr = re[b] * wr - im[b] * wi, ti = re[b] * wi + im[b] * wr;
                re[b] = re[a] - tr, im[b] = im[a] - ti, re[a] += tr, im[a] += ti;
                double next = wr * cr - wi * ci;
                wi = wr * ci + wi * cr, wr = next;
            }
        }
    }
}

static uint64_t work(void)
{
    for (int i = 0; i < N; i++) re[i] = random_number() % 1000, im[i] = 0;
    for (int round = 0; round < 10; round++) {
        transform(1);
        transform(-1);
        for (int i = 0; i < N; i++) re[i] /= N, im[i] /= N;
    }
    double sum = 0;
    for (int i = 0; i < N; i++) sum += floor(re[i] + 0.5) * (i % 17);
    return (uint64_t)sum;
}
