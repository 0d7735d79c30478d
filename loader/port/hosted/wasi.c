#include "loader/port/hosted/wasi.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

/* Error numbers of the interface. */
enum {
    E_SUCCESS = 0,
    E_BADF = 8,
    E_FAULT = 21,
    E_INVAL = 28,
    E_IO = 29,
    E_MFILE = 33,
    E_NAMETOOLONG = 37,
    E_NOSYS = 52,
    E_NOTDIR = 54,
    E_NOTSUP = 58,
    E_SPIPE = 70,
    E_NOTCAPABLE = 76
};

static uint32_t error_of(int number)
{
    static const struct {
        int host;
        uint32_t wasi;
    } map[] = {{E2BIG, 1},   {EACCES, 2},  {EAGAIN, 6},   {EBADF, 8},         {EBUSY, 10},     {EEXIST, 20},
               {EFAULT, 21}, {EFBIG, 22},  {EINTR, 27},   {EINVAL, 28},       {EIO, 29},       {EISDIR, 31},
               {ELOOP, 32},  {EMFILE, 33}, {EMLINK, 34},  {ENFILE, 41},       {ENODEV, 43},    {ENOENT, 44},
               {ENOMEM, 48}, {ENOSPC, 51}, {ENOSYS, 52},  {ENAMETOOLONG, 37}, {ENOTDIR, 54},   {ENOTTY, 59},
               {ENXIO, 60},  {EPERM, 63},  {EPIPE, 64},   {ERANGE, 68},       {ENOTEMPTY, 55}, {EROFS, 69},
               {ESPIPE, 70}, {EXDEV, 75},  {ENOTSUP, 58}, {EDQUOT, 19},       {ETXTBSY, 74}};
    for (size_t i = 0; i < COUNT_OF(map); i++)
        if (map[i].host == number) return map[i].wasi;
    return number ? E_IO : E_SUCCESS;
}

static uint32_t result_of(int outcome)
{
    return outcome < 0 ? error_of(errno) : E_SUCCESS;
}

/* ---- the program's memory ---- */

struct call {
    struct wasi *w;
    struct wasm_memory *memory;
    struct wasm_context *context;
    union wasm_value *values;
};

/* NULL: not all of it lies in the memory. */
static void *guest(const struct call *c, uint32_t at, uint64_t bytes)
{
    if (!c->memory || bytes > c->memory->size || at > c->memory->size - bytes) return NULL;
    return c->memory->base + at;
}

static bool put(const struct call *c, uint32_t at, const void *from, uint32_t bytes)
{
    void *to = guest(c, at, bytes);
    if (to) memcpy(to, from, bytes);
    return to;
}
static uint32_t put32(const struct call *c, uint32_t at, uint32_t v)
{
    return put(c, at, &v, 4) ? E_SUCCESS : E_FAULT;
}
static uint32_t put64(const struct call *c, uint32_t at, uint64_t v)
{
    return put(c, at, &v, 8) ? E_SUCCESS : E_FAULT;
}

#define A32(n) (c->values[n].i32)
#define A64(n) (c->values[n].i64)

/* ---- files ---- */

static struct wasi_file *file(const struct call *c, uint32_t fd)
{
    return fd < WASI_FILES && c->w->files[fd].fd >= 0 ? &c->w->files[fd] : NULL;
}

static uint32_t free_file(struct wasi *w)
{
    for (uint32_t i = 3; i < WASI_FILES; i++)
        if (w->files[i].fd < 0) return i;
    return WASI_FILES;
}

/* A path taken apart: the folder that holds its last component (to be closed by the caller), and that component. */
struct place {
    int folder;
    char last[256];
};

static uint32_t open_step(struct place *p, const char *name)
{
    int next = openat(p->folder, name, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    int number = errno;
    close(p->folder);
    p->folder = next;
    return next < 0 ? error_of(number) : E_SUCCESS;
}

/* ".." is resolved in the text: since no link is followed that is what the file system would say. */
static uint32_t find(const struct call *c, uint32_t fd, uint32_t at, uint32_t size, struct place *p)
{
    struct wasi_file *f = file(c, fd);
    const char *text = guest(c, at, size);
    char *names[64];
    char copy[4096];
    unsigned count = 0;
    if (!f) return E_BADF;
    if (!f->is_folder) return E_NOTDIR;
    if (!text) return E_FAULT;
    if (size >= sizeof copy) return E_NAMETOOLONG;
    if (size && text[0] == '/') return E_NOTCAPABLE;
    memcpy(copy, text, size);
    copy[size] = 0;
    if (strlen(copy) != size) return E_INVAL;
    char *rest = copy;
    for (char *name; (name = strsep(&rest, "/"));) {
        if (!*name || strcmp(name, ".") == 0) continue;
        if (strcmp(name, "..") == 0) {
            if (!count) return E_NOTCAPABLE;
            count--;
            continue;
        }
        if (count == COUNT_OF(names) || strlen(name) >= sizeof p->last) return E_NAMETOOLONG;
        names[count++] = name;
    }
    p->folder = fcntl(f->fd, F_DUPFD_CLOEXEC, 0);
    if (p->folder < 0) return error_of(errno);
    for (unsigned i = 0; i + 1 < count; i++) {
        uint32_t e = open_step(p, names[i]);
        if (e) return e;
    }
    strcpy(p->last, count ? names[count - 1] : ".");
    return E_SUCCESS;
}

static uint32_t leave(struct place *p, int outcome)
{
    int number = errno;
    close(p->folder);
    return outcome < 0 ? error_of(number) : E_SUCCESS;
}

/* ---- arguments and environment ---- */

static uint32_t put_strings(const struct call *c, char **strings, uint32_t count, uint32_t pointers,
                            uint32_t text)
{
    for (uint32_t i = 0; i < count; i++) {
        uint32_t size = (uint32_t)strlen(strings[i]) + 1;
        if (put32(c, pointers + 4 * i, text) || !put(c, text, strings[i], size)) return E_FAULT;
        text += size;
    }
    return E_SUCCESS;
}

static uint32_t put_sizes(const struct call *c, char **strings, uint32_t count, uint32_t to_count,
                          uint32_t to_bytes)
{
    uint32_t bytes = 0;
    for (uint32_t i = 0; i < count; i++) bytes += (uint32_t)strlen(strings[i]) + 1;
    return put32(c, to_count, count) ? E_FAULT : put32(c, to_bytes, bytes);
}

static uint32_t do_args_get(struct call *c)
{
    return put_strings(c, c->w->arguments, c->w->argument_count, A32(0), A32(1));
}
static uint32_t do_args_sizes_get(struct call *c)
{
    return put_sizes(c, c->w->arguments, c->w->argument_count, A32(0), A32(1));
}
static uint32_t do_environ_get(struct call *c)
{
    return put_strings(c, c->w->environment, c->w->environment_count, A32(0), A32(1));
}
static uint32_t do_environ_sizes_get(struct call *c)
{
    return put_sizes(c, c->w->environment, c->w->environment_count, A32(0), A32(1));
}

/* ---- clocks, chance, the process ---- */

static bool clock_of(uint32_t id, clockid_t *clock)
{
    static const clockid_t clocks[] = {CLOCK_REALTIME, CLOCK_MONOTONIC, CLOCK_PROCESS_CPUTIME_ID,
                                       CLOCK_THREAD_CPUTIME_ID};
    if (id >= COUNT_OF(clocks)) return false;
    *clock = clocks[id];
    return true;
}

static uint64_t nanoseconds(struct timespec t)
{
    return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static uint32_t do_clock_res_get(struct call *c)
{
    clockid_t clock;
    struct timespec t;
    if (!clock_of(A32(0), &clock)) return E_INVAL;
    if (clock_getres(clock, &t) < 0) return error_of(errno);
    return put64(c, A32(1), nanoseconds(t));
}

static uint32_t do_clock_time_get(struct call *c)
{
    clockid_t clock;
    struct timespec t;
    if (!clock_of(A32(0), &clock)) return E_INVAL;
    if (clock_gettime(clock, &t) < 0) return error_of(errno);
    return put64(c, A32(2), nanoseconds(t));
}

static uint32_t do_random_get(struct call *c)
{
    uint8_t *to = guest(c, A32(0), A32(1));
    if (!to) return E_FAULT;
    for (uint32_t done = 0; done < A32(1);) {
        ssize_t n = getrandom(to + done, A32(1) - done, 0);
        if (n < 0 && errno != EINTR) return error_of(errno);
        if (n > 0) done += (uint32_t)n;
    }
    return E_SUCCESS;
}

static uint32_t do_sched_yield(struct call *c)
{
    return result_of(sched_yield());
}
static uint32_t do_proc_exit(struct call *c)
{
    c->context->exit_code = A32(0);
    return E_SUCCESS;
}
static uint32_t do_proc_raise(struct call *c)
{
    return E_NOSYS;
}

/* ---- reading and writing ---- */

struct vectors {
    struct iovec list[64];
    int count;
};

/* At most 64 pieces at a time: a short transfer is allowed. */
static uint32_t vectors(const struct call *c, uint32_t at, uint32_t count, struct vectors *v)
{
    v->count = 0;
    for (uint32_t i = 0; i < count && v->count < (int)COUNT_OF(v->list); i++) {
        const uint32_t *pair = guest(c, at + 8 * i, 8);
        if (!pair) return E_FAULT;
        uint32_t piece[2];
        memcpy(piece, pair, 8);
        void *base = guest(c, piece[0], piece[1]);
        if (!base) return E_FAULT;
        if (piece[1]) v->list[v->count++] = (struct iovec){base, piece[1]};
    }
    return E_SUCCESS;
}

enum transfer { READ, WRITE };

static uint32_t transfer(struct call *c, enum transfer how, bool positioned)
{
    struct wasi_file *f = file(c, A32(0));
    struct vectors v;
    ssize_t n;
    if (!f) return E_BADF;
    uint32_t e = vectors(c, A32(1), A32(2), &v);
    if (e) return e;
    do {
        if (positioned) {
            n = how == READ ? preadv(f->fd, v.list, v.count, (off_t)A64(3))
                            : pwritev(f->fd, v.list, v.count, (off_t)A64(3));
        } else {
            n = how == READ ? readv(f->fd, v.list, v.count) : writev(f->fd, v.list, v.count);
        }
    } while (n < 0 && errno == EINTR);
    if (n < 0) return error_of(errno);
    return put32(c, A32(positioned ? 4 : 3), (uint32_t)n);
}

static uint32_t do_fd_read(struct call *c)
{
    return transfer(c, READ, false);
}
static uint32_t do_fd_write(struct call *c)
{
    return transfer(c, WRITE, false);
}
static uint32_t do_fd_pread(struct call *c)
{
    return transfer(c, READ, true);
}
static uint32_t do_fd_pwrite(struct call *c)
{
    return transfer(c, WRITE, true);
}

static uint32_t do_fd_seek(struct call *c)
{
    static const int whences[] = {SEEK_SET, SEEK_CUR, SEEK_END};
    struct wasi_file *f = file(c, A32(0));
    if (!f) return E_BADF;
    if (A32(2) > 2) return E_INVAL;
    if (f->is_folder) return E_BADF;
    off_t at = lseek(f->fd, (off_t)A64(1), whences[A32(2)]);
    return at < 0 ? error_of(errno) : put64(c, A32(3), (uint64_t)at);
}

static uint32_t do_fd_tell(struct call *c)
{
    struct wasi_file *f = file(c, A32(0));
    if (!f) return E_BADF;
    off_t at = lseek(f->fd, 0, SEEK_CUR);
    return at < 0 ? error_of(errno) : put64(c, A32(1), (uint64_t)at);
}

static uint32_t do_fd_close(struct call *c)
{
    struct wasi_file *f = file(c, A32(0));
    if (!f) return E_BADF;
    int outcome = f->fd > 2 ? close(f->fd) : 0; /* the host's own console stays */
    f->fd = -1;
    return result_of(outcome);
}

static uint32_t do_fd_renumber(struct call *c)
{
    struct wasi_file *from = file(c, A32(0)), *to = file(c, A32(1));
    if (!from || !to) return E_BADF;
    if (from == to) return E_SUCCESS;
    if (to->fd > 2) close(to->fd);
    *to = *from;
    from->fd = -1;
    return E_SUCCESS;
}

static uint32_t do_fd_sync(struct call *c)
{
    struct wasi_file *f = file(c, A32(0));
    return f ? result_of(fsync(f->fd)) : E_BADF;
}
static uint32_t do_fd_datasync(struct call *c)
{
    struct wasi_file *f = file(c, A32(0));
    return f ? result_of(fdatasync(f->fd)) : E_BADF;
}
static uint32_t do_fd_advise(struct call *c)
{
    return file(c, A32(0)) ? E_SUCCESS : E_BADF;
}
static uint32_t do_fd_allocate(struct call *c)
{
    struct wasi_file *f = file(c, A32(0));
    return f ? error_of(posix_fallocate(f->fd, (off_t)A64(1), (off_t)A64(2))) : E_BADF;
}

/* ---- what a file is ---- */

static uint8_t type_of(mode_t mode)
{
    return S_ISBLK(mode)    ? 1
           : S_ISCHR(mode)  ? 2
           : S_ISDIR(mode)  ? 3
           : S_ISREG(mode)  ? 4
           : S_ISLNK(mode)  ? 7
           : S_ISSOCK(mode) ? 6
                            : 0;
}

#define RIGHTS_ALL ((uint64_t)0x1fffffff)
#define RIGHTS_SEEK ((uint64_t)1 << 2 | (uint64_t)1 << 5)

static uint32_t do_fd_fdstat_get(struct call *c)
{
    struct wasi_file *f = file(c, A32(0));
    struct stat s;
    if (!f) return E_BADF;
    if (fstat(f->fd, &s) < 0) return error_of(errno);
    struct {
        uint8_t type, none;
        uint16_t flags;
        uint32_t none2;
        uint64_t rights, inheriting;
    } stat = {type_of(s.st_mode), 0, f->appends ? 1 : 0, 0, RIGHTS_ALL, RIGHTS_ALL};
    if (stat.type == 2 || stat.type == 0) stat.rights &= ~RIGHTS_SEEK; /* how programs know a terminal */
    return put(c, A32(1), &stat, sizeof stat) ? E_SUCCESS : E_FAULT;
}

static uint32_t do_fd_fdstat_set_flags(struct call *c)
{
    struct wasi_file *f = file(c, A32(0));
    if (!f) return E_BADF;
    int flags = fcntl(f->fd, F_GETFL);
    flags = (flags & ~(O_APPEND | O_NONBLOCK)) | (A32(1) & 1 ? O_APPEND : 0) | (A32(1) & 4 ? O_NONBLOCK : 0);
    if (f->fd > 2 && fcntl(f->fd, F_SETFL, flags) < 0) return error_of(errno);
    f->appends = A32(1) & 1;
    return E_SUCCESS;
}
static uint32_t do_fd_fdstat_set_rights(struct call *c)
{
    return file(c, A32(0)) ? E_SUCCESS : E_BADF;
}

static uint32_t put_stat(const struct call *c, uint32_t at, const struct stat *s)
{
    struct {
        uint64_t device, inode;
        uint64_t type, links, size, accessed, modified, changed;
    } stat = {s->st_dev,
              s->st_ino,
              type_of(s->st_mode),
              s->st_nlink,
              (uint64_t)s->st_size,
              nanoseconds(s->st_atim),
              nanoseconds(s->st_mtim),
              nanoseconds(s->st_ctim)};
    return put(c, at, &stat, sizeof stat) ? E_SUCCESS : E_FAULT;
}

static uint32_t do_fd_filestat_get(struct call *c)
{
    struct wasi_file *f = file(c, A32(0));
    struct stat s;
    if (!f) return E_BADF;
    return fstat(f->fd, &s) < 0 ? error_of(errno) : put_stat(c, A32(1), &s);
}
static uint32_t do_fd_filestat_set_size(struct call *c)
{
    struct wasi_file *f = file(c, A32(0));
    return f ? result_of(ftruncate(f->fd, (off_t)A64(1))) : E_BADF;
}

static void times(uint64_t accessed, uint64_t modified, uint32_t flags, struct timespec out[2])
{
    out[0] = (struct timespec){(time_t)(accessed / 1000000000), flags & 1   ? (long)(accessed % 1000000000)
                                                                : flags & 2 ? UTIME_NOW
                                                                            : UTIME_OMIT};
    out[1] = (struct timespec){(time_t)(modified / 1000000000), flags & 4   ? (long)(modified % 1000000000)
                                                                : flags & 8 ? UTIME_NOW
                                                                            : UTIME_OMIT};
}

static uint32_t do_fd_filestat_set_times(struct call *c)
{
    struct wasi_file *f = file(c, A32(0));
    struct timespec t[2];
    times(A64(1), A64(2), A32(3), t);
    return f ? result_of(futimens(f->fd, t)) : E_BADF;
}

/* ---- folders ---- */

static uint32_t do_fd_prestat_get(struct call *c)
{
    struct wasi_file *f = file(c, A32(0));
    if (!f || !f->is_preopened) return E_BADF;
    uint32_t stat[2] = {0, (uint32_t)strlen(f->name)};
    return put(c, A32(1), stat, sizeof stat) ? E_SUCCESS : E_FAULT;
}
static uint32_t do_fd_prestat_dir_name(struct call *c)
{
    struct wasi_file *f = file(c, A32(0));
    if (!f || !f->is_preopened) return E_BADF;
    uint32_t size = (uint32_t)strlen(f->name);
    if (A32(2) < size) return E_NAMETOOLONG;
    return put(c, A32(1), f->name, size) ? E_SUCCESS : E_FAULT;
}

static uint8_t entry_type(unsigned char type)
{
    return type == DT_DIR   ? 3
           : type == DT_REG ? 4
           : type == DT_LNK ? 7
           : type == DT_CHR ? 2
           : type == DT_BLK ? 1
                            : 0;
}

/* The cookie of an entry is its number: the folder is read from its beginning each time. */
static uint32_t do_fd_readdir(struct call *c)
{
    struct wasi_file *f = file(c, A32(0));
    uint32_t at = A32(1), room = A32(2), used = 0;
    uint64_t number = 0;
    if (!f) return E_BADF;
    if (!f->is_folder) return E_NOTDIR;
    if (!guest(c, at, room)) return E_FAULT;
    int copy = openat(f->fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *d = copy < 0 ? NULL : fdopendir(copy);
    if (!d) {
        uint32_t e = error_of(errno);
        if (copy >= 0) close(copy);
        return e;
    }
    for (struct dirent *entry; used < room && (entry = readdir(d));) {
        if (number++ < A64(3)) continue;
        struct {
            uint64_t next, inode;
            uint32_t size, type;
        } head = {number, entry->d_ino, (uint32_t)strlen(entry->d_name), entry_type(entry->d_type)};
        uint32_t n = room - used < sizeof head ? room - used : (uint32_t)sizeof head;
        put(c, at + used, &head, n);
        used += n;
        n = room - used < head.size ? room - used : head.size;
        put(c, at + used, entry->d_name, n);
        used += n;
    }
    closedir(d);
    return put32(c, A32(4), used);
}

static uint32_t do_path_open(struct call *c)
{
    enum { CREATE = 1, DIRECTORY = 2, EXCLUSIVE = 4, TRUNCATE = 8 };
    enum { CAN_READ = 2, CAN_WRITE = 64 };
    struct place p;
    uint32_t slot = free_file(c->w), options = A32(4);
    uint64_t rights = A64(5);
    if (slot == WASI_FILES) return E_MFILE;
    uint32_t e = find(c, A32(0), A32(2), A32(3), &p);
    if (e) return e;
    bool writes = rights & CAN_WRITE || options & TRUNCATE;
    int flags =
        O_NOFOLLOW | O_CLOEXEC | O_NOCTTY | (writes ? rights & CAN_READ ? O_RDWR : O_WRONLY : O_RDONLY);
    flags |= (options & CREATE ? O_CREAT : 0) | (options & DIRECTORY ? O_DIRECTORY : 0) |
             (options & EXCLUSIVE ? O_EXCL : 0) | (options & TRUNCATE ? O_TRUNC : 0) |
             (A32(7) & 1 ? O_APPEND : 0) | (A32(7) & 4 ? O_NONBLOCK : 0);
    struct stat s;
    if (options & DIRECTORY) flags &= ~(O_RDWR | O_WRONLY | O_CREAT);
    int fd = openat(p.folder, p.last, flags, 0666);
    e = leave(&p, fd);
    if (e) return e;
    bool is_folder = fstat(fd, &s) == 0 && S_ISDIR(s.st_mode);
    c->w->files[slot] = (struct wasi_file){.fd = fd, .is_folder = is_folder, .appends = A32(7) & 1};
    return put32(c, A32(8), slot);
}

static uint32_t do_path_create_directory(struct call *c)
{
    struct place p;
    uint32_t e = find(c, A32(0), A32(1), A32(2), &p);
    return e ? e : leave(&p, mkdirat(p.folder, p.last, 0777));
}
static uint32_t do_path_remove_directory(struct call *c)
{
    struct place p;
    uint32_t e = find(c, A32(0), A32(1), A32(2), &p);
    return e ? e : leave(&p, unlinkat(p.folder, p.last, AT_REMOVEDIR));
}
static uint32_t do_path_unlink_file(struct call *c)
{
    struct place p;
    uint32_t e = find(c, A32(0), A32(1), A32(2), &p);
    return e ? e : leave(&p, unlinkat(p.folder, p.last, 0));
}
static uint32_t do_path_filestat_get(struct call *c)
{
    struct place p;
    struct stat s;
    uint32_t e = find(c, A32(0), A32(2), A32(3), &p);
    if (!e) e = leave(&p, fstatat(p.folder, p.last, &s, AT_SYMLINK_NOFOLLOW));
    return e ? e : put_stat(c, A32(4), &s);
}
static uint32_t do_path_filestat_set_times(struct call *c)
{
    struct place p;
    struct timespec t[2];
    uint32_t e = find(c, A32(0), A32(2), A32(3), &p);
    times(A64(4), A64(5), A32(6), t);
    return e ? e : leave(&p, utimensat(p.folder, p.last, t, AT_SYMLINK_NOFOLLOW));
}
static uint32_t do_path_readlink(struct call *c)
{
    struct place p;
    char text[4096];
    uint32_t e = find(c, A32(0), A32(1), A32(2), &p);
    if (e) return e;
    ssize_t n = readlinkat(p.folder, p.last, text, sizeof text);
    e = leave(&p, (int)n);
    if (e) return e;
    uint32_t size = (uint32_t)n < A32(4) ? (uint32_t)n : A32(4);
    return put(c, A32(3), text, size) ? put32(c, A32(5), size) : E_FAULT;
}

static uint32_t two_places(struct call *c, unsigned first, unsigned second, struct place *from,
                           struct place *to)
{
    uint32_t e = find(c, A32(first), A32(first + 1), A32(first + 2), from);
    if (e) return e;
    e = find(c, A32(second), A32(second + 1), A32(second + 2), to);
    if (e) close(from->folder);
    return e;
}
static uint32_t do_path_rename(struct call *c)
{
    struct place from, to;
    uint32_t e = two_places(c, 0, 3, &from, &to);
    if (e) return e;
    e = leave(&to, renameat(from.folder, from.last, to.folder, to.last));
    close(from.folder);
    return e;
}
/* Links: a hard link stays inside; a symbolic one could point anywhere and is not made. */
static uint32_t do_path_link(struct call *c)
{
    struct place from, to;
    uint32_t e = find(c, A32(0), A32(2), A32(3), &from);
    if (e) return e;
    e = find(c, A32(4), A32(5), A32(6), &to);
    if (!e) e = leave(&to, linkat(from.folder, from.last, to.folder, to.last, 0));
    close(from.folder);
    return e;
}
static uint32_t do_path_symlink(struct call *c)
{
    return E_NOTSUP;
}

/* ---- waiting ---- */

struct subscription {
    uint64_t user;
    uint8_t tag, none[7];
    uint32_t clock_or_fd, none2;
    uint64_t timeout, precision;
    uint16_t flags, none3[3];
};
struct event {
    uint64_t user;
    uint16_t error;
    uint8_t type, none[5];
    uint64_t bytes;
    uint16_t flags, none2[3];
};
_Static_assert(sizeof(struct subscription) == 48 && sizeof(struct event) == 32, "as the interface has them");

/* Nanoseconds until a clock's subscription is due. */
static uint64_t due(const struct subscription *s)
{
    clockid_t clock;
    struct timespec now;
    if (!(s->flags & 1)) return s->timeout;
    if (!clock_of(s->clock_or_fd, &clock) || clock_gettime(clock, &now) < 0) return 0;
    return s->timeout > nanoseconds(now) ? s->timeout - nanoseconds(now) : 0;
}

static uint32_t do_poll_oneoff(struct call *c)
{
    uint32_t count = A32(2), files = 0, events = 0;
    struct pollfd polls[64];
    struct subscription s;
    uint64_t least = UINT64_MAX;
    if (!count || count > COUNT_OF(polls)) return E_INVAL;
    if (!guest(c, A32(0), (uint64_t)count * sizeof s) ||
        !guest(c, A32(1), (uint64_t)count * sizeof(struct event)))
        return E_FAULT;
    for (uint32_t i = 0; i < count; i++) {
        memcpy(&s, guest(c, A32(0) + (uint32_t)sizeof s * i, sizeof s), sizeof s);
        struct wasi_file *f = s.tag ? file(c, s.clock_or_fd) : NULL;
        if (s.tag)
            polls[files++] = (struct pollfd){f ? f->fd : -1, s.tag == 1 ? POLLIN : POLLOUT, 0};
        else if (due(&s) < least)
            least = due(&s);
    }
    struct timespec wait = {(time_t)(least / 1000000000), (long)(least % 1000000000)};
    int ready = ppoll(polls, files, least == UINT64_MAX ? NULL : &wait, NULL);
    if (ready < 0) return error_of(errno);
    for (uint32_t i = 0, k = 0; i < count; i++) {
        memcpy(&s, guest(c, A32(0) + (uint32_t)sizeof s * i, sizeof s), sizeof s);
        bool happened =
            s.tag ? polls[k++].revents != 0 : ready == 0 && (s.flags & 1 ? due(&s) == 0 : s.timeout <= least);
        struct event event = {.user = s.user, .type = s.tag};
        if (happened) put(c, A32(1) + (uint32_t)sizeof event * events++, &event, sizeof event);
    }
    return put32(c, A32(3), events);
}

static uint32_t do_sock_accept(struct call *c)
{
    return E_NOSYS;
}
static uint32_t do_sock_recv(struct call *c)
{
    return E_NOSYS;
}
static uint32_t do_sock_send(struct call *c)
{
    return E_NOSYS;
}
static uint32_t do_sock_shutdown(struct call *c)
{
    return E_NOSYS;
}

/* ---- the table ---- */

static const struct entry {
    const char *name, *parameters;
    bool has_result;
    uint32_t capability;
    bool deterministic;
    uint32_t (*call)(struct call *);
} entries[] = {
#define WASI(name, parameters, result, capability, deterministic)                                            \
    {#name, parameters, result, WASI_CAN_##capability, deterministic, do_##name},
#include "loader/port/hosted/wasi.def"
#undef WASI
};

static enum wasm_trap enter(struct wasm_instance *caller, void *context, union wasm_value *values)
{
    const struct entry *e = context;
    struct call c = {.w = caller->user, .context = caller->context, .values = values};
    if (caller->module->memory_count)
        c.memory = WASM_AT(caller, struct wasm_memory *, caller->code->layout.memories)[0];
    bool may = (c.w->capabilities & e->capability) == e->capability;
    uint32_t result = may ? e->call(&c) : E_NOTCAPABLE;
    if (!e->has_result) return WASM_TRAP_EXIT;
    values[0].i64 = result;
    return WASM_TRAP_NONE;
}

bool wasi_resolve(struct wasi *w, const struct wasm_import *import, struct wasm_extern *found)
{
    static const char module[] = "wasi_snapshot_preview1";
    if (import->module.size != sizeof module - 1 ||
        memcmp(import->module.bytes, module, sizeof module - 1) != 0)
        return false;
    for (size_t i = 0; i < COUNT_OF(entries); i++) {
        const struct entry *e = &entries[i];
        if (strlen(e->name) != import->name.size ||
            memcmp(e->name, import->name.bytes, import->name.size) != 0)
            continue;
        if (w->deterministic && !e->deterministic) return false;
        static uint8_t types[COUNT_OF(entries)][12];
        uint32_t n = (uint32_t)strlen(e->parameters);
        for (uint32_t k = 0; k < n; k++) types[i][k] = e->parameters[k] == 'i' ? WASM_I32 : WASM_I64;
        types[i][n] = WASM_I32;
        *found = (struct wasm_extern){
            .kind = WASM_EXTERN_FUNCTION,
            .host = enter,
            .host_context = (void *)(uintptr_t)e,
            .host_type = {.types = types[i], .param_count = n, .result_count = e->has_result}};
        return true;
    }
    return false;
}

static uint32_t length(char **strings)
{
    uint32_t n = 0;
    while (strings[n]) n++;
    return n;
}

void wasi_open(struct wasi *w, uint32_t capabilities, char **arguments, char **environment)
{
    *w = (struct wasi){.capabilities = capabilities,
                       .arguments = arguments,
                       .environment = environment,
                       .argument_count = length(arguments),
                       .environment_count = length(environment)};
    for (int i = 0; i < WASI_FILES; i++) w->files[i].fd = i < 3 && (capabilities & WASI_CAN_CONSOLE) ? i : -1;
}

bool wasi_add_folder(struct wasi *w, const char *host_path, const char *name)
{
    uint32_t slot = free_file(w);
    int fd = slot < WASI_FILES ? open(host_path, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
    if (fd < 0) return false;
    w->files[slot] = (struct wasi_file){.fd = fd, .is_folder = true, .is_preopened = true, .name = name};
    w->capabilities |= WASI_CAN_FOLDERS;
    return true;
}

void wasi_close(struct wasi *w)
{
    for (int i = 0; i < WASI_FILES; i++)
        if (w->files[i].fd > 2) close(w->files[i].fd);
}
