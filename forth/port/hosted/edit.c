/* Lines from a person: editing, history, completion of words.  The terminal is raw while a line is edited and as it was else. */
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "forth/port/hosted/hosted.h"

#define HISTORY 200
static char *history[HISTORY];
static unsigned history_count;
static struct termios cooked;
static bool raw;

struct line {
    struct forth *f;
    char *text;
    size_t size, max, at;
    unsigned chosen; /* of the history; history_count: the line being written */
    char *kept;      /* what was being written when the history was entered */
    size_t kept_size;
};

void edit_restore(void)
{
    if (raw) tcsetattr(0, TCSADRAIN, &cooked);
    raw = false;
}
static bool enter_raw(void)
{
    if (tcgetattr(0, &cooked) != 0) return false;
    struct termios t = cooked;
    t.c_iflag &= ~(tcflag_t)(ICRNL | IXON);
    t.c_lflag &= ~(tcflag_t)(ECHO | ICANON | ISIG | IEXTEN);
    raw = tcsetattr(0, TCSADRAIN, &t) == 0;
    return raw;
}
static void put(const char *text, size_t size)
{
    while (size > 0) {
        ssize_t n = write(1, text, size);
        if (n < 0 && errno != EINTR && errno != EAGAIN) return;
        if (n > 0) text += n, size -= (size_t)n;
    }
}
static int get(void)
{
    unsigned char c;
    ssize_t n;
    do n = read(0, &c, 1);
    while (n < 0 && (errno == EINTR || errno == EAGAIN));
    return n == 1 ? c : -1;
}

/* The part of the line around the cursor that fits into the terminal. */
static void show(const struct line *l)
{
    struct winsize w;
    size_t columns = ioctl(1, TIOCGWINSZ, &w) == 0 && w.ws_col > 10 ? w.ws_col : 80, begin = 0;
    if (l->at >= columns - 1) begin = l->at - (columns - 2);
    size_t shown = l->size - begin < columns - 1 ? l->size - begin : columns - 1;
    put("\r", 1);
    put(l->text + begin, shown);
    put("\033[K\r", 4);
    char move[16];
    size_t column = l->at - begin, n = 0;
    if (column == 0) return;
    move[n++] = '\033';
    move[n++] = '[';
    for (size_t unit = column >= 100 ? 100 : column >= 10 ? 10 : 1; unit > 0; unit /= 10)
        move[n++] = (char)('0' + column / unit % 10);
    move[n++] = 'C';
    put(move, n);
}
static void insert(struct line *l, const char *text, size_t size)
{
    if (size > l->max - l->size) size = l->max - l->size;
    memmove(l->text + l->at + size, l->text + l->at, l->size - l->at);
    memcpy(l->text + l->at, text, size);
    l->size += size;
    l->at += size;
}
static void erase(struct line *l, size_t from, size_t to)
{
    memmove(l->text + from, l->text + to, l->size - to);
    l->size -= to - from;
    l->at = from;
}
static void take(struct line *l, const char *text, size_t size)
{
    l->size = size < l->max ? size : l->max;
    memcpy(l->text, text, l->size);
    l->at = l->size;
}
static void go_history(struct line *l, unsigned to)
{
    if (l->chosen == history_count) {
        free(l->kept);
        l->kept = malloc(l->size + 1);
        l->kept_size = l->kept == NULL ? 0 : l->size;
        if (l->kept != NULL) memcpy(l->kept, l->text, l->size);
    }
    l->chosen = to;
    if (to == history_count)
        take(l, l->kept != NULL ? l->kept : "", l->kept_size);
    else
        take(l, history[to], strlen(history[to]));
}
static void remember(const struct line *l)
{
    if (l->size == 0 || (history_count > 0 && strlen(history[history_count - 1]) == l->size &&
                         memcmp(history[history_count - 1], l->text, l->size) == 0))
        return;
    char *copy = strndup(l->text, l->size);
    if (copy == NULL) return;
    if (history_count == HISTORY) {
        free(history[0]);
        memmove(history, history + 1, (HISTORY - 1) * sizeof history[0]);
        history_count--;
    }
    history[history_count++] = copy;
}
static size_t word_begin(const struct line *l)
{
    size_t i = l->at;
    while (i > 0 && l->text[i - 1] != ' ') i--;
    return i;
}
/* What all names that begin so have in common; with nothing to add, the names. */
static void complete(struct line *l)
{
    size_t from = word_begin(l), size = l->at - from, common = 0;
    char first[64], name[64];
    unsigned n = 0;
    if (l->f == NULL || size == 0) return;
    for (size_t s; n < 200 && (s = forth_complete(l->f, l->text + from, size, n, name)) != 0; n++) {
        if (n == 0) {
            memcpy(first, name, s);
            common = s;
        }
        size_t same = 0;
        while (same < common && same < s && (first[same] | 32) == (name[same] | 32)) same++;
        common = same;
    }
    if (n == 0) return;
    if (common > size || n == 1) {
        erase(l, from, l->at);
        insert(l, first, common);
        if (n == 1) insert(l, " ", 1);
        return;
    }
    put("\r\n", 2);
    for (unsigned i = 0; i < n && i < 60; i++) {
        size_t s = forth_complete(l->f, l->text + from, size, i, name);
        put(name, s);
        put(" ", 1);
    }
    put("\r\n", 2);
}
static void escape(struct line *l)
{
    struct pollfd f = {.fd = 0, .events = POLLIN};
    if (poll(&f, 1, 30) != 1) return;
    int c = get();
    if (c != '[' && c != 'O') return;
    c = get();
    switch (c) {
    case 'A':
        if (l->chosen > 0) go_history(l, l->chosen - 1);
        break;
    case 'B':
        if (l->chosen < history_count) go_history(l, l->chosen + 1);
        break;
    case 'C': l->at += l->at < l->size; break;
    case 'D': l->at -= l->at > 0; break;
    case 'H': l->at = 0; break;
    case 'F': l->at = l->size; break;
    default:
        if (c >= '0' && c <= '9') {
            int key = c;
            while ((c = get()) >= 0 && c != '~' && !(c >= 'A' && c <= 'z')) {
            }
            if (key == '3' && l->at < l->size) erase(l, l->at, l->at + 1);
            if (key == '1' || key == '7') l->at = 0;
            if (key == '4' || key == '8') l->at = l->size;
        }
    }
}
/* True: the line is done. */
static bool control(struct line *l, int c, int64_t *result)
{
    *result = (int64_t)l->size;
    switch (c) {
    case 1: l->at = 0; break;
    case 2: l->at -= l->at > 0; break;
    case 3:
        l->size = l->at = 0;
        put("^C\r\n", 4);
        *result = 0;
        return true;
    case 4:
        if (l->size == 0) {
            *result = -1;
            return true;
        }
        if (l->at < l->size) erase(l, l->at, l->at + 1);
        break;
    case 5: l->at = l->size; break;
    case 6: l->at += l->at < l->size; break;
    case 8:
    case 127:
        if (l->at > 0) erase(l, l->at - 1, l->at);
        break;
    case 9: complete(l); break;
    case 11: l->size = l->at; break;
    case 12: put("\033[2J\033[H", 7); break;
    case 14:
        if (l->chosen < history_count) go_history(l, l->chosen + 1);
        break;
    case 16:
        if (l->chosen > 0) go_history(l, l->chosen - 1);
        break;
    case 21: erase(l, 0, l->at); break;
    case 23: {
        size_t from = l->at;
        while (from > 0 && l->text[from - 1] == ' ') from--;
        while (from > 0 && l->text[from - 1] != ' ') from--;
        erase(l, from, l->at);
        break;
    }
    case 27: escape(l); break;
    case 10:
    case 13: return true;
    default: break;
    }
    return false;
}

int64_t edit_line(struct forth *f, char *to, size_t max)
{
    struct line l = {.f = f, .text = to, .max = max, .chosen = history_count};
    int64_t result = -1;
    if (!enter_raw()) return -1;
    for (;;) {
        int c = get();
        if (c < 0) {
            result = -1;
            break;
        }
        if (c < 32 || c == 127) {
            if (control(&l, c, &result)) break;
        } else {
            char byte = (char)c;
            insert(&l, &byte, 1);
        }
        show(&l);
    }
    edit_restore();
    free(l.kept);
    if (f != NULL && result > 0) remember(&l);
    if (result >= 0 && l.size > 0) put(" ", 1); /* what the line prints follows it */
    if (result < 0) put("\n", 1);
    return result;
}
