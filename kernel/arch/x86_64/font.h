/* The console's font: ASCII, one byte a row, leftmost pixel in the highest bit. */
#ifndef KERNEL_ARCH_X86_64_FONT_H
#define KERNEL_ARCH_X86_64_FONT_H

#include "base/types.h"

#define FONT_WIDTH 8u
#define FONT_HEIGHT 16u

const uint8_t *font_glyph(char c); /* FONT_HEIGHT rows; other characters look like a question mark */

#endif
