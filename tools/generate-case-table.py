#!/usr/bin/env python3
"""Writes base/case_table.h: the case mappings of Unicode as ranges, from the tables of the Python that runs this.

A range maps first, first + stride, ... (count code points) by adding delta.  What maps to several code points is listed apart.
"""
import unicodedata


def ranges(mapping):
    out = []
    for code, to in sorted(mapping.items()):
        delta = to - code
        if out:
            first, count, stride, d = out[-1]
            gap = code - (first + (count - 1) * stride)
            if d == delta and count == 1 and gap in (1, 2):
                out[-1] = (first, 2, gap, d)
                continue
            if d == delta and count > 1 and gap == stride and count < 65535:
                out[-1] = (first, count + 1, stride, d)
                continue
        out.append((code, 1, 1, delta))
    return out


def collect(convert):
    simple, full = {}, {}
    for code in range(0x80, 0x110000):
        if 0xD800 <= code < 0xE000:
            continue
        to = convert(chr(code))
        if len(to) > 1:
            full[code] = to
        elif ord(to) != code:
            simple[code] = ord(to)
    return simple, full


def write(name, simple, full):
    print(f"static const struct case_range {name}_ranges[] = {{")
    for first, count, stride, delta in ranges(simple):
        print(f"    {{0x{first:04x}, {count}, {stride}, {delta}}},")
    print("};")
    print(f"static const struct case_special {name}_specials[] = {{")
    for code, to in sorted(full.items()):
        print(f"    {{0x{code:04x}, {{{', '.join(f'0x{ord(c):04x}' for c in to)}}}}},")
    print("};")


HEAD = """/* Made by tools/generate-case-table.py; Unicode %s. */
#ifndef BASE_CASE_TABLE_H
#define BASE_CASE_TABLE_H

#include "base/types.h"

struct case_range {
    uint32_t first;
    uint16_t count;
    uint8_t stride;
    int32_t delta;
};
struct case_special {
    uint32_t code, to[3]; /* to: padded with zeros */
};
"""
print(HEAD % unicodedata.unidata_version)
write("upper", *collect(str.upper))
write("lower", *collect(str.lower))
print("\n#endif")
