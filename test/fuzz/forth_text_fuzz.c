/* Any text, interpreted: whatever it does stays inside its instance, ends in 50 ms, and leaves an instance that still counts.
 * The port is one of this file's own: no files, blocks in memory, no other VM. */
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>

#include "forth/forth.h"
#include "forth/throw.h"

struct forth_port {
    struct forth *f;
    bool slept;
};
static struct forth_port port;
static uint8_t blocks[32][1024];

void forth_port_type(struct forth_port *p, const char *text, size_t size)
{
    volatile char last = 0; /* every byte is read, so that the sanitizer sees it */
    for (size_t i = 0; i < size; i++) last = text[i];
    (void)last;
}
void forth_port_flush(struct forth_port *p) {}
int64_t forth_port_line(struct forth_port *p, struct forth *f, char *to, size_t max)
{
    return -1;
}
int forth_port_key(struct forth_port *p)
{
    return -1;
}
bool forth_port_key_ready(struct forth_port *p)
{
    return false;
}
bool forth_port_is_terminal(struct forth_port *p)
{
    return false;
}
uint64_t forth_port_ns(struct forth_port *p)
{
    return UINT64_MAX / 2 * (port.slept = !port.slept); /* so that every sleep ends at once */
}
int64_t forth_port_wall_us(struct forth_port *p)
{
    return 1700000000000000;
}
int64_t forth_port_sleep(struct forth_port *p, struct forth *f, uint64_t ns)
{
    return 0;
}
int64_t forth_port_open(struct forth_port *p, const char *name, size_t size, int flags, int *file)
{
    return THROW_NO_FILE;
}
int64_t forth_port_close(struct forth_port *p, int file)
{
    return 0;
}
int64_t forth_port_read(struct forth_port *p, int file, uint64_t at, void *to, size_t bytes, size_t *got)
{
    return THROW_READ_FILE;
}
int64_t forth_port_write(struct forth_port *p, int file, uint64_t at, const void *from, size_t bytes)
{
    return THROW_WRITE_FILE;
}
int64_t forth_port_size(struct forth_port *p, int file, uint64_t *bytes)
{
    return THROW_FILE_SIZE;
}
int64_t forth_port_resize(struct forth_port *p, int file, uint64_t bytes)
{
    return THROW_RESIZE_FILE;
}
int64_t forth_port_sync(struct forth_port *p, int file)
{
    return 0;
}
int64_t forth_port_delete(struct forth_port *p, const char *name, size_t size)
{
    return THROW_DELETE_FILE;
}
int64_t forth_port_rename(struct forth_port *p, const char *from, size_t from_size, const char *to,
                          size_t to_size)
{
    return THROW_RENAME_FILE;
}
int64_t forth_port_status(struct forth_port *p, const char *name, size_t size, uint64_t *bytes)
{
    return THROW_FILE_STATUS;
}
uint64_t forth_port_blocks(struct forth_port *p)
{
    return 32;
}
int64_t forth_port_block_read(struct forth_port *p, uint64_t block, void *to)
{
    memcpy(to, blocks[block - 1], 1024);
    return 0;
}
int64_t forth_port_block_write(struct forth_port *p, uint64_t block, const void *from)
{
    memcpy(blocks[block - 1], from, 1024);
    return 0;
}
int64_t forth_port_attention(struct forth_port *p, struct forth *f)
{
    return FORTH_STATUS_KILLED;
}
int64_t forth_port_kernel(struct forth_port *p, struct forth *f, unsigned word, int64_t args[4])
{
    return THROW_NO_CAPABILITY;
}

static void on_time(int signal)
{
    if (port.f != NULL) forth_attend(port.f);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static bool started;
    if (!started) {
        struct sigaction a = {.sa_handler = on_time, .sa_flags = SA_RESTART};
        struct itimerval t = {{0, 50000}, {0, 50000}};
        sigaction(SIGPROF, &a, NULL);
        setitimer(ITIMER_PROF, &t, NULL);
        started = true;
    }
    if (size == 0) return 0;
    struct forth_config config = {
        .data_bytes = 2u << 20, .words = 4096, .units = 1u << 16, .native = (data[0] & 1) != 0};
    memset(blocks, ' ', sizeof blocks);
    struct forth *f = port.f = forth_new(&port, &config);
    if (f == NULL) abort();
    forth_stack(f, (uintptr_t)__builtin_frame_address(0) - (1u << 20));
    int64_t status = forth_text(f, (const char *)data + 1, size - 1);
    if (status != 0) forth_report(f, status);
    static const char check[] =
        "only forth definitions decimal : check 3 4 + 7 <> throw ; check check check check";
    do status = forth_text(f, check, sizeof check - 1);
    while (status == FORTH_STATUS_KILLED);
    /* What the text did to the system's words is its own affair: only that the instance still answers is asked. */
    port.f = NULL;
    forth_free(f);
    return 0;
}
