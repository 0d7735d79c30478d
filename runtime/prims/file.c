/* Files of the host.  Every call is bounded; large files are read and written piece by piece by code in Lonala. */
#include "base/mem.h"
#include "runtime/gc/pool.h"
#include "runtime/prims/declare.h"
#include "runtime/sched/domain.h"
#include "runtime/sched/scheduler.h"
#include "runtime/value/collection.h"
#include "runtime/value/number.h"
#include "runtime/value/string.h"

#define PATH_BYTES 4096
#define READ_BYTES (1u << 20)

static struct port *port_of(struct process *p)
{
    return p->domain->system->port;
}

static bool has_zero(const char *bytes, size_t size)
{
    for (size_t i = 0; i < size; i++)
        if (bytes[i] == 0) return true;
    return false;
}

static bool climbs(const char *path)
{
    for (size_t i = 0; path[i] != 0; i++)
        if (path[i] == '.' && path[i + 1] == '.') return true;
    return false;
}

static bool path_of(struct process *p, const char *function, value v, char path[PATH_BYTES])
{
    size_t size;
    if (!is_string(v)) {
        fail_type(p, function, 1, v, "a path, as a string");
        return false;
    }
    const char *bytes = string_bytes(v, &size);
    if (size == 0 || size >= PATH_BYTES || has_zero(bytes, size)) {
        process_fail(p, ERR_ARGUMENT, v, "%s: a path has 1 to %d bytes, none of them 0", function,
                     (int64_t)PATH_BYTES - 1);
        return false;
    }
    memcpy(path, bytes, size);
    path[size] = 0;
    return true;
}

static value port_fail(struct process *p, int64_t error, value about)
{
    switch ((enum port_error) - error) {
    case PORT_NOT_FOUND: return process_fail(p, ERR_NOT_FOUND, about, "there is no file %v", about);
    case PORT_DENIED: return process_fail(p, ERR_NO_CAPABILITY, about, "access to %v is not allowed", about);
    case PORT_EXISTS: return process_fail(p, ERR_IO, about, "%v exists already, or is not empty", about);
    case PORT_NOT_DIRECTORY: return process_fail(p, ERR_IO, about, "a part of %v is not a directory", about);
    case PORT_IS_DIRECTORY: return process_fail(p, ERR_IO, about, "%v is a directory", about);
    case PORT_BUSY: return process_fail(p, ERR_IO, about, "%v is in use", about);
    case PORT_FULL: return process_fail(p, ERR_IO, about, "there is no room left for %v", about);
    case PORT_INVALID: return process_fail(p, ERR_ARGUMENT, about, "the system does not accept %v", about);
    case PORT_WOULD_BLOCK:
    case PORT_IO:
    case PORT_OK: break;
    }
    return process_fail(p, ERR_IO, about, "input or output failed on %v", about);
}

/* The host's files belong to the root domain. */
static bool allowed(struct process *p)
{
    if (p->domain->flags & DOMAIN_FILES) return true;
    process_fail(p, ERR_NO_CAPABILITY, NIL, "this domain holds no capability for files");
    return false;
}

/* A handle that closes its file when nothing refers to it any more. */
#define HANDLE_FILE 1
static value handle_make(struct process *p, int64_t file)
{
    struct object *o = heap_alloc(p, T_HANDLE, 0, 3);
    o->p[0] = (value)file;
    o->p[1] = HANDLE_FILE;
    heap_link_offheap(p, o);
    return from_obj(o);
}

void handle_release(struct system *s, uint64_t port_handle, uint64_t kind)
{
    if (kind == HANDLE_FILE && port_handle != UINT64_MAX) port_file_close(s->port, (int64_t)port_handle);
}

static bool open_file(struct process *p, const char *function, value v, int64_t *file)
{
    if (!is_type(v, T_HANDLE) || to_obj(v)->p[1] != HANDLE_FILE) {
        fail_type(p, function, 1, v, "an open file");
        return false;
    }
    if (to_obj(v)->p[0] == UINT64_MAX) {
        process_fail(p, ERR_STATE, NIL, "%s: the file is closed", function);
        return false;
    }
    *file = (int64_t)to_obj(v)->p[0];
    return true;
}

static bool has_flag(struct process *p, value flags, const char *name)
{
    value k = domain_intern_keyword(p->domain, NULL, 0, name, __builtin_strlen(name));
    return k != NIL && is_set(flags) && set_get(flags, k) != VAL_ABSENT;
}

value prim_file_open(struct process *p, value *a, unsigned argc)
{
    char path[PATH_BYTES];
    if (!allowed(p) || !path_of(p, "-file-open", a[0], path)) return VAL_ERROR;
    if (!is_set(a[1]))
        return fail_type(p, "-file-open", 2, a[1], "a set of :read :write :create :truncate :append");
    unsigned flags =
        (has_flag(p, a[1], "write") ? PORT_WRITE : 0) | (has_flag(p, a[1], "create") ? PORT_CREATE : 0) |
        (has_flag(p, a[1], "truncate") ? PORT_TRUNCATE : 0) | (has_flag(p, a[1], "append") ? PORT_APPEND : 0);
    if (has_flag(p, a[1], "read") || (flags & PORT_WRITE) == 0) flags |= PORT_READ;
    int64_t file = port_file_open(port_of(p), path, flags);
    return file < 0 ? port_fail(p, file, a[0]) : handle_make(p, file);
}

value prim_file_close(struct process *p, value *a, unsigned argc)
{
    if (!is_type(a[0], T_HANDLE) || to_obj(a[0])->p[1] != HANDLE_FILE)
        return fail_type(p, "-file-close", 1, a[0], "a file");
    int64_t file = (int64_t)to_obj(a[0])->p[0];
    if (file >= 0) port_file_close(port_of(p), file);
    to_obj(a[0])->p[0] = UINT64_MAX;
    return NIL;
}

value prim_file_read(struct process *p, value *a, unsigned argc)
{
    int64_t file;
    if (!open_file(p, "-file-read", a[0], &file)) return VAL_ERROR;
    if (!is_fixnum(a[1]) || to_fixnum(a[1]) < 1 || to_fixnum(a[1]) > READ_BYTES)
        return process_fail(p, ERR_ARGUMENT, a[1], "-file-read reads from 1 to %d bytes at a time",
                            (int64_t)READ_BYTES);
    size_t bytes = (size_t)to_fixnum(a[1]);
    void *block = pool_alloc(p->scheduler->heap, bytes);
    if (block == NULL)
        return process_fail(p, ERR_OUT_OF_MEMORY, NIL, "no memory for %u bytes", (uint64_t)bytes);
    int64_t n = port_file_read(port_of(p), file, block, bytes);
    value v = n > 0 ? binary_make(p, block, (size_t)n) : n == 0 ? NIL : port_fail(p, n, NIL);
    pool_free(p->scheduler->heap, block, bytes);
    p->reductions -= (int32_t)(bytes >> 8);
    return v;
}

static bool bytes_of(struct process *p, const char *function, unsigned arg, value v, const char **bytes,
                     size_t *size)
{
    if (is_string(v))
        *bytes = string_bytes(v, size);
    else if (is_binary(v))
        *bytes = (const char *)binary_bytes(v, size);
    else {
        fail_type(p, function, arg, v, "a string or binary");
        return false;
    }
    return true;
}

value prim_file_write(struct process *p, value *a, unsigned argc)
{
    int64_t file;
    const char *bytes;
    size_t size, done = p->prim_state == NIL ? 0 : (size_t)to_fixnum(p->prim_state);
    if (!open_file(p, "-file-write", a[0], &file) || !bytes_of(p, "-file-write", 2, a[1], &bytes, &size))
        return VAL_ERROR;
    size_t piece = size - done < READ_BYTES ? size - done : READ_BYTES;
    int64_t n = piece == 0 ? 0 : port_file_write(port_of(p), file, bytes + done, piece);
    p->prim_state = NIL;
    p->reductions -= (int32_t)(piece >> 8);
    if (n < 0 && n != -PORT_WOULD_BLOCK) return port_fail(p, n, NIL);
    if (n > 0) done += (size_t)n;
    if (done == size) return number_from_u64(p, size);
    p->prim_state = from_fixnum((int64_t)done);
    return VAL_YIELD;
}

value prim_file_seek(struct process *p, value *a, unsigned argc)
{
    int64_t file;
    if (!open_file(p, "-file-seek", a[0], &file)) return VAL_ERROR;
    if (!is_fixnum(a[1]) || to_fixnum(a[1]) < 0)
        return fail_type(p, "-file-seek", 2, a[1], "an offset, from 0 on");
    int64_t n = port_file_seek(port_of(p), file, (uint64_t)to_fixnum(a[1]));
    return n < 0 ? port_fail(p, n, NIL) : number_from_i64(p, n);
}

value prim_file_stat(struct process *p, value *a, unsigned argc)
{
    char path[PATH_BYTES];
    struct port_stat st;
    if (!allowed(p) || !path_of(p, "file-stat", a[0], path)) return VAL_ERROR;
    int64_t n = port_file_stat(port_of(p), path, &st);
    if (n == -PORT_NOT_FOUND || n == -PORT_NOT_DIRECTORY) return NIL;
    if (n < 0) return port_fail(p, n, a[0]);
    struct object *modified = heap_alloc(p, T_INSTANT, 0, 1);
    modified->p[0] = (value)st.modified_us;
    value items[6] = {keyword_c(p, NULL, "size"),      number_from_u64(p, st.size_bytes),
                      keyword_c(p, NULL, "modified"),  from_obj(modified),
                      keyword_c(p, NULL, "directory"), from_bool(st.is_directory)};
    return map_make(p, items, 3);
}

value prim_list_directory(struct process *p, value *a, unsigned argc)
{
    char path[PATH_BYTES];
    if (!allowed(p) || !path_of(p, "list-directory", a[0], path)) return VAL_ERROR;
    size_t room = 1 << 16;
    char *names = NULL;
    int64_t n = -PORT_FULL;
    for (; room <= 1u << 26; room *= 4) {
        names = pool_alloc(p->scheduler->heap, room);
        if (names == NULL) return process_fail(p, ERR_OUT_OF_MEMORY, NIL, "no memory for the directory");
        n = port_directory_list(port_of(p), path, names, room);
        if (n != -PORT_FULL) break;
        pool_free(p->scheduler->heap, names, room);
    }
    if (n == -PORT_FULL) return process_fail(p, ERR_TOO_LARGE, a[0], "%v has too many entries", a[0]);
    value v = n < 0 ? port_fail(p, n, a[0]) : vector_make(p, NULL, 0);
    for (int64_t at = 0; at < n && v != VAL_ERROR;) {
        size_t size = __builtin_strlen(names + at);
        value name = string_make(p, names + at, size);
        if (name != VAL_ERROR)
            v = vector_conj(p, v, name); /* a name that is not UTF-8 cannot be named: left out */
        at += (int64_t)size + 1;
    }
    pool_free(p->scheduler->heap, names, room);
    return v;
}

value prim_delete_file(struct process *p, value *a, unsigned argc)
{
    char path[PATH_BYTES];
    if (!allowed(p) || !path_of(p, "-delete-file", a[0], path)) return VAL_ERROR;
    int64_t n = port_file_delete(port_of(p), path);
    return n < 0 ? port_fail(p, n, a[0]) : NIL;
}

value prim_rename_file(struct process *p, value *a, unsigned argc)
{
    char from[PATH_BYTES], to[PATH_BYTES];
    if (!allowed(p) || !path_of(p, "-rename-file", a[0], from) || !path_of(p, "-rename-file", a[1], to))
        return VAL_ERROR;
    int64_t n = port_file_rename(port_of(p), from, to);
    return n < 0 ? port_fail(p, n, a[0]) : NIL;
}

value prim_make_directory(struct process *p, value *a, unsigned argc)
{
    char path[PATH_BYTES];
    if (!allowed(p) || !path_of(p, "-make-directory", a[0], path)) return VAL_ERROR;
    int64_t n = port_directory_make(port_of(p), path);
    return n < 0 ? port_fail(p, n, a[0]) : NIL;
}

/* ---- whole files: [handle bytes offset] in prim_state between pieces; the blob fills up ---- */

static value blob_binary(struct process *p, struct blob *b)
{
    struct object *o = heap_alloc(p, T_BINARY_BLOB, 0, 4);
    o->p[0] = (value)(uintptr_t)b;
    o->p[1] = 0;
    o->p[2] = b->size_bytes;
    heap_link_offheap(p, o);
    return from_obj(o);
}

static value slurp_begin(struct process *p, const char *path, value about)
{
    struct port_stat st;
    int64_t n = port_file_stat(port_of(p), path, &st);
    if (n == 0 && st.is_directory) n = -PORT_IS_DIRECTORY;
    if (n < 0) return port_fail(p, n, about);
    int64_t file = port_file_open(port_of(p), path, PORT_READ);
    if (file < 0) return port_fail(p, file, about);
    value handle = handle_make(p, file);
    struct blob *b = blob_new(p, st.size_bytes + 1);
    if (b == NULL) return VAL_ERROR; /* the handle closes itself */
    value items[3] = {handle, blob_binary(p, b), from_fixnum(0)};
    p->prim_state = vector_make(p, items, 3);
    return NIL;
}

/* A file that turns out to be longer than its size said: twice the room. */
static value slurp_more_room(struct process *p, value handle, struct blob *old, size_t used)
{
    struct blob *b = blob_new(p, old->size_bytes * 2 + 4096);
    if (b == NULL) return VAL_ERROR;
    memcpy(b->bytes, old->bytes, used);
    value items[3] = {handle, blob_binary(p, b), from_fixnum((int64_t)used)};
    p->prim_state = vector_make(p, items, 3);
    return NIL;
}

static value slurp(struct process *p, const char *path, value about)
{
    if (p->prim_state == NIL && slurp_begin(p, path, about) == VAL_ERROR) return VAL_ERROR;
    value state = p->prim_state, handle = vector_nth(state, 0);
    struct blob *b = (struct blob *)(uintptr_t)to_obj(vector_nth(state, 1))->p[0];
    size_t used = (size_t)to_fixnum(vector_nth(state, 2));
    int64_t file = (int64_t)to_obj(handle)->p[0];
    size_t piece = min_u64(b->size_bytes - used, READ_BYTES);
    int64_t n = port_file_read(port_of(p), file, b->bytes + used, piece);
    p->reductions -= (int32_t)(piece >> 8);
    p->prim_state = NIL;
    if (n < 0) return port_fail(p, n, about);
    if (n == 0) {
        port_file_close(port_of(p), file);
        to_obj(handle)->p[0] = UINT64_MAX;
        return string_make(p, (const char *)b->bytes, used);
    }
    used += (size_t)n;
    if (used == b->size_bytes) {
        if (slurp_more_room(p, handle, b, used) == VAL_ERROR) return VAL_ERROR;
    } else {
        value items[3] = {handle, vector_nth(state, 1), from_fixnum((int64_t)used)};
        p->prim_state = vector_make(p, items, 3);
    }
    return VAL_YIELD;
}

value prim_slurp(struct process *p, value *a, unsigned argc)
{
    char path[PATH_BYTES];
    if (!allowed(p) || !path_of(p, "slurp", a[0], path)) return VAL_ERROR;
    return slurp(p, path, a[0]);
}

/* A file of the library: what every domain may read. */
value prim_read_lib(struct process *p, value *a, unsigned argc)
{
    char name[PATH_BYTES], path[2 * PATH_BYTES];
    if (!path_of(p, "-read-lib", a[0], name)) return VAL_ERROR;
    const char *root = p->domain->system->lib_root;
    size_t root_size = __builtin_strlen(root), size = __builtin_strlen(name);
    if (root_size + 1 + size >= sizeof path || name[0] == '/' || climbs(name))
        return process_fail(p, ERR_ARGUMENT, a[0], "%v is not the name of a library file", a[0]);
    memcpy(path, root, root_size);
    path[root_size] = '/';
    memcpy(path + root_size + 1, name, size + 1);
    return slurp(p, path, a[0]);
}

value prim_spit(struct process *p, value *a, unsigned argc)
{
    char path[PATH_BYTES];
    const char *bytes;
    size_t size;
    if (!allowed(p) || !path_of(p, "-spit", a[0], path) || !bytes_of(p, "-spit", 2, a[1], &bytes, &size))
        return VAL_ERROR;
    bool append = argc > 2 && truthy(a[2]);
    unsigned how = append ? PORT_APPEND : p->prim_state == NIL ? PORT_TRUNCATE : 0;
    size_t done = p->prim_state == NIL ? 0 : (size_t)to_fixnum(p->prim_state);
    int64_t file = port_file_open(port_of(p), path, PORT_WRITE | PORT_CREATE | how);
    p->prim_state = NIL;
    if (file < 0) return port_fail(p, file, a[0]);
    size_t piece = min_u64(size - done, READ_BYTES);
    int64_t n = append || done == 0 ? 0 : port_file_seek(port_of(p), file, done);
    if (n >= 0) n = port_file_write(port_of(p), file, bytes + done, piece);
    port_file_close(port_of(p), file);
    p->reductions -= (int32_t)(piece >> 8);
    if (n < 0) return port_fail(p, n, a[0]);
    done += (size_t)n;
    if (done >= size) return NIL;
    p->prim_state = from_fixnum((int64_t)done);
    return VAL_YIELD;
}
