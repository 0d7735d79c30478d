/* Sorting of indices in n log n, whatever the input: no hash that crafted names could make slow.  Private to loader/wasm. */
#ifndef LOADER_WASM_SORT_H
#define LOADER_WASM_SORT_H

#include "base/types.h"

/* Sorts items, count of them, so that compare(context, a, b) is never positive for neighbours; equal ones keep their order.
 * scratch: room for count more. */
void wasm_sort(uint32_t *items, uint32_t *scratch, uint32_t count,
               int (*compare)(const void *context, uint32_t a, uint32_t b), const void *context);

#endif
