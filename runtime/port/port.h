/* Everything the runtime asks of its surroundings: the needed subset of the kernel's words (spec/words.def), in C.
 * runtime/port/hosted stands in for the kernel on Linux; runtime/port/kernel will call the real words.
 * No function here keeps state in globals: a struct port carries it. */
#ifndef RUNTIME_PORT_PORT_H
#define RUNTIME_PORT_PORT_H

#include "base/types.h"

struct port;

/* ---- memory: page-granular; sizes in bytes, multiples of PORT_PAGE ---- */
#define PORT_PAGE 4096u
void *port_memory_reserve(struct port *p, void *at, uint64_t bytes); /* address range without memory; NULL: refused */
bool port_memory_commit(struct port *p, void *at, uint64_t bytes);   /* zeroed memory behind a reserved range */
void port_memory_decommit(struct port *p, void *at, uint64_t bytes);
void *port_memory_allocate(struct port *p, uint64_t bytes);          /* reserve + commit anywhere */
uint64_t port_memory_resident(struct port *p);                       /* bytes in use by the whole system, for reports */
void port_memory_free(struct port *p, void *at, uint64_t bytes);

/* ---- images: the memory of a program that was brought up, as a file, and back ----
 * A file is accepted only by the very program that wrote it, and only with the fingerprint it was written with (of the sources
 * that went into it). */
void port_image_begin(struct port *p); /* before the first memory is asked for: it shall be possible to write an image */
/* Everything given out and reserved so far; root is what port_image_map() will answer.  No other context runs. */
bool port_image_write(struct port *p, const char *path, void *root, uint64_t fingerprint);
/* The memory of an image at its old addresses, changes kept private; NULL: none, not ours, damaged.  port_clock_ns() goes on
 * from where it was.  Before any other memory is asked for. */
void *port_image_map(struct port *p, const char *path, uint64_t fingerprint);

/* ---- contexts: flows of control, at most one per CPU ---- */
unsigned port_cpu_count(struct port *p);
bool port_context_start(struct port *p, unsigned index, void (*run)(void *), void *argument);
void port_context_join(struct port *p, unsigned index);
void port_context_yield(void); /* let another context of this CPU run: for locks that are held longer than a spin */

/* ---- signals: 64 wake-up bits a context can wait on ---- */
struct port_signal {
    uint64_t bits;   /* atomic */
    uint32_t waiters;/* futex word, hosted */
    uint32_t pad;
};
void port_signal_raise(struct port *p, struct port_signal *s, uint64_t bits);
/* Wait until a bit is set or deadline (port_clock time; UINT64_MAX: never) passes; takes and returns the bits. */
uint64_t port_signal_wait(struct port *p, struct port_signal *s, uint64_t deadline_ns);

/* ---- time, entropy, power ---- */
uint64_t port_clock_ns(struct port *p);      /* monotonic */
int64_t port_wall_clock_us(struct port *p);  /* microseconds since 1970 */
void port_entropy(struct port *p, void *to, size_t bytes);
NORETURN void port_exit(struct port *p, int code);
NORETURN void port_panic(struct port *p, const char *message); /* a broken promise of our own: report and stop */

/* ---- the kernel's own words (spec/words.def, from 128 on), for programs that are allowed to use them ---- */
#define PORT_MESSAGE_BYTES 1024
#define PORT_MESSAGE_HANDLES 4
struct port_word {
    uint64_t number;      /* in: of the word; out: its status */
    uint64_t argument[6]; /* in; out: results */
    const void *out;      /* a message to be sent */
    size_t out_bytes;     /* PORT_MESSAGE_BYTES at most */
    uint64_t out_handles[PORT_MESSAGE_HANDLES], in_handles[PORT_MESSAGE_HANDLES];
    uint8_t in[PORT_MESSAGE_BYTES]; /* a message received */
};
/* False: there is no kernel below. */
bool port_kernel_word(struct port *p, struct port_word *w);

/* ---- console and files: hosted until the file service exists; every call is non-blocking or bounded.
 * Result < 0: -enum port_error. ---- */
enum port_error { PORT_OK, PORT_NOT_FOUND, PORT_DENIED, PORT_EXISTS, PORT_NOT_DIRECTORY, PORT_IS_DIRECTORY, PORT_BUSY,
                  PORT_FULL, PORT_INVALID, PORT_WOULD_BLOCK, PORT_IO };
enum { PORT_READ = 1, PORT_WRITE = 2, PORT_CREATE = 4, PORT_TRUNCATE = 8, PORT_APPEND = 16 };
struct port_stat { uint64_t size_bytes; int64_t modified_us; bool is_directory; };
int64_t port_file_open(struct port *p, const char *path, unsigned flags);
int64_t port_file_read(struct port *p, int64_t file, void *to, size_t bytes);   /* 0: end */
int64_t port_file_write(struct port *p, int64_t file, const void *from, size_t bytes);
int64_t port_file_seek(struct port *p, int64_t file, uint64_t offset);
void port_file_close(struct port *p, int64_t file);
int64_t port_file_stat(struct port *p, const char *path, struct port_stat *out);
int64_t port_file_delete(struct port *p, const char *path);
int64_t port_file_rename(struct port *p, const char *from, const char *to);
int64_t port_directory_make(struct port *p, const char *path);
/* Names in a directory, NUL-separated, into to; result: bytes written, or -PORT_FULL with nothing usable. */
int64_t port_directory_list(struct port *p, const char *path, char *to, size_t bytes);
/* Console input raises this bit of the signal given here when something can be read. */
void port_console_watch(struct port *p, struct port_signal *s, uint64_t bit);
/* From the first call on, somebody's wish to interrupt (Ctrl-C outside raw mode) raises this bit instead of ending the program. */
void port_interrupt_watch(struct port *p, struct port_signal *s, uint64_t bit);
int64_t port_console_read(struct port *p, void *to, size_t bytes);  /* -PORT_WOULD_BLOCK: nothing there; 0: closed */
int64_t port_console_write(struct port *p, int stream /* 1 or 2 */, const void *from, size_t bytes); /* -PORT_WOULD_BLOCK: no room now */
bool port_console_raw(struct port *p, bool on); /* character-wise input without echo; false: not a terminal */
bool port_console_terminal(struct port *p);     /* input is a terminal */
void port_console_size(struct port *p, unsigned *columns, unsigned *rows);
/* The console's device for a driver written in the language, where there is one (rather than the port) to drive it.
 * port_word: a word of the kernel; words: six arguments in, six results out; its status, or -1 where there is no kernel.
 * port_device_claim: from now on the port leaves the device alone; what it raises for input means that the device wants service.
 * port_device_event: whether it has wanted service since the last call. */
int64_t port_word(struct port *p, uint64_t number, uint64_t words[6]);
void port_device_claim(struct port *p);
bool port_device_event(struct port *p);

#endif
