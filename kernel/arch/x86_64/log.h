/* The boot log: the serial port and, where there is one, the screen. */
#ifndef KERNEL_ARCH_X86_64_LOG_H
#define KERNEL_ARCH_X86_64_LOG_H

#include "abi/bootinfo.h"

void serial_start(void);
void serial_write(const char *text, size_t bytes);
void log_bytes(const char *text, size_t bytes);
/* A small printf: %s, %c, %u (uint64_t), %d (int64_t), %x (uint64_t, hexadecimal), %% only; every number is 64 bits wide. */
void log_line(const char *format, ...);
void log_text(const char *format, ...); /* the same without a line end */
/* A broken promise of the kernel's own: say what, dump, stop every CPU. */
NORETURN void machine_panic(const char *format, ...);

#endif
