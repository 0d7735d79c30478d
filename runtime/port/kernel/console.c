/* The console until a driver has it: output by the kernel's log word, input from the UART by port words and its interrupt. */
#include "base/mem.h"
#include "runtime/port/kernel/kernel.h"

enum { DATA, INTERRUPTS, FIFO, LINE, MODEM, LINE_STATUS };
#define CONTROL_C 3
#define RECEIVER_FULL 1u
#define RECEIVE_INTERRUPT 1u

void log_write(struct port *p, const char *text, size_t bytes)
{
    struct context_page *page = (struct context_page *)context_self()->page_address;
    while (bytes > 0) {
        size_t n = min_u64(bytes, MESSAGE_BYTES);
        memcpy(page->out_bytes, text, n);
        word(NULL, KERNEL_WORD_LOG, BOOT_HANDLE(BOOT_SLOT_LOG), n, 0, 0, 0);
        text += n;
        bytes -= n;
    }
}

static uint8_t uart_read(struct port *p, unsigned at)
{
    uint64_t value = 0;
    word(&value, KERNEL_WORD_PORT_READ, BOOT_HANDLE(BOOT_SLOT_PORTS), p->info->uart_port + at, 1, 0, 0);
    return (uint8_t)value;
}

void console_start(struct port *p)
{
    handle line = BOOT_HANDLE(BOOT_SLOT_INTERRUPT);
    word(NULL, KERNEL_WORD_INTERRUPT_BIND, line, p->info->uart_line, p->contexts[0].signal,
         __builtin_ctzll(WAKE_INPUT), 0);
    word(NULL, KERNEL_WORD_PORT_WRITE, BOOT_HANDLE(BOOT_SLOT_PORTS), p->info->uart_port + INTERRUPTS, 1,
         RECEIVE_INTERRUPT, 0);
    word(NULL, KERNEL_WORD_INTERRUPT_DONE, line, p->info->uart_line, 0, 0, 0);
}

/* Outside raw mode: lines end with a line feed, what is typed is shown, Ctrl-C interrupts.  False: the byte is used up. */
static bool cook(struct port *p, uint8_t *byte)
{
    if (p->raw) return true;
    if (*byte == CONTROL_C) {
        if (p->interrupt_signal != NULL) port_signal_raise(p, p->interrupt_signal, p->interrupt_bit);
        return false;
    }
    if (*byte == '\r') *byte = '\n';
    log_write(p, (const char *)byte, 1);
    return true;
}

void console_event(struct port *p)
{
    if (!p->claimed) {
        console_drain(p);
        return;
    }
    __atomic_store_n(&p->device_event, 1, __ATOMIC_SEQ_CST);
    if (p->console_signal != NULL) port_signal_raise(p, p->console_signal, p->console_bit);
}

int64_t port_word(struct port *p, uint64_t number, uint64_t words[6])
{
    struct word_frame f = {number, {words[0], words[1], words[2], words[3], words[4], words[5]}};
    word_call(&f);
    memcpy(words, f.arg, sizeof f.arg);
    return (int64_t)f.word;
}

void port_device_claim(struct port *p)
{
    p->claimed = true;
}

bool port_device_event(struct port *p)
{
    return __atomic_exchange_n(&p->device_event, 0, __ATOMIC_SEQ_CST) != 0;
}

void console_drain(struct port *p)
{
    port_lock(p);
    while (p->input_count < INPUT_BYTES && (uart_read(p, LINE_STATUS) & RECEIVER_FULL) != 0) {
        uint8_t byte = uart_read(p, DATA);
        if (cook(p, &byte)) p->input[(p->input_first + p->input_count++) % INPUT_BYTES] = byte;
    }
    bool any = p->input_count > 0;
    port_unlock(p);
    word(NULL, KERNEL_WORD_INTERRUPT_DONE, BOOT_HANDLE(BOOT_SLOT_INTERRUPT), p->info->uart_line, 0, 0, 0);
    if (any && p->console_signal != NULL) port_signal_raise(p, p->console_signal, p->console_bit);
}

void port_interrupt_watch(struct port *p, struct port_signal *s, uint64_t bit)
{
    p->interrupt_signal = s;
    p->interrupt_bit = bit;
}

void port_console_watch(struct port *p, struct port_signal *s, uint64_t bit)
{
    p->console_signal = s;
    p->console_bit = bit;
    if (!p->claimed)
        console_drain(p);
    else if (__atomic_load_n(&p->device_event, __ATOMIC_SEQ_CST) != 0)
        port_signal_raise(p, s, bit);
}

int64_t port_console_read(struct port *p, void *to, size_t bytes)
{
    uint8_t *at = to;
    size_t n = 0;
    port_lock(p);
    for (; n < bytes && p->input_count > 0; n++, p->input_count--)
        at[n] = p->input[p->input_first++ % INPUT_BYTES];
    port_unlock(p);
    return n > 0 ? (int64_t)n : -PORT_WOULD_BLOCK;
}

int64_t port_console_write(struct port *p, int stream, const void *from, size_t bytes)
{
    log_write(p, from, bytes);
    return (int64_t)bytes;
}

bool port_console_raw(struct port *p, bool on)
{
    p->raw = on;
    return true;
}

bool port_console_terminal(struct port *p)
{
    return true;
}

void port_console_size(struct port *p, unsigned *columns, unsigned *rows)
{
    *columns = 80;
    *rows = 24;
}
