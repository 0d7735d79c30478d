#include "kernel/arch/x86_64/log.h"

#include <stdarg.h>

#include "kernel/arch/x86_64/machine.h"

void log_bytes(const char *text, size_t bytes)
{
    size_t from = 0;
    for (size_t i = 0; i < bytes; i++) {
        if (text[i] != '\n' || (i > 0 && text[i - 1] == '\r')) continue;
        serial_write(text + from, i - from);
        serial_write("\r\n", 2);
        from = i + 1;
    }
    serial_write(text + from, bytes - from);
    screen_write(text, bytes);
}

struct line {
    char text[256];
    size_t size;
};

static void add(struct line *l, char c)
{
    if (l->size < sizeof l->text) l->text[l->size++] = c;
}

static void add_number(struct line *l, uint64_t n, unsigned base)
{
    char digits[20];
    unsigned count = 0;
    do {
        digits[count++] = "0123456789abcdef"[n % base];
        n /= base;
    } while (n != 0);
    while (count > 0) add(l, digits[--count]);
}

static void add_text(struct line *l, const char *s)
{
    for (; *s != 0; s++) add(l, *s);
}

static void format_line(struct line *l, const char *format, va_list args)
{
    for (; *format != 0; format++) {
        if (*format != '%') {
            add(l, *format);
            continue;
        }
        switch (*++format) {
        case 's': add_text(l, va_arg(args, const char *)); break;
        case 'c': add(l, (char)va_arg(args, int)); break;
        case 'u': add_number(l, va_arg(args, uint64_t), 10); break;
        case 'x': add_number(l, va_arg(args, uint64_t), 16); break;
        case 'd': {
            int64_t n = va_arg(args, int64_t);
            if (n < 0) add(l, '-');
            add_number(l, n < 0 ? 0 - (uint64_t)n : (uint64_t)n, 10);
            break;
        }
        default: add(l, *format); break;
        }
    }
}

void log_text(const char *format, ...)
{
    struct line l = {.size = 0};
    va_list args;
    va_start(args, format);
    format_line(&l, format, args);
    va_end(args);
    log_bytes(l.text, l.size);
}

void log_line(const char *format, ...)
{
    struct line l = {.size = 0};
    va_list args;
    va_start(args, format);
    format_line(&l, format, args);
    va_end(args);
    if (l.size == sizeof l.text) l.size--;
    add(&l, '\n');
    log_bytes(l.text, l.size);
}

NORETURN void machine_panic(const char *format, ...)
{
    struct line l = {.size = 0};
    va_list args;
    interrupts_off();
    va_start(args, format);
    format_line(&l, format, args);
    va_end(args);
    log_bytes("\npanic: ", 8);
    log_bytes(l.text, l.size);
    log_bytes("\n", 1);
    machine_stop_others();
    crash_dump();
    for (;;) {
        interrupts_off();
        halt();
    }
}
