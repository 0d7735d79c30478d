/* Serial port, time stamp and entropy of an x86-64 machine, without firmware. */
#include "boot/boot.h"

#define COM1 0x3f8
enum { DATA, INTERRUPTS, FIFO, LINE, MODEM, LINE_STATUS, MODEM_STATUS, SCRATCH };
#define TRANSMITTER_EMPTY 0x20
#define WAIT_LIMIT 1000000

static void out8(uint16_t port, uint8_t value)
{
    __asm__ volatile("outb %0, %1" : : "a"(value), "Nd"(port));
}

static uint8_t in8(uint16_t port)
{
    uint8_t value;
    __asm__ volatile("inb %1, %0" : "=a"(value) : "Nd"(port));
    return value;
}

void serial_start(struct boot *b)
{
    out8(COM1 + SCRATCH, 0x5a);
    b->serial = in8(COM1 + SCRATCH) == 0x5a;
    if (!b->serial) return;
    out8(COM1 + INTERRUPTS, 0);
    out8(COM1 + LINE, 0x80); /* divisor: 115,200 baud */
    out8(COM1 + DATA, 1);
    out8(COM1 + INTERRUPTS, 0);
    out8(COM1 + LINE, 3); /* 8 bits, no parity, one stop bit */
    out8(COM1 + FIFO, 0xc7);
    out8(COM1 + MODEM, 3);
}

void serial_write(struct boot *b, char c)
{
    if (!b->serial) return;
    for (unsigned i = 0; i < WAIT_LIMIT && (in8(COM1 + LINE_STATUS) & TRANSMITTER_EMPTY) == 0; i++) {
    }
    out8(COM1 + DATA, (uint8_t)c);
}

uint64_t cycles(void)
{
    return __builtin_ia32_rdtsc();
}

NORETURN void stop(void)
{
    for (;;) __asm__ volatile("cli; hlt");
}

size_t hardware_entropy(uint8_t *to, size_t bytes)
{
    uint32_t a = 1, b, c, d;
    __asm__ volatile("cpuid" : "+a"(a), "=b"(b), "=c"(c), "=d"(d));
    if ((c & 1u << 30) == 0) return 0;
    size_t done = 0;
    for (unsigned attempt = 0; attempt < 1000 && done + 8 <= bytes; attempt++) {
        uint64_t word;
        uint8_t good;
        __asm__ volatile("rdrand %0; setc %1" : "=r"(word), "=qm"(good) : : "cc");
        if (!good) continue;
        for (unsigned i = 0; i < 8; i++) to[done++] = (uint8_t)(word >> 8 * i);
    }
    return done;
}
