/* Images of a runtime's memory: a header, ranges of addresses, pieces of content, the content page by page.
 * Written by runtime/port/hosted/image.c, read by it and by runtime/port/kernel/image.c. */
#ifndef RUNTIME_PORT_IMAGE_FORMAT_H
#define RUNTIME_PORT_IMAGE_FORMAT_H

#include "base/types.h"
#include "spec/limits.h"

#define IMAGE_MAGIC 0x31474d4941 /* "AIMG1" */
#define IMAGE_BASE (ARENA_BASE + ARENA_SIZE)
#define BUILD_ID_BYTES 20
#define LIMIT_PIECES 20000

struct image_header {
    uint64_t magic;
    uint8_t build_id[BUILD_ID_BYTES];
    uint32_t range_count, piece_count;
    uint32_t pad;
    uint64_t fingerprint, clock_ns, root, data_offset, file_bytes;
};

struct image_range { /* memory without content */
    uint64_t at, bytes, writable;
};

struct image_piece { /* content, page by page */
    uint64_t at, bytes, offset;
};

#endif
