/* The pages of contexts, as the kernel sees them.  User code writes them at any time: each byte is read once. */
#ifndef KERNEL_CORE_PAGE_H
#define KERNEL_CORE_PAGE_H

#include "kernel/core/state.h"

/*@ requires \valid(k);
    assigns \nothing; */
void page_flag(struct kernel *k, frame_number frame, uint32_t flag);
/* What a new context finds in its zeroed page. */
/*@ requires \valid(k);
    assigns \nothing; */
void page_begin(struct kernel *k, frame_number frame, uint32_t context, handle domain);
/*@ requires \valid(k) && i < MESSAGE_HANDLES;
    assigns \nothing; */
handle page_out_handle(struct kernel *k, frame_number frame, uint32_t i);
/*@ requires \valid(k) && i < MESSAGE_HANDLES;
    assigns \nothing; */
void page_in_handle(struct kernel *k, frame_number frame, uint32_t i, handle h);
/* The first bytes of out_bytes into a message; of a message into in_bytes. */
/*@ requires \valid(k) && bytes <= MESSAGE_BYTES && message < CORE_MESSAGES;
    assigns *k; */
void page_to_message(struct kernel *k, frame_number frame, uint32_t message, uint32_t bytes);
/*@ requires \valid(k) && bytes <= MESSAGE_BYTES && message < CORE_MESSAGES;
    assigns \nothing; */
void page_from_message(struct kernel *k, frame_number frame, uint32_t message, uint32_t bytes);
/* Five words as the bytes of a message. */
/*@ requires \valid(k) && message < CORE_MESSAGES && \valid_read(words + (0 .. 4)) && \separated(k, words + (0 .. 4));
    assigns *k; */
void message_words(struct kernel *k, uint32_t message, const uint64_t *words);
/* From the page of one context to that of another. */
/*@ requires \valid(k) && bytes <= MESSAGE_BYTES;
    assigns \nothing; */
void page_to_page(struct kernel *k, frame_number to, frame_number from, uint32_t bytes);
/* Four words as the first bytes of in_bytes. */
/*@ requires \valid(k);
    assigns \nothing; */
void page_in_words(struct kernel *k, frame_number frame, uint64_t a, uint64_t b, uint64_t c, uint64_t d);
/* A byte of out_bytes. */
/*@ requires \valid(k) && i < MESSAGE_BYTES;
    assigns \nothing; */
uint8_t page_out_byte(struct kernel *k, frame_number frame, uint32_t i);

#endif
