/* Files and directories of the host. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "runtime/port/hosted/hosted.h"

static int64_t failure(void)
{
    switch (errno) {
    case ENOENT: return -PORT_NOT_FOUND;
    case EACCES:
    case EPERM:
    case EROFS: return -PORT_DENIED;
    case EEXIST:
    case ENOTEMPTY: return -PORT_EXISTS;
    case ENOTDIR: return -PORT_NOT_DIRECTORY;
    case EISDIR: return -PORT_IS_DIRECTORY;
    case EBUSY:
    case ETXTBSY: return -PORT_BUSY;
    case ENOSPC:
    case EDQUOT:
    case EMFILE:
    case ENFILE: return -PORT_FULL;
    case EINVAL:
    case ENAMETOOLONG:
    case ELOOP: return -PORT_INVALID;
    case EAGAIN: return -PORT_WOULD_BLOCK;
    default: return -PORT_IO;
    }
}

int64_t port_file_open(struct port *p, const char *path, unsigned flags)
{
    int mode = (flags & PORT_WRITE) == 0 ? O_RDONLY : (flags & PORT_READ) != 0 ? O_RDWR : O_WRONLY;
    if ((flags & PORT_CREATE) != 0) mode |= O_CREAT;
    if ((flags & PORT_TRUNCATE) != 0) mode |= O_TRUNC;
    if ((flags & PORT_APPEND) != 0) mode |= O_APPEND;
    int f = open(path, mode | O_CLOEXEC | O_NONBLOCK, 0666);
    return f < 0 ? failure() : f;
}

int64_t port_file_read(struct port *p, int64_t file, void *to, size_t bytes)
{
    ssize_t n;
    do n = read((int)file, to, bytes);
    while (n < 0 && errno == EINTR);
    return n < 0 ? failure() : n;
}

int64_t port_file_write(struct port *p, int64_t file, const void *from, size_t bytes)
{
    ssize_t n;
    do n = write((int)file, from, bytes);
    while (n < 0 && errno == EINTR);
    return n < 0 ? failure() : n;
}

int64_t port_file_seek(struct port *p, int64_t file, uint64_t offset)
{
    off_t n = lseek((int)file, (off_t)offset, SEEK_SET);
    return n < 0 ? failure() : n;
}

void port_file_close(struct port *p, int64_t file)
{
    close((int)file);
}

int64_t port_file_stat(struct port *p, const char *path, struct port_stat *out)
{
    struct stat s;
    if (stat(path, &s) != 0) return failure();
    out->size_bytes = (uint64_t)s.st_size;
    out->modified_us = (int64_t)s.st_mtim.tv_sec * 1000000 + s.st_mtim.tv_nsec / 1000;
    out->is_directory = S_ISDIR(s.st_mode);
    return 0;
}

int64_t port_file_delete(struct port *p, const char *path)
{
    return remove(path) != 0 ? failure() : 0;
}

int64_t port_file_rename(struct port *p, const char *from, const char *to)
{
    return rename(from, to) != 0 ? failure() : 0;
}

int64_t port_directory_make(struct port *p, const char *path)
{
    return mkdir(path, 0777) != 0 ? failure() : 0;
}

int64_t port_directory_list(struct port *p, const char *path, char *to, size_t bytes)
{
    DIR *d = opendir(path);
    if (d == NULL) return failure();
    size_t used = 0;
    bool full = false;
    for (struct dirent *e; (e = readdir(d)) != NULL;) {
        if (strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0) continue;
        size_t n = strlen(e->d_name) + 1;
        full = bytes - used < n;
        if (full) break;
        memcpy(to + used, e->d_name, n);
        used += n;
    }
    closedir(d);
    return full ? -PORT_FULL : (int64_t)used;
}
