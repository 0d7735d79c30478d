/* Pebbles: the budgets of domains.  Every function keeps used + carved + free = limit for every domain; that is proved.  Bytes. */
#ifndef KERNEL_CORE_PEBBLES_H
#define KERNEL_CORE_PEBBLES_H

#include "kernel/core/state.h"

/*@ predicate balanced{L}(struct kernel *k, integer d) =
      \at(k->domain[d].used, L) + \at(k->domain[d].carved, L) + \at(k->domain[d].free, L) == \at(k->domain[d].limit, L);

    predicate all_balanced{L}(struct kernel *k) =
      \forall integer i; 0 <= i < CORE_DOMAINS ==> balanced{L}(k, i);

    predicate same_budget{A, B}(struct kernel *k, integer d) =
      \at(k->domain[d].used, A) == \at(k->domain[d].used, B) && \at(k->domain[d].carved, A) == \at(k->domain[d].carved, B) &&
      \at(k->domain[d].free, A) == \at(k->domain[d].free, B) && \at(k->domain[d].limit, A) == \at(k->domain[d].limit, B);
*/

/* Takes bytes of the domain's free budget into use.  false: not that much is free; nothing changed. */
/*@ requires \valid(k);
    assigns k->domain[0 .. CORE_DOMAINS - 1].used, k->domain[0 .. CORE_DOMAINS - 1].free;
    ensures all_balanced{Pre}(k) ==> all_balanced{Post}(k);
    ensures all_balanced{Pre}(k) && \result == \true ==> d < CORE_DOMAINS && k->domain[d].used == \old(k->domain[d].used) + bytes;
    ensures \result != \true ==> \forall integer i; 0 <= i < CORE_DOMAINS ==> same_budget{Pre, Post}(k, i);
    ensures \forall integer i; 0 <= i < CORE_DOMAINS && i != d ==> same_budget{Pre, Post}(k, i);
    ensures d < CORE_DOMAINS && bytes <= \old(k->domain[d].free) ==> \result == \true;
*/
bool pebbles_charge(struct kernel *k, uint32_t d, uint64_t bytes);

/* Gives bytes in use back.  More than is in use cannot be: then what is in use is given back. */
/*@ requires \valid(k);
    assigns k->domain[0 .. CORE_DOMAINS - 1].used, k->domain[0 .. CORE_DOMAINS - 1].free;
    ensures all_balanced{Pre}(k) ==> all_balanced{Post}(k);
    ensures \forall integer i; 0 <= i < CORE_DOMAINS && i != d ==> same_budget{Pre, Post}(k, i);
    ensures d < CORE_DOMAINS && bytes <= \old(k->domain[d].used) ==> k->domain[d].used == \old(k->domain[d].used) - bytes;
*/
void pebbles_release(struct kernel *k, uint32_t d, uint64_t bytes);

/* The root's budget, from nothing. */
/*@ requires \valid(k);
    assigns k->domain[0 .. CORE_DOMAINS - 1].used, k->domain[0 .. CORE_DOMAINS - 1].carved,
            k->domain[0 .. CORE_DOMAINS - 1].free, k->domain[0 .. CORE_DOMAINS - 1].limit;
    ensures all_balanced{Pre}(k) ==> all_balanced{Post}(k);
*/
void pebbles_found(struct kernel *k, uint32_t d, uint64_t bytes);

/* Moves free bytes of the parent into the limit of its child.  false: not that many are free; nothing changed. */
/*@ requires \valid(k);
    assigns k->domain[0 .. CORE_DOMAINS - 1].carved, k->domain[0 .. CORE_DOMAINS - 1].free, k->domain[0 .. CORE_DOMAINS - 1].limit;
    ensures all_balanced{Pre}(k) ==> all_balanced{Post}(k);
    ensures \forall integer i; 0 <= i < CORE_DOMAINS && i != parent && i != child ==> same_budget{Pre, Post}(k, i);
    ensures all_balanced{Pre}(k) && \result == \true ==> parent < CORE_DOMAINS && child < CORE_DOMAINS &&
            k->domain[parent].carved == \old(k->domain[parent].carved) + bytes && k->domain[child].limit == \old(k->domain[child].limit) + bytes;
    ensures \result != \true ==> \forall integer i; 0 <= i < CORE_DOMAINS ==> same_budget{Pre, Post}(k, i);
*/
bool pebbles_carve(struct kernel *k, uint32_t parent, uint32_t child, uint64_t bytes);

/* The contrary: free bytes of the child go back to the parent. */
/*@ requires \valid(k);
    assigns k->domain[0 .. CORE_DOMAINS - 1].carved, k->domain[0 .. CORE_DOMAINS - 1].free, k->domain[0 .. CORE_DOMAINS - 1].limit;
    ensures all_balanced{Pre}(k) ==> all_balanced{Post}(k);
    ensures \forall integer i; 0 <= i < CORE_DOMAINS && i != parent && i != child ==> same_budget{Pre, Post}(k, i);
    ensures all_balanced{Pre}(k) && \result == \true ==> parent < CORE_DOMAINS && child < CORE_DOMAINS &&
            k->domain[parent].carved == \old(k->domain[parent].carved) - bytes && k->domain[child].limit == \old(k->domain[child].limit) - bytes;
    ensures \result != \true ==> \forall integer i; 0 <= i < CORE_DOMAINS ==> same_budget{Pre, Post}(k, i);
*/
bool pebbles_uncarve(struct kernel *k, uint32_t parent, uint32_t child, uint64_t bytes);

/* Moves bytes that are in use by `from` (a grant's) into the free budget of `to`: up the tree to the domain that both descend from and down
 * again, so that every limit on the way changes along with it.  false: they have no common ancestor; nothing changed. */
/*@ requires \valid(k);
    assigns k->domain[0 .. CORE_DOMAINS - 1].used, k->domain[0 .. CORE_DOMAINS - 1].carved,
            k->domain[0 .. CORE_DOMAINS - 1].free, k->domain[0 .. CORE_DOMAINS - 1].limit;
    ensures all_balanced{Pre}(k) ==> all_balanced{Post}(k);
*/
bool pebbles_transfer(struct kernel *k, uint32_t from, uint32_t to, uint64_t bytes);

#endif
