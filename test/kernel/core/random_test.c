/* Random sequences of random words by random domains on two CPUs, with kills, faults, time and interrupts between them; the invariants
 * are walked all along, and at the end everything goes back.  Arguments: seed, steps. */
#include <stdlib.h>
#include "kernel/core/arbiter.h"
#include "kernel/core/channel.h"
#include "kernel/core/domain.h"
#include "kernel/core/reaper.h"
#include "kernel/core/signal.h"
#include "test/kernel/invariants.h"
#include "test/kernel/world.h"

static uint64_t state;

static uint64_t next_random(void)
{
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return state;
}

static uint64_t below(uint64_t n)
{
    return next_random() % n;
}

/* A handle of the domain: mostly one that names something, of any kind or of the wanted one. */
static uint64_t some_handle(struct kernel *k, uint32_t d, uint32_t kind)
{
    uint32_t s = k->domain[d].capabilities, n = k->domain[d].capability_count, last = NONE;
    if (n == 0 || below(40) == 0) return next_random();
    uint64_t skip = below(n);
    for (uint32_t i = 0; s < CORE_CAPABILITIES && i < 400; i++, s = k->capability[s].domain_next) {
        if (kind != OBJECT_NONE && k->capability[s].kind != kind) continue;
        last = s;
        if (i >= skip) break;
    }
    return last < CORE_CAPABILITIES ? capability_handle(k, last) : 0;
}

static uint64_t some_number(void)
{
    switch (below(6)) {
    case 0: return below(4);
    case 1: return below(20);
    case 2: return below(2000);
    case 3: return 1ull << below(64);
    case 4: return RIGHT_all & next_random();
    default: return below(3) == 0 ? next_random() : ~0ull - below(3);
    }
}

struct choice {
    uint32_t word, object;
};
static const struct choice choices[] = {
#define OBJECT_ANY OBJECT_NONE
#define KERNEL_WORD(number, NAME, name, arguments, results, object, right, errors, doc)                      \
    {number, OBJECT_##object},
#include "spec/words.def"
};

static uint32_t words_ok, words_done;

static void random_word(struct world *w, uint32_t cpu)
{
    struct kernel *k = w->k;
    uint32_t c = w->running[cpu];
    if (c >= CORE_CONTEXTS) return;
    uint32_t d = kernel_domain(k, c);
    struct choice chosen = choices[below(COUNT_OF(choices))];
    if (chosen.word == KERNEL_WORD_EXIT && (d == 0 || below(4) != 0)) return;
    if (chosen.word == KERNEL_WORD_POWER) return;
    struct word_frame *frame = kernel_frame(k, c);
    frame->word = below(200) == 0 ? next_random() : chosen.word;
    for (uint32_t i = 0; i < 6; i++)
        frame->arg[i] = below(3) == 0 ? some_handle(k, d, (uint32_t)below(OBJECT_KINDS)) : some_number();
    frame->arg[0] =
        chosen.object == OBJECT_NONE && below(2) == 0 ? some_number() : some_handle(k, d, chosen.object);
    switch (chosen.word) {
    case KERNEL_WORD_DOMAIN_CREATE: frame->arg[1] = below(k->domain[d].free / 2 + 1); break;
    case KERNEL_WORD_CONTEXT_CREATE: frame->arg[1] = below(3); break;
    case KERNEL_WORD_REGION_CREATE:
        frame->arg[0] = below(3) != 0 ? 1 + below(20) : 1 + below(1200);
        frame->arg[1] = below(2);
        break;
    case KERNEL_WORD_CHANNEL_CREATE: frame->arg[0] = 1 + below(20); break;
    case KERNEL_WORD_CHANNEL_MINT: frame->arg[1] = 1 + below(4); break;
    case KERNEL_WORD_SEND:
    case KERNEL_WORD_SEND_DONATE:
        frame->arg[1] = below(1100);
        frame->arg[2] = below(6);
        for (uint32_t i = 0; i < MESSAGE_HANDLES; i++)
            page_of(w, c)->out_handle[i] = some_handle(k, d, OBJECT_NONE);
        break;
    case KERNEL_WORD_RECEIVE:
        frame->arg[1] = below(3) != 0 ? DEADLINE_POLL : arch_clock_ns(w->m) + below(100000);
        break;
    case KERNEL_WORD_SIGNAL_WAIT:
        frame->arg[1] = next_random();
        frame->arg[2] = below(3) != 0 ? DEADLINE_POLL : arch_clock_ns(w->m) + below(100000);
        break;
    case KERNEL_WORD_SIGNAL_TIMER: frame->arg[1] = arch_clock_ns(w->m) + below(100000); break;
    case KERNEL_WORD_COPY:
    case KERNEL_WORD_MOVE:
    case KERNEL_WORD_LEND:
    case KERNEL_WORD_PREPARE:
    case KERNEL_WORD_DERIVE:
        frame->arg[1] = some_handle(k, d, below(2) != 0 ? OBJECT_DOMAIN : OBJECT_CHANNEL);
        if (chosen.word == KERNEL_WORD_DERIVE) frame->arg[1] = next_random() & RIGHT_all;
        if (chosen.word == KERNEL_WORD_COPY) frame->arg[2] = next_random() & RIGHT_all & next_random();
        if (below(2) != 0) frame->arg[3] = frame->arg[4] = 0;
        if (below(2) != 0 && chosen.word == KERNEL_WORD_DERIVE) frame->arg[2] = 0;
        break;
    case KERNEL_WORD_DOMAIN_VIEW:
        frame->arg[1] = some_handle(k, d, OBJECT_REGION);
        frame->arg[2] = 1 + below(3);
        break;
    case KERNEL_WORD_VIEW_MAP:
    case KERNEL_WORD_VIEW_PROTECT: frame->arg[1] = 1 + below(3); break;
    case KERNEL_WORD_REGION_COMMIT:
    case KERNEL_WORD_REGION_DECOMMIT:
        frame->arg[1] = below(20);
        frame->arg[2] = below(20);
        break;
    case KERNEL_WORD_GRANT_CREATE: frame->arg[0] = below(k->domain[d].free / 4 + 1); break;
    case KERNEL_WORD_UNCARVE: frame->arg[0] = below(k->domain[d].free / 4 + 1); break;
    default: break;
    }
    uint32_t target = capability_find(k, d, frame->arg[0]);
    bool of_root = target < CORE_CAPABILITIES && k->capability[target].object == k->root;
    if (frame->word == KERNEL_WORD_DOMAIN_KILL && of_root) return;
    if (getenv("TRACE"))
        printf("%u: context %u of domain %u: word %lu %lx %lx %lx %lx %lx", words_done, c, d, frame->word,
               frame->arg[0], frame->arg[1], frame->arg[2], frame->arg[3], frame->arg[4]);
    w->running[cpu] = kernel_word(k, cpu);
    if (getenv("TRACE")) printf(" -> %lu\n", frame->word);
    words_done++;
    if (frame->word == STATUS_OK) words_ok++;
}

static void event(struct world *w, uint32_t cpu)
{
    struct kernel *k = w->k;
    switch (below(60)) {
    case 0:
    case 1:
    case 2:
        hosted_set_clock(w->m, arch_clock_ns(w->m) + below(3000000));
        w->running[cpu] = kernel_timer(k, cpu);
        break;
    case 3: w->running[cpu] = kernel_interrupt(k, cpu, (uint32_t)below(CORE_INTERRUPTS)); break;
    case 4: {
        uint32_t c = w->running[cpu];
        uint32_t d = c < CORE_CONTEXTS ? kernel_domain(k, c) : 0;
        if (d == 0 || d >= CORE_DOMAINS) break;
        /* somewhere in a view, or anywhere */
        uint64_t address = next_random() >> 17;
        if (k->domain[d].views < CORE_VIEWS)
            address = k->region[k->view[k->domain[d].views].region].page * PAGE_BYTES + below(40000);
        w->running[cpu] = kernel_fault(k, cpu, below(2) ? FAULT_WRITE : (uint32_t)below(8), address, 0x1234);
        break;
    }
    case 5:
        if (below(8) == 0) {
            uint32_t d = 1 + (uint32_t)below(40);
            if (d < k->kind_high[OBJECT_DOMAIN] && d != k->root) domain_end(k, d);
        }
        break;
    default: break;
    }
    if (w->running[cpu] == KERNEL_AGAIN || hosted_take_wake(w->m, cpu))
        w->running[cpu] = w->running[cpu] == KERNEL_AGAIN ? kernel_continue(k, cpu) : kernel_wake(k, cpu);
    random_word(w, cpu);
}

/* The root runs on CPU 0 and waits for nothing, whatever it was doing. */
static void free_root(struct world *w)
{
    for (uint32_t i = 0; i < 100000 && (w->running[0] != 0 || w->k->context[0].state != CONTEXT_RUNNING);
         i++) {
        struct context *root = &w->k->context[0];
        if (root->state == CONTEXT_WAITING && root->wait == WAIT_REPLY) context_wake(w->k, 0, STATUS_PEER);
        if (root->state == CONTEXT_STOPPED || root->state == CONTEXT_FAULTED) context_ready(w->k, 0);
        if (root->state == CONTEXT_WAITING) {
            channel_stop_waiting(w->k, 0);
            signal_stop_waiting(w->k, 0);
            context_wake(w->k, 0, STATUS_TIMEOUT);
        }
        domain_resume(w->k, 0);
        w->k->domain[0].budget_ns = 0;
        w->running[0] = kernel_wake(w->k, 0);
        if (w->running[0] == KERNEL_AGAIN) w->running[0] = kernel_continue(w->k, 0);
        if (w->running[0] != 0 && w->running[0] < CORE_CONTEXTS) {
            kernel_frame(w->k, w->running[0])->word = KERNEL_WORD_YIELD;
            w->running[0] = kernel_word(w->k, 0);
        }
    }
}

static void run(uint64_t seed, uint64_t steps, uint64_t check_every)
{
    state = seed * 0x9e3779b97f4a7c15ull + 1;
    struct world w = world_create(6000, 2);
    words_ok = words_done = 0;
    uint64_t bad = 0;
    for (uint64_t i = 0; i < steps && bad == 0; i++) {
        uint32_t cpu = (uint32_t)below(2);
        /* the root makes new life when there is little */
        if (cpu == 0 && w.running[0] == 0 && w.k->kind_used[OBJECT_DOMAIN] < 6 &&
            w.k->domain[0].state == DOMAIN_LIVE) {
            uint64_t context = 0, spawn = BOOT_HANDLE(BOOT_SLOT_SPAWN);
            if (ASK(&w, DOMAIN_CREATE, spawn, 1 << 20) == STATUS_OK) {
                uint64_t child = result(&w, 0);
                ASK(&w, COPY, spawn, child, RIGHT_all, 0, 0);
                if (ASK(&w, CONTEXT_CREATE, child, below(2), 1, 2, 3) == STATUS_OK) {
                    context = result(&w, 0);
                    ASK(&w, CONTEXT_START, context);
                }
            }
        }
        event(&w, cpu);
        if (i % check_every == 0) {
            bad = invariants(&w);
            if (bad != 0) printf("seed %lu, step %lu\n", seed, i);
        }
        if (w.running[0] == KERNEL_IDLE && w.k->dying_first >= CORE_OBJECTS && below(50) == 0) free_root(&w);
    }
    CHECK_EQ_U64(bad, 0);
    /* the end: every domain but the root dies, the root gives up what it has, and all comes back */
    for (uint32_t d = 1; d < w.k->kind_high[OBJECT_DOMAIN]; d++) domain_end(w.k, d);
    free_root(&w);
    world_reap(&w);
    CHECK_EQ_U64(w.k->kind_used[OBJECT_DOMAIN], 1);
    CHECK_EQ_U64(invariants(&w), 0);
    CHECK_EQ_U64(w.k->domain[0].carved, 0);
    CHECK_EQ_U64(w.k->frames_reserved, 0);
    CHECK_EQ_U64(hosted_violations(w.m), 0);
    CHECK(words_ok > steps / 20);
    if (getenv("VERBOSE"))
        printf("seed %lu: %u words, %u ok, %u objects\n", seed, words_done, words_ok,
               w.k->kind_used[OBJECT_REGION]);
    hosted_destroy(w.m);
}

int main(int argc, char **argv)
{
    uint64_t seed = argc > 1 ? strtoull(argv[1], NULL, 0) : 0,
             steps = argc > 2 ? strtoull(argv[2], NULL, 0) : 3000;
    if (argc > 1)
        run(seed, steps, 1);
    else
        for (seed = 1; seed <= 12; seed++) run(seed, steps, 40);
    return check_report();
}
