/* Float code with square roots and divisions: bodies under gravity. */
#include <math.h>

#include "bench.h"

#define BODIES 16
static struct {
    double x, y, z, vx, vy, vz, mass;
} body[BODIES];

static void step(double dt)
{
    for (int i = 0; i < BODIES; i++)
        for (int j = i + 1; j < BODIES; j++) {
            double dx = body[i].x - body[j].x, dy = body[i].y - body[j].y, dz = body[i].z - body[j].z;
            double square = dx * dx + dy * dy + dz * dz + 0.01, pull = dt / (square * sqrt(square));
            body[i].vx -= dx * body[j].mass * pull, body[i].vy -= dy * body[j].mass * pull,
                body[i].vz -= dz * body[j].mass * pull;
            body[j].vx += dx * body[i].mass * pull, body[j].vy += dy * body[i].mass * pull,
                body[j].vz += dz * body[i].mass * pull;
        }
    for (int i = 0; i < BODIES; i++)
        body[i].x += dt * body[i].vx, body[i].y += dt * body[i].vy, body[i].z += dt * body[i].vz;
}

static uint64_t work(void)
{
    for (int i = 0; i < BODIES; i++) {
        body[i].x = random_number() % 1000 / 100.0, body[i].y = random_number() % 1000 / 100.0;
        body[i].z = random_number() % 1000 / 100.0, body[i].mass = 1 + random_number() % 9;
    }
    for (int i = 0; i < 120000; i++) step(0.0001);
    double energy = 0;
    for (int i = 0; i < BODIES; i++)
        energy += body[i].mass * (body[i].vx * body[i].vx + body[i].vy * body[i].vy);
    return (uint64_t)(energy * 1000);
}
