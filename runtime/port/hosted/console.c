/* The console: standard input, output and error. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "runtime/port/hosted/hosted.h"

/* Pipes and terminals are opened once more, since O_NONBLOCK belongs to the open file, which we may share with others.  Where
 * that is refused, writes are short and follow a poll. */
static void open_output(struct port *p, int stream)
{
    struct stat st;
    char path[32];
    p->output[stream - 1] = stream;
    if (fstat(stream, &st) != 0 || !(S_ISFIFO(st.st_mode) || S_ISCHR(st.st_mode))) return;
    snprintf(path, sizeof path, "/proc/self/fd/%d", stream);
    int fd = open(path, O_WRONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
    if (fd < 0) return;
    p->output[stream - 1] = fd;
    p->own_output[stream - 1] = true;
}

struct port *port_hosted_new(void)
{
    struct port *p = calloc(1, sizeof *p);
    if (p == NULL) return NULL;
    open_output(p, 1);
    open_output(p, 2);
    pthread_mutex_init(&p->console_lock, NULL);
    pthread_cond_init(&p->console_asked, NULL);
    return p;
}

void port_hosted_free(struct port *p)
{
    port_hosted_restore_terminal(p);
    for (unsigned i = 0; i < 2; i++)
        if (p->own_output[i]) close(p->output[i]);
    if (p->console_running) {
        pthread_cancel(p->console_thread);
        pthread_join(p->console_thread, NULL);
    }
    pthread_cond_destroy(&p->console_asked);
    pthread_mutex_destroy(&p->console_lock);
    free(p);
}

void port_hosted_restore_terminal(struct port *p)
{
    if (p == NULL || !p->raw) return;
    p->raw = false;
    tcsetattr(0, TCSADRAIN, &p->cooked);
}

static void unlock_console(void *p)
{
    pthread_mutex_unlock(&((struct port *)p)->console_lock);
}

static void *console_main(void *argument)
{
    struct port *p = argument;
    for (;;) {
        struct port_signal *signal;
        uint64_t bit;
        pthread_mutex_lock(&p->console_lock);
        pthread_cleanup_push(unlock_console, p);
        while (!p->console_wanted) pthread_cond_wait(&p->console_asked, &p->console_lock);
        p->console_wanted = false;
        signal = p->console_signal;
        bit = p->console_bit;
        pthread_cleanup_pop(1);
        struct pollfd f = {.fd = 0, .events = POLLIN};
        while (poll(&f, 1, -1) < 0 && errno == EINTR) {
        }
        port_signal_raise(p, signal, bit);
    }
    return NULL;
}

void port_console_watch(struct port *p, struct port_signal *s, uint64_t bit)
{
    pthread_mutex_lock(&p->console_lock);
    p->console_signal = s;
    p->console_bit = bit;
    p->console_wanted = true;
    if (!p->console_running)
        p->console_running = pthread_create(&p->console_thread, NULL, console_main, p) == 0;
    pthread_cond_signal(&p->console_asked);
    pthread_mutex_unlock(&p->console_lock);
}

int64_t port_console_read(struct port *p, void *to, size_t bytes)
{
    struct pollfd f = {.fd = 0, .events = POLLIN};
    int ready = poll(&f, 1, 0);
    if (ready == 0 || (ready < 0 && errno == EINTR)) return -PORT_WOULD_BLOCK;
    if (ready < 0 || (f.revents & POLLNVAL) != 0) return 0;
    ssize_t n = read(0, to, bytes);
    if (n < 0) return errno == EAGAIN || errno == EINTR ? -PORT_WOULD_BLOCK : errno == EIO ? 0 : -PORT_IO;
    return n;
}

#define SURE_BYTES 512 /* what a pipe or socket takes that polls as ready */

int64_t port_console_write(struct port *p, int stream, const void *from, size_t bytes)
{
    unsigned i = stream == 2 ? 1 : 0;
    struct stat st;
    if (!p->own_output[i] && fstat(p->output[i], &st) == 0 && !S_ISREG(st.st_mode)) {
        struct pollfd f = {.fd = p->output[i], .events = POLLOUT};
        if (poll(&f, 1, 0) == 0) return -PORT_WOULD_BLOCK;
        if (bytes > SURE_BYTES) bytes = SURE_BYTES;
    }
    for (;;) {
        ssize_t n = write(p->output[i], from, bytes);
        if (n >= 0) return n;
        if (errno == EAGAIN) return -PORT_WOULD_BLOCK;
        if (errno != EINTR) return -PORT_IO;
    }
}

/* ---- signals of the host; a handler has nothing but globals ---- */

static struct port *signalled;
static struct port_signal *interrupt_signal;
static uint64_t interrupt_bit;

static void on_interrupt(int number)
{
    int kept = errno;
    port_signal_raise(signalled, interrupt_signal, interrupt_bit);
    errno = kept;
}

void port_interrupt_watch(struct port *p, struct port_signal *s, uint64_t bit)
{
    signalled = p;
    interrupt_signal = s;
    interrupt_bit = bit;
    struct sigaction a = {.sa_handler = on_interrupt, .sa_flags = SA_RESTART};
    sigemptyset(&a.sa_mask);
    sigaction(SIGINT, &a, NULL);
}

/* Whoever ends us from outside shall find the terminal as it was. */
static void on_end(int number)
{
    port_hosted_restore_terminal(signalled);
    signal(number, SIG_DFL);
    raise(number);
}

static void restore_at_end(struct port *p)
{
    static const int numbers[] = {SIGTERM, SIGHUP, SIGQUIT};
    signalled = p;
    struct sigaction a = {.sa_handler = on_end};
    sigemptyset(&a.sa_mask);
    for (unsigned i = 0; i < COUNT_OF(numbers); i++) sigaction(numbers[i], &a, NULL);
}

bool port_console_raw(struct port *p, bool on)
{
    if (!isatty(0)) return false;
    if (!on) {
        port_hosted_restore_terminal(p);
        return true;
    }
    if (p->raw) return true;
    if (tcgetattr(0, &p->cooked) != 0) return false;
    struct termios t = p->cooked;
    t.c_iflag &= ~(tcflag_t)(BRKINT | ICRNL | INPCK | ISTRIP | IXON);
    t.c_cflag |= CS8;
    t.c_lflag &= ~(tcflag_t)(ECHO | ICANON | IEXTEN | ISIG);
    t.c_cc[VMIN] = 1;
    t.c_cc[VTIME] = 0;
    restore_at_end(p);
    if (tcsetattr(0, TCSADRAIN, &t) != 0) return false;
    p->raw = true;
    return true;
}

bool port_console_terminal(struct port *p)
{
    return isatty(0) != 0;
}

void port_console_size(struct port *p, unsigned *columns, unsigned *rows)
{
    struct winsize w;
    bool known = ioctl(1, TIOCGWINSZ, &w) == 0 && w.ws_col > 0 && w.ws_row > 0;
    *columns = known ? w.ws_col : 80;
    *rows = known ? w.ws_row : 24;
}

int64_t port_word(struct port *p, uint64_t number, uint64_t words[6])
{
    return -1;
}

void port_device_claim(struct port *p) {}

bool port_device_event(struct port *p)
{
    return false;
}
