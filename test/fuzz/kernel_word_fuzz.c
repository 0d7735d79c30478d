/* The word decoder: any words with any registers, with kills, faults and time between them; after each input the invariants are walked. */
#include "kernel/core/capability.h"
#include "test/kernel/invariants.h"
#include "test/kernel/world.h"

struct input {
    const uint8_t *at;
    size_t left;
};

static uint64_t take(struct input *in, unsigned bytes)
{
    uint64_t v = 0;
    for (unsigned i = 0; i < bytes && in->left > 0; i++, in->left--) v = v << 8 | *in->at++;
    return v;
}

/* A register: a small number, a handle by slot, a power of two, or anything. */
static uint64_t take_register(struct input *in, const struct kernel *k)
{
    uint64_t kind = take(in, 1);
    switch (kind & 7) {
    case 0:
    case 1:
    case 2:
        return capability_handle(
            k, (uint32_t)(take(in, 1) % (k->capability_high < 256 ? k->capability_high : 256)));
    case 3: return 1ull << (take(in, 1) & 63);
    case 4: return take(in, 8);
    case 5: return ~take(in, 1);
    default: return kind >> 3;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct input in = {data, size};
    struct world w = world_create(600, 2);
    while (in.left > 0) {
        uint32_t cpu = (uint32_t)(take(&in, 1) & 1);
        for (int i = 0; i < 200 && w.running[cpu] == KERNEL_AGAIN; i++)
            w.running[cpu] = kernel_continue(w.k, cpu);
        if (hosted_take_wake(w.m, cpu)) w.running[cpu] = kernel_wake(w.k, cpu);
        uint64_t what = take(&in, 1);
        if (what >= 250) {
            hosted_set_clock(w.m, arch_clock_ns(w.m) + take(&in, 3));
            w.running[cpu] = kernel_timer(w.k, cpu);
        } else if (what >= 247) {
            w.running[cpu] = kernel_fault(w.k, cpu, (uint32_t)(what & 7), take(&in, 6), 1);
        } else if (w.running[cpu] < CORE_CONTEXTS) {
            struct word_frame *frame = kernel_frame(w.k, w.running[cpu]);
            frame->word = 128 + what % 150;
            for (int i = 0; i < 6; i++) frame->arg[i] = take_register(&in, w.k);
            for (int i = 0; i < MESSAGE_HANDLES; i++)
                page_of(&w, w.running[cpu])->out_handle[i] = frame->arg[3 + i % 3];
            w.running[cpu] = kernel_word(w.k, cpu);
        } else if (w.running[0] == KERNEL_IDLE && w.running[1] == KERNEL_IDLE) {
            break;
        }
    }
    if (invariants(&w) != 0 || hosted_violations(w.m) != 0) __builtin_trap();
    hosted_destroy(w.m);
    return 0;
}
