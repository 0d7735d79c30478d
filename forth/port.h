/* What a Forth instance asks of what is below it, and all that it asks: memory, a console, time, files, blocks, executable
 * memory and the kernel words.  Hosted it is forth/port/hosted; on the machine, the kernel's words.  One port serves one
 * instance.  Text is bytes with a length; errors are the negative codes of THROW, 0 is success. */
#ifndef FORTH_PORT_H
#define FORTH_PORT_H

#include "base/types.h"

struct forth;
struct forth_port;

/* ---- memory ---- */
/* Zeroed memory that costs nothing until touched.  NULL: none left. */
void *forth_port_reserve(struct forth_port *p, size_t bytes);
void forth_port_release(struct forth_port *p, void *at, size_t bytes);

/* ---- code: at most one writable view of what never is writable and executable at once ---- */
void *forth_port_code_reserve(struct forth_port *p, size_t bytes);
void forth_port_code_write(struct forth_port *p, void *at, const void *from, size_t bytes);
void forth_port_code_release(struct forth_port *p, void *at, size_t bytes);

/* ---- console ---- */
void forth_port_type(struct forth_port *p, const char *text, size_t size);
void forth_port_flush(struct forth_port *p);
/* A line without its end; size, or -1 at the end of input.  Where input is a person's, edits with history and completion. */
int64_t forth_port_line(struct forth_port *p, struct forth *f, char *to, size_t max);
int forth_port_key(struct forth_port *p); /* a byte, waiting for it; -1 at the end */
bool forth_port_key_ready(struct forth_port *p);
bool forth_port_is_terminal(struct forth_port *p);

/* ---- time ---- */
uint64_t forth_port_ns(struct forth_port *p);     /* never goes back */
int64_t forth_port_wall_us(struct forth_port *p); /* since 1970-01-01T00:00Z */
int64_t forth_port_sleep(struct forth_port *p, struct forth *f, uint64_t ns);

/* ---- files: numbers from 0; positions in bytes ---- */
enum { FORTH_READ = 1, FORTH_WRITE = 2, FORTH_CREATE = 4 };
int64_t forth_port_open(struct forth_port *p, const char *name, size_t size, int flags, int *file);
int64_t forth_port_close(struct forth_port *p, int file);
int64_t forth_port_read(struct forth_port *p, int file, uint64_t at, void *to, size_t bytes, size_t *got);
int64_t forth_port_write(struct forth_port *p, int file, uint64_t at, const void *from, size_t bytes);
int64_t forth_port_size(struct forth_port *p, int file, uint64_t *bytes);
int64_t forth_port_resize(struct forth_port *p, int file, uint64_t bytes);
int64_t forth_port_sync(struct forth_port *p, int file);
int64_t forth_port_delete(struct forth_port *p, const char *name, size_t size);
int64_t forth_port_rename(struct forth_port *p, const char *from, size_t from_size, const char *to,
                          size_t to_size);
int64_t forth_port_status(struct forth_port *p, const char *name, size_t size, uint64_t *bytes);

/* ---- blocks of 1 KiB ---- */
uint64_t forth_port_blocks(struct forth_port *p); /* how many: 1 .. that number */
int64_t forth_port_block_read(struct forth_port *p, uint64_t block, void *to);
int64_t forth_port_block_write(struct forth_port *p, uint64_t block, const void *from);

/* ---- the end of a quantum: somebody set the instance's attention; a status not 0 ends what runs ---- */
int64_t forth_port_attention(struct forth_port *p, struct forth *f);

/* ---- kernel words (spec/forth_kernel.def): arguments and results in args ---- */
int64_t forth_port_kernel(struct forth_port *p, struct forth *f, unsigned word, int64_t args[4]);

#endif
