#include "kernel/core/frames.h"

bool frames_available(const struct kernel *k, uint64_t n)
{
    return k->frames_free >= k->frames_reserved && k->frames_free - k->frames_reserved >= n;
}

frame_number frame_take(struct kernel *k)
{
    frame_number frame = k->frame_first;
    if (frame != FRAME_NONE) {
        k->frame_first = (frame_number)(arch_frame_read(k->machine, frame, 0) & 0xffffffffu);
        if (k->frames_free > 0) k->frames_free--;
        return frame;
    }
    uint32_t current = k->run_current;
    if (current >= k->run_count || current >= MEMORY_RUNS) return FRAME_NONE;
    frame = k->run[current].next;
    if (frame >= k->run[current].end) return FRAME_NONE;
    k->run[current].next = frame + 1;
    if (frame + 1 >= k->run[current].end) k->run_current = current + 1;
    if (k->frames_free > 0) k->frames_free--;
    return frame;
}

void frame_give(struct kernel *k, frame_number frame)
{
    if (frame == FRAME_NONE) return;
    arch_frame_write(k->machine, frame, 0, k->frame_first);
    k->frame_first = frame;
    k->frames_free++;
}

bool frames_add(struct kernel *k, frame_number first, uint32_t frames)
{
    uint32_t n = k->run_count;
    if (n >= MEMORY_RUNS || frames == 0 || first > 0xfffffff0u - frames ||
        k->frames_free > 0xfffffff0u - frames)
        return false;
    k->run[n].first = first;
    k->run[n].next = first;
    k->run[n].end = first + frames;
    k->run_count = n + 1;
    k->frames_free += frames;
    return true;
}

bool frames_protect(struct kernel *k, frame_number first, uint32_t frames)
{
    uint32_t n = k->protected_count;
    if (n >= MEMORY_RUNS || first > 0xfffffff0u - frames) return false;
    k->protected_run[n].first = first;
    k->protected_run[n].end = first + frames;
    k->protected_count = n + 1;
    return true;
}

bool frames_are_device(const struct kernel *k, uint64_t first, uint64_t end)
{
    /*@ loop invariant 0 <= i <= MEMORY_RUNS;
        loop assigns i;
        loop variant MEMORY_RUNS - i; */
    for (uint32_t i = 0; i < MEMORY_RUNS; i++) {
        if (i < k->run_count && first < k->run[i].end && k->run[i].first < end) return false;
        if (i < k->protected_count && first < k->protected_run[i].end && k->protected_run[i].first < end)
            return false;
    }
    return true;
}

bool state_back(struct kernel *k, uint64_t offset, uint64_t bytes)
{
    if (bytes == 0) return true;
    uint64_t first = offset / PAGE_BYTES, end = (offset + bytes - 1) / PAGE_BYTES + 1;
    if (end > sizeof(struct kernel) / PAGE_BYTES + 1) return false;
    /*@ loop invariant first <= page;
        loop assigns page, *k;
        loop variant end - page; */
    for (uint64_t page = first; page < end; page++) {
        if (arch_state_backed(k->machine, page)) continue;
        if (!frames_available(k, 1)) return false;
        frame_number frame = frame_take(k);
        if (frame == FRAME_NONE) return false;
        arch_state_back(k->machine, page, frame);
    }
    return true;
}
