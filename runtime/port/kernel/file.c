/* There are no files until the file service exists. */
#include "runtime/port/kernel/kernel.h"

int64_t port_file_open(struct port *p, const char *path, unsigned flags)
{
    return -PORT_NOT_FOUND;
}

int64_t port_file_read(struct port *p, int64_t file, void *to, size_t bytes)
{
    return -PORT_INVALID;
}

int64_t port_file_write(struct port *p, int64_t file, const void *from, size_t bytes)
{
    return -PORT_INVALID;
}

int64_t port_file_seek(struct port *p, int64_t file, uint64_t offset)
{
    return -PORT_INVALID;
}

void port_file_close(struct port *p, int64_t file) {}

int64_t port_file_stat(struct port *p, const char *path, struct port_stat *out)
{
    return -PORT_NOT_FOUND;
}

int64_t port_file_delete(struct port *p, const char *path)
{
    return -PORT_NOT_FOUND;
}

int64_t port_file_rename(struct port *p, const char *from, const char *to)
{
    return -PORT_NOT_FOUND;
}

int64_t port_directory_make(struct port *p, const char *path)
{
    return -PORT_DENIED;
}

int64_t port_directory_list(struct port *p, const char *path, char *to, size_t bytes)
{
    return -PORT_NOT_FOUND;
}
