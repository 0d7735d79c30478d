/* The first 16550 UART, written to directly: for the log until a driver owns it, and for panics. */
#include "kernel/arch/x86_64/cpu.h"
#include "kernel/arch/x86_64/log.h"

#define COM1 0x3f8
enum { DATA, INTERRUPTS, FIFO, LINE, MODEM, LINE_STATUS, MODEM_STATUS, SCRATCH };
#define TRANSMITTER_EMPTY 0x20
#define WAIT_LIMIT 1000000
#define FIFO_BYTES 16

void serial_start(void)
{
    out8(COM1 + INTERRUPTS, 0);
    out8(COM1 + LINE, 0x80); /* divisor: 115,200 baud */
    out8(COM1 + DATA, 1);
    out8(COM1 + INTERRUPTS, 0);
    out8(COM1 + LINE, 3); /* 8 bits, no parity, one stop bit */
    out8(COM1 + FIFO, 0xc7);
    out8(COM1 + MODEM, 0x0b); /* DTR, RTS, and OUT2, which lets interrupts out */
}

static void wait_for_room(void)
{
    for (unsigned i = 0; i < WAIT_LIMIT && (in8(COM1 + LINE_STATUS) & TRANSMITTER_EMPTY) == 0; i++) {
    }
}

/* The empty transmitter takes a FIFO full at once, so that the status is read once for 16 bytes. */
void serial_write(const char *text, size_t bytes)
{
    for (size_t i = 0; i < bytes; i++) {
        if (i % FIFO_BYTES == 0) wait_for_room();
        out8(COM1 + DATA, (uint8_t)text[i]);
    }
}
