/* Images: what was written comes back at its addresses; anything else is refused and leaves nothing mapped. */
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "runtime/port/hosted/hosted.h"
#include "spec/limits.h"
#include "test/support/check.h"

#define WORDS (1u << 17) /* a MiB */
#define FINGERPRINT 0x1234567890u

static char path[64];

struct root {
    uint64_t *data, *empty, *freed;
    uint64_t clock_ns;
    void *arena;
};

/* Each step in a process of its own: images are for a fresh address space. */
static int in_child(int (*step)(void))
{
    fflush(NULL);
    pid_t child = fork();
    if (child == 0) _exit(step());
    int status = 0;
    waitpid(child, &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 100 + WTERMSIG(status);
}

static int write_it(void)
{
    struct port *p = port_hosted_new();
    if (port_image_write(p, path, p, FINGERPRINT)) return 1; /* not begun */
    port_image_begin(p);
    struct root *r = port_memory_allocate(p, PORT_PAGE);
    r->arena = port_memory_reserve(p, (void *)ARENA_BASE, ARENA_SIZE);
    if (r->arena == NULL || !port_memory_commit(p, r->arena, 16 * PORT_PAGE)) return 2;
    ((uint64_t *)r->arena)[3] = 77;
    r->data = port_memory_allocate(p, WORDS * 8);
    r->empty = port_memory_allocate(p, WORDS * 8);
    r->freed = port_memory_allocate(p, WORDS * 8);
    port_memory_free(p, r->freed, WORDS * 8);
    for (unsigned i = 0; i < WORDS; i += 1000) r->data[i] = i + 1;
    r->clock_ns = port_clock_ns(p);
    return port_image_write(p, path, r, FINGERPRINT) ? 0 : 3;
}

static int read_it(void)
{
    struct port *p = port_hosted_new();
    struct root *r = port_image_map(p, path, FINGERPRINT);
    if (r == NULL) return 1;
    for (unsigned i = 0; i < WORDS; i++)
        if (r->data[i] != (i % 1000 == 0 ? i + 1 : 0) || r->empty[i] != 0) return 2;
    if (((uint64_t *)r->arena)[3] != 77) return 3;
    if (!port_memory_commit(p, (char *)r->arena + 16 * PORT_PAGE, PORT_PAGE)) return 4; /* still reserved */
    if (port_clock_ns(p) < r->clock_ns || port_clock_ns(p) > r->clock_ns + 100000000000u) return 5;
    for (unsigned i = 0; i < WORDS; i++) r->data[i] = r->empty[i] = 5; /* private: the file stays as it is */
    uint64_t *more = port_memory_allocate(p, WORDS * 8);
    return more == NULL || more == r->freed ? 6 : 0;
}

static int refuse_fingerprint(void)
{
    return port_image_map(port_hosted_new(), path, FINGERPRINT + 1) == NULL ? 0 : 1;
}

static int refuse(void)
{
    struct port *p = port_hosted_new();
    if (port_image_map(p, path, FINGERPRINT) != NULL) return 1;
    return port_memory_reserve(p, (void *)ARENA_BASE, ARENA_SIZE) != NULL ? 0
                                                                          : 2; /* nothing was left behind */
}

static void damage(long at, const void *bytes, size_t size)
{
    FILE *f = fopen(path, "r+b");
    fseek(f, at, SEEK_SET);
    fwrite(bytes, 1, size, f);
    fclose(f);
}

int main(void)
{
    snprintf(path, sizeof path, "/tmp/lona-image-test-%d", (int)getpid());
    CHECK_EQ_U64(in_child(refuse), 0); /* no such file */
    CHECK_EQ_U64(in_child(write_it), 0);
    for (unsigned i = 0; i < 3; i++) CHECK_EQ_U64(in_child(read_it), 0);
    CHECK_EQ_U64(in_child(refuse_fingerprint), 0);

    uint64_t wild = 0x1000;
    damage(80, &wild, 8); /* a range outside the window */
    CHECK_EQ_U64(in_child(refuse), 0);
    CHECK_EQ_U64(in_child(write_it), 0);
    damage(8, "another build", 13);
    CHECK_EQ_U64(in_child(refuse), 0);
    CHECK_EQ_U64(in_child(write_it), 0);
    for (long size = 60; size > 0; size -= 7) { /* cut off */
        CHECK(truncate(path, size * 1000) == 0);
        CHECK_EQ_U64(in_child(refuse), 0);
    }
    CHECK(truncate(path, 0) == 0);
    CHECK_EQ_U64(in_child(refuse), 0);
    CHECK_EQ_U64(in_child(write_it), 0);
    CHECK_EQ_U64(in_child(read_it), 0);
    srand(1);
    for (unsigned i = 0; i < 300;
         i++) { /* a wrong bit in the tables: refused or harmless to map, never a crash */
        CHECK_EQ_U64(in_child(write_it), 0);
        unsigned char byte = (unsigned char)rand();
        damage(rand() % 200, &byte, 1);
        int result = in_child(refuse);
        CHECK(result == 0 || result == 1);
    }
    unlink(path);
    return check_report();
}
