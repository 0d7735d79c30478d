/* Files: positions and a buffer for reading lie here, the port reads and writes at a position. */
#include "forth/internal.h"

static struct file_state *file_of(struct forth *f, cell id)
{
    ucell n = (ucell)id - FILE_TAG;
    return n < FILES_MAX && f->files[n].open ? &f->files[n] : NULL;
}

cell p_bin(struct forth *f)
{
    return 0;
}
static cell open(struct forth *f, int create)
{
    int flags = (int)(pop(f) & (FORTH_READ | FORTH_WRITE));
    ucell size = (ucell)pop(f), n = 0;
    const char *name = at(f, pop(f), size);
    if (name == NULL && size != 0) return THROW_ADDRESS;
    while (n < FILES_MAX && f->files[n].open) n++;
    int file = -1;
    cell failed =
        n == FILES_MAX ? THROW_OPEN_FILE : forth_port_open(f->port, name, size, flags | create, &file);
    if (failed == 0)
        f->files[n] = (struct file_state){.open = true, .flags = (uint8_t)flags, .port_file = file};
    push(f, failed == 0 ? (cell)(FILE_TAG + n) : 0);
    push(f, failed);
    return 0;
}
cell p_open_file(struct forth *f)
{
    return open(f, 0);
}
cell p_create_file(struct forth *f)
{
    return open(f, FORTH_CREATE | FORTH_WRITE);
}
cell p_close_file(struct forth *f)
{
    struct file_state *s = file_of(f, pop(f));
    cell failed = s == NULL ? THROW_CLOSE_FILE : forth_port_close(f->port, s->port_file);
    if (s != NULL) s->open = false;
    push(f, failed);
    return 0;
}

/* What is at the file's position, from the buffer if it is there. */
static cell read_some(struct forth *f, struct file_state *s, const char **text, size_t *size)
{
    if (s->at < s->buffer_at || s->at >= s->buffer_at + s->buffered) {
        size_t got = 0;
        int64_t failed = forth_port_read(f->port, s->port_file, s->at, s->buffer, sizeof s->buffer, &got);
        if (failed != 0) return failed;
        s->buffer_at = s->at;
        s->buffered = (uint32_t)got;
    }
    *text = s->buffer + (s->at - s->buffer_at);
    *size = s->buffer_at + s->buffered - s->at;
    return 0;
}
cell p_read_file(struct forth *f)
{
    struct file_state *s = file_of(f, pop(f));
    ucell size = (ucell)pop(f), done = 0;
    char *to = at(f, pop(f), size);
    if (to == NULL && size != 0) return THROW_ADDRESS;
    cell failed = s == NULL || (s->flags & FORTH_READ) == 0 ? THROW_READ_FILE : 0;
    while (failed == 0 && done < size) {
        const char *text;
        size_t some = 0;
        failed = read_some(f, s, &text, &some);
        if (failed != 0 || some == 0) break;
        some = min_u64(some, size - done);
        memcpy(to + done, text, some);
        done += some;
        s->at += some;
    }
    push(f, (cell)done);
    push(f, failed);
    return 0;
}
cell p_read_line(struct forth *f)
{
    struct file_state *s = file_of(f, pop(f));
    ucell size = (ucell)pop(f), done = 0;
    char *to = at(f, pop(f), size);
    if (to == NULL && size != 0) return THROW_ADDRESS;
    cell failed = s == NULL || (s->flags & FORTH_READ) == 0 ? THROW_READ_LINE : 0;
    bool any = false, ended = false;
    while (failed == 0 && !ended) {
        const char *text;
        size_t some = 0, i = 0;
        failed = read_some(f, s, &text, &some);
        if (failed != 0 || some == 0) break;
        any = true;
        if (done == size && text[0] != '\n') break;
        while (i < some && done < size && text[i] != '\n') to[done++] = text[i++];
        if (i < some && text[i] == '\n') {
            i++;
            ended = true;
        }
        s->at += i;
        if (done == size && !ended) break;
    }
    if (ended && done > 0 && to[done - 1] == '\r') done--;
    push(f, (cell)done);
    push(f, FLAG(any));
    push(f, failed);
    return 0;
}
static cell write(struct forth *f, struct file_state *s, const char *text, size_t size, cell code)
{
    if (s == NULL || (s->flags & FORTH_WRITE) == 0) return code;
    int64_t failed = size == 0 ? 0 : forth_port_write(f->port, s->port_file, s->at, text, size);
    if (failed == 0) s->at += size;
    s->buffered = 0;
    return failed;
}
cell p_write_file(struct forth *f)
{
    struct file_state *s = file_of(f, pop(f));
    ucell size = (ucell)pop(f);
    const char *text = at(f, pop(f), size);
    if (text == NULL && size != 0) return THROW_ADDRESS;
    push(f, write(f, s, text, size, THROW_WRITE_FILE));
    return 0;
}
cell p_write_line(struct forth *f)
{
    struct file_state *s = file_of(f, pop(f));
    ucell size = (ucell)pop(f);
    const char *text = at(f, pop(f), size);
    if (text == NULL && size != 0) return THROW_ADDRESS;
    cell failed = write(f, s, text, size, THROW_WRITE_LINE);
    if (failed == 0) failed = write(f, s, "\n", 1, THROW_WRITE_LINE);
    push(f, failed);
    return 0;
}
cell p_file_position(struct forth *f)
{
    struct file_state *s = file_of(f, pop(f));
    push_double(f, s == NULL ? 0 : (__int128)s->at);
    push(f, s == NULL ? THROW_FILE_POSITION_IO : 0);
    return 0;
}
cell p_reposition_file(struct forth *f)
{
    struct file_state *s = file_of(f, pop(f));
    unsigned __int128 to = (unsigned __int128)pop_double(f);
    uint64_t size = 0;
    cell failed = s == NULL ? THROW_REPOSITION_FILE : forth_port_size(f->port, s->port_file, &size);
    if (failed == 0 && to > INT64_MAX) failed = THROW_REPOSITION_FILE;
    if (failed == 0) s->at = (uint64_t)to;
    push(f, failed);
    return 0;
}
cell p_file_size(struct forth *f)
{
    struct file_state *s = file_of(f, pop(f));
    uint64_t size = 0;
    cell failed = s == NULL ? THROW_FILE_SIZE : forth_port_size(f->port, s->port_file, &size);
    push_double(f, (__int128)size);
    push(f, failed);
    return 0;
}
cell p_resize_file(struct forth *f)
{
    struct file_state *s = file_of(f, pop(f));
    unsigned __int128 to = (unsigned __int128)pop_double(f);
    cell failed = s == NULL || to > INT64_MAX ? THROW_RESIZE_FILE
                                              : forth_port_resize(f->port, s->port_file, (uint64_t)to);
    if (s != NULL) s->buffered = 0;
    push(f, failed);
    return 0;
}
cell p_flush_file(struct forth *f)
{
    struct file_state *s = file_of(f, pop(f));
    push(f, s == NULL ? THROW_FLUSH_FILE : forth_port_sync(f->port, s->port_file));
    return 0;
}
static cell pop_text(struct forth *f, const char **text, size_t *size)
{
    *size = (size_t)pop(f);
    *text = at(f, pop(f), *size);
    return *text == NULL && *size != 0 ? THROW_ADDRESS : 0;
}
cell p_delete_file(struct forth *f)
{
    const char *name;
    size_t size;
    cell status = pop_text(f, &name, &size);
    if (status == 0) push(f, forth_port_delete(f->port, name, size));
    return status;
}
cell p_rename_file(struct forth *f)
{
    const char *to, *from;
    size_t to_size, from_size;
    cell status = pop_text(f, &to, &to_size);
    if (status == 0) status = pop_text(f, &from, &from_size);
    if (status == 0) push(f, forth_port_rename(f->port, from, from_size, to, to_size));
    return status;
}
cell p_file_status(struct forth *f)
{
    const char *name;
    size_t size;
    uint64_t bytes = 0;
    cell status = pop_text(f, &name, &size);
    if (status != 0) return status;
    cell failed = forth_port_status(f->port, name, size, &bytes);
    push(f, (cell)bytes);
    push(f, failed);
    return 0;
}

/* ---- interpreting files ---- */
static cell remember(struct forth *f, const char *name, size_t size)
{
    char counted[256];
    if (size > 255 || f->required_count >= COUNT_OF(f->required_files)) return 0;
    counted[0] = (char)size;
    memcpy(counted + 1, name, size);
    uint32_t kept = name_keep(f, counted, size + 1);
    if (kept != 0) f->required_files[f->required_count++] = kept;
    return 0;
}
static bool remembered(struct forth *f, const char *name, size_t size)
{
    for (uint32_t i = 0; i < f->required_count; i++) {
        const char *counted = f->names + f->required_files[i];
        if ((uint8_t)counted[0] == size && memcmp(counted + 1, name, size) == 0) return true;
    }
    return false;
}
/* The name is copied first: it may lie in what the file overwrites. */
static cell include_named(struct forth *f, const char *text, size_t size, bool once)
{
    char name[1024];
    if (size == 0 || size > sizeof name) return THROW_NO_FILE;
    memcpy(name, text, size);
    bool known = remembered(f, name, size);
    if (once && known) return 0;
    if (!known) remember(f, name, size);
    return include_file(f, name, size);
}
cell p_included(struct forth *f)
{
    const char *name;
    size_t size;
    cell status = pop_text(f, &name, &size);
    return status != 0 ? status : include_named(f, name, size, false);
}
cell p_required(struct forth *f)
{
    const char *name;
    size_t size;
    cell status = pop_text(f, &name, &size);
    return status != 0 ? status : include_named(f, name, size, true);
}
cell p_include(struct forth *f)
{
    const char *name;
    size_t size;
    return next_name(f, &name, &size) ? include_named(f, name, size, false) : THROW_NO_NAME;
}
cell p_require(struct forth *f)
{
    const char *name;
    size_t size;
    return next_name(f, &name, &size) ? include_named(f, name, size, true) : THROW_NO_NAME;
}
cell p_include_file(struct forth *f)
{
    struct file_state *s = file_of(f, pop(f));
    if (s == NULL) return THROW_FILE_IO;
    uint64_t from = s->at;
    forth_port_size(f->port, s->port_file, &s->at);
    cell status = include_content(f, s->port_file, from, "file", 4);
    return status;
}
