/* Physical frames, and the memory behind the sparse tables of struct kernel. */
#ifndef KERNEL_CORE_FRAMES_H
#define KERNEL_CORE_FRAMES_H

#include "kernel/core/state.h"

/* Whether n frames are there that nobody reserved. */
/*@ requires \valid(k);
    assigns \nothing; */
bool frames_available(const struct kernel *k, uint64_t n);

/* A free frame, FRAME_NONE if there is none.  What it holds is what its last user left. */
/*@ requires \valid(k);
    assigns *k; */
frame_number frame_take(struct kernel *k);

/*@ requires \valid(k);
    assigns *k; */
void frame_give(struct kernel *k, frame_number frame);

/*@ requires \valid(k);
    assigns *k; */
bool frames_add(struct kernel *k, frame_number first, uint32_t frames);

/* Frames that are neither ours to give nor a device's: the kernel's own, the boot image's, the DMA pool's. */
/*@ requires \valid(k);
    assigns *k; */
bool frames_protect(struct kernel *k, frame_number first, uint32_t frames);
/* Whether frames first .. end - 1 are nobody's memory. */
/*@ requires \valid(k);
    assigns \nothing; */
bool frames_are_device(const struct kernel *k, uint64_t first, uint64_t end);

/* Memory behind struct kernel from `offset` on, `bytes` long.  false: no frames; nothing that anybody sees has changed. */
/*@ requires \valid(k);
    assigns *k; */
bool state_back(struct kernel *k, uint64_t offset, uint64_t bytes);

#define STATE_BACK(k, table, index, count)                                                                   \
    state_back(k, __builtin_offsetof(struct kernel, table) + (uint64_t)(index) * sizeof((k)->table[0]),      \
               (uint64_t)(count) * sizeof((k)->table[0]))

#endif
