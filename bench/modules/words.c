/* Pointers and bytes: a text cut into words, counted in a hash table with chains. */
#include "bench.h"

struct word {
    struct word *next;
    uint32_t hash, count;
    char text[12];
};
static struct word *table[1 << 14];

static void count_word(const char *text, uint32_t size)
{
    uint32_t hash = 2166136261u;
    for (uint32_t i = 0; i < size; i++) hash = (hash ^ (uint8_t)text[i]) * 16777619u;
    struct word **at = &table[hash % (1 << 14)];
    for (struct word *w = *at; w != NULL; w = w->next)
        if (w->hash == hash && memcmp(w->text, text, size) == 0 && w->text[size] == 0) {
            w->count++;
            return;
        }
    struct word *fresh = calloc(1, sizeof *fresh);
    memcpy(fresh->text, text, size);
    fresh->hash = hash, fresh->count = 1, fresh->next = *at, *at = fresh;
}

static uint64_t work(void)
{
    enum { BYTES = 1000000 };
    char *text = malloc(BYTES + 1);
    for (int i = 0; i < BYTES; i++)
        text[i] = random_number() % 5 == 0 ? ' ' : (char)('a' + random_number() % 9);
    text[BYTES] = ' ';
    for (int round = 0; round < 3; round++)
        for (int i = 0, begin = 0; i <= BYTES; i++)
            if (text[i] == ' ') {
                if (i > begin) count_word(text + begin, i - begin > 11 ? 11 : (uint32_t)(i - begin));
                begin = i + 1;
            }
    uint64_t sum = 0;
    for (int i = 0; i < 1 << 14; i++)
        for (struct word *w = table[i]; w != NULL; w = w->next) sum += (uint64_t)w->count * w->count;
    return sum;
}
