#!/usr/bin/env python3
"""Writes base/pow10_table.h: the leading 128 bits of the powers of ten that double texts need."""
LOW, HIGH = -342, 324


def leading_128(k):
    """floor(10^k * 2^s) with s such that the result has exactly 128 bits."""
    if k >= 0:
        n = 10**k
        bits = n.bit_length()
        return n >> (bits - 128) if bits > 128 else n << (128 - bits)
    d = 10**-k
    shift = 127 + d.bit_length()
    q = (1 << shift) // d
    return q >> (q.bit_length() - 128)


print("""/* Made by tools/gen/pow10_table.py; base/float_text_test.c proves every entry.
 * pow10_table[k - POW10_LOW] = floor(10^k * 2^(127 - floor(log2(10^k)))): high half, low half; exact for 0 <= k <= 55. */
#ifndef BASE_POW10_TABLE_H
#define BASE_POW10_TABLE_H

#include "base/types.h"
""")
print(f"#define POW10_LOW ({LOW})\n#define POW10_HIGH {HIGH}\n")
print("static const uint64_t pow10_table[POW10_HIGH - POW10_LOW + 1][2] = {")
for k in range(LOW, HIGH + 1):
    v = leading_128(k)
    print(f"    {{0x{v >> 64:016x}, 0x{v & (1 << 64) - 1:016x}}}, /* {k} */")
print("};\n\n#endif")
