/* Float code in registers with a data-dependent end of the loop. */
#include "bench.h"

static uint64_t work(void)
{
    uint64_t inside = 0;
    for (int row = 0; row < 600; row++)
        for (int column = 0; column < 600; column++) {
            double cr = column / 300.0 - 1.5, ci = row / 300.0 - 1.0, zr = 0, zi = 0;
            int n = 0;
            for (; n < 100 && zr * zr + zi * zi <= 4; n++) {
                double next = zr * zr - zi * zi + cr;
                zi = 2 * zr * zi + ci, zr = next;
            }
            inside += (uint64_t)n;
        }
    return inside;
}
