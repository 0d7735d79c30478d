/* Comparisons through a function pointer, swaps in memory: quicksort of records. */
#include "bench.h"

struct record {
    uint32_t key, value;
};
typedef int comparison(const struct record *, const struct record *);

static int by_key(const struct record *a, const struct record *b)
{
    return a->key < b->key ? -1 : a->key > b->key;
}

static int by_value(const struct record *a, const struct record *b)
{
    return a->value < b->value ? -1 : a->value > b->value;
}

static void sort(struct record *at, int32_t count, comparison *compare)
{
    while (count > 1) {
        struct record pivot = at[count / 2];
        int32_t i = 0, j = count - 1;
        while (i <= j) {
            while (compare(&at[i], &pivot) < 0) i++;
            while (compare(&at[j], &pivot) > 0) j--;
            if (i > j) break;
            struct record swap = at[i];
            at[i++] = at[j], at[j--] = swap;
        }
        sort(at, j + 1, compare);
        at += i, count -= i;
    }
}

static uint64_t work(void)
{
    enum { COUNT = 600000 };
    static struct record records[COUNT];
    static comparison *const volatile orders[2] = {by_key, by_value};
    uint64_t sum = 0;
    for (int round = 0; round < 4; round++) {
        for (int i = 0; i < COUNT; i++) records[i] = (struct record){random_number(), random_number()};
        sort(records, COUNT, orders[round % 2]);
        for (int i = 0; i < COUNT; i += 1000) sum = sum * 31 + records[i].key;
    }
    return sum;
}
