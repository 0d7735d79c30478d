#!/usr/bin/env python3
"""Writes test scripts for every numeric, vector and memory instruction.

Usage: instructions.py OUT-DIRECTORY.  Results come from the model below, which is written from the specification's definitions and shares
nothing with the loader.  Each case is tried three ways: operands as parameters, the last one as a constant, all as constants, since a
translator treats these differently.  Each instruction is also shown to be refused with operands missing or of the wrong type.
"""
import math
import os
import struct
import sys

# ---- numbers: integers stand for bit patterns ----

WIDTH = {'i32': 32, 'i64': 64, 'f32': 32, 'f64': 64}


def mask(n):
    return (1 << n) - 1


def signed(x, n):
    return x - (1 << n) if x >> (n - 1) else x


class Trap(Exception):
    pass


def to_float(bits, n):
    return struct.unpack('<f' if n == 32 else '<d', bits.to_bytes(n // 8, 'little'))[0]


def is_nan(bits, n):
    exponent, fraction = (0x7f800000, 0x7fffff) if n == 32 else (0x7ff << 52, mask(52))
    return bits & exponent == exponent and bits & fraction != 0


def from_float(value, n):
    """The nearest float of n bits; value is a Python float that is exact or rounds once more without harm (32 from 64 bits)."""
    if n == 64:
        return struct.unpack('<Q', struct.pack('<d', value))[0]
    try:
        return struct.unpack('<I', struct.pack('<f', value))[0]
    except OverflowError:
        return 0xff800000 if value < 0 else 0x7f800000


def from_integer(value, n):
    """An integer rounded to the nearest float of n bits, ties to even: once, from all its bits."""
    fraction = 24 if n == 32 else 53
    size = abs(value).bit_length()
    if size > fraction:
        shift = size - fraction
        low, half = abs(value) & mask(shift), 1 << (shift - 1)
        kept = abs(value) >> shift
        kept += low > half or (low == half and kept & 1)
        value = (kept << shift) * (1 if value > 0 else -1)
    return from_float(float(value), n)


def canonical(n):
    return 0x7fc00000 if n == 32 else 0x7ff8 << 48


def nan_of(operands, n):
    """What a NaN result may be: the canonical one if no operand is another NaN."""
    odd = any(is_nan(x, n) and x & mask(n - 1) != canonical(n) for x in operands)
    return 'nan:arithmetic' if odd else 'nan:canonical'


# ---- integer instructions ----

def divide(a, b):
    q = abs(a) // abs(b)
    return q if (a < 0) == (b < 0) else -q


def int_div_s(a, b, n):
    if b == 0:
        raise Trap('integer divide by zero')
    q = divide(signed(a, n), signed(b, n))
    if q == 1 << (n - 1):
        raise Trap('integer overflow')
    return q & mask(n)


def int_div_u(a, b, n):
    if b == 0:
        raise Trap('integer divide by zero')
    return a // b


def int_rem_s(a, b, n):
    if b == 0:
        raise Trap('integer divide by zero')
    x, y = signed(a, n), signed(b, n)
    return (x - divide(x, y) * y) & mask(n)


def int_rem_u(a, b, n):
    if b == 0:
        raise Trap('integer divide by zero')
    return a % b


INT_BINARY = {
    'add': lambda a, b, n: (a + b) & mask(n), 'sub': lambda a, b, n: (a - b) & mask(n),
    'mul': lambda a, b, n: (a * b) & mask(n), 'div_s': int_div_s, 'div_u': int_div_u, 'rem_s': int_rem_s, 'rem_u': int_rem_u,
    'and': lambda a, b, n: a & b, 'or': lambda a, b, n: a | b, 'xor': lambda a, b, n: a ^ b,
    'shl': lambda a, b, n: (a << (b % n)) & mask(n), 'shr_s': lambda a, b, n: (signed(a, n) >> (b % n)) & mask(n),
    'shr_u': lambda a, b, n: a >> (b % n), 'rotl': lambda a, b, n: (a << (b % n) | a >> (n - b % n)) & mask(n),
    'rotr': lambda a, b, n: (a >> (b % n) | a << (n - b % n)) & mask(n),
}
INT_COMPARE = {
    'eq': lambda a, b, n: a == b, 'ne': lambda a, b, n: a != b,
    'lt_s': lambda a, b, n: signed(a, n) < signed(b, n), 'lt_u': lambda a, b, n: a < b,
    'gt_s': lambda a, b, n: signed(a, n) > signed(b, n), 'gt_u': lambda a, b, n: a > b,
    'le_s': lambda a, b, n: signed(a, n) <= signed(b, n), 'le_u': lambda a, b, n: a <= b,
    'ge_s': lambda a, b, n: signed(a, n) >= signed(b, n), 'ge_u': lambda a, b, n: a >= b,
}
INT_UNARY = {
    'clz': lambda a, n: n - a.bit_length(), 'ctz': lambda a, n: n if a == 0 else (a & -a).bit_length() - 1,
    'popcnt': lambda a, n: bin(a).count('1'),
    'extend8_s': lambda a, n: signed(a & 0xff, 8) & mask(n), 'extend16_s': lambda a, n: signed(a & 0xffff, 16) & mask(n),
    'extend32_s': lambda a, n: signed(a & mask(32), 32) & mask(n),
}

# ---- float instructions ----


def float_min_max(a, b, n, larger):
    if is_nan(a, n) or is_nan(b, n):
        return nan_of([a, b], n)
    x, y = to_float(a, n), to_float(b, n)
    if x == y:
        return (a & b) if larger else (a | b)
    return a if (x > y) == larger else b


def float_arithmetic(f):
    def g(a, b, n):
        if is_nan(a, n) or is_nan(b, n):
            return nan_of([a, b], n)
        try:
            value = f(to_float(a, n), to_float(b, n))
        except OverflowError:
            value = math.inf
        return nan_of([a, b], n) if math.isnan(value) else from_float(value, n)
    return g


def divide_float(x, y):
    if y != 0:
        return x / y
    if x == 0 or math.isnan(x):
        return math.nan
    return math.copysign(math.inf, math.copysign(1, x) * math.copysign(1, y))


def times(x, y):
    return x * y


FLOAT_BINARY = {
    'add': float_arithmetic(lambda x, y: x + y), 'sub': float_arithmetic(lambda x, y: x - y),
    'mul': float_arithmetic(times), 'div': float_arithmetic(divide_float),
    'min': lambda a, b, n: float_min_max(a, b, n, False), 'max': lambda a, b, n: float_min_max(a, b, n, True),
    'copysign': lambda a, b, n: (a & mask(n - 1)) | (b & ~mask(n - 1)),
}


def float_rounding(f):
    def g(a, n):
        if is_nan(a, n):
            return nan_of([a], n)
        x = to_float(a, n)
        if math.isinf(x) or x == 0 or abs(x) >= 2 ** 53:
            return a
        return from_float(math.copysign(float(f(x)), x), n)
    return g


def float_sqrt(a, n):
    if is_nan(a, n):
        return nan_of([a], n)
    x = to_float(a, n)
    return 'nan:canonical' if x < 0 else from_float(math.sqrt(x), n)


FLOAT_UNARY = {
    'abs': lambda a, n: a & mask(n - 1), 'neg': lambda a, n: a ^ (1 << (n - 1)),
    'ceil': float_rounding(math.ceil), 'floor': float_rounding(math.floor), 'trunc': float_rounding(math.trunc),
    'nearest': float_rounding(round), 'sqrt': float_sqrt,
}
FLOAT_COMPARE = {
    'eq': lambda x, y: x == y, 'ne': lambda x, y: x != y, 'lt': lambda x, y: x < y, 'gt': lambda x, y: x > y,
    'le': lambda x, y: x <= y, 'ge': lambda x, y: x >= y,
}


def truncate(a, n, m, is_signed, saturate):
    low, high = (-(1 << (m - 1)), mask(m - 1)) if is_signed else (0, mask(m))
    if is_nan(a, n):
        if saturate:
            return 0
        raise Trap('invalid conversion to integer')
    x = to_float(a, n)
    value = (high + 1 if x > 0 else low - 1) if math.isinf(x) else math.trunc(x)
    if not low <= value <= high:
        if not saturate:
            raise Trap('integer overflow')
        value = low if value < low else high
    return value & mask(m)


def demote(a):
    return nan_of([a], 64) if is_nan(a, 64) else from_float(to_float(a, 64), 32)


def promote(a):
    return nan_of([a], 32) if is_nan(a, 32) else from_float(to_float(a, 32), 64)


# ---- operands worth trying ----

INTEGERS = {n: [0, 1, 2, 3, 7, mask(n), mask(n) - 1, 1 << (n - 1), mask(n - 1), (1 << (n - 1)) + 1, 0x12345678, 0x80 | 0xffff00,
                n - 1, n, n + 1, int('123456789abcdef0', 16) & mask(n), int('fedcba9876543210', 16) & mask(n)] for n in (32, 64)}
FLOATS = {
    32: [0, 1 << 31, from_float(1.0, 32), from_float(-1.0, 32), from_float(0.5, 32), from_float(-1.5, 32), from_float(2.5, 32),
         from_float(3.7, 32), from_float(-123456.75, 32), 1, 0x007fffff, 0x7f7fffff, 0xff7fffff, 0x7f800000, 0xff800000, 0x7fc00000,
         0x7fa00001, from_float(2147483647.0, 32), from_float(4294967040.0, 32), from_float(-9.3e18, 32)],
    64: [0, 1 << 63, from_float(1.0, 64), from_float(-1.0, 64), from_float(0.5, 64), from_float(-1.5, 64), from_float(2.5, 64),
         from_float(3.7, 64), from_float(-123456.75, 64), 1, mask(52), 0x7fefffffffffffff, 0x7ff << 52, 0xfff << 52, 0x7ff8 << 48,
         0x7ff4000000000001, from_float(2147483647.9, 64), from_float(-2147483648.9, 64), from_float(4294967295.9, 64),
         from_float(9223372036854774784.0, 64), from_float(1.8446744073709552e19, 64), from_float(-0.9, 64)],
}


def operands(t):
    n = WIDTH[t]
    return INTEGERS[n] if t[0] == 'i' else FLOATS[n]


def pairs(t, count):
    """A bounded number of pairs, the edges against each other first."""
    values = operands(t)
    every = [(a, b) for a in values for b in values]
    step = max(1, len(every) // count)
    return every[::step] + [(a, a) for a in values[:6]]


# ---- text ----

def float_text(bits, n):
    if isinstance(bits, str):
        return bits
    sign = '-' if bits >> (n - 1) else ''
    if is_nan(bits, n):
        return sign + 'nan:0x%x' % (bits & (mask(23) if n == 32 else mask(52)))
    x = abs(to_float(bits, n))
    return sign + ('inf' if math.isinf(x) else x.hex())


def const(t, value):
    if t == 'v128':
        return vector_const(value)
    return '(%s.const %s)' % (t, float_text(value, WIDTH[t]) if t[0] == 'f' else '0x%x' % value)


def vector_const(value):
    """value: (shape, lanes)"""
    shape, lanes = value
    n = SHAPES[shape][1]
    texts = [float_text(x, n) if shape[0] == 'f' else '0x%x' % x for x in lanes]
    return '(v128.const %s %s)' % (shape, ' '.join(texts))


class Script:
    def __init__(self):
        self.functions, self.asserts, self.rest = [], [], []

    def add(self, name, params, result, cases, immediate='', body=None):
        """cases: (operands, result); a result may be a Trap."""
        instruction = name + (' ' + immediate if immediate else '')
        export = '%s %d' % (instruction, len(self.functions))
        gets = ' '.join('(local.get %d)' % i for i in range(len(params)))
        self.function(export, params, result, '(%s %s)' % (instruction, gets))
        for number, (arguments, wanted) in enumerate(cases):
            constants = [const(t, v) for t, v in zip(params, arguments)]
            self.expect(export, constants, result, wanted)
            if len(params) > 1:
                self.function('%s r%d' % (export, number), params[:-1], result,
                              '(%s %s %s)' % (instruction, ' '.join('(local.get %d)' % i for i in range(len(params) - 1)), constants[-1]))
                self.expect('%s r%d' % (export, number), constants[:-1], result, wanted)
            self.function('%s c%d' % (export, number), [], result, '(%s %s)' % (instruction, ' '.join(constants)))
            self.expect('%s c%d' % (export, number), [], result, wanted)
        self.refuse(instruction, params, result)

    def function(self, export, params, result, body):
        self.functions.append('  (func (export "%s") (param %s) %s %s)' % (
            export, ' '.join(params), '(result %s)' % result if result else '', body))

    def expect(self, export, arguments, result, wanted):
        call = '(invoke "%s" %s)' % (export, ' '.join(arguments))
        if isinstance(wanted, Trap):
            self.asserts.append('(assert_trap %s "%s")' % (call, wanted))
        else:
            self.asserts.append('(assert_return %s %s)' % (call, const(result, wanted)))

    def refuse(self, instruction, params, result, declarations=''):
        """Operands missing, of another type, and a result of another type."""
        sample = {'i32': '(i32.const 0)', 'i64': '(i64.const 0)', 'f32': '(f32.const 0)', 'f64': '(f64.const 0)',
                  'v128': '(v128.const i32x4 0 0 0 0)'}
        leave = '(drop)' if result else ''
        for i in range(len(params)):
            given = [sample[p] for p in params]
            self.invalid('%s (func %s %s %s)' % (declarations, ' '.join(given[:i] + given[i + 1:]), instruction, leave))
            given[i] = sample['f32' if params[i] != 'f32' else 'i64']
            self.invalid('%s (func %s %s %s)' % (declarations, ' '.join(given), instruction, leave))
        if result:
            other = 'i64' if result != 'i64' else 'i32'
            self.invalid('%s (func (result %s) %s %s)' % (declarations, other, ' '.join(sample[p] for p in params), instruction))

    def invalid(self, module, text='type mismatch'):
        self.rest.append('(assert_invalid (module %s) "%s")' % (module, text))

    def write(self, path, declarations=''):
        with open(path, 'w') as f:
            f.write('(module\n%s%s\n)\n' % (declarations, '\n'.join(self.functions)))
            f.write('\n'.join(self.asserts + self.rest) + '\n')


def outcome(f, *arguments):
    try:
        return f(*arguments)
    except Trap as t:
        return t


# ---- scalar scripts ----

def scalar_integers(s):
    for t in ('i32', 'i64'):
        n = WIDTH[t]
        for name, f in INT_BINARY.items():
            s.add('%s.%s' % (t, name), [t, t], t, [((a, b), outcome(f, a, b, n)) for a, b in pairs(t, 24)])
        for name, f in INT_COMPARE.items():
            s.add('%s.%s' % (t, name), [t, t], 'i32', [((a, b), int(f(a, b, n))) for a, b in pairs(t, 16)])
        for name, f in INT_UNARY.items():
            if t == 'i32' and name == 'extend32_s':
                continue
            s.add('%s.%s' % (t, name), [t], t, [((a,), f(a, n)) for a in operands(t)])
        s.add('%s.eqz' % t, [t], 'i32', [((a,), int(a == 0)) for a in operands(t)])


def scalar_floats(s):
    for t in ('f32', 'f64'):
        n = WIDTH[t]
        for name, f in FLOAT_BINARY.items():
            s.add('%s.%s' % (t, name), [t, t], t, [((a, b), f(a, b, n)) for a, b in pairs(t, 60)])
        for name, f in FLOAT_COMPARE.items():
            s.add('%s.%s' % (t, name), [t, t], 'i32',
                  [((a, b), int(f(to_float(a, n), to_float(b, n)))) for a, b in pairs(t, 40)])
        for name, f in FLOAT_UNARY.items():
            s.add('%s.%s' % (t, name), [t], t, [((a,), f(a, n)) for a in operands(t)])


def conversions(s):
    s.add('i32.wrap_i64', ['i64'], 'i32', [((a,), a & mask(32)) for a in operands('i64')])
    s.add('i64.extend_i32_s', ['i32'], 'i64', [((a,), signed(a, 32) & mask(64)) for a in operands('i32')])
    s.add('i64.extend_i32_u', ['i32'], 'i64', [((a,), a) for a in operands('i32')])
    for to in ('i32', 'i64'):
        for t in ('f32', 'f64'):
            for sign in 'su':
                for kind in ('trunc', 'trunc_sat'):
                    s.add('%s.%s_%s_%s' % (to, kind, t, sign), [t], to,
                          [((a,), outcome(truncate, a, WIDTH[t], WIDTH[to], sign == 's', kind == 'trunc_sat')) for a in operands(t)])
                s.add('%s.convert_%s_%s' % (t, to, sign), [to], t,
                      [((a,), from_integer(signed(a, WIDTH[to]) if sign == 's' else a, WIDTH[t])) for a in operands(to)])
    s.add('f32.demote_f64', ['f64'], 'f32', [((a,), demote(a)) for a in operands('f64')])
    s.add('f64.promote_f32', ['f32'], 'f64', [((a,), promote(a)) for a in operands('f32')])
    for a, b in (('i32', 'f32'), ('i64', 'f64')):
        s.add('%s.reinterpret_%s' % (a, b), [b], a, [((x,), x) for x in operands(b)])
        s.add('%s.reinterpret_%s' % (b, a), [a], b, [((x,), x) for x in operands(b)])


# ---- vectors ----

SHAPES = {'i8x16': (16, 8), 'i16x8': (8, 16), 'i32x4': (4, 32), 'i64x2': (2, 64), 'f32x4': (4, 32), 'f64x2': (2, 64)}


def lane_values(shape):
    n = SHAPES[shape][1]
    if shape[0] == 'f':
        return FLOATS[n]
    return [0, 1, 2, mask(n), mask(n) - 1, 1 << (n - 1), mask(n - 1), (1 << (n - 1)) + 1, 0x55 % (mask(n) + 1), 0x7e & mask(n),
            int('123456789abcdef0', 16) & mask(n), n - 1]


def vectors(shape, count):
    """Vectors whose lanes run through the edge values, each time shifted."""
    lanes, values = SHAPES[shape][0], lane_values(shape)
    return [(shape, [values[(i * (k + 1) + k * 5) % len(values)] for i in range(lanes)]) for k in range(count)]


def bytes_of(v):
    n = SHAPES[v[0]][1]
    return b''.join(x.to_bytes(n // 8, 'little') for x in v[1])


def of_bytes(shape, data):
    size = SHAPES[shape][1] // 8
    return (shape, [int.from_bytes(data[i:i + size], 'little') for i in range(0, 16, size)])


def clamp(x, low, high):
    return max(low, min(high, x))


def saturate_s(x, n):
    return clamp(x, -(1 << (n - 1)), mask(n - 1)) & mask(n)


def saturate_u(x, n):
    return clamp(x, 0, mask(n))


def lanewise2(s, shape, name, f, result=None, count=6):
    n = SHAPES[shape][1]
    cases = []
    for a in vectors(shape, count):
        for b in vectors(shape, count + 1)[1:4]:
            cases.append(((a, b), (result or shape, [f(x, y, n) for x, y in zip(a[1], b[1])])))
    s.add('%s.%s' % (shape, name), ['v128', 'v128'], 'v128', cases)


def lanewise1(s, shape, name, f, count=8):
    n = SHAPES[shape][1]
    s.add('%s.%s' % (shape, name), ['v128'], 'v128',
          [((a,), (shape, [f(x, n) for x in a[1]])) for a in vectors(shape, count)])


def integer_shape(shape):
    return shape.replace('f', 'i')


def vector_integers(s):
    sign = lambda f: lambda a, b, n: f(signed(a, n), signed(b, n)) & mask(n)
    for shape in ('i8x16', 'i16x8', 'i32x4', 'i64x2'):
        n = SHAPES[shape][1]
        for name, f in INT_COMPARE.items():
            if shape != 'i64x2' or not name.endswith('_u'):
                lanewise2(s, shape, name, lambda a, b, w, f=f: mask(w) if f(a, b, w) else 0)
        lanewise2(s, shape, 'add', INT_BINARY['add'])
        lanewise2(s, shape, 'sub', INT_BINARY['sub'])
        if shape != 'i8x16':
            lanewise2(s, shape, 'mul', INT_BINARY['mul'])
        if n <= 16:
            lanewise2(s, shape, 'add_sat_s', lambda a, b, w: saturate_s(signed(a, w) + signed(b, w), w))
            lanewise2(s, shape, 'add_sat_u', lambda a, b, w: saturate_u(a + b, w))
            lanewise2(s, shape, 'sub_sat_s', lambda a, b, w: saturate_s(signed(a, w) - signed(b, w), w))
            lanewise2(s, shape, 'sub_sat_u', lambda a, b, w: saturate_u(a - b, w))
            lanewise2(s, shape, 'avgr_u', lambda a, b, w: (a + b + 1) >> 1)
        if n <= 32:
            lanewise2(s, shape, 'min_s', sign(min))
            lanewise2(s, shape, 'max_s', sign(max))
            lanewise2(s, shape, 'min_u', lambda a, b, w: min(a, b))
            lanewise2(s, shape, 'max_u', lambda a, b, w: max(a, b))
        lanewise1(s, shape, 'abs', lambda a, w: abs(signed(a, w)) & mask(w))
        lanewise1(s, shape, 'neg', lambda a, w: -a & mask(w))
        for name in ('shl', 'shr_s', 'shr_u'):
            cases = [((a, k), (shape, [INT_BINARY[name](x, k, n) for x in a[1]]))
                     for a in vectors(shape, 3) for k in (0, 1, 3, n - 1, n, n + 3, 0xffffffff)]
            s.add('%s.%s' % (shape, name), ['v128', 'i32'], 'v128', cases)
        every = vectors(shape, 6) + [(shape, [0] * SHAPES[shape][0]), (shape, [1] * SHAPES[shape][0])]
        s.add('%s.all_true' % shape, ['v128'], 'i32', [((a,), int(all(a[1]))) for a in every])
        s.add('%s.bitmask' % shape, ['v128'], 'i32', [((a,), sum((x >> (n - 1)) << i for i, x in enumerate(a[1]))) for a in every])
    lanewise1(s, 'i8x16', 'popcnt', INT_UNARY['popcnt'])
    lanewise2(s, 'i16x8', 'q15mulr_sat_s', lambda a, b, w: saturate_s((signed(a, w) * signed(b, w) + 0x4000) >> 15, w))


def vector_floats(s):
    for shape in ('f32x4', 'f64x2'):
        for name in ('add', 'sub', 'mul', 'div', 'min', 'max'):
            lanewise2(s, shape, name, FLOAT_BINARY[name], count=10)
        lanewise2(s, shape, 'pmin', lambda a, b, n: b if to_float(b, n) < to_float(a, n) else a, count=10)
        lanewise2(s, shape, 'pmax', lambda a, b, n: b if to_float(a, n) < to_float(b, n) else a, count=10)
        for name, f in FLOAT_COMPARE.items():
            lanewise2(s, shape, name, lambda a, b, n, f=f: mask(n) if f(to_float(a, n), to_float(b, n)) else 0,
                      integer_shape(shape), count=10)
        for name, f in FLOAT_UNARY.items():
            lanewise1(s, shape, name, f, count=12)


def vector_bits(s):
    def both(f):
        return lambda a, b: of_bytes('i32x4', bytes(f(x, y) for x, y in zip(bytes_of(a), bytes_of(b))))
    samples = vectors('i32x4', 4)
    for name, f in (('and', lambda x, y: x & y), ('or', lambda x, y: x | y), ('xor', lambda x, y: x ^ y),
                    ('andnot', lambda x, y: x & ~y & 0xff)):
        s.add('v128.' + name, ['v128', 'v128'], 'v128', [((a, b), both(f)(a, b)) for a in samples for b in samples])
    s.add('v128.not', ['v128'], 'v128', [((a,), ('i32x4', [x ^ mask(32) for x in a[1]])) for a in samples])
    s.add('v128.bitselect', ['v128'] * 3, 'v128',
          [((a, b, c), ('i32x4', [(x & z) | (y & ~z & mask(32)) for x, y, z in zip(a[1], b[1], c[1])]))
           for a in samples[:2] for b in samples[2:] for c in samples])
    s.add('v128.any_true', ['v128'], 'i32', [((a,), int(any(a[1]))) for a in samples + [('i32x4', [0] * 4), ('i32x4', [0, 0, 0, 1 << 31])]])
    picks = [('i8x16', [(i * k + k) % 32 if k < 5 else 255 - i for i in range(16)]) for k in range(6)]
    data = ('i8x16', list(range(100, 116)))
    s.add('i8x16.swizzle', ['v128', 'v128'], 'v128',
          [((data, p), ('i8x16', [data[1][x] if x < 16 else 0 for x in p[1]])) for p in picks])
    other = ('i8x16', list(range(200, 216)))
    for k in range(5):
        lanes = [(i * (2 * k + 1) + 7 * k) % 32 for i in range(16)]
        s.add('i8x16.shuffle', ['v128', 'v128'], 'v128', [((data, other), ('i8x16', [(data[1] + other[1])[x] for x in lanes]))],
              immediate=' '.join(map(str, lanes)))
    for lanes in ([0] * 15 + [32], [255] + [0] * 15):
        s.invalid('(func (param v128) (result v128) (i8x16.shuffle %s (local.get 0) (local.get 0)))' % ' '.join(map(str, lanes)),
                  'invalid lane index')


def vector_lanes(s):
    scalar = {'i8x16': 'i32', 'i16x8': 'i32', 'i32x4': 'i32', 'i64x2': 'i64', 'f32x4': 'f32', 'f64x2': 'f64'}
    for shape, (count, n) in SHAPES.items():
        t, samples = scalar[shape], vectors(shape, 3)
        values = operands(t)[:8] if shape[0] == 'i' else [v for v in operands(t) if not is_nan(v, n)][:8]
        s.add(shape + '.splat', [t], 'v128', [((a,), (shape, [a & mask(n)] * count)) for a in values])
        for lane in (0, 1, count - 1):
            if n < 32:
                s.add(shape + '.extract_lane_s', ['v128'], t, [((a,), signed(a[1][lane], n) & mask(32)) for a in samples], str(lane))
                s.add(shape + '.extract_lane_u', ['v128'], t, [((a,), a[1][lane]) for a in samples], str(lane))
            else:
                s.add(shape + '.extract_lane', ['v128'], t, [((a,), a[1][lane]) for a in samples], str(lane))
            s.add(shape + '.replace_lane', ['v128', t], 'v128',
                  [((a, x), (shape, a[1][:lane] + [x & mask(n)] + a[1][lane + 1:])) for a in samples for x in values[:3]], str(lane))
        extract = 'extract_lane_u' if n < 32 else 'extract_lane'
        for lane in (count, 255):
            s.invalid('(func (param v128) (drop (%s.%s %d (local.get 0))))' % (shape, extract, lane), 'invalid lane index')
            s.invalid('(func (param v128 %s) (drop (%s.replace_lane %d (local.get 0) (local.get 1))))' % (t, shape, lane),
                      'invalid lane index')


def vector_widths(s):
    for narrow, wide in (('i8x16', 'i16x8'), ('i16x8', 'i32x4'), ('i32x4', 'i64x2')):
        n, w = SHAPES[narrow][1], SHAPES[wide][1]
        half = SHAPES[wide][0]
        for part, begin in (('low', 0), ('high', half)):
            for sign, f in (('s', lambda x: signed(x, n)), ('u', lambda x: x)):
                s.add('%s.extend_%s_%s_%s' % (wide, part, narrow, sign), ['v128'], 'v128',
                      [((a,), (wide, [f(x) & mask(w) for x in a[1][begin:begin + half]])) for a in vectors(narrow, 4)])
                s.add('%s.extmul_%s_%s_%s' % (wide, part, narrow, sign), ['v128', 'v128'], 'v128',
                      [((a, b), (wide, [(f(x) * f(y)) & mask(w) for x, y in zip(a[1][begin:begin + half], b[1][begin:begin + half])]))
                       for a in vectors(narrow, 4) for b in vectors(narrow, 3)])
                if w <= 32 and part == 'low':
                    s.add('%s.extadd_pairwise_%s_%s' % (wide, narrow, sign), ['v128'], 'v128',
                          [((a,), (wide, [(f(a[1][2 * i]) + f(a[1][2 * i + 1])) & mask(w) for i in range(half)])) for a in vectors(narrow, 6)])
        if w <= 32:
            for sign, f in (('s', saturate_s), ('u', saturate_u)):
                s.add('%s.narrow_%s_%s' % (narrow, wide, sign), ['v128', 'v128'], 'v128',
                      [((a, b), (narrow, [f(signed(x, w), n) for x in a[1] + b[1]])) for a in vectors(wide, 4) for b in vectors(wide, 3)])
    s.add('i32x4.dot_i16x8_s', ['v128', 'v128'], 'v128',
          [((a, b), ('i32x4', [sum(signed(a[1][2 * i + k], 16) * signed(b[1][2 * i + k], 16) for k in (0, 1)) & mask(32) for i in range(4)]))
           for a in vectors('i16x8', 5) for b in vectors('i16x8', 4)])


def vector_conversions(s):
    for sign in 'su':
        is_signed = sign == 's'
        s.add('i32x4.trunc_sat_f32x4_' + sign, ['v128'], 'v128',
              [((a,), ('i32x4', [truncate(x, 32, 32, is_signed, True) for x in a[1]])) for a in vectors('f32x4', 14)])
        s.add('i32x4.trunc_sat_f64x2_%s_zero' % sign, ['v128'], 'v128',
              [((a,), ('i32x4', [truncate(x, 64, 32, is_signed, True) for x in a[1]] + [0, 0])) for a in vectors('f64x2', 22)])
        number = (lambda x: signed(x, 32)) if is_signed else (lambda x: x)
        s.add('f32x4.convert_i32x4_' + sign, ['v128'], 'v128',
              [((a,), ('f32x4', [from_integer(number(x), 32) for x in a[1]])) for a in vectors('i32x4', 8)])
        s.add('f64x2.convert_low_i32x4_' + sign, ['v128'], 'v128',
              [((a,), ('f64x2', [from_integer(number(x), 64) for x in a[1][:2]])) for a in vectors('i32x4', 8)])
    s.add('f32x4.demote_f64x2_zero', ['v128'], 'v128', [((a,), ('f32x4', [demote(x) for x in a[1]] + [0, 0])) for a in vectors('f64x2', 22)])
    s.add('f64x2.promote_low_f32x4', ['v128'], 'v128', [((a,), ('f64x2', [promote(x) for x in a[1][:2]])) for a in vectors('f32x4', 14)])


# ---- memory ----

DATA = bytes((i * 37 + 129) & 0xff for i in range(64))
PAGE = 65536


def memory_scripts(s, index):
    """index: the type of addresses.  Loads read DATA, which lies at 8; the last page ends at PAGE."""
    declare = '(memory %s 1)' % ('i64' if index == 'i64' else '')
    narrow = {'i32': [('8', 8), ('16', 16)], 'i64': [('8', 8), ('16', 16), ('32', 32)]}
    loads = [('%s.load' % t, t, WIDTH[t], '') for t in WIDTH]
    loads += [('%s.load%s_%s' % (t, text, sign), t, bits, sign) for t in narrow for text, bits in narrow[t] for sign in 'su']
    for name, t, bits, sign in loads:
        size = bits // 8
        for offset in (0, 1, 5):
            def value(address):
                at = address + offset
                if at + size > PAGE:
                    return Trap('out of bounds memory access')
                raw = int.from_bytes(bytes(DATA[at + i - 8] if 8 <= at + i < 72 else 0 for i in range(size)), 'little')
                return (signed(raw, bits) if sign == 's' else raw) & mask(WIDTH[t])
            cases = [((a,), value(a)) for a in (0, 8, 9, 15, 33, PAGE - size - offset, PAGE - size - offset + 1, PAGE, mask(32) - 2, mask(32))]
            loader(s, '%s offset=%d' % (name, offset), index, t, cases)
        s.refuse(name, [index], t, declare)
        s.invalid('%s (func (drop (%s align=%d (%s.const 0))))' % (declare, name, size * 2, index), 'alignment must not be larger than natural')
        s.invalid('(func (drop (%s (i32.const 0))))' % name, 'unknown memory 0')


def loader(s, instruction, index, t, cases):
    """Results of floats that are NaN may not be compared as such: they are loaded bits, which are exact."""
    s.function(instruction, [index], t, '(%s (local.get 0))' % instruction)
    for number, (arguments, wanted) in enumerate(cases):
        constant = const(index, arguments[0])
        s.expect(instruction, [constant], t, wanted)
        s.function('%s c%d' % (instruction, number), [], t, '(%s %s)' % (instruction, constant))
        s.expect('%s c%d' % (instruction, number), [], t, wanted)


def store_scripts(s, index):
    stores = [('%s.store' % t, t, WIDTH[t]) for t in WIDTH]
    stores += [('i32.store8', 'i32', 8), ('i32.store16', 'i32', 16), ('i64.store8', 'i64', 8), ('i64.store16', 'i64', 16), ('i64.store32', 'i64', 32)]
    declare = '(memory %s 1)' % ('i64' if index == 'i64' else '')
    s.function('around', [index], 'i64', '(i64.load (local.get 0))')
    for name, t, bits in stores:
        size = bits // 8
        for offset in (0, 3):
            export = '%s offset=%d' % (name, offset)
            s.function(export, [index, t], '', '(%s (local.get 0) (local.get 1))' % export)
            for number, value in enumerate(operands(t)[:9]):
                at = 1024 + number
                s.asserts.append('(assert_return (invoke "clear"))')
                s.asserts.append('(assert_return (invoke "%s" %s %s))' % (export, const(index, at), const(t, value)))
                stored = (value & mask(bits)) << (8 * 2)
                s.expect('around', [const(index, at + offset - 2)], 'i64', stored & mask(64))
            for at in (PAGE - size - offset, PAGE - size - offset + 1, mask(32)):
                call = '(invoke "%s" %s %s)' % (export, const(index, at), const(t, 0))
                fits = at + offset + size <= PAGE
                s.asserts.append('(assert_return %s)' % call if fits else '(assert_trap %s "out of bounds memory access")' % call)
        s.refuse(name, [index, t], '', declare)
        s.invalid('%s (func (%s align=%d (%s.const 0) (%s.const 0)))' % (declare, name, size * 2, index, t),
                  'alignment must not be larger than natural')
    s.functions.append('  (func (export "clear") (memory.fill (%s.const 1000) (i32.const 0) (%s.const 200)))' % (index, index))


def vector_memory(s):
    index, declare = 'i32', '(memory 1)'
    at = lambda a, size: bytes(DATA[a + i - 8] if 8 <= a + i < 72 else 0 for i in range(size))
    trap = Trap('out of bounds memory access')

    def case(name, size, f):
        for offset in (0, 7):
            cases = [((a,), f(at(a + offset, size)) if a + offset + size <= PAGE else trap)
                     for a in (0, 8, 21, PAGE - size - offset, PAGE - size - offset + 1, mask(32))]
            loader(s, '%s offset=%d' % (name, offset), index, 'v128', cases)
        s.refuse(name, [index], 'v128', declare)
        s.invalid('%s (func (drop (%s align=%d (i32.const 0))))' % (declare, name, size * 2), 'alignment must not be larger than natural')

    case('v128.load', 16, lambda d: of_bytes('i8x16', d))
    for shape, wide in (('8x8', 'i16x8'), ('16x4', 'i32x4'), ('32x2', 'i64x2')):
        n = SHAPES[wide][1] // 2
        for sign in 'su':
            def widen(d, n=n, wide=wide, sign=sign):
                lanes = [int.from_bytes(d[i:i + n // 8], 'little') for i in range(0, 8, n // 8)]
                return (wide, [(signed(x, n) if sign == 's' else x) & mask(2 * n) for x in lanes])
            case('v128.load%s_%s' % (shape, sign), 8, widen)
    for n, shape in ((8, 'i8x16'), (16, 'i16x8'), (32, 'i32x4'), (64, 'i64x2')):
        case('v128.load%d_splat' % n, n // 8, lambda d, shape=shape: (shape, [int.from_bytes(d, 'little')] * SHAPES[shape][0]))
    for n in (32, 64):
        case('v128.load%d_zero' % n, n // 8, lambda d: of_bytes('i8x16', d + bytes(16 - len(d))))
    sample = ('i8x16', list(range(1, 17)))
    for n, shape in ((8, 'i8x16'), (16, 'i16x8'), (32, 'i32x4'), (64, 'i64x2')):
        size, count = n // 8, SHAPES[shape][0]
        for lane in (0, count - 1):
            name = 'v128.load%d_lane offset=1 %d' % (n, lane)
            s.function(name, ['i32', 'v128'], 'v128', '(%s (local.get 0) (local.get 1))' % name)
            for a in (8, 13, PAGE - size - 1, PAGE - size):
                d = bytearray(bytes_of(sample))
                d[lane * size:lane * size + size] = at(a + 1, size)
                s.expect(name, [const('i32', a), const('v128', sample)], 'v128', of_bytes('i8x16', bytes(d)) if a + 1 + size <= PAGE else trap)
            name = 'v128.store%d_lane offset=1 %d' % (n, lane)
            s.function(name, ['i32', 'v128'], 'i64', '(%s (local.get 0) (local.get 1)) (i64.load offset=1 (i32.const 2000))' % name)
            value = int.from_bytes(bytes_of(sample)[lane * size:lane * size + size], 'little')
            s.asserts.append('(assert_return (invoke "clear vector"))')
            s.expect(name, [const('i32', 2000), const('v128', sample)], 'i64', value)
            s.expect(name, [const('i32', PAGE - size), const('v128', sample)], 'i64', trap)
        for name in ('v128.load%d_lane' % n, 'v128.store%d_lane' % n):
            leave = 'drop' if 'load' in name else 'nop'
            body = '(func (param v128) (%s %s (i32.const 0) (local.get 0)) %s)'
            s.invalid(declare + body % (name, count, leave), 'invalid lane index')
            s.invalid(declare + body % (name, 'align=%d 0' % (size * 2), leave), 'alignment must not be larger than natural')
            s.refuse(name + ' 0', ['i32', 'v128'], 'v128' if 'load' in name else '', declare)
    s.functions.append('  (func (export "clear vector") (memory.fill (i32.const 2000) (i32.const 0) (i32.const 64)))')
    s.function('v128.store', ['i32', 'v128'], 'v128', '(v128.store offset=3 (local.get 0) (local.get 1)) (v128.load offset=3 (local.get 0))')
    s.expect('v128.store', [const('i32', 2000), const('v128', sample)], 'v128', sample)
    s.expect('v128.store', [const('i32', PAGE - 18), const('v128', sample)], 'v128', trap)
    s.refuse('v128.store', ['i32', 'v128'], '', declare)


def main():
    out = sys.argv[1]
    os.makedirs(out, exist_ok=True)
    data = lambda index: '  (memory %s 1 1)\n  (data (%s.const 8) "%s")\n' % (
        'i64' if index == 'i64' else '', index, ''.join('\\%02x' % b for b in DATA))
    for name, parts, declarations in (
            ('integers', [scalar_integers], ''), ('floats', [scalar_floats], ''), ('conversions', [conversions], ''),
            ('vector_integers', [vector_integers], ''), ('vector_floats', [vector_floats], ''),
            ('vector_lanes', [vector_bits, vector_lanes], ''), ('vector_widths', [vector_widths, vector_conversions], ''),
            ('memory', [lambda s: memory_scripts(s, 'i32'), lambda s: store_scripts(s, 'i32')], data('i32')),
            ('memory64', [lambda s: memory_scripts(s, 'i64'), lambda s: store_scripts(s, 'i64')], data('i64')),
            ('vector_memory', [vector_memory], data('i32'))):
        script = Script()
        for part in parts:
            part(script)
        script.write(os.path.join(out, name + '.wast'), declarations)


main()
