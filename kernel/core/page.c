#include "kernel/core/page.h"
#include "base/mem.h"

void page_flag(struct kernel *k, frame_number frame, uint32_t flag)
{
    arch_context_page(k->machine, frame)->preemption_pending = flag;
}

void page_begin(struct kernel *k, frame_number frame, uint32_t context, handle domain)
{
    struct context_page *page = arch_context_page(k->machine, frame);
    page->context = context;
    page->domain = domain;
}

handle page_out_handle(struct kernel *k, frame_number frame, uint32_t i)
{
    const volatile uint64_t *at = &arch_context_page(k->machine, frame)->out_handle[i];
    return *at;
}

void page_in_handle(struct kernel *k, frame_number frame, uint32_t i, handle h)
{
    arch_context_page(k->machine, frame)->in_handle[i] = h;
}

void page_to_message(struct kernel *k, frame_number frame, uint32_t message, uint32_t bytes)
{
    memcpy(k->message[message].data, arch_context_page(k->machine, frame)->out_bytes, bytes);
}

void page_from_message(struct kernel *k, frame_number frame, uint32_t message, uint32_t bytes)
{
    memcpy(arch_context_page(k->machine, frame)->in_bytes, k->message[message].data, bytes);
}

void message_words(struct kernel *k, uint32_t message, const uint64_t *words)
{
    memcpy(k->message[message].data, words, 5 * sizeof(words[0]));
}

void page_to_page(struct kernel *k, frame_number to, frame_number from, uint32_t bytes)
{
    if (to == from) return;
    memcpy(arch_context_page(k->machine, to)->in_bytes, arch_context_page(k->machine, from)->out_bytes,
           bytes);
}

void page_in_words(struct kernel *k, frame_number frame, uint64_t a, uint64_t b, uint64_t c, uint64_t d)
{
    const uint64_t words[MESSAGE_WORDS] = {a, b, c, d};
    memcpy(arch_context_page(k->machine, frame)->in_bytes, words, sizeof(words));
}

uint8_t page_out_byte(struct kernel *k, frame_number frame, uint32_t i)
{
    const volatile uint8_t *at = &arch_context_page(k->machine, frame)->out_bytes[i];
    return *at;
}
