#include "kernel/core/pebbles.h"

bool pebbles_charge(struct kernel *k, uint32_t d, uint64_t bytes)
{
    if (d >= CORE_DOMAINS || k->domain[d].free < bytes) return false;
    //@ assert all_balanced{Pre}(k) ==> balanced(k, d);
    //@ assert all_balanced{Pre}(k) ==> k->domain[d].used + bytes <= k->domain[d].limit;
    k->domain[d].free -= bytes;
    k->domain[d].used += bytes;
    //@ assert all_balanced{Pre}(k) ==> balanced(k, d);
    //@ assert \forall integer i; 0 <= i < CORE_DOMAINS && i != d ==> same_budget{Pre, Here}(k, i);
    return true;
}

void pebbles_release(struct kernel *k, uint32_t d, uint64_t bytes)
{
    if (d >= CORE_DOMAINS) return;
    uint64_t back = bytes <= k->domain[d].used ? bytes : k->domain[d].used;
    //@ assert all_balanced{Pre}(k) ==> balanced(k, d);
    //@ assert all_balanced{Pre}(k) ==> k->domain[d].free + back <= k->domain[d].limit;
    k->domain[d].used -= back;
    k->domain[d].free += back;
    //@ assert all_balanced{Pre}(k) ==> balanced(k, d);
    //@ assert \forall integer i; 0 <= i < CORE_DOMAINS && i != d ==> same_budget{Pre, Here}(k, i);
}

void pebbles_found(struct kernel *k, uint32_t d, uint64_t bytes)
{
    if (d >= CORE_DOMAINS) return;
    k->domain[d].used = 0;
    k->domain[d].carved = 0;
    k->domain[d].free = bytes;
    k->domain[d].limit = bytes;
}

bool pebbles_carve(struct kernel *k, uint32_t parent, uint32_t child, uint64_t bytes)
{
    if (parent >= CORE_DOMAINS || child >= CORE_DOMAINS || parent == child) return false;
    if (k->domain[parent].free < bytes || k->domain[child].limit > UINT64_MAX - bytes) return false;
    //@ assert all_balanced{Pre}(k) ==> (balanced(k, parent) && balanced(k, child));
    //@ assert all_balanced{Pre}(k) ==> k->domain[parent].carved + bytes <= k->domain[parent].limit;
    //@ assert all_balanced{Pre}(k) ==> k->domain[child].free + bytes <= k->domain[child].limit + bytes;
    k->domain[parent].free -= bytes;
    k->domain[parent].carved += bytes;
    k->domain[child].limit += bytes;
    k->domain[child].free += bytes;
    //@ assert all_balanced{Pre}(k) ==> (balanced(k, parent) && balanced(k, child));
    //@ assert \forall integer i; 0 <= i < CORE_DOMAINS && i != parent && i != child ==> same_budget{Pre, Here}(k, i);
    return true;
}

bool pebbles_uncarve(struct kernel *k, uint32_t parent, uint32_t child, uint64_t bytes)
{
    if (parent >= CORE_DOMAINS || child >= CORE_DOMAINS || parent == child) return false;
    if (k->domain[child].free < bytes || k->domain[parent].carved < bytes) return false;
    //@ assert all_balanced{Pre}(k) ==> (balanced(k, parent) && balanced(k, child));
    //@ assert all_balanced{Pre}(k) ==> k->domain[parent].free + bytes <= k->domain[parent].limit;
    //@ assert all_balanced{Pre}(k) ==> bytes <= k->domain[child].limit;
    k->domain[child].free -= bytes;
    k->domain[child].limit -= bytes;
    k->domain[parent].carved -= bytes;
    k->domain[parent].free += bytes;
    //@ assert all_balanced{Pre}(k) ==> (balanced(k, parent) && balanced(k, child));
    //@ assert \forall integer i; 0 <= i < CORE_DOMAINS && i != parent && i != child ==> same_budget{Pre, Here}(k, i);
    return true;
}

/* Whether a is d or one of its ancestors. */
/*@ requires \valid(k);
    assigns \nothing;
*/
static bool is_ancestor(const struct kernel *k, uint32_t a, uint32_t d)
{
    /*@ loop invariant 0 <= i <= DOMAIN_DEPTH;
        loop assigns i, d;
        loop variant DOMAIN_DEPTH - i; */
    for (uint32_t i = 0; i < DOMAIN_DEPTH && d < CORE_DOMAINS; i++) {
        if (d == a) return true;
        d = k->domain[d].parent;
    }
    return false;
}

/* Takes free bytes up from `from` to `top`; the way exists, each limit on it is at least what is carved. */
/*@ requires \valid(k);
    assigns k->domain[0 .. CORE_DOMAINS - 1].carved, k->domain[0 .. CORE_DOMAINS - 1].free, k->domain[0 .. CORE_DOMAINS - 1].limit;
    ensures all_balanced{Pre}(k) ==> all_balanced{Post}(k);
*/
static bool climb(struct kernel *k, uint32_t from, uint32_t top, uint64_t bytes)
{
    uint32_t d = from;
    /*@ loop invariant 0 <= i <= DOMAIN_DEPTH;
        loop invariant all_balanced{Pre}(k) ==> all_balanced{Here}(k);
        loop assigns i, d, k->domain[0 .. CORE_DOMAINS - 1].carved, k->domain[0 .. CORE_DOMAINS - 1].free, k->domain[0 .. CORE_DOMAINS - 1].limit;
        loop variant DOMAIN_DEPTH - i; */
    for (uint32_t i = 0; i < DOMAIN_DEPTH; i++) {
        if (d == top || d >= CORE_DOMAINS) return d == top;
        uint32_t parent = k->domain[d].parent;
        if (!pebbles_uncarve(k, parent, d, bytes)) return false;
        d = parent;
    }
    return d == top;
}

bool pebbles_transfer(struct kernel *k, uint32_t from, uint32_t to, uint64_t bytes)
{
    if (from >= CORE_DOMAINS || to >= CORE_DOMAINS || k->domain[from].used < bytes) return false;
    uint32_t path[DOMAIN_DEPTH];
    uint32_t steps = 0, d = to;
    /*@ loop invariant 0 <= steps <= DOMAIN_DEPTH;
        loop invariant all_balanced{Pre}(k) ==> all_balanced{Here}(k);
        loop assigns steps, d, path[0 .. DOMAIN_DEPTH - 1];
        loop variant DOMAIN_DEPTH - steps; */
    while (steps < DOMAIN_DEPTH) {
        if (is_ancestor(k, d, from)) break;
        path[steps] = d;
        steps++;
        if (d >= CORE_DOMAINS) return false;
        d = k->domain[d].parent;
    }
    if (d >= CORE_DOMAINS || !is_ancestor(k, d, from)) return false;
    pebbles_release(k, from, bytes);
    if (!climb(k, from, d, bytes)) return false;
    /*@ loop invariant 0 <= steps <= DOMAIN_DEPTH;
        loop invariant all_balanced{Pre}(k) ==> all_balanced{Here}(k);
        loop assigns steps, d, k->domain[0 .. CORE_DOMAINS - 1].carved, k->domain[0 .. CORE_DOMAINS - 1].free, k->domain[0 .. CORE_DOMAINS - 1].limit;
        loop variant steps; */
    while (steps > 0) {
        steps--;
        if (!pebbles_carve(k, d, path[steps], bytes)) return false;
        d = path[steps];
    }
    return true;
}
