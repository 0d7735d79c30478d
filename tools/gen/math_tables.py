#!/usr/bin/env python3
"""Writes base/math_tables.h: constants and tables of base/math.c, as sums of two doubles, from 80-digit arithmetic."""
from decimal import Decimal as D, getcontext
from fractions import Fraction

getcontext().prec = 420


def atan(x):
    """Arc tangent of a small non-negative Decimal: halve the angle, then the series."""
    halvings = 0
    while x > D("0.05"):
        x = x / (1 + (1 + x * x).sqrt())
        halvings += 1
    term, total, n = x, D(0), 1
    while abs(term) > D(10) ** -410:
        total += term / n
        term *= -x * x
        n += 2
    return total * 2**halvings


PI = 16 * atan(D(1) / 5) - 4 * atan(D(1) / 239)
LN2 = D(2).ln()


def pair(v):
    high = float(v)
    return high, float(v - D(high))


def cut(v, bits):
    """The leading bits of v as a float, and what is left."""
    if v == 0:
        return 0.0, v
    f = Fraction(v)
    e = 0
    while f >= 1 << (e + 1):
        e += 1
    while f < Fraction(2) ** e:
        e -= 1
    unit = Fraction(2) ** (e - bits + 1)
    head = float((f // unit) * unit)
    return head, v - D(head)


def define(name, v):
    high, low = pair(v)
    print(f"#define {name}_HIGH {high.hex()}")
    print(f"#define {name}_LOW {low.hex()}")


def parts(name, v, bits, count):
    for i in range(count - 1):
        head, v = cut(v, bits)
        print(f"#define {name}_{i + 1} {head.hex()}")
    print(f"#define {name}_{count} {float(v).hex()}")


def table(name, comment, values):
    print(f"\n/* {comment} */\nstatic const double {name}[][2] = {{")
    for v in values:
        high, low = pair(v)
        print(f"    {{{high.hex()}, {low.hex()}}},")
    print("};")


print("/* Made by tools/gen/math_tables.py. */\n#ifndef BASE_MATH_TABLES_H\n#define BASE_MATH_TABLES_H\n\n#include <stdint.h>\n")
define("PI", PI)
define("HALF_PI", PI / 2)
define("LN2", LN2)
define("INV_LN10", 1 / D(10).ln())
print("\n/* ln 2 / 64 in parts whose products with 17-bit integers are exact. */")
parts("LN2_64", LN2 / 64, 36, 3)
print(f"#define INV_LN2_64 {float(64 / LN2).hex()}")
print("\n/* pi / 2 in parts whose products with 20-bit integers are exact. */")
parts("HALF_PI", PI / 2, 33, 5)
print(f"#define INV_HALF_PI {float(2 / PI).hex()}")
table("exp_table", "2^(j/64)", [(LN2 * j / 64).exp() for j in range(64)])

# For the i-th 128th of [1, 2): a 9-bit number near its inverse, 1 and 1/2 at the ends so that logarithms near 1 lose nothing.
inverse = []
for i in range(128):
    middle = Fraction(2 * i + 257, 256)
    inverse.append(Fraction(round(512 / middle), 512))
inverse[0], inverse[127] = Fraction(1), Fraction(1, 2)
print("\n/* Inverses of the 128ths of [1, 2), 10 bits at most. */\nstatic const double log_inverse[128] = {")
for v in inverse:
    print(f"    {float(v).hex()},")
print("};")
table("log_table", "-ln(log_inverse[i])", [-(D(v.numerator) / D(v.denominator)).ln() for v in inverse])
table("atan_table", "arc tangent of j/32", [atan(D(j) / 32) for j in range(33)])

words = 20
bits = int(D(2) / PI * D(2) ** (64 * words))
print("\n/* 2 / pi: the first 1280 bits behind the point, most significant word first. */\nstatic const uint64_t two_over_pi[] = {")
for i in range(words):
    print(f"    0x{bits >> (64 * (words - 1 - i)) & (1 << 64) - 1:016x},")
print("};\n\n#endif")
