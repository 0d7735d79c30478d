/* The hosted port: memory, console, time, files, blocks, by libc. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "forth/kernel.h"
#include "forth/port/hosted/hosted.h"

#define BLOCK_BYTES 1024

struct forth_port *forth_port_hosted_new(const char *block_file)
{
    struct forth_port *p = calloc(1, sizeof *p);
    if (p == NULL) return NULL;
    p->terminal = isatty(0) && isatty(1);
    p->block_count = MEMORY_BLOCKS;
    p->block_file = block_file != NULL ? open(block_file, O_RDWR | O_CREAT | O_CLOEXEC, 0666)
                                       : open("blocks.fb", O_RDWR | O_CLOEXEC);
    if (block_file != NULL && p->block_file < 0) {
        free(p);
        return NULL;
    }
    if (p->block_file >= 0) p->block_count = 1u << 20;
    return p;
}

void forth_port_hosted_free(struct forth_port *p)
{
    forth_port_flush(p);
    for (int i = 0; i < PORT_FILES; i++)
        if (p->files[i] != 0) close(p->files[i] - 1);
    if (p->block_file >= 0) close(p->block_file);
    if (p->block_memory != NULL) munmap(p->block_memory, MEMORY_BLOCKS * BLOCK_BYTES);
    free(p);
}

uintptr_t forth_port_stack_low(void)
{
    pthread_attr_t a;
    void *low;
    size_t size;
    if (pthread_getattr_np(pthread_self(), &a) != 0) return 0;
    pthread_attr_getstack(&a, &low, &size);
    pthread_attr_destroy(&a);
    return (uintptr_t)low + (size > 1u << 20 ? 256u << 10 : size / 4);
}

/* ---- console ---- */
void forth_port_flush(struct forth_port *p)
{
    size_t done = 0;
    while (done < p->out_size) {
        ssize_t n = write(1, p->out + done, p->out_size - done);
        if (n < 0 && errno == EAGAIN) {
            struct pollfd ready = {.fd = 1, .events = POLLOUT};
            poll(&ready, 1, 100);
        } else if (n < 0 && errno != EINTR)
            break;
        if (n > 0) done += (size_t)n;
    }
    p->out_size = 0;
}
void forth_port_type(struct forth_port *p, const char *text, size_t size)
{
    if (!arbiter_may(p, CAP_CONSOLE)) return;
    for (size_t i = 0; i < size; i++) {
        if (p->out_size == sizeof p->out) forth_port_flush(p);
        p->out[p->out_size++] = text[i];
        if (text[i] == '\n' && p->terminal) forth_port_flush(p);
    }
}
bool forth_port_is_terminal(struct forth_port *p)
{
    return p->terminal;
}
int forth_port_key(struct forth_port *p)
{
    if (!arbiter_may(p, CAP_CONSOLE)) return -1;
    unsigned char c;
    struct termios cooked, raw;
    bool change = isatty(0) && tcgetattr(0, &cooked) == 0;
    if (change) {
        raw = cooked;
        raw.c_lflag &= ~(tcflag_t)(ICANON | ECHO);
        tcsetattr(0, TCSANOW, &raw);
    }
    ssize_t n;
    arbiter_outside(p);
    do n = read(0, &c, 1);
    while (n < 0 && errno == EINTR);
    arbiter_inside(p);
    if (change) tcsetattr(0, TCSANOW, &cooked);
    return n == 1 ? c : -1;
}
bool forth_port_key_ready(struct forth_port *p)
{
    struct pollfd f = {.fd = 0, .events = POLLIN};
    return arbiter_may(p, CAP_CONSOLE) && poll(&f, 1, 0) == 1;
}
/* Without a terminal byte for byte: what comes behind the line is KEY's and ACCEPT's to read. */
static int64_t plain_line(char *to, size_t max)
{
    size_t size = 0;
    for (;;) {
        char c;
        ssize_t n = read(0, &c, 1);
        if (n < 0 && errno == EINTR) continue;
        if (n <= 0) return size > 0 ? (int64_t)size : -1;
        if (c == '\n') return (int64_t)size;
        if (size < max) to[size++] = c;
    }
}
int64_t forth_port_line(struct forth_port *p, struct forth *f, char *to, size_t max)
{
    if (!arbiter_may(p, CAP_CONSOLE)) return -1;
    forth_port_flush(p);
    arbiter_outside(p);
    int64_t size = p->terminal ? edit_line(f, to, max) : plain_line(to, max);
    arbiter_inside(p);
    return size;
}

/* ---- time ---- */
uint64_t forth_port_ns(struct forth_port *p)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}
int64_t forth_port_wall_us(struct forth_port *p)
{
    struct timespec t;
    clock_gettime(CLOCK_REALTIME, &t);
    return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

/* ---- files ---- */
static bool path_of(char path[4096], const char *name, size_t size)
{
    if (size == 0 || size >= 4096 || memchr(name, 0, size) != NULL) return false;
    memcpy(path, name, size);
    path[size] = 0;
    return true;
}
static int64_t failure(int64_t otherwise)
{
    return errno == ENOENT ? THROW_NO_FILE : otherwise;
}
int64_t forth_port_open(struct forth_port *p, const char *name, size_t size, int flags, int *file)
{
    char path[4096];
    struct stat st;
    int64_t code = flags & FORTH_CREATE ? THROW_CREATE_FILE : THROW_OPEN_FILE;
    if (!arbiter_may(p, CAP_FILES)) return THROW_NO_CAPABILITY;
    if (!path_of(path, name, size)) return code;
    int i = 0;
    while (i < PORT_FILES && p->files[i] != 0) i++;
    if (i == PORT_FILES) return code;
    int how = (flags & FORTH_WRITE) == 0                             ? O_RDONLY
              : (flags & FORTH_READ) == 0 && !(flags & FORTH_CREATE) ? O_WRONLY
                                                                     : O_RDWR;
    int d = open(path, how | O_CLOEXEC | (flags & FORTH_CREATE ? O_CREAT | O_TRUNC : 0), 0666);
    if (d < 0) return failure(code);
    if (fstat(d, &st) != 0 || S_ISDIR(st.st_mode)) {
        close(d);
        return code;
    }
    p->files[i] = d + 1;
    *file = i;
    return 0;
}
int64_t forth_port_close(struct forth_port *p, int file)
{
    int d = p->files[file] - 1;
    p->files[file] = 0;
    return close(d) == 0 ? 0 : THROW_CLOSE_FILE;
}
int64_t forth_port_read(struct forth_port *p, int file, uint64_t at, void *to, size_t bytes, size_t *got)
{
    ssize_t n;
    do n = pread(p->files[file] - 1, to, bytes, (off_t)at);
    while (n < 0 && errno == EINTR);
    if (n < 0 && errno == ESPIPE) n = read(p->files[file] - 1, to, bytes);
    *got = n < 0 ? 0 : (size_t)n;
    return n < 0 ? THROW_READ_FILE : 0;
}
int64_t forth_port_write(struct forth_port *p, int file, uint64_t at, const void *from, size_t bytes)
{
    for (size_t done = 0; done < bytes;) {
        ssize_t n = pwrite(p->files[file] - 1, (const char *)from + done, bytes - done, (off_t)(at + done));
        if (n < 0 && errno == ESPIPE) n = write(p->files[file] - 1, (const char *)from + done, bytes - done);
        if (n < 0 && errno == EINTR) continue;
        if (n <= 0) return THROW_WRITE_FILE;
        done += (size_t)n;
    }
    return 0;
}
int64_t forth_port_size(struct forth_port *p, int file, uint64_t *bytes)
{
    struct stat st;
    if (fstat(p->files[file] - 1, &st) != 0) return THROW_FILE_SIZE;
    *bytes = (uint64_t)st.st_size;
    return 0;
}
int64_t forth_port_resize(struct forth_port *p, int file, uint64_t bytes)
{
    return ftruncate(p->files[file] - 1, (off_t)bytes) == 0 ? 0 : THROW_RESIZE_FILE;
}
int64_t forth_port_sync(struct forth_port *p, int file)
{
    return fsync(p->files[file] - 1) == 0 || errno == EINVAL || errno == EROFS ? 0 : THROW_FLUSH_FILE;
}
int64_t forth_port_delete(struct forth_port *p, const char *name, size_t size)
{
    char path[4096];
    if (!arbiter_may(p, CAP_FILES)) return THROW_NO_CAPABILITY;
    if (!path_of(path, name, size)) return THROW_DELETE_FILE;
    return unlink(path) == 0 ? 0 : failure(THROW_DELETE_FILE);
}
int64_t forth_port_rename(struct forth_port *p, const char *from, size_t from_size, const char *to,
                          size_t to_size)
{
    char a[4096], b[4096];
    if (!arbiter_may(p, CAP_FILES)) return THROW_NO_CAPABILITY;
    if (!path_of(a, from, from_size) || !path_of(b, to, to_size)) return THROW_RENAME_FILE;
    return rename(a, b) == 0 ? 0 : failure(THROW_RENAME_FILE);
}
int64_t forth_port_status(struct forth_port *p, const char *name, size_t size, uint64_t *bytes)
{
    char path[4096];
    struct stat st;
    if (!arbiter_may(p, CAP_FILES)) return THROW_NO_CAPABILITY;
    if (!path_of(path, name, size)) return THROW_FILE_STATUS;
    if (stat(path, &st) != 0) return failure(THROW_FILE_STATUS);
    *bytes = (uint64_t)st.st_size;
    return 0;
}

/* ---- blocks ---- */
uint64_t forth_port_blocks(struct forth_port *p)
{
    return arbiter_may(p, CAP_BLOCKS) ? (p->shared_blocks != NULL ? p->shared_blocks : p)->block_count : 0;
}
int64_t forth_port_block_read(struct forth_port *p, uint64_t block, void *to)
{
    if (p->shared_blocks != NULL) p = p->shared_blocks;
    memset(to, ' ', BLOCK_BYTES);
    if (p->block_file >= 0)
        return pread(p->block_file, to, BLOCK_BYTES, (off_t)((block - 1) * BLOCK_BYTES)) < 0
                   ? THROW_BLOCK_READ
                   : 0;
    if (p->block_memory != NULL && p->block_written[block - 1])
        memcpy(to, p->block_memory + (block - 1) * BLOCK_BYTES, BLOCK_BYTES);
    return 0;
}
int64_t forth_port_block_write(struct forth_port *p, uint64_t block, const void *from)
{
    if (p->shared_blocks != NULL) p = p->shared_blocks;
    if (p->block_file >= 0)
        return pwrite(p->block_file, from, BLOCK_BYTES, (off_t)((block - 1) * BLOCK_BYTES)) == BLOCK_BYTES
                   ? 0
                   : THROW_BLOCK_WRITE;
    if (p->block_memory == NULL) p->block_memory = forth_port_reserve(p, MEMORY_BLOCKS * BLOCK_BYTES);
    if (p->block_memory == NULL) return THROW_BLOCK_WRITE;
    p->block_written[block - 1] = true;
    memcpy(p->block_memory + (block - 1) * BLOCK_BYTES, from, BLOCK_BYTES);
    return 0;
}
