#!/usr/bin/env python3
"""Writes base/category_table.h: the general category of every code point from U+0080 on, as runs."""
import unicodedata

NAMES = "Lu Ll Lt Lm Lo Mn Mc Me Nd Nl No Pc Pd Ps Pe Pi Pf Po Sm Sc Sk So Zs Zl Zp Cc Cf Cs Co Cn".split()
runs, last = [], None
for c in range(0x80, 0x110000):
    category = NAMES.index(unicodedata.category(chr(c)))
    if category != last:
        runs.append(c << 8 | category)
        last = category
print(f"/* Made by tools/gen/category_table.py from Unicode {unicodedata.unidata_version}: first code point << 8 | category of each run. */")
print("static const uint32_t category_runs[] = {")
for i in range(0, len(runs), 8):
    print("    " + " ".join(f"0x{r:x}," for r in runs[i : i + 8]))
print("};")
