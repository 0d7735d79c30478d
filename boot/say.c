/* Words for the person at the machine.  Progress goes to the serial port; refusals to the screen as well.  (Firmware that
 * mirrors its console to the serial port, as OVMF does, shows a refusal twice.) */
#include "boot/boot.h"

void say_start(struct boot *b)
{
    serial_start(b);
}

void say(struct boot *b, const char *text)
{
    for (; *text != 0; text++) {
        if (*text == '\n') serial_write(b, '\r');
        serial_write(b, *text);
    }
}

void say_number(struct boot *b, uint64_t n)
{
    char digits[21];
    unsigned at = sizeof digits - 1;
    digits[at] = 0;
    do {
        digits[--at] = (char)('0' + n % 10);
        n /= 10;
    } while (n != 0);
    say(b, digits + at);
}

static void screen(struct boot *b, const char *text)
{
    uint16_t wide[3] = {0, 0, 0};
    struct efi_text_output *out = b->system->console_out;
    if (out == NULL) return;
    for (; *text != 0; text++) {
        wide[0] = *text == '\n' ? '\r' : (uint16_t)*text;
        wide[1] = *text == '\n' ? '\n' : 0;
        out->output_string(out, wide);
    }
}

static void refusal(struct boot *b, void (*out)(struct boot *b, const char *text), const char *what,
                    const char *name, const char *why)
{
    out(b, "\nLona does not start: ");
    out(b, what);
    if (name[0] != 0) out(b, " ");
    out(b, name);
    if (why[0] != 0) out(b, ": ");
    out(b, why);
    out(b, ".\nStopped.\n");
}

NORETURN void refuse(struct boot *b, const char *what, const char *name, const char *why)
{
    refusal(b, say, what, name, why);
    refusal(b, screen, what, name, why);
    stop();
}
