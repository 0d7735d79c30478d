/* Two-dimensional neighbourhoods of bytes: Conway's game of life on a torus. */
#include "bench.h"

#define SIDE 512
static uint8_t field[2][SIDE][SIDE];

static uint64_t work(void)
{
    for (int y = 0; y < SIDE; y++)
        for (int x = 0; x < SIDE; x++) field[0][y][x] = random_number() % 3 == 0;
    int now = 0;
    for (int generation = 0; generation < 100; generation++, now ^= 1)
        for (int y = 0; y < SIDE; y++) {
            const uint8_t *up = field[now][(y + SIDE - 1) % SIDE], *row = field[now][y],
                          *down = field[now][(y + 1) % SIDE];
            for (int x = 0; x < SIDE; x++) {
                int l = (x + SIDE - 1) % SIDE, r = (x + 1) % SIDE;
                int n = up[l] + up[x] + up[r] + row[l] + row[r] + down[l] + down[x] + down[r];
                field[now ^ 1][y][x] = n == 3 || (n == 2 && row[x]);
            }
        }
    uint64_t alive = 0;
    for (int y = 0; y < SIDE; y++)
        for (int x = 0; x < SIDE; x++) alive = alive * 3 + field[now][y][x];
    return alive;
}
