#include "kernel/core/timer.h"

/* The place of a timer is kept with what it belongs to, plus one: 0 is "not in the heap". */
/*@ requires \valid(k);
    assigns *k; */
static void set_place(struct kernel *k, uint32_t what, uint32_t place)
{
    if (what < CORE_CONTEXTS)
        k->context[what].heap = place;
    else if (what < HEAP_SIZE)
        k->signal[what - CORE_CONTEXTS].heap = place;
}

/*@ requires \valid(k);
    assigns \nothing;
    ensures \result <= HEAP_SIZE; */
static uint32_t place_of(const struct kernel *k, uint32_t what)
{
    uint32_t place = what < CORE_CONTEXTS ? k->context[what].heap
                     : what < HEAP_SIZE   ? k->signal[what - CORE_CONTEXTS].heap
                                          : 0;
    return place <= k->heap_size && place <= HEAP_SIZE ? place : 0;
}

/*@ requires \valid(k) && i < HEAP_SIZE;
    assigns *k; */
static void put(struct kernel *k, uint32_t i, uint64_t deadline_ns, uint32_t what)
{
    k->heap[i].deadline_ns = deadline_ns;
    k->heap[i].what = what;
    set_place(k, what, i + 1);
}

/* Moves the hole at i up to where an entry with this deadline belongs. */
/*@ requires \valid(k) && i < HEAP_SIZE;
    assigns *k;
    ensures \result < HEAP_SIZE; */
static uint32_t sift_up(struct kernel *k, uint32_t i, uint64_t deadline_ns)
{
    /*@ loop invariant i < HEAP_SIZE;
        loop assigns i, *k;
        loop variant i; */
    while (i > 0) {
        uint32_t parent = (i - 1) / 2;
        if (k->heap[parent].deadline_ns <= deadline_ns) return i;
        put(k, i, k->heap[parent].deadline_ns, k->heap[parent].what);
        i = parent;
    }
    return i;
}

/*@ requires \valid(k) && i < HEAP_SIZE && n <= HEAP_SIZE;
    assigns *k;
    ensures \result < HEAP_SIZE; */
static uint32_t sift_down(struct kernel *k, uint32_t i, uint32_t n, uint64_t deadline_ns)
{
    /*@ loop invariant i < HEAP_SIZE;
        loop assigns i, *k;
        loop variant HEAP_SIZE - i; */
    while (i < n / 2) {
        uint32_t child = 2 * i + 1;
        if (child >= n) return i;
        if (child + 1 < n && k->heap[child + 1].deadline_ns < k->heap[child].deadline_ns) child++;
        if (k->heap[child].deadline_ns >= deadline_ns) return i;
        put(k, i, k->heap[child].deadline_ns, k->heap[child].what);
        i = child;
    }
    return i;
}

/* Takes out the entry at place i. */
/*@ requires \valid(k) && i < HEAP_SIZE;
    assigns *k; */
static void take_out(struct kernel *k, uint32_t i)
{
    uint32_t n = k->heap_size;
    if (n == 0 || n > HEAP_SIZE || i >= n) return;
    set_place(k, k->heap[i].what, 0);
    n = n - 1;
    k->heap_size = n;
    if (i == n) return;
    uint64_t deadline_ns = k->heap[n].deadline_ns;
    uint32_t what = k->heap[n].what;
    uint32_t hole = sift_up(k, i, deadline_ns);
    if (hole == i) hole = sift_down(k, i, n, deadline_ns);
    put(k, hole, deadline_ns, what);
}

void timer_set(struct kernel *k, uint32_t what, uint64_t deadline_ns)
{
    uint32_t place = place_of(k, what);
    if (place > 0) take_out(k, place - 1);
    uint32_t n = k->heap_size;
    if (deadline_ns == DEADLINE_NEVER || n >= HEAP_SIZE) return;
    k->heap_size = n + 1;
    put(k, sift_up(k, n, deadline_ns), deadline_ns, what);
}

uint64_t timer_first(const struct kernel *k)
{
    return k->heap_size > 0 ? k->heap[0].deadline_ns : DEADLINE_NEVER;
}

uint32_t timer_take(struct kernel *k, uint64_t now_ns)
{
    if (k->heap_size == 0 || k->heap[0].deadline_ns > now_ns) return NONE;
    uint32_t what = k->heap[0].what;
    take_out(k, 0);
    return what < HEAP_SIZE ? what : NONE;
}
