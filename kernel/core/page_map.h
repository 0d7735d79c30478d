/* Page maps: which frame is behind which page of a region.  A radix tree of nodes of 16 entries, at most 6 levels. */
#ifndef KERNEL_CORE_PAGE_MAP_H
#define KERNEL_CORE_PAGE_MAP_H

#include "kernel/core/state.h"

/* Three maps hang off a region: which is meant. */
enum map_kind { MAP_FRAMES, MAP_TABLES, MAP_SHADOW };

/* Levels that a map of so many pages needs. */
/*@ assigns \nothing;
    ensures 1 <= \result <= NODE_LEVELS; */
uint32_t page_map_levels(uint64_t pages);

/* At most so many nodes come into being when `pages` neighbouring entries are set. */
/*@ assigns \nothing; */
uint64_t page_map_nodes_bound(uint64_t pages, uint32_t levels);

/* Nodes that can still be taken are at least n, with memory behind them. */
/*@ requires \valid(k);
    assigns *k; */
bool nodes_ready(struct kernel *k, uint64_t n);

/* Entry of a page; FRAME_NONE: nothing there. */
/*@ requires \valid(k) && region < CORE_REGIONS;
    assigns \nothing; */
uint32_t page_map_get(const struct kernel *k, uint32_t region, uint32_t which, uint64_t page);

/* Set it.  Nodes that are missing are taken: false when there is none, then nothing is set. */
/*@ requires \valid(k) && region < CORE_REGIONS;
    assigns *k; */
bool page_map_set(struct kernel *k, uint32_t region, uint32_t which, uint64_t page, uint32_t value);

/* Take out one entry after the other, freeing nodes that have become empty: the first entry found is answered, with its page; FRAME_NONE
 * when none was found in a few tries (page_map_empty says whether it is over). */
/*@ requires \valid(k) && region < CORE_REGIONS && \valid(page) && \separated(k, page);
    assigns *k, *page; */
uint32_t page_map_take(struct kernel *k, uint32_t region, uint32_t which, uint64_t *page);

/* Whether no node is left. */
/*@ requires \valid(k) && region < CORE_REGIONS;
    assigns \nothing; */
bool page_map_empty(const struct kernel *k, uint32_t region, uint32_t which);

/* The first entry at or after `page` and below `end`; NONE when there is none.  At most `tries` pages are looked at; *page is where it
 * is or where to go on. */
/*@ requires \valid(k) && region < CORE_REGIONS && \valid(page) && \separated(k, page);
    assigns *page; */
uint32_t page_map_next(const struct kernel *k, uint32_t region, uint32_t which, uint64_t *page, uint64_t end,
                       uint32_t tries);

#endif
