/* Random words: a pool that everything unpredictable is hashed into, and that is hashed for every word given out.
 * Sources: the firmware's seed, RDRAND, RDSEED, and the time at which each word is asked for. */
#include "base/mem.h"
#include "base/sha256.h"
#include "kernel/arch/x86_64/machine.h"

static uint64_t processor_word(void)
{
    uint64_t word = 0;
    uint8_t good = 0;
    for (unsigned i = 0; i < 10 && !good && machine.features.rdrand; i++)
        __asm__ volatile("rdrand %0; setc %1" : "=r"(word), "=qm"(good) : : "cc");
    return word;
}

static void stir(uint8_t out[SHA256_BYTES], const char *purpose)
{
    struct sha256 s;
    uint64_t facts[3] = {processor_word(), cycles(), ++machine.pool_count};
    sha256_start(&s);
    sha256_add(&s, purpose, 4);
    sha256_add(&s, machine.pool, sizeof machine.pool);
    sha256_add(&s, facts, sizeof facts);
    sha256_end(&s, out);
}

void entropy_start(void)
{
    memcpy(machine.pool, machine.info.seed, sizeof machine.pool);
    memset(machine.info.seed, 0, sizeof machine.info.seed);
    stir(machine.pool, "seed");
}

/* What is given out does not tell what comes, and the pool of now does not tell what was given out. */
uint64_t arch_entropy(struct machine *m)
{
    uint8_t out[SHA256_BYTES], next[SHA256_BYTES];
    uint64_t word;
    stir(out, "give");
    stir(next, "keep");
    memcpy(m->pool, next, sizeof next);
    memcpy(&word, out, sizeof word);
    return word;
}
